"""What happened: one frozen, versioned dataclass for each fact, in the past tense.

An event's own fields are exactly what changed on its subject, under the names the subject's
dataclass uses, as ids, codes and numbers. So replaying is laying them over one another in order,
and what the replay gives can be compared with what the store holds. Free text never stands here:
it lives in a note, referenced by id, and can be erased.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar, dataclass_transform

EVENTS: dict[str, type[Event]] = {}
"""Every event class by name, in the order of the journey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One fact. `subject_id` is what it happened to, `cause` the event that led to it.

    `sequence` is given by the journal and orders all events of a database.
    """

    noun: ClassVar[str] = ""
    schema: ClassVar[int] = 1

    subject_id: str
    tenant: str = ""
    program_id: str | None = None
    actor_id: str | None = None
    role: str = ""
    means: str = "self"
    at: datetime | None = None
    cause: int | None = None
    sequence: int = 0

    def payload(self) -> dict[str, Any]:
        """Return what changed: field of the subject -> new value, those left alone not there."""
        own = {item.name for item in fields(self)} - ENVELOPE
        return {
            name: value for name in sorted(own) if (value := getattr(self, name)) is not UNCHANGED
        }


class _Unchanged:
    """Marks a field that the event did not touch."""

    def __repr__(self) -> str:
        return "UNCHANGED"

    def __reduce__(self) -> str:
        return "UNCHANGED"


UNCHANGED: Any = _Unchanged()
ENVELOPE = frozenset(item.name for item in fields(Event))


E = TypeVar("E", bound=Event)


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fact(noun: str, version: int = 1) -> Callable[[type[E]], type[E]]:
    """Make a class a fact about this noun, at this version of its payload."""

    def make(cls: type[E]) -> type[E]:
        made: type[E] = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.noun, made.schema = noun, version
        EVENTS[made.__name__] = made
        return made

    return make


def replay(events: Iterable[Event]) -> dict[tuple[str, str], dict[str, Any]]:
    """Return ``{(noun, subject id): state}`` after these events, oldest first."""
    states: dict[tuple[str, str], dict[str, Any]] = {}
    for event in events:
        states.setdefault((event.noun, event.subject_id), {}).update(event.payload())
    return states


def load(name: str, version: int, payload: Mapping[str, Any], **envelope: Any) -> Event:
    """Return a stored event; an older version is brought up to date first."""
    cls = EVENTS[name]
    body = dict(payload)
    for step in range(version, cls.schema):
        body = UPCASTS[name, step](body)
    known = {item.name for item in fields(cls)} - ENVELOPE
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in body.items()}
    return cls(
        **envelope,
        **{key: values.get(key, UNCHANGED) for key in known},
    )


UPCASTS: dict[tuple[str, int], Any] = {}
"""(event, from version) -> function that brings a stored payload one version further."""


# --------------------------------------------------------------------------- program


@fact("program")
class ProgramCreated(Event):
    state: str = "draft"


@fact("program")
class ProgramOpened(Event):
    state: str = "open"


@fact("program")
class ProgramClosed(Event):
    state: str = "closed"


@fact("program")
class StaffAppointed(Event):
    """`person_id` got `staff_role`."""

    person_id: str
    staff_role: str


@fact("program")
class DefinitionChanged(Event):
    """A new version of the program's fields, strategy, targets, ... is in force."""

    kind: str
    key: str = ""
    number: int


# --------------------------------------------------------------------------- recruit to onboard


@fact("participant")
class LeadReceived(Event):
    role_played: str
    capacity: int
    used: int = 0
    state: str = "lead"


@fact("participant")
class ParticipantChanged(Event):
    """A later import or form changed who they are; `changed` names fields, never their values."""

    changed: tuple[str, ...] = ()
    capacity: int = UNCHANGED
    role_played: str = UNCHANGED


@fact("participant")
class ParticipantApproved(Event):
    state: str = "approved"
    reason: str | None = None


@fact("participant")
class ParticipantWaitlisted(Event):
    state: str = "waiting"
    reason: str | None = None


