"""Why a run did not put two people together, for any mentee and mentor."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.relationships import Reason
from mentorkit.errors import Invalid, Problem
from mentorkit.matching import assign
from mentorkit.matching.binding import BoundStrategy
from mentorkit.matching.explain import explain_pair, own_reason
from mentorkit.matching.people import Someone
from mentorkit.matching.pool import Index, Pool
from mentorkit.matching.problem import Question
from mentorkit.matching.refused import Refusals
from mentorkit.matching.result import WHAT_IF_CELLS, Result
from mentorkit.matching.scan import Scan, explains
from mentorkit.matching.together import either
from mentorkit.matching.unmatched import rule_phrase
from mentorkit.matching.wording import words

Pairs = Collection[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why two people were, or were not, put together.

    `against` is every safeguard and rule that forbids them; empty where they may be a pair. Only
    then is there a `rank`: where the mentor stands among all `of` whom the mentee may have, 1 the
    best. `reasons` are told to the mentee, and their points sum to `score`. `instead` says what the
    run did, in the order in which to tell it.
    """

    mentee_id: str
    mentor_id: str
    together: bool
    against: tuple[Reason, ...]
    score: int
    rank: int | None
    of: int
    reasons: tuple[Reason, ...]
    instead: tuple[Reason, ...]


