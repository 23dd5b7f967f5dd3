"""Stop unless the oldest dependencies that pyproject.toml allows are those installed here.

Run by `tox -e lowest`: a suite that passes on newer versions proves nothing about the oldest.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def floors() -> dict[str, Version]:
    """Return each direct dependency's oldest allowed version."""
    data = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
    project = data["project"]
    listed = [
        *project["dependencies"],
        *(text for extra in project["optional-dependencies"].values() for text in extra),
        *data["dependency-groups"]["test"],
    ]
    found: dict[str, Version] = {}
    for text in listed:
        wanted = Requirement(text)
        if wanted.name != project["name"]:
            (floor,) = (one.version for one in wanted.specifier if one.operator == ">=")
            found[wanted.name] = Version(floor)
    return found


def newer(floor: Version, installed: Version) -> bool:
    """Return whether something newer than the floor is installed; 3.0 stands for any 3.0.x."""
    return installed.release[: len(floor.release)] != floor.release


def main() -> int:
    wrong = []
    for name, floor in sorted(floors().items()):
        try:
            installed = Version(version(name))
        except PackageNotFoundError:
            wrong.append(f"{name}: not installed")
            continue
        if newer(floor, installed):
            wrong.append(f"{name}: {installed} is installed, the floor is {floor}")
    print("\n".join(wrong) or f"All {len(floors())} floors are what is installed.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
