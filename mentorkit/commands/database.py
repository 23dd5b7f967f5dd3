"""Look after the database and the plugins: `db upgrade|check|sql`, `plugins`, `doctor`."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mentorkit.commands.failures import UNEXPECTED, Failure
from mentorkit.commands.output import (
    clean,
    example,
    json_option,
    plural,
    print_json,
    print_table,
    say,
    say_commands,
)
from mentorkit.commands.session import Session, pass_session
from mentorkit.errors import MentorKitError, PluginError, Problem

if TYPE_CHECKING:
    from mentorkit.hooks.registry import LoadedPlugin, Registry
    from mentorkit.kit import Kit

KINDS = {
    "recruitment_sources": "recruitment source",
    "strategies": "strategy",
    "criteria": "criterion",
    "features": "feature",
    "rules": "rule",
    "assigners": "assigner",
    "channels": "channel",
    "nudges": "nudge",
    "content_checks": "content check",
    "feedback_vendors": "feedback vendor",
    "metrics": "metric",
    "reactions": "reaction",
    "checks": "check",
    "commands": "command",
}
"""What a registry holds, and one of each in words."""
_SEVERAL = {"strategy": "strategies", "criterion": "criteria"}


@click.group(epilog=example("mentorkit db upgrade"))
def db() -> None:
    """Make and check the tables, or print their SQL."""


@db.command(
    epilog=example(
        "mentorkit db upgrade",
        "mentorkit --db /srv/mentoring.db db upgrade",
        "mentorkit --db postgresql://mentoring@localhost/mentoring db upgrade",
    )
)
@json_option
@pass_session
def upgrade(session: Session, /, as_json: bool) -> None:
    """Make the tables, or bring them up to date.

    Makes the SQLite file if it is missing. A PostgreSQL database must be there; it may be empty.
    """
    from mentorkit.store import migrate

    kit = session.any_kit(create=True)
    before = migrate.check(kit.engine, kit.owners)
    kit.upgrade()
    owners = [str(owner) for owner in kit.owners]
    if as_json:
        print_json({"database": _database(session, kit), "owners": owners, "changed": bool(before)})
    elif before:
        say(f"The database {_database(session, kit)} is up to date ({', '.join(owners)}).")
        if not kit.tenants():
            say_commands("Next: `mentorkit program create --preset high_touch --key KEY`.")
    else:
        say(f"The database {_database(session, kit)} was up to date already.")


def _database(session: Session, kit: Kit) -> str:
    """Return where the database is: the path of a file, or a URL without its password."""
    from mentorkit.store.urls import shown_url

    if session.embedded and isinstance(session.db, Path):
        return str(session.db)
    url = kit.engine.url
    is_file = url.get_backend_name() == "sqlite" and url.database
    return str(url.database) if is_file else shown_url(url)


@db.command(epilog=example("mentorkit db check"))
@json_option
@pass_session
def check(session: Session, /, as_json: bool) -> None:
    """Say whether the tables are up to date.

    Exit code 1 if they are not what the code expects.
    """
    from mentorkit.store import migrate

    kit = session.any_kit()
    found = migrate.check(kit.engine, kit.owners)
    if as_json:
        print_json({"ok": not found, "problems": found})
    elif not found:
        say(f"The database {_database(session, kit)} is up to date.")
    if found:
        listed = "\n".join(f"  - {problem}" for problem in found)
        raise Failure(f"The database is not what the code expects:\n{listed}", UNEXPECTED)


@db.command(epilog=example("mentorkit db sql --dialect postgresql > mentorkit.sql"))
@click.option(
    "--dialect",
    type=click.Choice(["sqlite", "postgresql"]),
    help="For which kind of database; the one in use where left out.",
)
@pass_session
def sql(session: Session, /, dialect: str | None) -> None:
    """Print the SQL that makes all tables.

    For a database that only its keeper may change.
    """
    from mentorkit.store import migrate

    kit = session.any_kit(create=True)
    say(migrate.sql(dialect or kit.engine.dialect.name, kit.owners), nl=False)


@click.command(epilog=example("mentorkit plugins"))
@json_option
@pass_session
def plugins(session: Session, /, as_json: bool) -> None:
    """List the plugins and what they offer."""
    registry = session.registry
    idle = sorted(
        (point.name, point.dist.name if point.dist else "")
        for point in {p.name: p for p in metadata.entry_points(group="mentorkit")}.values()
        if point.name not in registry.plugins
    )
    if as_json:
        print_json(
            {
                "loaded": [
                    {
                        "name": plugin.name,
                        "title": plugin.manifest.title,
                        "summary": plugin.manifest.summary,
                        "distribution": plugin.distribution,
                        "version": plugin.version,
                        "offers": _offers(registry, plugin),
                    }
                    for plugin in registry.plugins.values()
                ],
                "not_loaded": [{"name": name, "distribution": dist} for name, dist in idle],
            }
        )
        return
    print_table(
        ["PLUGIN", "WHAT IT DOES"],
        [
            [plugin.name, plugin.manifest.summary or plugin.manifest.title]
            for plugin in registry.plugins.values()
        ],
        none="No plugin is loaded.",
    )
    if registry.plugins:
        say()
    print_table(
        ["PLUGIN", "FROM", "OFFERS"],
        [
            [
                plugin.name,
                f"{plugin.distribution} {plugin.version}".strip(),
                _counted(_offers(registry, plugin)),
            ]
            for plugin in registry.plugins.values()
        ],
        none="",
    )
    if idle:
        say()
        say("Installed, but not loaded: " + ", ".join(clean(name) for name, _ in idle))
        say("List them in Kit(plugins=[...]), or use one as `mentorkit pair --plugin NAME`.")


def _offers(registry: Registry, plugin: LoadedPlugin) -> dict[str, list[str]]:
    return {
        kind: names
        for kind in KINDS
        if (names := [n for n in getattr(registry, kind) if registry.owner(kind, n) is plugin])
    }


def _counted(offers: dict[str, list[str]]) -> str:
    return ", ".join(
        plural(len(names), KINDS[kind], _SEVERAL.get(KINDS[kind])) for kind, names in offers.items()
    )


CLOCKS_APART = 30
"""Seconds by which the clocks of two machines may differ; a lease of five minutes bears that."""


@dataclass(frozen=True)
class Finding:
    """One thing that `doctor` looked at, and what to do when it is not as it should be."""

    name: str
    ok: bool
    message: str
    hint: str = ""


@click.command(epilog=example("mentorkit doctor"))
@json_option
@pass_session
def doctor(session: Session, /, as_json: bool) -> None:
    """Look for anything that needs mending.

    Plugins, tables, the database, and jobs that were given up after many tries. Exit code 1 if
    something is wrong.
    """
    found = list(_examine(session))
    wrong = [one for one in found if not one.ok]
    if as_json:
        print_json({"ok": not wrong, "checks": found})
    else:
        for one in found:
            mark = "WRONG" if not one.ok else "note" if one.hint else "ok"
            say(f"{mark:5}  {one.name}: {clean(one.message)}")
            if one.hint:
                say_commands(f"       {clean(one.hint)}")
        say()
        say(
            "Everything is as it should be."
            if not wrong
            else f"{plural(len(wrong), 'thing')} to be mended."
        )
    if wrong:
        raise SystemExit(UNEXPECTED)


def _examine(session: Session) -> Iterator[Finding]:
    """Look at everything, however much of it is broken."""
    registry = None
    try:
        registry, kit, found = _open(session)
    except MentorKitError as error:
        yield from _from_error("start", error)
        return
    yield from found
    if registry is not None:
        yield from _plugins(registry)
        yield from _own_checks(session, registry, kit)
    if kit is not None:
        for look in (_tables, _engine, _clock, _strategies, _features, _staff, _outbox):
            try:
                yield from look(kit)
            except MentorKitError as error:
                yield from _from_error(look.__name__.strip("_"), error)


def _open(session: Session) -> tuple[Registry | None, Kit | None, list[Finding]]:
    """Return plugins and kit, as far as they can be had."""
    if not session.embedded:
        kit = session.any_kit()
        return kit.registry, kit, []
    from mentorkit.hooks.registry import Registry

    registry = Registry.load(lenient=True)
    # Checks that stop a start are run below with all others, so that a failing one hides nothing.
    session.use(replace(registry, checks={}))
    try:
        return registry, session.any_kit(), []
    except PluginError as error:
        return registry, None, list(_from_error("tables", error))
    except MentorKitError as error:
        return registry, None, list(_from_error("database", error))


def _from_error(name: str, error: MentorKitError) -> Iterator[Finding]:
    problems: tuple[Problem, ...] = getattr(error, "problems", ())
    if not problems:
        yield Finding(name, False, error.message)
    for problem in problems:
        yield Finding(name, False, str(problem))


def _plugins(registry: Registry) -> Iterator[Finding]:
    for problem in registry.failures:
        yield Finding("plugins", False, str(problem), "Mend it, or take it off the list.")
    loaded = len(registry.plugins)
    names = ", ".join(registry.plugins)
    if not registry.failures:
        yield Finding("plugins", True, f"{plural(loaded, 'plugin')} loaded ({names}).")
    core = click.get_current_context().find_root().command
    for name in registry.plugins:
        shadowed = isinstance(core, click.Group) and name in core.commands
        if shadowed and any(registry.owner("commands", c).name == name for c in registry.commands):
            yield Finding(
                "commands",
                False,
                f"the commands of the plugin {name} cannot be reached: `mentorkit {name}` is"
                " the core's.",
                "Ask its author to rename the plugin.",
            )


def _own_checks(session: Session, registry: Registry, kit: Kit | None) -> Iterator[Finding]:
    from mentorkit.hooks.calls import examine

    for key, check in registry.checks.items():
        given: list[Any] = []
        if check.needs_database:
            if kit is None:
                continue
            plugin = registry.owner("checks", key)
            given = [kit.work_context(session.tenant, None, plugin.name)]
        health = examine(check, *given)
        yield Finding(key, health.ok, health.message, health.hint)


def _tables(kit: Kit) -> Iterator[Finding]:
    from mentorkit.store import migrate

    found = migrate.check(kit.engine, kit.owners)
    if not found:
        count = sum(len(owner.metadata.tables) for owner in kit.owners if owner.metadata)
        yield Finding("tables", True, f"{plural(count, 'table')} up to date and declared.")
    for problem in found:
        yield Finding("tables", False, problem)


def _engine(kit: Kit) -> Iterator[Finding]:
    from mentorkit.store.engines import missing_settings

    missing = missing_settings(kit.engine)
    if not missing:
        yield Finding("engine", True, f"{kit.engine.dialect.name}, set up as it should be.")
    for problem in missing:
        yield Finding(
            "engine",
            False,
            problem,
            "Call mentorkit.store.prepare(engine) before the engine is first used.",
        )


def _clock(kit: Kit) -> Iterator[Finding]:
    """Compare our clock with the database's, by which all machines that use it are compared."""
    from mentorkit.store.engines import ahead

    seconds = ahead(kit.engine)
    if abs(seconds) < CLOCKS_APART:
        yield Finding("clock", True, "this machine and the database agree on what time it is.")
        return
    way = "ahead of" if seconds > 0 else "behind"
    yield Finding(
        "clock",
        False,
        f"this machine is {plural(round(abs(seconds)), 'second')} {way} the database.",
        "Let every machine take the time from one service (NTP): where they are minutes apart, what"
        " one has in hand looks lost to another, and is sent twice.",
    )


