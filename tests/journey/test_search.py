"""Searching people: by what they are called, their firm, their key, and how they are reached."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from journey.conftest import ADMIN

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.journey import programs, recruit, screen

NAMES = {
    "m-1": ("Élise Ngugi", "elise@example.org", "+254 700 123 456", "Bäckerei Ora"),
    "m-2": ("Elisa Otieno", "otieno@example.org", None, None),
    "m-3": ("MARÍA GÓMEZ", "maria@example.org", "0711 000 999", "Tailor's 100%"),
    "m-4": ("Strauß, Jo", None, None, None),
}


@pytest.fixture
def crowd(create_world: Callable[..., SimpleNamespace]) -> SimpleNamespace:
    people = [
        Lead(
            key=key,
            role="mentor" if key == "m-3" else "mentee",
            name=name,
            email=email,
            phone=phone,
            business=Frozen(name=firm, country="KE") if firm else None,
        )
        for key, (name, email, phone, firm) in NAMES.items()
    ]
    return _with(create_world(), people)


def _with(world: SimpleNamespace, people: list[Lead]) -> SimpleNamespace:
    recruit.receive(world.kit, tenant=world.tenant, actor=ADMIN, program="traders", leads=people)
    return world


def found(world: SimpleNamespace, text: str, actor: Actor = ADMIN, **more: Any) -> list[str]:
    at: dict[str, Any] = {"tenant": world.tenant, "actor": actor, "program": "traders"}
    page = screen.listed(world.kit, **at, search=text, **more)
    if not more:
        assert [one["id"] for one in page["items"]] == [
            one["id"] for one in screen.review(world.kit, **at, search=text)
        ]
    return [one["key"] for one in page["items"]]


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("élise", ["m-1"]),
        ("ÉLISE", ["m-1"]),
        ("elis", ["m-1", "m-2"]),
        ("E\u0301lise", ["m-1"]),
        ("gómez maría", ["m-3"]),
        ("maria ngugi", []),
        ("STRAUSS", ["m-4"]),
        ("BÄCKEREI", ["m-1"]),
        ("100%", ["m-3"]),
        ("%", ["m-3"]),
        ("_", []),
        ("M-2", ["m-2"]),
        ("otieno@EXAMPLE.org", ["m-2"]),
        ("254700123456", ["m-1"]),
        ("+254 (700) 123-456", ["m-1"]),
        ("   ", ["ana", "ben", "cleo", "dora", *NAMES]),
    ],
)
def test_people_are_found_in_any_case_and_with_or_without_accents(
    crowd: SimpleNamespace, text: str, keys: list[str]
) -> None:
    assert found(crowd, text) == keys


def test_a_search_goes_with_state_and_role_and_pages_on(crowd: SimpleNamespace) -> None:
    assert found(crowd, "m-", state="lead", role="mentee") == ["m-1", "m-2", "m-4"]
    assert found(crowd, "m-", role="mentor") == ["m-3"]
    assert found(crowd, "m-", state="active") == []
    at: dict[str, Any] = {"tenant": crowd.tenant, "actor": ADMIN, "program": "traders"}
    keys, after = [], None
    while True:
        page = screen.listed(crowd.kit, **at, search="m-", after=after, limit=1)
        keys.append([one["key"] for one in page["items"]])
        after = page["next"]
        if after is None:
            break
    assert keys == [["m-1"], ["m-2"], ["m-3"], ["m-4"]]


def test_an_address_is_looked_for_by_staff_alone(crowd: SimpleNamespace) -> None:
    at: dict[str, Any] = {"tenant": crowd.tenant, "actor": ADMIN, "program": "traders"}
    for role in ("supervisor", "viewer", "coordinator"):
        programs.appoint(crowd.kit, **at, role=role, name=role, user_ref=role)
    assert found(crowd, "elise@", Actor(user_ref="coordinator")) == ["m-1"]
    for role in ("supervisor", "viewer"):
        assert found(crowd, "elise@", Actor(user_ref=role)) == []
        assert found(crowd, "elise", Actor(user_ref=role)) == ["m-1"]
