"""The product's post: sign-in links come up on a page of its own, as it has no phones to ring."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from mentorkit import Manifest, hookimpl
from mentorkit.domain.messages import Message, Receipt, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.hooks import Channel, Context, WorkContext

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker


class Post(Channel):
    """Keeps sign-in links in a table of the product's; everything else is for the inbox."""

    name = "market_post"
    title = "Market Book's post"

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self.sessions = sessions

    def can_reach(self, ctx: Context, person: Person, contacts: Sequence[Contact]) -> bool:
        return bool(contacts)

    def deliver(
        self, ctx: WorkContext, message: Message, person: Person, contacts: Sequence[Contact]
    ) -> Receipt:
        from mentorkit_demo.host import Mail

        if message.template != "sign_in":
            raise Undeliverable("market_post.only_links")
        with self.sessions() as session:
            if session.get(Mail, message.key) is None:
                session.add(Mail(key=message.key, to=contacts[0].value, text=message.body))
                session.commit()
        return Receipt(channel=self.name, reference=message.key)


def plugin(sessions: sessionmaker[Session]) -> Any:
    """Return a plugin of the product's own, as a kit takes it: its name, and what it answers."""
    return SimpleNamespace(
        manifest=Manifest(title="Market Book's post"),
        mentorkit_notification_channels=hookimpl(lambda: [Post(sessions)]),
    )
