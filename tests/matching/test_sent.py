"""What leaves the process when a scan is shared out: arrays, from which the same comes back."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from mentorkit.matching import fused as fused_scan
from mentorkit.matching import kernels, problem, run, sent
from mentorkit.matching.fused import Fused
from mentorkit.matching.plan import tape_of
from mentorkit.matching.scan import Scan
from tests.matching.samples import draw_wide_case

pytestmark = pytest.mark.skipif(not kernels.available(), reason="numba is not installed")


def elsewhere(fn: Callable[[Any], Any], shards: Sequence[Any]) -> Iterator[Any]:
    """Do it as another machine would, which has only what was packed."""
    name = sent.name_of(fn)
    assert name is not None
    tape = sent.read_tape(sent.pack_tape(shards[0].tape))
    for shard in shards:
        yield sent.read_answer(sent.answer(tape, sent.pack_shard(name, shard)))


def test_a_run_is_the_same_where_only_arrays_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "WORTH", 0)
    monkeypatch.setattr(kernels, "WORTH_LOADED", 0)
    monkeypatch.setattr(problem, "DENSE_CELLS", 0)
    monkeypatch.setattr(fused_scan, "FEW_PAIRS", 0)
    for seed in (11, 12):
        case = draw_wide_case(seed, most=200)
        here = run(case.pool, case.bound())
        there = run(case.pool, case.bound(), map_shards=elsewhere)
        assert replace(there, seconds=0, shortlists={}) == replace(here, seconds=0, shortlists={})


def test_each_question_is_answered_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_scan, "FEW_PAIRS", 0)
    monkeypatch.setattr(fused_scan, "SENT", 3)
    for seed in range(12):
        case = draw_wide_case(seed, most=80)
        scan = Scan(case.pool, case.bound(), compiled=False)
        tape = tape_of(scan)
        assert tape is not None
        here, there = Fused(tape), Fused(tape, elsewhere)
        mentors = len(scan.pool.mentors)
        mentees = np.random.default_rng(seed).permutation(tape.mentees).astype(np.int32)
        free, worst = np.zeros(mentors, np.int64), np.full(mentors, 5_000)
        own, nobody = np.full(len(mentees), 4_000), np.full(len(mentees), -1, np.int32)
        questions: tuple[tuple[str, tuple[Any, ...]], ...] = (
            ("best", (mentees, 5, free)),
            ("scores", (mentees, mentors)),
            ("survey", (free, worst, own, nobody)),
        )
        for what, asked in questions:
            one, other = getattr(here, what)(*asked), getattr(there, what)(*asked)
            for a, b in zip(*(x if isinstance(x, tuple) else (x,) for x in (one, other)),
                            strict=True):  # fmt: skip
                assert a.dtype == b.dtype
                assert np.array_equal(a, b)


def test_only_what_stands_in_the_list_can_be_asked() -> None:
    assert sent.name_of(fused_scan.best_of_shard) == "best"
    assert sent.name_of(print) is None
    into = BytesIO()
    np.savez(into, asked=np.array("os.system"))
    with pytest.raises(ValueError, match="no shard"):
        sent.answer({}, into.getvalue())


def test_no_code_is_taken_from_a_package() -> None:
    class Evil:
        def __reduce__(self) -> Any:
            return pytest.fail, ("code was run",)

    into = BytesIO()
    np.savez(into, asked=np.array([Evil()], dtype=object))
    for packed in (into.getvalue(), pickle.dumps(Evil()), b"", b"PK\x03\x04", b"x" * 100):
        for read in (sent.read_tape, sent.read_answer, lambda one: sent.answer({}, one)):
            with pytest.raises(ValueError, match="no package"):
                read(packed)
