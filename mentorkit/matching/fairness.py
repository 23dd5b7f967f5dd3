"""Whom a run serves: how many of each group were paired, and how well. No numpy here.

A group is everybody who gave the same answer to a profile field. Small groups are put together, so
that nobody is singled out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.shown import shown
from mentorkit.errors import Invalid, Problem
from mentorkit.matching.figures import changes

if TYPE_CHECKING:
    from mentorkit.matching.pool import Pool
    from mentorkit.matching.result import Result

LEAST = 5
"""How many people a group needs to have figures of its own."""
GROUPED = ("option", "options", "ordered", "flag")
"""The kinds of field by which people can be grouped."""

Of = Literal["answer", "few", "unanswered", "everybody"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of a run. `value` is the answer where `of` is "answer".

    `match_rate` is a share from 0 to 1, `mean_score` that of the mentees who were matched, of
    10,000. None stands for a figure that too few people are behind, and for one of nobody.
    """

    of: Of
    value: Any = None
    mentees: int | None
    matched: int | None
    match_rate: float | None
    mean_score: int | None
    mentors: int | None
    mentors_matched: int | None


@dataclass(frozen=True, slots=True)
class Served:
    """Somebody of a run: the answer, and the score of the pair made (None: left alone)."""

    answer: Any
    score: int | None


def groupable(fields: Mapping[str, Field]) -> list[str]:
    """Return the fields by which people can be grouped, in their order."""
    return [name for name, field in fields.items() if field.kind in GROUPED]


def groups(
    field: Field, mentees: Sequence[Served], mentors: Sequence[Served], *, least: int = LEAST
) -> list[Group]:
    """Return everybody first, and then the groups by this field, each with its figures.

    Somebody with several answers stands in several groups; whoever did not answer stands in one of
    its own. Groups follow the order of an ordered field, else the larger comes first. Where fewer
    than `least` mentees gave an answer (or, where no mentee did, fewer mentors) the group is put
    together with the others of that kind, and while these are too few, with the smallest of the
    rest: what is not told must not be what others leave of everybody.
    """
    sides = [[_answers(one.answer) for one in side] for side in (mentees, mentors)]
    values = dict.fromkeys(value for side in sides for answers in side for value in answers)
    held = {value: [_with(value, side) for side in sides] for value in values}
    small = {value for value, (left, right) in held.items() if len(left or right) < least}
    while small and len(small) < len(held) and 0 < len(_together(small, held)[0]) < least:
        rest = (value for value in held if value not in small)
        small.add(min(rest, key=lambda value: [*map(len, held[value])]))
    order = {choice: at for at, choice in enumerate(field.choices)}

    def place(value: Any) -> tuple[int, int, str]:
        size = 0 if field.kind == "ordered" else -len(held[value][0])
        return size, order.get(value, len(order)), str(value)

    whole = sorted((one for one in values if one is not None and one not in small), key=place)
    parts: list[tuple[Of, Any, list[list[int]]]] = [("answer", one, held[one]) for one in whole]
    if None in held and None not in small:
        parts.append(("unanswered", None, held[None]))
    if small:
        parts.append(("few", None, _together(small, held)))
    told = zip(*(_told([len(of[side]) for *_, of in parts], least) for side in (0, 1)), strict=True)
    everybody = [not 0 < len(side) < least for side in (mentees, mentors)]
    found = [_figures("everybody", None, (mentees, mentors), everybody, least)]
    for (of, value, (left, right)), said in zip(parts, told, strict=True):
        here = [mentees[at] for at in left], [mentors[at] for at in right]
        found.append(_figures(of, value, here, said, least))
    return found


def _told(sizes: Sequence[int], least: int) -> list[bool]:
    """Return of which groups figures are told: who are not too few, nor what leaves too few."""
    hidden = {at for at, size in enumerate(sizes) if 0 < size < least}
    rest = sorted((at for at, size in enumerate(sizes) if size >= least), key=sizes.__getitem__)
    while hidden and rest and sum(sizes[at] for at in hidden) < least:
        hidden.add(rest.pop(0))
    return [at not in hidden for at in range(len(sizes))]


