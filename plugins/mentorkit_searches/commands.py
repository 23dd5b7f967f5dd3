"""``mentorkit searches ...``: keep a search, list, change and delete those that are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mentorkit.domain.people import folded
from mentorkit.errors import Invalid, NotFound, Problem
from mentorkit.hooks import CommandContext


def save(
    ctx: CommandContext, *, program: str, participant: str, where: str | None = None,
    name: str | None = None, every: str = "weekly",
) -> dict[str, Any]:  # fmt: skip
    """Keep a search, and return it as `listed` does."""
    from mentorkit_searches import searches

    who, looked_for = _who(ctx, program, participant), looked_for_in(where or "")
    return _row(searches.save(ctx.kit, **who, where=looked_for, name=name or "", every=every))


def listed(ctx: CommandContext, *, program: str, participant: str) -> list[dict[str, Any]]:
    """Return a row for each search: search (id), called, where, every, next, new, and gone.

    `new` are the names of whom it found last, `gone` what of it the program has no more.
    """
    from mentorkit_searches import searches

    return [_row(one) for one in searches.listed(ctx.kit, **_who(ctx, program, participant))]


def change(
    ctx: CommandContext, *, program: str, participant: str, search: str,
    where: str | None = None, name: str | None = None, every: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Change a search, and return it as `listed` does."""
    from mentorkit_searches import searches

    at: dict[str, Any] = {**_who(ctx, program, participant), "search": search}
    looked_for = None if where is None else looked_for_in(where)
    return _row(searches.change(ctx.kit, **at, where=looked_for, name=name, every=every))


def drop(
    ctx: CommandContext, *, program: str, participant: str, search: str
) -> dict[str, Any]:  # fmt: skip
    """Delete a search."""
    from mentorkit_searches import searches

    searches.drop(ctx.kit, **_who(ctx, program, participant), search=search)
    return {"deleted": search}


def looked_for_in(text: str) -> dict[str, list[str]]:
    """Return what a text such as ``country=KE; languages=sw`` looks for."""
    where: dict[str, list[str]] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        field, equals, option = (one.strip() for one in part.partition("="))
        if not (field and equals and option):
            told = f"write field=option, not {part!r}; several with ; between them"
            raise Invalid("searches.where", "What is looked for is not plain:",
                          [Problem("--where", told)])  # fmt: skip
        where.setdefault(field, []).append(option)
    return where


def _who(ctx: CommandContext, program: str, participant: str) -> dict[str, Any]:
    """Return who looks, by key, e-mail or id, as the functions of `searches` take them."""
    from mentorkit.journey.steps import program_of

    with ctx.kit.transaction(tenant=ctx.tenant, write=False) as tx:
        of = program_of(tx, program)
        found = tx.participants.find(id=participant, program_id=of.id)
        if not found:
            people = {one.id for one in tx.people.find(external_key=participant)}
            address = folded(participant)
            people |= {one.person_id for one in tx.contacts.at(address)} if address else set()
            found = tx.participants.find(program_id=of.id, person_id=sorted(people))
    if len(found) != 1:
        many = "Several people are called so; name one by the id." if found else ""
        raise NotFound(
            "participant.not_found", many or "There is no such participant in this program."
        )
    return {"tenant": ctx.tenant, "actor": ctx.actor, "participant": found[0].id}


def _row(one: dict[str, Any]) -> dict[str, Any]:
    parts = [f"{field}={option}" for field, options in one["where"].items() for option in options]
    return {
        "search": one["id"],
        "called": one["called"],
        "where": "; ".join(parts),
        "every": one["every"],
        "next": datetime.fromisoformat(one["next_at"]),
        "new": ", ".join(name for _, name in one.get("new", ())),
        "gone": "; ".join(one["gone"]),
    }


__all__ = ["change", "drop", "listed", "looked_for_in", "save"]
