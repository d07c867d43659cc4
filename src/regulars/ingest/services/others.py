"""Write rows of stores, products, members, events and opening balances."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from regulars.access import domain as places
from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.commerce import services as commerce
from regulars.commerce.domain import ProductInput
from regulars.events import selectors as log
from regulars.events import services as events
from regulars.events.domain import Appended, Fact
from regulars.ingest import domain
from regulars.ingest.domain import (
    BALANCE_DECLARED,
    BalanceRow,
    Change,
    EventRow,
    MemberBlocked,
    MemberRow,
    MessageConflict,
    NoIdentity,
    Outcome,
    ProductRow,
    RowMalformed,
    RowOutcome,
    RowOutOfScope,
    StoreRow,
    day_of,
    last_day_of,
    write_row,
)
from regulars.ingest.domain.meaning import identities_of, product_meaning, profile_of
from regulars.ingest.services.orders import audit_conflict, moments_of, refused
from regulars.ingest.services.people import Answer, Question, identify
from regulars.ingest.services.running import Batch, Entry
from regulars.kit.errors import Refusal
from regulars.members import domain as known
from regulars.members import selectors as members
from regulars.members import services as recognition


def write_stores(entries: Sequence[Entry], batch: Batch) -> list[RowOutcome]:
    """Write store rows; orders that named a store by its code before it was known find it."""
    rows = [
        places.StoreRow(entry.place, row.code, row.name, row.region, row.brand, row.kind, row.zone)
        for entry in entries
        if isinstance(row := entry.row, StoreRow)
    ]
    found = access.record_stores(rows, at=batch.at, scope=batch.scope)
    fresh = [row.code for row, each in zip(rows, found, strict=True) if each.change == "new"]
    if fresh:
        commerce.link_stores(store_ids=access_selectors.store_ids_by_code(fresh), at=batch.at)
    return [
        RowOutcome(
            each.row,
            Outcome(each.outcome),
            each.code,
            dict(each.facts),
            each.id,
            Change(each.change),
        )
        for each in found
    ]


def write_products(entries: Sequence[Entry], batch: Batch) -> list[RowOutcome]:
    """Write product rows."""
    outcomes: list[RowOutcome] = []
    read: list[tuple[Entry, ProductInput]] = []
    for entry in entries:
        assert isinstance(entry.row, ProductRow)
        try:
            read.append((entry, product_meaning(entry.row, source=batch.source)))
        except RowMalformed as no:
            outcomes.append(refused(entry, no))
    recorded = commerce.record_products(
        products=[said for _, said in read],
        currency=batch.source.currency,
        at=batch.at,
        batch_id=batch.batch_id,
    )
    for (entry, _), done in zip(read, recorded, strict=True):
        change = Change(done.change)
        outcome = Outcome.EXISTS if change is Change.SAME else Outcome.APPLIED
        outcomes.append(RowOutcome(entry.place, outcome, None, {}, str(done.public_id), change))
    return outcomes


def write_members(entries: Sequence[Entry], batch: Batch) -> list[RowOutcome]:
    """Write member rows: who they name is enrolled or found, and what they say is taken in."""
    outcomes: list[RowOutcome] = []
    rows = [row for entry in entries if isinstance(row := entry.row, MemberRow)]
    stores = access_selectors.store_ids_by_code({row.home_store for row in rows if row.home_store})
    staff = access_selectors.staff_ids_by_code({row.associate for row in rows if row.associate})
    read: list[tuple[Entry, known.Sighting]] = []
    for entry, row in zip(entries, rows, strict=True):
        store_id = stores.get(row.home_store or "")
        try:
            if not batch.scope.covers_store(store_id):
                raise RowOutOfScope
            sighting = _sighting(row, entry.place, batch, store_id, staff.get(row.associate or ""))
            read.append((entry, sighting))
        except Refusal as no:
            outcomes.append(refused(entry, no))
    if not read:
        return outcomes
    found = recognition.resolve_identities(
        [sighting for _, sighting in read], at=batch.at, batch_id=batch.batch_id
    )
    public = members.public_ids(
        member_ids={each.member_id for each in found if each.member_id is not None}
    )
    for (entry, sighting), each in zip(read, found, strict=True):
        if each.member_id is None:
            is_blocked = each.outcome is known.Outcome.BLOCKED
            outcomes.append(refused(entry, MemberBlocked() if is_blocked else NoIdentity()))
            continue
        facts = _ignored(each.ignored)
        row = entry.row
        if isinstance(row, MemberRow) and row.home_store and sighting.home_store_id is None:
            facts["store"] = "unknown"
        change = Change(each.change)
        outcome = Outcome.EXISTS if change is Change.SAME else Outcome.APPLIED
        public_id = str(public[each.member_id])
        outcomes.append(RowOutcome(entry.place, outcome, None, facts, public_id, change))
    return outcomes


def write_events(entries: Sequence[Entry], batch: Batch) -> list[RowOutcome]:
    """Write event rows; a message id counts once for ever, with another body it is a conflict."""
    outcomes: list[RowOutcome] = []
    entries = _fresh_messages(entries, batch, outcomes)
    checked: list[tuple[Entry, EventRow, datetime, dict[str, object]]] = []
    for entry in entries:
        assert isinstance(entry.row, EventRow)
        moments = moments_of(batch)
        try:
            occurred_at = moments.read("occurred_at", entry.row.occurred_at) or batch.at
            domain.check_outside(entry.row.type, entry.row.facts)
            events.catalogue().check(entry.row.type, entry.row.facts)
        except Refusal as no:
            outcomes.append(refused(entry, no))
            continue
        checked.append((entry, entry.row, occurred_at, moments.flags(occurred_at)))
    stores = access_selectors.store_ids_by_code({r.store for _, r, _, _ in checked if r.store})
    inside = [each for each in checked if _is_inside(each[1], stores, batch)]
    outcomes += [refused(each[0], RowOutOfScope()) for each in checked if each not in inside]
    answers = identify(
        [Question(row.member, moment, enrol=False) for _, row, moment, _ in inside], batch
    )
    _append(inside, answers, stores, batch, outcomes)
    return outcomes


def write_balances(entries: Sequence[Entry], batch: Batch) -> list[RowOutcome]:
    """Declare opening balances; what became of each is what ledger and loyalty answer."""
    outcomes: list[RowOutcome] = []
    rows = [row for entry in entries if isinstance(row := entry.row, BalanceRow)]
    moments = [moments_of(batch) for _ in rows]
    as_of = [
        each.read("as_of", row.as_of) or batch.at for each, row in zip(moments, rows, strict=True)
    ]
    answers = identify([Question(r.member, at) for r, at in zip(rows, as_of, strict=True)], batch)
    told: list[Entry] = []
    facts: list[Fact] = []
    for entry, row, moment, answer in zip(entries, rows, as_of, answers, strict=True):
        if answer.survivor_id is None:
            outcomes.append(refused(entry, answer.refusal or NoIdentity()))
            continue
        told.append(entry)
        facts.append(_balance(row, moment, answer, batch))
    if not facts:
        return outcomes
    appended = events.append(facts, at=batch.at)
    for entry, event in zip(told, appended.events, strict=True):
        outcomes.append(_balance_outcome(entry, event.id, appended))
    return outcomes


def _sighting(
    row: MemberRow, place: int, batch: Batch, store_id: int | None, associate: int | None
) -> known.Sighting:
    moments = moments_of(batch)
    identities = identities_of(row, source=batch.source)
    if not identities:
        raise NoIdentity
    consents = tuple(
        known.check_consent(
            known.Consent(
                purpose=consent.purpose,
                policy_version=consent.policy_version,
                granted=consent.granted,
                at=moments.read("consents.at", consent.at) or batch.at,
            )
        )
        for consent in row.consents
    )
    return known.Sighting(
        row=place,
        identities=identities,
        occurred_at=moments.read("updated_at", row.updated_at) or batch.at,
        profile=profile_of(row),
        source_id=batch.source.id,
        home_store_id=store_id,
        joined_at=moments.read("joined_at", row.joined_at),
        associate=associate,
        updates_profile=True,
        tags=tuple(known.clean_tag(tag) for tag in row.tags),
        consents=consents,
    )


def _fresh_messages(
    entries: Sequence[Entry], batch: Batch, outcomes: list[RowOutcome]
) -> list[Entry]:
    """Answer the entries whose message id is new; settle the others as seen or in conflict."""
    rows = {entry.place: row for entry in entries if isinstance(row := entry.row, EventRow)}
    kept = log.find_keys(
        source_id=batch.source.id, message_ids=sorted({row.message_id for row in rows.values()})
    )
    seen = {message_id: body_hash for message_id, (_, body_hash) in kept.items()}
    fresh = []
    for entry in entries:
        row = rows[entry.place]
        body_hash = _hash(row)
        if row.message_id not in seen:
            seen[row.message_id] = body_hash
            fresh.append(entry)
        elif seen[row.message_id] == body_hash:
            outcomes.append(RowOutcome(entry.place, Outcome.EXISTS))
        else:
            outcomes.append(refused(entry, MessageConflict()))
            audit_conflict(batch, "event")
    return fresh


def _is_inside(row: EventRow, stores: dict[str, int], batch: Batch) -> bool:
    return batch.scope.covers_store(stores.get(row.store or ""))


def _append(
    checked: Sequence[tuple[Entry, EventRow, datetime, dict[str, object]]],
    answers: Sequence[Answer],
    stores: dict[str, int],
    batch: Batch,
    outcomes: list[RowOutcome],
) -> None:
    facts: list[Fact] = []
    told: list[tuple[Entry, dict[str, object]]] = []
    for (entry, row, occurred_at, flags), answer in zip(checked, answers, strict=True):
        if answer.refusal is not None:
            outcomes.append(refused(entry, answer.refusal))
            continue
        told.append((entry, flags | (dict(answer.flags) if row.member is not None else {})))
        facts.append(
            Fact(
                type=row.type,
                occurred_at=occurred_at,
                facts=row.facts,
                member_id=answer.survivor_id,
                store_id=stores.get(row.store or ""),
                source_id=batch.source.id,
                message_id=row.message_id,
                body_hash=_hash(row),
                batch_id=batch.batch_id,
            )
        )
    if facts:
        events.append(facts, at=batch.at)
    for entry, flags in told:
        outcomes.append(RowOutcome(entry.place, Outcome.APPLIED, None, flags, None, Change.NEW))


def _hash(row: EventRow) -> bytes:
    return hashlib.blake2b(write_row(row), digest_size=16).digest()


def _balance(row: BalanceRow, as_of: datetime, answer: Answer, batch: Batch) -> Fact:
    return Fact(
        type=BALANCE_DECLARED,
        occurred_at=as_of,
        member_id=answer.survivor_id,
        source_id=batch.source.id,
        batch_id=batch.batch_id,
        facts={
            "currency": row.currency,
            "amount": row.amount,
            "lots": [
                {
                    "amount": lot.amount,
                    "earned_on": day_of("earned_on", lot.earned_on),
                    "expires_on": last_day_of("expires_on", lot.expires_on),
                }
                for lot in row.lots
            ],
            "as_of": as_of.isoformat(),
            "replaces": row.replaces,
        },
    )


def _balance_outcome(entry: Entry, event_id: int, appended: Appended) -> RowOutcome:
    """Read what the ledger says it moved; growth, which is not money, is taken as told."""
    said = appended.outcomes.get(event_id, ())
    facts: dict[str, Any] = {each.app: {"code": each.code, **each.facts} for each in said}
    refusal = next((each.code for each in said if "." in each.code), None)
    if refusal is not None:
        return RowOutcome(entry.place, Outcome.REFUSED, refusal, facts)
    moved = facts.get("ledger", {"opened": 1, "taken_back": 0})
    if not moved["opened"] and not moved["taken_back"]:
        return RowOutcome(entry.place, Outcome.EXISTS, None, facts)
    change = Change.UPDATED if moved["taken_back"] else Change.NEW
    return RowOutcome(entry.place, Outcome.APPLIED, None, facts, None, change)


def _ignored(names: Sequence[str]) -> dict[str, Any]:
    """Name what was ignored, but never a field that only the sender made up."""
    known_names = {*known.FIELDS, *known.IdentityKind}
    safe = [n if n.partition(".")[0] in known_names else "profile.unknown" for n in names]
    return {"ignored": sorted(set(safe))} if safe else {}
