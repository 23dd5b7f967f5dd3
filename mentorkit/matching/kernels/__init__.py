"""The compiled forms of what is slow in plain numpy. Importing this package loads no numba."""

from __future__ import annotations

import os
from importlib.util import find_spec


def available() -> bool:
    """Return whether numba is installed, and not switched off by MENTORKIT_NUMBA=0."""
    return os.environ.get("MENTORKIT_NUMBA", "1") != "0" and find_spec("numba") is not None
