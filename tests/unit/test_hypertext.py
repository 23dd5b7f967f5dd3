"""One text, and the HTML that is made of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorkit import hypertext
from mentorkit.domain.messages import Button, Message
from mentorkit.hypertext import Block, Piece, blocks

OURS = Button(address="https://portal.example/met/abc", words="We have met")


def create_message(body: str = "Hello", **given: Any) -> Message:
    fixed = {"key": "1", "tenant": "acme", "program_id": "p", "person_id": "ana"}
    made = {"template": "hello", "subject": "Hello", "body": body, **fixed, **given}
    return Message(created_at=datetime(2027, 3, 1, tzinfo=UTC), **made)


class Reader(HTMLParser):
    """Keeps the tags of a document, what they lead to, and its words."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_a_text_is_paragraphs_lists_and_buttons() -> None:
    text = f"Hello Ana,\nit fits:\n- Same trade\n- Same town\n\nHave you met?\n{OURS.address}"
    assert blocks(text, [OURS]) == [
        Block("text", ((Piece("Hello Ana,"),), (Piece("it fits:"),))),
        Block("list", ((Piece("Same trade"),), (Piece("Same town"),))),
        Block("text", ((Piece("Have you met?"),),)),
        Block("buttons", ((Piece("We have met", OURS.address),),)),
    ]


def test_short_words_before_an_address_are_what_its_button_says() -> None:
    yes, no = (Button(address=f"https://p.example/a/{n}", words="Answer") for n in (1, 2))
    text = f"Ja: {yes.address}\nNein: {no.address}"
    both = (Piece("Ja", yes.address), Piece("Nein", no.address))
    assert blocks(text, [yes, no]) == [Block("buttons", (both,))]


def test_longer_words_stand_above_a_button() -> None:
    text = f"Answer with one tap, without signing in: {OURS.address}"
    assert blocks(text, [OURS]) == [
        Block("text", ((Piece("Answer with one tap, without signing in:"),),)),
        Block("buttons", ((Piece("We have met", OURS.address),),)),
    ]


def test_a_line_that_says_the_same_as_its_button_is_left_out() -> None:
    titles = ("Your answer is still awaited (Cleo)", "Look back now (Dora)")
    ours = [Button(address=f"https://e.example/{at}", words=told) for at, told in enumerate(titles)]
    items = "\n\n".join(f"{one.words}\n{one.address}" for one in ours)
    made = hypertext.blocks(f"This waits for you:\n\n{items}\n\nWithout a page (Ed)", ours)
    assert [one.kind for one in made] == ["text", "buttons", "buttons", "text"]
    message = create_message(items, buttons=tuple(ours))
    assert [hypertext.body(message).count(told) for told in titles] == [1, 1]
    two = hypertext.blocks(f"First\n{titles[0]}\n{ours[0].address}", ours)
    assert two[0].lines == ((hypertext.Piece("First"),),), "only that one line"
    other = hypertext.blocks(f"Another line\n{ours[0].address}", ours)
    assert [one.kind for one in other] == ["text", "buttons"]


def test_the_answers_that_are_asked_for_are_a_button_each() -> None:
    one = Button(
        address="https://p.example/a", words="Answer",
        choices=(("https://p.example/a/1", "Yes"), ("https://p.example/a/2", "No")),
    )  # fmt: skip
    (row,) = blocks(one.address, [one])
    assert row.lines == ((Piece("Yes", "https://p.example/a/1"),
                          Piece("No", "https://p.example/a/2")),)  # fmt: skip


def test_an_address_that_somebody_wrote_is_no_button_and_shows_where_it_leads() -> None:
    text = "Reset your password: https://evil.example/login."
    assert blocks(text, [OURS]) == [
        Block("text", ((Piece("Reset your password: "),
                        Piece("https://evil.example/login", "https://evil.example/login"),
                        Piece(".")),)),
    ]  # fmt: skip


def test_what_stands_aside_is_a_link_in_words() -> None:
    aside = Button(address="https://p.example/c", words="Report a problem", aside=True)
    text = f"Is something wrong?\n{aside.address}"
    assert blocks(text, [aside]) == [
        Block(
            "text", ((Piece("Is something wrong?"),), (Piece("Report a problem", aside.address),))
        )
    ]


@pytest.mark.parametrize("typed", [
    "<script>alert(1)</script>", "{person}{0}", '"><img src=x onerror=alert(1)>', "A & B <b>",
    "javascript:alert(1)", "https://e.example/\"onmouseover=\"x", "https://e.example/'x='",
])  # fmt: skip
def test_what_somebody_typed_is_only_ever_text(typed: str) -> None:
    found = Reader(hypertext.page(create_message(f"Hello {typed},\nhow are you?", subject=typed)))
    assert typed in found.words
    assert {tag for tag, _ in found.tags} <= {"html", "head", "meta", "title", "body", "div", "p",
                                              "br", "a"}  # fmt: skip
    for tag, given_ in found.tags:
        assert not {name for name in given_ if name.startswith("on")}
        assert tag != "a" or str(given_["href"]).startswith("https://e.example/")
    assert found.open == []


@given(st.text(), st.sampled_from(["en", "ar", "zz", "pt-BR"]))
def test_any_text_makes_a_whole_document(text: str, locale: str) -> None:
    document = hypertext.page(create_message(text, subject=text, locale=locale))
    assert Reader(document).open == []


def test_nothing_is_loaded_and_nobody_is_followed() -> None:
    document = hypertext.page(create_message(f"Met? {OURS.address}", buttons=(OURS,)))
    assert re.findall(r"https?://[^\"<]+", document) == [OURS.address]
    assert not re.search(r"<(img|link|script|style|iframe)|url\(|src=", document)


@pytest.mark.parametrize(("locale", "turn"), [
    ("en", "ltr"), ("fr", "ltr"), ("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("ur", "rtl"),
])  # fmt: skip
def test_a_message_reads_in_the_direction_of_its_language(locale: str, turn: str) -> None:
    tags = Reader(hypertext.page(create_message(locale=locale))).tags
    for name in ("html", "div"):
        (found,) = (given_ for tag, given_ in tags if tag == name)
        assert (found["lang"], found["dir"]) == (locale, turn)


def test_an_address_is_read_from_left_to_right_in_arabic_too() -> None:
    tags = Reader(hypertext.page(create_message("انظر https://e.example/a", locale="ar"))).tags
    (link,) = (given_ for tag, given_ in tags if tag == "a")
    assert link["dir"] == "ltr"
