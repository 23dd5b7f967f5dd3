"""A strategy for programs that put language first, and industry second."""

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Frozen, Strategy, Use

manifest = Manifest(
    title="Language first",
    requires_core=">=0.1,<1",
    requires_plugins=("matching",),  # offers `equal`, `differs` and `optimal`
)


@hookimpl
def mentorkit_matching_strategies():
    yield Strategy(
        name="language_first",
        title="Language first, then industry",
        rules=(Use(name="differs", options=Frozen(field="organisation")),),
        criteria=(
            Use(name="equal", options=Frozen(field="language"), weight=3),
            Use(name="equal", options=Frozen(field="industry"), weight=1),
        ),
        assigner="optimal",
    )
