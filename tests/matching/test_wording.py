"""Reasons are read as sentences, with the labels that a program wrote, in the reader's language."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from string import Formatter
from typing import Any

import pytest

from mentorkit.domain.fields import Field, parse_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.relationships import Reason
from mentorkit.matching import wording
from mentorkit.matching.wording import ABOUT, SENTENCES, answer, joined, sentence, words

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
        "Offers 2 of the 3 you named under ‘languages you speak’: Swahili, English."
    )
    assert "langues parlées: swahili" in words(reason, "fr-CA", FIELDS)
    assert words(reason) == "Offers 2 of the 3 you named under languages: sw, en."


def test_answers_are_told_in_the_readers_language_and_on_their_clock() -> None:
    now, kinds = datetime(2027, 3, 1, tzinfo=UTC), ("hours", "times", "flag", "number", "text")
    of = {kind: Field(id=kind, kind=kind) for kind in kinds} | FIELDS  # type: ignore[arg-type]

    def told(kind: str, value: Any, locale: str = "en", zone: str = "UTC") -> str:
        return answer(of[kind], value, locale, zone=zone, now=now)

    assert told("hours", (18, 19, 24 * 6 + 23)) == "Mon 18-20; Sun 23-24"
    assert told("hours", (18, 19, 24 * 6 + 23), "fr", "Africa/Nairobi") == "lun. 2-3; lun. 21-23"
    times = told("times", ("mon 18:15-20:00", 24), zone="Africa/Nairobi")
    assert times == "Mon 18:15-20:00; Tue 0-1 (UTC) (on their own clock)"
    assert (told("flag", True), told("flag", False)) == ("Yes", "No")
    assert (told("number", 1200.5), told("number", 1200.5, "de")) == ("1,200.5", "1.200,5")
    assert told("languages", ["sw", "en"], "fr") == "swahili, English"
    assert told("text", "Ora, by the mill") == "Ora, by the mill"


def test_hours_in_a_reason_say_on_which_clock_they_are() -> None:
    fields = {"free": Field(id="free", kind="hours")}
    few, many = (18, 19, 24), tuple(24 * day + 9 for day in range(7))

    def told(hours: tuple[int, ...]) -> str:
        params = Frozen(field="free", shared=hours, count=len(hours))
        return words(Reason(code="shares", params=params), fields=fields)

    assert "Mon 18-20, Tue 0-1 (UTC)" in told(few)
    assert "Sat 9-10 and 1 more (UTC)" in told(many)


def test_who_is_none_of_the_two_reads_of_the_mentee_and_the_mentor() -> None:
    params = Frozen(field="languages", shared=("sw", "en"), count=2, of=3)
    reason = Reason(code="covers_yours", params=params, points=1)
    for whose, said in (
        ("mentee", "The mentor offers 2 of the 3 that the mentee named under languages: sw, en."),
        ("mentor", "The mentee offers 2 of the 3 that the mentor named under languages: sw, en."),
    ):
        assert words(reason, whose=whose) == sentence((reason,), whose=whose) == said  # type: ignore[arg-type]
    own = Reason(code="text", params=Frozen(text="you, the baker"))
    assert words(own, whose="mentee") == "you, the baker"
    different = Reason(code="different", params=Frozen(field="trade", yours="a", theirs="b"))
    assert words(different, whose="mentor") == (
        "They have a different trade: the mentor a, the mentee b."
    )


def test_no_sentence_that_speaks_to_one_of_the_two_lacks_one_for_others() -> None:
    subject = (
        "Offers", "Does", "Asks", "Stands", "Has {", "Has no mentee", "Brings", "What you"
    )  # fmt: skip
    told = {
        code
        for code, text in SENTENCES.items()
        if re.search(r"\b[Yy]ou(rs?)?\b", text) or text.startswith(subject)
    }
    assert ABOUT.keys() == told
    for code, text in ABOUT.items():
        assert not re.search(r"\byou(rs?)?\b(?!})", text, re.IGNORECASE)
        names = {name for _, name, _, _ in Formatter().parse(text) if name}
        own = {name for _, name, _, _ in Formatter().parse(SENTENCES[code]) if name}
        assert names - {"one", "other"} == own


def test_a_count_of_one_reads_like_one() -> None:
    params = Frozen(field="grade", count=1, theirs="HEO")
    assert words(Reason(code="steps_above", params=params)) == (
        "Stands one step above you in grade (HEO)."
    )


@pytest.mark.parametrize(
    ("code", "params", "said"),
    [
        ("all_taken", {"count": 2}, "Both mentors who fit are taken."),
        ("all_paired", {"count": 2}, "Both mentees who fit are with other mentors."),
        (
            "covers_yours",
            {"field": "skills", "shared": ("tax",), "count": 1, "of": 1},
            "Offers what you named under skills: tax.",
        ),
        ("places_free", {"count": 2, "of": 3}, "Has 2 of 3 places free."),
        ("places_free", {"count": 3, "of": 3}, "Has no mentee yet."),
        ("your_places", {"count": 1, "of": 1}, "You have no mentee yet."),
        (
            "same_prefix",
            {"field": "trade", "value": "47.1"},
            "Another trade, but both begin with 47.1.",
        ),
        ("answer", {"field": "hours"}, "Ask them for their hours."),
    ],
)
def test_small_counts_read_as_people_say_them(code: str, params: dict[str, Any], said: str) -> None:
    assert words(Reason(code=code, params=Frozen(params))) == said


def test_one_or_two_who_are_ruled_out_are_not_called_all() -> None:
    rule = Frozen(code="rule_same", params=Frozen(field="trade"))
    params = {"rule": rule, "others": "mentors"}
    told = [
        words(Reason(code="ruled_out_all", params=Frozen(**params, count=n, of=n)))
        for n in (1, 2, 3)
    ]
    assert told == [
        "The rule that asks for the same trade rules out the only one there is.",
        "The rule that asks for the same trade rules out both mentors.",
        "The rule that asks for the same trade rules out all 3 mentors.",
    ]


def test_hours_are_told_as_they_are_answered() -> None:
    fields, _ = parse_fields({"hours": {"kind": "hours"}})
    hours = fields["hours"].parse("wed 16-18;tue 23-24;wed 0-1;sun 23-24")
    needs = Frozen(code="needs_some", params=Frozen(field="hours", values=hours, least=1))
    assert words(Reason(code="recruit_who", params=Frozen(needs=(needs,))), fields=fields) == (
        "Recruit somebody who offers this: at least 1 of Tue 23-24, Wed 0-1, Wed 16-18, Sun 23-24 "
        "(UTC) under hours."
    )


def test_each_word_of_a_reason_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"yes": "oui", "no": "non", "{listed} and {count} more": "{listed} et {count} autres"}
    monkeypatch.setattr(
        wording, "translate", lambda text, locale: known.get(text, text) if locale == "fr" else text
    )
    different = Reason(code="different", params=Frozen(field="online", yours=True, theirs=False))
    assert words(different) == "You have a different online: yes and no."
    assert words(different, "fr") == "You have a different online: oui and non."
    shared = Reason(code="shares", params=Frozen(field="skills", shared=tuple("abcdefgh")))
    assert words(shared, "fr").endswith("a, b, c, d, e, f et 2 autres.")


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


def test_texts_that_are_joined_end_with_a_full_stop() -> None:
    plain = Reason(code="text", params=Frozen(text="Both keep bees"), points=3)
    whole = Reason(code="text", params=Frozen(text="Same lake!"), points=2)
    assert sentence((plain, whole)) == "Both keep bees. Same lake!"
    assert sentence((plain,)) == "Both keep bees"
    assert joined(["Same country (notes)", "Both bake."]) == "Same country (notes). Both bake."


def test_every_form_of_a_sentence_uses_the_same_placeholders_at_most() -> None:
    for code, text in SENTENCES.items():
        if "." in code:
            names = {name for _, name, _, _ in Formatter().parse(text) if name}
            whole = SENTENCES[code.partition(".")[0]]
            assert names <= {name for _, name, _, _ in Formatter().parse(whole) if name}
