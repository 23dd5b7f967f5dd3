"""Slack on this machine: it answers as its documentation says, or as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode

from mentorkit_slack.api import signature

TOKEN, SECRET = "xoxb-1", "8f742231b10e8888abcd99yyyzzz85a5"
USERS = {"ana@example.org": "U0ANA", "cleo@example.org": "U0CLEO"}
SETTINGS: dict[str, Any] = {
    "token": {"$env": "SLACK_TOKEN"},
    "signing_secret": {"$env": "SLACK_SIGNING_SECRET"},
}
Answer = tuple[int, dict[str, str], str]


def refused(error: str, status: int = 200, **headers: str) -> Answer:
    return status, headers, json.dumps({"ok": False, "error": error})


@dataclass
class Vendor:
    """What was posted, oldest first, and what a method answers in place of yes.

    ``"hang"`` says nothing for a while, and ``"drop"`` hangs up.
    """

    port: int
    answers: dict[str, Answer | str] = field(default_factory=dict)
    posted: list[dict[str, str]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def settings(self) -> dict[str, Any]:
        return {**SETTINGS, "address": f"http://127.0.0.1:{self.port}", "timeout": 1}

    def last(self, user: str) -> dict[str, Any]:
        """Return what was posted last to somebody: its text, and its buttons by their words."""
        one = next(one for one in reversed(self.posted) if one["channel"] == user)
        section, *actions = json.loads(one["blocks"])
        buttons = [button for block in actions for button in block["elements"]]
        return {
            "text": section["text"]["text"],
            "buttons": {button["text"]["text"]: button["value"] for button in buttons},
        }

    def answer(self, method: str, form: dict[str, str]) -> Answer | str:
        if method in self.answers:
            return self.answers[method]
        if method == "users.lookupByEmail":
            user = USERS.get(form["email"])
            if user is None:
                return refused("users_not_found")
            return 200, {}, json.dumps({"ok": True, "user": {"id": user, "team_id": "T1"}})
        self.posted.append(form)
        ts = f"1503435956.{len(self.posted):06}"
        told = {"ok": True, "channel": "D1", "ts": ts, "message": {"text": form["text"]}}
        return 200, {}, json.dumps(told)


@contextmanager
def serving() -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            form = dict(parse_qsl(self.rfile.read(size).decode(), keep_blank_values=True))
            vendor.asked.append((self.path, self.headers.get("Authorization", "")))
            answer = vendor.answer(self.path.removeprefix("/api/"), form)
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


def signed(body: bytes, kind: str, at: float, secret: str = SECRET) -> dict[str, str]:
    """Return the headers with which Slack sends a body."""
    stamp = str(int(at))
    return {
        "Content-Type": kind,
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature(secret, stamp, body).decode(),
    }


def written(user: str, text: str, id: str, **more: Any) -> bytes:
    """A message to the app, as the Events API brings it."""
    event = {
        "type": "message", "channel": "D1", "channel_type": "im", "user": user, "text": text,
        "ts": "1355517523.000005", "event_ts": "1355517523.000005", "team": "T1", **more,
    }  # fmt: skip
    told = {
        "token": "old", "team_id": "T1", "api_app_id": "A1", "event": event,
        "type": "event_callback", "event_id": id, "event_time": 1355517523, "authorizations": [],
    }  # fmt: skip
    return json.dumps(told).encode()


def pressed(user: str, value: str, at: str) -> bytes:
    """A press of a button, as it comes to the address for interactions."""
    told = {
        "type": "block_actions", "team": {"id": "T1"}, "user": {"id": user, "team_id": "T1"},
        "api_app_id": "A1", "container": {"type": "message", "message_ts": "1503435956.000001"},
        "trigger_id": "12321423423.333649436676.d8c1bb837935619ccad0f624c448ffb3",
        "channel": {"id": "D1", "name": "directmessage"},
        "response_url": "https://hooks.slack.com/actions/1",
        "actions": [
            {
                "action_id": "reply_1", "block_id": "=qXel", "type": "button", "value": value,
                "text": {"type": "plain_text", "text": "Yes"}, "action_ts": at,
            }
        ],
    }  # fmt: skip
    return urlencode({"payload": json.dumps(told)}).encode()
