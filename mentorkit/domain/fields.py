"""Profile fields: what a program asks of a person, and how a raw answer becomes a value.

Field and option ids are never reused; labels are text in any number of languages. An unanswered
field is None everywhere: no opinion, never a bad fit.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import partial
from typing import Any, Literal, get_args

from mentorkit.domain import reading
from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.domain.reading import Check, Place
from mentorkit.domain.text import in_locale, text
from mentorkit.errors import Problem

FieldKind = Literal[
    "text", "number", "flag", "option", "ordered", "options", "hours", "times", "vector"
]
KINDS: tuple[str, ...] = get_args(FieldKind)

TYPES: Mapping[str, type] = {
    "text": str,
    "number": float,
    "flag": bool,
    "option": str,
    "ordered": str,
    "options": tuple,
    "hours": tuple,
    "times": tuple,
    "vector": tuple,
}
"""The Python type of a field's value; `float` fields hold whole numbers too."""

LONGEST = 10_000
"""Characters of a text answer."""
SHOWN = 12
"""How many options are named to somebody whose answer is none of them."""
FEATURE = "feature:"
"""How the name of a feature begins where it is read as a field."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
"""A zero character, and halves of a pair of UTF-16: databases refuse them."""
_YES = frozenset({"yes", "y", "true", "1", "on", "x"})
_NO = frozenset({"no", "n", "false", "0", "off"})
_DAYS = {day: index for index, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}
_TIME = r"([0-9]{1,2})(?::([0-9]{2}))? ?([ap]m)?"
_SPAN = re.compile(rf"([a-z]{{3}})\S*\s+{_TIME}\s*[-\u2013]\s*{_TIME}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One profile field. `choices` holds option id -> label, in order (lowest first if ordered).

    `separator` splits a cell that holds several options. An empty `choices` takes any option.
    `hidden` options keep the answers that stand already, and are not offered any more.
    What is answered to a `shown` field is read by whoever may become a match, and by the match.
    Kinds: text, number, flag, option (one of), ordered (one of, lowest first), options (several),
    hours (weekly hours, 0 = Monday 00:00 to 167, in UTC), times (weekly times on the person's own
    clock, to the quarter of an hour: ``mon 18:00-20:15``; a number among them is an hour of UTC, as
    of `hours`), vector (numbers).
    """

    id: str
    kind: FieldKind = "text"
    label: Frozen = field(default_factory=Frozen)
    choices: Frozen = field(default_factory=Frozen)
    hidden: tuple[str, ...] = ()
    required: bool = False
    shown: bool = False
    roles: tuple[str, ...] = ("mentee", "mentor")
    separator: str = ";"

    def parse(self, raw: Any) -> Any:
        """Return the value that `raw` (a cell, a form's answer, JSON) stands for; None if empty.

        Raises ValueError with what to write instead.
        """
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return None
        if self.kind in ("options", "hours", "times", "vector"):
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
            read = _times if self.kind == "times" else self._option
            return tuple(dict.fromkeys(read(str(value)) for value in values))
        if isinstance(raw, (list, tuple, set, frozenset, Mapping)):
            raise ValueError("write one answer, not a list or a table")
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
        names: dict[str, str] = {}
        for option, label in self.choices.items():
            labels = label.values() if isinstance(label, Mapping) else (label,)
            for name in (option, *map(str, labels)):
                names.setdefault(name.casefold(), option)
        wanted = answer.casefold()
        if wanted in names:
            return names[wanted]
        alike = [one for one in names if one[:1] == wanted[:1]]  # to compare all takes too long
        near = dict.fromkeys(names[one] for one in get_close_matches(wanted, alike, cutoff=0.75))
        told = {one: in_locale(self.choices[one]) for one in near}
        meant = " or ".join(f"{id} ({name})" if name != id else id for id, name in told.items())
        known = ", ".join(list(self.choices)[:SHOWN])
        if len(self.choices) > SHOWN:
            part = "ordered" if self.kind == "ordered" else "options"
            known += (
                f", ... All stand under [fields.{self.id}.{part}] of the TOML file and on the"
                " program's page Set up, where staff can add others"
            )
        ask = f"did you mean {meant}? Else " if meant else ""
        raise ValueError(f"{answer!r} is not an option; {ask}write one of: {known}")

    @property
    def offered(self) -> Frozen:
        """The options that somebody may choose now."""
        return Frozen({id: label for id, label in self.choices.items() if id not in self.hidden})

    def position(self, value: str) -> int | None:
        """Return where an ordered option stands (0 is the lowest), or None if unknown."""
        return next((i for i, option in enumerate(self.choices) if option == value), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed(Field):
    """A feature of a plugin as a field: it is computed `of` other fields, never asked for.

    It is a vector of `length` numbers, or a number where that is 0. Another `version` of the plugin
    computes other values.
    """

    version: str
    of: tuple[str, ...]
    length: int = 0

    def stamp(self, answers: Iterable[Any]) -> str:
        """Return what differs where a value was computed by another version, or of others."""
        told = json.dumps([self.version, self.length, self.of, *answers])
        return hashlib.sha256(told.encode()).hexdigest()[:32]


def computed_in(fields: Mapping[str, Field]) -> dict[str, Computed]:
    """Return those of these fields that are features."""
    return {name: one for name, one in fields.items() if isinstance(one, Computed)}


def parsed(
    fields: Mapping[str, Field], answers: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Return the raw answers as values, and everything wrong with them by field."""
    problems, values = [], {}
    for name, raw in answers.items():
        if name not in fields:
            problems.append(Problem(name, f"is no field; there are {', '.join(fields)}"))
            continue
        try:
            values[name] = fields[name].parse(raw)
        except ValueError as error:
            problems.append(Problem(name, str(error)))
    return values, problems


def _text(value: str) -> str:
    if _UNSTORABLE.search(value):
        raise ValueError("the text holds characters that cannot be stored; retype it")
    if len(value) > LONGEST:
        raise ValueError(f"the text is longer than {LONGEST} characters; shorten it")
    return value


def _number(raw: Any) -> float:
    if isinstance(raw, bool):
        raise ValueError("write a number, not yes or no")
    told = reading.number(raw) if isinstance(raw, str) else raw
    try:
        value = float(told)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"write digits, such as 12 or 3.5; {raw!r} is not a number") from None
    if not abs(value) < 1e15:
        raise ValueError("the number is out of range; write one below 1e15")
    return value


def _flag(raw: Any) -> bool:
    answer = str(raw).strip().casefold()
    if answer in _YES:
        return True
    if answer in _NO:
        return False
    raise ValueError(f"{raw!r} is neither yes nor no; write yes or no")


def _hours(raw: Any) -> Iterable[int]:
    """Read ``Mon 18-20``, ``Mon 6pm-8pm``, ``Mon 18:00-20:00`` or an hour of the week, to 167."""
    found = _weekly(raw, 60)
    if isinstance(found, int):
        return [found]
    day, first, past = found
    return range(_DAYS[day] * 24 + first // 60, _DAYS[day] * 24 + past // 60)


def _times(raw: Any) -> str | int:
    """Read ``Mon 18-20``, ``Mon 6:30pm-8pm`` or ``Mon 18:15-20:00``, or an hour of UTC, to 167."""
    found = _weekly(raw, 15)
    if isinstance(found, int):
        return found
    (begin, late), (end, later) = (divmod(minute, 60) for minute in found[1:])
    return f"{found[0]} {begin:02}:{late:02}-{end:02}:{later:02}"


def _weekly(raw: Any, step: int) -> tuple[str, int, int] | int:
    """Read the day and the minutes from which and to which; or an hour of the week, to 167."""
    answer = str(raw).strip().casefold()
    if answer.isdecimal() and int(answer) < 168:
        return int(answer)
    if (found := _SPAN.fullmatch(answer)) and found[1] in _DAYS:
        _, start, late, half, end, later, last = found.groups()
        first = 60 * _hour(start, half or last) + int(late or 0)
        past = 60 * _hour(end, last) + int(later or 0)
        past = past or 24 * 60 * (first > 0)  # midnight is where a day ends as well
        if first < past <= 24 * 60 and first % step == past % step == 0:
            return found[1], first, past
    told = ("whole", "6pm-8pm") if step == 60 else ("quarters of", "6:15pm-8pm")
    usual = "write it in {} hours, such as Mon 18-20 or Mon {}".format(*told)
    raise ValueError(f"{usual}; {raw!r} is not a weekly time")


def _hour(told: str, half: str | None) -> int:
    """Return the hour of the day that this is, 99 if it is none; `half` is am, pm or None."""
    if half is None:
        return int(told)
    return int(told) % 12 + 12 * (half == "pm") if 1 <= int(told) <= 12 else 99


def parse_fields(data: Any) -> tuple[dict[str, Field], list[Problem]]:
    """Read ``{id: {kind=..., options=..., ordered=..., ...}}``; return fields and problems."""
    fields, problems = reading.take(data, read_fields, "fields")
    return fields or {}, problems


def read_fields(data: Any, at: Place) -> dict[str, Field]:
    """Check what `parse_fields` reads, and return the fields that pass."""
    if not isinstance(data, Mapping):
        raise ValueError("write a table, one entry for each field")
    return at.read(data, {name: partial(_field, name) for name in data})


def _field(name: str, entry: Any, at: Place) -> Field:
    if not isinstance(entry, Mapping):
        raise ValueError('write a table, such as { kind = "number" }')
    at.only(entry, _FIELD, "a field has")
    kind = entry.get("kind")
    if kind is None:
        kind = "ordered" if "ordered" in entry else "option" if "options" in entry else "text"
    given = {"label": "", **entry, "kind": kind}
    if kind == "ordered" and not entry.get("options"):
        given.setdefault("ordered", ())
    values = at.read_whole(given, _FIELD)
    choices = values.pop("options", Frozen())
    choices = values.pop("ordered", choices)
    label = text(values.pop("label") or name)
    separator = values.pop("separator", "") or ";"
    if stray := [one for one in values.get("hidden", ()) if one not in choices]:
        at.inside("hidden").wrong(f"{', '.join(stray)} is no option of this field")
    if kind == "vector" and values.get("shown"):
        at.inside("shown").wrong("nobody reads the numbers of a vector; leave it out")
    return Field(id=name, label=label, choices=choices, separator=separator, **values)


def _choices(given: Any, at: Place) -> Frozen:
    """Return option id -> label of a list of options, or of a table of them."""
    if isinstance(given, Mapping) and all(map(reading.is_text, given.values())):
        return _apart(Frozen(given))
    ids = [str(item) for item in given] if reading.is_list(given) else []
    if not reading.is_list(given) or len(set(ids)) < len(ids):
        raise ValueError("write a list of different texts, or a table of id = label")
    return _apart(Frozen({one: one for one in ids}))


def _apart(choices: Frozen) -> Frozen:
    """Return the options; refuse ids that differ by small and capital letters alone."""
    if len({id.casefold() for id in choices}) < len(choices):
        raise ValueError("give each option an id of its own; small and capital letters count alike")
    return choices


def _ordered(given: Any, at: Place) -> Frozen:
    if not given:
        raise ValueError("list the options, lowest first")
    return _choices(given, at)


_FIELD: Mapping[str, Check] = {
    "kind": reading.one_of(KINDS),
    "options": _choices,
    "ordered": _ordered,
    "hidden": reading.fits(reading.is_list, "list ids of options", tuple),
    "roles": reading.roles,
    "label": reading.fits(reading.is_text, reading.LANGUAGES),
    "required": reading.a(bool, "write true or false"),
    "shown": reading.a(bool, "write true or false"),
    "separator": reading.a(str, 'write the character, such as ","'),
}


def dump_fields(fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return what `parse_fields` reads back to the same fields."""
    return {name: _dump(spec) for name, spec in fields.items()}


def _dump(spec: Field) -> dict[str, Any]:
    dumped: dict[str, Any] = {"kind": spec.kind, "label": thaw(spec.label)}
    if spec.choices:
        plain = all(option == label for option, label in spec.choices.items())
        key = "ordered" if spec.kind == "ordered" else "options"
        dumped[key] = list(spec.choices) if plain else thaw(spec.choices)
    usual = Field(id=spec.id)
    for key in ("hidden", "required", "shown", "roles", "separator"):
        if getattr(spec, key) != getattr(usual, key):
            dumped[key] = thaw(getattr(spec, key))
    return dumped


def shown_answers(
    fields: Mapping[str, Field], role: str, profile: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the answers that are shown, as JSON data by field id, in the fields' order.

    That is what is answered to `shown` fields of this role ("both": of either), without options
    that are hidden by now. Whether the reader may see any of it is for the caller to know.
    """
    told: dict[str, Any] = {}
    for id, spec in fields.items():
        value = profile.get(id)
        if not spec.shown or value is None or not (role == "both" or role in spec.roles):
            continue
        left = [one for one in value if one not in spec.hidden] if reading.is_list(value) else value
        if left != [] and left not in spec.hidden:
            told[id] = left
    return told


def json_schema(fields: Mapping[str, Field], role: str | None = None) -> dict[str, Any]:
    """Return what a profile looks like as a JSON Schema (2020-12), of one role or of all.

    Hidden options stay in it, as answers that stand already are of them.
    """
    asked = [one for one in fields.values() if role is None or role in one.roles]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "properties": {one.id: _schema(one) for one in asked},
        "required": [one.id for one in asked if one.required],
    }


def _schema(spec: Field) -> dict[str, Any]:
    item: dict[str, Any] = {"type": "string"}
    if spec.choices:
        item["enum"] = list(spec.choices)
    whole: dict[str, Any] = {
        "text": {"type": "string", "maxLength": LONGEST},
        "number": {"type": "number"},
        "flag": {"type": "boolean"},
        "hours": _list_of({"type": "integer", "minimum": 0, "maximum": 167}),
        "times": _list_of({"type": ["string", "integer"]}),
        "options": _list_of(item),
        "vector": {"type": "array", "items": {"type": "number"}},
    }
    return {"title": in_locale(spec.label), **whole.get(spec.kind, item)}


def _list_of(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "uniqueItems": True, "items": item}
