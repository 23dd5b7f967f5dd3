"""Concerns: anybody may raise one, with or without a log-in, and be kept apart from then on.

Who raised it is told to nobody but the staff who handle it, and to them neither if they wish so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.moves import STAFF, Role
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING
from mentorkit.domain.safety import HANDLERS, KINDS
from mentorkit.domain.shown import shown
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from mentorkit.journey import links, protect
from mentorkit.journey.cases import LONGEST, folded, tell_staff
from mentorkit.journey.offers import OPEN
from mentorkit.journey.pools import told_of
from mentorkit.journey.steps import NEW, atomic, person_of, program_of, role_in

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

PURPOSE = "concern"
"""What a link in a message is for by which a concern is raised."""
LINKED = ("proposal", "relationship", "program")
"""What such a link is about, by the name of its noun."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """Somebody whom a concern may be about: the id by which it is named, and who that is."""

    id: str
    person_id: str
    role: str
    thing: tuple[str, str] | None = None


def opened(kit: Kit, token: str, *, tenant: str) -> tuple[Actor, dict[str, str]]:
    """Return who a link speaks for, and what it is about: ``{"program": id, "proposal": id}``.

    Reading it changes nothing. Raises `NotFound` and `Conflict` as `links.read` does.
    """
    link = links.read(kit, token, tenant=tenant, purpose=PURPOSE)
    about = {noun: id for noun, id in link.about.items() if noun in LINKED}
    with kit.transaction(tenant=tenant, write=False) as tx:
        if "proposal" in about:
            about["program"] = tx.proposals.get(about["proposal"]).program_id
        elif "relationship" in about:
            about["program"] = tx.relationships.get(about["relationship"]).program_id
    return link.actor, about


def form(
    kit: Kit, *, tenant: str, actor: Actor, program: str, about: str | None = None,
    proposal: str | None = None, relationship: str | None = None, on_behalf_of: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return what the form for a concern shows; anybody may open it.

    `people` are those whom the speaker has to do with here (``{id, name, role}``): of a proposal or
    relationship first (`chosen`: the only one of it), then the staff. For a stranger there are
    none. Staff may name any participant by `about`. `emergency` is the program's own text.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        text = tx.definitions.current(found.id, "emergency")
        speaker = _speaker(tx, found, actor, on_behalf_of)
        here = {proposal, relationship} - {None}
        near = list(_near(tx, found, actor, speaker, about, here))
        of_it = {one.id for one in near if one.thing and one.thing[1] in here} | {about} - {None}
        people = tx.people.get_many(one.person_id for one in near)
        named = {one.id: one for one in reversed(near)}
        return {
            "program": found.key,
            "name": shown(found.name),
            "emergency": shown(text.body) if text else {},
            "known": speaker is not None,
            "speaks_for": tx.people.get(speaker).name if speaker and on_behalf_of else "",
            "people": [
                {"id": one.id, "name": people[one.person_id].name, "role": one.role}
                for one in dict.fromkeys(named[each.id] for each in near)
                if not people[one.person_id].erased
            ],
            "chosen": next(iter(of_it)) if len(of_it) == 1 else "",
        }


def _near(
    tx: Transaction, program: Program, actor: Actor, speaker: str | None, about: str | None,
    here: Collection[str | None],
) -> Iterator[_Known]:  # fmt: skip
    """Yield those who may be named: whom the speaker has to do with, and by staff anybody.

    What they have to do with them is told where it is named (`here`), or goes on still: that first.
    """
    mine = {one.id for one in tx.participants.find(program_id=program.id, person_id=speaker or "")}
    met: list[tuple[str, tuple[str, str], bool]] = []
    for held in tx.relationships.for_participants(mine):
        thing, goes_on = ("relationship", held.id), held.state in HOLDING
        met += [(m.participant_id, thing, goes_on) for m in held.members]
    for side in ("mentee_id", "mentor_id"):
        for asked in tx.proposals.find(**{side: list(mine)}):
            if told_of(asked, program, mine):
                both = (asked.mentee_id, asked.mentor_id)
                met += [(id, ("proposal", asked.id), asked.state in OPEN) for id in both]
    found = tx.participants.get_many(id for id, _, _ in met if id not in mine)
    for id, thing, goes_on in sorted(met, key=lambda one: (one[1][1] not in here, not one[2])):
        if id in found:
            other, of = found[id], thing if goes_on or thing[1] in here else None
            yield _Known(id=id, person_id=other.person_id, role=other.role, thing=of)
    if mine or speaker in program.staff:
        for staff, role in program.staff.items():
            if staff != speaker:
                yield _Known(id=staff, person_id=staff, role=role)
    if about and role_in(tx, program, actor) in HANDLERS:
        for one in tx.participants.find(id=about, program_id=program.id):
            yield _Known(id=one.id, person_id=one.person_id, role=one.role)


@atomic
def raise_(
    kit: Kit, *, tenant: str, actor: Actor, program: str, kind: str, text: str = "",
    about: str | None = None, about_staff: bool = False, apart: bool = False,
    anonymous: bool = False, on_behalf_of: str | None = None, proposal: str | None = None,
    relationship: str | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Raise a concern; the staff of the program are told at once, without who and about whom.

    `about` is the id of a participant whom the actor has to do with, or of one of the staff, as
    `form` lists them, by preference of that proposal or relationship, else of what goes on with
    them; staff may name any participant, and speak for one (`on_behalf_of`). A
    stranger names nobody, or with `about_staff` the staff, which is shown to admins alone. With
    `apart` the two are kept apart at once, as `protect.block` does. With `anonymous` nobody is
    told, nor is it kept, who raised it; but staff do see who is kept apart.

    Returns how many of the staff were `told`; with none of them it waits for whoever is appointed.
    """
    found = program_of(tx, program)
    _check(kind, text, about, apart, about_staff)
    speaker = _speaker(tx, found, actor, on_behalf_of)
    one = None
    if about:
        near = _near(tx, found, actor, speaker, about, (proposal, relationship))
        one = next((each for each in near if each.id == about), None)
        if one is None:
            raise NotFound("concern.nobody", "There is nobody of this name whom you know here.")
        if speaker and one.person_id == speaker:
            raise Conflict("concern.self", "A concern is about somebody else; ask the staff.")
    if apart and speaker is None:
        raise NotAllowed(
            "concern.sign_in",
            "To be kept apart from somebody, sign in, or use the link in a message to you.",
        )
    if apart and one:
        whom = {"person": speaker or "", "other": one.person_id}
        protect.block(kit, tenant=tenant, actor=actor, tx=tx, **whom)
    id, hidden = tx.new_id(), anonymous or speaker is None
    thing = one.thing if one and not hidden else None
    where: dict[str, Any] = {f"{thing[0]}_id": thing[1]} if thing else {}
    note = {"subject_noun": "concern", "subject_id": id, "author_id": None if hidden else speaker}
    kept = tx.notes.write(text.strip(), **note) if text.strip() else None  # type: ignore[arg-type]
    fact = events.ConcernRaised(
        subject_id=id,
        program_id=found.id,
        kind=kind,
        about_id=one.person_id if one else None,
        about_staff=about_staff,
        raised_by=None if hidden else speaker,
        text_id=kept,
        **where,
    )
    by = Actor() if hidden else replace(actor, person_id=person_of(tx, actor))
    event = tx.record(fact, actor=by, role="" if hidden else _role(tx, found, actor))
    told = tell_staff(tx, event, found, folded([event]))
    return {"program": found.key, "told": told, "apart": bool(apart and one)}


