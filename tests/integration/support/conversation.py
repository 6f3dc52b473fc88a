"""Made-up conversations of two friends: plain statements, corrections, repeats and chatter, the same for a seed."""

import random

from support import wire

TOWNS = ["Ghent", "Turku", "Split", "Cork", "Malaga", "Riga", "Bern", "Bilbao"]
TRADES = ["carpenter", "pharmacist", "translator", "gardener", "electrician", "librarian"]
PASTIMES = ["judo", "calligraphy", "rowing", "beekeeping", "ceramics", "badminton", "quilting"]
DISHES = ["ramen", "falafel", "paella", "dumplings", "lentil soup"]
NOTHING = [
    "Morning! How are things?",
    "Thanks a lot, talk soon.",
    "Ha, that made me laugh.",
    "It has been raining all day here.",
    "Sorry, I was away from my phone.",
    "What are you up to tonight?",
    "Good luck with that!",
]


def statement(rng):
    kind = rng.randrange(6)
    if kind == 0:
        return f"I moved to {rng.choice(TOWNS)} last week."
    if kind == 1:
        return f"I live in {rng.choice(TOWNS)} now."
    if kind == 2:
        return f"I work as a {rng.choice(TRADES)}."
    if kind == 3:
        return f"I love {rng.choice(PASTIMES)}."
    if kind == 4:
        return f"My favourite food is {rng.choice(DISHES)}."
    return f"I gave up {rng.choice(PASTIMES)}."


def conversation(seed, count):
    """`count` episodes (slowwave.v1.Episode) in order of time, with fixed ids."""
    rng = random.Random(seed)
    seconds = 1_704_268_800  # 2024-01-03T08:00:00Z
    episodes = []
    session, turn = 0, 0
    for number in range(count):
        if rng.random() < 0.08:
            session, turn = session + 1, 0
            seconds += 86400 * rng.randrange(1, 6)
        seconds += 60 * rng.randrange(1, 9)
        speaker = ("Ines", "Tomas")[number % 2]
        text = statement(rng) if rng.random() < 0.4 else rng.choice(NOTHING)
        episode = wire.memory.Episode(
            id=f"c{seed}-{number:05d}", text=text, speaker=speaker, session_id=f"s{session}", turn=turn
        )
        episode.occurred_at.seconds = seconds
        episodes.append(episode)
        turn += 1
    return episodes
