"""A form that is sent twice counts once, and one that was refused can be sent again."""

from __future__ import annotations

import html
import io
import threading
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from web.conftest import ADMIN, PRESET, Browser, Portal, create_host, signed_in
from web.test_meeting import by_admin, connect, signing  # noqa: F401
from web.test_sure import press
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from mentorkit import Manifest, hookimpl, worker
from mentorkit.journey import cases, concerns, match, meet, met, programs, screen
from mentorkit.kit import Kit
from mentorkit.web import allow, blueprint, current, once

TOKEN = r'name="mk_token" value="([^"]+)"'


def filled(browser: Browser, page: str, **typed: Any) -> dict[str, Any]:
    """Open a page and fill in its form, which can then be sent more than once."""
    browser.open(page)
    return {"mk_token": browser.find(TOKEN), **typed}


def sent(browser: Browser, path: str, form: dict[str, Any]) -> TestResponse:
    return browser._ask("post", path, data=form)


def meetings(portal: Portal, relationship: str) -> int:
    return len(meet.meetings(portal.kit, **by_admin(portal), relationship=relationship))


def forms(portal: Portal) -> list[Any]:
    """Return what is kept of the forms that were sent."""
    with portal.kit.transaction(tenant=portal.tenant, write=False) as tx:
        return list(tx.outbox.find(kind=once.KIND))


def badge(take: Callable[[], Any]) -> SimpleNamespace:
    """Return a plugin whose page gives its token, and whose form `take` answers."""
    pages = flask.Blueprint("badge", __name__)

    @pages.get("/")
    @allow(public=True)
    def show() -> str:
        return str(flask.render_template_string("{{ token }}", token=current().token()))

    pages.post("/")(allow(public=True)(take))
    return SimpleNamespace(
        manifest=Manifest(title="Badge", summary="Gives a badge."),
        mentorkit_web_blueprints=hookimpl(lambda: [pages]),
    )


def test_back_and_the_button_again_logs_no_second_meeting(portal: Portal, clock: Any) -> None:
    held = connect(portal)
    clock.forward(days=2)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="45", day=clock().date().isoformat())
    answers = [sent(ana, path, form) for _ in range(3)]
    assert {one.status_code for one in answers} == {303}
    assert len({one.headers["Location"] for one in answers}) == 1
    assert meetings(portal, held) == 1
    ana.open(answers[2].headers["Location"])
    assert "The meeting is logged" in ana.page.text


def test_a_page_fetched_anew_asks_before_it_logs_the_same_meeting_once_more(
    portal: Portal, clock: Any
) -> None:
    held = connect(portal)
    clock.forward(days=2)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    typed = {"do": "meet", "minutes": "45", "day": clock().date().isoformat()}
    asked = "You logged the same meeting at "

    def logs(browser: Browser = ana, **other: str) -> bool:
        before = meetings(portal, held)
        page = sent(browser, path, filled(browser, path, **{**typed, **other}))
        assert (
            (page.status_code == 303) == (meetings(portal, held) > before) != (asked in page.text)
        )
        browser.page = page
        return page.status_code == 303

    assert logs()
    told = clock()
    clock.forward(minutes=3)
    assert not logs()
    shown = html.unescape(ana.page.text).replace("\u202f", " ")
    assert f"{asked}{told:%-I:%M %p}. Log another?" in shown
    assert "Two meetings of the same length count" in shown
    assert f'href="/mentoring{path}"' in shown, "the way back"
    assert "The meeting is logged" in press(ana, path), "it is asked once, and then done"
    assert meetings(portal, held) == 2
    assert not logs()
    # Another length, another day, somebody else, and later: each of them is a meeting of its own.
    assert logs(minutes="30")
    assert logs(day=(clock() - timedelta(days=1)).date().isoformat())
    assert logs(portal.browser("cleo"))
    clock.forward(minutes=11)
    assert logs()


