"""The presets that ship, and how one is read from TOML."""

from __future__ import annotations

import re
import tomllib
from difflib import get_close_matches
from importlib.resources import files
from typing import Any

from mentorkit.domain.programs import Preset, parse_preset
from mentorkit.errors import Invalid, NotFound, Problem


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
        near = get_close_matches(name, names(), n=1)
        meant = f"; did you mean {near[0]}?" if near else "."
        raise NotFound(
            "preset.not_found",
            f"There is no preset {name!r}{meant} There are {', '.join(names())};"
            " or give a .toml file.",
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
        told = Problem(place, f"mend it: {what_is_wrong(error, text)}")
        raise Invalid("preset.not_toml", f"{place} is not TOML.", [told]) from None


_SLIPS = (
    (r"[=,\[]\s*-?\d+,\d", "write numbers with a point, such as 0.5"),
    ("[\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb]", 'write straight quotes: "'),
    (r"(?i)=\s*(yes|no|true|false|on|off)\s*(#|$)", "write true or false"),
    (r"=\s*[^\W\d]", 'put texts into quotes, such as "equal"'),
)
"""What people write that is no TOML -> what to write instead; the first that fits is told."""


def what_is_wrong(error: Exception, text: str) -> str:
    """Return what keeps a text from being TOML, with its line, and what to write if it is known."""
    if not isinstance(error, tomllib.TOMLDecodeError):
        return "nested too deeply"
    at, lines = re.search(r"line (\d+)", str(error)), text.splitlines()
    line = lines[int(at[1]) - 1] if at and int(at[1]) <= len(lines) else ""
    told = next((told for slip, told in _SLIPS if re.search(slip, line)), "")
    return f"{error}; {told}" if told else str(error)
