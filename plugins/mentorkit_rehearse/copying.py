"""Copying: what a program is run by and who is in it, without what could reach anybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

USUAL = 20
"""How many people are made up where a program has none."""
MOST = 20_000
LONGEST = 800
"""Of how many made-up people, and how many days, a rehearsal may be."""
AGE = 40
"""How old those who are made up become in this year, or as old as the program asks."""
CHUNK = 1000
PROMISED = ("message", "survey", "next", "reaction")
"""The kinds of promises that are rehearsed; of reactions only the core's own."""
ENDED = ("done", "cancelled", "dead")


def copy(kit: Kit, tenant: str, program: Program, there: Kit, *, people: bool) -> None:
    """Copy a program of `kit` into the empty tables of `there`, with its `people` or without.

    Left behind are addresses, accounts, outside keys, features and everything that somebody wrote;
    sign-in links, conversations and what else plugins keep is not looked at. The copy is open.
    """
    import sqlalchemy as sa

    with kit.transaction(tenant=tenant, write=False) as tx, there.engine.begin() as connection:
        for table, found in _found(tx, program, people):
            query = sa.select(table).where(table.c.tenant == tenant, found)
            rows = (dict(row) for row in tx.connection.execute(query).mappings())
            kept = [one for row in rows if (one := _changed(table.name, row)) is not None]
            for start in range(0, len(kept), CHUNK):
                connection.execute(sa.insert(table), kept[start : start + CHUNK])


def _found(
    tx: Transaction, program: Program, people: bool
) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """Yield each table that is copied, after those it refers to, and which rows of it."""
    import sqlalchemy as sa

    from mentorkit.store import tables as core

    def here(table: sa.Table) -> sa.ColumnElement[bool]:
        found: sa.ColumnElement[bool] = table.c.program_id == program.id
        return found

    def of(table: sa.Table, column: str) -> sa.Select[Any]:
        return sa.select(table.c[column]).where(table.c.tenant == tx.tenant, here(table))

    part, held, told = core.participant, core.relationship, core.event
    staff = core.person.c.id.in_(list(program.staff))
    everybody = core.person.c.id.in_(of(part, "person_id"))
    yield core.person, sa.or_(staff, everybody) if people else staff
    yield core.program, core.program.c.id == program.id
    yield core.definition, here(core.definition)
    if not people:
        return
    theirs = of(part, "person_id").union(
        sa.select(core.person.c.id).where(core.person.c.tenant == tx.tenant, staff)
    )
    yield core.contact, core.contact.c.person_id.in_(theirs)
    yield core.business, core.business.c.id.in_(of(part, "business_id"))
    for table in (part, core.run, core.proposal, held):
        yield table, here(table)
    for table in (core.member, core.milestone, core.meeting):
        yield table, table.c.relationship_id.in_(of(held, "id"))
    yield told, here(told)
    job = core.outbox
    # What is told of a concern is for few, and staff who are not among them may rehearse.
    open_to_staff = of(told, "sequence").where(told.c.noun != "concern")
    known = sa.or_(job.c.sequence.is_(None), job.c.sequence.in_(open_to_staff))
    theirs_too = sa.or_(job.c.recipient_id.is_(None), job.c.recipient_id.in_(theirs))
    yield job, sa.and_(here(job), known, theirs_too, job.c.kind.in_(PROMISED))
    block = core.block
    yield block, sa.and_(block.c.person_id.in_(theirs), block.c.other_id.in_(theirs))


def _changed(table: str, row: dict[str, Any]) -> dict[str, Any] | None:
    """Return a row as it is copied; None for one that is left behind."""
    noun = table.rpartition("__")[2]
    if noun == "person":
        return {**row, "user_ref": None, "external_key": None}
    if noun == "contact":
        return {**row, "value": row["id"]}  # that there is one is known, and no more
    if noun == "participant":
        return {**row, "features": None}
    if noun == "program":
        return {**row, "state": "open"}
    if noun == "outbox":
        link = row["kind"] == "message" and row["sequence"] is None and "nudge" not in row["body"]
        if link or (row["kind"] == "reaction" and row["plugin"]):
            return None
        if row["state"] not in ENDED:
            return {**row, "state": "waiting", "leased_until": None}
    return row


def make_up(kit: Kit, tenant: str, program: str, number: int) -> None:
    """Put so many made-up people into a copied program, every other one a mentor; and one of staff.

    They live where the program is, are of age, and can all be matched.
    """
    with kit.transaction(tenant=tenant) as tx:
        found = tx.programs.get(program)
        new: dict[str, Any] = {"tenant": tenant, "created_at": tx.now}
        about: dict[str, Any] = {"locale": found.locale, "zone": found.zone}
        about |= {"born": tx.now.year - max(AGE, (found.minimum_age or 0) + 1)}
        kind = found.kind
        persons, parts = [], []
        for count in range(number):
            role = "both" if kind == "peer" else ("mentee", "mentor")[count % 2]
            name = f"{role.replace('both', 'person').capitalize()} {count // 2 + 1}"
            name = f"Person {count + 1}" if role == "both" else name
            persons.append(Person(id=tx.new_id(), name=name, **about, **new))
            parts.append(
                Participant(
                    id=tx.new_id(),
                    program_id=found.id,
                    person_id=persons[-1].id,
                    role=role,  # type: ignore[arg-type]
                    state="active",
                    capacity=1,
                    consent_version=1,
                    consented_at=tx.now,
                    **new,
                )
            )
        if not found.staff:
            persons.append(Person(id=tx.new_id(), name="Coordinator", **about, **new))
            staff = found.staff.with_(**{persons[-1].id: "coordinator"})
            tx.programs.save(replace(found, staff=staff))
        tx.people.add_all(persons)
        tx.participants.add_all(parts)
