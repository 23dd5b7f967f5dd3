"""Runs an area's figures, holds them against their goals, and prints a table or JSON."""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
import tomllib
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

GOALS = Path(__file__).with_name("goals.toml")


class Missing(Exception):
    """Raised by a figure that cannot be measured here; the message says what is not there."""


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much to measure: `--quick` ends within a minute, the other takes its time."""

    quick: bool

    @property
    def repeats(self) -> int:
        return 3 if self.quick else 9

    def seconds(self, work: Callable[[], object]) -> float:
        """Return the median time of `work`; a first run warms up and does not count."""
        work()
        taken = []
        for _ in range(self.repeats):
            began = time.perf_counter()
            work()
            taken.append(time.perf_counter() - began)
        return median(taken)

    def ratio(self, ours: Callable[[], object], peers: Callable[[], object]) -> float:
        """Return the median of ours / peer's, measured in turns so that both see the same load."""
        ours(), peers()
        ratios = []
        for _ in range(self.repeats):
            start = time.perf_counter()
            ours()
            between = time.perf_counter()
            peers()
            ratios.append((between - start) / (time.perf_counter() - between))
        return median(ratios)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A figure, and what it was made of: what was measured of ours, and of the peer.

    One that is not `judged` is of too little to be held against its goal.
    """

    value: float
    ours: str = ""
    theirs: str = ""
    judged: bool = True


Measure = Callable[[Effort], float | Measured]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One named figure: how it is measured, and the packages whose versions matter."""

    name: str
    measure: Measure
    packages: tuple[str, ...] = ()
    slow: bool = False


@dataclass
class Area:
    """The figures of one module."""

    name: str
    figures: dict[str, Figure] = field(default_factory=dict)

    def figure(self, *packages: str, slow: bool = False) -> Callable[[Measure], Measure]:
        """Add a function as a figure; `slow` ones are left out of a quick run."""

        def add(measure: Measure) -> Measure:
            name = measure.__name__
            self.figures[name] = Figure(name=name, measure=measure, packages=packages, slow=slow)
            return measure

        return add

    def goals(self) -> dict[str, dict[str, Any]]:
        """Return this area's part of the table of goals."""
        found: dict[str, dict[str, Any]] = tomllib.loads(GOALS.read_text("utf-8"))[self.name]
        return found

    def include(self, other: Area) -> None:
        """Take over the figures of another module, which belong to this area."""
        self.figures.update(other.figures)

    def named(self, name: str) -> set[str]:
        """Return the figures meant by a name, or by the word that several begin with."""
        return {one for one in self.figures if one == name or one.startswith(f"{name}_")}

    def run(self, names: Sequence[str], *, quick: bool) -> list[dict[str, Any]]:
        """Measure these figures (none: all); what could not be measured comes last."""
        goals, effort = self.goals(), Effort(quick=quick)
        rows, left_out = [], []
        wanted = {one for name in names for one in self.named(name)}
        for name, figure in self.figures.items():
            if names and name not in wanted:
                continue
            if quick and figure.slow and name not in names:
                left_out.append({"name": name, "why": "slow; leave out --quick, or name it"})
                continue
            began = time.perf_counter()
            try:
                value = figure.measure(effort)
            except Missing as missing:
                left_out.append({"name": name, "why": str(missing)})
                continue
            except Exception as error:  # what was measured before is worth hours, and is kept
                traceback.print_exc()
                told = f"{type(error).__name__}: {error}"
                left_out.append({"name": name, "why": told, "failed": True})
                continue
            print(f"{name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
            found = value if isinstance(value, Measured) else Measured(value=value)
            rows.append(row(name, found, goals[name], figure.packages))
        rows.append(
            {
                "name": "not_run",
                "value": left_out,
                "goal": None,
                "met": None,
                "peer": None,
                "versions": versions(()),
            }
        )
        return rows


def row(
    name: str, found: Measured, goal: dict[str, Any], packages: tuple[str, ...]
) -> dict[str, Any]:
    """Return one figure as it is printed; one without a goal is only reported."""
    kind = next((one for one in ("at_most", "at_least") if one in goal), None)
    met = None
    if kind is not None and found.judged:
        met = found.value <= goal[kind] if kind == "at_most" else found.value >= goal[kind]
    return {
        "name": name,
        "value": float(f"{found.value:.4g}"),
        "unit": goal["unit"],
        "goal": {kind: goal[kind]} if kind else None,
        "met": met,
        "ours": found.ours,
        "theirs": found.theirs,
        "peer": goal.get("peer"),
        "says": goal["says"],
        "versions": versions(packages),
    }


def peak_memory() -> int:
    """Return the most bytes that this process has had in memory at a time.

    What `resource` tells begins with those of the process that started this one.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        raise Missing("this system does not tell how much memory a process had at most")
    lines = status.read_text("utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Return what was measured with."""
    found = {"python": platform.python_version()}
    for name in ("mentorkit", *packages):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


def main(area: Area, arguments: Sequence[str] | None = None) -> None:
    """Run an area from the command line; exit code 1 if a goal is missed."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{area.name}")
    told = "figures, or a word that several begin with; without one all of these: "
    parser.add_argument("names", nargs="*", metavar="NAME", help=told + ", ".join(area.figures))
    told = "end within a minute; what that is too little for is not judged"
    parser.add_argument("--quick", action="store_true", help=told)
    told = "print a list of objects, of which `benchmarks.parts.table` makes the page of the docs"
    parser.add_argument("--json", action="store_true", help=told)
    given = parser.parse_args(arguments)
    if unknown := sorted(name for name in set(given.names) if not area.named(name)):
        parser.error(f"no figure {', '.join(unknown)}; there are {', '.join(area.figures)}")
    rows = area.run(given.names, quick=given.quick)
    if given.json:
        print(json.dumps(rows, indent=2))
    else:
        tell(rows)
    failed = any("failed" in one for one in rows[-1]["value"])
    sys.exit(1 if failed or any(row["met"] is False for row in rows) else 0)


def tell(rows: Sequence[dict[str, Any]]) -> None:
    """Print the figures as a table."""
    for item in rows[:-1]:
        peer = f" of {item['peer']}" if item["peer"] else ""
        goal = "".join(
            f"{kind.replace('_', ' ')} {limit}" for kind, limit in (item["goal"] or {}).items()
        )
        met = {True: "met", False: "MISSED", None: "not judged" if goal else ""}[item["met"]]
        value = f"{item['value']:g} {item['unit']}{peer}"
        print(f"{item['name']:28} {value:>22}   {goal:16} {met:10} {item['says']}")
        if item["ours"] or item["theirs"]:
            told = "; peer: ".join(filter(None, (item["ours"], item["theirs"])))
            print(f"{'':28} {told}")
    for item in rows[-1]["value"]:
        print(f"{item['name']:28} {'not run':>22}   {item['why']}")
