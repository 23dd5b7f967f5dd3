"""Requirements: who meets what a program asks, and what plugins' checks say of people."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import STAFF, Role
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import SYSTEM_ACTOR, Actor
from mentorkit.domain.programs import Program, Requirement
from mentorkit.domain.shown import shown
from mentorkit.errors import PluginError
from mentorkit.journey.definitions import fields_of, requirements_of
from mentorkit.journey.safeguards import old_enough
from mentorkit.journey.steps import Step, chosen, program_of, reading

if TYPE_CHECKING:
    from mentorkit.hooks.providers import Applicant
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

ANSWERS = ("yes", "no", "ask")
AGE = "minimum_age"
"""The requirement that the minimum age of a program is."""
OVER = {
    "en": "Everybody here has to be over {}.",
    "es": "Aquí todas las personas tienen que tener más de {} años.",
    "fr": "Ici, tout le monde doit avoir plus de {} ans.",
}
BEFORE = ("lead", "waiting", "declined", "approved")
"""The states in which nobody has been promised to somebody yet."""
log = logging.getLogger(__name__)


def answers(requirements: Iterable[Requirement], one: Participant) -> list[dict[str, Any]]:
    """Return, for each requirement on this role: its id, the answer, why (a code), and its text.

    `answer` is yes, no or ask; `reason` is met, unmet, unanswered or unchecked.
    """
    rulings = [
        (each, each.ruling(one.profile, one.checked))
        for each in requirements
        if any(one.plays(role) for role in each.roles)
    ]
    return [
        {"requirement": each.id, "answer": answer, "reason": why, "text": shown(each.text)}
        for each, (answer, why) in rulings
    ]


def rulings(
    tx: Transaction, program: Program, *rows: Participant
) -> dict[str, list[dict[str, Any]]]:
    """Return what `answers` says of each of these, by id, after what the minimum age says."""
    requirements, year = requirements_of(tx, program), tx.now.year
    people = tx.people.get_many(row.person_id for row in rows)
    return {
        row.id: [*of_age(program, people[row.person_id].born, year), *answers(requirements, row)]
        for row in rows
    }


def of_age(program: Program, born: int | None, year: int) -> list[dict[str, Any]]:
    """Return what the minimum age says of a year of birth, as `answers` would; [] without one.

    Nothing passes over it: it is `final`.
    """
    if program.minimum_age is None:
        return []
    answer, why = ("ask", "unanswered") if born is None else ("no", "unmet")
    if old_enough(program, born, year):
        answer, why = "yes", "met"
    text = {locale: told.format(program.minimum_age) for locale, told in OVER.items()}
    return [{"requirement": AGE, "answer": answer, "reason": why, "text": text, "final": True}]


def labelled(
    tx: Transaction, program: Program, given: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return answers where the label of its field stands for a requirement without a text."""
    fields = fields_of(tx, program)
    of = {each.id: each.field for each in requirements_of(tx, program) if each.field in fields}
    labels = {id: shown(fields[field].label) for id, field in of.items()}
    return [{**one, "text": one["text"] or labels.get(one["requirement"], {})} for one in given]


def still_open(tx: Transaction, program: Program, one: Participant) -> list[dict[str, Any]]:
    """Return the requirements on somebody who was let in that nobody can say are met yet."""
    told = rulings(tx, program, one)[one.id] if one.let_in else []
    return labelled(tx, program, [each for each in told if each["answer"] == "ask"])


def verdict(rulings: Iterable[Mapping[str, Any]]) -> str:
    """Return what several answers come to: one no is a no, else one that is to be asked."""
    said = {one["answer"] for one in rulings}
    return next((one for one in ("no", "ask") if one in said), "yes")


def check(
    kit: Kit, *, tenant: str, actor: Actor, program: str, participants: Collection[str] = ()
) -> dict[str, int]:
    """Ask the plugins' checks again, about these or about all who are not active yet.

    Returns how many were ``asked`` about, and of how many the answers have ``changed``.
    """
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        rows = tx.participants.find(program_id=found.id, state=BEFORE)
        ids = [row.id for row in rows if not participants or row.id in participants]
        has_checks = any(one.check for one in requirements_of(tx, found))
    changed = ask(kit, tenant, found.id, ids) if has_checks else 0
    return {"asked": len(ids) if has_checks else 0, "changed": changed}


