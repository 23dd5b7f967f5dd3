"""What to type next, in one line, by how a program stands now: `say_next`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mentorkit.commands.output import plural, say_commands
from mentorkit.domain.moves import STAFF

if TYPE_CHECKING:
    from mentorkit.commands.session import Session

NEXT = {
    "untaken": "`mentorkit concern list{of}`; somebody has raised a concern that nobody has taken.",
    "held": "`mentorkit content list{of}`; a text waits for you to pass it on, or not.",
    "closed": "`mentorkit program open {key}`, if people are to be taken in and matched again.",
    "recruit_mentors": "`mentorkit recruit FILE --role mentor{of}`; mentors come first."
    " `mentorkit demo sheets .` writes sheets of made-up people.",
    "answer": "`mentorkit relationship accept --all --for coordinator{of}`; pairs wait for your"
    " yes.",
    "screen": "`mentorkit participant list{of}`, then `mentorkit participant approve --all{of}`.",
    "let_in": "`mentorkit participant list --state waiting{of}`, then `mentorkit participant"
    " approve KEY{of}`; there are places with mentors.",
    "agree": "`mentorkit participant consent --all{of}`, once they have agreed;"
    " `--means phone` or `paper` says how they told you.",
    "onboard": "`mentorkit participant onboard --all{of}`, which makes them ready to be matched.",
    "appoint": "`mentorkit staff add --name NAME{of}`, for nobody coordinates the program yet; then"
    " `mentorkit program open {key}`.",
    "open": "`mentorkit program open {key}`; the program is still a draft.",
    "recruit_mentees": "`mentorkit recruit FILE --role mentee{of}`; mentors are here.",
    "publish": "`mentorkit publish{of}`; a draft of pairs waits.",
    "match": "`mentorkit match{of}`, which drafts pairs for mentees without a mentor.",
    "gather": "`mentorkit relationship gather MENTEE... --mentor MENTOR{of}`, which brings a"
    " circle together.",
    "choose": "people choose each other; you note a wish with `mentorkit relationship propose"
    " MENTEE MENTOR{of}`. `mentorkit match{of}` drafts pairs for those who find nobody.",
    "recruit_more": "`mentorkit recruit FILE --role mentor{of}`, or `mentorkit participant capacity"
    " MENTOR N{of}`; there are more mentees than places.",
    "wait": "`mentorkit relationship list{of}` shows whose answer is awaited; `mentorkit"
    " relationship accept MENTEE=MENTOR{of}` notes a yes that they told you.",
    "meet": "`mentorkit relationship meet MENTEE=MENTOR --minutes 60{of}` when two have met;"
    " `mentorkit relationship list{of}` has their keys.",
    "after": "`mentorkit feedback list{of}` shows who is asked how it went, `mentorkit report"
    " show{of}` what it led to.",
    "nothing": "`mentorkit participant list{of}` shows how everybody stands; nothing waits for"
    " you.",
}
"""What is best typed now, by the codes of `standing.overview` and a few more of our own."""
LOOKED_FOR = ("match", "gather", "choose", "recruit_more", "wait")
"""What is done for those without a mentor, while others are together or have been."""
MOST = 3
"""Of how many programs the next step is said."""


def say_next(session: Session, programs: Iterable[str] | None = None) -> None:
    """Say what these programs need now (None: all), to those who work for them and to nobody else.

    `programs` are keys. Printed beside what a command did, so never with ``--json``.
    """
    from mentorkit.journey import parked, standing

    runs = {one["key"]: one for one in standing.home(session.kit, **session.scope)["runs"]}
    runs = {key: one for key, one in runs.items() if one["role"] in STAFF}
    wanted = [key for key in runs if programs is None or key in programs]
    if len(wanted) > MOST:
        say_commands("Next: `mentorkit program show` lists the programs.")
        return
    for key in wanted:
        figures = standing.overview(session.kit, **session.scope, program=key)
        of = f" --program {key}" if len(runs) > 1 else ""
        told = _then(_codes(session, runs[key], figures), key=key, of=of)
        with session.kit.transaction(tenant=session.tenant, write=False) as tx:
            waits = tx.outbox.late(tx.now)
            given_up = len(parked.parked_in(tx, tx.programs.get(runs[key]["id"]), session.actor))
        sends = "the product's own worker" if session.kit.bells else "`mentorkit work`"
        more = f" Messages wait: {sends} sends them." if waits else ""
        if given_up:
            more += f" {plural(given_up, 'job')} given up: `mentorkit job list{of}` says why."
        say_commands(f"Next: {told}{more}")


def _codes(session: Session, program: Mapping[str, Any], figures: Mapping[str, Any]) -> list[str]:
    """Return the codes of what is best done now, the first of them first."""
    code, held = figures["next"], figures["relationships"]
    running, over = held.get("active") or held.get("paused"), held.get("ended")
    if code == "onboard":
        with session.kit.transaction(tenant=session.tenant, write=False) as tx:
            joining = tx.participants.find(program_id=program["id"], state="approved")
        return ["agree" if any(one.consented_at is None for one in joining) else code]
    if code == "match":
        chosen = "choose" if program["matching"] == "self" else code
        code = "gather" if program["kind"] == "circle" else chosen
    if code == "meet" or (code == "closed" and (running or over)):
        return ["meet" if running else "after" if over else "nothing"]
    if code in LOOKED_FOR and (running or over or figures["asked"]):
        # What a run could not pair it seldom can now: those who are asked or together go first.
        return ["wait"] if figures["asked"] else ["meet" if running else "after", code]
    return [str(code)]


def _then(codes: Iterable[str], **names: str) -> str:
    return " Then ".join(NEXT[code].format(**names) for code in codes)
