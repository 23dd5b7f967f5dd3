"""What feedback vendors and metrics keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.people import Person
from mentorkit.domain.programs import Program
from mentorkit.domain.surveys import Facts
from mentorkit.errors import Invalid
from mentorkit.hooks import (
    Answer,
    FeedbackVendor,
    Inbound,
    RetryLater,
    SurveyRequest,
    Table,
    Undeliverable,
)
from mentorkit.hooks.calls import whole
from mentorkit.testing.providing import Contract
from mentorkit.testing.samples import SampleContext

QUESTIONS: Mapping[str, Field] = MappingProxyType(
    {
        "going": Field(id="going", kind="ordered", choices=Frozen(badly="Badly", well="Well")),
        "words": Field(id="words", kind="text", label=Frozen(en="Anything else?")),
    }
)


class FeedbackVendorContract(Contract):
    """A vendor invites with an address or "", or raises `RetryLater` or `Undeliverable`.

    The same request again gives the same address. What it brings back are `Answer`s to what it was
    asked about; what was pushed and is not the vendor's own is refused with `Invalid`.
    """

    kind = "feedback_vendors"
    plugin: Any
    invites: ClassVar[bool] = True
    """False for one that needs a vendor: with the network blocked it must raise."""
    may_use_network = True

    @pytest.fixture
    def asked(self, mentorkit_create_kit: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that has somebody invited, in a kit of its own, as the worker does."""
        _, plugin = self.loaded()
        settings = {plugin.name: self.settings}
        kit = mentorkit_create_kit(plugins=[*self.others, self.plugin], settings=settings)
        vendor: FeedbackVendor = kit.registry.feedback_vendors[self.name or self.subject().name]
        now, ids = kit.clock(), kit.ids
        person = Person(id=ids(), tenant="acme", name="Ada", created_at=now)
        program = Program(
            id=ids(), tenant="acme", key="sample", name=Frozen(en="Sample"), created_at=now
        )
        with kit.transaction(tenant="acme") as tx:
            tx.people.add(person)
            tx.programs.add(program)
        request = SurveyRequest(
            key="s-1", tenant="acme", program_id=program.id, person_id=person.id, side="mentee",
            title=Frozen(en="How is it going?"), questions=QUESTIONS, locale="en", asked_at=now,
            due_at=now + timedelta(days=14), token="signed",
        )  # fmt: skip

        def invite(**changed: Any) -> Any:
            context = kit.work_context("acme", program, plugin.name)
            try:
                return vendor.invite(context, replace(request, **changed))
            except (RetryLater, Undeliverable) as error:
                return error

        invite.vendor, invite.request = vendor, request  # type: ignore[attr-defined]
        invite.context = lambda: kit.work_context("acme", program, plugin.name)  # type: ignore[attr-defined]
        return invite

    def test_invites_somebody(self, asked: Any) -> None:
        told = asked()
        if self.invites:
            assert isinstance(told, str), "return the address where they answer, or an empty text"
            assert not any(char.isspace() for char in told), "an address has no spaces"
        else:
            assert isinstance(told, RetryLater | Undeliverable)

    def test_the_same_request_twice_is_one_invitation(self, asked: Any) -> None:
        first, second = asked(), asked()
        assert type(first) is type(second)
        if isinstance(first, str):
            assert first == second

    @pytest.mark.parametrize("token", ["", "signed"])
    def test_invites_with_and_without_a_signed_token(self, asked: Any, token: str) -> None:
        assert isinstance(asked(token=token), str | RetryLater | Undeliverable)

    def test_brings_back_answers_to_what_was_asked(self, asked: Any) -> None:
        try:
            found = asked.vendor.collect(asked.context(), [asked.request])
        except (RetryLater, Undeliverable):
            return
        assert all(isinstance(one, Answer) for one in found)
        assert {one.key for one in found} <= {asked.request.key}
        assert list(asked.vendor.collect(asked.context(), [])) == []

    @pytest.mark.parametrize("body", [b"", b"\x00\xff", b"{}", b"hello"])
    def test_refuses_what_is_not_the_vendors_own(self, asked: Any, body: bytes) -> None:
        with pytest.raises((Invalid, Undeliverable)):
            asked.vendor.receive(asked.context(), Inbound(body=body))


class MetricContract(Contract):
    """A metric gives tables whose rows fit their columns, the same for the same facts.

    `facts` are what it is asked about, besides a program about which nothing is known yet.
    """

    kind = "metrics"
    facts: Facts | None = None

    def test_tables_are_whole_and_the_same_again(self) -> None:
        metric = self.subject()
        for facts in (*([self.facts] if self.facts else []), _nothing()):
            made = list(metric.measure(SampleContext(settings=self.settings), facts))
            assert made == list(metric.measure(SampleContext(settings=self.settings), facts))
            assert all(isinstance(one, Table) for one in made)
            assert len({one.name for one in made}) == len(made)
            for one in made:
                assert one.title, "a table has a title"
                assert one.how.endswith("."), "say in a sentence how it is counted"
                whole(one)


def _nothing() -> Facts:
    now = SampleContext().now
    program = Program(id="p", tenant="acme", key="p", name=Frozen(en="P"), created_at=now)
    return Facts(program=program, now=now)
