"""From a bound strategy and a pool to a tape: which passes a scan makes, over which columns.

Every number on a tape comes from the numpy meaning of the forms (`forms.py`) or from the same
arithmetic on the few values there can be, so a scan gives the same scores to the last point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray

from mentorkit.hooks.forms import (
    Above,
    Availability,
    Closeness,
    Contains,
    Cosine,
    Differs,
    Equal,
    Form,
    Load,
    MinAvailability,
    MinOverlap,
    Overlap,
    PastPair,
    Prior,
    RuleForm,
    Same,
    SameCohort,
    SetOverlap,
    SharedWords,
    SharesAny,
    Together,
)
from mentorkit.matching import passes
from mentorkit.matching.binding import BoundStrategy
from mentorkit.matching.forms import brought, compared, mask_of, part_codes, parts_of, value_of
from mentorkit.matching.passes import Tape
from mentorkit.matching.pool import Codes, Floats, Index, Pool, Sets
from mentorkit.matching.scan import Scan
from mentorkit.matching.texts import Texts, joined, texts_of
from mentorkit.matching.weekly import Weeks, weeks_of

Values = NDArray[np.int64]
Rows = Callable[[int], list[tuple[Sequence[int], Sequence[int]]]]
"""Given points, returns for each value of a mentee the entries (x, points) of a pass."""

FEW = 12
"""Up to so many entries each is a loop of its own; more become a table."""
BYTE = 254
"""So many different answers fit a byte, beside those of who has not answered."""
NOBODY = 255
"""The byte of a mentee who has not answered: no mentor has it. A mentor's is 0."""
TABLE_CELLS = 1 << 20
COLUMNS = 4
"""Up to so many worths of a mentor's own value are a column of points each, of 2 bytes, which is
fastest; of more, the value itself is, in 8.
"""
PATTERNS = 1 << 12
"""How many ways there may be, of which criteria have an opinion, for a tape to be worth it."""


def tape_of(scan: Scan) -> Tape | None:
    """Return the tape of a scan, or None where a plugin's own code has to be asked for pairs."""
    pool, bound = scan.pool, scan.bound
    criteria = [one.criterion.declared for one in bound.criteria]
    rules = [one.rule.declared for one in bound.rules]
    if any(form is None for form in (*criteria, *rules)):
        return None
    work = _Plan(scan, pool, bound)
    return work.tape([form for form in criteria if form], [form for form in rules if form])


@dataclass(slots=True)
class _Pass:
    kind: int
    column: int = 0
    argument: int = 0
    value_row: int = 0
    criterion: int | None = None
    rows: Rows | None = None
    theirs: Floats | None = None  # what each mentor's own value is, for `passes.PLUS`


@dataclass(slots=True)
class _Column:
    """Rows of one type: what the mentors have, and what the mentees have."""

    mentors: list[NDArray[Any]] = field(default_factory=list)
    mentees: list[NDArray[Any] | None] = field(default_factory=list)

    def add(self, mentors: NDArray[Any], mentees: NDArray[Any] | None = None) -> int:
        self.mentors.append(mentors)
        self.mentees.append(mentees)
        return len(self.mentors) - 1


class _Unfit(Exception):
    """Raised where a tape would be larger than it is worth."""


