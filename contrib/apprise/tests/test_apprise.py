"""What goes out through Apprise, to a service on this machine that answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

import mentorkit_apprise
import pytest
from mentorkit_apprise.channel import look, services

from mentorkit.domain.messages import Message, RetryLater, Undeliverable
from mentorkit.domain.people import Contact, Person
from mentorkit.testing import ChannelContract

PLUGIN = ("apprise", mentorkit_apprise)
AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
ANA = "+254700000001"
SETTINGS = {"services": {"$env": "APPRISE_SERVICES"}}


@dataclass
class Vendor:
    """What arrived, as (path, JSON), and the status that is answered with; 0 says nothing."""

    port: int = 0
    status: int = 200
    taken: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    found = Vendor()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            told = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if found.status == 0:
                found.over.wait(3)
                return
            if found.status == 200:
                found.taken.append((unquote(self.path), told))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    lines = f"# by phone\nphone json://127.0.0.1:{found.port}/sms/{{address}}?cto=1&rto=1\n\n"
    lines += f"email  json://127.0.0.1:{found.port}/mail/{{address}}?cto=1&rto=1\n"
    monkeypatch.setenv("APPRISE_SERVICES", lines)
    yield found
    found.over.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPRISE_SERVICES", "email json://apprise.example.org/{address}")


class TestApprise(ChannelContract):
    """With no network it keeps what every channel keeps."""

    plugin = PLUGIN
    delivers = False
    settings = MappingProxyType(SETTINGS)


@pytest.fixture
def post(mentorkit_create_kit: Callable[..., Any], vendor: Vendor) -> Callable[..., Any]:
    """Return what hands a message to somebody with these contacts, written ``kind:value``."""
    kit = mentorkit_create_kit(plugins=[PLUGIN], settings={"apprise": SETTINGS})
    channel, context = kit.registry.channels["apprise"], kit.work_context("acme", None, "apprise")
    person = Person(id="ana", tenant="acme", name="Ana", created_at=AT)

    def send(*contacts: str, subject: str = "Hello", body: str = "A word") -> Any:
        told = [
            Contact(
                id=one, tenant="acme", person_id="ana", kind=one.partition(":")[0],
                value=one.partition(":")[2].strip("*"), verified=one.endswith("*"),
            )
            for one in contacts
        ]  # fmt: skip
        message = Message(
            key="1", tenant="acme", program_id="p", person_id="ana", template="hello",
            subject=subject, body=body, created_at=AT,
        )  # fmt: skip
        if not channel.can_reach(context, person, told):
            return None
        return channel.deliver(context, message, person, told)

    return send


def test_a_message_goes_to_the_first_service_that_fits(
    post: Callable[..., Any], vendor: Vendor
) -> None:
    assert post("email:ana@example.org", f"phone:{ANA}").channel == "apprise"
    ((path, told),) = vendor.taken
    assert path == f"/sms/{ANA}"
    assert (told["title"], told["message"]) == ("Hello", "A word")


def test_a_verified_address_goes_before_any_other(post: Callable[..., Any], vendor: Vendor) -> None:
    post("email:old@example.org", "email:ana@example.org*")
    assert vendor.taken[0][0] == "/mail/ana@example.org"


def test_nobody_is_reached_without_such_a_contact(post: Callable[..., Any]) -> None:
    assert post() is None
    assert post("whatsapp:+254700000001") is None
    assert post("phone: ") is None


@pytest.mark.parametrize(
    "value",
    ["../x", "a@example.org?rto=99", "a@example.org, b@example.org", "+2547000 a", "x y", "#x", ""],
)
def test_what_is_not_one_plain_address_reaches_nobody(post: Callable[..., Any], value: str) -> None:
    assert post(f"email:{value}") is None


@pytest.mark.parametrize("written", ["+254 700-000 001", "00254700000001"])
def test_a_number_is_written_without_marks(
    post: Callable[..., Any], vendor: Vendor, written: str
) -> None:
    post(f"phone:{written}")
    assert vendor.taken[0][0] == f"/sms/{ANA}"


@pytest.mark.parametrize("status", [0, 302, 400, 401, 404, 429, 500, 503])
def test_what_the_service_does_not_take_is_tried_again(
    post: Callable[..., Any], vendor: Vendor, status: int
) -> None:
    vendor.status = status
    with pytest.raises(RetryLater) as later:
        post(f"phone:{ANA}")
    assert ANA not in str(later.value)
    vendor.status = 200
    assert post(f"phone:{ANA}")


def test_an_address_that_the_service_cannot_have_is_left_to_the_next_channel(
    mentorkit_create_kit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a line without an address some services send to their own sender, and call that a yes."""
    account = f"AC{'a' * 32}:{'a' * 32}"
    line = f"phone twilio://{account}@+15557654321/{{address}}"
    monkeypatch.setenv("APPRISE_SERVICES", line)
    kit = mentorkit_create_kit(plugins=[PLUGIN], settings={"apprise": SETTINGS})
    channel, context = kit.registry.channels["apprise"], kit.work_context("acme", None, "apprise")
    person = Person(id="ana", tenant="acme", name="Ana", created_at=AT)
    contact = Contact(id="1", tenant="acme", person_id="ana", kind="phone", value="1234567")
    message = Message(
        key="1", tenant="acme", program_id="p", person_id="ana", template="hello", subject="",
        body="A word", created_at=AT,
    )  # fmt: skip
    assert channel.can_reach(context, person, [contact])
    with pytest.raises(Undeliverable, match=r"apprise\.address"):
        channel.deliver(context, message, person, [contact])


@pytest.mark.parametrize(
    "lines",
    ["# nothing", "phone", "phone nosuch://x/{address}", "phone json://localhost/s3cret"],
)
def test_what_is_no_service_stops_the_start_and_is_not_quoted(
    mentorkit_create_kit: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, lines: str
) -> None:
    monkeypatch.setenv("APPRISE_SERVICES", lines)
    with pytest.raises(Exception, match=r"[Ss]ervice") as error:
        mentorkit_create_kit(plugins=[PLUGIN], settings={"apprise": SETTINGS})
    assert "s3cret" not in str(error.value)


def test_doctor_says_how_many_services_there_are() -> None:
    settings = {"services": "phone json://localhost/{address}\nemail json://localhost/{address}"}
    assert len(services(settings)) == 2
    assert look(settings).message == "Messages go out through 2 service(s)."
