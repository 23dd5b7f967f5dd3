"""Evaluate: the report of a program, made of all its facts by the metrics that are loaded."""

from __future__ import annotations

import csv
import io
import json
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from mentorkit.domain.people import Actor
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import as_row, shown
from mentorkit.domain.surveys import Facts, Measurement, Survey, surveys_of
from mentorkit.domain.text import in_locale
from mentorkit.errors import NotFound
from mentorkit.hooks.calls import whole
from mentorkit.i18n import translate
from mentorkit.journey.definitions import measurement_of, questionnaires_of
from mentorkit.journey.feedback import questions
from mentorkit.journey.flags import flags
from mentorkit.journey.steps import chosen, reading

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

log = logging.getLogger("mentorkit.evaluate")
UNITS = {"percent": " (%)", "minutes": " (min)"}
"""What a sheet says beside a column's title, by the column's kind."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def facts_of(tx: Transaction, program: Program) -> Facts:
    """Return everything that a metric may know of a program, and nobody's name."""
    told = tuple(tx.journal.events(program.id, limit=None))
    surveys = surveys_of(told)
    notes = tx.notes.get_many(one.note_id for one in surveys.values() if one.note_id)
    held = tx.relationships.find(program_id=program.id)
    return Facts(
        program=program,
        now=tx.now,
        events=told,
        surveys=tuple(surveys.values()),
        values={
            one.id: json.loads(notes[one.note_id].text)
            for one in surveys.values()
            if one.note_id in notes
        },
        relationships=tuple(held),
        meetings=tuple(tx.meetings.find(relationship_id=[one.id for one in held])),
        asked=_asked(tx, program, surveys.values()),
        touch={p.id: p.touch for p in tx.participants.find(program_id=program.id) if p.touch},
        measurement=measurement_of(tx, program)[0] or Measurement(),
        questionnaires=questionnaires_of(tx, program)[0],
    )


def _asked(
    tx: Transaction, program: Program, surveys: Iterable[Survey]
) -> dict[str, frozenset[str]]:
    """Return which questions each survey asked, by its id: as they were in force then."""
    alike: dict[Any, frozenset[str]] = {}
    found = {}
    for one in surveys:
        parts = tuple((part.questionnaire, part.number, part.flagged) for part in one.parts)
        key = (one.side, one.measured, parts)
        if key not in alike:
            alike[key] = frozenset(questions(tx, program, one)[0])
        found[one.id] = alike[key]
    return found


def report(kit: Kit, *, tenant: str, actor: Actor, program: str) -> dict[str, Any]:
    """Return a program's report: `tables` with their rows and how each was counted, and `flags`.

    `failed` names the metrics that broke off; the others are shown. Nothing in it names anybody
    but the flags.
    """
    with reading(kit, tenant, actor, program) as (tx, found):
        facts = facts_of(tx, found)
        using = []
        for name, metric in kit.registry.metrics.items():
            plugin = kit.registry.owner("metrics", name).name
            settings = chosen(tx, found, plugin)
            if settings is not None:
                using.append((metric, kit.context(tenant, found, plugin, settings=settings)))
    tables, failed = [], []
    for metric, context in using:
        try:
            tables += [as_row(whole(table)) for table in metric.measure(context, facts)]
        except (Exception, SystemExit):
            log.exception("The metric %s broke off.", metric.name)
            failed.append(metric.name)
    return {
        "program": found.key,
        "name": shown(found.name),
        "at": facts.now.isoformat(),
        "none": shown(facts.measurement.none),
        "tables": tables,
        "flags": flags(kit, tenant=tenant, actor=actor, program=program),
        "failed": failed,
    }


def table_of(kit: Kit, *, tenant: str, actor: Actor, program: str, table: str) -> dict[str, Any]:
    """Return one of the report's tables; raise `NotFound` with the names of those there are."""
    made: list[dict[str, Any]] = report(kit, tenant=tenant, actor=actor, program=program)["tables"]
    for one in made:
        if one["name"] == table:
            return one
    known = ", ".join(one["name"] for one in made)
    raise NotFound("report.no_table", f"The report has no such table; there are: {known}.")


def sheet(
    kit: Kit, *, tenant: str, actor: Actor, program: str, table: str, locale: str = "en"
) -> str:
    """Return one of the report's tables as CSV, headed in this language; no cell is a formula."""
    one = table_of(kit, tenant=tenant, actor=actor, program=program, table=table)
    written = io.StringIO(newline="")
    lines = csv.writer(written)
    lines.writerow(_cell(c["title"], locale) + UNITS.get(c["kind"], "") for c in one["columns"])
    lines.writerows([_cell(value, locale) for value in row] for row in one["rows"])
    for told in (one["how"], *one["notes"]):
        lines.writerow([_cell(told, locale)])
    return written.getvalue()


def _cell(value: Any, locale: str) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    if isinstance(value, dict):
        value = in_locale(value, locale)
    elif isinstance(value, str):
        value = translate(value, locale) if value else value
    elif isinstance(value, float):
        return round(value, 4)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


__all__ = ["report", "sheet", "table_of"]
