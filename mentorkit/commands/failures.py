"""Turn what went wrong into a message for a person and an exit code for a script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, Any

import click

from mentorkit.errors import (
    Cancelled,
    Conflict,
    Invalid,
    MentorKitError,
    NotAllowed,
    NotFound,
    PluginError,
    SettingsError,
)

UNEXPECTED, WRONG_INPUT, NOT_FOUND, NOT_ALLOWED, CONFLICT, PLUGIN, STOPPED = 1, 2, 3, 4, 5, 6, 130

_CODES: tuple[tuple[type[MentorKitError], int], ...] = (
    (Invalid, WRONG_INPUT),
    (SettingsError, WRONG_INPUT),
    (NotFound, NOT_FOUND),
    (NotAllowed, NOT_ALLOWED),
    (Conflict, CONFLICT),
    (PluginError, PLUGIN),
    (Cancelled, STOPPED),
)

HINTS = {
    "program.not_found": "List them with `mentorkit program show`.",
    "program.staff_only": "They do it with `mentorkit staff add`.",
    "participant.left": "`mentorkit participant readmit` takes them back in.",
    "participant.declined": "`mentorkit participant approve` does it.",
    "participant.other_role": "`mentorkit participant correct` does it.",
    "safeguard.not_active": "Whoever is paused comes back with `mentorkit participant resume`.",
}
"""The command that helps, by the code of an error whose own words are told on pages as well."""


class Failure(click.ClickException):
    """A message for stderr and the exit code that goes with it."""

    def __init__(self, message: str, code: int = UNEXPECTED) -> None:
        super().__init__(message)
        vars(self)["exit_code"] = code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message to stderr, each line without characters a terminal would obey."""
        from mentorkit.commands.output import clean

        for line in self.format_message().splitlines():
            click.echo(clean(line), file=file, err=file is None)


def failure(error: MentorKitError, behind: Sequence[str] = ()) -> Failure:
    """Return what to print and how to exit for an error that mentorkit raised.

    `behind` is how the database differs from what the code expects, which explains an error of
    the store better than its own words.
    """
    if behind:
        listed = "".join(f"\n  - {problem}" for problem in behind)
        return Failure(f"Error: the database is not what the code expects:{listed}", CONFLICT)
    hint = HINTS.get(error.code, "")
    return Failure(f"Error: {error}{hint and ' '}{hint}", exit_code(error))


def exit_code(error: MentorKitError) -> int:
    """Return the exit code of an error: 2 wrong input, 3 not found, 4 not allowed, ..."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), UNEXPECTED)


def leave_if_wrong(left_out: int, *, kept: int = 1) -> None:
    """Leave as for wrong input if rows of a file were left out for what is wrong, or none is kept.

    Said last: what was kept is written and told by then. A row that stands already is kept.
    """
    if left_out or not kept:
        raise SystemExit(WRONG_INPUT)


def unexpected(error: Exception) -> Failure:
    """Return what to print for an error that nobody foresaw."""
    text = " ".join(str(error).split())
    what = type(error).__name__ + (f": {text}" if text else "")
    return Failure(
        f"Error: something unexpected went wrong ({what}).\n"
        "Run it again as `mentorkit --debug ...` to see where, and please report it."
    )
