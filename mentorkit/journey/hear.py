"""Hear: what people reply to a message, on any channel that hears; kept at once, understood later.

Only whoever was written to at an address is heard there, and a reply counts for the one question
that was last put to them alone. Whatever is not plain changes nothing: they are told once how to
reply, and after that nothing more, or two machines would talk for ever.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mentorkit.domain import replies
from mentorkit.domain.messages import (
    LAST_WORDS,
    Message,
    Receipt,
    Received,
    Reply,
    RetryLater,
)
from mentorkit.domain.people import Contact
from mentorkit.domain.text import in_locale
from mentorkit.errors import MentorKitError, NotFound
from mentorkit.journey import deliveries
from mentorkit.journey.asks import Ask, ask

if TYPE_CHECKING:
    from mentorkit.hooks.providers import Channel, Inbound
    from mentorkit.kit import Kit
    from mentorkit.store import Talk, Talks
    from mentorkit.store.tables import Job
    from mentorkit.store.talks import Question
    from mentorkit.store.transaction import Transaction

REPLY = "reply"
"""The kind of row that a reply waits in until it is understood, and what is said to it."""
FAR = datetime.max.replace(tzinfo=UTC)
READ = timedelta(seconds=5)
"""What comes sooner after a question does not answer it: it was sent twice, or before it."""
TEXTS: Mapping[str, Mapping[str, str]] = {
    "accepted": {
        "en": "Thank you, your yes is noted.",
        "es": "Gracias, su sí queda anotado.",
        "fr": "Merci, votre oui est noté.",
    },
    "declined": {
        "en": "Thank you, your no is noted. That is fine.",
        "es": "Gracias, su no queda anotado. Está bien así.",
        "fr": "Merci, votre non est noté. Cela convient aussi.",
    },
    "noted": {
        "en": "Thank you, that is noted. The team reads it.",
        "es": "Gracias, queda anotado. El equipo lo lee.",
        "fr": "Merci, c'est noté. L'équipe le lit.",
    },
    "thanks": {
        "en": "Thank you for your answers.",
        "es": "Gracias por sus respuestas.",
        "fr": "Merci pour vos réponses.",
    },
    "next": {},
    "unclear": {
        "en": "Sorry, that could not be understood.",
        "es": "Disculpe, no se ha entendido.",
        "fr": "Désolé, cela n'a pas été compris.",
    },
    "which": {
        "en": "It is not clear what you have answered. So once more, please:",
        "es": "No está claro a qué ha respondido. Por favor, una vez más:",
        "fr": "On ne sait pas à quoi vous avez répondu. Encore une fois, s'il vous plaît :",
    },
    "nothing": {
        "en": "Nothing is asked of you now. Whoever runs your program can help you.",
        "es": "Ahora no se le pregunta nada. El equipo de su programa puede ayudarle.",
        "fr": "Rien ne vous est demandé maintenant. L'équipe de votre programme peut vous aider.",
    },
    "shared": {
        "en": "Several people are written to here, so a reply cannot tell who answers. Please use "
        "the link in the message, or tell whoever runs your program.",
        "es": "Aquí se escribe a varias personas, así que no se sabe quién responde. Use el enlace "
        "del mensaje o avise al equipo de su programa.",
        "fr": "Plusieurs personnes reçoivent des messages ici : on ne sait pas qui répond. "
        "Utilisez le lien du message, ou parlez à l'équipe de votre programme.",
    },
    "refused": {
        "en": "Sorry, that was not possible any more. Whoever runs your program can help you.",
        "es": "Disculpe, ya no ha sido posible. El equipo de su programa puede ayudarle.",
        "fr": "Désolé, ce n'était plus possible. L'équipe de votre programme peut vous aider.",
    },
    "stopped": {
        "en": "You get no more messages here. Reply START to get them again.",
        "es": "Ya no recibirá mensajes aquí. Responda START para recibirlos de nuevo.",
        "fr": "Vous ne recevrez plus de messages ici. Répondez START pour en recevoir à nouveau.",
    },
    "started": {
        "en": "You get messages here again.",
        "es": "Volverá a recibir mensajes aquí.",
        "fr": "Vous recevez de nouveau des messages ici.",
    },
    "help": {
        "en": "These messages are about your mentoring. Reply STOP to get no more of them. Whoever "
        "runs your program can help you.",
        "es": "Estos mensajes tratan de su mentoría. Responda STOP para no recibir más. El equipo "
        "de su programa puede ayudarle.",
        "fr": "Ces messages concernent votre mentorat. Répondez STOP pour ne plus en recevoir. "
        "L'équipe de votre programme peut vous aider.",
    },
}
"""What is said to a reply, by code; after it comes the question that is put next, if any."""


def take(kit: Kit, *, tenant: str, channel: str, inbound: Inbound) -> Received:
    """Take in what a channel's vendor pushed: replies wait for the worker, reports are noted.

    Raises `NotFound` (channel.not_found) where no such channel hears, `NotAllowed` for what the
    vendor has not signed. What comes twice counts once, and of an address that was not written to
    nothing is kept, and nobody is told that.
    """
    heard = kit.registry.channels.get(channel)
    if heard is None or not (heard.hears or heard.reports):
        raise NotFound("channel.not_found", "No channel of this name hears anything.")
    plugin = kit.registry.owner("channels", channel).name
    received = heard.receive(kit.work_context(tenant, None, plugin), inbound)
    if received.replies:
        kit.write(tenant, partial(_promise, plugin, heard, received.replies))
    if received.reports:
        kit.write(tenant, partial(deliveries.note, plugin, channel, received.reports))
    return received


def _promise(plugin: str, channel: Channel, heard: Iterable[Reply], tx: Transaction) -> None:
    for one in heard:
        people = [talk.person_id for talk in _talks(tx, channel).at(one.address)]
        if not people:
            continue
        # A vendor's id may hold the number that it came from.
        key = f"{REPLY}:{channel.name}:{sha256(one.id.encode()).hexdigest()}"
        body = {"people": people, "settled": one.settled, "to": one.to}
        about = {"plugin": plugin, "name": channel.name, "recipient_id": people[0], "body": body}
        if row := tx.outbox.add(REPLY, key, **about):
            tx.notes.write(one.text, subject_noun=REPLY, subject_id=row, author_id=people[0])


# --------------------------------------------------------------------------- understanding


def follow(kit: Kit, tenant: str, job: Job) -> Receipt | None:
    """Understand a reply and do what it means, or say what is said to one. For the worker."""
    channel = kit.registry.channels.get(job.name)
    if channel is None or not channel.hears:
        raise RetryLater(f"plugin {job.plugin} is not loaded", seconds=3600)
    if "say" in job.body:
        return _say(kit, channel, job)
    try:
        kit.write(tenant, partial(_understand, kit, channel, job))
    except MentorKitError as error:
        if error.code.startswith("store.") or error.code.endswith(".stale"):
            raise  # others were in the way: it is done again, later
        kit.write(tenant, lambda tx: _answer(tx, job, job.body["people"][0], "refused"))
    return None


def _understand(kit: Kit, channel: Channel, job: Job, tx: Transaction) -> None:
    """Do what a reply means, and promise what is said to it, both or neither."""
    note = tx.notes.first(subject_noun=REPLY, subject_id=job.id)
    if note is None or tx.outbox.keyed([_answer_key(job)]):
        return
    talks = _talks(tx, channel)
    mine = [talk for id in job.body["people"] if (talk := talks.of(id, hold=True))]
    people = tx.people.get_many(talk.person_id for talk in mine)
    mine = [talk for talk in mine if people[talk.person_id].name]
    if not mine:
        return
    stopped = any(talk.stopped_at for talk in mine)
    locale = people[mine[0].person_id].locale
    said = replies.command(note.text, locale)
    if said == "start" or (stopped and replies.chosen(note.text, {"yes": True})):
        said = "started"
    if said in ("stop", "started"):
        until = tx.now if said == "stop" else None
        for talk in mine:
            talks.keep(replace(talk, stopped_at=until))
    if said or stopped or job.body["settled"]:
        if said and not job.body["settled"] and not (said == "help" and stopped):
            _answer(tx, job, mine[0].person_id, "stopped" if said == "stop" else said)
        return
    asking = [(talk, found) for talk in mine if (found := _open(tx, people, talk))]
    if len(asking) > 1:
        _hint(tx, talks, job, asking[0][0], "shared")
    elif not asking:
        _hint(tx, talks, job, mine[0], "nothing")
    else:
        _meant(kit, talks, job, *asking[0], note.text, tx)


def _open(tx: Transaction, people: Mapping[str, Any], talk: Talk) -> dict[Question, Ask]:
    """Return what waits for somebody's reply and can still be answered, oldest first."""
    person = people[talk.person_id]
    found = {one: ask(tx, person, one, talk.answers.get(one[1])) for one in talk.asked}
    return {one: each for one, each in found.items() if each}


