"""What requirement checks keep."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from random import Random

from mentorkit.hooks import Applicant, RequirementCheck
from mentorkit.testing.providing import Contract
from mentorkit.testing.samples import SampleContext

ANSWERS = ("yes", "no", "ask")


class RequirementContract(Contract):
    """A check answers yes, no or ask for each applicant, whoever else is asked about.

    `applicants` are some who differ in what it looks at, one of them with nothing to look at.
    """

    kind = "requirement_checks"
    applicants: Sequence[Applicant] = ()

    def answers(self, applicants: Sequence[Applicant]) -> list[str]:
        """Return what it answers of these, in their order."""
        check: RequirementCheck = self.subject()
        settings = self.loaded()[1].settings if self.plugin is not None else self.settings
        context = SampleContext(settings=settings)
        return list(check.answer(context, applicants, self.checked_options(check)))

    def test_answers_for_each(self) -> None:
        assert self.applicants, "give some applicants"
        told = self.answers(self.applicants)
        assert len(told) == len(self.applicants)
        assert set(told) <= set(ANSWERS)
        assert self.answers(()) == []

    def test_an_answer_is_about_the_applicant_alone(self) -> None:
        together = self.answers(self.applicants)
        assert [self.answers([one])[0] for one in self.applicants] == together
        order = list(range(len(self.applicants)))
        Random(1).shuffle(order)
        shuffled = self.answers([self.applicants[at] for at in order])
        assert shuffled == [together[at] for at in order]

    def test_changes_nothing(self) -> None:
        before = pickle.dumps(tuple(self.applicants))
        self.answers(self.applicants)
        assert pickle.dumps(tuple(self.applicants)) == before
