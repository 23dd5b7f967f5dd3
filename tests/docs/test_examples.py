"""Each example of the how-to pages is loaded as a plugin, and does what its page says."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from pages import DOCS

from mentorkit.domain.events import RelationshipStarted
from mentorkit.domain.fields import Field
from mentorkit.domain.messages import Message, RetryLater
from mentorkit.domain.people import Actor, Contact, Person
from mentorkit.domain.strategies import Strategy, Use
from mentorkit.errors import Invalid
from mentorkit.hooks import Applicant, Awaited, Content, Inbound
from mentorkit.hooks.calls import computed
from mentorkit.hooks.registry import Registry
from mentorkit.journey import programs
from mentorkit.matching import Pool, bind, run, verify
from mentorkit.matching.people import Someone
from mentorkit.web.brought import brought

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
EXAMPLES = sorted((DOCS / "examples").glob("*.py"))


def load(name: str, *beside: str, **settings: Any) -> Registry:
    given: Mapping[str, Any] = {name: settings} if settings else {}
    return Registry.load([*beside, DOCS / "examples" / f"{name}.py"], given)


@pytest.fixture
def ctx() -> Any:
    return SimpleNamespace(
        tenant="acme",
        program=None,
        settings={},
        now=NOW,
        random=Random(0),
        log=logging.getLogger("mentorkit.plugin.example"),
    )


def test_every_example_has_a_test_here() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    missing = [path.stem for path in EXAMPLES if f'load("{path.stem}"' not in here]
    assert EXAMPLES
    assert missing == []


def test_recruitment_sources(ctx: Any) -> None:
    source = load("recruitment_sources").recruitment_sources["cards"]
    cards = (
        b"BEGIN:VCARD\nFN:Ana\nEMAIL:ana@example.org\nEND:VCARD\nBEGIN:VCARD\nFN:Ben\nEND:VCARD\n"
    )
    batch = source.receive(ctx, Inbound(body=cards, filename="people.vcf"), role="mentor")
    assert [(lead.key, lead.name, lead.role) for lead in batch.leads] == [
        ("ana@example.org", "Ana", "mentor")
    ]
    assert [problem.place for problem in batch.problems] == ["people.vcf, card 2"]
    with pytest.raises(Invalid, match="no contact cards"):
        source.receive(ctx, Inbound(body=b"hello", filename="people.vcf"))


def test_matching_strategies() -> None:
    registry = load("matching_strategies", "matching")
    strategy = registry.strategies["language_first"]
    result = match(
        registry,
        strategy,
        {"language": "rw", "industry": "farming", "organisation": "a"},
        [
            {"language": "fr", "industry": "farming", "organisation": "b"},
            {"language": "rw", "industry": "retail", "organisation": "b"},
            {"language": "rw", "industry": "farming", "organisation": "a"},
        ],
    )
    assert result == {"m2": 7500}


def match(
    registry: Registry, strategy: Strategy, mentee: dict[str, Any], mentors: list[dict[str, Any]]
) -> dict[str, int]:
    """Match one mentee; return the mentor's key and the score."""
    kinds: dict[str, Any] = {"years": "number", "staff": "number", "goals": "options"}
    fields = {name: Field(id=name, kind=kinds.get(name, "text")) for name in mentee}
    bound = bind(strategy, registry, fields)
    pool = Pool(
        mentees=[Someone(key="a1", id="a1", profile=mentee)],
        mentors=[
            Someone(key=f"m{n}", id=f"m{n}", profile=mentor)
            for n, mentor in enumerate(mentors, start=1)
        ],
        fields=fields,
    )
    result = run(pool, bound)
    assert verify(pool, bound, result) == []
    return {pair.mentor_id: pair.score for pair in result.pairs}


def test_criteria() -> None:
    registry = load("criteria", "matching")
    strategy = Strategy(criteria=(Use(name="years_ahead"),))
    mentors = [{"years": 2.0}, {"years": 6.0}, {"years": 30.0}]
    assert match(registry, strategy, {"years": 1.0}, mentors) == {"m2": 10_000}


