"""What happened: one frozen, versioned dataclass for each fact, in the past tense.

An event's own fields are exactly what changed on its subject, under the names the subject's
dataclass uses, as ids, codes and numbers. So replaying is laying them over one another in order,
and what the replay gives can be compared with what the store holds. Free text never stands here:
it lives in a note, referenced by id, and can be erased.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar, dataclass_transform

EVENTS: dict[str, type[Event]] = {}
"""Every event class by name, in the order of the journey."""


@dataclass_transform(frozen_default=True, kw_only_default=True)
@dataclass(frozen=True, kw_only=True)
class Event:
    """One fact. `subject_id` is what it happened to, `cause` the event that led to it.

    `sequence` is given by the journal and orders all events of a database. A subclass is a
    dataclass too; it names its noun, and its `schema` once its payload has changed. Without a
    noun it is there to inherit from.
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

    def __init_subclass__(cls, *, noun: str = "", schema: int = 1) -> None:
        cls.noun, cls.schema = noun, schema
        made = dataclass(frozen=True, kw_only=True)(cls)
        if noun:
            EVENTS[cls.__name__] = made

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
    return cls(**envelope, **{key: values.get(key, UNCHANGED) for key in known})


UPCASTS: dict[tuple[str, int], Any] = {}
"""(event, from version) -> function that brings a stored payload one version further."""


# --------------------------------------------------------------------------- program


class ProgramCreated(Event, noun="program"):
    state: str = "draft"


class ProgramOpened(Event, noun="program"):
    state: str = "open"


class ProgramClosed(Event, noun="program"):
    state: str = "closed"


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


# --------------------------------------------------------------------------- recruit to onboard


class LeadReceived(Event, noun="participant"):
    role_played: str
    capacity: int
    used: int = 0
    state: str = "lead"


class ParticipantChanged(Event, noun="participant"):
    """A later import or form changed who they are; `changed` names fields, never their values."""

    changed: tuple[str, ...] = ()
    capacity: int = UNCHANGED
    role_played: str = UNCHANGED


class ParticipantApproved(Event, noun="participant"):
    state: str = "approved"
    reason: str | None = None


class ParticipantWaitlisted(Event, noun="participant"):
    state: str = "waiting"
    reason: str | None = None


class ParticipantDeclined(Event, noun="participant"):
    state: str = "declined"
    reason: str | None = None


class ConsentGiven(Event, noun="participant"):
    consent_version: int


class ConsentWithdrawn(Event, noun="participant"):
    consent_version: None = None


class ParticipantOnboarded(Event, noun="participant"):
    state: str = "active"
    capacity: int = UNCHANGED


class ParticipantPaused(Event, noun="participant"):
    state: str = "paused"
    reason: str | None = None


class ParticipantResumed(Event, noun="participant"):
    state: str = "active"
    reason: str | None = None


class ParticipantLeft(Event, noun="participant"):
    state: str = "left"
    reason: str | None = None


class CapacityChanged(Event, noun="participant"):
    capacity: int


class PlaceTaken(Event, noun="participant"):
    used: int


class PlaceReleased(Event, noun="participant"):
    used: int


class PersonLinked(Event, noun="person"):
    """A host's user is this person from now on; which, the journal does not say."""


class PersonBlocked(Event, noun="person"):
    """`subject_id` and `other_id` are kept apart from now on."""

    other_id: str


# --------------------------------------------------------------------------- match


class PersonErased(Event, noun="person"):
    """What told of this person is gone; the id stays."""


class RunQueued(Event, noun="run"):
    state: str = "queued"
    strategy_version: int
    seed: int = 0


class RunStarted(Event, noun="run"):
    state: str = "running"


class RunDrafted(Event, noun="run"):
    state: str = "draft"
    reason: str | None = None


class RunReviewed(Event, noun="run"):
    state: str = "reviewed"


class RunPublished(Event, noun="run"):
    state: str = "published"


class RunDiscarded(Event, noun="run"):
    state: str = "discarded"


class RunFailed(Event, noun="run"):
    state: str = "failed"
    reason: str | None = None


class ProposalDrafted(Event, noun="proposal"):
    state: str = "draft"
    mentee_id: str
    mentor_id: str
    run_id: str | None = None
    origin: str = "strategy"
    score: int = 0
    rank: int = 1
    locked: bool = False


class ProposalLocked(Event, noun="proposal"):
    locked: bool


class ProposalOffered(Event, noun="proposal"):
    state: str = "offered"


class QuestionAsked(Event, noun="proposal"):
    state: str = "question"


class QuestionAnswered(Event, noun="proposal"):
    state: str = "offered"


class ProposalAnswered(Event, noun="proposal"):
    """One more of those asked has said yes; others are still awaited."""

    answered: tuple[str, ...]


class ProposalAccepted(Event, noun="proposal"):
    state: str = "accepted"
    answered: tuple[str, ...]
    relationship_id: str


class ProposalDeclined(Event, noun="proposal"):
    state: str = "declined"
    reason: str | None = None


class ProposalExpired(Event, noun="proposal"):
    state: str = "expired"


class ProposalWithdrawn(Event, noun="proposal"):
    state: str = "withdrawn"
    reason: str | None = None


# --------------------------------------------------------------------------- meet


class RelationshipStarted(Event, noun="relationship"):
    state: str = "active"
    proposal_id: str | None = None
    mentee_id: str
    mentor_id: str
    members: tuple[str, ...] = UNCHANGED
    targets_version: int


class MemberJoined(Event, noun="relationship"):
    """`participant_id` joined a running circle by the proposal `joined_by`.

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


class RelationshipPaused(Event, noun="relationship"):
    state: str = "paused"
    reason: str | None = None


class RelationshipResumed(Event, noun="relationship"):
    state: str = "active"
    reason: str | None = None


class RelationshipExtended(Event, noun="relationship"):
    days: int


class RelationshipEnded(Event, noun="relationship"):
    state: str = "ended"
    reason: str | None = None


class MilestonePlanned(Event, noun="milestone"):
    state: str = "upcoming"
    relationship_id: str
    kind: str


class MilestoneDue(Event, noun="milestone"):
    state: str = "due"


class MilestoneDone(Event, noun="milestone"):
    state: str = "done"


class MilestoneMissed(Event, noun="milestone"):
    state: str = "missed"


class MilestoneCancelled(Event, noun="milestone"):
    state: str = "cancelled"


class MeetingHeld(Event, noun="meeting"):
    state: str = "held"
    relationship_id: str
    minutes: int


class MeetingStruck(Event, noun="meeting"):
    state: str = "struck"
