"""`mentorkit pair`: two spreadsheets in, explained pairs out."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PAIR = ("pair", "--mentors", "mentors.csv", "--mentees", "mentees.csv", "--strategy")
WHOLE = (*PAIR, "strategy.toml", "--out", "pairs.csv", "--unmatched", "unmatched.csv")

Run = Callable[..., Any]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_two_sheets_become_pairs_with_reasons_and_everybody_left_is_explained(
    sheets: Path, run: Run
) -> None:
    run(*WHOLE)
    pairs = rows(sheets / "pairs.csv")
    assert [(p["mentee"], p["mentor"], p["score"]) for p in pairs] == [
        ("e1", "m1", "10000"),
        ("e2", "m2", "0"),
    ]
    assert all(pair["reasons"] for pair in pairs)
    left = rows(sheets / "unmatched.csv")
    assert list(left[0]) == ["side", "person", "reason", "what would help"]
    assert [(one["side"], one["person"]) for one in left] == [("mentee", "e3"), ("mentor", "m3")]
    assert all(one["reason"] and one["what would help"] for one in left)


def test_a_person_reads_what_happened(sheets: Path, run: Run) -> None:
    told = run(*WHOLE).out
    assert "Paired 2 of 3 mentees; there are 3 mentors." in told
    assert "the best possible" in told
    assert "Chipo Moyo with Aïcha Ouédraogo (100 of 100)" in told
    assert "1 mentee left out:" in told
    assert "What would help:" in told
    assert "Wrote pairs.csv." in told
    assert "Wrote unmatched.csv." in told


def test_commas_between_answers_are_told_of(sheets: Path, run: Run) -> None:
    (sheets / "langs.toml").write_text(
        '[fields.speaks]\nkind = "options"\n[[rules]]\nrule = "shares_any"\nfield = "speaks"\n'
        '[[criteria]]\ncriterion = "set_overlap"\nfield = "speaks"\n',
        encoding="utf-8",
    )
    for side, cell in (("mentors", '"en, sw"'), ("mentees", "en")):
        (sheets / f"{side}.csv").write_text(f"ref,speaks\n1,{cell}\n", encoding="utf-8")
    ran = run(*PAIR, "langs.toml")
    assert "Paired 0 of 1" in ran.out
    assert (
        "mentors.csv: column speaks, line 2 ('en, sw'): is taken for one answer; put ;" in ran.err
    )


def test_behind_a_name_that_two_people_have_stands_the_key(sheets: Path, run: Run) -> None:
    text = (sheets / "mentees.csv").read_text(encoding="utf-8")
    (sheets / "mentees.csv").write_text(text.replace("Emeka Eze", "Chipo Moyo"), encoding="utf-8")
    told = run(*WHOLE).out
    assert "Chipo Moyo (e1) with Aïcha Ouédraogo (100 of 100)" in told
    assert "Chipo Moyo (e3): " in told
    assert "Dora Silva with Ben Okafor" in told


def test_the_screen_says_how_its_score_relates_to_that_of_the_sheet(sheets: Path, run: Run) -> None:
    told = run(*WHOLE).out
    assert "A score in the sheet is out of 10,000: 10000 there is 100 of 100." in told
    assert rows(sheets / "pairs.csv")[0]["score"] == "10000"


def test_two_sheets_that_both_count_from_one_show_the_right_people(sheets: Path, run: Run) -> None:
    for side, letter in (("mentors", "m"), ("mentees", "e")):
        text = (sheets / f"{side}.csv").read_text(encoding="utf-8")
        (sheets / f"{side}.csv").write_text(text.replace(f"\n{letter}", "\n"), encoding="utf-8")
    told = run(*WHOLE).out
    assert "Chipo Moyo with Aïcha Ouédraogo (100 of 100)" in told
    assert "Dora Silva with Ben Okafor (0 of 100)" in told
    assert "Emeka Eze: " in told
    assert "李小龙: " in told


def test_who_stands_in_both_sheets_under_two_numbers_is_not_paired_with_themselves(
    sheets: Path, run: Run
) -> None:
    for side, address in (("mentors", "Self@Example.org"), ("mentees", "self@example.org")):
        (sheets / f"{side}.csv").write_text(
            f"ref,name,email,trade,village\n{side}-1,Self,{address},baker,Ora\n", encoding="utf-8"
        )
    run(*WHOLE)
    assert rows(sheets / "pairs.csv") == []


def test_mapping_one_column_leaves_the_others_to_their_names(sheets: Path, run: Run) -> None:
    before = run(*WHOLE, "--json").out
    for side in ("mentors", "mentees"):
        text = (sheets / f"{side}.csv").read_text(encoding="utf-8")
        (sheets / f"{side}.csv").write_text(text.replace("village", "Home"), encoding="utf-8")
    with (sheets / "strategy.toml").open("a", encoding="utf-8") as file:
        file.write('[columns]\nHome = "village"\n')
    found, known = json.loads(run(*WHOLE, "--json").out), json.loads(before)
    assert (found["pairs"], found["total"]) == (known["pairs"], known["total"]) == (2, 10_000)


def test_a_slip_of_the_hand_in_the_columns_is_told_and_other_names_are_let_be(
    sheets: Path, run: Run
) -> None:
    strategy = sheets / "strategy.toml"
    text = strategy.read_text(encoding="utf-8")
    strategy.write_text(text + '[columns]\nrole = "job"\nname = "nmae"\n', encoding="utf-8")
    told = run(*WHOLE, code=2).err
    assert "strategy.toml, columns.name: 'nmae' is no field; did you mean 'name'?" in told
    assert "columns.role" not in told


def test_a_program_reads_figures(sheets: Path, run: Run) -> None:
    done = run(*WHOLE, "--json")
    found = json.loads(done.out)
    assert done.err == ""
    assert {key: found[key] for key in ("mentees", "mentors", "pairs", "total", "skipped")} == {
        "mentees": 3,
        "mentors": 3,
        "pairs": 2,
        "total": 10_000,
        "skipped": 0,
    }
    assert found["unmatched"] == {"mentees": 1, "mentors": 1}
    assert {"total_bound", "pairs_bound", "blocking_pairs", "method", "seconds"} <= set(found)


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
def test_the_shared_sample_gives_the_known_figures(
    shared: Path, run: Run, size: str, objective: str, pairs: int, total: int
) -> None:
    done = run(
        "pair",
        "--mentors", shared / size / "mentors.csv",
        "--mentees", shared / size / "mentees.csv",
        "--strategy", shared / "strategy.toml",
        "--objective", objective,
        "--json",
    )  # fmt: skip
    found = json.loads(done.out)
    assert (found["pairs"], found["total"], found["total_bound"]) == (pairs, total, total)


@pytest.mark.data
def test_the_order_of_the_rows_changes_nothing(shared: Path, folder: Path, run: Run) -> None:
    results = []
    for attempt in range(3):
        for side in ("mentors", "mentees"):
            text = (shared / "small" / f"{side}.csv").read_text(encoding="utf-8")
            header, *lines = text.splitlines(keepends=True)
            if attempt:
                random.Random(attempt).shuffle(lines)
            (folder / f"{side}.csv").write_text("".join([header, *lines]), encoding="utf-8")
        run(*PAIR, shared / "strategy.toml", "--out", "pairs.csv", "--unmatched", "left.csv")
        results.append(((folder / "pairs.csv").read_bytes(), (folder / "left.csv").read_bytes()))
    assert results[0] == results[1] == results[2]


def test_everything_wrong_is_told_in_one_message_and_nothing_is_written(
    sheets: Path, run: Run
) -> None:
    (sheets / "strategy.toml").write_text(
        """
