"""Programs: what is offered, how it matches, what it asks, and the presets to start from."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo

from mentorkit.domain import reading
from mentorkit.domain.fields import TYPES, Field, dump_fields, read_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.kept import Kept
from mentorkit.domain.messages import PLACEHOLDERS, unknown_placeholders
from mentorkit.domain.moves import STAFF, Moves, Role
from mentorkit.domain.reading import Check, Place
from mentorkit.domain.strategies import Strategy, dump_strategy, read_strategy
from mentorkit.errors import Invalid, Problem
from mentorkit.i18n import is_locale

StaffRole = Literal["coordinator", "supervisor", "viewer"]
STAFF_ROLES: tuple[str, ...] = get_args(StaffRole)
Test = Literal["answered", "equals", "one_of", "at_least", "at_most"]
TESTS: tuple[str, ...] = get_args(Test)

PROGRAM_MOVES = Moves(
    "program", {("draft", "open"): STAFF, ("open", "closed"): STAFF, ("closed", "open"): STAFF}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program(Kept):
    """A mentoring offer. What it asks and how it matches stands in versioned definitions.

    `accept_chain` lists whose yes makes a relationship, in order (``mentee``, ``mentor``,
    ``coordinator``); `staff` is ``{person id: staff role}``.
    """

    key: str
    name: Frozen
    state: str = "draft"
    zone: str = "UTC"
    locale: str = "en"
    kind: Literal["pair", "peer", "circle"] = "pair"
    matching: Literal["staff", "self"] = "staff"
    accept_chain: tuple[str, ...] = ("mentee", "mentor")
    offer_days: int = 10
    mentee_capacity: int = 1
    minimum_age: int | None = None
    staff: Frozen = field(default_factory=Frozen)
    created_at: datetime

    def move(self, to: str, *, by: Role) -> Program:
        PROGRAM_MOVES.check(self.state, to, by)
        return replace(self, state=to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition(Kept):
    """One version of something a program is run by: its fields, strategy, targets, ...

    Rows are never changed: a new version is a new row, and what was made under an old one names
    it. `kind` is fields, requirements, strategy, targets, consent, messages, cohort or plugin.
    """

    program_id: str
    kind: str
    key: str = ""
    number: int = 1
    body: Frozen
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """One dated intake of a program; `starts` and `ends` are days in the program's zone."""

    key: str
    name: Frozen
    starts: date
    ends: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestonePlan:
    """When a milestone opens, and for how many days.

    Give one of `day` (days from the start), `fraction` (of the length, 0 to 1) and `after_end`
    (days after the end). `window` is how many days it stays open before it counts as missed.
    """

    kind: str
    day: int | None = None
    fraction: float | None = None
    after_end: int | None = None
    window: int = 14


EVIDENCE_MILESTONES: tuple[MilestonePlan, ...] = (
    MilestonePlan(kind="check", day=42, window=14),
    MilestonePlan(kind="mid_point", fraction=0.5),
    MilestonePlan(kind="two_thirds", fraction=2 / 3),
    MilestonePlan(kind="end", fraction=1.0),
    MilestonePlan(kind="follow_up", after_end=90, window=30),
)
"""A check at six to eight weeks, a mid-point, re-engagement at two thirds, the end, a follow-up.

Source: Strive Community, "Digital mentoring for small businesses" (2023).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a program asks of a relationship.

    120 minutes a month is Insala's two hours, as quoted by Strive Community (2023).
    """

    minutes_per_month: int = 120
    length_days: int = 182
    grace_days: int = 7
    milestones: tuple[MilestonePlan, ...] = EVIDENCE_MILESTONES


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """May this person join: one test of one profile field, with the answer when it fails.

    `test` is answered, equals, one_of, at_least or at_most; `otherwise` is ``no`` (declined,
    with `reason` as code) or ``ask`` (a person decides). An unanswered field always asks.
    """

    id: str
    field: str
    test: Test = "answered"
    value: Any = None
    otherwise: Literal["no", "ask"] = "no"
    roles: tuple[str, ...] = ("mentee", "mentor")
    text: Frozen = Frozen()  # noqa: RUF009 - frozen, so sharing it is safe

    def answer(self, profile: Mapping[str, Any]) -> Literal["yes", "no", "ask"]:
        """Return whether this profile meets the requirement."""
        given = profile.get(self.field)
        if given is None:
            return "ask"
        return "yes" if _MET[self.test](given, self.value) else self.otherwise


