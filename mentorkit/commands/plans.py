"""What `pair` was told, and the two sheets as they are read: `Plan`, `read_sheets`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

from mentorkit.commands.files import read_bytes
from mentorkit.domain.fields import Field
from mentorkit.domain.strategies import Strategy
from mentorkit.errors import Invalid, MentorKitError, PluginError, Problem

if TYPE_CHECKING:
    from mentorkit.hooks.providers import Batch, Inbound, RecruitmentSource
    from mentorkit.hooks.registry import LoadedPlugin, Registry

TURN = "turn the two round"
"""What a source says of a column that is mapped the wrong way round."""


@dataclass(frozen=True, kw_only=True)
class SheetContext:
    """What a source that reads a sheet, or a feature, is given where there is no database."""

    plugin: LoadedPlugin
    tenant: str = "default"
    program: None = None
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    random: Random = field(default_factory=lambda: Random(0))

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings of its plugin: their defaults."""
        return self.plugin.settings

    @property
    def log(self) -> logging.Logger:
        """The logger of its plugin."""
        return self.plugin.log


@dataclass(kw_only=True)
class Plan:
    """Everything that `pair` was told, read; and everything wrong with it, found so far."""

    problems: list[Problem] = field(default_factory=list)
    data: dict[str, Any] | None = None
    """The strategy's file as it stands; None if it cannot be read at all."""
    misread: list[str] = field(default_factory=list)
    """The places in it that are told of already."""
    strategy: Strategy = field(default_factory=Strategy)
    fields: dict[str, Field] = field(default_factory=dict)
    read: dict[str, Field] = field(default_factory=dict)
    """The declared fields, and those besides that a rule or criterion reads, as text."""
    columns: dict[str, str] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    """What the sheets hold, by role."""
    broken: PluginError | None = None
    """What is wrong with the plugins; what they offer is not known then."""
    absent: bool = False
    """Whether a plugin that was named is not there."""
    torn: str = ""
    """The files of plugins that could not be loaded: a name that stands there may be offered."""
    one_by_one: list[str] = field(default_factory=list)
    """The rules and criteria whose Python is asked about one pair at a time."""

    def check(self) -> None:
        """Raise `Invalid` with everything that is wrong, or `PluginError` if plugins are."""
        if self.broken is not None:
            if not self.problems:
                raise self.broken
            raise PluginError(
                self.broken.code,
                "The plugins cannot be loaded, and more is wrong; nothing was written:",
                dict.fromkeys([*self.broken.problems, *self.problems]),
            )
        if self.problems:
            raise Invalid(
                "pair.invalid",
                "These two sheets cannot be paired as things stand; nothing was written:",
                dict.fromkeys(self.problems),
            )


def kinds(registry: Registry) -> str:
    """Return what to say of a file that no source reads and writes."""
    suffixes = [s for source in registry.recruitment_sources.values() for s in source.suffixes]
    return f"name a file that ends in {' or '.join(dict.fromkeys(suffixes))}"


def source_of(registry: Registry, path: Path) -> str | None:
    """Return the name of the source that reads and writes files of this name's ending."""
    suffix = path.suffix.casefold()
    for name, source in registry.recruitment_sources.items():
        if suffix in source.suffixes:
            return name
    return None


def read_sheets(plan: Plan, registry: Registry, paths: Mapping[str, Path]) -> None:
    """Read the sheets, by role; what is wrong with one as a whole goes to the plan.

    A heading that `[columns]` names has to stand in one of them. The other is read without it:
    what it feeds may stand there by its own name.
    """
    from mentorkit.hooks.providers import Inbound

    inbound: dict[str, Inbound] = {}
    for role, path in paths.items():
        body = read_bytes(path)
        if isinstance(body, Problem):
            plan.problems.append(body)
        elif plan.data is not None and source_of(registry, path) is None:
            plan.problems.append(Problem(str(path), kinds(registry)))
        elif plan.data is not None:
            inbound[role] = Inbound(body=body, filename=path.name)
    wrong: dict[str, Invalid] = {}
    for role, one in inbound.items():
        try:
            plan.batches[role] = _received(plan, registry, one, role, plan.columns)
        except Invalid as error:
            wrong[role] = error
    heads: dict[str, Mapping[str, str]] = {}
    if any(one.code == "sheet.columns" for one in wrong.values()):
        heads = {role: _headings(plan, registry, one) for role, one in inbound.items()}
    for role, first in wrong.items():
        try:
            plan.batches[role] = _without_others(plan, registry, inbound[role], role, heads, first)
        except Invalid as still:
            plan.problems += still.problems or [Problem("", still.message)]


def _without_others(
    plan: Plan,
    registry: Registry,
    inbound: Inbound,
    role: str,
    heads: Mapping[str, Mapping[str, str]],
    error: Invalid,
) -> Batch:
    """Return the sheet read without the columns that stand in the other alone.

    What it then lacks is noted. Raises the error again where there is no such column, or `Invalid`
    with what else is wrong.
    """
    own = heads.get(role, {})
    others = {title for each in heads.values() for title in each}.difference(own)
    missing = {
        one.place.partition(", column ")[2] for one in error.problems if TURN not in one.message
    }
    elsewhere = {
        title: target
        for title, target in plan.columns.items()
        if title in missing and _folded(title) in others
    }
    if not elsewhere:
        raise error
    columns = {title: to for title, to in plan.columns.items() if title not in elsewhere}
    batch = _received(plan, registry, inbound, role, columns)
    fed = {*own.values(), *columns.values()}
    notes = [
        Problem(inbound.filename, f'has no column "{title}", nor one called {target}')
        for title, target in elsewhere.items()
        if target not in fed
    ]
    return replace(batch, problems=(*notes, *batch.problems))


def _received(
    plan: Plan, registry: Registry, inbound: Inbound, role: str, columns: Mapping[str, str]
) -> Batch:
    """Return what a sheet holds, by these columns; raise `Invalid` where they do not fit it."""
    from mentorkit.hooks.calls import called

    name, source, context = _reader(registry, inbound)
    options: dict[str, Any] = {"columns": columns} if columns else {}
    if "jobs" in source.options.get("properties", {}):
        options["jobs"] = True
    return called(
        f"plugin {context.plugin.label}",
        f"source {name}",
        lambda: source.receive(
            context, inbound, role=role, fields=plan.read, options=options or None
        ),
        passing=(Invalid,),
    )


def _headings(plan: Plan, registry: Registry, inbound: Inbound) -> dict[str, str]:
    """Return the headings of a sheet, folded, each with what it feeds by its name, if anything."""
    from mentorkit.hooks.calls import called

    name, source, context = _reader(registry, inbound)

    def look() -> dict[str, str]:
        titles = source.look(context, inbound).columns
        known = source.recognise(titles, plan.read)
        return {_folded(title): known.get(title, "") for title in titles}

    try:
        return called(
            f"plugin {context.plugin.label}", f"source {name}", look, passing=(MentorKitError,)
        )
    except MentorKitError:  # of a sheet that cannot be looked at its own reading tells
        return {}


def _reader(registry: Registry, inbound: Inbound) -> tuple[str, RecruitmentSource, SheetContext]:
    name = source_of(registry, Path(inbound.filename)) or ""
    owner = registry.owner("recruitment_sources", name)
    return name, registry.recruitment_sources[name], SheetContext(plugin=owner)


def _folded(title: str) -> str:
    """Return a heading without what people vary: case, spaces, underscores, hyphens."""
    return " ".join(title.replace("_", " ").replace("-", " ").split()).casefold()
