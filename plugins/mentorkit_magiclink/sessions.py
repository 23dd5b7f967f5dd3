"""Sessions: who pressed a link, in a cookie of our own that the host's never meets.

The cookie is signed and names a row; without the row it is worth nothing, so that a session can be
ended from here. It dies with the contact that it came by.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import flask
import sqlalchemy as sa

from mentorkit.domain.people import Actor, folded
from mentorkit.errors import Conflict, NotFound
from mentorkit.journey import links, reach
from mentorkit.web import arrival
from mentorkit.web.tokens import FIELD
from mentorkit_magiclink import tables
from mentorkit_magiclink.links import NAME, settings, still_good, writing

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from mentorkit.kit import Kit
    from mentorkit.web.visits import Visit

PURPOSE = "magiclink.session"
AGAIN = timedelta(minutes=1)
"""How long the form that began a session may be sent once more for the same session."""
_ROW = tables.session.c


def visitor(kit: Kit, signed_in: Callable[[], Actor | None]) -> Actor | None:
    """Return who is there in the request now running."""
    flask.g.mentorkit_magiclink = True  # this mount lets people in by links
    actor = signed_in()
    if actor is not None and not actor.is_nobody:
        return actor
    mount, tenant = arrival()
    cookie = flask.request.cookies.get(_name(mount), "")
    return who(kit, tenant=tenant, cookie=cookie) if cookie else None


def offered() -> bool:
    """Return whether the mount of this request lets people in by links."""
    return bool(flask.g.get("mentorkit_magiclink"))


def who(kit: Kit, *, tenant: str, cookie: str) -> Actor | None:
    """Return the person whose session a cookie names; None once it is over."""
    try:
        told = links.read(kit, cookie, tenant=tenant, purpose=PURPOSE)
    except (NotFound, Conflict):
        return None
    query = sa.select(tables.session).where(
        _ROW.tenant == tenant, _ROW.id == told.about["session"], _ROW.until > kit.clock()
    )
    with kit.transaction(tenant=tenant, write=False) as tx:
        row = tx.connection.execute(query).one_or_none()
        if row is None:
            return None
        person = tx.people.first(id=row.person_id)
        if person is None or person.erased:
            return None
        if person.user_ref is not None and not settings(kit)["accounts"]:
            return None
        if not (reach.lets_in(tx, NAME, person.id) and still_good(tx, row)):
            return None
        contact = tx.contacts.first(id=row.contact_id) if row.contact_id else None
        if row.contact_id and (contact is None or folded(contact.value) != row.address):
            return None
    return Actor(person_id=person.id, means="link")


def begin(
    kit: Kit, *, tenant: str, person: str, contact: str | None, address: str,
    made_by: str | None = None, id: str | None = None,
) -> str:  # fmt: skip
    """Keep a new session of a person, by a link that staff made or none did; return its cookie."""
    id, days, now = id or kit.ids(), settings(kit)["days"], kit.clock()
    row = {
        "tenant": tenant, "id": id, "person_id": person, "contact_id": contact, "address": address,
        "made_by": made_by, "created_at": now, "until": now + timedelta(days=days),
    }  # fmt: skip
    with writing(kit, tenant) as connection:
        connection.execute(sa.insert(tables.session).values(row))
    return _cookie(kit, tenant, person, id)


def end(kit: Kit, *, tenant: str, person: str, cookie: str | None = None) -> int:
    """End the session of a cookie, or without one all of the person; return how many ended.

    With all of them go the links that are open.
    """
    mine = [_ROW.tenant == tenant, _ROW.person_id == person]
    if cookie is not None:
        try:
            told = links.read(kit, cookie, tenant=tenant, purpose=PURPOSE)
        except (NotFound, Conflict):
            return 0
        mine.append(_ROW.id == told.about["session"])
    link = tables.link.c
    with writing(kit, tenant) as connection:
        if cookie is None:
            theirs = (link.tenant == tenant, link.person_id == person)
            connection.execute(sa.delete(tables.link).where(*theirs))
        return connection.execute(sa.delete(tables.session).where(*mine)).rowcount


def give(visit: Visit, response: Response, token: str, pressed: dict[str, Any]) -> None:
    """Begin a session for whoever pressed a link, and let the browser keep its cookie."""
    cookie = begin(
        visit.kit,
        tenant=visit.tenant,
        person=pressed["person"],
        contact=next(iter(pressed["contacts"]), None),
        address=pressed["address"],
        made_by=pressed["made_by"],
        id=_begun(visit, token),
    )
    _keep(visit, response, cookie)


def begun(visit: Visit, token: str) -> dict[str, Any] | None:
    """Return whose session this very form has just begun, and where to go; None for another form.

    Of two taps the browser drops the first answer, and the cookie with it. Nobody but who sent
    that form, with the link, is given the same session, and only for a minute.
    """
    link = tables.link.c
    query = (
        sa.select(_ROW.person_id.label("person"), link.way_back)
        .join(tables.link, link.tenant == _ROW.tenant)
        .where(_ROW.tenant == visit.tenant, _ROW.id == _begun(visit, token))
        .where(_ROW.created_at > visit.kit.clock() - AGAIN)
        .where(link.fingerprint == links.fingerprint(token))
    )
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        row = tx.connection.execute(query).one_or_none()
    return dict(row._mapping) if row is not None else None


def give_again(visit: Visit, response: Response, token: str, person: str) -> None:
    """Let the browser keep the cookie of the session that this form has begun."""
    _keep(visit, response, _cookie(visit.kit, visit.tenant, person, _begun(visit, token)))


def _begun(visit: Visit, token: str) -> str:
    """Return the id of the session that the form begins which was sent to a link."""
    return links.fingerprint(f"{token} {visit.form[FIELD]}")


def _cookie(kit: Kit, tenant: str, person: str, id: str) -> str:
    about: dict[str, Any] = {"days": settings(kit)["days"], "session": id}
    return links.make(kit, tenant=tenant, purpose=PURPOSE, person=person, **about)


def _keep(visit: Visit, response: Response, cookie: str) -> None:
    response.set_cookie(
        _name(visit.mount),
        cookie,
        max_age=settings(visit.kit)["days"] * 24 * 3600,
        path=visit.url("home"),
        secure=flask.request.is_secure,
        httponly=True,
        samesite="Lax",
    )


def take(visit: Visit, response: Response, *, everywhere: bool) -> None:
    """End the session of this browser, or every one of the person, and drop the cookie."""
    name = _name(visit.mount)
    cookie, person = flask.request.cookies.get(name, ""), visit.actor.person_id
    if person is not None:
        only = None if everywhere else cookie
        end(visit.kit, tenant=visit.tenant, person=person, cookie=only)
    response.delete_cookie(
        name, path=visit.url("home"), secure=flask.request.is_secure, httponly=True, samesite="Lax"
    )


def _name(mount: str) -> str:
    """Return the cookie's name: each mount has its own, also beside another on the same path."""
    return f"mk_link_{mount}"
