"""Introduce: who is connected with whom and why, when they could meet, how to reach each other.

Nobody sees an address that its owner did not share; `relay` carries words instead.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.relationships import HOLDING, Relationship
from mentorkit.domain.shown import shown
from mentorkit.domain.text import in_locale
from mentorkit.i18n import clock_in, format_moment, utc_hours
from mentorkit.journey.contacts import KINDS, link
from mentorkit.journey.definitions import fields_of, showing
from mentorkit.journey.meet import Met

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.matching.wording import Whose
    from mentorkit.store.transaction import Transaction

WITHIN = timedelta(days=7)
"""By when the first meeting is suggested, after the notice of a day."""
NOTICE = timedelta(days=1)
SLOTS = 3
TIMES = {
    "en": "By the hours that you have told us, you could meet:",
    "es": "Según las horas que nos han dado, podrían reunirse:",
    "fr": "D'après les heures que vous avez données, vous pourriez vous voir :",
}
"""What stands in a message before the times for a first meeting."""


def introduction(kit: Kit, *, tenant: str, actor: Actor, relationship: str) -> dict[str, Any]:
    """Return the others in a relationship, for one who is in it or for staff.

    `id` and `state` are the relationship's, `program` is the key of its program. `others` has
    `participant` (their id), role, name, `words` (why they fit, as the reader is told), `answers`
    (what they show of themselves, by field id, while they are together; nothing of one mentee to
    another) and `ways`: the contacts they share, each with kind, value and `href`. `slots` are
    times for a first meeting (UTC), while none was held, where all gave hours; `zones` the zone of
    each by participant id. `may_write` says whether a word of the reader's is carried to the
    others.
    """
    from mentorkit.matching import words

    with kit.transaction(tenant=tenant, write=False) as tx:
        met = Met(tx, actor, relationship)
        one, own = met.relationship, set(met.own)
        people = _people(tx, one)
        fields, shows = fields_of(tx, met.program), showing(tx, met.program)
        others = [m for m in one.here if m.participant_id not in own]
        accepted = {
            row.mentee_id: row
            for row in tx.proposals.find(mentee_id=[m.participant_id for m in one.members])
            if row.relationship_id == one.id
        }
        mentor = next((m.participant_id for m in one.members if m.role == "mentor"), None)
        alike = {m.role for m in one.here if m.participant_id in own} - {"peer"}

        whose: Whose | None = None if own else "mentee"

        def why(other: str) -> list[str]:
            if other == mentor:
                mine = next((accepted[id] for id in (own or accepted) if id in accepted), None)
                reasons = mine.reasons if mine else ()
            else:
                row = accepted.get(other) if mentor in own else None
                reasons = row.reasons_mentor if row else ()
            told = (words(one, fields=fields, whose=whose) for one in reasons if one.fits)
            return [each for each in told if each]

        met_before = tx.meetings.count(relationship_id=one.id, state="held")
        return {
            "id": one.id,
            "program": met.program.key,
            "state": one.state,
            "others": [
                {
                    "participant": m.participant_id,
                    "role": m.role,
                    "name": people[m.participant_id][1].name,
                    "words": why(m.participant_id),
                    "answers": shows(people[m.participant_id][0], m.role)
                    if one.state in HOLDING and m.role not in alike
                    else {},
                    "ways": _ways(tx, one, people, own, m.participant_id),
                }
                for m in others
            ],
            "slots": [] if met_before else shown(_slots(tx, one, people)),
            "zones": {id: person.zone for id, (_, person) in people.items()},
            "may_write": bool(own) and one.state in HOLDING,
        }


def in_words(
    tx: Transaction, relationship: str, mine: str, reader: Person, *, contacts: bool
) -> dict[str, str]:
    """Return what a message that introduces people says: `meeting`, and `contacts` if wanted.

    A message cannot be taken back, so it has addresses only where no page shows them.
    """
    one = tx.relationships.get(relationship)
    people = _people(tx, one)
    slots = _slots(tx, one, people)
    zone = clock_in(reader.zone, tx.programs.get(one.program_id).zone)
    times = [f"- {format_moment(each, zone=zone, locale=reader.locale)}" for each in slots]
    times = [in_locale(TIMES, reader.locale), *times] if times else []
    told = [
        f"{people[m.participant_id][1].name}: {way['value']} ({way['href']})"
        for m in one.here
        if contacts and m.participant_id != mine
        for way in _ways(tx, one, people, {mine}, m.participant_id)
    ]
    return {"meeting": "\n".join(times), "contacts": "\n".join(told)}


Here = Mapping[str, tuple[Participant, Person]]


def _people(tx: Transaction, one: Relationship) -> Here:
    """Return who is in it now, by participant id."""
    found = tx.participants.get_many(m.participant_id for m in one.here)
    persons = tx.people.get_many(each.person_id for each in found.values())
    return {id: (each, persons[each.person_id]) for id, each in found.items()}


def _ways(
    tx: Transaction, one: Relationship, people: Here, own: Collection[str], other: str
) -> list[dict[str, str]]:
    """Return the contacts that `other` shares, while they are together and both have consented."""
    parts = [people[id][0] for id in (*own, other) if id in people]
    if one.state not in HOLDING or any(each.consented_at is None for each in parts):
        return []
    given = tx.contacts.find(person_id=people[other][0].person_id, shared=True)
    given.sort(key=lambda each: (each.kind not in KINDS or KINDS.index(each.kind), each.id))
    ways = [{"kind": c.kind, "value": c.value, "href": link(c.kind, c.value)} for c in given]
    return [way for way in ways if way["href"]]


def _slots(tx: Transaction, one: Relationship, people: Here) -> list[datetime]:
    """Return when all of them could meet in the coming week, by the weekly hours they gave."""
    program = tx.programs.get(one.program_id)
    asked = [n for n, field in fields_of(tx, program).items() if field.kind in ("hours", "times")]
    given = []
    for each, person in people.values():
        told = [time for name in asked for time in each.profile.get(name) or ()]
        given.append(utc_hours(told, clock_in(person.zone, program.zone), tx.now))
    common = set.intersection(*given) if given else set()
    return next_slots(common, tx.now + NOTICE, WITHIN) if one.state in HOLDING else []


def next_slots(hours: Collection[int], after: datetime, within: timedelta) -> list[datetime]:
    """Return when the next spans of these hours of the week begin (0 is Monday 0:00 UTC).

    The first hour of each span; at most three of them.
    """
    first = after.astimezone(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    ahead = (first + timedelta(hours=number) for number in range(within // timedelta(hours=1)))
    found: list[datetime] = []
    before = False
    for hour in ahead:
        here = hour.weekday() * 24 + hour.hour in hours
        if here and not before and len(found) < SLOTS:
            found.append(hour)
        before = here
    return found


__all__ = ["in_words", "introduction", "next_slots"]
