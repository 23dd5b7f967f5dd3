"""A host with every built-in plugin, two tenants and two programs: what the sweeps go over.

Views join by themselves: they are read from the app's own map of addresses. So do ids: whatever
is made in a phase belongs to it, in whichever table.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import flask
import sqlalchemy as sa
from web.conftest import PRESET, create_host, signed_in
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from mentorkit.domain.moves import Role
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor
from mentorkit.journey import accept, match, meet, onboard, programs, recruit, screen, standing
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from mentorkit.web import blueprint
from mentorkit.web.access import Policy, policy
from mentorkit.web.tokens import FIELD, Tokens
from mentorkit_magiclink import or_session

ADMIN = Actor(user_ref="admin", admin=True)
MISSING = "0190d0d0-0000-7000-8000-00000000dead"
"""An id of nothing."""
CANARY = "Zzcanary"
"""Part of every name in the other tenant: seen in a reply, it has leaked."""

# Who comes, and what they are in the program "traders" of the tenant "acme".
VISITORS: dict[str, frozenset[Role]] = {
    "": frozenset(),
    "stranger": frozenset(),
    "ana": frozenset({Role.MENTEE}),
    "cleo": frozenset({Role.MENTOR}),
    "ben": frozenset({Role.MENTEE}),
    "cora": frozenset({Role.COORDINATOR}),
    "olga": frozenset(),
    "sam": frozenset({Role.SUPERVISOR}),
    "vera": frozenset({Role.VIEWER}),
    "admin": frozenset({Role.ADMIN}),
}
ELSEWHERE = {"olga": frozenset({Role.COORDINATOR})}
"""What somebody is in another program alone, which counts on pages that name none."""


@dataclass(frozen=True)
class View:
    """One address and one method."""

    rule: Rule
    method: str
    policy: Policy | None

    @property
    def arguments(self) -> frozenset[str]:
        return frozenset(self.rule.arguments)


@dataclass
class Everything:
    """The kit, the host, and what was made in each phase: table -> ids."""

    kit: Kit
    app: flask.Flask
    made: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    # ------------------------------------------------------------------ looking

    def tables(self) -> Iterator[sa.Table]:
        for owner in self.kit.owners:
            if owner.metadata is not None:
                yield from owner.metadata.sorted_tables

    def ids(self) -> dict[str, set[str]]:
        with self.kit.engine.connect() as connection:
            return {
                table.name: set(connection.execute(sa.select(table.c.id)).scalars())
                for table in self.tables()
                if "id" in table.c
            }

    def snapshot(self) -> dict[str, list[str]]:
        """Return every row of every table."""
        with self.kit.engine.connect() as connection:
            return {
                table.name: sorted(map(repr, connection.execute(sa.select(table))))
                for table in self.tables()
            }

    def table_of(self, id: str) -> str | None:
        return next(
            (table for phase in self.made.values() for table, ids in phase.items() if id in ids),
            None,
        )

    def views(self) -> list[View]:
        """Return every view of the mount, plugins' too, without the files."""
        return [
            View(rule, method, policy(self.app.view_functions[rule.endpoint]))
            for rule in self.app.url_map.iter_rules()
            if rule.endpoint.startswith("mentorkit.") and not rule.endpoint.endswith(".static")
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]

    # ------------------------------------------------------------------ asking

    def url(self, endpoint: str, **values: str) -> str:
        adapter = self.app.url_map.bind("localhost")
        return adapter.build(endpoint, values)

    def match(self, path: str, method: str) -> tuple[str, dict[str, str]] | None:
        try:
            endpoint, values = self.app.url_map.bind("localhost").match(path, method=method)
        except HTTPException:
            return None
        return endpoint, dict(values)

    def call(
        self, user: str, method: str, path: str, data: dict[str, Any] | None = None,
        *, signed: bool = True,
    ) -> TestResponse:  # fmt: skip
        """Ask as this user; a form is signed for them."""
        sent = dict(data or {})
        if method != "GET" and signed:
            actor = Actor(user_ref=user, admin=user == "admin") if user else Actor()
            sent[FIELD] = Tokens(self.kit.secret_keys).make("acme", actor)
        headers = {"X-User": user} if user else {}
        options: dict[str, Any] = {"data": sent} if method != "GET" else {}
        return self.app.test_client().open(path, method=method, headers=headers, **options)

    # ------------------------------------------------------------------ making

    def phase(self, name: str) -> Phase:
        return Phase(self, name)


class Phase:
    """Notes what is made while it lasts."""

    def __init__(self, everything: Everything, name: str) -> None:
        self.everything, self.name = everything, name

    def __enter__(self) -> None:
        self.before = self.everything.ids()

    def __exit__(self, *_: object) -> None:
        now = self.everything.ids()
        self.everything.made[self.name] = {
            table: sorted(ids - self.before[table]) for table, ids in now.items()
        }


