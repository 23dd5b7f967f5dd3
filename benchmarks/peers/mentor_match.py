"""mentor-match: rules over one object per pair, then munkres; mentors stand once for each place."""

import json
import sys
import time

from matching.mentee import Mentee
from matching.mentor import Mentor
from matching.process import calculate_matches, generate_match_matrix, prepare_matrix
from matching.rules.rule import Disqualify, Equivalent, Grade, Rule


class Wanted(Rule):
    """Points for the share of the mentee's skills that the mentor has."""

    def evaluate(self, match):
        return len(match.mentee.skills & match.mentor.skills) / len(match.mentee.skills)

    def apply(self, match):
        return int(4000 * self.evaluate(match) + 0.5)


class Trade(Rule):
    def apply(self, match):
        if match.mentee.trade == match.mentor.trade:
            return 2000
        return 1000 if match.mentee.sector == match.mentor.sector else 0


class Stage(Rule):
    def apply(self, match):
        return 1000 if match.mentee.stage in match.mentor.stages else 0


class Free(Rule):
    def apply(self, match):
        return int(1000 * min(len(match.mentee.free & match.mentor.free), 4) / 4 + 0.5)


class Zone(Rule):
    def apply(self, match):
        away = abs(match.mentor.zone - match.mentee.zone)
        return int(500 * max(0.0, 1.0 - away / 5) + 0.5)


class Country(Rule):
    def apply(self, match):
        return 500 if match.mentee.country == match.mentor.country else 0


class Languages(Rule):
    def apply(self, match):
        return int(500 * min(len(match.mentee.languages & match.mentor.languages), 2) / 2 + 0.5)


class Quality(Rule):
    def apply(self, match):
        return int(500 * match.mentor.quality + 0.5)


def seeded():
    blocked = {tuple(pair) for pair in asked["blocked"]}
    return [
        Wanted(), Trade(), Stage(), Free(), Zone(), Country(), Languages(), Quality(),
        Disqualify(lambda m: not m.mentee.languages & m.mentor.languages),
        Disqualify(lambda m: not m.mentee.free & m.mentor.free),
        Disqualify(lambda m: (m.mentee.ref, m.mentor.ref) in blocked),
    ]  # fmt: skip


def own():
    """The rules of its own sample data: other organisations, one to four grades, the profession."""
    import operator

    near = {1: 1333, 2: 2000, 3: 1333, 4: 667}
    return [
        Equivalent("profession", {True: 8000, False: 0}),
        *(Grade(steps, operator.eq, {True: worth, False: 0}) for steps, worth in near.items()),
        Disqualify(lambda m: m.mentee.organisation == m.mentor.organisation),
        Disqualify(lambda m: not 1 <= m.mentor.grade - m.mentee.grade <= 4),
    ]


def peak():
    """The most memory of this process; what `resource` tells begins with its parent's."""
    with open("/proc/self/status") as told:
        return next(int(line.split()[1]) for line in told if line.startswith("VmHWM")) * 1024


def person(kind, answers, number):
    # Two of the same address are the same person to it, and never matched.
    made = kind(**{"grade": 0, "email": f"{kind.__name__}{number}", **answers})
    for name, value in answers.items():
        if name != "grade":
            setattr(made, name, set(value) if isinstance(value, list) else value)
    return made


asked = json.load(sys.stdin)
mentees = [person(Mentee, one, at) for at, one in enumerate(asked["mentees"])]
mentors = [person(Mentor, one, at) for at, one in enumerate(asked["mentors"])]
began = time.perf_counter()
rules = own() if asked["rules"] == "own" else seeded()
matrix = generate_match_matrix(mentors, mentees, rules)
scores = [[match.score for match in row] for row in matrix]
found = calculate_matches(prepare_matrix(matrix))
seconds = time.perf_counter() - began
made = [(row, column) for row, column in found if not matrix[row][column].disallowed]
print(
    json.dumps(
        {
            "seconds": seconds,
            "total": sum(scores[row][column] for row, column in made),
            "pairs": len(made),
            "memory": peak(),
        }
    )
)
