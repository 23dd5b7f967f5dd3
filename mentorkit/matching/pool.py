"""The people of one run, in a fixed order, and their answers packed into columns.

A field is packed when it is first asked for; what two fields have in common (codes, bits, numbers)
when a form first compares them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from operator import lt
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from mentorkit.domain.fields import Field
from mentorkit.domain.relationships import Reason
from mentorkit.errors import Invalid, Problem
from mentorkit.matching.columns import (
    UNANSWERED,
    Coded,
    Codes,
    Column,
    Floats,
    Sets,
    Vocabulary,
    Words,
    answer,
    bits_of,
)
from mentorkit.matching.people import Someone

__all__ = ["UNANSWERED", "Codes", "Floats", "Index", "Pool", "Sets", "Side", "Words", "answer"]

Ints64 = NDArray[np.int64]
Index = NDArray[np.intp]
T = TypeVar("T")

SAME_PERSON = Reason(code="same_person")
APART = "blocked"
"""Why two must never meet, also where both are on one side and others are there."""


class Side:
    """Everybody on one side, or some of them: the `Block` that plugins are given.

    People stand in the order of their external key, else their id. `answers` gives each person as
    a mapping of every profile field, with None for what was not answered.
    """

    def __init__(self, people: Sequence[Someone], fields: Collection[str] = ()) -> None:
        self.people = people
        self.fields = tuple(fields)
        self._ids: Sequence[str] | None = None
        self._at: dict[str, int] | None = None
        self._packed: dict[str, Column] = {}
        self._columns: dict[str, list[Any]] = {}
        self._answers: Sequence[Mapping[str, Any]] | None = None

    @property
    def ids(self) -> Sequence[str]:
        if self._ids is None:
            self._ids = tuple(someone.id for someone in self.people)
        return self._ids

    @property
    def at(self) -> Mapping[str, int]:
        """Where each id stands."""
        if self._at is None:
            self._at = {one: i for i, one in enumerate(self.ids)}
        return self._at

    @property
    def keys(self) -> Sequence[str]:
        """Each one's external key, "" for none."""
        return [someone.key for someone in self.people]

    @property
    def persons(self) -> Sequence[str | None]:
        """The person behind each, where it is known."""
        return [someone.person_id for someone in self.people]

    @property
    def capacity(self) -> Ints64:
        return np.array([someone.capacity for someone in self.people], np.int64)

    @property
    def held(self) -> Ints64:
        """How many mentees each one has already."""
        return np.array([someone.held for someone in self.people], np.int64)

    @property
    def places(self) -> Ints64:
        """How many mentees each one can have at once, those they have and those to come."""
        told = np.array([someone.places for someone in self.people], np.int64)
        return np.where(told > 0, told, self.held + self.capacity)

    @property
    def cohorts(self) -> Sequence[str]:
        """The cohort of each, "" for none."""
        return [someone.cohort for someone in self.people]

    @property
    def zones(self) -> Sequence[str]:
        """The time zone of each one's clock, "" where they have told none."""
        return [someone.zone for someone in self.people]

    @property
    def asks(self) -> bool:
        """Whether anybody asked for anybody."""
        return any(someone.choices for someone in self.people)

    def choices(self, at: int) -> tuple[str, ...]:
        """Return whom somebody asked for, by id or key."""
        return self.people[at].choices

    def answer(self, field: str, at: int) -> Any:
        """Return one person's answer."""
        return answer(self.people[at].profile.get(field))

    def packed(self, field: str) -> Column:
        """Return everybody's answer to this field, packed."""
        if field not in self._packed:
            self._packed[field] = Coded.of(someone.profile.get(field) for someone in self.people)
        return self._packed[field]

    def column(self, field: str) -> list[Any]:
        """Return everybody's answer to this field, None where there is none."""
        if field not in self._columns:
            self._columns[field] = self.packed(field).values()
        return self._columns[field]

    @property
    def answers(self) -> Sequence[Mapping[str, Any]]:
        if self._answers is None:
            self._answers = [
                MappingProxyType(dict(zip(self.fields, row, strict=True)))
                for row in zip(*(self.column(name) for name in self.fields), strict=True)
            ] or [MappingProxyType({}) for _ in self.people]
        return self._answers

    def take(self, index: Index) -> Side:
        """Return these people as a block of their own; everybody is the same block again."""
        if len(index) == len(self.people) and (index == np.arange(len(index))).all():
            return self
        return Side([self.people[i] for i in index], self.fields)

    def __iter__(self) -> Iterator[Someone]:
        return iter(self.people)

    def __len__(self) -> int:
        return len(self.people)


