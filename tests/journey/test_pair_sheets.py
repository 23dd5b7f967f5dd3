"""Fifty people and fewer: a sheet of pairs goes out, is filled in, and comes back as a draft."""

from __future__ import annotations

import csv
import io
from types import SimpleNamespace
from typing import Any

import pytest

from mentorkit.errors import Invalid, NotAllowed
from mentorkit.hooks import Inbound
from mentorkit.journey import drafts, match, programs, sheets
from tests.journey.conftest import lead

MENTEES = [lead(f"e{n:02}", "mentee", trade="baker") for n in range(25)]
MENTORS = [lead(f"m{n:02}", "mentor", trade="baker") for n in range(25)]


@pytest.fixture
def world(create_world: Any, create_kit: Any) -> SimpleNamespace:
    made: SimpleNamespace = create_world(
        [*MENTEES, *MENTORS], kit=create_kit(plugins=("csv", "matching"))
    )
    return made


def exported(world: SimpleNamespace, suffix: str = ".csv") -> bytes:
    made = sheets.export(world.kit, **world.at, program="traders", suffix=suffix)
    assert made["name"] == f"pairs_traders{suffix}"
    body: bytes = made["body"]
    return body


def rows_of(body: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def written(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, sheets.COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def take(world: SimpleNamespace, body: bytes, name: str = "pairs.csv", **how: Any) -> Any:
    return sheets.take(world.kit, **world.at, program="traders", body=body, filename=name, **how)


def test_f11_fifty_people_go_out_are_paired_by_hand_and_come_back(world: SimpleNamespace) -> None:
    rows = rows_of(exported(world))
    assert len(rows) == 50
    assert rows[0]["mentee"] == "e00"
    for number, row in enumerate(rows[:25]):
        row["mentor"] = f"m{24 - number:02}"
    told = take(world, written(rows))
    assert (len(told["pairs"]), told["problems"]) == (25, [])
    assert told["draft"]["summary"]["pairs"] == 25
    draft = drafts.show(world.kit, **world.at, program="traders")
    assert draft is not None
    pairs = {one["mentee"]: (one["mentor"], one["locked"]) for one in draft["pairs"]}
    assert pairs["E00"] == ("M24", True)
    assert len(pairs) == 25
    published = match.publish(world.kit, **world.at, run=draft["id"])
    assert published["offered"] == 25


def test_f11_what_the_strategy_drafted_is_altered_and_only_that_stands(
    world: SimpleNamespace,
) -> None:
    match.draft(world.kit, **world.at, program="traders")
    rows = rows_of(exported(world))
    assert all(row["mentor"] and "rade" in row["why"] for row in rows[:25])
    for row in rows[1:25]:
        row["mentor"] = ""
    rows[0]["mentor"] = "M07"  # a name that only one of them has
    told = take(world, written(rows))
    draft = drafts.show(world.kit, **world.at, program="traders")
    assert draft is not None
    assert [(one["mentee"], one["mentor"]) for one in draft["pairs"]] == [("E00", "M07")]
    assert told["draft"]["replaced"]


def test_f11_what_is_wrong_is_told_by_line_and_column_and_the_rest_stays(
    world: SimpleNamespace,
) -> None:
    rows = rows_of(exported(world))[:6]
    mentors = ["m01", "nobody", "m01", "m02", "e05", "m03"]
    for row, mentor in zip(rows, mentors, strict=True):
        row["mentor"] = mentor
    rows[3]["mentee"] = "e00"
    told = take(world, written(rows), preview=True)
    assert told["draft"] is None
    assert [one["place"] for one in told["pairs"]] == ["pairs.csv, line 2", "pairs.csv, line 7"]
    wrong = {one["place"]: one["message"] for one in told["problems"]}
    assert set(wrong) == {
        "pairs.csv, line 3, column mentor",
        "pairs.csv, line 4, column mentor",
        "pairs.csv, line 5, column mentee",
        "pairs.csv, line 6, column mentor",
    }
    assert "'nobody' is no mentor here" in wrong["pairs.csv, line 3, column mentor"]
    assert "no place left" in wrong["pairs.csv, line 4, column mentor"]
    assert "stands in a row above too" in wrong["pairs.csv, line 5, column mentee"]
    assert drafts.show(world.kit, **world.at, program="traders") is None


def test_f11_a_safeguard_is_a_problem_of_its_row(world: SimpleNamespace) -> None:
    body = {"signoffs": [{"id": "ethics"}]}
    rows = rows_of(exported(world))[:1]
    rows[0]["mentor"] = "m00"
    programs.define(world.kit, **world.at, program="traders", kind="signoffs", body=body)
    told = take(world, written(rows))
    assert told["draft"] is None
    (problem,) = told["problems"]
    assert problem["place"] == "pairs.csv, line 2, column mentor"
    assert "lacks a sign-off" in problem["message"]


def test_f11_formula_cells_are_neutralised_and_come_back_as_they_were(
    create_world: Any, create_kit: Any
) -> None:
    people = [lead("=1+1", "mentee", trade="baker"), lead("@SUM(A1)", "mentor", trade="baker")]
    world = create_world(people, kit=create_kit(plugins=("csv", "matching")))
    body = exported(world)
    assert rows_of(body)[0]["mentee"] == "'=1+1"
    assert rows_of(body)[1]["mentor"] == "'@SUM(A1)"
    rows = rows_of(body)
    rows[0]["mentor"] = rows[1]["mentor"]
    assert len(take(world, written(rows))["pairs"]) == 1


def test_f11_a_workbook_goes_the_same_way(world: SimpleNamespace) -> None:
    match.draft(world.kit, **world.at, program="traders")
    body = exported(world, ".xlsx")
    source = world.kit.registry.recruitment_sources["csv"]
    context = world.kit.context(world.tenant, None, "csv")
    grid = source.look(context, Inbound(body=body, filename="pairs.xlsx"))
    assert grid.columns == sheets.COLUMNS
    assert grid.unit == "row"
    told = take(world, body, "pairs.xlsx")
    assert (len(told["pairs"]), told["problems"]) == (25, [])


def test_f11_another_sheet_is_refused(world: SimpleNamespace) -> None:
    with pytest.raises(Invalid, match="is no sheet of pairs"):
        take(world, b"name,email\nAna,ana@example.org\n")


def test_only_staff_see_the_sheet(world: SimpleNamespace) -> None:
    with pytest.raises(NotAllowed):
        sheets.export(world.kit, tenant=world.tenant, actor=world.by("e00"), program="traders")
