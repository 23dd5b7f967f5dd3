"""The presets that ship, and programs written back as TOML."""

from __future__ import annotations

import re
import tomllib
from datetime import date, datetime
from typing import Any

import pytest
from babel import Locale
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mentorkit.commands import toml
from mentorkit.domain import presets
from mentorkit.domain.programs import MilestonePlan, dump_preset, parse_preset
from mentorkit.errors import Invalid, NotFound
from mentorkit.journey import tell
from mentorkit_checkins.texts import TEMPLATES as PROMPTS

OF_CIRCLES = {"member_left", "circle_left", "second_offered"}
TO_STAFF = {
    "concern_raised", "content_held", "proposal_to_confirm", "milestones_due_staff",
    "answer_reminder_staff", "second_declined", "mentor_silent_staff",
}  # fmt: skip
OF_NOBODY = {
    "application_approved", "application_waiting", "application_declined", "signed_up_again",
    "survey_asked", "content_refused", "prompts_together", "profile_open",
}  # fmt: skip
"""Messages about no other person; the text of a survey names whom it is about."""


@pytest.fixture(params=presets.names())
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_five_presets_ship() -> None:
    assert presets.names() == ("circles", "cohort", "community", "high_touch", "low_touch")


def test_an_unknown_preset_names_those_there_are() -> None:
    with pytest.raises(NotFound, match="circles, cohort, community, high_touch, low_touch"):
        presets.load("middle_touch")
    with pytest.raises(NotFound):
        presets.source("../domain/presets")


def test_only_a_circles_mentor_has_more_than_one_place_unless_they_say_so(name: str) -> None:
    supply = presets.load(name).supply
    assert supply
    assert supply.mentor_capacity == (6 if name == "circles" else 1)


def test_a_preset_comes_back_as_it_went_out(name: str) -> None:
    preset = presets.load(name)
    assert presets.loads(toml.write(dump_preset(preset))) == preset
    fields = presets.loads(toml.write(dump_preset(preset))).fields
    assert [list(one.choices) for one in fields.values()] == [
        list(one.choices) for one in preset.fields.values()
    ]


def test_a_preset_speaks_three_languages(name: str) -> None:
    preset = presets.load(name)
    texts = [preset.title, preset.summary, preset.consent]
    texts += [text for message in preset.messages.values() for text in message.values()]
    texts += [one.text for one in preset.requirements if one.text]
    texts += [one.label for one in preset.fields.values()]
    assert all(set(text) == {"en", "es", "fr"} for text in texts)


def test_a_preset_words_every_message_that_can_be_sent_in_each_of_its_languages(name: str) -> None:
    preset = presets.load(name)
    circles = preset.program.get("kind") == "circle"
    worded = set(tell.TEMPLATES) - set(tell.SAFETY)
    assert set(preset.messages) == worded - (set() if circles else OF_CIRCLES)
    for message in preset.messages.values():
        assert set(message["subject"]) == set(message["body"]) == set(preset.title)


def test_what_is_said_for_safety_is_worded_in_the_languages_of_the_presets() -> None:
    for message in tell.SAFETY.values():
        assert {"en", "es", "fr"} == set(message["subject"]) == set(message["body"])


def test_a_message_says_what_it_is_about(name: str) -> None:
    messages = presets.load(name).messages
    for template, about in (
        ("proposal_offered", {"others", "reasons", "due"}),
        ("question_asked", {"others", "text", "due"}),
        ("question_answered", {"others", "text", "due"}),
        ("relationship_started", {"others", "reasons"}),
        ("relationship_ended", {"others", "link"}),
    ):
        for body in messages[template]["body"].values():
            assert all(f"{{{one}}}" in body for one in about)


@pytest.mark.parametrize("words", ["core", "checkins", *presets.names()])
def test_a_message_names_the_program_and_the_other_and_speaks_to_its_reader(words: str) -> None:
    named: Any = {"core": tell.TEMPLATES, "checkins": PROMPTS}
    messages = named[words] if words in named else presets.load(words).messages
    for template in set(messages) - TO_STAFF:
        for body in messages[template]["body"].values():
            assert "{program}" in body, template
            other = "{sender}" if template == "relayed" else "{others}"
            other = "{mentee}" if template == "member_left" else other
            assert template in OF_NOBODY or other in body, template
            roles = template == "proposal_offered" and words == "community"
            about = body.replace("{mentee}", "") if template == "member_left" else body
            assert roles or not {"{mentee}", "{mentor}"} & set(re.findall(r"{\w+}", about)), body


