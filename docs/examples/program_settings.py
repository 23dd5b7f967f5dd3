"""Shows each program's own house rules; its coordinators write them on the page of plugins."""

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Slot

manifest = Manifest(
    title="House rules",
    summary="Shows the rules of the house to everybody who takes part.",
    requires_core=">=0.1,<1",
    program_settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "rules": {
                "type": "array",
                "items": {"type": "string", "minLength": 1, "maxLength": 200},
                "maxItems": 10,
                "title": "Rules",
                "description": "What is asked of everybody.",
                "default": ["Be on time."],
            },
            "most": {
                "type": "integer",
                "minimum": 1,
                "maximum": 10,
                "title": "How many are shown",
                "description": "The first of them.",
                "default": 3,
            },
        },
    },
)


def rules(visit, relationship):
    settings = visit.settings("program_settings")  # the plugin's name
    return " ".join(settings["rules"][: settings["most"]])


@hookimpl
def mentorkit_web_slots():
    yield Slot(name="relationship", render=rules)
