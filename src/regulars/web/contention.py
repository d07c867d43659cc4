"""Begin a whole transaction again where it met others: deadlocks, serialisation, locks not given.

Most writers lock in one order: gates of identities, orders, accounts. Merging, parting and
declared balances know which orders they concern only once they hold the accounts, so that they
can meet an order's writer head-on. PostgreSQL then stops one of the two, and it comes again.
"""

import random
import time
from collections.abc import Callable
from typing import Final, TypeVar

import structlog
from django.db import OperationalError, transaction

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

TRIES_MAX: Final = 5
PAUSE_SECONDS: Final = 0.02
STATES: Final = frozenset({"40P01", "40001", "55P03"})  # deadlock, serialisation, lock time-out

log = structlog.get_logger(__name__)

Answer = TypeVar("Answer")


class Contended(Refusal):
    """Others were in the way, again and again."""

    kind = Kind.TRY_LATER
    reason = message("Too many writers meet at the same rows. Try again.")


def retried(attempt: Callable[[], Answer]) -> Answer:
    """Run one transaction, again where others were in its way; raises Contended in the end.

    Inside a caller's transaction there is one try, in a savepoint: only the caller can begin
    again.
    """
    if transaction.get_connection().in_atomic_block:
        with transaction.atomic():
            return attempt()
    for tried in range(TRIES_MAX):
        try:
            with transaction.atomic():
                return attempt()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", None) not in STATES:
                raise
            log.info("transaction_contended", attempt=tried + 1)
        time.sleep(PAUSE_SECONDS * (2**tried) * random.uniform(0.5, 1.5))  # noqa: S311 jitter
    raise Contended
