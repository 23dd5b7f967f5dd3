"""Sheets: a draft of pairs goes out as a spreadsheet, is filled in by hand, and comes back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain.moves import STAFF
from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey import drafts, match
from mentorkit.journey.definitions import fields_of
from mentorkit.journey.pools import ASKED, pool_of, two_of
from mentorkit.journey.recruit import source_for
from mentorkit.journey.safeguards import WORDS, breaches
from mentorkit.journey.steps import chosen, persons_of, reading

if TYPE_CHECKING:
    from mentorkit.hooks.context import Context
    from mentorkit.hooks.providers import Grid, RecruitmentSource
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

SIDES = ("mentee", "mentor")
COLUMNS = ("mentee", "mentee name", "mentor", "mentor name", "places", "why")
"""The columns of the sheet; ``mentor`` is the one to fill in, ``why`` tells of the draft's pair."""
STANDING = (WORDS["proposed_now"], WORDS["together_now"])
"""What is told of a row whose two need no draft any more."""


def export(
    kit: Kit, *, tenant: str, actor: Actor, program: str, suffix: str = ".csv"
) -> dict[str, Any]:
    """Return the sheet of a program's pairs as ``{"name": ..., "body": bytes, "rows": ...}``.

    A row for each mentee who can be matched, with the mentor of the draft, if there is one; then a
    row for each mentor with a free place, with no mentee. Cells never come alive as formulas.
    """
    from mentorkit.hooks.calls import called
    from mentorkit.hooks.providers import Sheet

    draft = drafts.show(kit, tenant=tenant, actor=actor, program=program)
    pairs = {one["mentee_id"]: one for one in draft["pairs"]} if draft else {}
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        pool = pool_of(tx, found, fields_of(tx, found), [])
    names = {one.id: (one.key or one.id, one.name) for one in pool.mentors.people}
    rows: list[tuple[Any, ...]] = []
    for one in pool.mentees.people:
        pair = pairs.get(one.id)
        mentor = names.get(pair["mentor_id"], ("", "")) if pair else ("", "")
        why = "; ".join(filter(None, pair["words"])) if pair and mentor[0] else ""
        rows.append((one.key or one.id, one.name, *mentor, "", why))
    rows += [("", "", *names[one.id], one.capacity, "") for one in pool.mentors.people]
    name = f"pairs_{found.key}{suffix}"
    sheet = Sheet(columns=COLUMNS, rows=tuple(rows), title="Pairs")
    provider, label, _ = _source(kit, tenant, found, name, None)
    writing = partial(provider.write, sheet, suffix=suffix)
    body = called(label, "writing a sheet", writing, passing=(Invalid,))
    return {"name": name, "body": body, "rows": len(pool.mentees.people)}


def take(
    kit: Kit, *, tenant: str, actor: Actor, program: str, body: bytes, filename: str, preview: bool
    = False,
) -> dict[str, Any]:  # fmt: skip
    """Make a draft of exactly the pairs that a sheet holds, each of them locked.

    `pairs` are those of the rows that can be used, `problems` what is wrong with the others, by
    line and column, and `stands` says that they are proposed or together already; `draft` is what
    `match.draft` returns, None for a preview or without a pair.
    People are named by id, key, or by a name that only one of them has. A pair may break a rule of
    the strategy, which `draft` notes; one that breaks a safeguard is a problem of its row.
    """
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        settings = _settings(kit, tx, found, filename)
    grid = _look(kit, tenant, found, filename, body, settings)
    with reading(kit, tenant, actor, program, STAFF) as (tx, found):
        pairs, problems = _Rows(tx, found, grid, filename).read()
    draft = None
    if pairs and not preview:
        locks = [(one["mentee_id"], one["mentor_id"]) for one in pairs]
        draft = match.draft(
            kit, tenant=tenant, actor=actor, program=program, locks=locks, alone=True
        )
    told = [
        {"place": one.place, "message": one.message, "stands": one.message in STANDING}
        for one in problems
    ]
    return {"pairs": pairs, "problems": told, "draft": draft}


def _source(
    kit: Kit, tenant: str, program: Program, filename: str, settings: Mapping[str, Any] | None
) -> tuple[RecruitmentSource, str, Context]:
    """Return what reads and writes files of this name, what it is called, and its context."""
    name = source_for(kit.registry.recruitment_sources, filename)
    owner = kit.registry.owner("recruitment_sources", name)
    context = kit.context(tenant, program, owner.name, settings=settings or {})
    return kit.registry.recruitment_sources[name], f"plugin {owner.label}", context


