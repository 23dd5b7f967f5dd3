"""A push service on this machine, with browsers: it answers as RFC 8030 says, or as a test does."""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
"""The private key of RFC 8291's example, appendix A, which everybody knows."""
SETTINGS: dict[str, Any] = {"key": {"$env": "WEBPUSH_KEY"}, "contact": "mailto:team@example.org"}
Answer = tuple[int, dict[str, str]]


def text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def data(written: str) -> bytes:
    return base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))


@dataclass
class Browser:
    """What a browser makes when somebody allows notifications, and alone can read."""

    endpoint: str
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    answer: Answer | str = (201, {})
    headers: list[dict[str, str]] = field(default_factory=list)
    shown: list[dict[str, Any]] = field(default_factory=list)

    @property
    def form(self) -> dict[str, str]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "p256dh": text(point), "auth": text(self.auth)}

    def take(self, body: bytes) -> None:
        told = http_ece.decrypt(
            body, private_key=self.key, auth_secret=self.auth, version="aes128gcm"
        )
        self.shown.append(json.loads(told))


def claims(header: str) -> dict[str, Any]:
    """Return what the sender claims, once its signature has been checked (RFC 8292)."""
    assert header.startswith("vapid t=")
    token, _, public = header.removeprefix("vapid t=").partition(", k=")
    signed, _, signature = token.rpartition(".")
    raw = data(signature)
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data(public))
    key.verify(encode_dss_signature(r, s), signed.encode(), ec.ECDSA(hashes.SHA256()))
    head, body = (json.loads(data(part)) for part in signed.split("."))
    assert head == {"typ": "JWT", "alg": "ES256"}
    return {**body, "key": public}


@dataclass
class Vendor:
    """The push service: its browsers, by the path of each. ``"hang"`` and ``"drop"`` are silent."""

    port: int
    browsers: dict[str, Browser] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> dict[str, Any]:
        return {**SETTINGS, "services": ["127.0.0.1"], "timeout": 1}

    def browser(self) -> Browser:
        path = f"/push/{len(self.browsers)}"
        self.browsers[path] = made = Browser(f"{self.origin}{path}")
        return made

    def answered(self, path: str, headers: dict[str, str], body: bytes) -> Answer | str:
        browser = self.browsers[path]
        browser.headers.append(headers)
        if browser.answer == (201, {}):
            if len(body) > 4_096:
                return 413, {}
            if claims(headers["Authorization"])["aud"] != self.origin:
                return 403, {}
            browser.take(body)
        return browser.answer


@contextmanager
def serving() -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = vendor.answered(self.path, dict(self.headers), body)
            if answer == "hang":
                vendor.over.wait(3)
                return
            if isinstance(answer, str):
                self.connection.close()
                return
            status, headers = answer
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    vendor = Vendor(port=server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield vendor
    finally:
        vendor.over.set()
        server.shutdown()
        server.server_close()
        thread.join()
