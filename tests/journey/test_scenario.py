"""A thousand people from two spreadsheets to a report, three ways, one journal.

Through all eight steps: from Python, by commands (in their runner, and as real processes), and on
the pages. What is recorded is the same, event for event, once random ids are read as what they
stand for, and so is the report.
"""

from __future__ import annotations

import html
import io
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.journey import (
    accept,
    evaluate,
    feedback,
    match,
    meet,
    onboard,
    programs,
    recruit,
    screen,
    steps,
)
from mentorkit.web import blueprint
from mentorkit.worker import work
from tests.web.conftest import Browser, create_host, signed_in

ADMIN = Actor(user_ref="cli", admin=True)
COORDINATOR = "Coordinator One"
TOLD = 40
"""How many are told of their pair before all the answers come in; the rest is overtaken."""
ANSWERS = 3
"""How many answer the survey at the end."""
PLUGINS = ("matching", "csv", "inbox", "survey", "outcomes")


def shared(size: str) -> Path:
    root = Path(__file__).parents[2]
    folder = Path(os.environ.get("MENTORKIT_TEST_DATA", root.parent / "shared" / "data"))
    found = folder / "mentor-match"
    if not (found / size / "mentees.csv").is_file():
        pytest.skip("shared sample data is not here: no mentor-match folder beside the repository")
    return found


def preset(folder: Path) -> dict[str, Any]:
    """Return the shared strategy file as a program's preset: the same data, one level deeper."""
    data = tomllib.loads((folder / "strategy.toml").read_text(encoding="utf-8"))
    own = {key: data.pop(key) for key in ("columns", "fields")}
    for name in ("organisation", "profession"):
        own["fields"].setdefault(name, {"kind": "text"})
    own["measurement"] = {"none": "A test measures nothing."}
    going = {"kind": "ordered", "ordered": ["badly", "fair", "well"], "label": "How did it go?"}
    asked = {
        "title": "At the end", "to": ["mentee"], "questions": {"going": going},
        "when": [{"event": "RelationshipEnded"}],
    }  # fmt: skip
    own |= {"measurement": {"none": "These are made up."}, "questionnaires": {"end": asked}}
    return {"title": "Mentor match", "strategy": data, "consent": "We pair you up.", **own}


