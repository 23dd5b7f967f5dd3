"""Contents: what one writes to another is looked at before the other reads it.

It fails closed. Where a program has a check, a text is set aside in the transaction that it is
written in; after that the checks are asked, outside any transaction; then it is passed on, or held
for staff to decide: also when a check fails, says nothing, or answers something else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from mentorkit.domain import events
from mentorkit.domain.events import Event, replay
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Proposal
from mentorkit.domain.safety import CONTENT_MOVES, Content, Held, Verdict
from mentorkit.domain.shown import as_row
from mentorkit.errors import Conflict
from mentorkit.journey.match import Both, both
from mentorkit.journey.steps import (
    NEW,
    Step,
    atomic,
    chosen,
    person_of,
    program_of,
    require,
    role_in,
)
from mentorkit.journey.tell import tell

if TYPE_CHECKING:
    from mentorkit.hooks import ContentCheck, Context
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

P = ParamSpec("P")
log = logging.getLogger("mentorkit.contents")
WAITING = ("unchecked", "held")
FAILED = "check_failed"
"""The code of a text that is held because a check gave no answer that can be used."""
_CODE = re.compile(r"[a-z0-9_.]{1,100}")
Asked = Sequence[tuple["ContentCheck", "Context"]]


def set_aside(kit: Kit, asked: Both, kind: str, text_id: str, one: Proposal) -> Proposal | None:
    """Let a participant's text (a note) wait for the program's checks; None where it has none.

    Meanwhile the time to answer stands still.
    """
    if asked.role not in PARTIES or not _checks(kit, asked.tx, asked.program):
        return None
    how: dict[str, Any] = {
        "kind": kind,
        "proposal_id": one.id,
        "author_id": asked.people[asked.role],
    }
    event = asked.record(events.ContentWritten, text_id, **how)
    asked.tx.outbox.add(
        "review",
        f"review:{event.sequence}",
        name="content",
        sequence=event.sequence,
        program_id=event.program_id,
    )
    return asked.tx.proposals.save(replace(one, due_at=None))


def ensure_free(one: Proposal) -> None:
    """Raise `Conflict` while a text about the proposal waits to be looked at."""
    if one.held:
        raise Conflict(
            "proposal.text_held",
            "Something written about this is being looked at first. You are told when you can "
            "go on; the time to answer stands still until then.",
        )


def reviewed(step: Callable[P, dict[str, Any]]) -> Callable[P, dict[str, Any]]:
    """Have what a step set aside looked at as soon as it is committed, if it commits itself.

    Inside a caller's transaction the worker does. The step answers with what became of it.
    """

    @wraps(step)
    def then(*args: P.args, **given: P.kwargs) -> dict[str, Any]:
        done = step(*args, **given)
        if given.get("tx") is None and done["due_at"] is None:
            kit: Any = args[0]
            tenant = str(given["tenant"])
            with kit.transaction(tenant=tenant, write=False) as tx:
                waiting = [one.id for one in _about(tx, done["id"]) if one.state == "unchecked"]
            review(kit, tenant=tenant, contents=waiting)
            with kit.transaction(tenant=tenant, write=False) as tx:
                row = as_row(tx.proposals.get(done["id"]))
            done = {name: row[name] for name in done}
        return done

    return then


def _checks(kit: Kit, tx: Transaction, program: Program) -> Asked:
    """Return the checks of plugins that the program has not switched off, ready to be asked."""
    found = []
    for name, check in kit.registry.content_checks.items():
        plugin = kit.registry.owner("content_checks", name).name
        settings = chosen(tx, program, plugin)
        if settings is not None:
            found.append((check, kit.context(tx.tenant, program, plugin, settings=settings)))
    return found


def folded(told: Sequence[Event]) -> Held:
    """Return a text set aside as it is after all that happened to it, oldest first."""
    first, (state,) = told[0], replay(told).values()
    known = {item.name for item in fields(Held)}
    return Held(
        id=first.subject_id,
        program_id=first.program_id or "",
        role=first.role,
        written_at=first.at,
        **{name: value for name, value in state.items() if name in known},
    )


def _about(tx: Transaction, proposal: str) -> list[Held]:
    """Return the texts about one proposal that were set aside, oldest first."""
    notes = tx.notes.find(subject_noun="proposal", subject_id=proposal)
    told = [tx.journal.about("content", note.id) for note in notes]
    return [folded(each) for each in told if each]


def waiting_about(tx: Transaction, one: Proposal) -> Held | None:
    """Return the text about a proposal that waits to be looked at, if one does."""
    if not one.held:
        return None
    return next((each for each in _about(tx, one.id) if each.state in WAITING), None)


def review(kit: Kit, *, tenant: str, contents: Iterable[str]) -> None:
    """Ask the checks about texts set aside (ids), and pass each on or hold it for staff."""
    batches: dict[str, tuple[Asked, list[Content]]] = {}
    with kit.transaction(tenant=tenant, write=False) as tx:
        for id in contents:
            one, note = folded(tx.journal.about("content", id)), tx.notes.first(id=id)
            if one.state != "unchecked":
                continue
            program = tx.programs.get(one.program_id)
            author = tx.people.get(one.author_id)
            text = Content(
                id=id, kind=one.kind, text=note.text if note else "", locale=author.locale
            )
            if program.id not in batches:
                batches[program.id] = (_checks(kit, tx, program), [])
            batches[program.id][1].append(text)
    for asked, texts in batches.values():
        why = _why_not(asked, texts)
        for one_text in texts:
            settled = {"content": one_text.id, "code": why.get(one_text.id)}
            kit.write(tenant, lambda tx, settled=settled: _settle(tx, **settled))  # type: ignore[misc]


def _why_not(asked: Asked, texts: Sequence[Content]) -> dict[str, str]:
    """Return the code of why not, for each content that a check does not surely allow."""
    from mentorkit.hooks.calls import FAILURES

    why: dict[str, str] = {}
    for check, context in asked:
        try:
            answers: dict[Any, Any] = {
                one.content_id: one
                for one in check.review(context, tuple(texts))
                if isinstance(one, Verdict)
            }
        except FAILURES as error:
            log.warning("The content check %s failed: %s", check.name, type(error).__name__)
            answers = {}
        for text in texts:
            said = answers.get(text.id)
            if said is None or said.allowed is not True:
                code = said.code if said is not None and said.allowed is False else FAILED
                usable = isinstance(code, str) and _CODE.fullmatch(code)
                why.setdefault(text.id, code if usable else "not_allowed")
    return why


def _settle(tx: Transaction, content: str, code: str | None) -> None:
    """Write what the checks said of a text, unless somebody was quicker."""
    looking = _Looking(tx, SYSTEM_ACTOR, content)
    if looking.held.state != "unchecked":
        return
    if looking.overtaken:
        looking.walk("refused", events.ContentRefused, reason="overtaken")
        if looking.proposal.held:  # what was written was erased, but the two may go on
            tx.proposals.save(looking.renewed())
    elif code is None:
        looking.pass_on()
    else:
        event = looking.walk("held", events.ContentHeld, reason=code)
        named = looking.program.staff.items()
        people = looking.asked.people.values()
        hearing = [one for one, role in named if role in STAFF and one not in people]
        tell(tx, event, "content_held", hearing)


class _Looking(Step):
    """A step about one text set aside, by the system or by staff who are none of the two."""

    def __init__(self, tx: Transaction, actor: Actor, content: str) -> None:
        told = tx.journal.about("content", content)
        one = tx.proposals.first(id=folded(told).proposal_id) if told else None
        if one is None:
            raise tx.notes.missing(content)
        tx.participants.hold((one.mentee_id, one.mentor_id))  # one decision after the other
        self.held = folded(tx.journal.about("content", content))
        self.proposal = tx.proposals.get(one.id)
        self.program = tx.programs.get(one.program_id)
        ids = (one.mentee_id, one.mentor_id)
        self.asked = both(tx, SYSTEM_ACTOR, ids, "proposal")
        role = role_in(tx, self.program, actor)
        own = person_of(tx, actor) in self.asked.people.values()
        if role not in STAFF | {Role.SYSTEM} or (own and role != Role.SYSTEM):
            raise tx.notes.missing(content)
        super().__init__(tx, actor, role or Role.SYSTEM, self.program.id)

    @property
    def overtaken(self) -> bool:
        """Whether the text has nobody to go to any more, or is no longer there."""
        return not self.proposal.held or self.tx.notes.first(id=self.held.id) is None

    def walk(self, to: str, fact: type[Event], **changed: Any) -> Event:
        CONTENT_MOVES.check(self.held.state, to, self.role)
        return self.record(fact, self.held.id, **changed)

    def renewed(self) -> Proposal:
        """Return the proposal with its time running again."""
        from mentorkit.journey.accept import renewed

        return renewed(self.asked, self.proposal)

    def pass_on(self) -> Event:
        """Let the text be what it was meant to be: a question, or a reply, by its author."""
        from mentorkit.journey import accept

        event = self.walk("released", events.ContentReleased)
        self.asked.actor = Actor(person_id=self.held.author_id)
        self.asked.role = Role(self.held.role)
        say = accept.SAYING[self.held.kind]
        say(self.asked, self.proposal, self.held.id, event)
        return event


def waiting(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List the texts of a program that wait to be passed on, oldest first, for its coordinators.

    `reason` is the code of why (None: it was not looked at yet), `author` who wrote it. Not those
    about a proposal of their own.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        require(tx, found, actor)
        return waiting_in(tx, found, person_of(tx, actor))


def waiting_in(tx: Transaction, program: Program, reader: str | None) -> list[dict[str, Any]]:
    """Return what `waiting` lists, for this person."""
    standing = {
        one.id: one
        for one in tx.proposals.find(program_id=program.id, state=("offered", "question"))
        if one.held
    }
    held = [each for one in standing.values() if (each := waiting_about(tx, one))]
    notes = tx.notes.get_many(one.id for one in held)
    rows = []
    for one in sorted(held, key=lambda one: one.id):
        proposal = standing[one.proposal_id]
        two = tx.participants.get_many((proposal.mentee_id, proposal.mentor_id))
        people = tx.people.get_many(each.person_id for each in two.values())
        if one.id in notes and reader not in people:
            names = [people[each.person_id].name for each in two.values()]
            author = people[one.author_id].name
            text = {"text": notes[one.id].text, "author": author, "between": names}
            rows.append({**as_row(one), **text})
    return rows


@atomic
def release(
    kit: Kit, *, tenant: str, actor: Actor, content: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Pass a text on as it is; who is to answer it has the full time from now."""
    looking = _Looking(tx, actor, content)
    _ensure_wanted(looking)
    looking.pass_on()
    return {"content": content, "state": "released"}


@atomic
def refuse(
    kit: Kit, *, tenant: str, actor: Actor, content: str, reason: str = "not_allowed",
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Do not pass a text on: its author is told to write in other words, and time goes on."""
    looking = _Looking(tx, actor, content)
    _ensure_wanted(looking)
    event = looking.walk("refused", events.ContentRefused, reason=reason)
    tx.proposals.save(looking.renewed())
    tell(tx, event, "content_refused", [looking.held.author_id])
    return {"content": content, "state": "refused"}


def _ensure_wanted(looking: _Looking) -> None:
    if looking.held.state in WAITING and looking.overtaken:
        raise Conflict(
            "content.overtaken",
            "The proposal has ended meanwhile, so the text goes to nobody. Nothing is left to do.",
        )
