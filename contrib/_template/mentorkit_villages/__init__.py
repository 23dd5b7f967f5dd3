from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Criterion, Equal

manifest = Manifest(
    title="Same village",
    summary="Prefers pairs of people who trade in the same village.",
    requires_core=">=0.1,<1",
)


class SameVillage(Criterion):
    name = "same_village"
    declared = Equal(field="village")  # or write `score(self, mentee, mentor)` yourself

    def explain(self, mentee, mentor, value):
        return f"Both trade in {mentor['village']}" if value else None


@hookimpl
def mentorkit_criteria():
    yield SameVillage()
