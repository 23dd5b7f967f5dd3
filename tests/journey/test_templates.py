"""The words of messages: a program's own, those it came with, and how one looks to somebody."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from mentorkit import Portal
from mentorkit.domain.people import Actor
from mentorkit.errors import Conflict, Invalid, NotAllowed, NotFound
from mentorkit.journey import accept, match, programs, templates
from mentorkit.journey.tell import fill
from mentorkit.worker import work
from mentorkit_inbox.tables import message as messages
from tests.journey.asked import PLUGINS
from tests.journey.conftest import lead

AT = "https://portal.example/m"
FRENCH = {"subject": "Bonjour : {program}", "body": "Bonjour {person} et {others}.\n{link}"}


@pytest.fixture
def world(create_world: Any, create_kit: Any) -> SimpleNamespace:
    kit = create_kit(plugins=[*PLUGINS, "checkins"], secret_keys=["s"], site=Portal(AT))
    leads = [
        lead("ana", "mentee", trade="baker", village="Ora"),
        lead("cleo", "mentor", trade="baker", village="Ora"),
    ]
    made: SimpleNamespace = create_world(leads, kit=kit)
    return made


def about(world: SimpleNamespace, **more: Any) -> dict[str, Any]:
    return {**world.at, "program": world.program, "template": "proposal_offered", **more}


def text(world: SimpleNamespace, locale: str, template: str = "proposal_offered") -> dict[str, Any]:
    shown = templates.show(world.kit, **about(world, template=template))
    found: dict[str, Any] = shown["texts"][locale]
    return found


def test_every_message_is_listed_once_by_what_it_is_about(world: SimpleNamespace) -> None:
    rows = templates.templates(world.kit, **world.at, program=world.program)
    names = [row["name"] for row in rows]
    assert len(names) == len(set(names))
    assert {"proposal_offered", "concern_raised", "milestone_due"} <= set(names)
    groups = {row["name"]: row["group"] for row in rows}
    assert groups["proposal_offered"] == "matching"
    assert groups["concern_raised"] == groups["milestones_due_staff"] == "staff"
    assert groups["milestone_due"] == "reminders"
    assert "other" not in groups.values()
    assert all(row["about"] or row["plugin"] for row in rows)
    assert all(row["own"] == [] for row in rows)


def test_a_language_is_worded_by_itself_and_the_others_stay(world: SimpleNamespace) -> None:
    english = text(world, "en")
    done = templates.save(world.kit, **about(world, locale="fr", **FRENCH))
    assert done["number"] == 1
    assert text(world, "fr")["body"] == FRENCH["body"]
    assert text(world, "fr")["own"]
    assert text(world, "en") == english
    back = templates.reset(world.kit, **about(world, locale="fr"))
    assert back["number"] == 2
    assert "fr" not in templates.show(world.kit, **about(world))["texts"]


def test_a_reader_gets_the_words_of_their_language_and_else_the_shipped_ones(
    world: SimpleNamespace,
) -> None:
    both = {"subject": "Hi {person}", "body": "How is it?\n{link}"}
    templates.save(world.kit, **about(world, template="milestone_due", locale="en", **both))
    assert text(world, "en", "milestone_due")["body"] == both["body"]
    assert "Bonjour" in text(world, "fr", "milestone_due")["body"]


def test_what_a_program_came_with_is_what_is_put_back(world: SimpleNamespace, clock: Any) -> None:
    came = {"proposal_offered": {"subject": {"fr": "Oui ?"}, "body": {"fr": "{person} ?\n{link}"}}}
    preset = {"title": "Bakers", "messages": came}
    programs.create(world.kit, tenant=world.tenant, actor=Actor(admin=True), key="bakers",
                    preset=preset)  # fmt: skip
    at = about(world, program="bakers", locale="fr")
    clock.forward(days=1)
    assert templates.show(world.kit, **about(world, program="bakers"))["own"] == []
    templates.save(world.kit, **at, **FRENCH)
    assert templates.show(world.kit, **about(world, program="bakers"))["own"] == ["fr"]
    templates.reset(world.kit, **at)
    found = templates.show(world.kit, **about(world, program="bakers"))
    assert (found["texts"]["fr"]["subject"], found["own"]) == ("Oui ?", [])


@pytest.mark.parametrize(("part", "typed", "told"), [
    ("body", "Hello {persn}", "{persn} cannot be filled in; there are {person}"),
    ("body", "Hello {person.__class__}", "cannot be filled in"),
    ("body", "Hello {0} {}", "cannot be filled in"),
    ("body", "Hello {person", "brace has no partner"),
    ("body", "  ", "write a text"),
    ("body", "x" * 4001, "at most 4000"),
    ("subject", "", "write a text"),
    ("subject", "Two\nlines", "on one line"),
    ("subject", "x" * 201, "at most 200"),
])  # fmt: skip
def test_what_cannot_be_said_is_refused_where_it_is_wrong(
    world: SimpleNamespace, part: str, typed: str, told: str
) -> None:
    with pytest.raises(Invalid) as wrong:
        templates.save(world.kit, **about(world, locale="fr", **{**FRENCH, part: typed}))
    (problem,) = wrong.value.problems
    assert problem.place == part
    assert told in problem.message
    assert "fr" not in templates.show(world.kit, **about(world))["texts"]


def test_whoever_mistypes_a_name_is_told_those_that_this_message_fills(
    world: SimpleNamespace,
) -> None:
    with pytest.raises(Invalid) as wrong:
        typed = {**FRENCH, "body": "Hello {persn}"}
        templates.save(world.kit, **about(world, locale="fr", **typed))
    one = templates.show(world.kit, **about(world))
    told = wrong.value.problems[0].message
    for placeholder in one["placeholders"]:
        assert (f"{{{placeholder['name']}}}" in told) == placeholder["fills"]
    assert "{contacts}" not in told


def test_a_language_that_is_none_is_refused(world: SimpleNamespace) -> None:
    with pytest.raises(Invalid, match="language"):
        templates.save(world.kit, **about(world, locale="klingon!", **FRENCH))


def test_two_who_change_the_same_words_do_not_overwrite_each_other(
    world: SimpleNamespace,
) -> None:
    seen = templates.show(world.kit, **about(world))["number"]
    templates.save(world.kit, **about(world, locale="fr", was=seen, **FRENCH))
    with pytest.raises(Conflict, match="changed this since"):
        templates.save(world.kit, **about(world, locale="fr", was=seen, **FRENCH))
    with pytest.raises(Conflict, match="changed this since"):
        templates.reset(world.kit, **about(world, was=seen))


def test_two_who_change_other_words_do_not_hinder_each_other(world: SimpleNamespace) -> None:
    seen = templates.show(world.kit, **about(world))["number"]
    templates.save(world.kit, **about(world, locale="fr", was=seen, **FRENCH))
    templates.save(world.kit, **about(world, locale="es", was=seen, **FRENCH))
    other = about(world, template="relayed", locale="fr", was=seen)
    templates.save(world.kit, **other, **FRENCH)
    assert templates.show(world.kit, **about(world))["own"] == ["fr", "es"]


def test_a_change_stands_in_the_journal(world: SimpleNamespace) -> None:
    templates.save(world.kit, **about(world, locale="fr", **FRENCH))
    with world.kit.transaction(tenant=world.tenant, write=False) as tx:
        last = tx.journal.about("program", world.program)[-1]
    assert (type(last).__name__, last.kind, last.number) == ("DefinitionChanged", "messages", 1)


def test_only_staff_who_may_change_the_setup_word_messages(world: SimpleNamespace) -> None:
    by = {**world.at, "program": world.program}
    viewer = programs.appoint(world.kit, **by, role="viewer", name="Vera")["person"]
    at = about(world, actor=Actor(person_id=viewer))
    assert templates.show(world.kit, **at)["name"] == "proposal_offered"
    for change in (
        lambda: templates.save(world.kit, **at, locale="fr", **FRENCH),
        lambda: templates.reset(world.kit, **at),
    ):
        with pytest.raises(NotAllowed):
            change()
    with pytest.raises(NotAllowed):
        templates.show(world.kit, **about(world, actor=world.by("ana")))


def test_a_message_that_is_not_sent_has_no_words(world: SimpleNamespace) -> None:
    with pytest.raises(NotFound, match="sends no message"):
        templates.show(world.kit, **about(world, template="nothing"))
    with pytest.raises(NotFound, match="no words in 'sw'"):
        templates.reset(world.kit, **about(world, locale="sw"))


def test_what_a_text_had_better_not_lose_or_never_fills_is_said(world: SimpleNamespace) -> None:
    said = {"subject": "{link}", "body": "Hello {person}: {sender} {yes}"}
    notes = templates.save(world.kit, **about(world, locale="fr", **said))["notes"]
    told = [(one["code"], one["placeholder"]) for one in notes]
    assert told == [("missing", "link"), ("missing", "answer"), ("empty", "sender"),
                    ("subject", "link")]  # fmt: skip
    fine = {"subject": "A yes?", "body": "{person}\nYes: {yes}\nNo: {no}\n{link}"}
    assert templates.save(world.kit, **about(world, locale="fr", **fine))["notes"] == []


def test_a_message_is_shown_as_somebody_would_get_it(world: SimpleNamespace) -> None:
    templates.save(world.kit, **about(world, locale="fr", **FRENCH))
    found = templates.preview(world.kit, **about(world, participant=world.ids["ana"], locale="fr"))
    assert found["text"].startswith("Bonjour Ana et ")
    assert found["subject"].startswith("Bonjour : ")
    assert f"{AT}/" in found["text"]
    assert found["html"].startswith("<!doctype html>")
    assert [one["kind"] for one in found["blocks"]] == ["text", "buttons", "text"]
    typed = {"subject": "Ha", "body": "Only {person}"}
    shown = templates.preview(world.kit, **about(world, participant=world.ids["cleo"], **typed))
    assert shown["text"].startswith("Only Cleo")
    assert templates.show(world.kit, **about(world))["number"] == 1
    with pytest.raises(Invalid, match="shown"):
        templates.preview(world.kit, **about(world, subject="a", body="{nobody}"))


def test_an_example_has_the_buttons_that_are_for_its_question(world: SimpleNamespace) -> None:
    def words(template: str) -> list[str]:
        at = {**about(world), "template": template, "participant": world.ids["ana"]}
        blocks = templates.preview(world.kit, **at)["blocks"]
        return [
            piece["words"]
            for one in blocks if one["kind"] == "buttons"
            for line in one["lines"] for piece in line
        ]  # fmt: skip

    assert words("milestone_due")[:3] == ["It goes well", "Not so well", "I would like help"]
    assert words("proposal_offered")[:2] == ["Yes", "No"]


def test_an_example_names_whom_somebody_is_together_with(world: SimpleNamespace) -> None:
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    asked = match.propose(world.kit, **world.at, **two)["id"]
    accept.accept(world.kit, **world.at, proposal=asked)
    to = {"participant": world.ids["ana"]}
    found = templates.preview(world.kit, **about(world, template="relationship_started", **to))
    assert "you and Cleo are now connected" in found["text"]


def test_every_message_can_be_shown_in_every_language_it_has(world: SimpleNamespace) -> None:
    for row in templates.templates(world.kit, **world.at, program=world.program):
        for locale in (*row["languages"], "ar"):
            at = about(world, template=row["name"], locale=locale)
            found = templates.preview(world.kit, **at)
            assert "{" not in found["text"], row["name"]
            assert found["right_to_left"] == (locale == "ar")
            assert [n for n in found["notes"] if n["code"] == "empty"] == [], row["name"]


def test_the_program_s_words_are_what_is_sent_whatever_a_name_is_made_of(
    create_world: Any, create_kit: Any
) -> None:
    kit = create_kit(plugins=PLUGINS, secret_keys=["s"], site=Portal(AT))
    leads = [
        lead("ana", "mentee", trade="baker", village="Ora"),
        lead("cleo", "mentor", trade="baker", village="Ora"),
    ]
    evil = "<script>{person} {0} {{due}}</script>"
    leads[1] = replace(leads[1], name=evil)
    world = create_world(leads, kit=kit)
    templates.save(kit, **about(world, locale="en", subject="{others}", body="{others}: {{no}}\n"
                                "{answer}"))  # fmt: skip
    two = {"mentee": world.ids["ana"], "mentor": world.ids["cleo"]}
    match.propose(kit, **world.at, **two)
    work(kit)
    with kit.engine.connect() as connection:
        rows = connection.execute(sa.select(messages)).mappings().all()
    (found,) = [
        one
        for one in rows
        if one["template"] == "proposal_offered" and one["person_id"] == world.persons["ana"]
    ]
    assert found["subject"] == evil
    assert found["body"].startswith(f"{evil}: {{no}}\n{AT}/answer/")


def test_what_is_empty_takes_the_words_with_it_that_only_lead_to_it() -> None:
    text = "Hello {person}, until {due}.\nYes: {yes}\nNo: {no}\nMentee: {mentee}. Mentor: {mentor}."
    assert fill(text, {"person": "Ana", "due": "May", "mentee": "Ben", "mentor": ""}) == (
        "Hello Ana, until May.\nMentee: Ben. Mentor:."
    )
    assert (
        fill("Hello\nYes: {yes}", {"yes": "https://e.example"}) == "Hello\nYes: https://e.example"
    )
