"""Relationships: who is together, their meetings and milestones, a break, and the end."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import flask
from werkzeug.wrappers import Response

from mentorkit.domain.relationships import ENDS, RELATIONSHIP_MOVES
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound
from mentorkit.i18n import format_clock
from mentorkit.journey import (
    browse,
    contents,
    feedback,
    flags,
    handover,
    history,
    introduce,
    meet,
    met,
    relay,
    standing,
)
from mentorkit.journey.pools import ASKED
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.namesakes import apart, named
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.people import NOT_YET, PARTIES
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.sure import ask_first
from mentorkit.web.visits import BEHALF, Visit, noon

MOST = 20
"""How many of each list stand on one page; more are hard to tick through on a phone."""
SILENT = ("never_met", "quiet", "dormant")
"""Why a pair is told of a meeting that is missing; one of them says enough."""


@shows("/programs/<program>/relationships")
@allow(*READERS)
def relationships(
    visit: Visit,
    program: str,
    wrong: MentorKitError | None = None,
    done: Mapping[str, Any] = NOT_YET,
    ticked: Collection[str] = (),
) -> str:
    state = flask.request.args.get("state") or None
    at, args = {**visit.asked(), "program": program}, flask.request.args
    asked = browse.proposals(
        visit.kit, **at, state=ASKED, after=args.get("asked_after"), limit=MOST
    )
    held = browse.relationships(visit.kit, **at, state=state, after=args.get("after"), limit=MOST)
    listed = apart(visit, [*asked["items"], *held["items"]])
    now = visit.kit.clock().astimezone(ZoneInfo(visit.of.zone))
    return visit.render(
        "relationships.html",
        title=visit.words("Relationships"),
        here="relationships",
        states=RELATIONSHIP_MOVES.states,
        state=state,
        asked=listed[: len(asked["items"])],
        asked_next=asked["next"],
        relationships=listed[len(asked["items"]) :],
        next=held["next"],
        after=args.get("after"),
        asked_after=args.get("asked_after"),
        today=now.date().isoformat(),
        ends=ENDS,
        wrong=wrong,
        done=len(done["done"]),
        left=len(done["refused"]),
        refused=_by_message(visit, done["refused"], listed),
        ticked=ticked or [one["id"] for one in done["refused"]],
    )


def _by_message(
    visit: Visit, refused: Sequence[dict[str, Any]], listed: Sequence[dict[str, Any]]
) -> dict[str, list[str]]:
    """Return who was refused, pair by pair, under each of the messages that say why."""
    told: dict[str, list[str]] = {}
    names = {
        pair["id"]: [m["name"] for m in pair.get("members") or ()]
        or [pair["mentee"], pair["mentor"]]
        for pair in listed
    }
    elsewhere = {one["id"] for one in refused} - names.keys()
    for noun in ("proposal", "relationship") if elsewhere else ():
        names |= named(visit, noun, elsewhere)
    for one in refused:
        two = names.get(one["id"], ())
        told.setdefault(one["message"], []).append(", ".join(name for name in two if name))
    return told


@shows("/programs/<program>/relationships/<relationship>")
@allow(*STAFF, *PARTIES)
def relationship(
    visit: Visit,
    program: str,
    relationship: str,
    wrong: MentorKitError | None = None,
    link: dict[str, Any] | None = None,
) -> str:
    at = {**visit.asked(), "relationship": relationship}
    with visit.kit.reading_once(tenant=visit.tenant):
        one = meet.show(visit.kit, **at)
        if one["program_id"] != visit.of.id:
            missing = visit.words("There is no such relationship here.")
            raise NotFound("relationship.not_found", missing)
        own = any(member["own"] for member in one["members"])
        shown: dict[str, Any] = {
            "introduction": introduce.introduction(visit.kit, **at),
            "month": meet.month(visit.kit, **at),
            "said": relay.said(visit.kit, **at),
            "mine": contents.own(visit.kit, **visit.asked(), about=relationship) if own else (),
            "history": history.history(visit.kit, **at),
            "part": _afterwards(visit, one) if own else None,
            "late": _late(visit, one) if own else (),
            "passed": handover.passed_on(visit.kit, **at) if own else (),
            "leaving": _leaving(visit, one),
        }
        others = shown["introduction"]["others"]
        shown["known"] = answers.told(visit, {m["participant"]: m["answers"] for m in others})
    told = shown["introduction"]
    told["zones"] = {who: visit.clock(zone) for who, zone in told["zones"].items()}
    others = [m["name"] for m in one["members"] if not m["own"] and not m["left_at"]]
    now = visit.kit.clock().astimezone(ZoneInfo(visit.zone))
    return visit.render(
        "relationship.html",
        title=visit.words("You and {others}", others=", ".join(others))
        if own
        else ", ".join(m["name"] for m in one["members"] if not m["left_at"]),
        here="relationships",
        one=one,
        today=now.date().isoformat(),
        wrong=wrong,
        own=own,
        behalf=() if own else BEHALF,
        names={m["participant"]: m["name"] for m in one["members"]},
        link=link,
        missing=_missing(one, shown["late"]),
        **shown,
    )


def _leaving(visit: Visit, one: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a mentee may pass on of what has ended to the mentor who comes next."""
    mine = [m["participant"] for m in one["members"] if m["own"] and m["role"] == "mentee"]
    if one["state"] != "ended" or not mine:
        return None
    told = handover.own_words(visit.kit, **visit.asked(), participant=mine[0])
    return {**told, "mentee": mine[0]} if told["words"] or told["meetings"] else None


