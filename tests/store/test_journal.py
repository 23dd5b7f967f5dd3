"""The journal: append-only, in one order, and enough to make the state from."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit.domain import events
from mentorkit.domain.events import (
    CapacityChanged,
    LeadReceived,
    MilestoneDone,
    MilestoneDue,
    ParticipantApproved,
    ParticipantOnboarded,
    ParticipantPaused,
    PlaceReleased,
    PlaceTaken,
    ProposalAccepted,
    ProposalDrafted,
    ProposalOffered,
    RelationshipEnded,
    RelationshipPaused,
    RelationshipStarted,
    replay,
)
from mentorkit.domain.milestones import Milestone
from mentorkit.domain.moves import Role
from mentorkit.domain.people import Actor
from mentorkit.errors import NotFound
from mentorkit.store import tables


def test_of_any_number_of_subjects_all_is_told_oldest_first(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mentorkit.store import journal

    monkeypatch.setattr(journal, "CHUNK", 2)
    with kit.transaction(tenant="acme") as tx:
        facts = [ParticipantApproved(subject_id=id, program_id="p") for id in "eadcb"]
        told = [tx.record(fact, actor=None) for fact in facts]
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.journal.about("participant", *"abcdef") == told
        assert tx.journal.about("participant") == []
        monkeypatch.undo()
        many = (str(number) for number in range(70_000))  # more than PostgreSQL takes at once
        assert tx.journal.about("participant", *many, "a") == told[1:2]


def test_an_event_comes_back_as_it_was_recorded(kit: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        first = tx.record(
            ParticipantApproved(subject_id="a", program_id="p", reason="fits"),
            actor=Actor(person_id="staff", means="phone"),
            role="coordinator",
        )
        second = tx.record(ProposalAccepted(
            subject_id="b", program_id="p", answered=("mentee", "mentor"), relationship_id="r",
            cause=first.sequence,
        ), actor=None)  # fmt: skip
    assert (first.tenant, first.actor_id, first.role, first.means, first.at) == (
        "acme",
        "staff",
        "coordinator",
        "phone",
        kit.clock(),
    )
    assert second.means == "job"
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.journal.events() == [first, second]
        assert tx.journal.event(first.sequence) == first
        assert tx.journal.about("proposal", "b") == [second]
        assert tx.journal.events(after=first.sequence, program_id="p") == [second]
        assert tx.journal.events(program_id="other") == []
        assert tx.journal.events(limit=1) == [first]
    with kit.transaction(tenant="other", write=False) as tx:
        assert tx.journal.events() == []
        with pytest.raises(NotFound):
            tx.journal.event(first.sequence)


def test_many_at_once_keep_their_order(kit: Any) -> None:
    many = [ParticipantApproved(subject_id=f"s{(n * 7919) % 1500:05}") for n in range(1500)]
    with kit.transaction(tenant="acme") as tx:
        stored = tx.record_all(many, actor=None)
        assert tx.record_all([], actor=None) == []
    assert [event.subject_id for event in stored] == [event.subject_id for event in many]
    sequences = [event.sequence for event in stored]
    assert sequences == sorted(set(sequences))
    with kit.transaction(tenant="acme", write=False) as tx:
        assert tx.journal.numbered(reversed(sequences)) == stored
        assert tx.journal.events(limit=None) == stored


def test_the_order_is_that_of_the_whole_database(kit: Any) -> None:
    stored = []
    for tenant in ("acme", "other", "acme"):
        with kit.transaction(tenant=tenant) as tx:
            stored.append(tx.record(ParticipantApproved(subject_id="s"), actor=None))
    sequences = [event.sequence for event in stored]
    assert sequences == sorted(set(sequences))


def test_who_was_heard_of_in_a_relationship_or_at_its_milestones_and_when(
    kit: Any, making: Any, clock: Any
) -> None:
    with kit.transaction(tenant="acme") as tx:
        make = making(tx)
        ben, ada = make.participant("Ben", role="mentee"), make.participant("Ada")
        pair = make.relationship(ben, ada)
        at = {"opens_at": tx.now, "closes_at": tx.now, "kind": "check", "tenant": "acme"}
        check = Milestone(id=tx.new_id(), relationship_id=pair.id, **at)
        tx.milestones.add(check)
    told = [
        (RelationshipPaused(subject_id=pair.id), ada.person_id),
        (MilestoneDone(subject_id=check.id), ben.person_id),
        (MilestoneDone(subject_id="of another"), ada.person_id),
        (RelationshipPaused(subject_id=pair.id), ben.person_id),
        (MilestoneDue(subject_id=check.id), None),
        (ParticipantApproved(subject_id=ada.id), ada.person_id),
    ]
    times = []
    for fact, person in told:
        clock.forward(hours=1)
        times.append(clock())
        with kit.transaction(tenant="acme") as tx:
            tx.record(fact, actor=Actor(person_id=person) if person else None)
    with kit.transaction(tenant="acme", write=False) as tx:
        people = {ada.person_id: times[0], ben.person_id: times[3]}
        found = tx.journal.heard([pair.id, "nobody's"])
        assert {sign: at for sign, at in found.items() if sign[1] in people} == {
            (pair.id, person): at for person, at in people.items()
        }
        assert {relationship for relationship, _ in found} == {pair.id}
        assert tx.journal.heard([]) == {}
    with kit.transaction(tenant="other", write=False) as tx:
        assert tx.journal.heard([pair.id]) == {}


def test_replaying_gives_what_is_stored(kit: Any, making: Any) -> None:
    with kit.transaction(tenant="acme") as tx:
        make = making(tx)
        people = {}
        for name, role in (("ben", "mentee"), ("ada", "mentor")):
            one = make.participant(name, role=role, state="lead", capacity=1)
            tx.record(LeadReceived(subject_id=one.id, role_played=role, capacity=1), actor=None)
            for state, event in (
                ("approved", ParticipantApproved),
                ("active", ParticipantOnboarded),
            ):
                one = tx.participants.save(one.move(state, by=Role.COORDINATOR))
                tx.record(event(subject_id=one.id), actor=None)
            people[name] = one
        ben, ada = people["ben"], people["ada"]
        ada = tx.participants.save(ada.with_capacity(2))
        tx.record(CapacityChanged(subject_id=ada.id, capacity=2), actor=None)
        offer = make.proposal(ben, ada, score=7)
        tx.record(
            ProposalDrafted(subject_id=offer.id, mentee_id=ben.id, mentor_id=ada.id, score=7),
            actor=None,
        )
        offer = tx.proposals.save(offer.move("offered", by=Role.COORDINATOR))
        tx.record(ProposalOffered(subject_id=offer.id), actor=None)
        for id, used in tx.participants.take_places([ada.id, ben.id]).items():
            tx.record(PlaceTaken(subject_id=id, used=used), actor=None)
        pair = make.relationship(ben, ada, proposal_id=offer.id)
        answered = ("mentee", "mentor")
        accepted = replace(offer.move("accepted", by=Role.MENTOR), answered=answered,
                           relationship_id=pair.id)  # fmt: skip
        tx.proposals.save(accepted)
        tx.record(
            ProposalAccepted(subject_id=offer.id, answered=answered, relationship_id=pair.id),
            actor=None,
        )
        tx.record(
            RelationshipStarted(subject_id=pair.id, proposal_id=offer.id, mentee_id=ben.id,
                                mentor_id=ada.id, targets_version=1),
            actor=None,
        )  # fmt: skip
        tx.relationships.save(pair.move("ended", by=Role.MENTEE, at=tx.now, reason="goal_met"))
        tx.record(RelationshipEnded(subject_id=pair.id, reason="goal_met"), actor=None)
        tx.record(
            PlaceReleased(subject_id=ada.id, used=tx.participants.release_place(ada.id)), actor=None
        )
        saved = tx.participants.save(tx.participants.get(ada.id).move("paused", by=Role.MENTOR))
        tx.record(ParticipantPaused(subject_id=saved.id), actor=None)
    with kit.transaction(tenant="acme", write=False) as tx:
        replayed = replay(tx.journal.events(limit=None))
        stored = (
            {("participant", one.id): one for one in tx.participants.find()}
            | {("proposal", one.id): one for one in tx.proposals.find()}
            | {("relationship", one.id): one for one in tx.relationships.find()}
        )
    assert set(replayed) == set(stored)
    for key, state in replayed.items():
        for name, value in state.items():
            if hasattr(stored[key], name):
                assert getattr(stored[key], name) == value, (key, name)
    assert replayed["participant", ada.id]["state"] == "paused"


def test_an_event_of_an_older_version_is_brought_up_to_date(
    kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with kit.transaction(tenant="acme") as tx:
        tx.connection.execute(
            sa.insert(tables.event).values(
                tenant="acme", name="PlaceTaken", schema=0, noun="participant", subject_id="s",
                role="", means="self", at=datetime(2026, 1, 1, tzinfo=UTC), payload={"places": 3},
            )
        )  # fmt: skip
    monkeypatch.setitem(events.UPCASTS, ("PlaceTaken", 0), lambda body: {"used": body["places"]})
    with kit.transaction(tenant="acme", write=False) as tx:
        (event,) = tx.journal.events()
    assert event == PlaceTaken(
        subject_id="s", used=3, tenant="acme", sequence=event.sequence,
        at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
