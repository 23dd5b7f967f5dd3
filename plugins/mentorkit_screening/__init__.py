"""The plugin `screening`: requirements that no profile field tells.

How long a business has traded stands with the business, and whether somebody can be reached
stands with their contacts; a program's requirement names one of these checks in place of a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Applicant, Context, RequirementCheck

manifest = Manifest(
    title="Screening",
    summary="Checks who may join: how old their business is, and whether they can be reached.",
)


class TradingYears(RequirementCheck):
    """Asks how many years ago the business began; of the mentor's it asks as well."""

    name = "trading_years"
    title = "The business has traded for some years"
    options: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "at_least": {
                "type": "integer",
                "title": "Years at least",
                "description": "Counted in whole calendar years, as only the year is known.",
                "minimum": 0,
                "maximum": 100,
                "default": 1,
            },
            "at_most": {
                "type": ["integer", "null"],
                "title": "Years at most",
                "description": "For programs for young businesses alone.",
                "minimum": 0,
                "maximum": 100,
                "default": None,
            },
        },
    }

    def answer(
        self, ctx: Context, applicants: Sequence[Applicant], options: Mapping[str, Any]
    ) -> Sequence[str]:
        least, most = options.get("at_least", 1), options.get("at_most")

        def one(applicant: Applicant) -> str:
            business = applicant.business
            if business is None or business.started is None:
                return "ask"
            years = ctx.now.year - business.started
            return "yes" if least <= years and (most is None or years <= most) else "no"

        return [one(applicant) for applicant in applicants]


class Reachable(RequirementCheck):
    """Asks whether there is a way to reach somebody, of a kind that the program works with."""

    name = "reachable"
    title = "They can be reached"
    options: Mapping[str, Any] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "kinds": {
                "type": "array",
                "items": {"type": "string"},
                "title": "Kinds of contact",
                "description": "Any of these does: email, phone, whatsapp.",
                "default": ["email", "phone", "whatsapp"],
            },
            "verified": {
                "type": "boolean",
                "title": "Only verified ones",
                "description": "Whether the person must have proved that it is theirs.",
                "default": False,
            },
        },
    }

    def answer(
        self, ctx: Context, applicants: Sequence[Applicant], options: Mapping[str, Any]
    ) -> Sequence[str]:
        kinds = set(options.get("kinds", ("email", "phone", "whatsapp")))
        proved = options.get("verified", False)

        def one(applicant: Applicant) -> str:
            fitting = [contact for contact in applicant.contacts if contact.kind in kinds]
            return "yes" if any(contact.verified or not proved for contact in fitting) else "no"

        return [one(applicant) for applicant in applicants]


@hookimpl
def mentorkit_requirements() -> Iterable[RequirementCheck]:
    yield TradingYears()
    yield Reachable()
