"""What an assigner is asked, and what it answers. A plugin imports these from `mentorkit.hooks`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as made_by
from typing import Any, Protocol

from mentorkit.domain.relationships import Reason
from mentorkit.hooks.forms import MinAvailability, RuleForm

__all__ = ["Assignment", "Candidate", "Group", "Problem"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One feasible pair as a list shows it: the mentor's index, and the pair's integer score."""

    mentor: int
    score: int


class Problem(Protocol):
    """What an assigner is asked: who could go with whom, as indices into `mentees`, `mentors`.

    Ids are in the engine's order (external key, else id), so equal input gives equal output.
    """

    @property
    def mentees(self) -> Sequence[str]: ...
    @property
    def mentors(self) -> Sequence[str]: ...
    @property
    def capacity(self) -> Sequence[int]: ...
    @property
    def objective(self) -> str: ...
    @property
    def seed(self) -> int: ...
    @property
    def locks(self) -> Sequence[tuple[int, int]]: ...
    @property
    def options(self) -> Mapping[str, Any]: ...
    def candidates(self, mentee: int) -> Sequence[Candidate]:
        """Return this mentee's feasible mentors as known so far, best first, ties by mentor."""

    def widen(self, mentee: int, k: int) -> Sequence[Candidate]:
        """Return the same list with at least `k` entries, or all there are."""

    def choices(self, mentee: int) -> Sequence[int]:
        """Return the mentors that this mentee asked for, most wanted first."""

    def mentor_choices(self, mentor: int) -> Sequence[int]:
        """Return the mentees that this mentor asked for, most wanted first."""

    def rules(self) -> Sequence[RuleForm]:
        """Return the strategy's declared rules: what two must have in common, say."""

    def shared(self, field: str, other: str | None = None) -> tuple[Sequence[int], Sequence[int]]:
        """Return what mentees answered to `field`, and mentors (to `other`), as sets of bits.

        The same answer is the same bit, so ``a & b & c`` is what three share; 0 is not answered.
        """

    def weeks(self, form: MinAvailability) -> Sequence[tuple[Sequence[int], Sequence[int], int]]:
        """Return when mentees and mentors are free, as sets of bits, in each week that differs.

        The third of each is how many of its bits all who meet as one must have in common.
        """

    def as_mentor(self, mentee: int) -> int | None:
        """Return where this mentee stands among the mentors, None for who is a mentee alone."""

    def apart(self) -> Iterable[tuple[str, str]]:
        """Return the ids of any two who must never meet, whichever side they are on."""

    def step(self, done: int = 0, total: int = 0) -> None:
        """Tell whoever waits how far this is (0 of 0: not known), now and then in a long search.

        Raises `Cancelled` where they want no more of it: let that through.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Some who meet as one, by index: mentees who are all paired with the first of the mentors.

    Every mentor of it must be allowed with every mentee, and gives each a place. Where the strategy
    has the rule `min_availability`, all of them must be free at once for as long, in each week;
    only locked pairs alone need not.
    """

    mentees: tuple[int, ...]
    mentors: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What an assigner answers: (mentee, mentor) indices, locks included, and how it was done.

    An `exact` answer is proved the best possible for the objective. `prices` (one a mentor, at
    least 0) prove how far from the best the total can be at most; with a `bonus` above 0 (what one
    more pair may cost) they prove it among assignments of as many pairs. `cover` (mentee indices,
    mentor indices) proves how many pairs there can be at most, by König's theorem. `groups` are for
    an assigner that brings several together; nobody is in two. `mentees_left` and `mentors_left`
    say of some who are in no pair, by index, why, and the one change that would help, where the
    assigner knows better; a person is named there by the param `id`.
    """

    pairs: tuple[tuple[int, int], ...]
    method: str
    exact: bool = False
    prices: tuple[int, ...] | None = None
    cover: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    bonus: int = 0
    groups: tuple[Group, ...] = ()
    mentees_left: Mapping[int, tuple[Reason, Reason]] = made_by(default_factory=dict)
    mentors_left: Mapping[int, tuple[Reason, Reason]] = made_by(default_factory=dict)
