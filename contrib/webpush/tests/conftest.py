"""Fixtures: A push service on this machine, and kits that push to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from vendor import KEY, Vendor, serving

from mentorkit.kit import Kit


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The key where a deployer keeps it."""
    monkeypatch.setenv("WEBPUSH_KEY", KEY)


@pytest.fixture
def create_kit(mentorkit_create_kit_on: Callable[..., Kit]) -> Callable[..., Kit]:
    """Return a factory of kits on either kind of database, made by our migrations."""
    return mentorkit_create_kit_on
