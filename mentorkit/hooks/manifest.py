"""What a plugin declares about itself. Its name is not here: it is the entry point's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mentorkit.domain.frozen import Frozen
from mentorkit.hooks.providers import NO_OPTIONS, JsonSchema

EMPTY_SCHEMA: JsonSchema = Frozen(NO_OPTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Say what a plugin is, what it needs, and what can be set.

    `requires_core` is a version specifier (``>=0.1,<1``; empty: any), checked when the plugin is
    loaded. `requires_plugins` must be listed, and listed earlier. `settings` is the schema of what
    the deployer sets, `program_settings` of what a coordinator sets for one program. `tables` is
    what `mentorkit.store.plugin_tables` returned, or better where it stands, as
    ``package.module:attribute``: then loading the plugin does not load SQLAlchemy. `migrations` is
    ``package:folder``. Of what is not `switchable`, no program switches itself off: it guards the
    whole portal. `misfits` gets the settings of a program, which fit their schema, and yields what
    else is wrong with them: (where, what to do), such as ``("plan[1].days", "write ...")``.
    """

    title: str
    summary: str = ""
    requires_core: str = ""
    requires_plugins: tuple[str, ...] = ()
    settings: JsonSchema = EMPTY_SCHEMA
    program_settings: JsonSchema = EMPTY_SCHEMA
    tables: object | None = None
    migrations: str | None = None
    switchable: bool = True
    misfits: Callable[[Mapping[str, Any]], Iterable[tuple[str, str]]] | None = None

    @property
    def usual(self) -> dict[str, Any]:
        """What holds in a program of `program_settings` where its coordinators set nothing."""
        specs = self.program_settings.get("properties", {}).items()
        return {name: spec["default"] for name, spec in specs if "default" in spec}
