"""Reads the documentation as the tests need it: headings, fenced blocks, files that it shows.

A block that shows a file stands below a line ``<!-- file: PATH -->`` (the whole file) or
``<!-- part: PATH -->`` (some lines of it). ``python tests/docs/pages.py`` writes whole files into
their blocks again after they have changed.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"

FENCE = re.compile(r"^```(?P<language>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(
    r"^(?P<mark><!-- (?P<how>file|part): (?P<path>\S+) -->\n```\w+\n)(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


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


def shown(page: Path) -> list[tuple[str, Path, str]]:
    """Return (file or part, the file, what the page shows) of each block that shows a file."""
    return [
        (found["how"], (page.parent / found["path"]).resolve(), found["body"])
        for found in SHOWN.finditer(page.read_text(encoding="utf-8"))
    ]


def as_it_should_be(page: Path) -> str:
    """Return the page with each whole file that it shows as that file stands now."""

    def fill(found: re.Match[str]) -> str:
        body = found["body"]
        if found["how"] == "file":
            body = (page.parent / found["path"]).read_text(encoding="utf-8")
        return f"{found['mark']}{body}```"

    return SHOWN.sub(fill, page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    for each in (README, *written_pages()):
        each.write_text(as_it_should_be(each), encoding="utf-8")
