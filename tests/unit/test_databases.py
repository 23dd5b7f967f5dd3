"""Which of the two kinds of SQLite a test sees."""

from __future__ import annotations

from databases import left_out

THREE = ("sqlite-prepared", "sqlite-plain", "postgresql")


def of(test: str, kinds: tuple[str, ...] = THREE) -> list[str]:
    return [f"{test}[{kind}]" for kind in kinds]


def test_each_test_sees_postgresql_and_one_sqlite() -> None:
    for number in range(50):
        tests = of(f"tests/web/test_views.py::test_{number}")
        assert len(set(tests) - left_out(tests)) == 2
        assert tests[2] not in left_out(tests)


def test_both_get_their_turn_about_as_often() -> None:
    out = left_out(
        one for number in range(200) for one in of(f"tests/cli/test_a.py::test_{number}")
    )
    assert 60 < sum("prepared" in one for one in out) < 140


def test_it_does_not_depend_on_what_else_is_run() -> None:
    tests = of("tests/cli/test_a.py::test_b")
    assert left_out(tests) == left_out(tests + of("tests/cli/test_a.py::test_c")) & set(tests)


def test_the_stores_own_tests_see_all() -> None:
    assert left_out(of("tests/store/test_kit.py::test_x")) == set()
    assert left_out(of("tests/journey/test_meanwhile.py::test_x")) == set()


def test_who_asks_for_one_kind_alone_gets_it() -> None:
    for kind in THREE:
        assert left_out(of("tests/web/test_idor.py::test_x", (kind,))) == set()
