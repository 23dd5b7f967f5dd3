"""The matching engine: the only room with numpy, which is loaded when a pool is first made.

Bind a strategy to what the plugins offer, run it over a pool of people, verify the result. To read
it, follow a run (`engine.run`), as these modules stand:

1. Who is there: `people`, `pool` and its `columns`; in large programs `packed`, `roster` and
   `poolfile`, which read `distinct` answers.
2. What is asked of them: `binding` a strategy, and what each declared form means, in `forms`.
3. How well each pair fits: `scan`. `plan`, `passes`, `fused` and `kernels` are the same, faster.
4. Who goes with whom: the `problem` put to an assigner, answered by `assign`: `exact` or `auction`,
   with `coverage` and `sparse` around them, or `stable`; `solving` takes a whole problem. Groups
   are read in `together`.
5. How good it is: `certificate`, `surveys` and `proof`.
6. What is told: `explain`, `unmatched`, `trade`, `whatif` and `whynot`, in the words of `wording`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mentorkit.matching import assign
    from mentorkit.matching.binding import BoundStrategy, bind
    from mentorkit.matching.engine import Recommender, recommend, run
    from mentorkit.matching.packed import PackedSide, pack
    from mentorkit.matching.people import Someone
    from mentorkit.matching.pool import Pool, Side
    from mentorkit.matching.problem import as_arrays
    from mentorkit.matching.proof import verify
    from mentorkit.matching.result import Certificate, Override, Pair, Result, Unmatched
    from mentorkit.matching.sheets import pair_leads, pairs_sheet, summary, unmatched_sheet
    from mentorkit.matching.texts import words_in
    from mentorkit.matching.wording import sentence, words

_HOMES = {
    "BoundStrategy": "binding",
    "Certificate": "result",
    "Override": "result",
    "Pair": "result",
    "PackedSide": "packed",
    "Pool": "pool",
    "Recommender": "engine",
    "Result": "result",
    "Side": "pool",
    "Someone": "people",
    "Unmatched": "result",
    "as_arrays": "problem",
    "assign": "assign",
    "bind": "binding",
    "pack": "packed",
    "pair_leads": "sheets",
    "pairs_sheet": "sheets",
    "recommend": "engine",
    "run": "engine",
    "sentence": "wording",
    "summary": "sheets",
    "unmatched_sheet": "sheets",
    "verify": "proof",
    "words": "wording",
    "words_in": "texts",
}

__all__ = [
    "BoundStrategy",
    "Certificate",
    "Override",
    "PackedSide",
    "Pair",
    "Pool",
    "Recommender",
    "Result",
    "Side",
    "Someone",
    "Unmatched",
    "as_arrays",
    "assign",
    "bind",
    "pack",
    "pair_leads",
    "pairs_sheet",
    "recommend",
    "run",
    "sentence",
    "summary",
    "unmatched_sheet",
    "verify",
    "words",
    "words_in",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(f"{__name__}.{_HOMES[name]}")
    return home if _HOMES[name] == name else getattr(home, name)


def __dir__() -> list[str]:
    return sorted(__all__)
