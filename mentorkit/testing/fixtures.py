"""Fixtures of the pytest plugin `mentorkit`. At the top it imports pytest alone.

pytest imports this module in every suite of an environment where mentorkit is installed, so all
else is imported when a fixture is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mentorkit.hooks.registry import Registry
    from mentorkit.kit import Kit
    from mentorkit.testing.clock import Clock


@pytest.fixture
def mentorkit_clock() -> Clock:
    """Return a `Clock` that stands at 2026-01-05 09:00 UTC; kits of these fixtures go by it."""
    from mentorkit.testing.clock import Clock

    return Clock()


@pytest.fixture
def mentorkit_registry() -> Iterator[Callable[..., Registry]]:
    """Return a factory of registries; it takes what `Registry.load` takes, and closes them."""
    from mentorkit.hooks.registry import Registry

    made: list[Registry] = []

    def load(*args: Any, **options: Any) -> Registry:
        made.append(Registry.load(*args, **options))
        return made[-1]

    yield load
    for registry in made:
        registry.close()


@pytest.fixture
def mentorkit_create_kit(tmp_path: Path, mentorkit_clock: Clock) -> Iterator[Callable[..., Kit]]:
    """Return a factory of kits, each on an SQLite file of its own with all tables made.

    It takes what `Kit.embedded` takes besides the path.
    """
    from mentorkit.kit import Kit

    made: list[Kit] = []

    def create(**options: Any) -> Kit:
        options.setdefault("clock", mentorkit_clock)
        kit = Kit.embedded(tmp_path / f"mentorkit-{len(made)}.db", **options)
        made.append(kit)
        kit.upgrade()
        return kit

    yield create
    for kit in made:
        kit.close()


@pytest.fixture
def mentorkit_postgresql() -> Iterator[Any]:
    """Return an engine on an empty schema of the PostgreSQL server in MENTORKIT_TEST_POSTGRES.

    Without a server it is a skip; where CI is set, a failure.
    """
    import os

    from mentorkit.testing.databases import NoServer, empty_schema

    usual = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
    try:
        with empty_schema(os.environ.get("MENTORKIT_TEST_POSTGRES", usual)) as engine:
            yield engine
    except NoServer:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL server; name one in MENTORKIT_TEST_POSTGRES")


@pytest.fixture(params=["sqlite", "postgresql"])
def mentorkit_create_kit_on(
    request: pytest.FixtureRequest, mentorkit_create_kit: Callable[..., Kit], mentorkit_clock: Clock
) -> Iterator[Callable[..., Kit]]:
    """Return a factory of kits; a test that uses it runs on SQLite and on PostgreSQL.

    It takes what `Kit` takes besides `sessions`.
    """
    if request.param == "sqlite":
        yield mentorkit_create_kit
        return
    from mentorkit.kit import Kit
    from mentorkit.testing.databases import sessions_of

    engine, made = request.getfixturevalue("mentorkit_postgresql"), list[Kit]()

    def create(**options: Any) -> Kit:
        options.setdefault("clock", mentorkit_clock)
        made.append(Kit(sessions=sessions_of(engine), **options))
        made[-1].upgrade()
        return made[-1]

    yield create
    for kit in made:
        kit.close()


@pytest.fixture
def mentorkit_kit(mentorkit_create_kit: Callable[..., Kit]) -> Kit:
    """Return a kit with the built-in plugins, on a fresh SQLite file with all tables made."""
    return mentorkit_create_kit()


@pytest.fixture
def mentorkit_create_program(mentorkit_kit: Kit) -> Callable[..., dict[str, Any]]:
    """Return a factory of open programs in `mentorkit_kit`: ``create(preset, key="a")``.

    `preset` is what ``program create`` reads from a file: its fields, strategy, and so on. One
    that does not say what it measures, measures nothing, and one without a consent text gets one.
    """
    from mentorkit.domain.people import Actor
    from mentorkit.journey import programs

    admin = Actor(user_ref="tests", admin=True)

    def create(preset: Any, *, key: str = "program", tenant: str = "acme") -> dict[str, Any]:
        least = {
            "measurement": {"none": "A test measures nothing."},
            "consent": {"en": "We use what you tell us."},
        }
        preset = {**least, **preset}
        made = programs.create(mentorkit_kit, tenant=tenant, actor=admin, key=key, preset=preset)
        programs.open_(mentorkit_kit, tenant=tenant, actor=admin, program=key)
        return made

    return create


@pytest.fixture
def mentorkit_host() -> Callable[..., Any]:
    """Return a factory of hosts, ``host(kit)``: a Flask app with the kit's pages at /mentoring.

    Who opens a page is told by the header ``X-User``; the user ``admin`` is an admin. The tenant is
    ``default``, or what ``host(kit, tenant="acme")`` names.
    """
    import flask

    from mentorkit.domain.people import Actor
    from mentorkit.web import blueprint

    def signed_in() -> Actor | None:
        user = flask.request.headers.get("X-User")
        return Actor(user_ref=user, admin=user == "admin") if user else None

    def host(kit: Kit, *, tenant: str = "default") -> flask.Flask:
        app = flask.Flask("host")
        app.config.update(SECRET_KEY="host", TESTING=True)
        pages = blueprint(kit, tenant=lambda: tenant, actor=signed_in)
        app.register_blueprint(pages, url_prefix="/mentoring")
        return app

    return host
