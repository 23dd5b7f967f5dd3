"""People: take them in, look at them, and let them in; and one participant's own page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import flask
from werkzeug.wrappers import Response

from mentorkit.domain.participants import PARTICIPANT_MOVES
from mentorkit.domain.people import plain
from mentorkit.errors import (
    Conflict,
    Invalid,
    MentorKitError,
    NotAllowed,
    NotFound,
    Problem,
    WithProblems,
    by_row,
)
from mentorkit.i18n import ahead, zone_named
from mentorkit.journey import choices, contents, onboard, recruit, requirements, screen, suggestions
from mentorkit.journey.contacts import KINDS
from mentorkit.journey.steps import many
from mentorkit.web import answers, narrowed
from mentorkit.web.access import SHEET, allow, with_sheet
from mentorkit.web.namesakes import beside, reached
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.messages import latest
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status, status_of
from mentorkit.web.sure import ask_first, is_asked
from mentorkit.web.visits import BEHALF, Visit

PARTIES = ("mentee", "mentor")
NOTHING = "nothing"
"""The target by which a source is told not to read a column."""

VERBS: dict[str, tuple[Callable[..., Any], str]] = {
    "approve": (screen.approve, "approved"),
    "decline": (screen.decline, "declined"),
    "wait": (screen.wait, "waiting"),
    "consent": (onboard.consent, "agreed_many"),
    "complete": (onboard.complete, "joined"),
}


DECIDING = ("approve", "decline", "wait")
UNDECIDED = ("lead", "waiting", "declined")
NOT_YET: Mapping[str, Any] = {"done": (), "refused": ()}
"""What `many` has done on a list that was only opened."""


@shows("/programs/<program>/people")
@allow(*READERS)
def people(
    visit: Visit,
    program: str,
    done: Mapping[str, Any] = NOT_YET,
    wrong: MentorKitError | None = None,
    ticked: Collection[str] = (),
) -> str:
    kept = _kept()
    at: dict[str, Any] = {**visit.asked(), "program": program, **kept}
    found = screen.listed(visit.kit, **at)
    if not found["items"] and kept.pop("after", ""):  # all of them have been decided about
        found = screen.listed(visit.kit, **{**at, "after": None})
    return visit.render(
        "people.html",
        title=visit.words("People"),
        here="people",
        kept=kept,
        state=kept.get("state"),
        role=kept.get("role"),
        search=kept.get("search", ""),
        states=PARTICIPANT_MOVES.states,
        done=len(done["done"]),
        left=len(done["refused"]),
        refused=_refused(visit, done["refused"], found["items"]),
        wrong=wrong,
        ticked=ticked or [one["id"] for one in done["refused"]],
        ways=_ways(visit, found["items"]),
        **found,
    )


def _ways(visit: Visit, items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return how those are reached of whom the list says the same, by the person's id."""
    return reached(
        visit,
        {
            row["person_id"]: (
                plain(row["name"]),
                row["business"] or row["key"],
                visit.day(row["created_at"]),
            )
            for row in items
        },
    )


def _refused(
    visit: Visit, refused: Sequence[dict[str, Any]], items: Sequence[dict[str, Any]]
) -> list[str]:
    """Return for whom something was not possible, by name, and why, wherever they stand."""
    rows, told = {row["id"]: row for row in items}, []
    elsewhere = {one["id"] for one in refused} - rows.keys()
    if elsewhere:
        found = screen.review(visit.kit, **visit.asked(), program=visit.of.key, ids=elsewhere)
        rows |= {row["id"]: row for row in found}
    for one in refused:
        row, why = rows.get(one["id"], {"name": "", "requirements": ()}), one["message"]
        unmet = [each for each in row["requirements"] if each["answer"] == "no"]
        if unmet and one["code"] == "participant.requirements":
            what = "; ".join(visit.text(each["text"]) or each["requirement"] for each in unmet)
            why = visit.words(
                "Not met: {what} Decline, or approve although it is not met, on their own page.",
                what=what if what.endswith(".") else f"{what}.",
            )
        told.append(f"{row['name']}: {why}" if row["name"] else why)
    return told


