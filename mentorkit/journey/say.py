"""Say: put a message into words when it is sent, from ids alone, or find that it is overtaken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mentorkit.domain.events import (
    Event,
    MemberLeft,
    MessageRelayed,
    QuestionAnswered,
    QuestionAsked,
    replay,
)
from mentorkit.domain.frozen import NOTHING, Frozen
from mentorkit.domain.messages import Button, Message, RetryLater
from mentorkit.domain.participants import Part
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING, Proposal, Relationship
from mentorkit.domain.site import ADDRESSES
from mentorkit.domain.surveys import surveys_of
from mentorkit.domain.text import in_locale
from mentorkit.i18n import format_day, translate, with_numbers_whole
from mentorkit.journey import feedback, links
from mentorkit.journey.answer import put
from mentorkit.journey.concerns import LINKED, PURPOSE
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.introduce import in_words
from mentorkit.journey.requirements import rulings
from mentorkit.journey.safeguards import breaches
from mentorkit.journey.steps import persons_of
from mentorkit.journey.tell import BUTTONS, FOOTER, REPORT, TEMPLATES, fill

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.matching.wording import Whose
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

WANTED: Mapping[str, Collection[str]] = {
    "proposal_offered": ("offered", "question"),
    "proposal_to_confirm": ("offered", "question"),
    "second_offered": ("offered", "question"),
    "second_declined": ("declined", "expired", "withdrawn"),
    "question_asked": ("question",),
    "question_answered": ("offered", "question", "accepted", "declined"),
    "proposal_declined": ("declined", "expired", "withdrawn"),
    "relationship_started": HOLDING,
    "relayed": HOLDING,
    "member_left": HOLDING,
    "circle_left": HOLDING,
    "relationship_paused": ("paused",),
    "relationship_resumed": ("active",),
    "relationship_ended": ("ended",),
    "relationship_parted": ("ended",),
    "concern_raised": ("raised",),
    "content_held": ("held",),
    "content_refused": ("refused",),
    "application_approved": ("approved",),
    "application_waiting": ("waiting",),
    "application_declined": ("declined",),
}
"""The states in which what a message tells is still so; after that it is not sent any more."""
OFFERS = ("proposal_offered", "proposal_to_confirm", "second_offered")
JOINING = (*OFFERS, "question_asked", "question_answered", "relationship_started")
"""The messages that bring people together."""

REPORTED = 365
"""How many days the link in a message is good by which a concern is raised."""


APPLIED = (
    "application_approved", "application_waiting", "application_declined", "signed_up_again",
)  # fmt: skip
"""What answers somebody who has applied themselves; it needs no consent to the program's text."""


class NotWanted(Exception):
    """The message's reason has gone: erased, overtaken, or consent taken back. Nothing is sent."""


def message(
    kit: Kit, tx: Transaction, job: Job, event: Event, person: Person, mine: Part | None,
    program: Program, link: str = "",
) -> Message:  # fmt: skip
    """Return a promised message in its reader's words; raise `NotWanted` when it is overtaken.

    `mine` is the reader's own part in the program; None for staff, who have none. `link` is where
    it leads, if not to the page that it is about.
    """
    telling = _of_application if job.name in APPLIED else _told
    values = telling(tx, job, event, mine, program, person.locale)
    if job.name == "relationship_started" and mine:
        values |= in_words(tx, event.subject_id, mine.id, person, contacts=kit.site is None)
    about = _about(tx, event)
    values["link"] = link or _link(kit, job, event, program, about)
    asking = job.name in ("proposal_offered", "survey_asked")
    ways, reply = put(kit, tx, person, (event.noun, event.subject_id)) if asking else ({}, {})
    values |= ways
    reply["thread"] = thread(tx, *about, getattr(event, "relationship_id", None))
    end = footer(kit, person, program, *about) if mine else ""
    params = {"event": event.sequence}
    return worded(tx, job, TEMPLATES[job.name], person, program, values, end, params, **reply)


