"""Fails a run in which a test was skipped for a reason that is not on the written list.

A skip looks like success and is none. `tests/allowed_skips.txt` lists the reasons that are good
enough, and which of them hold in CI too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

LIST = Path(__file__).with_name("allowed_skips.txt")


def allowed_reasons(lines: Iterable[str], *, ci: bool) -> list[str]:
    """Return the patterns of the reasons that are good enough; `ci` leaves out the local ones."""
    patterns = []
    for line in lines:
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        where, separator, reason = (part.strip() for part in text.partition("|"))
        if not separator or not reason or where not in {"anywhere", "not in CI"}:
            raise ValueError(
                f"{LIST.name}: {text!r} is not `anywhere | REASON` or `not in CI | REASON`"
            )
        if where == "anywhere" or not ci:
            patterns.append(reason)
    return patterns


def unlisted(found: dict[str, str], patterns: Sequence[str]) -> dict[str, str]:
    """Return the skips (test -> reason) that no pattern covers."""
    return {
        test: reason
        for test, reason in sorted(found.items())
        if not any(fnmatchcase(reason, pattern) for pattern in patterns)
    }


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str | None:
    """Return why this was skipped; None if it was not, or is an expected failure."""
    if not report.skipped or hasattr(report, "wasxfail"):
        return None
    told = report.longrepr
    reason = told[2] if isinstance(told, tuple) else str(told)
    return reason.removeprefix("Skipped: ")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # pytest-xdist's workers tell the one that counts
        config.pluginmanager.register(Watch(), "mentorkit-skips")


class Watch:
    """Sees every skip, those of pytest-xdist's workers too."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.see(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self.see(report)

    def see(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if (reason := reason_of(report)) is not None:
            self.found[report.nodeid] = reason

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.complaints() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def complaints(self) -> dict[str, str]:
        patterns = allowed_reasons(
            LIST.read_text(encoding="utf-8").splitlines(), ci=os.environ.get("CI") == "true"
        )
        return unlisted(self.found, patterns)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if complaints := self.complaints():
            terminalreporter.section("skipped for a reason that is not on the list", red=True)
            for test, reason in complaints.items():
                terminalreporter.line(f"{test}: {reason}")
            terminalreporter.line(f"Fix the cause, or add the reason to tests/{LIST.name}.")
