"""How plugins are found and asked. What a plugin author imports comes from here."""

from mentorkit.hooks import providers
from mentorkit.hooks.manifest import Manifest, PersonalData
from mentorkit.hooks.providers import *  # noqa: F403
from mentorkit.hooks.specs import hookimpl

__all__ = [*providers.__all__, "Manifest", "PersonalData", "hookimpl"]
