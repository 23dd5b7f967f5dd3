"""What a change would bring: checked against every way to pair, in plain Python."""

from __future__ import annotations

from dataclasses import replace
from math import inf, nextafter
from random import Random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.shown import shown
from mentorkit.hooks import Above, MinAvailability, MinOverlap, Rule, RuleForm
from mentorkit.matching import Pool, Someone, bind, run
from mentorkit.matching.figures import changes, most, not_looked_at
from mentorkit.matching.result import WHAT_IF_CELLS, WhatIf
from mentorkit.matching.scan import Scan
from mentorkit.matching.sheets import summary
from mentorkit.matching.whatif import what_if
from tests.matching.samples import (
    LANGUAGES,
    RULES,
    Case,
    create_fields,
    create_people,
    create_registry,
    create_strategy,
    draw_case,
    draw_wide_case,
    draw_wide_use,
)

SHARED = {"rule": "shares_any", "field": "languages"}


def asked(pool: Pool, bound: Any, **more: Any) -> WhatIf:
    result = run(pool, bound, compare=True, **more)
    assert result.what_if is not None
    return result.what_if


def most_pairs(allowed: list[list[bool]], places: list[int]) -> int:
    """Return how many can be paired at most, one mentee after the other along free ways."""
    holds: list[list[int]] = [[] for _ in places]

    def seat(mentee: int, seen: set[int]) -> bool:
        for mentor, may in enumerate(allowed[mentee]):
            if not may or mentor in seen:
                continue
            seen.add(mentor)
            if len(holds[mentor]) < places[mentor]:
                holds[mentor].append(mentee)
                return True
            for other in list(holds[mentor]):
                if seat(other, seen):
                    holds[mentor].remove(other)
                    holds[mentor].append(mentee)
                    return True
        return False

    return sum(seat(mentee, set()) for mentee in range(len(allowed)))


def without(case: Case, index: int) -> Case:
    rules = case.strategy.rules
    return replace(case, strategy=replace(case.strategy, rules=rules[:index] + rules[index + 1 :]))


@settings(max_examples=150)
@given(st.integers(0, 10**9))
def test_every_count_is_that_of_the_most_pairs_there_can_be(seed: int) -> None:
    case = draw_case(seed)
    found = asked(case.pool, case.bound())
    places = [one.capacity for one in sorted(case.mentors, key=lambda one: one.key)]
    allowed = case.plain_scores()[1]
    now = most_pairs(allowed, places)
    assert found.most == now
    if any(places):
        more = most_pairs(allowed, [n + 1 if n else 0 for n in places])
    else:
        opened = replace(case, mentors=[replace(one, capacity=1) for one in case.mentors])
        more = most_pairs(opened.plain_scores()[1], [1] * len(places))
    assert found.one_more_place == more - now
    for index, rule in enumerate(found.rules):
        assert rule.more == most_pairs(without(case, index).plain_scores()[1], places) - now


@settings(max_examples=150)
@given(st.integers(0, 10**9))
def test_who_brings_what_was_promised_can_be_hired(seed: int) -> None:
    """Some mentor there is, copied with the option, makes it come true; and nobody is over-told."""
    case = draw_case(seed, most=7)
    spoken = Frozen({one: {"en": one} for one in LANGUAGES})
    case.fields["languages"] = replace(case.fields["languages"], choices=spoken)
    drawn = Random(seed)
    case.mentees, case.mentors = (
        [replace(one, cohort=drawn.choice(("", "spring", "autumn"))) for one in side]
        for side in (case.mentees, case.mentors)
    )
    if drawn.random() < 0.3:
        rules = (*case.strategy.rules, *create_strategy(rules=[{"rule": "same_group"}]).rules)
        case = replace(case, strategy=replace(case.strategy, rules=rules))
    found = asked(case.pool, case.bound())
    for rule in found.rules:
        for one in rule.additions:
            assert 1 <= one.more <= one.mentors * one.places
            gains = [
                asked(hired(case, model, one, rule.rule["code"]), case.bound()).most - found.most
                for model in case.mentors
            ]
            assert max(gains) >= one.more


