"""Data as TOML that a coordinator can read and edit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, time
from typing import Any

WIDTH = 100
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def write(data: Mapping[str, Any]) -> str:
    """Return the data as TOML: sections as tables, lists of tables as blocks, short ones inline.

    The order of a table's plain values and that of its sub-tables are kept, which is all that
    TOML can keep. None is left out, since TOML has no such thing. The writer is ours because a
    coordinator edits the file: tomli-w breaks each option into a block of its own, which doubles
    the length of a program, and moves the options that are tables behind those that are not.
    """
    return "\n".join(_table(data, "")).strip("\n") + "\n"


def _table(data: Mapping[str, Any], name: str) -> list[str]:
    given = {key: value for key, value in data.items() if value is not None}
    apart = [key for key, value in given.items() if _needs_block(key, value)]
    if name.endswith((".options", ".ordered")):
        apart = []  # an ordered list in the form of a table: all of it must stay in one block
    elif name and apart and _are_tables(given.values()):
        apart = list(given)  # blocks come after plain values, so only blocks alone keep their order
    lines = [_pair(key, value) for key, value in given.items() if key not in apart]
    for key in apart:
        here = f"{name}.{_key(key)}" if name else _key(key)
        if not isinstance(given[key], Mapping):
            for one in given[key]:
                lines += ["", f"[[{here}]]", *_table(one, here)]
            continue
        inside = _table(given[key], here)
        # Blocks that are all there is in a table name it themselves.
        lines += inside if inside[:1] == [""] else ["", f"[{here}]", *inside]
    return lines


def _are_tables(values: Iterable[Any]) -> bool:
    return all(isinstance(value, Mapping) for value in values)


def _needs_block(key: str, value: Any) -> bool:
    """Return whether this is a list of tables, or a table that does not read well on one line."""
    if isinstance(value, (list, tuple)):
        return bool(value) and _are_tables(value)
    if not isinstance(value, Mapping):
        return False
    deep = any(isinstance(one, Mapping) or _needs_block("", one) for one in value.values())
    pair = _pair(key, value)
    return deep or "\n" in pair or len(pair) > WIDTH


def _pair(key: str, value: Any) -> str:
    inline = f"{_key(key)} = {_inline(value)}"
    if isinstance(value, (list, tuple)) and len(inline) > WIDTH:
        items = "".join(f"    {_inline(one)},\n" for one in value if one is not None)
        return f"{_key(key)} = [\n{items}]"
    return inline


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def _inline(value: Any) -> str:
    if isinstance(value, str):
        return _long(value) if "\n" in value else _quoted(value)
    if isinstance(value, (int, float)):
        return repr(value).lower()
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = ", ".join(_pair(key, one) for key, one in value.items() if one is not None)
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(_inline(one) for one in value if one is not None)}]"
    raise TypeError(f"{type(value).__name__} cannot be written as TOML")


def _quoted(text: str) -> str:
    """Quote a text as JSON does, which leaves out one control character that TOML escapes."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _long(text: str) -> str:
    """Write a text of several lines as one, so that it can be read and edited."""
    lines = (_quoted(line)[1:-1] for line in text.split("\n"))
    return '"""\n' + "\n".join(lines) + '"""'
