"""``mentorkit guide show|preview PROGRAM``: the script of a program as it will read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

TEXT = """\
[[plugins.guide.settings.texts]]
step = "doing"
language = "en"
title = "What do you sell, {person}?"
says = "I sell {answer}."
"""


def test_the_script_is_listed_and_printed_in_a_language(
    traders: Path, run: Callable[..., Any]
) -> None:
    listed = run("guide", "show", "traders").out
    assert "What do you do?" in listed
    assert "staff match people here" in listed
    shown = run("guide", "preview", "traders", "--use", "meet", "--language", "es").out
    assert "Su primer mensaje, paso a paso" in shown
    told = run("guide", "preview", "traders", "--language", "sw", code=2).err
    assert "write one of en, es, fr" in told


def test_words_of_a_programs_own_are_set_from_a_file_and_wrong_ones_refused(
    traders: Path, run: Callable[..., Any]
) -> None:
    (traders / "guide.toml").write_text(TEXT)
    run("program", "set", "traders", "--file", "guide.toml")
    assert "I sell [doing]." in run("guide", "preview", "traders").out
    (traders / "guide.toml").write_text(TEXT.replace("{person}", "{name}"))
    assert (
        "{name} means nothing here"
        in run("program", "set", "traders", "--file", "guide.toml", code=2).err
    )
