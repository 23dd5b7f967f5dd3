"""Walk a script: show the step where somebody stands, keep their answer, and send what it made.

Every function takes `use` (``choose`` or ``meet``) and `about`: the participant who chooses, or the
relationship that is written in (id). Only the person themselves walks it; what is sent goes by the
journey's own functions, with all that they check.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import HOLDING
from mentorkit.errors import Conflict, Invalid, NotAllowed, Problem
from mentorkit.hooks import WorkContext
from mentorkit.i18n import clock_in, format_moment
from mentorkit.journey import choices, introduce, onboard, relay, suggestions
from mentorkit.journey.definitions import matching_for, showing
from mentorkit.journey.meet import Met
from mentorkit.journey.onboard import Own
from mentorkit.journey.steps import chosen, person_of, persons_of
from mentorkit_guide import standing
from mentorkit_guide.script import (
    ANSWERED,
    Script,
    Step,
    composed,
    filled,
    script_of,
)

if TYPE_CHECKING:
    from mentorkit.kit import Kit
    from mentorkit.store.transaction import Transaction

NAME = "guide"
LONGEST = 10_000
"""Characters that are kept of an answer whoever goes back has not finished."""
DRAFTED = "draft:made"
"""The value that holds the draft as it was made, beside the draft as it was changed."""
FORTH = {"back": -1, "stop": 0}
"""How many steps somebody goes on who leaves an answer as it is."""
NOT_YET = "This cannot go on yet:"


@dataclass(frozen=True, kw_only=True)
class Walk:
    """Who walks which script, about what, and how far they are."""

    kit: Kit
    tenant: str
    actor: Actor
    use: str
    about: str
    program: Program
    person: Person
    context: WorkContext

    @property
    def at(self) -> dict[str, Any]:
        return {"tenant": self.tenant, "actor": self.actor}

    @cached_property
    def script(self) -> Script:
        return script_of(self.context.settings, self.use)

    @cached_property
    def language(self) -> str:
        return self.script.read_in(self.person.locale)

    @property
    def key(self) -> standing.Key:
        return standing.Key(person=self.person.id, use=self.use, about=self.about)

    @cached_property
    def stands(self) -> standing.Standing | None:
        return standing.read(self.context, self.key)

    @property
    def values(self) -> dict[str, Any]:
        return dict(self.stands.values) if self.stands else {}

    @property
    def step(self) -> Step:
        """The step that comes next."""
        return self.script.steps[self.script.at(self.stands.step if self.stands else "")]

    @property
    def most(self) -> int:
        """How many mentors may be chosen."""
        return min(int(self.context.settings["most"]), choices.MOST)

    @cached_property
    def introduction(self) -> dict[str, Any]:
        return introduce.introduction(self.kit, **self.at, relationship=self.about)

    @cached_property
    def suggested(self) -> list[dict[str, Any]]:
        """The mentors to choose from, the best first; raises as `suggestions.mentors`."""
        found = suggestions.mentors(self.kit, **self.at, participant=self.about)
        return list(found["mentors"])

    @cached_property
    def picked(self) -> list[tuple[str, str]]:
        """The mentors chosen so far, the most wanted first: (participant id, name)."""
        pick = next((one.step for one in self.script.steps if one.kind == "pick"), "")
        ids = [id for id in self.values.get(pick) or () if isinstance(id, str)]
        if not ids:
            return []
        with self.kit.transaction(tenant=self.tenant, write=False) as tx:
            names = {id: one.name for id, one in persons_of(tx, ids).items() if not one.erased}
        return [(id, names[id]) for id in ids if id in names]

    @cached_property
    def others(self) -> list[str]:
        """The names of those whom it is written to."""
        if self.use == "meet":
            return [one["name"] for one in self.introduction["others"]]
        return [name for _, name in self.picked]

    @cached_property
    def slots(self) -> dict[str, str]:
        """When all could meet in the coming week, by time (ISO 8601), on the reader's own clock."""
        zone = clock_in(self.person.zone, self.program.zone)
        return {
            at: format_moment(datetime.fromisoformat(at), zone=zone, locale=self.person.locale)
            for at in (self.introduction["slots"] if self.use == "meet" else ())
        }

    def said(self, step: Step) -> str:
        """Return what a step adds to the draft; "" where it was left out."""
        told = self.values.get(step.step)
        if not told or step.kind not in ANSWERED:
            return ""
        if step.kind == "option":
            named = self.script.choices.get(step.step, {}).get(told, {}).get(self.language)
            told = (named.says or named.text) if named else ""
        elif step.kind == "times":
            times = [self.slots[at] for at in told.get("slots", ()) if at in self.slots]
            told = "; ".join(filter(None, [*times, told.get("words", "")]))
        says = self.script.words[step.step][self.language].says or "{answer}"
        return filled(says, answer=told) if told else ""

    def draft(self) -> str:
        """Return the draft as the answers make it now."""
        (step,) = (one for one in self.script.steps if one.kind == "draft")
        says = self.script.words[step.step][self.language].says
        parts = [told for one in self.script.steps if (told := self.said(one))]
        program = self.program.name.get(self.language) or next(iter(self.program.name.values()), "")
        return composed(says, parts, person=self.person.name, program=str(program))

    def text(self) -> str:
        """Return what is to be sent: as it was changed, else as the answers make it now."""
        (step,) = (one for one in self.script.steps if one.kind == "draft")
        kept = self.values.get(step.step) or ""
        return self.draft() if not kept or kept == self.values.get(DRAFTED) else str(kept)


