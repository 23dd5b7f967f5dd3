"""Every mistake is told in one message, in the words of whoever made it, with what to do."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mentorkit.journey import programs

Run = Callable[..., Any]

MISTAKES: dict[str, tuple[str, str]] = {
    # what is planted, and what must be told of it, whatever else is wrong
    "key of a rule": (
        '[[strategy.rules]]\nrul = "same"\nfield = "village"\n', "strategy.rules[0]: name the rule",
    ),
    "name of a rule": (
        '[[strategy.rules]]\nrule = "samee"\nfield = "village"\n', "there is no rule 'samee'",
    ),
    "zone": ('[program]\nzone = "Mars"\n', "program.zone: is no time zone"),
    "locale": ('[program]\nlocale = "xx"\n', "program.locale: is no language that is known"),
    "requirement": (
        '[[requirements]]\nid = "r"\nfield = "vilage"\n',
        "requirements[0].field: is no profile field; there are trade, village",
    ),
    "plugin": ("[plugins.nosuch]\nenabled = true\n", "plugins.nosuch: is not loaded"),
}  # fmt: skip


@pytest.mark.parametrize("planted", [*itertools.combinations(MISTAKES, 2), tuple(MISTAKES)])
def test_every_mistake_in_a_preset_is_told_whatever_else_is_wrong(
    folder: Path, planted: tuple[str, ...]
) -> None:
    import tomllib

    from mentorkit.hooks.registry import Registry
    from tests.cli.conftest import PRESET

    data = tomllib.loads(PRESET)
    for name in planted:
        for section, given in tomllib.loads(MISTAKES[name][0]).items():
            if section == "strategy":
                data["strategy"].setdefault("rules", []).extend(given["rules"])
            elif isinstance(given, dict):
                data.setdefault(section, {}).update(given)
            else:
                data[section] = given
    kit: Any = type("Kit", (), {"registry": Registry.load(("matching", "csv"))})
    told = [str(one) for one in programs._read(kit, data)[1]]
    for name in planted:
        assert any(MISTAKES[name][1] in one for one in told), (name, told)
    assert len(told) == len(planted), told
    if "key of a rule" in planted and "name of a rule" in planted:
        assert any(one.startswith("strategy.rules[1]") for one in told)


def test_a_wrong_key_and_a_wrong_file_are_told_together(sheets: Path, run: Run) -> None:
    (sheets / "bad.toml").write_text('[program]\nzone = "Mars"\n', encoding="utf-8")
    run("db", "upgrade")
    create = ("program", "create", "--key", "Z!", "--file")
    told = run(*create, "bad.toml", code=2).err
    assert "bad.toml, program.zone: is no time zone" in told
    assert "\n  - key: write small letters" in told
    (sheets / "torn.toml").write_text("[program\n", encoding="utf-8")
    told = run(*create, "torn.toml", code=2).err
    assert "torn.toml: mend it" in told
    assert "\n  - key: write small letters" in told
    assert "key: write small letters" in run(*create, "preset.toml", code=2).err
    (sheets / "good.txt").write_text((sheets / "preset.toml").read_text(encoding="utf-8"))
    assert "whose name ends in .toml" in run(*create, "good.txt", code=2).err
    assert "good.txt is no preset. Write a TOML file" in run(*create, "good.txt", code=2).err


def test_a_wrong_preset_key_and_zone_are_told_together(sheets: Path, run: Run) -> None:
    run("db", "upgrade")
    wrong = ("--key", "Bad Key", "--zone", "Nowhere/City")
    told = run("program", "create", "--preset", "cohrt", *wrong, code=2).err
    assert "--preset: There is no preset 'cohrt'; did you mean cohort?" in told
    assert "\n  - key: write small letters" in told
    assert "\n  - --zone: is no time zone; write one such as Africa/Nairobi" in told
    told = run("program", "create", "--preset", "cohort", *wrong, code=2).err
    assert "\n  - key: write small letters" in told
    assert told.count("is no time zone") == told.count("--zone: is no time zone") == 1
    for one in (wrong[:2], ("--key", "good", *wrong[2:])):
        told = run("program", "create", "--preset", "cohort", *one, code=2).err
        assert told.startswith("Error: The program cannot be made:\n")
    (sheets / "bad.toml").write_text('[program]\nzone = "Mars"\n', encoding="utf-8")
    told = run("program", "create", "--file", "bad.toml", "--key", "good", code=2).err
    assert told.startswith("Error: The preset cannot be used")


def test_what_is_wrong_in_a_file_is_told_with_its_name_and_the_part_of_a_cohort(
    sheets: Path, run: Run
) -> None:
    run("db", "upgrade")
    text = 'key = "traders"\n' + (sheets / "preset.toml").read_text(encoding="utf-8")
    cohorts = (
        'starts = "2027-01-31"',
        'key = "b"\nstarts = "soon"\nends = "2027-01-31"',
        'key = "c"\nstarts = "2027-01-31"\nends = "2027-01-31"',
    )
    text += "".join(f"\n[[cohorts]]\n{one}\n" for one in cohorts)
    (sheets / "bad.toml").write_text(text, encoding="utf-8")
    told = run("program", "create", "--file", "bad.toml", "--key", "traders", code=2).err
    assert "bad.toml, key: unknown" in told
    assert "bad.toml, cohorts[0]: write key and ends as well" in told
    assert "bad.toml, cohorts[1].starts: write a date, such as 2027-01-31" in told
    assert "bad.toml, cohorts[2].ends: write a day later than starts, 2027-01-31" in told


def test_a_file_without_the_columns_that_are_needed_is_told_all_of_them(
    sheets: Path, run: Run
) -> None:
    text = (sheets / "preset.toml").read_text(encoding="utf-8")
    (sheets / "preset.toml").write_text(
        text.replace("[fields.trade]\n", "[fields.trade]\nrequired = true\n")
    )
    run("db", "upgrade")
    run("program", "create", "--file", "preset.toml", "--key", "traders")
    (sheets / "fb.csv").write_text("Nombre,Correo\nGil,gil@example.org\n", encoding="utf-8")
    told = run("recruit", "fb.csv", "--role", "mentee", code=2).err
    assert "nothing tells people apart" in told
    assert "has no column for trade, which this program requires" in told
    named = run("recruit", "fb.csv", "--role", "mentee", "--source", "cvs", code=3).err
    assert "the source 'cvs'; there are: csv" in named


def test_broken_plugins_hide_nothing_else_that_is_wrong(sheets: Path, run: Run) -> None:
    (sheets / "torn.py").write_text("def f(:\n", encoding="utf-8")
    (sheets / "odd.py").write_text(ODD, encoding="utf-8")
    strategy = (sheets / "strategy.toml").read_text(encoding="utf-8")
    slip = strategy.replace("weight = 1", 'weight = "much"')
    (sheets / "strategy.toml").write_text(slip, encoding="utf-8")
    pair = (
        "pair", "--mentors", "mentors.csv", "--mentees", "mentees.csv",
        "--strategy", "strategy.toml",
    )  # fmt: skip
    told = run(
        *pair, "--plugin", "torn.py", "--plugin", "odd.py", "--out", "/no/such/p.csv", code=6
    ).err  # fmt: skip
    assert "torn (file torn.py), import: SyntaxError" in told
    assert "odd (file odd.py), mentorkit_rulez: there is no such hook" in told
    assert "mentorkit_criteria, bad.declared.field: write the id of a profile field" in told
    assert "mentorkit_criteria, typed.options.a.type: is no type of a value; write one of" in told
    assert "criteria[0].weight" in told
    assert "there is no folder /no/such" in told


ODD = """
from mentorkit import hookimpl
from mentorkit.hooks import Criterion, Equal

