#!/usr/bin/env python3
"""Who may call: TLS, client certificates, bearer tokens and JWTs, against the real binary."""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import ssl
import subprocess
import tempfile
import time
import unittest

import grpc
from support import daemon, wire

DENIED = {grpc.StatusCode.PERMISSION_DENIED}
UNKNOWN = {grpc.StatusCode.UNAUTHENTICATED}


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


class Authority:
    """Signs certificates for localhost."""

    def __init__(self, folder, name):
        self.folder, self.name = pathlib.Path(folder), name
        self.certificate = self.folder / f"{name}.pem"
        self._key = self.folder / f"{name}.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", f"/CN={name}", "-keyout", str(self._key), "-out", str(self.certificate))  # fmt: skip

    def sign(self, name):
        """Paths of a new certificate and its key."""
        key, asked, signed = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem"))
        extensions = self.folder / "extensions"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="utf-8")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                "-keyout", str(key), "-out", str(asked))  # fmt: skip
        openssl("x509", "-req", "-in", str(asked), "-CA", str(self.certificate), "-CAkey", str(self._key), "-days", "2",
                "-CAcreateserial", "-extfile", str(extensions), "-out", str(signed))  # fmt: skip
        return signed, key


def entry(name, token, tenant, roles, expires=""):
    digest = hashlib.sha256(token.encode()).hexdigest()
    line = f"- {{name: {name}, sha256: {digest}, tenant: '{tenant}', roles: [{', '.join(roles)}]"
    return line + (f", expires: {expires}" if expires else "") + "}\n"


ALL = ("read", "write", "operate", "erase")
TOKENS = (
    entry("acme", "of-acme", "acme", ALL)
    + entry("other", "of-other", "other", ALL)
    + entry("reader", "of-reader", "acme", ["read"])
    + entry("old", "of-old", "acme", ALL, "2020-01-01T00:00:00Z")
    + entry("all", "of-all", "*", ALL)
)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Issuer:
    """Signs JWTs with an RSA key of its own."""

    ISSUER, AUDIENCE = "https://issuer.example", "slowwave"

    def __init__(self, folder, name):
        self._key = pathlib.Path(folder) / f"{name}.key"
        openssl("genrsa", "-out", str(self._key), "2048")
        done = subprocess.run(["openssl", "rsa", "-in", str(self._key), "-pubout"], check=True, capture_output=True)
        self.public = done.stdout

    def token(self, tenant, roles, header=None, **claims):
        """A good one, but for what is replaced; None leaves a claim out."""
        now = int(time.time())
        whole = {"iss": self.ISSUER, "aud": self.AUDIENCE, "sub": f"of-{tenant}", "exp": now + 3600, "tenant": tenant,
                 "roles": roles, **claims}  # fmt: skip
        header = header or {"alg": "RS256", "typ": "JWT"}
        payload = {name: value for name, value in whole.items() if value is not None}
        content = b".".join(base64url(json.dumps(part).encode()) for part in (header, payload))
        return (content + b"." + base64url(self._signature(header["alg"], content))).decode()

    def _signature(self, algorithm, content):
        if algorithm == "none":
            return b""
        if algorithm == "HS256":  # as one who takes the public key for a secret
            return hmac.digest(self.public, content, "sha256")
        signing = ["openssl", "dgst", "-sha256", "-sign", str(self._key)]
        return subprocess.run(signing, input=content, check=True, capture_output=True).stdout


class AccessCase(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="slowwave-access-")))

    def write_tokens(self, content):
        new = self.folder / "tokens.new"
        new.write_text(content, encoding="utf-8")
        new.rename(self.folder / "tokens.yaml")

    def start(self, *arguments):
        served = daemon.Daemon(arguments=arguments)
        self.addCleanup(served.__exit__)
        served.start()
        return served

    def code_of(self, channel, method, token=None, **fields):
        """The status of a call with this token; streams are read to their end."""
        invoke = method.invoker(channel)
        request = method.request(**fields)
        metadata = [("authorization", f"Bearer {token}")] if token is not None else []
        try:
            answer = invoke(iter([request]) if method.client_streams else request, metadata=metadata, timeout=60)
            if method.server_streams:
                list(answer)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK


