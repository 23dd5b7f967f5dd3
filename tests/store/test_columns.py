"""Column types: what goes in comes out the same, and what no database keeps is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.relationships import Reason
from mentorkit.errors import Invalid
from mentorkit.store import Amount, Json, LocalRule, Sum, UtcTime, WallTime, Whole, Words

metadata = sa.MetaData()
samples = sa.Table(
    "samples",
    metadata,
    sa.Column("time", UtcTime()),
    sa.Column("rule", LocalRule()),
    sa.Column("amount", Amount()),
    sa.Column("words", Words(5, "words")),
    sa.Column("prose", Words(None, "prose")),
    sa.Column("whole", Whole("whole")),
    sa.Column("json", Json("json")),
)


def stored(database: Any, **values: Any) -> Any:
    metadata.create_all(database.engine, checkfirst=True)
    with database.engine.begin() as connection:
        connection.execute(sa.delete(samples))
        connection.execute(sa.insert(samples), values)
        row = connection.execute(sa.select(samples)).one()
    return next(value for value in row if value is not None)


@pytest.mark.parametrize(
    ("column", "value", "comes_back"),
    [
        (
            "time",
            datetime(2027, 3, 28, 2, 30, 0, 1, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            datetime(2027, 3, 27, 20, 45, 0, 1, tzinfo=UTC),
        ),
        ("time", datetime(1, 1, 2, tzinfo=UTC), datetime(1, 1, 2, tzinfo=UTC)),
        (
            "rule",
            WallTime("Asia/Kathmandu", datetime(2027, 3, 28, 9)),
            WallTime("Asia/Kathmandu", datetime(2027, 3, 28, 9)),
        ),
        ("amount", Sum(-1250, "KES"), Sum(-1250, "KES")),
        ("words", "été 🌍", "été 🌍"),
        ("prose", "x" * 100_000, "x" * 100_000),
        ("whole", -(2**63) + 1, -(2**63) + 1),
        (
            "json",
            {"z": [1, {"a": None}], "a": 1.5},
            Frozen({"z": (1, Frozen({"a": None})), "a": 1.5}),
        ),
    ],
)
def test_what_goes_in_comes_out(database: Any, column: str, value: Any, comes_back: Any) -> None:
    assert stored(database, **{column: value}) == comes_back


@pytest.mark.parametrize("written", ["2027-03-01 09:00:00", "2027-03-01T14:45:00+05:45"])
def test_a_time_that_something_else_has_written_is_told_in_utc(database: Any, written: str) -> None:
    """As by a column's default: SQLite writes it without a zone, and means UTC."""
    metadata.create_all(database.engine, checkfirst=True)
    with database.engine.begin() as connection:
        connection.execute(sa.delete(samples))
        zone = "" if database.engine.dialect.name == "sqlite" else "SET LOCAL TIME ZONE 'UTC'"
        if zone:
            connection.exec_driver_sql(zone)
        connection.exec_driver_sql(f"INSERT INTO samples (time) VALUES ('{written}')")
        (told,) = connection.execute(sa.select(samples.c.time)).scalars()
    assert told == datetime(2027, 3, 1, 9, tzinfo=UTC)
    assert told.tzinfo is UTC


def test_json_keeps_the_order_in_which_it_was_written(database: Any) -> None:
    assert list(stored(database, json={"z": 1, "a": 2, "m": 3})) == ["z", "a", "m"]


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("time", datetime(2027, 1, 1), "its zone"),
        ("rule", WallTime("Mars/Base", datetime(2027, 1, 1)), "IANA"),
        ("rule", WallTime("UTC", datetime(2027, 1, 1, tzinfo=UTC)), "no offset"),
        ("amount", Sum(1, "shillings"), "ISO 4217"),
        ("amount", Sum(1.5, "KES"), "whole minor units"),
        ("words", "too long", "at most 5"),
        ("words", "a\0b", "NUL"),
        ("words", "\ud800", "surrogate"),
        ("prose", "a\0b", "NUL"),
        ("whole", 2**63, "whole number"),
        ("whole", True, "whole number"),
        ("json", {"a": float("nan")}, "JSON"),
        ("json", {"a": "x\0"}, "NUL"),
        ("json", {"a": "\ud800"}, "JSON"),
        ("json", {"a": object()}, "JSON"),
    ],
)
def test_what_no_database_keeps_is_refused_before_it_gets_there(
    database: Any, column: str, value: Any, says: str
) -> None:
    metadata.create_all(database.engine)
    with (
        database.engine.connect() as connection,
        pytest.raises(Invalid, match=says) as caught,
    ):
        connection.execute(sa.insert(samples), {column: value})
    assert caught.value.code == "store.unstorable"
    assert "samples" not in str(caught.value)


def test_times_sort_as_moments(database: Any) -> None:
    moments = [
        datetime(2027, 1, 1, 0, 0, 0, 0, tzinfo=UTC),
        datetime(2027, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
        datetime(2027, 1, 1, 0, 0, 1, 0, tzinfo=UTC),
        datetime(2027, 1, 1, 3, 0, 0, 0, tzinfo=timezone(timedelta(hours=2))),
    ]
    metadata.create_all(database.engine)
    with database.engine.begin() as connection:
        connection.execute(sa.insert(samples), [{"time": each} for each in reversed(moments)])
        found = list(
            connection.execute(sa.select(samples.c.time).order_by(samples.c.time)).scalars()
        )
    assert found == moments


def test_reasons_come_back_as_reasons(kit: Any, making: Any) -> None:
    reasons = (Reason(code="same_trade", params=Frozen(trade="baker"), points=40), "Both bake")
    with kit.transaction(tenant="acme") as tx:
        make = making(tx)
        added = make.proposal(make.participant(role="mentee"), make.participant(), reasons=reasons)
        assert tx.proposals.get(added.id) == added


def test_a_text_that_comes_again_is_the_same_value_again(kit: Any, making: Any) -> None:
    """What a program is set up with is read at every step, and read out of JSON once."""
    with kit.transaction(tenant="acme") as tx:
        program = making(tx).program()
        tx.definitions.put(program.id, "targets", {"length_days": 90})
    bodies = []
    for _ in range(2):
        with kit.transaction(tenant="acme", write=False) as tx:
            bodies.append(tx.definitions.current(program.id, "targets").body)
    assert bodies[0] is bodies[1]


def test_nothing_else_is_kept_once_it_was_read(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        id = making(tx).participant(profile=Frozen(trade="baker")).id
    profiles = []
    for _ in range(2):
        with kit.transaction(tenant="acme", write=False) as tx:
            profiles.append(tx.participants.get(id).profile)
    assert profiles[0] == profiles[1]
    assert profiles[0] is not profiles[1]
