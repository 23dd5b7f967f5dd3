"""The plugin `checkins`: words and sends what milestones make due, and what else is waited for.

It reminds of a proposal or a question before its time is over, of a first meeting, and of meeting
again. Switched off in a program, nobody is told any of this there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Nudge
from mentorkit_checkins.checkins import DAYS, CheckIns


def _days(name: str, title: str, description: str) -> Mapping[str, Any]:
    return {
        "type": "integer",
        "title": title,
        "description": f"{description} 0 is never.",
        "minimum": 0,
        "maximum": 365,
        "default": DAYS[name],
    }


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
        },
    },
)


@hookimpl
def mentorkit_nudges() -> Iterable[Nudge]:
    yield CheckIns()
