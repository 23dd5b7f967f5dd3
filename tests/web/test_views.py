"""Every view is called as everybody, and from another tenant: none is open by chance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from web.conftest import ADMIN, PRESET, STAFF, Portal

from mentorkit.domain.moves import Role
from mentorkit.domain.people import Actor
from mentorkit.journey import accept, cases, concerns, contents, links, match, programs, relay
from mentorkit.kit import Kit
from mentorkit.web import access
from mentorkit.web.pages import PAGES, Page

USERS = {"admin": Role.ADMIN, "ana": Role.MENTEE, "cleo": Role.MENTOR} | {
    name: Role(role) for name, role in STAFF.items()
}


@pytest.fixture
def create_whole(
    create_kit: Callable[..., Kit], create_portal: Callable[..., Portal]
) -> Callable[..., Portal]:
    """Return a factory of portals where links are signed and words are looked at."""

    def create(tenant: str = "acme", kit: Kit | None = None, **preset: Any) -> Portal:
        kit = kit or create_kit(plugins=("matching", "wordlist"), secret_keys=["secret"])
        held = {"wordlist": {"settings": {"words": ["idiot"]}}}
        return create_portal(tenant, kit=kit, plugins=held, **preset)

    return create


@pytest.fixture
def whole(create_whole: Callable[..., Portal]) -> Portal:
    return create_whole()


VISITED = [page for page in PAGES if not access.is_signed(page.view)]
"""The pages that people open, and the forms that they send."""


def things(portal: Portal) -> dict[str, str]:
    """Return one of everything that an address can name."""
    by = {"tenant": portal.tenant, "actor": ADMIN}
    asked = match.propose(portal.kit, **by, mentee=portal.ids["ana"], mentor=portal.ids["cleo"])
    done = accept.accept(portal.kit, **by, proposal=asked["id"])
    run = match.draft(portal.kit, **by, program="traders")
    told = {"kind": "other", "text": "Something happened."}
    concerns.raise_(portal.kit, **by, program="traders", **told)
    (raised,) = cases.queue(portal.kit, **by, program="traders")
    with portal.kit.transaction(tenant=portal.tenant, write=False) as tx:
        person = tx.participants.get(portal.ids["ana"]).person_id
    held = done["relationship"]["id"]
    ana = {"tenant": portal.tenant, "actor": Actor(user_ref="ana")}
    relay.send(portal.kit, **ana, relationship=held, text="You idiot.")
    (word,) = contents.waiting(portal.kit, **by, program="traders")
    tokens = {
        purpose: links.make(
            portal.kit,
            tenant=portal.tenant,
            purpose=purpose,
            person=person,
            relationship=held,
            participant=portal.ids["ana"],
        )
        for purpose in ("concern", "met", "unsubscribe")
    }
    who = {"tenant": portal.tenant, "person": person}
    tokens["answer"] = links.make(portal.kit, **who, purpose="answer", proposal=asked["id"])
    return {
        "concern": raised["id"],
        "content": word["id"],
        **{f"token of {purpose}": token for purpose, token in tokens.items()},
        "program": "traders",
        "participant": portal.ids["ana"],
        "proposal": asked["id"],
        "relationship": held,
        "run": run["id"],
    }


def address(page: Page, names: dict[str, str]) -> str:
    path = page.rule.replace("<token>", f"<token of {page.rule.split('/')[1]}>")
    for name, value in names.items():
        path = path.replace(f"<{name}>", value)
    assert "<" not in path, f"the test makes no {path}"
    return path


def test_every_page_names_who_may_open_it() -> None:
    assert PAGES
    for page in PAGES:
        assert access.policy(page.view) is not None, page.rule


def test_each_page_opens_for_exactly_whom_it_names(create_whole: Callable[..., Portal]) -> None:
    portal = create_whole(program={"matching": "self"})
    names = things(portal)
    for page in VISITED:
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


def test_what_a_vendor_calls_looks_for_the_vendors_signature_and_at_no_visitor(
    whole: Portal,
) -> None:
    called = [page for page in PAGES if access.is_signed(page.view)]
    inbound = "/api/v1/inbound/<channel>"
    assert sorted((page.method, page.rule) for page in called) == [
        ("GET", inbound), ("POST", inbound), ("POST", "/unsubscribe/<token>"),
    ]  # fmt: skip
    for user in (*USERS, None):
        for method in ("POST", "GET"):
            assert whole.browser(user).knock(method, "/api/v1/inbound/nobody") == 404


def test_nobody_opens_anything_but_what_is_public(whole: Portal) -> None:
    portal = whole
    names = things(portal)
    for page in VISITED:
        policy = access.policy(page.view)
        public = policy is not None and policy.public and page.method == "GET"
        status = portal.browser(None).knock(page.method, address(page, names))
        assert status == (200 if public else 403), page


def test_another_tenants_things_are_not_there(create_whole: Callable[..., Portal]) -> None:
    mine = create_whole("acme")
    theirs = create_whole("zebra", kit=mine.kit)
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


def test_what_is_of_another_program_is_not_found_under_this_one(whole: Portal) -> None:
    portal = whole
    names = things(portal)
    by = {"tenant": portal.tenant, "actor": ADMIN}
    programs.create(portal.kit, **by, key="others", preset=PRESET)
    admin = portal.browser("admin")
    for page in PAGES:
        if page.method == "GET" and page.rule.count("<") > 1:
            admin.open(address(page, {**names, "program": "others"}), 404)


def test_a_participant_sees_only_what_is_theirs(whole: Portal) -> None:
    portal = whole
    names = things(portal)
    ben = portal.browser("ben")
    for noun in ("people", "proposals", "relationships"):
        of = {"people": "participant", "proposals": "proposal"}.get(noun, "relationship")
        ben.open(f"/programs/traders/{noun}/{names[of]}", 404)
