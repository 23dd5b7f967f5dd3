"""``mentorkit demo``: starts the sample host on this computer, with a program in mid-life."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mentorkit.errors import Conflict, MentorKitError
from mentorkit.hooks import Context

if TYPE_CHECKING:
    from sqlalchemy.orm import Session, sessionmaker

    from mentorkit.kit import Kit

kit_log = logging.getLogger("mentorkit.plugin.demo")

SHOWN = {
    "coordinator": "Coordinator of the mentoring program",
    "mentor": "Mentor",
    "mentee": "Mentee, with a mentor",
    "asked": "Mentee, with a proposal to answer",
}


def serve(
    ctx: Context, *, port: int = 5050, folder: Path = Path("demo"), fresh: bool = False
) -> None:
    """Make the demo where it is not there yet, and serve it on 127.0.0.1 until stopped.

    Raises `Conflict` for a port that somebody else listens on.
    """
    # Here, not at the top: every `mentorkit` command loads this plugin.
    from werkzeug.serving import make_server

    from mentorkit_demo import host

    folder.mkdir(parents=True, exist_ok=True)
    database = folder / "demo.db"
    if fresh:
        for file in folder.glob("demo.db*"):
            file.unlink()
    sessions = host.sessions_at(database)
    app = host.create_app(sessions)
    try:
        server = make_server("127.0.0.1", port, app, threaded=True)
    except (OSError, SystemExit):
        told = f"Something else listens on port {port}. Stop it, or give another with --port."
        raise Conflict("demo.port", told) from None
    kit = host.mount(app, sessions, base=f"http://127.0.0.1:{server.server_port}")
    kit.upgrade()
    populate(sessions, kit)
    stop = threading.Event()
    threading.Thread(target=_work, args=(kit, stop), daemon=True).start()
    print(f"ready: http://127.0.0.1:{server.server_port}/", flush=True)
    print("Open it, and sign in with one click as coordinator, mentor or mentee.", flush=True)
    print("Ctrl-C stops it; what you did is kept.", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
    finally:
        stop.set()
        server.server_close()
        kit.close()


def _work(kit: Kit, stop: threading.Event) -> None:
    """Do what the program has promised, each quarter of a minute, as cron would by the minute."""
    from mentorkit.worker import work

    waits = 0
    while not stop.wait(waits):
        try:
            work(kit)
        except MentorKitError as error:
            kit_log.warning("work: %s", error)
        waits = 15


def _stage(name: str) -> None:
    print(f"  {name} ...", flush=True)


def populate(sessions: sessionmaker[Session], kit: Kit) -> None:
    """Make the product's users and the program, unless they are there."""
    import sqlalchemy as sa

    from mentorkit_demo import host, life

    with sessions() as session:
        if session.scalar(sa.select(sa.func.count(host.User.id))):
            return
    print("Making up 120 people and seven months of mentoring; a moment, please.", flush=True)
    users = life.live(kit, tenant=host.TENANT, now=datetime.now(UTC), tell=_stage)
    with sessions() as session:
        for login, name in users.items():
            session.add(host.User(login=login, name=name, shown_as=SHOWN[login]))
        admin = host.User(login="admin", name="Ada Admin", is_admin=True)
        admin.shown_as = "Administrator of the product"
        admin.sales = [
            host.Sale(what="Twelve baskets", cents=4800),
            host.Sale(what="Repair of a sewing machine", cents=1550),
        ]
        session.add(admin)
        session.commit()