class _Plan:
    def __init__(self, scan: Scan, pool: Pool, bound: BoundStrategy) -> None:
        self.scan, self.pool, self.bound = scan, pool, bound
        self.everyone = scan.everyone
        self.words, self.bytes, self.codes = _Column(), _Column(), _Column()
        self.numbers, self.shorts = _Column(), _Column()
        self.values: list[NDArray[Any]] = [np.zeros(len(pool.mentees), np.int64)]
        self.settings: list[float] = []
        self.passes: list[_Pass] = []
        self._packed: dict[tuple[int, int], tuple[bool, int]] = {}
        self._weeks: dict[int, int] = {}
        self._texts: list[Texts] = []
        self._most = 0

    def tape(self, criteria: Sequence[Form], rules: Sequence[RuleForm]) -> Tape | None:
        try:
            heard = self._heard(criteria)
            for pair, users in _by_columns(criteria, rules):
                self._sets(self.pool.sets(*pair), users, criteria, rules)
            for index, form in enumerate(criteria):
                self._criterion(index, form)
            for rule in rules:
                self._rule(rule)
            if self.pool.partition is not None:
                self._groups(*self.pool.partition.words())
            return self._written(heard, any(isinstance(form, PastPair) for form in rules))
        except _Unfit:
            return None

    # ------------------------------------------------------------------ who has an opinion

    def _heard(self, criteria: Sequence[Form]) -> tuple[Values, Values]:
        """Return, for each mentee and each mentor, the criteria they have answered, as bits."""
        mine = np.zeros(len(self.pool.mentees), np.int64)
        theirs = np.zeros(len(self.pool.mentors), np.int64)
        for index, form in enumerate(criteria):
            left, right = self._answered(form)
            mine |= left.astype(np.int64) << index
            theirs |= right.astype(np.int64) << index
        return mine, theirs

    def _answered(self, form: Form) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        pool = self.pool
        other = _other(form)
        match form:
            case SetOverlap() | Overlap() | Contains():
                sets = pool.sets(form.field, other)
                return sets.mentee_counts > 0, sets.mentor_counts > 0
            case Equal():
                left, right = pool.codes(form.field, other)
                return left >= 0, right >= 0
            case Closeness():
                mine, theirs = pool.numbers(form.field, other)
                if np.isinf(mine).any() or np.isinf(theirs).any():
                    raise _Unfit
                return ~np.isnan(mine), ~np.isnan(theirs)
            case Availability():
                weeks = weeks_of(form, pool)
                return weeks.mentee_answered, weeks.mentor_answered
            case SharedWords():
                texts = texts_of(form, pool)
                return texts.mentee_answered, texts.mentor_answered
            case Prior() | Load():
                return np.ones(len(pool.mentees), np.bool_), ~np.isnan(brought(form, pool))
            case Together():
                return np.ones(len(pool.mentees), np.bool_), np.ones(len(pool.mentors), np.bool_)
            case Cosine():
                mine, theirs = pool.vectors(form.field, other)
                if not mine.shape[1]:
                    return np.zeros(len(mine), np.bool_), np.zeros(len(theirs), np.bool_)
                return ~np.isnan(mine[:, 0]), ~np.isnan(theirs[:, 0])

    # ------------------------------------------------------------------ sets

    def _sets(
        self, sets: Sets, users: tuple[list[int], list[int]],
        criteria: Sequence[Form], rules: Sequence[RuleForm],
    ) -> None:  # fmt: skip
        """Count what two columns of sets have in common, once, and let everybody read it."""
        both = sets.mentees, sets.mentors
        used = [at for at in range(both[0].shape[1]) if all(side[:, at].any() for side in both)]
        small = len(used) == 1 and max(side[:, used[0]].max() for side in both) < 256
        if not used:
            self._pass(passes.CLEAR)
        elif small:
            column = self.bytes.add(
                sets.mentors[:, used[0]].astype(np.uint8), sets.mentees[:, used[0]].astype(np.uint8)
            )
            self._pass(passes.COUNT_BYTE, column)
        else:
            for first, at in enumerate(used):
                column = self.words.add(sets.mentors[:, at], sets.mentees[:, at])
                self._pass(passes.COUNT_MORE if first else passes.COUNT, column)
        self._most = 64 * len(used)
        for index in users[1]:
            rule = rules[index]
            self._pass(passes.NEED, argument=rule.least if isinstance(rule, MinOverlap) else 1)
        for index in users[0]:
            self._reads_count(index, criteria[index], sets)

    def _reads_count(self, index: int, form: Form, sets: Sets) -> None:
        if isinstance(form, SetOverlap) and form.per != "mentee":
            counts = np.minimum(sets.mentor_counts, np.iinfo(np.int16).max)
            column = self.shorts.add(counts.astype(np.int16))
            value = self._value(sets.mentee_counts)
            self._pass(
                passes.SHARE, column, int(form.per == "union"), value, index,
                lambda points: [([0], [points])] * (int(sets.mentee_counts.max(initial=0)) + 1),
            )  # fmt: skip
        elif isinstance(form, SetOverlap):
            most = int(sets.mentee_counts.max(initial=0))
            self._steps(
                index, self._value(sets.mentee_counts),
                [np.arange(wanted + 1) / max(1, wanted) for wanted in range(most + 1)],
            )  # fmt: skip
        elif isinstance(form, Overlap):
            full = min(form.full, 64 * sets.mentors.shape[1])
            self._steps(index, 0, [np.minimum(np.arange(full + 1), form.full) / form.full])
        else:
            self._steps(index, 0, [np.array([0.0, 1.0])])

    def _count_weeks(self, form: Availability | MinAvailability) -> Weeks:
        """Count the slots in which both are free, in the week that has fewest."""
        weeks = weeks_of(form, self.pool)
        if id(weeks) not in self._weeks:
            self._weeks[id(weeks)] = len(self.words.mentors)
            for mentors, mentees in zip(weeks.mentors.T, weeks.mentees.T, strict=True):
                self.words.add(mentors, mentees)
        argument = weeks.weeks * passes.WORDS + weeks.words
        self._pass(passes.WEEKS, self._weeks[id(weeks)], argument)
        self._most = weeks.slots
        return weeks

    def _steps(self, index: int, value_row: int, values: Sequence[Floats]) -> None:
        """Add what each count is worth, as the steps by which it grows."""
        most = self._most  # nobody has more in common

        def rows(points: int) -> list[tuple[Sequence[int], Sequence[int]]]:
            made: list[tuple[Sequence[int], Sequence[int]]] = []
            for value in values:
                part = _parts(points, value[: most + 1])
                rise = np.flatnonzero(np.diff(part, prepend=0))
                made.append((rise.tolist(), np.diff(part, prepend=0)[rise].tolist()))
            return made

        self._pass(passes.STEPS, 0, self._most + 1, value_row, index, rows)

    # ------------------------------------------------------------------ criteria

    def _criterion(self, index: int, form: Form) -> None:
        pool = self.pool
        other = _other(form)
        match form:
            case SetOverlap() | Overlap() | Contains():
                pass  # they read what `_sets` counts
            case Equal():
                self._equal(index, form)
            case Closeness():
                self._closeness(index, form)
            case Prior() | Load():
                self._pass(passes.PLUS, 0, 0, 0, index, _points)
                self.passes[-1].theirs = np.nan_to_num(brought(form, pool))
            case Availability():
                weeks = self._count_weeks(form)
                minutes = np.arange(weeks.slots + 1) * weeks.minutes
                self._steps(index, 0, [np.minimum(minutes, form.full) / form.full])
            case SharedWords():
                self._texts.append(texts_of(form, pool))
                argument = len(self.settings)
                self.settings += [form.full, 0.0, 0.0]
                self._pass(passes.ALIKE, len(self._texts) - 1, argument, 0, index, _points)
            case Together():
                self._pass(passes.NEW if form.avoid else passes.MET, 0, 0, 0, index, _points)
            case Cosine():
                left, right = pool.vectors(form.field, other)
                first = [self.numbers.add(right[:, a], left[:, a]) for a in range(left.shape[1])]
                self._pass(
                    passes.COSINE, first[0] if first else 0, left.shape[1], 0, index, _points
                )
            case _:
                assert_never(form)

    def _equal(self, index: int, form: Equal) -> None:
        parts = parts_of(form)
        same = self.pool.codes(form.field, _other(form))
        if not parts:
            byte, column = self._compared(same)
            kind = passes.SAME if byte else passes.SAME_CODE
            self._pass(kind, column, 0, 0, index, _one(1.0))
            return
        self._pass(passes.CLEAR)
        # The best partial value stands last, so that it overwrites the others.
        layers = [(w, part_codes(form, self.pool, name, many)) for w, name, many in parts[::-1]]
        for worth, codes in (*layers, (1.0, same)):
            byte, column = self._compared(codes)
            kind = passes.MARK if byte else passes.MARK_CODE
            self._pass(kind, column, 0, 0, index, _one(worth))
        self._pass(passes.ADD)

    def _closeness(self, index: int, form: Closeness) -> None:
        mine, theirs = self.pool.numbers(form.field, _other(form))
        table = self._table(mine, theirs)
        if table is None:
            argument = len(self.settings)
            self.settings += [form.target, form.span, form.wrap or 0.0]
            self._pass(passes.CLOSE, self.numbers.add(theirs, mine), argument, 0, index, _points)
            return
        value = value_of(form, self.pool)(table.mentees[:, None], table.mentors[None, :])
        self._pass(
            passes.TABLE, table.column, 256, self._value(table.at), index,
            lambda points: [_entries(row) for row in _parts(points, np.nan_to_num(value))],
        )  # fmt: skip

    # ------------------------------------------------------------------ rules

    def _rule(self, form: RuleForm) -> None:
        match form:
            case SharesAny() | MinOverlap():
                pass  # they read what `_sets` counts
            case PastPair():
                pass  # who had whom is told by name, with who must never meet
            case Same() | SameCohort():
                byte, column = self._compared(compared(form, self.pool))
                self._pass(passes.NEED_SAME if byte else passes.NEED_SAME_CODE, column)
            case Differs():
                byte, column = self._compared(compared(form, self.pool))
                self._pass(passes.NEED_OTHER if byte else passes.NEED_OTHER_CODE, column)
            case MinAvailability():
                weeks = self._count_weeks(form)
                self._pass(passes.NEED, argument=-(-form.least // weeks.minutes))
            case Above():
                self._above(form)
            case _:
                assert_never(form)

    def _above(self, form: Above) -> None:
        mine, theirs = self.pool.numbers(form.field, form.other or form.field)
        table = self._table(mine, theirs)
        if table is None:
            argument = len(self.settings)
            self.settings += [form.least, np.inf if form.most is None else form.most, 0.0]
            self._pass(passes.NEED_ABOVE, self.numbers.add(theirs, mine), argument)
            return
        allowed = mask_of(form, self.pool)(table.mentees[:, None], table.mentors[None, :])
        ends = [np.flatnonzero(row)[[0, -1]] if row.any() else (1, 0) for row in allowed]
        self._pass(
            passes.NEED_WITHIN, table.column, 0, self._value(table.at), None,
            lambda points: [([int(low)], [int(high)]) for low, high in ends],
        )  # fmt: skip

    def _groups(self, mine: NDArray[Any], theirs: NDArray[Any]) -> None:
        for word in range(mine.shape[1]):
            column = self.words.add(theirs[:, word], mine[:, word])
            self._pass(passes.COUNT_MORE if word else passes.COUNT, column)
        self._pass(passes.NEED, argument=1)

    # ------------------------------------------------------------------ columns

    def _compared(self, codes: tuple[Codes, Codes]) -> tuple[bool, int]:
        """Pack two columns that are compared; return whether bytes are enough, and the column.

        The pool gives the same columns as the same arrays, so that they are packed once.
        """
        mine, theirs = codes
        key = id(mine), id(theirs)
        if key not in self._packed:
            if max(mine.max(initial=0), theirs.max(initial=0)) < BYTE:
                bytes_of_mine = np.where(mine < 0, NOBODY, mine + 1).astype(np.uint8)
                column = self.bytes.add((theirs + 1).astype(np.uint8), bytes_of_mine)
                self._packed[key] = True, column
            else:
                codes_of_mine = np.where(mine < 0, -2, mine).astype(np.int32)
                self._packed[key] = False, self.codes.add(theirs, codes_of_mine)
        return self._packed[key]

    def _table(self, mine: Floats, theirs: Floats) -> _Distinct | None:
        """Pack numbers of which there are few, with somebody who has each; else None."""
        left, first_left, at_left = np.unique(mine, return_index=True, return_inverse=True)
        right, first_right, at_right = np.unique(theirs, return_index=True, return_inverse=True)
        if len(right) > BYTE or len(left) * len(right) > TABLE_CELLS or len(left) > 1 << 15:
            return None
        return _Distinct(
            first_left, first_right, at_left, self.bytes.add(at_right.astype(np.uint8))
        )

    def _value(self, values: NDArray[Any]) -> int:
        if values.max(initial=0) > np.iinfo(np.int16).max:
            raise _Unfit
        self.values.append(values)
        return len(self.values) - 1

    def _pass(
        self, kind: int, column: int = 0, argument: int = 0, value_row: int = 0,
        criterion: int | None = None, rows: Rows | None = None,
    ) -> None:  # fmt: skip
        self.passes.append(_Pass(kind, column, argument, value_row, criterion, rows))

    # ------------------------------------------------------------------ writing it down

    def _with_own_values(self, one: _Pass, points: Sequence[Values]) -> _Pass:
        """Return a pass that adds the mentors' own values as one with columns to read.

        Its criterion is worth other points to those who have not answered all questions, and of
        these there may be hundreds of kinds.
        """
        if one.theirs is None or one.criterion is None:
            return one
        theirs = np.clip(one.theirs, 0.0, 1.0)
        if len({int(share[one.criterion]) for share in points} - {0}) > COLUMNS:
            return replace(one, kind=passes.TIMES, column=self.numbers.add(theirs))
        return replace(
            one,
            rows=lambda worth: [([self.shorts.add(_parts(worth, theirs).astype(np.int16))], [0])],
        )

    def _written(self, heard: tuple[Values, Values], past: bool) -> Tape:
        open_ones = np.flatnonzero(self.pool.capacity > 0)
        order = open_ones[np.argsort(heard[1][open_ones], kind="stable")]
        theirs, begins = np.unique(heard[1][order], return_index=True)
        mine, mentee_class = np.unique(heard[0], return_inverse=True)
        both = mine[:, None] & theirs[None, :]
        distinct, pattern = np.unique(both, return_inverse=True)
        if len(distinct) > PATTERNS:
            raise _Unfit
        points = [self.scan.points_of(int(one)) for one in distinct]
        entries, base = _Entries(), np.zeros((len(self.passes), len(distinct)), np.int32)
        self.passes = [self._with_own_values(one, points) for one in self.passes]
        for at, one in enumerate(self.passes):
            if one.rows is None:
                continue
            made: dict[int, int] = {}
            for number, share in enumerate(points):
                worth = 0 if one.criterion is None else int(share[one.criterion])
                if one.criterion is not None and not worth:
                    base[at, number] = -1
                    continue
                if worth not in made:
                    made[worth] = entries.add(one.kind, one.argument, one.rows(worth))
                base[at, number] = made[worth]
        apart, never = self._by_mentee({*self.pool.forbidden, *(self.pool.past if past else ())})
        before, met = self._by_mentee(self._met(order))
        mentees = len(self.pool.mentees)
        return Tape(
            passes=np.array(
                [(one.kind, one.column, one.argument, one.value_row) for one in self.passes],
                np.int32,
            ).reshape(-1, 4),
            base=base,
            value=np.stack(self.values).astype(np.int16),
            pattern=pattern.reshape(both.shape).astype(np.int32),
            mentee_class=mentee_class.reshape(-1).astype(np.int32),
            first=np.array(entries.first, np.int64),
            x=np.array(entries.x, np.int32),
            points=np.array(entries.points, np.int16),
            dense=np.array(entries.dense, np.int64),
            table=np.array(entries.table, np.int16),
            settings=np.array(self.settings, np.float64),
            words=_stacked([c[order] for c in self.words.mentors], len(order), np.uint64),
            bytes=_stacked([c[order] for c in self.bytes.mentors], len(order), np.uint8),
            codes=_stacked([c[order] for c in self.codes.mentors], len(order), np.int32),
            numbers=_stacked([c[order] for c in self.numbers.mentors], len(order), np.float64),
            shorts=_stacked([c[order] for c in self.shorts.mentors], len(order), np.int16),
            my_words=_stacked(self.words.mentees, mentees, np.uint64),
            my_bytes=_stacked(self.bytes.mentees, mentees, np.uint8),
            my_codes=_stacked(self.codes.mentees, mentees, np.int32),
            my_numbers=_stacked(self.numbers.mentees, mentees, np.float64),
            groups=np.append(begins, len(order)).astype(np.int64),
            order=order.astype(np.int32),
            apart=apart,
            never=never,
            past=before,
            met=met,
            texts=joined(self._texts, order, mentees),
        )

    def _met(self, order: Index) -> Iterable[tuple[int, int]]:
        """Return who had whom before, mentors by their place in the order of the tape."""
        if not any(one.kind in (passes.MET, passes.NEW) for one in self.passes):
            return ()
        place = {int(mentor): at for at, mentor in enumerate(order)}
        return {(i, place[j]) for i, j in self.pool.past if j in place}

    def _by_mentee(
        self, found: Iterable[tuple[int, int]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Return pairs as the mentors of each mentee, sorted, and where those of each begin."""
        pairs = np.array(sorted(found), np.int64).reshape(-1, 2)
        begins = np.zeros(len(self.pool.mentees) + 1, np.int64)
        np.cumsum(np.bincount(pairs[:, 0], minlength=len(self.pool.mentees)), out=begins[1:])
        return begins, pairs[:, 1].astype(np.int32)


@dataclass(slots=True)
class _Distinct:
    """Numbers of which there are few: somebody who has each, who has which, and their column."""

    mentees: Index
    mentors: Index
    at: Index
    column: int


@dataclass(slots=True)
class _Entries:
    """All entries of all passes, end to end. Row 0 is empty, for passes that have none."""

    first: list[int] = field(default_factory=lambda: [0, 0])
    x: list[int] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    dense: list[int] = field(default_factory=lambda: [-1])
    table: list[int] = field(default_factory=list)

    def add(
        self, kind: int, length: int, rows: Iterable[tuple[Sequence[int], Sequence[int]]]
    ) -> int:
        """Add the rows of a pass; return where they begin."""
        begin = len(self.first) - 1
        for x, points in rows:
            if kind in (passes.STEPS, passes.TABLE) and len(x) > FEW:
                values = np.zeros(length, np.int64)
                values[list(x)] = points
                self.dense.append(len(self.table))
                self.table += (values.cumsum() if kind == passes.STEPS else values).tolist()
            else:
                self.dense.append(-1)
                self.x += x
                self.points += points
            self.first.append(len(self.x))
        return begin


def _by_columns(
    criteria: Sequence[Form], rules: Sequence[RuleForm]
) -> list[tuple[tuple[str, str], tuple[list[int], list[int]]]]:
    """Return who counts what two columns have in common: criteria and rules, by the columns."""
    users: dict[tuple[str, str], tuple[list[int], list[int]]] = {}
    for side, forms in enumerate((criteria, rules)):
        for index, form in enumerate(forms):
            if isinstance(form, (SetOverlap, Overlap, Contains, SharesAny, MinOverlap)):
                pair = form.field, form.other or form.field
                users.setdefault(pair, ([], []))[side].append(index)
    return list(users.items())


def _parts(points: int, values: Floats) -> Values:
    """Return the points of each value: floor(points x value + 0.5), values clamped to 0..1."""
    return np.floor(points * np.clip(values, 0.0, 1.0) + 0.5).astype(np.int64)


def _entries(row: Values) -> tuple[list[int], list[int]]:
    there = np.flatnonzero(row)
    return there.tolist(), row[there].tolist()


def _other(form: Form) -> str:
    """Return the mentor's field that a form reads, "" where it reads none."""
    return str(getattr(form, "other", None) or getattr(form, "field", ""))


def _points(points: int) -> list[tuple[Sequence[int], Sequence[int]]]:
    return [([0], [points])]


def _one(worth: float) -> Rows:
    """Return the entries of a comparison that is worth so much of the points."""
    return lambda points: [([0], [int(_parts(points, np.array(worth)))])]


def _stacked(columns: Sequence[NDArray[Any] | None], people: int, kind: type) -> NDArray[Any]:
    made: NDArray[Any] = np.zeros((len(columns), people), kind)
    for at, column in enumerate(columns):
        if column is not None:
            made[at] = column
    return made