class Credentials:
    """What holds for tokens of either kind. `tokens`: them, by the names below; `bad`: what opens nothing."""

    tokens, bad = {}, ()

    def call(self, name, token, **fields):
        found = [method for (_, method_name), method in wire.METHODS.items() if method_name == name]
        return self.code_of(self.channel, found[0], self.tokens.get(token, token), **fields)

    def test_no_call_works_without_good_credentials(self):
        for method in wire.METHODS.values():
            for token in self.bad:
                with self.subTest(method.name, token=token):
                    self.assertEqual(self.code_of(self.channel, method, token), grpc.StatusCode.UNAUTHENTICATED)

    def test_of_two_credentials_none_is_taken(self):
        method = wire.METHODS["MemoryService", "ListFacts"]
        both = [("authorization", f"Bearer {token}") for token in list(self.tokens.values())[:2]]
        with self.assertRaises(grpc.RpcError) as refused:
            method.invoker(self.channel)(method.request(user="ines"), metadata=both, timeout=60)
        self.assertEqual(refused.exception.code(), grpc.StatusCode.UNAUTHENTICATED)

    def test_no_call_reaches_another_tenant(self):
        self.assertEqual(self.call("RegisterUser", "of-acme", user="ines"), grpc.StatusCode.OK)
        for method in wire.METHODS.values():
            fields = {"tenant": "acme"}
            if method.name == "PutTenant":
                fields["settings"] = wire.consolidation.TenantSettings(paused=True)
            with self.subTest(method.name):
                code = self.code_of(self.channel, method, self.tokens["of-other"], **fields)
                later = method.key in wire.LATER and code == grpc.StatusCode.UNIMPLEMENTED
                # What is wrong in a request by itself may be said first.
                self.assertTrue(later or code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT))
        for name in ("GetUser", "ListFacts", "ListEpisodes", "ExportUser", "VerifyUser"):
            with self.subTest(name):
                self.assertEqual(self.call(name, "of-other", tenant="acme", user="ines"), *DENIED)
                self.assertEqual(self.call(name, "of-other", user="ines"), grpc.StatusCode.NOT_FOUND)
                self.assertEqual(self.call(name, "of-all", tenant="acme", user="ines"), grpc.StatusCode.OK)
        self.assertEqual(self.call("IngestEpisodeStream", "of-other", tenant="acme", user="ines"), *DENIED)
        self.assertEqual(self.call("ImportUser", "of-other", tenant="acme", user="ines"), *DENIED)

    def test_a_role_opens_what_it_is_for(self):
        self.assertEqual(self.call("RegisterUser", "of-acme", user="ines"), grpc.StatusCode.OK)
        self.assertEqual(self.call("GetUser", "of-reader", user="ines"), grpc.StatusCode.OK)
        for name in ("RegisterUser", "TriggerConsolidation", "IngestEpisodes", "ImportUser", "PutTenant", "EraseUser"):
            with self.subTest(name):
                self.assertEqual(self.call(name, "of-reader"), *DENIED)


class Tokens(Credentials, AccessCase):
    tokens = {name: name for name in ("of-acme", "of-other", "of-reader", "of-old", "of-all")}
    bad = (None, "", "wrong", "of-old", hashlib.sha256(b"of-acme").hexdigest())

    def setUp(self):
        super().setUp()
        self.write_tokens(TOKENS)
        self.daemon = self.start("--auth-tokens-file", str(self.folder / "tokens.yaml"))
        self.channel = self.enterContext(grpc.insecure_channel(self.daemon.address))

    def test_a_revoked_token_is_refused_at_once_and_changes_are_in_the_log(self):
        self.assertEqual(self.call("RegisterUser", "of-acme", user="ines"), grpc.StatusCode.OK)
        self.write_tokens(entry("new", "of-new", "acme", ALL))
        self.assertEqual(self.call("GetUser", "of-acme", user="ines"), *UNKNOWN)
        self.assertEqual(self.call("GetUser", "of-new", user="ines"), grpc.StatusCode.OK)
        log = self.daemon.log()
        self.assertIn('audit: RegisterUser by "acme": tenant="acme" user="ines" OK', log)
        self.assertNotIn("of-acme", log)
        self.assertNotIn("GetUser", log)

    def test_the_command_line_makes_tokens_and_sends_them(self):
        def run(*arguments, **more):
            return subprocess.run([daemon.binary(), *arguments], capture_output=True, text=True, check=False, **more)

        secret = self.folder / "chat.token"
        made = run("token", "--name", "chat", "--tenant", "acme", "--role", "read", "--role", "write", "--out", str(secret),
                   "--valid-for", "90d")  # fmt: skip
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(secret.stat().st_mode & 0o777, 0o600)
        self.assertNotIn(secret.read_text(encoding="utf-8").strip(), made.stdout)
        self.write_tokens(TOKENS + made.stdout)
        to = ["--address", self.daemon.address, "--user", "ines"]
        refused = run("user", "register", *to)
        self.assertEqual((refused.returncode, "no credentials" in refused.stderr), (1, True), refused.stderr)
        environment = {**os.environ, "SLOWWAVE_TOKEN_FILE": str(secret)}
        done = run("user", "register", *to, env=environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        said = '{"text": "I moved to Lisbon today", "speaker": "Ines"}\n'
        for command in (("import", "-"), ("trigger", "--wait"), ("export", "-")):
            done = run(*command, *to, env=environment, input=said)
            self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}")
        self.assertIn("Lisbon", run("facts", *to, "--token-file", str(secret)).stdout)
        # An address of nobody's: nothing may be sent there in clear.
        clear = run("facts", "--user", "ines", "--address", "192.0.2.1:50051", "--token-file", str(secret))
        self.assertNotEqual(clear.returncode, 0)
        self.assertIn("in clear", clear.stderr)
        again = run("token", "--name", "chat", "--role", "read", "--out", str(secret))
        self.assertEqual((again.returncode, "File exists" in again.stderr), (1, True), again.stderr)


