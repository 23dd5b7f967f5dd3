"""What the people of the demo answer when they are asked how it goes."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from mentorkit.domain.people import Actor
from mentorkit.domain.surveys import AGREEMENT
from mentorkit.journey import feedback

if TYPE_CHECKING:
    from mentorkit.kit import Kit

WILLING = 0.45
"""How likely somebody who is asked answers within a week."""
CURRENCIES = ("KES", "KES", "KES", "UGX", "TZS")
SALES = {"KES": 60_000.0, "UGX": 1_700_000.0, "TZS": 1_200_000.0}
"""What a small shop sells in a month, roughly, in each currency."""
WORDS = (
    "Thank you, this helps.",
    "It is hard to find a time in the evening.",
    "My phone was broken for two weeks.",
    "We speak about prices now, and I keep a book.",
)


def reply(kit: Kit, *, random: Random, program: str, **by: Any) -> None:
    """Let some of those who are asked answer; a few late, a few by phone to the coordinator."""
    for row in feedback.surveys(kit, **by, program=program):
        if row["state"] == "answered" or random.random() > (
            WILLING if row["state"] == "open" else 0.04
        ):
            continue
        phoned = random.random() < 0.12
        actor = (
            Actor(user_ref="coordinator", means="phone")
            if phoned
            else Actor(person_id=row["person_id"])
        )
        one = feedback.show(kit, **by, survey=row["id"])
        told = _told(Random(row["person_id"]), random, one)
        if told:
            feedback.answer(kit, tenant=by["tenant"], actor=actor, survey=row["id"], answers=told)


def _told(own: Random, luck: Random, one: dict[str, Any]) -> dict[str, Any]:
    """Return what this person answers; what their business is like stays so from time to time."""
    currency, size = own.choice(CURRENCIES), own.lognormvariate(0, 0.7)
    later = one["parts"][0]["questionnaire"] != "baseline"
    grown = luck.gauss(1.18, 0.25) if later else 1.0
    sales = round(SALES[currency] * size * max(0.3, grown), -2)
    told: dict[str, Any] = {}
    for question in one["questions"]:
        id, choices = question["id"], list(question["choices"])
        if id == "indicator.sales":
            told[id] = sales
        elif id == "indicator.profit":
            told[id] = round(sales * own.uniform(0.1, 0.4) * max(0.5, luck.gauss(1, 0.1)), -2)
        elif id == "indicator.employees":
            told[id] = max(1, round(size * 2) + (luck.random() < 0.25 if later else 0))
        elif id == "indicator.currency":
            told[id] = currency
        elif id == "indicator.period":
            told[id] = "month"
        elif id.startswith("statement."):
            told[id] = luck.choices(list(AGREEMENT), (1, 2, 4, 8, 5))[0]
        elif question["kind"] == "options":
            told[id] = luck.sample(choices, luck.choice((0, 1, 1, 2)))
        elif question["kind"] == "text":
            told[id] = luck.choice(WORDS) if luck.random() < 0.25 else None
        elif question["kind"] == "flag":
            told[id] = luck.random() < 0.8
        else:
            told[id] = luck.choices(choices, range(1, len(choices) + 1))[0]
    return {id: value for id, value in told.items() if value not in (None, [])}
