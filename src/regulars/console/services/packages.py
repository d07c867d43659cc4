"""The copy of a person's data: everything every app holds about them, as JSON and as CSV.

The file is sealed with the house key while it lies here, is handed to whoever works on the
request, and goes after its days are over or when the person is erased.
"""

import io
import os
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Final
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction

from regulars.access.domain import Actor, Scope
from regulars.commerce import selectors as commerce
from regulars.console.services.letters import letter_of
from regulars.kit.amounts import format_amount
from regulars.kit.messages import message
from regulars.ledger import selectors as ledger
from regulars.ledger.domain import Currency
from regulars.loyalty import selectors as loyalty
from regulars.members import selectors as members
from regulars.members import services
from regulars.members.domain import ExportRow, SubjectExport
from regulars.members.domain.requests import PrivacyRequest
from regulars.members.selectors import requests as desk
from regulars.web import crypto
from regulars.web.retention import Rows, Sweep, end_all

FOLDER: Final = "privacy"
PAGE: Final = 200
LANGUAGES: Final = ("zh-hans", "en")


@transaction.atomic
def make_package(*, public_id: UUID, scope: Scope, actor: Actor, at: datetime) -> PrivacyRequest:
    """Collect everything about the person of a verified request and keep it for some days.

    The request is held to the end, so that an erasure meanwhile waits and finds the file.
    Raises RequestNotFound, RequestClosed, RequestNotVerified, MemberErased.
    """
    request = services.note_package(public_id=public_id, scope=scope, actor=actor, at=at)
    copy = collect(member_id=request.member_id, scope=scope, actor=actor, at=at)
    data = _zipped(copy, request, at=at)
    _write(_path(public_id), crypto.seal_house(data, context=_context(public_id)))
    return request


def read_package(*, request: PrivacyRequest, actor: Actor, at: datetime) -> bytes | None:
    """Answer the package and note who fetched it; None when it is not, or no longer, there."""
    path = _path(request.public_id)
    if not request.has_package(at) or not path.exists():
        return None
    services.note_fetched(request=request, actor=actor, at=at)
    return crypto.unseal_house(path.read_bytes(), context=_context(request.public_id))


def collect(
    *,
    member_id: int,
    scope: Scope,
    actor: Actor,
    at: datetime,
    reason_code: str = "privacy_request",
) -> SubjectExport:
    """Answer everything held about a person: profile, marks, orders, points, tiers."""
    export = services.export(
        member_id=member_id, scope=scope, reason_code=reason_code, at=at, actor=actor
    )
    ids = members.aliases(member_id=members.survivors(member_ids=[member_id])[member_id])
    rows = (*export.rows, *_orders(ids), *_points(ids), *_tiers(ids[0]))
    return replace(export, rows=rows)


def forget_packages_of(*, member_ids: Sequence[int]) -> None:
    """Remove the packages of people who are being erased, once that is certain."""
    public_ids = desk.requests_of(member_ids=member_ids)
    services.forget_packages(public_ids=public_ids)
    transaction.on_commit(lambda: _remove(public_ids))


def drop_over_packages(*, at: datetime) -> int:
    """Remove packages whose days are over; answers how many."""
    return end_all(PACKAGES, at=at)


def _end(ended: Rows, _at: datetime) -> None:
    public_ids = [public_id for public_id, _ in ended]
    services.forget_packages(public_ids=public_ids)
    transaction.on_commit(lambda: _remove(public_ids))


PACKAGES: Final = Sweep(
    name="packages",
    title=message("Copies of people's data"),
    purpose=message("To hand people the copy of their data they asked for."),
    since=message("the end of its time, 7 days after it was made"),
    table="members_privacyrequest",
    key="public_id",
    aged_by="package_until",
    end=_end,
)


def _remove(public_ids: Sequence[UUID]) -> None:
    for public_id in public_ids:
        _path(public_id).unlink(missing_ok=True)


def _orders(ids: Sequence[int]) -> Iterator[ExportRow]:
    cursor: str | None = None
    while True:
        page = commerce.list_orders_of(member_ids=ids, cursor=cursor, limit=PAGE)
        for order in page.items:
            amount = format_amount(order.net_minor, order.currency)
            said = f"{order.state} {amount} {order.channel} {order.store_code}".strip()
            yield ExportRow("orders", order.number, said, order.paid_at or order.created_at)
        cursor = page.next_cursor
        if cursor is None:
            return


def _points(ids: Sequence[int]) -> Iterator[ExportRow]:
    for member_id, currency in product(ids, Currency):
        before: tuple[int, int] | None = None
        while True:
            page = ledger.list_entries(
                member_id=member_id, before=before, limit=PAGE, currency=currency
            )
            for entry in page.entries:
                said = f"{entry.amount:+d} → {entry.balance_after}"
                name = f"{currency.name.lower()}:{entry.kind.name.lower()}"
                yield ExportRow("points", name, said, entry.occurred_at)
            before = page.next_before
            if before is None:
                break


def _tiers(member_id: int) -> Iterator[ExportRow]:
    for step in loyalty.list_tier_history(member_id=member_id):
        said = f"{step.from_tier.code} → {step.to_tier.code}"
        yield ExportRow("tiers", step.cause.name.lower(), said, step.changed_at)


def _zipped(copy: SubjectExport, request: PrivacyRequest, *, at: datetime) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("data.json", orjson.dumps(copy.as_dict(), option=orjson.OPT_INDENT_2))
        file.writestr("data.csv", "\ufeff" + copy.as_csv())
        for language in LANGUAGES:
            file.writestr(f"letter.{language}.txt", letter_of(request, language=language, at=at))
    return out.getvalue()


def _path(public_id: UUID) -> Path:
    place = Path(settings.REGULARS_VAR) / FOLDER
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place / f"{public_id}.zip.sealed"


def _write(path: Path, data: bytes) -> None:
    half = path.with_suffix(".part")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    half.replace(path)


def _context(public_id: UUID) -> str:
    return f"privacy_package|zip|{public_id}"
