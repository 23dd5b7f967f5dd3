"""Staff: who is given access to a program, who may give it, and how it is taken back."""

from __future__ import annotations

from typing import Any

import pytest

from mentorkit.domain.events import StaffDismissed
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, MentorKitError, NotAllowed, NotFound
from mentorkit.journey import programs, protect, screen


def at(world: Any, actor: Actor | None = None) -> dict[str, Any]:
    return {"tenant": "acme", "actor": actor or world.admin, "program": "traders"}


def appoint(world: Any, key: str, role: str, actor: Actor | None = None, **told: Any) -> Any:
    person = world.persons[key]
    return programs.appoint(world.kit, **at(world, actor), role=role, person=person, **told)


def dismiss(world: Any, key: str, actor: Actor | None = None) -> Any:
    return programs.dismiss(world.kit, **at(world, actor), person=world.persons[key])


def staff(world: Any) -> dict[str, str]:
    return {row["key"]: row["role"] for row in programs.staff(world.kit, **at(world))}


def refused(verb: Any, *given: Any, **told: Any) -> str:
    with pytest.raises(MentorKitError) as error:
        verb(*given, **told)
    return error.value.code


def test_access_is_listed_and_taken_back(world: Any) -> None:
    appoint(world, "ana", "coordinator")
    appoint(world, "ben", "viewer", user_ref="u1")
    rows = programs.staff(world.kit, **at(world, world.by("ben")))
    assert [(row["name"], row["role"], row["user_ref"]) for row in rows] == [
        ("Ana", "coordinator", None),
        ("Ben", "viewer", "u1"),
    ]
    for key in ("ana", "ben"):
        dismiss(world, key)
        with pytest.raises(NotAllowed):
            screen.review(world.kit, **at(world, world.by(key)))
    assert staff(world) == {}
    with world.kit.transaction(tenant="acme", write=False) as tx:
        journal = tx.journal.events(limit=1000)
    gone = [one.person_id for one in journal if isinstance(one, StaffDismissed)]
    assert gone == [world.persons["ana"], world.persons["ben"]]
    assert refused(dismiss, world, "ana") == "staff.not_found"


def test_a_coordinator_appoints_and_dismisses_supervisors_and_viewers_alone(world: Any) -> None:
    for key, role in (("ana", "coordinator"), ("ben", "coordinator"), ("cleo", "supervisor")):
        appoint(world, key, role)
    ana = world.by("ana")
    appoint(world, "cleo", "viewer", ana)
    appoint(world, "dora", "viewer", ana)
    assert dismiss(world, "dora", ana)["person"] == world.persons["dora"]
    for key, role in (("dora", "coordinator"), ("ben", "viewer"), ("ana", "viewer")):
        assert refused(appoint, world, key, role, ana) == "staff.admin_only"
    assert refused(dismiss, world, "ben", ana) == "staff.admin_only"
    assert refused(dismiss, world, "ana", world.by("cleo")) == "program.staff_only"
    assert staff(world) == {"ana": "coordinator", "ben": "coordinator", "cleo": "viewer"}


def test_a_known_person_is_linked_to_the_hosts_user_and_never_to_a_second(world: Any) -> None:
    appoint(world, "ana", "viewer", user_ref="u1")
    assert screen.review(world.kit, **at(world, Actor(user_ref="u1")))
    appoint(world, "ana", "supervisor", user_ref="u1")
    assert refused(appoint, world, "ana", "viewer", user_ref="u2") == "person.user_taken"
    assert refused(appoint, world, "ben", "viewer", user_ref="u1") == "person.user_taken"
    assert staff(world) == {"ana": "supervisor"}


def test_only_an_admin_links_somebody_known_to_a_user(world: Any) -> None:
    """Whoever is linked is that person from then on, also in other programs."""
    appoint(world, "ana", "coordinator")
    ana = world.by("ana")
    assert refused(appoint, world, "cleo", "viewer", ana, user_ref="mine") == "staff.admin_only"
    new = programs.appoint(world.kit, **at(world, ana), role="viewer", user_ref="z@example.org")
    (row,) = [row for row in programs.staff(world.kit, **at(world)) if row["role"] == "viewer"]
    assert (row["person"], row["name"]) == (new["person"], "Z")


def test_who_was_erased_is_not_appointed(world: Any) -> None:
    protect.erase(world.kit, **world.at, person=world.persons["ana"])
    with pytest.raises(Conflict, match="erased"):
        appoint(world, "ana", "viewer")


def test_who_is_refused_hears_who_an_admin_is(world: Any) -> None:
    with pytest.raises(NotAllowed, match="operates the database"):
        screen.review(world.kit, **at(world, world.by("ana")))
    with pytest.raises(NotFound):
        programs.dismiss(world.kit, **at(world), person="nobody")
