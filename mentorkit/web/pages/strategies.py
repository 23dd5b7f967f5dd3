"""The strategy: what a pair must and should be, as a form that makes a new version."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Response

from mentorkit.domain.strategies import FULL_SCORE, share
from mentorkit.errors import Conflict, Invalid
from mentorkit.journey import programs, strategies
from mentorkit.web import answers, options
from mentorkit.web.access import allow
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import STAFF
from mentorkit.web.visits import Visit

PARTS = {"rules": "rule", "criteria": "criterion"}
"""The lists of a strategy, and what each entry names."""
SETTINGS = ("assigner", "objective", "shortlist", "fall_through", "name", "title")
MOST = 60
"""How many rules and criteria a form is read for."""


@shows("/programs/<program>/matching/strategy")
@allow(*STAFF)
def strategy(visit: Visit, program: str) -> str:
    found = strategies.show(visit.kit, **visit.asked(), program=program, locale=visit.locale)
    return _form(visit, found, found["body"])


@does("/programs/<program>/matching/strategy")
@allow(*STAFF)
def strategy_change(visit: Visit, program: str) -> str | Response | tuple[str, int]:
    """Keep a new version; or add to the form, take out of it, or start from a named strategy."""
    found = strategies.show(visit.kit, **visit.asked(), program=program, locale=visit.locale)
    body, did = _typed(visit, found), visit.form.get("do", "")
    part, _, place = visit.form.get("remove", "").partition(".")
    if part in PARTS:
        body[part] = [one for at, one in enumerate(body[part]) if at != answers.number(place)]
        return _form(visit, found, body)
    if did == "start":
        named = found["strategies"].get(visit.form.get("start", ""))
        return _form(visit, found, named["body"] if named else body, changed=True)
    if did.startswith("add_"):
        part = did.removeprefix("add_")
        wanted = visit.form.get(did, "")
        if wanted in found["offered"].get(part, ()):
            weight = {"weight": 1} if part == "criteria" else {}
            body[part].append({PARTS[part]: wanted, **weight})
        return _form(visit, found, body, changed=True)
    at = {**visit.asked(), "program": program}
    try:
        programs.define(visit.kit, **at, kind="strategy", body=body, was=answers.whole("was"))
    except Invalid as error:
        return _form(visit, found, body, error), 422
    except Conflict as error:
        return _form(visit, found, body, stale=error), 409
    return visit.go("matching", "strategy", program=program)


def _typed(visit: Visit, found: dict[str, Any]) -> dict[str, Any]:
    """Return the strategy that stands in the form, as a preset has it."""
    form = visit.form
    body: dict[str, Any] = {name: form[name] for name in SETTINGS if form.get(name, "").strip()}
    if "shortlist" in body:
        body["shortlist"] = _number(body["shortlist"])
    offered = found["offered"]
    assigner = offered["assigners"].get(body.get("assigner"), {"options": {}})
    body["assigner_options"] = options.read(
        assigner["options"], options.below(visit, "assigner_options"), found["fields"]
    )
    for part, names in PARTS.items():
        body[part] = []
        for at in range(MOST):
            name = form.get(f"{part}.{at}.name")
            if name is None:
                break
            entry: dict[str, Any] = {names: name}
            if part == "criteria":
                entry["weight"] = _number(form.get(f"{part}.{at}.weight", ""))
            schema = offered[part].get(name, {"options": {}})["options"]
            typed = options.below(visit, f"{part}.{at}.o")
            body[part].append({**entry, **options.read(schema, typed, found["fields"])})
    return body


def _number(typed: str) -> int | str:
    """Return the whole number that was typed, or what else it was: that is told to be wrong."""
    number = answers.number(typed)
    return typed.strip() if number is None else number


def _form(
    visit: Visit, found: dict[str, Any], body: dict[str, Any], wrong: Invalid | None = None, *,
    changed: bool = False, stale: Conflict | None = None,
) -> str:  # fmt: skip
    told = (
        {one.place.removeprefix("strategy."): one.message for one in wrong.problems}
        if wrong
        else {}
    )
    offered, seen = found["offered"], set[str]()

    def below(place: str) -> dict[str, str]:
        here = {at: text for at, text in told.items() if at.startswith((f"{place}.", f"{place}["))}
        seen.update(here)
        return {at.removeprefix(place).removeprefix("."): text for at, text in here.items()}

    def drawn(schema: dict[str, Any], values: dict[str, Any], place: str) -> list[dict[str, Any]]:
        return options.controls(schema, values, found["fields"], below(place))

    rows: dict[str, list[dict[str, Any]]] = {}
    weights = [one.get("weight", 1) for one in body.get("criteria", ())]
    whole = all(isinstance(weight, int) and weight > 0 for weight in weights)
    shares = share(FULL_SCORE, weights) if whole else (0,) * len(weights)
    for part, names in PARTS.items():
        rows[part] = []
        for at, one in enumerate(body.get(part, ())):
            offer = offered[part].get(one[names], {"title": one[names], "options": {}})
            here = f"{part}[{at}]"
            if here in told:
                seen.add(here)
            drawn_here = drawn(offer["options"], one, here)
            rows[part].append(
                {
                    "name": one[names],
                    "title": offer["title"],
                    "about": " – ".join(_chosen(drawn_here)),
                    "open": any(c["wrong"] or (c["needed"] and not c["typed"]) for c in drawn_here),
                    "controls": drawn_here,
                    "weight": one.get("weight", 1),
                    "share": shares[at] / FULL_SCORE if part == "criteria" else 0,
                    "wrong": told.get(f"{here}.weight", "") or told.get(here, ""),
                }
            )
    assigner = body.get("assigner", "optimal")
    schema = offered["assigners"].get(assigner, {"options": {}})["options"]
    drawn_assigner = drawn(schema, body.get("assigner_options", {}), "assigner_options")
    seen.update(name for name in SETTINGS if name in told)
    return visit.render(
        "strategy.html",
        title=visit.words("How pairs are found"),
        here="matching",
        found=found,
        body=body,
        rows=rows,
        assigner=assigner,
        assigner_controls=drawn_assigner,
        told=told,
        unplaced={at: text for at, text in told.items() if at not in seen},
        wrong=wrong,
        stale=stale,
        was=found["number"] if stale else visit.form.get("was", found["number"]),
        changed=changed or bool(visit.form),
    )


def _chosen(controls: list[dict[str, Any]]) -> list[str]:
    """Return the labels of the profile fields that are chosen."""
    chosen = [one for one in controls if one["kind"] == "field" and one["typed"]]
    return [one["choices"].get(one["typed"], one["typed"]) for one in chosen]
