"""Reasons are read as sentences, with the labels that a program wrote, in the reader's language."""

from __future__ import annotations

from string import Formatter

import pytest

from mentorkit.domain.fields import parse_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.relationships import Reason
from mentorkit.matching.wording import SENTENCES, sentence, words

FIELDS, _ = parse_fields(
    {
        "languages": {
            "kind": "options",
            "label": {"en": "languages you speak", "fr": "langues parlées"},
            "options": {"sw": {"en": "Swahili", "fr": "swahili"}, "en": "English"},
        }
    }
)


def test_fields_and_options_are_shown_by_their_labels() -> None:
    params = Frozen(field="languages", shared=("sw", "en"), count=2, of=3)
    reason = Reason(code="covers_yours", params=params)
    assert words(reason, fields=FIELDS) == (
        "Offers 2 of the 3 you named under languages you speak: Swahili, English."
    )
    assert "langues parlées: swahili" in words(reason, "fr-CA", FIELDS)
    assert words(reason) == "Offers 2 of the 3 you named under languages: sw, en."


def test_a_count_of_one_reads_like_one() -> None:
    params = Frozen(field="grade", count=1, theirs="HEO")
    assert words(Reason(code="steps_above", params=params)) == (
        "Stands one step above you in grade (HEO)."
    )


def test_long_lists_are_cut() -> None:
    shared = tuple("abcdefghij")
    reason = Reason(code="shares", params=Frozen(field="skills", shared=shared))
    assert words(reason) == "You have skills in common: a, b, c, d, e, f and 4 more."


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("as it is", "as it is"),
        (Reason(code="text", params=Frozen(text="a {brace} stays")), "a {brace} stays"),
        (Reason(code="of_a_plugin", params=Frozen(text="own words")), "own words"),
        (Reason(code="of_a_plugin"), "Of a plugin."),
        (Reason(code="unsaid"), ""),
    ],
)
def test_texts_and_codes_of_plugins_are_shown_as_they_are(reason: Reason | str, shown: str) -> None:
    assert words(reason) == shown


def test_what_weighs_most_is_told_first_and_what_speaks_against_only_alone() -> None:
    better = Reason(code="same", params=Frozen(field="trade", value="salt"), points=9)
    other = Reason(code="same", params=Frozen(field="village", value="Lamu"), points=5)
    against = Reason(code="shares_none", params=Frozen(field="languages"))
    assert sentence((other, against, better)) == (
        "You have the same trade: salt. You have the same village: Lamu."
    )
    assert sentence((against,)) == "You have no languages in common."


def test_every_form_of_a_sentence_uses_the_same_placeholders_at_most() -> None:
    for code, text in SENTENCES.items():
        if code.endswith(".one"):
            names = {name for _, name, _, _ in Formatter().parse(text) if name}
            whole = SENTENCES[code.removesuffix(".one")]
            assert names <= {name for _, name, _, _ in Formatter().parse(whole) if name}
