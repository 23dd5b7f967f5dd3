"""A store with no plugins, and short ways to put nouns into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mentorkit.domain.participants import Participant
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.domain.relationships import Member, Proposal, Relationship
from mentorkit.domain.text import text
from mentorkit.kit import Kit
from mentorkit.store import Transaction


@pytest.fixture
def kit(create_kit: Callable[..., Kit]) -> Kit:
    return create_kit(plugins=())


class Making:
    """Makes nouns with what they need, in the transaction it is given."""

    def __init__(self, tx: Transaction) -> None:
        self.tx = tx
        self.base: dict[str, Any] = {"tenant": tx.tenant}

    def program(self, key: str = "traders", **values: Any) -> Program:
        found = self.tx.programs.first(key=key)
        return found or self.tx.programs.add(
            Program(
                **{
                    "id": self.tx.new_id(),
                    "key": key,
                    "name": text(key.title()),
                    "created_at": self.tx.now,
                    **self.base,
                    **values,
                }
            )
        )

    def person(self, name: str = "Ada", **values: Any) -> Person:
        made = {"id": self.tx.new_id(), "name": name, "created_at": self.tx.now, **self.base}
        return self.tx.people.add(Person(**{**made, **values}))

    def participant(self, name: str = "Ada", role: str = "mentor", **values: Any) -> Participant:
        made = {
            "id": self.tx.new_id(),
            "program_id": self.program().id,
            "person_id": values.pop("person_id", None) or self.person(name).id,
            "role": role,
            "state": "active",
            "created_at": self.tx.now,
            **self.base,
        }
        return self.tx.participants.add(Participant(**{**made, **values}))

    def proposal(self, mentee: Participant, mentor: Participant, **values: Any) -> Proposal:
        made = {
            "id": self.tx.new_id(),
            "program_id": mentee.program_id,
            "mentee_id": mentee.id,
            "mentor_id": mentor.id,
            "created_at": self.tx.now,
            **self.base,
        }
        return self.tx.proposals.add(Proposal(**{**made, **values}))

    def relationship(self, mentee: Participant, mentor: Participant, **values: Any) -> Relationship:
        id = self.tx.new_id()
        made = {
            "id": id,
            "program_id": mentee.program_id,
            "started_at": self.tx.now,
            "ends_at": self.tx.now,
            "members": tuple(
                Member(
                    id=self.tx.new_id(),
                    relationship_id=id,
                    participant_id=each.id,
                    role=role,
                    joined_at=self.tx.now,
                    **self.base,
                )
                for role, each in (("mentee", mentee), ("mentor", mentor))
            ),
            **self.base,
        }
        return self.tx.relationships.add(Relationship(**{**made, **values}))


@pytest.fixture
def making() -> type[Making]:
    return Making
