"""One batch, planned: each posting in turn, each seeing what the ones before it did.

A refusal concerns its own posting only. An id that was used before, in this batch or ever, is
recognised by what it asked for: the same again has no effect, anything else is refused.
"""

from collections.abc import Callable, Sequence
from typing import Any

from regulars.kit.errors import Refusal
from regulars.ledger.domain.books import Books
from regulars.ledger.domain.granting import plan_earn, plan_open
from regulars.ledger.domain.holding import plan_commit, plan_hold, plan_void
from regulars.ledger.domain.postings import (
    Adjust,
    Clawback,
    Commit,
    Earn,
    Gift,
    Hold,
    Open,
    Posted,
    PostedAs,
    Posting,
    Restore,
    Spend,
    Void,
    request_hash,
)
from regulars.ledger.domain.refusals import TransferConflict
from regulars.ledger.domain.reversing import plan_clawback, plan_restore
from regulars.ledger.domain.spending import plan_adjust, plan_gift, plan_spend

Plan = Callable[[Books, Any], Posted]

PLANS: dict[type[Posting], Plan] = {
    Earn: plan_earn,
    Open: plan_open,
    Spend: plan_spend,
    Adjust: plan_adjust,
    Gift: plan_gift,
    Clawback: plan_clawback,
    Restore: plan_restore,
    Hold: plan_hold,
    Commit: plan_commit,
    Void: plan_void,
}


def plan_postings(postings: Sequence[Posting], books: Books) -> list[Posted]:
    """Plan a batch in order; the effects stand in `books.writes`, the answers come back."""
    answers: list[Posted] = []
    known = books.known
    seen = None if _are_distinct(postings) else dict[Any, Posting]()
    for posting in postings:
        if known and (before := known.get(posting.id)) is not None:
            answers.append(_recognise(books, posting, before))
            continue
        if seen is not None and (earlier := seen.get(posting.id)) is not None:
            answers.append(_recognise_earlier(posting, earlier))
            continue
        try:
            answers.append(PLANS[type(posting)](books, posting))
        except Refusal as no:
            answers.append(Posted(posting.id, PostedAs.REFUSED, no))
            continue
        if seen is not None:
            seen[posting.id] = posting
    return answers


def _are_distinct(postings: Sequence[Posting]) -> bool:
    """Tell whether no id stands twice, which is nearly always so and cheap to know."""
    return len({posting.id.int for posting in postings}) == len(postings)


def _recognise(books: Books, posting: Posting, before: tuple[bytes, int | None, int]) -> Posted:
    digest, member_id, amount = before
    if digest == request_hash(posting):
        return Posted(posting.id, PostedAs.EXISTS, None, amount)
    account = books.accounts.get((posting.currency, posting.member_id))
    earlier = books.accounts.get((posting.currency, member_id or 0))
    same_hands = account is not None and account is earlier
    if same_hands and digest == request_hash(posting, member_id=member_id):
        return Posted(posting.id, PostedAs.EXISTS, None, amount)
    return _conflict(posting)


def _recognise_earlier(posting: Posting, earlier: Posting) -> Posted:
    if request_hash(posting) == request_hash(earlier):
        return Posted(posting.id, PostedAs.EXISTS)
    return _conflict(posting)


def _conflict(posting: Posting) -> Posted:
    refusal = TransferConflict(transfer_id=str(posting.id))
    return Posted(posting.id, PostedAs.REFUSED, refusal)