def begin(kit: Kit, *, tenant: str, actor: Actor, use: str, about: str) -> Walk:
    """Return the walk of whoever acts; raise why there is none.

    `NotFound` where the thing is not theirs to know of, `NotAllowed` where staff match, and
    `Conflict` for staff, where the program does not use it, or where nobody would read it.
    """
    with kit.transaction(tenant=tenant, write=False) as tx:
        if use == "choose":
            own = Own(tx, actor, about)
            program, mine = own.program, own.participant.person_id == person_of(tx, actor)
        else:
            met = Met(tx, actor, about)
            program, mine = met.program, bool(met.own)
        if not mine:
            raise Conflict(
                "guide.not_yours",
                "This leads only the person themselves. As staff, choose for them under Who fits "
                "on their page.",
            )
        settings = chosen(tx, program, NAME)
        if settings is None:
            raise Conflict(
                "guide.off",
                "This program does not use the guided introduction. Its coordinators can switch "
                "the plugin on.",
            )
        context = kit.work_context(tenant, program, NAME, settings=settings)
        if use == "choose":
            _ensure_chooses(tx, own, context)
        else:
            _ensure_writes(met, context)
        person = tx.people.get(person_of(tx, actor) or "")
    return Walk(
        kit=kit, tenant=tenant, actor=actor, use=use, about=about, program=program, person=person,
        context=context,
    )  # fmt: skip


def _ensure_chooses(tx: Transaction, own: Own, context: WorkContext) -> None:
    one = own.participant
    if not one.plays("mentee") or matching_for(tx, own.program, one) != "self":
        raise NotAllowed(
            "guide.staff_matches",
            "Here you are not asked to choose a mentor yourself; staff tell you when there is "
            "somebody.",
        )
    field = str(context.settings["field"])
    if not is_read(tx, own, field):
        raise Conflict(
            "guide.not_shown",
            "Mentors would not read your introduction yet. Look on your page whether there is a "
            "text to agree to; else ask a coordinator to show mentors the answer that it goes to.",
            field=field,
        )


def is_read(tx: Transaction, own: Own, field: str) -> bool:
    """Return whether mentors are shown what this mentee answers to a question."""
    like = replace(own.participant, profile=own.participant.profile.with_(**{field: "x"}))
    return field in showing(tx, own.program)(like, "mentee")


def _ensure_writes(met: Met, context: WorkContext) -> None:
    if not context.settings["meet"]:
        raise Conflict(
            "guide.off",
            "This program does not help with the first message. Write it on the page of your "
            "mentoring.",
        )
    if met.relationship.state not in HOLDING:
        raise Conflict("guide.over", "This has ended; nothing is carried any more.")


# --------------------------------------------------------------------------- the steps


def status(kit: Kit, *, tenant: str, actor: Actor, use: str, about: str) -> dict[str, Any]:
    """Return whether somebody has begun, and how many steps `left` come after the next one."""
    walk = begin(kit, tenant=tenant, actor=actor, use=use, about=about)
    at = walk.script.at(walk.step.step)
    return {"begun": walk.stands is not None, "left": len(walk.script.steps) - at - 1}


def show(kit: Kit, *, tenant: str, actor: Actor, use: str, about: str) -> dict[str, Any]:
    """Return the step where somebody stands, in their language.

    `step`, `kind`, `title` and `text`; `number` of `of`, and `left`: how many come after it.
    `needed` and `longest`, `typed` (what they told before), `first` (there is none before it),
    `language`.
    `options` are (id, text), also the times of the coming week; `people` are the mentors to choose
    from, as `suggestions.mentors` lists them, or `stopped` says why there are none now. The draft
    has `made`: it as the answers make it, and `apart` if it was changed before they were. The last
    step has `message`, and `others`, whom it goes to (names); to choose also what it `replaces`
    among their answers, and who is `waiting` and is not asked any more (names).
    """
    return shown(begin(kit, tenant=tenant, actor=actor, use=use, about=about))


