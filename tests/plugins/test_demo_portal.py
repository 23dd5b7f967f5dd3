"""`mentorkit demo`: one command starts a product with mentoring inside it, in mid-life."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

READY = re.compile(r"^ready: (http://127\.0\.0\.1:\d+)/$", re.MULTILINE)


class Visitor:
    """Somebody with a browser: signs in with the click that the start page offers."""

    def __init__(self, address: str, login: str) -> None:
        place = urlsplit(address)
        self.connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=60)
        self.cookie = ""
        self.ask("POST", f"/sign-in/{login}")

    def ask(self, method: str, path: str) -> tuple[int, str]:
        self.connection.request(method, path, headers={"Cookie": self.cookie})
        answer = self.connection.getresponse()
        if given := answer.getheader("Set-Cookie"):
            self.cookie = given.split(";")[0]
        return answer.status, answer.read().decode()

    def open(self, path: str) -> str:
        status, page = self.ask("GET", path)
        assert status == 200, page
        return page


@contextmanager
def demo(folder: Path, *options: str) -> Iterator[tuple[str, str]]:
    """Start the demo in a process of its own; give its address, and what it printed first."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mentorkit",
            "demo",
            "--port",
            "0",
            "--folder",
            str(folder),
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    printed = ""
    try:
        while not (ready := READY.search(printed)):
            line = process.stdout.readline()
            assert line, f"it ended: {printed}"
            printed += line
        yield ready[1], printed
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    with demo(folder) as (address, printed):
        assert "Making up 120 people" in printed
        yield address


def test_a_coordinator_lands_in_a_program_in_mid_life(address: str) -> None:
    amina = Visitor(address, "coordinator")
    assert "Market Traders Mentoring" in amina.open("/mentoring/")
    page = amina.open("/mentoring/programs/traders/")
    figures = {name: int(n) for n, name in re.findall(r"<strong>(\d+)</strong> ([a-z ]+)", page)}
    assert (figures["mentors"], figures["mentees"]) == (44, 76)
    assert figures["running relationships"] > 20
    assert figures["ended relationships"] > 2
    assert figures["mentees without a mentor"] > figures["free places with mentors"] > 5
    for page in ("people", "matching", "relationships"):
        assert "Amina Otieno" in amina.open(f"/mentoring/programs/traders/{page}")  # the host's bar


def test_a_mentee_and_a_mentor_see_their_part(address: str) -> None:
    for login in ("mentee", "mentor"):
        one = Visitor(address, login)
        page = one.open("/mentoring/")
        assert "You are connected" in page
        found = re.search(r'href="(/mentoring/programs/traders/relationships/[^"]+)"', page)
        assert found
        assert "We have met" in one.open(found[1])


def test_somebody_has_a_proposal_to_answer(address: str) -> None:
    asked = Visitor(address, "asked")
    page = asked.open("/mentoring/")
    found = re.search(r'href="(/mentoring/programs/traders/proposals/[^"]+)"', page)
    assert found
    assert "Why you may fit" in asked.open(found[1])


def test_whoever_is_not_signed_in_tries_an_account_with_one_click(address: str) -> None:
    stranger = Visitor(address, "nobody")
    wanted = "/mentoring/programs/traders/people"
    _, page = stranger.ask("GET", wanted)
    assert (
        f'action="/sign-in/coordinator"><input type="hidden" name="next" value="{wanted}"' in page
    )
    assert "Coordinator of the mentoring program" in page
    assert "Send me a link" in page


def test_the_post_shows_every_message_and_to_whom(address: str) -> None:
    page = Visitor(address, "nobody").open("/post")
    assert len(re.findall(r"<h2>To [A-Z]", page)) == 100
    assert "Is something wrong? Tell us, without signing in:" in page
    assert "/mentoring/x/survey/traders/s/" in page


def test_the_products_own_pages_stand_beside_it(address: str) -> None:
    admin = Visitor(address, "admin")
    assert "Twelve baskets" in admin.open("/sales")
    status, page = admin.ask("GET", "/nowhere")
    assert (status, "Back to the start" in page) == (404, True)


def test_it_is_there_again_at_once_the_second_time(address: str, folder: Path) -> None:
    with demo(folder) as (again, printed):
        assert "Making up" not in printed
        assert "Market Traders Mentoring" in Visitor(again, "coordinator").open("/mentoring/")
