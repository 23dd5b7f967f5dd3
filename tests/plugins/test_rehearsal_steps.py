"""A rehearsal that is begun, moved on step by step, read, and cleared without a trace."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound
from mentorkit.journey import concerns, onboard, plugins, programs, protect, recruit, screen
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from mentorkit.worker import work
from mentorkit_rehearse import kept, stepping
from mentorkit_rehearse.running import rehearse

ADMIN = Actor(user_ref="admin", admin=True)
CORA = Actor(user_ref="cora")
BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
AT: dict[str, Any] = {"tenant": "acme", "actor": CORA, "program": "traders"}
PRESET: dict[str, Any] = {
    "title": "Traders",
    "program": {"zone": "Africa/Nairobi"},
    "strategy": {"assigner": "choice"},
    "consent": {"en": "We use what you tell us."},
    "measurement": {"none": "These tests measure nothing."},
}
LEADS = (
    Lead(key="ana", role="mentee", name="Ana", email="ana@example.org"),
    Lead(key="ben", role="mentee", name="Ben", phone="+254700111222"),
    Lead(key="cleo", role="mentor", name="Cleo", email="cleo@example.org"),
    Lead(key="dora", role="mentor", name="Dora"),
)


@pytest.fixture
def world(create_kit: Callable[..., Kit], tmp_path: Path) -> SimpleNamespace:
    """An open program with four people, Cora its coordinator, and a folder for rehearsals."""
    folder = tmp_path / "rehearsals"
    kit = create_kit(
        plugins=("matching", "csv", "inbox", "checkins", "rehearse"),
        secret_keys=["real"],
        settings={"rehearse": {"folder": str(folder)}},
    )
    programs.create(kit, **BY, key="traders", preset=PRESET)
    programs.open_(kit, **BY, program="traders")
    for name in ("cora", "carl"):
        programs.appoint(
            kit, **BY, program="traders", role="coordinator", name=name.title(), user_ref=name
        )
    recruit.receive(kit, **BY, program="traders", leads=LEADS)
    ids = {row["key"]: row["id"] for row in screen.review(kit, **BY, program="traders")}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        assert not many(kit, verb, list(ids.values()), **BY, noun="participant")["refused"]
    return SimpleNamespace(kit=kit, folder=folder, ids=ids)


def files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


def told(found: dict[str, Any] | None) -> list[tuple[str, str, str]]:
    """Return who got what when, the first first."""
    assert found is not None
    return [(one["at"], one["name"], one["template"]) for one in reversed(found["items"])]


def test_it_is_begun_moved_on_read_and_cleared_without_a_trace(world: SimpleNamespace) -> None:
    kit = world.kit
    assert stepping.show(kit, **AT) is None
    begun = stepping.begin(kit, **AT)
    assert (begun["day"], begun["people"], begun["messages"]) == (0, 4, 0)
    moved = stepping.forward(kit, **AT, days=12)
    assert moved["day"] == moved["goal"] == 12
    assert moved["messages"] >= 4  # who is silent is asked, and asked again
    assert {one["name"] for one in moved["readers"]} & {"Ana", "Ben"}
    offered = next(one for one in moved["items"] if one["template"] == "proposal_offered")
    one = stepping.read(kit, **AT, message=offered["number"])
    assert one["name"] in one["body"]
    assert any(block["kind"] == "buttons" for block in one["blocks"])
    stepping.end(kit, **AT)
    assert stepping.show(kit, **AT) is None
    assert sorted(world.folder.rglob("*")) == []
    with pytest.raises(NotFound):
        stepping.read(kit, **AT, message=offered["number"])
    stepping.end(kit, **AT)  # none is no error


@pytest.mark.parametrize("parts", [(9, 11), (1, 2, 17), (7, 7, 6)])
def test_moved_on_in_parts_it_is_what_it_is_in_one(
    world: SimpleNamespace, parts: tuple[int, ...]
) -> None:
    whole = rehearse(world.kit, **AT, days=20)
    stepping.begin(world.kit, **AT)
    for days in parts:
        stepping.forward(world.kit, **AT, days=days)
    found = stepping.show(world.kit, **AT, limit=1000)
    assert told(found) == [(one.at.isoformat(), one.name, one.template) for one in whole.got]


def test_what_takes_long_stops_on_the_way_and_goes_on_when_asked_again(
    world: SimpleNamespace,
) -> None:
    stepping.begin(world.kit, **AT)
    stopped = stepping.forward(world.kit, **AT, days=20, seconds=0)
    assert (stopped["day"], stopped["goal"], stopped["broken"]) == (0, 20, False)
    assert stepping.forward(world.kit, **AT, days=20)["day"] == 20


def test_messages_come_page_by_page_and_of_one_person(world: SimpleNamespace) -> None:
    stepping.begin(world.kit, **AT)
    every = stepping.forward(world.kit, **AT, days=15)
    first = stepping.show(world.kit, **AT, limit=3)
    assert first is not None
    then = stepping.show(world.kit, **AT, before=first["next"], limit=1000)
    assert then is not None
    assert [*first["items"], *then["items"]] == every["items"]
    ana = next(one for one in every["readers"] if one["name"] == "Ana")
    hers = stepping.show(world.kit, **AT, person=ana["person"])
    assert hers is not None
    assert {one["name"] for one in hers["items"]} == {"Ana"}
    assert len(hers["items"]) == ana["count"]


def test_each_of_the_staff_has_their_own(world: SimpleNamespace) -> None:
    carl = {**AT, "actor": Actor(user_ref="carl")}
    stepping.begin(world.kit, **AT)
    assert stepping.show(world.kit, **carl) is None
    stepping.begin(world.kit, **carl, people=6)
    stepping.end(world.kit, **carl)
    assert stepping.show(world.kit, **AT) is not None


def test_made_up_people_take_the_place_of_its_own(world: SimpleNamespace) -> None:
    begun = stepping.begin(world.kit, **AT, people=8, silent=True)
    assert (begun["people"], begun["made_up"], begun["silent"]) == (8, True, True)
    moved = stepping.forward(world.kit, **AT, days=3)
    assert "Ana" not in {one["name"] for one in moved["readers"]}


def test_only_staff_come_to_it(world: SimpleNamespace) -> None:
    for actor in (Actor(), Actor(user_ref="stranger"), Actor(user_ref="ana")):
        at = {**AT, "actor": actor}
        with pytest.raises(NotAllowed):
            stepping.begin(world.kit, **at)
        with pytest.raises(NotAllowed):
            stepping.show(world.kit, **at)
    assert not world.folder.exists()


@pytest.mark.parametrize("days", [0, -1, 61, True])
def test_too_many_days_at_once_are_refused(world: SimpleNamespace, days: int) -> None:
    stepping.begin(world.kit, **AT)
    with pytest.raises(Invalid, match="not moved on"):
        stepping.forward(world.kit, **AT, days=days)


def test_without_one_there_is_nothing_to_move_on_and_a_second_is_refused(
    world: SimpleNamespace,
) -> None:
    with pytest.raises(NotFound, match="Begin one"):
        stepping.forward(world.kit, **AT, days=1)
    stepping.begin(world.kit, **AT)
    with pytest.raises(Conflict, match="End it first"):
        stepping.begin(world.kit, **AT)


def test_two_windows_do_not_move_it_at_once(world: SimpleNamespace) -> None:
    stepping.begin(world.kit, **AT)
    _, _, own = stepping._kept(world.kit, "acme", CORA, "traders")
    with own.turn():
        for step in (lambda: stepping.forward(world.kit, **AT, days=1),
                     lambda: stepping.end(world.kit, **AT)):  # fmt: skip
            with pytest.raises(Conflict, match="at work just now"):
                step()
    stepping.forward(world.kit, **AT, days=1)


def test_a_program_of_a_crowd_is_not_rehearsed_by_who_waits_for_a_page(
    world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stepping, "CROWD", 3)
    with pytest.raises(Conflict, match="command line"):
        stepping.begin(world.kit, **AT)
    stepping.begin(world.kit, **AT, people=2)


def test_a_copy_that_fails_leaves_nothing(
    world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: object) -> None:
        raise RuntimeError("no room")

    monkeypatch.setattr(stepping, "fill", fails)
    with pytest.raises(RuntimeError):
        stepping.begin(world.kit, **AT)
    assert files(world.folder) == []


def test_one_that_was_cut_off_at_work_says_so_until_it_goes_on(
    world: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepping.begin(world.kit, **AT)
    with monkeypatch.context() as patched, pytest.raises(RuntimeError):
        patched.setattr(stepping, "drain", _fail)
        stepping.forward(world.kit, **AT, days=2)
    found = stepping.show(world.kit, **AT)
    assert found is not None
    assert found["broken"]
    assert not stepping.forward(world.kit, **AT, days=2)["broken"]


def _fail(*args: object) -> None:
    raise RuntimeError("the machine stops")


def test_whoever_is_erased_stands_in_no_rehearsal_any_more(world: SimpleNamespace) -> None:
    stepping.begin(world.kit, **AT)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        ana = tx.participants.get(world.ids["ana"]).person_id
    protect.erase(world.kit, **BY, person=ana)
    while any(work(world.kit).values()):
        pass
    assert files(world.folder) == []
    assert stepping.show(world.kit, **AT) is None


def test_before_the_worker_has_heard_of_it_the_page_looks_itself(world: SimpleNamespace) -> None:
    stepping.begin(world.kit, **AT)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        ana = tx.participants.get(world.ids["ana"]).person_id
    protect.erase(world.kit, **BY, person=ana)
    assert stepping.show(world.kit, **AT) is None
    assert files(world.folder) == []


def test_one_that_is_left_alone_for_two_days_is_cleared(world: SimpleNamespace) -> None:
    stepping.begin(world.kit, **AT)
    old = time.time() - kept.UNTOUCHED.total_seconds() - 60
    for path in [*world.folder.rglob("*")][::-1]:
        os.utime(path, (old, old))
    assert stepping.show(world.kit, **{**AT, "actor": ADMIN}) is None  # whoever looks at theirs
    assert files(world.folder) == []


def test_nothing_but_rehearsals_is_ever_cleared(world: SimpleNamespace) -> None:
    stepping.begin(world.kit, **AT)
    (tenant,) = (world.folder / kept.OURS).iterdir()
    kept_by_others = [
        world.folder / "backups" / "2026-01" / "dump.sql",
        tenant / "notes" / "dump.sql",
        tenant / ("0" * 40) / "dump.sql",
    ]
    for path in kept_by_others:
        path.parent.mkdir(parents=True)
        path.write_text("everything")
    old = time.time() - kept.UNTOUCHED.total_seconds() - 60
    for path in [*world.folder.rglob("*")][::-1]:
        os.utime(path, (old, old))
    assert stepping.show(world.kit, **AT) is None
    assert sorted(files(world.folder)) == sorted(kept_by_others)


def test_nobody_else_on_the_machine_reads_it(world: SimpleNamespace) -> None:
    stepping.begin(world.kit, **AT)
    assert world.folder.stat().st_mode & 0o077 == 0
    world.folder.chmod(0o755)
    with pytest.raises(Conflict, match="others may open it"):
        stepping.show(world.kit, **AT)


def test_what_is_told_of_a_concern_is_in_none(world: SimpleNamespace) -> None:
    told_of = {"kind": "other", "text": "Something happened."}
    concerns.raise_(world.kit, **BY, program="traders", **told_of)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert tx.outbox.find(name="concern_raised", state="waiting")
    stepping.begin(world.kit, **AT)
    stepping.forward(world.kit, **AT, days=2)
    found = stepping.show(world.kit, **AT, limit=1000)
    assert "concern_raised" not in {template for _, _, template in told(found)}


def test_switched_off_there_is_none(world: SimpleNamespace) -> None:
    plugins.change(world.kit, **BY, program="traders", plugin="rehearse", on=False)
    with pytest.raises(Conflict, match="switched rehearsals off"):
        stepping.begin(world.kit, **AT)
