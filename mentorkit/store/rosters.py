"""The people of a program by column, in one statement: no object is made of anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from mentorkit.store.faults import translated
from mentorkit.store.tables import participant, person

if TYPE_CHECKING:
    from mentorkit.store.repositories import Participants

_OWN, _THEIRS = participant.c, person.c
_CALLED = _THEIRS.name, _THEIRS.user_ref, _THEIRS.external_key
_ERASED = sa.and_(*(sa.func.coalesce(one, "") == "" for one in _CALLED))
_PLAIN = {
    "id": _OWN.id, "person": _OWN.person_id, "capacity": _OWN.capacity, "used": _OWN.used,
    "born": _THEIRS.born, "name": _THEIRS.name, "key": _THEIRS.external_key,
    "version": _OWN.version + _THEIRS.version, "role": _OWN.role, "cohort": _OWN.cohort,
    "zone": _THEIRS.zone,
    "signed": sa.type_coerce(_OWN.signed, sa.Text),
}  # fmt: skip


class Roster(NamedTuple):
    """Columns of equally many rows: `plain` by name, `answers` by field, as texts of JSON.

    `plain` has id, person, capacity, used, born, name, key, role, cohort, zone, signed (a text of
    JSON) and version, which rises with every change of the row or of the person. Where answers are
    `paired`, each stands beside a null: ``[7,null]``. Else there may be None for no answer.
    """

    plain: dict[str, Sequence[Any]]
    answers: dict[str, Sequence[str | None]]
    paired: bool


def read(
    people: Participants, program_id: str, names: Sequence[str], ids: Sequence[str] | None
) -> Roster:
    """Return those active and consented, none of them erased; of these `ids` alone, if given."""
    sqlite = people.tx.connection.dialect.name == "sqlite"
    told = [n for n in names if re.fullmatch(r"[\w -]+", n) and len(n.encode()) < 64]
    odd = [name for name in names if name not in told]  # which SQL cannot ask for by their name
    query = _here(people, program_id)
    if ids is not None:
        query = query.where(_OWN.id.in_(ids))
    given: list[Any] = [  # two at once, as SQLite would round the number of one alone
        sa.func.json_extract(_OWN.profile, f'$."{name}"', "$[0]", type_=sa.Text) for name in told
    ]
    if told and not sqlite:  # of which each is asked, the profile is read once
        record = sa.func.json_to_record(sa.cast(_OWN.profile, sa.JSON))
        of = record.table_valued(*(sa.column(name, sa.JSON) for name in told))
        of = of.render_derived(name="given", with_types=True)
        query = query.join(of, sa.true())
        given = [sa.cast(of.c[name], sa.Text) for name in told]
    whole = sa.type_coerce(_OWN.profile, sa.Text)
    asked = [*_PLAIN.values(), *given, *([whole] if odd else [])]
    query = query.with_only_columns(*(c.label(f"c{n}") for n, c in enumerate(asked)))
    columns = list(zip(*_rows(people, query), strict=True)) or [()] * len(asked)
    answers: dict[str, Any] = dict(zip(told, columns[len(_PLAIN) :], strict=False))
    profiles = [json.loads(text) for text in columns[-1]] if odd else []
    for name in odd:
        texts = (json.dumps(one.get(name)) for one in profiles)
        answers[name] = [f"[{text},null]" for text in texts] if sqlite else list(texts)
    plain: dict[str, Any] = dict(zip(_PLAIN, columns, strict=False))
    return Roster(plain, {name: answers[name] for name in names}, sqlite)


def versions(people: Participants, program_id: str) -> dict[str, int]:
    """Return the version of each row that `read` would give, by id."""
    query = _here(people, program_id)
    return dict(_rows(people, query.with_only_columns(_OWN.id, _PLAIN["version"])))


def mark(people: Participants, program_id: str) -> tuple[int, ...]:
    """Return how many a program has, and what is another after any change of anybody, cheaply.

    Versions only rise, and no row of a program is ever deleted without it.
    """
    asked = [sa.func.count(), sa.func.sum(_OWN.version), sa.func.sum(_THEIRS.version)]
    query: sa.Select[Any] = people._asking(program_id=program_id).join(person)
    return tuple(int(one or 0) for one in people._all(query.with_only_columns(*asked))[0])


def _rows(people: Participants, query: sa.Select[Any]) -> list[Any]:
    """Return rows as the driver gives them: an object of each would cost as much again."""
    with translated(people.noun):
        result: Any = people.tx.connection.execute(query)
        try:
            found: list[Any] = result.cursor.fetchall()
        finally:
            result.close()
    return found


def _here(people: Participants, program_id: str) -> sa.Select[Any]:
    query = people._asking(program_id=program_id, state="active").join(person)
    return query.where(_OWN.consented_at.is_not(None), ~_ERASED)
