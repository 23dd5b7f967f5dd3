"""Definitions: what a program is run by now, or was when something was made under it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import Field, parse_fields, shown_answers
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Participant
from mentorkit.domain.programs import (
    Program,
    Requirement,
    Targets,
    parse_requirement_list,
    parse_targets,
)
from mentorkit.domain.relationships import Relationship
from mentorkit.domain.strategies import Strategy, parse_strategy
from mentorkit.domain.surveys import (
    Measurement,
    Questionnaire,
    parse_measurement,
    parse_questionnaires,
)
from mentorkit.errors import Invalid, PluginError, Problem

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

AGAIN = "consent_again"
"""The definition that says since which consent text those who agreed before are asked again."""

SHOWN = "shown_since"
"""The definition, of one field each, of the roles whose answers are shown from then on."""


def in_force(
    tx: Transaction, program: Program, kind: str, version: int | None = None
) -> tuple[Frozen, int]:
    """Return body and number of this version (default: the newest); {} and 0 if there is none."""
    if version is None:
        found = tx.definitions.current(program.id, kind)
    else:
        found = tx.definitions.version(program.id, kind, version)
    return (found.body, found.number) if found else (Frozen(), 0)


def fields_of(tx: Transaction, program: Program) -> dict[str, Field]:
    """Return the profile fields now in force."""
    return dict(in_force(tx, program, "fields")[0].once(parse_fields)[0])


def strategy_of(tx: Transaction, program: Program) -> tuple[Strategy, int]:
    """Return the strategy now in force, and its version."""
    body, number = in_force(tx, program, "strategy")
    return body.once(parse_strategy)[0], number


def strategy_misfits(kit: Kit, tx: Transaction, program: Program) -> list[Problem]:
    """Return why the program cannot match by its strategy, and which of its plugins are gone."""
    from mentorkit.matching import bind

    strategy, _ = strategy_of(tx, program)
    try:
        bind(strategy, kit.registry, fields_of(tx, program), known=(), place="strategy")
    except (Invalid, PluginError) as error:
        kept = tx.definitions.find(program_id=program.id, kind="plugin")
        gone = sorted({one.key for one in kept} - set(kit.registry.plugins))
        told = "is not loaded, and may have offered what is missing"
        return [*error.problems, *(Problem(f"plugin {name}", told) for name in gone)]
    return []


def targets_of(
    tx: Transaction, program: Program, version: int | None = None
) -> tuple[Targets, int]:
    """Return the targets of this version (default: those now in force), and the version."""
    body, number = in_force(tx, program, "targets", version)
    return body.once(_targets), number


def _targets(body: Frozen) -> Targets:
    return parse_targets(body, [])


def matching_for(tx: Transaction, program: Program, *who: Participant) -> str:
    """Return who starts the matching of these, staff or self: as the first of them who differs."""
    targets = targets_of(tx, program)[0] if any(one.touch for one in who) else Targets()
    own = (targets.level(one.touch).matching for one in who)
    return next(filter(None, own), program.matching)


def targets_for(tx: Transaction, program: Program) -> Callable[[Relationship], Targets]:
    """Return what gives the targets that a relationship began under, on its level of touch."""

    @cache
    def of(version: int, touch: str) -> Targets:
        return targets_of(tx, program, version or None)[0].at(touch)

    return lambda one: of(one.targets_version, one.touch)


def questionnaires_of(
    tx: Transaction, program: Program, version: int | None = None
) -> tuple[dict[str, Questionnaire], int]:
    """Return the questionnaires of this version (default: those now in force), and the version."""
    body, number = in_force(tx, program, "questionnaires", version)
    return dict(body.once(parse_questionnaires)), number


def measurement_of(
    tx: Transaction, program: Program, version: int | None = None
) -> tuple[Measurement | None, int]:
    """Return the measurement plan of this version, None where there is none, and the version."""
    body, number = in_force(tx, program, "measurement", version)
    return (body.once(parse_measurement) if body else None), number


def unmeasured(tx: Transaction, program: Program) -> dict[str, str]:
    """Return what the plan to measure by still lacks: code -> what to do."""
    plan, _ = measurement_of(tx, program)
    if plan is None:
        return {
            "measurement": "The program does not say what it measures. Add [measurement] to its "
            'set-up, with indicators or statements, or none = "why nothing is measured".'
        }
    asked = [one for one in questionnaires_of(tx, program)[0].values() if one.indicators]
    if not plan.indicators:
        return {}
    lacking = {}
    if not any(one.first for one in asked):
        lacking["baseline"] = (
            "No questionnaire asks the indicators before the first meeting. Let one with "
            'indicators = true be asked at the event "ParticipantOnboarded".'
        )
    if all(one.first for one in asked):
        lacking["endline"] = (
            "No questionnaire asks the indicators again. Let another with indicators = true be "
            'asked at the milestone "end".'
        )
    return lacking


def requirements_of(tx: Transaction, program: Program) -> tuple[Requirement, ...]:
    """Return the requirements now in force."""
    given = in_force(tx, program, "requirements")[0].get("requirements")
    return parse_requirement_list(given, fields_of(tx, program)) if given else ()


def consent_needed(tx: Transaction, program: Program) -> int:
    """Return the oldest version of the consent text that still does; 0 when there is no text."""
    again = in_force(tx, program, AGAIN)[0].get("since")
    return int(again or min(1, consent_version(tx, program)))


def consent_version(tx: Transaction, program: Program) -> int:
    """Return the version of the consent text now in force; 0 when there is no text."""
    body, number = in_force(tx, program, "consent")
    return number if body else 0


def showing(tx: Transaction, program: Program) -> Callable[[Participant, str], dict[str, Any]]:
    """Return what gives the answers that are shown of somebody in a role, by field id.

    Nothing of whoever has not agreed to a text that still does, and to no question that was there
    before and was not shown yet when they agreed: they have not been told. A peer is asked as
    whatever they are in the program.
    """
    fields = {id: one for id, one in fields_of(tx, program).items() if one.shown}
    if not fields:
        return lambda who, role: {}
    needed = consent_needed(tx, program)
    since = {
        (one.key, role): one.created_at
        for one in tx.definitions.find(program_id=program.id, kind=SHOWN)
        for role in one.body["roles"]
    }

    def told(who: Participant, role: str) -> dict[str, Any]:
        agreed, played = who.consented_at, who.role if role == "peer" else role
        if agreed is None or (who.consent_version or 0) < needed:
            return {}
        both = ("mentee", "mentor") if played == "both" else (played,)
        knew = {
            id: one
            for id, one in fields.items()
            for r in both
            if r in one.roles and ((id, r) not in since or since[id, r] < agreed)
        }
        return shown_answers(knew, played, who.profile)

    return told


def newly_shown(old: Mapping[str, Field], new: Mapping[str, Field]) -> dict[str, list[str]]:
    """Return which fields that were there are shown from now on, and answers in which roles."""
    found = {
        id: [role for role in one.roles if not (old[id].shown and role in old[id].roles)]
        for id, one in new.items()
        if one.shown and id in old
    }
    return {id: roles for id, roles in found.items() if roles}


def lacking(tx: Transaction, program: Program) -> dict[str, str]:
    """Return what a program needs before it can open: code -> what to do."""
    told = "The program has no text for people to agree to. Add [consent] to its set-up."
    return unmeasured(tx, program) | ({} if consent_version(tx, program) else {"consent": told})