def _strategies(kit: Kit) -> Iterator[Finding]:
    from mentorkit.journey.definitions import strategy_misfits

    count, sound = 0, True
    for tenant in kit.tenants():
        with kit.transaction(tenant=tenant, write=False) as tx:
            programs = tx.programs.find(state="open")
            misfits = [(one.key, strategy_misfits(kit, tx, one)) for one in programs]
        count += len(programs)
        for key, problem in ((key, problem) for key, found in misfits for problem in found):
            sound = False
            yield Finding(
                "strategies",
                False,
                f"tenant {tenant}: program {key}: {problem}",
                "Load the plugin that offers it again, or change the program's strategy.",
            )
    if sound:
        yield Finding("strategies", True, f"{plural(count, 'open program')} can match.")


def _features(kit: Kit) -> Iterator[Finding]:
    """Tell who waits for a feature; what was given up of it stands in the outbox."""
    from mentorkit.journey.features import waiting

    told = []
    for tenant in kit.tenants():
        with kit.transaction(tenant=tenant, write=False) as tx:
            for one in tx.programs.find(state="open"):
                behind = waiting(kit, tx, one).items()
                told += [
                    f"tenant {tenant}: program {one.key}: {plural(len(ids), 'person', 'people')}"
                    f" waiting for {name}"
                    for name, ids in behind
                    if ids
                ]
    message = "; ".join(told) + ": run `mentorkit work`." if told else "nobody waits for one."
    yield Finding("features", True, message)