def _check(kind: str, text: str, about: str | None, apart: bool, about_staff: bool) -> None:
    problems = []
    if kind not in KINDS:
        problems.append(Problem("kind", "choose what it is about"))
    if len(text) > LONGEST:
        problems.append(Problem("text", f"write at most {LONGEST} characters"))
    if not text.strip() and not about:
        problems.append(Problem("text", "tell in a few words what happened, and who it is about"))
    if apart and not about:
        problems.append(Problem("about", "choose from whom you want to be kept apart"))
    if about and about_staff:
        problems.append(Problem("about_staff", "name one person, or the staff"))
    if problems:
        raise Invalid("concern.invalid", "Your concern cannot be sent yet:", problems)


def _speaker(tx: Transaction, program: Program, actor: Actor, behalf: str | None) -> str | None:
    """Return the person who raises it; None for a stranger."""
    if behalf is not None:
        if role_in(tx, program, actor) not in HANDLERS:
            raise NotAllowed("concern.own", "Only staff raise a concern for somebody else.")
        one = tx.participants.first(id=behalf, program_id=program.id)
        if one is None:
            raise tx.participants.missing(behalf)
        return one.person_id
    known = person_of(tx, actor)
    person = tx.people.first(id=known) if known else None
    return None if person is None or person.erased else person.id


def _role(tx: Transaction, program: Program, actor: Actor) -> str:
    """Return as what somebody speaks here: staff if they are, else their own part."""
    role = role_in(tx, program, actor)
    one = tx.participants.first(program_id=program.id, person_id=person_of(tx, actor))
    if role in STAFF | {Role.SUPERVISOR} or one is None:
        return str(role or "")
    return str(Role.MENTOR if one.role == "mentor" else Role.MENTEE)
