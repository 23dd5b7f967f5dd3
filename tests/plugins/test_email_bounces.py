"""Mails that came back: what the notices of mail servers say."""

from __future__ import annotations

from random import Random

import pytest

from mentorkit.hooks import Report
from mentorkit_email.bounces import reports

OURS = f"<{'0123456789abcdef' * 2}01234567@example.org>"

POSTFIX = """\
Return-Path: <>
Date: Mon,  1 Mar 2027 09:00:02 +0000 (UTC)
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: mentoring@example.org
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F2C1A0.1803891602/mx.example.org"
Message-Id: <20270301090002.5B6C7D8@mx.example.org>

This is a MIME-encapsulated message.

--4F2C1A0.1803891602/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host mx.example.org.

<ana@example.net>: host mail.example.net[192.0.2.7] said: 550 5.1.1
    <ana@example.net>: Recipient address rejected: User unknown

--4F2C1A0.1803891602/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: 4F2C1A0
X-Postfix-Sender: rfc822; mentoring@example.org
Arrival-Date: Mon,  1 Mar 2027 09:00:00 +0000 (UTC)

Final-Recipient: rfc822; ana@example.net
Original-Recipient: rfc822;ana@example.net
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.net
Diagnostic-Code: smtp; 550 5.1.1 <ana@example.net>: Recipient address rejected:
    User unknown in virtual mailbox table

--4F2C1A0.1803891602/mx.example.org
Content-Description: Undelivered Message
Content-Type: message/rfc822

Return-Path: <mentoring@example.org>
From: Soko mentoring <mentoring@example.org>
To: Ana <ana@example.net>
Subject: Your answer is asked
Message-ID: {id}
Content-Type: text/plain; charset="utf-8"

Hello Ana, Message-ID: <not-this@example.org>

--4F2C1A0.1803891602/mx.example.org--
"""
EXCHANGE = """\
From: <postmaster@example.com>
To: <mentoring@example.org>
Date: Mon, 1 Mar 2027 09:00:05 +0000
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="c3a1f5de-7b7e-4c1a-9d0e-000000000001"
Content-Language: en-US
Message-ID: <c3a1f5de-7b7e-4c1a-9d0e-1@example.com>
In-Reply-To: {id}
References: <elsewhere@example.org>
Subject: =?utf-8?B?VW5kZWxpdmVyYWJsZTogWW91ciBhbnN3ZXIgaXMgYXNrZWQ=?=
Auto-Submitted: auto-replied

--c3a1f5de-7b7e-4c1a-9d0e-000000000001
Content-Type: multipart/alternative; differences=Content-Type;
\tboundary="c3a1f5de-7b7e-4c1a-9d0e-000000000002"

--c3a1f5de-7b7e-4c1a-9d0e-000000000002
Content-Type: text/plain; charset="us-ascii"

Delivery has failed to these recipients or groups: ana@example.com

--c3a1f5de-7b7e-4c1a-9d0e-000000000002
Content-Type: text/html; charset="us-ascii"

<html><body><p>Delivery has failed</p></body></html>

--c3a1f5de-7b7e-4c1a-9d0e-000000000002--

--c3a1f5de-7b7e-4c1a-9d0e-000000000001
Content-Type: message/delivery-status

Reporting-MTA: dns;SN6PR01MB0001.example.com
Received-From-MTA: dns;mx.example.org
Arrival-Date: Mon, 1 Mar 2027 09:00:03 +0000

Final-Recipient: rfc822;ana@example.com
Action: failed
Status: {status}
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found

--c3a1f5de-7b7e-4c1a-9d0e-000000000001
Content-Type: text/rfc822-headers; charset="us-ascii"
Content-Transfer-Encoding: quoted-printable

Received: from mx.example.org by SN6PR01MB0001.example.com;=20
 Mon, 1 Mar 2027 09:00:03 +0000
Subject: Your answer is asked
Message-ID:
 {id}
From: mentoring@example.org

--c3a1f5de-7b7e-4c1a-9d0e-000000000001--
"""
GLOBAL = """\
From: postmaster@example.net
To: mentoring@example.org
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=global-delivery-status; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Nobody here.

--b
Content-Type: message/global-delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: utf-8; نور@example.net
Action: failed
Status: 5.1.1

--b
Content-Type: message/global-headers

From: mentoring@example.org
To: نور@example.net
Message-ID: {id}

--b--
"""


