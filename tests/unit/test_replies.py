"""What a few words that somebody sends back mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorkit.domain.replies import COMMANDS, NO, YES, chosen, command, folded, words_in

OPTIONS = {"1": True, "2": False, "yes": True, "no": False, "so so": None}
PIECES = st.sampled_from(["1", "2", "yes", "NO", "Yes!", "perhaps", "٢", "", " ", "1)", "\n", "👍"])


@given(st.lists(PIECES).map(" ".join))
def test_a_reply_is_an_option_only_where_every_word_of_it_means_that(text: str) -> None:
    meant = {OPTIONS.get(word) for word in folded(text).split()}
    assert chosen(text, OPTIONS) == (next(iter(meant)) if len(meant) == 1 else None)


@given(st.text())
def test_any_text_can_be_folded_and_folding_it_again_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert command(text, "en") in ("", *COMMANDS)


@pytest.mark.parametrize(
    ("text", "said"),
    [("Sí.", "si"), ("  OUI !", "oui"), ("١", "1"), ("１", "1"), ("Não", "nao"), ("1.", "1")],
)
def test_case_accents_marks_and_scripts_do_not_count(text: str, said: str) -> None:
    assert folded(text) == said


@pytest.mark.parametrize("locale", ["en", "es", "fr", "pt", "pt-BR", "sw", "de"])
def test_in_no_language_does_a_word_mean_two_things(locale: str) -> None:
    yes, no = words_in(YES, locale), words_in(NO, locale)
    commands = [words_in(by, locale) for by in COMMANDS.values()]
    sets = [yes, no, *commands]
    assert len(set().union(*sets)) == sum(map(len, sets))
    assert {word for each in sets for word in each if folded(word) != word} == set()


@pytest.mark.parametrize(
    ("text", "locale", "name"),
    [
        ("STOP", "sw", "stop"),
        ("Arrêt", "fr", "stop"),
        ("arret", "en", ""),
        ("stop it", "en", ""),
        ("Do not stop", "en", ""),
        ("Aide", "fr", "help"),
        ("unstop", "es", "start"),
    ],
)
def test_a_command_is_the_whole_reply(text: str, locale: str, name: str) -> None:
    assert command(text, locale) == name
