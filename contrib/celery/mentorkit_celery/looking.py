"""What `mentorkit doctor` says of Celery."""

from __future__ import annotations

from typing import Any

from mentorkit.hooks import Health
from mentorkit_celery.line import CONNECT, why
from mentorkit_celery.runner import LIMITS, Runner, runners


def examine() -> Health:
    """Return whether the broker answers and workers listen to every queue."""
    found = runners()
    if not found:
        return Health(
            ok=False,
            message="The plugin is listed, but no Celery app works for this kit.",
            hint="Call mentorkit_celery.install(celery_app, kit) where the kit is made.",
        )
    for runner in found:
        told = _settings(runner.app.conf) or _beat(runner) or _listening(runner)
        if told:
            return told
    return Health(ok=True, message="Celery answers, and workers listen to every queue.")


def _settings(conf: Any) -> Health | None:
    """Return what of the host's settings keeps our tasks from being run as they must."""
    if "json" not in conf.accept_content and "application/json" not in conf.accept_content:
        return Health(
            ok=False,
            message="Celery's accept_content has no json, so workers refuse our messages.",
            hint="Add 'json' to accept_content.",
        )
    hidden = (conf.broker_transport_options or {}).get("visibility_timeout")
    longest = max(LIMITS.values())
    if hidden is not None and hidden <= longest:
        return Health(
            ok=False,
            message=f"The broker's visibility_timeout is {hidden} s, and a task may take {longest}:"
            " it would be begun a second time meanwhile.",
            hint="Leave it out of broker_transport_options, or set an hour.",
        )
    return None


def _beat(runner: Runner) -> Health | None:
    """Return which entry of beat, made by `beat_schedule`, begins a task that there is not."""
    entries = runner.app.conf.beat_schedule or {}
    lost = [
        name for name, entry in entries.items()
        if name.endswith(".due") and entry.get("task") == name not in runner.app.tasks
    ]  # fmt: skip
    if not lost:
        return None
    return Health(
        ok=False,
        message=f"Beat is to begin the task {lost[0]}, and there is none of that name: what comes"
        " due, and what a lost message left, waits.",
        hint=f"Give beat_schedule the prefix of install: beat_schedule(prefix={runner.prefix!r}).",
    )


def _listening(runner: Runner) -> Health | None:
    """Return which queues nobody listens to, or that the broker does not answer."""
    try:
        bounds = {"max_retries": 0, "socket_connect_timeout": CONNECT}
        with runner.app.connection_for_read(
            connect_timeout=CONNECT, transport_options=bounds
        ) as connection:
            connection.ensure_connection(max_retries=1, timeout=CONNECT)
            asked = runner.app.control.inspect(timeout=1.0, connection=connection)
            answers = asked.active_queues() or {}
    except Exception as error:
        return Health(
            ok=False,
            message=f"The broker does not answer ({why(runner.app, error)}).",
            hint="Start it, or mend broker_url; work that waits is done once it is back.",
        )
    heard = {queue["name"] for queues in answers.values() for queue in queues}
    missing = [name for name in runner.queues if name not in heard]
    if not missing:
        return None
    return Health(
        ok=False,
        message=f"No worker listens to {', '.join(missing)}.",
        hint=f"Start one: celery -A YOUR_APP worker -Q celery,{','.join(runner.queues)}",
    )


__all__ = ["examine"]
