"""Mounting changes nothing of the host's own, and works wherever the host puts it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import flask
import jinja2
import pytest
import sqlalchemy as sa
from web.conftest import ADMIN, Browser, Portal, create_host, signed_in
from werkzeug.middleware.proxy_fix import ProxyFix

from mentorkit.domain.people import Actor
from mentorkit.errors import NotAllowed, NotFound, SettingsError
from mentorkit.hooks.registry import Registry
from mentorkit.journey import programs
from mentorkit.kit import Kit
from mentorkit.web import blueprint


def own_pages(app: flask.Flask) -> None:
    """Give a host pages of its own, and its own way with errors."""

    @app.get("/")
    def start() -> str:
        flask.session["seen"] = 1
        return flask.render_template_string("{{ config.NAME }} {{ request.path }}")

    @app.get("/fails")
    def fails() -> str:
        flask.abort(409, "the host's own")

    @app.errorhandler(409)
    def conflict(error: Any) -> tuple[str, int]:
        return f"host says {error.description}", 409


def answers(app: flask.Flask) -> list[Any]:
    client = app.test_client()
    asked = [client.get("/"), client.get("/fails"), client.get("/nowhere"), client.post("/")]
    return [(one.status_code, one.text, sorted(one.headers)) for one in asked]


def app_wide(app: flask.Flask) -> dict[str, Any]:
    """Return all that an extension can change for a whole app."""
    return {
        "before": dict(app.before_request_funcs.get(None, ()) and {0: 1}),
        "after": dict(app.after_request_funcs.get(None, ()) and {0: 1}),
        "errors": {code: list(kinds) for code, kinds in app.error_handler_spec[None].items()},
        "globals": sorted(app.jinja_env.globals),
        "filters": sorted(app.jinja_env.filters),
        "extensions": sorted(app.jinja_env.extensions),
        "processors": len(app.template_context_processors[None]),
        "json": type(app.json),
        "commands": sorted(app.cli.commands),
        "session": type(app.session_interface),
        "own extensions": sorted(app.extensions),
    }


def test_the_hosts_own_pages_and_settings_stay_as_they_were(kit: Kit) -> None:
    alone, with_us = create_host(NAME="Soko"), create_host(NAME="Soko")
    for app in (alone, with_us):
        own_pages(app)
    with_us.register_blueprint(
        blueprint(kit, tenant=lambda: "acme", actor=signed_in), url_prefix="/mentoring"
    )
    with_us.test_client().get("/mentoring/")
    assert answers(with_us) == answers(alone)
    assert app_wide(with_us) == app_wide(alone)


def test_the_hosts_tables_stay_as_they_were(portal: Portal) -> None:
    with portal.kit.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE hosts_own (id INTEGER)")
        connection.exec_driver_sql("INSERT INTO hosts_own VALUES (1)")
    portal.browser("cora").open("/programs/traders/people")
    with portal.kit.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT id FROM hosts_own").all() == [(1,)]
        own = [name for name in sa.inspect(connection).get_table_names() if name[:2] != "mk"]
    assert own == ["hosts_own"]


def test_it_is_mounted_twice_under_two_names_and_links_stay_within_each(portal: Portal) -> None:
    portal.app.register_blueprint(
        blueprint(portal.kit, tenant=lambda: "acme", actor=signed_in, name="second"),
        url_prefix="/other",
    )
    assert 'href="/mentoring/programs/traders/"' in portal.browser("cora").open("/")
    assert 'href="/other/programs/traders/"' in portal.browser("cora", at="/other").open("/")


def test_one_blueprint_is_mounted_twice_and_inside_a_blueprint_of_the_host(kit: Kit) -> None:
    app, host = create_host(), flask.Blueprint("host", __name__)
    pages = blueprint(kit, tenant=lambda: "acme", actor=signed_in)
    host.register_blueprint(pages, url_prefix="/inner")
    app.register_blueprint(host, url_prefix="/host")
    app.register_blueprint(pages, url_prefix="/again", name="again")
    client = app.test_client()
    for at in ("/host/inner", "/again"):
        assert f'href="{at}/static/mentorkit.css"' in client.get(f"{at}/").text
        with client.get(f"{at}/static/mentorkit.css") as style:
            assert style.status_code == 200


def test_the_tenant_may_stand_in_the_path(create_portal: Callable[..., Portal]) -> None:
    first = create_portal("acme")
    create_portal("zebra", kit=first.kit)
    app = create_host()
    app.register_blueprint(
        blueprint(first.kit, tenant="org", actor=signed_in),
        url_prefix="/<org>/mentoring",
    )
    client = app.test_client()
    for org in ("acme", "zebra"):
        page = client.get(f"/{org}/mentoring/", headers={"X-User": "cora"})
        assert f'href="/{org}/mentoring/programs/traders/"' in page.text
    assert "traders" not in client.get("/nobody/mentoring/", headers={"X-User": "cora"}).text


def test_a_guard_of_the_hosts_sees_whose_page_is_asked_for(portal: Portal) -> None:
    app = create_host()

    @app.before_request
    def guard() -> None:
        if (flask.request.view_args or {}).get("org") == "zebra":
            flask.abort(403)

    @app.get("/<org>/own")
    def own(org: str) -> str:
        return org

    def of_host() -> str:
        return str((flask.request.view_args or {})["org"])

    def actor() -> Actor | None:
        return signed_in() if of_host() == "acme" else None

    pages = blueprint(portal.kit, tenant=of_host, actor=actor)
    app.register_blueprint(pages, url_prefix="/<org>/mentoring")
    client = app.test_client()
    for page in ("own", "mentoring/", "mentoring/programs/traders/"):
        assert client.get(f"/zebra/{page}", headers={"X-User": "cora"}).status_code == 403
    assert "Traders" in client.get("/acme/mentoring/", headers={"X-User": "cora"}).text


@pytest.mark.parametrize("tenant", ["org", lambda: flask.g.org], ids=["named", "function"])
def test_a_host_may_take_out_of_every_address_what_is_its_own(portal: Portal, tenant: Any) -> None:
    """As Flask's "Using URL Processors" has it."""
    app = create_host()

    @app.url_value_preprocessor
    def take(endpoint: str | None, values: dict[str, Any] | None) -> None:
        flask.g.org = (values or {}).pop("org", None)

    pages = blueprint(portal.kit, tenant=tenant, actor=signed_in)
    app.register_blueprint(pages, url_prefix="/<org>/mentoring")
    assert_all_there(app, "/acme/mentoring")


