"""For the tests of hosts and plugins: fixtures (loaded by pytest itself), contracts and a clock.

Names resolve when they are first used: being installed costs other people's suites nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mentorkit.testing.clock import Clock
    from mentorkit.testing.contracts import (
        AssignerContract,
        ChannelContract,
        ContentCheckContract,
        CriterionContract,
        FeatureContract,
        FeedbackVendorContract,
        MetricContract,
        NudgeContract,
        RequirementContract,
        RuleContract,
        SourceContract,
        assert_consistent,
    )
    from mentorkit.testing.network import network_blocked
    from mentorkit.testing.running import RunnerContract, Running

_HOMES = {
    "AssignerContract": "contracts",
    "ChannelContract": "contracts",
    "Clock": "clock",
    "ContentCheckContract": "contracts",
    "CriterionContract": "contracts",
    "NudgeContract": "contracts",
    "FeatureContract": "contracts",
    "FeedbackVendorContract": "contracts",
    "MetricContract": "contracts",
    "RequirementContract": "contracts",
    "RuleContract": "contracts",
    "RunnerContract": "running",
    "Running": "running",
    "SourceContract": "contracts",
    "assert_consistent": "contracts",
    "network_blocked": "network",
}

__all__ = [
    "AssignerContract",
    "ChannelContract",
    "Clock",
    "ContentCheckContract",
    "CriterionContract",
    "FeatureContract",
    "FeedbackVendorContract",
    "MetricContract",
    "NudgeContract",
    "RequirementContract",
    "RuleContract",
    "RunnerContract",
    "Running",
    "SourceContract",
    "assert_consistent",
    "network_blocked",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