@fact("participant")
class ParticipantDeclined(Event):
    state: str = "declined"
    reason: str | None = None


@fact("participant")
class ConsentGiven(Event):
    consent_version: int


@fact("participant")
class ConsentWithdrawn(Event):
    consent_version: None = None


@fact("participant")
class ParticipantOnboarded(Event):
    state: str = "active"
    capacity: int = UNCHANGED


@fact("participant")
class ParticipantPaused(Event):
    state: str = "paused"
    reason: str | None = None


@fact("participant")
class ParticipantResumed(Event):
    state: str = "active"
    reason: str | None = None


@fact("participant")
class ParticipantLeft(Event):
    state: str = "left"
    reason: str | None = None


@fact("participant")
class CapacityChanged(Event):
    capacity: int


@fact("participant")
class PlaceTaken(Event):
    used: int


@fact("participant")
class PlaceReleased(Event):
    used: int


@fact("person")
class PersonBlocked(Event):
    """`subject_id` and `other_id` are kept apart from now on."""

    other_id: str


# --------------------------------------------------------------------------- match


@fact("run")
class RunQueued(Event):
    state: str = "queued"
    strategy_version: int
    seed: int = 0


@fact("run")
class RunStarted(Event):
    state: str = "running"


@fact("run")
class RunDrafted(Event):
    state: str = "draft"
    reason: str | None = None


@fact("run")
class RunReviewed(Event):
    state: str = "reviewed"


@fact("run")
class RunPublished(Event):
    state: str = "published"


@fact("run")
class RunDiscarded(Event):
    state: str = "discarded"


@fact("run")
class RunFailed(Event):
    state: str = "failed"
    reason: str | None = None


@fact("proposal")
class ProposalDrafted(Event):
    state: str = "draft"
    mentee_id: str
    mentor_id: str
    run_id: str | None = None
    origin: str = "strategy"
    score: int = 0
    rank: int = 1
    locked: bool = False


@fact("proposal")
class ProposalLocked(Event):
    locked: bool


@fact("proposal")
class ProposalOffered(Event):
    state: str = "offered"


@fact("proposal")
class QuestionAsked(Event):
    state: str = "question"


@fact("proposal")
class QuestionAnswered(Event):
    state: str = "offered"


@fact("proposal")
class ProposalAnswered(Event):
    """One more of those asked has said yes; others are still awaited."""

    answered: tuple[str, ...]


@fact("proposal")
class ProposalAccepted(Event):
    state: str = "accepted"
    answered: tuple[str, ...]
    relationship_id: str


@fact("proposal")
class ProposalDeclined(Event):
    state: str = "declined"
    reason: str | None = None


@fact("proposal")
class ProposalExpired(Event):
    state: str = "expired"


@fact("proposal")
class ProposalWithdrawn(Event):
    state: str = "withdrawn"
    reason: str | None = None


# --------------------------------------------------------------------------- meet


@fact("relationship")
class RelationshipStarted(Event):
    state: str = "active"
    proposal_id: str | None = None
    mentee_id: str
    mentor_id: str
    targets_version: int


@fact("relationship")
class RelationshipPaused(Event):
    state: str = "paused"
    reason: str | None = None


@fact("relationship")
class RelationshipResumed(Event):
    state: str = "active"
    reason: str | None = None


@fact("relationship")
class RelationshipExtended(Event):
    days: int


@fact("relationship")
class RelationshipEnded(Event):
    state: str = "ended"
    reason: str | None = None


@fact("milestone")
class MilestonePlanned(Event):
    state: str = "upcoming"
    relationship_id: str
    kind: str


@fact("milestone")
class MilestoneDue(Event):
    state: str = "due"


@fact("milestone")
class MilestoneDone(Event):
    state: str = "done"


@fact("milestone")
class MilestoneMissed(Event):
    state: str = "missed"


@fact("milestone")
class MilestoneCancelled(Event):
    state: str = "cancelled"


@fact("meeting")
class MeetingHeld(Event):
    state: str = "held"
    relationship_id: str
    minutes: int


@fact("meeting")
class MeetingStruck(Event):
    state: str = "struck"
