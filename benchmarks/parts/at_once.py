"""Let two do at the same moment what cannot both be so, again and again; say what is wrong then.

In each round one of the two begins a moment later than the other, by chance: at most as long as
either took in the round before, so that each comes first at times. What they were told must agree
with what is stored.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import flask
import sqlalchemy as sa

from benchmarks.figures import Area, Effort, Measured
from benchmarks.parts import race
from benchmarks.parts.drains import address, offering
from benchmarks.parts.race import ADMIN, World, create_world, kit_at
from mentorkit import Kit
from mentorkit.errors import MentorKitError
from mentorkit.hooks import Channel, Receipt
from mentorkit.journey import accept, gather, match, meet, onboard, protect
from mentorkit.store import repository
from mentorkit.store.repositories import Participants
from mentorkit.web import blueprint
from mentorkit.web.tokens import FIELD, Tokens
from mentorkit.worker import FRESH, work

area = Area("delivery")
LATE = 0.02
"""Seconds that one of the two begins later at most, in the first round."""
TOGETHER = 25
"""How many rounds have one program, if they leave each other alone."""
SECRET = "bench"
HOLDING = ("active", "paused")
PLANTED = {"saved_over": "end_or_pause", "counted_twice": "press_twice"}
"""Wrong forms, each with where it has to be caught: whoever saves takes back what was saved
meanwhile (on SQLite nobody does, as they read alone), and a form counts as often as it is sent."""


class Post(Channel):
    """A channel that keeps of each message its key, whom it went to, and when that began."""

    name = "post"
    fallback = True

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, float]] = []

    def deliver(self, ctx: Any, message: Any, person: Any, contacts: Any) -> Receipt:
        self.sent.append((message.key, person.id, time.monotonic()))
        return Receipt(channel=self.name)


class Host:
    """A product with a kit, whose messages go to a channel that keeps them, and with our pages."""

    def __init__(self, kit: Kit, post: Post) -> None:
        self.kit, self.post = kit, post
        self.app = flask.Flask("host")
        self.app.config.update(SECRET_KEY=SECRET, TESTING=True)
        pages = blueprint(kit, tenant="tenant", actor=lambda: ADMIN)
        self.app.register_blueprint(pages, url_prefix="/<tenant>")


@dataclass(frozen=True)
class Scene:
    """Where a round takes place: in which world, with those whose keys end with its number."""

    host: Host
    world: World
    number: int

    @property
    def kit(self) -> Kit:
        return self.host.kit

    @property
    def at(self) -> dict[str, Any]:
        return self.world.at

    def id(self, who: str) -> str:
        return self.world.ids[f"{who}{self.number}"]

    def person(self, who: str) -> str:
        return self.world.persons[f"{who}{self.number}"]

    def offer(self, mentee: str = "mentee", mentor: str = "mentor") -> str:
        two = {"mentee": self.id(mentee), "mentor": self.id(mentor)}
        return str(match.propose(self.kit, **self.at, **two)["id"])

    def connect(self) -> str:
        two = {"people": [self.id("mentee")], "mentor": self.id("mentor")}
        return str(gather.gather(self.kit, **self.at, program="traders", **two)["id"])

    def read(self, ask: Callable[[Any], Any]) -> Any:
        with self.kit.transaction(tenant=self.world.tenant, write=False) as tx:
            return ask(tx)


Act = Callable[[], Any]
Wrong = Callable[[str, str], Iterator[str]]
"""Is given what the two were told, ``yes`` or a code, and yields what does not agree with that."""
Round = tuple[Act, Act, Wrong]


@dataclass(frozen=True)
class Race:
    """What two do at once: how a round is begun, among whom (key: places), how many a program."""

    begin: Callable[[Scene], Round]
    people: Mapping[str, int]
    together: int


RACES: dict[str, Race] = {}


def among(
    *, together: int = TOGETHER, **people: int
) -> Callable[[Callable[[Scene], Round]], Callable[[Scene], Round]]:
    """Let a function that begins a round be one of the races, among these."""

    def add(begin: Callable[[Scene], Round]) -> Callable[[Scene], Round]:
        RACES[begin.__name__] = Race(begin, people, together)
        return begin

    return add


def one_alone(first: str, second: str) -> Iterator[str]:
    if (first == "yes") == (second == "yes"):
        yield f"{'both were' if first == 'yes' else 'neither was'} told yes"


# --------------------------------------------------------------------------- the races


@among(mentee=1, mentor_a=1, mentor_b=1)
def accept_two(scene: Scene) -> Round:
    """Two mentors are accepted for one mentee, who has one place."""
    a, b = (scene.offer(mentor=mentor) for mentor in ("mentor_a", "mentor_b"))
    return (
        lambda: accept.accept(scene.kit, **scene.at, proposal=a),
        lambda: accept.accept(scene.kit, **scene.at, proposal=b),
        one_alone,
    )


@among(mentee=1, mentor=1)
def accept_or_withdraw(scene: Scene) -> Round:
    """An offer is accepted, and taken back."""
    one = scene.offer()

    def wrong(first: str, second: str) -> Iterator[str]:
        yield from one_alone(first, second)
        state = scene.read(lambda tx: tx.proposals.get(one).state)
        if state != ("accepted" if first == "yes" else "withdrawn"):
            yield f"the offer is {state}"

    return (
        lambda: accept.accept(scene.kit, **scene.at, proposal=one),
        lambda: accept.withdraw(scene.kit, **scene.at, proposal=one),
        wrong,
    )


@among(mentee=1, mentor=1)
def accept_or_fewer(scene: Scene) -> Round:
    """An offer is accepted, and the mentor's only place is taken away."""
    one, mentor = scene.offer(), scene.id("mentor")

    def wrong(first: str, second: str) -> Iterator[str]:
        yield from one_alone(first, second)
        places = scene.read(lambda tx: tx.participants.get(mentor).capacity)
        if places != (1 if first == "yes" else 0):
            yield f"the mentor has {places} places"

    return (
        lambda: accept.accept(scene.kit, **scene.at, proposal=one),
        lambda: onboard.set_capacity(scene.kit, **scene.at, participant=mentor, capacity=0),
        wrong,
    )