@dataclass(frozen=True, slots=True, eq=False)
class Partition:
    """Who is in which group, as codes, -1 for none: nobody is paired across two groups."""

    mentees: Codes
    mentors: Codes
    reason: Reason

    @property
    def part(self) -> bool:
        """Whether anybody is kept from anybody."""
        there = {*np.unique(self.mentees).tolist()}, {*np.unique(self.mentors).tolist()}
        mine, theirs = (one - {UNANSWERED} for one in there)
        return bool(mine and theirs and len(mine | theirs) > 1)

    def let(self, mentees: Index, mentors: Index) -> NDArray[np.bool_]:
        """Return where the two are in one group, or one of them in none; indices broadcast."""
        mine, theirs = self.mentees[mentees], self.mentors[mentors]
        fit: NDArray[np.bool_] = (mine == theirs) | (mine == UNANSWERED) | (theirs == UNANSWERED)
        return fit

    def words(self) -> tuple[Words, Words]:
        """Return both as bits of which two have one in common where they may be paired.

        A bit a group, and one that every mentor has for whoever is in none.
        """
        known, codes = np.unique(
            np.concatenate([[UNANSWERED], self.mentees, self.mentors]), return_inverse=True
        )
        bits = np.eye(len(known), dtype=np.bool_)
        mine = bits_of(bits)[codes[1 : 1 + len(self.mentees)]]
        bits[0], bits[:, 0] = True, True  # the lowest code is that of no group
        return mine, bits_of(bits)[codes[1 + len(self.mentees) :]]


@dataclass(slots=True)
class _Packed:
    columns: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def get(self, key: tuple[str, str, str], make: Callable[[], T]) -> T:
        if key not in self.columns:
            self.columns[key] = make()
        packed: T = self.columns[key]
        return packed


