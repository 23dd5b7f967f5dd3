"""Fixtures: Telegram on this machine, and kits that send by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from vendor import SECRET, TOKEN, Vendor, serving

from mentorkit.kit import Kit


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bot's secrets where a deployer keeps them."""
    monkeypatch.setenv("TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("TELEGRAM_SECRET", SECRET)


@pytest.fixture
def create_kit(mentorkit_create_kit_on: Callable[..., Kit]) -> Callable[..., Kit]:
    """Return a factory of kits on either kind of database, made by our migrations."""
    return mentorkit_create_kit_on
