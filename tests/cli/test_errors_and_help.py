"""What every command owes: one line of help, an example, exit codes that mean something."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from mentorkit import errors
from mentorkit.cli import main
from mentorkit.commands.failures import exit_code
from mentorkit.commands.session import Session
from mentorkit.errors import Problem

Run = Callable[..., Any]


def every(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from every(inner, (*path, name))


COMMANDS = list(every(main))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_one_line_of_help_and_an_example_that_parses(
    path: tuple[str, ...], run: Run
) -> None:
    told = run(*path, "--help").out
    first = told.split("\n\n")[1].strip()
    assert first.endswith(".")
    _, _, examples = told.partition("Example:\n")
    lines = re.sub(r" \\\n\s+", " ", examples).splitlines()
    assert lines
    assert all(name in lines[0].split() for name in path)
    for line in lines:
        program, *words = shlex.split(line, comments=True)
        assert program == "mentorkit"
        if ">" in words:
            words = words[: words.index(">")]
        if words[0] in ("--db", "--as"):
            words = words[2:]
        command: click.Command = main
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        # Parsing the rest raises a usage error where an option is wrong or missing.
        command.make_context(command.name, words).close()


def test_every_whole_number_is_written_in_digits(run: Run) -> None:
    taken = 0
    for path in COMMANDS:
        command: click.Command = main
        for name in path:
            command = getattr(command, "commands", {})[name]
        for one in command.params:
            if isinstance(one.type, click.types.IntParamType):
                assert one.type.convert(" 12 ", one, None) == 12
                for typed in ("1_0", "1.5", "ten", "\u0661\u0662"):
                    with pytest.raises(click.BadParameter, match="write digits, such as 12"):
                        one.type.convert(typed, one, None)
                taken += 1
    assert taken > 5
    told = run("participant", "capacity", "ben", "1_0", code=2).err
    assert "'1_0' is no whole number; write digits, such as 12." in told


@pytest.mark.parametrize("path", [p for p in COMMANDS if p], ids=" ".join)
def test_a_line_of_help_is_short_enough_to_be_listed_whole(path: tuple[str, ...]) -> None:
    command: click.Command = main
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    assert len(command.get_short_help_str(limit=200)) <= 50


def test_data_is_printed_as_json_by_every_command_that_prints_any() -> None:
    without = set()
    for path in COMMANDS:
        command: click.Command = main
        for name in path:
            command = command.commands[name]  # type: ignore[attr-defined]
        if not isinstance(command, click.Group):
            options = {name for item in command.params for name in item.opts}
            without |= set() if "--json" in options else {" ".join(path)}
    assert without == {"db sql"}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Invalid("x", "m", [Problem("a", "b")]), 2),
        (errors.SettingsError("x", "m"), 2),
        (errors.NotFound("x", "m"), 3),
        (errors.NotAllowed("x", "m"), 4),
        (errors.Conflict("x", "m"), 5),
        (errors.PluginError("x", "m"), 6),
        (errors.MentorKitError("x", "m"), 1),
        (errors.Cancelled(), 130),
    ],
)
def test_each_kind_of_error_has_an_exit_code_and_says_all_it_knows(
    error: errors.MentorKitError, code: int, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Session) -> Any:
        raise error

    monkeypatch.setattr(Session, "registry", property(fail))
    done = run("plugins", code=code)
    assert exit_code(error) == code
    assert done.err == f"Error: {error}\n"
    assert done.out == ""


def test_an_unexpected_error_is_told_without_a_traceback_unless_asked_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Session) -> Any:
        raise ZeroDivisionError("by\nnothing")

    monkeypatch.setattr(Session, "registry", property(fail))
    done = run("plugins", code=1)
    assert "something unexpected went wrong (ZeroDivisionError: by nothing)" in done.err
    assert "--debug" in done.err
    assert "Traceback" not in done.err
    shown = run("--debug", "plugins", code=1)
    assert "Traceback" in shown.err
    assert shown.err.endswith(done.err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "No such command 'nonsense'"),
        (("match", "--sed", "1"), "No such option"),
        (("pair",), "Missing option"),
        (("relationship", "meet", "x"), "--minutes"),
        (("--db", ".", "plugins"), "is a directory"),
    ],
)
def test_a_command_that_is_written_wrong_is_refused_with_2(
    words: tuple[str, ...], said: str, run: Run
) -> None:
    assert said in run(*words, code=2).err


def test_help_writes_nothing(folder: Path, run: Run) -> None:
    run("--help")
    run("match", "--help")
    assert list(folder.iterdir()) == []


def test_help_of_a_plugin_that_runs_by_its_name_alone_lists_its_options(run: Run) -> None:
    told = run("demo", "--help").out
    assert told.partition("Commands:")[2].split()[0] == "sheets", "what runs anyway is not listed"
    assert "demo [OPTIONS] [COMMAND [ARGS]...]" in told
    for option in ("--port", "--folder", "--fresh"):
        assert option in told
    assert "sheets" in told
    assert "--port" not in run("inbox", "--help").out


def test_the_help_of_recruit_says_which_columns_a_file_has(run: Run) -> None:
    told = " ".join(run("recruit", "--help").out.split())
    assert "headings: `ref` (an id of their own), `name`, `email`, `phone` and the fields" in told


def test_help_says_nothing_of_a_range_where_any_number_goes(run: Run) -> None:
    told = run("pair", "--help").out + run("relationship", "meet", "--help").out
    assert "x<=None" not in told
    assert "[default: 0]" in " ".join(told.split())
    assert "1<=x<=3650" in run("relationship", "extend", "--help").out


def test_all_programs_are_shown_by_list_as_well(run: Run) -> None:
    run("db", "upgrade")
    run("program", "create", "--preset", "high_touch", "--key", "traders")
    assert "traders" in run("program", "list").out
    assert run("program", "list").out == run("program", "show").out
