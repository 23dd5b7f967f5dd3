"""What is in the wheel, and what it costs to import."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from installed import ROOT, Environment

pytestmark = pytest.mark.xdist_group("wheel")

HEAVY = {"flask", "numpy", "sqlalchemy", "jsonschema"}
SHIPPED = (
    "announce",
    "checkins",
    "csv",
    "demo",
    "email",
    "guide",
    "inbox",
    "limits",
    "magiclink",
    "matching",
    "outcomes",
    "rehearse",
    "screening",
    "searches",
    "signup",
    "survey",
    "wordlist",
)


@pytest.fixture(scope="session")
def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_the_core_and_the_shipped_plugins_alone(names: set[str]) -> None:
    tops = {name.partition("/")[0] for name in names}
    packages = {"mentorkit", *(f"mentorkit_{name}" for name in SHIPPED)}
    assert {top for top in tops if not top.endswith(".dist-info")} == packages


def test_what_is_no_python_is_in_the_wheel_too(names: set[str]) -> None:
    wanted = [
        path.relative_to(ROOT / top).as_posix()
        for top, folder in ((".", "mentorkit"), ("plugins", "plugins"))
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    assert len(wanted) > 50
    assert "mentorkit/py.typed" in wanted
    assert sum(name.startswith("mentorkit/presets/") for name in wanted) >= 5
    assert sorted(set(wanted) - names) == []


def test_migrations_of_core_and_inbox_are_in_the_wheel(names: set[str]) -> None:
    assert "mentorkit/store/migrations/env.py" in names
    assert any(n.startswith("mentorkit/store/migrations/versions/core_0001") for n in names)
    assert any(n.startswith("mentorkit_inbox/migrations/inbox_0001") for n in names)


@pytest.mark.parametrize("name", ["mentorkit", "mentorkit.hooks", "mentorkit.domain"])
def test_a_light_import_stays_light(environment: Environment, name: str) -> None:
    loaded = environment.modules_after(f"import {name}, mentorkit\nassert mentorkit.__version__")
    assert "mentorkit" in loaded
    assert loaded & HEAVY == set()


def test_every_domain_module_stays_light(environment: Environment) -> None:
    code = (
        "import pkgutil, importlib, mentorkit.domain as d\n"
        "for found in pkgutil.iter_modules(d.__path__, 'mentorkit.domain.'):\n"
        "    importlib.import_module(found.name)"
    )
    assert environment.modules_after(code) & (HEAVY | {"pluggy", "click", "blinker"}) == set()


def test_the_web_room_loads_no_engine(environment: Environment) -> None:
    loaded = environment.modules_after("import mentorkit.web")
    assert loaded & {"numpy", "numba", "alembic"} == set()


def test_a_built_kit_loads_neither_numpy_nor_alembic(
    environment: Environment, tmp_path: Path
) -> None:
    code = (
        "from mentorkit import Kit\n"
        "kit = Kit.embedded('mentorkit.db')\n"
        "assert kit.registry.strategies and kit.registry.channels"
    )
    loaded = environment.modules_after(code, cwd=tmp_path)
    assert "sqlalchemy" in loaded
    assert loaded & {"numpy", "numba", "alembic", "flask", "requests"} == set()


def test_pairing_two_sheets_loads_neither_kit_nor_store(
    environment: Environment, tmp_path: Path
) -> None:
    environment.mentorkit("demo", "sheets", "sample", cwd=tmp_path)
    code = (
        "import sys\n"
        "from mentorkit.cli import main\n"
        "main('pair --mentors sample/mentors.csv --mentees sample/mentees.csv --json "
        "--strategy sample/strategy.toml --out pairs.csv --unmatched left.csv'.split(), "
        "standalone_mode=False)\n"
        "assert 'mentorkit.kit' not in sys.modules\n"
        "assert 'mentorkit.store' not in sys.modules\n"
    )
    loaded = environment.modules_after(code, cwd=tmp_path)
    assert "numpy" in loaded
    assert loaded & {"sqlalchemy", "alembic", "flask"} == set()
    assert (tmp_path / "pairs.csv").stat().st_size > 100


def test_the_pytest_plugin_imports_pytest_alone(environment: Environment) -> None:
    before = environment.modules_after("import pytest")
    after = environment.modules_after("import pytest, mentorkit.testing.fixtures")
    assert after - before == {"mentorkit"}


def test_the_installed_plugins_are_those_that_are_loaded_by_default(
    environment: Environment,
) -> None:
    code = (
        "from importlib.metadata import entry_points\n"
        "from mentorkit import DEFAULT_PLUGINS\n"
        "found = {e.name: e.value for e in entry_points(group='mentorkit')}\n"
        f"assert set(found) >= set({SHIPPED!r}) == set(DEFAULT_PLUGINS), found\n"
        "assert all(found[n] == f'mentorkit_{n}' for n in DEFAULT_PLUGINS), found"
    )
    done = environment.run("-c", code)
    assert done.returncode == 0, done.stderr
