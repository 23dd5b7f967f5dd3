"""Messages: the texts that a program sends, in which words, and how one looks to somebody."""

from __future__ import annotations

from functools import partial
from typing import Any

import flask
from werkzeug.wrappers import Response

from mentorkit.domain.messages import LONGEST
from mentorkit.errors import Conflict, Invalid, MentorKitError, NotFound
from mentorkit.i18n import is_locale, is_right_to_left, language_name
from mentorkit.journey import templates
from mentorkit.journey.wordings import MEANINGS
from mentorkit.web import answers
from mentorkit.web.access import allow
from mentorkit.web.namesakes import beside
from mentorkit.web.pages import does, shows
from mentorkit.web.pages.programs import READERS, STAFF
from mentorkit.web.problems import status
from mentorkit.web.sure import ask_first, is_asked
from mentorkit.web.visits import Visit

GROUPS = {
    "joining": "Joining the program",
    "matching": "Being matched",
    "mentoring": "While they are together",
    "reminders": "Reminders and check-ins",
    "other": "Others",
    "staff": "To you, the staff",
}
"""What messages are about, in the order of the page."""


@shows("/programs/<program>/texts")
@allow(*READERS)
def message_texts(visit: Visit, program: str) -> str:
    found = templates.templates(visit.kit, **visit.asked(), program=program)
    groups = [
        (visit.words(label), [_called(visit, one) for one in found if one["group"] == group])
        for group, label in GROUPS.items()
    ]
    return visit.render(
        "message_texts.html",
        title=visit.words("Messages"),
        here="program_setup",
        tongue=partial(language_name, locale=visit.locale),
        groups=[(label, rows) for label, rows in groups if rows],
    )


@shows("/programs/<program>/texts/text")
@allow(*READERS)
def message_text(visit: Visit, program: str) -> str | tuple[str, int]:
    """Show one text to change it, and how it looks to somebody; without a name, show the list.

    A language that is not known is refused here, before anything is written in it.
    """
    asked = flask.request.args
    name, locale = asked.get("template", ""), asked.get("locale", "")
    if not name:
        return message_texts(visit, program)
    if locale and not is_locale(locale):
        return _page(visit, program, name, unknown=locale), 422
    return _page(visit, program, name)


@does("/programs/<program>/texts/text")
@allow(*STAFF)
def message_write(visit: Visit, program: str) -> str | Response | tuple[str, int]:
    """Keep a text, put the shipped one back, or only show how what is typed would look."""
    at: dict[str, Any] = {**visit.asked(), "program": program}
    name, did, form = visit.form.get("template", ""), visit.form.get("do", ""), visit.form
    if did not in ("save", "reset", "preview"):
        raise NotFound("template.no_form", visit.words("There is no such form here."))
    locale = form.get("locale", "")
    one: dict[str, Any] = {"template": name, "locale": locale, "was": answers.whole("was")}
    try:
        if did == "reset":
            if is_asked(visit):
                return _sure(visit, program, name, locale)
            templates.reset(visit.kit, **at, **one)
        elif did == "save":
            one |= {part: form.get(part, "") for part in templates.PARTS}
            templates.save(visit.kit, **at, **one)
        else:
            return _page(visit, program, name)
    except (Conflict, Invalid) as error:
        return _page(visit, program, name, error), status(error)
    back = {"template": name, "locale": locale, "participant": form.get("participant") or None}
    said = "words_back" if did == "reset" else "set"
    return visit.go("message_text", said, program=program, **back)


def _page(
    visit: Visit, program: str, name: str, wrong: MentorKitError | None = None, unknown: str = ""
) -> str:
    """Return the page of one text; what was typed stays in its form, and is what is shown.

    `unknown` was asked for as a language, and is none.
    """
    at: dict[str, Any] = {**visit.asked(), "program": program}
    one = templates.show(visit.kit, **at, template=name)
    asked, form = flask.request.args, visit.form
    locale = form.get("locale") or ("" if unknown else asked.get("locale"))
    locale = locale or _first(visit, one)
    kept = one["texts"].get(locale)
    typed = {part: form[part] for part in templates.PARTS if part in form}
    text = typed or kept or {"subject": "", "body": ""}
    to = form.get("participant") or asked.get("participant") or None
    shown, unseen = None, wrong
    if wrong is None and (typed or kept):
        try:
            shown = templates.preview(
                visit.kit, **at, template=name, participant=to, locale=locale,
                subject=text["subject"], body=text["body"].replace("\r\n", "\n"),
            )  # fmt: skip
        except (Invalid, NotFound) as error:
            unseen = error
    people = templates.readers(visit.kit, **at) if one["group"] != "staff" else []
    return visit.render(
        "message.html",
        title=_called(visit, one)["called"],
        here="program_setup",
        one=one,
        locale=locale,
        languages=list(dict.fromkeys((*one["languages"], one["locale"], locale))),
        tongue=partial(language_name, locale=visit.locale),
        kept=kept,
        text=text,
        turn=_turn(locale),
        shown=shown,
        reader=to or (shown or {}).get("participant"),
        tried=form.get("do") == "preview",
        unknown=unknown,
        wrong=unseen,
        stale=wrong if isinstance(wrong, Conflict) else None,
        was=form.get("was", one["number"]) if wrong else one["number"],
        notes=[_note(visit, each) for each in (shown or {}).get("notes", ())],
        people=people,
        alike=beside(visit, [each["participant"] for each in people]),
        longest=LONGEST,
    )


def _first(visit: Visit, one: dict[str, Any]) -> str:
    """Return the language in which a text is shown where none was asked for: the program's."""
    there = one["languages"]
    return next((each for each in (one["locale"], visit.locale) if each in there), there[0])


def _turn(locale: str) -> str:
    return "rtl" if is_right_to_left(locale) else "ltr"


def _called(visit: Visit, one: dict[str, Any]) -> dict[str, Any]:
    """Return a row with what it is called: when it is sent, or else what it says."""
    short = one["subject"].replace("{program}", "").strip(" :,–-")
    return {
        **one,
        "subject": one["subject"].replace("{program}", visit.text(visit.of.name)),
        "called": visit.words(one["about"]) if one["about"] else short,
    }


def _note(visit: Visit, note: dict[str, str]) -> str:
    placeholder = f"{{{note['placeholder']}}}"
    told = {
        "missing": "It lacks {placeholder}, which the shipped text has: {meaning}. "
        "Is that on purpose?",
        "empty": "{placeholder} always stays empty in this message.",
        "subject": "{placeholder} is too much for a subject; write it into the text.",
    }[note["code"]]
    meaning = visit.words(MEANINGS[note["placeholder"]])
    return visit.words(told, placeholder=placeholder, meaning=meaning)


def _sure(visit: Visit, program: str, name: str, locale: str) -> str:
    """Ask whether the program's own words shall go."""
    one = templates.show(visit.kit, **visit.asked(), program=program, template=name)
    shipped = one["texts"].get(locale, {}).get("shipped", {"subject": "", "body": ""})
    return ask_first(
        visit,
        visit.words("Put the shipped words back?"),
        [visit.words("Your own words in this language go. From then on it says:")],
        quote=f"{shipped['subject']}\n\n{shipped['body']}",
        here="program_setup",
        yes=visit.words("Yes, put them back"),
        back=visit.url("message_text", program=program, template=name, locale=locale),
    )
