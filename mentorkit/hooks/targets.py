"""What the columns of a file may be mapped to: fields of the program, and of a lead itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

from mentorkit.errors import Problem


def wrong_targets(
    columns: Mapping[str, str], targets: Collection[str], *, sure: bool = True
) -> list[Problem]:
    """Return which columns (``columns.TITLE``) are mapped to none of the `targets` there are.

    With `sure` false others are let pass, but for those that look like a slip of the hand.
    """
    problems = []
    for title, target in columns.items():
        near = get_close_matches(
            target.casefold(), list(targets), n=1, cutoff=0.6 if sure else 0.75
        )
        if target not in targets and (sure or near):
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(targets)}"
            problems.append(Problem(f"columns.{title}", f"{target!r} is no field; {hint}"))
    return problems
