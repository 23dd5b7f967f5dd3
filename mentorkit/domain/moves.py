"""Tables of legal moves: which state may follow which, and who may walk that edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from mentorkit.errors import Conflict, NotAllowed


class Role(StrEnum):
    """Who somebody is to a thing: mentee, mentor or peer in it, the program's staff, the system."""

    MENTEE = "mentee"
    MENTOR = "mentor"
    PEER = "peer"
    COORDINATOR = "coordinator"
    SUPERVISOR = "supervisor"
    VIEWER = "viewer"
    ADMIN = "admin"
    SYSTEM = "system"


PARTIES = frozenset({Role.MENTEE, Role.MENTOR, Role.PEER})
STAFF = frozenset({Role.COORDINATOR, Role.ADMIN})
SYSTEM = frozenset({Role.SYSTEM})


class Moves:
    """The legal moves of one noun: ``{(from, to): roles that may walk the edge}``."""

    def __init__(self, noun: str, edges: Mapping[tuple[str, str], frozenset[Role]]) -> None:
        self.noun = noun
        self.edges = dict(edges)
        self.states = tuple(dict.fromkeys(state for edge in self.edges for state in edge))

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.edges)

    def next(self, state: str) -> tuple[str, ...]:
        """Return the states that may follow `state`, in the order of the table."""
        return tuple(to for frm, to in self.edges if frm == state)

    @property
    def terminal(self) -> frozenset[str]:
        """The states that nothing leaves."""
        return frozenset(state for state in self.states if not self.next(state))

    def check(self, frm: str, to: str, role: Role) -> None:
        """Raise `Conflict` for an edge not in the table, `NotAllowed` for a role not on it."""
        allowed = self.edges.get((frm, to))
        if allowed is None:
            after = ", ".join(self.next(frm))
            follows = f"From there it can become: {after}." if after else "That is final."
            told = f"A {self.noun} that is {frm} cannot become {to}. {follows}"
            if frm == to:
                told = f"This {self.noun} is {frm} already."
            raise Conflict(f"{self.noun}.illegal_move", told, state=frm, to=to)
        if role not in allowed:
            who = " or ".join(sorted(allowed))
            raise NotAllowed(
                f"{self.noun}.not_yours",
                f"Only {who} may turn a {frm} {self.noun} into {to}; you act as {role}.",
                role=str(role),
            )
