"""``mentorkit magiclink ...``: hands a link out, and signs somebody out everywhere."""

from __future__ import annotations

from typing import Any

from mentorkit.errors import NotAllowed, NotFound
from mentorkit.hooks import CommandContext, Health, WorkContext


def make(ctx: CommandContext, *, person: str) -> dict[str, Any]:
    """Return a new link for a person; see `links.make` for who may do that."""
    from mentorkit_magiclink import links

    return links.make(ctx.kit, tenant=ctx.tenant, actor=ctx.actor, person=person)


def end(ctx: CommandContext, *, person: str) -> dict[str, Any]:
    """End every session and open link of a person; for an admin, or the person themselves."""
    from mentorkit_magiclink import sessions

    with ctx.kit.transaction(tenant=ctx.tenant, write=False) as tx:
        known = tx.people.first(id=person) or tx.people.first(external_key=person)
    if known is None:
        raise NotFound("person.not_found", f"There is nobody with the id or key {person!r}.")
    if not ctx.actor.admin and ctx.actor.person_id != known.id:
        raise NotAllowed("magiclink.not_yours", "Only an admin may do that for somebody else.")
    ended = sessions.end(ctx.kit, tenant=ctx.tenant, person=known.id)
    return {"person": known.id, "ended": ended}


def find_tables(ctx: WorkContext) -> Health:
    """Look whether the plugin's tables are in the database."""
    import sqlalchemy as sa

    from mentorkit_magiclink.tables import metadata

    with ctx.transaction(write=False) as connection:
        there = set(sa.inspect(connection).get_table_names())
    missing = sorted(metadata.tables.keys() - there)
    if missing:
        told = f"There is no table {', '.join(missing)}."
        return Health(ok=False, message=told, hint="Run `mentorkit db upgrade`.")
    return Health(ok=True, message="The tables of sign-in links are there.")