def _meant(
    kit: Kit, talks: Talks, job: Job, talk: Talk, asking: Mapping[Question, Ask], text: str,
    tx: Transaction,
) -> None:  # fmt: skip
    """Take a reply as the answer to one question, where it is plain to which, and what it says."""
    to, focus = job.body["to"], talk.focus
    read = talk.put_at is not None and talk.put_at + READ <= job.created_at
    if not read and (not to or to != talk.put_by):
        return None
    fitting = {one: told for one, each in asking.items() if (told := _read(each, text))}
    if to and to != talk.put_by:
        focus = None  # of an old message
    elif focus is None and len(fitting) == 1 and len(asking) == len(talk.asked):
        (focus,) = fitting  # it answers none of the others
    if focus is None or focus not in asking:
        # What has a last day is put first; a survey, which has none, can wait for it.
        first = min(asking, key=lambda one: asking[one].until or FAR)
        talk = replace(
            talk, asked=tuple(asking), focus=first, put_at=None, put_by=None, hinted=False
        )
        talks.keep(talk)
        return _answer(tx, job, talk.person_id, "which", first, asking[first])
    if focus not in fitting:
        return _hint(tx, talks, job, talk, "unclear", focus, asking[focus])
    code, so_far = asking[focus].take(kit, tx, *fitting[focus])
    so_far = {**talk.answers, focus[1]: so_far}
    talk = replace(talk, answers=so_far, put_at=None, put_by=None, hinted=False)
    # One thing is asked at a time: the rest of it, else what waits longest.
    left = _open(tx, tx.people.get_many([talk.person_id]), talk)
    onward = focus if focus in left else next(iter(left), None)
    answers = {id: given for _, id in left if (given := talk.answers.get(id))}
    talks.keep(replace(talk, asked=tuple(left), focus=onward, answers=answers))
    return _answer(tx, job, talk.person_id, code, onward, left[onward] if onward else None)


