"""Where the portal stands, so that a message can name an address without a request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import Formatter
from typing import Protocol
from urllib.parse import quote

ADDRESSES = {
    "answer": "answer/{token}",
    "home": "",
    "met": "met/{token}",
    "milestones": "programs/{program}/milestones",
    "participant": "programs/{program}/people/{participant}",
    "proposal": "programs/{program}/proposals/{proposal}",
    "relationship": "programs/{program}/relationships/{relationship}",
    "concern": "programs/{program}/concerns/{concern}",
    "concerns": "programs/{program}/concerns",
    "concern_link": "concern/{token}",
    "unsubscribe": "unsubscribe/{token}",
    "inbound": "api/v1/inbound/{channel}",
}
"""The pages that messages lead to, and what vendors call: their path below the mount, by the name
of their endpoint.

Plugins' pages are named with their path (``x/signup/{program}``). A worker knows these without
loading Flask; a test holds them against the pages themselves.
"""


class Site(Protocol):
    """The port a host implements, or takes `Portal` for: the address of a page of ours."""

    def url(self, tenant: str, endpoint: str, **values: str) -> str:
        """Return the absolute address of an endpoint's page for a tenant."""


@dataclass(frozen=True, slots=True)
class Portal:
    """A portal mounted at `base`, such as ``https://example.org/mentoring``.

    ``{tenant}`` in it stands for the tenant: ``https://example.org/{tenant}/mentoring``.
    """

    base: str

    def url(self, tenant: str, endpoint: str, **values: str) -> str:
        """Return the address; raise `KeyError` for a value that its path needs and is not given."""
        path = ADDRESSES.get(endpoint, endpoint)
        quoted = {name: quote(value, safe="") for name, value in values.items()}
        needed = {name for _, name, _, _ in Formatter().parse(path) if name}
        base = self.base.rstrip("/").format(tenant=quote(tenant, safe=""))
        return f"{base}/{path.format(**{name: quoted[name] for name in needed})}"


def is_address(base: object) -> bool:
    """Return whether this is a whole address, in which only the tenant may vary."""
    plain = str(base).replace("{tenant}", "tenant")
    return re.fullmatch(r"https?://[^\s/{}?#]+(/[^\s{}?#]*)?", plain) is not None
