"""Each declared form means in numpy what it means in plain Python."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.errors import Invalid
from mentorkit.hooks import (
    Above,
    Availability,
    Closeness,
    Contains,
    Cosine,
    Differs,
    Equal,
    Form,
    Load,
    MinAvailability,
    MinOverlap,
    Overlap,
    PastPair,
    Prior,
    RuleForm,
    Same,
    SameCohort,
    SetOverlap,
    SharesAny,
    Together,
)
from mentorkit.matching import Pool, explain, forms
from tests.matching import plain
from tests.matching.samples import (
    GRADES,
    ZONES,
    create_fields,
    create_people,
    draw_profile,
    draw_times,
)

CRITERIA: tuple[Any, ...] = (
    SetOverlap(field="languages"),
    SetOverlap(field="languages", per="mentor"),
    SetOverlap(field="languages", per="union"),
    SetOverlap(field="industry", other="industry"),
    Equal(field="industry"),
    Equal(field="industry", partial=Frozen(sector=0.5, grade=0.25)),
    Equal(field="languages"),
    Equal(field="quality"),
    Contains(field="industry", other="languages"),
    Contains(field="grade", other="grade"),
    Closeness(field="grade", target=2, span=3),
    Closeness(field="quality", span=0.5),
    Closeness(field="grade", target=-1, span=2, wrap=4),
    Overlap(field="hours", full=3),
    Overlap(field="languages"),
    Equal(field="industry", prefix=Frozen({"1": 0.5, "3": 0.75}), partial=Frozen(sector=0.6)),
    Equal(field="languages", prefix=Frozen({"1": 0.5})),
    Prior(field="quality"),
    Load(),
    Load(by="count"),
    Together(),
    Together(avoid=True),
    Availability(field="times", full=90),
    Availability(field="times", full=600, on="2027-03-17", weeks=4, zone="Asia/Kathmandu"),
    Availability(field="hours", other="times", on="2027-03-17", weeks=1),
    Cosine(field="taste"),
)
RULES: tuple[Any, ...] = (
    SharesAny(field="languages"),
    Differs(field="sector"),
    Differs(field="languages"),
    Same(field="sector"),
    Above(field="grade"),
    Above(field="grade", least=1, most=2),
    Above(field="quality", least=0.25, most=0.5),
    MinOverlap(field="hours", least=2),
    Above(field="grade", least=-math.inf, most=-1),
    PastPair(),
    SameCohort(),
    MinAvailability(field="times", least=45),
)


def test_every_form_has_its_meaning_and_its_words() -> None:
    """That a scan knows every form mypy says: `plan` matches on them to the last."""
    assert forms._VALUES.keys() == explain._FORMS.keys() == set(get_args(Form))
    assert forms._MASKS.keys() == set(get_args(RuleForm))


def create_pool(seed: int, many: int = 5) -> Pool:
    random = Random(seed)

    def profile() -> dict[str, Any]:
        drawn = draw_profile(random)
        if random.random() > 0.3:
            drawn["times"] = draw_times(random)
        if random.random() > 0.3:
            drawn["taste"] = tuple(random.choice((-1.0, 0.0, 0.5)) for _ in range(3))
        return drawn

    zones = random.choice(ZONES)
    mentees, mentors = (
        [
            replace(
                one,
                capacity=random.randint(0, 3),
                held=random.randint(0, 2),
                places=random.choice((0, 4)),
                cohort=random.choice(("", "spring", "autumn")),
                zone=random.choice(zones),
            )
            for one in create_people(side, *(profile() for _ in range(many)))
        ]
        for side in ("mentee", "mentor")
    )
    past = [(one.id, other.id) for one in mentees for other in mentors if random.random() < 0.3]
    return Pool(mentees, mentors, create_fields(), past=past)


@pytest.mark.parametrize("form", CRITERIA, ids=repr)
@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_a_criterions_form_says_what_it_says_in_plain_python(form: Any, seed: int) -> None:
    pool = create_pool(seed)
    rows, cols = np.arange(len(pool.mentees)), np.arange(len(pool.mentors))
    block = forms.value_of(form, pool)(rows[:, None], cols[None, :])
    for i, mentee in enumerate(pool.mentees):
        for j, mentor in enumerate(pool.mentors):
            met = (i, j) in pool.past
            said = plain.value(form, mentee, mentor, pool.fields, met=met)
            assert block[i, j] == pytest.approx(np.nan if said is None else said, nan_ok=True)


@pytest.mark.parametrize("form", RULES, ids=repr)
@settings(max_examples=15)
@given(seed=st.integers(0, 10**6))
def test_a_rules_form_says_what_it_says_in_plain_python(form: Any, seed: int) -> None:
    pool = create_pool(seed)
    rows, cols = np.arange(len(pool.mentees)), np.arange(len(pool.mentors))
    block = forms.mask_of(form, pool)(rows[:, None], cols[None, :])
    for i, mentee in enumerate(pool.mentees):
        for j, mentor in enumerate(pool.mentors):
            met = (i, j) in pool.past
            said = plain.allows(form, mentee, mentor, pool.fields, met=met)
            assert bool(block[i, j]) is said


@pytest.mark.parametrize("form", CRITERIA, ids=repr)
def test_single_pairs_have_exactly_the_value_they_have_in_a_block(form: Any) -> None:
    pool = create_pool(7)
    value = forms.value_of(form, pool)
    rows, cols = np.arange(5), np.arange(5)
    block = np.asarray(value(rows[:, None], cols[None, :]))
    single = value(np.repeat(rows, 5), np.tile(cols, 5))
    np.testing.assert_array_equal(single, block.ravel())


def test_options_beyond_64_are_counted_too() -> None:
    many = tuple(f"skill {n}" for n in range(200))
    people = (
        create_people("mentee", {"skills": many}),
        create_people("mentor", {"skills": many[3:]}),
    )
    pool = Pool(*people, {"skills": Field(id="skills", kind="options")})
    value = forms.value_of(SetOverlap(field="skills"), pool)
    assert value(np.array([0]), np.array([0]))[0] == 197 / 200


def test_bits_are_counted_alike_where_numpy_has_no_count_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = np.array([[0, 1], [2**64 - 1, 0b1011]], np.uint64)
    with_numpy_2 = forms.count_common(words, words, np.array([0, 1]), np.array([1, 1]))
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    without = forms.count_common(words, words, np.array([0, 1]), np.array([1, 1]))
    assert without.tolist() == with_numpy_2.tolist() == [1, 67]


def test_codes_of_an_industry_are_worth_the_more_the_longer_they_agree() -> None:
    pool = Pool(
        create_people("mentee", {"nace": "47.11"}),
        create_people(
            "mentor",
            *({"nace": code} for code in ("4711", "47.19", "47-2", "46.1", "47", "4", "G")),
        ),
        {"nace": Field(id="nace")},
    )
    form = Equal(field="nace", prefix=Frozen({"4": 0.9, "3": 0.7, "2": 0.5}))
    value = forms.value_of(form, pool)
    found = value(np.zeros(7, np.intp), np.arange(7))
    codes = [one.profile["nace"] for one in pool.mentors]
    assert dict(zip(codes, found.tolist(), strict=True)) == {
        "4711": 0.9, "47.19": 0.7, "47-2": 0.5, "47": 0.5, "46.1": 0.0, "4": 0.0, "G": 0.0
    }  # fmt: skip


def test_nothing_answered_in_whatever_way_is_no_opinion() -> None:
    empties: list[dict[str, Any]] = [{}, {"sector": None}, {"sector": ""}, {"sector": ()}]
    pool = Pool(
        create_people("mentee", *empties),
        create_people("mentor", {"sector": "x"}),
        {"sector": Field(id="sector")},
    )
    value = forms.value_of(Equal(field="sector"), pool)
    assert np.isnan(value(np.arange(4), np.zeros(4, np.intp))).all()


def test_an_answer_that_does_not_fit_its_field_is_named_with_its_person() -> None:
    pool = Pool(
        create_people("mentee", {"grade": "fifth"}, {"grade": GRADES[0]}),
        create_people("mentor", {"grade": GRADES[1]}),
        create_fields(),
    )
    with pytest.raises(Invalid) as caught:
        forms.value_of(Closeness(field="grade"), pool)
    assert [problem.place for problem in caught.value.problems] == ["mentee-a.grade"]
