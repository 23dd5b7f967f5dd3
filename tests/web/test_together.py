"""What staff do for many pairs at once, on the list of all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest
from web.conftest import ADMIN, PEOPLE, PRESET, Portal

from mentorkit.domain.participants import Lead
from mentorkit.journey import accept, history, match, meet, programs, recruit, screen

AT = "/programs/traders/relationships"
NEW = Lead(key="edna", role="mentee", name="Edna", profile={"trade": "baker"})
TWO = (("ana", "cleo"), ("ben", "dora"))


def by_admin(portal: Portal) -> dict[str, Any]:
    return {"tenant": portal.tenant, "actor": ADMIN}


def ask(portal: Portal, pairs: Sequence[tuple[str, str]] = TWO) -> list[str]:
    return [
        match.propose(
            portal.kit, **by_admin(portal), mentee=portal.ids[mentee], mentor=portal.ids[mentor]
        )["id"]
        for mentee, mentor in pairs
    ]


def connect(portal: Portal) -> list[str]:
    done = [accept.accept(portal.kit, **by_admin(portal), proposal=one) for one in ask(portal)]
    return [one["relationship"]["id"] for one in done]


def states(portal: Portal) -> list[str]:
    rows = meet.relationships(portal.kit, **by_admin(portal), program="traders")
    return [row["state"] for row in rows]


def test_a_yes_of_many_is_noted_by_one_button(portal: Portal) -> None:
    asked = ask(portal)
    cora = portal.browser("cora")
    cora.open(AT)
    page = cora.send(AT, proposal=asked, do="accept", on_behalf_of="mentee", means="phone")
    assert "Yes is noted for 2." in page
    assert states(portal) == []
    cora.send(AT, proposal=asked, do="accept", on_behalf_of="mentor", means="phone")
    assert states(portal) == ["active", "active"]
    (held, _) = meet.relationships(portal.kit, **by_admin(portal), program="traders")
    told = history.history(portal.kit, **by_admin(portal), relationship=held["id"])
    yes = next(one for one in told if one["what"] == "ProposalAnswered")
    assert (yes["role"], yes["means"]) == ("coordinator", "phone")


def test_what_is_not_possible_for_one_does_not_keep_the_others(portal: Portal) -> None:
    first, second = ask(portal)
    accept.decline(portal.kit, **by_admin(portal), proposal=second)
    cora = portal.browser("cora")
    cora.open(AT)
    page = cora.send(AT, 409, proposal=[first, second], do="accept", on_behalf_of="everybody")
    assert "Not everything was possible: done for 1, not for 1." in page
    assert re.search(r"<li>[^<]+ \((Ana, Cleo|Ben, Dora)\)</li>", page), "and who it is"
    assert states(portal) == ["active"]


def test_those_refused_stay_ticked_and_the_others_do_not(portal: Portal, clock: Any) -> None:
    first, second = connect(portal)
    clock.forward(days=2)
    meet.end(portal.kit, **by_admin(portal), relationship=first, reason="completed")
    clock.forward(days=2)
    cora, day = portal.browser("cora"), clock().date().isoformat()
    cora.open(AT)
    page = cora.send(AT, 409, relationship=[second], do="meet", minutes="0", day=day)
    assert "That was not possible:" in page
    assert f'value="{second}" aria-label="Tick Ben, Dora" checked' in page
    form = {"relationship": [first, second], "do": "meet", "minutes": "45", "day": day}
    page = cora.send(AT, 409, **form)
    assert "done for 1, not for 1" in page
    assert "after the day on which the relationship ended" in page
    assert " checked" not in page.replace(f'value="{first}"', ""), "the other is done"


@pytest.fixture
def elsewhere(portal: Portal) -> dict[str, str]:
    """The people of another program of the same organisation, by key."""
    at = {**by_admin(portal), "program": "weavers"}
    programs.create(portal.kit, **by_admin(portal), key="weavers", preset=PRESET)
    programs.open_(portal.kit, **at)
    recruit.receive(portal.kit, **at, leads=PEOPLE)
    rows = screen.review(portal.kit, **at)
    return {row["key"]: row["id"] for row in rows}


def test_nobody_of_another_program_is_decided_about_on_the_page_of_this_one(
    portal: Portal, elsewhere: dict[str, str]
) -> None:
    recruit.receive(portal.kit, **by_admin(portal), program="traders", leads=[NEW])
    rows = screen.review(portal.kit, **by_admin(portal), program="traders", state="lead")
    admin, path = portal.browser("admin"), "/programs/traders/people"
    admin.open(path)
    page = admin.send(path, 404, participant=[elsewhere["ana"]], do="approve")
    assert "That was not possible:" in page
    page = admin.send(path, 409, participant=[elsewhere["ana"], rows[0]["id"]], do="approve")
    assert "done for 1, not for 1" in page
    assert "no such participant in this program" in page
    there = screen.review(portal.kit, **by_admin(portal), program="weavers")
    assert {row["state"] for row in there} == {"lead"}


def test_no_pair_of_another_program_is_changed_on_the_page_of_this_one(
    portal: Portal, clock: Any
) -> None:
    first, *asked = ask(portal)
    done = accept.accept(portal.kit, **by_admin(portal), proposal=first)
    held = [done["relationship"]["id"]]
    programs.create(portal.kit, **by_admin(portal), key="weavers", preset=PRESET)
    clock.forward(days=2)
    day = clock().date().isoformat()
    admin, path = portal.browser("admin"), "/programs/weavers/relationships"
    admin.open(path)
    for typed in (
        {"relationship": held, "do": "meet", "minutes": "45", "day": day},
        {"relationship": held, "do": "end", "reason": "completed", "sure": "1"},
        {"proposal": asked, "do": "accept", "on_behalf_of": "mentee"},
    ):
        admin.open("/programs/weavers/people/import")
        assert "in this program" in admin.send(path, 404, **typed)
    assert states(portal) == ["active"]
    assert meet.meetings(portal.kit, **by_admin(portal), relationship=held[0]) == []
    (one,) = asked
    assert accept.show(portal.kit, **by_admin(portal), proposal=one)["state"] == "offered"


def test_a_meeting_is_logged_for_each_that_is_ticked(portal: Portal, clock: Any) -> None:
    held = connect(portal)
    clock.forward(days=2)
    cora = portal.browser("cora")
    cora.open(AT)
    day = clock().date().isoformat()
    page = cora.send(AT, relationship=held, do="meet", minutes="45", day=day)
    assert "A meeting is logged for 2." in page
    assert page.count("45 min") == 2
    page = cora.send(AT, 409, relationship=held, do="meet", minutes="", day=day)
    assert "Ana, Cleo; Ben, Dora" in page, "one message, with all whom it is about"
    assert "write the day as" in cora.send(AT, 422, relationship=held, do="meet", day="soon")
    assert cora.page.text.count(" checked") == 2, "what was ticked stays ticked"


def test_many_end_together_and_only_when_staff_are_sure(portal: Portal) -> None:
    held = connect(portal)
    cora = portal.browser("cora")
    cora.open(f"{AT}?state=active")
    where = f"{AT}?state=active"
    page = cora.send(where, 422, relationship=held, do="end", reason="completed")
    assert "Nothing has ended" in page
    assert states(portal) == ["active", "active"]
    page = cora.send(where, relationship=held, do="end", reason="completed", sure="1")
    assert "2 have ended" in page
    assert states(portal) == ["ended", "ended"]
    assert cora.page.request.args["state"] == "active", "the list is the one it was"


def test_nothing_ticked_or_no_button_is_told_in_words(portal: Portal) -> None:
    connect(portal)
    cora = portal.browser("cora")
    cora.open(AT)
    assert "Tick at least one" in cora.send(AT, 422, do="end", sure="1")
    page = cora.send(AT, 422, do="dance")
    assert "press one of the buttons" in page
    assert "Log the meeting for each" in page, "the list is there again"


def test_who_only_reads_has_nothing_to_tick(portal: Portal) -> None:
    ask(portal, TWO[1:])
    accepted = ask(portal, TWO[:1])
    accept.accept(portal.kit, **by_admin(portal), proposal=accepted[0])
    vera = portal.browser("vera")
    page = vera.open(AT)
    assert "Ana, Cleo" in page
    assert "Dora" in page
    assert "checkbox" not in page
    assert 'value="meet"' not in page
    assert vera.knock("post", AT) in (400, 403)


def test_whose_yes_is_noted_stands_there_already_where_all_wait_for_the_same(
    portal: Portal,
) -> None:
    def chosen() -> str:
        cora.open(AT)
        found = cora.find(r'(?s)<select id="yes-of"[^>]*>(.*?)</select>')
        return "".join(re.findall(r'value="(\w*)" selected', found))

    cora, (first, second) = portal.browser("cora"), ask(portal)
    assert chosen() == "mentee"
    yes = {"on_behalf_of": "mentee"}
    accept.accept(portal.kit, **by_admin(portal), proposal=first, **yes)
    assert chosen() == "", "one waits for the mentor, one for the mentee"
    page = cora.send(AT, 422, proposal=[first], do="accept", on_behalf_of="")
    assert "Who has said yes: choose one" in page
    accept.accept(portal.kit, **by_admin(portal), proposal=second, **yes)
    assert chosen() == "mentor"
