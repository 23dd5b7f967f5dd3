"""Surveys: what is asked, of whom and when; what is measured by it; and each asking by its events.

A request is nothing but its events: who was asked what, about which point, and whether they have
answered. What somebody answered stands in notes, where it can be erased.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events, reading
from mentorkit.domain.events import Event
from mentorkit.domain.fields import Field, parse_fields, read_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.reading import Check, Place
from mentorkit.domain.text import text

if TYPE_CHECKING:
    from mentorkit.domain.milestones import Meeting
    from mentorkit.domain.programs import Program
    from mentorkit.domain.relationships import Relationship

SIDES = ("mentee", "mentor", "staff")
AFTER: Mapping[str, type[Event]] = {
    one.__name__: one
    for one in (
        events.ParticipantOnboarded,
        events.RelationshipStarted,
        events.MeetingHeld,
        events.RelationshipEnded,
    )
}
"""The events after which something can be asked."""
ASKS: tuple[type[Event], ...] = (events.MilestoneDue, *AFTER.values())
"""Every fact that may lead to a survey; what is asked on a day of its own needs none."""

MONTHS = {"month": 1, "quarter": 3, "year": 12}
"""How many months each period has for which money is told."""
PERIODS = Frozen(
    month={"en": "In a month", "es": "Al mes", "fr": "Par mois"},
    quarter={"en": "In three months", "es": "En tres meses", "fr": "En trois mois"},
    year={"en": "In a year", "es": "Al año", "fr": "Par an"},
)
AGREEMENT = Frozen(
    strongly_disagree={"en": "Not at all", "es": "Nada de acuerdo", "fr": "Pas du tout d'accord"},
    disagree={"en": "Rather not", "es": "En desacuerdo", "fr": "Plutôt pas d'accord"},
    neither={"en": "Neither yes nor no", "es": "Ni sí ni no", "fr": "Ni oui ni non"},
    agree={"en": "I agree", "es": "De acuerdo", "fr": "D'accord"},
    strongly_agree={"en": "I agree fully", "es": "Muy de acuerdo", "fr": "Tout à fait d'accord"},
)
AGREE = frozenset({"agree", "strongly_agree"})
REST = 28
"""Days in which nobody is asked the same about the same again, unless it is about a meeting."""
CURRENCY, PERIOD = "indicator.currency", "indicator.period"
_CURRENCY = re.compile("[A-Z]{3}")


# ------------------------------------------------------------------ what is measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What a program measures, or `none`: why it measures nothing.

    `indicators` are ``{id: {label, money}}``: numbers asked at the beginning and again later; money
    is told in one of `currencies` and shown for one `period`. `statements` are ``{id: text}`` to
    agree with. `winsor` is the share of values at each end that is pulled in before a mean is made.
    """

    none: Frozen = field(default_factory=Frozen)
    currencies: tuple[str, ...] = ()
    period: str = "month"
    winsor: float = 0.0
    indicators: Frozen = field(default_factory=Frozen)
    statements: Frozen = field(default_factory=Frozen)

    def questions(self, *, indicators: bool, statements: bool) -> dict[str, Field]:
        """Return what a questionnaire with these asks on top of its own questions."""
        asked: dict[str, Field] = {}
        if indicators:
            for id, one in self.indicators.items():
                name = f"indicator.{id}"
                asked[name] = Field(id=name, kind="number", label=text(one.get("label", id)))
            if self.money:
                choices = Frozen({code: code for code in self.currencies})
                asked[CURRENCY] = Field(
                    id=CURRENCY, kind="option", choices=choices, label=_IN_CURRENCY
                )
                asked[PERIOD] = Field(id=PERIOD, kind="option", choices=PERIODS, label=_IN_PERIOD)
        if statements:
            for id, label in self.statements.items():
                name = f"statement.{id}"
                asked[name] = Field(id=name, kind="ordered", choices=AGREEMENT, label=text(label))
        return asked

    @property
    def money(self) -> frozenset[str]:
        """The ids of the indicators that are amounts of money."""
        return frozenset(id for id, one in self.indicators.items() if one.get("money"))


