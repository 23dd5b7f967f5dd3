"""Who may open a view: nothing is open by accident."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mentorkit.domain.moves import Role
from mentorkit.errors import Invalid, NotAllowed
from mentorkit.web import allow
from mentorkit.web.access import check, policy


def create_view(*roles: str, public: bool = False) -> Callable[[], str]:
    @allow(*roles, public=public)
    def view() -> str:
        return "the page"

    return view


def bare_view() -> str:
    return "the page"


def test_a_view_stays_the_function_it_was() -> None:
    assert create_view("coordinator")() == "the page"


def test_a_view_without_a_policy_is_refused_even_to_an_admin() -> None:
    with pytest.raises(NotAllowed, match="@allow") as refused:
        check(bare_view, set(Role))
    assert refused.value.code == "access.no_policy"


@pytest.mark.parametrize("role", list(Role))
def test_exactly_the_roles_named_may_open(role: Role) -> None:
    view = create_view("coordinator", "supervisor")
    if role in {Role.COORDINATOR, Role.SUPERVISOR}:
        check(view, {role})
    else:
        with pytest.raises(NotAllowed, match="Only coordinator or supervisor"):
            check(view, {role})


def test_one_of_several_roles_is_enough() -> None:
    check(create_view("mentor"), {Role.MENTEE, Role.MENTOR})


def test_a_stranger_sees_only_what_is_public() -> None:
    check(create_view(public=True), set())
    with pytest.raises(NotAllowed):
        check(create_view("mentee"), set())


def test_roles_of_the_wrong_kind_open_nothing() -> None:
    with pytest.raises(NotAllowed):
        check(create_view("mentee"), {"Mentee"})  # type: ignore[arg-type]


def test_a_policy_must_say_something_that_exists() -> None:
    with pytest.raises(Invalid, match="'owner' is no role; write one of mentee"):
        allow("owner")
    with pytest.raises(Invalid, match="at least one role"):
        allow()
    with pytest.raises(Invalid, match="not both"):
        allow("mentee", public=True)


def test_an_attribute_of_that_name_is_no_policy() -> None:
    def view() -> None: ...

    view.mentorkit_policy = "everybody"  # type: ignore[attr-defined]
    assert policy(view) is None
