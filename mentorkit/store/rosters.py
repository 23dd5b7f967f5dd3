"""The people of a program by column, in one statement: no object is made of anybody.

Each distinct answer is read once, however many gave it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from mentorkit.domain.frozen import freeze
from mentorkit.store.faults import translated
from mentorkit.store.tables import participant, person

if TYPE_CHECKING:
    from mentorkit.store.repositories import Participants

MANY = 256
"""Of more distinct answers than this, sets are told by their members."""
_MEMBER = re.compile(r'"[^"\\]*"|-?[0-9]+')

_OWN, _THEIRS = participant.c, person.c
_CALLED = _THEIRS.name, _THEIRS.user_ref, _THEIRS.external_key
_ERASED = sa.and_(*(sa.func.coalesce(one, "") == "" for one in _CALLED))
_PLAIN = {
    "id": _OWN.id, "person": _OWN.person_id, "capacity": _OWN.capacity, "used": _OWN.used,
    "born": _THEIRS.born, "name": _THEIRS.name, "key": _THEIRS.external_key,
    "version": _OWN.version + _THEIRS.version,
}  # fmt: skip
_CODED = {"role": _OWN.role, "cohort": _OWN.cohort, "signed": sa.type_coerce(_OWN.signed, sa.Text)}


class Sets(NamedTuple):
    """Sets by their members: each set's are so many of `members`, places among the `options`."""

    options: list[Any]
    members: list[int]
    counts: list[int]


Coded = tuple[list[int], list[Any] | Sets]
"""For each row the place of its value among the distinct ones, and these."""


class Roster(NamedTuple):
    """Columns of equally many rows, by name; `answers` by field, None where there is none.

    `plain` has id, person, capacity, used, born, name, key and version, which rises with every
    change of the row or of the person; `coded` has role, cohort and signed.
    """

    plain: dict[str, Sequence[Any]]
    coded: dict[str, Coded]
    answers: dict[str, Coded]


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
    given: list[Any] = [
        sa.func.json_extract(_OWN.profile, f'$."{name}"', "$[0]", type_=sa.Text) for name in told
    ]
    if told and not sqlite:  # of which each is asked, the profile is read once
        record = sa.func.json_to_record(sa.cast(_OWN.profile, sa.JSON))
        of = record.table_valued(*(sa.column(name, sa.JSON) for name in told))
        of = of.render_derived(name="given", with_types=True)
        query = query.join(of, sa.true())
        given = [sa.cast(of.c[name], sa.Text) for name in told]
    whole = sa.type_coerce(_OWN.profile, sa.Text)
    asked = [*_PLAIN.values(), *_CODED.values(), *given, *([whole] if odd else [])]
    query = query.with_only_columns(*(c.label(f"c{n}") for n, c in enumerate(asked)))
    found = _rows(people, query)
    columns = list(zip(*found, strict=True)) or [()] * len(asked)
    plain: dict[str, Sequence[Any]] = dict(zip(_PLAIN, columns, strict=False))
    coded = dict(zip(_CODED, columns[len(plain) :], strict=False))
    texts = dict(zip(told, columns[len(plain) + len(coded) :], strict=False))
    answers = {name: _told(column, _first if sqlite else _each) for name, column in texts.items()}
    profiles = [json.loads(text) for text in columns[-1]] if odd else []
    for name in odd:
        answers[name] = _told([json.dumps(one.get(name)) for one in profiles], _each)
    return Roster(
        plain,
        {name: _coded(c, _each if name == "signed" else list) for name, c in coded.items()},
        {name: answers[name] for name in names},
    )


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


def _coded(column: Sequence[Any], read: Callable[[Iterable[Any]], Any]) -> Coded:
    known = dict(zip(dict.fromkeys(column), count(), strict=False))
    return list(map(known.__getitem__, column)), read(known)


def _told(column: Sequence[Any], read: Callable[[Iterable[Any]], Any]) -> Coded:
    if len(set(column[:MANY])) > MANY * 3 // 4:  # nearly all differ: none is worth looking for
        return list(range(len(column))), read(column)
    return _coded(column, read)


def _each(texts: Iterable[str | None]) -> list[Any] | Sets:
    """Return what these texts of JSON say, read in one go."""
    told = ["null" if text is None else text for text in texts]
    found = _sets(told) if len(told) > MANY else None
    return found or list(map(freeze, json.loads(f"[{','.join(told)}]")))


def _first(texts: Iterable[str]) -> list[Any] | Sets:
    """Return the same of texts such as ``[7,null]``: SQLite tells two beside each other as is."""
    return _each(text[1 : -len(",null]")] for text in texts)


def _sets(texts: Sequence[str]) -> Sets | None:
    """Return lists of plain texts or whole numbers, each of which is read once; else None."""
    if {text[0] for text in texts} - {"[", "n"}:
        return None
    lists = ["" if text == "null" else text[1:-1] for text in texts]
    members = ",".join(filter(None, lists)).split(",")
    known = dict(zip(dict.fromkeys(members), count(), strict=False))
    if not all(map(_MEMBER.fullmatch, known)):
        return None
    counts = [one.count(",") + 1 if one else 0 for one in lists]
    return Sets(json.loads(f"[{','.join(known)}]"), list(map(known.__getitem__, members)), counts)
