"""Every view is called as everybody, and from another tenant: none is open by chance."""

from __future__ import annotations

from collections.abc import Callable

from web.conftest import ADMIN, PRESET, STAFF, Portal

from mentorkit.domain.moves import Role
from mentorkit.journey import accept, cases, concerns, links, match, programs
from mentorkit.web import access
from mentorkit.web.pages import PAGES, Page

USERS = {"admin": Role.ADMIN, "ana": Role.MENTEE, "cleo": Role.MENTOR} | {
    name: Role(role) for name, role in STAFF.items()
}


def things(portal: Portal) -> dict[str, str]:
    """Return one of everything that an address can name."""
    by = {"tenant": portal.tenant, "actor": ADMIN}
    asked = match.propose(portal.kit, **by, mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    done = accept.accept(portal.kit, **by, proposal=asked["id"])
    run = match.draft(portal.kit, **by, program="traders")
    portal.kit.secret_keys = ("secret",)
    told = {"kind": "other", "text": "Something happened."}
    concerns.raise_(portal.kit, **by, program="traders", **told)
    (raised,) = cases.queue(portal.kit, **by, program="traders")
    token = links.make(
        portal.kit, tenant=portal.tenant, purpose="concern", person="p", program=run["program_id"]
    )
    return {
        "concern": raised["id"],
        "content": "none",
        "token": token,
        "program": "traders",
        "participant": portal.ids["ana"],
        "proposal": asked["id"],
        "relationship": done["relationship"]["id"],
        "run": run["id"],
    }


def address(page: Page, names: dict[str, str]) -> str:
    path = page.rule
    for name, value in names.items():
        path = path.replace(f"<{name}>", value)
    assert "<" not in path, f"the test makes no {path}"
    return path


def test_every_page_names_who_may_open_it() -> None:
    assert PAGES
    for page in PAGES:
        assert access.policy(page.view) is not None, page.rule


def test_each_page_opens_for_exactly_whom_it_names(create_portal: Callable[..., Portal]) -> None:
    portal = create_portal(program={"matching": "self"})
    names = things(portal)
    for page in PAGES:
        policy = access.policy(page.view)
        assert policy is not None
        for user, role in USERS.items():
            browser = portal.browser(user)
            own = {"participant": portal.ids.get(user, names["participant"])}
            status = browser.knock(page.method, address(page, {**names, **own}))
            if policy.public or role in policy.roles:
                # A form without its token is refused behind the door, not at it.
                # A page may also say, behind the door, that nobody can be matched there now.
                expected = {200, 409} if page.method == "GET" else {403}
            else:
                expected = {403}
            assert status in expected, (user, page)


def test_nobody_opens_anything_but_what_is_public(portal: Portal) -> None:
    names = things(portal)
    for page in PAGES:
        policy = access.policy(page.view)
        public = policy is not None and policy.public and page.method == "GET"
        status = portal.browser(None).knock(page.method, address(page, names))
        assert status == (200 if public else 403), page


def test_another_tenants_things_are_not_there(create_portal: Callable[..., Portal]) -> None:
    mine = create_portal("acme")
    theirs = create_portal("zebra", kit=mine.kit)
    names = things(theirs)
    cora = mine.browser("cora")
    cora.open("/programs/traders/")
    for page in PAGES:
        own = ("participant", "proposal", "relationship", "run", "concern", "content", "token")
        if not any(f"<{name}>" in page.rule for name in own):
            continue
        if page.method == "GET":
            cora.open(address(page, names), 404)
            cora.open("/programs/traders/")
        else:
            cora.send(address(page, names), 404, do="accept", text="?", locked="yes")
            cora.open("/programs/traders/")


def test_what_is_of_another_program_is_not_found_under_this_one(portal: Portal) -> None:
    names = things(portal)
    by = {"tenant": portal.tenant, "actor": ADMIN}
    programs.create(portal.kit, **by, key="others", preset=PRESET)
    admin = portal.browser("admin")
    for page in PAGES:
        if page.method == "GET" and page.rule.count("<") > 1:
            admin.open(address(page, {**names, "program": "others"}), 404)


def test_a_participant_sees_only_what_is_theirs(portal: Portal) -> None:
    names = things(portal)
    ben = portal.browser("ben")
    for noun in ("people", "proposals", "relationships"):
        of = {"people": "participant", "proposals": "proposal"}.get(noun, "relationship")
        ben.open(f"/programs/traders/{noun}/{names[of]}", 404)