def why_not(
    pool: Pool,
    bound: BoundStrategy,
    mentee_id: str,
    mentor_id: str,
    result: Result | Pairs | None = None,
    locks: Sequence[tuple[str, str]] = (),
) -> Why:
    """Return why these two are no pair, or how they came to be one.

    `result` is a run of the same pool, or its (mentee id, mentor id) pairs; without it only what
    the pair by itself comes to is told. `locks` are the pairs that the run had to hold, where
    `result` does not say so itself.

    Raises `Invalid` where one of the two is not in the pool.
    """
    unknown = [
        Problem(side, f"{name!r} is no available {side} here")
        for side, name, known in (
            ("mentee", mentee_id, pool.mentee_at),
            ("mentor", mentor_id, pool.mentor_at),
        )
        if name not in known
    ]
    if unknown:
        raise Invalid("why.unknown", "It cannot be said why:", unknown)
    if isinstance(result, Result):
        locks = [(pair.mentee_id, pair.mentor_id) for pair in result.pairs if pair.locked]
        result = [(pair.mentee_id, pair.mentor_id) for pair in result.pairs]
    asked = _Asked(Scan(pool, bound), pool.mentee_at[mentee_id], pool.mentor_at[mentor_id])
    return asked.answer(None if result is None else _Made.of(pool, bound, result, locks))


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """What a run made of a pool."""

    match: Index  # (n,), -1 for alone
    locks: tuple[tuple[int, int], ...]

    @classmethod
    def of(
        cls, pool: Pool, bound: BoundStrategy, pairs: Pairs, locks: Sequence[tuple[str, str]]
    ) -> _Made:
        """Return the pairs by position; whoever is in the pool no more is left out.

        A peer has who they are with, whichever of the two they are.
        """
        match = np.full(len(pool.mentees), -1, np.intp)
        for mentee, mentor in pairs:
            if mentee in pool.mentee_at and mentor in pool.mentor_at:
                match[pool.mentee_at[mentee]] = pool.mentor_at[mentor]
        held = [
            (pool.mentee_at[mentee], pool.mentor_at[mentor])
            for mentee, mentor in locks
            if mentee in pool.mentee_at and mentor in pool.mentor_at
        ]
        return cls(either(pool, match) if bound.assigner.peers else match, tuple(sorted(held)))


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The pair that is asked about, by position."""

    scan: Scan
    mentee: int
    mentor: int

    @property
    def pool(self) -> Pool:
        return self.scan.pool

    @property
    def bound(self) -> BoundStrategy:
        return self.scan.bound

    def answer(self, made: _Made | None) -> Why:
        values, parts = self.scan.pairs(np.array([self.mentee]), np.array([self.mentor]))
        reasons, _ = explain_pair(
            self.scan, self.mentee, self.mentor, values[:, 0].tolist(), parts[:, 0].tolist()
        )
        score = int(parts.sum())
        against = tuple(self._against())
        together = made is not None and made.match[self.mentee] == self.mentor
        fits, allowed = (block[0] for block in self.scan.block(self.mentee, self.mentee + 1))
        ahead = allowed & (fits > score)
        ahead[: self.mentor] |= (allowed & (fits == score))[: self.mentor]
        return Why(
            mentee_id=self.pool.mentees.ids[self.mentee],
            mentor_id=self.pool.mentors.ids[self.mentor],
            together=bool(together),
            against=against,
            score=score,
            rank=None if against else 1 + int(ahead.sum()),
            of=int(allowed.sum()),
            reasons=reasons,
            instead=tuple(self._instead(made, score, bool(against))) if made else (),
        )

    # ------------------------------------------------------------------ what forbids it

    def _against(self) -> Iterator[Reason]:
        pool, pair = self.pool, (self.mentee, self.mentor)
        refused = pool.refusal(*pair)
        if refused is not None:
            yield refused
        if not pool.capacity[self.mentor]:
            yield Reason(code="no_places")
        at = np.array([self.mentee]), np.array([self.mentor])
        for index, bound in enumerate(self.bound.rules):
            if self.scan.passes(index, *at).all():
                continue
            reason: Reason | None = None
            if explains(bound.rule):
                people = pool.mentees.answers[self.mentee], pool.mentors.answers[self.mentor]
                reason = own_reason(bound, partial(bound.rule.explain, *people), pool.fields)
            yield reason or _reason("breaks_rule", rule=rule_phrase(bound))

    # ------------------------------------------------------------------ what the run did

    def _instead(self, made: _Made, score: int, forbidden: bool) -> Iterator[Reason]:
        given = int(made.match[self.mentee])
        held = dict(made.locks).get(self.mentee) == given and given >= 0
        if given == self.mentor:
            yield _reason("why_locked_together" if held else "why_together")
            yield from self._choices(made, given)
            return
        if given >= 0:
            name, theirs = _name(self.pool.mentors.people[given]), self._scores(given)[0]
            code = "why_locked" if held else "why_given"
            yield _reason(code, name=self._mentee_name, given=name, score=_of_100(theirs))
        else:
            yield _reason("why_alone", name=self._mentee_name)
        yield from self._choices(made, given)
        yield from self._who_has_the_places(made)
        if not forbidden and not held:
            yield from self._verdict(made, score, given)

    def _choices(self, made: _Made, given: int) -> Iterator[Reason]:
        """Yield which choice the mentee got, and why earlier ones came to nothing.

        Nothing where their choices do not make the pairs. It is for staff: it names who has whom.
        """
        if self.bound.assigner.uses_scores:
            return
        pool, wanted = self.pool, self.pool.choices(self.mentee)
        if given in wanted:
            name = _name(pool.mentors.people[given])
            rank = wanted.index(given) + 1
            yield _reason("choice_got", name=name, other=self._mentee_name, rank=rank)
        for one in Refusals(self.scan, made.match, made.locks)[pool.mentees.ids[self.mentee]]:
            mentor, by = pool.mentor_at[one.mentor_id], [pool.mentee_at[id] for id in one.by]
            told: dict[str, Any] = {"rank": one.rank, "name": _name(pool.mentors.people[mentor])}
            if one.why == "not allowed":
                against = next(replace(self, mentor=mentor)._against(), Reason(code="unsaid"))
                told["rule"] = Frozen(code=against.code, params=against.params)
            elif one.why == "full":
                told["people"] = tuple(_name(pool.mentees.people[at]) for at in by)
            elif one.why == "outscored":
                told["people"] = self._with_scores(mentor, by)
                told["score"] = _of_100(self._scores(mentor)[0])
            yield _reason(f"choice_{one.why.replace(' ', '_')}", **told)
        if strangers := pool.strangers(self.mentee):
            yield _reason("choices_unknown", names=strangers)

    def _scores(self, mentor: int, *mentees: int) -> list[int]:
        rows = np.array(mentees or [self.mentee])
        parts = self.scan.pairs(rows, np.full(len(rows), mentor))[1]
        return [int(score) for score in parts.sum(axis=0)]

    def _who_has_the_places(self, made: _Made) -> Iterator[Reason]:
        name, places = self._mentor_name, int(self.pool.capacity[self.mentor])
        taken = np.flatnonzero(made.match == self.mentor).tolist()
        if not taken:
            if places:
                yield _reason("why_free_all", name=name)
            return
        told = self._with_scores(self.mentor, taken)
        code = "why_full" if len(taken) >= places else "why_some_free"
        yield _reason(code, name=name, people=told, count=places - len(taken))

    def _with_scores(self, mentor: int, mentees: list[int]) -> tuple[str, ...]:
        """Return the names of who is with a mentor, each with how well they fit, the best first."""
        scores = zip(self._scores(mentor, *mentees), mentees, strict=True)
        return tuple(
            f"{_name(self.pool.mentees.people[one])} ({_of_100(score)})"
            for score, one in sorted(scores, key=lambda it: -it[0])
        )

    @property
    def _mentee_name(self) -> str:
        return _name(self.pool.mentees.people[self.mentee])

    @property
    def _mentor_name(self) -> str:
        return _name(self.pool.mentors.people[self.mentor])

    def _verdict(self, made: _Made, score: int, given: int) -> Iterator[Reason]:
        """Yield why the run left the pair out, as far as it can be known."""
        assigner = self.bound.assigner
        if not assigner.uses_scores:
            if self.mentor not in self.pool.choices(self.mentee):
                yield _reason("why_not_asked", name=self._mentor_name)
            elif given >= 0 and not self._wanted_more_than(given):
                yield _reason("why_wanted_less", name=self._mentor_name)
        elif assigner.uses_objective and self.bound.strategy.objective == "score" and not score:
            yield _reason("why_worthless")
        elif assigner.uses_objective:
            yield self._cost(made)
        else:
            yield from self._first_come(made, score, given)

    def _wanted_more_than(self, given: int) -> bool:
        wanted = list(self.pool.choices(self.mentee))
        return given not in wanted or wanted.index(self.mentor) < wanted.index(given)

    def _first_come(self, made: _Made, score: int, given: int) -> Iterator[Reason]:
        """Yield who was served before, where pairs are made one after the other."""
        taken = np.flatnonzero(made.match == self.mentor).tolist()
        full = len(taken) >= int(self.pool.capacity[self.mentor])
        fits = zip(taken, self._scores(self.mentor, *taken), strict=True) if taken else ()
        less = {one for one, theirs in fits if theirs < score}
        wanted = self.pool.mentor_choices(self.mentor)
        before = wanted[: wanted.index(self.mentee)] if self.mentee in wanted else wanted
        if full and taken and less <= set(before):
            code = "why_places_chosen" if less else "why_places_lost"
            yield _reason(code, name=self._mentor_name)
        elif given >= 0:
            yield _reason("why_better_given")

    def _cost(self, made: _Made) -> Reason:
        """Return what it would cost all together to hold this pair, others being arranged anew.

        Both ways are arranged anew: since a draft was made, people come and go, and pairs are cut.
        """
        if self.pool.cells > WHAT_IF_CELLS or not self.scan.exhaustive:
            return _reason("why_best_for_all")
        objective: Any = self.bound.strategy.objective
        pair = (self.mentee, self.mentor)
        if sum(mentor == self.mentor for _, mentor in made.locks) >= self.pool.capacity[pair[1]]:
            return _reason("why_places_locked", name=self._mentor_name)
        scores, allowed = Question(self.scan, locks=made.locks).matrix()
        free, held = (
            assign.solve_dense(scores, allowed, self.pool.capacity, objective, locks)
            for locks in (made.locks, (*made.locks, pair))
        )
        fewer, less = free.pairs - held.pairs, free.total - held.total
        if objective == "coverage" and fewer > 0:
            return _reason("why_fewer", count=fewer)
        if less > 0:
            return _reason("why_less", points=_of_100(less, digits=2))
        return _reason("why_as_good")


def described(why: Why, pool: Pool, locale: str = "en") -> dict[str, Any]:
    """Return why two are no pair as plain data, with names and sentences for staff.

    `verdict` is all of it in a few sentences, the weightiest first: what forbids the pair, or what
    the run did. `words` are what speaks for the pair and what does not. `can_lock` is whether no
    safeguard keeps them apart, so that a lock may put them together, past a rule if need be.
    """
    at = pool.mentee_at[why.mentee_id], pool.mentor_at[why.mentor_id]
    mentee, mentor = pool.mentees.people[at[0]], pool.mentors.people[at[1]]
    stands = []
    if why.rank is not None:
        about = {"rank": why.rank, "of": why.of, "score": _of_100(why.score)}
        stands.append(_reason("why_stands", name=_name(mentor), other=_name(mentee), **about))
    verdict = [words(one, locale, pool.fields) for one in (*why.against, *stands, *why.instead)]
    return {
        "mentee_id": why.mentee_id,
        "mentor_id": why.mentor_id,
        "mentee": _name(mentee),
        "mentor": _name(mentor),
        "together": why.together,
        "allowed": not why.against,
        "can_lock": pool.refusal(*at) is None and bool(pool.capacity[at[1]]),
        "score": why.score,
        "rank": why.rank,
        "of": why.of,
        "verdict": verdict,
        "words": [words(one, locale, pool.fields, whose="mentee") for one in why.reasons],
        "codes": [one.code for one in (*why.against, *why.instead)],
    }


def _reason(code: str, **params: Any) -> Reason:
    return Reason(code=code, params=Frozen(params))


def _name(someone: Someone) -> str:
    return someone.name or someone.key or someone.id


def _of_100(score: int, digits: int = 0) -> float | int:
    """Return points of 10,000 as points of 100."""
    return round(score / 100, digits) if digits else round(score / 100)