def test_a_meeting_that_was_struck_is_logged_anew_unasked(portal: Portal, clock: Any) -> None:
    held = connect(portal)
    clock.forward(days=2)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    typed = {"do": "meet", "minutes": "45", "day": clock().date().isoformat()}
    assert sent(ana, path, filled(ana, path, **typed)).status_code == 303
    (one,) = meet.meetings(portal.kit, **by_admin(portal), relationship=held)
    sent(ana, path, filled(ana, path, do="strike", meeting=one["id"]))
    assert sent(ana, path, filled(ana, path, **typed)).status_code == 303


def test_two_that_arrive_at_the_same_moment_count_once(portal: Portal, clock: Any) -> None:
    held = connect(portal)
    clock.forward(days=2)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="45", day=clock().date().isoformat())
    start, answers = threading.Barrier(4, timeout=30), list[TestResponse]()

    def tap() -> None:
        start.wait()
        answers.append(sent(portal.browser("ana"), path, form))

    taps = [threading.Thread(target=tap) for _ in range(4)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    assert {one.status_code for one in answers} == {303}
    assert len(answers) == 4
    assert len({one.headers["Location"] for one in answers}) == 1
    assert meetings(portal, held) == 1


@pytest.fixture
def reading(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Portal:
    """A program that takes sheets in."""
    return create_portal(kit=create_kit(plugins=("csv", "matching")))


def test_staff_who_tap_twice_appoint_suggest_and_add_once(reading: Portal) -> None:
    portal = reading
    cora, admin = portal.browser("cora"), portal.browser("admin")
    staff = {"role": "viewer", "name": "Vito", "user_ref": "vito"}
    two = {"mentee": portal.ids["ana"], "mentor": portal.ids["cleo"]}
    sheet = b"id,name,email\nedna,Edna,edna@example.org\nnobody,Nobody,none\n"
    for browser, page, path, typed in (
        (admin, "/programs/traders/", "/programs/traders/staff", staff),
        (cora, "/programs/traders/people", "/programs/traders/proposals", two),
    ):
        form = filled(browser, page, **typed)
        first, second = sent(browser, path, form), sent(browser, path, form)
        assert (first.status_code, second.status_code) == (303, 303), second.text
        assert first.headers["Location"] == second.headers["Location"]
    path = "/programs/traders/people/import"
    form = {**filled(cora, path), "role": "mentee", "do": "import"}
    pages = [sent(cora, path, {**form, "sheet": (io.BytesIO(sheet), "new.csv")}) for _ in range(2)]
    assert [one.status_code for one in pages] == [200, 200]
    assert "it counts once" in pages[1].text
    proposals = match.proposals(portal.kit, **by_admin(portal), program="traders")
    assert len(proposals) == 1
    names = [
        row["name"] for row in screen.review(portal.kit, **by_admin(portal), program="traders")
    ]
    assert names.count("Edna") == 1


def test_a_concern_that_is_sent_twice_is_one_concern(portal: Portal) -> None:
    ana, path = portal.browser("ana"), "/programs/traders/concern"
    form = filled(ana, path, kind="money", text="He wants a loan.")
    pages = [sent(ana, path, form) for _ in range(2)]
    assert [one.status_code for one in pages] == [200, 200]
    assert "Thank you for telling us" in pages[0].text
    assert "it counts once" in pages[1].text
    assert len(cases.queue(portal.kit, **by_admin(portal), program="traders")) == 1


@pytest.fixture
def committed(create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]) -> Any:
    """Return a portal with an open sign-up form, and how many transactions have written."""
    portal = create_portal(kit=create_kit(plugins=("matching", "signup")))
    engine, told, open_ = portal.kit.engine, list[int](), set[Any]()

    def wrote(connection: Any, _: Any, text: str, *__: Any) -> None:
        if text.lstrip().startswith(("INSERT", "UPDATE", "DELETE")):
            open_.add(connection)

    def over(connection: Any) -> None:
        if connection in open_:
            open_.discard(connection)
            told.append(1)

    sa.event.listen(engine, "before_cursor_execute", wrote)
    sa.event.listen(engine, "commit", over)
    sa.event.listen(engine, "rollback", open_.discard)
    return portal, told


@pytest.mark.parametrize(
    ("page", "typed", "status"),
    [
        ("/programs/traders/concern", {"kind": "money", "text": ""}, 422),
        ("/x/signup/traders?as=mentee", {"as": "mentee", "name": "Bo"}, 422),
        ("/x/signup/traders?as=mentee", {"as": "mentee", "mk_token": "made up"}, 403),
    ],
    ids=["concern", "signup", "not ours"],
)
def test_what_nobody_who_is_signed_in_sends_and_is_refused_writes_nothing(
    committed: tuple[Portal, list[int]], page: str, typed: dict[str, Any], status: int
) -> None:
    portal, told = committed
    stranger = portal.browser()
    form = filled(stranger, page, **typed)
    told.clear()
    for _ in range(2):
        assert sent(stranger, page.partition("?")[0], form).status_code == status
    assert told == []
    assert forms(portal) == []


def test_what_nobody_who_is_signed_in_mends_is_taken_in_once(
    committed: tuple[Portal, list[int]],
) -> None:
    portal, told = committed
    stranger, path = portal.browser(), "/programs/traders/concern"
    form = filled(stranger, path, kind="money", text="")
    assert sent(stranger, path, form).status_code == 422
    told.clear()
    pages = [sent(stranger, path, {**form, "text": "He wants a loan."}) for _ in range(3)]
    assert [one.status_code for one in pages] == [200] * 3
    assert ["it counts once" in one.text for one in pages] == [False, True, True]
    assert len(told) == 2, "the concern with its hold, and what became of it"
    assert len(cases.queue(portal.kit, **by_admin(portal), program="traders")) == 1


@pytest.mark.parametrize("text", ["He wants a loan.", ""], ids=["taken", "refused"])
def test_two_that_nobody_signed_in_for_count_once_at_the_same_moment(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    path, start = "/programs/traders/concern", threading.Barrier(3, timeout=30)
    form = filled(portal.browser(), path, kind="money", text=text)
    answers, began, work = list[TestResponse](), set[int](), concerns.raise_

    def together(*given: Any, **named: Any) -> Any:
        if (here := threading.get_ident()) not in began:
            began.add(here)
            start.wait()  # nobody has found the form held
        return work(*given, **named)

    monkeypatch.setattr(concerns, "raise_", together)

    def tap() -> None:
        answers.append(sent(portal.browser(), path, form))

    taps = [threading.Thread(target=tap) for _ in range(3)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    told = sorted((one.status_code, "it counts once" in one.text) for one in answers)
    if text:
        assert told == [(200, False), (200, True), (200, True)]
    else:
        assert told == [(422, False)] * 3
    queue = cases.queue(portal.kit, **by_admin(portal), program="traders")
    assert len(queue) == (1 if text else 0)


def test_a_form_that_was_refused_can_be_sent_again(portal: Portal, clock: Any) -> None:
    held = connect(portal)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="0", day=clock().date().isoformat())
    assert sent(ana, path, form).status_code == 422
    assert forms(portal) == []
    assert sent(ana, path, {**form, "minutes": "30"}).status_code == 303
    assert meetings(portal, held) == 1


def test_what_was_changed_in_a_form_that_was_sent_is_not_lost_unsaid(
    portal: Portal, clock: Any
) -> None:
    held = connect(portal)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="30", day=clock().date().isoformat())
    assert sent(ana, path, form).status_code == 303
    page = sent(ana, path, {**form, "minutes": "60"})
    assert page.status_code == 409
    assert "What you changed since has not" in page.text
    assert meetings(portal, held) == 1


def test_a_page_that_only_shows_something_can_be_asked_for_again(reading: Portal) -> None:
    cora, path = reading.browser("cora"), "/programs/traders/people/import"
    form = {**filled(cora, path), "role": "mentee"}
    for _ in range(2):
        sheet = (io.BytesIO(b"id,name,email\nedna,Edna,edna@example.org\n"), "new.csv")
        page = sent(cora, path, {**form, "sheet": sheet})
        assert "Edna" in page.text


def test_a_form_of_which_nobody_knows_what_became_says_so(
    portal: Portal, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = connect(portal)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="30", day=clock().date().isoformat())
    with monkeypatch.context() as broken, pytest.raises(ZeroDivisionError):
        broken.setattr(meet, "log", lambda *_, **__: 1 / 0)
        sent(ana, path, form)
    page = sent(ana, path, form)
    assert page.status_code == 409
    assert "look whether it is there" in page.text


def test_nobody_learns_from_a_form_of_somebody_else_what_became_of_it(
    portal: Portal, clock: Any
) -> None:
    elsewhere = blueprint(portal.kit, tenant=lambda: "other", actor=signed_in, name="elsewhere")
    portal.app.register_blueprint(elsewhere, url_prefix="/elsewhere")
    programs.create(portal.kit, tenant="other", actor=ADMIN, key="traders", preset=PRESET)
    held = connect(portal)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="30", day=clock().date().isoformat())
    to = sent(ana, path, form).headers["Location"]
    others = [sent(portal.browser(user), path, form) for user in ("cleo", "cora", "admin", None)]
    # A form whose address is open to everybody, so that nothing but its token keeps them out.
    asked = filled(ana, "/programs/traders/concern", kind="money", text="He wants a loan.")
    assert sent(ana, "/programs/traders/concern", asked).status_code == 200
    for user, at in (("cleo", "/mentoring"), (None, "/mentoring"), ("ana", "/elsewhere")):
        others.append(sent(portal.browser(user, at), "/programs/traders/concern", asked))
    assert [one.status_code for one in others] == [403] * 7
    for page in others:
        assert "Location" not in page.headers
        assert to not in page.text
        assert "it counts once" not in page.text


