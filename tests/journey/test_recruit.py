"""Recruiting: the same leads twice write nothing; what cannot be taken is said, the rest stays."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from mentorkit.domain.events import (
    ParticipantChanged,
    ParticipantLeft,
    ParticipantReadmitted,
    replay,
)
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor, Contact
from mentorkit.errors import Conflict, NotAllowed, NotFound
from mentorkit.journey import accept, choices, match, meet, onboard, programs, recruit, screen
from tests.journey.conftest import PRESET, lead


def receive(world: Any, *leads: Any, **options: Any) -> dict[str, Any]:
    return recruit.receive(world.kit, **world.at, program="traders", leads=leads, **options)


def contacts(world: Any, key: str) -> list[tuple[str, str, bool]]:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        found = tx.contacts.find(person_id=world.persons[key])
    return sorted((one.kind, one.value, one.verified) for one in found)


def refused(report: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["key"], one["code"]) for one in report["refused"]]


def dump(world: Any) -> list[Any]:
    """Everything that taking leads in could have written."""
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        kept = (tx.people, tx.contacts, tx.businesses, tx.participants)
        return [one.find() for one in kept]


def ana(world: Any) -> dict[str, Any]:
    rows = screen.review(world.kit, **world.at, program="traders")
    return next(row for row in rows if row["key"] == "ana")


def events(world: Any) -> int:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return len(tx.journal.events(limit=100_000))


def test_the_same_leads_a_second_time_write_nothing(world: Any) -> None:
    people = [
        lead("eva", "mentee", trade="baker", phone="+254  700"),
        lead("finn", "mentor", trade="smith"),
    ]
    assert receive(world, *people)["new"] == 2
    before = events(world)
    again = receive(world, *people)
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 2)
    assert events(world) == before


def test_a_preview_counts_exactly_what_the_run_does_and_writes_nothing(world: Any) -> None:
    people = [
        lead("ana", "mentee", trade="tailor"),
        lead("ben", "mentee", trade="smith", village="Ora"),
        lead("gus", "mentor", trade="smith"),
        lead("gus", "mentor", trade="smith"),
    ]
    before = events(world)
    preview = receive(world, *people, preview=True)
    assert events(world) == before
    run = receive(world, *people)
    told = preview.pop("changes")
    assert {**run, "preview": True} == preview
    assert [(one["key"], one["outcome"], one["fields"]) for one in told] == [
        ("ana", "changed", {"trade": ["baker", "tailor"]}),
        ("gus", "new", {}),
    ]
    assert (run["new"], run["changed"], run["unchanged"]) == (1, 1, 1)


def test_a_changed_answer_is_taken_over_and_named_but_never_quoted(world: Any) -> None:
    receive(world, lead("ana", "mentee", trade="tailor"))
    row = next(
        r for r in screen.review(world.kit, **world.at, program="traders") if r["key"] == "ana"
    )
    assert row["profile"]["trade"] == "tailor"
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        last = tx.journal.events(limit=100_000)[-1]
    assert last.payload()["changed"] == ("trade",)


def test_a_lead_plays_both_roles_only_if_a_row_says_so(world: Any) -> None:
    receive(world, lead("eva", "mentor", trade="baker"))
    before = dump(world)
    wrong = receive(world, lead("eva", "mentee", trade="baker"))
    assert refused(wrong) == [("eva", "participant.other_role")]
    assert dump(world) == before
    assert receive(world, lead("eva", "both", trade="baker"))["changed"] == 1
    rows = screen.review(world.kit, **world.at, program="traders")
    assert [row["role"] for row in rows if row["key"] == "eva"] == ["both"]
    assert receive(world, lead("eva", "mentee", trade="baker"))["unchanged"] == 1


@pytest.mark.parametrize("state", ["approved", "active", "paused"])
def test_the_sheet_of_the_other_role_changes_nobody_who_was_approved(
    world: Any, state: str
) -> None:
    if state == "paused":
        onboard.pause(world.kit, **world.at, participant=world.ids["ana"])
    if state == "approved":
        receive(world, lead("eva", "mentee", trade="baker"))
        rows = screen.review(world.kit, **world.at, program="traders", state="lead")
        screen.approve(world.kit, **world.at, participant=rows[0]["id"])
    key = "eva" if state == "approved" else "ana"
    before = dump(world)
    wrong = replace(lead(key, "mentor", phone="999"), place="mentees.csv, line 2")
    report = receive(world, wrong)
    assert refused(report) == [(key, "participant.other_role")]
    assert report["refused"][0]["place"] == "mentees.csv, line 2"
    assert f"{key} is a mentee here already" in report["refused"][0]["message"]
    assert "give the row the role `both`" in report["refused"][0]["message"]
    assert dump(world) == before
    both = receive(world, replace(wrong, role="both"))  # nobody has let them in as a mentor
    assert refused(both) == [(key, "participant.other_role")]
    assert dump(world) == before


def test_who_has_left_is_not_brought_back_by_a_file(world: Any) -> None:
    onboard.leave(world.kit, **world.at, participant=world.ids["ana"])
    without_id = Lead(key="7", role="mentee", name="Ana", email="ana@example.org")
    report = receive(world, lead("ana", "mentee", trade="tailor"), without_id)
    assert [r["code"] for r in report["refused"]] == ["participant.left"] * 2
    for one in report["refused"]:
        assert "ana has left before" in one["message"]
        assert "take them back in first" in one["message"]


def test_staff_take_back_in_who_has_left_and_they_are_asked_for_consent_again(world: Any) -> None:
    kit, at = world.kit, {**world.at, "participant": world.ids["ana"]}
    onboard.leave(kit, **at, reason="moved")
    with pytest.raises(NotAllowed):
        screen.readmit(kit, tenant="acme", actor=world.by("ana"), participant=world.ids["ana"])
    back = screen.readmit(kit, **at)
    assert (back["state"], back["reason"], back["consented_at"]) == ("lead", None, None)
    with kit.transaction(tenant="acme", write=False) as tx:
        told = replay(tx.journal.events(limit=1000))["participant", world.ids["ana"]]
    assert (told["state"], told["reason"], told["consent_version"]) == ("lead", None, None)
    assert receive(world, lead("ana", "mentee", trade="tailor"))["changed"] == 1
    screen.approve(kit, **at)
    with pytest.raises(Conflict, match="agrees to comes first"):
        onboard.complete(kit, **at)
    onboard.consent(kit, **at)
    assert onboard.complete(kit, **at)["state"] == "active"
    with pytest.raises(Conflict, match="cannot become lead"):
        screen.readmit(kit, **at)


def test_nobody_is_taken_back_into_a_closed_program(world: Any) -> None:
    onboard.leave(world.kit, **world.at, participant=world.ids["ana"])
    programs.close(world.kit, **world.at, program="traders")
    with pytest.raises(Conflict) as told:
        screen.readmit(world.kit, **world.at, participant=world.ids["ana"])
    assert told.value.code == "program.closed"
    programs.open_(world.kit, **world.at, program="traders")
    assert screen.readmit(world.kit, **world.at, participant=world.ids["ana"])["state"] == "lead"


def test_a_preview_names_the_firm_that_somebody_comes_to_act_for(world: Any) -> None:
    for before, now in ((None, "Bread & Co"), ("Bread & Co", "Shoes & Co")):
        told = lead("ana", "mentee", trade="baker", business=Frozen(name=now))
        (one,) = receive(world, told, preview=True)["changes"]
        assert one["fields"] == {"business": [before, now]}
        receive(world, told)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("zed", "lead: give a Lead, not str"),
        ({"key": 5}, "key: write a text"),
        ({"key": ""}, "key: write the id"),
        ({"role": "menti"}, "role: write one of: mentee, mentor, both"),
        ({"name": None}, "name: write a text"),
        ({"email": 5}, "email: write a text, or None"),
        ({"born": "1990"}, "born: write a number, or None"),
        ({"capacity": True}, "capacity: write a number, or None"),
        ({"zone": "Mars/One"}, "zone: write the id of a time zone"),
        ({"business": "Firm"}, 'business: write {"name": ...}'),
        ({"business": Frozen(name="Firm", started="1990")}, "business.started: write a year"),
        ({"profile": "baker"}, "profile: write a mapping"),
        ({"profile": {"nope": 1}}, "nope: is no field"),
        ({"profile": {"trade": ["baker"]}}, "trade: write one answer, not a list"),
    ],
    ids=str,
)
def test_a_lead_that_a_source_got_wrong_is_refused_and_the_good_ones_are_taken_in(
    world: Any, wrong: Any, told: str
) -> None:
    bad = replace(lead("zed", "mentee"), **wrong) if isinstance(wrong, dict) else wrong
    report = recruit.receive(
        world.kit, **world.at, program="traders", leads=[lead("ok", "mentee"), bad]
    )
    assert (report["new"], len(report["refused"])) == (1, 1)
    assert report["refused"][0]["code"] == "lead.invalid"
    assert told in report["refused"][0]["message"]


def test_an_answer_of_a_lead_is_kept_as_the_value_that_it_stands_for(world: Any) -> None:
    told = replace(lead("ida", "mentee"), profile={"trade": " Baker ", "choices": ["bo", "cy"]})
    recruit.receive(world.kit, **world.at, program="traders", leads=[told])
    with world.kit.transaction(tenant="acme", write=False) as tx:
        newest = tx.participants.find(state="lead")[-1]
    assert newest.profile == {"trade": "baker", "choices": ("bo", "cy")}


def test_the_same_firm_is_one_business(world: Any) -> None:
    firm = Frozen(name="Bread & Co", sector="food", country="KE")
    receive(world, lead("hal", "mentee", business=firm), lead("ida", "mentee", business=firm))
    rows = {r["key"]: r for r in screen.review(world.kit, **world.at, program="traders")}
    assert rows["hal"]["business_id"] == rows["ida"]["business_id"] is not None


def test_only_staff_may_recruit(world: Any) -> None:
    by = world.by("ana")
    with pytest.raises(NotAllowed, match="appoints"):
        recruit.receive(world.kit, tenant="acme", actor=by, program="traders", leads=[])


def test_another_tenants_program_is_not_found(world: Any) -> None:
    with pytest.raises(NotFound):
        recruit.receive(
            world.kit,
            tenant="other",
            actor=Actor(user_ref="x", admin=True),
            program=world.program,
            leads=[lead("eva", "mentee")],
        )


def test_a_preview_counts_who_stands_twice_in_different_parts_once(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recruit, "CHUNK", 1)
    people = [lead("ana", "mentee", trade="baker", village="Ora")] * 2
    preview = receive(world, *people, preview=True)
    assert (preview["new"], preview["unchanged"]) == (0, 1)
    del preview["changes"]
    assert {**receive(world, *people), "preview": True} == preview


def test_a_preview_and_a_run_in_parts_count_each_lead_once_and_the_later_row_wins(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recruit, "CHUNK", 2)
    people = [
        lead("eva", "mentee", trade="baker", village="Ora"),
        lead("finn", "mentee"),
        lead("gus", "mentor"),
        lead("gus", "mentee"),  # refused, for no row says that they are both
        lead("gus", "both"),
        lead("eva", "mentee", trade="tailor", phone="123"),
        lead("finn", "mentee"),
    ]
    preview = receive(world, *people, preview=True)
    assert (preview["new"], preview["changed"], preview["unchanged"]) == (3, 1, 0)
    del preview["changes"]
    assert {**receive(world, *people), "preview": True} == preview
    rows = {r["key"]: r for r in screen.review(world.kit, **world.at, program="traders")}
    assert rows["eva"]["profile"] == {"trade": "tailor", "village": "Ora"}
    assert rows["gus"]["role"] == "both"


# --------------------------------------------------------------------------- who is who


def test_the_same_id_in_another_role_is_the_same_person_only_if_email_or_name_agrees(
    world: Any,
) -> None:
    def in_both(**told: Any) -> Lead:
        return Lead(key="ana", role="both", place="mentors.csv, line 2", **told)

    for back in (onboard.leave, screen.readmit):  # whoever is let in stays on their side
        back(world.kit, **world.at, participant=world.ids["ana"])
    before = dump(world)
    for other in (in_both(), in_both(name="Zed Zulu", email="zed@example.org")):
        report = receive(world, other)
        assert refused(report) == [("ana", "lead.key_of_another")]
    assert report["refused"][0]["place"] == "mentors.csv, line 2"
    assert "Give the two different ids" in report["refused"][0]["message"]
    assert "Ana" not in report["refused"][0]["message"]
    assert dump(world) == before
    assert receive(world, in_both(name="Ana B.", email="ANA@example.org"))["changed"] == 1
    assert (ana(world)["role"], ana(world)["name"]) == ("both", "Ana B.")


def test_the_same_id_in_another_program_is_the_same_person_only_if_email_or_name_agrees(
    world: Any,
) -> None:
    at = {**world.at, "program": "other"}
    programs.create(world.kit, **world.at, key="other", preset=PRESET)
    other = Lead(key="ana", role="mentee", name="Somebody Else", email="else@example.org")
    assert refused(recruit.receive(world.kit, **at, leads=[other])) == [
        ("ana", "lead.key_of_another")
    ]
    same = Lead(key="ana", role="mentee", name=" ANA ")
    assert recruit.receive(world.kit, **at, leads=[same])["new"] == 1


def test_two_of_one_id_and_name_with_different_addresses_are_strangers(world: Any) -> None:
    receive(world, Lead(key="1", role="mentee", name="Mary Wanjiku", email="mary@a.org"))
    programs.create(world.kit, **world.at, key="other", preset=PRESET)
    other = {**world.at, "program": "other"}
    before = dump(world)
    for role in ("mentee", "mentor"):
        mary = Lead(key="1", role=role, name="Mary Wanjiku", email="other@b.org")
        assert refused(recruit.receive(world.kit, **other, leads=[mary])) == [
            ("1", "lead.key_of_another")
        ]
    mary = replace(mary, role="mentor")  # the other sheet of one program numbers its rows, too
    assert refused(receive(world, mary)) == [("1", "lead.key_of_another")]
    assert dump(world) == before


def test_another_program_adds_a_way_to_reach_somebody_and_replaces_none(world: Any) -> None:
    receive(world, lead("ana", "mentee", phone="123"))
    programs.create(world.kit, **world.at, key="other", preset=PRESET)
    other = {**world.at, "program": "other"}
    recruit.receive(world.kit, **other, leads=[lead("ana", "mentor", phone="456")])
    recruit.receive(world.kit, **other, leads=[Lead(key="ana", role="mentor", name="Ana")])
    assert [value for _, value, _ in contacts(world, "ana")] == ["ana@example.org", "123", "456"]


def test_a_second_import_in_the_same_role_may_correct_name_and_email(world: Any) -> None:
    told = Lead(key="ana", role="mentee", name="Anna", email="anna@example.org")
    assert receive(world, told)["changed"] == 1
    assert ana(world)["name"] == "Anna"


def test_two_strangers_with_one_id_in_one_file_are_not_merged(world: Any) -> None:
    one = Lead(key="1", role="mentor", name="Ada", email="ada@example.org")
    two = Lead(key="1", role="mentee", name="Zed", email="zed@example.org")
    report = receive(world, one, two)
    assert (report["new"], refused(report)) == (1, [("1", "lead.key_of_another")])


def test_a_sheet_without_ids_finds_those_who_came_with_one(world: Any) -> None:
    same = Lead(key="ana@example.org", role="mentee", name="ANA", email="Ana@example.org")
    report = receive(world, same)
    assert (report["new"], report["changed"] + report["unchanged"]) == (0, 1)
    assert ana(world)["key"] == "ana"
    # Another name at the same address is another person: a shared address is common.
    other = Lead(key="ana@example.org", role="mentee", name="Bea", email="ana@example.org")
    assert receive(world, other)["new"] == 1


def test_who_has_no_id_here_has_not_the_id_none(world: Any) -> None:
    with world.kit.transaction(tenant="acme") as tx:
        tx.people.save(replace(tx.people.get(world.persons["ana"]), external_key=None))
    told = Lead(key="None", role="mentee", name="Nona", email="ana@example.org")
    assert receive(world, told, preview=True)["new"] == 1


def test_an_address_that_several_share_or_that_is_one_of_several_finds_nobody(world: Any) -> None:
    receive(world, Lead(key="twin", role="mentee", name="Bea", email="ana@example.org"))
    again = Lead(key="ana@example.org", role="mentee", name="Ana", email="ana@example.org")
    assert receive(world, again, preview=True)["new"] == 1
    with world.kit.transaction(tenant="acme") as tx:
        second = {"person_id": world.persons["ben"], "kind": "email", "value": "b@example.org"}
        tx.contacts.add(Contact(id=tx.new_id(), tenant="acme", **second))
    ben = Lead(key="b@example.org", role="mentee", name="Ben", email="b@example.org")
    assert receive(world, ben, preview=True)["new"] == 1


def test_no_address_becomes_a_name(world: Any) -> None:
    receive(
        world,
        Lead(key="mary.ann_wanjiku@home.org", role="mentee", email="mary.ann_wanjiku@home.org"),
        Lead(key="7", role="mentee", name="ODA+work@x.org", email="oda@x.org"),
        Lead(key="T-8", role="mentee"),
    )
    rows = screen.review(world.kit, **world.at, program="traders", state="lead")
    assert [row["name"] for row in rows] == ["Mary Ann Wanjiku", "Oda Work", "T-8"]


# --------------------------------------------------------------------------- what changes


def test_a_changed_phone_or_email_takes_the_place_of_the_old_one(world: Any) -> None:
    receive(world, lead("ana", "mentee", phone="123"))
    with world.kit.transaction(tenant="acme") as tx:
        for one in tx.contacts.find(person_id=world.persons["ana"]):
            tx.contacts.save(replace(one, verified=True))
    told = Lead(key="ana", role="mentee", name="Ana", email="New@example.org", phone="456")
    again = replace(told, phone="789")
    report = receive(world, told, again)
    assert report["changed"] == 1
    assert contacts(world, "ana") == [("email", "new@example.org", False), ("phone", "789", False)]
    assert receive(world, again)["unchanged"] == 1


def test_a_number_is_not_replaced_by_the_same_one_without_its_country_code(world: Any) -> None:
    receive(world, lead("ana", "mentee", phone="0712 345 678"))
    assert receive(world, lead("ana", "mentee", phone="+254 712 345678"))["changed"] == 1
    assert receive(world, lead("ana", "mentee", phone="0712 345 678"))["unchanged"] == 1
    assert [value for _, value, _ in contacts(world, "ana")][1:] == ["+254 712 345678"]
    assert receive(world, lead("ana", "mentee", phone="0712 345 679"))["changed"] == 1


def test_one_more_address_is_added_where_there_are_several(world: Any) -> None:
    with world.kit.transaction(tenant="acme") as tx:
        own = {"person_id": world.persons["ana"], "kind": "email", "verified": True}
        tx.contacts.add(Contact(id=tx.new_id(), tenant="acme", value="work@example.org", **own))
    receive(world, replace(lead("ana", "mentee"), email="third@example.org"))
    assert [value for _, value, _ in contacts(world, "ana")] == [
        "ana@example.org", "third@example.org", "work@example.org",
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["left", "declined", "full"])
def test_a_row_that_is_refused_changes_nothing_at_all(create_world: Any, state: str) -> None:
    world = create_world()
    told: dict[str, Any] = {"phone": "999", "business": Frozen(name="New & Co")}
    if state == "left":
        onboard.leave(world.kit, **world.at, participant=world.ids["ana"])
    elif state == "declined":
        receive(world, lead("eva", "mentee"))
        rows = screen.review(world.kit, **world.at, program="traders", state="lead")
        screen.decline(world.kit, **world.at, participant=rows[0]["id"])
    else:
        two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
        offer = match.propose(world.kit, **world.at, **two)
        accept.accept(world.kit, **world.at, proposal=offer["id"])
        told["capacity"] = 0
    before = dump(world)
    key = "eva" if state == "declined" else "ana"
    report = receive(world, replace(lead(key, "mentee", **told), name="Renamed"))
    codes = {"full": "participant.capacity_in_use"}
    assert refused(report) == [(key, codes.get(state, f"participant.{state}"))]
    assert dump(world) == before


# --------------------------------------------------------------------------- two at once


def at_once(
    world: Any, monkeypatch: pytest.MonkeyPatch, *files: list[Lead], programs: tuple[str, str]
) -> list[dict[str, Any]]:
    """Take two files in at the same moment, each into its program."""
    write = recruit._Plan.write

    def slowly(self: Any, step: Any) -> None:
        time.sleep(0.3)  # by then the other has looked at who is here
        write(self, step)

    monkeypatch.setattr(recruit._Plan, "write", slowly)

    def take(program: str, leads: list[Lead]) -> dict[str, Any]:
        return recruit.receive(world.kit, **world.at, program=program, leads=leads)

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(take, programs, files))


def firms(world: Any) -> list[str]:
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        return [one.name for one in tx.businesses.find()]


def test_the_same_file_twice_at_once_is_the_same_as_once(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = [lead(key, "mentee", business=Frozen(name="Co-op")) for key in ("eva", "finn")]
    reports = at_once(world, monkeypatch, file, file, programs=("traders", "traders"))
    assert sorted((one["new"], one["unchanged"]) for one in reports) == [(0, 2), (2, 0)]
    assert firms(world) == ["Co-op"]


def test_who_comes_twice_at_once_under_two_ids_is_one_person_with_one_firm(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {"name": "Ada", "email": "ada@x.org", "business": Frozen(name="Co-op")}
    files = [[Lead(key=key, role="mentee", **told)] for key in ("s1", "s2")]
    reports = at_once(world, monkeypatch, *files, programs=("traders", "traders"))
    assert sorted((one["new"], one["unchanged"]) for one in reports) == [(0, 1), (1, 0)]
    assert firms(world) == ["Co-op"]


def test_one_person_and_firm_come_into_two_programs_at_once(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.create(world.kit, **world.at, key="other", preset=PRESET)
    file = [lead("eva", "mentee", business=Frozen(name="Co-op"))]
    reports = at_once(world, monkeypatch, file, file, programs=("traders", "other"))
    assert [(one["new"], one["refused"]) for one in reports] == [(1, [])] * 2
    assert firms(world) == ["Co-op"]
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count(external_key="eva") == 1


# ------------------------------------------------------------------ a roster, and its columns

ROSTER = (
    b"Ref;Vorname;Mail;Gewerbe;Ort\n"
    b"r1;Eva;eva@example.org;baker;Ora\n"
    b"r2;Finn;finn@example.org;smith;Wen\n"
)
MAPPING = {"Vorname": "name", "Mail": "email", "Gewerbe": "trade", "Ort": "village"}


def roster(world: Any, body: bytes = ROSTER) -> dict[str, Any]:
    at = {**world.at, "program": "traders"}
    leads, problems = recruit.read(
        world.kit, **at, body=body, filename="roster.csv", role="mentee", columns=MAPPING
    )
    assert problems == ()
    report = recruit.receive(world.kit, **at, leads=leads)
    recruit.remember(world.kit, **at, columns=MAPPING)
    return report


def test_s3_the_same_roster_again_writes_nothing(create_world: Any, create_kit: Any) -> None:
    world = create_world(kit=create_kit(plugins=("csv", "matching", "screening")))
    assert roster(world)["new"] == 2
    kept, told = dump(world), events(world)
    again = roster(world)
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 2)
    assert dump(world) == kept
    assert events(world) == told
    changed = roster(world, ROSTER.replace(b"Ora", b"Wen"))
    assert (changed["changed"], changed["unchanged"]) == (1, 1)


def test_the_columns_of_a_file_are_shown_before_it_is_read(
    create_world: Any, create_kit: Any
) -> None:
    world = create_world(kit=create_kit(plugins=("csv", "matching")))
    at = {**world.at, "program": "traders"}
    looked = recruit.look(world.kit, **at, body=ROSTER, filename="roster.csv")
    columns = {one["name"]: (one["target"], one["samples"]) for one in looked["columns"]}
    assert columns["Ref"] == ("ref", ["r1", "r2"])
    # nobody calls a column so; what stands in it tells
    assert columns["Mail"] == ("email", ["eva@example.org", "finn@example.org"])
    assert columns["Gewerbe"][0] == "trade"
    assert columns["Ort"][0] == columns["Vorname"][0] == ""
    assert [one["id"] for one in looked["targets"]][:2] == ["trade", "village"]
    recruit.remember(world.kit, **at, columns={"Vorname": "name"})
    looked = recruit.look(world.kit, **at, body=ROSTER, filename="roster.csv")
    assert {one["name"]: one["target"] for one in looked["columns"]}["Vorname"] == "name"


def test_a_column_mapped_to_nothing_is_not_read(create_world: Any, create_kit: Any) -> None:
    world = create_world(kit=create_kit(plugins=("csv", "matching")))
    at = {**world.at, "program": "traders", "filename": "a.csv", "role": "mentee"}
    body = b"id,name,village\nx,Xenia,Ora\n"
    (one,), _ = recruit.read(world.kit, **at, body=body, columns={"village": "nothing"})
    assert dict(one.profile) == {}
    (one,), _ = recruit.read(world.kit, **at, body=body)
    assert dict(one.profile) == {"village": "Ora"}


def role_of(world: Any, key: str) -> tuple[str, str, int]:
    rows = screen.review(world.kit, **world.at, program="traders")
    return next((r["role"], r["state"], r["capacity"]) for r in rows if r["key"] == key)


def corrects(world: Any, key: str, role: str) -> Any:
    at = {**world.at, "actor": replace(world.admin, means="phone"), "participant": world.ids[key]}
    return screen.correct_role(world.kit, **at, role=role)


@pytest.mark.parametrize("state", ["active", "paused"])
def test_who_took_the_wrong_form_begins_again_on_the_other_side(
    create_world: Any, state: str
) -> None:
    world = create_world(fields={"wish": {"kind": "text", "roles": ["mentee"]}})
    ana = world.ids["ana"]
    onboard.answer(world.kit, **world.at, participant=ana, answers={"wish": "a loan"})
    if state == "paused":
        onboard.pause(world.kit, **world.at, participant=ana)
    corrects(world, "ana", "mentor")
    assert role_of(world, "ana") == ("mentor", "lead", 1)
    found = onboard.show(world.kit, **world.at, participant=ana)
    assert found["profile"] == {"trade": "baker", "village": "Ora"}
    assert (found["name"], found["consented_at"]) == ("Ana", None)
    assert [one["value"] for one in found["contacts"]] == ["ana@example.org"]
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        left, back, changed = tx.journal.about("participant", ana)[-3:]
    assert isinstance(left, ParticipantLeft)
    assert isinstance(back, ParticipantReadmitted)
    assert isinstance(changed, ParticipantChanged)
    assert (left.reason, changed.changed) == ("wrong_role", ("role", "wish"))
    assert {(one.role, one.means) for one in (left, back, changed)} == {("admin", "phone")}


@pytest.mark.parametrize("how", ["proposed", "chosen", "drafted"])
def test_whom_somebody_counts_on_keeps_their_role_until_that_is_taken_back(
    world: Any, how: str
) -> None:
    ana, cleo = world.ids["ana"], world.ids["cleo"]
    if how == "drafted":
        match.draft(world.kit, **world.at, program="traders", locks=[(ana, cleo)], alone=True)
    elif how == "proposed":
        match.propose(world.kit, **world.at, mentee=ana, mentor=cleo)
    else:
        ranking = {"mentee": world.ids["ben"], "mentors": [world.ids["dora"], cleo]}
        choices.rank(world.kit, **world.at, **ranking)
    before = dump(world)
    with pytest.raises(Conflict, match="Take that back first") as caught:
        corrects(world, "cleo", "mentee")
    assert caught.value.code == "participant.proposed"
    assert dump(world) == before


def test_who_was_matched_keeps_their_role_and_may_have_the_other_too_afterwards(world: Any) -> None:
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    made = match.propose(world.kit, **world.at, **two)
    accept.accept(world.kit, **world.at, proposal=made["id"])
    with pytest.raises(Conflict, match="brought together") as caught:
        corrects(world, "ana", "mentor")
    assert caught.value.code == "participant.matched"
    with pytest.raises(Conflict, match="when that has ended") as caught:
        corrects(world, "ana", "both")
    assert caught.value.code == "participant.matched"
    assert role_of(world, "ana") == ("mentee", "active", 1)
    (held,) = meet.relationships(world.kit, **world.at, program="traders")
    meet.end(world.kit, **world.at, relationship=held["id"])
    corrects(world, "ana", "both")
    assert role_of(world, "ana") == ("both", "lead", 1)


def test_who_has_left_is_taken_back_in_before_their_role_is_corrected(world: Any) -> None:
    onboard.leave(world.kit, **world.at, participant=world.ids["ana"])
    with pytest.raises(Conflict, match="Take them back in first"):
        corrects(world, "ana", "mentor")
