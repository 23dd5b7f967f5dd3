"""Those who are connected reach each other: `relationship introduce|write`, `participant share`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from mentorkit.commands.output import clean, example, json_option, print_json, say
from mentorkit.commands.pairs import each, named
from mentorkit.commands.people import step
from mentorkit.commands.selection import means_option, program_option, selecting
from mentorkit.commands.session import Session, pass_session
from mentorkit.domain.relationships import HOLDING
from mentorkit.domain.text import in_locale
from mentorkit.errors import Invalid, Problem
from mentorkit.i18n import format_moment

UNKNOWN = "UTC"
"""The time zone of whoever has told none."""


class Reader:
    """Whoever reads what people of a program show: its questions, and a clock for their hours.

    That is the clock of who acts (`--as`) if they told a time zone, else the program's.
    """

    def __init__(self, session: Session, program: str) -> None:
        from mentorkit.journey.definitions import fields_of
        from mentorkit.journey.steps import program_of

        who = session.actor.person_id
        with session.kit.transaction(tenant=session.tenant, write=False) as tx:
            found = program_of(tx, program)
            own = tx.people.get(who).zone if who else UNKNOWN
            self.fields = fields_of(tx, found)
        self.zone = found.zone if own == UNKNOWN else own
        self.now = session.kit.clock()

    def lines(self, answers: Mapping[str, Any]) -> list[str]:
        """Return what somebody shows of themselves: a line for each question."""
        known = [(id, value) for id, value in answers.items() if id in self.fields]
        return [
            clean(f"  {in_locale(self.fields[id].label)}: {self.answer(id, value)}")
            for id, value in known
        ]

    def answer(self, field: str, value: Any) -> str:
        """Return what somebody answered to one question, in words."""
        from mentorkit.matching.wording import answer

        return answer(self.fields[field], value, zone=self.zone, now=self.now)

    def moment(self, at: str) -> str:
        return format_moment(datetime.fromisoformat(at), zone=self.zone)


@click.command(epilog=example("mentorkit --as ana@example.org relationship introduce --all"))
@selecting("RELATIONSHIP")
@program_option
@json_option
@pass_session
def introduce(
    session: Session,
    /,
    which: Sequence[str],
    listed: Path | None,
    every: bool,
    program: str | None,
    as_json: bool,
) -> None:
    """Show who is connected, and how to reach them.

    By id or as MENTEE=MENTOR; with why they fit, and the answers that they show. Only contacts
    that their owner shares are shown. Times are on the clock of who acts (--as), else on the
    program's; in JSON they are UTC.
    """
    from mentorkit.journey import introduce as introducing

    ids = named(session, program, which, listed, every, noun="relationship", states=HOLDING)
    found = [
        introducing.introduction(session.kit, **session.scope, relationship=one) for one in ids
    ]
    if as_json:
        print_json(found)
        return
    readers = {key: Reader(session, key) for key in {one["program"] for one in found}}
    for one in found:
        reader = readers[one["program"]]
        for other in one["others"]:
            say(f"{clean(other['name'])}, {other['role']}")
            for why in other["words"]:
                say(f"  - {clean(why)}")
            for line in reader.lines(other["answers"]):
                say(line)
            for way in other["ways"]:
                say(f"  {way['kind']}: {clean(way['value'])} ({way['href']})")
            if not other["ways"]:
                say("  shares no contact; `mentorkit relationship write` carries words")
        for slot in one["slots"]:
            say(f"  all have time on {reader.moment(slot)}")
    if not found:
        say("Nobody is connected here.")


@click.command(
    epilog=example("mentorkit --as ana@example.org relationship write --all --text 'Monday at 6?'")
)
@selecting("RELATIONSHIP")
@program_option
@click.option("--text", required=True, help="Up to 1000 characters.")
@means_option
@json_option
@pass_session
def write(
    session: Session, /, which: Sequence[str], listed: Path | None, every: bool,
    program: str | None, text: str, means: str, as_json: bool,
) -> None:  # fmt: skip
    """Send a text to those one is connected with.

    By id or as MENTEE=MENTOR, as one who is in it (--as). Nobody sees the other's address.
    """
    from mentorkit.journey import relay

    each(
        session, program, which, listed, every, verb=relay.send, done="Carried it in", means=means,
        as_json=as_json, text=text,
    )  # fmt: skip


@click.command(
    epilog=example(
        "mentorkit participant share ana@example.org --kind phone",
        "mentorkit participant share ana@example.org --add whatsapp='+254 712 345678'",
        "mentorkit participant share ana@example.org",
    )
)
@selecting("PARTICIPANT")
@program_option
@click.option(
    "--kind", "kinds", multiple=True, help="Share the contacts of this kind; may be repeated."
)
@click.option("--add", metavar="KIND=VALUE", help="A phone, whatsapp or email to share as well.")
@means_option
@json_option
@pass_session
def share(
    session: Session, /, which: Sequence[str], listed: Path | None, every: bool,
    program: str | None, kinds: Sequence[str], add: str | None, means: str, as_json: bool,
) -> None:  # fmt: skip
    """Say which contacts are shared once connected.

    By key or id; whatever is not named is not shared any more.
    """
    from mentorkit.journey import contacts

    kind, equals, value = (add or "").partition("=")
    if add and not equals:
        told = Problem(f"--add {add}", "write KIND=VALUE, such as phone=+254712345678")
        raise Invalid("contact.invalid", "This contact cannot be kept:", [told])
    step(
        session, program, which, listed, every, verb=contacts.keep_kinds,
        states=("lead", "waiting", "approved", "active", "paused"), done="Noted the contacts of",
        means=means, as_json=as_json, kinds=tuple(kinds), kind=kind, value=value,
    )  # fmt: skip
