"""WhatsApp's Cloud API on this machine: it answers as its documentation says, or as a test says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from mentorkit_whatsapp.api import signature

TOKEN, SECRET, VERIFY = "EAAG-1", "0f3c5e", "made-up-by-us"
NUMBER = "106540352242922"
SETTINGS: dict[str, Any] = {
    "number": NUMBER,
    "token": {"$env": "WHATSAPP_TOKEN"},
    "app_secret": {"$env": "WHATSAPP_APP_SECRET"},
    "verify_token": {"$env": "WHATSAPP_VERIFY_TOKEN"},
    "templates": [
        "proposal_offered en = mentor_offer en_US: person mentor buttons:2",
        "hello * = hello en: person=subject body",
    ],
}
Answer = tuple[int, dict[str, str], str]


def refused(code: int, status: int = 400, **headers: str) -> Answer:
    error = {
        "message": f"(#{code}) Some words", "type": "OAuthException", "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "More words"},
        "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam",
    }  # fmt: skip
    return status, headers, json.dumps({"error": error})


@dataclass
class Vendor:
    """What was sent, oldest first, and what it answers in place of yes, to one kind or to all.

    ``"hang"`` says nothing for a while, and ``"drop"`` hangs up.
    """

    port: int
    answer: Answer | str | None = None
    kinds: dict[str, Answer] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def settings(self) -> dict[str, Any]:
        return {**SETTINGS, "address": f"http://127.0.0.1:{self.port}/v23.0", "timeout": 1}

    def last(self, to: str) -> dict[str, Any]:
        return next(one for one in reversed(self.sent) if one["to"] == to)

    def answered(self, told: dict[str, Any]) -> Answer | str:
        if self.answer is not None:
            return self.answer
        if told["type"] in self.kinds:
            return self.kinds[told["type"]]
        if told["type"] == "text" and not told["text"]["body"]:
            return refused(131008)
        self.sent.append(told)
        answer = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": told["to"], "wa_id": told["to"]}],
            "messages": [{"id": f"wamid.{len(self.sent)}", "message_status": "accepted"}],
        }
        return 200, {}, json.dumps(answer)


@contextmanager
def serving() -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            vendor.asked.append((self.path, self.headers.get("Authorization", "")))
            answer = vendor.answered(told)
            if answer == "hang":
                vendor.over.wait(3)
                return
            if isinstance(answer, str):
                self.connection.close()
                return
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body.encode())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

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


def pushed(number: str = NUMBER, **value: Any) -> bytes:
    """Return what Meta pushes: messages that came in, or states of ours."""
    about = {"display_phone_number": "15550783881", "phone_number_id": number}
    change = {
        "field": "messages",
        "value": {"messaging_product": "whatsapp", "metadata": about, **value},
    }
    entry = {"id": "102290129340398", "changes": [change]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


def message(phone: str, at: float, id: str, kind: str, **told: Any) -> dict[str, Any]:
    return {"from": phone, "id": id, "timestamp": str(int(at)), "type": kind, kind: told}


def pressed(
    phone: str, at: float, id: str, data: str, kind: str = "button_reply"
) -> dict[str, Any]:
    """A press below a message in free words."""
    given = {"type": kind, kind: {"id": data, "title": "Yes"}}
    return {**message(phone, at, id, "interactive", **given), "context": {"id": "wamid.1"}}


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """Return the headers with which Meta sends a body."""
    signing = signature(secret, body).decode()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": signing}