def postfix(id: str = OURS, action: str = "failed", status: str = "5.1.1") -> bytes:
    return POSTFIX.format(id=id, action=action, status=status).encode()


def exchange(id: str = OURS, status: str = "5.1.10") -> bytes:
    return EXCHANGE.format(id=id, status=status).replace("\n", "\r\n").encode()


@pytest.mark.parametrize(
    ("action", "status", "report"),
    [
        ("failed", "5.1.1", ("bounced", "email.5.1.1")),
        ("failed", "5.1.2", ("bounced", "email.5.1.2")),
        ("failed", "5.2.1", ("bounced", "email.5.2.1")),
        ("failed", "5.4.4", ("bounced", "email.5.4.4")),
        ("Failed (bad address)", "5.0.0 (unknown)", ("bounced", "email.5.0.0")),
        ("failed", "5.1.8", ("failed", "email.5.1.8")),  # the sender's address
        ("failed", "5.2.2", ("failed", "email.5.2.2")),  # the mailbox is full
        ("failed", "5.7.1", ("failed", "email.5.7.1")),  # a policy
        ("failed", "4.4.7", ("failed", "email.4.4.7")),  # given up after days
        ("delayed", "4.4.1", ("accepted", "email.4.4.1")),
        ("delivered", "2.0.0", ("delivered", "")),
        ("failed", "no number", ("failed", "email.unknown")),
        ("relayed", "2.0.0", None),
        ("expanded", "2.0.0", None),
        ("", "5.1.1", None),
    ],
)
def test_a_notice_says_by_its_fields_what_became_of_a_mail(
    action: str, status: str, report: tuple[str, str] | None
) -> None:
    expected = [Report(reference=OURS, state=report[0], code=report[1])] if report else []
    assert reports(postfix(action=action, status=status)) == expected


def test_notices_of_several_makes_of_mail_server_are_read() -> None:
    assert reports(exchange()) == [Report(reference=OURS, state="bounced", code="email.5.1.10")]
    assert reports(GLOBAL.format(id=OURS).encode()) == [
        Report(reference=OURS, state="bounced", code="email.5.1.1")
    ]


def test_a_mail_is_known_by_the_message_id_that_came_back_and_by_nothing_else() -> None:
    text = postfix().decode()
    for broken in (
        text.replace(f"Message-ID: {OURS}\n", ""),  # what stands in the text does not count
        text.replace("multipart/report", "multipart/mixed"),
        text.replace("message/delivery-status", "text/plain"),
        text.replace("Content-Type: message/rfc822", "Content-Type: application/octet-stream"),
        "Subject: Undelivered\n\n" + text.partition("\n\n")[2],
        f"Subject: Out of office\nIn-Reply-To: {OURS}\n\nAction: failed\nStatus: 5.1.1\n",
        "", "\n\n", "\0",
    ):  # fmt: skip
        assert reports(broken.encode()) == []


def test_a_notice_that_is_damaged_is_no_failure() -> None:
    random = Random(7)
    for whole in (postfix(), exchange(), GLOBAL.format(id=OURS).encode()):
        for part in range(0, len(whole), 97):
            assert isinstance(reports(whole[:part]), list)
        for _ in range(60):
            garbled = bytearray(whole)
            for _ in range(random.randint(1, 12)):
                garbled[random.randrange(len(garbled))] = random.randrange(256)
            assert isinstance(reports(bytes(garbled)), list)
    odd = postfix().replace(b"us-ascii", b"no-such-charset").replace(b"Status: 5", b"Status: \xff5")
    assert [one.state for one in reports(odd)] == ["failed"]
