"""Twilio on this machine: it answers as its documentation says, or as a test tells it to."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

from mentorkit_twilio.api import signature

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
TOKEN = "12345"
SECRET = {"$env": "TWILIO_AUTH_TOKEN"}
SENDER = "+15017122661"
HANG = 3.0
"""Seconds for which it says nothing when it is to hang; longer than the tests wait."""


def created(sid: str, form: dict[str, str]) -> dict[str, Any]:
    """What Twilio answers to a message that it has taken (shape of the Message resource)."""
    return {
        "account_sid": ACCOUNT,
        "api_version": "2010-04-01",
        "body": form["Body"],
        "date_created": "Thu, 24 Aug 2023 05:01:45 +0000",
        "date_sent": None,
        "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000",
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": form.get("From"),
        "messaging_service_sid": form.get("MessagingServiceSid"),
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "sid": sid,
        "status": "queued",
        "subresource_uris": {"media": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}/Media.json"},
        "to": form["To"],
        "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{sid}.json",
    }


def refused(code: int, status: int = 400) -> tuple[int, dict[str, str], str]:
    """What Twilio answers to what it refuses; the message quotes what was sent."""
    told = {
        "code": code,
        "message": "The 'To' number +254700000001 is not a valid phone number.",
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return status, {"Content-Type": "application/json"}, json.dumps(told)


@dataclass
class Vendor:
    """What arrived, oldest first, and what is answered in place of yes: status, headers, body.

    ``"hang"`` says nothing for a while, ``"drop"`` hangs up; a function is asked about the form.
    """

    port: int
    answer: Any = None
    taken: list[dict[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "account": ACCOUNT,
            "token": SECRET,
            "sender": SENDER,
            "address": f"http://127.0.0.1:{self.port}",
            "timeout": 1,
        }

    def last(self, to: str) -> str:
        """Return what was sent last to a number; "" for nothing."""
        return next((one["Body"] for one in reversed(self.taken) if one["To"] == to), "")


@contextmanager
def serving() -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            form = dict(parse_qsl(self.rfile.read(size).decode(), keep_blank_values=True))
            vendor.asked.append((self.path, self.headers.get("Authorization", "")))
            if vendor.answer == "hang":
                vendor.over.wait(HANG)
                return
            if vendor.answer == "drop":
                self.connection.close()
                return
            answer = vendor.answer(form) if callable(vendor.answer) else vendor.answer
            if isinstance(answer, tuple):
                status, headers, body = answer
            else:
                vendor.taken.append(form)
                sid = f"SM{len(vendor.taken):032x}"
                status, headers, body = 201, {}, json.dumps(created(sid, form))
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


def incoming(
    sender: str, text: str, sid: str, url: str, *, token: str = TOKEN, **more: str
) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a message that comes in, as Twilio sends them."""
    form = {
        "ToCountry": "US",
        "ToState": "CA",
        "SmsMessageSid": sid,
        "NumMedia": "0",
        "ToCity": "",
        "FromZip": "",
        "SmsSid": sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": text,
        "FromCountry": "KE",
        "To": SENDER,
        "ToZip": "",
        "NumSegments": "1",
        "MessageSid": sid,
        "AccountSid": ACCOUNT,
        "From": sender,
        "ApiVersion": "2010-04-01",
        **more,
    }
    return signed(form, url, token)


def status_of(
    sid: str, status: str, url: str, *, token: str = TOKEN, **more: str
) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of a status callback, as Twilio sends them."""
    form = {
        "SmsSid": sid,
        "SmsStatus": status,
        "MessageStatus": status,
        "To": "+254700000001",
        "MessageSid": sid,
        "AccountSid": ACCOUNT,
        "From": SENDER,
        "ApiVersion": "2010-04-01",
        **{name: value for name, value in more.items() if value},
    }
    return signed(form, url, token)


def signed(form: dict[str, str], url: str, token: str) -> tuple[bytes, dict[str, str]]:
    headers = {
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "X-Twilio-Signature": signature(token, url, list(form.items())).decode(),
        "User-Agent": "TwilioProxy/1.1",
    }
    return urlencode(form).encode(), headers


def basic() -> str:
    return "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
