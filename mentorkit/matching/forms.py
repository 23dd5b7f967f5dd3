"""What each declared form means, in numpy: one place that says how an answer becomes a value.

Every meaning takes indices of mentees and of mentors that broadcast against each other: a column
and a row for a block of pairs, two equal lists for single pairs. nan is no opinion, which a form
has wherever either side did not answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.hooks.forms import (
    Above,
    Availability,
    Closeness,
    Contains,
    Cosine,
    Differs,
    Equal,
    Form,
    Load,
    MinAvailability,
    MinOverlap,
    Overlap,
    PastPair,
    Prior,
    RuleForm,
    Same,
    SameCohort,
    SetOverlap,
    SharedWords,
    SharesAny,
    Together,
)
from mentorkit.matching.columns import Coded, Codes, Column, Vocabulary, count_bits
from mentorkit.matching.pool import UNANSWERED, Floats, Index, Pool, Words
from mentorkit.matching.texts import ONE, texts_of
from mentorkit.matching.weekly import weeks_of

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]
Value = Callable[[Index, Index], Floats]
Mask = Callable[[Index, Index], Bools]
Reach = Callable[[Index, Index], NDArray[Any]]
Reaching = SharesAny | MinOverlap | MinAvailability | Above
"""The rules that ask how far a pair comes."""


def value_of(form: Form, pool: Pool) -> Value:
    """Return the meaning of a criterion's form over these people: 0..1, nan for no opinion."""
    return _VALUES[type(form)](form, pool)


def mask_of(form: RuleForm, pool: Pool) -> Mask:
    """Return the meaning of a rule's form over these people: True where the pair may exist."""
    return _MASKS[type(form)](form, pool)


def count_common(left: Words, right: Words, mentees: Index, mentors: Index) -> Counts:
    """Return |A & B| for each pair; `left` and `right` hold 64 options a word."""
    total: Counts = np.zeros(np.broadcast_shapes(mentees.shape, mentors.shape), np.int64)
    for word in range(left.shape[1]):
        total += count_bits(left[mentees, word] & right[mentors, word])
    return total


# --------------------------------------------------------------------------- criteria


def _set_overlap(form: SetOverlap, pool: Pool) -> Value:
    sets = pool.sets(form.field, form.other or form.field)

    def value(mentees: Index, mentors: Index) -> Floats:
        common = count_common(sets.mentees, sets.mentors, mentees, mentors)
        wanted, offered = sets.mentee_counts[mentees], sets.mentor_counts[mentors]
        if form.per == "mentee":
            whole = wanted + 0 * offered
        elif form.per == "mentor":
            whole = offered + 0 * wanted
        else:
            whole = wanted + offered - common
        answered = (wanted > 0) & (offered > 0)
        return np.where(answered, common / np.maximum(whole, 1), np.nan)

    return value


def parts_of(form: Equal) -> list[tuple[float, str, int]]:
    """Return what is less than the same: value, other field, and characters, the best first.

    A part is equal where that field is, or so many first characters of the field itself (else 0).
    """
    fields = [(worth, name, 0) for name, worth in form.partial.items()]
    first = [(worth, "", int(many)) for many, worth in form.prefix.items()]
    return sorted(fields + first, key=lambda part: (-part[0], -part[2], part[1]))


def prefix_of(value: Any, many: int) -> str:
    """Return the first letters and digits of a code, in small ones; "" where it has fewer."""
    told = "".join(char for char in value if char.isalnum()) if isinstance(value, str) else ""
    return told[:many].casefold() if len(told) >= many else ""


def part_codes(form: Equal, pool: Pool, name: str, many: int) -> tuple[Codes, Codes]:
    """Return both columns of a part of `parts_of` as codes; -1 where there is nothing."""
    if not many:
        return pool.codes(name, name)
    field, other = form.field, form.other or form.field
    vocabulary: Vocabulary = {}

    def codes(column: Column) -> Codes:
        if not isinstance(column, Coded):
            return np.full(len(column), UNANSWERED, np.int32)
        told = [prefix_of(one, many) for one in column.answers]
        numbers = [vocabulary.setdefault(one, len(vocabulary)) if one else -1 for one in told]
        return column.of_each(numbers, UNANSWERED, np.int32)

    return pool.once(
        (f"first {many}", field, other),
        lambda: (codes(pool.mentees.packed(field)), codes(pool.mentors.packed(other))),
    )


