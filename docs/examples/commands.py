"""A command that counts words: ``mentorkit words count "text" --least 2``."""

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Command, Parameter

manifest = Manifest(title="Words", requires_core=">=0.1,<1")


def count(ctx, text, least):
    words = sorted(set(text.split()))
    counts = {word: text.split().count(word) for word in words}
    return [{"word": word, "times": n} for word, n in counts.items() if n >= least]


@hookimpl
def mentorkit_commands():
    yield Command(
        name="count",
        help="Count the words of a text.",
        run=count,
        parameters=(
            Parameter(name="text", required=True),
            Parameter(name="least", help="Only words that occur so often.", default=1, type=int),
        ),
    )
