#!/usr/bin/env python3
"""The daemon against an OpenAI mock that others wrote: its answers, its refusals, its faults."""

import json
import unittest

from support import daemon, memory, wire
from support.aimock import Aimock

ASKED_AGAIN = "That was not the JSON object asked for"
STATE = wire.consolidation


def said(word):
    return f"I keep {word} in the shed"


def gist(word, number=1, **more):
    evidence = [{"id": number, "quote": said(word)}]
    return {"gist": f"Ines keeps {word} in the shed", "type": "fact", "subject": "Ines", "evidence": evidence, **more}


def on(word, content, **response):
    return {"match": {"userMessage": word}, "response": {"content": content, **response}}


def good(word):
    return on(word, json.dumps({"gists": [gist(word)]}))


def error(status, match, **fields):
    return {"match": match, "response": {"status": status, "error": {"message": "no", **fields}}}


FORMS = {
    "axes": json.dumps({"gists": [gist("axes")]}),
    "bolts": "```json\n" + json.dumps({"gists": [gist("bolts")]}, indent=1) + "\n```",
    "chains": "Here is what I found:\n" + json.dumps({"gists": [gist("chains")]}) + "\nAnything else?",
    "drills": json.dumps([gist("drills")]),
    "files": json.dumps(gist("files")),
    "gouges": json.dumps({"gists": [{**gist("gouges"), "value": "gouges", "valid_from": None, "state": "holds"}]}),
    "hammers": json.dumps({"gists": [{key: value for key, value in gist("hammers").items() if key != "evidence"}]}),
    "jigs — “überall”": json.dumps({"gists": [gist("jigs — “überall”")]}, ensure_ascii=False),
}
FIXTURES = [
    # Asked about with something else first, repaired when asked again.
    {"match": {"userMessage": ASKED_AGAIN}, "response": {"content": json.dumps({"gists": [gist("knives")]})}},
    on("knives", "I would rather talk about something else."),
    # Cut off while two are shown, then halves.
    {
        "match": {"userMessage": "lathes", "sequenceIndex": 0},
        "response": {"content": '{"gists": [', "finishReason": "length"},
    },
    # Refused as long as it is shown.
    on("mallets", "I cannot", finishReason="content_filter"),
    # What formats it takes.
    error(400, {"userMessage": "nails", "responseFormat": "json_schema"}, message="response_format json_schema: no"),
    error(400, {"userMessage": "oilcans", "responseFormat": "json_schema"}, message="json_schema: no"),
    error(400, {"userMessage": "oilcans", "responseFormat": "json_object"}, message="json_object: no"),
    # Errors of other kinds.
    error(429, {"userMessage": "planes", "sequenceIndex": 0}, type="rate_limit_error", code="rate_limit_exceeded"),
    error(429, {"userMessage": "quota"}, type="insufficient_quota", code="insufficient_quota"),
    error(404, {"userMessage": "rasps"}, type="invalid_request_error", code="model_not_found"),
    *(good(word) for word in ("lathes", "nails", "oilcans", "planes", "pliers")),
    *(good(word) for word in ("rakes", "saws", "spades", "tongs", "vices")),
    *(on(word, content) for word, content in FORMS.items()),
]


def episode(word, number=0, session="s"):
    made = wire.memory.Episode(id=f"e{number}", text=said(word), speaker="Ines", session_id=session, turn=number)
    made.occurred_at.seconds = 1_704_268_800 + 60 * number
    return made


