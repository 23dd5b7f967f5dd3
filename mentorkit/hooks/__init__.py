"""How plugins are found and asked. What a plugin author imports comes from here.

So do the nouns that hooks take and return. `Problem` is what an assigner is asked; what is wrong
with a row is a `mentorkit.errors.Problem`.
"""

from mentorkit.domain.events import Event
from mentorkit.domain.fields import Field
from mentorkit.domain.frozen import Frozen
from mentorkit.domain.messages import Message
from mentorkit.domain.participants import Lead
from mentorkit.domain.people import Actor, Business, Contact, Person
from mentorkit.domain.programs import Program
from mentorkit.domain.strategies import Strategy, Use
from mentorkit.hooks import assignments, forms, providers
from mentorkit.hooks.assignments import *  # noqa: F403
from mentorkit.hooks.forms import *  # noqa: F403
from mentorkit.hooks.manifest import Manifest
from mentorkit.hooks.providers import *  # noqa: F403
from mentorkit.hooks.specs import hookimpl

__all__ = [
    *assignments.__all__,
    *forms.__all__,
    *providers.__all__,
    "Actor",
    "Business",
    "Contact",
    "Event",
    "Field",
    "Frozen",
    "Lead",
    "Manifest",
    "Message",
    "Person",
    "Program",
    "Strategy",
    "Use",
    "hookimpl",
]
