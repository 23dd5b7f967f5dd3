"""Pair two spreadsheets: `pair`, which needs no database and no set-up."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mentorkit.commands.failures import leave_if_wrong
from mentorkit.commands.files import as_text, read_bytes, unwritable, write_files
from mentorkit.commands.judging import judged_too, say_judged, two, wrong_asks
from mentorkit.commands.outcomes import (
    first_pairs,
    judged,
    leading_alone,
    left_out,
    overriding,
    paired,
)
from mentorkit.commands.output import (
    Progress,
    ReaderGone,
    example,
    json_option,
    note,
    plural,
    print_json,
    say,
    stop_printing,
)
from mentorkit.commands.plans import TURN, Plan, SheetContext, kinds, read_sheets, source_of
from mentorkit.commands.selection import bad_rows, first_of, plugin_named, tell_problems
from mentorkit.commands.whole import Whole
from mentorkit.domain.fields import FEATURE, Field, parse_fields
from mentorkit.domain.presets import what_is_wrong
from mentorkit.domain.reading import where_given
from mentorkit.domain.relationships import Reason
from mentorkit.domain.strategies import parse_strategy
from mentorkit.errors import Invalid, PluginError, Problem

if TYPE_CHECKING:
    from mentorkit.hooks.providers import Sheet
    from mentorkit.hooks.registry import Registry

PLUGINS = ("matching", "csv")
"""What pairing two sheets needs; the other plugins have tables, and load SQLAlchemy."""

NOTHING_COMPARED = (
    "\nNo criterion found anything to compare, so any other pairs would be as good. Perhaps nobody"
    " answered what the criteria read, or the answers stand in columns that feed nothing: map them"
    " under [columns]."
)
"""What is said where nothing speaks for any pair."""

LONG, LONG_PLAIN = 1_000_000_000, 50_000_000
"""From so many possible pairs on it is said beforehand that they take long: compiled, and not."""
LONG_ASSIGNING = 20
"""The same of an assigner that says that it takes so many seconds."""
LONG_ONE_BY_ONE = 500_000
"""The same where a plugin's Python is asked about so many pairs, one at a time."""


