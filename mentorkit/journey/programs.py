"""Set a program up: from a preset, shown, opened, exported again; and who runs it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain import events
from mentorkit.domain.fields import Field, parse_fields
from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.domain.moves import Role
from mentorkit.domain.people import Actor, Person, called, reference
from mentorkit.domain.programs import (
    STAFF_ROLES,
    Preset,
    Program,
    dump_preset,
    parse_preset,
    read_preset,
)
from mentorkit.domain.reading import where_given
from mentorkit.domain.shown import as_row, shown
from mentorkit.domain.strategies import Strategy
from mentorkit.domain.surveys import (
    parse_questionnaires,
)
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound, Problem
from mentorkit.hooks import calls
from mentorkit.journey.cases import tell_newcomer
from mentorkit.journey.definitions import (
    AGAIN,
    SHOWN,
    fields_of,
    in_force,
    lacking,
    newly_shown,
    strategy_misfits,
    strategy_of,
)
from mentorkit.journey.steps import (
    NEW,
    READERS,
    Step,
    atomic,
    changing,
    fresh,
    reading,
    role_in,
)

if TYPE_CHECKING:
    from mentorkit.hooks.loading import LoadedPlugin
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

SETTINGS = (
    "zone", "locale", "kind", "matching", "accept_chain", "offer_days", "mentee_capacity",
    "minimum_age",
)  # fmt: skip
"""What a preset sets of the program itself."""

ALWAYS = ("fields", "requirements", "strategy", "targets")
"""What every program is run by, from its first day on."""

TEXTS = (
    "summary", "consent", "emergency", "referral", "messages", "columns", "measurement",
    "questionnaires", "staff", "supply", "manners",
)  # fmt: skip
"""The sections of a preset that are kept as they are."""

LONGEST_KEY = 63
KEY = re.compile(rf"[a-z][a-z0-9_-]{{0,{LONGEST_KEY - 1}}}")


@atomic
def create(
    kit: Kit, *, tenant: str, actor: Actor, key: str, preset: Mapping[str, Any],
    name: str | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Make a program from a preset's data; only an admin of the host may.

    Raises `Invalid` with everything wrong about the preset, its strategy's names and options
    included, and `Conflict` when the key is taken. Nothing is written then.
    """
    if not actor.admin:
        raise NotAllowed("program.admin_only", "Only an admin may create a program.")
    made, problems = _read(kit, preset)
    wrong = wrong_key(key)
    if not problems:
        _refuse("program.key", "The program's key cannot be used.", wrong)
    _refuse("preset.invalid", "The preset cannot be used:", [*problems, *wrong])
    if tx.programs.first(key=key):
        raise Conflict("program.key_taken", f"There is a program {key!r} already.", key=key)
    program = Program(
        **fresh(tx),
        key=key,
        name=Frozen(en=name) if name else made.title or Frozen(en=key),
        created_at=tx.now,
        **made.program,
    )
    tx.programs.add(program)
    step = Step(tx, actor, Role.ADMIN, program.id)
    step.record(events.ProgramCreated, program.id)
    for kind, definition_key, body in _definitions(made):
        _define(step, program, kind, body, definition_key)
    return summary(tx, program)


def wrong_key(key: str) -> list[Problem]:
    """Return what is wrong with a program's key, if anything is."""
    spelling = "write small letters, digits, - and _, beginning with a letter"
    told = Problem("key", f"{spelling}; at most {LONGEST_KEY}")
    return [] if KEY.fullmatch(key) else [told]


def _read(kit: Kit, data: Mapping[str, Any]) -> tuple[Preset, list[Problem]]:
    """Return what is right in a preset and all that is wrong, each only where it was made wrong."""
    try:
        made, problems = read_preset(data)
    except RecursionError:
        return Preset(), [Problem("", "what is given nests too deeply; make it flatter")]
    named = [one.place for one in problems]
    fields = data.get("fields", {}) if isinstance(data, Mapping) else {}
    wrong = set(fields) - set(made.fields) if isinstance(fields, Mapping) else set()
    for misfit in _misfits(kit, made) if "fields" not in named else ():
        one = where_given(misfit, named)
        told = any(
            one.place == place or one.place.startswith((f"{place}.", f"{place}["))
            for place in named
        )  # fmt: skip
        if not told and not any(repr(field) in one.message for field in wrong):
            problems.append(one)
    return made, problems


