"""The product's own Celery app, for the processes that tests begin: ``celery -A product_app``."""

from __future__ import annotations

import json
import os

import asked
from celery import Celery
from mentorkit_celery import install

from mentorkit.testing.product import kit

asked.register()
told = json.loads(os.environ["MENTORKIT_TEST_APP"])
app = Celery("product", broker=told["broker"])
app.conf.broker_transport_options = told["options"]
install(app, kit, prefix=told["prefix"], shards=told.get("shards"))
