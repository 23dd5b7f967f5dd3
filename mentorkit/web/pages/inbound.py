"""Inbound: what vendors of channels push to us; they are no visitors, and sign what they send."""

from __future__ import annotations

import flask
from werkzeug.wrappers import Response

from mentorkit.errors import MentorKitError
from mentorkit.hooks.providers import Inbound
from mentorkit.journey import hear
from mentorkit.web.access import allow, signed
from mentorkit.web.pages import does, shows
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit


@does("/api/v1/inbound/<channel>")
@allow(public=True)
@signed
def inbound(visit: Visit, channel: str) -> Response:
    """Take in a vendor's request and answer at once; the worker does what it asks for."""
    return _taken(visit, channel)


@shows("/api/v1/inbound/<channel>")
@allow(public=True)
@signed
def inbound_asked(visit: Visit, channel: str) -> Response:
    """Answer a vendor that asks, before it sends anything, whether this address is ours."""
    return _taken(visit, channel)


def _taken(visit: Visit, channel: str) -> Response:
    request, site = flask.request, visit.kit.site
    url = site.url(visit.tenant, "inbound", channel=channel) if site else request.base_url
    query = request.query_string.decode("latin-1")
    given = Inbound(
        body=request.get_data(),
        headers={name.lower(): value for name, value in request.headers},
        url=f"{url}?{query}" if query else url,
    )
    try:
        received = hear.take(visit.kit, tenant=visit.tenant, channel=channel, inbound=given)
    except MentorKitError as error:
        return Response(error.code, status(error), content_type="text/plain")
    return Response(received.answer, content_type=f"{received.content_type}; charset=utf-8")
