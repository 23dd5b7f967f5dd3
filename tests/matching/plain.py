"""What forms, points and scores mean, in plain Python and one pair at a time: the tests' oracle."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from mentorkit.domain.fields import Field
from mentorkit.domain.strategies import share
from mentorkit.hooks import (
    Above,
    Availability,
    Closeness,
    Contains,
    Cosine,
    Differs,
    Equal,
    Load,
    MinAvailability,
    MinOverlap,
    Overlap,
    PastPair,
    Prior,
    Same,
    SameCohort,
    SetOverlap,
    SharesAny,
    Together,
)
from mentorkit.matching import Someone

Profile = Mapping[str, Any]
Fields = Mapping[str, Field]


def value(
    form: Any, one: Someone, other: Someone, fields: Fields, *, met: bool = False
) -> float | None:
    """Return what a criterion's form says of a mentee and a mentor; None is no opinion."""
    mentee, mentor = one.profile, other.profile
    if isinstance(form, Together):
        return float(met != form.avoid)
    if isinstance(form, Load):
        places = other.places or other.held + other.capacity
        if form.by == "count":
            return 1 / (1 + other.held)
        return max(0, places - other.held) / places if places else None
    if isinstance(form, Prior):
        brought: float | None = mentor.get(form.field)
        return brought
    mine, theirs = _answers(form, mentee, mentor)
    if mine is None or theirs is None:
        return None
    match form:
        case Availability():
            return min(minutes(form, one, other), form.full) / form.full
        case SetOverlap():
            whole = {"mentee": _set(mine), "mentor": _set(theirs)}.get(
                form.per, _set(mine) | _set(theirs)
            )
            return len(_set(mine) & _set(theirs)) / len(whole)
        case Overlap():
            return min(len(_set(mine) & _set(theirs)), form.full) / form.full
        case Equal():
            if _same(mine, theirs):
                return 1.0
            others = [
                worth
                for name, worth in form.partial.items()
                if mentee.get(name) is not None and mentee.get(name) == mentor.get(name)
            ]
            left, right = (re.sub(r"[\W_]", "", str(one)).lower() for one in (mine, theirs))
            if isinstance(mine, str) and isinstance(theirs, str):
                others += [
                    worth
                    for many, worth in form.prefix.items()
                    if left[: int(many)] == right[: int(many)]
                    and min(len(left), len(right)) >= int(many)
                ]
            return max(others, default=0.0)
        case Contains():
            return 1.0 if mine in _set(theirs) else 0.0
        case Closeness():
            away = abs(_number(form, theirs, fields) - _number(form, mine, fields) - form.target)
            if form.wrap is not None:
                away = away % form.wrap
                away = min(away, form.wrap - away)
            return max(0.0, 1 - away / form.span)
        case Cosine():
            size = math.hypot(*mine) * math.hypot(*theirs)
            if not size:
                return None
            return max(0.0, sum(a * b for a, b in zip(mine, theirs, strict=True)) / size)
    raise AssertionError(form)


def allows(form: Any, one: Someone, other: Someone, fields: Fields, *, met: bool) -> bool:
    """Return what a rule's form says of a pair; `met` tells whether they were together before."""
    if isinstance(form, PastPair):
        return not met
    if isinstance(form, SameCohort):
        return one.cohort == other.cohort != ""
    mentee, mentor = one.profile, other.profile
    mine, theirs = _answers(form, mentee, mentor)
    if isinstance(form, Differs):
        return mine is None or theirs is None or not _same(mine, theirs)
    if mine is None or theirs is None:
        return False
    match form:
        case MinAvailability():
            return minutes(form, one, other) >= form.least
        case SharesAny():
            return bool(_set(mine) & _set(theirs))
        case MinOverlap():
            return len(_set(mine) & _set(theirs)) >= form.least
        case Same():
            return _same(mine, theirs)
        case Above():
            steps = _number(form, theirs, fields) - _number(form, mine, fields)
            return steps >= form.least and (form.most is None or steps <= form.most)
    raise AssertionError(form)


def minutes(form: Any, one: Someone, other: Someone) -> int:
    """Return the minutes in which both are free, in that of all weeks which has the fewest."""
    first = date.fromisoformat(form.on) if form.on else date(2030, 1, 7)
    monday = datetime.combine(first - timedelta(days=first.weekday()), time(), UTC)
    sides = (one.profile.get(form.field), one), (other.profile.get(form.other or form.field), other)
    clocks = set()
    for week in range(form.weeks):
        wednesday = monday + timedelta(days=7 * week + 2, hours=12)
        zones = (ZoneInfo(who.zone or form.zone) for _, who in sides)
        clocks.add(tuple(wednesday.astimezone(zone).utcoffset() for zone in zones))
    return min(len(free(sides[0][0], ahead[0]) & free(sides[1][0], ahead[1])) for ahead in clocks)


def free(times: Sequence[str | int], offset: timedelta) -> set[int]:
    """Return the minutes of the week in UTC that these times of a clock so far ahead are."""
    ahead, found = offset // timedelta(minutes=1), set()
    for one in times:
        if isinstance(one, int):
            found |= {*range(60 * one, 60 * one + 60)}
            continue
        day, span = one.split(" ")
        begin, end = (int(t[:2]) * 60 + int(t[3:]) for t in span.split("-"))
        start = 24 * 60 * ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].index(day)
        found |= {(start + minute - ahead) % (7 * 24 * 60) for minute in range(begin, end)}
    return found


def parts(values: Sequence[float | None], weights: Sequence[int]) -> list[int]:
    """Return the parts of a score: the points of 10,000 go to those who have an opinion."""
    points = share(
        10_000, [w if v is not None else 0 for v, w in zip(values, weights, strict=True)]
    )
    return [
        0 if v is None else math.floor(p * min(1.0, max(0.0, v)) + 0.5)
        for v, p in zip(values, points, strict=True)
    ]


def hamilton(whole: int, weights: Sequence[int]) -> list[int]:
    """Return the shares by largest remainder, by the book: earlier ones win ties."""
    exact = [Fraction(whole * weight, sum(weights)) for weight in weights]
    shares = [math.floor(one) for one in exact]
    while sum(shares) < whole:
        at = max(range(len(weights)), key=lambda i: (exact[i] - shares[i], -i))
        shares[at] += 1
    return shares


def _answers(form: Any, mentee: Profile, mentor: Profile) -> tuple[Any, Any]:
    other = form.other or form.field
    return mentee.get(form.field), mentor.get(other)


def _same(mine: Any, theirs: Any) -> bool:
    """Return whether two answers are the same; the order of several options does not matter."""
    return bool(_set(mine) == _set(theirs))


def _set(answer: Any) -> set[Any]:
    return set(answer) if isinstance(answer, tuple) else {answer}


def _number(form: Any, answer: Any, fields: Fields) -> float:
    if isinstance(answer, str):
        return float(list(fields[form.field].choices).index(answer))
    return float(answer)
