"""Silence: no more reminders, by one press behind a link, or by the mail program itself."""

from __future__ import annotations

from werkzeug.wrappers import Response

from mentorkit.domain.moves import PARTIES
from mentorkit.errors import MentorKitError
from mentorkit.journey import links, silence
from mentorkit.web.access import allow, signed
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.looking import ensure_here
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""What a mail program posts (RFC 8058, 3.2)."""


@shows("/unsubscribe/<token>")
@allow(public=True)
def unsubscribe(visit: Visit, token: str) -> str:
    """Show the button; opening this changes nothing, as scanners of mail open every link."""
    found = silence.show(visit.kit, tenant=visit.tenant, token=token)
    link = links.read(visit.kit, token, tenant=visit.tenant, purpose=silence.PURPOSE)
    return visit.render(
        "unsubscribe.html",
        title=visit.words("Reminders"),
        one=found,
        token=token,
        report=visit.report(link, program=found["program"]),
    )


@does("/unsubscribe/<token>")
@allow(public=True)
@signed
def unsubscribed(visit: Visit, token: str) -> Response | str:
    """Do it, for the page's button and for a mail program alike: the link itself is the proof.

    It is answered at once, without a redirect, which mail programs do not follow.
    """
    name, value = ONE_CLICK
    try:
        silent = visit.form.get("do") != "on"
        silence.by_link(visit.kit, tenant=visit.tenant, token=token, silent=silent)
    except MentorKitError as error:
        if visit.form.get(name) != value:
            raise
        return Response(error.code, status(error), content_type="text/plain")
    if visit.form.get(name) == value:
        return Response("unsubscribed", content_type="text/plain")
    return unsubscribe(visit, token)


@does("/programs/<program>/people/<participant>/prompts")
@allow(*STAFF, *PARTIES)
def participant_prompts(visit: Visit, program: str, participant: str) -> Response:
    """Switch the reminders of somebody off or on, as themselves or for them."""
    ensure_here(visit, participant)
    on = visit.form.get("do") == "on"
    verb = silence.unsilence if on else silence.silence
    verb(visit.kit, **visit.asked(), participant=participant)
    said = "prompts_on" if on else "prompts_off"
    return visit.go("participant", said, program=program, participant=participant, anchor="prompts")