def mounted(portal: Portal, app: flask.Flask, actor: Callable[[], Any] = signed_in) -> None:
    """Mount the portal's pages in another host."""
    pages = blueprint(portal.kit, tenant=lambda: portal.tenant, actor=actor)
    app.register_blueprint(pages, url_prefix="/mentoring")
    portal.app = app


def test_a_host_that_renews_its_cookie_with_every_answer_has_forms_count_once(
    portal: Portal, clock: Any
) -> None:
    def renewing() -> Any:
        @flask.after_this_request
        def renew(response: flask.Response) -> flask.Response:
            response.set_cookie("login", "renewed")
            return response

        return signed_in()

    held = connect(portal)
    mounted(portal, create_host(), renewing)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="45", day=clock().date().isoformat())
    assert [sent(ana, path, form).status_code for _ in range(3)] == [303] * 3
    assert meetings(portal, held) == 1


def test_a_plugin_whose_answer_cannot_be_given_twice_has_its_form_done_again(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    def take() -> Any:
        flask.session["badge"] = "taken"
        if flask.request.form["keep"] == "again":
            current().again()
        return current().go("home")

    portal = create_portal(kit=create_kit(plugins=("matching", ("badge", badge(take)))))
    for keep, given in (("again", [True, True]), ("", [True, False])):
        token = portal.browser("ana").open("/x/badge/")
        form = {"mk_token": token, "keep": keep}
        answers = [sent(portal.browser("ana"), "/x/badge/", form) for _ in range(2)]
        assert ["Set-Cookie" in one.headers for one in answers] == given


def test_a_plugin_whose_page_lets_errors_out_is_answered_with_what_the_first_has_done(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit]
) -> None:
    met = threading.Barrier(2, timeout=30)
    began: list[int] = []

    def take() -> Any:
        began.append(1)
        if len(began) < 3:
            met.wait()
        current().kit.write(current().tenant, lambda tx: tx.outbox.add("badge", tx.new_id()))
        return current().go("home")

    portal = create_portal(kit=create_kit(plugins=("matching", ("badge", badge(take)))))
    form, told = {"mk_token": portal.browser().open("/x/badge/")}, list[int]()

    def tap() -> None:
        told.append(sent(portal.browser(), "/x/badge/", form).status_code)

    taps = [threading.Thread(target=tap) for _ in range(2)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    assert told == [303, 303]
    with portal.kit.transaction(tenant=portal.tenant, write=False) as tx:
        assert len(tx.outbox.find(kind="badge")) == 1


def fails_after(work: Callable[..., Any]) -> Callable[..., Any]:
    """Do the work, and then fail in a way that nobody has foreseen."""

    def failing(*given: Any, **named: Any) -> Any:
        work(*given, **named)
        raise ZeroDivisionError

    return failing


@pytest.mark.parametrize("user", [None, "ana"])
def test_a_form_of_a_plugin_that_writes_in_its_own_tables_alone_counts_once(
    create_portal: Callable[..., Portal], create_kit: Callable[..., Kit], user: str | None
) -> None:
    met = threading.Barrier(2, timeout=1)
    done: list[int] = []

    def take() -> Any:
        with suppress(threading.BrokenBarrierError):
            met.wait()  # neither has found the form held, where nobody is signed in
        visit = current()
        with visit.kit.work_context(visit.tenant, None, "badge").transaction() as connection:
            connection.execute(sa.text("SELECT 1"))
            if flask.request.form.get("fail"):
                return "It is refused.", 422
            done.append(1)
        return visit.go("home")

    portal = create_portal(kit=create_kit(plugins=("matching", ("badge", badge(take)))))
    form = {"mk_token": portal.browser(user).open("/x/badge/")}
    told: list[int] = []

    def tap() -> None:
        told.append(sent(portal.browser(user), "/x/badge/", form).status_code)

    taps = [threading.Thread(target=tap) for _ in range(2)]
    for one in taps:
        one.start()
    for one in taps:
        one.join()
    assert (told, done) == ([303, 303], [1])
    kept = len(forms(portal))
    form = {"mk_token": portal.browser(user).open("/x/badge/"), "fail": "yes"}
    assert sent(portal.browser(user), "/x/badge/", form).status_code == 422
    assert len(forms(portal)) == kept, "a form that was refused is let go"


@pytest.mark.parametrize("leads_on", [False, True], ids=["told", "led"])
def test_a_form_that_was_done_before_its_page_failed_is_not_done_again(
    portal: Portal, clock: Any, monkeypatch: pytest.MonkeyPatch, *, leads_on: bool
) -> None:
    held, app = connect(portal), create_host(PROPAGATE_EXCEPTIONS=False)
    app.testing = False
    if leads_on:  # as a host does that shows one page whatever has happened

        @app.errorhandler(Exception)
        def sorry(error: Exception) -> Any:
            return flask.redirect("/sorry")

    mounted(portal, app)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="30", day=clock().date().isoformat())
    with monkeypatch.context() as broken:
        broken.setattr(meet, "log", fails_after(meet.log))
        assert sent(ana, path, form).status_code == (302 if leads_on else 500)
    page = sent(ana, path, form)
    assert page.status_code == 409
    assert "look whether it is there" in page.text
    assert meetings(portal, held) == 1


