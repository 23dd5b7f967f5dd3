"""Why someone is left alone: the rule that stands in the way most, and one change that would help.

A change is only named where it would work, all else staying as it is: a rule whose absence alone
lets in somebody who is free, a place with a mentor who fits, an answer that a rule waits for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.relationships import Reason
from mentorkit.hooks.forms import (
    Above,
    Differs,
    MinAvailability,
    MinOverlap,
    PastPair,
    RuleForm,
    Same,
    SameCohort,
    SharesAny,
)
from mentorkit.matching.binding import BoundRule
from mentorkit.matching.forms import Bools
from mentorkit.matching.people import Someone
from mentorkit.matching.pool import Index, Pool
from mentorkit.matching.problem import Question
from mentorkit.matching.result import Unmatched
from mentorkit.matching.scan import TILE_CELLS, Scan


@dataclass(frozen=True, slots=True, eq=False)
class Left:
    """Who is alone after a run, and what is needed to say why."""

    scan: Scan
    question: Question
    match: Index  # (n,), -1 for alone
    used: Index  # (m,)
    said: tuple[Mapping[int, tuple[Reason, Reason]], Mapping[int, tuple[Reason, Reason]]] = ({}, {})
    """What the assigner says itself of mentees and of mentors: why, and what would help."""
    named: Counter[int] = field(default_factory=Counter)
    """How many mentees have been told to go to each mentor who is free."""

    @property
    def pool(self) -> Pool:
        return self.scan.pool

    def mentees(self) -> Iterator[Unmatched]:
        """Yield every mentee who is alone."""
        alone = np.flatnonzero(self.match < 0)
        everyone = self.scan.everyone[1]
        free = self.used < self.pool.capacity
        for rows in _tiles(alone, len(everyone)):
            safe = self.scan.safe(rows, everyone)
            masks = self._masks(rows, everyone)
            for at, mentee in enumerate(rows):
                someone = self.pool.mentees.people[mentee]
                if not len(everyone):
                    yield _left(someone, _reason("no_mentors"), _reason("recruit_mentors"))
                elif self.question.lets_in(int(mentee)) and int(mentee) in self.said[0]:
                    yield _left(someone, *map(self._with_name, self.said[0][int(mentee)]))
                elif self.question.lets_in(int(mentee)):
                    yield self._mentee_with_candidates(int(mentee), free)
                else:
                    ruled = _Ruled(self, "mentors", int(mentee), safe[at], masks[:, at], free)
                    yield _left(someone, ruled.reason(), ruled.help())

    def mentors(self) -> Iterator[Unmatched]:
        """Yield every mentor who has nobody."""
        everyone = self.scan.everyone[0]
        alone = self.match < 0
        for cols in _tiles(np.flatnonzero(self.used == 0), len(everyone)):
            safe = self.scan.safe(everyone, cols)
            masks = self._masks(everyone, cols)
            for at, mentor in enumerate(cols):
                someone = self.pool.mentors.people[mentor]
                if not someone.capacity:
                    yield _left(someone, _reason("no_places"), _reason("give_place"))
                elif not len(everyone):
                    yield _left(someone, _reason("no_mentees"), _reason("recruit_mentees"))
                else:
                    column, fit = safe[:, at], masks[:, :, at]
                    ruled = _Ruled(self, "mentees", int(mentor), column, fit, alone)
                    lets_in = self.question.column(int(mentor))[1].any()
                    if lets_in and int(mentor) in self.said[1]:
                        yield _left(someone, *map(self._with_name, self.said[1][int(mentor)]))
                    elif lets_in:
                        yield self._mentor_with_candidates(int(mentor), ruled)
                    else:
                        yield _left(someone, ruled.reason(), ruled.help())

    def _with_name(self, reason: Reason) -> Reason:
        """Return a reason of the assigner's with the name of whom it names by id."""
        id, pool = str(reason.params.get("id")), self.pool
        for side, at in ((pool.mentors, pool.mentor_at), (pool.mentees, pool.mentee_at)):
            if id in at:
                return _reason(reason.code, **{**reason.params, "name": _name(side.people[at[id]])})
        return reason

    def _masks(self, rows: Index, cols: Index) -> Bools:
        """Return what every rule says, each by itself: (rules, rows, cols)."""
        masks = np.ones((len(self.scan.rules), len(rows), len(cols)), np.bool_)
        for index in range(len(self.scan.rules)):
            masks[index] = self.scan.rule_mask(index, rows, cols)
        return masks

    def _mentee_with_candidates(self, mentee: int, free: Bools) -> Unmatched:
        someone = self.pool.mentees.people[mentee]
        scores, allowed = (block[0] for block in self.question.blocks(mentee, mentee + 1))
        fit = np.flatnonzero(allowed)
        there = fit[free[fit]]
        chooses = not self.scan.bound.assigner.uses_scores
        if chooses:
            wanted = self.question.choices(mentee)
            strangers = self.pool.strangers(mentee)
            if strangers and not wanted:
                reason = _reason("choices_unknown", names=strangers)
            elif strangers:
                reason = _reason("choices_gone_unknown", names=strangers)
            else:
                asked = f"asked_{someone.asked}" if someone.asked else "not_chosen"
                reason = _reason("choices_gone" if wanted else asked)
                if reason.code == "asked_open":
                    return _left(someone, reason, _reason("await_answer"))
            if len(there):
                return _left(someone, reason, self._spread("choose", there, scores))
            if not wanted:
                return _left(someone, reason, _reason("choose_any"))
        elif self._worthless(scores[fit]):
            return _left(someone, _reason("no_score", count=len(fit)), _reason("use_coverage"))
        elif len(there):
            reason = _reason("left_over", count=len(there))
            return _left(someone, reason, self._spread("lock_pair", there, scores))
        else:
            reason = self._counted("all_taken", len(fit))
        return _left(someone, reason, self._one_more_place(fit, scores))

    def _one_more_place(self, fit: Index, scores: Any) -> Reason:
        """Return at whom a place is missing, and what one more there is sure to bring."""
        if not self.scan.bound.covers:
            return self._named("more_room", fit, scores)
        # Most pairs come first, so one more place is one more pair; whose, the total decides.
        return self._named("one_more_place", fit, scores, left=int((self.match < 0).sum()))

    def _spread(self, code: str, there: Index, scores: Any) -> Reason:
        """Return a reason that names the best who is free, each as often as there are places."""
        places = self.pool.capacity - self.used
        unnamed = there[np.array([self.named[int(one)] < places[one] for one in there])]
        index = unnamed if len(unnamed) else there
        self.named[int(index[scores[index].argmax()])] += 1
        return self._named(code if len(unnamed) else f"{code}_too", index, scores)

    def _mentor_with_candidates(self, mentor: int, ruled: _Ruled) -> Unmatched:
        someone = self.pool.mentors.people[mentor]
        scores, allowed = self.question.column(mentor)
        fit = np.flatnonzero(allowed)
        there = fit[self.match[fit] < 0]
        if self._worthless(scores[fit]):
            return _left(someone, _reason("no_score", count=len(fit)), _reason("use_coverage"))
        if len(there):
            chooses = not self.scan.bound.assigner.uses_scores
            reason = _reason("nobody_chose") if chooses else _reason("left_over", count=len(there))
            code = "be_chosen" if chooses else "lock_pair"
            return _left(someone, reason, self._named(code, there, scores, "mentees"))
        help_ = ruled.relax() or self._named("recruit_like", fit, scores, "mentees")
        return _left(someone, self._counted("all_paired", len(fit)), help_)

    def _counted(self, code: str, count: int) -> Reason:
        """Return a reason that counts who fits; of a shortlist, where no more were looked at."""
        return _reason(code if self.scan.exhaustive else f"{code}_listed", count=count)

    def lock_with(self, mentee: int) -> Reason:
        """Return that a lock with this mentee would help."""
        someone = self.pool.mentees.people[mentee]
        return _reason("lock_pair", name=_name(someone), id=someone.id)

    @property
    def needs_score(self) -> bool:
        """Whether the objective leaves out pairs that nothing speaks for."""
        bound = self.scan.bound
        return bound.assigner.uses_objective and bound.strategy.objective == "score"

    def _worthless(self, scores: Any) -> bool:
        """Return whether the objective leaves all of these out."""
        return self.needs_score and not scores.any()

    def _named(
        self, code: str, index: Index, scores: Any, side: str = "mentors", **more: Any
    ) -> Reason:
        """Return a reason that names the best of these people."""
        best = int(index[scores[index].argmax()])
        someone = getattr(self.pool, side).people[best]
        return _reason(code, name=_name(someone), id=someone.id, **more)