def worded(
    tx: Transaction, job: Job, template: Mapping[str, Any], person: Person, program: Program,
    values: Mapping[str, str], end: str, params: Mapping[str, Any] = NOTHING, **reply: Any,
) -> Message:  # fmt: skip
    """Return a message made of a template, or of what the program wrote in its place.

    A language that the program has not worded has the words of the template. `reply` is what
    `answer.put` returns, and the `thread` that it belongs to: fields of a message.
    """
    definition = tx.definitions.current(program.id, "messages")
    own: Mapping[str, Any] = definition.body.get(job.name, {}) if definition else {}
    if own:
        template = {part: {**texts, **own.get(part, {})} for part, texts in template.items()}
    values = {"person": person.name, "program": in_locale(program.name, person.locale), **values}
    buttons = reply.pop("buttons", ()) + buttons_of(values, end, person.locale)
    body = fill(in_locale(template["body"], person.locale), values)
    return Message(
        key=job.key,
        tenant=job.tenant,
        program_id=program.id,
        person_id=person.id,
        template=job.name,
        subject=fill(in_locale(template["subject"], person.locale), values),
        body=with_numbers_whole(body, person.locale) + end,
        locale=person.locale,
        params=Frozen({**values, **params}),
        buttons=buttons,
        created_at=tx.now,
        **reply,
    )


def thread(tx: Transaction, noun: str, id: str, relationship: str | None = None) -> str:
    """Return what all that is told of a proposal, and of what came of it, has in common.

    Many proposals lead to one circle, so that has a thread of its own.
    """
    if noun == "survey" and relationship:
        noun, id = "relationship", relationship
    if noun == "relationship":
        held = tx.relationships.get(id)
        if held.proposal_id and held.kind != "circle":
            noun, id = "proposal", held.proposal_id
    return f"{noun}:{id}" if noun in ("proposal", "relationship") else ""


def buttons_of(values: Mapping[str, str], end: str, locale: str) -> tuple[Button, ...]:
    """Return which addresses in a message are ours: of its placeholders, and that in its `end`."""
    leading = [
        Button(address=values[name], words=in_locale(BUTTONS[name], locale))
        for name in ("link", "met")
        if values.get(name)
    ]
    if not end:
        return tuple(leading)
    report = in_locale(REPORT, locale)
    return (*leading, Button(address=end.rpartition("\n")[2], words=report, aside=True))


def names_in(
    tx: Transaction, noun: str, id: str, locale: str, but: str | None = None
) -> tuple[str, str]:
    """Return the names on both sides of a proposal, of a relationship or one of its milestones.

    That of `but`, a person, is left out.
    """
    if noun not in ("milestone", "proposal", "relationship"):
        return "", ""
    if noun == "milestone":
        noun, id = "relationship", tx.milestones.get(id).relationship_id
    if noun == "proposal":
        proposal = tx.proposals.get(id)
        sides = [[proposal.mentee_id], [proposal.mentor_id]]
    else:
        here = tx.relationships.get(id).here
        mentors = [m.participant_id for m in here if m.role == "mentor"]
        others = [m.participant_id for m in here if m.participant_id not in mentors]
        sides = [others, mentors] if mentors else [others[:1], others[1:]]
    people = persons_of(tx, (one for side in sides for one in side))
    nobody = translate("somebody who has left", locale)
    told = [[people[one].name or nobody for one in s if people[one].id != but] for s in sides]
    return ", ".join(told[0]), ", ".join(told[1])


def footer(kit: Kit, person: Person, program: Program, noun: str, id: str) -> str:
    """Return the last lines of every message to a participant: where to raise a concern.

    The link speaks for its reader, without a log-in; "" where there is no site, or no secret.
    """
    if kit.site is None or not links.can_sign(kit):
        return ""
    about = {noun: id} if noun in LINKED else {"program": program.id}
    token = links.make(
        kit, tenant=program.tenant, purpose=PURPOSE, person=person.id, days=REPORTED, **about
    )
    address = kit.site.url(program.tenant, "concern_link", token=token)
    return f"\n\n{in_locale(FOOTER, person.locale)}\n{address}"


