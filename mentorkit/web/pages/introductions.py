"""Introductions: the contacts somebody shares, a word carried to the others, and ranked choices."""

from __future__ import annotations

from dataclasses import replace

from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound
from mentorkit.journey import choices, contacts, handover, onboard, relay
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.pages import does
from mentorkit.web.pages.people import PARTIES, mentors, participant
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.pages.relationships import relationship
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit

Answer = Response | tuple[str, int]


@does("/programs/<program>/people/<participant>/contacts")
@allow(*STAFF, *PARTIES)
def contacts_share(visit: Visit, program: str, participant: str) -> Answer:
    form, at = visit.form, {**visit.asked(), "participant": participant}
    try:
        contacts.keep(
            visit.kit,
            **at,
            shared=visit.values("shared"),
            kind=form.get("kind", ""),
            value=form.get("value", ""),
        )
    except Invalid as error:
        return _person(visit, program, participant, error), status(error)
    return visit.go("participant", "shared", program=program, participant=participant)


def _person(visit: Visit, program: str, one: str, error: Invalid) -> str:
    return participant(visit, program, one, error)


@does("/programs/<program>/relationships/<relationship>/write")
@allow(*STAFF, *PARTIES)
def relationship_write(visit: Visit, program: str, relationship: str) -> Answer:
    at = {**visit.asked(), "relationship": relationship}
    try:
        done = relay.send(visit.kit, **at, text=visit.form.get("text", ""))
    except (Conflict, Invalid, NotAllowed) as error:
        return _pair(visit, program, relationship, error), status(error)
    said = "held" if done["held"] else "carried"
    return visit.go("relationship", said, program=program, relationship=relationship)


@does("/programs/<program>/people/<participant>/pass-on")
@allow(*STAFF, "mentee")
def words_pass_on(visit: Visit, program: str, participant: str) -> Answer:
    """Let the next mentor read what is ticked of a mentee's own words."""
    at = {**visit.asked(), "participant": participant}
    found = onboard.show(visit.kit, **at)
    if found["program_id"] != visit.of.id:
        raise NotFound("participant.not_found", visit.words("There is no such participant here."))
    words, time = visit.values("words"), "time" in visit.form
    try:
        handover.pass_on(visit.kit, **at, words=words, time=time)
    except Invalid as error:
        return _person(visit, program, participant, error), status(error)
    return visit.go("home", "passed_on")


def _pair(visit: Visit, program: str, one: str, error: Conflict | Invalid | NotAllowed) -> str:
    return relationship(visit, program, one, error)


@does("/programs/<program>/people/<participant>/choices")
@allow(*STAFF, "mentee")
def choices_rank(visit: Visit, program: str, participant: str) -> Answer:
    """Rank the mentors whose place (1 to 5) was typed beside them; or take back those that wait."""
    places = {
        visit.form[key].strip(): key.removeprefix("place.")
        for key in visit.form
        if key.startswith("place.") and visit.form[key].strip()
    }
    typed = sum(bool(visit.form[key].strip()) for key in visit.form if key.startswith("place."))
    back = visit.form.get("do") == "take_back"
    try:
        if len(places) < typed:
            told = visit.words("Give each place to one mentor only.")
            raise Invalid("choices.places", told)
        if not typed and not back:
            told = visit.words("Choose at least one: give somebody a place.")
            raise Invalid("choices.nobody", told)
        chosen = [places[place] for place in sorted(places)]
        choices.rank(visit.kit, **visit.asked(), mentee=participant, mentors=chosen)
    except Invalid as error:
        listed = [replace(one, place=_place(visit, one.place)) for one in error.problems]
        named = Invalid(error.code, error.message, listed)
        return _fitting(visit, program, participant, named), status(error)
    except Conflict as error:
        return _fitting(visit, program, participant, error), status(error)
    if visit.is_staff or back:
        said = "taken_back" if back else "ranked"
        return visit.go("participant", said, program=program, participant=participant)
    return visit.go("home", "ranked")


def _place(visit: Visit, place: str) -> str:
    """Return what a place among the choices, ``mentors[0]``, is called on the page."""
    number = answers.number(place.removeprefix("mentors[").removesuffix("]"))
    if number is None:
        return visit.words("Choices")
    return visit.words("Choice {number}", number=number + 1)


def _fitting(visit: Visit, program: str, one: str, error: Conflict | Invalid) -> str:
    shown = mentors(visit, program, one, error)
    return shown if isinstance(shown, str) else shown[0]
