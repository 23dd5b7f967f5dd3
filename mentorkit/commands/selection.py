"""Which things a command is about: named one by one, listed in a file, or all it applies to."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from mentorkit.commands.failures import CONFLICT, NOT_FOUND, Failure, exit_code
from mentorkit.commands.following import say_next
from mentorkit.commands.output import (
    Progress,
    clean,
    note,
    plural,
    print_json,
    say,
    shorten,
)
from mentorkit.commands.session import Session
from mentorkit.domain.people import Actor, Means
from mentorkit.errors import (
    Conflict,
    Invalid,
    MentorKitError,
    NotAllowed,
    NotFound,
    Problem,
    by_row,
)

F = TypeVar("F", bound=Callable[..., Any])
MOST_SHOWN = 10
"""How many problems or names are shown before the rest is only counted."""
MOST_LETTERS = 40
"""How much is shown of a name that names nothing: a wrong file may hold anything."""
_ID = re.compile(r"[0-9a-f-]{32,36}")


def selecting(what: str) -> Callable[[F], F]:
    """Add the ways to say which ones: arguments, ``--file`` and ``--all``."""

    def add(function: F) -> F:
        for option in (
            click.option("--all", "every", is_flag=True, help="All that this can be done to now."),
            click.option(
                "--file",
                "listed",
                type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
                help="A file that names one a line; - reads what is piped in.",
            ),
            click.argument("which", metavar=f"[{what}]...", nargs=-1),
        ):
            function = option(function)
        return function

    return add


program_option = click.option(
    "--program",
    metavar="KEY",
    help="Which program; not needed where there is only one.",
)
means_option = click.option(
    "--means",
    type=click.Choice(get_args(Means)),
    default="self",
    help="How the person's wish reached you, for the record: phone, paper, visit, ...",
)


def acting(session: Session, means: str) -> Actor:
    """Return the actor, with how the subject's wish reached them."""
    return replace(session.actor, means=means)  # type: ignore[arg-type]


def the_program(
    session: Session, wanted: str | None, *, takes_part: bool = False, about: Iterable[str] = ()
) -> str:
    """Return the program meant: the one named, or that of the ids, or the only one there is.

    With `takes_part` those count for a person in which they take part, if they run none. `about`
    is what was named in it: where all of that are ids of one program, it is that one.
    """
    if wanted:
        return wanted
    from mentorkit.journey import programs

    found = programs.show(session.kit, **session.scope)
    if about := list(about):
        there = [*found, *(_joined(session) if takes_part else ())]
        meant = _programs_of(session, about) & {str(one["key"]) for one in there}
        if len(meant) == 1:
            return meant.pop()
    if takes_part and not found:
        found = _joined(session)
    if len(found) == 1:
        return str(found[0]["key"])
    if not found and session.person is not None:
        raise NotAllowed("program.staff_only", no_program(session))
    if not found:
        raise NotFound("program.none", no_program(session))
    keys = ", ".join(str(one["key"]) for one in found)
    raise Invalid(
        "program.which",
        "There are several programs.",
        [Problem("--program", f"say which one: {keys}")],
    )


def _programs_of(session: Session, names: Sequence[str]) -> set[str]:
    """Return the keys of the programs to which these ids belong; none if one of them is no id."""
    if not all(_ID.fullmatch(name) for name in names):
        return set()
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        kept: tuple[Any, ...] = (tx.participants, tx.proposals, tx.relationships)
        found = {one.program_id for noun in kept for one in noun.get_many(names).values()}
        return {one.key for one in tx.programs.get_many(found).values()}


def _joined(session: Session) -> list[dict[str, Any]]:
    """Return the programs in which whoever is acting takes part."""
    if session.actor.person_id is None:
        return []
    with session.kit.transaction(tenant=session.tenant, write=False) as tx:
        mine = tx.participants.find(person_id=session.actor.person_id)
        joined = tx.programs.get_many(one.program_id for one in mine)
        return [{"key": program.key} for program in joined.values()]