class AllMissing(click.Command):
    """A command that names every required option that is missing, not the first alone."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = {one.partition("=")[0] for one in args}
        try:
            return super().parse_args(ctx, args)
        except click.MissingParameter:
            required = [one.opts[0] for one in self.params if one.required]
            missing = [option for option in required if option not in given]
            if len(missing) < 2:
                raise
            raise click.UsageError(f"Missing options: {', '.join(missing)}.", ctx) from None


@click.command(
    cls=AllMissing,
    epilog=example(
        "mentorkit pair --mentors mentors.csv --mentees mentees.csv \\",
        "    --strategy strategy.toml --out pairs.csv --unmatched unmatched.csv",
    ),
)
@click.option(
    "--mentors", type=click.Path(path_type=Path), required=True, help="The mentors, a row each."
)
@click.option(
    "--mentees", type=click.Path(path_type=Path), required=True, help="The mentees, a row each."
)
@click.option(
    "--strategy",
    "strategy_file",
    type=click.Path(path_type=Path),
    required=True,
    help="How to match (TOML): columns, fields, rules, weighted criteria.",
)
@click.option("--out", type=click.Path(path_type=Path), help="Where the pairs go (.csv or .xlsx).")
@click.option(
    "--unmatched",
    type=click.Path(path_type=Path),
    help="Where those left over go, each with the reason and what would help.",
)
@click.option(
    "--plugin",
    "plugins",
    multiple=True,
    metavar="FILE.py|NAME",
    help="A plugin to use: a Python file, or the name of an installed one; may be repeated.",
)
@click.option(
    "--objective",
    type=click.Choice(["coverage", "score"]),
    help="coverage pairs most people, score makes the best total; else the strategy's.",
)
@click.option(
    "--seed",
    type=Whole(),
    default=0,
    show_default=True,
    help="Where a plugin's assigner draws lots: one number gives the same pairs again.",
)
@click.option(
    "--by",
    multiple=True,
    metavar="FIELD",
    help="Show how each group of people came out, by this field; may be repeated.",
)
@click.option(
    "--why",
    multiple=True,
    metavar="MENTEE=MENTOR",
    help="Say why these two are no pair, or are one; may be repeated.",
)
@click.option(
    "--lock",
    "locks",
    multiple=True,
    metavar="MENTEE=MENTOR",
    help="Hold these two together, whatever a rule says; may be repeated.",
)
@json_option
def pair(
    mentors: Path,
    mentees: Path,
    strategy_file: Path,
    out: Path | None,
    unmatched: Path | None,
    plugins: Sequence[str],
    objective: str | None,
    seed: int,
    by: Sequence[str],
    why: Sequence[str],
    locks: Sequence[str],
    as_json: bool,
) -> None:
    """Pair two spreadsheets; needs no database.

    Everybody left over is listed with the reason and what would help. Rows that are wrong are
    listed and the others paired; the exit code is 2 then.
    """
    plan = Plan()
    _check_places(plan, out, unmatched, inputs=(mentors, mentees, strategy_file))
    registry = _registry(plan, plugins)
    _read_strategy(plan, strategy_file, objective)
    _find_fields(plan, registry)
    read_sheets(plan, registry, {"mentee": mentees, "mentor": mentors})
    _check_names(plan, registry, strategy_file)
    _check_suffixes(plan, registry, out, unmatched)
    _check_people(plan, {"mentee": mentees, "mentor": mentors})
    keys = {role: {lead.key for lead in one.leads} for role, one in plan.batches.items()}
    plan.problems += wrong_asks(by, {"--why": why, "--lock": locks}, plan.fields, keys)
    plan.check()
    assert plan.data is not None
    from mentorkit import matching

    _announce(plan, registry)
    with Progress() as progress:
        result, pool = matching.pair_leads(
            plan.batches["mentee"].leads,
            plan.batches["mentor"].leads,
            plan.data,
            registry,
            locks=[two(typed) for typed in locks],
            seed=seed,
            progress=progress,
            context=lambda name: SheetContext(plugin=registry.owner("features", name)),
        )
    pairs, left = matching.pairs_sheet(result, pool), matching.unmatched_sheet(result, pool)
    written = _write(registry, {out: pairs, unmatched: left})
    notes, wrong, skipped = _wrong_rows(plan, {"mentee": mentees, "mentor": mentors})
    if mentors.resolve() == mentees.resolve():
        told = "is the file of --mentors as well, so everybody in it is a mentee and a mentor"
        notes.append(Problem(f"--mentees {mentees}", told))
    files = {"mentees": mentees.name, "mentors": mentors.name}
    notes += [Problem(files.get(one.place, one.place), one.message) for one in result.notes]
    summary = matching.summary(result)
    bound = matching.bind(plan.strategy, registry, pool.fields)
    found_too = judged_too(result, pool, bound, by, why)
    try:
        if as_json:
            found = {"skipped": skipped, "problems": wrong, "notes": notes, "files": written}
            print_json({**summary, **found_too, **found})
        else:
            _say(plan, summary, pairs, left)
            say_judged(summary, found_too, pool.fields)
            _say_places(pairs, written)
    except ReaderGone:  # what is wrong is told all the same
        stop_printing()
    tell_problems(notes, "Please note:")
    tell_problems(wrong, f"{plural(skipped, 'row')} left out for what is wrong there:")
    leave_if_wrong(skipped)


def _say_places(pairs: Sheet, written: Sequence[str]) -> None:
    """Say what the pairs' file holds, and where it is."""
    from mentorkit.matching import words

    nothing = words(Reason(code="nothing_speaks"))
    if pairs.rows and all(row[3] == nothing for row in pairs.rows):
        say(NOTHING_COMPARED)
    for place in written:
        say(f"Wrote {place}.")
    if written and pairs.rows:
        score = pairs.rows[0][2]
        say(f"A score in the sheet is out of 10,000: {score} there is {score / 100:.0f} of 100.")


