"""The three ways to score: a ready form, many people at once, and one pair at a time."""

import numpy as np

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Criterion, SetOverlap

manifest = Manifest(title="Three ways to score", requires_core=">=0.1,<1")


class SameGoals(Criterion):
    """Declared: mentorkit compares the answers itself, compiled where it is worth it."""

    name = "same_goals"
    title = "The mentor knows the mentee's goals"
    declared = SetOverlap(field="goals")


class AlikeInSize(Criterion):
    """By blocks: numpy over all of some mentees and some mentors; nan where one has not said."""

    name = "alike_in_size"
    title = "Businesses of a like size"
    needs = {"staff": float}

    def score_block(self, mentees, mentors):
        one = np.array([np.nan if n is None else n for n in mentees.column("staff")])[:, None]
        other = np.array([np.nan if n is None else n for n in mentors.column("staff")])[None, :]
        return np.clip(1 - np.abs(one - other) / 20, 0, 1)


class SayAlike(Criterion):
    """By pairs: plain Python, the simplest, and the slowest by far."""

    name = "say_alike"
    title = "They use the same words"
    needs = {"about": str}

    def score(self, mentee, mentor):
        if not (mentee["about"] and mentor["about"]):
            return None
        one, other = (set(text["about"].casefold().split()) for text in (mentee, mentor))
        return len(one & other) / len(one | other)

    def explain(self, mentee, mentor, value):
        return "They write in like words" if value > 0.3 else None


@hookimpl
def mentorkit_criteria():
    yield SameGoals()
    yield AlikeInSize()
    yield SayAlike()
