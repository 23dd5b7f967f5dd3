"""The plugin `magiclink`: people without an account sign in by a link to their phone or mailbox.

The host puts it beside its own sign-in, where it mounts the pages:

    blueprint(kit, actor=or_session(kit, signed_in), ...)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mentorkit import Manifest, hookimpl
from mentorkit.domain.people import Actor
from mentorkit.hooks import Check, Command, Parameter, Slot
from mentorkit_magiclink import commands

if TYPE_CHECKING:
    import flask

    from mentorkit.kit import Kit

manifest = Manifest(
    title="Sign-in links",
    summary="Lets people without an account sign in by a link to their phone or mailbox.",
    # Named, not given: `mentorkit pair` loads this plugin and should not load SQLAlchemy.
    tables="mentorkit_magiclink.tables:metadata",
    migrations="mentorkit_magiclink:migrations",
    settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "minutes": {
                "type": "integer",
                "title": "How many minutes a link works",
                "description": "A link that somebody asks for on the sign-in page.",
                "default": 30,
                "minimum": 5,
                "maximum": 1440,
            },
            "hours": {
                "type": "integer",
                "title": "How many hours a link from staff works",
                "description": "A link that staff make and hand out.",
                "default": 72,
                "minimum": 1,
                "maximum": 720,
            },
            "days": {
                "type": "integer",
                "title": "How many days somebody stays signed in",
                "description": "After that they ask for a new link.",
                "default": 30,
                "minimum": 1,
                "maximum": 365,
            },
            "accounts": {
                "type": "boolean",
                "title": "For people with an account too",
                "description": "Whether somebody linked to an account of the host may come in by "
                "a link as well. It goes past whatever else the host asks of them.",
                "default": False,
            },
            "per_address": {
                "type": "integer",
                "title": "Links an hour for an address",
                "description": "How often a link is asked for one address within an hour.",
                "default": 5,
                "minimum": 1,
                "maximum": 1000,
            },
            "per_client": {
                "type": "integer",
                "title": "Links an hour for a visitor",
                "description": "How often one computer or network asks within an hour. A school "
                "or a telecentre is one.",
                "default": 60,
                "minimum": 1,
                "maximum": 100000,
            },
        },
    },
)


def or_session(
    kit: Kit, signed_in: Callable[[], Actor | None] = lambda: None
) -> Callable[[], Actor | None]:
    """Return what tells who is there: by the host's own sign-in, else by a link they pressed."""

    def actor() -> Actor | None:
        from mentorkit_magiclink.sessions import visitor

        return visitor(kit, signed_in)

    return actor


@hookimpl
def mentorkit_web_blueprints() -> Iterable[flask.Blueprint]:
    from mentorkit_magiclink.pages import pages

    yield pages()


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_magiclink import pages

    yield Slot(name="sign_in", render=pages.ask_form)
    yield Slot(name="who", render=pages.sign_out_form)
    yield Slot(name="participant", render=pages.make_form)


@hookimpl
def mentorkit_checks(settings: Mapping[str, Any]) -> Iterable[Check]:
    yield Check(
        name="table",
        title="Sign-in links have their tables",
        run=commands.find_tables,
        needs_database=True,
    )


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
    yield Command(
        name="make",
        title="Hand out a sign-in link",
        help="Make a sign-in link for one person. Hand it to them by phone, message or on "
        "paper. It works once. Needs --kit: the host's kit knows where its pages stand.",
        run=commands.make,
        parameters=(Parameter(name="person", help="Id or external key.", required=True),),
    )
    yield Command(
        name="end",
        title="Sign somebody out everywhere",
        help="Sign one person out everywhere. Links that they have not used are ended, too: say "
        "after a phone was lost.",
        run=commands.end,
        parameters=(Parameter(name="person", help="Id or external key.", required=True),),
    )


__all__ = ["manifest", "or_session"]
