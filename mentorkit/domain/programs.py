"""Programs: what is offered, how it matches, what it asks, and the presets to start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from mentorkit.domain.fields import Field, dump_fields, is_text, parse_fields
from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.domain.messages import PLACEHOLDERS, unknown_placeholders
from mentorkit.domain.moves import STAFF, Moves, Role
from mentorkit.domain.strategies import Strategy, dump_strategy, parse_strategy
from mentorkit.errors import Invalid, Problem

StaffRole = Literal["coordinator", "supervisor", "viewer"]
NO_TEXT = Frozen()
STAFF_ROLES: tuple[str, ...] = ("coordinator", "supervisor", "viewer")

PROGRAM_MOVES = Moves(
    "program", {("draft", "open"): STAFF, ("open", "closed"): STAFF, ("closed", "open"): STAFF}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A mentoring offer. What it asks and how it matches stands in versioned definitions.

    `accept_chain` lists whose yes makes a relationship, in order (``mentee``, ``mentor``,
    ``coordinator``); `staff` is ``{person id: staff role}``.
    """

    id: str
    tenant: str
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
    version: int = 1

    def move(self, to: str, *, by: Role) -> Program:
        PROGRAM_MOVES.check(self.state, to, by)
        return replace(self, state=to)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One version of something a program is run by: its fields, strategy, targets, ...

    Rows are never changed: a new version is a new row, and what was made under an old one names
    it. `kind` is fields, requirements, strategy, targets, consent, messages, cohort or plugin.
    """

    id: str
    tenant: str
    program_id: str
    kind: str
    key: str = ""
    number: int = 1
    body: Frozen
    created_at: datetime
    version: int = 1


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
    test: Literal["answered", "equals", "one_of", "at_least", "at_most"] = "answered"
    value: Any = None
    otherwise: Literal["no", "ask"] = "no"
    roles: tuple[str, ...] = ("mentee", "mentor")
    text: Frozen = Frozen()  # noqa: RUF009 - frozen, so sharing it is safe

    def answer(self, profile: Mapping[str, Any]) -> Literal["yes", "no", "ask"]:
        """Return whether this profile meets the requirement."""
        given = profile.get(self.field)
        if given is None:
            return "ask"
        if self.test == "answered":
            return "yes"
        if self.test == "equals":
            met = given == self.value
        elif self.test == "one_of":
            met = (
                bool(set(given) & set(self.value))
                if isinstance(given, tuple)
                else (given in self.value)
            )
        elif self.test == "at_least":
            met = given >= self.value
        else:
            met = given <= self.value
        return "yes" if met else self.otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A ready program set-up, as one TOML file reads: everything but the people.

    `staff` is ``{staff role: what it does here}``: the roles this kind of program needs filled.
    `messages` is ``{template: {"subject": text, "body": text}}``, each text in some languages.
    """

    title: Frozen
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


_PROGRAM_KEYS: Mapping[str, type | tuple[type, ...]] = {
    "zone": str,
    "locale": str,
    "kind": str,
    "matching": str,
    "accept_chain": list,
    "offer_days": int,
    "mentee_capacity": int,
    "minimum_age": int,
}
_ONE_OF = {"kind": ("pair", "peer", "circle"), "matching": ("staff", "self")}
_RANGES = {"offer_days": (1, 365), "mentee_capacity": (1, 100), "minimum_age": (0, 120)}
_TARGETS = {"minutes_per_month": (0, 40_000), "length_days": (1, 3650), "grace_days": (0, 60)}
_SECTIONS = (
    "title", "summary", "program", "columns", "fields", "requirements", "strategy", "targets",
    "consent", "messages", "staff", "plugins", "cohorts",
)  # fmt: skip


def parse_preset(data: Any) -> Preset:
    """Read a preset from TOML data; raise `Invalid` with everything that is wrong with it."""
    problems: list[Problem] = []
    if not isinstance(data, Mapping):
        raise Invalid("preset.invalid", "The preset is not a table.")
    for extra in sorted(set(data) - set(_SECTIONS)):
        problems.append(Problem(extra, f"unknown; a preset has {', '.join(_SECTIONS)}"))
    fields, found = parse_fields(data.get("fields", {}))
    problems += found
    strategy, found = parse_strategy(data.get("strategy", {}), place="strategy")
    problems += found
    preset = Preset(
        title=_texts(data.get("title", ""), "title", problems),
        summary=_texts(data.get("summary", ""), "summary", problems),
        program=_program(data.get("program", {}), problems),
        columns=_table(data.get("columns", {}), "columns", problems),
        fields=fields,
        requirements=_requirements(data.get("requirements", ()), fields, problems),
        strategy=strategy,
        targets=parse_targets(data.get("targets", {}), problems),
        consent=_texts(data.get("consent", ""), "consent", problems),
        messages=parse_messages(data.get("messages", {}), problems),
        staff=_staff(data.get("staff", {}), problems),
        plugins=_table(data.get("plugins", {}), "plugins", problems),
        cohorts=_cohorts(data.get("cohorts", ()), problems),
    )
    if problems:
        raise Invalid("preset.invalid", "The preset cannot be used as it stands:", problems)
    return preset


