"""What happened: one frozen, versioned dataclass for each fact, in the past tense.

An event's own fields tell what changed on its subject, as ids, codes and numbers. A field that
has the name of one of the subject's dataclass is its new value there (`role_played` is the role,
which an event has of its own); the others say how it came about. So replaying is laying them over
one another in order, and what the replay gives can be compared with what the store holds. Times
that follow from the moment of an event are not repeated in it. What somebody wrote never stands
here: names, answers and sources stay in their rows, free text in a note, where it can be erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from typing import Any, ClassVar, dataclass_transform

EVENTS: dict[str, type[Event]] = {}
"""Every event class by name, in the order of the journey."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Event:
    """One fact. `subject_id` is what it happened to, `cause` the event that led to it.

    `sequence` is given by the journal and orders all events of a database. A subclass is a
    dataclass too; it names its noun, and its `schema` once its payload has changed. Without a
    noun it is there to inherit from.
    """

    noun: ClassVar[str] = ""
    schema: ClassVar[int] = 1
    own: ClassVar[tuple[str, ...]] = ()
    """The names of what it tells beside whom it happened to, when and by whom, in order."""

    subject_id: str
    tenant: str = ""
    program_id: str | None = None
    actor_id: str | None = None
    role: str = ""
    means: str = "self"
    at: datetime | None = None
    cause: int | None = None
    sequence: int = 0

    def __init_subclass__(cls, *, noun: str = "", schema: int = 1) -> None:
        cls.noun, cls.schema = noun, schema
        # What compares and prints an event is written below, once for all: to write it anew for
        # each of so many classes is a tenth of what it takes to start a command.
        dataclass(frozen=True, kw_only=True, eq=False, repr=False)(cls)
        cls.own = tuple(sorted({item.name for item in fields(cls)} - ENVELOPE))
        if noun:
            EVENTS[cls.__name__] = cls

    def _values(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def __eq__(self, other: object) -> bool:
        return self._values() == other._values() if type(other) is type(self) else NotImplemented

    def __hash__(self) -> int:
        return hash((type(self), *self._values().values()))

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in self._values().items())
        return f"{type(self).__qualname__}({told})"

    def payload(self) -> dict[str, Any]:
        """Return what changed: field of the subject -> new value, those left alone not there."""
        return {name: value for name in self.own if (value := getattr(self, name)) is not UNCHANGED}


ENVELOPE = frozenset(item.name for item in fields(Event))


class Moved(Event):
    """What tells of a move: the subject is in this `state` now."""

    state: str = ""

    def __init_subclass__(cls, *, state: str = "", **about: Any) -> None:
        cls.__annotations__ = {"state": "str", **cls.__annotations__}
        cls.state = state
        super().__init_subclass__(**about)


class MovedFor(Moved):
    """What tells of a move that may have a `reason`: a code, never free text."""

    reason: str | None = None


class _Mark(Enum):
    UNCHANGED = "unchanged"


UNCHANGED: Any = _Mark.UNCHANGED
"""Marks a field that the event did not touch."""


