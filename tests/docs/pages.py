"""Reads the documentation as the tests need it: headings, fenced blocks, included files."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

FENCE = re.compile(r"^```(?P<language>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)


def reference() -> ModuleType:
    """Return docs/from_code.py, which writes the reference."""
    if "from_code" not in sys.modules:
        spec = importlib.util.spec_from_file_location("from_code", DOCS / "from_code.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["from_code"] = module
        spec.loader.exec_module(module)
    return sys.modules["from_code"]


def written_pages() -> Iterator[Path]:
    """Yield the pages that people wrote."""
    for path in sorted(DOCS.rglob("*.md")):
        parts = path.relative_to(DOCS).parts
        if "_build" not in parts and "generated" not in parts and parts[0] != "changes":
            yield path


def headings(text: str) -> list[str]:
    """Return the headings, as plain text."""
    prose = FENCE.sub("", text)
    return [line.lstrip("#").strip().strip("`") for line in prose.splitlines() if line[:1] == "#"]


def blocks(text: str) -> list[tuple[str, str]]:
    """Return (language, body) of each fenced block."""
    return [(found["language"].strip(), found["body"]) for found in FENCE.finditer(text)]


def included(text: str) -> list[str]:
    """Return the paths that the page takes in with `literalinclude`."""
    return re.findall(r"^```\{literalinclude\} (\S+)$", text, re.MULTILINE)