class Jwts(Credentials, AccessCase):
    @classmethod
    def setUpClass(cls):
        cls.keys = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory(prefix="slowwave-issuer-")))
        cls.issuer, cls.stranger = Issuer(cls.keys, "issuer"), Issuer(cls.keys, "stranger")
        make = cls.issuer.token
        cls.tokens = {
            "of-acme": make("acme", list(ALL)),
            "of-other": make("other", list(ALL)),
            "of-reader": make("acme", "openid read"),
            "of-nobody": make("acme", ["admin", "offline_access"]),
            # All tenants are for tokens of our own, which are good beside these.
            "of-all": "of-all",
        }
        good = cls.tokens["of-acme"]
        cls.bad = (
            None,
            "wrong",
            "of-old",
            cls.stranger.token("acme", list(ALL)),
            good[:-8] + "AAAAAAAA",
            good.rpartition(".")[0] + ".",
            make("acme", list(ALL), header={"alg": "none"}),
            make("acme", list(ALL), header={"alg": "HS256"}),
            make("acme", list(ALL), exp=1_600_000_000),
            make("acme", list(ALL), exp=None),
            make("acme", list(ALL), nbf=9_000_000_000),
            make("acme", list(ALL), iss="https://stranger.example"),
            make("acme", list(ALL), aud=["other"]),
            make("acme", None),
            make(None, list(ALL)),
            make("*", list(ALL)),
            make("acme", list(ALL), padding="x" * 9000),
            "a.b.c",
        )

    def setUp(self):
        super().setUp()
        self.write_tokens(TOKENS)
        self.write_keys(self.issuer)
        self.daemon = self.start("--auth-tokens-file", str(self.folder / "tokens.yaml"), *self.jwt_arguments())
        self.channel = self.enterContext(grpc.insecure_channel(self.daemon.address))

    def jwt_arguments(self):
        return ("--auth-jwt-keys-file", str(self.folder / "keys.pem"), "--auth-jwt-issuer", Issuer.ISSUER,
                "--auth-jwt-audience", Issuer.AUDIENCE)  # fmt: skip

    def write_keys(self, issuer):
        new = self.folder / "keys.new"
        new.write_bytes(issuer.public)
        new.rename(self.folder / "keys.pem")

    def test_roles_of_others_open_nothing(self):
        for name in ("GetUser", "RegisterUser", "PutTenant", "EraseUser", "WatchTask", "IngestEpisodeStream"):
            self.assertEqual(self.call(name, "of-nobody"), *DENIED)

    def test_keys_are_replaced_while_it_runs_and_the_caller_is_in_the_log(self):
        self.assertEqual(self.call("RegisterUser", "of-acme", user="ines"), grpc.StatusCode.OK)
        self.assertIn('audit: RegisterUser by "jwt:of-acme": tenant="acme" user="ines" OK', self.daemon.log())
        self.write_keys(self.stranger)
        self.assertEqual(self.call("GetUser", "of-acme", user="ines"), *UNKNOWN)
        self.assertEqual(self.call("GetUser", self.stranger.token("acme", ["read"]), user="ines"), grpc.StatusCode.OK)
        self.assertNotIn(self.tokens["of-acme"].split(".")[1], self.daemon.log())


