"""An assignment as OR-tools' SimpleMinCostFlow solves it: building its model and solving, apart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from benchmarks.figures import Missing


def build(rows: ArrayLike, mentors: ArrayLike, scores: ArrayLike, capacity: ArrayLike) -> Any:
    """Return the model of pairs that may be: a mentee, a mentor and a score each."""
    try:
        from ortools.graph.python import min_cost_flow
    except ImportError:
        raise Missing("ortools is not installed") from None
    left, right, worth = (np.asarray(one, np.int64) for one in (rows, mentors, scores))
    places = np.asarray(capacity, np.int64)
    mentees = int(left.max(initial=-1)) + 1
    source, sink = mentees + len(places), mentees + len(places) + 1
    each, theirs = np.arange(mentees), np.arange(len(places))
    flow = min_cost_flow.SimpleMinCostFlow()
    add = flow.add_arcs_with_capacity_and_unit_cost
    add(left, right + mentees, left * 0 + 1, -worth)
    add(each * 0 + source, each, each * 0 + 1, each * 0)
    add(theirs + mentees, theirs * 0 + sink, places, theirs * 0)
    flow.add_arc_with_capacity_and_unit_cost(source, sink, mentees, 0)
    flow.set_nodes_supplies([source, sink], [mentees, -mentees])
    return flow


def timed(model: Callable[[], Any]) -> tuple[float, float, int]:
    """Return the seconds of building a model and of solving it, and the total it finds."""
    began = time.perf_counter()
    flow = model()
    between = time.perf_counter()
    flow.solve()
    return between - began, time.perf_counter() - between, -int(flow.optimal_cost())
