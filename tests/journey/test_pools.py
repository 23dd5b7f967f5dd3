"""Pools: whom a run may consider, by column; the same as looking at one after the other."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mentorkit import worker
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.people import Block
from mentorkit.domain.relationships import Member, Proposal, Relationship
from mentorkit.errors import MentorKitError
from mentorkit.journey import pools, programs, protect, recruit, suggestions
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.pools import ASKED, as_mentees, looking, pool_of
from tests.journey.conftest import lead

COHORTS = ("spring", "autumn", "over")
DAYS = {
    "spring": ("2027-03", "2027-06"),
    "autumn": ("2027-09", "2027-12"),
    "over": ("2026-01", "2026-02"),
}


@pytest.fixture
def crowd(create_world: Any) -> Any:
    """A program of thirty people, with sign-offs, a minimum age and cohorts, one of them over."""
    people = [
        lead(f"{role[2]}{number:02}", role, trade=trade, capacity=1 + number % 3, born=1990)
        for number in range(10)
        for role, trade in (("mentee", "baker"), ("mentor", "smith"), ("both", "baker"))
    ]
    world = create_world(people, mentee_capacity=2)
    for key in COHORTS:
        body = {"key": key, "starts": f"{DAYS[key][0]}-01", "ends": f"{DAYS[key][1]}-01"}
        programs.define(world.kit, **world.at, program="traders", kind="cohort", key=key, body=body)
    return world


def stir(tx: Any, world: Any, random: Random) -> None:
    """Change states, cohorts, places and answers, block some, and let some meet, ask and say no."""
    rows = tx.participants.find(program_id=world.program)
    for row in rows:
        state = random.choice(("active",) * 8 + ("paused", "left"))
        tx.participants.save(
            replace(
                row,
                state=state,
                cohort=random.choice((None, None, *COHORTS)),
                capacity=random.randint(1, 3),
                used=random.choice((0, 0, 0, 1)),
                consented_at=random.choice((row.consented_at,) * 9 + (None,)),
                profile=Frozen({"trade": random.choice(("baker", "smith")), "choices": ("e00",)}),
            )
        )
        person = tx.people.get(row.person_id)
        tx.people.save(replace(person, external_key=random.choice((None, person.external_key))))
    base = {"tenant": tx.tenant, "created_at": tx.now}
    for _ in range(4):
        a, b = random.sample(rows, 2)
        if not tx.blocks.find(person_id=a.person_id, other_id=b.person_id):
            tx.blocks.add(
                Block(id=tx.new_id(), person_id=a.person_id, other_id=b.person_id, **base)
            )
    for _ in range(20):
        a, b = random.sample(rows, 2)
        state = random.choice(("offered", "declined", "accepted", "draft", "withdrawn"))
        if not tx.proposals.find(mentee_id=a.id, mentor_id=b.id):
            tx.proposals.add(
                Proposal(
                    id=tx.new_id(), program_id=world.program, mentee_id=a.id, mentor_id=b.id,
                    state=state, origin=random.choice(("mentee", "strategy")), **base,
                )
            )  # fmt: skip
    for _ in range(8):
        some = random.sample(rows, random.choice((2, 2, 3, 4)))
        at = {"tenant": tx.tenant, "relationship_id": tx.new_id()}
        roles = ("mentor", *("mentee",) * (len(some) - 1))
        members = tuple(
            Member(id=tx.new_id(), participant_id=one.id, role=role, joined_at=tx.now, **at)
            for one, role in zip(some, roles, strict=True)
        )
        tx.relationships.add(
            Relationship(
                id=at["relationship_id"], program_id=world.program, members=members,
                kind="circle" if len(some) > 2 else "pair", targets_version=1,
                state=random.choice(("active", "ended")), started_at=tx.now,
                ends_at=tx.now, tenant=tx.tenant,
            )
        )  # fmt: skip


def one_by_one(tx: Any, program: Any, cohort: str | None = None) -> dict[str, Any]:
    """Return whom a run considers, with how many places in all, from one object a person."""
    asked = tx.proposals.find(program_id=program.id, state=ASKED)
    found = [e for e in looking(tx, program, asked) if cohort in (None, e[0].cohort)]
    found.sort(key=lambda e: (e[1].external_key or e[0].id, e[0].id))
    dated = [row for row, _, _ in found if row.cohort]
    return {
        "places": {row.id: left for row, _, left in found},
        "answers": {row.id: row.profile for row, _, _ in found},
        "names": {row.id: person.name for row, person, _ in found},
        "apart": {
            (a.id, b.id) for a, b in permutations(dated, 2) if a.cohort != b.cohort
        },
        "room": as_mentees(asked, tx.relationships.find(program_id=program.id)),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_a_pool_by_column_is_everybody_looked_at_one_by_one(crowd: Any, seed: int) -> None:
    with crowd.kit.transaction(tenant="acme") as tx:
        stir(tx, crowd, Random(seed))
    with crowd.kit.transaction(tenant="acme", write=False) as tx:
        program = tx.programs.get(crowd.program)
        fields = fields_of(tx, program)
        for cohort in (None, "spring"):
            pool = pool_of(tx, program, fields, (), cohort=cohort)
            plain = one_by_one(tx, program, cohort)
            order = list(plain["places"])
            seen: Counter[str] = Counter()
            for side, people in (("mentee", pool.mentees), ("mentor", pool.mentors)):
                assert list(people.ids) == [id for id in order if id in set(people.ids)]
                for at, one in enumerate(people.people):
                    assert one.name == plain["names"][one.id]
                    answered = {name: value for name, value in one.profile.items() if value}
                    assert answered == dict(plain["answers"][one.id])
                    assert tx.participants.get(one.id).plays(side)
                    seen[one.id] += int(people.capacity[at])
            assert seen == Counter(plain["places"])
            refused = {
                (a, b)
                for i, a in enumerate(pool.mentees.ids)
                for j, b in enumerate(pool.mentors.ids)
                if (reason := pool.refusal(i, j)) and reason.code == "other_cohort"
            }
            here = {(a, b) for a in pool.mentees.ids for b in pool.mentors.ids}
            stronger = {(pool.mentees.ids[i], pool.mentors.ids[j]) for i, j in pool.forbidden}
            assert refused == (plain["apart"] & here) - stronger


@pytest.mark.parametrize("kind", ["pair", "peer"])
@pytest.mark.parametrize("seed", range(3))
def test_the_pool_of_one_mentee_says_of_them_what_the_whole_pool_says(
    create_world: Any, seed: int, kind: str
) -> None:
    roles = ("mentee", "mentor") if seed else ("mentee", "mentor", "both")
    people = [
        lead(f"{role[2]}{number:02}", role, trade="baker", capacity=2)
        for number in range(48 // len(roles))
        for role in roles
    ]
    world = create_world(people, kind=kind) if kind == "peer" else create_world(people)
    with world.kit.transaction(tenant="acme") as tx:
        stir(tx, world, Random(seed))
    with world.kit.transaction(tenant="acme", write=False) as tx:
        program = tx.programs.get(world.program)
        fields = fields_of(tx, program)
        whole = pool_of(tx, program, fields, ())
        assert len(whole.mentees) > 2
        for i, id in enumerate(whole.mentees.ids):
            own = pool_of(tx, program, fields, (), only=id)
            assert (list(own.mentees.ids), own.mentors.ids) == ([id], whole.mentors.ids)
            assert own.capacity.tolist() == whole.capacity.tolist()
            for j in range(len(whole.mentors)):
                assert own.refusal(0, j) == whole.refusal(i, j)
                assert ((0, j) in own.past) == ((i, j) in whole.past)
        assert not pool_of(tx, program, fields, (), only="nobody").mentee_at


def answers(world: Any, kept: bool) -> dict[str, Any]:
    """Return what each mentee is suggested, or why nobody is."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        if not kept:
            patch.setattr(pools, "_kept", lambda *_: None)
        for key, id in world.ids.items():
            try:
                found[key] = suggestions.mentors(world.kit, **world.at, participant=id)["mentors"]
            except MentorKitError as error:
                found[key] = str(error)
    return found


