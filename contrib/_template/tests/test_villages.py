"""What this plugin promises: the criterion's contract, and its three answers."""

from __future__ import annotations

import mentorkit_villages
import pytest
from mentorkit_villages import SameVillage

from mentorkit.testing import CriterionContract


class TestSameVillage(CriterionContract):
    plugin = ("villages", mentorkit_villages)
    name = "same_village"
    people = (
        {"village": "Kibuye"},
        {"village": "Rubavu"},
        {"village": "Kibuye"},
        {"village": None},
    )


@pytest.mark.parametrize(
    ("mentee", "mentor", "value"),
    [
        ("Kibuye", "Kibuye", 1.0),
        ("Kibuye", "Rubavu", 0.0),
        (None, "Kibuye", None),
        ("Kibuye", None, None),
        ("", "Kibuye", None),
    ],
)
def test_scores_a_pair(mentee: str | None, mentor: str | None, value: float | None) -> None:
    assert SameVillage().score({"village": mentee}, {"village": mentor}) == value


def test_names_the_village_that_they_share() -> None:
    kibuye = {"village": "Kibuye"}
    assert SameVillage().explain(kibuye, kibuye, 1.0) == "Both trade in Kibuye"
    assert SameVillage().explain(kibuye, {"village": "Rubavu"}, 0.0) is None