@dataclass(frozen=True, slots=True, eq=False)
class _Ruled:
    """One person for whom nobody is left. `masks` is (rules, others), `free` who could be had."""

    left: Left
    others: str
    at: int
    safe: Bools
    masks: Bools
    free: Bools

    @property
    def rules(self) -> tuple[BoundRule, ...]:
        return self.left.scan.bound.rules

    def reason(self) -> Reason:
        """Return the binding rule: the one that rules out most."""
        everybody = len(self.safe)
        waiting = self._unanswered()
        if waiting is not None:
            rule, name = waiting
            if isinstance(rule.rule.declared, SameCohort):
                return _reason("no_cohort", rule=rule_phrase(rule))
            return _reason("unanswered", field=name, rule=rule_phrase(rule))
        if not self.safe.any():
            if self._why_unsafe <= {"same_person"}:
                return _reason("only_self", name=_name(self._me))
            if self._why_unsafe <= {"same_person", "no_places"}:
                nobody = "nobody_else" if "same_person" in self._why_unsafe else "nobody"
                return _reason(f"{nobody}_has_places")
            if (apart := self._apart) is not None:
                return _reason(_APART[apart][0])
            return _reason("safeguards_all", of=everybody, others=self.others)
        if self._unlisted.any():
            code = "unlisted" if self.others == "mentees" else "nobody_listed"
            return _reason(code, others=self.others)
        excluded = (~self.masks).sum(axis=1)
        binding = int(excluded.argmax())
        count = int(excluded[binding])
        rule_said = rule_phrase(self.rules[binding])
        code = "ruled_out_all" if count == everybody else "ruled_out"
        return _reason(code, rule=rule_said, count=count, of=everybody, others=self.others)

    def help(self) -> Reason:
        """Return the change that would help."""
        waiting = self._unanswered()
        if waiting is not None:
            name = waiting[1]
            return _reason("answer", field=name) if name else _reason("give_cohort")
        if not self.safe.any():
            if self._why_unsafe <= {"same_person"}:
                return _reason(f"recruit_{self.others}")
            if (apart := self._apart) is not None:
                return _reason(_APART[apart][1])
            known = self._why_unsafe <= {"same_person", "no_places"}
            return _reason("give_places" if known else "look_safeguards")
        if self._unlisted.any() and self.others == "mentors":
            return _reason("match_fewer")
        if self._unlisted.any():
            there = np.flatnonzero(self._unlisted & self.free)
            return self.left.lock_with(int(there[0])) if len(there) else _reason("recruit_mentees")
        if (relax := self.relax()) is not None:
            return relax
        if self.others == "mentees":
            return _reason("recruit_mentees")
        needs = [need for rule in self.rules if (need := self._need(rule)) is not None]
        return _reason("recruit_who", needs=tuple(needs)) if needs else _reason("recruit_mentors")

    def relax(self) -> Reason | None:
        """Return the rule whose absence alone lets in most people who are free, if there is one."""
        if not len(self.rules) or not self.left.scan.exhaustive:
            return None
        broken = (~self.masks).sum(axis=0)
        opens = ~self.masks & (self.safe & self.free & (broken == 1))
        opened = np.array([self._worthwhile(np.flatnonzero(row)) for row in opens])
        most = int(opened.argmax())
        if not opened[most]:
            return None
        phrase = rule_phrase(self.rules[most])
        return _reason("relax", rule=phrase, count=int(opened[most]), others=self.others)

    def _worthwhile(self, others: Index) -> int:
        """Return how many of these the objective would pair with this person."""
        if not self.left.needs_score or not len(others):
            return len(others)
        me = np.full(len(others), self.at)
        pair = (me, others) if self.others == "mentors" else (others, me)
        return int((self.left.scan.pairs(*pair)[1].sum(axis=0) > 0).sum())

    @property
    def _unlisted(self) -> Bools:
        """Return whom nothing that is known keeps from them, but a plugin was not asked about."""
        none = self.left.scan.exhaustive
        return np.zeros_like(self.safe) if none else self.safe & self.masks.all(axis=0)

    @property
    def _me(self) -> Someone:
        side = self.left.pool.mentees if self.others == "mentors" else self.left.pool.mentors
        return side.people[self.at]

    @property
    def _why_unsafe(self) -> set[str]:
        """Return the codes of the safeguards that rule out everybody for this person."""
        codes = set()
        for other in range(len(self.safe)):
            pair = (self.at, other) if self.others == "mentors" else (other, self.at)
            refused = self.left.pool.refusal(*pair)
            codes.add(refused.code if refused else "no_places")
        return codes

    @property
    def _apart(self) -> str | None:
        """Return the code of `_APART` that alone keeps this person from everybody else."""
        codes = self._why_unsafe - {"same_person"}
        return next(iter(codes)) if len(codes) == 1 and codes <= _APART.keys() else None

    def _answer(self, form: Any) -> tuple[str, Any]:
        """Return this person's own field that a rule reads, and their answer."""
        pool = self.left.pool
        if self.others == "mentors":
            return form.field, pool.mentees.answer(form.field, self.at)
        name = form.other or form.field
        return name, pool.mentors.answer(name, self.at)

    def _unanswered(self) -> tuple[BoundRule, str] | None:
        """Return a rule that needs an answer this person has not given, and the field of it.

        The field is "" where it is the cohort that is missing.
        """
        for rule in self.rules:
            form = rule.rule.declared
            if isinstance(form, SameCohort) and not self._me.cohort:
                return rule, ""
            if isinstance(form, (SharesAny, MinOverlap, MinAvailability, Same, Above)):
                name, value = self._answer(form)
                if value is None:
                    return rule, name
        return None

    def _need(self, rule: BoundRule) -> Frozen | None:
        """Return what a mentor would have to answer to pass this rule with this mentee."""
        form = rule.rule.declared
        if form is None or isinstance(form, PastPair):
            return None
        if isinstance(form, SameCohort):
            return _phrase("needs_cohort", value=self._me.cohort)
        own, mine = self._answer(form)
        if mine is None:
            return None
        field = form.other or form.field
        about = {"field": field, "own": own}
        match form:
            case Differs():
                return _phrase("needs_other", **about, value=mine)
            case Same():
                return _phrase("needs_same", **about, value=mine)
            case SharesAny():
                return _phrase("needs_any", **about, values=_listed(mine))
            case MinOverlap():
                return _phrase("needs_some", **about, values=_listed(mine), least=form.least)
            case MinAvailability():
                zone = self._me.zone or form.zone
                values, least = _listed(mine), form.least
                return _phrase("needs_minutes", **about, values=values, least=least, zone=zone)
            case Above():
                return self._steps(form, field, mine)

    def _steps(self, form: Above, field: str, mine: Any) -> Frozen | None:
        """Return the answers that stand far enough above; None where the vocabulary has none."""
        left, _ = self.left.pool.numbers(form.field, field)
        low: float | None = float(left[self.at]) + form.least
        high = None if form.most is None else float(left[self.at]) + form.most
        spec = self.left.pool.field(field)
        if form.least == -inf:
            low = None
        if spec.kind == "ordered":
            steps = list(spec.choices)
            fit = [
                option
                for place, option in enumerate(steps)
                if (low is None or place >= low) and (high is None or place <= high)
            ]
            if not fit:
                return None
            return _range(field, None if low is None else fit[0], None if high is None else fit[-1])
        return _range(field, low, high)


