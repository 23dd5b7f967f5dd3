"""Tells each mentor on Monday morning of all that waits for their answer, in one message."""

from collections import defaultdict
from datetime import timedelta

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Nudge, Prompt

manifest = Manifest(title="Monday mail", requires_core=">=0.1,<1")


class Monday(Nudge):
    name = "monday"
    templates = {
        "monday": {
            "subject": {"en": "Waiting for you: {program}"},
            "body": {"en": "Hello {person}, these wait for your answer:\n{text}\n{link}"},
        }
    }

    def due(self, ctx, awaited):
        today = ctx.now.replace(hour=6, minute=0, second=0, microsecond=0)
        monday = today - timedelta(days=today.weekday())
        theirs = defaultdict(list)
        for one in awaited:
            if one.kind == "answer" and one.role == "mentor":
                theirs[one.person_id].append(one)
        for waiting in theirs.values():
            yield Prompt(
                awaited=tuple(waiting),
                template="monday",
                at=monday,
                grace=timedelta(days=1),
                key=f"{monday:%Y-%m-%d}",
            )


@hookimpl
def mentorkit_nudges():
    yield Monday()
