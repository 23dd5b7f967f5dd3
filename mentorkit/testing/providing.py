"""What all providers keep, whatever their kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from mentorkit.hooks import Provider
from mentorkit.hooks.offers import KINDS, check_offer
from mentorkit.hooks.registry import LoadedPlugin, Registry
from mentorkit.hooks.settings import check_options, check_schema
from mentorkit.testing.network import network_blocked

NOTHING: Mapping[str, Any] = MappingProxyType({})

_WITHOUT_FLASK = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("flask", "werkzeug", "jinja2"):
            raise ImportError(f"{name} is not there in a worker; import it inside the web hook")
sys.meta_path.insert(0, Wall())
import importlib, json
name, module, settings = json.loads(sys.argv[1])
from mentorkit.hooks.registry import Registry
Registry.load([(name, importlib.import_module(module))], settings)
"""


class Contract:
    """What all providers keep. Set `plugin` (and `name`), or `provider` for one on its own.

    `plugin` is listed as in ``Kit(plugins=...)``; `others` are plugins it needs, `settings` its
    own. `options` are what a program sets for this provider.
    """

    kind: ClassVar[str]
    plugin: Any = None
    others: Sequence[Any] = ()
    settings: Mapping[str, Any] = NOTHING
    name: str = ""
    provider: Any = None
    options: Mapping[str, Any] = NOTHING
    may_use_network: ClassVar[bool] = False
    """Whether a try to reach the network is a failure of the contract; none gets through."""

    @pytest.fixture(autouse=True)
    def _no_network(self) -> Iterator[None]:
        with network_blocked() as tried:
            yield
        if tried and not self.may_use_network:
            pytest.fail(f"it must not use the network, and asked for {', '.join(tried)}")

    def loaded(self) -> tuple[Registry, LoadedPlugin]:
        """Return a registry with the plugin, and the plugin."""
        listed = self.plugin[0] if isinstance(self.plugin, tuple) else self.plugin
        name = Path(str(listed)).stem
        registry = Registry.load([*self.others, self.plugin], {name: self.settings})
        return registry, list(registry.plugins.values())[-1]

    def subject(self) -> Any:
        """Return the provider, made anew where it comes from a plugin."""
        if self.provider is not None:
            return self.provider
        if self.plugin is None:
            pytest.fail("set `plugin` (and `name`), or `provider`")
        registry, plugin = self.loaded()
        offers: Mapping[str, Provider] = getattr(registry, self.kind)
        own = [name for name in offers if registry.owner(self.kind, name) is plugin]
        name = self.name or (own[0] if len(own) == 1 else "")
        if name not in own:
            pytest.fail(f"set `name` to one of the plugin's {self.kind}: {', '.join(own)}")
        return offers[name]

    def test_is_well_formed(self) -> None:
        provider = self.subject()
        (kind,) = (kind for kind in KINDS if kind.attribute == self.kind)
        assert list(check_offer(kind, provider)) == []
        options = getattr(provider, "options", None)
        if options is not None:
            assert check_schema(options, "options", flat=False, secrets=False) == []

    def test_takes_the_options(self) -> None:
        provider = self.subject()
        if hasattr(provider, "options"):
            assert self.checked_options(provider) is not None

    def test_loads_without_flask(self) -> None:
        if self.plugin is None:
            # On its own it comes from the test module, whose imports are not the plugin's.
            return
        _, plugin = self.loaded()
        module = getattr(plugin.module, "__name__", type(plugin.module).__module__)
        if module.startswith("mentorkit_file_"):
            return
        given = json.dumps([plugin.name, module, {plugin.name: dict(self.settings)}])
        assert _without_flask(given) == ""

    def checked_options(self, provider: Any) -> dict[str, Any]:
        """Return the options with defaults filled in."""
        options, problems = check_options(provider.options, self.options, "options")
        assert problems == []
        return options


@cache
def _without_flask(given: str) -> str:
    """Return why a plugin does not load where there is no Flask, or nothing.

    In a process of its own: here, something else may have imported the plugin with Flask before.
    """
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_FLASK, given],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr if done.returncode else ""
