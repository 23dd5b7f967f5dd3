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
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import metadata
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from types import ModuleType, SimpleNamespace
from typing import Any

import pluggy

import mentorkit
from mentorkit.domain.frozen import Frozen
from mentorkit.errors import PluginError, Problem, SettingsError
from mentorkit.hooks.calls import FAILURES, blotted, describe
from mentorkit.hooks.manifest import EMPTY_SCHEMA, Manifest
from mentorkit.hooks.offers import KINDS, Kind, check_offer
from mentorkit.hooks.providers import Criterion, Provider, Rule
from mentorkit.hooks.settings import Expected, check_schema, is_text, settle, unmet
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
WEB_HOOKS = ("mentorkit_web_blueprints", "mentorkit_web_slots")
"""Asked when the pages are mounted, so that a worker never loads Flask."""
_HOOKS = (*(kind.hook for kind in KINDS), *WEB_HOOKS)
_log = logging.getLogger("mentorkit.hooks")


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Which plugin, and where it comes from: a distribution with its version, or a file."""

    name: str
    distribution: str
    version: str = ""

    @property
    def release(self) -> str:
        return f"{self.distribution} {self.version}".strip()

    @property
    def label(self) -> str:
        """Return plugin and distribution as messages name them: ``slack (mentorkit-slack 1.2)``."""
        return f"{self.name} ({self.release})"


@dataclass(frozen=True, kw_only=True)
class LoadedPlugin(Origin):
    """A plugin that was found, checked and asked. `settings` are its own, secrets resolved.

    `secrets` are those among them, to be blotted out of whatever is told of it.
    """

    manifest: Manifest
    module: object
    settings: Mapping[str, Any] = field(repr=False)
    secrets: frozenset[str] = field(repr=False)
    log: logging.Logger


@dataclass(frozen=True, kw_only=True)
class Found(Origin):
    """A listed plugin on its way; `fetch` imports it."""

    fetch: Callable[[], object] = field(repr=False)
    file: bool = False


@contextmanager
def named_when_slow() -> Iterator[Callable[[str], None]]:
    """Give what is told which plugin is loading now: one that hangs is named in the log."""
    loading, over = [("", 0.0)], Event()

    def watch() -> None:
        named = loading[0]
        while not over.wait(max(0.1, loading[0][1] + SLOW_SECONDS - time.monotonic())):
            label, since = now = loading[0]
            if now != named and time.monotonic() >= since + SLOW_SECONDS:
                named = now
                _log.warning("plugin %s is still loading", label)

    def load(label: str) -> None:
        loading[0] = label, time.monotonic()

    load("")
    Thread(target=watch, daemon=True, name="mentorkit-loading").start()
    try:
        yield load
    finally:
        over.set()


class Absent(Problem):
    """What is listed and not there: the list is at fault, no plugin."""


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
        self._releases: dict[metadata.Distribution, tuple[str, str]] = {}
        self._only_settings = True
        self._secrets: frozenset[str] = frozenset()

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
        """Turn whatever a plugin's code raises into a failure of that plugin, secrets blotted."""
        try:
            yield
        except PluginError as error:
            told = [str(problem) for problem in error.problems] or [error.message]
        except FAILURES as error:
            told = [describe(error)]
        else:
            return
        for one in told:
            self.fail(f"{found.label}, {doing}", blotted(one, self._secrets))

    def find(self, listed: Listed) -> Found | None:
        """Return where a listed plugin comes from, or note why it cannot be found."""
        found = self._find(listed)
        if isinstance(found, Found) and not NAME.fullmatch(found.name):
            spelling = "a small letter, then 1 to 23 small letters, digits or underscores"
            found = Problem(found.label, f"rename it: a plugin's name is {spelling}")
        elif isinstance(found, Found) and found.name in self._listed:
            told = f"the name is listed already: {self._listed[found.name]}"
            found = Problem(found.label, told)
        if isinstance(found, Problem):
            self.fail(found.place, found.message, operator=isinstance(found, Absent))
            return None
        self._listed[found.name] = found.label
        return found

    def _find(self, listed: object) -> Found | Problem:
        match listed:
            case str() if not listed.endswith(".py"):
                return self._find_installed(listed)
            case str() | Path():
                return self._find_file(Path(listed))
            case ModuleType():
                name = listed.__name__.rpartition(".")[2].removeprefix("mentorkit_")
                return Found(name=name, distribution="given as a module", fetch=lambda: listed)
            case tuple((str() as name, given)):
                return Found(name=name, distribution="given directly", fetch=lambda: given)
        told = f"{type(listed).__name__}: list a name, or a path of a .py file"
        return Problem("plugins", told)

    @cached_property
    def _installed(self) -> metadata.EntryPoints:
        return metadata.entry_points(group=GROUP)

    def _release(self, point: metadata.EntryPoint) -> tuple[str, str]:
        """Return name and version of what brings it, read once: it takes milliseconds to parse."""
        if point.dist is None:
            return "an unknown distribution", ""
        if point.dist not in self._releases:
            self._releases[point.dist] = point.dist.name, point.dist.version
        return self._releases[point.dist]

    def _find_installed(self, name: str) -> Found | Problem:
        # One distribution can be on the path twice (an editable install and its folder).
        matches = {
            (self._release(point)[0], point.value): point
            for point in self._installed.select(name=name)
        }
        if len(matches) == 1:
            (point,) = matches.values()
            distribution, version = self._release(point)
            return Found(name=name, distribution=distribution, version=version, fetch=point.load)
        if matches:
            both = " and ".join(sorted(f"{dist} ({value})" for dist, value in matches))
            told = f"more than one distribution brings this plugin: {both}; remove one"
        else:
            names = sorted(self._installed.names)
            known = f" installed are: {', '.join(names) or 'none'}."
            own = " A file of yours is named with its .py"
            told = f"no such plugin is installed;{_meant(name, names)}{known}{own}"
        self._missing.add(name)
        return Problem(name, told) if matches else Absent(name, told)

    def _find_file(self, path: Path) -> Found | Problem:
        file = path / "__init__.py" if path.is_dir() else path
        name, shown = file.stem, file.name
        if name == "__init__":
            folder = file.absolute().parent.name
            name, shown = folder.removeprefix("mentorkit_"), f"{folder}/{file.name}"
        if file.suffix != ".py" or not file.is_file():
            self._missing.add(name)
            return Absent(str(path), "there is no such Python file; give the path of a .py file")
        fetch = partial(_import_file, name, file)
        return Found(name=name, distribution=f"file {shown}", fetch=fetch, file=True)

    def check_settings_names(self) -> None:
        """Note settings for plugins that are not listed: most often a typing error."""
        for name in self.settings:
            if name not in self._listed and name not in self._missing:
                meant = _meant(name, list(self._listed)) or " list the plugin, or leave them out"
                self.fail(f"settings.{name}", f"no such plugin is listed;{meant}", operator=True)

    def load(self, found: Found) -> None:
        """Import, check and ask one plugin; it counts as loaded only if nothing failed."""
        before = len(self.failures)
        self._secrets = frozenset()
        module: object = None
        with self.guard(found, "import"):
            module = found.fetch()
        if inspect.isclass(module):
            self.fail(found.label, f"is the class {module.__name__}; give a module or an instance")
        if len(self.failures) > before:
            return
        settings = Frozen()
        with self.guard(found, "manifest"):
            manifest = self._manifest(found, module)
            # Without a sound manifest there are no settings to ask with, but hooks can be checked.
            if len(self.failures) == before:
                given = self.settings.get(found.name, {})
                settled = settle(manifest.settings, given, f"settings.{found.name}")
                settings, self._secrets = Frozen(settled.values), settled.secrets
                for problem in settled.problems:
                    self.fail(f"{problem.place} ({found.release})", problem.message, operator=True)
        sound, manager = len(self.failures) == before, None
        with self.guard(found, "hooks"):
            manager = self._register(found, module)
        offers: dict[tuple[str, str], object] = {}
        for kind in KINDS if sound and manager else ():
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
            secrets=self._secrets,
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
        problems = unmet(self._expected(found, manifest), "manifest.")
        for place in ("settings", "program_settings"):
            # Most schemas are the empty one, and jsonschema takes long to import.
            if (schema := getattr(manifest, place)) != EMPTY_SCHEMA:
                problems += check_schema(schema, f"manifest.{place}", secrets=place == "settings")
        for problem in problems:
            self.fail(f"{found.label}, {problem.place}", problem.message)
        return manifest

    def _expected(self, found: Found, manifest: Manifest) -> Expected:
        """Tell what is expected of a manifest, but for its schemas."""
        yield "title", is_text(manifest.title), "write what the plugin is called in lists and forms"
        unfit = _unfit(manifest.requires_core)
        yield "requires_core", not unfit, unfit
        required = manifest.requires_plugins
        listed = isinstance(required, Sequence) and not isinstance(required, str)
        yield "requires_plugins", listed, 'give a tuple of names, such as ("inbox",)'
        before = list(self._listed)[: list(self._listed).index(found.name)]
        for name in required if listed else ():
            told = "which failed to load" if name in before else "list it before this one"
            yield "requires_plugins", name in self.plugins, f"it needs the plugin {name}; {told}"
        tables, folder = manifest.tables, manifest.migrations
        if isinstance(tables, str):
            placed = re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", tables)
            yield "tables", placed, 'write "package.module:attribute"'
        elif tables is not None:
            told = "give what mentorkit.store.plugin_tables(...) returned, or its place"
            yield "tables", hasattr(tables, "sorted_tables"), told
        if folder is None:
            told = "name the folder of the migrations that make the tables"
            yield "migrations", tables is None, told
        else:
            placed = re.fullmatch(r"[A-Za-z_][\w.]*:[\w/]+", str(folder))
            yield "migrations", placed, 'write "package:folder"'

    def _register(self, found: Found, module: object) -> pluggy.PluginManager:
        """Return a manager that knows this plugin alone; what is wrong with its hooks is noted."""
        manager, own = pluggy.PluginManager(PROJECT), dict[str, object]()
        manager.add_hookspecs(Hooks)
        for name in _candidates(module):
            options = manager.parse_hookimpl_opts(module, name)
            where = f"{found.label}, {name}"
            if options is None:
                if name in _HOOKS and callable(getattr(module, name)):
                    self.fail(where, "write @hookimpl above it; it is never asked without")
                continue
            own[name] = getattr(module, name)
            hook = options.get("specname") or name
            if hook not in _HOOKS and not options.get("optionalhook"):
                known = f" hooks are: {', '.join(_HOOKS)}"
                self.fail(where, f"there is no such hook;{_meant(hook, _HOOKS) or known}")
            if options.get("wrapper") or options.get("hookwrapper"):
                self.fail(where, "a wrapper is refused: no plugin stands around another's answers")
            if options.get("tryfirst") or options.get("trylast"):
                self.fail(where, "leave out tryfirst and trylast: the listed order is the order")
        if found.file and not own:
            self.fail(found.label, _what_to_add(module))
        manager.register(SimpleNamespace(**own), name=found.name)
        return manager

    def _take(
        self, found: Found, kind: Kind, offer: Any, offers: dict[tuple[str, str], object]
    ) -> None:
        """Check one thing that was offered, and keep it under its name."""
        given = "" if inspect.isclass(offer) else getattr(offer, "name", "")
        where = f"{found.label}, {kind.hook}"
        if problems := check_offer(kind, offer):
            named = f", {given}" if given and isinstance(given, str) else ""
            for problem in problems:
                place = f".{problem.place}" if problem.place else ""
                self.fail(f"{where}{named}{place}", problem.message)
            return
        key = (kind.attribute, f"{found.name}.{given}" if kind.own else given)
        if key in offers:
            self.fail(f"{where}, {key[1]}", "is yielded twice; rename one")
        elif key in self.owners:
            other = self.plugins[self.owners[key]].label
            told = f"the plugin {other} offers this name already"
            self.fail(f"{where}, {given}", f"{told}; rename one, or list one of the two")
        else:
            offers[key] = offer

    def check_strategies(self) -> None:
        """Note (and leave out) strategies that name what no loaded plugin offers."""
        for name, strategy in list(self.offers["strategies"].items()):
            used = [("criteria", use.name) for use in strategy.criteria]
            used += [("rules", use.name) for use in strategy.rules]
            used += [("assigners", strategy.assigner)]
            unknown = [(kind, one) for kind, one in used if one not in self.offers[kind]]
            owner = self.plugins[self.owners["strategies", name]].label
            for kind, one in unknown:
                known = ", ".join(self.offers[kind]) or "none"
                told = f"names {one}, which is not among the {kind} that are loaded: {known}"
                self.fail(f"{owner}, mentorkit_matching_strategies, {name}", told)
            if unknown:
                del self.offers["strategies"][name], self.owners["strategies", name]


