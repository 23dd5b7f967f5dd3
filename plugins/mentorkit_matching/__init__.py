"""The shipped criteria, rules, assigners and strategies, on the public contract alone."""

from __future__ import annotations

from collections.abc import Iterable

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Assigner, Criterion, Feature, Rule, Strategy
from mentorkit_matching.assigners import ASSIGNERS
from mentorkit_matching.criteria import CRITERIA
from mentorkit_matching.features import FEATURES
from mentorkit_matching.groups import GROUPS
from mentorkit_matching.rules import RULES
from mentorkit_matching.strategies import STRATEGIES

manifest = Manifest(
    title="Matching",
    summary="Finds pairs of mentees and mentors, by ready strategies or by one made of its parts.",
    requires_core=">=0.1,<1",
    settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "pool_folder": {
                "type": "string",
                "default": "",
                "title": "Folder of the pools",
                "description": "Where the answers that matching reads are kept for all processes "
                "of a machine, a file for each large program. Empty: nowhere.",
            },
            "pool_from": {
                "type": "integer",
                "minimum": 1,
                "default": 2000,
                "title": "People of a large program",
                "description": "How many people a program has before its pool is kept there.",
            },
        },
    },
)


@hookimpl
def mentorkit_criteria() -> Iterable[Criterion]:
    yield from CRITERIA


@hookimpl
def mentorkit_features() -> Iterable[Feature]:
    yield from FEATURES


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
