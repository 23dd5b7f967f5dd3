"""The plugin `limits`: who sends very many open forms is asked to wait, and loses nothing."""

from __future__ import annotations

import hmac
import re
import threading
from collections.abc import Callable
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from mentorkit.domain.people import Actor
from mentorkit.errors import Invalid
from mentorkit.journey import cases, links, plugins, programs, recruit, screen
from mentorkit.kit import Kit
from mentorkit.store import Counting, network
from mentorkit.web import blueprint
from mentorkit_limits.counting import counted
from mentorkit_limits.tables import sending
from tests.journey.conftest import PRESET, lead

ADMIN = Actor(user_ref="admin", admin=True)
BY: dict[str, Any] = {"tenant": "default", "actor": ADMIN}
LIMITS = {"concern_per_sender": 2, "concern_per_program": 3, "signup_per_sender": 2}
STORY = "She asks me for money each week."


@pytest.fixture
def kit(create_kit: Callable[..., Kit]) -> Kit:
    kit = create_kit(
        plugins=("matching", "signup", "limits"), settings={"limits": LIMITS},
        secret_keys=["secret"],
    )  # fmt: skip
    for key in ("traders", "bakers"):
        programs.create(kit, **BY, key=key, preset=PRESET)
    people = [lead("ana", "mentee", trade="baker")]
    recruit.receive(kit, **BY, program="traders", leads=people)
    for role in ("coordinator", "supervisor", "viewer"):
        programs.appoint(kit, **BY, program="traders", role=role, name=role, user_ref=role)
    return kit


@pytest.fixture
def host(kit: Kit) -> flask.Flask:
    app = flask.Flask("host")
    app.secret_key = "host"

    def signed_in() -> Actor | None:
        user = flask.request.headers.get("X-User")
        return Actor(user_ref=user, admin=user == "admin") if user else None

    app.register_blueprint(blueprint(kit, actor=signed_in), url_prefix="/m")
    return app


def send(
    host: flask.Flask, at: str, *, address: str = "198.51.100.7", user: str = "", **typed: str
) -> Any:
    """Open a form and send it, as a person at this address does."""
    browser, headers = host.test_client(), {"X-User": user} if user else {}
    options: dict[str, Any] = {"headers": headers, "environ_base": {"REMOTE_ADDR": address}}
    token = re.search(r'mk_token" value="([^"]+)', browser.get(at, **options).text)
    assert token
    return browser.post(at.partition("?")[0], data={"mk_token": token[1], **typed}, **options)


def raise_(host: flask.Flask, program: str = "traders", **values: str) -> Any:
    at = f"/m/programs/{program}/concern"
    return send(host, at, kind="money", text=STORY, **values)


def sign_up(host: flask.Flask, name: str, **values: str) -> Any:
    typed = {"as": "mentee", "name": name, "email": f"{name}@example.org"}
    typed["answer.trade"] = "baker"
    return send(host, "/m/x/signup/traders?as=mentee", **typed, **values)


def raised(kit: Kit) -> int:
    return len(cases.queue(kit, **BY, program="traders"))


def test_a_concern_too_many_is_not_lost_and_goes_out_within_the_hour(
    kit: Kit, host: flask.Flask
) -> None:
    assert [raise_(host).status_code for _ in range(2)] == [200, 200]
    answer = raise_(host)
    assert answer.status_code == 429
    waits = int(answer.headers["Retry-After"])
    assert 0 < waits <= 3660
    assert f"Send it again in {waits // 60} minutes" in answer.text
    assert "call the emergency number of your country now" in answer.text
    assert f">{STORY}</textarea>" in answer.text
    assert '<option value="money" selected>' in answer.text
    assert raised(kit) == 2
    kit.clock.forward(seconds=waits)  # type: ignore[attr-defined]
    assert raise_(host).status_code == 200
    assert raised(kit) == 3


