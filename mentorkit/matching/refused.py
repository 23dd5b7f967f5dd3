"""What became of whom mentees asked for, where their own choices make the pairs.

It is told from the pairs as they stand, so of a kept draft that was changed by hand, too. Of the
pairs that `assign.by_choice` makes it says what `assign.trace_choices` says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mentorkit.matching.pool import Index
from mentorkit.matching.result import Refused, WhyRefused
from mentorkit.matching.scan import Scan


@dataclass(frozen=True, slots=True, eq=False)
class Refusals(Mapping[str, tuple[Refused, ...]]):
    """Each mentee's choices that came to nothing, by id, worked out when they are asked for."""

    scan: Scan
    match: Index  # (n,), -1 for alone
    locks: tuple[tuple[int, int], ...]

    def __getitem__(self, mentee_id: str) -> tuple[Refused, ...]:
        return tuple(self._of(self.scan.pool.mentee_at[mentee_id]))

    def __iter__(self) -> Iterator[str]:
        return iter(self.scan.pool.mentees.ids)

    def __len__(self) -> int:
        return len(self.scan.pool.mentees)

    def __reduce__(self) -> tuple[type[dict[Any, Any]], tuple[dict[str, tuple[Refused, ...]]]]:
        return dict, (dict(self),)  # what was worked out, without the people it was worked out of

    def _of(self, mentee: int) -> Iterator[Refused]:
        """Yield what was tried before the mentor that this mentee has; who is locked tried none."""
        pool, given = self.scan.pool, self.match[mentee]
        if (mentee, given) in self.locks:
            return
        for place, mentor in enumerate(pool.choices(mentee)):
            if mentor == given:
                return
            why, by = self._why(mentee, mentor, place)
            people = tuple(pool.mentees.ids[one] for one in by)
            yield Refused(rank=place + 1, mentor_id=pool.mentors.ids[mentor], why=why, by=people)

    def _why(self, mentee: int, mentor: int, place: int) -> tuple[WhyRefused, list[int]]:
        """Return why a mentor wanted at this place (0: most) is not had, and who has the places.

        First choices are served before second ones. So if anybody wanted that mentor no more than
        this mentee and is with them, places were left at this turn, and the score decided.
        """
        if not self.scan.pairs_allowed(np.array([mentee]), np.array([mentor])).all():
            return "not allowed", []
        held = np.flatnonzero(self.match == mentor).tolist()
        if len(held) < self.scan.pool.capacity[mentor]:
            return "free", []
        rivals = [one for one in held if self._place(one, mentor) >= place]
        return ("outscored", rivals) if rivals else ("full", held)

    def _place(self, mentee: int, mentor: int) -> int:
        """Return where a mentor who has this mentee stands among their choices, -1 for a lock."""
        wanted = self.scan.pool.choices(mentee)
        if (mentee, mentor) in self.locks or mentor not in wanted:
            return -1
        return wanted.index(mentor)
