"""A form counts once, however often it is sent: by a double tap, or on a bad connection.

Whoever sends it first holds its id, as a row of the outbox that no worker takes. The row goes when
the form was refused, so that it can be sent again; else it keeps where the answer led, and whoever
sends the same form once more is led there, too. A worker drops it once the form's token is too old.
"""

from __future__ import annotations

import hmac
import logging
import time
from collections.abc import Callable
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
TOLD = ("said", "count")
"""What is kept of the query of an address: what was done. The rest may be words of a search."""
log = logging.getLogger("mentorkit.web")


def begin(visit: Visit, id: str) -> ResponseReturnValue | None:
    """Hold a form's id while it is done; return the answer where it has been done already.

    Raises `Conflict` where it was sent before with something else in it, or where nobody knows
    what became of it.
    """
    key, sent, until = f"{KIND}:{id}", _digest(), time.monotonic() + WAIT
    while True:
        held, before = visit.kit.write(visit.tenant, partial(_hold, key, sent))
        if held:
            flask.g.mentorkit_form = (key, sent)
            flask.g.mentorkit_counts = None
            return None
        while _is_under_way(visit, before, sent) and time.monotonic() < until:
            time.sleep(PAUSE)
            with visit.kit.transaction(tenant=visit.tenant, write=False) as tx:
                before = next(iter(tx.outbox.keyed([key])), None)
        if before is None and time.monotonic() < until:
            continue  # it was refused meanwhile, and is ours to do
        if before is not None and before.body["sent"] == sent and "to" in before.body:
            return _answer(visit, before.body["to"])
        raise _conflict(visit, before, sent)


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
        before = begin(current(), form) if form is not None else None
        if before is not None or "mentorkit_form" not in flask.g:
            return call(**values) if before is None else before
        try:
            response = flask.make_response(call(**values))
        except MentorKitError as error:
            _end(problems.status(error))
            raise
        except HTTPException as error:
            told = error.get_response()
            _end(told.status_code, told.headers.get("Location", ""))
            raise
        except FAILURES:
            _end(500)
            raise
        _end(response.status_code, response.headers.get("Location", ""))
        return response

    return counted


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
    visit = current()
    try:
        visit.kit.write(visit.tenant, partial(_settle, flask.g.mentorkit_form, became))
    except MentorKitError as error:
        log.warning("It was not noted what became of a form of tenant %s: %s", visit.tenant, error)


def _hold(key: str, sent: str, tx: Transaction) -> tuple[bool, Job | None]:
    """Return whether the form is ours to do, and else the row of whoever came first."""
    held = tx.outbox.add(KIND, key, state="done", body=Frozen(sent=sent)) is not None
    return held, next(iter(tx.outbox.keyed([key])), None)


def _settle(form: tuple[str, str], became: dict[str, Any] | None, tx: Transaction) -> None:
    key, sent = form
    tx.outbox.drop(KIND, key, key)
    if became is not None:
        tx.outbox.add(KIND, key, state="done", body=Frozen(sent=sent, **became))


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
