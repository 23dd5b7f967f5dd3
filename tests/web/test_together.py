"""What staff do for many pairs at once, on the list of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from web.conftest import ADMIN, Portal

from mentorkit.journey import accept, history, match, meet

AT = "/programs/traders/relationships"
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
    page = cora.send(AT, 409, proposal=[first, second], do="accept", on_behalf_of="")
    assert "Not everything was possible" in page
    assert states(portal) == ["active"]


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
    assert "tick at least one" in cora.send(AT, 422, do="end", sure="1")
    assert "press one of the buttons" in cora.send(AT, 422, do="dance")


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
