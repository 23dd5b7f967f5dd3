"""Kept: a rehearsal that goes on from one request to the next, in a folder of its own.

In it lie the stage, and a file with how far it is and who got what. Nothing of it stands in the
kit's database, so to clear it is to delete the folder.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import new as hmac
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mentorkit import hypertext
from mentorkit.domain.messages import Button
from mentorkit.errors import Conflict, NotFound
from mentorkit_rehearse.stage import Got

if TYPE_CHECKING:
    from mentorkit.kit import Kit

UNTOUCHED = timedelta(days=2)
"""After how long a rehearsal is cleared that nobody moves on."""
STAGE, LIST, TURN = "rehearsal.db", "list.db", "turn.db"
OURS = "mentorkit-rehearsals"
"""The folder in the deployer's, in which all is ours: nothing outside it is ever touched."""
_NAME = re.compile("[0-9a-f]{40}")
_OF_ONE = re.compile(rf"(new-)?({STAGE}|{LIST}|{TURN})(-journal|-wal|-shm|\.turn)?")
_TABLES = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE got (
    number INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, name TEXT NOT NULL,
    template TEXT NOT NULL, subject TEXT NOT NULL, message TEXT NOT NULL
);
CREATE INDEX got_person ON got (person, number);
"""


class Kept:
    """One rehearsal's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def stage(self) -> Path:
        return self.folder / STAGE

    def begin(self) -> None:
        """Make the folder, again where who clears another's takes those above away meanwhile."""
        while not self.folder.is_dir():
            with suppress(FileNotFoundError):
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def facts(self) -> dict[str, Any] | None:
        """Return how far it is; None where none was begun, or not to the end."""
        if not (self.folder / LIST).is_file():
            return None
        with closing(self._list()) as kept:
            return {name: json.loads(value) for name, value in kept.execute("SELECT * FROM fact")}

    def make(self, facts: Mapping[str, Any]) -> None:
        """Make the list: with it the rehearsal is there."""
        path = self.folder / f"new-{LIST}"
        with closing(sqlite3.connect(path)) as kept, kept:
            kept.executescript(_TABLES)
            _put(kept, facts)
        path.replace(self.folder / LIST)

    def add(self, got: Sequence[Got], facts: Mapping[str, Any]) -> None:
        """Note what people got, and how far it is, in one."""
        rows = [
            (one.at.isoformat(), one.person_id, one.name, one.template, one.subject, _told(one))
            for one in got
        ]
        with closing(self._list()) as kept, kept:
            kept.executemany(
                "INSERT INTO got (at, person, name, template, subject, message) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                rows,
            )
            _put(kept, facts)

    def rows(
        self, *, person: str | None = None, before: int | None = None, limit: int = 50
    ) -> list[dict[str, Any]]:
        """Return messages, the last first: number, at, person, name, template and subject."""
        fits, values = _fits(person)
        if before is not None:
            fits, values = f"{fits} AND number < ?", [*values, before]
        return self._rows(
            f"SELECT number, at, person, name, template, subject FROM got WHERE {fits} "
            "ORDER BY number DESC LIMIT ?",
            *values,
            limit,
        )

    def count(self, person: str | None = None) -> int:
        """Return how many messages there are, in all or to one person."""
        fits, values = _fits(person)
        (row,) = self._rows(f"SELECT count(*) AS count FROM got WHERE {fits}", *values)
        return int(row["count"])

    def readers(self) -> list[dict[str, Any]]:
        """Return who got any, by name: person, name and count."""
        return self._rows(
            "SELECT person, name, count(*) AS count FROM got GROUP BY person ORDER BY name, person"
        )

    def message(self, number: int) -> dict[str, Any]:
        """Return one message whole. Raises NotFound."""
        found = self._rows("SELECT * FROM got WHERE number = ?", number)
        if not found:
            raise NotFound("rehearsal.message", "There is no such message in this rehearsal.")
        (row,) = found
        said = json.loads(row.pop("message"))
        buttons = [Button(**one) for one in said.pop("buttons")]
        blocks = [asdict(each) for each in hypertext.blocks(said["body"], buttons)]
        return {**row, **said, "blocks": blocks}

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let one at a time work on it. Raises Conflict while another does, NotFound for none."""
        try:
            waits = sqlite3.connect(self.folder / TURN, timeout=0, isolation_level=None)
        except sqlite3.OperationalError:
            if self.folder.is_dir():
                raise
            raise none() from None
        with closing(waits) as lock:
            try:
                lock.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                raise Conflict(
                    "rehearsal.busy",
                    "This rehearsal is at work just now. Wait some seconds, and look again.",
                ) from None
            yield

    def clear(self) -> None:
        """Delete it, with all that is in it, and the folders that are empty without it."""
        _clear(self.folder, 2)

    def _list(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / LIST, timeout=10)

    def _rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with closing(self._list()) as kept:
            kept.row_factory = sqlite3.Row
            return [dict(row) for row in kept.execute(query, values)]


def none() -> NotFound:
    """Return the error for a rehearsal that is not there."""
    return NotFound("rehearsal.not_found", "No rehearsal of yours is going on here. Begin one.")


def _put(kept: sqlite3.Connection, facts: Mapping[str, Any]) -> None:
    rows = [(name, json.dumps(value)) for name, value in facts.items()]
    kept.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", rows)


def _fits(person: str | None) -> tuple[str, list[Any]]:
    return ("person = ?", [person]) if person is not None else ("1 = 1", [])


def _told(one: Got) -> str:
    assert one.message is not None, "a rehearsal that is kept keeps its messages whole"
    said = {name: getattr(one.message, name) for name in ("body", "reply", "locale", "choices")}
    return json.dumps({**said, "buttons": [asdict(each) for each in one.message.buttons]})


# ------------------------------------------------------------------------------ where they lie


def kept_at(kit: Kit, settings: Mapping[str, Any], tenant: str, program: str, who: str) -> Kept:
    """Return the folder of what `who` rehearses of a program; old ones are cleared by the way.

    Its name tells nothing: it is made with the kit's secret.
    """
    root = _root(settings)
    _sweep(root)
    secret = kit.secret_keys[0] if kit.secret_keys else b""
    secret = secret.encode() if isinstance(secret, str) else secret
    told = repr((str(kit.engine.url), tenant, program, who)).encode()
    return Kept(root / OURS / _of(tenant) / hmac(secret, told, "sha256").hexdigest()[:40])


def forget(settings: Mapping[str, Any], tenant: str) -> None:
    """Clear every rehearsal of a tenant on this machine: somebody in it may have been erased."""
    _clear(_root(settings) / OURS / _of(tenant), 1)


def _clear(folder: Path, above: int) -> None:
    """Delete a folder of ours, and so many above it, all ours, in which nothing else is."""
    shutil.rmtree(folder, ignore_errors=True)
    for one in [*folder.parents][:above]:
        with suppress(OSError):  # somebody else has one there
            one.rmdir()


def _of(tenant: str) -> str:
    return sha256(tenant.encode()).hexdigest()[:40]


def _root(settings: Mapping[str, Any]) -> Path:
    """Return the folder of all, made where there is none. Raises Conflict where others may read."""
    own = f"-{os.getuid()}" if hasattr(os, "getuid") else ""
    usual = Path(tempfile.gettempdir()) / f"mentorkit-rehearsals{own}"
    root = Path(settings.get("folder") or usual)
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = root.lstat()
    except OSError as error:
        raise _no_folder(root, error.strerror or "it cannot be opened") from None
    if not stat.S_ISDIR(found.st_mode):
        raise _no_folder(root, "it is no folder")
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o077):
        raise _no_folder(root, "others may open it; it must be this user's own, with mode 700")
    return root


def _no_folder(root: Path, why: str) -> Conflict:
    return Conflict("rehearsal.folder", f"The folder {root} cannot hold rehearsals: {why}.")


def _sweep(root: Path) -> None:
    """Clear what nobody has moved on for two days: rehearsals alone, whatever else lies there."""
    last = time.time() - UNTOUCHED.total_seconds()
    for folder in (root / OURS).glob("*/*"):
        try:
            inside = list(folder.iterdir())
            moved = max(one.stat().st_mtime for one in (folder, *inside))
        except (OSError, ValueError):  # another is clearing it
            continue
        named = _NAME.fullmatch(folder.name) and _NAME.fullmatch(folder.parent.name)
        if moved < last and named and all(_OF_ONE.fullmatch(one.name) for one in inside):
            Kept(folder).clear()


def moment(told: str) -> datetime:
    """Return a time that a fact or a row tells."""
    return datetime.fromisoformat(told)
