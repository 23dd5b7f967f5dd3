"""Feedback: ask when something comes due, once for what coincides, and keep what is answered."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.events import Event
from mentorkit.domain.fields import Field, parsed
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.milestones import ran
from mentorkit.domain.moves import STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Relationship
from mentorkit.domain.shown import as_row, shown
from mentorkit.domain.surveys import (
    CURRENCY,
    PERIOD,
    Answer,
    Measurement,
    Part,
    Questionnaire,
    Survey,
    SurveyRequest,
    surveys_of,
)
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound, Problem
from mentorkit.hooks.offers import overrides
from mentorkit.hooks.providers import FeedbackVendor, Inbound
from mentorkit.journey import links, meet
from mentorkit.journey.definitions import measurement_of, questionnaires_of, targets_for
from mentorkit.journey.flags import reasons
from mentorkit.journey.steps import (
    NEW,
    Step,
    atomic,
    chosen,
    in_program,
    kept_from,
    person_of,
    persons_of,
    reading,
    role_in,
)

if TYPE_CHECKING:
    from mentorkit.hooks.context import WorkContext
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

log = logging.getLogger("mentorkit.feedback")
LATE = timedelta(days=90)
"""For how long after it was asked a vendor is looked to for a late answer."""
NONE = "There is no such survey here, or it is not asked any more."
PURPOSE = "survey"
"""What the links may do that lead to a survey without a log-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What is asked about: a milestone, a meeting, ...; and who was there, as participants."""

    noun: str
    id: str
    there: Sequence[str]
    relationship: Relationship | None = None
    kind: str | None = None


class Asking(Step):
    """Asks a program's questionnaires, of those in force now."""

    def __init__(self, tx: Transaction, program: Program) -> None:
        super().__init__(tx, SYSTEM_ACTOR, Role.SYSTEM, program.id)
        self.program = program
        self.plan, self.number = questionnaires_of(tx, program)
        self.measured = measurement_of(tx, program)[1]

    def ask(self, wanted: Iterable[tuple[Questionnaire, Point]], cause: Event | None = None) -> int:
        """Ask each of these of whom it is for; return how many surveys came or grew by it."""
        asked = [
            (questionnaire, point, who)
            for questionnaire, point in wanted
            for who in self._whom(questionnaire, point)
        ]
        # Two triggers at once: the second waits here, and then sees what the first has asked.
        self.tx.people.hold(person for _, _, (person, _, _) in asked)
        return sum(self._one(*one, cause) for one in asked)

    def _whom(self, one: Questionnaire, point: Point) -> Iterable[tuple[str, str, str | None]]:
        """Yield person, side and participant of each who is to be asked."""
        there = self.tx.participants.get_many(point.there)
        members = point.relationship.members if point.relationship else ()
        roles = {member.participant_id: member.role for member in members}
        for participant in there.values():
            plays = [roles[participant.id]] if participant.id in roles else ["mentee", "mentor"]
            side = next((s for s in plays if participant.plays(s) and s in one.to), None)
            if side and participant.consented_at is not None and participant.state != "left":
                yield participant.person_id, side, participant.id
        if "staff" in one.to:
            for person, role in self.program.staff.items():
                if role == Role.COORDINATOR:
                    yield person, "staff", None

    def _one(
        self, one: Questionnaire, point: Point, who: tuple[str, str, str | None],
        cause: Event | None,
    ) -> bool:  # fmt: skip
        person, side, participant = who
        held = point.relationship if side != "staff" else None
        place = held.id if held else participant or self.program.id
        about = (point.noun, point.id) if participant else ("program", self.program.id)
        asked = asked_of(self.tx, person)
        earlier = [each for each in asked if (each.place, each.side) == (place, side)]
        for each in earlier:
            for part in each.parts:
                same = part.questionnaire == one.key
                if same and participant and part.point_id == point.id:
                    return self._reopen(one, each, held, cause)
                rested = each.asked_at <= self.tx.now - one.rest
                if same and not rested and point.noun != "meeting":
                    return False
        flagged = bool(one.flagged and held and reasons(self.tx, self.program, [held])[held.id])
        told: dict[str, Any] = {
            "questionnaire": one.key, "number": self.number,
            "point_noun": about[0], "point_id": about[1], "flagged": flagged,
        }  # fmt: skip
        open_ = [each for each in earlier if each.state(self.tx.now) == "open"]
        if open_:
            self.record(events.SurveyJoined, open_[-1].id, cause, **told)
            return True
        event = self.record(
            events.SurveyAsked, self.tx.new_id(), cause, **told, person_id=person, side=side,
            participant_id=participant, relationship_id=held.id if held else None,
            measured=self.measured, window=one.window,
        )  # fmt: skip
        return self._invite(event, person)

    def _reopen(
        self, one: Questionnaire, asked: Survey, held: Relationship | None, cause: Event | None
    ) -> bool:
        """Give who has not answered in time the time anew, once what it asks about is at its end.

        More time together may have moved the end away from the day on which it was asked.
        """
        if held is None or held.state != "ended" or asked.state(self.tx.now) != "late":
            return False
        event = self.record(events.SurveyReopened, asked.id, cause, window=one.window)
        return self._invite(event, asked.person_id)

    def _invite(self, event: Event, person: str) -> bool:
        key = f"survey:{event.subject_id}:{event.sequence}"
        about_it = {"sequence": event.sequence, "program_id": self.program.id}
        self.tx.outbox.add("survey", key, name="survey_asked", recipient_id=person, **about_it)
        return True


