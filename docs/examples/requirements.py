"""Lets people in from the places that the program works in, by the phone number they gave."""

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import RequirementCheck

manifest = Manifest(title="Local numbers", requires_core=">=0.1,<1")


class LocalNumber(RequirementCheck):
    name = "local_number"
    title = "Their phone number is from here"
    options = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "prefixes": {
                "type": "array",
                "items": {"type": "string"},
                "title": "Country codes",
                "description": "Such as +254; any of them does.",
                "default": ["+254"],
            },
        },
    }

    def answer(self, ctx, applicants, options):
        prefixes = tuple(options["prefixes"])
        answers = []
        for applicant in applicants:
            numbers = [one.value for one in applicant.contacts if one.kind == "phone"]
            if not numbers:
                answers.append("ask")
            else:
                local = any(number.startswith(prefixes) for number in numbers)
                answers.append("yes" if local else "no")
        return answers


@hookimpl
def mentorkit_requirements():
    yield LocalNumber()
