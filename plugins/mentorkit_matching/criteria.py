"""How good is a pair: one criterion for each declared form."""

from __future__ import annotations

from mentorkit.hooks import (
    Availability,
    Closeness,
    Contains,
    Cosine,
    Criterion,
    Equal,
    Load,
    Overlap,
    Prior,
    SetOverlap,
    SharedWords,
    Together,
)
from mentorkit_matching.declared import Declared
from mentorkit_matching.schemas import FIELD, OTHER, PREFIX, TIMES, WEEKS, number, options, whole


class DeclaredCriterion(Declared, Criterion):
    """A criterion whose options are those of a declared form."""


CRITERIA: tuple[Criterion, ...] = (
    DeclaredCriterion(
        "set_overlap",
        "Options in common",
        options(
            field=FIELD,
            other=OTHER,
            per={
                "enum": ["mentee", "mentor", "union"],
                "enumNames": [
                    "what the mentee chose",
                    "what the mentor chose",
                    "what either chose",
                ],
                "default": "mentee",
                "title": "Measured against",
                "description": "Whose options count as the whole, of which a share is in common.",
            },
        ),
        SetOverlap,
    ),
    DeclaredCriterion(
        "equal",
        "The same answer",
        options(
            field=FIELD,
            other=OTHER,
            partial={
                "type": "object",
                "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
                "default": {},
                "title": "Half marks",
                "description": "Other fields, and what it is worth (0 to 1) where only those are "
                "the same: sector = 0.5.",
            },
            prefix=PREFIX,
        ),
        Equal,
    ),
    DeclaredCriterion(
        "contains",
        "The mentor offers it",
        options(
            field={**FIELD, "description": "The mentee's field, with one answer."},
            other={
                "type": "string",
                "minLength": 1,
                "title": "Mentors' question",
                "description": "The mentor's field with several options, which may hold it.",
            },
        ),
        Contains,
    ),
    DeclaredCriterion(
        "closeness",
        "The right distance",
        options(
            field=FIELD,
            other=OTHER,
            target=number(
                "Best distance", "Mentor minus mentee: 2 means two above is best.", default=0
            ),
            span=number(
                "Span",
                "How far from the best distance the value has fallen to 0.",
                exclusiveMinimum=0,
                default=1,
            ),
            wrap={
                "type": ["number", "null"],
                "exclusiveMinimum": 0,
                "default": None,
                "title": "Circle",
                "description": "The length of a circle, such as 24 for hours of the day, where "
                "distances go the shorter way round.",
            },
        ),
        Closeness,
    ),
    DeclaredCriterion(
        "overlap",
        "Enough in common",
        options(
            field=FIELD,
            other=OTHER,
            full=whole(
                "Enough", "How many hours or options in common count as full.", minimum=1, default=1
            ),
        ),
        Overlap,
    ),
    DeclaredCriterion(
        "availability",
        "Free at the same times",
        options(
            field=TIMES,
            other=OTHER,
            full=whole("Enough", "How many minutes a week count as full.", minimum=1, default=60),
            **WEEKS,
        ),
        Availability,
    ),
    DeclaredCriterion(
        "prior",
        "What the mentor brings",
        options(field={**FIELD, "description": "The mentor's field with a number from 0 to 1."}),
        Prior,
    ),
    DeclaredCriterion(
        "load",
        "The mentor has room",
        options(
            by={
                "enum": ["share", "count"],
                "enumNames": ["the share of places that are free", "how few mentees they have"],
                "default": "share",
                "title": "Measured by",
                "description": "Free places as a share of all, or 1, 1/2, 1/3 ... for 0, 1, 2 ... "
                "mentees, when the run begins.",
            },
        ),
        Load,
    ),
    DeclaredCriterion(
        "together",
        "Together before",
        options(
            avoid={
                "type": "boolean",
                "default": False,
                "title": "Avoid it",
                "description": "Prefer those who were not brought together before.",
            },
        ),
        Together,
    ),
    DeclaredCriterion(
        "shared_words",
        "Words in common",
        options(
            field={**FIELD, "description": "The field with free text, of both."},
            other=OTHER,
            full=number(
                "Enough",
                "How alike two texts are that count as full, from 0 for no word in common to 1.",
                exclusiveMinimum=0,
                maximum=1,
                default=0.5,
            ),
        ),
        SharedWords,
    ),
    DeclaredCriterion("cosine", "Alike by a feature", options(field=FIELD, other=OTHER), Cosine),
)