def journal(kit: Any, tenant: str = "default") -> list[tuple[Any, ...]]:
    """Return (kind, who or what, role, payload) in order, ids read as what they stand for."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        events = tx.journal.events(limit=None)
        people = {p.id: p.external_key or p.name for p in tx.people.find()}
        known = {p.id: people[p.person_id] for p in tx.participants.find()} | people
    told: list[tuple[Any, ...]] = []
    counts: dict[str, int] = {}

    def name(noun: str, id: str) -> str:
        if id not in known:
            counts[noun] = counts.get(noun, 0) + 1
            known[id] = f"{noun} {counts[noun]}"
        return known[id]

    for event in events:
        subject = name(event.noun, event.subject_id)
        payload = {
            key: name(key.removesuffix("_id"), value)
            if key.endswith("_id") and isinstance(value, str)
            else tuple(name("member", one) for one in value)
            if key in ("members", "attendees")
            else value
            for key, value in event.payload().items()
        }
        told.append((type(event).__name__, subject, event.role, payload))
    return told


def through_python(kit: Any, folder: Path, size: str, tenant: str = "default") -> None:
    at = {"tenant": tenant, "actor": ADMIN}
    programs.create(kit, **at, key="mm", preset=preset(folder))
    programs.appoint(kit, **at, program="mm", role="coordinator", name=COORDINATOR)
    programs.open_(kit, **at, program="mm")
    for role in ("mentor", "mentee"):
        body = (folder / size / f"{role}s.csv").read_bytes()
        leads, problems = recruit.read(
            kit, **at, program="mm", body=body, filename=f"{role}s.csv", role=role
        )
        assert {one.place for one in problems} <= {f"{role}s.csv"}, "no row is left out"
        recruit.receive(kit, **at, program="mm", leads=leads)
    ids = [row["id"] for row in screen.review(kit, **at, program="mm")]
    for verb in (screen.approve, onboard.consent, onboard.complete):
        assert steps.many(kit, verb, ids, noun="participant", **at)["refused"] == []
    run = match.draft(kit, **at, program="mm")
    match.publish(kit, **at, run=run["id"])
    assert work(kit, limit=TOLD)["done"] == TOLD
    offered = [row["id"] for row in match.proposals(kit, **at, program="mm", state="offered")]
    for role in ("mentee", "mentor"):
        yes = {"noun": "proposal", "on_behalf_of": role}
        assert steps.many(kit, accept.accept, offered, **yes, **at)["refused"] == []
    active = [row["id"] for row in meet.relationships(kit, **at, program="mm", state="active")]
    assert steps.many(kit, meet.log, active, noun="relationship", minutes=60, **at)["refused"] == []
    assert steps.many(kit, meet.end, active, noun="relationship", **at)["refused"] == []
    do_all(kit)
    for survey in asked_first(kit, at):
        feedback.answer(kit, **at, survey=survey, answers={"going": "well"})


def do_all(kit: Any) -> None:
    """Do all that was promised."""
    while any(work(kit, limit=1000).values()):
        pass


def asked_first(kit: Any, at: dict[str, Any]) -> list[str]:
    """Return the surveys of the first who were asked, in the order of that."""
    asked = feedback.surveys(kit, **at, program="mm", state="open")
    return sorted(one["id"] for one in asked)[:ANSWERS]


def report(kit: Any, tenant: str = "default") -> list[dict[str, Any]]:
    made = evaluate.report(kit, tenant=tenant, actor=ADMIN, program="mm")
    assert made["failed"] == []
    return made["tables"]


def words(folder: Path, size: str, file: Path) -> list[list[str]]:
    """Return the same as commands."""
    return [
        ["program", "create", "--file", str(file), "--key", "mm"],
        ["staff", "add", "--program", "mm", "--role", "coordinator", "--name", COORDINATOR],
        ["program", "open", "mm"],
        ["recruit", str(folder / size / "mentors.csv"), "--program", "mm", "--role", "mentor"],
        ["recruit", str(folder / size / "mentees.csv"), "--program", "mm", "--role", "mentee"],
        ["participant", "approve", "--program", "mm", "--all"],
        ["participant", "consent", "--program", "mm", "--all"],
        ["participant", "onboard", "--program", "mm", "--all"],
        ["match", "--program", "mm"],
        ["publish", "--program", "mm"],
        ["work", "--once", "--limit", str(TOLD)],
        ["relationship", "accept", "--program", "mm", "--all", "--for", "mentee"],
        ["relationship", "accept", "--program", "mm", "--all", "--for", "mentor"],
        ["relationship", "meet", "--program", "mm", "--all", "--minutes", "60"],
        ["relationship", "end", "--program", "mm", "--all"],
        ["work"],
    ]


def preset_file(folder: Path, tmp_path: Path) -> Path:
    from mentorkit.commands import toml
    from mentorkit.domain.programs import dump_preset, parse_preset

    file = tmp_path / "preset.toml"
    file.write_text(toml.write(dump_preset(parse_preset(preset(folder)))), encoding="utf-8")
    return file


IN_PROCESSES = ("match", "publish", "relationship end")
"""Which commands run as processes of their own: those that draft, write and close the most."""

HOST = """
import os
from datetime import UTC, datetime
from sqlalchemy.orm import sessionmaker
from mentorkit import Kit
from tests.conftest import open_engine

