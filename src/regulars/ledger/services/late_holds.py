"""Holds that have run out are let go; an account that cannot be is told and left behind."""

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Final

import structlog
from django.db import InterfaceError, OperationalError, transaction

from regulars.ledger.domain import Account, Books
from regulars.ledger.selectors import locks
from regulars.ledger.services.books import numbers_from, read_accounts
from regulars.ledger.services.posting import retried
from regulars.ledger.services.writing import write
from regulars.web import clock

SWEEP_HOLDS_MAX: Final = 500
STUCK_MAX: Final = 1_000  # so many accounts that will not move are a fault of ours: stop

log = structlog.get_logger(__name__)


def expire_holds(*, at: datetime, limit: int = SWEEP_HOLDS_MAX) -> int:
    """Let go all holds that have run out, `limit` at a time; answers on how many accounts.

    An account whose books are broken, so that its holds do not come off, is named in the log and
    passed over; `verify` says what is wrong with it. Accounts in use wait for the next round.
    """
    done = 0
    stuck: set[int] = set()
    while len(stuck) < STUCK_MAX:
        released, failed = retried(partial(_release_some, at, limit, frozenset(stuck)))
        if not released and not failed:
            break
        done += len(released)
        stuck |= failed
    if stuck:
        log.error("holds_stuck", accounts=sorted(stuck)[:20], count=len(stuck))
    return done


def _release_some(at: datetime, limit: int, passed: Collection[int]) -> tuple[set[int], set[int]]:
    """Release holds of some accounts nobody works on; answers whose came off, and whose did not."""
    found = locks.lock_free_accounts(locks.list_late_holders(at=at, limit=limit, passed=passed))
    at = clock.after_locks(at)
    try:
        released = _release(found, at) if found else set()
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # noqa: BLE001 told apart account by account
        again = locks.lock_free_accounts([each.id for each in found])
        released = {each.id for each in again if _came_off(each, at)}
    return released, {each.id for each in found} - released


def _came_off(account: Account, at: datetime) -> bool:
    try:
        return bool(_release([account], at))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 one broken account stops nobody else
        log.warning("hold_release_broke", account=account.id, error=type(error).__name__)
        return False


@transaction.atomic
def _release(accounts: Sequence[Account], at: datetime) -> set[int]:
    books = Books(at=at, numbers=numbers_from(None))
    read_accounts(books, accounts)
    write(books)
    return {hold.account_id for hold in books.writes.holds.values()}
