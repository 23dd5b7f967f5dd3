"""The plugin `outcomes`: the first tables of a program's report, each with its n."""

from __future__ import annotations

from collections.abc import Iterable

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Metric
from mentorkit_outcomes.answered import Answers, Responses, Statements
from mentorkit_outcomes.changed import Indicators
from mentorkit_outcomes.walked import Funnel, Hours

manifest = Manifest(
    title="Outcomes",
    summary="Makes the report: how far people came, hours met, who answered, and what changed.",
)


@hookimpl
def mentorkit_metrics() -> Iterable[Metric]:
    yield Funnel()
    yield Hours()
    yield Indicators()
    yield Statements()
    yield Answers()
    yield Responses()
