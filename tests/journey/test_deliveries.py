"""What became of each message: noted by its channel, told later by the vendor, read by staff."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.events import ContactBounced
from mentorkit.domain.messages import as_reference
from mentorkit.domain.people import Actor, HostPerson
from mentorkit.errors import Invalid, NotAllowed, NotFound
from mentorkit.hooks import Inbound, Receipt, Received, Report, Undeliverable
from mentorkit.journey import (
    accept,
    concerns,
    contacts,
    deliveries,
    hear,
    programs,
    reach,
    standing,
)
from mentorkit.store import erase
from mentorkit.worker import work
from tests.conftest import Clock
from tests.journey.test_worker import Post, plugin, publish


class Vendor(Post):
    """A channel with a vendor that tells later what became of a message, in lines of text."""

    reports = True

    def __init__(self, name: str = "post", kind: str = "email") -> None:
        super().__init__(name)
        self.kind, self.to = kind, list[str]()
        self.reference: Callable[[Any], Any] = lambda message: message.key
        self.quick: Callable[[Any], Any] = lambda message: None

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return any(one.kind == self.kind for one in contacts)

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        there = next(one for one in contacts if one.kind == self.kind)
        try:
            super().deliver(ctx, message, person, contacts)
        except Undeliverable as never:
            raise Undeliverable(never.code, contact=there.id) from None
        self.to.append(there.value)
        self.quick(message)
        return Receipt(channel="liar", reference=self.reference(message), contact=there.id)

    def receive(self, ctx: Any, inbound: Inbound) -> Received:
        if inbound.headers.get("signature") != "good":
            raise NotAllowed("post.signature", "This was not signed by the vendor.")
        told = [line.split("|") for line in inbound.body.decode().splitlines()]
        reports = [Report(reference=a, state=b, code=c) for a, b, c in told]
        return Received(reports=tuple(reports), answer="taken")


@pytest.fixture
def vendor() -> Vendor:
    return Vendor()


@pytest.fixture
def world(create_world: Any, create_kit: Any, vendor: Vendor) -> SimpleNamespace:
    """Two mentees were told by mail of their proposals; there is an inbox besides."""
    kit = create_kit(plugins=("matching", plugin(vendor), "inbox", "checkins"))
    made: SimpleNamespace = create_world(kit=kit)
    publish(made)
    assert work(kit)["done"] == 2
    return made


def rows(world: SimpleNamespace, actor: Actor | None = None, **which: Any) -> list[dict[str, Any]]:
    at = {**world.at, "actor": actor or world.admin, "program": "traders"}
    found: list[dict[str, Any]] = deliveries.listed(world.kit, **at, **which)["items"]
    return found


def row(world: SimpleNamespace, key: str = "ana") -> dict[str, Any]:
    return rows(world, person=world.persons[key])[0]


def tell(
    world: SimpleNamespace, state: str, code: str = "", key: str = "ana", *, reference: str = ""
) -> None:
    told = reference or row(world, key)["reference"]
    pushed = Inbound(body=f"{told}|{state}|{code}".encode(), headers={"signature": "good"})
    assert hear.take(world.kit, tenant=world.tenant, channel="post", inbound=pushed).answer


def contact(world: SimpleNamespace, key: str = "ana", kind: str = "email") -> Any:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return tx.contacts.first(person_id=world.persons[key], kind=kind)


def again(world: SimpleNamespace, key: str = "ana") -> None:
    """Have somebody be told something else: that their proposal is withdrawn."""
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        one = tx.proposals.first(mentee_id=world.ids[key])
    accept.withdraw(world.kit, **world.at, proposal=one.id)
    work(world.kit)


# ------------------------------------------------------------------ noted


def test_it_is_kept_by_which_channel_a_message_went_and_when(
    world: SimpleNamespace, vendor: Vendor
) -> None:
    ana, ben = sorted(rows(world), key=lambda one: str(one["person"]))
    assert (ana["person"], ben["person"]) == ("Ana", "Ben")
    assert ana["what"] == {"en": "Your answer is asked"}
    assert (ana["channel"], ana["state"], ana["code"]) == ("post", "sent", "")
    assert ana["reference"] in {one.key for one in vendor.carried}
    assert ana["sent"] == ana["promised"] == world.kit.clock().isoformat()
    assert ana["participant"] == world.ids["ana"]


@pytest.mark.parametrize("reference", ["", None, 7, "x" * 5_000, "a\0b", "\ud800", "línea\n2"])
def test_whatever_reference_a_channel_gives_is_kept_or_its_digest_is(
    create_world: Any, create_kit: Any, vendor: Vendor, reference: Any
) -> None:
    vendor.reference = lambda message: reference
    world = create_world(kit=create_kit(plugins=("matching", plugin(vendor))))
    publish(world)
    assert work(world.kit)["done"] == 2
    assert {one["reference"] or "" for one in rows(world)} == {as_reference(reference)}
    assert len(as_reference(reference)) <= 255


def test_a_row_from_before_is_sent_by_nobody_knows_what(world: SimpleNamespace) -> None:
    with world.kit.transaction(tenant=world.tenant) as tx:
        job = tx.outbox.job("message", "old", name="proposal_offered", program_id=world.program)
        tx.outbox.add_all([job])
        assert tx.outbox.finish(job)
    old = rows(world)[0]
    assert (old["state"], old["channel"], old["by"], old["sent"]) == ("sent", None, "", None)


# ------------------------------------------------------------------ told later


def test_the_order_in_which_a_vendor_tells_makes_no_difference(world: SimpleNamespace) -> None:
    told = (("accepted", ""), ("failed", "post.busy"), ("delivered", ""))
    for order in permutations(told):
        for state, code in (*order, *order):
            tell(world, state, code)
        assert (row(world)["state"], row(world)["code"]) == ("delivered", "")
    assert row(world, "ben")["state"] == "sent"


def test_a_delay_is_shown_until_more_is_known(world: SimpleNamespace) -> None:
    tell(world, "accepted", "post.4.4.1")
    tell(world, "accepted", "post.4.4.7")
    assert (row(world)["state"], row(world)["code"]) == ("sent", "post.4.4.1")
    assert "held up on the way" in row(world)["why"]
    tell(world, "delivered")
    assert (row(world)["state"], row(world)["why"]) == ("delivered", "")


def test_what_is_not_signed_or_of_nobody_changes_nothing(world: SimpleNamespace) -> None:
    reference = row(world)["reference"]
    forged = Inbound(body=f"{reference}|bounced|x".encode(), headers={"signature": "bad"})
    with pytest.raises(NotAllowed):
        hear.take(world.kit, tenant=world.tenant, channel="post", inbound=forged)
    with pytest.raises(NotFound):
        hear.take(world.kit, tenant=world.tenant, channel="inbox", inbound=forged)
    tell(world, "bounced", reference="unknown")
    good = {"channel": "post", "reports": [Report(reference=reference, state="bounced")]}
    assert deliveries.report(world.kit, tenant="other", actor=world.admin, **good)["known"] == []
    with pytest.raises(NotAllowed):
        deliveries.report(world.kit, tenant=world.tenant, actor=world.by("ana"), **good)
    with pytest.raises(NotFound):
        deliveries.report(world.kit, **world.at, channel="none", reports=[])
    with pytest.raises(ValueError, match="write one of accepted"):
        Report(reference=reference, state="lost")
    assert (row(world)["state"], contact(world).bounced) == ("sent", {})


def test_a_code_that_is_none_is_not_kept(world: SimpleNamespace) -> None:
    tell(world, "failed", "Ana is at <ana@example.org>")
    assert row(world)["code"] == "unknown"


def test_a_vendor_that_is_quicker_than_our_own_note_is_heard(
    create_world: Any, create_kit: Any, vendor: Vendor, clock: Clock
) -> None:
    world = create_world(kit=create_kit(plugins=("matching", plugin(vendor))))
    vendor.quick = lambda message: tell(world, "delivered", reference=message.key)
    publish(world)
    work(world.kit)
    assert row(world)["state"] == "delivered"
    vendor.quick = lambda message: None
    tell(world, "delivered", reference="never-sent")
    for _ in range(6):
        clock.forward(hours=3)
        work(world.kit)
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        states = {one.error: one.state for one in tx.outbox.find(kind=deliveries.REPORT)}
    assert states == {None: "done", "unknown": "cancelled"}


# ------------------------------------------------------------------ nobody there


def test_where_nobody_is_the_next_channel_takes_over(
    world: SimpleNamespace, vendor: Vendor
) -> None:
    tell(world, "bounced", "post.5.1.1")
    assert row(world)["state"] == "bounced"
    assert contact(world).bounced["post"]["code"] == "post.5.1.1"
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        (told,) = [one for one in tx.journal.events() if isinstance(one, ContactBounced)]
    assert (told.channel, told.contact_id) == ("post", contact(world).id)
    again(world)
    assert row(world)["channel"] == "inbox"
    assert row(world)["what"] == {"en": "A match did not come about"}
    again(world, "ben")
    assert row(world, "ben")["channel"] == "post"


def test_it_is_tried_again_once_they_name_it_again_or_prove_it(
    world: SimpleNamespace, vendor: Vendor
) -> None:
    at: dict[str, Any] = {"participant": world.ids["ana"], "kind": "email"}
    tell(world, "bounced")
    contacts.keep(world.kit, **world.at, **at, value="ana@example.org")
    assert not contact(world).bounced
    tell(world, "bounced")  # told twice: it is about what it was before
    assert not contact(world).bounced
    again(world)
    assert row(world)["channel"] == "post"
    tell(world, "bounced")
    assert contact(world).bounced
    by = {"person": world.persons["ana"], "address": "ana@example.org"}
    reach.verify(world.kit, **world.at, **by)
    assert (contact(world).verified, dict(contact(world).bounced)) == (True, {})


def test_an_address_that_has_changed_meanwhile_is_another_one(world: SimpleNamespace) -> None:
    with world.kit.transaction(tenant=world.tenant) as tx:
        one = tx.contacts.first(person_id=world.persons["ana"], kind="email")
        tx.contacts.save(one)
    tell(world, "bounced")
    assert row(world)["state"] == "bounced"
    assert not contact(world).bounced


def test_a_number_that_the_vendor_refuses_at_once_is_not_tried_again(
    create_world: Any, create_kit: Any, vendor: Vendor
) -> None:
    kit = create_kit(plugins=("matching", plugin(vendor), "inbox"))
    world = create_world(kit=kit)

    def refuse() -> None:
        raise Undeliverable("post.no_such_number")

    vendor.before = refuse
    publish(world)
    work(kit)
    assert row(world)["channel"] == "inbox"
    assert contact(world).bounced["post"]["code"] == "post.no_such_number"


def test_another_channel_may_still_try_the_same_contact(
    create_world: Any, create_kit: Any, vendor: Vendor
) -> None:
    other = Vendor("other")
    kit = create_kit(plugins=("matching", plugin(vendor), plugin(other)))
    world = create_world(kit=kit)
    publish(world)
    work(kit)
    tell(world, "bounced")
    again(world)
    assert row(world)["channel"] == "other"


def test_an_address_that_the_host_tells_rests_for_a_month(
    create_world: Any, create_kit: Any, vendor: Vendor, clock: Clock
) -> None:
    class Host:
        def lookup(self, tenant: str, refs: Any) -> Any:
            return {ref: HostPerson(ref=ref, name="Ana", phone="+254700000009") for ref in refs}

        def search(self, tenant: str, text: str, limit: int) -> Any:
            return []

        def tenants(self) -> Any:
            return ["acme"]

    vendor.kind = "phone"
    kit = create_kit(plugins=("matching", plugin(vendor), "inbox"), people=Host())
    world = create_world(kit=kit)
    standing.link(kit, **world.at, person="ana", user_ref="u1")
    publish(world)
    work(kit)
    assert row(world)["channel"] == "post"
    tell(world, "bounced")
    with kit.transaction(tenant="acme", write=False) as tx:
        since = tx.now - timedelta(days=1)
        assert tx.outbox.gone(world.persons["ana"], since) == {("post", "host:phone/1")}
        assert tx.outbox.gone(world.persons["ben"], since) == set()
    again(world)
    assert row(world)["channel"] == "inbox"


def test_erasing_somebody_takes_the_vendors_reference_along(world: SimpleNamespace) -> None:
    reference = row(world)["reference"]
    with world.kit.transaction(tenant=world.tenant) as tx:
        erase(tx, world.persons["ana"])
    tell(world, "delivered", reference=reference)
    assert (row(world)["reference"], row(world)["state"]) == (None, "sent")


# ------------------------------------------------------------------ read


def test_why_a_message_was_not_sent_is_said_in_words(world: SimpleNamespace) -> None:
    with world.kit.transaction(tenant=world.tenant) as tx:
        for code in (*deliveries.WHY, "no_channel"):
            job = tx.outbox.job("message", code, name="x", program_id=world.program)
            tx.outbox.add_all([job])
            (job,) = tx.outbox.claim(1)
            tx.outbox.cancel(job, code)
    told = {one["code"]: one["why"] for one in rows(world, state="not_sent")}
    assert told["late"] == "Its time had passed."
    assert told["no_channel"] == deliveries.DROPPED
    assert all(told[code] == why for code, why in deliveries.WHY.items())


def test_one_that_is_being_sent_is_not_said_to_have_failed(
    create_world: Any, create_kit: Any, vendor: Vendor
) -> None:
    made = create_world(kit=create_kit(plugins=("matching", plugin(vendor))))
    publish(made)
    with made.kit.transaction(tenant=made.tenant) as tx:
        (job, *_) = tx.outbox.claim(kinds=["message"])
        assert tx.outbox.renew(job), "it takes a while"
    told = {one["person"]: (one["state"], one["code"], one["why"]) for one in rows(made)}
    assert set(told.values()) == {("waiting", "", "")}


def test_why_a_message_waits_is_said_in_words(world: SimpleNamespace) -> None:
    with world.kit.transaction(tenant=world.tenant) as tx:
        for code in (*deliveries.HELD, "retry_later"):
            job = tx.outbox.job("message", code, name="x", program_id=world.program)
            tx.outbox.add_all([job])
            (job,) = tx.outbox.claim(1)
            tx.outbox.hold(job, until=tx.now + timedelta(hours=3), error=code)
    told = {one["code"]: one["why"] for one in rows(world, state="waiting")}
    assert told == {**deliveries.HELD, "retry_later": deliveries.LATER}


def test_they_are_listed_by_person_state_and_day_and_a_page_at_a_time(
    world: SimpleNamespace, clock: Clock
) -> None:
    tell(world, "failed", "post.busy")
    assert [one["person"] for one in rows(world, state="failed")] == ["Ana"]
    assert [one["person"] for one in rows(world, state="sent")] == ["Ben"]
    assert rows(world, state="bounced") == rows(world, since=clock() + timedelta(days=1)) == []
    at = {**world.at, "program": "traders", "limit": 1}
    first = deliveries.listed(world.kit, **at)
    second = deliveries.listed(world.kit, **at, after=first["next"])
    assert second["next"] is None
    assert [one["id"] for one in first["items"] + second["items"]] == [
        one["id"] for one in rows(world)
    ]
    for wrong in ({"state": "lost"}, {"limit": 0}):
        with pytest.raises(Invalid):
            rows(world, **wrong)


def test_only_staff_of_the_program_read_them(world: SimpleNamespace) -> None:
    programs.create(world.kit, **world.at, key="other", preset={"title": "Other"})
    at = {"tenant": world.tenant, "program": "traders"}
    programs.appoint(world.kit, **world.at, program="traders", name="Vera", role="viewer")
    other = programs.appoint(
        world.kit, **world.at, program="other", name="Otto", role="coordinator"
    )
    for actor in (world.by("ana"), Actor(person_id=other["person"]), Actor()):
        with pytest.raises(NotAllowed):
            deliveries.listed(world.kit, **at, actor=actor)
        with pytest.raises(NotAllowed):
            deliveries.listed(world.kit, tenant=world.tenant, actor=actor)
    there = {**world.at, "program": "other", "person": world.persons["ana"]}
    assert deliveries.listed(world.kit, **there)["items"] == []
    assert len(deliveries.listed(world.kit, **world.at)["items"]) == 2


def test_who_a_concern_is_about_does_not_learn_of_it_here(world: SimpleNamespace) -> None:
    for key in ("cleo", "dora"):
        programs.appoint(
            world.kit, **world.at, program="traders", person=world.persons[key], role="coordinator"
        )
    concerns.raise_(
        world.kit, tenant=world.tenant, actor=world.by("ben"), program="traders",
        kind="harassment", text="He shouts.", about=world.persons["cleo"],
    )  # fmt: skip
    work(world.kit)
    names = {key: {one["name"] for one in rows(world, world.by(key))} for key in ("cleo", "dora")}
    assert "concern_raised" in names["dora"]
    assert "concern_raised" not in names["cleo"]


def test_staff_see_nothing_of_a_pair_they_are_in_themselves(world: SimpleNamespace) -> None:
    ana = {"person": world.persons["ana"], "role": "coordinator"}
    programs.appoint(world.kit, **world.at, program="traders", **ana)
    assert [one["person"] for one in rows(world, world.by("ana"))] == ["Ben"]
    assert [one["person"] for one in rows(world)] != ["Ben"]


def test_all_about_one_proposal_is_one_thread(world: SimpleNamespace, vendor: Vendor) -> None:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        one = tx.proposals.first(mentee_id=world.ids["ana"])
    for side in ("mentee", "mentor"):
        accept.accept(world.kit, **world.at, proposal=one.id, on_behalf_of=side)
        work(world.kit)
    mine = [each for each in vendor.carried if each.person_id == world.persons["ana"]]
    assert [each.template for each in mine] == ["proposal_offered", "relationship_started"]
    assert {each.thread for each in mine} == {f"proposal:{one.id}"}
    bens = [each.thread for each in vendor.carried if each.person_id == world.persons["ben"]]
    assert bens[0] not in ("", mine[0].thread)
