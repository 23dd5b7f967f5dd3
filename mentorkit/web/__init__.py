"""The mountable web part: pages for a program, inside a host's own portal.

app.register_blueprint(
    blueprint(kit, actor=signed_in, layout="base.html"), url_prefix="/mentoring"
)
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

import flask
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wsgi import LimitedStream

from mentorkit.domain.people import Actor
from mentorkit.errors import MentorKitError, NotFound, SettingsError
from mentorkit.journey import standing
from mentorkit.web import access, once, problems
from mentorkit.web.access import allow
from mentorkit.web.brought import brought
from mentorkit.web.pages import (  # noqa: F401
    PAGES,
    Page,
    answering,
    cohorts,
    home,
    inbound,
    introductions,
    looking,
    matching,
    messages,
    met,
    nudges,
    parked,
    parting,
    people,
    plugins,
    programs,
    proposals,
    relationships,
    report,
    safety,
    setup,
    sheets,
    silence,
    strategies,
    texts,
    together,
)
from mentorkit.web.tokens import Tokens
from mentorkit.web.visits import Portal, Visit, current

if TYPE_CHECKING:
    from mentorkit.kit import Kit

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
        "base-uri 'none'",
    )
)
"""The content security policy of our pages, where the host has not set its own (CSP Level 3)."""

PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
"""What no page of ours asks a browser for (Permissions Policy)."""

DEFAULT_TENANT = "default"
"""Whose data a host with one tenant shows; the command line's default too."""
_PLACES = re.compile(r"<(?:[^:<>]+:)?(\w+)>")


def blueprint(
    kit: Kit,
    *,
    tenant: str | Callable[[], str] | None = None,
    actor: Callable[[], Actor | None],
    layout: str = "mentorkit/layout.html",
    sign_in: str | None = None,
    name: str = "mentorkit",
) -> flask.Blueprint:
    """Make the blueprint that a host mounts, as often and under as many names as it likes.

    `tenant` is whose data it shows: None where there is but one (``default``), the name of what
    stands in angle brackets in the prefix (``"org"`` of ``/<org>/mentoring``) or the subdomain, or
    a function asked at each request. `actor` tells who is signed in, or None. `layout` is the
    host's template; our pages fill its blocks ``title``, ``head`` and ``content``. `sign_in` is the
    address of the host's own sign-in, shown to whoever is not; ``{next}`` in it is where to come
    back to. Forms are signed with the kit's `secret_keys`, else with the app's SECRET_KEY.

    Nothing is registered on the app itself.
    """
    return _Mounts(kit, tenant, actor, layout, sign_in, name).blueprint


def arrival() -> tuple[str, str]:
    """Return the mount and the tenant of the request now running, for what tells who is there.

    It is known before the visit is: `actor` may ask it.
    """
    mount, tenant, _ = flask.g.mentorkit_arrival
    return mount, tenant


def _own(values: dict[str, Any]) -> dict[str, Any]:
    """Return what stands in the address of a page, without what the host puts before it."""
    _, _, prefix = flask.g.mentorkit_arrival
    return {name: value for name, value in values.items() if name not in prefix}


def _as_mounted(view: Callable[..., Any]) -> Callable[..., Any]:
    """Return the view as Flask calls it: without the prefix, and it cannot end the process."""

    @wraps(view)
    def called(**values: Any) -> Any:
        try:
            return view(**_own(values))
        except SystemExit as error:
            raise RuntimeError(f"The view {flask.request.endpoint} called sys.exit.") from error

    return called


class _Counting(flask.Blueprint):
    """A blueprint whose views, and those of plugins in it, are called once for each form."""

    def register(self, app: Any, options: dict[str, Any]) -> None:
        super().register(app, options)
        name = options.get("name", self.name)
        full = f"{options.get('name_prefix', '')}.{name}.".lstrip(".")
        for endpoint, view in app.view_functions.items():
            if endpoint.startswith(full):
                app.view_functions[endpoint] = _as_mounted(once.counting(view))


