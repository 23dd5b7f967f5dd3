"""Announcements: to a group, in the reader's language, once to each, never to who wants none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import Manifest, Portal, hookimpl
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound
from mentorkit.hooks import Channel, Receipt, Undeliverable
from mentorkit.journey import (
    accept,
    announcements,
    match,
    meet,
    onboard,
    plugins,
    programs,
    protect,
    recruit,
    screen,
)
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from mentorkit.testing.clock import Clock
from mentorkit.worker import work
from mentorkit_announce import commands, groups, looking, sending

ADMIN = Actor(user_ref="admin", admin=True)
AT: dict[str, Any] = {"tenant": "acme", "actor": ADMIN, "program": "traders"}
TEXT = {
    "en": {"subject": "A webinar: {program}", "body": "Hello {person}, come on Monday."},
    "es": {"subject": "Un seminario: {program}", "body": "Hola {person}, ven el lunes."},
}
LEADS = (
    Lead(key="ana", role="mentee", name="Ana", locale="es-MX", email="ana@example.org"),
    Lead(key="ben", role="mentee", name="Ben", locale="fr", phone="+254700111222"),
    Lead(key="eve", role="mentee", name="Eve", cohort="spring"),
    Lead(key="cleo", role="mentor", name="Cleo"),
    Lead(key="dora", role="mentor", name="Dora", locale="es", cohort="spring"),
)
PRESET: dict[str, Any] = {
    "title": "Traders",
    "fields": {"trade": {"kind": "text"}},
    "strategy": {"assigner": "choice"},
    "consent": {"en": "We use what you tell us."},
    "measurement": {"none": "These tests measure nothing."},
    "cohorts": [{"key": "spring", "starts": "2027-03-01", "ends": "2027-09-01"}],
}


class Post(Channel):
    """Keeps what it is handed; it refuses whoever is in `refused`."""

    name = "post"

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.refused: set[str] = set()

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return True

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        if person.name in self.refused:
            raise Undeliverable("channel.stopped")
        self.sent.append(message)
        return Receipt(channel="post", reference=message.key)


@pytest.fixture
def world(create_kit: Callable[..., Kit]) -> SimpleNamespace:
    post = Post()

    @hookimpl
    def channels() -> list[Channel]:
        return [post]

    plugin = SimpleNamespace(
        manifest=Manifest(title="Post"), mentorkit_notification_channels=channels
    )
    kit = create_kit(plugins=("matching", "csv", "announce", ("post", plugin)))
    programs.create(kit, tenant="acme", actor=ADMIN, key="traders", preset=PRESET)
    programs.open_(kit, **AT)
    recruit.receive(kit, **AT, leads=LEADS)
    rows = screen.review(kit, **AT)
    ids = {row["key"]: row["id"] for row in rows}
    by: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        assert not many(kit, verb, list(ids.values()), **by, noun="participant")["refused"]
    offered = match.propose(kit, **by, mentee=ids["ana"], mentor=ids["cleo"])
    pair = accept.accept(kit, **by, proposal=offered["id"])["relationship"]["id"]
    world = SimpleNamespace(
        kit=kit, post=post, ids=ids, by=by, pair=pair,
        persons={row["key"]: row["person_id"] for row in rows},
    )  # fmt: skip
    deliver(world)
    post.sent.clear()
    return world


def deliver(world: Any) -> list[Any]:
    """Do the work; return the announcements that were handed over since."""
    while any(work(world.kit).values()):
        pass
    return [one for one in world.post.sent if one.template == "announcement"]


def names(world: Any, **group: str) -> set[str]:
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (program,) = tx.programs.find()
        people = set(groups.people_in(tx, program, **group))
    return {key for key, id in world.ids.items() if id in people}


def test_a_group_is_a_side_the_pairs_who_waits_a_cohort_or_a_language(world: Any) -> None:
    assert names(world) == set(world.ids)
    assert names(world, to="mentees") == {"ana", "ben", "eve"}
    assert names(world, to="mentors") == {"cleo", "dora"}
    assert names(world, to="active") == {"ana", "cleo"}
    assert names(world, to="waiting") == {"ben", "eve", "dora"}
    assert names(world, to="mentors", cohort="spring") == {"dora"}
    assert names(world, language="es") == {"ana", "dora"}


def test_who_has_met_less_than_two_hours_in_the_last_month_is_a_group(
    world: Any, clock: Clock
) -> None:
    clock.forward(days=45)  # April, past the grace days after March
    assert names(world, to="below") == {"ana", "cleo"}
    held = clock() - (clock() - clock().replace(month=3, day=20))
    meet.log(world.kit, **world.by, relationship=world.pair, minutes=120, held_at=held)
    assert names(world, to="below") == set()


def test_who_asks_for_no_group_is_told_which_there_are(world: Any) -> None:
    with pytest.raises(Invalid) as told:
        names(world, to="friends", cohort="autumn")
    assert [one.place for one in told.value.problems] == ["to", "cohort"]
    assert "everybody, mentees" in str(told.value.problems[0])
    assert "spring" in str(told.value.problems[1])


def test_everybody_gets_it_in_their_language(world: Any) -> None:
    done = sending.send(world.kit, **AT, text=TEXT)
    assert (done["promised"], done["left_out"]) == (5, {})
    got = {one.body for one in deliver(world)}
    assert got == {
        "Hola Ana, ven el lunes.",
        "Hola Dora, ven el lunes.",
        "Hello Ben, come on Monday.",  # who reads neither
        "Hello Eve, come on Monday.",
        "Hello Cleo, come on Monday.",
    }
    assert {one.subject for one in world.post.sent} == {
        "A webinar: Traders",
        "Un seminario: Traders",
    }


def test_a_person_gets_it_once_however_often_it_is_sent(world: Any) -> None:
    sending.send(world.kit, **AT, text=TEXT, to="mentors")
    deliver(world)
    again = sending.send(world.kit, **AT, text=TEXT)  # a wider group: the others get it
    assert (again["promised"], again["left_out"]) == (3, {"before": 2})
    assert sending.send(world.kit, **AT, text=TEXT)["promised"] == 0
    assert len(deliver(world)) == 5
    assert len({one.key for one in world.post.sent}) == 5


def test_the_same_words_go_out_once_more_under_another_key(world: Any) -> None:
    for key in ("march", "march", "april"):
        sending.send(world.kit, **AT, text=TEXT, key=key, to="mentors")
    assert len(deliver(world)) == 4
    other = {"en": {"subject": "Other", "body": "Words."}}
    with pytest.raises(Conflict) as told:
        sending.send(world.kit, **AT, text=other, key="march")
    assert told.value.code == "announcement.other_text"


def test_nobody_gets_one_who_has_not_agreed_has_left_or_was_erased(world: Any) -> None:
    kit, ids = world.kit, world.ids
    onboard.withdraw(kit, **world.by, participant=ids["ben"])
    recruit_left = {"participant": ids["eve"]}
    onboard.leave(kit, **world.by, **recruit_left)
    protect.erase(kit, **world.by, person=world.persons["dora"])
    done = sending.send(kit, **AT, text=TEXT)
    assert done["promised"] == 2
    assert done["left_out"] == {"no_consent": 1, "left": 1, "erased": 1}
    assert {one.person_id for one in deliver(world)} == {
        world.persons["ana"],
        world.persons["cleo"],
    }


def test_what_changes_before_it_is_sent_is_heeded_too(world: Any) -> None:
    sending.send(world.kit, **AT, text=TEXT)
    onboard.withdraw(world.kit, **world.by, participant=world.ids["ben"])
    onboard.leave(world.kit, **world.by, participant=world.ids["eve"])
    protect.erase(world.kit, **world.by, person=world.persons["dora"])
    world.post.refused.add("Cleo")
    assert {one.person_id for one in deliver(world)} == {world.persons["ana"]}
    (row,) = looking.made(world.kit, **AT)
    assert (row["promised"], row["sent"], row["waiting"], row["missed"]) == (5, 1, 0, 4)
    one = looking.result(world.kit, **AT, announcement=row["key"])
    assert {each["name"]: each["code"] for each in one["people"]} == {
        "Ben": "no_consent",
        "Eve": "left",
        "": "erased",
        "Cleo": "channel.stopped",
    }
    assert "stop" in next(each["why"] for each in one["people"] if each["name"] == "Cleo")


def test_switched_off_before_it_is_sent_none_goes_out(world: Any) -> None:
    sending.send(world.kit, **AT, text=TEXT)
    plugins.change(world.kit, **AT, plugin="announce", on=False)
    assert deliver(world) == []
    assert looking.made(world.kit, **AT)[0]["why"] == {"plugin_disabled": 5}
    with pytest.raises(Conflict, match="switched announcements off"):
        sending.send(world.kit, **AT, text=TEXT, key="new")


def test_nobody_gets_more_a_week_than_the_program_allows(world: Any, clock: Clock) -> None:
    plugins.change(world.kit, **AT, plugin="announce", settings={"a_week": 1})
    sending.send(world.kit, **AT, text=TEXT, key="one", to="mentors")
    done = sending.send(world.kit, **AT, text=TEXT, key="two")
    assert (done["promised"], done["left_out"]) == (3, {"often": 2})
    clock.forward(days=8)
    assert sending.send(world.kit, **AT, text=TEXT, key="two")["promised"] == 2


@pytest.fixture
def at_once(world: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """Return what announces under two keys at once, each as far as the other where it can."""
    allowed, both = announcements.allowed, threading.Barrier(2)

    def together(*args: Any, **given: Any) -> Any:
        found = allowed(*args, **given)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return found

    def announce(*keys: str, **given: Any) -> list[dict[str, Any]]:
        people = list(world.ids.values())
        call = partial(announcements.announce, world.kit, **AT, text=TEXT, people=people, **given)
        monkeypatch.setattr(announcements, "allowed", together)
        with ThreadPoolExecutor(2) as pool:
            return [one.result() for one in [pool.submit(call, key=key) for key in keys]]

    return announce


def test_two_at_once_keep_to_the_cap_as_well(
    at_once: Callable[..., list[dict[str, Any]]],
) -> None:
    one, other = sorted(at_once("one", "other", a_week=1), key=lambda told: int(told["promised"]))
    assert one["promised"] == 0
    assert one["left_out"]["often"] == other["promised"] > 1


def test_one_that_is_sent_twice_at_once_is_counted_once(
    world: Any, at_once: Callable[..., list[dict[str, Any]]]
) -> None:
    first = [world.ids["ana"]]
    announcements.announce(world.kit, **AT, text=TEXT, people=first, key="same")
    promised = sorted(told["promised"] for told in at_once("same", "same"))
    assert promised[0] == 0
    with world.kit.transaction(tenant="acme", write=False) as tx:
        rows = tx.outbox.find(name="announcement")
        told = tx.journal.of("announcement", rows[0].program_id)
    assert [one.people for one in told] == [1, promised[1]] == [1, len(rows) - 1]


def test_a_preview_counts_shows_real_people_and_promises_nothing(world: Any) -> None:
    onboard.withdraw(world.kit, **world.by, participant=world.ids["eve"])
    found = sending.look(world.kit, **AT, text=TEXT, to="mentees")
    assert (found["promised"], found["left_out"]) == (2, {"no_consent": 1})
    assert [(one["locale"], one["name"], one["count"]) for one in found["examples"]] == [
        ("en", "Ben", 1),
        ("es", "Ana", 1),
    ]
    assert found["examples"][1]["body"] == "Hola Ana, ven el lunes."
    assert deliver(world) == []
    assert looking.made(world.kit, **AT) == []


def test_a_preview_is_what_is_sent(world: Any) -> None:
    examples = sending.look(world.kit, **AT, text=TEXT)["examples"]
    sending.send(world.kit, **AT, text=TEXT)
    sent = {one.person_id: (one.subject, one.body) for one in deliver(world)}
    for one in examples:
        person = world.persons[one["name"].casefold()]
        assert sent[person] == (one["subject"], one["body"])


def test_a_preview_shows_no_link_that_speaks_for_its_reader(world: Any) -> None:
    world.kit.site, world.kit.secret_keys = Portal("https://example.org/m"), ("secret",)
    text = {"en": {"subject": "A", "body": "Look: {link}"}}
    (one,) = sending.look(world.kit, **AT, text=text)["examples"]
    assert one["body"] == "Look: https://example.org/m/"
    sending.send(world.kit, **AT, text=text)
    assert all(f"{one['body']}\n\n" in got.body for got in deliver(world))
    assert all("/concern/" in got.body for got in world.post.sent)


def test_above_the_limit_nobody_gets_it(world: Any) -> None:
    with pytest.raises(Conflict) as told:
        sending.send(world.kit, **AT, text=TEXT, limit=4)
    assert told.value.code == "announcement.too_many"
    assert deliver(world) == []
    assert sending.send(world.kit, **AT, text=TEXT, limit=5)["promised"] == 5


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ({}, "text", "at least one language"),
        ({"en": {"subject": "A", "body": " "}}, "body.en", "is empty"),
        ({"en": {"subject": "A" * 201, "body": "B"}}, "subject.en", "at most 200"),
        ({"en": {"subject": "A", "body": "{mentor}"}}, "body.en", "{mentor} cannot be filled in"),
        ({"en": {"subject": "A", "body": "{"}}, "body.en", "no partner"),
        ({"English": {"subject": "A", "body": "B"}}, "English", "no language"),
    ],
)
def test_a_text_that_cannot_be_sent_is_told_where(
    world: Any, text: Any, place: str, told: str
) -> None:
    with pytest.raises(Invalid) as error:
        sending.send(world.kit, **AT, text=text)
    (problem,) = error.value.problems
    assert problem.place == place
    assert told in problem.message


def test_only_coordinators_announce_and_look(world: Any) -> None:
    mine: dict[str, Any] = {**AT, "actor": Actor(person_id=world.persons["ana"])}
    for ask in (sending.send, sending.look):
        with pytest.raises(NotAllowed):
            ask(world.kit, **mine, text=TEXT)
    with pytest.raises(NotAllowed):
        looking.made(world.kit, **mine)
    with pytest.raises(NotAllowed):
        groups.sheet(world.kit, **mine)
    with pytest.raises(NotFound):
        looking.result(world.kit, **AT, announcement="none")


def test_the_outbox_and_the_journal_hold_no_word_of_it(world: Any) -> None:
    sending.send(world.kit, **AT, text=TEXT)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        jobs = tx.outbox.find(name="announcement")
        (event,) = tx.journal.of("announcement", jobs[0].program_id or "")
    assert len(jobs) == 5
    assert event.payload() == {"people": 5}
    assert all(not job.body and "webinar" not in repr(job) for job in jobs)


def test_a_sheet_holds_the_group_with_addresses_and_nobody_who_wants_none(world: Any) -> None:
    onboard.withdraw(world.kit, **world.by, participant=world.ids["eve"])
    made = groups.sheet(world.kit, **AT, to="mentees")
    lines = made["body"].decode("utf-8-sig").splitlines()
    assert lines[0] == "key,name,role,language,cohort,email,phone"
    assert [line.split(",")[0] for line in lines[1:]] == ["ana", "ben"]
    assert "ana@example.org" in lines[1]
    assert "+254700111222" in lines[2]
    assert (made["rows"], made["left_out"]) == (2, {"no_consent": 1})


def context(world: Any) -> Any:
    return SimpleNamespace(kit=world.kit, tenant="acme", actor=ADMIN)


def test_the_command_sends_a_file_and_tells_what_became_of_it(world: Any, tmp_path: Path) -> None:
    plain, several = tmp_path / "news.txt", tmp_path / "news.toml"
    plain.write_text("Hello {person}.\n", encoding="utf-8")
    several.write_text(
        '[en]\nsubject = "News"\nbody = "Hello."\n[es]\nsubject = "Nuevas"\nbody = "Hola."\n',
        encoding="utf-8",
    )
    ask: Any = {"program": "traders", "to": "mentors", "text": str(plain), "subject": "News"}
    looked = commands.announce(context(world), **ask, preview=True)
    assert looked == {"would get it": 2, "en (2), such as to Cleo": "News\nHello Cleo."}
    done = commands.announce(context(world), **ask)
    assert done["promised"] == 2
    assert commands.announce(context(world), **ask)["promised"] == 0
    commands.announce(context(world), program="traders", text=str(several), key="both")
    assert {one.subject for one in deliver(world)} == {"News", "Nuevas"}
    rows = commands.results(context(world), program="traders")
    assert [(row["key"], row["sent"]) for row in rows] == [("both", 5), (done["key"], 2)]
    assert commands.results(context(world), program="traders", announcement="both")["sent"] == 5
    out = tmp_path / "mentors.csv"
    assert commands.people(context(world), program="traders", to="mentors", out=str(out)) == {
        "file": str(out),
        "people": 2,
    }
    assert out.read_text(encoding="utf-8-sig").count("\n") == 3


@pytest.mark.parametrize(
    ("name", "body", "told"),
    [
        ("news.toml", "[en", "news.toml"),
        ("news.toml", '[en]\nsubject = "A"\n', "write a table with subject"),
        ("news.txt", None, "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    world: Any, tmp_path: Path, name: str, body: str | None, told: str
) -> None:
    path = tmp_path / name
    if body is not None:
        path.write_text(body, encoding="utf-8")
    with pytest.raises(Invalid) as error:
        commands.announce(context(world), program="traders", text=str(path))
    assert told in f"{error.value.problems[0]}"


def test_a_person_of_another_program_gets_none(world: Any) -> None:
    with world.kit.transaction(tenant="acme") as tx:
        (program,) = tx.programs.find()
        other = tx.programs.add(replace(program, id="other", key="other"))
        part = tx.participants.get(world.ids["ana"])
        tx.participants.add(replace(part, id="else", program_id=other.id))
    done = announcements.announce(
        world.kit, **AT, key="one", text=TEXT, people=["else", world.ids["ben"]]
    )
    assert done["promised"] == 1
