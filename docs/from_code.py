"""Write the reference pages from the code, so that none of them can fall behind it.

Each function below returns one page as Markdown. `write(folder)` writes them all; `conf.py` calls
it before Sphinx reads anything, `python docs/from_code.py` does the same without Sphinx, and the
tests hold the pages against the code from the outside.
"""

from __future__ import annotations

import ast
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import mentorkit
import mentorkit.domain
import mentorkit.hooks
import mentorkit.journey
from mentorkit.domain.events import ENVELOPE, EVENTS
from mentorkit.domain.moves import Moves
from mentorkit.hooks.manifest import Manifest
from mentorkit.hooks.specs import Hooks

PACKAGE = Path(mentorkit.__file__).parent
SHIPPED = (
    "mentorkit_announce",
    "mentorkit_checkins",
    "mentorkit_csv",
    "mentorkit_demo",
    "mentorkit_email",
    "mentorkit_guide",
    "mentorkit_inbox",
    "mentorkit_limits",
    "mentorkit_magiclink",
    "mentorkit_matching",
    "mentorkit_outcomes",
    "mentorkit_rehearse",
    "mentorkit_screening",
    "mentorkit_searches",
    "mentorkit_signup",
    "mentorkit_wordlist",
    "mentorkit_survey",
)

ERRORS = {
    "MentorKitError",
    "NotFound",
    "NotAllowed",
    "Invalid",
    "Conflict",
    "PluginError",
    "SettingsError",
    "Cancelled",
    "RetryLater",
    "Undeliverable",
}


# ------------------------------------------------------------------------------- small pieces


def page(title: str, lead: str, *parts: str) -> str:
    return "\n\n".join([f"# {title}", lead, *parts]) + "\n"


