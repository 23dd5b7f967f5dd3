"""What is awaited from people, and the prompts that nudges make of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

KINDS = (
    "answer", "reply", "first_meeting", "meeting", "silent", "hours", "profile", "milestone",
    "reached",
)  # fmt: skip
"""What may be awaited of people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Awaited:
    """One thing that one person is to do, since when, and until when it can be done.

    `kind` is ``answer`` (a proposal) or ``reply`` (a question), ``first_meeting`` or ``meeting``
    (none since `since`), or ``milestone``, whose own kind is in `detail`. ``hours`` is a month
    (`detail`, as 2027-05) in which they have met, but for fewer `minutes` than were `asked`. Of a
    participant it is ``profile``: what keeps them, who have applied, from being matched. A mentor
    is ``silent`` who neither meets nor writes nor answers, for two weeks at least. What is
    ``reached`` asks for nothing: a milestone (`detail`) that is done, or the end that two have come
    to, with how many `meetings` and `minutes` they have met so far. What a nudge awaits by itself
    has a kind of its own, and its plugin as the `noun`.

    `role` is what the person is to it: mentee, mentor, peer or coordinator. `at_risk` marks a
    milestone of a relationship that is flagged.
    """

    kind: str
    person_id: str
    role: str
    noun: str
    subject_id: str
    since: datetime
    until: datetime | None = None
    detail: str = ""
    at_risk: bool = False
    meetings: int = 0
    minutes: int = 0
    asked: int = 0

    @property
    def key(self) -> str:
        """What tells it from all else that is awaited, for all time."""
        return f"{self.kind}:{self.subject_id}:{self.since.timestamp():.0f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One message, in the words of a `template`, about things awaited from one person.

    It goes out at `at` or soon after; later than `grace` it is dropped. One `key` is sent to a
    person once for each template; by default what the first thing awaited has. `channel` names the
    one that is asked first.
    """

    awaited: tuple[Awaited, ...]
    template: str
    at: datetime
    grace: timedelta = timedelta(days=3)
    key: str = ""
    channel: str = ""
