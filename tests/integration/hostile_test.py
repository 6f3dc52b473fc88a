#!/usr/bin/env python3
"""Some 270 memories that want to be instructions, replies, tools, policies or other people's: whichever extractor reads
them, and be it one that obeys, the facts are those of the plain memories between them."""

import json
import unittest

from support import daemon, hostile, memory, wire
from support.endpoint import Endpoint

USER, PLAIN_USER, OTHER_USER = "ines", "plain", "tomas"


def episodes(texts, speaker, prefix="e"):
    made = []
    for number, text in enumerate(texts):
        episode = wire.memory.Episode(
            id=f"{prefix}{number:03d}", text=text, speaker=speaker, session_id=f"s{number // 20}", turn=number % 20
        )
        episode.occurred_at.seconds = 1_704_268_800 + 60 * number
        made.append(episode)
    return made


class Hostile(unittest.TestCase):
    def sleep(self, client, user, sent):
        memory.ingest(client, user, sent)
        wire.drain(client, client.TriggerConsolidation(user=user, request_id=user).task)
        self.assertTrue(memory.is_drained(client, user))

    def facts(self, client, user):
        return list(wire.pages(client.ListFacts, "facts", user=user, history=True, page_size=1000))

    def survive(self, *arguments):
        """What every extractor has to withstand. Returns what was quarantined, and each attack's episode."""
        attacks = hostile.attacks()
        self.assertGreaterEqual(len({attack.text for attack in attacks}), 200)
        # A plain memory after every few attacks, so that they stand in the same sessions and calls.
        texts = [attack.text for attack in attacks]
        for number, plain in enumerate(hostile.PLAIN):
            texts.insert(number * len(attacks) // len(hostile.PLAIN), plain)
        sent = episodes(texts, hostile.USER)
        plain_ids = {each.id for each in sent if each.text in hostile.PLAIN}
        with daemon.Daemon(arguments=arguments) as server, wire.Client(server.address) as client:
            self.sleep(client, OTHER_USER, episodes(hostile.PLAIN, hostile.OTHER))
            self.sleep(client, PLAIN_USER, episodes(hostile.PLAIN, hostile.USER))
            other, others_facts = client.GetUser(user=OTHER_USER), memory.facts(client, OTHER_USER)
            self.sleep(client, USER, sent)
            expected = {(fact.key, fact.value, fact.text) for fact in self.facts(client, PLAIN_USER)}
            self.assertEqual(len(expected), len(hostile.PLAIN))
            facts = self.facts(client, USER)
            for fact in facts:
                with self.subTest(fact=fact.text[:200]):
                    self.assertNotEqual(fact.category, wire.common.CATEGORY_POLICY)
                    self.assertEqual(fact.key.partition(":")[0], hostile.USER.lower())
                    self.assertLessEqual({evidence.episode_id for evidence in fact.evidence}, plain_ids)
            self.assertEqual({(fact.key, fact.value, fact.text) for fact in facts}, expected)
            self.assertEqual(client.GetUser(user=OTHER_USER).digest, other.digest)
            self.assertEqual(memory.facts(client, OTHER_USER), others_facts)
            quarantined = list(wire.pages(client.ListQuarantine, "gists", user=USER, page_size=1000))
        by_text = {attack.text: attack for attack in attacks}
        return quarantined, {each.id: by_text[each.text] for each in sent if each.id not in plain_ids}

    def test_the_built_in_extractor(self):
        self.survive()

    def test_an_extractor_that_obeys(self):
        with Endpoint() as endpoint:
            endpoint.answer = lambda memories, _: (200, json.dumps({"gists": hostile.obey(memories)}))
            quarantined, attacks = self.survive("--llm-base-url", endpoint.url, "--llm-model", "evil")
        got = {}
        for gist in quarantined:
            self.assertTrue(gist.reason)
            got.setdefault(gist.evidence[0].episode_id, set()).add(gist.text)
        for episode, attack in attacks.items():
            with self.subTest(kind=attack.kind, text=attack.text[:200]):
                self.assertEqual(got.get(episode), {gist["gist"] for gist in attack.gists})


if __name__ == "__main__":
    unittest.main()
