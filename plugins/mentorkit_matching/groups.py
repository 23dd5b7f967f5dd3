"""Groups: circles around a mentor, pairs of peers, and rings of peers, as assigners."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from mentorkit.errors import Invalid
from mentorkit.errors import Problem as Wrong
from mentorkit.hooks import (
    Assigner,
    Assignment,
    Frozen,
    Group,
    MinAvailability,
    MinOverlap,
    Problem,
    Reason,
    SharesAny,
)
from mentorkit_matching.schemas import options, whole

if TYPE_CHECKING:
    from mentorkit_matching.members import Want

IGNORES = "; the objective is ignored"
MOST_CELLS = 20_000_000
"""Up to so many possible pairs, in whole numbers of 8 bytes, are looked at all at once."""
CELLS_A_SECOND = 40_000
"""About so many possible pairs circles are made of in a second."""
EXACT = 400
"""Up to so many peers the best pairs are found and proved; more take minutes."""

Told = tuple[Reason, Reason]
"""Why somebody is left, and what would help."""


def sized(
    noun: str, smallest: int, largest: int, least: str, most: str
) -> Mapping[str, Mapping[str, Any]]:
    """Return the options of how small and how large a group may be, with what is said of each."""
    return {
        "least": whole(f"Smallest {noun}", least, minimum=smallest, maximum=12, default=3),
        "most": whole(f"Largest {noun}", most, minimum=smallest, maximum=largest, default=8),
    }


def reason(code: str, **params: Any) -> Reason:
    """Return a reason by the code of its sentence."""
    return Reason(code=code, params=Frozen(params))


class Circles(Assigner):
    """Circles of mentees around one mentor or two, in which all share a language and an hour."""

    name = "circles"
    title = "Circles that all share what they must"
    uses_objective = False
    groups = True
    options: Mapping[str, Any] = options(
        **sized(
            "circle",
            2,
            12,
            "How many mentees a circle has at least; those of whom there are fewer stay without.",
            "How many mentees a circle has at most; a mentor's places are a limit, too.",
        ),
        mentors=whole(
            "Mentors",
            "With 2, half of the mentors lead, and each circle gets a second one, where one is "
            "left who may have all of its mentees and shares as much.",
            minimum=1,
            maximum=2,
            default=1,
        ),
        shared={
            "type": ["array", "null"],
            "items": {"type": "string", "minLength": 1},
            "default": None,
            "title": "Shared by all",
            "description": "The questions to which all in a circle must have an answer in common. "
            "Left out, it is what the rules shares_any and min_overlap compare. The weekly time "
            "of the rule min_availability all have in common in any case.",
        },
        hours=whole(
            "Answers in common",
            "How many answers (hours, say) all must have in common to each question named above; "
            "the rules have a number of their own.",
            minimum=1,
            maximum=40,
            default=1,
        ),
    )

    def seconds(self, mentees: int, mentors: int) -> float:
        return mentees * mentors / CELLS_A_SECOND

    def assign(self, problem: Problem) -> Assignment:
        import numpy as np

        from mentorkit.matching import as_arrays
        from mentorkit_matching import members
        from mentorkit_matching.alone import Alone
        from mentorkit_matching.circles import circles

        least, most = _sizes(problem, "circle")
        _ensure_few(problem)
        scores, may = as_arrays(problem).matrix()
        allowed = np.array(may, np.bool_)
        locks = dict(problem.locks)
        for mentee, mentor in locks.items():
            allowed[mentee, mentor] = True
        room = np.minimum(np.array(problem.capacity, np.int64), most)
        at = {name: mentee for mentee, name in enumerate(problem.mentees)}
        two = problem.options.get("mentors", 1) == 2
        asked = members.Asked(
            scores=np.array(scores, np.int64),
            allowed=allowed,
            room=room,
            least=least,
            most_circles=-(-len(room) // 2) if two else len(room),
            wants=_wants(problem),
            apart=sorted(
                {
                    (min(at[one], at[other]), max(at[one], at[other]))
                    for one, other in problem.apart()
                    if one in at and other in at and one != other
                }
            ),
            locks=locks,
        )
        where = circles(asked, _solving(problem))
        made = {
            mentor: np.flatnonzero(where == mentor).tolist()
            for mentor in sorted(set(where[where >= 0].tolist()))
        }
        whole = members.Circles(asked)
        for mentee in np.flatnonzero((where >= 0) & ~whole.locked).tolist():
            whole.put(mentee, int(where[mentee]))
        second = _seconds(problem, asked, made, may) if two else {}
        busy = frozenset([*made, *(one for mentors in second.values() for one in mentors)])
        alone = Alone(problem, whole, busy, most)
        groups = tuple(
            Group(mentees=tuple(mentees), mentors=(mentor, *second.get(mentor, ())))
            for mentor, mentees in made.items()
            if not any(a in mentees and b in mentees for a, b in asked.apart)
        )
        return Assignment(
            pairs=tuple((mentee, mentor) for mentor, some in made.items() for mentee in some),
            method=_told(made, least, len(second) if two else None),
            groups=groups,
            mentees_left=dict(alone.mentees()),
            mentors_left=dict(alone.mentors()),
        )


def _sizes(problem: Problem, noun: str) -> tuple[int, int]:
    """Return how small and how large a group may be; raise `Invalid` where it can be neither."""
    least, most = problem.options.get("least", 3), problem.options.get("most", 8)
    if most < least:
        told = f"write {least} or more; a {noun} has at least so many"
        message = "The strategy cannot be used as it stands:"
        raise Invalid("strategy.invalid", message, [Wrong("assigner_options.most", told)])
    return least, most


def _solving(problem: Problem) -> Callable[..., Any]:
    """Return `assign.solve_dense` as one that first tells whoever waits, who may want no more."""
    from mentorkit.matching import assign

    def solve(*given: Any) -> Any:
        problem.step()
        return assign.solve_dense(*given)

    return solve


def _ensure_few(problem: Problem) -> None:
    if len(problem.mentees) * len(problem.mentors) > MOST_CELLS:
        told = (
            f"finds groups among {MOST_CELLS:,} possible pairs at most; match fewer people at "
            "once, a cohort, say"
        )
        raise Invalid("strategy.invalid", "These are too many people:", [Wrong("assigner", told)])


def _weeks(problem: Problem) -> list[tuple[Sequence[int], Sequence[int], int, str]]:
    """Return when people are free, in each week and for each rule about that; its field, too."""
    timed = [form for form in problem.rules() if isinstance(form, MinAvailability)]
    return [(*week, form.field) for form in timed for week in problem.weeks(form)]


def _wants(problem: Problem) -> list[Want]:
    """Return what a circle must share, by the options or else by the rules; time in any case."""
    named = problem.options.get("shared")
    asked: list[tuple[str, str | None, int]] = []
    if named is None:
        for form in problem.rules():
            if isinstance(form, SharesAny):
                asked.append((form.field, form.other, 1))
            elif isinstance(form, MinOverlap):
                asked.append((form.field, form.other, form.least))
    else:
        asked = [(name, None, problem.options.get("hours", 1)) for name in dict.fromkeys(named)]
    found = [(*problem.shared(field, other), least, field) for field, other, least in asked]
    return [_want(*each) for each in (*found, *_weeks(problem))]


def _want(mentees: Sequence[int], mentors: Sequence[int], least: int, field: str) -> Want:
    """Return sets of bits as columns, of those answers alone that both sides have given."""
    import numpy as np

    from mentorkit_matching.members import Want

    both = 0
    for one in mentees:
        both |= one
    theirs = 0
    for one in mentors:
        theirs |= one
    both &= theirs
    bits = [at for at in range(both.bit_length()) if both >> at & 1]

    def columns(side: Sequence[int]) -> Any:
        rows = [[one >> at & 1 for at in bits] for one in side]
        return np.array(rows, np.float32).reshape(len(side), len(bits))

    return Want(columns(mentees), columns(mentors), least, field)


def _seconds(
    problem: Problem, asked: Any, made: Mapping[int, Sequence[int]], may: Any
) -> dict[int, tuple[int]]:
    """Return a second mentor for each circle that can have one, by its first."""
    import numpy as np

    from mentorkit.matching import assign

    apart = {frozenset(two) for two in problem.apart()}
    leads, free = list(made), [one for one in range(len(asked.room)) if one not in made]
    if not leads or not free:
        return {}
    worth = np.zeros((len(leads), len(free)), np.int64)
    able = np.zeros(worth.shape, np.bool_)
    for row, lead in enumerate(leads):
        mentees = list(made[lead])
        able[row] = may[mentees][:, free].all(axis=0) & (asked.room[free] >= len(mentees))
        for want in asked.wants:
            common = want.mentors[lead] * want.mentees[mentees].prod(axis=0)
            able[row] &= want.mentors[free] @ common >= want.least
        worth[row] = asked.scores[mentees][:, free].sum(axis=0) // len(mentees)
        for col, other in enumerate(free):
            able[row, col] &= (
                frozenset((problem.mentors[lead], problem.mentors[other])) not in apart
            )
    match = assign.solve_dense(worth, able, np.ones(len(free), np.int64), "coverage").match
    return {lead: (free[col],) for lead, col in zip(leads, match.tolist(), strict=True) if col >= 0}


def _told(made: Mapping[int, Sequence[int]], least: int, seconds: int | None) -> str:
    sizes = sorted(len(mentees) for mentees in made.values())
    if not sizes:
        return f"circles: none of {least} or more share what they must{IGNORES}"
    of = f"{sizes[0]} to {sizes[-1]}" if sizes[0] < sizes[-1] else str(sizes[0])
    told = f"circles: {len(sizes)} of {of} mentees, improved step by step"
    if small := sum(size < least for size in sizes):
        told += f", {small} smaller than asked for, of locked pairs alone"
    if seconds is not None:
        told += f", {seconds} with a second mentor"
    return told + IGNORES


# --------------------------------------------------------------------------- peers


class _People:
    """Everybody once, whichever sides they are on; locked people are taken out."""

    def __init__(self, problem: Problem) -> None:
        import numpy as np

        from mentorkit.matching import as_arrays

        _ensure_few(problem)
        scores, may = as_arrays(problem).matrix()
        worth = np.where(may & (np.array(problem.capacity) > 0), scores, -1).astype(np.int64)
        twins = [problem.as_mentor(mentee) for mentee in range(len(problem.mentees))]
        mine = {mentor: mentee for mentee, mentor in enumerate(twins) if mentor is not None}
        locked = {mentee for mentee, _ in problem.locks}
        taken = {mentor for _, mentor in problem.locks}
        sides: list[tuple[int | None, int | None]] = [
            (mentee, twin)
            for mentee, twin in enumerate(twins)
            if mentee not in locked and (twin is None or twin not in taken)
        ]
        sides += [
            (None, mentor)
            for mentor in range(len(problem.mentors))
            if mentor not in mine and mentor not in taken
        ]
        self.sides = sides
        count = len(sides)
        self.worth = np.full((count, count), -1, np.int64)  # [mentee, mentor]
        rows = {at: mentee for at, (mentee, _) in enumerate(sides) if mentee is not None}
        cols = {at: mentor for at, (_, mentor) in enumerate(sides) if mentor is not None}
        if rows and cols:
            found = worth[np.ix_([*rows.values()], [*cols.values()])]
            self.worth[np.ix_([*rows], [*cols])] = found
        self.both = np.array([None not in two for two in sides], np.bool_).reshape(count)
        np.fill_diagonal(self.worth, -1)

    def sided(self, left: Mapping[int, Told]) -> tuple[dict[int, Told], dict[int, Told]]:
        """Return why these are left, by their places among the mentees and among the mentors."""
        both: tuple[dict[int, Told], dict[int, Told]] = ({}, {})
        for one, told in left.items():
            for side, at in zip(both, self.sides[one], strict=True):
                if at is not None:
                    side[at] = told
        return both

    def pair(self, mentee: int, mentor: int) -> tuple[int, int]:
        """Return a pair as the problem names the two."""
        one, other = self.sides[mentee][0], self.sides[mentor][1]
        assert one is not None
        assert other is not None
        return one, other


class Peers(Assigner):
    """Pairs of peers, nobody in two: as many as there can be, and of these the best total."""

    name = "peers"
    title = "Pairs of peers"
    uses_objective = False
    peers = True
    options: Mapping[str, Any] = options(
        threes={
            "type": "boolean",
            "default": False,
            "title": "Threes",
            "description": "Whether who is left over joins a pair, if one of the two has a second "
            "place and both may be with them.",
        }
    )

    def assign(self, problem: Problem) -> Assignment:
        import numpy as np

        from mentorkit_matching import pairings

        people = _People(problem)
        there, back = people.worth, people.worth.T
        mutual = people.both[:, None] & people.both[None, :]
        weights = np.where(mutual, np.minimum(there, back), np.maximum(there, back))
        few = len(weights) <= EXACT
        mate = (pairings.exact if few else pairings.near)(weights, _solving(problem)).tolist()
        pairs = list(problem.locks)
        couples = [(one, other) for one, other in enumerate(mate) if one < other]
        for one, other in couples:
            here, turned = int(there[one, other]), int(back[one, other])
            first = here >= 0 and (turned < 0 or here <= turned)
            pairs.append(people.pair(one, other) if first else people.pair(other, one))
        alone = [one for one, other in enumerate(mate) if other < 0]
        groups: list[Group] = []
        if problem.options.get("threes"):
            groups = _threes(problem, people, couples, alone, pairs)
        best = "the best pairs of peers there are, by blossoms"
        told = f"peers: {best if few else 'near the best, by exchanges'}"
        told += f", {len(alone) - len(groups)} left over"
        left: dict[int, Told] = {}
        if not groups and not problem.options.get("threes"):
            for one in alone:  # each by themselves: would a pair take them in?
                made = _threes(problem, people, couples, [one], [*pairs])
                with_ = {"id": problem.mentors[made[0].mentors[0]]} if made else {}
                help_ = reason("peer_threes" if made else "recruit_peer", **with_)
                left[one] = reason("peer_left_over"), help_
        mentees, mentors = people.sided(left)
        return Assignment(
            pairs=tuple(pairs),
            method=told + IGNORES,
            groups=tuple(groups),
            mentees_left=mentees,
            mentors_left=mentors,
        )


def _threes(
    problem: Problem,
    people: _People,
    couples: Sequence[tuple[int, int]],
    alone: Sequence[int],
    pairs: list[tuple[int, int]],
) -> list[Group]:
    """Let those who are alone join a pair each; change `pairs`, and return the threes."""
    worth, groups, free, weeks = people.worth, [], list(couples), _weeks(problem)

    def meet(mentor: int, *mentees: int) -> bool:
        """Return whether these are free at once, in each week."""
        two = [people.pair(mentee, mentor) for mentee in mentees]
        return all(
            reduce(and_, (mine[mentee] for mentee, _ in two), theirs[two[0][1]]).bit_count()
            >= least
            for mine, theirs, least, _ in weeks
        )

    for one in alone:
        found = [
            (int(worth[one, mentor]), -at, mentor, mentee)
            for at, two in enumerate(free)
            for mentee, mentor in (two, two[::-1])
            if worth[one, mentor] >= 0
            and worth[mentee, mentor] >= 0
            and max(worth[one, mentee], worth[mentee, one]) >= 0
            and problem.capacity[people.sides[mentor][1] or 0] > 1
            and meet(mentor, mentee, one)
        ]
        if not found:
            continue
        _, at, mentor, mentee = max(found)
        free.pop(-at)
        gone = {
            people.pair(*two) for two in ((mentee, mentor), (mentor, mentee)) if _is(people, two)
        }
        pairs[:] = [pair for pair in pairs if pair not in gone or pair in problem.locks]
        both = [people.pair(mentee, mentor), people.pair(one, mentor)]
        pairs += both
        groups.append(Group(mentees=tuple(sorted(two[0] for two in both)), mentors=(both[0][1],)))
    return groups


def _is(people: _People, two: tuple[int, int]) -> bool:
    """Return whether these two can be named as mentee and mentor."""
    return people.sides[two[0]][0] is not None and people.sides[two[1]][1] is not None


class Rings(Assigner):
    """Rings, in which each mentors the next and is mentored by the one before."""

    name = "rings"
    title = "Rings, each the mentor of the next"
    uses_objective = False
    groups = True
    options: Mapping[str, Any] = options(
        **sized(
            "ring",
            3,
            100,
            "How many people a ring has at least.",
            "How many people a ring has at most.",
        ),
    )

    def assign(self, problem: Problem) -> Assignment:
        import numpy as np

        from mentorkit_matching.cycles import rings

        least, most = _sizes(problem, "ring")
        people = _People(problem)
        at = np.flatnonzero(people.both)
        able = at.tolist()
        weights = people.worth[np.ix_(at, at)].T
        made = rings(weights, least, most, _solving(problem), problem.step)
        pairs = list(problem.locks)
        for ring in made:
            for mentor, mentee in zip(ring, ring[1:] + ring[:1], strict=True):
                pairs.append(people.pair(able[mentee], able[mentor]))
        sizes = sorted(map(len, made))
        of = f" of {sizes[0]} to {sizes[-1]}" if sizes else ""
        told = f"rings: {len(made)}{of}, {len(people.sides) - sum(sizes)} in none"
        there = {one for ring in made for one in ring}
        over = [one for one in range(len(able)) if one not in there]
        smaller: dict[int, int] = {}
        if least > 3:
            for ring in rings(weights[np.ix_(over, over)], 3, least - 1, _solving(problem)):
                smaller |= {over[one]: len(ring) for one in ring}
        why = reason("ring_left_over", least=least, most=most)
        left: dict[int, Told] = dict.fromkeys(
            np.flatnonzero(~people.both).tolist(), (reason("ring_one_side"), reason("be_both"))
        )
        for one in over:
            help_ = reason("ring_recruit")
            if one in smaller:
                help_ = reason("ring_smaller", count=smaller[one])
            left[able[one]] = why, help_
        mentees, mentors = people.sided(left)
        return Assignment(
            pairs=tuple(pairs),
            method=told + IGNORES,
            mentees_left=mentees,
            mentors_left=mentors,
        )


GROUPS: tuple[Assigner, ...] = (Circles(), Peers(), Rings())
