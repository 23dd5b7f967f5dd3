"""Both get an introduction: who, why, when they could meet, and how to reach each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mentorkit.domain import events
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound
from mentorkit.journey import accept, contacts, introduce, match, meet, onboard, protect, relay
from mentorkit.journey.contacts import link
from mentorkit.worker import work
from tests.journey.conftest import lead
from tests.journey.test_worker import Post, plugin

HOURS = {
    "hours": {"kind": "hours", "label": "Hours"},
    "times": {"kind": "times", "label": "Times"},
}


@pytest.fixture
def create_pair(create_world: Any) -> Any:
    """Return a factory of a world in which Ana and Cleo are connected; `hours` are what they gave.

    Ana lives in Nairobi, Cleo in Lagos.
    """

    def create(
        hours: dict[str, str] | None = None, site: Any = None, field: str = "hours", **options: Any
    ) -> Any:
        people = [
            lead("ana", "mentee", trade="baker", zone="Africa/Nairobi", phone="+254 712 345678"),
            lead("ben", "mentee", trade="smith"),
            lead("cleo", "mentor", trade="baker", zone="Africa/Lagos", phone="0803 555 12"),
        ]
        world = create_world(people, fields=HOURS, **options)
        world.kit.site = site
        for key, given in (hours or {}).items():
            told = {field: given}
            onboard.answer(world.kit, **world.at, participant=world.ids[key], answers=told)
        made = match.draft(world.kit, **world.at, program="traders")
        match.publish(world.kit, **world.at, run=made["id"])
        (one,) = match.proposals(world.kit, **world.at, program="traders", state="offered")
        accept.accept(world.kit, **world.at, proposal=one["id"])
        (held,) = meet.relationships(world.kit, **world.at, program="traders")
        world.relationship = held["id"]
        return world

    return create


@pytest.fixture
def pair(create_pair: Any) -> Any:
    return create_pair()


def seen(world: Any, by: str) -> Any:
    return introduce.introduction(
        world.kit, tenant=world.tenant, actor=world.by(by), relationship=world.relationship
    )


def own(world: Any, key: str) -> dict[str, str]:
    told = onboard.show(world.kit, **world.at, participant=world.ids[key])
    return {one["kind"]: one["id"] for one in told["contacts"]}


def share(world: Any, key: str, *kinds: str, **more: str) -> Any:
    held = own(world, key)
    return contacts.keep(
        world.kit, tenant=world.tenant, actor=world.by(key), participant=world.ids[key],
        shared=[held[kind] for kind in kinds], **more,
    )  # fmt: skip


def ways(world: Any, by: str) -> list[tuple[str, str]]:
    (other,) = seen(world, by)["others"]
    return [(one["kind"], one["href"]) for one in other["ways"]]


def test_s3_both_are_introduced_by_name_and_reason(pair: Any) -> None:
    for by, role, name in (("ana", "mentor", "Cleo"), ("cleo", "mentee", "Ana")):
        (other,) = seen(pair, by)["others"]
        assert (other["role"], other["name"]) == (role, name)
        assert "trade" in other["words"][0]
        assert "score" not in str(other)


def test_nothing_is_shared_unless_its_owner_says_so(pair: Any) -> None:
    assert ways(pair, "ana") == []
    share(pair, "cleo", "phone")
    assert ways(pair, "ana") == [("phone", "tel:080355512")]
    assert ways(pair, "cleo") == [], "the other's consent is the other's"
    share(pair, "cleo")
    assert ways(pair, "ana") == [], "taken back, it is gone at once"


def test_a_contact_is_added_and_shared_in_one_go(pair: Any) -> None:
    share(pair, "ana", "phone", kind="whatsapp", value="+254 712-345 678")
    assert ways(pair, "cleo") == [
        ("phone", "tel:+254712345678"),
        ("whatsapp", "https://wa.me/254712345678"),
    ]


@pytest.mark.parametrize(("kind", "value", "told"), [
    ("whatsapp", "0712 345678", "country's code"),
    ("phone", "call me", "written as|write it as"),
    ("email", "nobody", "name@example.org"),
    ("fax", "123456", "write one of"),
])  # fmt: skip
def test_a_contact_that_opens_nothing_is_refused(
    pair: Any, kind: str, value: str, told: str
) -> None:
    with pytest.raises(Invalid) as refused:
        share(pair, "ana", kind=kind, value=value)
    assert any(part in str(refused.value) for part in told.split("|"))
    assert ways(pair, "cleo") == []


def test_a_link_opens_only_what_it_should() -> None:
    assert link("email", "ana+m@example.org") == "mailto:ana+m@example.org"
    assert link("email", "a?bcc=b@example.org") == ""
    assert link("phone", "javascript:alert(1)") == ""
    assert link("inbox", "+254712345678") == ""


def test_nobody_shares_what_is_another_persons(pair: Any) -> None:
    with pytest.raises(Invalid, match="cannot be shared"):
        contacts.keep(
            pair.kit, tenant=pair.tenant, actor=pair.by("ana"), participant=pair.ids["ana"],
            shared=[own(pair, "cleo")["phone"]],
        )  # fmt: skip
    with pytest.raises(NotFound):
        contacts.keep(
            pair.kit, tenant=pair.tenant, actor=pair.by("ana"), participant=pair.ids["cleo"],
        )  # fmt: skip


@pytest.mark.parametrize("how", ["withdrawn", "erased", "ended", "blocked"])
def test_what_was_shared_is_hidden_at_once(pair: Any, how: str) -> None:
    share(pair, "cleo", "phone")
    if how == "withdrawn":
        onboard.withdraw(pair.kit, **pair.at, participant=pair.ids["cleo"])
    elif how == "erased":
        protect.erase(pair.kit, **pair.at, person=pair.persons["cleo"])
    elif how == "ended":
        meet.end(pair.kit, **pair.at, relationship=pair.relationship)
    else:
        protect.block(pair.kit, **pair.at, person=pair.persons["cleo"], other=pair.persons["ana"])
    assert "080355512" not in str(seen(pair, "ana"))


def test_who_shared_what_stands_in_the_journal_without_the_number(pair: Any) -> None:
    share(pair, "cleo", "phone")
    with pair.kit.transaction(tenant=pair.tenant, write=False) as tx:
        told = [one for one in tx.journal.events() if isinstance(one, events.ContactsShared)]
    assert [one.contact_ids for one in told] == [(own(pair, "cleo")["phone"],)]
    assert "0803" not in str(told)
    share(pair, "cleo", "phone")  # changes nothing, and says nothing
    with pair.kit.transaction(tenant=pair.tenant, write=False) as tx:
        assert sum(isinstance(e, events.ContactsShared) for e in tx.journal.events()) == 1


def test_a_first_meeting_is_suggested_where_both_have_time(create_pair: Any, clock: Any) -> None:
    world = create_pair({"ana": "mon 15-17; thu 7-9", "cleo": "mon 16-20; fri 7-9"})
    (slot,) = seen(world, "ana")["slots"]
    assert datetime.fromisoformat(slot) == datetime(2027, 3, 8, 16, tzinfo=UTC)
    assert seen(world, "ana")["zones"][world.ids["cleo"]] == "Africa/Lagos"
    clock.forward(days=8)
    meet.log(world.kit, **world.at, relationship=world.relationship, minutes=30)
    assert seen(world, "ana")["slots"] == [], "once they have met, nothing is suggested"


def test_times_told_on_their_own_clocks_are_suggested_too(create_pair: Any) -> None:
    """18 to 20 in Nairobi is 15 to 17 of UTC, and 16:45 to 20 in Lagos is 15:45 to 19."""
    times = {"ana": "mon 18-20", "cleo": "mon 16:45-20"}
    (slot,) = seen(create_pair(times, field="times"), "ana")["slots"]
    assert datetime.fromisoformat(slot) == datetime(2027, 3, 8, 16, tzinfo=UTC)


def test_without_hours_of_both_no_time_is_made_up(create_pair: Any) -> None:
    assert seen(create_pair({"ana": "mon 15-17"}), "ana")["slots"] == []


def test_the_next_spans_begin_after_a_days_notice() -> None:
    monday = datetime(2027, 3, 1, 9, 20, tzinfo=UTC)
    slots = introduce.next_slots({9, 10, 11, 30, 60}, monday, timedelta(days=7))
    assert [(one.day, one.hour) for one in slots] == [(1, 10), (2, 6), (3, 12)]


def messages(world: Any, person: str) -> dict[str, str]:
    """Do the work; return what the person is told by whom."""
    told: dict[str, str] = {}
    work(world.kit)
    for one in world.post.carried:
        if one.person_id == world.persons[person]:
            told[one.template] = one.body
    return told


def test_the_message_tells_reasons_and_times_in_the_readers_zone(
    create_pair: Any, carried: Any
) -> None:
    world = carried(create_pair, {"ana": "mon 15-17", "cleo": "mon 16-20"})
    share(world, "cleo", "phone")
    told = messages(world, "ana")["relationship_started"]
    assert "trade" in told
    assert "7:00" in told, "16:00 UTC is 19:00 in Nairobi"
    assert "By the hours that you have told us, you could meet:\n- Mon" in told
    assert "tel:080355512" in told, "no page shows it, so the message does"


def test_whoever_has_told_no_zone_reads_times_on_the_programs_clock(
    create_pair: Any, carried: Any
) -> None:
    world = carried(create_pair, {"ana": "mon 15-17", "cleo": "mon 16-20"})
    onboard.set_zone(world.kit, **world.at, participant=world.ids["ana"], zone="UTC")
    with world.kit.transaction(tenant="acme") as tx:
        tx.programs.save(replace(tx.programs.get(world.program), zone="Asia/Tokyo"))
    told = messages(world, "ana")["relationship_started"]
    assert "1:00\u202fAM (Tokyo)" in told, "16:00 UTC is 1:00 of the next day in Tokyo"


def test_where_a_page_shows_addresses_no_message_does(create_pair: Any, carried: Any) -> None:
    from mentorkit import Portal

    world = carried(create_pair, None, Portal("https://example.org/m"))
    share(world, "cleo", "phone")
    told = messages(world, "ana")["relationship_started"]
    assert "080355512" not in told
    assert f"https://example.org/m/programs/traders/relationships/{world.relationship}" in told


# ------------------------------------------------------------------ a word, carried


def write(world: Any, by: str, text: str = "Shall we meet at the market?") -> Any:
    return relay.send(
        world.kit, tenant=world.tenant, actor=world.by(by), relationship=world.relationship,
        text=text,
    )  # fmt: skip


def test_a_word_is_carried_without_anybodys_address(create_pair: Any, carried: Any) -> None:
    world = carried(create_pair)
    write(world, "ana")
    told = messages(world, "cleo")["relayed"]
    assert "Ana writes to you" in told
    assert "Shall we meet at the market?" in told
    assert "@" not in told
    assert "254" not in told
    assert "relayed" not in messages(world, "ana")


def test_those_in_it_read_what_was_carried_and_staff_do_not(pair: Any) -> None:
    write(pair, "ana", "First.")
    write(pair, "cleo", "Second.")
    at = {"tenant": pair.tenant, "relationship": pair.relationship}
    told = relay.said(pair.kit, **at, actor=pair.by("ana"))
    assert [(one["by"], one["own"], one["text"]) for one in told] == [
        ("Cleo", False, "Second."), ("Ana", True, "First."),
    ]  # fmt: skip
    assert relay.said(pair.kit, **at, actor=pair.admin) == []
    with pytest.raises(NotFound):
        relay.said(pair.kit, **at, actor=pair.by("ben"))


def test_only_those_in_it_write_and_only_while_it_runs(pair: Any) -> None:
    with pytest.raises(NotAllowed):
        relay.send(pair.kit, **pair.at, relationship=pair.relationship, text="From staff.")
    with pytest.raises(NotFound):
        write(pair, "ben")
    meet.end(pair.kit, **pair.at, relationship=pair.relationship)
    with pytest.raises(Conflict, match="ended"):
        write(pair, "ana")


def test_what_is_too_much_is_not_carried(pair: Any, clock: Any) -> None:
    for wrong in ("", " ", "x" * 1001):
        with pytest.raises(Invalid, match="1 to 1000"):
            write(pair, "ana", wrong)
    for _ in range(relay.A_DAY):
        write(pair, "ana")
    with pytest.raises(Conflict, match="tomorrow"):
        write(pair, "ana")
    write(pair, "cleo")
    clock.forward(hours=25)
    write(pair, "ana")


def test_words_of_who_was_erased_are_gone(pair: Any) -> None:
    write(pair, "ana", "My street is Mill Lane.")
    protect.erase(pair.kit, **pair.at, person=pair.persons["ana"])
    told = relay.said(
        pair.kit, tenant=pair.tenant, actor=pair.by("cleo"), relationship=pair.relationship
    )
    assert "Mill Lane" not in str(told)


@pytest.mark.parametrize("how", ["ended", "no_consent"])
def test_a_word_that_is_overtaken_is_not_sent(create_pair: Any, carried: Any, how: str) -> None:
    world = carried(create_pair)
    write(world, "ana")
    if how == "ended":
        meet.end(world.kit, **world.at, relationship=world.relationship)
    else:
        onboard.withdraw(world.kit, **world.at, participant=world.ids["ana"])
    assert "relayed" not in messages(world, "cleo")


@pytest.fixture
def carried(create_kit: Any) -> Any:
    """Return a function that makes a pair whose messages are kept by a channel."""

    def make(create_pair: Any, hours: Any = None, site: Any = None) -> Any:
        post = Post()
        kit = create_kit(plugins=("matching", plugin(post)))
        world = create_pair(hours, site, kit=kit)
        world.post = post
        return world

    return make
