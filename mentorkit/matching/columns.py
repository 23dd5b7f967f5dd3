"""One profile field of many people, packed: each distinct answer once, and who gave which.

An answer is parsed, compared and turned into bits or numbers once, however many gave it. Sets of
which nearly all differ are kept as bits instead, 64 options a word (`Bits`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mentorkit.domain.frozen import Frozen

Codes = NDArray[Any]
"""Whole numbers of any size, -1 for none."""
Words = NDArray[np.uint64]
Floats = NDArray[np.float64]
Ints64 = NDArray[np.int64]
Vocabulary = dict[Any, int]
"""What stands for which number, the same in two columns that are compared."""

UNANSWERED = -1
"""Stands in a column of codes for a person who did not answer."""


def answer(value: Any) -> Any:
    """Return `value`, or None where it means that nothing was answered."""
    if value.__class__ is tuple or value.__class__ is str:
        return value or None
    if value is None or value == "":
        return None
    if isinstance(value, float) and isnan(value):
        return None
    if isinstance(value, Collection) and not isinstance(value, str) and not value:
        return None
    return value


@dataclass(slots=True, eq=False)
class Coded:
    """Answers by code: person i gave ``answers[codes[i]]``, or none where the code is -1."""

    codes: Codes
    answers: list[Any]

    @classmethod
    def of(cls, values: Iterable[Any]) -> Coded:
        """Pack what people answered, in their order."""
        known: dict[Any, int] = {}
        answers: list[Any] = []

        def code(value: Any) -> int:
            key = value if value.__class__ is str else _key(value)
            try:
                found = known.get(key)
            except TypeError:  # somewhere inside is what cannot be told from others
                key = id(value)
                found = None
            if found is None:
                found = UNANSWERED
                if answer(value) is not None:
                    found = len(answers)
                    answers.append(value)
                known[key] = found
            return found

        return cls(np.fromiter(map(code, values), np.int32), answers)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def answered(self) -> bool:
        """Whether anybody answered."""
        return bool((self.codes >= 0).any())

    def values(self) -> list[Any]:
        """Return everybody's answer, None where there is none."""
        answers = [*self.answers, None]  # code -1 is the last
        return [answers[code] for code in self.codes.tolist()]

    def at(self, person: int) -> Any:
        """Return one person's answer."""
        code = self.codes[person]
        return None if code < 0 else self.answers[code]

    def take(self, people: NDArray[np.intp]) -> Coded:
        return Coded(self.codes[people], self.answers)

    def and_of(self, others: Coded) -> Coded:
        """Return the answers of both, the same answer once."""
        answers, to = self.answers, []
        if others.answers:
            answers = [*answers]
            known = {_key(one): at for at, one in enumerate(answers)}
        for one in others.answers:
            at = known.setdefault(_key(one), len(answers))
            if at == len(answers):
                answers.append(one)
            to.append(at)
        more = others.of_each(to, UNANSWERED, np.int32)
        return Coded(np.concatenate([self.codes, more]), answers)

    def compared(self, vocabulary: Vocabulary) -> Codes:
        """Return everybody's answer as a number of the vocabulary, -1 for none."""
        return self.of_each(
            [vocabulary.setdefault(_comparable(one), len(vocabulary)) for one in self.answers],
            UNANSWERED, np.int32,
        )  # fmt: skip

    def learn(self, vocabulary: Vocabulary) -> None:
        """Give every option that anybody chose a number."""
        for one in self.answers:
            for option in members(one):
                vocabulary.setdefault(option, len(vocabulary))

    def sets(self, vocabulary: Vocabulary, words: int) -> tuple[Words, Ints64]:
        """Return everybody's options as bits (people, words), and how many they chose."""
        chosen = [members(one) for one in self.answers] + [frozenset()]
        bits = np.zeros((len(chosen), words * 64), np.bool_)
        for row, options in enumerate(chosen):
            bits[row, [vocabulary[option] for option in options]] = True
        packed = _words(bits)
        counts = np.array([len(options) for options in chosen], np.int64)
        return packed[self.codes], counts[self.codes]

    def of_each(self, values: Sequence[Any], otherwise: Any, kind: Any) -> NDArray[Any]:
        """Return for everybody what stands for their answer."""
        return np.array([*values, otherwise], kind)[self.codes]


