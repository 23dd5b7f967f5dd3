"""Columns of texts, as a store gives them: each distinct one is read once, however many gave it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from mentorkit.domain.frozen import freeze

MANY = 256
"""Of more distinct answers than this, sets are told by their members."""
_MEMBER = re.compile(r'"[^"\\]*"|-?[0-9]+')


class Sets(NamedTuple):
    """Sets by their members: each set's are so many of `members`, places among the `options`."""

    options: list[Any]
    members: Sequence[int]
    counts: list[int]


Coded = tuple[Sequence[int], Sequence[Any]]
"""For each row the place of its value among the distinct ones, and these."""


class _Numbered(dict[Any, int]):
    """Numbers each key as it is first asked for: so a column is gone through once."""

    def __missing__(self, key: Any) -> int:
        number = self[key] = len(self)
        return number


def coded(column: Sequence[Any]) -> Coded:
    """Return values by their place among the distinct ones."""
    known = _Numbered()
    return list(map(known.__getitem__, column)), list(known)


def parsed(column: Sequence[str | None], *, paired: bool = False) -> tuple[Sequence[int], Any]:
    """Return what texts of JSON say, as `coded` does; of many sets, `Sets` of them.

    `paired` texts tell an answer beside a null (``[7,null]``). Where nearly all differ, the same
    answer may be there twice.
    """
    codes: Sequence[int] = range(len(column))
    texts: Sequence[str | None] = column
    if len(set(column[:MANY])) <= MANY * 3 // 4:
        codes, texts = coded(column)
    plain = ["null" if text is None else text for text in texts]
    return codes, _read([text[1 : -len(",null]")] for text in plain] if paired else plain)


def _read(texts: Sequence[str]) -> list[Any] | Sets:
    found = _sets(texts) if len(texts) > MANY else None
    return found or list(map(freeze, json.loads(f"[{','.join(texts)}]")))


def _sets(texts: Sequence[str]) -> Sets | None:
    """Return lists of plain texts or whole numbers, each of which is read once; else None."""
    if {text[0] for text in texts} - {"[", "n"}:
        return None
    lists = ["" if text == "null" else text[1:-1] for text in texts]
    first: str = next(filter(None, lists), "0")
    if not all(map(_MEMBER.fullmatch, first.split(","))):
        return None  # a vector, for one: there are many, and long
    members = ",".join(filter(None, lists)).split(",")
    numbers, known = coded(members)
    if not all(map(_MEMBER.fullmatch, known)):
        return None  # a comma inside a text, for one
    counts = [one.count(",") + 1 if one else 0 for one in lists]
    return Sets(json.loads(f"[{','.join(known)}]"), numbers, counts)


def spread(column: tuple[Iterable[int], Any]) -> list[Any]:
    """Return every row's value."""
    codes, values = column
    if isinstance(values, Sets):
        at, sets = 0, []
        for size in values.counts:
            members = values.members[at : at + size]
            sets.append(tuple(values.options[one] for one in members) or None)
            at += size
        values = sets
    return [values[code] for code in codes]
