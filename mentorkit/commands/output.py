"""Print what commands found: aligned tables, plain sentences, or JSON, and progress while working.

What people typed into files is shown, never obeyed: control characters are taken out before a
terminal could act on them. Data goes to stdout; progress, notes and errors go to stderr.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, is_dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from mentorkit.domain.frozen import thaw

if TYPE_CHECKING:
    from mentorkit.kit import Kit

_BEFORE = ("kit_name", "db", "tenant", "person")
"""The options before a command's name that the next command needs as well."""
_SECRET = re.compile(r"://([^/?#]*:[^/?#]*@|[^?#]*[?#])", re.DOTALL)
"""A URL that holds a password, or may: what stands behind its name is a driver's own."""
F = TypeVar("F", bound=Callable[..., Any])

_HIDDEN = frozenset(
    "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029"
)
"""Marks that turn the direction of a line around, and separators that break it."""


def clean(text: str) -> str:
    """Return `text` on one line, without characters that a terminal would act on."""
    return text if text.isprintable() else "".join(map(_seen, text))


def _seen(char: str) -> str:
    if char in _HIDDEN:
        return ""
    # Joiners and the like shape the letters of many scripts.
    if char.isprintable() or unicodedata.category(char) == "Cf":
        return char
    return " " if char.isspace() else "\ufffd"


def width(text: str) -> int:
    """Return how many columns of a terminal `text` takes: wide characters two, marks none."""
    if text.isascii():
        return len(text)
    columns = 0
    for char in text:
        if unicodedata.category(char) in ("Mn", "Me", "Cf"):
            continue
        columns += 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1
    return columns


def shorten(text: str, limit: int) -> str:
    """Return `text` in at most `limit` columns, cut with an ellipsis."""
    if width(text) <= limit:
        return text
    kept = ""
    for char in text:
        if width(kept + char) > limit - 1:
            break
        kept += char
    return kept + "…"


