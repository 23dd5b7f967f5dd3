"""The compiled scan: every mentor looked at, one tile after the other, by a few simple loops.

A tape (`passes.Tape`) lists passes. Each pass is one loop over a tile of mentors that the compiler
turns into vector instructions: count the bits that two sets have in common, compare bytes, add
points, strike out who must not be. A tile of scores (16 bits each) stays in the first cache, so a
column is read from memory once and nothing else is. Mentors of one tile have answered the same
questions, so their points are the same. No loop leaves a value as it is under a condition: it takes
the lower of two or mixes bits, as half of the processors cannot skip a 16-bit store within a vector
(AVX2 has none, AVX-512 has) and would go one by one, fifteen times slower.

The best k are kept in order, the smallest first: it is the one to beat, and a tile whose best score
does not reach it is passed over. An entry is score and position in one number, the smaller position
the larger: entries never tie, so the answer is exact whatever the order of tiles.

In this file stand the passes, each a loop (those that are several loops at once in `even`);
`score_tile`, which runs a mentee's passes over a tile; and what is asked of the scores: `best` (the
best k of each mentee), `block` (all of them) and `survey` (what proves and describes a result).
These three go over groups and tiles each by itself, for what each keeps from tile to tile is
another thing. In all of them `t` is the tape, `i` a mentee, `g` a group, `j` a mentor of the tile;
`score` and `found` are its two registers, `mine` and `theirs` what a pass compares.

Numbers are what `forms.py` computes for the same pair, which tests/matching/test_scan.py checks.
Nothing here starts threads: kernels release Python's lock, and whoever calls them has shards.
"""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np
from numba.extending import intrinsic

from mentorkit.matching import passes as p
from mentorkit.matching.kernels.even import climb, fall_off, is_even, peak_of
from mentorkit.matching.texts import ONE

LANES = 256
TILE = 48 * LANES
"""So many mentors make a tile, in rows of `LANES`: its two registers fill 48 KiB, a first cache."""
NONE = -(1 << 62)
"""An entry that is nobody."""
GROUP = 16
"""So many mentees share a tile of mentors while it is in the cache."""
LOW = 0xFFFFFFFF
"""The half of an entry that tells the position: `LOW` less it."""
FREE = 32_767
"""As high as a score may be."""

i16, i32, i64 = nb.int16, nb.int32, nb.int64
DEAD, ALIVE, BEYOND = p.DEAD, p.ALIVE, p.BEYOND
compiled = nb.njit(cache=True, nogil=True, boundscheck=False)


