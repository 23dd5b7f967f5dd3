"""A mail server on this machine: it takes mails, or answers as a test tells it to."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_string
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

# Made for these tests alone: a server called localhost, whom nobody else trusts.
PEM = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyo8c8k44Q/JLv2Vf
RSuoSPYwlghOv+DorK5XiF6jLKuhRANCAARLmH+VJpnRiueo82say7krdgHc/2l+
52PEbclSu+oDRfuy+qQeBY5y+sFtgek3tJvlB/AwU68ydRGX+vkj9Dy3
-----END PRIVATE KEY-----
-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUdcXhcpf7GUjnzdcc/Tgpc9KHTjEwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjIyMjY0OVoYDzIxMjYxMTAy
MjIyNjQ5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARLmH+VJpnRiueo82say7krdgHc/2l+52PEbclSu+oDRfuy+qQeBY5y
+sFtgek3tJvlB/AwU68ydRGX+vkj9Dy3o28wbTAdBgNVHQ4EFgQUdriuofwBpXk5
eKmNEz7LWmHlgqswHwYDVR0jBBgwFoAUdriuofwBpXk5eKmNEz7LWmHlgqswDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhALuRis5m+KRoaWIUu+kGAZDwxBuSlIoxLaB5fpZgAzaHAiAN
sAGuete/vIWUf8olRB2n9Vy9kHti9S5PS+bDKHqgIQ==
-----END CERTIFICATE-----
"""


@dataclass
class Mails:
    """What arrived, and how the server is to answer.

    `answers` maps a command (CONNECT, EHLO, MAIL, RCPT, DATA, END for the end of a mail) to the
    line that it is answered with; ``"drop"`` hangs up there, ``"hang"`` says nothing any more.
    """

    port: int
    certificate: Path
    answers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, list[str], EmailMessage]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    encrypted: int = 0
    features: tuple[str, ...] = ("SMTPUTF8", "8BITMIME", "AUTH PLAIN", "STARTTLS")


@contextmanager
def serving(folder: Path, *, tls: bool = False) -> Iterator[Mails]:
    """Listen on a free port of this machine; `tls` speaks encrypted from the first byte."""
    pem = folder / "server.pem"
    pem.write_text(PEM)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    over = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if tls:
                self._encrypt()
            try:
                self._talk()
            except (ConnectionError, TimeoutError, ssl.SSLError):
                pass
            finally:
                self.request.close()

        def _encrypt(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)
            mails.encrypted += 1

        def _say(self, what: str, usual: str) -> None:
            """Answer; raise where the test wants the talk to end."""
            line = mails.answers.get(what, usual)
            if line == "drop":
                raise ConnectionAbortedError
            if line == "hang":
                over.wait(10)
                raise ConnectionAbortedError
            self.request.sendall(line.encode() + b"\r\n")

        def _lines(self) -> Iterator[bytes]:
            kept = b""
            while True:
                while b"\r\n" not in kept:
                    more = self.request.recv(65536)
                    if not more:
                        raise ConnectionAbortedError
                    kept += more
                line, kept = kept.split(b"\r\n", 1)
                yield line

        def _talk(self) -> None:
            self._say("CONNECT", "220 here")
            lines, sender, to = self._lines(), "", [""]
            while True:
                line = next(lines).decode()
                mails.said.append(line)
                verb = line.split(" ")[0].split(":")[0].upper()
                if verb == "EHLO":
                    features = [f for f in mails.features if not (tls and f == "STARTTLS")]
                    told = "\r\n".join([*(f"250-{one}" for one in ("here", *features)), "250 OK"])
                    self._say("EHLO", told)
                elif verb == "STARTTLS":
                    self._say("STARTTLS", "220 go on")
                    self._encrypt()
                    lines = self._lines()
                elif verb == "MAIL":
                    sender, to = line, []
                    self._say("MAIL", "250 fine")
                elif verb == "RCPT":
                    to.append(line[line.index("<") + 1 : line.index(">")])
                    self._say("RCPT", "250 fine")
                elif verb == "DATA":
                    self._say("DATA", "354 go on")
                    body = []
                    while (each := next(lines)) != b".":
                        body.append(each.removeprefix(b".") if each.startswith(b"..") else each)
                    text = b"\r\n".join([*body, b""]).decode()
                    read: Any = message_from_string(text, policy=default)
                    if "END" not in mails.answers or mails.answers["END"] == "drop":
                        mails.taken.append((sender, to, read))
                    self._say("END", "250 taken")
                elif verb == "QUIT":
                    self._say("QUIT", "221 bye")
                    return
                else:
                    self._say(verb, "235 fine" if verb == "AUTH" else "250 fine")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Handler) as server:
        mails = Mails(port=server.server_address[1], certificate=pem)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield mails
        over.set()
        server.shutdown()


def free_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
