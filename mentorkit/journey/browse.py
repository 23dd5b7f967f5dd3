"""Browse: long lists, one page after another, by a key that stays good while others are added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.domain.people import Actor
from mentorkit.domain.runs import Page
from mentorkit.errors import Invalid, Problem
from mentorkit.journey import match, meet
from mentorkit.journey.pools import told_of
from mentorkit.journey.steps import reading, reading_own

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.repository import Noun

MOST = 1000


def proposals(
    kit: Kit, *, tenant: str, actor: Actor, program: str,
    state: str | tuple[str, ...] | None = None,
    after: str | None = None, limit: int = 50,
) -> dict[str, Any]:  # fmt: skip
    """Return one page of what `match.proposals` lists, oldest first: `items`, and `next`.

    `next` is what `after` is given for the page behind, None on the last one. So in all here.
    """
    with reading_own(kit, tenant, actor, program) as (tx, found, own):
        wanted: dict[str, Any] = {"program_id": found.id, **({"state": state} if state else {})}
        if own is None:
            page = tx.proposals.page(after=after, limit=limit, **wanted)
        else:
            mine = {
                one.id: one
                for side in ("mentee_id", "mentor_id")
                for one in tx.proposals.find(**{side: list(own)}, **wanted)
                if told_of(one, found, own)
            }
            page = paged(list(mine.values()), after, limit)
        items = match.told(tx, found, actor, own, page.items)
    return {"items": items, "next": page.next}


def relationships(
    kit: Kit, *, tenant: str, actor: Actor, program: str,
    state: str | tuple[str, ...] | None = None,
    after: str | None = None, limit: int = 50,
) -> dict[str, Any]:  # fmt: skip
    """Return one page of what `meet.relationships` lists, oldest first."""
    with reading_own(kit, tenant, actor, program) as (tx, found, own):
        wanted: dict[str, Any] = {"program_id": found.id, **({"state": state} if state else {})}
        if own is None:
            page = tx.relationships.page(after=after, limit=limit, **wanted)
        else:
            states = [state] if isinstance(state, str) else state
            held = tx.relationships.for_participants(own)
            mine = [seen for one in held if (seen := meet.seen_by(one, own))]
            page = paged([one for one in mine if not states or one.state in states], after, limit)
        items = meet.told(tx, actor, own, page.items)
    return {"items": items, "next": page.next}


def runs(
    kit: Kit, *, tenant: str, actor: Actor, program: str, before: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:  # fmt: skip
    """Return one page of a program's runs, newest first; `next` is what `before` is given."""
    with reading(kit, tenant, actor, program) as (tx, found):
        every = tx.runs.find(program_id=found.id)[::-1]
        left = [one for one in every if before is None or one.id < before]
        items, more = left[:limit], len(left) > limit
    return {"items": [match.told_run(one) for one in items], "next": items[-1].id if more else None}


def paged(items: Sequence[Noun], after: str | None, limit: int) -> Page[Any]:
    """Return one page of things that are here already."""
    if not 1 <= limit <= MOST:
        told = Problem("limit", f"write a whole number from 1 to {MOST}")
        raise Invalid("page.limit", "The page cannot be shown.", [told])
    left = sorted((one for one in items if after is None or one.id > after), key=lambda o: o.id)
    shown = tuple(left[:limit])
    return Page(items=shown, next=shown[-1].id if len(left) > limit else None)


__all__ = ["paged", "proposals", "relationships", "runs"]
