"""The plugin `signup`: an open form by which people join a program by their own wish.

It stands at ``.../x/signup/<program>``. Whoever came by ``?source=radio&campaign=may`` is counted
under that from their first answer on; ``?cohort=spring`` chooses an intake for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Slot

if TYPE_CHECKING:
    import flask

manifest = Manifest(
    title="Sign-up form",
    summary="A page with a form on which people sign up for a program themselves.",
    program_settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "mentors": {
                "type": "boolean",
                "title": "Mentors may sign up",
                "description": "Whether the form takes mentors in.",
                "default": True,
            },
            "mentees": {
                "type": "boolean",
                "title": "Mentees may sign up",
                "description": "Whether the form takes mentees in. Recruit mentors first.",
                "default": True,
            },
        },
    },
)


@hookimpl
def mentorkit_web_blueprints() -> Iterable[flask.Blueprint]:
    from mentorkit_signup.pages import pages

    yield pages()


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_signup.pages import address, address_beside

    yield Slot(name="recruit", render=address)
    yield Slot(name="overview", render=address_beside)