def dump_preset(preset: Preset) -> dict[str, Any]:
    """Return what `parse_preset` reads back to the same preset."""
    dumped: dict[str, Any] = {
        "title": thaw(preset.title),
        "summary": thaw(preset.summary),
        "program": thaw(preset.program),
        "columns": thaw(preset.columns),
        "fields": dump_fields(preset.fields),
        "requirements": [dump_requirement(item) for item in preset.requirements],
        "strategy": dump_strategy(preset.strategy),
        "targets": dump_targets(preset.targets),
        "consent": thaw(preset.consent),
        "messages": thaw(preset.messages),
        "staff": thaw(preset.staff),
        "plugins": thaw(preset.plugins),
        "cohorts": [
            {
                "key": cohort.key,
                "name": thaw(cohort.name),
                "starts": cohort.starts.isoformat(),
                "ends": cohort.ends.isoformat(),
            }
            for cohort in preset.cohorts
        ],
    }
    return {key: value for key, value in dumped.items() if value not in ({}, [], "")}


def dump_targets(targets: Targets) -> dict[str, Any]:
    """Return what `parse_targets` reads back to the same targets."""
    return {
        "minutes_per_month": targets.minutes_per_month,
        "length_days": targets.length_days,
        "grace_days": targets.grace_days,
        "milestones": [
            {
                key: value
                for key in ("kind", "day", "fraction", "after_end", "window")
                if (value := getattr(plan, key)) is not None
            }
            for plan in targets.milestones
        ],
    }


def dump_requirement(requirement: Requirement) -> dict[str, Any]:
    """Return one requirement as the TOML block that reads back to it."""
    dumped: dict[str, Any] = {
        "id": requirement.id,
        "field": requirement.field,
        "test": requirement.test,
        "otherwise": requirement.otherwise,
        "roles": list(requirement.roles),
    }
    if requirement.value is not None:
        dumped["value"] = thaw(requirement.value)
    if requirement.text:
        dumped["text"] = thaw(requirement.text)
    return dumped


def parse_targets(data: Any, problems: list[Problem]) -> Targets:
    """Read targets, appending everything wrong with them to `problems`."""
    if not isinstance(data, Mapping):
        problems.append(Problem("targets", "write a table"))
        return Targets()
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key == "milestones":
            values[key] = _milestones(value, problems)
        elif key not in _TARGETS:
            known = ", ".join([*_TARGETS, "milestones"])
            problems.append(Problem(f"targets.{key}", f"unknown; targets have {known}"))
        else:
            _in_range(value, *_TARGETS[key], f"targets.{key}", problems)
            values[key] = value
    return Targets(**values)


def _milestones(data: Any, problems: list[Problem]) -> tuple[MilestonePlan, ...]:
    plans: list[MilestonePlan] = []
    _must_be_list(data, "targets.milestones", problems)
    ranges = {"day": (0, 3650), "after_end": (0, 3650), "window": (1, 365)}
    for index, entry in enumerate(data if isinstance(data, (list, tuple)) else ()):
        here = f"targets.milestones[{index}]"
        if not isinstance(entry, Mapping) or not isinstance(entry.get("kind"), str):
            problems.append(Problem(here, 'name it, such as kind = "check"'))
            continue
        found = len(problems)
        for extra in sorted(set(entry) - {"kind", "day", "fraction", "after_end", "window"}):
            problems.append(
                Problem(
                    f"{here}.{extra}", "unknown; write kind, day, fraction, after_end or window"
                )
            )
        when = [key for key in ("day", "fraction", "after_end") if key in entry]
        if len(when) != 1:
            problems.append(Problem(here, "give exactly one of day, fraction and after_end"))
        for key, limits in ranges.items():
            if key in entry:
                _in_range(entry[key], *limits, f"{here}.{key}", problems)
        part = entry.get("fraction", 0)
        if not isinstance(part, (int, float)) or isinstance(part, bool) or not 0 <= part <= 1:
            problems.append(Problem(f"{here}.fraction", "write a number from 0 to 1"))
        elif "fraction" in entry:
            entry = {**entry, "fraction": float(part)}
        if any(plan.kind == entry["kind"] for plan in plans):
            problems.append(Problem(f"{here}.kind", "is there twice; give it another name"))
        if len(problems) == found:
            plans.append(MilestonePlan(**entry))
    return tuple(plans)