def _kept() -> dict[str, str]:
    """Return what the address of the list leaves of everybody, and where in it one is."""
    asked = flask.request.args
    names = ("state", "role", "search", "after")
    return {name: told for name in names if (told := asked.get(name, "").strip())}


@does("/programs/<program>/people")
@allow(*STAFF)
def people_decide(visit: Visit, program: str) -> str | Response | tuple[str, int]:
    """Decide about those ticked; before several are turned down, the page asks."""
    ids, did = visit.values("participant"), visit.form.get("do", "")
    if did not in VERBS or not ids:
        return _nobody(visit, program, ids)
    if did == "decline" and is_asked(visit):
        return _sure(visit, program, ids)
    verb, said = VERBS[did]
    note: dict[str, Any] = {"note": visit.form.get("note", "").strip()} if did in DECIDING else {}
    here = visit.of.id
    done = many(visit.kit, verb, ids, **visit.asked(), noun="participant", within=here, **note)
    if done["refused"]:
        if done["done"]:
            visit.counts()
        return people(visit, program, done), status_of(done)
    return visit.go("people", said, program=program, count=len(done["done"]), **_kept())


def _nobody(visit: Visit, program: str, ids: Sequence[str]) -> tuple[str, int]:
    """Show the list once more, with what to do first."""
    problem = Problem("", visit.words("Tick at least one person, then say what to do."))
    told = visit.words("Nothing was done yet.") if ids else visit.words("Nobody was ticked.")
    return people(visit, program, wrong=Invalid("people.nothing", told, [problem]), ticked=ids), 422


def _sure(visit: Visit, program: str, ids: Sequence[str]) -> str | tuple[str, int]:
    """Ask whether those ticked shall be declined, by name, and say who hears of it.

    They are looked up and not read off the list, on which they may not stand any more.
    """
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        ticked = tx.participants.find(program_id=visit.of.id, id=list(dict.fromkeys(ids)))
        people = tx.people.get_many(one.person_id for one in ticked)
    if not ticked:
        return _nobody(visit, program, ())
    names = {one.id: people[one.person_id].name for one in ticked}
    alike = beside(visit, names)
    told = [f"{name}{alike.get(id, '')}" for id, name in names.items()]
    return ask_first(
        visit,
        visit.words("Decline {count}?", count=visit.number(len(names))),
        [
            visit.words("It is about: {names}.", names=", ".join(told)),
            visit.words(
                "Whoever signed up themselves is told by message, with the words of what they do "
                "not meet. Whom you took in from a sheet is told nothing."
            ),
            visit.words("They can be approved later all the same."),
        ],
        here="people",
        yes=visit.words("Yes, decline"),
        back=visit.url("people", program=program, **_kept()),
        only={"participant": names},
    )


# ------------------------------------------------------------------ a sheet


@shows("/programs/<program>/people/import")
@allow(*STAFF)
def people_import(visit: Visit, program: str, **shown: Any) -> str:
    sources = visit.kit.registry.recruitment_sources.values()
    shown = {"role": flask.request.args.get("role"), **shown}
    return visit.render(
        "people_import.html",
        title=visit.words("Take people in from a sheet"),
        here="people",
        suffixes=sorted(suffix for source in sources for suffix in source.suffixes),
        **{"told": None, "columns": (), **shown},
    )


