"""The plugin `survey`: asks by forms of our own, on the portal or by a link without a log-in.

What has been filled in so far is kept until it is sent; then it goes to the program's answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import FeedbackVendor, Slot
from mentorkit_survey.vendor import Forms

if TYPE_CHECKING:
    import flask

manifest = Manifest(
    title="Surveys",
    summary="Asks people the surveys of a program on pages here, also by a link without a log-in.",
    tables="mentorkit_survey.tables:metadata",
    migrations="mentorkit_survey:migrations",
)


@hookimpl
def mentorkit_feedback_vendors() -> Iterable[FeedbackVendor]:
    yield Forms()


@hookimpl
def mentorkit_web_blueprints() -> Iterable[flask.Blueprint]:
    from mentorkit_survey.pages import pages

    yield pages()


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_survey.pages import asked_about, asked_at_home, asked_of_staff

    yield Slot(name="home", render=asked_at_home)
    yield Slot(name="relationship", render=asked_about)
    yield Slot(name="overview", render=asked_of_staff)
