"""What pairs and groups do, as somebody types it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


def listed(run: Run, *words: str) -> Any:
    return json.loads(run(*words, "--json").out)


@pytest.fixture
def paired(traders: Path, run: Run) -> str:
    """The id of the relationship of e1 and m1."""
    run("relationship", "propose", "e1", "m1")
    run("relationship", "accept", "e1=m1", "--means", "phone")
    (one,) = listed(run, "relationship", "list", "--state", "active")
    return str(one["id"])


def test_one_relationship_is_shown_with_meetings_and_milestones(paired: str, run: Run) -> None:
    run("relationship", "meet", "e1=m1", "--minutes", "45", "--means", "visit")
    told = run("relationship", "show", "e1=m1").out
    assert "active, 45 minutes together." in told
    assert "two_thirds" in told
    (meeting,) = listed(run, "relationship", "show", paired)["meetings"]
    assert (
        run("relationship", "strike", meeting["id"]).out
        == "The meeting of 45 minutes counts no more.\n"
    )
    assert "struck" in run("relationship", "show", "e1=m1").out


def test_the_history_says_who_noted_what_by_which_means(paired: str, run: Run) -> None:
    run("relationship", "meet", "e1=m1", "--minutes", "45", "--means", "visit")
    told = run("relationship", "history", "e1=m1").out
    assert "MeetingHeld minutes=45" in told
    assert "visit" in told
    newest = listed(run, "relationship", "history", paired)[0]
    assert (newest["what"], newest["role"], newest["means"]) == ("MeetingHeld", "admin", "visit")
    own = listed(run, "--as", "e1", "relationship", "history", paired)
    assert {one["what"] for one in own} >= {"MeetingHeld"}


@pytest.fixture
def portal(traders: Path) -> Iterator[str]:
    """A host's kit on the same database, which signs links."""
    (traders / "meeting_portal.py").write_text(
        "from mentorkit import Kit, Portal\n"
        f"kit = Kit.embedded({str(traders / 'mentorkit.db')!r}, secret_keys=['s'],"
        " site=Portal('https://example.org/m'))\n"
    )
    yield "meeting_portal:kit"
    module = sys.modules.pop("meeting_portal", None)
    if module is not None:
        module.kit.close()


def test_g21_a_link_is_made_and_logs_once(paired: str, portal: str, run: Run) -> None:
    refused = run("relationship", "link", "e1=m1", "--for", "e1", code=5)
    assert "secret_keys" in refused.err
    url = run("--kit", portal, "relationship", "link", "e1=m1", "--for", "e1").out.strip()
    assert url.startswith("https://example.org/m/met/")
    once = ("--kit", portal, "relationship", "met", url, "--minutes", "60")
    assert "Logged a meeting of 60 minutes" in run(*once).out
    assert "already" in run(*once, code=5).err
    missing = run("--kit", portal, "relationship", "link", paired, "--for", "e9", code=3)
    assert "not in this relationship" in missing.err


def test_f30_staff_gather_a_ring_and_one_leaves_it(traders: Path, run: Run) -> None:
    told = run("relationship", "gather", "e1", "e2", "e3", "--means", "phone").out
    assert told == "Brought 3 people together.\n"
    (one,) = listed(run, "relationship", "list")
    assert {member["role"] for member in one["members"]} == {"peer"}
    run("relationship", "meet", "e1=e2", "--minutes", "60")
    run("relationship", "end", one["id"], "--only", "e2", "--reason", "no_time")
    (one,) = listed(run, "relationship", "list")
    assert [m["key"] for m in one["members"] if not m["left_at"]] == ["e1", "e3"]
    assert "e9: is no participant here" in run("relationship", "gather", "e1", "e9", code=2).err


def test_f29_hours_are_counted_by_kind(traders: Path, run: Run) -> None:
    run("relationship", "gather", "e1", "e2", "--mentor", "m2", "--means", "phone")
    (one,) = listed(run, "relationship", "list")
    ids = {member["key"]: member["participant"] for member in one["members"]}
    run("relationship", "meet", one["id"], "--minutes", "90")
    two = ("--attended", ids["e1"], "--attended", ids["m2"])
    run("relationship", "meet", one["id"], "--minutes", "30", *two)
    hours = listed(run, "relationship", "hours")
    assert (hours["group"]["minutes"], hours["individual"]["minutes"]) == (90, 30)
    assert "individual" in run("relationship", "hours", "--since", "2020-01-01").out
    alone = run("relationship", "meet", one["id"], "--minutes", "5", "--attended", "x", code=2).err
    assert "--attended: name two at least" in alone


def test_f23_what_is_due_is_listed_and_looked_at(traders: Path, run: Run, tmp_path: Path) -> None:
    assert "Nothing is due" in run("relationship", "checks").out
    preset = tmp_path / "now.toml"
    preset.write_text(
        (traders / "preset.toml").read_text()
        + '\n[[targets.milestones]]\nkind = "hello"\nday = 0\nasks = ["mentee", "staff"]\n'
    )
    run("program", "create", "--file", preset, "--key", "now")
    run("program", "open", "now")
    at = ("--program", "now")
    sheet = tmp_path / "both.csv"
    sheet.write_text(
        "ref,name,role,trade,village\nx1,Xi,mentee,baker,Ora\nx2,Xu,mentor,baker,Ora\n"
    )
    run("recruit", sheet, *at)
    for step in ("approve", "consent", "onboard"):
        run("participant", step, *at, "--all")
    run("relationship", "propose", "x1", "x2", *at)
    run("relationship", "accept", "--all", *at)
    assert "milestone turned" in run("work").out
    (one,) = listed(run, "relationship", "checks", *at)
    assert (one["kind"], one["awaited"], one["yours"]) == ("hello", ["Xi"], True)
    assert "Xi (x1), Xu (x2)" in run("relationship", "checks", *at).out
    told = run("relationship", "look", one["id"], "--for", "staff", "--note", "Fine.").out
    assert told == "hello: noted; others are still to look back.\n"
    assert run("relationship", "look", one["id"], "--means", "phone").out == "hello: done.\n"


def test_what_wants_looking_at_is_listed_with_the_reason(
    paired: str, traders: Path, run: Run
) -> None:
    assert "Nothing wants looking at" in run("relationship", "flags").out
    (traders / "later.py").write_text(
        "from datetime import UTC, datetime, timedelta\nfrom mentorkit import Kit\n"
        "now = lambda: datetime.now(UTC) + timedelta(days=15)\n"
        f"kit = Kit.embedded({str(traders / 'mentorkit.db')!r}, clock=now)\n"
    )
    (one,) = listed(run, "--kit", "later:kit", "relationship", "flags")
    assert one["relationship"] == paired
    told = run("--kit", "later:kit", "relationship", "flags").out
    assert "never_met" in told
    assert "Chipo Moyo (e1), " in told


def test_f2_a_level_is_set_from_the_command_line(traders: Path, run: Run) -> None:
    told = run("participant", "touch", "e1", "--level", "close", code=2).err
    assert "There is no such level" in told