@among(together=1, mentee=1, mentor=1, mentee_b=1, mentor_b=1)
def accept_or_match(scene: Scene) -> Round:
    """An offer is accepted while everybody is matched, and that is published."""
    one = scene.offer()

    def matched() -> None:
        run = match.draft(scene.kit, **scene.at, program="traders")["id"]
        match.publish(scene.kit, **scene.at, run=run)

    def wrong(first: str, second: str) -> Iterator[str]:
        if first != "yes":
            yield f"acceptance was told {first}"
        if second != "yes":
            yield f"the run was told {second}"

    return lambda: accept.accept(scene.kit, **scene.at, proposal=one), matched, wrong


@among(mentee=1, mentor=1)
def press_twice(scene: Scene) -> Round:
    """The same form, by which a meeting is logged, is sent twice."""
    held, tenant = scene.connect(), scene.world.tenant
    page = f"/{tenant}/programs/traders/relationships/{held}"
    token = Tokens([SECRET]).make(tenant, ADMIN)
    form = {FIELD: token, "do": "meet", "minutes": "30", "day": f"{scene.kit.clock():%Y-%m-%d}"}

    def press() -> None:
        answer = scene.host.app.test_client().post(page, data=form)
        if answer.status_code != 303:
            raise RuntimeError(f"the form was answered with {answer.status_code}")

    def wrong(first: str, second: str) -> Iterator[str]:
        many = scene.read(lambda tx: tx.meetings.count(relationship_id=held))
        if (first, second, many) != ("yes", "yes", 1):
            yield f"{many} meetings are logged; told {first} and {second}"

    return press, press, wrong


