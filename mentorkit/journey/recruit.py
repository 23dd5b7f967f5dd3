"""Recruit: read leads from a source, and take them in so that twice is the same as once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Lead, Participant
from mentorkit.domain.people import Actor, Business, Contact, Person
from mentorkit.domain.programs import Program
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound, PluginError, Problem
from mentorkit.journey.programs import fields_of
from mentorkit.journey.steps import program_of, require

if TYPE_CHECKING:
    from mentorkit.domain.moves import Role
    from mentorkit.domain.runs import Progress
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

CHUNK = 500
"""Leads taken in by one transaction; a run that was cut short is finished by running it again."""


def read(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    program: str,
    body: bytes,
    filename: str,
    role: str | None = None,
    source: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> tuple[tuple[Lead, ...], tuple[Problem, ...]]:
    """Let a recruitment source read what was pushed; return leads, and what is wrong by place.

    Without `source` the file's suffix picks it, and without `columns` the program's mapping.
    """
    from mentorkit.hooks.calls import called
    from mentorkit.hooks.providers import Batch, Inbound

    with kit.transaction(tenant=tenant, write=False) as tx:
        found = program_of(tx, program)
        require(tx, found, actor)
        fields = fields_of(tx, found)
        mapping = tx.definitions.current(found.id, "columns")
    name = source or source_for(kit.registry.recruitment_sources, filename)
    provider = kit.registry.recruitment_sources.get(name)
    if provider is None:
        raise NotFound("source.not_found", f"No loaded plugin offers the source {name!r}.")
    owner = kit.registry.owner("recruitment_sources", name)
    given = columns if columns is not None else (mapping.body if mapping else None)
    batch = called(
        f"plugin {owner.label}",
        f"source {name}",
        lambda: provider.receive(
            kit.context(tenant, found, owner.name),
            Inbound(body=body, filename=filename),
            role=role,
            fields=fields,
            options={"columns": dict(given)} if given else None,
        ),
        passing=(Invalid,),
    )
    if not isinstance(batch, Batch):
        raise PluginError(
            "plugin.source",
            f"plugin {owner.label}: source {name} returned {type(batch).__name__}, not a Batch.",
        )
    return batch.leads, batch.problems


def source_for(sources: Mapping[str, Any], filename: str) -> str:
    """Return the source that reads files of this name's suffix; raise `Invalid` if none does."""
    suffix = "." + filename.rsplit(".", 1)[-1].lower() if "." in filename else ""
    for name, source in sources.items():
        if suffix in source.suffixes:
            return str(name)
    readable = ", ".join(sorted(s for source in sources.values() for s in source.suffixes))
    raise Invalid(
        "source.unknown_file",
        "This kind of file cannot be read.",
        [Problem(filename, f"write a file of one of these kinds: {readable}")],
    )


