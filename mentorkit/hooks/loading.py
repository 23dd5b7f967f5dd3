"""Find the listed plugins, check them, and ask each hook once, with every failure kept.

pluggy finds the implementations and checks their arguments; it never calls them. Each plugin has
a plugin manager of its own and is asked alone: so every answer and every failure has an owner,
order is the order of the list, and no plugin keeps another from being asked.
"""

from __future__ import annotations

import difflib
import importlib.util
import inspect
import logging
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib import metadata
from itertools import islice
from pathlib import Path
from threading import Timer
from types import ModuleType
from typing import Any

import pluggy

import mentorkit
from mentorkit.domain.frozen import Frozen
from mentorkit.errors import PluginError, Problem, SettingsError
from mentorkit.hooks.calls import FAILURES, describe
from mentorkit.hooks.manifest import EMPTY_SCHEMA, Manifest
from mentorkit.hooks.offers import KINDS, Kind, check_offer
from mentorkit.hooks.providers import Criterion, Provider, Rule
from mentorkit.hooks.settings import check_schema, settle
from mentorkit.hooks.specs import PROJECT, Hooks

GROUP = "mentorkit"
"""The group of entry points in which plugins are found."""
NAME = re.compile(r"[a-z][a-z0-9_]{1,23}")
"""What a plugin may be named; its tables, logger, URL and package are named after it."""
MOST_OFFERS = 1_000
"""How much one hook may yield; a generator that never ends would hang the start."""
SLOW_SECONDS = 10.0
"""After how long a plugin that is still loading is named in the log."""

Listed = str | Path | ModuleType | tuple[str, object]
_HOOKS = tuple(kind.hook for kind in KINDS)
_log = logging.getLogger("mentorkit.hooks")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPlugin:
    """A plugin that was found, checked and asked. `settings` are its own, secrets resolved."""

    name: str
    manifest: Manifest
    module: object
    distribution: str
    version: str
    settings: Mapping[str, Any] = field(repr=False)
    log: logging.Logger

    @property
    def label(self) -> str:
        """Return plugin and distribution as messages name them: ``slack (mentorkit-slack 1.2)``."""
        return f"{self.name} ({self.distribution} {self.version})".replace(" )", ")")


@dataclass(slots=True, kw_only=True)
class Found:
    """A listed plugin on its way: where it comes from, and the secrets it was given."""

    name: str
    distribution: str
    version: str = ""
    fetch: Callable[[], object] = field(repr=False)
    file: bool = False
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    @property
    def origin(self) -> str:
        return f"{self.distribution} {self.version}".strip()

    @property
    def label(self) -> str:
        return f"{self.name} ({self.origin})"


@contextmanager
def named_when_slow(label: str) -> Iterator[None]:
    """Name a plugin in the log that is still loading after a while: a hang should have a name."""
    timer = Timer(SLOW_SECONDS, _log.warning, ("plugin %s is still loading", label))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