def _late(visit: Visit, one: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what one of the two can mend now, each kind once: no meeting, an answer, the end.

    An answer may be `surveyed`: a survey asks for it.
    """
    own = {member["participant"] for member in one["members"] if member["own"]}
    found = flags.own(visit.kit, **visit.asked(), relationship=one["id"])
    silent = any(why["code"] in SILENT for why in found)
    open_ = [m for m in one["milestones"] if m["state"] in ("due", "missed")]
    asked = feedback.mine(visit.kit, **visit.asked()) if open_ else []
    surveyed = any(each["relationship_id"] == one["id"] for each in asked)
    answer = [
        {**m, "code": "answer", "surveyed": surveyed} for m in open_ if own & set(m["awaited"])
    ]
    return [why for why in found if not (silent and why["code"] == "short")] + answer[:1]


def _missing(one: Mapping[str, Any], late: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the month, and its days, of which the visitor was led here to log a meeting."""
    month = flask.request.args.get("month", "")
    if not any(why["code"] == "short" and why["month"] == month for why in late):
        return {}
    first = date.fromisoformat(f"{month}-01")
    begins = max(first.isoformat(), one["started_at"][:10])
    last = first.replace(day=monthrange(first.year, first.month)[1])
    return {"month": month, "first": begins, "last": last.isoformat()}


def _afterwards(visit: Visit, one: dict[str, Any]) -> dict[str, Any] | None:
    """Return the visitor's own part where they choose what comes after this relationship.

    That is after an early end, and while the last one of theirs that has ended is this one.
    """
    if one["state"] != "ended":
        return None
    own = {member["participant"] for member in one["members"] if member["own"]}
    parts = standing.home(visit.kit, **visit.asked())["parts"]
    part = next((part for part in parts if part["id"] in own), None)
    if part is None or one["early"]:
        return part
    last = any(before["id"] == one["id"] for before in part["before"][:1])
    return part if last and part["stage"] in ("looking", "paused") else None


@does("/programs/<program>/relationships/<relationship>")
@allow(*STAFF, *PARTIES)
def relationship_change(
    visit: Visit, program: str, relationship: str
) -> Response | str | tuple[str, int]:
    at = {**visit.asked(), "relationship": relationship}
    did, said = visit.form.get("do", ""), ""
    # Whoever may not see it is told so, whatever they wish to do.
    meet.show(visit.kit, **at)
    try:
        if did == "meet":
            minutes = answers.whole("minutes") or 0
            there = visit.values("attendees") if "group" in visit.form else None
            held = noon(visit, visit.zone)
            one: dict[str, Any] = {**at, "minutes": minutes, "attendees": there}
            own = held.astimezone(ZoneInfo(visit.zone))
            if "sure" not in visit.form and (
                before := history.again(visit.kit, **one, held_at=own)
            ):
                return _another(visit, relationship, before, held)
            meet.log(visit.kit, **one, held_at=held)
            said = "met"
        elif did == "strike":
            meet.strike(visit.kit, **visit.asked(), meeting=visit.form.get("meeting", ""))
            said = "struck"
        elif did == "reach":
            meet.reach(
                visit.kit,
                **visit.asked(),
                milestone=visit.form.get("milestone", ""),
                on_behalf_of=visit.form.get("on_behalf_of") or None,
            )
            said = "reached"
        elif did == "pause":
            meet.pause(visit.kit, **at)
            said = "paused"
        elif did == "resume":
            meet.resume(visit.kit, **at)
            said = "resumed"
        elif did == "extend":
            days = answers.whole("days") or 0
            meet.extend(visit.kit, **at, days=days)
            said = "extended"
        elif did == "end":
            reason = visit.form.get("reason", "")
            reason = reason if reason in ENDS else ENDS[-1]
            note, only = visit.form.get("note", "").strip(), visit.form.get("only") or None
            done = meet.end(visit.kit, **at, reason=reason, note=note, only=only)
            if visit.is_staff:
                return visit.go("relationships", "ended_noted", program=program)
            if done["state"] != "ended":
                return visit.go("home", "ended")
            said = "ended"
        elif did == "hand_over":
            reason = visit.form.get("reason", "")
            gone = handover.hand_over(
                visit.kit,
                **at,
                mentee=visit.form.get("mentee", ""),
                reason=reason if reason in ENDS else ENDS[-1],
                note=visit.form.get("note", "").strip(),
                rest="rest" in visit.form,
            )
            return visit.go("mentors", "handed_over", program=program, participant=gone["mentee"])
        elif did == "link":
            who = visit.form.get("participant", "")
            made = met.link(visit.kit, **at, participant=who)
            return _with_link(visit, program, relationship, made), 200
        else:
            raise Invalid("form.nothing", visit.words("Say what to do: press one of the buttons."))
    except (Conflict, Invalid) as error:
        return _again(visit, program, relationship, error), status(error)
    return visit.go("relationship", said, program=program, relationship=relationship)


def _another(visit: Visit, relationship: str, before: str, held: datetime) -> str:
    """Ask whether another meeting is meant: a browser that goes back may fetch a new form."""
    at = format_clock(datetime.fromisoformat(before), zone=visit.zone, locale=visit.locale)
    return ask_first(
        visit,
        visit.words("You logged the same meeting at {time}. Log another?", time=at),
        [
            visit.words("Two meetings of the same length count on {day}.", day=visit.day(held)),
            visit.words("If you met once, go back: the meeting is logged already."),
        ],
        here="relationships",
        yes=visit.words("Yes, log another"),
        back=visit.url("relationship", program=visit.of.key, relationship=relationship),
        sure=True,
    )


def _again(visit: Visit, program: str, one: str, error: MentorKitError) -> str:
    return relationship(visit, program, one, error)


def _with_link(visit: Visit, program: str, one: str, link: dict[str, Any]) -> str:
    link = {**link, "url": link["url"] or visit.url("met", token=link["token"], _external=True)}
    return relationship(visit, program, one, link=link)
