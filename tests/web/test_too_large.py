"""How much may be sent: a sheet as large as it may be, and a page with words for what is larger."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import flask
import pytest
from web.conftest import Browser, Portal
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from mentorkit.kit import Kit
from mentorkit.web import access
from mentorkit.web.access import FORM, OPEN_FORM, SHEET

pytestmark = pytest.mark.parametrize("database", ["sqlite-prepared"], indirect=True)
AT = "/programs/traders"
IMPORT, PAIRS, CONCERN = f"{AT}/people/import", f"{AT}/matching/sheet", f"{AT}/concern"
SIGNUP = "/x/signup/traders?as=mentee"
HEAD = "ref,name,trade\n1,Eva,baker\n"
ROW = " " * 1000 + "\n"


@pytest.fixture
def portal(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Portal:
    return create_portal(kit=create_kit(plugins=("csv", "matching", "signup")))


def sheet(size: int, head: str = HEAD) -> FileStorage:
    """Return a sheet of this many bytes, most of it empty rows."""
    body = (head + ROW * (size // len(ROW) + 1))[:size].encode()
    return FileStorage(io.BytesIO(body), filename="people.csv")


def upload(browser: Browser, path: str, status: int = 200, **typed: Any) -> str:
    """Send a form as the browser does that sends files; return what the page says."""
    data = {"mk_token": browser.find(r'name="mk_token" value="([^"]+)"'), **typed}
    boundary, body = encode_multipart(data)
    browser.page = browser.client.post(
        browser.at + path,
        data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
        headers={"X-User": browser.user or ""},
        follow_redirects=True,
    )
    assert browser.page.status_code == status, browser.page.text
    return browser.page.text


def test_a_sheet_of_four_megabytes_is_looked_at_and_taken_in(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(IMPORT)
    page = upload(cora, IMPORT, sheet=sheet(4 * 2**20), role="mentee")
    assert "Take them in" in page
    form = cora.find(r'(<form[^>]+>)\s*<input[^>]+>\s*<input[^>]+name="kept"')
    assert 'enctype="multipart/form-data"' in form
    kept = cora.find(r'name="kept" value="([^"]+)"')
    upload(cora, IMPORT, kept=kept, name="people.csv", role="mentee", do="import")
    assert "Eva" in cora.open(f"{AT}/people?state=lead")


def test_a_sheet_of_pairs_may_be_as_large(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(f"{PAIRS}?as=csv")
    body = cora.page.get_data().decode("utf-8-sig").replace("ana,Ana,,", "ana,Ana,dora,")
    cora.open(PAIRS)
    upload(cora, PAIRS, sheet=sheet(4 * 2**20, body))
    kept = cora.find(r'name="kept" value="([^"]+)"')
    page = upload(cora, PAIRS, kept=kept, name="pairs.csv", do="draft")
    assert "A new draft is ready. Pairs in it: 1." in page


@pytest.mark.parametrize("path", [IMPORT, PAIRS])
def test_whoever_sends_too_large_a_sheet_reads_how_large_it_may_be_and_what_to_do(
    portal: Portal, path: str
) -> None:
    cora = portal.browser("cora")
    cora.open(path)
    page = upload(cora, path, 413, sheet=sheet(SHEET * 2))
    assert "The file is larger than 5 MB, so nothing was taken in." in page
    assert "split it into several files" in page


@pytest.mark.parametrize(("path", "most"), [(CONCERN, OPEN_FORM), (SIGNUP, OPEN_FORM)])
def test_a_form_that_is_open_to_everybody_takes_little(
    portal: Portal, path: str, most: int
) -> None:
    nobody = portal.browser()
    nobody.open(path)
    page = nobody.send(path, 413, text="x" * most)
    assert "What you have sent is more than 200 KB, so nothing was kept." in page
    assert "shorten it, and send it again" in page


def test_other_forms_have_a_limit_too(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(f"{AT}/setup")
    assert "more than 500 KB" in cora.send(f"{AT}/setup", 413, do="text", text="x" * FORM)


@pytest.mark.parametrize("path", [CONCERN, IMPORT])
def test_what_comes_without_its_length_ends_at_the_limit_as_well(portal: Portal, path: str) -> None:
    cora = portal.browser("cora")
    cora.open(path)
    answer = cora.client.post(
        cora.at + path,
        input_stream=io.BytesIO(b"mk_token=" + b"x" * (SHEET * 2)),
        environ_overrides={"wsgi.input_terminated": True},
        headers={"X-User": "cora", "Transfer-Encoding": "chunked"},
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 413
    assert "That is too large" in answer.text


def test_the_smaller_limit_of_the_host_is_the_one_that_is_told(portal: Portal) -> None:
    portal.app.config["MAX_CONTENT_LENGTH"] = 2 * 2**20
    cora = portal.browser("cora")
    cora.open(IMPORT)
    assert "larger than 2 MB" in upload(cora, IMPORT, 413, sheet=sheet(3 * 2**20))


def test_a_form_may_have_a_field_for_each_of_many_columns(portal: Portal) -> None:
    cora = portal.browser("cora")
    cora.open(IMPORT)
    columns = {f"column-{number}": "name" for number in range(2_000)}
    assert "Take them in" in upload(cora, IMPORT, sheet=sheet(1000), role="mentee", **columns)


def test_whoever_sends_too_many_fields_is_not_told_that_the_file_is_too_large(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "PARTS", 1_500)
    cora = portal.browser("cora")
    cora.open(IMPORT)
    columns = {f"column-{number}": "name" for number in range(2_000)}
    page = upload(cora, IMPORT, 413, role="mentee", **columns, sheet=sheet(1000))
    assert "more fields than 1,500" in page
    assert "larger than" not in page


def test_a_host_that_reads_the_form_before_us_meets_our_limit_and_not_its_own(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    portal = create_portal(kit=create_kit(plugins=("csv", "matching")))
    seen: list[str] = []

    @portal.app.before_request
    def guard() -> None:  # as an extension against forged forms does
        seen.append(flask.request.form.get("mk_token", ""))

    cora = portal.browser("cora")
    cora.open(IMPORT)
    assert "Take them in" in upload(cora, IMPORT, sheet=sheet(4 * 2**20), role="mentee")
    assert "larger than 5 MB" in upload(cora, IMPORT, 413, sheet=sheet(SHEET * 2))
    assert len([one for one in seen if one]) == 1