def test_each_program_and_each_sender_has_its_own_limit(kit: Kit, host: flask.Flask) -> None:
    for _ in range(2):
        raise_(host)
    assert raise_(host, "bakers").status_code == 200
    assert raise_(host, address="203.0.113.9").status_code == 200
    assert raise_(host, address="203.0.113.10").status_code == 429, "three strangers are enough"
    found = programs.show(kit, **BY, program="traders")[0]["id"]
    assert raise_(host, found, address="203.0.113.11").status_code == 429, "by its id as well"


def test_no_flood_of_strangers_stops_who_is_known(kit: Kit, host: flask.Flask) -> None:
    while raise_(host).status_code == 200:
        pass
    before = raised(kit)
    with kit.transaction(tenant="default", write=False) as tx:
        person = tx.people.get(tx.people.first(external_key="ana").id).id  # type: ignore[union-attr]
    about = {"program": programs.show(kit, **BY, program="traders")[0]["id"]}
    token = links.make(kit, tenant="default", person=person, purpose="concern", **about)
    told = [send(host, f"/m/concern/{token}", kind="money", text=STORY) for _ in range(3)]
    assert [one.status_code for one in told] == [200, 200, 429]
    assert f">{STORY}</textarea>" in told[2].text
    assert raised(kit) == before + 2


def test_staff_are_never_counted(kit: Kit, host: flask.Flask) -> None:
    for user in ("coordinator", "supervisor", "viewer", "admin"):
        assert [raise_(host, user=user).status_code for _ in range(4)] == [200] * 4
    with kit.engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(sending)).scalar() == 0


def test_a_sign_up_too_many_keeps_what_was_answered(kit: Kit, host: flask.Flask) -> None:
    assert [sign_up(host, name).status_code for name in ("bea", "cid")] == [200, 200]
    answer = sign_up(host, "dan")
    assert answer.status_code == 429
    assert 'value="dan@example.org"' in answer.text
    assert re.search(r'value="baker"[^>]*(checked|selected)', answer.text)
    names = {row["name"] for row in screen.review(kit, **BY, program="traders")}
    assert "dan" not in names
    assert "cid" in names
    assert raise_(host).status_code == 200, "the forms are counted apart"


def test_mistakes_do_not_use_up_what_is_taken_in_but_have_their_limit(
    kit: Kit, host: flask.Flask
) -> None:
    assert [sign_up(host, "").status_code for _ in range(12)] == [422] * 12
    assert [sign_up(host, name).status_code for name in ("bea", "cid", "dan")] == [200, 200, 429]
    assert [sign_up(host, "").status_code for _ in range(5)] == [429] * 5
    told = [sign_up(host, "", address="203.0.113.9").status_code for _ in range(21)]
    assert told == [422] * 20 + [429]


def test_the_hour_slides_so_that_none_begins_anew_at_its_full_hour(
    create_kit: Callable[..., Kit],
) -> None:
    kit = create_kit(plugins=("limits",), settings={"limits": {"signup_per_sender": 20}})

    def take(count: int) -> list[int | None]:
        who = {"per_sender": "a"}
        about: dict[str, Any] = {"tenant": "default", "form": "signup", "who": who}
        return [counted(kit, "secret", **about) for _ in range(count)]

    now = kit.clock()
    to = now.replace(hour=23, minute=59, second=30) - now
    kit.clock.forward(seconds=to.total_seconds())  # type: ignore[attr-defined]
    assert take(25).count(None) == 20
    kit.clock.forward(seconds=31)  # type: ignore[attr-defined]
    told = take(25)
    assert told.count(None) <= 1, "the hour before still counts, also over midnight"
    assert told[-1] is not None
    assert told[-1] <= 10
    kit.clock.forward(minutes=told[-1])  # type: ignore[attr-defined]
    assert take(1) == [None]
    kit.clock.forward(minutes=30)  # type: ignore[attr-defined]
    assert take(25).count(None) in range(8, 12), "half an hour, half of the places"


