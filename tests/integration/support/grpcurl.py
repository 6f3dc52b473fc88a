#!/usr/bin/env python3
"""What our documents use of grpcurl, which Debian does not package: by server reflection alone, with its flags.

grpcurl -plaintext [-d JSON|@] [-emit-defaults] HOST:PORT list | describe SYMBOL | SERVICE/METHOD
"""

import argparse
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import grpc  # pylint: disable=wrong-import-position
from google.protobuf import json_format  # pylint: disable=wrong-import-position
from support.reflected import Reflected  # pylint: disable=wrong-import-position


def messages_in(text):
    """JSON values that follow each other; one empty message if there is none."""
    decoder, found = json.JSONDecoder(), []
    text = text.strip()
    while text:
        value, end = decoder.raw_decode(text)
        found.append(value)
        text = text[end:].lstrip()
    return found or [{}]


def main():
    parser = argparse.ArgumentParser(prog="grpcurl", allow_abbrev=False)
    parser.add_argument("-plaintext", action="store_true", required=True)
    parser.add_argument("-emit-defaults", action="store_true")
    parser.add_argument("-d", dest="data", default="")
    parser.add_argument("address")
    parser.add_argument("what")
    parser.add_argument("symbol", nargs="?")
    arguments = parser.parse_args()
    with grpc.insecure_channel(arguments.address) as channel:
        reflected = Reflected(channel)
        if arguments.what == "list":
            print("\n".join(reflected.services()))
            return 0
        if arguments.what == "describe":
            print(f"{arguments.symbol} is a service:")
            for name, method in sorted(reflected.methods(arguments.symbol).items()):
                print(f"  rpc {name} ( .{method.request_descriptor.full_name} );")
            return 0
        service, _, name = arguments.what.partition("/")
        method = reflected.methods(service)[name]
        text = sys.stdin.read() if arguments.data == "@" else arguments.data
        requests = [json_format.ParseDict(each, method.request()) for each in messages_in(text)]
        try:
            answer = method.invoker(channel)(iter(requests) if method.client_streams else requests[0], timeout=120)
            for each in answer if method.server_streams else [answer]:
                print(json_format.MessageToJson(each, including_default_value_fields=arguments.emit_defaults))
        except grpc.RpcError as error:
            print(f"ERROR:\n  Code: {error.code().name}\n  Message: {error.details()}", file=sys.stderr)
            return 64 + error.code().value[0]
    return 0


if __name__ == "__main__":
    sys.exit(main())
