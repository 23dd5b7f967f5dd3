"""Keep a search, see, change and delete those that are kept.

Every function takes `participant` (id): who looks for themselves there. They and staff may.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import Field
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import SYSTEM_ACTOR, Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import shown
from mentorkit.domain.text import in_locale
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotAllowed, NotFound, Problem
from mentorkit.hooks import WorkContext
from mentorkit.i18n import clock_in
from mentorkit.journey import suggestions
from mentorkit.journey.definitions import matching_for
from mentorkit.journey.narrowing import Where, holding, offered, wanted
from mentorkit.journey.onboard import Own
from mentorkit.journey.steps import chosen, persons_of
from mentorkit_searches import kept
from mentorkit_searches.kept import Search
from mentorkit_searches.tables import LONGEST
from mentorkit_searches.texts import EVERYBODY
from mentorkit_searches.times import EVERY, following

if TYPE_CHECKING:
    from mentorkit.kit import Kit

NAME = "searches"


@dataclass(frozen=True, kw_only=True)
class Looking:
    """Who looks for whom in which program, and by what a list there can be narrowed."""

    kit: Kit
    tenant: str
    program: Program
    participant: Participant
    person: Person
    fields: Mapping[str, Field]
    context: WorkContext

    @property
    def zone(self) -> str:
        """Whose clock it looks by: the person's own, else the program's."""
        return clock_in(self.person.zone, self.program.zone)

    def now_there(self, where: Where) -> frozenset[str] | None:
        """Return the marks of whom a search finds now; None where nobody can be looked for."""
        asked = [(self.participant.id, where)]
        (ids,) = suggestions.everybody(
            self.kit, tenant=self.tenant, actor=SYSTEM_ACTOR, program=self.program.id,
            searches=asked,
        )  # fmt: skip
        return None if ids is None else frozenset(map(kept.mark, ids))


def begin(kit: Kit, *, tenant: str, actor: Actor, participant: str) -> Looking:
    """Return who looks there; raise why nobody does.

    `NotFound` where the participant is not theirs to know of, `NotAllowed` where staff match them,
    and `Conflict` for mentors, whom mentees choose, and where the program has the plugin off.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        own = Own(tx, actor, participant)
        one, program = own.participant, own.program
        settings = chosen(tx, program, NAME)
        if settings is None:
            raise Conflict(
                "searches.off",
                "No searches are kept in this program. Its coordinators can switch that on.",
            )
        if matching_for(tx, program, one) != "self":
            raise NotAllowed(
                "searches.staff_matches",
                "In this program the staff match people; they tell you when there is somebody.",
            )
        if one.role == "mentor":
            raise Conflict(
                "searches.mentor", "A mentor looks for nobody here: mentees choose their mentors."
            )
        return Looking(
            kit=kit, tenant=tenant, program=program, participant=one,
            person=tx.people.get(one.person_id), fields=offered(tx, program),
            context=kit.work_context(tenant, program, NAME, settings=settings),
        )  # fmt: skip


def listed(kit: Kit, *, tenant: str, actor: Actor, participant: str) -> list[dict[str, Any]]:
    """Return the searches that somebody keeps, the oldest first.

    Each has `id`, `name` ("" for none), `called` (that, else what is looked for in words), `where`
    as far as it still holds, `gone` (what the program has no more: ``field``, ``field=option``),
    `every`, `next_at`, and `new`: who was found last, [(participant id, name)], as far as they are
    still to be found.
    """
    looking = begin(kit, tenant=tenant, actor=actor, participant=participant)
    rows = kept.find(looking.context, participant_id=participant)
    asked = [(participant, row.where) for row in rows]
    found = suggestions.everybody(
        kit, tenant=tenant, actor=SYSTEM_ACTOR, program=looking.program.id, searches=asked
    ) if any(row.fresh for row in rows) else [None] * len(rows)  # fmt: skip
    new = [
        [id for id in ids or () if id in row.fresh] for row, ids in zip(rows, found, strict=True)
    ]
    with kit.transaction(tenant=tenant, write=False) as tx:
        names = persons_of(tx, {id for ids in new for id in ids})
    return [
        {**_row(looking, row), "new": [(id, names[id].name) for id in ids]}
        for row, ids in zip(rows, new, strict=True)
    ]


def participant_of(kit: Kit, *, tenant: str, search: str) -> str:
    """Return whose search this is (participant id), to be asked for as theirs; `NotFound`.

    Which is raised in the words of a participant who is not theirs to know of.
    """
    found = kept.find(kit.work_context(tenant, None, NAME), id=search)
    if not found:
        raise NotFound("participant.not_found", "There is no such participant here.")
    return found[0].participant_id


def show(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, search: str
) -> dict[str, Any]:  # fmt: skip
    """Return one of somebody's searches as `listed` does, without `new`; raise `NotFound`."""
    looking = begin(kit, tenant=tenant, actor=actor, participant=participant)
    return _row(looking, _one(looking, search))


