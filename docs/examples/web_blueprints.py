"""Shows the house rules of a program, to those who take part and to its staff."""

from mentorkit import Manifest, hookimpl

manifest = Manifest(title="House rules", requires_core=">=0.1,<1")


@hookimpl
def mentorkit_web_blueprints():
    import flask

    from mentorkit.web import allow, current

    pages = flask.Blueprint("web_blueprints", __name__)

    @pages.get("/<program>/rules")
    @allow("mentee", "mentor", "coordinator")
    def rules(program):
        visit = current()
        told = visit.words("Be on time, and say when you cannot come.")
        return f"{visit.person.name}: {told}"

    yield pages
