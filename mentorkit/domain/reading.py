"""Reading what people write: a table of checks for each thing, and everything wrong told at once.

A check returns the value as it is kept, or raises ValueError with what to write instead. It may
also look inside: then it tells at the places there, and raises `Told`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from typing import Any

from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.domain.text import text
from mentorkit.errors import Problem


class Told(ValueError):
    """There is no value, and everything that is wrong with it has been told."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands in what was given, and the list that every problem goes onto."""

    name: str
    problems: list[Problem]

    def wrong(self, message: str) -> None:
        self.problems.append(Problem(self.name, message))

    def inside(self, key: str | int) -> Place:
        if isinstance(key, int):
            return Place(f"{self.name}[{key}]", self.problems)
        return Place(f"{self.name}.{key}" if self.name else key, self.problems)

    def only(self, data: Any, known: Collection[str], they: str) -> None:
        """Refuse what is no table, and tell of its unknown keys; `they` leads up to the known."""
        if not isinstance(data, Mapping):
            raise ValueError("write a table")
        for extra in sorted(set(data) - set(known)):
            self.inside(extra).wrong(f"unknown; {they} {', '.join(known)}")

    def read(self, data: Mapping[Any, Any], checks: Mapping[Any, Check]) -> dict[Any, Any]:
        """Return what is given and passes its check, by key, in the order of the checks."""
        values = {}
        for key in checks:
            if key in data:
                here = self.inside(key)
                try:
                    values[key] = checks[key](data[key], here)
                except Told:
                    pass
                except ValueError as error:
                    here.wrong(str(error))
        return values

    def read_whole(self, data: Mapping[Any, Any], checks: Mapping[Any, Check]) -> dict[Any, Any]:
        """Do the same, but raise `Told` when anything that is given does not pass."""
        values = self.read(data, checks)
        if len(values) < sum(key in data for key in checks):
            raise Told
        return values


Check = Callable[[Any, Place], Any]
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_EITHER = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")
"""What is one number to some, and a thousand times as much to others."""
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3}){2,}(\.\d+)?|[+-]?[1-9]\d{0,2},\d{3}\.\d+")
"""What has commas that part thousands, and can mean nothing else."""


def number(typed: str) -> int | float:
    """Return the number that somebody has typed; raise ValueError with what to write instead.

    Decimals follow a point or a comma, and commas may part thousands where they can be nothing
    else: ``1,200.50``, ``1,234,567``. ``1,234`` is refused: nobody knows which number it is. What
    only a machine takes for one is none: ``1_000``, ``nan``, ``inf``, and what is as large.
    """
    told = pointed(typed)
    if not _NUMBER.fullmatch(told) or math.isinf(float(told)):
        raise ValueError(f"write digits, such as 12 or 3.5; {typed!r} is not a number")
    return int(told) if told.lstrip("+-").isdecimal() else float(told)


def pointed(typed: str) -> str:
    """Return what was typed with a point for its comma; raise ValueError where that is a guess."""
    told = typed.strip()
    point = told.replace(",", ".", 1)
    if _EITHER.fullmatch(told):
        whole = told.replace(",", "")
        raise ValueError(f"{typed!r} may be {whole} or {point}; write one of these two")
    if _THOUSANDS.fullmatch(told):
        return told.replace(",", "")
    return told if "." in told else point


def take(data: Any, check: Check, place: str) -> tuple[Any, list[Problem]]:
    """Return what `data` stands for (None: cannot be read), and everything wrong with it."""
    whole = Place("", [])
    return whole.read({place: data}, {place: check}).get(place), whole.problems


def fits(
    test: Callable[[Any], bool], otherwise: str, keep: Callable[[Any], Any] = lambda value: value
) -> Check:
    """Make a check of a test and what to write `otherwise`."""

    def check(value: Any, at: Place) -> Any:
        if not test(value):
            raise ValueError(otherwise)
        return keep(value)

    return check


def a(kind: type, otherwise: str) -> Check:
    return fits(lambda value: isinstance(value, kind), otherwise)


def one_of(choices: tuple[str, ...], otherwise: str = "") -> Check:
    return fits(lambda value: value in choices, otherwise or f"write one of {', '.join(choices)}")


def whole(low: int, high: int) -> Check:
    return fits(
        lambda value: type(value) is int and low <= value <= high,
        f"write a whole number from {low} to {high}",
    )


def is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def blocks(check: Check, each: str = "each", own: str = "", twice: str = "") -> Check:
    """Make a check of a list of tables; `twice` tells of a second one with the same `own` key."""

    def check_all(value: Any, at: Place) -> tuple[Any, ...]:
        if not is_list(value):
            raise ValueError(f"write one [[{at.name}]] block for {each}")
        made: list[Any] = []
        seen: set[str] = set()
        for index, entry in enumerate(value):
            name = entry.get(own) if own and isinstance(entry, Mapping) else None
            if name is not None and str(name) in seen:
                at.inside(index).inside(own).wrong(twice)
            seen.add(str(name))
            made += at.read({index: entry}, {index: check}).values()
        return tuple(made)

    return check_all


def where_given(problem: Problem, told: Collection[str]) -> Problem:
    """Return a problem with an entry of a list, found where the entries told of were left out.

    ``rules[0]`` is ``rules[1]`` where the first could not be read.
    """
    found = re.match(r"([^\[]*)\[(\d+)\](.*)", problem.place)
    if found is None:
        return problem
    index = int(found[2])
    for gone in sorted(
        int(at[1]) for place in told
        if (at := re.fullmatch(re.escape(found[1]) + r"\[(\d+)\]", place))
    ):  # fmt: skip
        index += gone <= index
    return Problem(f"{found[1]}[{index}]{found[3]}", problem.message)


def section(checks: Mapping[str, Check], they: str) -> Check:
    """Make a check of a table with these keys."""

    def check(data: Any, at: Place) -> Frozen:
        at.only(data, checks, they)
        return Frozen(at.read(data, checks))

    return check


def each(check: Check) -> Callable[[Any, Place], Frozen]:
    """Make a check of a table with any keys, every value of which passes this one."""
    return lambda data, at: Frozen(at.read(table(data, at), dict.fromkeys(data, check)))


def is_text(value: Any) -> bool:
    """Return whether this is a text, or a table of one for each language."""
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(one, str) for one in value.values())
    return isinstance(value, str)


_ROLES = (("mentee", "mentor"), ("mentor", "mentee"), ("mentee",), ("mentor",))
LANGUAGES = 'write a text, or one for each language: { en = "..." }'
roles = fits(
    lambda value: is_list(value) and tuple(value) in _ROLES,
    'write ["mentee"], ["mentor"] or both',
    tuple,
)
table = fits(lambda value: isinstance(value, Mapping), "write a table", Frozen)


def texts(value: Any, at: Place) -> Frozen:
    """Check a text that may be empty, in one language or several."""
    if value in ("", {}):
        return Frozen()
    if not is_text(value):
        raise ValueError(LANGUAGES)
    return text(value)


def dump(value: Any) -> dict[str, Any]:
    """Return a dataclass as plain data that reads back to it; None and empty texts are left out."""
    dumped = {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    return {key: one for key, one in dumped.items() if one not in (None, "", {})}


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return dump(value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else thaw(value)