@pytest.mark.parametrize("tenant", ["org", lambda: "acme"], ids=["named", "function"])
@pytest.mark.parametrize(
    ("mount", "at"),
    [
        ({"url_prefix": "/<org>/m"}, "/acme/m"),
        ({"url_prefix": "/<string(minlength=2):org>/<int:shop>/m"}, "/acme/7/m"),
        ({"url_prefix": "/m", "subdomain": "<org>"}, "/m"),
        ({"url_prefix": "/<org>/m", "url_defaults": {"lang": "en"}}, "/acme/m"),
    ],
    ids=["path", "converters", "subdomain", "defaults"],
)
def test_what_stands_before_our_addresses_is_no_business_of_our_pages(
    portal: Portal, tenant: Any, mount: dict[str, Any], at: str
) -> None:
    app = flask.Flask("host", subdomain_matching=True)
    app.config.update(SECRET_KEY="host", TESTING=True, SERVER_NAME="soko.example")
    app.register_blueprint(blueprint(portal.kit, tenant=tenant, actor=signed_in), **mount)
    assert_all_there(app, at, "http://acme.soko.example" if "subdomain" in mount else None)


def assert_all_there(app: flask.Flask, at: str, site: str | None = None) -> None:
    """Look at a page, at what it links to, send its form, and fetch its style."""
    browser = Browser(app.test_client(), "cora", at)
    options = {"base_url": site or "http://soko.example"}
    ask, browser._ask = browser._ask, lambda *given, **more: ask(*given, **options, **more)
    assert f'href="{at}/programs/traders/"' in browser.open("/")
    browser.open("/programs/traders/")
    assert "is closed" in browser.send("/programs/traders/close")
    with browser._ask("get", "/static/mentorkit.css") as style:
        assert style.status_code == 200


def test_a_tenant_that_the_prefix_does_not_hold_is_told_at_the_start(kit: Kit) -> None:
    with pytest.raises(SettingsError, match="/<org>/"):
        create_host().register_blueprint(
            blueprint(kit, tenant="org", actor=signed_in), url_prefix="/mentoring"
        )


def test_a_host_may_name_the_tenant_of_a_request_itself(
    create_portal: Callable[..., Portal],
) -> None:
    first = create_portal("acme")
    app = create_host()

    def of_host() -> str:
        return flask.request.headers["X-Customer"]

    app.register_blueprint(blueprint(first.kit, tenant=of_host, actor=signed_in), url_prefix="/m")
    for customer, sees in (("acme", True), ("zebra", False)):
        page = app.test_client().get("/m/", headers={"X-User": "cora", "X-Customer": customer})
        assert ("Traders" in page.text) is sees


