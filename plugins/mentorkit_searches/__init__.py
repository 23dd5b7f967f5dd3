"""The plugin `searches`: people who choose for themselves keep a search, and hear who is new in it.

A search is what their list is narrowed to, or the whole list. It looks each day, week or month, and
one message tells of those who fit and were not there before, in the manners of all prompts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mentorkit import Manifest, hookimpl
from mentorkit.domain.events import Event, ParticipantLeft
from mentorkit.hooks import Command, Nudge, Parameter, Reaction, Slot, WorkContext
from mentorkit_searches import commands

if TYPE_CHECKING:
    import flask

manifest = Manifest(
    title="Saved searches",
    summary="Lets people who choose for themselves keep a search, and tells them of new matches.",
    # Named, not given: what loads this plugin should not load SQLAlchemy.
    tables="mentorkit_searches.tables:metadata",
    migrations="mentorkit_searches:migrations",
)
_PROGRAM = Parameter(name="program", help="Id or key of the program.", required=True)
_WHO = Parameter(name="participant", help="Key, e-mail or id of who looks.", required=True)
_SEARCH = Parameter(name="search", help="Id of the search, as `list` shows it.", required=True)
_WHERE = Parameter(
    name="where",
    help='What is looked for, such as "country=KE; country=UG; languages=sw": of several options '
    "of one field any will do.",
)
_NAME = Parameter(name="name", help="What it is called; else what is looked for.")


def _forget(ctx: WorkContext, event: Event) -> None:
    from mentorkit_searches import kept

    kept.drop(ctx, participant_id=event.subject_id)


@hookimpl
def mentorkit_nudges() -> Iterable[Nudge]:
    from mentorkit_searches.news import NewMatches

    yield NewMatches()


@hookimpl
def mentorkit_reactions() -> Iterable[Reaction]:
    yield Reaction(
        name="tidy",
        title="Delete the searches of who has left",
        on=(ParticipantLeft,),
        handle=_forget,
    )


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
    yield Command(
        name="save",
        title="Keep a search",
        help="Keep a search of somebody who chooses for themselves; they hear when somebody new "
        "fits. For them, with --as, and for staff.",
        run=commands.save,
        parameters=(
            _PROGRAM,
            _WHO,
            _WHERE,
            _NAME,
            Parameter(name="every", help="daily, weekly or monthly.", default="weekly"),
        ),
    )
    yield Command(
        name="list",
        title="Searches that are kept",
        help="List the searches that somebody keeps, when each looks next, and who was new in it "
        "last.",
        run=commands.listed,
        parameters=(_PROGRAM, _WHO),
    )
    yield Command(
        name="change",
        title="Change a search",
        help="Change a kept search; what is not named stays as it is.",
        run=commands.change,
        parameters=(
            _PROGRAM,
            _WHO,
            _SEARCH,
            _WHERE,
            _NAME,
            Parameter(name="every", help="daily, weekly or monthly."),
        ),
    )
    yield Command(
        name="drop",
        title="Delete a search",
        help="Delete a kept search; nothing more is heard of it.",
        run=commands.drop,
        parameters=(_PROGRAM, _WHO, _SEARCH),
    )


@hookimpl
def mentorkit_web_blueprints() -> Iterable[flask.Blueprint]:
    from mentorkit_searches.pages import pages

    yield pages()


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_searches.pages import in_list

    yield Slot(name="mentors", render=in_list)


__all__ = ["manifest"]