def parse_requirement_list(data: Any, fields: Mapping[str, Field]) -> tuple[Requirement, ...]:
    """Read stored requirements; raise `Invalid` with everything wrong about them."""
    problems: list[Problem] = []
    found = _requirements(data, fields, problems)
    if problems:
        raise Invalid("requirements.invalid", "The requirements cannot be used:", problems)
    return found


def _requirements(
    data: Any, fields: Mapping[str, Field], problems: list[Problem]
) -> tuple[Requirement, ...]:
    found: list[Requirement] = []
    _must_be_list(data, "requirements", problems)
    for index, entry in enumerate(data if isinstance(data, (list, tuple)) else ()):
        here = f"requirements[{index}]"
        if not isinstance(entry, Mapping):
            problems.append(Problem(here, "write a table"))
            continue
        before = len(problems)
        known = {"id", "field", "test", "value", "otherwise", "roles", "text"}
        for extra in sorted(set(entry) - known):
            problems.append(
                Problem(f"{here}.{extra}", f"unknown; write {', '.join(sorted(known))}")
            )
        if not isinstance(entry.get("id"), str) or any(r.id == entry["id"] for r in found):
            problems.append(Problem(f"{here}.id", "write an id of its own; it is the reason code"))
        value = None
        if not isinstance(entry.get("field"), str) or entry["field"] not in fields:
            problems.append(
                Problem(f"{here}.field", f"is no profile field; there are {', '.join(fields)}")
            )
        elif entry.get("test", "answered") not in _TESTS:
            problems.append(Problem(f"{here}.test", f"write one of {', '.join(_TESTS)}"))
        elif entry.get("test", "answered") != "answered":
            value = _compared(entry, fields[entry["field"]], here, problems)
        if entry.get("otherwise", "no") not in ("no", "ask"):
            problems.append(Problem(f"{here}.otherwise", 'write "no" or "ask"'))
        roles = entry.get("roles", ("mentee", "mentor"))
        if (
            not isinstance(roles, (list, tuple))
            or not roles
            or any(role not in ("mentee", "mentor") for role in roles)
        ):
            problems.append(Problem(f"{here}.roles", 'write ["mentee"], ["mentor"] or both'))
        text = _texts(entry.get("text", ""), f"{here}.text", problems)
        if len(problems) == before:
            found.append(
                Requirement(
                    id=entry["id"],
                    field=entry["field"],
                    test=entry.get("test", "answered"),
                    value=value,
                    otherwise=entry.get("otherwise", "no"),
                    roles=tuple(roles),
                    text=text,
                )
            )
    return tuple(found)


_REQUIREMENT = ("field", "id", "otherwise", "roles", "test", "text", "value")
_TESTS = ("answered", "equals", "one_of", "at_least", "at_most")


def _compared(entry: Mapping[str, Any], spec: Field, here: str, problems: list[Problem]) -> Any:
    """Return what the field's answers are compared with, as such an answer would be kept."""
    place, value = f"{here}.value", entry.get("value")
    if value is None:
        problems.append(Problem(place, "say what to compare with"))
    elif entry["test"] in ("at_least", "at_most") and spec.kind != "number":
        problems.append(
            Problem(f"{here}.test", f"{spec.id} is no number; list the answers that do with one_of")
        )
    elif entry["test"] == "one_of" and not isinstance(value, (list, tuple)):
        problems.append(Problem(place, "write the list of answers that do"))
    else:
        try:
            if entry["test"] != "one_of":
                return spec.parse(value)
            answers = [spec.parse(one if spec.kind in _ONE else [one]) for one in value]
            return tuple(a if spec.kind in _ONE else a[0] for a in answers)
        except (TypeError, ValueError) as error:
            problems.append(Problem(place, str(error)))
    return None


_ONE = ("text", "number", "flag", "option", "ordered")
"""The kinds of field whose answer is a single value."""


