"""Say: put a message into words when it is sent, from ids alone, or find that it is overtaken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mentorkit.domain.events import (
    Event,
    MemberLeft,
    MilestoneDue,
    QuestionAnswered,
    QuestionAsked,
)
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import Message
from mentorkit.domain.milestones import Milestone
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Proposal, Relationship
from mentorkit.domain.site import ADDRESSES
from mentorkit.domain.surveys import surveys_of
from mentorkit.domain.text import in_locale
from mentorkit.i18n import format_day, translate
from mentorkit.journey import feedback
from mentorkit.journey.programs import fields_of
from mentorkit.journey.safeguards import breaches
from mentorkit.journey.steps import persons_of
from mentorkit.journey.tell import TEMPLATES, fill

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

WANTED: Mapping[str, Collection[str]] = {
    "proposal_offered": ("offered", "question"),
    "question_asked": ("question",),
    "question_answered": ("offered", "question", "accepted", "declined"),
    "proposal_declined": ("declined", "expired", "withdrawn"),
    "relationship_started": HOLDING,
    "member_left": HOLDING,
    "relationship_ended": ("ended",),
    "milestone_due": ("due",),
}
"""The states in which what a message tells is still so; after that it is not sent any more."""
JOINING = ("proposal_offered", "question_asked", "question_answered", "relationship_started")
"""The messages that bring people together."""


class NotWanted(Exception):
    """The message's reason has gone: erased, overtaken, or consent taken back. Nothing is sent."""


def message(
    kit: Kit, tx: Transaction, job: Job, event: Event, person: Person, mine: Participant | None,
    program: Program, link: str = "",
) -> Message:  # fmt: skip
    """Return a promised message in its reader's words; raise `NotWanted` when it is overtaken.

    `mine` is the reader's own part in the program; None for staff, who have none. `link` is where
    it leads, if not to the page that it is about.
    """
    if isinstance(event, MilestoneDue) and mine and _surveyed(kit, tx, event, mine, program):
        raise NotWanted("surveyed")
    definition = tx.definitions.current(program.id, "messages")
    own: Mapping[str, Any] = definition.body.get(job.name, {}) if definition else {}
    template = {**TEMPLATES[job.name], **own}
    values = {"person": person.name, "program": in_locale(program.name, person.locale)}
    values |= _told(tx, job, event, mine, program, person.locale)
    values["link"] = link or _link(kit, tx, event, program)
    return Message(
        key=job.key,
        tenant=job.tenant,
        program_id=program.id,
        person_id=person.id,
        template=job.name,
        subject=fill(in_locale(template["subject"], person.locale), values),
        body=fill(in_locale(template["body"], person.locale), values),
        locale=person.locale,
        params=Frozen(event=event.sequence),
        created_at=tx.now,
    )


def _surveyed(kit: Kit, tx: Transaction, event: Event, mine: Participant, program: Program) -> bool:
    """Return whether a survey tells of this milestone already: one message for one cause."""
    milestone = tx.milestones.get(event.subject_id)
    held = tx.relationships.get(milestone.relationship_id)
    roles = [member.role for member in held.here if member.participant_id == mine.id]
    return any(feedback.takes_over(kit, tx, program, milestone.kind, role) for role in roles)


def _link(kit: Kit, tx: Transaction, event: Event, program: Program) -> str:
    """Return the address of the page that a message is about; "" where the kit knows no site."""
    if kit.site is None:
        return ""
    noun, id = event.noun, event.subject_id
    if noun == "milestone":
        noun, id = "relationship", tx.milestones.get(id).relationship_id
    if noun not in ADDRESSES:
        return kit.site.url(event.tenant, "home")
    return kit.site.url(event.tenant, noun, program=program.key, **{noun: id})


