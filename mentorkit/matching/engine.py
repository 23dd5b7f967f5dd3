"""One run: score everybody, ask the assigner, check its answer, prove how good it is, say why."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.relationships import Reason
from mentorkit.errors import Conflict, Invalid, PluginError, Problem
from mentorkit.hooks.assignments import Assignment
from mentorkit.matching import assign
from mentorkit.matching.binding import BoundStrategy
from mentorkit.matching.explain import explain_pair, own_reason, storable
from mentorkit.matching.people import Someone
from mentorkit.matching.pool import Index, Pool
from mentorkit.matching.problem import Question
from mentorkit.matching.refused import Refusals
from mentorkit.matching.result import Certificate, Circle, Later, Override, Pair, Result
from mentorkit.matching.scan import Scan, ask, explains
from mentorkit.matching.surveys import Proof, survey
from mentorkit.matching.together import (
    busy,
    circles_of,
    halves,
    read_groups,
    wrong_groups,
    wrong_peers,
)
from mentorkit.matching.trade import alternatives
from mentorkit.matching.unmatched import Left, rule_phrase
from mentorkit.matching.whatif import what_if
from mentorkit.matching.wording import words

if TYPE_CHECKING:
    from mentorkit.domain.runs import Progress
    from mentorkit.matching.fused import Fused, MapShards

T = TypeVar("T")
Locks = tuple[tuple[int, int], ...]


def run(
    pool: Pool,
    bound: BoundStrategy,
    *,
    locks: Sequence[tuple[str, str]] = (),
    seed: int = 0,
    progress: Progress | None = None,
    map_shards: MapShards | None = None,
    compare: bool = False,
) -> Result:
    """Match the people of a pool by a bound strategy.

    `locks` are (mentee id, mentor id) pairs that the result must hold; ``(what was typed, "")`` is
    one that could not be read, and is refused with the others. Same people, strategy,
    locks and seed give the same result, pair for pair, in whatever order the people came. With
    `compare` it also says what the ways not chosen would come to, and what loosening each rule
    would change, where the people are not too many for that (`trade`, `whatif`) and all pairs were
    looked at. `map_shards(fn, shards)` shares the scan out, as `fused` says; without it, to the
    cores of this process.

    Raises `Invalid` for more pairs than can be looked at without compiled code, and for locks that
    name nobody or contradict each other, `Conflict` for a lock that breaks a safeguard, and
    `PluginError` when a plugin's answer is not one.
    """
    began = time.perf_counter()

    def tell(what: str) -> None:
        if progress is not None:
            progress.step(0, 0, what)

    held = _locks(pool, locks)
    scan = Scan(pool, bound, map_shards=map_shards)
    scan.check_size()
    overridden = tuple(_overridden(scan, held))
    question = Question(scan, locks=held, seed=seed, progress=progress)
    tell("assigning")
    assignment = _ask_assigner(bound, question)
    match, circles = _checked(scan, question, assignment)
    engaged, used = busy(pool, bound, match, circles)
    tell("checking")
    proof = _certify(bound, question, assignment, match)
    shown = survey(question, match, proof, held)
    if halves(question, pool, bound, match):
        shown = shown.halved()
    rows = np.flatnonzero(match >= 0)
    total = int(shown.own[rows].sum())
    met = total == shown.total_bound and (
        bound.strategy.objective == "score" or len(rows) == shown.pairs_bound
    )
    tell("explaining")
    assigner = bound.assigner
    compare = compare and scan.exhaustive and not (assigner.peers or assigner.groups)
    said = assignment.mentees_left, assignment.mentors_left
    left = Left(scan, question, engaged, used, said)
    if compare:
        tell("comparing")
    return Result(
        pairs=_told(
            scan, len(rows), lambda: _explained(scan, rows, match[rows], shown.rank[rows], held)
        ),
        shortlists=Shortlists(scan, question),
        unmatched_mentees=_told(scan, int((engaged < 0).sum()), left.mentees),
        unmatched_mentors=_told(scan, int((used == 0).sum()), left.mentors),
        mentees=len(pool.mentees),
        mentors=len(pool.mentors),
        total=total,
        total_bound=shown.total_bound,
        pairs_bound=shown.pairs_bound,
        blocking_pairs=shown.blocking,
        method=assignment.method,
        exact=met and bound.assigner.uses_objective and scan.exhaustive,
        objective=bound.strategy.objective,
        overridden=overridden,
        certificate=_by_id(pool, proof),
        notes=tuple(scan.notes()),
        by_choice=not bound.assigner.uses_scores,
        refused=Frozen() if bound.assigner.uses_scores else Refusals(scan, match, held),
        exhaustive=scan.exhaustive,
        assigner=bound.strategy.assigner,
        alternatives=alternatives(question, pool, bound, shown.total_bound, shown.pairs_bound)
        if compare
        else None,
        what_if=what_if(scan, match, held) if compare and bound.assigner.uses_scores else None,
        seconds=time.perf_counter() - began,
        circles=circles,
        peers=assigner.peers,
        groups=assigner.groups,
    )


def _told(scan: Scan, count: int, make: Callable[[], Iterator[T]]) -> Sequence[T]:
    """Return what is told of people: now, or when it is read where no plugin's code can fail."""
    return Later(count, make) if scan.fused is not None and scan.speaks_itself else tuple(make())


