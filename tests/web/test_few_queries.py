"""A page asks the database as often for many people as for few."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
import sqlalchemy as sa
from web.conftest import Portal
from web.test_meeting import by_admin, connect

from mentorkit.domain.participants import Lead
from mentorkit.journey import onboard, recruit, screen, standing
from mentorkit.journey.steps import many
from mentorkit.store.repositories import Relationships
from tests.conftest import Clock

MENTEES = [f"mentee{number}" for number in range(8)]


@pytest.fixture
def busy(portal: Portal) -> Portal:
    """A portal with Mo, who has a place for each of eight mentees."""
    leads = [Lead(key=key, role="mentee", name=key.title()) for key in MENTEES]
    leads.append(Lead(key="mo", role="mentor", name="Mo", capacity=8))
    at = {**by_admin(portal), "program": "traders"}
    recruit.receive(portal.kit, **at, leads=leads)
    new = {row["key"]: row["id"] for row in screen.review(portal.kit, **at)}
    new = {key: id for key, id in new.items() if key in {"mo", *MENTEES}}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        many(portal.kit, verb, list(new.values()), **by_admin(portal), noun="participant")
    portal.ids |= new
    standing.link(portal.kit, **by_admin(portal), person="mo", user_ref="mo")
    return portal


@pytest.fixture
def asked(busy: Portal) -> Callable[[str, str], list[str]]:
    """Return what a page asks the database, once everything that is kept has been read."""
    told: list[str] = []
    sa.event.listen(
        busy.kit.engine, "before_cursor_execute", lambda *about: told.append(str(about[2]))
    )

    def opened(user: str, path: str) -> list[str]:
        browser = busy.browser(user)
        browser.open(path)
        told.clear()
        browser.open(path)
        return [text for text in told if text.lstrip().startswith("SELECT")]

    return opened


MOST = {
    ("mo", "/"): 27,
    ("cora", "/"): 38,
    ("cora", "/programs/traders/"): 52,
    ("cora", "/programs/traders/relationships"): 26,
    ("cora", "/programs/traders/report"): 31,
}
"""How often a page asks at most: two or three more than it does on the slowest database."""


@pytest.fixture
def compared(
    busy: Portal, asked: Callable[[str, str], list[str]], clock: Clock
) -> Callable[..., tuple[list[int], list[int]]]:
    """Return how often pages ask for two mentees with too little time, and for eight."""

    def opened(pages: Iterable[tuple[str, str]], mentees: list[str]) -> list[int]:
        for key in mentees:
            connect(busy, key, "mo")
        clock.forward(days=70)  # more than a month in which they have not met
        return [len(asked(*page)) for page in pages]

    return lambda *pages: (opened(pages, MENTEES[:2]), opened(pages, MENTEES[2:]))


@pytest.mark.parametrize(("user", "path"), MOST)
def test_a_page_asks_no_more_for_eight_mentees_with_too_little_time_than_for_two(
    compared: Callable[..., tuple[list[int], list[int]]], user: str, path: str
) -> None:
    (few,), (many,) = compared((user, path))
    assert many <= few <= MOST[user, path]


def test_a_page_that_asks_once_for_each_relationship_is_caught(
    compared: Callable[..., tuple[list[int], list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = Relationships._load
    monkeypatch.setattr(
        Relationships, "_load", lambda self, rows: [at_once(self, [row])[0] for row in rows]
    )
    few, many = compared(*MOST)
    assert all(more >= less + 6 for less, more in zip(few, many, strict=True))


@pytest.mark.parametrize(
    ("user", "path", "most"),
    [
        ("mo", "/programs/traders/relationships/{held}", 30),
        ("cora", "/programs/traders/relationships/{held}", 31),
        ("cora", "/programs/traders/matching", 24),
    ],
)
def test_a_page_of_several_steps_reads_what_they_share_once(
    busy: Portal, asked: Callable[[str, str], list[str]], user: str, path: str, most: int
) -> None:
    held = connect(busy, MENTEES[0], "mo")
    assert 10 < len(asked(user, path.format(held=held))) <= most


def test_who_is_signed_in_is_looked_up_once_for_a_page(
    busy: Portal, asked: Callable[[str, str], list[str]]
) -> None:
    held = connect(busy, MENTEES[0], "mo")
    told = asked("mo", f"/programs/traders/relationships/{held}")
    assert sum("user_ref = " in text for text in told) == 1
