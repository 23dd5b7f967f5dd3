"""Checks: the milestones that are due in a program, for its staff to look at."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain.people import Actor
from mentorkit.domain.shown import as_row
from mentorkit.journey import flags
from mentorkit.journey.definitions import targets_for
from mentorkit.journey.meet import STAFF_SIDE, asked_of
from mentorkit.journey.steps import persons_of, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit

LATELY = timedelta(days=28)
"""For so long what was missed can be caught up with; after that it is a flag alone."""


def due(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List the milestones of a program that are due or were missed lately, those of staff first.

    Each has the `names` and `members` of who is together, `flags` (why to look closer), by name who
    is `awaited`, and `yours`: whether the staff's own look is. Without flags the pair is healthy,
    and one question will do (`depth` is ``short``), else ``full``.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        running = {one.id: one for one in tx.relationships.find(program_id=found.id)}
        found_open = tx.milestones.find(relationship_id=list(running), state=("due", "missed"))
        open_ = [one for one in found_open if one.closes_at > tx.now - LATELY]
        held = [running[id] for id in dict.fromkeys(one.relationship_id for one in open_)]
        why = flags.reasons(tx, found, [one for one in held if one.state == "active"])
        people = persons_of(tx, (m.participant_id for one in held for m in one.here))
        targets = targets_for(tx, found)
        listed = []
        for one in open_:
            relationship = running[one.relationship_id]
            asked = asked_of(relationship, targets(relationship), one)
            still = [side for side in asked if side not in one.answered]
            reasons = why.get(relationship.id, [])
            listed.append(
                {
                    **as_row(one),
                    **flags.who(relationship, people),
                    "flags": [each for each in reasons if each.get("kind") != one.kind],
                    "depth": "full" if reasons else "short",
                    "awaited": [people[side].name for side in still if side != STAFF_SIDE],
                    "yours": STAFF_SIDE in still,
                }
            )
        return sorted(listed, key=lambda row: (not row["yours"], row["closes_at"], row["id"]))
