#!/usr/bin/env python3
"""What lies between the daemon and its endpoint: TLS with an authority of one's own, HTTP/2, a forward proxy."""

import unittest

from support import between, daemon, endpoint_case, memory, wire

USER = "ines"
COUNT = 40


class OverTheNetwork(endpoint_case.EndpointCase):
    USER = USER

    def arguments_for(self, url):
        return ["--llm-base-url", url, "--llm-model", "test", "--llm-retries", "0", "--extract-chunk-memories", "5"]

    def episodes(self):
        return [
            wire.memory.Episode(id=f"e{n}", text=f"I planted tree number {n} beside the river", speaker="Ines")
            for n in range(COUNT)
        ]

    def start_with(self, url, *arguments):
        self.daemon.arguments = [*self.arguments_for(url), *arguments]
        return self.start()

    def assert_reads_all(self, client):
        wire.drain(client, self.sleep(client))
        self.assertEqual(len(list(wire.pages(client.ListFacts, "facts", user=USER, page_size=1000))), COUNT)
        self.assertEqual(self.endpoint.calls, COUNT / 5)

    def assert_passed(self, tls):
        """All calls came through it, over HTTP/2. It writes its lines after the answers."""
        daemon.eventually(lambda: len(tls.requests()) >= self.endpoint.calls, "all calls to be logged")
        self.assertEqual(tls.requests(), ["h2 TLSv1.3 POST /v1/chat/completions 200"] * self.endpoint.calls)

    def test_tls_by_an_authority_of_ones_own_and_http_2(self):
        with between.Tls(self.endpoint.url) as tls:
            self.assert_reads_all(self.start_with(tls.url, "--llm-ca-file", tls.ca_file))
            self.assert_passed(tls)

    def test_a_certificate_that_nobody_vouches_for_stops_the_calls(self):
        with between.Tls(self.endpoint.url) as tls:
            client = self.start_with(tls.url)
            task = self.sleep(client)
            denied = 'slowwave_llm_calls_total{outcome="denied"}'
            self.assert_waits_without_an_attempt(
                client, task, lambda: self.daemon.metric(denied), "slowwave_llm_breaker_open", "planted"
            )
            self.assertEqual((tls.requests(), self.endpoint.calls), ([], 0))

    def test_a_forward_proxy(self):
        with between.Proxy() as proxy:
            self.assert_reads_all(self.start_with(self.endpoint.url, "--llm-proxy", proxy.url))
            self.assertTrue(proxy.requests())
            self.assertTrue(all("POST http://127.0.0.1" in line for line in proxy.requests()), proxy.requests())

    def test_tls_through_a_forward_proxy(self):
        with between.Proxy() as proxy, between.Tls(self.endpoint.url) as tls:
            self.assert_reads_all(self.start_with(tls.url, "--llm-ca-file", tls.ca_file, "--llm-proxy", proxy.url))
            self.assertTrue(all(line.startswith("CONNECT localhost") for line in proxy.requests()), proxy.requests())
            self.assert_passed(tls)

    def test_a_proxy_that_is_gone_costs_no_attempt_and_no_episode(self):
        with between.Proxy() as proxy:
            pass
        client = self.start_with(self.endpoint.url, "--llm-proxy", proxy.url)
        task = self.sleep(client)
        daemon.eventually(lambda: self.daemon.metric('slowwave_llm_calls_total{outcome="connection"}'), "a failed call")
        # What has failed often enough stops the calls; the task then waits, and has used no attempt.
        daemon.eventually(lambda: self.daemon.metric("slowwave_llm_breaker_open"), "the end of the calls")
        # It is tried again now and then, which uses an attempt only if the endpoint answers.
        daemon.eventually(
            lambda: (state := client.GetTask(task_id=task.id)).state == wire.consolidation.TASK_STATE_WAITING
            and state.attempt == 0,
            "the task to wait, with no attempt used",
        )
        self.assertEqual(client.GetUser(user=USER).pending, COUNT)
        self.assertEqual(memory.facts(client, USER), [])
        self.assertEqual(self.endpoint.calls, 0)


if __name__ == "__main__":
    unittest.main()
