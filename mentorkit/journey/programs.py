"""Set a program up: from a preset, shown, opened, exported again; and who runs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.fields import Field, dump_fields, parse_fields
from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.domain.moves import Role
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import (
    STAFF_ROLES,
    Preset,
    Program,
    Requirement,
    Targets,
    dump_preset,
    dump_requirement,
    dump_targets,
    parse_preset,
    parse_requirement_list,
    parse_targets,
)
from mentorkit.domain.shown import as_row
from mentorkit.domain.strategies import Strategy, dump_strategy, parse_strategy
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.journey.steps import READERS, inside, program_of, require

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

TEXTS = ("summary", "consent", "messages", "columns", "staff")
"""The sections of a preset that are kept as they are."""

KEY = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def create(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    key: str,
    preset: Mapping[str, Any],
    name: str | None = None,
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Make a program from a preset's data; only an admin of the host may.

    Raises `Invalid` with everything wrong about the preset, its strategy's names and options
    included, and `Conflict` when the key is taken. Nothing is written then.
    """
    if not actor.admin:
        raise NotAllowed("program.admin_only", "Only an admin may create a program.")
    if not KEY.fullmatch(key):
        raise Invalid(
            "program.key",
            "The program's key cannot be used.",
            [Problem("key", "write small letters, digits, - and _, beginning with a letter")],
        )
    made = parse_preset(preset)
    check_strategy(kit, made.strategy, made.fields, place="strategy")

    def work(tx: Transaction) -> dict[str, Any]:
        if tx.programs.first(key=key):
            raise Conflict("program.key_taken", f"There is a program {key!r} already.", key=key)
        chosen: dict[str, Any] = dict(made.program)
        program = Program(
            id=tx.new_id(),
            tenant=tenant,
            key=key,
            name=Frozen(en=name) if name else made.title or Frozen(en=key),
            created_at=tx.now,
            **chosen,
        )
        tx.programs.add(program)
        tx.record(
            events.ProgramCreated(subject_id=program.id, program_id=program.id),
            actor=actor,
            role=Role.ADMIN,
        )
        for kind, definition_key, body in _definitions(made):
            _define(tx, program, actor, Role.ADMIN, kind, body, definition_key)
        return summary(tx, program)

    return inside(kit, tenant, tx, work)


def check_strategy(
    kit: Kit, strategy: Strategy, fields: Mapping[str, Field], *, place: str = ""
) -> None:
    """Raise `Invalid` when the strategy names what no loaded plugin offers, or misuses it."""
    if not strategy.criteria:
        return
    from mentorkit.matching import bind

    try:
        bind(strategy, kit.registry, fields)
    except Invalid as error:
        at = f"{place}." if place else ""
        raise Invalid(
            error.code,
            error.message,
            [Problem(f"{at}{problem.place}", problem.message) for problem in error.problems],
        ) from None


def _definitions(preset: Preset) -> list[tuple[str, str, dict[str, Any]]]:
    data = dump_preset(preset)
    rows: list[tuple[str, str, dict[str, Any]]] = [
        ("fields", "", data.get("fields", {})),
        ("requirements", "", {"requirements": data.get("requirements", [])}),
        ("strategy", "", data.get("strategy", {})),
        ("targets", "", data.get("targets", {})),
    ]
    rows += [(kind, "", data[kind]) for kind in TEXTS if data.get(kind)]
    rows += [("cohort", cohort["key"], cohort) for cohort in data.get("cohorts", [])]
    rows += [("plugin", plugin, dict(body)) for plugin, body in data.get("plugins", {}).items()]
    return rows


def _define(
    tx: Transaction,
    program: Program,
    actor: Actor,
    role: Role,
    kind: str,
    body: Mapping[str, Any],
    key: str = "",
) -> int:
    definition = tx.definitions.put(program.id, kind, Frozen(body), key)
    tx.record(
        events.DefinitionChanged(
            subject_id=program.id,
            program_id=program.id,
            kind=kind,
            key=key,
            number=definition.number,
        ),
        actor=actor,
        role=role,
    )
    return definition.number


