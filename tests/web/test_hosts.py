"""Mentoring mounted in two unlike hosts, which stay as they were in all that is theirs.

One is a bare Flask app. The other is the sample host: an app factory with users, ORM models and
migrations of its own, its own log-in, layout and error pages.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.orm import Session, sessionmaker
from web.conftest import signed_in
from werkzeug.middleware.proxy_fix import ProxyFix

from mentorkit.kit import Kit
from mentorkit.store import not_ours
from mentorkit.web import blueprint
from mentorkit_demo import host

Sessions = sessionmaker[Session]


def bare() -> flask.Flask:
    """A host of one file, with nothing but a secret."""
    app = flask.Flask("bare")
    app.secret_key = "bare"

    @app.get("/")
    def start() -> dict[str, Any]:
        flask.session["seen"] = flask.session.get("seen", 0) + 1
        return {"b": 1, "a": "é"}

    @app.cli.command("greet")
    def greet() -> None:
        """Say hello."""

    return app


@pytest.fixture
def sessions(tmp_path: Path) -> Iterator[Sessions]:
    made = host.sessions_at(tmp_path / "product.db")
    yield made
    made.kw["bind"].dispose()


def sample(sessions: Sessions) -> flask.Flask:
    """The sample host with two users, one of whom has sold something."""
    app = host.create_app(sessions)
    with sessions() as session:
        if not session.scalar(sa.select(sa.func.count(host.User.id))):
            session.add(host.User(login="ada", name="Ada", is_admin=True))
            seller = host.User(login="sol", name="Sol")
            seller.sales = [host.Sale(what="Twelve baskets", cents=4800)]
            session.add(seller)
            session.commit()
    return app


def answers(app: flask.Flask) -> list[Any]:
    """Return what a visit to the host's own pages gives: bodies, headers, cookies, the session."""
    client, told = app.test_client(), []
    for method, path in (
        ("GET", "/"), ("GET", "/sales"), ("POST", "/sign-in/sol"), ("GET", "/"), ("GET", "/sales"),
        ("GET", "/nowhere"), ("POST", "/nowhere"), ("OPTIONS", "/"), ("GET", "/static/product.css"),
        ("POST", "/sign-out"), ("GET", "/sales"),
    ):  # fmt: skip
        with client.open(path, method=method) as answer:
            headers = {
                name: value for name, value in answer.headers if name not in ("Date", "Set-Cookie")
            }
            cookies = [one.split("=")[0] for one in answer.headers.getlist("Set-Cookie")]
            told.append((method, path, answer.status_code, answer.text, headers, cookies))
        with client.session_transaction() as session:
            told.append(dict(session))
    return told


def app_wide(app: flask.Flask) -> dict[str, Any]:
    """Return all that a mount could have changed for the whole app."""

    def app_level(found: dict[Any, Any]) -> int:
        return len(found.get(None, ()))

    return {
        "before_request": app_level(app.before_request_funcs),
        "after_request": app_level(app.after_request_funcs),
        "teardown": app_level(app.teardown_request_funcs),
        "teardown app": len(app.teardown_appcontext_funcs),
        "url values": app_level(app.url_value_preprocessors),
        "url defaults": app_level(app.url_default_functions),
        "processors": app_level(app.template_context_processors),
        "shell": len(app.shell_context_processors),
        "errors": {str(code): len(of) for code, of in app.error_handler_spec[None].items() if of},
        "config": dict(app.config),
        "globals": sorted(app.jinja_env.globals),
        "filters": sorted(app.jinja_env.filters),
        "tests": sorted(app.jinja_env.tests),
        "jinja": sorted(app.jinja_env.extensions),
        "json": (type(app.json), json.loads(app.json.dumps({"b": 1, "a": 2}))),
        "session": type(app.session_interface),
        "extensions": sorted(app.extensions),
        "commands": sorted(app.cli.commands),
        "help": app.test_cli_runner().invoke(args=["--help"]).output,
        "wsgi": getattr(app.wsgi_app, "__func__", app.wsgi_app),
        "rules": sorted(
            f"{rule} {sorted(rule.methods or ())} {rule.endpoint}"
            for rule in app.url_map.iter_rules()
            if not rule.endpoint.startswith("mentorkit.")
        ),
        "logging": [
            (name, logging.getLogger(name).level, len(logging.getLogger(name).handlers),
             logging.getLogger(name).propagate)
            for name in ("", app.logger.name, "werkzeug", "sqlalchemy")
        ],
    }  # fmt: skip


