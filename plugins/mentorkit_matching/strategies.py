"""Ready strategies; a program takes one by name, or copies it and changes the copy.

Source of both orders: Strive Community, "Digital mentoring for small businesses" (2023).
"""

from __future__ import annotations

from mentorkit.hooks import Frozen, Strategy, Use


def _use(name: str, weight: int = 1, **options: object) -> Use:
    return Use(name=name, options=Frozen(options), weight=weight)


LANGUAGE_INDUSTRY_COUNTRY = Strategy(
    name="language_industry_country",
    title="Language, industry and country",
    rules=(_use("shares_any", field="languages"),),
    criteria=(
        _use("set_overlap", 2, field="languages", per="union"),
        _use("equal", 5, field="industry"),
        _use("equal", 3, field="country"),
    ),
)
"""What MicroMentor's algorithm scores first; without a common language there is no pair."""

LIFE_EXPERIENCE_FIRST = Strategy(
    name="life_experience_first",
    title="Life experience first",
    criteria=(
        _use("set_overlap", 5, field="life_experience"),
        _use("set_overlap", 3, field="business_knowledge"),
        _use("equal", 2, field="sector"),
    ),
)
"""What makes a great mentor, as small businesses ranked it: life experience, then business
knowledge, then the sector. A mentee names what is wanted, a mentor what they bring."""

STRATEGIES: tuple[Strategy, ...] = (LANGUAGE_INDUSTRY_COUNTRY, LIFE_EXPERIENCE_FIRST)
