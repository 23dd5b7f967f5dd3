"""Words that two free texts have in common, weighed by how rare they are (TF-IDF), exactly.

A word counts 1 + ln(times) for a text, times ln((1 + texts) / (1 + texts with it)), over the texts
of all people of the run, mentees and mentors; a text's weights are then divided by their length, so
that the products of two texts sum to a cosine. (Salton and Buckley, "Term-weighting approaches in
automatic text retrieval", 1988.) A word that everybody uses weighs nothing, in any language, so no
list of common words is needed. Weights are whole numbers of `ONE`: sums are the same in any order.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.hooks.forms import SharedWords
from mentorkit.matching import passes
from mentorkit.matching.columns import Coded
from mentorkit.matching.pool import Index, Ints64, Pool, Side

ONE = 1 << 12
"""The weight of the only word of a text."""

_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]+"
)
"""Writing without spaces between words: Thai, Lao, Burmese, Khmer, Japanese, Chinese."""

JOINERS = "\u200c\u200d"
"""Signs that tell how the letters beside them are drawn, and are written or left out."""

Ints32 = NDArray[np.int32]


class _Signs(dict[int, str]):
    """What stands for a sign: itself within a word, as do the marks of vowels, else a space."""

    def __missing__(self, code: int) -> str:
        sign = chr(code)
        within = sign.isalnum() or unicodedata.category(sign).startswith("M")
        self[code] = "" if sign in JOINERS else sign if within else " "
        return self[code]


_SIGNS = _Signs()


def words_in(text: str) -> Iterator[str]:
    """Yield the words of a text, in small letters; every two signs where none stand apart."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    for run in _UNSPACED.findall(plain):
        yield from (run[at : at + 2] for at in range(max(1, len(run) - 1)))
    for word in _UNSPACED.sub(" ", plain).translate(_SIGNS).split():
        if len(word) > 1 or not word.isascii():
            yield word


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """Numbers by row, end to end: row i has ``what[first[i]:first[i + 1]]`` and its `weight`."""

    first: Ints64
    what: Ints32
    weight: Ints32

    def row(self, at: int) -> tuple[Ints32, Ints32]:
        part = slice(self.first[at], self.first[at + 1])
        return self.what[part], self.weight[part]


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """What both sides wrote: each mentee's words, and the mentors who use each word."""

    words: tuple[str, ...]
    mentees: Listed  # by mentee: words
    mentors: Listed  # by word: mentors, in order
    mentee_answered: NDArray[np.bool_]
    mentor_answered: NDArray[np.bool_]

    def alike(self, mentee: int) -> Ints64:
        """Return how alike the texts of one mentee and of each mentor are, of ``ONE * ONE``."""
        found = np.zeros(len(self.mentor_answered), np.int64)
        for word, weight in zip(*self.mentees.row(mentee), strict=True):
            who, theirs = self.mentors.row(int(word))
            found[who] += int(weight) * theirs.astype(np.int64)
        return found

    def common(self, mentee: int, mentor: int) -> list[str]:
        """Return the words that both use, those first that weigh most."""
        found = []
        for word, weight in zip(*self.mentees.row(mentee), strict=True):
            who, theirs = self.mentors.row(int(word))
            at = int(np.searchsorted(who, mentor))
            if at < len(who) and who[at] == mentor and weight and theirs[at]:
                found.append((-int(weight) * int(theirs[at]), self.words[int(word)]))
        return [word for _, word in sorted(found)]


def texts_of(form: SharedWords, pool: Pool) -> Texts:
    """Return what people wrote to the fields of a form, made once."""
    other = form.other or form.field
    return pool.once(("texts", form.field, other), lambda: _texts(pool, form.field, other))


def _texts(pool: Pool, field: str, other: str) -> Texts:
    vocabulary: dict[str, int] = {}
    mine, my_codes = _counted(pool.mentees, field, vocabulary)
    theirs, their_codes = _counted(pool.mentors, other, vocabulary)
    used = np.zeros(len(vocabulary), np.int64)
    many = 0
    for counted, codes in ((mine, my_codes), (theirs, their_codes)):
        each = np.bincount(codes[codes >= 0], minlength=len(counted))
        many += int(each.sum())
        for words, times in zip(counted, each.tolist(), strict=True):
            used[list(words)] += times
    rare = np.log((1 + many) / (1 + used))
    mentees = _listed([_weighed(one, rare) for one in mine], my_codes)
    by_mentor = _listed([_weighed(one, rare) for one in theirs], their_codes)
    return Texts(
        words=tuple(vocabulary),
        mentees=mentees,
        mentors=_turned(by_mentor, len(vocabulary)),
        mentee_answered=my_codes >= 0,
        mentor_answered=their_codes >= 0,
    )


