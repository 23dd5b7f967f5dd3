"""Contents: what somebody writes is looked at before others read it.

It fails closed. Where a program has a check, a text is set aside in the transaction that it is
written in; after that the checks are asked, outside any transaction; then it is passed on, or held
for staff to decide: also when a check fails, says nothing, or answers something else.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from mentorkit.domain import events
from mentorkit.domain.events import Event, replay
from mentorkit.domain.moves import PARTIES, STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Proposal
from mentorkit.domain.safety import CONTENT_MOVES, Content, Held, Verdict
from mentorkit.domain.shown import as_row
from mentorkit.errors import Conflict
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.meet import Met
from mentorkit.journey.offers import Both, both
from mentorkit.journey.steps import (
    NEW,
    Step,
    atomic,
    chosen,
    person_of,
    persons_of,
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
UNSAID = ("overtaken", "taken_back")
"""The codes of a text that went to nobody without staff having refused it."""
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
    author = asked.people[asked.role]
    _wait(asked, text_id, kind=kind, author_id=author, proposal_id=one.id)
    return asked.tx.proposals.save(replace(one, due_at=None))


def word_aside(kit: Kit, met: Met, text_id: str) -> bool:
    """Let a word to the others in a relationship (a note) wait for the checks, if there are any."""
    if not _checks(kit, met.tx, met.program):
        return False
    author = person_of(met.tx, met.actor) or ""
    _wait(met, text_id, kind="word", author_id=author, relationship_id=met.relationship.id)
    return True


def answers_aside(
    kit: Kit, step: Step, program: Program, one: Participant, answers: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the answers that may stand now; new free text of a participant waits for the checks.

    An earlier text in the same field that still waits goes to nobody.
    """
    tx = step.tx
    texts = _texts(tx, program, one, answers)
    overtake(tx, program, one, texts)
    if not texts or step.role not in PARTIES or not _checks(kit, tx, program):
        return dict(answers)
    for field, text in texts.items():
        note = tx.notes.write(
            text, subject_noun="participant", subject_id=one.id, author_id=one.person_id
        )
        about = {"participant_id": one.id, "field": field}
        _wait(step, note, kind="answer", author_id=one.person_id, **about)
    return {field: value for field, value in answers.items() if field not in texts}


def overtake(tx: Transaction, program: Program, one: Participant, fields: Collection[str]) -> None:
    """Let texts that still wait to become somebody's answers in these fields go to nobody."""
    system = Step(tx, SYSTEM_ACTOR, Role.SYSTEM, program.id)
    for earlier in _about(tx, one.id) if fields else ():
        if earlier.field in fields and earlier.state in WAITING:
            CONTENT_MOVES.check(earlier.state, "refused", Role.SYSTEM)
            system.record(events.ContentRefused, earlier.id, reason="overtaken")


def _texts(
    tx: Transaction, program: Program, one: Participant, answers: Mapping[str, Any]
) -> dict[str, str]:
    """Return the free text among these answers that is not in the profile yet, by field."""
    kinds = {field.id: field.kind for field in fields_of(tx, program).values()}
    return {
        field: value
        for field, value in answers.items()
        if kinds.get(field) == "text" and value and value != one.profile.get(field)
    }


def _wait(step: Step, text_id: str, **about: Any) -> None:
    event = step.record(events.ContentWritten, text_id, **about)
    step.tx.outbox.add(
        "review",
        f"review:{event.sequence}",
        name="content",
        sequence=event.sequence,
        program_id=event.program_id,
    )


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
        done, kit = step(*args, **given), cast("Kit", args[0])
        if given.get("tx") is not None or not kit.registry.content_checks:
            return done
        tenant = str(given["tenant"])
        with kit.transaction(tenant=tenant, write=False) as tx:
            waiting = [one.id for one in _about(tx, done["id"]) if one.state == "unchecked"]
        if waiting:
            review(kit, tenant=tenant, contents=waiting)
            with kit.transaction(tenant=tenant, write=False) as tx:
                if "sent_at" in done:
                    word = folded(tx.journal.about("content", waiting[-1]))
                    return {**done, "held": word.state != "released"}
                kept: Any = tx.proposals if "mentee_id" in done else tx.participants
                row = as_row(kept.get(done["id"]))
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


def _about(tx: Transaction, id: str) -> list[Held]:
    """Return the texts about a proposal, or of a participant, that were set aside, oldest first."""
    notes = tx.notes.find(subject_id=id)
    told = [tx.journal.about("content", note.id) for note in notes]
    return [folded(each) for each in told if each]


def answers_waiting(tx: Transaction, one: Participant) -> dict[str, str]:
    """Return a participant's own answers that wait to be looked at, by field."""
    held = {each.id: each.field for each in _about(tx, one.id) if each.state in WAITING}
    return {held[id] or "": note.text for id, note in tx.notes.get_many(held).items()}


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
                id=id, kind=one.kind, text=note.text if note else "", locale=author.locale,
                shown=one.field is None or _is_shown(tx, program, one),
            )  # fmt: skip
            if program.id not in batches:
                batches[program.id] = (_checks(kit, tx, program), [])
            batches[program.id][1].append(text)
    for asked, texts in batches.values():
        why = _why_not(asked, texts)
        for waiting in texts:
            code = why.get(waiting.id)
            kit.write(tenant, partial(_settle, content=waiting.id, code=code))


