"""Steps that are even, and points that fall evenly from a peak: several loops of a scan as one.

How much two have in common is mostly worth the same for each, and how near they are falls by the
same with each step. So nine loops over a tile that compare and add are one that counts.
"""

from __future__ import annotations

import numba as nb

i16, i64 = nb.int16, nb.int64
compiled = nb.njit(cache=True, nogil=True, boundscheck=False)


@compiled
def is_even(x, points):
    """Return whether these steps are 1, 2, 3, ... and each is worth the same."""
    for e in range(x.size):
        if x[e] != e + 1 or points[e] != points[0]:
            return False
    return x.size > 1


@compiled
def climb(points, most, found, score):
    """Take even steps at once: points x what found has reached, at most so many."""
    for j in range(score.size):
        score[j] += i16(points * min(found[j], most))


@compiled
def peak_of(x, points):
    """Return where these points are highest, if they fall evenly to nothing from there; else -1."""
    top = 0
    for e in range(1, x.size):
        top = e if points[e] > points[top] else top
    if x.size < 3 or top in (0, x.size - 1):
        return -1
    fall = i64(points[top]) - points[top + 1]
    for e in range(x.size):
        even = x[e] == x[0] + e and points[e] == points[top] - fall * abs(e - top)
        if not even or (e in (0, x.size - 1) and points[e] > fall):
            return -1
    return top


@compiled
def fall_off(mine, top, fall, far, theirs, score):
    """Add the points of a peak at once: `top`, less `fall` for each step away, nothing from far."""
    for j in range(score.size):
        away = i16(i16(theirs[j]) - mine)
        away = min(max(away, i16(-away)), far)
        score[j] += max(i16(top - i16(fall * away)), i16(0))
