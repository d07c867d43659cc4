"""The doors of ingest: rows in, one outcome per row out, in the order they were sent.

Every entrance comes through here: the batch API, webhooks, files. A batch is one transaction
(or joins the caller's); accepted means applied, inline reactions included.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter

from django.db import transaction

from regulars.access.domain import Scope
from regulars.ingest.domain import (
    BalanceRow,
    EventRow,
    MemberRow,
    OrderRow,
    Outcome,
    ProductRow,
    RefundRow,
    Row,
    RowMalformed,
    RowOutcome,
    Source,
    StoreRow,
)
from regulars.ingest.services.orders import write_orders, write_refunds
from regulars.ingest.services.others import (
    write_balances,
    write_events,
    write_members,
    write_products,
    write_stores,
)
from regulars.ingest.services.running import Batch, Entry, Write, run
from regulars.ingest.services.sources import record_health

_WRITERS: Mapping[str, Write] = {
    "stores": write_stores,
    "products": write_products,
    "members": write_members,
    "orders": write_orders,
    "refunds": write_refunds,
    "events": write_events,
    "balances": write_balances,
}

_PLACE = attrgetter("row")


@transaction.atomic
def apply_rows(*, rows: Sequence[Row | RowMalformed], batch: Batch) -> list[RowOutcome]:
    """Apply the rows of a batch; entries that are refusals already are answered as refused.

    Raises only what no row is to blame for: TRY_LATER refusals and errors of the connection.
    """
    entries = [Entry(place, row) for place, row in enumerate(rows) if isinstance(row, Row)]
    outcomes = [
        RowOutcome(place, Outcome.REFUSED, row.code, dict(row.facts))
        for place, row in enumerate(rows)
        if isinstance(row, RowMalformed)
    ]
    outcomes += run(entries, batch, _WRITERS[batch.kind])
    outcomes.sort(key=_PLACE)
    assert len(outcomes) == len(rows)
    if outcomes:
        record_health(source_id=batch.source.id, outcomes=outcomes, at=batch.at)
    return outcomes


def apply_stores(
    rows: Sequence[StoreRow],
    *,
    source: Source,
    at: datetime,
    batch_id: int | None = None,
    bury: bool = True,
    scope: Scope | None = None,
) -> list[RowOutcome]:
    """Apply store rows; answers one outcome per row, in their order."""
    return _apply("stores", rows, source, at, batch_id=batch_id, bury=bury, scope=scope)


def apply_products(
    rows: Sequence[ProductRow],
    *,
    source: Source,
    at: datetime,
    batch_id: int | None = None,
    bury: bool = True,
    scope: Scope | None = None,
) -> list[RowOutcome]:
    """Apply product rows; answers one outcome per row, in their order."""
    return _apply("products", rows, source, at, batch_id=batch_id, bury=bury, scope=scope)


def apply_members(
    rows: Sequence[MemberRow],
    *,
    source: Source,
    at: datetime,
    batch_id: int | None = None,
    bury: bool = True,
    scope: Scope | None = None,
) -> list[RowOutcome]:
    """Apply member rows; answers one outcome per row, in their order."""
    return _apply("members", rows, source, at, batch_id=batch_id, bury=bury, scope=scope)


def apply_orders(
    rows: Sequence[OrderRow],
    *,
    source: Source,
    at: datetime,
    batch_id: int | None = None,
    award: bool = True,
    bury: bool = True,
    scope: Scope | None = None,
) -> list[RowOutcome]:
    """Apply order rows; with `award` off, orders that are new here never earn anything."""
    return _apply(
        "orders", rows, source, at, batch_id=batch_id, award=award, bury=bury, scope=scope
    )


def apply_refunds(
    rows: Sequence[RefundRow],
    *,
    source: Source,
    at: datetime,
    batch_id: int | None = None,
    bury: bool = True,
    scope: Scope | None = None,
) -> list[RowOutcome]:
    """Apply refund rows; those whose order is not here yet are parked for seven days."""
    return _apply("refunds", rows, source, at, batch_id=batch_id, bury=bury, scope=scope)


def apply_events(
    rows: Sequence[EventRow],
    *,
    source: Source,
    at: datetime,
    bury: bool = True,
    scope: Scope | None = None,
) -> list[RowOutcome]:
    """Apply event rows; a message id counts once for ever."""
    return _apply("events", rows, source, at, bury=bury, scope=scope)


def apply_balances(
    rows: Sequence[BalanceRow],
    *,
    source: Source,
    at: datetime,
    batch_id: int | None = None,
    bury: bool = True,
    scope: Scope | None = None,
) -> list[RowOutcome]:
    """Declare opening balances; the facts of an outcome are what ledger and loyalty answered."""
    return _apply("balances", rows, source, at, batch_id=batch_id, bury=bury, scope=scope)


def _apply(
    kind: str,
    rows: Sequence[Row],
    source: Source,
    at: datetime,
    *,
    batch_id: int | None = None,
    award: bool = True,
    bury: bool = True,
    scope: Scope | None = None,
) -> list[RowOutcome]:
    batch = Batch(
        kind=kind,
        source=source,
        at=at,
        award=award,
        batch_id=batch_id,
        bury=bury,
        scope=scope or Scope.all(),
    )
    return apply_rows(rows=rows, batch=batch)