_IN_CURRENCY = Frozen(en="In which currency?", es="¿En qué moneda?", fr="Dans quelle monnaie ?")
_IN_PERIOD = Frozen(
    en="The amounts are for what time?",
    es="¿A qué tiempo corresponden los importes?",
    fr="Pour quelle durée valent les montants ?",
)


def read_measurement(data: Any, at: Place) -> Frozen:
    """Check a measurement plan; return it as it was written. An empty one is none yet."""
    if data == {}:
        return Frozen()
    at.only(data, _MEASUREMENT, "a measurement plan has")
    values = at.read(data, _MEASUREMENT)
    if "none" in data and len(data) > 1:
        at.inside("none").wrong("leave it out where something is measured, or all the rest")
    if "none" in data and not any(values.get("none", {"": " "}).values()):
        at.inside("none").wrong("say why nothing is measured")
    if "none" not in data and not (data.keys() & {"indicators", "statements"}):
        raise ValueError('name indicators or statements, or write none = "why nothing is measured"')
    money = any(one.get("money") for one in values.get("indicators", {}).values())
    if money and not data.get("currencies"):
        at.inside("currencies").wrong('list the currencies that amounts may be in, such as ["KES"]')
    return Frozen(data)


def parse_measurement(body: Mapping[str, Any]) -> Measurement:
    """Return a plan that was checked when it was put in force."""
    values = dict(body)
    if "none" in values:
        values["none"] = text(values["none"])
    return Measurement(**values)


_INDICATOR: Mapping[str, Check] = {
    "label": reading.texts,
    "money": reading.a(bool, "write true or false"),
}
_MEASUREMENT: Mapping[str, Check] = {
    "none": reading.texts,
    "currencies": reading.fits(
        lambda value: (
            reading.is_list(value)
            and all(isinstance(one, str) and _CURRENCY.fullmatch(one) for one in value)
            and len(set(value)) == len(value)
        ),
        'list different codes of three capital letters, such as ["KES", "USD"]',
        tuple,
    ),
    "period": reading.one_of(tuple(MONTHS)),
    "winsor": reading.fits(
        lambda value: type(value) in (int, float) and 0 <= value < 0.5,
        "write a share of the values at each end, from 0 to below 0.5",
        float,
    ),
    "indicators": reading.each(reading.section(_INDICATOR, "write")),
    "statements": reading.each(reading.texts),
}


# ------------------------------------------------------------------ what is asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Questionnaire:
    """What is asked of whom, and when.

    `when` lists triggers: ``{milestone}``, ``{event}``, or ``{day, every}`` (days from the start of
    a relationship, and again after each `every`). Questions `flagged` are asked only of those who
    are to be looked at; `sides` says whom a question is for. An answer is late after `window` days.
    """

    key: str
    title: Frozen
    to: tuple[str, ...] = ("mentee", "mentor")
    when: tuple[Frozen, ...] = ()
    window: int = 14
    indicators: bool = False
    statements: bool = False
    questions: Mapping[str, Field] = field(default_factory=dict)
    sides: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flagged: frozenset[str] = frozenset()

    def due(self, event: str, milestone: str | None = None) -> bool:
        """Return whether it is asked after an event of this name, or of this milestone."""
        if milestone is not None:
            return any(one.get("milestone") == milestone for one in self.when)
        return any(one.get("event") == event for one in self.when)

    def days(self, age: int) -> int | None:
        """Return the newest day from the start, up to `age`, on which it is asked of its own."""
        found = [
            one["day"] + (age - one["day"]) // one["every"] * one["every"]
            if one.get("every")
            else one["day"]
            for one in self.when
            if one.get("day") is not None and one["day"] <= age
        ]
        return max(found, default=None)

    @property
    def first(self) -> bool:
        """Whether it is asked before anybody has met."""
        return self.due("ParticipantOnboarded") or self.due("RelationshipStarted")

    @property
    def rest(self) -> timedelta:
        """How long after it was asked nobody is asked it about the same again."""
        return timedelta(days=min([REST, *(one["every"] for one in self.when if one.get("every"))]))

    def asked(self, side: str, plan: Measurement, *, flagged: bool = True) -> dict[str, Field]:
        """Return the questions for this side; about a healthy pair without those for others."""
        own = {
            id: one
            for id, one in self.questions.items()
            if side in self.sides.get(id, self.to) and (flagged or id not in self.flagged)
        }
        measured = {
            "indicators": self.indicators and side == "mentee",
            "statements": self.statements and side != "staff",
        }
        first = {id: one for id, one in own.items() if one.kind != "text"}
        return {**first, **plan.questions(**measured), **own}