def shown(walk: Walk) -> dict[str, Any]:
    """Return the step of a walk as `show` does."""
    step, script = walk.step, walk.script
    words = script.words[step.step][walk.language]
    number = script.at(step.step) + 1
    told: dict[str, Any] = {
        "use": walk.use,
        "about": walk.about,
        "program": walk.program.key,
        "language": walk.language,
        "step": step.step,
        "kind": step.kind,
        "number": number,
        "of": len(script.steps),
        "left": len(script.steps) - number,
        "first": number == 1,
        "begun": walk.stands is not None,
        "needed": step.needed,
        "longest": longest(walk, step),
        "most": walk.most,
        "title": _told(walk, words.title),
        "text": _told(walk, words.text),
        "typed": walk.values.get(step.step),
        "options": [],
        "people": [],
        "stopped": "",
    }
    if step.kind == "option":
        offered = script.choices[step.step].items()
        told["options"] = [(id, named[walk.language].text) for id, named in offered]
    elif step.kind == "times":
        told["options"] = list(walk.slots.items())
    elif step.kind == "pick":
        told |= _to_choose(walk)
    elif step.kind == "draft":
        made, kept = walk.draft(), walk.text()
        before = walk.values.get(DRAFTED) or made
        told |= {"typed": kept, "made": made, "apart": kept != made and before != made}
    elif step.kind == "send":
        told |= {"message": walk.text(), "others": walk.others, "replaces": "", "waiting": []}
        told |= _replaced(walk) if walk.use == "choose" else {}
    return told


def _told(walk: Walk, text: str) -> str:
    program = walk.program.name.get(walk.language) or next(iter(walk.program.name.values()), "")
    others = ", ".join(walk.others) if "{others}" in text else ""
    return filled(
        text, person=walk.person.name, program=str(program), others=others, most=str(walk.most)
    )


def _to_choose(walk: Walk) -> dict[str, Any]:
    try:
        return {"people": walk.suggested}
    except Conflict as error:
        return {"stopped": error.message}


def _replaced(walk: Walk) -> dict[str, Any]:
    """Return what sending takes the place of."""
    field, picked = str(walk.context.settings["field"]), {id for id, _ in walk.picked}
    with walk.kit.transaction(tenant=walk.tenant, write=False) as tx:
        before = tx.participants.get(walk.about).profile.get(field) or ""
        waits = [one.mentor_id for one in choices.waiting(tx, walk.about)]
        names = persons_of(tx, waits)
    left = [names[id].name for id in waits if id not in picked]
    return {"replaces": before if before != walk.text() else "", "waiting": left}


def keep(
    kit: Kit, *, tenant: str, actor: Actor, use: str, about: str, step: str, answer: Any = None,
    to: str = "next",
) -> dict[str, Any]:  # fmt: skip
    """Keep the answer to a step, and return the next as `show` does.

    `to` is ``next``, ``back`` for the step before, or ``stop`` to come back to this one.

    `answer` is a text, the id of an option, participant ids (most wanted first), or for times
    ``{"slots": [...], "words": ""}``. Who goes back or
    stops may leave it unfinished. Raises `Invalid` for
    what cannot be kept, and `Conflict` (guide.step) for a step that was taken out meanwhile.
    """
    walk = begin(kit, tenant=tenant, actor=actor, use=use, about=about)
    script = walk.script
    at = script.at(step)
    here = script.steps[at]
    if here.step != step:
        raise Conflict("guide.step", "The steps have changed meanwhile. Go on from where you are.")
    told = read_answer(walk, here, answer, unfinished=to in FORTH)
    values = {} if here.kind in ("tell", "send") else {here.step: told}
    if here.kind == "draft":
        values[DRAFTED] = walk.draft()
    then = min(max(0, at + FORTH.get(to, 1)), len(script.steps) - 1)
    standing.save(walk.context, walk.key, script.steps[then].step, values)
    return shown(replace(walk))


def anew(kit: Kit, *, tenant: str, actor: Actor, use: str, about: str) -> dict[str, Any]:
    """Make the draft of the answers again, and forget how it was changed; return its step."""
    walk = begin(kit, tenant=tenant, actor=actor, use=use, about=about)
    (draft,) = (one for one in walk.script.steps if one.kind == "draft")
    standing.save(walk.context, walk.key, draft.step, {draft.step: None, DRAFTED: None})
    return shown(replace(walk))


def drop(kit: Kit, *, tenant: str, actor: Actor, use: str, about: str) -> None:
    """Throw away all that was told and not sent."""
    walk = begin(kit, tenant=tenant, actor=actor, use=use, about=about)
    standing.drop(walk.context, walk.key)