objective = "most"
surprise = 1
[columns]
ref = "ref"
nmae = "name"
trade = "trade"
[fields.trade]
options = "baker"
[[rules]]
rule = "differs"
field = "nowhere"
[[criteria]]
criterion = "equall"
field = "trade"
weight = 0
""",
        encoding="utf-8",
    )
    done = run(
        "pair", "--mentors", "mentors.csv", "--mentees", "none.csv", "--strategy", "strategy.toml",
        "--out", "nowhere/pairs.csv", "--unmatched", "left.pdf",
        code=2,
    )  # fmt: skip
    for place in (
        "strategy.toml, objective: ",
        "strategy.toml, surprise: ",
        "strategy.toml, fields.trade.options: ",
        "strategy.toml, rules[0].field (rule 1, differs): ",
        "strategy.toml, criteria[0].criterion (criterion 1, equall): ",
        "strategy.toml, criteria[0].weight (criterion 1, equall): ",
        "mentors.csv, column nmae: ",
        "none.csv: there is no such file",
        "nowhere/pairs.csv: there is no folder",
        "--unmatched left.pdf: name a file that ends in .csv",
    ):
        assert done.err.count(place) == 1, (place, done.err)
    assert done.out == ""
    assert not (sheets / "left.pdf").exists()


def test_a_strategy_that_is_no_toml_is_refused_with_the_line(sheets: Path, run: Run) -> None:
    (sheets / "strategy.toml").write_text('objective = "score"\n[fields.trade\n', encoding="utf-8")
    done = run(*WHOLE, code=2)
    assert "strategy.toml: is not TOML" in done.err
    assert "line 2" in done.err
    assert not (sheets / "pairs.csv").exists()


@pytest.mark.parametrize(
    ("slip", "told"),
    [
        ("weight = 0,5", "numbers with a point, such as 0.5"),
        ("objective = \u201cscore\u201d", 'straight quotes: "'),
        ("exact = yes", "write true or false"),
        ("objective = score", 'texts into quotes, such as "equal"'),
    ],
)
def test_what_people_write_into_toml_that_is_none_is_told_with_what_to_write(
    sheets: Path, run: Run, slip: str, told: str
) -> None:
    (sheets / "strategy.toml").write_text(f'title = "Mine"\n{slip}\n', encoding="utf-8")
    done = run(*WHOLE, code=2)
    assert "(at line 2" in done.err
    assert told in done.err
    assert told in run("program", "create", "--key", "p", "--file", "strategy.toml", code=2).err


def test_a_strategy_in_another_encoding_is_refused_with_the_line(sheets: Path, run: Run) -> None:
    (sheets / "strategy.toml").write_bytes("# eins\ntitle = 'Händler'\n".encode("latin-1"))
    assert "strategy.toml, line 2: is not UTF-8" in run(*WHOLE, code=2).err


def test_bad_rows_are_named_and_the_good_ones_kept(sheets: Path, run: Run) -> None:
    with (sheets / "mentees.csv").open("a", encoding="utf-8") as file:
        file.write("e4,Fay,juggler,Ora\n,Nobody,baker,Ora\n")
    done = run(*WHOLE, code=2)
    assert "Wrote pairs.csv." in done.out
    assert "2 rows left out" in done.err
    assert "mentees.csv, line 5, column trade: 'juggler' is not an option" in done.err
    assert "mentees.csv, line 6, column ref: " in done.err
    again = run(*WHOLE, "--json", code=2)
    assert json.loads(again.out)["skipped"] == 2
    assert len(json.loads(again.out)["problems"]) == 2
    assert json.loads(again.out)["pairs"] == 2


def test_many_bad_rows_are_counted_not_all_listed(sheets: Path, run: Run) -> None:
    with (sheets / "mentees.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"x{i},Fay,juggler,Ora\n" for i in range(50))
    done = run(*WHOLE, code=2)
    assert "50 rows left out" in done.err
    assert "... and 40 more; --json lists all." in done.err
    assert len(json.loads(run(*WHOLE, "--json", code=2).out)["problems"]) == 50


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (("--out", "mentors.csv"), "is one of the files to read"),
        (("--unmatched", "pairs.csv"), "is the file of --out as well"),
        (("--mentees", "."), "is a folder"),
        (("--plugin", "mine.py"), "there is no such file"),
        (("--plugin", "plugin"), "is a folder; name a Python file in it, such as plugin/own.py"),
        (("--plugin", "preset.toml"), "is no Python file; its name must end in .py"),
        (("--plugin", "matchin"), "no such plugin is installed; did you mean matching?"),
    ],
)
def test_a_place_that_cannot_be_is_refused(
    sheets: Path, run: Run, changed: tuple[str, str], said: str
) -> None:
    (sheets / "plugin").mkdir()
    (sheets / "plugin" / "own.py").touch()
    before = (sheets / "mentors.csv").read_bytes()
    assert said in run(*WHOLE, *changed, code=2).err
    assert (sheets / "mentors.csv").read_bytes() == before
    assert not (sheets / "unmatched.csv").exists()


def test_what_was_there_stays_when_the_new_files_cannot_all_be_written(
    sheets: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sheets / "pairs.csv").write_text("of last year", encoding="utf-8")
    synced: list[int] = []

    def full(handle: int) -> None:
        synced.append(handle)
        if len(synced) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert "No space left on device" in run(*WHOLE, code=2).err
    assert (sheets / "pairs.csv").read_text(encoding="utf-8") == "of last year"
    assert sorted(path.name for path in sheets.iterdir()) == [
        "mentees.csv", "mentors.csv", "pairs.csv", "preset.toml", "strategy.toml",
    ]  # fmt: skip


def test_a_criterion_of_ones_own_is_tried_with_one_file(sheets: Path, run: Run) -> None:
    (sheets / "first_letter.py").write_text(
        """