@atomic
def after(kit: Kit, *, tenant: str, sequence: int, tx: Transaction = NEW) -> int:
    """Ask what this fact leads to; return how many surveys came or grew by it. For the worker."""
    event = tx.journal.event(sequence)
    program = tx.programs.get(event.program_id or "")
    asking = Asking(tx, program)
    point = _point(tx, event, program) if asking.plan and vendor_of(kit, tx, program) else None
    if point is None:
        return 0
    name = type(event).__name__
    due = [one for one in asking.plan.values() if one.due(name) or one.due(name, point.kind)]
    return asking.ask([(one, point) for one in due], event)


def _point(tx: Transaction, event: Event, program: Program) -> Point | None:
    """Return what the fact is about; None where nobody is asked about it, or not any more."""
    id = event.subject_id
    if isinstance(event, events.ParticipantOnboarded):
        return Point(noun="participant", id=id, there=[id])
    if isinstance(event, events.MilestoneDue):
        milestone = tx.milestones.get(id)
        if milestone.state == "cancelled":
            return None
        held = tx.relationships.get(milestone.relationship_id)
        return Point(
            noun="milestone", id=id, relationship=held, kind=milestone.kind,
            there=[member.participant_id for member in held.here],
        )  # fmt: skip
    if isinstance(event, events.MeetingHeld):
        meeting = tx.meetings.get(id)
        held = tx.relationships.get(meeting.relationship_id)
        there = [*(meeting.attendees or held.at(meeting.held_at))]
        return (
            Point(noun="meeting", id=id, relationship=held, there=there)
            if meeting.state == "held"
            else None
        )
    held = tx.relationships.get(id)
    noun, kind = "relationship", None
    if isinstance(event, events.RelationshipEnded):
        # The end is one point, whether its day came first or they ended before.
        plans = targets_for(tx, program)(held).milestones
        last = [plan.kind for plan in plans if plan.fraction == 1 or plan.kind == "end"]
        planned = tx.milestones.first(relationship_id=id, kind=last)
        noun, id = ("milestone", planned.id) if planned else (noun, f"{id}.end")
        kind = planned.kind if planned and planned.opens_at <= tx.now else None
    there = [member.participant_id for member in held.here]
    about = Point(noun=noun, id=id, relationship=held, there=there, kind=kind)
    return None if held.reason == "blocked" else about


