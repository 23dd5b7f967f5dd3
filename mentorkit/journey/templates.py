"""Templates: the words of messages, as a program's staff read them, write their own, and try them.

Each language stands by itself: what a program has not worded is said in the words that it came
with, or in those of the plugin that sends it. A text is never more than its named placeholders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import takewhile
from string import Formatter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mentorkit import hypertext
from mentorkit.domain.events import DefinitionChanged, ProgramCreated
from mentorkit.domain.frozen import Frozen, thaw
from mentorkit.domain.messages import LONGEST, PLACEHOLDERS, Button, Message, unknown_placeholders
from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING
from mentorkit.domain.text import in_locale
from mentorkit.errors import Invalid, NotFound, Problem
from mentorkit.i18n import format_day, is_locale, is_right_to_left, with_numbers_whole
from mentorkit.journey import links
from mentorkit.journey.asks import BUTTONS as YES_OR_NO
from mentorkit.journey.asks import GOING
from mentorkit.journey.definitions import in_force
from mentorkit.journey.programs import define
from mentorkit.journey.say import APPLIED, buttons_of, names_in
from mentorkit.journey.steps import NEW, READERS, atomic, changing, chosen, person_of, reading
from mentorkit.journey.tell import BUTTONS, FOOTER, SAFETY, TEMPLATES, fill
from mentorkit.journey.wordings import ABOUT, EXAMPLES, MEANINGS

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

KIND = "messages"
PARTS = tuple(LONGEST)
"""What a template has, in each language: a subject and a body."""
ALWAYS = ("person", "program", "link")
"""The placeholders that every message fills in."""
TWO = ("others", "mentee", "mentor", "due")
NUDGED = (*TWO, "text", "met", "answer", "yes", "no")
NEEDED = ("link", "text", "answer", "met", "meeting", "contacts")
"""What a text of one's own had better not lose, where the shipped one has it."""
NOT_IN_A_SUBJECT = ("reasons", "meeting", "contacts", "link", "met", "answer", "yes", "no")
OF_CIRCLES = ("circle_", "member_", "second_")
"""How the names begin of what is only sent where people meet in circles."""
OFFERED = 200
"""To how many people at most a page offers to show a message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Template:
    """One template, each part by language: the words it is shipped with, those that the program
    came with in their place, and those that it has now.
    """

    name: str
    plugin: str
    title: str
    shipped: Mapping[str, Mapping[str, str]]
    came: Mapping[str, Mapping[str, str]]
    own: Mapping[str, Mapping[str, str]]

    def text(self, locale: str, *, shipped: bool = False) -> dict[str, str]:
        """Return subject and body that a reader of this language gets; `shipped`: would get."""
        texts = {part: {**self.shipped[part], **self.own.get(part, {})} for part in PARTS}
        return {part: in_locale((self.shipped if shipped else texts)[part], locale)
                for part in PARTS}  # fmt: skip

    def is_own(self, locale: str) -> bool:
        """Return whether the program says it in words of its own in this language."""
        return any(
            self.own.get(part, {}).get(locale, self.shipped[part].get(locale))
            != self.shipped[part].get(locale)
            for part in PARTS
        )

    @property
    def languages(self) -> list[str]:
        """Return the languages in which there are words for it."""
        there = (*self.shipped["body"], *self.own.get("body", {}), *self.own.get("subject", {}))
        return list(dict.fromkeys(there))

    @property
    def to_staff(self) -> bool:
        return (self.name in SAFETY and self.name != "content_refused") or "_staff" in self.name

    @property
    def fills(self) -> set[str]:
        """Return the placeholders that are ever filled in by it."""
        found = {*ALWAYS}
        if self.plugin:
            found.update(NUDGED)
        elif self.name not in (*APPLIED, *SAFETY, "survey_asked"):
            found.update(TWO)
        if self.name == "proposal_offered":
            found.update(("yes", "no"))
        for text in self.shipped["body"].values():
            found.update(_named(text))
        return found

    def notes(self, text: Mapping[str, str]) -> list[dict[str, str]]:
        """Return what to think of in a text: code and name of the placeholder, each once."""
        named, usual = set(_named(text["body"])), set(_named(self.text("en", shipped=True)["body"]))
        if {"yes", "no"} <= named:
            named.add("answer")
        subject = set(_named(text["subject"]))
        told = [("missing", one) for one in NEEDED if one in usual - named]
        told += [("empty", one) for one in PLACEHOLDERS if one in (named | subject) - self.fills]
        told += [("subject", one) for one in NOT_IN_A_SUBJECT if one in subject]
        return [{"code": code, "placeholder": name} for code, name in told]

    def row(self, locale: str) -> dict[str, Any]:
        group, about = ABOUT.get(self.name, ("reminders" if self.plugin else "other", ""))
        return {
            "name": self.name,
            "plugin": self.plugin,
            "title": self.title,
            "group": "staff" if self.to_staff else group,
            "about": about,
            "subject": self.text(locale)["subject"],
            "languages": self.languages,
            "own": [one for one in self.languages if self.is_own(one)],
        }


def templates(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List the messages that the program sends, those of a step after those of the one before.

    `group` is joining, matching, mentoring, staff, reminders or other; `about` says in plain words
    when it is sent ("" of a plugin's, whose `title` is the plugin's); `languages` are those that
    it is worded in, and `own` those in which the words are the program's own.
    """
    with reading(kit, tenant, actor, program, READERS) as (tx, found):
        return [one.row(found.locale) for one in _all(kit, tx, found).values()]


