"""Templates: which of WhatsApp's is sent in place of a message of ours, and with what in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mentorkit.domain.messages import PLACEHOLDERS, Message
from mentorkit.hooks import Health

LONGEST = 900
"""Characters of what stands in one place; the whole body of a template has 1,024."""
OWN = ("subject", "body", "reply")
"""What may stand in a place beside our placeholders."""
MOST_BUTTONS = 10
_LINE = re.compile(r"(\S+) (\S+) = ([a-z0-9_]{1,512}) ([A-Za-z_]{2,10})(?:: *(.*))?")
_BUTTONS = re.compile(r"buttons:(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """One line of the settings: for which message and language, and what is sent then.

    `places` are what stands in the template's places, in order: the name of each ("" where they
    are numbered) and of what we put there. `buttons` is how many quick replies it has.
    """

    ours: str
    locale: str
    name: str
    language: str
    places: Sequence[tuple[str, str]]
    buttons: int = 0

    def filled(self, message: Message, payloads: Sequence[str]) -> dict[str, Any]:
        """Return what WhatsApp is sent for a message; `payloads` are what its buttons carry."""
        own = {"subject": message.subject, "body": message.body, "reply": message.reply}
        texts = {**message.params, **own}
        body = [
            {
                "type": "text",
                **({"parameter_name": name} if name else {}),
                "text": _plain(str(texts.get(what, ""))),
            }
            for name, what in self.places
        ]
        parts: list[dict[str, Any]] = [{"type": "body", "parameters": body}] if body else []
        parts += [
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": str(index),
                "parameters": [{"type": "payload", "payload": payload}],
            }
            for index, payload in enumerate(payloads[: self.buttons])
        ]
        told: dict[str, Any] = {"name": self.name, "language": {"code": self.language}}
        return {"type": "template", "template": {**told, "components": parts}}


def parsed(line: str) -> Template:
    """Return what a line says; raise ValueError with what to write instead."""
    found = _LINE.fullmatch(" ".join(line.split()))
    if found is None:
        raise ValueError("write it as: proposal_offered en = mentor_offer en_US: person mentor")
    ours, locale, name, language, rest = found.groups()
    places, buttons = [], 0
    for word in (rest or "").split():
        if counted := _BUTTONS.fullmatch(word):
            buttons = int(counted[1])
            continue
        called, _, what = word.rpartition("=")
        if what not in (*PLACEHOLDERS, *OWN):
            raise ValueError(f"{what!r} is none of {', '.join((*PLACEHOLDERS, *OWN))}")
        places.append((called, what))
    if buttons > MOST_BUTTONS:
        raise ValueError(f"a template has {MOST_BUTTONS} buttons at most")
    return Template(
        ours=ours, locale=locale, name=name, language=language, places=tuple(places),
        buttons=buttons,
    )  # fmt: skip


def look(lines: Iterable[str]) -> Health:
    """Look whether each line can be read."""
    wrong, count = [], 0
    for count, line in enumerate(lines, 1):
        try:
            parsed(line)
        except ValueError as error:
            wrong.append(f"line {count}: {error}")
    if wrong:
        return Health(
            ok=False, message="; ".join(wrong), hint="Mend `templates` in the plugin's settings."
        )
    if not count:
        told = "There are none: only whoever has written within a day is written to."
        return Health(ok=True, message=told)
    return Health(ok=True, message=f"There are {count}.")


def fitting(lines: Iterable[str], message: Message) -> Template | None:
    """Return the template for a message in its reader's language; ``*`` stands for any."""
    known: Mapping[tuple[str, str], Template] = {
        (one.ours, one.locale): one for one in map(parsed, lines)
    }
    locales = (message.locale, message.locale.split("-")[0], "*")
    wanted = [(ours, locale) for ours in (message.template, "*") for locale in locales]
    return next((known[one] for one in wanted if one in known), None)


def _plain(text: str) -> str:
    """Return a text as a place takes it: on one line, and never empty."""
    flat = " ".join(text.split()) or "-"
    return flat if len(flat) <= LONGEST else f"{flat[: LONGEST - 1]}…"
