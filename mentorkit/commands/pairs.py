"""Which proposals or relationships a command is about, by id or as MENTEE=MENTOR."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from mentorkit.commands.selection import acting, addresses, chosen, ids_of, the_program, walk
from mentorkit.commands.session import Session
from mentorkit.domain.relationships import HOLDING

OPEN = ("draft", "offered", "question")
"""The states of a proposal that is not settled yet."""


def proposals_in(session: Session, program: str) -> list[dict[str, Any]]:
    """List the proposals that whoever is acting may see."""
    from mentorkit.journey import match as matching

    return matching.proposals(session.kit, **session.scope, program=program)


def relationships_in(session: Session, program: str) -> list[dict[str, Any]]:
    """List the relationships that whoever is acting may see."""
    from mentorkit.journey import meet as meeting

    return meeting.relationships(session.kit, **session.scope, program=program)


def with_key(name: str, key: str | None) -> str:
    """Return ``Name (key)``, which tells namesakes apart; the key can be typed in MENTEE=MENTOR."""
    return f"{name} ({key})" if key else name


def named(
    session: Session,
    program: str | None,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    *,
    noun: str,
    states: Collection[str],
    fits: Callable[[Mapping[str, Any]], bool] = lambda row: True,
    list_them: Callable[[Session, str], list[dict[str, Any]]] | None = None,
) -> dict[str, str]:
    """Return ``{id: what it was called}`` for those named, or for all in `states` that `fits`.

    A participant may type the key of the other side too, though it is never shown to them. Staff
    may type e-mail addresses, and others their own.
    """
    listing = list_them or {"proposal": proposals_in, "relationship": relationships_in}[noun]
    names = chosen(which, listed, every)
    hidden: dict[str, list[str]] = {}

    def rows() -> list[dict[str, Any]]:
        found = listing(session, the_program(session, program, takes_part=True, about=names or ()))
        sides = [(id, key, "reason" in row) for row in found for _, id, key in _sides(row)]
        if names is not None and session.person is not None:
            hidden.update(_keys(session, (id for id, _, _ in sides)))
        # Whom a participant is not shown the key of, they do not find by their address either.
        seen = {id for id, key, staff in sides if staff or key}
        keys = [key for _, key, _ in sides if key]
        for id, typed in addresses(session, seen, names or (), keys).items():
            hidden.setdefault(id, []).extend(typed)
        return found

    return ids_of(
        names, rows, noun=noun, states=states, fits=fits, called=lambda row: _called(row, hidden)
    )


def _sides(row: Mapping[str, Any]) -> list[tuple[str, str, str | None]]:
    """Return the role, the participant id and the key, if it is shown, of each in a row."""
    if "members" in row:
        return [(one["role"], one["participant"], one["key"]) for one in row["members"]]
    return [(role, row[f"{role}_id"], row[f"{role}_key"]) for role in ("mentee", "mentor")]


def _called(row: Mapping[str, Any], hidden: Mapping[str, list[str]]) -> list[str]:
    """Return what a row may be called besides its id; a circle by each mentee, a ring by two."""
    names: dict[str, list[str]] = {"mentee": [], "mentor": [], "peer": []}
    for role, id, key in _sides(row):
        names[role] += [key or id, *hidden.get(id, ())]
    if names["peer"]:
        return [f"{one}={other}" for one, other in permutations(names["peer"], 2)]
    return [f"{mentee}={mentor}" for mentee in names["mentee"] for mentor in names["mentor"]]


def _keys(session: Session, participants: Iterable[str]) -> dict[str, list[str]]:
    """Return the key of each participant who has one, by participant id."""
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        found = tx.participants.get_many(participants)
        people = tx.people.get_many(one.person_id for one in found.values())
        keys = {one.id: people[one.person_id].external_key for one in found.values()}
    return {id: [key] for id, key in keys.items() if key}


def each(
    session: Session,
    program: str | None,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    *,
    verb: Any,
    done: str,
    means: str,
    as_json: bool,
    noun: str = "relationship",
    states: Collection[str] = HOLDING,
    fits: Callable[[Mapping[str, Any]], bool] = lambda row: True,
    list_them: Callable[[Session, str], list[dict[str, Any]]] | None = None,
    **values: Any,
) -> None:
    """Do something with the relationships or proposals named, or with all that `fits`."""
    ids = named(
        session, program, which, listed, every,
        noun=noun, states=states, fits=fits, list_them=list_them,
    )  # fmt: skip
    walk(
        session, verb, ids, noun=noun, actor=acting(session, means),
        done=done, as_json=as_json, **values,
    )  # fmt: skip
