"""Which queue does what: four, so that a long match or a slow vendor delays no message."""

from __future__ import annotations

from collections.abc import Collection, Mapping

LANES = ("notify", "match", "sync", "analyse")
"""Messages to people; matching; reactions of plugins and vendors; what takes long to compute."""

_LANE: Mapping[str, str] = {
    "message": "notify",
    "survey": "notify",
    "reply": "notify",
    "next": "match",
    "feature": "analyse",
}


def lane_of(kind: str) -> str:
    """Return the lane of a kind of outbox row; what is not known here is for plugins: `sync`."""
    return _LANE.get(kind, "sync")


def by_lane(kinds: Collection[str]) -> dict[str, set[str]]:
    """Return these kinds by the lane that does them."""
    lanes: dict[str, set[str]] = {}
    for kind in kinds:
        lanes.setdefault(lane_of(kind), set()).add(kind)
    return lanes
