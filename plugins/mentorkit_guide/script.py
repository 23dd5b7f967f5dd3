"""The script of a guided introduction: its steps, and their words in each language; plain data.

A program may reword the shipped steps, add a language, or write steps of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

USES = ("choose", "meet")
"""For whom somebody is asked: a mentor to choose, or those whom they are together with."""
KINDS = ("tell", "pick", "words", "option", "times", "draft", "send")
ANSWERED = ("words", "option", "times")
"""The kinds of step whose answer becomes a part of the draft."""
SAID = (*ANSWERED, "draft")
ONLY: Mapping[str, str] = {"pick": "choose", "times": "meet"}
"""Kinds that belong to one use alone."""
NAMED = ("person", "program", "others", "most")
"""What may stand in braces in a title or a text."""
PARTS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(ANSWERED, ("answer",)),
    "draft": ("person", "program", "parts"),
}
"""What may stand in braces in what a step says in the draft; the last has to."""
FALLBACK = "en"
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_ID = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step. `kind` is one of `KINDS`; what is `needed` cannot be left out.

    `longest` is how many characters an answer in words may have.
    """

    step: str
    kind: str
    use: str = "choose"
    needed: bool = False
    longest: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a step says in one language: above it, below that, and what it adds to the draft."""

    title: str
    text: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What an option is called in one language, and what it is in the draft (else the same)."""

    text: str
    says: str = ""


WordsOf = Mapping[str, Mapping[str, Words]]
"""By step and language."""
ChoicesOf = Mapping[str, Mapping[str, Mapping[str, Choice]]]
"""By step, option and language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The steps of one use in their order, with all their words."""

    steps: tuple[Step, ...]
    words: WordsOf
    choices: ChoicesOf

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which every step can be read, the fallback first."""
        every = sorted({one for step in self.steps for one in self.words.get(step.step, {})})
        whole = [one for one in every if not self.lacking(one)]
        return tuple(sorted(whole, key=lambda one: one != FALLBACK))

    def lacking(self, language: str) -> list[str]:
        """Return the steps (ids) that cannot be read in a language."""
        return [
            one.step
            for one in self.steps
            if language not in self.words.get(one.step, {})
            or (one.kind == "option" and not self.choices.get(one.step))
            or any(language not in told for told in self.choices.get(one.step, {}).values())
        ]

    def read_in(self, locale: str) -> str:
        """Return the language in which somebody with this locale reads the whole script."""
        there = self.languages
        wanted = (locale, locale.split("-")[0], FALLBACK, *there)
        return next((one for one in wanted if one in there), FALLBACK)

    def at(self, step: str) -> int:
        """Return where a step stands; 0 for one that is not there (any more)."""
        return next((n for n, one in enumerate(self.steps) if one.step == step), 0)


def script_of(settings: Mapping[str, Any], use: str) -> Script:
    """Return the script of a program for a use: its own steps or the shipped, with all words."""
    from mentorkit_guide import shipped

    own = [Step(**one) for one in settings.get("steps", ()) if one.get("use", "choose") == use]
    steps = tuple(own) or tuple(one for one in shipped.STEPS if one.use == use)
    words = {id: dict(told) for id, told in shipped.WORDS.items()}
    for row in settings.get("texts", ()):
        told = {name: row.get(name, "") for name in ("title", "text", "says")}
        words.setdefault(row["step"], {})[row["language"]] = Words(**told)
    choices = {
        id: {option: dict(named) for option, named in told.items()}
        for id, told in shipped.CHOICES.items()
    }
    rows = settings.get("options", ())
    own_steps = {one.step for one in own}
    for id in {row["step"] for row in rows} & own_steps:
        choices[id] = {}  # a step of one's own offers one's own options alone
    for row in rows:
        made = Choice(text=row["text"], says=row.get("says", ""))
        choices.setdefault(row["step"], {}).setdefault(row["option"], {})[row["language"]] = made
    return Script(steps=steps, words=words, choices=choices)


def filled(template: str, **values: str) -> str:
    """Return a text with what stands in braces filled in; what was typed is never read again."""
    return template.format_map(values)


def composed(before: str, parts: Sequence[str], **values: str) -> str:
    """Return the draft: what stands before the parts, each part on a line of its own, the rest."""
    head, _, tail = (before or "{parts}").partition("{parts}")
    lines = [filled(head.strip(), **values), *parts, filled(tail.strip(), **values)]
    return "\n".join(line for line in lines if line.strip())


# --------------------------------------------------------------------------- what is wrong with it


def misfits(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a script that its schema cannot say: (where, what to do)."""
    from mentorkit_guide import shipped

    steps = list(settings.get("steps", ()))
    kinds = {one.step: one.kind for one in shipped.STEPS} | {
        one["step"]: one["kind"] for one in steps
    }
    yield from _of_steps(steps)
    yield from _of_rows("texts", settings.get("texts", ()), kinds, ("step", "language"))
    yield from _of_rows(
        "options", settings.get("options", ()), kinds, ("step", "option", "language")
    )
    for at, row in enumerate(settings.get("texts", ())):
        for name in ("title", "text"):
            yield from _of_braces(f"texts[{at}].{name}", row.get(name, ""), NAMED)
        yield from _of_says(f"texts[{at}].says", row.get("says", ""), kinds.get(row["step"], ""))
    for at, row in enumerate(settings.get("options", ())):
        if kinds.get(row["step"], "option") != "option":
            yield f"options[{at}].step", "has no options; name a step of the kind option"
        for name in ("text", "says"):
            yield from _of_braces(f"options[{at}].{name}", row.get(name, ""), ())
    for use in USES:
        yield from _of_words(settings, use)