class Loading:
    """One run of `Registry.load`: goes on after a failure, so that all are told together."""

    def __init__(self, settings: Mapping[str, Mapping[str, Any]]) -> None:
        self.settings = settings
        self.plugins: dict[str, LoadedPlugin] = {}
        self.offers: dict[str, dict[str, Any]] = {kind.attribute: {} for kind in KINDS}
        self.owners: dict[tuple[str, str], str] = {}
        self.failures: list[Problem] = []
        self._listed: dict[str, str] = {}
        self._missing: set[str] = set()
        self._only_settings = True

    # ----------------------------------------------------------------- telling what went wrong

    def fail(self, place: str, message: str, *, operator: bool = False) -> None:
        """Keep a failure; `operator` marks one that other settings would mend."""
        self.failures.append(Problem(place, message))
        self._only_settings = self._only_settings and operator

    def error(self) -> PluginError:
        """Return all failures as one error."""
        told = f"{len(self.failures)} problem{'s' if len(self.failures) > 1 else ''}"
        message = f"The plugins cannot be loaded, so nothing was started; {told}:"
        if self._only_settings:
            return SettingsError("settings.invalid", message, self.failures)
        return PluginError("plugin.not_loaded", message, self.failures)

    @contextmanager
    def guard(self, found: Found, doing: str) -> Iterator[None]:
        """Turn whatever a plugin's code raises into a failure of that plugin."""
        try:
            yield
        except PluginError as error:
            for problem in error.problems or (Problem("", error.message),):
                self.fail(f"{found.label}, {doing}", _without(str(problem), found.secrets))
        except FAILURES as error:
            self.fail(f"{found.label}, {doing}", _without(describe(error), found.secrets))

    # ----------------------------------------------------------------- finding

    def find(self, listed: Listed) -> Found | None:
        """Return where a listed plugin comes from, or note why it cannot be found."""
        if isinstance(listed, str) and listed.endswith(".py"):
            listed = Path(listed)
        found: Found | None
        if isinstance(listed, str):
            found = self._find_installed(listed)
        elif isinstance(listed, Path):
            found = self._find_file(listed)
        elif isinstance(listed, ModuleType):
            name = listed.__name__.rpartition(".")[2].removeprefix("mentorkit_")
            module = listed
            found = Found(name=name, distribution="given as a module", fetch=lambda: module)
        elif isinstance(listed, tuple) and len(listed) == 2 and isinstance(listed[0], str):
            given = listed[1]
            found = Found(name=listed[0], distribution="given directly", fetch=lambda: given)
        else:
            self.fail("plugins", f"{type(listed).__name__}: list a name, or a path of a .py file")
            return None
        if found is None:
            return None
        if not NAME.fullmatch(found.name):
            self.fail(
                found.label,
                "rename it: a plugin's name is a small letter, then 1 to 23 small letters, "
                "digits or underscores",
            )
            return None
        if found.name in self._listed:
            self.fail(found.label, f"the name is listed already: {self._listed[found.name]}")
            return None
        self._listed[found.name] = found.label
        return found

    @cached_property
    def _installed(self) -> metadata.EntryPoints:
        return metadata.entry_points(group=GROUP)

    def _find_installed(self, name: str) -> Found | None:
        installed = self._installed
        # One distribution can be on the path twice (an editable install and its folder).
        matches = {
            (point.dist.name if point.dist else "an unknown distribution", point.value): point
            for point in installed
            if point.name == name
        }
        if not matches:
            self._missing.add(name)
            names = sorted({point.name for point in installed})
            known = ", ".join(names) or "none"
            self.fail(
                name, f"no such plugin is installed;{_meant(name, names)} installed are: {known}"
            )
            return None
        if len(matches) > 1:
            self._missing.add(name)
            both = " and ".join(sorted(f"{dist} ({value})" for dist, value in matches))
            self.fail(name, f"more than one distribution brings this plugin: {both}; remove one")
            return None
        ((distribution, _), point) = next(iter(matches.items()))
        version = point.dist.version if point.dist else ""
        return Found(name=name, distribution=distribution, version=version, fetch=point.load)

    def _find_file(self, path: Path) -> Found | None:
        file = path / "__init__.py" if path.is_dir() else path
        name = file.stem
        if name == "__init__":
            name = file.absolute().parent.name.removeprefix("mentorkit_")
        shown = file.name if name == file.stem else f"{file.absolute().parent.name}/{file.name}"
        if file.suffix != ".py" or not file.is_file():
            self._missing.add(name)
            self.fail(str(path), "there is no such Python file; give the path of a .py file")
            return None
        return Found(
            name=name,
            distribution=f"file {shown}",
            fetch=lambda: _import_file(name, file),
            file=True,
        )

    def check_settings_names(self) -> None:
        """Note settings for plugins that are not listed: most often a typing error."""
        for name in self.settings:
            if name not in self._listed and name not in self._missing:
                meant = _meant(name, list(self._listed)) or " list the plugin, or leave them out"
                self.fail(f"settings.{name}", f"no such plugin is listed;{meant}", operator=True)

    # ----------------------------------------------------------------- loading one plugin

    def load(self, found: Found) -> None:
        """Import, check and ask one plugin; it counts as loaded only if nothing failed."""
        before = len(self.failures)
        module: object = None
        with self.guard(found, "import"):
            module = found.fetch()
        if len(self.failures) > before:
            return
        if inspect.isclass(module):
            self.fail(found.label, f"is the class {module.__name__}; give a module or an instance")
            return
        with self.guard(found, "manifest"):
            manifest = self._manifest(found, module)
        if len(self.failures) > before:
            # Without a sound manifest there are no settings to ask with, but hooks can be checked.
            with self.guard(found, "hooks"):
                self._register(found, module)
            return
        settings = self._settle(found, manifest)
        with self.guard(found, "hooks"):
            manager = self._register(found, module)
        if len(self.failures) > before:
            return
        offers: dict[tuple[str, str], object] = {}
        for kind in KINDS:
            with self.guard(found, kind.hook):
                for offer in _ask(manager, kind.hook, settings):
                    with self.guard(found, kind.hook):
                        self._take(found, kind, offer, offers)
        if len(self.failures) > before:
            return
        self.plugins[found.name] = LoadedPlugin(
            name=found.name,
            manifest=manifest,
            module=module,
            distribution=found.distribution,
            version=found.version,
            settings=settings,
            log=logging.getLogger(f"mentorkit.plugin.{found.name}"),
        )
        for (attribute, name), offer in offers.items():
            self.offers[attribute][name] = offer
            self.owners[attribute, name] = found.name

    def _manifest(self, found: Found, module: object) -> Manifest:
        """Return the plugin's manifest; everything wrong with it is noted."""
        manifest = getattr(module, "manifest", None)
        if manifest is None and found.file:
            return Manifest(title=found.name)
        if not isinstance(manifest, Manifest):
            told = "has no manifest" if manifest is None else "its manifest is no Manifest"
            self.fail(found.label, f'{told}; write `manifest = Manifest(title="...")`')
            return Manifest(title=found.name)

        def wrong(place: str, message: str) -> None:
            self.fail(f"{found.label}, manifest.{place}", message)

        if not isinstance(manifest.title, str) or not manifest.title.strip():
            wrong("title", "write what the plugin is called in lists and forms")
        if unfit := _unfit(manifest.requires_core):
            wrong("requires_core", unfit)
        required = manifest.requires_plugins
        if isinstance(required, str) or not isinstance(required, Sequence):
            wrong("requires_plugins", 'give a tuple of names, such as ("inbox",)')
            required = ()
        for name in required:
            if name not in self.plugins:
                order = list(self._listed)
                here = order.index(found.name)
                told = "which failed to load" if name in order[:here] else "list it before this one"
                wrong("requires_plugins", f"it needs the plugin {name}; {told}")
        if isinstance(manifest.tables, str):
            if not re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", manifest.tables):
                wrong("tables", 'write "package.module:attribute"')
        elif manifest.tables is not None and not hasattr(manifest.tables, "sorted_tables"):
            wrong("tables", "give what mentorkit.store.plugin_tables(...) returned, or its place")
        folder = manifest.migrations
        if manifest.tables is not None and folder is None:
            wrong("migrations", "name the folder of the migrations that make the tables")
        if folder is not None and not re.fullmatch(r"[A-Za-z_][\w.]*:[\w/]+", str(folder)):
            wrong("migrations", 'write "package:folder"')
        for place in ("settings", "program_settings"):
            # Most schemas are the empty one, and jsonschema takes long to import.
            if (schema := getattr(manifest, place)) != EMPTY_SCHEMA:
                at = f"manifest.{place}"
                for problem in check_schema(schema, at, secrets=place == "settings"):
                    self.fail(f"{found.label}, {problem.place}", problem.message)
        return manifest

    def _settle(self, found: Found, manifest: Manifest) -> Frozen:
        """Return the plugin's settings, or note what is wrong with them."""
        given = self.settings.get(found.name, {})
        settled = settle(manifest.settings, given, f"settings.{found.name}")
        found.secrets = settled.secrets
        for problem in settled.problems:
            self.fail(f"{problem.place} ({found.origin})", problem.message, operator=True)
        return Frozen(settled.values)

    def _register(self, found: Found, module: object) -> pluggy.PluginManager:
        """Return a manager that knows this plugin alone; what is wrong with its hooks is noted."""
        manager = pluggy.PluginManager(PROJECT)
        manager.add_hookspecs(Hooks)
        implemented = 0
        for name in dir(module):
            options = manager.parse_hookimpl_opts(module, name)
            where = f"{found.label}, {name}"
            if options is None:
                if name in _HOOKS and callable(getattr(module, name)):
                    self.fail(where, "write @hookimpl above it; it is never asked without")
                continue
            implemented += 1
            hook = options.get("specname") or name
            if hook not in _HOOKS and not options.get("optionalhook"):
                known = f" hooks are: {', '.join(_HOOKS)}"
                self.fail(where, f"there is no such hook;{_meant(hook, _HOOKS) or known}")
            if options.get("wrapper") or options.get("hookwrapper"):
                self.fail(where, "a wrapper is refused: no plugin stands around another's answers")
            if options.get("tryfirst") or options.get("trylast"):
                self.fail(where, "leave out tryfirst and trylast: the listed order is the order")
        if found.file and not implemented:
            self.fail(found.label, _what_to_add(module))
        manager.register(module, name=found.name)
        return manager

    def _take(
        self, found: Found, kind: Kind, offer: Any, offers: dict[tuple[str, str], object]
    ) -> None:
        """Check one thing that was offered, and keep it under its name."""
        faults = list(check_offer(kind, offer))
        given = getattr(offer, "name", "")
        told = given if isinstance(given, str) and not inspect.isclass(offer) else ""
        for place, message in faults:
            where = ", ".join(part for part in (found.label, kind.hook, told) if part)
            self.fail(f"{where}.{place}" if place else where, message)
        if faults:
            return
        name = f"{found.name}.{offer.name}" if kind.own else offer.name
        if (kind.attribute, name) in offers:
            self.fail(f"{found.label}, {kind.hook}, {name}", "is yielded twice; rename one")
        elif (kind.attribute, name) in self.owners:
            other = self.plugins[self.owners[kind.attribute, name]].label
            self.fail(
                f"{found.label}, {kind.hook}, {name}",
                f"the plugin {other} offers this name already; rename one, or list one of the two",
            )
        else:
            offers[kind.attribute, name] = offer

    def check_strategies(self) -> None:
        """Note (and leave out) strategies that name what no loaded plugin offers."""
        for name, strategy in list(self.offers["strategies"].items()):
            unknown = [
                (kind, used)
                for kind, uses in (
                    ("criteria", [use.name for use in strategy.criteria]),
                    ("rules", [use.name for use in strategy.rules]),
                    ("assigners", [strategy.assigner]),
                )
                for used in uses
                if used not in self.offers[kind]
            ]
            owner = self.plugins[self.owners["strategies", name]]
            for kind, used in unknown:
                known = ", ".join(self.offers[kind]) or "none"
                self.fail(
                    f"{owner.label}, mentorkit_matching_strategies, {name}",
                    f"names {used}, which is not among the {kind} that are loaded: {known}",
                )
            if unknown:
                del self.offers["strategies"][name], self.owners["strategies", name]


