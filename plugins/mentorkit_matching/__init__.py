"""The shipped criteria, rules, assigners and strategies, on the public contract alone."""

from __future__ import annotations

from collections.abc import Iterable

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Assigner, Criterion, Rule, Strategy
from mentorkit_matching.assigners import ASSIGNERS
from mentorkit_matching.criteria import CRITERIA
from mentorkit_matching.groups import GROUPS
from mentorkit_matching.rules import RULES
from mentorkit_matching.strategies import STRATEGIES

manifest = Manifest(
    title="Matching",
    summary="Finds pairs of mentees and mentors, by ready strategies or by one made of its parts.",
    requires_core=">=0.1,<1",
)


@hookimpl
def mentorkit_criteria() -> Iterable[Criterion]:
    yield from CRITERIA


@hookimpl
def mentorkit_rules() -> Iterable[Rule]:
    yield from RULES


@hookimpl
def mentorkit_assigners() -> Iterable[Assigner]:
    yield from ASSIGNERS
    yield from GROUPS


@hookimpl
def mentorkit_matching_strategies() -> Iterable[Strategy]:
    yield from STRATEGIES