def table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    cells = [tuple(cell.replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    lines = [heads, tuple("---" for _ in heads), *cells]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def code(value: object) -> str:
    return f"`{value}`"


def prose(thing: Any) -> str:
    """Return the docstring; one that a dataclass wrote for itself says nothing."""
    text = inspect.getdoc(thing) or ""
    made_up = isinstance(thing, type) and text.startswith(f"{thing.__name__}(")
    inherited = isinstance(thing, type) and "__doc__" not in vars(thing)
    return "" if made_up or inherited else text


def first_line(thing: Any) -> str:
    return prose(thing).partition("\n\n")[0].replace("\n", " ")


def signature(function: Callable[..., Any]) -> str:
    """Return ``(a, *, b=1) -> X`` as written, without self and without quotes around types."""
    found = inspect.signature(function)
    kept = [item for name, item in found.parameters.items() if name != "self"]
    return str(found.replace(parameters=kept)).replace("'", "")


def modules(package: Any) -> Iterator[Any]:
    for found in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        yield import_module(f"{package.__name__}.{found.name}")


def own_functions(module: Any) -> list[tuple[str, Callable[..., Any]]]:
    """Return the public functions that this module itself defines, in the order of the source."""
    found = [
        (name, thing)
        for name, thing in vars(module).items()
        if inspect.isfunction(thing)
        and thing.__module__ == module.__name__
        and not name.startswith("_")
    ]
    return sorted(found, key=lambda item: item[1].__code__.co_firstlineno)


# ------------------------------------------------------------------------------------- hooks


def hook_functions() -> dict[str, Callable[..., Any]]:
    """Return every hook by name, in the order of the specs."""
    return {name: thing for name, thing in vars(Hooks).items() if name.startswith("mentorkit_")}


def hook_heading(name: str) -> str:
    """Return what a heading about this hook says: its name and arguments."""
    arguments = list(inspect.signature(hook_functions()[name]).parameters)
    return f"{name}({', '.join(item for item in arguments if item != 'self')})"


def hooks() -> str:
    parts = []
    for name, function in hook_functions().items():
        answer = str(inspect.signature(function).return_annotation)
        told, _, example = prose(function).partition("```python")
        parts += [f"## {hook_heading(name)}", f"Yields {code(answer)}.", told.strip()]
        if example:
            parts.append("```python" + example)
        parts.append(f"[How to use it](../../how-to/{name.removeprefix('mentorkit_')}.md)")
    return page(
        "Hooks",
        "Every question mentorkit asks a plugin. Each is asked once, at start-up, plugin by "
        "plugin. Take only the arguments you need.",
        *parts,
    )


# --------------------------------------------------------------------------------- providers


def providers() -> str:
    parts = []
    for name in mentorkit.hooks.__all__:
        thing = getattr(mentorkit.hooks, name)
        if inspect.isclass(thing):
            parts += [f"## {name}", *described(thing)]
    return page(
        "What hooks return",
        "Named, typed values. Import them from `mentorkit.hooks`.",
        *parts,
    )


def described(cls: type) -> list[str]:
    parts = [prose(cls)] if prose(cls) else []
    if is_dataclass(cls):
        rows = [(code(item.name), code(item.type), default_of(item)) for item in fields(cls)]
        parts.append(table(("field", "type", "default"), rows))
    else:
        notes = vars(cls).get("__annotations__", {})
        rows = [
            (code(key), code(kind), code(repr(vars(cls).get(key))) if key in vars(cls) else "")
            for key, kind in notes.items()
        ]
        if rows:
            parts.append(table(("attribute", "type", "default"), rows))
    for name, method in vars(cls).items():
        if inspect.isfunction(method) and not name.startswith("_"):
            parts += [f"### {cls.__name__}.{name}", f"```python\n{name}{signature(method)}\n```"]
            if text := prose(method):
                parts.append(text)
    return [part for part in parts if part]


def default_of(item: Any) -> str:
    if item.default is not MISSING:
        return code(repr(item.default)) if len(repr(item.default)) < 60 else "see the source"
    return "empty" if item.default_factory is not MISSING else "**required**"


# ------------------------------------------------------------------------------------ events


def events() -> str:
    rows = []
    for name, cls in EVENTS.items():
        own = [item.name for item in fields(cls) if item.name not in ENVELOPE]
        rows.append(
            (code(name), cls.noun, str(cls.schema), ", ".join(map(code, own)), first_line(cls))
        )
    envelope = [(code(item.name), code(item.type)) for item in fields(next(iter(EVENTS.values())))]
    common = [row for row in envelope if row[0].strip("`") in ENVELOPE]
    return page(
        "Events",
        "What can have happened. An event is written in the same transaction as the change it "
        "tells of. Its own fields tell what changed, as ids, codes and numbers.",
        "## Fields of every event",
        table(("field", "type"), common),
        "## All events",
        table(("event", "about", "schema", "own fields", "says"), rows),
    )


# ------------------------------------------------------------------------------------ errors


@dataclass(frozen=True, order=True)
class Refusal:
    """One place in the source that raises a coded error; `<x>` stands for what varies."""

    code: str
    error: str
    message: str
    place: str


def template(node: ast.expr | None) -> str | None:
    """Return a string as it is written, with ``<name>`` for each part filled in at run time."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = []
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                parts.append(f"<{ast.unparse(value.value).rpartition('.')[2].strip('()')}>")
            else:
                parts.append(str(ast.literal_eval(value)))
        return "".join(parts)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = template(node.left), template(node.right)
        return f"{left}{right}" if left is not None and right is not None else None
    return None


def refusals(roots: tuple[Path, ...]) -> list[Refusal]:
    """Find every coded error made under these folders."""
    found = []
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            place = path.relative_to(root.parent).with_suffix("").as_posix().replace("/", ".")
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call) or not node.args:
                    continue
                called = node.func
                name = called.id if isinstance(called, ast.Name) else ""
                given = template(node.args[0])
                if name not in ERRORS or name == "Cancelled" or given is None:
                    continue
                message = template(node.args[1]) if len(node.args) > 1 else ""
                found.append(Refusal(given, name, message or "", place))
    return sorted(set(found))


def source_folders() -> tuple[Path, ...]:
    return (PACKAGE, *(Path(import_module(name).__file__ or "").parent for name in SHIPPED))


def errors() -> str:
    rows: dict[str, tuple[str, ...]] = {}
    for item in refusals(source_folders()):
        if item.code not in rows or (item.message and not rows[item.code][2]):
            rows[item.code] = (code(item.code), item.error, item.message.replace("<", "&lt;"))
    rows["work.cancelled"] = (
        code("work.cancelled"),
        "Cancelled",
        "The work was cancelled; nothing of it was kept.",
    )
    kinds = [
        (code(name), first_line(getattr(import_module("mentorkit.errors"), name)))
        for name in sorted(ERRORS - {"RetryLater", "Undeliverable"})
    ]
    return page(
        "Error codes",
        "Programs compare codes, people read messages. A code is never reused for something "
        "else. `<x>` stands for a part that varies.",
        "## Classes",
        table(("class", "means"), kinds),
        "## Codes",
        table(("code", "class", "message"), [rows[key] for key in sorted(rows)]),
    )


# ---------------------------------------------------------------------------------- settings


def settings() -> str:
    parts = []
    for name in SHIPPED:
        manifest = getattr(import_module(name), "manifest", None)
        if not isinstance(manifest, Manifest):
            continue
        short = name.removeprefix("mentorkit_")
        parts += [f"## {short}", f"{manifest.title}. {manifest.summary}".strip()]
        for key, who in (("settings", "The deployer sets"), ("program_settings", "A program sets")):
            rows = schema_rows(getattr(manifest, key))
            if rows:
                parts += [f"{who}:", table(("name", "type", "default", "means"), rows)]
            else:
                parts.append(f"{who}: nothing.")
    return page(
        "Settings of the shipped plugins",
        'Given as `settings={"<plugin>": {"<name>": value}}` when the kit is made. A secret is '
        'given as `{"$env": "NAME"}` or `{"$file": "path"}`, never as itself.',
        *parts,
    )


def schema_rows(schema: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for name, item in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        default = "**required**" if required else code(repr(item.get("default")))
        means = " ".join(filter(None, (item.get("title"), item.get("description"))))
        rows.append((code(name), code(item.get("type", "any")), default, means))
    return rows


# --------------------------------------------------------------------------------------- CLI


def command_pages() -> dict[str, str]:
    """Return every command's help text, by its whole name."""
    import click

    from mentorkit.cli import main

    pages: dict[str, str] = {}

    def walk(command: click.Command, name: str, parent: click.Context | None) -> None:
        context = click.Context(
            command, info_name=name.rpartition(" ")[2], parent=parent, max_content_width=88
        )
        with context.scope(cleanup=False):
            pages[name] = command.get_help(context)
        if isinstance(command, click.Group):
            for key in command.list_commands(context):
                if (child := command.get_command(context, key)) is not None:
                    walk(child, f"{name} {key}", context)
            for key, group in plugin_groups(context).items() if parent is None else ():
                walk(group, f"{name} {key}", context)

    def plugin_groups(context: click.Context) -> Mapping[str, click.Command]:
        from mentorkit.cli import plugin_groups as groups
        from mentorkit.hooks.registry import Registry

        return groups(Registry.load())

    walk(main, "mentorkit", None)
    return pages


def cli() -> str:
    parts = []
    for name, text in command_pages().items():
        parts += [f"## {name}", f"```text\n{text}\n```"]
    return page(
        "Command line",
        "What each exit code means stands in [Run a program from import to the end]"
        "(../../how-to/run_a_program.md#exit-codes).",
        *parts,
    )


# ------------------------------------------------------------------------------------ states


def all_moves() -> dict[str, Moves]:
    """Return every table of legal moves in the domain, by the noun it is about."""
    found: dict[str, Moves] = {}
    for module in modules(mentorkit.domain):
        for thing in vars(module).values():
            if isinstance(thing, Moves):
                found[thing.noun] = thing
    return found


def states() -> str:
    parts = []
    for noun, moves in sorted(all_moves().items()):
        rows = [(frm, to, ", ".join(sorted(roles))) for (frm, to), roles in moves.edges.items()]
        final = ", ".join(sorted(moves.terminal)) or "none"
        parts += [f"## {noun}", table(("from", "to", "who"), rows), f"Final: {final}."]
    return page(
        "States and legal moves",
        "Which state may follow which, and who may walk that edge. Anything else is a `Conflict` "
        "(no such edge) or `NotAllowed` (not yours to walk).",
        *parts,
    )


# ------------------------------------------------------------------------------------- steps


def journey() -> str:
    parts = []
    for module in modules(mentorkit.journey):
        steps = [
            (name, function)
            for name, function in own_functions(module)
            if next(iter(inspect.signature(function).parameters), "") == "kit"
        ]
        if not steps:
            continue
        parts += [f"## mentorkit.journey.{module.__name__.rpartition('.')[2]}", prose(module)]
        for name, function in steps:
            parts += [f"### {name}", f"```python\n{name}{signature(function)}\n```"]
            parts.append(prose(function))
    return page(
        "The steps of the job",
        "Public functions, called alike by pages, API, command line and worker. All take the kit "
        "first, then `tenant` and `actor` by name.",
        *(part for part in parts if part),
    )


PAGES: dict[str, Callable[[], str]] = {
    "hooks": hooks,
    "providers": providers,
    "journey": journey,
    "states": states,
    "events": events,
    "errors": errors,
    "settings": settings,
    "cli": cli,
}


def write(folder: Path) -> None:
    """Write every page into `folder`; a page that has not changed keeps its time."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in PAGES.items():
        path, text = folder / f"{name}.md", make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(__file__).parent / "reference" / "generated")