def _announce(plan: Plan, registry: Registry) -> None:
    """Say beforehand of a run that will take long."""
    from mentorkit.hooks.calls import called
    from mentorkit.matching import kernels
    from mentorkit.matching.reranked import PAIR_BUDGET, asked_of

    mentees, mentors = (len(plan.batches[role].leads) for role in ("mentee", "mentor"))
    pairs = mentees * mentors
    compiled = pairs < LONG_PLAIN or kernels.loaded("scan") is not None
    refused = not compiled and pairs > kernels.PLAIN_CELLS  # which says itself what it would take
    if pairs >= (LONG if compiled else LONG_PLAIN) and not refused:
        helps = "" if compiled else kernels.hint(pairs).partition("; ")[2]
        told = f"{mentees:,} mentees and {mentors:,} mentors: this will take minutes"
        note(f"{told}; {helps}." if helps else f"{told}.")
    if kernels.worth(pairs) and not kernels.are_kept():
        note("What looks at so many pairs is compiled first, once: this takes about a minute.")
    assigner = registry.assigners[plan.strategy.assigner]
    label = f"assigner {assigner.name}"
    seconds = called(label, "seconds", lambda: float(assigner.seconds(mentees, mentors)))
    if seconds >= LONG_ASSIGNING:
        minutes = max(1, round(seconds / 60))
        time = "a minute" if minutes == 1 else f"{minutes:,} minutes"
        note(f"{mentees:,} mentees and {mentors:,} mentors: {label} takes about {time}.")
    asked = min(pairs, mentees * asked_of(mentees)) if pairs > PAIR_BUDGET else pairs
    if asked >= LONG_ONE_BY_ONE:
        for label in dict.fromkeys(plan.one_by_one):
            told = f"{asked:,} pairs, one by one"
            note(f"{label} is asked about up to {told}: this may take a while.")


# ------------------------------------------------------------------ reading what was given


def _check_places(
    plan: Plan, out: Path | None, unmatched: Path | None, *, inputs: Sequence[Path]
) -> None:
    """Note what is wrong with the places to write to."""
    places = {"--out": out, "--unmatched": unmatched}
    for option, path in places.items():
        if path is None:
            continue
        if problem := unwritable(path):
            plan.problems.append(problem)
        elif path.resolve() in {one.resolve() for one in inputs}:
            plan.problems.append(
                Problem(f"{option} {path}", "is one of the files to read; name another")
            )
    if out is not None and unmatched is not None and out.resolve() == unmatched.resolve():
        plan.problems.append(Problem(f"--unmatched {unmatched}", "is the file of --out as well"))


def _registry(plan: Plan, plugins: Sequence[str]) -> Registry:
    """Return the plugins that pairing needs and those that were named, as far as they load."""
    from mentorkit.hooks.registry import Registry

    listed: list[str | Path] = [*PLUGINS]
    for name in plugins:
        one = plugin_named(name)
        if isinstance(one, Problem):
            plan.problems.append(one)
            plan.absent = True
        elif one not in listed:
            listed.append(one)
    try:
        return Registry.load(listed)
    except PluginError as error:
        plan.broken = error
        loaded = Registry.load(listed, lenient=True)
        files = [one for one in listed if isinstance(one, Path) and one.stem not in loaded.plugins]
        plan.torn = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
        return loaded


def _read_strategy(plan: Plan, path: Path, objective: str | None) -> None:
    """Read the strategy's file into the plan."""
    body = read_bytes(path)
    text = body if isinstance(body, Problem) else as_text(body, path)
    if isinstance(text, Problem):
        plan.problems.append(text)
        return
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        told = f"is not TOML: {what_is_wrong(error, text)}"
        plan.problems.append(Problem(str(path), told))
        return
    if objective:
        data["objective"] = objective
    plan.data = data
    plan.fields, problems = parse_fields(data.get("fields", {}))
    plan.strategy, found = parse_strategy(data)
    plan.misread = [one.place for one in found]
    problems = [*problems, *found]
    columns = data.get("columns", {})
    if not isinstance(columns, Mapping):
        problems.append(Problem("columns", 'write a table, such as "first name" = "given_name"'))
        columns = {}
    for column, name in columns.items():
        if isinstance(name, str) and name.strip():
            plan.columns[str(column)] = name.strip()
        else:
            problems.append(Problem(f"columns.{column}", "write the name of the field it feeds"))
    plan.problems += [_in_file(plan, path, problem) for problem in problems]


def _find_fields(plan: Plan, registry: Registry) -> None:
    """Note which fields the sheets are read for."""
    from mentorkit.matching.binding import fields_read

    plan.read = dict(plan.fields)
    for name in fields_read(plan.strategy, registry, plan.fields):
        if not name.startswith(FEATURE):
            plan.read.setdefault(name, Field(id=name))


def _in_file(plan: Plan, path: Path, problem: Problem) -> Problem:
    """Return a problem with its file, and with the rule or criterion in words: places count from 0.

    ``strategy.toml, rules[1].field (rule 2, differs)``
    """
    place = f"{path.name}, {problem.place}"
    found = re.match(r"(rules|criteria)\[(\d+)\]", problem.place)
    blocks = (plan.data or {}).get(found[1]) if found else None
    if found and isinstance(blocks, list) and int(found[2]) < len(blocks):
        noun = {"rules": "rule", "criteria": "criterion"}[found[1]]
        block = blocks[int(found[2])]
        name = block.get(noun) if isinstance(block, Mapping) else None
        place += f" ({noun} {int(found[2]) + 1}{f', {name}' if isinstance(name, str) else ''})"
    return Problem(place, problem.message)


