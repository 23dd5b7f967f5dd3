"""What leaves the process when a scan is shared out: arrays and numbers, never code.

`pickle` runs whatever a message says, so nobody should load it from a queue. Here a shard is two
packages of bytes in numpy's own format (`.npz`, read with ``allow_pickle=False``): one of all that
the shards of a tape have in common, which is sent once, and one of the rest. Whoever does the work
needs both, and gives back a third. The functions are named by a fixed list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from io import BytesIO
from typing import Any

import numpy as np

from mentorkit.matching.fused import (
    Shard,
    alone,
    best_of_shard,
    scores_of_shard,
    survey_shard,
)
from mentorkit.matching.passes import Tape, TextColumns

ASKED: Mapping[str, Callable[[Shard], Any]] = {
    "best": best_of_shard,
    "scores": scores_of_shard,
    "survey": survey_shard,
}
"""What may be asked of a shard that was sent."""
_OF_MENTEES = frozenset(
    (
        "value", "mentee_class", "my_words", "my_bytes", "my_codes", "my_numbers", "apart", "never",
        "past", "met",
    )
)  # fmt: skip
"""The columns of a tape that a shard takes along of its own mentees; so are these of its texts."""
_TEXTS_OF_MENTEES = frozenset(("first", "word", "weight"))
_NUMBERS = ("k", "mentors")


def name_of(fn: Callable[..., Any]) -> str | None:
    """Return by what name a function may be asked for elsewhere; None where it may not."""
    return next((name for name, one in ASKED.items() if one is fn), None)


def pack_tape(tape: Tape) -> bytes:
    """Return all of a tape but its mentees."""
    columns = {name: getattr(tape, name) for name in tape._fields if name != "texts"}
    kept = {name: one for name, one in columns.items() if name not in _OF_MENTEES}
    for name in tape.texts._fields:
        if name not in _TEXTS_OF_MENTEES:
            kept[f"texts.{name}"] = getattr(tape.texts, name)
    return _packed(kept)


def pack_shard(name: str, shard: Shard) -> bytes:
    """Return what `name` is asked of a shard, and all that is its own."""
    one = alone(shard)
    own = {f.name: getattr(one, f.name) for f in fields(one) if f.name != "tape"}
    own |= {f"tape.{column}": getattr(one.tape, column) for column in _OF_MENTEES}
    own |= {f"texts.{column}": getattr(one.tape.texts, column) for column in _TEXTS_OF_MENTEES}
    return _packed({"asked": np.array(name), **own})


def read_tape(packed: bytes) -> dict[str, Any]:
    """Return what `pack_tape` packed, for `answer`; raises ValueError for what it did not pack."""
    return _read(packed)


def answer(tape: Mapping[str, Any], packed: bytes) -> bytes:
    """Do what is asked of a shard, with what `read_tape` gave; return the answer, packed.

    Raises ValueError for what is no such shard, and ImportError where numba is missing.
    """
    own = _read(packed)
    try:
        fn = ASKED[str(own.pop("asked"))]
        texts = {name: own.pop(f"texts.{name}") for name in _TEXTS_OF_MENTEES}
        columns = {name: own.pop(f"tape.{name}") for name in _OF_MENTEES}
        for name, column in tape.items():
            part, _, inner = name.rpartition(".")
            (texts if part else columns)[inner] = column
        own |= {name: int(own[name]) for name in _NUMBERS}
        shard = Shard(Tape(**columns, texts=TextColumns(**texts)), **own)
    except (KeyError, TypeError) as error:
        raise ValueError("This is no shard of a scan.") from error
    found = fn(shard)
    if isinstance(found, tuple):
        return _packed({str(at): one for at, one in enumerate(found)})
    return _packed({"all": found})


def read_answer(packed: bytes) -> Any:
    """Return what the function returned; raises ValueError for what `answer` did not pack."""
    found = _read(packed)
    if "all" in found:
        return found["all"]
    return tuple(found[str(at)] for at in range(len(found)))


def _packed(columns: Mapping[str, Any]) -> bytes:
    into, arrays = BytesIO(), {name: np.asarray(one) for name, one in columns.items()}
    np.savez(into, **arrays)  # type: ignore[arg-type] # of its other options none is named so
    return into.getvalue()


def _read(packed: bytes) -> dict[str, Any]:
    try:
        with np.load(BytesIO(packed), allow_pickle=False) as found:
            return {name: found[name] for name in found.files}
    except Exception as error:  # a broken zip file is told of in many ways
        raise ValueError("This is no package of arrays.") from error


__all__ = [
    "ASKED",
    "answer",
    "name_of",
    "pack_shard",
    "pack_tape",
    "read_answer",
    "read_tape",
]
