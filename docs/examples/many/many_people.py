"""Answers many mentees out of one pool, and shares a run out to other processes."""

from concurrent.futures import ProcessPoolExecutor

from mentorkit.domain.fields import parse_fields
from mentorkit.domain.strategies import parse_strategy
from mentorkit.hooks.registry import Registry
from mentorkit.matching import Pool, Recommender, Someone, bind, run

FIELDS = {"trade": {"kind": "option", "options": ["baker", "smith", "tailor"]}}
STRATEGY = {"criteria": [{"criterion": "equal", "field": "trade", "weight": 1}]}


def made(mentees, mentors):
    """Return a pool and what it is matched by; people are (key, trade), a mentor's places last."""
    fields, wrong = parse_fields(FIELDS)
    strategy, misread = parse_strategy(STRATEGY)
    assert not wrong + misread
    asking = [Someone(key, key, {"trade": trade}) for key, trade in mentees]
    offering = [Someone(key, key, {"trade": trade}, places) for key, trade, places in mentors]
    return Pool(asking, offering, fields), bind(strategy, Registry.load(["matching"]), fields)


def lists_of(pool, bound, waiting):
    """Return the ten best mentors of each of these mentees, with reasons."""
    asked = Recommender(pool, bound, compiled=True)
    return {mentee: asked.best(mentee, 10) for mentee in waiting}


def match_by_processes(pool, bound):
    """Match everybody; each process scans some of the mentees."""
    with ProcessPoolExecutor() as processes:
        return run(pool, bound, map_shards=processes.map)
