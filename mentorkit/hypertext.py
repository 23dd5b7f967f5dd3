"""The text of a message as HTML: one source for both, and the one place that makes the second.

What somebody typed is only ever text in it. It loads nothing and tells nobody that it was read: no
pictures, scripts or style sheets, and each address is the one that stands in the text. What is our
own address is a button; any other is a link that shows where it leads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from unicodedata import category

from mentorkit.domain.messages import Button, Message
from mentorkit.i18n import is_right_to_left

LABEL = 24
"""A line is the words of its own button up to so many characters; longer, it stands above it."""
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_AFTER = ".,;:!?'\u2019)]}\u060c\u061b\u061f"
"""What ends a sentence or a bracket around an address, and no address."""
_ITEM = re.compile(r"[-*\u2022] +(?=\S)")
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif"
_BODY = f"max-width:36em;margin:0 auto;padding:16px;{_FONT};font-size:16px;line-height:1.5"
_BUTTON = (
    "display:inline-block;margin:4px;padding:11px 20px;border-radius:6px;background-color:#1b5e9e;"
    "color:#ffffff;font-weight:bold;text-decoration:none"
)
_BREAK = "overflow-wrap:anywhere;word-break:break-word"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some words; with an `address`, they lead there."""

    words: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a message: ``text`` and ``list`` have lines of pieces, ``buttons`` are one line."""

    kind: str
    lines: tuple[tuple[Piece, ...], ...]


def blocks(text: str, buttons: Sequence[Button] = ()) -> list[Block]:
    """Return a text as paragraphs, lists (lines that begin with ``- ``) and rows of buttons.

    A line that ends with the address of a button becomes that button. Short words before it
    (``Yes: https://...``) are what is written on it; otherwise it is the button's own. A line that
    says no more than the button below it is left out.
    """
    ours = {one.address: one for one in buttons if _ADDRESS.fullmatch(one.address)}
    made: list[Block] = []
    for kind, pieces in _lines(text, ours):
        last = made[-1] if made else None
        if kind == "buttons" and last and last.lines[-1:] == (tuple(map(_as_told, pieces)),):
            made[-1] = last = Block(last.kind, last.lines[:-1])
        if not pieces:
            made.append(Block("", ()))  # nothing is joined over an empty line
        elif kind == "buttons" and last and last.kind == kind:
            made[-1] = Block(kind, ((*last.lines[0], *pieces),))
        elif kind != "buttons" and last and last.kind == kind:
            made[-1] = Block(kind, (*last.lines, pieces))
        else:
            made.append(Block(kind, (pieces,)))
    return [one for one in made if one.lines]


def _as_told(one: Piece) -> Piece:
    return Piece(one.words)


def page(message: Message) -> str:
    """Return a message as a whole HTML document, for a mail: styled inline, light and dark."""
    tongue, turn = _attribute(message.locale), _direction(message.locale)
    return (
        f'<!doctype html>\n<html lang="{tongue}" dir="{turn}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_plain(message.subject)}</title>\n</head>\n"
        '<body style="margin:0;padding:0">\n'
        # Once more, as a mail program that shows mails in a page of its own drops what is above.
        f'<div lang="{tongue}" dir="{turn}" style="{_BODY}">\n{body(message)}\n</div>\n'
        "</body>\n</html>\n"
    )


def body(message: Message) -> str:
    """Return what stands in that document: `blocks` as HTML, a line each."""
    return "\n".join(_block(one) for one in blocks(message.body, message.buttons))


def _lines(text: str, ours: Mapping[str, Button]) -> Iterator[tuple[str, tuple[Piece, ...]]]:
    for line in text.splitlines():
        line = line.strip()
        words, _, address = line.rpartition(" ")
        button = ours.get(address)
        item = _ITEM.match(line)
        if button and button.aside:
            yield (
                "text",
                (*_pieces(f"{words} " if words else "", ours), Piece(button.words, address)),
            )
        elif button:
            said = words.rstrip().removesuffix(":").rstrip()
            short = said and not button.choices and len(said) <= LABEL
            if said and not short:
                yield "text", tuple(_pieces(words.rstrip(), ours))
            choices = button.choices or ((address, said if short else button.words),)
            yield "buttons", tuple(Piece(each, to) for to, each in choices)
        elif item:
            yield "list", tuple(_pieces(line[item.end() :], ours))
        else:
            yield "text", tuple(_pieces(line, ours))


def _pieces(line: str, ours: Mapping[str, Button]) -> Iterator[Piece]:
    """Return a line with its addresses apart: ours by what it is for, any other as it stands."""
    at = 0
    for found in _ADDRESS.finditer(line):
        address = found[0].rstrip(_AFTER)
        if before := line[at : found.start()]:
            yield Piece(before)
        yield Piece(ours[address].words if address in ours else address, address)
        at = found.start() + len(address)
    if rest := line[at:]:
        yield Piece(rest)


def _block(one: Block) -> str:
    if one.kind == "buttons":
        links = " ".join(_link(each, _BUTTON) for each in one.lines[0])
        return f'<p style="margin:12px 0">{links}</p>'
    lines = ["".join(_inline(line)) for line in one.lines]
    if one.kind == "list":
        items = "".join(f'<li style="margin:4px 0">{line}</li>' for line in lines)
        return f'<ul style="margin:12px 0;padding:0 24px;{_BREAK}">{items}</ul>'
    told = "<br>\n".join(lines)
    return f'<p style="margin:12px 0;{_BREAK}">{told}</p>'


def _inline(pieces: Iterable[Piece]) -> Iterator[str]:
    for one in pieces:
        yield _link(one) if one.address else _plain(one.words)


def _link(one: Piece, style: str = "") -> str:
    # An address reads from left to right in every language.
    turn = ' dir="ltr"' if one.words == one.address else ""
    styled = f' style="{style}"' if style else ""
    return f'<a href="{_attribute(one.address)}"{turn}{styled}>{_plain(one.words)}</a>'


def _plain(text: str) -> str:
    """Return a text in which nothing is markup; what steers a screen is left out."""
    return escape("".join(one for one in text if one == "\t" or category(one) != "Cc"))


def _attribute(text: str) -> str:
    return _plain(text).replace("\t", " ")


def _direction(locale: str) -> str:
    return "rtl" if is_right_to_left(locale) else "ltr"
