"""Who works in a program, in the browser: accounts are shown, roles change and are taken back."""

from __future__ import annotations

from collections.abc import Callable

from web.conftest import ADMIN, PRESET, Portal

from mentorkit.journey import programs

HOME = "/programs/traders/"


def roles(portal: Portal) -> dict[str, str]:
    by = {"tenant": portal.tenant, "actor": ADMIN, "program": "traders"}
    return {one["name"]: one["role"] for one in programs.staff(portal.kit, **by)}


def test_an_admin_changes_a_role_and_removes_somebody_after_being_asked(portal: Portal) -> None:
    admin = portal.browser("admin")
    page = admin.open(HOME)
    assert "account cora" in page
    assert "It is not looked up" in page
    name = admin.find(r"Yes, remove (\w+) from the staff")
    person = admin.find(r'name="person" value="([^"]+)"')
    page = admin.send(f"{HOME}staff", person=person, role="viewer")
    assert "They work in this program now." in page
    assert "Nobody has checked" not in page, "they were known already"
    assert roles(portal)[name] == "viewer"
    assert "They do not work in this program any more" in admin.send(
        f"{HOME}staff", person=person, do="dismiss"
    )
    assert name not in roles(portal)


def test_a_coordinator_is_offered_only_what_a_coordinator_may_do(portal: Portal) -> None:
    page = portal.browser("cora").open(HOME)
    assert page.count("Yes, remove") == 2, "the supervisor and the viewer"
    assert '<option value="coordinator"' not in page
    page = portal.browser("vera").open(HOME)
    assert "account cora" not in page
    assert "Yes, remove" not in page


def test_who_works_in_another_program_is_offered(create_portal: Callable[..., Portal]) -> None:
    portal = create_portal()
    by = {"tenant": portal.tenant, "actor": ADMIN}
    programs.create(portal.kit, **by, key="next", preset=PRESET)
    admin = portal.browser("admin")
    page = admin.open("/programs/next/")
    assert "(account cora)" in page
    person = admin.find(r'<option value="([^"]+)">[^<]+\(account cora\)')
    page = admin.send("/programs/next/staff", person=person, role="coordinator")
    assert "account cora" in page
    assert "Nobody has checked" not in page
    page = admin.send("/programs/next/staff", name="Nia", user_ref="nia", role="viewer")
    assert "Nobody has checked that there is such an account" in page
    assert "Overview" in portal.browser("cora").open("/programs/next/")
