"""Two spreadsheets, as leads, become sheets of pairs and of who is left."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mentorkit.domain.fields import parse_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Lead
from mentorkit.errors import Invalid
from mentorkit.matching import Result, pair_leads, pairs_sheet, summary, unmatched_sheet
from mentorkit.matching.people import wishes
from tests.matching.samples import create_registry

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("MENTORKIT_TEST_DATA", ROOT.parent / "shared" / "data"))


def read_strategy(**more: Any) -> dict[str, Any]:
    path = SHARED / "mentor-match" / "strategy.toml"
    if not path.exists():
        pytest.skip(f"shared sample data is not here: {path.parent}")
    return {**tomllib.loads(path.read_text()), **more}


def read_leads(size: str, side: str, data: Mapping[str, Any], shuffle: int = 0) -> list[Lead]:
    fields, _ = parse_fields(data["fields"])
    with (SHARED / "mentor-match" / size / f"{side}s.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    if shuffle:
        Random(shuffle).shuffle(rows)
    return [
        Lead(
            key=row["email address"],
            role="mentee" if side == "mentee" else "mentor",
            name=f"{row['first name']} {row['last name']}",
            profile=Frozen(
                organisation=row["organisation"],
                profession=row["profession"],
                grade=fields["grade"].parse(row["grade"]),
            ),
        )
        for row in rows
    ]


def pair(size: str, shuffle: int = 0, **more: Any) -> tuple[Result, Any]:
    data = read_strategy(**more)
    return pair_leads(
        read_leads(size, "mentee", data, shuffle),
        read_leads(size, "mentor", data, shuffle),
        data,
        create_registry(),
    )


@pytest.mark.data
@pytest.mark.parametrize(
    ("size", "objective", "pairs", "total"),
    [
        ("small", "coverage", 47, 372_004),
        ("small", "score", 43, 393_334),
        ("large", "coverage", 500, 4_820_655),
        ("large", "score", 500, 4_820_655),
    ],
)
def test_the_sample_people_are_paired_as_well_as_can_be(
    size: str, objective: str, pairs: int, total: int
) -> None:
    result, _ = pair(size, objective=objective)
    figures = summary(result)
    assert (figures["pairs"], figures["total"], figures["total_bound"]) == (pairs, total, total)
    assert figures["unmatched"] == {
        "mentees": figures["mentees"] - pairs,
        "mentors": figures["mentors"] - pairs,
    }


@pytest.mark.data
def test_shuffled_rows_give_the_same_sheets() -> None:
    first, second = pair("small"), pair("small", shuffle=5)
    assert pairs_sheet(*first) == pairs_sheet(*second)
    assert unmatched_sheet(*first) == unmatched_sheet(*second)


@pytest.mark.data
def test_sheets_say_who_how_well_and_why() -> None:
    result, pool = pair("small")
    pairs, left = pairs_sheet(result, pool), unmatched_sheet(result, pool)
    assert pairs.columns == ("mentee", "mentor", "score", "reasons")
    assert pairs.rows[0] == (
        "mentee.00@gov.uk",
        "mentor.30@gov.uk",
        8667,
        (
            "They have the same profession: Security. "
            "The mentor stands 4 steps above the mentee in grade (SCS1)."
        ),
    )
    assert left.columns == ("side", "person", "reason", "what would help")
    assert [row[0] for row in left.rows] == ["mentee"] * 3 + ["mentor"] * 3
    assert all(all(row) for row in left.rows)


def create_lead(key: str, **more: Any) -> Lead:
    return Lead(key=key, role="mentee", **{"profile": Frozen(sector="x"), **more})


STRATEGY = {"criteria": [{"criterion": "equal", "field": "sector"}]}


def test_who_stands_in_both_sheets_is_not_paired_with_themselves() -> None:
    amina = create_lead("1", name="Amina", email="amina@example.org")
    result, _ = pair_leads([amina], [amina], STRATEGY, create_registry())
    assert result.pairs == ()


def test_the_same_number_in_two_sheets_is_not_the_same_person() -> None:
    people = create_lead("1", name="Amina"), create_lead("1", name="Ben")
    result, _ = pair_leads([people[0]], [people[1]], STRATEGY, create_registry())
    assert [(one.mentee_id, one.mentor_id) for one in result.pairs] == [("1", "1")]


@pytest.mark.parametrize(
    ("mentee", "mentor", "paired"),
    [
        (
            {"key": "e5", "email": "Amina@example.org"},
            {"key": "m5", "email": "amina@EXAMPLE.org"},
            0,
        ),
        ({"key": "1", "email": "a@example.org"}, {"key": "1", "email": "b@example.org"}, 1),
        ({"key": "1", "email": "a@example.org"}, {"key": "1"}, 1),
        ({"key": "1", "name": "Amina  Diallo"}, {"key": "1", "name": "amina diallo"}, 0),
        ({"key": "1", "name": "Amina"}, {"key": "2", "name": "Amina"}, 1),
    ],
)
def test_the_same_address_is_the_same_person_and_without_one_the_same_key_and_name(
    mentee: dict[str, str], mentor: dict[str, str], paired: int
) -> None:
    result, _ = pair_leads(
        [create_lead(**mentee)], [create_lead(**mentor)], STRATEGY, create_registry()
    )
    assert len(result.pairs) == paired


def test_a_mentor_takes_as_many_as_the_sheet_says_and_one_where_it_says_nothing() -> None:
    mentees = [create_lead(f"m{n}") for n in range(5)]
    mentors = [create_lead("t0"), create_lead("t1", capacity=3)]
    result, _ = pair_leads(mentees, mentors, STRATEGY, create_registry())
    assert [one.mentor_id for one in result.pairs].count("t1") == 3
    assert len(result.pairs) == 4


def test_choices_are_read_from_the_sheet() -> None:
    mentee = create_lead("m", profile=Frozen(sector="x", choices=("t1",)))
    mentors = [create_lead("t0"), create_lead("t1")]
    result, _ = pair_leads([mentee], mentors, {**STRATEGY, "assigner": "choice"}, create_registry())
    assert [one.mentor_id for one in result.pairs] == ["t1"]


def test_everything_wrong_with_a_strategy_file_is_told_at_once() -> None:
    data = {
        "objective": "both",
        "fields": {"grade": {"kind": "odd"}},
        "criteria": [{"criterion": "equal", "field": "village"}, {"criterion": "no"}, {}],
        "rules": [{"rule": "same", "field": "sector", "weight": 2}],
    }
    with pytest.raises(Invalid) as caught:
        pair_leads([create_lead("m")], [create_lead("t")], data, create_registry())
    assert {problem.place for problem in caught.value.problems} >= {
        "objective", "fields.grade.kind", "criteria[0].field", "criteria[1].criterion",
        "criteria[2]", "rules[0].weight",
    }  # fmt: skip


def test_words_and_binding_load_no_numpy() -> None:
    code = (
        "import sys; from mentorkit.matching import bind, words, pair_leads, Someone, Result; "
        "import mentorkit_matching; assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_a_wish_that_is_one_text_is_one_wish() -> None:
    assert wishes({"choices": "12"}) == ("12",)
    assert wishes({"choices": ("12", "7")}) == ("12", "7")
    assert wishes({}) == ()
