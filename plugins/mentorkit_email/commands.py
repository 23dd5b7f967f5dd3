"""The command `mentorkit email bounces`: for a mailbox of bounces, or a pipe of the mail server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import CommandContext


def read_bounces(ctx: CommandContext, file: Sequence[Path]) -> dict[str, Any]:
    """Note what became of our mails, as the notices in these files say, and count it.

    One mailbox is that of all tenants: each takes what is about its own mails.
    """
    from mentorkit.journey import deliveries
    from mentorkit_email.bounces import is_ours, mails_in, reports

    mails = 0
    found = []
    wrong = []
    for path in file:
        try:
            read = [sys.stdin.buffer.read()] if str(path) == "-" else mails_in(path)
        except OSError as error:
            wrong.append(Problem(str(path), f"cannot be read: {error.strerror}"))
            continue
        mails += len(read)
        found += [one for mail in read for one in reports(mail)]
    if wrong:
        raise Invalid("email.bounces", "Nothing was noted:", wrong)
    found = [one for one in found if is_ours(one.reference, ctx.settings)]
    by: dict[str, Any] = {"actor": ctx.actor, "channel": "email"}
    known, news, tenants = set[str](), 0, ctx.kit.tenants() if found else []
    for tenant in tenants:
        told = deliveries.report(ctx.kit, tenant=tenant, reports=found, keep=False, **by)
        known |= {*told["known"]}
        news += told["news"]
    if early := [one for one in found if one.reference not in known]:
        for tenant in tenants:
            deliveries.report(ctx.kit, tenant=tenant, reports=early, **by)
    return {"mails": mails, "about_ours": len(found), "found": len(known), "new": news}