def _candidates(module: object) -> Iterable[str]:
    """Return the names that may be hooks; of a plain module, what is no function is passed over."""
    if not isinstance(module, ModuleType) or "__dir__" in vars(module):
        return dir(module)
    found = vars(module).items()
    return sorted(name for name, value in found if name in _HOOKS or inspect.isroutine(value))


def _ask(manager: pluggy.PluginManager, hook: str, settings: Frozen) -> list[object]:
    """Return all that one plugin yields for one hook; a generator is drained here."""
    offers: list[object] = []
    for impl in getattr(manager.hook, hook).get_hookimpls():
        if impl.hookwrapper or impl.wrapper:
            continue  # refused already
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


def ask_again(plugin: LoadedPlugin, hook: str) -> list[object]:
    """Return what a loaded plugin yields for one of the `WEB_HOOKS`."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(Hooks)
    manager.register(plugin.module, name=plugin.name)
    return _ask(manager, hook, Frozen(plugin.settings))


def _unfit(specifier: object) -> str:
    """Return why this core does not fit a plugin's version specifier, or nothing."""
    if specifier == "":
        return ""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    ours = mentorkit.__version__
    try:
        wanted = SpecifierSet(specifier if isinstance(specifier, str) else "?")
    except InvalidSpecifier:
        return f'{specifier!r} is no version specifier; write one such as ">=0.1,<1"'
    if wanted.contains(ours, prereleases=True):
        return ""
    told = f"it is written for mentorkit {specifier}, this is {ours}"
    return f"{told}; install a version of either that fits"


def _meant(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f" did you mean {close[0]}?" if close else ""


def _what_to_add(module: object) -> str:
    """Say what a file without a hook needs, in its own names where it has providers."""
    for base, told in (
        (Criterion, "add at its end: @hookimpl / def mentorkit_criteria()"),
        (Rule, "add at its end: @hookimpl / def mentorkit_rules()"),
        (Provider, "add a hook: @hookimpl / def mentorkit_...()"),
    ):
        for name, value in vars(module).items():
            # What it imported to build on is not its own.
            own = inspect.isclass(value) and value.__module__ != Provider.__module__
            if own and issubclass(value, base):
                return f"it offers nothing; {told}: yield {name}()"
    return f"it offers nothing; {told}: yield MyCriterion()"


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
        del sys.modules[name]
        if previous is not None:
            sys.modules[name] = previous
        raise
    return module