def no_program(session: Session) -> str:
    """Say that there is no program to work in, and what to do, to an operator or to a person."""
    if session.person is None:
        return (
            f"There is no program in tenant {session.tenant!r}. Make one with"
            " `mentorkit program create --preset high_touch --key KEY`."
        )
    who = clean(session.person)
    return (
        f"{who} runs no program in tenant {session.tenant!r}, and only who runs one sees its lists."
        f" A participant sees what is theirs with `mentorkit --as {who} relationship list`."
        " Who is to run a program is appointed with `mentorkit staff add`."
    )


def plugin_named(name: str) -> Path | str | Problem:
    """Return the Python file or the installed plugin that ``--plugin`` names, or what is wrong."""
    path, place = Path(name), f"--plugin {name}"
    if path.is_dir():
        within = sorted(path.glob("*.py")) + sorted(path.glob("mentorkit_*/__init__.py"))
        meant = f", such as {within[0]}" if within else ""
        return Problem(place, f"is a folder; name a Python file in it{meant}")
    if name.endswith(".py"):
        return path if path.is_file() else Problem(place, "there is no such file")
    if path.is_file():
        return Problem(place, "is no Python file; its name must end in .py")
    installed = {point.name for point in metadata.entry_points(group="mentorkit")}
    if name in installed:
        return name
    near = get_close_matches(name, sorted(installed), n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    there = ", ".join(sorted(installed)) or "none"
    return Problem(
        place,
        f"no such plugin is installed; {meant}installed are: {there}. A file is named with its .py",
    )


def chosen(which: Sequence[str], listed: Path | None, every: bool) -> dict[str, str] | None:
    """Return what was named, in order, with the line of the file that names it; None for all.

    Raises a usage error unless exactly one way of naming was used.
    """
    if sum((bool(which), listed is not None, every)) != 1:
        raise click.UsageError("Say which ones: name them, or give --file FILE, or --all.")
    if every:
        return None
    if listed is None:
        return dict.fromkeys(which, "")
    names = _lines(listed)
    if not names:
        raise Invalid(
            "selection.empty", "Nothing was named.", [Problem(str(listed), "has no line")]
        )
    return names


def _lines(listed: Path) -> dict[str, str]:
    """Return what stands in a file, each with the place where it first does."""
    try:
        piped = str(listed) == "-"
        text = sys.stdin.read() if piped else listed.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problem = "there is no such file"
    except UnicodeDecodeError:
        problem = "is not UTF-8 text; save it as UTF-8, one name a line"
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    else:
        found: dict[str, str] = {}
        for number, line in enumerate(text.splitlines(), 1):
            if (name := line.strip()) and not name.startswith("#"):
                found.setdefault(name, f"{'the input' if piped else listed}, line {number}")
        return found
    raise Invalid("selection.file", "The file cannot be used:", [Problem(str(listed), problem)])


def ids_of(
    names: Mapping[str, str] | None,
    list_them: Callable[[], Sequence[Mapping[str, Any]]],
    *,
    noun: str,
    states: Collection[str],
    called: Callable[[Mapping[str, Any]], Collection[str]],
    fits: Callable[[Mapping[str, Any]], bool] = lambda row: True,
    staff_only: bool = False,
) -> dict[str, str]:
    """Return ``{id: what it was called}`` for the names, or for all in one of `states`.

    `called` gives the names by which a row may be called besides its id. Only what is listed is
    found: for whoever may not list that is nothing; with `staff_only` they are refused. Raises
    `Invalid` for what can name no pair, `NotFound` for other names.
    """
    if names and noun != "participant":
        _check_pairs(names)
    try:
        rows = list_them()
    except NotAllowed as error:
        if names is None or staff_only or error.code != "program.staff_only":
            raise
        rows = []
    if names is None:
        return {
            str(row["id"]): next(iter(called(row)), str(row["id"]))
            for row in rows
            if row["state"] in states and fits(row)
        }
    known: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        for name in {str(row["id"]), *called(row)}:
            known.setdefault(name, []).append(row)
    found: dict[str, str] = {}
    missing: list[str] = []
    for name in names:
        rows = known.get(name, [])
        # The same two may have met before: what this can be done to now is what is meant.
        rows = [row for row in rows if row["state"] in states] or rows[-1:]
        if not rows:
            missing.append(name)
        for row in rows[:1]:
            found[str(row["id"])] = name
    if missing:
        raise NotFound(f"{noun}.not_found", _not_found({one: names[one] for one in missing}, noun))
    return found


def addresses(
    session: Session, participants: Collection[str], names: Collection[str], keys: Collection[str]
) -> dict[str, list[str]]:
    """Return, by participant id, the typed e-mail addresses that are theirs and nobody's key.

    Raises `Conflict` where several of these participants share an address.
    """
    typed = {part.strip() for name in names for part in name.split("=") if "@" in part}
    owners: dict[str, list[str]] = {}
    if typed := typed - {*keys}:
        with session.kit.transaction(tenant=session.tenant, write=False) as tx:
            people = {
                one.person_id: one.id for one in tx.participants.get_many(participants).values()
            }
            reached: dict[str, set[str]] = {}
            for contact in tx.contacts.find(kind="email", person_id=list(people)):
                reached.setdefault(contact.value.casefold(), set()).add(people[contact.person_id])
        for name in sorted(typed):
            found = reached.get(name.casefold(), set())
            if len(found) > 1:
                told = f"{len(found)} people here share the address {_short(name)}"
                raise Conflict("person.several", f"{told}; give their key or id instead.")
            for one in found:
                owners.setdefault(one, []).append(name)
    return owners


def _check_pairs(names: Mapping[str, str]) -> None:
    """Raise `Invalid` for names that are neither of the two ways to name a pair."""
    told = "is neither MENTEE=MENTOR nor an id"
    wrong = [
        Problem(place, told) if place else Problem(_short(name), told)
        for name, place in names.items()
        if "=" not in name and not _ID.fullmatch(name)
    ]
    if wrong:
        raise Invalid("selection.invalid", "Nothing was changed:", _first(wrong))


def _first(problems: Sequence[Problem]) -> list[Problem]:
    """Return the first few problems, and how many more there are."""
    more = len(problems) - MOST_SHOWN
    return [*problems[:MOST_SHOWN], *([Problem("", f"... and {more:,} more")] if more > 0 else [])]


def _short(name: str) -> str:
    return clean(shorten(name, MOST_LETTERS))


def _not_found(missing: Mapping[str, str], noun: str) -> str:
    """Say which names name nothing here, each with its line if it stands in a file."""
    if any(missing.values()):
        told = [Problem(at, f"there is no {noun} {_short(one)}") for one, at in missing.items()]
        lines = "".join(f"\n  - {problem}" for problem in _first(told))
        return f"Nothing was changed:{lines}"
    names = [_short(one) for one in missing]
    shown = ", ".join(names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")
    return f"There is no {noun} {shown} here. Nothing was changed."


def walk(
    session: Session,
    verb: Callable[..., Any],
    ids: Mapping[str, str],
    *,
    noun: str,
    actor: Actor,
    done: str,
    as_json: bool,
    told: Callable[[Mapping[str, Any]], str] | None = None,
    after: Callable[[Sequence[Mapping[str, Any]]], None] | None = None,
    **values: Any,
) -> None:
    """Do one step for each id and say how it went; what is refused does not stop the rest.

    `done` is what was done, or `told` says it of each; `after` says more of them. Where all are
    refused for one kind of reason, its exit code is ours; some refused among many leave with 5.
    """
    from mentorkit.journey import steps

    scope: dict[str, Any] = {"tenant": session.tenant, "actor": actor}
    reasons: set[int] = set()
    if len(ids) == 1:
        (only,) = ids
        report = {"done": [verb(session.kit, **scope, **{noun: only}, **values)], "refused": []}
    else:

        def step(*given: Any, **named: Any) -> Any:
            try:
                return verb(*given, **named)
            except MentorKitError as error:
                reasons.add(exit_code(error))
                raise

        with Progress(keeps=True) as progress:
            report = steps.many(
                session.kit, step, list(ids), noun=noun, progress=progress, **scope, **values
            )
    refused = [{**one, "name": ids.get(one["id"], one["id"])} for one in report["refused"]]
    if as_json:
        print_json({"done": report["done"], "refused": refused})
    elif not ids:
        say(f"{done} {plural(0, noun)}: there is none for which this is the next step.")
    else:
        _say_done(report["done"], done, noun, told)
        if after:
            after(report["done"])
        if report["done"]:
            say_next(session, _programs_of(session, [*ids]))
    if refused:
        alike = reasons if not report["done"] else reasons & {NOT_FOUND}
        code = reasons.pop() if len(reasons) == 1 and alike else CONFLICT
        raise Failure(_refusals(refused, noun), code)


def _say_done(
    rows: Sequence[Mapping[str, Any]],
    done: str,
    noun: str,
    told: Callable[[Mapping[str, Any]], str] | None,
) -> None:
    """Say what was done; circles that several joined count once, and one that was left goes on."""
    left = sum(
        noun == "relationship" and done == "Ended" and one["state"] != "ended" for one in rows
    )
    if left < len(rows) or not rows:
        each = Counter(map(told, rows)) if told and rows else {done: len(rows) - left}
        for what, count in each.items():
            say(f"{what} {plural(count, noun)}.")
    if left:
        say(f"Left {plural(left, 'circle')}, which {'goes' if left == 1 else 'go'} on.")
    begun = [one["relationship"] for one in rows if one.get("relationship")]
    circles = {one["id"] for one in begun if one["kind"] == "circle"}
    if circles:
        there = "is" if len(circles) == 1 else "are"
        yeses = plural(len(begun), "yes", "yeses")
        say(f"{yeses}; {plural(len(circles), 'circle')} {there} running.")
    elif begun:
        say(f"{plural(len(begun), 'relationship')} began: everybody asked has said yes.")


def _refusals(refused: Sequence[Mapping[str, Any]], noun: str) -> str:
    """Return one line for each reason, with those it was given for."""
    by_message: dict[str, list[str]] = {}
    for one in refused:
        by_message.setdefault(str(one["message"]), []).append(str(one["name"]))
    lines = [f"Refused for {plural(len(refused), noun)}:"]
    for message, names in by_message.items():
        more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
        lines.append(f"  - {', '.join(names[:3])}{more}: {message}".replace("\n", "\n    "))
    return "\n".join(lines)


def tell_problems(problems: Sequence[Problem], heading: str) -> None:
    """Say on stderr what was wrong with some rows, the first of them one by one.

    Several problems of one row stand together under it.
    """
    if not problems:
        return
    lines, left = [heading], len(problems)
    for row, wrong in by_row(problems).items():
        if len(problems) - left >= MOST_SHOWN:
            break
        left -= len(wrong)
        if len(wrong) > 1 and any(one.place for one in wrong):
            lines += [f"  - {row}:", *(f"      {one}" for one in wrong)]
        else:
            lines += [
                f"  - {row}, {one}" if row and one.place else f"  - {Problem(row, str(one))}"
                for one in wrong
            ]
    if left:
        lines.append(f"  ... and {left:,} more; --json lists all.")
    for line in lines:
        note(line)


def bad_rows(problems: Sequence[Problem], filename: str) -> tuple[list[Problem], int]:
    """Return what is only worth knowing about the file, and how many rows were left out."""
    notes = [problem for problem in problems if problem.place == filename]
    return notes, len(by_row(problems).keys() - {filename})


def first_of(problems: Sequence[Problem], filename: str) -> list[Problem]:
    """Return as many problems of a file as are read, and how many more there are."""
    more = len(problems) - MOST_SHOWN
    rest = [Problem(filename, f"has {plural(more, 'more thing')} to mend")] if more > 0 else []
    return [*problems[:MOST_SHOWN], *rest]