def show(
    kit: Kit, *, tenant: str, actor: Actor, program: str | None = None
) -> list[dict[str, Any]]:
    """Return one program, or all of the tenant that the actor works in, with their counts."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = [program_of(tx, program)] if program else tx.programs.find()
        if program:
            require(tx, found[0], actor, READERS)
        else:
            found = [one for one in found if _reads(tx, one, actor)]
        return [summary(tx, one) for one in found]


def _reads(tx: Transaction, program: Program, actor: Actor) -> bool:
    try:
        require(tx, program, actor, READERS)
    except NotAllowed:
        return False
    return True


def summary(tx: Transaction, program: Program) -> dict[str, Any]:
    """Return a program as data, with how many participants of each role and state it has."""
    counts: dict[str, dict[str, int]] = {}
    for one in tx.participants.find(program_id=program.id):
        states = counts.setdefault(one.role, {})
        states[one.state] = states.get(one.state, 0) + 1
    return {**as_row(program), "participants": counts}


def open_(
    kit: Kit, *, tenant: str, actor: Actor, program: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Open a program: from now on people can be matched. It must have a way to match."""

    def work(tx: Transaction) -> dict[str, Any]:
        found = program_of(tx, program)
        role = require(tx, found, actor)
        if not strategy_of(tx, found)[0].criteria:
            raise Conflict(
                "program.no_criteria",
                "The program has no criterion to match by. Add at least one to its strategy.",
            )
        found = tx.programs.save(found.move("open", by=role))
        tx.record(
            events.ProgramOpened(subject_id=found.id, program_id=found.id), actor=actor, role=role
        )
        return summary(tx, found)

    return inside(kit, tenant, tx, work)


def close(
    kit: Kit, *, tenant: str, actor: Actor, program: str, tx: Transaction | None = None
) -> dict[str, Any]:
    """Close a program to new people and new runs; relationships go on to their end."""

    def work(tx: Transaction) -> dict[str, Any]:
        found = program_of(tx, program)
        role = require(tx, found, actor)
        found = tx.programs.save(found.move("closed", by=role))
        tx.record(
            events.ProgramClosed(subject_id=found.id, program_id=found.id), actor=actor, role=role
        )
        return summary(tx, found)

    return inside(kit, tenant, tx, work)


