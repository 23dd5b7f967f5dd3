"""What stands in the pages is true: files are there, blocks run, commands exist."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from pages import DOCS, README, ROOT, as_it_should_be, blocks, shown, written_pages

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


PAGES = pytest.mark.parametrize(
    "page", [README, *written_pages()], ids=lambda p: str(p.relative_to(ROOT))
)


@PAGES
def test_what_a_page_shows_of_a_file_is_what_stands_in_that_file(page: Path) -> None:
    for how, file, body in shown(page):
        assert file.is_file(), file
        place = file.relative_to(ROOT).parts[:2]
        assert place in {("docs", "examples"), ("contrib", "_template")}, "show a tested file"
        if how == "part":
            assert body.strip()
            assert f"\n{body}" in f"\n{file.read_text(encoding='utf-8')}", file
    assert page.read_text(encoding="utf-8") == as_it_should_be(page), (
        "a file has changed that this page shows: run python tests/docs/pages.py"
    )


@PAGES
def test_a_page_can_be_read_as_it_is(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "{literalinclude}" not in text
    assert "[](" not in text, "a link without a text shows nothing"
    hidden = [body for language, body in blocks(text) if language == "{toctree}"]
    assert all(":hidden:" in body for body in hidden), "write the links out, and hide the toctree"
    for link in re.findall(r"\]\(([^)#]+)\)", text):
        if "generated/" not in link:
            assert (page.parent / link).exists(), link


@PAGES
def test_python_in_pages_is_that_of_a_tested_file(page: Path) -> None:
    tested = [body for _, _, body in shown(page)]
    for language, body in blocks(page.read_text(encoding="utf-8")):
        if language == "python" and body not in tested:
            assert page.relative_to(DOCS).as_posix() in SHOWN_AS_THEY_ARE
            compile(body, str(page), "exec")
            assert len(body.splitlines()) <= 2


@PAGES
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
            while words[0] in ("--as", "--db", "--kit", "--tenant"):
                del words[:2]
            command: click.Command = cli
            context = click.Context(cli, info_name="mentorkit")
            while isinstance(command, click.Group) and words and not words[0].startswith("-"):
                with context.scope(cleanup=False):
                    # A plugin's command of its own name takes what names no other.
                    own = command.get_command(context, command.name or "")
                    inner = command.get_command(context, words[0]) or own
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
    assert "bash .ci/readme test" in script.strip().splitlines()[-1]
    assert "python3 .ci/demo" in script
    assert "bash .ci/readme pair" in script
    assert "pytest" in named_command("test")
    assert "mentorkit demo" in named_command("demo")
    assert "mentorkit pair" in named_command("pair")


def test_the_readme_can_be_followed_from_its_first_command_to_its_plugin(tmp_path: Path) -> None:
    """Each line that calls mentorkit, in order, with the files made that the text says to make."""
    text = README.read_text(encoding="utf-8")
    about_the_plugin = text[text.index("## A plugin in ten lines") : text.index("## Run the tests")]
    plugin, lines, command = blocks(about_the_plugin)
    assert [plugin[0], lines[0], command[0]] == ["python", "toml", "sh"]
    assert len([line for line in plugin[1].splitlines() if line.strip()]) == 10
    assert "add these three lines to the end of `sample/strategy.toml`" in about_the_plugin
    assert lines[1].count("\n") == 3

    follow(named_command("pair"), tmp_path)
    pairs = tmp_path / "sample" / "pairs.csv"
    first = pairs.read_text(encoding="utf-8")
    assert first.count("\n") > 10
    (tmp_path / "villages.py").write_text(plugin[1], encoding="utf-8")
    with (tmp_path / "sample" / "strategy.toml").open("a", encoding="utf-8") as file:
        file.write(lines[1])
    told = follow(command[1], tmp_path)
    assert "Both trade in" in told
    assert pairs.read_text(encoding="utf-8").count("Both trade in") > 5
    assert "Both trade in" not in first


def follow(commands: str, folder: Path) -> str:
    """Run the lines of a block that call mentorkit; return what the last of them printed."""
    told = ""
    for line in commands.replace("\\\n", " ").split("\n"):
        words = shlex.split(line.removesuffix("&&"))
        if words and words[0] == ".venv/bin/mentorkit":
            done = run(words[1:], folder)
            assert done.returncode == 0, done.stderr
            told = done.stdout
    assert told
    return told


def test_a_program_runs_as_the_how_to_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its commands in their order, on the made-up people that it names, up to PostgreSQL."""
    from mentorkit.cli import main

    monkeypatch.chdir(tmp_path)
    for name in ("MENTORKIT_DB", "MENTORKIT_KIT"):
        monkeypatch.delenv(name, raising=False)
    text = (DOCS / "how-to" / "run_a_program.md").read_text(encoding="utf-8")
    assert "`mentorkit demo sheets .`" in text
    main(["demo", "sheets", "."], standalone_mode=False)
    text, _, about_postgresql = text.partition("## On PostgreSQL")
    lines = [line for kind, body in blocks(text) if kind == "console" for line in body.splitlines()]
    assert len(lines) > 20
    for line in lines:
        assert line.startswith("$ mentorkit ")
        main(shlex.split(line)[2:], standalone_mode=False)
    told = capsys.readouterr().out
    assert "Ended " in told
    assert "1 relationship began" in told.rpartition("Proposed that E00002 and M00001")[2]
    assert "mentorkit --db postgresql://" in about_postgresql  # run in tests/cli/test_upkeep.py


def test_the_plugin_grows_from_the_readme_to_the_template() -> None:
    """The template is the README's plugin, line for line, with a manifest more."""
    written = (DOCS / "examples" / "villages" / "villages.py").read_text("utf-8").splitlines()
    module = ROOT / "contrib" / "_template" / "mentorkit_villages" / "__init__.py"
    package = iter(module.read_text("utf-8").splitlines())
    wanted = [line.replace("import hookimpl", "import Manifest, hookimpl") for line in written]
    assert [line for line in wanted if line not in package] == []


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
