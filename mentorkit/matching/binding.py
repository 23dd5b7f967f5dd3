"""A strategy bound to what the loaded plugins offer and to the program's fields, or refused.

Nobody is scored here: everything that can be known to be wrong before is said at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from math import inf
from typing import Any, Literal, Protocol, TypeVar, get_args

from mentorkit.domain.fields import FEATURE, TYPES, Computed, Field, computed_in
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.people import is_zone
from mentorkit.domain.strategies import Strategy, Use
from mentorkit.errors import Invalid, PluginError, Problem
from mentorkit.hooks.calls import FAILURES, describe
from mentorkit.hooks.forms import (
    Above,
    Availability,
    Closeness,
    Equal,
    Form,
    Load,
    MinAvailability,
    MinOverlap,
    Overlap,
    RuleForm,
    SharedWords,
    Weekly,
)
from mentorkit.hooks.offers import overrides
from mentorkit.hooks.providers import Assigner, Criterion, Feature, Provider, Rule
from mentorkit.matching.fieldkinds import needed_kinds

MOST_WEEKS = 260
YEARS = range(1900, 9000)
"""Those of the days from which on weeks are looked at: a calendar ends."""
MOST_COUNTED = 1_000_000
"""How many options or minutes a form may ask for: far more than anybody has."""
HUGE = 1e300
"""A number of a form is smaller: neither without end nor nan, with which nobody can reckon."""
MOST_CRITERIA = 60
"""How many criteria a strategy may have: which of them have an opinion is kept in one word."""

P = TypeVar("P", Criterion, Rule)


class Offers(Protocol):
    """What `bind` needs of a registry."""

    @property
    def criteria(self) -> Mapping[str, Criterion]: ...
    @property
    def features(self) -> Mapping[str, Feature]: ...
    @property
    def rules(self) -> Mapping[str, Rule]: ...
    @property
    def assigners(self) -> Mapping[str, Assigner]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundRule:
    """One rule of a strategy, ready to be asked. `label` names it and its plugin in messages."""

    use: Use
    rule: Rule
    level: Literal["declared", "mask_block", "allows"]
    title: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundCriterion:
    """One criterion of a strategy, ready to be asked, with its points of the 10,000."""

    use: Use
    criterion: Criterion
    level: Literal["declared", "score_block", "score"]
    points: int
    title: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundStrategy:
    """A strategy that was checked: every name is known, every option and field fits.

    `fields` are the program's, and the features that the strategy reads.
    """

    strategy: Strategy
    fields: Mapping[str, Field]
    rules: tuple[BoundRule, ...]
    criteria: tuple[BoundCriterion, ...]
    assigner: Assigner
    assigner_options: Mapping[str, Any]
    assigner_label: str
    needs: tuple[str, ...]

    @property
    def weights(self) -> tuple[int, ...]:
        return tuple(criterion.use.weight for criterion in self.criteria)

    @property
    def computed(self) -> dict[str, Computed]:
        """The features that it reads, by the name that they have as fields."""
        return computed_in(self.fields)

    @property
    def covers(self) -> bool:
        """Return whether most pairs come first, so that a proof may count pairs with a bonus."""
        return self.strategy.objective == "coverage" and self.assigner.uses_objective


def bind(
    strategy: Strategy,
    registry: Offers,
    fields: Mapping[str, Field],
    *,
    known: Collection[str] | None = None,
    place: str = "",
) -> BoundStrategy:
    """Bind a strategy to the providers and fields it names.

    `known` names the columns there are besides the declared `fields`; a field that is neither is
    an error. Without `known`, a field that is not declared counts as text. A strategy needs at
    least one criterion, unless its assigner asks for no scores (``choice``).

    Raises `Invalid` with every unknown name, every option and field that does not fit, at its
    place (``criteria[1].field``, below `place`), and `PluginError` where only plugins are at fault.
    """
    work = _Binding(registry, fields, known, f"{place}." if place else "")
    rules = tuple(work.rules(strategy))
    criteria = tuple(work.criteria(strategy))
    assigner, options = work.assigner(strategy)
    if work.faults and not work.problems:
        raise PluginError("plugin.provider", "Some plugins do not keep the contract:", work.faults)
    if work.problems or work.faults or assigner is None:
        raise Invalid(
            "strategy.invalid",
            "The strategy cannot be used as it stands:",
            [*work.problems, *work.faults],
        )
    return BoundStrategy(
        strategy=strategy,
        fields=work.fields,
        rules=rules,
        criteria=criteria,
        assigner=assigner,
        assigner_options=options,
        assigner_label=_label(registry, "assigners", "assigner", strategy.assigner),
        needs=tuple(dict.fromkeys(work.needed)),
    )


def fields_read(
    strategy: Strategy, registry: Offers, fields: Mapping[str, Field]
) -> tuple[str, ...]:
    """Return the fields that rules and criteria read, as far as nothing is wrong with these."""
    work = _Binding(registry, fields, None, "")
    for _ in (*work.rules(strategy), *work.criteria(strategy)):
        pass
    return tuple(dict.fromkeys(work.needed))


def of_broken_fields(problems: Iterable[Problem], broken: Iterable[str]) -> list[Problem]:
    """Return the problems but for those that only follow from a field that could not be read."""
    names = [repr(name) for name in broken]
    return [one for one in problems if not any(name in one.message for name in names)]


class _Binding:
    """One call of `bind`: goes on after a problem, so that all are told together."""

    def __init__(
        self,
        registry: Offers,
        fields: Mapping[str, Field],
        known: Collection[str] | None,
        place: str,
    ) -> None:
        self.registry, self.known, self.place = registry, known, place
        self.asked = fields
        self.fields = dict(fields)
        self.problems: list[Problem] = []
        self.faults: list[Problem] = []
        self.needed: list[str] = []

    def rules(self, strategy: Strategy) -> Iterator[BoundRule]:
        for index, use in enumerate(strategy.rules):
            here = f"{self.place}rules[{index}]"
            rule = self._provider(self.registry.rules, use, "rule", "rules", here)
            if rule is None:
                continue
            label = _label(self.registry, "rules", "rule", use.name)
            bound = self._bind(rule, use, here, label)
            ways = self._ways(bound, here, label, RuleForm, "mask_block", "allows")
            if bound is None or len(ways) != 1:
                continue
            self._fields(bound, here, label)
            yield BoundRule(
                use=use,
                rule=bound,
                level=ways[0],  # type: ignore[arg-type]
                title=bound.title or rule.title or use.name.replace("_", " "),
                label=label,
            )

    def criteria(self, strategy: Strategy) -> Iterator[BoundCriterion]:
        if len(strategy.criteria) > MOST_CRITERIA:
            self._wrong(f"{self.place}criteria", f"give at most {MOST_CRITERIA}")
            return
        for index, (use, points) in enumerate(
            zip(strategy.criteria, strategy.points(), strict=True)
        ):
            here = f"{self.place}criteria[{index}]"
            criterion = self._provider(self.registry.criteria, use, "criterion", "criteria", here)
            if criterion is None:
                continue
            label = _label(self.registry, "criteria", "criterion", use.name)
            bound = self._bind(criterion, use, here, label)
            ways = self._ways(bound, here, label, Form, "score_block", "score")
            if bound is None or len(ways) != 1:
                continue
            self._fields(bound, here, label)
            yield BoundCriterion(
                use=use,
                criterion=bound,
                level=ways[0],  # type: ignore[arg-type]
                points=points,
                title=bound.title or criterion.title or _as_title(use.name),
                label=label,
            )

    def assigner(self, strategy: Strategy) -> tuple[Assigner | None, Mapping[str, Any]]:
        here = f"{self.place}assigner"
        assigner = self.registry.assigners.get(strategy.assigner)
        if assigner is None:
            told = _meant(strategy.assigner, self.registry.assigners)
            self._wrong(here, f"there is no assigner {strategy.assigner!r}; {told}")
            return None, {}
        options, problems = _checked(
            assigner, strategy.assigner_options, f"{self.place}assigner_options"
        )
        self.problems += problems
        asked = self.fields.get("choices")
        if asked is not None and asked.kind != "options" and not assigner.uses_scores:
            self._wrong(
                "fields.choices.kind",
                f"is {asked.kind!r}, and the assigner {strategy.assigner!r} reads there whom a "
                'mentee asks for; write kind = "options"',
            )
        if not strategy.criteria and assigner.uses_scores:
            self._wrong(
                f"{self.place}criteria",
                "give at least one criterion, for without any all pairs are equally good; only an "
                'assigner that asks for no scores, such as "choice", can do without',
            )
        return assigner, options

    # ------------------------------------------------------------------ one use

    def _wrong(self, place: str, message: str) -> None:
        self.problems.append(Problem(place, message))

    def _provider(
        self, offers: Mapping[str, P], use: Use, noun: str, plural: str, here: str
    ) -> P | None:
        provider = offers.get(use.name)
        if provider is None:
            told = f"there is no {noun} {use.name!r}; {_meant(use.name, offers)}"
            self._wrong(f"{here}.{noun}", told)
        return provider

    def _bind(self, provider: P, use: Use, here: str, label: str) -> P | None:
        """Check options and needs, then let the provider bind itself; None if it cannot.

        It does so for a field that is not there, too, so that what else is wrong is told as well.
        """
        options, problems = _checked(provider, use.options, here)
        usable = not problems
        self.problems += problems
        for name, needed in provider.needs.items():
            if self._exists(name, here, f"{label} needs it"):
                self._fits_type(name, needed, here, label)
        for name in ("field", "other"):
            if isinstance(options.get(name), str) and name in _properties(provider):
                problems += self._field_problems(options[name], f"{here}.{name}")
        self.problems += [p for p in problems if p not in self.problems]
        if not usable:
            return None
        try:
            bound = provider.bind(options, self.fields)
        except Invalid as error:
            said = {one.place for one in problems}
            self.problems += [
                Problem(place, one.message)
                for one in error.problems or (Problem("", error.message),)
                if (place := f"{here}.{one.place}" if one.place else here) not in said
            ]
            return None
        except FAILURES as error:
            if not problems:  # it may have stumbled over the field that is not there
                self.faults.append(Problem(here, f"{label}: bind raised {describe(error)}"))
            return None
        kind = Criterion if isinstance(provider, Criterion) else Rule
        if not isinstance(bound, kind):
            self.faults.append(
                Problem(
                    here,
                    f"{label}: bind returned {type(bound).__name__}; return a {kind.__name__}, "
                    "such as `self`",
                )
            )
            return None
        result: P = bound
        return result

    def _ways(
        self, bound: Criterion | Rule | None, here: str, label: str, forms: Any, *methods: str
    ) -> list[str]:
        if bound is None:
            return []
        kind = Criterion if isinstance(bound, Criterion) else Rule
        ways = ["declared"] if bound.declared is not None else []
        ways += [method for method in methods if overrides(bound, kind, method)]
        if len(ways) != 1:
            told = " and ".join(ways) or "none of them"
            wanted = ", ".join(("declared", *methods[:-1])) + f" and {methods[-1]}"
            self.faults.append(
                Problem(here, f"{label}: give exactly one of {wanted}; it has {told}")
            )
        elif bound.declared is not None and not isinstance(bound.declared, get_args(forms)):
            known = ", ".join(form.__name__ for form in get_args(forms))
            self.faults.append(
                Problem(here, f"{label}: `declared` is no form; give one of {known}")
            )
            return []
        return ways

    # ------------------------------------------------------------------ fields

    def _exists(self, name: str, here: str, why: str = "") -> bool:
        found = self._field_problems(name, here, why)
        self.problems += [problem for problem in found if problem not in self.problems]
        return not found

    def _field_problems(self, name: str, here: str, why: str = "") -> list[Problem]:
        self.needed.append(name)
        known = self.known or ()
        if name in self.fields or name in known:
            return []
        there = list(dict.fromkeys((*self.fields, *known)))
        if name.startswith(FEATURE):
            if feature := self.registry.features.get(name.removeprefix(FEATURE)):
                self._compute(name, feature, here)
                return []
            there = [f"{FEATURE}{one}" for one in self.registry.features]
        elif self.known is None:
            return []
        told = f"; {why}" if why else ""
        return [Problem(here, f"there is no field {name!r}{told}; {_meant(name, there)}")]

    def _compute(self, name: str, feature: Feature, here: str) -> None:
        """Take a feature in as a field where it is first read, with what it is computed of."""
        label = _label(self.registry, "features", "feature", feature.name)
        of: tuple[str, ...] = ()
        try:
            of = tuple(feature.reads(self.asked))
        except FAILURES as error:
            self.faults.append(Problem(here, f"{label}: reads raised {describe(error)}"))
        else:
            if not of:
                self._wrong(here, f"{label} finds no field in this program that it can read")
        self.fields[name] = Computed(
            id=name,
            kind="vector" if feature.length else "number",
            label=Frozen(en=feature.title or _as_title(feature.name)),
            version=feature.version,
            of=of,
            length=feature.length,
        )
        for one in of:
            if self._exists(one, here, f"{label} needs it") and one in feature.needs:
                self._fits_type(one, feature.needs[one], here, label)

    def _fields(self, bound: Criterion | Rule, here: str, label: str) -> None:
        """Check that a form's fields exist and are of a kind it can use, and its numbers.

        What the user wrote as an option is told at that option, the rest as what the plugin asks.
        """
        form = bound.declared
        if form is None:
            return
        own = _properties(bound)
        kinds = dict(needed_kinds(form))
        for option in ("field", "other"):
            name = getattr(form, option, None)
            place, why = (f"{here}.{option}", "") if option in own else (here, f"{label} reads it")
            if name is None or not self._exists(name, place, why):
                continue
            spec = self.fields.get(name) or Field(id=name)
            if option in kinds and spec.kind not in kinds[option]:
                told = " or ".join(f'kind = "{kind}"' for kind in kinds[option])
                reader = f"{label} reads it and" if why else "this"
                self._wrong(
                    place,
                    f"{name!r} is of kind {spec.kind}, and {reader} compares other kinds; declare "
                    f"it under [fields.{name}] with {told}",
                )
        if isinstance(form, Equal):
            for name, worth in form.partial.items():
                place = f"{here}.partial.{name}" if "partial" in own else here
                self._exists(name, place, "" if "partial" in own else f"{label} reads it")
                if not 0 <= worth <= 1:
                    self._number(own, here, label, "partial", "write a number from 0 to 1", name)
            for many, worth in form.prefix.items():
                if not (many.isdecimal() and int(many) and 0 <= worth <= 1):
                    told = "write how many characters = a number from 0 to 1, such as 3 = 0.7"
                    self._number(own, here, label, "prefix", told, many)
        for option, ok, wish in _bounds(form):
            if not ok:
                self._number(own, here, label, option, wish)

    def _number(
        self, own: Mapping[str, Any], here: str, label: str, option: str, wish: str, key: str = ""
    ) -> None:
        place = f"{option}.{key}" if key else option
        if option in own:
            self._wrong(f"{here}.{place}", wish)
        else:
            self.faults.append(Problem(here, f"{label}: {place} of its form: {wish}"))

    def _fits_type(self, name: str, needed: type, here: str, label: str) -> None:
        spec = self.fields.get(name) or Field(id=name)
        given = TYPES[spec.kind]
        fits = issubclass(given, needed) or (given, needed) in _AS_GOOD
        if not fits:
            kinds = [
                kind
                for kind, known in TYPES.items()
                if issubclass(known, needed) or (known, needed) in _AS_GOOD
            ]
            told = " or ".join(f'kind = "{kind}"' for kind in kinds) or "no kind of field"
            self._wrong(
                here,
                f"{label} needs the field {name!r} as {needed.__name__}, and it is of kind "
                f"{spec.kind}; declare it under [fields.{name}] with {told}",
            )


_AS_GOOD = {(float, int), (tuple, list), (tuple, set), (tuple, frozenset)}
"""(type of the field, type asked for): other names for the same thing."""


def _bounds(form: Form | RuleForm) -> Iterator[tuple[str, bool, str]]:
    """Yield (option, is it right, what to write) for numbers that a form divides or counts by."""
    if isinstance(form, Closeness):
        yield "target", -HUGE < form.target < HUGE, "write a number"
        yield "span", 0 < form.span < HUGE, "write a number above 0"
        yield "wrap", form.wrap is None or 0 < form.wrap < HUGE, "write a number above 0"
    if isinstance(form, (Overlap, Availability)):
        yield "full", 1 <= form.full <= MOST_COUNTED, _COUNTED
    if isinstance(form, (MinOverlap, MinAvailability)):
        yield "least", 1 <= form.least <= MOST_COUNTED, _COUNTED
    if isinstance(form, Weekly):
        yield "weeks", 1 <= form.weeks <= MOST_WEEKS, f"write a whole number from 1 to {MOST_WEEKS}"
        yield "zone", is_zone(form.zone), "write a time zone, such as Africa/Nairobi"
        yield "on", not form.on or _is_day(form.on), 'write a day, such as "2027-03-01"'
    if isinstance(form, SharedWords):
        yield "full", 0 < form.full <= 1, "write a number above 0, and no more than 1"
    if isinstance(form, Load):
        yield "by", form.by in ("share", "count"), 'write "share" or "count"'
    if isinstance(form, Above):
        yield "least", form.least == -inf or -HUGE < form.least < HUGE, "write a number"
        yield "most", form.most is None or form.most >= form.least, "write no less than `least`"


_COUNTED = f"write a whole number from 1 to {MOST_COUNTED:,}"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).year in YEARS
    except ValueError:
        return False


def _as_title(name: str) -> str:
    """Return what people read where a plugin gives no title: ``Same village``."""
    spoken = name.replace("_", " ")
    return spoken[:1].upper() + spoken[1:]


def _meant(name: str, there: Iterable[str]) -> str:
    """Return which name may be meant, and which there are."""
    known = list(there)
    near = get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]}? There are" if near else "there are"
    return f"{meant}: {', '.join(known) or 'none'}"


def _properties(provider: Provider) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = getattr(provider, "options", {}).get("properties", {})
    return properties


def _checked(
    provider: Criterion | Rule | Assigner, options: Mapping[str, Any], place: str
) -> tuple[dict[str, Any], list[Problem]]:
    from mentorkit.hooks.settings import check_options

    schema = provider.options
    if isinstance(provider, Criterion):  # its weight is told among what can be set
        schema = {**schema, "properties": {"weight": {}, **schema.get("properties", {})}}
    return check_options(schema, options, place)


def _label(registry: Offers, kind: str, noun: str, name: str) -> str:
    owner: Callable[[str, str], Any] | None = getattr(registry, "owner", None)
    if owner is None:
        return f"{noun} {name}"
    try:
        return f"{noun} {name} of plugin {owner(kind, name).label}"
    except KeyError:
        return f"{noun} {name}"
