"""Whom a proposal is known to: whoever owes a word, and nobody sooner; none forgets it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import permutations
from typing import get_args

import pytest

from mentorkit.domain.relationships import OTHER, PROPOSAL_MOVES, Origin, Proposal

NOW = datetime(2027, 3, 1, 9, tzinfo=UTC)
STEPS = ("mentee", "mentor", "coordinator")
CHAINS = [chain for most in (1, 2, 3) for chain in permutations(STEPS, most)]
ORIGINS = get_args(Origin)
ENDS = ("declined", "expired", "withdrawn")


def drafted(origin: Origin) -> Proposal:
    """Return a draft; who asks for the pair has said yes with it."""
    return Proposal(
        id="p", tenant="t", program_id="g", mentee_id="e", mentor_id="m", created_at=NOW,
        origin=origin, answered=(origin,) if origin in OTHER else (),
    )  # fmt: skip


def told(one: Proposal, chain: tuple[str, ...]) -> set[str]:
    return {side for side in OTHER if one.known_to(side, chain)}


def after(one: Proposal, chain: tuple[str, ...]) -> Iterator[Proposal]:
    """Yield what may become of a proposal by one move of those who know of it, or of staff."""
    if one.state == "draft":
        yield replace(one, state="offered", offered_at=NOW, due_at=NOW)
        yield replace(one, state="withdrawn")
        return
    if one.state not in ("offered", "question"):
        return
    yield from (replace(one, state=end) for end in ENDS)
    yield replace(one, due_at=None)  # a text waits to be looked at
    if one.state == "question":
        yield replace(one, state="offered", due_at=NOW)
        return
    for side in told(one, chain):
        yield replace(one, state="question", asked_by=side)
    said = replace(one, answered=(*one.answered, str(one.awaiting(chain))))
    yield said if said.awaiting(chain) else replace(said, state="accepted")
    yield replace(one, answered=one.asked(chain), state="accepted")  # staff answer for all


def reached(origin: Origin, chain: tuple[str, ...]) -> list[tuple[Proposal, Proposal]]:
    """Return every step there is from the draft on: what was, and what came of it."""
    steps, left, seen = [], [drafted(origin)], set()
    while left:
        one = left.pop()
        for then in after(one, chain):
            if then == one:
                continue
            assert then.state == one.state or (one.state, then.state) in PROPOSAL_MOVES.edges
            steps.append((one, then))
            if then not in seen:
                seen.add(then)
                left.append(then)
    return steps


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_along_every_way_who_owes_is_told_and_nobody_comes_to_know_less(
    chain: tuple[str, ...], origin: Origin
) -> None:
    steps = reached(origin, chain)
    asks = {"question"} if {*chain, origin} & {*OTHER} else set()  # else nobody knows of it
    states = {then.state for _, then in steps}
    assert states == {*PROPOSAL_MOVES.states} - {"draft", "question"} | asks
    for one, then in steps:
        assert told(one, chain) <= told(then, chain), (one, then)
        assert then.known_to(None, chain)
        owing = then.owing(chain)
        assert owing not in OTHER or owing in told(then, chain)
        if then.state == "accepted":
            assert told(then, chain) == {*OTHER}


@pytest.mark.parametrize("origin", ORIGINS)
@pytest.mark.parametrize("chain", CHAINS, ids="-".join)
def test_a_side_is_told_of_nothing_that_has_not_come_to_it(
    chain: tuple[str, ...], origin: Origin
) -> None:
    """Only who asked for the pair, said yes, asked or was asked, or is asked for a yes."""
    for _, one in reached(origin, chain):
        if one.state == "accepted":
            continue
        had = {side for side in OTHER if one.asked_by or side in one.answered}
        had |= {str(one.awaiting(chain))} if one.offered_at else set()
        assert told(one, chain) == {*OTHER} & (had | {origin})


@pytest.mark.parametrize("side", OTHER)
def test_where_one_is_asked_after_the_other_the_first_alone_is_told(side: str) -> None:
    chain, other = (side, OTHER[side]), OTHER[side]
    draft = drafted("strategy")
    assert told(draft, chain) == set()
    offered = replace(draft, state="offered", offered_at=NOW, due_at=NOW)
    assert told(offered, chain) == {side}
    assert told(replace(offered, state="declined"), chain) == {side}
    assert told(offered, ("coordinator", *chain)) == set()
    assert told(offered, (side,)) == {side}
    assert told(replace(offered, answered=(side,)), chain) == {side, other}


def test_the_side_of_somebody_is_the_one_of_their_participants() -> None:
    one = drafted("staff")
    assert [one.side_of({who}) for who in ("e", "m", "x")] == ["mentee", "mentor", None]
