"""Sifting a draft: which of its pairs and of those left are shown, by answer, fit and state.

What the address says decides: `by` a field and `value` an answer to it, `fit` the most points of
100 that a pair may have, `show` ("pairs", "left") one part of the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mentorkit.web.answers import number
from mentorkit.web.visits import Visit

FITS = (25, 50, 75)
"""The fits up to which pairs can be shown."""
PARTS = ("pairs", "left")
UNANSWERED = "-"
"""Stands in the address for those who did not answer."""


@dataclass(frozen=True, slots=True)
class Sifted:
    """What is shown of a draft, and how the groups of a field came out (None: no field asked)."""

    by: str
    value: str
    fit: int | None
    show: str
    pairs: list[Mapping[str, Any]]
    left: Mapping[str, list[Mapping[str, Any]]]
    report: Mapping[str, Any] | None
    answers: list[tuple[str, str]]

    @property
    def kept(self) -> dict[str, Any]:
        """Return what an address must say for the same to be shown."""
        asked = {"by": self.by, "value": self.value, "fit": self.fit, "show": self.show}
        return {name: value for name, value in asked.items() if value}

    @property
    def narrowed(self) -> bool:
        """Whether some are left out of what is shown."""
        return bool(self.value or self.fit or self.show)


def sift(visit: Visit, draft: Mapping[str, Any], asked: Mapping[str, str]) -> Sifted:
    """Return what the address `asked` to be shown of a draft; what makes no sense is passed over.

    With a `value` a pair is shown where the mentee or the mentor gave that answer; only to staff,
    who may know what one person has answered.
    """
    by = asked.get("by", "")
    field = draft["fields"].get(by)
    answers = _answers(visit, draft, field) if field else []
    value = asked.get("value", "")
    value = value if value in dict(answers) else ""
    fit = number(asked.get("fit", ""))
    fit = fit if fit in FITS else None
    show = asked.get("show", "")
    show = show if show in PARTS else ""

    def has(*people: str) -> bool:
        return not value or any(value in _given(draft, by, id) for id in people)

    pairs = [
        one
        for one in draft["pairs"]
        if has(one["mentee_id"], one["mentor_id"]) and (fit is None or one["score"] < fit * 100)
    ]
    left = {
        side: [one for one in people if has(one["id"])] for side, people in draft["left"].items()
    }
    return Sifted(
        by=by if field else "",
        value=value,
        fit=fit,
        show=show,
        pairs=[] if show == "left" else pairs,
        left=left if show == "left" or (not show and fit is None) else {},
        report=draft["fairness"],
        answers=answers,
    )


def asked_for(asked: Mapping[str, str]) -> dict[str, Any]:
    """Return what an address asks to be shown, to be asked for again."""
    return {name: asked[name] for name in ("by", "value", "fit", "show") if asked.get(name)}


def _answers(
    visit: Visit, draft: Mapping[str, Any], field: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Return the answers that somebody of the draft gave, as the address and a reader have them."""
    given = {one for id in draft["profiles"] for one in _given(draft, field["id"], id)}
    named = dict(visit.choices(field))
    told = [(id, label) for id, label in named.items() if id in given]
    told += sorted((one, called(visit, field, one)) for one in given - named.keys())
    return told


def _given(draft: Mapping[str, Any], by: str, id: str) -> Iterator[str]:
    answer = draft["profiles"].get(id, {}).get(by)
    if answer is None or answer in ("", []):
        yield UNANSWERED
    elif isinstance(answer, list):
        yield from map(str, answer)
    else:
        yield str(answer).lower() if isinstance(answer, bool) else str(answer)


def called(visit: Visit, field: Mapping[str, Any], value: Any) -> str:
    """Return what an answer to a field is called, in the reader's language."""
    if value in (None, UNANSWERED):
        return visit.words("Not answered")
    if value in (True, "true"):
        return visit.words("Yes")
    if value in (False, "false"):
        return visit.words("No")
    return visit.text(field["choices"].get(value, value))
