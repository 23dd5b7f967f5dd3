"""Recruit: read leads from a source, and take them in so that twice is the same as once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.moves import STAFF
from mentorkit.domain.participants import ROLES, Lead, Participant
from mentorkit.domain.people import Actor, Business, Contact, Person, called, folded
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import as_row
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound, PluginError, Problem
from mentorkit.journey.cohorts import cohorts_of, in_cohort
from mentorkit.journey.definitions import fields_of, in_force
from mentorkit.journey.leads import answered, sound
from mentorkit.journey.programs import define
from mentorkit.journey.protect import ERASED, marks_of
from mentorkit.journey.requirements import ask
from mentorkit.journey.safeguards import not_closed
from mentorkit.journey.steps import (
    NEW,
    N,
    Step,
    atomic,
    changing,
    chosen,
    fresh,
    in_program,
    program_of,
    reading,
)
from mentorkit.journey.supply import places_of

if TYPE_CHECKING:
    from mentorkit.domain.runs import Progress
    from mentorkit.kit import Kit
    from mentorkit.store.repository import Repository
    from mentorkit.store.transaction import Transaction

CHUNK = 500
"""Leads taken in by one transaction; a run that was cut short is finished by running it again."""
SAMPLED = 50
"""Rows from which samples of a column are taken."""

BESIDE = ("person.key_taken", "business.name_taken", "participant.reference")
"""What others brought in, or erased, at the same moment; the next time it is seen."""


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
    Raises `Invalid` with every column that the file lacks, and (at ``columns.TITLE``) every one
    that is mapped to no field.
    """
    from mentorkit.hooks.calls import called as call
    from mentorkit.hooks.providers import Batch, Inbound
    from mentorkit.hooks.targets import wrong_targets

    name = source or source_for(kit.registry.recruitment_sources, filename)
    provider = kit.registry.recruitment_sources.get(name)
    if provider is None:
        there = ", ".join(kit.registry.recruitment_sources) or "none"
        told = f"No loaded plugin offers the source {name!r}; there are: {there}."
        raise NotFound("source.not_found", told)
    owner = kit.registry.owner("recruitment_sources", name)
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        asked = fields_of(tx, found)
        mapping = tx.definitions.current(found.id, "columns")
        settings = chosen(tx, found, owner.name)
    if settings is None:
        raise Conflict("plugin.off", f"The program has switched the plugin {owner.name} off.")
    given = columns if columns is not None else (mapping.body if mapping else None)
    taking = partial(
        provider.receive,
        kit.context(tenant, found, owner.name, settings=settings),
        Inbound(body=body, filename=filename),
        role=role,
        fields=asked,
        options={"columns": dict(given)} if given else None,
    )
    label, secrets = f"plugin {owner.label}", owner.secrets
    wrong = wrong_targets(columns or {}, [*asked, *provider.targets])
    try:
        batch = call(label, f"source {name}", taking, passing=(Invalid,), secrets=secrets)
    except Invalid as error:
        if not wrong or error.code != "sheet.columns":
            raise
        wrong += [one for one in error.problems if ", column " in one.place]
    if wrong:
        raise Invalid("columns.invalid", "The columns cannot be used:", wrong)
    if not isinstance(batch, Batch):
        raise PluginError(
            "plugin.source",
            f"plugin {owner.label}: source {name} returned {type(batch).__name__}, not a Batch.",
        )
    return batch.leads, batch.problems


def look(
    kit: Kit, *, tenant: str, actor: Actor, program: str, body: bytes, filename: str
) -> dict[str, Any]:
    """Return the columns of a file, to be mapped before it is read.

    Each of `columns` has its name, up to 3 different `samples` of what stands in it, and the
    `target` it would feed: as the program's mapping says, else by its name, else "". `targets` are
    the profile fields and the other targets that there are.
    """
    from mentorkit.hooks.calls import called as call
    from mentorkit.hooks.providers import Inbound

    name = source_for(kit.registry.recruitment_sources, filename)
    provider = kit.registry.recruitment_sources[name]
    owner = kit.registry.owner("recruitment_sources", name)
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        asked = fields_of(tx, found)
        mapping = tx.definitions.current(found.id, "columns")
        settings = chosen(tx, found, owner.name)
    if settings is None:
        raise Conflict("plugin.off", f"The program has switched the plugin {owner.name} off.")
    context = kit.context(tenant, found, owner.name, settings=settings)
    looking = partial(provider.look, context, Inbound(body=body, filename=filename))
    label = f"plugin {owner.label}"
    grid = call(label, f"source {name}", looking, passing=(Invalid,), secrets=owner.secrets)
    kept = {_folded(title): to for title, to in (mapping.body if mapping else {}).items()}
    knowing = partial(provider.recognise, grid.columns, asked)
    known = call(label, f"source {name}", knowing, secrets=owner.secrets)
    columns: list[dict[str, Any]] = []
    for at, title in enumerate(grid.columns):
        cells = dict.fromkeys(cells[at].strip() for _, cells in grid.rows[:SAMPLED])
        samples = [cell[:60] for cell in cells if cell][:3]
        target = kept.get(_folded(title)) or known.get(title, "")
        columns.append({"name": title, "samples": samples, "target": target})
    fed = {str(column["target"]) for column in columns}
    for column in columns:
        if not column["target"] and column["samples"]:
            column["target"] = _likely(column["samples"], asked, fed)
            fed.add(column["target"])
    return {
        "columns": columns,
        "targets": [
            *({"id": one.id, "label": as_row(one)["label"]} for one in asked.values()),
            *({"id": one, "label": {}} for one in provider.targets if one not in asked),
        ],
    }


