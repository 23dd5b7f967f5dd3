"""Every page, read as a browser does: nothing inline, every control named, one title, one order.

The pages are those of the sweep's world, so that a view that is added tomorrow is read as well.
"""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser
from itertools import product

import jinja2
import pytest
from web.everything import Everything, create

from mentorkit import DEFAULT_PLUGINS, Portal
from mentorkit.kit import Kit

READERS = ("", "stranger", "ana", "cleo", "eve", "cora", "vera", "admin")
CONTROLS = ("input", "select", "textarea")
VOID = ("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
POLICY = {
    "default-src": "'none'", "script-src": "'self'", "style-src": "'self'",
    "form-action": "'self'", "frame-ancestors": "'self'", "base-uri": "'none'",
}  # fmt: skip


class Page(HTMLParser):
    """Reads one page, and says what is wrong with it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.ids: set[str] = set()
        self.labels: set[str] = set()
        self.pointed: list[str] = []
        self.controls: list[tuple[str, dict[str, str]]] = []
        self.headings: list[int] = []
        self.stack: list[str] = []
        self.root: dict[str, str] = {}
        self.mains = 0
        self.unnamed: list[str] | None = None
        self.feed(text)
        self.close()
        self._judge()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        for name in told:
            if name == "style" or name.startswith("on"):
                self.wrong.append(f"<{tag} {name}> is inline")
        if tag == "style" or (tag == "script" and "src" not in told):
            self.wrong.append(f"<{tag}> is inline")
        if told.get("href", "").lower().startswith(("javascript:", "data:")) and tag == "a":
            self.wrong.append(f"a link to {told['href']}")
        if tag == "html":
            self.root = told
        if tag == "main":
            self.mains += 1
        if tag == "img" and "alt" not in told:
            self.wrong.append("an image without words")
        if "id" in told:
            if told["id"] in self.ids:
                self.wrong.append(f"two things are called #{told['id']}")
            self.ids.add(told["id"])
        if tag == "label":
            self.labels.add(told.get("for", ""))
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            self.headings.append(int(tag[1]))
        for name in ("aria-describedby", "aria-labelledby"):
            self.pointed += told.get(name, "").split()
        if tag in CONTROLS and told.get("type") not in ("hidden", "submit"):
            self.controls.append((tag, told))
        if tag == "button" or (tag == "a" and "href" in told):
            self.unnamed = [told.get("aria-label", "")]
        if tag not in VOID:
            self.stack.append(tag)

    def handle_data(self, data: str) -> None:
        if self.unnamed is not None:
            self.unnamed.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("button", "a") and self.unnamed is not None:
            if not "".join(self.unnamed).strip():
                self.wrong.append(f"a <{tag}> says nothing")
            self.unnamed = None
        if tag in VOID:
            return
        if not self.stack or self.stack[-1] != tag:
            self.wrong.append(f"</{tag}> closes {self.stack[-1:]}")
            return
        self.stack.pop()

    def _judge(self) -> None:
        for tag, told in self.controls:
            named = told.get("id") in self.labels or told.get("aria-label")
            if not named:
                self.wrong.append(f"no label says what <{tag} name={told.get('name')}> is")
        for id in self.pointed:
            if id not in self.ids:
                self.wrong.append(f"#{id} is spoken of and not there")
        for id in self.labels - self.ids:
            self.wrong.append(f"a label is for #{id}, which is not there")
        if self.headings.count(1) != 1 or self.headings[0] != 1:
            self.wrong.append(f"the headings are {self.headings}: one h1 comes first")
        for before, after in zip(self.headings, self.headings[1:], strict=False):
            if after > before + 1:
                self.wrong.append(f"h{after} follows h{before}")
        if not self.root.get("lang") or self.root.get("dir") not in ("ltr", "rtl"):
            self.wrong.append("the page does not say its language and direction")
        if self.mains != 1:
            self.wrong.append(f"there are {self.mains} <main>")
        if self.stack:
            self.wrong.append(f"{self.stack} are never closed")


@pytest.fixture
def everything(create_kit: Callable[..., Kit]) -> Everything:
    return create(
        create_kit(
            plugins=DEFAULT_PLUGINS,
            secret_keys=["secret"],
            site=Portal("http://localhost/mentoring"),
        )
    )


@pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
def test_every_page_keeps_a_strict_policy_and_names_every_control(everything: Everything) -> None:
    """Also where the host's templates may name nothing that is not there."""
    assert everything.app.jinja_env.undefined is jinja2.StrictUndefined
    read, wrong = 0, []
    for view in everything.views():
        if view.method != "GET":
            continue
        for user, values in product(READERS, everything.own(view)):
            at = everything.url(view.rule.endpoint, **values)
            answer = everything.call(user, "GET", at)
            if answer.mimetype != "text/html" or answer.status_code == 303:
                continue
            where = f"{at} as {user or 'nobody'}"
            wrong += [f"{where}: {told}" for told in Page(answer.text).wrong]
            headers = answer.headers
            said = dict(
                part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";")
            )
            assert {name: said.get(name) for name in POLICY} == POLICY, where
            assert "unsafe" not in headers["Content-Security-Policy"], where
            assert headers["X-Content-Type-Options"] == "nosniff", where
            assert "camera=()" in headers["Permissions-Policy"], where
            read += 1
    assert wrong == []
    assert read > 100


@pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
def test_a_page_says_its_language_and_direction(everything: Everything) -> None:
    client = everything.app.test_client()
    for language, direction in (("en", "ltr"), ("ar", "rtl"), ("fa-IR", "rtl"), ("sw", "ltr")):
        text = client.get("/mentoring/", headers={"Accept-Language": language}).text
        assert Page(text).root == {"lang": language, "dir": direction}


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ('<p style="color:red">', "inline"), ("<script>x()</script>", "inline"),
        ('<button onclick="x()">Go</button>', "inline"), ("<style>p{}</style>", "inline"),
        ('<input name="a">', "no label"), ('<select name="a"></select>', "no label"),
        ("<h3>Deep</h3>", "h3 follows h1"), ("<h1>Two</h1>", "one h1"),
        ('<p id="a"></p><p id="a"></p>', "two things"), ("<button></button>", "says nothing"),
        ('<a href="javascript:x()">Go</a>', "a link to"), ('<img src="a.png">', "without words"),
        ('<label for="b">B</label>', "which is not there"), ("<div>", "closes"),
        ('<input id="c" aria-label="C" aria-describedby="d">', "is spoken of"),
    ],
)  # fmt: skip
def test_the_reader_sees_what_is_wrong(written: str, wrong: str) -> None:
    page = '<html lang="en" dir="ltr"><body><main><h1>One</h1>{}</main></body></html>'
    assert Page(page.format("<p>Fine.</p>")).wrong == []
    assert any(wrong in told for told in Page(page.format(written)).wrong)
