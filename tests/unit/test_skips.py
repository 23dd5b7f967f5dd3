"""The list of allowed skips is a gate, so the gate itself is tested, also across processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent

LISTED = 'import pytest\ndef test_it(): pytest.skip("shared sample data is not here: no file")\n'
UNLISTED = 'import pytest\ndef test_it(): pytest.skip("was tired")\n'
WHOLE_FILE = 'import pytest\npytest.skip("not today", allow_module_level=True)\n'
LOCAL = 'import pytest\ndef test_it(): pytest.skip("no PostgreSQL server")\n'
PASSING = "def test_passing(): pass\n"


def run(
    folder: Path, body: str, *options: str, ci: bool = False
) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text('pytest_plugins = ["skips"]\n')
    (folder / "test_planted.py").write_text(body)
    (folder / "test_beside.py").write_text(PASSING)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", ".", *options, "."],
        cwd=folder,
        env={"PYTHONPATH": str(TESTS), "PATH": "", "CI": "true" if ci else ""},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_listed_reason_passes(tmp_path: Path) -> None:
    assert run(tmp_path, LISTED).returncode == 0


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["one process", "a worker"])
@pytest.mark.parametrize("body", [UNLISTED, WHOLE_FILE], ids=["a test", "a file"])
def test_an_unlisted_reason_fails_the_run(
    tmp_path: Path, body: str, options: tuple[str, ...]
) -> None:
    done = run(tmp_path, body, *options)
    assert done.returncode == 1
    assert "skipped for a reason that is not on the list" in done.stdout


def test_what_may_be_missing_at_home_may_not_be_missing_in_ci(tmp_path: Path) -> None:
    assert run(tmp_path, LOCAL).returncode == 0
    assert run(tmp_path, LOCAL, ci=True).returncode == 1


def test_a_line_that_means_nothing_is_refused() -> None:
    from skips import allowed_reasons

    assert allowed_reasons(["# a comment", "", "anywhere | a*"], ci=True) == ["a*"]
    with pytest.raises(ValueError, match="sometimes"):
        allowed_reasons(["sometimes | a*"], ci=False)
