"""Programs: start one from a preset, see how it stands, open and close it, appoint staff."""

from __future__ import annotations

from werkzeug.wrappers import Response

from mentorkit.domain import presets
from mentorkit.domain.programs import STAFF_ROLES
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.i18n import zone_named
from mentorkit.journey import flags, programs, standing
from mentorkit.web.access import allow
from mentorkit.web.namesakes import apart
from mentorkit.web.pages import does, shows
from mentorkit.web.visits import Visit

STAFF = ("coordinator", "admin")
READERS = (*STAFF, "supervisor", "viewer")

NEXT = {
    "untaken": "Somebody has raised a concern, and nobody has taken it yet.",
    "held": "Something that was written waits for you to pass it on, or not.",
    "closed": "The program is closed. Open it again to take in people and to match them.",
    "recruit_mentors": "Recruit mentors first, so that nobody waits for a mentor who is not there.",
    "answer": "Pairs wait for your yes.",
    "screen": "New people wait for you to look at them.",
    "let_in": "There are places with mentors, and people on the waiting list. Let some of them in.",
    "onboard": "People are approved, but are not ready to be matched yet: they have to agree, to "
    "answer something, or to say that they are ready. Remind them, or ask by phone.",
    "appoint": "Nobody coordinates the program yet. Appoint somebody below, who is told of "
    "whatever needs somebody. Then open it.",
    "open": "The program is still a draft. Open it once you are ready to begin.",
    "recruit_mentees": "Mentors are here. Now invite mentees.",
    "publish": "A draft of pairs waits to be looked at and published.",
    "match": "Mentees are looking, and mentors have places. Make a draft of pairs.",
    "recruit_more": "There are not enough mentors for those who wait. Recruit some, let one in "
    "from the waiting list, or ask one for another place.",
    "wait": "Proposals are out. Wait for the answers, or ask by phone.",
    "meet": "Everybody who can be is connected. Look who has not met for long.",
}
"""What is best done now, in words."""
GATHER = "Mentees are looking, and a mentor has a place. Bring a circle together."
CHOOSE = (
    "Mentees are looking, and mentors have places. They choose each other on their own pages; for "
    "those who find nobody, make a draft of pairs."
)
"""What is best done instead of a draft: in circles, and where people choose each other."""
BEGINS = {
    "circle": "Once it is open, you bring circles together.",
    "self": "Once it is open, mentees choose a mentor themselves, and ask.",
    "staff": "Once it is open, you match people and offer pairs.",
}
"""What opening a program begins: in circles, and by who starts the matching."""
LACKING = {
    "consent": "Write what everybody agrees to.",
    "measurement": "Say what is measured, or why nothing is.",
    "baseline": "Ask the indicators before the first meeting too, or no change can be told.",
    "endline": "Ask the indicators again at the end, or no change can be told.",
}
"""What is missing before a program can open, in words."""
WHERE: dict[str, tuple[str, dict[str, str]]] = {
    "untaken": ("concerns", {}),
    "held": ("concerns", {"_anchor": "texts"}),
    "recruit_mentors": ("people_import", {"role": "mentor"}),
    "recruit_mentees": ("people_import", {"role": "mentee"}),
    "answer": ("relationships", {}),
    "recruit_more": ("supply", {}),
    "screen": ("people", {"state": "lead"}),
    "let_in": ("people", {"state": "waiting"}),
    "onboard": ("people", {"state": "approved"}),
    "publish": ("matching", {}),
    "match": ("matching", {}),
    "wait": ("relationships", {}),
    "meet": ("relationships", {"state": "active"}),
}
"""The page to do it on, and what of it is shown."""


def next_step(
    visit: Visit, code: str, *, kind: str, matching: str
) -> tuple[str, tuple[str, dict[str, str]]]:
    """Return what is best done now in a program of this kind and matching, and its page.

    The page is "" where what is to be done stands on the overview itself.
    """
    if code == "match" and kind == "circle":
        return visit.words(GATHER), ("group_new", {})
    told = CHOOSE if code == "match" and matching == "self" else NEXT[code]
    return visit.words(told), WHERE.get(code, ("", {}))


