"""The script: what people do in a rehearsal, so that something happens to be told of.

Staff offer whoever is free to whoever is free, once a week. Of all people, some stay silent: they
never answer, and no meeting of theirs is held. The others say yes after a day or two, meet every
second week for an hour, answer a milestone two days after it opened, and end on their last day.
Who is silent goes by a seed, so that it is the same each time. Nobody fills in a survey.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from mentorkit.domain.people import Actor
from mentorkit.errors import MentorKitError
from mentorkit.journey import accept, match, meet
from mentorkit.journey.definitions import targets_for
from mentorkit.journey.pools import ASKED, looking

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

SILENT = 0.15
"""The share of people who never answer."""
MINUTES = 60
PART = 50
"""How many steps are walked in one transaction."""
ADMIN = Actor(admin=True)
Walk = Callable[["Transaction"], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """Who does what. `every` is after how many days those who meet do so again.

    Without `offers` nobody new is brought together.
    """

    tenant: str
    program: str
    seed: int = 1
    silent: float = SILENT
    every: int = 14
    offers: bool = True

    def luck(self, *of: str) -> float:
        """Return a number from 0 up to 1 that is always the same for the same."""
        told = repr((self.seed, *of)).encode()
        return int.from_bytes(sha256(told).digest()[:6]) / 2**48

    def is_silent(self, person: str) -> bool:
        return self.luck("silent", person) < self.silent

    def live(self, kit: Kit, day: int) -> int:
        """Let people do what they do on this day; return how many steps were refused."""
        if self.silent >= 1:
            return 0
        steps: list[Callable[[Kit, Transaction], Iterable[Walk]]] = [
            self._answers, self._ends, self._meetings, self._milestones,
        ]  # fmt: skip
        if self.offers and day % 7 == 0:
            steps.insert(0, self._offers)
        of = self.tenant
        with kit.reading_once(tenant=of), kit.transaction(tenant=of, write=False) as tx:
            walks = [walk for step in steps for walk in step(kit, tx)]
        refused = 0
        for start in range(0, len(walks), PART):
            part = walks[start : start + PART]
            refused += kit.write(self.tenant, lambda tx, part=part: _walk(tx, part))  # type: ignore[misc]
        return refused

    def _offers(self, kit: Kit, tx: Transaction) -> Iterable[Walk]:
        program = tx.programs.get(self.program)
        asked = tx.proposals.find(program_id=self.program, state=ASKED)
        busy = {id for one in asked for id in (one.mentee_id, one.mentor_id)}
        free = [part for part, _, _ in looking(tx, program, asked) if part.id not in busy]
        mentees = [one.id for one in free if one.plays("mentee")]
        mentors = [one.id for one in free if one.plays("mentor")]
        if program.kind == "peer":
            mentees, mentors = mentees[::2], mentees[1::2]
        for mentee, mentor in zip_longest(mentees, mentors):
            if mentee and mentor and mentee != mentor:
                about = {"tenant": self.tenant, "mentee": mentee, "mentor": mentor}
                yield _stepping(match.propose, kit, actor=ADMIN, **about)

    def _answers(self, kit: Kit, tx: Transaction) -> Iterable[Walk]:
        program = tx.programs.get(self.program)
        open_now = tx.proposals.find(program_id=self.program, state="offered")
        parts = tx.participants.get_many(
            id for one in open_now for id in (one.mentee_id, one.mentor_id)
        )
        for one in open_now:
            role = one.owing(program.accept_chain)
            side = {"mentee": one.mentee_id, "mentor": one.mentor_id}.get(role or "")
            after = timedelta(days=1 + round(self.luck("answers", one.id)))
            if role is None or (one.offered_at and tx.now < one.offered_at + after):
                continue
            person = parts[side].person_id if side else ""
            if not self.is_silent(person or role):
                actor = Actor(person_id=person) if person else ADMIN
                yield _stepping(
                    accept.accept, kit, actor=actor, tenant=self.tenant, proposal=one.id
                )

    def _ends(self, kit: Kit, tx: Transaction) -> Iterable[Walk]:
        for id, ends in sorted(self._running(tx, "ends_at")):
            if ends <= tx.now:
                yield _stepping(meet.end, kit, actor=ADMIN, tenant=self.tenant, relationship=id)

    def _meetings(self, kit: Kit, tx: Transaction) -> Iterable[Walk]:
        begun = self._running(tx, "started_at")
        today = [id for id, at in begun if self._meets(id, (tx.now - at).days)]
        held = [one.here for one in tx.relationships.get_many(sorted(today)).values()]
        people = tx.participants.pick("person_id", id=[m.participant_id for m in chain(*held)])
        for here in held:
            if not any(self.is_silent(people[member.participant_id]) for member in here):
                about = {"tenant": self.tenant, "relationship": here[0].relationship_id}
                yield _stepping(meet.log, kit, actor=ADMIN, **about, minutes=MINUTES)

    def _running(self, tx: Transaction, column: str) -> Iterable[tuple[str, datetime]]:
        """Return the ids of those that run, with a time of each; they are many, every day."""
        return tx.relationships.pick(column, program_id=self.program, state="active").items()

    def _meets(self, relationship: str, day: int) -> bool:
        """Return whether two meet on this day since they began, if neither is silent."""
        first = 2 + int(self.luck("meets", relationship) * (self.every - 2))
        return day >= first and (day - first) % self.every == 0

    def _milestones(self, kit: Kit, tx: Transaction) -> Iterable[Walk]:
        program = tx.programs.get(self.program)
        opened = tx.now - timedelta(days=2)
        due = [one for one in tx.milestones.find(state="due") if one.opens_at <= opened]
        held = tx.relationships.get_many(one.relationship_id for one in due)
        people = tx.participants.get_many(m.participant_id for r in held.values() for m in r.here)
        targets = targets_for(tx, program)
        for one in due:
            relationship = held[one.relationship_id]
            for side in meet.asked_of(relationship, targets(relationship), one):
                person = people[side].person_id if side in people else ""
                if side in one.answered or self.is_silent(person or side):
                    continue
                who = {"actor": Actor(person_id=person)} if person else {"actor": ADMIN}
                behalf = {} if person else {"on_behalf_of": side}
                yield _stepping(
                    meet.reach, kit, **who, tenant=self.tenant, milestone=one.id, **behalf
                )


def _stepping(verb: Callable[..., Any], kit: Kit, **values: Any) -> Walk:
    return lambda tx: verb(kit, tx=tx, **values)


def _walk(tx: Transaction, walks: Sequence[Walk]) -> int:
    """Walk these; return how many were refused: what stands against them is no fault of ours."""
    refused = 0
    for walk in walks:
        try:
            walk(tx)
        except MentorKitError:
            refused += 1
    return refused
