"""Why circles, peers and rings leave somebody out, and that what is said to help does help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from mentorkit.errors import PluginError
from mentorkit.hooks import Assignment
from mentorkit.matching import Pool, Someone, bind, run, summary, words
from mentorkit.matching.figures import trade
from tests.matching.samples import create_fields, create_registry, create_strategy
from tests.matching.test_gathered import Planted, create_circle_pool

SHARING = (
    {"rule": "shares_any", "field": "languages"},
    {"rule": "min_overlap", "field": "hours"},
)


def left(pool: Pool, assigner: str = "circles", rules: Any = SHARING, **options: Any) -> Any:
    """Return the result, and why and what would help of who is left: ``{id: (why, help)}``."""
    strategy = create_strategy(rules=list(rules), assigner=assigner, assigner_options=options)
    result = run(pool, bind(strategy, create_registry(), create_fields()))
    told = {
        one.id: (one.reason, one.help)
        for side in (result.unmatched_mentees, result.unmatched_mentors)
        for one in side
    }
    return result, told


def said(told: Mapping[str, Any], who: str) -> tuple[str, str]:
    why, help_ = told[who]
    return words(why, fields=create_fields()), words(help_, fields=create_fields())


def of(*hours: int, speaks: str = "en") -> dict[str, Any]:
    return {"languages": (speaks,), "hours": hours, "industry": "food"}


def test_who_is_alone_in_their_language_is_told_that_and_how_many_to_recruit() -> None:
    pool = create_circle_pool(of(1), of(1), of(1), of(1, speaks="fr"))
    _, told = left(pool)
    assert said(told, "mentee-d") == (
        "No other mentee has languages in common with them and with a mentor whom they may have.",
        "Recruit 2 more mentees who share what they share, and a mentor for all of them.",
    )
    pool = create_circle_pool(of(1), of(1), of(1), of(1, speaks="fr"), mentors=2)
    _, told = left(pool)
    assert said(told, "mentee-d")[1] == "Recruit 2 more mentees who share what they share."
    more = create_circle_pool(of(1), of(1), of(1), *[of(1, speaks="fr")] * 3, mentors=2)
    assert not left(more)[1]


def test_two_who_could_be_a_smaller_circle_are_told_its_size() -> None:
    people = of(1), of(1), of(1), of(2), of(2)
    pool = create_circle_pool(*people, mentors=2)
    _, told = left(pool)
    why, help_ = said(told, "mentee-d")
    assert why == "With this one, at most 2 mentees could be in one circle; the smallest has 3."
    assert help_.startswith("If circles may have 2 mentees, there could be one around mentor-")
    assert not left(pool, least=2)[1]
    (mentor,) = (who for who in told if who.startswith("mentor"))
    assert said(told, mentor)[0] == (
        "No circle of at least 3 mentees with this mentor could be made."
    )


def test_who_is_left_of_full_circles_is_told_which_one_change_opens() -> None:
    pool = create_circle_pool(*[of(1)] * 4, places=3)
    (who,) = left(pool)[1]
    assert said(left(pool)[1], who) == (
        "Every circle that they could join is full.",
        "One more place at mentor-a would let them into that circle.",
    )
    assert not left(create_circle_pool(*[of(1)] * 4, places=4))[1]
    pool = create_circle_pool(*[of(1)] * 4)
    (who,) = left(pool, most=3)[1]
    assert said(left(pool, most=3)[1], who)[1] == (
        "With circles of up to 4 mentees they could join that of mentor-a."
    )
    assert not left(pool, most=4)[1]


def test_a_mentor_with_too_few_places_for_a_circle_is_told_so() -> None:
    _, told = left(create_circle_pool(*[of(1)] * 3, places=2))
    assert said(told, "mentor-a") == (
        "Places of this mentor: 2; the smallest circle takes 3.", "Give them 3 places.",
    )  # fmt: skip


def test_where_mentors_have_too_few_places_mentees_are_told_to_give_one_enough() -> None:
    pool = create_circle_pool(*[of(1)] * 3, places=1)
    _, told = left(pool)
    why, help_ = said(told, "mentee-a")
    assert why.endswith("who lead no circle yet, have too few places for one of 3.")
    assert help_ == "Give mentor-a 3 places."
    assert not left(create_circle_pool(*[of(1)] * 3, places=3))[1]


def test_a_smaller_circle_that_is_told_of_could_be_made() -> None:
    tried = 0
    for seed in range(25):
        random = Random(seed)
        people = [of(*random.sample((1, 2, 3), random.randint(1, 2))) for _ in range(7)]
        pool = create_circle_pool(*people, mentors=2, places=random.choice((3, 4)))
        result, told = left(pool, least=4, most=4)
        for who, (_, help_) in told.items():
            if help_.code == "circle_smaller" and who.startswith("mentee"):
                tried += 1
                again, _ = left(pool, least=help_.params["count"], most=4)
                assert len(again.pairs) > len(result.pairs)
    assert tried


def create_peers(*places: int, mentors_only: int = 0) -> Pool:
    people = [
        Someone(key=str(at), id=str(at), person_id=str(at), capacity=count, profile=of(1))
        for at, count in enumerate(places)
    ]
    return Pool(people[: len(people) - mentors_only], people, create_fields())


def test_the_odd_one_of_peers_is_told_of_threes_where_one_has_a_place_for_them() -> None:
    _, told = left(create_peers(2, 2, 2), "peers", ())
    (who,) = told
    why, help_ = said(told, who)
    assert why == "Everybody with whom they could be a pair is in one."
    assert help_.startswith("If threes are allowed, they could join ")
    assert not left(create_peers(2, 2, 2), "peers", (), threes=True)[1]
    _, told = left(create_peers(1, 1, 1), "peers", ())
    (who,) = told
    assert said(told, who)[1] == "Recruit one more peer who fits."


def test_who_is_in_no_ring_is_told_why() -> None:
    _, told = left(create_peers(2, 2, 2), "rings", (), least=4)
    assert said(told, "0") == (
        "No ring of 4 to 8 people could be made with them.",
        "If rings may have 3 people, they could be in one.",
    )
    assert not left(create_peers(2, 2, 2), "rings", ())[1]
    _, told = left(create_peers(2, 2), "rings", ())
    assert said(told, "0")[1] == (
        "Recruit somebody who fits them, and who is mentee and mentor both."
    )
    _, told = left(create_peers(2, 2, 2, 2, mentors_only=1), "rings", ())
    assert said(told, "3") == (
        "A ring is of people who are mentee and mentor both; they are one of the two.",
        "Have them be mentee and mentor both.",
    )


@pytest.mark.parametrize(
    ("assigner", "way"),
    [
        ("circles", "Circles of mentees, each around a mentor"),
        ("peers", "Pairs of peers, as many as there can be"),
        ("rings", "Rings, in which each mentors the next"),
    ],
)
def test_the_table_of_figures_names_the_way_of_groups(assigner: str, way: str) -> None:
    result, _ = left(create_peers(2, 2, 2), assigner, ())
    assert trade(summary(result))[0]["way"] == way


def test_an_assigner_that_says_no_reasons_is_refused() -> None:
    bound = bind(create_strategy(), create_registry(), create_fields())
    planted: Any = Planted(())
    planted.answer = Assignment(pairs=(), method="told", mentees_left={0: "no"})  # type: ignore[dict-item]
    bound = replace(bound, assigner=planted)
    with pytest.raises(PluginError, match="two reasons"):
        run(create_circle_pool(of(1)), bound)
