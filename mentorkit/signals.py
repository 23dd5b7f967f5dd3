"""Signals: one per event class, sent to the host right after the real commit, in this process.

They may be lost when the process dies; what must not be lost is a reaction, kept in the outbox.
A receiver gets ``(kit, *, event)``; accept ``**extra`` as well, so that more may come.

    >>> from mentorkit.domain.events import ParticipantApproved
    >>> from mentorkit.signals import signal
    >>> @signal(ParticipantApproved).connect
    ... def congratulate(kit, *, event, **extra):
    ...     print(event.subject_id)
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from blinker import NamedSignal, Namespace

from mentorkit.domain.events import Event

namespace = Namespace()
log = logging.getLogger("mentorkit.signals")


def signal(cls: type[Event]) -> NamedSignal:
    """Return the signal of this event class; its sender is the kit."""
    return namespace.signal(cls.__name__, doc=cls.__doc__)


def heard(kit: Any, classes: Iterable[type[Event]]) -> bool:
    """Return whether anybody listens to any of these from this kit."""
    return any(signal(cls).has_receivers_for(kit) for cls in set(classes))


def send(kit: Any, event: Event) -> None:
    """Tell every receiver; one that fails is logged, and the others are still told."""
    for receiver in list(signal(type(event)).receivers_for(kit)):
        try:
            receiver(kit, event=event)
        except Exception:
            # The commit has happened and stands: nobody may make it look as if it had not.
            log.exception(
                "A receiver of %s failed; event %s of tenant %s stands.",
                type(event).__name__,
                event.sequence,
                event.tenant,
            )
