"""The plugin `inbox`: a channel that reaches everybody, because it keeps the message itself.

Most founders have no account on the day they are imported, and many never have e-mail; what is
told to them waits here, for a page, an app or a coordinator on the phone to show it.
"""

from __future__ import annotations

from collections.abc import Iterable

from mentorkit import Manifest, hookimpl
from mentorkit.domain.events import ParticipantLeft
from mentorkit.hooks import Channel, Check, Command, Parameter, Reaction
from mentorkit_inbox import commands
from mentorkit_inbox.channel import Inbox, close_unread, find_table

manifest = Manifest(
    title="Inbox",
    summary="Keeps the messages of people whom nothing else reaches, for staff to pass on.",
    # Named, not given: `mentorkit pair` loads this plugin and should not load SQLAlchemy.
    tables="mentorkit_inbox.tables:metadata",
    migrations="mentorkit_inbox:migrations",
)


@hookimpl
def mentorkit_notification_channels() -> Iterable[Channel]:
    yield Inbox()


@hookimpl
def mentorkit_reactions() -> Iterable[Reaction]:
    yield Reaction(
        name="tidy",
        title="Close what somebody who left has not read",
        on=(ParticipantLeft,),
        handle=close_unread,
    )


@hookimpl
def mentorkit_checks() -> Iterable[Check]:
    yield Check(
        name="table",
        title="The inbox has its table",
        run=find_table,
        needs_database=True,
    )


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
    yield Command(
        name="list",
        title="List messages",
        help="List the newest messages. Of everybody or of one person; with --as one's own.",
        run=commands.list_messages,
        parameters=(
            Parameter(name="person", help="Id or external key of one person."),
            Parameter(name="unread", help="Only what has not been read.", type=bool, default=False),
            Parameter(name="limit", help="At most so many.", type=int, default=100),
        ),
    )
    yield Command(
        name="read",
        title="Read a message",
        help="Show a message, to pass it on by phone, say. Read by its own person, it is marked as "
        "read.",
        run=commands.read_message,
        parameters=(Parameter(name="message", help="Id of the message.", required=True),),
    )
