"""What this plugin promises: the criterion's contract, its scores, and its reason in words."""

import mentorkit_villages
from mentorkit_villages import SameVillage

from mentorkit.domain.fields import Field
from mentorkit.testing import CriterionContract

KIBUYE, RUBAVU, SILENT = {"village": "Kibuye"}, {"village": "Rubavu"}, {"village": None}


class TestSameVillage(CriterionContract):
    plugin = ("villages", mentorkit_villages)
    name = "same_village"
    fields = {"village": Field(id="village")}  # as in [fields.village] of a strategy
    people = (KIBUYE, RUBAVU, KIBUYE, SILENT)

    def test_scores_the_same_village_alone(self):
        assert self.answers([KIBUYE], [KIBUYE, RUBAVU, SILENT]) == [[10_000, 0, 0]]


def test_names_the_village_that_they_share():
    assert SameVillage().explain(KIBUYE, KIBUYE, 1.0) == "Both trade in Kibuye"
    assert SameVillage().explain(KIBUYE, RUBAVU, 0.0) is None