def _is_shown(tx: Transaction, program: Program, one: Held) -> bool:
    """Return whether an answer is to a question that is shown of its author."""
    who, asked = tx.participants.get(one.participant_id or ""), fields_of(tx, program)
    field = asked.get(one.field or "")
    return field is not None and field.shown and any(who.plays(role) for role in field.roles)


def _why_not(asked: Asked, texts: Sequence[Content]) -> dict[str, str]:
    """Return the code of why not, for each content that a check does not surely allow."""
    from mentorkit.hooks.calls import FAILURES

    if not asked:  # there was a check when it was written, and somebody counts on it
        return {text.id: FAILED for text in texts}
    why: dict[str, str] = {}
    for check, context in asked:
        copies = tuple(map(replace, texts))
        try:
            verdicts = [v for v in check.review(context, copies) if isinstance(v, Verdict)]
        except FAILURES as error:
            log.warning("The content check %s failed: %s", check.name, type(error).__name__)
            verdicts = []
        for text in texts:
            said = [one for one in verdicts if one.content_id == text.id]
            if len(said) != 1 or said[0].allowed is not True:
                code = said[0].code if len(said) == 1 and said[0].allowed is False else FAILED
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
        looking.go_on()  # what was written may be erased, and the two still there
    elif code is None:
        looking.pass_on()
    else:
        event = looking.walk("held", events.ContentHeld, reason=code)
        named = looking.program.staff.items()
        hearing = [one for one, role in named if role in STAFF and one not in looking.people]
        tell(tx, event, "content_held", hearing)


class _Looking(Step):
    """A step about one text set aside, by the system or by staff whom it does not concern.

    Or by its author, if it is to be `mine`.
    """

    def __init__(self, tx: Transaction, actor: Actor, content: str, mine: bool = False) -> None:
        told = tx.journal.about("content", content)
        if not told:
            raise tx.notes.missing(content)
        self.held = folded(told)
        self.asked: Both | None = None
        if self.held.proposal_id:
            one = tx.proposals.get(self.held.proposal_id)
            self.about = [one.mentee_id, one.mentor_id]
        elif self.held.relationship_id:
            members = tx.relationships.get(self.held.relationship_id).here
            self.about = [member.participant_id for member in members]
        else:
            self.about = [self.held.participant_id or ""]
        tx.participants.hold(self.about)  # one decision after the other
        self.held = folded(tx.journal.about("content", content))
        self.program = tx.programs.get(self.held.program_id)
        if self.held.proposal_id:
            self.proposal = tx.proposals.get(self.held.proposal_id)
            self.asked = both(tx, SYSTEM_ACTOR, (self.about[0], self.about[1]), "proposal")
        found = tx.participants.get_many(self.about)
        self.people = [one.person_id for one in found.values()]
        role, who = role_in(tx, self.program, actor), person_of(tx, actor)
        own = who in self.people and role != Role.SYSTEM
        if mine and who == self.held.author_id:
            role = Role(self.held.role)
        elif mine or own or role not in STAFF | {Role.SYSTEM}:
            raise tx.notes.missing(content)
        super().__init__(tx, actor, role or Role.SYSTEM, self.program.id)

    @property
    def overtaken(self) -> bool:
        """Whether the text has nobody to go to any more, or is no longer there."""
        held = self.held.relationship_id
        return (
            self.tx.notes.first(id=self.held.id) is None
            or (held is not None and not self._together(held))
            or (self.asked is not None and not self.proposal.held)
            or (self.held.field or "") not in {"", *fields_of(self.tx, self.program)}
        )

    def _together(self, relationship: str) -> bool:
        """Return whether the author of a word is still in it, and it has not ended."""
        one = self.tx.relationships.get(relationship)
        return one.state in HOLDING and self.held.author_id in self.people

    def walk(self, to: str, fact: type[Event], **changed: Any) -> Event:
        CONTENT_MOVES.check(self.held.state, to, self.role)
        return self.record(fact, self.held.id, **changed)

    def go_on(self) -> None:
        """Let the time to answer run again, where it stood still for this text."""
        from mentorkit.journey.accept import renewed

        if self.asked and self.proposal.held:
            self.tx.proposals.save(renewed(self.asked, self.proposal))

    def pass_on(self) -> None:
        """Let the text be what its author meant it for: a question, a reply, an answer."""
        from mentorkit.journey import accept, relay

        event = self.walk("released", events.ContentReleased)
        if self.held.relationship_id:
            met = Met(self.tx, Actor(person_id=self.held.author_id), self.held.relationship_id)
            relay.deliver(met, self.held.id, event)
            return
        author, role = Actor(person_id=self.held.author_id), Role(self.held.role)
        if self.asked:
            self.asked.actor, self.asked.role = author, role
            accept.SAYING[self.held.kind](self.asked, self.proposal, self.held.id, event)
            return
        one, field = self.tx.participants.get(self.about[0]), self.held.field or ""
        told = {field: self.tx.notes.get(self.held.id).text}
        changed = replace(one, profile=one.profile.with_(**told))
        by = Step(self.tx, author, role, self.program.id)
        by.save(self.tx.participants, changed, events.ParticipantChanged, changed=(field,))