from mentorkit import hookimpl
from mentorkit.hooks import Criterion

class FirstLetter(Criterion):
    name = "first_letter"
    needs = {"village": str}
    def score(self, mentee, mentor):
        if not (mentee["village"] and mentor["village"]):
            return None
        return 1.0 if mentee["village"][0] == mentor["village"][0] else 0.25
    def explain(self, mentee, mentor, value):
        return f"Villages on {mentor['village'][0]}" if value == 1 else None

@hookimpl
def mentorkit_criteria():
    yield FirstLetter()
""",
        encoding="utf-8",
    )
    text = (sheets / "strategy.toml").read_text(encoding="utf-8")
    changed = text.replace('criterion = "equal"\nfield = "village"', 'criterion = "first_letter"')
    (sheets / "strategy.toml").write_text(changed, encoding="utf-8")
    run(*WHOLE, "--plugin", "first_letter.py")
    pairs = rows(sheets / "pairs.csv")
    assert [(p["mentee"], p["score"]) for p in pairs] == [("e1", "10000"), ("e2", "2500")]
    assert pairs[0]["reasons"] == "Villages on O"


def test_a_plugin_that_does_not_load_is_named(sheets: Path, run: Run) -> None:
    (sheets / "broken.py").write_text("import nothing_of_this_name\n", encoding="utf-8")
    assert "broken (file broken.py)" in run(*WHOLE, "--plugin", "broken.py", code=6).err
    both = run(*WHOLE, "--plugin", "broken.py", "--plugin", "absent", code=6).err
    assert "--plugin absent: no such plugin is installed" in both


def test_what_is_wrong_with_both_sheets_is_told_at_once(sheets: Path, run: Run) -> None:
    for side in ("mentors", "mentees"):
        (sheets / f"{side}.csv").write_text(
            "ref,name,trade,village\nx1,Xi,baker,Ora\nx2,Yu,juggler,Ora\n", encoding="utf-8"
        )
    one = (sheets / "mentors.csv").read_text(encoding="utf-8").replace("baker", "clown")
    (sheets / "mentors.csv").write_text(one, encoding="utf-8")
    told = run(*WHOLE, code=2).err
    assert "mentors.csv, line 2, column trade: 'clown' is not an option" in told
    assert "mentees.csv, line 3, column trade: 'juggler' is not an option" in told


def test_a_missing_column_does_not_hide_the_cells_that_cannot_be_read(
    sheets: Path, run: Run
) -> None:
    lines = "".join(f"Xi {at},juggler\n" for at in range(25))
    (sheets / "mentees.csv").write_text(f"name,trade\n{lines}", encoding="utf-8")
    told = run(*WHOLE, code=2).err
    assert "mentees.csv: nothing tells people apart" in told
    assert "mentees.csv, line 2, column trade: 'juggler' is not an option" in told
    assert "mentees.csv: 5 more of its cells cannot be read" in told
    assert "column ref: is empty" not in told


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", ["mentees.csv: holds no mentee; write one row for each"]),
        (
            "e1,Chipo,juggler,Ora\n,Dora,smith,Ora\n",
            [
                "mentees.csv: has no row that can be used; mend what is wrong with its 2 rows",
                "mentees.csv, line 2, column trade: 'juggler' is not an option",
                "mentees.csv, line 3, column ref: ",
            ],
        ),
    ],
)
def test_a_sheet_with_nobody_to_pair_is_refused_with_what_to_do(
    sheets: Path, run: Run, lines: str, said: list[str]
) -> None:
    text = "ref,name,trade,village\n" + lines
    (sheets / "mentees.csv").write_text(text, encoding="utf-8")
    done = run(*WHOLE, code=2)
    assert done.out == ""
    assert all(one in done.err for one in said), done.err
    assert not (sheets / "pairs.csv").exists()


def test_where_nobody_fits_nothing_is_said_of_how_good_the_pairs_are(
    sheets: Path, run: Run
) -> None:
    (sheets / "mentees.csv").write_text(
        "ref,name,trade,village\ne3,Emeka Eze,potter,Sim\n", encoding="utf-8"
    )
    told = run(*WHOLE).out
    assert "Paired 0 of 1 mentee" in told
    assert "Quality" not in told


def test_a_column_that_is_not_there_or_misspelt_is_told_and_what_reads_it(
    sheets: Path, run: Run
) -> None:
    for side, title in (("mentees", "other"), ("mentors", "Village of birth")):
        text = (sheets / f"{side}.csv").read_text(encoding="utf-8")
        (sheets / f"{side}.csv").write_text(text.replace("village", title), encoding="utf-8")
    done = run(*WHOLE, "--json")
    notes = [f"{one['place']}: {one['message']}" for one in json.loads(done.out)["notes"]]
    assert notes == [
        'mentors.csv: has no column for village; if "Village of birth" is it, map it to village',
        "mentees.csv: nobody has answered `village`, so the criterion `equal` counts for nothing",
        "mentors.csv: nobody has answered `village`, so the criterion `equal` counts for nothing",
    ]
    assert all(one in done.err for one in notes)


def test_a_choice_that_is_nobodys_key_is_told(sheets: Path, run: Run) -> None:
    head, *people = (sheets / "mentees.csv").read_text(encoding="utf-8").splitlines()
    asking = [f"{head},choices", *(f"{row},m9; m1" for row in people)]
    (sheets / "mentees.csv").write_text("\n".join(asking), encoding="utf-8")
    told = run(*WHOLE).err
    assert "mentees.csv: `choices` asks for 'm9' (3x), who is no mentor of this run" in told
    assert "'m1'" not in told


def test_one_file_for_both_sides_is_told(sheets: Path, run: Run) -> None:
    done = run(*WHOLE, "--mentors", "mentees.csv")
    assert "--mentees mentees.csv: is the file of --mentors as well" in done.err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("7", "score returned 7, which counts as 1; return a number from 0 to 1, or None"),
        ("-5", "score returned -5, which counts as 0; return a number from 0 to 1, or None"),
        ("float('nan')", "score returned nan, which counts as no opinion; return None for that"),
        ("1", ""),
    ],
)
def test_a_value_that_is_none_from_0_to_1_is_told_to_the_plugin_author_once(
    sheets: Path, run: Run, given: str, said: str
) -> None:
    (sheets / "odd.py").write_text(
        f"""