class Tls(AccessCase):
    def setUp(self):
        super().setUp()
        self.authority = Authority(self.folder, "authority")
        self.served = self.folder / "served"
        self.served.mkdir()
        self.serve_certificate("first")

    def serve_certificate(self, name):
        certificate, key = self.authority.sign(name)
        # The key first: for a moment the two do not belong together, as when anyone replaces two files.
        for path, place in ((key, "key"), (certificate, "certificate")):
            path.rename(self.served / place)

    def arguments(self, *more):
        return ("--tls-cert-file", str(self.served / "certificate"), "--tls-key-file", str(self.served / "key"), *more)

    def channel(self, address, authority=None, certificate=None, key=None):
        read = lambda path: path.read_bytes() if path else None  # pylint: disable=unnecessary-lambda-assignment
        credentials = grpc.ssl_channel_credentials(read(authority), read(key), read(certificate))
        return self.enterContext(grpc.secure_channel(address, credentials))

    def get_tenant(self, channel, **fields):
        return self.code_of(channel, wire.METHODS["ConsolidationService", "GetTenant"], **fields)

    def test_only_tls_is_spoken_and_a_new_certificate_is_taken_up(self):
        served = self.start(*self.arguments("--tls-reload-seconds", "1"))
        self.assertEqual(self.get_tenant(self.channel(served.address, self.authority.certificate)), grpc.StatusCode.OK)
        plain = self.enterContext(grpc.insecure_channel(served.address))
        self.assertEqual(self.get_tenant(plain), grpc.StatusCode.UNAVAILABLE)
        stranger = Authority(self.folder, "stranger")
        self.assertEqual(self.get_tenant(self.channel(served.address, stranger.certificate)), grpc.StatusCode.UNAVAILABLE)
        host, port = served.address.split(":")
        before = ssl.get_server_certificate((host, int(port)))
        self.serve_certificate("second")
        daemon.eventually(lambda: ssl.get_server_certificate((host, int(port))) != before, "the new certificate")
        self.assertEqual(self.get_tenant(self.channel(served.address, self.authority.certificate)), grpc.StatusCode.OK)
        shown = subprocess.run(
            [daemon.binary(), "tasks", "--address", served.address, "--ca-file", str(self.authority.certificate)],
            capture_output=True, text=True, check=False)  # fmt: skip
        self.assertEqual(shown.returncode, 0, shown.stderr)

    def test_a_client_has_to_show_a_certificate_of_the_authority(self):
        clients = Authority(self.folder, "clients")
        served = self.start(*self.arguments("--tls-client-ca-file", str(clients.certificate)))
        good = self.channel(served.address, self.authority.certificate, *clients.sign("chat"))
        self.assertEqual(self.get_tenant(good), grpc.StatusCode.OK)
        for shown in ((), self.authority.sign("other")):
            bad = self.channel(served.address, self.authority.certificate, *shown)
            self.assertEqual(self.get_tenant(bad), grpc.StatusCode.UNAVAILABLE)


class Configuration(AccessCase):
    def refusal(self, *arguments):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SLOWWAVE_")}
        environment.update(SLOWWAVE_DATA_DIR=str(self.folder), SLOWWAVE_HTTP_LISTEN="")
        done = subprocess.run([daemon.binary(), "serve", *arguments], env=environment, capture_output=True, text=True,
                              timeout=daemon.PATIENCE_SECONDS, check=False)  # fmt: skip
        self.assertIn(done.returncode, (1, 2))
        return done.stderr

    def test_a_port_for_others_needs_tls_and_tokens_or_an_explicit_word(self):
        self.assertIn("which others can reach", self.refusal("--listen", "0.0.0.0:0"))
        self.assertIn("which others can reach", self.refusal("--listen", "[::]:0", "--auth-tokens-file", "t"))
        served = self.start("--listen", "0.0.0.0:0", "--allow-insecure-listen", "true")
        self.assertTrue(served.is_alive())

    def test_bad_files_are_named_at_start(self):
        one, other = Authority(self.folder, "one"), Authority(self.folder, "other")
        certificate, key = one.sign("served")
        _, wrong = other.sign("wrong")
        text = self.folder / "text"
        text.write_text("nothing", encoding="utf-8")
        for arguments, says in (
            (("--tls-cert-file", str(certificate)), "both, or neither"),
            (("--tls-client-ca-file", str(certificate)), "needs tls.cert_file"),
            (("--tls-cert-file", str(certificate), "--tls-key-file", str(wrong)), "is not the key of"),
            (("--tls-cert-file", str(text), "--tls-key-file", str(key)), "holds no certificate"),
            (("--tls-cert-file", str(certificate), "--tls-key-file", "/nowhere"), "/nowhere cannot be read"),
            (("--auth-tokens-file", str(text)), "is not a list"),
            (("--auth-tokens-file", "/nowhere"), "cannot be read"),
            (("--auth-jwt-keys-file", str(text)), "needs auth.jwt.issuer"),
            (("--auth-jwt-issuer", "somebody"), "need auth.jwt.keys_file"),
            (("--auth-jwt-keys-file", str(key), "--auth-jwt-issuer", "i", "--auth-jwt-audience", "a"), "private key"),
            (("--auth-jwt-keys-file", "/nowhere", "--auth-jwt-issuer", "i", "--auth-jwt-audience", "a"), "cannot be read"),
        ):
            with self.subTest(arguments):
                self.assertIn(says, self.refusal("--listen", "127.0.0.1:0", *arguments))


if __name__ == "__main__":
    unittest.main()
