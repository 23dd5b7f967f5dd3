"""The declared forms: what criteria and rules compare, as data. `mentorkit.matching` scans them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as made_by

from mentorkit.domain.frozen import Frozen

__all__ = [
    "Above",
    "Availability",
    "Closeness",
    "Contains",
    "Cosine",
    "Differs",
    "Equal",
    "Form",
    "Load",
    "MinAvailability",
    "MinOverlap",
    "Overlap",
    "PastPair",
    "Prior",
    "RuleForm",
    "Same",
    "SameCohort",
    "SetOverlap",
    "SharedWords",
    "SharesAny",
    "Together",
    "Weekly",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoFields:
    """Compares the mentee's `field` with the mentor's `other` (None: the one of the same name)."""

    field: str
    other: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Weekly(TwoFields):
    """Compares weekly times in minutes, each on the person's own clock; `hours` are of UTC.

    What counts is the week with the fewest minutes in common, of so many `weeks` from the Monday
    before the day `on` (``2027-03-01``) on; "" is the day of the run, and without any a whole year.
    Clocks stand in each week as they do on its Wednesday at 12:00 UTC. Whoever has told no zone is
    in `zone`.
    """

    on: str = ""
    weeks: int = 52
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class SetOverlap(TwoFields):
    """Share of the options wanted that the other offers: |A & B| / |A|.

    `per` names whose options are the whole: ``mentee`` (default), ``mentor``, or ``union``.
    """

    per: str = "mentee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equal(TwoFields):
    """1 where both answered the same; else the best partial value that applies, 0 where none does.

    `partial` gives a value to other fields, where these are equal. `prefix` gives one to codes of
    which the first so many letters and digits are equal, by how many ("3"): 47.11 and 47.19 of
    NACE or ISIC are the same group, 471. Dots, spaces and dashes do not count.
    """

    partial: Mapping[str, float] = made_by(default_factory=Frozen)
    prefix: Mapping[str, float] = made_by(default_factory=Frozen)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contains:
    """1 where the mentor's options (`other`) hold the mentee's one answer (`field`), else 0."""

    field: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Closeness(TwoFields):
    """1 at the target distance (mentor minus mentee, signed), falling evenly to 0 at `span` away.

    `wrap` is the length of a circle (24 for hours of a day): distances go the shorter way round.
    """

    target: float = 0.0
    span: float = 1.0
    wrap: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap(TwoFields):
    """How much of `full` (hours, options) the two have in common: min(|A & B|, full) / full."""

    full: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """A value that the mentor brings to every pair: the number in `field`, from 0 to 1."""

    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosine(TwoFields):
    """Cosine of two vectors (a stored feature), negative counted as 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedWords(TwoFields):
    """How alike two free texts are by their words, the rare ones weighing most (TF-IDF).

    A cosine of `full` or more is 1. How rare a word is, is counted among the people of the run.
    """

    full: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How little a mentor has to carry when the run begins.

    `by` says how it is measured: ``share`` of all their places that are free (default), or
    ``count``, which is 1 / (1 + mentees they have) whatever their places.
    """

    by: str = "share"


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """1 where the two were brought together before, else 0; the other way round to `avoid` it."""

    avoid: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Availability(Weekly):
    """How much of `full` minutes a week both are free: min(minutes, full) / full."""

    full: int = 60


Form = (
    SetOverlap | Equal | Contains | Closeness | Overlap | Prior | Cosine | Load | Together
    | Availability | SharedWords
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SharesAny(TwoFields):
    """The two have at least one option in common. Unanswered: the pair cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs(TwoFields):
    """The two answers differ. Unanswered on either side: nothing speaks against the pair."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Same(TwoFields):
    """The two answers are the same. Unanswered on either side: the pair cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Above(TwoFields):
    """The mentor stands `least` to `most` steps above the mentee. Unanswered: cannot be."""

    least: float = 1
    most: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PastPair:
    """The two have not been brought together before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinOverlap(TwoFields):
    """The two have at least `least` (hours, options) in common. Unanswered: cannot be."""

    least: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SameCohort:
    """The two belong to the same cohort. Who belongs to none: the pair cannot be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MinAvailability(Weekly):
    """Both are free for at least `least` minutes in each week. Unanswered: cannot be."""

    least: int = 60


RuleForm = SharesAny | Differs | Same | Above | PastPair | MinOverlap | SameCohort | MinAvailability
