"""What stands in the pages is true: files are there, blocks run, commands exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pages import DOCS, ROOT, blocks, included, written_pages

README = ROOT / "README.md"
MENTORKIT = [sys.executable, "-c", "from mentorkit.cli import main; main()"]

SHOWN_AS_THEY_ARE = {
    # Blocks of a line or two that name things of the reader's own; each says a call whose
    # parts are tested elsewhere.
    "explanation/values_not_rows.md",
    "tutorial/first_plugin.md",
}


def run(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MENTORKIT, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )


def test_there_are_pages() -> None:
    assert len(list(written_pages())) > 15


@pytest.mark.parametrize("page", list(written_pages()), ids=lambda p: str(p.relative_to(DOCS)))
def test_included_files_are_there_and_each_is_tested(page: Path) -> None:
    for name in included(page.read_text(encoding="utf-8")):
        file = (page.parent / name).resolve()
        assert file.exists(), name
        place = file.relative_to(ROOT).parts[:2]
        assert place in {("docs", "examples"), ("contrib", "_template")}, "include a tested file"


@pytest.mark.parametrize("page", list(written_pages()), ids=lambda p: str(p.relative_to(DOCS)))
def test_python_in_pages_is_included_from_a_tested_file(page: Path) -> None:
    found = [body for language, body in blocks(page.read_text("utf-8")) if language == "python"]
    if str(page.relative_to(DOCS)) in SHOWN_AS_THEY_ARE:
        for body in found:
            compile(body, str(page), "exec")
            assert len(body.splitlines()) <= 2
    else:
        assert found == []


@pytest.mark.parametrize("page", [README, *written_pages()], ids=lambda p: str(p.relative_to(ROOT)))
def test_commands_in_pages_exist_with_these_options(page: Path) -> None:
    import click

    from mentorkit.cli import main as cli

    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    for language, body in blocks(text):
        if language not in {"console", "sh"}:
            continue
        for line in body.splitlines():
            found = re.match(r"^(?:\$ )?(?:\.venv/bin/)?mentorkit (.+?)(?: &&)?$", line.strip())
            if not found:
                continue
            words = shlex.split(found[1])
            command: click.Command = cli
            context = click.Context(cli, info_name="mentorkit")
            while isinstance(command, click.Group) and words and not words[0].startswith("-"):
                with context.scope(cleanup=False):
                    inner = command.get_command(context, words[0])
                assert inner is not None, f"{page.name}: mentorkit {found[1]}"
                command = inner
                context = click.Context(inner, info_name=words.pop(0), parent=context)
            known = {option for item in command.params for option in item.opts}
            known |= {option for item in command.params for option in item.secondary_opts}
            used = {word for word in words if word.startswith("--")}
            assert used <= known, f"{page.name}: mentorkit {found[1]}"


def named_command(name: str) -> str:
    after = README.read_text(encoding="utf-8").split(f"<!-- command: {name} -->\n", 1)[1]
    language, body = blocks(after)[0]
    assert language == "sh"
    return body


def test_the_readme_has_the_two_commands_that_ci_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    tox = (ROOT / "tox.ini").read_text(encoding="utf-8")
    assert "bash .ci/readme test" in script.strip().splitlines()[-1]
    assert "bash .ci/readme pair" in tox
    assert "pytest" in named_command("test")
    assert "mentorkit pair" in named_command("pair")


def test_the_readmes_first_command_tells_a_newcomer_something(tmp_path: Path) -> None:
    lines = named_command("pair").replace("\\\n", " ").split("&&")
    for line in lines:
        words = shlex.split(line)
        if words[0].endswith("/mentorkit"):
            done = run(words[1:], tmp_path)
            assert done.returncode == 0, done.stderr
    assert "pairs" in done.stdout
    assert (tmp_path / "sample" / "pairs.csv").read_text(encoding="utf-8").count("\n") > 10


def test_the_readmes_plugin_is_ten_lines_and_works(tmp_path: Path) -> None:
    body = next(
        body for language, body in blocks(README.read_text("utf-8")) if language == "python"
    )
    assert len([line for line in body.splitlines() if line.strip()]) == 10
    assert pair_villages(tmp_path, body).count("Both trade in") == 2


def test_the_tutorials_plugin_works(tmp_path: Path) -> None:
    module = ROOT / "contrib" / "_template" / "mentorkit_villages" / "__init__.py"
    assert pair_villages(tmp_path, module.read_text("utf-8")).count("Both trade in") == 2


def pair_villages(folder: Path, plugin: str) -> str:
    """Pair the tutorial's sheets with this plugin; return the pairs as they are written."""
    (folder / "villages.py").write_text(plugin, encoding="utf-8")
    for file in (DOCS / "examples" / "villages").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    command = (
        "pair --mentors mentors.csv --mentees mentees.csv --strategy strategy.toml "
        "--out pairs.csv --unmatched unmatched.csv --plugin villages.py"
    )
    done = run(shlex.split(command), folder)
    assert done.returncode == 0, done.stderr
    return (folder / "pairs.csv").read_text(encoding="utf-8")


def test_nothing_of_one_machine_stands_in_the_repository() -> None:
    """Paths of a developer's machine and names of package hosts would be wrong everywhere else."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        names = [
            str(p.relative_to(ROOT))
            for place in ("mentorkit", "plugins", "docs", "tests", "benchmarks", "contrib")
            for p in (ROOT / place).rglob("*")
            if p.is_file() and p.suffix != ".pyc"
        ]
    else:
        names = listed.stdout.splitlines()
    assert len(names) > 100
    machine = r"(?<![\w.*])/" + r"(root|work|tmp/env)\b(?![.\w])"
    hosts = "|".join(["py" + r"pi\.org", "python" + "hosted", "npm" + r"js\.org"])
    forbidden = re.compile(f"{machine}|{hosts}")
    found = []
    for name in names:
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue
        if os.path.basename(name) != "uv.lock" and forbidden.search(text):
            found.append(name)
    assert found == []
