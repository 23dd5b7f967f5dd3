"""The plugin csv on workbooks: read like a CSV file, and bombs refused before they go off."""

from __future__ import annotations

import io
import random
import re
import struct
import sys
import zipfile
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from mentorkit.errors import Invalid
from mentorkit.hooks import Sheet
from mentorkit_csv import workbook
from mentorkit_csv.source import CsvSource
from tests.plugins.test_csv import create_xlsx, declared, only, receive, told


def test_a_workbook_is_read_like_a_csv_file() -> None:
    body = create_xlsx(
        ("Ref", "Name", "Capacity", "Born", "Since", "Keen", "Share", None),
        (1, "Zoë", 2.0, 1980, datetime(2020, 5, 1), True, 0.5),
        (None, None),
        ("m2", "Bo", "many", None, None, None, None),
        ("m3", "Cy", 1, None, None, None, None, None, "surplus"),
    )
    fields = declared(since={}, keen={"kind": "flag"}, share={"kind": "number"})
    batch = receive(body, "mentors.xlsx", fields=fields, role="mentor")
    lead = only(batch)
    assert (lead.key, lead.name, lead.capacity, lead.born) == ("1", "Zoë", 2, 1980)
    assert dict(lead.profile) == {"since": "2020-05-01", "keen": True, "share": 0.5}
    assert [problem.place for problem in batch.problems] == [
        "mentors.xlsx, row 5", "mentors.xlsx, row 4, column Capacity",
    ]  # fmt: skip
    assert lead.place == "mentors.xlsx, row 2"


def test_only_the_first_sheet_counts_and_formulas_give_what_they_showed() -> None:
    book: Any = openpyxl.Workbook()
    book.active.append(("ref", "name"))
    book.active.append(("1", "=1+1"))
    book.create_sheet("second").append(("ref",))
    out = io.BytesIO()
    book.save(out)
    # Never calculated, so it showed nothing: what a formula would give is not for us to find out.
    batch = receive(out.getvalue(), "a.xlsx")
    assert only(batch).name == ""
    (note,) = told(batch)
    assert note == (
        "a.xlsx: the formula in row 2, column name, shows no value and is read as empty; if it "
        "should show one, open the file in a spreadsheet and save it"
    )
    shown = b'<c r="B2" t="str"><f>""</f><v></v></c>'
    part = zipfile.ZipFile(out).read(SHEET)
    empty = re.sub(rb'<c r="B2"[^>]*>.*?</c>', shown, part)
    assert told(receive(replace_part(out.getvalue(), SHEET, empty), "a.xlsx")) == []


@pytest.mark.parametrize("first", [(), (("About this file",), ("Mentees of 2026",))])
def test_where_the_first_sheet_cannot_be_used_the_others_are_named(
    first: tuple[tuple[str, ...], ...],
) -> None:
    book: Any = openpyxl.Workbook()
    for row in first:
        book.active.append(row)
    book.create_sheet("People").append(("ref",))
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(Invalid, match='there are "People" as well: put the people\'s sheet first'):
        receive(out.getvalue(), "a.xlsx")


def test_an_error_in_a_cell_is_told() -> None:
    book: Any = openpyxl.Workbook()
    book.active.append(("ref", "name"))
    book.active.append(("1", "x"))
    book.active["B2"].value = "#REF!"
    out = io.BytesIO()
    book.save(out)
    batch = receive(out.getvalue(), "a.xlsx")
    assert batch.leads == ()
    assert "row 2, column name: shows the error #REF!" in told(batch)[0]