def receive(
    kit: Kit,
    *,
    tenant: str,
    actor: Actor,
    program: str,
    leads: Sequence[Lead],
    preview: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Take leads in; return how many are new, changed and unchanged, and what was refused.

    The same leads a second time write nothing. A preview counts exactly what the run would do.
    """
    totals: dict[str, Any] = {"new": 0, "changed": 0, "unchanged": 0, "refused": []}
    seen: set[tuple[str, str]] = set()
    for start in range(0, max(1, len(leads)), CHUNK):
        chunk = leads[start : start + CHUNK]
        if progress:
            progress.step(start, len(leads), "leads")

        def work(tx: Transaction, chunk: Sequence[Lead] = chunk) -> _Plan:
            found = program_of(tx, program)
            role = require(tx, found, actor)
            if found.state == "closed":
                raise Conflict("program.closed", "The program is closed; open it again first.")
            plan = _plan(tx, found, chunk)
            if not preview:
                _write(tx, found, actor, role, plan)
            return plan

        if preview:
            with kit.transaction(tenant=tenant, write=False) as tx:
                plan = work(tx)
        else:
            plan = kit.write(tenant, work)
        again = {(lead.key, lead.role) for lead in chunk} & seen
        seen |= {(lead.key, lead.role) for lead in chunk}
        totals["new"] += len(plan.new) - (len(again) if preview else 0)
        totals["changed"] += len(plan.changed)
        totals["unchanged"] += plan.unchanged
        totals["refused"] += plan.refused
    if progress:
        progress.step(len(leads), len(leads), "leads")
    return {**totals, "preview": preview}


@dataclass
class _Plan:
    """What taking a chunk of leads in amounts to."""

    people: list[Person] = field(default_factory=list)
    changed_people: list[Person] = field(default_factory=list)
    contacts: list[Contact] = field(default_factory=list)
    businesses: list[Business] = field(default_factory=list)
    new: list[Participant] = field(default_factory=list)
    changed: list[tuple[Participant, tuple[str, ...]]] = field(default_factory=list)
    unchanged: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)


def _plan(tx: Transaction, program: Program, leads: Sequence[Lead]) -> _Plan:
    plan = _Plan()
    keys = sorted({lead.key for lead in leads})
    people = {p.external_key: p for p in tx.people.find(external_key=keys)}
    ids = [person.id for person in people.values()]
    known = {p.person_id: p for p in tx.participants.find(program_id=program.id, person_id=ids)}
    reach = {(c.person_id, c.kind): c for c in tx.contacts.find(person_id=ids)}
    firms: dict[str, Business] = {}
    fresh: dict[str, Participant] = {}
    edited: dict[str, tuple[Participant, tuple[str, ...]]] = {}
    for lead in leads:
        person = people.get(lead.key)
        touched: list[str] = []
        if person is None:
            person = people[lead.key] = _person(tx, lead)
            plan.people.append(person)
        else:
            renamed = _renamed(person, lead)
            if renamed != person:
                touched += ["person"]
                if person in plan.people:
                    plan.people[plan.people.index(person)] = renamed
                else:
                    plan.changed_people = [
                        one for one in plan.changed_people if one.id != person.id
                    ] + [renamed]
                person = people[lead.key] = renamed
        for kind, value in (("email", lead.email), ("phone", lead.phone)):
            have = reach.get((person.id, kind))
            if value and have is None:
                new = Contact(
                    id=tx.new_id(), tenant=tx.tenant, person_id=person.id, kind=kind, value=value
                )
                reach[person.id, kind] = new
                plan.contacts.append(new)
                touched.append(kind)
        business = _business(tx, plan, firms, lead)
        participant = known.get(person.id)
        if participant is None:
            made = _participant(tx, program, person, lead, business)
            known[person.id] = fresh[person.id] = made
            continue
        if participant.state in ("left", "declined"):
            plan.refused.append(
                {"place": lead.place, "key": lead.key, "code": f"participant.{participant.state}",
                 "message": f"{lead.key} has {participant.state} here before; nothing was changed."}
            )  # fmt: skip
            continue
        try:
            merged, changed = _merged(participant, lead, business)
        except MentorKitError as error:
            plan.refused.append(
                {"place": lead.place, "key": lead.key, "code": error.code, "message": str(error)}
            )
            continue
        if person.id in fresh:
            known[person.id] = fresh[person.id] = merged
        elif changed or touched:
            known[person.id] = merged
            before = edited.get(person.id, (merged, ()))[1]
            edited[person.id] = (merged, tuple(sorted({*before, *changed, *touched})))
        else:
            plan.unchanged += 1
    plan.new = list(fresh.values())
    plan.changed = list(edited.values())
    return plan


def _person(tx: Transaction, lead: Lead) -> Person:
    return Person(
        id=tx.new_id(),
        tenant=tx.tenant,
        name=lead.name or lead.key,
        external_key=lead.key,
        born=lead.born,
        locale=lead.locale or "en",
        zone=lead.zone or "UTC",
        created_at=tx.now,
    )


def _renamed(person: Person, lead: Lead) -> Person:
    return replace(
        person,
        name=lead.name or person.name,
        born=lead.born if lead.born is not None else person.born,
        locale=lead.locale or person.locale,
        zone=lead.zone or person.zone,
    )


def _business(tx: Transaction, plan: _Plan, firms: dict[str, Business], lead: Lead) -> str | None:
    """Return the id of the firm the lead acts for: the same name is the same firm."""
    if not lead.business or not lead.business.get("name"):
        return None
    name = str(lead.business["name"])
    firm = firms.get(name) or tx.businesses.first(name=name)
    if firm is None:
        started = lead.business.get("started")
        firm = Business(
            id=tx.new_id(),
            tenant=tx.tenant,
            name=name,
            sector=lead.business.get("sector"),
            country=lead.business.get("country"),
            started=int(started) if started is not None else None,
        )
        plan.businesses.append(firm)
    firms[name] = firm
    return firm.id


def _participant(
    tx: Transaction, program: Program, person: Person, lead: Lead, business: str | None
) -> Participant:
    default = program.mentee_capacity if lead.role == "mentee" else 1
    return Participant(
        id=tx.new_id(),
        tenant=tx.tenant,
        program_id=program.id,
        person_id=person.id,
        business_id=business,
        role=lead.role,
        capacity=lead.capacity if lead.capacity is not None else default,
        profile=Frozen(lead.profile),
        source=lead.source,
        campaign=lead.campaign,
        created_at=tx.now,
    )


def _merged(
    participant: Participant, lead: Lead, business: str | None
) -> tuple[Participant, tuple[str, ...]]:
    changed: list[str] = []
    merged = participant
    answered = {key: value for key, value in lead.profile.items() if value is not None}
    profile = participant.profile.with_(**answered)
    if profile != participant.profile:
        changed += [key for key in answered if profile[key] != participant.profile.get(key)]
        merged = replace(merged, profile=profile)
    if business and business != participant.business_id:
        changed.append("business")
        merged = replace(merged, business_id=business)
    if participant.role not in (lead.role, "both"):
        changed.append("role")
        merged = replace(merged, role="both")
    if lead.capacity is not None and lead.capacity != participant.capacity:
        changed.append("capacity")
        merged = merged.with_capacity(lead.capacity)
    return merged, tuple(changed)


def _write(tx: Transaction, program: Program, actor: Actor, role: Role, plan: _Plan) -> None:
    tx.businesses.add_all(plan.businesses)
    tx.people.add_all(plan.people)
    tx.people.save_all(plan.changed_people)
    tx.contacts.add_all(plan.contacts)
    tx.participants.add_all(plan.new)
    tx.participants.save_all([participant for participant, _ in plan.changed])
    received: list[events.Event] = [
        events.LeadReceived(
            subject_id=one.id,
            program_id=program.id,
            role_played=one.role,
            capacity=one.capacity,
        )
        for one in plan.new
    ]
    changed: list[events.Event] = [
        events.ParticipantChanged(
            subject_id=one.id,
            program_id=program.id,
            changed=names,
            capacity=one.capacity,
            role_played=one.role,
        )
        for one, names in plan.changed
    ]
    tx.record_all([*received, *changed], actor=actor, role=role)
