"""Kill the process at every statement, commit and call of a channel; recover; see what holds.

SQLAlchemy's events and the channel are the points, so nothing in the product knows of the harness,
and new code is covered at once. A chain of steps is walked, the work done after each, by a process
that is killed at its n-th point. Another one recovers; then the database is compared with the same
chain walked unharmed, and with the file in which the channel keeps what it was given.
"""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from benchmarks.figures import Area, Effort, Measured
from benchmarks.store import TENANT, postgresql_server
from mentorkit import Kit, Manifest, crew, hookimpl
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.hooks import Channel, Receipt
from mentorkit.hooks.registry import Registry
from mentorkit.journey import accept, match, meet, onboard, programs, recruit, screen
from mentorkit.journey.steps import many
from mentorkit.store import prepare, tables
from mentorkit.store.outbox import LEASE, Outbox
from mentorkit.worker import work

area = Area("delivery")
ADMIN = Actor(user_ref="bench", admin=True)
AT: dict[str, Any] = {"tenant": TENANT, "actor": ADMIN}
PRESET = {
    "title": "Traders",
    "program": {"accept_chain": ["mentee", "mentor"]},
    "consent": {"en": "We use what you tell us."},
    "measurement": {"none": "This measures nothing."},
    "fields": {"trade": {"kind": "option", "options": ["baker"]}},
    "strategy": {"criteria": [{"criterion": "equal", "field": "trade"}]},
}
PLANTED = ("no_keys", "after_commit", "before_commit")
"""Wrong forms, which the harness has to catch: a channel that ignores keys, messages sent after
the commit without a row, and before it."""


class Killer:
    """Counts the points that were passed, and kills the process at the n-th."""

    def __init__(self, at: int | None) -> None:
        self.at, self.passed = at, 0
        self.sends: list[int] = []
        """The points just after something was sent; the one before each is just before that."""

    def __call__(self, *_: Any, **__: Any) -> None:
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class Post(Channel):
    """A channel that appends the key of each message to a file, which outlives the process."""

    name = "post"

    def __init__(self, file: Path) -> None:
        self.file, self.kill = file, Killer(None)

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        self.send(message.key)
        return Receipt(channel=self.name)

    def send(self, key: str) -> None:
        self.kill()
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"{key}\n")
        self.kill()
        self.kill.sends.append(self.kill.passed)


@dataclass
class Walk:
    """One process that walks: on which database, what it is killed at, and in which form."""

    kit: Kit
    post: Post
    kill: Killer
    form: str
    late: list[str] = field(default_factory=list)

    def drain(self) -> None:
        """Do all that is due, and send what a wrong form has kept back."""
        for key in self.late:
            self.post.send(key)
        self.late.clear()
        while any(work(self.kit).values()):
            pass

    def plant(self) -> None:
        """Change the product into the form that is asked for, in this process alone."""

        def promise(box: Outbox, kind: str, key: str, **about: Any) -> str:
            (self.post.send if self.form == "before_commit" else self.late.append)(key)
            return key

        if self.form != "random":
            crew.PATIENCE = 60  # a point is the same on a busy machine
        if self.form in ("after_commit", "before_commit"):
            Outbox.add = promise  # type: ignore[assignment, method-assign]


