"""Replies: what a few words that somebody sends back mean; what is not plain means nothing."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from typing import TypeVar

from mentorkit.domain.people import plain

T = TypeVar("T")
YES: Mapping[str, Collection[str]] = {
    "en": ("yes", "y"), "es": ("si",), "fr": ("oui",), "pt": ("sim",), "sw": ("ndiyo", "ndio"),
}  # fmt: skip
NO: Mapping[str, Collection[str]] = {
    "en": ("no", "n"), "es": ("no",), "fr": ("non",), "pt": ("nao",), "sw": ("hapana",),
}  # fmt: skip
SKIP: Mapping[str, Collection[str]] = {"en": ("skip",), "es": ("saltar",), "fr": ("passer",)}
COMMANDS: Mapping[str, Mapping[str, Collection[str]]] = {
    # What carriers in North America take for these is there in every language (CTIA Messaging
    # Principles, 5.1.3, and 47 CFR 64.1200(a)(10)).
    "stop": {
        "en": (
            "stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "revoke",
            "optout", "opt out",
        ),
        "es": ("parar", "alto", "baja"), "fr": ("arret", "arreter"), "pt": ("parar", "sair"),
        "sw": ("acha",),
    },
    "start": {"en": ("start", "unstop")},
    "help": {"en": ("help", "info"), "es": ("ayuda",), "fr": ("aide",), "pt": ("ajuda",)},
}  # fmt: skip
"""What counts on every channel, whatever was asked."""


def folded(text: str) -> str:
    """Return the words of a reply as they are compared: without case, accents and marks.

    Digits of every script become those of ours, so that ``Yes!`` and ``yes`` are one, as are
    ``1)`` and ``١``.
    """
    letters = (str(unicodedata.decimal(one, one)) for one in plain(text))
    return " ".join("".join(one if one.isalnum() else " " for one in letters).split())


def words_in(meaning: Mapping[str, Collection[str]], locale: str) -> set[str]:
    """Return the words for this in somebody's language, and in English."""
    return {*meaning["en"], *meaning.get(locale.split("-")[0], ())}


def command(text: str, locale: str) -> str:
    """Return ``stop``, ``start`` or ``help`` where the whole reply is a word for it; else ""."""
    said = folded(text)
    return next((name for name, by in COMMANDS.items() if said in words_in(by, locale)), "")


def chosen(text: str, options: Mapping[str, T]) -> T | None:
    """Return the value of the option that a reply names, by `folded` word; None if it is unclear.

    Every word has to mean the same: ``yes, 1`` does, ``1 or 2`` and ``yes but not now`` do not.
    """
    said = folded(text)
    if said in options:
        return options[said]
    meant = [options.get(word) for word in said.split()]
    return meant[0] if meant and all(one == meant[0] for one in meant) else None
