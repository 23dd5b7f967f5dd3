"""Groups and peers: what an assigner says of those who meet as one, checked, and who is busy then.

Some bring more than two together (`Group`), others pair people who are all on both sides (`peers`).
What holds for these beside what holds for every pair stands here, for the run and for its proof.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from mentorkit.errors import Invalid, Problem
from mentorkit.hooks.forms import MinAvailability
from mentorkit.matching.pool import Index, Pool
from mentorkit.matching.result import Circle
from mentorkit.matching.weekly import weeks_of

if TYPE_CHECKING:
    from mentorkit.matching.binding import BoundStrategy
    from mentorkit.matching.problem import Question

Indices = tuple[int, ...]
Groups = tuple[tuple[Indices, Indices], ...]
"""Mentees and mentors of each group, by position."""


def twins(pool: Pool) -> Index:
    """Return where each mentee stands among the mentors, -1 for who does not: shape (n,)."""
    at = {person: j for j, person in enumerate(pool.mentors.persons) if person is not None}
    found = [-1 if one is None else at.get(one, -1) for one in pool.mentees.persons]
    return np.array(found or [-1] * len(pool.mentees), np.intp)


def shared(pool: Pool, field: str, other: str | None) -> tuple[list[int], list[int]]:
    """Return the answers to a field as sets of bits; raise `Invalid` where nobody is asked it."""
    names = {"mentee": field, "mentor": field if other is None else other}
    known = {*pool.fields, *pool.mentees.fields, *pool.mentors.fields}
    missing = [name for name in dict.fromkeys(names.values()) if name not in known]
    if missing:
        told = [
            Problem("assigner_options", f"nobody is asked {name!r}; name one of the fields")
            for name in missing
        ]
        raise Invalid("strategy.invalid", "The strategy cannot be used as it stands:", told)
    sets = pool.sets(names["mentee"], names["mentor"])
    return _bits(sets.mentees), _bits(sets.mentors)


def weeks(pool: Pool, form: MinAvailability) -> list[tuple[list[int], list[int], int]]:
    """Return, for each week that differs, who is free when as sets of bits, and how many it takes.

    So many bits at least must all have in common who meet as one.
    """
    found = weeks_of(form, pool)
    slots = -(-form.least // found.minutes)
    both = (found.one(week) for week in range(found.weeks))
    return [(_bits(mentees), _bits(mentors), slots) for mentees, mentors in both]


def _bits(words: Any) -> list[int]:
    return [int.from_bytes(row.tobytes(), "little") for row in np.asarray(words, "<u8")]


# --------------------------------------------------------------------------- an assigner's answer


def read_groups(groups: object) -> Groups:
    """Return groups by position; raise ValueError with what to give instead."""
    told = "groups are a tuple of Group, each with a tuple of mentees and one of mentors"
    if not isinstance(groups, Collection):
        raise ValueError(told)
    try:
        return tuple(
            (tuple(map(operator.index, one.mentees)), tuple(map(operator.index, one.mentors)))
            for one in groups
        )
    except (AttributeError, TypeError):
        raise ValueError(told) from None


def wrong_groups(pool: Pool, question: Question, groups: Groups, match: Index) -> Iterator[str]:
    """Yield what is not feasible about groups, given who is paired with whom."""
    people = len(pool.mentees), len(pool.mentors)
    for mentees, mentors in groups:
        if not mentees or not mentors:
            yield "a group needs a mentee and a mentor"
            return
        for those, most in zip((mentees, mentors), people, strict=True):
            if any(not 0 <= one < most for one in those):
                yield f"the group {mentees}, {mentors} names nobody"
                return
    for side, everybody, ids in (
        ("mentee", [one for mentees, _ in groups for one in mentees], pool.mentees.ids),
        ("mentor", [one for _, mentors in groups for one in mentors], pool.mentors.ids),
    ):
        for one, times in sorted(Counter(everybody).items()):
            if times > 1:
                yield f"{side} {ids[one]} is in {times} groups"
    for mentees, mentors in groups:
        yield from _wrong_group(pool, question, mentees, mentors, match)


def _wrong_group(
    pool: Pool, question: Question, mentees: Indices, mentors: Indices, match: Index
) -> Iterator[str]:
    ids = pool.mentees.ids, pool.mentors.ids
    lead = ids[1][mentors[0]]
    if np.flatnonzero(match == mentors[0]).tolist() != sorted(mentees):
        yield f"the group of mentor {lead} is not exactly those who are paired with them"
    for mentor in mentors[1:]:
        rows = np.array(mentees, np.intp)
        allowed = question.allows(rows, np.full(len(rows), mentor))
        for mentee in rows[~allowed].tolist():
            yield f"{ids[0][mentee]} with {ids[1][mentor]} is not among the candidates"
        taken = len(mentees) + int((match == mentor).sum())
        if taken > pool.capacity[mentor]:
            yield (
                f"mentor {ids[1][mentor]} got {taken} mentees and has "
                f"{pool.capacity[mentor]} place(s)"
            )
    if not {(mentee, mentors[0]) for mentee in mentees} <= set(question.locks):
        for form in question.rules():
            if isinstance(form, MinAvailability):
                free = weeks_of(form, pool).together(mentees, mentors)
                if free < form.least:
                    yield (
                        f"all in the group of mentor {lead} are free at once for {free} minutes a "
                        f"week, not for {form.least}"
                    )
    members = [ids[0][one] for one in mentees] + [ids[1][one] for one in mentors]
    for one, other in combinations(members, 2):
        if {(one, other), (other, one)} & pool.apart:
            yield f"{one} and {other} must be kept apart"


def wrong_peers(pool: Pool, match: Index) -> Iterator[str]:
    """Yield who has more pairs than places, counted on both sides."""
    used = np.bincount(match[match >= 0], minlength=len(pool.mentors))
    for mentee, mentor in enumerate(twins(pool).tolist()):
        if mentor >= 0 and match[mentee] >= 0 and used[mentor] + 1 > pool.capacity[mentor]:
            yield (
                f"{pool.mentees.ids[mentee]} got {used[mentor] + 1} peers and has "
                f"{pool.capacity[mentor]} place(s)"
            )


def circles_of(pool: Pool, groups: Groups) -> tuple[Circle, ...]:
    """Return groups by id, in the order of who leads them."""
    return tuple(
        Circle(
            mentees=tuple(pool.mentees.ids[one] for one in sorted(mentees)),
            mentors=tuple(pool.mentors.ids[one] for one in mentors),
        )
        for mentees, mentors in sorted(groups, key=lambda group: group[1])
    )


# --------------------------------------------------------------------------- who is busy


def busy(
    pool: Pool, bound: BoundStrategy, match: Index, circles: Sequence[Circle]
) -> tuple[Index, Index]:
    """Return each mentee's mentor (-1: none) and each mentor's places taken, as far as known.

    A further mentor of a circle is busy with all of it, and of peers each is busy whichever of the
    two sides they have.
    """
    match = match.copy()
    used = np.bincount(match[match >= 0], minlength=len(pool.mentors)).astype(np.intp)
    for circle in circles:
        for mentor in circle.mentors[1:]:
            used[pool.mentor_at[mentor]] += len(circle.mentees)
    if bound.assigner.peers:
        mentees = np.flatnonzero(twins(pool) >= 0)
        mentors = twins(pool)[mentees]
        paired = match[mentees] >= 0
        led = used[mentors] > 0
        match[mentees[led & ~paired]] = mentors[led & ~paired]
        np.add.at(used, mentors[paired], 1)
    return match, used


def either(pool: Pool, match: Index) -> Index:
    """Return whom each peer is with, whichever of the two they are."""
    match, twin = match.copy(), twins(pool)
    mentee_of = {mentor: mentee for mentee, mentor in enumerate(twin.tolist()) if mentor >= 0}
    for mentee in np.flatnonzero(match >= 0).tolist():
        other = mentee_of.get(int(match[mentee]), mentee)
        if match[other] < 0:
            match[other] = twin[mentee]
    return match


def halves(question: Question, pool: Pool, bound: BoundStrategy, match: Index) -> bool:
    """Return whether pairs of peers can come to half at most of what bounds mentees and mentors.

    It is so where everybody is on both sides and in one pair at most, and each pair counts for the
    one of the two to whom it is worth less: taken both ways, such pairs are an answer for mentees
    and mentors that is twice as many and at least twice as good.
    """
    if not bound.assigner.peers or question.locks:
        return False
    both = twins(pool)
    if (both < 0).any() or len(set(both.tolist())) != len(pool.mentors):
        return False
    mentee_of = np.argsort(both)
    rows = np.flatnonzero(match >= 0)
    twice = np.concatenate([rows, mentee_of[match[rows]]])
    if len(set(twice.tolist())) < len(twice):
        return False
    there = question.pair_scores(rows, match[rows])
    back = question.pair_scores(mentee_of[match[rows]], both[rows])
    return bool((back >= there).all())
