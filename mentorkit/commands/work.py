"""Do what was promised and what has come due: `work`."""

from __future__ import annotations

import time

import click

from mentorkit.commands.failures import UNEXPECTED
from mentorkit.commands.following import say_next
from mentorkit.commands.output import (
    counted,
    example,
    json_option,
    note,
    plural,
    print_json,
    say,
)
from mentorkit.commands.session import Session, pass_session
from mentorkit.commands.whole import Whole
from mentorkit.errors import NotAllowed


@click.command(
    epilog=example("mentorkit work", "mentorkit work --every 60    # until you press Ctrl-C")
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
    "--every", type=Whole(1, 86_400), metavar="SECONDS", help="Go on for ever, this often."
)
@click.option("--revive", is_flag=True, help="First try again what was given up after many tries.")
@json_option
@pass_session
def work(
    session: Session, /, limit: int, once: bool, every: int | None, revive: bool, as_json: bool
) -> None:
    """Send the messages and do the jobs that are due.

    Messages, plugins' reactions, milestones whose time has come, proposals that have run out.
    """
    if not session.actor.admin:
        raise NotAllowed(
            "work.admin_only", "Only who operates the database does this: leave out --as."
        )
    if once and every:
        raise click.UsageError("Give --once or --every, not both.")
    if revive:
        note(f"Started {plural(_revive(session), 'job')} again.")
    while True:
        report = _batches(session, limit, once=once)
        if as_json:
            print_json(report)
        else:
            _say(report, quiet=every is not None)
        if every is None:
            if not as_json:
                say_next(session)
            if report["failed"]:
                raise SystemExit(UNEXPECTED)
            return
        time.sleep(every)


def _revive(session: Session) -> int:
    """Start every job that was given up again from its first attempt; return how many."""
    kit = session.kit
    return sum(
        kit.write(
            tenant,
            lambda tx: sum(tx.outbox.revive(job.id) for job in tx.outbox.find(state="dead")),
        )
        for tenant in kit.tenants()
    )


def _batches(session: Session, limit: int, *, once: bool) -> dict[str, int]:
    """Do batches until there is nothing left that is due now; return what was done in all."""
    from mentorkit import worker

    total: dict[str, int] = {}
    while True:
        report = worker.work(session.kit, limit=limit)
        for key, count in report.items():
            total[key] = total.get(key, 0) + count
        # What has to be tried later is not due any more, so that this comes to an end.
        if once or not any(count for key, count in report.items() if key != "failed"):
            return total


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
        (report["failed"], "tenant broke off", "tenants broke off"),
    )
    say(f"Did what was due: {told}.")
    if report["dead"]:
        note("What was given up could reach nobody, or failed too often: see `mentorkit doctor`.")
