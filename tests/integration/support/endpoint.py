"""An LLM and embeddings endpoint of the test's own: a real HTTP server that answers by rule and counts what it was
shown."""

import collections
import dataclasses
import http.server
import json
import threading


@dataclasses.dataclass
class Answer:
    """To a chat completion. `finish`: its finish_reason; `refusal`: the message's; `hang`: nothing comes before the
    endpoint is closed, whatever else is said here."""

    status: int = 200
    content: str = ""
    finish: str = "stop"
    refusal: str | None = None
    headers: dict = dataclasses.field(default_factory=dict)
    hang: bool = False


def shown(request):
    """The citable memories of a request, by their number."""
    lines = request["messages"][1]["content"].partition("MEMORIES\n")[2].splitlines()
    return {memory["id"]: memory for memory in map(json.loads, lines) if "id" in memory}


def gists_for(memories):
    """One fact for each memory, in its own words."""
    return [
        {
            "gist": memory["text"],
            "type": "fact",
            "subject": memory.get("speaker", "user"),
            "predicate": f"said_{memory['text']}",
            "evidence": [{"id": number, "quote": memory["text"]}],
        }
        for number, memory in memories.items()
    ]


def direction(text):
    """By the text's first letter: texts that begin alike are alike, and no others."""
    vector = [0.01] * 8
    vector[ord(text[0].lower()) % 8] = 1.0
    return vector


class Endpoint:
    """Use as a context manager. `answer(memories, call)` gives an Answer for a chat completion, or just its status and
    content; `embed(texts)` gives (status, vectors) for embeddings. Both may be changed at any time. `calls`: how many
    there were of the former, `embed_calls` of the latter; `times_shown`, `times_embedded`: by text; `hanging`: calls
    that are kept waiting; `traceparents`: that header of every call, with None where it was missing. GET .../models
    lists `models` (None: HTTP 404), if `key` is None or was sent."""

    def __init__(self):
        self.answer = self.good
        self.usage = {"prompt_tokens": 10, "completion_tokens": 5}
        self.calls = 0
        self.times_shown = collections.Counter()
        self.embed = self.embed_well
        self.embed_calls = 0
        self.times_embedded = collections.Counter()
        self.traceparents = []
        self.models = ["test"]
        self.key = None
        self.hanging = 0
        self._closing = threading.Event()
        self._lock = threading.Lock()
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

            def do_GET(self):  # pylint: disable=invalid-name
                if endpoint.key is not None and self.headers.get("Authorization") != f"Bearer {endpoint.key}":
                    return self.reply(401, {"error": {"message": "no such key", "type": "test"}})
                if endpoint.models is None or not self.path.endswith("/models"):
                    return self.reply(404, {"error": {"message": "no such page", "type": "test"}})
                return self.reply(200, {"object": "list", "data": [{"id": name} for name in endpoint.models]})

            def handle(self):
                try:
                    super().handle()
                except ConnectionError:  # Whoever asked was killed meanwhile, or has waited long enough.
                    pass

            def do_POST(self):  # pylint: disable=invalid-name
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with endpoint._lock:  # pylint: disable=protected-access
                    endpoint.traceparents.append(self.headers.get("traceparent"))
                if self.path.endswith("/embeddings"):
                    return self.reply(*endpoint._embedded(request["input"]))  # pylint: disable=protected-access
                memories = shown(request)
                with endpoint._lock:  # pylint: disable=protected-access
                    endpoint.calls += 1
                    call = endpoint.calls
                    endpoint.times_shown.update(memory["text"] for memory in memories.values())
                answer = endpoint.answer(memories, call)
                if not isinstance(answer, Answer):
                    answer = Answer(*answer)
                if answer.hang:
                    return self.hang()
                if answer.status == 200:
                    message = {"role": "assistant", "content": answer.content, "refusal": answer.refusal}
                    choice = {"index": 0, "finish_reason": answer.finish, "message": message}
                    reply = {"object": "chat.completion", "choices": [choice], "usage": endpoint.usage}
                else:
                    reply = {"error": {"message": answer.content, "type": "test"}}
                return self.reply(answer.status, reply, answer.headers)

            def hang(self):
                with endpoint._lock:  # pylint: disable=protected-access
                    endpoint.hanging += 1
                endpoint._closing.wait()  # pylint: disable=protected-access
                self.close_connection = True

            def reply(self, status, reply, headers=None):
                body = json.dumps(reply).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)

    def _embedded(self, texts):
        with self._lock:
            self.embed_calls += 1
            self.times_embedded.update(texts)
        status, vectors = self.embed(texts)
        if status != 200:
            return status, {"error": {"message": vectors, "type": "test"}}
        data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
        return 200, {"object": "list", "data": data, "usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)}}

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exception):
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @staticmethod
    def embed_well(texts):
        return 200, [direction(text) for text in texts]

    @staticmethod
    def good(memories, _):
        return 200, json.dumps({"gists": gists_for(memories)})
