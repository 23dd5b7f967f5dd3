"""Fixtures: Slack on this machine, and the app's secrets where a deployer keeps them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from vendor import SECRET, TOKEN, Vendor, serving


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_TOKEN", TOKEN)
    monkeypatch.setenv("SLACK_SIGNING_SECRET", SECRET)