def _read(asked: Ask, text: str) -> tuple[Any] | None:
    """Return what a reply says to a question, in a tuple; None where that is not plain."""
    try:
        return (asked.read(text),)
    except ValueError:
        return None


def _hint(
    tx: Transaction, talks: Talks, job: Job, talk: Talk, code: str, about: Question | None = None,
    asked: Ask | None = None,
) -> None:  # fmt: skip
    """Say once what can be replied, until something else is asked."""
    if not talk.hinted:
        talks.keep(replace(talk, hinted=True))
        _answer(tx, job, talk.person_id, code, about, asked)


def _answer(
    tx: Transaction, job: Job, person: str, code: str, about: Question | None = None,
    asked: Ask | None = None,
) -> None:  # fmt: skip
    """Promise what is said to a reply."""
    tx.outbox.add(
        REPLY, _answer_key(job), plugin=job.plugin, name=job.name, recipient_id=person,
        program_id=asked.program_id if asked else None, body={"say": code, "about": about},
    )  # fmt: skip


def _answer_key(job: Job) -> str:
    return f"{job.key}:answer"


def _talks(tx: Transaction, channel: Channel) -> Talks:
    from mentorkit.store import Talks

    return Talks(connection=tx.connection, table=channel.talks(), tenant=tx.tenant, now=tx.now)


# --------------------------------------------------------------------------- answering


def _say(kit: Kit, channel: Channel, job: Job) -> Receipt | None:
    """Send what is said to a reply to where that came from, and nowhere else."""
    code, about = job.body["say"], job.body["about"]
    with kit.transaction(tenant=job.tenant, write=False) as tx:
        person, talk = tx.people.first(id=job.recipient_id), None
        if person is not None and person.name:
            talk = _talks(tx, channel).of(person.id)
        if person is None or talk is None:
            return None
        asked = ask(tx, person, about, talk.answers.get(about[1])) if about else None
        text = in_locale(TEXTS[code], person.locale)
        again = asked.text if asked and code != "next" else ""
        message = Message(
            key=job.key,
            tenant=job.tenant,
            program_id=job.program_id or "",
            person_id=person.id,
            template=LAST_WORDS if code == "stopped" else f"reply_{code}",
            subject="",
            body="\n".join(one for one in (text, again) if one),
            locale=person.locale,
            # What was not understood was put before, and is what the next reply answers, too.
            asks=about if asked and code != "unclear" else None,
            reply=asked.how if asked else "",
            choices=asked.choices if asked and code != "unclear" else (),
            created_at=job.created_at,
        )
    if message.body or message.reply:
        address = Contact(
            id=f"talk:{person.id}", tenant=job.tenant, person_id=person.id, kind=channel.hears,
            value=talk.address, verified=True,
        )  # fmt: skip
        context = kit.work_context(job.tenant, None, job.plugin)
        return deliveries.taken(channel, channel.deliver(context, message, person, [address]), ())
    return None


__all__ = ["REPLY", "TEXTS", "follow", "take"]
