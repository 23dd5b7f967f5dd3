"""The product of the tutorial, with sign-in links for people without an account."""

import flask
import sqlalchemy as sa
from sqlalchemy.orm import sessionmaker

from mentorkit import Kit, Portal
from mentorkit.hooks import Actor
from mentorkit.store import prepare
from mentorkit.web import blueprint
from mentorkit_magiclink import or_session

SITE = "http://127.0.0.1:5000/mentoring"

app = flask.Flask(__name__)
app.secret_key = "change me"
sessions = sessionmaker(prepare(sa.create_engine("sqlite:///product.db")))


def signed_in():
    user = flask.session.get("user")
    return Actor(user_ref=user, admin=user == "ada") if user else None


kit = Kit(sessions=sessions, secret_keys=[app.secret_key], site=Portal(SITE))
pages = blueprint(kit, actor=or_session(kit, signed_in), layout="base.html")
app.register_blueprint(pages, url_prefix="/mentoring")
