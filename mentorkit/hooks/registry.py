"""What the loaded plugins offer, by name: the one thing that everybody else asks about plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mentorkit.domain.strategies import Strategy
from mentorkit.errors import Problem
from mentorkit.hooks import providers
from mentorkit.hooks.calls import FAILURES
from mentorkit.hooks.loading import Listed, LoadedPlugin, Loading, named_when_slow

DEFAULT_PLUGINS: tuple[str, ...] = (
    "matching",
    "csv",
    "inbox",
    "email",
    "signup",
    "limits",
    "magiclink",
    "screening",
    "checkins",
    "announce",
    "wordlist",
    "survey",
    "guide",
    "searches",
    "outcomes",
    "rehearse",
    "demo",
)


def _empty() -> Mapping[Any, Any]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What the loaded plugins offer, by name, in the listed order. Made by `Registry.load`.

    Nudges, reactions, checks and commands are named within their plugin: their keys are
    ``plugin.name``.
    """

    plugins: Mapping[str, LoadedPlugin] = field(default_factory=_empty)
    recruitment_sources: Mapping[str, providers.RecruitmentSource] = field(default_factory=_empty)
    requirement_checks: Mapping[str, providers.RequirementCheck] = field(default_factory=_empty)
    strategies: Mapping[str, Strategy] = field(default_factory=_empty)
    criteria: Mapping[str, providers.Criterion] = field(default_factory=_empty)
    features: Mapping[str, providers.Feature] = field(default_factory=_empty)
    rules: Mapping[str, providers.Rule] = field(default_factory=_empty)
    assigners: Mapping[str, providers.Assigner] = field(default_factory=_empty)
    channels: Mapping[str, providers.Channel] = field(default_factory=_empty)
    nudges: Mapping[str, providers.Nudge] = field(default_factory=_empty)
    content_checks: Mapping[str, providers.ContentCheck] = field(default_factory=_empty)
    feedback_vendors: Mapping[str, providers.FeedbackVendor] = field(default_factory=_empty)
    metrics: Mapping[str, providers.Metric] = field(default_factory=_empty)
    reactions: Mapping[str, providers.Reaction] = field(default_factory=_empty)
    checks: Mapping[str, providers.Check] = field(default_factory=_empty)
    commands: Mapping[str, providers.Command] = field(default_factory=_empty)
    failures: tuple[Problem, ...] = ()
    owners: Mapping[tuple[str, str], str] = field(default_factory=_empty, repr=False)

    @classmethod
    def load(
        cls,
        plugins: Sequence[Listed] = DEFAULT_PLUGINS,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        *,
        lenient: bool = False,
    ) -> Registry:
        """Load these plugins with these settings.

        A text is the name of an entry point, a path is a Python file (its stem is the name), a
        pair of name and module or instance is taken as it is. Raises `PluginError`, or
        `SettingsError` where settings alone are wrong, with every failure of every plugin;
        `lenient` keeps them in `failures` instead, and leaves out the plugins that failed.
        """
        loading = Loading(settings or {})
        found = [one for listed in plugins if (one := loading.find(listed))]
        loading.check_settings_names()
        with named_when_slow() as now:
            for one in found:
                now(one.label)
                loading.load(one)
        loading.check_strategies()
        if loading.failures and not lenient:
            raise loading.error()
        offers = {name: MappingProxyType(found) for name, found in loading.offers.items()}
        return cls(
            plugins=MappingProxyType(loading.plugins),
            failures=tuple(loading.failures),
            owners=MappingProxyType(loading.owners),
            **offers,
        )

    def owner(self, kind: str, name: str) -> LoadedPlugin:
        """Return the plugin that offers `name`; `kind` is an attribute of ours (``criteria``)."""
        return self.plugins[self.owners[kind, name]]

    def close(self) -> None:
        """Call `close()` of every provider that has one; a failing one does not stop the rest."""
        for attribute, name in self.owners:
            provider: object = getattr(self, attribute)[name]
            try:
                close = getattr(provider, "close", None)
                if callable(close):
                    close()
            except FAILURES:
                self.owner(attribute, name).log.exception("%s failed to close", name)


__all__ = ["DEFAULT_PLUGINS", "Listed", "LoadedPlugin", "Registry"]
