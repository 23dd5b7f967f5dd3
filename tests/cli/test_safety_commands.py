"""Concerns, texts that wait, and who is kept apart, on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


@pytest.fixture
def paired(traders: Path, run: Run) -> Path:
    """A program in which e1 and m1 are connected, and e2 and m2 are asked."""
    run("match")
    run("publish")
    run("relationship", "accept", "e1=m1")
    return traders


def rows(run: Run, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*words, "--json").out)
    return found


def test_f20_a_concern_is_raised_taken_noted_and_closed(paired: Path, run: Run) -> None:
    done = run("--as", "e1", "concern", "raise", "--kind", "money", "--about", "m1", "--apart",
               "--text", "He wants money.")  # fmt: skip
    assert "raised and kept" in done.out
    assert "kept apart from now on" in done.out
    assert "money" in run("concern", "list").out
    (one,) = rows(run, "concern", "list")
    assert (one["raised_name"], one["state"]) == ("Chipo Moyo", "raised")
    told = run("concern", "take", one["id"]).out
    assert "taken, with an admin" in told
    assert "He wants money." in told
    assert "It is about the relationship of Aïcha Ouédraogo, Chipo Moyo." in told
    assert "taken already" in run("concern", "take", one["id"], code=5).err
    assert "I called." in run("concern", "note", one["id"], "--text", "I called.").out
    closed = run("concern", "close", one["id"], "--outcome", "talked_to", "--note", "Done.").out
    assert "closed (talked_to)" in closed
    assert rows(run, "concern", "list", "--state", "raised") == []
    assert "raised" in run("concern", "reopen", one["id"]).out
    assert (
        json.loads(run("concern", "show", one["id"], "--json").out)["notes"][1]["text"] == "Done."
    )
    for words in (("list",), ("show", one["id"]), ("take", one["id"])):
        told = run("--as", "m1", "concern", *words, code=4 if words == ("list",) else 3).err
        assert "Chipo" not in told


def test_staff_raise_one_for_somebody_and_anybody_without_a_name(paired: Path, run: Run) -> None:
    run("concern", "raise", "--kind", "other", "--for", "e1", "--about", "m2", "--means", "phone",
        "--text", "She phoned.")  # fmt: skip
    run("--as", "e2", "concern", "raise", "--kind", "other", "--anonymous", "--text", "Hm.")
    names = {(one["raised_name"], one["about"]) for one in rows(run, "concern", "list")}
    assert names == {("Chipo Moyo", "Ben Okafor"), ("", "")}
    wrong = run("--as", "e2", "concern", "raise", "--kind", "other", "--about", "m1", code=3)
    assert "nobody of this name" in wrong.err
    assert "wrong" not in run("concern", "raise", "--kind", "gossip", code=2).out


def test_two_are_kept_apart_and_brought_together_again(paired: Path, run: Run) -> None:
    assert "kept apart from now on" in run("person", "block", "e1", "m1", "--means", "phone").out
    assert "Chipo Moyo" in run("person", "blocks").out
    assert "not to be brought" in run("relationship", "propose", "e1", "m1", code=5).err
    assert rows(run, "--as", "m1", "person", "blocks") == []
    assert "no such person" in run("--as", "m1", "person", "unblock", "e1", "m1", code=3).err
    assert "brought together again" in run("--as", "e1", "person", "unblock", "e1", "m1").out
    assert "Nobody is kept apart." in run("person", "blocks").out
    run("relationship", "propose", "e1", "m1")


def test_a_text_is_held_released_and_refused(paired: Path, run: Run) -> None:
    settings = '{"settings": {"words": ["idiot"], "kinds": ["phone"]}}'
    from mentorkit.domain.people import Actor
    from mentorkit.journey import programs
    from mentorkit.kit import Kit

    kit = Kit.embedded("mentorkit.db")
    programs.define(
        kit, tenant="default", actor=Actor(user_ref="cli", admin=True), program="traders",
        kind="plugin", key="wordlist", body=json.loads(settings),
    )  # fmt: skip
    kit.close()
    told = run("--as", "e2", "relationship", "ask", "e2=m2", "--text", "Call +254 700 123 456!")
    assert "looked at first" in told.out
    assert "nothing was asked" in run("relationship", "talk", "e2=m2").out
    listed = run("content", "list").out
    assert "(phone)" in listed
    assert "Call +254 700 123 456!" in listed
    (one,) = rows(run, "content", "list")
    assert "waits" in run("--as", "e2", "content", "own").out
    assert "Not passed on: 1." in run("content", "refuse", one["id"], "--note", "Be kind.").out
    assert "not passed on: Be kind." in run("--as", "e2", "content", "own").out
    run("--as", "e2", "relationship", "ask", "e2=m2", "--text", "What an idiot")
    (one,) = rows(run, "--as", "e2", "content", "own")
    assert "Taken back: 1." in run("--as", "e2", "content", "take-back", one["id"]).out
    assert "No text waits." in run("--as", "e2", "content", "own").out
    run("--as", "e2", "relationship", "ask", "e2=m2", "--text", "Are you an IDIOT?")
    (one,) = rows(run, "content", "list")
    assert one["reason"] == "word"
    assert "Passed on: 1." in run("content", "release", one["id"]).out
    assert "IDIOT" in run("relationship", "talk", "e2=m2").out
    assert "No text waits." in run("content", "list").out
    assert "Replied about" in run(
        "--as", "m2", "relationship", "reply", "e2=m2", "--text", "No."
    ).out  # fmt: skip
