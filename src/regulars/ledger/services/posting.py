"""The one function through which every movement of points goes."""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
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
from regulars.ledger.services.writing import AccountsRaced, write

TRIES_MAX: Final = 5
PAUSE_SECONDS: Final = 0.02
_CONTENTION: Final = {"40001", "40P01", "23505"}  # serialisation, deadlock, a racing twin
_jitter = random.SystemRandom()

Answer = TypeVar("Answer")


def post(
    postings: Sequence[Posting],
    *,
    at: datetime,
    programme_id: int = FIRST_PROGRAMME,
    are_new: bool = False,
) -> list[Posted]:
    """Post a batch in one transaction and answer each posting, in the order given.

    Each posting sees what the ones before it did. A refusal concerns its own posting only. An id
    said before with the same content answers `exists` for ever; with other content it is refused.
    `are_new` says that the ids follow from something this very transaction has made, so that
    nobody can have said them: they are not looked up, and the unique index holds them to it.
    """
    if not postings:
        return []

    alone = not transaction.get_connection().in_atomic_block

    def attempt() -> list[Posted]:
        for _ in range(TRIES_MAX):
            books = open_books(
                postings, at=at, programme_id=programme_id, alone=alone, are_new=are_new
            )
            answers = plan_postings(postings, books)
            with suppress(AccountsRaced):
                write(books)
                return answers
        raise PointsBusy

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
