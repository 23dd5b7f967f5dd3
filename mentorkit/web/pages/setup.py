"""Set up: what a program asks of people, what it tells them, and when it lets mentees in."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from werkzeug.wrappers import Response

from mentorkit.domain.fields import KINDS
from mentorkit.domain.programs import TESTS
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound, Problem
from mentorkit.journey import programs, setup, sources
from mentorkit.journey import supply as supplies
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.visits import Visit

ASKABLE = tuple(kind for kind in KINDS if kind != "vector")
"""The kinds of field that a person can be asked."""
TEXTS = ("summary", "consent", "referral")


@shows("/programs/<program>/setup")
@allow(*READERS)
def program_setup(visit: Visit, program: str, wrong: MentorKitError | None = None) -> str:
    found = setup.show(visit.kit, **visit.asked(), program=program)
    return visit.render(
        "setup.html",
        title=visit.words("What is asked"),
        here="program_setup",
        wrong=wrong,
        kinds=ASKABLE,
        tests=TESTS,
        by_text=_by_text(found["supply"]["by"]),
        languages=_languages,
        tested={one["id"]: _tested(visit, one, found["fields"]) for one in found["requirements"]},
        **found,
    )


@does("/programs/<program>/setup")
@allow(*STAFF)
def program_set(visit: Visit, program: str) -> Response | tuple[str, int]:
    """Do what one form of the page asks for; each is a new version of its definition."""
    at = {**visit.asked(), "program": program}
    do = visit.form.get("do", "")
    try:
        if do not in FORMS:
            raise NotFound("setup.not_found", visit.words("There is no such form here."))
        FORMS[do](visit, at)
    except (Conflict, Invalid, NotFound) as error:
        return _again(visit, program, error), status(error)
    return visit.go("program_setup", "set", program=program, anchor=visit.form.get("back") or None)


def _again(visit: Visit, program: str, error: MentorKitError) -> str:
    return program_setup(visit, program, error)


def _field(visit: Visit, at: dict[str, Any]) -> None:
    form = visit.form
    values: dict[str, Any] = {"label": _texts(form.get("label", "")), "roles": _roles(visit)}
    values |= {"required": "required" in form, "shown": "shown" in form}
    if kind := form.get("kind"):
        values["kind"] = kind
        lines = [line.partition("=") for line in form.get("options", "").splitlines()]
        named = [(id.strip(), label.strip()) for id, _, label in lines if id.strip()]
        options = {id: _texts(label) if label else id for id, label in named}
        if len(options) < len(named):
            told = Problem("options", visit.words("an option's id stands there twice"))
            raise Invalid("option.twice", visit.words("An option's id is its own:"), [told])
        if options:
            values["ordered" if kind == "ordered" else "options"] = options
    name, was = form.get("field", "").strip(), answers.whole("was")
    setup.field(visit.kit, **at, field=name, was=was, **values)


def _move(visit: Visit, at: dict[str, Any]) -> None:
    by = 1 if visit.form.get("by") == "later" else -1
    setup.move(visit.kit, **at, field=visit.form.get("field", ""), by=by)


def _option(visit: Visit, at: dict[str, Any]) -> None:
    form = visit.form
    label = form.get("label", "").strip()
    told: dict[str, Any] = {"label": _texts(label) if label else None, "new": "new" in form}
    if form.get("hidden") in ("yes", "no"):
        told["hidden"] = form["hidden"] == "yes"
    names: dict[str, Any] = {
        "field": form.get("field", ""),
        "option": form.get("option", "").strip(),
    }
    setup.option(visit.kit, **at, **names, **told)


def _requirement(visit: Visit, at: dict[str, Any]) -> None:
    form = visit.form
    entry: dict[str, Any] = {"roles": _roles(visit), "otherwise": form.get("otherwise", "no")}
    if text := _texts(form.get("text", "")):
        entry["text"] = text
    what, _, name = form.get("about", "").partition(":")
    if what == "check":
        entry["check"] = name
        if options := _options(form.get("value", "")):
            entry["options"] = options
    else:
        entry |= {"field": name, "test": form.get("test", "answered")}
        value = form.get("value", "").strip()
        if entry["test"] != "answered":
            several = entry["test"] == "one_of"
            entry["value"] = [one.strip() for one in value.split(";")] if several else value
    id = form.get("id", "").strip()
    was = answers.whole("was")
    setup.listed(visit.kit, **at, kind="requirements", id=id, entry=entry, was=was)


def _signoff(visit: Visit, at: dict[str, Any]) -> None:
    form = visit.form
    entry: dict[str, Any] = {"roles": _roles(visit), "own": "own" in form}
    if text := _texts(form.get("text", "")):
        entry["text"] = text
    id = form.get("id", "").strip()
    was = answers.whole("was")
    setup.listed(visit.kit, **at, kind="signoffs", id=id, entry=entry, was=was)


def _remove(visit: Visit, at: dict[str, Any]) -> None:
    kind, id = visit.form.get("kind", ""), visit.form.get("id", "")
    setup.listed(visit.kit, **at, kind=kind, id=id, entry=None, was=answers.whole("was"))


def _text(visit: Visit, at: dict[str, Any]) -> None:
    kind = visit.form.get("kind", "")
    if kind not in TEXTS:
        raise NotFound("setup.not_found", visit.words("There is no such text here."))
    kept = setup.show(visit.kit, **at)["texts"][kind]
    typed = {key.removeprefix("text."): text for key, text in visit.form.items() if "text." in key}
    told = {name: text.replace("\r\n", "\n").strip() for name, text in typed.items()}
    body = {name: text for name, text in {**kept, **told}.items() if text}
    again = "again" in visit.form
    programs.define(visit.kit, **at, kind=kind, body=body, again=again, was=answers.whole("was"))


def _supply(visit: Visit, at: dict[str, Any]) -> None:
    lines = [line.partition("=") for line in visit.form.get("by", "").split("\n") if line.strip()]
    by = [{"mentee": a.strip(), "mentor": b.strip() or a.strip()} for a, _, b in lines]
    body = {"ratio": answers.decimal("ratio"), "gate": "gate" in visit.form, "by": by}
    if (places := answers.whole("mentor_capacity")) is not None:
        body["mentor_capacity"] = places
    programs.define(visit.kit, **at, kind="supply", body=body, was=answers.whole("was"))


FORMS: dict[str, Callable[[Visit, dict[str, Any]], None]] = {
    "field": _field,
    "move": _move,
    "option": _option,
    "requirement": _requirement,
    "signoff": _signoff,
    "remove": _remove,
    "text": _text,
    "supply": _supply,
}


def _tested(visit: Visit, one: dict[str, Any], fields: list[dict[str, Any]]) -> tuple[str, str]:
    """Return the question that a requirement looks at, and what the answer has to be, in words."""
    field = next((each for each in fields if each["id"] == one["field"]), None)
    if field is None:
        return one["field"] or "", str(one["value"])
    values = one["value"] if isinstance(one["value"], list) else [one["value"]]
    told = [
        visit.number(each)
        if isinstance(each, float)
        else visit.text(field["choices"].get(each, "")) or str(each)
        for each in values
    ]
    return visit.text(field["label"]) or field["id"], ", ".join(told)


def _roles(visit: Visit) -> list[str]:
    ticked: list[str] = [role for role in ("mentee", "mentor") if role in visit.values("roles")]
    return ticked or ["mentee", "mentor"]


_LINE = re.compile(r"\s*([a-z]{2,3}(?:-[A-Za-z]{2,4})?)\s*:\s*(.+)")


def _texts(typed: str) -> dict[str, str]:
    """Return what was typed as ``{locale: text}``: one line each, ``sw: Lugha``; else English."""
    lines = [line for line in typed.replace("|", "\n").split("\n") if line.strip()]
    found = [_LINE.fullmatch(line) for line in lines]
    if lines and all(found):
        return {one[1]: one[2].strip() for one in found if one}
    return {"en": typed.strip()} if typed.strip() else {}


def _options(typed: str) -> dict[str, Any]:
    """Return a check's options as typed: ``at_least = 2; verified = yes``."""
    options: dict[str, Any] = {}
    for part in typed.split(";"):
        name, _, value = (each.strip() for each in part.partition("="))
        if name:
            yes = {"yes": True, "no": False}
            number = answers.number(value)
            options[name] = yes.get(value, value) if number is None else number
    return options


