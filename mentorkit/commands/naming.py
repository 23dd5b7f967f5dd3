"""Whom a word on the command line names, for those who may not know of everybody here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mentorkit.commands.session import Session, find_person
from mentorkit.errors import NotFound


def named_person(session: Session, wanted: str) -> Any:
    """Return the person called so, by id, key, user reference or e-mail.

    Whoever operates the database may name anybody. Others name themselves, whom they have to do
    with, and everybody in a program whose people they may read; anybody else is as unknown to
    them as who is not here, and the answer (`NotFound`) is the same.
    """
    if session.actor.admin:
        with session.kit.transaction(tenant=session.tenant, write=False) as tx:
            return find_person(tx, wanted)
    near = _near(session)
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        try:
            return find_person(tx, wanted, _seen(tx, session, near))
        except NotFound as error:
            raise NotFound(
                error.code,
                f"You know nobody here with the id, external key, user reference or e-mail {wanted}"
                "; ask the staff of your program.",
            ) from None


def _near(session: Session) -> set[str]:
    """Return the ids by which whoever is acting may name whom they have to do with."""
    from mentorkit.journey import concerns

    me = str(session.actor.person_id)
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        own = {one.program_id for one in tx.participants.find(person_id=me)}
        own |= {one.id for one in tx.programs.find() if me in one.staff}
    forms = (concerns.form(session.kit, **session.scope, program=one) for one in own)
    return {one["id"] for form in forms for one in form["people"]}


def _seen(tx: Any, session: Session, near: set[str]) -> Callable[[Any], bool]:
    """Return what tells whether whoever is acting may know that a person is here."""
    from mentorkit.journey.steps import READERS, role_in

    def seen(person: Any) -> bool:
        parts = tx.participants.find(person_id=person.id)
        if person.id == session.actor.person_id or near & {person.id, *(one.id for one in parts)}:
            return True
        where = {one.program_id for one in parts}
        return any(
            role_in(tx, program, session.actor) in READERS
            for program in tx.programs.find()
            if program.id in where or person.id in program.staff
        )

    return seen


__all__ = ["named_person"]
