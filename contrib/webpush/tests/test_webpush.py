"""What is pushed to whose devices, what is made of each answer, and the page that allows it."""

from __future__ import annotations

import re
import runpy
from collections.abc import Callable
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import mentorkit_webpush
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from mentorkit_webpush import devices, sealing
from mentorkit_webpush.channel import mark, shown
from vendor import KEY, SETTINGS, Browser, Vendor, claims

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import Message, RetryLater, Undeliverable
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.site import Portal
from mentorkit.errors import Invalid, MentorKitError
from mentorkit.journey import match, onboard, programs, recruit, screen, standing
from mentorkit.store import erase, export
from mentorkit.testing import ChannelContract
from mentorkit.worker import work

PLUGIN = ("webpush", mentorkit_webpush)
AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
SITE = "https://example.org/mentoring"
PAGE = "/mentoring/x/webpush/"
ADMIN: dict[str, Any] = {"tenant": "acme", "actor": Actor(user_ref="admin", admin=True)}


class TestWebPush(ChannelContract):
    """With no network it keeps what every channel keeps."""

    plugin = PLUGIN
    delivers = False
    settings = MappingProxyType(SETTINGS)


class Desk:
    """A kit, and two people in it."""

    def __init__(self, kit: Any) -> None:
        self.kit = kit
        self.channel = kit.registry.channels["webpush"]
        self.ana, self.cleo = (
            Person(id=kit.ids(), tenant="acme", name=name, created_at=AT)
            for name in ("Ana", "Cleo")
        )
        with kit.transaction(tenant="acme") as tx:
            tx.people.add(self.ana)
            tx.people.add(self.cleo)

    @property
    def context(self) -> Any:
        return self.kit.work_context("acme", None, "webpush")

    def allow(self, browser: Browser, person: Person | None = None, **other: str) -> None:
        given = {**browser.form, **other}
        person = person or self.ana
        devices.keep(self.context, id=self.kit.ids(), person=person.id, **given)

    def held(self, person: Person | None = None) -> list[str]:
        return [one.endpoint for one in devices.of(self.context, (person or self.ana).id)]

    def post(self, **given: Any) -> Any:
        return self.channel.deliver(self.context, made(self.ana.id, **given), self.ana, [])


def made(person: str = "p", **given: Any) -> Message:
    told = {"key": "1:hello", "body": "A word", "subject": "Hello", "template": "hello", **given}
    return Message(tenant="acme", program_id="p", person_id=person, created_at=AT, **told)


@pytest.fixture
def both(create_kit: Callable[..., Any], vendor: Vendor) -> Desk:
    """A desk on either kind of database."""
    return Desk(create_kit(plugins=[PLUGIN], settings={"webpush": vendor.settings}))


@pytest.fixture
def create_desk(mentorkit_create_kit: Callable[..., Any], vendor: Vendor) -> Callable[..., Desk]:
    def create(**settings: Any) -> Desk:
        given = {"webpush": {**vendor.settings, **settings}}
        return Desk(mentorkit_create_kit(plugins=[PLUGIN], settings=given))

    return create


@pytest.fixture
def desk(create_desk: Callable[..., Desk]) -> Desk:
    return create_desk()


# ------------------------------------------------------------------ out


def test_a_message_is_shown_on_every_device_and_read_by_nobody_else(
    both: Desk, vendor: Vendor
) -> None:
    phone, laptop, other = vendor.browser(), vendor.browser(), vendor.browser()
    both.allow(phone)
    both.allow(laptop)
    both.allow(other, both.cleo)
    receipt = both.post(
        params=Frozen(link=f"{SITE}/x"), body="Ana, a word.\nhttps://example.org/x\n\nTo report..."
    )
    assert (receipt.channel, receipt.reference) == ("webpush", mark("1:hello"))
    told = {
        "title": "Hello", "body": "Ana, a word.", "tag": mark("1:hello"), "lang": "en",
        "url": f"{SITE}/x",
    }  # fmt: skip
    assert (phone.shown, laptop.shown, other.shown) == ([told], [told], [])


