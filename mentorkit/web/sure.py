"""Are you sure: a page that says what follows, before a form does what it was sent for.

A form that holds ``ask`` is asked about first; the page sends it once more, without. A page that
asks because of what it finds adds ``sure`` to what is sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import flask

from mentorkit.web.tokens import FIELD

if TYPE_CHECKING:
    from mentorkit.web.visits import Visit

NOT_KEPT = ("ask", FIELD, "csrf_token")
"""What stands in the form anew, or was only for the question."""


def is_asked(visit: Visit) -> bool:
    """Return whether the form that was sent wants to be asked about first."""
    return "ask" in visit.form


def ask_first(
    visit: Visit,
    title: str,
    then: Sequence[str],
    *,
    here: str,
    yes: str,
    back: str,
    quote: str = "",
    only: Mapping[str, Collection[str]] | None = None,
    sure: bool = False,
) -> str:
    """Return the page that asks; nothing is done before its button `yes` is pressed.

    `then` says what follows, a sentence each, and `back` is the address of the page before. Of what
    was sent under the names in `only`, these values alone are sent once more; with `sure` it is
    also said that this page has asked.
    """
    sent = [*flask.request.form.items(multi=True), *([("sure", "yes")] if sure else [])]
    return visit.render(
        "sure.html",
        title=title,
        here=here,
        then=then,
        quote=quote,
        yes=yes,
        back=back,
        kept=[
            (name, value)
            for name, value in sent
            if name not in NOT_KEPT and value in (only or {}).get(name, (value,))
        ],
        sends_to=flask.request.script_root + flask.request.full_path.rstrip("?"),
    )
