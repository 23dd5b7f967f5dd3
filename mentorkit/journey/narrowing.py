"""Narrowing: whom of those one can choose a list names, by what they show of themselves.

Nothing else narrows a list: who comes up for an answer, and who does not, would tell what is
hidden.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import Field
from mentorkit.domain.programs import Program
from mentorkit.errors import Invalid, Problem
from mentorkit.journey.definitions import fields_of, showing

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction

Where = Mapping[str, Sequence[str]]
"""By field the options that are looked for: any of those of a field, and that of each field."""
KINDS = ("option", "ordered", "options")
PART = 100
"""How many people are looked at in one go, until there are enough."""


def listed_as(program: Program) -> str:
    """Return in which role people are listed to be chosen."""
    return "peer" if program.kind == "peer" else "mentor"


def offered(tx: Transaction, program: Program) -> dict[str, Field]:
    """Return the fields by which a list can be narrowed: shown, and answered by options."""
    roles = {"mentor"} if listed_as(program) == "mentor" else {"mentee", "mentor"}
    return {
        id: one
        for id, one in fields_of(tx, program).items()
        if one.shown and one.choices and one.kind in KINDS and not roles.isdisjoint(one.roles)
    }


def wanted(fields: Mapping[str, Field], where: Where) -> dict[str, tuple[str, ...]]:
    """Return what is looked for by the ids of options, which may be given by name.

    A field without any does not count. Raises `Invalid` (suggestions.where) with all that is wrong.
    """
    found: dict[str, tuple[str, ...]] = {}
    problems = []
    for name, options in where.items():
        if name not in fields:
            there = ", ".join(fields)
            told = f"write one of {there}" if there else "nothing that is shown has options here"
            problems.append(Problem(name, f"the list cannot be narrowed by this; {told}"))
            continue
        told_as: dict[str, None] = {}
        for option in options:
            try:
                told_as |= dict.fromkeys(_ids(fields[name], option))
            except ValueError as error:
                problems.append(Problem(name, str(error)))
        if told_as:
            found[name] = tuple(told_as)
    if problems:
        raise Invalid("suggestions.where", "The list cannot be narrowed like this:", problems)
    return found


def _ids(field: Field, option: str) -> Sequence[str]:
    value = field.parse([option] if field.kind == "options" else option)
    return value if isinstance(value, tuple) else () if value is None else (value,)


def holding(
    fields: Mapping[str, Field], where: Where
) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return what of a kept `where` still holds, and what is gone: ``field`` or ``field=option``.

    A field whose options are all gone narrows nothing any more.
    """
    held: dict[str, tuple[str, ...]] = {}
    gone = []
    for name, options in where.items():
        if name not in fields:
            gone.append(name)
            continue
        gone += [f"{name}={one}" for one in options if one not in fields[name].choices]
        if left := tuple(one for one in options if one in fields[name].choices):
            held[name] = left
    return held, gone


def passing(
    tx: Transaction, program: Program, ids: Sequence[str], where: Where, most: int | None = None
) -> list[str]:
    """Return those of these participants who show what is looked for, in their order.

    `where` is as `wanted` or `holding` gives it. With `most` no more than so many are looked for.
    """
    if not where:
        return list(ids[:most])
    told, role = showing(tx, program), listed_as(program)
    answered = _answered(tx, program, [where])
    left = [id for id in ids if id in answered]
    found: list[str] = []
    for at in range(0, len(left), PART):
        people = tx.participants.get_many(left[at : at + PART])
        # Of those who have answered so, some have not agreed to its being shown.
        found += [id for id, one in people.items() if fits(told(one, role), where)]
        if most is not None and len(found) >= most:
            break
    return found[:most]


def shown_by(
    tx: Transaction, program: Program, wheres: Iterable[Where]
) -> dict[str, dict[str, Any]]:
    """Return by participant what those show who may pass one of these, to be asked about often."""
    some = [dict(one) for one in {tuple(where.items()) for where in wheres if where}]
    if not some:
        return {}
    told, role = showing(tx, program), listed_as(program)
    people = tx.participants.get_many(_answered(tx, program, some))
    return {id: told(one, role) for id, one in people.items()}


def _answered(tx: Transaction, program: Program, wheres: Sequence[Where]) -> set[str]:
    """Return who has answered as one of these looks for, shown or not.

    By column, as no object is needed of the others.
    """
    from mentorkit.matching.distinct import parsed, spread

    names = list(dict.fromkeys(name for where in wheres for name in where))
    read = tx.participants.roster(program.id, names)
    columns = [spread(parsed(read.answers[name], paired=read.paired)) for name in names]
    rows = zip(read.plain["id"], *columns, strict=True)
    given = {id: dict(zip(names, values, strict=True)) for id, *values in rows}
    return {id for id, one in given.items() if any(fits(one, where) for where in wheres)}


def fits(answers: Mapping[str, Any], where: Where) -> bool:
    """Return whether these answers are what is looked for."""
    return all(_any(answers.get(name), options) for name, options in where.items())


def _any(value: Any, options: Sequence[str]) -> bool:
    return any(one in options for one in (value if isinstance(value, (list, tuple)) else (value,)))


__all__ = ["Where", "fits", "holding", "listed_as", "offered", "passing", "shown_by", "wanted"]
