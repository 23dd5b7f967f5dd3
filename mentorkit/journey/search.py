"""Search: find people by what they are called, their firm, their key, or how they are reached."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import folded, plain
from mentorkit.domain.runs import Page
from mentorkit.domain.shown import shown
from mentorkit.journey.steps import persons_of

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

AT_ONCE = 1000
"""How many people are looked through at once; it stops when a page is full."""


def sought(
    tx: Transaction, rows: Sequence[Participant], search: str, by: Role | None
) -> list[Participant]:
    """Return those of `rows` of whom each word of `search` stands in what they are known by.

    Here and not in the database, where SQLite and PostgreSQL fold É each in a way of its own. Only
    to staff is somebody known by an address: whether it is here is told to nobody else.
    """
    words, address = plain(search).split(), folded(search)
    if not words:
        return list(rows)
    people = tx.people.get_many(row.person_id for row in rows)
    firms = tx.businesses.get_many(row.business_id for row in rows if row.business_id)
    known: dict[str, list[str]] = defaultdict(list)
    for one in tx.contacts.find(person_id=list(people)) if by in STAFF | {Role.SYSTEM} else ():
        known[one.person_id] += [one.value, folded(one.value)]

    def fits(row: Participant) -> bool:
        one, firm = people[row.person_id], firms.get(row.business_id or "")
        told = [one.name, one.external_key or row.id, firm.name if firm else "", *known[one.id]]
        text = plain("\n".join(told))
        return all(word in text for word in words) or (address != "" and address in text)

    return [row for row in rows if fits(row)]


def page_of(
    page: Callable[..., Page[Participant]],
    fits: Callable[[Sequence[Participant]], list[Participant]],
    after: str | None,
    limit: int,
) -> Page[Participant]:
    """Return one page of those who fit, from pages of everybody."""
    found: list[Participant] = []
    part = page(after=after, limit=AT_ONCE)
    while len(found := found + fits(part.items)) <= limit and part.next:
        part = page(after=part.next, limit=AT_ONCE)
    more = found[limit - 1].id if len(found) > limit else None
    return Page(items=tuple(found[:limit]), next=more)


def alike(tx: Transaction, participants: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return what tells those of these people apart who share a name, by id.

    Their `business` and its country (`place`), None where there is none, and `since` when.
    """
    names = {id: plain(one.name) for id, one in persons_of(tx, participants).items()}
    many = Counter(names.values())
    parts = tx.participants.get_many(id for id, name in names.items() if many[name] > 1)
    firms = tx.businesses.get_many(one.business_id for one in parts.values() if one.business_id)
    told = {}
    for id, one in parts.items():
        firm = firms.get(one.business_id or "")
        told[id] = {
            "business": firm and firm.name,
            "place": firm and firm.country,
            "since": shown(one.created_at),
        }
    return told
