"""What contracts hand to the providers they test: people, contexts, problems to be assigned."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from random import Random
from typing import Any

from mentorkit.domain.fields import Field, FieldKind
from mentorkit.domain.frozen import Frozen, freeze
from mentorkit.domain.programs import Program
from mentorkit.domain.strategies import Strategy, Use
from mentorkit.hooks import (
    Assigner,
    Assignment,
    Candidate,
    Criterion,
    Feature,
    MinAvailability,
    Rule,
    RuleForm,
    SharesAny,
)
from mentorkit.hooks.assignments import Problem

_KINDS: Mapping[type, FieldKind] = {
    str: "text",
    float: "number",
    int: "number",
    bool: "flag",
    tuple: "options",
    list: "options",
    set: "options",
    frozenset: "options",
}


def sample_fields(needs: Mapping[str, type]) -> dict[str, Field]:
    """Return profile fields of the types that a provider needs."""
    return {name: Field(id=name, kind=_KINDS.get(kind, "text")) for name, kind in needs.items()}


# --------------------------------------------------------------------------- people


class Answers(Mapping[str, Any]):
    """One person's answers, as a scorer gets them; a field that was not declared is a failure."""

    def __init__(self, profile: Mapping[str, Any], declared: Collection[str]) -> None:
        self._profile = {name: freeze(profile.get(name)) for name in declared}

    def __getitem__(self, name: str) -> Any:
        if name not in self._profile:
            known = ", ".join(sorted(self._profile)) or "none"
            raise AssertionError(f"reads the field {name!r}, which is not in `needs`: {known}")
        return self._profile[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._profile)

    def __len__(self) -> int:
        return len(self._profile)


class Answered:
    """Some people as a `Block`; a field that was not declared is a failure."""

    def __init__(self, people: Sequence[Answers], side: str) -> None:
        self._people = people
        self.ids = tuple(f"{side}-{index}" for index in range(len(people)))

    def column(self, field: str) -> Sequence[Any]:
        return [one[field] for one in self._people]

    def __len__(self) -> int:
        return len(self._people)


class _Constant(Criterion):
    name = "constant"

    def score(self, mentee: Mapping[str, Any], mentor: Mapping[str, Any]) -> float | None:
        return 1.0


class _Nobody(Assigner):
    name = "nobody"
    uses_objective = False

    def assign(self, problem: Problem) -> Assignment:
        return Assignment(pairs=tuple(problem.locks), method="nobody")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offers:
    criteria: Mapping[str, Criterion]
    features: Mapping[str, Feature] = field(default_factory=dict)
    rules: Mapping[str, Rule]
    assigners: Mapping[str, Assigner]


def scored_pairs(
    provider: Criterion | Rule,
    *,
    options: Mapping[str, Any],
    fields: Mapping[str, Field],
    mentees: Sequence[Mapping[str, Any]],
    mentors: Sequence[Mapping[str, Any]],
) -> dict[tuple[int, int], int]:
    """Return what the engine makes of a provider: (mentee, mentor) -> score out of 10,000.

    Pairs that cannot be are absent. Raises `Invalid` when options or fields do not fit.
    """
    from mentorkit.matching import Pool, Someone, bind, run

    use = Use(name=provider.name, options=Frozen(options))
    rule = isinstance(provider, Rule)
    constant = _Constant()
    offers = _Offers(
        criteria={constant.name: constant}
        | ({provider.name: provider} if isinstance(provider, Criterion) else {}),
        rules={provider.name: provider} if isinstance(provider, Rule) else {},
        assigners={_Nobody.name: _Nobody()},
    )
    strategy = Strategy(
        rules=(use,) if rule else (),
        criteria=(Use(name=constant.name),) if rule else (use,),
        assigner=_Nobody.name,
        shortlist=max(1, len(mentors)),
    )
    sides = [
        [
            Someone(f"{index:06}", f"{side}-{index}", Frozen(person))
            for index, person in enumerate(people)
        ]
        for side, people in (("mentee", mentees), ("mentor", mentors))
    ]
    pool = Pool(sides[0], sides[1], fields)
    result = run(pool, bind(strategy, offers, fields))
    place = {one.id: index for side in sides for index, one in enumerate(side)}
    return {
        (place[pair.mentee_id], place[pair.mentor_id]): pair.score
        for shortlist in (result.shortlists[one.id] for one in sides[0])
        for pair in shortlist
    }


# --------------------------------------------------------------------------- contexts


