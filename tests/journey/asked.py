"""A program that asks: who is in it, what it asks when, and how to bring two together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from mentorkit.domain.people import Actor
from mentorkit.journey import accept, feedback, match, meet, programs
from mentorkit.worker import work

PLUGINS = ("matching", "inbox", "survey", "outcomes")
MEASUREMENT: dict[str, Any] = {
    "currencies": ["KES", "USD"],
    "period": "month",
    "indicators": {"sales": {"label": "Sales", "money": True}, "staff": {"label": "Employees"}},
    "statements": {"survival": "The mentoring was crucial to the survival of my business."},
}
GOING = {"kind": "ordered", "ordered": ["badly", "fair", "well"], "label": "How is it going?"}
QUESTIONNAIRES: dict[str, Any] = {
    "baseline": {
        "title": "Where you start", "to": ["mentee"], "indicators": True,
        "when": [{"event": "ParticipantOnboarded"}],
    },
    "check": {
        "title": "Six to eight weeks in", "to": ["mentee", "mentor", "staff"],
        "when": [{"milestone": "check"}],
        "questions": {
            "going": {**GOING, "roles": ["mentee", "mentor"]},
            "issues": {"kind": "options", "options": ["no_time", "no_contact", "language"]},
            "words": {"kind": "text", "label": "Anything else?"},
        },
    },
    "mid_point": {
        "title": "Half of the way", "when": [{"milestone": "mid_point"}],
        "questions": {
            "going": GOING,
            "trouble": {"kind": "text", "label": "What is in the way?", "only": "flagged"},
        },
    },
    "end": {
        "title": "At the end", "indicators": True, "statements": True,
        "when": [{"milestone": "end"}, {"event": "RelationshipEnded"}],
    },
    "pulse": {
        "title": "After the meeting", "to": ["mentee"], "window": 3,
        "when": [{"event": "MeetingHeld"}],
        "questions": {"useful": {"kind": "flag", "label": "Was it useful?"}},
    },
}  # fmt: skip
TARGETS: dict[str, Any] = {
    "length_days": 182,
    "milestones": [
        {"kind": "check", "day": 42, "window": 14},
        {"kind": "mid_point", "fraction": 0.5},
        {"kind": "end", "fraction": 1.0},
    ],
}


def sections(*keys: str, **more: Any) -> dict[str, Any]:
    """Return a preset's sections with these of the questionnaires, or all."""
    chosen = {key: QUESTIONNAIRES[key] for key in keys or QUESTIONNAIRES}
    return {
        "measurement": MEASUREMENT,
        "questionnaires": {"baseline": QUESTIONNAIRES["baseline"], "end": QUESTIONNAIRES["end"]}
        | chosen,
        "targets": TARGETS,
        **more,
    }


def connect(world: SimpleNamespace, mentee: str, mentor: str) -> str:
    """Bring two together; return the relationship's id."""
    made = match.propose(world.kit, **world.at, mentee=world.ids[mentee], mentor=world.ids[mentor])
    for role in ("mentee", "mentor"):
        told = accept.accept(world.kit, **world.at, proposal=made["id"], on_behalf_of=role)
    return str(told["relationship_id"])


def staffed(world: SimpleNamespace, *names: str) -> dict[str, Actor]:
    """Appoint coordinators of these names; return them as actors."""
    made = {}
    for name in names:
        held = programs.appoint(
            world.kit, **world.at, program="traders", role="coordinator", name=name
        )
        made[name] = Actor(person_id=held["person"])
    return made


def drain(world: SimpleNamespace) -> None:
    """Do all work that is due now."""
    while any(work(world.kit, limit=500).values()):
        pass


def asked(world: SimpleNamespace, key: str | None = None, **equals: Any) -> list[dict[str, Any]]:
    """Return who was asked this questionnaire, or any, oldest first."""
    rows = feedback.surveys(world.kit, **world.at, program="traders")
    return [
        row
        for row in reversed(rows)
        if key is None or key in [part["questionnaire"] for part in row["parts"]]
        if all(row[name] == value for name, value in equals.items())
    ]


def answer(world: SimpleNamespace, row: dict[str, Any], **answers: Any) -> dict[str, Any]:
    """Let whom this survey asks answer it; in a name ``_`` stands for the dot."""
    told = {
        name.replace("_", ".", 1) if name.startswith(("indicator_", "statement_")) else name: value
        for name, value in answers.items()
    }
    return feedback.answer(
        world.kit, tenant=world.tenant, actor=Actor(person_id=row["person_id"]),
        survey=row["id"], answers=told,
    )  # fmt: skip


def log(world: SimpleNamespace, relationship: str, **more: Any) -> str:
    held = meet.log(world.kit, **world.at, relationship=relationship, minutes=60, **more)
    return str(held["id"])