from mentorkit import hookimpl
from mentorkit.hooks import Criterion

class Odd(Criterion):
    name = "odd"
    def score(self, mentee, mentor):
        return {given}

@hookimpl
def mentorkit_criteria():
    yield Odd()
""",
        encoding="utf-8",
    )
    with (sheets / "strategy.toml").open("a", encoding="utf-8") as file:
        file.write('[[criteria]]\ncriterion = "odd"\n')
    done = run(*WHOLE, "--plugin", "odd.py")
    assert done.err.count("criterion odd of plugin odd") == bool(said)
    assert said in done.err


def test_a_long_run_is_announced(sheets: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(*WHOLE).err == ""
    monkeypatch.setattr("mentorkit.commands.pairing.LONG", 9)
    assert "3 mentees and 3 mentors: this will take minutes." in run(*WHOLE).err


def test_an_assigner_that_takes_long_is_announced_with_the_time(sheets: Path, run: Run) -> None:
    (sheets / "slow.py").write_text(
        "from mentorkit import Manifest, hookimpl\n"
        "from mentorkit.hooks import Assigner, Assignment\n"
        "manifest = Manifest(title='Slow', requires_core='>=0.1,<1')\n"
        "class Slow(Assigner):\n"
        "    name = 'slow'\n"
        "    def seconds(self, mentees, mentors):\n"
        "        return 20 * mentees * mentors\n"
        "    def assign(self, problem):\n"
        "        return Assignment(pairs=(), method='slow')\n"
        "@hookimpl\n"
        "def mentorkit_assigners():\n"
        "    yield Slow()\n"
    )
    with (sheets / "strategy.toml").open("r+") as file:
        told = file.read()
        file.seek(0)
        file.write('assigner = "slow"\n' + told)
    done = run(*WHOLE, "--plugin", "slow.py")
    assert "3 mentees and 3 mentors: assigner slow takes about 3 minutes." in done.err


def test_a_plugin_that_is_asked_about_many_pairs_one_by_one_is_named_beforehand(
    sheets: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (sheets / "slow.py").write_text(
        """