def _settings(kit: Kit, tx: Transaction, program: Program, filename: str) -> Mapping[str, Any]:
    """Return the program's settings for what reads the file; raise `Conflict` if it is off."""
    name = source_for(kit.registry.recruitment_sources, filename)
    owner = kit.registry.owner("recruitment_sources", name).name
    settings = chosen(tx, program, owner)
    if settings is None:
        raise Conflict("plugin.off", f"The program has switched the plugin {owner} off.")
    return settings


def _look(
    kit: Kit, tenant: str, program: Program, filename: str, body: bytes, settings: Mapping[str,
    Any],
) -> Grid:  # fmt: skip
    from mentorkit.hooks.calls import called
    from mentorkit.hooks.providers import Inbound

    provider, label, context = _source(kit, tenant, program, filename, settings)
    looking = partial(provider.look, context, Inbound(body=body, filename=filename))
    return called(label, "reading a sheet", looking, passing=(Invalid,))


class _Rows:
    """The rows of a sheet, read against everybody of the program as they stand now."""

    def __init__(self, tx: Transaction, program: Program, grid: Grid, filename: str) -> None:
        self.tx, self.program, self.grid, self.filename = tx, program, grid, filename
        titles = [_folded(title) for title in grid.columns]
        self.at = {side: titles.index(side) for side in SIDES if side in titles}
        if lacking := [side for side in SIDES if side not in self.at]:
            told = "is not there; keep the columns of the sheet that went out"
            raise Invalid(
                "pairs.columns",
                f"{filename} is no sheet of pairs:",
                [Problem(f"{filename}, column {side}", told) for side in lacking],
            )
        self.rows = {row.id: row for row in tx.participants.find(program_id=program.id)}
        self.known: dict[str, dict[str, list[str]]] = {side: defaultdict(list) for side in SIDES}
        for id, person in persons_of(tx, self.rows).items():
            for side in SIDES:
                if self.rows[id].plays(side):
                    for name in {id, person.external_key or id, _folded(person.name)}:
                        self.known[side][name].append(id)
        self.asked = {two_of(one) for one in tx.proposals.find(program_id=program.id, state=ASKED)}
        self.free = Counter({id: row.free for id, row in self.rows.items()})
        self.free.subtract(id for two in self.asked for id in two)
        self.problems: list[Problem] = []

    def read(self) -> tuple[list[dict[str, str]], list[Problem]]:
        """Return the pairs that can be, in the order of the rows, and what is wrong by place."""
        named = []
        for number, cells in self.grid.rows:
            mentee, mentor = (cells[self.at[side]].strip() for side in SIDES)
            if mentee and mentor:  # a row without a mentee only tells of a mentor's free places
                ids = [
                    self._one(number, *each) for each in zip(SIDES, (mentee, mentor), strict=True)
                ]
                if all(ids):
                    named.append((number, ids[0], ids[1]))
        two = [(self.rows[mentee], self.rows[mentor]) for _, mentee, mentor in named]
        pairs, taken = [], set[str]()
        for (number, mentee, mentor), code in zip(
            named, breaches(self.tx, self.program, two), strict=True
        ):
            if mentee in taken:
                self._wrong(number, "mentee", "stands in a row above too; keep one of the two")
            elif code or (mentee, mentor) in self.asked:
                self._wrong(number, "mentor", WORDS[code or "proposed_now"])
            elif self.free[mentee] < 1 or self.free[mentor] < 1:
                side = "mentee" if self.free[mentee] < 1 else "mentor"
                self._wrong(number, side, "has no place left; take somebody else, or raise theirs")
            else:
                taken.add(mentee)
                self.free.subtract((mentee, mentor))
                place = self._place(number, "")
                pairs.append({"mentee_id": mentee, "mentor_id": mentor, "place": place})
        return pairs, self.problems

    def _one(self, number: int, side: str, name: str) -> str:
        """Return the id of the person a cell names, "" with a problem noted where it names none."""
        found = self.known[side].get(name) or self.known[side].get(_folded(name)) or []
        if len(found) == 1:
            return found[0]
        shown = name if len(name) <= 60 else name[:57] + "..."
        told = f"{shown!r} is no {side} here; write the id that stands in the sheet that went out"
        if found:
            told = f"{shown!r} is the name of {len(found)} people; write the id instead"
        self._wrong(number, side, told)
        return ""

    def _wrong(self, number: int, side: str, message: str) -> None:
        self.problems.append(
            Problem(self._place(number, self.grid.columns[self.at[side]]), message)
        )

    def _place(self, number: int, column: str) -> str:
        place = f"{self.filename}, {self.grid.unit} {number}"
        return f"{place}, column {column}" if column else place


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
