"""Every view is called as everybody: who gets in is what its policy says, and no cell is left out.

The views are read from the app, so that one that is added tomorrow is called too.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from web.everything import ELSEWHERE, MISSING, VISITORS, Everything, View, create

from mentorkit import DEFAULT_PLUGINS, Portal
from mentorkit.kit import Kit

NOUNS = {
    "participant", "proposal", "relationship", "run", "concern", "content", "survey", "search",
}  # fmt: skip

PROVEN = {"mentorkit.unsubscribed", "mentorkit.inbound"}
"""Forms that need no token of a page: a mail program or a vendor sends them, and what they carry is
their proof."""


@pytest.fixture
def everything(create_kit: Callable[..., Kit], tmp_path: Path) -> Everything:
    return create(
        create_kit(
            plugins=DEFAULT_PLUGINS,
            secret_keys=["secret"],
            site=Portal("http://localhost/mentoring"),
            settings={"rehearse": {"folder": str(tmp_path / "rehearsals")}},
        )
    )


def address(everything: Everything, view: View) -> str:
    """Return the address of a view for what was first made for the first pair."""
    return everything.url(view.rule.endpoint, **next(everything.own(view)))


def admitted(user: str, view: View) -> bool:
    """Return what the policy says, for what the user is where the page is."""
    roles = VISITORS[user]
    if "program" not in view.arguments:
        roles |= ELSEWHERE.get(user, frozenset())
    assert view.policy is not None
    return view.policy.public or not roles.isdisjoint(view.policy.roles)


def refused(text: str) -> bool:
    """Return whether the answer was given at the door."""
    return "may open this page." in text or "Sign in first" in text


@pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
def test_g27_each_view_lets_in_exactly_whom_its_policy_names(everything: Everything) -> None:
    views, cells = everything.views(), 0
    assert len(views) > 30
    assert {view.rule.endpoint.split(".")[1] for view in views} >= {"signup", "magiclink", "home"}
    for view in views:
        assert view.policy is not None, f"{view.rule} names nobody who may open it"
        path = address(everything, view)
        for user in VISITORS:
            # A form without its token is refused behind the door, and in other words.
            answer = everything.call(user, view.method, path, signed=False)
            where = f"{view.method} {view.rule} as {user or 'nobody'}: {answer.status_code}"
            assert answer.status_code < 500, where
            if not admitted(user, view):
                assert answer.status_code == 403, where
                assert refused(answer.text), where
            elif view.method == "GET":
                assert answer.status_code in (200, 303, 404, 409), where
                assert not refused(answer.text), where
            elif view.rule.endpoint in PROVEN:
                assert answer.status_code in (200, 303, 404), where
                assert not refused(answer.text), where
            else:
                assert answer.status_code == 403, where
                assert "not made for you" in answer.text, where
            cells += 1
    assert cells == len(views) * len(VISITORS)


@pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
def test_g27_what_a_view_is_about_opens_for_its_parties_and_staff_alone(
    everything: Everything,
) -> None:
    opened = 0
    for view in everything.views():
        about = view.arguments & NOUNS
        if view.method != "GET" or not about:
            continue
        for user in VISITORS:
            if not admitted(user, view):
                continue
            # The first participant and survey are ana's own, and not for cleo, her mentor.
            theirs = user not in ("ben", "cleo") or (
                user == "cleo" and not about & {"participant", "survey"}
            )
            answer = everything.call(user, "GET", address(everything, view))
            expected = (200, 303, 409) if theirs else (404,)
            assert answer.status_code in expected, (str(view.rule), user, answer.text)
            opened += 1
    assert opened > 15


@pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
def test_g27_in_another_tenant_nobody_is_anything(everything: Everything) -> None:
    """The same people knock at the other tenant's program: it is not there."""
    for view in everything.views():
        if "program" not in view.arguments:
            continue
        values = dict.fromkeys(view.arguments, MISSING) | {"program": "zeds"}
        path = everything.url(view.rule.endpoint, **values)
        for user in VISITORS:
            answer = everything.call(user, view.method, path)
            assert answer.status_code == 404, (str(view.rule), user, answer.status_code)


@pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
def test_g27_what_is_of_another_program_is_not_there_under_this_one_even_to_an_admin(
    everything: Everything,
) -> None:
    tried = 0
    for view in everything.views():
        about = view.arguments & NOUNS
        if "program" not in view.arguments or not about:
            continue
        made = everything.made["other program"]
        values = {
            name: next(
                ids[0] for table, ids in made.items() if ids and table.rpartition("__")[2] == name
            )
            for name in about
        }
        path = everything.url(view.rule.endpoint, **{**values, "program": "traders"})
        assert everything.call("admin", view.method, path).status_code == 404, view.rule
        tried += 1
    assert tried > 10
