"""Asks by a form of our own: all there is to do is to say where it stands."""

from __future__ import annotations

from mentorkit.hooks import FeedbackVendor, SurveyRequest, WorkContext


class Forms(FeedbackVendor):
    """Answers come through the form's page, so nothing is polled and nothing pushed."""

    name = "forms"
    title = "Forms on our own pages"

    def invite(self, ctx: WorkContext, request: SurveyRequest) -> str:
        """Return the page of the form; one that asks for no log-in, where links can be signed."""
        assert ctx.program is not None, "somebody is asked in a program"
        form = f"s/{request.token}" if request.token else request.key
        return f"x/survey/{ctx.program.key}/{form}"
