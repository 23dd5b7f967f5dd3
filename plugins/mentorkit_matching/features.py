"""What people write as a vector: the feature `words`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

from mentorkit.hooks import Context, Feature, Field

LENGTH = 256
MOST = 8
"""A word of so many signs, or more, weighs most."""
SYLLABLES, LEAST = "\u0e00", 5
"""From which sign on one says as much as a syllable; such a word counts as so long at least."""
DIGITS = 4
"""So many digits are kept of each number: the cosine is out by less than a thousandth."""


class Words(Feature):
    """All free text of somebody by its words, each hashed to a place and a sign of a vector.

    How rare a word is, is known of a corpus alone, and somebody's vector would be another one with
    each text that somebody else writes. So its length stands for it: words that say more are
    longer, in all languages that were looked at (Piantadosi, Tily and Gibson, "Word lengths are
    optimized for efficient communication", 2011). A word counts 1 + ln(times), times the square of
    one less than its signs, of `MOST` at most; by the length alone, "I would like to" outweighed
    what somebody would like. Two of some hundred words fall together at times, so that texts with
    nothing in common are alike by 0.06, more or less (Weinberger and others, "Feature hashing for
    large scale multitask learning", 2009).
    """

    name = "words"
    title = "words used"
    version = "1"
    length = LENGTH

    def reads(self, fields: Mapping[str, Field]) -> Iterable[str]:
        """Return the fields of free text, but for the one in which people are asked for."""
        return [name for name, one in fields.items() if one.kind == "text" and name != "choices"]

    def compute(
        self, ctx: Context, people: Sequence[Mapping[str, Any]]
    ) -> list[tuple[float, ...] | None]:
        """Return a vector of length 1 of each, None of who wrote no word."""
        return [_vector([text for text in one.values() if text]) for one in people]


def _vector(texts: Sequence[str]) -> tuple[float, ...] | None:
    from mentorkit.matching import words_in

    vector = [0.0] * LENGTH
    for word, times in Counter(word for text in texts for word in words_in(text)).items():
        told = int.from_bytes(blake2b(word.encode(), digest_size=8).digest())
        signs = max(len(word), LEAST if word >= SYLLABLES else 2)
        weight = (1 + math.log(times)) * (min(signs, MOST) - 1) ** 2
        vector[told // 2 % LENGTH] += weight if told % 2 else -weight
    size = math.hypot(*vector)
    return tuple(round(one / size, DIGITS) if one else 0.0 for one in vector) if size else None


FEATURES: tuple[Feature, ...] = (Words(),)
