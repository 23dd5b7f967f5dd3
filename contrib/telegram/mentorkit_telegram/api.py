"""Speaks with Telegram: calls the Bot API, and makes sure that a request came from there."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from mentorkit.domain.messages import RetryLater, Undeliverable
from mentorkit.hooks import Inbound
from mentorkit.http import send_to

FORBIDDEN = {"blocked": "telegram.blocked", "deactivated": "telegram.deactivated"}
"""Words of a refusal (403) -> why; any other is ``telegram.forbidden``."""
NOT_THERE = ("chat not found", "peer_id_invalid", "user not found")
"""Words of a refusal (400) that say that there is no such chat."""
HEADER = "x-telegram-bot-api-secret-token"


class Moved(Exception):
    """Raised where a chat has another id now (a group that became a supergroup)."""

    def __init__(self, chat: int) -> None:
        super().__init__("the chat has another id")
        self.chat = chat


def call(settings: Mapping[str, Any], method: str, fields: Mapping[str, Any]) -> Any:
    """Call a method of the Bot API and return its result.

    Raises `Undeliverable` where the chat is gone, the bot is blocked there, or Telegram never takes
    this message, and `Moved` where the chat has another id. What passes, or is for the deployer to
    mend (the token), is `RetryLater`, for as long as Telegram says.

    (https://core.telegram.org/bots/api#making-requests)
    """
    answer = send_to(
        f"{settings['address'].rstrip('/')}/bot{settings['token']}/{method}",
        body=json.dumps(fields).encode(),
        headers={"Content-Type": "application/json"},
        timeout=settings["timeout"],
    )
    told = read(answer.body)
    if answer.status == 200 and told.get("ok") is True:
        return told.get("result")
    refused = told.get("ok") is False
    words, more = str(told.get("description", "")).lower(), told.get("parameters")
    more = more if isinstance(more, dict) else {}
    if refused and answer.status == 400:
        if isinstance(more.get("migrate_to_chat_id"), int):
            raise Moved(more["migrate_to_chat_id"])
        gone = any(one in words for one in NOT_THERE)
        raise Undeliverable("telegram.chat_not_found" if gone else "telegram.refused")
    if refused and answer.status == 403:
        why = (code for word, code in FORBIDDEN.items() if word in words)
        raise Undeliverable(next(why, "telegram.forbidden"))
    wait = more.get("retry_after")
    seconds = wait if isinstance(wait, int) and wait >= 0 else answer.wait
    raise RetryLater(f"Telegram {answer.status}", seconds=seconds)


def read(body: bytes | str) -> Mapping[str, Any]:
    """Return a JSON object; an empty one for what is none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def update(inbound: Inbound, settings: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what Telegram tells; None for what came without the secret that only it knows.

    (https://core.telegram.org/bots/api#setwebhook)
    """
    told = inbound.headers.get(HEADER, "").encode("utf-8", "replace")
    return read(inbound.body) if hmac.compare_digest(told, settings["secret"].encode()) else None