@does("/programs/<program>/people/import")
@allow(*STAFF)
@with_sheet
def people_imported(visit: Visit, program: str) -> Response | tuple[str, int]:
    """Show what a sheet would change; the second time, with the sheet sent along, change it.

    Its columns are mapped on the way: what fits is guessed, and kept for the next file once the
    sheet is taken in.
    """
    at, shown = {**visit.asked(), "program": program}, dict[str, Any]()
    try:
        name, body = sheet_of(visit)
        role = visit.form.get("role") or None
        shown = {"name": name, "role": role, "sheet": base64.b85encode(body).decode()}
        looked = recruit.look(visit.kit, **at, body=body, filename=name)
        columns = _mapped(visit, **looked)
        shown |= looked
        targets = {one["id"] for one in looked["targets"]}
        fed = {one["target"] for one in looked["columns"]}
        if role is None and "role" in targets - fed:
            which = Problem("", visit.words("choose it under “Who is in it?”"))
            unsaid = visit.words("Nothing says yet who is in the sheet.")
            raise Invalid("sheet.role", unsaid, [which])
        left = dict.fromkeys((one["name"] for one in looked["columns"]), NOTHING)
        read_as = {**left, **columns} if NOTHING in targets else columns
        leads, wrong = recruit.read(
            visit.kit, **at, body=body, filename=name, role=role, columns=read_as
        )
    except Invalid as error:
        return people_import(visit, program, wrong=error, **shown), 422
    preview = visit.form.get("do") != "import"
    told = recruit.receive(visit.kit, **at, leads=leads, preview=preview)
    if not preview:
        visit.counts()
        recruit.remember(visit.kit, **at, columns=columns)
    if not (preview or wrong or told["refused"] or told["twins"]):
        return visit.go("people", "imported", program=program, count=told["new"])
    return people_import(
        visit,
        program,
        told=told,
        rows=by_row(one for one in wrong if one.place != name),
        notes=[one for one in wrong if one.place == name],
        refused=rows_of(told["refused"]),
        twins=rows_of(told["twins"]),
        sample=leads[:5],
        **(shown if preview else {"name": name}),
    ), 200


def rows_of(told: Iterable[dict[str, Any]]) -> dict[str, list[Problem]]:
    """Return what a step says of rows of a sheet, by row, as `by_row` does."""
    return by_row(Problem(one["place"] or one["key"], one["message"]) for one in told)


def _mapped(
    visit: Visit, columns: list[dict[str, Any]], targets: list[dict[str, Any]]
) -> dict[str, str]:
    """Return what each column feeds, as chosen on the page, else as guessed; and note it there.

    A column is left out that is to feed nothing and would feed nothing by its name either.
    """
    chosen = {}
    for at, column in enumerate(columns):
        guessed = column["target"]
        column["target"] = visit.form.get(f"column.{at}", guessed)
        if column["target"]:
            chosen[column["name"]] = column["target"]
        elif guessed and NOTHING in (one["id"] for one in targets):
            chosen[column["name"]] = NOTHING
    return chosen


def sheet_of(visit: Visit) -> tuple[str, bytes]:
    """Return name and bytes of the sheet: a file just chosen, or the one of the preview before."""
    given = flask.request.files.get("sheet")
    if given is not None and given.filename:
        name, body = given.filename, given.stream.read(SHEET + 1)
    else:
        name = visit.form.get("name", "")
        try:
            body = base64.b85decode(visit.form.get("kept", ""))
        except (ValueError, binascii.Error):
            body = b""
    if not body or len(body) > SHEET:
        told = visit.words("choose a file with something in it, of at most 5 MB")
        raise Invalid("sheet.size", visit.words("There is no sheet to read."), [Problem("", told)])
    return name, body


# ------------------------------------------------------------------ one participant


@shows("/programs/<program>/people/<participant>")
@allow(*STAFF, *PARTIES)
def participant(
    visit: Visit, program: str, participant: str, wrong: MentorKitError | None = None
) -> str:
    found = _one(visit, participant)
    listed = wrong.problems if isinstance(wrong, WithProblems) else ()
    problems = {one.place: one.message for one in listed}
    found["zone"] = visit.clock(found["zone"])
    hours = ahead(found["zone"], visit.kit.clock())
    if found["state"] in UNDECIDED:
        answers.mark_asked(visit, found["questions"], found["role"])
    for question in found["questions"]:
        question["typed"] = answers.as_typed(question, hours)
        question["wrong"] = problems.get(question["id"])
    if wrong:
        typed = answers.typed(found["questions"])
        for question in found["questions"]:
            question["typed"] = typed.get(question["id"], question["typed"])
    own = visit.person is not None and found["person_id"] == visit.person.id
    return visit.render(
        "participant.html",
        title=visit.words("About you") if own else found["name"],
        here="people",
        own=own,
        mine=contents.own(visit.kit, **visit.asked(), about=participant) if own else (),
        sent=latest(visit, found["person_id"]) if visit.is_staff and not own else (),
        one=found,
        wrong=wrong,
        problems=problems,
        decide=_deciding(visit, found),
        behalf=() if own else BEHALF,
        kinds=KINDS,
        **_ranked(visit, found),
    )


