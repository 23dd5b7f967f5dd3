"""Sign-offs: what somebody must have done before they may be matched, such as a training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from mentorkit.domain import reading
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.reading import Check, Place


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOff:
    """One sign-off that a program requires of a role; `own`: people may give it themselves."""

    id: str
    text: Frozen = Frozen()  # noqa: RUF009 - frozen, so sharing it is safe
    roles: tuple[str, ...] = ("mentor",)
    own: bool = False


class _Signing(Protocol):
    @property
    def signed(self) -> tuple[str, ...]: ...
    def plays(self, role: str) -> bool: ...


def unsigned(required: Iterable[SignOff], one: _Signing) -> list[str]:
    """Return the ids of the sign-offs that a participant's roles require and that are missing."""
    return [
        each.id
        for each in required
        if each.id not in one.signed and any(one.plays(role) for role in each.roles)
    ]


def _signoff(entry: Any, at: Place) -> SignOff:
    at.only(entry, _SIGNOFF, "write")
    return SignOff(**at.read_whole({"id": None, **entry}, _SIGNOFF))


def parse_signoffs(data: Any) -> tuple[SignOff, ...]:
    """Return the sign-offs of a stored definition."""
    body = data if isinstance(data, Mapping) else {}
    return tuple(reading.take(body.get("signoffs", ()), read_signoffs, "signoffs")[0] or ())


_OWN_ID = "write an id of its own: small letters, digits and _"
_SIGNOFF: Mapping[str, Check] = {
    "id": reading.fits(lambda value: isinstance(value, str) and value.isidentifier(), _OWN_ID),
    "text": reading.texts,
    "roles": reading.roles,
    "own": reading.a(bool, "write true or false"),
}
read_signoffs = reading.blocks(_signoff, own="id", twice=_OWN_ID)