def read_questionnaires(data: Any, at: Place) -> Frozen:
    """Check questionnaires by key; return them as they were written."""
    return reading.each(_questionnaire)(data, at)


def parse_questionnaires(body: Mapping[str, Any]) -> dict[str, Questionnaire]:
    """Return the questionnaires of a definition, each of which was checked when it was made."""
    return {key: _made(key, one) for key, one in body.items()}


def _made(key: str, body: Mapping[str, Any]) -> Questionnaire:
    given = body.get("questions", {})
    plain = {id: _as_field(one) for id, one in given.items()}
    own = {
        name: body[name] for name in ("to", "window", "indicators", "statements") if name in body
    }
    return Questionnaire(
        key=key,
        title=text(body.get("title", key)),
        when=tuple(body.get("when", ())),
        questions=parse_fields(plain)[0],
        sides={id: tuple(one["roles"]) for id, one in given.items() if "roles" in one},
        flagged=frozenset(id for id, one in given.items() if one.get("only") == "flagged"),
        **own,
    )


def _as_field(given: Any) -> Any:
    """Return a question as the profile field that it is besides."""
    if not isinstance(given, Mapping):
        return given
    return {name: value for name, value in given.items() if name not in _OF_A_QUESTION}


def _questionnaire(data: Any, at: Place) -> Frozen:
    told = len(at.problems)
    at.only(data, _QUESTIONNAIRE, "a questionnaire has")
    at.read(data, _QUESTIONNAIRE)
    if not (data.get("questions") or data.get("indicators") or data.get("statements")):
        at.inside("questions").wrong("ask at least one question, the indicators or the statements")
    if len(at.problems) > told:
        raise reading.Told
    return Frozen(data)


def _questions(data: Any, at: Place) -> Any:
    plain = {id: _as_field(one) for id, one in reading.table(data, at).items()}
    for id, one in data.items():
        if isinstance(one, Mapping):
            at.inside(id).read(one, _OF_A_QUESTION)
        if "." in id:
            at.inside(id).wrong("write its id without a dot")
    return read_fields(plain, at)


def _trigger(data: Any, at: Place) -> Frozen:
    at.only(data, _TRIGGER, "write")
    if sum(name in data for name in ("milestone", "event", "day")) != 1:
        at.wrong("give exactly one of milestone, event and day")
    if "every" in data and "day" not in data:
        at.inside("every").wrong("give the first day too")
    return Frozen(at.read(data, _TRIGGER))


_sides = reading.fits(
    lambda value: reading.is_list(value) and bool(value) and set(value) <= set(SIDES)
    and len(set(value)) == len(value),
    f"list one or more of {', '.join(SIDES)}",
    tuple,
)  # fmt: skip
_OF_A_QUESTION: Mapping[str, Check] = {
    "roles": _sides,
    "only": reading.one_of(("flagged",), 'write "flagged", or leave it out'),
}
_TRIGGER: Mapping[str, Check] = {
    "milestone": reading.a(str, "name a milestone of the targets, such as check"),
    "event": reading.one_of(tuple(AFTER)),
    "day": reading.whole(0, 3650),
    "every": reading.whole(7, 3650),
}
_QUESTIONNAIRE: Mapping[str, Check] = {
    "title": reading.texts,
    "to": _sides,
    "when": reading.blocks(_trigger),
    "window": reading.whole(1, 365),
    "indicators": reading.a(bool, "write true or false"),
    "statements": reading.a(bool, "write true or false"),
    "questions": _questions,
}


