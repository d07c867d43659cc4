"""A house to tell stories in: a shop whose clock we turn, sending rows as a real one would.

Everything goes through the doors a shop uses: rows are applied by `ingest`, members are merged
by `members`, points are spent at the ledger, the clock's work is done by the tasks' services.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import uuid4

from django.db import transaction

from regulars.access.domain import Actor
from regulars.ingest import services as ingest
from regulars.ingest.domain import (
    AmountsRow,
    BalanceLotRow,
    BalanceRow,
    MemberRef,
    OrderRow,
    RefundRow,
    RowOutcome,
    SourceKind,
)
from regulars.ledger import selectors as ledger
from regulars.ledger import services as points
from regulars.ledger.domain import Balance
from regulars.loyalty import selectors as loyalty
from regulars.loyalty import services as tiers
from regulars.members import selectors as people
from regulars.members import services as members
from regulars.members.domain import Identity, IdentityKind
from regulars.web import clock, sql

SYSTEM = Actor.system()
CHINA = timedelta(hours=8)


class Shop:
    """A shop in Shanghai; `at` is what its clock shows, in UTC."""

    def __init__(self, *, reports_completion: bool = False) -> None:
        self.numbers = count(1001)
        self.batches = count(1)
        self.travel("2026-03-01 12:00")
        self.source = ingest.find_or_create_source(name="pos", kind=SourceKind.API, at=self.at)
        if not reports_completion:
            sql.run("UPDATE ingest_source SET reports_completion = false")
            self.source = ingest.source_named(name="pos", at=self.at)

    @property
    def at(self) -> datetime:
        return clock.now()

    def travel(self, local: str) -> None:
        """Turn the clock of the installation to a local time of the shop."""
        wanted = local_time(local)
        sql.run(
            "UPDATE web_installation SET clock_offset_seconds = clock_offset_seconds"
            " + ceil(extract(epoch FROM %s::timestamptz - %s::timestamptz))",
            [wanted, clock.now()],
        )

    def wait(self, *, days: int) -> None:
        """Let days pass; the clock's work is done as it would be by the worker."""
        sql.run(
            "UPDATE web_installation SET clock_offset_seconds = clock_offset_seconds + %s::bigint",
            [days * 86_400],
        )
        self.work()

    def work(self) -> None:
        """Do what the worker does by the clock."""
        tiers.settle_growth(at=self.at)
        tiers.review_tiers(at=self.at)
        while points.expire_points(at=self.at):
            pass

    def sell(
        self, yuan: str, to: str | None = None, *, on: str | None = None, order: str | None = None,
        state: str = "paid", completed: str | None = None, award: bool = True,
    ) -> str:  # fmt: skip
        """Sell for so much; answers the number of the order."""
        number = order or f"T{next(self.numbers)}"
        paid_at = self.at if on is None else local_time(on)
        row = OrderRow(
            external_id=number,
            currency="CNY",
            channel="pos",
            state=state,  # type: ignore[arg-type]
            created_at=paid_at,
            paid_at=paid_at,
            completed_at=None if completed is None else local_time(completed),
            amounts=AmountsRow(goods=yuan),
            member=None if to is None else MemberRef(phone=to),
        )
        done(ingest.apply_orders([row], source=self.source, at=self.at, award=award))
        return number

    def refund(self, order: str, yuan: str) -> None:
        """Give money back on an order."""
        row = RefundRow(order=order, amount=yuan, external_id=uuid4().hex, refunded_at=self.at)
        done(ingest.apply_refunds([row], source=self.source, at=self.at))

    def bring_over(
        self, phone: str, *, points: int | None = None, growth: int | None = None, as_of: str,
        lots: Sequence[tuple[int, str]] = (),
    ) -> int:  # fmt: skip
        """Import the balances of an older system; answers the batch."""
        batch_id = next(self.batches)
        dated = tuple(
            BalanceLotRow(amount=amount, earned_on=date.fromisoformat(day)) for amount, day in lots
        )
        for currency, amount in (("points", points), ("growth", growth)):
            if amount is not None:
                row = BalanceRow(
                    member=MemberRef(phone=phone),
                    currency=currency,  # type: ignore[arg-type]
                    amount=amount,
                    as_of=local_time(as_of),
                    lots=dated,
                )
                source = self.source
                done(ingest.apply_balances([row], source=source, at=self.at, batch_id=batch_id))
        return batch_id

    def undo(self, batch_id: int) -> None:
        """Take the import of balances back."""
        with transaction.atomic():
            ingest.append_reverted(batch_id=batch_id, kind="balances", at=self.at)

    def spend(self, phone: str, amount: int) -> None:
        points.spend_points(
            transfer_id=uuid4(), member_id=self.member(phone), amount=amount, at=self.at
        )

    def merge(self, winner: str, loser: str) -> int:
        """Make two members one; answers the merge."""
        merged = members.merge(
            winner_id=self.member(winner), loser_id=self.member(loser), at=self.at, actor=SYSTEM
        )
        return merged.id

    def unmerge(self, merge_id: int) -> None:
        members.unmerge(merge_id=merge_id, at=self.at, actor=SYSTEM)

    def member(self, phone: str) -> int:
        """Find who answers to this phone."""
        [found] = people.find_by_identities(identities=[Identity(IdentityKind.PHONE, phone)])
        assert found is not None, f"nobody has the phone {phone}"
        return people.survivors(member_ids=[found])[found]

    def balance(self, phone: str) -> Balance:
        member_id = self.member(phone)
        return ledger.balances(member_ids=[member_id], at=self.at)[member_id]

    def tier(self, phone: str) -> str:
        member_id = self.member(phone)
        return loyalty.tier_of(member_ids=[member_id])[member_id].code

    def path(self, phone: str) -> list[str]:
        """Name the tiers a member has come through, oldest first."""
        steps = loyalty.list_tier_history(member_id=self.member(phone))
        return [step.to_tier.code for step in reversed(steps)]

    def statement(self, phone: str) -> list[str]:
        """Read the statement aloud, newest first."""
        page = loyalty.list_statement(member_id=self.member(phone))
        return [line.explanation.sentence(str, "en") for line in page.lines]

    def assert_books_add_up(self) -> None:
        verdict = points.verify(extra=loyalty.CHECKS)
        assert [finding for finding in verdict.findings if finding.bad] == []
        assert tiers.verify_tiers(until=self.at).bad == 0


def local_time(text: str) -> datetime:
    """Read a local time of the shop: 2026-03-01 12:00."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) - CHINA


def done(outcomes: Sequence[RowOutcome]) -> None:
    """Every row went in."""
    left = [outcome for outcome in outcomes if outcome.outcome not in {"applied", "exists"}]
    assert left == [], left
