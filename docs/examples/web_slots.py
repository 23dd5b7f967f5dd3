"""Gives two who have not met yet a question to begin with."""

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Slot

manifest = Manifest(title="Questions to begin with", requires_core=">=0.1,<1")


def questions(visit, relationship):
    if relationship["minutes"]:
        return None
    return visit.words("To begin with: what would a good week look like?")


@hookimpl
def mentorkit_web_slots():
    yield Slot(name="relationship", render=questions)