def create(kit: Kit) -> Everything:
    """Make the world: acme/traders with two pairs, acme/bakers, and another tenant."""
    app = create_host()
    actor = or_session(kit, signed_in)
    app.register_blueprint(
        blueprint(kit, tenant=lambda: "acme", actor=actor), url_prefix="/mentoring"
    )
    made = Everything(kit, app)
    _program(kit, "acme", "traders", cora="coordinator", sam="supervisor", vera="viewer")
    with made.phase("first pair"):
        _people(kit, "acme", "traders", "ana", "eve", "cleo")
    with made.phase("second pair"):
        _people(kit, "acme", "traders", "ben", "fay", "dora")
    with made.phase("staff"):
        match.draft(kit, tenant="acme", actor=ADMIN, program="traders")
    _program(kit, "acme", "bakers", olga="coordinator")
    with made.phase("other program"):
        _people(kit, "acme", "bakers", "pia", "quim", "rosa")
        match.draft(kit, tenant="acme", actor=ADMIN, program="bakers")
    with made.phase("other tenant"):
        _program(kit, "zebra", "zeds", zoe="coordinator")
        _people(kit, "zebra", "zeds", "zac", "zia", "zed", called=CANARY)
        match.draft(kit, tenant="zebra", actor=ADMIN, program="zeds")
    return made


def _program(kit: Kit, tenant: str, key: str, **staff: str) -> None:
    by: dict[str, Any] = {"tenant": tenant, "actor": ADMIN}
    preset = {**PRESET, "program": {"matching": "self"}}
    programs.create(kit, **by, key=key, preset=preset)
    programs.open_(kit, **by, program=key)
    for name, role in staff.items():
        programs.appoint(kit, **by, program=key, role=role, name=name.title(), user_ref=name)


def _people(
    kit: Kit, tenant: str, program: str, mentee: str, asked: str, mentor: str, called: str = ""
) -> None:
    """Make a pair that has met, and an open proposal."""
    by: dict[str, Any] = {"tenant": tenant, "actor": ADMIN}
    leads = [
        Lead(
            key=key,
            role=role,  # type: ignore[arg-type]
            name=f"{key.title()} {called}".strip(),
            email=f"{key}@{called or 'example'}.org",
            profile={"trade": "baker", "village": "Ora"},
            capacity=4 if role == "mentor" else None,
        )
        for key, role in (
            (mentee, "mentee"), (asked, "mentee"), (mentor, "mentor")
        )
    ]  # fmt: skip
    recruit.receive(kit, **by, program=program, leads=leads)
    keys = {lead.key for lead in leads}
    rows = screen.review(kit, **by, program=program)
    ids = {row["key"]: row["id"] for row in rows if row["key"] in keys}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        assert not many(kit, verb, list(ids.values()), **by, noun="participant")["refused"]
    for key in ids:
        standing.link(kit, **by, person=key, user_ref=key)
    offered = match.propose(kit, **by, mentee=ids[mentee], mentor=ids[mentor])
    began = accept.accept(kit, **by, proposal=offered["id"])["relationship"]["id"]
    meet.log(kit, **by, relationship=began, minutes=60, held_at=kit.clock())
    match.propose(kit, **by, mentee=ids[asked], mentor=ids[mentor])


# ---------------------------------------------------------------------------------- pages


@dataclass
class Form:
    """A form as a browser would send it; one for each button that says something else."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def sendings(self) -> Iterable[dict[str, str]]:
        own = {name: value for name, value in self.fields.items() if name != FIELD}
        for name, value in self.buttons or [("", "")]:
            yield {**own, name: value} if name else own


class Forms(HTMLParser):
    """Collects the forms and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._select: str | None = None
        self._open: Form | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        if tag == "form":
            method = told.get("method", "get").upper()
            self._open = Form(told.get("action", ""), method)
            self.forms.append(self._open)
        form = self._open
        if form is None:
            return
        name = told.get("name", "")
        if tag == "button" and name:
            form.buttons.append((name, told.get("value", "")))
        elif (tag == "input" and name) or (tag == "textarea" and name):
            form.fields.setdefault(name, told.get("value", "") or "a word")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select is not None and told.get("value"):
            form.fields.setdefault(self._select, told["value"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None


def query(address: str) -> tuple[str, dict[str, str]]:
    """Return an address as its path and what stands behind the question mark."""
    split = urlsplit(address)
    return split.path, dict(parse_qsl(split.query))


def told(answer: TestResponse, *without: str) -> list[str]:
    """Return what an answer says, line by line, without what differs each time it is given."""
    text = re.sub(r'name="mk_token" value="[^"]*"', "", answer.text)
    for one in without:
        text = text.replace(html.escape(one), "")
    return [str(answer.status_code), *text.splitlines()]
