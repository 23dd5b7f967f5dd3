"""What a scan is made of: passes, each one simple loop over a tile of mentors.

Two registers belong to a tile: `score`, what each mentor has so far, and `found`, what the last
count or comparison found. A pass reads one column of the mentors and what the mentee has beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DEAD = -32_000
"""The score of a pair that must not be: whatever is added later, it stays below `ALIVE`."""
ALIVE = -12_000
"""A pair above this may be. A score is 0 to 10,000, less a price that counts to 11,000 at most."""
TOP_PRICE = 11_000
BEYOND = 1 << 30
"""Beyond every score less price."""
UNPAYABLE = 1 << 29
"""Who costs this is left out, as if they had no place."""

COUNT = 0  # found = options in common, of one 64-bit word
COUNT_MORE = 1  # found += those of another word
COUNT_BYTE = 2  # found = options in common, of eight
NEED = 3  # the pair is dead where found < argument
STEPS = 4  # score += what found has reached
SHARE = 5  # score += points x found / options of both, or of the mentor (argument)
SAME = 6  # score += points where the bytes are the same
SAME_CODE = 7  # score += points where the codes are the same
CLEAR = 8  # found = 0
MARK = 9  # found = points where the bytes are the same
MARK_CODE = 10  # found = points where the codes are the same
ADD = 11  # score += found
TABLE = 12  # score += what the table says of mine and of the mentor's byte
NEED_SAME = 13  # dead where the bytes differ
NEED_SAME_CODE = 14
NEED_OTHER = 15  # dead where the bytes are the same
NEED_OTHER_CODE = 16
NEED_WITHIN = 17  # dead where the mentor's byte is not within a range of mine
NEED_ABOVE = 18  # dead where theirs less mine is not within a range (numbers)
CLOSE = 19  # score += points x closeness (numbers)
PLUS = 20  # score += a column of the mentors' own, points already
COSINE = 21  # score += points x cosine (argument: the length of the vectors)
MET = 22  # score += points where the two were together before
NEW = 23  # score += points where they were not
WEEKS = 24  # found = slots in common in the week with fewest (argument: weeks x 16 + words of one)
ALIKE = 25  # score += points x how alike two texts are (argument: what is enough, in settings)
TIMES = 26  # score += points x a column of the mentors' own (numbers)
WORDS = 16  # more than the words of a week


class TextColumns(NamedTuple):
    """Words of both sides, end to end, as passes over texts read them, each with its weight.

    Mentee i of text t has the words ``word[first[t, i]:first[t, i + 1]]``. Word w is used by the
    mentors whose places in `order`, sorted, are ``place[posted[w]:posted[w + 1]]``.
    """

    first: NDArray[np.int64]  # (texts, mentees + 1)
    word: NDArray[np.int32]
    weight: NDArray[np.int32]
    posted: NDArray[np.int64]
    place: NDArray[np.int32]
    place_weight: NDArray[np.int32]


class Tape(NamedTuple):
    """A strategy over a pool as a scan reads it: passes, columns, and what each mentee has.

    Mentors stand in groups of those who have answered the same questions, since points are shared
    anew where a criterion has no opinion: `order` holds their positions in the pool, `groups` the
    bounds of the groups (groups + 1). Whoever has no place is left out. For mentee i and group g,
    ``pattern[mentee_class[i], g]`` names the points that hold; with those, pass p has its entries
    in row ``base[p, pattern] + value[pass's value row, i]``: ``x[first[row]:first[row + 1]]`` and
    ``points`` beside it, or a table of its own from ``table[dense[row]]`` on.
    """

    passes: NDArray[np.int32]  # (passes, 4): kind, column, argument, row of `value`
    base: NDArray[np.int32]  # (passes, patterns)
    value: NDArray[np.int16]  # (rows, mentees)
    pattern: NDArray[np.int32]  # (classes, groups)
    mentee_class: NDArray[np.int32]  # (mentees,)
    first: NDArray[np.int64]  # (entry rows + 1,)
    x: NDArray[np.int32]
    points: NDArray[np.int16]
    dense: NDArray[np.int64]  # (entry rows,), -1: no table
    table: NDArray[np.int16]
    settings: NDArray[np.float64]  # what passes over numbers need, by column
    words: NDArray[np.uint64]  # (columns, mentors in order), so are the next four
    bytes: NDArray[np.uint8]
    codes: NDArray[np.int32]
    numbers: NDArray[np.float64]
    shorts: NDArray[np.int16]
    my_words: NDArray[np.uint64]  # (columns, mentees), so are the next three
    my_bytes: NDArray[np.uint8]
    my_codes: NDArray[np.int32]
    my_numbers: NDArray[np.float64]
    groups: NDArray[np.int64]
    order: NDArray[np.int32]
    apart: NDArray[np.int64]  # (mentees + 1,): where each mentee's forbidden mentors begin
    never: NDArray[np.int32]  # positions of mentors, sorted for each mentee
    past: NDArray[np.int64]  # (mentees + 1,): where those begin whom each mentee had before
    met: NDArray[np.int32]  # places in `order`, sorted for each mentee
    texts: TextColumns

    @property
    def mentees(self) -> int:
        return len(self.mentee_class)
