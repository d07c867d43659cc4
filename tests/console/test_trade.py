"""Orders, products and stores as pages: lists with filters, one of each, scope, cost, changes."""

import re
from datetime import datetime

import pytest
from django.test import Client

from regulars.access import selectors as access
from regulars.access.domain import Scope
from regulars.commerce import selectors as commerce
from regulars.commerce import services as recording
from regulars.commerce.domain import OrderQuery, ProductInput
from regulars.web import clock, sql
from tests.console.looking import hidden, questions, sent, text_of
from tests.console.shop import Shop, _order, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
EVERYTHING = Scope.all()


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


@pytest.fixture
def products(at: datetime, shop: Shop) -> None:
    recording.record_products(
        products=[
            ProductInput(
                sku="T-001", name="白桃乌龙", category=("茶", "乌龙"), brand="自有",
                price_minor=2_800, cost_minor=700,
            ),
            ProductInput(sku="B-002", name="海盐芝士贝果", category=("面包",), price_minor=1_600),
        ],
        currency="CNY",
        at=at,
    )  # fmt: skip


class TestOrders:
    def test_lists_orders_with_their_members_masked(self, owner: Client, shop: Shop) -> None:
        page = text_of(owner, "/console/orders")

        assert "SO-0001" in page
        assert "林**" in page
        assert "静安愚园店" in page
        assert "10 rows" in page

    @pytest.mark.parametrize(
        ("query", "shown", "missing"),
        [
            ("?store=S02", "SO-9001", "SO-0001"),
            ("?channel=pos", "SO-0001", "—nothing—"),
            ("?state=partially_refunded", "SO-0005", "SO-0001"),
            ("?member=no", "Nothing matches", "SO-0001"),
            ("?paid=last_7", "SO-9001", "SO-0001"),
            ("?sort=paid_at&size=10", "SO-0001", "—nothing—"),
            ("?state=nonsense&store=S99&sort=net&size=7", "SO-0001", "—nothing—"),
        ],
    )
    def test_filters_and_sorts_and_ignores_nonsense(
        self, owner: Client, query: str, shown: str, missing: str
    ) -> None:
        page = text_of(owner, f"/console/orders{query}")

        assert shown in page
        assert missing not in page

    def test_pages_by_cursor_and_refuses_a_foreign_one(self, owner: Client) -> None:
        found = commerce.list_orders_matching(scope=EVERYTHING, query=OrderQuery(), limit=6)

        page = text_of(owner, f"/console/orders?after={found.next_cursor}")

        assert "SO-0001" in page
        assert "SO-9001" not in page
        text_of(owner, "/console/orders?after=xyz", status=422)

    def test_a_store_manager_sees_the_orders_of_the_store(self, at: datetime, shop: Shop) -> None:
        browser = signed_in(at, role="store_manager", scope="store:S02")

        page = text_of(browser, "/console/orders")
        other = commerce.list_orders_matching(
            scope=Scope(store_ids=(shop.store_ids["S01"],)), query=OrderQuery()
        ).items[0]

        assert "SO-9001" in page
        assert "SO-0001" not in page
        text_of(browser, f"/console/orders/{other.public_id}", status=404)

    def test_a_clerk_may_not_look(self, at: datetime, shop: Shop) -> None:
        text_of(signed_in(at, role="clerk", scope="store:S01"), "/console/orders", status=403)

    def test_reads_in_chinese(self, at: datetime, shop: Shop) -> None:
        page = text_of(signed_in(at, language="zh-hans"), "/console/orders")

        assert "订单" in page
        assert "已付款" in page or "付款时间" in page

    def test_asks_as_little_for_fifty_as_for_one(self, owner: Client, shop: Shop) -> None:
        few = questions(owner, "/console/orders?size=10")
        orders = [
            _order(shop.source_id, f"M-{n}", shop.store_ids["S01"], shop.lin, shop.at, 100)
            for n in range(50)
        ]
        recording.record_orders(orders=orders, at=shop.at)

        assert questions(owner, "/console/orders?size=100") == few

    def test_one_order_shows_its_payments_and_where_it_came_from(
        self, owner: Client, shop: Shop
    ) -> None:
        order = commerce.list_orders_matching(scope=EVERYTHING, query=OrderQuery()).items[0]
        sql.run(
            "INSERT INTO commerce_payment (order_id, position, method, amount_minor)"
            " VALUES (%s::bigint, 1, 'alipay', 5700)",
            [order.id],
        )

        page = text_of(owner, f"/console/orders/{order.public_id}")

        assert "Alipay" in page
        assert "from pos" in page


