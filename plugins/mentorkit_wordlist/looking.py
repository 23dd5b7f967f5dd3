"""Looks for words, phone numbers and addresses in what somebody wrote, in any spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable

KINDS = {
    "phone": re.compile(r"(?:\+|\b00|\b)\d(?:[\s().\-/]{0,3}\d){6,}"),
    "email": re.compile(r"\S@\S+\.\S|\S\s*[(\[]\s*(?:at|@)\s*[)\]]\s*\S"),
    "link": re.compile(
        r"\b(?:https?://|www\.)\S|\b[\w-]+\.(?:com|org|net|info|io|me|co|ly|app|shop|site|biz)\b"
        r"|\b[\w-]+\.[a-z]{2,}/\S"
    ),
}
"""What is looked for besides words, by the code that staff see."""
_LANGUAGE = re.compile(r"([a-z]{2,3}(?:-\w+)?):\s*(\S.*)", re.DOTALL)
_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d\d?[./]\d\d?[./]\d{4}\b")


def found(text: str, locale: str, words: Iterable[str], kinds: Collection[str]) -> str:
    """Return the code of what a text holds (``word``, or one of `KINDS`); "" if it may pass."""
    plain = folded(text)
    for entry in words:
        language, word = _of_language(entry)
        if language and language not in (locale.casefold(), locale.split("-")[0].casefold()):
            continue
        spelled = r"\W*\s\W*".join(re.escape(part) for part in folded(word).split())
        if spelled and re.search(rf"(?<!\w){spelled}(?!\w)", plain):
            return "word"
    dateless = _DATE.sub(" ", plain)
    return next((kind for kind in KINDS if kind in kinds and KINDS[kind].search(dateless)), "")


def _of_language(entry: str) -> tuple[str, str]:
    """Return the language for which an entry holds ("" for all), and the word or phrase."""
    told = _LANGUAGE.fullmatch(entry.strip())
    return (told[1].casefold(), told[2]) if told else ("", entry)


def folded(text: str) -> str:
    """Return a text without case, accents, and characters that nobody sees."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in apart if unicodedata.category(c) not in ("Mn", "Cf"))
