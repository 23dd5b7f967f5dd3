"""A program from two spreadsheets to ended relationships, as somebody types it."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mentorkit.domain.people import Actor
from mentorkit.journey import onboard, signup
from mentorkit.kit import Kit

Run = Callable[..., Any]

NONE_LEFT = "Said yes to 0 proposals: there is none for which this is the next step.\n"


def listed(run: Run, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(*words, "--json").out)
    return found


def states(run: Run, noun: str) -> list[str]:
    rows = listed(run, "relationship", "list")
    return [row["state"] for row in rows if row["noun"] == noun]


def test_a_program_runs_from_import_to_ended_relationships(traders: Path, run: Run) -> None:
    told = run("match").out
    assert "Paired 3 of 3 mentees; there are 3 mentors." in told
    assert "nobody has been told" in told
    assert "Offered 3 pairs" in run("publish").out
    assert states(run, "proposal") == ["offered"] * 3
    told = run("relationship", "accept", "--all", "--means", "phone").out
    assert told.startswith(
        "Noted the yes of mentee and mentor for 3 proposals.\n"
        "3 relationships began: everybody asked has said yes.\n"
    )
    run("relationship", "meet", "e1=m1", "--minutes", "45")
    run("relationship", "pause", "e1=m1")
    assert sorted(states(run, "relationship")) == ["active", "active", "paused"]
    run("relationship", "resume", "--all")
    table = run("relationship", "list").out
    assert "Chipo Moyo" in table
    assert " 45 " in table
    told = run("relationship", "end", "--all", "--reason", "nonsense", code=2).err
    assert all(code in told for code in ("'nonsense'", "'completed'", "'no_contact'", "'other'"))
    assert "ended" not in states(run, "relationship")
    told = run("relationship", "end", "--all").out
    assert told.startswith(
        "Ended 3 relationships.\nThe reason noted is completed; it may be another"
    )
    assert set(states(run, "relationship")) == {"ended"}
    assert "pieces of work done" in run("work").out
    assert run("work").out.startswith("Nothing was due.\n")


def test_the_same_file_again_changes_nothing(traders: Path, run: Run) -> None:
    assert run("recruit", "mentees.csv", "--role", "mentee").out == (
        "Took in mentees.csv: 3 unchanged.\n"
    )


def test_what_a_sheet_loses_and_lacks_is_told_before_and_after(traders: Path, run: Run) -> None:
    (traders / "more.csv").write_text(
        "ref,name,trade,phone,Hours a month\ne7,Zoe,baker,0712 345 678,4\n", encoding="utf-8"
    )
    for preview in (("--preview",), ()):
        told = run("recruit", "more.csv", "--role", "mentee", *preview).err
        assert 'more.csv: this column is not read: "Hours a month"' in told
        assert (
            "more.csv: column phone, line 2 ('0712 345 678'): write it with the country's code"
            in told
        )


def test_a_row_that_may_tell_of_somebody_who_signed_up_is_named(traders: Path, run: Run) -> None:
    kit = Kit.embedded(traders / "mentorkit.db")
    signup.sign_up(
        kit, tenant="default", actor=Actor(user_ref="u7", means="form"), program="traders",
        role="mentee", name="Zoe", email="zoe@example.org",
    )  # fmt: skip
    kit.close()
    Path("more.csv").write_text("id,name,email\nz1,Zoe,zoe@example.org\n", encoding="utf-8")
    done = run("recruit", "more.csv", "--role", "mentee")
    assert "Took in more.csv: 1 new." in done.out
    assert "Perhaps here already:\n  - more.csv, line 2: Somebody with this name" in done.err


def test_a_preview_says_exactly_what_happens_and_writes_nothing(traders: Path, run: Run) -> None:
    text = (traders / "mentees.csv").read_text(encoding="utf-8")
    changed = text.replace("Chipo Moyo,baker", "Chipo Moyo,smith") + "e4,Fay,baker,Ora\ne5,X,x,\n"
    (traders / "mentees.csv").write_text(changed, encoding="utf-8")
    recruit = ("recruit", "mentees.csv", "--role", "mentee")
    seen = run(*recruit, "--preview", code=2)
    assert seen.out.splitlines() == [
        "Would take in mentees.csv: 1 new, 1 changed, 2 unchanged, 1 left out.",
        "  changed mentee e1 (Chipo Moyo): trade baker -> smith",
        "  new mentee e4 (Fay)",
        "This was a preview: nothing was written.",
    ]
    assert "mentees.csv, line 6, column trade: 'x' is not an option" in seen.err
    as_data = json.loads(run(*recruit, "--preview", "--json", code=2).out)
    assert len(as_data["problems"]) == 1
    assert [one["fields"] for one in as_data["changes"]] == [{"trade": ["baker", "smith"]}, {}]
    assert as_data["options"] == {"trade": ["baker", "smith", "tailor", "potter"]}
    assert len(listed(run, "participant", "list")) == 6
    done = run(*recruit, code=2)
    assert done.out.splitlines()[0] == (
        "Took in mentees.csv: 1 new, 1 changed, 2 unchanged, 1 left out."
    )
    assert done.err == seen.err
    good = "".join(line for line in changed.splitlines(keepends=True) if "e5" not in line)
    (traders / "mentees.csv").write_text(good, encoding="utf-8")
    assert run(*recruit).out.splitlines()[0] == "Took in mentees.csv: 4 unchanged."
    assert run(*recruit, "--preview").err == ""


def test_columns_of_the_file_are_named_on_the_command_line(traders: Path, run: Run) -> None:
    (traders / "more.csv").write_text("Nummer,Wer,Beruf\n9,Gil,baker\n", encoding="utf-8")
    recruit = ("recruit", "more.csv", "--role", "mentee", "--columns", "Nummer=ref")
    run(*recruit, "--columns", "Wer=name", "--columns", "Beruf=trade")
    row = next(row for row in listed(run, "participant", "list") if row["key"] == "9")
    assert (row["name"], row["profile"]) == ("Gil", {"trade": "baker"})
    wrong = run(*recruit, "--columns", "Wer", "--columns", "Nummer=name", code=2)
    assert "--columns Wer: write COLUMN=FIELD" in wrong.err
    assert "--columns Nummer=name: this column was named before" in wrong.err
    assert "no.csv: there is no such file" in run("recruit", "no.csv", code=2).err


def test_everything_wrong_with_the_columns_is_told_at_once_and_nothing_is_written(
    traders: Path, run: Run
) -> None:
    text = "ID,Nombre,Correo\n9,Gil,gil@example.org\n"
    (traders / "map.csv").write_text(text, encoding="utf-8")
    before = listed(run, "participant", "list")

    def wrong(*columns: str) -> list[str]:
        given = [word for one in columns for word in ("--columns", one)]
        done = run("recruit", "map.csv", "--role", "mentor", *given, code=2)
        assert not done.out
        lines: list[str] = done.err.splitlines()
        assert lines[0] == "Error: The columns cannot be used:"
        return lines[1:]

    assert wrong("ID=ref", "Nombre=nmae", "Correo=emial") == [
        "  - --columns Nombre=nmae: 'nmae' is no field; did you mean 'name'?",
        "  - --columns Correo=emial: 'emial' is no field; did you mean 'email'?",
    ]
    told = wrong("Nombre", "IDD=ref", "Correo=blood")
    assert told[0].startswith("  - --columns Nombre: write COLUMN=FIELD")
    assert told[1].startswith("  - --columns Correo=blood: 'blood' is no field; there are: trade,")
    assert told[2] == (
        '  - map.csv, column IDD: is mapped to ref but not there; did you mean "ID"?'
    )
    assert len(told) == 3
    assert wrong("Nombre")[0].startswith("  - --columns Nombre: write COLUMN=FIELD")
    assert listed(run, "participant", "list") == before


def test_a_column_that_may_be_meant_is_told_with_what_to_type(traders: Path, run: Run) -> None:
    (traders / "odd.csv").write_text("ID,nmae\n9,Gil\n", encoding="utf-8")
    (traders / "worse.csv").write_text("Emial,nmae\ng@example.org,Gil\n", encoding="utf-8")
    hint = "--columns: says what a heading feeds: `--columns nmae=name`"
    assert hint in run("recruit", "odd.csv", "--role", "mentor").err
    assert hint in run("recruit", "worse.csv", "--role", "mentor", code=2).err
    turned = ("--columns", "name=nmae")
    told = run("recruit", "odd.csv", "--role", "mentor", *turned, code=2).err.splitlines()
    assert len(told) == 2
    assert "odd.csv, column name: turn the two round: write `--columns nmae=name` (left" in told[1]


def test_a_file_that_does_not_say_who_is_in_it_is_refused_once(traders: Path, run: Run) -> None:
    done = run("recruit", "mentees.csv", code=2)
    assert done.out == ""
    assert done.err.count("give --role mentor or --role mentee") == 1
    assert "line" not in done.err
    (traders / "roles.csv").write_text("ref,name,role\nr1,Gil,mentee\n", encoding="utf-8")
    run("recruit", "roles.csv")
    (traders / "roles.csv").write_text("ref,name,role\nr1,Gil,coach\n", encoding="utf-8")
    assert "'coach' is no role" in run("recruit", "roles.csv", code=2).err


def test_a_file_of_which_nothing_can_be_used_leaves_with_2(traders: Path, run: Run) -> None:
    (traders / "bad.csv").write_text("ref,name,trade\nb1,Gil,juggler\n", encoding="utf-8")
    for extra in ((), ("--preview",), ("--json",)):
        done = run("recruit", "bad.csv", "--role", "mentee", *extra, code=2)
        assert "1 row left out" in done.err
        assert done.out
    (traders / "bad.csv").write_text("ref,name,trade,born\nb1,Gil,juggler,soon\n", encoding="utf-8")
    told = run("recruit", "bad.csv", "--role", "mentee", code=2).err
    assert "1 row left out" in told
    assert told.index("  - bad.csv, line 2:\n      column ") < told.index(
        "\n      column trade: 'jug"
    )
    (traders / "bad.csv").write_text("ref,name,trade\n", encoding="utf-8")
    assert "bad.csv: nobody" in run("recruit", "bad.csv", "--role", "mentee", code=2).out


def test_a_column_named_on_the_command_line_adds_to_those_that_fit(traders: Path, run: Run) -> None:
    (traders / "more.csv").write_text("Nummer,name,trade\n9,Gil,baker\n", encoding="utf-8")
    run("recruit", "more.csv", "--role", "mentee", "--columns", "Nummer=ref")
    row = next(row for row in listed(run, "participant", "list") if row["key"] == "9")
    assert (row["name"], row["profile"]) == ("Gil", {"trade": "baker"})


def test_people_are_listed_with_what_they_do_not_meet(traders: Path, run: Run) -> None:
    lines = run("participant", "list", "--role", "mentor").out.splitlines()
    titles = ["KEY", "NAME", "ROLE", "STATE", "CONSENT", "PLACES", "NOT MET", "SIGN-OFF MISSING"]
    assert re.split(r" {2,}", lines[0].strip()) == titles
    assert lines[2].split() == [
        "m1",
        "Aïcha",
        "Ouédraogo",
        "mentor",
        "active",
        "yes",
        "0",
        "of",
        "1",
    ]
    assert "Nobody here." in run("participant", "list", "--state", "left").out
    rows = listed(run, "participant", "list", "--role", "mentor", "--search", "OUEDRAOGO aicha")
    assert [row["key"] for row in rows] == ["m1"]
    assert run("participant", "list", "--search", "nobody").out == "Nobody fits that search.\n"


def test_people_are_named_by_key_or_id_in_words_or_in_a_file(traders: Path, run: Run) -> None:
    with (traders / "mentees.csv").open("a", encoding="utf-8") as file:
        file.writelines(f"n{i},Name {i},baker,Ora\n" for i in range(5))
    run("recruit", "mentees.csv", "--role", "mentee")
    rows = {row["key"]: row for row in listed(run, "participant", "list", "--state", "lead")}
    assert run("participant", "approve", rows["n0"]["id"], "n1").out.startswith(
        "Approved 2 participants.\n"
    )
    (traders / "who.txt").write_text("# the next two\nn2\n\n  n3  \nn2\n", encoding="utf-8")
    assert run("participant", "approve", "--file", "who.txt").out.startswith(
        "Approved 2 participants.\n"
    )
    declined = run("participant", "decline", "--file", "-", piped="n4\n")
    assert declined.out.startswith("Declined 1 participant.\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "Say which ones"),
        (("e1", "--all"), 2, "Say which ones"),
        (("--file", "none.txt"), 2, "none.txt: there is no such file"),
        (("--file", "empty.txt"), 2, "empty.txt: has no line"),
        (("nobody", "e1", "else"), 3, "no participant nobody, else here. Nothing was changed."),
    ],
)
def test_a_selection_that_cannot_be_is_refused_and_nothing_changes(
    traders: Path, run: Run, words: tuple[str, ...], code: int, said: str
) -> None:
    (traders / "empty.txt").write_text("# nobody\n", encoding="utf-8")
    before = listed(run, "participant", "list")
    assert said in run("participant", "consent", *words, code=code).err
    assert listed(run, "participant", "list") == before


def test_what_is_refused_for_some_does_not_stop_the_rest(traders: Path, run: Run) -> None:
    with (traders / "mentees.csv").open("a", encoding="utf-8") as file:
        file.write("n1,New,baker,Ora\n")
    run("recruit", "mentees.csv", "--role", "mentee")
    done = run("participant", "approve", "n1", "e1", "e2", code=5)
    assert done.out.startswith("Approved 1 participant.\n")
    assert done.err.startswith("Refused for 2 participants:\n  - e1, e2: A participant that is")
    report = json.loads(run("participant", "approve", "n1", "e1", "--json", code=5).out)
    assert [one["name"] for one in report["refused"]] == ["n1", "e1"]


def test_a_single_refusal_has_its_own_exit_code(traders: Path, run: Run) -> None:
    assert "cannot become approved" in run("participant", "approve", "e1", code=5).err
    run("match")
    run("publish")
    run("relationship", "accept", "--all")
    meet = ("relationship", "meet", "e1=m1", "--minutes")
    assert "from 1 to 1440" in run(*meet, "5000", code=2).err
    told = run(*meet, "50", "--at", "yesterday", code=2).err
    assert "cannot be read" in told
    assert "  - --at: write date" in told
    assert (
        "--at: lies in the future" in run(*meet, "50", "--at", "2999-01-01T10:00+00:00", code=2).err
    )


def test_a_lock_is_kept_and_a_wrong_one_refused(traders: Path, run: Run) -> None:
    run("match", "--lock", "e3=m1")
    rows = listed(run, "relationship", "list", "--state", "draft")
    assert ("Emeka Eze", "Aïcha Ouédraogo", True) in {
        (row["mentee"], row["mentor"], row["locked"]) for row in rows
    }
    told = run("match", "--lock", "e3=m1").out
    assert "breaks a rule" not in told  # this strategy has none
    preset = (traders / "preset.toml").read_text(encoding="utf-8")
    ruled = preset + '\n[[strategy.rules]]\nrule = "same"\nfield = "trade"\n'
    (traders / "ruled.toml").write_text(ruled, encoding="utf-8")
    run("program", "create", "--file", "ruled.toml", "--key", "ruled")
    run("program", "open", "ruled")
    run("recruit", "mentors.csv", "--role", "mentor", "--program", "ruled")
    run("recruit", "mentees.csv", "--role", "mentee", "--program", "ruled")
    for step in ("approve", "consent", "onboard"):
        run("participant", step, "--all", "--program", "ruled")
    told = run("match", "--lock", "e3=m1", "--program", "ruled").out
    assert (
        "1 locked pair breaks a rule of the strategy.\n"
        "  Emeka Eze and Aïcha Ouédraogo: The pair breaks the rule that asks for the same trade."
    ) in told
    traded = ("--program", "traders")
    assert "write MENTEE=MENTOR" in run("match", "--lock", "e3", *traded, code=2).err
    unknown = run("match", "--lock", "e3=nobody", *traded, code=2).err
    assert "'nobody' is no available mentor here" in unknown


def test_a_draft_is_published_by_its_id_and_only_once(traders: Path, run: Run) -> None:
    made = json.loads(run("match", "--json").out)
    assert made["summary"]["pairs"] == 3
    run("publish", made["id"])
    assert "is published already" in run("publish", made["id"], code=5).err
    assert "no drafted run" in run("publish", code=3).err


def test_people_act_for_themselves_by_id_key_or_address(traders: Path, run: Run) -> None:
    (traders / "more.csv").write_text(
        "ref,name,trade,email\ne9,Gil,baker,Gil@Example.org\n", encoding="utf-8"
    )
    run("recruit", "more.csv", "--role", "mentee")
    one = next(row for row in listed(run, "participant", "list") if row["key"] == "e9")
    for name in ("e9", "gil@example.org", one["person_id"]):
        run("--as", name, "participant", "consent", one["id"])
    assert "nobody here" in run("--as", "stranger", "participant", "list", code=3).err
    assert (
        "Only staff" in run("--as", "e9", "participant", "list", "--program", "traders", code=4).err
    )
    other = next(row for row in listed(run, "participant", "list") if row["key"] == "e1")
    assert (
        f"There is no participant {other['id']} here"
        in run("--as", "e9", "participant", "consent", other["id"], code=3).err
    )


def test_mentee_and_mentor_answer_in_turn(traders: Path, run: Run) -> None:
    run("match")
    run("publish")
    first = next(
        row for row in listed(run, "relationship", "list") if row["mentee"] == "Chipo Moyo"
    )
    accept = ("relationship", "accept", first["id"])
    assert f"no proposal {first['id']} here" in run("--as", "m1", *accept, code=3).err
    assert run("--as", "e1", *accept).out == "Said yes to 1 proposal.\n"
    assert "already noted" in run("--as", "e1", *accept, code=5).err
    assert "mentor" in run("relationship", "list", "--state", "offered").out
    assert "1 relationship began" in run("--as", "m1", *accept).out
    run("relationship", "decline", "--all", "--reason", "no_time")
    assert states(run, "proposal") == []


@pytest.mark.parametrize(("first", "second"), [("e1", "m1"), ("m1", "e1")])
def test_the_second_finds_no_proposal_until_the_first_has_said_yes(
    traders: Path, run: Run, first: str, second: str
) -> None:
    text = (traders / "preset.toml").read_text("utf-8")
    chain = ["mentee", "mentor"] if first == "e1" else ["mentor", "mentee"]
    text = text.replace('["mentee", "mentor"]', json.dumps(chain)).replace("Traders", "Others")
    (traders / "other.toml").write_text(text, encoding="utf-8")
    run("program", "create", "--file", "other.toml", "--key", "other")
    run("program", "open", "other")
    at = ("--program", "other")
    for role in ("mentee", "mentor"):
        run("recruit", f"{role}s.csv", "--role", role, *at)
    for verb in ("approve", "consent", "onboard"):
        run("participant", verb, "--all", *at)
    run("relationship", "propose", "e1", "m1", *at)
    own = ("--as", second, "relationship")
    assert listed(run, *own, "list", *at) == []
    for verb in ("accept", "decline", "ask", "talk", "withdraw"):
        words = ("--text", "When?") if verb == "ask" else ()
        assert "no proposal e1=m1 here" in run(*own, verb, "e1=m1", *words, *at, code=3).err
    run("work")
    assert listed(run, "inbox", "list", "--person", second) == []
    run("--as", first, "relationship", "accept", "e1=m1", *at)
    (row,) = listed(run, *own, "list", *at)
    assert row["your_turn"]
    assert "1 relationship began" in run(*own, "accept", "e1=m1", *at).out


def test_one_asks_and_the_other_replies(traders: Path, run: Run) -> None:
    run("match")
    run("publish")
    (own,) = json.loads(run("--as", "e1", "relationship", "list", "--json").out)
    ask = ("relationship", "ask", own["id"], "--text", "Do you sell online?")
    reply = ("relationship", "reply", "--all", "--text", "Since 2019.")
    assert run("--as", "e1", *ask).out == "Asked about 1 proposal.\n"
    assert "question" in run("relationship", "list", "--state", "question").out
    assert "replies to your question" in run("--as", "e1", *reply, code=4).err
    assert run("--as", "m1", *reply).out == "Replied about 1 proposal.\n"
    run("work")
    inboxes = {who: run("inbox", "list", "--person", who, "--json").out for who in ("e1", "m1")}
    assert "The reply to your question" in inboxes["e1"]
    assert states(run, "proposal") == ["offered"] * 3


def test_the_two_name_their_pair_as_the_guide_does_and_as_the_list_does(
    traders: Path, run: Run
) -> None:
    guide = (Path(__file__).parents[2] / "docs/how-to/run_a_program.md").read_text("utf-8")
    assert "mentorkit --as PERSON relationship ask MENTEE=MENTOR --text" in guide
    run("match")
    run("publish")
    ask = ("--as", "e1", "relationship", "ask", "e1=m1", "--text", "Do you sell online?")
    assert run(*ask).out == "Asked about 1 proposal.\n"
    assert run("--as", "m1", "relationship", "reply", "e1=m1", "--text", "Yes.").out
    assert run("--as", "e1", "relationship", "accept", "e1=m1").out == "Said yes to 1 proposal.\n"
    told = run("--as", "m1", "relationship", "list").out
    (own,) = listed(run, "--as", "m1", "relationship", "list")
    assert own["id"] in told
    assert "`mentorkit --as m1 relationship ask PROPOSAL --text" in told
    assert "1 relationship began" in run("--as", "m1", "relationship", "accept", "e1=m1").out
    assert run("--as", "m1", "relationship", "pause", "e1=m1").out.startswith(
        "Paused 1 relationship.\n"
    )


def test_a_refusal_of_all_shows_no_key_of_the_other(traders: Path, run: Run) -> None:
    for mentor in ("m1", "m2"):
        run("relationship", "propose", "e1", mentor)
    own = ("--as", "e1", "relationship")
    run(*own, "ask", "--all", "--text", "Do you sell online?")
    run("work")  # looks at what was written, and passes it on
    refused = run(*own, "reply", "--all", "--text", "Yes.", code=4).err
    assert "e1=" in refused
    assert "m1" not in refused


def test_staff_read_a_question_before_they_reply_to_it(traders: Path, run: Run) -> None:
    run("match")
    run("publish")
    talk = ("relationship", "talk", "e1=m1")
    assert run(*talk).out == "Chipo Moyo and Aïcha Ouédraogo: nothing was asked.\n"
    assert run("relationship", "talk", "--all").out == "Nothing is asked about a proposal here.\n"
    run("--as", "e1", "relationship", "accept", "e1=m1")
    run("--as", "m1", "relationship", "ask", "e1=m1", "--text", "Do you sell?\nOnline too?")
    table = run("relationship", "list", "--state", "question").out
    assert re.search(r"question +mentee ", table)
    assert "`mentorkit relationship talk PROPOSAL` shows a question" in table
    run("relationship", "reply", "--all", "--text", "Since 2019.")
    told = run(*talk).out
    assert re.fullmatch(
        r"Chipo Moyo and Aïcha Ouédraogo:\n"
        r"  \d{4}-\d\d-\d\d \d\d:\d\d, the mentor asked:\n    Do you sell\?\n    Online too\?\n"
        r"  \d{4}-\d\d-\d\d \d\d:\d\d, the admin replied:\n    Since 2019\.\n",
        told,
    )
    assert run("--as", "e1", *talk).out == told == run("relationship", "talk", "--all").out
    assert [(one["kind"], one["by"], one["text"]) for one in listed(run, *talk)] == [
        ("question", "mentor", "Do you sell?\nOnline too?"),
        ("reply", "admin", "Since 2019."),
    ]
    assert "no proposal e1=m1" in run("--as", "e2", *talk, code=3).err


def test_an_offer_is_withdrawn_and_the_two_proposed_again(traders: Path, run: Run) -> None:
    propose = ("relationship", "propose", "e1", "m1")
    run(*propose)
    assert run("relationship", "withdraw", "e1=m1").out.startswith("Withdrew 1 proposal.\n")
    assert states(run, "proposal") == []
    assert "withdrawn already" in run("relationship", "withdraw", "e1=m1", code=5).err
    run(*propose)
    assert states(run, "proposal") == ["offered"]


def test_all_is_what_is_the_persons_turn(traders: Path, run: Run) -> None:
    run("match")
    run("publish")
    accept = ("relationship", "accept", "--all")
    assert run("--as", "m1", *accept).out == NONE_LEFT
    assert run("--as", "e1", *accept).out == "Said yes to 1 proposal.\n"
    assert run("--as", "e1", *accept).out == NONE_LEFT
    told = run(*accept, "--for", "mentee")
    assert told.out.startswith("Noted the yes of mentee for 2 proposals.\nNext: ")
    assert told.err == ""
    run("--as", "m1", *accept)
    assert states(run, "relationship") == ["active"]
    run("staff", "add", "m2", "--role", "coordinator")
    run("--as", "m2", *accept)
    assert states(run, "relationship") == ["active"] * 3


def test_people_see_and_answer_what_is_theirs_without_the_keys_of_others(
    traders: Path, run: Run
) -> None:
    run("match")
    assert json.loads(run("--as", "e1", "relationship", "list", "--json").out) == []  # a draft
    run("publish")
    ana = ("--as", "e1", "relationship")
    (offered,) = json.loads(run(*ana, "list", "--json").out)
    assert (offered["mentee_key"], offered["mentor_key"]) == ("e1", None)
    told = run(*ana, "list").out
    assert "Chipo Moyo (e1)  Aïcha Ouédraogo" in told
    assert "m1" not in told
    assert "It is your turn: `mentorkit --as e1 relationship accept PROPOSAL`" in told
    assert "--for" not in told
    assert "no proposal e2=m2 here" in run(*ana, "accept", "e2=m2", code=3).err
    assert run(*ana, "accept", offered["id"]).out == "Said yes to 1 proposal.\n"
    accept = ("relationship", "accept", offered["id"])
    assert "1 relationship began" in run("--as", "m1", *accept).out
    (held,) = json.loads(run(*ana, "list", "--json").out)
    assert "Logged a meeting" in run(*ana, "meet", held["id"], "--minutes", "45").out
    assert "Chipo Moyo (e1)  Aïcha Ouédraogo  " in run(*ana, "list").out
    assert len(listed(run, "relationship", "list")) == 3


def test_staff_are_appointed_and_then_act(traders: Path, run: Run) -> None:
    told = run("staff", "add", "--name", "Ada Boss", "--user-ref", "u7").out
    assert told.startswith("Appointed Ada Boss as coordinator. Their id is ")
    person = told.strip().rstrip(".").rsplit(" ", 1)[1]
    assert "Aïcha" in run("--as", person, "participant", "list").out
    assert "Aïcha" in run("--as", "u7", "participant", "list").out
    run("staff", "add", "e1", "--role", "viewer")
    assert "Aïcha" in run("--as", "e1", "participant", "list").out
    assert "Only staff" in run("--as", "e1", "participant", "decline", "m1", code=4).err
    told = run("staff", "add", "zoe@example.org", code=3).err
    assert "There is nobody here" in told
    assert "`mentorkit staff add zoe@example.org --name NAME`" in told
    table = run("staff", "list").out
    assert "Ada Boss    u7    coordinator" in table
    assert run("staff", "remove", "e1").out == "e1 is no viewer here any more.\n"
    assert [row["name"] for row in listed(run, "staff", "list")] == ["Ada Boss"]
    assert "is no staff" in run("staff", "remove", "e1", code=3).err
    assert "Say who" in run("staff", "add", code=2).err


def test_a_program_shows_its_cohorts_with_their_days_or_where_they_are_set(
    traders: Path, run: Run
) -> None:
    told = run("program", "show", "traders").out
    assert "  cohort      none; `mentorkit program set --file FILE` adds [[cohorts]]\n" in told
    told = run("program", "create", "--preset", "cohort", "--key", "dated").out
    spring, autumn = (
        "2027-spring, 2027-03-01 to 2027-05-24",
        "2027-autumn, 2027-09-06 to 2027-11-29",
    )
    assert f"Its cohorts: {spring}; {autumn}.\n" in told
    assert "`mentorkit program set dated --file FILE`" in told
    told = run("program", "show", "dated").out
    assert f"  cohort      {spring}\n  cohort      {autumn}\n" in told
    (first, _) = json.loads(run("program", "show", "dated", "--json").out)["cohorts"]
    assert (first["key"], first["starts"]) == ("2027-spring", "2027-03-01")


def test_programs_are_shown_exported_and_made_again(traders: Path, run: Run) -> None:
    assert "traders  Traders  open" in run("program", "show").out
    told = run("program", "show", "traders").out
    assert "accepted by mentee then mentor, within 10 days" in told
    assert "mentee  active       3" in told
    run("program", "export", "--out", "out.toml")
    data = tomllib.loads((traders / "out.toml").read_text(encoding="utf-8"))
    assert data["fields"]["trade"]["options"] == ["baker", "smith", "tailor", "potter"]
    assert tomllib.loads(run("program", "export", "traders").out) == data
    assert json.loads(run("program", "export", "--json").out)["title"] == {"en": "Traders"}
    run("program", "create", "--file", "out.toml", "--key", "again", "--name", "Again")
    assert tomllib.loads(run("program", "export", "again").out)["strategy"] == data["strategy"]
    several = run("participant", "list", code=2).err
    assert "--program: say which one: traders, again" in several
    assert (
        "There is a program 'again' already"
        in run("program", "create", "--file", "out.toml", "--key", "again", code=5).err
    )
    run("program", "open", "again")
    assert "is closed" in run("program", "close", "again").out


def test_a_program_is_shown_with_its_drafts_proposals_and_relationships(
    traders: Path, run: Run
) -> None:
    told = run("program", "show", "traders").out
    assert told.endswith("Proposals: none yet.\nRelationships: none yet.\n")
    run("match")
    told = run("program", "show", "traders").out
    assert "Proposals: 3 draft.\nRelationships: none yet.\nDrafts: 1 match run that" in told
    run("publish")
    run("relationship", "accept", "--all")
    run("relationship", "pause", "e1=m1")
    told = run("program", "show", "traders").out
    assert "Proposals: 3 accepted.\nRelationships: 2 active, 1 paused.\n" in told
    assert "Drafts" not in told
    shown = json.loads(run("program", "show", "traders", "--json").out)
    assert shown["proposals"] == {"accepted": 3}
    assert (shown["relationships"], shown["drafts"]) == ({"paused": 1, "active": 2}, 0)


@pytest.mark.parametrize(
    "words",
    [
        "match", "publish", "program open", "program open traders", "program export", "work",
        "participant list", "participant list --program traders", "participant approve --all",
        "participant approve m1", "participant decline m2", "recruit mentors.csv --role mentor",
        "staff add e2",
    ],
)  # fmt: skip
def test_a_participant_who_tries_staff_work_leaves_with_4(
    traders: Path, run: Run, words: str
) -> None:
    run("--as", "m1", *words.split(), code=4)


def test_a_participant_is_not_told_to_make_a_program(traders: Path, run: Run) -> None:
    for words, code in ((("participant", "list"), 4), (("program", "show"), 0)):
        done = run("--as", "m1", *words, code=code)
        told = done.out + done.err
        assert "m1 runs no program" in told
        assert "program create" not in told


def test_a_community_runs_by_what_its_members_ask_for(folder: Path, run: Run) -> None:
    """The commands of docs/how-to/run_a_program.md, and the same wishes as a column of a sheet."""
    run("db", "upgrade")
    run("demo", "sheets", "sample", "--mentees", "9", "--mentors", "9")
    run("program", "create", "--preset", "community", "--key", "owners")
    run("program", "open")
    mentees = (folder / "sample" / "mentees.csv").read_text(encoding="utf-8-sig")
    header, *people = mentees.splitlines()
    wishes = ["M00005; M00006; M7" if row.startswith("E00004") else "" for row in people]
    sheet = [
        f"{header},choices",
        *(f"{row},{wish}" for row, wish in zip(people, wishes, strict=True)),
    ]
    (folder / "sample" / "mentees.csv").write_text("\n".join(sheet), encoding="utf-8")
    for role in ("mentor", "mentee"):
        run("recruit", f"sample/{role}s.csv", "--role", role)
    for step in ("approve", "consent", "onboard"):
        run("participant", step, "--all")

    told = run("--as", "E00002", "relationship", "propose", "E00002", "M00001").out
    assert told.startswith("Proposed that E00002 and M00001 work together (")
    assert "relationship accept" not in told  # the one who is asked answers
    offered = listed(run, "relationship", "list", "--state", "offered")
    assert [(row["origin"], row["awaiting"]) for row in offered] == [("mentee", "mentor")]
    noted = run("relationship", "list").out
    assert "--for mentor --means phone`" in noted  # the mentee has said yes by asking
    assert "1 relationship began" in run("--as", "M00001", "relationship", "accept",
                                         offered[0]["id"]).out  # fmt: skip

    made = json.loads(run("relationship", "propose", "E00003", "M00004", "--json").out)
    assert made["origin"] == "staff"
    assert "Each answers with" in run("relationship", "list").out
    told = run("--db", "mentorkit.db", "relationship", "list").out
    assert "`mentorkit --db mentorkit.db --as PERSON relationship accept PROPOSAL`" in told
    assert "`mentorkit --db mentorkit.db relationship accept MENTEE=MENTOR --for" in told
    for side in ("mentee", "mentor"):
        run("relationship", "accept", "E00003=M00004", "--for", side, "--means", "phone")
    matched = run("match")
    told = matched.out
    assert "mentees: `choices` asks for 'M7' (1x), who is no mentor of this run" in matched.err
    assert "Paired 1 of 9 mentees" in told  # the one who named mentors in the sheet
    assert "\nThese are the mentees' own choices; neither score nor the most pairs" in told
    assert "below the best" not in told
    assert "rather have" not in told
    run("publish")
    run("relationship", "accept", "--all")
    assert run("relationship", "end", "--all").out.startswith("Ended 3 relationships.\n")


@pytest.mark.parametrize(
    ("pair", "code", "said"),
    [
        (("e1", "nobody"), 3, "There is nobody here"),
        (("e1", "e2"), 3, "e2 takes part as no mentor here"),
        (("e1", "m1", "--program", "other"), 3, "e1 takes part as no mentee here"),
        (("e2", "m1", "--as", "e1"), 4, "The staff match people here"),
    ],
)
def test_a_pair_that_cannot_be_asked_for_is_refused(
    traders: Path, run: Run, pair: tuple[str, ...], code: int, said: str
) -> None:
    person = ("--as", pair[-1]) if "--as" in pair else ()
    words = pair[:2] if person else pair
    assert said in run(*person, "relationship", "propose", *words, code=code).err
    assert states(run, "proposal") == []


def test_whoever_is_in_two_programs_says_which(traders: Path, run: Run) -> None:
    run("program", "create", "--file", "preset.toml", "--key", "again")
    run("program", "open", "again")
    for role in ("mentor", "mentee"):
        run("recruit", f"{role}s.csv", "--role", role, "--program", "again")
    several = run("relationship", "propose", "e1", "m1", code=2).err
    assert "--program: say which one" in several
    run("relationship", "propose", "e1", "m1", "--program", "traders")


def test_who_has_left_is_taken_back_in_by_staff(traders: Path, run: Run) -> None:
    (ana,) = [row for row in listed(run, "participant", "list") if row["key"] == "e1"]
    run("person", "erase", "e2", "--yes")
    kit = Kit.embedded(traders / "mentorkit.db")
    by = Actor(person_id=ana["person_id"])
    onboard.leave(kit, tenant="default", actor=by, participant=ana["id"])
    kit.close()
    told = run("recruit", "mentees.csv", "--role", "mentee", code=None).err
    assert "e1 has left before" in told
    assert "`mentorkit participant readmit` takes them back in." in told
    assert run("participant", "readmit", "--all").out.startswith("Took back in 1 participant.\n")
    now = {
        row["key"]: row["state"] for row in listed(run, "participant", "list", "--role", "mentee")
    }
    assert now == {"e1": "lead", None: "left", "e3": "active"}


def test_circles_are_counted_once_and_go_on_without_one(sheets: Path, run: Run) -> None:
    text = (sheets / "preset.toml").read_text(encoding="utf-8")
    circle = text.replace("[program]", '[program]\nkind = "circle"')
    (sheets / "circle.toml").write_text(circle, encoding="utf-8")
    run("db", "upgrade")
    run("program", "create", "--file", "circle.toml", "--key", "rounds")
    run("program", "open")
    for role in ("mentor", "mentee"):
        run("recruit", f"{role}s.csv", "--role", role)
    for step in ("approve", "consent", "onboard"):
        run("participant", step, "--all")
    for mentee in ("e1", "e2"):
        run("relationship", "propose", mentee, "m2")
    told = run("relationship", "accept", "--all").out
    assert told.splitlines()[:2] == [
        "Noted the yes of mentee and mentor for 2 proposals.",
        "2 yeses; 1 circle is running.",
    ]
    (circle_id,) = {row["id"] for row in listed(run, "relationship", "list", "--state", "active")}
    end = ("relationship", "end", circle_id)
    told = run("--as", "e1", *end, "--reason", "no_time").out
    assert told == "Left 1 circle, which goes on.\nThe reason noted is no_time.\n"
    run("relationship", "propose", "e1", "m2")
    run("relationship", "accept", "--all")
    only = ("relationship", "end", "--all", "--only")
    assert "no relationship here" in run(*only, "m2", code=3).err
    run("--as", "m2", *only, "e1", code=4)
    assert run(*only, "e1").out.startswith("Took e1 out of 1 relationship.\n")
    assert run("--as", "m2", *end).out.startswith("Ended 1 relationship.\n")


def test_every_shipped_preset_makes_a_program(run: Run) -> None:
    run("db", "upgrade")
    for preset in ("high_touch", "low_touch", "cohort", "community", "circles"):
        run("program", "create", "--preset", preset, "--key", preset)
        run("program", "open", preset)
    assert len(listed(run, "program", "show")) == 5


def test_a_wrong_preset_is_refused_with_everything_wrong(traders: Path, run: Run) -> None:
    (traders / "bad.toml").write_text(
        'surprise = 1\n[program]\nzone = "Mars"\n[[strategy.criteria]]\ncriterion = "equall"\n',
        encoding="utf-8",
    )
    create = ("program", "create", "--key", "bad", "--file", "bad.toml")
    wrong = run(*create, code=2).err
    assert "surprise: " in wrong
    assert "program.zone: " in wrong
    (traders / "bad.toml").write_text("[program\n", encoding="utf-8")
    assert "line 1" in run(*create, code=2).err
    assert (
        "there is no such file"
        in run("program", "create", "--key", "bad", "--file", "no.toml", code=2).err
    )
    told = run("program", "create", "--key", "bad", code=2).err
    assert "cohort      One dated intake" in told
    both = run(*create, "--preset", "cohort", code=2).err
    assert "Give --preset or --file, not both." in both
    assert (
        "There is no preset 'x'"
        in run("program", "create", "--key", "bad", "--preset", "x", code=2).err
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty.csv", ""),
        ("empty.toml", ""),
        ("strategy.csv", '[[strategy.criteria]]\ncriterion = "equal"\nfield = "trade"\n'),
        ("title.toml", 'title = "Traders"\n'),
    ],
)
def test_a_file_that_no_program_can_be_run_by_is_refused(
    traders: Path, run: Run, name: str, text: str
) -> None:
    (traders / name).write_text(text, encoding="utf-8")
    told = run("program", "create", "--key", "bad", "--file", name, code=2).err
    assert told.startswith(f"Error: {name} is no preset. Write a TOML file with at least one ")
    assert len(listed(run, "program", "show")) == 1


def test_another_tenant_sees_nothing(traders: Path, run: Run) -> None:
    row = listed(run, "participant", "list")[0]
    other = ("--tenant", "other")
    assert "There is no program in tenant 'other'" in run(*other, "program", "show").out
    run(*other, "participant", "list", "--program", "traders", code=3)
    run(*other, "program", "create", "--file", "preset.toml", "--key", "traders")
    assert "Nothing was changed" in run(*other, "participant", "decline", row["id"], code=3).err


def test_a_wrong_file_of_pairs_is_told_by_its_lines_and_quoted_nowhere(
    traders: Path, run: Run
) -> None:
    (traders / "wrong.csv").write_text("ref,name,email\n" * 2 + "m1,Ana,a@b.org\n" * 40 + "".join(
        f"m{i},Ana {'x' * 300},a@b.org\n" for i in range(40)
    ), encoding="utf-8")  # fmt: skip
    told = run("relationship", "end", "--file", "wrong.csv", code=2).err
    lines = told.splitlines()
    assert lines[0] == "Error: Nothing was changed:"
    assert lines[1] == "  - wrong.csv, line 1: is neither MENTEE=MENTOR nor an id"
    assert lines[-1] == "  - ... and 32 more"
    assert len(lines) == 12
    assert "Ana" not in told
    (traders / "who.txt").write_text(f"e1\n# some\nnobody{'x' * 300}\n", encoding="utf-8")
    told = run("participant", "consent", "--file", "who.txt", code=3).err
    assert f"  - who.txt, line 3: there is no participant nobody{'x' * 33}…\n" in told


def test_a_program_is_not_written_over_something_else_unless_told_to(
    traders: Path, run: Run
) -> None:
    before = (traders / "mentors.csv").read_bytes()
    export = ("program", "export", "--out")
    assert "--force" in run(*export, "mentors.csv", code=5).err
    assert (traders / "mentors.csv").read_bytes() == before
    run(*export, "traders.toml")
    run(*export, "traders.toml")
    run(*export, "mentors.csv", "--force")
    assert tomllib.loads((traders / "mentors.csv").read_text(encoding="utf-8"))


def test_what_all_of_many_are_refused_for_has_its_own_exit_code(traders: Path, run: Run) -> None:
    run("match")
    run("publish")
    run("relationship", "accept", "--all")
    meet = ("relationship", "meet", "--all", "--minutes", "45")
    assert "--at: write date" in run(*meet, "--at", "tomorrow", code=2).err
    assert "from 1 to 1440" in run("relationship", "meet", "--all", "--minutes", "0", code=2).err
    assert run("participant", "approve", "e1", "e2", code=5).err.count("approved") == 1


def test_a_program_is_open_or_closed_only_once(traders: Path, run: Run) -> None:
    assert "The program traders is open already." in run("program", "open", code=5).err
    long = ("program", "create", "--preset", "cohort", "--key", "a" * 300)
    assert "at most 63" in run(*long, code=2).err


def test_everything_wrong_with_a_preset_is_told_at_once_with_its_file(
    traders: Path, run: Run
) -> None:
    text = (traders / "preset.toml").read_text(encoding="utf-8")
    wrong = (
        text
        + """