# ------------------------------------------------------------------ one asking


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a request asks: a questionnaire of a version, about one point (``milestone``, ...)."""

    questionnaire: str
    number: int
    point_noun: str
    point_id: str
    flagged: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One asking of one person, as its events tell: what coincided is asked in one."""

    id: str
    program_id: str
    person_id: str
    side: str
    participant_id: str | None
    relationship_id: str | None
    parts: tuple[Part, ...]
    measured: int
    asked_at: datetime
    due_at: datetime
    answered_at: datetime | None = None
    closed: bool = False
    means: str = ""
    note_id: str | None = None
    text_id: str | None = None

    @property
    def place(self) -> str:
        """What it is about: a relationship, else somebody's part, else the program."""
        return self.relationship_id or self.participant_id or self.program_id

    def state(self, now: datetime) -> str:
        if self.answered_at is not None:
            return "answered"
        if self.closed:
            return "closed"
        return "open" if now <= self.due_at else "late"


def surveys_of(told: Iterable[Event]) -> dict[str, Survey]:
    """Return every asking by its id, after these events, oldest first.

    One that is closed as its person has left is `closed`; any other that is closed is not there.
    """
    found: dict[str, Survey] = {}
    for event in told:
        at = event.at
        if isinstance(event, events.SurveyAsked) and at is not None:
            found[event.subject_id] = Survey(
                id=event.subject_id,
                program_id=event.program_id or "",
                person_id=event.person_id,
                side=event.side,
                participant_id=event.participant_id,
                relationship_id=event.relationship_id,
                parts=(_part(event),),
                measured=event.measured,
                asked_at=at,
                due_at=at + timedelta(days=event.window),
            )
        elif isinstance(event, events.SurveyJoined) and event.subject_id in found:
            one = found[event.subject_id]
            found[one.id] = replace(one, parts=(*one.parts, _part(event)))
        elif isinstance(event, events.SurveyReopened) and at and event.subject_id in found:
            due = at + timedelta(days=event.window)
            found[event.subject_id] = replace(found[event.subject_id], asked_at=at, due_at=due)
        elif isinstance(event, events.SurveyClosed) and event.subject_id in found:
            if event.left:
                found[event.subject_id] = replace(found[event.subject_id], closed=True)
            else:
                del found[event.subject_id]
        elif isinstance(event, events.SurveyAnswered) and event.subject_id in found:
            found[event.subject_id] = replace(
                found[event.subject_id],
                answered_at=at,
                means=event.means,
                note_id=event.note_id,
                text_id=event.text_id,
            )
    return found


def _part(event: events.SurveyAsked | events.SurveyJoined) -> Part:
    return Part(
        questionnaire=event.questionnaire,
        number=event.number,
        point_noun=event.point_noun,
        point_id=event.point_id,
        flagged=event.flagged,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyRequest:
    """What a feedback vendor is told when somebody is asked: whom, what, and until when.

    `key` is the same on every retry, and what an `Answer` names. `questions` are those of this
    person. `token` signs for them without a log-in; "" where the kit has no secret.
    """

    key: str
    tenant: str
    program_id: str
    person_id: str
    side: str
    title: Frozen
    questions: Mapping[str, Field]
    locale: str
    asked_at: datetime
    due_at: datetime
    token: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One reply that a vendor gives back: whose request it answers, and values by question id."""

    key: str
    values: Frozen


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a metric is told of a program: all at once, as it stands in the journal and the rows.

    `values` are the answers of each survey by its id, without free text, and `asked` the ids of
    the questions that it had; `touch` is the level of each participant who is on one. No names.
    """

    program: Program
    now: datetime
    events: tuple[Event, ...] = ()
    surveys: tuple[Survey, ...] = ()
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: Mapping[str, frozenset[str]] = field(default_factory=dict)
    relationships: tuple[Relationship, ...] = ()
    meetings: tuple[Meeting, ...] = ()
    touch: Mapping[str, str] = field(default_factory=dict)
    measurement: Measurement = field(default_factory=Measurement)
    questionnaires: Mapping[str, Questionnaire] = field(default_factory=dict)
