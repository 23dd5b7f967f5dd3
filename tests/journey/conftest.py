"""A small program with people in it, ready to be walked through."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict
from mentorkit.journey import onboard, programs, protect, recruit, screen, steps

ADMIN = Actor(user_ref="host-admin", admin=True)

PRESET: dict[str, Any] = {
    "title": "Traders and mentors",
    "fields": {
        "trade": {"kind": "option", "options": ["baker", "tailor", "smith"]},
        "village": {"kind": "text"},
    },
    "requirements": [
        {"id": "has_trade", "field": "trade", "test": "answered"},
    ],
    "strategy": {
        "criteria": [
            {"criterion": "equal", "field": "trade", "weight": 3},
            {"criterion": "equal", "field": "village", "weight": 1},
        ],
    },
    "consent": {"en": "We use what you tell us to find you a mentor. Two hours a month are asked."},
    "measurement": {"none": "These tests measure nothing."},
}


def lead(key: str, role: str, **values: Any) -> Lead:
    profile = {k: values.pop(k) for k in ("trade", "village") if k in values}
    return Lead(
        key=key,
        role=role,  # type: ignore[arg-type]
        name=key.title(),
        email=f"{key}@example.org",
        profile=profile,
        **values,
    )


@pytest.fixture
def post() -> Any:
    """A channel that keeps what it carries."""
    from tests.journey.test_worker import Post

    return Post()


@pytest.fixture
def offered(create_world: Any, create_kit: Any, post: Any) -> SimpleNamespace:
    """A program with two published pairs, whose mentees wait to be told by post."""
    from tests.journey.test_worker import plugin, publish

    world: SimpleNamespace = create_world(kit=create_kit(plugins=("matching", plugin(post))))
    publish(world)
    return world


@pytest.fixture
def create_world(create_kit: Callable[..., Any]) -> Callable[..., SimpleNamespace]:
    """Return a factory of an open program with active, consented people in it."""

    def create(
        leads: list[Lead] | None = None, *, tenant: str = "acme", kit: Any = None,
        fields: dict[str, Any] | None = None, sections: dict[str, Any] | None = None,
        **program: Any,
    ) -> SimpleNamespace:  # fmt: skip
        kit = kit or create_kit()
        preset = {**PRESET, "fields": {**PRESET["fields"], **(fields or {})}, **(sections or {})}
        preset |= {"program": program} if program else {}
        made = programs.create(kit, tenant=tenant, actor=ADMIN, key="traders", preset=preset)
        programs.open_(kit, tenant=tenant, actor=ADMIN, program="traders")
        people = leads or [
            lead("ana", "mentee", trade="baker", village="Ora"),
            lead("ben", "mentee", trade="smith", village="Ora"),
            lead("cleo", "mentor", trade="baker", village="Ora", capacity=1),
            lead("dora", "mentor", trade="smith", village="Wen", capacity=2),
        ]
        recruit.receive(kit, tenant=tenant, actor=ADMIN, program="traders", leads=people)
        rows = screen.review(kit, tenant=tenant, actor=ADMIN, program="traders")
        for verb in (screen.approve, onboard.consent, onboard.complete):
            report = steps.many(
                kit, verb, [r["id"] for r in rows], tenant=tenant, actor=ADMIN, noun="participant"
            )
            assert report["refused"] == []
        ids = {row["key"]: row["id"] for row in rows}
        persons = {row["key"]: row["person_id"] for row in rows}
        return SimpleNamespace(
            kit=kit,
            tenant=tenant,
            program=made["id"],
            ids=ids,
            persons=persons,
            admin=ADMIN,
            by=lambda key: Actor(person_id=persons[key]),
            at={"tenant": tenant, "actor": ADMIN},
        )

    return create


@pytest.fixture
def world(create_world: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    return create_world()


# --------------------------------------------------------------------------- two at once


MOMENT = 0.3
"""Seconds within which whoever waits for nobody is done."""


class Beside(threading.Thread):
    """Somebody else who does something: at once, or when the others are done."""

    def __init__(self, work: Callable[[], Any]) -> None:
        super().__init__()
        self.work, self.told, self.first = work, "", False

    def run(self) -> None:
        try:
            self.work()
        except Conflict as error:
            self.told = error.code

    def begin(self) -> None:
        self.start()
        self.join(MOMENT)
        self.first = not self.is_alive()


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Return what runs `walk` and lets `other` begin at this point of it; it tells how that went.

    The point is a function that `walk` calls; `other` begins before or after its first call.
    """

    def run(module: Any, name: str, walk: Any, other: Any, *, after: bool = True) -> Beside:
        they, point = Beside(other), getattr(module, name)

        def reached(*args: Any, **values: Any) -> Any:
            monkeypatch.setattr(module, name, point)
            if not after:
                they.begin()
            told = point(*args, **values)
            if after:
                they.begin()
            return told

        monkeypatch.setattr(module, name, reached)
        walk()
        they.join()
        return they

    return run


def ids(world: Any, mentee: str = "ana", mentor: str = "cleo") -> dict[str, str]:
    return {"mentee": world.ids[mentee], "mentor": world.ids[mentor]}


def blocks(world: Any) -> Callable[[], Any]:
    two = {"person": world.persons["ana"], "other": world.persons["cleo"]}
    return lambda: protect.block(world.kit, **world.at, **two)
