"""The plugin `guide`: its script as data, what is wrong with one, and what is kept of whom."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from mentorkit.domain import presets
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor, Person
from mentorkit.domain.programs import dump_preset
from mentorkit.errors import Conflict, Invalid
from mentorkit.journey import choices, onboard, plugins, programs, recruit, screen
from mentorkit.journey.steps import many
from mentorkit.kit import Kit
from mentorkit.store import erase, export, migrate
from mentorkit.worker import work
from mentorkit_guide import commands, standing, walk
from mentorkit_guide.script import composed, misfits, script_of
from mentorkit_guide.standing import Key

ADMIN = Actor(user_ref="admin", admin=True)
BY: dict[str, Any] = {"tenant": "acme", "actor": ADMIN}
PRESET: dict[str, Any] = {
    "title": {"en": "Traders", "es": "Comerciantes"},
    "fields": {"about": {"kind": "text", "shown": True}},
    "strategy": {"criteria": [{"criterion": "equal", "field": "about", "weight": 1}]},
    "program": {"matching": "self"},
    "consent": {"en": "We use what you tell us."},
    "measurement": {"none": "These tests measure nothing."},
}
OWN: dict[str, Any] = {
    "steps": [
        {"step": "who", "kind": "pick"},
        {"step": "dream", "kind": "words", "needed": True},
        {"step": "way", "kind": "option"},
        {"step": "look", "kind": "draft"},
        {"step": "go", "kind": "send"},
    ],
    "texts": [
        {"step": "who", "language": "en", "title": "Who?"},
        {"step": "dream", "language": "en", "title": "Your dream, {person}?",
         "says": "My dream: {answer}"},
        {"step": "way", "language": "en", "title": "How?", "says": "I talk {answer}."},
        {"step": "look", "language": "en", "title": "Look",
         "says": "Hi. {parts} Bye from {person}."},
        {"step": "go", "language": "en", "title": "Go"},
    ],
    "options": [
        {"step": "way", "option": "radio", "language": "en", "text": "Radio", "says": "by radio"},
        {"step": "way", "option": "post", "language": "en", "text": "Post"},
    ],
}  # fmt: skip


def told(settings: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong with a script, by its place."""
    found: dict[str, str] = {}
    for place, what in misfits(settings):
        found[place] = f"{found.get(place, '')}{what}; "
    return found


# --------------------------------------------------------------------------- the script


def test_the_shipped_scripts_are_whole_in_three_languages() -> None:
    assert told({}) == {}
    for use in ("choose", "meet"):
        script = script_of({}, use)
        assert script.languages == ("en", "es", "fr")
        assert [one.kind for one in script.steps][-2:] == ["draft", "send"]
    assert script.read_in("es-MX") == "es"
    assert script.read_in("sw") == "en"


def test_a_program_writes_steps_of_its_own_and_rewords_shipped_ones() -> None:
    assert told(OWN) == {}
    script = script_of(OWN, "choose")
    assert [one.step for one in script.steps] == ["who", "dream", "way", "look", "go"]
    assert script.languages == ("en",)
    assert script_of(OWN, "meet").steps[0].step == "hello"
    rows = [{"step": "doing", "language": "en", "title": "What do you sell?"}]
    assert script_of({"texts": rows}, "choose").words["doing"]["en"].title == "What do you sell?"


@pytest.mark.parametrize(("change", "where", "what"), [
    ({"steps": OWN["steps"][:-1]}, "steps", "end with a draft and then send"),
    ({"steps": [{"step": "when", "kind": "times"}]}, "steps[0].step", "name of another step"),
    ({"steps": [{"step": "x", "kind": "times"}]}, "steps[0].kind", 'use = "meet" alone'),
    ({"steps": [{"step": "X y", "kind": "tell"}]}, "steps[0].step", "small letters"),
    ({"texts": OWN["texts"][1:]}, "steps[0]", "has no words"),
    ({"options": OWN["options"][:1]}, "steps[2]", "two options or more"),
    ({"texts": [*OWN["texts"], OWN["texts"][0]]}, "texts[5]", "stands there twice"),
    ({"texts": [*OWN["texts"], {"step": "nix", "language": "en", "title": "?"}]},
     "texts[5].step", "is no step; write one of"),
    ({"texts": [*OWN["texts"], {"step": "who", "language": "Klingon!", "title": "?"}]},
     "texts[5].language", "such as es"),
    ({"texts": [*OWN["texts"], {"step": "who", "language": "es", "title": "¿A quién?"}]},
     "texts", "dream, way, look, go: write them in es too, or leave es out"),
    ({"options": [{**one, "language": "es"} for one in OWN["options"]]}, "texts", "es too"),
    ({"options": [*OWN["options"], {"step": "dream", "option": "a", "language": "en",
                                    "text": "A"}]}, "options[2].step", "has no options"),
])  # fmt: skip
def test_a_script_that_cannot_be_walked_is_told_with_its_place(
    change: dict[str, Any], where: str, what: str
) -> None:
    assert what in told({**OWN, **change})[where]


