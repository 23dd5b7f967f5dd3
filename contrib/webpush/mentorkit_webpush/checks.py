"""The look whether the key of the settings can be read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mentorkit.hooks import Health


def look(settings: Mapping[str, Any]) -> Health:
    """Look whether the key can be read."""
    from mentorkit_webpush import sealing

    try:
        sealing.private_key(settings["key"])
    except ValueError:
        hint = "Make one with `python -m mentorkit_webpush`, and name it in the plugin's settings."
        return Health(ok=False, message="The key for notifications cannot be read.", hint=hint)
    return Health(ok=True, message="The key for notifications can be read.")
