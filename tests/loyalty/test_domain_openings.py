"""What a declared balance says, and what a ledger entry says of itself, without a database."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.ledger.domain import Currency, Entry, TransferKind
from regulars.loyalty.domain import (
    DEFAULT_TIERS,
    Declaration,
    OpeningLot,
    day_end,
    explain_entry,
    read_declaration,
)
from tests.loyalty.makers import NOON, PROGRAMME, a_ladder

TZ = PROGRAMME.tz
END_OF_FEBRUARY = datetime(2026, 2, 28, 15, 59, 59, 999_999, tzinfo=UTC)


def read(**changes: Any) -> Declaration | None:
    facts = {
        "currency": "growth",
        "amount": 600,
        "lots": [],
        "as_of": "2026-02-28",
        "replaces": True,
    }
    return read_declaration(facts | changes, event_id=1, member_id=2, batch_id=3, tz=TZ)


class TestReadDeclaration:
    def test_counts_an_undated_balance_as_earned_on_the_day_it_stands_for(self) -> None:
        declared = read()

        assert declared is not None
        assert declared.as_of == END_OF_FEBRUARY
        assert declared.lots == (OpeningLot(600, END_OF_FEBRUARY),)

    def test_takes_the_dates_of_the_lots_and_leaves_the_rest_undated(self) -> None:
        lots = [
            {"amount": 200, "earned_on": "2025-06-01", "expires_on": None},
            {"amount": 100, "earned_on": None, "expires_on": None},
            {"amount": 100, "earned_on": "2027-01-01", "expires_on": None},
        ]

        declared = read(lots=lots)

        assert declared is not None
        assert declared.lots == (
            OpeningLot(200, datetime(2025, 6, 1, 15, 59, 59, 999_999, tzinfo=UTC)),
            OpeningLot(100, END_OF_FEBRUARY),  # nothing is earned after the balance was struck
            OpeningLot(300, END_OF_FEBRUARY),
        )

    def test_leaves_other_currencies_to_the_ledger(self) -> None:
        assert read(currency="stored_value") is None
        declared = read(currency="points")
        assert declared is not None
        assert declared.currency is Currency.POINTS

    def test_knows_the_same_balance_again(self) -> None:
        one, same, other = read(), read(), read(amount=601)

        assert one is not None
        assert same is not None
        assert other is not None
        assert one.shape == same.shape != other.shape


class TestDayEnd:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("2026-02-28", END_OF_FEBRUARY),
            ("2026-02-28T12:00:00+08:00", datetime(2026, 2, 28, 4, tzinfo=UTC)),
            ("2026-02-28T12:00:00", datetime(2026, 2, 28, 4, tzinfo=UTC)),
        ],
    )
    def test_reads_days_and_instants(self, text: str, moment: datetime) -> None:
        assert day_end(text, TZ) == moment


class TestWords:
    @pytest.mark.parametrize("kind", list(TransferKind))
    def test_every_kind_of_entry_has_a_sentence(self, kind: TransferKind) -> None:
        entry = Entry(
            seq=1,
            transfer_id=UUID(int=1),
            business_id=UUID(int=1),
            kind=kind,
            currency=Currency.POINTS,
            amount=-5,
            balance_after=10,
            occurred_at=NOON,
            recorded_at=NOON,
            event_id=None,
            rule_version_id=None,
            store_id=None,
            reason_code=0,
            reverses=None,
            hold_id=None,
            usable_from=None,
            expires_at=None,
        )

        assert explain_entry(entry).sentence(str, "en")

    def test_tiers_are_named_in_both_languages(self) -> None:
        assert {tier.name("en") for tier in DEFAULT_TIERS}.isdisjoint(
            tier.name("zh-hans") for tier in DEFAULT_TIERS
        )

    def test_a_ladder_of_one_tier_lifts_nobody(self) -> None:
        ladder = a_ladder(tiers=DEFAULT_TIERS[:1])

        assert ladder.level_for(10**9) == 0
        assert ladder.growth_floor > 10**15
        assert ladder.next_review(NOON, TZ) - NOON < timedelta(days=32)
