"""Cases: staff look at the concerns that were raised, one of them takes each, and closes it.

Never the one whom it is about, whatever their role: for them there is no such case.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.events import Event, replay
from mentorkit.domain.moves import Role
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.safety import CONCERN_MOVES, HANDLERS, OUTCOMES, Concern
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import Invalid, Problem
from mentorkit.errors import NotFound as Missing
from mentorkit.journey.steps import (
    NEW,
    Step,
    atomic,
    person_of,
    persons_of,
    program_of,
    require,
    role_in,
)
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

LONGEST = 4000
"""How many characters somebody may write about a concern."""


def folded(told: Sequence[Event]) -> Concern:
    """Return a concern as it is after all that happened to it, oldest first."""
    first, (state,) = told[0], replay(told).values()
    known = {item.name for item in fields(Concern)}
    return Concern(
        id=first.subject_id,
        program_id=first.program_id or "",
        raised_at=first.at,
        **{name: value for name, value in state.items() if name in known},
    )


def concerns_of(tx: Transaction, program: Program) -> list[Concern]:
    """Return all concerns of a program, those raised first first."""
    told: dict[str, list[Event]] = {}
    for event in tx.journal.of("concern", program.id):
        told.setdefault(event.subject_id, []).append(event)
    return [folded(each) for each in told.values()]


def seen_by(tx: Transaction, program: Program, actor: Actor) -> list[Concern]:
    """Return the concerns of a program that the actor may see; none for who is no such staff."""
    role, person = role_in(tx, program, actor), person_of(tx, actor)
    if role not in HANDLERS:
        return []
    return [one for one in concerns_of(tx, program) if one.shows_to(role, person)]


def tell_staff(tx: Transaction, event: Event, program: Program, concern: Concern) -> int:
    """Tell the staff who may see a concern of it, and return how many they are."""
    hearing = [
        person for person, role in program.staff.items() if concern.shows_to(Role(role), person)
    ]
    tell(tx, event, "concern_raised", hearing)
    return len(hearing)


def tell_newcomer(tx: Transaction, program: Program, person: str) -> None:
    """Tell somebody who has just been appointed of the concerns that nobody has taken yet."""
    role = Role(program.staff[person])
    for one in concerns_of(tx, program):
        if one.state == "raised" and one.shows_to(role, person):
            tell(tx, tx.journal.about("concern", one.id)[0], "concern_raised", [person])


class Case(Step):
    """A step of staff about one concern that they may see; nobody else walks one meanwhile."""

    def __init__(self, tx: Transaction, actor: Actor, concern: str) -> None:
        told = tx.journal.about("concern", concern)
        if not told:
            raise _missing()
        if tx.write:  # there is no row of its own to hold, so cases of one program take turns
            tx.programs.hold([told[0].program_id or ""])
            told = tx.journal.about("concern", concern)
        self.told, self.concern = told, folded(told)
        self.program = tx.programs.get(self.concern.program_id)
        role = role_in(tx, self.program, actor)
        if role is None or not self.concern.shows_to(role, person_of(tx, actor)):
            raise _missing()
        super().__init__(tx, actor, role, self.program.id)

    def walk(self, to: str, fact: type[Event], note: str = "", **changed: Any) -> dict[str, Any]:
        """Move the case on, keep what is said about it, and return it."""
        CONCERN_MOVES.check(self.concern.state, to, self.role)
        self.record(fact, self.concern.id, **changed)
        if note.strip():
            self.write(note)
        return self.shown()

    def write(self, text: str) -> None:
        """Keep a note of staff about the case."""
        noted = self.note("concern", self.concern.id, checked(text))
        self.record(events.ConcernNoted, self.concern.id, noted_id=noted)

    def shown(self) -> dict[str, Any]:
        """Return the case as staff read it, with all that was said."""
        told = self.tx.journal.about("concern", self.concern.id)
        (row,) = _rows(self.tx, [folded(told)])
        where = [person.name for person in persons_of(self.tx, self._there()).values()]
        return {
            **row,
            "program": self.program.key,
            "notes": _notes(self.tx, told),
            "where": sorted(filter(None, where)),
        }

    def _there(self) -> list[str]:
        """Return the participants of the proposal or relationship, which none unnamed tells of."""
        tx, one = self.tx, self.concern
        asked = tx.proposals.find(id=one.proposal_id or "")
        held = tx.relationships.find(id=one.relationship_id or "")
        two = [id for each in asked for id in (each.mentee_id, each.mentor_id)]
        return two + [member.participant_id for each in held for member in each.members]


def _missing() -> Missing:
    return Missing("concern.not_found", "There is no such concern here.")


def checked(text: str) -> str:
    """Return what somebody wrote about a concern; raise `Invalid` if it cannot be kept."""
    if not text.strip() or len(text) > LONGEST:
        told = Problem("text", f"write 1 to {LONGEST} characters")
        raise Invalid("concern.text", "The text cannot be used.", [told])
    return text.strip()


def queue(
    kit: Kit, *, tenant: str, actor: Actor, program: str, state: str | None = None
) -> list[dict[str, Any]]:
    """List a program's concerns for those who handle them: what waits first, then the newest.

    Each has its `state` (raised, taken, closed), the names `about`, `raised_by` and `owner` ("" if
    nobody is named), and when it was raised. Without what was written: `show` has it.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        require(tx, found, actor, HANDLERS)
        seen = seen_by(tx, found, actor)
        rows = _rows(tx, [one for one in seen if state in (None, one.state)])
        order = ("raised", "taken", "closed")
        newest = sorted(rows, key=lambda row: row["raised_at"], reverse=True)
        return sorted(newest, key=lambda row: order.index(row["state"]))