def _equal(form: Equal, pool: Pool) -> Value:
    mentee_codes, mentor_codes = pool.codes(form.field, form.other or form.field)
    # The best partial value is looked at first, so that the first that applies is the one.
    others = [(worth, part_codes(form, pool, name, many)) for worth, name, many in parts_of(form)]

    def value(mentees: Index, mentors: Index) -> Floats:
        mine, theirs = mentee_codes[mentees], mentor_codes[mentors]
        found = (mine == theirs).astype(np.float64)
        for worth, (mentee_other, mentor_other) in reversed(others):
            left, right = mentee_other[mentees], mentor_other[mentors]
            found[(mine != theirs) & (left == right) & (left != UNANSWERED)] = worth
        return np.where((mine != UNANSWERED) & (theirs != UNANSWERED), found, np.nan)

    return value


def _contains(form: Contains, pool: Pool) -> Value:
    sets = pool.sets(form.field, form.other)

    def value(mentees: Index, mentors: Index) -> Floats:
        common = count_common(sets.mentees, sets.mentors, mentees, mentors)
        answered = (sets.mentee_counts[mentees] > 0) & (sets.mentor_counts[mentors] > 0)
        return np.where(answered, (common > 0).astype(np.float64), np.nan)

    return value


def _closeness(form: Closeness, pool: Pool) -> Value:
    mentee_numbers, mentor_numbers = pool.numbers(form.field, form.other or form.field)

    def value(mentees: Index, mentors: Index) -> Floats:
        away = (mentor_numbers[mentors] - mentee_numbers[mentees]) - form.target
        if form.wrap is None:
            away = np.abs(away)
        else:
            away = np.mod(away, form.wrap)
            away = np.minimum(away, form.wrap - away)
        found: Floats = np.maximum(0.0, 1.0 - away / form.span)  # maximum keeps nan
        return found

    return value


def _overlap(form: Overlap, pool: Pool) -> Value:
    sets = pool.sets(form.field, form.other or form.field)

    def value(mentees: Index, mentors: Index) -> Floats:
        common = count_common(sets.mentees, sets.mentors, mentees, mentors)
        answered = (sets.mentee_counts[mentees] > 0) & (sets.mentor_counts[mentors] > 0)
        return np.where(answered, np.minimum(common, form.full) / form.full, np.nan)

    return value


def brought(form: Prior | Load, pool: Pool) -> Floats:
    """Return what each mentor brings to every pair, nan for no opinion."""
    if isinstance(form, Prior):
        return pool.numbers(form.field, form.field)[1]
    held, places = pool.mentors.held, pool.mentors.places
    if form.by == "count":
        return np.asarray(1.0 / (1.0 + held), np.float64)
    free = np.maximum(places - held, 0)
    return np.where(places > 0, free / np.maximum(places, 1), np.nan)


def cut(form: object, pool: Pool) -> str:
    """Return how many of the values that mentors bring are cut, in words; "" for none."""
    if not isinstance(form, Prior):
        return ""
    values = brought(form, pool)
    count = int(((values < 0) | (values > 1)).sum())
    told = f"{count:,} have a `{form.field}` that is not from 0 to 1: less counts as 0, more as 1,"
    return told if count else ""


def _brought(form: Prior | Load, pool: Pool) -> Value:
    mentor_numbers = brought(form, pool)

    def value(mentees: Index, mentors: Index) -> Floats:
        shape = np.broadcast_shapes(mentees.shape, mentors.shape)
        return np.broadcast_to(mentor_numbers[mentors], shape)

    return value


def _cosine(form: Cosine, pool: Pool) -> Value:
    left, right = pool.vectors(form.field, form.other or form.field)

    def value(mentees: Index, mentors: Index) -> Floats:
        # One product at a time, in the same order for a block and for a single pair: a matrix
        # product rounds differently with its shape, and scores have to be the same each time.
        shape = np.broadcast_shapes(mentees.shape, mentors.shape)
        found = np.zeros(shape)
        for axis in range(left.shape[1]):
            found += left[mentees, axis] * right[mentors, axis]
        if not left.shape[1]:
            return np.full(shape, np.nan)
        return np.maximum(0.0, found)

    return value


def _together(form: Together, pool: Pool) -> Value:
    new = _past_pair(PastPair(), pool)

    def value(mentees: Index, mentors: Index) -> Floats:
        found: Floats = (new(mentees, mentors) == form.avoid).astype(np.float64)
        return found

    return value


