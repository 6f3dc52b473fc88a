"""A client that has no .proto file of ours and asks the server what it can do."""

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from support import wire

Request = wire.reflection.ServerReflectionRequest
Response = wire.reflection.ServerReflectionResponse


class Reflected:
    """What server reflection tells, as callable methods that take and give JSON."""

    def __init__(self, channel):
        self.channel = channel
        self._files = {}
        self._pool = descriptor_pool.DescriptorPool()
        self._factory = message_factory.MessageFactory(self._pool)

    def ask(self, **question):
        stream = self.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=Request.SerializeToString,
            response_deserializer=Response.FromString,
        )
        (answer,) = list(stream(iter([Request(**question)]), timeout=60))
        return answer

    def services(self):
        return sorted(service.name for service in self.ask(list_services="*").list_services_response.service)

    def _learn(self, answer):
        for data in answer.file_descriptor_response.file_descriptor_proto:
            file = descriptor_pb2.FileDescriptorProto.FromString(data)
            if file.name in self._files:
                continue
            self._files[file.name] = file
            for dependency in file.dependency:
                if dependency not in self._files:
                    self._learn(self.ask(file_by_filename=dependency))
            self._pool.Add(file)

    def methods(self, service):
        """{name: wire.Method}, made from the server's descriptors alone."""
        self._learn(self.ask(file_containing_symbol=service))
        file = self._pool.FindServiceByName(service).file
        found = wire.methods_of(file, self._factory.GetPrototype)
        return {name: method for (of, name), method in found.items() if service.endswith("." + of)}
