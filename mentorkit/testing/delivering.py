"""What channels keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar

import pytest

from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import Message
from mentorkit.domain.people import Contact, Person
from mentorkit.domain.programs import Program
from mentorkit.hooks import Channel, Receipt, RetryLater, Undeliverable
from mentorkit.testing.providing import Contract

TEXTS = (
    "",
    "x" * 20_000,
    "\u202e\u0645\u0631\u062d\u0628\u0627",
    "\U0001f469\U0001f3fd\u200d\U0001f33e \u00bd",
    "a\nb\r\nBcc: eve@example.org",
    "{person} %s $x",
)
"""Empty, long, right to left, joined emoji, line ends in a subject, somebody's placeholders."""


class ChannelContract(Contract):
    """A channel answers with a receipt, or raises `RetryLater` or `Undeliverable`, nothing else.

    `delivers` is False for one that needs a vendor: with the network blocked it must raise. Where
    the plugin has tables, a message handed over twice is one effect; else count them in `effects`.
    """

    kind = "channels"
    plugin: Any
    delivers: ClassVar[bool] = True
    contacts: Mapping[str, str] = MappingProxyType({"email": "ada@example.org"})
    may_use_network = True

    @pytest.fixture
    def sent(self, mentorkit_create_kit: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that delivers a message to a person of a tenant, and counts effects."""
        kit = mentorkit_create_kit(
            plugins=[*self.others, self.plugin], settings=self._settings_by_name()
        )
        return _Post(self, kit)

    def _settings_by_name(self) -> dict[str, Any]:
        return {self.loaded()[1].name: self.settings}

    def effects(self, kit: Any, ctx: Any) -> int | None:
        """Return how many messages have had an effect; None where this cannot be told.

        As it stands it counts the rows of the plugin's tables. Override it for a channel that
        keeps its messages elsewhere.
        """
        _, plugin = self.loaded()
        owner = next((one for one in kit.owners if one.name == plugin.name), None)
        if owner is None or owner.metadata is None:
            return None
        with ctx.transaction(write=False) as connection:
            return sum(
                int(connection.exec_driver_sql(f'SELECT count(*) FROM "{table.name}"').scalar())
                for table in owner.metadata.sorted_tables
            )

    def test_says_whom_it_reaches(self, sent: Any) -> None:
        before = sent.effects()
        answer = sent.channel.can_reach(sent.context(), sent.person(), sent.reach())
        assert answer is True or answer is False
        assert sent.channel.can_reach(sent.context(), sent.person(), ()) in (True, False)
        assert sent.effects() == before, "can_reach sends nothing"

    def test_takes_a_message(self, sent: Any) -> None:
        outcome = sent("k-1")
        if self.delivers:
            assert isinstance(outcome, Receipt), "end deliver with `return Receipt(channel=...)`"
            assert outcome.channel == sent.channel.name
        else:
            assert isinstance(outcome, RetryLater | Undeliverable)

    def test_the_same_key_twice_is_one_effect(self, sent: Any) -> None:
        first, once = sent("k-1"), sent.effects()
        second, twice = sent("k-1"), sent.effects()
        assert once == twice, "a message handed over again has an effect again"
        assert type(second) is type(first)
        if isinstance(first, Receipt):
            assert second == first
            if once is not None:
                sent("k-2")
                assert sent.effects() == once + 1, "another key is another message"

    def test_the_same_key_in_two_tenants_is_two_messages(self, sent: Any) -> None:
        sent("k-1")
        once = sent.effects()
        outcome = sent("k-1", tenant="other")
        if once is not None and isinstance(outcome, Receipt):
            assert sent.effects() + sent.effects(tenant="other") >= once + 1

    @pytest.mark.parametrize("text", TEXTS)
    def test_takes_any_text(self, sent: Any, text: str) -> None:
        outcome = sent("k-1", subject=text, body=text)
        assert isinstance(outcome, Receipt | RetryLater | Undeliverable)

    def test_a_person_who_is_gone_is_no_failure(self, sent: Any) -> None:
        assert isinstance(sent("k-1", gone=True), Receipt | RetryLater | Undeliverable)

    def test_somebody_without_contacts_is_no_failure(self, sent: Any) -> None:
        assert isinstance(sent("k-1", contacts=()), Receipt | RetryLater | Undeliverable)


class _Post:
    """Hands messages to a channel, in a kit of its own, as the worker does."""

    def __init__(self, contract: ChannelContract, kit: Any) -> None:
        self.contract, self.kit = contract, kit
        _, plugin = contract.loaded()
        self.plugin = plugin.name
        name = contract.name or contract.subject().name
        self.channel: Channel = kit.registry.channels[name]
        self._people: dict[str, tuple[Person, Program]] = {}

    def context(self, tenant: str = "acme") -> Any:
        return self.kit.work_context(tenant, self._of(tenant)[1], self.plugin)

    def person(self, tenant: str = "acme") -> Person:
        return self._of(tenant)[0]

    def reach(self, tenant: str = "acme") -> tuple[Contact, ...]:
        person = self.person(tenant)
        return tuple(
            Contact(
                id=f"{tenant}-{kind}",
                tenant=tenant,
                person_id=person.id,
                kind=kind,
                value=value,
                verified=True,
            )
            for kind, value in self.contract.contacts.items()
        )

    def effects(self, tenant: str = "acme") -> int | None:
        return self.contract.effects(self.kit, self.context(tenant))

    def __call__(
        self,
        key: str,
        *,
        tenant: str = "acme",
        subject: str = "Hello",
        body: str = "Somebody would like to meet you.",
        gone: bool = False,
        contacts: Sequence[Contact] | None = None,
    ) -> Receipt | RetryLater | Undeliverable:
        person, program = self._of(tenant)
        if gone:
            person = replace(person, id=self.kit.ids())
        message = Message(
            key=key,
            tenant=tenant,
            program_id=program.id,
            person_id=person.id,
            template="proposal_offered",
            subject=subject,
            body=body,
            created_at=self.kit.clock(),
        )
        reach = self.reach(tenant) if contacts is None else contacts
        try:
            return self.channel.deliver(self.context(tenant), message, person, reach)
        except (RetryLater, Undeliverable) as error:
            return error

    def _of(self, tenant: str) -> tuple[Person, Program]:
        """Return a person and a program of this tenant, stored the first time."""
        if tenant not in self._people:
            now, ids = self.kit.clock(), self.kit.ids
            person = Person(id=ids(), tenant=tenant, name="Ada", created_at=now)
            program = Program(
                id=ids(), tenant=tenant, key="sample", name=Frozen(en="Sample"), created_at=now
            )
            with self.kit.transaction(tenant=tenant) as tx:
                tx.people.add(person)
                tx.programs.add(program)
            self._people[tenant] = (person, program)
        return self._people[tenant]
