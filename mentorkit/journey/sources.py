"""Sources: where people came from, how far they came, and what a connected pair has cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import thaw
from mentorkit.domain.people import Actor
from mentorkit.domain.reading import number, pointed
from mentorkit.errors import Invalid, Problem
from mentorkit.journey.steps import NEW, atomic, changing, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

COUNTS = ("leads", "approved", "active", "connected", "completed")
COMPLETED = ("completed", "goal_reached")
"""The reasons for which a relationship counts as completed when it ends."""
COSTS = "costs"
"""The definition that keeps what was spent, by source and campaign."""
MOST = Decimal(10) ** 12


def sources(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """Return a row for each source and campaign: how many of its people came how far.

    Each count is of people who ever came so far, whatever became of them later. `pairs` are the
    relationships that one of them is or was in; `cost` is what was spent, `per_pair` that by pair
    (text, two decimals; None where nothing was entered or nobody is connected). Whose source is
    not known stand in a row of their own, with an empty `source`.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        people = tx.participants.find(program_id=found.id)
        past: dict[str, set[str]] = defaultdict(set)
        for event in tx.journal.events(found.id, limit=None):
            if isinstance(event, events.ParticipantApproved):
                past["approved"].add(event.subject_id)
            elif isinstance(event, events.ParticipantOnboarded):
                past["active"].add(event.subject_id)
        pairs: dict[str, set[str]] = defaultdict(set)
        for held in tx.relationships.find(program_id=found.id):
            done = held.state == "ended" and held.reason in COMPLETED
            for member in held.members:
                past["connected"].add(member.participant_id)
                pairs[member.participant_id].add(held.id)
                if done:
                    past["completed"].add(member.participant_id)
        costs = tx.definitions.current(found.id, COSTS)
        spent = [thaw(one) for one in costs.body["costs"]] if costs else []
    rows: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    together: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in people:
        key = one.source, one.campaign
        rows[key]["leads"] += 1
        rows[key].update(name for name in COUNTS if one.id in past[name])
        together[key] |= pairs[one.id]
    paid = {(one["source"], one["campaign"]): one for one in spent}
    for key in paid:
        rows[key]["leads"] += 0
    return [_row(key, rows[key], len(together[key]), paid.get(key)) for key in sorted(rows)]


def _row(
    key: tuple[str, str], counts: Mapping[str, int], pairs: int, paid: Mapping[str, str] | None
) -> dict[str, Any]:
    cost = Decimal(paid["amount"]) if paid else None
    return {
        "source": key[0],
        "campaign": key[1],
        **{name: counts[name] for name in COUNTS},
        "pairs": pairs,
        "cost": f"{cost:.2f}" if cost is not None else None,
        "currency": paid["currency"] if paid else None,
        "per_pair": f"{cost / pairs:.2f}" if cost is not None and pairs else None,
    }


@atomic
def spend(
    kit: Kit, *, tenant: str, actor: Actor, program: str, source: str, campaign: str = "", amount:
    str, currency: str, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Set what was spent on a source (and campaign) in all; it takes the place of what was set.

    `amount` is text such as ``1200.50``; `currency` three letters (ISO 4217).
    """
    found, step = changing(tx, actor, program)
    kept = tx.definitions.current(found.id, COSTS)
    made = {"source": source, "campaign": campaign, **_money(amount, currency)}
    others = [
        thaw(one)
        for one in (kept.body["costs"] if kept else ())
        if (one["source"], one["campaign"]) != (source, campaign)
    ]
    number = tx.definitions.put(found.id, COSTS, {"costs": [*others, made]}).number
    step.record(events.DefinitionChanged, found.id, kind=COSTS, key="", number=number)
    return made


def _money(amount: str, currency: str) -> dict[str, str]:
    problems, value = [], Decimal(0)
    try:
        number(amount)
        value = Decimal(pointed(amount))
    except ValueError as error:
        problems.append(Problem("amount", str(error)))
    if not problems and not (value.is_finite() and 0 <= value < MOST):
        problems.append(Problem("amount", "write a number from 0 up, below 1000000000000"))
    code = currency.strip().upper()
    if not (len(code) == 3 and code.isascii() and code.isalpha()):
        problems.append(Problem("currency", "write its three letters, such as KES"))
    if problems:
        raise Invalid("cost.invalid", "The cost cannot be kept:", problems)
    return {"amount": str(value), "currency": code}