def _ranked(visit: Visit, one: dict[str, Any]) -> dict[str, Any]:
    """Return whom a mentee has chosen by hand, and what became of it: the last step, by whom.

    And whether they choose by themselves.
    """
    if one["role"] == "mentor":
        return {"ranked": ()}
    told = choices.show(visit.kit, **visit.asked(), participant=one["id"])
    last = {step["proposal"]: step for step in told["trace"]}
    ranked = [{**choice, "last": last[choice["id"]]} for choice in told["choices"]]
    return {"ranked": ranked, "chooses": told["matching"] == "self"}


@does("/programs/<program>/people/<participant>")
@allow(*STAFF, *PARTIES)
def participant_answer(visit: Visit, program: str, participant: str) -> Response | tuple[str, int]:
    """Keep the answers; and, where it is said, agree, set the places, and be ready."""
    found = _one(visit, participant)
    told = answers.typed(found["questions"])
    zone = zone_named(visit.form.get("zone", ""), visit.locale)
    clock = zone or visit.clock(found["zone"])
    told = answers.in_utc(found["questions"], told, clock, visit.kit.clock())
    places, was = answers.whole("capacity"), answers.whole("capacity_was")
    try:
        if places is not None and places != was:
            onboard.set_capacity(
                visit.kit, **visit.asked(), participant=participant, capacity=places
            )
        onboard.answer(visit.kit, **visit.asked(), participant=participant, answers=told)
        if zone:
            onboard.set_zone(visit.kit, **visit.asked(), participant=participant, zone=zone)
        if "agree" in visit.form:
            version = answers.whole("consent_now")
            version = -1 if version is None else version
            onboard.consent(visit.kit, **visit.asked(), participant=participant, version=version)
        if found["state"] == "approved":
            onboard.complete(visit.kit, **visit.asked(), participant=participant)
    except (Invalid, Conflict, NotAllowed) as error:
        return _again(visit, program, participant, error), status(error)
    if found["state"] == "approved" and not visit.is_staff:
        return visit.go("home", _ready(visit, participant))
    own = visit.person is not None and found["person_id"] == visit.person.id
    said = "answered" if own else "noted"
    return visit.go("participant", said, program=program, participant=participant)


@does("/programs/<program>/people/<participant>/ready")
@allow(*STAFF, *PARTIES)
def participant_ready(visit: Visit, program: str, participant: str) -> Response | tuple[str, int]:
    """Make somebody ready to be matched who has given all that is asked."""
    found = _one(visit, participant)
    try:
        if found["state"] == "approved":
            onboard.complete(visit.kit, **visit.asked(), participant=participant)
    except (Invalid, Conflict) as error:
        return _again(visit, program, participant, error), status(error)
    if visit.is_staff:
        said = _ready(visit, participant)
        return visit.go("participant", said, program=program, participant=participant)
    return visit.go("home", _ready(visit, participant))


def _ready(visit: Visit, participant: str) -> str:
    """Return what is said to whoever is ready: whether a requirement is still open."""
    return "ready_open" if _one(visit, participant)["open"] else "ready"


def _again(visit: Visit, program: str, one: str, error: MentorKitError) -> str:
    return participant(visit, program, one, error)


def _deciding(visit: Visit, found: dict[str, Any]) -> dict[str, Any] | None:
    """Return how somebody meets the requirements, where staff still decide about them."""
    if not visit.is_staff or found["state"] not in UNDECIDED:
        return None
    return screen.one(visit.kit, **visit.asked(), participant=found["id"])


