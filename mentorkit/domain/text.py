"""Text that a program writes: one string for each language, with a fallback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mentorkit.domain.frozen import Frozen

FALLBACK = "en"


def text(value: str | Mapping[str, str]) -> Frozen:
    """Return `value` as ``{locale: text}``; a plain string counts as English."""
    return Frozen({FALLBACK: value}) if isinstance(value, str) else Frozen(value)


def in_locale(value: Mapping[str, Any] | str, locale: str = FALLBACK) -> str:
    """Return the text for `locale` (BCP 47), else its bare language, English, or the first."""
    if isinstance(value, str):
        return value
    if locale in value:
        return str(value[locale])
    for wanted in (locale.split("-")[0], FALLBACK):
        if wanted in value:
            return str(value[wanted])
    return str(next(iter(value.values()), ""))
