"""Features: what plugins compute of each person, kept beside their answers until these change.

Whoever a run may consider has each feature that the program's strategy reads, and nobody else.
"""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import FEATURE, Computed
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import RetryLater, Undeliverable
from mentorkit.domain.programs import Program
from mentorkit.errors import Invalid, PluginError, Problem
from mentorkit.hooks.calls import TOGETHER, computed
from mentorkit.journey.plugins import bound_of
from mentorkit.journey.steps import chosen

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

KIND = "feature"
"""The kind of row in the outbox that has a feature computed of the people in its body."""
OPEN = ("waiting", "leased", "dead")


def used(kit: Kit, tx: Transaction, program: Program) -> dict[str, Computed]:
    """Return the features that the strategy reads, as fields; none where it cannot be used."""
    try:
        return bound_of(kit, tx, program).computed
    except (Invalid, PluginError):
        return {}


def waiting(kit: Kit, tx: Transaction, program: Program) -> dict[str, list[str]]:
    """Return, by feature as a field, the ids of whoever has no value of their answers as they are.

    Whoever has answered nothing that gives a value does not wait for one.
    """
    found = {}
    for name, one in used(kit, tx, program).items():
        plain = tx.participants.roster(program.id, [], computed={name: one}).plain
        stamps = zip(plain["id"], plain[name], strict=True)
        found[name] = [id for id, stamp in stamps if stamp is not None]
    return found


def unready(kit: Kit, tx: Transaction, program: Program) -> list[Problem]:
    """Return what is to be said of the people whom a run knows too little of as yet."""
    told = "{} of the people have no value of it yet, so that it says nothing of them; run "
    told += "`mentorkit work`, which has it computed, and match again"
    behind = waiting(kit, tx, program).items()
    return [Problem(name, told.format(len(ids))) for name, ids in behind if ids]


def promise(kit: Kit, *, tenant: str, limit: int) -> None:
    """Promise to compute what is waited for, in each program of at most `limit` people.

    What was given up is not promised again: staff start it again, or there is another version.
    """
    behind = []
    with kit.transaction(tenant=tenant, write=False) as tx:
        for one in tx.programs.find(state="open"):
            if used(kit, tx, one):
                definitions = tx.definitions.count(program_id=one.id)
                mark = (*tx.participants.mark(one.id), definitions)
                if kit.looked_at.get(one.id) == mark:
                    continue
                if _unpromised(kit, tx, one):
                    behind.append(one)
                else:
                    kit.looked_at[one.id] = mark
    for program in behind:
        kit.write(tenant, partial(_promise, kit, program=program, limit=limit))


def _unpromised(kit: Kit, tx: Transaction, program: Program) -> dict[str, list[str]]:
    """Return whoever waits for what nobody has promised, by the name of the feature."""
    found = {}
    for field, ids in waiting(kit, tx, program).items():
        name = field.removeprefix(FEATURE)
        version = kit.registry.features[name].version
        about = {"kind": KIND, "program_id": program.id, "name": name}
        told = {
            id
            for job in (tx.outbox.find(state=OPEN, **about) if ids else ())
            if job.state != "dead" or job.body["version"] == version
            for id in job.body["of"]
        }
        if left := [id for id in ids if id not in told]:
            found[name] = left
    return found


def _promise(kit: Kit, tx: Transaction, *, program: Program, limit: int) -> None:
    tx.programs.hold([program.id])  # another worker may be about to promise the same
    for name, ids in _unpromised(kit, tx, program).items():
        plugin = kit.registry.owner("features", name).name
        about = {"program_id": program.id, "name": name, "plugin": plugin}
        version = kit.registry.features[name].version
        for at in range(0, min(limit, len(ids)), TOGETHER):
            some = ids[at : min(limit, at + TOGETHER)]
            body = Frozen(of=some, version=version)
            tx.outbox.add(KIND, f"{KIND}:{tx.new_id()}", body=body, **about)


def compute(kit: Kit, tenant: str, job: Job) -> None:
    """Compute a feature of the people of a row who still wait for it, and keep it.

    Nothing, where no strategy of theirs reads it any more.
    """
    feature, name = kit.registry.features.get(job.name), f"{FEATURE}{job.name}"
    if feature is None:
        raise RetryLater(f"plugin {job.plugin} is not loaded", seconds=3600)
    with kit.transaction(tenant=tenant, write=False) as tx:
        program = tx.programs.get(job.program_id or "")
        field = used(kit, tx, program).get(name)
        if field is None:
            return
        ids = list(job.body["of"])
        plain = tx.participants.roster(program.id, [], ids, {name: field}).plain
        # The stamps are read first: of answers that change in between, the value is seen as old.
        stamps = {id: s for id, s in zip(plain["id"], plain[name], strict=True) if s is not None}
        rows = tx.participants.get_many(stamps)
        settings = chosen(tx, program, job.plugin)
    people = [{of: row.profile.get(of) for of in field.of} for row in rows.values()]
    context = kit.work_context(tenant, program, job.plugin, settings=settings)
    try:
        values = computed(feature, context, people) if people else []
    except PluginError as wrong:
        raise Undeliverable(wrong.code) from wrong
    kept = {
        id: Frozen(stamp=stamps[id], version=field.version, value=json.dumps(value))
        for id, value in zip(rows, values, strict=True)
    }

    def keep(tx: Transaction) -> None:
        tx.participants.hold(kept)
        here: Any = tx.participants.roster(program.id, [], list(kept)).plain["id"]
        tx.participants.keep(job.name, {id: kept[id] for id in here})

    kit.write(tenant, keep)
