"""``mentorkit rehearse PROGRAM``: who would get what, and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import CommandContext, Sheet
from mentorkit.hooks.calls import called
from mentorkit.journey.recruit import source_for
from mentorkit.journey.steps import program_of
from mentorkit.worker import unhindered
from mentorkit_rehearse import handing, running


def rehearse(
    ctx: CommandContext, *, program: str, days: int = 200, people: int | None = None,
    silent: bool = False, seed: int = 1, summary: bool = False, out: str | None = None,
    to: str | None = None,
) -> list[dict[str, Any]] | dict[str, Any]:  # fmt: skip
    """Return a row for each message, or for each kind of message; or what was written or sent."""
    if to is not None:
        handing.check(to)
    if out is not None:
        source_for(ctx.kit.registry.recruitment_sources, out)
    with unhindered():
        done = running.rehearse(
            ctx.kit, tenant=ctx.tenant, actor=ctx.actor, program=program, days=days, people=people,
            silent=silent, seed=seed, whole=to is not None,
        )  # fmt: skip
    if out is None and to is None:
        return done.summary() if summary else done.rows()
    told: dict[str, Any] = {"messages": len(done.got), "people": done.people, "days": done.days}
    if out is not None:
        told["file"] = _written(ctx, done, Path(out))
    if to is not None:
        with ctx.kit.transaction(tenant=ctx.tenant, write=False) as tx:
            found = program_of(tx, program)
        told["sent"] = handing.hand_on(ctx.kit, ctx.tenant, found, done.got, to)
    return told


def _written(ctx: CommandContext, done: running.Rehearsal, path: Path) -> str:
    """Write the list to a sheet; cells never come alive as formulas."""
    registry = ctx.kit.registry
    source = source_for(registry.recruitment_sources, path.name)
    columns = ("day", "at", "name", "role", "template", "subject")
    rows = tuple(tuple(row[name] for name in columns) for row in done.rows())
    sheet = Sheet(columns=columns, rows=rows, title="Rehearsal")
    label = f"plugin {registry.owner('recruitment_sources', source).label}"
    suffix = path.suffix.lower()
    body = called(
        label,
        "writing a sheet",
        lambda: registry.recruitment_sources[source].write(sheet, suffix=suffix),
        passing=(Invalid,),
    )
    try:
        path.write_bytes(body)
    except OSError as error:
        wrong = Problem("out", f"{path} cannot be written: {error.strerror}")
        raise Invalid("rehearsal.file", "The list was not written.", [wrong]) from None
    return str(path)