class Pool:
    """Who is to be matched: mentees, mentors, what they answered, and who must never meet.

    `past` holds the (mentee id, mentor id) pairs that were together before, for the rule
    `PastPair`. `forbidden` holds the pairs that a safeguard refuses, with the reason or its
    code; no rule, lock or assigner gets past it. Two entries of one person (`person_id`) are
    always forbidden. `apart` are those of `forbidden`, by id, who must not be in one group either,
    whichever side they are on. `day` is the first of those for which weekly times are compared.

    Raises `Invalid` when an id is given twice on one side, or a capacity is negative.
    """

    day: date | None

    def __init__(
        self,
        mentees: Iterable[Someone],
        mentors: Iterable[Someone],
        fields: Mapping[str, Field],
        past: Collection[tuple[str, str]] = (),
        forbidden: Mapping[tuple[str, str], Reason | str] | None = None,
        day: date | None = None,
    ) -> None:
        lists = {"mentees": in_order(mentees), "mentors": in_order(mentors)}
        problems = [p for side, people in lists.items() for p in _check(side, people)]
        if problems:
            raise Invalid("pool.invalid", "These people cannot be matched:", problems)
        answered = {key for people in lists.values() for one in people for key in one.profile}
        columns = (*fields, *sorted(answered - set(fields)))
        sides = Side(lists["mentees"], columns), Side(lists["mentors"], columns)
        self._hold(*sides, fields, past, forbidden or {})
        self.day = day

    @classmethod
    def of(
        cls,
        mentees: Side,
        mentors: Side,
        fields: Mapping[str, Field],
        past: Collection[tuple[str, str]] = (),
        forbidden: Mapping[tuple[str, str], Reason | str] | None = None,
        day: date | None = None,
        partition: Partition | None = None,
    ) -> Pool:
        """Return a pool of sides that are packed already, in the order of their keys, else ids.

        `partition` is a safeguard, as `forbidden` is: nobody is paired across two groups of it.
        Raises `Invalid` when a side is in another order, on which who wins a tie would hang, or
        when an id is given twice on it.
        """
        problems = [*_misplaced("mentees", mentees), *_misplaced("mentors", mentors)]
        if problems:
            raise Invalid("pool.invalid", "These people cannot be matched:", problems)
        pool = cls.__new__(cls)
        pool._hold(mentees, mentors, fields, past, forbidden or {})
        pool.day = day
        pool.partition = partition
        return pool

    def _hold(
        self,
        mentees: Side,
        mentors: Side,
        fields: Mapping[str, Field],
        past: Collection[tuple[str, str]],
        forbidden: Mapping[tuple[str, str], Reason | str],
    ) -> None:
        self.fields = dict(fields)
        self.mentees, self.mentors = mentees, mentors
        self.capacity: Ints64 = mentors.capacity
        self.past = self._pairs(past)
        self.forbidden = {**self._same_people(), **self._reasons(forbidden)}
        self.partition: Partition | None = None
        self.apart = frozenset(
            two
            for two, reason in forbidden.items()
            if (reason if isinstance(reason, str) else reason.code) == APART
        )
        self._packed = _Packed()

    @property
    def mentee_at(self) -> Mapping[str, int]:
        return self.mentees.at

    @property
    def mentor_at(self) -> Mapping[str, int]:
        return self.mentors.at

    @property
    def cells(self) -> int:
        """Return how many pairs there are to think of."""
        return len(self.mentees) * len(self.mentors)

    def choices(self, mentee: int) -> tuple[int, ...]:
        """Return the mentors this mentee asked for, most wanted first; strangers are left out."""
        wanted = self.mentees.choices(mentee)
        named = self.named("mentors")
        return tuple(dict.fromkeys(named[name] for name in wanted if name in named))

    def mentor_choices(self, mentor: int) -> tuple[int, ...]:
        """Return the mentees this mentor asked for, most wanted first; strangers are left out."""
        wanted = self.mentors.choices(mentor)
        named = self.named("mentees")
        return tuple(dict.fromkeys(named[name] for name in wanted if name in named))

    def strangers(self, mentee: int) -> tuple[str, ...]:
        """Return whom this mentee asked for that is no mentor of this run, as it was written."""
        wanted = self.mentees.choices(mentee)
        named = self.named("mentors")
        return tuple(dict.fromkeys(name for name in wanted if name not in named))

    def named(self, side: str) -> dict[str, int]:
        """Return where those of a side ("mentors") stand by id, and by key where that is no id."""
        people: Side = getattr(self, side)
        return self._packed.get(("named", side, ""), lambda: _names_of(people))

    def refusal(self, mentee: int, mentor: int) -> Reason | None:
        """Return why a safeguard refuses this pair, or None; a full mentor is another matter."""
        reason = self.forbidden.get((mentee, mentor))
        if reason is None and self.partition is not None:
            mine, theirs = self.partition.mentees[mentee], self.partition.mentors[mentor]
            reason = self.partition.reason if UNANSWERED < mine != theirs > UNANSWERED else None
        return reason

    def with_columns(self, names: Iterable[str]) -> None:
        """Give every person's answers these fields too, as None where nobody answered them."""
        for side in (self.mentees, self.mentors):
            missing = [name for name in names if name not in side.fields]
            if missing:
                side.fields = (*side.fields, *missing)
                side._answers = None

    def forget(self) -> None:
        """Forget what was packed for comparing, as after an answer has changed."""
        self._packed = _Packed()

    # ------------------------------------------------------------------ packed columns

    def codes(self, mentee_field: str, mentor_field: str) -> tuple[Codes, Codes]:
        """Return both columns as codes: the same answer has the same code, -1 is unanswered."""
        return self._packed.get(
            ("codes", mentee_field, mentor_field), lambda: self._codes(mentee_field, mentor_field)
        )

    def sets(self, mentee_field: str, mentor_field: str) -> Sets:
        """Return both columns as bit sets; a single answer is a set of one."""
        return self._packed.get(
            ("sets", mentee_field, mentor_field), lambda: self._sets(mentee_field, mentor_field)
        )

    def numbers(self, mentee_field: str, mentor_field: str) -> tuple[Floats, Floats]:
        """Return both columns as numbers, an ordered option as its position; nan is unanswered."""
        return (
            self._packed.get(
                ("numbers", "mentees", mentee_field),
                lambda: self._numbers(self.mentees, mentee_field),
            ),
            self._packed.get(
                ("numbers", "mentors", mentor_field),
                lambda: self._numbers(self.mentors, mentor_field),
            ),
        )

    def vectors(self, mentee_field: str, mentor_field: str) -> tuple[Floats, Floats]:
        """Return both columns as unit vectors (people, length); a row of nan is unanswered."""
        return self._packed.get(
            ("vectors", mentee_field, mentor_field),
            lambda: self._vectors(mentee_field, mentor_field),
        )

    def once(self, key: tuple[str, str, str], make: Callable[[], T]) -> T:
        """Return what is made of these people for a form, made when it is first asked for."""
        return self._packed.get(key, make)

    def field(self, name: str) -> Field:
        """Return the declared field, or a text field where none is declared."""
        return self.fields.get(name) or Field(id=name)

    # ------------------------------------------------------------------ how they are packed

    def _codes(self, mentee_field: str, mentor_field: str) -> tuple[Codes, Codes]:
        vocabulary: Vocabulary = {}
        return (
            self.mentees.packed(mentee_field).compared(vocabulary),
            self.mentors.packed(mentor_field).compared(vocabulary),
        )

    def _sets(self, mentee_field: str, mentor_field: str) -> Sets:
        return Sets.of(self.mentees.packed(mentee_field), self.mentors.packed(mentor_field))

    def _numbers(self, side: Side, name: str) -> Floats:
        spec, column = self.field(name), side.packed(name)
        answers = column.answers if isinstance(column, Coded) else column.values()
        values = [spec.position(one) if spec.kind == "ordered" else one for one in answers]
        what = "an option of the field" if spec.kind == "ordered" else "a number"
        problems = [
            Problem(f"{someone}.{name}", f"{value!r} is not {what}")
            for code, (number, value) in enumerate(zip(values, answers, strict=True))
            if not isinstance(number, (int, float))
            for someone in _who(side, column, code)
        ]
        if problems:
            raise Invalid("pool.answer", "Some answers do not fit their field:", problems)
        return column.of_each(values, np.nan, np.float64)

    def _vectors(self, mentee_field: str, mentor_field: str) -> tuple[Floats, Floats]:
        columns = [
            (self.mentees, mentee_field, self.mentees.column(mentee_field)),
            (self.mentors, mentor_field, self.mentors.column(mentor_field)),
        ]
        length = next((len(v) for _, _, values in columns for v in values if v is not None), 0)
        packed, problems = [], []
        for side, name, values in columns:
            array = np.full((len(values), length), np.nan)
            for i, vector in enumerate(values):
                if vector is None:
                    continue
                if len(vector) != length:
                    problems.append(
                        Problem(
                            f"{side.ids[i]}.{name}",
                            f"has {len(vector)} numbers, the others have {length}; compute the "
                            "feature again so that all have the same length",
                        )
                    )
                    continue
                size = float(np.linalg.norm(np.asarray(vector, np.float64)))
                if size > 0:  # a vector of zeros points nowhere: no opinion
                    array[i] = np.asarray(vector, np.float64) / size
            packed.append(array)
        if problems:
            raise Invalid("pool.answer", "Some answers do not fit their field:", problems)
        return packed[0], packed[1]

    # ------------------------------------------------------------------ pairs by id

    def _pairs(self, pairs: Collection[tuple[str, str]]) -> frozenset[tuple[int, int]]:
        return frozenset(
            (self.mentee_at[mentee], self.mentor_at[mentor])
            for mentee, mentor in pairs
            if mentee in self.mentee_at and mentor in self.mentor_at
        )

    def _reasons(
        self, pairs: Mapping[tuple[str, str], Reason | str]
    ) -> dict[tuple[int, int], Reason]:
        return {
            (self.mentee_at[mentee], self.mentor_at[mentor]): (
                Reason(code=reason) if isinstance(reason, str) else reason
            )
            for (mentee, mentor), reason in pairs.items()
            if mentee in self.mentee_at and mentor in self.mentor_at
        }

    def _same_people(self) -> dict[tuple[int, int], Reason]:
        mine = {person for person in self.mentees.persons if person is not None}
        if mine.isdisjoint(self.mentors.persons):
            return {}
        by_person: dict[str, list[int]] = {}
        for j, person in enumerate(self.mentors.persons):
            if person in mine:
                by_person.setdefault(person, []).append(j)
        return {
            (i, j): SAME_PERSON
            for i, person in enumerate(self.mentees.persons)
            if person is not None
            for j in by_person.get(person, ())
        }