class Bad(Criterion):
    name = "bad"
    declared = Equal(field=3)

class Typed(Criterion):
    name = "typed"
    options = {"type": "object", "additionalProperties": False, "properties": {
        "a": {"type": "nmber", "default": 1, "title": "A", "description": "A number"}}}
    def score(self, mentee, mentor):
        return 1.0

@hookimpl
def mentorkit_criteria():
    return [Bad(), Typed()]

@hookimpl
def mentorkit_rulez():
    return []
"""


def test_every_wrong_lock_is_told_as_it_was_typed(traders: Path, run: Run) -> None:
    told = run("match", "--lock", "e1=m9", "--lock", "e8=m1", "--lock", "e7=m8", code=2).err
    for name in ("m9", "e8", "e7", "m8"):
        assert f"'{name}' is no available" in told
    told = run("match", "--lock", "e1=m1", "--lock", "e1=m2", "--lock", "e2=m1", code=2).err
    assert "lock e1=m2: 'e1' is locked to another mentor already" in told
    assert "lock e2=m1: 'm1' has no place left" in told


def test_a_lock_that_cannot_be_read_hides_nothing_else(traders: Path, run: Run) -> None:
    unread = {f"lock {one}: write MENTEE=MENTOR" for one in ("e3", "=m1", "e1=")}
    wrong = tuple(word for one in ("e3", "=m1", "e1=") for word in ("--lock", one))
    others = {
        "there is no program 'nosuch'": (3, "--program", "nosuch"),
        "cohort: ": (2, "--cohort", "nosuch"),
        "lock e1=m9: 'm9' is no available mentor here": (2, "--lock", "e1=m9"),
        "lock e1=m2: 'e1' is locked to another mentor": (2, "--lock", "e1=m1", "--lock", "e1=m2"),
        "lock e2=m1: 'm1' has no place left": (2, "--lock", "e1=m1", "--lock", "e2=m1"),
    }
    for expected, (code, *words) in others.items():
        told = run("match", *wrong, *words, code=code).err
        assert expected.casefold() in told.casefold()
        assert not [one for one in unread if one not in told], told
    every = [word for words in list(others.values())[2:] for word in words[1:]]
    told = run("match", *wrong, *every, code=2).err
    assert not [one for one in (*unread, *list(others)[2:]) if one not in told], told
    assert run("match", "--lock", "e1=m1").out


def test_who_is_paused_is_told_that_it_is_they_and_how_to_go_on(traders: Path, run: Run) -> None:
    run("match", "--lock", "e1=m1")
    run("publish")
    run("--as", "e1", "participant", "pause", "e1")
    told = run("--as", "e1", "relationship", "accept", "e1=m1", code=5).err
    assert "You are paused here" in told
    assert "participant resume" in told


def test_an_empty_tenant_is_none(traders: Path, run: Run) -> None:
    assert "--tenant is empty" in run("--tenant", "", "program", "show", code=2).err


def test_an_exit_code_is_kept_when_the_error_is_shown_whole(traders: Path, run: Run) -> None:
    done = run("--debug", "program", "show", "nosuch", code=3)
    assert "Traceback" in done.err
    assert "Error: There is no program 'nosuch' here" in done.err


def test_nobody_is_to_be_told_of_an_empty_draft(traders: Path, run: Run) -> None:
    for name in ("m1", "m2", "m3"):
        run("participant", "pause", name)
    run("match")
    told = run("publish").out
    assert "Nobody is to be told" in told
    assert "tells them" not in told


def test_a_name_that_is_not_taken_over_is_said(traders: Path, run: Run) -> None:
    run("staff", "add", "--name", "Ana Ruiz", "--user-ref", "4711")
    told = run("staff", "add", "--name", "Somebody Else", "--user-ref", "4711").out
    assert "known as Ana Ruiz here; the name was left as it is" in told


def test_one_participant_is_shown_whole_to_staff_and_themselves(traders: Path, run: Run) -> None:
    rows = "ref,name,trade,village,email\ne9,Gil,baker,Ora,gil@example.org\n"
    (traders / "more.csv").write_text(rows, encoding="utf-8")
    run("recruit", "more.csv", "--role", "mentee")
    run("participant", "decline", "gil@example.org", "--note", "Lives too far away.")
    told = run("participant", "show", "gil@example.org").out
    assert "Gil (e9): mentee, declined" in told
    assert "gil@example.org" in told
    assert "trade       baker" in told
    assert "staff about the participant: Lives too far away." in told
    assert "Lives too far away" not in run("--as", "e9", "participant", "show", "e9").out
    run("--as", "e1", "participant", "show", "e9", code=3)
    (note,) = json.loads(run("participant", "show", "e9", "--json").out)["notes"]
    assert (note["text"], note["about"]) == ("Lives too far away.", "participant")
    assert "``" not in run("person", "export", "--help").out
