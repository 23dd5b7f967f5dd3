"""Asks by a form that stands elsewhere; its answers are read from a file that it writes."""

import json
from pathlib import Path

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Answer, FeedbackVendor, Frozen

manifest = Manifest(
    title="Forms elsewhere",
    requires_core=">=0.1,<1",
    settings={
        "type": "object",
        "additionalProperties": False,
        "required": ["form", "file"],
        "properties": {
            "form": {"type": "string", "title": "Form", "description": "Address of the form."},
            "file": {"type": "string", "title": "File", "description": "Where answers are put."},
        },
    },
)


class Elsewhere(FeedbackVendor):
    name = "elsewhere"

    def __init__(self, form, file):
        self.form, self.file = form, Path(file)

    def invite(self, ctx, request):
        return f"{self.form}?survey={request.key}&language={request.locale}"

    def collect(self, ctx, requests):
        asked = {request.key for request in requests}
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        replies = [json.loads(line) for line in lines]
        return [
            Answer(key=one["survey"], values=Frozen(one["answers"]))
            for one in replies
            if one["survey"] in asked
        ]


@hookimpl
def mentorkit_feedback_vendors(settings):
    yield Elsewhere(settings["form"], settings["file"])