def _staff(kit: Kit) -> Iterator[Finding]:
    count, sound = 0, True
    for tenant in kit.tenants():
        with kit.transaction(tenant=tenant, write=False) as tx:
            programs = tx.programs.find(state="open")
        count += len(programs)
        of = "" if tenant == "default" else f"--tenant {shlex.quote(tenant)} "
        for key in [one.key for one in programs if "coordinator" not in one.staff.values()]:
            sound = False
            yield Finding(
                "staff",
                False,
                f"tenant {tenant}: program {key} is open, and nobody coordinates it: whatever needs"
                " somebody is told to nobody.",
                f"Appoint somebody: `mentorkit {of}staff add --name NAME --program {key}`.",
            )
    if sound:
        yield Finding("staff", True, f"{plural(count, 'open program')} with a coordinator.")


def _outbox(kit: Kit) -> Iterator[Finding]:
    from mentorkit.journey.standing import MINUTES, late

    waiting, held = 0, Counter[str]()
    sound = True
    for tenant in kit.tenants():
        with kit.transaction(tenant=tenant, write=False) as tx:
            counts = tx.outbox.counts()
            held.update(tx.outbox.waits_for())
            dead: list[Any] = tx.outbox.find(state="dead") if counts["dead"] else []
            overdue = late(tx)
        waiting += counts["waiting"] + counts["leased"]
        if overdue:
            sound = False
            yield Finding(
                "outbox",
                False,
                f"tenant {tenant}: {overdue:,} of what is promised or due "
                f"{'has' if overdue == 1 else 'have'} waited for more than {MINUTES} minutes: "
                "nobody runs the work, or it does not keep up.",
                "Run `mentorkit work` each minute, or `mentorkit work --loop` as a service; where "
                "Celery does it, see that its worker and its beat run.",
            )
        by_reason = Counter((job.kind, job.plugin or "core", job.error or "?") for job in dead)
        for (kind, plugin, code), count in sorted(by_reason.items()):
            sound = False
            yield Finding(
                "outbox",
                False,
                f"tenant {tenant}: {plural(count, kind)} of {plugin} given up ({code}).",
                "Mend the cause, then `mentorkit work --revive`; `mentorkit job list` says more.",
            )
    if sound:
        told = "".join(f" {one}" for one in _held_up(held))
        yield Finding("outbox", True, f"{plural(waiting, 'job')} waiting, none given up.{told}")


def _held_up(held: Mapping[str, int]) -> Iterator[str]:
    """Say whom some of what waits is waiting for, and what has failed so far."""
    from mentorkit.journey.deliveries import HELD
    from mentorkit.store.outbox import BUSY, LEADS

    for code, many in sorted(held.items()):
        if code.startswith(BUSY):
            verb = "waits" if many == 1 else "wait"
            name = code.removeprefix(BUSY).strip()
            yield f"{many:,} {verb} for {name}, which is slow, fails or does not answer."
        elif code not in (*HELD, LEADS):
            again = f"{'is' if many == 1 else 'are'} tried again"
            yield f"{many:,} failed so far ({code}), and {again}."
