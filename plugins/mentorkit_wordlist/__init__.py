"""The plugin `wordlist`: what participants write waits for the staff if it holds certain words.

A program lists words and phrases, for every language or for one (``es: dinero``). Phone numbers,
and addresses of pages and of e-mail, are looked for from the start in questions, replies and the
answers that are shown: two who have not said yes to each other do not exchange them. No word is
listed to begin with.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Content, ContentCheck, Context, Verdict
from mentorkit_wordlist.looking import KINDS, found

KINDS_IN = ("question", "reply", "answer")
"""In which texts numbers and addresses are looked for, unless a program says so."""
SOUGHT = {"phone": "phone numbers", "link": "addresses of pages", "email": "e-mail addresses"}
WHERE = {
    "question": "questions before both have said yes",
    "reply": "replies before both have said yes",
    "answer": "answers in the profile that are shown before that",
    "word": "messages that are carried between those who are connected",
}
"""What each option is called on the page."""

manifest = Manifest(
    title="List of words",
    summary="Holds texts with certain words, phone numbers or links until staff have looked.",
    program_settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "words": {
                "type": "array",
                "items": {"type": "string", "minLength": 2, "maxLength": 100},
                "maxItems": 2000,
                "title": "Words and phrases",
                "description": "A text with one of these waits for staff, whatever its capitals "
                "and accents. For one language alone write that in front: es: dinero.",
                "default": [],
            },
            "kinds": {
                "type": "array",
                "items": {
                    "type": "string",
                    "enum": list(KINDS),
                    "enumNames": [SOUGHT[one] for one in KINDS],
                },
                "title": "Also look for",
                "description": "Phone numbers, addresses of pages, and of e-mail.",
                "default": list(KINDS),
            },
            "kinds_in": {
                "type": "array",
                "items": {"type": "string", "enum": list(WHERE), "enumNames": list(WHERE.values())},
                "title": "Look for those in",
                "description": "In a question or a reply before both have said yes, in an answer "
                "that is shown before that, or in a text to each other once they are connected.",
                "default": list(KINDS_IN),
            },
        },
    },
)


class Words(ContentCheck):
    """Allows a text unless it holds something of the program's list."""

    name = "wordlist"
    title = "List of words"

    def review(self, ctx: Context, contents: Sequence[Content]) -> Sequence[Verdict]:
        """Return a verdict on each; the code says what was found, never which word."""
        words, kinds = ctx.settings.get("words", ()), ctx.settings.get("kinds", KINDS)
        within = ctx.settings.get("kinds_in", KINDS_IN)
        codes = [
            found(one.text, one.locale, words, kinds if one.shown and one.kind in within else ())
            for one in contents
        ]
        return [
            Verdict(content_id=one.id, allowed=not code, code=code)
            for one, code in zip(contents, codes, strict=True)
        ]


@hookimpl
def mentorkit_content_checks() -> Iterable[ContentCheck]:
    yield Words()
