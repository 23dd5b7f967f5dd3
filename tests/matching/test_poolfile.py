"""Kept rosters: mapped from a file, caught up row by row, and never trusted when damaged."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.domain.frozen import Frozen
from mentorkit.hooks import Criterion
from mentorkit.hooks.forms import Equal
from mentorkit.matching import Recommender, bind, poolfile, roster
from mentorkit.matching.columns import Bits
from mentorkit.matching.poolfile import PoolFiles, Source, files_in, names_for
from tests.matching.rosters import NAMES, One, as_given, change, draw_people, pool_of
from tests.matching.samples import create_fields, create_registry, create_strategy, draw_wide_case
from tests.matching.test_roster import contents

OF = ("acme", "traders")
CASE = draw_wide_case(1)


@pytest.fixture(autouse=True, scope="module")
def _bits_of_few_answers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roster, "MANY_ANSWERS", 3)
        yield


class Store:
    """The people of a program, and how often they were read, whole or in part."""

    def __init__(self, people: list[One]) -> None:
        self.people, self.read = people, list[int | None]()

    @property
    def source(self) -> Source:
        def read(ids: Sequence[str] | None) -> Any:
            self.read.append(None if ids is None else len(ids))
            return as_given(one for one in self.people if ids is None or one.id in ids)

        return Source(
            mark=lambda: (len(self.people), sum(one.version for one in self.people), self.left),
            versions=lambda: {one.id: one.version for one in self.people},
            read=read,
        )

    left = 0

    def change(self, random: Random) -> None:
        """Change some; the mark is another each time, as that of a whole program is."""
        self.people = change(random, self.people)
        self.left += 1000


def now(files: PoolFiles, store: Store) -> Any:
    """Return all that the kept roster holds."""
    found = files.roster(OF, NAMES, CASE.fields, store.source)
    return contents(pool_of(found, CASE.fields))


def anew(store: Store) -> Any:
    made = roster.Roster.of(as_given(store.people), CASE.fields).unnamed()
    return contents(pool_of(made, CASE.fields))


@pytest.fixture
def store() -> Store:
    return Store(draw_people(Random(5), 60))


def test_what_is_kept_is_read_from_the_file_by_others(store: Store, tmp_path: Path) -> None:
    first, second = PoolFiles(tmp_path), PoolFiles(tmp_path)
    assert now(first, store) == now(second, store) == now(first, store) == anew(store)
    assert store.read == [None]
    found = second.roster(OF, NAMES, CASE.fields, store.source)
    assert {type(column) for column in found.columns.values()} >= {Bits}
    assert not any(column.codes.flags.writeable for column in (found.role, found.cohort))


def test_only_whoever_changed_is_read_again(store: Store, tmp_path: Path) -> None:
    files = PoolFiles(tmp_path)
    now(files, store)
    store.people[3] = replace(store.people[3], capacity=9, version=3)
    store.people.append(One("new", "pnew", "mentor", key="k00", profile=Frozen(trade="t1")))
    assert now(files, store) == anew(store)
    assert now(PoolFiles(tmp_path), store) == anew(store)
    assert store.read[:2] == [None, 2]


@settings(max_examples=40)
@given(st.integers(0, 2**32))
def test_after_any_changes_it_is_as_one_read_anew(seed: int) -> None:
    with TemporaryDirectory() as folder:
        walk_through_changes(Random(seed), folder)


def walk_through_changes(random: Random, folder: str) -> None:
    store, files = Store(draw_people(random)), [PoolFiles(folder), PoolFiles(folder)]
    bound = bind(CASE.strategy, create_registry(), CASE.fields)
    for _ in range(random.randint(1, 6)):
        one = random.choice(files)
        assert now(one, store) == anew(store)
        store.change(random)
    found = files[0].roster(OF, NAMES, CASE.fields, store.source)
    pools = [
        pool_of(one, CASE.fields)
        for one in (found, roster.Roster.of(as_given(store.people), CASE.fields))
    ]
    mine, theirs = (Recommender(pool, bound) for pool in pools)
    for id in pools[0].mentees.ids:
        assert mine.best(id, 5) == theirs.best(id, 5)


def test_nothing_of_who_is_gone_stays_in_the_file_and_no_name_is_ever_there(
    store: Store, tmp_path: Path
) -> None:
    gone = replace(
        store.people[0], key="gone-key", profile=Frozen(city="Gone City", skills=("gone skill",))
    )
    store.people[0] = gone
    files = PoolFiles(tmp_path)
    now(files, store)
    before = files.path(*OF).read_bytes()
    assert all(word in before for word in (b"gone-key", b"Gone City", b"gone skill"))
    assert b"Person " not in before
    del store.people[0]
    assert now(files, store) == anew(store)
    after = files.path(*OF).read_bytes()
    for word in (gone.id, gone.person, "gone-key", "Gone City", "gone skill"):
        assert f'"{word}"'.encode() not in after


def test_when_many_have_changed_all_are_read_and_the_file_is_written_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = PoolFiles(tmp_path)
    now(files, store)
    written = files.path(*OF).stat().st_ino
    store.people[1] = replace(store.people[1], version=3)
    now(files, store)
    assert files.path(*OF).stat().st_ino == written
    store.people[2:12] = [replace(one, version=3) for one in store.people[2:12]]
    now(files, store)
    assert files.path(*OF).stat().st_ino != written
    monkeypatch.setattr(poolfile, "FEW", 3)
    store.people[:] = [replace(one, version=4) for one in store.people]
    assert now(files, store) == anew(store)
    assert store.read == [None, 1, 10, None]


def test_a_file_that_is_damaged_or_cut_short_is_not_used(store: Store, tmp_path: Path) -> None:
    files = PoolFiles(tmp_path)
    expected = now(files, store)
    whole, path = files.path(*OF).read_bytes(), files.path(*OF)
    random = Random(3)
    flipped = [*range(40), *(random.randrange(len(whole)) for _ in range(60))]
    bad = [whole[:at] + bytes([whole[at] ^ 0x41]) + whole[at + 1 :] for at in flipped]
    bad += [whole[: random.randrange(len(whole))] for _ in range(30)]
    bad += [b"", b"MKPOOL\r\n", whole + bytes(64), b"not a pool at all" * 100]
    for one in bad:
        path.write_bytes(one)
        os.chmod(path, 0o600)
        store.read.clear()
        assert now(PoolFiles(tmp_path), store) == expected
        assert store.read == [None] or one == whole
        assert path.read_bytes() == whole or len(path.read_bytes()) == len(whole)


def test_a_file_of_others_or_about_something_else_is_not_used(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = PoolFiles(tmp_path)
    expected, path = now(files, store), files.path(*OF)
    os.chmod(path, 0o644)
    assert now(PoolFiles(tmp_path), store) == expected
    os.replace(path, files.path("acme", "other"))
    found = PoolFiles(tmp_path).roster(("acme", "other"), NAMES, CASE.fields, store.source)
    assert list(found.ids) == [one for one in found.ids if one in {p.id for p in store.people}]
    assert store.read == [None] * 3
    PoolFiles(tmp_path).roster(OF, NAMES[:2], CASE.fields, store.source)
    monkeypatch.setattr(poolfile, "FORMAT", 2)
    now(PoolFiles(tmp_path), store)
    assert store.read == [None] * 5


def test_only_the_owner_may_read_it(store: Store, tmp_path: Path) -> None:
    files = PoolFiles(tmp_path / "pools")
    now(files, store)
    assert stat.S_IMODE((tmp_path / "pools").stat().st_mode) == 0o700
    assert stat.S_IMODE(files.path(*OF).stat().st_mode) == 0o600
    assert [one.name for one in (tmp_path / "pools").iterdir()] == [files.path(*OF).name]


def test_where_nothing_can_be_written_it_goes_on_from_memory(store: Store, tmp_path: Path) -> None:
    (tmp_path / "pools").write_text("a file stands where the folder should")
    files = PoolFiles(tmp_path / "pools")
    assert now(files, store) == now(files, store) == anew(store)
    assert store.read == [None]


def test_what_cannot_be_written_leaves_the_file_that_was_there(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = PoolFiles(tmp_path)
    now(files, store)
    whole = files.path(*OF).read_bytes()

    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(poolfile.os, "replace", full)
    del store.people[0]
    assert now(files, store) == anew(store)
    assert [one.read_bytes() for one in tmp_path.iterdir()] == [whole]


def test_what_a_killed_process_left_half_written_goes(store: Store, tmp_path: Path) -> None:
    files = PoolFiles(tmp_path)
    now(files, store)
    path = files.path(*OF)
    old, new = (tmp_path / f".{path.stem}{name}.new" for name in ("old", "new"))
    for one, age in ((old, 7200), (new, 5)):
        one.write_bytes(b"half")
        os.utime(one, (time.time() - age,) * 2)
    del store.people[0]
    now(files, store)
    assert {one.name for one in tmp_path.iterdir()} == {path.name, new.name}
    files.forget(*OF)
    assert not list(tmp_path.iterdir())


def test_a_forgotten_program_leaves_no_file(store: Store, tmp_path: Path) -> None:
    files = files_in(str(tmp_path))
    now(files, store)
    files.forget(*OF)
    files.forget("acme", "never there")
    assert not list(tmp_path.iterdir())
    now(files, store)
    assert store.read == [None, None]


def test_threads_that_ask_at_once_read_once(store: Store, tmp_path: Path) -> None:
    files = PoolFiles(tmp_path)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: now(files, store), range(8)))
    assert all(one == found[0] for one in found)
    assert store.read == [None]


def test_what_another_process_writes_at_the_same_time_is_not_taken_for_ours(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, save = PoolFiles(tmp_path), poolfile.save
    late = Store(store.people[:1] + store.people[2:])  # another moment, in which others are there
    late.left = 1
    del store.people[0]

    def overtaken(*given: Any) -> None:
        save(*given)
        monkeypatch.setattr(poolfile, "save", save)
        now(PoolFiles(tmp_path), late)

    monkeypatch.setattr(poolfile, "save", overtaken)
    assert now(files, store) == anew(store)
    assert now(files, store) == anew(store) == now(PoolFiles(tmp_path), store)


def test_only_some_programs_are_held_at_once(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(poolfile, "KEPT", 2)
    files = PoolFiles(tmp_path)
    for program in ("a", "b", "c", "a"):
        files.roster(("acme", program), NAMES, CASE.fields, store.source)
    assert [json.loads(one)[0][1] for one in files._held] == ["c", "a"]
    assert store.read == [None] * 3


def test_the_fields_that_a_strategy_reads_are_kept_and_all_where_a_plugin_looks_itself() -> None:
    class Telling(Criterion):
        name = "telling"
        declared = Equal(field="industry")

        def explain(self, mentee: Any, mentor: Any, value: float) -> str:
            return f"both are in {mentee['sector']}"

    fields = create_fields()
    plain = bind(create_strategy(), create_registry(), fields)
    assert names_for(plain) == ("industry",)
    own = create_strategy([{"criterion": "telling"}])
    assert names_for(bind(own, create_registry(Telling()), fields)) == tuple(fields)