def test_who_pushes_is_signed_and_for_how_long_it_waits_is_said(desk: Desk, vendor: Vendor) -> None:
    desk.allow(browser := vendor.browser())
    desk.post()
    (headers,) = browser.headers
    told = claims(headers["Authorization"])
    assert told == {
        "aud": vendor.origin,
        "exp": int(desk.kit.clock().timestamp()) + 12 * 3600,
        "sub": "mailto:team@example.org",
        "key": sealing.public(sealing.private_key(KEY)),
    }
    said = {name: headers[name] for name in ("TTL", "Topic", "Content-Encoding")}
    assert said == {"TTL": "259200", "Topic": mark("1:hello"), "Content-Encoding": "aes128gcm"}
    assert re.fullmatch(r"[\w-]{1,32}", headers["Topic"])


def test_the_text_is_left_out_where_the_deployer_wants_it(
    create_desk: Callable[..., Desk], vendor: Vendor
) -> None:
    desk = create_desk(text=False)
    desk.allow(browser := vendor.browser())
    desk.post(body="Something about Ana")
    assert (browser.shown[0]["title"], browser.shown[0]["body"]) == ("Hello", "")


def test_the_longest_message_can_be_pushed(desk: Desk, vendor: Vendor) -> None:
    desk.allow(browser := vendor.browser())
    wide = "\U0001f33e" * 9_000
    desk.post(subject=wide, body=wide, params=Frozen(link="https://example.org/" + "x" * 1_480))
    (told,) = browser.shown
    assert (len(told["title"]), len(told["body"])) == (120, 300)
    assert shown(made(params=Frozen(link="x" * 2_000)), {"text": True})["url"] == ""


@pytest.mark.parametrize("status", [404, 410])
def test_a_device_that_is_gone_is_forgotten(both: Desk, vendor: Vendor, status: int) -> None:
    gone, there = vendor.browser(), vendor.browser()
    both.allow(gone)
    both.allow(there)
    gone.answer = (status, {})
    assert both.post().reference
    assert both.held() == [there.endpoint]
    there.answer = (status, {})
    for _ in range(2):
        with pytest.raises(Undeliverable) as never:
            both.post()
        assert never.value.code == "webpush.no_device"
    assert both.held() == []


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_a_push_service_that_refuses_us_leaves_it_to_the_next_channel(
    desk: Desk, vendor: Vendor, status: int
) -> None:
    desk.allow(browser := vendor.browser())
    browser.answer = (status, {})
    with pytest.raises(Undeliverable) as never:
        desk.post()
    assert never.value.code == f"webpush.{status}"
    assert desk.held() == [browser.endpoint]


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [((429, {"Retry-After": "30"}), 30), ((429, {}), None), ((500, {}), None),
     ((503, {"Retry-After": "soon"}), None), ("hang", None), ("drop", None)],
)  # fmt: skip
def test_what_may_pass_is_tried_again_where_no_device_has_it(
    desk: Desk, vendor: Vendor, answer: Any, seconds: int | None
) -> None:
    slow, quick = vendor.browser(), vendor.browser()
    desk.allow(slow)
    slow.answer = answer
    with pytest.raises(RetryLater) as later:
        desk.post()
    assert later.value.seconds == seconds
    desk.allow(quick)
    assert desk.post().reference
    assert len(quick.shown) == 1
    assert set(desk.held()) == {slow.endpoint, quick.endpoint}


def test_no_redirect_is_followed(desk: Desk, vendor: Vendor) -> None:
    first, second = vendor.browser(), vendor.browser()
    desk.allow(first)
    first.answer = (307, {"Location": second.endpoint})
    with pytest.raises(Undeliverable):
        desk.post()
    assert second.headers == []


# ------------------------------------------------------------------ devices


def test_a_device_is_kept_once_and_is_whose_who_allowed_it_last(both: Desk, vendor: Vendor) -> None:
    browser = vendor.browser()
    both.allow(browser)
    both.allow(browser)
    assert both.held() == [browser.endpoint]
    both.allow(browser, both.cleo)
    assert (both.held(), both.held(both.cleo)) == ([], [browser.endpoint])


