"""Write order and refund rows: resolve the buyers, record, and let waiting rows follow."""

from collections.abc import Sequence
from operator import attrgetter

from msgspec.structs import replace

from regulars.access import selectors as access
from regulars.access import services as auditing
from regulars.access.domain import Actor
from regulars.commerce import selectors as commerce_selectors
from regulars.commerce import services as commerce
from regulars.commerce.domain import OrderInput, OrderRecorded, RefundChanged, RefundInput
from regulars.ingest.domain import (
    Change,
    Moments,
    OrderRow,
    Outcome,
    RefundRow,
    RowMalformed,
    RowOutcome,
    RowOutOfScope,
)
from regulars.ingest.domain.meaning import order_meaning, refund_meaning
from regulars.ingest.services import parking
from regulars.ingest.services.people import Answer, Question, identify
from regulars.ingest.services.running import Batch, Entry
from regulars.kit import periods
from regulars.kit.errors import Refusal

_OCCURRED_AT = attrgetter("occurred_at")
_CHANGES = {
    "new": (Outcome.APPLIED, Change.NEW),
    "updated": (Outcome.APPLIED, Change.UPDATED),
    "same": (Outcome.EXISTS, Change.SAME),
}


class _Draft:
    """An order row on its way: what it means, and what was odd about it."""

    __slots__ = ("answer", "entry", "flags", "occurred_at", "row", "said")

    def __init__(self, entry: Entry, row: OrderRow, said: OrderInput, moments: Moments) -> None:
        self.entry = entry
        self.row = row
        self.said = said
        self.occurred_at = said.paid_at or said.created_at or said.completed_at or said.version_at
        self.flags = moments.flags(self.occurred_at)
        self.answer: Answer | None = None


def write_orders(entries: Sequence[Entry], batch: Batch) -> list[RowOutcome]:
    """Write order rows in one go; answers one outcome per row."""
    outcomes: list[RowOutcome] = []
    drafts = _read(entries, batch, outcomes)
    drafts = _park_partial(drafts, batch, outcomes)
    drafts.sort(key=_OCCURRED_AT)  # stable: rows of one moment stay as they were sent
    drafts = _attribute(drafts, batch, outcomes)
    if not drafts:
        return outcomes
    recorded = commerce.record_orders(
        orders=[draft.said for draft in drafts],
        at=batch.at,
        award=batch.award,
        batch_id=batch.batch_id,
    )
    outcomes += map(_outcome, drafts, recorded)
    fresh = {
        draft.said.external_id
        for draft, done in zip(drafts, recorded, strict=True)
        if done.change == "new"
    }
    if fresh:
        parking.follow(source=batch.source, parents=fresh, at=batch.at)
    return outcomes


def write_refunds(entries: Sequence[Entry], batch: Batch) -> list[RowOutcome]:
    """Write refund rows; those whose order is not here yet are parked for seven days."""
    outcomes: list[RowOutcome] = []
    read: list[tuple[Entry, RefundInput, dict[str, object]]] = []
    for entry in entries:
        row = entry.row
        assert isinstance(row, RefundRow)
        moments = moments_of(batch)
        try:
            said = refund_meaning(row, source=batch.source, moments=moments)
        except RowMalformed as no:
            outcomes.append(refused(entry, no))
            continue
        flags = moments.flags(said.refunded_at)
        if said.undated:
            flags["undated"] = True
        read.append((entry, said, flags))
    read = _within_scope(read, batch, outcomes)
    recorded = commerce.record_refunds(
        refunds=[said for _, said, _ in read], at=batch.at, batch_id=batch.batch_id
    )
    for (entry, said, flags), done in zip(read, recorded, strict=True):
        if done.refusal is not None:
            outcomes.append(RowOutcome(entry.place, Outcome.REFUSED, done.refusal, {}))
            if done.refusal == RefundChanged.name():
                audit_conflict(batch, "refund")
        elif done.change == "missing":
            outcomes.append(parking.park(entry, batch, parent=said.order))
        else:
            is_new = done.change == "new"
            outcomes.append(
                RowOutcome(
                    entry.place,
                    Outcome.APPLIED if is_new else Outcome.EXISTS,
                    None,
                    flags,
                    None if done.public_id is None else str(done.public_id),
                    Change.NEW if is_new else Change.SAME,
                )
            )
    return outcomes


def _outcome(draft: _Draft, done: OrderRecorded) -> RowOutcome:
    if done.member_id is not None:
        draft.flags.pop("unattributed", None)
    outcome, change = _CHANGES[done.change]
    return RowOutcome(draft.entry.place, outcome, None, draft.flags, str(done.public_id), change)