def test_links_follow_a_proxys_prefix(portal: Portal) -> None:
    portal.app.wsgi_app = ProxyFix(portal.app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
    page = portal.app.test_client().get(
        "/mentoring/", headers={"X-User": "cora", "X-Forwarded-Prefix": "/app"}
    )
    assert 'href="/app/mentoring/programs/traders/"' in page.text


def test_a_host_without_any_sign_in_gets_refused_pages(portal: Portal) -> None:
    visitor = portal.browser(None)
    assert "Sign in" in visitor.open("/")
    assert "Sign in first" in visitor.open("/programs/traders/people", 403)


@pytest.mark.parametrize("empty", [Actor(user_ref=""), Actor(user_ref="  "), Actor(person_id="")])
def test_somebody_without_a_reference_is_nobody(kit: Kit, empty: Actor) -> None:
    app = create_host()
    app.register_blueprint(blueprint(kit, actor=lambda: empty), url_prefix="/m")
    assert empty == Actor()
    assert "Sign in first" in app.test_client().get("/m/programs/new").text


@pytest.mark.parametrize("own", [7, uuid.UUID(int=7)])
def test_a_host_that_names_its_users_by_number_is_understood(portal: Portal, own: Any) -> None:
    at: dict[str, Any] = {"tenant": "acme", "actor": ADMIN, "program": "traders"}
    programs.appoint(portal.kit, **at, role="viewer", name="Eli", user_ref=own)
    assert Actor(user_ref=own) == Actor(user_ref=str(own))
    app = create_host()
    app.register_blueprint(
        blueprint(portal.kit, tenant=lambda: "acme", actor=lambda: Actor(user_ref=own)),
        url_prefix="/m",
    )
    assert "Traders and mentors" in app.test_client().get("/m/").text


def test_a_host_that_says_nothing_of_users_shows_nothing(kit: Kit) -> None:
    app = create_host()
    app.register_blueprint(
        blueprint(kit, tenant=lambda: "acme", actor=lambda: None), url_prefix="/m"
    )
    assert app.test_client().get("/m/programs/new").status_code == 403


def test_a_mount_without_any_secret_says_what_is_missing(kit: Kit) -> None:
    app = flask.Flask("bare")
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        app.register_blueprint(blueprint(kit, tenant=lambda: "acme", actor=signed_in))


def test_the_kits_own_secret_is_enough(create_kit: Callable[..., Kit]) -> None:
    app = flask.Flask("bare")
    kit = create_kit(secret_keys=["new", "old"])
    app.register_blueprint(blueprint(kit, tenant=lambda: "acme", actor=signed_in))
    assert app.test_client().get("/").status_code == 200


def test_a_host_that_knows_no_such_tenant_is_answered_with_our_page(kit: Kit) -> None:
    def of_host() -> str:
        raise NotFound("org.not_found", "There is no such organisation.")

    app = create_host()
    app.register_blueprint(
        blueprint(kit, tenant=of_host, actor=signed_in), url_prefix="/<org>/mentoring"
    )
    for method in ("get", "post"):
        answer = getattr(app.test_client(), method)("/soko/mentoring/programs/traders/concern")
        assert answer.status_code == 404
        assert "There is no such organisation." in answer.text
        assert 'href="/soko/mentoring/"' in answer.text


def test_static_files_ask_neither_the_database_nor_who_it_is() -> None:
    def nobody_asks() -> Any:
        raise AssertionError("asked")

    class Asked:
        secret_keys = ()
        registry = Registry()

        def __getattr__(self, name: str) -> Any:
            raise AssertionError(f"asked for {name}")

    app = create_host()
    kit: Any = Asked()
    app.register_blueprint(blueprint(kit, tenant=nobody_asks, actor=nobody_asks), url_prefix="/m")
    with app.test_client().get("/m/static/mentorkit.css") as style:
        assert style.status_code == 200


def test_pages_stand_in_the_hosts_layout(kit: Kit) -> None:
    app = create_host()
    app.jinja_loader = jinja2.DictLoader(
        {"soko.html": "<b>Soko</b>{% block head %}{% endblock %}{% block content %}{% endblock %}"}
    )
    app.register_blueprint(blueprint(kit, actor=signed_in, layout="soko.html"))
    page = app.test_client().get("/").text
    assert page.startswith("<b>Soko</b>")
    assert "mentorkit.css" in page
    assert "<html" not in page


def test_a_host_may_have_a_template_of_its_own_for_a_page(kit: Kit) -> None:
    app = create_host()
    app.jinja_loader = jinja2.DictLoader({"mentorkit/sign_in.html": "our own welcome"})
    app.register_blueprint(blueprint(kit, actor=signed_in))
    assert app.test_client().get("/").text == "our own welcome"


def test_pages_come_with_a_strict_content_security_policy_unless_the_host_has_one(
    portal: Portal,
) -> None:
    page = portal.browser("cora")
    page.open("/")
    policy = page.page.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert page.page.headers["Cache-Control"] == "private, no-store"


def test_no_page_has_anything_inline(portal: Portal) -> None:
    page = portal.browser("cora")
    for path in ("/", "/programs/traders/", "/programs/traders/people"):
        text = page.open(path)
        assert "<script" not in text
        assert " style=" not in text
        assert " onclick=" not in text


def test_the_admin_needs_no_person_here(portal: Portal) -> None:
    assert ADMIN.person_id is None
    assert "New program" in portal.browser("admin").open("/")


def test_a_host_that_refuses_somebody_is_answered_with_our_page(kit: Kit) -> None:
    def suspended() -> Actor:
        raise NotAllowed("host.suspended", "This account is suspended.")

    app = create_host()
    app.register_blueprint(blueprint(kit, actor=suspended), url_prefix="/mentoring")
    answer = app.test_client().get("/mentoring/")
    assert answer.status_code == 403
    assert "This account is suspended." in answer.text
