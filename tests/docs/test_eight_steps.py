"""The eight steps as the how-to page shows them from Python, run on made-up sheets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from pages import DOCS

SCRIPT = DOCS / "examples" / "program" / "eight_steps.py"


def test_the_eight_steps_from_python_lead_from_two_sheets_to_a_report(tmp_path: Path) -> None:
    for command in (["-m", "mentorkit.cli", "demo", "sheets", "."], [str(SCRIPT)]):
        ran = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, capture_output=True, text=True, timeout=300
        )
        assert ran.returncode == 0, ran.stderr
    told = ran.stdout.splitlines()
    assert "mentors.csv: 40 rows" in told
    for step in ("approve", "consent", "complete", "accept", "log", "end"):
        (done,) = {line for line in told if line.startswith(f"{step}: ")}
        assert done.endswith(" done, 0 refused")
        assert not done.startswith(f"{step}: 0 ")
    assert [line.split(" ")[0] for line in told[-3:]] == ["Connected", "Met", "Completed"]


def test_the_page_shows_this_very_script() -> None:
    page = (DOCS / "how-to" / "run_a_program.md").read_text(encoding="utf-8")
    assert "../examples/program/eight_steps.py" in page
