"""Hand over: a mentee whose mentor is away goes on with another one.

What they had written goes with them only where they say so themselves, word by word.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.moves import PARTIES
from mentorkit.domain.people import Actor
from mentorkit.domain.relationships import HOLDING, Relationship
from mentorkit.domain.shown import shown
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotAllowed, NotFound, Problem
from mentorkit.journey import onboard, suggestions
from mentorkit.journey.match import proposing
from mentorkit.journey.meet import Met, part
from mentorkit.journey.reasons import reasons_of
from mentorkit.journey.relay import relayed
from mentorkit.journey.steps import NEW, atomic, persons_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

AWAY = "away"
"""The code of the break of a mentor who is handed over from."""


def hand_over(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, mentee: str = "", to: str = "",
    reason: str = "no_contact", note: str = "", rest: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """End a mentee's part in a relationship whose mentor is away, and find another; for staff.

    `mentee` and `to` are participant ids; `mentee` may be left out where there is one alone, and a
    circle goes on for the others. `reason` is a code, `note` for staff. With `to` that mentor is
    proposed at once: where they cannot be, nothing of it is done. With `rest` the only mentor of it
    takes a break, and is offered to nobody before they are back.

    Returns the `relationship`, the `mentee`, the `proposal` (None without `to`) and the mentor who
    `rests` now ("" for nobody), both by id; then `mentors` are those who fit best, as
    `suggestions.mentors` lists them, and `why` says why there are none.
    Raises `Conflict` (relationship.ended, relationship.no_mentor, and all of `match.propose`).
    """
    why: dict[str, Any] = {}
    if to:
        with kit.transaction(tenant=tenant, write=False) as tx:
            who = _mentee(_by_staff(tx, actor, relationship).relationship, mentee)
        why = reasons_of(kit, tenant, who, [to]).get(to, {})
    done = _hand_over(
        kit, tenant=tenant, actor=actor, relationship=relationship, mentee=mentee, to=to, why=why,
        reason=reason, note=note, rest=rest,
    )  # fmt: skip
    if to:
        return {**done, "mentors": [], "why": ""}
    try:
        told = suggestions.mentors(kit, tenant=tenant, actor=actor, participant=done["mentee"])
    except MentorKitError as error:  # it is done: who could come next is told where it can be
        return {**done, "mentors": [], "why": str(error)}
    return {**done, "mentors": told["mentors"], "why": ""}


def look(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, mentee: str = "", to: str = "",
    rest: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """Return what `hand_over` would do, by names, and change nothing; for staff.

    These are the `mentee`, the `mentors` they would leave, who `to` is ("" for nobody), whether
    the mentor `rests`, and whether the circle `goes_on` for others. Raises as `hand_over` does.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        one = _by_staff(tx, actor, relationship).relationship
        who = _mentee(one, mentee)
        _another(one, to)
        if to and tx.participants.get(to).program_id != one.program_id:
            raise NotFound("participant.not_found", "That mentor takes no part in this program.")
        people = persons_of(tx, (who, *one.mentors, *([to] if to else [])))
        alone = len(one.mentors) == 1 and tx.participants.get(one.mentors[0]).state == "active"
        return {
            "mentee": people[who].name,
            "mentors": [people[id].name for id in one.mentors],
            "to": people[to].name if to else "",
            "rests": rest and alone,
            "goes_on": one.goes_on_without(who),
        }


