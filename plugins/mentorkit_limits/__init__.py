"""The plugin `limits`: how often an open form is taken in within an hour.

The forms that need no log-in are for everybody, so for machines as well. Whoever sends too many is
asked to wait, with what they wrote still before them. Staff are never counted. A host that has a
limit of its own leaves the plugin out of its list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Check, Slot
from mentorkit_limits import counting

FORMS = {"concern": ("Concerns", 20, 300), "signup": ("Sign-ups", 60, 1000)}
"""Each open form: its name in the settings, and how often from one sender, and in one program."""


def _often(title: str, told: str, default: int) -> dict[str, Any]:
    return {
        "type": "integer",
        "title": title,
        "description": told,
        "default": default,
        "minimum": 1,
        "maximum": 1_000_000,
    }


manifest = Manifest(
    title="Limits of the open forms",
    summary="Asks whoever sends an open form very often, as machines do, to wait.",
    # Named, not given: what loads this plugin should not load SQLAlchemy.
    tables="mentorkit_limits.tables:metadata",
    migrations="mentorkit_limits:migrations",
    switchable=False,
    settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: one
            for form, (title, sender, program) in FORMS.items()
            for name, one in {
                f"{form}_per_sender": _often(
                    f"{title} an hour from one sender",
                    "How often one network address, or one person who is known, sends the form "
                    "within an hour. A school or a telecentre is one address.",
                    sender,
                ),
                f"{form}_per_program": _often(
                    f"{title} an hour in one program",
                    "How often all strangers together send the form to one program in an hour.",
                    program,
                ),
            }.items()
        },
    },
)


@hookimpl
def mentorkit_web_slots() -> Iterable[Slot]:
    from mentorkit_limits.pages import refusal

    yield Slot(name="sending", render=refusal)


@hookimpl
def mentorkit_checks(settings: Mapping[str, Any]) -> Iterable[Check]:
    yield Check(
        name="table",
        title="The limits of the open forms have their table",
        run=counting.find_table,
        needs_database=True,
    )


__all__ = ["FORMS", "manifest"]
