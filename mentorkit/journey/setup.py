"""Set up: change one thing that a program asks, offers or tells; each change is a new version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import json_schema, shown_answers
from mentorkit.domain.frozen import thaw
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import as_row, shown
from mentorkit.errors import Invalid, NotFound, Problem
from mentorkit.journey.definitions import (
    consent_needed,
    fields_of,
    in_force,
    requirements_of,
    showing,
)
from mentorkit.journey.programs import define
from mentorkit.journey.safeguards import signoffs_of
from mentorkit.journey.steps import NEW, READERS, atomic, changing, reading
from mentorkit.journey.supply import supply_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

LISTS = ("requirements", "signoffs")
"""The definitions that are a list of tables, each with an id."""
TEXTS = ("summary", "consent", "referral")
KINDS = ("fields", *LISTS, *TEXTS, "supply", "measurement")


def show(kit: Kit, *, tenant: str, actor: Actor, program: str) -> dict[str, Any]:
    """Return what a program asks and tells, as its staff change it.

    `fields` in their order with `used` (how many have answered) and `unshown` (how many of these
    agreed before it was shown, so that it is not until they agree again), `requirements`,
    `signoffs`, `supply`, `checks` (what plugins offer), the `texts` by kind, with the oldest
    consent text that still does (`needed`), and the `numbers` of the versions in force by kind, 0
    for none.
    """
    with reading(kit, tenant, actor, program, READERS) as (tx, found):
        people = tx.participants.find(program_id=found.id)
        held = {kind: in_force(tx, found, kind) for kind in KINDS}
        fields, told = fields_of(tx, found), showing(tx, found)
        unshown = Counter(
            id
            for row in people
            if row.consented_at and row.state not in ("declined", "left")
            for id in shown_answers(fields, row.role, row.profile).keys() - told(row, row.role)
        )
        return {
            "fields": [
                {
                    **as_row(one),
                    "used": sum(row.profile.get(one.id) is not None for row in people),
                    "unshown": unshown[one.id],
                }
                for one in fields.values()
            ],
            "requirements": [as_row(one) for one in requirements_of(tx, found)],
            "signoffs": [as_row(one) for one in signoffs_of(tx, found)],
            "supply": as_row(supply_of(tx, found)),
            "checks": [
                {"name": one.name, "title": one.title or one.name}
                for one in kit.registry.requirement_checks.values()
            ],
            "texts": {kind: shown(held[kind][0]) for kind in TEXTS},
            "numbers": {kind: number for kind, (_, number) in held.items()},
            "needed": consent_needed(tx, found),
        }


def schema(
    kit: Kit, *, tenant: str, actor: Actor, program: str, role: str | None = None
) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a profile in this program, of one role or of all."""
    with reading(kit, tenant, actor, program, READERS) as (tx, found):
        return json_schema(fields_of(tx, found), role)


@atomic
def field(
    kit: Kit, *, tenant: str, actor: Actor, program: str, field: str, was: int | None = None,
    tx: Transaction = NEW, **changed: Any,
) -> dict[str, Any]:  # fmt: skip
    """Add a profile field, or change what is given of one: label, kind, required, shown, roles.

    A label is text or ``{locale: text}``. A field that is new takes its `options` too; later ones
    come by `option`. `was` is the version of the fields, as in `programs.define`.

    Whoever agreed before a field was shown has not been told: no answer of theirs to it is shown
    until they agree again. `newly_shown` lists the fields of which that is so from now on.
    """

    def change(fields: dict[str, Any]) -> None:
        entry = fields.setdefault(field, {})
        entry.update(changed)

    return _changed(kit, tx, tenant, actor, program, change, was)