def replay(events: Iterable[Event]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return ``{(noun, subject id): state}`` after these events, oldest first."""
    states: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events:
        states.setdefault((event.noun, event.subject_id), {}).update(event.payload())
    return states


def load(name: str, version: int, payload: Mapping[str, Any], envelope: Iterable[Any]) -> Event:
    """Return a stored event, brought up to date; `envelope` are pairs of what every event has."""
    cls = EVENTS[name]
    for step in range(version, cls.schema):
        payload = UPCASTS[name, step](dict(payload))
    made = object.__new__(cls)  # as `__init__` does, which takes five times as long
    values = vars(made)
    values.update(envelope)
    for key in cls.own:
        value = payload.get(key, UNCHANGED)
        values[key] = tuple(value) if value.__class__ is list else value
    return made


UPCASTS: dict[tuple[str, int], Any] = {}
"""(event, from version) -> function that brings a stored payload one version further."""


class ProgramCreated(Moved, noun="program", state="draft"): ...


class ProgramOpened(Moved, noun="program", state="open"): ...


class ProgramClosed(Moved, noun="program", state="closed"): ...


class StaffAppointed(Event, noun="program"):
    """`person_id` got `staff_role`."""

    person_id: str
    staff_role: str


class StaffDismissed(Event, noun="program"):
    """`person_id` is no staff of the program any more."""

    person_id: str


class DefinitionChanged(Event, noun="program"):
    """A new version of the program's fields, strategy, targets, ... is in force."""

    kind: str
    key: str = ""
    number: int


class LeadReceived(Moved, noun="participant", state="lead"):
    person_id: str = UNCHANGED
    business_id: str | None = UNCHANGED
    cohort: str | None = UNCHANGED
    role_played: str
    capacity: int
    used: int = 0


class ParticipantChanged(Event, noun="participant"):
    """A later import or form changed who they are; `changed` names fields, never their values."""

    changed: tuple[str, ...] = ()
    business_id: str | None = UNCHANGED
    cohort: str | None = UNCHANGED
    capacity: int = UNCHANGED
    role_played: str = UNCHANGED


class RequirementsChecked(Event, noun="participant"):
    """Plugins' checks have answered: requirement id -> yes, no or ask."""

    checked: Mapping[str, str]


class ParticipantSigned(Event, noun="participant"):
    """The sign-off `signoff` was given, by whom and when the event says; `signed` are all now."""

    signoff: str
    signed: tuple[str, ...]


class SignatureWithdrawn(Event, noun="participant"):
    """The sign-off `signoff` does not count any more; `signed` are those left."""

    signoff: str
    signed: tuple[str, ...]


class ParticipantApproved(MovedFor, noun="participant", state="approved"): ...


class ParticipantWaitlisted(MovedFor, noun="participant", state="waiting"): ...


class ParticipantDeclined(MovedFor, noun="participant", state="declined"): ...


class ConsentGiven(Event, noun="participant"):
    consent_version: int


class ConsentWithdrawn(Event, noun="participant"):
    consent_version: None = None


class ParticipantOnboarded(Moved, noun="participant", state="active"):
    capacity: int = UNCHANGED


class ParticipantPaused(MovedFor, noun="participant", state="paused"): ...


class ParticipantResumed(MovedFor, noun="participant", state="active"): ...


class ParticipantLeft(MovedFor, noun="participant", state="left"): ...


class ParticipantReadmitted(MovedFor, noun="participant", state="lead"):
    """Staff took somebody back in who had left; consent is to be asked for again."""

    consent_version: None = None


class WordsPassedOn(Event, noun="participant"):
    """The mentors they come to may read these words (notes) of theirs, and those alone.

    With `time_told` also how often and how long they had met before.
    """

    word_ids: tuple[str, ...]
    time_told: bool


class CapacityChanged(Event, noun="participant"):
    capacity: int


class TouchChanged(Event, noun="participant"):
    """How closely they are looked after from now on: a level of the targets, or "" as all are."""

    touch: str


class PromptsSilenced(Event, noun="participant"):
    """They get no prompts of the program any more, but what they need to be told, and safety."""


class PromptsWanted(Event, noun="participant"):
    """They get the prompts of the program again."""


class PlaceTaken(Event, noun="participant"):
    used: int


class PlaceReleased(Event, noun="participant"):
    used: int


class PersonLinked(Event, noun="person"):
    """A host's user is this person from now on; which, the journal does not say."""


class ContactsShared(Event, noun="person"):
    """Whoever they are connected with may see these contacts (ids) of theirs, and no others."""

    contact_ids: tuple[str, ...]


class ContactVerified(Event, noun="person"):
    """They pressed a link that was sent to `contact_id`, so it reaches them."""

    contact_id: str


class ContactBounced(Event, noun="person"):
    """The vendor of `channel` says by `code` that nobody is at `contact_id` (any more)."""

    contact_id: str
    channel: str
    code: str


class PersonBlocked(Event, noun="block"):
    """`person_id` and `other_id` are kept apart from now on."""

    person_id: str
    other_id: str


class PersonUnblocked(Event, noun="block"):
    """`person_id` does not keep `other_id` away any more."""

    person_id: str
    other_id: str


class PersonErased(Event, noun="person"):
    """What told of this person is gone; the id stays."""


class RunQueued(Moved, noun="run", state="queued"):
    strategy_version: int
    seed: int = 0
    of_cohort: str | None = UNCHANGED


class RunStarted(Moved, noun="run", state="running"): ...


class RunDrafted(MovedFor, noun="run", state="draft"): ...


class RunReviewed(Moved, noun="run", state="reviewed"): ...


class RunPublished(Moved, noun="run", state="published"): ...


class RunDiscarded(Moved, noun="run", state="discarded"): ...


class RunFailed(MovedFor, noun="run", state="failed"): ...


class ProposalDrafted(Moved, noun="proposal", state="draft"):
    mentee_id: str
    mentor_id: str
    run_id: str | None = None
    origin: str = "strategy"
    score: int = 0
    rank: int = 1
    locked: bool = False
    circle_of: int = 0


class ProposalLocked(Event, noun="proposal"):
    locked: bool


class ProposalOffered(Moved, noun="proposal", state="offered"): ...


class QuestionAsked(Moved, noun="proposal", state="question"):
    """The role `asked_by` wants to know what stands in the note `text_id`."""

    asked_by: str
    text_id: str


class QuestionAnswered(Moved, noun="proposal", state="offered"):
    """The reply stands in the note `text_id`."""

    text_id: str


class ProposalAnswered(Event, noun="proposal"):
    """One more of those asked has said yes; others are still awaited."""

    answered: tuple[str, ...]


class ProposalAccepted(Moved, noun="proposal", state="accepted"):
    answered: tuple[str, ...]
    relationship_id: str


class ProposalDeclined(MovedFor, noun="proposal", state="declined"): ...


class ProposalExpired(Moved, noun="proposal", state="expired"): ...


class ProposalWithdrawn(MovedFor, noun="proposal", state="withdrawn"): ...


class RelationshipStarted(Moved, noun="relationship", state="active"):
    proposal_id: str | None = None
    mentee_id: str
    mentor_id: str
    members: tuple[str, ...] = UNCHANGED
    targets_version: int
    touch: str = UNCHANGED
    of_cohort: str | None = UNCHANGED


class MemberJoined(Event, noun="relationship"):
    """`participant_id`, a mentee or a second mentor, joined a running circle by `joined_by`.

    `members` are the participants who are in it from now on.
    """

    participant_id: str
    joined_by: str
    members: tuple[str, ...]


class MemberLeft(Event, noun="relationship"):
    """`participant_id` left a circle, which goes on for `members`."""

    participant_id: str
    left_reason: str
    members: tuple[str, ...]


class RelationshipPaused(MovedFor, noun="relationship", state="paused"): ...


class RelationshipResumed(MovedFor, noun="relationship", state="active"): ...


class MessageRelayed(Event, noun="relationship"):
    """`participant_id` wrote to the others in it; the words stand in the note `text_id`."""

    participant_id: str
    text_id: str


class RelationshipExtended(Event, noun="relationship"):
    days: int


class RelationshipEnded(MovedFor, noun="relationship", state="ended"): ...


class MilestonePlanned(Moved, noun="milestone", state="upcoming"):
    relationship_id: str
    kind: str
    participant_id: str = UNCHANGED


class MilestoneDue(Moved, noun="milestone", state="due"): ...


class MilestoneAnswered(Event, noun="milestone"):
    """One more of those asked has looked back; others are still awaited."""

    answered: tuple[str, ...]


class MilestoneDone(Moved, noun="milestone", state="done"):
    answered: tuple[str, ...] = UNCHANGED


class MilestoneMissed(Moved, noun="milestone", state="missed"): ...


class MilestoneCancelled(Moved, noun="milestone", state="cancelled"): ...


class MeetingHeld(Moved, noun="meeting", state="held"):
    """`attended` are the participants who were there, where not all were."""

    relationship_id: str
    minutes: int
    attendees: tuple[str, ...] = UNCHANGED


class MeetingStruck(Moved, noun="meeting", state="struck"): ...


class ConcernRaised(Moved, noun="concern", state="raised"):
    """`raised_by` is None for whoever wished not to be known; what they say is in a note."""

    kind: str
    about_id: str | None = None
    about_staff: bool = False
    raised_by: str | None = None
    proposal_id: str | None = None
    relationship_id: str | None = None
    text_id: str | None = None


class ConcernTaken(Moved, noun="concern", state="taken"):
    owner_id: str | None = None


class ConcernNoted(Event, noun="concern"):
    """Staff wrote the note `noted_id` about it."""

    noted_id: str


class ConcernClosed(MovedFor, noun="concern", state="closed"): ...


class ConcernReopened(Moved, noun="concern", state="raised"):
    """It waits for somebody to take it, again."""

    owner_id: None = None
    reason: None = None


class ContentWritten(Moved, noun="content", state="unchecked"):
    """A text (the note with the subject's id) waits to be looked at before others read it.

    It is about a proposal, carried in a relationship, or the answer to a `field` of the profile.
    """

    kind: str
    author_id: str
    proposal_id: str | None = None
    relationship_id: str | None = None
    participant_id: str | None = None
    field: str | None = None


class ContentHeld(MovedFor, noun="content", state="held"): ...


class ContentReleased(Moved, noun="content", state="released"): ...


class ContentRefused(MovedFor, noun="content", state="refused"):
    """It goes to nobody; in the note `note_id` staff tell its author why."""

    note_id: str | None = None


class SurveyAsked(Moved, noun="survey", state="asked"):
    """`person_id` is asked, as mentee, mentor or staff (`side`), about one point, for so many days.

    `number` and `measured` are the versions of the questionnaires and of the measurement plan.
    """

    person_id: str
    side: str
    participant_id: str | None = None
    relationship_id: str | None = None
    questionnaire: str
    number: int
    measured: int = 0
    point_noun: str
    point_id: str
    flagged: bool = False
    window: int


class SurveyJoined(Event, noun="survey"):
    """Something more came due while somebody was asked about the same: one survey asks both."""

    questionnaire: str
    number: int
    point_noun: str
    point_id: str
    flagged: bool = False


class SurveyReopened(Event, noun="survey"):
    """Who had not answered in time what the end asks has so many days anew, at the real end."""

    window: int


class SurveyClosed(Moved, noun="survey", state="closed"):
    """Whoever was asked is not on that side any more: it counts as never asked.

    If they have `left` the program, it counts as asked and not answered.
    """

    left: bool = False


class SurveyAnswered(Moved, noun="survey", state="answered"):
    """The answers stand in the note `note_id`, what was written in words in `text_id`."""

    note_id: str | None = None
    text_id: str | None = None
    answers: int


class JobRevived(Event, noun="job"):
    """Something promised (of this `kind`) that was given up, because of `code`, is tried again."""

    kind: str
    code: str | None = None


class JobDropped(Event, noun="job"):
    """Something promised (of this `kind`) that was given up will not happen."""

    kind: str
    code: str | None = None


class Announced(Event, noun="announcement"):
    """The announcement, whose text is the definition of this key, was promised to so many."""

    people: int
