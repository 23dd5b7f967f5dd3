"""How plugins are found, asked and refused."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any

import pytest

import mentorkit.hooks.loading
from mentorkit import Manifest, __version__, hookimpl
from mentorkit.domain.strategies import Strategy, Use
from mentorkit.errors import PluginError, SettingsError
from mentorkit.hooks import Criterion, Feature
from mentorkit.hooks.registry import Registry

TOKEN = {
    "type": "object",
    "additionalProperties": False,
    "required": ["token"],
    "properties": {
        "token": {
            "type": "string",
            "title": "Token",
            "description": "From the vendor.",
            "writeOnly": True,
        },
        "channel": {
            "type": "string",
            "title": "Channel",
            "description": "Where to post.",
            "default": "#mentoring",
        },
    },
}


def failures(*plugins: Any, settings: Any = None) -> list[str]:
    """Return what a strict load says, which must be what a lenient one keeps."""
    with pytest.raises(PluginError) as caught:
        Registry.load(list(plugins), settings)
    lenient = Registry.load(list(plugins), settings, lenient=True)
    assert lenient.failures == caught.value.problems
    told = [str(problem) for problem in caught.value.problems]
    assert all(f"  - {line}" in str(caught.value) for line in told)
    return told


# ------------------------------------------------------------------ finding


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Return a function that installs a distribution with one module and one entry point."""

    def install(
        distribution: str, name: str, value: str, source: str, version: str = "1.2"
    ) -> None:
        folder = tmp_path / distribution
        info = folder / f"{distribution.replace('-', '_')}-1.2.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n"
        )
        (info / "entry_points.txt").write_text(f"[mentorkit]\n{name} = {value}\n")
        module = value.partition(":")[0]
        (folder / f"{module}.py").write_text(source)
        monkeypatch.delitem(sys.modules, module, raising=False)
        monkeypatch.syspath_prepend(str(folder))

    return install


def test_an_installed_plugin_is_found_by_its_entry_point(installed: Callable[..., None]) -> None:
    installed(
        "mentorkit-lake",
        "lake",
        "mentorkit_lake",
        "from mentorkit import Manifest\nmanifest = Manifest(title='Lake')\n",
    )
    plugin = Registry.load(["lake"]).plugins["lake"]
    assert plugin.label == "lake (mentorkit-lake 1.2)"
    assert (plugin.distribution, plugin.version) == ("mentorkit-lake", "1.2")
    assert plugin.log.name == "mentorkit.plugin.lake"


def test_only_what_is_listed_is_imported(installed: Callable[..., None]) -> None:
    installed("mentorkit-loud", "loud", "mentorkit_loud", "raise SystemExit('never imported')\n")
    assert "loud" not in Registry.load(["csv"]).plugins
    assert failures("loud") == [
        (
            "loud (mentorkit-loud 1.2), import: SystemExit: never imported "
            "(mentorkit-loud/mentorkit_loud.py, line 1)"
        )
    ]


def test_a_missing_plugin_says_what_is_installed() -> None:
    (told,) = failures("cvs")
    assert told.startswith("cvs: no such plugin is installed; did you mean csv? installed are: ")
    names = {point.name for point in metadata.entry_points(group="mentorkit")}
    assert all(name in told for name in names)
    assert told.endswith(". A file of yours is named with its .py")


def test_one_name_in_two_distributions_is_refused(installed: Callable[..., None]) -> None:
    installed("mentorkit-lake", "lake", "mentorkit_lake", "")
    installed("other-lake", "lake", "other_lake", "")
    assert failures("lake") == [
        (
            "lake: more than one distribution brings this plugin: mentorkit-lake (mentorkit_lake) "
            "and other-lake (other_lake); remove one"
        )
    ]


def test_an_entry_point_of_a_class_is_refused_with_what_to_do(
    installed: Callable[..., None],
) -> None:
    installed("mentorkit-lake", "lake", "mentorkit_lake:Lake", "class Lake:\n    pass\n")
    assert failures("lake") == [
        "lake (mentorkit-lake 1.2): is the class Lake; give a module or an instance"
    ]


def test_an_instance_is_a_plugin_too() -> None:
    class Lake:
        manifest = Manifest(title="Lake")

        @hookimpl
        def mentorkit_criteria(self, settings: Any) -> Iterator[Criterion]:
            yield _criterion("lake")

    assert list(Registry.load([("lake", Lake())]).criteria) == ["lake"]


