from mentorkit import hookimpl
from mentorkit.hooks import Criterion, Equal


class SameVillage(Criterion):
    name = "same_village"
    declared = Equal(field="village")  # or write `score(self, mentee, mentor)` yourself

    def explain(self, mentee, mentor, value):
        return f"Both trade in {mentor['village']}" if value else None


@hookimpl
def mentorkit_criteria():
    yield SameVillage()
