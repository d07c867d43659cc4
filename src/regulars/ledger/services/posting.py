"""The one function through which every movement of points goes."""

import random
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, TypeVar

from django.db import DatabaseError, transaction

from regulars.ledger.domain import PointsBusy, Posted, Posting, plan_postings
from regulars.ledger.services.books import (
    FIRST_PROGRAMME,
    AccountsMissing,
    open_accounts,
    open_books,
)
from regulars.ledger.services.writing import write

TRIES_MAX: Final = 5
PAUSE_SECONDS: Final = 0.02
_CONTENTION: Final = {"40001", "40P01", "23505"}  # serialisation, deadlock, a racing twin
_jitter = random.SystemRandom()

Answer = TypeVar("Answer")


def post(
    postings: Sequence[Posting], *, at: datetime, programme_id: int = FIRST_PROGRAMME
) -> list[Posted]:
    """Post a batch in one transaction and answer each posting, in the order given.

    Each posting sees what the ones before it did. A refusal concerns its own posting only. An id
    said before with the same content answers `exists` for ever; with other content it is refused.
    """
    if not postings:
        return []

    alone = not transaction.get_connection().in_atomic_block

    def attempt() -> list[Posted]:
        books = open_books(postings, at=at, programme_id=programme_id, alone=alone)
        answers = plan_postings(postings, books)
        write(books)
        return answers

    return retried(attempt)


def retried(attempt: Callable[[], Answer]) -> Answer:
    """Run one transaction, again where others were in its way; raises PointsBusy in the end.

    Inside a caller's transaction there is one try: only the caller can begin again.
    """
    if transaction.get_connection().in_atomic_block:
        return attempt()
    for tried in range(TRIES_MAX):
        try:
            with transaction.atomic():
                return attempt()
        except AccountsMissing as missing:
            with transaction.atomic():
                open_accounts(missing.programme_id, missing.keys)
        except DatabaseError as error:
            if getattr(error.__cause__, "sqlstate", None) not in _CONTENTION:
                raise
            time.sleep(PAUSE_SECONDS * (2**tried) * _jitter.random())
    raise PointsBusy
