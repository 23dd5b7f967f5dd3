"""What is said of a run as a whole."""

from __future__ import annotations

from mentorkit.commands.outcomes import judged

SUMMARY = {
    "by_choice": False,
    "pairs": 3,
    "pairs_bound": 3,
    "total": 900,
    "total_bound": 900,
    "objective": "coverage",
    "blocking_pairs": 0,
}


def test_whether_every_pair_was_looked_at_is_said_where_not() -> None:
    assert "shortlist" not in judged({**SUMMARY, "exhaustive": True})
    assert judged({**SUMMARY, "exhaustive": False}).endswith("so that is as far as this holds.")


def test_a_run_of_before_that_was_told_is_one_that_looked_at_every_pair() -> None:
    assert "shortlist" not in judged(SUMMARY)