def _rows(tx: Transaction, concerns: Iterable[Concern]) -> list[dict[str, Any]]:
    listed = list(concerns)
    ids = {id for one in listed for id in (one.about_id, one.raised_by, one.owner_id) if id}
    names = {id: person.name for id, person in tx.people.get_many(ids).items()}
    texts = tx.notes.get_many(one.text_id for one in listed if one.text_id)
    blocks = {(b.person_id, b.other_id) for b in tx.blocks.find(person_id=list(ids))}
    return [
        {
            **as_row(one),
            "about": names.get(one.about_id or "", ""),
            "raised_name": names.get(one.raised_by or "", ""),
            "owner": names.get(one.owner_id or "", ""),
            "apart": (one.raised_by, one.about_id) in blocks,
            "text": texts[one.text_id].text if one.text_id in texts else "",
        }
        for one in listed
    ]


def _notes(tx: Transaction, told: Iterable[Event]) -> list[dict[str, Any]]:
    noted = [one for one in told if isinstance(one, events.ConcernNoted)]
    texts = tx.notes.get_many(one.noted_id for one in noted)
    people = tx.people.get_many(one.actor_id for one in noted if one.actor_id)
    return [
        {
            "at": shown(one.at),
            "by": people[one.actor_id].name if one.actor_id in people else "",
            "text": texts[one.noted_id].text if one.noted_id in texts else "",
        }
        for one in noted
    ]


def show(kit: Kit, *, tenant: str, actor: Actor, concern: str) -> dict[str, Any]:
    """Return one case to those who handle it: who, about whom, what was written, and the notes.

    `raised_name` is "" where the one raising it wished not to be known. An erased text is "".
    `where` names those of the proposal or relationship in which it was raised by somebody known.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        return Case(tx, actor, concern).shown()


@atomic
def take(
    kit: Kit, *, tenant: str, actor: Actor, concern: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Take a case: from now on the actor is its owner. One of two who do so at once is refused."""
    case = Case(tx, actor, concern)
    return case.walk("taken", events.ConcernTaken, owner_id=person_of(tx, actor))


@atomic
def note(
    kit: Kit, *, tenant: str, actor: Actor, concern: str, text: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Write down something about a case, for those who handle it alone."""
    case = Case(tx, actor, concern)
    case.write(text)
    return case.shown()


@atomic
def close(
    kit: Kit, *, tenant: str, actor: Actor, concern: str, outcome: str, note: str = "",
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Close a case that was taken, with a code of what came of it (`OUTCOMES`)."""
    case = Case(tx, actor, concern)
    if outcome not in OUTCOMES:
        told = Problem("outcome", f"write one of {', '.join(OUTCOMES)}")
        raise Invalid("concern.outcome", "There is no such outcome.", [told])
    return case.walk("closed", events.ConcernClosed, note, reason=outcome)


@atomic
def reopen(
    kit: Kit, *, tenant: str, actor: Actor, concern: str, note: str = "", tx: Transaction = NEW
) -> dict[str, Any]:
    """Put a case back into the queue, closed or taken, for somebody to take it."""
    case = Case(tx, actor, concern)
    row = case.walk("raised", events.ConcernReopened, note)
    tell_staff(tx, tx.journal.about("concern", concern)[-1], case.program, case.concern)
    return row
