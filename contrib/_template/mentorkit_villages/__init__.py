"""Same village: two people who trade in one village fit better than two who do not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Criterion

manifest = Manifest(
    title="Same village",
    summary="Prefers pairs of people who trade in the same village.",
    requires_core=">=0.1,<1",
)


class SameVillage(Criterion):
    """1 for the same village, 0 for two villages, no opinion where one is not known."""

    name = "same_village"
    title = "Same village"
    needs: Mapping[str, type] = {"village": str}

    def score(self, mentee: Mapping[str, Any], mentor: Mapping[str, Any]) -> float | None:
        """Return 1 or 0, or None (no opinion: the weight is shared out) if one is unanswered."""
        if not (mentee["village"] and mentor["village"]):
            return None
        return 1.0 if mentee["village"] == mentor["village"] else 0.0

    def explain(
        self, mentee: Mapping[str, Any], mentor: Mapping[str, Any], value: float
    ) -> str | None:
        """Name the village that the two share."""
        return f"Both trade in {mentor['village']}" if value else None


@hookimpl
def mentorkit_criteria() -> Iterable[Criterion]:
    """Offer the one criterion."""
    yield SameVillage()
