"""The sweep of holds that ran out: bounded, past accounts whose books are broken."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from regulars.ledger import selectors
from regulars.ledger import services as ledger
from regulars.ledger.domain import HoldState
from regulars.ledger.services import late_holds
from regulars.web import sql
from tests.ledger.making import NOON, an_earn, days, given

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B1")]


def hold(member_id: int) -> UUID:
    hold_id = uuid4()
    until = NOON + days(1)
    ledger.hold_points(hold_id=hold_id, member_id=member_id, amount=60, expires_at=until, at=NOON)
    return hold_id


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE ledger_account SET held = 0 WHERE member_id = 1",
        "UPDATE ledger_account SET held = held - 1 WHERE member_id = 1",
        "UPDATE ledger_lot SET remaining = 0 WHERE member_id = 1",
        "DELETE FROM ledger_hold_lot WHERE member_id = 1",
    ],
)
@pytest.mark.parametrize("limit", [1, 500])
def test_passes_over_a_broken_account_and_tells_it(
    harm: str, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(late_holds.log, "error", lambda *_, **facts: told.append(facts["count"]))
    given(an_earn(100), an_earn(100, member_id=2))
    broken, whole = hold(1), hold(2)
    sql.run(harm)

    released = ledger.expire_holds(at=NOON + days(2), limit=limit)

    assert released == 1
    assert selectors.get_hold(hold_id=whole, at=NOON).state is HoldState.EXPIRED
    assert selectors.get_hold(hold_id=broken, at=NOON).state is HoldState.OPEN
    assert told == [1]
