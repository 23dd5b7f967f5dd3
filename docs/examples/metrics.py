"""Tells how soon pairs meet: the days from the start to the first meeting."""

from statistics import median

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Column, Metric, Table

manifest = Manifest(title="How soon they meet", requires_core=">=0.1,<1")


class FirstMeeting(Metric):
    name = "first_meeting"

    def measure(self, ctx, facts):
        first = {}
        for meeting in facts.meetings:
            if meeting.state == "held":
                at = first.get(meeting.relationship_id, meeting.held_at)
                first[meeting.relationship_id] = min(at, meeting.held_at)
        days = [
            (first[one.id] - one.started_at).days for one in facts.relationships if one.id in first
        ]
        met = median(days) if days else None
        return [
            Table(
                name=self.name,
                title="How soon they meet",
                columns=(
                    Column(name="days", title="Median days to the first meeting", kind="number"),
                    Column(name="met", title="n that have met"),
                    Column(name="all", title="Of all relationships"),
                ),
                rows=((met, len(days), len(facts.relationships)),),
                how="Whole days from the start; those who have not met are not in the median.",
            )
        ]


@hookimpl
def mentorkit_metrics():
    yield FirstMeeting()