@pytest.mark.usefixtures("products")
class TestProducts:
    def test_lists_by_code_in_the_tree_with_cost(self, owner: Client) -> None:
        page = text_of(owner, "/console/products")

        assert "白桃乌龙" in page
        assert "茶 / 乌龙" in page
        assert "¥7.00" in page
        assert "2 rows" in page

    def test_filters_by_category_brand_and_missing_cost(self, owner: Client) -> None:
        assert "B-002" not in text_of(owner, "/console/products?category=茶")
        assert "B-002" not in text_of(owner, "/console/products?brand=自有")
        assert "T-001" not in text_of(owner, "/console/products?bare=1")

    def test_hides_cost_from_who_does_not_keep_the_catalogue(
        self, at: datetime, shop: Shop
    ) -> None:
        browser = signed_in(at, role="analyst")
        product = commerce.get_product(sku="T-001")

        assert "¥7.00" not in text_of(browser, "/console/products")
        assert "¥7.00" not in text_of(browser, f"/console/products/{product.public_id}")
        assert "T-001" in text_of(browser, "/console/products?bare=1")

    def test_one_shows_margin_and_its_way_down_the_tree(self, owner: Client) -> None:
        product = commerce.get_product(sku="T-001")

        page = text_of(owner, f"/console/products/{product.public_id}")

        assert "75.0%" in page
        assert "category=%E8%8C%B6%2F%E4%B9%8C%E9%BE%99" in page
        text_of(owner, "/console/products/01234567-0000-7000-8000-000000000000", status=404)

    def test_is_not_for_clerks(self, at: datetime, shop: Shop) -> None:
        text_of(signed_in(at, role="clerk", scope="store:S01"), "/console/products", status=403)

    def test_asks_as_little_for_many(self, owner: Client, at: datetime) -> None:
        few = questions(owner, "/console/products")
        more = [ProductInput(sku=f"X-{n}", name=f"X {n}", category=("茶",)) for n in range(50)]
        recording.record_products(products=more, currency="CNY", at=at)

        assert questions(owner, "/console/products?size=100") == few


class TestStores:
    @pytest.mark.parametrize(
        ("language", "words", "scope"),
        [
            ("en", "no region", "Stores without a region"),
            ("zh-hans", "未分区域", "未分区域的门店"),
        ],
    )
    def test_a_store_that_came_without_a_region_is_said_so(
        self, shop: Shop, at: datetime, language: str, words: str, scope: str
    ) -> None:
        browser = signed_in(at, language=language)
        store = access.list_stores(EVERYTHING)[0]

        for path in ("/console/stores", f"/console/stores/{store.public_id}"):
            page = text_of(browser, path)
            assert words in page
            assert not re.search(r">\s*default\s*<", page, re.IGNORECASE)
        assert f'<option value="region:default">{scope}</option>' in text_of(
            browser, "/console/staff/new"
        )

    def test_lists_stores_in_scope_and_filters(self, owner: Client, at: datetime) -> None:
        assert "杭州湖滨店" in text_of(owner, "/console/stores")
        assert "Nothing matches" in text_of(owner, "/console/stores?kind=warehouse")
        assert "Next page" not in text_of(owner, "/console/stores")
        narrow = signed_in(at, role="store_manager", scope="store:S02")
        page = text_of(narrow, "/console/stores")
        assert "徐汇天平店" in page
        assert "静安愚园店" not in page

    def test_one_out_of_scope_is_not_there(self, at: datetime, shop: Shop) -> None:
        narrow = signed_in(at, role="store_manager", scope="store:S02")
        ours, other = (
            access.get_store(code=code, scope=EVERYTHING).public_id for code in ("S02", "S01")
        )

        assert "徐汇天平店" in text_of(narrow, f"/console/stores/{ours}")
        text_of(narrow, f"/console/stores/{other}", status=404)
        text_of(narrow, f"/console/stores/{ours}/change", status=403)

    def test_changes_after_showing_what_changes_once(self, owner: Client, shop: Shop) -> None:
        store = access.get_store(code="S03", scope=EVERYTHING)
        place = f"/console/stores/{store.public_id}/change"
        said = {
            "name": "杭州西湖店",
            "kind": "franchise",
            "region": "EAST",
            "zone": "Asia/Shanghai",
        }

        assert "S03" not in text_of(owner, place).partition("<form")[2].partition("</form>")[0]
        assert "Write a zone" in sent(owner, place, {**said, "zone": "Mars", "step": "preview"}, status=422)  # fmt: skip
        preview = sent(owner, place, {**said, "step": "preview"})
        assert "杭州湖滨店" in preview
        assert "Franchise" in preview
        act = hidden(preview, "act_id")
        for _ in range(2):
            sent(owner, place, {**said, "step": "do", "act_id": act}, status=302)

        after = access.get_store(code="S03", scope=EVERYTHING)
        assert (after.name, after.kind.value) == ("杭州西湖店", "franchise")
        assert sql.row(
            "SELECT count(*) FROM access_audit_entry WHERE action = 'store.changed'"
        ) == (1,)

    def test_asks_as_little_for_many(self, owner: Client, at: datetime) -> None:
        from regulars.access import services
        from regulars.access.domain import StoreRow

        few = questions(owner, "/console/stores")
        services.record_stores(
            [StoreRow(row=n, code=f"N{n:03}", name=f"店 {n}") for n in range(50)], at=at
        )

        assert questions(owner, "/console/stores?size=100") == few
        first = text_of(owner, "/console/stores?size=10")
        assert "Next page" in first
