"""The worker keeps what every runner does, in a thread and in processes, on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.orm import sessionmaker

from mentorkit import Kit
from mentorkit.testing import RunnerContract


class TestTheWorker(RunnerContract):
    """On SQLite."""


@pytest.mark.postgres
class TestTheWorkerOnPostgresql(RunnerContract):
    @pytest.fixture
    def place(self, create_database: Callable[..., Any]) -> Any:
        return create_database("postgresql")

    @pytest.fixture
    def create_kit(self, place: Any, mentorkit_clock: Any) -> Iterator[Callable[..., Kit]]:
        made: list[Kit] = []

        def create(**options: Any) -> Kit:
            options.setdefault("clock", mentorkit_clock)
            made.append(Kit(sessions=sessionmaker(place.engine), **options))
            return made[-1]

        yield create
        for kit in made:
            kit.close()

    @pytest.fixture
    def database(self, place: Any) -> str:
        return str(place.url)
