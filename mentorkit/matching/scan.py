"""Scoring: which pairs may exist, and the integer score of each, block of mentees by block.

Rules come first, and safeguards with them; then every criterion gives its values, and points turn
those into a score. No block holds more than `TILE_CELLS` pairs (one mentee's row, if that is more).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from numbers import Real
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from mentorkit.domain.strategies import FULL_SCORE, share
from mentorkit.errors import PluginError, Problem
from mentorkit.hooks.calls import called
from mentorkit.hooks.forms import Differs, Prior
from mentorkit.hooks.offers import overrides
from mentorkit.hooks.providers import Criterion, Rule
from mentorkit.matching import kernels
from mentorkit.matching.binding import BoundCriterion, BoundRule, BoundStrategy
from mentorkit.matching.forms import Bools, Value, cut, mask_of, value_of
from mentorkit.matching.pool import Floats, Index, Pool, Side
from mentorkit.matching.reranked import SLOW, Shortlisted, is_shortlisted

if TYPE_CHECKING:
    from mentorkit.matching.fused import Fused, MapShards

Ints = NDArray[np.int64]
Scores = NDArray[np.int32]

TILE_CELLS = 1 << 16
"""Up to so many pairs are scored at once, which numpy does within the cache."""
MEMO_CELLS = 400_000
"""Up to this many pairs, what a plugin's Python answered for a pair is kept for the run."""
FEW_CRITERIA = 16
"""Of so many criteria, every way to have an opinion or none is counted in a table."""
MOST_KEPT = 512
"""Up to so many best mentors are kept during a scan; more are found by looking at all."""
ROUNDING = 1e-6
"""How far beyond 0 or 1 a value is only rounded, and nothing to tell its author."""


class _Values(Protocol):
    odd: str
    """What to say of a value that is none from 0 to 1; "" if there was none."""

    def block(self, rows: Index, cols: Index, within: Bools) -> Floats: ...
    def pairs(self, rows: Index, cols: Index) -> Floats: ...