def hired(case: Case, model: Someone, addition: Any, rule: str) -> Pool:
    """Return the pool with new mentors like this one, who also offer what a rule asks for."""
    answer, cohort = addition.value, model.cohort
    if rule == "rule_same_cohort":
        profile, cohort = model.profile, answer
    elif rule == "rule_same":
        profile = {**model.profile, addition.field: answer}
    else:
        offered = dict.fromkeys((*model.profile.get(addition.field, ()), answer))
        profile = {**model.profile, addition.field: tuple(offered)}
    about = {"profile": profile, "cohort": cohort, "capacity": addition.places}
    new = [Someone(key=f"new-{at}", id=f"new-{at}", **about) for at in range(addition.mentors)]
    return Pool(
        case.mentees, [*case.mentors, *new], case.fields, past=case.past, forbidden=case.forbidden
    )


STEPS = {
    "rule_above": lambda least: (least, None),
    "rule_not_below": lambda least: (least, None),
    "rule_not_far_below": lambda least: (-least, None),
    "rule_above_most": lambda least, most: (least, most),
    "rule_below_most": lambda least, most: (-most, -least),
    "rule_below": lambda least: (-inf, -least),
    "rule_not_above": lambda least: (-inf, least),
    "rule_not_far_above": lambda least: (-inf, least),
}
"""What phrases about steps say, as the steps above from and to."""


def form_of(phrase: Frozen, form: Any) -> RuleForm:
    """Return the rule that a phrase tells of, which is like `form` but for its numbers."""
    asked = {name: value for name, value in phrase["params"].items() if name != "field"}
    if isinstance(form, Above):
        asked = dict(zip(("least", "most"), STEPS[phrase["code"]](**asked), strict=True))
    return replace(form, **asked)


def brought_by(case: Case, index: int, form: RuleForm) -> int:
    """Return how many more can be paired where this stands in the place of a rule."""

    class Given(Rule):
        name = "given"
        declared = form

    uses = list(case.strategy.rules)
    uses[index] = replace(uses[index], name="given", options=Frozen())
    given = replace(case, strategy=replace(case.strategy, rules=tuple(uses)))
    return asked(case.pool, given.bound(Given())).most - asked(case.pool, case.bound()).most


@settings(max_examples=150)
@given(st.integers(0, 10**9))
def test_a_smaller_number_brings_what_was_promised_and_no_larger_one_does(seed: int) -> None:
    random, numbered = Random(seed), ("min_overlap", "min_availability", "above", "below")
    rules = [draw_wide_use(random, kinds, "rule") for kinds in (numbered, numbered, RULES)]
    drawn = draw_wide_case(seed, most=8)
    case = replace(
        drawn, strategy=create_strategy([{"criterion": "equal", "field": "trade"}], rules)
    )
    for index, (rule, bound) in enumerate(
        zip(asked(case.pool, case.bound()).rules, case.bound().rules, strict=True)
    ):
        form: Any = bound.rule.declared
        seen: dict[str, int] = {}
        for one in rule.easier:
            looser: Any = form_of(one.rule, form)
            assert 0 < one.more == brought_by(case, index, looser) <= rule.more
            name = "least" if looser.least != form.least else "most"
            number, asked_first = getattr(looser, name), getattr(form, name)
            nearer = nextafter(number, asked_first) if isinstance(form, Above) else number + 1
            if nearer != asked_first:  # asking for any more brings fewer: nobody, where it is first
                stricter = brought_by(case, index, replace(form, **{name: nearer}))
                assert stricter < one.more
                assert name in seen or not stricter
            seen[name] = one.more
        for name, most_of_it in seen.items():
            least = {"least": -inf if isinstance(form, Above) else 1, "most": inf}[name]
            assert most_of_it == brought_by(case, index, replace(form, **{name: least}))
        if isinstance(form, (MinOverlap, MinAvailability)) and not seen:
            assert not brought_by(case, index, replace(form, least=1))