def told_apart(path: str = "/a?x=1", **filled_in: Any) -> str:
    """Return what tells a form from another: one with two fields and a file, or as given."""
    sheet = (io.BytesIO(b"ab"), "one.csv")
    data = {"mk_token": "made", "note": "ab", "more": "c", "sheet": sheet, **filled_in}
    with flask.Flask("host").test_request_context(path, method="POST", data=data):
        return once._digest()


def test_a_form_is_told_by_where_it_goes_and_by_all_that_stands_in_it() -> None:
    def one(text: bytes, name: str = "one.csv") -> tuple[io.BytesIO, str]:
        return io.BytesIO(text), name

    def told(*parts: bytes) -> bytes:
        return b"".join(len(part).to_bytes(8, "big") + part for part in parts)

    assert told_apart() == told_apart()
    glued = b"ab" + told(b"file", b"sheet", b"two.csv") + b"cd"  # as if it were two files
    others = [
        told_apart("/b?x=1"),
        told_apart("/a?x=2"),
        told_apart(note="abd"),
        told_apart(more="ctypednoteab", note=[]),
        told_apart(note=["ab", "ab"]),
        told_apart(mk_token="another"),
        told_apart(sheet=one(b"ac")),
        told_apart(sheet=one(b"ab", "two.csv")),
        told_apart(sheet=one(b"")),
        told_apart(sheet="ab"),
        told_apart(other=one(b"ab")),
        told_apart(sheet=one(glued)),
        told_apart(sheet=[one(b"ab"), one(b"cd", "two.csv")]),
    ]
    assert len({told_apart(), *others}) == 1 + len(others)


