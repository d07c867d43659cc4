"""Orders, refunds and products in PostgreSQL: recorded in sets, told once, taken back whole."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from regulars.access.domain import Scope
from regulars.commerce import selectors, services
from regulars.commerce.domain import (
    Amounts,
    Line,
    OrderInput,
    OrderMissing,
    OrderQuery,
    Payment,
    ProductInput,
    ProductMissing,
    ProductQuery,
    RefundInput,
    State,
)
from regulars.web import sql

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERYTHING = Scope.all()


def a_message(number: str = "T-1", **parts: Any) -> OrderInput:
    given = {
        "source_id": 1,
        "external_id": number,
        "version_at": AT,
        "state": State.PAID,
        "created_at": AT,
        "paid_at": AT,
        "amounts": Amounts(currency="CNY", goods_minor=10_000),
        "lines": (Line(sku="tea", amount_minor=10_000, name="Tea"),),
    }
    return OrderInput(**(given | parts))


def a_refund(number: str = "T-1", amount: int = 2_500, **parts: Any) -> RefundInput:
    given = {"source_id": 1, "order": number, "amount_minor": amount, "refunded_at": AT}
    return RefundInput(**(given | parts))


def record(*messages: OrderInput, **parts: Any) -> list[str]:
    return [done.change for done in services.record_orders(orders=messages, at=AT, **parts)]


def told(**where: Any) -> list[dict[str, Any]]:
    found = sql.rows(
        "SELECT facts, member_id, batch_id FROM events_event WHERE type = 'order.recorded'"
        " ORDER BY id"
    )
    import orjson

    read = [
        (orjson.loads(row[0]) if isinstance(row[0], str) else row[0])
        | {"member_id": row[1], "batch_id": row[2]}
        for row in found
    ]
    return [each for each in read if all(each[key] == value for key, value in where.items())]


def the_order(number: str = "T-1") -> Any:
    (public_id,) = sql.row(  # type: ignore[misc]
        "SELECT public_id FROM commerce_order WHERE external_id = %s", [number]
    )
    return selectors.get_order(public_id=public_id, scope=EVERYTHING)


class TestRecordOrders:
    def test_writes_an_order_with_lines_and_tenders_and_tells_it_once(self) -> None:
        payment = Payment(method="wechat", amount_minor=10_000, paid_at=AT)

        assert record(a_message(payments=(payment,), store_id=3, channel="pos")) == ["new"]

        order = the_order()
        assert (order.state, order.net_minor, order.channel) == ("paid", 10_000, "pos")
        assert [(line.sku, line.amount_minor) for line in order.lines] == [("tea", 10_000)]
        assert [tender.method for tender in order.payments] == ["wechat"]
        (facts,) = told()
        assert (facts["change"], facts["is_new"], facts["net_minor"]) == ("paid", True, 10_000)

    def test_answers_same_for_what_was_said_before(self) -> None:
        record(a_message())

        assert record(a_message(), a_message()) == ["same", "same"]
        assert len(told()) == 1

    def test_joins_the_messages_of_a_batch_into_one_event(self) -> None:
        created = a_message(state=State.CREATED, paid_at=None)

        assert record(created, a_message()) == ["new", "new"]
        assert [facts["change"] for facts in told()] == ["paid"]

    def test_tells_each_later_change(self) -> None:
        record(a_message(state=State.CREATED, paid_at=None))
        record(a_message())
        record(a_message(state=State.COMPLETED, completed_at=AT + timedelta(days=1)))

        assert [facts["change"] for facts in told()] == ["created", "paid", "completed"]

    def test_replaces_lines_with_newer_ones_only(self) -> None:
        record(a_message(version_at=AT + timedelta(1), lines=(Line(sku="new", amount_minor=1),)))
        record(a_message(lines=(Line(sku="old", amount_minor=2),)))

        assert [line.sku for line in the_order().lines] == ["new"]

    def test_keeps_its_word_about_awards(self) -> None:
        record(a_message(state=State.CREATED, paid_at=None), award=False)
        record(a_message())

        assert [facts["award"] for facts in told()] == [False, False]

    def test_keeps_the_number_of_two_sources_apart(self) -> None:
        assert record(a_message(), a_message(source_id=2)) == ["new", "new"]

    @pytest.mark.reliability("RC3")
    def test_ends_the_same_for_every_shuffle_in_batches_of_any_cut(self) -> None:
        story: list[Any] = [
            a_message(state=State.CREATED, paid_at=None),
            a_message(version_at=AT + timedelta(hours=1)),
            a_message(
                state=State.COMPLETED,
                completed_at=AT + timedelta(hours=2),
                version_at=AT + timedelta(hours=2),
                amounts=Amounts(currency="CNY", goods_minor=9_000),
            ),
            a_refund(amount=1_000, external_id="R1"),
            a_refund(amount=3_000),
        ]
        chance = random.Random(7)
        ends = set()
        for round_number in range(12):
            number = f"S-{round_number}"
            for said in chance.sample(story * 2, 10):
                tell(said, number)
            for said in story:
                tell(said, number)
            order = the_order(number)
            ends.add((order.state, order.net_minor, order.paid_at, order.completed_at))

        assert ends == {("partially_refunded", 6_000, AT, AT + timedelta(hours=2))}


def tell(said: Any, number: str) -> None:
    import msgspec

    if isinstance(said, OrderInput):
        record(msgspec.structs.replace(said, external_id=number))
    else:
        services.record_refunds(refunds=[msgspec.structs.replace(said, order=number)], at=AT)


class TestRecordRefunds:
    def test_takes_from_the_net_and_tells_it(self) -> None:
        record(a_message())

        (done,) = services.record_refunds(refunds=[a_refund(external_id="R1")], at=AT)

        assert done.change == "new"
        assert the_order().net_minor == 7_500
        assert told()[-1]["change"] == "refunded"

    def test_counts_a_repeated_refund_once(self) -> None:
        record(a_message())
        twice = [a_refund(external_id="R1")] * 2

        first = services.record_refunds(refunds=twice, at=AT)
        again = services.record_refunds(refunds=twice, at=AT)

        assert [done.change for done in first + again] == ["new", "same", "same", "same"]
        assert the_order().net_minor == 7_500

    def test_refuses_another_amount_under_the_same_id(self) -> None:
        record(a_message())
        services.record_refunds(refunds=[a_refund(external_id="R1")], at=AT)

        (done,) = services.record_refunds(refunds=[a_refund(amount=9, external_id="R1")], at=AT)

        assert done.refusal == "commerce.refund_changed"

    def test_refuses_another_currency(self) -> None:
        record(a_message())

        (done,) = services.record_refunds(refunds=[a_refund(currency="USD")], at=AT)

        assert done.refusal == "commerce.other_currency"

    def test_answers_missing_where_the_order_is_not_here(self) -> None:
        (done,) = services.record_refunds(refunds=[a_refund("T-9")], at=AT)

        assert done.change == "missing"

    def test_links_a_return_booked_without_its_order_when_the_order_comes(self) -> None:
        services.record_returns(returns=[(a_refund(external_id="R1", currency="CNY"), None)], at=AT)

        record(a_message())

        order = the_order()
        assert (order.net_minor, len(order.refunds)) == (7_500, 1)
        assert record(a_message()) == ["same"]


class TestRecordProducts:
    def say(self, *products: ProductInput) -> list[str]:
        done = services.record_products(products=products, currency="CNY", at=AT)
        return [each.change for each in done]

    def test_makes_the_tree_and_keeps_what_is_not_said(self) -> None:
        tea = ProductInput(sku="t", name="Tea", category=("Drinks", "Tea"), cost_minor=5)

        assert self.say(tea) == ["new"]
        assert self.say(ProductInput(sku="t", name="Green tea", price_minor=18)) == ["updated"]
        assert self.say(ProductInput(sku="t", name="Green tea")) == ["same"]
        product = selectors.get_product(sku="t")
        assert (product.category, product.cost_minor, product.price_minor) == (
            ("Drinks", "Tea"),
            5,
            18,
        )

    def test_lists_a_category_with_what_is_below_it(self) -> None:
        self.say(
            ProductInput(sku="a", name="A", category=("Drinks", "Tea")),
            ProductInput(sku="b", name="B", category=("Cake",)),
        )

        items, cursor = selectors.list_products(category="Drinks")

        assert ([item.sku for item in items], cursor) == (["a"], None)

    def test_refuses_an_unknown_sku(self) -> None:
        with pytest.raises(ProductMissing):
            selectors.get_product(sku="none")


class TestListOrders:
    def test_pages_newest_first(self) -> None:
        record(*(a_message(f"P-{n}") for n in range(5)))

        first = selectors.list_orders(scope=EVERYTHING, limit=3)
        second = selectors.list_orders(scope=EVERYTHING, limit=3, cursor=first.next_cursor)

        assert [o.number for o in first.items + second.items] == [
            f"P-{n}" for n in range(4, -1, -1)
        ]
        assert second.next_cursor is None

    @pytest.mark.reliability("RH1")
    def test_shows_only_stores_in_scope(self) -> None:
        record(a_message("A", store_id=1), a_message("B", store_id=2))
        mine = Scope(store_ids=(1,))

        assert [o.number for o in selectors.list_orders(scope=mine).items] == ["A"]
        with pytest.raises(OrderMissing):
            selectors.get_order(public_id=the_order("B").public_id, scope=mine)


class TestWithdrawOrders:
    def test_removes_what_only_the_batch_made_and_tells_it_closed(self) -> None:
        record(a_message(), batch_id=7)

        done = services.withdraw_orders(batch_id=7, at=AT)

        assert (done.removed, done.more) == (1, False)
        assert (told()[-1]["change"], told()[-1]["net_minor"]) == ("closed", 0)
        assert selectors.list_orders(scope=EVERYTHING).items == ()

    def test_gives_back_what_an_order_was(self) -> None:
        record(a_message())
        later = a_message(
            version_at=AT + timedelta(1),
            amounts=Amounts(currency="CNY", goods_minor=4_000),
            lines=(Line(sku="cake", amount_minor=4_000),),
        )
        record(later, batch_id=7)

        done = services.withdraw_orders(batch_id=7, at=AT)

        order = the_order()
        assert (done.restored, order.net_minor) == (1, 10_000)
        assert [line.sku for line in order.lines] == ["tea"]
        assert told()[-1]["net_minor"] == 10_000

    def test_keeps_what_somebody_changed_since(self) -> None:
        record(a_message(), batch_id=7)
        record(a_message(version_at=AT + timedelta(1), channel="web"))

        assert services.withdraw_orders(batch_id=7, at=AT).removed == 0
        assert the_order().channel == "web"

    def test_takes_back_refunds_of_the_batch(self) -> None:
        record(a_message())
        services.record_refunds(refunds=[a_refund(external_id="R1")], at=AT, batch_id=7)

        services.withdraw_orders(batch_id=7, at=AT)

        assert (the_order().net_minor, the_order().state) == (10_000, "paid")

    def test_goes_in_steps(self) -> None:
        record(*(a_message(f"W-{n}") for n in range(5)), batch_id=7)

        steps = [services.withdraw_orders(batch_id=7, at=AT, limit=2) for _ in range(3)]

        assert [(step.removed, step.more) for step in steps] == [(2, True), (2, True), (1, False)]


class TestLinkStores:
    def test_gives_orders_the_store_that_was_unknown_then(self) -> None:
        record(a_message(store_code="S9"))

        assert services.link_stores(store_ids={"S9": 4}, at=AT) == 1
        assert the_order().store_id == 4


class TestListsForStaff:
    def test_orders_by_state_channel_member_payment_and_store(self) -> None:
        record(
            a_message("T-1", channel="pos", member_id=7, store_id=3),
            a_message("T-2", channel="web", paid_at=AT + timedelta(days=1)),
            a_message("T-3", state=State.CREATED, paid_at=None),
        )

        def numbers(scope: Scope = EVERYTHING, **query: Any) -> list[str]:
            page = selectors.list_orders_matching(scope=scope, query=OrderQuery(**query))
            counted = selectors.count_orders_matching(scope=scope, query=OrderQuery(**query))
            assert counted.rows == len(page.items)
            return [order.number for order in page.items]

        assert numbers() == ["T-3", "T-2", "T-1"]
        assert numbers(descending=False) == ["T-1", "T-2", "T-3"]
        assert numbers(state=State.PAID) == ["T-2", "T-1"]
        assert numbers(channel="web") == ["T-2"]
        assert numbers(store_id=3) == ["T-1"]
        assert numbers(has_member=True) == ["T-1"]
        assert numbers(has_member=False) == ["T-3", "T-2"]
        assert numbers(by_payment=True) == ["T-2", "T-1"]
        assert numbers(paid_since=AT, paid_until=AT + timedelta(hours=1)) == ["T-1"]
        assert numbers(Scope(store_ids=(3,))) == ["T-1"]
        assert numbers(Scope(store_ids=(4,))) == []
        assert selectors.list_channels() == ["pos", "web"]

    def test_products_by_category_and_brand_and_the_tree(self) -> None:
        services.record_products(
            products=[
                ProductInput(sku="b", name="Black", category=("Tea", "Black"), brand="House"),
                ProductInput(sku="c", name="Cup", category=("Ware",), cost_minor=100),
                ProductInput(sku="d", name="Odd"),
            ],
            currency="CNY",
            at=AT,
        )

        def skus(**query: Any) -> list[str]:
            items, _ = selectors.list_products_matching(query=ProductQuery(**query))
            return [item.sku for item in items]

        assert skus() == ["b", "c", "d"]
        assert skus(category=("Tea",)) == ["b"]
        assert skus(brand="House") == ["b"]
        assert skus(without_cost=True) == ["b", "d"]
        assert selectors.count_products(query=ProductQuery(category=("Tea",))).rows == 1
        tree = {node.path: node.products for node in selectors.list_categories()}
        assert tree == {("Tea",): 1, ("Tea", "Black"): 1, ("Ware",): 1}
        assert selectors.list_brands() == ["House"]
        black = selectors.get_product(sku="b")
        assert selectors.get_product_by_id(public_id=black.public_id) == black
