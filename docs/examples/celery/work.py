"""The product of the tutorial, and its own Celery app, which does mentorkit's work as well."""

from celery import Celery
from mentorkit_celery import beat_schedule, install
from product import app, kit

__all__ = ["app", "celery_app", "kit"]  # serve work:app, so that pages ring, too

celery_app = Celery("product", broker="redis://127.0.0.1:6379/0")  # you have yours already

install(celery_app, kit)
celery_app.conf.beat_schedule = {**celery_app.conf.beat_schedule, **beat_schedule()}