def words(value: Any) -> str:
    """Return a cell's text: nothing for None, yes or no, whole numbers with thousands apart."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    if isinstance(value, datetime):
        clock = " UTC" if value.utcoffset() == timedelta() else ""
        return f"{value:%Y-%m-%d %H:%M}{clock}"
    if isinstance(value, Mapping):
        return clean(", ".join(f"{key} {words(item)}" for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return clean(", ".join(words(item) for item in value))
    return clean(str(value))


def table(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], *, room: int | None = None
) -> str:
    """Return the rows under their headings, aligned; numbers to the right.

    `room` is how many columns there are; where that is too few, the widest column is cut. None
    means what the terminal has, or no limit where the output is not a terminal.
    """
    raw = [list(row) for row in rows]
    cells = [[words(value) for value in row] for row in raw]
    numeric = [
        bool(raw) and all(_is_number(row[i]) or row[i] is None for row in raw)
        for i in range(len(headings))
    ]
    widths = [
        max([width(heading), *(width(row[i]) for row in cells)])
        for i, heading in enumerate(headings)
    ]
    room = _room() if room is None else room
    while room and sum(widths) + 2 * (len(widths) - 1) > room and max(widths) > 12:
        widths[widths.index(max(widths))] -= 1
    lines = [list(headings), ["-" * size for size in widths], *cells]
    return "\n".join(
        "  ".join(
            _pad(shorten(cell, size), size, right=right)
            for cell, size, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _pad(text: str, size: int, *, right: bool) -> str:
    gap = " " * (size - width(text))
    return gap + text if right else text + gap


def _room() -> int:
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def plain(value: Any) -> Any:
    """Return `value` ready for JSON: dataclasses, frozen mappings, dates and tuples made plain."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain({key: item for key, item in asdict(value).items() if key != "tenant"})
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in thaw(value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return value


class ReaderGone(Exception):
    """Whoever read our output has enough of it, as in ``| head``."""


def say(text: str = "", *, nl: bool = True) -> None:
    """Print to stdout; raise `ReaderGone` when nobody reads it any more."""
    try:
        click.echo(text, nl=nl)
    except BrokenPipeError:
        raise ReaderGone from None


def stop_printing() -> None:
    """Print to nowhere from now on: whoever read our output has enough, as in ``| head``."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_commands(text: str) -> None:
    """Print what to type next, each command with what was typed before this command's name."""
    say(with_commands(text))


def by_work(kit: Kit, does: str) -> str:
    """Return what does something next: the command, or the worker that the kit has bells for."""
    return f"The product's own worker {does}" if kit.bells else f"Next: `mentorkit work` {does}"


def with_commands(text: str) -> str:
    """Return a text whose commands have what was typed before this command's name.

    A command that says who acts (``--as``) is left with that.
    """

    def typed(found: re.Match[str]) -> str:
        return f"`mentorkit {_typed_before(acting=not found[1])}{found[1]}"

    return re.sub("`mentorkit ((?:--as )?)", typed, text)


def _typed_before(*, acting: bool = True) -> str:
    """Return the options that say which database, whose data and who acts, as they were typed.

    What the environment says counts for the next command as well. A password is never shown.
    """
    context = click.get_current_context(silent=True)
    if context is None:
        return ""
    root, told = context.find_root(), ""
    for one in root.command.params:
        value = root.params.get(one.name or "")
        source = root.get_parameter_source(one.name or "")
        if not acting and one.name == "person":
            continue
        if value and one.name in _BEFORE and source is ParameterSource.COMMANDLINE:
            secret = _SECRET.search(str(value))
            told += f"{one.opts[0]} {'...' if secret else shlex.quote(clean(str(value)))} "
    return told


def print_json(value: Any) -> None:
    """Print `value` as JSON, keys in their own order, every script as it is."""
    say(json.dumps(plain(value), ensure_ascii=False, indent=2, default=str))


def print_table(headings: Sequence[str], rows: Iterable[Sequence[Any]], *, none: str) -> None:
    """Print a table, or the sentence `none` where there are no rows."""
    found = list(rows)
    say(table(headings, found) if found else none)


def note(message: str) -> None:
    """Say something beside the data, on stderr."""
    click.echo(message, err=True)


def plural(count: int, noun: str, many: str | None = None) -> str:
    """Return ``1 mentor``, ``2 mentors``, ``1,200 people``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def counted(*parts: tuple[int, str] | tuple[int, str, str]) -> str:
    """Return the counts that are not zero in one sentence: ``3 new, 1 changed, 2 pairs taken out``.

    A part is a count and a word for it, or the words for one and for many.
    """
    return ", ".join(plural(count, said[0], said[-1]) for count, *said in parts if count)


def example(*lines: str) -> str:
    """Return the lines as the example at the end of a command's help."""
    return "\n".join(["\b", "Example:", *(f"  {line}" for line in lines)])


json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, for programs to read."
)


class Progress:
    """Tell on stderr how far long work is; silent unless stderr is a terminal.

    Nothing is shown for work that ends within half a second. Where work `keeps` what was done
    when it is stopped by Ctrl-C, it is said how far it came.
    """

    def __init__(self, *, keeps: bool = False) -> None:
        self._keeps, self._done, self._total = keeps, 0, 0
        self._shown = 0
        self._next = time.monotonic() + 0.5
        self._what = ""
        self._on = sys.stderr.isatty()

    def step(self, done: int, total: int, what: str = "") -> None:
        """Show that `done` of `total` steps are done; redrawn at most ten times a second.

        A new `what` is drawn at once, for nothing may follow it for long.
        """
        self._done, self._total = done, total
        now = time.monotonic()
        if not self._on or (now < self._next and not (self._shown and what != self._what)):
            return
        self._what = what
        self._next = now + 0.1
        share = f" {100 * done // total:3d} %" if total else f" {done:,}" if done else ""
        line = clean(f"{what or 'working'} ...{share}")
        sys.stderr.write("\r" + line + " " * max(0, self._shown - width(line)))
        sys.stderr.flush()
        self._shown = width(line)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, raised: type[BaseException] | None, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r" + " " * self._shown + "\r")
            sys.stderr.flush()
        if self._keeps and raised is KeyboardInterrupt:
            came = f"{self._done:,} of {self._total:,}"
            note(f"The first {came} were gone through, which stays. Run it again for the rest.")
