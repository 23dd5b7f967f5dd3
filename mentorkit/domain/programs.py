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
from mentorkit.domain.manners import read_manners
from mentorkit.domain.messages import LONGEST, PLACEHOLDERS, unknown_placeholders
from mentorkit.domain.moves import STAFF, Moves, Role
from mentorkit.domain.reading import Check, Place
from mentorkit.domain.signoffs import SignOff, read_signoffs
from mentorkit.domain.strategies import Strategy, dump_strategy, read_strategy
from mentorkit.domain.supply import Supply, read_supply
from mentorkit.domain.surveys import read_measurement, read_questionnaires
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
    ``coordinator``); `mentee_capacity` is the limit of mentors at once of a mentee, and what a
    mentee has who names no number (`Supply.mentor_capacity` is no limit); `staff` is
    ``{person id: staff role}``.
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
    it. `kind` is fields, requirements, strategy, targets, consent, emergency, messages,
    measurement, questionnaires, manners, cohort, plugin or announcement.
    """

    program_id: str
    kind: str
    key: str = ""
    number: int = 1
    body: Frozen
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """One dated intake of a program; its days are days in the program's zone.

    `closes` is the last day to sign up for it by oneself (None: that before its end), `places` is
    for how many mentees (None: for any number). Staff put people into it all the same.
    """

    key: str
    name: Frozen
    starts: date
    ends: date
    closes: date | None = None
    places: int | None = None

    def shut(self, today: date, taken: int) -> str:
        """Return why nobody signs up for it, with so many places taken; "" while they may."""
        if today >= self.ends:
            return f"the cohort {self.key} ended on {self.ends}; choose another"
        if self.closes is not None and today > self.closes:
            return f"the cohort {self.key} took people in until {self.closes}; choose another"
        if self.places is not None and taken >= self.places:
            return f"the cohort {self.key} is full; choose another"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MilestonePlan:
    """When a milestone opens, and for how many days.

    Give one of `day` (days from the start), `fraction` (of the length, 0 to 1) and `after_end`
    (days after the end). `window` is how many days it stays open before it counts as missed.
    `asks` names whom it asks: mentee and mentor (peers are both), staff. `text` is what people
    read instead of its kind.
    """

    kind: str
    day: int | None = None
    fraction: float | None = None
    after_end: int | None = None
    window: int = 14
    asks: tuple[str, ...] = ("mentee", "mentor")
    text: Frozen = Frozen()  # noqa: RUF009 - frozen, so sharing it is safe


EVIDENCE_MILESTONES: tuple[MilestonePlan, ...] = (
    MilestonePlan(kind="check", day=42, window=14, asks=("mentee", "mentor", "staff")),
    MilestonePlan(kind="mid_point", fraction=0.5),
    MilestonePlan(kind="two_thirds", fraction=2 / 3),
    MilestonePlan(kind="end", fraction=1.0),
    MilestonePlan(kind="follow_up", after_end=90, window=30),
)
"""A check at six to eight weeks, a mid-point, re-engagement at two thirds, the end, a follow-up.

