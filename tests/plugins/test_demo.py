"""The plugin demo: made-up people, the same for the same seed, in sheets that can be paired."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mentorkit.domain import presets
from mentorkit.domain.fields import Field, parse_fields
from mentorkit.domain.strategies import parse_strategy
from mentorkit.errors import Conflict, Invalid
from mentorkit.hooks.registry import Registry
from mentorkit_demo.people import INDUSTRIES, LIVED, STAGES, SUBJECTS, sample
from mentorkit_demo.places import PLACES


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., dict[str, str]]:
    """Run the command as the registry offers it; it takes the command's parameters."""
    command = Registry.load(("demo",)).commands["demo.sheets"]

    def run(**values: Any) -> dict[str, str]:
        given = {one.name: one.default for one in command.parameters if not one.required}
        done: dict[str, str] = command.run(None, **{**given, "folder": tmp_path / "here", **values})
        return done

    return run


def rows(path: str) -> list[dict[str, str]]:
    text = Path(path).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_same_seed_makes_the_same_people_and_more_only_adds() -> None:
    assert sample(1, 30, 20) == sample(1, 30, 20)
    assert sample(1, 30, 20).mentees == sample(1, 60, 5).mentees[:30]
    assert sample(1, 30, 20) != sample(2, 30, 20)


def test_people_never_change_between_versions_of_python() -> None:
    mentee, mentor = sample(1, 1, 1).mentees[0], sample(1, 1, 1).mentors[0]
    assert (mentee["name"], mentor["name"]) == ("Márcia Barbosa", "Cheikh Sow")
    assert mentee["email"] == "marcia.barbosa.mentee1@example.org"


def test_people_are_many_kinds_of_people() -> None:
    people = sample(3, 400, 300)
    both = [*people.mentees, *people.mentors]
    assert {one["country"] for one in both} == {place.country for place in PLACES}
    assert len(PLACES) >= 12
    assert len({one["name"] for one in both}) > 500
    assert len({one["email"] for one in both}) == len({one["ref"] for one in both}) == 700
    assert {one["industry"] for one in people.mentees} == set(INDUSTRIES)
    assert {one["stage"] for one in people.mentees} == set(STAGES)
    assert {one["capacity"] for one in people.mentors} == {1, 2, 3}
    assert any(not one["hours"] for one in people.mentees)


def test_nobody_made_up_has_an_address_that_could_exist() -> None:
    people = sample(5, 200, 200)
    pattern = re.compile(r"[a-z]+\.[a-z]+\.(mentee|mentor)\d+@example\.org")
    assert all(pattern.fullmatch(one["email"]) for one in (*people.mentees, *people.mentors))


@pytest.mark.parametrize("fields", ["low_touch", "strategy.toml"])
def test_every_cell_is_an_answer_that_can_be_read(
    fields: str, write: Callable[..., dict[str, str]]
) -> None:
    paths = write(mentees=200, mentors=200)
    declared: dict[str, Field]
    if fields == "strategy.toml":
        data = tomllib.loads(Path(paths["strategy"]).read_text(encoding="utf-8"))
        declared, problems = parse_fields(data["fields"])
        assert not problems
    else:
        declared = dict(presets.load(fields).fields)
    for side in ("mentees", "mentors"):
        for row in rows(paths[side]):
            for column, cell in row.items():
                if column in declared:
                    declared[column].parse(cell)
                    assert side[:-1] in declared[column].roles


def test_options_are_those_of_the_presets() -> None:
    fields = presets.load("high_touch").fields
    assert set(INDUSTRIES) <= set(fields["industry"].choices)
    assert set(SUBJECTS) == set(fields["goals"].choices)
    assert set(LIVED) <= set(fields["situation"].choices)
    assert tuple(fields["stage"].choices) == STAGES
    spoken = {language for place in PLACES for language in place.languages}
    assert spoken <= set(fields["languages"].choices)
    assert {place.country for place in PLACES} <= set(fields["country"].choices)


def test_the_command_writes_three_files_and_says_what_to_run(
    write: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    done = write(mentees=5, mentors=4)
    assert [len(rows(done[side])) for side in ("mentees", "mentors")] == [5, 4]
    assert done["next"].startswith(f"mentorkit pair --mentors {tmp_path / 'here' / 'mentors.csv'}")
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == [
        "mentees.csv", "mentors.csv", "strategy.toml",
    ]  # fmt: skip


def test_somebodys_own_changes_are_not_written_over(
    write: Callable[..., dict[str, str]],
) -> None:
    done = write()
    write()  # the same again is no change
    strategy = Path(done["strategy"])
    strategy.write_text("# mine\n")
    with pytest.raises(Conflict, match=r"strategy\.toml already.*--force"):
        write()
    with pytest.raises(Conflict, match=r"mentors\.csv and mentees\.csv and strategy\.toml"):
        write(seed=2)
    assert strategy.read_text() == "# mine\n"
    write(force=True)
    assert strategy.read_text() != "# mine\n"


def test_wrong_numbers_are_told_together_and_nothing_is_written(
    write: Callable[..., dict[str, str]], tmp_path: Path
) -> None:
    with pytest.raises(Invalid) as caught:
        write(mentees=0, mentors=1_000_000)
    assert [problem.place for problem in caught.value.problems] == ["mentees", "mentors"]
    assert not (tmp_path / "here").exists()
    (tmp_path / "here").write_text("a file")
    with pytest.raises(Invalid, match="is a file"):
        write()


def test_the_strategy_is_complete_and_fits_the_plugin_matching(
    write: Callable[..., dict[str, str]],
) -> None:
    from mentorkit.matching import bind

    data = tomllib.loads(Path(write()["strategy"]).read_text(encoding="utf-8"))
    strategy, problems = parse_strategy(data)
    assert not problems
    bind(strategy, Registry.load(("matching",)), parse_fields(data["fields"])[0])


def test_the_sheets_are_read_whole_by_the_plugin_csv(
    write: Callable[..., dict[str, str]],
) -> None:
    from mentorkit.hooks import Inbound
    from mentorkit.testing.samples import SampleContext
    from mentorkit_csv.source import CsvSource

    paths = write(mentees=300, mentors=300)
    for side in ("mentees", "mentors"):
        batch = CsvSource().receive(
            SampleContext(),
            Inbound(body=Path(paths[side]).read_bytes(), filename=paths[side]),
            role=side[:-1],
            fields=presets.load("cohort").fields,
        )
        assert (len(batch.leads), batch.problems) == (300, ())
