"""Who may open a view: each view carries its own policy, and one without a policy is refused.

A policy names roles, or everybody who is logged in, or the public. It says who may open the page;
what may be done there is checked by the journey, for pages, API and command line alike. How much a
form may send goes by the view as well: least where everybody may send it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, TypeVar

from mentorkit.domain.moves import Role
from mentorkit.errors import Invalid, NotAllowed, Problem

View = TypeVar("View", bound=Callable[..., Any])
_ATTRIBUTE = "mentorkit_policy"
_SHEET = "mentorkit_takes_sheet"
_SIGNED = "mentorkit_is_signed"
SHEET = 5 * 2**20
"""How many bytes a sheet may have that is taken in through a page."""
FORM = 500_000
"""How many bytes a form may send; a character of some scripts is sent as nine of them."""
OPEN_FORM = 200_000
"""How many bytes a form may send that is open to the public."""

PARTS = 10_000
"""How many fields a form may send that takes a sheet: some for each of its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The roles that may open a view; `public` opens it to people who are not logged in."""

    roles: frozenset[Role] = frozenset()
    public: bool = False

    def admits(self, roles: Collection[Role]) -> bool:
        """Return whether somebody who has these roles (none: a stranger) may open the view."""
        return self.public or not self.roles.isdisjoint(roles)


def allow(*roles: Role | str, public: bool = False) -> Callable[[View], View]:
    """Mark a view as open to these roles (``@allow("coordinator")``), or to everybody.

    Raises `Invalid` for a role that does not exist, and for a policy that is empty or says both:
    a policy must never be a guess.
    """
    problems = []
    known: set[Role] = set()
    for role in roles:
        try:
            known.add(Role(role))
        except ValueError:
            names = ", ".join(Role)
            problems.append(Problem("allow", f"{role!r} is no role; write one of {names}"))
    if public and roles:
        problems.append(Problem("allow", "give roles or public=True, not both"))
    if not public and not roles:
        problems.append(Problem("allow", "name at least one role, or say public=True"))
    if problems:
        raise Invalid("access.bad_policy", "This access policy means nothing:", problems)
    policy = Policy(roles=frozenset(known), public=public)

    def mark(view: View) -> View:
        setattr(view, _ATTRIBUTE, policy)
        return view

    return mark


def with_sheet(view: View) -> View:
    """Mark a view as one to which a sheet is sent, as a file or as text in base 85."""
    setattr(view, _SHEET, True)
    return view


def takes_sheet(view: Callable[..., Any]) -> bool:
    return getattr(view, _SHEET, False)


def signed(view: View) -> View:
    """Mark a view that no form of ours is sent to: it makes sure itself of who has sent what."""
    setattr(view, _SIGNED, True)
    return view


def is_signed(view: Callable[..., Any]) -> bool:
    return getattr(view, _SIGNED, False)


def most(view: Callable[..., Any]) -> int:
    """Return how many bytes may be sent to a view."""
    found = policy(view)
    form = OPEN_FORM if found is not None and found.public else FORM
    return form + SHEET * 5 // 4 if takes_sheet(view) else form


def policy(view: Callable[..., Any]) -> Policy | None:
    """Return the policy that a view carries itself, or None."""
    found = getattr(view, _ATTRIBUTE, None)
    return found if isinstance(found, Policy) else None


def check(view: Callable[..., Any], roles: Collection[Role], *, nobody: bool = False) -> None:
    """Raise `NotAllowed` unless the view has a policy and it admits somebody with these roles.

    `nobody` says that no one is signed in, so that they are told to do that.
    """
    found = policy(view)
    if found is None:
        raise NotAllowed(
            "access.no_policy",
            "This page names nobody who may open it, so nobody may. "
            "Its author has to put @allow(...) on the view.",
        )
    if found.admits(roles):
        return
    if nobody:
        raise NotAllowed("access.sign_in", "Sign in first; then open this page again.")
    who = " or ".join(sorted(found.roles))
    raise NotAllowed("access.not_yours", f"Only {who} may open this page.")
