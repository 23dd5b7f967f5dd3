"""Telegram on this machine: it answers as its documentation says, or as a test tells it to."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN, SECRET = "123456:AAH-x_y", "a-secret-of-the-webhook"
SETTINGS: dict[str, Any] = {
    "bot": "soko_bot",
    "token": {"$env": "TELEGRAM_TOKEN"},
    "secret": {"$env": "TELEGRAM_SECRET"},
}
Answer = tuple[int, dict[str, str], str]


def refused(status: int, description: str, **parameters: Any) -> Answer:
    told: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        told["parameters"] = parameters
    return status, {}, json.dumps(told)


@dataclass
class Vendor:
    """What was sent, oldest first, and what it answers in place of yes, to a chat or to all.

    ``"hang"`` says nothing for a while, and ``"drop"`` hangs up.
    """

    port: int
    answer: Answer | str | None = None
    chats: dict[int, Answer] = field(default_factory=dict)
    sent: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def settings(self) -> dict[str, Any]:
        return {**SETTINGS, "address": f"http://127.0.0.1:{self.port}", "timeout": 1}

    def last(self, chat: int) -> dict[str, Any]:
        """Return what was sent last to a chat: its text, and its buttons by their words."""
        one = next(one for one in reversed(self.sent) if one["chat_id"] == chat)
        rows = one.get("reply_markup", {}).get("inline_keyboard", [])
        return {
            "text": one["text"],
            "buttons": {each["text"]: each["callback_data"] for row in rows for each in row},
        }

    def answered(self, method: str, fields: dict[str, Any]) -> Answer | str:
        if self.answer is not None:
            return self.answer
        if method != "sendMessage":
            return 200, {}, json.dumps({"ok": True, "result": True})
        chat = fields["chat_id"]
        if chat in self.chats:
            return self.chats[chat]
        if not fields["text"]:
            return refused(400, "Bad Request: message text is empty")
        if len(fields["text"].encode("utf-16-le")) // 2 > 4096:
            return refused(400, "Bad Request: message is too long")
        self.sent.append(fields)
        result = {
            "message_id": len(self.sent), "date": 1441645532, "text": fields["text"],
            "from": {"id": 123456, "is_bot": True, "first_name": "Soko", "username": "soko_bot"},
            "chat": {"id": chat, "first_name": "Ana", "type": "private"},
        }  # fmt: skip
        return 200, {}, json.dumps({"ok": True, "result": result})


@contextmanager
def serving() -> Iterator[Vendor]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            vendor.asked.append((self.path, fields))
            answer = vendor.answered(self.path.rpartition("/")[2], fields)
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


def user(id: int, language: str = "en") -> dict[str, Any]:
    return {"id": id, "is_bot": False, "first_name": "Ana", "language_code": language}


def written(
    id: int, text: str, update: int, *, kind: str = "private", language: str = "en"
) -> dict[str, Any]:
    """A message to the bot, as an update brings it."""
    message = {
        "message_id": 1365, "date": 1441645532, "text": text, "from": user(id, language),
        "chat": {"id": id, "first_name": "Ana", "type": kind},
    }  # fmt: skip
    return {"update_id": update, "message": message}


def pressed(id: int, data: str, query: str, *, kind: str = "private") -> dict[str, Any]:
    """A press of a button below a message of the bot's."""
    message = {
        "message_id": 1, "date": 1441645532, "text": "Hello", "from": user(123456),
        "chat": {"id": id, "first_name": "Ana", "type": kind},
    }  # fmt: skip
    pressing = {
        "id": query, "from": user(id), "message": message, "chat_instance": "-1", "data": data,
    }  # fmt: skip
    return {"update_id": 90, "callback_query": pressing}
