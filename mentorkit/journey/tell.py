"""Tell people what happened: one message row a person, in the transaction of the fact itself.

A message is worded when the worker sends it, from ids alone, so that nothing personal waits in
the outbox, and somebody who was erased or has withdrawn consent meanwhile gets nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from string import Formatter
from typing import TYPE_CHECKING

from mentorkit.domain.events import Event
from mentorkit.domain.messages import PLACEHOLDERS

if TYPE_CHECKING:
    from mentorkit.store.transaction import Transaction


def _english(subject: str, body: str) -> Mapping[str, Mapping[str, str]]:
    return {"subject": {"en": subject}, "body": {"en": body}}


_LEFT_EMPTY = re.compile("^ *\0[ \0]*(\n|\\Z)|^\0 *| ?\0", re.MULTILINE)
"""Takes out what an empty value leaves, for which a NUL stands, as no text can hold one."""

TEMPLATES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "application_approved": _english(
        "You can join: {program}",
        "Hello {person}, you are welcome in {program}. Please agree to what we ask of everybody, "
        "and answer what is still missing.\n{link}",
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
    "proposal_offered": _english(
        "Your answer is asked: {program}",
        "Hello {person}, do you say yes to mentoring between {mentee} and {mentor}?\n"
        "{reasons}\nPlease answer by {due}.\n{link}",
    ),
    "question_asked": _english(
        "A question for you: {program}",
        "Hello {person}, before mentoring between {mentee} and {mentor} begins, you are asked:\n"
        "{text}\nPlease reply by {due}.\n{link}",
    ),
    "question_answered": _english(
        "The reply to your question: {program}",
        "Hello {person}, you asked about mentoring between {mentee} and {mentor}. The reply is:\n"
        "{text}\nIf your answer is still awaited, please give it by {due}.\n{link}",
    ),
    "relationship_started": _english(
        "You are connected: {program}",
        "Hello {person}, {mentee} and {mentor} have both said yes.\n{reasons}\n"
        "Agree on a first meeting in the coming week.\n{link}",
    ),
    "proposal_declined": _english(
        "About your match in {program}",
        "Hello {person}, this match did not come about. We go on looking for you.",
    ),
    "milestone_due": _english(
        "How is it going? {program}",
        "Hello {person}, it is time to look back on your mentoring so far. "
        "Please tell us by {due} how it goes.\n{link}",
    ),
    "member_left": _english(
        "Somebody has left the circle: {program}",
        "Hello {person}, {mentee} is no longer in the circle of {mentor}. The circle goes on.",
    ),
    "relationship_ended": _english(
        "Your mentoring has ended: {program}",
        "Hello {person}, the mentoring of {mentee} and {mentor} has ended. Thank you.",
    ),
}


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

    An empty value takes the line with it that it leaves empty, else the space before it.
    """
    parts = []
    for literal, name, _, _ in Formatter().parse(template):
        parts.append(literal)
        if name is not None:
            parts.append((values.get(name) or "\0") if name in PLACEHOLDERS else f"{{{name}}}")
    return _LEFT_EMPTY.sub("", "".join(parts))
