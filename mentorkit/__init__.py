"""mentorkit puts a mentoring program inside a product that already exists.

Names resolve when they are first used, so that `import mentorkit` loads neither Flask, nor
SQLAlchemy, nor numpy, nor jsonschema.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mentorkit.domain.site import Portal
    from mentorkit.hooks.manifest import Manifest
    from mentorkit.hooks.registry import DEFAULT_PLUGINS
    from mentorkit.hooks.specs import hookimpl
    from mentorkit.kit import Kit

__version__ = "0.1.0"

_HOMES = {
    "DEFAULT_PLUGINS": "mentorkit.hooks.registry",
    "Kit": "mentorkit.kit",
    "Portal": "mentorkit.domain.site",
    "Manifest": "mentorkit.hooks.manifest",
    "hookimpl": "mentorkit.hooks.specs",
}

__all__ = ["DEFAULT_PLUGINS", "Kit", "Manifest", "Portal", "__version__", "hookimpl"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
