"""Sign-in links on the command line: `magiclink make` and `magiclink end`."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PORTAL = """\
from mentorkit import Kit, Portal

kit = Kit.embedded("mentorkit.db", secret_keys=["s"], site=Portal("https://example.org/m"))
"""


@pytest.fixture
def portal(traders: Path, folder: Path) -> Any:
    """A host's kit on the database with everybody in it."""
    (folder / "sign_in_portal.py").write_text(PORTAL, encoding="utf-8")
    yield "sign_in_portal:kit"
    module = sys.modules.pop("sign_in_portal", None)
    if module is not None:
        module.kit.close()


def test_staff_hand_out_a_link_and_sign_somebody_out(portal: str, run: Callable[..., Any]) -> None:
    made = json.loads(run("--kit", portal, "magiclink", "make", "e1", "--json").out)
    assert re.fullmatch(r"https://example\.org/m/x/magiclink/o/[a-z2-7]{20}", made["link"])
    assert made["name"] == "Chipo Moyo"
    assert (
        "https://example.org/m/x/magiclink/o/"
        in run("--kit", portal, "magiclink", "make", "e1").out
    )
    told = run("--kit", portal, "--as", "e2", "magiclink", "make", "e1", code=4).err
    assert "Only staff" in told
    assert json.loads(run("--kit", portal, "magiclink", "end", "e1", "--json").out)["ended"] == 0
    assert "nobody" in run("--kit", portal, "magiclink", "end", "e9", code=3).err


def test_a_database_of_its_own_knows_no_portal_to_lead_to(
    traders: Path, run: Callable[..., Any]
) -> None:
    assert "site=Portal" in run("magiclink", "make", "e1", code=5).err
