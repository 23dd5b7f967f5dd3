"""Why a pair fits, told to each of the two. Only pairs that are shown are explained."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from math import isnan
from typing import Any

import numpy as np

from mentorkit.domain.fields import Computed, Field
from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.domain.relationships import Reason
from mentorkit.domain.text import in_locale
from mentorkit.errors import PluginError
from mentorkit.hooks.calls import FAILURES
from mentorkit.hooks.forms import (
    Availability,
    Closeness,
    Contains,
    Cosine,
    Equal,
    Form,
    Load,
    Overlap,
    Prior,
    SetOverlap,
    SharedWords,
    Together,
)
from mentorkit.matching.binding import BoundCriterion, BoundRule
from mentorkit.matching.columns import members
from mentorkit.matching.forms import parts_of, prefix_of
from mentorkit.matching.pool import Pool, answer
from mentorkit.matching.scan import Scan, ask, explains
from mentorkit.matching.texts import texts_of
from mentorkit.matching.weekly import weeks_of
from mentorkit.matching.wording import words

__all__ = ["explain_pair", "own_reason", "storable", "words"]

MUCH, SOME = 0.75, 0.25
"""From which value on something is said to fit well, and partly."""

NAMED = 6
"""So many words that two texts have in common are named."""

Said = tuple[str, dict[str, Any]]
Both = tuple[Said, Said]
"""What is said to the mentee, and what to the mentor."""


def explain_pair(
    scan: Scan, mentee: int, mentor: int, values: Sequence[float], parts: Sequence[int]
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """Return the reasons for the mentee and for the mentor; the points of each sum to the score.

    A criterion without an opinion says nothing. A criterion's own `explain` goes first; what a
    declared form means is said where it has none.
    """
    to_mentee: list[Reason] = []
    to_mentor: list[Reason] = []
    forms_alone = scan.speaks_itself
    for criterion, value, part in zip(scan.bound.criteria, values, parts, strict=True):
        if isnan(value):
            continue
        say = _form_says if forms_alone else _say
        mine, theirs = say(scan.pool, criterion, mentee, mentor, min(1.0, max(0.0, value)))
        reason = Reason(code=mine[0], params=Frozen(mine[1]), points=part)
        to_mentee.append(reason)
        if theirs is not mine:
            params = reason.params if theirs[1] is mine[1] else Frozen(theirs[1])
            reason = Reason(code=theirs[0], params=params, points=part)
        to_mentor.append(reason)
    return tuple(to_mentee), tuple(to_mentor)


def _say(pool: Pool, bound: BoundCriterion, mentee: int, mentor: int, value: float) -> Both:
    criterion = bound.criterion
    if explains(criterion):
        left, right = pool.mentees.answers[mentee], pool.mentors.answers[mentor]
        given = own_reason(bound, lambda: criterion.explain(left, right, value), pool.fields)
        own: Said = (given.code, dict(given.params)) if given else ("unsaid", {})
        return own, own
    return _form_says(pool, bound, mentee, mentor, value)


def _form_says(pool: Pool, bound: BoundCriterion, mentee: int, mentor: int, value: float) -> Both:
    criterion = bound.criterion
    if criterion.declared is not None:
        return _FORMS[type(criterion.declared)](criterion.declared, pool, mentee, mentor, value)
    said = (_level(value, "fits_well", "fits_partly", "fits_not"), {"title": bound.title})
    return said, said


def own_reason(
    bound: BoundCriterion | BoundRule, explain: Callable[[], Any], fields: Mapping[str, Field]
) -> Reason | None:
    """Return what a plugin's own `explain` says, as a reason that can be stored and put into words.

    Raises `PluginError` naming the plugin where it says something else.
    """
    given = ask(bound.label, "explain", explain)
    if given is None:
        return None
    try:
        said = ("text", {"text": given}) if isinstance(given, str) else (given.code, given.params)
        reason = Reason(code=said[0], params=Frozen(said[1]))
        words(reason, fields=fields)
        good = isinstance(given, (str, Reason)) and isinstance(reason.code, str)
        good = good and storable([reason.code, reason.params])
    except FAILURES:
        good = False
    if not good:
        told = f"Reason {given.code!r:.60}" if isinstance(given, Reason) else type(given).__name__
        raise PluginError(
            "plugin.criterion" if isinstance(bound, BoundCriterion) else "plugin.rule",
            f"{bound.label}: explain returned {told}, which cannot be stored or put into words; "
            "return a Reason, a text or None, with params that are plain JSON and fill the code's "
            "sentence, and no NUL character.",
        )
    return reason


def storable(value: Any) -> bool:
    """Return whether this is plain JSON, of characters that every database keeps."""
    try:
        written = json.dumps(thaw(value), allow_nan=False, ensure_ascii=False)
        written.encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return "\\u0000" not in written


def _level(value: float, much: str, some: str, little: str) -> str:
    return much if value >= MUCH else some if value >= SOME else little


def _answers(form: Any, pool: Pool, mentee: int, mentor: int) -> tuple[Any, Any]:
    other = form.other or form.field
    return pool.mentees.answer(form.field, mentee), pool.mentors.answer(other, mentor)


def _common(mine: Any, theirs: Any) -> tuple[Any, ...]:
    """Return what both have, in the order in which `mine` names it."""
    offered = members(theirs)
    named = mine if isinstance(mine, (tuple, list)) else members(mine)
    return tuple(dict.fromkeys(one for one in named if one in offered))


def _say_set_overlap(form: SetOverlap, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    mine, theirs = _answers(form, pool, mentee, mentor)
    shared = _common(mine, theirs)
    params: dict[str, Any] = {"field": form.field, "shared": shared, "count": len(shared)}
    if not shared:
        none: dict[str, Any] = {"field": form.field}
        codes = ("shares_none", "shares_none")
        if form.per == "mentee":
            codes = ("covers_none", "covers_none_theirs")
        elif form.per == "mentor":
            codes = ("covers_none_theirs", "covers_none")
        return (codes[0], none), (codes[1], none)
    if form.per == "mentee":
        params["of"] = len(members(mine))
        return ("covers_yours", params), ("covers_theirs", params)
    if form.per == "mentor":
        params["of"] = len(members(theirs))
        return ("covers_theirs", params), ("covers_yours", params)
    return ("shares", params), ("shares", params)


def _say_equal(form: Equal, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    mine, theirs = _answers(form, pool, mentee, mentor)
    if _alike(mine, theirs):
        said = ("same", {"field": form.field, "value": mine})
        return said, said
    for _, part, many in parts_of(form):
        if many:
            first = prefix_of(mine, many)
            if first and first == prefix_of(theirs, many):
                said = ("same_prefix", {"field": form.field, "value": _start(mine, many)})
                return said, said
            continue
        left, right = pool.mentees.answer(part, mentee), pool.mentors.answer(part, mentor)
        if answer(left) is not None and _alike(left, right):
            said = (
                "same_part", {"field": form.field, "part": part, "about": part, "value": left}
            )  # fmt: skip
            return said, said
    return (
        ("different", {"field": form.field, "yours": mine, "theirs": theirs}),
        ("different", {"field": form.field, "yours": theirs, "theirs": mine}),
    )


def _start(code: str, many: int) -> str:
    """Return a code up to its `many`-th letter or digit, as it was written."""
    ends = [at + 1 for at, char in enumerate(code) if char.isalnum()]
    return code[: ends[many - 1]]


def _alike(mine: Any, theirs: Any) -> bool:
    if isinstance(mine, (tuple, list)) and isinstance(theirs, (tuple, list)):
        return set(mine) == set(theirs)
    return bool(mine == theirs)


def _say_contains(form: Contains, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    mine, _ = _answers(form, pool, mentee, mentor)
    params = {"field": form.field, "value": mine}
    if value > 0:
        return ("offers", params), ("asks_yours", params)
    return ("offers_not", params), ("asks_other", params)


def _say_closeness(form: Closeness, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    mine, theirs = _answers(form, pool, mentee, mentor)
    left, right = pool.numbers(form.field, form.other or form.field)
    steps = float(right[mentor] - left[mentee])
    count: float = abs(steps)
    if form.wrap is not None:
        count = min(count % form.wrap, form.wrap - count % form.wrap)
    shown: float | int = int(count) if count == int(count) else round(count, 2)
    up = {"field": form.field, "count": shown, "theirs": theirs}
    down = {"field": form.field, "count": shown, "theirs": mine}
    if steps * form.target < 0:  # near enough to count, and yet the wrong way round
        up, down = up | {"other_way": True}, down | {"other_way": True}
    if form.wrap is not None:
        return ("apart", up), ("apart", down)
    if not steps:
        return ("level", up), ("level", down)
    ordered = pool.field(form.field).kind == "ordered"
    above, below = ("steps_above", "steps_below") if ordered else ("number_above", "number_below")
    if steps > 0:
        return (above, up), (below, down)
    return (below, up), (above, down)


def _say_overlap(form: Overlap, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    shared = _common(*_answers(form, pool, mentee, mentor))
    if not shared:
        said: Said = ("shares_none", {"field": form.field})
    elif pool.field(form.field).kind == "hours":
        said = ("hours_shared", {"field": form.field, "count": len(shared)})
    else:
        said = ("shares", {"field": form.field, "shared": shared, "count": len(shared)})
    return said, said


def _say_prior(form: Prior, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    code = _level(value, "prior_high", "prior_some", "prior_low")
    return (code, _named(form.field, pool)), ("your_prior", _named(form.field, pool))


def _say_words(form: SharedWords, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    """Name the words in common, but only those of answers that are shown to a match anyway."""
    said: Said = ("words_none", {"field": form.field})
    if shared := texts_of(form, pool).common(mentee, mentor)[:NAMED]:
        said = ("words_some", {"field": form.field})
        if all(pool.field(name).shown for name in (form.field, form.other or form.field)):
            said = ("words_shared", {"field": form.field, "shared": tuple(shared)})
    return said, said


def _say_availability(
    form: Availability, pool: Pool, mentee: int, mentor: int, value: float
) -> Both:
    weeks = weeks_of(form, pool)
    minutes = weeks.minutes * int(weeks.common(np.array([mentee]), np.array([mentor]))[0])
    said: Said = ("minutes_shared", {"field": form.field, "minutes": minutes})
    if not minutes:
        said = ("minutes_none", {"field": form.field})
    return said, said


def _say_load(form: Load, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    someone = pool.mentors.people[mentor]
    of = someone.places or someone.held + someone.capacity
    params = {"count": max(0, of - someone.held), "of": of}
    return ("places_free", params), ("your_places", params)


def _say_together(form: Together, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    met = (mentee, mentor) in pool.past
    said: Said = ("met_before" if met else "met_never", {})
    return said, said


def _say_cosine(form: Cosine, pool: Pool, mentee: int, mentor: int, value: float) -> Both:
    said = (_level(value, "alike_much", "alike_some", "alike_not"), _named(form.field, pool))
    return said, said


def _named(name: str, pool: Pool) -> dict[str, str]:
    """Return what is told of a field: its id, but of a feature the title, as it has no label."""
    field = pool.fields.get(name)
    return {"field": in_locale(field.label) if isinstance(field, Computed) else name}


_FORMS: dict[type[Form], Callable[[Any, Pool, int, int, float], Both]] = {
    SetOverlap: _say_set_overlap,
    Equal: _say_equal,
    Contains: _say_contains,
    Closeness: _say_closeness,
    Overlap: _say_overlap,
    Prior: _say_prior,
    Load: _say_load,
    Cosine: _say_cosine,
    Together: _say_together,
    Availability: _say_availability,
    SharedWords: _say_words,
}