_MET: Mapping[Test, Callable[[Any, Any], bool]] = {
    "answered": lambda given, value: True,
    "equals": operator.eq,
    "one_of": lambda given, value: (
        not set(given if isinstance(given, tuple) else (given,)).isdisjoint(value)
    ),
    "at_least": operator.ge,
    "at_most": operator.le,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A ready program set-up, as one TOML file reads: everything but the people.

    `staff` is ``{staff role: what it does here}``: the roles this kind of program needs filled.
    `messages` is ``{template: {"subject": text, "body": text}}``, each text in some languages.
    """

    title: Frozen = field(default_factory=Frozen)
    summary: Frozen = field(default_factory=Frozen)
    program: Frozen = field(default_factory=Frozen)
    columns: Frozen = field(default_factory=Frozen)
    fields: Mapping[str, Field] = field(default_factory=dict)
    requirements: tuple[Requirement, ...] = ()
    strategy: Strategy = field(default_factory=Strategy)
    targets: Targets = field(default_factory=Targets)
    consent: Frozen = field(default_factory=Frozen)
    messages: Frozen = field(default_factory=Frozen)
    staff: Frozen = field(default_factory=Frozen)
    plugins: Frozen = field(default_factory=Frozen)
    cohorts: tuple[Cohort, ...] = ()


def parse_preset(data: Any) -> Preset:
    """Read a preset from TOML data; raise `Invalid` with everything that is wrong with it."""
    preset, problems = read_preset(data)
    if problems:
        raise Invalid("preset.invalid", "The preset cannot be used as it stands:", problems)
    return preset


def read_preset(data: Any) -> tuple[Preset, list[Problem]]:
    """Read a preset; return what is right in it, and everything that is wrong."""
    preset, problems = reading.take(data, _preset, "")
    return preset or Preset(), problems


def dump_preset(preset: Preset) -> dict[str, Any]:
    """Return what `parse_preset` reads back to the same preset."""
    dumped = {
        **reading.dump(preset),
        "fields": dump_fields(preset.fields),
        "strategy": dump_strategy(preset.strategy),
    }
    return {key: value for key, value in dumped.items() if value not in ({}, [])}


def parse_targets(data: Any, problems: list[Problem]) -> Targets:
    """Read targets, appending everything wrong with them to `problems`."""
    targets, found = reading.take(data, _targets, "targets")
    problems += found
    return targets or Targets()


def parse_cohort(data: Any) -> Cohort:
    """Read a stored cohort."""
    return _cohort(data, Place("cohort", []))


def parse_requirement_list(data: Any, fields: Mapping[str, Field]) -> tuple[Requirement, ...]:
    """Read stored requirements; raise `Invalid` with everything wrong about them."""
    found, problems = reading.take(data, _requirements(fields, fields), "requirements")
    if problems:
        raise Invalid("requirements.invalid", "The requirements cannot be used:", problems)
    return tuple(found)


def _preset(data: Any, at: Place) -> Preset:
    at.only(data, _PRESET, "a preset has")
    fields = at.read(data, {"fields": read_fields}).get("fields", {})
    requirements = _requirements(fields, data.get("fields", {}))
    rest = {**_PRESET, "fields": lambda value, at: fields, "requirements": requirements}
    return Preset(**at.read(data, rest))


def _targets(data: Any, at: Place) -> Targets:
    numbers = at.read(reading.table(data, at), _NUMBERS)
    at.only(data, [*_NUMBERS, "milestones"], "targets have")
    plans = reading.blocks(_milestone, own="kind", twice="is there twice; give it another name")
    return Targets(**numbers, **at.read(data, {"milestones": plans}))


def _milestone(entry: Any, at: Place) -> MilestonePlan:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("kind"), str):
        raise ValueError('name it, such as kind = "check"')
    at.only(entry, _MILESTONE, "write")
    if sum(key in entry for key in ("day", "fraction", "after_end")) != 1:
        at.wrong("give exactly one of day, fraction and after_end")
    return MilestonePlan(**at.read_whole(entry, _MILESTONE))


def _requirements(fields: Mapping[str, Field], named: Any) -> Check:
    """Make a check of requirements, each of which tests one of these fields.

    `named` is the table of fields as it was given: what is wrong with one is told there alone.
    """
    return reading.blocks(partial(_requirement, fields, named), own="id", twice=_OWN_ID)


def _requirement(fields: Mapping[str, Field], named: Any, entry: Any, at: Place) -> Requirement:
    if not isinstance(entry, Mapping):
        raise ValueError("write a table")
    given = {"id": None, "field": None, "test": "answered", "value": None, **entry}
    spec, test = fields.get(str(given["field"])), given["test"]
    there = ", ".join(map(str, named)) if isinstance(named, Mapping) else ""
    known = f"is no profile field; there are {there or 'none'}"
    checks: dict[str, Check] = {
        "id": reading.a(str, _OWN_ID),
        "field": reading.fits(
            lambda name: not isinstance(named, Mapping) or name in tuple(named), known
        ),
        "test": reading.one_of(TESTS),
        "value": partial(_compared, spec, test),
        "otherwise": reading.one_of(("no", "ask"), 'write "no" or "ask"'),
        "roles": reading.roles,
        "text": reading.texts,
    }
    at.only(given, checks, "write")
    if spec and spec.kind != "number" and test in ("at_least", "at_most"):
        at.inside("test").wrong(f"{spec.id} is no number; list the answers that do with one_of")
    return Requirement(**at.read_whole(given, checks))


def _compared(spec: Field | None, test: Any, value: Any, at: Place) -> Any:
    """Return what the field's answers are compared with, as such an answer would be kept."""
    if spec is None or test not in TESTS or test == "answered":
        return None
    if test == "one_of" and not reading.is_list(value):
        raise ValueError("write the list of answers that do")
    if test == "one_of" and TYPES[spec.kind] is not tuple:
        return tuple(spec.parse(one) for one in value)
    kept = spec.parse(value)
    if kept is None:
        raise ValueError("say what to compare with")
    return kept


def _zone(value: Any, at: Place) -> Any:
    try:
        ZoneInfo(value)
    except (KeyError, TypeError, ValueError, OSError):
        raise ValueError("is no time zone; write one such as Africa/Nairobi") from None
    return value


def _is_chain(value: Any) -> bool:
    """Return whether this names some of those who can say yes, each once."""
    known = reading.is_list(value) and all(step in _STEPS for step in value)
    return known and 0 < len(value) == len(set(value))


def _message(parts: Any, at: Place) -> Frozen:
    if not isinstance(parts, Mapping) or set(parts) != {"subject", "body"}:
        raise ValueError("write a subject and a body")
    return reading.each(_template)(parts, at)


def _template(value: Any, at: Place) -> Frozen:
    return reading.each(_fillable)(reading.texts(value, at), at)


def _fillable(template: Any, at: Place) -> Any:
    try:
        wrong = ", ".join(unknown_placeholders(str(template)))
    except ValueError:
        raise ValueError("a brace has no partner; write {{ for a brace") from None
    if wrong:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"{wrong} cannot be filled in; there are {known}")
    return template


