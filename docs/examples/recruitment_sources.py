"""Leads from a list of contacts as vCard lines: ``FN:`` is the name, ``EMAIL:`` the address."""

from mentorkit import Manifest, hookimpl
from mentorkit.domain.participants import Lead
from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import Batch, RecruitmentSource

manifest = Manifest(title="Contact cards", requires_core=">=0.1,<1")


class Cards(RecruitmentSource):
    name = "cards"
    suffixes = (".vcf",)

    def receive(self, ctx, inbound, *, role=None, fields=None, options=None):
        text = inbound.body.decode("utf-8", "replace")
        if "BEGIN:VCARD" not in text:
            raise Invalid("cards.no_cards", f"{inbound.filename} holds no contact cards.")
        leads, problems = [], []
        for number, card in enumerate(text.split("BEGIN:VCARD")[1:], start=1):
            values = dict(line.split(":", 1) for line in card.splitlines() if ":" in line)
            place = f"{inbound.filename}, card {number}"
            if "EMAIL" not in values:
                problems.append(Problem(place, "has no EMAIL, so nobody can be told apart"))
                continue
            leads.append(
                Lead(
                    key=values["EMAIL"],
                    email=values["EMAIL"],
                    name=values.get("FN", ""),
                    role=role or "mentee",
                    place=place,
                )
            )
        return Batch(leads=tuple(leads), problems=tuple(problems))


@hookimpl
def mentorkit_recruitment_sources():
    yield Cards()
