"""What is compiled: each kernel does what its plain numpy meaning does, only faster.

numba, which compiles, is an extra (``pip install 'mentorkit[fast]'``) and is loaded when a kernel
is first used. Nothing here is loaded before.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.util import find_spec

WORTH = 3_000_000
"""So many pairs are worth loading the compiler's library for, which takes about half a second."""
WORTH_LOADED = 50_000
"""So many are worth it where it is loaded already."""


@cache
def available() -> bool:
    """Return whether kernels can be compiled here; ``MENTORKIT_NUMBA=0`` says no."""
    return os.environ.get("MENTORKIT_NUMBA") != "0" and find_spec("numba") is not None


def worth(cells: int) -> bool:
    """Return whether so many pairs are looked at faster by kernels, loading them included."""
    return available() and cells >= (WORTH_LOADED if "numba" in sys.modules else WORTH)
