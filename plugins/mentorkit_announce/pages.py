"""The pages: write, look at it with a real person, send, and see what became of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import flask
from markupsafe import Markup
from werkzeug.wrappers import Response

from mentorkit.errors import Conflict, Invalid, MentorKitError
from mentorkit.i18n import babel_locale
from mentorkit.journey import announcements
from mentorkit.journey.cohorts import cohorts_of
from mentorkit.web import allow, current
from mentorkit.web.visits import Visit
from mentorkit_announce import groups, looking, sending

STAFF = ("coordinator", "admin")
LANGUAGES = 6
"""How many languages the form offers at most: those that most of the program's people read."""
HERE = "overview"


def pages() -> flask.Blueprint:
    """Make the blueprint; each mount has its own."""
    made = flask.Blueprint("announce", __name__, template_folder="templates")

    @made.get("/<program>/")
    @allow(*STAFF)
    def listed(program: str) -> str:
        visit = current()
        rows = looking.made(visit.kit, **visit.asked(), program=program)
        title = visit.words("Announcements")
        return visit.render("mentorkit_announce/list.html", title=title, here=HERE, rows=rows)

    @made.get("/<program>/write")
    @allow(*STAFF)
    def write(program: str) -> str:
        visit = current()
        return _form(visit, program, visit.kit.ids())

    @made.post("/<program>/write")
    @allow(*STAFF)
    def send(program: str) -> str | Response | tuple[str, int]:
        visit = current()
        key, do = visit.form.get("key", ""), visit.form.get("do", "")
        if do == "change":
            return _form(visit, program, key)
        asked = {**visit.asked(), "program": program, "key": key, "text": _text(visit)}
        asked |= _group(visit)
        wrong: MentorKitError | None = None
        if do == "send":
            count = visit.form.get("count", "")
            try:
                limit = int(count) if count.isdecimal() else 0
                done = sending.send(visit.kit, **asked, limit=limit)
                return visit.go("announce.shown", program=program, announcement=done["id"])
            except Conflict as error:
                if error.code != "announcement.too_many":
                    return _form(visit, program, key, error), 409
                wrong = error
            except Invalid as error:
                return _form(visit, program, key, error), 422
        try:
            found = sending.look(visit.kit, **asked)
        except Invalid as error:
            return _form(visit, program, key, error), 422
        except Conflict as error:
            return _form(visit, program, key, error), 409
        found["left_out"] = {
            visit.words(looking.reason(code)): number
            for code, number in sorted(found["left_out"].items())
        }
        title = visit.words("Look at it before it goes out")
        shown = visit.render(
            "mentorkit_announce/preview.html",
            title=title,
            here=HERE,
            found=found,
            languages=_languages(visit, [one["locale"] for one in found["examples"]]),
            kept=[
                (name, value)
                for name, value in visit.form.items()
                if name in ("key", "to", "cohort", "language")
                or name.startswith(("subject.", "body."))
            ],
            wrong=wrong,
        )
        return (shown, 409) if wrong else shown

    @made.get("/<program>/sheet")
    @allow(*STAFF)
    def sheet(program: str) -> Response:
        visit = current()
        asked = flask.request.args
        group: dict[str, Any] = {name: asked.get(name, "") for name in ("cohort", "language")}
        group["to"] = asked.get("to") or "everybody"
        made = groups.sheet(visit.kit, **visit.asked(), program=program, **group)
        response = flask.make_response(made["body"])
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
        response.headers["Content-Disposition"] = f'attachment; filename="people_{program}.csv"'
        return response

    @made.get("/<program>/a/<announcement>")
    @allow(*STAFF)
    def shown(program: str, announcement: str) -> str:
        visit = current()
        one = looking.result(visit.kit, **visit.asked(), program=program, announcement=announcement)
        return visit.render(
            "mentorkit_announce/shown.html",
            title=visit.text(one["subject"]).replace("{program}", visit.text(visit.of.name)),
            here=HERE,
            one=one,
            languages=_languages(visit, one["subject"]),
            why={visit.words(looking.reason(code)): number for code, number in one["why"].items()},
        )

    return made


def _group(visit: Visit) -> dict[str, str]:
    form = visit.form
    group = {"to": form.get("to") or "everybody"}
    return {**group, **{name: form.get(name, "") for name in ("cohort", "language")}}


def _text(visit: Visit) -> dict[str, dict[str, str]]:
    """Return what was written, in the languages in which anything was."""
    found: dict[str, dict[str, str]] = {}
    for name, value in visit.form.items():
        part, dot, locale = name.partition(".")
        if dot and part in announcements.PARTS:
            found.setdefault(locale, {})[part] = value.replace("\r\n", "\n").strip()
    return {locale: parts for locale, parts in found.items() if any(parts.values())}


def _form(visit: Visit, program: str, key: str, wrong: MentorKitError | None = None) -> str:
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        cohorts = cohorts_of(tx, visit.of)
        parts = tx.participants.find(program_id=visit.of.id)
        parts = [one for one in parts if one.state not in announcements.GONE]
        persons = tx.people.get_many(one.person_id for one in parts)
    read = Counter(one.locale for one in persons.values() if not one.erased)
    offered = [visit.of.locale, *(one for one, _ in read.most_common(LANGUAGES)), *_text(visit)]
    locales = list(dict.fromkeys(offered))
    names = _languages(visit, locales)
    labels = {
        f"{part}.{locale}": f"{label} ({names[locale]})"
        for locale in locales
        for part, label in (("subject", visit.words("Subject")), ("body", visit.words("Text")))
    }
    return visit.render(
        "mentorkit_announce/write.html",
        title=visit.words("Write an announcement"),
        here=HERE,
        key=key,
        to={code: visit.words(title) for code, title in groups.TO.items()},
        cohorts={one.key: visit.text(one.name) for one in cohorts.values()},
        languages=names,
        read=read,
        first=visit.of.locale,
        most=announcements.PARTS,
        labels=labels,
        wrong=wrong,
    )


def _languages(visit: Visit, locales: Any) -> dict[str, str]:
    """Return the names of languages in the visitor's own, by their codes."""
    own = babel_locale(visit.locale)
    names = {}
    for one in locales:
        found = babel_locale(one)
        known = found.language == one.split("-")[0]
        names[one] = (found.get_display_name(own) if known else None) or one
    return names


def lead_here(visit: Visit, figures: Any) -> Markup | None:
    """Lead coordinators to the announcements of a program."""
    if not visit.is_staff:
        return None
    return Markup(
        '<section class="mk-card"><h2>{}</h2><p>{}</p><p><a href="{}">{}</a></p></section>'
    ).format(
        visit.words("Announcements"),
        visit.words("One message to many: to everybody, to who waits, to pairs that meet little."),
        visit.url("announce.listed", program=visit.of.key),
        visit.words("Write one, or see what became of the last"),
    )
