"""One movement at a time, as staff, tills and programs ask for it.

Each is a batch of one that refuses by raising, and that is told to the event log.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from regulars.events import services as events
from regulars.events.domain import Fact
from regulars.kit.ids import uuid_from
from regulars.ledger.domain import (
    GRACE_DAYS,
    Adjust,
    Clawback,
    Commit,
    Currency,
    Earn,
    Gift,
    Hold,
    OwedPolicy,
    Posted,
    PostedAs,
    Posting,
    Restore,
    Spend,
    TransferNotReversible,
    Void,
)
from regulars.ledger.selectors.transfers import get_hold, get_transfer
from regulars.ledger.services.posting import post, retried


def earn_points(
    *,
    transfer_id: UUID,
    member_id: int,
    amount: int,
    at: datetime,
    currency: Currency = Currency.POINTS,
    occurred_at: datetime | None = None,
    usable_from: datetime | None = None,
    expires_at: datetime | None = None,
    reason_code: int = 0,
    store_id: int | None = None,
    actor_id: int | None = None,
) -> Posted:
    """Grant points in a lot of their own, usable at once unless said otherwise."""
    posting = Earn(
        id=transfer_id, member_id=member_id, amount=amount, currency=currency,
        occurred_at=occurred_at or at, usable_from=usable_from or at, expires_at=expires_at,
        reason_code=reason_code, store_id=store_id, actor_id=actor_id,
    )  # fmt: skip
    return _post_one(posting, at=at, fact=_moved("points.earned", posting, amount))


def spend_points(
    *,
    transfer_id: UUID,
    member_id: int,
    amount: int,
    at: datetime,
    currency: Currency = Currency.POINTS,
    occurred_at: datetime | None = None,
    reason_code: int = 0,
    store_id: int | None = None,
    actor_id: int | None = None,
) -> Posted:
    """Take points from a member, soonest to expire first.

    Said twice with the same id, it spends once. Raises InsufficientPoints when the usable lots,
    less what is held and owed, fall short.
    """
    posting = Spend(
        id=transfer_id, member_id=member_id, amount=amount, currency=currency,
        occurred_at=occurred_at or at, reason_code=reason_code, store_id=store_id,
        actor_id=actor_id,
    )  # fmt: skip
    return _post_one(posting, at=at, fact=_moved("points.spent", posting, amount))


def adjust_points(
    *,
    transfer_id: UUID,
    member_id: int,
    amount: int,
    reason_code: int,
    at: datetime,
    currency: Currency = Currency.POINTS,
    expires_at: datetime | None = None,
    store_id: int | None = None,
    actor_id: int | None = None,
) -> Posted:
    """Correct a balance by hand, up or down. The reason is a code; a note belongs to the audit."""
    posting = Adjust(
        id=transfer_id, member_id=member_id, amount=amount, currency=currency, occurred_at=at,
        expires_at=expires_at, reason_code=reason_code, store_id=store_id, actor_id=actor_id,
    )  # fmt: skip
    return _post_one(posting, at=at, fact=_moved("points.adjusted", posting, amount))


def give_points(
    *,
    transfer_id: UUID,
    member_id: int,
    recipient_id: int,
    amount: int,
    at: datetime,
    store_id: int | None = None,
    actor_id: int | None = None,
) -> Posted:
    """Hand points from one member to another; they keep their expiry."""
    posting = Gift(
        id=transfer_id, member_id=member_id, recipient_id=recipient_id, amount=amount,
        occurred_at=at, store_id=store_id, actor_id=actor_id,
    )  # fmt: skip
    facts = _core(posting, amount) | {"recipient_id": recipient_id}
    return _post_one(posting, at=at, fact=lambda _: _fact("points.given", posting, facts))


def reverse_transfer(
    *,
    transfer_id: UUID,
    reversal_id: UUID,
    at: datetime,
    amount: int | None = None,
    policy: OwedPolicy = OwedPolicy.OWE,
    grace_days: int = GRACE_DAYS,
    reason_code: int = 0,
    actor_id: int | None = None,
) -> Posted:
    """Undo a grant or a spend, in whole (amount None: what is left of it) or in part.

    A grant is taken back from its own lots first; a spend returns to its own lots. Raises
    TransferMissing, TransferNotReversible, ReversalTooLarge, or ClawbackBlocked by policy.
    """
    original = get_transfer(transfer_id=transfer_id)
    if original.member_id is None or (original.debit_id > 0) == (original.credit_id > 0):
        raise TransferNotReversible
    if original.currency is Currency.GROWTH:  # told by the orders, and judged with them
        raise TransferNotReversible
    shared: dict[str, Any] = {
        "id": reversal_id, "member_id": original.member_id, "currency": original.currency,
        "reverses": transfer_id, "amount": amount, "occurred_at": at,
        "reason_code": reason_code, "actor_id": actor_id,
    }  # fmt: skip
    posting: Clawback | Restore
    if original.credit_id > 0:
        posting = Clawback(policy=policy, **shared)
    else:
        posting = Restore(grace_days=grace_days, **shared)

    def fact(posted: Posted) -> Fact:
        total = posted.taken + posted.owed + posted.forgiven + posted.lapsed
        facts = {
            "transfer_id": str(reversal_id), "amount": total,
            "currency": posting.currency.name.lower(), "reverses": str(transfer_id),
            "owed": posted.owed,
        }  # fmt: skip
        return _fact("points.reversed", posting, facts)

    return _post_one(posting, at=at, fact=fact)


def hold_points(
    *,
    hold_id: UUID,
    member_id: int,
    amount: int,
    expires_at: datetime,
    at: datetime,
    currency: Currency = Currency.POINTS,
) -> Posted:
    """Set points aside until they are committed, let go, or run out."""
    posting = Hold(
        id=hold_id, member_id=member_id, amount=amount, currency=currency, occurred_at=at,
        expires_at=expires_at,
    )  # fmt: skip
    return _post_one(posting, at=at, fact=None)


def commit_hold(
    *,
    hold_id: UUID,
    at: datetime,
    amount: int | None = None,
    transfer_id: UUID | None = None,
    store_id: int | None = None,
    actor_id: int | None = None,
) -> Posted:
    """Spend what was held, or a part of it once; the rest is free again.

    Raises HoldMissing, HoldExpired, HoldResolved or HoldTooSmall.
    """
    hold = get_hold(hold_id=hold_id, at=at)
    posting = Commit(
        id=transfer_id or uuid_from(hold_id, "commit"), member_id=hold.member_id,
        currency=hold.currency, occurred_at=at, hold_id=hold_id, amount=amount,
        store_id=store_id, actor_id=actor_id,
    )  # fmt: skip

    def fact(posted: Posted) -> Fact:
        return _fact("points.spent", posting, _core(posting, posted.taken) | {"reason_code": 0})

    return _post_one(posting, at=at, fact=fact)


def void_hold(*, hold_id: UUID, at: datetime) -> Posted:
    """Let go what was held; said again it changes nothing. Raises HoldResolved once committed."""
    hold = get_hold(hold_id=hold_id, at=at)
    posting = Void(
        id=uuid_from(hold_id, "void"), member_id=hold.member_id, currency=hold.currency,
        occurred_at=at, hold_id=hold_id,
    )  # fmt: skip
    return _post_one(posting, at=at, fact=None)


def _post_one(posting: Posting, *, at: datetime, fact: Callable[[Posted], Fact] | None) -> Posted:
    def attempt() -> Posted:
        [posted] = post([posting], at=at)
        if posted.refusal is not None:
            raise posted.refusal
        if posted.outcome is PostedAs.POSTED and fact is not None:
            events.append([fact(posted)], at=at)
        return posted

    return retried(attempt)


def _moved(type_: str, posting: Posting, amount: int) -> Callable[[Posted], Fact]:
    facts = _core(posting, amount) | {"reason_code": posting.reason_code}
    return lambda _: _fact(type_, posting, facts)


def _core(posting: Posting, amount: int) -> dict[str, Any]:
    return {
        "transfer_id": str(posting.id),
        "amount": amount,
        "currency": Currency(posting.currency).name.lower(),
    }


def _fact(type_: str, posting: Posting, facts: dict[str, Any]) -> Fact:
    return Fact(
        type=type_,
        occurred_at=posting.occurred_at,
        member_id=posting.member_id,
        store_id=posting.store_id,
        facts=facts,
    )