class WithAimock(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = Aimock(FIXTURES)
        cls.enterClassContext(cls.mock)

    def setUp(self):
        self.addCleanup(self.mock.chaos)
        self.daemon = daemon.Daemon(arguments=self.arguments_for(self.mock))
        self.addCleanup(self.daemon.__exit__)

    def arguments_for(self, mock):
        return ["--llm-base-url", mock.url, "--llm-model", "mock-1", "--llm-retries", "1"]

    def start(self):
        self.daemon.start()
        client = wire.Client(self.daemon.address)
        self.addCleanup(client.__exit__)
        return client

    def trigger(self, client, user, *words, request_id="first"):
        memory.ingest(client, user, [episode(word, number, f"s{number}") for number, word in enumerate(words)])
        return client.TriggerConsolidation(user=user, request_id=f"{user} {request_id}").task

    def sleep(self, client, user, *words, **more):
        return wire.drain(client, self.trigger(client, user, *words, **more))[-1]

    def texts(self, client, user):
        return {fact.text for fact in wire.pages(client.ListFacts, "facts", user=user)}

    def assert_learned(self, client, user, *words):
        self.assertEqual(self.texts(client, user), {gist(word)["gist"] for word in words})
        self.assertEqual(client.GetUser(user=user).pending, 0)

    def outcomes(self, name):
        return self.daemon.metric(f'slowwave_llm_calls_total{{outcome="{name}"}}')

    def test_answers_of_every_form_become_facts_with_evidence(self):
        client = self.start()
        for number, word in enumerate(FORMS):
            with self.subTest(word):
                task = self.sleep(client, f"u{number}", word)
                self.assert_learned(client, f"u{number}", word)
                [fact] = client.ListFacts(user=f"u{number}").facts
                self.assertEqual([(e.episode_id, e.quote) for e in fact.evidence], [("e0", said(word))])
                report = client.GetReport(run_id=task.run_id)
                self.assertEqual((report.calls, report.model), (1, "mock-1"))
                self.assertGreater(min(report.prompt_tokens, report.completion_tokens), 0)
        self.assertEqual(self.outcomes("ok"), len(FORMS))

    def test_what_is_sent_is_what_such_an_endpoint_takes(self):
        client = self.start()
        self.sleep(client, "u", "axes")
        request, status = self.mock.calls("axes")[-1]
        self.assertEqual((status, request["model"], request["temperature"]), (200, "mock-1", 0))
        self.assertEqual([message["role"] for message in request["messages"]], ["system", "user"])
        self.assertEqual(request["response_format"]["type"], "json_schema")
        schema = request["response_format"]["json_schema"]
        self.assertEqual((schema["name"], schema["schema"]["required"]), ("gists", ["gists"]))

    def test_what_is_no_reply_is_asked_for_once_more(self):
        client = self.start()
        self.sleep(client, "u", "knives")
        self.assert_learned(client, "u", "knives")
        again, _ = self.mock.calls("knives")[-1]
        self.assertEqual([message["role"] for message in again["messages"]], ["system", "user", "assistant", "user"])

    def test_an_answer_cut_off_is_asked_for_in_halves(self):
        client = self.start()
        task = self.sleep(client, "u", "lathes", "saws")
        self.assert_learned(client, "u", "lathes", "saws")
        self.assertEqual(client.GetReport(run_id=task.run_id).calls, 3)

    def test_a_filtered_memory_is_found_and_the_other_is_read(self):
        client = self.start()
        self.sleep(client, "u", "mallets", "saws")
        self.assertEqual(self.texts(client, "u"), {gist("saws")["gist"]})
        state = client.GetUser(user="u")
        self.assertEqual((state.pending, state.unreadable), (0, 1))

    def test_a_format_that_it_does_not_take_is_asked_for_once(self):
        client = self.start()
        self.sleep(client, "u", "nails")
        self.assert_learned(client, "u", "nails")
        self.sleep(client, "v", "saws")
        formats = [request.get("response_format", {}).get("type") for request, _ in self.mock.calls("nails")]
        self.assertEqual(formats, ["json_schema", "json_object"])
        self.assertEqual(self.mock.calls("saws")[-1][0]["response_format"], {"type": "json_object"})

    def test_without_any_format_it_is_asked_all_the_same(self):
        client = self.start()
        self.sleep(client, "u", "oilcans")
        self.assert_learned(client, "u", "oilcans")
        self.assertNotIn("response_format", self.mock.calls("oilcans")[-1][0])

    def test_a_call_that_is_told_to_wait_waits(self):
        client = self.start()
        task = self.sleep(client, "u", "planes")
        self.assert_learned(client, "u", "planes")
        self.assertEqual((task.attempt, [status for _, status in self.mock.calls("planes")]), (1, [429, 200]))

    def assert_down(self, client, user, word):
        task = self.trigger(client, user, word)
        daemon.eventually(lambda: self.daemon.metric("slowwave_llm_breaker_open") == 1, "the breaker to open")
        daemon.eventually(
            lambda: (state := client.GetTask(task_id=task.id)).state == STATE.TASK_STATE_WAITING and state.attempt == 0,
            "the task to wait, with no attempt used",
        )
        self.assertEqual(client.GetUser(user=user).pending, 1)
        self.assertEqual(self.outcomes("denied"), 1)
        self.assertTrue(self.daemon.is_ready())

    def test_a_quota_that_is_used_up_stops_the_calls(self):
        self.assert_down(self.start(), "u", "quota")

    def test_a_model_that_is_not_there_stops_the_calls(self):
        self.assert_down(self.start(), "u", "rasps")

    def test_the_key_is_sent_and_a_wrong_one_stops_the_calls(self):
        with Aimock(FIXTURES, keys=["shed-key"]) as mock:
            self.daemon.arguments = self.arguments_for(mock)
            self.assert_down(self.start(), "u", "tongs")
            self.daemon.stop()
            self.daemon.environment["SLOWWAVE_LLM_API_KEY"] = "shed-key"
            client = self.start()
            daemon.eventually(lambda: memory.is_drained(client, "u"), "the task that had to wait")
            self.assert_learned(client, "u", "tongs")
            self.assertNotIn("shed-key", self.daemon.log())

    # Its faults, one after another, at every call; then it is well again.

    def assert_recovers(self, client, user, word, outcome):
        task = self.sleep(client, user, word)
        self.assertEqual((client.GetUser(user=user).pending, self.texts(client, user)), (1, set()))
        self.assertEqual(self.outcomes(outcome), 2)
        self.assertTrue(client.GetReport(run_id=task.run_id).partial)
        self.mock.chaos()
        self.sleep(client, user, word, request_id="second")
        self.assert_learned(client, user, word)

    def test_malformed_replies(self):
        self.mock.chaos(malformedRate=1)
        self.assert_recovers(self.start(), "u", "pliers", "bad_reply")

    def test_server_errors(self):
        self.mock.chaos(dropRate=1)
        self.assert_recovers(self.start(), "u", "rakes", "server_error")

    def test_connections_that_are_cut(self):
        self.mock.chaos(disconnectRate=1)
        self.assert_recovers(self.start(), "u", "saws", "connection")

    def test_answers_that_come_too_late(self):
        self.mock.chaos(latencyMs=20_000)
        self.daemon.arguments += ["--llm-silence-seconds", "3"]
        self.assert_recovers(self.start(), "u", "spades", "timeout")

    def test_answers_that_are_slow(self):
        self.mock.chaos(latencyMs=300)
        client = self.start()
        self.sleep(client, "u", "vices")
        self.assert_learned(client, "u", "vices")

    def test_rate_limits_until_they_end(self):
        self.mock.chaos(rateLimitRate=1)
        client = self.start()
        task = self.trigger(client, "u", "tongs")
        daemon.eventually(lambda: self.outcomes("rate_limited") >= 2, "calls that are told to wait")
        self.mock.chaos()
        wire.drain(client, task)
        self.assert_learned(client, "u", "tongs")
        self.assertEqual(client.GetTask(task_id=task.id).attempt, 1)

    def test_all_of_them_at_once_for_many_users(self):
        self.mock.chaos(malformedRate=0.15, dropRate=0.15, disconnectRate=0.15, rateLimitRate=0.15, latencyMs=20)
        client = self.start()
        words = ["pliers", "rakes", "saws", "spades", "tongs", "vices"]
        users = {f"u{number}": words[number % len(words)] for number in range(30)}
        tasks = [self.trigger(client, user, word) for user, word in users.items()]
        for task in tasks:
            wire.drain(client, task)
        self.mock.chaos()
        for user, word in users.items():
            if client.GetUser(user=user).pending:
                self.sleep(client, user, word, request_id="second")
            with self.subTest(user):
                self.assert_learned(client, user, word)
        spoiled = sum(self.outcomes(name) for name in ("bad_reply", "server_error", "connection", "rate_limited"))
        self.assertGreater(spoiled, 0)


if __name__ == "__main__":
    unittest.main()
