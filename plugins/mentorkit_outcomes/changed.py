"""What changed: each indicator at the beginning and later, and the change of those who told both.

Amounts are brought to one period, and never to another currency: each stands for itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from statistics import fmean, median
from typing import Any

from mentorkit.domain.surveys import CURRENCY, MONTHS, PERIOD, Survey
from mentorkit.hooks import Column, Context, Facts, Metric, Table
from mentorkit_outcomes.answered import was_asked

FEW = 5
SMALL = f"A dash stands where fewer than {FEW} have told the value."
NONE = (
    "There is no comparison group: others who were not mentored may have changed as much, so none "
    "of this says what the mentoring caused."
)

Told = dict[str, tuple[float, str]]
"""Participant -> the value of an indicator and its currency, "" where it is no money."""


class Indicators(Metric):
    """Compares indicators before and after, with how many were asked, answered and lost."""

    name = "indicators"
    title = "Before and after"

    def measure(self, ctx: Context, facts: Facts) -> Sequence[Table]:
        waves = _waves(facts)
        first = {one.key for one in facts.questionnaires.values() if one.indicators and one.first}
        before = _newest(survey for key in sorted(first) for survey in waves.get(key, ()))
        later = [
            (one, _newest(waves[one.key]))
            for one in facts.questionnaires.values()
            if one.indicators and not one.first and one.key in waves
        ]
        early = _early(facts, before.values())
        told: list[tuple[Any, ...]] = []
        changed: list[tuple[Any, ...]] = []
        by_level: list[tuple[Any, ...]] = []
        for id, indicator in facts.measurement.indicators.items():
            label = indicator.get("label", id)
            first_asked = _asked(facts, id, before)
            start = _values(facts, id, first_asked)
            ends = [
                (wave, those, _values(facts, id, those))
                for wave, asked in later
                if (those := _asked(facts, id, asked))
            ]
            given = {
                code for each in (start, *(end for _, _, end in ends)) for _, code in each.values()
            }
            for currency in sorted(given) or [""]:
                head = (label, currency or None)
                told.append((*head, "Beginning", *_centre(facts, start, first_asked, currency)))
                for wave, asked, end in ends:
                    by_level += [
                        (*head, wave.title, *cells)
                        for cells in _by_level(facts, start, end, asked, currency)
                    ]
                    told.append((*head, wave.title, *_centre(facts, end, asked, currency)))
                    cells = _change(facts, start, end, asked, currency)
                    changed.append((*head, wave.title, *cells))
        period = facts.measurement.period
        head_columns = (
            Column(name="indicator", title="Indicator", kind="text"),
            Column(name="currency", title="Currency", kind="text"),
            Column(name="wave", title="When", kind="text"),
        )
        return [
            Table(
                name=self.name,
                title=self.title,
                columns=(
                    *head_columns,
                    Column(name="asked", title="Asked"),
                    Column(name="answered", title="Answered"),
                    Column(name="rate", title="Response rate", kind="percent"),
                    Column(name="mean", title="Mean", kind="number"),
                    Column(name="median", title="Median", kind="number"),
                ),
                rows=tuple(told),
                how=(
                    f"Amounts are for one {period}, however they were told; no currency is turned "
                    "into another. Answered is in that currency, the response rate in any."
                ),
                notes=(NONE, SMALL, _winsor(facts.measurement.winsor), _before(early, len(before))),
            ),
            Table(
                name="changes",
                title="What changed",
                columns=(
                    *head_columns,
                    Column(name="paired", title="Answered both times"),
                    Column(name="paired_before", title="Their mean before", kind="number"),
                    Column(name="paired_after", title="Their mean after", kind="number"),
                    Column(name="change", title="Change of the mean", kind="percent"),
                    Column(name="median_change", title="Median change", kind="percent"),
                    Column(name="lost", title="Told at the beginning alone"),
                    Column(name="unlike", title="Told in another currency before"),
                ),
                rows=tuple(changed),
                how=(
                    "Change counts only those who told the value both times, in the same currency. "
                    "Who told it at the beginning, was asked again and told nothing is counted "
                    "beside it. Whoever began with nothing, or at a loss, is in the means and not "
                    "in the median change: nothing can be told in percent of that."
                ),
                notes=(NONE, SMALL, _winsor(facts.measurement.winsor)),
            ),
            *([_lost_by_level(head_columns, by_level)] if facts.touch and by_level else []),
        ]


def _lost_by_level(head: Sequence[Column], rows: Sequence[tuple[Any, ...]]) -> Table:
    """Return who was lost on each level of touch: levels that lose unlike many are not alike."""
    return Table(
        name="lost",
        title="Who was lost, by level of touch",
        columns=(
            *head,
            Column(name="level", title="Level of touch", kind="text"),
            Column(name="began", title="Told at the beginning, and asked again"),
            Column(name="paired", title="Answered both times"),
            Column(name="lost", title="Told at the beginning alone"),
            Column(name="rate", title="Lost", kind="percent"),
        ),
        rows=tuple(rows),
        how=(
            "Each is counted on the level that they are on now. Where one level loses many more "
            "than another, those who stayed are no longer like those who left, and the two should "
            "not be compared."
        ),
    )


def _waves(facts: Facts) -> dict[str, list[Survey]]:
    """Return whom each questionnaire asked the indicators, oldest first."""
    waves: dict[str, list[Survey]] = defaultdict(list)
    for survey in facts.surveys:
        for part in survey.parts:
            one = facts.questionnaires.get(part.questionnaire)
            if one is not None and one.indicators and survey.side == "mentee":
                waves[one.key].append(survey)
    return waves


def _newest(surveys: Iterable[Survey]) -> dict[str, Survey]:
    """Return one asking for each participant: the newest answered, else the newest."""
    found: dict[str, Survey] = {}
    for one in sorted(surveys, key=lambda one: (one.answered_at is not None, one.asked_at)):
        if one.participant_id is not None:
            found[one.participant_id] = one
    return found


def _asked(facts: Facts, id: str, asked: Mapping[str, Survey]) -> dict[str, Survey]:
    """Return those who were asked this indicator; it may have come into the plan later."""
    return {who: one for who, one in asked.items() if was_asked(facts, one, f"indicator.{id}")}


def _values(facts: Facts, id: str, asked: Mapping[str, Survey]) -> Told:
    """Return what each participant told of an indicator, for the plan's period."""
    plan, told = facts.measurement, {}
    for participant, survey in asked.items():
        given = facts.values.get(survey.id, {})
        value = given.get(f"indicator.{id}")
        if value is None:
            continue
        if id in plan.money:
            months = MONTHS[given.get(PERIOD) or plan.period]
            told[participant] = (value / months * MONTHS[plan.period], given.get(CURRENCY, ""))
        else:
            told[participant] = (value, "")
    return told


