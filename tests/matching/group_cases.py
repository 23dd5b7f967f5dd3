"""Small problems of groups, and their best answers by trying all there are."""

from __future__ import annotations

from functools import cache
from itertools import combinations
from random import Random
from typing import Any

import numpy as np

from mentorkit_matching.members import Asked, Want

Worth = tuple[int, int, int]


def draw_circles(seed: int) -> Asked:
    """Draw up to eight mentees and three mentors, with nothing, one or two things to share."""
    random = Random(seed)
    mentees, mentors = random.randint(3, 8), random.randint(1, 3)
    highest = random.choice((3, 100, 10_000))
    scores = [[random.randint(0, highest) for _ in range(mentors)] for _ in range(mentees)]
    allowed = np.array([[random.random() < 0.85 for _ in range(mentors)] for _ in scores])
    wants = []
    for answers, least in random.choice(
        ([], [(3, 1)], [(3, 1), (5, 1)], [(3, 1), (6, 2)], [(5, 2)])
    ):
        share = random.choice((0.5, 0.7))
        sides = [
            np.array([[random.random() < often for _ in range(answers)] for _ in range(people)])
            for people, often in ((mentees, share), (mentors, 0.8))
        ]
        wants.append(Want(sides[0].astype(np.float32), sides[1].astype(np.float32), least))
        allowed &= wants[-1].mentees @ wants[-1].mentors.T >= least
    return Asked(
        scores=np.array(scores, np.int64),
        allowed=allowed,
        room=np.array([min(random.choice((4, 6)), random.randint(1, 8)) for _ in range(mentors)]),
        least=random.choice((2, 3)),
        most_circles=mentors,
        wants=wants,
        apart=[two for two in combinations(range(mentees), 2) if random.random() < 0.03],
    )


def may_be(asked: Asked, mentor: int, people: tuple[int, ...]) -> bool:
    """Return whether these can be a circle, by the plain meaning of what is asked."""
    some = list(people)
    return (
        asked.least <= len(some) <= asked.room[mentor]
        and bool(asked.allowed[some, mentor].all())
        and all(
            (want.mentors[mentor] * want.mentees[some].prod(axis=0)).sum() >= want.least
            for want in asked.wants
        )
        and not any(one in people and other in people for one, other in asked.apart)
    )


def worth(asked: Asked, made: dict[int, tuple[int, ...]]) -> Worth:
    """Return how many are in circles, how even these are, and the total."""
    sizes = [len(people) for people in made.values()]
    short = [len(people) for mentor, people in made.items() if len(people) < asked.room[mentor]]
    spread = max(1, max(sizes) - min(short)) if short else 1
    total = sum(int(asked.scores[one, mentor]) for mentor in made for one in made[mentor])
    return sum(sizes), -spread, total


def best_circles(asked: Asked) -> Worth:
    """Return what the best circles are worth, by trying them all."""
    mentees, mentors = asked.shape
    ways = [
        [
            people
            for size in range(asked.least, int(asked.room[mentor]) + 1)
            for people in combinations(range(mentees), size)
            if may_be(asked, mentor, people)
        ]
        for mentor in range(mentors)
    ]

    def best(mentor: int, used: frozenset[int], made: dict[int, tuple[int, ...]]) -> Worth:
        if mentor == mentors:
            return worth(asked, made)
        found = [best(mentor + 1, used, made)]
        for people in ways[mentor]:
            if used.isdisjoint(people):
                found.append(best(mentor + 1, used | set(people), {**made, mentor: people}))
        return max(found)

    return best(0, frozenset(), {})


def draw_weights(seed: int, most: int = 11) -> Any:
    """Draw a symmetric table of weights, -1 where two may not be a pair; some with odd cliques."""
    random = Random(seed)
    people, highest = random.randint(0, most), random.choice((1, 3, 20, 10_000))
    often, clique = random.choice((0.2, 0.6, 1.0)), random.choice((0, 3, 5))
    weights = np.full((people, people), -1, np.int64)
    for one, other in combinations(range(people), 2):
        if random.random() < often:
            near = 500 if clique and one // clique == other // clique else 0
            weights[one, other] = weights[other, one] = near + random.randint(0, highest)
    return weights


def best_pairs(weights: Any) -> tuple[int, int]:
    """Return how many pairs there can be at most, and the best total of so many."""
    people = len(weights)

    @cache
    def best(left: frozenset[int]) -> tuple[int, int]:
        if not left:
            return (0, 0)
        one = min(left)
        found = best(left - {one})
        for other in left - {one}:
            if weights[one, other] >= 0:
                pairs, total = best(left - {one, other})
                found = max(found, (pairs + 1, total + int(weights[one, other])))
        return found

    return best(frozenset(range(people)))


def best_rings(weights: Any, least: int, most: int) -> tuple[int, int]:
    """Return how many can be in rings at most, and the best total of so many."""
    people = len(weights)

    def rows(row: tuple[int, ...], total: int) -> Any:
        if len(row) >= least and weights[row[-1], row[0]] >= 0:
            yield frozenset(row), total + int(weights[row[-1], row[0]])
        if len(row) < most:
            for one in range(row[0] + 1, people):
                if one not in row and weights[row[-1], one] >= 0:
                    yield from rows((*row, one), total + int(weights[row[-1], one]))

    by_first = [list(rows((first,), 0)) for first in range(people)]

    @cache
    def best(left: frozenset[int]) -> tuple[int, int]:
        if not left:
            return (0, 0)
        first = min(left)
        found = best(left - {first})
        for ring, total in by_first[first]:
            if ring <= left:
                placed, more = best(left - ring)
                found = max(found, (placed + len(ring), more + total))
        return found

    return best(frozenset(range(people)))
