"""Fixtures: WhatsApp on this machine, and kits that send by it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from vendor import SECRET, TOKEN, VERIFY, Vendor, serving

from mentorkit.kit import Kit


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The secrets where a deployer keeps them."""
    monkeypatch.setenv("WHATSAPP_TOKEN", TOKEN)
    monkeypatch.setenv("WHATSAPP_APP_SECRET", SECRET)
    monkeypatch.setenv("WHATSAPP_VERIFY_TOKEN", VERIFY)


@pytest.fixture
def create_kit(mentorkit_create_kit_on: Callable[..., Kit]) -> Callable[..., Kit]:
    """Return a factory of kits on either kind of database, made by our migrations."""
    return mentorkit_create_kit_on
