"""The token in each of our forms, so that no other site can send one for somebody (CSRF).

It needs neither cookie nor session, so it works in a host that has none, and beside a host that
guards its own forms: it is signed with the host's secret and holds for one tenant and one actor,
with what the actor may do: an admin whom the host does not name is not the visitor without a name.

Each also carries an id of its own, by which a form that is sent twice counts once (`once`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from typing import Any

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, NotAllowed

FIELD = "mk_token"
HOURS = 12
"""How long a form may stay open before it is sent."""


class Tokens:
    """Makes and checks tokens; the first of `secrets` signs, the others are of before."""

    def __init__(self, secrets: Sequence[str | bytes]) -> None:
        keys = [one.encode() if isinstance(one, str) else one for one in reversed(secrets)]
        self._signer = URLSafeTimedSerializer(keys, salt="mentorkit.form")

    def make(self, tenant: str, actor: Actor) -> str:
        id = f"{int(time.time())}-{secrets.token_hex(12)}"  # sorts by when it was made
        return str(self._signer.dumps([_whose(tenant, actor), id]))

    def check(self, given: str, tenant: str, actor: Actor) -> str:
        """Return the form's id.

        Raise `Conflict` for a form left open too long, `NotAllowed` for any other's.
        """
        signed: Any = None
        try:
            signed = self._signer.loads(given, max_age=HOURS * 3600)
        except SignatureExpired:
            raise Conflict(
                "form.too_old",
                f"This page has been open for more than {HOURS} hours, so nothing was changed. "
                "Go back, reload the page, and send it again.",
            ) from None
        except BadSignature:
            pass
        if not isinstance(signed, list) or signed[0] != _whose(tenant, actor):
            raise NotAllowed(
                "form.not_ours",
                "This form was not made for you here, so nothing was changed. Perhaps you have "
                "signed in as somebody else meanwhile: go back, reload the page, and try again.",
            )
        return str(signed[1])


def _whose(tenant: str, actor: Actor) -> list[str | bool | None]:
    return [tenant, actor.user_ref, actor.person_id, actor.admin, actor.is_system]
