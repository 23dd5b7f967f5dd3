"""Compares what people say about themselves by what a language model makes of it."""

import json
import urllib.error
import urllib.request

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Feature, RetryLater

manifest = Manifest(
    title="Embeddings",
    requires_core=">=0.1,<1",
    settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "address": {
                "type": "string",
                "title": "Address",
                "description": "Where texts are sent to, and vectors come from.",
            },
            "model": {
                "type": "string",
                "title": "Model",
                "description": "Another one has everybody's vector computed again.",
                "default": "small-1",
            },
            "length": {
                "type": "integer",
                "title": "Length",
                "description": "How many numbers a vector of the model has.",
                "default": 384,
            },
        },
        "required": ["address"],
    },
)


class Embedding(Feature):
    name = "embedding"
    title = "what you tell about yourselves"
    needs = {"about": str}

    def __init__(self, model, length):
        self.version, self.length = model, length

    def compute(self, ctx, people):
        texts = [person["about"] or "" for person in people]
        body = json.dumps({"model": self.version, "texts": texts}).encode()
        request = urllib.request.Request(ctx.settings["address"], body)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                vectors = json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 429:  # too many requests
                raise RetryLater("busy", seconds=60) from error
            raise
        return [vector if text else None for vector, text in zip(vectors, texts, strict=True)]


@hookimpl
def mentorkit_features(settings):
    yield Embedding(settings["model"], settings["length"])