def test_three_levels() -> None:
    registry = load("three_levels", "matching")
    names = ("same_goals", "alike_in_size", "say_alike")
    strategy = Strategy(criteria=tuple(Use(name=name) for name in names))
    mentee = {"goals": ("export",), "staff": 4.0, "about": "we bake bread"}
    alike = {"goals": ("export",), "staff": 6.0, "about": "We bake bread"}
    other = {"goals": ("hire",), "staff": 90.0, "about": "software"}
    assert match(registry, strategy, mentee, [other, alike]) == {"m2": 9_667}
    unknown = {"goals": ("export",), "staff": None, "about": None}
    assert match(registry, strategy, mentee, [other, unknown]) == {"m2": 10_000}


def test_rules() -> None:
    registry = load("rules", "matching")
    strategy = Strategy(
        rules=(Use(name="no_neighbours"),),
        criteria=(Use(name="equal", options={"field": "village"}),),  # type: ignore[arg-type]
    )
    here = {"street": "Market Road", "village": "Kibuye"}
    there = {"street": "Lake Road", "village": "Kibuye"}
    assert match(registry, strategy, here, [here, there]) == {"m2": 10_000}


def test_assigners() -> None:
    assigner = load("assigners").assigners["fewest_first"]
    lists: dict[int, list[Any]] = {
        0: [SimpleNamespace(mentor=0, score=9), SimpleNamespace(mentor=1, score=8)],
        1: [SimpleNamespace(mentor=0, score=7)],
        2: [SimpleNamespace(mentor=2, score=1)],
    }
    problem = SimpleNamespace(
        mentees=("a", "b", "c"),
        mentors=("x", "y", "z"),
        capacity=(1, 1, 1),
        locks=((2, 1),),
        widen=lambda mentee, k: lists[mentee],
    )
    # b has one choice and is served first; y is locked to c; so nobody is left for a.
    assert set(assigner.assign(problem).pairs) == {(2, 1), (1, 0)}


