"""What criteria and rules keep."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from mentorkit.domain.fields import Field
from mentorkit.hooks import Criterion, Reason, Rule
from mentorkit.hooks.offers import overrides
from mentorkit.testing.providing import NOTHING, Contract
from mentorkit.testing.samples import Answered, Answers, sample_fields, scored_pairs

Profile = Mapping[str, Any]


class ScorerContract(Contract):
    """What criteria and rules share: both look at two people.

    `people` are sample profiles (parsed values, None for unanswered) that stand on both sides, or
    give `mentees` and `mentors`. `fields` are the program's; without, they are made from `needs`.
    """

    people: Sequence[Profile] = ()
    mentees: Sequence[Profile] = ()
    mentors: Sequence[Profile] = ()
    fields: Mapping[str, Field] = NOTHING

    block: ClassVar[str]
    single: ClassVar[str]

    def sides(self) -> tuple[list[Profile], list[Profile]]:
        mentees, mentors = list(self.mentees or self.people), list(self.mentors or self.people)
        if not mentees or not mentors:
            pytest.fail("set `people`, or `mentees` and `mentors`: a few sample profiles")
        return mentees, mentors

    def program_fields(self, provider: Any) -> dict[str, Field]:
        return dict(self.fields) or sample_fields(provider.needs)

    def answers(
        self, mentees: Sequence[Profile], mentors: Sequence[Profile], *, provider: Any = None
    ) -> list[list[Any]]:
        """Return the provider's own answer for each pair; for a declared form, the engine's."""
        given = provider or self.subject()
        fields = self.program_fields(given)
        bound = given.bind(self.checked_options(given), fields)
        kind = Criterion if isinstance(given, Criterion) else Rule
        assert isinstance(bound, kind), "bind returns the provider to be asked, such as self"
        # Who overrides bind may read any field of the program; else `needs` is all there is.
        own = overrides(given, kind, "bind")
        declared = [*fields] if own else [*given.needs]
        if bound.declared is not None:
            pairs = self.engine(given, mentees, mentors)
            return [
                [pairs.get((one, other)) for other in range(len(mentors))]
                for one in range(len(mentees))
            ]
        sides = [[Answers(person, declared) for person in side] for side in (mentees, mentors)]
        if overrides(bound, kind, self.block):
            blocks = (Answered(sides[0], "mentee"), Answered(sides[1], "mentor"))
            answer = getattr(bound, self.block)(*blocks)
            shape = (len(mentees), len(mentors))
            assert tuple(answer.shape) == shape, f"{self.block} returns an array of {shape}"
            return [list(row) for row in answer.tolist()] if shape[0] else []
        ask = getattr(bound, self.single)
        return [[ask(one, other) for other in sides[1]] for one in sides[0]]

    def engine(
        self, provider: Any, mentees: Sequence[Profile], mentors: Sequence[Profile]
    ) -> dict[tuple[int, int], int]:
        return scored_pairs(
            provider,
            options=self.options,
            fields=self.program_fields(provider),
            mentees=mentees,
            mentors=mentors,
        )

    def unanswered(self) -> list[Profile]:
        """Return the sample people with each field in turn left out, and somebody with none."""
        provider = self.subject()
        names = [*self.program_fields(provider)]
        people = [person for side in self.sides() for person in side]
        return [{}, *({**person, name: None} for person in people for name in names)]

    def check_answers(self, answers: Sequence[Sequence[Any]]) -> None:
        declared = self.declared()
        for row in answers:
            for answer in row:
                self.check_answer(answer, declared=declared)

    def check_answer(self, answer: Any, *, declared: bool) -> None:
        """Fail unless this may be answered; a `declared` form's answer is the engine's score."""
        raise NotImplementedError  # pragma: no cover - each kind has its own

    def declared(self) -> bool:
        """Return whether the provider, bound to the options, leaves the scoring to the engine."""
        provider = self.subject()
        bound = provider.bind(self.checked_options(provider), self.program_fields(provider))
        return bound.declared is not None

    def test_finds_the_fields_it_needs(self) -> None:
        provider = self.subject()
        fields = self.program_fields(provider)
        missing = sorted(set(provider.needs) - set(fields))
        assert missing == [], f"`needs` names fields that the program does not have: {missing}"
        mentees, mentors = self.sides()
        self.engine(provider, mentees, mentors)

    def test_answers_are_in_range(self) -> None:
        self.check_answers(self.answers(*self.sides()))

    def test_takes_people_who_did_not_answer(self) -> None:
        mentees, mentors = self.sides()
        silent = self.unanswered()
        for one, other in ((silent, mentors), (mentees, silent), (silent, silent)):
            self.check_answers(self.answers(one, other))

    def test_takes_an_empty_side(self) -> None:
        mentees, mentors = self.sides()
        assert self.answers([], mentors) == []
        assert self.answers(mentees, []) == [[] for _ in mentees]
        assert self.engine(self.subject(), [], []) == {}

    def test_same_people_same_answers(self) -> None:
        mentees, mentors = self.sides()
        provider = self.subject()
        first = _comparable(self.answers(mentees, mentors, provider=provider))
        assert _comparable(self.answers(mentees, mentors, provider=provider)) == first
        assert _comparable(self.answers(mentees, mentors)) == first
        backwards = self.answers(mentees[::-1], mentors[::-1], provider=provider)
        turned = [row[::-1] for row in backwards[::-1]]
        assert _comparable(turned) == first, "the answer for a pair depends on the others"

    def test_changes_nobody(self) -> None:
        mentees, mentors = self.sides()
        before = repr((mentees, mentors))
        self.answers(mentees, mentors)
        assert repr((mentees, mentors)) == before


def _comparable(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """Return answers in which no opinion equals itself."""
    return [
        [None if isinstance(one, float) and math.isnan(one) else one for one in row] for row in rows
    ]


def _check_reason(told: object) -> None:
    assert told is None or isinstance(told, str | Reason), (
        f"explain returns a Reason, a text or None, not {type(told).__name__}"
    )
    assert told != "", "explain returns None where there is nothing to say"


class CriterionContract(ScorerContract):
    """A criterion answers 0 to 1 or None, the same for the same two people, and explains it."""

    kind = "criteria"
    block = "score_block"
    single = "score"

    def check_answer(self, answer: Any, *, declared: bool) -> None:
        """Fail unless it is a value, or no opinion."""
        if declared:
            assert 0 <= answer <= 10_000
        elif answer is not None and not (isinstance(answer, float) and math.isnan(answer)):
            assert isinstance(answer, int | float), f"a value is a number, not {answer!r}"
            assert 0 <= answer <= 1, f"a value is from 0 to 1, not {answer!r}"

    def test_the_engine_scores_as_it_says(self) -> None:
        mentees, mentors = self.sides()
        provider = self.subject()
        answers = _comparable(self.answers(mentees, mentors, provider=provider))
        scores = self.engine(provider, mentees, mentors)
        scale = 1 if self.declared() else 10_000
        for (mentee, mentor), score in scores.items():
            value = answers[mentee][mentor]
            assert score == math.floor((value or 0) * scale + 0.5)

    def test_explains_what_it_answers(self) -> None:
        provider = self.subject()
        fields = self.program_fields(provider)
        bound: Criterion = provider.bind(self.checked_options(provider), fields)
        mentees, mentors = self.sides()
        answers = _comparable(self.answers(mentees, mentors, provider=provider))
        scale = 10_000 if bound.declared is not None else 1
        for one, row in zip(mentees, answers, strict=True):
            for other, answer in zip(mentors, row, strict=True):
                if answer is not None:
                    pair = (Answers(one, fields), Answers(other, fields))
                    _check_reason(bound.explain(*pair, answer / scale))


class RuleContract(ScorerContract):
    """A rule says yes or no, the same for the same two people, and why a pair cannot be."""

    kind = "rules"
    block = "mask_block"
    single = "allows"

    def check_answer(self, answer: Any, *, declared: bool) -> None:
        """Fail unless it is yes or no."""
        known = (None, 10_000) if declared else (True, False)
        assert answer in known, f"a rule answers yes or no, not {answer!r}"

    def test_the_engine_allows_as_it_says(self) -> None:
        mentees, mentors = self.sides()
        provider = self.subject()
        answers = self.answers(mentees, mentors, provider=provider)
        allowed = {
            (one, other)
            for one, row in enumerate(answers)
            for other, answer in enumerate(row)
            if answer
        }
        assert set(self.engine(provider, mentees, mentors)) == allowed

    def test_explains_what_it_refuses(self) -> None:
        provider = self.subject()
        fields = self.program_fields(provider)
        bound: Rule = provider.bind(self.checked_options(provider), fields)
        mentees, mentors = self.sides()
        answers = self.answers(mentees, mentors, provider=provider)
        for one, row in zip(mentees, answers, strict=True):
            for other, answer in zip(mentors, row, strict=True):
                if not answer:
                    _check_reason(bound.explain(Answers(one, fields), Answers(other, fields)))


def assert_consistent(
    one: Criterion | Rule,
    other: Criterion | Rule,
    *,
    people: Sequence[Profile] = (),
    mentees: Sequence[Profile] = (),
    mentors: Sequence[Profile] = (),
    fields: Mapping[str, Field] = NOTHING,
    options: Mapping[str, Any] = NOTHING,
) -> None:
    """Fail unless two providers answer alike for every pair, to 1 of 10,000 points.

    For two ways to write one criterion: `score` as its meaning, `score_block` or `declared` fast.
    """
    answers = [
        scored_pairs(
            provider,
            options=options,
            fields=fields or sample_fields(provider.needs),
            mentees=mentees or people,
            mentors=mentors or people,
        )
        for provider in (one, other)
    ]
    assert answers[0].keys() == answers[1].keys()
    apart = {
        pair: (score, answers[1][pair])
        for pair, score in answers[0].items()
        if abs(score - answers[1][pair]) > 1
    }
    assert apart == {}, f"(mentee, mentor): scores of one and of the other: {apart}"
