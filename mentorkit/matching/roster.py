"""Everybody of a program whom a run may consider, by column, and the pools that are made of them.

A roster is never changed: what is new makes another, and what is the same is shared.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from itertools import chain, compress
from operator import eq, lt
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mentorkit.domain.fields import Field
from mentorkit.domain.relationships import Reason
from mentorkit.matching.columns import (
    UNANSWERED,
    Bits,
    Coded,
    Column,
    answer,
    bits_of,
    narrow,
)
from mentorkit.matching.distinct import Sets, coded, parsed, spread
from mentorkit.matching.packed import PackedSide
from mentorkit.matching.pool import Index, Partition, Pool

Numbers = NDArray[Any]
Places = Mapping[str, Mapping[str, int]]
"""By role, how many places each has, by id."""

NO_YEAR = -1
MANY_ANSWERS = 256
"""From so many different answers on, sets are kept as bits."""
MOST_OPTIONS = 1024


class Given(Protocol):
    """What a store gives; `mentorkit.store.rosters.Roster` says what each column holds."""

    @property
    def plain(self) -> Mapping[str, Sequence[Any]]: ...
    @property
    def answers(self) -> Mapping[str, Sequence[str | None]]: ...
    @property
    def paired(self) -> bool: ...


@dataclass(frozen=True, eq=False)
class Roster:
    """People in the order of their external key, else their id; `names` may be left out."""

    ids: Sequence[str]
    persons: Sequence[str]
    keys: Sequence[str]
    names: Sequence[str]
    role: Coded
    cohort: Coded
    zone: Coded
    signed: Coded
    capacity: Numbers
    used: Numbers
    born: Numbers
    version: Numbers
    columns: Mapping[str, Column]

    @classmethod
    def of(cls, given: Given, fields: Mapping[str, Field]) -> Roster:
        """Pack what the store gives, in whatever order it came."""
        plain = given.plain
        keys = [key or "" for key in plain["key"]]
        born = [NO_YEAR if year is None else year for year in plain["born"]]
        codes, signed = coded(plain["signed"])
        made: dict[str, Any] = {
            "ids": plain["id"], "persons": plain["person"], "keys": keys, "names": plain["name"],
            "born": narrow(born),
            "columns": {
                name: _column(*parsed(column, paired=given.paired), fields.get(name))
                for name, column in given.answers.items()
            },
            "role": _coded(*coded(plain["role"])),
            "cohort": _coded(*coded(plain["cohort"])),
            "zone": _coded(*coded(plain["zone"])),
            "signed": _coded(codes, [tuple(json.loads(one)) for one in signed]),
        }  # fmt: skip
        made |= {name: narrow(plain[name]) for name in ("capacity", "used", "version")}
        return cls(**made)._sorted(range(len(keys)))

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def at(self) -> Mapping[str, int]:
        """Where each id stands."""
        return {id: at for at, id in enumerate(self.ids)}

    # ------------------------------------------------------------------ who is there

    def free(
        self,
        taken: Mapping[str, int],
        *,
        cohort: Callable[[str | None], bool],
        signed: Callable[[str, Sequence[str]], bool],
        born: Callable[[int | None], bool],
    ) -> dict[str, dict[str, int]]:
        """Return, by role, whoever has places left and passes, with how many, by id.

        `taken` are places by id beside those that are used.
        """
        places = self.capacity.astype(np.int64) - self.used
        for id, count in taken.items():
            if id in self.at:
                places[self.at[id]] -= count
        years, of = np.unique(self.born, return_inverse=True)
        passes = np.array([born(None if y == NO_YEAR else y) for y in years.tolist()], np.bool_)
        there = (places > 0) & passes[of.reshape(-1)]
        there &= self.cohort.of_each(
            [cohort(one) for one in self.cohort.answers], cohort(None), np.bool_
        )
        found = {}
        for role in ("mentee", "mentor", "both"):
            has = [signed(role, one) for one in self.signed.answers]
            mine = self.role.of_each([one == role for one in self.role.answers], False, np.bool_)
            mine &= self.signed.of_each(has, signed(role, ()), np.bool_)
            index = np.flatnonzero(there & mine)
            found[role] = dict(
                zip([self.ids[i] for i in index.tolist()], places[index].tolist(), strict=True)
            )
        return found

    def known(self, names: Collection[str]) -> dict[str, str]:
        """Return the ids of these keys and ids; an id comes before somebody's key."""
        return {
            name: id
            for key, id in zip(self.keys, self.ids, strict=True)
            for name in (key, id)
            if name in names
        } if names else {}  # fmt: skip

    def holders(self, persons: Collection[str]) -> dict[str, list[str]]:
        """Return who of these persons is here, by person."""
        found: dict[str, list[str]] = {}
        for person, id in zip(self.persons, self.ids, strict=True) if persons else ():
            if person in persons:
                found.setdefault(person, []).append(id)
        return found

    # ------------------------------------------------------------------ a pool of them

    def pool(
        self,
        places: Places,
        fields: Mapping[str, Field],
        taken: Mapping[str, int],
        zone: Callable[[str], str],
        day: date | None = None,
        *,
        past: Collection[tuple[str, str]] = (),
        forbidden: Mapping[tuple[str, str], Reason | str] | None = None,
        asked: Mapping[str, str] | None = None,
    ) -> Pool:
        """Return the pool of whoever has a place; nobody meets somebody of another cohort.

        `taken` are places by id beside those that are used, `zone` gives the clock of whoever told
        a time zone, and `day` is that of the run.
        """
        mine, theirs = (self._index(places[role]) for role in ("mentee", "mentor"))
        cohort = self.cohort.codes
        cohorts = Partition(cohort[mine], cohort[theirs], Reason(code="other_cohort"))
        return Pool.of(
            self._side(mine, places["mentee"], taken, zone, asked or {}),
            self._side(theirs, places["mentor"], taken, zone, asked or {}),
            fields,
            past,
            forbidden,
            day=day,
            partition=cohorts if cohorts.part else None,
        )

    def apart(self, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Return those of these pairs who are in different cohorts."""
        cohort = self.cohort.codes
        found = set()
        for two in pairs:
            at = [self.at.get(one) for one in two]
            if None not in at and -1 < cohort[at[0]] != cohort[at[1]] > -1:
                found.add(two)
        return found

    def _side(
        self,
        index: Index,
        places: Mapping[str, int],
        taken: Mapping[str, int],
        zone: Callable[[str], str],
        asked: Mapping[str, str],
    ) -> PackedSide:
        some = self.take(index)
        promised = [taken.get(id, 0) for id in some.ids] if taken else [0] * len(index)
        clocks = [zone(own or "UTC") for own in (*some.zone.answers, None)]
        return PackedSide(
            some.ids,
            some.columns,
            capacity=np.array([places[id] for id in some.ids], np.int64),
            keys=some.keys,
            names=some.names,
            persons=some.persons,
            held=some.used + np.array(promised, np.int64),
            places=some.capacity.astype(np.int64),
            cohorts=[cohort or "" for cohort in some.cohort.values()],
            zones=[clocks[code] for code in some.zone.codes.tolist()],
            asked=asked,
        )

    def _index(self, places: Mapping[str, int]) -> Index:
        """Return where those stand who have a place."""
        some = {id for id, count in places.items() if count}
        return np.flatnonzero(np.fromiter(map(some.__contains__, self.ids), np.bool_, len(self)))

    # ------------------------------------------------------------------ changes

    def take(self, index: Index) -> Roster:
        """Return these of them, in this order."""
        if len(index) == len(self) and (index == np.arange(len(index))).all():
            return self
        at = index.tolist()
        made: dict[str, Any] = {
            name: list(map(values.__getitem__, at)) if len(values := getattr(self, name)) else []
            for name in _LISTS
        }
        made |= {name: getattr(self, name).take(index) for name in CODED}
        made |= {name: getattr(self, name)[index] for name in NUMBERS}
        made["columns"] = {name: column.take(index) for name, column in self.columns.items()}
        return Roster(**made)

    def changed(self, gone: Collection[str], fresh: Roster) -> Roster:
        """Return the roster without those who are `gone`, and with those who are new or changed."""
        mine, both = len(self), self._and(fresh)
        at = [self.at.get(id, -1) for id in fresh.ids]
        if not gone and all(
            i >= 0 and self.keys[i] == k for i, k in zip(at, fresh.keys, strict=True)
        ):
            order = np.arange(mine)
            order[at] = mine + np.arange(len(fresh))  # everybody stands where they stood
            return both.take(order)
        out = {*gone, *fresh.ids}
        stay = [i for i, id in enumerate(self.ids) if id not in out]
        return both._sorted([*stay, *range(mine, mine + len(fresh))])

    def _and(self, others: Roster) -> Roster:
        """Return these and others, the others last."""
        pairs = {n: (getattr(self, n), getattr(others, n)) for n in (*_LISTS, *CODED, *NUMBERS)}
        made: dict[str, Any] = {name: [*pairs[name][0], *pairs[name][1]] for name in _LISTS}
        made |= {name: joined(*pairs[name]) for name in CODED}
        made |= {name: np.concatenate(pairs[name]) for name in NUMBERS}
        made["columns"] = {n: joined(one, others.columns[n]) for n, one in self.columns.items()}
        return Roster(**made)

    def unnamed(self) -> Roster:
        """Return the same without anybody's name."""
        return replace(self, names=[])

    def _sorted(self, index: Sequence[int]) -> Roster:
        """Return these of them in the order of their key, else their id."""
        called = [self.keys[at] or self.ids[at] for at in index]
        if all(map(lt, called, called[1:])):
            return self.take(np.array(index, np.intp))
        places = sorted(range(len(called)), key=called.__getitem__)
        names = [called[place] for place in places]
        if any(map(eq, names, names[1:])):  # two of one name: by id
            places.sort(key=lambda place: (called[place], self.ids[index[place]]))
        return self.take(np.array(index, np.intp)[places])


_LISTS = ("ids", "persons", "keys", "names")
CODED = ("role", "cohort", "zone", "signed")
NUMBERS = ("capacity", "used", "born", "version")


def _coded(codes: Sequence[int], values: Sequence[Any]) -> Coded:
    """Return a column whose distinct values hold nothing that is no answer."""
    told = [answer(value) is not None for value in values]
    there = list(compress(values, told))
    to = np.full(len(values), UNANSWERED, np.int32)
    to[told] = np.arange(len(there))
    return Coded(narrow(to)[np.array(codes, np.intp)], there)


def _column(codes: Sequence[int], values: Any, field: Field | None) -> Column:
    """Return a column of what the store gives: distinct values, or sets by their members."""
    if not isinstance(values, Sets):
        return as_bits(_coded(codes, values), field)
    members, counts = (np.array(one, np.intp) for one in (values.members, values.counts))
    ranked = _ranked(values.options, field)
    bits = _in_order(np.array(codes, np.intp), values.options, members, counts, ranked)
    return Coded.of(spread((codes, values))) if bits is None else bits


def as_bits(column: Coded, field: Field | None) -> Column:
    """Return sets of which many differ as bits, where these say the same, order and all."""
    sets = _members_of(column) if len(column.answers) >= MANY_ANSWERS else None
    bits = None
    if sets is not None:
        bits = _in_order(column.codes, *sets, _ranked(sets[0], field))
    return column if bits is None else bits


def joined(first: Column, second: Column) -> Column:
    """Return two columns as one; the second is the shorter."""
    right = second if isinstance(second, Coded) else Coded.of(second.values())
    if isinstance(first, Bits):
        sets = _members_of(right)
        more = None if sets is None else _in_order(right.codes, *sets, first.options)
        if more is not None:
            return Bits(np.concatenate([first.words, more.words]), first.options)
    left = first if isinstance(first, Coded) else Coded.of(first.values())
    return left.and_of(right)


def _ranked(options: Sequence[Any], field: Field | None) -> list[Any]:
    """Return the options in the order in which people are taken to name them."""
    if field is not None and field.choices:
        return list(field.choices)
    kinds = set(map(type, options))
    return sorted(options) if kinds in ({str}, {int}) else list(options)


def _members_of(column: Coded) -> tuple[list[Any], Index, Index] | None:
    """Return options, members (places of options) and how many each answer has; None: no sets."""
    if not {tuple}.issuperset(map(type, column.answers)):
        return None
    flat = list(chain.from_iterable(column.answers))
    kinds = set(map(type, flat))
    if len(kinds) > 1 or kinds - {str, int}:  # vectors are no sets
        return None
    known = {option: at for at, option in enumerate(dict.fromkeys(flat))}
    members = np.array([known[one] for one in flat], np.intp)
    return list(known), members, np.array([len(one) for one in column.answers], np.intp)


def _in_order(
    codes: NDArray[Any], options: Sequence[Any], members: Index, counts: Index,
    ranked: Sequence[Any],
) -> Bits | None:  # fmt: skip
    """Return sets as bits, or None where that would lose something: a type, or the order."""
    kinds = {*map(type, options), *map(type, ranked)}
    number = {option: at for at, option in enumerate(ranked)}
    plain = len(kinds) <= 1 and kinds <= {str, int}
    if not plain or len(ranked) > MOST_OPTIONS or not number.keys() >= set(options):
        return None
    flat = np.array([number[one] for one in options], np.intp)[members]
    row = np.repeat(np.arange(len(counts)), counts)
    if ((np.diff(flat) <= 0) & (np.diff(row) == 0)).any():
        return None
    chosen = np.zeros((len(counts) + 1, len(ranked)), np.bool_)  # the last for who chose none
    chosen[row, flat] = True
    return Bits(bits_of(chosen)[codes], list(ranked))
