"""Small plugins, made on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from typing import Any

import pytest

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Criterion
from mentorkit.hooks.registry import Registry

CreatePlugin = Callable[..., tuple[str, ModuleType]]
LoadExample = Callable[[str], Registry]


class Village(Criterion):
    """A criterion that any test can offer under any name."""

    needs = {"village": str}  # noqa: RUF012

    def __init__(self, name: str = "village") -> None:
        self.name = name

    def score(self, mentee: Any, mentor: Any) -> float | None:
        return 1.0 if mentee["village"] == mentor["village"] else 0.0


@pytest.fixture
def create_plugin() -> CreatePlugin:
    """Return a factory of plugins: ``create_plugin("a", mentorkit_criteria=lambda: [...])``.

    What is given for a hook is asked; a plain list is what it answers.
    """

    def create(name: str = "sample", *, manifest: Any = None, **hooks: Any) -> tuple[str, Any]:
        module = ModuleType(f"mentorkit_{name}")
        module.manifest = manifest or Manifest(title=name)  # type: ignore[attr-defined]
        for hook, answer in hooks.items():
            setattr(module, hook, hookimpl(answer if callable(answer) else _always(answer)))
        return name, module

    return create


def _always(answer: Any) -> Callable[[], Any]:
    def implementation() -> Any:
        return answer

    return implementation


@pytest.fixture
def write_plugin(tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a factory of plugin files."""

    def write(name: str, source: str) -> Path:
        file = tmp_path / f"{name}.py"
        file.write_text(dedent(source), encoding="utf-8")
        return file

    return write


@pytest.fixture
def criteria() -> Callable[..., Iterable[Criterion]]:
    """Return a factory of criteria by name."""

    def make(*names: str) -> Iterable[Criterion]:
        return [Village(name) for name in names]

    return make
