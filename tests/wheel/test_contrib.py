"""The packages in contrib/: each is installed beside mentorkit's wheel, and passes its tests."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from installed import ROOT, build_wheel, create_environment

pytestmark = pytest.mark.xdist_group("wheel")

PACKAGES = sorted(
    path.parent for path in ROOT.glob("contrib/*/pyproject.toml") if path.parent.name[0] != "_"
)
GIVEN = ("CI", "MENTORKIT_TEST_POSTGRES", "MENTORKIT_TEST_REDIS", "MENTORKIT_TEST_AMQP")
"""What their tests are told of this machine."""


def test_there_are_packages() -> None:
    assert "twilio" in [path.name for path in PACKAGES]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_passes_its_own_tests(
    package: Path, wheel: Path, wheels: Path, tmp_path: Path
) -> None:
    made = create_environment(tmp_path / "venv")
    made.install(wheel)
    made.install(build_wheel(package, wheels))
    shutil.copytree(package / "tests", tmp_path / "tests")
    shutil.copy(package / "pyproject.toml", tmp_path)
    given = {name: os.environ[name] for name in GIVEN if name in os.environ}
    done = made.run("-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path, **given)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    find = (
        f"from importlib.metadata import entry_points as e; e(group='mentorkit')['{package.name}']"
    )
    found = made.run("-c", f"{find}.load().manifest", cwd=tmp_path)
    assert found.returncode == 0, found.stderr
