"""The command line: the options before a command's name, the commands, and those of plugins."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mentorkit import __version__
from mentorkit.commands import (
    database,
    handing,
    introductions,
    judging,
    matching,
    messages,
    nudges,
    pairing,
    people,
    plugins,
    privacy,
    programs,
    relationships,
    report,
    safety,
    setup,
    strategies,
    telling,
    templates,
    work,
)
from mentorkit.commands.failures import STOPPED, Failure, failure, unexpected
from mentorkit.commands.output import (
    ReaderGone,
    clean,
    example,
    json_option,
    print_json,
    print_table,
    say,
    stop_printing,
    words,
)
from mentorkit.commands.session import CommandContext, Session
from mentorkit.commands.whole import Whole
from mentorkit.domain.frozen import thaw
from mentorkit.errors import MentorKitError

if TYPE_CHECKING:
    from mentorkit.hooks.providers import Command, Parameter
    from mentorkit.hooks.registry import LoadedPlugin, Registry


class Commands(click.Group):
    """The core's commands in the order of the job, then one group for each plugin with any."""

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **extra: Any
    ) -> Any:
        """Run the command line: UTF-8 whatever the locale, and quiet when the pipe closes."""
        if not standalone_mode:
            return super().main(args, standalone_mode=False, **extra)
        for stream, errors in (
            (sys.stdin, "surrogateescape"),
            (sys.stdout, "backslashreplace"),
            (sys.stderr, "backslashreplace"),
        ):
            reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
            if reconfigure is not None:
                reconfigure(encoding="utf-8", errors=errors)
        try:
            code = super().main(args, standalone_mode=False, **extra)
            sys.stdout.flush()
        except BrokenPipeError:
            stop_printing()
            code = 0
        except click.Abort:
            click.echo("Stopped.", err=True)
            code = STOPPED
        except click.ClickException as error:
            error.show()
            code = error.exit_code
        sys.exit(code if isinstance(code, int) else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the core's command names in the order of the job."""
        return list(self.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the core's command of this name, else a plugin's group; core's names win."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        return plugin_groups(_session(ctx).registry).get(cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the core's commands, then those of the plugins that load."""
        super().format_commands(ctx, formatter)
        try:
            groups = plugin_groups(_session(ctx).registry)
        except Exception:  # help is shown whatever state the plugins are in; `doctor` tells more
            groups = {}
            formatter.write_paragraph()
            formatter.write_text("Some plugins do not load; see `mentorkit doctor`.")
        rows = [
            (group if name == group else f"{group} {name}", command.get_short_help_str(limit=64))
            for group, found in groups.items()
            if group not in self.commands
            for name, command in found.commands.items()
        ]
        if rows:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; errors become a message on stderr and an exit code."""
        debug = bool(ctx.params.get("debug"))
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except ReaderGone:
            stop_printing()
            raise click.exceptions.Exit(0) from None
        except KeyboardInterrupt:
            raise Failure("Stopped.", STOPPED) from None
        except MentorKitError as error:
            if debug:
                traceback.print_exc()
            behind = _session(ctx).behind() if error.code == "store.failed" else []
            raise failure(error, behind) from error
        except Exception as error:
            if debug:
                traceback.print_exc()
            raise unexpected(error) from error


class PluginCommands(click.Group):
    """The commands of one plugin; one named as the plugin is runs when nothing else is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = self.commands.get(self.name or "")
        first = args[0] if args else "-"
        takes = own is not None and any(isinstance(one, click.Argument) for one in own.params)
        option = first.startswith("-") and first not in ctx.help_option_names
        if own and (option or (takes and first not in {*self.commands, *ctx.help_option_names})):
            args = [str(own.name), *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List those that are named; the one that runs anyway is told above them."""
        return [one for one in super().list_commands(ctx) if one != self.name]

    def collect_usage_pieces(self, ctx: click.Context) -> list[str]:
        """Return what stands behind the name; a command need not be there where one runs anyway."""
        pieces = super().collect_usage_pieces(ctx)
        return [*pieces[:-1], f"[{pieces[-1]}]"] if self.name in self.commands else pieces

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the options of the command that runs when nothing else is named, then the others."""
        own = self.commands.get(self.name or "")
        if own is None:
            super().format_options(ctx, formatter)
            return
        own.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)


def plugin_groups(registry: Registry) -> dict[str, click.Group]:
    """Return a click group of commands for each plugin that brings any."""
    groups: dict[str, click.Group] = {}
    for key, command in registry.commands.items():
        plugin = registry.owner("commands", key)
        if plugin.name not in groups:
            groups[plugin.name] = PluginCommands(
                plugin.name,
                help=f"{plugin.manifest.summary or plugin.manifest.title} (plugin {plugin.name})",
            )
        groups[plugin.name].add_command(plugin_command(command, plugin))
    return groups


def plugin_command(command: Command, plugin: LoadedPlugin) -> click.Command:
    """Return a plugin's command as click's: arguments where required, options else, and --json."""

    @click.pass_context
    def run(ctx: click.Context, /, as_json: bool, **values: Any) -> None:
        from mentorkit.hooks.calls import called

        context = CommandContext(ctx.find_object(Session) or _session(ctx), plugin)
        answer = called(
            f"plugin {plugin.label}",
            f"command {command.name}",
            lambda: command.run(context, **values),
            passing=(MentorKitError, click.ClickException, click.Abort, click.exceptions.Exit),
            secrets=plugin.secrets,
        )
        show(answer, as_json=as_json)

    parameters = [_parameter(item) for item in command.parameters]
    usage = " ".join(
        ["mentorkit", *dict.fromkeys((plugin.name, command.name))]
        + [
            item.name.upper() + ("..." if item.many else "")
            for item in command.parameters
            if item.required
        ]
    )
    made: click.Command = json_option(
        click.Command(
            command.name,
            callback=run,
            params=parameters,
            help=command.help,
            epilog=example(usage),
        )
    )
    return made


def _parameter(item: Parameter) -> click.Parameter:
    kind: Any = {Path: click.Path(path_type=Path), int: Whole()}.get(item.type, item.type)
    if item.required:
        return click.Argument([item.name], type=kind, nargs=-1 if item.many else 1, required=True)
    flag = item.type is bool
    return click.Option(
        [f"--{item.name.replace('_', '-')}", item.name],
        help=item.help,
        type=None if flag else kind,
        is_flag=flag,
        default=bool(item.default) if flag else item.default,
        show_default=item.default is not None and not flag,
    )


def show(data: Any, *, as_json: bool) -> None:
    """Print what a plugin's command returned: a sentence, a table, or a line or more a key."""
    if as_json:
        print_json(data)
        return
    data = thaw(data)
    if isinstance(data, Mapping):
        for key, value in data.items():
            lines = value.splitlines() if isinstance(value, str) else []
            say(f"{clean(str(key))}:" if lines[1:] else f"{clean(str(key))}: {words(value)}")
            for line in lines if lines[1:] else ():
                say(clean(line))
    elif isinstance(data, list) and data and all(isinstance(row, Mapping) for row in data):
        keys = list(dict.fromkeys(key for row in data for key in row))
        headings = [str(key).replace("_", " ").upper() for key in keys]
        print_table(headings, [[row.get(key) for key in keys] for row in data], none="")
    elif isinstance(data, list) and not data:
        say("Nothing here.")
    elif isinstance(data, list):
        for row in data:
            say(words(row))
    elif data is not None:
        for line in str(data).splitlines():
            say(clean(line))


def _session(ctx: click.Context) -> Session:
    """Return the session that the options before the command's name describe."""
    if isinstance(ctx.obj, Session):
        return ctx.obj
    # While `--help` is being shown, the other options have not been looked at yet.
    kit_name, db = ctx.params.get("kit_name"), ctx.params.get("db")
    if kit_name and db:
        # What was typed counts more than what is set for every command.
        typed = [name for name in ("kit_name", "db") if not _from_environment(ctx, name)]
        if len(typed) != 1:
            raise click.UsageError(
                "Give --kit or --db (MENTORKIT_KIT or MENTORKIT_DB), not both: a kit brings its"
                " own database."
            )
        kit_name, db = (kit_name, None) if typed == ["kit_name"] else (None, db)
    tenant = ctx.params.get("tenant")
    if tenant is not None and not tenant.strip():
        raise click.UsageError("--tenant is empty: name a tenant, or leave it out for `default`.")
    session = Session(
        kit_name=kit_name or None,
        db=db or Path("mentorkit.db"),
        tenant=tenant or "default",
        person=ctx.params.get("person"),
        debug=bool(ctx.params.get("debug")),
    )
    ctx.obj = session
    ctx.call_on_close(session.close)
    return session


def _from_environment(ctx: click.Context, parameter: str) -> bool:
    return ctx.get_parameter_source(parameter) is click.core.ParameterSource.ENVIRONMENT


class Place(click.Path):
    """Where a database is: a path becomes a `Path`, a URL stays as it is."""

    def convert(self, value: Any, param: Any, ctx: click.Context | None) -> Any:
        """Return the path or the URL; a folder is refused."""
        return value if "://" in str(value) else super().convert(value, param, ctx)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=example(
        "mentorkit pair --mentors mentors.csv --mentees mentees.csv \\",
        "    --strategy strategy.toml --out pairs.csv --unmatched unmatched.csv",
    ),
)
@click.option(
    "--kit",
    "kit_name",
    metavar="MODULE:ATTR",
    envvar="MENTORKIT_KIT",
    help="Your product's Kit, such as portal.mentoring:kit. [env: MENTORKIT_KIT]",
)
@click.option(
    "--db",
    metavar="FILE|URL",
    envvar="MENTORKIT_DB",
    type=Place(dir_okay=False, path_type=Path),
    help="An SQLite file, or postgresql://USER@HOST/DATABASE. [env: MENTORKIT_DB]"
    "  [default: mentorkit.db]",
)
@click.option(
    "--tenant",
    metavar="NAME",
    help="Whose data, where several organisations share a database.  [default: default]",
)
@click.option(
    "--as",
    "person",
    metavar="PERSON",
    help="Act as this person (id, external key, user reference or e-mail), not as operator of the"
    " database.",
)
@click.option("--debug", is_flag=True, help="Show where an error arose.")
@click.version_option(__version__, prog_name="mentorkit")
@click.pass_context
def main(ctx: click.Context, /, **_: Any) -> None:
    """Run mentoring programs: recruit, match, accept, meet; or just pair two spreadsheets.

    `pair` needs no set-up. For everything else start with `mentorkit db upgrade`, then
    `mentorkit program create`.

    Exit codes: 0 done, 1 unexpected, 2 wrong input, 3 not found, 4 not allowed, 5 conflict, 6 a
    plugin's fault.
    """
    _session(ctx)


programs.program.add_command(strategies.strategy)
programs.program.add_command(strategies.runs)
people.participant.add_command(introductions.share)
people.participant.add_command(handing.pass_on)
for command in (
    pairing.pair,
    database.db,
    setup.program,
    plugins.program,
    programs.staff,
    people.recruit,
    telling.participant,
    privacy.person,
    matching.match,
    matching.publish,
    judging.draft,
    relationships.relationship,
    safety.concern,
    safety.content,
    templates.template,
    report.feedback,
    report.report,
    nudges.nudge,
    work.work,
    work.job,
    messages.message,
    database.plugins,
    database.doctor,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
