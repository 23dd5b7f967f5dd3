"""Declarations: a table that does not say what it holds stops the start."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.errors import PluginError
from mentorkit.store import declare, ident, moment, plugin_tables, refers, table, tables, words
from mentorkit.store.declarations import check

KEPT = {"data_class": "activity", "retention": "a year"}


def registry(name: str, metadata: sa.MetaData) -> Any:
    manifest = SimpleNamespace(tables=metadata, migrations=None)
    return SimpleNamespace(
        plugins={name: SimpleNamespace(manifest=manifest, settings={})}, checks={}, reactions={}
    )


def good() -> sa.MetaData:
    metadata = plugin_tables("diary")
    table(
        metadata,
        "entry",
        ident("person_id"),
        words("text", 500, personal=True),
        moment("at"),
        refers("person_id", tables.person, ondelete="CASCADE"),
        info=declare(subject="person_id", erase="delete", **KEPT),
    )
    return metadata


def test_a_plugins_table_stands_beside_the_cores(create_kit: Any, database: Any) -> None:
    kit = create_kit(registry=registry("diary", good()))
    with database.engine.connect() as connection:
        assert "mk_diary__entry" in sa.inspect(connection).get_table_names()
    assert [owner.version_table for owner in kit.owners] == ["mk__alembic", "mk_diary__alembic"]


def undeclared(metadata: sa.MetaData) -> None:
    sa.Table("mk_diary__x", metadata, ident("tenant"), ident("id"))


def without_tenant(metadata: sa.MetaData) -> None:
    sa.Table("mk_diary__x", metadata, ident("id"), info=declare(**KEPT))


def tenant_not_leading(metadata: sa.MetaData) -> None:
    sa.Table(
        "mk_diary__x",
        metadata,
        ident("tenant"),
        ident("id"),
        sa.PrimaryKeyConstraint("id", "tenant"),
        info=declare(**KEPT),
    )


def wrong_prefix(metadata: sa.MetaData) -> None:
    sa.Table(
        "diary_x",
        metadata,
        ident("tenant"),
        sa.PrimaryKeyConstraint("tenant"),
        info=declare(**KEPT),
    )


def bare_types(metadata: sa.MetaData) -> None:
    columns = (sa.DateTime(), sa.Numeric(), sa.Float(), sa.Date(), sa.TIMESTAMP(), sa.DECIMAL())
    made = [sa.Column(f"c{n}", kind) for n, kind in enumerate(columns)]
    table(metadata, "x", *made, info=declare(**KEPT))


def personal_but_kept(metadata: sa.MetaData) -> None:
    table(
        metadata,
        "x",
        ident("person_id"),
        words("text", 10, personal=True),
        info=declare(subject="person_id", **KEPT),
    )


def nobodys(metadata: sa.MetaData) -> None:
    table(metadata, "x", words("text", 10), info=declare(erase="delete", **KEPT))


def subject_nowhere(metadata: sa.MetaData) -> None:
    table(metadata, "x", info=declare(subject=("who", "id->nothing", "id->member.nope"), **KEPT))


def erases_nowhere(metadata: sa.MetaData) -> None:
    table(metadata, "x", info=declare(subject="id", export=("a",), erase={"b": ""}, **KEPT))


def kept_for_ever(metadata: sa.MetaData) -> None:
    table(metadata, "x", info=declare(data_class="activity", retention=" "))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (undeclared, "declare it"),
        (without_tenant, "give it a column 'tenant'"),
        (tenant_not_leading, "let the tenant lead"),
        (wrong_prefix, "begin its name with mk_diary__"),
        (bare_types, "use UtcTime"),
        (personal_but_kept, "text are personal"),
        (nobodys, "say whose data"),
        (subject_nowhere, "'id->member.nope' names no column"),
        (erases_nowhere, "'b', which is no column"),
        (kept_for_ever, "how long a row is kept"),
    ],
)
def test_what_is_not_declared_stops_the_start_and_is_not_even_created(
    kit: Any, make: Any, says: str
) -> None:
    metadata = plugin_tables("diary")
    make(metadata)
    with pytest.raises(PluginError, match=says) as caught:
        type(kit)(sessions=kit.sessions, registry=registry("diary", metadata))
    assert caught.value.code == "store.undeclared"
    assert "plugin diary" in str(caught.value)
    with pytest.raises(PluginError, match=says):
        metadata.create_all(kit.engine)


def test_every_problem_is_named_at_once() -> None:
    metadata = plugin_tables("diary")
    for make in (undeclared, bare_types):
        make(plugin := plugin_tables("diary"))
        for each in plugin.tables.values():
            each.to_metadata(metadata, name=f"{each.name}_{make.__name__}")
    with pytest.raises(PluginError) as caught:
        check({"": tables.metadata, "diary": metadata})
    assert len(caught.value.problems) == 7


def test_all_six_bare_types_are_found() -> None:
    metadata = plugin_tables("diary")
    bare_types(metadata)
    with pytest.raises(PluginError) as caught:
        check({"diary": metadata})
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize("name", ["", "Diary", "a__b", "a-b", "_a", "a_"])
def test_a_plugins_name_makes_a_prefix_that_cannot_be_mistaken(name: str) -> None:
    with pytest.raises(PluginError):
        plugin_tables(name)


def test_tables_that_are_none_are_refused(kit: Any) -> None:
    with pytest.raises(PluginError, match="no MetaData"):
        type(kit)(sessions=kit.sessions, registry=registry("diary", object()))  # type: ignore[arg-type]