def test_notification_channels(ctx: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    registry = load("notification_channels", folder=str(out))
    channel = registry.channels["folder"]
    person = Person(id="p1", tenant="acme", name="Ana", created_at=NOW)
    mail = Contact(id="c1", tenant="acme", person_id="p1", kind="email", value="ana@example.org")
    message = Message(
        key="offer:1",
        tenant="acme",
        program_id="t",
        person_id="p1",
        template="offer",
        subject="A mentor for you",
        body="Ben",
        created_at=NOW,
    )
    assert channel.can_reach(ctx, person, [mail])
    assert not channel.can_reach(ctx, person, [])
    with pytest.raises(RetryLater):
        channel.deliver(ctx, message, person, [mail])
    out.mkdir()
    receipts = {channel.deliver(ctx, message, person, [mail]) for _ in range(2)}
    assert len(receipts) == 1
    assert [file.read_text() for file in out.iterdir()] == ["A mentor for you\n\nBen"]


def test_nudges(ctx: Any) -> None:
    (nudge,) = load("nudges").nudges.values()
    monday = NOW  # 4 May 2026
    waiting = [
        Awaited(
            kind=kind,
            person_id="ben",
            role="mentor",
            noun="proposal",
            subject_id=f"p{day}",
            since=monday - timedelta(days=day),
        )
        for day, kind in ((1, "answer"), (3, "answer"), (3, "meeting"), (9, "answer"))
    ]
    (told,) = nudge.due(ctx, waiting)
    assert {one.subject_id for one in told.awaited} == {"p1", "p3", "p9"}
    assert (told.at.isoweekday(), told.key) == (1, "2026-05-04")
    assert list(nudge.due(ctx, waiting[2:3])) == []


def test_content_checks(ctx: Any) -> None:
    (check,) = load("content_checks").content_checks.values()
    texts = ["Hello, do you bake?", "HELP", "heeeeello"]
    contents = [Content(id=text, kind="question", text=text) for text in texts]
    assert [one.allowed for one in check.review(ctx, contents)] == [True, False, False]


def test_feedback_vendors(ctx: Any, tmp_path: Path) -> None:
    file = tmp_path / "replies.jsonl"
    registry = load("feedback_vendors", form="https://forms.example.org/f", file=str(file))
    vendor = registry.feedback_vendors["elsewhere"]
    request: Any = SimpleNamespace(key="s1", locale="sw")
    told = vendor.invite(ctx, request)
    assert told == "https://forms.example.org/f?survey=s1&language=sw"
    assert vendor.collect(ctx, [request]) == []
    file.write_text(
        '{"survey": "s1", "answers": {"going": "well"}}\n{"survey": "s2", "answers": {}}\n'
    )
    (answer,) = vendor.collect(ctx, [request])
    assert (answer.key, dict(answer.values)) == ("s1", {"going": "well"})


def test_metrics(ctx: Any) -> None:
    metric = load("metrics").metrics["first_meeting"]
    held = [
        SimpleNamespace(relationship_id="r1", held_at=NOW + timedelta(days=day), state="held")
        for day in (9, 4)
    ]
    pairs = [SimpleNamespace(id=id, started_at=NOW) for id in ("r1", "r2")]
    facts: Any = SimpleNamespace(meetings=held, relationships=pairs)
    (table,) = metric.measure(ctx, facts)
    assert table.rows == ((4, 1, 2),)


def test_features(ctx: Any) -> None:
    asked: list[Any] = []

    class Service(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(429 if len(asked) > 1 else 200)
            self.end_headers()
            self.wfile.write(json.dumps([[len(text), 1.0] for text in asked[-1]["texts"]]).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        registry = load("features", address=address, length=2)
        feature, ctx.settings = (
            registry.features["embedding"],
            registry.plugins["features"].settings,
        )
        people = [{"about": "bread"}, {"about": None}]
        assert computed(feature, ctx, people) == [(5.0, 1.0), None]
        with pytest.raises(RetryLater):
            computed(feature, ctx, people)
        server.shutdown()
    assert asked[0] == {"model": "small-1", "texts": ["bread", ""]}
    assert (feature.version, feature.length) == ("small-1", 2)


def test_requirements(ctx: Any) -> None:
    (check,) = load("requirements").requirement_checks.values()
    person = Person(id="p1", tenant="acme", name="Ada", created_at=NOW)

    def told(**contacts: str) -> str:
        held = tuple(
            Contact(id=kind, tenant="acme", person_id="p1", kind=kind, value=value)
            for kind, value in contacts.items()
        )
        one = Applicant(role="mentee", profile={}, person=person, contacts=held)
        return check.answer(ctx, [one], {"prefixes": ["+254"]})[0]

    assert [told(phone="+254 700"), told(phone="+44 20"), told(email="a@example.org")] == [
        "yes", "no", "ask",
    ]  # fmt: skip


def test_reactions(ctx: Any, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    (reaction,) = load("reactions", file=str(file)).reactions.values()
    assert reaction.on == (RelationshipStarted,)
    for number in (1, 1, 2):
        reaction.handle(ctx, SimpleNamespace(sequence=number, subject_id=f"r{number}"))
    assert file.read_text() == "1,r1\n2,r2\n"


def test_checks() -> None:
    (check,) = load("checks").checks.values()
    assert check.run().ok


def test_commands(ctx: Any) -> None:
    (command,) = load("commands").commands.values()
    assert command.run(ctx, text="one two two", least=2) == [{"word": "two", "times": 2}]


def test_web_blueprints(mentorkit_create_kit: Any, mentorkit_host: Any) -> None:
    kit = mentorkit_create_kit(registry=load("web_blueprints"))
    admin: dict[str, Any] = {"tenant": "default", "actor": Actor(user_ref="admin", admin=True)}
    programs.create(kit, **admin, key="traders", preset={})
    programs.appoint(
        kit, **admin, program="traders", role="coordinator", name="Cora", user_ref="cora"
    )
    page = (
        mentorkit_host(kit)
        .test_client()
        .get("/mentoring/x/web_blueprints/traders/rules", headers={"X-User": "cora"})
    )
    assert page.text == "Cora: Be on time, and say when you cannot come."


def test_web_slots() -> None:
    ((_, slot),) = brought(load("web_slots")).slots["relationship"]
    visit = SimpleNamespace(words=str)
    assert "good week" in slot.render(visit, relationship={"minutes": 0})
    assert slot.render(visit, relationship={"minutes": 60}) is None


def test_program_settings() -> None:
    registry = load("program_settings")
    ((plugin, slot),) = brought(registry).slots["relationship"]
    usual = plugin.manifest.usual
    assert usual == {"rules": ["Be on time."], "most": 3}
    visit = SimpleNamespace(settings=lambda name: {**usual, "rules": ["One.", "Two."], "most": 1})
    assert plugin.name == "program_settings"
    assert slot.render(visit, relationship={}) == "One."