def test_the_oldest_of_many_devices_goes(desk: Desk, vendor: Vendor, mentorkit_clock: Any) -> None:
    browsers = [vendor.browser() for _ in range(12)]
    for one in browsers:
        mentorkit_clock.forward(minutes=1)
        desk.allow(one)
    assert desk.held() == [one.endpoint for one in reversed(browsers[2:])]


def test_nobody_removes_anothers_device(desk: Desk, vendor: Vendor) -> None:
    desk.allow(vendor.browser())
    (mine,) = devices.of(desk.context, desk.ana.id)
    devices.remove(desk.context, desk.cleo.id, mine.id)
    assert len(desk.held()) == 1
    devices.remove(desk.context, desk.ana.id, mine.id)
    assert desk.held() == []


def test_what_is_kept_of_somebody_is_told_them_and_erased(both: Desk, vendor: Vendor) -> None:
    both.allow(browser := vendor.browser())
    with both.kit.transaction(tenant="acme") as tx:
        (told,) = export(tx, both.ana.id)["mk_webpush__device"]
        assert set(told) == {"endpoint", "created_at"}
        assert told["endpoint"] == browser.endpoint
        erase(tx, both.ana.id)
    assert both.held() == []


@pytest.mark.parametrize(
    "endpoint",
    ["", "x", "http://example.org/x", "https://example.org/x", "https://10.0.0.1/x",
     "https://fcm.googleapis.com.example.org/x", "https://fcm.googleapis.com:8443/x",
     "http://fcm.googleapis.com/x", "https://a@fcm.googleapis.com/x", "https://push.apple.com/x",
     "https://fcm.googleapis.com/x y", "https://fcm.googleapis.com/ü", "https://[::1/x",
     "https://fcm.googleapis.com:x/", "https://fcm.googleapis.com/" + "x" * 2_000],
)  # fmt: skip
def test_nothing_is_ever_pushed_to_what_is_no_push_service(
    create_desk: Callable[..., Desk], vendor: Vendor, endpoint: str
) -> None:
    loaded = create_desk().kit.registry.plugins["webpush"]
    usual = loaded.manifest.settings["properties"]["services"]["default"]
    desk = create_desk(services=usual)
    with pytest.raises(Invalid):
        desk.allow(vendor.browser(), endpoint=endpoint)
    for good in ("https://fcm.googleapis.com/fcm/send/x", "https://web.push.apple.com:443/x"):
        assert devices.is_known(good, usual)


def test_a_service_that_is_taken_off_the_list_is_not_called_any_more(
    desk: Desk, vendor: Vendor, mentorkit_create_kit: Callable[..., Any]
) -> None:
    desk.allow(browser := vendor.browser())
    desk.channel.deliver(desk.context, made(desk.ana.id), desk.ana, [])
    context = desk.kit.work_context("acme", None, "webpush", settings={"services": []})
    with pytest.raises(Undeliverable):
        desk.channel.deliver(context, made(desk.ana.id), desk.ana, [])
    assert len(browser.headers) == 1


@pytest.mark.parametrize(
    "wrong",
    [{"auth": ""}, {"auth": "AAAA"}, {"auth": "ü"}, {"p256dh": ""}, {"p256dh": "A" * 87},
     {"p256dh": "BA" + "A" * 85}],
)  # fmt: skip
def test_keys_that_are_none_are_refused(desk: Desk, vendor: Vendor, wrong: dict[str, str]) -> None:
    with pytest.raises(Invalid, match="cannot be read"):
        desk.allow(vendor.browser(), **wrong)


# ------------------------------------------------------------------ the key


