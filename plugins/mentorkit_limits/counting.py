"""Counting: what is taken in against its limit, and mistakes against one ten times as large."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from mentorkit.hooks import Health, WorkContext

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store import Counting

NAME = "limits"
MISTAKES = 10
"""How many times as often a form may be sent as it is taken in."""


def counted(
    kit: Kit, secret: str | bytes, *, tenant: str, form: str, who: Mapping[str, str]
) -> int | None:
    """Count one sending of a form; return in how many minutes to try again where it is too many.

    `who` says by the name of the limit (``per_sender``, ``per_program``) for whom it counts. What
    is kept of them is a digest by the secret and the day.
    """
    limits = kit.registry.plugins[NAME].settings
    with _counting(kit, secret, tenant) as counting:
        counting.tidy()
        for sent, times in (("sent", MISTAKES), ("taken", 1)):
            for limit, one in who.items():
                most = times * limits[f"{form}_{limit}"]
                free = counting.take(_what(sent, form, limit, one), most, kit.ids())
                if free is not None:
                    return int((free - counting.now) / timedelta(minutes=1)) + 1
    return None


def give_back(
    kit: Kit, secret: str | bytes, *, tenant: str, form: str, who: Mapping[str, str]
) -> None:
    """Let one sending that `counted` has counted count as a mistake: it was not taken in."""
    with _counting(kit, secret, tenant) as counting:
        for limit, one in who.items():
            counting.give_back(_what("taken", form, limit, one))


def _what(sent: str, form: str, limit: str, one: str) -> str:
    return f"{sent}\0{form}\0{limit}\0{one}"


@contextmanager
def _counting(kit: Kit, secret: str | bytes, tenant: str) -> Iterator[Counting]:
    from mentorkit.store import Counting
    from mentorkit_limits.tables import sending

    with kit.work_context(tenant, None, NAME).transaction() as connection:
        yield Counting(
            connection=connection, table=sending, tenant=tenant, secret=secret, now=kit.clock()
        )


def find_table(ctx: WorkContext) -> Health:
    """Look whether the plugin's table is in the database."""
    import sqlalchemy as sa

    from mentorkit_limits.tables import sending

    with ctx.transaction(write=False) as connection:
        there = sa.inspect(connection).has_table(sending.name)
    if there:
        return Health(ok=True, message="The table of the limits is there.")
    told = f"There is no table {sending.name}, so nobody is asked to wait."
    return Health(ok=False, message=told, hint="Run `mentorkit db upgrade`.")
