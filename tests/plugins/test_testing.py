"""The testing kit: costs others nothing, and its contracts catch what they are for."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from mentorkit.domain.participants import Lead
from mentorkit.errors import Problem
from mentorkit.hooks import (
    Assigner,
    Assignment,
    Batch,
    Criterion,
    Equal,
    Inbound,
    RecruitmentSource,
    Rule,
)
from mentorkit.testing import (
    AssignerContract,
    Clock,
    CriterionContract,
    RuleContract,
    SourceContract,
    network_blocked,
)
from mentorkit.testing.samples import best_answer, permuted, sample_problems

pytest_plugins = ["pytester"]
PEOPLE = ({"village": "Ora"}, {"village": "Wen"}, {"village": None})


# ------------------------------------------------------------------ what it costs


def test_the_pytest_plugin_imports_pytest_alone() -> None:
    code = (
        "import pytest, sys; before = set(sys.modules); import mentorkit.testing.fixtures; "
        "print(sorted(name for name in set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(
        ["mentorkit", "mentorkit.testing", "mentorkit.testing.fixtures"]
    )


def test_the_fixtures_are_found_where_mentorkit_is_installed(
    mentorkit_kit: Any, mentorkit_clock: Clock, mentorkit_registry: Callable[..., Any]
) -> None:
    assert mentorkit_kit.clock() == mentorkit_clock()
    assert "csv" in mentorkit_kit.registry.recruitment_sources
    assert list(mentorkit_registry(["csv"]).plugins) == ["csv"]
    with mentorkit_kit.transaction(tenant="acme", write=False) as tx:
        assert tx.people.count() == 0


def test_a_program_is_one_call(mentorkit_create_program: Callable[..., Any]) -> None:
    preset = {
        "title": "Traders",
        "fields": {"trade": {"kind": "text"}},
        "strategy": {"criteria": [{"criterion": "equal", "field": "trade"}]},
    }
    made = mentorkit_create_program(preset, key="traders")
    assert made["key"] == "traders"


def test_a_clock_stands_still_until_it_is_moved() -> None:
    clock = Clock(datetime(2026, 1, 5, tzinfo=UTC))
    assert clock() == clock()
    assert clock.forward(weeks=1, hours=2) == clock() == datetime(2026, 1, 12, 2, tzinfo=UTC)
    with pytest.raises(ValueError, match="with a zone"):
        clock.set(datetime(2026, 1, 5))


def test_the_network_is_blocked_and_tries_are_told() -> None:
    away = ("203.0.113.1", 9)
    with network_blocked() as tried, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for call in (
            lambda: socket.create_connection(away, timeout=1),
            lambda: socket.getaddrinfo("example.org", 80),
            lambda: datagrams.sendto(b"x", away),
        ):
            with pytest.raises(OSError, match="the network is blocked"):
                call()
    assert len(tried) == 3
    one, other = socket.socketpair()
    one.sendall(b"fine")
    assert other.recv(4) == b"fine"
    one.close()
    other.close()


# ------------------------------------------------------------------ what it catches


class Village(Criterion):
    name = "village"
    needs = {"village": str}  # noqa: RUF012

    def score(self, mentee: Any, mentor: Any) -> Any:
        if not (mentee["village"] and mentor["village"]):
            return None
        return 1.0 if mentee["village"] == mentor["village"] else 0.0


class Above(Village):
    def score(self, mentee: Any, mentor: Any) -> Any:
        return 1.5


class Words(Village):
    def score(self, mentee: Any, mentor: Any) -> Any:
        return "good"


class Trips(Village):
    def score(self, mentee: Any, mentor: Any) -> Any:
        return float(len(mentee["village"]) > len(mentor["village"]))


class Undeclared(Village):
    def score(self, mentee: Any, mentor: Any) -> Any:
        return 0.0 if mentee.get("age") else 1.0


class Remembers(Village):
    asked = 0

    def score(self, mentee: Any, mentor: Any) -> Any:
        self.asked += 1
        return self.asked % 7 / 7


class Changes(Village):
    def score(self, mentee: Any, mentor: Any) -> Any:
        mentee["seen"] = True
        return 1.0


class Explains(Village):
    def explain(self, mentee: Any, mentor: Any, value: Any) -> Any:
        return 3


class Looks(Village):
    """Ranks a mentor by the rest of the block, which only a `score_block` can do."""

    score = Criterion.score

    def score_block(self, mentees: Any, mentors: Any) -> Any:
        index = np.arange(len(mentors), dtype=float) / max(1, len(mentors))
        return np.tile(index, (len(mentees), 1))


class WrongShape(Looks):
    def score_block(self, mentees: Any, mentors: Any) -> Any:
        return np.zeros((len(mentors), 1))


class Both(Village):
    declared = Equal(field="village")


class Nameless(Village):
    name = ""


@pytest.mark.parametrize(
    ("provider", "test"),
    [
        (Above, "test_answers_are_in_range"),
        (Words, "test_answers_are_in_range"),
        (Trips, "test_takes_people_who_did_not_answer"),
        (Undeclared, "test_answers_are_in_range"),
        (Remembers, "test_same_people_same_answers"),
        (Looks, "test_same_people_same_answers"),
        (Changes, "test_answers_are_in_range"),
        (Explains, "test_explains_what_it_answers"),
        (WrongShape, "test_answers_are_in_range"),
        (Both, "test_is_well_formed"),
        (Nameless, "test_is_well_formed"),
    ],
)
def test_a_criterion_that_breaks_the_contract_is_caught(provider: Any, test: str) -> None:
    contract = type("Planted", (CriterionContract,), {"provider": provider(), "people": PEOPLE})()
    with pytest.raises((AssertionError, TypeError)):
        getattr(contract, test)()
    sound = type("Sound", (CriterionContract,), {"provider": Village(), "people": PEOPLE})()
    getattr(sound, test)()


class Neighbours(Rule):
    name = "neighbours"
    needs = {"village": str}  # noqa: RUF012

    def allows(self, mentee: Any, mentor: Any) -> Any:
        return mentee["village"] == mentor["village"]


class Maybe(Neighbours):
    def allows(self, mentee: Any, mentor: Any) -> Any:
        return 0.5


class Mumbles(Neighbours):
    def explain(self, mentee: Any, mentor: Any) -> Any:
        return ["no"]


@pytest.mark.parametrize(
    ("provider", "test"),
    [(Maybe, "test_answers_are_in_range"), (Mumbles, "test_explains_what_it_refuses")],
)
def test_a_rule_that_breaks_the_contract_is_caught(provider: Any, test: str) -> None:
    contract = type("Planted", (RuleContract,), {"provider": provider(), "people": PEOPLE})()
    with pytest.raises(AssertionError):
        getattr(contract, test)()
    sound = type("Sound", (RuleContract,), {"provider": Neighbours(), "people": PEOPLE})()
    getattr(sound, test)()


class FirstFit(Assigner):
    """Gives each mentee the best mentor with a place left, in turn."""

    name = "first_fit"

    def assign(self, problem: Any) -> Assignment:
        left, pairs = list(problem.capacity), list(problem.locks)
        for _, mentor in pairs:
            left[mentor] -= 1
        for mentee in range(len(problem.mentees)):
            if mentee in {one for one, _ in problem.locks}:
                continue
            for candidate in problem.widen(mentee, len(problem.mentors)):
                if left[candidate.mentor] > 0:
                    left[candidate.mentor] -= 1
                    pairs.append((mentee, candidate.mentor))
                    break
        return Assignment(pairs=tuple(pairs), method="first fit")


class Overfills(FirstFit):
    def assign(self, problem: Any) -> Assignment:
        pairs = ((mentee, row[0].mentor) for mentee, row in enumerate(problem.table) if row)
        return Assignment(pairs=tuple(pairs), method="best")


class Forgets(FirstFit):
    def assign(self, problem: Any) -> Assignment:
        return Assignment(pairs=(), method="none")


class Invents(FirstFit):
    def assign(self, problem: Any) -> Assignment:
        return Assignment(pairs=((0, len(problem.mentors)),), method="invented")


class Boasts(FirstFit):
    def assign(self, problem: Any) -> Assignment:
        return replace(super().assign(problem), exact=True)


class Wanders(FirstFit):
    def __init__(self) -> None:
        self.asked = 0

    def assign(self, problem: Any) -> Assignment:
        self.asked += 1
        return super().assign(problem) if self.asked % 2 else Forgets().assign(problem)


class Misprices(FirstFit):
    def assign(self, problem: Any) -> Assignment:
        return replace(super().assign(problem), prices=(-1,))


@pytest.mark.parametrize(
    ("provider", "test"),
    [
        (Overfills, "test_pairs_are_legal"),
        (Forgets, "test_pairs_are_legal"),
        (Invents, "test_pairs_are_legal"),
        (Boasts, "test_what_is_called_exact_is_the_best"),
        (Wanders, "test_same_problem_same_pairs"),
        (Misprices, "test_prices_have_the_right_shape"),
        (FirstFit, "test_the_order_of_people_does_not_matter"),
    ],
)
def test_an_assigner_that_breaks_the_contract_is_caught(provider: Any, test: str) -> None:
    contract = type("Planted", (AssignerContract,), {"provider": provider()})()
    with pytest.raises(AssertionError):
        getattr(contract, test)()


def test_an_assigner_may_go_in_turn() -> None:
    contract: Any = type("Turn", (AssignerContract,), {"provider": FirstFit(), "in_turn": True})()
    for name in (name for name in dir(contract) if name.startswith("test_")):
        getattr(contract, name)()


def test_sample_problems_are_varied_and_the_same_each_time() -> None:
    problems = list(sample_problems({}))
    assert problems == list(sample_problems({}))
    assert any(problem.locks for problem in problems)
    assert any(0 in problem.capacity for problem in problems)
    assert any(len(row) > problem.listed for problem in problems for row in problem.table)
    small = [problem for problem in problems if len(problem.mentees) <= 4]
    for problem in small:
        assert best_answer(permuted(problem, seed=1)[0]) == best_answer(problem)


class Lines(RecruitmentSource):
    """A name and an age on each line."""

    name = "lines"

    def receive(self, ctx: Any, inbound: Inbound, **asked: Any) -> Batch:
        leads, problems = [], []
        for number, line in enumerate(inbound.body.decode("utf-8", "replace").split("\n"), 1):
            name, _, age = line.partition(",")
            if name and age.isdigit():
                leads.append(Lead(key=f"{number}:{name}", role="mentee", name=name))
            elif line:
                problems.append(Problem(f"line {number}", "write a name and an age"))
        return Batch(leads=tuple(leads), problems=tuple(problems))


class Chokes(Lines):
    def receive(self, ctx: Any, inbound: Inbound, **asked: Any) -> Batch:
        inbound.body.decode("utf-8")
        return super().receive(ctx, inbound, **asked)


class Drops(Lines):
    def receive(self, ctx: Any, inbound: Inbound, **asked: Any) -> Batch:
        return replace(super().receive(ctx, inbound, **asked), problems=())


class Placeless(Lines):
    def receive(self, ctx: Any, inbound: Inbound, **asked: Any) -> Batch:
        batch = super().receive(ctx, inbound, **asked)
        return replace(batch, problems=tuple(replace(one, place="") for one in batch.problems))


class Random(Lines):
    def receive(self, ctx: Any, inbound: Inbound, **asked: Any) -> Batch:
        batch = super().receive(ctx, inbound, **asked)
        return replace(
            batch, leads=tuple(replace(one, key=str(id(batch))) for one in batch.leads[:1])
        )


class Alive(Lines):
    suffixes = (".csv",)

    def write(self, sheet: Any, *, suffix: str) -> bytes:
        return "\n".join(",".join(str(cell) for cell in row) for row in sheet.rows).encode()


@pytest.mark.parametrize(
    ("provider", "test"),
    [
        (Chokes, "test_damaged_input_is_refused_or_reported"),
        (Drops, "test_bad_rows_become_problems_and_good_ones_stay"),
        (Placeless, "test_bad_rows_become_problems_and_good_ones_stay"),
        (Random, "test_same_input_same_leads"),
        (Alive, "test_cells_never_come_alive_as_formulas"),
    ],
)
def test_a_source_that_breaks_the_contract_is_caught(provider: Any, test: str) -> None:
    files = {"good": Inbound(body=b"Ada,31\nGrace,62\n"), "bad": Inbound(body=b"Ada,31\nGrace\n")}
    contract = type("Planted", (SourceContract,), {"provider": provider(), **files})()
    with pytest.raises((AssertionError, UnicodeDecodeError)):
        getattr(contract, test)()
    sound = type("Sound", (SourceContract,), {"provider": Lines(), **files})()
    getattr(sound, test)()


CHANNELS = """
from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Channel, Receipt

