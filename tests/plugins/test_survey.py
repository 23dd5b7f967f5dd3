"""The plugin `survey`: drafts, which are kept until they are sent, and go with whose they are."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from mentorkit.domain.people import Person
from mentorkit.kit import Kit
from mentorkit.store import erase, export, migrate
from mentorkit_survey import drafts


@pytest.fixture
def kit(create_kit: Callable[..., Kit]) -> Kit:
    return create_kit(plugins=("survey",))


def test_the_migration_makes_what_the_table_declares(
    create_database: Callable[..., Any], database: Any
) -> None:
    engine = create_database(database.kind, made=False).engine
    kit = Kit(sessions=sessionmaker(engine), plugins=("survey",))
    kit.upgrade()
    kit.upgrade()
    assert migrate.check(engine, kit.owners) == []
    assert {"mk_survey__draft", "mk_survey__alembic"} <= set(sa.inspect(engine).get_table_names())
    engine.dispose()


def test_a_draft_is_kept_replaced_and_dropped_and_is_its_tenants_own(kit: Kit) -> None:
    person = Person(id=kit.ids(), tenant="acme", name="Ana", created_at=kit.clock())
    with kit.transaction(tenant="acme") as tx:
        tx.people.add(person)
    context, other = kit.work_context("acme", None, "survey"), kit.work_context("z", None, "survey")
    drafts.save(context, "s1", person.id, {"going": "well"})
    drafts.save(context, "s1", person.id, {"going": "badly", "issues": ["a"]})
    assert drafts.read(context, "s1") == {"going": "badly", "issues": ("a",)}
    assert drafts.read(other, "s1") == {}
    drafts.drop(other, "s1")
    assert drafts.read(context, "s1") != {}
    drafts.drop(context, "s1")
    assert drafts.read(context, "s1") == {}


def test_a_draft_is_given_out_and_erased_with_its_person(kit: Kit) -> None:
    person = Person(id=kit.ids(), tenant="acme", name="Ana", created_at=kit.clock())
    with kit.transaction(tenant="acme") as tx:
        tx.people.add(person)
    context = kit.work_context("acme", None, "survey")
    drafts.save(context, "s1", person.id, {"words": "mine"})
    with kit.transaction(tenant="acme") as tx:
        (shown,) = export(tx, person.id)["mk_survey__draft"]
        erase(tx, person.id)
    assert dict(shown["values"]) == {"words": "mine"}
    assert drafts.read(context, "s1") == {}


def test_loading_the_plugin_loads_no_sqlalchemy() -> None:
    code = (
        "import sys\n"
        "from mentorkit.hooks.registry import Registry\n"
        "Registry.load(('survey', 'outcomes'))\n"
        "print([n for n in ('sqlalchemy', 'alembic', 'numpy', 'flask') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
