"""The figures of a run as a coordinator reads them: the trade, and what changes would bring.

Made of a run's `summary`, also of one that was kept. No numpy here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.relationships import Reason
from mentorkit.i18n import translate
from mentorkit.matching.result import WHAT_IF_CELLS
from mentorkit.matching.wording import words

WAYS: Mapping[tuple[str, str], str] = {
    ("optimal", "coverage"): "Most people matched, then the best fit",
    ("optimal", "score"): "The best fit in all, even if fewer are matched",
    ("stable", ""): "Nobody would rather swap",
    ("greedy", ""): "The best pair first, then the next",
    ("choice", ""): "The mentees' own choices",
    ("circles", ""): "Circles of mentees, each around a mentor",
    ("peers", ""): "Pairs of peers, as many as there can be",
    ("rings", ""): "Rings, in which each mentors the next",
}
"""What each way to pick pairs does, by assigner and objective ("" where it is ignored)."""
ANSWERED: Mapping[str, str] = {"rule_same": "answer", "rule_same_cohort": "join"}
"""What a new mentor does who passes a rule, else to offer something more."""
ANOTHER_WAY = "The way of the strategy"


def trade(summary: Mapping[str, Any], locale: str = "en") -> list[dict[str, Any]]:
    """Return the run, then the ways not chosen: each with what it does and its figures.

    `average` is that of the pairs' scores, as points of 100 (None without a pair), and `blocking`
    in how many cases two who are not together would both rather have each other. One row alone
    where nothing was compared.
    """
    goes_by = summary["objective"] if summary.get("assigner") == "optimal" else ""
    own = {**summary, "objective": goes_by}
    ways = [own, *(summary.get("alternatives") or ())]
    return [
        {
            "chosen": not at,
            "way": translate(
                WAYS.get((one.get("assigner", ""), one["objective"]), ANOTHER_WAY), locale
            ),
            "pairs": one["pairs"],
            "total": round(one["total"] / 100),
            "average": round(one["total"] / one["pairs"] / 100, 1) if one["pairs"] else None,
            "blocking": one["blocking_pairs"],
        }
        for at, one in enumerate(ways)
    ]


def changes(
    what_if: Mapping[str, Any] | None, fields: Mapping[str, Field], locale: str = "en"
) -> list[dict[str, Any]]:
    """Return what each change would bring, as `text` and how many `more`, the most first.

    What would bring nobody is not there. `what_if` is that of a run's summary.
    """
    if not what_if:
        return []
    found = [("one_place_more", {"count": what_if["one_more_place"]})]
    for rule in what_if["rules"]:
        found.append(("loosen", {"rule": rule["rule"], "count": rule["more"]}))
        for one in rule.get("easier", ()):
            found.append(("enough", {"rule": one["rule"], "count": one["more"]}))
        for one in rule["additions"]:
            about = {
                "field": one["field"],
                "values": (one["value"],),
                "mentors": one["mentors"],
                "places": one["places"],
                "count": one["more"],
            }
            how = ANSWERED.get(rule["rule"]["code"], "offer")
            found.append((f"{how}_one" if one["mentors"] == 1 else f"{how}_more", about))
    told = [
        {"more": params["count"], "text": _said(code, params, fields, locale)}
        for code, params in found
        if params["count"]
    ]
    return sorted(told, key=lambda one: -int(one["more"]))


def most(what_if: Mapping[str, Any], locale: str = "en") -> str:
    """Return how many people can be matched at most as things are."""
    return _said("most_now", {"count": what_if["most"]}, {}, locale)


def not_looked_at(summary: Mapping[str, Any], locale: str = "en") -> str:
    """Return why it was not looked at what changes would bring, and what to do; "" where it was."""
    if summary.get("what_if") is not None:
        return ""
    if summary.get("peers") or summary.get("groups"):
        return _said("changes_groups", {}, {}, locale)
    if summary.get("by_choice"):
        return _said("changes_choices", {}, {}, locale)
    cells = summary.get("mentees", 0) * summary.get("mentors", 0)
    if cells > WHAT_IF_CELLS:
        return _said("changes_many", {"count": cells, "of": WHAT_IF_CELLS}, {}, locale)
    code = "changes_unasked" if summary.get("exhaustive", True) else "changes_shortlists"
    return _said(code, {}, {}, locale)


def _said(code: str, params: Mapping[str, Any], fields: Mapping[str, Field], locale: str) -> str:
    return words(Reason(code=code, params=Frozen(params)), locale, fields)
