"""Profile fields: what a program asks of a person, and how a raw answer becomes a value.

Field and option ids are never reused; labels are text in any number of languages. An unanswered
field is None everywhere: no opinion, never a bad fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast, get_args

from mentorkit.domain.frozen import Frozen
from mentorkit.errors import Problem

FieldKind = Literal["text", "number", "flag", "option", "ordered", "options", "hours", "vector"]
KINDS: tuple[str, ...] = get_args(FieldKind)

TYPES: Mapping[str, type] = {
    "text": str,
    "number": float,
    "flag": bool,
    "option": str,
    "ordered": str,
    "options": tuple,
    "hours": tuple,
    "vector": tuple,
}
"""The Python type of a field's value; `float` fields hold whole numbers too."""

_YES = frozenset({"yes", "y", "true", "1", "on", "x"})
_NO = frozenset({"no", "n", "false", "0", "off"})
_ROLES = (("mentee", "mentor"), ("mentor", "mentee"), ("mentee",), ("mentor",))
_DAYS = {day: index for index, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One profile field. `choices` holds option id -> label, in order (lowest first if ordered).

    `separator` splits a cell that holds several options. An empty `choices` takes any option.
    Kinds: text, number, flag, option (one of), ordered (one of, lowest first), options (several),
    hours (weekly hours, 0 = Monday 00:00 to 167, in UTC), vector (numbers).
    """

    id: str
    kind: FieldKind = "text"
    label: Frozen = field(default_factory=Frozen)
    choices: Frozen = field(default_factory=Frozen)
    required: bool = False
    roles: tuple[str, ...] = ("mentee", "mentor")
    separator: str = ";"

    def parse(self, raw: Any) -> Any:
        """Return the value that `raw` (a cell, a form's answer, JSON) stands for; None if empty.

        Raises ValueError with what to write instead.
        """
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        if self.kind in ("options", "hours", "vector"):
            if not isinstance(raw, (str, list, tuple, set, frozenset)):
                raise ValueError(f"{raw!r} is not a list; write the answers with {self.separator}")
            items = raw.split(self.separator) if isinstance(raw, str) else list(raw)
            values = [item.strip() if isinstance(item, str) else item for item in items]
            values = [value for value in values if value not in ("", None)]
            if not values:
                return None
            if self.kind == "vector":
                return tuple(_number(value) for value in values)
            if self.kind == "hours":
                return tuple(sorted({hour for value in values for hour in _hours(value)}))
            return tuple(dict.fromkeys(self._option(str(value)) for value in values))
        if self.kind in ("option", "ordered"):
            return self._option(str(raw).strip())
        if self.kind == "number":
            return _number(raw)
        if self.kind == "flag":
            return _flag(raw)
        return _text(str(raw).strip())

    def _option(self, answer: str) -> str:
        if not self.choices or answer in self.choices:
            return _text(answer)
        wanted = answer.casefold()
        for option, label in self.choices.items():
            labels = label.values() if isinstance(label, Mapping) else (label,)
            if wanted in (option.casefold(), *(str(one).casefold() for one in labels)):
                return option
        known = ", ".join(list(self.choices)[:12]) + (", ..." if len(self.choices) > 12 else "")
        raise ValueError(f"{answer!r} is not an option; write one of: {known}")

    def position(self, value: str) -> int | None:
        """Return where an ordered option stands (0 is the lowest), or None if unknown."""
        return next((i for i, option in enumerate(self.choices) if option == value), None)


def _text(value: str) -> str:
    if "\x00" in value or any(0xD800 <= ord(char) <= 0xDFFF for char in value):
        raise ValueError("the text holds characters that cannot be stored; retype it")
    if len(value) > 10_000:
        raise ValueError("the text is longer than 10000 characters; shorten it")
    return value


def _number(raw: Any) -> float:
    if isinstance(raw, bool):
        raise ValueError("write a number, not yes or no")
    try:
        value = float(raw)
    except (TypeError, ValueError):
        raise ValueError(f"{raw!r} is not a number; write digits, such as 12 or 3.5") from None
    if not abs(value) < 1e15:
        raise ValueError("the number is out of range; write one below 1e15")
    return value


def _flag(raw: Any) -> bool:
    if isinstance(raw, bool):
        return raw
    answer = str(raw).strip().casefold()
    if answer in _YES:
        return True
    if answer in _NO:
        return False
    raise ValueError(f"{raw!r} is neither yes nor no; write yes or no")


def _hours(raw: Any) -> Iterable[int]:
    """Read ``mon 18-20`` or an hour of the week (0 to 167)."""
    answer = str(raw).strip().casefold()
    if answer.isdecimal() and int(answer) < 168:
        return [int(answer)]
    day, _, span = answer.partition(" ")
    start, _, end = span.partition("-")
    whole = start.strip().isdecimal() and end.strip().isdecimal()
    if day[:3] in _DAYS and whole and int(start) < int(end) <= 24:
        first = _DAYS[day[:3]] * 24
        return range(first + int(start), first + int(end))
    raise ValueError(f"{raw!r} is not a weekly time; write it as `mon 18-20`")


def parse_fields(data: Any, *, place: str = "fields") -> tuple[dict[str, Field], list[Problem]]:
    """Read ``{id: {kind=..., options=..., ordered=..., ...}}``; return fields and problems."""
    problems: list[Problem] = []
    fields: dict[str, Field] = {}
    if not isinstance(data, Mapping):
        return {}, [Problem(place, "write a table, one entry for each field")]
    known = {"kind", "label", "options", "ordered", "required", "roles", "separator"}
    for name, entry in data.items():
        here = f"{place}.{name}"
        if not isinstance(entry, Mapping):
            problems.append(Problem(here, 'write a table, such as { kind = "number" }'))
            continue
        for extra in sorted(set(entry) - known):
            problems.append(
                Problem(f"{here}.{extra}", f"unknown; a field has {', '.join(sorted(known))}")
            )
        kind = entry.get("kind")
        if kind is None:
            kind = "ordered" if "ordered" in entry else "option" if "options" in entry else "text"
        if kind not in KINDS:
            problems.append(Problem(f"{here}.kind", f"write one of {', '.join(KINDS)}"))
            continue
        choices = _choices(entry.get("ordered", entry.get("options", ())))
        if choices is None:
            problems.append(
                Problem(
                    f"{here}.{'ordered' if 'ordered' in entry else 'options'}",
                    "write a list of different texts, or a table of id = label",
                )
            )
            continue
        if kind == "ordered" and not choices:
            problems.append(Problem(f"{here}.ordered", "list the options, lowest first"))
            continue
        label = entry.get("label", "")
        roles = entry.get("roles", ("mentee", "mentor"))
        before = len(problems)
        if not isinstance(roles, (list, tuple)) or tuple(roles) not in _ROLES:
            problems.append(Problem(f"{here}.roles", 'write ["mentee"], ["mentor"] or both'))
        if not is_text(label):
            problems.append(
                Problem(f"{here}.label", 'write a text, or one for each language: { en = "..." }')
            )
        if not isinstance(entry.get("required", False), bool):
            problems.append(Problem(f"{here}.required", "write true or false"))
        if not isinstance(entry.get("separator", ";"), str):
            problems.append(Problem(f"{here}.separator", 'write the character, such as ","'))
        if len(problems) > before:
            continue
        fields[name] = Field(
            id=name,
            kind=cast(FieldKind, kind),
            label=Frozen(label if isinstance(label, Mapping) else {"en": label or name}),
            choices=choices,
            required=entry.get("required", False),
            roles=tuple(roles),
            separator=entry.get("separator") or ";",
        )
    return fields, problems


def is_text(value: Any) -> bool:
    """Return whether this is a text, or a table of one for each language."""
    if isinstance(value, Mapping):
        return bool(value) and all(isinstance(one, str) for one in value.values())
    return isinstance(value, str)


def _choices(raw: Any) -> Frozen | None:
    if isinstance(raw, Mapping):
        return Frozen(raw) if all(is_text(label) for label in raw.values()) else None
    if not isinstance(raw, (list, tuple)):
        return None
    ids = [str(item) for item in raw]
    return Frozen({item: item for item in ids}) if len(set(ids)) == len(ids) else None


def dump_fields(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return what `parse_fields` reads back to the same fields."""
    dumped: dict[str, Any] = {}
    for name, spec in fields.items():
        entry: dict[str, Any] = {"kind": spec.kind, "label": dict(spec.label)}
        if spec.choices:
            key = "ordered" if spec.kind == "ordered" else "options"
            plain = all(option == label for option, label in spec.choices.items())
            entry[key] = list(spec.choices) if plain else _plain(spec.choices)
        if spec.required:
            entry["required"] = True
        if spec.roles != ("mentee", "mentor"):
            entry["roles"] = list(spec.roles)
        if spec.separator != ";":
            entry["separator"] = spec.separator
        dumped[name] = entry
    return dumped


def _plain(choices: Frozen) -> dict[str, Any]:
    return {
        option: dict(label) if isinstance(label, Mapping) else label
        for option, label in choices.items()
    }