@pytest.mark.parametrize(("part", "text", "what"), [
    ("title", "Hello {name}", "{name} means nothing here; there are: {person}"),
    ("text", "Half a {brace", "a brace stands alone"),
    ("text", "{person!r}", "means nothing here"),
    ("says", "My dream", "write {answer} in it, once"),
    ("says", "{person}: {answer}", "{person} means nothing here"),
    ("text", "One; two", "leave out ;"),
])  # fmt: skip
def test_what_stands_in_braces_and_cannot_be_filled_in_is_told(
    part: str, text: str, what: str
) -> None:
    rows = [dict(one) for one in OWN["texts"]]
    rows[1][part] = text
    assert what in told({**OWN, "texts": rows})[f"texts[1].{part}"]


def test_what_adds_nothing_to_the_draft_says_nothing() -> None:
    rows = [{"step": "begin", "language": "en", "title": "Go", "says": "{answer}"}]
    assert "adds nothing to the draft" in told({"texts": rows})["texts[0].says"]


def test_the_draft_has_each_part_on_a_line_and_leaves_out_what_was_not_told() -> None:
    assert composed("Hi {person}. {parts} Bye.", ["{a}", "b"], person="{x}") == (
        "Hi {x}.\n{a}\nb\nBye."
    )
    assert composed("", ["a"], person="Ana") == "a"


# --------------------------------------------------------------------------- what is kept


@pytest.fixture
def kit(create_kit: Callable[..., Kit]) -> Kit:
    return create_kit(plugins=("matching", "guide"))


@pytest.fixture
def ids(kit: Kit) -> dict[str, str]:
    """Return the participants of a program in which mentees choose, by key."""
    programs.create(kit, **BY, key="traders", preset=PRESET)
    programs.open_(kit, **BY, program="traders")
    leads = [Lead(key=key, role="mentor", name=key.title()) for key in ("cleo", "dora")]
    leads.append(Lead(key="ana", role="mentee", name="Ana", locale="es"))
    recruit.receive(kit, **BY, program="traders", leads=leads)
    found = {row["key"]: row["id"] for row in screen.review(kit, **BY, program="traders")}
    for verb in (screen.approve, onboard.consent, onboard.complete):
        assert not many(kit, verb, list(found.values()), **BY, noun="participant")["refused"]
    return found


def ana(kit: Kit, ids: dict[str, str]) -> dict[str, Any]:
    with kit.transaction(tenant="acme", write=False) as tx:
        person = tx.participants.get(ids["ana"]).person_id
    actor = Actor(person_id=person)
    return {"tenant": "acme", "actor": actor, "use": "choose", "about": ids["ana"]}


def test_the_migration_makes_what_the_table_declares(
    create_database: Callable[..., Any], database: Any
) -> None:
    engine = create_database(database.kind, made=False).engine
    kit = Kit(sessions=sessionmaker(engine), plugins=("guide",))
    kit.upgrade()
    kit.upgrade()
    assert migrate.check(engine, kit.owners) == []
    assert {"mk_guide__standing", "mk_guide__alembic"} <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_what_is_told_is_kept_beside_what_was_and_is_its_tenants_own(kit: Kit) -> None:
    person = Person(id=kit.ids(), tenant="acme", name="Ana", created_at=kit.clock())
    with kit.transaction(tenant="acme") as tx:
        tx.people.add(person)
    context, other = kit.work_context("acme", None, "guide"), kit.work_context("z", None, "guide")
    key = Key(person=person.id, use="choose", about="p1")
    standing.save(context, key, "doing", {"mentors": ["m1"]})
    standing.save(context, key, "aim", {"doing": "I bake."})
    kept = standing.read(context, key)
    assert kept is not None
    assert (kept.step, kept.values) == ("aim", {"mentors": ["m1"], "doing": "I bake."})
    assert standing.read(other, key) is None
    standing.drop(other, key)
    assert standing.read(context, key) == kept
    with kit.transaction(tenant="acme") as tx:
        (shown,) = export(tx, person.id)["mk_guide__standing"]
        erase(tx, person.id)
    assert dict(shown["values"])["doing"] == "I bake."
    assert standing.read(context, key) is None


