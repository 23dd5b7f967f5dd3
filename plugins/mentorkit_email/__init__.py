"""The plugin `email`: a channel that hands messages to the deployer's mail server (SMTP).

Until it is told of a server it reaches nobody, so that it may be loaded everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mentorkit import Manifest, hookimpl
from mentorkit.hooks import Channel, Check, Command, Parameter
from mentorkit_email.channel import Email, look
from mentorkit_email.commands import read_bounces

manifest = Manifest(
    title="E-mail",
    summary="Sends messages by e-mail, through a mail server of yours.",
    settings={
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "host": {
                "type": "string",
                "title": "Mail server",
                "description": "Its name, such as smtp.example.org. Empty: no mail is sent.",
                "default": "",
            },
            "port": {
                "type": "integer",
                "title": "Port",
                "description": "587 with starttls, 465 with tls, 25 or another with none.",
                "default": 587,
                "minimum": 1,
                "maximum": 65535,
            },
            "tls": {
                "type": "string",
                "title": "Encryption",
                "description": "starttls begins in the clear and goes on encrypted, or not at "
                "all; tls is encrypted from the first byte; none is for a server on this machine.",
                "enum": ["starttls", "tls", "none"],
                "default": "starttls",
            },
            "ca_file": {
                "type": "string",
                "title": "Certificates",
                "description": "A file of certificates to trust, for a server with one of your "
                "own. Empty: those that this machine trusts.",
                "default": "",
            },
            "user": {
                "type": "string",
                "title": "User",
                "description": "Who signs in at the server. Empty: nobody does.",
                "default": "",
            },
            "password": {
                "type": "string",
                "title": "Password",
                "description": "The user's password at the server.",
                "writeOnly": True,
                "default": "",
            },
            "sender": {
                "type": "string",
                "title": "From",
                "description": "The address that mails come from. Empty: no mail is sent.",
                "default": "",
            },
            "sender_name": {
                "type": "string",
                "title": "Name of the sender",
                "description": "What stands before that address.",
                "default": "",
                "maxLength": 100,
            },
            "reply_to": {
                "type": "string",
                "title": "Answers to",
                "description": "Where an answer goes, if somebody reads it elsewhere.",
                "default": "",
            },
            "bounces_to": {
                "type": "string",
                "title": "Bounces to",
                "description": "Where a mail comes back to that does not arrive (the envelope's "
                "sender), for `mentorkit email bounces` to read. Empty: the sender.",
                "default": "",
            },
            "inbound_token": {
                "type": "string",
                "title": "Token of the mail server",
                "description": "What your mail server sends along with mails that came back, when "
                "it posts them to us. Empty: none are taken in.",
                "writeOnly": True,
                "default": "",
            },
            "timeout": {
                "type": "integer",
                "title": "Longest wait, in seconds",
                "description": "How long to wait for each answer of the mail server.",
                "default": 20,
                "minimum": 1,
                "maximum": 300,
            },
        },
    },
)


@hookimpl
def mentorkit_notification_channels(settings: Mapping[str, Any]) -> Iterable[Channel]:
    yield Email(settings)


@hookimpl
def mentorkit_checks(settings: Mapping[str, Any]) -> Iterable[Check]:
    yield Check(name="server", title="Mail is sent", run=lambda: look(settings))


@hookimpl
def mentorkit_commands() -> Iterable[Command]:
    yield Command(
        name="bounces",
        title="Read mails that came back",
        help="Note which mails did not arrive, by the notices that mail servers sent. Each FILE is "
        "one mail or a mailbox (mbox); - reads one mail that is piped in.",
        run=read_bounces,
        parameters=(
            Parameter(name="file", help="Mails to read.", required=True, type=Path, many=True),
        ),
    )