def _told(
    tx: Transaction, job: Job, event: Event, mine: Participant | None, program: Program, locale: str
) -> dict[str, str]:
    """Return what a message about this event shows; raise `NotWanted` when it is so no more."""
    if event.noun == "survey":
        return _asked(tx, event, program, locale)
    roles: dict[str, list[str]] = defaultdict(list)
    if event.noun == "proposal":
        about: Proposal | Milestone | Relationship = tx.proposals.get(event.subject_id)
        named: str | None = event.subject_id
        due = None
    else:
        if event.noun == "milestone":
            about = milestone = tx.milestones.get(event.subject_id)
            held, due = tx.relationships.get(milestone.relationship_id), milestone.closes_at
        else:
            about = held = tx.relationships.get(event.subject_id)
            due = held.ends_at
        led = event.payload()
        named = led.get("joined_by") or led.get("proposal_id")
        for member in held.here:
            roles[member.role].append(member.participant_id)
    here = {one for ids in roles.values() for one in ids}
    if isinstance(event, MemberLeft):
        roles["mentee"] = [event.participant_id]
    proposal = tx.proposals.get(named) if named else None
    if proposal:
        roles = {"mentee": [proposal.mentee_id], "mentor": [proposal.mentor_id]}
        due = due or proposal.due_at
    role = "mentee" if mine and mine.id in roles["mentee"] else "mentor"
    parties = tx.participants.get_many(one for ids in roles.values() for one in ids)
    answered = job.name == "proposal_offered" and proposal and role in proposal.answered
    gone = job.name == "relationship_started" and not parties.keys() <= here
    back = job.name == "member_left" and parties.keys() <= here
    unheard = job.name == "proposal_declined" and proposal and not _heard(tx, job, proposal, role)
    settled = job.name == "question_asked" and _settled(tx, event)
    if about.state not in WANTED[job.name] or answered or gone or back or unheard or settled:
        raise NotWanted("overtaken")
    names = {one: person.name for one, person in persons_of(tx, parties).items()}
    if job.name in JOINING:
        if not all(names.values()):
            raise NotWanted("erased")
        if any(one.consented_at is None for one in parties.values()):
            raise NotWanted("no_consent")
        two = (parties[proposal.mentee_id], parties[proposal.mentor_id]) if proposal else None
        if two and breaches(tx, program, [two])[0] == "blocked":
            raise NotWanted("blocked")
    nobody = translate("somebody who has left", locale)
    names = {one: name or nobody for one, name in names.items()}
    return {
        **{role: ", ".join(names[one] for one in ids) for role, ids in roles.items()},
        "reasons": _reasons(tx, proposal, role, program, locale) if proposal else "",
        "text": _text(tx, event),
        "due": format_day((due or tx.now).astimezone(ZoneInfo(program.zone)).date(), locale),
    }


def _asked(tx: Transaction, event: Event, program: Program, locale: str) -> dict[str, str]:
    """Return what a survey shows of itself: what it is called, and until when it is open."""
    one = surveys_of(tx.journal.about("survey", event.subject_id))[event.subject_id]
    if one.answered_at is not None:
        raise NotWanted("answered")
    _, titles = feedback.questions(tx, program, one)
    due = one.due_at.astimezone(ZoneInfo(program.zone)).date()
    return {"text": in_locale(titles[0], locale), "due": format_day(due, locale)}


def _heard(tx: Transaction, job: Job, one: Proposal, role: str) -> bool:
    """Return whether the recipient has had a part in this proposal, or was told of it.

    An offer that a worker has in hand counts as told: it may be sent and not noted yet.
    """
    if role in one.involved:
        return True
    about = [event.sequence for event in tx.journal.about("proposal", one.id)]
    told = {"name": "proposal_offered", "recipient_id": job.recipient_id}
    return bool(tx.outbox.find(sequence=about, state=("done", "leased"), **told))


def _settled(tx: Transaction, asked: Event) -> bool:
    """Return whether this question was replied to, be it that another one is open now."""
    said = tx.journal.about("proposal", asked.subject_id)
    return any(isinstance(e, QuestionAnswered) and e.sequence > asked.sequence for e in said)


def _text(tx: Transaction, event: Event) -> str:
    """Return what was asked or replied, where the event is about that; else ""."""
    if not isinstance(event, QuestionAsked | QuestionAnswered):
        return ""
    note = tx.notes.first(id=event.text_id)
    if note is None:
        raise NotWanted("erased")
    return note.text


def _reasons(tx: Transaction, one: Proposal, role: str, program: Program, locale: str) -> str:
    """Return what speaks for a pair, told to its mentee or to its mentor, one reason a line."""
    from mentorkit.matching import words

    fields = fields_of(tx, program)
    speaking = one.reasons if role == "mentee" else one.reasons_mentor
    said = [words(reason, locale, fields) for reason in speaking if reason.points > 0]
    return "\n".join(f"- {each}" for each in said if each)
