"""Who would both rather have each other: by what they chose, and after that by the score.

A mentee would rather have whom they chose, in that order, and then whoever scores more; so it is
with mentors. That is what `stable` goes by, so its pairs never count. Who is locked stays where
they are. The scan counts by the score alone (`surveys`, `certificate`); where nobody chose that is
all, and else the pairs that somebody chose are put right here, one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mentorkit.matching.certificate import worst_of
from mentorkit.matching.solution import ALONE, place_locks, read_capacity
from mentorkit.matching.stable import CHOSEN

if TYPE_CHECKING:
    from mentorkit.matching.pool import Index, Ints64
    from mentorkit.matching.problem import Question
    from mentorkit.matching.solution import Locks

SETTLED = 1 << 50
"""What it is worth to stay, to who cannot move."""


class Swaps:
    """What everybody has in a match, as they value it.

    `own` (mentees,) is each mentee's score, -1 for who is alone. `worst` (mentors,) is more than
    what a mentor would want somebody for; -1 where a place is free.
    """

    def __init__(self, question: Question, match: Index, own: Ints64, locks: Locks) -> None:
        self._question, self.own = question, own
        self._asked, self._wanted = question.wishes()
        mentees = len(match)
        locked, left = place_locks(locks, mentees, read_capacity(question.capacity, mentees))
        free = locked == ALONE
        rows = np.arange(mentees)
        theirs = self._worth(self._wanted, rows, match, own)
        self._mine = np.where(free, self._worth(self._asked, rows, match, own), SETTLED)
        self.worst = worst_of(theirs[free], match[free], left)

    def count(self, by_score: Ints64) -> int:
        """Return how many pairs would swap.

        `by_score` (mentees,) is how many mentors score more with each mentee than what they have,
        and than the mentor's `worst`.
        """
        scanned = self._mine < CHOSEN // 2
        found = int(by_score[scanned].sum())
        pairs = sorted({*self._asked, *self._wanted})
        if not pairs:
            return found
        mentee, mentor = np.array(pairs, np.int64).T
        may = np.flatnonzero(self._question.allows(mentee, mentor))
        score = np.full(len(pairs), -1, np.int64)  # plugins are asked of no others
        score[may] = self._question.pair_scores(mentee[may], mentor[may])
        least = self.worst[mentor]
        known = scanned[mentee] & (score > self.own[mentee]) & (score > least)
        better = self._worth(self._asked, mentee, mentor, score) > self._mine[mentee]
        swaps = better & (self._worth(self._wanted, mentee, mentor, score) > least)
        return found + int(((score >= 0) & swaps).sum()) - int(((score >= 0) & known).sum())

    def _worth(
        self, chosen: dict[tuple[int, int], int], mentees: Any, mentors: Any, scores: Any
    ) -> Any:
        """Return the scores, and above them all what pairs are worth that somebody chose."""
        worth = np.array(scores, np.int64)
        if chosen:
            for at, pair in enumerate(zip(mentees.tolist(), mentors.tolist(), strict=True)):
                if pair in chosen:
                    worth[at] = CHOSEN - chosen[pair]
        return worth