def save(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, where: Where | None = None,
    name: str = "", every: str = "weekly",
) -> dict[str, Any]:  # fmt: skip
    """Keep a search, and return it as `show` does; whom it finds now are not new.

    `where` is that of `suggestions.mentors`; without it it finds everybody who fits. Raises
    `Invalid` (searches.invalid) with all that is wrong, and `Conflict` (searches.full) for the
    sixth.
    """
    looking = begin(kit, tenant=tenant, actor=actor, participant=participant)
    looked_for, name = _read(looking, where or {}, name, every)
    now = looking.context.now
    one = kept.add(
        looking.context,
        Search(
            id=kit.ids(), person_id=looking.person.id, participant_id=participant,
            program_id=looking.program.id, name=name, where=looked_for, every=every, made_at=now,
            next_at=following(now, every, looking.zone), there=looking.now_there(looked_for),
        ),
    )  # fmt: skip
    if one is None:
        raise Conflict(
            "searches.full",
            f"No more than {kept.MOST} searches are kept. Change one of them, or delete one first.",
        )
    return _row(looking, one)


def change(
    kit: Kit, *, tenant: str, actor: Actor, participant: str, search: str,
    where: Where | None = None, name: str | None = None, every: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Change a search and return it; what is None stays as it is.

    One that looks for something else finds nobody new among those who are there now, and tells
    nobody whom it has told of before. Raises as `save` does, and `NotFound`.
    """
    looking = begin(kit, tenant=tenant, actor=actor, participant=participant)
    before = _one(looking, search)
    often = before.every if every is None else every
    held = before.where if where is None else where
    told = before.name if name is None else name
    # What is gone since it was kept is nobody's mistake; it goes with the first change.
    still = holding(looking.fields, held)[0] if where is None else held
    looked_for, told = _read(looking, still, told, often)
    changed: dict[str, Any] = {"name": told, "where": looked_for, "every": often}
    if often != before.every:
        changed["next_at"] = following(looking.context.now, often, looking.zone)
    if looked_for != before.where:
        changed |= {"there": looking.now_there(looked_for), "fresh": (), "count": 0}
        changed |= {"since": None, "until": None}
    if not kept.change(looking.context, before, **changed):
        raise Conflict(
            "searches.stale", "This search was changed, or has looked, just now. Change it again."
        )
    return _row(looking, replace(before, **changed))


def drop(kit: Kit, *, tenant: str, actor: Actor, participant: str, search: str) -> None:
    """Delete a search; raise `NotFound` where there is none."""
    looking = begin(kit, tenant=tenant, actor=actor, participant=participant)
    if not kept.drop(looking.context, id=search, participant_id=participant):
        raise _unknown()


# --------------------------------------------------------------------------- in words


def called(search: Search, fields: Mapping[str, Field], locale: str) -> str:
    """Return what a search is called: its name, else the options that it looks for."""
    where, _ = holding(fields, search.where)
    told = [
        ", ".join(in_locale(fields[name].choices[one], locale) for one in options)
        for name, options in where.items()
    ]
    return search.name or "; ".join(told) or in_locale(EVERYBODY, locale)


def _row(looking: Looking, one: Search) -> dict[str, Any]:
    where, gone = holding(looking.fields, one.where)
    return {
        "id": one.id,
        "name": one.name,
        "called": called(one, looking.fields, looking.person.locale),
        "where": {name: list(options) for name, options in where.items()},
        "gone": gone,
        "every": one.every,
        "next_at": shown(one.next_at),
    }


def _one(looking: Looking, search: str) -> Search:
    found = kept.find(looking.context, id=search, participant_id=looking.participant.id)
    if not found:
        raise _unknown()
    return found[0]


def _unknown() -> NotFound:
    return NotFound("searches.not_found", "There is no such search here.")


def _read(
    looking: Looking, where: Where, name: str, every: str
) -> tuple[dict[str, list[str]], str]:
    """Return what is looked for and the name as they are kept; raise all that is wrong."""
    problems: list[Problem] = []
    looked_for: dict[str, list[str]] = {}
    try:
        found = wanted(looking.fields, where)
        looked_for = {id: list(options) for id, options in found.items()}
    except Invalid as error:
        problems += error.problems
    told = " ".join(name.replace("\x00", "").split())
    if len(told) > LONGEST:
        problems.append(Problem("name", f"write at most {LONGEST} characters; it has {len(told)}"))
    if every not in EVERY:
        problems.append(Problem("every", f"write one of {', '.join(EVERY)}"))
    if problems:
        raise Invalid("searches.invalid", "This search cannot be kept:", problems)
    return looked_for, told


def counted(kit: Kit, *, tenant: str, actor: Actor, participant: str) -> int | None:
    """Return how many searches somebody keeps; None where they could keep none."""
    try:
        looking = begin(kit, tenant=tenant, actor=actor, participant=participant)
    except MentorKitError:
        return None
    return len(kept.find(looking.context, participant_id=participant))


__all__ = [
    "begin",
    "called",
    "change",
    "counted",
    "drop",
    "listed",
    "participant_of",
    "save",
    "show",
]
