"""Sphinx settings. The reference is written from the code before anything is read."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import from_code  # noqa: E402

import mentorkit  # noqa: E402

from_code.write(HERE / "reference" / "generated")

project = "mentorkit"
author = "The mentorkit team"
version = release = mentorkit.__version__
extensions = ["myst_parser"]
exclude_patterns = ["_build", "changes", "examples"]
html_theme = "furo"
html_title = f"mentorkit {release}"
myst_heading_anchors = 3
nitpicky = True
suppress_warnings = ["misc.highlighting_failure"]