def _link(kit: Kit, job: Job, event: Event, program: Program, about: tuple[str, str]) -> str:
    """Return the address of the page that a message is about; "" where the kit knows no site."""
    if kit.site is None:
        return ""
    noun, id = about
    if job.name == "content_held":
        return kit.site.url(event.tenant, "concerns", program=program.key)
    if noun not in ADDRESSES:
        return kit.site.url(event.tenant, "home")
    return kit.site.url(event.tenant, noun, program=program.key, **{noun: id})


def _about(tx: Transaction, event: Event) -> tuple[str, str]:
    """Return noun and id of what has a page of its own, and an event tells of."""
    if event.noun == "content":
        told = tx.journal.about("content", event.subject_id)[0].payload()
        noun = "proposal" if told["proposal_id"] else "participant"
        return noun, told[f"{noun}_id"]
    if event.noun == "milestone":
        return "relationship", tx.milestones.get(event.subject_id).relationship_id
    return event.noun, event.subject_id


def _of_application(
    tx: Transaction, job: Job, event: Event, mine: Part | None, program: Program, locale: str
) -> dict[str, str]:
    """Return what an applicant is told: the requirements not met, and where else to turn."""
    if mine is None or mine.state not in WANTED.get(job.name, (mine.state,)):
        raise NotWanted("overtaken")
    if job.name != "application_declined":
        return {}
    told = rulings(tx, program, tx.participants.get(mine.id))[mine.id]
    unmet = [in_locale(one["text"], locale) for one in told if one["answer"] == "no"]
    referral = tx.definitions.current(program.id, "referral")
    return {
        "reasons": "\n".join(f"- {each}" for each in unmet if each),
        "text": in_locale(referral.body, locale) if referral else "",
    }


def _told(
    tx: Transaction, job: Job, event: Event, mine: Part | None, program: Program, locale: str
) -> dict[str, str]:
    """Return what a message about this event shows; raise `NotWanted` when it is so no more."""
    if event.noun in ("concern", "content"):  # nothing is said of who, nor about whom
        (state,) = replay(tx.journal.about(event.noun, event.subject_id)).values()
        lost = event.noun == "concern" and job.recipient_id not in program.staff
        if state["state"] not in WANTED[job.name] or lost:
            raise NotWanted("overtaken")
        why = tx.notes.first(id=state.get("note_id") or "")
        return {"text": why.text if why else ""}
    if event.noun == "survey":
        return _asked(tx, event, program, locale)
    roles: dict[str, list[str]] = defaultdict(list)
    if event.noun == "proposal":
        about: Proposal | Relationship = tx.proposals.get(event.subject_id)
        named: str | None = event.subject_id
        due = None
    else:
        about = held = tx.relationships.get(event.subject_id)
        due = held.ends_at
        led = event.payload()
        named = led.get("joined_by") or led.get("proposal_id")
        for member in held.here:
            roles[member.role].append(member.participant_id)
    here = {one for ids in roles.values() for one in ids}
    if peers := roles.pop("peer", []):  # who are both to each other
        roles |= {"mentee": peers[:1], "mentor": peers[1:]}
    if isinstance(event, MemberLeft):
        roles["mentee"] = [event.participant_id]
        roles["mentor"] = [id for id in [*peers, *roles["mentor"]] if id != event.participant_id]
    proposal = tx.proposals.get(named) if named else None
    if proposal:
        second = [] if proposal.circle_of or peers else roles["mentor"][1:]
        roles = {"mentee": [proposal.mentee_id], "mentor": [proposal.mentor_id, *second]}
        due = due or proposal.due_at
    sides = (side for side in ("mentee", "mentor") if mine and mine.id in roles[side])
    role = next(sides, "coordinator" if job.name in OFFERS else "mentor")
    parties = tx.participants.get_many(one for ids in roles.values() for one in ids)
    answered = job.name in OFFERS and proposal and role in proposal.answered
    gone = job.name == "relationship_started" and not parties.keys() <= here
    back = isinstance(event, MemberLeft) and parties.keys() <= here
    unheard = job.name == "proposal_declined" and proposal and not _heard(tx, job, proposal, role)
    settled = job.name == "question_asked" and _settled(tx, event)
    if isinstance(event, MessageRelayed):
        gone = mine is None or not {mine.id, event.participant_id} <= here
        gone = gone or parties[event.participant_id].consented_at is None
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
        "others": ", ".join(
            names[one] for ids in roles.values() for one in ids if not mine or one != mine.id
        ),
        "sender": names[event.participant_id] if isinstance(event, MessageRelayed) else "",
        "reasons": _reasons(tx, proposal, role, program, locale) if proposal else "",
        "text": _text(tx, event),
        "due": format_day((due or tx.now).astimezone(ZoneInfo(program.zone)).date(), locale),
    }