def test_a_form_with_another_file_of_the_same_name_is_another(reading: Portal) -> None:
    cora, path = reading.browser("cora"), "/programs/traders/people/import"
    form = {**filled(cora, path), "role": "mentee", "do": "import"}
    told = []
    for name in ("edna", "fred", "edna"):
        sheet = io.BytesIO(f"id,name,email\n{name},{name},none\n".encode())
        told.append(sent(cora, path, {**form, "sheet": (sheet, "new.csv")}))
    assert "What you changed since has not" in told[1].text
    assert "it counts once" in told[2].text


def test_what_is_kept_of_a_form_says_nothing_and_goes_when_the_form_is_too_old(
    signing: Portal,  # noqa: F811
    clock: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held, at = connect(signing), by_admin(signing)
    made = met.link(signing.kit, **at, relationship=held, participant=signing.ids["ana"])
    clock.forward(days=2)
    somebody, path = signing.browser(), f"/met/{made['token']}"
    form = filled(somebody, path, minutes="45", day=clock().date().isoformat())
    answers = [sent(somebody, path, form) for _ in range(2)]
    assert [one.headers["Location"] for one in answers] == [f"/mentoring{path}?said=met"] * 2
    (kept,) = forms(signing)
    assert kept.body["to"] == "/mentoring/met/{token}?said=met"
    assert made["token"] not in repr(kept)
    worker.work(signing.kit)
    assert forms(signing) == [kept]
    monkeypatch.setattr(worker, "OPEN", -1)  # as if it were that much later
    worker.work(signing.kit)
    assert forms(signing) == []


def test_whoever_waits_for_the_answer_of_the_first_writes_nothing_and_reads_that_it_is_being_done(
    portal: Portal, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = connect(portal)
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="30", day=clock().date().isoformat())
    with monkeypatch.context() as killed:  # its process is gone before it could note anything
        killed.setattr(once, "_end", lambda *_: None)
        assert sent(ana, path, form).status_code == 303
    monkeypatch.setattr(once, "WAIT", 0.5)
    written, write = [], portal.kit.write
    with monkeypatch.context() as counted:
        counted.setattr(portal.kit, "write", lambda *told: written.append(1) or write(*told))
        page = sent(ana, path, form)
    assert page.status_code == 409
    assert "is still being done" in page.text
    assert len(written) == 1
    clock.forward(minutes=5)
    page = sent(ana, path, form)
    assert page.status_code == 409
    assert "not known what became of it" in page.text


def test_a_form_that_failed_says_so_at_once(
    portal: Portal, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = connect(portal)
    monkeypatch.setattr(once.time, "sleep", lambda _: pytest.fail("nobody answers any more"))
    ana, path = portal.browser("ana"), f"/programs/traders/relationships/{held}"
    form = filled(ana, path, do="meet", minutes="30", day=clock().date().isoformat())
    with monkeypatch.context() as broken, pytest.raises(ZeroDivisionError):
        broken.setattr(meet, "log", fails_after(meet.log))
        sent(ana, path, form)
    assert "not known what became of it" in sent(ana, path, form).text


def test_a_large_file_is_looked_at_in_pieces(portal: Portal) -> None:
    sheet = FileStorage(io.BytesIO(bytes(range(256)) * 20_000), filename="new.csv")
    boundary, body = encode_multipart({"mk_token": "made", "sheet": sheet})
    kind = f"multipart/form-data; boundary={boundary}"
    with portal.app.test_request_context("/", method="POST", data=body, content_type=kind):
        file = flask.request.files["sheet"]
        tracemalloc.start()
        once._digest()
        assert tracemalloc.get_traced_memory()[1] < 2**20
        tracemalloc.stop()
        assert file.tell() == 0, "it is read from its start by the view"
        file.close()
