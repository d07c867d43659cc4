"""Bodies as bytes, bounded before they are read; answers as bytes; noes with their status."""

from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from regulars.ingest import domain
from regulars.ingest.domain import (
    BODY_BYTES_MAX,
    BodyTooLarge,
    BodyUnreadable,
    SignatureInvalid,
    SignatureStale,
)
from regulars.kit.errors import Refusal
from regulars.web import problems

_STATUS: dict[type[Refusal], int] = {
    BodyTooLarge: 413,
    BodyUnreadable: 400,
    SignatureInvalid: 401,
    SignatureStale: 401,
}


def read_raw(request: HttpRequest) -> bytes:
    """Read the raw body; raises BodyTooLarge before reading, BodyUnreadable for packed bodies."""
    length = request.headers.get("Content-Length", "")
    if length.isdecimal():
        domain.check_size(int(length))
    elif "Transfer-Encoding" in request.headers:
        raise BodyUnreadable(problem="it has no Content-Length")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise BodyUnreadable(problem="packed bodies are not taken")
    body = request.body
    if len(body) > BODY_BYTES_MAX:
        raise BodyTooLarge(bytes_max=BODY_BYTES_MAX)
    return body


def refused(no: Refusal) -> HttpResponse:
    """Answer a refusal; bodies and signatures have statuses of their own."""
    status = _STATUS.get(type(no))
    if status is None:
        return problems.problem_of(no)
    return problems.problem(status, no.code, problems.words(no), facts=no.facts)


def answer(value: dict[str, Any], *, status: int) -> HttpResponse:
    """Answer a value as JSON."""
    return HttpResponse(orjson.dumps(value), status=status, content_type="application/json")
