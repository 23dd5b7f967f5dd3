"""Two stages, where a plugin's own Python would be asked about too many pairs.

What can be scanned fast chooses a shortlist for each mentee; only the pairs on it are asked about.
A better pair that is on nobody's shortlist is not found, so a result of this is not exhaustive, and
says so.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.matching.binding import BoundStrategy
from mentorkit.matching.candidates import start_of

if TYPE_CHECKING:
    from mentorkit.matching.pool import Index, Pool
    from mentorkit.matching.scan import Scan

PAIR_BUDGET = 1_000_000
"""About so many pairs a plugin's Python is asked at most: it takes some seconds."""
SHORTLIST = 200
"""But about so many mentors of each mentee at least."""

SLOW = ("score", "allows")


def fast_part(bound: BoundStrategy) -> BoundStrategy:
    """Return a strategy without what looks at one pair at a time."""
    return replace(
        bound,
        rules=tuple(rule for rule in bound.rules if rule.level not in SLOW),
        criteria=tuple(one for one in bound.criteria if one.level not in SLOW),
    )


def is_shortlisted(bound: BoundStrategy, pool: Pool) -> bool:
    """Return whether a strategy looks at single pairs, and there are too many of them."""
    levels = {one.level for one in bound.rules} | {one.level for one in bound.criteria}
    return pool.cells > PAIR_BUDGET and not levels.isdisjoint(SLOW)


def asked_of(mentees: int) -> int:
    """Return about how many mentors of each of so many mentees is asked, above the budget."""
    return max(SHORTLIST, PAIR_BUDGET // max(1, mentees))


class Shortlisted:
    """Each mentee's shortlist by the fast part of a strategy, made when it is first needed.

    Of equals the one who comes first from `start_of` the mentee on, round and round, is on it: were
    it the same few for everybody, all the others would be left alone. Where that part has no
    criterion, nothing tells mentors apart: then it is by lot, another lot for each mentee.
    """

    def __init__(self, pool: Pool, bound: BoundStrategy, *, compiled: bool) -> None:
        self._pool, self._bound, self._compiled = pool, fast_part(bound), compiled
        self._found: dict[int, NDArray[Any]] = {}
        self._most = min(asked_of(len(pool.mentees)), len(pool.mentors))

    @cached_property
    def _scan(self) -> Scan:
        from mentorkit.matching.scan import Scan

        return Scan(self._pool, self._bound, compiled=self._compiled)

    def compile(self) -> None:
        """Use the compiled scan for shortlists, whether it is worth it or not."""
        self._scan.compile()

    def mask(self, rows: Index, cols: Index) -> NDArray[np.bool_]:
        """Return who is on the shortlists of these mentees, of these mentors."""
        mask = np.zeros((len(rows), len(self._pool.mentors)), np.bool_)
        self._look_up(rows)
        for at, row in enumerate(rows.tolist()):
            mask[at, self._found[row]] = True
        listed: NDArray[np.bool_] = mask[:, cols]
        return listed

    def _look_up(self, rows: Index) -> None:
        from mentorkit.matching.scan import MOST_KEPT

        new = np.array([row for row in rows.tolist() if row not in self._found], np.int32)
        if not len(new):
            return
        if not self._bound.criteria:
            self._found.update((row, self._drawn(row)) for row in new.tolist())
        elif self._scan.fused is not None and self._most <= MOST_KEPT:
            first = start_of(new.astype(np.int64), max(1, len(self._pool.mentors)))
            found, _ = self._scan.fused.best(new, self._most, first=first)
            self._found.update(
                (row, one[one >= 0]) for row, one in zip(new.tolist(), found, strict=True)
            )
        else:
            self._found.update((row, self._best(row)) for row in new.tolist())

    def _best(self, row: int) -> NDArray[Any]:
        """Return the best of one mentee as `fused.best` does, in plain numpy."""
        from mentorkit.matching.scan import best_of

        mentors = len(self._pool.mentors)
        first = start_of(row, max(1, mentors))
        scores, allowed = self._scan.block(row, row + 1)
        turned = np.roll(scores, -first, axis=1), np.roll(allowed, -first, axis=1)
        found: NDArray[Any] = (best_of(*turned, self._most)[0] + first) % max(1, mentors)
        return found

    def _drawn(self, row: int) -> NDArray[Any]:
        everyone = np.arange(len(self._pool.mentors))
        fit = everyone[self._scan.allowed(np.array([row]), everyone)[0]]
        return np.random.default_rng(row).permutation(fit)[: self._most]
