"""Matching on several workers: the same answers in the same order, whoever is killed meanwhile."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asked
import pytest
from conftest import Broker, working
from mentorkit_celery import install
from mentorkit_celery.storage import Folder, Redis, Storage, storage_at
from test_celery_runners import OnCelery

from mentorkit.errors import SettingsError
from mentorkit.matching import sent
from mentorkit.testing.product import Product
from mentorkit.testing.trial import kill, until

MENTEES, PARTS = 40, 8


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sent.ASKED, "value", asked.value_of_shard)  # type: ignore[arg-type]


@pytest.fixture(params=["redis", "folder"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "folder":
        return str(tmp_path / "shards")
    return str(request.getfixturevalue("redis").url)


@pytest.fixture
def storage(place: str) -> Storage:
    return storage_at(place, f"mk-test-{uuid4().hex[:12]}")


@pytest.fixture
def create_runner(redis: Broker, tmp_path: Path) -> Callable[..., Any]:
    """Return a factory of runners on Redis, whose arrays lie in a folder."""

    def create(**how: Any) -> Any:
        kit = SimpleNamespace(bells=[], map_shards=None)
        how = {"prefix": f"{redis.prefix}.m", "shards": tmp_path / "shards", **how}
        return install(redis.app(), kit, **how)  # type: ignore[arg-type]

    return create


def left_in(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir()) if folder.exists() else []


@pytest.fixture
def worked_for(create_runner: Any) -> Iterator[Any]:
    """A runner that a worker in this process answers."""
    runner = create_runner()
    with working(runner.app, runner.queues):
        yield runner


def test_workers_answer_and_nothing_is_left_behind(worked_for: Any, tmp_path: Path) -> None:
    given: list[int] = []
    answer = worked_for.sharing.answer
    worked_for.sharing.answer = lambda call, at: (given.append(at), answer(call, at))
    shards = asked.shards(MENTEES, PARTS)
    found = list(worked_for.kit.map_shards(asked.value_of_shard, shards))
    assert asked.joined(found) == asked.right(MENTEES)
    assert sorted(given) == list(range(PARTS))
    assert left_in(tmp_path / "shards") == []


def test_a_message_that_comes_twice_or_too_late_is_answered_once(
    worked_for: Any, tmp_path: Path
) -> None:
    call, storage = uuid4().hex, worked_for.sharing.storage
    (shard,) = asked.shards(3, 1)
    storage.put(f"{call}.tape", sent.pack_tape(shard.tape))
    storage.put(f"{call}.0", sent.pack_shard("value", shard))
    worked_for.sharing.answer(call, 0)
    first = storage.get(f"{call}.0.done")
    storage.put(f"{call}.0.done", b"kept")
    worked_for.sharing.answer(call, 0)
    assert first
    assert storage.get(f"{call}.0.done") == b"kept"
    storage.drop([f"{call}.tape", f"{call}.0", f"{call}.0.done"])
    worked_for.sharing.answer(call, 0)
    assert left_in(tmp_path / "shards") == []


def test_where_no_worker_answers_it_goes_on_here(
    create_runner: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("WARNING", logger="mentorkit.plugin.celery")  # a worker before us raised it
    runner = create_runner(patience=0.1, prefix=f"mk-test-{uuid4().hex[:12]}.none")
    for _ in range(2):
        found = list(runner.kit.map_shards(asked.value_of_shard, asked.shards(MENTEES, PARTS)))
        assert asked.joined(found) == asked.right(MENTEES)
    assert caplog.text.count("No worker answers for matching") == 1, "the second asks nobody"


def test_where_the_broker_is_away_it_goes_on_here(tmp_path: Path) -> None:
    from celery import Celery

    app = Celery("away", broker="redis://127.0.0.1:1/0", set_as_current=False)
    kit: Any = SimpleNamespace(bells=[], map_shards=None)
    install(app, kit, shards=tmp_path)
    found = list(kit.map_shards(asked.value_of_shard, asked.shards(MENTEES, PARTS)))
    assert asked.joined(found) == asked.right(MENTEES)
    assert left_in(tmp_path) == []


def test_a_worker_that_cannot_says_so_and_it_goes_on_here(
    worked_for: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unable(tape: Any, packed: bytes) -> bytes:
        raise ImportError("no numba here")

    monkeypatch.setattr(sent, "answer", unable)
    found = list(worked_for.kit.map_shards(asked.value_of_shard, asked.shards(MENTEES, PARTS)))
    assert asked.joined(found) == asked.right(MENTEES)


def test_whoever_stops_asking_leaves_nothing_behind(worked_for: Any, tmp_path: Path) -> None:
    answers = iter(worked_for.kit.map_shards(asked.value_of_shard, asked.shards(MENTEES, PARTS)))
    next(answers)
    answers.close()
    until(lambda: not [name for name in left_in(tmp_path / "shards") if "done" not in name])


def test_what_cannot_be_asked_by_name_is_asked_here(create_runner: Any) -> None:
    runner = create_runner()
    shards = asked.shards(MENTEES, PARTS)
    found = list(runner.kit.map_shards(lambda shard: len(shard.mentees), shards))
    assert found == [MENTEES // PARTS] * PARTS


def test_a_worker_that_is_killed_in_the_middle_changes_nothing(
    redis: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the process that works, whose shard comes back; then all of the worker."""
    running, notes = OnCelery(redis), tmp_path / "notes"
    notes.mkdir()
    product = Product(str(tmp_path / "product.db"), tmp_path)
    product.kit.upgrade()
    told = {"prefix": f"{redis.prefix}.p", "shards": str(tmp_path / "shards")}
    environment = running.environment_of(**told) | product.environment | {asked.FOLDER: str(notes)}
    process = running.begin(environment, tmp_path)
    try:
        runner = install(running.app, product.kit, patience=3.0, **told)
        found: list[Any] = []
        shards = asked.shards(60, 12)

        def ask() -> None:
            found.extend(product.kit.map_shards(asked.value_of_shard, shards))

        runner.sharing.patience = 60.0  # until the worker is there
        asking = threading.Thread(target=ask)
        asking.start()
        until(lambda: len(left_in(notes)) >= 2)
        at_work = int(left_in(notes)[0].partition("-")[0])
        os.kill(at_work, signal.SIGKILL)
        until(lambda: {one.partition("-")[0] for one in left_in(notes)} > {str(at_work)})
        kill(process)
        runner.sharing.patience = 1.0
        asking.join(60)
        assert asked.joined(found) == asked.right(60)
        assert left_in(tmp_path / "shards") == []
    finally:
        with suppress(ProcessLookupError):
            kill(process)
        product.close()


