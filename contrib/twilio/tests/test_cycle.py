"""A person with text messages alone goes the whole way: invited, connected, asked, heard."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mentorkit_twilio
import pytest
from vendor import Vendor, incoming, status_of

from mentorkit import DEFAULT_PLUGINS
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.domain.site import Portal
from mentorkit.journey import (
    accept,
    deliveries,
    feedback,
    match,
    meet,
    onboard,
    programs,
    recruit,
    screen,
)
from mentorkit.worker import work

ADMIN = Actor(user_ref="admin", admin=True)
AT: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
ANA, CLEO = "+254700000001", "+254700000003"
SITE = "https://example.org/mentoring"
PATH = "/mentoring/api/v1/inbound/twilio"
PRESET: dict[str, Any] = {
    "title": "Traders and mentors",
    "fields": {"trade": {"kind": "option", "options": ["baker", "smith"]}},
    "strategy": {"criteria": [{"criterion": "equal", "field": "trade", "weight": 1}]},
    "consent": {"en": "We use what you tell us to find you a mentor."},
    "measurement": {"none": "A test measures nothing."},
    "targets": {
        "length_days": 182,
        "milestones": [{"kind": "check", "day": 42, "window": 14}],
    },
    "questionnaires": {
        "pulse": {
            "title": "After the meeting", "to": ["mentee"], "window": 30,
            "when": [{"event": "MeetingHeld"}],
            "questions": {
                "useful": {"kind": "flag", "label": "Was it useful?"},
                "going": {
                    "kind": "ordered", "ordered": ["badly", "fair", "well"],
                    "label": "How is it going?",
                },
                "words": {"kind": "text", "label": "Anything else?"},
            },
        },
    },
}  # fmt: skip


class World:
    """A program with two people who have a phone alone, Twilio, and the portal it calls."""

    def __init__(self, kit: Any, clock: Any, vendor: Vendor, host: Any) -> None:
        self.kit, self.clock, self.vendor = kit, clock, vendor
        self.client = host(kit, tenant="acme").test_client()
        self.count = 0
        programs.create(kit, **AT, key="traders", preset=PRESET)
        programs.open_(kit, **AT, program="traders")
        leads = [
            Lead(key="ana", role="mentee", name="Ana", phone=ANA, profile={"trade": "baker"}),
            Lead(
                key="cleo", role="mentor", name="Cleo", phone=CLEO, profile={"trade": "baker"},
                capacity=1,
            ),
        ]  # fmt: skip
        recruit.receive(kit, **AT, program="traders", leads=leads)
        self.ids = {}
        for row in screen.review(kit, **AT, program="traders"):
            self.ids[row["key"]] = row["id"]
            for verb in (screen.approve, onboard.consent, onboard.complete):
                verb(kit, **AT, participant=row["id"])
        self.drain()

    def drain(self) -> None:
        while any(work(self.kit, limit=500).values()):
            pass

    def post(self, phone: str, text: str, sid: str = "", **signing: str) -> Any:
        """Let Twilio push a message that came in; return how it was answered."""
        self.count += 1
        url = f"{SITE}/api/v1/inbound/twilio"
        body, headers = incoming(phone, text, sid or f"SM{self.count:032x}", url, **signing)
        return self.client.post(PATH, data=body, headers=headers)

    def says(self, phone: str, text: str, sid: str = "") -> str:
        """Let somebody reply a minute later; return what they are told to that."""
        self.clock.forward(minutes=1)
        answer = self.post(phone, text, sid)
        assert (answer.status_code, answer.mimetype) == (200, "text/xml")
        before = len(self.vendor.taken)
        self.drain()
        told = [one["Body"] for one in self.vendor.taken[before:] if one["To"] == phone]
        return told[0] if told else ""

    def later(self, **units: float) -> None:
        self.clock.forward(**units)
        self.drain()


@pytest.fixture
def world(
    create_kit: Callable[..., Any], mentorkit_clock: Any, vendor: Vendor, mentorkit_host: Any
) -> World:
    kit = create_kit(
        plugins=[*DEFAULT_PLUGINS, ("twilio", mentorkit_twilio)],
        settings={"twilio": vendor.settings},
        site=Portal(SITE),
        secret_keys=["s"],
    )
    return World(kit, mentorkit_clock, vendor, mentorkit_host)


def test_f20_invited_connected_asked_and_heard_by_text_messages_alone(world: World) -> None:
    # invited
    made = match.propose(world.kit, **AT, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    world.drain()
    assert "do you say yes to mentoring with Cleo" in world.vendor.last(ANA)
    assert world.vendor.last(ANA).endswith("Reply 1 for yes, 2 for no.")

    # connected
    assert world.says(ANA, "perhaps").startswith("Sorry, that could not be understood.")
    assert world.says(ANA, "yes") == "Thank you, your yes is noted."
    assert world.says(CLEO, "1") == "Thank you, your yes is noted."
    assert accept.show(world.kit, **AT, proposal=made["id"])["state"] == "accepted"
    assert "you and Cleo are now connected" in world.vendor.last(ANA)

    # asked how it goes
    world.later(days=42, hours=1)
    assert "1 It goes well\n2 Not so well\n3 I would like help" in world.vendor.last(ANA)
    assert world.says(ANA, "3").startswith("Thank you, that is noted.")
    (held,) = meet.relationships(world.kit, **AT, program="traders")
    milestones = meet.milestones(world.kit, **AT, relationship=held["id"])
    assert [one["answered"] for one in milestones] == [[world.ids["ana"]]]

    # heard
    meet.log(world.kit, **AT, relationship=held["id"], minutes=60)
    world.drain()
    assert world.vendor.last(ANA).endswith("Was it useful?\nReply 1 for yes, 2 for no.")
    assert world.says(ANA, "1").startswith("How is it going?\n1 badly\n2 fair\n3 well")
    assert world.says(ANA, "3").startswith("Anything else?")
    assert world.says(ANA, "She knows bread.") == "Thank you for your answers."
    (row,) = feedback.surveys(world.kit, **AT, program="traders")
    told = feedback.show(world.kit, **AT, survey=row["id"])
    assert {one["id"]: one["value"] for one in told["questions"]} == {
        "useful": True, "going": "well", "words": "She knows bread.",
    }  # fmt: skip


def test_what_is_pushed_twice_counts_once_and_an_unknown_number_hears_nothing(
    world: World,
) -> None:
    made = match.propose(world.kit, **AT, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    world.drain()
    assert world.says(ANA, "1", sid="SM1") == "Thank you, your yes is noted."
    assert world.says(ANA, "1", sid="SM1") == ""
    known, unknown = world.post(ANA, "1"), world.post("+15005550006", "1")
    assert (known.status_code, known.data) == (unknown.status_code, unknown.data)
    before = len(world.vendor.taken)
    world.drain()
    assert {one["To"] for one in world.vendor.taken[before:]} <= {ANA}
    assert accept.show(world.kit, **AT, proposal=made["id"])["answered"] == ["mentee"]


def test_what_is_not_signed_too_large_or_for_nobody_is_refused(world: World) -> None:
    assert world.post(ANA, "1", token="another").status_code == 403
    assert world.post(ANA, "x" * 300_000).status_code == 413
    elsewhere = world.client.post(PATH.replace("twilio", "inbox"), data=b"x")
    assert (elsewhere.status_code, elsewhere.text) == (404, "channel.not_found")
    assert world.client.get(PATH).status_code == 403


def test_what_twilio_tells_later_is_noted_and_a_dead_number_is_not_tried_again(
    world: World,
) -> None:
    def log() -> list[tuple[str | None, str, str]]:
        found = deliveries.listed(world.kit, **AT, program="traders")["items"]
        return [(one["channel"], one["state"], one["code"]) for one in found]

    def told(status: str, **more: str) -> int:
        body, headers = status_of(f"SM{1:032x}", status, f"{SITE}/api/v1/inbound/twilio", **more)
        return int(world.client.post(PATH, data=body, headers=headers).status_code)

    made = match.propose(world.kit, **AT, mentee=world.ids["ana"], mentor=world.ids["cleo"])
    world.drain()
    assert world.vendor.taken[0]["StatusCallback"] == f"{SITE}/api/v1/inbound/twilio"
    assert told("failed", ErrorCode="30005", token="another") == 403
    assert log() == [("twilio", "sent", "")]
    assert told("failed", ErrorCode="30005") == 200
    assert told("sent") == 200  # late
    assert log() == [("twilio", "bounced", "twilio.30005")]
    accept.withdraw(world.kit, **AT, proposal=made["id"])
    world.drain()
    assert log()[0] == ("inbox", "sent", "")
    assert len(world.vendor.taken) == 1
