"""Reach: a link goes to one address and no other, and only for who lets people in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import Manifest, Portal, hookimpl
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.errors import Conflict, Invalid, NotAllowed
from mentorkit.hooks import Channel, Receipt
from mentorkit.journey import links, plugins, reach
from mentorkit.worker import work


class Post(Channel):
    """Takes everything, and shows what contacts it was given."""

    name = "post"

    def __init__(self) -> None:
        self.sent: list[tuple[list[str], str]] = []

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        self.sent.append(([one.value for one in contacts], message.body))
        return Receipt(channel="post")


@pytest.fixture
def create(create_world: Callable[..., SimpleNamespace], create_kit: Callable[..., Any]) -> Any:
    def made(*channels: Channel, plugins: tuple[str, ...] = ("matching", "inbox")) -> Any:
        post = SimpleNamespace(
            manifest=Manifest(title="Post"),
            mentorkit_notification_channels=hookimpl(lambda: list(channels)),
        )
        kit = create_kit(
            plugins=[*plugins, ("post", post)],
            secret_keys=["s"],
            site=Portal("https://example.org/m"),
        )
        return create_world(kit=kit)

    return made


def send(world: Any, key: str = "ana", **changed: Any) -> None:
    at: dict[str, Any] = {"tenant": "acme", "actor": SYSTEM_ACTOR}
    (found,) = reach.at(world.kit, **at, address=f"{key}@example.org", plugin="inbox")
    about = {
        **at,
        "person": found["person"],
        "contacts": found["contacts"],
        "letter": "sign_in",
        "page": "x/here/{token}",
        "purpose": "here",
        "about": "42",
        "until": world.kit.clock() + timedelta(minutes=5),
        "plugin": "inbox",
    }
    reach.send_link(world.kit, **{**about, **changed})


def test_a_link_goes_to_the_address_alone_and_a_promise_holds_no_secret(create: Any) -> None:
    post = Post()
    world = create(post)
    send(world)
    token = links.short(world.kit, tenant="acme", purpose="here", id="42")
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (job,) = (one for one in tx.outbox.find() if one.name == "sign_in")
        assert token not in repr(job)
        assert "example.org" not in repr(job)
    work(world.kit)
    to, body = next(one for one in post.sent if "x/here" in one[1])
    assert to == ["ana@example.org"]
    assert f"https://example.org/m/x/here/{token}" in body


def test_a_channel_that_reaches_everybody_never_shows_a_link(create: Any) -> None:
    world = create()
    send(world)
    work(world.kit)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (job,) = (one for one in tx.outbox.find() if one.name == "sign_in")
    assert (job.state, job.error) == ("dead", "no_channel")


@pytest.mark.parametrize(
    ("plugin", "state", "error"),
    [("inbox", "cancelled", "plugin_disabled"), ("post", "dead", "no_channel")],
)
def test_a_link_is_not_sent_once_its_plugin_or_its_channel_is_switched_off(
    create: Any, plugin: str, state: str, error: str
) -> None:
    post = Post()
    world = create(post)
    send(world)
    plugins.change(world.kit, **world.at, program="traders", plugin=plugin, on=False)
    work(world.kit)
    assert not [body for _, body in post.sent if "x/here" in body]
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (job,) = (one for one in tx.outbox.find() if one.name == "sign_in")
    assert (job.state, job.error) == (state, error)


def test_only_who_lets_people_in_may_ask_who_is_where(create: Any) -> None:
    world = create()
    ana = world.persons["ana"]
    for actor in (Actor(), Actor(user_ref="cora"), Actor(person_id=ana)):
        at: dict[str, Any] = {"tenant": "acme", "actor": actor}
        with pytest.raises(NotAllowed):
            reach.at(world.kit, **at, address="ana@example.org", plugin="inbox")
        with pytest.raises(NotAllowed):
            reach.verify(world.kit, **at, person=ana, address="ana@example.org")
        with pytest.raises(NotAllowed):
            reach.claim(world.kit, **at, person=ana, user_ref="u1")
        with pytest.raises(NotAllowed):
            send(world, actor=actor)


def test_nobody_is_found_at_what_is_no_address(create: Any) -> None:
    at: dict[str, Any] = {"tenant": "acme", "actor": SYSTEM_ACTOR}
    world = create()
    for address in ("", "ana", "nobody@example.org"):
        assert reach.at(world.kit, **at, address=address, plugin="inbox") == []
    assert reach.at(world.kit, tenant="zebra", actor=SYSTEM_ACTOR, address="ana@example.org",
                    plugin="inbox") == []  # fmt: skip


def test_a_claim_takes_nobody_from_another_account(create: Any) -> None:
    world = create()
    at: dict[str, Any] = {"tenant": "acme", "actor": SYSTEM_ACTOR}
    told = reach.claim(world.kit, **at, person=world.persons["ana"], user_ref="u1")
    assert told["user_ref"] == "u1"
    assert reach.claim(world.kit, **at, person=world.persons["ana"], user_ref="u1") == told
    for person, user in (("ana", "u2"), ("ben", "u1")):
        with pytest.raises(Conflict):
            reach.claim(world.kit, **at, person=world.persons[person], user_ref=user)


def test_a_letter_that_is_not_there_is_refused(create: Any) -> None:
    with pytest.raises(Invalid):
        send(create(), letter="nothing")


def test_a_short_token_is_the_same_each_time_and_another_for_anything_else(create: Any) -> None:
    kit = create().kit
    which = {"tenant": "acme", "purpose": "here", "id": "42"}
    token = links.short(kit, **which)
    assert token == links.short(kit, **which)
    assert len(token) == 20
    assert token.isalnum()
    for name in which:
        assert links.short(kit, **{**which, name: "other"}) != token
    assert links.fingerprint(token) != links.fingerprint(token + "a")
    kit.secret_keys = ()
    with pytest.raises(Conflict, match="secret_keys"):
        links.short(kit, **which)