def _likely(samples: Sequence[str], fields: Mapping[str, Field], fed: set[str]) -> str:
    """Return what nothing feeds yet and all these samples are answers to; "" if that is nothing."""
    if "email" not in fed and all("@" in one.strip("@") for one in samples):
        return "email"
    for field in fields.values():
        if field.choices and field.id not in fed:
            with suppress(ValueError):
                if all(field.parse(one) is not None for one in samples):
                    return field.id
    return ""


@atomic
def remember(
    kit: Kit, *, tenant: str, actor: Actor, program: str, columns: Mapping[str, str],
    tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Keep which column feeds what, beside what was kept before, for the next file."""
    found, _ = changing(tx, actor, program)
    before = dict(in_force(tx, found, "columns")[0])
    now = {**before, **columns}
    if now != before:
        define(kit, tenant=tenant, actor=actor, program=program, kind="columns", body=now, tx=tx)
    return now


def source_for(sources: Mapping[str, Any], filename: str) -> str:
    """Return the source that reads files of this name's suffix; raise `Invalid` if none does."""
    suffix = "." + filename.rsplit(".", 1)[-1].lower() if "." in filename else ""
    for name, source in sources.items():
        if suffix in source.suffixes:
            return str(name)
    readable = ", ".join(sorted(s for source in sources.values() for s in source.suffixes))
    told = Problem(filename, f"write a file of one of these kinds: {readable}")
    raise Invalid("source.unknown_file", "This kind of file cannot be read.", [told])


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

    `twins` names who came in as somebody new though they may be here already.

    The same leads a second time write nothing. A preview counts exactly what the run would do,
    and says under `changes` who would be new or changed, with what stood there and what would.
    Each key and role counts once: of several rows, the later goes before the earlier. Imports of
    one program wait for one another. A lead that is none, or whose answers do not fit the program's
    fields, is refused by itself (lead.invalid).
    """
    leads, refused = sound(leads)
    totals: dict[str, Any] = {"new": 0, "changed": 0, "unchanged": 0, "twins": []}
    totals["refused"] = refused
    # A preview writes nothing that a second part could find, so it looks at all in one go.
    size = max(1, len(leads)) if preview else CHUNK
    for start in range(0, max(1, len(leads)), size):
        if progress:
            progress.step(start, len(leads), "leads")

        def work(tx: Transaction, chunk: Sequence[Lead] = leads[start : start + size]) -> _Plan:
            if not preview:
                tx.programs.hold([program_of(tx, program).id])
            found, step = in_program(tx, actor, program)
            not_closed(found)
            if preview:
                return _Plan(kit, tx, found, chunk)
            tx.people.hold(_met(tx, chunk))  # nobody is erased between our look and our writing
            plan = _Plan(kit, tx, found, chunk)
            plan.write(step)
            return plan

        if preview:
            with kit.transaction(tenant=tenant, write=False) as tx:
                plan = work(tx)
        else:
            plan = kit.write(tenant, work, beside=BESIDE)
        for outcome, count in plan.counts.items():
            totals[outcome] += count
        if not preview:
            ask(kit, tenant, program, [*(one.id for one in plan.new.values()), *plan.touched])
        totals["refused"] += plan.refused
        totals["twins"] += plan.twins
        if preview:
            totals["changes"] = plan.told
    if progress:
        progress.step(len(leads), len(leads), "leads")
    return {**totals, "preview": preview}


def _met(tx: Transaction, leads: Sequence[Lead]) -> set[str]:
    """Return the ids of the people whom leads may be about: by their keys and e-mails."""
    people = tx.people.find(external_key=[lead.key for lead in leads])
    emails = [_folded(lead.email) for lead in leads if lead.email]
    reached = tx.contacts.find(kind="email", value=emails)
    return {*(person.id for person in people), *(contact.person_id for contact in reached)}


class _Plan:
    """What taking leads into a program amounts to; the dicts are by person id."""

    def __init__(self, kit: Kit, tx: Transaction, program: Program, leads: Sequence[Lead]) -> None:
        self.tx, self.program = tx, program
        self.cohorts, self.fields = cohorts_of(tx, program), fields_of(tx, program)
        self.places = {role: places_of(tx, program, role) for role in ROLES}
        names = {name for lead in leads for name in _names(lead)}
        marks = {mark: name for name in names for mark in marks_of(kit, tx.tenant, name)}
        erased = tx.contacts.find(kind=ERASED, value=list(marks))
        self.erased = {marks[contact.value] for contact in erased}
        ids = _met(tx, leads)
        self.people = tx.people.get_many(ids)
        named = [one for one in self.people.values() if one.external_key]
        self.keys = {str(one.external_key): one.id for one in named}
        rows = tx.participants.find(program_id=program.id, person_id=list(ids))
        self.known = {row.person_id: row for row in rows}
        self.contacts: dict[tuple[str, str], list[Contact]] = defaultdict(list)
        self.reached: dict[str, set[str]] = defaultdict(set)
        contacts = tx.contacts.find(person_id=list(ids))
        self.stored = {*self.people, *(contact.id for contact in contacts)}
        for contact in contacts:
            self.contacts[contact.person_id, contact.kind].append(contact)
            self.reached[_folded(contact.value)].add(contact.person_id)
        self.firms: dict[str, Business] = {}
        self.told_people: dict[str, Person] = {}
        self.told_contacts: dict[str, Contact] = {}
        self.businesses: list[Business] = []
        self.new: dict[str, Participant] = {}
        self.changed: dict[str, tuple[Participant, set[str]]] = {}
        self.counts: Counter[str] = Counter()
        self.refused: list[dict[str, Any]] = []
        self.twins: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []
        for lead in leads:
            try:
                self._take(lead)
            except MentorKitError as error:
                told = {"place": lead.place, "key": lead.key}
                self.refused.append({**told, "code": error.code, "message": str(error)})

    def _take(self, lead: Lead) -> None:
        """Plan what a lead amounts to. What it is refused for is raised before anything is."""
        lead = answered(in_cohort(lead, self.cohorts), self.fields)
        known = self._find(lead)
        before = self.known.get(known.id) if known else None
        if known and before and before.state in ("left", "declined"):
            told, first = {
                "left": ("has left", "take them back in"),
                "declined": ("was declined", "approve them"),
            }[before.state]
            raise Conflict(
                f"participant.{before.state}",
                f"{known.external_key or before.id} {told} before; nothing was changed. If they "
                f"are to join after all, {first} first.",
            )
        merged, changed = _merged(before, lead) if before else (None, set())
        held = self._held(known)
        person, touched = self._person(known, lead)
        changed |= touched | self._reach(person, lead, correcting=before is not None)
        business = self._business(lead)
        if merged is None:
            self.known[person.id] = self.new[person.id] = self._participant(person, lead, business)
            self.counts["new"] += 1
            self.told.append({**_about(lead, person), "outcome": "new", "fields": {}})
            return
        if business and business != merged.business_id:
            changed.add("business")
            merged = replace(merged, business_id=business)
        self.counts["changed" if changed else "unchanged"] += 1
        if changed and before:
            fields = _differences((before, known, held), (merged, person, self._held(person)))
            if "business" in fields:
                fields["business"] = [self._called(firm) for firm in fields["business"]]
            self.told.append({**_about(lead, person), "outcome": "changed", "fields": fields})
        if person.id in self.new:
            self.known[person.id] = self.new[person.id] = merged
        elif changed:
            _, earlier = self.changed.get(person.id, (merged, set()))
            self.known[person.id] = merged
            self.changed[person.id] = merged, earlier | changed

    def _find(self, lead: Lead) -> Person | None:
        """Return whom the lead is about, if they are known: by its key, or e-mail and name.

        A host's user may have signed up with an address of somebody else: nothing that is told of
        whom it belongs to goes to them before they have proved it.
        """
        if lead.key in self.keys:
            person = self.people[self.keys[lead.key]]
            row = self.known.get(person.id)
            if (row and row.plays(lead.role)) or self._agree(person, lead):
                return person
            raise Conflict(
                "lead.key_of_another",
                "This id stands for somebody here whose e-mail is another, or who has another "
                "name and no e-mail to compare. Give the two different ids; or, if they are one "
                "person, write the e-mail and name that are here.",
            )
        if _names(lead) & self.erased:
            raise Conflict(
                "lead.erased",
                "Somebody with this id or e-mail was erased here, and a file does not bring them "
                "back. If they want to take part again, or this is somebody else, write an id and "
                "an e-mail that were never used.",
            )
        email = _folded(lead.email)
        here = self.known.keys() & self.reached.get(email, set())
        found = [self.people[id] for id in here if self._emails(id) == {email}]
        proved = [
            one
            for one in found
            if one.user_ref is None or any(c.verified for c in self.contacts[one.id, "email"])
        ]
        if len(proved) == 1 and _folded(proved[0].name) == _folded(lead.name):
            return proved[0]
        for twin in found:
            if twin not in proved and _folded(twin.name) == _folded(lead.name):
                self.twins.append(_twin(lead, self.known[twin.id]))
        return None

    def _held(self, person: Person | None) -> dict[str, list[str]]:
        """Return how a person can be reached: the values by kind."""
        return {
            kind: [one.value for one in self.contacts.get((person.id, kind), ())] if person else []
            for kind in ("email", "phone")
        }

    def _emails(self, person_id: str) -> set[str]:
        return {_folded(contact.value) for contact in self.contacts.get((person_id, "email"), ())}

    def _agree(self, person: Person, lead: Lead) -> bool:
        """Return whether the two may be one; of the same name with other e-mails they are not."""
        emails, email = self._emails(person.id), _folded(lead.email)
        if email and (emails or email == _folded(person.external_key)):
            return email in {*emails, _folded(person.external_key)}
        return bool(lead.name) and _folded(lead.name) == _folded(person.name)

    def _person(self, before: Person | None, lead: Lead) -> tuple[Person, set[str]]:
        """Return the person as the lead tells of them, and ``{"person"}`` if that is a change."""
        person = before or Person(
            **fresh(self.tx),
            name=called(lead.key),
            external_key=lead.key,
            zone=self.program.zone,  # until they tell of their own
            created_at=self.tx.now,
        )
        told = {name: getattr(lead, name) for name in ("born", "locale", "zone")}
        told["name"] = called(lead.name)
        told = {name: value for name, value in told.items() if value not in (None, "")}
        person = replace(person, **told)
        if person == before:
            return person, set()
        if before is None:
            self.keys[lead.key] = person.id
        self.people[person.id] = self.told_people[person.id] = person
        return person, {"person"}

    def _reach(self, person: Person, lead: Lead, correcting: bool) -> set[str]:
        """Keep what the lead tells of how to reach the person; return the kinds that changed.

        Only in a program that the person is in already may it be `correcting` what was told there.
        """
        touched = set()
        for kind, value in (("email", _folded(lead.email)), ("phone", lead.phone)):
            held = self.contacts[person.id, kind]
            if not value or _folded(value) in {_folded(contact.value) for contact in held}:
                continue
            if kind == "phone" and any(_same_number(value, contact.value) for contact in held):
                continue
            touched.add(kind)
            if correcting and len(held) == 1:  # of several, none is the one it takes the place of
                told = replace(held.pop(), value=value, verified=False, bounced=Frozen())
            else:
                told = Contact(**fresh(self.tx), person_id=person.id, kind=kind, value=value)
            held.append(told)
            self.reached[value].add(person.id)
            self.told_contacts[told.id] = told
        return touched

    def _business(self, lead: Lead) -> str | None:
        """Return the id of the firm the lead acts for: the same name is the same firm."""
        told = lead.business or Frozen()
        if not told.get("name"):
            return None
        name = str(told["name"])
        firm = self.firms.get(name) or self.tx.businesses.first(name=name)
        if firm is None:
            started = told.get("started")
            firm = Business(
                **fresh(self.tx),
                name=name,
                sector=told.get("sector"),
                country=told.get("country"),
                started=int(started) if started is not None else None,
            )
            self.businesses.append(firm)
        self.firms[name] = firm
        return firm.id

    def _called(self, business: str | None) -> str | None:
        """Return the name of the firm with this id, also of one that is not stored yet."""
        new = {firm.id: firm.name for firm in self.businesses}
        return business and (new.get(business) or self.tx.businesses.get(business).name)

    def _participant(self, person: Person, lead: Lead, business: str | None) -> Participant:
        return Participant(
            **fresh(self.tx),
            program_id=self.program.id,
            person_id=person.id,
            business_id=business,
            cohort=lead.cohort,
            role=lead.role,
            capacity=self.places[lead.role] if lead.capacity is None else lead.capacity,
            profile=Frozen(lead.profile),
            source=lead.source,
            campaign=lead.campaign,
            created_at=self.tx.now,
        )

    def _keep(self, kept: Repository[N], told: Mapping[str, N]) -> None:
        kept.add_all(one for id, one in told.items() if id not in self.stored)
        kept.save_all(one for id, one in told.items() if id in self.stored)

    @property
    def touched(self) -> list[str]:
        """The ids of the participants who were known and have changed."""
        return [one.id for one, _ in self.changed.values()]

    def write(self, step: Step) -> None:
        """Store the plan and record what happened, the new ones first."""
        tx = self.tx
        tx.businesses.add_all(self.businesses)
        self._keep(tx.people, self.told_people)
        self._keep(tx.contacts, self.told_contacts)
        tx.participants.add_all(self.new.values())
        tx.participants.save_all(one for one, _ in self.changed.values())
        facts = [
            _fact(step, events.LeadReceived, one, person_id=one.person_id)
            for one in self.new.values()
        ]
        facts += [
            _fact(step, events.ParticipantChanged, one, changed=tuple(sorted(names)))
            for one, names in self.changed.values()
        ]
        step.record_all(facts)


def _fact(step: Step, kind: type[events.Event], one: Participant, **own: Any) -> events.Event:
    own |= {"role_played": one.role, "capacity": one.capacity, "business_id": one.business_id}
    own |= {"cohort": one.cohort}
    return step.fact(kind, one.id, **own)


Whole = tuple[Participant, Person | None, Mapping[str, list[str]]]
"""All that a lead may change of somebody: their part, themselves, and how to reach them."""


def _about(lead: Lead, person: Person) -> dict[str, Any]:
    return {"place": lead.place, "key": lead.key, "name": person.name, "role": lead.role}


def _twin(lead: Lead, here: Participant) -> dict[str, Any]:
    told = (
        "Somebody with this name and e-mail is here by an account of their own, and has not proved "
        "that the e-mail is theirs: the row is taken in as somebody new. Ask them, and if the two "
        f"are one, let one of them go; who was here before is the participant {here.id}."
    )
    return {"place": lead.place, "key": lead.key, "participant": here.id, "message": told}


def _differences(before: Whole, after: Whole) -> dict[str, list[Any]]:
    """Return ``{field: [what it was, what it is]}``."""

    def flat(part: Participant, person: Person | None, held: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: getattr(person, name, None) for name in ("name", "born", "locale", "zone")}
        told = {"role": part.role, "capacity": part.capacity, "business": part.business_id}
        told |= {"cohort": part.cohort}
        return {**own, **held, **told, **part.profile}

    old, new = flat(*before), flat(*after)
    return {key: [old.get(key), new[key]] for key in new if new[key] != old.get(key)}


def _merged(before: Participant, lead: Lead) -> tuple[Participant, set[str]]:
    """Return the participant as the lead tells of them, and the names of what changed."""
    given = {key: value for key, value in lead.profile.items() if value is not None}
    profile = before.profile.with_(**given)
    changed = {key for key in given if profile[key] != before.profile.get(key)}
    merged = replace(before, profile=profile)
    if before.role not in (lead.role, "both"):
        if lead.role != "both" or before.let_in:  # nobody has decided of the other side
            raise Conflict(
                "participant.other_role",
                f"{lead.key} is a {before.role} here already; nothing was changed. If they are "
                "both, give the row the role `both` before they are approved. Afterwards, or if "
                "it is wrong, correct it on their page.",
            )
        changed.add("role")
        merged = replace(merged, role="both")
    if lead.cohort is not None and lead.cohort != before.cohort:
        changed.add("cohort")
        merged = replace(merged, cohort=lead.cohort)
    if lead.capacity is not None and lead.capacity != before.capacity:
        changed.add("capacity")
        merged = merged.with_capacity(lead.capacity)
    return merged, changed


def _names(lead: Lead) -> set[str]:
    """Return all that an erased person may have left a mark of, as it is told and as compared."""
    return {lead.key, _folded(lead.key), _folded(lead.email)} - {""}


def _same_number(told: str, held: str) -> bool:
    """Return whether a number is the one that is held, perhaps without its country's code."""
    digits = folded(told).lstrip("0")
    return bool(digits) and folded(held).endswith(digits)


def _folded(value: str | None) -> str:
    """Return an e-mail address or a name as it is compared."""
    return " ".join((value or "").split()).casefold()
