"""A host product with mentoring mounted in it, and browsers that sign in to it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import flask
import jinja2
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.journey import onboard, programs, recruit, screen, standing
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from mentorkit.web import blueprint

ADMIN = Actor(user_ref="admin", admin=True)
PRESET: dict[str, Any] = {
    "title": "Traders and mentors",
    "fields": {
        "trade": {"kind": "option", "options": ["baker", "tailor", "smith"]},
        "village": {"kind": "text"},
    },
    "strategy": {
        "criteria": [
            {"criterion": "equal", "field": "trade", "weight": 3},
            {"criterion": "equal", "field": "village", "weight": 1},
        ],
    },
    "consent": {"en": "We use what you tell us to find you a mentor."},
    "measurement": {"none": "These tests measure nothing."},
}
PEOPLE = (
    Lead(key="ana", role="mentee", name="Ana", profile={"trade": "baker", "village": "Ora"}),
    Lead(key="ben", role="mentee", name="Ben", profile={"trade": "smith", "village": "Ora"}),
    Lead(key="cleo", role="mentor", name="Cleo", profile={"trade": "baker", "village": "Ora"}),
    Lead(key="dora", role="mentor", name="Dora", profile={"trade": "smith"}, capacity=2),
)
STAFF = {"cora": "coordinator", "sam": "supervisor", "vera": "viewer"}


@dataclass
class Browser:
    """One person's browser: it opens pages, and sends the forms that stand on them."""

    client: FlaskClient
    user: str | None
    at: str = "/mentoring"
    page: TestResponse = field(init=False)

    def open(self, path: str, status: int = 200) -> str:
        """Open a page of the mount; return what it says."""
        self.page = self._ask("get", path)
        assert self.page.status_code == status, self.page.text
        return self.page.text

    def send(self, path: str, status: int = 200, **typed: Any) -> str:
        """Fill in the form on the page that sends to `path`, and follow where it leads."""
        found = re.search(r'name="mk_token" value="([^"]+)"', self.page.text)
        assert found, f"no form of ours on {self.page.request.path}"
        data = {"mk_token": html.unescape(found[1]), **typed}
        self.page = self._ask("post", path, data=data, follow_redirects=True)
        assert self.page.status_code == status, self.page.text
        return self.page.text

    def knock(self, method: str, path: str) -> int:
        """Return the status with which a page, or a form without a token, is answered."""
        return self._ask(method, path).status_code

    def find(self, pattern: str) -> str:
        """Return the first group of `pattern` on the page."""
        found = re.search(pattern, self.page.text)
        assert found, f"{pattern} is not on {self.page.request.path}:\n{self.page.text}"
        return html.unescape(found[1])

    def _ask(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {"X-User": self.user} if self.user else {}
        path = path if path.startswith(self.at) else self.at + path
        return self.client.open(path, method=method.upper(), headers=headers, **options)


def signed_in() -> Actor | None:
    """Return who the host says is signed in: it goes by a header here."""
    user = flask.request.headers.get("X-User")
    return Actor(user_ref=user, admin=user == "admin") if user else None


@dataclass
class Portal:
    """A program with people in it, in a host, and a browser for each of them."""

    kit: Kit
    app: flask.Flask
    tenant: str
    program: str
    ids: dict[str, str]

    def browser(self, user: str | None = None, at: str = "/mentoring") -> Browser:
        return Browser(self.app.test_client(), user, at)


def create_host(**config: Any) -> flask.Flask:
    """Return a host whose templates may name nothing that is not there; ours must do in it, too."""
    app = flask.Flask("host")
    app.config.update(SECRET_KEY="host", TESTING=True, **config)
    app.jinja_env.undefined = jinja2.StrictUndefined
    return app


@pytest.fixture
def create_portal(create_kit: Callable[..., Kit]) -> Callable[..., Portal]:
    """Return a factory of portals: an open program whose people can be matched."""

    def create(tenant: str = "acme", kit: Kit | None = None, **preset: Any) -> Portal:
        kit = kit or create_kit()
        by = {"tenant": tenant, "actor": ADMIN}
        programs.create(kit, **by, key="traders", preset={**PRESET, **preset})
        programs.open_(kit, **by, program="traders")
        recruit.receive(kit, **by, program="traders", leads=PEOPLE)
        ids = {row["key"]: row["id"] for row in screen.review(kit, **by, program="traders")}
        for verb in (screen.approve, onboard.consent, onboard.complete):
            assert not many(kit, verb, list(ids.values()), **by, noun="participant")["refused"]
        for key in ids:
            standing.link(kit, **by, person=key, user_ref=key)
        for name, role in STAFF.items():
            programs.appoint(kit, **by, program="traders", role=role, name=name, user_ref=name)
        app = create_host()
        app.register_blueprint(
            blueprint(kit, tenant=lambda: tenant, actor=signed_in), url_prefix="/mentoring"
        )
        return Portal(kit, app, tenant, "traders", ids)

    return create


@pytest.fixture
def portal(create_portal: Callable[..., Portal]) -> Portal:
    return create_portal()
