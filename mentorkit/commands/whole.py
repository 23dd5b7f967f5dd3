"""Whole numbers in options and arguments: digits, and nothing else that a machine takes for one."""

from __future__ import annotations

import re
from typing import Any

import click

_WHOLE = re.compile(r"[+-]?[0-9]+")


class Whole(click.IntRange):
    """A whole number from `min` to `max`, where these are given; ``1_0`` is none."""

    name = "integer"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and not _WHOLE.fullmatch(value.strip()):
            self.fail(f"{value!r} is no whole number; write digits, such as 12.", param, ctx)
        return super().convert(value, param, ctx)

    def _describe_range(self) -> str:
        """Return what help says of the range; nothing where there is none."""
        return "" if self.min is None and self.max is None else super()._describe_range()