def _counted(
    side: Side, field: str, vocabulary: dict[str, int]
) -> tuple[list[Counter[int]], Ints32]:
    """Return how often each word is in each distinct text, and who wrote which."""
    column = side.packed(field)
    coded = column if isinstance(column, Coded) else Coded.of(column.values())
    counted = [
        Counter(vocabulary.setdefault(word, len(vocabulary)) for word in words_in(str(text)))
        for text in coded.answers
    ]
    return counted, coded.codes


def _weighed(times: Counter[int], rare: NDArray[np.float64]) -> tuple[Ints32, Ints32]:
    """Return the words of a text in order, and their weights."""
    words = np.array(sorted(times), np.int32)
    weight = (1 + np.log(np.array([times[int(word)] for word in words], np.float64))) * rare[words]
    size = float(np.sqrt(np.square(weight).sum()))
    whole = np.floor(ONE * weight / size + 0.5) if size else np.zeros(len(words))
    return words, whole.astype(np.int32)


def _listed(texts: list[tuple[Ints32, Ints32]], codes: Ints32) -> Listed:
    """Return the words of everybody; nobody's text has none."""
    none = np.empty(0, np.int32)
    rows = [texts[code] if code >= 0 else (none, none) for code in codes.tolist()]
    first = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(words) for words, _ in rows], out=first[1:])
    what, weight = (np.concatenate([none, *(row[at] for row in rows)]) for at in range(2))
    return Listed(first, what, weight)


def _turned(by_person: Listed, words: int) -> Listed:
    """Return the people who use each word, in order."""
    people = len(by_person.first) - 1
    who = np.repeat(np.arange(people, dtype=np.int32), np.diff(by_person.first))
    order = np.argsort(by_person.what, kind="stable")
    first = np.zeros(words + 1, np.int64)
    np.cumsum(np.bincount(by_person.what, minlength=words), out=first[1:])
    return Listed(first, who[order], by_person.weight[order])


def by_place(mentors: Listed, order: Index) -> Listed:
    """Return the mentors of each word by their places in an order, those who have none left out."""
    places = np.full(
        int(max(mentors.what.max(initial=-1), order.max(initial=-1))) + 1, -1, np.int32
    )
    places[order] = np.arange(len(order), dtype=np.int32)
    word = np.repeat(np.arange(len(mentors.first) - 1), np.diff(mentors.first))
    place: NDArray[Any] = places[mentors.what]
    there = np.flatnonzero(place >= 0)
    ordered = there[np.lexsort((place[there], word[there]))]
    first = np.zeros(len(mentors.first), np.int64)
    np.cumsum(np.bincount(word[ordered], minlength=len(first) - 1), out=first[1:])
    return Listed(first, place[ordered], mentors.weight[ordered])


def joined(texts: Sequence[Texts], order: Index, mentees: int) -> passes.TextColumns:
    """Return the words of several texts end to end, each mentor by the place in the order."""
    first: NDArray[np.int64] = np.zeros((len(texts), mentees + 1), np.int64)
    ints: list[list[NDArray[np.int32]]] = [[np.empty(0, np.int32)] for _ in range(4)]
    word, weight, place, place_weight = ints
    posted = [np.zeros(1, np.int64)]
    words, begin, end = 0, 0, 0
    for at, one in enumerate(texts):
        first[at] = one.mentees.first + begin
        word.append(one.mentees.what + words)
        weight.append(one.mentees.weight)
        mentors = by_place(one.mentors, order)
        posted.append(mentors.first[1:] + end)
        place.append(mentors.what)
        place_weight.append(mentors.weight)
        words += len(mentors.first) - 1
        begin += len(one.mentees.what)
        end += len(mentors.what)
    return passes.TextColumns(
        first,
        np.concatenate(word).astype(np.int32),
        np.concatenate(weight),
        np.concatenate(posted),
        np.concatenate(place),
        np.concatenate(place_weight),
    )
