"""Answers many mentees out of one pool, and shares a run out to other processes."""

from concurrent.futures import ProcessPoolExecutor

from mentorkit.matching import Recommender, run


def lists_of(pool, bound, waiting):
    """Return the ten best mentors of each of these mentees, with reasons."""
    asked = Recommender(pool, bound, compiled=True)
    return {mentee: asked.best(mentee, 10) for mentee in waiting}


def match_by_processes(pool, bound):
    """Match everybody; each process scans some of the mentees."""
    with ProcessPoolExecutor() as processes:
        return run(pool, bound, map_shards=processes.map)
