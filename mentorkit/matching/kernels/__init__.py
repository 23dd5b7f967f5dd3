"""What is compiled: each kernel does what its plain numpy meaning does, only faster.

numba, which compiles, is an extra (``pip install 'mentorkit[fast]'``) and is loaded when a kernel
is first used. Nothing here is loaded before.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from mentorkit.errors import Invalid

WORTH = 3_000_000
"""So many pairs are worth loading the compiler's library for, which takes about half a second."""
COLD = 15
"""How many times as many are worth compiling it all first, which takes most of a minute."""
WORTH_LOADED = 50_000
"""So many are worth it where it is loaded already."""
SOLVERS_WORTH = 2_000_000
"""So many pairs are worth loading the compiled solvers for; where numba is loaded, any are."""
WHERE_WORTH: Any = object()
"""Leaves it to `solvers` whether compiled code is used."""
PLAIN_CELLS = 250_000_000
"""More pairs than this are not begun without kernels: it would take many minutes."""
EXTRA = "pip install 'mentorkit[fast]'"


def available() -> bool:
    """Return whether kernels can be compiled here; ``MENTORKIT_NUMBA=0`` says no."""
    return os.environ.get("MENTORKIT_NUMBA") != "0" and _installed()


def loaded(name: str) -> Any:
    """Return a module of kernels, or None where it cannot be loaded: then numpy goes on alone.

    A numba may not fit numpy, or find no folder to keep compiled code in.
    """
    return _load(name)[0] if available() else None


@cache
def _load(name: str) -> tuple[Any, str]:
    """Return a module of kernels and "", or None and why it cannot be loaded: it is tried once."""
    try:
        module = import_module(f"{__name__}.{name}")
        _keep_ours(module)
        return module, ""
    except Exception as error:  # whatever is wrong with a numba, numpy does it
        return None, str(error) or type(error).__name__


def _keep_ours(module: Any) -> None:
    """Take away what an earlier version left compiled, if numba has not read it yet.

    numba compiles a function anew where its own file has changed, and knows nothing of the others
    that it is made of: it would go on with their old numbers, or break off at a name that has gone.
    """
    here = Path(__file__).parent
    sources = sorted([*here.glob("*.py"), here.with_name("passes.py")])
    made_of = sha256(b"\0".join(one.read_bytes() for one in sources)).hexdigest()
    kernel = next(one for one in vars(module).values() if hasattr(one, "stats"))
    folder, name = Path(kernel.stats.cache_path), module.__name__.rpartition(".")[2]
    mark = folder / f"{name}-{made_of[:16]}.of"
    if not mark.exists():
        with suppress(OSError):
            for old in (*folder.glob(f"{name}.*.nbi"), *folder.glob(f"{name}-*.of")):
                old.unlink(missing_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
            mark.touch()


def _what_helps() -> str:
    """Return what makes it many times faster, "" where compiled code is there already."""
    if not available():
        return f"{EXTRA} makes it many times faster"
    why = _load("scan")[1]
    return why and f"numba is installed, but cannot be loaded here ({why}): mend that, or {EXTRA}"


def solvers(asked: Any, pairs: int) -> Any:
    """Return the compiled solvers (`kernels.assign`), or None for numpy: what was asked for.

    `WHERE_WORTH` asks for them where so many pairs make up for loading them.
    """
    if asked is not WHERE_WORTH:
        return asked
    return loaded("assign") if "numba" in sys.modules or _enough(pairs, SOLVERS_WORTH) else None


@cache
def _installed() -> bool:
    return find_spec("numba") is not None


def refuse_slow(
    block: Callable[[int, int], Any], tiles: Iterator[tuple[int, int]], cells: int, *,
    compilable: bool,
) -> None:  # fmt: skip
    """Raise `Invalid`: so many pairs take far too long in numpy alone.

    How long is tried with a few tiles, as some forms take ten times as long as others; the first
    is not counted, in which everybody's answers are packed. A plugin's own code is not tried.
    """
    takes = "far too long"
    if compilable:
        first, *others = islice(tiles, 9)
        block(*first)
        looked, begun = 0, time.perf_counter()
        for start, stop in others:
            looked += np.size(block(start, stop)[0])
        seconds = (time.perf_counter() - begun) * cells / max(1, looked)
        minutes = max(1, round(6 * seconds / 60))  # read, paired, read again, checked
        takes = "about a minute" if minutes == 1 else f"about {minutes:,} minutes"
    told = f"Nothing was matched: without compiled code {cells:,} pairs take {takes}. "
    if not compilable:
        told += "A rule or criterion is a plugin's own code, which cannot be compiled. "
        told += "Give it a declared form, or match by parts: by cohort, say."
    elif helps := _what_helps():
        told = f"{told[:-2]}; {helps}."
    else:
        told += "These answers do not fit a compiled scan. Match by parts: by cohort, say."
    raise Invalid("match.too_many", told)


def hint(cells: int) -> str:
    """Return what would make so many pairs faster, "" where nothing would."""
    helps = _what_helps() if cells >= WORTH else ""
    return helps and f"{cells:,} pairs were looked at without compiled code; {helps}"


def worth(cells: int) -> bool:
    """Return whether so many pairs are looked at faster by kernels, getting them ready included."""
    if not available():
        return False
    if "numba" in sys.modules:
        return cells >= WORTH_LOADED
    return _enough(cells, WORTH)


def _enough(pairs: int, worth: int) -> bool:
    """Return whether so many pairs are worth loading what is compiled, or compiling it first."""
    return pairs >= worth and (pairs >= worth * COLD or are_kept())


def are_kept() -> bool:
    """Return whether an earlier run has left compiled code where numba looks for it."""
    places = [Path(__file__).parent / "__pycache__"]
    for folder in (os.environ.get("NUMBA_CACHE_DIR"), Path.home() / ".cache" / "numba"):
        places += Path(folder).glob("*") if folder else ()
    return any(any(place.glob("scan.best-*.nbi")) for place in places)