def _by_text(by: list[dict[str, str]]) -> str:
    return "\n".join(f"{one['mentee']} = {one['mentor']}" for one in by)


def _languages(visit: Visit, text: dict[str, str]) -> list[str]:
    """Return the languages in which a text is shown to be changed."""
    return list(dict.fromkeys((*text, visit.of.locale, "en")))


# ------------------------------------------------------------------ supply and sources


@shows("/programs/<program>/supply")
@allow(*READERS)
def supply(visit: Visit, program: str, wrong: MentorKitError | None = None) -> str:
    at = {**visit.asked(), "program": program}
    return visit.render(
        "supply.html",
        title=visit.words("Mentors and mentees"),
        here="supply",
        wrong=wrong,
        supply=supplies.supply(visit.kit, **at),
        sources=sources.sources(visit.kit, **at),
    )


@does("/programs/<program>/supply")
@allow(*STAFF)
def supply_cost(visit: Visit, program: str) -> Response | tuple[str, int]:
    told: dict[str, Any] = {
        name: visit.form.get(name, "").strip()
        for name in ("source", "campaign", "amount", "currency")
    }
    try:
        sources.spend(visit.kit, **visit.asked(), program=program, **told)
    except Invalid as error:
        return _supply_again(visit, program, error), status(error)
    return visit.go("supply", "set", program=program, anchor="sources")


def _supply_again(visit: Visit, program: str, error: MentorKitError) -> str:
    return supply(visit, program, error)