def _range(field: str, low: Any, high: Any) -> Frozen | None:
    """Return what an answer has to be at least and at most, None for no such end."""
    if low is None:
        return None if high is None else _phrase("needs_upto", field=field, value=high)
    if high is None:
        return _phrase("needs_steps", field=field, value=low)
    return _phrase("needs_between", field=field, value=low, upto=high)


_APART = {
    "declined_before": ("only_declined", "propose_again"),
    "other_cohort": ("only_cohorts", "look_cohorts"),
}
"""What is told where one safeguard rules out everybody: the reason, and what would help."""


def rule_phrase(bound: BoundRule) -> Frozen:
    """Return what a rule asks for, as the code and parameters of a phrase."""
    form = bound.rule.declared
    return _phrase("rule", title=bound.title) if form is None else phrase_of(form)


def phrase_of(form: RuleForm) -> Frozen:
    """Return what a declared rule asks for, as `rule_phrase` does."""
    match form:
        case Differs():
            return _phrase("rule_differs", field=form.field)
        case Same():
            return _phrase("rule_same", field=form.field)
        case SharesAny():
            return _phrase("rule_shares_any", field=form.field)
        case MinOverlap():
            return _phrase("rule_min_overlap", field=form.field, least=form.least)
        case MinAvailability():
            return _phrase("rule_min_availability", field=form.field, least=form.least)
        case SameCohort():
            return _phrase("rule_same_cohort")
        case PastPair():
            return _phrase("rule_past_pair")
        case Above():
            return _phrase_of_steps(form.field, form.least, inf if form.most is None else form.most)


