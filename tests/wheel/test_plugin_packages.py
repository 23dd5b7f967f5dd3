"""Plugins as packages of their own: installed beside, used, and taken away again."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from installed import ROOT, Environment, build_wheel, create_environment

pytestmark = pytest.mark.xdist_group("wheel")

TEMPLATE = ROOT / "contrib" / "_template"
TUTORIAL = ROOT / "docs" / "tutorial" / "first_plugin.md"
SHEETS = ROOT / "docs" / "examples" / "villages"


@pytest.fixture(scope="module")
def with_villages(
    wheel: Path, wheels: Path, tmp_path_factory: pytest.TempPathFactory
) -> Environment:
    """A clean environment with mentorkit and the tutorial's plugin, each from its own wheel."""
    made = create_environment(tmp_path_factory.mktemp("villages") / "venv")
    made.install(wheel)
    made.install(build_wheel(TEMPLATE, wheels))
    return made


def test_the_plugin_is_found(with_villages: Environment, tmp_path: Path) -> None:
    code = (
        "from mentorkit import DEFAULT_PLUGINS\n"
        "from mentorkit.hooks.registry import Registry\n"
        "registry = Registry.load([*DEFAULT_PLUGINS, 'villages'])\n"
        "plugin = registry.owner('criteria', 'same_village')\n"
        "print(plugin.name, plugin.distribution, plugin.version)"
    )
    done = with_villages.run("-c", code, cwd=tmp_path)
    assert done.stdout.split() == ["villages", "mentorkit-villages", "0.1.0"], done.stderr


def test_the_plugin_is_used_and_explained(with_villages: Environment, tmp_path: Path) -> None:
    for file in SHEETS.iterdir():
        shutil.copy(file, tmp_path)
    command = (
        "pair --mentors mentors.csv --mentees mentees.csv --strategy strategy.toml "
        "--out pairs.csv --unmatched left.csv --plugin villages --json"
    )
    done = with_villages.mentorkit(*command.split(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pairs"] == 3
    with (tmp_path / "pairs.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    reasons = [row["reasons"] for row in rows]
    assert sum("Both trade in Kibuye" in told for told in reasons) == 1
    assert sum("Both trade in Rubavu" in told for told in reasons) == 1


def test_the_plugin_passes_its_contract(with_villages: Environment, tmp_path: Path) -> None:
    shutil.copytree(TEMPLATE / "tests", tmp_path / "tests")
    done = with_villages.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout


def test_a_criterion_that_breaks_its_contract_is_caught(
    with_villages: Environment, tmp_path: Path
) -> None:
    shutil.copytree(TEMPLATE / "tests", tmp_path / "tests")
    planted = (
        "import mentorkit_villages\n"
        "mentorkit_villages.SameVillage.declared = None\n"
        "mentorkit_villages.SameVillage.score = lambda self, mentee, mentor: 2.0\n"
    )
    (tmp_path / "tests" / "conftest.py").write_text(planted, encoding="utf-8")
    done = with_villages.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr


def test_the_tutorial_can_be_followed_to_the_letter(tmp_path: Path) -> None:
    """Every command of the page in its order, in one shell, in a copy of what a clone holds."""
    clone = tmp_path / "clone"
    for name in ("mentorkit", "plugins", "contrib", "docs", "README.md", "CHANGELOG.md", "LICENSE"):
        place, ignore = ROOT / name, shutil.ignore_patterns("__pycache__", "_build")
        if place.is_dir():
            shutil.copytree(place, clone / name, ignore=ignore)
        else:
            shutil.copy(place, clone / name)
    shutil.copy(ROOT / "pyproject.toml", clone)
    made = create_environment(clone / ".venv")  # so that nothing has to be downloaded
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script_of(TUTORIAL)],
        cwd=clone,
        env={
            "PATH": f"{made.folder / 'bin'}:/usr/bin:/bin",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # as pip reads it: without isolation
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Both trade in Kibuye") == 2  # with the file, and with the package
    assert "passed" in done.stdout
    assert "skipped" not in done.stdout
    assert "Both trade in Rubavu" in (clone / "first" / "pairs.csv").read_text(encoding="utf-8")


def script_of(page: Path) -> str:
    """Return a page's commands as one script, with the files written that it tells to write."""
    found = re.findall(
        r"(?:<!-- file: (\S+) -->\n)?^```(\w+)\n(.*?)^```$",
        page.read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    parts = []
    for path, language, body in found:
        if language == "sh":
            parts.append(body)
        elif path and path.startswith("../examples/"):
            parts.append(f"cat > {Path(path).name} <<'END'\n{body}END\n")
    assert len(parts) >= 8
    return "".join(parts)


def write_postbox(folder: Path) -> Path:
    """Write a distribution of its own with a table: the inbox under another name."""
    source = ROOT / "plugins" / "mentorkit_inbox"
    for path in sorted(source.rglob("*.py")):
        name = path.relative_to(source).as_posix().replace("inbox", "postbox")
        made = folder / "mentorkit_postbox" / name
        made.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8").replace("inbox", "postbox")
        made.write_text(text.replace("Inbox", "Postbox"), encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "mentorkit-postbox"\nversion = "0.1.0"\n'
        '[project.entry-points.mentorkit]\npostbox = "mentorkit_postbox"\n'
        '[tool.hatch.build.targets.wheel]\npackages = ["mentorkit_postbox"]\n',
        encoding="utf-8",
    )
    return folder


def test_an_installation_upgrades_after_a_plugin_with_a_table_is_gone(
    wheel: Path, wheels: Path, tmp_path: Path
) -> None:
    made = create_environment(tmp_path / "venv")
    made.install(wheel)
    (tmp_path / "source").mkdir()
    made.install(build_wheel(write_postbox(tmp_path / "source"), wheels))
    upgrade = (
        "import sqlite3\n"
        "from mentorkit import DEFAULT_PLUGINS, Kit\n"
        "kit = Kit.embedded('mentorkit.db', plugins=[*DEFAULT_PLUGINS, {extra}])\n"
        "kit.upgrade()\n"
        "kit.close()\n"
        "rows = sqlite3.connect('mentorkit.db').execute("
        "\"select name from sqlite_master where name like 'mk_postbox__%'\")\n"
        "print(*sorted(name for name, in rows))"
    )
    with_it = made.run("-c", upgrade.format(extra="'postbox'"), cwd=tmp_path)
    assert "mk_postbox__message" in with_it.stdout.split(), with_it.stderr

    made.pip("uninstall", "--yes", "mentorkit-postbox")
    still_listed = made.run("-c", upgrade.format(extra="'postbox'"), cwd=tmp_path)
    assert still_listed.returncode == 1
    assert "postbox" in still_listed.stderr

    without = made.run("-c", upgrade.format(extra=""), cwd=tmp_path)
    assert without.returncode == 0, without.stderr
    assert "mk_postbox__message" in without.stdout.split()  # its data stays until someone drops it
    again = made.mentorkit("db", "upgrade", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
