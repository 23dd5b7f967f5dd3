"""The benchmarks start, print what they promise, and have a goal each. No figure is judged here."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT

from benchmarks.figures import Missing
from benchmarks.parts import engines

AREAS = {"matching": "block_against_pluggy", "store": "page", "delivery": "drain_sqlite"}
KEYS = {"name", "value", "goal", "met", "peer", "versions"}


def run(area: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", f"benchmarks.{area}", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def goals() -> dict[str, dict[str, Any]]:
    return tomllib.loads((ROOT / "benchmarks" / "goals.toml").read_text(encoding="utf-8"))


def test_every_area_has_its_goals() -> None:
    modules = {path.stem for path in Path(ROOT / "benchmarks").glob("*.py")}
    assert set(goals()) == modules - {"__init__", "figures"} == set(AREAS)


@pytest.mark.parametrize(("area", "name"), AREAS.items())
def test_a_figure_is_printed_with_its_goal_and_what_was_left_out(area: str, name: str) -> None:
    done = run(area, name, "--quick", "--json")
    assert done.returncode in {0, 1}, done.stderr
    figure, last = json.loads(done.stdout)
    assert set(figure) >= KEYS
    assert set(last) >= KEYS
    assert figure["name"] == name
    assert figure["value"] > 0
    assert isinstance(figure["met"], bool)
    assert figure["versions"]["mentorkit"] != "not installed"
    assert (last["name"], last["value"]) == ("not_run", [])


@pytest.mark.parametrize(
    ("missing", "told"),
    [("celery", "pip install 'celery"), ("mentorkit_celery", "./contrib/celery"), ("", "no Redis")],
)
def test_what_celery_needs_is_told(
    missing: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "contrib" / "celery"))
    if missing:
        monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.setattr(engines, "REDIS", "redis://127.0.0.1:1/0")
    with pytest.raises(Missing, match=told):
        engines.Broker()


@pytest.mark.parametrize("area", AREAS)
def test_every_figure_has_a_goal_and_every_goal_a_figure(area: str) -> None:
    done = run(area, "--help")
    assert done.returncode == 0, done.stderr
    shown = set(done.stdout.replace(",", " ").split())
    table = goals()[area]
    assert set(table) <= shown
    for goal in table.values():  # or it says that it is only reported
        assert sum(kind in goal for kind in ("at_most", "at_least", "reported")) == 1
    unknown = run(area, "no_such_figure")
    assert unknown.returncode == 2
    listed = unknown.stderr.rpartition("there are ")[2].strip().split(", ")
    assert listed == list(table) or set(listed) == set(table)
