"""The plugin `rehearse`: a program is run ahead in time, and every message goes to one place.

It is copied into a database of its own, whose clock is moved on hour by hour. The same worker and
the same nudges do their work there; people answer as a simple script says. Then it is deleted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mentorkit import Manifest, hookimpl
from mentorkit.domain.events import Event, PersonErased
from mentorkit.hooks import Command, Parameter, Reaction, Slot, WorkContext
from mentorkit_rehearse import commands
from mentorkit_rehearse.copying import LONGEST, MOST
from mentorkit_rehearse.handing import AT_MOST

if TYPE_CHECKING:
    import flask

manifest = Manifest(
    title="Rehearsal",
    summary="Runs a program ahead in time, in a copy, and shows who would get what and when.",
    settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "folder": {
                "type": "string",
                "default": "",
                "title": "Folder of rehearsals",
                "description": "Where rehearsals lie that go on from page to page, until they are "
                "cleared; for all processes that show pages the same. Empty: the machine's folder "
                "for what is temporary.",
            },
        },
    },
)


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
    yield Command(
        name="rehearse",
        title="Rehearse a program",
        help="Run a program ahead in time, in a copy, and list who would get which message when. "
        "Nobody is written to, nothing of the program changes, and the copy is deleted.",
        run=commands.rehearse,
        parameters=(
            Parameter(name="program", help="Id or key of the program.", required=True),
            Parameter(name="days", help=f"How many days ahead, {LONGEST} at most.", type=int,
                      default=200),
            Parameter(name="people", help=f"With so many made-up people ({MOST} at most) in place "
                      "of its own; a program without people gets 20.", type=int),
            Parameter(name="silent", help="Nobody answers, and nobody meets.", type=bool,
                      default=False),
            Parameter(name="seed", help="Another number makes others silent.", type=int,
                      default=1),
            Parameter(name="summary", help="Only how many of each message, and to how many.",
                      type=bool, default=False),
            Parameter(name="out", help="Write the list to this sheet (.csv or .xlsx) instead."),
            Parameter(name="to", help="Send each message to this e-mail address, marked as a "
                      f"rehearsal, {AT_MOST} at most."),
        ),
    )  # fmt: skip


@hookimpl
def mentorkit_reactions() -> Iterable[Reaction]:
    yield Reaction(
        name="forget",
        title="Clear the rehearsals in which somebody may be who was erased",
        on=(PersonErased,),
        handle=_forget,
    )


def _forget(ctx: WorkContext, event: Event) -> None:
    from mentorkit_rehearse.kept import forget

    forget(ctx.settings, ctx.tenant)


@hookimpl
def mentorkit_web_blueprints() -> Iterable[flask.Blueprint]:
    from mentorkit_rehearse.pages import pages

    yield pages()


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_rehearse.pages import lead_here

    yield Slot(name="overview", render=lead_here)


__all__ = ["manifest"]
