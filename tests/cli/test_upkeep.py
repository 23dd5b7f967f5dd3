"""Looking after database and plugins: `db`, `plugins`, `doctor`, and the commands of plugins."""

from __future__ import annotations

import json
import re
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mentorkit import Manifest, hookimpl
from mentorkit.errors import Conflict
from mentorkit.hooks import Check, Command, Health, Parameter
from mentorkit.hooks import registry as registries
from mentorkit.store import engines

Run = Callable[..., Any]


def test_the_tables_are_made_once_and_then_up_to_date(folder: Path, run: Run) -> None:
    assert "There is no database at mentorkit.db" in run("db", "check", code=3).err
    assert not (folder / "mentorkit.db").exists()
    assert run("db", "upgrade").out.startswith(
        "The database mentorkit.db is up to date (core, plugin inbox, plugin limits, "
        "plugin magiclink, plugin survey, plugin guide, plugin searches).\n"
    )
    assert "was up to date already" in run("db", "upgrade").out
    assert run("db", "check").out == "The database mentorkit.db is up to date.\n"
    assert json.loads(run("db", "check", "--json").out) == {"ok": True, "problems": []}


def test_a_database_that_is_behind_is_named_wherever_it_matters(folder: Path, run: Run) -> None:
    sqlite3.connect(folder / "mentorkit.db").close()
    behind = run("db", "check", code=1).err
    assert "core: is at nothing" in behind
    assert json.loads(run("db", "check", "--json", code=1).out)["ok"] is False
    assert "mentorkit db upgrade" in run("program", "show", code=5).err
    assert "WRONG  tables: core: is at nothing" in run("doctor", code=1).out


def test_the_sql_makes_the_same_tables(folder: Path, run: Run) -> None:
    script = run("db", "sql").out
    assert not (folder / "mentorkit.db").exists()
    with sqlite3.connect(folder / "mentorkit.db") as connection:
        connection.executescript(script)
    connection.close()
    run("db", "check")
    assert "TIMESTAMP WITH TIME ZONE" in run("db", "sql", "--dialect", "postgresql").out


def test_a_file_elsewhere_is_named_with_db(folder: Path, run: Run) -> None:
    run("--db", "other.db", "db", "upgrade")
    assert (folder / "other.db").exists()
    assert "There is no folder" in run("--db", "no/other.db", "db", "upgrade", code=3).err


def test_plugins_are_listed_with_what_they_offer(run: Run) -> None:
    told = run("plugins").out
    does, _, offers_what = told.partition("\n\n")
    assert re.split(r" {2,}", does.splitlines()[0].strip()) == ["PLUGIN", "WHAT IT DOES"]
    assert offers_what.splitlines()[0].split() == ["PLUGIN", "FROM", "OFFERS"]
    assert "Takes people in from CSV and XLSX files" in does
    loaded = json.loads(run("plugins", "--json").out)["loaded"]
    offers = {one["name"]: one["offers"] for one in loaded}
    assert offers["csv"]["recruitment_sources"] == ["csv"]
    assert "optimal" in offers["matching"]["assigners"]


def test_doctor_notes_what_is_as_it_should_be_but_could_be_better(run: Run) -> None:
    run("db", "upgrade")
    told = run("doctor").out
    assert "note   email.server: No mail is sent: no server is set.\n       Give the" in told
    assert "Everything is as it should be." in told


def test_doctor_is_content_with_a_new_database(run: Run) -> None:
    run("db", "upgrade")
    told = run("doctor").out
    assert told.endswith("Everything is as it should be.\n")
    assert "WRONG" not in told
    report = json.loads(run("doctor", "--json").out)
    assert report["ok"] is True
    assert {"plugins", "tables", "engine", "outbox"} <= {one["name"] for one in report["checks"]}


