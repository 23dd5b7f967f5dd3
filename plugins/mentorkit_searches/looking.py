"""Looking: whom a search finds at its time who was not there before, and what is told of them."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from mentorkit.domain.people import Actor
from mentorkit.domain.text import in_locale
from mentorkit.errors import MentorKitError
from mentorkit.hooks import Awaited, CommandContext
from mentorkit.i18n import clock_in, format_number
from mentorkit.journey import suggestions
from mentorkit.journey.definitions import fields_of
from mentorkit.matching.wording import joined
from mentorkit_searches import kept
from mentorkit_searches.kept import Search
from mentorkit_searches.searches import NAME, called
from mentorkit_searches.texts import FOUND, KIND
from mentorkit_searches.times import EVERY, latest

TOGETHER = 50
"""Searches that look in one go: all of a program are read once for them."""
SECONDS = 5.0
"""For how long searches look before others have their turn; the rest look at the next."""
KEPT = suggestions.MOST
"""How many of those found are kept by id, the best of them."""
NAMED = 3
"""How many are named in a message."""


def awaited(
    ctx: CommandContext, until: datetime | None, only: Collection[str] | None
) -> Iterator[Awaited]:
    """Yield what there is to tell, as `Nudge.awaits` says it."""
    if until is None and only is None:
        _look(ctx)
    for one in kept.telling(ctx, _program(ctx), ctx.now, only):
        if one.since is not None and one.fresh:
            yield _awaited(one, one.since)
    if until is not None:
        yield from _foreseen(ctx, until)


def _awaited(one: Search, since: datetime) -> Awaited:
    return Awaited(
        kind=KIND,
        person_id=one.person_id,
        role="mentee",
        noun=NAME,
        subject_id=one.id,
        since=since,
        until=since + EVERY[one.every],
        detail=one.every,
    )


# --------------------------------------------------------------------------- looking


def _look(ctx: CommandContext) -> None:
    """Let those look whose time has come, and keep whom each finds who was not there before."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        due = kept.due(ctx, _program(ctx), ctx.now, TOGETHER)
        zones = _zones(ctx, due)
        for one, ids in zip(due, _found(ctx, due), strict=True):
            at, then = latest(one.next_at, one.every, zones[one.person_id], ctx.now)
            kept.change(ctx, one, next_at=then, **_seen(one, ids, at, ctx.now))
        if len(due) < TOGETHER:
            return


def _seen(one: Search, ids: Sequence[str] | None, at: datetime, now: datetime) -> dict[str, Any]:
    """Return what a look at its time changes of a search."""
    if ids is None or now > at + EVERY[one.every]:  # nobody can be told, or too late: at the next
        return {}
    there = frozenset(map(kept.mark, ids))
    new = [id for id in ids if kept.mark(id) not in one.known] if one.there is not None else []
    told: dict[str, Any] = {"there": there}
    if new:
        told |= {"since": at, "until": at + EVERY[one.every], "fresh": tuple(new[:KEPT])}
        told |= {"count": len(new), "named": one.named | frozenset(map(kept.mark, new))}
    return told


def _foreseen(ctx: CommandContext, until: datetime) -> Iterator[Awaited]:
    """Yield what each search would tell of at its next time, if nobody does anything meanwhile."""
    due = kept.due(ctx, _program(ctx), until)
    zones = _zones(ctx, due)
    for one, ids in zip(due, _found(ctx, due), strict=True):
        at = latest(one.next_at, one.every, zones[one.person_id], ctx.now)[0]
        if _seen(one, ids, at, max(at, ctx.now)).get("fresh"):
            yield _awaited(one, at)


def _found(ctx: CommandContext, due: Sequence[Search]) -> list[list[str] | None]:
    asked = [(one.participant_id, one.where) for one in due]
    return suggestions.everybody(
        ctx.kit, tenant=ctx.tenant, actor=ctx.actor, program=_program(ctx), searches=asked
    )


def _zones(ctx: CommandContext, due: Sequence[Search]) -> dict[str, str]:
    """Return by person on whose clock their searches look."""
    zone = ctx.program.zone if ctx.program else "UTC"
    with ctx.kit.transaction(tenant=ctx.tenant, write=False) as tx:
        people = tx.people.get_many(one.person_id for one in due)
    return {id: clock_in(one.zone, zone) for id, one in people.items()}


def _program(ctx: CommandContext) -> str:
    return ctx.program.id if ctx.program else ""


# --------------------------------------------------------------------------- telling


def words(ctx: CommandContext, search: str, locale: str) -> Mapping[str, str] | None:
    """Return what is told of whom a search has found; None where nobody of them is there now."""
    found = kept.find(ctx, id=search)
    return _words(ctx, found[0], locale) if found else None


def _words(ctx: CommandContext, one: Search, locale: str) -> Mapping[str, str] | None:
    # Asked as whoever reads it, so that it holds no more than they see in their list.
    with ctx.kit.transaction(tenant=ctx.tenant, write=False) as tx:
        program = tx.programs.get(one.program_id)
        fields = fields_of(tx, program)
    try:
        narrowed = suggestions.narrows(ctx.kit, **_as_reader(ctx, one), where=one.where)["where"]
        found = suggestions.mentors(
            ctx.kit, **_as_reader(ctx, one), where=narrowed, among=one.fresh, limit=KEPT,
            locale=locale,
        )["mentors"]  # fmt: skip
    except MentorKitError:  # they cannot choose anybody now
        return None
    if not found:
        return None
    count = one.count - len(one.fresh) + len(found)
    first = found[:NAMED]
    about = {"search": called(one, fields, locale), "count": format_number(count, locale)}
    lines = [in_locale(FOUND["one" if count == 1 else "many"], locale).format(**about)]
    for mentor in first:
        why = joined([text for text in mentor["words"] if text])
        lines.append(f"- {mentor['name']}: {why}" if why else f"- {mentor['name']}")
    if more := count - len(first):
        lines.append(in_locale(FOUND["more"], locale).format(count=format_number(more, locale)))
    return {
        "text": "\n".join(lines),
        "others": ", ".join(mentor["name"] for mentor in first),
        "link": f"x/searches/{program.key}/look/{one.id}",
    }


def _as_reader(ctx: CommandContext, one: Search) -> dict[str, Any]:
    actor = Actor(person_id=one.person_id)
    return {"tenant": ctx.tenant, "actor": actor, "participant": one.participant_id}


__all__ = ["awaited", "words"]
