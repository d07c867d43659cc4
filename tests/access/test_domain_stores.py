"""What a batch of store rows does, decided on values."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from regulars.access.domain import (
    Brand,
    Places,
    Region,
    Scope,
    Store,
    StoreKind,
    StorePlan,
    StoreRow,
    clean,
    plan_stores,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TEA = Brand(1, UUID(int=1), "default", "Tea", "Asia/Shanghai")
BREAD = Brand(2, UUID(int=2), "bread", "Bread", "Europe/London")
HERE = Region(10, UUID(int=3), "default", "Default", 1)
NORTH = Region(11, UUID(int=4), "north", "North", 1)
BREAD_HERE = Region(20, UUID(int=5), "default", "Default", 2)
PLACES = Places(
    brands={"default": TEA, "bread": BREAD},
    regions={(1, "default"): HERE, (1, "north"): NORTH, (2, "default"): BREAD_HERE},
)
KNOWN = Store(5, UUID(int=6), "S5", "Five", StoreKind.SHOP, "Asia/Tokyo", 11, 1)


def planned(*rows: StoreRow, scope: Scope | None = None) -> StorePlan:
    return plan_stores(
        rows,
        known={"S5": KNOWN},
        places=PLACES,
        new_ids={row.code: UUID(int=99) for row in rows},
        scope=scope or Scope.all(),
    )


@pytest.mark.capability("A6")
class TestPlanStores:
    def test_makes_a_store_in_the_default_place(self) -> None:
        plan = planned(StoreRow(0, "S1", "One"))

        assert plan.writes == (
            Store(0, UUID(int=99), "S1", "One", StoreKind.SHOP, "Asia/Shanghai", 10, 1),
        )
        assert [(each.outcome, each.change) for each in plan.outcomes] == [("applied", "new")]

    def test_takes_the_zone_of_the_brand(self) -> None:
        plan = planned(StoreRow(0, "S1", "One", brand="bread"))

        assert plan.writes[0].zone == "Europe/London"
        assert plan.writes[0].region_id == 20

    def test_keeps_what_a_row_leaves_out(self) -> None:
        plan = planned(StoreRow(0, "S5", name="Five and a half"))

        assert plan.writes == (
            Store(5, KNOWN.public_id, "S5", "Five and a half", StoreKind.SHOP, "Asia/Tokyo", 11, 1),
        )
        assert plan.outcomes[0].change == "updated"

    def test_says_exists_when_nothing_changes(self) -> None:
        plan = planned(StoreRow(0, "S5", "Five", region="north", zone="Asia/Tokyo"))

        assert plan.writes == ()
        assert (plan.outcomes[0].outcome, plan.outcomes[0].change) == ("exists", "same")
        assert plan.outcomes[0].id == str(KNOWN.public_id)

    def test_applies_a_code_said_twice_in_order(self) -> None:
        plan = planned(StoreRow(0, "S1", "One"), StoreRow(1, "S1", "Uno"), StoreRow(2, "S1", "Uno"))

        assert [each.change for each in plan.outcomes] == ["new", "updated", "same"]
        assert [each.name for each in plan.writes] == ["Uno"]

    def test_moves_to_the_default_region_of_another_brand(self) -> None:
        plan = planned(StoreRow(0, "S5", brand="bread"))

        assert (plan.writes[0].brand_id, plan.writes[0].region_id) == (2, 20)

    @pytest.mark.parametrize(
        ("row", "code"),
        [
            (StoreRow(0, "", "No code"), "access.store_unreadable"),
            (StoreRow(0, "S" * 65, "Long"), "access.store_unreadable"),
            (StoreRow(0, "S1"), "access.store_unreadable"),
            (StoreRow(0, "S1", "N" * 201), "access.store_unreadable"),
            (StoreRow(0, "S1", "a\x00b"), "access.store_unreadable"),
            (StoreRow(0, "S1", "One", kind="castle"), "access.unknown_store_kind"),
            (StoreRow(0, "S1", "One", zone="Mars/Base"), "kit.unknown_zone"),
        ],
    )
    def test_refuses_a_bad_row_alone(self, row: StoreRow, code: str) -> None:
        plan = planned(row, StoreRow(1, "S2", "Two"))

        assert [each.outcome for each in plan.outcomes] == ["refused", "applied"]
        assert plan.outcomes[0].code == code
        assert plan.outcomes[0].facts is not None

    def test_writes_no_store_out_of_scope(self) -> None:
        plan = planned(
            StoreRow(0, "S1", "One"), StoreRow(1, "S5", "Fünf"), scope=Scope(store_ids=(5,))
        )

        assert [each.outcome for each in plan.outcomes] == ["refused", "applied"]
        assert plan.outcomes[0].code == "access.store_out_of_scope"


def test_clean_takes_an_empty_text_for_nothing_said() -> None:
    row = clean(StoreRow(0, " S1 ", " ", region="", brand=" b ", kind=None, zone=" "))

    assert row == StoreRow(0, "S1", None, None, "b", None, None)
