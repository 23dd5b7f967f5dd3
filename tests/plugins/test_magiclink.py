"""Sign-in links: people without an account come in by their phone or mailbox, and nobody else."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from mentorkit import Manifest, Portal, hookimpl
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, NotAllowed, NotFound
from mentorkit.hooks import Channel, Receipt
from mentorkit.journey import links as signed
from mentorkit.journey import match, onboard, plugins, programs, protect, recruit, screen, standing
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from mentorkit.store import tables as core
from mentorkit.web import blueprint
from mentorkit.worker import work
from mentorkit_magiclink import commands, links, or_session, sessions, tables

BY: dict[str, Any] = {"tenant": "acme", "actor": Actor(user_ref="admin", admin=True)}
SITE = "http://localhost/m"
PRESET: dict[str, Any] = {
    "title": "Traders",
    "fields": {"trade": {"kind": "text"}},
    "strategy": {"assigner": "choice"},
    "consent": {"en": "We use what you tell us to find you a mentor."},
    "measurement": {"none": "These tests measure nothing."},
}
LEADS = (
    Lead(key="ana", role="mentee", name="Ana Lovi", phone="+254 700 111-222"),
    Lead(key="ben", role="mentee", name="Ben Otieno", phone="+254 700 333 444"),
    Lead(key="abo", role="mentee", name="Abo Otieno", phone="+254 700 333 444"),
    Lead(key="cleo", role="mentor", name="Cleo", email="Cleo@Example.org"),
    Lead(key="dora", role="mentor", name="Dora", email="dora@example.org", phone="+1 555 010 9999"),
)


class Sms(Channel):
    """Keeps what it sends: it reaches everybody who has a number."""

    name = "sms"

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []

    def can_reach(self, ctx: Any, person: Any, contacts: Any) -> bool:
        return any(one.kind in ("phone", "email") for one in contacts)

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        self.sent.append((contacts[0].value, message.body))
        return Receipt(channel="sms", reference=message.key)


class World:
    """A program whose people have numbers and addresses, in a host with one account."""

    def __init__(self, kit: Kit, sms: Sms) -> None:
        self.kit, self.sms = kit, sms
        programs.create(kit, **BY, key="traders", preset=PRESET)
        programs.open_(kit, **BY, program="traders")
        recruit.receive(kit, **BY, program="traders", leads=LEADS)
        rows = screen.review(kit, **BY, program="traders")
        self.parts = {row["key"]: row["id"] for row in rows}
        self.people = {row["key"]: row["person_id"] for row in rows}
        programs.appoint(
            kit, **BY, program="traders", role="coordinator", name="Cora", user_ref="cora"
        )
        self.app = self.host()

    def host(self, offered: bool = True, **options: Any) -> flask.Flask:
        app = flask.Flask("host")
        app.config.update(SECRET_KEY="host", TESTING=True)

        def signed_in() -> Actor | None:
            user = flask.request.headers.get("X-User")
            return Actor(user_ref=user, admin=user == "admin") if user else None

        actor = or_session(self.kit, signed_in) if offered else signed_in
        pages = blueprint(self.kit, tenant=lambda: "acme", actor=actor, **options)
        app.register_blueprint(pages, url_prefix="/m")
        return app

    def browser(self, user: str | None = None) -> Browser:
        return Browser(self.app.test_client(), user)

    def ask(self, address: str, browser: Browser | None = None, **typed: Any) -> Browser:
        """Ask for a link on the sign-in page, and let the worker send it."""
        browser = browser or self.browser()
        browser.open("/m/")
        browser.send("/m/x/magiclink/", address=address, **typed)
        work(self.kit)
        return browser

    def link(self) -> str:
        """Return the path of the newest link that was sent."""
        (found,) = re.findall(r"http://localhost(/m/\S+)", self.sms.sent[-1][1])
        return str(found)

    def sign_in(self, address: str, browser: Browser | None = None, **typed: Any) -> Browser:
        browser = self.ask(address, browser, **typed)
        browser.open(self.link())
        browser.send(self.link())
        return browser

    def rows(self, table: sa.Table) -> list[Any]:
        with self.kit.engine.connect() as connection:
            return list(connection.execute(sa.select(table)))


class Browser:
    def __init__(self, client: Any, user: str | None = None) -> None:
        self.client, self.headers = client, {"X-User": user} if user else {}
        self.page: Any = None

    def open(self, path: str, status: int = 200) -> str:
        self.page = self.client.get(path, headers=self.headers)
        assert self.page.status_code == status, self.page.text
        return str(self.page.text)

    def send(self, path: str, status: int = 200, headers: Any = (), **typed: Any) -> str:
        token = re.search(r'mk_token" value="([^"]+)', self.page.text)
        assert token, self.page.text
        hidden = re.search(r'name="next" value="([^"]*)"', self.page.text)
        data = {"mk_token": html.unescape(token[1]), **typed}
        if hidden and "next" not in typed:
            data["next"] = html.unescape(hidden[1])
        self.page = self.client.post(
            path, data=data, follow_redirects=True, headers={**self.headers, **dict(headers)}
        )
        assert self.page.status_code == status, self.page.text
        return str(self.page.text)

    @property
    def cookies(self) -> list[Any]:
        return [one for one in self.client._cookies.values() if one.key.startswith("mk_link")]


@pytest.fixture
def create_world(create_kit: Callable[..., Kit]) -> Callable[..., World]:
    def create(**settings: Any) -> World:
        sms = Sms()
        plugin = SimpleNamespace(
            manifest=Manifest(title="SMS"),
            mentorkit_notification_channels=hookimpl(lambda: [sms]),
        )
        kit = create_kit(
            plugins=("matching", "inbox", "magiclink", ("sms", plugin)),
            settings={"magiclink": settings},
            secret_keys=["secret"],
            site=Portal(SITE),
        )
        return World(kit, sms)

    return create


@pytest.fixture
def world(create_world: Callable[..., World]) -> World:
    return create_world()


# ------------------------------------------------------------------------------ the way in


def test_s9_a_person_with_a_number_alone_signs_in_by_a_link(world: World) -> None:
    ana = world.ask("+254700111222")
    assert "a link is on its way" in ana.page.text
    ((to, body),) = world.sms.sent
    assert to == "+254 700 111-222"
    assert len(body) < 250
    ana.open(world.link())
    assert "Ana" not in ana.page.text
    ana.send(world.link())
    assert "Hello Ana" in ana.page.text
    assert "Hello Ana" in ana.open("/m/")
    kit = world.kit
    with kit.transaction(tenant="acme", write=False) as tx:
        (contact,) = tx.contacts.find(person_id=world.people["ana"])
        assert contact.verified
        verified = tx.journal.about("person", world.people["ana"])[-1]
    assert type(verified).__name__ == "ContactVerified"
    assert verified.means == "link"


def test_s9_who_came_by_a_link_walks_their_steps_and_the_journal_says_how(world: World) -> None:
    ana = world.sign_in("+254700111222")
    part = world.parts["ana"]
    screen.approve(world.kit, **BY, participant=part)
    ana.open(f"/m/programs/traders/people/{part}")
    ana.send(
        f"/m/programs/traders/people/{part}",
        agree="yes",
        consent_now="1",
        **{"answer.trade": "baker"},
    )
    with world.kit.transaction(tenant="acme", write=False) as tx:
        told = tx.journal.about("participant", part)
        assert tx.participants.get(part).consented_at is not None
    assert (told[-1].means, told[-1].actor_id) == ("link", world.people["ana"])


def test_opening_a_link_changes_nothing_as_scanners_do(world: World) -> None:
    world.ask("+254700111222")
    scanner = world.browser()
    before = [world.rows(table) for table in (tables.link, tables.session)]
    for method in ("get", "head", "options"):
        getattr(scanner.client, method)(world.link())
    assert [world.rows(table) for table in (tables.link, tables.session)] == before
    assert scanner.cookies == []
    ana = world.browser()
    ana.open(world.link())
    assert "Hello Ana" in ana.send(world.link())


def test_a_link_works_once(world: World) -> None:
    ana = world.sign_in("+254700111222")
    thief = world.browser()
    assert "has been used" in thief.open(world.link(), 409)
    thief.send(world.link(), 409)
    assert thief.cookies == []
    assert "Hello Ana" in ana.open("/m/")


def test_a_double_tap_on_the_button_signs_in_though_the_first_answer_was_dropped(
    world: World, clock: Any
) -> None:
    ana = world.ask("+254700111222")
    ana.open(world.link())
    token = re.search(r'mk_token" value="([^"]+)', ana.page.text)
    assert token
    form = {"mk_token": html.unescape(token[1])}
    dropped = world.browser().client.post(world.link(), data=form)
    second = ana.client.post(world.link(), data=form)
    assert [one.status_code for one in (dropped, second)] == [303, 303]
    assert second.headers["Location"] == dropped.headers["Location"]
    assert "Hello Ana" in ana.open("/m/")
    with world.kit.engine.connect() as connection:
        assert len(connection.execute(sa.select(tables.session)).all()) == 1
    clock.forward(minutes=2)
    late = world.browser()
    assert late.client.post(world.link(), data=form).status_code == 409
    assert late.cookies == []


def test_another_form_does_not_press_a_link_again(world: World) -> None:
    ana, thief = world.ask("+254700111222"), world.browser()
    ana.open(world.link())
    thief.open(world.link())
    ana.send(world.link())
    assert "has been used" in thief.send(world.link(), 409)
    assert thief.cookies == []


def test_a_link_has_its_time(world: World, clock: Any) -> None:
    ana = world.ask("+254700111222")
    ana.open(world.link())
    clock.forward(minutes=31)
    assert "time of this link is over" in ana.send(world.link(), 409)
    assert ana.cookies == []


def test_a_link_is_not_sent_after_its_time(world: World, clock: Any) -> None:
    links.ask(world.kit, tenant="acme", address="+254700111222", client="here")
    clock.forward(minutes=31)
    assert work(world.kit)["cancelled"] == 1
    assert world.sms.sent == []


def test_who_wanted_a_page_comes_back_to_it(world: World) -> None:
    page = f"/m/programs/traders/people/{world.parts['ana']}"
    ana = world.browser()
    assert "Sign in first" in ana.open(page, 403)
    ana.send("/m/x/magiclink/", address="+254700111222")
    work(world.kit)
    ana.open(world.link())
    ana.send(world.link())
    assert ana.page.request.path == page


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/m/", "//evil.example", "/\t/evil.example", "/m//evil.example",
        "/m/../other", "/m/\\evil.example", "javascript:alert(1)", "/other", "/m/" + "x" * 600,
        "/m/\r\nSet-Cookie: a=b", "/m/@evil.example", "",
    ],
)  # fmt: skip
def test_nobody_is_led_elsewhere_by_a_link(wanted: str, world: World) -> None:
    ana = world.ask("+254700111222", next=wanted)
    ana.open(world.link())
    token = re.search(r'mk_token" value="([^"]+)', ana.page.text)
    assert token
    answer = ana.client.post(world.link(), data={"mk_token": html.unescape(token[1])})
    assert answer.headers["Location"] == "/m/"


# ------------------------------------------------------------------------ whom it lets in


def test_nobody_learns_whether_an_address_is_known(world: World) -> None:
    known, unknown = world.ask("+254700111222"), world.ask("+254700999888")
    assert known.page.text == unknown.page.text
    assert len(world.sms.sent) == 1


@pytest.mark.parametrize("typed", ["", "ana", "12", "ana@", "+254 700 111 222 x", "a" * 300])
def test_what_is_no_address_is_said_so(typed: str, world: World) -> None:
    visitor = world.browser()
    visitor.open("/m/")
    assert "+254 700 123456" in visitor.send("/m/x/magiclink/", 422, address=typed)
    assert world.rows(tables.asking) == []


@pytest.mark.parametrize(
    "typed", ["cleo@example.org", " CLEO@EXAMPLE.ORG ", "Cleo@example.ORG", "\uff43leo@example.org"]
)
def test_g19_an_address_is_the_same_however_it_is_written(typed: str, world: World) -> None:
    world.ask(typed)
    # Full-width letters are another address: only case and composition are the same.
    assert len(world.sms.sent) == (0 if typed[0] == "\uff43" else 1)


def test_g19_names_and_addresses_beyond_ascii_sign_in(world: World) -> None:
    names = {"Đorđe Živković": "ĐORĐE@bücher.example", "نور فاروق": "نور@example.org"}
    people = [
        Lead(key=str(at), role="mentee", name=name, email=email)
        for at, (name, email) in enumerate(names.items())
    ]
    recruit.receive(world.kit, **BY, program="traders", leads=people)
    for typed, first in (
        ("đorđe@BÜCHER.example", "Đorđe"),
        ("đorđe@xn--bcher-kva.example", "Đorđe"),
        ("نور@example.org", "نور"),
    ):
        assert f"Hello {first}" in world.sign_in(typed).page.text


@pytest.mark.parametrize("typed", ["+254700111222", "00254 700 111 222", "254-700-111.222"])
def test_a_number_is_the_same_however_it_is_written(typed: str, world: World) -> None:
    assert "Hello Ana" in world.sign_in(typed).page.text


def test_the_link_goes_to_the_address_that_was_typed_and_to_no_other(world: World) -> None:
    world.ask("+1 555 010 9999")
    world.ask("dora@example.org")
    assert [to for to, _ in world.sms.sent] == ["+1 555 010 9999", "dora@example.org"]


def test_a_shared_phone_asks_who_it_is_once_the_button_is_pressed(world: World) -> None:
    shared = world.ask("+254700333444")
    assert len(world.sms.sent) == 1
    assert "Otieno" not in shared.open(world.link())
    page = shared.send(world.link())
    assert "Who are you?" in page
    assert "Ben Otieno" in page
    assert "Abo Otieno" in page
    assert "Ana" not in page
    assert "Hello Abo" in shared.send(world.link(), person=world.people["abo"])


def test_a_shared_phone_is_nobody_elses_way_in(world: World) -> None:
    shared = world.ask("+254700333444")
    shared.open(world.link())
    shared.send(world.link(), 404, person=world.people["ana"])
    assert shared.cookies == []
    assert all(row.used_at is None for row in world.rows(tables.link))


def test_who_declined_or_stands_in_no_program_gets_nothing(world: World) -> None:
    screen.decline(world.kit, **BY, participant=world.parts["ana"], reason="other")
    world.ask("+254700111222")
    assert world.sms.sent == []


def switch(world: World, on: bool, program: str = "traders") -> None:
    plugins.change(world.kit, **BY, program=program, plugin="magiclink", on=on)


def test_a_program_that_switched_it_off_sends_no_links(world: World) -> None:
    programs.create(world.kit, **BY, key="other", preset=PRESET)
    switch(world, on=False)
    world.ask("+254700111222")  # the page is there for the other program's people
    assert world.sms.sent == []


def test_where_every_program_switched_it_off_nobody_comes_in_by_a_link(world: World) -> None:
    ana, ben = world.sign_in("+254700111222"), world.ask("cleo@example.org")
    waiting = world.link()
    switch(world, on=False)
    assert "by a link" not in ben.open("/m/")
    assert "Hello Ana" not in ana.open("/m/")
    for path in ("", "sent", waiting.rpartition("/x/magiclink/")[2]):
        ben.open(f"/m/x/magiclink/{path}", 404)
    with pytest.raises(NotFound):
        links.opened(world.kit, tenant="acme", token=waiting.rpartition("/")[2])
    with pytest.raises(Conflict, match="by a link"):
        links.make(world.kit, **BY, person="dora")
    switch(world, on=True)
    assert "Hello Ana" in ana.open("/m/")


def test_who_has_an_account_signs_in_by_that(world: World) -> None:
    standing.link(world.kit, **BY, person="ana", user_ref="ana")
    world.ask("+254700111222")
    assert world.sms.sent == []


def test_a_deployer_may_let_them_in_by_links_too(create_world: Callable[..., World]) -> None:
    world = create_world(accounts=True)
    standing.link(world.kit, **BY, person="ana", user_ref="ana")
    assert "Hello Ana" in world.sign_in("+254700111222").page.text


def test_links_for_an_address_and_from_a_place_are_counted(
    create_world: Callable[..., World], clock: Any
) -> None:
    world = create_world(per_address=2, per_client=4)
    visitor = world.browser()
    for address, status in (
        ("+254700111222", 200), ("+254 700 111 222", 200), ("00254700111222", 409),
        ("+254700999888", 200), ("nobody@example.org", 200), ("else@example.org", 409),
    ):  # fmt: skip
        visitor.open("/m/")
        visitor.send("/m/x/magiclink/", status, address=address)
    clock.forward(minutes=61)
    world.ask("+254700111222")
    kept = world.rows(tables.asking)
    clock.forward(hours=3)
    world.ask("+254700111222")
    assert len(world.rows(tables.asking)) == 2, "what is over is dropped"
    assert "254700111222" not in str(kept)


def test_an_ipv6_network_asks_as_often_as_one_address(create_world: Callable[..., World]) -> None:
    world = create_world(per_client=3)
    told: list[bool] = []
    for number in range(6):
        about = {"address": f"v{number}@example.org", "client": f"2001:db8::{number:x}"}
        try:
            links.ask(world.kit, tenant="acme", **about)
        except Conflict:
            told.append(False)
        else:
            told.append(True)
    assert told == [True] * 3 + [False] * 3


def test_of_many_askings_at_once_no_more_are_taken_than_may(
    create_world: Callable[..., World],
) -> None:
    world, told = create_world(per_address=5), []
    barrier = threading.Barrier(12, timeout=30)

    def ask(number: int) -> None:
        barrier.wait()
        try:
            links.ask(world.kit, tenant="acme", address="+254700111222", client=f"c{number}")
        except Conflict as error:
            told.append(error.code)
        else:
            told.append("sent")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["magiclink.too_often"] * 7 + ["sent"] * 5
    assert len(world.rows(tables.link)) == 5


# ------------------------------------------------------------------------ how it ends


def test_the_cookie_is_for_this_mount_alone_and_out_of_reach_of_scripts(world: World) -> None:
    ana = world.ask("+254700111222")
    ana.open(world.link())
    token = re.search(r'mk_token" value="([^"]+)', ana.page.text)
    assert token
    for scheme, secure in (("http", False), ("https", True)):
        if secure:
            ana = world.ask("+254700111222")
            ana.open(world.link())
        given = ana.client.post(
            world.link(),
            data={"mk_token": html.unescape(token[1])},
            base_url=f"{scheme}://localhost",
        ).headers["Set-Cookie"]
        assert given.startswith("mk_link_mentorkit=")
        assert "HttpOnly" in given
        assert "SameSite=Lax" in given
        assert "Path=/m/" in given
        assert ("Secure" in given) is secure


def test_a_session_ends_by_itself(world: World, clock: Any) -> None:
    ana = world.sign_in("+254700111222")
    clock.forward(days=29)
    assert "Hello Ana" in ana.open("/m/")
    clock.forward(days=2)
    assert "Hello" not in ana.open("/m/")


def test_signing_out_ends_it_here_and_everywhere_if_one_says_so(world: World) -> None:
    phone, desk = world.sign_in("+254700111222"), world.sign_in("+254700111222")
    kept = phone.cookies[0].value
    phone.open("/m/")
    assert "Hello" not in phone.send("/m/x/magiclink/out")
    assert sessions.who(world.kit, tenant="acme", cookie=kept) is None
    assert "Hello Ana" in desk.open("/m/")
    third = world.sign_in("+254700111222")
    third.open("/m/")
    third.send("/m/x/magiclink/out", everywhere="yes")
    assert "Hello" not in desk.open("/m/")
    assert world.rows(tables.session) == []


def test_a_changed_number_ends_its_links_and_sessions(world: World) -> None:
    ana = world.sign_in("+254700111222")
    old = world.ask("+254700111222")
    old.open(world.link())
    with world.kit.transaction(tenant="acme") as tx:
        (contact,) = tx.contacts.find(person_id=world.people["ana"])
        tx.contacts.save(replace(contact, value="+254 700 555 666", verified=False))
    assert "Hello" not in ana.open("/m/")
    old.send(world.link(), 404)
    assert old.cookies == []


def test_a_link_on_its_way_does_not_follow_a_changed_number(world: World) -> None:
    links.ask(world.kit, tenant="acme", address="+254700111222", client="here")
    with world.kit.transaction(tenant="acme") as tx:
        (contact,) = tx.contacts.find(person_id=world.people["ana"])
        tx.contacts.save(replace(contact, value="+254 700 555 666"))
    assert work(world.kit)["cancelled"] == 1
    assert world.sms.sent == []


def test_erasing_somebody_ends_their_links_and_sessions(world: World) -> None:
    ana = world.sign_in("+254700111222")
    world.ask("+254700111222")
    protect.erase(world.kit, **BY, person=world.people["ana"])
    assert "Hello" not in ana.open("/m/")
    ana.open(world.link(), 404)
    assert world.rows(tables.session) == world.rows(tables.link) == []


def test_a_session_of_one_tenant_is_none_in_another(world: World) -> None:
    ana = world.sign_in("+254700111222")
    (cookie,) = ana.cookies
    assert sessions.who(world.kit, tenant="acme", cookie=cookie.value)
    assert sessions.who(world.kit, tenant="zebra", cookie=cookie.value) is None


def test_a_made_up_cookie_is_nobody(world: World) -> None:
    made = signed.make(
        world.kit, tenant="acme", purpose=sessions.PURPOSE, person=world.people["ana"], session="x"
    )
    for cookie in ("", "x", "x.y", made, made[:-2], "\u00e9.\u00e9"):
        assert sessions.who(world.kit, tenant="acme", cookie=cookie) is None


def test_what_is_stored_opens_nothing(world: World) -> None:
    ana = world.sign_in("+254700111222")
    token = world.link().rpartition("/")[2]
    with world.kit.engine.connect() as connection:
        for table in (*core.metadata.sorted_tables, *tables.metadata.sorted_tables):
            kept = str(connection.execute(sa.select(table)).all())
            assert token not in kept
            assert ana.cookies[0].value not in kept


# ------------------------------------------------------------------------ forms and hosts


def test_a_form_from_another_site_is_refused(world: World) -> None:
    ana = world.ask("+254700111222")
    ana.open(world.link())
    for site in ("cross-site", "same-site"):
        ana.send(world.link(), 403, headers={"Sec-Fetch-Site": site})
        assert ana.cookies == []
        ana.open(world.link())
    ana.send(world.link(), headers={"Sec-Fetch-Site": "same-origin"})
    assert ana.cookies


def test_a_form_of_a_session_is_done_for_that_person_alone(world: World) -> None:
    ana, dora = world.sign_in("+254700111222"), world.sign_in("dora@example.org")
    ana.open("/m/")
    dora.open("/m/")
    dora.page = ana.page
    dora.send("/m/x/magiclink/out", 403, everywhere="yes")
    assert "Hello Dora" in dora.open("/m/")


def test_a_host_that_did_not_ask_for_it_offers_no_links(world: World) -> None:
    world.app = world.host(offered=False)
    visitor = world.browser()
    assert "Send me a link" not in visitor.open("/m/")
    visitor.open("/m/x/magiclink/o/abc", 404)


def test_without_an_address_of_the_portal_no_links_are_offered(world: World) -> None:
    world.kit.site = None
    assert "Send me a link" not in world.browser().open("/m/")
    with pytest.raises(Conflict, match="site"):
        links.ask(world.kit, tenant="acme", address="+254700111222", client="here")


def test_the_hosts_own_sign_in_stands_beside_it_and_goes_first(world: World) -> None:
    world.app = world.host(sign_in="/log-in?next={next}")
    visitor = world.browser()
    assert 'href="/log-in?next=/m/programs/traders/people%3Fstate%3Dlead"' in visitor.open(
        "/m/programs/traders/people?state=lead", 403
    )
    ana = world.sign_in("+254700111222")
    assert "Hello Ana" in ana.open("/m/")
    ana.headers = {"X-User": "cora"}
    assert "Hello Cora" in ana.open("/m/")


# ------------------------------------------------------------------------ claims


def test_a_link_pressed_by_a_user_of_the_host_makes_them_that_person(world: World) -> None:
    world.ask("+254700111222")
    user = world.browser("u7")
    assert "your account" in user.open(world.link())
    assert "Hello Ana" in user.send(world.link())
    assert user.cookies == []
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.get(world.people["ana"]).user_ref == "u7"
    world.sms.sent.clear()
    world.ask("+254700111222")
    assert world.sms.sent == []


def test_strangers_are_never_merged(world: World) -> None:
    standing.link(world.kit, **BY, person="dora", user_ref="u7")
    world.ask("+254700111222")
    user = world.browser("u7")
    user.open(world.link())
    assert "somebody else" in user.send(world.link(), 409)
    with world.kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.get(world.people["ana"]).user_ref is None
    assert all(row.used_at is None for row in world.rows(tables.link))


# ------------------------------------------------------------------------ from staff


def test_staff_make_a_link_on_the_page_and_hand_it_over(world: World) -> None:
    cora = world.browser("cora")
    cora.open(f"/m/programs/traders/people/{world.parts['ana']}")
    page = cora.send(f"/m/x/magiclink/make/traders/{world.parts['ana']}")
    (path,) = re.findall(r"http://localhost(/m/x/magiclink/o/\w+)", page)
    ana = world.browser()
    ana.open(path)
    assert "Hello Ana" in ana.send(path)
    ((link),) = world.rows(tables.link)
    assert link.made_by is not None
    with world.kit.transaction(tenant="acme", write=False) as tx:
        (contact,) = tx.contacts.find(person_id=world.people["ana"])
        assert not contact.verified


def test_staff_cannot_become_other_staff_or_reach_into_other_programs(world: World) -> None:
    kit = world.kit
    with kit.transaction(tenant="acme", write=False) as tx:
        cora = tx.people.first(user_ref="cora")
    assert cora
    coordinator = Actor(user_ref="cora")
    programs.appoint(
        kit, **BY, program="traders", role="supervisor", name="Sam", user_ref=None,
    )  # fmt: skip
    with kit.transaction(tenant="acme", write=False) as tx:
        sam = tx.people.first(name="Sam")
    assert sam
    programs.create(kit, **BY, key="other", preset=PRESET)
    programs.open_(kit, **BY, program="other")
    recruit.receive(kit, **BY, program="other", leads=[LEADS[0]])
    about: dict[str, Any] = {"tenant": "acme", "actor": coordinator}
    for who in (sam.id, cora.id, "ana"):
        with pytest.raises(NotAllowed):
            links.make(kit, **about, person=who)
    assert links.make(kit, **about, person="cleo")["link"].startswith(SITE)
    assert links.make(kit, **BY, person="ana")["name"] == "Ana Lovi"


def handed_over(world: World, actor: Actor) -> str:
    """Return the path of a link for Ana that staff have made."""
    made = links.make(world.kit, tenant="acme", actor=actor, person="ana")
    return str(made["link"]).removeprefix("http://localhost")


@pytest.mark.parametrize("since", ["staff elsewhere", "takes part elsewhere", "dismissed"])
def test_what_a_coordinators_link_began_ends_when_they_might_not_make_it_any_more(
    world: World, since: str
) -> None:
    kit, cora = world.kit, Actor(user_ref="cora")
    pressed, by_admin, asked = world.browser(), world.browser(), world.sign_in("+254700111222")
    for browser, actor in ((pressed, cora), (by_admin, BY["actor"])):
        path = handed_over(world, actor)
        browser.open(path)
        assert "Hello Ana" in browser.send(path)
    waiting = handed_over(world, cora)
    asked.open(waiting)
    programs.create(kit, **BY, key="secret", preset=PRESET)
    programs.open_(kit, **BY, program="secret")
    if since == "staff elsewhere":
        programs.appoint(kit, **BY, program="secret", role="coordinator", person="ana")
        assert pressed.client.get("/m/programs/secret/people").status_code == 403
        assert by_admin.client.get("/m/programs/secret/people").status_code == 200
    elif since == "takes part elsewhere":
        recruit.receive(kit, **BY, program="secret", leads=[LEADS[0]])
    else:
        with kit.transaction(tenant="acme", write=False) as tx:
            person = tx.people.find(user_ref="cora")[0].id
        programs.dismiss(kit, **BY, program="traders", person=person)
    assert "Hello" not in pressed.open("/m/")
    asked.send(waiting, 404)
    assert "Hello Ana" in asked.open("/m/")
    assert "Hello Ana" in by_admin.open("/m/")


def test_a_participant_makes_no_link_for_anybody(world: World) -> None:
    with pytest.raises(NotAllowed):
        links.make(
            world.kit, tenant="acme", actor=Actor(person_id=world.people["ana"]), person="ana"
        )


def command(world: World, actor: Actor = BY["actor"]) -> Any:
    return SimpleNamespace(kit=world.kit, tenant="acme", actor=actor)


def test_the_command_line_hands_a_link_out_and_signs_somebody_out(world: World) -> None:
    made = commands.make(command(world), person="ana")
    ana = world.browser()
    ana.open(made["link"].removeprefix("http://localhost"))
    ana.send(made["link"].removeprefix("http://localhost"))
    assert "Hello Ana" in ana.page.text
    with pytest.raises(NotAllowed):
        commands.end(command(world, Actor(person_id=world.people["dora"])), person="ana")
    assert commands.end(command(world), person="ana")["ended"] == 1
    assert "Hello" not in ana.open("/m/")


def test_doctor_looks_for_the_tables(world: World) -> None:
    context = world.kit.work_context("acme", None, "magiclink")
    assert commands.find_tables(context).ok
    tables.asking.drop(world.kit.engine)
    assert "mk_magiclink__asking" in commands.find_tables(context).message


def test_a_message_leads_to_its_page_by_way_of_the_link(world: World) -> None:
    kit, ids = world.kit, list(world.parts.values())
    for verb in (screen.approve, onboard.consent, onboard.complete):
        assert not many(kit, verb, ids, **BY, noun="participant")["refused"]
    asked = match.propose(kit, **BY, mentee=world.parts["ana"], mentor=world.parts["dora"])
    work(kit)
    (told,) = (body for to, body in world.sms.sent if to == "+254 700 111-222")
    page = re.search(r"http://localhost(/m/programs/\S+)", told)
    assert page
    assert page[1].endswith(asked["id"])
    ana = world.browser()
    ana.open(page[1], 403)
    world.sms.sent.clear()
    ana.send("/m/x/magiclink/", address="+254700111222")
    work(kit)
    ana.open(world.link())
    assert "Dora" in ana.send(world.link())
    assert ana.page.request.path == page[1]
