"""A small product with its own users and log-in, and mentoring mounted inside it."""

import flask
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from mentorkit import Kit
from mentorkit.hooks import Actor
from mentorkit.store import prepare
from mentorkit.web import blueprint

USERS = {"ada": "Ada Admin", "amina": "Amina Obi"}  # yours stand in your database

app = flask.Flask(__name__)
app.secret_key = "change me"


@app.get("/")
def start():
    return flask.render_template("start.html", users=USERS)


@app.post("/log-in/<user>")
def log_in(user):
    flask.session["user"] = user
    return flask.redirect("/mentoring/")


# ------------------------------------------------------------------ mentoring, from here on

sessions = sessionmaker(prepare(sa.create_engine("sqlite:///product.db")))
kit = Kit(sessions=sessions)


def signed_in():
    user = flask.session.get("user")
    return Actor(user_ref=user, admin=user == "ada") if user in USERS else None


pages = blueprint(kit, actor=signed_in, layout="base.html")
app.register_blueprint(pages, url_prefix="/mentoring")