@among(mentee=1, mentor=1)
def erase_or_send(scene: Scene) -> Round:
    """Somebody is erased while a message to them is sent."""
    person, tenant = scene.person("mentee"), scene.world.tenant
    here = {"tenants": [tenant], "due": False}
    while any(work(scene.kit, **here).values()):
        pass
    scene.host.post.sent.clear()
    scene.offer()
    gone: list[float] = []

    def erase() -> None:
        protect.erase(scene.kit, **scene.at, person=person)
        gone.append(time.monotonic())

    def wrong(first: str, second: str) -> Iterator[str]:
        while any(work(scene.kit, **here).values()):
            pass
        if (first, second) != ("yes", "yes"):
            yield f"erasing was told {first}, sending {second}"
        got = [(key, at) for key, to, at in scene.host.post.sent if to == person]
        if any(many > 1 for many in Counter(key for key, _ in got).values()):
            yield "a message was sent twice"
        if gone and any(at > gone[0] + FRESH for _, at in got):
            yield "a message was sent to somebody who had been erased"
        states = Counter(job.state for job in scene.read(lambda tx: tx.outbox.find()))
        if open_ := states["waiting"] + states["leased"] + states["dead"]:
            yield f"{open_} rows are left that nobody ends"
        if not scene.read(lambda tx: tx.people.get(person).erased):
            yield "who was erased is still there"

    return erase, lambda: work(scene.kit, **here), wrong


@among(mentee=1, mentor=1)
def end_or_pause(scene: Scene) -> Round:
    """A relationship is ended, and paused."""
    held = scene.connect()

    def wrong(first: str, second: str) -> Iterator[str]:
        state = scene.read(lambda tx: tx.relationships.get(held).state)
        if state != ("ended" if first == "yes" else "paused" if second == "yes" else "active"):
            yield f"it is {state}; ending was told {first}, pausing {second}"
        if "yes" not in (first, second):
            yield "neither was told yes"

    return (
        lambda: meet.end(scene.kit, **scene.at, relationship=held),
        lambda: meet.pause(scene.kit, **scene.at, relationship=held),
        wrong,
    )


# --------------------------------------------------------------------------- running them


@dataclass
class Found:
    """What came of many rounds: what was wrong, and what the two were told, by how often."""

    faults: Counter[str] = field(default_factory=Counter)
    told: Counter[tuple[str, str]] = field(default_factory=Counter)


def at_once(first: Act, second: Act, late: float) -> tuple[tuple[str, str], float]:
    """Do both, the second `late` seconds after the first (or before it).

    Returns what each is told, and how many seconds the one took that took longer. A refusal is told
    by its code, and anything else by its name, with a question mark.
    """
    start, told, taken = threading.Barrier(2), ["", ""], [0.0, 0.0]

    def do(which: int, act: Act, seconds: float) -> None:
        start.wait()
        if seconds > 0:
            time.sleep(seconds)
        began = time.perf_counter()
        try:
            act()
            told[which] = "yes"
        except MentorKitError as error:
            told[which] = error.code
        except Exception as error:
            told[which] = f"{type(error).__name__}?"
        taken[which] = time.perf_counter() - began

    other = threading.Thread(target=do, args=(1, second, late))
    other.start()
    do(0, first, -late)
    other.join()
    return (told[0], told[1]), max(taken)


def unsound(scene: Scene, people: Mapping[str, int]) -> Iterator[str]:
    """Yield what is wrong with the places of all who take part, and with what they are offered."""

    def look(tx: Any) -> Iterator[str]:
        for one in tx.participants.get_many(scene.id(who) for who in people).values():
            if one.used != len(tx.relationships.for_participants([one.id], states=HOLDING)):
                yield "a place is taken by nobody, or by two"
            if one.used > one.capacity:
                yield "more places are taken than there are"
            sides = ({side: one.id} for side in ("mentee_id", "mentor_id"))
            offered = sum(tx.proposals.count(state="offered", **side) for side in sides)
            if offered and one.used and not one.free:
                yield "somebody without a free place is still offered to others"

    yield from scene.read(lambda tx: list(look(tx)))


