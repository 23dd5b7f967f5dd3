"""How a program matches, as data: rules, weighted criteria, an assigner and an objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from mentorkit.domain import reading
from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.domain.reading import Check, Place
from mentorkit.errors import Problem

Objective = Literal["coverage", "score"]
FallThrough = Literal["never", "expired", "always"]
FULL_SCORE = 10_000
"""A score runs from 0 to this; weights become points that sum to exactly this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use of a rule or criterion: which, with what options, and (a criterion) its weight.

    `weight` is a whole number of at least 1; only the ratios between weights matter.
    """

    name: str
    options: Frozen = field(default_factory=Frozen)
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """How a program matches. A plugin may ship one under `name`; a program keeps its own copy.

    Objective ``coverage`` pairs most people, then takes the best total; ``score`` is the best
    total alone. `shortlist` ranked alternatives are kept for each mentee. `fall_through` says when
    a mentee whose offer came to nothing is offered the next best mentor without any staff act:
    ``expired`` when nobody answered or the place went to somebody else, ``always`` also after a no.
    """

    name: str = ""
    title: str = ""
    rules: tuple[Use, ...] = ()
    criteria: tuple[Use, ...] = ()
    assigner: str = "optimal"
    assigner_options: Frozen = field(default_factory=Frozen)
    objective: Objective = "coverage"
    shortlist: int = 10
    fall_through: FallThrough = "expired"

    def points(self) -> tuple[int, ...]:
        """Return each criterion's points, in order: they sum to exactly 10,000."""
        return share(FULL_SCORE, [use.weight for use in self.criteria])


def share(whole: int, weights: list[int] | tuple[int, ...]) -> tuple[int, ...]:
    """Split `whole` by `weights` into integers that sum to it exactly.

    Largest remainder (Hamilton's method); equal remainders go to the earlier entry.
    """
    total = sum(weights)
    if not total:
        return tuple(0 for _ in weights)
    parts = [whole * weight // total for weight in weights]
    rest = sorted(range(len(weights)), key=lambda i: (-(whole * weights[i] % total), i))
    for i in rest[: whole - sum(parts)]:
        parts[i] += 1
    return tuple(parts)


def parse_strategy(data: Any, *, place: str = "") -> tuple[Strategy, list[Problem]]:
    """Read a strategy from TOML or JSON data; return it with everything wrong about its shape.

    Whether the named rules, criteria and assigner exist, and their options fit, only a registry
    can tell: `mentorkit.matching.bind` checks that, in the same form. So that it can tell the
    rest in one go, what is right is returned beside the problems.
    """
    strategy, problems = reading.take(data, read_strategy, place)
    return strategy or Strategy(), problems


def read_strategy(data: Any, at: Place) -> Strategy:
    """Check what `parse_strategy` reads."""
    at.only(data, [*_STRATEGY, *_BESIDE], "a strategy has")
    return Strategy(**at.read(data, _STRATEGY))


def _uses(kind: str, weight: Check) -> Check:
    """Make a check of blocks that each use one rule or criterion: all else in it are options."""

    def use(entry: Any, at: Place) -> Use:
        if not isinstance(entry, Mapping) or not isinstance(entry.get(kind), str):
            raise ValueError(f'name the {kind}, such as {kind} = "equal"')
        options = {name: value for name, value in entry.items() if name not in {kind, "weight"}}
        weights = at.read(entry, {"weight": weight})
        return Use(name=entry[kind], options=Frozen(options), **weights)

    return reading.blocks(use, f"each {kind}")


_no_weight = reading.fits(lambda value: False, "a rule has no weight; leave it out")
_STRATEGY: Mapping[str, Check] = {
    "name": lambda value, at: str(value),
    "title": lambda value, at: str(value),
    "assigner": reading.a(str, 'write a name, such as "optimal"'),
    "assigner_options": reading.fits(
        lambda value: isinstance(value, Mapping), "write a table of options", Frozen
    ),
    "objective": reading.one_of(get_args(Objective), 'write "coverage" or "score"'),
    "shortlist": reading.whole(1, 1000),
    "fall_through": reading.one_of(get_args(FallThrough)),
    "rules": _uses("rule", _no_weight),
    "criteria": _uses("criterion", reading.whole(1, 1_000_000)),
}
_BESIDE = ("columns", "fields")
"""What stands beside a strategy in a file of its own."""


def dump_strategy(strategy: Strategy) -> dict[str, Any]:
    """Return what `parse_strategy` reads back to the same strategy."""
    return {
        **reading.dump(strategy),
        "rules": [{"rule": use.name, **thaw(use.options)} for use in strategy.rules],
        "criteria": [
            {"criterion": use.name, "weight": use.weight, **thaw(use.options)}
            for use in strategy.criteria
        ],
    }
