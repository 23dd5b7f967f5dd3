"""How a step is walked: in one short transaction, by an actor whose role is checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypedDict, TypeVar, cast

from mentorkit.domain.events import Event
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.milestones import Meeting, Milestone
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Proposal, Relationship
from mentorkit.domain.shown import as_row
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotAllowed, NotFound, Problem
from mentorkit.store.faults import passes

if TYPE_CHECKING:
    from mentorkit.domain.runs import Progress
    from mentorkit.kit import Kit
    from mentorkit.store.repository import Noun, Repository
    from mentorkit.store.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")
N = TypeVar("N", bound="Noun")
NEW: Any = None
"""What a step takes as `tx` for a transaction of its own."""

CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
"""What a reason in the journal looks like. (A run fails with the code of an error.)"""
NO_CODE = (
    "write a code of small letters, digits and _, such as no_time; what somebody said belongs into"
    " a note, which can be erased"
)

CHUNK = 100
"""How many things `many` does in one transaction: few enough to keep locks short."""


THEIRS: dict[type, str] = {
    Participant: "program_id person_id business_id cohort role state capacity used profile "
    "signed consent_version consented_at silent_since created_at",
    Proposal: "program_id mentee_id mentor_id origin state circle_of answered asked_by offered_at "
    "due_at relationship_id created_at",
    Relationship: "program_id proposal_id kind state targets_version started_at ends_at paused_at "
    "ended_at members",
    Meeting: "relationship_id held_at minutes state attendees",
    Milestone: "relationship_id kind participant_id state opens_at closes_at answered",
}
"""What a participant is shown of what they are in: no score, no code of why, no note of staff."""


def as_party(value: Any) -> dict[str, Any]:
    """Return a thing as one JSON object, as it is shown to a participant who is in it."""
    row = as_row(value)
    return {name: row[name] for name in ("id", "version", *THEIRS[type(value)].split())}


class Fresh(TypedDict):
    """What every new thing has: an id of its own, and the tenant it belongs to."""

    id: str
    tenant: str


def fresh(tx: Transaction) -> Fresh:
    """Return what to make a new thing with: ``Meeting(**fresh(tx), minutes=60, ...)``."""
    return Fresh(id=tx.new_id(), tenant=tx.tenant)


@dataclass
class Step:
    """One actor walking in one role, in one transaction: what each fact is recorded with."""

    tx: Transaction
    actor: Actor
    role: Role
    program_id: str | None

    def fact(
        self, kind: type[Event], subject: str, /, cause: Event | None = None, **changed: Any
    ) -> Event:
        """Return a fact about the thing with this id; `changed` are the event's own fields."""
        reason = changed.get("reason", changed.get("left_reason"))
        if reason is not None and kind.noun != "run" and not CODE.fullmatch(reason):
            raise Invalid("reason.code", "The reason cannot be kept.", [Problem("reason", NO_CODE)])
        led = cause.sequence if cause else None
        return kind(subject_id=subject, program_id=self.program_id, cause=led, **changed)

    def record(
        self, kind: type[Event], subject: str, /, cause: Event | None = None, **changed: Any
    ) -> Event:
        """Append one fact, as `fact` makes it, and return it with its sequence."""
        return self.record_all([self.fact(kind, subject, cause, **changed)])[0]

    def record_all(self, facts: Iterable[Event]) -> list[Event]:
        """Append facts in this order."""
        return self.tx.record_all(facts, actor=self._named(), role=self.role)

    def _named(self) -> Actor:
        """Return the actor with their person id, where a host's user is somebody known here."""
        user = self.actor.user_ref
        if self.actor.person_id is None and user is not None:
            if user not in self.tx.users:  # looked up once, however many steps they walk
                self.tx.users[user] = person_of(self.tx, self.actor)
            self.actor = replace(self.actor, person_id=self.tx.users[user])
        return self.actor

    def save(
        self, kept: Repository[N], item: N, kind: type[Event], /, **changed: Any
    ) -> tuple[N, Event]:
        """Save a changed thing and record the fact of it; return both, the thing as it is now."""
        saved = kept.save(item)
        return saved, self.record(kind, saved.id, **changed)

    def done(
        self, kept: Repository[N], item: N, kind: type[Event], /, **changed: Any
    ) -> dict[str, Any]:
        """Save and record as `save` does, and return the thing as `row` does."""
        return self.row(self.save(kept, item, kind, **changed)[0])

    def row(self, item: Any) -> dict[str, Any]:
        """Return a thing as one JSON object, for whoever walks this step."""
        return as_party(item) if self.role in PARTIES else as_row(item)

    def note(self, noun: str, subject: str, text: str) -> str | None:
        """Keep free text about something, where it can be erased; return its id, if any text."""
        if not text:
            return None
        return self.tx.notes.write(
            text, subject_noun=noun, subject_id=subject, author_id=self._named().person_id
        )


