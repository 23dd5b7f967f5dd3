"""Matching for someone with two spreadsheets: people as leads in, sheets of pairs out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from mentorkit.domain.fields import FEATURE, parse_fields
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.participants import Lead
from mentorkit.domain.relationships import Reason
from mentorkit.domain.shown import shown
from mentorkit.domain.strategies import parse_strategy
from mentorkit.errors import Invalid, MentorKitError, PluginError
from mentorkit.hooks.calls import TOGETHER, called, computed
from mentorkit.hooks.providers import Sheet
from mentorkit.matching.binding import bind, of_broken_fields
from mentorkit.matching.people import Someone, wishes
from mentorkit.matching.wording import sentence, words

if TYPE_CHECKING:
    from mentorkit.domain.runs import Progress
    from mentorkit.hooks.context import Context
    from mentorkit.matching.binding import BoundStrategy, Offers
    from mentorkit.matching.pool import Pool
    from mentorkit.matching.result import Result


def pair_leads(
    mentees: Sequence[Lead],
    mentors: Sequence[Lead],
    strategy_data: Mapping[str, Any],
    registry: Offers,
    *,
    locks: Sequence[tuple[str, str]] = (),
    seed: int = 0,
    progress: Progress | None = None,
    context: Callable[[str], Context] | None = None,
) -> tuple[Result, Pool]:
    """Match leads by a strategy as it stands in its file, fields and all.

    A feature that it reads is computed now; `context` gives what the one of that name works with.

    A lead's key is their id; `locks` are pairs of them, held together whatever a rule says. A
    mentor without a capacity takes one mentee. A lead who stands on both sides is never paired with
    themselves: the same e-mail address is the same person; where none is given, the same key and
    name.

    Raises `Invalid` with everything wrong with the strategy and its fields, and `PluginError`.
    """
    strategy, problems = parse_strategy(strategy_data)
    fields, found = parse_fields(strategy_data.get("fields", {}))
    problems += found
    columns = strategy_data.get("columns", {})
    known = {name for lead in (*mentees, *mentors) for name in lead.profile}
    known |= {str(name) for name in columns.values()} if isinstance(columns, Mapping) else set()
    try:
        bound = bind(strategy, registry, fields, known=sorted(known))
    except MentorKitError as error:
        # Two passes over one file: what its shape got wrong is not told a second time.
        said = {problem.place for problem in problems}
        more = [p for p in getattr(error, "problems", ()) if p.place not in said]
        problems += of_broken_fields(more, set(strategy_data.get("fields") or ()) - set(fields))
        if not isinstance(error, Invalid) and not said:
            raise
    if problems:
        raise Invalid("strategy.invalid", "The strategy cannot be used as it stands:", problems)

    from mentorkit.matching.engine import run
    from mentorkit.matching.pool import Pool

    sides = [
        [_someone(lead) for lead in _with_features(side, bound, registry, context)]
        for side in (mentees, mentors)
    ]
    pool = Pool(sides[0], sides[1], bound.fields)
    return run(pool, bound, locks=locks, seed=seed, progress=progress, compare=True), pool


def _with_features(
    leads: Sequence[Lead],
    bound: BoundStrategy,
    registry: Offers,
    context: Callable[[str], Context] | None,
) -> Sequence[Lead]:
    """Return the leads with the features that the strategy reads among their answers."""
    for name, field in bound.computed.items():
        feature = registry.features[name.removeprefix(FEATURE)]
        if context is None:
            raise Invalid("feature.no_context", f"{name} cannot be computed here.")
        people = [{of: lead.profile.get(of) for of in field.of} for lead in leads]
        values: list[Any] = []
        for at in range(0, len(people), TOGETHER):
            compute = partial(computed, feature, context(feature.name), people[at : at + TOGETHER])
            values += called(name, "compute", compute, passing=(PluginError,))
        leads = [
            replace(lead, profile=Frozen({**lead.profile, name: value}))
            for lead, value in zip(leads, values, strict=True)
        ]
    return leads


def summary(result: Result) -> dict[str, Any]:
    """Return the figures of a run, ready for JSON: enough to see the trade that it makes.

    `alternatives` are the figures of the ways to pick pairs that were not chosen, `alternative` the
    most telling of them, `what_if` what each change alone would bring; None where a run was not
    asked for them, or the people are too many.
    """
    others = result.alternatives
    return {
        "mentees": result.mentees,
        "mentors": result.mentors,
        "pairs": len(result.pairs),
        "total": result.total,
        "total_bound": result.total_bound,
        "pairs_bound": result.pairs_bound,
        "blocking_pairs": result.blocking_pairs,
        "unmatched": {
            "mentees": len(result.unmatched_mentees),
            "mentors": len(result.unmatched_mentors),
        },
        "overridden": len(result.overridden),
        "objective": result.objective,
        "assigner": result.assigner,
        "method": result.method,
        "exact": result.exact,
        "by_choice": result.by_choice,
        "peers": result.peers,
        "groups": result.groups,
        "circles": _circles(result),
        "exhaustive": result.exhaustive,
        "seconds": round(result.seconds, 3),
        "alternative": shown(others[0]) if others else None,
        "alternatives": shown(others),
        "what_if": shown(result.what_if),
    }


def _circles(result: Result) -> dict[str, Any]:
    """Return how many circles there are, of how many mentees, and each one's further mentors.

    `alone` are who leads by themselves, where others do not.
    """
    sizes = [len(circle.mentees) for circle in result.circles]
    mentors = max((len(circle.mentors) for circle in result.circles), default=0)
    return {
        "count": len(sizes),
        "least": min(sizes, default=0),
        "most": max(sizes, default=0),
        "beside": {
            one.mentors[0]: list(one.mentors[1:]) for one in result.circles if one.mentors[1:]
        },
        "alone": [one.mentors[0] for one in result.circles if len(one.mentors) == 1 < mentors],
    }


_NOTHING = Reason(code="nothing_speaks")
"""What is said of a pair for which no criterion found anything to compare."""


def pairs_sheet(result: Result, pool: Pool, locale: str = "en") -> Sheet:
    """Return the pairs as a sheet: mentee, mentor, score, and the reasons in one column.

    One more column numbers the circles or rings, and where a circle has a second mentor, another
    names them.
    """
    shown = _shown(pool)
    beside = _circles(result)["beside"]
    numbers = _numbered(result, pool) if result.groups else {}
    more = (*(["group"] if result.groups else ()), *(["second mentor"] if beside else ()))
    return Sheet(
        title="Pairs",
        columns=("mentee", "mentor", "score", "reasons", *more),
        rows=tuple(
            (
                shown["mentee"][pair.mentee_id],
                shown["mentor"][pair.mentor_id],
                pair.score,
                sentence(pair.reasons, locale, pool.fields, whose="mentee")
                or ("" if pair.score or result.by_choice else words(_NOTHING, locale)),
                *([numbers[pair.mentee_id]] if result.groups else ()),
                *_second(beside, pair.mentor_id, shown),
            )
            for pair in result.pairs
        ),
    )


def _numbered(result: Result, pool: Pool) -> dict[str, int]:
    """Return of each paired mentee the number of their circle or ring, counted down the sheet."""
    from mentorkit.matching.together import twins

    led = {pool.mentee_at[one.mentee_id]: pool.mentor_at[one.mentor_id] for one in result.pairs}
    mentee_of = {
        mentor: mentee for mentee, mentor in enumerate(twins(pool).tolist()) if mentor >= 0
    }
    leads: dict[int, int] = {}
    for mentee in led:
        ring = [mentee]
        while (before := mentee_of.get(led[ring[-1]])) in led and before not in ring:
            ring.append(before)
        # Whoever stands in a ring comes round to themselves; a circle ends with who leads it.
        leads[mentee] = min(ring) if before in ring else -1 - led[mentee]
    numbers: dict[int, int] = {}
    return {
        pool.mentees.ids[mentee]: numbers.setdefault(lead, len(numbers) + 1)
        for mentee, lead in leads.items()
    }


def _second(
    beside: Mapping[str, Sequence[str]], mentor: str, shown: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    """Yield the cell of the column for second mentors, where there is one."""
    if beside:
        yield ", ".join(shown["mentor"][one] for one in beside.get(mentor, ()))


def unmatched_sheet(result: Result, pool: Pool, locale: str = "en") -> Sheet:
    """Return everyone left as a sheet: side, person, the reason, and what would help."""
    shown = _shown(pool)
    return Sheet(
        title="Unmatched",
        columns=("side", "person", "reason", "what would help"),
        rows=tuple(
            (
                side,
                shown[side][one.id],
                words(one.reason, locale, pool.fields),
                words(_with_key(one.help), locale, pool.fields),
            )
            for side, left in (
                ("mentee", result.unmatched_mentees),
                ("mentor", result.unmatched_mentors),
            )
            for one in left
        ),
    )


def _someone(lead: Lead) -> Someone:
    email, name = (lead.email or "").strip().casefold(), " ".join(lead.name.casefold().split())
    return Someone(
        key=lead.key,
        id=lead.key,
        profile=lead.profile,
        capacity=1 if lead.capacity is None else lead.capacity,
        name=lead.name,
        person_id=f"e-mail {email}" if email else f"key {lead.key}\x00{name}",
        choices=wishes(lead.profile),
        cohort=lead.cohort or "",
        zone=lead.zone or "",
    )


def _with_key(help_: Reason) -> Reason:
    """Return a help with the key of whom it names: a sheet of keys is searched by key."""
    name, key = help_.params.get("name"), help_.params.get("id")
    if name == key:
        return help_
    return replace(help_, params=Frozen({**help_.params, "name": f"{name} ({key})"}))


def _shown(pool: Pool) -> dict[str, dict[str, str]]:
    """Return what everybody is called in a sheet: their key, so that sheets can be joined."""
    return {
        "mentee": {one.id: one.key or one.id for one in pool.mentees},
        "mentor": {one.id: one.key or one.id for one in pool.mentors},
    }