# --------------------------------------------------------------------------- small questions


def _ask(manager: pluggy.PluginManager, hook: str, settings: Frozen) -> list[object]:
    """Return all that one plugin yields for one hook; a generator is drained here."""
    offers: list[object] = []
    for impl in getattr(manager.hook, hook).get_hookimpls():
        answer = impl.function(*(settings for _ in impl.argnames))
        if inspect.iscoroutine(answer):
            answer.close()
            raise TypeError("it is async; write a plain function that yields")
        if not hasattr(answer, "__iter__") or isinstance(answer, str | bytes | Mapping):
            told = "nothing" if answer is None else type(answer).__name__
            raise TypeError(f"it returned {told}; yield each one, or return a list of them")
        offers += islice(answer, MOST_OFFERS + 1 - len(offers))
        if len(offers) > MOST_OFFERS:
            raise ValueError(f"it yields more than {MOST_OFFERS}; does it ever end?")
    return offers


def _unfit(specifier: object) -> str:
    """Return why this core does not fit a plugin's version specifier, or nothing."""
    if specifier == "":
        return ""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        wanted = SpecifierSet(str(specifier) if isinstance(specifier, str) else "?")
    except InvalidSpecifier:
        return f'{specifier!r} is no version specifier; write one such as ">=0.1,<1"'
    if wanted.contains(mentorkit.__version__, prereleases=True):
        return ""
    return (
        f"it is written for mentorkit {specifier}, this is {mentorkit.__version__}; "
        "install a version of either that fits"
    )