def rows(engine: sa.Engine) -> dict[str, Any]:
    """Return the host's own tables: what they are made of, and what is in them."""
    found = sa.inspect(engine)
    own = [name for name in sorted(found.get_table_names()) if not name.startswith("mk")]
    with engine.connect() as connection:
        return {
            name: (
                str(found.get_columns(name)),
                str(found.get_indexes(name)),
                connection.exec_driver_sql(f"SELECT * FROM {name}").all(),
            )
            for name in own
        }


def differences(engine: sa.Engine, **options: Any) -> list[Any]:
    """Return what the host's own migrations would be generated from."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, host.Base.metadata))


def test_g1_a_bare_host_stays_as_it_was(create_kit: Callable[..., Kit]) -> None:
    before = answers(bare()), app_wide(bare())
    app = bare()
    pages = blueprint(create_kit(secret_keys=["s"]), tenant=lambda: "acme", actor=signed_in)
    app.register_blueprint(pages, url_prefix="/mentoring")
    assert app.test_client().get("/mentoring/").status_code == 200
    assert answers(app) == before[0]
    assert app_wide(app) == before[1]


def test_g1_the_sample_host_stays_as_it_was(sessions: Sessions) -> None:
    alone, engine = sample(sessions), sessions.kw["bind"]
    before = answers(alone), app_wide(alone), rows(engine), differences(engine)
    assert before[3] == []
    app = sample(sessions)
    kit = host.mount(app, sessions, base="http://localhost")
    kit.upgrade()
    visitor = app.test_client()
    visitor.post("/sign-in/ada")
    for path in ("/mentoring/", "/mentoring/programs/new", "/mentoring/nowhere"):
        visitor.get(path)
    assert answers(app) == before[0]
    assert app_wide(app) == before[1]
    assert rows(engine) == before[2]
    assert differences(engine, include_name=not_ours) == []
    kit.close()


def test_g1_our_pages_leave_the_hosts_session_alone(sessions: Sessions) -> None:
    app = sample(sessions)
    kit = host.mount(app, sessions, base="http://localhost")
    kit.upgrade()
    visitor = app.test_client()
    visitor.post("/sign-in/ada")
    with visitor.session_transaction() as session:
        before = dict(session)
    for path in ("/mentoring/", "/mentoring/programs/new"):
        answer = visitor.get(path)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert "Market Book" in answer.text
    with visitor.session_transaction() as session:
        assert dict(session) == before
    kit.close()


def test_g1_what_is_lost_under_our_prefix_is_the_hosts_page_and_what_is_ours_is_ours(
    sessions: Sessions,
) -> None:
    app = sample(sessions)
    kit = host.mount(app, sessions, base="http://localhost")
    kit.upgrade()
    visitor = app.test_client()
    visitor.post("/sign-in/ada")
    assert "Back to the start" in visitor.get("/mentoring/no/such/address").text
    lost = visitor.get("/mentoring/programs/nothing/")
    assert lost.status_code == 404
    assert "There is no program" in lost.text
    assert "Content-Security-Policy" not in visitor.get("/").headers
    kit.close()


@pytest.mark.parametrize("how", ["a proxy's header", "the server's own word"])
def test_g1_everything_stays_below_the_prefix_of_a_proxy(how: str, sessions: Sessions) -> None:
    app = sample(sessions)
    kit = host.mount(app, sessions, base="http://localhost/app")
    kit.upgrade()
    options: dict[str, Any] = {"base_url": "http://localhost/app"}
    if how == "a proxy's header":
        app.wsgi_app = ProxyFix(app.wsgi_app, x_prefix=1)  # type: ignore[method-assign]
        options = {"headers": {"X-Forwarded-Prefix": "/app"}}
    visitor = app.test_client()
    refused = visitor.get("/mentoring/programs/first/people", **options)
    assert 'name="next" value="/app/mentoring/programs/first/people"' in refused.text or (
        refused.status_code == 404
    )
    page = visitor.get("/mentoring/", **options).text
    assert 'href="/app/mentoring/static/mentorkit.css"' in page
    assert 'action="/app/mentoring/x/magiclink/"' in page
    assert 'name="next" value="/app/mentoring/"' in page
    kit.close()


def test_g1_a_host_without_any_sign_in_gets_refused_views_not_open_ones(
    create_kit: Callable[..., Kit],
) -> None:
    app = bare()
    pages = blueprint(create_kit(), tenant=lambda: "acme", actor=lambda: None)
    app.register_blueprint(pages, url_prefix="/mentoring")
    client, refused = app.test_client(), 0
    for rule in app.url_map.iter_rules():
        if not rule.endpoint.startswith("mentorkit.") or rule.arguments:
            continue
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = client.open(str(rule), method=method)
            if rule.endpoint == "mentorkit.home":
                assert "Sign in to see" in answer.text
            else:
                assert answer.status_code == 403, rule
                refused += 1
    assert refused >= 2