def show(kit: Kit, *, tenant: str, actor: Actor, program: str, template: str) -> dict[str, Any]:
    """Return one message as it is worded in each language, and what may stand in it.

    `texts` by locale have subject and body, `own`, the `shipped` words, and `notes`: what to think
    of, as code (missing, empty, subject) and placeholder. `placeholders` have name, meaning, and
    whether this message ever fills them in. `number` is the version, for `save`.
    """
    with reading(kit, tenant, actor, program, READERS) as (tx, found):
        one = _one(kit, tx, found, template)
        return {
            **one.row(found.locale),
            "program": found.key,
            "locale": found.locale,
            "number": in_force(tx, found, KIND)[1],
            "texts": {
                locale: {
                    **(text := one.text(locale)),
                    "own": one.is_own(locale),
                    "shipped": one.text(locale, shipped=True),
                    "notes": one.notes(text),
                }
                for locale in one.languages
            },
            "placeholders": [
                {"name": name, "meaning": MEANINGS[name], "fills": name in one.fills}
                for name in PLACEHOLDERS
            ],
        }


@atomic
def save(
    kit: Kit, *, tenant: str, actor: Actor, program: str, template: str, locale: str, subject: str,
    body: str, was: int | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Say a message in the program's own words, in one language; a new version, in the journal.

    `was` is the version that the change was made from: `Conflict` (definition.changed) where
    somebody has changed the same words since. Raises `Invalid` for a placeholder that there is not,
    a brace without a partner, and what is empty or too long. Returns the version and the `notes`.
    """
    found, _ = changing(tx, actor, program)
    one = _one(kit, tx, found, template)
    if not is_locale(locale):
        told = Problem("locale", "is no language that is known; write one such as en or pt-BR")
        raise Invalid("template.invalid", "The text cannot be kept:", [told])
    text = {"subject": subject.strip(), "body": body.replace("\r\n", "\n").strip()}
    if wrong := [each for part in PARTS for each in _wrong(one, part, text[part])]:
        raise Invalid("template.invalid", "The text cannot be kept:", wrong)
    own = {part: {**one.own.get(part, {}), locale: text[part]} for part in PARTS}
    done = _put(kit, tx, found, actor, one, own, [locale], was)
    return {**done, "notes": one.notes(text)}


@atomic
def reset(
    kit: Kit, *, tenant: str, actor: Actor, program: str, template: str, locale: str | None = None,
    was: int | None = None, tx: Transaction = NEW,
) -> dict[str, Any]:  # fmt: skip
    """Put back the words that a message came with, in one language or in all; as `save` does."""
    found, _ = changing(tx, actor, program)
    one = _one(kit, tx, found, template)
    if locale is not None and locale not in one.languages:
        raise NotFound("template.no_words", f"{template} has no words in {locale!r}.")
    back = one.languages if locale is None else [locale]
    own = {
        part: {
            each: text
            for each in one.languages
            if (text := (one.came if each in back else one.own).get(part, {}).get(each))
        }
        for part in PARTS
    }
    return _put(kit, tx, found, actor, one, own, back, was)


def preview(
    kit: Kit, *, tenant: str, actor: Actor, program: str, template: str,
    participant: str | None = None, locale: str | None = None, subject: str | None = None,
    body: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return a message as somebody of the program would get it: nothing is sent, nothing is kept.

    It goes to a `participant` (id), by default one who is active, and one for staff to the actor;
    in their own language, or in `locale`. `subject` and `body` are words not kept yet. Names are
    real; what an event would tell is an example, and links lead nowhere. Returns subject, `text`,
    `html`, and its `blocks` for a page of one's own.
    """
    with reading(kit, tenant, actor, program, READERS) as (tx, found):
        one = _one(kit, tx, found, template)
        mine, person = _reader(tx, found, actor, one, participant)
        locale = locale or person.locale
        text = one.text(locale)
        given = {"subject": subject, "body": body}
        text |= {part: told for part, told in given.items() if told is not None}
        if wrong := [each for part in PARTS for each in _wrong(one, part, text[part])]:
            raise Invalid("template.invalid", "The text cannot be shown:", wrong)
        values, buttons = _example(kit, tx, found, one, mine, person, locale)
        end = f"\n\n{in_locale(FOOTER, locale)}\n{at}" if (at := values.pop("report")) else ""
        message = Message(
            key="preview",
            tenant=tenant,
            program_id=found.id,
            person_id=person.id,
            template=template,
            subject=fill(text["subject"], values),
            body=with_numbers_whole(fill(text["body"], values), locale) + end,
            locale=locale,
            buttons=(*buttons, *buttons_of(values, end, locale)),
            created_at=tx.now,
        )
        return {
            "participant": mine.id if mine else None,
            "name": person.name,
            "locale": locale,
            "right_to_left": is_right_to_left(locale),
            "subject": message.subject,
            "text": message.body,
            "html": hypertext.page(message),
            "blocks": [
                asdict(each) for each in hypertext.blocks(message.body, message.buttons)
            ],
            "notes": one.notes(text),
        }  # fmt: skip


def readers(kit: Kit, *, tenant: str, actor: Actor, program: str) -> list[dict[str, Any]]:
    """List some to whom a message can be shown: participant id, name, role and locale."""
    with reading(kit, tenant, actor, program, READERS) as (tx, found):
        page = tx.participants.page(program_id=found.id, state="active", limit=OFFERED)
        people = tx.people.get_many(one.person_id for one in page.items)
        named = [(one, people[one.person_id]) for one in page.items if people[one.person_id].name]
    return [
        {"participant": one.id, "name": who.name, "role": one.role, "locale": who.locale}
        for one, who in sorted(named, key=lambda each: each[1].name.casefold())
    ]


# --------------------------------------------------------------------------- what there is


def _all(kit: Kit, tx: Transaction, program: Program) -> dict[str, _Template]:
    """Return the templates by name: the core's in their groups' order, then those of plugins."""
    body, came = in_force(tx, program, KIND)[0], _came_with(tx, program)
    known: dict[str, tuple[str, str, Mapping[str, Mapping[str, str]]]] = {}
    for name in sorted(TEMPLATES, key=lambda name: [*ABOUT, name].index(name)):
        if program.kind == "circle" or not name.startswith(OF_CIRCLES):
            known[name] = ("", "", TEMPLATES[name])
    for key, nudge in kit.registry.nudges.items():
        plugin = kit.registry.owner("nudges", key)
        if chosen(tx, program, plugin.name) is not None:
            title = plugin.manifest.title
            known |= {
                name: (plugin.name, title, texts)
                for name, texts in nudge.templates.items()
                if name not in known
            }
    return {
        name: _Template(
            name=name,
            plugin=plugin,
            title=title,
            shipped={part: {**texts[part], **came.get(name, {}).get(part, {})} for part in PARTS},
            came=came.get(name, {}),
            own=body.get(name, {}),
        )
        for name, (plugin, title, texts) in known.items()
    }


def _came_with(tx: Transaction, program: Program) -> Frozen:
    """Return the words that the program was made with, of its preset: a version as old as it is.

    On a clock that stands still, it is one put before anything else happened to the program.
    """
    first = tx.definitions.first(program_id=program.id, kind=KIND, number=1)
    if first is None or first.created_at != program.created_at:
        return Frozen()
    made = (ProgramCreated, DefinitionChanged)
    told = takewhile(lambda e: isinstance(e, made), tx.journal.about("program", program.id))
    came = any(isinstance(event, DefinitionChanged) and event.kind == KIND for event in told)
    return first.body if came else Frozen()


def _one(kit: Kit, tx: Transaction, program: Program, template: str) -> _Template:
    found = _all(kit, tx, program)
    if template not in found:
        known = ", ".join(found)
        told = f"This program sends no message {template!r}; there are {known}."
        raise NotFound("template.not_found", told)
    return found[template]


def _named(text: str) -> Iterator[str]:
    """Yield the placeholders that a text names."""
    return (name for _, name, _, _ in Formatter().parse(text) if name)


# --------------------------------------------------------------------------- changing it


def _put(
    kit: Kit, tx: Transaction, program: Program, actor: Actor, one: _Template,
    own: Mapping[str, Mapping[str, str]], changed: list[str], was: int | None,
) -> dict[str, Any]:  # fmt: skip
    """Put a version in force in which this template has these words."""
    body, number = in_force(tx, program, KIND)
    if was not in (None, number):
        then = in_force(tx, program, KIND, was)[0] if was else Frozen()
        seen = then.get(one.name, {})
        same = (
            seen.get(part, {}).get(locale) == one.own.get(part, {}).get(locale)
            for part in PARTS
            for locale in changed
        )
        was = number if all(same) else was  # what was changed meanwhile is something else
    whole = {**thaw(body), one.name: own}
    if not any(own.values()):
        del whole[one.name]
    try:
        done = define(
            kit, tenant=tx.tenant, actor=actor, program=program.id, kind=KIND, body=whole, was=was,
            tx=tx,
        )  # fmt: skip
    except Invalid as error:
        raise Invalid(
            "template.invalid", "The text cannot be kept:",
            [Problem(_part(one, each.place), each.message) for each in error.problems],
        ) from None  # fmt: skip
    return {**done, "template": one.name, "languages": changed}


def _part(one: _Template, place: str) -> str:
    """Return the part of a template that a place in the definition is in."""
    inside = place.removeprefix(f"{KIND}.{one.name}.")
    return next((part for part in PARTS if inside.split(".")[0] == part), place)


def _wrong(one: _Template, part: str, text: str) -> Iterator[Problem]:
    try:
        unknown = ", ".join(unknown_placeholders(text))
    except ValueError:
        yield Problem(part, "a brace has no partner; write {{ for a brace")
        return
    if unknown:
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS if name in one.fills)
        yield Problem(part, f"{unknown} cannot be filled in; there are {known}")