from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Criterion

manifest = Manifest(title="Slow")

class Slow(Criterion):
    name = title = "slow"

    def score(self, mentee, mentor):
        return 1

@hookimpl
def mentorkit_criteria():
    yield Slow()
""",
        encoding="utf-8",
    )
    with (sheets / "strategy.toml").open("a", encoding="utf-8") as file:
        file.write('[[criteria]]\ncriterion = "slow"\n')
    slow = (*WHOLE, "--plugin", "slow.py")
    assert run(*slow).err == ""
    monkeypatch.setattr("mentorkit.commands.pairing.LONG_ONE_BY_ONE", 9)
    assert run(*slow).err.startswith(
        "criterion slow of plugin slow (file slow.py) is asked about up to 9 pairs, one by one:"
        " this may take a while.\n"
    )


def test_who_would_do_is_named_with_the_key_that_the_sheets_show(sheets: Path, run: Run) -> None:
    with (sheets / "mentees.csv").open("a", encoding="utf-8") as file:
        file.write("e0,Fay,baker,Sim\n")
    run(*WHOLE)
    helps = {one["person"]: one["what would help"] for one in rows(sheets / "unmatched.csv")}
    assert helps["e0"] == (
        "One more place at Aïcha Ouédraogo (m1) would let one of the 2 mentees left out be paired."
    )


def test_a_cell_that_would_act_on_a_terminal_is_shown_harmless(sheets: Path, run: Run) -> None:
    text = (sheets / "mentors.csv").read_text(encoding="utf-8")
    evil = text.replace("Aïcha Ouédraogo", "A\x1b[2J\u202eevil")
    (sheets / "mentors.csv").write_text(evil, encoding="utf-8")
    done = run(*WHOLE, code=None)
    assert "\x1b" not in done.out + done.err
    assert "\u202e" not in done.out + done.err


def test_excel_sheets_are_read_and_written(sheets: Path, run: Run) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra `sheets` is not installed")
    book = openpyxl.Workbook()
    for line in (sheets / "mentees.csv").read_text(encoding="utf-8").splitlines():
        book.active.append(line.split(","))
    book.save(sheets / "mentees.xlsx")
    run(*WHOLE, "--mentees", "mentees.xlsx", "--out", "pairs.xlsx")
    sheet = openpyxl.load_workbook(sheets / "pairs.xlsx").active
    assert [row[:3] for row in sheet.iter_rows(values_only=True)] == [
        ("mentee", "mentor", "score"), ("e1", "m1", 10000), ("e2", "m2", 0),
    ]  # fmt: skip


def test_a_column_that_is_not_declared_is_text_where_a_rule_reads_it(
    sheets: Path, run: Run
) -> None:
    for side in ("mentors", "mentees"):
        head, *people = (sheets / f"{side}.csv").read_text(encoding="utf-8").splitlines()
        more = [f"{head},Organisation", *(f"{row},Acme" for row in people)]
        (sheets / f"{side}.csv").write_text("\n".join(more), encoding="utf-8")
    add_to_strategy(sheets, '[[rules]]\nrule = "differs"\nfield = "organisation"\n')
    assert json.loads(run(*WHOLE, "--json").out)["pairs"] == 0
    text = (sheets / "strategy.toml").read_text(encoding="utf-8")
    (sheets / "strategy.toml").write_text(text.replace('"organisation"', '"organisatoin"'))
    told = run(*WHOLE, code=2).err
    assert "there is no field 'organisatoin'" in told
    assert 'if "Organisation" is it, map it to organisatoin' in told


def test_a_built_in_column_can_be_compared(sheets: Path, run: Run) -> None:
    add_to_strategy(sheets, '[[criteria]]\ncriterion = "equal"\nfield = "name"\n')
    done = run(*WHOLE, "--json")
    assert json.loads(done.out)["notes"] == []
    assert "They have a different name" in (sheets / "pairs.csv").read_text(encoding="utf-8")


def test_what_follows_from_a_field_that_cannot_be_read_is_not_told(sheets: Path, run: Run) -> None:
    text = (sheets / "strategy.toml").read_text(encoding="utf-8")
    broken = text.replace("[fields.trade]", '[fields.trade]\nkind = "no such"')
    assert broken != text
    (sheets / "strategy.toml").write_text(broken, encoding="utf-8")
    told = run(*WHOLE, code=2).err
    assert "fields.trade.kind: " in told
    assert "there is no field" not in told


def test_a_column_role_with_jobs_is_left_out_and_told_once(sheets: Path, run: Run) -> None:
    head, *people = (sheets / "mentors.csv").read_text(encoding="utf-8").splitlines()
    jobs = [f"{head},role", *(f"{row},CEO" for row in people)]
    (sheets / "mentors.csv").write_text("\n".join(jobs), encoding="utf-8")
    done = run(*WHOLE)
    assert "Paired 2 of 3 mentees" in done.out
    assert done.err.count("holds no roles ('CEO', ...) and is not read") == 1


def test_a_row_that_names_the_other_role_is_used_and_told(sheets: Path, run: Run) -> None:
    head, *people = (sheets / "mentors.csv").read_text(encoding="utf-8").splitlines()
    rows_now = [f"{head},role", f"{people[0]},mentee", *(f"{row},mentor" for row in people[1:])]
    (sheets / "mentors.csv").write_text("\n".join(rows_now), encoding="utf-8")
    assert (
        "mentors.csv: 1 row (first: mentors.csv, line 2) named another role; used as mentor here,"
        " for --mentors names this sheet"
    ) in run(*WHOLE).err


def test_every_option_that_is_missing_is_named(sheets: Path, run: Run) -> None:
    told = run("pair", "--mentors", "mentors.csv", code=2).err
    assert "Missing options: --mentees, --strategy." in told


def test_an_installed_plugin_that_offers_what_is_missing_is_named(
    sheets: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = sheets / "mentorkit_hills-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: mentorkit-hills\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[mentorkit]\nhills = mentorkit_hills\n")
    (sheets / "mentorkit_hills.py").write_text(
        """