def _phrase_of_steps(field: str, least: float, most: float) -> Frozen:
    """Return what a rule asks for that lets a mentor stand from `least` to `most` steps above."""
    if most == inf:
        code, shown = ("rule_above", least) if least > 0 else ("rule_not_far_below", -least)
        return _phrase(code if shown else "rule_not_below", field=field, least=shown)
    if least == -inf:
        code, shown = ("rule_below", -most) if most < 0 else ("rule_not_far_above", most)
        return _phrase(code if shown else "rule_not_above", field=field, least=shown)
    if most < 0:
        return _phrase("rule_below_most", field=field, least=-most, most=-least)
    return _phrase("rule_above_most", field=field, least=least, most=most)


def _phrase(code: str, **params: Any) -> Frozen:
    return Frozen(code=code, params=params)


def _reason(code: str, **params: Any) -> Reason:
    return Reason(code=code, params=Frozen(params))


def _left(someone: Someone, reason: Reason, help_: Reason) -> Unmatched:
    return Unmatched(id=someone.id, reason=reason, help=help_)


def _name(someone: Someone) -> str:
    return someone.name or someone.key or someone.id


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


def _tiles(index: Index, width: int) -> Iterator[Index]:
    step = max(1, TILE_CELLS // max(1, width))
    for start in range(0, len(index), step):
        yield index[start : start + step]
