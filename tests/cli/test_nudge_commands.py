"""Who is prompted, and when, from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any


def test_the_next_days_are_listed_and_nothing_is_sent(
    traders: Path, run: Callable[..., Any]
) -> None:
    assert "Nobody is prompted in the next 30 days." in run("nudge", "preview").out
    run("relationship", "propose", "e1", "m1")
    told = run("nudge", "preview", "traders", "--days", "14").out
    assert "Your answer is still awaited" in told
    assert "1 prompt" in told
    (row,) = json.loads(run("nudge", "preview", "--json").out)
    assert (row["template"], row["outcome"]) == ("answer_reminder", "sent")
    assert run("nudge", "preview", "--days", "93", code=2).err


def test_what_goes_in_the_message_of_another_is_counted_apart(
    traders: Path, run: Callable[..., Any]
) -> None:
    run("relationship", "propose", "e1", "m1")
    run("relationship", "propose", "e1", "m2")
    manners = traders / "manners.toml"
    manners.write_text('[manners]\ndigest = "daily"\n', encoding="utf-8")
    run("program", "set", "traders", "--file", str(manners))
    told = run("nudge", "preview", "traders").out
    sent = [line for line in told.splitlines() if "Your answer is still awaited" in line]
    at = next(at for at, line in enumerate(sent) if "in the same message" in line)
    assert sent[at].split("  ")[:2] == sent[at - 1].split("  ")[:2], "it follows its message"
    assert "2 prompts, 1 of them in another's message\n" in told
