"""No form but our own is done, and only for whom it was made."""

from __future__ import annotations

import flask
import pytest
from web.conftest import Portal

from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, NotAllowed
from mentorkit.web import tokens
from mentorkit.web.tokens import Tokens

ANA = Actor(user_ref="ana")


def test_a_form_without_its_token_changes_nothing(portal: Portal) -> None:
    page = portal.app.test_client().post(
        "/mentoring/programs/traders/close", headers={"X-User": "cora"}
    )
    assert page.status_code == 403
    assert "not made for you" in page.text
    assert "Close to new people" in portal.browser("cora").open("/programs/traders/")


def test_a_form_of_one_person_is_not_done_for_another(portal: Portal) -> None:
    cora, admin = portal.browser("cora"), portal.browser("admin")
    cora.open("/programs/traders/")
    admin.page = cora.page
    admin.send("/programs/traders/close", 403)


def test_a_token_holds_for_one_actor_and_one_tenant() -> None:
    made = Tokens(["secret"])
    token = made.make("acme", ANA)
    made.check(token, "acme", ANA)
    for tenant, actor in (("zebra", ANA), ("acme", Actor(person_id="ana")), ("acme", Actor())):
        with pytest.raises(NotAllowed):
            made.check(token, tenant, actor)


def test_a_token_of_the_secret_before_is_still_taken() -> None:
    token = Tokens(["old"]).make("acme", ANA)
    Tokens(["new", "old"]).check(token, "acme", ANA)
    with pytest.raises(NotAllowed):
        Tokens(["new"]).check(token, "acme", ANA)


def test_a_form_that_was_open_for_too_long_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    token = Tokens(["secret"]).make("acme", ANA)
    monkeypatch.setattr(tokens, "HOURS", -1)
    with pytest.raises(Conflict, match="reload"):
        Tokens(["secret"]).check(token, "acme", ANA)


def test_our_forms_carry_the_token_of_a_host_that_guards_its_own(portal: Portal) -> None:
    portal.app.jinja_env.globals["csrf_token"] = lambda: "the host's"

    @portal.app.before_request
    def guard() -> None:
        if flask.request.method == "POST" and flask.request.form.get("csrf_token") != "the host's":
            flask.abort(400)

    cora = portal.browser("cora")
    cora.open("/programs/traders/")
    assert 'name="csrf_token" value="the host&#39;s"' in cora.page.text
    cora.send("/programs/traders/close", csrf_token="the host's")
    assert "The program is closed" in cora.page.text