def _check_names(plan: Plan, registry: Registry, path: Path) -> None:
    """Note every rule, criterion, assigner, option and field that is not as it should be."""
    if plan.data is None:
        return
    from mentorkit.matching import bind
    from mentorkit.matching.binding import of_broken_fields

    read = (name for one in plan.batches.values() for lead in one.leads for name in lead.profile)
    known: dict[str, None] | None = dict.fromkeys((*plan.columns.values(), *read))
    if not plan.columns and sum(bool(batch.leads) for batch in plan.batches.values()) < 2:
        # A sheet that could not be read may well hold the column that is missing here.
        known = None
    plan.problems += [_in_file(plan, path, one) for one in _slips(plan, registry)]
    said = {problem.place for problem in plan.problems}
    try:
        bound = bind(plan.strategy, registry, plan.fields, known=known)
        asked = [one.label for one in bound.rules if one.level == "allows"]
        plan.one_by_one = asked + [one.label for one in bound.criteria if one.level == "score"]
    except Invalid as error:
        given = plan.data.get("fields")
        broken = set(given if isinstance(given, Mapping) else ()) - set(plan.fields)
        problems = [where_given(one, plan.misread) for one in error.problems]
        problems = of_broken_fields(problems, broken)
        told = (_offered_elsewhere(registry, one) for one in problems)
        found = [_in_file(plan, path, one) for each in told for one in _unless_lost(plan, each)]
        found += _near_columns(plan, problems)
        # What is wrong with the shape of an entry is not told a second time.
        plan.problems += [problem for problem in found if problem.place not in said]
    except PluginError as error:
        earlier = plan.broken or error
        both = dict.fromkeys((*earlier.problems, *error.problems))
        plan.broken = PluginError(earlier.code, earlier.message, both)


_UNKNOWN = re.compile(r"there is no (criterion|rule|assigner) '([^']+)'")


def _unless_lost(plan: Plan, problem: Problem) -> list[Problem]:
    """Return the problem, but where it is a name that a plugin which cannot be loaded offers.

    Whether one does is not known for sure unless it stands in its file.
    """
    found = _UNKNOWN.match(problem.message)
    if found is None or (plan.broken is None and not plan.absent):
        return [problem]
    if _stands_in(plan.torn, found[2]):
        return []
    told = "; or the plugin that offers it is one of those that cannot be loaded"
    return [Problem(problem.place, problem.message + told)]


