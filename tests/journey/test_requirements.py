"""Who may join: rules that are data, plugins' checks beside them, and sign-offs before a match."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit import worker
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotAllowed
from mentorkit.journey import (
    accept,
    match,
    onboard,
    programs,
    recruit,
    requirements,
    screen,
    signup,
    standing,
    suggestions,
)
from tests.journey.conftest import ADMIN, PRESET

AT: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
RULES: dict[str, Any] = {
    **PRESET,
    "fields": {
        "segment": {"kind": "option", "options": ["shop", "farm", "bank"]},
        "topic": {"kind": "option", "options": ["sales", "law"]},
        "hours_a_month": {"kind": "number"},
        "online": {"kind": "flag"},
    },
    "strategy": {"criteria": [{"criterion": "equal", "field": "topic", "weight": 1}]},
    "requirements": [
        {
            "id": "segment",
            "field": "segment",
            "test": "one_of",
            "value": ["shop", "farm"],
            "text": {"en": "This program is for shops and farms."},
        },
        {"id": "topic", "field": "topic", "test": "equals", "value": "sales"},
        {
            "id": "time",
            "field": "hours_a_month",
            "test": "at_least",
            "value": 2,
            "otherwise": "ask",
        },
        {"id": "online", "field": "online", "test": "equals", "value": True},
        {"id": "trades", "check": "trading_years", "options": {"at_least": 2}},
    ],
    "referral": {"en": "The chamber of commerce may know of another offer."},
    "supply": {"gate": False},
}
SHEET = (
    "id,name,email,segment,topic,hours_a_month,online,business,started\n"
    "fits,Fay,fay@example.org,shop,sales,4,yes,Fay's,2020\n"
    "out,Otto,otto@example.org,bank,sales,4,yes,,\n"
    "new,Nia,nia@example.org,farm,sales,1,yes,Nia's,2026\n"
)
TYPED = {
    "fits": {"segment": "shop", "topic": "sales", "hours_a_month": "4", "online": "yes"},
    "out": {"segment": "bank", "topic": "sales", "hours_a_month": "4", "online": "yes"},
    "new": {"segment": "farm", "topic": "sales", "hours_a_month": "1", "online": "yes"},
}


@pytest.fixture
def kit(create_kit: Any) -> Any:
    kit = create_kit(plugins=("csv", "matching", "screening"))
    programs.create(kit, **AT, key="traders", preset=RULES)
    return kit


def ruled(kit: Any) -> dict[str, dict[str, tuple[str, str]]]:
    """Return, by first letter of the name, each requirement's answer and its reason."""
    return {
        row["name"][0]: {
            one["requirement"]: (one["answer"], one["reason"]) for one in row["requirements"]
        }
        for row in screen.review(kit, **AT, program="traders")
    }


def from_file(kit: Any, program: str = "traders") -> None:
    leads, problems = recruit.read(
        kit, **AT, program=program, body=SHEET.encode(), filename="people.csv", role="mentee"
    )
    assert problems == ()
    recruit.receive(kit, **AT, program=program, leads=leads)


def from_form(kit: Any, program: str) -> None:
    for name, key in (("Fay", "fits"), ("Otto", "out"), ("Nia", "new")):
        signup.sign_up(
            kit,
            tenant="acme",
            actor=Actor(means="form"),
            program=program,
            role="mentee",
            name=name,
            email=f"{name}@example.org",
            answers=TYPED[key],
        )


def from_code(kit: Any, program: str) -> None:
    values = {
        key: {**answers, "hours_a_month": float(answers["hours_a_month"]), "online": True}
        for key, answers in TYPED.items()
    }
    firms = {"fits": ("Fay's", 2020), "new": ("Nia's", 2026)}
    leads = [
        Lead(
            key=key,
            role="mentee",
            name=name,
            profile=values[key],
            business=Frozen(name=firms[key][0], started=firms[key][1]) if key in firms else None,
        )
        for name, key in (("Fay", "fits"), ("Otto", "out"), ("Nia", "new"))
    ]
    recruit.receive(kit, **AT, program=program, leads=leads)


