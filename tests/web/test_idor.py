"""The sweep for insecure references: an id of somebody else's opens nothing and changes nothing.

Each view is opened as people who may, the forms and links on its pages are taken as they stand, and
one id at a time is exchanged for another's: of the other pair, the other program, the other tenant,
and of nothing. Every form is sent by everybody, also by those who were never shown it, and with all
its ids exchanged at once, as if its page had been somebody else's; a view to which no page has a
form is sent an empty one. Only the sweep that finds the holes planted below is to be believed, so
there is but one, of all our views and of these.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from web.everything import CANARY, MISSING, Everything, Forms, create, query, told

from mentorkit import DEFAULT_PLUGINS, Manifest, Portal, hookimpl
from mentorkit.kit import Kit
from mentorkit.store import tables
from mentorkit.web import allow, current, once
from mentorkit.web.access import policy

# Whose things are another's to whom.
FOREIGN = {
    "ana": ("second pair", "other program", "other tenant"),
    "cleo": ("second pair", "other program", "other tenant"),
    "eve": ("second pair", "other program", "other tenant"),
    "cora": ("other program", "other tenant"),
    "vera": ("other program", "other tenant"),
    "admin": ("other tenant",),  # what is of the other program is theirs, under that program
}
PROGRAMS = {"other program": "bakers", "other tenant": "zeds"}


@dataclass(frozen=True)
class Sending:
    """One request as a page offers it: the view, what stands in its address, and what is sent."""

    user: str
    endpoint: str
    method: str
    path: tuple[tuple[str, str], ...]
    data: tuple[tuple[str, str], ...] = ()

    def with_(self, place: str, name: str, value: str) -> tuple[dict[str, str], dict[str, str]]:
        path, data = dict(self.path), dict(self.data)
        if place == "name":  # of a control: place.<id>; the others of its kind stay empty
            kind, typed = _kind(place, name), data[name]
            data = {key: each for key, each in data.items() if not key.startswith(f"{kind}.")}
            data[f"{kind}.{value}"] = typed
        else:
            (path if place == "path" else data)[name] = value
        return path, data


def _kind(place: str, name: str) -> str:
    """Return what a control is called; without the id where that is in its name."""
    return name.rpartition(".")[0] if place == "name" else name


class Sweep:
    """Goes over every view of the app as each of the users; `found` maps a hole to its proofs."""

    def __init__(self, everything: Everything) -> None:
        self.everything = everything
        self.found: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.calls = 0
        self.offered: set[tuple[str, str, str]] = set()
        self.posts: set[str] = set()
        self.sent: set[str] = set()
        """The views that take a form, and those that were sent one."""
        self.written, self.before = -1, everything.snapshot()

    def run(self) -> Sweep:
        own = {user: list(self._sendings(user)) for user in FOREIGN}
        forms = self._forms(own)
        tried: set[tuple[Any, ...]] = set()
        for user in FOREIGN:
            # What a page lets somebody choose is theirs to choose, whosever it is.
            self.offered = {
                (one.endpoint, _kind(place, name), name.rpartition(".")[2] if place == "name" else
                 dict(one.path if place == "path" else one.data)[name])
                for one in own[user]
                for place, name, _ in self._slots(one)
            }  # fmt: skip
            for sending in [*own[user], *(replace(one, user=user) for one in forms)]:
                buttons = tuple(pair for pair in sending.data if pair[0] in ("do", "answer"))
                for place, name, table in self._slots(sending):
                    kind = _kind(place, name)
                    key = (user, sending.endpoint, sending.method, place, kind, buttons)
                    if key not in tried:
                        tried.add(key)
                        self._try(sending, place, name, table)
                if sending.method == "POST" and (user, sending.endpoint, buttons) not in tried:
                    tried.add((user, sending.endpoint, buttons))
                    self._try_whole(sending)
        return self

    def _forms(self, own: Mapping[str, Sequence[Sending]]) -> list[Sending]:
        """Return what any page offers to be sent, for each button, and the views without a form."""
        found: dict[tuple[Any, ...], Sending] = {}
        for one in (each for user in own for each in own[user] if each.method == "POST"):
            buttons = [pair for pair in one.data if pair[0] in ("do", "answer")]
            found.setdefault((one.endpoint, *buttons), one)
        for view in self.everything.views():
            if view.method == "POST":
                self.posts.add(view.rule.endpoint)
                if not any(one.endpoint == view.rule.endpoint for one in found.values()):
                    for values in self.everything.own(view):
                        one = Sending("", view.rule.endpoint, "POST", tuple(values.items()))
                        found[view.rule.endpoint, *values.items()] = one
        return list(found.values())

    def _try_whole(self, sending: Sending) -> None:
        """Send a form with each id in it exchanged for one of the same kind of somebody else's."""
        view = f"{sending.method} {sending.endpoint.removeprefix('mentorkit.')}"
        slots = list(self._slots(sending))
        self.sent.add(sending.endpoint)
        for phase in FOREIGN[sending.user]:
            made, other, foreign = self.everything.made[phase], sending, False
            for place, name, table in slots:
                if table == "program":
                    value = PROGRAMS.get(phase, "traders")
                    foreign |= value != "traders" and not self._is_public(sending)
                else:
                    value = next(iter(made.get(table, ())), "")
                    foreign |= bool(value) and place == "path"
                if value and (place != "name" or name in dict(other.data)):
                    path, data = other.with_(place, name, value)
                    other = replace(other, path=tuple(path.items()), data=tuple(data.items()))
            if foreign:
                self.calls += 1
                self._changed()
                at = self.everything.url(other.endpoint, **dict(other.path))
                answer = self.everything.call(other.user, "POST", at, dict(other.data))
                where = f"{other.user}: all of the {phase}: {answer.status_code} {other.path}"
                if changed := self._changed():
                    self.found[view, "something was changed"].append(f"{where} {changed}")
                if CANARY in answer.text:
                    self.found[view, "something was shown"].append(where)

    def _sendings(self, user: str) -> Iterator[Sending]:
        """Return what the pages that this user can open offer to be sent."""
        seen: set[Sending] = set()
        for view in self.everything.views():
            if view.method != "GET":
                continue
            for values in self.everything.own(view):
                at = self.everything.url(view.rule.endpoint, **values)
                page = self.everything.call(user, "GET", at)
                self.calls += 1
                if page.status_code != 200:
                    continue
                offered = [Sending(user, view.rule.endpoint, "GET", tuple(values.items()))]
                parsed = Forms(page.text)
                for link in parsed.links:
                    offered += self._read(user, link, "GET", {})
                for form in parsed.forms:
                    for data in form.sendings():
                        offered += self._read(user, form.action or at, form.method, data)
                for one in offered:
                    if one not in seen:
                        seen.add(one)
                        yield one

    def _read(self, user: str, address: str, method: str, data: dict[str, str]) -> list[Sending]:
        path, asked = query(address)
        matched = self.everything.match(path, method)
        if matched is None or not matched[0].startswith("mentorkit."):
            return []
        endpoint, values = matched
        sent = {**asked, **data}
        return [Sending(user, endpoint, method, tuple(values.items()), tuple(sent.items()))]

    def _slots(self, sending: Sending) -> Iterator[tuple[str, str, str]]:
        for place, pairs in (("path", sending.path), ("data", sending.data)):
            for name, value in pairs:
                if value == "traders":
                    yield place, name, "program"
                elif table := self.everything.table_of(value):
                    yield place, name, table
                if table := self.everything.table_of(name.rpartition(".")[2]):
                    yield "name", name, table

    def _try(self, sending: Sending, place: str, name: str, table: str) -> None:
        view = f"{sending.method} {sending.endpoint.removeprefix('mentorkit.')}"
        missing = self._send(sending, place, name, MISSING)
        usual = self._changed()  # such as that a run is noted as failed
        for phase in FOREIGN[sending.user]:
            others = (
                [PROGRAMS.get(phase, "")]
                if table == "program"
                else self.everything.made[phase].get(table, [])[:3]
            )
            for other in filter(None, others):
                if (sending.endpoint, _kind(place, name), other) in self.offered:
                    continue
                answer = self._send(sending, place, name, other)
                where = f"{sending.user}: {place} {name}, of the {phase}: {answer.status_code}"
                if (done := self._changed()) not in ({}, usual):
                    # A first time may do more: of a concern, only the first keeps two apart.
                    self._send(sending, place, name, MISSING)
                    if done != (usual := self._changed()):
                        self.found[view, "something was changed"].append(where)
                if CANARY in answer.text:
                    self.found[view, "something was shown"].append(where)
                open_to_all = table == "program" and self._is_public(sending)
                if place == "path" and answer.status_code not in (403, 404) and not open_to_all:
                    self.found[view, "it was opened"].append(where)
                apart = set(told(answer, other)) ^ set(told(missing, MISSING))
                if table != "program" and phase == "other tenant" and apart:
                    # A page may list what was tried so far: it stands between two of nothing.
                    later = self._send(sending, place, name, MISSING)
                    self._changed()
                    around = [set(told(each, MISSING)) for each in (missing, later)]
                    said = set(told(answer, other))
                    apart = (said - around[0] - around[1]) | (around[0] & around[1]) - said
                if table != "program" and phase == "other tenant" and apart:
                    proof = f"{where} {sorted(apart)[:2]}"
                    self.found[view, "it is told from an id of nothing"].append(proof)

    def _changed(self) -> dict[str, int]:
        """Return how many rows of each table are others than when this was last asked."""
        written = self.everything.written()
        if written == self.written:  # nobody has written, so there is no need to look
            return {}
        self.written, before = written, self.before
        self.before = self.everything.snapshot()
        apart = {table: set(rows) ^ set(before[table]) for table, rows in self.before.items()}
        return {table: len(rows) for table, rows in apart.items() if rows}

    def _is_public(self, sending: Sending) -> bool:
        """Return whether the view is for everybody, in every program of the tenant."""
        found = policy(self.everything.app.view_functions[sending.endpoint])
        return found is not None and found.public

    def _send(self, sending: Sending, place: str, name: str, value: str) -> Any:
        self.calls += 1
        path, data = sending.with_(place, name, value)
        at = self.everything.url(sending.endpoint, **path)
        if sending.method == "GET" and data:
            at += "?" + "&".join(f"{key}={value}" for key, value in data.items())
        return self.everything.call(sending.user, sending.method, at, data)


