"""Onboard: consent, the answers a program asks for, how many places; then active."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.fields import Field, parsed
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, is_zone
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING
from mentorkit.domain.shown import as_row, shown
from mentorkit.domain.text import in_locale
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.journey.accept import withdraw_open
from mentorkit.journey.choices import take_up
from mentorkit.journey.cohorts import cohorts_of, over
from mentorkit.journey.contents import answers_aside, answers_waiting, reviewed
from mentorkit.journey.definitions import consent_needed, consent_version, fields_of, targets_of
from mentorkit.journey.feedback import asked_of
from mentorkit.journey.meet import Met, part
from mentorkit.journey.relay import relayed
from mentorkit.journey.requirements import still_open
from mentorkit.journey.safeguards import signoffs_of
from mentorkit.journey.steps import NEW, Step, atomic, kept_from, not_erased, party, role_in

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

CONTACT = ("id", "kind", "value", "verified", "shared", "bounced")
"""What is shown of a contact to its owner and to staff."""
MOST_MENTEES = 50
"""How many mentees at once a mentor may offer to look after; staff may give more places."""


class Own(Step):
    """A step about one participant, walked by that person or by staff.

    There is none about somebody who was erased: what is left of them stays as it is.
    """

    def __init__(
        self, tx: Transaction, actor: Actor, participant: str, speaking: str | None = None
    ) -> None:
        if tx.write:  # who looks at it for a pair waits, or we for them
            tx.participants.hold([participant])
        self.participant = one = tx.participants.get(participant)
        self.program = tx.programs.get(one.program_id)
        named = Role.MENTOR if one.role == "mentor" else Role.MENTEE
        mine = [(named, one.person_id)]
        role = party(tx, self.program, actor, mine, "participant", speaking)
        not_erased(tx, one)
        super().__init__(tx, actor, role, self.program.id)

    def with_capacity(self, capacity: int) -> Participant:
        """Return the participant with this many places; their own wish has a limit."""
        one, staff = self.participant, role_in(self.tx, self.program, self.actor) in STAFF
        if self.role not in PARTIES or staff:
            return one.with_capacity(capacity)
        most = max(one.capacity, most_places(self.program, one.role))
        if capacity > most:
            raise NotAllowed(
                "participant.staff_raise",
                f"Only staff give more than {most} place(s) here; ask a coordinator.",
            )
        return one.with_capacity(capacity, most)


def most_places(program: Program, role: str) -> int:
    """Return how many people at once somebody may wish for; staff may give more places."""
    return program.mentee_capacity if role == "mentee" else MOST_MENTEES


def show(kit: Kit, *, tenant: str, actor: Actor, participant: str) -> dict[str, Any]:
    """Return a participant with all that is asked of them: questions, answers, and the consent.

    For themselves and for staff, who get the `notes` about them too: who wrote what, when, and
    about what; none about what the reader is in, and no word that was carried. `questions` are the
    profile fields of their role, each with its `value`, and what waits to be looked at (`held`);
    `consent_text` is ``{locale: text}`` of version `consent_now`, and `cohorts` gives by key the
    name of each that is not over, and of their own. `most_places` is how many they may wish for,
    `open` are the requirements that nobody can say are met, of whoever was let in all the same.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        own = Own(tx, actor, participant)
        one, program = own.participant, own.program
        person = tx.people.get(one.person_id)
        text = tx.definitions.current(program.id, "consent")
        dated, ended = cohorts_of(tx, program), over(tx, program) - {one.cohort}
        held = answers_waiting(tx, one)
        asked = [
            field
            for field in fields_of(tx, program).values()
            if any(one.plays(role) for role in field.roles)
        ]
        notes = {} if own.role in PARTIES else {"notes": _notes(own)}
        return {
            **own.row(one),
            **notes,
            "name": person.name,
            "key": person.external_key,
            "zone": person.zone,
            "program": program.key,
            "program_name": shown(program.name),
            "most_places": max(one.capacity, most_places(program, one.role)),
            "touch_levels": [each.name for each in targets_of(tx, program)[0].touch],
            "consent_text": shown(text.body) if text else {},
            "consent_now": text.number if text else 0,
            "consent_due": (one.consent_version or 0) < consent_needed(tx, program)
            or one.consented_at is None,
            "questions": [
                {**_question(f, one.profile.get(f.id)), "held": held.get(f.id, "")} for f in asked
            ],
            "signoffs": _signoffs(tx, program, one),
            "open": still_open(tx, program, one),
            "cohorts": {key: shown(c.name) for key, c in dated.items() if key not in ended},
            "contacts": [
                {n: shown(getattr(c, n)) for n in CONTACT}
                for c in tx.contacts.find(person_id=person.id)
            ],
        }


