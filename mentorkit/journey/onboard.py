"""Onboard: consent, the answers a program asks for, how many places; then active."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.fields import Field
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.relationships import HOLDING
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.journey.accept import withdraw_open
from mentorkit.journey.cohorts import cohorts_of
from mentorkit.journey.meet import Met, part
from mentorkit.journey.programs import consent_version, fields_of
from mentorkit.journey.safeguards import not_erased
from mentorkit.journey.steps import NEW, Step, atomic, party, role_in

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


class Own(Step):
    """A step about one participant, walked by that person or by staff.

    There is none about somebody who was erased: what is left of them stays as it is.
    """

    def __init__(self, tx: Transaction, actor: Actor, participant: str) -> None:
        if tx.write:  # who looks at it for a pair waits, or we for them
            tx.participants.hold([participant])
        self.participant = one = tx.participants.get(participant)
        self.program = tx.programs.get(one.program_id)
        named = Role.MENTOR if one.role == "mentor" else Role.MENTEE
        role = party(tx, self.program, actor, [(named, one.person_id)], "participant")
        not_erased(tx, one)
        super().__init__(tx, actor, role, self.program.id)

    def with_capacity(self, capacity: int) -> Participant:
        """Return the participant with this many places; a mentee's own wish has a limit."""
        most = self.program.mentee_capacity
        one, staff = self.participant, role_in(self.tx, self.program, self.actor) in STAFF
        if self.role in PARTIES and not staff and one.role == "mentee" and capacity > most:
            raise NotAllowed(
                "participant.staff_raise",
                f"Only staff give a mentee more than {most} place(s) here; ask a coordinator.",
            )
        return one.with_capacity(capacity)


def show(kit: Kit, *, tenant: str, actor: Actor, participant: str) -> dict[str, Any]:
    """Return a participant with all that is asked of them: questions, answers, and the consent.

    For themselves and for staff, who get the `notes` about them too: who wrote what, when, and
    about what. `questions` are the profile fields of their role, each with its
    `value`; `consent_text` is ``{locale: text}`` of version `consent_now`, and
    `cohorts` gives the name of each by key.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        own = Own(tx, actor, participant)
        one, program = own.participant, own.program
        person = tx.people.get(one.person_id)
        text = tx.definitions.current(program.id, "consent")
        asked = [
            field
            for field in fields_of(tx, program).values()
            if any(one.plays(role) for role in field.roles)
        ]
        notes = {} if own.role in PARTIES else {"notes": _notes(tx, one)}
        return {
            **as_row(one),
            **notes,
            "name": person.name,
            "key": person.external_key,
            "program": program.key,
            "program_name": shown(program.name),
            "consent_text": shown(text.body) if text else {},
            "consent_now": text.number if text else 0,
            "cohorts": {key: shown(c.name) for key, c in cohorts_of(tx, program).items()},
            "questions": [{**as_row(f), "value": shown(one.profile.get(f.id))} for f in asked],
            "contacts": [
                {"kind": c.kind, "value": c.value, "verified": c.verified}
                for c in tx.contacts.find(person_id=person.id)
            ],
        }


def _notes(tx: Transaction, one: Participant) -> list[dict[str, Any]]:
    """Return what was written about somebody, and about what they are in, oldest first."""
    about = {one.id, *(held.id for held in tx.relationships.for_participants([one.id]))}
    for side in ("mentee_id", "mentor_id"):
        about |= {asked.id for asked in tx.proposals.find(**{side: one.id})}
    found = sorted(tx.notes.find(subject_id=list(about)), key=lambda note: note.created_at)
    people = tx.people.get_many(note.author_id for note in found if note.author_id)
    names = {id: person.name for id, person in people.items()}
    return [
        {
            "about": note.subject_noun,
            "by": names.get(note.author_id or ""),
            "at": shown(note.created_at),
            "text": note.text,
        }
        for note in found
    ]


@atomic
def consent(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, version: int | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Record consent to the text in force; `version` is the one shown, and an older is refused."""
    own = Own(tx, actor, participant)
    current = consent_version(tx, own.program)
    if version is not None and version != current:
        raise Conflict(
            "consent.old_text",
            f"The text is now version {current}; show that one and ask again.",
            current=current,
        )
    agreed = own.participant.consent(text_version=current, at=tx.now)
    return own.done(tx.participants, agreed, events.ConsentGiven, consent_version=current)


