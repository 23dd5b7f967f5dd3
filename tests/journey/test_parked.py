"""What was given up: staff see it in words, try it again or drop it, and nobody else does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.events import JobDropped, JobRevived
from mentorkit.domain.people import Actor
from mentorkit.errors import MentorKitError, NotAllowed, NotFound
from mentorkit.journey import concerns, parked, programs
from mentorkit.worker import work
from tests.journey.test_worker import Post, plugin, publish


@pytest.fixture
def given_up(create_world: Any, create_kit: Any) -> SimpleNamespace:
    """A program of which two offers could reach nobody, as the one channel is switched off."""
    post = Post()
    world: SimpleNamespace = create_world(kit=create_kit(plugins=("matching", plugin(post))))
    switch(world, on=False)
    publish(world)
    assert work(world.kit)["dead"] == 2
    switch(world, on=True)
    world.post = post
    return world


def switch(world: SimpleNamespace, *, on: bool) -> None:
    at = {**world.at, "program": "traders"}
    programs.define(world.kit, **at, kind="plugin", key="post", body={"enabled": on})


def rows(world: SimpleNamespace, actor: Actor | None = None) -> list[dict[str, Any]]:
    at = {**world.at, "actor": actor or world.admin}
    return parked.parked(world.kit, **at, program="traders")


def test_staff_see_what_was_given_up_for_whom_and_why(given_up: Any) -> None:
    ana, ben = sorted(rows(given_up), key=lambda row: str(row["person"]))
    assert (ana["person"], ben["person"]) == ("Ana", "Ben")
    assert (ana["what"], ana["code"]) == ("A message", "no_channel")
    assert ana["subject"]["en"].endswith("{program}")
    assert ana["why"].startswith("No channel of the program reaches this person")
    assert ana["since"] == given_up.kit.clock().isoformat()


def test_it_is_sent_when_tried_again_and_never_once_dropped(given_up: Any) -> None:
    one, two = rows(given_up)
    parked.retry(given_up.kit, **given_up.at, job=one["id"])
    parked.drop(given_up.kit, **given_up.at, job=two["id"])
    assert rows(given_up) == []
    work(given_up.kit)
    assert len(given_up.post.carried) == 1
    with given_up.kit.transaction(tenant=given_up.tenant, write=False) as tx:
        assert {job.id: job.state for job in tx.outbox.find()} == {
            one["id"]: "done", two["id"]: "cancelled"
        }  # fmt: skip
        told = [tx.journal.about("job", row["id"])[0] for row in (one, two)]
    assert [(type(event), event.payload()) for event in told] == [
        (JobRevived, {"kind": "message", "code": "no_channel"}),
        (JobDropped, {"kind": "message", "code": "no_channel"}),
    ]


def test_what_is_not_given_up_any_more_is_not_found(given_up: Any) -> None:
    one = rows(given_up)[0]["id"]
    parked.retry(given_up.kit, **given_up.at, job=one)
    for decide in (parked.retry, parked.drop):
        for job in (one, "no-such-job"):
            with pytest.raises(NotFound, match="may be done by now"):
                decide(given_up.kit, **given_up.at, job=job)


def test_others_neither_see_nor_touch_it(given_up: Any) -> None:
    one = rows(given_up)[0]["id"]
    at = {**given_up.at, "program": "traders"}
    programs.appoint(given_up.kit, **at, person=given_up.persons["dora"], role="viewer")
    for key in ("ana", "dora"):
        by = {"tenant": given_up.tenant, "actor": given_up.by(key)}
        with pytest.raises(NotAllowed):
            parked.parked(given_up.kit, **by, program="traders")
        with pytest.raises(NotAllowed):
            parked.parked(given_up.kit, **by)
        for decide in (parked.retry, parked.drop):
            with pytest.raises(NotFound):
                decide(given_up.kit, **by, job=one)
    with pytest.raises(MentorKitError):
        parked.retry(given_up.kit, tenant="other", actor=given_up.admin, job=one)
    assert len(rows(given_up)) == 2


def test_staff_see_nothing_of_a_pair_they_are_in_themselves(given_up: Any) -> None:
    at = {**given_up.at, "program": "traders"}
    programs.appoint(given_up.kit, **at, person=given_up.persons["ana"], role="coordinator")
    ana = given_up.by("ana")
    own = next(row["id"] for row in rows(given_up) if row["person"] == "Ana")
    assert [row["person"] for row in rows(given_up, ana)] == ["Ben"]
    with pytest.raises(NotFound):
        parked.drop(given_up.kit, tenant=given_up.tenant, actor=ana, job=own)


def test_who_a_concern_is_about_does_not_learn_of_it_here(given_up: Any) -> None:
    at = {**given_up.at, "program": "traders"}
    for key in ("cleo", "dora"):
        programs.appoint(given_up.kit, **at, person=given_up.persons[key], role="coordinator")
    switch(given_up, on=False)
    concerns.raise_(
        given_up.kit, tenant=given_up.tenant, actor=given_up.by("ben"), program="traders",
        kind="harassment", text="He shouts.", about=given_up.persons["cleo"],
    )  # fmt: skip
    work(given_up.kit)
    names = {key: {row["name"] for row in rows(given_up, given_up.by(key))}
             for key in ("cleo", "dora")}  # fmt: skip
    assert "concern_raised" in names["dora"]
    assert "concern_raised" not in names["cleo"]
