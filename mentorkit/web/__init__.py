"""The mountable web part: who may open a view is settled here before there is any view."""

from __future__ import annotations

from mentorkit.web.access import allow

__all__ = ["allow"]
