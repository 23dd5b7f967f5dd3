"""When two addresses are the same: stated once, and held to."""

from __future__ import annotations

import unicodedata

import pytest

from mentorkit.domain.people import folded


@pytest.mark.parametrize(
    "ways",
    [
        ("mary@example.org", " Mary@Example.ORG ", "MARY@EXAMPLE.ORG"),
        ("jos\u00e9@example.org", "JOS\u00c9@example.org", "jose\u0301@example.org"),
        ("a@b\u00fccher.example", "A@B\u00dcCHER.example", "a@xn--bcher-kva.example"),
        ("\u0646\u0648\u0631@example.org", "\u0646\u0648\u0631@EXAMPLE.org"),
        ("+254 700 123456", "00254-700-123.456", "(254) 700/123456", "254700123456"),
        ("\u0660\u0667\u0660\u0660\u0661\u0662\u0663\u0664", "07001234"),
    ],
)  # fmt: skip
def test_g19_one_address_written_in_several_ways_is_one(ways: tuple[str, ...]) -> None:
    assert len({folded(one) for one in ways}) == 1
    assert folded(ways[0])
    assert folded(folded(ways[0])) == folded(ways[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a.b@example.org", "ab@example.org"),
        ("a+x@example.org", "a@example.org"),
        ("a@example.org", "a@example.com"),
        ("+254700123456", "0700123456"),
        ("+254700123456", "+255700123456"),
    ],
)
def test_g19_what_only_looks_alike_is_another_address(one: str, other: str) -> None:
    assert folded(one) != folded(other)


@pytest.mark.parametrize(
    "text",
    ["", " ", "ana", "@", "a@", "@example.org", "12345", "1" * 16, "call 254700123456", "-()"],
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert folded(text) == ""


def test_what_is_typed_stays_in_its_alphabet() -> None:
    assert folded(unicodedata.normalize("NFD", "Đorđé@example.org")) == "đorđé@example.org"
