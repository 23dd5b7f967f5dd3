"""What proves and describes a result: its bounds, the pairs that block it, and where mentors stand.

All of that is a question about every pair. Where a mentee's candidate list answers it, nobody is
looked at again: whoever is not on the list scores no more than its last one. The rest are scanned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mentorkit.matching import assign
from mentorkit.matching.pool import Index, Ints64
from mentorkit.matching.problem import Question
from mentorkit.matching.swaps import Swaps

Proof = tuple[tuple[int, ...], int, tuple[tuple[int, ...], tuple[int, ...]]]
"""Prices by mentor, a bonus, and a cover (mentees, mentors), by position."""

AT_ONCE = 1 << 14
"""So many lists are looked through at once, to stay small."""


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What one look at all pairs tells of a result. `own` (-1: alone) and `rank` are by mentee."""

    own: Ints64
    rank: Ints64
    total_bound: int
    pairs_bound: int
    blocking: int

    def halved(self) -> Survey:
        """Return it with half the bounds, as they are where all are peers (`together.halves`)."""
        return replace(self, total_bound=self.total_bound // 2, pairs_bound=self.pairs_bound // 2)


def survey(
    question: Question, match: Index, proof: Proof, locks: tuple[tuple[int, int], ...]
) -> Survey:
    """Return the bounds that a proof gives, the blocking pairs, and where each mentor stands."""
    prices, bonus, cover = proof
    capacity = np.array(question.capacity, np.int64)
    rows = np.flatnonzero(match >= 0)
    own = question.scores_of(match)
    most = min(assign.pairs_bound(cover, capacity, locks), len(match))
    swaps = Swaps(question, match, own, locks)
    if question.fused is None or question.kept:
        return Survey(
            own=own,
            rank=question.ranks(match),
            total_bound=assign.total_bound_in_blocks(
                question.blocks, len(match), capacity, prices, bonus, len(rows), locks
            ),
            pairs_bound=most,
            blocking=swaps.count(assign.rather_in_blocks(question.blocks, own, swaps.worst)),
        )
    price = assign.check_prices(prices, bonus, len(capacity))
    locked, left = assign.place_locks(locks, len(match), assign.read_capacity(capacity, len(match)))
    look = _Look(
        question,
        np.where(left > 0, bonus - price, -assign.HIGHEST),
        swaps.worst,
        own,
        match.astype(np.int32),
    )
    look.at_lists()
    look.at_everybody()
    free = locked < 0
    bound = int((left * price).sum()) - bonus * (len(rows) - int((~free).sum()))
    return Survey(
        own=own,
        rank=look.rank,
        total_bound=bound + int(look.gain[free].sum()) + int(own[~free].sum()),
        pairs_bound=most,
        blocking=swaps.count(look.blocking),
    )


class _Look:
    """Gain, blocking pairs and rank of each mentee, as `Fused.survey` says what these are."""

    def __init__(
        self, question: Question, offset: Ints64, worst: Ints64, own: Ints64,
        match: NDArray[np.int32],
    ) -> None:  # fmt: skip
        self.question, self.offset, self.worst = question, offset, worst
        self.own, self.match = own, match
        self.gain, self.blocking, self.rank = (np.zeros(len(own), np.int64) for _ in range(3))
        self.known = np.zeros(len(own), np.bool_)

    def at_lists(self) -> None:
        """Find what the lists tell; `known` are those of whom they tell all."""
        lists = self.question.lists()
        for start in range(0, lists.mentees, AT_ONCE):
            stop = min(lists.mentees, start + AT_ONCE)
            ends = lists.indptr[start : stop + 1]
            there = np.arange(self.question.listed) < np.diff(ends)[:, None]
            mentor = np.full(there.shape, -1, np.int32)
            score = np.full(there.shape, -1, np.int64)
            mentor[there] = lists.mentor[ends[0] : ends[-1]]
            score[there] = lists.score[ends[0] : ends[-1]]
            self._read(slice(start, stop), mentor, score)

    def _read(self, some: slice, mentor: NDArray[np.int32], score: Ints64) -> None:
        """Read lists that are filled up with -1."""
        whole = mentor[:, -1] < 0
        gain = np.where(mentor >= 0, score + self.offset[mentor], 0).max(axis=1, initial=0)
        others = score[:, -1] + int(self.offset.max(initial=0))
        own, mine = self.own[some, None], mentor == self.match[some, None]
        found = mine.any(axis=1) & (self.match[some] >= 0)
        blocks = (mentor >= 0) & (score > own) & (score > self.worst[mentor])
        self.gain[some] = gain
        self.blocking[some] = blocks.sum(axis=1)
        self.rank[some] = 1 + mine.argmax(axis=1)
        alone = self.match[some] < 0
        self.known[some] = (whole | (others <= gain)) & (found | (alone & whole))

    def at_everybody(self) -> None:
        """Scan everybody for those whose lists do not tell all."""
        fused, unknown = self.question.fused, np.flatnonzero(~self.known)
        assert fused is not None
        self.gain[unknown], self.blocking[unknown], self.rank[unknown] = fused.survey(
            self.offset, self.worst, self.own[unknown], self.match[unknown],
            self.question.tell("checking"), unknown.astype(np.int32),
        )  # fmt: skip