def atomic(step: Callable[P, T]) -> Callable[P, T]:
    """Give a step its `tx`: a transaction of its own, or a savepoint inside the caller's.

    If the step raises inside the caller's, nothing of it stays, and the caller may go on.
    """
    walk: Callable[..., T] = step

    @wraps(step)
    def inside(kit: Kit, *, tenant: str, tx: Transaction | None = None, **values: Any) -> T:
        if tx is None:
            return kit.write(tenant, lambda own: walk(kit, tenant=tenant, tx=own, **values))
        with tx.savepoint():
            return walk(kit, tenant=tenant, tx=tx, **values)

    return cast("Callable[P, T]", inside)


def many(
    kit: Kit, verb: Callable[..., Any], ids: Sequence[str], *, tenant: str, actor: Actor, noun: str,
    within: str | None = None, progress: Progress | None = None, **values: Any,
) -> dict[str, Any]:  # fmt: skip
    """Do one step for many things: ``{"done": [...], "refused": [{id, code, message}]}``.

    `noun` is the name under which `verb` takes the id. What one thing is refused for does not
    stop the others; each chunk of 100 is one transaction. If others stay in the way of a chunk,
    each of its things gets a transaction of its own. What is not of the program with the id
    `within`, where that is given, is not found.
    """

    def attempt(tx: Transaction, one: str) -> tuple[str, Any]:
        try:
            if within and not getattr(tx, f"{noun}s").first(id=one, program_id=within):
                raise NotFound(f"{noun}.not_found", f"There is no such {noun} in this program.")
            return "done", verb(kit, tenant=tenant, actor=actor, tx=tx, **{noun: one}, **values)
        except MentorKitError as error:
            if passes(error):
                raise  # what was done beside it is done again as well
            return refused(one, error)

    def refused(one: str, error: MentorKitError) -> tuple[str, Any]:
        return "refused", {"id": one, "code": error.code, "message": str(error)}

    def walk(chunk: Sequence[str]) -> list[tuple[str, Any]]:
        try:
            return kit.write(tenant, lambda tx: [attempt(tx, one) for one in chunk])
        except Conflict as error:
            if len(chunk) == 1:
                return [refused(chunk[0], error)]
            return [told for one in chunk for told in walk([one])]

    report: dict[str, Any] = {"done": [], "refused": []}
    for start in range(0, len(ids), CHUNK):
        if progress:
            progress.step(start, len(ids))
        for outcome, told in walk(ids[start : start + CHUNK]):
            report[outcome].append(told)
    if progress:
        progress.step(len(ids), len(ids))
    return report


def person_of(tx: Transaction, actor: Actor) -> str | None:
    """Return the person id of the actor, looked up by the host's reference if need be."""
    if actor.person_id is not None or actor.user_ref is None:
        return actor.person_id
    person = tx.people.first(user_ref=actor.user_ref)
    return person.id if person else None


def not_erased(tx: Transaction, participant: Participant) -> Person:
    """Return the person behind a participant; raise `Conflict` if they were erased."""
    person = tx.people.get(participant.person_id)
    if person.erased:
        raise Conflict("participant.erased", "This person was erased; nothing brings them back.")
    return person


def program_of(tx: Transaction, program: str) -> Program:
    """Return the program with this id or key; raise NotFound."""
    found = tx.programs.first(key=program) or tx.programs.first(id=program)
    if found is None:
        raise NotFound(
            "program.not_found",
            f"There is no program {program!r} here. Look how its short name is written.",
        )
    return found


READERS = STAFF | {Role.SUPERVISOR, Role.VIEWER, Role.SYSTEM}


@contextmanager
def reading(
    kit: Kit, tenant: str, actor: Actor, program: str, roles: frozenset[Role] = READERS
) -> Iterator[tuple[Transaction, Program]]:
    """Open a transaction to read a program in (id or key), for an actor in one of `roles`."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        require(tx, found, actor, roles)
        yield tx, found


@contextmanager
def reading_own(
    kit: Kit, tenant: str, actor: Actor, program: str
) -> Iterator[tuple[Transaction, Program, set[str] | None]]:
    """Open a transaction as `reading` does; a participant may too, to see what is theirs.

    Yields the ids of the actor's own participants here as well, or None for whoever sees all.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        person = None if role_in(tx, found, actor) in READERS else person_of(tx, actor)
        mine = tx.participants.find(program_id=found.id, person_id=person) if person else []
        if not mine:
            require(tx, found, actor, READERS)
        yield tx, found, {one.id for one in mine} or None


