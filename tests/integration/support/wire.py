"""Clients made from the .proto files, generated anew for every test."""

import importlib
import pathlib
import subprocess
import sys
import tempfile

import grpc
from google.protobuf import descriptor_pb2

ROOT = pathlib.Path(__file__).resolve().parents[3]
SUPPORT = pathlib.Path(__file__).resolve().parent
_generated = tempfile.TemporaryDirectory(prefix="slowwave-proto-")


def _generate(include, *files):
    subprocess.run(["protoc", f"-I{include}", f"--python_out={_generated.name}", *files], check=True)


_generate(ROOT / "proto", *(f"slowwave/v1/{name}.proto" for name in ("common", "memory", "consolidation")))
_generate(SUPPORT, "health.proto", "reflection.proto")
sys.path.insert(0, _generated.name)

common = importlib.import_module("slowwave.v1.common_pb2")
memory = importlib.import_module("slowwave.v1.memory_pb2")
consolidation = importlib.import_module("slowwave.v1.consolidation_pb2")
health = importlib.import_module("health_pb2")
reflection = importlib.import_module("reflection_pb2")

# What the .proto files promise and this version answers with UNIMPLEMENTED.
LATER = {
    ("ConsolidationService", "PreviewConsolidation"),
    ("ConsolidationService", "ApplyPreview"),
    ("ConsolidationService", "RevertRun"),
    ("MemoryService", "EraseUser"),
    ("MemoryService", "EraseEpisodes"),
}


class Method:
    """One RPC: its path, its messages, which sides stream."""

    def __init__(self, service, descriptor, proto, message_class):
        self.service = service.name
        self.name = descriptor.name
        self.path = f"/{service.full_name}/{descriptor.name}"
        self.request_descriptor = descriptor.input_type
        self.request = message_class(descriptor.input_type)
        self.response = message_class(descriptor.output_type)
        self.client_streams = proto.client_streaming
        self.server_streams = proto.server_streaming

    @property
    def key(self):
        return (self.service, self.name)

    def invoker(self, channel, serialise=None):
        kind = {
            (False, False): channel.unary_unary,
            (False, True): channel.unary_stream,
            (True, False): channel.stream_unary,
            (True, True): channel.stream_stream,
        }[self.client_streams, self.server_streams]
        return kind(
            self.path,
            request_serializer=serialise or self.request.SerializeToString,
            response_deserializer=self.response.FromString,
        )


def methods_of(file_descriptor, message_class=lambda descriptor: descriptor._concrete_class):
    """All RPCs of all services in a file, by (service, method)."""
    proto = descriptor_pb2.FileDescriptorProto()
    file_descriptor.CopyToProto(proto)
    found = {}
    for service_proto in proto.service:
        service = file_descriptor.services_by_name[service_proto.name]
        for method_proto in service_proto.method:
            method = Method(service, service.methods_by_name[method_proto.name], method_proto, message_class)
            found[method.key] = method
    return found


METHODS = {**methods_of(memory.DESCRIPTOR), **methods_of(consolidation.DESCRIPTOR)}
WORKING = {key: method for key, method in METHODS.items() if key not in LATER}


class Client:
    """client.GetUser(tenant="t", user="u") calls the RPC. Remembers in `called` what answered OK.

    A client-streaming RPC takes an iterable of requests; what the server streams is read to its end.
    """

    def __init__(self, address, timeout=120):
        self._channel = grpc.insecure_channel(
            address,
            options=[
                ("grpc.max_receive_message_length", 64 << 20),
                ("grpc.max_send_message_length", 64 << 20),
                # A daemon that was killed and came back is to be noticed at once.
                ("grpc.initial_reconnect_backoff_ms", 50),
                ("grpc.max_reconnect_backoff_ms", 200),
            ],
        )
        self._timeout = timeout
        self._by_name = {method.name: method for method in METHODS.values()}
        self.called = set()

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._channel.close()

    @property
    def channel(self):
        return self._channel

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._by_name:
            raise AttributeError(name)
        method = self._by_name[name]

        def call(requests=None, **fields):
            if method.client_streams:
                request = iter(requests)
            else:
                request = method.request(**fields) if requests is None else requests
            answer = method.invoker(self._channel)(request, timeout=self._timeout)
            if method.server_streams:
                answer = list(answer)
            self.called.add(method.key)
            return answer

        return call

    def raw(self, key, *requests):
        """Sends bytes as they are. Returns the answer (a list, if the server streams) or raises grpc.RpcError."""
        method = METHODS[key]
        invoke = method.invoker(self._channel, serialise=lambda request: request)
        answer = invoke(iter(requests) if method.client_streams else requests[0], timeout=self._timeout)
        return list(answer) if method.server_streams else answer


def pages(call, items, **fields):
    """Everything that a list RPC has, page by page; each page must go on."""
    token, seen = "", set()
    while True:
        answer = call(page_token=token, **fields)
        yield from getattr(answer, items)
        token = answer.next_page_token
        if not token:
            return
        if token in seen:
            raise AssertionError("a page token came twice")
        seen.add(token)


def is_over(task):
    return task.state in (
        consolidation.TASK_STATE_DONE,
        consolidation.TASK_STATE_DEAD,
        consolidation.TASK_STATE_CANCELLED,
    )


def drain(client, task, **who):
    """Follows a task and those that go on with its backlog; returns them all, ended."""
    ended = []
    while True:
        last = list(client.WatchTask(task_id=task.id, tenant=who.get("tenant", "")))[-1]
        assert is_over(last.task), last
        ended.append(last.task)
        if not last.task.follow_up:
            return ended
        task = client.GetTask(task_id=last.task.follow_up, tenant=who.get("tenant", ""))
