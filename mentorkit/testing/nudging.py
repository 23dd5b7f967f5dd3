"""What nudges keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from mentorkit.domain.text import in_locale
from mentorkit.hooks import Awaited, Nudge, Prompt
from mentorkit.journey.tell import fill
from mentorkit.testing.providing import Contract
from mentorkit.testing.samples import SampleContext

KINDS = (
    ("answer", "proposal"),
    ("reply", "proposal"),
    ("first_meeting", "relationship"),
    ("meeting", "relationship"),
    ("hours", "relationship"),
    ("silent", "relationship"),
    ("profile", "participant"),
    ("reached", "milestone"),
    ("milestone", "milestone"),
    ("something_new", "something"),
)


class NudgeContract(Contract):
    """A nudge returns good prompts about what it is given, and the same for the same.

    `days` are those, after something began to be awaited, on which it is asked.
    """

    kind = "nudges"
    days: Sequence[int] = (0, 1, 7, 10, 21, 42, 60)

    def awaited(self, now: datetime, day: int) -> list[Awaited]:
        """Return one of each thing, for a party and for staff, that has been awaited for `day`."""
        since = now - timedelta(days=day)
        return [
            Awaited(
                kind=kind, person_id=role, role=role, noun=noun, subject_id=f"{kind}-{role}",
                since=since, until=since + timedelta(days=70), detail="check",
                at_risk=bool(day % 2),
            )
            for role in ("mentee", "mentor", "coordinator")
            for kind, noun in KINDS
        ]  # fmt: skip

    def asked(self, nudge: Nudge, day: int, **awaited: object) -> list[Prompt]:
        ctx = SampleContext(settings=self.settings)
        given = [replace(one, **awaited) for one in self.awaited(ctx.now, day)]  # type: ignore[arg-type]
        return list(nudge.due(ctx, given))

    def test_prompts_are_about_what_is_awaited(self) -> None:
        nudge: Nudge = self.subject()
        for day in self.days:
            ctx = SampleContext(settings=self.settings)
            given = set(self.awaited(ctx.now, day))
            for prompt in nudge.due(ctx, self.awaited(ctx.now, day)):
                assert isinstance(prompt, Prompt)
                assert prompt.template in nudge.templates
                assert prompt.awaited, "say what it is about"
                assert set(prompt.awaited) <= given
                assert len({one.person_id for one in prompt.awaited}) == 1, "one prompt, one person"
                assert prompt.at.tzinfo is not None, "give the moment its zone"
                assert prompt.grace >= timedelta(0)
                assert isinstance(prompt.key, str)

    def test_the_same_is_asked_at_the_same_time_on_any_day(self) -> None:
        nudge: Nudge = self.subject()
        ctx = SampleContext(settings=self.settings)
        waiting = self.awaited(ctx.now, 3)
        first = list(nudge.due(ctx, waiting))
        later = replace(ctx, now=ctx.now + timedelta(hours=1))
        assert [(one.at, one.key, one.template) for one in nudge.due(later, waiting)] == [
            (one.at, one.key, one.template) for one in first
        ], "`at` goes by what is awaited, not by now: else it is never too late"

    def test_nothing_awaited_is_nothing_to_say(self) -> None:
        nudge: Nudge = self.subject()
        assert list(nudge.due(SampleContext(settings=self.settings), [])) == []

    def test_an_end_that_is_open_is_no_error(self) -> None:
        assert all(isinstance(p, Prompt) for p in self.asked(self.subject(), 7, until=None))

    def test_every_text_can_be_filled_in(self) -> None:
        nudge: Nudge = self.subject()
        for parts in nudge.templates.values():
            for texts in parts.values():
                for locale in texts:
                    assert "{" not in fill(in_locale(texts, locale), {})
