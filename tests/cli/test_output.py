"""What commands print: aligned whatever the script, harmless whatever the data."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mentorkit import Kit
from mentorkit.commands.files import write_files
from mentorkit.commands.outcomes import (
    judged,
    left_out,
    overriding,
    paired,
    quality,
    steadiness,
)
from mentorkit.commands.output import (
    by_work,
    clean,
    counted,
    plain,
    plural,
    shorten,
    table,
    width,
    words,
)
from mentorkit.domain.frozen import Frozen
from mentorkit.errors import Invalid, Problem


def test_columns_line_up_whatever_the_script() -> None:
    drawn = table(["NAME", "N"], [["李小龙", 7], ["Zoë", 1200], ["ใจดี", None]], room=0)
    assert drawn.splitlines() == [
        "NAME        N",
        "------  -----",
        "李小龙      7",
        "Zoë     1,200",
        "ใจดี",
    ]
    assert [width(line) for line in drawn.splitlines()[:4]] == [13, 13, 13, 13]


def test_combining_marks_and_joiners_take_no_room() -> None:
    assert width("e\u0301") == 1
    assert width("न\u200dम") == 2
    assert width("한국") == 4


def test_a_table_that_is_too_wide_loses_from_its_widest_column() -> None:
    drawn = table(["KEY", "TEXT"], [["a", "x" * 100]], room=40)
    assert [width(line) for line in drawn.splitlines()] == [9, 40, 40]
    assert drawn.endswith("…")


def test_a_text_is_cut_between_characters_that_take_two_columns() -> None:
    assert shorten("李小龙李小龙", 6) == "李小…"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\ufffd[31mb"),
        ("a\r\nb", "a  b"),
        ("abc\u202edef", "abcdef"),
        ("a\u2066b", "ab"),
        ("a\x00b", "a\ufffdb"),
        ("न्\u200dम Zoë 李", "न्\u200dम Zoë 李"),
    ],
)
def test_what_a_terminal_would_act_on_is_taken_out(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_cells_in_words() -> None:
    given = [None, True, False, 1234, 2.5, 3.0, ("a", "b"), {"k": 1}]
    assert [words(value) for value in given] == [
        "", "yes", "no", "1,234", "2.5", "3", "a, b", "k 1",
    ]  # fmt: skip


def test_counts_in_words() -> None:
    assert plural(1, "mentor") == "1 mentor"
    assert plural(1200, "person", "people") == "1,200 people"
    assert counted((0, "new"), (3, "changed"), (1, "refused")) == "3 changed, 1 refused"


def test_json_has_plain_values_and_no_tenant() -> None:
    at = datetime(2027, 3, 1, tzinfo=UTC)
    assert plain({"at": at, "of": Frozen(a=(1, 2)), "problem": Problem("here", "mend")}) == {
        "at": "2027-03-01T00:00:00+00:00",
        "of": {"a": [1, 2]},
        "problem": {"place": "here", "message": "mend"},
    }


def summary(**given: object) -> dict[str, object]:
    best = {"pairs": 5, "pairs_bound": 5, "total": 100, "total_bound": 100, "mentees": 6,
            "mentors": 7, "objective": "coverage", "blocking_pairs": 0}  # fmt: skip
    return {**best, **given}


def test_the_quality_is_told_as_a_bound_and_never_better_than_it_is() -> None:
    assert quality(summary()) == "the best possible"
    assert quality(summary(total=99_971, total_bound=100_000)) == (
        "at most 0.03 % below the best possible"
    )
    assert quality(summary(total=999_999, total_bound=1_000_000)).startswith("at most 0.01 %")
    assert quality(summary(pairs_bound=7)) == (
        "the best possible sum of scores for this many pairs; perhaps up to 2 more could be made"
    )
    assert quality(summary(pairs_bound=7, objective="score")) == (
        "the best possible total; the objective coverage may pair up to 2 more"
    )


def test_no_more_is_claimed_than_was_looked_at() -> None:
    listed = {"exhaustive": False, "by_choice": False}
    told = judged(summary(**listed))
    assert told.startswith("Quality: of the pairs that were looked at, the best.")
    assert "was asked about a shortlist" in told
    assert quality(summary(objective="score", **listed)) == (
        "of the pairs that were looked at, the best total"
    )
    pairs = summary(peers=True, by_choice=False, method="peers: the best there are", total=1)
    assert judged(pairs) == "Quality: the best there are."
    assert judged({**pairs, **listed}).endswith("as far as this holds.")


def test_locks_that_break_a_rule_are_counted() -> None:
    assert overriding(summary(overridden=0)) == ""
    assert overriding(summary(overridden=1)) == "1 locked pair breaks a rule of the strategy."


def test_how_many_were_paired_reads_as_a_sentence() -> None:
    assert paired(summary()) == "Paired 5 of 6 mentees; there are 7 mentors."
    assert paired(summary(mentors=1)) == "Paired 5 of 6 mentees; there is 1 mentor."
    assert "Nobody was paired" in paired(summary(mentors=0, pairs=0))
    told = steadiness(summary(blocking_pairs=1))
    assert told.startswith("In 1 case a mentee and a mentor who are not paired would both rather")
    assert "what is best for all together is not best for each" in told
    assert 'assigner = "stable"' in told


def test_where_the_product_has_its_own_worker_no_command_is_named(tmp_path: Path) -> None:
    with closing(Kit.embedded(tmp_path / "here.db")) as kit:
        assert by_work(kit, "tells them.") == "Next: `mentorkit work` tells them."
        kit.bells.append(lambda tenant, kinds: None)
        assert by_work(kit, "tells them.") == "The product's own worker tells them."


def test_people_left_out_for_the_same_reason_stand_together() -> None:
    people = [(f"p{i}", "taken", "one more place") for i in range(5)] + [("q", "blocked", "")]
    assert left_out("mentee", people) == [
        "6 mentees left out:",
        "  p0, p1, p2 and 2 more: taken",
        "    What would help: one more place",
        "  q: blocked",
    ]


def test_a_link_is_written_through_and_rights_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "real.csv"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(real)
    write_files({link: b"new"})
    assert real.read_bytes() == b"new"
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640


def test_files_that_cannot_be_written_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        write_files({tmp_path / "a" / "x.csv": b"", tmp_path: b"", tmp_path / "fine.csv": b""})
    assert len(caught.value.problems) == 2
    assert list(tmp_path.iterdir()) == []
