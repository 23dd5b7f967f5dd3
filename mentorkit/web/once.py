"""A form counts once, however often it is sent: by a double tap, or on a bad connection.

Whoever sends it first holds its id, as a row of the outbox that no worker takes. The row goes when
the form was refused, so that it can be sent again; else it keeps where the answer led, and whoever
sends the same form once more is led there, too. A worker drops it once the form's token is too old.

Where nobody is signed in the row is made by the first transaction that writes for the form, the
core's or a plugin's, and is taken back with it: what anybody may send as often as they like writes
nothing if it is refused.
"""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial, wraps
from io import SEEK_END
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.exceptions import HTTPException

from mentorkit.domain.frozen import Frozen
from mentorkit.errors import Conflict, MentorKitError
from mentorkit.hooks.calls import FAILURES
from mentorkit.web import problems, tokens
from mentorkit.web.visits import Visit, current
from mentorkit.worker import FORM as KIND

if TYPE_CHECKING:
    from flask.typing import ResponseReturnValue

    from mentorkit.store.tables import Job
    from mentorkit.store.transaction import Transaction

WAIT = 5.0
"""Seconds that the second of two waits for the answer of the first."""
PAUSE = 0.1
LONGEST = timedelta(minutes=2)
"""How long a form is taken for one that is still being done; after that nobody knows of it."""
PIECE = 64 * 1024
"""How many bytes of a file are looked at at a time."""
TOLD = ("said", "count", "done")
"""What is kept of the query of an address: what was done, and to what. The rest may be words that
somebody typed."""
log = logging.getLogger("mentorkit.web")


@dataclass(slots=True)
class Sent:
    """A form that was sent: its key, what tells what is in it, and who is doing it.

    It is held only `later`, when something is written for it; that may show that it is `taken`.
    """

    key: str
    digest: str
    by: str
    later: bool
    taken: bool = False


def begin(visit: Visit, id: str) -> ResponseReturnValue | None:
    """Hold a form's id while it is done; return the answer where it has been done already.

    Raises `Conflict` where it was sent before with something else in it, or where nobody knows
    what became of it.
    """
    until = time.monotonic() + WAIT
    form = Sent(f"{KIND}:{id}", _digest(), secrets.token_hex(8), later=visit.is_nobody)
    while True:
        if form.later:
            before = _found(visit, form)
            held = before is None
        else:
            held, before = visit.kit.write(visit.tenant, partial(_hold, form))
        if held:
            flask.g.mentorkit_form = form
            flask.g.mentorkit_counts = None
            return None
        while _is_under_way(visit, before, form.digest) and time.monotonic() < until:
            time.sleep(PAUSE)
            before = _found(visit, form)
        if before is None and time.monotonic() < until:
            continue  # it was refused meanwhile, and is ours to do
        if before is not None and before.body["sent"] == form.digest and "to" in before.body:
            return _answer(visit, before.body["to"])
        raise _conflict(visit, before, form.digest)


def _found(visit: Visit, form: Sent) -> Job | None:
    with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
        return next(iter(tx.outbox.keyed([form.key])), None)


def _is_under_way(visit: Visit, before: Job | None, sent: str) -> bool:
    """Return whether whoever sent the same form first may still be waiting for its answer."""
    if before is None or before.body["sent"] != sent or before.body.keys() & {"to", "failed"}:
        return False
    return visit.kit.clock() - before.created_at < LONGEST


def _conflict(visit: Visit, before: Job | None, sent: str) -> Conflict:
    """Return what to tell whoever sends a form again of which no answer is known."""
    if before is not None and before.body["sent"] != sent:
        return Conflict(
            "form.sent_before",
            visit.words(
                "This form has been sent before with something else in it, and that has been "
                "taken in. What you changed since has not. Reload the page, look at what is "
                "there, and send it again if it is still needed."
            ),
        )
    if before is None or _is_under_way(visit, before, sent):
        return Conflict(
            "form.under_way",
            visit.words(
                "This form has been sent before, and is still being done. Wait a minute, reload "
                "the page, and look whether it is there."
            ),
        )
    return Conflict(
        "form.unknown",
        visit.words(
            "This form has been sent before, and it is not known what became of it. "
            "Reload the page and look whether it is there; if it is not, send it again."
        ),
    )