from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Criterion

manifest = Manifest(title="Hills")

class SameHill(Criterion):
    name = "same_hill"
    def score(self, mentee, mentor):
        return 1.0

@hookimpl
def mentorkit_criteria():
    yield SameHill()
"""
    )
    monkeypatch.syspath_prepend(sheets)
    add_to_strategy(sheets, '[[criteria]]\ncriterion = "same_hill"\n')
    told = run(*WHOLE, code=2).err
    assert "the installed plugin hills offers 'same_hill'; add --plugin hills" in told
    run(*WHOLE, "--plugin", "hills")


def add_to_strategy(sheets: Path, text: str) -> None:
    with (sheets / "strategy.toml").open("a", encoding="utf-8") as file:
        file.write(text)


MAPPED = """[columns]
id = "ref"
"Full name" = "name"

[[criteria]]
criterion = "equal"
field = "village"
"""


def write_two(folder: Path, mentors: str, mentees: str) -> None:
    (folder / "strategy.toml").write_text(MAPPED, encoding="utf-8")
    (folder / "mentors.csv").write_text(f"{mentors}\nm1,Ann,Sim\n", encoding="utf-8")
    (folder / "mentees.csv").write_text(f"{mentees}\ne1,Ben,Sim\n", encoding="utf-8")


def test_a_heading_that_is_mapped_needs_to_stand_in_one_of_the_two_sheets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    for mentors, mentees in (
        ("id,Full name,Village", "ref,name,village"),
        ("ref,name,village", "ID,full_name,Village"),
    ):
        write_two(tmp_path, mentors, mentees)
        done = run(*PAIR, "strategy.toml")
        assert "Ben with Ann (100 of 100)" in done.out
        assert "Please note" not in done.err


def test_what_a_sheet_lacks_that_the_other_has_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    write_two(tmp_path, "id,Full name,Village", "ref,who,village")
    done = run(*PAIR, "strategy.toml")
    assert "e1 with Ann (100 of 100)" in done.out
    assert 'mentees.csv: has no column "Full name", nor one called name' in done.err


def test_a_heading_that_neither_sheet_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    write_two(tmp_path, "id,Ful name,village", "ref,name,village")
    told = run(*PAIR, "strategy.toml", code=2).err
    assert "mentors.csv, column Full name: is mapped to name but not there; did you mean" in told
    assert "mentees.csv, column Full name: is mapped to name but not there" in told
    assert "column id" not in told


def test_columns_the_wrong_way_round_are_told_the_right_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    write_two(tmp_path, "id,Full name,village", "ref,name,village")
    text = MAPPED.replace('id = "ref"\n"Full name" = "name"', 'ref = "id"\nname = "Full name"')
    (tmp_path / "strategy.toml").write_text(text, encoding="utf-8")
    told = run(*PAIR, "strategy.toml", code=2).err
    assert 'mentors.csv, column name: turn the two round: write `"Full name" = "name"`' in told
    assert 'mentors.csv, column ref: turn the two round: write `"id" = "ref"`' in told


def test_a_pair_for_which_nothing_speaks_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    monkeypatch.chdir(tmp_path)
    nothing = "Nothing speaks for it, and no rule forbids it."
    write_two(tmp_path, "id,Full name,village", "ref,name,village")
    (tmp_path / "mentees.csv").write_text("ref,name,village\ne1,Ben,\n", encoding="utf-8")
    done = run(*PAIR, "strategy.toml", "--out", "pairs.csv")
    assert rows(tmp_path / "pairs.csv") == [
        {"mentee": "e1", "mentor": "m1", "score": "0", "reasons": nothing}
    ]
    assert f"  Ben with Ann (0 of 100)\n    {nothing}\n" in done.out
    assert "No criterion found anything to compare" in done.out
    chosen = 'assigner = "choice"\n[columns]\nid = "ref"\n"Full name" = "name"\n'
    (tmp_path / "strategy.toml").write_text(chosen, encoding="utf-8")
    (tmp_path / "mentees.csv").write_text("ref,name,choices\ne1,Ben,m1\n", encoding="utf-8")
    done = run(*PAIR, "strategy.toml")
    assert "Ben with Ann" in done.out
    assert "othing speaks" not in done.out


def test_where_something_speaks_for_one_pair_nothing_is_said_of_all(sheets: Path, run: Run) -> None:
    assert "No criterion found anything" not in run(*WHOLE).out


FEATURE = """
from mentorkit import hookimpl
from mentorkit.hooks import Feature