def _misfits(kit: Kit, made: Preset) -> list[Problem]:
    """Return what only the loaded plugins can tell is wrong: with the strategy, with settings."""
    problems = []
    if made.strategy != Strategy():
        from mentorkit.matching import bind

        try:
            bind(made.strategy, kit.registry, made.fields, known=(), place="strategy")
        except Invalid as error:
            # A program without criteria is a draft still: `open_` asks for one.
            lacking = "" if made.strategy.criteria else "strategy.criteria"
            problems += [one for one in error.problems if one.place != lacking]
    from mentorkit.hooks.settings import check_options
    from mentorkit.hooks.targets import wrong_targets

    kinds = [plan.kind for plan in made.targets.milestones]
    problems += [
        Problem(
            f"questionnaires.{key}.when[{index}].milestone",
            f"is no milestone of the targets; there are {', '.join(kinds) or 'none'}",
        )
        for key, one in parse_questionnaires(made.questionnaires).items()
        for index, trigger in enumerate(one.when)
        if trigger.get("milestone") not in (None, *kinds)
    ]
    for index, one in enumerate(made.requirements):
        if not one.check:
            continue
        check, place = kit.registry.requirement_checks.get(one.check), f"requirements[{index}]"
        if check is None:
            known = ", ".join(kit.registry.requirement_checks) or "none"
            told = f"no loaded plugin offers {one.check!r}; there are: {known}"
            problems.append(Problem(f"{place}.check", told))
        else:
            problems += check_options(check.options, one.options, f"{place}.options")[1]
    sources = kit.registry.recruitment_sources.values()
    targets = [*made.fields, *(target for source in sources for target in source.targets)]
    problems += wrong_targets(made.columns, targets) if sources else []
    for name, body in made.plugins.items():
        plugin, at = kit.registry.plugins.get(name), f"plugins.{name}"
        if plugin is None:
            loaded = ", ".join(kit.registry.plugins) or "none"
            problems.append(Problem(at, f"is not loaded; there are: {loaded}"))
        else:
            if not plugin.manifest.switchable and not body.get("enabled", True):
                told = "holds for all programs, so none switches it off; leave this out"
                problems.append(Problem(f"{at}.enabled", told))
            schema, given = plugin.manifest.program_settings, body.get("settings", {})
            filled, wrong = check_options(schema, given, f"{at}.settings")
            if not wrong:
                wrong = _told(plugin, filled, f"{at}.settings")
            problems += wrong
    return problems


def _told(plugin: LoadedPlugin, settings: Mapping[str, Any], at: str) -> list[Problem]:
    """Return what a plugin itself finds wrong with a program's settings."""
    ask = plugin.manifest.misfits or (lambda settings: ())
    found = calls.called(plugin.label, "misfits", lambda: [*ask(settings)])
    return [Problem(f"{at}.{where}", do) for where, do in found]


def _refuse(code: str, message: str, problems: list[Problem]) -> None:
    if problems:
        raise Invalid(code, message, problems)


def _definitions(preset: Preset) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (kind, key, body) of all that the preset defines."""
    data = dump_preset(preset)
    data["requirements"] = {"requirements": data.get("requirements", [])}
    signoffs = data.get("signoffs", [])
    rows = [(kind, "", data.get(kind, {})) for kind in ALWAYS]
    rows += [(kind, "", data[kind]) for kind in TEXTS if data.get(kind)]
    rows += [("signoffs", "", {"signoffs": signoffs})] if signoffs else []
    rows += [("cohort", cohort["key"], cohort) for cohort in data.get("cohorts", [])]
    rows += [("plugin", plugin, dict(body)) for plugin, body in data.get("plugins", {}).items()]
    return rows


def _define(
    step: Step, program: Program, kind: str, body: Mapping[str, Any], key: str,
    was: int | None = None,
) -> int:  # fmt: skip
    number = step.tx.definitions.put(program.id, kind, body, key, was).number
    step.record(events.DefinitionChanged, program.id, kind=kind, key=key, number=number)
    return number


def show(
    kit: Kit, *, tenant: str, actor: Actor, program: str | None = None
) -> list[dict[str, Any]]:
    """Return one program, or all of the tenant that the actor works in, with their counts."""
    if program:
        with reading(kit, tenant, actor, program) as (tx, found):
            return [summary(tx, found)]
    with kit.transaction(tenant=tenant, write=False) as tx:
        every = tx.programs.find()
        return [summary(tx, one) for one in every if role_in(tx, one, actor) in READERS]


def summary(tx: Transaction, program: Program) -> dict[str, Any]:
    """Return a program as data, with how many participants of each role and state it has."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in tx.participants.find(program_id=program.id):
        counts[one.role][one.state] += 1
    return {**as_row(program), "participants": shown(counts)}