# --------------------------------------------------------------------------- trying it


def _reader(
    tx: Transaction, program: Program, actor: Actor, one: _Template, participant: str | None
) -> tuple[Participant | None, Person]:
    """Return to whom it is shown: somebody's part in the program, if they have one, and who."""
    if participant is None and one.to_staff:
        me = person_of(tx, actor)
        staff = tx.people.get_many(filter(None, (me, *program.staff)))
        if staff:
            return None, next(iter(staff.values()))
    if participant is not None:
        mine = tx.participants.first(id=participant, program_id=program.id)
        if mine is None:
            raise tx.participants.missing(participant)
    else:
        page = tx.participants.page(program_id=program.id, state="active", limit=1)
        page = page if page.items else tx.participants.page(program_id=program.id, limit=1)
        if not page.items:
            told = "Nobody is in the program yet to whom it could be shown. Take somebody in first."
            raise NotFound("template.nobody", told)
        mine = page.items[0]
    return None if one.to_staff else mine, tx.people.get(mine.person_id)


def _example(
    kit: Kit, tx: Transaction, program: Program, one: _Template, mine: Participant | None,
    person: Person, locale: str,
) -> tuple[dict[str, str], tuple[Button, ...]]:  # fmt: skip
    """Return what the placeholders stand for, and the buttons of an answer."""
    values = {name: in_locale(texts, locale) for name, texts in EXAMPLES.items()}
    held = [each for each in tx.relationships.for_participants([mine.id]) if each.state in HOLDING
            ] if mine else []  # fmt: skip
    if held:
        mentee, mentor = names_in(tx, "relationship", held[0].id, locale)
        others = names_in(tx, "relationship", held[0].id, locale, but=person.id)
        named = ", ".join(filter(None, others))
        values |= {"mentee": mentee, "mentor": mentor, "others": named, "sender": named}
    due = (tx.now + timedelta(days=7)).astimezone(ZoneInfo(program.zone)).date()
    values |= {
        "person": person.name,
        "program": in_locale(program.name, locale),
        "due": format_day(due, locale),
        "report": "",
    }
    buttons: tuple[Button, ...] = ()
    if kit.site is not None:
        values["link"] = kit.site.url(tx.tenant, "home")
    if kit.site is not None and links.can_sign(kit):
        at = {
            page: kit.site.url(tx.tenant, page, token="example")
            for page in ("met", "answer", "concern_link")
        }
        values |= {"met": at["met"], "answer": at["answer"]}
        values["report"] = at["concern_link"] if mine else ""
        answers = GOING if one.name.startswith("milestone_") else YES_OR_NO
        going = tuple(in_locale(each, locale) for each in answers)
        to = [f"{at['answer']}?choice={number}" for number, _ in enumerate(going, 1)]
        values |= dict(zip(("yes", "no"), to, strict=False))
        buttons = (
            Button(
                address=at["answer"],
                words=in_locale(BUTTONS["answer"], locale),
                choices=tuple(zip(to, going, strict=True)),
            ),
            *(Button(address=a, words=said) for a, said in zip(to, going, strict=True)),
        )
    kept = {name: value for name, value in values.items() if name in {*one.fills, "report"}}
    return kept, buttons


__all__ = ["PARTS", "preview", "readers", "reset", "save", "show", "templates"]
