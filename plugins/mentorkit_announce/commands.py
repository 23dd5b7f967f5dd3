"""``mentorkit announce ...``: sends an announcement, tells what became of it, writes a group."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from mentorkit.errors import Invalid, Problem
from mentorkit.hooks import CommandContext
from mentorkit.journey.steps import program_of
from mentorkit_announce import groups, looking, sending


def announce(
    ctx: CommandContext, *, program: str, to: str = "everybody", cohort: str | None = None,
    language: str | None = None, subject: str | None = None, text: str | None = None,
    key: str | None = None, limit: int | None = None, preview: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Send a text to a group, or show who would get what; see `sending` for what is returned."""
    asked: dict[str, Any] = {"tenant": ctx.tenant, "actor": ctx.actor, "program": program}
    asked |= {"to": to, "cohort": cohort or "", "language": language or ""}
    written = _written(ctx, program, subject, text)
    if preview:
        found = sending.look(ctx.kit, **asked, text=written, key=key or "")
        told: dict[str, Any] = {"would get it": found["promised"], **_left_out(found["left_out"])}
        for one in found["examples"]:
            head = f"{one['locale']} ({one['count']}), such as to {one['name']}"
            told[head] = f"{one['subject']}\n{one['body']}"
        return told
    done = sending.send(ctx.kit, **asked, text=written, key=key or "", limit=limit)
    return {"key": done["key"], "promised": done["promised"], **_left_out(done["left_out"])}


def results(
    ctx: CommandContext, *, program: str, announcement: str | None = None
) -> list[dict[str, Any]] | dict[str, Any]:
    """Return a row for each announcement, or of one whom it did not reach."""
    asked: dict[str, Any] = {"tenant": ctx.tenant, "actor": ctx.actor, "program": program}
    counts = ("promised", "sent", "waiting", "missed")
    if announcement is None:
        return [
            {
                "key": one["key"],
                "at": datetime.fromisoformat(one["at"]),
                "subject": next(iter(one["subject"].values())),
                **{name: one[name] for name in counts},
            }
            for one in looking.made(ctx.kit, **asked)
        ]
    one = looking.result(ctx.kit, **asked, announcement=announcement)
    missed = "\n".join(f"{each['name'] or '-'}: {each['why']}" for each in one["people"])
    at = datetime.fromisoformat(one["at"])
    told = {"key": one["key"], "at": at, **{name: one[name] for name in counts}}
    return {**told, **({"not reached": missed} if missed else {})}


def people(
    ctx: CommandContext, *, program: str, to: str = "everybody", cohort: str | None = None,
    language: str | None = None, out: str = "people.csv",
) -> dict[str, Any]:  # fmt: skip
    """Write a group to a file; return how many are in it, and how many were left out and why."""
    path = Path(out)
    made = groups.sheet(
        ctx.kit, tenant=ctx.tenant, actor=ctx.actor, program=program, name=path.name, to=to,
        cohort=cohort or "", language=language or "",
    )  # fmt: skip
    try:
        path.write_bytes(made["body"])
    except OSError as error:
        told = Problem("out", f"{path} cannot be written: {error.strerror}")
        raise Invalid("announcement.file", "The sheet was not written.", [told]) from None
    return {"file": str(path), "people": made["rows"], **_left_out(made["left_out"])}


def _left_out(codes: Mapping[str, int]) -> dict[str, str]:
    lines = [f"{number}: {looking.reason(code)}" for code, number in sorted(codes.items())]
    return {"left out": "\n".join(lines)} if lines else {}


def _written(
    ctx: CommandContext, program: str, subject: str | None, file: str | None
) -> dict[str, dict[str, str]]:
    """Return the text in its languages; raise `Invalid` where a file or a subject is missing."""
    if file is None:
        told = Problem("text", "name the file that holds the text: --text FILE")
        raise Invalid("announcement.text", "This cannot be sent:", [told])
    path = Path(file)
    try:
        body = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        told = Problem("text", f"{path} cannot be read: {why}")
        raise Invalid("announcement.file", "This cannot be sent:", [told]) from None
    if path.suffix.casefold() == ".toml":
        return _languages(path, body)
    with ctx.kit.transaction(tenant=ctx.tenant, write=False) as tx:
        locale = program_of(tx, program).locale
    return {locale: {"subject": subject or "", "body": body.strip()}}


def _languages(path: Path, body: str) -> dict[str, dict[str, str]]:
    try:
        found = tomllib.loads(body)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(
            "announcement.file", "This cannot be sent:", [Problem(path.name, str(error))]
        ) from None
    wrong = [
        Problem(f"{path.name}, {name}", 'write a table with subject = "..." and body = "..."')
        for name, parts in found.items()
        if not isinstance(parts, dict) or set(parts) != {"subject", "body"}
    ]
    if wrong:
        raise Invalid("announcement.file", "This cannot be sent:", wrong)
    return found
