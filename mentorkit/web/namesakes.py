"""Names: whom a row is about that a page does not show, and what tells people of one name apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.domain.people import folded, plain
from mentorkit.journey.steps import persons_of

if TYPE_CHECKING:
    from mentorkit.web.visits import Visit

SIDES = ("mentee", "mentor")


def named(visit: Visit, noun: str, ids: Iterable[str]) -> dict[str, list[str]]:
    """Return by id the names of those whom things of the page's program are about.

    `noun` is participant, proposal or relationship. For what is on no part of a list that is shown.
    """
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        rows = getattr(tx, f"{noun}s").find(program_id=visit.of.id, id=list(ids))
        about = {
            one.id: [one.id]
            if noun == "participant"
            else [one.mentee_id, one.mentor_id]
            if noun == "proposal"
            else [member.participant_id for member in one.members]
            for one in rows
        }
        people = persons_of(tx, (who for each in about.values() for who in each))
    return {id: [people[who].name for who in each] for id, each in about.items()}


def apart(visit: Visit, rows: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return proposals or relationships of a list with people of one name told apart in it."""
    listed = [dict(row) for row in rows]
    members = [one for row in listed for one in row.get("members", ())]
    asked = [row[f"{side}_id"] for row in listed for side in SIDES if side in row]
    alike = beside(visit, [*(one["participant"] for one in members), *asked])
    for row in listed:
        for side in SIDES:
            if side in row:
                row[side] += alike.get(row[f"{side}_id"], "")
        if "members" in row:
            row["members"] = [
                {**one, "name": one["name"] + alike.get(one["participant"], "")}
                for one in row["members"]
            ]
            row["names"] = [one["name"] for one in row["members"] if not one.get("left_at")]
    return listed


def persons_beside(visit: Visit, persons: Iterable[str]) -> dict[str, str]:
    """Return the same as `beside` of people of the page's program, by the ids of persons."""
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        parts = {
            one.id: one.person_id
            for one in tx.participants.find(program_id=visit.of.id, person_id=list(persons))
        }
    return {parts[id]: told for id, told in beside(visit, parts).items()}


def beside(visit: Visit, participants: Iterable[str]) -> dict[str, str]:
    """Return what stands in brackets beside those of these people who share a name, by id.

    That is the business and its country, for staff the key, and since when they are here; where
    that is the same, too, how they are reached.
    """
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        parts = tx.participants.get_many(participants)
        people = tx.people.get_many(one.person_id for one in parts.values())
        names = {id: plain(people[one.person_id].name) for id, one in parts.items()}
        many = Counter(names.values())
        alike = [one for id, one in parts.items() if many[names[id]] > 1]
        firms = tx.businesses.get_many(one.business_id for one in alike if one.business_id)
    told: dict[str, list[str | None]] = {}
    for one in alike:
        firm = firms.get(one.business_id or "")
        known = [firm.name, firm.country] if firm else []
        if visit.is_staff:
            known.append(people[one.person_id].external_key)
        known.append(visit.words("since {day}", day=visit.day(one.created_at)))
        told[one.id] = known
    who = {one.id: one.person_id for one in alike}
    ways = reached(visit, {who[id]: (names[id], *known) for id, known in told.items()})
    return {
        id: f" ({', '.join(each for each in (*known, ways.get(who[id])) if each)})"
        for id, known in told.items()
    }


def reached(visit: Visit, seen: Mapping[str, Hashable]) -> dict[str, str]:
    """Return for staff how those are reached of whom the same is seen, by the person's id.

    `seen` is what a page tells of each person. It is the end of their phone number; the e-mail
    address where they have none, or where those numbers end alike.
    """
    many = Counter(seen.values())
    alike = [id for id, told in seen.items() if many[told] > 1]
    if not alike or not visit.is_staff:
        return {}
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        found = tx.contacts.find(person_id=alike, kind=["phone", "email"])
    ends = {one.person_id: folded(one.value)[-4:] for one in found if one.kind == "phone"}
    emails = {one.person_id: one.value for one in found if one.kind == "email"}
    phones = {id: visit.words("phone ending in {digits}", digits=end) for id, end in ends.items()}
    same = Counter(ends.values())
    return phones | {id: to for id, to in emails.items() if same[ends.get(id, "")] != 1}
