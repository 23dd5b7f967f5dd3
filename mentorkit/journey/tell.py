"""Tell people what happened: one message row a person, in the transaction of the fact itself.

A message is worded when the worker sends it, from ids alone, so that nothing personal waits in
the outbox, and somebody who was erased or has withdrawn consent meanwhile gets nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from string import Formatter
from typing import TYPE_CHECKING

from mentorkit.domain.events import Event
from mentorkit.domain.messages import PLACEHOLDERS

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction


def _english(subject: str, body: str) -> Mapping[str, Mapping[str, str]]:
    return {"subject": {"en": subject}, "body": {"en": body}}


_LEFT_EMPTY = re.compile("^([^\0\n]*:)? *\0[ \0]*(\n|\\Z)|^\0 *| ?\0", re.MULTILINE)
"""Takes out what an empty value leaves, for which a NUL stands, as no text can hold one."""

TEMPLATES: dict[str, Mapping[str, Mapping[str, str]]] = {
    "application_approved": _english(
        "You can join: {program}",
        "Hello {person}, you are welcome in {program}. Please open your page: it says what is "
        "still missing, and you tell us there that you are ready.\n{link}",
    ),
    "application_waiting": _english(
        "You are on the waiting list: {program}",
        "Hello {person}, there is no place for you in {program} yet. You keep your place on the "
        "waiting list, and hear from us as soon as there is one.\n{link}",
    ),
    "application_declined": _english(
        "Your answer from {program}",
        "Hello {person}, thank you for your interest. We cannot take you into {program} now.\n"
        "{reasons}\n{text}",
    ),
    "signed_up_again": _english(
        "Somebody filled in the form with your address: {program}",
        "Hello {person}, somebody has filled in the sign-up form of {program} with your address. "
        "You are known there already, so nothing has changed.\nIf it was you, and you would like "
        "to be mentee and mentor both, or to come back, tell your coordinator. If it was not you, "
        "do nothing.\n{link}",
    ),
    "proposal_offered": _english(
        "Your answer is asked: {program}",
        "Hello {person}, do you say yes to mentoring with {others} in {program}?\n"
        "{reasons}\nPlease answer by {due}.\n{answer}\n"
        "On your page you see more, and can ask first: {link}",
    ),
    "second_offered": _english(
        "Would you lead a circle too? {program}",
        "Hello {person}, do you say yes to leading a circle of mentees in {program}, as its second "
        "mentor beside {others}?\nPlease answer by {due}.\n{link}",
    ),
    "question_asked": _english(
        "A question for you: {program}",
        "Hello {person}, before your mentoring with {others} in {program} begins, you are asked:\n"
        "{text}\nPlease reply by {due}.\n{link}",
    ),
    "question_answered": _english(
        "The reply to your question: {program}",
        "Hello {person}, you asked about your mentoring with {others} in {program}. The reply is:\n"
        "{text}\nIf your answer is still awaited, please give it by {due}.\n{link}",
    ),
    "relationship_started": _english(
        "You are connected: {program}",
        "Hello {person}, you and {others} are now connected in {program}.\n{reasons}\n"
        "Agree on a first meeting in the coming week.\n{meeting}\n{contacts}\n{link}",
    ),
    "relayed": _english(
        "{sender} writes to you: {program}",
        "Hello {person}, {sender} writes to you in {program}:\n{text}\n"
        "Answer on the page of your mentoring; an answer to this message reaches nobody.\n{link}",
    ),
    "proposal_declined": _english(
        "About your match in {program}",
        "Hello {person}, your match with {others} in {program} did not come about. It says nothing "
        "about you; somebody else may fit.",
    ),
    "survey_asked": _english(
        "{text}: {program}",
        "Hello {person}, please tell us how it goes in {program}: {text}. It helps the team to "
        "help you.\nYou can answer until {due}, and later too.\n{link}",
    ),
    "prompts_together": {
        "subject": {
            "en": "What waits for you: {program}",
            "es": "Lo que le espera: {program}",
            "fr": "Ce qui vous attend : {program}",
        },
        "body": {
            "en": "Hello {person}, this waits for you in {program}:\n\n{text}",
            "es": "Hola {person}, esto le espera en {program}:\n\n{text}",
            "fr": "Bonjour {person}, voici ce qui vous attend dans {program} :\n\n{text}",
        },
    },
    "circle_left": _english(
        "You have left the circle: {program}",
        "Hello {person}, you are no longer in the circle with {others} in {program}. The hours you "
        "have met count. Would you like somebody else, or a break first? Choose here:\n{link}",
    ),
    "member_left": _english(
        "Somebody has left the circle: {program}",
        "Hello {person}, {mentee} is no longer in your circle in {program}. The circle goes on.",
    ),
    "relationship_paused": _english(
        "Your mentoring takes a break: {program}",
        "Hello {person}, your mentoring with {others} in {program} takes a break. Nothing is asked "
        "of you meanwhile, and the time is added at the end. You are told when it goes on.\n{link}",
    ),
    "relationship_resumed": _english(
        "Your mentoring goes on: {program}",
        "Hello {person}, your mentoring with {others} in {program} goes on after its break, until "
        "{due}. Agree on when you meet next.\n{link}",
    ),
    "relationship_ended": _english(
        "Your mentoring has ended: {program}",
        "Hello {person}, your mentoring with {others} in {program} has come to its end. Thank "
        "you; the hours you have met count. Would you like somebody else, or are you done for "
        "now? Choose here:\n{link}",
    ),
    "relationship_parted": _english(
        "Your mentoring has ended: {program}",
        "Hello {person}, your mentoring with {others} in {program} has ended before its time. That "
        "happens, and it is nobody's fault. The hours you have met count. If you would like "
        "somebody else, or a break first, choose here:\n{link}",
    ),
}


SAFETY: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "concern_raised": {
        "subject": {
            "en": "Somebody has raised a concern: {program}",
            "es": "Alguien ha avisado de un problema: {program}",
            "fr": "Un problème a été signalé : {program}",
        },
        "body": {
            "en": "Hello {person}, somebody has raised a concern in {program}. "
            "Please look at it now, and take it if nobody has.\n{link}",
            "es": "Hola {person}: alguien ha avisado de un problema en {program}. "
            "Por favor, míralo ahora y hazte cargo si nadie lo ha hecho.\n{link}",
            "fr": "Bonjour {person}, un problème a été signalé dans {program}. "
            "Merci de le regarder dès maintenant et de le prendre en charge.\n{link}",
        },
    },
    "content_held": {
        "subject": {
            "en": "A text waits for you: {program}",
            "es": "Un texto espera tu decisión: {program}",
            "fr": "Un texte attend votre décision : {program}",
        },
        "body": {
            "en": "Hello {person}, something that was written in {program} has not been passed "
            "on. Please read it and decide; the time to answer stands still meanwhile.\n{link}",
            "es": "Hola {person}: algo que se escribió en {program} no se ha entregado. "
            "Por favor, léelo y decide; mientras tanto el plazo no corre.\n{link}",
            "fr": "Bonjour {person}, un texte écrit dans {program} n'a pas été transmis. "
            "Merci de le lire et de décider ; le délai est suspendu jusque-là.\n{link}",
        },
    },
    "proposal_to_confirm": {
        "subject": {
            "en": "Your yes is asked, as staff: {program}",
            "es": "Le pedimos su sí, como equipo: {program}",
            "fr": "Votre accord est demandé, en tant qu'équipe : {program}",
        },
        "body": {
            "en": "Hello {person}, do you say yes, as staff of {program}, to mentoring between "
            "{mentee} and {mentor}?\n{reasons}\nPlease answer by {due}.\n{link}",
            "es": "Hola {person}, ¿da su sí, como equipo de {program}, a la mentoría entre "
            "{mentee} y {mentor}?\n{reasons}\nResponda, por favor, antes del {due}.\n{link}",
            "fr": "Bonjour {person}, acceptez-vous, en tant qu'équipe de {program}, le mentorat "
            "entre {mentee} et {mentor} ?\n{reasons}\nMerci de répondre avant le {due}.\n{link}",
        },
    },
    "second_declined": {
        "subject": {
            "en": "A circle stays with one mentor: {program}",
            "es": "Un círculo se queda con una sola persona mentora: {program}",
            "fr": "Un cercle reste avec un seul mentor : {program}",
        },
        "body": {
            "en": "Hello {person}, {mentor} does not lead the circle of {mentee} in {program} as "
            "its second mentor. The circle goes on with one.\n{link}",
            "es": "Hola {person}: {mentor} no acompañará el círculo de {mentee} en {program} como "
            "segunda persona mentora. El círculo sigue con una.\n{link}",
            "fr": "Bonjour {person}, {mentor} n'animera pas le cercle de {mentee} dans {program} "
            "comme second mentor. Le cercle continue avec un seul.\n{link}",
        },
    },
    "content_refused": {
        "subject": {
            "en": "What you wrote was not passed on: {program}",
            "es": "Lo que escribiste no se entregó: {program}",
            "fr": "Votre texte n'a pas été transmis : {program}",
        },
        "body": {
            "en": "Hello {person}, something that you wrote in {program} was not passed on.\n"
            "{text}\nPlease write it in other words.\n{link}",
            "es": "Hola {person}: algo que escribiste en {program} no se entregó.\n"
            "{text}\nPor favor, escríbelo con otras palabras.\n{link}",
            "fr": "Bonjour {person}, un texte que vous avez écrit dans {program} n'a pas été "
            "transmis.\n{text}\nMerci de l'écrire autrement.\n{link}",
        },
    },
}
"""What is said to staff, and where safety is concerned; a program may word it as all others."""
TEMPLATES |= SAFETY
FOOTER = {
    "en": "Is something wrong? Tell us, without signing in:",
    "es": "¿Algo no va bien? Avísanos, sin iniciar sesión:",
    "fr": "Quelque chose ne va pas ? Dites-le-nous, sans vous connecter :",
    "ar": "هل هناك مشكلة؟ أخبرنا دون تسجيل الدخول:",
}
"""What stands before the link by which a concern is raised, below every message."""
REPORT = {
    "en": "Report a problem",
    "es": "Avisar de un problema",
    "fr": "Signaler un problème",
    "ar": "الإبلاغ عن مشكلة",
}
"""What that link is called where it is one in words."""
BUTTONS: Mapping[str, Mapping[str, str]] = {
    "link": {"en": "Open the page", "es": "Abrir la página", "fr": "Ouvrir la page",
             "ar": "افتح الصفحة", "pt": "Abrir a página", "sw": "Fungua ukurasa"},
    "met": {"en": "We have met", "es": "Nos hemos reunido", "fr": "Nous nous sommes vus",
            "ar": "لقد التقينا"},
    "answer": {"en": "Answer", "es": "Responder", "fr": "Répondre", "ar": "أجب"},
}  # fmt: skip
"""What a button says that a placeholder leads to, where its line does not; {yes} says yes."""


def tell(tx: Transaction, event: Event, template: str, people: Iterable[str]) -> None:
    """Queue one message of this template to each person id, because of `event`."""
    for person in dict.fromkeys(people):
        tx.outbox.add(
            "message",
            f"message:{event.sequence}:{template}:{person}",
            name=template,
            sequence=event.sequence,
            program_id=event.program_id,
            recipient_id=person,
        )


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put the values into the template; a name that is not on the list stays as it was written.

    An empty value takes the line with it that it leaves empty, or with words that only lead to it
    (``Yes: {yes}``), else the space before it.
    """
    pattern, names = _parsed(template)
    text = pattern % tuple([values.get(name) or "\0" for name in names])
    if (empty := text.find("\0")) < 0:
        return text
    begins = text.rfind("\n", 0, empty) + 1  # to look through what is before takes longest
    return text[:begins] + _LEFT_EMPTY.sub("", text[begins:])


@lru_cache(maxsize=1000)
def _parsed(template: str) -> tuple[str, tuple[str, ...]]:
    """Return a template as ``%`` fills it, and the names of the placeholders that it has there."""
    told = [(text, name) for text, name, _, _ in Formatter().parse(template)]
    pattern = ""
    for text, name in told:
        known = name is None or name in PLACEHOLDERS
        literal = text if known else f"{text}{{{name}}}"
        pattern += literal.replace("%", "%%") + ("%s" if name and known else "")
    return pattern, tuple(name for _, name in told if name in PLACEHOLDERS)
