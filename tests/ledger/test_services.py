"""The ledger's writer against PostgreSQL."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from regulars.ledger import selectors
from regulars.ledger import services as ledger
from regulars.ledger.domain import Clawback, Earn, PostedAs, Restore, Spend

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def earn(member_id=1, amount=100, *, days=365, at=NOON, **more):
    return Earn(
        id=uuid4(),
        member_id=member_id,
        amount=amount,
        occurred_at=at,
        usable_from=at,
        expires_at=None
        if days is None
        else datetime(2030, 1, 1, tzinfo=UTC) + timedelta(days=days),
        **more,
    )


@pytest.mark.django_db
class TestPost:
    def test_smoke(self):
        e = earn()
        s = Spend(id=uuid4(), member_id=1, amount=60, occurred_at=NOON)
        got = ledger.post([e, s], at=NOON)
        assert [g.outcome for g in got] == [PostedAs.POSTED] * 2, got
        got = ledger.post([e, s], at=NOON)
        assert [g.outcome for g in got] == [PostedAs.EXISTS] * 2, got
        got = ledger.post(
            [Clawback(id=uuid4(), member_id=1, reverses=e.id, amount=100, occurred_at=NOON)],
            at=NOON,
        )
        assert (got[0].taken, got[0].owed) == (40, 60)
        got = ledger.post(
            [Restore(id=uuid4(), member_id=1, reverses=s.id, amount=None, occurred_at=NOON)],
            at=NOON,
        )
        assert got[0].repaid == 60
        print(selectors.get_balance(member_id=1, at=NOON))
        page = selectors.list_entries(member_id=1)
        for x in page.entries:
            print(x.kind, x.amount, x.balance_after)
        v = ledger.verify()
        assert v.is_clean, v
        for f in v.findings:
            print(f)
