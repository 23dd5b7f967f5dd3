"""What assigners keep."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import ClassVar

from mentorkit.hooks import Assigner, Assignment
from mentorkit.testing.providing import Contract
from mentorkit.testing.samples import SampleProblem, best_answer, permuted, sample_problems


class AssignerContract(Contract):
    """An assigner pairs nobody twice and no mentor above capacity, keeps locks, and repeats itself.

    `in_turn` says that it goes by the order of the people (ours: by external key, else id); else
    the same people in another order must give the same pairs.
    """

    kind = "assigners"
    in_turn: ClassVar[bool] = False

    def problems(self) -> list[SampleProblem]:
        return list(sample_problems(self.checked_options(self.subject())))

    def test_pairs_are_legal(self) -> None:
        assigner: Assigner = self.subject()
        for problem in self.problems():
            answer = assigner.assign(problem)
            assert isinstance(answer, Assignment)
            assert isinstance(answer.method, str)
            assert answer.method, "say in `method` how it was done"
            pairs = [
                (operator.index(mentee), operator.index(mentor)) for mentee, mentor in answer.pairs
            ]
            possible = {
                (mentee, one.mentor) for mentee, row in enumerate(problem.table) for one in row
            }
            assert set(pairs) <= possible | set(problem.locks), "a pair that may not exist"
            assert set(problem.locks) <= set(pairs), "a locked pair is missing"
            mentees = [mentee for mentee, _ in pairs]
            assert len(set(mentees)) == len(mentees), "a mentee is paired twice"
            for mentor, places in enumerate(problem.capacity):
                used = sum(1 for _, taken in pairs if taken == mentor)
                assert used <= places, "a mentor is paired above capacity"

    def test_groups_are_legal(self) -> None:
        assigner: Assigner = self.subject()
        for problem in self.problems():
            answer = assigner.assign(problem)
            possible = {
                (mentee, one.mentor) for mentee, row in enumerate(problem.table) for one in row
            }
            for group in answer.groups:
                lead, *others = group.mentors
                paired = sorted(mentee for mentee, mentor in answer.pairs if mentor == lead)
                assert sorted(group.mentees) == paired, "who is in a group is paired with its first"
                assert {(one, other) for one in paired for other in others} <= possible
                assert all(problem.capacity[other] >= len(paired) for other in others)
            for side in ("mentees", "mentors"):
                everybody = [one for group in answer.groups for one in getattr(group, side)]
                assert len(set(everybody)) == len(everybody), "nobody is in two groups"

    def test_peers_take_no_more_than_their_places(self) -> None:
        assigner: Assigner = self.subject()
        for problem in self.problems() if assigner.peers else ():
            pairs = assigner.assign(problem).pairs
            locked = {one for mentee, mentor in problem.locks for one in (mentee, mentor)}
            for mentee, mentor in problem.twins.items():
                taken = [pair for pair in pairs if pair[0] == mentee or pair[1] == mentor]
                most = max(1, problem.capacity[mentor])
                assert mentee in locked or len(taken) <= most, "a peer is paired above capacity"

    def test_same_problem_same_pairs(self) -> None:
        assigner: Assigner = self.subject()
        problems = self.problems()
        first = [sorted(assigner.assign(problem).pairs) for problem in problems]
        # Backwards, so that nothing may hang on what was asked before.
        again = [sorted(assigner.assign(problem).pairs) for problem in problems[::-1]][::-1]
        fresh: Assigner = self.subject()
        assert first == again == [sorted(fresh.assign(problem).pairs) for problem in problems]

    def test_the_order_of_locks_does_not_matter(self) -> None:
        assigner: Assigner = self.subject()
        for problem in self.problems():
            turned = replace(problem, locks=problem.locks[::-1])
            assert sorted(assigner.assign(turned).pairs) == sorted(assigner.assign(problem).pairs)

    def test_the_order_of_people_does_not_matter(self) -> None:
        if self.in_turn:
            return
        assigner: Assigner = self.subject()
        for problem in self.problems():
            scores = [one.score for row in problem.table for one in row]
            if len(set(scores)) < len(scores):
                continue  # among equals the order decides, and the engine's order is fixed
            other, mentee_at, mentor_at = permuted(problem, seed=len(scores))
            pairs = {(mentee_at[m], mentor_at[n]) for m, n in assigner.assign(problem).pairs}
            assert set(assigner.assign(other).pairs) == pairs

    def test_what_is_called_exact_is_the_best(self) -> None:
        assigner: Assigner = self.subject()
        for problem in self.problems():
            answer = assigner.assign(problem)
            if not answer.exact or len(problem.mentees) > 4:
                continue
            scores = {
                (mentee, one.mentor): one.score
                for mentee, row in enumerate(problem.table)
                for one in row
            }
            free = [pair for pair in answer.pairs if pair not in problem.locks]
            total = sum(scores[mentee, mentor] for mentee, mentor in free)
            pairs, best = best_answer(problem)
            assert total == best
            if problem.objective == "coverage":
                assert len(answer.pairs) == pairs

    def test_prices_have_the_right_shape(self) -> None:
        assigner: Assigner = self.subject()
        for problem in self.problems():
            answer = assigner.assign(problem)
            if answer.prices is not None:
                assert len(answer.prices) == len(problem.mentors)
                assert all(price >= 0 for price in answer.prices)
            if answer.cover is not None:
                assert set(answer.cover[0]) <= set(range(len(problem.mentees)))
                assert set(answer.cover[1]) <= set(range(len(problem.mentors)))
