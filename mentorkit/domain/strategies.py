"""How a program matches, as data: rules, weighted criteria, an assigner and an objective."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.errors import Problem

Objective = Literal["coverage", "score"]
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
    total alone. `shortlist` ranked alternatives are kept for each mentee.
    """

    name: str = ""
    title: str = ""
    rules: tuple[Use, ...] = ()
    criteria: tuple[Use, ...] = ()
    assigner: str = "optimal"
    assigner_options: Frozen = field(default_factory=Frozen)
    objective: Objective = "coverage"
    shortlist: int = 10

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
    can tell: `mentorkit.matching.bind` checks that, in the same form.
    """
    problems: list[Problem] = []
    at = f"{place}." if place else ""
    if not isinstance(data, Mapping):
        return Strategy(), [Problem(place, "write a table")]
    known = {
        "name", "title", "assigner", "assigner_options", "objective", "shortlist",
        "rules", "criteria", "columns", "fields",
    }  # fmt: skip
    for extra in sorted(set(data) - known):
        problems.append(
            Problem(f"{at}{extra}", f"unknown; a strategy has {', '.join(sorted(known))}")
        )
    objective = data.get("objective", "coverage")
    if objective not in ("coverage", "score"):
        problems.append(Problem(f"{at}objective", 'write "coverage" or "score"'))
        objective = "coverage"
    shortlist = data.get("shortlist", 10)
    if not _whole(shortlist) or not 1 <= shortlist <= 1000:
        problems.append(Problem(f"{at}shortlist", "write a whole number from 1 to 1000"))
        shortlist = 10
    assigner = data.get("assigner", "optimal")
    if not isinstance(assigner, str):
        problems.append(Problem(f"{at}assigner", 'write a name, such as "optimal"'))
        assigner = "optimal"
    options = data.get("assigner_options", {})
    if not isinstance(options, Mapping):
        problems.append(Problem(f"{at}assigner_options", "write a table of options"))
        options = {}
    strategy = Strategy(
        name=str(data.get("name", "")),
        title=str(data.get("title", "")),
        rules=_uses(data.get("rules", ()), "rule", f"{at}rules", problems),
        criteria=_uses(data.get("criteria", ()), "criterion", f"{at}criteria", problems),
        assigner=assigner,
        assigner_options=Frozen(options),
        objective=objective,
        shortlist=shortlist,
    )
    return strategy, problems


def _uses(data: Any, key: str, place: str, problems: list[Problem]) -> tuple[Use, ...]:
    if not isinstance(data, (list, tuple)):
        problems.append(Problem(place, f"write one [[{place}]] block for each {key}"))
        return ()
    uses = []
    for index, entry in enumerate(data):
        here = f"{place}[{index}]"
        if not isinstance(entry, Mapping) or not isinstance(entry.get(key), str):
            problems.append(Problem(here, f'name the {key}, such as {key} = "equal"'))
            continue
        weight = entry.get("weight", 1)
        if key == "rule" and "weight" in entry:
            problems.append(Problem(f"{here}.weight", "a rule has no weight; leave it out"))
        elif not _whole(weight) or not 1 <= weight <= 1_000_000:
            problems.append(Problem(f"{here}.weight", "write a whole number from 1 to 1000000"))
            weight = 1
        options = {name: value for name, value in entry.items() if name not in {key, "weight"}}
        uses.append(Use(name=entry[key], options=Frozen(options), weight=weight))
    return tuple(uses)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def dump_strategy(strategy: Strategy) -> dict[str, Any]:
    """Return what `parse_strategy` reads back to the same strategy."""
    dumped: dict[str, Any] = {
        "assigner": strategy.assigner,
        "objective": strategy.objective,
        "shortlist": strategy.shortlist,
        "rules": [{"rule": use.name, **thaw(use.options)} for use in strategy.rules],
        "criteria": [
            {"criterion": use.name, "weight": use.weight, **thaw(use.options)}
            for use in strategy.criteria
        ],
    }
    if strategy.assigner_options:
        dumped["assigner_options"] = thaw(strategy.assigner_options)
    for key in ("name", "title"):
        if getattr(strategy, key):
            dumped[key] = getattr(strategy, key)
    return dumped