class Stage:
    """A database with a program in it, in which each walk has people of its own."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.sent = url, folder / "sent"
        self.walks = self.before = 0
        self.post = post = Post(self.sent)

        class Offers:
            manifest = Manifest(title="Post")

            @hookimpl
            def mentorkit_notification_channels(self) -> list[Channel]:
                return [post]

        self.registry = Registry.load(["matching", ("post", Offers())])

    def open(self, kill: Killer, form: str = "", later: timedelta = timedelta(0)) -> Walk:
        """Return a kit of this process whose clock is `later`, with the killer at its points."""
        engine = prepare(sa.create_engine(self.url))
        for event in ("before_cursor_execute", "after_cursor_execute", "commit"):
            sa.event.listen(engine, event, kill)
        kit = Kit(
            sessions=sessionmaker(engine),
            registry=self.registry,
            clock=lambda: datetime.now(UTC) + later,
        )
        self.post.kill = kill
        return Walk(kit, self.post, kill, form)

    @contextmanager
    def looking(self) -> Iterator[Kit]:
        """Return a kit that is not harmed, and whose connections end with the block."""
        kit = self.open(Killer(None)).kit
        try:
            yield kit
        finally:
            kit.engine.dispose()

    def set_up(self, walks: int) -> None:
        """Make the program, and people for so many walks."""
        with self.looking() as kit:
            tables.metadata.create_all(kit.engine)
            programs.create(kit, **AT, key="traders", preset=PRESET)
            programs.open_(kit, **AT, program="traders")
            leads = [
                Lead(key=f"{role}{n:05}", role=role, name=f"{role} {n}", profile={"trade": "baker"})
                for n in range(walks)
                for role in ("mentee", "mentor")
            ]
            recruit.receive(kit, **AT, program="traders", leads=leads)
            rows = screen.review(kit, **AT, program="traders")
            self.ids = {row["key"]: row["id"] for row in rows}
            self.persons = {row["id"]: row["person_id"] for row in rows}
            for verb in (screen.approve, onboard.consent, onboard.complete):
                many(kit, verb, list(self.ids.values()), **AT, noun="participant")

    def events(self, kit: Kit) -> list[tuple[int, str]]:
        """Return number and name of what the journal has been told since the walk began."""
        query = sa.select(tables.event.c.sequence, tables.event.c.name).order_by("sequence")
        with kit.engine.connect() as connection:
            return [(row[0], row[1]) for row in connection.execute(query) if row[0] > self.before]


def chain(kit: Kit, mentee: str, mentor: str, person: str) -> Iterator[Callable[[], Any]]:
    """Yield the steps that two people walk, one after another; most promise a message."""
    made: dict[str, Any] = {}

    def propose() -> None:
        made["proposal"] = match.propose(kit, **AT, mentee=mentee, mentor=mentor)["id"]

    def on(step: Callable[..., Any], noun: str, **more: Any) -> Callable[[], Any]:
        def walk() -> None:
            done = step(kit, **{**AT, noun: made[noun], **more})
            made["relationship"] = (done or {}).get("relationship_id") or made.get("relationship")

        return walk

    yield propose
    yield on(accept.withdraw, "proposal")
    yield propose
    yield on(accept.ask, "proposal", actor=Actor(person_id=person), text="On Mondays?")
    yield on(accept.reply, "proposal", text="In the evening.")
    yield on(accept.decline, "proposal")
    yield propose
    yield on(accept.accept, "proposal", on_behalf_of="mentee")
    yield on(accept.accept, "proposal", on_behalf_of="mentor")
    yield on(meet.log, "relationship", minutes=60)
    yield on(meet.pause, "relationship")
    yield on(meet.resume, "relationship")
    yield on(meet.end, "relationship")


@dataclass(frozen=True)
class Told:
    """What a walk that nothing harmed leaves: its points, and by step the events and messages.

    `sends` are the points just after a message was given to the channel.
    """

    points: int
    sends: Sequence[int]
    steps: Sequence[Sequence[tuple[str, int]]]


def apart(work: Callable[[], None], seconds: float | None = None) -> bool:
    """Do it in a process of its own, killed after `seconds`; return whether it was killed."""
    child = os.fork()
    if child == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(3)
    if seconds is not None:
        time.sleep(seconds)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("a process of the harness failed")
    return os.WIFSIGNALED(status)


class Harness:
    """Walks the chain (or its first `steps`) on one stage, killed or not; says what is wrong."""

    def __init__(self, stage: Stage, walks: int, steps: int | None = None) -> None:
        self.stage, self.steps = stage, steps
        stage.set_up(walks + 2)
        self.unharmed = self.walk_unharmed("")

    def walk_unharmed(self, form: str) -> Told:
        """Walk without being killed, and return what that leaves."""
        self._begin()
        acked, last = self._walk(Killer(None), form)
        with self.stage.looking() as kit:
            found, sent = self.stage.events(kit), self._sent()
        steps, at = [], 0
        for size in map(int, acked):
            part = found[at : at + size]
            steps.append([(name, len(set(sent.get(number, ())))) for number, name in part])
            at += size
        points, *sends = map(int, last.split(","))
        return Told(points, sends, steps)

    def _begin(self) -> None:
        self.stage.sent.write_text("", encoding="utf-8")
        with self.stage.looking() as kit, kit.engine.connect() as connection:
            newest = connection.execute(sa.select(sa.func.max(tables.event.c.sequence))).scalar()
        self.stage.before = int(newest or 0)
        self.stage.walks += 1
        ids, number = self.stage.ids, self.stage.walks - 1
        self.mentee, self.mentor = ids[f"mentee{number:05}"], ids[f"mentor{number:05}"]

    def _walk(
        self, kill: Killer, form: str, seconds: float | None = None
    ) -> tuple[list[str], str]:  # fmt: skip
        """Walk in a process of its own.

        Returns how many events each acknowledged step has told, and the number of points with those
        of the sends, if it came to its end.
        """
        reads, writes = os.pipe()

        def walk() -> None:
            os.close(reads)
            one = self.stage.open(kill, form)
            one.plant()
            kill.passed = 0
            count = 0
            person = self.stage.persons[self.mentee]
            steps = chain(one.kit, self.mentee, self.mentor, person)
            for step in islice(steps, self.steps):
                step()
                passed = kill.passed
                kill.at, at = None, kill.at  # to look is no point of the product's
                now = len(self.stage.events(one.kit))
                kill.passed, kill.at = passed, at
                os.write(writes, f"{now - count}\n".encode())
                count = now
                kill()
                one.drain()
            os.write(writes, ",".join(map(str, (kill.passed, *kill.sends))).encode())

        self.killed = apart(walk, seconds)
        os.close(writes)
        with os.fdopen(reads, encoding="utf-8") as told:
            acked, _, last = told.read().rpartition("\n")
            return acked.split(), last

    def _recover(self, kill: Killer, form: str, later: timedelta) -> bool:
        def recover() -> None:
            one = self.stage.open(kill, form, later)
            kill.passed = 0
            one.drain()
            crew.crew_of(one.kit).settle(60)

        return apart(recover)

    def faults(self, form: str, seed: int) -> list[str]:
        """Walk once, killed at the point `seed` or by chance, recover, and say what is wrong."""
        chance, total = random.Random(f"{form}{seed}"), self.unharmed.points
        self._begin()
        by_time = form == "random"
        point = None if by_time else chance.randint(1, total) if form == "double" else seed
        seconds = chance.random() * 1.5 if by_time else None
        acked, _ = self._walk(Killer(point), form, seconds)
        later = LEASE + timedelta(minutes=1)
        if form == "double":
            self._recover(Killer(chance.randint(1, 60)), form, later)
        self._quiet()
        self._recover(Killer(None), form, 2 * later)
        return list(self._wrong(form, acked))

    def _quiet(self) -> None:
        """Wait for what PostgreSQL still does for a process that was killed."""
        if not self.stage.url.startswith("postgresql"):
            return
        others = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            " AND application_name = current_setting('application_name')"
        )
        engine = sa.create_engine(self.stage.url)
        with engine.connect() as connection:
            while connection.execute(others).scalar():
                connection.rollback()
                time.sleep(0.002)
        engine.dispose()

    def _sent(self) -> dict[int, list[str]]:
        """Return the keys that the channel was given, by the event that each is about."""
        found: dict[int, list[str]] = {}
        for key in self.stage.sent.read_text("utf-8").split():
            found.setdefault(int(key.split(":")[1]), []).append(key)
        return found

    def _wrong(self, form: str, acked: Sequence[str]) -> Iterator[str]:
        with self.stage.looking() as kit:
            stored, sent = self.stage.events(kit), self._sent()
            with kit.transaction(tenant=TENANT, write=False) as tx:
                states = Counter(job.state for job in tx.outbox.find())
                held = tx.relationships.for_participants([self.mentor])
                used = tx.participants.get(self.mentor).used
        whole: list[tuple[str, int]] = []
        ends = [0]
        for step in self.unharmed.steps:
            whole += step
            ends.append(len(whole))
        if len(stored) < ends[len(acked)]:
            yield "lost: a step was acknowledged and is not stored"
        if (
            len(stored) not in ends
            or [n for _, n in stored] != [n for n, _ in whole][: len(stored)]
        ):
            yield "half: the journal does not tell of whole steps"
        for (sequence, _), (_, expected) in zip(stored, whole, strict=False):
            keys = sent.get(sequence, [])
            effects = len(keys) if form == "no_keys" else len(set(keys))
            if effects < expected:
                yield "lost: a message that was promised was not sent"
            if effects > expected:
                yield "twice: a message had a second effect"
        if sent.keys() - {sequence for sequence, _ in stored}:
            yield "phantom: a message of what never happened"
        if states["waiting"] or states["leased"] or states["dead"]:
            yield f"open: rows are left that nobody ends ({dict(states)})"
        if used != sum(one.state in ("active", "paused") for one in held):
            yield "capacity: a place is taken by nobody, or by two"


@contextmanager
def stage_of(kind: str) -> Iterator[Stage]:
    """A stage on a fresh database: ``sqlite`` or ``postgresql``."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "sqlite":
            yield Stage(f"sqlite:///{folder / 'crash.db'}", folder)
        else:
            with postgresql_server() as inside:
                mine = {"application_name": f"crash-{uuid4().hex[:12]}"}
                url = inside.update_query_dict(mine).render_as_string(hide_password=False)
                yield Stage(url, folder)


