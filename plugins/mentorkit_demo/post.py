"""The product's post: what would ring a phone comes up on a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from mentorkit import Manifest, hookimpl
from mentorkit.domain.messages import Message, Receipt, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.hooks import Channel, Context, Slot, WorkContext

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker


MOST = 100
"""How many messages the page of the post shows."""


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
                at = message.created_at.astimezone(UTC).replace(tzinfo=None)
                to = contacts[0].value
                session.add(Mail(key=message.key, at=at, to=to, text=message.body))
                session.commit()
        return Receipt(channel=self.name, reference=message.key)


def sent(session: Session, tenant: str) -> list[dict[str, Any]]:
    """Return what was sent to anybody, the latest first: sign-in links, and all in the inbox."""
    import sqlalchemy as sa

    from mentorkit.store import tables
    from mentorkit_demo.host import Mail

    names = ("tenant", "person_id", "template", "body", "created_at")
    kept, person = sa.table("mk_inbox__message", *map(sa.column, names)), tables.person
    links = session.scalars(sa.select(Mail).order_by(Mail.at.desc()).limit(MOST))
    found: list[dict[str, Any]] = [
        {"at": mail.at, "to": mail.to, "text": mail.text} for mail in links
    ]
    rows = session.execute(
        sa.select(sa.type_coerce(kept.c.created_at, person.c.created_at.type), person.c.name)
        .add_columns(kept.c.body)
        .where(kept.c.tenant == tenant, person.c.tenant == tenant, person.c.id == kept.c.person_id)
        .order_by(kept.c.created_at.desc())
        .limit(MOST)
    )
    for at, name, body in rows:
        found.append({"at": at.replace(tzinfo=None), "to": name, "text": body})
    return sorted(found, key=lambda one: one["at"], reverse=True)[:MOST]


def plugin(sessions: sessionmaker[Session], slots: Sequence[Slot] = ()) -> Any:
    """Return a plugin of the product's own, as a kit takes it: its name, and what it answers."""
    return SimpleNamespace(
        manifest=Manifest(
            title="Market Book's post",
            summary="Shows what would go to a phone or mailbox, and the accounts to try.",
        ),
        mentorkit_notification_channels=hookimpl(lambda: [Post(sessions)]),
        mentorkit_web_slots=hookimpl(lambda: slots),
    )