def refused(entry: Entry, no: Refusal) -> RowOutcome:
    """Answer a row that was refused, with the reason's code and facts."""
    return RowOutcome(entry.place, Outcome.REFUSED, no.code, dict(no.facts))


def _read(entries: Sequence[Entry], batch: Batch, outcomes: list[RowOutcome]) -> list[_Draft]:
    codes = {row.store for entry in entries if isinstance(row := entry.row, OrderRow) and row.store}
    stores = access.store_ids_by_code(codes) if codes else {}
    foreign = _orders_outside(entries, batch)
    drafts = []
    for entry in entries:
        row = entry.row
        assert isinstance(row, OrderRow)
        moments = moments_of(batch)
        try:
            said = order_meaning(row, source=batch.source, moments=moments, stores=stores)
        except RowMalformed as no:
            outcomes.append(refused(entry, no))
            continue
        if not batch.scope.covers_store(said.store_id) or said.external_id in foreign:
            outcomes.append(refused(entry, RowOutOfScope()))
            continue
        draft = _Draft(entry, row, said, moments)
        if said.store_code is not None:
            draft.flags["store"] = "unknown"
        drafts.append(draft)
    return drafts


def _orders_outside(entries: Sequence[Entry], batch: Batch) -> set[str]:
    """Name the orders that are here and belong to a store outside the caller's scope."""
    if batch.scope.everything:
        return set()
    keys = {(batch.source.id, e.row.external_id) for e in entries if isinstance(e.row, OrderRow)}
    stores = commerce_selectors.stores_of_orders(keys=keys)
    return {number for (_, number), store in stores.items() if not batch.scope.covers_store(store)}


def _park_partial(drafts: list[_Draft], batch: Batch, outcomes: list[RowOutcome]) -> list[_Draft]:
    """Park rows that only add to an order (lines without state or amounts) and come before it."""
    partial = [d for d in drafts if d.said.state is None and d.said.amounts is None]
    if not partial:
        return drafts
    whole = {draft.said.external_id for draft in drafts} - {
        draft.said.external_id for draft in partial
    }
    keys = {(batch.source.id, draft.said.external_id) for draft in partial}
    here = {external for _, external in commerce_selectors.find_order_keys(keys)} | whole
    early = [draft for draft in partial if draft.said.external_id not in here]
    outcomes += [parking.park(draft.entry, batch, parent=draft.said.external_id) for draft in early]
    gone = {id(draft) for draft in early}
    return [draft for draft in drafts if id(draft) not in gone]


def _attribute(drafts: list[_Draft], batch: Batch, outcomes: list[RowOutcome]) -> list[_Draft]:
    answers = identify(
        [
            Question(
                draft.row.member,
                draft.occurred_at,
                home_store_id=draft.said.store_id,
                associate=draft.row.associate,
            )
            for draft in drafts
        ],
        batch,
    )
    known = []
    for draft, answer in zip(drafts, answers, strict=True):
        if answer.refusal is not None:
            outcomes.append(refused(draft.entry, answer.refusal))
            continue
        draft.flags.update(answer.flags)
        if answer.member_id is not None or answer.waiting:
            draft.said = replace(
                draft.said,
                member_id=answer.member_id,
                survivor_id=answer.survivor_id,
                buyers=answer.waiting,
            )
        known.append(draft)
    return known


def _within_scope(
    read: list[tuple[Entry, RefundInput, dict[str, object]]],
    batch: Batch,
    outcomes: list[RowOutcome],
) -> list[tuple[Entry, RefundInput, dict[str, object]]]:
    """Refuse refunds of orders outside the caller's stores, as if the order were not there."""
    if batch.scope.everything:
        return read
    stores = commerce_selectors.stores_of_orders(
        keys={(said.source_id, said.order) for _, said, _ in read}
    )
    inside = []
    for each in read:
        if batch.scope.covers_store(stores.get((each[1].source_id, each[1].order))):
            inside.append(each)
        else:
            outcomes.append(refused(each[0], RowOutOfScope()))
    return inside


def moments_of(batch: Batch) -> Moments:
    """Make the reader of one row's moments."""
    return Moments(batch.at, periods.zone(batch.source.zone), batch.source.age_days_max)


def audit_conflict(batch: Batch, kind: str) -> None:
    """Tell the audit log that a sender used one name for two things."""
    auditing.audit(
        actor=Actor.system("ingest"),
        action="message.conflict",
        object_kind=kind,
        object_id=str(batch.source.public_id),
        at=batch.at,
        result="refused",
        details={"source_id": batch.source.id},
    )
