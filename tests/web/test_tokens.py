"""No form but our own is done, and only for whom it was made."""

from __future__ import annotations

import flask
import pytest
from web.conftest import Browser, Portal, create_host

from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, NotAllowed
from mentorkit.web import blueprint, tokens
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
    others = (Actor(person_id="ana"), Actor(), Actor(user_ref="ana", admin=True))
    for tenant, actor in (("zebra", ANA), *(("acme", one) for one in others)):
        with pytest.raises(NotAllowed):
            made.check(token, tenant, actor)


def test_a_token_of_a_visitor_without_a_name_is_not_an_admins_without_one() -> None:
    made = Tokens(["secret"])
    with pytest.raises(NotAllowed):
        made.check(made.make("acme", Actor()), "acme", Actor(admin=True))


def test_no_other_site_sends_a_form_for_an_admin_whom_the_host_does_not_name(
    portal: Portal,
) -> None:
    def by_password() -> Actor | None:
        return Actor(admin=True) if flask.request.authorization else None

    app = create_host()
    app.register_blueprint(
        blueprint(portal.kit, tenant=lambda: "acme", actor=by_password), url_prefix="/mentoring"
    )
    stranger = Browser(app.test_client(), None)
    stranger.open("/programs/traders/concern")
    token = stranger.find(r'name="mk_token" value="([^"]+)"')
    sent = app.test_client().post(
        "/mentoring/programs/traders/staff",
        data={"mk_token": token, "role": "coordinator", "name": "Eve", "user_ref": "eve"},
        auth=("admin", "word"),
    )
    assert sent.status_code == 403
    assert "Eve" not in portal.browser("admin").open("/programs/traders/")


def test_a_form_sent_from_another_site_is_refused_even_with_its_token(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open("/programs/traders/")
    token = cora.find(r'name="mk_token" value="([^"]+)"')
    for site, status in (("cross-site", 403), ("same-origin", 303)):
        sent = cora.client.post(
            "/mentoring/programs/traders/close",
            data={"mk_token": token},
            headers={"X-User": "cora", "Sec-Fetch-Site": site},
        )
        assert sent.status_code == status
        assert ("another site" in sent.text) is (status == 403)


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
