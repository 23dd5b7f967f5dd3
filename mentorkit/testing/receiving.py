"""What recruitment sources keep."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from random import Random

import pytest

from mentorkit.domain.fields import Field
from mentorkit.domain.participants import ROLES, Lead
from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import Batch, Inbound, RecruitmentSource, Sheet, Undeliverable
from mentorkit.hooks.offers import overrides
from mentorkit.testing.providing import NOTHING, Contract
from mentorkit.testing.samples import SampleContext

FORMULAS = ("=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://example.org")')
"""Texts that a spreadsheet takes for a formula when they stand in a cell as they are."""


class SourceContract(Contract):
    """A source reads the same leads from the same input, and reports rows it cannot use.

    `good` has only rows that can be used. `bad` has some that cannot, and at least one that can.
    `formats` holds more files that must survive being damaged (one of each kind it reads).
    """

    kind = "recruitment_sources"
    good: Inbound
    bad: Inbound
    formats: Sequence[Inbound] = ()
    role: str | None = "mentee"
    fields: Mapping[str, Field] = NOTHING

    def receive(self, inbound: Inbound, source: RecruitmentSource | None = None) -> Batch:
        given: RecruitmentSource = source or self.subject()
        settings = self.loaded()[1].settings if self.plugin is not None else self.settings
        return given.receive(
            SampleContext(settings=settings),
            inbound,
            role=self.role,
            fields=self.fields,
            options=self.checked_options(given),
        )

    def test_reads_what_is_good(self) -> None:
        batch = self.receive(self.good)
        assert isinstance(batch, Batch)
        assert batch.problems == ()
        assert batch.leads, "`good` holds at least one row"
        assert all(isinstance(lead, Lead) for lead in batch.leads)
        assert all(lead.role in ROLES for lead in batch.leads)
        keys = [lead.key for lead in batch.leads]
        assert all(keys), "every lead has a key, the source's own id for the person"
        assert len(set(keys)) == len(keys), "two leads with one key would be one person"
        assert {lead.key for lead in self.receive(self.good).leads} == set(keys)

    def test_same_input_same_leads(self) -> None:
        source: RecruitmentSource = self.subject()
        first = self.receive(self.good, source)
        assert self.receive(self.good, source) == first
        assert self.receive(self.good) == first

    def test_bad_rows_become_problems_and_good_ones_stay(self) -> None:
        batch = self.receive(self.bad)
        assert batch.leads, "the rows that can be used are kept"
        assert batch.problems, "the rows that cannot be used are reported"
        for problem in batch.problems:
            assert isinstance(problem, Problem)
            assert problem.place, "say where the row stands"
            assert problem.message, "say what to write instead"
        assert self.receive(self.bad) == batch

    def test_damaged_input_is_refused_or_reported(self) -> None:
        source: RecruitmentSource = self.subject()
        for inbound in (self.good, self.bad, *self.formats):
            for damaged in _damaged(inbound):
                try:
                    batch = self.receive(damaged, source)
                except Invalid:
                    continue  # the one error that may be raised: it lists what is wrong
                assert all(isinstance(lead, Lead) for lead in batch.leads)

    def test_cells_never_come_alive_as_formulas(self) -> None:
        source: RecruitmentSource = self.subject()
        sheet = Sheet(columns=("=name", "age"), rows=tuple((text, 7) for text in FORMULAS))
        if not overrides(source, RecruitmentSource, "write"):
            with pytest.raises(Undeliverable):
                source.write(sheet, suffix=".csv")
            return
        for suffix in source.suffixes:
            body = source.write(sheet, suffix=suffix)
            assert isinstance(body, bytes)
            assert _live_cells(body) == [], f"cells of {suffix} that come alive"

    def test_writes_the_same_bytes_again(self) -> None:
        source: RecruitmentSource = self.subject()
        if overrides(source, RecruitmentSource, "write"):
            sheet = Sheet(columns=("name",), rows=(("Ada",), (None,), (1.5,)))
            for suffix in source.suffixes:
                assert source.write(sheet, suffix=suffix) == source.write(sheet, suffix=suffix)


def _damaged(inbound: Inbound) -> Iterator[Inbound]:
    """Yield the input cut off, garbled and misnamed, the same way each time."""
    body, random = inbound.body, Random(7)
    bodies = [b"", b"\x00", b"\xff\xfe", b"\n\n\n", body + b"\x00\xff\n", body * 2, b'"' + body]
    bodies += [body[: len(body) * part // 9] for part in range(1, 9)]
    for _ in range(20):
        garbled = bytearray(body or b"x")
        for _ in range(random.randint(1, 8)):
            garbled[random.randrange(len(garbled))] = random.randrange(256)
        bodies.append(bytes(garbled))
    for damaged in bodies:
        yield replace(inbound, body=damaged)
    for filename in ("", "noname", "../../x.csv", "a" * 5000 + ".csv", "x.xlsx", "x\x00.csv"):
        yield replace(inbound, filename=filename)


def _live_cells(body: bytes) -> list[str]:
    """Return the cells of a file that a spreadsheet would calculate."""
    if body.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            sheets = [archive.read(name).decode() for name in archive.namelist() if "sheet" in name]
        return [cell for sheet in sheets for cell in re.findall(r"<f[ >].*?</f>|<f/>", sheet)]
    text = body.decode("utf-8-sig")
    alive = re.compile(r"[=+\-@\t\r]")
    rows = csv.reader(io.StringIO(text, newline=""))
    return [cell for row in rows for cell in row if alive.match(cell)]