def _one(visit: Visit, participant: str) -> dict[str, Any]:
    """Return the participant, if they are of the page's program."""
    found = onboard.show(visit.kit, **visit.asked(), participant=participant)
    if found["program_id"] != visit.of.id:
        raise NotFound("participant.not_found", visit.words("There is no such participant here."))
    return found


@does("/programs/<program>/people/<participant>/sign")
@allow(*STAFF, *PARTIES)
def participant_sign(visit: Visit, program: str, participant: str) -> Response:
    """Record a sign-off, or take one back."""
    _one(visit, participant)
    signed, signoff = visit.form.get("signed") == "yes", visit.form.get("signoff", "")
    onboard.sign(
        visit.kit, **visit.asked(), participant=participant, signoff=signoff, signed=signed
    )
    said = "signed" if signed else "unsigned"
    return visit.go(
        "participant", said, program=program, participant=participant, anchor="signoffs"
    )


@does("/programs/<program>/people/<participant>/decide")
@allow(*STAFF)
def participant_decide(visit: Visit, program: str, participant: str) -> Response | tuple[str, int]:
    """Let one person join or not, with a note; take them back in; or ask the checks again."""
    _one(visit, participant)
    at: dict[str, Any] = {**visit.asked(), "participant": participant}
    did, note = visit.form.get("do", ""), visit.form.get("note", "").strip()
    try:
        if did == "approve":
            despite = tuple(visit.values("despite"))
            screen.approve(visit.kit, **at, note=note, despite=despite)
        elif did in DECIDING:
            VERBS[did][0](visit.kit, **at, note=note)
        elif did == "readmit":
            screen.readmit(visit.kit, **at)
        else:
            requirements.check(
                visit.kit, **visit.asked(), program=program, participants=[participant]
            )
    except (Conflict, Invalid) as error:
        return _again(visit, program, participant, error), status(error)
    said = {"readmit": "readmitted"}.get(did, VERBS[did][1] if did in DECIDING else "checked")
    return visit.go("participant", said, program=program, participant=participant, count=1)


@does("/programs/<program>/people/<participant>/role")
@allow(*STAFF)
def participant_role(visit: Visit, program: str, participant: str) -> Response | tuple[str, int]:
    """Enter somebody as mentor who came in as mentee, or the other way round, or as both."""
    _one(visit, participant)
    role = visit.form.get("role", "")
    try:
        screen.correct_role(visit.kit, **visit.asked(), participant=participant, role=role)
    except (Conflict, Invalid) as error:
        return _again(visit, program, participant, error), status(error)
    return visit.go("participant", "corrected", program=program, participant=participant)


@shows("/programs/<program>/people/<participant>/mentors")
@allow(*STAFF, "mentee")
def mentors(
    visit: Visit, program: str, participant: str, wrong: MentorKitError | None = None
) -> str | tuple[str, int]:
    found = _one(visit, participant)
    own = visit.person is not None and found["person_id"] == visit.person.id
    title = (
        visit.words("Who fits you") if own else visit.words("Who fits {name}", name=found["name"])
    )
    shown: dict[str, Any] = {"title": title, "here": "people", "own": own, "wrong": wrong}
    shown |= {"mentee": participant, "most": choices.MOST, "mentors": ()}
    at: dict[str, Any] = {**visit.asked(), "participant": participant}
    where = narrowed.looked_for()
    told = suggestions.narrows(visit.kit, **at, where=where)
    shown |= {"fields": told["fields"], "where": told["where"], "looked_for": ()}
    try:
        found = suggestions.mentors(visit.kit, **at, where=where)
    except (Conflict, Invalid) as error:
        return visit.render("mentors.html", **{**shown, "wrong": wrong or error}), status(error)
    shown["looked_for"] = narrowed.in_words(visit, told["fields"], found["where"])
    shown["kept"] = narrowed.in_address(found["where"])
    shown["said"] = answers.told(visit, {one["id"]: one["answers"] for one in found["mentors"]})
    shown["alike"] = beside(visit, [one["id"] for one in found["mentors"]])
    return visit.render("mentors.html", **{**shown, **found})
