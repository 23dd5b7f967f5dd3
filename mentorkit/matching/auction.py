"""The auction: which pairs, over candidate lists, when the whole matrix is too much.

Mentees without a mentor bid for the mentor whose score less price is best for them, by as much as
it beats their second best, plus `eps`; a full mentor keeps the highest bids and costs the lowest of
those (Bertsekas 1988, all bids of a round at once). Prices start at 0 and only rise when all places
are taken, so a mentor with a free place costs nothing and the total is within mentees x eps of the
best. A list is longer than what is kept of it: `rest` is what anybody not kept could be worth at
most, for good, because prices never fall; when that beats everybody kept, the list is read again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mentorkit.matching.lists import Widen
from mentorkit.matching.solution import CandidateLists, Index, Ints

KEPT = 64
"""How many candidates of a mentee are looked at in a round."""
NOTHING = -(1 << 40)
"""What nobody is worth; and the opposite of a price nobody can pay."""
TIE_BITS = 10
PATIENCE = 60
"""Bids per mentee after which prices are found to crawl, as equal scores make them."""
READING = 8
"""How many bids' worth of work it is to read a list again."""


@dataclass(slots=True, eq=False)
class Floor:
    """Where bids are made: what is kept of each mentee's list, prices, and who holds what.

    Column `mentors` of the prices stands for nobody. `match` is `mentors` for who is alone.
    """

    lists: CandidateLists
    widen: Widen | None
    left: Ints
    mentor: Index  # (mentees, KEPT at most), padded with nobody
    score: Ints
    rest: Ints
    asked: Ints
    complete: NDArray[np.bool_]
    price: Ints
    match: Ints
    won: Ints  # the score of each mentee's match
    bid: Ints

    @classmethod
    def open(
        cls, lists: CandidateLists, left: Ints, widen: Widen | None, out: NDArray[np.bool_]
    ) -> Floor:
        """Return the floor before any bid; mentees in `out` have no candidates."""
        mentees, mentors = lists.mentees, len(left)
        length = np.where(out, 0, np.diff(lists.indptr))
        width = int(min(KEPT, length.max(initial=1)))
        column = np.arange(width)
        listed = column < length[:, None]
        at = np.where(listed, lists.indptr[:-1, None] + column, 0)
        mentor = np.full((mentees, width), mentors, np.int32)
        score = np.full((mentees, width), NOTHING, np.int64)
        if len(lists.mentor):
            mentor = np.where(listed, lists.mentor[at], mentor)
            score = np.where(listed, lists.score[at], score)
        complete = (length == 0) | (widen is None)
        rest = np.full(mentees, NOTHING, np.int64)
        cut = (length > width) | ((length > 0) & ~complete)
        # Absent ones score no more than the last one kept: lists are sorted.
        rest[cut] = score[cut, np.minimum(length[cut], width) - 1]
        price = np.append(np.where(left > 0, 0, -NOTHING), -NOTHING)
        return cls(
            lists=lists,
            widen=widen,
            left=left,
            mentor=mentor,
            score=score,
            rest=rest,
            asked=np.asarray(length, np.int64).copy(),
            complete=complete,
            price=price,
            match=np.full(mentees, mentors, np.int64),
            won=np.zeros(mentees, np.int64),
            bid=np.zeros(mentees, np.int64),
        )

    def copy(self) -> Floor:
        """Return a floor where prices and matches may change without changing these."""
        return replace(
            self,
            price=self.price.copy(),
            match=self.match.copy(),
            won=self.won.copy(),
            rest=self.rest.copy(),
            asked=self.asked.copy(),
            complete=self.complete.copy(),
        )

    def read(self, mentee: int) -> tuple[Index, Index]:
        """Return the longest list asked for so far, as it is given again."""
        if self.widen is None or self.asked[mentee] <= len(self.lists.of(mentee)[0]):
            return self.lists.of(mentee)
        mentors, scores = self.widen(mentee, int(self.asked[mentee]))
        return np.asarray(mentors, np.int32), np.asarray(scores, np.int32)

    def read_all(self, mentee: int) -> tuple[Index, Index]:
        """Return everybody this mentee may go with."""
        if not self.complete[mentee]:
            self.asked[mentee] = len(self.left) + 1
            self.complete[mentee] = True
        return self.read(mentee)

    def look_again(self, mentee: int) -> None:
        """Keep the best of this mentee's list at today's prices, of a longer list if there is one.

        A complete list is only cut anew.
        """
        if not self.complete[mentee]:
            self.asked[mentee] = min(4 * max(self.asked[mentee], KEPT), len(self.left) + 1)
        mentors, scores = self.read(mentee)
        self.complete[mentee] |= len(mentors) < self.asked[mentee]
        width = self.mentor.shape[1]
        net = scores - self.price[mentors]
        key = (net << TIE_BITS) + _lot(mentee, mentors)
        rest = NOTHING if self.complete[mentee] else int(scores[-1])
        if len(mentors) > width:
            order = np.argpartition(-key, width)
            rest = max(rest, int(net[order[width]]))
            order = np.sort(order[:width])
            mentors, scores = mentors[order], scores[order]
        self.rest[mentee] = rest
        self.mentor[mentee] = len(self.left)
        self.mentor[mentee, : len(mentors)] = mentors
        self.score[mentee] = NOTHING
        self.score[mentee, : len(mentors)] = scores

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


def _lot(mentee: int | Ints, mentors: Index) -> Ints:
    """Return a number below 1024 for the pair, so that equals do not all want the same mentor."""
    mixed = (mentors.astype(np.int64) * 2654435761 + mentee * 40503 * 65537) & 0xFFFFFFFF
    return ((mixed ^ (mixed >> 15)) * 2246822519 >> 13) & ((1 << TIE_BITS) - 1)


def hold_auction(floor: Floor, eps: int, *, give_up: bool) -> bool:
    """Let everybody bid until nobody wants more; return whether it came to that.

    Where prices crawl it gives up, or else doubles `eps`; from then on somebody not kept may also
    be better by `eps` than who is.
    """
    waiting = np.flatnonzero(floor.score[:, 0] > 0)
    work, slack, limit = 0, 0, PATIENCE * (len(waiting) + 1)
    while len(waiting):
        mentor = floor.mentor[waiting]
        net = floor.score[waiting] - floor.price[mentor]
        key = (net << TIE_BITS) + _lot(waiting[:, None], mentor)
        row = np.arange(len(waiting))
        best = key.argmax(axis=1)
        value = net[row, best]
        rest = floor.rest[waiting]
        unsure = rest > np.maximum(value, 0) + slack
        for mentee in waiting[unsure]:
            floor.look_again(int(mentee))
        ready = np.flatnonzero(~unsure & (value > 0))
        net[row, best] = NOTHING
        second = np.maximum(np.maximum(net.max(axis=1), np.minimum(rest, value)), 0)[ready]
        bidders, at = waiting[ready], best[ready]
        mentors = mentor[ready, at].astype(np.int64)
        bids = floor.price[mentors] + (value[ready] - second + eps)
        put_out = floor.settle(bidders, mentors, bids, floor.score[bidders, at])
        waiting = np.sort(np.concatenate([waiting[unsure], put_out]))
        work += len(bidders) + READING * int(unsure.sum())
        if work > limit:
            if give_up:
                return False
            work, eps = 0, 2 * eps
            slack = eps
    return True
