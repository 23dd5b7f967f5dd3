"""Each wall is tried: a breach planted in a copy of the source is caught by its own contract."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent

BREACHES = [
    ("one-direction", "mentorkit/domain/breach.py", "from mentorkit.journey import match"),
    ("one-direction", "mentorkit/matching/breach.py", "import mentorkit.store.tables"),
    ("one-direction", "mentorkit/store/breach.py", "import mentorkit.matching.pool"),
    ("one-direction", "mentorkit/journey/breach.py", "import mentorkit.worker"),
    ("one-direction", "mentorkit/errors.py", "import mentorkit.domain.people"),
    ("store-alone", "mentorkit/store/breach.py", "import mentorkit.hooks.registry"),
    ("store-alone", "mentorkit/hooks/breach.py", "import mentorkit.store.tables"),
    ("web-only", "mentorkit/journey/breach.py", "from flask import request"),
    ("web-only", "mentorkit/kit.py", "import marshmallow"),
    ("web-only", "plugins/mentorkit_inbox/breach.py", "import werkzeug"),
    ("store-only", "mentorkit/kit.py", "from sqlalchemy.orm import Session"),
    ("store-only", "plugins/mentorkit_csv/breach.py", "import sqlalchemy"),
    ("store-only", "mentorkit/cli.py", "import alembic.command"),
    ("store-only", "mentorkit/testing/fixtures.py", "import sqlalchemy"),
    ("hooks-only", "mentorkit/kit.py", "import pluggy"),
    ("hooks-only", "mentorkit/journey/breach.py", "import jsonschema"),
    ("signals-only", "mentorkit/kit.py", "import blinker"),
    ("cli-only", "mentorkit/journey/breach.py", "import click"),
    ("matching-only", "mentorkit/hooks/providers.py", "import numpy"),
    ("matching-only", "plugins/mentorkit_csv/breach.py", "import numpy"),
    ("kernels-only", "mentorkit/journey/breach.py", "import numba"),
    ("dials-out", "mentorkit/worker.py", "import requests"),
    ("dials-out", "plugins/mentorkit_inbox/breach.py", "import urllib.request"),
    ("standard-library-only", "mentorkit/domain/breach.py", "import packaging"),
    ("standard-library-only", "mentorkit/journey/breach.py", "import babel"),
    ("standard-library-only", "mentorkit/domain/breach.py", "import socket"),
    ("core-without-plugins", "mentorkit/journey/breach.py", "import mentorkit_inbox"),
    ("core-without-plugins", "mentorkit/testing/breach.py", "import mentorkit_matching"),
    ("plugins-apart", "plugins/mentorkit_demo/breach.py", "import mentorkit_csv"),
]


def contracts() -> list[str]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return [contract["id"] for contract in settings["tool"]["importlinter"]["contracts"]]


def lint(folder: Path, contract: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run import-linter over the packages under `folder`, never over those installed."""
    command = "from importlinter.cli import lint_imports_command as run; run()"
    only = ["--contract", contract] if contract else []
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache", *only],
        cwd=folder,
        env={"PYTHONPATH": f"{folder}:{folder / 'plugins'}", "PATH": "", "TERM": "dumb"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source")
    ignore = shutil.ignore_patterns("__pycache__")
    for name in ("mentorkit", "plugins"):
        shutil.copytree(ROOT / name, folder / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_the_walls_stand(source: Path) -> None:
    done = lint(source)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_contract_has_a_breach_planted() -> None:
    assert set(contracts()) == {contract for contract, _, _ in BREACHES}


@pytest.mark.parametrize(("contract", "path", "line"), BREACHES)
def test_a_breach_is_caught(source: Path, contract: str, path: str, line: str) -> None:
    planted = source / path
    before = planted.read_text(encoding="utf-8") if planted.exists() else None
    planted.write_text(f"{before or ''}\n{line}\n", encoding="utf-8")
    try:
        done = lint(source, contract)
    finally:
        if before is None:
            planted.unlink()
        else:
            planted.write_text(before, encoding="utf-8")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def test_an_import_for_types_alone_is_no_breach(source: Path) -> None:
    planted = source / "mentorkit/domain/breach.py"
    planted.write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy\n")
    try:
        done = lint(source, "standard-library-only")
    finally:
        planted.unlink()
    assert done.returncode == 0, done.stdout
