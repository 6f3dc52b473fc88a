"""HTTP/2 by hand, for clients that do what no well-behaved one does."""

import socket
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 1, 3, 4, 6, 7
END_HEADERS = 4
CANCEL = 8


def frame(kind, flags=0, stream=0, payload=b""):
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def _text(value):
    """An HPACK string, not compressed, shorter than 127 bytes."""
    encoded = value.encode()
    assert len(encoded) < 127
    return bytes([len(encoded)]) + encoded


def literal(name, value):
    """A header as HPACK has one that is in no table."""
    return b"\x00" + _text(name) + _text(value)


def call(path):
    """The header block that begins a gRPC call."""
    pseudo = literal(":method", "POST") + literal(":scheme", "http") + literal(":path", path) + literal(":authority", "localhost")
    return pseudo + literal("content-type", "application/grpc") + literal("te", "trailers")


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=60)


def greet(connection):
    """What makes it HTTP/2. The server's settings are never acknowledged."""
    connection.sendall(PREFACE + frame(SETTINGS))


def receive(connection):
    """The next (kind, flags, stream, payload); None when the server has closed."""
    header = _exactly(connection, 9)
    if header is None:
        return None
    length = int.from_bytes(header[:3], "big")
    payload = _exactly(connection, length)
    return None if payload is None else (header[3], header[4], int.from_bytes(header[5:], "big"), payload)


def _exactly(connection, count):
    data = b""
    while len(data) < count:
        try:
            more = connection.recv(count - len(data))
        except ConnectionError:
            return None
        if not more:
            return None
        data += more
    return data


def is_closed(connection):
    """Reads on until the server closes; fails if it does not."""
    while True:
        try:
            if not connection.recv(65536):
                return True
        except ConnectionError:
            return True
