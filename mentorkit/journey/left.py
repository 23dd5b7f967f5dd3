"""Left: why a run left somebody alone, kept without a name or a word that anybody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Participant
from mentorkit.domain.relationships import Reason

if TYPE_CHECKING:
    from mentorkit.matching import Pool, Result
    from mentorkit.matching.people import Someone

ANSWERS = ("value", "values", "upto")
PHRASES = ("rule", "needs")


def kept(reason: Reason, one: Someone, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return what is stored of a reason about `one`: codes, numbers and ids.

    By these `told` finds names and answers again. Whom nobody knows is kept as the place among the
    wishes of who asked for them.
    """

    def bare(params: Mapping[str, Any]) -> dict[str, Any]:
        stored = {key: value for key, value in params.items() if key != "name"}
        if "names" in stored:
            stored["names"] = [one.choices.index(name) for name in stored["names"]]
        asked = fields.get(params.get("own", ""))
        if "own" in params and (asked is None or asked.kind == "text"):
            stored |= {key: None for key in ANSWERS if key in stored}
        return stored | {key: _each(stored[key], bare) for key in PHRASES if key in stored}

    return {"code": reason.code, "params": bare(reason.params), "points": reason.points}


def kept_of(result: Result, pool: Pool) -> dict[str, list[dict[str, Any]]]:
    """Return everyone left, by side, with the codes of why and of what would help; no names."""
    people = {one.id: one for one in (*pool.mentees, *pool.mentors)}
    sides = {"mentees": result.unmatched_mentees, "mentors": result.unmatched_mentors}
    return {
        side: [
            {
                "id": one.id,
                "reason": kept(one.reason, people[one.id], pool.fields),
                "help": kept(one.help, people[one.id], pool.fields),
            }
            for one in left
        ]
        for side, left in sides.items()
    }


def broken(result: Result, pool: Pool) -> list[dict[str, Any]]:
    """Return the locked pairs that break a rule: both (ids), and the rule as it is stored."""
    people = {one.id: one for one in pool.mentees}
    return [
        {
            "mentee_id": one.mentee_id,
            "mentor_id": one.mentor_id,
            "reason": kept(one.rule, people[one.mentee_id], pool.fields),
        }
        for one in result.overridden
    ]


def unmatched(result: Result, pool: Pool) -> dict[str, list[dict[str, Any]]]:
    """Return everyone left, by side: the binding rule, and what one change would help."""
    from mentorkit.matching import words

    names = _names(pool)
    sides = {"mentees": result.unmatched_mentees, "mentors": result.unmatched_mentors}
    return {
        side: [
            {"id": one.id, "name": names[one.id], "reason": words(one.reason, fields=pool.fields),
             "help": words(one.help, fields=pool.fields)}
            for one in left
        ]
        for side, left in sides.items()
    }  # fmt: skip


def rules_broken(result: Result, pool: Pool) -> list[dict[str, str]]:
    """Return the locked pairs that break a rule, by name, each with the rule in words."""
    from mentorkit.matching import words

    names = _names(pool)
    return [
        {"mentee": names[one.mentee_id], "mentor": names[one.mentor_id],
         "words": words(one.reason, fields=pool.fields)}
        for one in result.overridden
    ]  # fmt: skip


def _names(pool: Pool) -> dict[str, str]:
    return {one.id: one.name or one.key for one in (*pool.mentees, *pool.mentors)}


def told(stored: Mapping[str, Any], one: Participant, names: Mapping[str, str]) -> Reason:
    """Return the reason about `one` again, with the `names` (by participant id) there are now."""
    from mentorkit.matching.people import wishes

    wished = wishes(one.profile)

    def whole(params: Mapping[str, Any]) -> dict[str, Any]:
        full = dict(params)
        full["name"] = names.get(full.get("id", one.id)) or "somebody who has left"
        if "names" in full:
            full["names"] = [wished[at] for at in full["names"] if at < len(wished)]
        answer = one.profile.get(full.get("own", ""))
        full |= {key: answer for key in ANSWERS if key in full and full[key] is None}
        return full | {key: _each(full[key], whole) for key in PHRASES if key in full}

    return Reason(code=stored["code"], params=Frozen(whole(stored["params"])))


def _each(phrase: Any, change: Any) -> Any:
    """Return a phrase, or several, with their parameters changed."""
    if isinstance(phrase, Mapping):
        return {"code": phrase["code"], "params": change(phrase["params"])}
    return [_each(one, change) for one in phrase]