@pytest.fixture
def host(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A host's module with a kit on a plain SQLite engine, which nobody prepared."""
    (folder / "portal.py").write_text(
        """
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker
from mentorkit import Kit

kit = Kit(sessions=sessionmaker(sa.create_engine("sqlite:///portal.db")))

def make():
    return kit

nothing = 7
""",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(folder)
    yield folder
    import sys

    module = sys.modules.pop("portal", None)
    if module is not None:
        module.kit.engine.dispose()


def test_a_hosts_kit_is_used_and_its_plain_engine_noticed(host: Path, run: Run) -> None:
    run("--kit", "portal:kit", "db", "upgrade")
    assert not (host / "mentorkit.db").exists()
    assert "portal.db is up to date" in run("--kit", "portal:kit", "db", "check").out
    told = json.loads(run("--kit", "portal:kit", "db", "upgrade", "--json").out)
    assert Path(told["database"]).name == "portal.db"
    told = run("--kit", "portal:make", "doctor", code=1).out
    for setting in ("journal_mode", "foreign_keys"):
        assert f"WRONG  engine: {setting} is " in told
    assert "mentorkit.store.prepare(engine)" in told


def test_a_plugin_of_a_kit_that_is_not_there_is_wrong_input(host: Path, run: Run) -> None:
    with (host / "portal.py").open("a", encoding="utf-8") as file:
        file.write("def lacking():\n    return Kit.embedded('x.db', plugins=['absent'])\n")
    told = run("--kit", "portal:lacking", "db", "check", code=2).err
    assert "absent: no such plugin is installed" in told


def test_the_kit_of_the_environment_yields_to_a_file_that_is_named(
    host: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENTORKIT_KIT", "portal:kit")
    run("db", "upgrade")
    assert (host / "portal.db").exists()
    run("--db", "own.db", "db", "upgrade")
    assert (host / "own.db").exists()
    assert "not both" in run("--kit", "portal:kit", "--db", "x.db", "db", "check", code=2).err


@pytest.mark.parametrize(
    ("kit", "said"),
    [
        ("portal", "write it as module:attribute"),
        ("nowhere_at_all:kit", "there is no module nowhere_at_all here"),
        ("portal:absent", "portal has no absent"),
        ("portal:nothing", "that is no mentorkit.Kit, but int"),
        ("json:loads", "that wants arguments; name a mentorkit.Kit"),
    ],
)
def test_a_kit_that_cannot_be_is_refused(host: Path, run: Run, kit: str, said: str) -> None:
    assert said in run("--kit", kit, "db", "check", code=2).err


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what makes these plugins the ones that are loaded by default."""
    load = registries.Registry.load.__func__  # type: ignore[attr-defined]

    def use(*plugins: Any) -> None:
        def instead(cls: Any, /, names: Any = plugins, settings: Any = None, **options: Any) -> Any:
            return load(cls, names, settings, **options)

        monkeypatch.setattr(registries.Registry, "load", classmethod(instead))

    return use


def plugin(name: str, **hooks: Callable[..., Any]) -> tuple[str, ModuleType]:
    module = ModuleType(name)
    module.manifest = Manifest(title=name.title())  # type: ignore[attr-defined]
    for hook, function in hooks.items():
        setattr(module, hook, hookimpl(function))
    return name, module


def greet(ctx: Any, *, name: str, loud: bool, times: int) -> list[dict[str, Any]]:
    said = f"{ctx.tenant}: hello {name}"
    return [{"said": said.upper() if loud else said}] * times


def greeting() -> Any:
    yield Command(
        name="greet",
        help="Greet somebody.",
        run=greet,
        parameters=(
            Parameter(name="name", required=True),
            Parameter(name="loud", type=bool),
            Parameter(name="times", type=int, default=1),
        ),
    )


def test_a_plugins_command_gets_its_parameters_and_needs_no_database(
    folder: Path, run: Run, listed: Any
) -> None:
    listed(plugin("hello", mentorkit_commands=greeting))
    told = run("--tenant", "acme", "hello", "greet", "Zoë", "--times", "2", "--loud").out
    assert told.splitlines() == ["SAID", "-" * 15, *["ACME: HELLO ZOË"] * 2]
    assert json.loads(run("hello", "greet", "Zoë", "--json").out) == [
        {"said": "default: hello Zoë"}
    ]
    assert list(folder.iterdir()) == []
    assert "hello greet  Greet somebody." in run("--help").out
    assert "mentorkit hello greet NAME" in run("hello", "greet", "--help").out


def test_a_plugins_command_may_ask_for_the_database(traders: Path, run: Run) -> None:
    run("match")
    run("publish")
    run("work")
    rows = json.loads(run("inbox", "list", "--person", "e1", "--json").out)
    assert [row["template"] for row in rows] == ["proposal_offered"]
    run("--as", "e1", "inbox", "read", rows[0]["id"])
    assert json.loads(run("inbox", "list", "--unread", "--person", "e1", "--json").out) == []


def test_a_tenant_whose_work_breaks_off_is_counted_and_makes_it_fail(
    traders: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mentorkit.journey import meet

    def fail(*_: object, **__: object) -> int:
        raise Conflict("proposal.stale", "Somebody was quicker.")

    monkeypatch.setattr(meet, "turn", fail)
    assert "1 tenant broke off" in run("work", code=1).out


def test_people_read_their_own_messages_line_by_line_and_do_not_work(
    traders: Path, run: Run
) -> None:
    run("match")
    run("publish")
    assert "leave out --as" in run("--as", "e1", "work", code=4).err
    run("work")
    (mine,) = json.loads(run("--as", "e1", "inbox", "list", "--json").out)
    told = run("--as", "e1", "inbox", "read", mine["id"]).out.splitlines()
    assert told[told.index("body:") + 2].startswith("- ")
    assert "There is no message" in run("--as", "e2", "inbox", "read", mine["id"], code=3).err


def test_a_plugin_never_takes_a_name_of_the_cores(run: Run, listed: Any) -> None:
    listed(plugin("match", mentorkit_commands=greeting))
    assert "Pair everyone available" in run("match", "--help").out
    assert "match greet" not in run("--help").out
    assert "the commands of the plugin match cannot be reached" in run("doctor", code=1).out


def test_what_does_not_load_stops_the_start_and_doctor_shows_all_of_it(
    run: Run, listed: Any
) -> None:
    def broken() -> Any:
        yield "no command"

    listed(plugin("one", mentorkit_commands=broken), "absent", "csv")
    stopped = run("plugins", code=6).err
    told = run("doctor", code=1).out
    for name in ("one (given directly)", "absent"):
        assert name in stopped
        assert f"WRONG  plugins: {name}" in told
    assert "ok     csv.xlsx" in told
    assert "see `mentorkit doctor`" in run("--help").out


def test_checks_are_all_run_whatever_one_of_them_does(run: Run, listed: Any) -> None:
    def fails() -> Health:
        raise RuntimeError("secret")

    def checks() -> Any:
        yield Check(name="sad", run=lambda: Health(ok=False, message="No disk.", hint="Buy one."))
        yield Check(name="bad", run=fails, at_start=True)
        yield Check(name="fine", run=lambda: Health(ok=True, message="All well."))

    listed(plugin("look", mentorkit_checks=checks))
    run("db", "upgrade", code=6)
    told = run("doctor", code=1).out
    assert "WRONG  look.sad: No disk.\n       Buy one." in told
    assert "WRONG  look.bad: the check itself failed (RuntimeError)." in told
    assert "ok     look.fine: All well." in told
    assert "secret" not in told


def test_a_strategy_whose_plugin_is_gone_is_told_with_its_program(
    traders: Path, run: Run, listed: Any
) -> None:
    run("staff", "add", "m1")
    assert "ok     strategies: 1 open program can match." in run("doctor").out
    listed("csv", "inbox")
    told = run("doctor", code=1).out
    place = "strategy.criteria[0].criterion: there is no criterion 'equal'"
    assert f"WRONG  strategies: tenant default: program traders: {place}" in told


@pytest.mark.parametrize(
    ("seconds", "told"), [(95.2, "95 seconds ahead of"), (-31, "31 seconds behind")]
)
def test_doctor_tells_when_the_clock_of_this_machine_is_wrong(
    traders: Path, run: Run, monkeypatch: pytest.MonkeyPatch, seconds: float, told: str
) -> None:
    monkeypatch.setattr(engines, "ahead", lambda engine: seconds)
    assert f"WRONG  clock: this machine is {told} the database." in run("doctor", code=1).out


def test_doctor_tells_when_nobody_runs_the_work(traders: Path, run: Run) -> None:
    run("match")
    run("publish")
    assert "jobs waiting, none given up." in run("doctor", code=1).out
    with closing(sqlite3.connect("mentorkit.db")) as database, database:
        database.execute("UPDATE mk__outbox SET not_before = '2020-01-01T00:00:00.000000+00:00'")
    told = run("doctor", code=1).out
    assert "WRONG  outbox: tenant default: 3 of what is promised or due have waited for" in told
    assert "mentorkit work --loop" in told
    run("work")
    assert "waited for" not in run("doctor", code=1).out


def test_doctor_says_whom_what_waits_is_waiting_for_and_what_has_failed(
    traders: Path, run: Run
) -> None:
    run("match")
    run("publish")
    with closing(sqlite3.connect("mentorkit.db")) as database, database:
        for code, number in (("busy: channel sms", 1), ("RuntimeError", 1), ("quiet", 1)):
            database.execute(
                "UPDATE mk__outbox SET error = ? WHERE id IN (SELECT id FROM mk__outbox WHERE"
                " state = 'waiting' AND error IS NULL LIMIT ?)", (code, number),
            )  # fmt: skip
    told = run("doctor", code=1).out
    assert (
        "none given up. 1 failed so far (RuntimeError), and is tried again. 1 waits for channel "
        "sms, which is slow, fails or does not answer.\n"
    ) in told


def test_jobs_that_were_given_up_are_shown_and_started_again(
    traders: Path, run: Run, listed: Any
) -> None:
    run("match")
    run("publish")
    listed("matching", "csv")  # nobody can be reached without the inbox
    assert "3 given up" in run("work").out
    told = run("doctor", code=1).out
    assert "WRONG  outbox: tenant default: 3 messages of core given up (no_channel)." in told
    assert "mentorkit work --revive" in told
    told = run("--db", "mentorkit.db", "doctor", code=1).out
    assert "`mentorkit --db mentorkit.db work --revive`" in told
    listed("matching", "csv", "inbox", "limits", "magiclink", "survey", "guide", "searches")
    done = run("work", "--revive")
    assert done.err == "Started 3 jobs again.\n"
    assert done.out.startswith("Did what was due: 3 pieces of work done.\n")
    run("staff", "add", "m1")
    run("doctor")


def test_jobs_that_were_given_up_are_listed_tried_again_and_dropped(
    traders: Path, run: Run, listed: Any
) -> None:
    assert run("job", "list").out == "Nothing was given up.\n"
    run("match")
    run("publish")
    listed("matching", "csv")  # nobody can be reached without the inbox
    assert "see `mentorkit --db mentorkit.db job list`" in run("--db", "mentorkit.db", "work").err
    rows = json.loads(run("job", "list", "--json").out)
    assert {(row["code"], row["program"]) for row in rows} == {("no_channel", "traders")}
    told = run("job", "list").out
    assert f"{rows[0]['id']}: A message: Your answer is asked (proposal_offered), for" in told
    assert f"(proposal_offered), for {rows[0]['person']}, since" in told
    assert "No channel of the program reaches this person" in told
    assert json.loads(run("job", "drop", rows[0]["id"], "--json").out) == [rows[0]["id"]]
    assert "may be done by now" in run("job", "drop", rows[0]["id"], code=3).err
    assert "Name jobs, or give --all" in run("job", "retry", code=2).err
    assert run("job", "retry", "--all").out == "Tried again by the next `work`: 2 jobs.\n"
    listed("matching", "csv", "inbox", "limits", "magiclink", "survey", "guide", "searches")
    assert "2 pieces of work done" in run("work").out


def test_an_open_program_that_nobody_coordinates_is_told_with_what_to_type(
    traders: Path, run: Run
) -> None:
    run("staff", "add", "m1", "--role", "viewer")
    told = run("doctor", code=1).out
    assert "WRONG  staff: tenant default: program traders is open, and nobody coordinates" in told
    assert "`mentorkit staff add --name NAME --program traders`" in told
    run("staff", "add", "m1")
    assert "ok     staff: 1 open program with a coordinator." in run("doctor").out


@pytest.mark.parametrize("words", [("db", "upgrade"), ("program", "show")])
def test_a_file_that_is_no_database_is_refused_and_stays_as_it_is(
    folder: Path, run: Run, words: tuple[str, ...]
) -> None:
    (folder / "letter.db").write_text("Dear Ana", encoding="utf-8")
    told = run("--db", "letter.db", *words, code=2).err
    assert told == (
        "Error: The file letter.db is no SQLite database; name another file, or one yet to be"
        " made.\n"
    )
    assert (folder / "letter.db").read_text(encoding="utf-8") == "Dear Ana"


@pytest.mark.postgres
def test_a_program_runs_on_postgresql_by_its_url(
    sheets: Path, run: Run, create_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = create_database("postgresql", made=False).url
    plain = url.replace("postgresql+psycopg://", "postgresql://")
    told = run("--db", plain, "db", "upgrade").out
    assert told.startswith("The database postgresql+psycopg://")
    assert "search_path" not in told  # what stands behind the name may hold a password
    monkeypatch.setenv("MENTORKIT_DB", url)
    assert "was up to date already" in run("db", "upgrade").out
    run("program", "create", "--file", "preset.toml", "--key", "traders")
    run("staff", "add", "--name", "Cora")
    run("program", "open")
    run("recruit", "mentors.csv", "--role", "mentor")
    run("recruit", "mentees.csv", "--role", "mentee")
    run("participant", "approve", "--all")
    run("participant", "consent", "--all")
    run("participant", "onboard", "--all")
    assert "Paired 3 of 3 mentees" in run("match").out
    run("publish")
    run("relationship", "accept", "--all")
    run("work")
    assert "3 relationships" in run("relationship", "end", "--all").out
    assert "engine: postgresql" in run("doctor").out
    assert "clock: this machine and the database agree" in run("doctor").out
    assert not (sheets / "mentorkit.db").exists()


@pytest.mark.postgres
def test_a_search_path_without_a_schema_is_refused_in_one_line(
    run: Run, create_database: Any
) -> None:
    url = create_database("postgresql", made=False).url
    nowhere = f"{url.partition('?')[0]}?options=-csearch_path%3Dnowhere"
    told = run("--db", nowhere, "db", "upgrade", code=2).err
    assert "make it with CREATE SCHEMA first" in told
    assert told.count("\n") == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://me:geheim@127.0.0.1:1/db", "Start the server"),
        ("postgresql+psycopg://me@127.0.0.1:1/db?password=geheim", "Start the server"),
        ("postgresql://me:geheim@host:port/db", "this is no URL"),
        ("postgresql://me:@geheim@host/db", "write %40"),
        ("mysql://me:geheim@host/db", "for SQLite write the path of a file"),
        ("sqlite:///own.db?password=geheim", "for SQLite write the path of a file"),
    ],
)
def test_a_url_that_leads_nowhere_is_refused_in_one_line_without_its_password(
    folder: Path, run: Run, url: str, said: str
) -> None:
    done = run("--db", url, "db", "upgrade", code=2)
    assert said in done.err
    assert done.err.count("\n") == 1
    assert "geheim" not in done.err + done.out
    assert list(folder.iterdir()) == []


def test_without_the_driver_the_url_says_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    told = run("--db", "postgresql://me@127.0.0.1:1/db", "db", "upgrade", code=2).err
    assert "pip install 'psycopg[binary]'" in told


def test_what_is_typed_counts_more_than_what_is_set(
    host: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MENTORKIT_DB", "set.db")
    run("db", "upgrade")
    assert (host / "set.db").exists()
    run("--db", "typed.db", "db", "upgrade")
    assert (host / "typed.db").exists()
    run("--kit", "portal:kit", "db", "upgrade")
    assert (host / "portal.db").exists()
    monkeypatch.setenv("MENTORKIT_KIT", "portal:kit")
    assert "MENTORKIT_DB), not both" in run("db", "check", code=2).err


def test_doctor_tells_who_waits_for_a_feature(traders: Path, run: Run) -> None:
    (traders / "words.toml").write_text(
        '[[criteria]]\ncriterion = "cosine"\nfield = "feature:words"\n', encoding="utf-8"
    )
    assert "features: nobody waits for one." in run("doctor", code=None).out
    run("program", "strategy", "set", "words.toml")
    told = run("doctor", code=None).out
    assert "program traders: 6 people waiting for feature:words: run `mentorkit work`." in told
    assert "feature:words: 6 of the people have no value of it yet" in run("match").err
    run("work")
    assert "features: nobody waits for one." in run("doctor", code=None).out
    assert "feature:words" not in run("match").err
