"""The sample host: a small product of its own, with mentoring mounted inside it.

It has its own users, tables, sign-in, layout and error pages, as any product has. Read it as the
example of how mentorkit is mounted: all of that is in `mount`.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask
import sqlalchemy as sa
from markupsafe import Markup
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    mapped_column,
    relationship,
    sessionmaker,
)

from mentorkit import DEFAULT_PLUGINS
from mentorkit.domain.people import Actor
from mentorkit.domain.site import Portal
from mentorkit.hooks import Slot
from mentorkit.kit import Kit
from mentorkit.web import blueprint
from mentorkit_demo.post import plugin, sent
from mentorkit_magiclink import or_session

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

TENANT = "default"
"""Mentoring's tenant here: there is but one."""


class Base(DeclarativeBase):
    """The host's own tables; mentorkit's stand beside them and know nothing of these."""


class User(Base):
    """Somebody with an account in the product."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(sa.String(80), unique=True)
    name: Mapped[str] = mapped_column(sa.String(200))
    shown_as: Mapped[str] = mapped_column(sa.String(80), default="")
    is_admin: Mapped[bool] = mapped_column(default=False)
    sales: Mapped[list[Sale]] = relationship(back_populates="seller", order_by="Sale.id")


class Mail(Base):
    """A sign-in link that would have been sent to a phone or mailbox."""

    __tablename__ = "letters"

    key: Mapped[str] = mapped_column(sa.String(255), primary_key=True)
    at: Mapped[datetime]
    to: Mapped[str] = mapped_column(sa.String(500))
    text: Mapped[str] = mapped_column(sa.Text)


class Sale(Base):
    """One line of a user's book of sales."""

    __tablename__ = "sales"

    id: Mapped[int] = mapped_column(primary_key=True)
    seller_id: Mapped[int] = mapped_column(sa.ForeignKey("users.id"))
    what: Mapped[str] = mapped_column(sa.String(200))
    cents: Mapped[int]
    seller: Mapped[User] = relationship(back_populates="sales")


def sessions_at(path: Path) -> sessionmaker[Session]:
    """Return what makes sessions on the host's own SQLite file."""
    from mentorkit.store import prepare

    engine = sa.create_engine(f"sqlite:///{path}")
    prepare(engine)  # so that several may write at once
    return sessionmaker(engine)


def create_app(sessions: sessionmaker[Session], **config: Any) -> flask.Flask:
    """Make the product, without mentoring."""
    app = flask.Flask(__name__, template_folder="host_templates", static_folder="host_static")
    app.config.update(SECRET_KEY="demo", **config)
    Base.metadata.create_all(sessions.kw["bind"])

    @app.get("/")
    def start() -> str:
        with sessions() as session:
            users = session.scalars(sa.select(User).order_by(User.id)).all()
            return flask.render_template("start.html", users=users, me=_me(session))

    @app.post("/sign-in/<login>")
    def sign_in(login: str) -> Response:
        flask.session["login"] = login
        wanted = flask.request.form.get("next", "")
        ours = wanted.startswith("/mentoring/") and wanted.isprintable() and "\\" not in wanted
        return flask.redirect(wanted if ours else "/mentoring/", code=303)

    @app.post("/sign-out")
    def sign_out() -> Response:
        flask.session.clear()
        return flask.redirect("/", code=303)

    @app.get("/sales")
    def sales() -> str:
        with sessions() as session:
            me = _me(session)
            if me is None:
                flask.abort(403)
            return flask.render_template("sales.html", me=me, sales=me.sales)

    @app.get("/post")
    def post() -> str:
        with sessions() as session:
            letters = sent(session, TENANT)
            return flask.render_template("post.html", letters=letters, me=_me(session))

    @app.errorhandler(404)
    @app.errorhandler(403)
    def lost(error: Any) -> tuple[str, int]:
        return flask.render_template("lost.html", error=error, me=None), error.code

    @app.context_processor
    def signed_in_as() -> dict[str, Any]:
        with sessions() as session:
            me = _me(session)
            return {"user_name": me.name if me else None}

    return app


def _me(session: Session) -> User | None:
    """Return who is signed in, by the host's own session cookie."""
    login = flask.session.get("login")
    return session.scalar(sa.select(User).where(User.login == login)) if login else None


def mount(app: flask.Flask, sessions: sessionmaker[Session], base: str = "") -> Kit:
    """Put mentoring into the product: its sessions, its secret, its address, its layout.

    `base` is where people find the product, such as ``https://example.org``.
    """
    site = Portal(f"{base}/mentoring") if base else None

    def accounts(visit: Any, to: str) -> Markup:
        """Show whose account can be tried, on the page for whoever is not signed in."""
        with sessions() as session:
            users = session.scalars(sa.select(User).order_by(User.id)).all()
            return Markup(flask.render_template("accounts.html", users=users, wanted=to))

    slots = [Slot(name="sign_in", render=accounts)]
    plugins = [*DEFAULT_PLUGINS, ("market_post", plugin(sessions, slots))]
    kit = Kit(sessions=sessions, plugins=plugins, secret_keys=[app.config["SECRET_KEY"]], site=site)

    def actor() -> Actor | None:
        with sessions() as session:
            me = _me(session)
            return Actor(user_ref=me.login, admin=me.is_admin) if me else None

    pages = blueprint(kit, actor=or_session(kit, actor), layout="product.html")
    app.register_blueprint(pages, url_prefix="/mentoring")
    return kit
