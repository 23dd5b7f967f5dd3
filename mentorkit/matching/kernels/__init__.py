"""What is compiled: each kernel does what its plain numpy meaning does, only faster.

numba, which compiles, is an extra (``pip install 'mentorkit[fast]'``) and is loaded when a kernel
is first used. Nothing here is loaded before.
"""

from __future__ import annotations

import os
from functools import cache
from importlib.util import find_spec


@cache
def available() -> bool:
    """Return whether kernels can be compiled here; ``MENTORKIT_NUMBA=0`` says no."""
    return os.environ.get("MENTORKIT_NUMBA") != "0" and find_spec("numba") is not None
