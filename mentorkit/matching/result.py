"""What a run answers. No numpy here: a result is read without loading it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, overload

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.relationships import Reason
from mentorkit.errors import Problem

T = TypeVar("T")
WHAT_IF_CELLS = 1_000_000
"""Up to this many pairs it is looked at what a change would bring."""


class Later(Sequence[T]):
    """So many of something, made when they are first read: most of a big run is never looked at.

    It is pickled as a tuple of them.
    """

    def __init__(self, count: int, make: Callable[[], Iterable[T]]) -> None:
        self._count, self._make = count, make
        self._made: tuple[T, ...] | None = None

    def _all(self) -> tuple[T, ...]:
        if self._made is None:
            self._made = tuple(self._make())
        return self._made

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[T, ...]: ...
    def __getitem__(self, at: Any) -> Any:
        return self._all()[at]

    def __iter__(self) -> Iterator[T]:
        return iter(self._all())

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == tuple(other)

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return tuple, (self._all(),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A mentee and a mentor who fit, why, and how well.

    `parts` are what each criterion gives, in the strategy's order; they sum to `score`. `reasons`
    are told to the mentee about the mentor, `reasons_mentor` the other way round; the points of
    each sum to the score, too. `rank` is where the mentor stands among all whom the mentee may
    have (1 is best; a locked pair that breaks a rule stands where its score would put it).
    """

    mentee_id: str
    mentor_id: str
    score: int
    parts: tuple[int, ...]
    reasons: tuple[Reason, ...]
    reasons_mentor: tuple[Reason, ...]
    rank: int
    locked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Some who meet as one, by id. The first mentor leads: `pairs` holds the mentees with them."""

    mentees: tuple[str, ...]
    mentors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmatched:
    """Someone left alone: what stands in the way most, and the one change that would help."""

    id: str
    reason: Reason
    help: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A locked pair that breaks a rule, which a lock may; `reason` says which.

    `rule` names the rule alone, where `reason` may have a plugin's own words about the two.
    """

    mentee_id: str
    mentor_id: str
    reason: Reason
    rule: Reason


WhyRefused = Literal["not allowed", "full", "outscored", "free"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A mentor whom a mentee asked for and does not have; `rank` 1 was wanted most.

    ``not allowed``: rules or safeguards forbid it. ``full``: the places had gone to `by`, who
    wanted that mentor more, or are locked. ``outscored``: to `by`, who wanted that mentor as much
    and fit as well or better. ``free``: there is a place, as in a draft that was changed by hand.
    """

    rank: int
    mentor_id: str
    why: WhyRefused
    by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What proves the bounds: prices by mentor, a bonus per pair, a cover (mentees, mentors).

    All by id, so that it can be checked against any pool of the same people.
    """

    prices: Frozen = field(default_factory=Frozen)
    bonus: int = 0
    cover_mentees: tuple[str, ...] = ()
    cover_mentors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """The figures of a way to pick pairs that was not chosen, for the same people and locks.

    `objective` is "" where the assigner ignores it. The bounds hold as in `Result`.
    """

    assigner: str
    objective: str
    pairs: int
    total: int
    total_bound: int
    pairs_bound: int
    blocking_pairs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """What new mentors would bring: with `mentors` of them, who also offer `value` under `field`,
    and take `places` mentees each, `more` people could be paired.
    """

    field: str
    value: Any
    mentors: int
    places: int
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Easier:
    """A rule that asks for less than another (as the code and params of a phrase), in its place:
    how many `more` could be paired.
    """

    rule: Frozen
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Loosened:
    """One rule (as the code and params of a phrase): how many `more` could be paired without it.

    `easier` are rules that ask for a smaller number. For each number of the rule there is the
    least change that brings anybody, and the least that brings as many as any change of it.
    `additions` are the options that would bring most, if more mentors offered them.
    """

    rule: Frozen
    more: int
    easier: tuple[Easier, ...] = ()
    additions: tuple[Addition, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """What each change alone would bring, all else as it is.

    `most` is how many people can be paired at most as things are. `one_more_place` is how many more
    could be if every mentor who has a place had one more.
    """

    most: int
    one_more_place: int
    rules: tuple[Loosened, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """Everything about one run. `total` is at most `total_bound`, pairs at most `pairs_bound`.

    With the objective ``coverage`` the bound on the total holds among results with as many pairs,
    with ``score``, and for an assigner that ignores the objective, among all. An `exact` result is
    proved the best there is. `blocking_pairs` counts those who would both strictly rather have
    each other, by their choices and then by the score. `shortlists` gives each mentee's best
    mentors, ranked, whoever got them. `notes` say what was odd: answers that nobody gave, choices
    of no mentor (at ``mentees``, ``mentors``), values that were cut. One that is not `exhaustive`
    looked at shortlists only, because a plugin's Python would have been asked about too many pairs;
    what it is proved to be holds among those.
    `by_choice` says that people's choices made the pairs, not scores; then `refused` tells of each
    mentee which choices came to nothing before the one they have, and why. `alternatives`, the most
    telling first, and `what_if` are there where a run was asked for them, the people are not too
    many, and it is exhaustive; else None. `circles` are those who meet as one. With `peers` a pair
    takes a place of each of the two, and who is in one on either side is not unmatched. With
    `groups` several were brought together at once; what is reckoned pair by pair, bounds and
    blocking pairs, says little then.
    """

    pairs: Sequence[Pair]
    shortlists: Mapping[str, tuple[Pair, ...]]
    unmatched_mentees: Sequence[Unmatched]
    unmatched_mentors: Sequence[Unmatched]
    mentees: int
    mentors: int
    total: int
    total_bound: int
    pairs_bound: int
    blocking_pairs: int
    method: str
    exact: bool
    objective: str
    seconds: float
    overridden: tuple[Override, ...] = ()
    certificate: Certificate = field(default_factory=Certificate)
    notes: tuple[Problem, ...] = ()
    by_choice: bool = False
    refused: Mapping[str, tuple[Refused, ...]] = field(default_factory=Frozen)
    exhaustive: bool = True
    assigner: str = ""
    alternatives: tuple[Alternative, ...] | None = None
    what_if: WhatIf | None = None
    circles: tuple[Circle, ...] = ()
    peers: bool = False
    groups: bool = False