def winsorized(values: Sequence[float], share: float) -> list[float]:
    """Return the values with this share of them at each end pulled in to the next one."""
    ordered = sorted(values)
    cut = int(len(ordered) * share)
    if not cut:
        return list(values)
    low, high = ordered[cut], ordered[-cut - 1]
    return [min(max(value, low), high) for value in values]


def _centre(
    facts: Facts, told: Told, asked: Mapping[str, Survey], currency: str
) -> tuple[Any, ...]:
    """Return how many were asked and told it so, and the rate of telling it in any currency.

    Then mean and median, where enough did.
    """
    values = [value for value, code in told.values() if code == currency]
    rate = 100 * len(told) / len(asked) if asked else None
    if len(values) < FEW:
        return len(asked), len(values), rate, None, None
    mean = fmean(winsorized(values, facts.measurement.winsor))
    return len(asked), len(values), rate, mean, median(values)


def _change(
    facts: Facts, start: Told, end: Told, asked: Mapping[str, Survey], currency: str
) -> tuple[Any, ...]:
    """Return the cells of what changed until one later wave, from who answered both on."""
    pairs = [
        (start[who][0], value)
        for who, (value, code) in end.items()
        if code == currency and who in start and start[who][1] == currency
    ]
    lost = sum(code == currency and who in asked and who not in end
               for who, (_, code) in start.items())  # fmt: skip
    unlike = sum(
        code == currency and who in start and start[who][1] != currency
        for who, (_, code) in end.items()
    )
    told: tuple[Any, ...] = (None, None, None, None)
    if len(pairs) >= FEW:
        share = facts.measurement.winsor
        old = fmean(winsorized([one for one, _ in pairs], share))
        new = fmean(winsorized([one for _, one in pairs], share))
        each = [100 * (b - a) / a for a, b in pairs if a > 0]
        change = 100 * (new - old) / old if old > 0 else None
        told = (old, new, change, median(each) if len(each) >= FEW else None)
    return (len(pairs), *told, lost, unlike)


def _by_level(
    facts: Facts, start: Told, end: Told, asked: Mapping[str, Survey], currency: str
) -> Iterable[tuple[Any, ...]]:
    """Yield the cells of who was lost until one later wave, a row for each level of touch."""
    began = [who for who, (_, code) in start.items() if code == currency and who in asked]
    for level in sorted({facts.touch.get(who, "") for who in began}):
        here = [who for who in began if facts.touch.get(who, "") == level]
        paired = sum(who in end and end[who][1] == currency for who in here)
        lost = sum(who not in end for who in here)
        yield level or "as the program", len(here), paired, lost, 100 * lost / len(here)


def _early(facts: Facts, before: Iterable[Survey]) -> int:
    """Return how many told the beginning before the first meeting that they were at."""
    met: dict[str, datetime] = {}
    of = {one.id: one for one in facts.relationships}
    held = [one for one in facts.meetings if one.state == "held"]
    for one in sorted(held, key=lambda one: one.held_at):
        for participant in one.attendees or of[one.relationship_id].at(one.held_at):
            met.setdefault(participant, one.held_at)
    return sum(
        one.answered_at is not None
        and (one.participant_id not in met or one.answered_at <= met[one.participant_id])
        for one in before
    )


def _before(early: int, asked: int) -> str:
    return (
        f"{early} of {asked} told the beginning before their first meeting; the others had met "
        "already, or have not told it."
    )


def _winsor(share: float) -> str:
    if not share:
        return "No value was pulled in before a mean was made."
    return (
        f"Before a mean was made, {100 * share:g} % of the values at each end were pulled in to "
        "the next one; medians are of the values as told."
    )