def test_a_smaller_number_is_told_in_words() -> None:
    fields = create_fields()
    mentees = [
        {"times": ("mon 10:00-10:45",), "grade": "second"},
        {"times": ("tue 10:00-10:30",), "grade": "second"},
    ]
    mentors = [{"times": ("mon 10:00-12:00", "tue 10:00-12:00"), "grade": "second"}]
    pool = Pool(
        create_people("mentee", *mentees), create_people("mentor", *mentors, capacity=2), fields
    )

    def told(*rules: dict[str, Any]) -> list[str]:
        bound = bind(create_strategy(rules=rules), create_registry(), fields)
        return [one["text"] for one in changes(shown(asked(pool, bound)), fields)]

    (_, half_an_hour, more) = told({"rule": "min_availability", "field": "times", "least": 60})
    assert half_an_hour == (
        "If at least 30 minutes a week in common (times) were enough, 2 more people could be"
        " matched."
    )
    assert more == (
        "If at least 45 minutes a week in common (times) were enough, one more person could be"
        " matched."
    )
    (_, above) = told({"rule": "above", "field": "grade", "steps": [1, 2]})
    assert above == (
        "If a mentor who stands 0 to 2 steps above in grade were enough, 2 more people could be"
        " matched."
    )
    (_, below) = told({"rule": "below", "field": "grade", "steps": [1]})
    assert below == (
        "If a mentor who stands no higher in grade were enough, 2 more people could be matched."
    )


def test_two_more_mentors_who_speak_swahili_let_fourteen_more_be_matched() -> None:
    mentees = [{"languages": ("sw",)}] * 14 + [{"languages": ("en",)}] * 7
    mentors = create_people("mentor", {"languages": ("en",)}, capacity=7)
    fields = create_fields()
    fields["languages"] = replace(
        fields["languages"], choices=Frozen(sw={"en": "Swahili"}, en={"en": "English"})
    )
    pool = Pool(create_people("mentee", *mentees), mentors, fields)
    found = asked(pool, bind(create_strategy(rules=[SHARED]), create_registry(), fields))
    (rule,) = found.rules
    assert [(one.value, one.mentors, one.places, one.more) for one in rule.additions] == [
        ("sw", 2, 7, 14)
    ]
    (told,) = changes(shown(found), fields)
    assert told["text"] == (
        "If 2 more mentors offered Swahili (languages), 14 more people could be matched. "
        "Places of each: 7."
    )
    assert most(shown(found)) == "As things are, 7 people can be matched at most."


def test_whom_to_look_for_is_told_of_rules_that_ask_for_the_same() -> None:
    fields = create_fields()
    mentees = create_people("mentee", *[{"industry": "food"}] * 3, cohort="spring")
    pool = Pool(mentees, create_people("mentor", {"industry": "crafts"}, cohort="autumn"), fields)

    def told(rule: dict[str, str]) -> str:
        bound = bind(create_strategy(rules=[rule]), create_registry(), fields)
        return str(changes(shown(asked(pool, bound)), fields)[0]["text"])

    assert told({"rule": "same", "field": "industry"}) == (
        "If 3 more mentors answered food (industry), 3 more people could be matched."
        " Places of each: 1."
    )
    assert told({"rule": "same_group"}) == (
        "If 3 more mentors were in the cohort spring, 3 more people could be matched."
        " Places of each: 1."
    )


def test_no_option_is_promised_that_another_rule_compares_as_a_whole() -> None:
    fields = create_fields()
    mentees = create_people("mentee", *[{"languages": ("en", "sw")}] * 9)
    pool = Pool(mentees, create_people("mentor", {"languages": ("sw", "en")}), fields)

    def told(*rules: dict[str, str]) -> int:
        bound = bind(create_strategy(rules=rules), create_registry(), fields)
        return len(asked(pool, bound).rules[0].additions)

    assert told(SHARED)
    assert not told(SHARED, {"rule": "same", "field": "languages"})


