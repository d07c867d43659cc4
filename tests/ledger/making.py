"""Postings with good defaults, for tests that care about one thing at a time."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4

from regulars.ledger import services as ledger
from regulars.ledger.domain import (
    Account,
    Books,
    Clawback,
    Currency,
    Earn,
    Lot,
    Posted,
    Posting,
    Restore,
    Spend,
)

# Later than any clock of this machine: services take the later of `at` and the real time.
NOON = datetime(2090, 3, 1, 12, tzinfo=UTC)
_ids = count(1)


def days(number: float) -> timedelta:
    return timedelta(days=number)


def an_earn(
    amount: int = 100, *, member_id: int = 1, ends: float | None = 365, **more: Any
) -> Earn:
    at = more.pop("at", NOON)
    given = {"id": uuid4(), "occurred_at": at, "usable_from": at} | more
    expires_at = None if ends is None else at + days(ends)
    return Earn(member_id=member_id, amount=amount, **({"expires_at": expires_at} | given))


def a_spend(amount: int = 60, *, member_id: int = 1, **more: Any) -> Spend:
    given = {"id": uuid4(), "occurred_at": NOON} | more
    return Spend(member_id=member_id, amount=amount, **given)


def a_clawback(reverses: UUID, amount: int | None = None, **more: Any) -> Clawback:
    given = {"id": uuid4(), "occurred_at": NOON, "member_id": 1} | more
    return Clawback(reverses=reverses, amount=amount, **given)


def a_restore(reverses: UUID, amount: int | None = None, **more: Any) -> Restore:
    given = {"id": uuid4(), "occurred_at": NOON, "member_id": 1} | more
    return Restore(reverses=reverses, amount=amount, **given)


def post(*postings: Posting, at: datetime = NOON) -> list[Posted]:
    return ledger.post(postings, at=at)


def given(*postings: Posting, at: datetime = NOON) -> None:
    """Post what a test begins with; all of it must be accepted."""
    refused = [answer.refusal for answer in post(*postings, at=at) if answer.refusal]
    assert not refused, refused


def a_lot(remaining: int, *, ends: float | None = 30, begins: float = -1, **more: Any) -> Lot:
    return Lot(
        id=next(_ids),
        account_id=1,
        member_id=1,
        transfer_id=uuid4(),
        granted=remaining,
        remaining=remaining,
        usable_from=NOON + days(begins),
        expires_at=None if ends is None else NOON + days(ends),
        **more,
    )


def an_account(*lots: Lot, **more: Any) -> Account:
    found = {
        "id": 1,
        "currency": Currency.POINTS,
        "member_id": 1,
        "posted": sum(lot.remaining for lot in lots),
        "held": 0,
        "lots": list(lots),
        "is_sorted": False,
    }
    return Account(**(found | more))


def some_books(*accounts: Account, owed: int | None = None) -> Books:
    books = Books(at=NOON, numbers=count(1000))
    books.accounts = {(account.currency, account.member_id): account for account in accounts}
    if owed is not None:
        debt = Account(id=99, currency=Currency.POINTS, member_id=1, posted=-owed, held=0)
        books.owed = {(Currency.POINTS, 1): debt}
    return books