@shows("/programs/new")
@allow("admin")
def program_new(visit: Visit) -> str:
    return _new(visit)


def _new(visit: Visit, wrong: Invalid | None = None) -> str:
    problems = wrong.problems if wrong else ()
    offered = [(name, presets.load(name)) for name in presets.names()]
    return visit.render(
        "program_new.html",
        title=visit.words("New program"),
        presets=offered,
        wrong=wrong,
        problems={one.place.rpartition(".")[2]: one.message for one in problems},
    )


@does("/programs/new")
@allow("admin")
def program_create(visit: Visit) -> Response | tuple[str, int]:
    preset, key = visit.form.get("preset", ""), visit.form.get("key", "").strip()
    data = presets.read_toml(presets.source(preset), place=preset)
    name = visit.form.get("name", "").strip() or None
    if zone := zone_named(visit.form.get("zone", ""), visit.locale):
        data = {**data, "program": {**data.get("program", {}), "zone": zone}}
    try:
        made = programs.create(visit.kit, **visit.asked(), key=key, preset=data, name=name)
    except Invalid as error:
        told = visit.words("The program cannot be made:")
        return _new(visit, Invalid(error.code, told, error.problems)), 422
    except Conflict as error:
        if error.code != "program.key_taken":
            raise
        return _new(visit, Invalid(error.code, error.message, [Problem("key", error.message)])), 409
    return visit.go("overview", program=made["key"])


@shows("/programs/<program>/")
@allow(*READERS)
def overview(visit: Visit, program: str) -> str:
    found = standing.overview(visit.kit, **visit.asked(), program=program)
    told, where = next_step(visit, found["next"], kind=visit.of.kind, matching=visit.of.matching)
    return visit.render(
        "overview.html",
        title=visit.text(visit.of.name),
        here="overview",
        told=told,
        where=where,
        begins=visit.words(BEGINS["circle" if visit.of.kind == "circle" else visit.of.matching]),
        missing=[visit.words(LACKING[code]) for code in found["lacking"]],
        staff=programs.staff(visit.kit, **visit.asked(), program=program),
        staff_roles=STAFF_ROLES if "admin" in visit.roles else STAFF_ROLES[1:],
        colleagues=programs.colleagues(visit.kit, **visit.asked(), program=program)
        if visit.is_staff
        else (),
        figures=found,
        flags=apart(visit, flags.flags(visit.kit, **visit.asked(), program=program)),
        **found,
    )


@does("/programs/<program>/open")
@allow(*STAFF)
def program_open(visit: Visit, program: str) -> Response:
    programs.open_(visit.kit, **visit.asked(), program=program)
    return visit.go("overview", "opened", program=program)


@does("/programs/<program>/close")
@allow(*STAFF)
def program_close(visit: Visit, program: str) -> Response:
    programs.close(visit.kit, **visit.asked(), program=program)
    return visit.go("overview", "closed", program=program)


@does("/programs/<program>/staff")
@allow(*STAFF)
def staff_add(visit: Visit, program: str) -> Response:
    """Appoint somebody new or known, give another role, or (``do=dismiss``) take it back."""
    at = {**visit.asked(), "program": program}
    person = visit.form.get("person") or None
    if visit.form.get("do") == "dismiss":
        programs.dismiss(visit.kit, **at, person=person or "")
        return visit.go("overview", "dismissed", program=program, anchor="staff")
    account = visit.form.get("user_ref", "").strip() or None
    programs.appoint(
        visit.kit,
        **at,
        role=visit.form.get("role", ""),
        person=person,
        name=visit.form.get("name", "").strip(),
        user_ref=account,
    )
    said = "appointed" if account and not person else "kept_staff"
    return visit.go("overview", said, program=program, anchor="staff")
