"""Links that speak for one person about one thing, without a log-in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentorkit import Portal
from mentorkit.domain.site import ADDRESSES
from mentorkit.errors import Conflict, MentorKitError, NotFound
from mentorkit.journey import links


class Signer:
    """What of a kit makes links: its secrets, its clock and its ids."""

    def __init__(self, clock, *secrets: str | bytes) -> None:
        self.clock, self.secret_keys = clock, secrets
        self.ids = iter(str(number) for number in range(1000)).__next__


def test_a_link_tells_whose_it_is_and_what_it_is_about(clock) -> None:
    kit = Signer(clock, "secret")
    token = links.make(kit, tenant="acme", purpose="met", person="p1", relationship="r1")
    link = links.read(kit, token, tenant="acme", purpose="met")
    assert (link.person_id, link.about) == ("p1", {"relationship": "r1"})
    assert link.actor.person_id == "p1"
    assert link.actor.means == "link"
    assert token.replace(".", "").replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(("tenant", "purpose"), [("other", "met"), ("acme", "concern")])
def test_a_link_does_nothing_but_what_it_was_made_for(clock, tenant: str, purpose: str) -> None:
    kit = Signer(clock, "secret")
    token = links.make(kit, tenant="acme", purpose="met", person="p1")
    with pytest.raises(NotFound, match="not ours"):
        links.read(kit, token, tenant=tenant, purpose=purpose)


def test_a_link_is_good_for_a_while(clock) -> None:
    kit = Signer(clock, "secret")
    token = links.make(kit, tenant="acme", purpose="met", person="p1", days=2)
    clock.forward(days=2)
    links.read(kit, token, tenant="acme", purpose="met")
    clock.forward(seconds=1)
    with pytest.raises(Conflict, match="is over"):
        links.read(kit, token, tenant="acme", purpose="met")


def test_secrets_are_changed_without_a_day_on_which_old_links_fail(clock) -> None:
    token = links.make(Signer(clock, "old"), tenant="acme", purpose="met", person="p1")
    links.read(Signer(clock, b"new", "old"), token, tenant="acme", purpose="met")
    with pytest.raises(NotFound):
        links.read(Signer(clock, "new"), token, tenant="acme", purpose="met")


def test_without_a_secret_no_link_is_made(clock) -> None:
    assert not links.can_sign(Signer(clock))
    with pytest.raises(Conflict, match="secret_keys"):
        links.make(Signer(clock), tenant="acme", purpose="met", person="p1")


@given(at=st.integers(0, 400), put=st.characters(min_codepoint=33, max_codepoint=126))
def test_a_link_that_was_tampered_with_is_not_ours(at: int, put: str) -> None:
    from tests.conftest import Clock

    kit = Signer(Clock(), "secret")
    token = links.make(kit, tenant="acme", purpose="met", person="p1")
    at %= len(token)
    other = token[:at] + put + token[at + 1 :]
    try:
        link = links.read(kit, other, tenant="acme", purpose="met")
    except MentorKitError:
        return
    assert link.person_id == "p1"  # the last character of base64 has bits to spare
    assert link.about == {}


def test_a_portal_knows_the_addresses_of_its_pages_without_flask() -> None:
    portal = Portal("https://example.org/{tenant}/mentoring/")
    address = portal.url("a b", "proposal", program="p/1", proposal="x")
    assert address == "https://example.org/a%20b/mentoring/programs/p%2F1/proposals/x"
    assert portal.url("acme", "x/signup/{program}", program="p1").endswith("/x/signup/p1")
    with pytest.raises(KeyError):
        portal.url("acme", "proposal", program="p1")


def test_the_addresses_are_those_of_the_pages() -> None:
    from mentorkit.web import PAGES

    rules = {page.view.__name__: page.rule for page in PAGES}
    for endpoint, path in ADDRESSES.items():
        assert rules[endpoint] == "/" + path.replace("{", "<").replace("}", ">")
