"""The auction: which pairs, over candidate lists, when the whole matrix is too much.

Mentees without a mentor bid for the mentor whose score less price is best for them, by as much as
it beats their second best, plus `eps`; a full mentor keeps the highest bids and costs the lowest of
those (Bertsekas 1988, all bids of a round at once). Prices start at 0 and only rise when all places
are taken, so a mentor with a free place costs nothing and the total is within mentees x eps of the
best. A list is longer than what is kept of it: `rest` is what anybody not kept could be worth at
most, for good, because prices never fall. Whoever's `rest` beats everybody kept waits until nobody
else bids; then all of these lists are read again at once, at the prices of that moment.

`bid` is the plain meaning of a run of rounds; `kernels.assign` has the same compiled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.matching.candidates import Rescan
from mentorkit.matching.solution import UNPAYABLE, CandidateLists, Ints, Ints32

KEPT = 64
"""How many candidates of a mentee are looked at in a round."""
NOTHING = -UNPAYABLE
"""What nobody is worth."""
TIE_BITS = 10
PATIENCE = 400
"""Bids per mentee after which prices are found to crawl, as equal scores make them."""
AT_ONCE = 1 << 15
"""So many lists are read and copied at once: of a million, all at once would take gigabytes."""
READING = 20
"""How many bids' worth of work it is to read a list again."""


@dataclass(slots=True, eq=False)
class Floor:
    """Where bids are made: what is kept of each mentee's list, prices, and who holds what.

    Column `mentors` of the prices stands for nobody. `match` is `mentors` for who is alone.
    """

    mentor: Ints32  # (mentees, KEPT at most), padded with nobody
    score: Ints32
    rest: Ints
    left: Ints
    price: Ints
    match: Ints
    won: Ints  # the score of each mentee's match
    bid: Ints
    rescan: Rescan
    budget: int  # how many pairs may be looked at to read lists again
    spent: bool = False  # whether a list could not be read for that
    bids: int = 0  # how many were made
    compiled: Any = None  # `kernels.assign`, or None to stay with numpy

    @classmethod
    def open(
        cls,
        lists: CandidateLists,
        left: Ints,
        out: NDArray[np.bool_],
        rescan: Rescan,
        *,
        budget: int,
        complete: bool,
        compiled: Any = None,
    ) -> Floor:
        """Return the floor before any bid; mentees in `out` have no candidates.

        `complete` says that nobody is allowed beyond the lists.
        """
        mentees, mentors = lists.mentees, len(left)
        length = np.where(out, 0, np.diff(lists.indptr))
        width = max(1, min(KEPT, int(length.max(initial=1)) if complete else mentors))
        column = np.arange(width)
        mentor = np.full((mentees, width), mentors, np.int32)
        score = np.zeros((mentees, width), np.int32)
        for start in range(0, mentees, AT_ONCE):
            some = slice(start, min(mentees, start + AT_ONCE))
            listed = column < length[some, None]
            at = (lists.indptr[:-1][some, None] + column)[listed]
            mentor[some][listed], score[some][listed] = lists.mentor[at], lists.score[at]
        rest = np.full(mentees, NOTHING, np.int64)
        cut = length > (width if complete else 0)
        # Absent ones score no more than the last one kept: lists are sorted.
        rest[cut] = score[cut, np.minimum(length[cut], width) - 1]
        return cls(
            mentor=mentor,
            score=score,
            rest=rest,
            left=left,
            price=np.append(np.where(left > 0, 0, UNPAYABLE), UNPAYABLE),
            match=np.full(mentees, mentors, np.int64),
            won=np.zeros(mentees, np.int64),
            bid=np.zeros(mentees, np.int64),
            rescan=rescan,
            budget=budget,
            compiled=compiled,
        )

    def keep(self, mentees: Ints, lists: tuple[Ints32, Ints32, Ints]) -> None:
        """Keep other mentors of these mentees' lists, and what the rest is worth at most."""
        self.mentor[mentees], self.score[mentees], self.rest[mentees] = lists

    def renew(self, mentees: Ints, prices: Ints) -> None:
        """Read the lists of these mentees again, and keep the best at these prices."""
        for start in range(0, len(mentees), AT_ONCE):
            some = mentees[start : start + AT_ONCE]
            self.keep(some, self.read(some, prices))

    def affords(self, readings: int) -> bool:
        """Return whether so many lists may still be read, and take them off what is left."""
        cost = readings * len(self.left)
        self.spent |= cost > self.budget
        if cost > self.budget:
            return False
        self.budget -= cost
        return True

    def read(self, mentees: Ints, prices: Ints) -> tuple[Ints32, Ints32, Ints]:
        """Return the best at these prices as it is kept, and what anybody else is worth at most."""
        nobody = len(self.left)
        mentor, score = self.rescan(mentees, prices[:-1], self.mentor.shape[1])
        mentor = np.where(mentor < 0, nobody, mentor).astype(np.int32)
        mentor[prices[mentor] >= UNPAYABLE] = nobody
        score = np.where(mentor == nobody, 0, score).astype(np.int32)
        last = score[:, -1] - prices[mentor[:, -1]]
        return mentor, score, np.where(mentor[:, -1] == nobody, NOTHING, last)

    def settle(self, bidders: Ints, mentors: Ints, bids: Ints, scores: Ints) -> Ints:
        """Let each mentor keep the highest bids; return the mentees who were left out or put out.

        Of equal bids the earlier mentee's is kept.
        """
        nobody = len(self.left)
        asked = np.zeros(nobody + 1, np.bool_)
        asked[mentors] = True
        self.match[bidders] = mentors
        self.bid[bidders] = bids
        self.won[bidders] = scores
        rivals = np.flatnonzero(asked[self.match])
        order = rivals[np.lexsort((-self.bid[rivals], self.match[rivals]))]
        held = self.match[order]
        first = np.flatnonzero(np.diff(held, prepend=-1))
        rank = np.arange(len(held)) - np.repeat(first, np.diff(first, append=len(held)))
        last = rank == self.left[held] - 1
        self.price[held[last]] = self.bid[order[last]]
        put_out = order[rank >= self.left[held]]
        self.match[put_out] = nobody
        self.won[put_out] = 0
        return put_out