manifest = Manifest(title="Planted")
SENT = []

class Planted(Channel):
    name = "planted"
    def deliver(self, ctx, message, person, contacts):
        {deliver}

@hookimpl
def mentorkit_notification_channels():
    yield Planted()
"""


@pytest.fixture
def run_contract(pytester: pytest.Pytester) -> Iterator[Callable[[str], pytest.RunResult]]:
    """Return a function that runs the contract over a channel whose `deliver` is this line."""

    def run(deliver: str, only: str = "twice or message") -> pytest.RunResult:
        pytester.makepyfile(mentorkit_planted=CHANNELS.format(deliver=deliver))
        pytester.makepyfile(
            """
            import mentorkit_planted
            from mentorkit.testing import ChannelContract

            class TestPlanted(ChannelContract):
                plugin = ("planted", mentorkit_planted)

                def effects(self, kit, ctx):
                    return len(mentorkit_planted.SENT)
            """
        )
        return pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider", "-k", only)

    yield run
    logging.captureWarnings(False)


def test_a_channel_that_sends_twice_is_caught(run_contract: Any) -> None:
    result = run_contract("SENT.append(message.key); return Receipt(channel='planted')")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["*has an effect again*"])


def test_a_channel_that_fails_in_its_own_way_is_caught(run_contract: Any) -> None:
    result = run_contract("raise ConnectionError('vendor')")
    assert result.parseoutcomes()["failed"] == 3


def test_a_channel_that_forgets_the_receipt_is_caught(run_contract: Any) -> None:
    result = run_contract("SENT.append(message.key)", only="takes_a_message")
    assert result.parseoutcomes()["failed"] == 1
    result.stdout.fnmatch_lines(["*return Receipt(channel=...)*"])


def test_a_sound_channel_passes(run_contract: Any) -> None:
    result = run_contract(
        "key = (ctx.tenant, message.key); key in SENT or SENT.append(key); "
        "return Receipt(channel='planted', reference=message.key)"
    )
    outcomes = result.parseoutcomes()
    assert (outcomes["passed"], outcomes.get("failed", 0)) == (3, 0)


def test_a_scorer_that_calls_out_is_caught(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import socket
        from mentorkit.hooks import Criterion
        from mentorkit.testing import CriterionContract

        class Calls(Criterion):
            name = "calls"
            def score(self, mentee, mentor):
                try:
                    socket.create_connection(("203.0.113.1", 80), timeout=1)
                except OSError:
                    pass
                return 1.0

        class TestCalls(CriterionContract):
            provider = Calls()
            people = ({},)
        """
    )
    result = pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider")
    result.stdout.fnmatch_lines(["*it must not use the network, and asked for*203.0.113.1*"])
    assert result.parseoutcomes()["errors"] >= 3