@atomic
def turn(kit: Kit, *, tenant: str, limit: int = 500, tx: Transaction = NEW) -> int:
    """Ask what is due on a day of its own; return how many surveys came or grew. For the worker."""
    count = 0
    for program in tx.programs.find():
        asking = Asking(tx, program)
        timed = [one for one in asking.plan.values() if one.days(10**6) is not None]
        if not timed or vendor_of(kit, tx, program) is None:
            continue
        known = {
            (part.questionnaire, part.point_id, each.participant_id)
            for each in surveys_of(tx.journal.of("survey", program.id)).values()
            for part in each.parts
        }
        wanted = []
        running = tx.relationships.find(program_id=program.id, state="active")
        breaks = meet.breaks_of(tx, running, tx.now)
        for held in running:
            age = ran((held.started_at, tx.now), breaks[held.id]).days
            for one in timed:
                day = one.days(age)
                if day is None or age - day > one.window:  # missed rather than late
                    continue
                point = f"{held.id}.{day}"
                there = [m.participant_id for m in held.here]
                there = [id for id in there if (one.key, point, id) not in known]
                if there:
                    wanted.append(
                        (one, Point(noun="day", id=point, there=there, relationship=held))
                    )
        count += asking.ask(wanted[:limit])
    return count


def asked_of(tx: Transaction, person: str) -> list[Survey]:
    """Return all that this person was ever asked, oldest first, but what was closed."""
    jobs = tx.outbox.find(kind="survey", recipient_id=person)
    asked = tx.journal.numbered(job.sequence for job in jobs if job.sequence)
    told = [event for one in asked for event in tx.journal.about("survey", one.subject_id)]
    return [one for one in surveys_of(told).values() if not one.closed]


def close(step: Step, one: Participant) -> None:
    """Close what somebody has not answered: all once they left, else on a side they left."""
    for each in asked_of(step.tx, one.person_id):
        on_it = one.state != "left" and one.plays(each.side)
        if each.participant_id == one.id and each.answered_at is None and not on_it:
            step.record(events.SurveyClosed, each.id, left=one.state == "left")


def vendor_of(
    kit: Kit, tx: Transaction, program: Program
) -> tuple[FeedbackVendor, WorkContext] | None:
    """Return the first vendor that the program has not switched off, and what it works with."""
    for name, vendor in kit.registry.feedback_vendors.items():
        plugin = kit.registry.owner("feedback_vendors", name).name
        settings = chosen(tx, program, plugin)
        if settings is not None:
            return vendor, kit.work_context(tx.tenant, program, plugin, settings=settings)
    return None


def takes_over(kit: Kit, tx: Transaction, program: Program, milestone: str, role: str) -> bool:
    """Return whether a survey is what this side hears of a milestone by."""
    plan, _ = questionnaires_of(tx, program)
    asked = any(one.due("", milestone) and role in one.to for one in plan.values())
    return asked and vendor_of(kit, tx, program) is not None


# ------------------------------------------------------------------ asking, and what is answered


