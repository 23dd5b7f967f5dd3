"""Switched off in a program, a shipped plugin does nothing there at all: it goes over every one.

A program is run for six weeks, with all that is loaded on, and again with one plugin off. What is
asked of each plugin is noted. A plugin that comes to be shipped joins by itself, and a kind of
provider that nobody looks for fails the test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import MappingProxyType
from typing import Any

import flask
import pytest

from mentorkit import DEFAULT_PLUGINS, Manifest, Portal, hookimpl
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, MentorKitError
from mentorkit.hooks import Criterion
from mentorkit.journey import (
    accept,
    evaluate,
    match,
    meet,
    onboard,
    plugins,
    programs,
    recruit,
    relay,
    screen,
    standing,
    strategies,
    suggestions,
)
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from mentorkit.web import blueprint
from mentorkit.web.brought import brought
from mentorkit.worker import work
from mentorkit_magiclink import or_session
from tests.journey.asked import TARGETS, sections

ADMIN = Actor(user_ref="admin", admin=True)
AT: dict[str, Any] = {"tenant": "acme", "actor": ADMIN, "program": "traders"}
BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
CALLED: dict[str, tuple[str, ...]] = {
    "recruitment_sources": ("receive",),
    "requirement_checks": ("answer",),
    "channels": ("can_reach", "deliver"),
    "nudges": ("due",),
    "content_checks": ("review",),
    "feedback_vendors": ("invite",),
    "metrics": ("measure",),
    "reactions": ("handle",),
}
"""What is called of the providers of a kind while a program runs."""
OFFERED = {"criteria", "features", "rules", "assigners", "strategies"}
"""Kinds that a strategy is made of: the engine knows most of them by what they declare."""
DEPLOYERS = {"checks", "commands"}
"""Kinds that are of no program: whoever loaded the plugin uses them."""
OF_NO_PROGRAM = {"rehearse"}
"""Whose reactions are to what is of no program: that somebody is erased, who was in a rehearsal."""
PRESET: dict[str, Any] = {
    "fields": {
        "trade": {"options": ["baker", "smith"]},
        "about": {"kind": "text", "shown": True},
    },
    "program": {"matching": "self", "mentee_capacity": 2},
    "strategy": {"criteria": [{"criterion": "equal", "field": "trade", "weight": 1}]},
    "requirements": [{"id": "reach", "check": "reachable", "otherwise": "ask"}],
    "consent": {"en": "We use what you tell us."},
    **sections("baseline", "check"),
    "targets": TARGETS,
}
SHEET = b"""ref,name,role,trade,email,capacity
ana,Ana,mentee,baker,ana@example.org,2
ben,Ben,mentee,smith,ben@example.org,1
cleo,Cleo,mentor,baker,cleo@example.org,1
dora,Dora,mentor,smith,dora@example.org,1
"""


@contextmanager
def listening(kit: Kit) -> Iterator[Counter[str]]:
    """Count the calls of each plugin's providers; no channel reaches anybody by mail."""
    heard: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for (kind, name), plugin in kit.registry.owners.items():
            for method in CALLED.get(kind, ()):
                provider = getattr(kit.registry, kind)[name]
                real = getattr(provider, method)

                def call(*given: Any, real: Any = real, plugin: str = plugin, **more: Any) -> Any:
                    heard[plugin] += 1
                    return False if plugin == "email" else real(*given, **more)

                if kind == "reactions":
                    object.__setattr__(provider, method, call)
                else:
                    patch.setattr(provider, method, call, raising=False)
        yield heard


def live(kit: Kit, clock: Any) -> dict[str, str]:
    """Run the program for six weeks; what a plugin that is off is missing for is passed over."""
    with suppress(MentorKitError):
        leads, _ = recruit.read(kit, **AT, body=SHEET, filename="people.csv")
        recruit.receive(kit, **AT, leads=leads)
    if not screen.review(kit, **AT):
        return {}
    rows = screen.review(kit, **AT)
    ids = {row["key"]: row["id"] for row in rows}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        many(kit, verb, list(ids.values()), **BY, noun="participant")
    for key in ids:
        standing.link(kit, **BY, person=key, user_ref=key)
    with suppress(MentorKitError):
        match.discard(kit, **BY, run=match.draft(kit, **AT)["id"])
    ends = {}
    for mentee, mentor in (("ana", "cleo"), ("ben", "dora")):
        made = match.propose(kit, **BY, mentee=ids[mentee], mentor=ids[mentor])
        ends[mentee] = str(accept.accept(kit, **BY, proposal=made["id"])["relationship_id"])
    meet.log(kit, **BY, relationship=ends["ana"], minutes=60, held_at=clock())
    ana: dict[str, Any] = {"tenant": "acme", "actor": Actor(user_ref="ana")}
    relay.send(kit, **ana, relationship=ends["ana"], text="Shall we meet on Monday?")
    drain(kit)
    clock.forward(days=43)
    drain(kit)
    meet.end(kit, **BY, relationship=ends["ben"], reason="other")
    onboard.leave(kit, **BY, participant=ids["ben"], reason="other")
    drain(kit)
    evaluate.report(kit, **AT)
    return {"relationship": ends["ana"], "participant": ids["ana"]}


