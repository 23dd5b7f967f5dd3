"""A roster kept in a file that all processes of a machine map: read once, then only caught up.

The file begins with `MAGIC`, the length of the header and its checksum; the header (JSON) says
what the file is of, what was marked when it was read, and where each array stands; the arrays
follow, each at a multiple of 64 bytes. A file is never changed: another takes its place under the
same name. What is damaged, cut short, somebody else's or of another format is not used.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import struct
import tempfile
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import freeze, thaw
from mentorkit.matching.binding import BoundStrategy
from mentorkit.matching.columns import Bits, Coded, Column, narrow
from mentorkit.matching.roster import CODED, NUMBERS, Given, Roster
from mentorkit.matching.scan import explains

MAGIC = b"MKPOOL\r\n"
FORMAT = 2
HEAD = struct.Struct("<8sQI")
ALIGNED = 64
KEPT = 16
"""So many rosters a process holds at once; who asks for another lets go the one longest unused."""
FEW = 1000
"""Up to so many changed people are read again one by one; more, and all are read again."""
SHARE = 20
"""When one in so many has changed since the file was written, it is written again."""
ABANDONED = 3600.0
"""Nobody writes so many seconds."""
TEXTS = ("ids", "persons", "keys")

Mark = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a roster comes from: each is asked in the same transaction.

    That one only reads: what is taken back later must never be kept. `mark` differs after any
    change of anybody, `versions` has a number for each person that does, and `read` gives all, or
    those of some ids.
    """

    mark: Callable[[], Mark]
    versions: Callable[[], Mapping[str, int]]
    read: Callable[[Sequence[str] | None], Given]


@dataclass(frozen=True, eq=False)
class _Held:
    roster: Roster
    mark: Mark
    changed: int = 0
    """How many have changed since the file was written."""


class PoolFiles:
    """The rosters of a folder, by what they are of (tenant and program). Safe to share by threads.

    Names are left out of the files; answers, birth years and ids are in them, so that only the
    owner may read or write there.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def path(self, *of: str) -> Path:
        """Return where the roster of this tenant and program is kept."""
        return self.folder / f"{hashlib.sha256(json.dumps(of).encode()).hexdigest()[:32]}.pool"

    def roster(
        self, of: tuple[str, ...], names: Sequence[str], fields: Mapping[str, Field], source: Source
    ) -> Roster:
        """Return everybody as they are now, with these answers: kept, caught up, or read anew."""
        about, path = json.dumps([of, sorted(names)]), self.path(*of)
        with self._alone(path):
            now = source.mark()  # before anything is read: what comes later is seen the next time
            held = self._held.get(about)
            if held is None or held.mark != now:  # another process may have written it since
                held = _load(path, about, now) or held or _load(path, about)
            if held is None or held.mark != now:
                held = self._renewed(held, now, fields, source, path, about)
            with self._lock:
                self._held[about] = held
                self._held.move_to_end(about)
                while len(self._held) > KEPT:
                    self._held.popitem(last=False)
            return held.roster

    def forget(self, *of: str) -> None:
        """Delete the file of this tenant and program, and what is held of it here."""
        path = self.path(*of)
        with self._alone(path):  # who is reading now would write the file again
            with self._lock:
                for about in [one for one in self._held if json.loads(one)[0] == list(of)]:
                    del self._held[about]
            path.unlink(missing_ok=True)
            _sweep(path, 0)

    def _alone(self, path: Path) -> threading.Lock:
        """Return the lock of a program's file, for whoever reads or deletes it in this process."""
        with self._lock:
            return self._locks.setdefault(path.name, threading.Lock())

    def _renewed(
        self, held: _Held | None, now: Mark, fields: Mapping[str, Field], source: Source,
        path: Path, about: str,
    ) -> _Held:  # fmt: skip
        if held is not None:
            before = dict(zip(held.roster.ids, held.roster.version.tolist(), strict=True))
            there = source.versions()
            gone = before.keys() - there.keys()
            other = [id for id, version in there.items() if before.get(id) != version]
            if len(other) <= FEW:
                fresh = Roster.of(source.read(other), fields).unnamed()
                # Whoever has come or gone between the two questions is seen the next time.
                roster = held.roster.changed(gone, fresh) if gone or other else held.roster
                changed = held.changed + len(other)
                # Nothing of somebody who has left stays in the file.
                if not gone and changed * SHARE <= len(roster):
                    return _Held(roster, now, changed)
                return self._saved(roster, now, path, about)
        return self._saved(Roster.of(source.read(None), fields).unnamed(), now, path, about)

    def _saved(self, roster: Roster, now: Mark, path: Path, about: str) -> _Held:
        with suppress(OSError):  # no room, or no right to write: it goes on from memory
            save(path, about, now, roster)
            # What another process has put there since may be of an earlier moment than ours.
            return _load(path, about, now) or _Held(roster, now)
        return _Held(roster, now)


@cache
def files_in(folder: str) -> PoolFiles:
    """Return the one `PoolFiles` of a folder in this process."""
    return PoolFiles(folder)