@pytest.mark.parametrize("kind", ["pair", "peer"])
def test_suggestions_out_of_a_kept_pool_are_those_without(
    create_world: Any, create_kit: Any, tmp_path: Path, kind: str
) -> None:
    kit = create_kit(settings={"matching": {"pool_folder": str(tmp_path / "kept"), "pool_from": 2}})
    roles = ("both",) if kind == "peer" else ("mentee", "mentor")
    people = [
        lead(f"{role[2]}{number:02}", role, trade="baker", capacity=2)
        for number in range(20 // len(roles))
        for role in roles
    ]
    world = create_world(people, kit=kit, kind=kind)
    for seed in range(3):
        assert answers(world, kept=True) == answers(world, kept=False)
        assert len(list((tmp_path / "kept").iterdir())) == 1
        with world.kit.transaction(tenant="acme") as tx:
            stir(tx, world, Random(seed))
    assert answers(world, kept=True) == answers(world, kept=False)


def test_a_pool_is_kept_for_large_programs_and_goes_when_somebody_is_erased(
    create_world: Any, create_kit: Any, tmp_path: Path
) -> None:
    kit = create_kit(settings={"matching": {"pool_folder": str(tmp_path / "kept"), "pool_from": 6}})
    world = create_world(kit=kit)
    answers(world, kept=True)
    assert not (tmp_path / "kept").exists()
    more = [lead(f"m{number}", "mentor", trade="smith") for number in range(2)]
    recruit.receive(kit, **world.at, program="traders", leads=more)
    answers(world, kept=True)
    (file,) = (tmp_path / "kept").iterdir()
    assert b"dora" in file.read_bytes()
    with kit.transaction(tenant="acme") as tx:
        protect.erase(kit, **world.at, person=world.persons["dora"], tx=tx)
        with ThreadPoolExecutor(1) as other:  # sees her still, as nothing is committed
            other.submit(answers, world, kept=True).result()
    worker.work(kit)
    assert not list((tmp_path / "kept").iterdir())
    told = answers(world, kept=True)
    assert told == answers(world, kept=False)
    assert b"dora" not in next((tmp_path / "kept").iterdir()).read_bytes()