# ---------------------------------------------------------------------- where arrays lie


def test_what_is_put_is_there_until_it_is_dropped(storage: Storage) -> None:
    call = uuid4().hex
    keys = [f"{call}.{at}" for at in range(3)]
    assert storage.get(keys[0]) is None
    for key in keys[:2]:
        storage.put(key, key.encode())
    assert storage.there(keys) == set(keys[:2])
    assert storage.get(keys[1]) == keys[1].encode()
    storage.drop(keys)
    assert storage.there(keys) == set()


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "a/b", f"{'0' * 32}.../x", "0" * 32])
def test_a_message_names_no_file_but_ours(storage: Storage, key: str) -> None:
    with pytest.raises(ValueError, match="no key"):
        storage.get(key)


def test_files_are_for_their_owner_alone_and_old_ones_go(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "shards")
    call = uuid4().hex
    folder.put(f"{call}.0", b"x")
    (file,) = folder.path.iterdir()
    assert (file.stat().st_mode & 0o777, folder.path.stat().st_mode & 0o777) == (0o600, 0o700)
    os.utime(file, (0, 0))
    Folder(folder.path).put(f"{call}.1", b"y")
    assert left_in(folder.path) == [f"{call}.1"]


def test_no_code_is_read_from_where_arrays_lie(worked_for: Any) -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return os.abort, ()

    call, storage = uuid4().hex, worked_for.sharing.storage
    (shard,) = asked.shards(3, 1)
    storage.put(f"{call}.tape", sent.pack_tape(shard.tape))
    storage.put(f"{call}.0", pickle.dumps(Evil()))
    worked_for.sharing.answer(call, 0)
    assert storage.get(f"{call}.0.done") == b""


def test_a_place_that_is_none_is_refused(tmp_path: Path) -> None:
    assert isinstance(storage_at("redis://127.0.0.1:6379/0", "p"), Redis)
    assert isinstance(storage_at(tmp_path, "p"), Folder)
    with pytest.raises(SettingsError, match="no such storage"):
        storage_at("s3://bucket", "p")