def drain(kit: Kit) -> None:
    while any(work(kit, limit=500).values()):
        pass


@pytest.fixture
def create_program(mentorkit_create_kit: Callable[..., Kit]) -> Callable[..., Kit]:
    def create(off: str | None = None) -> Kit:
        kit = mentorkit_create_kit(
            plugins=DEFAULT_PLUGINS,
            settings={"email": {"host": "mail.example.org", "sender": "team@example.org"}},
            secret_keys=["secret"],
            site=Portal("https://example.org/m"),
        )
        programs.create(kit, **BY, key="traders", preset=PRESET)
        programs.open_(kit, **AT)
        programs.appoint(kit, **AT, role="coordinator", name="Cora", user_ref="cora")
        if off:
            plugins.change(kit, **AT, plugin=off, on=False)
        return kit

    return create


def host(kit: Kit) -> flask.Flask:
    app = flask.Flask("host")
    app.config.update(SECRET_KEY="host", TESTING=True)

    def signed_in() -> Actor | None:
        user = flask.request.headers.get("X-User")
        return Actor(user_ref=user, admin=user == "admin") if user else None

    pages = blueprint(kit, tenant=lambda: "acme", actor=or_session(kit, signed_in))
    app.register_blueprint(pages, url_prefix="/m")
    return app


def looked_at(app: flask.Flask, made: dict[str, str]) -> str:
    """Return what stands on the pages with slots, for those who see them."""
    at = "/m/programs/traders"
    where = [(None, "/m/"), ("ana", "/m/"), ("cora", f"{at}/")]
    if made:
        where += [
            ("ana", f"{at}/relationships/{made['relationship']}"),
            ("cora", f"{at}/people/{made['participant']}"),
            ("ana", f"{at}/people/{made['participant']}/mentors"),
        ]
    told = ""
    for user, path in where:
        page = app.test_client().get(path, headers={"X-User": user} if user else {})
        # Who has no free place is told so, and sees what else is there.
        assert page.status_code in (200, 409 if path.endswith("/mentors") else 200), path
        told += page.text
    return told


def pages_of(app: flask.Flask, name: str) -> dict[tuple[str, str], tuple[int, bool]]:
    """Return how each page, (method, address), of a plugin is answered: status, and if off."""
    found = {}
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith(f"mentorkit.{name}."):
            path = rule.build(dict.fromkeys(rule.arguments, "x") | {"program": "traders"}, False)
            assert path is not None
            for method in (rule.methods or set()) & {"GET", "POST"}:
                with app.test_client() as client:
                    page = client.open(path[1], method=method, headers={"X-User": "admin"})
                found[method, path[1]] = (page.status_code, "does not use that" in page.text)
    return found


def test_with_all_of_them_on_each_kind_is_heard_and_seen(
    create_program: Callable[..., Kit], mentorkit_clock: Any
) -> None:
    kit = create_program()
    with listening(kit) as heard:
        made = live(kit, mentorkit_clock)
    owners = kit.registry.owners
    assert {kind for kind, _ in owners} <= CALLED.keys() | OFFERED | DEPLOYERS
    called = {plugin for (kind, _), plugin in owners.items() if kind in CALLED}
    assert set(heard) == called - OF_NO_PROGRAM
    app = host(kit)
    told, slots = looked_at(app, made), brought(kit.registry).slots
    shown = [each for place, each in slots.items() if place != "sending"]  # it shows nothing
    assert all(f"mk-slot-{plugin.name}" in told for each in shown for plugin, _ in each)
    for name in DEFAULT_PLUGINS:
        assert not any(gone for _, gone in pages_of(app, name).values())


