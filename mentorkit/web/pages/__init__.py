"""The pages, one module for each thing they are about; each view carries who may open it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One address: ``GET`` shows, ``POST`` does. The endpoint is the view's own name."""

    rule: str
    method: str
    view: Callable[..., Any]


PAGES: list[Page] = []
"""Every page there is, in the order in which they were written."""


def shows(rule: str) -> Callable[[View], View]:
    """Give a view, called with the visit and the rule's values, an address to be opened at."""
    return _at(rule, "GET")


def does(rule: str) -> Callable[[View], View]:
    """Give a view an address that a form is sent to; its token has been checked already."""
    return _at(rule, "POST")


def _at(rule: str, method: str) -> Callable[[View], View]:
    def add(view: View) -> View:
        PAGES.append(Page(rule=rule, method=method, view=view))
        return view

    return add