@atomic
def withdraw(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Take consent back: from now on no run, no proposal and no message includes this person."""
    own = Own(tx, actor, participant)
    agreed_no_more = own.participant.withdraw_consent()
    saved, event = own.save(tx.participants, agreed_no_more, events.ConsentWithdrawn)
    withdraw_open(tx, participant=participant, reason="no_consent", cause=event)
    return own.row(saved)


@atomic
def answer(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, answers: Mapping[str, Any],
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Fill in profile fields; raise `Invalid` with every answer that cannot be used."""
    own = Own(tx, actor, participant)
    one = own.participant
    values, problems = parsed(fields_of(tx, own.program), answers)
    if problems:
        raise Invalid("profile.invalid", "Some answers cannot be used:", problems)
    profile = one.profile.with_(**values)
    changed = tuple(sorted(k for k in answers if one.profile.get(k) != profile.get(k)))
    if not changed:
        return own.row(one)
    one = replace(one, profile=profile)
    return own.done(tx.participants, one, events.ParticipantChanged, changed=changed)


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


@atomic
def complete(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, capacity: int | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Make somebody active: consented to the current text, required fields answered."""
    own = Own(tx, actor, participant)
    one = own.participant
    missing = [
        spec.id
        for spec in fields_of(tx, own.program).values()
        if spec.required and one.profile.get(spec.id) is None
        and any(one.plays(played) for played in spec.roles)
    ]  # fmt: skip
    if missing:
        raise Conflict(
            "participant.unanswered", f"Still to be answered: {', '.join(missing)}.",
            fields=missing,
        )  # fmt: skip
    if one.consent_version != consent_version(tx, own.program) or one.consented_at is None:
        raise Conflict("participant.no_consent", "Record their consent to the current text first.")
    one = one.move("active", by=own.role)
    if capacity is not None:
        one = replace(one, capacity=own.with_capacity(capacity).capacity)
    fact = events.ParticipantOnboarded
    return own.done(tx.participants, one, fact, capacity=one.capacity)


@atomic
def set_capacity(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, capacity: int, tx: Transaction = NEW
) -> dict[str, Any]:
    """Change how many relationships at once; never fewer than are running now."""
    own = Own(tx, actor, participant)
    changed = own.with_capacity(capacity)
    return own.done(tx.participants, changed, events.CapacityChanged, capacity=capacity)


@atomic
def pause(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "asked",
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Leave somebody out of new runs for a while; running relationships go on."""
    own = Own(tx, actor, participant)
    moved = own.participant.move("paused", by=own.role, reason=reason)
    return own.done(tx.participants, moved, events.ParticipantPaused, reason=reason)


@atomic
def resume(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "back",
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Include somebody in runs again."""
    own = Own(tx, actor, participant)
    if own.participant.state != "paused":
        raise Conflict(
            "participant.not_paused",
            f"This participant is {own.participant.state}, not paused.",
        )
    moved = own.participant.move("active", by=own.role, reason=reason)
    return own.done(tx.participants, moved, events.ParticipantResumed, reason=reason)


@atomic
def leave(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "asked",
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Let somebody go; open proposals are withdrawn, running relationships must end first.

    A mentee leaves their circles at once; these go on for the others.
    """
    own = Own(tx, actor, participant)
    for held in tx.relationships.for_participants([participant], states=HOLDING):
        if held.kind == "circle" and participant in held.mentees:
            part(Met(tx, actor, held.id), [participant], reason)
    moved = tx.participants.get(participant).move("left", by=own.role, reason=reason)
    saved, event = own.save(tx.participants, moved, events.ParticipantLeft, reason=reason)
    withdraw_open(tx, participant=participant, reason="left", cause=event)
    return own.row(saved)