def invite(
    kit: Kit, *, tenant: str, job: Job,
    asking: Callable[[str], AbstractContextManager[Any]] = nullcontext,
) -> str | None:  # fmt: skip
    """Have the vendor invite somebody; return the address where they answer. For the worker.

    "" where the kit knows no site; None where it is not for us to tell them. The vendor is called
    inside ``asking(NAME)``.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        id = tx.journal.event(job.sequence or 0).subject_id
        one = surveys_of(tx.journal.about("survey", id)).get(id)
        if one is None or one.closed or one.answered_at is not None:
            return None
        program = tx.programs.get(one.program_id)
        found = vendor_of(kit, tx, program)
        if found is None:
            return None
        request = _request(kit, tx, program, one)
    vendor, context = found
    with asking(f"vendor {vendor.name}"):
        address = vendor.invite(context, request)
    if not address or "://" in address:
        return address or None
    return kit.site.url(tenant, address) if kit.site else ""


def _request(kit: Kit, tx: Transaction, program: Program, one: Survey) -> SurveyRequest:
    person = tx.people.get(one.person_id)
    asked, titles = questions(tx, program, one)
    token = ""
    if links.can_sign(kit):
        about = {"tenant": tx.tenant, "purpose": PURPOSE, "person": person.id}
        token = links.make(kit, **about, days=LATE.days, survey=one.id)
    return SurveyRequest(
        key=one.id, tenant=tx.tenant, program_id=program.id, person_id=person.id, side=one.side,
        title=titles[0], questions=asked, locale=person.locale, asked_at=one.asked_at,
        due_at=one.due_at, token=token,
    )  # fmt: skip


def questions(
    tx: Transaction, program: Program, one: Survey
) -> tuple[dict[str, Field], list[Frozen]]:
    """Return the questions of all that a survey asks, as asked then, and its titles."""
    plan = _measured(tx, program, one)
    parts = _parts(tx, program, one, {})
    asked: dict[str, Field] = {}
    for part, questionnaire in parts:
        asked |= questionnaire.asked(one.side, plan, flagged=part.flagged)
    return asked, [questionnaire.title for _, questionnaire in parts]


Versions = dict[tuple[str, int], dict[str, Questionnaire]]
"""What was looked up of questionnaires, by program and version."""


def _parts(
    tx: Transaction, program: Program, one: Survey, known: Versions
) -> list[tuple[Part, Questionnaire]]:
    for part in one.parts:
        if (program.id, part.number) not in known:
            known[program.id, part.number] = questionnaires_of(tx, program, part.number)[0]
    return [(part, known[program.id, part.number][part.questionnaire]) for part in one.parts]


def _measured(tx: Transaction, program: Program, one: Survey) -> Measurement:
    plan = measurement_of(tx, program, one.measured)[0] if one.measured else None
    return plan or Measurement()


def _survey(tx: Transaction, survey: str) -> tuple[Survey, Program]:
    found = surveys_of(tx.journal.about("survey", survey)).get(survey)
    if found is None or found.closed:
        raise NotFound("survey.not_found", NONE)
    return found, tx.programs.get(found.program_id)


def _own(tx: Transaction, actor: Actor, survey: str) -> tuple[Survey, Program, Step]:
    """Return a survey to whom it asks, and to staff who are not in what it is about.

    To anybody else it is not there.
    """
    one, program = _survey(tx, survey)
    role = role_in(tx, program, actor)
    own = person_of(tx, actor) == one.person_id
    if own and one.side != "staff":
        role = Role(one.side)
    elif role not in STAFF or one.relationship_id in kept_from(tx, program, actor):
        raise NotFound("survey.not_found", NONE)
    return one, program, Step(tx, actor, role, program.id)


def mine(kit: Kit, *, tenant: str, actor: Actor) -> list[dict[str, Any]]:
    """List what the actor is asked and has not answered, what is due first on top."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        person = person_of(tx, actor)
        asked = asked_of(tx, person) if person else []
        now = [one for one in asked if one.answered_at is None and tx.now - one.asked_at < LATE]
        programs, known = tx.programs.get_many(one.program_id for one in now), Versions()
        others = _others(tx, now)
        return [
            {"program": programs[one.program_id].key, "with": others[one.id],
             **_row(tx, programs[one.program_id], one, known)}
            for one in sorted(now, key=lambda one: one.due_at)
        ]  # fmt: skip


def _row(tx: Transaction, program: Program, one: Survey, known: Versions) -> dict[str, Any]:
    titles = [questionnaire.title for _, questionnaire in _parts(tx, program, one, known)]
    return {**as_row(one), "state": one.state(tx.now), "titles": shown(titles)}


