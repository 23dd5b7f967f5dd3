"""The tutorial's product is started as it stands, and mentoring is used inside it."""

from __future__ import annotations

import re
import runpy
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pages import DOCS

from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.journey import programs, recruit

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


def test_a_user_is_who_the_tutorial_says(product: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    at: dict[str, Any] = {"tenant": "default", "actor": ADMIN}
    programs.create(product["kit"], **at, key="first", preset={"title": "First"})
    lead = Lead(key="E00001", role="mentee", name="Amina Otieno")
    recruit.receive(product["kit"], **at, program="first", leads=[lead])
    monkeypatch.setitem(sys.modules, "product", SimpleNamespace(**product))
    runpy.run_path("who.py")
    amina = product["app"].test_client()
    page = amina.post("/log-in/amina", follow_redirects=True).text
    assert "Hello Amina" in page
    assert "We have received your answers" in page