def test_a_place_given_back_beside_a_refusal_is_free_at_once(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    about: dict[str, Any] = {"tenant": "default", "form": "concern", "who": {"per_sender": "a"}}
    for _ in range(LIMITS["concern_per_sender"]):
        assert counted(kit, "secret", **about) is None
    real = Counting._used

    def used(counting: Counting, what: str, since: Any) -> int:
        """Return what is read a moment later, when one place was given back meanwhile."""
        return max(0, real(counting, what, since) - 1)

    monkeypatch.setattr(Counting, "_used", used)
    assert counted(kit, "secret", **about) == 1, "to be sent again in a minute"


def test_of_many_at_once_no_more_come_through_than_may(kit: Kit) -> None:
    told: list[int | None] = []
    barrier = threading.Barrier(8, timeout=30)

    def one() -> None:
        barrier.wait()
        who = {"per_sender": "a", "per_program": "p"}
        told.append(counted(kit, "secret", tenant="default", form="concern", who=who))

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 8
    assert told.count(None) == LIMITS["concern_per_sender"]


def test_where_somebody_sent_from_cannot_be_read_off(kit: Kit, host: flask.Flask) -> None:
    def kept() -> list[str]:
        with kit.engine.connect() as connection:
            return sorted(connection.execute(sa.select(sending.c.digest)).scalars())

    raise_(host)
    today = kept()
    assert len(today) == 4, "what is sent and what is taken in, for the sender and the program"
    with kit.engine.connect() as connection:
        rows = str(connection.execute(sa.select(sending)).all())
    assert "198.51.100.7" not in rows
    assert hmac.digest(b"secret", b"198.51.100.7", "sha256").hex() not in today
    kit.clock.forward(days=1)  # type: ignore[attr-defined]
    raise_(host)
    assert len(kept()) == 4, "what is over is dropped"
    assert not set(kept()) & set(today), "tomorrow the same sender is another one"


def test_a_limit_that_cannot_be_counted_keeps_nobody(
    kit: Kit, host: flask.Flask, caplog: pytest.LogCaptureFixture
) -> None:
    with kit.engine.begin() as connection:
        sending.drop(connection)
    assert raise_(host).status_code == 200
    assert "could not be filled" in caplog.text


def test_one_sender_is_an_address_or_the_network_of_an_ipv6_one() -> None:
    assert network("198.51.100.7") == network("::ffff:198.51.100.7") == "198.51.100.7"
    assert network("2001:db8:1:2::9") == network("2001:db8:1:2:ffff::1") == "2001:db8:1:2::"
    assert network("2001:db8:1:3::9") != network("2001:db8:1:2::9")
    assert network("unix:") == "unix:"


def test_no_program_switches_them_off_and_none_is_shown_a_switch(
    kit: Kit, host: flask.Flask
) -> None:
    path, who = "/m/programs/traders/plugins", {"X-User": "coordinator"}
    browser = host.test_client()
    page = browser.get(path, headers=who).text
    (section,) = re.findall(r'<section class="mk-card" id="limits".*?</section>', page, re.DOTALL)
    assert "It holds for all programs" in section
    assert "<button" not in section
    assert "Switch off" in page, "the others have a switch"
    told = "plugins.limits.enabled: holds for all programs, so none switches it off"
    with pytest.raises(Invalid, match=told):
        plugins.change(kit, **BY, program="traders", plugin="limits", on=False)
    preset = {**PRESET, "plugins": {"limits": {"enabled": False}}}
    with pytest.raises(Invalid, match=told):
        programs.create(kit, **BY, key="others", preset=preset)
    (token,) = set(re.findall(r'name="mk_token" value="([^"]+)"', page)[:1])
    sent = {"mk_token": token, "plugin": "limits", "do": "off", "ask": "yes"}
    answer = browser.post(path, headers=who, data=sent)
    assert (answer.status_code, "none switches it off" in answer.text) == (422, True)
    assert all(one["on"] for one in plugins.show(kit, **BY, program="traders"))