@pytest.fixture
def create_everything(
    create_kit: Callable[..., Kit], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Everything]:
    # Each form of the sweep is one of its own. Holding it would be written down even for those that
    # are refused, and every row be compared again after each of them.
    monkeypatch.setattr(once, "counting", lambda view: view)

    def build(*more: Any) -> Everything:
        return create(
            create_kit(
                # Who asks a thousand times would be asked to wait, and find nothing any more.
                plugins=[*(one for one in DEFAULT_PLUGINS if one != "limits"), *more],
                secret_keys=["secret"],
                site=Portal("http://localhost/mentoring"),
                settings={"rehearse": {"folder": str(tmp_path / "rehearsals")}},
            )
        )

    return build


def holes() -> flask.Blueprint:
    """Pages as somebody in a hurry writes them."""
    pages = flask.Blueprint("holes", __name__)

    def connect() -> Any:
        return current().kit.engine.begin()

    @pages.get("/<program>/<meeting>")
    @allow("mentee", "mentor", "coordinator", "viewer", "admin")
    def reads_any(program: str, meeting: str) -> str:
        person, part, held = tables.person.c, tables.participant.c, tables.meeting.c
        member = tables.member.c
        query = (
            sa.select(person.name, part.id)
            .where(person.id == part.person_id, part.id == member.participant_id)
            .where(member.relationship_id == held.relationship_id, held.id == meeting)
        )
        with connect() as connection:
            found = connection.execute(query.order_by(part.id)).first()
        if found is None:
            flask.abort(404)
        name, participant = found
        send = current().url("holes.changes_any", program=program)
        oracle = current().url("holes.tells_apart", program=program)
        return (
            f'{name}<form method="post" action="{send}"><input name="who" value="{participant}">'
            f'</form><a href="{oracle}?who={participant}">Ask</a>'
        )

    @pages.post("/<program>/change")
    @allow("mentee", "mentor", "coordinator", "admin")
    def changes_any(program: str) -> str:
        with connect() as connection:
            connection.execute(
                sa.update(tables.participant)
                .where(tables.participant.c.id == flask.request.form["who"])
                .values(source="changed")
            )
        return "done"

    @pages.post("/<program>/unseen/<participant>")
    @allow("mentee", "mentor", "coordinator", "admin")
    def changes_unseen(program: str, participant: str) -> str:
        with connect() as connection:  # no page has a form for it
            connection.execute(
                sa.update(tables.participant)
                .where(tables.participant.c.id == participant)
                .values(source=sa.func.coalesce(tables.participant.c.source, "") + "!")
            )
        return "done"

    @pages.post("/<program>/both/<participant>")
    @allow(public=True)
    def changes_both(program: str, participant: str) -> str:
        found = tables.participant.c
        of_it = sa.select(tables.program.c.id).where(tables.program.c.key == program)
        with connect() as connection:  # the two fit each other, and nobody asks who comes
            connection.execute(
                sa.update(tables.participant)
                .where(found.id == participant, found.program_id == of_it.scalar_subquery())
                .values(source=sa.func.coalesce(found.source, "") + "?")
            )
        return "done"

    @pages.get("/<program>/ask")
    @allow("mentee", "mentor", "coordinator", "viewer", "admin")
    def tells_apart(program: str) -> tuple[str, int]:
        who = flask.request.args.get("who")
        known = sa.select(tables.participant.c.tenant).where(tables.participant.c.id == who)
        with connect() as connection:
            tenant = connection.execute(known).scalar()
        if tenant is None:
            return "nobody has this id", 404
        return ("fine", 200) if tenant == "acme" else ("that is another organisation's", 404)

    return pages


@pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
def test_g27_an_id_of_somebody_elses_opens_and_changes_nothing_but_through_planted_holes(
    create_everything: Callable[..., Everything],
) -> None:
    plugin = SimpleNamespace(
        manifest=Manifest(title="Holes"),
        mentorkit_web_blueprints=hookimpl(lambda: [holes()]),
    )
    sweep = Sweep(create_everything(("holes", plugin))).run()
    assert sweep.calls > 1_000
    assert len(sweep.posts) > 30
    assert sweep.posts == sweep.sent
    ours = {hole: where for hole, where in sweep.found.items() if " holes." not in hole[0]}
    assert ours == {}
    assert set(sweep.found) == {
        ("GET holes.reads_any", "it was opened"),
        ("GET holes.reads_any", "something was shown"),
        ("GET holes.reads_any", "it is told from an id of nothing"),
        ("POST holes.changes_any", "something was changed"),
        ("POST holes.changes_both", "something was changed"),
        ("POST holes.changes_both", "it was opened"),
        ("POST holes.changes_unseen", "something was changed"),
        ("POST holes.changes_unseen", "it was opened"),
        ("GET holes.tells_apart", "it is told from an id of nothing"),
    }
    proofs = sweep.found["POST holes.changes_both", "something was changed"]
    assert any(": all of the other program" in one for one in proofs)


@pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
def test_the_world_of_the_sweep_has_every_noun_in_every_phase(
    create_everything: Callable[..., Everything],
) -> None:
    everything = create_everything()
    for phase in ("first pair", "second pair", "other program", "other tenant"):
        there = {table for table, ids in everything.made[phase].items() if ids}
        assert there >= {f"mk__{noun}" for noun in (
            "person", "participant", "proposal", "relationship", "milestone", "meeting", "contact",
            "block",
        )} | {
            "concern", "content", "survey", "mk_guide__standing", "mk_searches__search",
        }  # fmt: skip
