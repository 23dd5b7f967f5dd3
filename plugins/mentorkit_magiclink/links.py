"""Links: asked for by a visitor or handed out by staff, opened as often as may be, pressed once."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import STAFF
from mentorkit.domain.people import SYSTEM_ACTOR, Actor, folded
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from mentorkit.journey import links, reach
from mentorkit.journey.steps import person_of, role_in

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from mentorkit.kit import Kit
    from mentorkit.store import Counting
    from mentorkit.store.transaction import Transaction

NAME = "magiclink"
PURPOSE = "magiclink.link"
PAGE = "x/magiclink/o/{token}"
BY_LINK: Actor = replace(SYSTEM_ACTOR, means="link")
"""Who verifies a contact and claims a person here: nobody but the link that was pressed."""


def settings(kit: Kit) -> Mapping[str, Any]:
    return kit.registry.plugins[NAME].settings


def writing(kit: Kit, tenant: str) -> AbstractContextManager[Connection]:
    """Open a transaction on the plugin's own tables."""
    return kit.work_context(tenant, None, NAME).transaction()


def ready(kit: Kit) -> bool:
    """Return whether links can be signed, and lead anywhere."""
    return links.can_sign(kit) and kit.site is not None


def ask(kit: Kit, *, tenant: str, address: str, client: str, way_back: str = "") -> None:
    """Send a link to this address if somebody is found there; whether so, nobody is told.

    `client` is where the visitor comes from; of an IPv6 address its network counts. Raises
    `Invalid` (magiclink.address) for what is no address, and `Conflict` (magiclink.too_often) for
    whoever asks again and again.
    """
    import sqlalchemy as sa

    from mentorkit.store import Counting, network
    from mentorkit_magiclink import tables

    _ensure_ready(kit)
    wanted = folded(address)
    if not wanted:
        told = "write an e-mail address, or a number with its country code, such as +254 700 123456"
        problem = Problem("address", told)
        raise Invalid("magiclink.address", "The link could not be sent:", [problem])
    with writing(kit, tenant) as connection:
        _tidy(kit, tenant, connection)
        counting = Counting(
            connection=connection, table=tables.asking, tenant=tenant,
            secret=kit.secret_keys[0], now=kit.clock(),
        )  # fmt: skip
        counting.tidy()
        _count(counting, kit, {"per_address": wanted, "per_client": network(client)})
    found = reach.at(kit, tenant=tenant, actor=BY_LINK, address=wanted, plugin=NAME)
    found = [one for one in found if settings(kit)["accounts"] or not one["account"]]
    if not found:
        return
    until = kit.clock() + timedelta(minutes=settings(kit)["minutes"])
    id, row = _new(kit, tenant, found[0]["person"], until)
    row |= {"address": wanted, "way_back": way_back}
    with writing(kit, tenant) as connection:
        connection.execute(sa.insert(tables.link).values(row))
    reach.send_link(
        kit, tenant=tenant, actor=BY_LINK, person=found[0]["person"],
        contacts=found[0]["contacts"], letter="sign_in", page=PAGE, purpose=PURPOSE, about=id,
        until=until, plugin=NAME,
    )  # fmt: skip


def make(kit: Kit, *, tenant: str, actor: Actor, person: str) -> dict[str, Any]:
    """Return a new link for a person (id or external key), to be handed to them by staff.

    For staff of every program that the person takes part in; for an admin alone where the person
    is staff anywhere, as whoever holds the link acts as them.
    """
    import sqlalchemy as sa

    from mentorkit_magiclink import tables

    _ensure_ready(kit)
    with kit.transaction(tenant=tenant, write=False) as tx:
        known = tx.people.first(id=person) or tx.people.first(external_key=person)
        if known is None or known.erased:
            raise NotFound("person.not_found", f"There is nobody with the id or key {person!r}.")
        if not (actor.admin or is_theirs(tx, actor, known.id)):
            raise NotAllowed(
                "magiclink.not_yours",
                "Only staff of every program that this person takes part in may do that; for "
                "somebody who is staff, only an admin.",
            )
        if known.user_ref is not None and not settings(kit)["accounts"]:
            raise Conflict("magiclink.account", "This person has an account: they sign in by that.")
        if not reach.lets_in(tx, NAME, known.id):
            raise Conflict("magiclink.off", "The programs of this person let nobody in by a link.")
        by = None if actor.admin else person_of(tx, actor)
    until = kit.clock() + timedelta(hours=settings(kit)["hours"])
    id, row = _new(kit, tenant, known.id, until)
    with writing(kit, tenant) as connection:
        _tidy(kit, tenant, connection)
        connection.execute(sa.insert(tables.link).values({**row, "made_by": by}))
    token = links.short(kit, tenant=tenant, purpose=PURPOSE, id=id)
    assert kit.site is not None
    return {
        "person": known.id,
        "name": known.name,
        "link": kit.site.url(tenant, PAGE, token=token),
        "until": until.replace(microsecond=0),
    }


def is_theirs(tx: Transaction, actor: Actor, person: str) -> bool:
    """Return whether the actor is staff wherever somebody takes part, who is staff nowhere."""
    programs = {one.id: one for one in tx.programs.find()}
    parts = tx.participants.find(person_id=person)
    return (
        bool(parts)
        and all(role_in(tx, programs[one.program_id], actor) in STAFF for one in parts)
        and not any(person in one.staff for one in programs.values())
    )


