"""Keeps a list of relationships that began, for the accountant; twice told is once written."""

from pathlib import Path

from mentorkit import Manifest, hookimpl
from mentorkit.domain.events import RelationshipStarted
from mentorkit.hooks import Reaction

manifest = Manifest(
    title="List of beginnings",
    requires_core=">=0.1,<1",
    settings={
        "type": "object",
        "additionalProperties": False,
        "required": ["file"],
        "properties": {
            "file": {"type": "string", "title": "File", "description": "The list to write."}
        },
    },
)


@hookimpl
def mentorkit_reactions(settings):
    file = Path(settings["file"])

    def note(ctx, event):
        line = f"{event.sequence},{event.subject_id}"
        written = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        if line not in written:
            file.write_text("\n".join([*written, line]) + "\n", encoding="utf-8")

    yield Reaction(name="note", on=(RelationshipStarted,), handle=note)