def _cohort(entry: Any, at: Place) -> Cohort:
    try:
        key, starts, ends = str(entry["key"]), _day(entry["starts"]), _day(entry["ends"])
        if ends <= starts:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise ValueError("write key, starts and a later ends, as 2027-01-31") from None
    name = at.read_whole({"name": key, **entry}, {"name": reading.texts})
    return Cohort(key=key, starts=starts, ends=ends, **name)


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value)


_STEPS = ("mentee", "mentor", "coordinator")
_PROGRAM: Mapping[str, Check] = {
    "zone": _zone,
    "locale": reading.fits(
        lambda value: isinstance(value, str) and is_locale(value),
        "is no language that is known; write one such as en or pt-BR",
    ),
    "kind": reading.one_of(("pair", "peer", "circle")),
    "matching": reading.one_of(("staff", "self")),
    "accept_chain": reading.fits(_is_chain, f"list whose yes is needed, of {', '.join(_STEPS)}"),
    "offer_days": reading.whole(1, 365),
    "mentee_capacity": reading.whole(1, 100),
    "minimum_age": reading.whole(0, 120),
}
_OWN_ID = "write an id of its own; it is the reason code"
_NUMBERS: Mapping[str, Check] = {
    "minutes_per_month": reading.whole(0, 40_000),
    "length_days": reading.whole(1, 3650),
    "grace_days": reading.whole(0, 60),
}
_MILESTONE: Mapping[str, Check] = {
    "kind": reading.a(str, "write a text"),
    "day": reading.whole(0, 3650),
    "fraction": reading.fits(
        lambda value: type(value) in (int, float) and 0 <= value <= 1,
        "write a number from 0 to 1",
        float,
    ),
    "after_end": reading.whole(0, 3650),
    "window": reading.whole(1, 365),
}
_PRESET: Mapping[str, Check] = {
    "title": reading.texts,
    "summary": reading.texts,
    "program": reading.section(_PROGRAM, "write"),
    "columns": reading.table,
    "fields": read_fields,
    "requirements": _requirements({}, {}),
    "strategy": read_strategy,
    "targets": _targets,
    "consent": reading.texts,
    "messages": reading.each(_message),
    "staff": reading.section(dict.fromkeys(STAFF_ROLES, reading.texts), "write one of"),
    "plugins": reading.each(
        reading.section(
            {"enabled": reading.a(bool, "write true or false"), "settings": reading.table}, "write"
        )
    ),
    "cohorts": reading.blocks(_cohort, own="key", twice="is there twice; rename one"),
}