def recommend(pool: Pool, bound: BoundStrategy, mentee_id: str, limit: int) -> tuple[Pair, ...]:
    """Return the mentors who fit one mentee of the pool best, exactly, with the reasons of each.

    Rules and safeguards come first; ties go by the order of ids. Nobody is given to anybody: a
    mentor may stand in many such lists.
    """
    return Recommender(pool, bound).best(mentee_id, limit)


class Recommender:
    """Answers many times who fits one mentee best: the pool is packed once, and scanned each time.

    Takes the place of `recommend` where one pool is asked about again and again.
    """

    def __init__(self, pool: Pool, bound: BoundStrategy, *, compiled: bool | None = None) -> None:
        """Take a pool as it is now. `compiled` says whether to compile the scan: where it pays."""
        self._scan = Scan(pool, bound, compiled=compiled is not False)
        if compiled:
            self._scan.compile()

    @property
    def fused(self) -> Fused | None:
        """The compiled scan, where it is used."""
        return self._scan.fused

    def best(self, mentee_id: str, limit: int) -> tuple[Pair, ...]:
        """Return what `recommend` does. Raises KeyError for somebody who is not in the pool."""
        mentee = self._scan.pool.mentee_at[mentee_id]
        return self._told(mentee, self._scan.best(mentee, limit)[0].astype(np.intp))

    def fit(self, mentee_id: str) -> list[str]:
        """Return the ids of all mentors whom one mentee may have, in the order of `best`."""
        pool = self._scan.pool
        found = self._scan.best(pool.mentee_at[mentee_id], len(pool.mentors))[0]
        return [pool.mentors.ids[at] for at in found.tolist()]

    def pairs(self, mentee_id: str, mentor_ids: Sequence[str]) -> tuple[Pair, ...]:
        """Return one mentee's pairs with these mentors, ranked as they are given."""
        at = self._scan.pool.mentor_at
        mentors = np.array([at[one] for one in mentor_ids], np.intp)
        return self._told(self._scan.pool.mentee_at[mentee_id], mentors)

    def _told(self, mentee: int, mentors: Index) -> tuple[Pair, ...]:
        rows, ranks = np.full(len(mentors), mentee), np.arange(1, len(mentors) + 1)
        return tuple(_explained(self._scan, rows, mentors, ranks, ()))