def _asked(tx: Transaction, event: Event, program: Program, locale: str) -> dict[str, str]:
    """Return what a survey shows of itself: its name, about whom it is, until when it is open."""
    one = surveys_of(tx.journal.about("survey", event.subject_id)).get(event.subject_id)
    if one is None or one.closed or one.answered_at is not None:
        raise NotWanted("answered" if one and one.answered_at else "overtaken")
    _, titles = feedback.questions(tx, program, one)
    due = one.due_at.astimezone(ZoneInfo(program.zone)).date()
    held, title = one.relationship_id, in_locale(titles[0], locale)
    named = names_in(tx, "relationship", held, locale, one.person_id) if held else ()
    others = ", ".join(filter(None, named))
    return {
        "others": others,
        "text": f"{title} ({others})" if others else title,
        "due": format_day(due, locale),
    }


def _heard(tx: Transaction, job: Job, one: Proposal, role: str) -> bool:
    """Return whether the recipient has had a part in this proposal, or was told of it.

    While another worker has the offer in hand nobody knows: `RetryLater` is raised.
    """
    if role in one.involved:
        return True
    about = [event.sequence for event in tx.journal.about("proposal", one.id)]
    name = "second_offered" if one.circle_of else "proposal_offered"
    told = {"name": name, "recipient_id": job.recipient_id}
    states = {offer.state for offer in tx.outbox.find(sequence=about, **told)}
    if "done" not in states and "leased" in states:
        raise RetryLater("the offer is in another worker's hands")
    return "done" in states


def _settled(tx: Transaction, asked: Event) -> bool:
    """Return whether this question was replied to, be it that another one is open now."""
    said = tx.journal.about("proposal", asked.subject_id)
    return any(isinstance(e, QuestionAnswered) and e.sequence > asked.sequence for e in said)


def _text(tx: Transaction, event: Event) -> str:
    """Return what was asked or replied, where the event is about that; else ""."""
    if not isinstance(event, QuestionAsked | QuestionAnswered | MessageRelayed):
        return ""
    note = tx.notes.first(id=event.text_id)
    if note is None:
        raise NotWanted("erased")
    return note.text


def _reasons(tx: Transaction, one: Proposal, role: str, program: Program, locale: str) -> str:
    """Return what speaks for a pair, told to one of its two or to staff, a line each."""
    from mentorkit.matching import words

    fields = fields_of(tx, program)
    speaking = one.reasons_mentor if role == "mentor" else one.reasons
    whose: Whose | None = "mentee" if role == "coordinator" else None
    said = [words(one, locale, fields, whose=whose) for one in speaking if one.fits]
    return "\n".join(f"- {each}" for each in said if each)