@atomic
def _hand_over(
    kit: Kit, *, tenant: str, actor: Actor, relationship: str, mentee: str, to: str,
    why: dict[str, Any], reason: str, note: str, rest: bool, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    met = _by_staff(tx, actor, relationship)
    one, who = met.relationship, _mentee(met.relationship, mentee)
    _another(one, to)
    tx.participants.hold({who, *one.mentors, *([to] if to else [])})
    saved = part(met, [who], reason, note)
    rests = ""
    for mentor in one.mentors if rest and len(one.mentors) == 1 else ():
        if tx.participants.get(mentor).state == "active":
            rests = mentor
            onboard.pause(
                kit, tenant=tenant, actor=actor, participant=mentor, reason=AWAY, tx=tx
            )  # fmt: skip
    proposal = None
    if to:
        two = proposing(tx, actor, who, to)
        chosen = tx.proposals.first(mentee_id=who, mentor_id=to, state="draft")
        offered = two.offer(chosen or two.draft(**why))
        proposal = {**two.row(offered), "awaiting": offered.awaiting(two.program.accept_chain)}
    return {"relationship": met.row(saved), "mentee": who, "proposal": proposal, "rests": rests}


def _by_staff(tx: Transaction, actor: Actor, relationship: str) -> Met:
    met = Met(tx, actor, relationship, "coordinator")
    if met.role in PARTIES:
        raise NotAllowed(
            "relationship.staff_hand_over",
            "Only staff hand somebody over. Tell a coordinator that you hear nothing.",
        )
    return met


def _mentee(one: Relationship, wanted: str) -> str:
    """Return who of it is handed over."""
    if one.state not in HOLDING:
        raise Conflict("relationship.ended", "The relationship has ended; match the mentee again.")
    if not one.mentors or not one.mentees:
        raise Conflict("relationship.no_mentor", "There is no mentor in it to hand over from.")
    if wanted in one.mentees:
        return wanted
    if wanted or len(one.mentees) > 1:
        told = Problem("mentee", f"name one of its mentees: {', '.join(one.mentees)}")
        raise Invalid("relationship.which_mentee", "It is not clear who is handed over.", [told])
    return one.mentees[0]


def _another(one: Relationship, to: str) -> None:
    if to in one.mentors:
        told = Problem("to", "name another mentor; this one is in it already")
        raise Invalid("relationship.same_mentor", "Nobody is handed over to their mentor.", [told])


@atomic
def pass_on(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, words: Sequence[str] = (),
    time: bool = False, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Let the mentors whom a mentee comes to read what they wrote to those before; for themselves.

    `words` are ids of their own words, as `own_words` lists them; what others wrote is not theirs
    to pass on. With `time` also how often and how long they met. What is not named is passed on no
    more.
    """
    own = _own(tx, actor, participant)
    there = {id for id, _ in _written(tx, _before(tx, participant), participant)}
    if unknown := [word for word in words if word not in there]:
        told = [Problem("words", f"{word} is no word of theirs to an earlier mentor")
                for word in unknown]  # fmt: skip
        raise Invalid("words.unknown", "This cannot be passed on:", told)
    ids = tuple(dict.fromkeys(words))
    own.record(events.WordsPassedOn, participant, word_ids=ids, time_told=time)
    return {"participant": participant, "words": list(ids), "time": time}


def own_words(kit: Kit, *, tenant: str, actor: Actor, participant: str) -> dict[str, Any]:
    """Return to a mentee what they may pass on, and what of it they do.

    ``words`` are ``{id, at, text, passed}``, newest first; `meetings` and `minutes` are those of
    their relationships before, and `time` says whether that is passed on.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        _own(tx, actor, participant)
        before, passed = _before(tx, participant), _passed(tx, participant)
        ids = passed.word_ids if passed else ()
        return {
            "words": [
                {"id": id, **said, "passed": id in ids}
                for id, said in reversed(_written(tx, before, participant))
            ],
            **_time(tx, before, participant),
            "time": passed is not None and passed.time_told,
        }


def passed_on(kit: Kit, *, tenant: str, actor: Actor, relationship: str) -> list[dict[str, Any]]:
    """Return what mentees of a running relationship have passed on, to its mentors and themselves.

    Each is ``{participant, name, own, words, meetings, minutes}`` with ``{at, text}`` for each
    word; of time 0 where it is not passed on. Staff get none: it is not theirs to read.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        own, one = set(met.own), met.relationship
        if not own or one.state not in HOLDING:
            return []
        asked = [id for id in one.mentees if id in own or own & set(one.mentors)]
        if not tx.journal.newest("participant", asked, "WordsPassedOn"):
            return []  # as nearly always: nothing else is read then
        people, agreed = persons_of(tx, asked), tx.participants.get_many(asked)
        told = []
        for id in asked:
            passed = _passed(tx, id)
            if passed is None or agreed[id].consented_at is None:
                continue
            before = _before(tx, id)
            words = [said for word, said in _written(tx, before, id) if word in passed.word_ids]
            time = _time(tx, before if passed.time_told else (), id)
            if words or time["meetings"]:
                who = {"participant": id, "name": people[id].name, "own": id in own}
                told.append({**who, "words": words, **time})
        return told


def _own(tx: Transaction, actor: Actor, participant: str) -> onboard.Own:
    own = onboard.Own(tx, actor, participant)
    if own.role not in PARTIES:
        told = (
            "Only they themselves say what of their words is passed on; what was carried between "
        )
        raise NotAllowed("words.not_yours", f"{told}two is not for staff to read.")
    return own


def _before(tx: Transaction, participant: str) -> list[Relationship]:
    """Return the relationships that somebody was a mentee in, and is no more."""
    held = tx.relationships.for_participants([participant])
    mine = ((one, m) for one in held for m in one.members if m.participant_id == participant)
    return [one for one, m in mine if m.role == "mentee" and (m.left_at or one.state == "ended")]


def _written(
    tx: Transaction, before: Sequence[Relationship], participant: str
) -> list[tuple[str, dict[str, Any]]]:
    """Return what somebody wrote to the others there, by id, oldest first; nothing erased."""
    carried = [word for one in before for word in relayed(tx, one.id)]
    mine = [word for word in carried if word.participant_id == participant]
    notes = tx.notes.get_many(word.text_id for word in mine)
    return [
        (word.text_id, {"at": shown(word.at), "text": notes[word.text_id].text})
        for word in mine
        if word.text_id in notes and notes[word.text_id].text
    ]


def _passed(tx: Transaction, participant: str) -> events.WordsPassedOn | None:
    about = tx.journal.about("participant", participant)
    return next((one for one in about[::-1] if isinstance(one, events.WordsPassedOn)), None)


def _time(tx: Transaction, before: Sequence[Relationship], participant: str) -> dict[str, int]:
    """Return how often, and for how many minutes, somebody met there."""
    found = tx.meetings.find(relationship_id=[one.id for one in before], state="held")
    held = [one for one in found if not one.attendees or participant in one.attendees]
    return {"meetings": len(held), "minutes": sum(one.minutes for one in held)}


__all__ = ["hand_over", "look", "own_words", "pass_on", "passed_on"]
