"""Hands mails to the server, and says what may be tried again and what never will be."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from mentorkit.domain.messages import RetryLater, Undeliverable
from mentorkit_email.address import address
from mentorkit_email.bounces import NOBODY


def hand_over(mail: EmailMessage, settings: Mapping[str, Any], contact: str = "") -> None:
    """Give a mail to the server, which has it when this returns; `contact` is where it goes.

    What a server says of itself (busy, wrong password, no encryption) is for the deployer to mend,
    so it is tried again; what it says for good of this mail or this address is the end of it.
    """
    try:
        with _connected(settings) as server:
            server.send_message(mail, from_addr=_returns_to(settings))
    except smtplib.SMTPNotSupportedError:
        if str(mail["To"]).isascii():
            raise RetryLater("the server offers less than the settings ask for") from None
        raise Undeliverable("email.needs_smtputf8") from None
    except smtplib.SMTPRecipientsRefused as refused:
        codes = [code for code, _ in refused.recipients.values()]
        if min(codes) < 500:
            raise RetryLater(f"SMTP {codes[0]}") from None
        said = [answer.decode("ascii", "replace") for _, answer in refused.recipients.values()]
        # Only the status is read (RFC 3463): the words may quote the address.
        nobody = any(NOBODY.fullmatch(one.split(" ")[0]) for one in said)
        raise Undeliverable("email.refused", contact=contact if nobody else "") from None
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
        if refused.smtp_code < 500:
            raise RetryLater(f"SMTP {refused.smtp_code}") from None
        raise Undeliverable("email.rejected") from None
    # Nothing of a server's answer is told on: it may quote the address.
    except (smtplib.SMTPException, OSError) as error:
        raise RetryLater(type(error).__name__) from None


def _returns_to(settings: Mapping[str, Any]) -> str | None:
    """Return where the mail comes back to if it does not arrive; None for the sender."""
    found = address(settings["bounces_to"])
    return "@".join(found) if found else None


def _connected(settings: Mapping[str, Any]) -> smtplib.SMTP:
    """Return the server, encrypted and signed in as the settings say."""
    host, port, patience = settings["host"], settings["port"], settings["timeout"]
    name = (address(settings["sender"]) or ("", ""))[1]
    tls = settings["tls"]
    trusted = None
    if tls != "none":
        trusted = ssl.create_default_context(cafile=settings["ca_file"] or None)
    if tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            host, port, local_hostname=name, timeout=patience, context=trusted
        )
    else:
        server = smtplib.SMTP(host, port, local_hostname=name, timeout=patience)
    try:
        if tls == "starttls":
            server.starttls(context=trusted)
        if settings["user"]:
            server.login(settings["user"], settings["password"])
    except BaseException:
        server.close()
        raise
    return server
