"""Every provider that we ship keeps the contract of its kind, as any other plugin's must."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.hooks import Criterion, Inbound, SetOverlap, Sheet
from mentorkit.hooks.registry import Registry
from mentorkit.testing import (
    AssignerContract,
    ChannelContract,
    CriterionContract,
    FeatureContract,
    FeedbackVendorContract,
    MetricContract,
    NudgeContract,
    RuleContract,
    SourceContract,
    assert_consistent,
)

FIELDS = {
    "languages": Field(id="languages", kind="options"),
    "hours": Field(id="hours", kind="hours"),
    "times": Field(id="times", kind="times"),
    "trade": Field(id="trade", kind="option", choices=Frozen(baker="Baker", smith="Smith")),
    "sector": Field(id="sector", kind="text"),
    "level": Field(id="level", kind="ordered", choices=Frozen(low="Low", mid="Mid", top="Top")),
    "age": Field(id="age", kind="number"),
    "rating": Field(id="rating", kind="number"),
    "interests": Field(id="interests", kind="vector"),
}
PEOPLE = (
    {
        "languages": ("en", "fr"), "hours": (18, 19, 42), "times": ("mon 18:15-20:00", 42),
        "trade": "baker", "sector": "food",
        "level": "low", "age": 31.0, "rating": 0.2, "interests": (1.0, 0.0),
    },
    {
        "languages": ("fr",), "hours": (19,), "times": ("mon 17:00-24:00",),
        "trade": "smith", "sector": "food",
        "level": "top", "age": 62.0, "rating": 1.0, "interests": (0.6, 0.8),
    },
    {
        "languages": ("rw", "en", "sw"), "hours": (0, 167), "trade": "baker", "sector": "metal",
        "level": "mid", "age": 31.0, "rating": 0.0, "interests": (-1.0, 0.0),
    },
    {"languages": ("rw",), "trade": None, "age": 0.0},
)  # fmt: skip


class TestCheckIns(NudgeContract):
    plugin = "checkins"


class TestNewMatches(NudgeContract):
    plugin = "searches"


class TestWords(FeatureContract):
    plugin = "matching"
    name = "words"
    fields = MappingProxyType(
        {name: Field(id=name, kind="text") for name in ("about", "wants")}
        | {"trade": Field(id="trade", kind="option"), "choices": Field(id="choices")}
    )
    people = (
        {"about": "I bake bread", "wants": "to sell bread to hotels"},
        {"about": "パンを焼きます", "wants": None},
        {"about": "... 5 !", "wants": ""},
    )


class Ours(CriterionContract):
    plugin = "matching"
    people = PEOPLE
    fields = FIELDS


class TestSetOverlap(Ours):
    name = "set_overlap"
    options = Frozen(field="languages", per="union")


class TestEqual(Ours):
    name = "equal"
    options = Frozen(field="trade", partial={"sector": 0.5})


class TestEqualByPrefix(Ours):
    name = "equal"
    options = Frozen(field="sector", prefix={"2": 0.5})


class TestAvailability(Ours):
    name = "availability"
    options = Frozen(field="times", on="2027-03-01", zone="Asia/Kathmandu")


class TestSharedWords(Ours):
    name = "shared_words"
    options = Frozen(field="sector")


class TestLoad(Ours):
    name = "load"


class TestTogether(Ours):
    name = "together"
    options = Frozen(avoid=True)


class TestContains(Ours):
    name = "contains"
    options = Frozen(field="trade", other="languages")


class TestCloseness(Ours):
    name = "closeness"
    options = Frozen(field="age", target=10, span=20)


class TestClosenessOnACircle(Ours):
    name = "closeness"
    options = Frozen(field="age", span=12, wrap=24)


class TestClosenessOfLevels(Ours):
    name = "closeness"
    options = Frozen(field="level", target=1, span=2)


class TestOverlap(Ours):
    name = "overlap"
    options = Frozen(field="hours", full=2)


class TestPrior(Ours):
    name = "prior"
    options = Frozen(field="rating")


class TestCosine(Ours):
    name = "cosine"
    options = Frozen(field="interests")


def test_every_criterion_of_ours_is_held_to_the_contract() -> None:
    held = {cls.name for cls in Ours.__subclasses__()}
    assert held == set(Registry.load(["matching"]).criteria)


class OurRule(RuleContract):
    plugin = "matching"
    people = PEOPLE
    fields = FIELDS


class TestSharesAny(OurRule):
    name = "shares_any"
    options = Frozen(field="languages")


class TestDiffers(OurRule):
    name = "differs"
    options = Frozen(field="sector")


class TestSame(OurRule):
    name = "same"
    options = Frozen(field="trade")


class TestAbove(OurRule):
    name = "above"
    options = Frozen(field="level", steps=(1, 2))


class TestBelow(OurRule):
    name = "below"
    options = Frozen(field="level", steps=(1, 2))


class TestSameGroup(OurRule):
    name = "same_group"
    options = Frozen(field="sector")


class TestSameCohort(OurRule):
    name = "same_group"


class TestMinAvailability(OurRule):
    name = "min_availability"
    options = Frozen(field="hours", other="times", least=30)


class TestPastPair(OurRule):
    name = "past_pair"


class TestMinOverlap(OurRule):
    name = "min_overlap"
    options = Frozen(field="hours", least=2)


def test_every_rule_of_ours_is_held_to_the_contract() -> None:
    held = {cls.name for cls in OurRule.__subclasses__()}
    assert held == set(Registry.load(["matching"]).rules)


class OurAssigner(AssignerContract):
    plugin = "matching"


class TestOptimal(OurAssigner):
    name = "optimal"


class TestStable(OurAssigner):
    name = "stable"


class TestGreedy(OurAssigner):
    name = "greedy"


class TestChoice(OurAssigner):
    name = "choice"


class TestCircles(OurAssigner):
    name = "circles"
    options = Frozen(least=2, most=3)
    in_turn = True


class TestCirclesOfTwoMentors(TestCircles):
    options = Frozen(least=2, mentors=2, shared=("languages",))


class TestPeers(OurAssigner):
    name = "peers"


class TestPeersInThrees(OurAssigner):
    name = "peers"
    options = Frozen(threes=True)
    in_turn = True


class TestRings(OurAssigner):
    name = "rings"
    in_turn = True


def test_every_assigner_of_ours_is_held_to_the_contract() -> None:
    held = {cls.name for cls in OurAssigner.__subclasses__()}
    assert held == set(Registry.load(["matching"]).assigners)


def _workbook() -> Inbound:
    source = Registry.load(["csv"]).recruitment_sources["csv"]
    sheet = Sheet(columns=("ref", "name", "age"), rows=(("m1", "Ada", 31), ("m2", "Grace", 62)))
    return Inbound(body=source.write(sheet, suffix=".xlsx"), filename="people.xlsx")


class TestCsv(SourceContract):
    plugin = "csv"
    fields = Frozen(age=FIELDS["age"])
    good = Inbound(
        body=b"ref,name,email,age\nm1,Ada,ada@example.org,31\nm2,Grace,,\n", filename="people.csv"
    )
    bad = Inbound(
        body=b"ref,name,email,age\nm1,Ada,ada@example.org,31\nm2,Grace,,old\n,Nobody,,3\n",
        filename="people.csv",
    )


class TestXlsx(TestCsv):
    @pytest.fixture(autouse=True)
    def _sheet(self) -> None:
        pytest.importorskip("openpyxl")
        self.formats = (_workbook(),)


class TestInbox(ChannelContract):
    plugin = "inbox"


class TestForms(FeedbackVendorContract):
    plugin = "survey"


class TestFunnel(MetricContract):
    plugin, name = "outcomes", "funnel"


class TestHours(MetricContract):
    plugin, name = "outcomes", "hours"


class TestIndicators(MetricContract):
    plugin, name = "outcomes", "indicators"


class TestStatements(MetricContract):
    plugin, name = "outcomes", "statements"


class TestAnswers(MetricContract):
    plugin, name = "outcomes", "answers"


class TestResponses(MetricContract):
    plugin, name = "outcomes", "responses"


class Shared(Criterion):
    """What `SetOverlap` means, a pair at a time."""

    name = "shared"
    needs = {"languages": tuple}  # noqa: RUF012

    def score(self, mentee: Any, mentor: Any) -> float | None:
        if not mentee["languages"] or not mentor["languages"]:
            return None
        wanted = set(mentee["languages"])
        return len(wanted & set(mentor["languages"])) / len(wanted)


class Declared(Criterion):
    name = "shared"
    needs = Shared.needs
    declared = SetOverlap(field="languages")


class Wrong(Declared):
    declared = SetOverlap(field="languages", per="union")


def test_two_ways_to_write_one_criterion_are_consistent() -> None:
    assert_consistent(Shared(), Declared(), people=PEOPLE)
    with pytest.raises(AssertionError, match="scores of one and of the other"):
        assert_consistent(Shared(), Wrong(), people=PEOPLE)
