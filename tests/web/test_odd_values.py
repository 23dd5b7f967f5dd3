"""Whatever is typed into a form, our pages answer in words: no value makes them fail.

The forms are those of all pages, as their visitors are shown them. One field at a time holds
something odd, or is missing, or is sent twice: each field is odd once, and each kind of field is
odd in every way. Whatever was changed is put back before the next.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from web.everything import Everything, Form, Forms, create, query

from mentorkit import DEFAULT_PLUGINS, Portal
from mentorkit.domain.people import Actor
from mentorkit.kit import Kit
from mentorkit.web.tokens import FIELD, Tokens

MISSING, ELSEWHERE = "missing", "another organisation's"
UNSTORED = {"nul": "a\0b", "half a character": "a\ud800b", "half in json": '["\\ud800"]'}
"""What PostgreSQL does not keep in a text, or in JSON."""
ODD: dict[str, Any] = {
    "a sign too many": "--5",
    "raised": "²",
    "no number": "nan",
    "infinite": "-inf",
    "endless": "1e400",
    "long number": "9" * 5000,
    **UNSTORED,
    "very long": "word " * 20_000,
    "deep": "[" * 10_000 + "]" * 10_000,
    "deep enough": '{"a": ' * 300 + "1" + "}" * 300,
    "no option": "nothing_like_it",
    MISSING: None,
    "twice": ["one", "two"],
    ELSEWHERE: None,
}
USERS = ("cora", "ana", "cleo", "")
ADDRESSES = 3
"""How many things of a kind are looked at, for the forms that their pages show."""
TYPED = {"input", "textarea", "numeric", "decimal", "number", "date"}
"""Kinds of fields of which each is odd once for everything that is done at its address."""
SETUP = {"program_set", "program_plugin", "strategy_change", "plan_change", "supply_cost"}


class Restored:
    """The database of a world as it was, put back where somebody has written to it."""

    def __init__(self, everything: Everything) -> None:
        self.everything = everything
        self.at = str(everything.kit.engine.url.database)
        self.kept = sqlite3.connect(":memory:")
        self._copy(back=False)
        self.written = everything.written()

    def put_back(self) -> None:
        if self.everything.written() != self.written:
            self._copy(back=True)
            self.written = self.everything.written()

    def _copy(self, *, back: bool) -> None:
        live = sqlite3.connect(self.at)
        live.execute("PRAGMA synchronous = OFF")
        (self.kept if back else live).backup(live if back else self.kept)
        live.close()


def forms(everything: Everything, user: str) -> Iterator[tuple[str, str, Form]]:
    """Yield the forms on the pages that this user can open: view, address and form."""
    for view in everything.views():
        if view.method != "GET":
            continue
        for values in list(everything.own(view))[:ADDRESSES]:
            at = everything.url(view.rule.endpoint, **values)
            page = everything.call(user, "GET", at)
            for form in Forms(page.text).forms if page.status_code == 200 else ():
                matched = everything.match(query(form.action or at)[0], form.method)
                if form.method == "POST" and matched:
                    yield matched[0], form.action or at, form


Field = tuple[str, str, str, dict[str, str]]
"""A field of a form: who sends it, where to, its name, and all that the form holds."""


def fields(everything: Everything) -> dict[str, dict[tuple[str, ...], Field]]:
    """Return every field of every form by its kind; a field is of a view and what is done there."""
    found: dict[str, dict[tuple[str, ...], Field]] = defaultdict(dict)
    for user in USERS:
        for view, at, form in forms(everything, user):
            for data in form.sendings():
                did = [data.get(name, "") for name in ("do", "plugin", "kind")]
                for name in data:
                    kind = form.kinds.get(name, "button")
                    of = did if kind in TYPED else ()
                    found[kind].setdefault((view, *of, name), (user, at, name, data))
    return found


def odd(everything: Everything, data: dict[str, str], name: str, kind: str) -> dict[str, Any]:
    if kind == MISSING:
        return {key: value for key, value in data.items() if key != name}
    if kind == ELSEWHERE:
        return {**data, name: everything.made["other tenant"]["mk__participant"][0]}
    return {**data, name: ODD[kind]}


def fails(everything: Everything, user: str, at: str, data: dict[str, Any]) -> bool:
    """Send a form, signed for this user, as bytes: a browser may send what is no text."""
    actor = Actor(user_ref=user) if user else Actor()
    signed = {**data, FIELD: Tokens(everything.kit.secret_keys).make("acme", actor)}
    answer = everything.app.test_client().post(
        at,
        data=urlencode(signed, doseq=True, errors="surrogatepass"),
        content_type="application/x-www-form-urlencoded",
        headers={"X-User": user} if user else {},
    )
    return answer.status_code >= 500


@pytest.fixture
def everything(create_kit: Callable[..., Kit]) -> Iterator[Everything]:
    plugins = [one for one in DEFAULT_PLUGINS if one != "limits"]
    kit = create_kit(
        plugins=plugins, secret_keys=["secret"], site=Portal("http://localhost/mentoring")
    )
    made = create(kit)
    made.app.testing = False  # a view that raises is answered with 500, as in real life
    logging.disable(logging.CRITICAL)
    yield made
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
def test_no_odd_value_in_a_field_of_any_form_makes_a_page_fail(everything: Everything) -> None:
    restored, found, views = Restored(everything), [], set()
    for asked, each in fields(everything).items():
        sent, keys = list(each.values()), list(each)
        for at in range(max(len(sent), len(ODD))):
            user, address, name, data = sent[at % len(sent)]
            kind = list(ODD)[at % len(ODD)]
            views.add(keys[at % len(sent)][0].removeprefix("mentorkit."))
            if fails(everything, user, address, odd(everything, data, name, kind)):
                found.append((*keys[at % len(sent)], asked, kind))
            restored.put_back()
    restored.kept.close()
    assert views >= SETUP
    assert found == []


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_a_database_does_not_keep_makes_no_page_fail(everything: Everything) -> None:
    found = []
    for asked, each in fields(everything).items():
        for at, (key, (user, address, name, data)) in enumerate(each.items()):
            kind = list(UNSTORED)[at % len(UNSTORED)]
            if fails(everything, user, address, odd(everything, data, name, kind)):
                found.append((*key, asked, kind))
    assert found == []
