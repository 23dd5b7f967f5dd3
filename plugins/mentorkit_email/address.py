"""Addresses that can be written to, and those that are the same."""

from __future__ import annotations

import unicodedata

LONGEST = 254
"""Characters of an address (RFC 5321, 4.5.3.1.3)."""


def address(value: str) -> tuple[str, str] | None:
    """Return what stands before and after the @, the domain in ASCII (IDNA); None if it is none."""
    local, at, domain = unicodedata.normalize("NFC", value.strip()).rpartition("@")
    broken = any(one in ' "<>()[],:;\\@' or not one.isprintable() for one in local)
    if not (at and local) or broken or local[0] == "." or local[-1] == "." or ".." in local:
        return None
    try:
        domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    named = all(one.isalnum() or one in "-." for one in domain) and "." in domain.strip(".")
    return (local, domain) if named and len(f"{local}@{domain}") <= LONGEST else None
