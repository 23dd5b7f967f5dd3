"""Do what was promised and what has come due: `work`; what was given up: `job list|retry|drop`."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from mentorkit.commands.failures import UNEXPECTED
from mentorkit.commands.following import say_next
from mentorkit.commands.output import (
    clean,
    counted,
    example,
    json_option,
    note,
    plural,
    print_json,
    say,
    with_commands,
)
from mentorkit.commands.selection import program_option, the_program
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.domain.text import in_locale
from mentorkit.errors import NotAllowed

if TYPE_CHECKING:
    from mentorkit.kit import Kit

LOOP = 10
"""How many seconds a worker waits that goes on for ever and has found nothing more to do."""
SOON = 1
"""How many it waits where somebody slow has enough in hand for the moment."""
GRACE = 8.0
"""Seconds that are left to what is in hand when the worker is to stop: some wait ten and kill."""


@click.command(
    epilog=example("mentorkit work", "mentorkit work --loop    # until it is stopped"),
)
@click.option(
    "--limit",
    type=Whole(1, 100_000),
    default=100,
    show_default=True,
    help="Jobs of one batch, for each tenant.",
)
@click.option("--once", is_flag=True, help="Do one batch, even if more is waiting.")
@click.option(
    "--due",
    is_flag=True,
    help="Look once for what has come due, and leave the rest to the host's runner, if it has one.",
)
@click.option("--loop", is_flag=True, help=f"Go on for ever, as --every {LOOP} does.")
@click.option(
    "--every", type=Whole(1, 86_400), metavar="SECONDS", help="Go on for ever, this often."
)
@click.option("--revive", is_flag=True, help="First try again what was given up after many tries.")
@json_option
@pass_session
def work(
    session: Session, /, limit: int, once: bool, due: bool, loop: bool, every: int | None,
    revive: bool, as_json: bool,
) -> None:  # fmt: skip
    """Send the messages and do the jobs that are due.

    Messages, plugins' reactions, milestones whose time has come, proposals that have run out.
    SIGTERM and Ctrl-C let it end what it has in hand and hand the rest back.

    A host whose Celery does this calls it with --due by cron, or from beat: it wakes that for what
    waits, and does one batch itself where there is no such runner.
    """
    if not session.actor.admin:
        raise NotAllowed(
            "work.admin_only", "Only who operates the database does this: leave out --as."
        )
    if (once or due) and (every or loop):
        raise click.UsageError("Give --once or --due, or one of --loop and --every.")
    if revive:
        note(f"Started {plural(_revive(session), 'job')} again.")
    if due:
        _look(session, limit, as_json)
        return
    from mentorkit.worker import unhindered

    pause = every or (LOOP if loop else None)
    with _stopping() as stop, unhindered():
        while True:
            report = _batches(session.kit, limit, stop, once=once, waits=pause is None)
            if as_json:
                print_json(report)
            else:
                _say(report, quiet=pause is not None)
            if pause is None or stop.wait(_rest(session.kit, pause)):
                break
        if stop.is_set():
            _end(session.kit, stop)
            return
    if not as_json:
        _say_in_hand(session.kit)
        say_next(session)
    if report["failed"]:
        raise SystemExit(UNEXPECTED)


def _rest(kit: Kit, pause: int) -> int:
    """Return how many seconds to rest: few where somebody slow is at work, as more may wait."""
    from mentorkit.crew import crew_of

    return min(pause, SOON) if crew_of(kit).behind else pause


def _look(session: Session, limit: int, as_json: bool) -> None:
    """Look once for what has come due."""
    from mentorkit.worker import look

    report = look(session.kit, limit=limit)
    if as_json:
        print_json(report)
    else:
        _say(report, quiet=False)
    if report["failed"]:
        raise SystemExit(UNEXPECTED)


class Stop(threading.Event):
    """Set once the process is asked to end; `by_hand` says whether by Ctrl-C."""

    by_hand = False


@contextmanager
def _stopping() -> Iterator[Stop]:
    """Let SIGTERM and Ctrl-C only ask for the end; the second time they are what they were."""
    stop = Stop()
    before: dict[int, Any] = {}

    def asked(number: int, _: object) -> None:
        stop.by_hand = number == signal.SIGINT
        stop.set()
        signal.signal(number, before[number])

    for one in (signal.SIGTERM, signal.SIGINT):
        if signal.getsignal(one) is not signal.SIG_IGN:  # or whoever started us wants it ignored
            before[one] = signal.signal(one, asked)
    try:
        yield stop
    finally:
        for number, was in before.items():
            signal.signal(number, was)


def _end(kit: Kit, stop: Stop) -> None:
    """Give what is in hand a little time, say what is not over by then, and end."""
    from mentorkit.crew import crew_of

    crew = crew_of(kit)
    if not crew.settle(GRACE):
        note(
            f"{plural(len(crew.behind), 'job')} did not end in time. What nobody notes as done is"
            " tried again in five minutes."
        )
    if stop.by_hand:
        raise KeyboardInterrupt
    note("Stopped.")


def _revive(session: Session) -> int:
    """Try every job again that was given up, from its first attempt; return how many."""
    from mentorkit.journey import parked

    count = 0
    for tenant in session.kit.tenants():
        scope: dict[str, Any] = {"tenant": tenant, "actor": session.actor}
        for row in parked.parked(session.kit, **scope):
            parked.retry(session.kit, **scope, job=row["id"])
            count += 1
    return count


def _batches(
    kit: Kit, limit: int, stop: Stop, *, once: bool, waits: bool
) -> dict[str, int]:  # fmt: skip
    """Do batches until there is nothing left that is due now; return what was done in all.

    `waits` says whether to wait in the end for what takes long.
    """
    from mentorkit import crew, worker

    reports: list[dict[str, int]] = []
    while True:
        reports.append(worker.work(kit, limit=limit, wait=0, stop=stop))
        # What has to be tried later is not due any more, so that this comes to an end.
        did = any(count for key, count in reports[-1].items() if key != "failed")
        if once or stop.is_set() or not did:
            break
    if waits and not stop.is_set():
        crew.crew_of(kit).settle(crew.LIMIT)
    return {key: sum(one[key] for one in reports) for key in reports[0]}


def _say(report: dict[str, int], *, quiet: bool) -> None:
    if not any(report.values()):
        if not quiet:
            say("Nothing was due.")
        return
    told = counted(
        (report["done"], "piece of work done", "pieces of work done"),
        (report["turned"], "milestone turned", "milestones turned"),
        (report["expired"], "proposal expired", "proposals expired"),
        (report["nudged"], "prompt made", "prompts made"),
        (report["cancelled"], "not needed any more"),
        (report["later"], "put off until later"),
        (report["dead"], "given up"),
        (
            report.get("rung", 0),
            "tenant's work left to the workers",
            "tenants' work left to the workers",
        ),
        (report["failed"], "tenant broke off", "tenants broke off"),
    )
    say(f"Did what was due: {told}.")
    if report["dead"]:
        told = (
            "What was given up could reach nobody, or failed too often: see `mentorkit job list`."
        )
        note(with_commands(told))


def _say_in_hand(kit: Kit) -> None:
    """Say what waits for another worker, which may have been killed with it."""
    from mentorkit.crew import crew_of

    leased = -len(crew_of(kit).behind)  # those are in hand here
    for tenant in kit.tenants():
        with kit.transaction(tenant=tenant, write=False) as tx:
            leased += tx.outbox.counts()["leased"]
    if leased > 0:
        note(
            f"{plural(leased, 'job')} in hand elsewhere. What a killed worker had in hand is taken"
            " up again after five minutes."
        )


@click.group(epilog=example("mentorkit job list"))
def job() -> None:
    """List jobs that were given up, and decide on them."""


@job.command(name="list", epilog=example("mentorkit job list"))
@program_option
@json_option
@pass_session
def list_(session: Session, /, program: str | None, as_json: bool) -> None:
    """List the jobs that were given up.

    Of a program, or without --program and --as of all the tenant, also of no program.
    """
    rows = _parked(session, program)
    if as_json:
        print_json(rows)
        return
    for row in rows:
        of = f" of the plugin {row['plugin']}" if row["plugin"] else ""
        name = f" ({row['name']})" if row["name"] else ""
        whom = f", for {row['person']}" if row["person"] else ""
        say(clean(f"{row['id']}: {_what(row)}{name}{of}{whom}, since {row['since'][:10]}."))
        say(clean(f"  {row['why']} ({row['code']})"))
    if not rows:
        say("Nothing was given up.")


def _what(row: dict[str, Any]) -> str:
    """Return what was given up, in words; of a message also what it is called."""
    subject = in_locale(row["subject"]) if row["subject"] else ""
    told = subject.replace("{program}", "").strip(" :")
    return f"{row['what']}: {told}" if told and "{" not in told else str(row["what"])


def _parked(session: Session, program: str | None) -> list[dict[str, Any]]:
    from mentorkit.journey import parked

    key = the_program(session, program) if program or session.person else None
    return parked.parked(session.kit, **session.scope, program=key)


@job.command(epilog=example("mentorkit job retry JOB", "mentorkit job retry --all"))
@click.argument("which", metavar="[JOB]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that `job list` shows.")
@program_option
@json_option
@pass_session
def retry(
    session: Session, /, which: Sequence[str], every: bool, program: str | None, as_json: bool
) -> None:
    """Try jobs again that were given up.

    Mend the cause first. They are due at once, and have all their tries again.
    """
    _decide(session, "retry", which, every, program, as_json, "Tried again by the next `work`")


@job.command(epilog=example("mentorkit job drop JOB"))
@click.argument("which", metavar="JOB...", nargs=-1, required=True)
@json_option
@pass_session
def drop(session: Session, /, which: Sequence[str], as_json: bool) -> None:
    """Let jobs never happen that were given up."""
    _decide(session, "drop", which, False, None, as_json, "Dropped")


def _decide(
    session: Session, verb: str, which: Sequence[str], every: bool, program: str | None,
    as_json: bool, did: str,
) -> None:  # fmt: skip
    from mentorkit.journey import parked

    if every == bool(which):
        raise click.UsageError("Name jobs, or give --all.")
    ids = [row["id"] for row in _parked(session, program)] if every else which
    for one in ids:
        getattr(parked, verb)(session.kit, **session.scope, job=one)
    if as_json:
        print_json(list(ids))
    else:
        say(f"{did}: {plural(len(ids), 'job')}.")
