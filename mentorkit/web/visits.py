"""One request to our pages: whose it is, to which tenant, and how it is answered."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import flask
from markupsafe import Markup
from werkzeug.wrappers import Response

from mentorkit import i18n
from mentorkit.domain.moves import STAFF, Role
from mentorkit.domain.people import Actor, Means, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.safety import HANDLERS
from mentorkit.domain.text import in_locale
from mentorkit.errors import Invalid, MentorKitError, NotAllowed, Problem
from mentorkit.hooks.calls import FAILURES
from mentorkit.journey import links
from mentorkit.journey.concerns import PURPOSE
from mentorkit.journey.definitions import targets_of
from mentorkit.journey.plugins import in_force
from mentorkit.journey.steps import READERS
from mentorkit.web.answers import number
from mentorkit.web.brought import Brought
from mentorkit.web.labels import NO_LABELS, labelled
from mentorkit.web.tokens import FIELD, Tokens

if TYPE_CHECKING:
    from mentorkit.kit import Kit


REPORTING = 1
"""For how many days a page that somebody came to by a link lets them report a problem."""
LONG = 20
"""From how many options on somebody looks for theirs by its name."""
UNKNOWN = "UTC"
"""The time zone of whoever has told none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """What our pages were made with, as far as they need it."""

    kit: Kit
    layout: str
    tokens: Tokens
    brought: Brought
    sign_in: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request. `roles` are the visitor's in the program of the page, else in any of them.

    `mount` is the name under which the host mounted the blueprint that the visit came through.
    """

    portal: Portal
    mount: str
    tenant: str
    actor: Actor
    person: Person | None = None
    program: Program | None = None
    roles: frozenset[Role] = frozenset()
    off: Collection[str] = ()
    chosen: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    late: int = 0

    @property
    def kit(self) -> Kit:
        return self.portal.kit

    @property
    def locale(self) -> str:
        """The language to answer in: the person's own, else one that the browser asks for."""
        if self.person is not None:
            return self.person.locale
        return flask.request.accept_languages.best or i18n.FALLBACK

    @property
    def zone(self) -> str:
        """The visitor's own time zone if it is known, else that of the page's program."""
        return self.clock(self.person.zone if self.person is not None else UNKNOWN)

    def clock(self, zone: str) -> str:
        """Return the zone of somebody's clock: their own if it was told, else the program's."""
        return self.program.zone if self.program and zone == UNKNOWN else zone

    @property
    def is_nobody(self) -> bool:
        """Whether nobody is signed in."""
        return self.actor.is_nobody

    @property
    def is_staff(self) -> bool:
        return not self.roles.isdisjoint(STAFF)

    @property
    def handles(self) -> bool:
        """Whether the visitor is of those who handle concerns in the program of the page."""
        return not self.roles.isdisjoint(HANDLERS)

    @property
    def reads_all(self) -> bool:
        """Whether the visitor may see everything in the program of the page."""
        return not self.roles.isdisjoint(READERS)

    @property
    def kit_name(self) -> str:
        """How the command line names the kit (``product:kit``): where a module keeps it."""
        for name, module in list(sys.modules.items()):
            for attribute, value in list(getattr(module, "__dict__", {}).items()):
                if value is self.kit and name != "__main__":
                    return f"{name}:{attribute}"
        return "MODULE:NAME"

    @property
    def direction(self) -> str:
        return "rtl" if i18n.is_right_to_left(self.locale) else "ltr"

    # ------------------------------------------------------------------ words

    def words(self, message: str, **values: object) -> str:
        """Return `message` in the visitor's language, with ``{name}`` filled in."""
        told = i18n.translate(message, self.locale)
        return told.format_map({key: str(value) for key, value in values.items()})

    def told(self, message: str) -> str:
        """Return a plugin's own words in the visitor's language, braces and all."""
        return i18n.translate(message, self.locale)

    def counted(self, one: str, many: str, count: int) -> str:
        """Return what so many are called in the visitor's language, without the number."""
        return i18n.counted(one, many, count, self.locale)

    def text(self, text: Mapping[str, str] | str) -> str:
        """Return what a program wrote (``{locale: text}``) in the visitor's language."""
        return in_locale(text, self.locale)

    def milestone(self, kind: str) -> str:
        """Return what the program calls a milestone of a kind of its own, else the kind in words.

        The program is asked once in a request.
        """
        if "mentorkit_milestones" not in flask.g:
            with self.kit.transaction(tenant=self.tenant, write=False) as tx:
                targets, _ = targets_of(tx, self.of)
            plans = [*(p for level in targets.touch for p in level.milestones), *targets.milestones]
            flask.g.mentorkit_milestones = {plan.kind: plan.text for plan in plans}
        text = flask.g.mentorkit_milestones.get(kind)
        return self.text(text) if text else kind.replace("_", " ").capitalize()

    def choices(self, one: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Return what a question offers, ``[(id, label)]``: a long list by name, as they read it.

        A short list keeps the order that the program gave it, and so does one with an order.
        """
        told = [(id, self.text(label)) for id, label in one["choices"].items()]
        if one["kind"] == "ordered" or len(told) <= LONG:
            return told
        return sorted(told, key=lambda each: unicodedata.normalize("NFKD", each[1]).casefold())

    def listed(self, control: Mapping[str, Any]) -> str:
        """Return what a control holds, in words: options as they are called."""
        if control["kind"] not in ("choice", "several"):
            return str(control["typed"])
        names = control["choices"]
        return ", ".join(self.told(names.get(one, one)) for one in control["typed"].splitlines())

    def day(self, day: date | datetime | str | None, zone: str | None = None) -> str:
        """Return a day as written in the visitor's language.

        It is that of the program's clock, so that all read the same, or of a `zone`; where the page
        has no program, of the visitor's own.
        """
        if day is None:
            return ""
        moment = datetime.fromisoformat(day) if isinstance(day, str) else day
        if isinstance(moment, datetime):
            moment = moment.astimezone(ZoneInfo(zone or (self.program or self).zone)).date()
        return i18n.format_day(moment, self.locale)

    def month(self, month: str) -> str:
        """Return a month (``2027-03``) in words, in the visitor's language."""
        return i18n.format_month(date.fromisoformat(f"{month}-01"), self.locale)

    def moment(self, moment: str, zone: str | None = None) -> str:
        """Return a time (ISO 8601) in the visitor's language, on their own clock or a zone's."""
        at, clock = datetime.fromisoformat(moment), zone or self.zone
        return i18n.format_moment(at, zone=clock, locale=self.locale)

    def number(self, value: float) -> str:
        return i18n.format_number(value, self.locale)

    # ------------------------------------------------------------------ answering

    @property
    def form(self) -> Mapping[str, str]:
        """What was typed into the page's form."""
        return flask.request.form

    @property
    def of(self) -> Program:
        """The program of the page."""
        assert self.program is not None, "this page's address names no program"
        return self.program

    def asked(self, *, means: Means | None = None) -> dict[str, Any]:
        """Return what every step of the journey is told: ``approve(kit, **visit.asked(), ...)``.

        A form of staff says by what means somebody told them what to do in their place.
        """
        told = self.form.get("means") if self.is_staff else None
        by = means or next((one for one in BEHALF if one == told), None) or self.actor.means
        known = self.person.id if self.person else self.actor.person_id  # so nobody looks it up
        return {"tenant": self.tenant, "actor": replace(self.actor, person_id=known, means=by)}

    def settings(self, plugin: str) -> Mapping[str, Any]:
        """Return what is set for a plugin in the page's program, as its providers get it."""
        return in_force(self.kit, self.tenant, plugin, self.chosen.get(plugin, {}))

    def values(self, name: str) -> list[str]:
        """Return all that was ticked under one name in the page's form."""
        return flask.request.form.getlist(name)

    def url(self, page: str, **values: Any) -> str:
        """Return the address of one of our pages, under the mount that this visit came through."""
        return flask.url_for(f"{self.mount}.{page}", **values)

    def report(self, link: links.Link, **about: str) -> str:
        """Return the address at which whoever came by a link reports a problem, without a log-in.

        `about` is what the link is about: a relationship, or else the program (ids).
        """
        kept = {"tenant": self.tenant, "purpose": PURPOSE, "person": link.person_id}
        token = links.make(self.kit, **kept, days=REPORTING, **about)
        return self.url("concern_link", token=token)

    def token(self) -> str:
        return self.portal.tokens.make(self.tenant, self.actor)

    def check_token(self) -> str:
        """Return the id of the form that was sent.

        Raise `NotAllowed` or `Conflict` for one that is not ours, or not this visitor's.

        No page of another site sends ours, whatever token it got hold of (Fetch Metadata).
        """
        if flask.request.headers.get("Sec-Fetch-Site") == "cross-site":
            raise NotAllowed(
                "form.cross_site",
                "This form was sent from another site, so nothing was changed. "
                "Open the page here, and send it again.",
            )
        given = flask.request.form.get(FIELD, "")
        return self.portal.tokens.check(given, self.tenant, self.actor)

    def counts(self) -> None:
        """Let the form that was just sent count, whatever page answers it.

        One that leads on to another page counts anyway. A page that only shows something (what a
        sheet would change, what is wrong) does not, and the same form may be sent again.
        """
        flask.g.mentorkit_counts = True

    def again(self) -> None:
        """Let the form that was just sent be done as often as it is sent.

        For an answer that cannot be given twice: one that gives or takes a cookie, or changes the
        host's session.
        """
        flask.g.mentorkit_counts = False

    def render(self, template: str, **values: Any) -> str:
        """Return one of our templates (a host's of the same name goes before), in its layout.

        A plugin names its own with its folder: ``mentorkit_signup/form.html``.
        """
        return flask.render_template(
            template if "/" in template else f"mentorkit/{template}",
            visit=self,
            layout=self.portal.layout,
            notice=self._notice(),
            _=self.words,
            **{"here": "", "wrong": None, "behalf": (), "beside": False, **values},
        )

    def sign_in(self) -> str:
        """Return the page for whoever is not signed in; from it they come back to this one."""
        request = flask.request
        refused = request.endpoint != f"{self.mount}.home"
        to = self.url("home")
        if refused and request.method == "GET":
            to = request.script_root + request.full_path.rstrip("?")
        return self.render(
            "sign_in.html",
            title=self.words("Sign in first" if refused else "Mentoring"),
            refused=refused,
            to=to,
            host=self.portal.sign_in,
        )

    def _notice(self) -> str:
        """Return what the page before has done, in words."""
        told = NOTICES.get(flask.request.args.get("said", ""), "")
        count = number(flask.request.args.get("count", "")) or 0
        return self.words(told, count=self.number(count)) if told else ""

    def problems(self, error: MentorKitError, asked: Mapping[str, str] = NO_LABELS) -> list[str]:
        """Return what is wrong, each with the label of its field; `asked` are more labels."""
        return labelled(self, error, asked)

    def slot(self, place: str, off: Collection[str] | None = None, **about: Any) -> Markup:
        """Return what plugins show at a place; one that fails shows nothing, and is logged.

        `off` names the plugins that are switched off there; by default in the page's program.
        """
        shown = []
        for plugin, slot in self.portal.brought.slots[place]:
            if plugin.name in (self.off if off is None else off):
                continue
            try:
                if told := slot.render(replace(self), **about):
                    name = f"mk-slot mk-slot-{plugin.name}"
                    shown.append(Markup('<div class="{}">{}</div>').format(name, told))
            except FAILURES:
                plugin.log.exception("The slot %s could not be filled.", place)
        return Markup("").join(shown)

    def refusal(self, form: str, actor: Actor, program: str) -> Markup:
        """Return why an open form is not taken in just now, as plugins say; nothing where it is.

        Staff are never kept waiting, and a plugin that fails keeps nobody. The page that follows
        (status 429) shows the form again, with what was typed.
        """
        if self.reads_all:
            return Markup("")
        return self.slot("sending", off=(), form=form, actor=actor, program=program)

    def go(
        self, page: str, said: str = "", *, anchor: str | None = None, **values: Any
    ) -> Response:
        """Send the visitor on to a page after a form, where it says what was done."""
        target = self.url(page, **values, said=said or None, _anchor=anchor)
        return flask.redirect(target, code=303)


def noon(visit: Visit, zone: str) -> datetime:
    """Return when the day of the page's form was: its noon in this zone, but never ahead.

    Today is now.
    """
    now = visit.kit.clock()
    try:
        day = datetime.fromisoformat(visit.form.get("day", "")).replace(hour=12, tzinfo=None)
    except ValueError:
        told = visit.words("write the day as 2027-03-01")
        raise Invalid(
            "meeting.time", visit.words("The day cannot be read."), [Problem("day", told)]
        ) from None
    held = day.replace(tzinfo=ZoneInfo(zone))
    today = held.date() == now.astimezone(held.tzinfo).date()
    return now if today or now < held < now + timedelta(days=1) else held


BEHALF: tuple[Means, ...] = ("phone", "paper", "visit")
"""By what means somebody may have told staff what to do in their place."""

NOTICES = {
    "opened": "The program is open.",
    "closed": "The program is closed to new people. Relationships go on to their end.",
    "kept_staff": "They work in this program now.",
    "appointed": "They work in this program now. Nobody has checked that there is such an account: "
    "compare it with how this portal writes it.",
    "dismissed": "They do not work in this program any more.",
    "approved": "{count} approved.",
    "declined": "{count} declined.",
    "readmitted": "They are back, as new. Decide next whether they may join.",
    "waiting": "{count} put on the waiting list.",
    "joined": "{count} can be matched now.",
    "ready": "Thank you. Everything is there for a match now.",
    "ready_open": "Thank you. Something is still open: see below.",
    "imported": "The file is taken in: {count} new.",
    "answered": "Your answers are kept.",
    "agreed": "Thank you. You have agreed.",
    "agreed_many": "Noted: {count} agreed.",
    "accepted": "You have said yes.",
    "connected": "You are connected now. Below you see how to reach each other.",
    "connected_now": "You are connected now. Below you write to each other.",
    "yes_noted": "Their yes is noted.",
    "no_noted": "Their no is noted. The other side is told kindly, without the reason.",
    "noted_answer": "Thank you, that is noted. The team reads it.",
    "refused": "You have said no. The other side is told kindly, without your reason.",
    "withdrawn": "It is taken back.",
    "question": "Your question is on its way. The time to answer waits for the reply.",
    "replied": "Your reply is on its way.",
    "drafted": "A new draft is ready. Pairs in it: {count}.",
    "drafted_none": "Nobody could be paired.",
    "published": "Pairs that have been offered: {count}.",
    "discarded": "The draft is thrown away. Nobody heard of it.",
    "locked": "The pair is locked: the next draft keeps it.",
    "unlocked": "The pair is not locked any more.",
    "proposed": "The proposal is on its way.",
    "met": "The meeting is logged. Thank you.",
    "yes_many": "Yes is noted for {count}.",
    "met_many": "A meeting is logged for {count}.",
    "ended_many": "{count} have ended; everybody in them is told.",
    "struck": "The meeting does not count any more.",
    "paused": "Paused. Everything waits until you go on.",
    "resumed": "It goes on. The dates have moved by the length of the break.",
    "extended": "It is longer now, and the dates to come have moved.",
    "ended": "It has ended. Thank you for your time.",
    "passed_on": "Kept. The mentor you come to reads what you have chosen, and nothing else.",
    "handed_over": "It has ended, and everybody in it is told. These fit best now.",
    "ended_noted": "It has ended, and everybody in it is told.",
    "reached": "Noted.",
    "gathered": "They are together now, and are told so.",
    "break": "You are taking a break until you say that you are back.",
    "back": "Welcome back. You can be matched again.",
    "prompts_on": "Reminders and news come again.",
    "prompts_off": "No reminders and no news are sent any more.",
    "touched": "Kept. It counts from their next match on.",
    "set": "Kept, as a new version.",
    "words_back": "The shipped words are back.",
    "signed": "The sign-off is recorded.",
    "unsigned": "The sign-off does not count any more.",
    "checked": "The requirements have been looked at again.",
    "left": "You have left this program.",
    "gone": "They have left this program.",
    "corrected": "Their part here is corrected. Look whether they may join, and what is still to "
    "be answered.",
    "held": "Your text is being looked at first. We pass it on as soon as that is done.",
    "taken": "The case is yours now.",
    "note_kept": "Your note is kept. Only those who handle concerns read it.",
    "case_closed": "The case is closed.",
    "reopened": "The case is back in the queue.",
    "apart": "They are kept apart from now on.",
    "together": "Lifted. They may be brought together again: by a draft, by staff, or by asking "
    "for each other, unless the other has set the same. What has ended does not come back.",
    "released": "The text is passed on.",
    "text_taken_back": "Taken back. Nobody else reads it.",
    "text_refused": "The text is not passed on; whoever wrote it is asked for other words.",
    "strategy": "The new version is kept. The next draft goes by it.",
    "removed": "The pair is taken out of the draft.",
    "shared": "Kept. Whoever you are connected with sees what you share, and nothing else.",
    "carried": "Your message is on its way.",
    "ranked": "Kept. If the one who is asked says no or does not answer, the next is asked.",
    "taken_back": "Taken back. Nobody else is asked; who was asked already still answers.",
    "saved": "Saved. Nobody reads it before you send it.",
    "noted": "The answers are kept.",
    "planned": "The plan is kept. It holds for what is asked from now on.",
    "cohort": "The cohort is noted.",
    "tried_again": "It is tried again, by the next round of work.",
    "job_dropped": "Dropped. It never happens.",
    "on": "It is switched on in this program.",
    "off": "It is switched off in this program: nothing of it is shown or sent here any more.",
}
"""What a page says once a form has been done, by the code that stands in its address."""


def current() -> Visit:
    """Return the visit of the request now running, for the views that a plugin brings."""
    found: Visit = flask.g.mentorkit_visit
    return found
