"""Chats: how somebody connects theirs with the bot, by a link that works once, and ends that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mentorkit.journey import links

if TYPE_CHECKING:
    import sqlalchemy as sa

    from mentorkit.hooks import WorkContext
    from mentorkit.kit import Kit
    from mentorkit.store import Talks

NAME = "telegram"
PURPOSE = "telegram.start"
TEXTS: Mapping[str, Mapping[str, str]] = {
    "connected": {
        "en": "Your mentoring messages come here from now on. Send /stop to end that.",
        "es": "Desde ahora recibirá aquí los mensajes de su mentoría. Envíe /stop para terminarlo.",
        "fr": "Vous recevez désormais ici les messages de votre mentorat. Envoyez /stop pour "
        "arrêter.",
        "pt": "A partir de agora você recebe aqui as mensagens da sua mentoria. Envie /stop para "
        "parar.",
        "sw": "Kuanzia sasa ujumbe wa ushauri wako utakuja hapa. Tuma /stop kuusitisha.",
    },
    "over": {
        "en": "This link has been used, or its time is over. Please make a new one on your "
        "mentoring page.",
        "es": "Este enlace ya se usó o ha caducado. Cree otro en su página de mentoría.",
        "fr": "Ce lien a déjà servi, ou son délai est passé. Créez-en un autre sur votre page de "
        "mentorat.",
        "pt": "Este link já foi usado ou expirou. Crie outro na sua página de mentoria.",
        "sw": "Kiungo hiki kimetumika au muda wake umeisha. Tengeneza kingine kwenye ukurasa wako "
        "wa ushauri.",
    },
}
"""What is said in the chat to whoever has opened a link, by what came of it."""


def make(kit: Kit, *, tenant: str, person: str) -> str:
    """Return the address that connects a chat with this person (id), once and for a short time.

    Raises `Conflict` (link.no_secret) where the kit has no `secret_keys`.
    """
    import sqlalchemy as sa

    from mentorkit_telegram import tables

    settings, id, now = kit.registry.plugins[NAME].settings, kit.ids(), kit.clock()
    token = links.short(kit, tenant=tenant, purpose=PURPOSE, id=id)
    row = {
        "tenant": tenant,
        "id": id,
        "person_id": person,
        "fingerprint": links.fingerprint(token),
        "created_at": now,
        "until": now + timedelta(minutes=settings["minutes"]),
    }
    own = tables.link.c
    over = (own.tenant == tenant, own.until < now - timedelta(days=1))
    with kit.work_context(tenant, None, NAME).transaction() as connection:
        connection.execute(sa.delete(tables.link).where(*over))
        connection.execute(sa.insert(tables.link).values(row))
    return f"https://t.me/{settings['bot']}?start={token}"


def connect(ctx: WorkContext, token: str, chat: str) -> Mapping[str, str]:
    """Let a chat be that of the person whose link it is; return what to say, by language.

    A link that is sent again by the same chat has done the same.
    """
    import sqlalchemy as sa

    from mentorkit_telegram import tables

    link = tables.link.c
    mine = (link.tenant == ctx.tenant, link.fingerprint == links.fingerprint(token))
    with ctx.transaction() as connection:
        using = sa.update(tables.link).where(*mine, link.used_at.is_(None), link.until >= ctx.now)
        used = connection.execute(using.values(used_at=ctx.now, chat=chat)).rowcount
        row = connection.execute(sa.select(tables.link).where(*mine)).one_or_none()
        if row is None or row.chat != chat:
            return TEXTS["over"]
        if used:
            from mentorkit.store import Talk

            talks = _talks(ctx, connection)
            known = talks.of(row.person_id, hold=True) or Talk(person_id=row.person_id, address="")
            talks.keep(replace(known, address=chat, stopped_at=None))
    return TEXTS["connected"]


def of(ctx: WorkContext, person: str) -> str | None:
    """Return the chat that a person has connected, if any."""
    with ctx.transaction(write=False) as connection:
        talk = _talks(ctx, connection).of(person)
    return talk.address if talk else None


def state(ctx: WorkContext, person: str) -> str:
    """Return how it stands with somebody's chat: ``none``, ``connected`` or ``stopped``."""
    with ctx.transaction(write=False) as connection:
        talk = _talks(ctx, connection).of(person)
    return "none" if talk is None else "stopped" if talk.stopped_at else "connected"


def end(ctx: WorkContext, person: str) -> None:
    """Forget somebody's chat, and the links that they have not used."""
    import sqlalchemy as sa

    from mentorkit_telegram import tables

    with ctx.transaction() as connection:
        for table in (tables.talk, tables.link):
            theirs = (table.c.tenant == ctx.tenant, table.c.person_id == person)
            connection.execute(sa.delete(table).where(*theirs))


def _talks(ctx: Any, connection: sa.Connection) -> Talks:
    from mentorkit.store import Talks
    from mentorkit_telegram import tables

    return Talks(connection=connection, table=tables.talk, tenant=ctx.tenant, now=ctx.now)
