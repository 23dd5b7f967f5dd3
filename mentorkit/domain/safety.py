"""Safety: concerns that somebody raises, and texts that wait until they may be passed on.

Neither has a table. What is written stands in a note, where it can be erased; what became of it is
the journal's, and is folded from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mentorkit.domain.moves import PARTIES, STAFF, SYSTEM, Moves, Role

HANDLERS = STAFF | {Role.SUPERVISOR}
"""Who sees and handles concerns; there must be somebody when it is about a coordinator."""

CONCERN_MOVES = Moves(
    "concern",
    {
        ("raised", "taken"): HANDLERS,
        ("taken", "closed"): HANDLERS,
        ("taken", "raised"): HANDLERS,
        ("closed", "raised"): HANDLERS,
    },
)
CONTENT_MOVES = Moves(
    "content",
    {
        ("unchecked", "released"): SYSTEM | STAFF,
        ("unchecked", "held"): SYSTEM,
        ("unchecked", "refused"): SYSTEM | STAFF | PARTIES,
        ("held", "released"): STAFF,
        ("held", "refused"): SYSTEM | STAFF | PARTIES,
    },
)

KINDS = ("unwanted_contact", "harassment", "money", "unfair", "danger", "spam", "other")
"""What a concern is about; `money` is asking for it, or selling."""
OUTCOMES = ("talked_to", "kept_apart", "removed", "passed_on", "unfounded", "resolved")
"""How a case was closed; `passed_on` is to the police, a safeguarding office, a host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """What somebody has raised about a person, or about what they cannot name.

    `about_staff` is about the staff, whoever of them: then only an admin sees it. `raised_by` is
    None for whoever wished not to be known, and for a stranger. `owner_id` is the person who took
    it; None for an admin who is nobody here.
    """

    id: str
    program_id: str
    kind: str
    state: str
    about_id: str | None = None
    about_staff: bool = False
    raised_by: str | None = None
    proposal_id: str | None = None
    relationship_id: str | None = None
    text_id: str | None = None
    owner_id: str | None = None
    reason: str | None = None
    raised_at: datetime | None = None

    def shows_to(self, role: Role | None, person: str | None) -> bool:
        """Return whether staff in this role may see it: never the one whom it is about."""
        if role not in HANDLERS or (self.about_staff and role != Role.ADMIN):
            return False
        return person is None or person != self.about_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """One text that is to be looked at before others read it.

    `kind` is question, reply, word (carried in a relationship), or answer (in the profile). `shown`
    is whether others than staff read it: not an answer that the program keeps to them.
    """

    id: str
    kind: str
    text: str
    locale: str = "en"
    shown: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a check says of one content; `code` tells staff why it is not allowed."""

    content_id: str
    allowed: bool
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A text set aside: its id is its note's, `role` is what its author was when writing it.

    `note_id` is the note in which staff tell the author why it was refused.
    """

    id: str
    program_id: str
    kind: str
    state: str
    role: str
    author_id: str
    proposal_id: str | None = None
    relationship_id: str | None = None
    participant_id: str | None = None
    field: str | None = None
    reason: str | None = None
    note_id: str | None = None
    written_at: datetime | None = None
