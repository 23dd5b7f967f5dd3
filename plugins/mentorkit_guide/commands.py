"""``mentorkit guide ...``: the script of a program, and how it reads in each language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mentorkit.errors import Conflict, Invalid, Problem
from mentorkit.hooks import CommandContext
from mentorkit_guide.script import USES, Script, composed, filled, script_of

NAME = "guide"


def show(ctx: CommandContext, *, program: str) -> list[dict[str, Any]]:
    """Return a row for each step: use, step, kind, needed, languages, and its title.

    The last rows say what keeps it from being used; in `title`, with ``-`` as the step.
    """
    settings, _, reasons = _read(ctx, program)
    rows = []
    for use in USES:
        script = script_of(settings, use)
        language = script.read_in(str(settings["locale"]))
        for one in script.steps:
            words = script.words.get(one.step, {})
            rows.append({
                "use": use,
                "step": one.step,
                "kind": one.kind,
                "needed": one.needed,
                "languages": ", ".join(sorted(words)),
                "title": words[language].title,
            })  # fmt: skip
    empty = {"kind": "", "needed": False, "languages": ""}
    return rows + [{"use": use, "step": "-", **empty, "title": why} for use, why in reasons]


def preview(
    ctx: CommandContext, *, program: str, use: str = "choose", language: str | None = None
) -> dict[str, Any]:
    """Return what each step says in a language, by its number and id, and the draft at the end.

    Answers stand in square brackets. Raises `Invalid` for a use or a language that there is not.
    """
    settings, name, _ = _read(ctx, program)
    if use not in USES:
        told = Problem("use", f"write one of {', '.join(USES)}")
        raise Invalid("guide.use", "There is no such script.", [told])
    script = script_of(settings, use)
    if language is not None and language not in script.languages:
        told = Problem("language", f"write one of {', '.join(script.languages)}")
        raise Invalid("guide.language", "The script cannot be read in that language.", [told])
    at = language or script.read_in(str(settings["locale"]))
    called = {"person": "[person]", "program": name.get(at) or next(iter(name.values()), "")}
    more = {"others": "[others]", "most": str(settings["most"])}
    read: dict[str, Any] = {"language": at}
    for number, one in enumerate(script.steps, 1):
        words = script.words[one.step][at]
        lines = [filled(text, **called, **more) for text in (words.title, words.text) if text]
        options = script.choices.get(one.step, {}) if one.kind == "option" else {}
        lines += [f"- {named[at].text}" for named in options.values()]
        if one.kind == "draft":
            lines.append(composed(words.says, _parts(script, at), **called))
        read[f"{number} {one.step}"] = "\n".join(lines)
    return read


def _parts(script: Script, language: str) -> list[str]:
    """Return what each step adds to the draft, with an example in the place of the answer."""
    parts = []
    for one in script.steps:
        if one.kind in ("words", "times"):
            answer = f"[{one.step}]"
        elif one.kind == "option":
            named = next(iter(script.choices[one.step].values()))[language]
            answer = named.says or named.text
        else:
            continue
        parts.append(filled(script.words[one.step][language].says or "{answer}", answer=answer))
    return parts


def _read(
    ctx: CommandContext, program: str
) -> tuple[Mapping[str, Any], Mapping[str, str], list[tuple[str, str]]]:
    """Return what the program sets and its locale, its name, and why something is not used."""
    from mentorkit.journey.definitions import fields_of, targets_of
    from mentorkit.journey.steps import chosen, reading

    with reading(ctx.kit, ctx.tenant, ctx.actor, program) as (tx, found):
        own = chosen(tx, found, NAME)
        if own is None:
            raise Conflict(
                "guide.off",
                "The program has the plugin switched off. Switch it on: mentorkit program plugin "
                f"guide --on --program {found.key}",
            )
        settings = ctx.kit.context(ctx.tenant, found, NAME, settings=own).settings
        field = fields_of(tx, found).get(settings["field"])
        levels = [level.matching or found.matching for level in targets_of(tx, found)[0].touch]
    reasons = []
    if "self" not in (found.matching, *levels):
        reasons.append(("choose", "not used: staff match people here (matching is not self)"))
    if field is None or field.kind != "text" or not field.shown or "mentee" not in field.roles:
        told = f"not used: no question {settings['field']} in words that mentees answer and "
        reasons.append(("choose", f"{told}mentors are shown; add one, or set `field`"))
    if not settings["meet"]:
        reasons.append(("meet", "not used: `meet` is off"))
    return {**settings, "locale": found.locale}, found.name, reasons


__all__ = ["preview", "show"]
