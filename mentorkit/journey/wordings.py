"""Wordings: in plain words, when each message is sent, and what each placeholder stands for.

The pages say them in the reader's language, as all their words (gettext).
"""

from __future__ import annotations

from collections.abc import Mapping

ABOUT: Mapping[str, tuple[str, str]] = {
    "application_approved": ("joining", "Somebody may join"),
    "application_waiting": ("joining", "Somebody is put onto the waiting list"),
    "application_declined": ("joining", "Somebody cannot join"),
    "signed_up_again": ("joining", "Somebody who is known already has filled in the form again"),
    "proposal_offered": ("matching", "Somebody is asked for their yes to a match"),
    "second_offered": ("matching", "A mentor is asked to lead a circle together with another"),
    "question_asked": ("matching", "Somebody is asked something before they are connected"),
    "question_answered": ("matching", "What they have asked is replied to"),
    "proposal_declined": ("matching", "A match has come to nothing"),
    "relationship_started": ("mentoring", "People are connected now"),
    "relayed": ("mentoring", "Somebody writes to the other"),
    "relationship_paused": ("mentoring", "A mentoring takes a break"),
    "relationship_resumed": ("mentoring", "A mentoring goes on after its break"),
    "circle_left": ("mentoring", "Somebody has left a circle: to them"),
    "member_left": ("mentoring", "Somebody has left a circle: to the others"),
    "relationship_ended": ("mentoring", "A mentoring has come to its end"),
    "relationship_parted": ("mentoring", "A mentoring has ended before its time"),
    "content_refused": ("mentoring", "What somebody wrote is not passed on"),
    "survey_asked": ("mentoring", "Somebody is asked to answer a survey"),
    "prompts_together": ("mentoring", "Somebody is prompted to several things in one message"),
    "concern_raised": ("staff", "Somebody has raised a concern"),
    "content_held": ("staff", "A text waits to be looked at"),
    "proposal_to_confirm": ("staff", "Staff are asked for their yes to a match"),
    "second_declined": ("staff", "A circle stays with one mentor"),
}
"""Template -> (group, when it is sent), in the order in which they are listed."""

MEANINGS: Mapping[str, str] = {
    "person": "The name of whoever reads it",
    "others": "The names of the others in it: all but the reader",
    "mentee": "The name of the mentee, or of several",
    "mentor": "The name of the mentor, or of several",
    "program": "What the program is called",
    "reasons": "Why they fit, or what is not met: a list",
    "due": "The day until when something is asked, or lasts",
    "text": "What somebody wrote, or what it is about",
    "link": "The page that it is about",
    "met": "A page where one tap logs a meeting, without signing in",
    "sender": "The name of whoever wrote to the reader",
    "meeting": "When the two are both free",
    "contacts": "How the others can be reached, as they share it",
    "answer": "A page where one tap answers, without signing in; in a mail, its buttons",
    "yes": "The same page, for a yes",
    "no": "The same page, for a no",
}
"""Placeholder -> what stands there once it is sent."""

EXAMPLES: Mapping[str, Mapping[str, str]] = {
    "others": {"en": "Sam Okoro", "ar": "سامي عمر"},
    "mentee": {"en": "Alex Kim", "ar": "ليلى حسن"},
    "mentor": {"en": "Sam Okoro", "ar": "سامي عمر"},
    "sender": {"en": "Sam Okoro", "ar": "سامي عمر"},
    "reasons": {
        "en": "- Both work in food\n- Both speak English",
        "es": "- Los dos trabajan en alimentación\n- Los dos hablan español",
        "fr": "- Vous travaillez tous deux dans l'alimentation\n- Vous parlez tous deux français",
        "ar": "- كلاكما يعمل في مجال الأغذية\n- كلاكما يتحدث العربية",
    },
    "text": {
        "en": "(here stands what was written)",
        "es": "(aquí está lo que se escribió)",
        "fr": "(ici se trouve ce qui a été écrit)",
        "ar": "(هنا يظهر النص المكتوب)",
    },
    "meeting": {
        "en": "(here stands when both are free)",
        "es": "(aquí está cuándo pueden los dos)",
        "fr": "(ici se trouvent les moments libres communs)",
        "ar": "(هنا تظهر الأوقات المناسبة للطرفين)",
    },
    "contacts": {
        "en": "(here stands how the other can be reached)",
        "es": "(aquí está cómo contactar con la otra persona)",
        "fr": "(ici se trouve comment joindre l'autre personne)",
        "ar": "(هنا تظهر طرق التواصل مع الطرف الآخر)",
    },
}
"""What a preview shows where nothing real is known, by placeholder and language."""