def test_it_is_walked_from_python_in_the_readers_language(kit: Kit, ids: dict[str, str]) -> None:
    at = ana(kit, ids)
    assert walk.show(kit, **at)["title"] == "Encontrar mentoría, paso a paso"
    shown = walk.keep(kit, **at, step="begin")
    assert {one["name"] for one in shown["people"]} == {"Cleo", "Dora"}
    walk.keep(kit, **at, step="mentors", answer=[ids["dora"], ids["cleo"]])
    walk.keep(kit, **at, step="doing", answer="Horneo pan.")
    assert walk.status(kit, **at) == {"begun": True, "left": 3}
    with pytest.raises(Invalid) as missing:
        walk.send(kit, **at)
    assert [one.place for one in missing.value.problems] == ["aim"]
    assert walk.show(kit, **at)["step"] == "aim"
    walk.keep(kit, **at, step="aim", answer="Un segundo {horno}.")
    assert walk.keep(kit, **at, step="ask", answer="")["made"] == (
        "Hola, me llamo Ana.\nHorneo pan.\nUn segundo {horno}.\nGracias por leerme."
    )
    assert walk.send(kit, **at) == {"held": False}
    found = choices.show(kit, **BY, participant=ids["ana"])["choices"]
    assert [one["mentor"] for one in found] == ["Dora", "Cleo"]
    assert walk.status(kit, **at)["begun"] is False


def test_what_keeps_a_mentor_from_being_asked_leaves_all_that_was_told(
    kit: Kit, ids: dict[str, str]
) -> None:
    at = ana(kit, ids)
    walk.keep(kit, **at, step="mentors", answer=[ids["dora"]])
    walk.keep(kit, **at, step="doing", answer="Horneo pan.")
    walk.keep(kit, **at, step="aim", answer="Otro horno.")
    onboard.leave(kit, **BY, participant=ids["dora"])
    with pytest.raises(Invalid) as refused:
        walk.send(kit, **at)
    assert refused.value.code == "choices.not_possible"
    assert walk.status(kit, **at)["begun"] is True
    walk.keep(kit, **at, step="mentors", answer=[ids["cleo"]])
    walk.send(kit, **at)
    found = choices.show(kit, **BY, participant=ids["ana"])["choices"]
    assert [one["mentor"] for one in found] == ["Cleo"]


def test_two_devices_that_send_at_once_send_it_once(
    kit: Kit, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch, clock: Any
) -> None:
    at = ana(kit, ids)
    walk.keep(kit, **at, step="mentors", answer=[ids["dora"]])
    walk.keep(kit, **at, step="doing", answer="Horneo pan.")
    walk.keep(kit, **at, step="aim", answer="Otro horno.")
    rank, told = choices.rank, []

    def meanwhile(*given: Any, **named: Any) -> Any:
        with pytest.raises(Conflict) as other:
            walk.send(kit, **at)
        told.append(other.value.code)
        return rank(*given, **named)

    monkeypatch.setattr(choices, "rank", meanwhile)
    walk.send(kit, **at)
    assert told == ["guide.sent"]
    assert walk.status(kit, **at)["begun"] is False


def test_who_is_lost_while_sending_can_send_again_after_a_minute(
    kit: Kit, ids: dict[str, str], clock: Any
) -> None:
    at = ana(kit, ids)
    walk.keep(kit, **at, step="mentors", answer=[ids["dora"]])
    walk.keep(kit, **at, step="doing", answer="Horneo pan.")
    walk.keep(kit, **at, step="aim", answer="Otro horno.")
    one = walk.begin(kit, **at)
    assert standing.hold(one.context, one.key)  # and then nothing more is heard of it
    with pytest.raises(Conflict, match="in a minute"):
        walk.send(kit, **at)
    clock.forward(minutes=1)
    assert walk.send(kit, **at) == {"held": False}