def test_consent_states_the_time_asked_for_and_what_the_data_are_for(name: str) -> None:
    consent = presets.load(name).consent
    for locale, month, data in (
        ("en", "a month", "used to find a match"),
        ("es", "al mes", "sirve para encontrar"),
        ("fr", "par mois", "sert à trouver"),
    ):
        assert month in consent[locale]
        assert data in consent[locale]
    hours = {60: "one hour a month", 120: "two hours a month"}
    assert hours[presets.load(name).targets.minutes_per_month] in consent["en"]
    (time,) = (one.text for one in presets.load(name).requirements if one.id == "time")
    assert not any(f" 1 {many} " in text for many in ("hours", "horas", "heures") for text in
                   time.values())  # fmt: skip


def test_a_match_is_shown_what_helps_to_decide_and_nothing_private(name: str) -> None:
    preset = presets.load(name)
    shown = {id for id, one in preset.fields.items() if one.shown}
    assert shown == {
        "languages", "country", "industry", "stage", "goals", "life_experience",
        "business_knowledge", "sector_expertise", "channels", "about",
    }  # fmt: skip
    for locale, told in (
        ("en", "are shown the answers that are marked so, and why we may fit"),
        ("es", "ven las respuestas marcadas para ello y por qué podemos encajar"),
        ("fr", "voient les réponses marquées ainsi et pourquoi nous pourrions nous convenir"),
    ):
        assert told in preset.consent[locale]


def test_what_makes_a_good_mentor_are_three_fields_that_count_in_that_order() -> None:
    for name in ("high_touch", "low_touch", "cohort"):
        preset = presets.load(name)
        weights = {use.options.get("other"): use.weight for use in preset.strategy.criteria}
        order = [weights[one] for one in ("life_experience", "business_knowledge",
                                          "sector_expertise")]  # fmt: skip
        assert order == sorted(order, reverse=True)
        assert len(set(order)) == 3


def test_the_open_community_goes_by_language_industry_and_country_and_people_choose() -> None:
    preset = presets.load("community")
    first = [use.options["field"] for use in preset.strategy.criteria][:3]
    assert first == ["languages", "industry", "country"]
    assert (preset.program["matching"], preset.strategy.assigner) == ("self", "choice")


def test_nobody_is_said_to_suggest_a_pair_where_people_choose() -> None:
    for text in presets.load("community").messages["proposal_offered"].values():
        for locale, suggesting in (("en", "suggest"), ("es", "propo"), ("fr", "propos")):
            assert suggesting not in text[locale]


def test_options_that_are_compared_have_the_same_ids(name: str) -> None:
    preset = presets.load(name)
    for mentee, mentor in (
        ("goals", "business_knowledge"),
        ("situation", "life_experience"),
        ("industry", "sector_expertise"),
    ):
        assert list(preset.fields[mentee].choices) == list(preset.fields[mentor].choices)


def test_a_strategy_names_only_fields_that_are_asked(name: str) -> None:
    preset = presets.load(name)
    for use in (*preset.strategy.rules, *preset.strategy.criteria):
        named = {use.options[key] for key in ("field", "other") if key in use.options}
        assert named <= set(preset.fields)


def test_high_touch_asks_more_often_than_low_touch_and_staff_have_the_last_word() -> None:
    high, low = presets.load("high_touch"), presets.load("low_touch")
    assert len(high.targets.milestones) > 2 * len(low.targets.milestones)
    assert high.program["accept_chain"][-1] == "coordinator"
    assert "coordinator" not in low.program["accept_chain"]
    assert {"training", "ground_rules"} <= {one.id for one in high.requirements}
    assert set(high.staff) == {"coordinator", "supervisor", "viewer"}


def test_every_preset_checks_after_six_to_eight_weeks(name: str) -> None:
    checks = [one for one in presets.load(name).targets.milestones if one.kind == "check"]
    asks = ("mentee", "mentor", "staff")
    assert checks == [MilestonePlan(kind="check", day=42, window=14, asks=asks)]


def test_the_cohort_is_dated_and_lasts_as_long_as_its_intakes() -> None:
    preset = presets.load("cohort")
    lengths = {(one.ends - one.starts).days for one in preset.cohorts}
    assert lengths == {preset.targets.length_days} == {84}
    sags = next(one for one in preset.targets.milestones if one.kind == "two_thirds")
    assert round((sags.fraction or 0) * 84) == 56  # week 8 of 12