@dataclass(slots=True, eq=False)
class Bits:
    """Sets of options as bits: person i chose option o where bit o of ``words[i]`` is set."""

    words: Words  # (people, words)
    options: list[Any]

    def __len__(self) -> int:
        return len(self.words)

    def at(self, person: int) -> Any:
        chosen = []
        for at, word in enumerate(self.words[person].tolist()):
            while word:
                lowest = word & -word
                chosen.append(self.options[64 * at + lowest.bit_length() - 1])
                word ^= lowest
        return tuple(chosen) or None

    @property
    def answered(self) -> bool:
        return bool(self.words.any())

    def values(self) -> list[Any]:
        return [self.at(person) for person in range(len(self))]

    def take(self, people: NDArray[np.intp]) -> Bits:
        return Bits(self.words[people], self.options)

    def compared(self, vocabulary: Vocabulary) -> Codes:
        distinct, codes = np.unique(self.words, axis=0, return_inverse=True)
        coded = Coded(codes.reshape(-1).astype(np.int32), Bits(distinct, self.options).values())
        none = [at for at, one in enumerate(coded.answers) if one is None]
        found = coded.compared(vocabulary)
        found[np.isin(coded.codes, none)] = UNANSWERED
        return found

    def learn(self, vocabulary: Vocabulary) -> None:
        for option in self.options:
            vocabulary.setdefault(option, len(vocabulary))

    def sets(self, vocabulary: Vocabulary, words: int) -> tuple[Words, Ints64]:
        to = np.array([vocabulary[option] for option in self.options], np.intp)
        if (to == np.arange(len(to))).all() and words == self.words.shape[1]:
            packed = self.words
        else:
            bits = np.zeros((len(self), words * 64), np.bool_)
            bits[:, to] = _unpacked(self.words)[:, : len(to)]
            packed = _words(bits)
        return packed, count_bits(packed).sum(axis=1, dtype=np.int64)

    def of_each(self, values: Sequence[Any], otherwise: Any, kind: Any) -> NDArray[Any]:
        raise TypeError("sets of options stand for no number")


Column = Coded | Bits


@dataclass(frozen=True, slots=True, eq=False)
class Sets:
    """Two columns of sets over one vocabulary, 64 options a word. A count of 0: not answered."""

    mentees: Words  # (n, words)
    mentors: Words  # (m, words)
    mentee_counts: Ints64
    mentor_counts: Ints64

    @classmethod
    def of(cls, mentees: Column, mentors: Column) -> Sets:
        vocabulary: Vocabulary = {}
        mentors.learn(vocabulary)
        mentees.learn(vocabulary)
        words = max(1, -(-len(vocabulary) // 64))
        mine, my_counts = mentees.sets(vocabulary, words)
        theirs, their_counts = mentors.sets(vocabulary, words)
        return cls(mine, theirs, my_counts, their_counts)


_BITS_OF_BYTE = np.array([byte.bit_count() for byte in range(256)], np.uint8)


def count_bits(words: Words) -> NDArray[Any]:
    """Return how many bits of each word are set."""
    if hasattr(np, "bitwise_count"):  # numpy 2
        counts: NDArray[Any] = np.bitwise_count(words)
        return counts
    octets = np.ascontiguousarray(words)[..., None].view(np.uint8)
    summed: NDArray[Any] = _BITS_OF_BYTE[octets].sum(axis=-1, dtype=np.int64)
    return summed


def narrow(numbers: Any) -> NDArray[Any]:
    """Return whole numbers in the smallest signed type that holds them."""
    array = np.asarray(numbers, np.int64)
    low, high = int(array.min(initial=0)), int(array.max(initial=0))
    fits = (kind for kind in (np.int8, np.int16, np.int32) if np.iinfo(kind).max >= high)
    return array.astype(next((k for k in fits if np.iinfo(k).min <= low), np.int64))


def bits_of(chosen: NDArray[np.bool_]) -> Words:
    """Return rows of flags, one an option, as 64-bit words."""
    rows, options = chosen.shape
    padded = np.zeros((rows, max(1, -(-options // 64)) * 64), np.bool_)
    padded[:, :options] = chosen
    return _words(padded)


def _words(bits: NDArray[np.bool_]) -> Words:
    packed = np.packbits(bits, axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view(np.uint64)


def _unpacked(words: Words) -> NDArray[np.uint8]:
    octets = np.ascontiguousarray(words).view(np.uint8)
    return np.unpackbits(octets, axis=1, bitorder="little")


def _key(value: Any) -> Any:
    """Return what tells an answer from others: 1 and True are two, lists are as good as tuples."""
    if value.__class__ is tuple or value is None:
        return value
    if isinstance(value, list):
        return _key(tuple(value))
    if isinstance(value, Mapping):
        return Frozen(value)
    try:
        hash(value)
    except TypeError:
        return id(value)
    return value.__class__, value


def _comparable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return Frozen(value)
    return frozenset(value) if isinstance(value, (list, tuple, set)) else value


def members(value: Any) -> frozenset[Any]:
    """Return an answer as a set: of its options, of one answer alone, or of none."""
    if value is None:
        return frozenset()
    return (
        frozenset(value) if isinstance(value, (list, tuple, set, frozenset)) else frozenset([value])
    )