def _lot(mentee: int | Ints, mentors: Ints32) -> Ints:
    """Return a number below 1024 for the pair, so that equals do not all want the same mentor."""
    mixed = (mentors.astype(np.int64) * 2654435761 + mentee * 40503 * 65537) & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 15)) * 2246822519 >> 13) & ((1 << TIE_BITS) - 1)


def bid(floor: Floor, waiting: Ints, eps: int, slack: int, budget: int) -> tuple[Ints, Ints, int]:
    """Hold rounds until nobody sure of their best waits, or more than `budget` bids were made.

    Return who was not sure, who still waits, and how many bids there were. Somebody not kept may be
    better by `slack` than who is.
    """
    work = 0
    unsure = [np.empty(0, np.int64)]
    while len(waiting) and work <= budget:
        mentor = floor.mentor[waiting]
        net = floor.score[waiting] - floor.price[mentor]
        key = (net << TIE_BITS) + _lot(waiting[:, None], mentor)
        row = np.arange(len(waiting))
        best = key.argmax(axis=1)
        value = net[row, best]
        rest = floor.rest[waiting]
        sure = rest <= np.maximum(value, 0) + slack
        unsure.append(waiting[~sure])
        ready = np.flatnonzero(sure & (value > 0))
        net[row, best] = NOTHING
        second = np.maximum(np.maximum(net.max(axis=1), np.minimum(rest, value)), 0)[ready]
        bidders, at = waiting[ready], best[ready]
        mentors = mentor[ready, at].astype(np.int64)
        bids = floor.price[mentors] + (value[ready] - second + eps)
        waiting = np.sort(floor.settle(bidders, mentors, bids, floor.score[bidders, at]))
        work += len(bidders)
    return np.concatenate(unsure), waiting, work


def hold_auction(floor: Floor, eps: int, *, give_up: bool) -> bool:
    """Let everybody bid until nobody wants more; return whether it came to that.

    Where prices crawl it gives up, or else doubles `eps`; from then on somebody not kept may also
    be better by `eps` than who is. Where no more lists may be read it ends with those there are.
    """
    bid_on = bid if floor.compiled is None else floor.compiled.Bidding(floor).bid
    waiting = np.flatnonzero(floor.score[:, 0] > 0)
    unsure = np.empty(0, np.int64)
    work, slack, limit = 0, 0, PATIENCE * (len(waiting) + 1)
    while len(waiting) or len(unsure):
        if not len(waiting):
            waiting, unsure = np.sort(unsure), unsure[:0]
            if floor.affords(len(waiting)):
                floor.renew(waiting, floor.price)
                work += READING * len(waiting)
            else:
                floor.rest[:] = NOTHING  # whoever is on no list is left out from now on
        more, waiting, bids = bid_on(floor, waiting, eps, slack, limit - work)
        unsure = np.concatenate([unsure, more])
        work += bids
        floor.bids += bids
        if work > limit:
            if give_up:
                return False
            work, eps = 0, 2 * eps
            slack = eps
    return True