@atomic
def open_(
    kit: Kit, *, tenant: str, actor: Actor, program: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Open a program: people can be matched, and mentees sign up as leads where mentors are enough.

    Whom a draft has put onto the waiting list stays there until staff approve them. It must have a
    way to match, a text to agree to, and say what it measures, or why nothing.
    """
    found, step = changing(tx, actor, program)
    strategy, _ = strategy_of(tx, found)
    assigner = kit.registry.assigners.get(strategy.assigner)
    if not strategy.criteria and (assigner is None or assigner.uses_scores):
        raise Conflict(
            "program.no_criteria",
            "The program has no criterion to match by. Add at least one to its strategy, or "
            'take an assigner that asks for no scores, such as "choice".',
        )
    if problems := strategy_misfits(kit, tx, found):
        told = f"The program {found.key} cannot match by its strategy as things stand:"
        raise Invalid("strategy.invalid", told, problems)
    if missing := lacking(tx, found):
        raise Conflict("program.not_ready", " ".join(missing.values()), missing=list(missing))
    opened = _moved(found, "open", step)
    return summary(tx, step.save(tx.programs, opened, events.ProgramOpened)[0])


@atomic
def close(
    kit: Kit, *, tenant: str, actor: Actor, program: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Close a program to new people, runs and offers; relationships go on to their end.

    What was offered before may still be accepted, in its time.
    """
    found, step = changing(tx, actor, program)
    closed = _moved(found, "closed", step)
    return summary(tx, step.save(tx.programs, closed, events.ProgramClosed)[0])


def _moved(program: Program, to: str, step: Step) -> Program:
    if program.state == to:
        raise Conflict("program.illegal_move", f"The program {program.key} is {to} already.")
    return program.move(to, by=step.role)


@atomic
def define(
    kit: Kit, *, tenant: str, actor: Actor, program: str, kind: str, body: Mapping[str, Any],
    key: str = "", again: bool = False, was: int | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Put a new version of the program's fields, strategy, targets, ... in force.

    What was made under an older version keeps it. Each kind is read as a preset's section is, and
    is the whole of it; only `targets`, `supply` and `manners` stay as they are in what they do not
    name. A new `consent` asks those who agreed to an older text only where it is to be asked
    `again`. `was` is the number of the version that the change was made from (0: none), where it
    must be in force still: else `Conflict` (definition.changed), so that nobody undoes what they
    have not seen. Raises `Invalid` listing all that is wrong; for `fields` that is also what still
    names a field which would be gone, and what stored answers still need.
    """
    kinds = (*ALWAYS, *TEXTS, "signoffs", "cohort", "plugin")
    if kind not in kinds:
        told = Problem("kind", f"write one of {', '.join(kinds)}")
        raise Invalid("definition.kind", "There is no such definition.", [told])
    found, step = changing(tx, actor, program)
    if kind in ("targets", "supply", "manners") and isinstance(body, Mapping):
        body = {**in_force(tx, found, kind)[0], **body}
    data = {"fields": in_force(tx, found, "fields")[0], **_as_preset(kind, key, body)}
    if kind == "fields":  # what names a field that is not there any more is told
        data |= in_force(tx, found, "requirements")[0]
        data["strategy"] = in_force(tx, found, "strategy")[0]
        data["columns"] = in_force(tx, found, "columns")[0]
    if kind == "questionnaires":  # these name milestones
        data["targets"] = in_force(tx, found, "targets")[0]
        if supply := in_force(tx, found, "supply")[0]:
            data["supply"] = supply
    made, problems = _read(kit, data)
    if kind == "fields":
        problems += _unfit(tx, found, made.fields)
        problems += _reused(tx, found, made.fields)
    if kind == "consent" and found.state == "open" and not made.consent:
        problems.append(Problem(kind, "people join by agreeing to it; write one"))
    _refuse(f"{kind}.invalid", f"The new {kind} cannot be put in force:", problems)
    anew = newly_shown(fields_of(tx, found), made.fields) if kind == "fields" else {}
    rows = [row for row in _definitions(made) if row[0] == kind]
    _, own, kept = rows[0] if rows else (kind, "", {})
    number = _define(step, found, kind, kept, own, was)
    if kind == "consent" and again:
        _define(step, found, AGAIN, {"since": number}, "")
    for id, roles in anew.items():
        _define(step, found, SHOWN, {"roles": roles}, id)
    done = {"program": found.id, "kind": kind, "key": own, "number": number}
    return {**done, "newly_shown": list(anew)} if anew else done


def _reused(tx: Transaction, program: Program, fields: Mapping[str, Field]) -> list[Problem]:
    """Return which ids of fields and options were given up before; an id is never used twice."""
    earlier = tx.definitions.find(program_id=program.id, kind="fields")
    now, once = fields_of(tx, program), [parse_fields(one.body)[0] for one in earlier]
    told = "was given up before, and old answers may be of it; take another id"
    problems = []
    for one in fields.values():
        if one.id not in now and any(one.id in was for was in once):
            problems.append(Problem(f"fields.{one.id}", told))
        options = {id for was in once if one.id in was for id in was[one.id].choices}
        gone = options - now[one.id].choices.keys() if one.id in now else ()
        wrong = (id for id in one.choices if id in gone)
        problems += [Problem(f"fields.{one.id}.options.{id}", told) for id in wrong]
    return problems


def _unfit(tx: Transaction, program: Program, fields: Mapping[str, Field]) -> list[Problem]:
    """Return which fields change kind or lose options that stored answers are still of."""
    old = fields_of(tx, program)
    changed: dict[str, tuple[str, str]] = {}
    for one in fields.values():
        was = old.get(one.id, one)
        if one.kind != was.kind:
            changed[one.id] = "kind", "are not of this kind; keep the kind"
        elif was.choices.keys() - one.choices or (one.choices and not was.choices):
            place = "ordered" if one.kind == "ordered" else "options"
            changed[one.id] = place, "use an option that would not be there; keep it"
    unfit: Counter[str] = Counter()
    for row in tx.participants.find(program_id=program.id) if changed else ():
        for id in changed:
            value = row.profile.get(id)
            try:
                unfit[id] += fields[id].parse(value) != value
            except ValueError:
                unfit[id] += 1
    return [
        Problem(
            f"fields.{id}.{place}", f"{unfit[id]} stored answer(s) {told}, or ask in a new field"
        )
        for id, (place, told) in changed.items()
        if unfit[id]
    ]


def _as_preset(kind: str, key: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return one definition as the section of a preset that it is."""
    if kind in ("requirements", "signoffs"):
        return {**body}
    if kind == "cohort":
        return {"cohorts": [{"key": key, **body}]}
    return {"plugins": {key: body}} if kind == "plugin" else {kind: body}


def export(kit: Kit, *, tenant: str, actor: Actor, program: str) -> dict[str, Any]:
    """Return the program as preset data: what `create` takes to make the same program again."""
    with reading(kit, tenant, actor, program) as (tx, found):
        versions = tx.definitions.find(program_id=found.id)
    bodies = {
        (one.kind, one.key): thaw(one.body)
        for one in sorted(versions, key=lambda one: (one.key, one.number))
    }
    own = as_row(found)
    data = {
        "title": own["name"],
        "program": {name: own[name] for name in SETTINGS if own[name] is not None},
        "cohorts": [body for (kind, _), body in bodies.items() if kind == "cohort"],
        "plugins": {key: body for (kind, key), body in bodies.items() if kind == "plugin"},
        **{kind: bodies.get((kind, ""), {}).get(kind, ()) for kind in ("requirements", "signoffs")},
    }
    for kind in ("fields", "strategy", "targets", *TEXTS):
        data[kind] = bodies.get((kind, ""), {})
    if not data["supply"]:
        del data["supply"]  # the usual one, which may come to be another
    return dump_preset(parse_preset(data))


@atomic
def appoint(
    kit: Kit, *, tenant: str, actor: Actor, program: str, role: str, person: str | None = None,
    name: str = "", user_ref: str | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Give somebody a staff role: a known person (id or external key), or a host's user.

    An admin appoints anybody; a coordinator may appoint supervisors and viewers, and changes no
    coordinator's role. Only an admin links a known person to a user (`user_ref`), who is that
    person from then on; `Conflict` (person.user_taken) if either is linked already. `name` is for
    somebody new; `was` is the role held before, or None.
    """
    if role not in STAFF_ROLES:
        told = Problem("role", f"write one of {', '.join(STAFF_ROLES)}")
        raise Invalid("staff.role", "There is no such staff role.", [told])
    found, step = changing(tx, actor, program)  # before people, as an erasure does
    human = _person(step, person, name, user_ref)
    _only_admin(step, "coordinator" in (role, found.staff.get(human)))
    staffed = replace(found, staff=found.staff.with_(**{human: role}))
    step.save(tx.programs, staffed, events.StaffAppointed, person_id=human, staff_role=role)
    tell_newcomer(tx, staffed, human)
    called, was = tx.people.get(human).name, found.staff.get(human)
    return {"program": found.id, "person": human, "name": called, "role": role, "was": was}


@atomic
def dismiss(
    kit: Kit, *, tenant: str, actor: Actor, program: str, person: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Take a staff role back from a person (id or external key).

    An admin dismisses anybody; a coordinator may dismiss supervisors and viewers.
    """
    found, step = changing(tx, actor, program)
    known = known_person(tx, person)
    role = found.staff.get(known.id) if known else None
    if known is None or role is None:
        raise NotFound("staff.not_found", "This person is no staff of this program.")
    _only_admin(step, role == "coordinator")
    others = Frozen({who: held for who, held in found.staff.items() if who != known.id})
    dismissed = replace(found, staff=others)
    step.save(tx.programs, dismissed, events.StaffDismissed, person_id=known.id)
    return {"program": found.id, "person": known.id, "role": role}


def staff(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List who runs a program: person id, name, key, the host's `user_ref`, and role."""
    with reading(kit, tenant, actor, program) as (tx, found):
        return [
            {
                "person": one.id,
                "name": one.name,
                "key": one.external_key,
                "user_ref": one.user_ref,
                "role": found.staff[one.id],
            }
            for one in tx.people.get_many(found.staff).values()
        ]


def colleagues(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List who runs another of the tenant's programs and not this one: person id, name, account."""
    with reading(kit, tenant, actor, program) as (tx, found):
        others = {id for one in tx.programs.find() for id in one.staff} - set(found.staff)
        known = sorted(tx.people.get_many(others).values(), key=lambda one: (one.name, one.id))
        return [{"person": one.id, "name": one.name, "user_ref": one.user_ref} for one in known]


def _only_admin(step: Step, concerns: bool) -> None:
    if concerns and step.role != Role.ADMIN:
        raise NotAllowed(
            "staff.admin_only",
            "Only an admin may appoint, change or dismiss a coordinator, or link somebody known to "
            "a user.",
        )


def known_person(tx: Transaction, person: str) -> Person | None:
    return tx.people.first(id=person) or tx.people.first(external_key=person)


def linked(step: Step, known: Person, user_ref: str | None) -> Person:
    """Hold a person, who is the host's user from now on where one is given, and return them.

    Raises `Conflict` for who was erased (person.erased), and where the person or the user is
    linked to another (person.user_taken).
    """
    tx, user_ref = step.tx, reference(user_ref)
    tx.people.hold([known.id])
    known = tx.people.get(known.id)
    if known.erased:
        raise Conflict("person.erased", "This person was erased; nothing brings them back.")
    if user_ref in (None, known.user_ref):
        return known
    if known.user_ref or tx.people.first(user_ref=user_ref):
        told = "The person or the user is linked to somebody else here; look at which is meant."
        raise Conflict("person.user_taken", told)
    return step.save(tx.people, replace(known, user_ref=user_ref), events.PersonLinked)[0]


def _person(step: Step, person: str | None, name: str, user_ref: str | None) -> str:
    """Return the id of the person meant; somebody new is added, somebody known linked."""
    tx, user_ref = step.tx, reference(user_ref)
    known = known_person(tx, person) if person else None
    if known is None and user_ref:
        known = tx.people.first(user_ref=user_ref)
    if known:
        _only_admin(step, bool(user_ref) and known.user_ref is None)
        return linked(step, known, user_ref or None).id
    if not name and not user_ref:
        told = Problem("person", "give a known id or key, or a name to add somebody new")
        raise Invalid("staff.unknown_person", "This person is not known here.", [told])
    known_as = called(name or user_ref or "")
    new = Person(
        **fresh(tx), name=known_as, user_ref=user_ref, external_key=person, created_at=tx.now
    )
    return tx.people.add(new).id


# ------------------------------------------------------------------ what a program is run by
