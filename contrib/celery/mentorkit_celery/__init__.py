"""The plugin `celery`: the host's own Celery app does the work of mentorkit.

The outbox row stays the work. A message is a doorbell: it says which tenant has rows of which
kinds, and may be lost, late or doubled without harm.
"""

from __future__ import annotations

from collections.abc import Iterable

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Check
from mentorkit_celery.runner import Runner, beat_schedule, install

manifest = Manifest(
    title="Celery",
    summary="Work is done, and match runs are shared, by the host's own Celery workers.",
    requires_core=">=0.1,<1",
)


@hookimpl
def mentorkit_checks() -> Iterable[Check]:
    from mentorkit_celery.looking import examine

    yield Check(name="workers", title="Celery and its queues", run=examine)


__all__ = ["Runner", "beat_schedule", "install", "manifest", "mentorkit_checks"]