def test_sample_answers_of_the_shipped_fields_are_read_from_labels_too() -> None:
    fields = presets.load("low_touch").fields
    assert fields["languages"].parse("English; Swahili;fr") == ("en", "sw", "fr")
    assert fields["country"].parse("Côte d'Ivoire") == "CI"
    assert fields["industry"].parse("alimentation et restauration") == "food"
    assert fields["stage"].position("established") == 4


def test_every_strategy_fits_the_plugin_matching(name: str) -> None:
    from mentorkit.hooks.registry import Registry
    from mentorkit.matching import bind

    preset = presets.load(name)
    bind(preset.strategy, Registry.load(("matching",)), preset.fields)


# --------------------------------------------------------------------------- written as TOML

KEYS = st.text(max_size=8) | st.sampled_from(["a", "b-c", "d_e", "f g", 'q"', "é", "options"])
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.text(
    '"\\\n\r\t#=[]{}\x00\x7f\u2028', max_size=12
)
PLAIN = (
    TEXTS
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.dates()
    | st.datetimes(min_value=datetime(1900, 1, 1))
)
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.dictionaries(KEYS, VALUES, max_size=4))
@example({"a": [{"b": [{"c": 1}]}, {}]})
@example({"a": {"options": {"x": {"en": "y" * 200}, "b": "c"}}})
@example({"a": {}, "b": {"c": {}}, "d": [[]]})
@example({"a": "line\nbreak\r\nand\\", "b": {"c": 'x\n"""'}})
@example({"a": ["x" * 60, "y" * 60], "b": float("inf"), "c": 1e300})
def test_what_is_written_as_toml_reads_back_the_same(data: dict[str, Any]) -> None:
    assert tomllib.loads(toml.write(data)) == data


def test_order_is_kept_where_it_means_something() -> None:
    data = {"fields": {"stage": {"ordered": {f"s{n}": "x" * 20 if n % 2 else {"en": "y" * 99}
                                             for n in range(9)}}}}  # fmt: skip
    again = tomllib.loads(toml.write(data))
    assert list(again["fields"]["stage"]["ordered"]) == [f"s{n}" for n in range(9)]


def test_what_toml_lacks_is_left_out_or_refused() -> None:
    assert toml.write({"a": None, "b": {"c": None}, "d": [None, 1]}) == ("b = {}\nd = [1]\n")
    assert tomllib.loads(toml.write({"d": date(2027, 1, 31)})) == {"d": date(2027, 1, 31)}
    with pytest.raises(TypeError, match="set cannot be written"):
        toml.write({"a": {1, 2}})


def test_a_written_program_reads_like_one_somebody_wrote() -> None:
    preset = parse_preset(
        {
            "title": "Ours",
            "fields": {"stage": {"ordered": ["idea", "steady"]}},
            "strategy": {"criteria": [{"criterion": "equal", "field": "stage", "weight": 2}]},
        }
    )
    text = toml.write(dump_preset(preset))
    assert 'title = { en = "Ours" }' in text
    assert '[fields.stage]\nkind = "ordered"\n' in text
    assert '[[strategy.criteria]]\ncriterion = "equal"\nweight = 2\nfield = "stage"\n' in text
    assert parse_preset(tomllib.loads(text)) == preset
    assert dump_preset(presets.loads(text)) == dump_preset(preset)


@pytest.mark.parametrize("text", ["title =", "[a", "a = 1\na = 2", "a=" + "[" * 5000])
def test_what_is_no_toml_says_where(text: str) -> None:
    with pytest.raises(Invalid, match=r"mine\.toml") as caught:
        presets.loads(text, place="mine.toml")
    assert caught.value.code == "preset.not_toml"


def test_people_of_every_country_can_say_where_they_are(name: str) -> None:
    reserved = {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
    countries = {one for one in Locale("en").territories if len(one) == 2} - reserved
    asked = presets.load(name).fields["country"]
    assert set(asked.choices) == countries
    assert len(countries) == 250  # what ISO 3166-1 lists, and Kosovo
    assert [asked.parse(told) for told in ("SE", "Norway", "chad")] == ["SE", "NO", "TD"]


def test_people_can_tell_most_languages_and_any_currency_that_is_paid_in(name: str) -> None:
    preset = presets.load(name)
    languages = preset.fields["languages"].choices
    assert len(languages) > 140
    assert all(label.casefold() != id for id, label in languages.items())
    assert {"sv", "no", "el", "ka", "om", "ps", "gu"} <= set(languages)
    currencies = preset.measurement["currencies"]
    assert len(currencies) > 150
    assert {"SEK", "NOK", "CHF", "JPY", "XOF", "ETB"} <= set(currencies)