def ask(kit: Kit, tenant: str, program: str, ids: Sequence[str]) -> int:
    """Let the checks that a program names answer about these; return of how many that is new.

    They are asked outside every transaction, in batches. One that fails has no opinion: a person
    decides, and the log says why.
    """
    changed = 0
    for start in range(0, len(ids), 500):
        changed += _ask(kit, tenant, program, ids[start : start + 500])
    return changed


def _ask(kit: Kit, tenant: str, program: str, ids: Sequence[str]) -> int:
    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        asked = [one for one in requirements_of(tx, found) if one.check]
        applicants = _applicants(tx, ids) if asked else {}
        settings = {
            plugin.name: chosen(tx, found, plugin.name) for plugin in kit.registry.plugins.values()
        }
    said: dict[str, dict[str, str]] = {id: {} for id in applicants}
    for one in asked:
        them = [id for id, who in applicants.items() if _concerns(one, who)]
        told = _answered(kit, tenant, found, one, [applicants[id] for id in them], settings)
        for id, answer in zip(them, told, strict=False):
            said[id][one.id] = answer

    def write(tx: Transaction) -> int:
        tx.participants.hold(said)
        step = Step(tx, SYSTEM_ACTOR, Role.SYSTEM, found.id)
        changed = 0
        for one in tx.participants.get_many(said).values():
            if dict(one.checked) != said[one.id]:
                kept = replace(one, checked=Frozen(said[one.id]))
                step.save(tx.participants, kept, events.RequirementsChecked, checked=said[one.id])
                changed += 1
        return changed

    return kit.write(tenant, write) if said else 0


def _applicants(tx: Transaction, ids: Sequence[str]) -> dict[str, Applicant]:
    from mentorkit.hooks.providers import Applicant

    rows = tx.participants.get_many(ids)
    people = tx.people.get_many(row.person_id for row in rows.values())
    firms = tx.businesses.get_many(row.business_id for row in rows.values() if row.business_id)
    contacts = tx.contacts.find(person_id=list(people))
    return {
        id: Applicant(
            role=row.role,
            profile=row.profile,
            person=people[row.person_id],
            business=firms.get(row.business_id or ""),
            contacts=tuple(one for one in contacts if one.person_id == row.person_id),
        )
        for id, row in rows.items()
        if not people[row.person_id].erased
    }


def _concerns(one: Requirement, who: Applicant) -> bool:
    return who.role == "both" or who.role in one.roles


def _answered(
    kit: Kit,
    tenant: str,
    program: Program,
    one: Requirement,
    applicants: Sequence[Applicant],
    settings: Mapping[str, Any],
) -> Sequence[str]:
    """Return what a check answers; nothing where it is not there, switched off, or fails."""
    from mentorkit.hooks.calls import called
    from mentorkit.hooks.settings import check_options

    provider = kit.registry.requirement_checks.get(one.check)
    if provider is None or not applicants:
        return ()
    owner = kit.registry.owner("requirement_checks", one.check)
    own = settings[owner.name]
    if own is None:
        return ()
    options, _ = check_options(provider.options, one.options, "options")
    context = kit.context(tenant, program, owner.name, settings=own)
    asking = partial(provider.answer, context, applicants, options)
    label = f"plugin {owner.label}"
    try:
        told = called(label, f"check {one.check}", asking, secrets=owner.secrets)
    except PluginError as error:
        log.warning("%s", error)
        return ["ask"] * len(applicants)
    fits = isinstance(told, list | tuple) and len(told) == len(applicants)
    if not fits or any(answer not in ANSWERS for answer in told):
        log.warning("%s: check %s did not answer yes, no or ask for each.", label, one.check)
        return ["ask"] * len(applicants)
    return told
