"""Holds a text in which the same sign stands many times in a row, as people shout with."""

import re

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import ContentCheck, Verdict

manifest = Manifest(title="No shouting", requires_core=">=0.1,<1")
SHOUTS = re.compile(r"(\S)\1{4,}")


class NoShouting(ContentCheck):
    name = "no_shouting"
    title = "No shouting"

    def review(self, ctx, contents):
        shouting = {one.id for one in contents if SHOUTS.search(one.text) or one.text.isupper()}
        return [
            Verdict(content_id=one.id, allowed=one.id not in shouting, code="shouting")
            for one in contents
        ]


@hookimpl
def mentorkit_content_checks():
    yield NoShouting()
