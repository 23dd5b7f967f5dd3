"""The contracts of vendors and metrics see what is wrong with one, and leave a sound one alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

from mentorkit import Manifest, hookimpl
from mentorkit.errors import PluginError
from mentorkit.hooks import Answer, Column, Feature, FeedbackVendor, Frozen, Metric, Table
from mentorkit.testing import FeatureContract, FeedbackVendorContract, MetricContract


class Sound(Metric):
    name = "sound"

    def measure(self, ctx: Any, facts: Any) -> Sequence[Any]:
        columns = (Column(name="n", title="n"),)
        return [Table(name="t", title="T", columns=columns, rows=((1,),), how="So it is.")]


class Crooked(Sound):
    def measure(self, ctx: Any, facts: Any) -> Sequence[Any]:
        columns = (Column(name="n", title="n"),)
        return [Table(name="t", title="T", columns=columns, rows=((1, 2),), how="So it is.")]


class Unsaid(Sound):
    def measure(self, ctx: Any, facts: Any) -> Sequence[Any]:
        columns = (Column(name="n", title="n"),)
        return [Table(name="t", title="T", columns=columns, rows=((1,),), how="")]


class Fickle(Sound):
    count = 0

    def measure(self, ctx: Any, facts: Any) -> Sequence[Any]:
        self.count += 1
        columns = (Column(name="n", title="n"),)
        rows = ((self.count,),)
        return [Table(name="t", title="T", columns=columns, rows=rows, how="So it is.")]


class Other(Sound):
    def measure(self, ctx: Any, facts: Any) -> Sequence[Any]:
        columns = (Column(name="n", title="n", kind="colour"),)
        return [Table(name="t", title="T", columns=columns, rows=((1,),), how="So it is.")]


@pytest.mark.parametrize("planted", [Crooked, Unsaid, Fickle, Other])
def test_a_faulty_metric_is_caught(planted: type[Metric]) -> None:
    sound = type("S", (MetricContract,), {"provider": Sound()})()
    sound.test_tables_are_whole_and_the_same_again()
    contract = type("P", (MetricContract,), {"provider": planted()})()
    with pytest.raises((AssertionError, PluginError)):
        contract.test_tables_are_whole_and_the_same_again()


class Polite(FeedbackVendor):
    name = "polite"

    def invite(self, ctx: Any, request: Any) -> Any:
        return f"https://example.org/{request.key}"

    def collect(self, ctx: Any, requests: Sequence[Any]) -> Sequence[Answer]:
        return [Answer(key=one.key, values=Frozen(going="well")) for one in requests]


class Mute(Polite):
    def invite(self, ctx: Any, request: Any) -> Any:
        return None


class Restless(Polite):
    count = 0

    def invite(self, ctx: Any, request: Any) -> Any:
        self.count += 1
        return f"https://example.org/{self.count}"


class Meddling(Polite):
    def collect(self, ctx: Any, requests: Sequence[Any]) -> Sequence[Answer]:
        return [Answer(key="another", values=Frozen())]


class Trusting(Polite):
    def receive(self, ctx: Any, inbound: Any) -> Sequence[Answer]:
        return []


CHECKS: dict[str, Callable[[Any, Any], None]] = {
    "invites": lambda contract, asked: contract.test_invites_somebody(asked),
    "same": lambda contract, asked: contract.test_the_same_request_twice_is_one_invitation(asked),
    "answers": lambda contract, asked: contract.test_brings_back_answers_to_what_was_asked(asked),
    "pushed": lambda contract, asked: contract.test_refuses_what_is_not_the_vendors_own(
        asked, b"hello"
    ),
}


@pytest.mark.parametrize(
    ("planted", "check"),
    [(Mute, "invites"), (Restless, "same"), (Meddling, "answers"), (Trusting, "pushed")],
)
def test_a_faulty_vendor_is_caught(
    mentorkit_create_kit: Any, planted: type[FeedbackVendor], check: str
) -> None:
    assert _walk(mentorkit_create_kit, Polite(), check) is None
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        _walk(mentorkit_create_kit, planted(), check)


def _walk(create: Any, vendor: FeedbackVendor, check: str) -> None:
    module: Any = ModuleType("planted")
    module.manifest = Manifest(title="Planted")

    @hookimpl
    def mentorkit_feedback_vendors() -> Any:
        yield vendor

    module.mentorkit_feedback_vendors = mentorkit_feedback_vendors
    contract: Any = type("P", (FeedbackVendorContract,), {"plugin": ("planted", module)})()
    asked = FeedbackVendorContract.asked.__wrapped__(contract, create)  # type: ignore[attr-defined]
    CHECKS[check](contract, asked)


class Counted(Feature):
    name = "counted"
    needs = MappingProxyType({"about": str})

    def compute(self, ctx: Any, people: Sequence[Any]) -> list[Any]:
        return [None if one["about"] is None else float(len(one["about"])) for one in people]


class Shorter(Counted):
    def compute(self, ctx: Any, people: Sequence[Any]) -> list[Any]:
        return super().compute(ctx, people)[:1]


class Ranked(Counted):
    def compute(self, ctx: Any, people: Sequence[Any]) -> list[Any]:
        return [float(at) for at, _ in enumerate(people)]


class Silent(Counted):
    def compute(self, ctx: Any, people: Sequence[Any]) -> list[Any]:
        return [None for _ in people]


class Brittle(Counted):
    def compute(self, ctx: Any, people: Sequence[Any]) -> list[Any]:
        return [float(len(one["about"])) for one in people]


class Deaf(Counted):
    def reads(self, fields: Any) -> tuple[str, ...]:
        return ()


OF_FEATURES = [name for name in vars(FeatureContract) if name.startswith("test_")]


@pytest.mark.parametrize("planted", [Shorter, Ranked, Silent, Brittle, Deaf])
def test_a_faulty_feature_is_caught(planted: type[Feature]) -> None:
    given: Any = {"people": ({"about": "bread"}, {"about": "iron"})}
    sound = type("S", (FeatureContract,), {"provider": Counted(), **given})()
    faulty = type("P", (FeatureContract,), {"provider": planted(), **given})()
    for check in OF_FEATURES:
        getattr(sound, check)()
    with pytest.raises((AssertionError, PluginError, TypeError, KeyError)):
        for check in OF_FEATURES:
            getattr(faulty, check)()