def found_in(kind: str, form: str, runs: int) -> tuple[Counter[str], int]:
    """Return the faults of so many walks of this form, by their kind, and how many were killed.

    Evenly over all points; none of them twice.
    """
    faults: Counter[str] = Counter()
    killed = 0
    with stage_of(kind) as stage:
        harness = Harness(stage, runs)
        total = harness.unharmed.points
        for n in range(runs):
            faults.update(harness.faults(form, 1 + n * total // runs))
            killed += harness.killed
    return faults, killed


def measured(kind: str, form: str, runs: int) -> Measured:
    """Return how many faults were found, and in how many walks."""
    faults, killed = found_in(kind, form, runs)
    told = "; ".join(f"{fault} ({count})" for fault, count in faults.items()) or "no fault"
    return Measured(value=sum(faults.values()), ours=f"{killed} of {runs} walks killed: {told}")


@area.figure("sqlalchemy")
def crash_sqlite(effort: Effort) -> Measured:
    return measured("sqlite", "", 10 if effort.quick else 1_000)


@area.figure("sqlalchemy", "psycopg")
def crash_postgresql(effort: Effort) -> Measured:
    return measured("postgresql", "", 10 if effort.quick else 1_000)


@area.figure("sqlalchemy", slow=True)
def crash_random_sqlite(effort: Effort) -> Measured:
    return measured("sqlite", "random", 400)


@area.figure("sqlalchemy", "psycopg", slow=True)
def crash_random_postgresql(effort: Effort) -> Measured:
    return measured("postgresql", "random", 400)


@area.figure("sqlalchemy", slow=True)
def crash_twice_sqlite(effort: Effort) -> Measured:
    return measured("sqlite", "double", 200)


@area.figure("sqlalchemy", "psycopg", slow=True)
def crash_twice_postgresql(effort: Effort) -> Measured:
    return measured("postgresql", "double", 200)


def caught(kind: str, form: str, steps: int | None = None) -> int:
    """Return after how many walks the harness has found a fault in a wrong form; 0 if in none.

    It is killed just before and just after each message that this form sends.
    """
    with stage_of(kind) as stage:
        harness = Harness(stage, 40, steps)
        sends = harness.walk_unharmed(form).sends
        points = [point for sent in sends for point in (sent, sent - 1, sent + 1)][:38]
        for walks, point in enumerate(points, start=1):
            if harness.faults(form, point):
                return walks
    return 0


@area.figure("sqlalchemy")
def crash_planted(effort: Effort) -> Measured:
    tried = {form: caught("sqlite", form) for form in PLANTED}
    told = ", ".join(f"{form} after {walks} walks" for form, walks in tried.items() if walks)
    return Measured(value=sum(map(bool, tried.values())), ours=told)