def names_for(bound: BoundStrategy) -> tuple[str, ...]:
    """Return the fields that a strategy reads; all of them, where a plugin's own code looks."""
    levels = {*(one.level for one in bound.rules), *(one.level for one in bound.criteria)}
    said = any(explains(one.rule) for one in bound.rules)
    said = said or any(explains(one.criterion) for one in bound.criteria)
    return tuple(bound.fields) if said or levels - {"declared"} else bound.needs


# --------------------------------------------------------------------------- the file


def save(path: Path, about: str, mark: Mark, roster: Roster) -> None:
    """Write a roster, so that whoever opens `path` finds the old file or the whole new one."""
    arrays: dict[str, NDArray[Any]] = {name: narrow(getattr(roster, name)) for name in NUMBERS}
    arrays |= {name: _bytes(list(getattr(roster, name))) for name in TEXTS}
    kinds = {}
    columns = {**{f"={n}": getattr(roster, n) for n in CODED}, **roster.columns}
    for name, column in columns.items():
        kinds[name] = "bits" if isinstance(column, Bits) else "coded"
        if isinstance(column, Bits):
            arrays[f"{name}/words"] = column.words
            arrays[f"{name}/options"] = _bytes(column.options)
        else:
            used, codes = np.unique(column.codes, return_inverse=True)
            used, codes = used[used >= 0], codes.reshape(-1) - int((used < 0).any())
            arrays[f"{name}/codes"] = narrow(codes)
            arrays[f"{name}/options"] = _bytes([thaw(column.answers[at]) for at in used.tolist()])
    places, at, crc = {}, 0, 0
    body = []
    for name, array in arrays.items():
        octets = np.ascontiguousarray(array).tobytes()
        octets += bytes(-len(octets) % ALIGNED)
        places[name] = [array.dtype.str, array.shape, at]
        at, crc = at + len(octets), zlib.crc32(octets, crc)
        body.append(octets)
    told = {
        "format": FORMAT, "about": about, "mark": mark, "people": len(roster),
        "arrays": places, "columns": kinds, "size": at, "crc": crc,
    }  # fmt: skip
    header = json.dumps(told).encode()
    header += b" " * (-(HEAD.size + len(header)) % ALIGNED)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(path, ABANDONED)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}", suffix=".new")  # 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(HEAD.pack(MAGIC, len(header), zlib.crc32(header)))
            file.write(header)
            file.writelines(body)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


def _sweep(path: Path, seconds: float) -> None:
    """Delete what was left half written so long ago, by a process that was killed."""
    for stray in path.parent.glob(f".{path.stem}*.new"):
        with suppress(OSError):
            if stray.stat().st_mtime <= time.time() - seconds:
                stray.unlink()


def _load(path: Path, about: str, mark: Mark | None = None) -> _Held | None:
    """Return what a file holds; None where there is none that is whole, ours, and about this.

    With a `mark`, it must be of that.
    """
    try:
        return _read(path, about, mark)
    except (OSError, ValueError, KeyError, TypeError, IndexError, struct.error, RecursionError):
        return None


def _read(path: Path, about: str, mark: Mark | None) -> _Held | None:
    with path.open("rb") as file:
        state = os.fstat(file.fileno())
        if hasattr(os, "getuid") and (state.st_uid != os.getuid() or state.st_mode & 0o077):
            return None
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    magic, length, crc = HEAD.unpack_from(mapped)
    start = HEAD.size + length
    if magic != MAGIC or start > len(mapped) or zlib.crc32(mapped[HEAD.size : start]) != crc:
        return None
    told = json.loads(mapped[HEAD.size : start])
    if told["format"] != FORMAT or told["about"] != about or told["size"] != len(mapped) - start:
        return None
    if mark is not None and tuple(told["mark"]) != mark:
        return None
    with memoryview(mapped) as whole, whole[start:] as body:
        if zlib.crc32(body) != told["crc"]:
            return None

    def array(name: str) -> NDArray[Any]:
        kind, shape, at = told["arrays"][name]
        count = int(np.prod(shape, dtype=np.int64))
        return np.frombuffer(mapped, np.dtype(kind), count, start + at).reshape(shape)

    def column(name: str) -> Column:
        answers = [freeze(one) for one in json.loads(array(f"{name}/options").tobytes())]
        if told["columns"][name] == "bits":
            return Bits(array(f"{name}/words"), answers)
        return Coded(array(f"{name}/codes"), answers)

    made: dict[str, Any] = {name: json.loads(array(name).tobytes()) for name in TEXTS}
    made |= {name: array(name) for name in NUMBERS} | {name: column(f"={name}") for name in CODED}
    made["columns"] = {name: column(name) for name in told["columns"] if name[:1] != "="}
    return _Held(Roster(**made, names=[]), tuple(told["mark"]))


def _bytes(values: list[Any]) -> NDArray[np.uint8]:
    return np.frombuffer(json.dumps(values, ensure_ascii=False).encode(), np.uint8)