@dataclass(frozen=True, kw_only=True)
class SampleContext:
    """What `Context` promises, with nothing behind it."""

    tenant: str = "sample"
    program: Program | None = None
    settings: Mapping[str, Any] = field(default_factory=Frozen)
    now: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    random: Random = field(default_factory=lambda: Random(7))
    log: logging.Logger = field(
        default_factory=lambda: logging.getLogger("mentorkit.plugin.sample")
    )


# --------------------------------------------------------------------------- problems


@dataclass(frozen=True, kw_only=True)
class SampleProblem:
    """What an assigner is asked; `table` holds every mentee's candidates, best first.

    `answers` are what mentees and mentors answered to any field, as sets of bits, `twins` the
    mentees who are mentors, too, and where they stand there.
    """

    mentees: tuple[str, ...]
    mentors: tuple[str, ...]
    capacity: tuple[int, ...]
    table: tuple[tuple[Candidate, ...], ...]
    wanted: tuple[tuple[int, ...], ...]
    wanted_mentees: tuple[tuple[int, ...], ...] = ()
    locks: tuple[tuple[int, int], ...] = ()
    objective: str = "coverage"
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=Frozen)
    listed: int = 3
    forms: tuple[RuleForm, ...] = ()
    answers: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())
    twins: Mapping[int, int] = field(default_factory=dict)
    kept_apart: frozenset[tuple[str, str]] = frozenset()

    def candidates(self, mentee: int) -> Sequence[Candidate]:
        return self.table[mentee][: self.listed]

    def widen(self, mentee: int, k: int) -> Sequence[Candidate]:
        return self.table[mentee][: max(k, self.listed)]

    def choices(self, mentee: int) -> Sequence[int]:
        return self.wanted[mentee]

    def mentor_choices(self, mentor: int) -> Sequence[int]:
        return self.wanted_mentees[mentor] if self.wanted_mentees else ()

    def rules(self) -> Sequence[RuleForm]:
        return self.forms

    def shared(self, field: str, other: str | None = None) -> tuple[Sequence[int], Sequence[int]]:
        mine, theirs = self.answers
        return mine or (0,) * len(self.mentees), theirs or (0,) * len(self.mentors)

    def weeks(self, form: MinAvailability) -> Sequence[tuple[Sequence[int], Sequence[int], int]]:
        return [(*self.shared(form.field, form.other), 1)]

    def as_mentor(self, mentee: int) -> int | None:
        return self.twins.get(mentee)

    def apart(self) -> Collection[tuple[str, str]]:
        return self.kept_apart

    def step(self, done: int = 0, total: int = 0) -> None:
        """Nobody waits for a sample."""


def sample_problems(options: Mapping[str, Any]) -> Iterator[SampleProblem]:
    """Yield small problems, the same each time: empty, tied, sparse, full, locked, both ways.

    In the last of them people are on both sides, or pairs must have an answer in common.
    """
    random = Random(20260105)
    shapes = [(0, 0), (0, 3), (3, 0), (1, 1), (2, 2), (3, 4), (4, 3), (4, 4), (9, 7), (7, 9)]
    for mentees, mentors in shapes:
        for highest in (2, 10_000):
            for density in (0.4, 1.0):
                for objective in ("coverage", "score"):
                    problem = _problem(random, mentees, mentors, highest, density)
                    problem = replace(problem, objective=objective, options=Frozen(options))
                    yield problem
                    if problem.table and any(problem.table):
                        yield replace(problem, locks=_locks(random, problem))
    for people in (1, 2, 3, 5, 8):
        for highest in (2, 10_000):
            for made in (_of_peers, _sharing):
                problem = made(random, _problem(random, people, people, highest, 0.9))
                problem = replace(problem, options=Frozen(options))
                yield problem
                yield replace(problem, locks=_locks(random, problem))


def _of_peers(_: Random, problem: SampleProblem) -> SampleProblem:
    """Return the problem with everybody on both sides."""
    table = tuple(
        tuple(one for one in row if one.mentor != mentee)
        for mentee, row in enumerate(problem.table)
    )
    return replace(problem, table=table, twins={at: at for at in range(len(table))})


def _sharing(random: Random, problem: SampleProblem) -> SampleProblem:
    """Return the problem with a rule: two must have one of a few answers in common."""
    mine, theirs = (
        tuple(random.randint(1, 15) for _ in side) for side in (problem.mentees, problem.mentors)
    )
    table = tuple(
        tuple(one for one in row if mine[mentee] & theirs[one.mentor])
        for mentee, row in enumerate(problem.table)
    )
    form = SharesAny(field="languages")
    return replace(problem, table=table, forms=(form,), answers=(mine, theirs))


