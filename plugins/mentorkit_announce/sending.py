"""Sending: the group is read, the text is looked at or promised; for pages and command line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import STAFF
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict
from mentorkit.journey import announcements
from mentorkit.journey.steps import reading
from mentorkit_announce import looking
from mentorkit_announce.groups import people_in, settings_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit

Text = Mapping[str, Mapping[str, str]]


def key_of(text: Text) -> str:
    """Return the key of a text that was given none: the same text has the same."""
    told = json.dumps({one: dict(text[one]) for one in sorted(text)}, sort_keys=True)
    return f"text-{sha256(told.encode()).hexdigest()[:32]}"


def look(
    kit: Kit, *, tenant: str, actor: Actor, program: str, text: Text, key: str = "", **group: str
) -> dict[str, Any]:
    """Return who would get what, as `looking.preview` does."""
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        people, a_week = people_in(tx, found, **group), settings_of(tx, found)
    return looking.preview(
        kit, tenant=tenant, actor=actor, program=program, text=text, people=people,
        key=key or key_of(text), a_week=a_week,
    )  # fmt: skip


def send(
    kit: Kit, *, tenant: str, actor: Actor, program: str, text: Text, key: str = "",
    limit: int | None = None, **group: str,
) -> dict[str, Any]:  # fmt: skip
    """Promise a text to a group, as `announcements.announce` does.

    Raises `Conflict` (announcement.too_many) where more than `limit` would get it now; nobody gets
    it then.
    """
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        people, a_week = people_in(tx, found, **group), settings_of(tx, found)
        named = key or key_of(text)
        if limit is not None:
            id = announcements.id_of(found, named)
            told, _ = announcements.allowed(tx, found, people, id=id, a_week=a_week)
            if len(told) > limit:
                raise Conflict(
                    "announcement.too_many",
                    f"{len(told)} people would get this now, more than {limit}. Nothing was sent: "
                    "look at the group again.",
                    people=len(told),
                )
            people = [one.id for one in told]  # who comes to be there since is not counted
    return announcements.announce(
        kit, tenant=tenant, actor=actor, program=program, key=named, text=text, people=people,
        plugin="announce", a_week=a_week,
    )  # fmt: skip