def send(kit: Kit, *, tenant: str, actor: Actor, use: str, about: str) -> dict[str, Any]:
    """Send what the script made, and forget what was told: ``{"held": bool}``.

    To choose: the introduction becomes the mentee's answer to the program's question for it, and
    the mentors are ranked, which asks the first. To meet: the message is carried to the others.
    `held` says that the text waits to be looked at first. Raises `Invalid` where something is
    missing, which is then the step to stand at, and whatever keeps the mentors from being asked:
    then all that was told is still there, and it can be sent again. `Conflict` (guide.sent) where
    it was sent meanwhile, or is being sent, from another device.
    """
    walk = begin(kit, tenant=tenant, actor=actor, use=use, about=about)
    for one in walk.script.steps:
        if one.kind in ("tell", "send"):
            continue
        has: Any = {"pick": walk.picked, "draft": walk.text()}.get(
            one.kind, walk.values.get(one.step)
        )
        needed = one.needed or one.kind in ("pick", "draft")
        told = "this is missing yet" if needed and not has else ""
        if one.kind == "draft" and len(has) > longest(walk, one):
            told = f"write at most {longest(walk, one)} characters; it has {len(has)}"
        if told:
            standing.save(walk.context, walk.key, one.step, {})
            raise Invalid("guide.answer", NOT_YET, [Problem(one.step, told)])
    if not standing.hold(walk.context, walk.key):
        raise Conflict(
            "guide.sent",
            "This was sent already, or is being sent just now from another device. Look at your "
            "page; if it is not there in a minute, send it again.",
        )
    try:
        held = _send(walk)
    except BaseException:
        standing.save(walk.context, walk.key, walk.step.step, {standing.SENDING: None})
        raise
    standing.drop(walk.context, walk.key)
    return {"held": held}


def _send(walk: Walk) -> bool:
    """Send it; return whether the text waits to be looked at."""
    text, about = walk.text(), walk.about
    if walk.use == "meet":
        return bool(relay.send(walk.kit, **walk.at, relationship=about, text=text)["held"])
    field = str(walk.context.settings["field"])
    kept = onboard.answer(walk.kit, **walk.at, participant=about, answers={field: text})
    choices.rank(walk.kit, **walk.at, mentee=about, mentors=[id for id, _ in walk.picked])
    return bool(kept["profile"].get(field) != text)


# --------------------------------------------------------------------------- what was answered


def read_answer(walk: Walk, step: Step, answer: Any, *, unfinished: bool = False) -> Any:
    """Return an answer as it is kept; raise `Invalid` with what to do instead.

    One that is `unfinished` is kept as far as it can be.
    """
    reading = {"pick": _picks, "option": _option, "times": _times}.get(step.kind, _words)
    told, problem = reading(walk, step, answer)
    if unfinished:
        return told
    asks = step.kind not in ("tell", "send")
    if not problem and step.needed and asks and not told:
        problem = "choose somebody" if step.kind == "pick" else "write something here"
    if problem:
        raise Invalid("guide.answer", NOT_YET, [Problem(step.step, problem)])
    return told


def _text(raw: object) -> str:
    text = raw.replace("\r\n", "\n").replace("\x00", "").strip() if isinstance(raw, str) else ""
    return text.encode("utf-8", "ignore").decode()[:LONGEST]


def _words(walk: Walk, step: Step, raw: Any) -> tuple[str, str]:
    text = _text(raw)
    most = longest(walk, step)
    told = f"write at most {most} characters; it has {len(text)}" if len(text) > most else ""
    return text, told


def longest(walk: Walk, step: Step) -> int:
    """Return how many characters an answer may have; no draft has more than can be carried."""
    carried = walk.use == "meet" and step.kind == "draft"
    return min(step.longest, relay.LONGEST) if carried else step.longest


def _option(walk: Walk, step: Step, raw: Any) -> tuple[str, str]:
    known = isinstance(raw, str) and raw in walk.script.choices.get(step.step, {})
    return (raw if known else ""), "" if known or not raw else "choose one of the options"


def _times(walk: Walk, step: Step, raw: Any) -> tuple[dict[str, Any], str]:
    given: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {"words": raw}
    slots = [at for at in given.get("slots", ()) if at in walk.slots]
    words, problem = _words(walk, step, given.get("words", ""))
    return ({"slots": slots, "words": words} if slots or words else {}), problem


def _picks(walk: Walk, step: Step, raw: Any) -> tuple[list[str], str]:
    given = [one for one in raw if isinstance(one, str)] if isinstance(raw, (list, tuple)) else []
    before = walk.values.get(step.step) or ()
    known = {*before}
    if not known.issuperset(given):
        known |= {one["id"] for one in walk.suggested}
    told = [one for one in dict.fromkeys(given) if one in known]
    if len(given) > len(set(given)):
        return told, "give each place to one mentor only"
    if len(told) < len(given):
        return told, "somebody chosen cannot be asked now; choose again"
    if len(told) > walk.most:
        return told, f"choose at most {walk.most}"
    return told, ""


__all__ = ["Walk", "anew", "begin", "drop", "keep", "send", "show", "shown", "status"]