Source: Strive Community, "Digital mentoring for small businesses" (2023).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A level of looking after: what is otherwise for a participant on it than for all.

    `matching` is who starts (staff or self), `channel` the one that is tried first. What is None
    or empty is as for all.
    """

    name: str
    minutes_per_month: int | None = None
    length_days: int | None = None
    milestones: tuple[MilestonePlan, ...] = ()
    matching: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What a program asks of a relationship, and after how many days staff are to look.

    120 minutes a month is Insala's two hours, as quoted by Strive Community (2023). `touch` lists
    the levels on which participants may be.
    """

    minutes_per_month: int = 120
    length_days: int = 182
    grace_days: int = 7
    never_met_days: int = 14
    quiet_days: int = 30
    dormant_days: int = 60
    milestones: tuple[MilestonePlan, ...] = EVIDENCE_MILESTONES
    touch: tuple[Touch, ...] = ()

    def level(self, name: str) -> Touch:
        """Return the level of this name; one that changes nothing where there is none."""
        return next((one for one in self.touch if one.name == name), Touch(name=name))

    def at(self, name: str) -> Targets:
        """Return the targets as they are on the level of this name."""
        level = self.level(name)
        asked = ("minutes_per_month", "length_days", "milestones")
        return replace(self, **{key: v for key in asked if (v := getattr(level, key))})


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """May this person join: one test of one profile field, with the answer when it fails.

    `test` is answered, equals, one_of, at_least or at_most; `otherwise` is ``no`` (declined,
    with the id as code) or ``ask`` (a person decides). An unanswered field always asks. Instead
    of a field it may name a plugin's `check`, with its `options`; that answers by itself.
    """

    id: str
    field: str = ""
    check: str = ""
    options: Frozen = Frozen()  # noqa: RUF009 - frozen, so sharing it is safe
    test: Test | None = "answered"
    value: Any = None
    otherwise: Literal["no", "ask"] = "no"
    roles: tuple[str, ...] = ("mentee", "mentor")
    text: Frozen = Frozen()  # noqa: RUF009 - frozen, so sharing it is safe

    def answer(self, profile: Mapping[str, Any], checked: Mapping[str, str] = Frozen()) -> str:
        """Return whether it is met: yes, no or ask; `checked` is what plugins' checks answered."""
        return self.ruling(profile, checked)[0]

    def ruling(
        self, profile: Mapping[str, Any], checked: Mapping[str, str] = Frozen()
    ) -> tuple[str, str]:
        """Return the answer, and the code of why: met, unmet, unanswered or unchecked."""
        if self.check:
            said = checked.get(self.id, "")
            return {"yes": ("yes", "met"), "no": (self.otherwise, "unmet")}.get(
                said, ("ask", "unanswered" if said else "unchecked")
            )
        given = profile.get(self.field)
        if given is None:
            return "ask", "unanswered"
        met = _MET[self.test or "answered"](given, self.value)
        return ("yes", "met") if met else (self.otherwise, "unmet")


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

    `emergency` says whom to call in danger, and where else help is found.
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
    signoffs: tuple[SignOff, ...] = ()
    supply: Supply | None = None
    manners: Frozen = field(default_factory=Frozen)
    consent: Frozen = field(default_factory=Frozen)
    emergency: Frozen = field(default_factory=Frozen)
    referral: Frozen = field(default_factory=Frozen)
    messages: Frozen = field(default_factory=Frozen)
    measurement: Frozen = field(default_factory=Frozen)
    questionnaires: Frozen = field(default_factory=Frozen)
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
    rest["supply"] = partial(read_supply, fields)
    return Preset(**at.read(data, rest))


def _targets(data: Any, at: Place) -> Targets:
    numbers = at.read(reading.table(data, at), _NUMBERS)
    at.only(data, [*_NUMBERS, "milestones", "touch"], "targets have")
    levels = reading.blocks(_touch, own="name", twice=_TWICE)
    return Targets(**numbers, **at.read(data, {"milestones": _PLANS, "touch": levels}))


def _touch(entry: Any, at: Place) -> Touch:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
        raise ValueError('name it, such as name = "high"')
    at.only(entry, _TOUCH, "write")
    return Touch(**at.read_whole(entry, _TOUCH))


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
    if "check" in entry:
        at.only(entry, _CHECKED, "beside a check, write")
        return Requirement(test=None, **at.read_whole({"id": None, **entry}, _CHECKED))
    given = {"id": None, "field": None, "test": "answered", "value": None, **entry}
    spec, test = fields.get(str(given["field"])), given["test"]
    there = ", ".join(map(str, named)) if isinstance(named, Mapping) else ""
    known = f"is no profile field; there are {there or 'none'}"
    checks: dict[str, Check] = {
        "field": reading.fits(
            lambda name: not isinstance(named, Mapping) or name in tuple(named), known
        ),
        "test": reading.one_of(TESTS),
        "value": partial(_compared, spec, test),
        **_OTHERWISE,
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


def read_zone(value: Any, at: Place | None = None) -> Any:
    """Return the id of a time zone; raise ValueError for what is none."""
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
    checks = {part: partial(_template, part) for part in LONGEST}
    return Frozen(at.read(parts, checks))


def _template(part: str, value: Any, at: Place) -> Frozen:
    return reading.each(partial(_fillable, part))(reading.texts(value, at), at)


def _fillable(part: str, template: Any, at: Place) -> Any:
    if not str(template).strip():
        raise ValueError("write a text, or leave this language out")
    if len(str(template)) > LONGEST[part]:
        raise ValueError(f"write at most {LONGEST[part]} characters; it has {len(str(template))}")
    if part == "subject" and len(str(template).splitlines()) > 1:
        raise ValueError("write the subject on one line")
    try:
        wrong = ", ".join(unknown_placeholders(str(template)))
    except ValueError:
        raise ValueError("a brace has no partner; write {{ for a brace") from None
    if wrong:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"{wrong} cannot be filled in; there are {known}")
    return template


