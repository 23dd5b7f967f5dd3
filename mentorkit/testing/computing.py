"""What features keep."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from typing import Any

from mentorkit.domain.fields import Field
from mentorkit.hooks import Feature
from mentorkit.hooks.calls import TOGETHER, computed
from mentorkit.testing.providing import NOTHING, Contract
from mentorkit.testing.samples import SampleContext, sample_fields


class FeatureContract(Contract):
    """A feature answers for each person, whoever else is asked about, and the same again.

    `people` are sample profiles, parsed, that differ in what it reads. `fields` are the program's;
    without, they are made from `needs`. One that asks a service is tried with a stand-in for it.
    """

    kind = "features"
    people: Sequence[Mapping[str, Any]] = ()
    fields: Mapping[str, Field] = NOTHING

    def values(self, people: Sequence[Mapping[str, Any]]) -> list[Any]:
        """Return what it computes of these, in their order, with every value checked."""
        feature: Feature = self.subject()
        settings = self.loaded()[1].settings if self.plugin is not None else self.settings
        read = feature.reads(dict(self.fields) or sample_fields(feature.needs))
        asked = [{name: person.get(name) for name in read} for person in people]
        return computed(feature, SampleContext(settings=settings), asked)

    def test_computes_a_value_for_each(self) -> None:
        assert self.people, "give some people"
        assert any(one is not None for one in self.values(self.people)), "give one with a value"
        assert self.values(()) == []

    def test_reads_fields_that_there_are(self) -> None:
        feature: Feature = self.subject()
        fields = dict(self.fields) or sample_fields(feature.needs)
        read = list(feature.reads(fields))
        assert read, "it must read something, or it would never be computed again"
        assert set(read) <= set(fields)

    def test_takes_people_who_did_not_answer(self) -> None:
        names = {name for person in self.people for name in person}
        silent = [{}, *({**person, name: None} for person in self.people for name in names)]
        for at in range(0, len(silent), TOGETHER):
            self.values(silent[at : at + TOGETHER])

    def test_a_value_is_of_the_person_alone(self) -> None:
        together = self.values(self.people)
        assert [self.values([one])[0] for one in self.people] == together
        assert self.values(self.people[::-1]) == together[::-1]

    def test_changes_nothing(self) -> None:
        before = pickle.dumps(tuple(self.people))
        self.values(self.people)
        assert pickle.dumps(tuple(self.people)) == before
