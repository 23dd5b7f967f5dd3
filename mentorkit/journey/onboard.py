"""Onboard: consent, the answers a program asks for, how many places; then active."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.moves import Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import as_row
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey.programs import consent_version, fields_of
from mentorkit.journey.steps import inside, party

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction


def _own(tx: Transaction, actor: Actor, participant: str) -> tuple[Participant, Program, Role]:
    one = tx.participants.get(participant)
    program = tx.programs.get(one.program_id)
    named = Role.MENTOR if one.role == "mentor" else Role.MENTEE
    return one, program, party(tx, program, actor, {named: one.person_id}, "participant")


def consent(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    participant: str,
    version: int | None = None,
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Record consent to the program's text; `version` is the one shown (default: the current).

    An older text than the one in force is refused: the person has not seen what changed.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        one, program, role = _own(tx, actor, participant)
        current = consent_version(tx, program)
        if version is not None and version != current:
            raise Conflict(
                "consent.old_text",
                f"The text is now version {current}; show that one and ask again.",
                current=current,
            )
        saved = tx.participants.save(one.consent(text_version=current, at=tx.now))
        tx.record(
            events.ConsentGiven(subject_id=one.id, program_id=program.id, consent_version=current),
            actor=actor,
            role=role,
        )
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def withdraw(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Take consent back: from now on no run, no proposal and no message includes this person."""

    def work(tx: Transaction) -> dict[str, Any]:
        one, program, role = _own(tx, actor, participant)
        saved = tx.participants.save(one.withdraw_consent())
        tx.record(
            events.ConsentWithdrawn(subject_id=one.id, program_id=program.id),
            actor=actor,
            role=role,
        )
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def answer(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    participant: str,
    answers: Mapping[str, Any],
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Fill in profile fields; raise `Invalid` with every answer that cannot be used."""

    def work(tx: Transaction) -> dict[str, Any]:
        one, program, role = _own(tx, actor, participant)
        fields = fields_of(tx, program)
        problems, values = [], {}
        for name, raw in answers.items():
            if name not in fields:
                problems.append(Problem(name, f"is no field; there are {', '.join(fields)}"))
                continue
            try:
                values[name] = fields[name].parse(raw)
            except ValueError as error:
                problems.append(Problem(name, str(error)))
        if problems:
            raise Invalid("profile.invalid", "Some answers cannot be used:", problems)
        profile = one.profile.with_(**values)
        changed = tuple(sorted(k for k in values if one.profile.get(k) != profile.get(k)))
        if not changed:
            return as_row(one)
        saved = tx.participants.save(replace(one, profile=profile))
        tx.record(
            events.ParticipantChanged(subject_id=one.id, program_id=program.id, changed=changed),
            actor=actor,
            role=role,
        )
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def complete(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    participant: str,
    capacity: int | None = None,
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Make somebody active: consented to the current text, required fields answered."""

    def work(tx: Transaction) -> dict[str, Any]:
        one, program, role = _own(tx, actor, participant)
        missing = [
            spec.id
            for spec in fields_of(tx, program).values()
            if spec.required and one.profile.get(spec.id) is None
            and any(one.plays(played) for played in spec.roles)
        ]  # fmt: skip
        if missing:
            raise Conflict(
                "participant.unanswered", f"Still to be answered: {', '.join(missing)}.",
                fields=missing,
            )  # fmt: skip
        if one.consent_version != consent_version(tx, program) or one.consented_at is None:
            raise Conflict(
                "participant.no_consent", "Record their consent to the current text first."
            )
        moved = one.move("active", by=role)
        if capacity is not None:
            moved = moved.with_capacity(capacity)
        saved = tx.participants.save(moved)
        tx.record(
            events.ParticipantOnboarded(
                subject_id=one.id, program_id=program.id, capacity=saved.capacity
            ),
            actor=actor,
            role=role,
        )
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def set_capacity(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    participant: str,
    capacity: int,
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Change how many relationships at once; never fewer than are running now."""

    def work(tx: Transaction) -> dict[str, Any]:
        one, program, role = _own(tx, actor, participant)
        saved = tx.participants.save(one.with_capacity(capacity))
        tx.record(
            events.CapacityChanged(subject_id=one.id, program_id=program.id, capacity=capacity),
            actor=actor,
            role=role,
        )
        return as_row(saved)

    return inside(kit, tenant, tx, work)


def pause(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "asked",
    tx: Transaction | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Leave somebody out of new runs for a while; running relationships go on."""
    return _move(kit, tenant, actor, participant, "paused", events.ParticipantPaused, reason, tx)


def resume(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "back",
    tx: Transaction | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Include somebody in runs again."""
    return _move(kit, tenant, actor, participant, "active", events.ParticipantResumed, reason, tx)


def leave(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, reason: str = "asked",
    tx: Transaction | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Let somebody go; open proposals are withdrawn, running relationships must end first."""
    return _move(kit, tenant, actor, participant, "left", events.ParticipantLeft, reason, tx)


def _move(
    kit: Kit,
    tenant: str,
    actor: Actor,
    participant: str,
    to: str,
    fact: Callable[..., events.Event],
    reason: str,
    tx: Transaction | None,
) -> dict[str, Any]:
    def work(tx: Transaction) -> dict[str, Any]:
        from mentorkit.journey.accept import withdraw_open

        one, program, role = _own(tx, actor, participant)
        if to == "active" and one.state != "paused":
            raise Conflict(
                "participant.not_paused", f"This participant is {one.state}, not paused."
            )
        saved = tx.participants.save(one.move(to, by=role, reason=reason))
        happened = tx.record(
            fact(subject_id=one.id, program_id=program.id, reason=reason),
            actor=actor,
            role=role,
        )
        if to == "left":
            withdraw_open(tx, participant=one.id, reason="left", cause=happened.sequence)
        return as_row(saved)

    return inside(kit, tenant, tx, work)