def test_s5_the_same_people_get_the_same_answers_from_form_file_and_code(kit: Any) -> None:
    ways = []
    for way in (from_file, from_form, from_code):
        key = way.__name__
        programs.create(kit, **AT, key=key, preset=RULES)
        way(kit, key)
        ways.append(
            {
                row["name"]: {
                    one["requirement"]: (one["answer"], one["reason"])
                    for one in row["requirements"]
                    if one["requirement"] != "trades"  # the form asks nothing of a business
                }
                for row in screen.review(kit, **AT, program=key)
            }
        )
    assert ways[0] == ways[1] == ways[2]
    assert ways[0]["Otto"] == {
        "segment": ("no", "unmet"),
        "topic": ("yes", "met"),
        "time": ("yes", "met"),
        "online": ("yes", "met"),
    }
    assert ways[0]["Nia"]["time"] == ("ask", "unmet")


def test_s5_a_check_of_a_plugin_answers_when_people_come_in(kit: Any) -> None:
    from_file(kit)
    trades = {name: told["trades"] for name, told in ruled(kit).items()}
    assert trades == {"F": ("yes", "met"), "O": ("ask", "unanswered"), "N": ("no", "unmet")}
    eligible = {row["name"]: row["eligible"] for row in screen.review(kit, **AT, program="traders")}
    assert eligible == {"Fay": "yes", "Otto": "no", "Nia": "no"}