def _program(data: Any, problems: list[Problem]) -> Frozen:
    if not isinstance(data, Mapping):
        problems.append(Problem("program", "write a table"))
        return Frozen()
    for key, value in data.items():
        here = f"program.{key}"
        kind = _PROGRAM_KEYS.get(key)
        if kind is None:
            problems.append(Problem(here, f"unknown; write {', '.join(_PROGRAM_KEYS)}"))
        elif key in _ONE_OF and value not in _ONE_OF[key]:
            problems.append(Problem(here, f"write one of {', '.join(_ONE_OF[key])}"))
        elif key in _RANGES:
            _in_range(value, *_RANGES[key], here, problems)
        elif key == "accept_chain":
            steps = ("mentee", "mentor", "coordinator")
            if (
                not isinstance(value, (list, tuple))
                or not value
                or any(step not in steps for step in value)
                or len(set(value)) < len(value)
            ):
                problems.append(Problem(here, f"list whose yes is needed, of {', '.join(steps)}"))
        elif not isinstance(value, kind):
            problems.append(Problem(here, "write a text"))
        elif key == "zone" and not _zone_exists(str(value)):
            problems.append(Problem(here, "is no time zone; write one such as Africa/Nairobi"))
    return Frozen(data)


def _zone_exists(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _staff(data: Any, problems: list[Problem]) -> Frozen:
    table = _table(data, "staff", problems)
    for role in table:
        if role not in STAFF_ROLES:
            problems.append(Problem(f"staff.{role}", f"write one of {', '.join(STAFF_ROLES)}"))
    return Frozen({role: _texts(what, f"staff.{role}", problems) for role, what in table.items()})


def parse_messages(data: Any, problems: list[Problem]) -> Frozen:
    """Read message templates, appending everything wrong with them to `problems`."""
    messages: dict[str, dict[str, Frozen]] = {}
    for template, parts in _table(data, "messages", problems).items():
        here = f"messages.{template}"
        if not isinstance(parts, Mapping) or set(parts) != {"subject", "body"}:
            problems.append(Problem(here, "write a subject and a body"))
            continue
        messages[template] = {}
        for part, given in parts.items():
            texts = _texts(given, f"{here}.{part}", problems)
            messages[template][part] = texts
            for locale, text in texts.items():
                place = f"{here}.{part}.{locale}"
                try:
                    wrong = unknown_placeholders(str(text))
                except ValueError:
                    problems.append(Problem(place, "a brace has no partner; write {{ for a brace"))
                    continue
                if wrong:
                    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
                    problems.append(
                        Problem(place, f"{', '.join(wrong)} cannot be filled in; there are {known}")
                    )
    return Frozen(messages)


def _cohorts(data: Any, problems: list[Problem]) -> tuple[Cohort, ...]:
    cohorts: list[Cohort] = []
    _must_be_list(data, "cohorts", problems)
    for index, entry in enumerate(data if isinstance(data, (list, tuple)) else ()):
        try:
            starts, ends = _day(entry["starts"]), _day(entry["ends"])
            if ends <= starts:
                raise ValueError
            key = str(entry["key"])
            if any(cohort.key == key for cohort in cohorts):
                problems.append(Problem(f"cohorts[{index}].key", "is there twice; rename one"))
        except (KeyError, TypeError, ValueError):
            problems.append(
                Problem(f"cohorts[{index}]", "write key, starts and a later ends, as 2027-01-31")
            )
            continue
        name = _texts(entry.get("name", key), f"cohorts[{index}].name", problems)
        cohorts.append(Cohort(key=key, name=name, starts=starts, ends=ends))
    return tuple(cohorts)


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value)


def _texts(value: Any, place: str, problems: list[Problem]) -> Frozen:
    if value in ("", {}):
        return Frozen()
    if not is_text(value):
        problems.append(Problem(place, 'write a text, or one for each language: { en = "..." }'))
        return Frozen()
    return Frozen(value) if isinstance(value, Mapping) else Frozen(en=value)


def _must_be_list(data: Any, place: str, problems: list[Problem]) -> None:
    if not isinstance(data, (list, tuple)):
        problems.append(Problem(place, f"write one [[{place}]] block for each"))


def _table(value: Any, place: str, problems: list[Problem]) -> Frozen:
    if isinstance(value, Mapping):
        return Frozen(value)
    problems.append(Problem(place, "write a table"))
    return Frozen()


def _in_range(value: Any, low: int, high: int, place: str, problems: list[Problem]) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        problems.append(Problem(place, f"write a whole number from {low} to {high}"))