def _meant(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" did you mean {close[0]}?" if close else ""


def _what_to_add(module: object) -> str:
    """Say what a file without a hook needs, in its own names where it has providers."""
    for base, hook in ((Criterion, "mentorkit_criteria"), (Rule, "mentorkit_rules")):
        for name, value in vars(module).items():
            if inspect.isclass(value) and issubclass(value, base) and value is not base:
                return (
                    f"it offers nothing; add at its end: @hookimpl / def {hook}(): yield {name}()"
                )
    provider = next(
        (
            name
            for name, value in vars(module).items()
            if inspect.isclass(value)
            and issubclass(value, Provider)
            and value.__module__ == getattr(module, "__name__", "")
        ),
        "MyCriterion",
    )
    return f"it offers nothing; add a hook: @hookimpl / def mentorkit_...(): yield {provider}()"


def _import_file(plugin: str, file: Path) -> ModuleType:
    """Import a .py file under a name of its own, where dataclasses and pickles find it."""
    name = f"mentorkit_file_{plugin}"
    package = [str(file.parent)] if file.name == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, file, submodule_search_locations=package)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} is no Python file")
    module = importlib.util.module_from_spec(spec)
    previous = sys.modules.get(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        if previous is None:
            del sys.modules[name]
        else:
            sys.modules[name] = previous
        raise
    return module


def _without(text: str, secrets: frozenset[str]) -> str:
    """Return the text with every secret in it blotted out, the longest first."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