def counting(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return the view as it is called: once for each form, however often that is sent.

    What the view itself has answered tells what became of the form: a host may answer any error
    with a page of its own, and put its own cookies on every answer.
    """

    @wraps(view)
    def counted(**values: Any) -> Any:
        call, form = flask.current_app.ensure_sync(view), flask.g.get("mentorkit_sent")
        if form is None:
            return call(**values)
        while (before := begin(current(), form)) is None:
            held = flask.g.mentorkit_form
            try:
                with _holding(held):
                    response = flask.make_response(call(**values))
            except FAILURES as error:
                if held.taken:
                    continue
                told = error.get_response() if isinstance(error, HTTPException) else None
                if told is not None:
                    _end(told.status_code, told.headers.get("Location", ""))
                else:
                    _end(problems.status(error) if isinstance(error, MentorKitError) else 500)
                raise
            if not held.taken:
                _end(response.status_code, response.headers.get("Location", ""))
                return response
        return before

    return counted


@contextmanager
def _holding(form: Sent) -> Iterator[None]:
    """Let what is written in this block hold the form first; it is not written if another has."""

    def first(tx: Transaction) -> None:
        held, before = _hold(form, tx)
        if not held and before is not None and before.body.get("by") != form.by:
            form.taken = True
            raise Conflict("form.under_way", "This form is being done already.")

    if not form.later:
        yield
        return
    kit = current().kit
    token = kit._before_writing.set(first)
    try:
        yield
    finally:
        kit._before_writing.reset(token)


def _end(status: int, address: str = "") -> None:
    """Keep where the form's answer led; let go of the form if it was refused, or did nothing.

    After an error of ours nobody knows what was done: then it stays held, and that is noted.
    """
    leads, said = status in (301, 302, 303, 307, 308), flask.g.mentorkit_counts
    became: dict[str, Any] | None = None
    if status >= 500:
        became = {"failed": True}
    elif leads if said is None else said:
        became = {"to": _kept(address)}
    visit, form = current(), flask.g.mentorkit_form
    try:
        if became is None and form.later and _found(visit, form) is None:
            return  # nothing was written for it
        visit.kit.write(visit.tenant, partial(_settle, form, became))
    except MentorKitError as error:
        log.warning("It was not noted what became of a form of tenant %s: %s", visit.tenant, error)


def _hold(form: Sent, tx: Transaction) -> tuple[bool, Job | None]:
    """Return whether the form is ours to do, and else the row of whoever came first."""
    body = Frozen(sent=form.digest, by=form.by)
    held = tx.outbox.add(KIND, form.key, state="done", body=body) is not None
    return held, next(iter(tx.outbox.keyed([form.key])), None)


def _settle(form: Sent, became: dict[str, Any] | None, tx: Transaction) -> None:
    tx.outbox.drop(KIND, form.key, form.key)
    if became is not None:
        tx.outbox.add(KIND, form.key, state="done", body=Frozen(sent=form.digest, **became))


def _digest() -> str:
    """Return what tells whether two sendings of a form are the same, and not what is in them.

    It is keyed with the form's signed token, which is kept nowhere. A sheet is read in pieces.
    """
    request = flask.request
    made = hmac.new(request.form[tokens.FIELD].encode(), digestmod="sha256")

    def tell(*parts: str | None) -> None:
        for part in parts:
            told = (part or "").encode(errors="surrogatepass")
            made.update(len(told).to_bytes(8, "big"))
            made.update(told)

    tell(request.full_path)
    for name, value in sorted(request.form.items(multi=True)):
        tell("typed", name, value)
    files = request.files.items(multi=True)
    for name, file in sorted(files, key=lambda one: (one[0], one[1].filename or "")):
        tell("file", name, file.filename, str(file.stream.seek(0, SEEK_END)))
        file.stream.seek(0)
        while piece := file.stream.read(PIECE):
            made.update(piece)
        file.stream.seek(0)
    return made.hexdigest()


def _kept(address: str) -> str:
    """Return what may be kept of an address of this host: no secret of a link, no typed words."""
    if not address.startswith("/") or address.startswith("//"):
        return ""
    address, mark, anchor = address.partition("#")
    path, _, query = address.partition("?")
    told = "&".join(one for one in query.split("&") if one.partition("=")[0] in TOLD)
    path = path.replace(_token(), "{token}") if _token() else path
    return f"{path}?{told}".rstrip("?") + mark + anchor


def _answer(visit: Visit, to: str) -> ResponseReturnValue:
    """Lead where the first answer led, or say that it counts where that was a page."""
    if not to:
        return visit.render("counted.html", title=visit.words("This has been sent already"))
    return flask.redirect(to.replace("{token}", _token()), code=303)


def _token() -> str:
    """Return the secret in the address that the form was sent to."""
    return str((flask.request.view_args or {}).get("token", ""))
