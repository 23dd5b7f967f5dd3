"""The host's Celery app in the workers that `engines` begins: ``celery -A`` and this module.

It is installed for what the environment names: a kit whose messages go nowhere, the product of the
tests of runners, or none, where there is only matching to be done.
"""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any

from celery import Celery
from mentorkit_celery import beat_schedule, install

from benchmarks.parts.drains import Null, kit_on
from mentorkit.testing.product import SETTING, Product

NAMED = "MENTORKIT_BENCH_ENGINE"
"""The variable of the environment that says how to install it."""


def app_at(broker: str, prefix: str) -> Celery:
    """Return an app on a Redis, all of whose keys begin with this prefix."""
    made = Celery(prefix, broker=broker, set_as_current=False)
    made.conf.broker_transport_options = {"global_keyprefix": f"{prefix}:"}
    made.conf.worker_hijack_root_logger = False
    return made


def _kit(database: str | None) -> Any:
    if SETTING in os.environ:
        return Product.here().kit
    if database:
        return kit_on(database, Null())
    return SimpleNamespace(bells=[], map_shards=None)


if NAMED in os.environ:
    told = json.loads(os.environ[NAMED])
    app = app_at(told["broker"], told["prefix"])
    install(app, _kit(told["database"]), prefix=told["prefix"], shards=told["broker"])
    app.conf.beat_schedule = beat_schedule(prefix=told["prefix"])
