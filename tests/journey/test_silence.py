"""Silence: no prompts for whoever wants none, and still what they need to be told."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import Portal
from mentorkit.domain.people import Actor
from mentorkit.errors import NotAllowed, NotFound
from mentorkit.journey import accept, links, match, silence
from mentorkit.store import erase, export
from mentorkit.worker import work
from tests.journey.test_nudges import Told, at_once, nudging, told
from tests.journey.test_worker import Post, plugin


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def create_asked(create_world: Any, create_kit: Any, post: Post) -> Callable[..., SimpleNamespace]:
    """Return a factory of a program in which Ana is asked, and prompted at once."""

    def create() -> SimpleNamespace:
        site = Portal("https://example.org/mentoring")
        plugins = ("matching", plugin(post), nudging("teller", Told(at_once)))
        kit = create_kit(plugins=plugins, site=site, secret_keys=["secret"])
        world: SimpleNamespace = create_world(kit=kit)
        two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
        world.proposal = match.propose(world.kit, **world.at, **two)["id"]
        return world

    return create


def token_in(message: Any) -> str:
    return str(message.unsubscribe.rpartition("/")[2])


def test_a_prompt_says_how_to_get_no_more_and_one_press_is_enough(
    create_asked: Any, post: Post, clock: Any
) -> None:
    world = create_asked()
    work(world.kit)
    (one,) = told(post, "told")
    assert one.unsubscribe in one.body
    assert one.unsubscribe.startswith("https://example.org/mentoring/unsubscribe/")
    (offer,) = told(post, "proposal_offered")
    assert offer.unsubscribe == "", "what they need to be told cannot be switched off"
    at = {"tenant": "acme", "token": token_in(one)}
    assert silence.show(world.kit, **at)["silent"] is False
    for _ in range(2):
        assert silence.by_link(world.kit, **at)["silent_since"] == clock().isoformat()
    with world.kit.transaction(tenant="acme", write=False) as tx:
        about = tx.journal.about("participant", world.ids["ana"])
    assert [type(each).__name__ for each in about].count("PromptsSilenced") == 1
    assert silence.by_link(world.kit, **at, silent=False)["silent_since"] is None


def test_whoever_is_silent_gets_no_prompt_and_is_told_what_they_need_to_know(
    create_asked: Any, post: Post
) -> None:
    world = create_asked()
    ana = {**world.at, "actor": world.by("ana")}
    silence.silence(world.kit, **ana, participant=world.ids["ana"])
    work(world.kit)
    assert told(post, "told") == []
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (row,) = [one for one in tx.outbox.find() if one.body.get("nudge")]
    assert (row.state, row.error) == ("cancelled", "silenced")
    assert len(told(post, "proposal_offered")) == 1
    accept.accept(world.kit, **world.at, proposal=world.proposal)
    work(world.kit)
    started = {one.person_id for one in told(post, "relationship_started")}
    assert world.persons["ana"] in started


def test_only_they_and_staff_silence_them(create_asked: Any) -> None:
    world = create_asked()
    cleo = {**world.at, "actor": world.by("cleo")}
    with pytest.raises((NotAllowed, NotFound)):
        silence.silence(world.kit, **cleo, participant=world.ids["ana"])
    staff = {**world.at, "actor": Actor(admin=True, means="phone")}
    assert silence.silence(world.kit, **staff, participant=world.ids["ana"])["silent_since"]


def test_a_link_for_something_else_silences_nobody(create_asked: Any) -> None:
    world = create_asked()
    ana = {"tenant": "acme", "person": world.persons["ana"]}
    token = links.make(world.kit, **ana, purpose="met", participant=world.ids["ana"])
    with pytest.raises(NotFound, match="not ours"):
        silence.by_link(world.kit, tenant="acme", token=token)


def test_it_is_exported_and_erased(create_asked: Any) -> None:
    world = create_asked()
    ana = {**world.at, "actor": world.by("ana")}
    silence.silence(world.kit, **ana, participant=world.ids["ana"])
    with world.kit.transaction(tenant="acme") as tx:
        found = export(tx, world.persons["ana"])
        assert found["mk__participant"][0]["silent_since"]
        erase(tx, world.persons["ana"])
        assert tx.participants.get(world.ids["ana"]).silent_since is None