def replace_part(body: bytes, part: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_bomb_is_refused_by_its_table_of_contents(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openpyxl, "load_workbook", lambda *_, **__: pytest.fail("was opened"))
    sheet = create_xlsx(("ref",), ("1",))
    dense = replace_part(sheet, SHEET, b" " * 20_000_000)
    big = replace_part(sheet, SHEET, random.Random(1).randbytes(2_000_000))
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(1_001):
            archive.writestr(str(number), b"")
    assert len(dense) < 100_000
    for body in (dense, many.getvalue()):
        with pytest.raises(Invalid) as caught:
            receive(body, "a.xlsx")
        assert caught.value.code == "sheet.too_big"
    with pytest.raises(Invalid, match="unpacks to 2 MB; 1 MB are allowed"):
        receive(big, "a.xlsx", settings={"max_unpacked_megabytes": 1})


def test_a_bomb_that_lies_about_its_size_is_read_no_further_than_it_said() -> None:
    body = bytearray(replace_part(create_xlsx(("ref",), ("1",)), SHEET, b" " * 20_000_000))
    sizes = struct.pack("<I", 20_000_000)
    assert body.count(sizes) == 2  # once at the part, once in the table of contents
    with pytest.raises(Invalid) as caught:
        receive(bytes(body.replace(sizes, struct.pack("<I", 1000))), "a.xlsx")
    assert caught.value.code == "sheet.damaged"


def test_entities_that_multiply_and_rows_far_out_are_refused_quickly() -> None:
    sheet = create_xlsx(("ref",), ("1",))
    entities = "".join(
        f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "ha" * 50}">' for n in range(9)
    )
    laughs = f'<?xml version="1.0"?><!DOCTYPE x [{entities}]><worksheet>&e8;</worksheet>'
    with pytest.raises(Invalid) as caught:
        receive(replace_part(sheet, SHEET, laughs.encode()), "a.xlsx")
    assert caught.value.code in ("sheet.damaged", "sheet.empty")
    names = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    row = '<row r="{0}"><c r="XFD{0}" t="inlineStr"><is><t>x</t></is></c></row>'
    far = "".join(row.format(number) for number in range(1, 2000))
    size = '<dimension ref="A1:XFD1048576"/>'
    wide = f"<worksheet {names}>{size}<sheetData>{far}</sheetData></worksheet>"
    with pytest.raises(Invalid) as caught:
        receive(replace_part(sheet, SHEET, wide.encode()), "a.xlsx")
    assert caught.value.code in ("sheet.too_big", "sheet.too_many_columns")


def test_rows_of_a_workbook_are_counted_where_they_hold_something() -> None:
    rows = [("ref",), *[(str(n),) for n in range(4)]]
    with pytest.raises(Invalid) as caught:
        receive(create_xlsx(*rows), "a.xlsx", settings={"max_rows": 3})
    assert caught.value.code == "sheet.too_many_rows"


def test_rows_that_cannot_be_used_count_as_well() -> None:
    rows = [("ref", "name"), *[(str(n), "#REF!") for n in range(4)]]
    with pytest.raises(Invalid) as caught:
        receive(create_xlsx(*rows), "a.xlsx", settings={"max_rows": 3})
    assert caught.value.code == "sheet.too_many_rows"


def test_a_row_beyond_the_last_of_any_spreadsheet_is_refused_at_once() -> None:
    far = '<row r="999999999"><c r="A999999999" t="inlineStr"><is><t>z</t></is></c></row>'
    names = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    sheet = f"<worksheet {names}><sheetData>{far}</sheetData></worksheet>"
    body = replace_part(create_xlsx(("ref",), ("1",)), SHEET, sheet.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workbook, "MAX_ROW", 1_000)
        patch.setattr(workbook, "MAX_CELLS", 10**12)
        with pytest.raises(Invalid, match="a row beyond 1000") as caught:
            receive(body, "a.xlsx")
    assert caught.value.code == "sheet.too_big"


def test_a_part_of_random_bytes_is_refused_and_never_falls_over() -> None:
    sheet = bytearray(create_xlsx(("ref", "name"), ("1", "x")))
    chance = random.Random(7)
    for _ in range(60):
        damaged = bytearray(sheet)
        for _ in range(chance.randint(1, 30)):
            damaged[chance.randrange(4, len(damaged))] = chance.randrange(256)
        try:
            receive(bytes(damaged), "a.xlsx")
        except Invalid as error:
            assert error.code.startswith("sheet.")  # noqa: PT017 - either way is fine, crashing is not


def test_without_openpyxl_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    body = create_xlsx(("ref",), ("1",))
    assert workbook.health().ok
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(Invalid, match=r"pip install mentorkit\[sheets\]"):
        receive(body, "a.xlsx")
    with pytest.raises(Invalid, match=r"pip install mentorkit\[sheets\]"):
        CsvSource().write(Sheet(columns=("a",), rows=()), suffix=".xlsx")
    found = workbook.health()
    assert not found.ok
    assert "pip install mentorkit[sheets]" in found.hint