class _Mounts:
    """The blueprint, and what it has to know of each place where it is mounted."""

    def __init__(
        self,
        kit: Kit,
        tenant: str | Callable[[], str] | None,
        actor: Callable[[], Actor | None],
        layout: str,
        sign_in: str | None,
        name: str,
    ) -> None:
        self.kit, self.tenant, self.actor, self.layout = kit, tenant, actor, layout
        self.sign_in = sign_in
        self.places: dict[str, tuple[str, ...]] = {}
        """Full name of a mount -> what the host puts into its addresses, and is no page's."""
        self.brought = brought(kit.registry)
        made = _Counting(name, __name__, template_folder="templates", static_folder="static")
        made.record(self._mounted)
        made.url_value_preprocessor(self._arrive)
        made.url_defaults(self._address)
        made.before_request(self._guard)
        made.after_request(_protect)
        made.register_error_handler(MentorKitError, problems.page)
        made.register_error_handler(RequestEntityTooLarge, problems.too_large)
        for page in PAGES:
            made.add_url_rule(page.rule, view_func=_view(page), methods=[page.method])
        for plugin, own in self.brought.pages:
            made.register_blueprint(own, url_prefix=f"/x/{plugin.name}")
        self.blueprint = made

    def _mounted(self, state: BlueprintSetupState) -> None:
        """Note a mount; refuse one whose forms nobody could sign."""
        if not self.kit.secret_keys and not state.app.config.get("SECRET_KEY"):
            raise SettingsError(
                "web.no_secret",
                "mentorkit signs its forms, and has no secret to do it with. Give the app a "
                "SECRET_KEY, or the kit secret_keys=[...].",
            )
        full = f"{state.name_prefix}.{state.name}".lstrip(".")
        named = _PLACES.findall(f"{state.subdomain or ''} {state.url_prefix or ''}")
        self.places[full] = (*named, *state.url_defaults)
        if isinstance(self.tenant, str) and self.tenant not in named:
            raise SettingsError(
                "web.no_tenant",
                f"The tenant is to be read from <{self.tenant}> in the address, and the prefix "
                f"{state.url_prefix or '/'} has none. Mount under /<{self.tenant}>/..., give a "
                "function that names the tenant, or leave tenant out where there is but one.",
            )

    def _arrive(self, endpoint: str | None, values: dict[str, Any] | None) -> None:
        """Settle whose pages these are. `values` stay as they are, as the host may look at them."""
        mount = next(name for name in flask.request.blueprints if name in self.places)
        # The address is read once more, as the host may have taken out of `values` what is its own.
        adapter = flask.current_app.create_url_adapter(flask.request)
        _, matched = adapter.match() if adapter else ("", {})
        prefix = {name: matched[name] for name in self.places[mount] if name in matched}
        flask.g.mentorkit_arrival = (mount, "", prefix)  # for our page, where no tenant is found
        if (endpoint or "").endswith(".static"):
            return
        _limit(flask.current_app.view_functions[endpoint or ""])
        # what goes wrong from here on is told on a page of ours
        flask.g.mentorkit_visit = Visit(
            portal=self._portal(), mount=mount, tenant="", actor=Actor()
        )
        tenant = self.tenant() if callable(self.tenant) else DEFAULT_TENANT
        if isinstance(self.tenant, str):
            tenant = str(prefix[self.tenant])
        flask.g.mentorkit_arrival = (mount, tenant, prefix)

    def _address(self, endpoint: str, values: dict[str, Any]) -> None:
        """Put the prefix of this visit into the address of another of our pages."""
        _, _, prefix = flask.g.get("mentorkit_arrival", ("", "", {}))
        for name, value in prefix.items():
            if flask.current_app.url_map.is_endpoint_expecting(endpoint, name):
                values.setdefault(name, value)

    def _guard(self) -> None:
        """Let nobody in whom the view does not name, and no form that we did not make."""
        request = flask.request
        endpoint = request.endpoint or ""
        if endpoint.endswith(".static"):
            return
        _, tenant, _ = flask.g.mentorkit_arrival
        visit = replace(current(), tenant=tenant)
        actor = self.actor() or Actor()
        flask.g.mentorkit_visit = visit = replace(visit, actor=actor)
        asked = _own(request.view_args or {})
        named = asked.get("program")
        found = standing.visitor(self.kit, tenant=tenant, actor=actor, program=named, about=asked)
        about = {name: getattr(found, name) for name in ("person", "program", "roles", "late")}
        visit = replace(visit, **about, off=found.off, chosen=found.chosen)
        flask.g.mentorkit_visit = visit
        self._ensure_on(visit)
        view = flask.current_app.view_functions[endpoint]
        access.check(view, found.roles, nobody=visit.is_nobody)
        if found.astray:
            told = visit.words("It is not there, or it is not of this program.")
            raise NotFound(f"{found.astray}.not_found", told)
        if request.method not in ("GET", "HEAD", "OPTIONS") and not access.is_signed(view):
            flask.g.mentorkit_sent = visit.check_token()

    def _ensure_on(self, visit: Visit) -> None:
        """Refuse a page of a plugin that the program has switched off: it is not there."""
        plugin = flask.request.blueprints[0].removeprefix(visit.mount).lstrip(".").split(".")[0]
        if plugin in visit.off:
            raise NotFound("plugin.off", "This program does not use that.")

    def _portal(self) -> Portal:
        secrets = self.kit.secret_keys or (flask.current_app.config["SECRET_KEY"],)
        return Portal(
            kit=self.kit,
            layout=self.layout,
            tokens=Tokens(secrets),
            brought=self.brought,
            sign_in=self.sign_in,
        )


def _view(page: Page) -> Callable[..., Any]:
    """Return the view as Flask calls it; the visit comes first."""

    @wraps(page.view)
    def view(**values: Any) -> Any:
        return page.view(current(), **values)

    return view


def _limit(view: Callable[..., Any]) -> None:
    """Let nobody send more than the view takes, whoever reads the form first.

    Flask before 3.1 has no limit of its own for one request, so it is the stream that ends.
    """
    request, most = flask.request, access.most(view)
    request.max_form_memory_size = most
    request.max_form_parts = access.PARTS
    is_told = (request.content_length or 0) > most  # then nothing of it is read
    sent = request.environ["wsgi.input"]
    request.environ["wsgi.input"] = _AtMost(sent, 0 if is_told else most, is_max=True)


class _AtMost(LimitedStream):
    """A stream that is refused where it is too long, also when all of it is read at once.

    Werkzeug's own then ends at the limit, as if no more had been sent.
    """

    def readall(self) -> bytes:
        read = super().readall()
        if self.is_exhausted:
            self.on_exhausted()
        return read


def _protect(response: flask.Response) -> flask.Response:
    """Add what keeps a page from being misused, where the host has not said it already."""
    for header, value in (
        ("Content-Security-Policy", POLICY),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
        ("Permissions-Policy", PERMISSIONS),
        ("Cache-Control", "private, no-store"),
    ):
        if header != "Cache-Control" or not (flask.request.endpoint or "").endswith(".static"):
            response.headers.setdefault(header, value)
    return response


__all__ = ["allow", "arrival", "blueprint", "current"]