[strategy]
assigner = "optimall"
[[strategy.rules]]
rule = "same"
field = "vilage"
[targets]
length_dayz = 3
[messages]
hello = 3
[[requirements]]
id = "grown"
field = "age"
"""
    )
    start = wrong.index("[[strategy.criteria]]")  # TOML wants a table before its blocks
    (traders / "bad.toml").write_text(wrong[:start] + wrong[wrong.index("[strategy]") :] + wrong[
        start : wrong.index("[strategy]")
    ], encoding="utf-8")  # fmt: skip
    told = run("program", "create", "--file", "bad.toml", "--key", "bad", code=2).err
    for place in (
        "requirements[0].field", "targets.length_dayz", "messages.hello", "strategy.assigner",
        "strategy.rules[0].field",
    ):  # fmt: skip
        assert f"  - bad.toml, {place}: " in told


def test_what_is_passed_over_by_approving_is_said(traders: Path, run: Run) -> None:
    text = (traders / "preset.toml").read_text(encoding="utf-8")
    asking = """
[[requirements]]
id = "home"
field = "village"
[[requirements]]
id = "craft"
field = "trade"
test = "one_of"
value = ["baker"]
text = "Bakers only."
"""
    (traders / "asking.toml").write_text(text + asking, encoding="utf-8")
    run("program", "create", "--file", "asking.toml", "--key", "asking")
    rows = "ref,name,trade\nq1,Gil,baker\nq2,Hal,baker\nq3,Ida,smith\n"
    (traders / "more.csv").write_text(rows, encoding="utf-8")
    here = ("--program", "asking")
    run("recruit", "more.csv", "--role", "mentee", *here)
    assert "ask: home, craft" in run("participant", "list", *here).out
    done = run("participant", "approve", "--all", *here, code=5)
    assert done.out.splitlines()[:3] == [
        "Approved 2 participants.",
        'Of these, 2 do not (or not yet) meet the requirement "village".',
        "They may join all the same: that was yours to decide, and is noted.",
    ]
    assert "q3: Not met: craft" in done.err
    told = run("participant", "approve", "q3", "--despite", "craft", *here).out
    assert 'Of these, 1 does not (or not yet) meet the requirement "Bakers only".' in told


def test_a_match_of_nobody_says_what_is_missing(sheets: Path, run: Run) -> None:
    run("db", "upgrade")
    run("program", "create", "--file", "preset.toml", "--key", "traders")
    run("program", "open")
    run("recruit", "mentees.csv", "--role", "mentee")
    told = run("match").out
    assert "  3 mentees (lead): `mentorkit participant approve`" in told
    assert "  no mentor was taken in: `mentorkit recruit FILE --role mentor`" in told
    run("participant", "approve", "--all")
    told = run("match").out
    assert "  3 mentees (approved): `mentorkit participant consent`, then" in told
    assert "Next: mend that, and match again." in told


def test_drafts_that_nobody_heard_of_count_nowhere(traders: Path, run: Run) -> None:
    for _ in range(3):
        run("match")
    assert "Proposals: 3 draft.\n" in run("program", "show", "traders").out


def test_who_stops_a_long_step_is_told_how_far_it_came(
    traders: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mentorkit.journey import screen

    rows = "".join(f"s{number},Somebody,baker,Ora\n" for number in range(150))
    (traders / "many.csv").write_text("ref,name,trade,village\n" + rows, encoding="utf-8")
    run("recruit", "many.csv", "--role", "mentee")
    approve, calls = screen.approve, iter(range(1000))

    def stopped(*given: Any, **named: Any) -> Any:
        if next(calls) == 120:
            raise KeyboardInterrupt
        return approve(*given, **named)

    monkeypatch.setattr(screen, "approve", stopped)
    told = run("participant", "approve", "--all", code=130).err
    assert "The first 100 of 150 were gone through, which stays." in told
    assert len(listed(run, "participant", "list", "--state", "lead")) == 50


def test_messages_are_listed_like_everything_else(traders: Path, run: Run) -> None:
    assert run("inbox", "list").out == "Nothing here.\n"
    run("match")
    run("publish")
    run("work")
    heading, _, first, *_ = run("inbox", "list").out.splitlines()
    assert heading.split()[:3] == ["ID", "PERSON", "TEMPLATE"]
    assert "CREATED AT" in heading
    assert re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d", first)
    assert "+00:00" not in first
