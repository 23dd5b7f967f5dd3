"""The nudge of this plugin: one message for each search and time, of whom it finds anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mentorkit.hooks import Awaited, CommandContext, Context, Nudge, Prompt
from mentorkit_searches.texts import KIND, TEMPLATES
from mentorkit_searches.times import EVERY


class NewMatches(Nudge):
    """Tells people, at their search's time, of whom it finds who was not there before."""

    name = "new_matches"
    title = "New matches"
    templates = TEMPLATES

    def awaits(
        self, ctx: CommandContext, *, until: datetime | None = None,
        only: Collection[str] | None = None,
    ) -> Iterable[Awaited]:  # fmt: skip
        from mentorkit_searches import looking  # which loads SQLAlchemy

        return looking.awaited(ctx, until, only)

    def due(self, ctx: Context, awaited: Sequence[Awaited]) -> Iterator[Prompt]:
        for one in awaited:
            if one.kind == KIND:
                grace = EVERY.get(one.detail, timedelta(days=1))
                yield Prompt(awaited=(one,), template=KIND, at=one.since, grace=grace)

    def told(
        self, ctx: CommandContext, awaited: Awaited, locale: str
    ) -> Mapping[str, str] | None:  # fmt: skip
        from mentorkit_searches import looking

        return looking.words(ctx, awaited.subject_id, locale)

    def plan(self, ctx: Context) -> Iterable[Mapping[str, Any]]:
        return [{"awaited": KIND, "role": "mentee", "when": "after", "days": 0, "template": KIND}]


__all__ = ["NewMatches"]