def still_good(tx: Transaction, row: Any) -> bool:
    """Return whether whoever made this link, or the link of this session, might still make it.

    Nobody is asked of one that the person asked for, or an admin made.
    """
    return row.made_by is None or is_theirs(tx, Actor(person_id=row.made_by), row.person_id)


def opened(kit: Kit, *, tenant: str, token: str) -> dict[str, Any]:
    """Return what a link is: its id, whose it may be, and where to go after; changes nothing.

    Raises `NotFound` (magiclink.unknown) for what is no link, or whose people have left the
    address, or that staff made who might not any more, and `Conflict` (magiclink.used,
    magiclink.too_old).
    """
    import sqlalchemy as sa

    from mentorkit_magiclink import tables

    found = tables.link.c
    query = sa.select(tables.link).where(
        found.tenant == tenant, found.fingerprint == links.fingerprint(token)
    )
    with kit.transaction(tenant=tenant, write=False) as tx:
        row = tx.connection.execute(query).one_or_none()
        known = tx.people.first(id=row.person_id) if row is not None else None
        let_in = known is not None and reach.lets_in(tx, NAME, known.id) and still_good(tx, row)
    if row is None or known is None or known.erased or not let_in:
        raise _unknown()
    if row.used_at is not None:
        raise Conflict("magiclink.used", "This link has been used. Ask for a new one.")
    if row.until < kit.clock():
        raise Conflict("magiclink.too_old", "The time of this link is over. Ask for a new one.")
    people = [
        {"person": known.id, "name": known.name, "account": known.user_ref is not None,
         "contacts": {}}
    ]  # fmt: skip
    if row.address:
        people = reach.at(kit, tenant=tenant, actor=BY_LINK, address=row.address, plugin=NAME)
    people = [one for one in people if settings(kit)["accounts"] or not one["account"]]
    if not people:
        raise _unknown()
    told = {"id": row.id, "address": row.address, "way_back": row.way_back}
    return {**told, "made_by": row.made_by, "people": people}


def press(
    kit: Kit, *, tenant: str, token: str, person: str | None = None, user_ref: str | None = None
) -> dict[str, Any]:
    """Use a link up; return whose it was, the contact that it reached, and where to go.

    Where several share the address `person` names one of them, or Conflict (magiclink.which).
    With `user_ref` the host's user who is signed in is that person from now on.
    """
    import sqlalchemy as sa

    from mentorkit_magiclink import tables

    link = opened(kit, tenant=tenant, token=token)
    named = [one for one in link["people"] if person in (None, one["person"])]
    if not named:
        raise _unknown()
    if len(named) > 1:
        raise Conflict("magiclink.which", "Several people share this address. Say who you are.")
    (one,) = named
    if user_ref is not None:
        about: dict[str, Any] = {"person": one["person"], "user_ref": user_ref}
        reach.claim(kit, tenant=tenant, actor=BY_LINK, **about)
    row = tables.link.c
    unused = (row.tenant == tenant, row.id == link["id"], row.used_at.is_(None))
    with writing(kit, tenant) as connection:
        using = sa.update(tables.link).where(*unused).values(used_at=kit.clock())
        if connection.execute(using).rowcount != 1:
            raise Conflict("magiclink.used", "This link has been used. Ask for a new one.")
    if link["address"]:
        reach.verify(
            kit, tenant=tenant, actor=BY_LINK, person=one["person"], address=link["address"]
        )
    return {**one, **{name: link[name] for name in ("address", "way_back", "made_by")}}


def _new(kit: Kit, tenant: str, person: str, until: Any) -> tuple[str, dict[str, Any]]:
    """Return the id of a new link, and its row."""
    id = kit.ids()
    token = links.short(kit, tenant=tenant, purpose=PURPOSE, id=id)
    return id, {
        "tenant": tenant,
        "id": id,
        "person_id": person,
        "address": "",
        "fingerprint": links.fingerprint(token),
        "way_back": "",
        "created_at": kit.clock(),
        "until": until,
    }


def _count(counting: Counting, kit: Kit, asked: Mapping[str, str]) -> None:
    """Count an asking; raise `Conflict` when it is one too many within the hour.

    What nobody is found at counts all the same, so that the answer gives nobody away.
    """
    for limit, what in asked.items():
        if counting.take(f"{limit}\0{what}", settings(kit)[limit], kit.ids()) is not None:
            raise Conflict(
                "magiclink.too_often",
                "Links have been asked for many times within the hour. Look for the one that "
                "came, wait an hour, or ask your coordinator for one.",
            )


def _tidy(kit: Kit, tenant: str, connection: Connection) -> None:
    """Drop what is over: links after a day, sessions at once."""
    import sqlalchemy as sa

    from mentorkit_magiclink import tables

    now = kit.clock()
    for table, column, before in (
        (tables.link, "until", now - timedelta(days=1)),
        (tables.session, "until", now),
    ):
        over = (table.c.tenant == tenant, table.c[column] < before)
        connection.execute(sa.delete(table).where(*over))


def _ensure_ready(kit: Kit) -> None:
    if not ready(kit):
        raise Conflict(
            "magiclink.not_ready",
            "Sign-in links need Kit(secret_keys=[...], site=Portal(...)): whoever mounts the "
            "portal gives them.",
        )


def _unknown() -> NotFound:
    return NotFound("magiclink.unknown", "This link is not complete, or not ours any more.")
