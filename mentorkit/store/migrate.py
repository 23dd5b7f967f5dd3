"""Bring a database up to date: one lineage and one version table per owner, the core first.

Separate version tables are what lets a plugin's package be removed: with a shared one the next
upgrade of the core stops at a revision that nobody has. Migrations only go forward.
"""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from mentorkit.errors import MentorKitError, PluginError
from mentorkit.store import tables
from mentorkit.store.declarations import prefix
from mentorkit.store.engines import begin_sqlite
from mentorkit.store.statistics import assume

if TYPE_CHECKING:
    from alembic.config import Config

_ONE_AT_A_TIME = threading.Lock()
"""`alembic.context` belongs to the whole process."""

_OURS = re.compile(r"mk__|mk_[a-z0-9]+(_[a-z0-9]+)*__")

_ADVISORY_LOCK = 7_305_431_227
"""PostgreSQL's lock for "mentorkit migrates here"; any fixed number does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who owns a lineage: the core (no name) or a plugin; `migrations` is ``package:folder``."""

    name: str = ""
    metadata: sa.MetaData | None = None
    migrations: str | None = None

    @property
    def version_table(self) -> str:
        return f"{prefix(self.name)}alembic"

    @property
    def options(self) -> dict[str, Any]:
        """What Alembic is to know of this owner, so that it sees and compares its tables alone."""
        return {
            "target_metadata": self.metadata,
            "version_table": self.version_table,
            "include_name": self._includes,
            "compare_type": True,
        }

    def _includes(self, name: str | None, type_: str, parent_names: Any) -> bool:
        own = str(name).startswith(prefix(self.name)) and name != self.version_table
        return type_ != "table" or own

    def __str__(self) -> str:
        return f"plugin {self.name}" if self.name else "core"


def owner(name: str, tables: object, migrations: str | None) -> Owner:
    """Return a plugin as an owner; raise `PluginError` when its tables are something else.

    Tables given as ``package.module:attribute`` are imported now, and not before.
    """
    if isinstance(tables, str):
        module, _, attribute = tables.partition(":")
        try:
            tables = getattr(import_module(module), attribute)
        except (ImportError, AttributeError) as error:
            raise PluginError(
                "store.tables",
                f"The manifest of plugin {name} names its tables as {tables!r}, but: {error}.",
            ) from error
    if tables is not None and not isinstance(tables, sa.MetaData):
        raise PluginError(
            "store.tables",
            f"The manifest of plugin {name} gives tables that are no MetaData: pass on what "
            "mentorkit.store.plugin_tables returned.",
        )
    return Owner(name=name, metadata=tables, migrations=migrations)


CORE = Owner(metadata=tables.metadata, migrations="mentorkit.store.migrations:versions")


def upgrade(engine: sa.Engine, owners: Sequence[Owner] = (CORE,)) -> None:
    """Bring every owner's tables to their newest revision, in this order, each in a transaction."""
    from alembic import command
    from alembic.util import CommandError

    for owner in _with_migrations(owners):
        with _ONE_AT_A_TIME, engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                begin_sqlite(connection)
            elif connection.dialect.name == "postgresql":
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
            try:
                command.upgrade(_config(owner, connection=connection), "head")
                assume(connection, owner.metadata or sa.MetaData())
            except CommandError as error:
                raise MentorKitError(
                    "store.unknown_revision",
                    f"The database of {owner} cannot be brought up to date: {error}. It is newer "
                    "than what is installed, or its migrations have more than one end.",
                ) from error


def check(engine: sa.Engine, owners: Sequence[Owner] = (CORE,)) -> list[str]:
    """Return how the database differs from what the code expects; nothing means all is well."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    found: list[str] = []
    for owner in _with_migrations(owners):
        heads = set(ScriptDirectory.from_config(_config(owner)).get_heads())
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts=owner.options)
            stands = set(context.get_current_heads())
            if stands != heads:
                found.append(
                    f"{owner}: is at {', '.join(sorted(stands)) or 'nothing'}, and should be at "
                    f"{', '.join(sorted(heads))}; run `mentorkit db upgrade`"
                )
            if stands:
                differences = compare_metadata(context, owner.metadata or sa.MetaData())
                found += [f"{owner}: {_told(difference)}" for difference in differences]
    with engine.connect() as connection:
        for name in undeclared(connection, [one.metadata for one in owners if one.metadata]):
            found.append(
                f"{name}: no loaded plugin declares this table, so erasing a person does not reach "
                "it; load its plugin, or drop the table"
            )
    return found


def undeclared(connection: sa.Connection, metadatas: Iterable[sa.MetaData]) -> list[str]:
    """Return the tables named as a plugin's that none of these declares."""
    core = prefix("")
    known = {name for metadata in metadatas for name in metadata.tables}
    found = set(filter(_OURS.match, sa.inspect(connection).get_table_names())) - known
    return sorted(name for name in found if not name.startswith(core) and "__alembic" not in name)


def sql(dialect: str, owners: Sequence[Owner] = (CORE,)) -> str:
    """Return the SQL that makes an empty database of this dialect (sqlite, postgresql)."""
    from alembic import command

    if dialect not in ("sqlite", "postgresql"):
        raise MentorKitError("store.dialect", "Write sqlite or postgresql.", dialect=dialect)
    written = io.StringIO()
    for owner in _with_migrations(owners):
        with _ONE_AT_A_TIME:
            config = _config(owner, dialect=dialect)
            config.output_buffer = written
            command.upgrade(config, "head", sql=True)
    return written.getvalue()


def not_ours(name: str | None, type_: str, parent_names: Any = None) -> bool:
    """Keep a host's autogenerate away from our tables: pass it as ``include_name``."""
    return not (type_ == "table" and _OURS.match(name or ""))


# --------------------------------------------------------------------------- underneath


def folder(owner: Owner) -> Path:
    """Return where an owner's revisions lie; raise `PluginError` when they are not there."""
    module, _, inside = str(owner.migrations).partition(":")
    with suppress(ImportError, AttributeError):
        for place in import_module(module).__path__:
            if (Path(place) / inside).is_dir():
                return Path(place) / inside
    raise PluginError(
        "store.no_migrations",
        f"The migrations of {owner} are not there: {owner.migrations!r} should be "
        "package:folder, and the folder part of what is installed.",
    )


def _with_migrations(owners: Sequence[Owner]) -> list[Owner]:
    return [owner for owner in owners if owner.migrations is not None]


def _config(owner: Owner, **attributes: Any) -> Config:
    from alembic.config import Config

    config = Config()
    places = {
        "script_location": str(Path(__file__).parent / "migrations"),
        "version_locations": str(folder(owner)),
        # Newer versions read the first, older ones the second; either way a path may have blanks.
        "path_separator": "os",
        "version_path_separator": "os",
    }
    for name, value in places.items():
        config.set_main_option(name, value.replace("%", "%%"))
    config.attributes.update(attributes, owner=owner)
    return config


def _told(difference: Any) -> str:
    """Say one of Alembic's differences in a line."""
    if isinstance(difference, list):
        return "; ".join(_told(each) for each in difference)
    kind, *rest = difference
    names = [str(getattr(item, "name", item)) for item in rest if item is not None]
    return f"{kind} {' '.join(names)}"