def _problem(
    random: Random, mentees: int, mentors: int, highest: int, density: float
) -> SampleProblem:
    # No two pairs score the same where scores range widely, so that one answer is the best.
    scores = (
        iter(random.sample(range(1, highest + 1), mentees * mentors))
        if highest > mentees * mentors
        else iter([random.randint(0, highest) for _ in range(mentees * mentors)])
    )
    table = []
    for _ in range(mentees):
        row = [Candidate(mentor=mentor, score=next(scores)) for mentor in range(mentors)]
        kept = [one for one in row if random.random() < density]
        table.append(tuple(sorted(kept, key=lambda one: (-one.score, one.mentor))))
    return SampleProblem(
        mentees=tuple(f"mentee-{index}" for index in range(mentees)),
        mentors=tuple(f"mentor-{index}" for index in range(mentors)),
        capacity=tuple(random.choice((0, 1, 1, 2, 3)) for _ in range(mentors)),
        table=tuple(table),
        wanted=tuple(
            tuple(random.sample(range(mentors), random.randint(0, mentors))) for _ in range(mentees)
        ),
        wanted_mentees=tuple(
            tuple(random.sample(range(mentees), random.choice((0, 0, min(2, mentees)))))
            for _ in range(mentors)
        ),
    )


def _locks(random: Random, problem: SampleProblem) -> tuple[tuple[int, int], ...]:
    """Return one or two locked pairs within capacity; the second may break a rule."""
    left = list(problem.capacity)
    locks = []
    for mentee in random.sample(range(len(problem.mentees)), min(2, len(problem.mentees))):
        open_to = [
            mentor
            for mentor, places in enumerate(left)
            if places and problem.twins.get(mentee) != mentor
        ]
        if open_to:
            mentor = random.choice(open_to)
            left[mentor] -= 1
            locks.append((mentee, mentor))
    return tuple(locks)


def permuted(problem: SampleProblem, seed: int) -> tuple[SampleProblem, list[int], list[int]]:
    """Return the same problem with everybody in another order, and where each one stands now."""
    random = Random(seed)
    mentees, mentors = list(range(len(problem.mentees))), list(range(len(problem.mentors)))
    random.shuffle(mentees)
    random.shuffle(mentors)
    mentee_at = [mentees.index(old) for old in range(len(mentees))]
    mentor_at = [mentors.index(old) for old in range(len(mentors))]
    return (
        replace(
            problem,
            mentees=tuple(problem.mentees[old] for old in mentees),
            mentors=tuple(problem.mentors[old] for old in mentors),
            capacity=tuple(problem.capacity[old] for old in mentors),
            table=tuple(
                tuple(
                    Candidate(mentor=mentor_at[one.mentor], score=one.score)
                    for one in problem.table[old]
                )
                for old in mentees
            ),
            wanted=tuple(
                tuple(mentor_at[mentor] for mentor in problem.wanted[old]) for old in mentees
            ),
            wanted_mentees=tuple(
                tuple(mentee_at[mentee] for mentee in problem.mentor_choices(old))
                for old in mentors
            ),
            locks=tuple((mentee_at[mentee], mentor_at[mentor]) for mentee, mentor in problem.locks),
            twins={mentee_at[one]: mentor_at[other] for one, other in problem.twins.items()},
            answers=(
                tuple(problem.answers[0][old] for old in mentees if problem.answers[0]),
                tuple(problem.answers[1][old] for old in mentors if problem.answers[1]),
            ),
        ),
        mentee_at,
        mentor_at,
    )


def best_answer(problem: SampleProblem) -> tuple[int, int]:
    """Return (pairs, total) of the best answer that keeps the locks, by trying them all.

    Locked pairs count as pairs, their scores do not count. For a handful of people only.
    """
    locked = {mentee for mentee, _ in problem.locks}
    left = list(problem.capacity)
    for _, mentor in problem.locks:
        left[mentor] -= 1
    coverage = problem.objective == "coverage"

    def better(one: tuple[int, int]) -> tuple[int, int]:
        return one if coverage else (one[1], 0)

    def best(mentee: int) -> tuple[int, int]:
        if mentee == len(problem.mentees):
            return (0, 0)
        answers = [best(mentee + 1)]
        if mentee not in locked:
            for one in problem.table[mentee]:
                if left[one.mentor] > 0:
                    left[one.mentor] -= 1
                    pairs, total = best(mentee + 1)
                    left[one.mentor] += 1
                    answers.append((pairs + 1, total + one.score))
        return max(answers, key=better)

    pairs, total = best(0)
    return pairs + len(problem.locks), total
