"""Safety: anybody raises a concern; staff handle concerns, texts that wait, and who is apart."""

from __future__ import annotations

from typing import Any

import flask
from werkzeug.wrappers import Response

from mentorkit.domain.safety import CONCERN_MOVES, HANDLERS, KINDS, OUTCOMES
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotAllowed, NotFound
from mentorkit.journey import cases, contents, protect
from mentorkit.journey import concerns as raising
from mentorkit.web.access import allow
from mentorkit.web.namesakes import beside
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.people import PARTIES
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.problems import status
from mentorkit.web.sure import ask_first, is_asked
from mentorkit.web.visits import Visit

TITLES = {
    "unwanted_contact": "Contact I do not want",
    "harassment": "Harassment, threats or insults",
    "money": "Asking for money, or selling",
    "unfair": "Unfair treatment",
    "danger": "Somebody may be in danger",
    "spam": "Advertising, or a false person",
    "other": "Something else",
}
"""What a concern may be about, in words."""
ABOUT = ("proposal", "relationship", "on_behalf_of")
"""What the address of the form may say, besides whom it is about."""
NOUNS = ("proposal", "relationship", "participant")
"""What somebody writes about, each with a page of its own."""


@shows("/programs/<program>/concern")
@allow(public=True)
def concern_form(visit: Visit, program: str) -> str:
    return _form(visit, {**visit.asked(), "program": program})


@does("/programs/<program>/concern")
@allow(public=True)
def concern_send(visit: Visit, program: str) -> str | tuple[str, int]:
    return _send(visit, {**visit.asked(), "program": program})


@shows("/concern/<token>")
@allow(public=True)
def concern_link(visit: Visit, token: str) -> str:
    return _form(visit, _linked(visit, token))


@does("/concern/<token>")
@allow(public=True)
def concern_link_send(visit: Visit, token: str) -> str | tuple[str, int]:
    return _send(visit, _linked(visit, token))


def _linked(visit: Visit, token: str) -> dict[str, Any]:
    """Return for whom a link speaks and about what; whoever opens it need not be signed in."""
    actor, about = raising.opened(visit.kit, token, tenant=visit.tenant)
    return {"tenant": visit.tenant, "actor": actor, **about}


def _form(
    visit: Visit, at: dict[str, Any], wrong: MentorKitError | None = None, refused: str = ""
) -> str:
    values = flask.request.values
    kept = {name: at.get(name) or values.get(name, "") for name in ABOUT}
    named = {**at, **{name: value or None for name, value in kept.items()}}
    asked = raising.form(visit.kit, **named, about=values.get("about") or None)
    return visit.render(
        "concern_form.html",
        title=visit.words("Report a problem"),
        asked=asked,
        alike=beside(visit, [one["id"] for one in asked["people"]]),
        kinds={kind: visit.words(TITLES[kind]) for kind in KINDS},
        kept=kept,
        sends_to=flask.request.script_root + flask.request.path,
        wrong=wrong,
        refused=refused,
    )


def _send(visit: Visit, at: dict[str, Any]) -> str | tuple[str, int]:
    typed: dict[str, Any] = {name: at[name] for name in ("tenant", "actor", "program")}
    near: dict[str, Any] = {name: at.get(name) or visit.form.get(name) or None for name in ABOUT}
    about_staff = "about_staff" in visit.form
    program = visit.program.id if visit.program else at["program"]  # a link names it by its id
    if refused := visit.refusal("concern", at["actor"], program):
        return _form(visit, at, refused=refused), 429
    try:
        done = raising.raise_(
            visit.kit,
            **typed,
            **near,
            kind=visit.form.get("kind", ""),
            text=visit.form.get("text", ""),
            about=visit.form.get("about") or None,
            about_staff=about_staff,
            apart="apart" in visit.form,
            anonymous="anonymous" in visit.form,
        )
    except (Conflict, Invalid, NotAllowed) as error:
        return _form(visit, at, error), status(error)
    visit.counts()
    return visit.render(
        "concern_done.html",
        title=visit.words("Thank you for telling us"),
        asked=raising.form(visit.kit, **typed),
        done=done,
        about_staff=about_staff,
    )


@shows("/programs/<program>/concerns")
@allow(*HANDLERS)
def concerns(visit: Visit, program: str) -> str:
    at = {**visit.asked(), "program": program}
    state = _listed().get("state")
    return visit.render(
        "concerns.html",
        title=visit.words("Concerns"),
        here="concerns",
        states=CONCERN_MOVES.states,
        kinds={kind: visit.words(TITLES[kind]) for kind in KINDS},
        state=state,
        concerns=cases.queue(visit.kit, **at, state=state),
        texts=contents.waiting(visit.kit, **at) if visit.is_staff else (),
        blocks=protect.blocks(visit.kit, **at),
    )


def _listed() -> dict[str, str]:
    """Return which of the concerns the address of the list leaves."""
    state = flask.request.args.get("state")
    return {"state": state} if state else {}


