"""The words of messages from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_messages_are_listed_worded_shown_and_put_back(
    traders: Path, run: Callable[..., Any]
) -> None:
    assert "Somebody is asked for their yes to a match" in run("template", "list").out
    shown = run("template", "show", "proposal_offered").out
    assert "the words it came with" in shown
    assert "{others}  The names of the others" in shown
    text = run("template", "show", "proposal_offered", "--text").out
    (traders / "offer.txt").write_text(text.replace("Hello", "Dear"))
    told = run("template", "set", "proposal_offered", "--file", "offer.txt", "--was", "0").out
    assert "has the program's own words in en" in told
    assert "Dear {person}" in run("template", "show", "proposal_offered").out
    rows = json.loads(run("template", "list", "--json").out)
    assert [row["name"] for row in rows if row["own"]] == ["proposal_offered"]
    run("template", "set", "proposal_offered", "--file", "offer.txt", "--was", "0", code=5)
    run("template", "reset", "proposal_offered", "--locale", "en")
    assert "Dear {person}" not in run("template", "show", "proposal_offered").out


def test_a_message_is_shown_as_somebody_would_get_it(
    traders: Path, run: Callable[..., Any]
) -> None:
    shown = run("template", "preview", "proposal_offered", "--to", "e1", "--html", "offer.html")
    assert "Hello Chipo Moyo, do you say yes" in shown.out
    assert "The kit has no site, so lines with links to our pages are left out" in shown.err
    assert not run("template", "preview", "proposal_offered", "--json").err
    assert "Chipo Moyo" in (traders / "offer.html").read_text(encoding="utf-8")


def test_what_cannot_be_said_is_refused(traders: Path, run: Callable[..., Any]) -> None:
    (traders / "bad.txt").write_text("Hello\n\nDear {persn}")
    told = run("template", "set", "proposal_offered", "--file", "bad.txt", code=2).err
    assert "{persn} cannot be filled in" in told
    (traders / "flat.txt").write_text("Hello\nDear {person}")
    told = run("template", "set", "proposal_offered", "--file", "flat.txt", code=2).err
    assert "the subject, an empty line, and the text" in told
    assert "no words in sw" in run("template", "show", "relayed", "--locale", "sw", code=2).err
    (traders / "bare.txt").write_text("Hello\n\nDear {person}")
    told = run("template", "set", "proposal_offered", "--file", "bare.txt")
    assert "It lacks {link}" in told.err