def define(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    program: str,
    kind: str,
    body: Mapping[str, Any],
    key: str = "",
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Put a new version of the program's fields, strategy, targets, ... in force.

    What was made under an older version keeps it. Raises `Invalid` listing all that is wrong.
    """
    kinds = ("fields", "requirements", "strategy", "targets", *TEXTS, "cohort", "plugin")
    if kind not in kinds:
        raise Invalid(
            "definition.kind", "There is no such definition.",
            [Problem("kind", f"write one of {', '.join(kinds)}")],
        )  # fmt: skip

    def work(tx: Transaction) -> dict[str, Any]:
        found = program_of(tx, program)
        role = require(tx, found, actor)
        _check_definition(kit, tx, found, kind, body)
        number = _define(tx, found, actor, role, kind, body, key)
        return {"program": found.id, "kind": kind, "key": key, "number": number}

    return inside(kit, tenant, tx, work)


def _check_definition(
    kit: Kit, tx: Transaction, program: Program, kind: str, body: Mapping[str, Any]
) -> None:
    problems: list[Problem] = []
    if kind == "fields":
        problems = parse_fields(body)[1]
    elif kind == "requirements":
        parse_requirement_list(body.get("requirements", ()), fields_of(tx, program))
    elif kind == "strategy":
        strategy, problems = parse_strategy(body)
        if not problems:
            check_strategy(kit, strategy, fields_of(tx, program))
    elif kind == "targets":
        parse_targets(body, problems)
    if problems:
        raise Invalid(f"{kind}.invalid", f"The {kind} cannot be used as they stand:", problems)


def export(kit: Kit, *, tenant: str, actor: Actor, program: str) -> dict[str, Any]:
    """Return the program as preset data: what `create` takes to make the same program again."""
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        require(tx, found, actor, READERS)
        data: dict[str, Any] = {
            "title": thaw(found.name),
            "program": {
                "zone": found.zone,
                "locale": found.locale,
                "kind": found.kind,
                "matching": found.matching,
                "accept_chain": list(found.accept_chain),
                "offer_days": found.offer_days,
                "mentee_capacity": found.mentee_capacity,
            },
            "fields": dump_fields(fields_of(tx, found)),
            "requirements": [dump_requirement(one) for one in requirements_of(tx, found)],
            "strategy": dump_strategy(strategy_of(tx, found)[0]),
            "targets": dump_targets(targets_of(tx, found)[0]),
        }
        if found.minimum_age is not None:
            data["program"]["minimum_age"] = found.minimum_age
        for kind in TEXTS:
            definition = tx.definitions.current(found.id, kind)
            if definition:
                data[kind] = thaw(definition.body)
        cohorts = tx.definitions.latest(found.id, "cohort")
        data["cohorts"] = [thaw(one.body) for one in cohorts]
        plugins = tx.definitions.latest(found.id, "plugin")
        data["plugins"] = {one.key: thaw(one.body) for one in plugins}
        return dump_preset(parse_preset({k: v for k, v in data.items() if v not in ({}, [])}))


def appoint(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    program: str,
    role: str,
    person: str | None = None,
    name: str = "",
    user_ref: str | None = None,
    tx: Transaction | None = None,
) -> dict[str, Any]:
    """Give somebody a staff role: a known person (id or external key), or a host's user.

    An admin appoints anybody; a coordinator may appoint supervisors and viewers.
    """
    if role not in STAFF_ROLES:
        raise Invalid(
            "staff.role",
            "There is no such staff role.",
            [Problem("role", f"write one of {', '.join(STAFF_ROLES)}")],
        )

    def work(tx: Transaction) -> dict[str, Any]:
        found = program_of(tx, program)
        by = require(tx, found, actor)
        if role == "coordinator" and by != Role.ADMIN:
            raise NotAllowed("staff.admin_only", "Only an admin may appoint a coordinator.")
        human = _person(tx, person, name, user_ref)
        saved = tx.programs.save(replace(found, staff=found.staff.with_(**{human: role})))
        tx.record(
            events.StaffAppointed(
                subject_id=found.id, program_id=found.id, person_id=human, staff_role=role
            ),
            actor=actor,
            role=by,
        )
        return {"program": saved.id, "person": human, "role": role}

    return inside(kit, tenant, tx, work)


def _person(tx: Transaction, person: str | None, name: str, user_ref: str | None) -> str:
    if person:
        known = tx.people.first(id=person) or tx.people.first(external_key=person)
        if known:
            return known.id
    if user_ref:
        known = tx.people.first(user_ref=user_ref)
        if known:
            return known.id
    if not name and not user_ref:
        raise Invalid(
            "staff.unknown_person",
            "This person is not known here.",
            [Problem("person", "give a known id or key, or a name to add somebody new")],
        )
    new = Person(
        id=tx.new_id(),
        tenant=tx.tenant,
        name=name or user_ref or "",
        user_ref=user_ref,
        external_key=person,
        created_at=tx.now,
    )
    tx.people.add(new)
    return new.id


# ------------------------------------------------------------------ what a program is run by


def fields_of(tx: Transaction, program: Program) -> dict[str, Field]:
    """Return the profile fields now in force."""
    definition = tx.definitions.current(program.id, "fields")
    return parse_fields(definition.body)[0] if definition else {}


def strategy_of(tx: Transaction, program: Program) -> tuple[Strategy, int]:
    """Return the strategy now in force, and its version."""
    definition = tx.definitions.current(program.id, "strategy")
    if definition is None:
        return Strategy(), 0
    return parse_strategy(definition.body)[0], definition.number


def targets_of(
    tx: Transaction, program: Program, version: int | None = None
) -> tuple[Targets, int]:
    """Return the targets of this version (default: those now in force), and the version."""
    if version is None:
        definition = tx.definitions.current(program.id, "targets")
    else:
        definition = tx.definitions.version(program.id, "targets", version)
    if definition is None:
        return Targets(), 0
    return parse_targets(definition.body, []), definition.number


def requirements_of(tx: Transaction, program: Program) -> tuple[Requirement, ...]:
    """Return the requirements now in force."""
    definition = tx.definitions.current(program.id, "requirements")
    if definition is None:
        return ()
    return parse_requirement_list(definition.body.get("requirements", ()), fields_of(tx, program))


def consent_version(tx: Transaction, program: Program) -> int:
    """Return the version of the consent text now in force; 0 when there is no text."""
    definition = tx.definitions.current(program.id, "consent")
    return definition.number if definition else 0
