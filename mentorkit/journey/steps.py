"""How a step is walked: in one short transaction, by an actor whose role is checked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from mentorkit.domain.moves import STAFF, Role
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.errors import MentorKitError, NotAllowed, NotFound

if TYPE_CHECKING:
    from mentorkit.domain.runs import Progress
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

T = TypeVar("T")
CHUNK = 100
"""How many things `many` does in one transaction: few enough to keep locks short."""


def inside(kit: Kit, tenant: str, tx: Transaction | None, work: Callable[[Transaction], T]) -> T:
    """Do `work` in a transaction of its own, or as one step inside the caller's `tx`.

    Inside another transaction it is a savepoint: if `work` raises, nothing of it stays, and the
    caller may go on.
    """
    if tx is None:
        return kit.write(tenant, work)
    with tx.savepoint():
        return work(tx)


def many(
    kit: Kit,
    verb: Callable[..., Any],
    ids: Sequence[str],
    *,
    tenant: str,
    actor: Actor,
    noun: str,
    progress: Progress | None = None,
    **values: Any,
) -> dict[str, Any]:
    """Do one step for many things: ``{"done": [...], "refused": [{id, code, message}]}``.

    `noun` is the name under which `verb` takes the id. What one thing is refused for does not
    stop the others; each chunk of 100 is one transaction.
    """
    done: list[Any] = []
    refused: list[dict[str, Any]] = []
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        if progress:
            progress.step(start, len(ids))

        def work(tx: Transaction, chunk: Sequence[str] = chunk) -> tuple[list[Any], list[Any]]:
            fine: list[Any] = []
            bad: list[Any] = []
            for one in chunk:
                try:
                    fine.append(
                        verb(kit, tenant=tenant, actor=actor, tx=tx, **{noun: one}, **values)
                    )
                except MentorKitError as error:
                    bad.append({"id": one, "code": error.code, "message": str(error)})
            return fine, bad

        fine, bad = kit.write(tenant, work)
        done += fine
        refused += bad
    if progress:
        progress.step(len(ids), len(ids))
    return {"done": done, "refused": refused}


def person_of(tx: Transaction, actor: Actor) -> str | None:
    """Return the person id of the actor, looked up by the host's reference if need be."""
    if actor.person_id is not None or actor.user_ref is None:
        return actor.person_id
    person = tx.people.first(user_ref=actor.user_ref)
    return person.id if person else None


def program_of(tx: Transaction, program: str) -> Program:
    """Return the program with this id or key; raise NotFound."""
    found = tx.programs.first(key=program) or tx.programs.first(id=program)
    if found is None:
        raise NotFound(
            "program.not_found",
            f"There is no program {program!r} here. List them with `mentorkit program show`.",
        )
    return found


def role_in(tx: Transaction, program: Program, actor: Actor) -> Role | None:
    """Return what the actor is to the program's staff, or None."""
    if actor.is_system:
        return Role.SYSTEM
    if actor.admin:
        return Role.ADMIN
    person = person_of(tx, actor)
    held = program.staff.get(person) if person else None
    return Role(held) if held else None


def require(
    tx: Transaction, program: Program, actor: Actor, roles: frozenset[Role] = STAFF
) -> Role:
    """Return the actor's staff role if it is one of `roles`; raise NotAllowed."""
    role = role_in(tx, program, actor)
    if role not in roles or role is None:
        who = " or ".join(sorted(roles - {Role.SYSTEM}))
        raise NotAllowed(
            "program.staff_only",
            f"Only a {who} of this program may do that. An admin appoints one with "
            "`mentorkit staff add`.",
        )
    return role


READERS = STAFF | {Role.SUPERVISOR, Role.VIEWER, Role.SYSTEM}


def party(
    tx: Transaction, program: Program, actor: Actor, people: dict[Role, str], noun: str
) -> Role:
    """Return the actor's role to a thing: one of its parties (role -> person id), or staff.

    Raises NotFound for anybody else: whether the thing exists is not theirs to know.
    """
    role = role_in(tx, program, actor)
    if role in STAFF | {Role.SYSTEM} and role is not None:
        return role
    person = person_of(tx, actor)
    for named, holder in people.items():
        if person is not None and holder == person:
            return named
    raise NotFound(f"{noun}.not_found", f"There is no such {noun} here.")