def waiting(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List the texts of a program that wait to be passed on, oldest first, for its coordinators.

    `reason` is the code of why (None: it was not looked at yet), `author` who wrote it, `to` whom
    (nobody: an answer in their profile, in `field`). Not those that concern the reader.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        require(tx, found, actor)
        return waiting_in(tx, found, person_of(tx, actor))


def waiting_in(tx: Transaction, program: Program, reader: str | None) -> list[dict[str, Any]]:
    """Return what `waiting` lists, for this person."""
    told: dict[str, list[Event]] = {}
    for event in tx.journal.of("content", program.id):
        told.setdefault(event.subject_id, []).append(event)
    held = [one for one in map(folded, told.values()) if one.state in WAITING]
    notes = tx.notes.get_many(one.id for one in held)
    standing = tx.proposals.get_many(one.proposal_id for one in held if one.proposal_id)
    rows, asked = [], {None, *fields_of(tx, program)}
    for one in held:
        proposal, over = standing.get(one.proposal_id or ""), one.field not in asked
        ids = [one.participant_id or ""]
        if one.relationship_id:
            together = tx.relationships.get(one.relationship_id)
            ids = [member.participant_id for member in together.here]
            over = together.state not in HOLDING
        if proposal:
            ids, over = [proposal.mentee_id, proposal.mentor_id], not proposal.held
        names = {person.id: person.name for person in persons_of(tx, ids).values()}
        if over or reader in names or one.id not in notes or one.author_id not in names:
            continue
        author = names.pop(one.author_id, "")
        to = list(names.values())
        rows.append({**as_row(one), "text": notes[one.id].text, "author": author, "to": to})
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
    note: str = "", tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Do not pass a text on: its author is told to write in other words, and time goes on.

    `note` tells them why.
    """
    looking = _Looking(tx, actor, content)
    _ensure_wanted(looking)
    why = looking.note("person", looking.held.author_id, note.strip())
    event = looking.walk("refused", events.ContentRefused, reason=reason, note_id=why)
    looking.go_on()
    tell(tx, event, "content_refused", [looking.held.author_id])
    return {"content": content, "state": "refused"}


@atomic
def take_back(
    kit: Kit, *, tenant: str, actor: Actor, content: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Take back a text of one's own that still waits: it goes to nobody, and time goes on."""
    looking = _Looking(tx, actor, content, mine=True)
    if looking.held.state not in WAITING:
        told = "It does not wait any more, so it cannot be taken back."
        raise Conflict("content.decided", told)
    looking.walk("refused", events.ContentRefused, reason="taken_back")
    looking.go_on()
    return {"content": content, "state": "refused", **_place(looking.held)}


def own(kit: Kit, *, tenant: str, actor: Actor, about: str | None = None) -> list[dict[str, Any]]:
    """List the actor's own texts that wait or were refused, oldest first, each with its `text`.

    `about` narrows them to a proposal, a relationship or a participant (id). `why` is what staff
    wrote of it. One that was refused goes as soon as another is written in its place.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        person, only = person_of(tx, actor), {"subject_id": about} if about else {}
        notes = {one.id: one for one in tx.notes.find(author_id=person, **only)} if person else {}
        told: dict[str, list[Event]] = {}
        for event in tx.journal.about("content", *notes):
            told.setdefault(event.subject_id, []).append(event)
        texts = [folded(each) for each in told.values()]
        last = {tuple(_place(one).values()): one for one in texts}.values()
        refused = [o for o in last if o.state == "refused" and o.reason not in UNSAID]
        listed = [one for one in texts if one.state in WAITING or one in refused]
        why = tx.notes.get_many(one.note_id for one in listed if one.note_id)
        return [
            {
                "id": one.id,
                "kind": one.kind,
                "state": "refused" if one in refused else "held",
                **_place(one),
                "text": notes[one.id].text,
                "why": why[one.note_id].text if one.note_id in why else "",
            }
            for one in listed
        ]


def _place(one: Held) -> dict[str, str | None]:
    """Return where a text is to stand."""
    names = ("proposal_id", "relationship_id", "participant_id", "field")
    return {name: getattr(one, name) for name in names}


def _ensure_wanted(looking: _Looking) -> None:
    if looking.held.state in WAITING and looking.overtaken:
        raise Conflict(
            "content.overtaken",
            "It has ended meanwhile, so the text goes to nobody. Nothing is left to do.",
        )
