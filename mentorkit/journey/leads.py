"""Leads as they are delivered: each is looked at by itself before anybody is taken in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from mentorkit.domain.fields import Field, parsed
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import ROLES, Lead
from mentorkit.domain.people import is_zone
from mentorkit.errors import Invalid, Problem

_TEXTS = ("key", "name", "source", "campaign", "place")
_TEXTS_OR_NONE = ("email", "phone", "locale", "zone", "cohort")
_NUMBERS_OR_NONE = ("born", "capacity")
_CHOICES = Field(id="choices", kind="options")
"""Whom somebody wishes for, by key and best first: any program may be told of it by a sheet."""


def sound(leads: Iterable[Any]) -> tuple[list[Lead], list[dict[str, Any]]]:
    """Return one lead for each key and role, and (place, key, code, message) of each refused.

    What a source of a plugin delivers may be anything; one that is wrong does not stop the others.
    """
    good, refused = [], []
    for lead in leads:
        if problems := _misfits(lead):
            error = Invalid("lead.invalid", "This lead cannot be taken in:", problems)
            told = {name: str(getattr(lead, name, "")) for name in ("place", "key")}
            refused.append({**told, "code": error.code, "message": str(error)})
        else:
            good.append(lead)
    return _once(good), refused


def answered(lead: Lead, asked: Mapping[str, Field]) -> Lead:
    """Return a lead with its answers as values; raise `Invalid` with all that cannot be kept."""
    values, problems = parsed({"choices": _CHOICES, **asked}, lead.profile)
    if problems:
        raise Invalid("lead.invalid", "These answers cannot be taken in:", problems)
    return replace(lead, profile=Frozen(values))


def _misfits(lead: Any) -> list[Problem]:
    if not isinstance(lead, Lead):
        return [Problem("lead", f"give a Lead, not {type(lead).__name__}")]
    firm = lead.business if isinstance(lead.business, Mapping) else {}
    wrong = {
        **dict.fromkeys(_not(str, lead, _TEXTS), "write a text"),
        **dict.fromkeys(_not(str, lead, _TEXTS_OR_NONE, none=True), "write a text, or None"),
        **dict.fromkeys(_not(int, lead, _NUMBERS_OR_NONE, none=True), "write a number, or None"),
        **dict.fromkeys(_not(Mapping, lead, ("profile",)), "write a mapping of field ids"),
        **dict.fromkeys(_not(Mapping, lead, ("business",), none=True), 'write {"name": ...}'),
    }
    if lead.key == "":
        wrong["key"] = "write the id that the source itself has for the person"
    if lead.role not in ROLES:
        wrong["role"] = f"write one of: {', '.join(ROLES)}"
    if "zone" not in wrong and lead.zone and not is_zone(lead.zone):
        wrong["zone"] = "write the id of a time zone, such as Africa/Nairobi"
    for name in ("name", "sector", "country"):
        if not isinstance(firm.get(name, ""), str | None):
            wrong[f"business.{name}"] = "write a text"
    if not isinstance(firm.get("started"), int | None):
        wrong["business.started"] = "write a year"
    return [Problem(name, told) for name, told in wrong.items()]


def _not(kind: type, lead: Lead, names: Sequence[str], *, none: bool = False) -> list[str]:
    """Return which of these are no `kind`: a yes or no is no number, whatever Python says."""
    told = {name: getattr(lead, name) for name in names}
    return [
        name
        for name, value in told.items()
        if (not isinstance(value, kind) or isinstance(value, bool)) and not (none and value is None)
    ]


def _once(leads: Sequence[Lead]) -> list[Lead]:
    """Return one lead for each key and role: the first, with what later ones tell put over it."""
    once: dict[tuple[str, str], Lead] = {}
    for lead in leads:
        earlier = once.setdefault((lead.key, lead.role), lead)
        told = {item.name: getattr(lead, item.name) for item in fields(Lead)}
        told = {name: value for name, value in told.items() if value not in (None, "")}
        answers = {key: value for key, value in lead.profile.items() if value is not None}
        told["profile"] = {**earlier.profile, **answers}
        once[lead.key, lead.role] = replace(earlier, **told)
    return list(once.values())
