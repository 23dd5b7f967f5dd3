"""Every question that mentorkit asks a plugin. Asked once, at start-up, one plugin at a time.

An implementation may take fewer arguments than the spec, and `settings` is the plugin's own,
checked against its manifest. Each example below is a whole plugin; a test loads every one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

if TYPE_CHECKING:
    import flask

    from mentorkit.domain.strategies import Strategy
    from mentorkit.hooks.providers import (
        Assigner,
        Channel,
        Check,
        Command,
        ContentCheck,
        Criterion,
        Feature,
        FeedbackVendor,
        Metric,
        Nudge,
        Reaction,
        RecruitmentSource,
        RequirementCheck,
        Rule,
        Slot,
    )

PROJECT = "mentorkit"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks(Protocol):
    """Every question mentorkit asks a plugin, in the order of the journey."""

    @hookspec
    def mentorkit_recruitment_sources(
        self, settings: Mapping[str, Any]
    ) -> Iterable[RecruitmentSource]:
        """Offer places that leads come from: a file format, a form, a vendor's list.

        Asked at start-up. Programs name a source when they recruit.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.domain.participants import Lead
        from mentorkit.hooks import Batch, RecruitmentSource

        manifest = Manifest(title="Lines of text", requires_core=">=0.1,<1")

        class Lines(RecruitmentSource):
            name = "lines"
            suffixes = (".txt",)

            def receive(self, ctx, inbound, *, role=None, fields=None, options=None):
                names = inbound.body.decode("utf-8", "replace").split("\\n")
                return Batch(
                    leads=tuple(
                        Lead(key=name.strip(), role=role or "mentee", name=name.strip())
                        for name in names
                        if name.strip()
                    )
                )

        @hookimpl
        def mentorkit_recruitment_sources():
            yield Lines()
        ```
        """

    @hookspec
    def mentorkit_requirements(self, settings: Mapping[str, Any]) -> Iterable[RequirementCheck]:
        """Offer checks of whether somebody may join, beyond what one profile field tells.

        Asked at start-up. A program's requirement names the check in place of a field.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import RequirementCheck

        manifest = Manifest(title="Of age", requires_core=">=0.1,<1")

        class OfAge(RequirementCheck):
            name = "of_age"

            def answer(self, ctx, applicants, options):
                born = [one.person.born for one in applicants]
                return [
                    "ask" if year is None else "yes" if ctx.now.year - year > 18 else "no"
                    for year in born
                ]

        @hookimpl
        def mentorkit_requirements():
            yield OfAge()
        ```
        """

    @hookspec
    def mentorkit_matching_strategies(self, settings: Mapping[str, Any]) -> Iterable[Strategy]:
        """Offer named, ready ways to match, which a program picks or copies and changes.

        Asked at start-up. The rules, criteria and assigner it names must come from some loaded
        plugin: these from `matching`.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Frozen, Strategy, Use

        manifest = Manifest(
            title="Same trade", requires_core=">=0.1,<1", requires_plugins=("matching",)
        )

        @hookimpl
        def mentorkit_matching_strategies():
            yield Strategy(
                name="same_trade",
                title="Same trade",
                criteria=(Use(name="equal", options=Frozen(field="trade")),),
                assigner="optimal",
            )
        ```
        """

    @hookspec
    def mentorkit_criteria(self, settings: Mapping[str, Any]) -> Iterable[Criterion]:
        """Offer measures of how good a pair is, 0 to 1.

        Asked at start-up. A strategy names the criterion and gives it a weight.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Criterion

        manifest = Manifest(title="Same village", requires_core=">=0.1,<1")

        class SameVillage(Criterion):
            name = "same_village"
            needs = {"village": str}

            def score(self, mentee, mentor):
                if not (mentee["village"] and mentor["village"]):
                    return None
                return 1.0 if mentee["village"] == mentor["village"] else 0.0

            def explain(self, mentee, mentor, value):
                return f"Both trade in {mentor['village']}" if value else None

        @hookimpl
        def mentorkit_criteria():
            yield SameVillage()
        ```
        """

    @hookspec
    def mentorkit_features(self, settings: Mapping[str, Any]) -> Iterable[Feature]:
        """Offer values that are computed of each person beforehand, and compared like an answer.

        Asked at start-up. The worker computes them where a strategy reads ``feature:<name>``.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Feature

        manifest = Manifest(title="How much they tell", requires_core=">=0.1,<1")

        class Told(Feature):
            name = "told"
            title = "How much they tell"
            needs = {"about": str}

            def compute(self, ctx, people):
                texts = [person["about"] for person in people]
                return [None if text is None else min(1.0, len(text) / 500) for text in texts]

        @hookimpl
        def mentorkit_features():
            yield Told()
        ```
        """

    @hookspec
    def mentorkit_rules(self, settings: Mapping[str, Any]) -> Iterable[Rule]:
        """Offer rules on which pairs may exist at all.

        Asked at start-up. A strategy lists the rules it keeps.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Differs, Rule

        manifest = Manifest(title="Not the same employer", requires_core=">=0.1,<1")

        class OtherEmployer(Rule):
            name = "other_employer"
            needs = {"employer": str}
            declared = Differs(field="employer")

            def explain(self, mentee, mentor):
                return f"Both work at {mentor['employer']}"

        @hookimpl
        def mentorkit_rules():
            yield OtherEmployer()
        ```
        """

    @hookspec
    def mentorkit_assigners(self, settings: Mapping[str, Any]) -> Iterable[Assigner]:
        """Offer ways to pick the pairs from everyone's lists of candidates.

        Asked at start-up. Whatever an assigner answers is checked like any other result.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Assigner, Assignment

        manifest = Manifest(title="Only what is locked", requires_core=">=0.1,<1")

        class LockedOnly(Assigner):
            name = "locked_only"
            uses_objective = False

            def assign(self, problem):
                return Assignment(pairs=tuple(problem.locks), method="locked only")

        @hookimpl
        def mentorkit_assigners():
            yield LockedOnly()
        ```
        """

    @hookspec
    def mentorkit_notification_channels(self, settings: Mapping[str, Any]) -> Iterable[Channel]:
        """Offer ways to carry a message to a person.

        Asked at start-up. Only the worker delivers; `message.key` is the same on every retry.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Channel, Receipt, Undeliverable

        manifest = Manifest(title="The log", requires_core=">=0.1,<1")

        class Log(Channel):
            name = "log"

            def can_reach(self, ctx, person, contacts):
                return True

            def deliver(self, ctx, message, person, contacts):
                if not message.body:
                    raise Undeliverable("log.nothing_to_say")
                ctx.log.info("message %s for person %s", message.key, person.id)
                return Receipt(channel=self.name, reference=message.key)

        @hookimpl
        def mentorkit_notification_channels():
            yield Log()
        ```
        """

    @hookspec
    def mentorkit_nudges(self, settings: Mapping[str, Any]) -> Iterable[Nudge]:
        """Offer prompts to people of whom something is awaited.

        Asked at start-up. The worker asks each nudge again and again; a prompt is sent once.

        ```python
        from datetime import timedelta

        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Nudge, Prompt

        manifest = Manifest(title="The day after", requires_core=">=0.1,<1")

        class DayAfter(Nudge):
            name = "day_after"
            templates = {
                "day_after": {
                    "subject": {"en": "Have you written to each other?"},
                    "body": {"en": "Hello {person}, you and {others} are connected.\\n{link}"},
                }
            }

            def due(self, ctx, awaited):
                for one in awaited:
                    if one.kind == "first_meeting":
                        at = one.since + timedelta(days=1)
                        yield Prompt(awaited=(one,), template="day_after", at=at)

        @hookimpl
        def mentorkit_nudges():
            yield DayAfter()
        ```
        """

    @hookspec
    def mentorkit_feedback_vendors(self, settings: Mapping[str, Any]) -> Iterable[FeedbackVendor]:
        """Offer ways to ask people how it goes: forms of your own, or of somebody else's product.

        Asked at start-up. The worker invites and collects; `request.key` is the same on every
        retry, and an answer names it.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Answer, FeedbackVendor, Frozen

        manifest = Manifest(title="Forms elsewhere", requires_core=">=0.1,<1")

        class Elsewhere(FeedbackVendor):
            name = "elsewhere"

            def invite(self, ctx, request):
                return f"https://forms.example.org/{request.key}"

            def receive(self, ctx, inbound):
                key, _, going = inbound.body.decode().partition("=")
                return [Answer(key=key, values=Frozen(going=going))]

        @hookimpl
        def mentorkit_feedback_vendors():
            yield Elsewhere()
        ```
        """

    @hookspec
    def mentorkit_content_checks(self, settings: Mapping[str, Any]) -> Iterable[ContentCheck]:
        """Offer looks at what participants write, before others read it.

        Asked at start-up. Every program asks a check unless it has switched its plugin off; what
        is not surely allowed waits for the staff.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import ContentCheck, Verdict

        manifest = Manifest(title="No shouting", requires_core=">=0.1,<1")

        class NoShouting(ContentCheck):
            name = "no_shouting"

            def review(self, ctx, contents):
                return [
                    Verdict(content_id=one.id, allowed=not one.text.isupper(), code="shouting")
                    for one in contents
                ]

        @hookimpl
        def mentorkit_content_checks():
            yield NoShouting()
        ```
        """

    @hookspec
    def mentorkit_metrics(self, settings: Mapping[str, Any]) -> Iterable[Metric]:
        """Offer tables for the report of a program, made of all its facts at once.

        Asked at start-up. Programs show those of the plugins that they have not switched off.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Column, Metric, Table

        manifest = Manifest(title="Why it ends", requires_core=">=0.1,<1")

        class Ends(Metric):
            name = "ends"

            def measure(self, ctx, facts):
                ended = [one.reason for one in facts.relationships if one.state == "ended"]
                return [
                    Table(
                        name="ends",
                        title="Why relationships ended",
                        columns=(
                            Column(name="reason", title="Reason", kind="text"),
                            Column(name="count", title="Relationships"),
                        ),
                        rows=tuple((why, ended.count(why)) for why in sorted(set(ended))),
                        how="Each relationship that has ended, by the reason given.",
                    )
                ]

        @hookimpl
        def mentorkit_metrics():
            yield Ends()
        ```
        """

    @hookspec
    def mentorkit_reactions(self, settings: Mapping[str, Any]) -> Iterable[Reaction]:
        """Offer durable answers to facts: the worker tells them until they succeed.

        Asked at start-up. A reaction may be told twice; the event's sequence says whether it was.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.domain.events import RelationshipStarted
        from mentorkit.hooks import Reaction

        manifest = Manifest(title="Say hello", requires_core=">=0.1,<1")

        def hello(ctx, event):
            ctx.log.info("relationship %s has started", event.subject_id)

        @hookimpl
        def mentorkit_reactions():
            yield Reaction(name="hello", on=(RelationshipStarted,), handle=hello)
        ```
        """

    @hookspec
    def mentorkit_checks(self, settings: Mapping[str, Any]) -> Iterable[Check]:
        """Offer looks at whether something is as it should be.

        Asked at start-up. `mentorkit doctor` runs every check, a start those that say `at_start`.

        ```python
        import shutil

        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Check, Health

        manifest = Manifest(title="Room on the disk", requires_core=">=0.1,<1")

        def room():
            free = shutil.disk_usage(".").free // 2**20
            return Health(ok=free > 100, message=f"{free} MiB are free", hint="Make some room.")

        @hookimpl
        def mentorkit_checks():
            yield Check(name="room", title="Room on the disk", run=room)
        ```
        """

    @hookspec
    def mentorkit_commands(self, settings: Mapping[str, Any]) -> Iterable[Command]:
        """Offer commands, found under ``mentorkit <plugin> <name>``.

        Asked at start-up. What `run` returns is printed, as JSON where that was asked for.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Command, Parameter

        manifest = Manifest(title="Greetings", requires_core=">=0.1,<1")

        def greet(ctx, name):
            return {"greeting": f"Hello {name}"}

        @hookimpl
        def mentorkit_commands():
            yield Command(
                name="greet",
                help="Greet somebody.",
                run=greet,
                parameters=(Parameter(name="name", required=True),),
            )
        ```
        """

    @hookspec
    def mentorkit_web_blueprints(self, settings: Mapping[str, Any]) -> Iterable[flask.Blueprint]:
        """Offer pages of your own, an ordinary Flask blueprint with the plugin's name.

        Asked when the pages are mounted, never in a worker; import Flask inside. They are found at
        ``.../x/<plugin>/``, and each view names who may open it.

        ```python
        from mentorkit import Manifest, hookimpl

        manifest = Manifest(title="House rules", requires_core=">=0.1,<1")

        @hookimpl
        def mentorkit_web_blueprints():
            import flask

            from mentorkit.web import allow, current

            pages = flask.Blueprint("example", __name__)

            @pages.get("/<program>/rules")
            @allow("mentee", "mentor", "coordinator")
            def rules(program):
                return f"Be on time, {current().person.name}."

            yield pages
        ```
        """

    @hookspec
    def mentorkit_web_slots(self, settings: Mapping[str, Any]) -> Iterable[Slot]:
        """Offer what is shown at a named place of our pages, beside what stands there.

        Asked when the pages are mounted, never in a worker. The places are listed in the how-to.

        ```python
        from mentorkit import Manifest, hookimpl
        from mentorkit.hooks import Slot

        manifest = Manifest(title="Questions to begin with", requires_core=">=0.1,<1")

        def questions(visit, relationship):
            return "Ask what a good week looks like." if not relationship["minutes"] else None

        @hookimpl
        def mentorkit_web_slots():
            yield Slot(name="relationship", render=questions)
        ```
        """