def chosen(tx: Transaction, program: Program, plugin: str) -> Frozen | None:
    """Return the program's own settings for a loaded plugin; None when it is switched off here."""
    definition = tx.definitions.current(program.id, "plugin", plugin)
    body = definition.body if definition else Frozen()
    return body.get("settings", Frozen()) if body.get("enabled", True) else None


def persons_of(
    tx: Transaction, participants: Iterable[str], own: set[str] | None = None
) -> dict[str, Person]:
    """Return the person behind each participant id.

    For a participant (whose ids are `own`) without the key of anybody else.
    """
    found = tx.participants.get_many(participants)
    people = tx.people.get_many(one.person_id for one in found.values())
    persons = {one.id: people[one.person_id] for one in found.values()}
    return {
        id: replace(one, external_key=None) if own and id not in own else one
        for id, one in persons.items()
    }


def kept_from(tx: Transaction, program: Program, actor: Actor) -> set[str]:
    """Return the proposals and relationships of a program that the actor is or was in.

    What others say about these is kept from them, on the staff or not.
    """
    mine = tx.participants.find(program_id=program.id, person_id=person_of(tx, actor))
    ids = [one.id for one in mine]
    asked = [*tx.proposals.find(mentee_id=ids), *tx.proposals.find(mentor_id=ids)]
    held = (member.relationship_id for member in tx.members.find(participant_id=ids))
    return {*(one.id for one in asked), *held}


def role_in(tx: Transaction, program: Program, actor: Actor) -> Role | None:
    """Return what the actor is to the program's staff, or None."""
    if actor.is_system:
        return Role.SYSTEM
    if actor.admin:
        return Role.ADMIN
    held = program.staff.get(person_of(tx, actor) or "")
    return Role(held) if held else None


def require(
    tx: Transaction, program: Program, actor: Actor, roles: frozenset[Role] = STAFF
) -> Role:
    """Return the actor's staff role if it is one of `roles`; raise NotAllowed."""
    role = role_in(tx, program, actor)
    if role in roles:
        return role
    raise staff_only(roles)


def staff_only(roles: frozenset[Role] = STAFF) -> NotAllowed:
    """Return the error for whoever has none of these staff roles."""
    who = " or ".join(sorted(roles - {Role.SYSTEM}))
    return NotAllowed(
        "program.staff_only",
        f"Only staff of this program ({who}) may do that. An admin, which is whoever operates the "
        "database or whom the host says is one, appoints somebody.",
    )


def by_staff(tx: Transaction, actor: Actor, program: Program) -> Step:
    """Begin a step that only the program's staff may walk; raise NotAllowed."""
    return Step(tx, actor, require(tx, program, actor), program.id)


def in_program(tx: Transaction, actor: Actor, program: str) -> tuple[Program, Step]:
    """Return the program with this id or key, and a step of its staff in it."""
    found = program_of(tx, program)
    return found, by_staff(tx, actor, found)


def changing(tx: Transaction, actor: Actor, program: str) -> tuple[Program, Step]:
    """Do as `in_program`, and keep others from changing how the program is set up until we end.

    What a change is made from is read afterwards: so the second of two adds to the first.
    """
    tx.programs.hold([in_program(tx, actor, program)[0].id])
    tx.definitions.forget()
    return in_program(tx, actor, program)


def party(
    tx: Transaction, program: Program, actor: Actor, people: Iterable[tuple[Role, str]],
    noun: str, speaking: str | None = None,
) -> Role:  # fmt: skip
    """Return the actor's role to a thing: one of its parties (role, person id), or staff.

    Staff who are a party themselves are that party, unless they are `speaking` for another role.
    Raises NotAllowed for staff who only read, and NotFound for anybody else: whether the thing
    exists is not theirs to know.
    """
    role = role_in(tx, program, actor)
    staff = role if role in STAFF | {Role.SYSTEM} else None
    if staff and (staff == Role.SYSTEM or speaking not in (None, *PARTIES)):
        return staff
    person = person_of(tx, actor)
    for named, holder in people:
        if holder == person and (not staff or speaking in (None, named)):
            return named
    if staff:
        return staff
    if role in READERS:
        raise staff_only()
    raise NotFound(f"{noun}.not_found", f"There is no such {noun} here.")
