"""Puts each message as a file into a folder, where another program picks it up."""

from pathlib import Path

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Channel, Receipt, RetryLater

manifest = Manifest(
    title="A folder",
    requires_core=">=0.1,<1",
    settings={
        "type": "object",
        "additionalProperties": False,
        "required": ["folder"],
        "properties": {
            "folder": {
                "type": "string",
                "title": "Folder",
                "description": "Where messages are put.",
            }
        },
    },
)


class Folder(Channel):
    name = "folder"

    def __init__(self, folder):
        self.folder = Path(folder)

    def can_reach(self, ctx, person, contacts):
        return any(contact.kind == "email" for contact in contacts)

    def deliver(self, ctx, message, person, contacts):
        if not self.folder.is_dir():
            raise RetryLater("the folder is not there", seconds=60)
        name = f"{message.key}.txt".replace("/", "_").replace(":", "_")
        # The key names the file, so a second try writes the same file again, not another one.
        (self.folder / name).write_text(f"{message.subject}\n\n{message.body}", encoding="utf-8")
        return Receipt(channel=self.name, reference=name)


@hookimpl
def mentorkit_notification_channels(settings):
    yield Folder(settings["folder"])
