"""The plugin `announce`: a one-off message, or a newsletter, to a group of a program's people.

Written once in as many languages as there are readers, looked at with a real person, and sent to
everybody of the group once. The group goes out as a sheet too, for a newsletter that others send.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Command, Parameter, Slot
from mentorkit_announce import commands
from mentorkit_announce.groups import TO

if TYPE_CHECKING:
    import flask

manifest = Manifest(
    title="Announcements",
    summary="Sends a message to a group: everybody, mentors, active pairs, who waits, a cohort.",
    program_settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "a_week": {
                "type": "integer",
                "title": "Announcements a week",
                "description": "How many one person gets within seven days. 0 is any number.",
                "default": 2,
                "minimum": 0,
                "maximum": 100,
            },
        },
    },
)
_PROGRAM = Parameter(name="program", help="Id or key of the program.", required=True)
_GROUP = (
    Parameter(name="to", help=f"One of {', '.join(TO)}.", default="everybody"),
    Parameter(name="cohort", help="Only this cohort."),
    Parameter(name="language", help="Only whoever reads this language, such as es."),
)


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
    yield Command(
        name="announce",
        title="Announce something",
        help="Send a message to a group of a program's people, to each of them once. Look at it "
        "first with --preview. The text is a file; one that ends with .toml holds a table for each "
        'language, such as [es], with subject = "..." and body = "...".',
        run=commands.announce,
        parameters=(
            _PROGRAM,
            *_GROUP,
            Parameter(name="subject", help="What stands above it."),
            Parameter(name="text", help="File with the text; {person}, {program} and {link} are "
                      "filled in."),
            Parameter(name="key", help="What it is known by. The same text under another key goes "
                      "out once more; without one, a text is sent to nobody twice."),
            Parameter(name="limit", help="Send nothing if more people than this would get it.",
                      type=int),
            Parameter(name="preview", help="Only show who would get what.", type=bool,
                      default=False),
        ),
    )  # fmt: skip
    yield Command(
        name="results",
        title="What became of announcements",
        help="List a program's announcements with how many got each; of one, whom it did not "
        "reach, and why.",
        run=commands.results,
        parameters=(
            _PROGRAM,
            Parameter(name="announcement", help="Key or id of one of them."),
        ),
    )
    yield Command(
        name="people",
        title="A group as a sheet",
        help="Write the people of a group to a sheet (.csv or .xlsx), with their addresses: for a "
        "newsletter that is sent elsewhere. Whoever must not be written to is left out.",
        run=commands.people,
        parameters=(
            _PROGRAM,
            *_GROUP,
            Parameter(name="out", help="The file to write.", default="people.csv"),
        ),
    )


@hookimpl
def mentorkit_web_blueprints() -> Iterable[flask.Blueprint]:
    from mentorkit_announce.pages import pages

    yield pages()


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_announce.pages import lead_here

    yield Slot(name="overview", render=lead_here)


__all__ = ["manifest"]