def _criterion(name: str) -> Criterion:
    class One(Criterion):
        def score(self, mentee: Any, mentor: Any) -> float | None:
            return 1.0

    one = One()
    one.name = name
    return one


def test_a_module_is_named_after_itself(create_plugin: Any) -> None:
    _, module = create_plugin("lake")
    assert list(Registry.load([module]).plugins) == ["lake"]


@pytest.mark.parametrize("name", ["Lake", "l", "lake-2", "2lake", "x" * 25, "läke", ""])
def test_a_bad_name_is_refused(create_plugin: Any, name: str) -> None:
    (told,) = failures((name, create_plugin()[1]))
    assert "rename it" in told


def test_a_name_is_listed_once(create_plugin: Any) -> None:
    (told,) = failures(create_plugin("lake"), create_plugin("lake"))
    assert told == "lake (given directly): the name is listed already: lake (given directly)"


@pytest.mark.parametrize("listed", [None, 3, ("lake",), (1, 2)])
def test_what_cannot_be_listed_is_refused(listed: Any) -> None:
    (told,) = failures(listed)
    assert "list a name, or a path" in told


# ------------------------------------------------------------------ files


def test_a_file_is_a_plugin_and_needs_no_manifest(write_plugin: Any) -> None:
    file = write_plugin(
        "my_criterion",
        """
        from __future__ import annotations
        from dataclasses import dataclass
        from mentorkit.hooks import Criterion, hookimpl

        @dataclass
        class Near(Criterion):
            name: str = "near"
            def score(self, mentee, mentor):
                return None

        @hookimpl
        def mentorkit_criteria():
            return [Near()]
        """,
    )
    registry = Registry.load([file])
    assert registry.owner("criteria", "near").label == "my_criterion (file my_criterion.py)"
    assert registry.plugins["my_criterion"].manifest.title == "my_criterion"
    assert list(Registry.load([str(file)]).plugins) == ["my_criterion"]


def test_a_package_folder_is_a_plugin_with_modules_of_its_own(tmp_path: Path) -> None:
    package = tmp_path / "mentorkit_shore"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from mentorkit import Manifest\nfrom .title import TITLE\n"
        "manifest = Manifest(title=TITLE)\n"
        "from mentorkit.hooks import Check, Health, hookimpl\n"
        "@hookimpl\ndef mentorkit_checks():\n"
        "    yield Check(name='dry', run=lambda: Health(ok=True, message='dry'))\n"
    )
    (package / "title.py").write_text("TITLE = 'The shore'\n")
    for path in (package, package / "__init__.py"):
        assert Registry.load([path]).plugins["shore"].manifest.title == "The shore"


def test_a_file_that_offers_nothing_is_told_what_to_add(write_plugin: Any) -> None:
    file = write_plugin(
        "my_criterion",
        """
        from mentorkit.hooks import Criterion
        class Near(Criterion):
            name = "near"
        """,
    )
    (told,) = failures(file)
    assert told == (
        "my_criterion (file my_criterion.py): it offers nothing; add at its end: "
        "@hookimpl / def mentorkit_criteria(): yield Near()"
    )


