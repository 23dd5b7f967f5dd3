"""A question that can be asked of a shard without compiled code, for tests of how shards travel."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np

from mentorkit.matching import sent
from mentorkit.matching.fused import Shard
from mentorkit.matching.passes import Tape, TextColumns

FOLDER = "MENTORKIT_TEST_ASKED"
"""The folder where each process notes that it was asked, where the environment names one."""


def value_of_shard(shard: Shard) -> tuple[Any, Any]:
    """Return twice what stands of each mentee, and how many mentors there are."""
    if folder := os.environ.get(FOLDER):
        (Path(folder) / f"{os.getpid()}-{shard.tape.value[0][shard.mentees[0]]}").touch()
        time.sleep(0.2)
    return shard.tape.value[0][shard.mentees] * 2, np.full(
        len(shard.mentees), len(shard.tape.order)
    )


def register() -> None:
    """Let these be asked for."""
    sent.ASKED["value"] = value_of_shard  # type: ignore[index]


def shards(mentees: int, parts: int, mentors: int = 5) -> list[Shard]:
    """Return a tape of so many mentees in so many shards."""
    none = np.zeros(0, np.int32)
    wide = np.zeros((0, mentees), np.int32)
    begins = np.zeros(mentees + 1, np.int64)
    texts = TextColumns(np.zeros((0, mentees + 1), np.int64), none, none, none, none, none)
    columns: dict[str, Any] = dict.fromkeys(Tape._fields, none)
    columns |= dict.fromkeys(("my_words", "my_bytes", "my_codes", "my_numbers"), wide)
    columns |= {"apart": begins, "past": begins, "mentee_class": np.zeros(mentees, np.int32)}
    columns |= {"value": np.arange(mentees, dtype=np.int16)[None, :], "texts": texts}
    tape = Tape(**{**columns, "order": np.arange(mentors, dtype=np.int32)})
    rows = np.array_split(np.arange(mentees, dtype=np.int32), parts)
    return [Shard(tape, some) for some in rows]


def right(mentees: int, mentors: int = 5) -> tuple[list[int], list[int]]:
    """Return what comes back of all of them."""
    return [2 * n for n in range(mentees)], [mentors] * mentees


def joined(found: list[Any]) -> tuple[list[int], list[int]]:
    return (
        [int(n) for one in found for n in one[0]],
        [int(n) for one in found for n in one[1]],
    )