@atomic
def option(
    kit: Kit, *, tenant: str, actor: Actor, program: str, field: str, option: str, label: str |
    Mapping[str, str] | None = None, hidden: bool | None = None, new: bool = False, tx: Transaction
    = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Add an option to a field, word it anew, hide it or show it again.

    Its id stays what it is: whoever chose a hidden option keeps it, and nobody else is offered it.
    With `new` an id that is there already is refused.
    """

    def change(fields: dict[str, Any]) -> None:
        entry = _known(fields, field, "field")
        key = "ordered" if "ordered" in entry else "options"
        given = entry.get(key, {})
        options = given if isinstance(given, dict) else {one: one for one in given}
        if option not in options and hidden is not None:
            raise NotFound("option.not_found", f"The field {field} has no option {option!r}.")
        if new and option.casefold() in {one.casefold() for one in options}:
            told = Problem("option", "is there already; take another id")
            raise Invalid("option.twice", "An option's id is its own:", [told])
        if label is not None or option not in options:
            options[option] = thaw(label) if label else option
        entry[key] = options
        if hidden is not None:
            others = [one for one in entry.get("hidden", ()) if one != option]
            entry["hidden"] = [*others, option] if hidden else others

    return _changed(kit, tx, tenant, actor, program, change)


@atomic
def move(
    kit: Kit, *, tenant: str, actor: Actor, program: str, field: str, by: int = -1,
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Let a field be asked earlier (`by` -1) or later (1)."""

    def change(fields: dict[str, Any]) -> None:
        entry = _known(fields, field, "field")
        order = list(fields)
        at = max(0, min(len(order) - 1, order.index(field) + by))
        del fields[field]
        after = {name: fields.pop(name) for name in list(fields)[at:]}
        fields.update({field: entry, **after})

    return _changed(kit, tx, tenant, actor, program, change)


@atomic
def listed(
    kit: Kit, *, tenant: str, actor: Actor, program: str, kind: str, id: str, entry: Mapping[str,
    Any] | None, was: int | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Put one requirement or sign-off in force by its id, or with no `entry` take it away.

    `kind` is ``requirements`` or ``signoffs``; the entry is what a preset's block holds, and `was`
    the version of the list, as in `programs.define`.
    """
    if kind not in LISTS:
        told = Problem("kind", f"write one of {', '.join(LISTS)}")
        raise Invalid("setup.kind", "There is no such list.", [told])
    found, _ = changing(tx, actor, program)
    kept = _body(tx, found, kind).get(kind, [])
    at = next((index for index, one in enumerate(kept) if one["id"] == id), len(kept))
    if entry is None and at == len(kept):
        raise NotFound(f"{kind}.not_found", f"There is nothing with the id {id!r}.")
    kept[at : at + 1] = [] if entry is None else [{"id": id, **thaw(entry)}]
    given: dict[str, Any] = {"tenant": tenant, "actor": actor, "program": program, "tx": tx}
    return define(kit, **given, kind=kind, body={kind: kept}, was=was)


@atomic
def take(
    kit: Kit, *, tenant: str, actor: Actor, program: str, data: Mapping[str, Any], again: bool =
    False, tx: Transaction = NEW,
) -> list[dict[str, Any]]:  # fmt: skip
    """Put the sections of a preset in force that `data` has, and leave the others.

    Fields come before what names them. `again` is for a new consent text. Returns the versions.
    """
    if wrong := sorted({"program", "title"} & data.keys()):
        told = [Problem(one, "is settled when the program is made; leave it out") for one in wrong]
        raise Invalid("setup.settled", "Some of this cannot be set later:", told)
    parts: list[tuple[str, str, Mapping[str, Any]]] = []
    for kind in sorted(data, key=lambda kind: kind != "fields"):
        body = data[kind]
        if kind == "cohorts":
            parts += [("cohort", str(one.get("key", "")), one) for one in body]
        elif kind == "plugins":
            parts += [("plugin", name, one) for name, one in body.items()]
        else:
            text = {"en": body} if isinstance(body, str) else body
            parts.append((kind, "", {kind: body} if kind in LISTS else text))
    given: dict[str, Any] = {"tenant": tenant, "actor": actor, "program": program, "tx": tx}
    return [
        define(kit, **given, kind=kind, key=key, body=body, again=again)
        for kind, key, body in parts
    ]


def _changed(
    kit: Kit, tx: Transaction, tenant: str, actor: Actor, program: str, change: Callable[[dict[str,
    Any]], None], was: int | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Put the fields in force as `change` leaves them."""
    found, _ = changing(tx, actor, program)
    fields = _body(tx, found, "fields")
    change(fields)
    given: dict[str, Any] = {"tenant": tenant, "actor": actor, "program": program, "tx": tx}
    return define(kit, **given, kind="fields", body=fields, was=was)


def _body(tx: Transaction, program: Program, kind: str) -> dict[str, Any]:
    body: dict[str, Any] = thaw(in_force(tx, program, kind)[0])
    return body


def _known(entries: Mapping[str, Any], id: str, noun: str) -> dict[str, Any]:
    if id not in entries:
        there = ", ".join(entries) or "none"
        raise NotFound(f"{noun}.not_found", f"There is no {noun} {id!r} here; there are {there}.")
    found: dict[str, Any] = entries[id]
    return found


__all__ = ["field", "listed", "move", "option", "schema", "show", "take"]