def test_what_was_begun_goes_with_whoever_leaves(kit: Kit, ids: dict[str, str]) -> None:
    at = ana(kit, ids)
    walk.keep(kit, **at, step="begin")
    onboard.leave(kit, **BY, participant=ids["dora"])
    work(kit)
    assert walk.status(kit, **at)["begun"]
    onboard.leave(kit, **BY, participant=ids["ana"])
    work(kit)
    context = kit.work_context("acme", None, "guide")
    key = Key(person=at["actor"].person_id, use="choose", about=ids["ana"])
    assert standing.read(context, key) is None


def test_a_script_of_its_own_is_walked_and_what_it_dropped_meanwhile_is_passed_over(
    kit: Kit, ids: dict[str, str]
) -> None:
    at = ana(kit, ids)
    walk.keep(kit, **at, step="mentors", answer=[ids["dora"]])
    plugins.change(kit, **BY, program="traders", plugin="guide", settings=OWN)
    assert walk.show(kit, **at)["step"] == "who"
    with pytest.raises(Conflict, match="steps have changed"):
        walk.keep(kit, **at, step="doing", answer="x")
    walk.keep(kit, **at, step="who", answer=[ids["cleo"]])
    walk.keep(kit, **at, step="dream", answer="An oven")
    shown = walk.keep(kit, **at, step="way", answer="radio")
    assert shown["made"] == "Hi.\nMy dream: An oven\nI talk by radio.\nBye from Ana."
    with pytest.raises(Invalid, match="choose one of the options"):
        walk.keep(kit, **at, step="way", answer="pigeon")


def test_a_script_that_is_wrong_is_refused_when_it_is_set(kit: Kit, ids: dict[str, str]) -> None:
    wrong = {"texts": [{"step": "doing", "language": "sw", "title": "Unafanya nini?"}]}
    with pytest.raises(Invalid) as refused:
        plugins.change(kit, **BY, program="traders", plugin="guide", settings=wrong)
    assert "in sw too, or leave sw out" in str(refused.value.problems[0])


def test_staff_walk_it_for_nobody(kit: Kit, ids: dict[str, str]) -> None:
    at = ana(kit, ids)
    with pytest.raises(Conflict, match="only the person themselves"):
        walk.show(kit, **{**at, "actor": ADMIN})


# --------------------------------------------------------------------------- commands


def context(kit: Kit) -> Any:
    return SimpleNamespace(kit=kit, tenant="acme", actor=ADMIN)


def test_the_steps_are_listed_with_their_languages_and_what_is_in_the_way(
    kit: Kit, ids: dict[str, str]
) -> None:
    rows = commands.show(context(kit), program="traders")
    assert rows[1]["languages"] == "en, es, fr"
    assert [row["step"] for row in rows if row["use"] == "meet"][-1] == "carry"
    assert "-" not in {row["step"] for row in rows}
    plugins.change(kit, **BY, program="traders", plugin="guide", settings={"field": "dream"})
    told = [row["title"] for row in commands.show(context(kit), program="traders")]
    assert any("no question dream in words" in one for one in told)


def test_the_community_can_use_both_as_it_is_shipped_and_who_is_matched_by_staff_one(
    create_kit: Callable[..., Kit],
) -> None:
    kit = create_kit(plugins=("matching", "screening", "guide"))
    for preset, left in (("community", set()), ("high_touch", {"choose"})):
        programs.create(kit, **BY, key=preset, preset=dump_preset(presets.load(preset)))
        rows = commands.show(context(kit), program=preset)
        assert {row["use"] for row in rows if row["step"] == "-"} == left


def test_the_preview_reads_as_it_will_in_each_language(kit: Kit, ids: dict[str, str]) -> None:
    shown = commands.preview(context(kit), program="traders", language="fr")
    assert shown["1 begin"].startswith("Trouver un mentor, pas à pas")
    assert "Bonjour, je m'appelle [person].\n[doing]\n[aim]" in shown["6 introduction"]
    met = commands.preview(context(kit), program="traders", use="meet", language="es")
    assert "La primera vez me gustaría hablar por teléfono." in met["5 message"]
    with pytest.raises(Invalid) as refused:
        commands.preview(context(kit), program="traders", language="sw")
    assert "en, es, fr" in str(refused.value.problems[0])


def test_loading_the_plugin_loads_no_sqlalchemy() -> None:
    code = (
        "import sys\n"
        "from mentorkit.hooks.registry import Registry\n"
        "Registry.load(('guide',))\n"
        "print([n for n in ('sqlalchemy', 'alembic', 'numpy', 'flask') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
