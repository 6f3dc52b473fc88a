"""An endpoint's answers as a language model and its host spoil them: a share of the calls, by dice that depend on what
is asked and how often it was, not on timing."""

import collections
import json
import random
import threading

from support.endpoint import Answer

TREES = ["oak", "birch", "rowan", "willow", "larch", "hazel"]
TOWNS = ["Ghent", "Turku", "Split", "Cork", "Malaga", "Riga", "Bern", "Bilbao"]
PEOPLE = ("Ines", "Tomas")


def texts(count):
    """What the two of them say in turn: a number, a tree and a town, no number twice."""
    return [f"I planted {40 + n} {TREES[n % 6]} trees near {TOWNS[n * 5 % 8]}" for n in range(count)]


def truth(memories):
    """One gist for each memory, told of its speaker in the third person."""
    return [
        {
            "gist": memory["text"].replace("I planted", f"{memory['speaker']} planted"),
            "type": "fact",
            "subject": memory["speaker"],
            "predicate": memory["text"],
            "evidence": [{"id": number, "quote": memory["text"]}],
        }
        for number, memory in memories.items()
    ]


def _invented(gist):
    return {**gist, "gist": f"{gist['subject']} sailed the yacht Aurora around Cape Horn"}


def _misquoted(gist):
    quotes = [{"id": citation["id"], "quote": "Nobody ever said this"} for citation in gist["evidence"]]
    return {**gist, "gist": gist["gist"] + " again", "evidence": quotes}


def _misattributed(gist):
    other = PEOPLE[gist["subject"] == PEOPLE[0]]
    return {**gist, "gist": gist["gist"].replace(gist["subject"], other), "subject": other}


def _altered(gist):
    words = gist["gist"].split()
    words[2] = str(int(words[2]) + 1000)
    return {**gist, "gist": " ".join(words)}


# What a model says beside what is true, and the reason for which that is kept apart.
FALSE = {
    "invent": (_invented, "name_not_in_evidence"),
    "misquote": (_misquoted, "quote_not_found"),
    "misattribute": (_misattributed, "not_its_speaker"),
    "alter": (_altered, "number_not_in_evidence"),
}


def _cut(content):
    return content[: len(content) // 2]


# What becomes of a good answer.
SPOILED = {
    "garble": lambda good: Answer(content="Sure! Here is what I found: " + _cut(good)),
    "truncate": lambda good: Answer(content=_cut(good), finish="length"),
    "rate_limit": lambda good: Answer(status=429, content="slow down", headers={"Retry-After": "1"}),
    "fail": lambda good: Answer(status=500, content="oops"),
    "hang": lambda good: Answer(hang=True),
}


class Faults:
    """An `answer` of support.endpoint. Name a kind of FALSE or SPOILED and the share of calls that have it.

    `served`: how many calls of each kind there were. `false`: {text of a false gist: kind}. A memory whose text has
    `refused` in it is refused together with all that are shown with it.
    """

    def __init__(self, seed=1, refused=None, **shares):
        self._seed, self._refused, self._shares = seed, refused, shares
        self._asked = collections.Counter()
        self._lock = threading.Lock()
        self.served = collections.Counter()
        self.false = {}

    def __call__(self, memories, _):
        question = json.dumps(sorted(memory["text"] for memory in memories.values()))
        with self._lock:
            self._asked[question] += 1
            dice = random.Random(f"{self._seed}/{self._asked[question]}/{question}")
            if self._refused and self._refused in question:
                self.served["refuse"] += 1
                return Answer(refusal="I cannot help with that")
            gists = truth(memories)
            kinds = [kind for kind in (*FALSE, *SPOILED) if dice.random() < self._shares.get(kind, 0)]
            self.served.update(kinds)
            for kind in FALSE.keys() & set(kinds):
                gist = FALSE[kind][0](dice.choice(gists[: len(memories)]))
                self.false[gist["gist"]] = kind
                gists.append(gist)
        good = json.dumps({"gists": gists})
        for kind in kinds:
            if kind in SPOILED:
                return SPOILED[kind](good)
        return Answer(content=good)