def _shared_words(form: SharedWords, pool: Pool) -> Value:
    texts = texts_of(form, pool)

    def value(mentees: Index, mentors: Index) -> Floats:
        shape = np.broadcast_shapes(mentees.shape, mentors.shape)
        rows, cols = (np.broadcast_to(one, shape).ravel() for one in (mentees, mentors))
        alike, order = np.zeros(rows.shape, np.int64), np.argsort(rows, kind="stable")
        distinct, begins = np.unique(rows[order], return_index=True)
        for mentee, here in zip(distinct, np.split(order, begins[1:]), strict=False):
            alike[here] = texts.alike(int(mentee))[cols[here]]
        found = np.minimum(alike / (ONE * ONE), form.full) / form.full
        answered = texts.mentee_answered[rows] & texts.mentor_answered[cols]
        return np.where(answered, found, np.nan).reshape(shape)

    return value


def _availability(form: Availability, pool: Pool) -> Value:
    weeks = weeks_of(form, pool)

    def value(mentees: Index, mentors: Index) -> Floats:
        minutes = weeks.minutes * weeks.common(mentees, mentors)
        answered = weeks.mentee_answered[mentees] & weeks.mentor_answered[mentors]
        return np.where(answered, np.minimum(minutes, form.full) / form.full, np.nan)

    return value


# --------------------------------------------------------------------------- rules


def reach_of(form: Reaching, pool: Pool) -> Reach:
    """Return how far a pair comes of what a rule asks: options in common, minutes, or steps up.

    Who has not answered has nothing in common, and nan steps.
    """
    match form:
        case SharesAny() | MinOverlap():
            sets = pool.sets(form.field, form.other or form.field)
            return lambda one, other: count_common(sets.mentees, sets.mentors, one, other)
        case MinAvailability():
            weeks = weeks_of(form, pool)
            return lambda one, other: weeks.minutes * weeks.common(one, other)
        case Above():
            left, right = pool.numbers(form.field, form.other or form.field)
            return lambda one, other: right[other] - left[one]


def _enough(form: Reaching, pool: Pool) -> Mask:
    reach = reach_of(form, pool)
    least = 1 if isinstance(form, SharesAny) else form.least
    most = form.most if isinstance(form, Above) else None

    def mask(mentees: Index, mentors: Index) -> Bools:
        come = reach(mentees, mentors)
        enough: Bools = come >= least  # never true for nan
        return enough if most is None else enough & (come <= most)

    return mask


def _differs(form: Differs, pool: Pool) -> Mask:
    left, right = compared(form, pool)

    def mask(mentees: Index, mentors: Index) -> Bools:
        mine, theirs = left[mentees], right[mentors]
        apart: Bools = (mine != theirs) | (mine == UNANSWERED)
        return apart

    return mask


def compared(form: Same | SameCohort | Differs, pool: Pool) -> tuple[Codes, Codes]:
    """Return what a rule compares of both sides as codes, -1 for nothing."""
    if not isinstance(form, SameCohort):
        return pool.codes(form.field, form.other or form.field)
    vocabulary: Vocabulary = {}
    return pool.once(
        ("cohorts", "", ""),
        lambda: (
            Coded.of(pool.mentees.cohorts).compared(vocabulary),
            Coded.of(pool.mentors.cohorts).compared(vocabulary),
        ),
    )


def _same(form: Same | SameCohort, pool: Pool) -> Mask:
    left, right = compared(form, pool)

    def mask(mentees: Index, mentors: Index) -> Bools:
        mine, theirs = left[mentees], right[mentors]
        same: Bools = (mine == theirs) & (mine != UNANSWERED)
        return same

    return mask


def _past_pair(form: PastPair, pool: Pool) -> Mask:
    width = max(1, len(pool.mentors))
    met = np.array(sorted(i * width + j for i, j in pool.past), np.int64)

    def mask(mentees: Index, mentors: Index) -> Bools:
        if not len(met):
            return np.ones(np.broadcast_shapes(mentees.shape, mentors.shape), np.bool_)
        pairs = mentees.astype(np.int64) * width + mentors
        at = np.minimum(np.searchsorted(met, pairs), len(met) - 1)
        new: Bools = met[at] != pairs
        return new

    return mask


_VALUES: dict[type, Callable[[Any, Pool], Value]] = {
    SetOverlap: _set_overlap,
    Equal: _equal,
    Contains: _contains,
    Closeness: _closeness,
    Overlap: _overlap,
    Prior: _brought,
    Load: _brought,
    Cosine: _cosine,
    Together: _together,
    Availability: _availability,
    SharedWords: _shared_words,
}

_MASKS: dict[type, Callable[[Any, Pool], Mask]] = {
    SharesAny: _enough,
    MinOverlap: _enough,
    MinAvailability: _enough,
    Above: _enough,
    Differs: _differs,
    Same: _same,
    SameCohort: _same,
    PastPair: _past_pair,
}