def _question(field: Field, value: Any) -> dict[str, Any]:
    """Return a field as it is asked: the options offered now, and hidden ones if chosen before."""
    chosen = value if isinstance(value, tuple) else (value,)
    left = Frozen({
        id: label for id, label in field.choices.items() if id not in field.hidden or id in chosen
    })  # fmt: skip
    return {**as_row(replace(field, choices=left)), "value": shown(value)}


def _signoffs(tx: Transaction, program: Program, one: Participant) -> list[dict[str, Any]]:
    """Return the sign-offs that are required of somebody: when given, by whom, by what means."""
    given: dict[str, events.Event] = {
        event.signoff: event
        for event in tx.journal.about("participant", one.id)
        if isinstance(event, events.ParticipantSigned)
    }
    by = tx.people.get_many(event.actor_id for event in given.values() if event.actor_id)
    told = []
    for each in signoffs_of(tx, program):
        if any(one.plays(role) for role in each.roles):
            event = given[each.id] if each.id in one.signed else None
            who = by.get(event.actor_id or "") if event else None
            told.append({
                **as_row(each), "signed": event is not None,
                "at": shown(event.at) if event else None, "by": who.name if who else None,
                "means": event.means if event else None,
            })  # fmt: skip
    return told


@atomic
def sign(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, signoff: str, signed: bool = True,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Record a sign-off, with the time and who did; with `signed` false it counts no more.

    People record for themselves what the program lets them (`own`), staff everything; only staff
    take one back. What is recorded already stays as it was.
    """
    own = Own(tx, actor, participant)
    one, required = own.participant, signoffs_of(tx, own.program)
    found = next((each for each in required if each.id == signoff), None)
    if found is None:
        there = ", ".join(each.id for each in required) or "none"
        told = Problem("signoff", f"is no sign-off of this program; there are: {there}")
        raise Invalid("signoff.unknown", "There is no such sign-off.", [told])
    staff = role_in(tx, own.program, actor) in STAFF
    if not staff and not (found.own and signed):
        raise NotAllowed(
            "signoff.staff_only", "Only staff record that here; tell a coordinator when it is done."
        )
    if (signoff in one.signed) == signed:
        return own.row(one)
    others = tuple(each for each in one.signed if each != signoff)
    now = (*others, signoff) if signed else others
    fact = events.ParticipantSigned if signed else events.SignatureWithdrawn
    return own.done(tx.participants, replace(one, signed=now), fact, signoff=signoff, signed=now)


def _notes(own: Own) -> list[dict[str, Any]]:
    """Return what was written about somebody, and about what they are in, oldest first."""
    tx, one, unread = own.tx, own.participant, kept_from(own.tx, own.program, own.actor)
    about = {one.id, *(held.id for held in tx.relationships.for_participants([one.id]))}
    for side in ("mentee_id", "mentor_id"):
        about |= {asked.id for asked in tx.proposals.find(**{side: one.id})}
    found = sorted(tx.notes.find(subject_id=list(about - unread)), key=lambda n: n.created_at)
    held = {note.subject_id for note in found if note.subject_noun == "relationship"}
    carried = {word.text_id for id in held for word in relayed(tx, id)}
    people = tx.people.get_many(note.author_id for note in found if note.author_id)
    names = {id: person.name for id, person in people.items()}
    answers = {survey.text_id for author in people for survey in asked_of(tx, author)}
    return [
        {
            "about": note.subject_noun,
            "by": names.get(note.author_id or ""),
            "at": shown(note.created_at),
            "text": "\n".join(json.loads(note.text).values()) if note.id in answers else note.text,
        }
        for note in found
        if note.id not in carried
    ]


@atomic
def consent(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, version: int | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Record consent to the text in force; `version` is the one shown, and an older is refused."""
    own = Own(tx, actor, participant)
    current = consent_version(tx, own.program)
    if not current:
        raise Conflict("consent.no_text", "There is no text yet. Staff write it under Set up.")
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


@reviewed
@atomic
def answer(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, answers: Mapping[str, Any],
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Fill in profile fields; raise `Invalid` with every answer that cannot be used.

    A participant's own free text waits for the program's content checks, if it has any.
    """
    own = Own(tx, actor, participant)
    one = own.participant
    fields = fields_of(tx, own.program)
    values, problems = parsed(fields, answers)
    problems += no_longer(fields, values, one.profile)
    if problems:
        raise Invalid("profile.invalid", "Some answers cannot be used:", problems)
    values = answers_aside(kit, own, own.program, one, values)
    profile = one.profile.with_(**values)
    changed = tuple(sorted(k for k in values if one.profile.get(k) != profile.get(k)))
    if not changed:
        return own.row(one)
    one = replace(one, profile=profile)
    return own.done(tx.participants, one, events.ParticipantChanged, changed=changed)


@atomic
def set_zone(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, zone: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Set the time zone somebody lives by (``Africa/Nairobi``), in which they read dates."""
    own = Own(tx, actor, participant)
    if not is_zone(zone):
        told = Problem("zone", "write a time zone such as Africa/Nairobi")
        raise Invalid("person.zone", "There is no such time zone.", [told])
    person = tx.people.get(own.participant.person_id)
    if person.zone != zone:
        tx.people.save(replace(person, zone=zone))
        own.record(events.ParticipantChanged, participant, changed=("zone",))
    return own.row(own.participant)


def no_longer(
    fields: Mapping[str, Field], values: Mapping[str, Any], before: Mapping[str, Any]
) -> list[Problem]:
    """Return which options were chosen that are not offered any more; old answers may stay."""

    def options(value: Any) -> set[Any]:
        return set(value if isinstance(value, tuple) else (value,))

    return [
        Problem(id, f"{', '.join(sorted(gone))} cannot be chosen any more")
        for id, value in values.items()
        if (gone := options(value) & set(fields[id].hidden) - options(before.get(id)))
    ]


def unanswered(tx: Transaction, program: Program, one: Participant) -> list[Field]:
    """Return the questions that somebody must answer before they can be active."""
    return [
        spec
        for spec in fields_of(tx, program).values()
        if spec.required and one.profile.get(spec.id) is None
        and any(one.plays(played) for played in spec.roles)
    ]  # fmt: skip


@atomic
def complete(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, capacity: int | None = None,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Make somebody active: consented to the current text, required fields answered."""
    own = Own(tx, actor, participant)
    one = own.participant
    if missing := unanswered(tx, own.program, one):
        labels = ", ".join(in_locale(spec.label) or spec.id for spec in missing)
        raise Conflict(
            "participant.unanswered", f"Still to be answered: {labels}.",
            fields=[spec.id for spec in missing],
        )  # fmt: skip
    if one.consented_at is None or (one.consent_version or 0) < consent_needed(tx, own.program):
        raise Conflict(
            "participant.no_consent",
            "What everybody here agrees to comes first: it is not agreed to yet.",
        )
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
def set_touch(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, touch: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Look after somebody on this level of the program's targets from their next match on.

    Only staff may; "" is what goes for all.
    """
    own = Own(tx, actor, participant, "coordinator")
    if own.role in PARTIES:
        raise NotAllowed("participant.staff_touch", "Only staff say how closely to look after you.")
    known = [level.name for level in targets_of(tx, own.program)[0].touch]
    if touch and touch not in known:
        told = f"there are {', '.join(known) or 'none'}"
        raise Invalid("participant.touch", "There is no such level.", [Problem("touch", told)])
    return own.done(
        tx.participants, replace(own.participant, touch=touch), events.TouchChanged, touch=touch
    )


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
    saved, event = own.save(tx.participants, moved, events.ParticipantResumed, reason=reason)
    take_up(tx, saved, event)
    return own.row(saved)


@atomic
def leave(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "asked",
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Let somebody go; open proposals are withdrawn, running relationships must end first.

    A mentee leaves their circles at once; these go on for the others. What they are still asked is
    closed.
    """
    from mentorkit.journey.feedback import close

    own = Own(tx, actor, participant)
    for held in tx.relationships.for_participants([participant], states=HOLDING):
        if held.goes_on_without(participant) or (
            held.kind == "circle" and participant in held.mentees
        ):
            part(Met(tx, actor, held.id), [participant], reason)
    moved = tx.participants.get(participant).move("left", by=own.role, reason=reason)
    saved, event = own.save(tx.participants, moved, events.ParticipantLeft, reason=reason)
    withdraw_open(tx, participant=participant, reason="left", cause=event)
    if (
        reason != "wrong_role"
    ):  # such are back at once, and `correct` closes what is of the old side
        close(own, saved)
    return own.row(saved)