def _names_of(side: Side) -> dict[str, int]:
    return {**{key: at for at, key in enumerate(side.keys) if key}, **side.at}


def in_order(people: Iterable[Someone]) -> list[Someone]:
    """Return people as they stand in a pool, whatever order they came in."""
    return sorted(people, key=lambda someone: (someone.key or someone.id, someone.id))


def _check(side: str, people: Sequence[Someone]) -> list[Problem]:
    problems, seen = [], set()
    for someone in people:
        if someone.id in seen:
            problems.append(Problem(f"{side}.{someone.id}", "is there twice; keep one of them"))
        seen.add(someone.id)
        if someone.capacity < 0:
            problems.append(
                Problem(f"{side}.{someone.id}.capacity", "write a whole number from 0 up")
            )
    return problems


def _misplaced(name: str, side: Side) -> Iterator[Problem]:
    """Yield what is wrong with the ids of a side, or with the first who stands in a wrong place."""
    if len(side.at) < len(side.ids):
        twice = Counter(side.ids).most_common(1)[0][0]
        yield Problem(f"{name}.{twice}", "is there twice; keep one of them")
    called = [key or id for key, id in zip(side.keys or side.ids, side.ids, strict=True)]
    if all(map(lt, called, called[1:])):
        return
    places = list(zip(called, side.ids, strict=True))
    if places != sorted(places):
        at = next(at for at in range(1, len(places)) if places[at] < places[at - 1])
        told = f"stands after {side.ids[at - 1]}; sort people by their key, else their id"
        yield Problem(f"{name}.{side.ids[at]}", told)


def _who(side: Side, column: Column, code: int) -> Iterator[str]:
    """Yield the ids of who gave an answer, by its place among the distinct ones."""
    codes = column.codes if isinstance(column, Coded) else np.arange(len(column))
    for at in np.flatnonzero(codes == code).tolist():
        yield side.ids[at]
