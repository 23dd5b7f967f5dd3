"""Rosters: people by column; the pools made of them are those of the same people one by one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentorkit.domain.fields import Field, parse_fields
from mentorkit.domain.strategies import parse_strategy
from mentorkit.matching import Pool, Recommender, Someone, bind, kernels, recommend, run, verify
from mentorkit.matching.columns import Bits, Coded
from mentorkit.matching.roster import MANY_ANSWERS, Roster
from plugins_of import registry

SKILLS = [f"s{number}" for number in range(70)]
FIELDS: dict[str, Field] = parse_fields(
    {
        "trade": {"options": ["baker", "smith", "tailor"]},
        "skills": {"kind": "options", "options": SKILLS},
        "years": {"kind": "number"},
    }
)[0]