class Scan:
    """The rules and criteria of one bound strategy over one pool.

    Indices are positions in `pool.mentees` and `pool.mentors`. What is asked of it is answered in
    plain numpy, by the three levels of plugins at the end of this file; but where all is declared
    and the pool is worth it, `fused` scans the same compiled, its work shared out by `map_shards`.
    Without `compiled` there is none. Raises `PluginError`, naming the plugin and what to mend, when
    a plugin's answer is not one.
    """

    def __init__(
        self,
        pool: Pool,
        bound: BoundStrategy,
        *,
        compiled: bool = True,
        map_shards: MapShards | None = None,
    ) -> None:
        self.pool, self.bound, self._compiled = pool, bound, compiled
        self._map_shards = map_shards
        pool.with_columns(bound.needs)
        self.rules = [_rule(rule, pool) for rule in bound.rules]
        self.criteria = [_criterion(criterion, pool) for criterion in bound.criteria]
        self._cheap_first = sorted(
            range(len(self.rules)), key=lambda r: _COST[bound.rules[r].level]
        )
        self._open = pool.capacity > 0
        self._forbidden: dict[int, list[int]] = {}
        for i, j in pool.forbidden:
            self._forbidden.setdefault(i, []).append(j)
        self._points: dict[int, Ints] = {}
        self._shortlisted: Shortlisted | None = None
        if is_shortlisted(bound, pool):
            self._shortlisted = Shortlisted(pool, bound, compiled=compiled)
        self.everyone: tuple[Index, Index] = (
            np.arange(len(pool.mentees)), np.arange(len(pool.mentors))
        )  # fmt: skip

    def check_size(self) -> None:
        """Raise `Invalid` where this would take far too long, saying what helps."""
        if self.fused is None and self.pool.cells > kernels.PLAIN_CELLS:
            rules, criteria = self.bound.rules, self.bound.criteria
            levels = {one.level for one in rules} | {one.level for one in criteria}
            kernels.refuse_slow(
                self.block, self.tiles(), self.pool.cells, compilable=levels <= {"declared"}
            )

    @property
    def exhaustive(self) -> bool:
        """Whether every pair is looked at, and not only those of a shortlist."""
        return self._shortlisted is None

    @cached_property
    def fused(self) -> Fused | None:
        """The compiled scan, where there is one and the pool is worth it."""
        return self.compile() if self._compiled and kernels.worth(self.pool.cells) else None

    def compile(self) -> Fused | None:
        """Use the compiled scan from now on, whether it is worth it or not, if there can be one."""
        from mentorkit.matching.fused import Fused, in_threads
        from mentorkit.matching.plan import tape_of

        if self._shortlisted is not None:
            self._shortlisted.compile()
        tape = tape_of(self) if kernels.loaded("scan") is not None else None
        self.fused = None if tape is None else Fused(tape, self._map_shards or in_threads)
        return self.fused

    def best(self, mentee: int, k: int) -> tuple[Index, Scores]:
        """Return one mentee's `k` best mentors and their scores, best first, ties by position."""
        # For one mentee nothing is compiled that was not compiled before.
        if "fused" in self.__dict__ and self.fused is not None and k <= MOST_KEPT:
            found, worth = (one[0] for one in self.fused.best(np.array([mentee], np.int32), k))
            return found[found >= 0].astype(np.intp), worth[found >= 0]
        scores, allowed = self.block(mentee, mentee + 1)
        best = best_of(scores, allowed, k)[0]
        return best, scores[0, best]

    @cached_property
    def speaks_itself(self) -> bool:
        """Whether no plugin's own code says why a pair fits, or why it cannot be."""
        bound = self.bound
        return not (
            any(explains(one.criterion) for one in bound.criteria)
            or any(explains(one.rule) for one in bound.rules)
        )

    def tiles(self) -> Iterator[tuple[int, int]]:
        """Yield (start, stop) of the mentees of each block."""
        mentees, mentors = len(self.pool.mentees), len(self.pool.mentors)
        step = max(1, TILE_CELLS // max(1, mentors))
        for start in range(0, mentees, step):
            yield start, min(mentees, start + step)

    def notes(self) -> Iterator[Problem]:
        """Yield what the plugin's author or the reader of the sheets should look at."""
        readers: dict[tuple[str, str], list[str]] = {}
        uses: list[tuple[str, Criterion | Rule]] = [
            *((f"the rule `{one.use.name}`", one.rule) for one in self.bound.rules),
            *((f"the criterion `{one.use.name}`", one.criterion) for one in self.bound.criteria),
        ]
        for use, provider in uses:
            for side, name in _read(provider, self.pool):
                people = getattr(self.pool, side)
                if len(people) and not people.packed(name).answered:
                    readers.setdefault((side, name), []).append(f"{use} {_without(provider, name)}")
        for (side, name), reading in readers.items():
            told = " and ".join(dict.fromkeys(reading))
            yield Problem(side, f"nobody has answered `{name}`, so {told}")
        beyond = {"mentees": self.pool.mentors, "mentors": self.pool.mentees}
        if len({side for side, name in readers if beyond[side].packed(name).answered}) == 2:
            told = "the mentors have answered what is read of mentees, and the mentees what is read"
            yield Problem("mentees", f"{told} of mentors; are the two swapped?")
        for criterion, values in zip(self.bound.criteria, self.criteria, strict=True):
            if values.odd:
                yield Problem(criterion.label, values.odd)
            if told := cut(criterion.criterion.declared, self.pool):
                yield Problem("mentors", f"{told} as the criterion `{criterion.use.name}` reads it")
        if slow := kernels.hint(self.pool.cells):
            yield Problem("speed", slow)
        everyone = range(len(self.pool.mentees) if self.pool.mentees.asks else 0)
        asked = Counter(name for mentee in everyone for name in self.pool.strangers(mentee))
        for name, count in asked.items():
            told = f"`choices` asks for {name!r} ({count}x), who is no mentor of this run"
            yield Problem("mentees", told)

    # ------------------------------------------------------------------ may they

    def rule_mask(self, index: int, rows: Index, cols: Index) -> Bools:
        """Return what one rule says of these mentees and mentors, whatever the others say."""
        everybody = np.ones((len(rows), len(cols)), np.bool_)
        if self._shortlisted is None or self.bound.rules[index].level not in SLOW:
            return self.rules[index](rows, cols, everybody)
        # Nobody asked about the others, and nothing is said of them.
        listed = self.listed(rows, cols)
        return self.rules[index](rows, cols, listed) | ~listed

    def listed(self, rows: Index, cols: Index) -> Bools:
        """Return which of these pairs are looked at: all of them, or those of the shortlists."""
        if self._shortlisted is None:
            return np.ones((len(rows), len(cols)), np.bool_)
        return self._shortlisted.mask(rows, cols)

    def passes(self, index: int, rows: Index, cols: Index) -> Bools:
        """Return what one rule says of single pairs, one mentee and one mentor each.

        It does not matter whether they are on a shortlist.
        """
        form = self.bound.rules[index].rule.declared
        if form is not None:
            return mask_of(form, self.pool)(rows, cols)
        one, ask_rule = np.ones((1, 1), np.bool_), self.rules[index]
        alone = zip(rows[:, None], cols[:, None], strict=True)
        return np.array([ask_rule(*pair, one).all() for pair in alone], np.bool_)

    def safe(self, rows: Index, cols: Index, *, full: bool = False) -> Bools:
        """Return where no safeguard refuses the pair, and the mentor has a place (or is `full`)."""
        is_open = self._open[cols] | full
        mask = np.broadcast_to(is_open, (len(rows), len(cols))).copy()
        if self._forbidden:
            for at, row in enumerate(rows):
                refused = self._forbidden.get(int(row))
                if refused is not None:
                    mask[at] &= ~np.isin(cols, refused)
        if self.pool.partition is not None:
            mask &= self.pool.partition.let(rows[:, None], cols[None, :])
        return mask

    def allowed(self, rows: Index, cols: Index, *, listed: bool = True) -> Bools:
        """Return where rules and safeguards let the pair exist, of those on a shortlist if any.

        Without `listed` it does not matter whether the pair is on a shortlist.
        """
        mask = self.safe(rows, cols)
        if listed and not self.exhaustive:
            mask &= self.listed(rows, cols)
        for index in self._cheap_first:
            mask &= self.rules[index](rows, cols, mask)
        return mask

    def pairs_allowed(self, rows: Index, cols: Index) -> Bools:
        """Return what `allowed` says of single pairs, one mentee and one mentor each."""
        if self._shortlisted is not None or any(r.level != "declared" for r in self.bound.rules):
            alone = zip(rows[:, None], cols[:, None], strict=True)
            return np.array([self.allowed(*pair).all() for pair in alone], np.bool_)
        forbidden = self.pool.forbidden
        pairs = zip(rows.tolist(), cols.tolist(), strict=True)
        mask = np.array([pair not in forbidden for pair in pairs], np.bool_) & self._open[cols]
        if self.pool.partition is not None:
            mask &= self.pool.partition.let(rows, cols)
        for index in range(len(self.rules)):
            mask &= self.passes(index, rows, cols)
        return mask

    # ------------------------------------------------------------------ how good

    def block(self, start: int, stop: int) -> tuple[Scores, Bools]:
        """Return scores and allowed pairs of mentees `start` to `stop` with every mentor.

        The score of a pair that is not allowed is 0.
        """
        rows, cols = np.arange(start, stop), self.everyone[1]
        mask = self.allowed(rows, cols)
        values = [criterion.block(rows, cols, mask) for criterion in self.criteria]
        scores = np.zeros(mask.shape, np.int32)
        for part in self._parts(values):
            scores += part.astype(np.int32)
        scores[~mask] = 0
        return scores, mask

    def pairs(self, rows: Index, cols: Index) -> tuple[Floats, Ints]:
        """Return values (criteria, pairs), nan for no opinion, and parts of the same shape.

        A pair's parts sum to its score, allowed or not.
        """
        shape = (len(self.criteria), len(rows))
        values = [criterion.pairs(rows, cols) for criterion in self.criteria]
        parts = np.zeros(shape, np.int64)
        for index, part in enumerate(self._parts(values)):
            parts[index] = part
        return np.array(values, np.float64).reshape(shape), parts

    def _parts(self, values: list[Floats]) -> Iterator[Floats]:
        """Yield each criterion's part: floor(points x value + 0.5), values clamped to 0..1."""
        if not values:
            return
        silent = [np.isnan(value) for value in values]
        if not any(quiet.any() for quiet in silent):
            every = self.points_of((1 << len(values)) - 1)
            for points, value in zip(every, values, strict=True):
                yield np.floor(points * np.clip(value, 0.0, 1.0) + 0.5)
            return
        pattern = np.zeros(values[0].shape, np.int64)
        for index, quiet in enumerate(silent):
            pattern |= (~quiet).astype(np.int64) << index
        present, which = self._number(pattern)
        table = np.stack([self.points_of(int(one)) for one in present])  # (patterns, criteria)
        for index, value in enumerate(values):
            heard = np.clip(np.where(silent[index], 0.0, value), 0.0, 1.0)
            yield np.floor(table[:, index][which] * heard + 0.5)

    def _number(self, pattern: Ints) -> tuple[Ints, NDArray[np.intp]]:
        """Return the patterns that occur, and for each cell which of them it has."""
        if len(self.criteria) > FEW_CRITERIA:
            present, which = np.unique(pattern, return_inverse=True)
            return present, which.reshape(pattern.shape)
        size = 1 << len(self.criteria)
        present = np.flatnonzero(np.bincount(pattern.ravel(), minlength=size))
        at = np.zeros(size, np.intp)
        at[present] = np.arange(len(present))
        return present, at[pattern]

    def points_of(self, pattern: int) -> Ints:
        """Return the points of each criterion when only those of this pattern have an opinion."""
        if pattern not in self._points:
            weights = tuple(
                weight if pattern >> index & 1 else 0
                for index, weight in enumerate(self.bound.weights)
            )
            heard = [index for index, weight in enumerate(weights) if weight]
            points = np.zeros(len(weights), np.int64)
            points[heard] = share(FULL_SCORE, [weights[index] for index in heard])
            self._points[pattern] = points
        return self._points[pattern]


def best_of(scores: Scores, allowed: Bools, k: int) -> list[Index]:
    """Return the `k` best allowed mentors of each row, best first, ties by position."""
    mentors = scores.shape[1]
    if not mentors or k <= 0:
        return [np.empty(0, np.intp) for _ in range(len(scores))]
    # One number per pair that no other pair of the row has: exact top-k needs no tie-breaking,
    # and the number itself tells whose it is.
    key = scores.astype(np.int64) * mentors + (mentors - 1 - np.arange(mentors))
    key[~allowed] = -1
    if k < mentors:
        key = np.partition(key, mentors - k, axis=1)[:, mentors - k :]
    key = np.sort(key, axis=1)[:, ::-1]
    found = mentors - 1 - key % mentors
    counts = (key >= 0).sum(axis=1).tolist()
    return [row[:count] for row, count in zip(found, counts, strict=True)]


# --------------------------------------------------------------------------- the three levels

_COST = {"declared": 0, "mask_block": 1, "allows": 2}

RuleMask = Callable[[Index, Index, Bools], Bools]
"""What a rule says of mentees and mentors; it need not ask about pairs that are not `within`."""


def _rule(bound: BoundRule, pool: Pool) -> RuleMask:
    rule = bound.rule
    if rule.declared is not None:
        mask = mask_of(rule.declared, pool)
        return lambda rows, cols, within: mask(rows[:, None], cols[None, :])
    if bound.level == "mask_block":
        return lambda rows, cols, within: _mask_block(bound, rule, pool, rows, cols)
    return _EachPairAllowed(bound, pool)


def _criterion(bound: BoundCriterion, pool: Pool) -> _Values:
    if bound.criterion.declared is not None:
        return _Declared(value_of(bound.criterion.declared, pool))
    if bound.level == "score_block":
        return _Blocks(bound, pool)
    return _EachPairScored(bound, pool)


class _Declared:
    odd = ""

    def __init__(self, value: Value) -> None:
        self.value = value

    def block(self, rows: Index, cols: Index, within: Bools) -> Floats:
        return self.value(rows[:, None], cols[None, :])

    def pairs(self, rows: Index, cols: Index) -> Floats:
        return self.value(rows, cols)


class _Blocks:
    """A plugin's `score_block`, its answers checked."""

    def __init__(self, bound: BoundCriterion, pool: Pool) -> None:
        self.bound, self.pool = bound, pool
        self.odd = ""

    def block(self, rows: Index, cols: Index, within: Bools) -> Floats:
        criterion, label = self.bound.criterion, self.bound.label
        mentees, mentors = self.pool.mentees.take(rows), self.pool.mentors.take(cols)
        given = ask(label, "score_block", lambda: criterion.score_block(mentees, mentors))
        try:
            array = np.asarray(given, dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            raise PluginError(
                "plugin.criterion",
                f"{label}: score_block returned {_kind(given)}; return an array of numbers from "
                "0 to 1, nan for no opinion.",
            ) from None
        _check_shape(array, mentees, mentors, label, "score_block")
        extremes = (
            np.fmin.reduce(array, None, initial=0.0),
            np.fmax.reduce(array, None, initial=1.0),
        )
        self.odd = self.odd or next(filter(None, (_odd("score_block", e) for e in extremes)), "")
        return array

    def pairs(self, rows: Index, cols: Index) -> Floats:
        """Ask for whole rows, as the scan does: a block of other people is another question."""
        found = np.empty(len(rows))
        everyone = np.arange(len(self.pool.mentors))
        step = max(1, TILE_CELLS // max(1, len(everyone)))
        distinct, at = np.unique(rows, return_inverse=True)
        for start in range(0, len(distinct), step):
            some = distinct[start : start + step]
            block = self.block(some, everyone, np.ones((len(some), len(everyone)), np.bool_))
            here = np.flatnonzero((at >= start) & (at < start + len(some)))
            found[here] = block[at[here] - start, cols[here]]
        return found


class _EachPair:
    """A plugin's answer for one pair at a time; in a small pool, each pair is asked about once."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.known: Floats | None = None
        if pool.cells <= MEMO_CELLS:
            self.known = np.full((len(pool.mentees), len(pool.mentors)), np.inf)

    def answer(self, mentee: int, mentor: int) -> float:
        raise NotImplementedError  # pragma: no cover - both kinds have their own

    def get(self, mentee: int, mentor: int) -> float:
        if self.known is None:
            return self.answer(mentee, mentor)
        if np.isposinf(self.known[mentee, mentor]):
            self.known[mentee, mentor] = self.answer(mentee, mentor)
        return float(self.known[mentee, mentor])


class _EachPairScored(_EachPair):
    def __init__(self, bound: BoundCriterion, pool: Pool) -> None:
        super().__init__(pool)
        self.criterion, self.label = bound.criterion, bound.label
        self.odd = ""

    def answer(self, mentee: int, mentor: int) -> float:
        left, right = self.pool.mentees.answers[mentee], self.pool.mentors.answers[mentor]
        given: Any = ask(self.label, "score", lambda: self.criterion.score(left, right))
        if given is None:
            return float("nan")
        if not isinstance(given, (Real, np.bool_)):
            raise PluginError(
                "plugin.criterion",
                f"{self.label}: score returned {_kind(given)}; return a number from 0 to 1, or "
                "None for no opinion.",
            )
        self.odd = self.odd or _odd("score", given)
        # Cut off first: what is above 1 may be too much for a float.
        return float(min(1.0, max(0.0, given))) if given == given else float("nan")

    def block(self, rows: Index, cols: Index, within: Bools) -> Floats:
        values = np.full(within.shape, np.nan)
        for at_row, at_col in np.argwhere(within):
            values[at_row, at_col] = self.get(int(rows[at_row]), int(cols[at_col]))
        return values

    def pairs(self, rows: Index, cols: Index) -> Floats:
        return np.array(
            [self.get(int(i), int(j)) for i, j in zip(rows, cols, strict=True)], np.float64
        )


class _EachPairAllowed(_EachPair):
    def __init__(self, bound: BoundRule, pool: Pool) -> None:
        super().__init__(pool)
        self.rule, self.label = bound.rule, bound.label

    def answer(self, mentee: int, mentor: int) -> float:
        left, right = self.pool.mentees.answers[mentee], self.pool.mentors.answers[mentor]
        given: Any = ask(self.label, "allows", lambda: self.rule.allows(left, right))
        if not isinstance(given, (bool, np.bool_)):
            raise PluginError(
                "plugin.rule",
                f"{self.label}: allows returned {_kind(given)}; return True or False.",
            )
        return float(given)

    def __call__(self, rows: Index, cols: Index, within: Bools) -> Bools:
        mask = np.zeros(within.shape, np.bool_)
        for at_row, at_col in np.argwhere(within):
            mask[at_row, at_col] = self.get(int(rows[at_row]), int(cols[at_col])) == 1.0
        return mask


def _odd(method: str, value: Any) -> str:
    """Return what to say of a value that is none from 0 to 1, "" where it is; rounding is none."""
    if value != value:
        return f"{method} returned nan, which counts as no opinion; return None for that"
    if -ROUNDING <= value <= 1 + ROUNDING:
        return ""
    told = f"{method} returned {str(value)[:40]}, which counts as {int(value > 1)}"
    return f"{told}; return a number from 0 to 1, or None for no opinion"


def _read(provider: Criterion | Rule, pool: Pool) -> Iterator[tuple[str, str]]:
    """Yield (side, field) of the answers that a rule or criterion reads, as far as it says so."""
    form: Any = provider.declared
    if form is None:
        for name in provider.needs:
            roles = pool.field(name).roles
            yield from ((f"{role}s", name) for role in roles)
        return
    field = getattr(form, "field", None)
    partial = getattr(form, "partial", ())
    if field and not isinstance(form, Prior):
        yield from (("mentees", name) for name in (field, *partial))
    if field:
        yield from (("mentors", name) for name in (getattr(form, "other", "") or field, *partial))


def _without(provider: Criterion | Rule, name: str) -> str:
    """Return what a rule or criterion does where a whole side has not answered what it reads."""
    form = provider.declared
    if form is None or name in getattr(form, "partial", ()):
        return "finds nothing there"
    if isinstance(provider, Criterion):
        return "counts for nothing"
    return "does nothing" if isinstance(form, Differs) else "lets no pair through"


def _mask_block(bound: BoundRule, rule: Rule, pool: Pool, rows: Index, cols: Index) -> Bools:
    mentees, mentors = pool.mentees.take(rows), pool.mentors.take(cols)
    given = ask(bound.label, "mask_block", lambda: rule.mask_block(mentees, mentors))
    try:
        array = np.asarray(given)
    except ValueError:  # rows of different lengths
        array = np.empty(0, object)
    if array.dtype != np.bool_:
        raise PluginError(
            "plugin.rule",
            f"{bound.label}: mask_block returned {_kind(given)}; return an array of True and "
            "False, True where the pair may exist.",
        )
    _check_shape(array, mentees, mentors, bound.label, "mask_block")
    return array


def _check_shape(
    array: NDArray[Any], mentees: Side, mentors: Side, label: str, method: str
) -> None:
    if array.shape != (len(mentees), len(mentors)):
        raise PluginError(
            "plugin.shape",
            f"{label}: {method} returned an array of shape {array.shape}; return one of shape "
            f"(len(mentees), len(mentors)), here {(len(mentees), len(mentors))}.",
        )


def ask(
    label: str, method: str, call: Callable[[], Any], passing: tuple[type[Exception], ...] = ()
) -> Any:
    """Return what a plugin answers; turn whatever it raises into a `PluginError` naming it.

    Errors of a `passing` kind it may raise on purpose.
    """
    try:
        return called(label, method, call, passing=passing)
    except PluginError as error:
        reason = error.__cause__
        if isinstance(reason, NotImplementedError):
            raise PluginError("plugin.failed", f"{label}: {method} is not written.") from None
        if isinstance(reason, KeyError) and method in ("score", "allows", "explain"):
            hint = "; if that is a profile field, name it in `needs`, or declare it"
            raise PluginError(error.code, error.message + hint) from reason
        raise


def _kind(given: object) -> str:
    if given is None:
        return "nothing"
    if isinstance(given, np.ndarray):
        return f"an array of {given.dtype}"
    return f"{type(given).__name__} {given!r}"[:80]


def explains(provider: Criterion | Rule) -> bool:
    """Return whether a provider says itself why, instead of leaving it to its form."""
    kind = Criterion if isinstance(provider, Criterion) else Rule
    return overrides(provider, kind, "explain")