engine = open_engine(os.environ["DATABASE_KIND"], os.environ["DATABASE_URL"])
kit = Kit(
    sessions=sessionmaker(engine),
    plugins=("matching", "csv", "inbox", "survey", "outcomes"),
    clock=lambda: datetime.fromisoformat(os.environ["NOW"]),
)
"""
"""What a host writes for `--kit`: its own engine, on the database of this test."""


# ------------------------------------------------------------------ in a browser


def through_pages(kit: Any, folder: Path, size: str, tenant: str) -> None:
    """Run the same program on its pages, as an admin does who clicks through all of it."""
    at = {"tenant": tenant, "actor": ADMIN}
    programs.create(kit, **at, key="mm", preset=preset(folder))
    app = create_host()
    app.register_blueprint(
        blueprint(kit, tenant=lambda: tenant, actor=signed_in), url_prefix="/mentoring"
    )
    browser = Browser(app.test_client(), "admin")
    browser.open("/programs/mm/")
    browser.send("/programs/mm/staff", role="coordinator", name=COORDINATOR)
    browser.send("/programs/mm/open")
    for role in ("mentor", "mentee"):
        take_in(browser, folder / size / f"{role}s.csv", role)
    for did, state in (("approve", "lead"), ("consent", "approved"), ("complete", "approved")):
        for ids in listed(browser, f"/programs/mm/people?state={state}"):
            browser.send("/programs/mm/people", participant=ids, do=did)
    browser.open("/programs/mm/matching")
    browser.send("/programs/mm/matching")
    browser.send(browser.find(r'action="/mentoring(/programs/mm/matching/[^"/]+/publish)"'))
    assert work(kit, limit=TOLD)["done"] == TOLD
    list_, today = "/programs/mm/relationships", kit.clock().date().isoformat()
    for role in ("mentee", "mentor"):
        for ids in listed(browser, list_, "proposal", "asked_after"):
            browser.send(list_, proposal=ids, do="accept", on_behalf_of=role)
    for typed in ({"do": "meet", "minutes": "60", "day": today}, {"do": "end", "sure": "1"}):
        for ids in listed(browser, f"{list_}?state=active", "relationship"):
            browser.send(list_, 200, relationship=ids, reason="completed", **typed)
    do_all(kit)
    for survey in asked_first(kit, at):
        browser.open(f"/x/survey/mm/{survey}")
        browser.send(f"/x/survey/mm/{survey}", **{"answer.going": "well", "do": "send"})
    assert "Connected" in browser.open("/programs/mm/report")


def take_in(browser: Browser, file: Path, role: str) -> None:
    """Take a sheet in as it is guessed, once what would change was shown."""
    path = "/programs/mm/people/import"
    browser.open(path)
    browser.send(path, sheet=(io.BytesIO(file.read_bytes()), file.name), role=role)
    kept = browser.find(r'name="kept" value="([^"]+)"')
    browser.send(path, kept=kept, name=file.name, role=role, do="import")


def listed(
    browser: Browser, path: str, noun: str = "participant", after: str = "after"
) -> Iterator[list[str]]:
    """Yield the ids that are to be ticked, page by page; the first page again where they go."""
    seen: set[str] = set()
    while True:
        page = browser.open(path)
        ids = re.findall(rf'name="{noun}" value="([^"]+)"', page)
        more = re.search(rf'<a href="/mentoring([^"]*[?&;]{after}=[^"]+)"', page)
        new = [id for id in ids if id not in seen]
        if not new:
            return
        seen.update(new)
        yield new
        if more:
            path = html.unescape(more[1])


# ------------------------------------------------------------------ the same three times


def test_python_the_cli_and_the_pages_leave_the_same_journal(
    create_kit: Any, database: Any, clock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.testing import CliRunner

    from mentorkit.cli import main

    folder = shared("large")
    kit = create_kit(plugins=PLUGINS, secret_keys=["secret"])
    through_python(kit, folder, "large", "python")
    told = journal(kit, "python")
    assert sum(1 for event in told if event[0] == "RelationshipEnded") == 500

    monkeypatch.setattr(sys.modules[__name__], "KIT", kit, raising=False)
    (tmp_path / "host_of_scenario.py").write_text(HOST, encoding="utf-8")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])]),
        "DATABASE_KIND": database.kind,
        "DATABASE_URL": database.url,
        "NOW": clock().isoformat(),
    }
    processes = 0
    for command in words(folder, "large", preset_file(folder, tmp_path)):
        if " ".join(command).startswith(IN_PROCESSES):
            processes += 1
            ran = subprocess.run(
                [sys.executable, "-m", "mentorkit.cli", "--kit", "host_of_scenario:kit", *command],
                env=environment, capture_output=True, text=True, timeout=300,
            )  # fmt: skip
            assert ran.returncode == 0, (command, ran.stdout, ran.stderr)
        else:
            done = CliRunner().invoke(main, ["--kit", f"{__name__}:KIT", *command])
            assert done.exit_code == 0, (command, done.output)
    assert processes == 3
    for survey in asked_first(kit, {"tenant": "default", "actor": ADMIN}):
        command = ["feedback", "answer", survey, "going=well"]
        done = CliRunner().invoke(main, ["--kit", f"{__name__}:KIT", *command])
        assert done.exit_code == 0, done.output

    through_pages(kit, folder, "large", "pages")

    for tenant in ("default", "pages"):
        assert journal(kit, tenant) == told
        assert report(kit, tenant) == report(kit, "python")
    assert report(kit)[0]["rows"]
    for tenant in ("python", "default", "pages"):
        with kit.transaction(tenant=tenant, write=False) as tx:
            counts = tx.outbox.counts()
        assert (counts["waiting"], counts["dead"]) == (0, 0)


def test_real_processes_leave_the_same_journal(tmp_path: Path) -> None:
    import mentorkit

    folder = shared("small")
    kit = mentorkit.Kit.embedded(tmp_path / "python.db")
    kit.upgrade()
    through_python(kit, folder, "small")
    told = journal(kit)
    kit.close()
    file = preset_file(folder, tmp_path)
    database = tmp_path / "cli.db"
    for command in [["db", "upgrade"], *words(folder, "small", file)]:
        subprocess.run(
            [sys.executable, "-m", "mentorkit.cli", "--db", str(database), *command],
            check=True,
            capture_output=True,
            timeout=120,
        )
    listed = subprocess.run(
        [sys.executable, "-m", "mentorkit.cli", "--db", str(database),
         "relationship", "list", "--program", "mm", "--json"],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    assert len(json.loads(listed.stdout)) == 47
    again = mentorkit.Kit.embedded(database)
    for survey in asked_first(again, {"tenant": "default", "actor": ADMIN}):
        subprocess.run(
            [sys.executable, "-m", "mentorkit.cli", "--db", str(database),
             "feedback", "answer", survey, "going=well"],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
    assert journal(again) == told
    again.close()
