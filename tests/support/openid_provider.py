"""Providers of OpenID Connect on loopback: one that others wrote, as a process, and one that misbehaves as told."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from deploy.local.ports import free_port
from tests.support.parts import eventually


@contextmanager
def foreign_provider(log: Path, *users: Mapping[str, Any], host: str = "127.0.0.1") -> Iterator[str]:
    """The address of oidc-provider-mock, where anybody may sign in as anybody."""
    port = free_port()
    command = [
        sys.executable,
        "-W",
        "ignore",
        "-m",
        "oidc_provider_mock",
        "-H",
        host,
        "-p",
        str(port),
        "--no-refresh-token",
    ]
    for user in users:
        command += ["--user-claims", json.dumps(user)]
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env={**os.environ})
    try:
        address = f"http://{host}:{port}"
        eventually(lambda: _answers(process, address, log), "the provider answers")
        yield address
    finally:
        process.terminate()
        process.wait()


def _answers(process: subprocess.Popen[bytes], address: str, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return httpx.get(f"{address}/.well-known/openid-configuration", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


Twist = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Provider:
    """A provider that checks PKCE, and whose ID tokens are as a test wants them."""

    client_id: str = "panke"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "p1", "use": "sig"}))
    claims: dict[str, Any] = field(default_factory=dict)
    twist: Twist = field(default=lambda claims: claims)
    encode: Callable[[Provider, dict[str, Any]], str] | None = None
    iss: str | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    address: str = ""

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "authorization_response_iss_parameter_supported": True,
        }

    def authorized(self, query: Mapping[str, str]) -> str:
        """Where the browser is sent, with a code."""
        code = base64.urlsafe_b64encode(os.urandom(12)).decode()
        self.codes[code] = dict(query)
        told = {"code": code, "state": query["state"], "iss": self.iss or self.address}
        return f"{query['redirect_uri']}?{urlencode(told)}"

    def token(self, form: Mapping[str, str]) -> dict[str, Any] | None:
        """The answer to a code, once, and only with the verifier of its challenge."""
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None:
            self.failures.append("code")
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            self.failures.append("challenge")
            return None
        now = int(time.time())
        claims = {
            "iss": self.address, "aud": self.client_id, "sub": "s-1", "nonce": asked["nonce"],
            "iat": now, "exp": now + 300, **self.claims,
        }  # fmt: skip
        claims = self.twist(claims)
        encode = self.encode or Provider.signed
        return {"access_token": "x", "token_type": "Bearer", "id_token": encode(self, claims)}

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "p1"}, claims, self.key)

    def unsigned(self, claims: dict[str, Any]) -> str:
        return f"{_part({'alg': 'none'})}.{_part(claims)}."

    def symmetric(self, claims: dict[str, Any]) -> str:
        secret = OctKey.import_key(self.key.as_pem(private=False))
        return jwt.encode({"alg": "HS256", "kid": "p1"}, claims, secret, algorithms=["HS256"])

    def foreign(self, claims: dict[str, Any]) -> str:
        other = RSAKey.generate_key(2048, {"kid": "p1"})
        return jwt.encode({"alg": "RS256", "kid": "p1"}, claims, other)


def _part(document: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


@contextmanager
def own_provider(**chosen: Any) -> Iterator[Provider]:
    """A provider of the test's own, served meanwhile."""
    provider = Provider(**chosen)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if parts.path == "/authorize":
                self.send_response(302)
                self.send_header("location", provider.authorized(query))
                self.end_headers()
            elif parts.path == "/jwks":
                self._json({"keys": [provider.key.as_dict(private=False)]})
            else:
                self._json(provider.discovery())

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"])).decode()
            told = provider.token({name: values[0] for name, values in parse_qs(raw).items()})
            self._json(told or {"error": "invalid_grant"}, 200 if told else 400)

        def _json(self, document: Any, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