def show(kit: Kit, *, tenant: str, actor: Actor, survey: str) -> dict[str, Any]:
    """Return a survey to whom it asks and to staff: its questions, each with what was answered.

    `zone` is the person's, and `currency` the one in which they have told amounts before.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        one, program, _ = _own(tx, actor, survey)
        asked, _ = questions(tx, program, one)
        told, person = _told(tx, one), tx.people.get(one.person_id)
        return {
            **_row(tx, program, one, {}),
            "program": program.key,
            "name": person.name,
            "zone": person.zone,
            "currency": _currency_before(tx, one) if CURRENCY in asked else None,
            "with": _others(tx, [one])[one.id],
            "questions": [{**as_row(f), "value": told.get(f.id)} for f in asked.values()],
        }


def _currency_before(tx: Transaction, one: Survey) -> str | None:
    """Return the currency in which whom a survey asks has last told amounts in this program."""
    for before in reversed(asked_of(tx, one.person_id)):
        if before.program_id == one.program_id and (told := _told(tx, before).get(CURRENCY)):
            return str(told)
    return None


def _others(tx: Transaction, asked: Sequence[Survey]) -> dict[str, list[str]]:
    """Return the names of the others in what each is about, by its id."""
    held = tx.relationships.get_many(one.relationship_id for one in asked if one.relationship_id)
    members = {id: [m.participant_id for m in one.members] for id, one in held.items()}
    people = persons_of(tx, {each for ids in members.values() for each in ids})
    return {
        one.id: [
            people[id].name
            for id in members.get(one.relationship_id or "", ())
            if id != one.participant_id and id in people and people[id].name
        ]
        for one in asked
    }


def _told(tx: Transaction, one: Survey) -> dict[str, Any]:
    """Return what was answered, by question; what was erased is not there any more."""
    kept = tx.notes.get_many(id for id in (one.note_id, one.text_id) if id)
    return {id: value for note in kept.values() for id, value in json.loads(note.text).items()}


@atomic
def answer(
    kit: Kit, *, tenant: str, actor: Actor, survey: str, answers: Mapping[str, Any],
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Answer a survey, once; also late, and staff for whom they have heard (phone, paper, visit).

    Raises `Invalid` with every answer that cannot be used. Who answers has
    looked back at the milestones that it is about.
    """
    one, program, step = _own(tx, actor, survey)
    tx.people.hold([one.person_id])
    one, _ = _survey(tx, survey)  # others may have been before us
    if one.answered_at is not None:
        raise Conflict("survey.answered", "This was answered already. Thank you.")
    fields, _ = questions(tx, program, one)
    values, problems = parsed(fields, answers)
    values = {id: value for id, value in values.items() if value is not None}
    plan = _measured(tx, program, one)
    if any(f"indicator.{id}" in values for id in plan.money):
        if CURRENCY not in values and len(plan.currencies) == 1:
            values[CURRENCY] = plan.currencies[0]
        needed = {CURRENCY: "in which currency", PERIOD: "for what time"}
        lacking = needed.keys() - values.keys() if not problems else ()
        problems += [Problem(id, f"say {needed[id]} the amounts are") for id in sorted(lacking)]
    if not values and not problems:
        problems.append(Problem("answers", "answer at least one question"))
    if problems:
        raise Invalid("survey.invalid", "Some answers cannot be used:", problems)
    words = {id: value for id, value in values.items() if fields[id].kind == "text"}
    rest = {id: value for id, value in values.items() if id not in words}
    noun = "relationship" if one.relationship_id else "participant"
    note = _keep(tx, one, "survey", one.id, rest)
    text = _keep(tx, one, noun if one.participant_id else "program", one.place, words)
    told: dict[str, Any] = {"note_id": note, "text_id": text, "answers": len(values)}
    event = step.record(events.SurveyAnswered, one.id, **told)
    _reach(step, program, one, event)
    return {"id": one.id, "answers": len(values), "late": tx.now > one.due_at}


def _keep(tx: Transaction, one: Survey, noun: str, id: str, told: Mapping[str, Any]) -> str | None:
    """Keep answers as the words of who gave them; those in words go with whom they are about."""
    if not told:
        return None
    text = json.dumps(shown(told), ensure_ascii=False)
    return tx.notes.write(text, subject_noun=noun, subject_id=id, author_id=one.person_id)


def _reach(step: Step, program: Program, one: Survey, event: Event) -> None:
    """Note that one side has looked back at the milestones that the survey was about."""
    tx, side = step.tx, one.participant_id or meet.STAFF_SIDE
    points = {part.point_id for part in one.parts if part.point_noun == "milestone"}
    for milestone in tx.milestones.find(id=sorted(points), state=("due", "missed")):
        held = tx.relationships.get(milestone.relationship_id)
        asked = meet.asked_of(held, targets_for(tx, program)(held), milestone)
        if side in asked:
            meet.look_back(step, milestone, [side], asked, event)


