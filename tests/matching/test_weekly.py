"""When two are free at once, on clocks that change: in minutes, in the week that has fewest."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from mentorkit.hooks import Availability, MinAvailability
from mentorkit.matching import Pool, Someone, bind, run, words
from mentorkit.matching.forms import mask_of, value_of
from mentorkit.matching.weekly import weeks_of
from tests.matching.samples import create_fields, create_registry, create_strategy

PARIS, NEW_YORK, NEPAL = "Europe/Paris", "America/New_York", "Asia/Kathmandu"
LORD_HOWE, SANTIAGO, NAIROBI = "Australia/Lord_Howe", "America/Santiago", "Africa/Nairobi"


def minutes(
    mine: str, clock: str, theirs: str, other: str, *, day: date | None = None, **form: Any
) -> int:
    """Return the minutes a week in common, of times written like ``mon 18:00-20:00, 17``."""
    pool = create_pool((mine, clock), (theirs, other), day=day)
    weeks = weeks_of(Availability(field="times", **form), pool)
    return weeks.minutes * int(weeks.common(np.array([0]), np.array([0]))[0])


def create_pool(mentee: tuple[str, str], mentor: tuple[str, str], day: date | None = None) -> Pool:
    fields = create_fields()
    people = [
        Someone(key=key, id=key, profile={"times": fields["times"].parse(told)}, zone=zone)
        for key, (told, zone) in (("mentee", mentee), ("mentor", mentor))
    ]
    return Pool(people[:1], people[1:], fields, day=day)


def test_the_two_sides_of_a_pair_change_their_clocks_on_different_days() -> None:
    """New York is 6 hours behind Paris, and 5 between 14 and 28 March 2027."""
    evening, noon = "mon 18-20", "mon 12-14"
    for on, common in (("2027-03-01", 120), ("2027-03-15", 60), ("2027-03-29", 120)):
        found = minutes(evening, PARIS, noon, NEW_YORK, on=on, weeks=1)
        assert found == common
    assert minutes(evening, PARIS, noon, NEW_YORK, on="2027-03-29", weeks=20) == 120
    assert minutes(evening, PARIS, noon, NEW_YORK, on="2027-03-01", weeks=20) == 60
    assert minutes(evening, PARIS, noon, NEW_YORK) == 60  # a whole year


def test_a_clock_counts_as_it_stands_on_wednesday() -> None:
    """Paris changes on Sunday, 28 March 2027: that week still goes by the old clock."""
    evening, same = "mon 18-20; sun 10-12", "mon 20-22; sun 12-14"
    assert minutes(evening, PARIS, same, NAIROBI, on="2027-03-28", weeks=1) == 240
    assert minutes(evening, PARIS, same, NAIROBI, on="2027-03-29", weeks=1) == 120


def test_clocks_that_move_together_are_always_as_far_apart() -> None:
    pool = create_pool(("tue 9-11", PARIS), ("tue 10-12", "Europe/Berlin"))
    weeks = weeks_of(Availability(field="times"), pool)
    assert (weeks.weeks, weeks.minutes) == (1, 60)
    assert minutes("tue 9-11", PARIS, "tue 10-12", "Europe/Berlin") == 60


def test_north_and_south_move_apart_both_ways() -> None:
    """Santiago is 4 hours behind Paris in January, 6 in July, and 5 for a week or two between."""
    for on, first in (("2027-01-11", 14), ("2027-07-12", 12), ("2027-03-29", 13)):
        found = minutes("thu 18-19", PARIS, f"thu {first}-{first + 1}", SANTIAGO, on=on, weeks=1)
        assert (on, found) == (on, 60)
    assert minutes("thu 18-20", PARIS, "thu 12-16", SANTIAGO) == 120
    assert minutes("thu 18-20", PARIS, "thu 14-16", SANTIAGO) == 0


def test_nepal_is_a_quarter_of_an_hour_off() -> None:
    """Nepal is 5:45 ahead of UTC, and 2:45 of Nairobi, all year."""
    pool = create_pool(("wed 18-20", NAIROBI), ("wed 20:30-22", NEPAL))
    assert weeks_of(Availability(field="times"), pool).minutes == 15
    assert minutes("wed 18-20", NAIROBI, "wed 20:30-22", NEPAL) == 75
    assert minutes("wed 18-20", NAIROBI, "wed 20:45-22:45", NEPAL) == 120


def test_lord_howe_moves_by_half_an_hour() -> None:
    """Lord Howe is 11:00 ahead of UTC in January and 10:30 in July."""
    nine = "fri 9-10"
    assert minutes(nine, LORD_HOWE, "thu 22-23", "UTC", on="2027-01-11", weeks=1) == 60
    assert minutes(nine, LORD_HOWE, "thu 22:30-23:30", "UTC", on="2027-07-12", weeks=1) == 60
    assert minutes(nine, LORD_HOWE, "thu 22-23", "UTC") == 30


def test_the_end_of_a_week_is_beside_its_beginning() -> None:
    assert minutes("mon 1-3", NAIROBI, "sun 22-24", "UTC") == 120
    assert minutes("sun 23:30-24; mon 0-0:30", "UTC", "mon 2:30-3:30", NAIROBI) == 60
    assert minutes("mon 0-2", "Pacific/Auckland", "sun 5-8", "Pacific/Honolulu") == 0
    assert minutes("mon 4-6", "Pacific/Auckland", "sun 4-10", "Pacific/Honolulu") == 120


def test_who_has_told_no_zone_is_in_the_one_that_is_given() -> None:
    assert minutes("mon 18-20", "", "mon 18-20", NAIROBI, zone=NAIROBI) == 120
    assert minutes("mon 18-20", "", "mon 18-20", NAIROBI) == 0
    assert minutes("mon 15-17", "", "mon 18-20", NAIROBI) == 120


def test_hours_that_were_told_in_utc_before_stay_those_of_utc() -> None:
    """15 and 16 are Monday, 15 to 17 in UTC, whatever the clock of who told them."""
    assert minutes("15; 16", PARIS, "mon 18-20", NAIROBI) == 120
    assert minutes("mon 18-20", NAIROBI, "15; tue 9-10", NAIROBI) == 60
    assert minutes("15", PARIS, "mon 16-18", PARIS, on="2027-01-11", weeks=1) == 60
    assert minutes("15", PARIS, "mon 16-18", PARIS) == 60  # 17 to 18 in summer
    assert minutes("15", PARIS, "mon 16-17", PARIS) == 0


def test_the_weeks_begin_with_that_of_the_run_where_no_day_is_given() -> None:
    one: Any = {"mine": "mon 18-20", "clock": PARIS, "theirs": "mon 12-14", "other": NEW_YORK}
    assert minutes(**one, day=date(2027, 3, 19), weeks=1) == 60
    assert minutes(**one, day=date(2027, 3, 29), weeks=4) == 120
    assert minutes(**one, day=date(2027, 3, 19), weeks=1, on="2027-05-03") == 120


def test_nobody_answered_and_nobody_there_are_no_opinion_and_no_pair() -> None:
    for pool in (create_pool(("", PARIS), ("", "")), create_pool(("mon 9-10", ""), ("", ""))):
        pair = np.array([0]), np.array([0])
        assert np.isnan(value_of(Availability(field="times"), pool)(*pair)[0])
        assert not mask_of(MinAvailability(field="times"), pool)(*pair)[0]
    nobody = np.empty(0, np.intp)
    pool = Pool([], [], create_fields())
    assert value_of(Availability(field="times"), pool)(nobody, nobody).shape == (0,)


@pytest.mark.parametrize(
    ("theirs", "value", "said"),
    [
        ("mon 20-21", 0.5, "You are both free for 60 minutes in every week (times)."),
        ("mon 8-10", 0, "There are weeks in which you are never free at the same time (times)."),
    ],
)
def test_a_pair_is_told_how_long_they_could_meet(theirs: str, value: float, said: str) -> None:
    pool = create_pool(("mon 18-20", PARIS), (theirs, NAIROBI), day=date(2027, 1, 11))
    strategy = create_strategy(
        [{"criterion": "availability", "field": "times", "full": 120, "weeks": 3}]
    )
    (pair,) = run(pool, bind(strategy, create_registry(), pool.fields)).pairs
    assert (pair.score, [words(one) for one in pair.reasons]) == (10_000 * value, [said])
    assert words(pair.reasons_mentor[0]) == said


def test_who_is_free_at_no_common_time_is_told_whom_to_recruit() -> None:
    rules = [
        {"rule": "min_availability", "field": "times", "least": 90},
        {"rule": "differs", "field": "sector"},
    ]
    fields = create_fields()
    profile = {"times": fields["times"].parse("mon 18:30-20"), "sector": "x"}
    pool = Pool(
        [Someone(key="a", id="a", profile=profile, zone=PARIS)],
        [Someone(key="b", id="b", profile=profile, zone=NAIROBI)],
        fields,
    )
    strategy = create_strategy(rules=rules)
    (left,) = run(pool, bind(strategy, create_registry(), fields)).unmatched_mentees
    assert words(left.reason) == (
        "The rule that asks for at least 90 minutes a week in common (times) rules out the only "
        "one there is."
    )
    assert words(left.help, fields=fields) == (
        "Recruit somebody who offers this: at least 90 minutes a week of Mon 18:30-20:00 "
        "(Europe/Paris) under times; a sector other than x."
    )
    (silent,) = run(
        Pool([Someone(key="a", id="a")], pool.mentors.people, fields),
        bind(strategy, create_registry(), fields),
    ).unmatched_mentees
    assert words(silent.help) == "Ask them for their times."