@intrinsic
def _bits(_context: Any, word: Any) -> Any:
    """Count the bits of a word, by the processor's own instruction where it has one."""

    def generate(_ctx: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return word(word), generate


bits: Any = _bits


# --------------------------------------------------------------------------- passes


@compiled
def count(mine, theirs, found):
    for j in range(found.size):
        found[j] = i16(bits(mine & theirs[j]))


@compiled
def count_more(mine, theirs, found):
    for j in range(found.size):
        found[j] += i16(bits(mine & theirs[j]))


@compiled
def count_least(mine, weeks, words, theirs, found):
    """Count in each week what two have in common, and keep the fewest."""
    common = np.empty(found.size, np.int16)
    for week in range(weeks):
        into = common if week else found
        first = week * words
        count(mine[first], theirs[first], into)
        for word in range(first + 1, first + words):
            count_more(mine[word], theirs[word], into)
        if week:
            for j in range(found.size):
                found[j] = min(found[j], common[j])


@compiled
def need(least, found, score):
    for j in range(score.size):
        score[j] = min(score[j], i16(FREE) if found[j] >= least else i16(DEAD))


@compiled
def step(reached, points, found, score):
    for j in range(score.size):
        score[j] += points if found[j] >= reached else i16(0)


@compiled
def look_up(table, at, score):
    for j in range(score.size):
        score[j] += table[at[j]]


@compiled
def same(mine, points, theirs, score):
    for j in range(score.size):
        score[j] += points if theirs[j] == mine else i16(0)


@compiled
def mark(mine, points, theirs, found):
    for j in range(found.size):
        keep = i16(0) if theirs[j] == mine else i16(-1)
        found[j] = (found[j] & keep) | (points & ~keep)


@compiled
def need_same(mine, theirs, score):
    for j in range(score.size):
        score[j] = min(score[j], i16(FREE) if theirs[j] == mine else i16(DEAD))


@compiled
def need_other(mine, theirs, score):
    for j in range(score.size):
        score[j] = min(score[j], i16(FREE) if theirs[j] != mine else i16(DEAD))


@compiled
def need_within(low, high, theirs, score):
    for j in range(score.size):
        within = (theirs[j] >= low) & (theirs[j] <= high)
        score[j] = min(score[j], i16(FREE) if within else i16(DEAD))


@compiled
def need_above(mine, low, high, theirs, score):
    for j in range(score.size):
        steps = theirs[j] - mine
        within = (steps >= low) & (steps <= high)
        score[j] = min(score[j], i16(FREE) if within else i16(DEAD))


@compiled
def add(column, score):
    for j in range(score.size):
        score[j] += column[j]


@compiled
def take(column, score):
    for j in range(score.size):
        score[j] = -column[j]


@compiled
def less(score, price, wide):
    for j in range(score.size):
        may = (score[j] > ALIVE) & (price[j] < p.UNPAYABLE)
        wide[j] = i32(score[j]) - price[j] if may else i32(-BEYOND)


@compiled
def share(mine, points, union, theirs, found, score):
    """Points x options in common / the mentor's options, or those of both."""
    for j in range(score.size):
        common = np.float64(found[j])
        whole = np.float64(theirs[j])
        if union:
            whole = mine + whole - common
        value = common / max(whole, 1.0)
        score[j] += i16(np.floor(points * value + 0.5))


@compiled
def close(mine, points, target, span, wrap, theirs, score):
    for j in range(score.size):
        away = (theirs[j] - mine) - target
        if wrap == 0.0:
            away = abs(away)
        else:
            away = away % wrap
            away = min(away, wrap - away)
        value = min(max(0.0, 1.0 - away / span), 1.0)
        score[j] += i16(np.floor(points * value + 0.5))


@compiled
def times(points, theirs, score):
    for j in range(score.size):
        score[j] += i16(np.floor(points * theirs[j] + 0.5))


@compiled
def cosine(mine, points, theirs, product, score):
    product[:] = 0.0
    for axis in range(theirs.shape[0]):
        column = theirs[axis]
        length = mine[axis]
        for j in range(score.size):
            product[j] += length * column[j]
    for j in range(score.size):
        value = min(max(0.0, product[j]), 1.0)
        score[j] += i16(np.floor(points * value + 0.5))


@compiled
def add_all(points, score):
    for j in range(score.size):
        score[j] += points


@compiled
def add_at(points, places, start, score):
    """Add points to those of these places, in order of size, that are in the tile."""
    for place in places:
        if start <= place < start + score.size:
            score[place - start] += points


@compiled
def alike(texts, text, i, points, full, start, score):
    """Add the points of how alike texts are: the mentee's words, and the mentors who use each."""
    product = np.zeros(score.size, np.int64)
    for e in range(texts.first[text, i], texts.first[text, i + 1]):
        word = texts.word[e]
        low, end = texts.posted[word], texts.posted[word + 1]
        high = end
        while low < high:
            middle = (low + high) >> 1
            if texts.place[middle] < start:
                low = middle + 1
            else:
                high = middle
        while low < end and texts.place[low] < start + score.size:
            product[texts.place[low] - start] += i64(texts.weight[e]) * i64(texts.place_weight[low])
            low += 1
    for j in range(score.size):
        if product[j]:
            value = min(max(0.0, min(product[j] / np.float64(ONE * ONE), full) / full), 1.0)
            score[j] += i16(np.floor(points * value + 0.5))


@compiled
def score_tile(t, i, g, start, stop, price, score, found, product):
    """Score mentee i with the mentors `start` to `stop` of group g: less their price, or `DEAD`."""
    if price.size:
        take(price[start:stop], score)
    else:
        score[:] = 0
    pattern = t.pattern[t.mentee_class[i], g]
    for at in range(t.passes.shape[0]):
        base = t.base[at, pattern]
        if base < 0:
            continue
        kind = t.passes[at, 0]
        column = t.passes[at, 1]
        argument = t.passes[at, 2]
        row = base + t.value[t.passes[at, 3], i]
        first = t.first[row]
        last = t.first[row + 1]
        if kind == p.COUNT:
            count(t.my_words[column, i], t.words[column, start:stop], found)
        elif kind == p.COUNT_MORE:
            count_more(t.my_words[column, i], t.words[column, start:stop], found)
        elif kind == p.COUNT_BYTE:
            count(t.my_bytes[column, i], t.bytes[column, start:stop], found)
        elif kind == p.WEEKS:
            weeks, words = argument // p.WORDS, argument % p.WORDS
            theirs = t.words[column : column + weeks * words, start:stop]
            mine = t.my_words[column : column + weeks * words, i]
            count_least(mine, weeks, words, theirs, found)
        elif kind == p.NEED:
            need(i16(min(argument, 32767)), found, score)
        elif kind == p.STEPS:
            if t.dense[row] >= 0:  # then there are no steps beside the table
                look_up(t.table[t.dense[row] : t.dense[row] + argument], found, score)
            if is_even(t.x[first:last], t.points[first:last]):
                climb(t.points[first], i16(last - first), found, score)
                continue
            for e in range(first, last):
                step(i16(t.x[e]), t.points[e], found, score)
        elif kind == p.TABLE:
            if t.dense[row] >= 0:
                table = t.table[t.dense[row] : t.dense[row] + argument]
                look_up(table, t.bytes[column, start:stop], score)
            e = peak_of(t.x[first:last], t.points[first:last])
            if e >= 0:
                e += first
                fall = i16(t.points[e] - t.points[e + 1])
                far = i16(last - first)
                fall_off(i16(t.x[e]), t.points[e], fall, far, t.bytes[column, start:stop], score)
                continue
            for e in range(first, last):
                same(nb.uint8(t.x[e]), t.points[e], t.bytes[column, start:stop], score)
        elif kind == p.SAME:
            same(t.my_bytes[column, i], t.points[first], t.bytes[column, start:stop], score)
        elif kind == p.SAME_CODE:
            same(t.my_codes[column, i], t.points[first], t.codes[column, start:stop], score)
        elif kind == p.CLEAR:
            found[:] = 0
        elif kind == p.MARK:
            mark(t.my_bytes[column, i], t.points[first], t.bytes[column, start:stop], found)
        elif kind == p.MARK_CODE:
            mark(t.my_codes[column, i], t.points[first], t.codes[column, start:stop], found)
        elif kind == p.ADD:
            add(found, score)
        elif kind == p.PLUS:
            add(t.shorts[t.x[first], start:stop], score)
        elif kind == p.TIMES:
            times(np.float64(t.points[first]), t.numbers[column, start:stop], score)
        elif kind == p.SHARE:
            theirs = t.shorts[column, start:stop]
            mine = np.float64(t.value[t.passes[at, 3], i])
            share(mine, np.float64(t.points[first]), argument == 1, theirs, found, score)
        elif kind == p.NEED_SAME:
            need_same(t.my_bytes[column, i], t.bytes[column, start:stop], score)
        elif kind == p.NEED_SAME_CODE:
            need_same(t.my_codes[column, i], t.codes[column, start:stop], score)
        elif kind == p.NEED_OTHER:
            need_other(t.my_bytes[column, i], t.bytes[column, start:stop], score)
        elif kind == p.NEED_OTHER_CODE:
            need_other(t.my_codes[column, i], t.codes[column, start:stop], score)
        elif kind == p.NEED_WITHIN:
            low, high = nb.uint8(t.x[first]), nb.uint8(t.points[first])
            need_within(low, high, t.bytes[column, start:stop], score)
        elif kind == p.NEED_ABOVE:
            low, high = t.settings[argument], t.settings[argument + 1]
            need_above(t.my_numbers[column, i], low, high, t.numbers[column, start:stop], score)
        elif kind == p.CLOSE:
            target, span, wrap = (
                t.settings[argument],
                t.settings[argument + 1],
                t.settings[argument + 2],
            )
            mine = t.my_numbers[column, i]
            worth = np.float64(t.points[first])
            close(mine, worth, target, span, wrap, t.numbers[column, start:stop], score)
        elif kind == p.MET or kind == p.NEW:
            worth = t.points[first]
            if kind == p.NEW:
                add_all(worth, score)
                worth = -worth
            add_at(worth, t.met[t.past[i] : t.past[i + 1]], start, score)
        elif kind == p.ALIKE:
            worth = np.float64(t.points[first])
            alike(t.texts, column, i, worth, t.settings[argument], start, score)
        elif kind == p.COSINE:
            theirs = t.numbers[column : column + argument, start:stop]
            mine = t.my_numbers[column : column + argument, i]
            cosine(mine, np.float64(t.points[first]), theirs, product, score)


# --------------------------------------------------------------------------- the best k


@compiled
def is_among(mentor, mentors):
    """Return whether a mentor is among these, which are sorted."""
    low, high = 0, mentors.size
    while low < high:
        middle = (low + high) >> 1
        if mentors[middle] < mentor:
            low = middle + 1
        else:
            high = middle
    return low < mentors.size and mentors[low] == mentor


@compiled
def put(kept, entry):
    """Put an entry in its place among those kept, the smallest first, and that one out."""
    last = kept.size - 1
    for at in range(last):
        kept[at] = min(kept[at + 1], max(kept[at], entry))
    kept[last] = max(kept[last], entry)


@compiled
def reach(tops, k, low, high):
    """Return the k-th largest of these scores, by halving what it can be: `low` to `high`."""
    kind = tops.dtype.type
    while low < high:
        middle = (low + high + 1) >> 1
        there = kind(0)
        for lane in range(tops.size):
            there = kind(there + kind(tops[lane] >= kind(middle)))
        if there >= k:
            low = middle
        else:
            high = middle - 1
    return low


@compiled
def keep_best(order, first, mentors, never, n, score, alive, tops, kept):
    """Put those of a tile among those kept who are better than the worst of them, the first.

    Lane l is made of the scores l, l + LANES, ...: k lanes that reach a score hold k mentors who
    do. So who does not is none of the best k, and is not looked at. Who is not above `alive` must
    not be, nor who is in `never`. `order` holds the tile's mentors. Of equals the one who comes
    first is better, counted round and round from `first` on.
    """
    score[n:] = alive
    rows = (n + LANES - 1) // LANES
    tops[:] = score[:LANES]
    for row in range(1, rows):
        more = score[row * LANES : (row + 1) * LANES]
        for lane in range(LANES):
            tops[lane] = max(tops[lane], more[lane])
    least = max(kept[0] >> 32, i64(alive) + 1)
    most = alive
    for lane in range(LANES):
        most = max(most, tops[lane])
    if most < least:
        return
    wanted = kept.size + never.size  # so many of them may have to be left out
    if wanted <= LANES and kept[0] == NONE:
        least = max(least, i64(reach(tops, wanted, i64(alive), i64(most))))
    for lane in range(LANES):
        if tops[lane] < least:
            continue
        for j in range(lane, n, LANES):
            if score[j] >= least:
                place = i64(order[j]) - first
                place += mentors if place < 0 else 0
                entry = (i64(score[j]) << 32) | (i64(LOW) - place)
                if entry > kept[0] and not is_among(order[j], never):
                    put(kept, entry)
                    least = max(kept[0] >> 32, least)


@compiled
def best(t, mentees, first, mentors, k, price, high, mentor, score):
    """Write the k best mentors of each mentee, and their scores less price; -1 where no more are.

    `mentor` and `score` are (mentees, k), best first, of equals whoever comes first from `first` of
    the mentee on, of so many `mentors` in all. `price` is by order, or empty; so is `high`, for
    prices too high for 16 bits.
    """
    points, found = np.empty(TILE, np.int16), np.empty(TILE, np.int16)
    wide, wide_tops = np.empty(TILE, np.int32), np.empty(LANES, np.int32)
    product = np.empty(TILE if t.numbers.shape[0] else 0, np.float64)
    tops = np.empty(LANES, np.int16)
    for begin in range(0, mentees.size, GROUP):
        end = min(mentees.size, begin + GROUP)
        kept = np.full((end - begin, k), NONE, np.int64)
        for g in range(t.groups.size - 1):
            for start in range(t.groups[g], t.groups[g + 1], TILE):
                stop = min(start + TILE, t.groups[g + 1])
                n = stop - start
                for at in range(begin, end):
                    i = mentees[at]
                    score_tile(t, i, g, start, stop, price, points[:n], found[:n], product[:n])
                    order, never = t.order[start:stop], t.never[t.apart[i] : t.apart[i + 1]]
                    mine = kept[at - begin]
                    if high.size == 0:
                        keep_best(
                            order, first[at], mentors, never, n, points, i16(ALIVE), tops, mine
                        )
                    else:
                        less(points[:n], high[start:stop], wide[:n])
                        keep_best(
                            order, first[at], mentors, never, n, wide, i32(-BEYOND), wide_tops, mine
                        )
        for at in range(begin, end):
            for rank in range(k):
                entry = kept[at - begin, k - 1 - rank]
                if entry == NONE:
                    mentor[at, rank] = -1
                    score[at, rank] = -1
                else:
                    place = i64(LOW) - (entry & i64(LOW)) + first[at]
                    mentor[at, rank] = i32(place - mentors if place >= mentors else place)
                    score[at, rank] = i32(entry >> 32)


# --------------------------------------------------------------------------- all of them


@compiled
def spread(order, score, row):
    """Put scores where their mentors stand in the pool."""
    for j in range(score.size):
        row[nb.uint32(order[j])] = score[j] if score[j] > ALIVE else i16(-1)


@compiled
def block(t, mentees, out):
    """Write the scores of these mentees: `out` (mentees, mentors), -1 where they must not be."""
    tile = min(TILE, max(t.order.size, 1))
    points, found = np.empty(tile, np.int16), np.empty(tile, np.int16)
    product = np.empty(tile if t.numbers.shape[0] else 0, np.float64)
    free = np.empty(0, np.int16)
    for at in range(mentees.size):
        i = mentees[at]
        out[at, :] = -1
        for g in range(t.groups.size - 1):
            for start in range(t.groups[g], t.groups[g + 1], TILE):
                stop = min(start + TILE, t.groups[g + 1])
                n = stop - start
                score_tile(t, i, g, start, stop, free, points[:n], found[:n], product[:n])
                spread(t.order[start:stop], points[:n], out[at])
        for e in range(t.apart[i], t.apart[i + 1]):
            out[at, t.never[e]] = -1


@compiled
def strike(never, order, score):
    """Strike out who must not be by name."""
    if never.size:
        for j in range(score.size):
            if is_among(order[j], never):
                score[j] = DEAD


@compiled
def highest(score, offset):
    """Return the highest of 0 and score + offset of whoever may be."""
    none = most = offset.dtype.type(0)
    for j in range(score.size):
        value = offset[j] + score[j]
        most = max(most, value if score[j] > ALIVE else none)
    return most


@compiled
def beyond(score, mine, worst):
    """Count who scores more than `mine` and than their own `worst`."""
    count = i32(0)
    for j in range(score.size):
        count += i32((score[j] > mine) & (score[j] > worst[j]))
    return count


@compiled
def ahead(score, mine, order, mentor):
    """Count who stands before a mentor of score `mine`: a higher score, or the same and earlier."""
    count, level = i32(0), i32(0)
    for j in range(score.size):
        count += i32(score[j] > mine)
        level += i32(score[j] == mine)
    if level:
        for j in range(score.size):
            count += i32((score[j] == mine) & (order[j] < mentor))
    return count


@compiled
def survey(t, mentees, offset, own, own_mentor, worst, gain, blocking, rank):
    """Look at every pair of these mentees once, for what proves and describes a result.

    For each mentee: `gain`, the highest of 0 and score + `offset` of any mentor they may have;
    `blocking`, how many score more than their `own` and than that mentor's `worst`; and `rank`,
    where `own_mentor` stands among all (1 the best). `offset`, `worst` are by position in `order`.
    """
    points, found = np.empty(TILE, np.int16), np.empty(TILE, np.int16)
    product = np.empty(TILE if t.numbers.shape[0] else 0, np.float64)
    free = np.empty(0, np.int16)
    gain[:] = 0
    blocking[:] = 0
    rank[:] = 1
    for begin in range(0, mentees.size, GROUP):
        end = min(mentees.size, begin + GROUP)
        for g in range(t.groups.size - 1):
            for start in range(t.groups[g], t.groups[g + 1], TILE):
                stop = min(start + TILE, t.groups[g + 1])
                n = stop - start
                score = points[:n]
                for at in range(begin, end):
                    i = mentees[at]
                    score_tile(t, i, g, start, stop, free, score, found[:n], product[:n])
                    strike(t.never[t.apart[i] : t.apart[i + 1]], t.order[start:stop], score)
                    mine = own[at]
                    gain[at] = max(gain[at], i64(highest(score, offset[start:stop])))
                    blocking[at] += beyond(score, mine, worst[start:stop])
                    rank[at] += ahead(score, mine, t.order[start:stop], own_mentor[at])
