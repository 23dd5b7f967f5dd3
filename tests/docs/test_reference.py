"""The reference holds everything that the code has, and says it as the code does."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import DOCS, ROOT, headings, reference

import mentorkit
from mentorkit.domain import events
from mentorkit.hooks.specs import Hooks

CODE = re.compile(r"^(<[a-z_]+>|[a-z][a-z0-9_]*)(\.(<[a-z_]+>|[a-z][a-z0-9_]*))+$")


def hook_names() -> list[str]:
    return [name for name in vars(Hooks) if name.startswith("mentorkit_")]


def signature_of(name: str) -> str:
    arguments = list(inspect.signature(getattr(Hooks, name)).parameters)[1:]
    return f"{name}({', '.join(arguments)})"


def test_there_are_hooks_to_document() -> None:
    assert len(hook_names()) >= 9


@pytest.mark.parametrize("name", hook_names())
def test_each_hook_is_in_the_reference_under_its_signature(name: str) -> None:
    assert signature_of(name) in headings(reference().hooks())


@pytest.mark.parametrize("name", hook_names())
def test_each_hook_has_a_how_to_under_its_signature(name: str) -> None:
    page = DOCS / "how-to" / f"{name.removeprefix('mentorkit_')}.md"
    assert page.exists(), f"write {page.relative_to(ROOT)}"
    assert signature_of(name) in headings(page.read_text(encoding="utf-8"))


def test_no_page_documents_a_hook_that_is_not_there() -> None:
    known = {signature_of(name) for name in hook_names()}
    for page in (DOCS / "how-to").glob("*.md"):
        found = {h for h in headings(page.read_text(encoding="utf-8")) if h[:10] == "mentorkit_"}
        assert found <= known, page


@pytest.mark.parametrize("name", hook_names())
def test_each_hook_has_a_test_of_its_name(name: str) -> None:
    wanted = f"def test_hook_{name.removeprefix('mentorkit_')}("
    also = f"def test_hook_{name}("
    sources = (p.read_text(encoding="utf-8") for p in (ROOT / "tests").rglob("test_*.py"))
    assert any(wanted in text or also in text for text in sources), wanted


def test_each_provider_is_described() -> None:
    from mentorkit import hooks

    page = headings(reference().providers())
    classes = {name for name in hooks.__all__ if inspect.isclass(getattr(hooks, name))}
    assert len(classes) > 20
    assert classes <= set(page)


def test_each_event_is_described() -> None:
    defined = {
        name
        for name, thing in vars(events).items()
        if isinstance(thing, type) and issubclass(thing, events.Event) and thing.noun
    }
    page = reference().events()
    assert len(defined) > 20
    assert [name for name in sorted(defined) if f"| `{name}` |" not in page] == []


def raised_codes() -> Iterator[tuple[str, str]]:
    """Yield (code, where) for each string that looks like an error code where one is made."""
    folders = [Path(mentorkit.__file__).parent, *(ROOT / "plugins").iterdir()]
    for folder in folders:
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args:
                    given = node.exc.args[0]
                    if (
                        isinstance(given, ast.Constant)
                        and isinstance(given.value, str)
                        and re.fullmatch(r"[a-z_]+(\.[a-z_0-9]+)+", given.value)
                    ):
                        yield given.value, f"{path.name}:{node.lineno}"


def test_each_error_code_is_listed() -> None:
    page = reference().errors()
    raised = list(raised_codes())
    assert len(raised) > 20
    missing = [(code, where) for code, where in raised if f"| `{code}` |" not in page]
    assert missing == []


def test_error_codes_have_one_form() -> None:
    made = reference()
    bad = [
        item
        for item in made.refusals(made.source_folders())
        if item.error not in {"RetryLater", "Undeliverable"} and not CODE.match(item.code)
    ]
    assert bad == []


def test_the_list_of_codes_would_notice_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "planted.py").write_text(
        'raise Conflict(f"{noun}.new", "Do " f"{what}.")\nraise NotFound("a.b", "x", c=1)\n'
    )
    found = reference().refusals((tmp_path / "package",))
    assert [(item.code, item.error, item.message) for item in found] == [
        ("<noun>.new", "Conflict", "Do <what>."),
        ("a.b", "NotFound", "x"),
    ]


def test_each_table_of_moves_is_shown_edge_by_edge() -> None:
    from mentorkit.domain.participants import PARTICIPANT_MOVES
    from mentorkit.domain.relationships import PROPOSAL_MOVES, RELATIONSHIP_MOVES
    from mentorkit.domain.runs import RUN_MOVES

    page = reference().states()
    for moves in (PARTICIPANT_MOVES, PROPOSAL_MOVES, RELATIONSHIP_MOVES, RUN_MOVES):
        assert moves.noun in headings(page)
        for frm, to in moves:
            assert f"| {frm} | {to} |" in page


def test_each_setting_of_a_shipped_plugin_is_described() -> None:
    from mentorkit.hooks.registry import DEFAULT_PLUGINS

    page = headings(reference().settings())
    assert set(DEFAULT_PLUGINS) <= set(page)


def test_each_command_has_its_page() -> None:
    from click.testing import CliRunner

    from mentorkit.cli import main as cli

    pages = headings(reference().cli())
    top = CliRunner().invoke(cli, ["--help"])
    assert top.exit_code == 0
    for name in ["pair", "match", "publish", "recruit", "work", "doctor", "plugins", "db upgrade"]:
        assert f"mentorkit {name}" in pages
    assert {f"mentorkit {name}" for name in cli.commands} <= set(pages)


def test_each_step_of_the_journey_is_described() -> None:
    page = headings(reference().journey())
    for step in ("recruit", "screen", "onboard", "match", "accept", "meet", "protect"):
        assert f"mentorkit.journey.{step}" in page