def test_a_key_may_be_written_in_either_form(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_module("mentorkit_webpush", run_name="__main__")
    key = sealing.private_key(capsys.readouterr().out)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert sealing.public(sealing.private_key(pem)) == sealing.public(key)
    assert len(sealing.data(sealing.public(key))) == 65


@pytest.mark.parametrize("wrong", ["x", "AAAA", "A" * 43, "-----BEGIN PRIVATE KEY-----"])
def test_a_key_that_cannot_be_read_does_not_start(
    create_desk: Callable[..., Desk], monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    monkeypatch.setenv("WEBPUSH_KEY", wrong)
    with pytest.raises(MentorKitError, match="python -m mentorkit_webpush"):
        create_desk()


# ------------------------------------------------------------------ the page, and a whole way


@pytest.fixture
def world(
    create_kit: Callable[..., Any], vendor: Vendor, mentorkit_host: Any
) -> tuple[Any, Any, dict[str, str]]:
    """A program with a mentee and a mentor who have accounts: kit, browser, and their ids."""
    kit = create_kit(
        plugins=["matching", PLUGIN, "inbox"],
        settings={"webpush": vendor.settings},
        site=Portal(SITE),
        secret_keys=["s"],
    )
    preset = {
        "title": "Traders",
        "fields": {"trade": {"kind": "option", "options": ["baker"]}},
        "strategy": {"criteria": [{"criterion": "equal", "field": "trade", "weight": 1}]},
        "consent": {"en": "We use what you tell us."},
        "measurement": {"none": "A test measures nothing."},
    }
    programs.create(kit, **ADMIN, key="traders", preset=preset)
    programs.open_(kit, **ADMIN, program="traders")
    leads = [
        Lead(key=key, role=role, name=key.title(), profile={"trade": "baker"})
        for key, role in (("ana", "mentee"), ("cleo", "mentor"))
    ]
    recruit.receive(kit, **ADMIN, program="traders", leads=leads)
    ids = {}
    for row in screen.review(kit, **ADMIN, program="traders"):
        ids[row["key"]] = row["id"]
        for verb in (screen.approve, onboard.consent, onboard.complete):
            verb(kit, **ADMIN, participant=row["id"])
        with kit.transaction(tenant="acme", write=False) as tx:
            person = tx.participants.get(row["id"]).person_id
        standing.link(kit, **ADMIN, person=person, user_ref=row["key"])
    return kit, mentorkit_host(kit, tenant="acme").test_client(), ids


def test_somebody_allows_a_device_is_shown_a_proposal_there_and_removes_it(
    world: tuple[Any, Any, dict[str, str]], vendor: Vendor
) -> None:
    kit, client, ids = world
    browser, ana = vendor.browser(), {"X-User": "ana"}

    def send(path: str, **form: str) -> Any:
        page = client.get(PAGE, headers=ana).text
        token = re.search(r'name="mk_token" value="([^"]+)"', page)
        assert token
        return client.post(path, data={**form, "mk_token": token[1]}, headers=ana)

    assert PAGE in client.get("/mentoring/", headers=ana).text
    assert send(PAGE, **browser.form).status_code == 303
    match.propose(kit, **ADMIN, mentee=ids["ana"], mentor=ids["cleo"])
    while any(work(kit, limit=500).values()):
        pass
    told = browser.shown[-1]
    assert "Cleo" in told["body"]
    assert told["url"].startswith(f"{SITE}/programs/traders/proposals/")
    assert "http" not in told["body"]
    remove = re.search(r'action="([^"]+/remove)"', client.get(PAGE, headers=ana).text)
    assert remove
    assert send(remove[1]).status_code == 303
    assert "/remove" not in client.get(PAGE, headers=ana).text


def test_the_page_refuses_what_is_no_device_and_strangers(
    world: tuple[Any, Any, dict[str, str]], vendor: Vendor
) -> None:
    _, client, _ = world
    ana = {"X-User": "ana"}
    token = re.search(r'name="mk_token" value="([^"]+)"', client.get(PAGE, headers=ana).text)
    assert token
    form = {**vendor.browser().form, "endpoint": "https://10.0.0.1/", "mk_token": token[1]}
    answer = client.post(PAGE, data=form, headers=ana)
    assert answer.status_code == 422
    assert "push service" in answer.text
    assert client.get(PAGE, headers={"X-User": "eve"}).status_code == 403


def test_the_scripts_are_files_of_ours_under_the_portals_policy(
    world: tuple[Any, Any, dict[str, str]],
) -> None:
    _, client, _ = world
    answer = client.get(PAGE, headers={"X-User": "ana"})
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    scripts = re.findall(r"<script([^>]*)>([^<]*)</script>", answer.text)
    assert [body for _, body in scripts] == [""]
    for name in ("device.js", "worker.js"):
        with client.get(f"{PAGE}static/{name}") as script:
            assert (script.status_code, script.mimetype) == (200, "text/javascript")
