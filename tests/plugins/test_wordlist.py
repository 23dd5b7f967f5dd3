"""The plugin `wordlist`: words in any spelling, phone numbers and addresses."""

from __future__ import annotations

import pytest

from mentorkit.domain.safety import Content
from mentorkit.hooks.settings import check_options
from mentorkit.testing import ContentCheckContract
from mentorkit.testing.samples import SampleContext
from mentorkit_wordlist import Words, manifest
from mentorkit_wordlist.looking import found

KINDS = ("phone", "link", "email")


class TestWords(ContentCheckContract):
    plugin = "wordlist"
    program_settings = {"words": ["idiot", "send money"], "kinds": list(KINDS)}  # noqa: RUF012
    allowed = ("Do you sell online?", "Idiotic ideas may be good.", "We met on 2027-03-01.")
    refused = ("IDIOT!", "Please send\n money", "+254 700 123 456", "see www.example.org")


class TestWordsOfNothing(ContentCheckContract):
    plugin = "wordlist"
    allowed = ("idiot, call +254 700 123 456 or see http://example.org",)
    program_settings = {"words": [], "kinds": []}  # noqa: RUF012
    refused = ("",)

    def test_lets_pass_and_holds_what_it_should(self) -> None:
        """Nothing is listed to begin with, so all may pass."""
        assert all(one.allowed for one in self.review((*self.allowed, "x")))


class TestWordsOfAProgramThatHasSetNothing(ContentCheckContract):
    plugin = "wordlist"
    allowed = ("Do you sell online?", "idiot")
    refused = ("Call me: +254 700 123 456", "mary@example.org", "wa.me/254700123456")


@pytest.mark.parametrize(
    ("kind", "allowed"), [("question", False), ("reply", False), ("answer", False), ("word", True)]
)
def test_contacts_wait_only_until_both_have_said_yes(kind: str, allowed: bool) -> None:
    settings, problems = check_options(manifest.program_settings, {}, "settings")
    assert problems == []
    text = Content(id="1", kind=kind, text="My number is 0700 123 456.")
    (one,) = Words().review(SampleContext(settings=settings), [text])
    assert (one.allowed, one.code) == (allowed, "" if allowed else "phone")


def test_an_answer_that_only_staff_read_may_hold_a_number_and_no_listed_word() -> None:
    settings, _ = check_options(manifest.program_settings, {"words": ["idiot"]}, "settings")
    told = ("0700 123 456", "https://zoe-bakes.example", "idiot")
    texts = [Content(id=one, kind="answer", text=one, shown=False) for one in told]
    codes = [one.code for one in Words().review(SampleContext(settings=settings), texts)]
    assert codes == ["", "", "word"]


@pytest.mark.parametrize(
    "text",
    ["stupid", "STUPID.", "you are stúpid!", "stu\u200bpid", "ＳＴＵＰＩＤ", "(stupid)"],
)
def test_a_word_is_found_in_any_spelling(text: str) -> None:
    assert found(text, "en", ["Stupid"], ()) == "word"


@pytest.mark.parametrize("text", ["stupidity", "unstupid", "s t u p i d", "stu-pid"])
def test_a_part_of_a_word_is_no_word(text: str) -> None:
    assert found(text, "en", ["stupid"], ()) == ""


def test_a_phrase_is_found_over_lines_and_commas() -> None:
    assert found("send me,\n  money", "en", ["send me money"], ()) == "word"
    assert found("send me no money", "en", ["send me money"], ()) == ""


def test_a_word_may_be_of_one_language_alone() -> None:
    words = ["de: Gift", "es-MX: dinero"]
    assert found("A gift for you", "en", words, ()) == ""
    assert found("Das ist Gift", "de", words, ()) == "word"
    assert found("Das ist Gift", "de-AT", words, ()) == "word"
    assert found("dinero", "es-MX", words, ()) == "word"
    assert found("dinero", "es", words, ()) == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("call +254 700 123456", "phone"),
        ("0044 (20) 7946-0018", "phone"),
        ("0700123456", "phone"),
        ("٠٧٠٠١٢٣٤٥٦", "phone"),
        ("in 2027 we sold 120 loaves", ""),
        ("from 2027-03-01 to 2027-04-02", ""),
        ("on 1.3.2027 and 2.4.2027", ""),
        ("https://example.org/x", "link"),
        ("see shop.example.com now", "link"),
        ("wa.me/254700", "link"),
        ("we met.Then we ate", ""),
        ("write to mary@example.org", "email"),
        ("mary (at) example", "email"),
        ("two loaves @ 5 each", ""),
    ],
)
def test_numbers_and_addresses_are_found(text: str, code: str) -> None:
    assert found(text, "en", (), KINDS) == code
    assert found(text, "en", (), ()) == ""
