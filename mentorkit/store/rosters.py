"""The people of a program by column, in one statement: no object is made of anybody."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from mentorkit.domain.fields import FEATURE, Computed
from mentorkit.domain.frozen import Frozen
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
    JSON) and version, which rises with every change of the row or of the person; and under the name
    of a computed field, for whoever has no value of their answers as they are, the stamp of these.
    Where answers are `paired`, each stands beside a null: ``[7,null]``. Else there may be None for
    no answer.
    """

    plain: dict[str, Sequence[Any]]
    answers: dict[str, Sequence[str | None]]
    paired: bool


def read(
    people: Participants, program_id: str, names: Sequence[str], ids: Sequence[str] | None,
    computed: Mapping[str, Computed],
) -> Roster:  # fmt: skip
    """Return those active and consented, none of them erased; of these `ids` alone, if given.

    `computed` are features, of which a value of other answers than there are now is none.
    """
    sqlite = people.tx.connection.dialect.name == "sqlite"
    own = [*names, *(name for one in computed.values() for name in one.of)]
    own = [name for name in dict.fromkeys(own) if name not in computed]
    told = [n for n in own if re.fullmatch(r"[\w -]+", n) and len(n.encode()) < 64]
    odd = [name for name in own if name not in told]  # which SQL cannot ask for by their name
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
    kept = [_kept(name, "stamp", sqlite) for name in computed]
    kept += [_kept(name, "value", sqlite) for name in computed if name in names]
    whole = sa.type_coerce(_OWN.profile, sa.Text)
    asked = [*_PLAIN.values(), *kept, *given, *([whole] if odd else [])]
    query = query.with_only_columns(*(c.label(f"c{n}") for n, c in enumerate(asked)))
    columns = list(zip(*_rows(people, query), strict=True)) or [()] * len(asked)
    answers: dict[str, Any] = dict(zip(told, columns[len(_PLAIN) + len(kept) :], strict=False))
    profiles = [json.loads(text) for text in columns[-1]] if odd else []
    for name in odd:
        texts = (json.dumps(one.get(name)) for one in profiles)
        answers[name] = [f"[{text},null]" for text in texts] if sqlite else list(texts)
    plain: dict[str, Any] = dict(zip(_PLAIN, columns, strict=False))
    there = iter(columns[len(_PLAIN) :])
    for (name, one), stamps in zip(computed.items(), there, strict=False):
        now = [one.stamp(answers[of][row] for of in one.of) for row in range(len(stamps))]
        plain[name] = [new if new != old else None for new, old in zip(now, stamps, strict=True)]
    for name, values in zip((n for n in computed if n in names), there, strict=False):
        valid = [None if old else text for old, text in zip(plain[name], values, strict=True)]
        answers[name] = [f"[{text or 'null'},null]" for text in valid] if sqlite else valid
    return Roster(plain, {name: answers[name] for name in names}, sqlite)


def keep(people: Participants, feature: str, values: Mapping[str, Frozen]) -> None:
    """Keep a feature of participants: the `stamp` of the answers, and the `value` as JSON."""
    tenant, now = people.tx.tenant, sa.bindparam("now", type_=_OWN.features.type)
    query = sa.select(_OWN.id, _OWN.features)
    rows = [
        {"of": row.id, "now": (row.features or Frozen()).with_(**{feature: values[row.id]})}
        for row in people._all(query.where(_OWN.tenant == tenant, _OWN.id.in_(list(values))))
    ]
    change = sa.update(participant).values(features=now, version=_OWN.version + 1)
    if rows:
        with people.tx.writing(people.noun):
            mine = change.where(_OWN.tenant == tenant, _OWN.id == sa.bindparam("of"))
            people.tx.connection.execute(mine, rows)


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


def _kept(name: str, part: str, sqlite: bool) -> sa.ColumnElement[Any]:
    """Return a part of what is kept of a feature, by its name as a field."""
    feature = name.removeprefix(FEATURE)
    if sqlite:
        return sa.func.json_extract(_OWN.features, f'$."{feature}".{part}', type_=sa.Text)
    return sa.func.json_extract_path_text(sa.cast(_OWN.features, sa.JSON), feature, part)


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
