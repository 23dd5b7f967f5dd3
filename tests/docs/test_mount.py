"""The tutorial's product is started as it stands, and mentoring is used inside it."""

from __future__ import annotations

import html
import re
import runpy
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner
from pages import DOCS

from mentorkit.cli import main
from mentorkit.domain import presets
from mentorkit.domain.people import Actor
from mentorkit.journey import programs, recruit
from mentorkit_demo import write_sheets

ADMIN = Actor(user_ref="ada", admin=True)


@pytest.fixture
def product(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of the tutorial, in a folder of its own, with its tables made."""
    shutil.copytree(DOCS / "examples" / "mount", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    made = runpy.run_path(str(tmp_path / "product.py"), run_name="product")
    made["app"].template_folder = str(tmp_path / "templates")
    made["kit"].upgrade()
    yield made
    made["kit"].close()
    made["kit"].engine.dispose()


def test_the_product_of_the_tutorial_runs_mentoring(product: Any) -> None:
    ada = product["app"].test_client()
    assert "Sign in as Ada Admin" in ada.get("/").text
    page = ada.post("/log-in/ada", follow_redirects=True).text
    assert page.count("<!doctype html>") == 1
    assert "New program" in page
    token = re.search(r'mk_token" value="([^"]+)', ada.get("/mentoring/programs/new").text)
    assert token
    form = {"mk_token": token[1], "preset": "low_touch", "key": "first", "name": "First"}
    page = ada.post("/mentoring/programs/new", data=form, follow_redirects=True).text
    assert "Recruit mentors first" in page


def test_the_product_lets_people_in_by_links_in_at_most_eight_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(DOCS / "examples" / "mount", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    source = (tmp_path / "links.py").read_text(encoding="utf-8")
    assert len(source[source.index("kit = Kit(") :].splitlines()) <= 8
    made = runpy.run_path("links.py", run_name="product")
    made["app"].template_folder = str(tmp_path / "templates")
    made["kit"].upgrade()
    page = made["app"].test_client().get("/mentoring/").text
    assert "Send me a link" in page
    made["kit"].close()
    made["kit"].engine.dispose()


def make_program(kit: Any, folder: Path) -> None:
    """Make the program of the tutorial, and take in the sheet of mentees that the demo writes."""
    at: dict[str, Any] = {"tenant": "default", "actor": ADMIN}
    preset = presets.read_toml(presets.source("high_touch"), place="high_touch")
    programs.create(kit, **at, key="traders", preset=preset)
    write_sheets(SimpleNamespace(), folder=folder / "sample")  # type: ignore[arg-type]
    body = (folder / "sample" / "mentees.csv").read_bytes()
    at["program"] = "traders"
    leads, wrong = recruit.read(kit, **at, body=body, filename="mentees.csv", role="mentee")
    assert [one.message.partition(";")[0] for one in wrong] == [
        'this column is not read: "village"'
    ]
    assert recruit.receive(kit, **at, leads=leads)["new"] == 60


def test_a_user_is_who_the_tutorial_says(
    product: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    make_program(product["kit"], tmp_path)
    monkeypatch.setitem(sys.modules, "product", SimpleNamespace(**product))
    runpy.run_path("who.py")
    assert capsys.readouterr().out == "Amina is E00052 from now on.\n"
    amina = product["app"].test_client()
    page = amina.post("/log-in/amina", follow_redirects=True).text
    assert f"Hello {product['USERS']['amina'].split()[0]}" in page
    assert "We have received your answers" in page


def test_a_link_reaches_nobody_without_a_channel_and_one_is_made_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(DOCS / "examples" / "mount", tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    made = runpy.run_path("links.py", run_name="product")
    made["app"].template_folder = str(tmp_path / "templates")
    made["kit"].upgrade()
    make_program(made["kit"], tmp_path)
    monkeypatch.setitem(sys.modules, "product", SimpleNamespace(**made))

    def run(*words: str) -> str:
        return CliRunner().invoke(main, ["--kit", "product:kit", *words]).output

    browser = made["app"].test_client()
    asked = {"address": "marcia.barbosa.mentee1@example.org"}
    browser.post("/mentoring/x/magiclink/", data={**asked, "mk_token": token(browser)})
    assert "1 given up" in run("work")
    assert "no_channel" in run("doctor")
    told = run("magiclink", "make", "E00001")
    assert "name: M\u00e1rcia Barbosa" in told
    found = re.search(rf"link: {made['SITE']}(\S+)", told)
    assert found
    path = f"/mentoring{found[1]}"
    page = browser.post(path, data={"mk_token": token(browser, path)}, follow_redirects=True).text
    assert "Hello M\u00e1rcia" in page
    assert "We have received your answers" in page
    made["kit"].close()
    made["kit"].engine.dispose()


def token(browser: Any, path: str = "/mentoring/") -> str:
    """Return the token of the form on a page."""
    found = re.search(r'mk_token" value="([^"]+)', browser.get(path).text)
    assert found, path
    return html.unescape(found[1])