def run(host: Host, name: str, rounds: int, *, to_the_first: bool = False) -> Found:
    """Run so many rounds of a race, or no more than to the first in which something is wrong."""
    asked, found, chance, late = RACES[name], Found(), random.Random(name), LATE
    for start in range(0, rounds, asked.together):
        numbers = range(start, min(start + asked.together, rounds))
        people = {f"{who}{n}": many for n in numbers for who, many in asked.people.items()}
        world = create_world(host.kit, f"{name}{start}", **people)
        for number in numbers:
            scene = Scene(host, world, number)
            first, second, wrong = asked.begin(scene)
            told, late = at_once(first, second, chance.uniform(-late, late))
            found.told[told] += 1
            found.faults.update(wrong(*told))
            found.faults.update(unsound(scene, asked.people))
            found.faults.update(f"one was told {word}" for word in told if word.endswith("?"))
            if to_the_first and found.faults:
                return found
    return found


@contextmanager
def host_at(url: str) -> Iterator[Host]:
    """A host on a database with our tables in it."""
    post = Post()
    with kit_at(url, plugins=("matching", offering("post", post))) as kit:
        yield Host(kit, post)


def all_races(kind: str, rounds: int) -> Measured:
    """Return how much was wrong in so many rounds of each race, and who was told yes how often."""
    faults, told = Counter[str](), []
    with address(kind) as url, host_at(url) as host:
        for name in RACES:
            found = run(host, name, rounds)
            faults.update({f"{name}: {fault}": many for fault, many in found.faults.items()})
            yes = [sum(n for words, n in found.told.items() if words[at] == "yes") for at in (0, 1)]
            told.append(f"{name} {yes[0]:,} and {yes[1]:,}")
    wrong = "; ".join(f"{many} x {fault}" for fault, many in faults.items()) or "nothing wrong"
    return Measured(
        value=faults.total(),
        ours=f"{rounds:,} rounds each, {wrong}; told yes: {', '.join(told)}",
    )


@area.figure("sqlalchemy", "flask")
def race_pairs_sqlite(effort: Effort) -> Measured:
    return all_races("sqlite", 1 if effort.quick else 1_000)


@area.figure("sqlalchemy", "flask", "psycopg")
def race_pairs_postgresql(effort: Effort) -> Measured:
    return all_races("postgresql", 1 if effort.quick else 1_000)


# --------------------------------------------------------------------------- wrong forms


def _save_over(table: sa.Table) -> sa.Update:
    return sa.update(table).where(
        table.c.tenant == sa.bindparam("at_tenant"),
        table.c.id == sa.bindparam("at_id"),
        sa.bindparam("at_version", type_=sa.Integer) > 0,
    )


def _another_each_time(own: Tokens, given: str, tenant: str, actor: Any) -> str:
    return f"{int(time.time())}-{secrets.token_hex(12)}"


@contextmanager
def planted(form: str) -> Iterator[None]:
    """Change the product into a wrong form in this process."""
    if form == "saved_over":
        unheld = patch.object(Participants, "hold", lambda self, ids: None)
        with patch.object(repository, "_update", _save_over), unheld:
            yield
    else:
        with patch.object(Tokens, "check", _another_each_time):
            yield


def caught(kind: str, form: str) -> bool:
    """Return whether a wrong form is seen to be wrong on a database of this kind."""
    with address(kind) as url:
        if form in race.PLANTED:
            with kit_at(url) as kit:
                return race.caught(kit, form)
        with host_at(url) as host, planted(form):
            return bool(run(host, PLANTED[form], 2 * TOGETHER, to_the_first=True).faults)


@area.figure("sqlalchemy", "flask", "psycopg", slow=True)
def race_planted(effort: Effort) -> Measured:
    tried = {form: caught("postgresql", form) for form in (*race.PLANTED, *PLANTED)}
    tried["looked_before on SQLite"] = caught("sqlite", "looked_before")
    told = ", ".join(form for form, found in tried.items() if found)
    return Measured(value=sum(tried.values()), ours=told)
