"""Translate every no into RFC 9457 problem+json; the only place that knows HTTP statuses.

Refusals answer with their code and facts in the reader's language. Malformed requests answer
422 with the fields. Bugs answer 500 with a trace id, and the log has the rest.
"""

import secrets
from typing import Any

import orjson
import structlog
from django.core.exceptions import RequestDataTooBig
from django.db import DataError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

from regulars.kit.errors import Refusal
from regulars.web.idempotency import STATUS_OF
from regulars.web.permissions import SignInNeeded
from regulars.web.sentences import words

log = structlog.get_logger(__name__)

DOCS = "https://regulars.dev/errors"
RETRY_AFTER_SECONDS = 1


def problem(
    status: int, code: str, title: str, *, facts: dict[str, Any] | None = None
) -> HttpResponse:
    """Build one problem+json answer; 429 and 503 say when to come back."""
    body = {
        "type": f"{DOCS}#{code}",
        "title": title,
        "status": status,
        "code": code,
        "facts": facts or {},
    }
    response = HttpResponse(
        orjson.dumps(body, default=str), status=status, content_type="application/problem+json"
    )
    if status in {429, 503}:
        seconds = (facts or {}).get("retry_after_seconds", RETRY_AFTER_SECONDS)
        response["Retry-After"] = str(seconds)
    return response


def problem_of(no: Refusal) -> HttpResponse:
    """Answer a refusal; nobody signed in is 401, everything else by its kind."""
    status = 401 if isinstance(no, SignInNeeded) else STATUS_OF[no.kind]
    response = problem(status, no.code, words(no), facts=no.facts)
    if status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def database_away(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer that the database cannot be asked now; the caller may come again."""
    log.warning("database_away", route=request.path_info, error=type(error).__name__)
    return problem(503, "web.database_away", gettext("The database is away. Try again soon."))


def broken(request: HttpRequest, error: Exception) -> HttpResponse:
    """Answer a bug: a trace id for the caller, the traceback for the log."""
    trace = secrets.token_hex(8)
    log.error("bug", trace=trace, route=request.path_info, exc_info=error)
    return problem(
        500, "web.broken", gettext("Something broke on our side."), facts={"trace": trace}
    )


def malformed(error: ValidationError) -> HttpResponse:
    """Answer which fields are not of their form; never repeats what was sent."""
    fields = [
        {
            "field": ".".join(str(part) for part in item["loc"] if part != "payload"),
            "what": item["msg"],
        }
        for item in error.errors
    ]
    return problem(
        422, "web.malformed", gettext("The request is malformed."), facts={"fields": fields}
    )


def _unwritable(request: HttpRequest, _: Exception | type[Exception]) -> HttpResponse:
    """Answer for what no column can hold, such as a null byte."""
    log.warning("data_refused", route=request.path_info)
    return problem(422, "web.malformed", gettext("The request is malformed."))


def install(api: NinjaAPI) -> None:
    """Teach one API the handlers of this module."""

    def on_refusal(_: HttpRequest, error: Refusal | type[Refusal]) -> HttpResponse:
        return problem_of(error if isinstance(error, Refusal) else error())

    def on_malformed(
        _: HttpRequest, error: ValidationError | type[ValidationError]
    ) -> HttpResponse:
        assert isinstance(error, ValidationError)
        return malformed(error)

    def on_http(_: HttpRequest, error: HttpError | type[HttpError]) -> HttpResponse:
        assert isinstance(error, HttpError)
        return problem(error.status_code, "web.malformed", gettext("The request is malformed."))

    def on_missing(_: HttpRequest, __: Http404 | type[Http404]) -> HttpResponse:
        return problem(404, "web.not_found", gettext("There is nothing here."))

    def on_large(_: HttpRequest, __: Exception | type[Exception]) -> HttpResponse:
        return problem(413, "web.too_large", gettext("The request is too large."))

    def on_database(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
        assert isinstance(error, Exception)
        return database_away(request, error)

    def on_bug(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
        assert isinstance(error, Exception)
        return broken(request, error)

    api.add_exception_handler(Refusal, on_refusal)
    api.add_exception_handler(ValidationError, on_malformed)
    api.add_exception_handler(HttpError, on_http)
    api.add_exception_handler(Http404, on_missing)
    api.add_exception_handler(RequestDataTooBig, on_large)
    api.add_exception_handler(DataError, _unwritable)
    api.add_exception_handler(OperationalError, on_database)
    api.add_exception_handler(InterfaceError, on_database)
    api.add_exception_handler(Exception, on_bug)


__all__ = ["broken", "database_away", "install", "malformed", "problem", "problem_of", "words"]


__all__ = ["database_away", "install", "problem", "problem_of", "words"]