def _cohort(entry: Any, at: Place) -> Cohort:
    at.only(entry, _COHORT, "a cohort has")
    given = at.read_whole({"name": str(entry.get("key")), **entry}, _COHORT)
    if lacking := [one for one in ("key", "starts", "ends") if one not in given]:
        raise ValueError(f"write {' and '.join(lacking)} as well")
    if given["ends"] <= given["starts"]:
        at.inside("ends").wrong(f"write a day later than starts, {given['starts']}")
        raise reading.Told
    if given.get("closes") and given["closes"] > given["ends"]:
        raise ValueError("closes is later than ends; write the last day to sign up, before it ends")
    return Cohort(**given)


def _date(value: Any, at: Place) -> date:
    try:
        return _day(value)
    except (TypeError, ValueError):
        raise ValueError("write a date, such as 2027-01-31") from None


_COHORT: Mapping[str, Check] = {
    "key": lambda value, at: str(value),
    "starts": _date,
    "ends": _date,
    "name": reading.texts,
    "closes": _date,
    "places": reading.whole(1, 1_000_000),
}


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value)


_OWN_ID = "write an id of its own; it is the reason code"
_OTHERWISE: Mapping[str, Check] = {
    "id": reading.a(str, _OWN_ID),
    "otherwise": reading.one_of(("no", "ask"), 'write "no" or "ask"'),
    "roles": reading.roles,
    "text": reading.texts,
}
_CHECKED: Mapping[str, Check] = {
    "check": reading.a(str, "name a check that a plugin offers"),
    "options": reading.table,
    **_OTHERWISE,
}
_STEPS = ("mentee", "mentor", "coordinator")
_PROGRAM: Mapping[str, Check] = {
    "zone": read_zone,
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
_NUMBERS: Mapping[str, Check] = {
    "minutes_per_month": reading.whole(0, 40_000),
    "length_days": reading.whole(1, 3650),
    "grace_days": reading.whole(0, 60),
    "never_met_days": reading.whole(1, 365),
    "quiet_days": reading.whole(1, 365),
    "dormant_days": reading.whole(1, 730),
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
    "asks": reading.fits(
        lambda value: reading.is_list(value) and set(value) <= {"mentee", "mentor", "staff"},
        'list whom it asks, of "mentee", "mentor" and "staff"',
        tuple,
    ),
    "text": reading.texts,
}
_TWICE = "is there twice; give it another name"
_PLANS = reading.blocks(_milestone, own="kind", twice=_TWICE)
_TOUCH: Mapping[str, Check] = {
    "name": reading.a(str, "write a text"),
    "minutes_per_month": _NUMBERS["minutes_per_month"],
    "length_days": _NUMBERS["length_days"],
    "milestones": _PLANS,
    "matching": _PROGRAM["matching"],
    "channel": reading.a(str, "name a channel"),
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
    "signoffs": read_signoffs,
    "supply": partial(read_supply, {}),
    "manners": read_manners,
    "consent": reading.texts,
    "emergency": reading.texts,
    "referral": reading.texts,
    "messages": reading.each(_message),
    "measurement": read_measurement,
    "questionnaires": read_questionnaires,
    "staff": reading.section(dict.fromkeys(STAFF_ROLES, reading.texts), "write one of"),
    "plugins": reading.each(
        reading.section(
            {"enabled": reading.a(bool, "write true or false"), "settings": reading.table}, "write"
        )
    ),
    "cohorts": reading.blocks(_cohort, own="key", twice="is there twice; rename one"),
}