class Shortlists(Mapping[str, tuple[Pair, ...]]):
    """Each mentee's best mentors by rules and criteria, ranked; explained when they are asked for.

    As many as the strategy's `shortlist` says, the mentor that the run gave them among the rest.
    It is pickled as a dict of them all.
    """

    def __init__(self, scan: Scan, question: Question) -> None:
        self._scan, self._question = scan, question

    def __getitem__(self, mentee_id: str) -> tuple[Pair, ...]:
        mentee = self._scan.pool.mentee_at[mentee_id]
        mentors, _ = self._question.shortlist(mentee, self._scan.bound.strategy.shortlist)
        ranks = np.arange(1, len(mentors) + 1)
        return tuple(_explained(self._scan, np.full(len(mentors), mentee), mentors, ranks, ()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._scan.pool.mentees.ids)

    def __len__(self) -> int:
        return len(self._scan.pool.mentees)

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (dict(self),)


# --------------------------------------------------------------------------- locks


def _locks(pool: Pool, locks: Sequence[tuple[str, str]]) -> Locks:
    """Return the locks by position, or refuse them with everything wrong."""
    problems: list[Problem] = []
    refused: list[Problem] = []
    held: dict[int, int] = {}
    places = pool.capacity.copy()
    for mentee_id, mentor_id in dict.fromkeys((a, b) for a, b in locks):
        mentee, mentor = pool.mentee_at.get(mentee_id), pool.mentor_at.get(mentor_id)
        one = _called(pool.mentees.people, mentee, mentee_id)
        other = _called(pool.mentors.people, mentor, mentor_id)
        here = f"lock {one}={other}"
        if not (mentee_id and mentor_id):
            told = "write MENTEE=MENTOR, their keys or ids"
            problems.append(Problem(here if mentor_id else f"lock {mentee_id}", told))
            continue
        if mentee is None:
            problems.append(Problem(here, f"{one!r} is no available mentee here"))
        if mentor is None:
            problems.append(Problem(here, f"{other!r} is no available mentor here"))
        if mentee is None or mentor is None:
            continue
        if mentee in held:
            problems.append(Problem(here, f"{one!r} is locked to another mentor already"))
            continue
        held[mentee] = mentor
        reason = pool.refusal(mentee, mentor)
        if reason is not None:
            refused.append(Problem(here, words(reason, fields=pool.fields)))
        elif not places[mentor]:
            refused.append(Problem(here, f"{other!r} has no place left"))
        else:
            places[mentor] -= 1
    if problems:
        raise Invalid("lock.invalid", "These locks cannot be kept:", [*problems, *refused])
    if refused:
        told = "\n".join(f"  - {problem}" for problem in refused)
        raise Conflict(
            "lock.breaks_safeguard",
            f"A lock may override a rule, but no safeguard. Take these locks back:\n{told}",
            problems=[str(problem) for problem in refused],
        )
    return tuple(sorted(held.items()))


def _called(people: Sequence[Someone], at: int | None, otherwise: str) -> str:
    """Return what somebody in a lock is called by whoever typed it."""
    return otherwise if at is None else people[at].key or people[at].name or otherwise


def _overridden(scan: Scan, locks: Locks) -> Iterator[Override]:
    """Yield the locked pairs that break a rule, with the first rule they break."""
    pool, rules = scan.pool, scan.bound.rules
    rows, cols = (np.array([pair[at] for pair in locks], np.intp) for at in (0, 1))
    broken = np.zeros((len(rules), len(locks)), np.bool_)
    for index in range(len(rules)):
        broken[index] = ~scan.passes(index, rows, cols)
    for at in np.flatnonzero(broken.any(axis=0)).tolist():
        mentee, mentor = locks[at]
        bound = rules[int(broken[:, at].argmax())]
        reason: Reason | None = None
        if explains(bound.rule):
            people = pool.mentees.answers[mentee], pool.mentors.answers[mentor]
            reason = own_reason(bound, partial(bound.rule.explain, *people), pool.fields)
        broken_rule = Reason(code="breaks_rule", params=Frozen(rule=rule_phrase(bound)))
        yield Override(
            mentee_id=pool.mentees.ids[mentee],
            mentor_id=pool.mentors.ids[mentor],
            reason=reason or broken_rule,
            rule=broken_rule,
        )


# --------------------------------------------------------------------------- the assigner


def _ask_assigner(bound: BoundStrategy, question: Question) -> Assignment:
    how = partial(bound.assigner.assign, question)
    given = ask(bound.assigner_label, "assign", how, passing=(Invalid,))
    if not isinstance(given, Assignment):
        raise PluginError(
            "plugin.assigner",
            f"{bound.assigner_label}: assign returned {type(given).__name__}; "
            "return an Assignment.",
        )
    told = ""
    if not isinstance(given.pairs, Collection):
        kind = type(given.pairs).__name__
        told = f"pairs is of type {kind}; give a tuple of (mentee, mentor) indices"
    elif not (isinstance(given.method, str) and storable(given.method)):
        told = "method is no text that can be stored; say in a few words how it was done"
    elif not all(map(_says_why, (given.mentees_left, given.mentors_left))):
        told = "mentees_left and mentors_left give an index two reasons: why, and what would help"
    if told:
        raise PluginError("plugin.assigner", f"{bound.assigner_label}: {told}.")
    return given


def _says_why(left: object) -> bool:
    """Return whether an assigner has said why people are left as it should."""
    return isinstance(left, Mapping) and all(
        isinstance(two, tuple) and len(two) == 2 and all(isinstance(one, Reason) for one in two)
        for two in left.values()
    )


def _checked(
    scan: Scan, question: Question, assignment: Assignment
) -> tuple[Index, tuple[Circle, ...]]:
    """Return each mentee's mentor (-1: none) and the groups, or say all that is not feasible."""
    label, pool = scan.bound.assigner_label, scan.pool
    mentees, mentors = len(pool.mentees), len(pool.mentors)
    mentor_of = [-1] * mentees
    problems: list[Problem] = []
    locked = set(question.locks)
    for entry in assignment.pairs:
        try:
            mentee, mentor = map(operator.index, entry)
        except (TypeError, ValueError):
            problems.append(Problem(label, f"{entry!r} is no pair of two indices"))
            continue
        if not (0 <= mentee < mentees and 0 <= mentor < mentors):
            problems.append(Problem(label, f"({mentee}, {mentor}) names nobody"))
        elif mentor_of[mentee] >= 0:
            problems.append(Problem(label, f"mentee {pool.mentees.ids[mentee]} is paired twice"))
        else:
            mentor_of[mentee] = mentor
    match = np.array(mentor_of, np.intp)
    paired = np.flatnonzero(match >= 0)
    refused = paired[~question.allows(paired, match[paired])]
    for pair in zip(refused.tolist(), match[refused].tolist(), strict=True):
        if pair not in locked:
            told = f"{pool.mentees.ids[pair[0]]} with {pool.mentors.ids[pair[1]]}"
            problems.append(Problem(label, f"{told} is not among the candidates"))
    used = np.bincount(match[paired], minlength=mentors)
    for mentor in np.flatnonzero(used > pool.capacity).tolist():
        problems.append(
            Problem(
                label,
                f"mentor {pool.mentors.ids[mentor]} got {used[mentor]} mentees and has "
                f"{pool.capacity[mentor]} place(s)",
            )
        )
    for mentee, mentor in question.locks:
        if match[mentee] != mentor:
            told = f"{pool.mentees.ids[mentee]} with {pool.mentors.ids[mentor]}"
            problems.append(Problem(label, f"the lock {told} is missing"))
    try:
        groups = read_groups(assignment.groups)
        told_of = [*wrong_groups(pool, question, groups, match)]
    except ValueError as error:
        groups, told_of = (), [str(error)]
    if scan.bound.assigner.peers:
        told_of += wrong_peers(pool, match)
    problems += [Problem(label, told) for told in told_of]
    if problems:
        raise PluginError("plugin.assignment", "The assigner's answer cannot be used:", problems)
    return match, circles_of(pool, groups)


# --------------------------------------------------------------------------- the proof


def _certify(
    bound: BoundStrategy, question: Question, assignment: Assignment, match: Index
) -> Proof:
    """Return what proves the bounds: the assigner's own, else one of ours."""
    if assignment.prices is not None and assignment.cover is not None:
        return _own_proof(bound, question, assignment)
    if not question.dense:
        return _plain_proof(question, match)
    # What ignores the objective is measured by the best total there is, at any number of pairs.
    return _as_proof(
        assign.solve_dense(*question.matrix(), question.capacity, "score", question.locks)
    )


def _plain_proof(question: Question, match: Index) -> Proof:
    """Return a proof that costs no solving: valid, but less tight than a solver's.

    A full mentor costs what the worst of their mentees scores, which is what it takes to get in.
    """
    own, paired = question.scores_of(match), np.flatnonzero(match >= 0)
    prices = np.zeros(len(question.mentors), np.int64)
    used = np.bincount(match[paired], minlength=len(prices))
    full = (used > 0) & (used >= np.array(question.capacity))
    prices[full] = np.iinfo(np.int64).max
    dear = paired[full[match[paired]]]
    np.minimum.at(prices, match[dear], own[dear])
    mentees = np.flatnonzero(np.diff(question.lists().indptr))
    if len(mentees) <= sum(question.capacity):
        return tuple(prices.tolist()), 0, (tuple(mentees.tolist()), ())
    return tuple(prices.tolist()), 0, ((), tuple(range(len(prices))))


def _own_proof(bound: BoundStrategy, question: Question, assignment: Assignment) -> Proof:
    given: Any = assignment
    try:
        prices, mentees, mentors = (
            tuple(map(operator.index, numbers)) for numbers in (given.prices, *given.cover)
        )
        # A bonus proves nothing where results of fewer pairs are as welcome.
        bonus = operator.index(given.bonus) if bound.covers else 0
        assign.check_prices(prices, bonus, len(question.mentors))
        told = "the cover does not touch every candidate pair"
        if question.is_covered((mentees, mentors)):
            return prices, bonus, (mentees, mentors)
    except (TypeError, ValueError, OverflowError) as error:
        told = f"{error}; give whole numbers: one price a mentor, a bonus, a cover of two lists"
    raise PluginError("plugin.certificate", f"{bound.assigner_label}: {told}.")


def _as_proof(solution: assign.Solution) -> Proof:
    mentees, mentors = solution.cover
    return (
        tuple(solution.prices.tolist()),
        solution.bonus,
        (tuple(mentees.tolist()), tuple(mentors.tolist())),
    )


def _by_id(pool: Pool, proof: Proof) -> Certificate:
    prices, bonus, (mentees, mentors) = proof
    return Certificate(
        prices=Frozen(dict(zip(pool.mentors.ids, prices, strict=True))),
        bonus=bonus,
        cover_mentees=tuple(pool.mentees.ids[i] for i in mentees),
        cover_mentors=tuple(pool.mentors.ids[j] for j in mentors),
    )


# --------------------------------------------------------------------------- pairs


def _explained(
    scan: Scan, rows: Index, cols: Index, ranks: Any, locks: Sequence[tuple[int, int]]
) -> Iterator[Pair]:
    values, parts = scan.pairs(rows, cols)
    locked, ids = set(locks), (scan.pool.mentees.ids, scan.pool.mentors.ids)
    pairs = zip(
        rows.tolist(), cols.tolist(), values.T.tolist(), parts.T.tolist(), ranks.tolist(),
        strict=True,
    )  # fmt: skip
    for mentee, mentor, of_it, part_of_it, rank in pairs:
        to_mentee, to_mentor = explain_pair(scan, mentee, mentor, of_it, part_of_it)
        yield Pair(
            mentee_id=ids[0][mentee],
            mentor_id=ids[1][mentor],
            score=sum(part_of_it),
            parts=tuple(part_of_it),
            reasons=to_mentee,
            reasons_mentor=to_mentor,
            rank=rank,
            locked=(mentee, mentor) in locked,
        )
