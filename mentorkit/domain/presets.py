"""The presets that ship, how one is read from TOML, and how a program is written back as TOML."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from importlib.resources import files
from typing import Any

from mentorkit.domain.programs import Preset, dump_preset, parse_preset
from mentorkit.errors import Invalid, NotFound, Problem

WIDTH = 100
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPES = {
    "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\",
}  # fmt: skip
_SPECIAL = re.compile(r'[\x00-\x1f"\\\x7f]')


def names() -> tuple[str, ...]:
    """Return the presets that ship, in the order of their names."""
    folder = files("mentorkit") / "presets"
    found = (entry.name for entry in folder.iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml")))


def source(name: str) -> str:
    """Return a shipped preset as it was written, comments included.

    Raises `NotFound` (code ``preset.not_found``) naming those there are.
    """
    if name not in names():
        raise NotFound(
            "preset.not_found",
            f"There is no preset {name!r}. There are {', '.join(names())}; or give a .toml file.",
        )
    return (files("mentorkit") / "presets" / f"{name}.toml").read_text(encoding="utf-8")


def load(name: str) -> Preset:
    """Return a shipped preset."""
    return loads(source(name), place=f"{name}.toml")


def loads(text: str, *, place: str = "the preset") -> Preset:
    """Read a preset from TOML; raise `Invalid` with everything that is wrong with it."""
    return parse_preset(read_toml(text, place=place))


def read_toml(text: str, *, place: str) -> dict[str, Any]:
    """Read TOML; raise `Invalid` (code ``preset.not_toml``) with the line that cannot be read."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "nested too deeply"
        raise Invalid(
            "preset.not_toml", f"{place} is not TOML.", [Problem(place, f"mend it: {why}")]
        ) from None


def dumps(preset: Preset) -> str:
    """Return the preset as TOML that `loads` reads back to an equal one."""
    return write_toml(dump_preset(preset))


def write_toml(data: Mapping[str, Any]) -> str:
    """Return the data as TOML: sections as tables, lists of tables as blocks, short ones inline.

    The order of a table's plain values and that of its sub-tables are kept, which is all that
    TOML can keep. None is left out, since TOML has no such thing.
    """
    lines: list[str] = []
    _table(data, (), lines)
    return "\n".join(lines).strip("\n") + "\n"


def _table(data: Mapping[str, Any], path: tuple[str, ...], lines: list[str]) -> None:
    later: list[tuple[str, Any]] = []
    # Options are an ordered list in the form of a table: all of it must stay in one block.
    ordered = path[-1:] in (("options",), ("ordered",))
    # Blocks come after plain values, so a table of tables is written in blocks alone, in its order.
    alike = bool(path) and any(map(_wants_block, data.values())) and _is_tables(data)
    for key, value in data.items():
        if value is None:
            continue
        if not ordered and (alike or _is_blocks(value) or _wants_block(value, key)):
            later.append((key, value))
        else:
            lines.append(f"{_key(key)} = {_value(value, len(_key(key)) + 3)}")
    for key, value in later:
        here = (*path, key)
        name = ".".join(map(_key, here))
        for one in value if _is_blocks(value) else [value]:
            body: list[str] = []
            _table(one, here, body)
            if _is_blocks(value):
                lines += ["", f"[[{name}]]"]
            elif body[:1] != [""]:  # the blocks within a table of tables name it themselves
                lines += ["", f"[{name}]"]
            lines += body


def _is_blocks(value: Any) -> bool:
    return (
        isinstance(value, Sequence)
        and not isinstance(value, str)
        and bool(value)
        and all(isinstance(one, Mapping) for one in value)
    )


def _is_tables(data: Mapping[str, Any]) -> bool:
    return all(isinstance(value, Mapping) for value in data.values())


def _wants_block(value: Any, key: str = "") -> bool:
    """Return whether this is a table that would not read well on one line."""
    if not isinstance(value, Mapping):
        return False
    if any(isinstance(inner, Mapping) or _is_blocks(inner) for inner in value.values()):
        return True
    inline = _value(value, 0)
    return "\n" in inline or len(_key(key)) + 3 + len(inline) > WIDTH


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def _value(value: Any, indent: int) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _long(value) if "\n" in value else _quoted(value)
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = (f"{_key(k)} = {_value(v, WIDTH)}" for k, v in value.items() if v is not None)
        inside = ", ".join(pairs)
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, Sequence):
        items = [_value(item, WIDTH) for item in value if item is not None]
        inline = f"[{', '.join(items)}]"
        if indent + len(inline) <= WIDTH or indent == WIDTH:
            return inline
        return "[\n" + "".join(f"    {item},\n" for item in items) + "]"
    raise TypeError(f"{type(value).__name__} cannot be written as TOML")


def _quoted(text: str) -> str:
    return f'"{_SPECIAL.sub(_escape, text)}"'


def _long(text: str) -> str:
    """Write a text of several lines as one, so that it can be read and edited."""
    body = "\n".join(_SPECIAL.sub(_escape, line) for line in text.split("\n"))
    return f'"""\n{body}"""'


def _escape(found: re.Match[str]) -> str:
    char = found[0]
    return _ESCAPES.get(char) or f"\\u{ord(char):04X}"
