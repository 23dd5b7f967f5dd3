"""The built wheel, installed in a clean environment; built once for each session."""

from __future__ import annotations

from pathlib import Path

import pytest
from installed import ROOT, Environment, build_wheel, create_environment


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for built wheels."""
    return tmp_path_factory.mktemp("wheels")


@pytest.fixture(scope="session")
def wheel(wheels: Path) -> Path:
    return build_wheel(ROOT, wheels)


@pytest.fixture(scope="session")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A clean environment with mentorkit's wheel, for tests that install nothing more."""
    made = create_environment(tmp_path_factory.mktemp("clean") / "venv")
    made.install(wheel)
    return made
