"""The presets that ship, and how one is read from TOML."""

from __future__ import annotations

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
        why = str(error) if isinstance(error, tomllib.TOMLDecodeError) else "nested too deeply"
        raise Invalid(
            "preset.not_toml", f"{place} is not TOML.", [Problem(place, f"mend it: {why}")]
        ) from None
