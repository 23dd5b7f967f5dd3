"""Assignments without an objective: stable, greedy, and by the mentees' own choices.

All three go through candidate lists (`lists.dense_lists` makes them from a matrix) and give the
same answer whether those are complete or grow on demand. A tie goes to the earlier mentee, then to
the earlier mentor. A pair that is allowed but scores nothing may be made.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mentorkit.matching.lists import GrowingLists, Widen
from mentorkit.matching.solution import (
    ALONE,
    CandidateLists,
    Index,
    Ints,
    Locks,
    place_locks,
    read_capacity,
)

Choices = Sequence[Sequence[int]]
"""Each mentee's wanted mentors, most wanted first."""


def _start(
    lists: CandidateLists, capacity: ArrayLike, locks: Locks, widen: Widen | None
) -> tuple[GrowingLists, Index, Ints]:
    match, left = place_locks(locks, lists.mentees, read_capacity(capacity, lists.mentees))
    return GrowingLists(lists, widen), match, left


def greedy(
    lists: CandidateLists,
    capacity: ArrayLike,
    locks: Locks = (),
    *,
    widen: Widen | None = None,
) -> Index:
    """Return each mentee's mentor (-1: none), the best pair left made first, over and over."""
    grown, match, left = _start(lists, capacity, locks, widen)
    at = np.zeros(len(grown), np.int64)

    def next_offer(mentee: int) -> tuple[int, int, int] | None:
        while True:
            mentors, scores = grown.of(mentee)
            ahead = np.flatnonzero(left[mentors[at[mentee] :]] > 0)
            if len(ahead):
                at[mentee] += ahead[0]
                return -int(scores[at[mentee]]), mentee, int(mentors[at[mentee]])
            at[mentee] = len(mentors)
            if not grown.grow(mentee):
                return None

    offers = [next_offer(int(mentee)) for mentee in np.flatnonzero(match == ALONE)]
    heap = [offer for offer in offers if offer is not None]
    heapq.heapify(heap)
    while heap:
        _, mentee, mentor = heapq.heappop(heap)
        if left[mentor] > 0:
            match[mentee] = mentor
            left[mentor] -= 1
        else:
            offer = next_offer(mentee)
            if offer is not None:
                heapq.heappush(heap, offer)
    return match


def stable(
    lists: CandidateLists,
    capacity: ArrayLike,
    locks: Locks = (),
    *,
    choices: Choices = (),
    widen: Widen | None = None,
) -> Index:
    """Return each mentee's mentor (-1: none) such that no two would rather have each other.

    Mentee-proposing deferred acceptance (Gale and Shapley 1962). A mentee prefers the mentors in
    `choices` in that order, then everyone else by score; a mentor prefers by score.
    """
    grown, match, left = _start(lists, capacity, locks, widen)
    mentors = len(left)
    wanted: list[list[int]] = [[] for _ in range(len(grown))]
    for mentee, ranked in enumerate(choices):
        wanted[mentee] = list(dict.fromkeys(int(mentor) for mentor in ranked))
    asked = [0] * len(grown)  # how far down the choices, and then the list
    holding: list[list[tuple[int, int]]] = [[] for _ in range(mentors)]
    waiting = [int(mentee) for mentee in np.flatnonzero(match == ALONE)[::-1]]

    def next_mentor(mentee: int) -> tuple[int, int] | None:
        first = wanted[mentee]
        while asked[mentee] < len(first):
            mentor = first[asked[mentee]]
            asked[mentee] += 1
            score = grown.score_of(mentee, mentor, mentors)
            if score is not None:
                return mentor, score
        while True:
            listed, scores = grown.of(mentee)
            while (place := asked[mentee] - len(first)) < len(listed):
                asked[mentee] += 1
                if not first or int(listed[place]) not in first:
                    return int(listed[place]), int(scores[place])
            if not grown.grow(mentee):
                return None

    while waiting:
        mentee = waiting.pop()
        while (offer := next_mentor(mentee)) is not None:
            mentor, score = offer
            held, bid = holding[mentor], (score, -mentee)
            if len(held) < left[mentor]:
                heapq.heappush(held, bid)
                break
            if held and bid > held[0]:
                waiting.append(-heapq.heapreplace(held, bid)[1])
                break
    for mentor, held in enumerate(holding):
        for _, negated in held:
            match[-negated] = mentor
    return match


def by_choice(
    lists: CandidateLists,
    capacity: ArrayLike,
    choices: Choices,
    locks: Locks = (),
    *,
    widen: Widen | None = None,
) -> Index:
    """Return each mentee's mentor (-1: none): first choices are served, then second ones, ...

    Where more ask than there are places, the better score gets it. A choice that is not allowed is
    passed over; whoever made no choice, or got none of them, stays alone.
    """
    grown, match, left = _start(lists, capacity, locks, widen)
    for rank in range(max((len(ranked) for ranked in choices), default=0)):
        asking: list[tuple[int, int, int]] = []
        for mentee, ranked in enumerate(choices):
            if match[mentee] != ALONE or rank >= len(ranked) or left[ranked[rank]] <= 0:
                continue
            score = grown.score_of(mentee, int(ranked[rank]), len(left))
            if score is not None:
                asking.append((-score, mentee, int(ranked[rank])))
        for _, mentee, mentor in sorted(asking):
            if left[mentor] > 0:
                match[mentee] = mentor
                left[mentor] -= 1
    return match
