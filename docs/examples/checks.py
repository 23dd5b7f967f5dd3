"""Looks whether this machine's clock knows the time zones that participants live in."""

import zoneinfo

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Check, Health

manifest = Manifest(title="Time zones", requires_core=">=0.1,<1")


def zones():
    known = len(zoneinfo.available_timezones())
    return Health(
        ok=known > 100,
        message=f"{known} time zones are known",
        hint="Install the package tzdata.",
    )


@hookimpl
def mentorkit_checks():
    yield Check(name="zones", title="Time zones are known", run=zones)
