"""Answer: a yes or no, or how it goes, with one tap behind a link that needs no log-in.

What can be answered is what can be by a reply (`asks`). The link opens a page with buttons; opening
it changes nothing. It answers once, for the thing itself is asked once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.domain.events import ProposalDeclined
from mentorkit.domain.messages import Button
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.domain.shown import shown
from mentorkit.domain.text import in_locale
from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.journey import links
from mentorkit.journey.asks import Ask, ask, replied_to
from mentorkit.journey.links import Link
from mentorkit.journey.steps import NEW, atomic, persons_of
from mentorkit.journey.tell import BUTTONS

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.talks import Question
    from mentorkit.store.transaction import Transaction

PURPOSE = "answer"
ABOUT = ("proposal", "milestone")
"""What can be answered by a link; a survey has a page of its own."""


def put(
    kit: Kit, tx: Transaction, person: Person, about: Question
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return how a message about this is answered: its placeholders, and fields of a `Message`.

    Both are empty where nothing is asked of this person, or there is no way to answer.
    """
    linking = about[0] in ABOUT and kit.site is not None and links.can_sign(kit)
    if not linking and not any(one.hears for one in kit.registry.channels.values()):
        return {}, {}
    found = ask(tx, person, about)
    if found is None:
        return {}, {}
    fields = replied_to(kit, about, found)
    if not linking or kit.site is None:
        return {}, fields
    days = max(links.DAYS, ((found.until or tx.now) - tx.now) / timedelta(days=1))
    token = links.make(
        kit, tenant=tx.tenant, purpose=PURPOSE, person=person.id, days=days, nonce="1",
        **{about[0]: about[1]},
    )  # fmt: skip
    at = kit.site.url(tx.tenant, "answer", token=token)
    to = {id: f"{at}{'&' if '?' in at else '?'}choice={id}" for id, _ in found.choices}
    words = in_locale(BUTTONS["answer"], person.locale)
    choices = tuple((to[id], said) for id, said in found.choices)
    buttons = [Button(address=at, words=words, choices=choices)]
    values = {"answer": at}
    if about[0] == "proposal":
        values |= dict(zip(("yes", "no"), to.values(), strict=True))
        buttons += [Button(address=address, words=said) for address, said in choices]
    return values, {**fields, "buttons": tuple(buttons)}


def show(kit: Kit, *, tenant: str, token: str) -> dict[str, Any]:
    """Return what a link asks, and how it stands; looking changes nothing.

    `state` is ``open``, ``answered`` by the one whose link it is, or ``over``: too late, taken
    back, or not theirs to answer now. `choices` are ids and words, for as long as it is open;
    `answered` is what they have said: "yes" or "no" to a proposal, "noted" of how it goes, or "".
    """
    told = links.read(kit, token, tenant=tenant, purpose=PURPOSE)
    with kit.transaction(tenant=tenant, write=False) as tx:
        person, found = _asked(tx, told)
        (about,) = told.about.items()
        program, held, answered = _standing(tx, person, about)
        return {
            "noun": about[0],
            "id": about[1],
            "relationship": held,
            "program": program.key,
            "program_name": shown(program.name),
            "locale": person.locale,
            "state": "open" if found else "answered" if answered else "over",
            "answered": answered,
            "text": found.text if found else "",
            "choices": list(found.choices) if found else [],
        }


@atomic
def answer(
    kit: Kit, *, tenant: str, token: str, choice: str, tx: Transaction = NEW
) -> dict[str, Any]:
    """Answer with one of the choices that `show` lists, by its id; `said` is a code of what it did.

    Raises `Conflict` (answer.over) where nothing is asked of them any more, and what the answer
    itself raises: then nothing has changed.
    """
    told = links.read(kit, token, tenant=tenant, purpose=PURPOSE)
    _, found = _asked(tx, told)
    if found is None:
        raise Conflict("answer.over", "This is answered already, or its time is over.")
    if choice not in dict(found.choices):
        problem = Problem("choice", "press one of the buttons")
        raise Invalid("answer.choice", "That is none of the answers.", [problem])
    said, _ = found.take(kit, tx, found.read(choice))
    return {**told.about, "said": said}


def _asked(tx: Transaction, told: Link) -> tuple[Person, Ask | None]:
    """Return whose link it is, and what is asked of them still."""
    (about,) = told.about.items()
    person = tx.people.first(id=told.person_id)
    if person is None or person.erased:
        raise links.not_ours()
    return person, ask(tx, person, about, means="link")


def _standing(tx: Transaction, person: Person, about: Question) -> tuple[Program, str | None, str]:
    """Return the program, the relationship if there is one, and what they said: "" if nothing."""
    noun, id = about
    if noun == "milestone":
        one = tx.milestones.get(id)
        held = tx.relationships.get(one.relationship_id)
        looked = persons_of(tx, (who for who in one.answered if who != "staff")).values()
        answered = any(each.id == person.id for each in looked)
        return tx.programs.get(held.program_id), held.id, "noted" if answered else ""
    asked = tx.proposals.get(id)
    sides = {"mentee": asked.mentee_id, "mentor": asked.mentor_id}
    people = persons_of(tx, sides.values())
    yes = any(people[sides[role]].id == person.id for role in asked.answered if role in sides)
    last = tx.journal.about(noun, id)[-1]
    no = isinstance(last, ProposalDeclined) and last.actor_id == person.id
    return tx.programs.get(asked.program_id), asked.relationship_id, "no" if no else "yes" * yes
