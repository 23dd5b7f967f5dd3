"""The plugin `checkins`: words and sends what milestones make due, and what else is waited for.

It reminds of a proposal or a question before its time is over, of a first meeting, and of meeting
again. Switched off in a program, nobody is told any of this there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Nudge
from mentorkit_checkins.checkins import CheckIns
from mentorkit_checkins.plan import DAYS, ROLES, WEEK, WORDS, misfits


def _days(name: str, title: str, description: str) -> Mapping[str, Any]:
    return {
        "type": "integer",
        "title": title,
        "description": f"{description} 0 is never.",
        "minimum": 0,
        "maximum": 365,
        "default": DAYS[name],
    }


def _number(low: int, high: int, usual: int) -> Mapping[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high, "default": usual}


STEP: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["awaited", "template"],
    "properties": {
        "awaited": {"type": "string", "enum": [*WORDS]},
        "role": {"type": "string", "enum": [*ROLES], "default": "anyone"},
        "when": {"type": "string", "enum": ["after", "before"], "default": "after"},
        "days": _number(0, 365, 0),
        "template": {"type": "string", "enum": [one for each in WORDS.values() for one in each]},
        "only": {"type": "string", "default": "", "maxLength": 100},
        "risk": {"type": "string", "enum": ["", "flagged", "healthy"], "default": ""},
        "channel": {"type": "string", "default": "", "maxLength": 100},
        "grace_days": _number(0, 365, 0),
        "times": _number(1, 20, 1),
        "every_days": _number(2, 365, WEEK),
        "together": {"type": "boolean", "default": False},
    },
}
"""What a step of the plan says."""

manifest = Manifest(
    title="Check-ins",
    summary="Asks how it goes when a milestone is due, and reminds people to answer and to meet.",
    program_settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "milestones": {
                "type": "boolean",
                "title": "Ask at milestones",
                "description": "Whether mentees, mentors and staff are asked when one is due.",
                "default": True,
            },
            "answer_days": _days(
                "answer_days",
                "Days before an answer is too late",
                "Whoever has not answered is reminded this many days before it is too late.",
            ),
            "first_meeting_days": _days(
                "first_meeting_days",
                "Days to the first meeting",
                "After so many days without one, both are reminded.",
            ),
            "quiet_days": _days(
                "quiet_days",
                "Days without a meeting",
                "After so many days since the last one, both are asked whether they have met.",
            ),
            "silent_days": _days(
                "silent_days",
                "Days until a silent mentor is asked",
                "After so many days without a meeting, and without any word or answer of the "
                "mentor, they are asked whether they are still there; two weeks later the "
                "coordinators are told. Fewer than 14 count as 14.",
            ),
            "profile_days": _days(
                "profile_days",
                "Days until somebody is reminded of what is still open",
                "Whoever has applied and left open what only they can answer or agree to is "
                "reminded after so many days, and once more a week later.",
            ),
            "hours": {
                "type": "boolean",
                "title": "Prompt after a month with too few hours",
                "description": "Whether those who have met, but for less time than the program "
                "asks of a month, are told so, once, when the grace days of the next are over.",
                "default": True,
            },
            "thanks": {
                "type": "boolean",
                "title": "Thank at milestones",
                "description": "Whether both are thanked when a check, the mid-point, two thirds "
                "or the end is done, with how often and how long they have met.",
                "default": True,
            },
            "plan": {
                "type": "array",
                "title": "A plan of your own",
                "description": "One step a line, such as: awaited = first_meeting; days = 5; "
                "template = first_meeting; times = 2. Then all of the above does not count. Empty: "
                "the shipped plan, by the days above.",
                "items": STEP,
                "maxItems": 50,
                "default": [],
            },
        },
    },
    misfits=misfits,
)


@hookimpl
def mentorkit_nudges() -> Iterable[Nudge]:
    yield CheckIns()
