"""What is shown above an open form that was sent too often; the form keeps what was typed."""

from __future__ import annotations

from typing import Any

import flask
from markupsafe import Markup

from mentorkit.domain.people import Actor
from mentorkit.hooks.calls import FAILURES
from mentorkit.store import network
from mentorkit_limits.counting import NAME, counted, give_back

HURRY = (
    "If it cannot wait, call or visit the people who run this program. If somebody is in danger, "
    "call the emergency number of your country now."
)
TOLD = {
    "concern": "Very many reports have come in within the hour, so yours is not sent yet.",
    "signup": "Very many people have sent this form within the hour, so yours is not sent yet.",
}


def refusal(visit: Any, form: str, actor: Actor, program: str) -> Markup | None:
    """Return why the form is not taken in just now, and when it will be; None where it is.

    Somebody who is known counts for themselves alone: no flood of strangers stops them.
    """
    known = actor.person_id or actor.user_ref
    sender = known or network(flask.request.remote_addr or "")
    who = {"per_sender": f"{program} {sender}"} if sender else {}
    who |= {} if known else {"per_program": program}
    secrets = visit.kit.secret_keys or (flask.current_app.config["SECRET_KEY"],)
    about: dict[str, Any] = {"tenant": visit.tenant, "form": form, "who": who}
    minutes = counted(visit.kit, secrets[0], **about)

    @flask.after_this_request
    def answered(response: flask.Response) -> flask.Response:
        if minutes is not None:
            response.headers["Retry-After"] = str(minutes * 60)
        elif response.status_code >= 400:
            try:
                give_back(visit.kit, secrets[0], **about)
            except FAILURES:
                visit.kit.registry.plugins[NAME].log.exception("A mistake stays counted.")
        return response

    if minutes is None:
        return None
    said = (
        TOLD[form],
        "What you have written is still here. Send it again in {minutes} minutes.",
        HURRY,
    )
    told = [visit.words(one, minutes=minutes) for one in said]
    return Markup("").join(Markup("<p>{}</p>").format(one) for one in told)
