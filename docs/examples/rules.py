"""Keeps people apart who trade on the same street: they compete for the same customers."""

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Rule

manifest = Manifest(title="No neighbours", requires_core=">=0.1,<1")


class NoNeighbours(Rule):
    name = "no_neighbours"
    title = "Not on the same street"
    needs = {"street": str, "village": str}

    def allows(self, mentee, mentor):
        if not (mentee["street"] and mentor["street"]):
            return True
        return (mentee["village"], mentee["street"]) != (mentor["village"], mentor["street"])

    def explain(self, mentee, mentor):
        return f"Both trade on {mentor['street']}"


@hookimpl
def mentorkit_rules():
    yield NoNeighbours()