@shows("/programs/<program>/concerns/<concern>")
@allow(*HANDLERS)
def concern(
    visit: Visit, program: str, concern: str, wrong: MentorKitError | None = None
) -> str:  # fmt: skip
    one = cases.show(visit.kit, **visit.asked(), concern=concern)
    if one["program_id"] != visit.of.id:
        raise NotFound("concern.not_found", visit.words("There is no such concern here."))
    return visit.render(
        "concern.html",
        title=visit.words(TITLES[one["kind"]]),
        here="concerns",
        one=one,
        outcomes=OUTCOMES,
        wrong=wrong,
    )


@does("/programs/<program>/concerns/<concern>")
@allow(*HANDLERS)
def concern_change(visit: Visit, program: str, concern: str) -> Response | tuple[str, int]:
    at = {**visit.asked(), "concern": concern}
    did, note = visit.form.get("do", ""), visit.form.get("note", "")
    try:
        if did == "take":
            cases.take(visit.kit, **at)
            said = "taken"
        elif did == "close":
            cases.close(visit.kit, **at, outcome=visit.form.get("outcome", ""), note=note)
            said = "case_closed"
        elif did == "reopen":
            cases.reopen(visit.kit, **at, note=note)
            said = "reopened"
        else:
            cases.note(visit.kit, **at, text=note)
            said = "note_kept"
    except (Conflict, Invalid) as error:
        return _again(visit, program, concern, error), status(error)
    return visit.go("concern", said, program=program, concern=concern)


def _again(visit: Visit, program: str, one: str, error: MentorKitError) -> str:
    return concern(visit, program, one, error)


@does("/programs/<program>/contents/<content>")
@allow(*STAFF)
def content_decide(visit: Visit, program: str, content: str) -> str | Response:
    release = visit.form.get("do") == "release"
    if release and is_asked(visit):
        return _sure_to_pass_on(visit, program, content)
    at: dict[str, Any] = {**visit.asked(), "content": content}
    if release:
        contents.release(visit.kit, **at)
    else:
        contents.refuse(visit.kit, **at, note=visit.form.get("note", ""))
    said = "released" if release else "text_refused"
    return visit.go("concerns", said, program=program, anchor="texts", **_listed())


@does("/programs/<program>/contents/<content>/take-back")
@allow(*STAFF, *PARTIES)
def content_take_back(visit: Visit, program: str, content: str) -> Response:
    """Take back what the visitor wrote, and show them where it was to stand."""
    done = contents.take_back(visit.kit, **visit.asked(), content=content)
    page = next(noun for noun in NOUNS if done[f"{noun}_id"])
    about = {page: done[f"{page}_id"]}
    return visit.go(page, "text_taken_back", program=program, **about)


@does("/programs/<program>/blocks")
@allow(*HANDLERS)
def block_change(visit: Visit, program: str) -> str | Response:
    block = visit.form.get("do") == "block"
    two: dict[str, Any] = {name: visit.form.get(name, "") for name in ("person", "other")}
    if not block and is_asked(visit):
        return _sure_to_lift(visit, program, two)
    (protect.block if block else protect.unblock)(visit.kit, **visit.asked(), **two)
    said = "apart" if block else "together"
    return visit.go("concerns", said, program=program, anchor="apart", **_listed())


def _sure_to_lift(visit: Visit, program: str, two: dict[str, str]) -> str:
    """Ask whether two shall not be kept apart any more, and say what is allowed then."""
    rows = protect.blocks(visit.kit, **visit.asked(), program=program)
    one = next((row for row in rows if two.items() <= row.items()), None)
    if one is None:
        raise NotFound("block.not_found", visit.words("These two are not kept apart here."))
    names = {"name": one["name"], "other": one["other_name"]}
    return ask_first(
        visit,
        visit.words("Let {name} and {other} be brought together again?", **names),
        [
            visit.words(
                "A draft may pair them again, staff may propose them, and they may ask for each "
                "other."
            ),
            visit.words("Where {other} has set the same about {name}, that stays.", **names),
            visit.words("What has ended or was taken back does not come back. Nobody is told."),
            visit.words("Ask whoever is protected by it first."),
        ],
        here="concerns",
        yes=visit.words("Yes, lift it"),
        back=visit.url("concerns", program=program, _anchor="apart", **_listed()),
    )


def _sure_to_pass_on(visit: Visit, program: str, content: str) -> str:
    """Ask whether a text that waits shall be passed on, and to whom."""
    texts = contents.waiting(visit.kit, **visit.asked(), program=program)
    one = next((row for row in texts if row["id"] == content), None)
    if one is None:
        raise NotFound("content.not_found", visit.words("This text does not wait any more."))
    to = visit.words("Who reads it then, as it stands here: {names}.", names=", ".join(one["to"]))
    kept = visit.words("It counts as their answer from then on, as it stands here.")
    return ask_first(
        visit,
        visit.words("Pass on what {author} wrote?", author=one["author"]),
        [to if one["to"] else kept, visit.words("It cannot be taken back.")],
        here="concerns",
        yes=visit.words("Yes, pass it on"),
        back=visit.url("concerns", program=program, _anchor="texts", **_listed()),
        quote=one["text"],
    )