def test_a_check_is_asked_again_and_a_broken_one_leaves_it_to_a_person(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_file(kit)
    check = kit.registry.requirement_checks["trading_years"]

    def broken(*_: Any) -> Any:
        raise RuntimeError("no idea")

    monkeypatch.setattr(type(check), "answer", broken)
    assert requirements.check(kit, **AT, program="traders") == {"asked": 3, "changed": 2}
    assert {told["trades"] for told in ruled(kit).values()} == {("ask", "unanswered")}


def test_s5_who_is_outside_gets_the_reason_and_where_to_turn(kit: Any) -> None:
    otto = Actor(user_ref="otto", means="form")
    told = signup.sign_up(
        kit,
        tenant="acme",
        actor=otto,
        program="traders",
        role="mentee",
        name="Otto",
        email="otto@example.org",
        answers=TYPED["out"],
    )
    assert told["unmet"] == [{"en": "This program is for shops and farms."}]
    with pytest.raises(Conflict) as refused:
        screen.approve(kit, **AT, participant=told["id"])
    assert refused.value.details["requirements"] == ["segment"]
    declined = screen.decline(kit, **AT, participant=told["id"], note="Is a bank.")
    assert declined["reason"] == "segment"
    (part,) = standing.home(kit, tenant="acme", actor=otto)["parts"]
    assert part["unmet"] == [{"en": "This program is for shops and farms."}]
    assert part["referral"]["en"].startswith("The chamber of commerce")
    assert "bank" not in str(part["unmet"])


def test_s5_who_applied_is_told_by_a_message_and_who_came_in_a_file_is_not(
    create_kit: Any,
) -> None:
    kit = create_kit(plugins=("csv", "matching", "screening", "inbox"))
    programs.create(kit, **AT, key="traders", preset=RULES)
    from_file(kit)
    signup.sign_up(
        kit,
        tenant="acme",
        actor=Actor(means="form"),
        program="traders",
        role="mentee",
        name="Olga",
        email="olga@example.org",
        answers=TYPED["out"],
    )
    for row in screen.review(kit, **AT, program="traders"):
        if row["eligible"] == "no":
            screen.decline(kit, **AT, participant=row["id"])
    with kit.transaction(tenant="acme", write=False) as tx:
        names = {job.recipient_id: job.name for job in tx.outbox.find(kind="message")}
        told = [tx.people.get(id).name for id in names]
    assert told == ["Olga"]
    assert set(names.values()) == {"application_declined"}
    assert worker.work(kit)["done"] == 1
    from mentorkit_inbox.tables import message

    with kit.engine.connect() as connection:
        row = connection.execute(message.select()).one()
    assert "This program is for shops and farms." in row.body
    assert "chamber of commerce" in row.body


def test_a_requirement_that_names_no_check_we_have_is_told(kit: Any) -> None:
    body = {"requirements": [{"id": "x", "check": "trading_year"}]}
    with pytest.raises(Invalid) as wrong:
        programs.define(kit, **AT, program="traders", kind="requirements", body=body)
    assert "no loaded plugin offers 'trading_year'" in str(wrong.value)
    body = {"requirements": [{"id": "x", "check": "trading_years", "options": {"at_least": -1}}]}
    with pytest.raises(Invalid) as wrong:
        programs.define(kit, **AT, program="traders", kind="requirements", body=body)
    assert "requirements[0].options.at_least" in str(wrong.value)


# ------------------------------------------------------------------ sign-offs

SIGNOFFS = {
    "signoffs": [
        {"id": "ethics", "text": {"en": "Has read the code of ethics"}, "own": True},
        {"id": "training", "text": {"en": "Took the training"}},
    ]
}


def require_signoffs(world: SimpleNamespace) -> None:
    programs.define(world.kit, **world.at, program="traders", kind="signoffs", body=SIGNOFFS)


def sign(world: SimpleNamespace, key: str, signoff: str, **how: Any) -> dict[str, Any]:
    how.setdefault("actor", world.admin)
    return onboard.sign(
        world.kit, tenant=world.tenant, participant=world.ids[key], signoff=signoff, **how
    )


def candidates(world: SimpleNamespace) -> list[str]:
    found = suggestions.mentors(world.kit, **world.at, participant=world.ids["ana"])
    return [one["name"] for one in found["mentors"]]


def test_f3_without_one_signoff_a_mentor_is_no_candidate_and_staff_see_which(
    world: SimpleNamespace,
) -> None:
    assert candidates(world) == ["Cleo", "Dora"]
    require_signoffs(world)
    assert candidates(world) == []
    for key in ("cleo", "dora"):
        for signoff in ("ethics", "training"):
            sign(world, key, signoff)
    assert candidates(world) == ["Cleo", "Dora"]
    sign(world, "cleo", "training", signed=False)
    assert candidates(world) == ["Dora"]
    rows = screen.review(world.kit, **world.at, program="traders")
    missing = {row["key"]: row["unsigned"] for row in rows}
    assert missing == {"ana": [], "ben": [], "cleo": ["training"], "dora": []}
    drafted = match.draft(world.kit, **world.at, program="traders")
    assert drafted["summary"]["pairs"] == 2
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        pairs = tx.proposals.find(run_id=drafted["id"])
    assert {one.mentor_id for one in pairs} == {world.ids["dora"]}


@pytest.mark.parametrize("reader", ["ana", "staff"])
def test_f3_a_mentee_who_lacks_a_signoff_is_told_so_and_of_no_place_that_is_missing(
    create_world: Any, reader: str
) -> None:
    world = create_world(matching="self")
    body = {"signoffs": [{**SIGNOFFS["signoffs"][0], "roles": ["mentee"]}]}
    programs.define(world.kit, **world.at, program="traders", kind="signoffs", body=body)
    actor = world.admin if reader == "staff" else world.by(reader)
    with pytest.raises(Conflict) as refused:
        suggestions.mentors(
            world.kit, tenant=world.tenant, actor=actor, participant=world.ids["ana"]
        )
    assert "Still missing: Has read the code of ethics." in str(refused.value)
    assert "free place" not in str(refused.value)


def test_f3_a_signoff_taken_back_stops_a_pair_at_publish_and_at_accept(
    world: SimpleNamespace,
) -> None:
    require_signoffs(world)
    for key in ("cleo", "dora"):
        for signoff in ("ethics", "training"):
            sign(world, key, signoff)
    drafted = match.draft(world.kit, **world.at, program="traders")
    sign(world, "cleo", "ethics", signed=False)
    published = match.publish(world.kit, **world.at, run=drafted["id"])
    assert [one["code"] for one in published["withheld"]] == ["unsigned"]
    (offered,) = match.proposals(world.kit, **world.at, program="traders", state="offered")
    sign(world, "dora", "ethics", signed=False)
    with pytest.raises(Conflict) as refused:
        accept.accept(world.kit, **world.at, proposal=offered["id"])
    assert refused.value.code == "safeguard.unsigned"


def test_f3_a_signoff_says_when_and_by_whom(world: SimpleNamespace, clock: Any) -> None:
    require_signoffs(world)
    cleo = world.by("cleo")
    before = clock()
    sign(world, "cleo", "ethics", actor=cleo)
    clock.forward(days=1)
    sign(world, "cleo", "ethics", actor=cleo)  # it stands already, and stays as it was
    shown = onboard.show(world.kit, tenant=world.tenant, actor=cleo, participant=world.ids["cleo"])
    ethics, training = shown["signoffs"]
    assert (ethics["signed"], ethics["by"], ethics["at"]) == (True, "Cleo", before.isoformat())
    assert (training["signed"], training["by"]) == (False, None)
    with pytest.raises(NotAllowed) as refused:
        sign(world, "cleo", "training", actor=cleo)
    assert refused.value.code == "signoff.staff_only"
    with pytest.raises(NotAllowed):
        sign(world, "cleo", "ethics", actor=cleo, signed=False)
    with pytest.raises(Invalid):
        sign(world, "cleo", "nothing")
