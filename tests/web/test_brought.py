"""What plugins bring to the pages: checked when mounted, and unable to break them."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import flask
import pytest
from markupsafe import Markup

from mentorkit import Manifest, hookimpl
from mentorkit.domain.people import Actor
from mentorkit.errors import PluginError
from mentorkit.hooks import Slot
from mentorkit.hooks.registry import Registry
from mentorkit.journey import programs
from mentorkit.web import allow, current
from mentorkit.web.brought import brought
from tests.hooks.test_plug import (
    ANYWHERE,
    exits,
    named,
    raises_an_error_of_the_core,
    returns_nonsense,
)

FAULTS = tuple(fault for fault in ANYWHERE if fault is not returns_nonsense)
"""What a slot returns is shown as a text."""
ADMIN: dict[str, Any] = {"tenant": "default", "actor": Actor(user_ref="admin", admin=True)}


def bringing(*, pages: Any = (), slots: Any = ()) -> Registry:
    """Return a registry with the plugin `house`, which yields these."""
    plugin = SimpleNamespace(
        manifest=Manifest(title="House"),
        mentorkit_web_blueprints=hookimpl(lambda: pages() if callable(pages) else pages),
        mentorkit_web_slots=hookimpl(lambda: slots),
    )
    return Registry.load(["matching", ("house", plugin)])


def refused(registry: Registry) -> list[str]:
    with pytest.raises(PluginError) as error:
        brought(registry)
    assert error.value.code == "web.not_loaded"
    return [str(one) for one in error.value.problems]


def test_everything_wrong_is_told_at_once_and_names_the_plugin() -> None:
    wrong = bringing(pages=["no blueprint", flask.Blueprint("other", __name__)], slots=[3])
    told = refused(wrong)
    assert len(told) == 3
    assert all(one.startswith("house") for one in told)
    assert "yield a flask.Blueprint" in told[0]
    assert "name it 'house'" in told[1]


def test_a_place_that_is_not_there_is_told_with_those_that_are() -> None:
    (told,) = refused(bringing(slots=[Slot(name="nowhere", render=str)]))
    assert "there are home, overview" in told


def test_a_hook_that_raises_is_a_failure_of_its_plugin() -> None:
    def pages() -> None:
        raise RuntimeError("no room")

    (told,) = refused(bringing(pages=pages))
    assert "no room" in told


def overview(registry: Registry, create_kit: Any, host: Any, **plugin: Any) -> str:
    kit = create_kit(registry=registry)
    programs.create(kit, **ADMIN, key="traders", preset={})
    if plugin:
        programs.define(kit, **ADMIN, program="traders", kind="plugin", key="house", body=plugin)
    page = host(kit).test_client().get("/mentoring/programs/traders/", headers={"X-User": "admin"})
    assert page.status_code == 200
    return str(page.text)


def test_a_text_is_escaped_and_markup_is_not(
    mentorkit_create_kit: Any, mentorkit_host: Any
) -> None:
    slots = [
        Slot(name="overview", render=lambda visit, figures: f"<i>{figures['people']}</i>"),
        Slot(name="overview", render=lambda visit, figures: Markup("<b>rules</b>")),
    ]
    page = overview(bringing(slots=slots), mentorkit_create_kit, mentorkit_host)
    assert '<div class="mk-slot mk-slot-house">&lt;i&gt;0&lt;/i&gt;</div>' in page
    assert "<b>rules</b>" in page


def fails_late(at: str) -> Any:
    late = type("FailsLate", (), {at: lambda self: exits()})
    return pytest.param(lambda *given: late(), id=f"an answer that fails in {at}")


@pytest.mark.parametrize(
    "fault",
    [*named(FAULTS), fails_late("__html__"), fails_late("__str__"), fails_late("__bool__")],
)
def test_a_slot_that_misbehaves_shows_nothing_and_is_logged(
    mentorkit_create_kit: Any, mentorkit_host: Any, caplog: pytest.LogCaptureFixture, fault: Any
) -> None:
    def broken(visit: Any, figures: Any) -> Any:
        return fault(visit, figures)

    def on(visit: Any, figures: Any) -> str:
        return f"on in {visit.tenant}"

    slots = [Slot(name="overview", render=broken), Slot(name="overview", render=on)]
    with caplog.at_level(logging.ERROR, logger="mentorkit.plugin.house"):
        page = overview(bringing(slots=slots), mentorkit_create_kit, mentorkit_host)
    assert page.count("mk-slot-house") == 1
    assert "on in default</div>" in page
    assert "could not be filled" in caplog.text


@pytest.mark.parametrize("fault", named(ANYWHERE))
def test_a_page_that_misbehaves_fails_alone(
    mentorkit_create_kit: Any, mentorkit_host: Any, fault: Any
) -> None:
    def pages() -> list[flask.Blueprint]:
        made = flask.Blueprint("house", __name__)
        made.add_url_rule("/", view_func=allow(public=True)(view), methods=["GET", "POST"])
        return [made]

    def view() -> Any:
        return fault(current())

    registry = bringing(pages=pages)
    kit = mentorkit_create_kit(registry=registry)
    programs.create(kit, **ADMIN, key="traders", preset={})
    app = mentorkit_host(kit)
    app.testing = False
    client, headers = app.test_client(), {"X-User": "admin"}
    refused = 409 if fault is raises_an_error_of_the_core else 500
    assert client.get("/mentoring/x/house/", headers=headers).status_code == refused
    page = client.get("/mentoring/programs/traders/", headers=headers)
    assert page.status_code == 200


def test_a_program_that_switched_a_plugin_off_does_not_show_it(
    mentorkit_create_kit: Any, mentorkit_host: Any
) -> None:
    slots = [Slot(name="overview", render=lambda visit, figures: "house rules")]
    page = overview(bringing(slots=slots), mentorkit_create_kit, mentorkit_host, enabled=False)
    assert "house rules" not in page


def test_a_page_of_a_plugin_without_a_policy_is_refused_even_to_an_admin(
    mentorkit_create_kit: Any, mentorkit_host: Any
) -> None:
    def pages() -> list[flask.Blueprint]:
        made = flask.Blueprint("house", __name__)
        made.add_url_rule("/open", view_func=lambda: "in", endpoint="open")
        made.add_url_rule("/closed", view_func=allow("admin")(lambda: "in"), endpoint="closed")
        return [made]

    client = mentorkit_host(mentorkit_create_kit(registry=bringing(pages=pages))).test_client()
    admin = {"X-User": "admin"}
    assert client.get("/mentoring/x/house/open", headers=admin).status_code == 403
    assert client.get("/mentoring/x/house/closed", headers=admin).text == "in"
    assert client.get("/mentoring/x/house/closed").status_code == 403


def test_a_switched_off_plugins_nested_pages_are_not_there_either(
    mentorkit_create_kit: Any, mentorkit_host: Any
) -> None:
    def pages() -> list[flask.Blueprint]:
        outer, inner = flask.Blueprint("house", __name__), flask.Blueprint("cellar", __name__)
        view = allow(public=True)(lambda program: "in")
        inner.add_url_rule("/<program>/cellar", view_func=view, endpoint="cellar")
        outer.register_blueprint(inner)
        return [outer]

    kit = mentorkit_create_kit(registry=bringing(pages=pages))
    for key, enabled in (("p1", True), ("p2", False)):
        preset = {"plugins": {"house": {"enabled": enabled}}}
        programs.create(kit, **ADMIN, key=key, preset=preset)
    client = mentorkit_host(kit).test_client()
    assert client.get("/mentoring/x/house/p1/cellar").status_code == 200
    assert client.get("/mentoring/x/house/p2/cellar").status_code == 404