def _of_steps(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    from mentorkit_guide import shipped

    shipped_use = {one.step: one.use for one in shipped.STEPS}
    seen: set[str] = set()
    for at, one in enumerate(steps):
        id, kind, use = one["step"], one["kind"], one.get("use", "choose")
        if not _ID.fullmatch(id):
            yield f"steps[{at}].step", "write small letters, digits and _, a letter first"
        if id in seen or shipped_use.get(id, use) != use:
            yield f"steps[{at}].step", "is the name of another step; write another"
        seen.add(id)
        if ONLY.get(kind, use) != use:
            yield f"steps[{at}].kind", f'is for use = "{ONLY[kind]}" alone; leave it out'
    for use in USES:
        mine = [one["kind"] for one in steps if one.get("use", "choose") == use]
        if mine and mine[-2:] != ["draft", "send"]:
            yield "steps", f"let those of {use} end with a draft and then send"
        single = ("draft", "send", "pick") if use == "choose" else ("draft", "send")
        for kind in single:
            if mine and mine.count(kind) != 1:
                yield "steps", f"write one step of the kind {kind} for {use}"
        if mine and not {*ANSWERED}.intersection(mine):
            yield "steps", f"let {use} ask something: add a step of the kind words or option"


def _of_rows(
    name: str, rows: Sequence[Mapping[str, Any]], kinds: Mapping[str, str], by: Sequence[str]
) -> Iterator[tuple[str, str]]:
    seen = set()
    for at, row in enumerate(rows):
        key = tuple(row[part] for part in by)
        if row["step"] not in kinds:
            yield f"{name}[{at}].step", f"is no step; write one of {', '.join(kinds)}"
        if not _LANGUAGE.fullmatch(row["language"]):
            yield f"{name}[{at}].language", "write a language such as es or pt-BR"
        if key in seen:
            yield f"{name}[{at}]", "stands there twice; leave one out"
        seen.add(key)
        for part, value in row.items():
            if isinstance(value, str) and (";" in value or "\n" in value):
                told = "leave out ; and line breaks: each row is one line on the page Plugins"
                yield f"{name}[{at}].{part}", told


def _of_braces(where: str, text: str, known: Sequence[str]) -> Iterator[tuple[str, str]]:
    named = ", ".join(f"{{{one}}}" for one in known) or "none"
    try:
        found = [(name, spec, turned) for _, name, spec, turned in Formatter().parse(text)]
    except ValueError:
        yield where, "a brace stands alone; write {{ or }} for one"
        return
    for name, spec, turned in found:
        if name is not None and (name not in known or spec or turned):
            yield where, f"{{{name}}} means nothing here; there are: {named}"


def _of_says(where: str, text: str, kind: str) -> Iterator[tuple[str, str]]:
    if not text or not kind:
        return
    if kind not in SAID:
        yield where, f"leave it out: a step of the kind {kind} adds nothing to the draft"
        return
    wrong = list(_of_braces(where, text, PARTS[kind]))
    yield from wrong
    needed = PARTS[kind][-1]
    if not wrong and text.count(f"{{{needed}}}") != 1:
        yield where, f"write {{{needed}}} in it, once"


def _of_words(settings: Mapping[str, Any], use: str) -> Iterator[tuple[str, str]]:
    """Yield which steps cannot be read in a language that the program writes some of them in."""
    script = script_of(settings, use)
    ids = {one.step for one in script.steps}
    for at, one in enumerate(settings.get("steps", ())):
        if one["step"] in ids and not script.words.get(one["step"]):
            yield f"steps[{at}]", "has no words; write them in texts, in each language"
        if (
            one["step"] in ids
            and one["kind"] == "option"
            and len(script.choices.get(one["step"], {})) < 2
        ):
            yield f"steps[{at}]", "write two options or more for it, in options"
    rows = (*settings.get("texts", ()), *settings.get("options", ()))
    for language in sorted({row["language"] for row in rows if row["step"] in ids}):
        worded = [one for one in script.lacking(language) if script.words.get(one)]
        if worded:
            told = f"{', '.join(worded)}: write {'it' if len(worded) == 1 else 'them'} in "
            yield "texts", f"{told}{language} too, or leave {language} out for {use}"


__all__ = ["Choice", "Script", "Step", "Words", "composed", "filled", "misfits", "script_of"]