def test_a_file_that_is_not_there_or_no_python_is_refused(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    told = failures(tmp_path / "gone.py", notes)
    assert all("give the path of a .py file" in one for one in told)
    assert len(told) == 2


def test_a_file_with_a_syntax_error_leaves_nothing_imported(write_plugin: Any) -> None:
    (told,) = failures(write_plugin("unfinished", "def broken(:\n"))
    assert told.startswith("unfinished (file unfinished.py), import: SyntaxError")
    assert "mentorkit_file_unfinished" not in sys.modules


# ------------------------------------------------------------------ manifests


@pytest.mark.parametrize(
    ("manifest", "place", "told"),
    [
        (Manifest(title=" "), "title", "write what the plugin is called"),
        (Manifest(title="x", requires_core=">=9"), "requires_core", "this is " + __version__),
        (Manifest(title="x", requires_core="nine"), "requires_core", "no version specifier"),
        (Manifest(title="x", requires_plugins=("gone",)), "requires_plugins", "needs the plugin"),
        (Manifest(title="x", requires_plugins="csv"), "requires_plugins", "a tuple of names"),  # type: ignore[arg-type]
        (Manifest(title="x", tables=3, migrations="a:b"), "tables", "plugin_tables"),
        (Manifest(title="x", tables="a.b", migrations="a:b"), "tables", "package.module:attribute"),
        (Manifest(title="x", tables="a.b:c"), "migrations", "name the folder"),
        (Manifest(title="x", migrations="folder"), "migrations", '"package:folder"'),
        (Manifest(title="x", settings={"type": "array"}), "settings.type", 'write "object"'),
    ],
)
def test_a_manifest_is_checked(
    create_plugin: Any, manifest: Manifest, place: str, told: str
) -> None:
    lines = failures(create_plugin(manifest=manifest))
    assert any(
        line.startswith(f"sample (given directly), manifest.{place}: ") and told in line
        for line in lines
    )


@pytest.mark.parametrize(("manifest", "told"), [(None, "has no"), ({"title": "x"}, "is no")])
def test_a_plugin_without_a_manifest_is_refused(manifest: Any, told: str) -> None:
    module = ModuleType("bare")
    if manifest is not None:
        module.manifest = manifest  # type: ignore[attr-defined]
    (line,) = failures(("bare", module))
    assert told in line
    assert 'write `manifest = Manifest(title="...")`' in line


def test_a_needed_plugin_is_listed_earlier(create_plugin: Any) -> None:
    needs = Manifest(title="x", requires_plugins=("shore",))
    shore, lake = create_plugin("shore"), create_plugin("lake", manifest=needs)
    assert list(Registry.load([shore, lake]).plugins) == ["shore", "lake"]
    assert failures(lake, shore) == [
        (
            "lake (given directly), manifest.requires_plugins: it needs the plugin shore; "
            "list it before this one"
        )
    ]


def test_what_needs_a_failed_plugin_fails_with_it(create_plugin: Any) -> None:
    needs = Manifest(title="x", requires_plugins=("shore",))
    shore = create_plugin("shore", mentorkit_criteria=lambda: 1 / 0)
    lake = create_plugin("lake", manifest=needs, mentorkit_criteria=[_criterion("lake")])
    first, second = failures(shore, lake)
    assert first.startswith("shore (given directly), mentorkit_criteria: ZeroDivisionError")
    assert second.endswith("it needs the plugin shore; which failed to load")
    assert not Registry.load([shore, lake], lenient=True).criteria


# ------------------------------------------------------------------ hooks


def test_hooks_are_asked_in_the_listed_order(create_plugin: Any, criteria: Any) -> None:
    one = create_plugin("one", mentorkit_criteria=criteria("b", "a"))
    two = create_plugin("two", mentorkit_criteria=criteria("d", "c"))
    assert list(Registry.load([one, two]).criteria) == ["b", "a", "d", "c"]
    registry = Registry.load([two, one])
    assert list(registry.criteria) == ["d", "c", "b", "a"]
    assert registry.owner("criteria", "a").name == "one"


def test_a_hook_is_asked_once_with_its_own_settings(create_plugin: Any) -> None:
    asked: list[Any] = []

    def implementation(settings: Any) -> list[Criterion]:
        asked.append(dict(settings))
        return []

    manifest = Manifest(title="x", settings=TOKEN)
    plugin = create_plugin(manifest=manifest, mentorkit_criteria=implementation)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAMPLE_TOKEN", "s3cret")
        Registry.load([plugin], {"sample": {"token": {"$env": "SAMPLE_TOKEN"}}})
    assert asked == [{"channel": "#mentoring", "token": "s3cret"}]


def test_a_misspelt_hook_is_refused_with_the_right_name(create_plugin: Any) -> None:
    (told,) = [
        line
        for line in failures(create_plugin(mentorkit_criterias=[]))
        if "there is no such hook" in line
    ]
    assert told.endswith(
        "mentorkit_criterias: there is no such hook; did you mean mentorkit_criteria?"
    )


def test_an_argument_that_the_hook_does_not_have_is_refused(create_plugin: Any) -> None:
    (told,) = failures(create_plugin(mentorkit_criteria=lambda kit: []))
    assert told.startswith("sample (given directly), hooks: PluginValidationError")
    assert "kit" in told


def test_a_forgotten_marker_is_noticed(create_plugin: Any) -> None:
    name, module = create_plugin()
    module.mentorkit_criteria = list
    (told,) = failures((name, module))
    assert told.endswith("mentorkit_criteria: write @hookimpl above it; it is never asked without")


@pytest.mark.parametrize("options", [{"wrapper": True}, {"hookwrapper": True}])
def test_wrappers_are_refused(create_plugin: Any, options: Any) -> None:
    name, module = create_plugin()

    def around() -> Iterator[None]:
        yield

    module.mentorkit_criteria = hookimpl(**options)(around)
    (told,) = failures((name, module))
    assert "a wrapper is refused" in told


@pytest.mark.parametrize("options", [{"tryfirst": True}, {"trylast": True}])
def test_order_has_one_source(create_plugin: Any, options: Any) -> None:
    name, module = create_plugin()
    module.mentorkit_criteria = hookimpl(**options)(lambda: iter(()))
    (told,) = failures((name, module))
    assert "the listed order is the order" in told


def test_two_plugins_with_one_name_name_both_distributions(
    create_plugin: Any, criteria: Any
) -> None:
    one = create_plugin("one", mentorkit_criteria=criteria("near"))
    two = create_plugin("two", mentorkit_criteria=criteria("near"))
    assert failures(one, two) == [
        (
            "two (given directly), mentorkit_criteria, near: the plugin one (given directly) "
            "offers this name already; rename one, or list one of the two"
        )
    ]
    assert Registry.load([one, two], lenient=True).owner("criteria", "near").name == "one"


def test_every_failure_of_every_plugin_is_in_one_message(
    create_plugin: Any, criteria: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def dies() -> Iterator[Criterion]:
        yield _criterion("first")
        raise SystemExit(3)

    told = failures(
        create_plugin("one", mentorkit_criteria=dies, mentorkit_rules=[object()]),
        "gone_plugin",
        create_plugin("two", manifest=Manifest(title="", requires_core=">=9", settings=TOKEN)),
        create_plugin("three", manifest=Manifest(title="x", settings=TOKEN)),
        create_plugin("four", mentorkit_criteria=criteria("Bad Name")),
        settings={"thre": {}},
    )
    heads = [line.partition(":")[0] for line in told]
    assert heads == [
        "gone_plugin",
        "settings.thre",
        "one (given directly), mentorkit_criteria",
        "one (given directly), mentorkit_rules",
        "two (given directly), manifest.title",
        "two (given directly), manifest.requires_core",
        "settings.three.token (given directly)",
        "four (given directly), mentorkit_criteria, Bad Name.name",
    ]


def test_all_that_is_wrong_with_a_feature_is_told_at_once(create_plugin: Any) -> None:
    class Wrong(Feature):
        name = "wrong"
        needs: Any = MappingProxyType({"about": "str"})
        version: Any = 2
        length = -1

    told = failures(create_plugin(mentorkit_features=[Wrong()]))
    assert [line.partition("wrong.")[2].partition(":")[0] for line in told] == [
        "compute", "needs", "version", "length",
    ]  # fmt: skip

    class Unread(Wrong):
        needs: Any = MappingProxyType({})
        version = "2"
        length = 2

        def compute(self, ctx: Any, people: Any) -> Any:
            return ()

    (told_too,) = failures(create_plugin(mentorkit_features=[Unread()]))
    assert told_too.endswith("wrong.needs: name at least one profile field, or write `reads`")


def test_a_strategy_names_what_is_loaded(create_plugin: Any, criteria: Any) -> None:
    strategy = Strategy(
        name="ours", criteria=(Use(name="near"), Use(name="far")), assigner="optimal"
    )
    plugin = create_plugin(
        mentorkit_matching_strategies=[strategy], mentorkit_criteria=criteria("near")
    )
    told = failures(plugin)
    assert [line.partition("ours: ")[2].partition(",")[0] for line in told] == [
        "names far",
        "names optimal",
    ]
    assert not Registry.load([plugin], lenient=True).strategies


def test_a_secret_is_never_quoted(
    create_plugin: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SAMPLE_TOKEN", "s3cret-canary")

    def tells(settings: Any) -> list[Any]:
        raise ValueError(f"cannot log in with {settings['token']}")

    plugin = create_plugin(
        manifest=Manifest(title="x", settings=TOKEN), mentorkit_checks=tells, mentorkit_rules=[1]
    )
    given = {"sample": {"token": {"$env": "SAMPLE_TOKEN"}, "channel": 7}}
    (told,) = failures(plugin, settings=given)
    assert told == "settings.sample.channel (given directly): write text (Channel)"
    given["sample"].pop("channel")
    first = failures(plugin, settings=given)[1]
    assert "cannot log in with ***" in first
    loaded = Registry.load([create_plugin(manifest=Manifest(title="x", settings=TOKEN))], given)
    assert loaded.plugins["sample"].settings["token"] == "s3cret-canary"
    assert "canary" not in repr(loaded) + caplog.text


def test_wrong_settings_alone_are_the_operators_error(create_plugin: Any) -> None:
    plugin = create_plugin(manifest=Manifest(title="x", settings=TOKEN))
    with pytest.raises(SettingsError) as caught:
        Registry.load([plugin], {"sample": {"token": "written out", "chanel": "#a"}})
    assert caught.value.code == "settings.invalid"
    assert [str(problem) for problem in caught.value.problems] == [
        (
            'settings.sample.token (given directly): is a secret; give it as {"$env": "NAME"} or '
            '{"$file": "path"}'
        ),
        "settings.sample.chanel (given directly): is unknown; what can be set: channel, token",
    ]
    assert "written out" not in str(caught.value)


def test_settings_cannot_be_changed_by_a_plugin(create_plugin: Any) -> None:
    def changes(settings: Any) -> list[Any]:
        settings["channel"] = "#other"
        return []

    plugin = create_plugin(manifest=Manifest(title="x", settings=TOKEN), mentorkit_rules=changes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAMPLE_TOKEN", "x")
        (told,) = failures(plugin, settings={"sample": {"token": {"$env": "SAMPLE_TOKEN"}}})
    assert told.startswith("sample (given directly), mentorkit_rules: TypeError")


def test_nothing_that_is_offered_can_be_taken_out(create_plugin: Any, criteria: Any) -> None:
    registry = Registry.load([create_plugin(mentorkit_criteria=criteria("near"))])
    with pytest.raises(TypeError):
        registry.criteria["far"] = _criterion("far")  # type: ignore[index]


def test_a_slow_plugin_is_named_in_the_log(
    create_plugin: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import time

    monkeypatch.setattr(mentorkit.hooks.loading, "SLOW_SECONDS", 0.01)

    def slow() -> list[Any]:
        end = time.monotonic() + 5
        while not caplog.records and time.monotonic() < end:
            time.sleep(0.01)
        return []

    with caplog.at_level(logging.WARNING, "mentorkit.hooks"):
        Registry.load([create_plugin("slow", mentorkit_rules=slow)])
    assert caplog.messages == ["plugin slow (given directly) is still loading"]


def test_close_reaches_every_provider(create_plugin: Any, caplog: Any) -> None:
    closed = []

    def closing(name: str, *, error: type[BaseException] | None = None) -> Criterion:
        one = _criterion(name)

        def close() -> None:
            closed.append(name)
            if error:
                raise error

        one.close = close  # type: ignore[attr-defined]
        return one

    offers = [closing("one", error=OSError), closing("two", error=SystemExit), closing("three")]
    Registry.load([create_plugin(mentorkit_criteria=offers)]).close()
    assert closed == ["one", "two", "three"]
    assert [record.name for record in caplog.records] == ["mentorkit.plugin.sample"] * 2


def test_importing_the_hooks_loads_nothing_heavy() -> None:
    heavy = ("flask", "numpy", "sqlalchemy", "jsonschema", "alembic", "click", "blinker")
    for module in ("mentorkit", "mentorkit.hooks", "mentorkit.hooks.registry", "mentorkit.domain"):
        code = f"import sys, {module}; print([m for m in {heavy} if m in sys.modules])"
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip() == "[]", module


def test_a_plugin_without_settings_needs_no_jsonschema(write_plugin: Any) -> None:
    file = write_plugin(
        "plain",
        """
        from mentorkit.hooks import Check, Health, hookimpl
        @hookimpl
        def mentorkit_checks():
            yield Check(name="dry", run=lambda: Health(ok=True, message="dry"))
        """,
    )
    code = (
        "import sys, pathlib; from mentorkit.hooks.registry import Registry; "
        f"Registry.load([pathlib.Path({str(file)!r})]); print('jsonschema' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