def _stands_in(text: str, name: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


def _offered_elsewhere(registry: Registry, problem: Problem) -> Problem:
    """Return the problem with the installed plugin that offers what is missing, if one does."""
    from mentorkit.hooks.registry import Registry

    found = _UNKNOWN.match(problem.message)
    if found is None:
        return problem
    kind = {"criterion": "criteria", "rule": "rules", "assigner": "assigners"}[found[1]]
    installed = {point.name for point in metadata.entry_points(group="mentorkit")}
    wider = Registry.load([*PLUGINS, *sorted(installed - set(registry.plugins))], lenient=True)
    if found[2] not in getattr(wider, kind):
        return problem
    plugin = wider.owner(kind, found[2]).name
    told = f"the installed plugin {plugin} offers {found[2]!r}; add --plugin {plugin}"
    return Problem(problem.place, told)


def _near_columns(plan: Plan, problems: Sequence[Problem]) -> list[Problem]:
    """Return what the sheets have that may be meant by a field that is missing."""
    missing = [one.message for one in problems if one.message.startswith("there is no field ")]
    notes = [note for batch in plan.batches.values() for note in batch.problems]
    wanted = {
        name for name in plan.read if any(one.split(";")[0].endswith(repr(name)) for one in missing)
    }
    starts = tuple(f"has no column for {name}; if" for name in wanted)
    return [note for note in notes if note.message.startswith(starts)]


def _slips(plan: Plan, registry: Registry) -> list[Problem]:
    """Return which columns feed nothing that is known, by what looks like a slip of the hand."""
    from mentorkit.hooks.targets import wrong_targets

    sources = registry.recruitment_sources.values()
    targets = {*plan.fields, *(target for source in sources for target in source.targets)}
    for offers, uses in (
        (registry.rules, plan.strategy.rules),
        (registry.criteria, plan.strategy.criteria),
    ):
        for use in uses:
            targets.update(str(option) for option in use.options.values())
            targets.update(offers[use.name].needs if use.name in offers else ())
    turned = {
        one.place.partition(", column ")[2] for one in plan.problems if TURN in one.message
    } | {title for title, to in plan.columns.items() if title.casefold() == to.casefold()}
    meant = {title: to for title, to in plan.columns.items() if title not in turned}
    meant = {t: to for t, to in meant.items() if not _stands_in(plan.torn, to)}
    return wrong_targets(meant, sorted(targets), sure=False)


def _check_suffixes(
    plan: Plan, registry: Registry, out: Path | None, unmatched: Path | None
) -> None:
    for option, path in (("--out", out), ("--unmatched", unmatched)):
        if path is not None and source_of(registry, path) is None:
            plan.problems.append(Problem(f"{option} {path}", kinds(registry)))


def _check_people(plan: Plan, paths: Mapping[str, Path]) -> None:
    """Note the sheets that hold nobody who can be paired, and bad rows where anything is wrong."""
    for role, batch in plan.batches.items():
        if batch.leads:
            continue
        _, rows = bad_rows(batch.problems, paths[role].name)
        if not rows:
            told = f"holds no {role}; write one row for each below the header"
        else:
            told = f"has no row that can be used; mend what is wrong with its {plural(rows, 'row')}"
        plan.problems.append(Problem(paths[role].name, told))
    for role, batch in plan.batches.items() if plan.problems else ():
        name = paths[role].name
        found = [one for one in batch.problems if one.place != name or not batch.leads]
        plan.problems += first_of(found, name)


# ------------------------------------------------------------------ telling what came out


def _write(registry: Registry, sheets: Mapping[Path | None, Sheet]) -> list[str]:
    """Write the sheets that have a place to go to, all or none; return their paths."""
    contents: dict[Path, bytes] = {}
    for path, sheet in sheets.items():
        if path is not None and (name := source_of(registry, path)):
            source = registry.recruitment_sources[name]
            contents[path] = source.write(sheet, suffix=path.suffix.casefold())
    write_files(contents)
    return [str(path) for path in contents]


def _wrong_rows(plan: Plan, paths: Mapping[str, Path]) -> tuple[list[Problem], list[Problem], int]:
    """Return notes about the sheets, what is wrong with rows, and how many were left out."""
    notes: list[Problem] = []
    wrong: list[Problem] = []
    skipped = 0
    for role, path in paths.items():
        problems = plan.batches[role].problems
        about_file, rows = bad_rows(problems, path.name)
        notes += about_file
        others = [
            lead.place for lead in plan.batches[role].leads if lead.role not in (role, "both")
        ]
        if others:
            told = f"{plural(len(others), 'row')} (first: {others[0]}) named another role; used as"
            notes.append(Problem(path.name, f"{told} {role} here, for --{role}s names this sheet"))
        wrong += [problem for problem in problems if problem not in about_file]
        skipped += rows
    return notes, wrong, skipped


def _say(plan: Plan, summary: Mapping[str, Any], pairs: Sheet, left: Sheet) -> None:
    """Tell a person how it went: how many, how good, the first pairs, who is left and why.

    Two sheets may use one key for two people. Behind a name that several people have stands the
    key.
    """
    names = {
        (role, lead.key): lead.name for role, one in plan.batches.items() for lead in one.leads
    }
    held = Counter(names.values())

    def called(role: str, key: str) -> str:
        name = names.get((role, key)) or key
        return f"{name} ({key})" if held[name] > 1 else name

    say(paired(summary))
    if told_of := overriding(summary):
        say(told_of)
    if pairs.rows:
        say(judged(summary))
        if summary["circles"]["alone"]:
            leads = dict.fromkeys(one for _, one, *_, second in pairs.rows if not second)
            say(leading_alone([called("mentor", one) for one in leads]))
        say("\nThe first pairs:")
        first = [
            (called("mentee", a), called("mentor", b), score, why)
            for a, b, score, why, *_ in pairs.rows
        ]
        say("\n".join(first_pairs(first)))
    told: set[str] = set()
    for side in ("mentee", "mentor"):
        people = [
            (called(side, who), reason, helps)
            for where, who, reason, helps in left.rows
            if where == side and who not in told
        ]
        told |= {who for where, who, *_ in left.rows if summary["peers"]}
        if people:
            say("\n" + "\n".join(left_out(side, people)))
    say()
