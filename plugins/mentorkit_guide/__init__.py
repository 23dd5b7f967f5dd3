"""The plugin `guide`: a scripted conversation that leads somebody to an introduction they send.

Where mentees choose for themselves: get started, choose mentors, answer some questions, look at the
introduction, send it. In a pair that has not met yet: the first message, with times to meet. Plain
steps that are kept one by one, so that whoever has a poor connection goes on where they stood.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mentorkit import Manifest, hookimpl
from mentorkit.domain.events import Event, ParticipantLeft, RelationshipEnded
from mentorkit.hooks import Command, Parameter, Reaction, Slot, WorkContext
from mentorkit_guide import commands
from mentorkit_guide.script import KINDS, USES, misfits

if TYPE_CHECKING:
    import flask


def _rows(
    title: str, told: str, required: list[str], most: int, properties: Mapping[str, Any]
) -> Mapping[str, Any]:
    return {
        "type": "array",
        "title": title,
        "description": told,
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": required,
            "properties": properties,
        },
        "maxItems": most,
        "default": [],
    }


_ID = {"type": "string", "minLength": 1, "maxLength": 60}
_LANGUAGE = {"type": "string", "minLength": 2, "maxLength": 35}


def _said(most: int, least: int = 0) -> Mapping[str, Any]:
    held = {"minLength": least} if least else {"default": ""}
    return {"type": "string", "maxLength": most, **held}


manifest = Manifest(
    title="Guided introduction",
    summary="Leads mentees who choose for themselves, and pairs who have not met, step by step to "
    "an introduction that they send.",
    # Named, not given: what loads this plugin should not load SQLAlchemy.
    tables="mentorkit_guide.tables:metadata",
    migrations="mentorkit_guide:migrations",
    program_settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "field": {
                "type": "string",
                "title": "The question that the introduction answers",
                "description": "Id of a question in words whose answer mentors are shown. What a "
                "mentee has answered there so far is replaced.",
                "default": "about",
                "minLength": 1,
                "maxLength": 100,
            },
            "most": {
                "type": "integer",
                "title": "Mentors to choose",
                "description": "How many a mentee may choose at most; they are asked one after "
                "the other.",
                "default": 3,
                "minimum": 1,
                "maximum": 5,
            },
            "meet": {
                "type": "boolean",
                "title": "Help with the first message",
                "description": "Whether those who are together and have not met yet are led to "
                "their first message.",
                "default": True,
            },
            "steps": _rows(
                "Steps of your own",
                "One a line, such as: step = dream; kind = words; needed = yes. They take the "
                "place of all shipped steps of that use (choose, else meet).",
                ["step", "kind"],
                40,
                {
                    "step": _ID,
                    "kind": {"type": "string", "enum": [*KINDS]},
                    "use": {"type": "string", "enum": [*USES], "default": "choose"},
                    "needed": {"type": "boolean", "default": False},
                    "longest": {"type": "integer", "minimum": 10, "maximum": 2000, "default": 300},
                },
            ),
            "texts": _rows(
                "Words of your own",
                "One a line, such as: step = doing; language = en; title = What do you sell?; "
                "text = One sentence is enough.; says = I sell {answer}.",
                ["step", "language", "title"],
                400,
                {
                    "step": _ID,
                    "language": _LANGUAGE,
                    "title": _said(200, 1),
                    "text": _said(1000),
                    "says": _said(500),
                },
            ),
            "options": _rows(
                "Options of your own",
                "One a line, such as: step = how; option = radio; language = en; text = By radio; "
                "says = by radio.",
                ["step", "option", "language", "text"],
                400,
                {
                    "step": _ID,
                    "option": _ID,
                    "language": _LANGUAGE,
                    "text": _said(200, 1),
                    "says": _said(200),
                },
            ),
        },
    },
    misfits=misfits,
)
_PROGRAM = Parameter(name="program", help="Id or key of the program.", required=True)


def _forget(ctx: WorkContext, event: Event) -> None:
    from mentorkit_guide.standing import drop_about

    drop_about(ctx, event.subject_id)


@hookimpl
def mentorkit_reactions() -> Iterable[Reaction]:
    yield Reaction(
        name="tidy",
        title="Forget what was begun by who has left, or in what has ended",
        on=(ParticipantLeft, RelationshipEnded),
        handle=_forget,
    )


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
    yield Command(
        name="show",
        title="The steps of the guided introduction",
        help="List the steps of a program's guided introduction, in which languages each can be "
        "read, and what keeps it from being used.",
        run=commands.show,
        parameters=(_PROGRAM,),
    )
    yield Command(
        name="preview",
        title="The guided introduction as it reads",
        help="Show each step as it reads in a language, and the draft that answers make.",
        run=commands.preview,
        parameters=(
            _PROGRAM,
            Parameter(name="use", help=f"One of {', '.join(USES)}.", default="choose"),
            Parameter(name="language", help="Such as es; by default the program's."),
        ),
    )


@hookimpl
def mentorkit_web_blueprints() -> Iterable[flask.Blueprint]:
    from mentorkit_guide.pages import pages

    yield pages()


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_guide.pages import at_home, in_relationship

    yield Slot(name="home", render=at_home)
    yield Slot(name="relationship", render=in_relationship)


__all__ = ["manifest"]
