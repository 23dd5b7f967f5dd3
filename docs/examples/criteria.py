"""Prefers a mentor who is some years ahead; a program says how many years are best."""

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Closeness, Criterion

manifest = Manifest(title="Some years ahead", requires_core=">=0.1,<1")


class YearsAhead(Criterion):
    name = "years_ahead"
    title = "The mentor is some years ahead"
    needs = {"years": float}
    options = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "best": {
                "type": "number",
                "minimum": 0,
                "default": 5,
                "title": "Best distance",
                "description": "How many years a mentor should be ahead.",
            }
        },
    }

    def bind(self, options, fields):
        bound = YearsAhead()
        bound.declared = Closeness(field="years", target=options["best"], span=10)
        return bound

    def explain(self, mentee, mentor, value):
        return f"{mentor['years'] - mentee['years']:.0f} years ahead" if value > 0.5 else None


@hookimpl
def mentorkit_criteria():
    yield YearsAhead()