def surveys(
    kit: Kit, *, tenant: str, actor: Actor, program: str, state: str | None = None
) -> list[dict[str, Any]]:
    """List whom a program has asked what, newest first; `state`: open, late, answered, closed."""
    with reading(kit, tenant, actor, program) as (tx, found):
        every = surveys_of(tx.journal.of("survey", found.id)).values()
        # Not about what the reader is in: what they are asked themselves `mine` lists.
        unread = kept_from(tx, found, actor)
        rows = [one for one in every if one.relationship_id not in unread]
        rows = [one for one in rows if state is None or one.state(tx.now) == state]
        people, known = tx.people.get_many(one.person_id for one in rows), Versions()
        return [
            {"name": people[one.person_id].name, **_row(tx, found, one, known)}
            for one in reversed(rows)
        ]


# ------------------------------------------------------------------ what vendors bring


def receive(
    kit: Kit, *, tenant: str, actor: Actor, program: str, vendor: str, inbound: Inbound
) -> dict[str, int]:
    """Take in what was pushed for a vendor: ``{"kept", "refused"}``; only staff and the host do."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        found, _ = in_program(tx, actor, program)
        using = vendor_of(kit, tx, found)
    if using is None or using[0].name != vendor:
        told = "The program asks by no vendor of this name; see `mentorkit plugins`."
        raise NotFound("vendor.not_found", told)
    return _kept(kit, tenant, found.id, using[0].receive(using[1], inbound))


def collect(
    kit: Kit, *, tenant: str,
    ask: Callable[[str, Callable[[], int]], int] = lambda _, call: call(),
) -> int:  # fmt: skip
    """Have ``ask(NAME, call)`` ask the vendors that are polled; return how many answers came."""
    polled = [
        name for name, vendor in kit.registry.feedback_vendors.items()
        if overrides(vendor, FeedbackVendor, "collect")
    ]  # fmt: skip
    if not polled:
        return 0
    using = []
    with kit.transaction(tenant=tenant, write=False) as tx:
        for program in tx.programs.find():
            found = vendor_of(kit, tx, program)
            if found and found[0].name in polled:
                every = surveys_of(tx.journal.of("survey", program.id)).values()
                waiting = [
                    _request(kit, tx, program, one) for one in every
                    if one.state(tx.now) in ("open", "late") and tx.now - one.asked_at < LATE
                ]  # fmt: skip
                using += [(program.id, *found, waiting)] if waiting else []
    count = 0
    for id, vendor, context, waiting in using:
        poll = partial(vendor.collect, context, waiting)
        kept = partial(lambda id, poll: _kept(kit, tenant, id, poll())["kept"], id, poll)
        try:
            count += ask(f"vendor {vendor.name}", kept)
        except (Exception, SystemExit) as error:
            log.warning("vendor %s could not be asked: %s", vendor.name, type(error).__name__)
    return count


def _kept(kit: Kit, tenant: str, program: str, given: Iterable[Answer]) -> dict[str, int]:
    """Keep a vendor's answers to what this program has asked; one that fails stops no other."""
    report = {"kept": 0, "refused": 0}
    for one in given:
        try:
            with kit.transaction(tenant=tenant, write=False) as tx:
                asked, owner = _survey(tx, one.key)
            if owner.id != program:
                raise NotFound("survey.not_found", NONE)
            actor = Actor(person_id=asked.person_id, means="form")
            answer(kit, tenant=tenant, actor=actor, survey=one.key, answers=one.values)
            report["kept"] += 1
        except MentorKitError as error:
            log.warning("an answer to survey %s was refused: %s", one.key, error.code)
            report["refused"] += 1
    return report


__all__ = [
    "after", "answer", "close", "collect", "invite", "mine", "receive", "show", "surveys", "turn",
]  # fmt: skip