def _together(values: Iterable[Any], held: Mapping[Any, list[list[int]]]) -> list[list[int]]:
    """Return who of either side gave one of these answers."""
    return [sorted({at for one in values for at in held[one][side]}) for side in (0, 1)]


def _answers(value: Any) -> tuple[Any, ...]:
    """Return somebody's answers, each once; None is to have answered nothing."""
    if value is None or value == "" or (isinstance(value, (tuple, list)) and not value):
        return (None,)
    return tuple(dict.fromkeys(value)) if isinstance(value, (tuple, list)) else (value,)


def _with(value: Any, people: Sequence[tuple[Any, ...]]) -> list[int]:
    return [at for at, answers in enumerate(people) if value in answers]


def _figures(
    of: Of, value: Any, sides: Sequence[Sequence[Served]], told: Sequence[bool], least: int
) -> Group:
    """Return the figures of a group; `told` says of which side they may be."""
    mentees, mentors = sides
    scores = [one.score for one in mentees if one.score is not None]
    matched = sum(one.score is not None for one in mentors)
    mean = (2 * sum(scores) + len(scores)) // (2 * len(scores)) if scores else None
    return Group(
        of=of,
        value=value,
        mentees=len(mentees) if told[0] else None,
        matched=len(scores) if told[0] else None,
        match_rate=round(len(scores) / len(mentees), 4) if told[0] and mentees else None,
        mean_score=mean if told[0] and len(scores) >= least else None,
        mentors=len(mentors) if told[1] else None,
        mentors_matched=matched if told[1] else None,
    )


def report_of_run(result: Result, pool: Pool, by: str, *, least: int = LEAST) -> dict[str, Any]:
    """Return the groups of a run by a profile field, and what changes would bring, as plain data.

    Raises `Invalid` where people cannot be grouped by that field.
    """
    scores = {pair.mentee_id: pair.score for pair in result.pairs}
    best: dict[str, int] = {}
    for pair in result.pairs:
        best[pair.mentor_id] = max(pair.score, best.get(pair.mentor_id, 0))
    field = _grouped(pool.fields, by)
    sides = [
        [Served(one.profile.get(by), found.get(one.id)) for one in side]
        for side, found in ((pool.mentees, scores), (pool.mentors, best))
    ]
    brought = changes(shown(result.what_if), pool.fields)
    return _report(field, sides[0], sides[1], brought, least)


def report_of_draft(draft: Mapping[str, Any], by: str, *, least: int = LEAST) -> dict[str, Any]:
    """Return the same of a kept draft, as `journey.drafts.show` gives it: its pairs as they stand.

    Raises `Invalid` where people cannot be grouped by that field.
    """
    fields = {
        name: Field(id=name, kind=one["kind"], choices=Frozen(one["choices"]))
        for name, one in draft["fields"].items()
    }
    field = _grouped(fields, by)
    sides = []
    for side, role in (("mentees", "mentee_id"), ("mentors", "mentor_id")):
        scores: dict[str, int | None] = {one["id"]: None for one in draft["left"].get(side, ())}
        for pair in draft["pairs"]:
            scores[pair[role]] = max(pair["score"], scores.get(pair[role]) or 0)
        profiles = draft["profiles"]
        sides.append([Served(profiles.get(id, {}).get(by), score) for id, score in scores.items()])
    return _report(field, sides[0], sides[1], draft["changes"], least)


def _grouped(fields: Mapping[str, Field], by: str) -> Field:
    if by in groupable(fields):
        return fields[by]
    there = ", ".join(groupable(fields)) or "none that people choose an answer to"
    told = Problem("by", f"people cannot be grouped by {by!r}; name one of: {there}")
    raise Invalid("fairness.field", "The fairness report cannot be made:", [told])


def _report(
    field: Field, mentees: Sequence[Served], mentors: Sequence[Served], brought: Any, least: int
) -> dict[str, Any]:
    found = groups(field, mentees, mentors, least=least)
    return {"by": field.id, "least": least, "groups": shown(found), "changes": brought}