def test_a_locked_pair_stays_whatever_changes() -> None:
    fields = create_fields()
    pool = Pool(
        create_people("mentee", {"languages": ("sw",)}, {"languages": ("en",)}),
        create_people("mentor", {"languages": ("en",)}),
        fields,
    )
    bound = bind(create_strategy(rules=[SHARED]), create_registry(), fields)
    found = asked(pool, bound, locks=[("mentee-a", "mentor-a")])
    assert (found.most, found.rules[0].more) == (1, 0)


def test_what_a_few_have_typed_themselves_is_not_told() -> None:
    fields = create_fields()
    bound = bind(create_strategy(rules=[SHARED]), create_registry(), fields)

    def told(count: int) -> list[str]:
        mentees = create_people("mentee", *[{"languages": ("Oshiwambo",)}] * count)
        mentors = create_people("mentor", {"languages": ("en",)}, capacity=3)
        return [
            one.value for one in asked(Pool(mentees, mentors, fields), bound).rules[0].additions
        ]

    assert told(4) == []
    assert told(5) == ["Oshiwambo"]


def test_of_too_many_people_it_is_left_out() -> None:
    fields = create_fields()
    many = int(WHAT_IF_CELLS**0.5) + 1
    people = [[Someone(key=f"{side}{at}", id=f"{side}{at}") for at in range(many)] for side in "ab"]
    strategy = create_strategy(assigner="greedy")
    result = run(Pool(*people, fields), bind(strategy, create_registry(), fields), compare=True)
    assert result.what_if is None
    assert result.alternatives is not None
    assert not_looked_at(summary(result)) == (
        "What changes would bring is looked at for up to 1,000,000 possible pairs, and this run has"
        " 1,002,001. Match a part of the people alone, such as a cohort, and it is told for that."
        " What would help each who is left is told all the same."
    )


def test_where_it_was_not_looked_at_for_another_reason_that_is_told() -> None:
    case = draw_case(1)
    looked, bare = (summary(run(case.pool, case.bound(), compare=how)) for how in (True, False))
    assert not_looked_at(looked) == ""
    assert "was not looked at for this run" in not_looked_at(bare)
    assert "a plugin ranked a shortlist" in not_looked_at({**bare, "exhaustive": False})


def test_of_what_people_choose_themselves_it_is_left_out() -> None:
    case = draw_case(1, assigner="choice")
    result = run(case.pool, case.bound(), compare=True)
    assert result.what_if is None
    assert "those that people chose themselves" in not_looked_at(summary(result))


def test_where_no_mentor_has_a_place_one_each_is_what_would_help() -> None:
    fields = create_fields()
    mentees, mentors = create_people("mentee", {}, {}), create_people("mentor", {}, {}, capacity=0)
    bound = bind(create_strategy(), create_registry(), fields)
    assert asked(Pool(mentees, mentors, fields), bound).one_more_place == 2


def test_a_thousand_people_are_looked_at() -> None:
    random = Random(7)
    options = [f"l{at}" for at in range(60)]

    def someone(side: str, at: int) -> Someone:
        spoken = tuple(random.sample(options, random.randint(1, 3)))
        hours = tuple(sorted(random.sample(range(168), 6)))
        return Someone(
            key=f"{side}{at:04}", id=f"{side}{at:04}", profile={"languages": spoken, "hours": hours}
        )

    fields = create_fields()
    fields["languages"] = replace(fields["languages"], choices=Frozen(dict.fromkeys(options, "")))
    pool = Pool(
        [someone("a", at) for at in range(600)], [someone("b", at) for at in range(400)], fields
    )
    rules = [SHARED, {"rule": "min_overlap", "field": "hours", "least": 2}]
    bound = bind(create_strategy(rules=rules), create_registry(), fields)
    found = what_if(Scan(pool, bound), np.full(600, -1, np.int64), ())
    assert found is not None
    assert [bool(rule.more and rule.additions) for rule in found.rules] == [True, True]