class Taste(Feature):
    name, title, needs, length = "taste", "taste", {"village": str}, 2

    def compute(self, ctx, people):
        if any(one["village"] == "nowhere" for one in people):
            raise OSError("the service is down")
        return [{"Ora": (1, 0), "Wen": (0, 1)}.get(one["village"]) for one in people]

@hookimpl
def mentorkit_features():
    yield Taste()
"""


def test_a_feature_is_computed_here_and_now(sheets: Path, run: Run) -> None:
    (sheets / "taste.py").write_text(FEATURE, encoding="utf-8")
    (sheets / "taste.toml").write_text(
        '[[criteria]]\ncriterion = "cosine"\nfield = "feature:taste"\n', encoding="utf-8"
    )
    for side, villages in (("mentors", ("Wen", "Ora")), ("mentees", ("Ora", "Wen"))):
        people = "".join(f"{side[:4]}{at},{one}\n" for at, one in enumerate(villages))
        (sheets / f"{side}.csv").write_text(f"ref,village\n{people}", encoding="utf-8")
    told = run(*PAIR, "taste.toml", "--plugin", "taste.py", "--out", "pairs.csv")
    assert "has no column" not in told.out + told.err
    assert {
        (one["mentee"], one["mentor"], one["reasons"]) for one in rows(sheets / "pairs.csv")
    } == {
        ("ment0", "ment1", "They are much alike in taste."),
        ("ment1", "ment0", "They are much alike in taste."),
    }
    (sheets / "mentees.csv").write_text("ref,village\n1,nowhere\n", encoding="utf-8")
    failed = run(*PAIR, "taste.toml", "--plugin", "taste.py", code=None)
    assert "feature:taste: compute raised OSError: the service is down" in failed.err
    unknown = run(*PAIR, "taste.toml", code=None)
    assert "there is no field 'feature:taste'" in unknown.err
