"""Is the process up, is it ready to serve, is its database safe to keep money in.

`/healthz` asks nothing of anyone, so that a database that is away does not get the process killed.
`/readyz` answers 503 until a request could succeed. `unsafe_settings` is asked once at the start of
web and worker: a server that may forget a confirmed posting is refused.
"""

import ipaddress
from collections.abc import Callable

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.web import metrics as figures
from regulars.web import schema, sql
from regulars.web.pages import refused
from regulars.web.permissions import demand, public
from regulars.web.problems import problem_of

RETRY_AFTER_SECONDS = 2
OLDEST_VERSION = 150_000

# Each of these may lose or spoil a confirmed posting when the machine stops at the wrong moment.
SAFE_VALUES = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "local", "remote_write", "remote_apply"),
    "data_checksums": ("on",),
}


class DatabaseUnsafe(Refusal):
    """The server's settings could lose or spoil what was confirmed."""

    kind = Kind.DENIED
    reason = message(
        "The database could lose confirmed points: {settings}. Turn these on before Regulars "
        "serves (data_checksums with pg_checksums --enable on the stopped server)."
    )


class DatabaseTooOld(Refusal):
    """The server is older than what Regulars is written for."""

    kind = Kind.DENIED
    reason = message("The database is PostgreSQL {version}; Regulars needs 15 or newer.")


class DatabaseBehind(Refusal):
    """The database lacks migrations of this version."""

    kind = Kind.TRY_LATER
    reason = message("{count} migrations are pending. Run regulars db migrate.")


class KeyringForeign(Refusal):
    """The keys at hand are not the ones the database was written with."""

    kind = Kind.DENIED
    reason = message(
        "The keys in {folder} are not the ones this database was written with. Bring back the "
        "files master.key, house.key and index.key that belong to it."
    )


class DatabaseAway(Refusal):
    """The database cannot be asked now."""

    kind = Kind.TRY_LATER
    reason = message("The database is away. Try again soon.")


def unsafe_settings() -> dict[str, str]:
    """Read the settings that could lose money and return those that are wrong."""
    found = dict(
        sql.rows(
            "SELECT name::text, setting::text FROM pg_settings WHERE name = ANY(%s::text[])",
            [list(SAFE_VALUES)],
        )
    )
    return {
        name: found.get(name, "unknown")
        for name, safe in SAFE_VALUES.items()
        if found.get(name) not in safe
    }


def check_start() -> None:
    """Refuse to serve on a database that is unsafe, too old, behind, or sealed by other keys."""
    row = sql.row("SELECT current_setting('server_version_num')::int")
    if row is not None and row[0] < OLDEST_VERSION:
        raise DatabaseTooOld(version=row[0] // 10_000)
    if wrong := unsafe_settings():
        raise DatabaseUnsafe(
            settings=", ".join(f"{name} = {value}" for name, value in wrong.items())
        )
    if pending := schema.list_pending():
        raise DatabaseBehind(count=len(pending))
    if not schema.is_keyring_the_one():
        raise KeyringForeign(folder=str(settings.REGULARS_VAR / "keys"))


class DatabaseAwayMiddleware:
    """Answer a page whose database went away with 503 and when to come again, not with a bug."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Draw the refusal; any other exception stays a bug. The API answers for itself."""
        if not isinstance(error, OperationalError | InterfaceError):
            return None
        response = refused(request, DatabaseAway())
        response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response


@public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 Django hands it over
    """Answer that this process lives."""
    return JsonResponse({"status": "ok"})


@public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 Django hands it over
    """Answer 200 when a request could succeed, else 503 with the reason and when to ask again."""
    reason = why_not_ready()
    if reason is None:
        return JsonResponse({"status": "ready"})
    response = JsonResponse({"status": "not_ready", "reason": reason}, status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def why_not_ready() -> str | None:
    """Name what stands in the way of serving, or None."""
    try:
        row = sql.row("SELECT pg_is_in_recovery()")
        if row is None or row[0]:
            return "database_in_recovery"
        return "migrations_pending" if schema.list_pending() else None
    except (DatabaseError, InterfaceError):
        connection.close()  # the next request opens a fresh one
        return "database_away"


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer the figures, to this machine or to whoever may see operations."""
    if not is_from_this_machine(request):
        try:
            demand(request, "operations.read")
        except Refusal as no:
            return problem_of(no)
    return HttpResponse(figures.render(), content_type="text/plain; version=0.0.4; charset=utf-8")


metrics.permission = "operations.read"  # type: ignore[attr-defined]


def is_from_this_machine(request: HttpRequest) -> bool:
    """Tell whether the caller is on this machine itself, and not behind a proxy on it."""
    if settings.TRUSTED_PROXIES or "HTTP_X_FORWARDED_FOR" in request.META:
        return False
    if "HTTP_FORWARDED" in request.META:
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
