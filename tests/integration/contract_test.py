#!/usr/bin/env python3
"""core/README.md: what it says an LLM endpoint is asked is what one is asked, and its answer becomes what it says."""

import http.server
import json
import re
import threading
import unittest

from support import daemon, documents, wire

DOCUMENT = documents.text_of("core/README.md")


def block(language):
    (found,) = documents.blocks(DOCUMENT, language)
    return found


def sources():
    return "".join(
        path.read_text(encoding="utf-8") for path in sorted((wire.ROOT / "core").rglob("*")) if path.suffix in (".cc", ".h")
    )


class Answering:
    """An endpoint that gives every question the same answer and keeps the requests."""

    def __init__(self, content):
        self.requests = []
        answering = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answering.requests.append((self.path, self.headers["Authorization"], json.loads(body)))
                message = {"role": "assistant", "content": content}
                reply = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)

    def __enter__(self):
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __exit__(self, *exception):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Contract(unittest.TestCase):
    maxDiff = None

    def test_the_example(self):
        endpoint = Answering(block("reply"))
        url = self.enterContext(endpoint)
        served = self.enterContext(daemon.Daemon(
            arguments=["--llm-base-url", url, "--llm-model", "some-model"], environment={"SLOWWAVE_LLM_API_KEY": "KEY"}
        ))  # fmt: skip
        clone = self.enterContext(documents.Clone())
        (clone.folder / "memories.jsonl").write_text(block("jsonl"), encoding="utf-8")
        clone.run("""build/slowwave import --user ines memories.jsonl
build/slowwave trigger --user ines --until-drained""", SLOWWAVE_ADDRESS=served.address)

        ((path, key, request),) = endpoint.requests
        self.assertEqual((path, key), ("/v1/chat/completions", "Bearer KEY"))
        system, user = (message["content"] for message in request["messages"])
        self.assertEqual(block("system").removesuffix("\n"), system)
        self.assertEqual(block("user"), user)
        documented = json.loads(block("json"))
        for message, content in zip(documented["messages"], (system, user)):
            message["content"] = content
        self.assertEqual(documented, request)

        became = dict(re.findall(r"^\| (.+) \| (.+) \|$", documents.section(DOCUMENT, "What becomes of it"), re.M)[2:])
        self.assertEqual(len(became), len(json.loads(block("reply"))["gists"]))
        with wire.Client(served.address) as client:
            told = {
                fact.text: f"`{fact.key}` = `{fact.value}` from {fact.valid_from.ToJsonString()[:10]}"
                for fact in client.ListFacts(user="ines", history=True).facts
            }
            for gist in client.ListQuarantine(user="ines").gists:
                told[gist.text] = f"quarantined: `{gist.reason}`"
            for stored in client.ListEpisodes(user="ines").episodes:
                self.assertEqual(stored.cited, stored.episode.id in ("m1", "m3"))
        self.assertEqual(became, told)

    def test_reasons_and_outcomes_are_those_of_the_program(self):
        code = sources()
        reasons = documents.section(DOCUMENT, "What is checked, gist by gist")
        listed = set()
        for cell in re.findall(r"^\| (`.+?) \|", reasons, re.M):
            listed |= set(re.findall(r"`(\w+)`", cell))
        named = set()
        for file, of in (("gist_screen.h", "Screening"), ("grounding.h", "Grounding")):
            header = documents.text_of(f"core/{file}")
            comment = re.search(rf"struct {of} \{{\n((?:\s*//.*\n)+)", header).group(1)
            words = re.search(r"a stable word: ([^.]*)\.", comment.replace("//", "")).group(1)
            named |= {word.strip() for word in words.split(",")}
        self.assertEqual(listed, named)
        for reason in listed:
            self.assertIn(f'"{reason}"', code)

        outcomes = documents.section(DOCUMENT, "How a call can end")
        words = set()
        for cell in re.findall(r"\| ([^|]*) \|$", outcomes, re.M):
            words |= set(re.findall(r"`(\w+)`", cell)) - {"slowwave_llm_calls_total"}
        known = re.search(r"kCallWords\[\] = \{(.*?)\}", documents.text_of("server/llm_wire.h"), re.S).group(1)
        self.assertEqual(words, set(re.findall(r'"(\w+)"', known)))


if __name__ == "__main__":
    unittest.main()
