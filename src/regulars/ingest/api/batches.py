"""Batches of rows over HTTP, one answer per row.

The body is read once, by compiled readers, and is not kept; what was parked or buried is kept
row by row. One request is one transaction: what is answered as applied is committed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router

from regulars.access.domain import Actor, Scope
from regulars.ingest import domain, services
from regulars.ingest.api.examples import operation
from regulars.ingest.api.raw import answer, read_raw, refused
from regulars.ingest.domain import BodyTooLarge, BodyUnreadable, Outcome, RowOutcome
from regulars.web import clock
from regulars.web.idempotency import Done, once
from regulars.web.permissions import requires

router = Router(tags=["ingest"])

_LETTERS = {outcome: outcome.value[0] for outcome in Outcome}
_OUTCOMES = {letter: outcome for outcome, letter in _LETTERS.items()}


@router.post("/stores:batch", **operation("stores"))
@requires("stores.write")
def post_stores(request: HttpRequest) -> HttpResponse:
    """Send stores; what a row leaves out stays as it is."""
    return _batch(request, "stores")


@router.post("/products:batch", **operation("products"))
@requires("catalogue.write")
def post_products(request: HttpRequest) -> HttpResponse:
    """Send products by SKU; categories are paths and made as needed."""
    return _batch(request, "products")


@router.post("/members:batch", **operation("members"))
@requires("members.write")
def post_members(request: HttpRequest) -> HttpResponse:
    """Send members; they are found by any of their names, or enrolled."""
    return _batch(request, "members")


@router.post("/orders:batch", **operation("orders"))
@requires("orders.write")
def post_orders(request: HttpRequest) -> HttpResponse:
    """Send orders at any moment of their life, in any order, as often as you like."""
    return _batch(request, "orders")


@router.post("/refunds:batch", **operation("refunds"))
@requires("orders.write")
def post_refunds(request: HttpRequest) -> HttpResponse:
    """Send refunds; one that comes before its order waits seven days for it."""
    return _batch(request, "refunds")


@router.post("/events:batch", **operation("events"))
@requires("events.write")
def post_events(request: HttpRequest) -> HttpResponse:
    """Send what members did; a message id counts once for ever."""
    return _batch(request, "events")


def _batch(request: HttpRequest, kind: str) -> HttpResponse:
    actor = getattr(request, "actor", None)
    assert isinstance(actor, Actor)
    at = clock.now()
    try:
        raw = read_raw(request)
        body = domain.read_body(raw, kind=kind)
    except (BodyTooLarge, BodyUnreadable) as no:
        return refused(no)

    def effect() -> Done:
        return Done(200, _packed(_apply(body, kind, actor.scope, at)))

    done = once(
        caller=actor.caller,
        route=f"{kind}:batch",
        key=request.headers.get("Idempotency-Key", ""),
        body=raw,
        at=at,
        effect=effect,
    )
    response = answer(_unpacked(done.result), status=done.status)
    if done.replayed:
        response["Idempotent-Replayed"] = "true"
    return response


def _apply(body: domain.Body, kind: str, scope: Scope, at: datetime) -> list[RowOutcome]:
    source = services.source_named(name=body.source, at=at)
    batch = services.Batch(kind=kind, source=source, at=at, scope=scope)
    return services.apply_rows(rows=body.rows, batch=batch)


def _packed(outcomes: Sequence[RowOutcome]) -> dict[str, Any]:
    """Pack outcomes for keeping: a letter per row, ids, and what only odd rows have."""
    odd = {str(each.row): [each.code, each.facts] for each in outcomes if each.code or each.facts}
    return {
        "outcomes": "".join(_LETTERS[each.outcome] for each in outcomes),
        "ids": [each.id for each in outcomes],
        "odd": odd,
    }


def _unpacked(result: dict[str, Any]) -> dict[str, Any]:
    odd, ids = result["odd"], result["ids"]
    counts = dict.fromkeys((outcome.value for outcome in Outcome), 0)
    results = []
    for place, letter in enumerate(result["outcomes"]):
        outcome = _OUTCOMES[letter].value
        counts[outcome] += 1
        code, facts = odd.get(str(place), (None, {}))
        results.append(
            {"row": place, "outcome": outcome, "id": ids[place], "code": code, "facts": facts}
        )
    return {"results": results, "counts": counts}
