"""Asks: what somebody can answer by a reply, how it is put to them, and what is done then."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import Field
from mentorkit.domain.people import Actor, Means, Person
from mentorkit.domain.replies import NO, SKIP, YES, chosen, folded, words_in
from mentorkit.domain.surveys import CURRENCY, PERIOD, surveys_of
from mentorkit.domain.text import in_locale
from mentorkit.journey import accept, feedback, meet
from mentorkit.journey.definitions import targets_for
from mentorkit.journey.steps import persons_of

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.talks import Question
    from mentorkit.store.transaction import Transaction

Texts = Mapping[str, str]
Taken = tuple[str, Mapping[str, Any]]
"""The code of what is said to an answer, and the answers to a survey that go on so far."""
LISTED = 20
"""How many options are numbered; of more of them one is named."""
OFFER: Texts = {
    "en": "{program}: do you say yes to mentoring with {others}?",
    "es": "{program}: ¿dice que sí a la mentoría con {others}?",
    "fr": "{program} : dites-vous oui au mentorat avec {others} ?",
}
CHECK: Texts = {
    "en": "{program}: how is it going with {others}?",
    "es": "{program}: ¿cómo va con {others}?",
    "fr": "{program} : comment cela va-t-il avec {others} ?",
}
GOING: tuple[Texts, ...] = (
    {"en": "It goes well", "es": "Va bien", "fr": "Cela va bien", "ar": "الأمور بخير"},
    {"en": "Not so well", "es": "No tan bien", "fr": "Pas si bien", "ar": "ليس على ما يرام"},
    {
        "en": "I would like help",
        "es": "Quisiera ayuda",
        "fr": "J'aimerais de l'aide",
        "ar": "أحتاج إلى مساعدة",
    },
)
"""What can be replied to a check-in; staff read it as a note to that milestone."""
BUTTONS: tuple[Texts, ...] = (
    {"en": "Yes", "es": "Sí", "fr": "Oui", "ar": "نعم"},
    {"en": "No", "es": "No", "fr": "Non", "ar": "لا"},
)
HOW: Mapping[str, Texts] = {
    "flag": {
        "en": "Reply 1 for yes, 2 for no.",
        "es": "Responda 1 para sí, 2 para no.",
        "fr": "Répondez 1 pour oui, 2 pour non.",
    },
    "option": {
        "en": "Reply with the number.",
        "es": "Responda con el número.",
        "fr": "Répondez par le numéro.",
    },
    "options": {
        "en": "Reply with the numbers, such as 1 3. SKIP leaves it out.",
        "es": "Responda con los números, como 1 3. SALTAR la omite.",
        "fr": "Répondez par les numéros, comme 1 3. PASSER l'omet.",
    },
    "number": {
        "en": "Reply with a figure. SKIP leaves it out.",
        "es": "Responda con una cifra. SALTAR la omite.",
        "fr": "Répondez par un chiffre. PASSER l'omet.",
    },
    "text": {
        "en": "Reply in your own words. SKIP leaves it out.",
        "es": "Responda con sus palabras. SALTAR la omite.",
        "fr": "Répondez avec vos mots. PASSER l'omet.",
    },
}
"""How to reply, by the kind of field; other kinds are not asked by message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One thing that one person can answer now.

    `text` is the question, said again where the message before has said it, and `how` what is said
    with it every time; `choices` are the same for buttons, reply and words. `read` returns what a
    reply means, and raises ValueError for what is not plain. `take` does what was meant. `until` is
    when it is too late, if that is known.
    """

    program_id: str
    text: str = ""
    how: str
    choices: tuple[tuple[str, str], ...] = ()
    read: Callable[[str], Any]
    take: Callable[[Kit, Transaction, Any], Taken]
    until: datetime | None = None


def ask(
    tx: Transaction, person: Person, about: Question, answers: Mapping[str, Any] | None = None,
    means: Means = "reply",
) -> Ask | None:  # fmt: skip
    """Return what this person can answer about a thing; None where nothing is asked of them.

    `answers` are those given so far, where it is a survey; `means` is how the answer comes.
    """
    finding, speaking = OPEN.get(about[0]), Actor(person_id=person.id, means=means)
    return finding(tx, person, about[1], answers or {}, speaking) if finding else None


def replied_to(kit: Kit, about: Question, found: Ask) -> dict[str, Any]:
    """Return how a message that asks this is replied to, as fields of a `Message`."""
    if not any(channel.hears for channel in kit.registry.channels.values()):
        return {}
    return {"asks": about, "reply": found.how, "choices": found.choices}


def _proposal(
    tx: Transaction, person: Person, id: str, _: Mapping[str, Any], speaking: Actor
) -> Ask | None:
    one = tx.proposals.first(id=id)
    if one is None or one.state != "offered" or one.due_at is None or one.due_at <= tx.now:
        return None
    program = tx.programs.get(one.program_id)
    sides = {"mentee": one.mentee_id, "mentor": one.mentor_id}
    people = persons_of(tx, sides.values())
    mine = sides.get(one.awaiting(program.accept_chain) or "")
    if mine is None or people[mine].id != person.id:
        return None

    def take(kit: Kit, tx: Transaction, yes: bool) -> Taken:
        answer = accept.accept if yes else accept.decline
        answer(kit, tenant=tx.tenant, actor=speaking, proposal=id, tx=tx)
        return ("accepted" if yes else "declined"), {}

    others = [people[one].name for one in sides.values() if one != mine]
    return Ask(
        program_id=program.id,
        text=_said(OFFER, person, program.name, others),
        how=in_locale(HOW["flag"], person.locale),
        choices=_yes_and_no(person),
        read=partial(_plain, _yes_or_no(person.locale)),
        take=take,
        until=one.due_at,
    )


def _milestone(
    tx: Transaction, person: Person, id: str, _: Mapping[str, Any], speaking: Actor
) -> Ask | None:
    one = tx.milestones.first(id=id)
    if one is None or one.state != "due":
        return None
    held = tx.relationships.get(one.relationship_id)
    program = tx.programs.get(held.program_id)
    people = persons_of(tx, (member.participant_id for member in held.here))
    owing = {*meet.asked_of(held, targets_for(tx, program)(held), one)} - {*one.answered}
    if not any(who in owing and people[who].id == person.id for who in people):
        return None
    going = [in_locale(each, person.locale) for each in GOING]

    def take(kit: Kit, tx: Transaction, note: str) -> Taken:
        meet.reach(kit, tenant=tx.tenant, actor=speaking, milestone=id, note=note, tx=tx)
        return "noted", {}

    others = [each.name for each in people.values() if each.id != person.id and each.name]
    return Ask(
        program_id=program.id,
        text=_said(CHECK, person, program.name, others),
        how=_numbered(going, person),
        choices=_choices(going),
        read=partial(_plain, {str(n): each for n, each in enumerate(going, 1)}),
        take=take,
        until=one.closes_at,
    )


def _survey(
    tx: Transaction, person: Person, id: str, answers: Mapping[str, Any], speaking: Actor
) -> Ask | None:
    """Return the first question of a survey that has no answer yet."""
    one = surveys_of(tx.journal.about("survey", id)).get(id)
    if one is None or one.closed or one.answered_at is not None or one.person_id != person.id:
        return None
    asked, _ = feedback.questions(tx, tx.programs.get(one.program_id), one)
    left = [each for each in asked.values() if _kind(each) in HOW and each.id not in answers]
    if not left:
        return None
    first, label = left[0], in_locale(left[0].label, person.locale)

    def take(kit: Kit, tx: Transaction, value: Any) -> Taken:
        so_far = {**answers, first.id: value}
        if len(left) > 1:
            return "next", so_far
        told = {name: each for name, each in so_far.items() if each is not None}
        if told:
            feedback.answer(kit, tenant=tx.tenant, actor=speaking, survey=id, answers=told, tx=tx)
        return "thanks", {}

    how = in_locale(HOW[_kind(first)], person.locale)
    choices: tuple[tuple[str, str], ...] = ()
    if first.kind == "flag":
        choices = _yes_and_no(person)
    elif 0 < len(first.offered) <= LISTED:
        options = [in_locale(each, person.locale) for each in first.offered.values()]
        how = _numbered(options, person, _kind(first))
        choices = () if first.kind == "options" else _choices(options)
    return Ask(
        program_id=one.program_id,
        how=f"{label}\n{how}",
        choices=choices,
        read=partial(_answer, first, person.locale),
        take=take,
    )


OPEN: Mapping[str, Callable[..., Ask | None]] = {
    "proposal": _proposal,
    "milestone": _milestone,
    "survey": _survey,
}
"""By noun, what finds what somebody can answer about the thing with this id."""


def _said(texts: Texts, person: Person, program: Mapping[str, str], others: list[str]) -> str:
    names = {"program": in_locale(program, person.locale), "others": ", ".join(others)}
    return in_locale(texts, person.locale).format(**names)


def _numbered(options: list[str], person: Person, kind: str = "option") -> str:
    """Return options with their numbers, a line each, and how to reply."""
    lines = map(" ".join, _choices(options))
    return "\n".join([*lines, in_locale(HOW[kind], person.locale)])


def _choices(options: list[str]) -> tuple[tuple[str, str], ...]:
    return tuple((str(number), each) for number, each in enumerate(options, 1))


def _yes_and_no(person: Person) -> tuple[tuple[str, str], ...]:
    return _choices([in_locale(each, person.locale) for each in BUTTONS])


def _kind(one: Field) -> str:
    return "option" if one.kind == "ordered" else one.kind


def _yes_or_no(locale: str) -> dict[str, bool]:
    said = dict.fromkeys(("1", *words_in(YES, locale)), True)
    return said | dict.fromkeys(("2", *words_in(NO, locale)), False)


def _plain(options: Mapping[str, Any], text: str) -> Any:
    value = chosen(text, options)
    if value is None:
        raise ValueError("It is none of the options, or several.")
    return value


def _there(value: Any) -> Any:
    if value in (None, ()):
        raise ValueError("There is nothing in it.")
    return value


def _answer(one: Field, locale: str, text: str) -> Any:
    """Return what a reply says to a question; None where it is skipped.

    What amounts mean nothing without is not skipped.
    """
    if one.id not in (CURRENCY, PERIOD) and folded(text) in words_in(SKIP, locale):
        return None
    if one.kind == "flag":
        return _plain(_yes_or_no(locale), text)
    if one.kind in ("text", "number") or not 0 < len(one.offered) <= LISTED:
        return _there(one.parse(text))
    options = {str(number): id for number, id in enumerate(one.offered, 1)}
    if one.kind == "options":
        return _there(tuple(_plain(options, word) for word in folded(text).split()))
    named = {folded(in_locale(label, locale)): id for id, label in one.offered.items()}
    return _plain({**named, **options}, text)


__all__ = ["Ask", "ask", "replied_to"]
