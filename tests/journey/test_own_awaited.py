"""What a nudge awaits by itself is prompted as all else: once, in its manners, and not too late."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import Portal, hypertext
from mentorkit.hooks import Awaited, Prompt
from mentorkit.journey import foresee, plugins, programs
from mentorkit.worker import work
from tests.journey.test_nudges import Told, nudging
from tests.journey.test_worker import Post, plugin

TEXTS = {"told": {"subject": {"en": "News: {program}"}, "body": {"en": "{text}|{others}|{link}"}}}


class Knows(Told):
    """A nudge that awaits what `things` hold: since when, by person and id."""

    templates = TEXTS

    def __init__(self) -> None:
        super().__init__(
            lambda ctx, awaited: [
                Prompt(awaited=(one,), template="told", at=one.since)
                for one in awaited if one.noun == "knower"
            ]
        )  # fmt: skip
        self.things: dict[tuple[str, str], datetime] = {}
        self.looked: list[tuple[datetime | None, Any]] = []
        self.words: Any = {"text": "It is so.", "others": "Cleo", "link": "x/knower/1", "met": "?"}

    def awaits(self, ctx: Any, *, until: Any = None, only: Any = None) -> Any:
        assert ctx.actor.is_system
        assert ctx.kit.registry.nudges
        with ctx.transaction(write=False):
            self.looked.append((until, only))
        for (person, id), since in self.things.items():
            if (only is None or id in only) and since <= (until or ctx.now):
                yield Awaited(
                    kind="news", person_id=person, role="mentee", noun="knower", subject_id=id,
                    since=since, until=since + timedelta(days=2),
                )  # fmt: skip

    def told(self, ctx: Any, awaited: Awaited, locale: str) -> Any:
        return self.words


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def knows() -> Knows:
    return Knows()


@pytest.fixture
def create_known(
    create_world: Any, create_kit: Any, post: Post, knows: Knows
) -> Callable[..., SimpleNamespace]:
    """Return a factory of a world in which there is news for Ana."""

    def create(**manners: Any) -> SimpleNamespace:
        kit = create_kit(
            plugins=("matching", plugin(post), nudging("knower", knows)),
            secret_keys=["s"], site=Portal("https://portal.example"),
        )  # fmt: skip
        world: SimpleNamespace = create_world(kit=kit)
        body = {"quiet_from": 0, "quiet_until": 0, "prompts_a_week": 0, **manners}
        programs.define(kit, **world.at, program="traders", kind="manners", body=body)
        knows.things[world.persons["ana"], "one"] = kit.clock()
        return world

    return create


@pytest.fixture
def world(create_known: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    return create_known()


def of(post: Post, template: str = "told") -> list[Any]:
    return [one for one in post.carried if one.template == template]


def test_it_is_told_once_in_the_words_of_the_plugin(world: Any, post: Post, knows: Knows) -> None:
    for _ in range(3):
        work(world.kit)
    (one,) = of(post)
    assert one.subject == "News: Traders and mentors"
    assert one.body.startswith("It is so.|Cleo|https://portal.example/x/knower/1\n")
    assert one.unsubscribe
    assert (None, ["one"]) in knows.looked, "asked once more as it went"


def test_what_is_over_when_it_goes_or_has_nothing_to_say_is_not_sent(
    create_known: Any, post: Post, knows: Knows, clock: Any
) -> None:
    world = create_known(quiet_from=8, quiet_until=11)
    work(world.kit)
    assert of(post) == []
    knows.things.clear()
    clock.forward(hours=20)
    work(world.kit)
    assert of(post) == []
    knows.things[world.persons["ana"], "two"] = clock()
    knows.words = None
    work(world.kit)
    assert of(post) == []
    with world.kit.transaction(tenant="acme", write=False) as tx:
        rows = [row for row in tx.outbox.find(kind="message") if row.body.get("nudge")]
    assert [(row.state, row.error) for row in rows] == [("cancelled", "overtaken")] * 2


def test_it_goes_with_others_in_one_message(
    create_known: Any, post: Post, knows: Knows, clock: Any
) -> None:
    world = create_known(digest="daily")
    knows.things[world.persons["ana"], "two"] = clock() + timedelta(minutes=1)
    for _ in range(2):
        clock.forward(hours=13)
        work(world.kit)
    assert of(post) == []
    (one,) = of(post, "prompts_together")
    assert one.body.count("News (Cleo)\nhttps://portal.example/x/knower/1") == 2
    assert hypertext.body(one).count("News (Cleo)") == 2, "each stands once, as its button"


def test_it_is_foreseen(world: Any, post: Post, knows: Knows, clock: Any) -> None:
    knows.things[world.persons["ana"], "two"] = clock() + timedelta(days=3)
    rows = foresee.foresee(world.kit, **world.at, program="traders", days=5)
    assert [(row["name"], row["template"], row["outcome"]) for row in rows] == [
        ("Ana", "told", "sent"), ("Ana", "told", "sent"),
    ]  # fmt: skip
    assert [row["at"][:10] for row in rows] == ["2027-03-01", "2027-03-04"]
    work(world.kit)
    clock.forward(days=3)
    work(world.kit)
    assert len(of(post)) == 2


def test_nobody_is_asked_where_the_plugin_is_off(world: Any, post: Post, knows: Knows) -> None:
    plugins.change(world.kit, **world.at, program="traders", plugin="knower", on=False)
    work(world.kit)
    assert (knows.looked, of(post)) == ([], [])


@pytest.mark.parametrize(("change", "told"), [
    (lambda one: "x", "returned str; return each Awaited"),
    (lambda one: {"noun": "relationship"}, "whose noun is 'relationship'; write 'knower'"),
    (lambda one: {"since": one.since.replace(tzinfo=None)}, "whose time has no zone"),
    (lambda one: 1 / 0, "ZeroDivisionError"),
])  # fmt: skip
def test_what_is_none_is_named_in_the_log_and_harms_nobody_else(
    world: Any, knows: Knows, caplog: pytest.LogCaptureFixture, change: Any, told: str
) -> None:
    real = knows.awaits

    def wrong(ctx: Any, **how: Any) -> Any:
        for one in real(ctx, **how):
            made = change(one)
            yield replace(one, **made) if isinstance(made, dict) else made

    knows.awaits = wrong  # type: ignore[method-assign]
    with caplog.at_level(logging.WARNING, "mentorkit.nudge"):
        work(world.kit)
        foresee.foresee(world.kit, **world.at, program="traders", days=1)
    assert caplog.text.count(told) == 2
    assert "knower" in caplog.text


def test_what_fails_as_it_is_told_is_tried_again(world: Any, post: Post, knows: Knows) -> None:
    def broken(ctx: Any, awaited: Any, locale: str) -> Any:
        raise OSError("no words")

    whole, knows.told = knows.told, broken  # type: ignore[method-assign]
    assert work(world.kit)["later"] == 1
    assert of(post) == []
    knows.told = whole  # type: ignore[method-assign]
    world.kit.clock.forward(hours=1)
    work(world.kit)
    assert len(of(post)) == 1
