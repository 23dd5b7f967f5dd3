"""Ten thousand random steps on each database, with the invariants looked at after each.

A rule that draws a legal next move walks every edge of every table often: random choice alone
finds one planted fault of three. The edges walked are counted and reported.

Staff, the participants themselves and nobody in particular walk, in a program of pairs and one of
circles.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from functools import partial
from typing import Any

import pytest

from mentorkit.domain.events import replay
from mentorkit.domain.milestones import MEETING_MOVES, MILESTONE_MOVES
from mentorkit.domain.participants import PARTICIPANT_MOVES
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import PROGRAM_MOVES
from mentorkit.domain.relationships import PROPOSAL_MOVES, RELATIONSHIP_MOVES
from mentorkit.domain.runs import RUN_MOVES
from mentorkit.errors import MentorKitError
from mentorkit.journey import (
    accept,
    concerns,
    match,
    meet,
    onboard,
    programs,
    protect,
    recruit,
    screen,
)
from tests.journey.conftest import ADMIN, PRESET, lead

STEPS = int(os.environ.get("MENTORKIT_TEST_STEPS", "10000"))
TABLES = {
    "program": PROGRAM_MOVES,
    "participant": PARTICIPANT_MOVES,
    "run": RUN_MOVES,
    "proposal": PROPOSAL_MOVES,
    "relationship": RELATIONSHIP_MOVES,
    "milestone": MILESTONE_MOVES,
    "meeting": MEETING_MOVES,
}
WAYS: dict[str, tuple[str, dict[str, Any]]] = {
    "participant": ("participant", {
        "approved": screen.approve, "waiting": screen.wait, "declined": screen.decline,
        "paused": onboard.pause, "left": onboard.leave, "lead": screen.readmit,
    }),
    "run": ("run", {
        "reviewed": match.review, "draft": match.reopen, "published": match.publish,
        "discarded": match.discard,
    }),
    "proposal": ("proposal", {
        "accepted": accept.accept, "declined": accept.decline, "withdrawn": accept.withdraw,
    }),
    "relationship": ("relationship", {
        "paused": meet.pause, "active": meet.resume, "ended": meet.end,
    }),
    "milestone": ("milestone", {"done": meet.reach}),
    "meeting": ("meeting", {"struck": meet.strike}),
}  # fmt: skip
"""Noun -> the name its functions take it under, and the function that leads to each state."""

UNSEEN = ("queued", "running")
"""States of a run that are over before a caller can see them; every draft walks through them."""

TWO_MENTORS = {"assigner": "circles", "assigner_options": {"least": 2, "mentors": 2}}
EPOCH = 100
"""Steps in one tenant; then a fresh one, so that reading everything stays cheap."""


class Walk:
    """One tenant walked at random through the public functions alone."""

    def __init__(
        self, kit: Any, tenant: str, seed: int, edges: Counter[tuple[str, str, str]]
    ) -> None:
        self.kit, self.tenant, self.dice = kit, tenant, random.Random(seed)
        self.at = {"tenant": tenant, "actor": ADMIN}
        self.people = 0
        self.seen = 0
        self.quiet = False
        self.state: dict[tuple[str, str], str] = {}
        self.members: dict[str, tuple[str, ...]] = {}
        self.participants: dict[str, Any] = {}
        self.edges = edges
        milestones = [
            {"kind": "check", "day": 2, "window": 3},
            {"kind": "end", "fraction": 1.0},
        ]
        preset = {**PRESET, "targets": {"length_days": 20, "milestones": milestones}}
        self.programs = {}
        for key, kind in (("p", "pair"), ("c", "circle")):
            own = {**preset, "program": {"kind": kind, "matching": "self"}}
            if kind == "circle":
                own["strategy"] = {**PRESET["strategy"], **TWO_MENTORS}
            self.programs[key] = programs.create(kit, **self.at, key=key, preset=own)["id"]
            programs.open_(kit, **self.at, program=key)
        self.check()

    def rows(self, repository: str, **equals: Any) -> list[Any]:
        with self.kit.transaction(tenant=self.tenant, write=False) as tx:
            return list(getattr(tx, repository).find(**equals))

    def pick(self, repository: str, **equals: Any) -> Any:
        rows = self.rows(repository, **equals)
        if not rows:
            raise LookupError
        return self.dice.choice(rows)

    def one(self, repository: str, **equals: Any) -> str:
        return str(self.pick(repository, **equals).id)

    def acting(self, *participants: str) -> dict[str, Any]:
        """Act as staff, or as often as one of these participants."""
        known = [one for one in participants if one in self.participants]
        if self.quiet or not known or self.dice.random() < 0.5:
            return self.at
        person = self.participants[self.dice.choice(known)].person_id
        return {"tenant": self.tenant, "actor": Actor(person_id=person)}

    def within(self, relationship: Any) -> dict[str, Any]:
        """Act as staff or as one of those who are or were in this relationship."""
        return self.acting(*(member.participant_id for member in relationship.members))

    def met(self, one: Any) -> dict[str, Any]:
        """Act as staff or as one of those whose meeting or milestone this is."""
        return self.within(self.rows("relationships", id=one.relationship_id)[0])

    def key(self) -> str:
        return self.dice.choice(["p", "p", "p", "c"])

    # ------------------------------------------------------------------ what may be done

    def recruit(self, role: str | None = None, program: str = "p") -> None:
        role = role or self.dice.choice(["mentee", "mentor", "mentor", "both"])
        self.people += 1
        people = [lead(f"p{self.people}", role, trade=self.dice.choice(["baker", "smith"]),
                       capacity=self.dice.randint(1, 3))]  # fmt: skip
        recruit.receive(self.kit, **self.at, program=program, leads=people)

    def join(self) -> None:
        """Bring somebody all the way in, so that there are people to match."""
        self.recruit(program=self.key())
        who = self.rows("participants", state="lead")[-1].id
        for verb in (screen.approve, onboard.consent, onboard.complete):
            verb(self.kit, **self.at, participant=who)

    def screen(self) -> None:
        who = self.one("participants", state=self.dice.choice(["lead", "waiting", "declined"]))
        verb = self.dice.choice([screen.approve, screen.decline, screen.wait, onboard.leave])
        verb(self.kit, **self.at, participant=who)

    def onboard(self) -> None:
        who = self.one("participants", state="approved")
        if self.dice.random() < 0.3:
            onboard.leave(self.kit, **self.acting(who), participant=who)
            return
        by = self.acting(who)
        onboard.consent(self.kit, **by, participant=who)
        onboard.complete(self.kit, **by, participant=who)

    def consent(self) -> None:
        """Take consent back, or give it again."""
        one = self.pick("participants", state="active")
        verb = onboard.withdraw if one.consented_at else onboard.consent
        verb(self.kit, **self.acting(one.id), participant=one.id)

    def rest(self) -> None:
        who = self.one("participants", state=self.dice.choice(["active", "paused", "paused"]))
        verb = self.dice.choice([onboard.pause, onboard.resume, onboard.resume, onboard.leave])
        verb(self.kit, **self.acting(who), participant=who)

    def readmit(self) -> None:
        screen.readmit(self.kit, **self.at, participant=self.one("participants", state="left"))

    def capacity(self) -> None:
        who = self.one("participants")
        onboard.set_capacity(self.kit, **self.acting(who), participant=who,
                             capacity=self.dice.randint(0, 3))  # fmt: skip

    def program(self) -> None:
        verb = self.dice.choice([programs.close, programs.open_])
        verb(self.kit, **self.at, program="p")
        programs_now = self.rows("programs", key="p")
        if programs_now[0].state == "closed" and self.dice.random() < 0.9:
            programs.open_(self.kit, **self.at, program="p")

    def draft(self) -> None:
        locks = [("nobody", "noone")] if self.dice.random() < 0.3 else []
        match.draft(self.kit, **self.at, program=self.key(), locks=locks)

    def lock(self) -> None:
        """Lock a drafted pair, which the next draft must carry along."""
        match.lock(self.kit, **self.at, proposal=self.one("proposals", state="draft"))

    def run(self) -> None:
        state = self.dice.choice(["draft", "draft", "reviewed", "reviewed"])
        verb = self.dice.choice([match.review, match.reopen, match.publish, match.discard])
        verb(self.kit, **self.at, run=self.one("runs", state=state))

    def queue(self) -> None:
        """Throw away a run that a worker elsewhere would take, or took and then crashed."""
        from mentorkit.domain import events
        from mentorkit.domain.moves import Role
        from mentorkit.domain.runs import Run

        def work(tx: Any) -> str:
            program = tx.programs.first(key="p")
            run = Run(id=tx.new_id(), tenant=self.tenant, program_id=program.id, created_at=tx.now)
            tx.runs.add(run)
            facts: list[events.Event] = [events.RunQueued(subject_id=run.id, strategy_version=1)]
            if self.dice.random() < 0.5:
                tx.runs.save(run.move("running", by=Role.ADMIN))
                facts.append(events.RunStarted(subject_id=run.id))
            tx.record_all(facts, actor=ADMIN, role=Role.ADMIN)
            return run.id

        match.discard(self.kit, **self.at, run=self.kit.write(self.tenant, work))

    def propose(self) -> None:
        active = self.rows("participants", state="active", program_id=self.programs[self.key()])
        mentee, mentor = (
            self.dice.choice([one.id for one in active if one.plays(role)])
            for role in ("mentee", "mentor")
        )
        match.propose(self.kit, **self.acting(mentee, mentor), mentee=mentee, mentor=mentor)

    def circle(self) -> None:
        """Let somebody new into a circle, rather into one that is there; all by themselves."""
        held = self.rows("relationships", kind="circle", state=("active", "paused"))
        if held:
            mentor = self.dice.choice(held).mentors[0]
        else:
            mentor = self.bring_participant("active", "mentor", "c")
        mentee = self.bring_participant("active", "mentee", "c")
        made = match.propose(self.kit, **self.at, mentee=mentee, mentor=mentor)
        with self.kit.transaction(tenant=self.tenant, write=False) as tx:
            found = tx.participants.get_many([mentee, mentor])
        for one in (mentee, mentor):
            by = {"tenant": self.tenant, "actor": Actor(person_id=found[one].person_id)}
            accept.accept(self.kit, **by, proposal=made["id"])

    def second(self) -> None:
        """Publish circles with two mentors each, and let all who are asked answer in any order."""
        for role in ("mentee", "mentee", "mentor", "mentor"):
            self.bring_participant("active", role, "c")
        made = match.draft(self.kit, **self.at, program="c")
        match.publish(self.kit, **self.at, run=made["id"])
        asked = self.rows("proposals", run_id=made["id"], state="offered")
        for one in self.dice.sample(asked, len(asked)):
            verb = accept.decline if self.dice.random() < 0.1 else accept.accept
            self._try(partial(verb, self.kit, **self.at, proposal=one.id))

    def part(self) -> None:
        """Let somebody end their part of a circle, leave the program, or block somebody in it."""
        held = self.rows("relationships", kind="circle", state=("active", "paused"))
        circle = max(held, key=lambda one: len(one.mentees), default=None)
        if circle is None:
            raise LookupError
        who = self.dice.choice([*circle.mentees, *circle.mentors[1:]])
        other = self.dice.choice(circle.here).participant_id
        person = self.participants[who].person_id
        by = self.at if self.quiet else {"tenant": self.tenant, "actor": Actor(person_id=person)}
        way = self.dice.choice(["end", "leave", "block"])
        if way == "end":
            meet.end(self.kit, **by, relationship=circle.id, reason="stopped")
        elif way == "leave":
            onboard.leave(self.kit, **by, participant=who)
        else:
            other = self.participants[other].person_id
            protect.block(self.kit, **by, person=person, other=other)

    def answer(self) -> None:
        one = self.pick("proposals", state="offered")
        verb = self.dice.choice([accept.accept, accept.accept, accept.decline, accept.withdraw])
        verb(self.kit, **self.acting(one.mentee_id, one.mentor_id), proposal=one.id)

    def ask(self) -> None:
        self._ask(self.one("proposals", state="offered"))

    def reply(self) -> None:
        one = self.pick("proposals", state="question")
        by = self.acting(one.mentee_id, one.mentor_id)
        if self.dice.random() < 0.4:
            accept.withdraw(self.kit, **by, proposal=one.id)
        else:
            accept.reply(self.kit, **by, proposal=one.id, text="Soon.")

    def relate(self) -> None:
        state = self.dice.choice(["active", "paused"])
        verb = self.dice.choice([meet.pause, meet.resume, meet.end])
        one = self.pick("relationships", state=state)
        verb(self.kit, **self.within(one), relationship=one.id)

    def extend(self) -> None:
        one = self.pick("relationships")
        days = self.dice.randint(1, 9)
        meet.extend(self.kit, **self.within(one), relationship=one.id, days=days)

    def log(self) -> None:
        one = self.pick("relationships")
        meet.log(self.kit, **self.within(one), relationship=one.id, minutes=30)

    def strike(self) -> None:
        one = self.pick("meetings")
        meet.strike(self.kit, **self.met(one), meeting=one.id)

    def reach(self) -> None:
        state = self.dice.choice(["due", "missed", "missed"])
        one = self.pick("milestones", state=state)
        meet.reach(self.kit, **self.met(one), milestone=one.id)

    def wait(self) -> None:
        self.kit.clock.forward(days=self.dice.randint(1, 6))
        meet.turn(self.kit, tenant=self.tenant)
        accept.expire(self.kit, tenant=self.tenant)

    def block(self) -> None:
        if self.dice.random() < 0.2:
            protect.block(self.kit, **self.at, person=self.one("people"), other=self.one("people"))

    def lift(self) -> None:
        """Let two be brought together again whom somebody keeps apart."""
        one = self.pick("blocks")
        own = {"tenant": self.tenant, "actor": Actor(person_id=one.person_id)}
        by = self.at if self.quiet or self.dice.random() < 0.5 else own
        protect.unblock(self.kit, **by, person=one.person_id, other=one.other_id)

    def report(self) -> None:
        """Raise a concern about somebody one has to do with, and be kept apart from them."""
        one = self.pick("proposals", state=("offered", "question", "accepted"))
        mine, other = self.dice.sample([one.mentee_id, one.mentor_id], 2)
        by = Actor() if self.quiet else Actor(person_id=self.participants[mine].person_id)
        if self.dice.random() < 0.2:
            concerns.raise_(
                self.kit, tenant=self.tenant, actor=by, program=one.program_id, kind="other",
                about=other, apart=True, anonymous=self.dice.random() < 0.5,
            )  # fmt: skip

    def nobody(self, verbs: list[Any]) -> None:
        """Let nobody in particular try; `check` sees that it left no trace."""
        staff, self.quiet = self.at, True
        self.at = {"tenant": self.tenant, "actor": Actor()}
        try:
            self._try(self.dice.choice(verbs))
        finally:
            self.at = staff

    def aim(self) -> None:
        """Walk one of the edges walked least so far, bringing something to its beginning first."""
        every = [(noun, *edge) for noun, table in TABLES.items() for edge in table]
        every = [edge for edge in every if edge[0] != "program" and edge[1] not in UNSEEN]
        wanted = sorted(every, key=lambda edge: (self.edges[edge], edge))[:10]
        noun, frm, to = self.dice.choice(wanted)
        if self.rows("programs", key="p")[0].state != "open":
            programs.open_(self.kit, **self.at, program="p")
        one = getattr(self, f"bring_{noun}")(frm)
        if (noun, to) == ("proposal", "expired"):
            self.kit.clock.forward(days=11)
            accept.expire(self.kit, tenant=self.tenant)
        elif noun == "milestone" and to in ("due", "missed"):
            self.kit.clock.forward(days=4)
            meet.turn(self.kit, tenant=self.tenant)
        elif (noun, to) == ("milestone", "cancelled"):
            held = self.rows("milestones", id=one)[0].relationship_id
            meet.end(self.kit, **self.at, relationship=held, reason="stopped")
        elif (noun, to) == ("proposal", "question"):
            self._ask(one)
        elif (noun, to) == ("proposal", "offered"):
            verb = accept.reply if frm == "question" else None
            if verb:
                verb(self.kit, **self.at, proposal=one, text="Soon.")
        else:
            name, verbs = WAYS[noun]
            verb = self._activate if (noun, to) == ("participant", "active") else verbs[to]
            verb(self.kit, **self.at, **{name: one})

    def bring_participant(self, state: str, role: str | None = None, program: str = "p") -> str:
        """Return a participant newly brought to this state."""
        self.recruit(role, program)
        who = str(self.rows("participants", state="lead")[-1].id)
        path = {
            "lead": [], "waiting": [screen.wait], "declined": [screen.decline],
            "approved": [screen.approve], "active": [screen.approve, self._activate],
            "paused": [screen.approve, self._activate, onboard.pause], "left": [onboard.leave],
        }  # fmt: skip
        for verb in path[state]:
            verb(self.kit, **self.at, participant=who)
        return who

    def bring_proposal(self, state: str) -> str:
        mentee = self.bring_participant("active", "mentee")
        mentor = self.bring_participant("active", "mentor")
        if state == "draft":
            match.draft(self.kit, **self.at, program="p")
            return self.one("proposals", state="draft")
        made = match.propose(self.kit, **self.at, mentee=mentee, mentor=mentor)
        if state == "question":
            self._ask(made["id"])
        return str(made["id"])

    def bring_relationship(self, state: str) -> str:
        done = accept.accept(self.kit, **self.at, proposal=self.bring_proposal("offered"))
        if state == "paused":
            meet.pause(self.kit, **self.at, relationship=done["relationship_id"])
        return str(done["relationship_id"])

    def bring_run(self, state: str) -> str:
        self.bring_participant("active", "mentee")
        self.bring_participant("active", "mentor")
        made = match.draft(self.kit, **self.at, program="p")
        if state == "reviewed":
            match.review(self.kit, **self.at, run=made["id"])
        return str(made["id"])

    def bring_milestone(self, state: str) -> str:
        relationship = self.bring_relationship("active")
        for days in {"upcoming": [], "due": [3], "missed": [3, 4]}[state]:
            self.kit.clock.forward(days=days)
            meet.turn(self.kit, tenant=self.tenant)
        return self.one("milestones", relationship_id=relationship, state=state)

    def bring_meeting(self, state: str) -> str:
        relationship = self.bring_relationship("active")
        made = meet.log(self.kit, **self.at, relationship=relationship, minutes=20)
        return str(made["id"])

    def _ask(self, proposal: str) -> None:
        with self.kit.transaction(tenant=self.tenant, write=False) as tx:
            mentee = tx.proposals.get(proposal).mentee_id
            person = tx.participants.get(mentee).person_id
        accept.ask(
            self.kit, tenant=self.tenant, actor=Actor(person_id=person), proposal=proposal,
            text="When?",
        )  # fmt: skip

    def _activate(self, kit: Any, *, participant: str, **at: Any) -> None:
        with kit.transaction(tenant=self.tenant, write=False) as tx:
            paused = tx.participants.get(participant).state == "paused"
        if paused:
            onboard.resume(kit, **at, participant=participant)
            return
        onboard.consent(kit, **at, participant=participant)
        onboard.complete(kit, **at, participant=participant)

    def step(self) -> None:
        self.quiet = False
        if self.dice.random() < 0.15:
            self._try(self.aim)
            return
        verbs = [
            self.recruit, self.join, self.join, self.screen, self.screen, self.onboard, self.rest,
            self.capacity, self.program, self.draft, self.run, self.run, self.lock, self.propose,
            self.propose, self.answer, self.answer, self.reply, self.relate, self.log,
            self.strike, self.reach, self.block, self.lift, self.report, self.consent,
            self.extend, self.circle, self.second, self.part, self.readmit,
        ]  # fmt: skip
        if self.dice.random() < 0.04:
            self.nobody(verbs)
            return
        self._try(self.dice.choice([*verbs, self.queue, self.ask, self.wait]))

    def _try(self, verb: Any) -> None:
        try:
            verb()
        except (MentorKitError, LookupError, IndexError):
            return  # refused: what counts is that nothing was left half done

    # ------------------------------------------------------------------ what must hold

    def check(self, last: bool = False) -> None:
        """Look at everything, at the latest with the next fact or after the `last` step."""
        with self.kit.transaction(tenant=self.tenant, write=False) as tx:
            new = tx.journal.events(after=self.seen, limit=100_000)
            if not (new or last):
                return
            participants = {p.id: p for p in tx.participants.find()}
            relationships = tx.relationships.find()
            rows = {
                noun: {row.id: row.state for row in getattr(tx, repository).find()}
                for noun, repository in (
                    ("program", "programs"), ("run", "runs"), ("proposal", "proposals"),
                    ("milestone", "milestones"), ("meeting", "meetings"),
                )
            }  # fmt: skip
            blocks = {frozenset((b.person_id, b.other_id)) for b in tx.blocks.find()}
            drafts = tx.runs.find(state=("draft", "reviewed"))
        self.participants = participants
        assert not (self.quiet and new), new
        rows["participant"] = {p.id: p.state for p in participants.values()}
        rows["relationship"] = {r.id: r.state for r in relationships}
        for event in new:
            self._walk(event)
        # INV-1: what is used is what is held, and never more than there is.
        held: Counter[str] = Counter()
        mentees: Counter[str] = Counter()
        for r in relationships:
            here = tuple(member.participant_id for member in r.here)
            assert self.members[r.id] == here, "the journal tells who is in it"
            if r.state in ("active", "paused"):
                assert r.mentees, "a circle without a mentee has ended"
                mentees.update(r.mentees)
                held.update(r.mentees)
                assert 1 <= len(r.mentors) <= 2, "a circle without a mentor has ended"
                held.update(dict.fromkeys(r.mentors, len(r.mentees)))
        for one in participants.values():
            assert one.used == held[one.id] <= one.capacity, one
            assert one.role != "both" or mentees[one.id] <= 1, one
        # At most one draft of a program waits to be published.
        assert max(Counter(run.program_id for run in drafts).values(), default=0) <= 1
        # INV-2, INV-8: the stored state is the last that the journal tells of.
        for noun, states in rows.items():
            for row, state in states.items():
                assert self.state[noun, row] == state, (noun, row)
        # INV-12: after a block nothing is open or running between the two.
        for r in relationships:
            if r.state in ("active", "paused") and blocks:
                people = {participants[m.participant_id].person_id for m in r.here}
                assert not any(apart <= people for apart in blocks)

    def _walk(self, event: Any) -> None:
        self.seen = event.sequence
        if event.noun == "relationship":
            self.members[event.subject_id] = event.payload().get(
                "members", self.members.get(event.subject_id)
            )
        state = event.payload().get("state")
        if state is None or event.noun not in TABLES:
            return
        key = (event.noun, event.subject_id)
        before = self.state.get(key)
        if before is not None:
            assert (before, state) in TABLES[event.noun].edges, (event, before)
            allowed = TABLES[event.noun].edges[before, state]
            assert event.role in {str(role) for role in allowed}, event
            self.edges[event.noun, before, state] += 1
        self.state[key] = state


def walk(kit: Any, steps: int, seed: int = 7) -> Counter[tuple[str, str, str]]:
    edges: Counter[tuple[str, str, str]] = Counter()
    for epoch in range(max(1, steps // EPOCH)):
        one = Walk(kit, f"t{epoch}", seed * 1000 + epoch, edges)
        for _ in range(min(EPOCH, steps)):
            one.step()
            one.check()
        one.check(last=True)
    return edges


def test_every_edge_is_walked_and_nothing_breaks(create_kit: Any) -> None:
    edges = walk(create_kit(), STEPS)
    every = {(noun, *edge) for noun, table in TABLES.items() for edge in table}
    rare = {edge: edges[edge] for edge in every if edges[edge] < 30}
    assert not rare or STEPS < 10_000, rare


def test_the_walk_finds_a_place_that_is_never_given_back(
    create_kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mentorkit.store import repositories

    monkeypatch.setattr(
        repositories.Participants, "release_place", lambda self, one: self.get(one).used
    )
    with pytest.raises(AssertionError):
        walk(create_kit(), 250)


def test_the_walk_finds_a_change_that_is_not_in_the_journal(
    create_kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mentorkit.domain import events

    monkeypatch.setattr(events.RelationshipPaused, "payload", lambda self: {})
    with pytest.raises(AssertionError):
        walk(create_kit(), 500)


def test_replaying_all_events_is_the_last_word_on_states(create_kit: Any) -> None:
    kit = create_kit()
    walk(kit, 200, seed=3)
    with kit.transaction(tenant="t0", write=False) as tx:
        state = replay(tx.journal.events(limit=100_000))
        for row in tx.proposals.find():
            assert state["proposal", row.id]["state"] == row.state
