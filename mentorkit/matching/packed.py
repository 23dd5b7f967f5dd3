"""A side of a pool that is columns from the start: nobody is an object before it is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from mentorkit.matching.columns import UNANSWERED, Coded, Column
from mentorkit.matching.people import Someone, wishes
from mentorkit.matching.pool import Index, Ints64, Side, in_order


class PackedSide(Side):
    """People by column, in the order of their external key, else their id.

    `columns` are packed answers by field. `keys`, `names` and `persons` may be left out: nobody
    then has an external key, a name, or a second entry. So may `held`, `places`, `cohorts` and
    `zones`: nobody then has a mentee already, belongs to a cohort, or told a zone. `asked` is, by
    id, as that of `Someone`.
    """

    def __init__(
        self,
        ids: Sequence[str],
        columns: Mapping[str, Column],
        *,
        capacity: NDArray[Any] | None = None,
        keys: Sequence[str] = (),
        names: Sequence[str] = (),
        persons: Sequence[str | None] = (),
        held: NDArray[Any] | None = None,
        places: NDArray[Any] | None = None,
        cohorts: Sequence[str] = (),
        zones: Sequence[str] = (),
        choices: Mapping[str, tuple[str, ...]] | None = None,
        asked: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(_Unpacked(self), tuple(columns))
        self._choices, self._asked = choices, asked or {}
        self._ids, self._packed = ids, dict(columns)
        self._keys, self._names, self._persons = keys, names, persons
        self._capacity = np.ones(len(ids), np.int64) if capacity is None else capacity
        self._held = np.zeros(len(ids), np.int64) if held is None else held
        self._places = self._held + self._capacity if places is None else places
        self._cohorts, self._zones = cohorts, zones
        # What the last one answered who was asked about: of ten pairs each has the same mentee.
        self._last: tuple[int, dict[str, Any]] = -1, {}

    @property
    def keys(self) -> Sequence[str]:
        return self._keys

    @property
    def persons(self) -> Sequence[str | None]:
        return self._persons

    @property
    def capacity(self) -> Ints64:
        return np.asarray(self._capacity, np.int64)

    @property
    def held(self) -> Ints64:
        return np.asarray(self._held, np.int64)

    @property
    def places(self) -> Ints64:
        return np.asarray(self._places, np.int64)

    @property
    def cohorts(self) -> Sequence[str]:
        return self._cohorts or [""] * len(self)

    @property
    def zones(self) -> Sequence[str]:
        return self._zones or [""] * len(self)

    @property
    def asks(self) -> bool:
        if self._choices is not None:
            return any(self._choices.get(id) for id in self.ids)
        return "choices" in self._packed and self._packed["choices"].answered

    def choices(self, at: int) -> tuple[str, ...]:
        if self._choices is not None:
            return self._choices.get(self.ids[at], ())
        return wishes({"choices": self.answer("choices", at)})

    def packed(self, field: str) -> Column:
        if field not in self._packed:
            self._packed[field] = Coded(np.full(len(self), UNANSWERED, np.int32), [])
        return self._packed[field]

    def answer(self, field: str, at: int) -> Any:
        who, known = self._last
        if who != at:
            who, known = self._last = at, {}
        if field not in known:
            column = self._packed.get(field)
            known[field] = None if column is None else column.at(at)
        return known[field]

    @property
    def answers(self) -> Sequence[Mapping[str, Any]]:
        if self._answers is None:
            self._answers = _Answers(self)
        return self._answers

    def take(self, index: Index) -> Side:
        if len(index) == len(self) and (index == np.arange(len(index))).all():
            return self

        def some(values: Sequence[Any]) -> list[Any]:
            return [values[at] for at in index] if len(values) else []

        return PackedSide(
            some(self.ids),
            {name: column.take(index) for name, column in self._packed.items()},
            capacity=self._capacity[index],
            keys=some(self._keys),
            names=some(self._names),
            persons=some(self._persons),
            held=self._held[index],
            places=self._places[index],
            cohorts=some(self._cohorts),
            zones=some(self._zones),
            choices=self._choices,
            asked=self._asked,
        )

    def someone(self, at: int) -> Someone:
        """Return one person as an object."""
        return Someone(
            key=self._keys[at] if len(self._keys) else "",
            id=self.ids[at],
            profile=_Profile(self._packed, at),
            capacity=int(self._capacity[at]),
            name=self._names[at] if len(self._names) else "",
            person_id=self._persons[at] if len(self._persons) else None,
            choices=self.choices(at),
            held=int(self._held[at]),
            places=int(self._places[at]),
            cohort=self._cohorts[at] if len(self._cohorts) else "",
            zone=self._zones[at] if len(self._zones) else "",
            asked=self._asked.get(self.ids[at], ""),
        )

    def __len__(self) -> int:
        return len(self.ids)


class _Profile(Mapping[str, Any]):
    """One person's answers, looked up when they are asked for."""

    __slots__ = ("_at", "_columns")

    def __init__(self, columns: Mapping[str, Column], at: int) -> None:
        self._columns, self._at = columns, at

    def __getitem__(self, name: str) -> Any:
        return self._columns[name].at(self._at)

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class _Answers(Sequence[Mapping[str, Any]]):
    """Everybody's answers to a side's fields, each person's put together once it is asked for."""

    def __init__(self, side: PackedSide) -> None:
        self._side, self._made = side, dict[int, Mapping[str, Any]]()

    @overload
    def __getitem__(self, at: int) -> Mapping[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Mapping[str, Any]]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self)))]
        at = range(len(self))[at]
        if at not in self._made:
            answers = {name: self._side.answer(name, at) for name in self._side.fields}
            self._made[at] = MappingProxyType(answers)
        return self._made[at]

    def __len__(self) -> int:
        return len(self._side)


class _Unpacked(Sequence[Someone]):
    """The people of a packed side, made when they are asked for."""

    def __init__(self, side: PackedSide) -> None:
        self._side = side

    @overload
    def __getitem__(self, at: int) -> Someone: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Someone]: ...
    def __getitem__(self, at: Any) -> Any:
        if isinstance(at, slice):
            return [self._side.someone(one) for one in range(*at.indices(len(self)))]
        return self._side.someone(range(len(self))[at])

    def __len__(self) -> int:
        return len(self._side.ids)


def pack(people: Iterable[Someone], fields: Iterable[str]) -> PackedSide:
    """Return people as columns of these fields, sorted as a pool sorts them."""
    ordered = in_order(people)
    side = Side(ordered)
    return PackedSide(
        [one.id for one in ordered],
        {name: side.packed(name) for name in fields},
        capacity=side.capacity,
        keys=side.keys,
        names=[one.name for one in ordered],
        persons=side.persons,
        held=side.held,
        places=side.places,
        cohorts=side.cohorts,
        zones=side.zones,
        choices={one.id: one.choices for one in ordered if one.choices},
        asked={one.id: one.asked for one in ordered if one.asked},
    )