@pytest.mark.parametrize("name", [one for one in DEFAULT_PLUGINS if one != "limits"])
def test_everything_of_a_plugin_is_gone_with_it(
    create_program: Callable[..., Kit], mentorkit_clock: Any, name: str
) -> None:
    kit = create_program(off=name)
    with listening(kit) as heard:
        made = live(kit, mentorkit_clock)
    assert heard[name] == 0
    app = host(kit)
    assert f"mk-slot-{name}" not in looked_at(app, made)
    pages = pages_of(app, name)
    assert pages == dict.fromkeys(pages, (404, True))
    offered = strategies.show(kit, **AT)
    named = {*offered["strategies"], *(one for each in offered["offered"].values() for one in each)}
    own = {
        one
        for (kind, one), plugin in kit.registry.owners.items()
        if plugin == name and kind in OFFERED
    }
    assert not named & own
    if own:
        with pytest.raises(MentorKitError, match="switched off what it matches by"):
            match.draft(kit, **AT)


def test_what_a_strategy_takes_from_a_plugin_is_gone_for_each_way_of_matching(
    mentorkit_create_kit: Callable[..., Kit], mentorkit_clock: Any
) -> None:
    asked: list[str] = []

    class Ours(Criterion):
        name = "ours"
        needs = MappingProxyType({"trade": str})

        def score(self, mentee: Any, mentor: Any) -> float:
            asked.append("score")
            return 1.0

        def explain(self, mentee: Any, mentor: Any, value: float) -> str:
            return "Ours says so"

    class Own:
        manifest = Manifest(title="Ours")

        @hookimpl
        def mentorkit_criteria(self) -> Any:
            yield Ours()

    kit = mentorkit_create_kit(plugins=("matching", ("ours", Own())))
    matched = {
        "criteria": [
            {"criterion": "equal", "field": "trade", "weight": 1},
            {"criterion": "equal", "field": "trade", "weight": 2},
            {"criterion": "ours", "weight": 3},
        ]
    }
    here = {"matching": "self", "accept_chain": ["mentee", "mentor"]}
    preset = {"fields": PRESET["fields"], "consent": PRESET["consent"], "strategy": matched}
    preset["measurement"] = {"none": "This test measures nothing."}
    programs.create(kit, **BY, key="traders", preset={**preset, "program": here})
    programs.open_(kit, **AT)
    people = [("ana", "mentee"), ("ben", "mentee"), ("cleo", "mentor"), ("dora", "mentor")]
    leads = [
        Lead(key=key, role=role, name=key.title(), profile={"trade": "baker"})  # type: ignore[arg-type]
        for key, role in people
    ]
    recruit.receive(kit, **AT, leads=leads)
    ids = {row["key"]: row["id"] for row in screen.review(kit, **AT)}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        many(kit, verb, list(ids.values()), **BY, noun="participant")
    for key in ids:
        standing.link(kit, **BY, person=key, user_ref=key)
    ana: dict[str, Any] = {"tenant": "acme", "actor": Actor(user_ref="ana")}
    two = {"mentee": ids["ana"], "mentor": ids["cleo"]}
    assert suggestions.mentors(kit, **ana, participant=ids["ana"])["mentors"]
    run = match.draft(kit, **AT)["id"]
    match.publish(kit, **BY, run=run)  # Ana and Ben are asked, each about one mentor
    drain(kit)
    assert asked

    asked.clear()
    plugins.change(kit, **AT, plugin="ours", on=False)
    for one in match.proposals(kit, **AT, state="offered"):  # nobody is offered the next best
        accept.accept(kit, **BY, proposal=one["id"], on_behalf_of="mentee")
    mentorkit_clock.forward(days=30)
    drain(kit)
    assert [one["state"] for one in match.proposals(kit, **AT)] == ["expired", "expired"]
    with pytest.raises(Conflict, match="being arranged anew") as arranged:
        suggestions.mentors(kit, **ana, participant=ids["ana"])
    assert arranged.value.code == "mentee.not_available"
    with pytest.raises(Invalid, match=r"ours: switch the plugin on, or match without: ours"):
        suggestions.mentors(kit, **BY, participant=ids["ana"])
    page = (
        host(kit)
        .test_client()
        .get(f"/m/programs/traders/people/{ids['ana']}/mentors", headers={"X-User": "admin"})
    )
    assert (page.status_code, "match without: ours" in page.text) == (422, True)
    asks = match.propose(kit, **ana, **two)  # by hand people are brought together all the same
    assert accept.show(kit, **BY, proposal=asks["id"])["words"] == []
    plugins.change(kit, **AT, plugin="matching", on=False)
    with pytest.raises(Invalid) as caught:
        match.draft(kit, **AT)
    assert [one.place for one in caught.value.problems] == ["matching", "ours"]
    assert caught.value.problems[0].message.count("equal") == 1
    assert asked == []
