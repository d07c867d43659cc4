"""Whole rows: orders, members, balances, lines, stores and products out of the shops' own layouts."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.ingest.domain import files
from regulars.ingest.parsers.candidates import Candidate
from regulars.ingest.parsers.mapping import read_map_file
from tests.ingest.reading import (
    FILE_AT,
    YOUZAN_CUSTOMERS,
    YOUZAN_LINES,
    YOUZAN_ORDERS,
    a_csv,
    a_workbook,
    csv_text,
    mapped,
    opened,
    read,
    row_of,
)


def codes(problems: list[files.RowProblem]) -> list[tuple[int, str, str]]:
    return [(problem.row, problem.column, problem.code) for problem in problems]


def an_order(**cells: str) -> list[str]:
    given = {
        "订单号": "E20240105103000000001", "订单状态": "交易完成", "归属店铺": "南山店", "销售渠道": "小程序",
        "订单创建时间": "2024-01-05 10:30:00", "买家付款时间": "2024-01-05 10:31:00",
        "交易成功时间": "2024-01-12 10:31:00", "商品金额合计": "57.00", "运费": "6.00",
        "店铺优惠合计": "5.00", "订单实付金额": "58.00", "订单已退款金额": "0.00",
        "买家手机号": "13800138000", "收货人手机号/提货人手机号": "13900139000", "买家昵称": "🍵",
    } | cells  # fmt: skip
    return row_of(YOUZAN_ORDERS, **given)


class TestYouzanOrders:
    def test_reads_an_order_as_youzan_exports_it(self, tmp_path: Path) -> None:
        candidates, problems = read(
            a_csv(tmp_path, [YOUZAN_ORDERS, an_order()]), "orders", stores={"南山店": "NS"}
        )

        (order,) = [candidate.order for candidate in candidates]
        assert problems == []
        assert order is not None
        assert (order.external_id, order.state, order.store) == (
            "E20240105103000000001",
            "completed",
            "NS",
        )
        assert order.paid_at == datetime(2024, 1, 5, 2, 31, tzinfo=UTC)
        assert order.completed_at == datetime(2024, 1, 12, 2, 31, tzinfo=UTC)
        assert order.amounts is not None
        assert (
            order.amounts.goods,
            order.amounts.shipping,
            order.amounts.discount,
            order.amounts.paid,
        ) == ("57.00", "6.00", "5.00", "58.00")

    def test_never_takes_the_receiver_for_the_buyer(self, tmp_path: Path) -> None:
        candidates, _ = read(a_csv(tmp_path, [YOUZAN_ORDERS, an_order(买家手机号="")]), "orders")

        assert candidates[0].order is not None
        assert candidates[0].order.member is None

    def test_knows_the_layout_and_maps_the_first_of_two_equal_headers(self, tmp_path: Path) -> None:
        sheet = opened(a_csv(tmp_path, [YOUZAN_ORDERS, an_order()]), "orders")
        mapping = mapped(sheet, "orders")

        assert mapping.layout == "youzan.orders"
        assert "分销员 (2)" in sheet.headers
        assert mapping.columns["phone"] == "买家手机号"
        assert mapping.columns["paid"] == "订单实付金额"

    @pytest.mark.parametrize(
        ("word", "state"),
        [("待付款", "created"), ("待发货", "paid"), ("已发货", "paid"), ("交易完成", "completed"), ("交易关闭", "closed"),
         ("paid", "paid"), ("Cancelled", "closed"), ("COMPLETED", "completed"), ("pending", "created"), ("shipped", "paid")],
    )  # fmt: skip
    def test_reads_the_words_of_states(self, tmp_path: Path, word: str, state: str) -> None:
        candidates, _ = read(a_csv(tmp_path, [YOUZAN_ORDERS, an_order(订单状态=word)]), "orders")

        assert candidates[0].order is not None
        assert candidates[0].order.state == state

    def test_refuses_a_state_nobody_has_explained_until_the_map_does(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [YOUZAN_ORDERS, an_order(订单状态="已对账")])

        assert codes(read(path, "orders")[1]) == [(2, "订单状态", "ingest.unknown_word")]
        candidates, problems = read(path, "orders", columns={}, states={"已对账": "completed"})
        assert problems == []
        assert candidates[0].order is not None

    def test_keys_refunds_by_order_and_what_was_refunded_so_far(self, tmp_path: Path) -> None:
        candidates, _ = read(
            a_csv(
                tmp_path,
                [YOUZAN_ORDERS, an_order(订单已退款金额="9.90", 订单退款状态="部分退款成功")],
            ),
            "orders",
        )

        refund = candidates[0].refund
        assert refund is not None
        assert (refund.order, refund.amount, refund.cumulative, refund.undated) == (
            "E20240105103000000001",
            "9.90",
            True,
            True,
        )
        assert refund.refunded_at == datetime(2024, 1, 12, 2, 31, tzinfo=UTC)

    def test_dates_a_refund_by_the_file_where_the_order_never_completed(
        self, tmp_path: Path
    ) -> None:
        row = an_order(订单状态="已发货", 交易成功时间="", 订单已退款金额="9.90")
        candidates, _ = read(a_csv(tmp_path, [YOUZAN_ORDERS, row]), "orders")

        assert candidates[0].refund is not None
        assert candidates[0].refund.refunded_at == FILE_AT

    def test_a_full_refund_by_word_gives_everything_back(self, tmp_path: Path) -> None:
        candidates, _ = read(
            a_csv(tmp_path, [YOUZAN_ORDERS, an_order(订单状态="全额退款", 订单已退款金额="")]),
            "orders",
        )

        assert candidates[0].refund is not None
        assert Decimal(candidates[0].refund.amount) == 58
        assert candidates[0].order is not None
        assert candidates[0].order.state == "completed"

    @pytest.mark.parametrize(
        ("cells", "column", "code"),
        [
            ({"订单号": ""}, "订单号", "ingest.cell_missing"),
            ({"订单号": "1.23457E+17"}, "订单号", "ingest.digits_lost"),
            ({"买家手机号": "12345"}, "买家手机号", "kit.invalid_phone"),
            ({"买家手机号": "1.38E+10"}, "买家手机号", "ingest.digits_lost"),
            ({"买家付款时间": "2024-13-40"}, "买家付款时间", "ingest.not_a_date"),
            ({"买家付款时间": "1066-01-01"}, "买家付款时间", "ingest.absurd_date"),
            ({"订单实付金额": "-5"}, "订单实付金额", "ingest.negative_amount"),
            ({"订单实付金额": "abc"}, "订单实付金额", "ingest.not_an_amount"),
            ({"订单实付金额": "=1+1"}, "订单实付金额", "ingest.formula_cell"),
            ({"归属店铺": "店" * 200}, "归属店铺", "ingest.cell_too_long"),
            ({"订单已退款金额": "99"}, "订单已退款金额", "ingest.refund_too_large"),
            (
                {"订单状态": "部分退款", "订单已退款金额": ""},
                "订单已退款金额",
                "ingest.refund_untold",
            ),
            (
                {"订单状态": "待发货", "订单创建时间": "", "买家付款时间": "", "交易成功时间": ""},
                "订单创建时间",
                "ingest.cell_missing",
            ),
        ],
    )
    def test_names_the_row_the_column_and_the_reason(
        self, tmp_path: Path, cells: dict[str, str], column: str, code: str
    ) -> None:
        rows = [YOUZAN_ORDERS, an_order(**cells), an_order(订单号="E2")]
        candidates, problems = read(a_csv(tmp_path, rows), "orders")

        assert codes(problems) == [(2, column, code)]
        assert len(candidates) == 1

    def test_a_masked_phone_names_nobody(self, tmp_path: Path) -> None:
        candidates, problems = read(
            a_csv(tmp_path, [YOUZAN_ORDERS, an_order(买家手机号="138****8000")]), "orders"
        )

        assert problems == []
        assert candidates[0].order is not None
        assert candidates[0].order.member is None

    def test_an_order_said_twice_counts_once_and_twice_differently_is_an_error(
        self, tmp_path: Path
    ) -> None:
        rows = [YOUZAN_ORDERS, an_order(), an_order(), an_order(订单实付金额="1.00")]
        candidates, problems = read(a_csv(tmp_path, rows), "orders")

        assert len(candidates) == 1
        assert codes(problems) == [(4, "订单号", "ingest.row_contradicts")]

    def test_reads_the_same_from_a_workbook(self, tmp_path: Path) -> None:
        rows: list[list[object]] = [
            ["订单导出"],
            list(YOUZAN_ORDERS),
            list(an_order()),
            ["合计", "", "", 1],
        ]
        from_csv, _ = read(a_csv(tmp_path, [YOUZAN_ORDERS, an_order()]), "orders")
        from_workbook, _ = read(a_workbook(tmp_path, rows), "orders")

        assert [candidate.order for candidate in from_workbook] == [
            candidate.order for candidate in from_csv
        ]


class TestFreeOrders:
    HEADER = ("小票号", "消费时间", "实付", "会员手机号")

    def test_a_sheet_without_states_lists_finished_sales(self, tmp_path: Path) -> None:
        rows = [self.HEADER, ["1", "2024/1/5 10:00", "￥1,234.50", "13800138000"]]
        candidates, _ = read(a_csv(tmp_path, rows), "orders")

        order = candidates[0].order
        assert order is not None
        assert (order.state, order.amounts and order.amounts.goods) == ("completed", "1234.50")

    def test_contradictions_within_a_file_are_errors(self, tmp_path: Path) -> None:
        one, other = ["1", "2024/1/5", "10", ""], ["1", "2024/1/5", "11", ""]
        candidates, problems = read(a_csv(tmp_path, [self.HEADER, one, one, other]), "orders")

        assert len(candidates) == 1
        assert codes(problems) == [(4, "小票号", "ingest.row_contradicts")]

    def test_gathers_lines_that_lie_apart(self, tmp_path: Path) -> None:
        header = ["order_no", "order_date", "sku", "qty", "unit_price", "phone"]
        lines = [[f"S{n % 3}", "2024-01-05", f"A{n}", "2", "1.25", "13800138000"] for n in range(9)]
        candidates, problems = read(a_csv(tmp_path, [header, *lines]), "orders")

        assert problems == []
        assert sorted(c.order.external_id for c in candidates if c.order) == ["S0", "S1", "S2"]
        assert all(c.order and c.order.lines and len(c.order.lines) == 3 for c in candidates)
        assert {c.order.amounts.goods for c in candidates if c.order and c.order.amounts} == {
            "7.50"
        }

    def test_a_broken_line_keeps_its_whole_order_out(self, tmp_path: Path) -> None:
        header = ["order_no", "order_date", "sku", "qty", "unit_price"]
        lines = [
            ["S1", "2024-01-05", "A", "1", "2"],
            ["S1", "2024-01-05", "B", "x", "2"],
            ["S2", "2024-01-05", "A", "1", "2"],
        ]
        candidates, problems = read(a_csv(tmp_path, [header, *lines]), "orders")

        assert [c.order.external_id for c in candidates if c.order] == ["S2"]
        assert codes(problems) == [
            (2, "", "ingest.sibling_broken"),
            (3, "qty", "ingest.not_a_number"),
        ]

    def test_negative_quantity_is_a_return_on_the_slip(self, tmp_path: Path) -> None:
        header = ["order_no", "order_date", "sku", "qty", "unit_price"]
        lines = [["S1", "2024-01-05", "A", "3", "2"], ["S1", "2024-01-05", "A", "-1", "2"]]
        candidates, _ = read(a_csv(tmp_path, [header, *lines]), "orders")

        order = candidates[0].order
        assert order is not None
        assert order.amounts is not None
        assert order.amounts.goods == "4.00"
        assert [line.quantity for line in order.lines or ()] == [3, -1]

    def test_negative_price_is_an_error(self, tmp_path: Path) -> None:
        header = ["order_no", "order_date", "sku", "qty", "unit_price"]
        _, problems = read(
            a_csv(tmp_path, [header, ["S1", "2024-01-05", "A", "1", "-2"]]), "orders"
        )

        assert codes(problems) == [(2, "unit_price", "ingest.negative_amount")]

    def test_a_slip_that_names_its_original_is_a_refund(self, tmp_path: Path) -> None:
        header = ["小票号", "原单号", "消费时间", "实付"]
        rows = [["R1", "S1", "2024-01-06", "-9.90"], ["S1", "", "2024-01-05", "30"]]
        candidates, problems = read(a_csv(tmp_path, [header, *rows]), "orders")

        assert problems == []
        refund = candidates[0].refund
        assert refund is not None
        assert (refund.order, refund.external_id, Decimal(refund.amount)) == (
            "S1",
            "R1",
            Decimal("9.90"),
        )

    def test_constants_say_what_no_column_does(self, tmp_path: Path) -> None:
        rows = [self.HEADER, ["1", "2024/1/5", "10", ""]]
        candidates, _ = read(
            a_csv(tmp_path, rows),
            "orders",
            constants={"channel": "pos", "state": "paid", "store": "S1"},
        )

        order = candidates[0].order
        assert order is not None
        assert (order.channel, order.state, order.store) == ("pos", "paid", "S1")


class TestOnlineRetail:
    HEADER = (
        "InvoiceNo",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
        "Country",
    )

    def test_reads_a_foreign_shop(self, tmp_path: Path) -> None:
        rows = [
            self.HEADER,
            [
                "536365",
                "85123A",
                "HEART",
                "6",
                "2010-07-01 08:26:00",
                "2.55",
                "17850.0",
                "United Kingdom",
            ],
            [
                "536365",
                "71053",
                "LANTERN",
                "6",
                "2010-07-01 08:26:00",
                "3.39",
                "17850.0",
                "United Kingdom",
            ],
            [
                "C536379",
                "D",
                "Discount",
                "-1",
                "2010-07-01 09:41:00",
                "27.50",
                "14527.0",
                "United Kingdom",
            ],
            ["536414", "22139", "", "56", "2010-07-01 11:52:00", "0.0", "", "United Kingdom"],
            [
                "A563186",
                "B",
                "Adjust bad debt",
                "1",
                "2011-08-12 14:51:00",
                "-11062.06",
                "",
                "United Kingdom",
            ],
        ]
        path = a_csv(tmp_path, rows, name="online.csv.gz")

        candidates, problems = read(path, "orders", zone="Europe/London", currency="GBP")

        first, refund, free = candidates
        assert first.order is not None
        assert first.order.created_at == datetime(2010, 7, 1, 7, 26, tzinfo=UTC)
        assert first.order.amounts is not None
        assert (first.order.amounts.goods, first.order.currency) == ("35.64", "GBP")
        assert first.order.member is not None
        assert first.order.member.external_id == "17850"
        assert refund.order is None
        assert refund.refund is not None
        assert (refund.refund.order, Decimal(refund.refund.amount)) == ("C536379", Decimal("27.50"))
        assert free.order is not None
        assert free.order.member is None
        assert codes(problems) == [(6, "UnitPrice", "ingest.negative_amount")]


class TestMembers:
    def a_customer(self, **cells: str) -> list[str]:
        return row_of(
            YOUZAN_CUSTOMERS, **({"客户手机号": "13800138000", "客户姓名": "林小茶"} | cells)
        )

    def test_reads_a_customer_and_leaves_the_balances(self, tmp_path: Path) -> None:
        row = self.a_customer(
            客户昵称="🍵", 客户生日="1990-05-17", 客户性别="女", 标签="新客,高价值", 客户积分="1,200", 成长值="88",
            客户储值余额="10.00", 成为会员时间="2023-01-02 10:00:00", 成为会员店铺="南山店",
        )  # fmt: skip
        path = a_csv(tmp_path, [YOUZAN_CUSTOMERS, row])

        mapping = mapped(opened(path, "members"), "members")
        candidates, problems = read(path, "members", stores={"南山店": "NS"})

        member = candidates[0].member
        assert problems == []
        assert mapping.balances == ("成长值", "客户积分", "客户储值余额")
        assert member is not None
        assert (member.phone, member.name, member.birthday, member.gender) == (
            "+8613800138000",
            "林小茶",
            "1990-05-17",
            "female",
        )
        assert (member.tags, member.home_store) == (("新客", "高价值"), "NS")
        assert member.joined_at == datetime(2023, 1, 2, 2, tzinfo=UTC)

    def test_reads_nothing_where_systems_write_something_for_nothing(self, tmp_path: Path) -> None:
        row = self.a_customer(客户生日="1900-01-01", 客户性别="未知", 客户昵称="——", 标签="-")
        candidates, _ = read(a_csv(tmp_path, [YOUZAN_CUSTOMERS, row]), "members")

        member = candidates[0].member
        assert member is not None
        assert (member.birthday, member.gender, member.nickname, member.tags) == (
            None,
            None,
            None,
            (),
        )

    def test_a_masked_phone_alone_names_nobody(self, tmp_path: Path) -> None:
        rows = [
            ["手机号", "姓名", "卡号"],
            ["138****8000", "林", ""],
            ["138****8001", "王", "C1"],
            ["", "李", ""],
        ]
        candidates, problems = read(a_csv(tmp_path, rows), "members")

        assert [(c.member.card, c.member.phone) for c in candidates if c.member] == [("C1", None)]
        assert codes(problems) == [
            (2, "手机号", "ingest.phone_masked"),
            (4, "手机号", "ingest.nobody_named"),
        ]

    def test_one_column_in_a_map_may_be_left_out(self, tmp_path: Path) -> None:
        rows = [["手机号", "姓名"], ["13800138000", "Test"]]
        candidates, _ = read(a_csv(tmp_path, rows), "members", name=None)

        assert candidates[0].member is not None
        assert candidates[0].member.name is None


class TestBalances:
    def test_reads_them_from_the_customers_file(self, tmp_path: Path) -> None:
        row = row_of(
            YOUZAN_CUSTOMERS,
            客户手机号="13800138000",
            客户积分="1,200",
            成长值="88",
            客户储值余额="￥10.50",
        )
        candidates, problems = read(a_csv(tmp_path, [YOUZAN_CUSTOMERS, row]), "balances")

        assert problems == []
        assert {b.currency: b.amount for b in candidates[0].balances} == {
            "points": 1200,
            "growth": 88,
            "stored_value": 1050,
        }
        assert all(b.as_of == FILE_AT for b in candidates[0].balances)

    def test_gathers_dated_lots(self, tmp_path: Path) -> None:
        rows = [
            ["会员卡号", "积分", "获得日期", "到期日期"],
            ["C1", "100", "2024/1/5", "2025-12-31"],
            ["C2", "7", "", ""],
            ["C1", "50", "2025年3月1日", "2026-12-31"],
        ]
        candidates, problems = read(a_csv(tmp_path, rows), "balances")

        assert problems == []
        found = {c.balances[0].member.card: c.balances[0] for c in candidates}
        assert found["C1"].amount == 150
        assert [
            (lot.amount, str(lot.earned_on), str(lot.expires_on)) for lot in found["C1"].lots
        ] == [
            (100, "2024-01-05", "2025-12-31"),
            (50, "2025-03-01", "2026-12-31"),
        ]
        assert found["C2"].amount == 7

    @pytest.mark.parametrize(
        ("points", "code"),
        [
            ("-5", "ingest.negative_amount"),
            ("many", "ingest.not_an_amount"),
            ("", "ingest.cell_missing"),
        ],
    )
    def test_refuses_what_is_no_balance(self, tmp_path: Path, points: str, code: str) -> None:
        rows = [["手机号", "积分"], ["13800138000", points], ["13800138001", "1"]]
        candidates, problems = read(a_csv(tmp_path, rows), "balances")

        assert codes(problems) == [(2, "积分", code)]
        assert len(candidates) == 1

    def test_zero_is_said_too(self, tmp_path: Path) -> None:
        candidates, _ = read(
            a_csv(tmp_path, [["手机号", "积分"], ["13800138000", "0"]]), "balances"
        )

        assert candidates[0].balances[0].amount == 0

    def test_two_answers_for_one_member_are_an_error(self, tmp_path: Path) -> None:
        rows = [
            ["手机号", "积分"],
            ["13800138000", "5"],
            ["13800138000", "6"],
            ["13800138001", "5"],
            ["13800138001", "5"],
        ]
        candidates, problems = read(a_csv(tmp_path, rows), "balances")

        assert [problem.row for problem in problems] == [2, 3]
        assert [c.balances[0].amount for c in candidates] == [5]


class TestLines:
    def test_joins_youzan_lines_to_their_order(self, tmp_path: Path) -> None:
        rows = [
            YOUZAN_LINES,
            row_of(
                YOUZAN_LINES,
                订单号="E1",
                商品名称="珍珠奶茶",
                规格编码="T1",
                商品数量="2",
                商品单价="15",
                商品实际成交金额="28.00",
            ),
            row_of(
                YOUZAN_LINES,
                订单号="E1",
                商品名称="可颂",
                商品数量="1",
                商品单价="12",
                商品实际成交金额="69.20(分销商等级折扣：47.80)",
            ),
        ]
        candidates, problems = read(a_csv(tmp_path, rows), "lines")

        order = candidates[0].order
        assert problems == []
        assert order is not None
        assert (order.external_id, order.state, order.amounts) == ("E1", None, None)
        assert [(line.sku, line.quantity, line.amount) for line in order.lines or ()] == [
            ("T1", 2, "28.00"),
            ("可颂", 1, "69.20"),
        ]


class TestCatalogue:
    def test_reads_stores(self, tmp_path: Path) -> None:
        rows = [
            ["门店编码", "门店名称", "区域", "门店类型"],
            ["NS", "南山店", "华南", "直营"],
            ["", "网店", "", "小程序"],
        ]
        candidates, _ = read(a_csv(tmp_path, rows), "stores")

        assert [(c.store.code, c.store.name, c.store.kind) for c in candidates if c.store] == [
            ("NS", "南山店", "shop"),
            ("网店", "网店", "mini_program"),
        ]

    def test_reads_products(self, tmp_path: Path) -> None:
        rows = [
            ["商品编码", "商品名称", "类目", "售价", "成本价"],
            ["T1", "珍珠奶茶", "饮品>奶茶", "15元", "4.2"],
            ["T2", "坏", "", "-1", ""],
        ]
        candidates, problems = read(a_csv(tmp_path, rows), "products")

        product = candidates[0].product
        assert product is not None
        assert (product.sku, product.category, product.price, product.cost) == (
            "T1",
            "饮品/奶茶",
            "15.00",
            "4.20",
        )
        assert codes(problems) == [(3, "售价", "ingest.negative_amount")]


class TestMapping:
    def test_a_missing_column_is_named(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [["会员", "备注"], ["x", "y"]])

        with pytest.raises(files.HeaderMissing):
            read(path, "members")

    def test_says_so_when_the_map_names_what_is_not_there(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [["会员", "备注"], ["x", "y"]])

        with pytest.raises(files.MapColumnMissing):
            read(path, "members", phone="电话")
        with pytest.raises(files.MapUnreadable):
            read(path, "members", telephone="会员")

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("m.json", '{"phone": "会员"}'),
            ("m.yaml", "phone: 会员\n"),
            ("m.yml", "columns:\n  phone: 会员\n"),
            ("m.yaml", "会员: phone\n"),
        ],
    )
    def test_reads_a_mapping_file_in_either_form(
        self, tmp_path: Path, name: str, text: str
    ) -> None:
        (tmp_path / name).write_text(text)
        path = a_csv(tmp_path, [["会员", "备注"], ["13800138000", "y"]])

        candidates, _ = read(path, "members", **read_map_file(tmp_path / name))

        assert candidates[0].member is not None

    @pytest.mark.parametrize(
        "text",
        [
            "[1]",
            "{",
            "- a",
            "columns: 5",
            "states: {a: b}\ncolumns: {}",
            "date_order: xyz\ncolumns: {}",
        ],
    )
    def test_refuses_a_mapping_file_that_is_none(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "m.yaml").write_text(text)
        path = a_csv(tmp_path, [["手机号", "备注"], ["13800138000", "y"]])

        with pytest.raises(files.MapUnreadable):
            read(path, "members", **read_map_file(tmp_path / "m.yaml"))

    def test_a_column_called_amount_beside_products_is_the_lines(self, tmp_path: Path) -> None:
        header = ["单号", "日期", "商品", "数量", "金额"]
        rows = [header, ["1", "2024-01-05", "茶", "2", "30"], ["1", "2024-01-05", "饼", "1", "12"]]
        candidates, _ = read(a_csv(tmp_path, rows), "orders")

        assert candidates[0].order is not None
        assert candidates[0].order.amounts is not None
        assert candidates[0].order.amounts.goods == "42.00"


ODD_CELLS = (
    "|-|=1+1|1.38E+10|13800138000|138****8000|2024-01-05|1e999|45296|-5|NaN|inf|９|E1|交易完成|部分退款|0|1,234.5|(5)"
    "|\t1|2024/13/1|9999999999999999999999999|\ufffd|男|½|²|9999999999|人民币|CNY"
).split("|")
ANY_CELL = st.one_of(st.sampled_from(ODD_CELLS), st.text(max_size=12))


@pytest.mark.reliability("RJ1")
class TestAnyRow:
    @pytest.mark.parametrize(
        ("kind", "header"),
        [
            (
                "orders",
                [
                    "订单号",
                    "订单状态",
                    "下单时间",
                    "实付",
                    "已退款金额",
                    "手机号",
                    "sku",
                    "数量",
                    "单价",
                ],
            ),
            (
                "orders",
                [
                    "订单号",
                    "订单退款状态",
                    "付款时间",
                    "实付",
                    "运费",
                    "优惠",
                    "原单号",
                    "邮箱",
                    "币种",
                ],
            ),
            ("lines", ["订单号", "商品名称", "数量", "商品单价", "小计"]),
            (
                "members",
                ["手机号", "卡号", "姓名", "生日", "性别", "标签", "入会时间", "邮箱", "unionid"],
            ),
            (
                "balances",
                [
                    "手机号",
                    "积分",
                    "成长值",
                    "储值余额",
                    "获得日期",
                    "到期日期",
                    "批次积分",
                    "as_of",
                    "openid",
                ],
            ),
            ("products", ["sku", "名称", "类目", "价格", "成本"]),
            ("stores", ["门店编码", "门店名称", "区域", "类型", "时区"]),
        ],
    )
    @settings(max_examples=60)
    @given(data=st.data())
    def test_makes_something_or_says_why_not(
        self, tmp_path: Path, kind: str, header: list[str], data: st.DataObject
    ) -> None:
        row = st.lists(ANY_CELL, min_size=len(header), max_size=len(header))
        rows = data.draw(st.lists(row, min_size=1, max_size=6))
        text = csv_text([header, *rows]).encode("utf-8", "replace")
        (tmp_path / "f.csv").write_bytes(text)

        candidates, problems = read(tmp_path / "f.csv", kind)

        told = {problem.row for problem in problems} | {
            row for c in candidates for row, _ in c.sources
        }
        assert all(problem.code and problem.row > 1 for problem in problems)
        assert (
            msgspec.json.decode(msgspec.json.encode(candidates), type=list[Candidate]) == candidates
        )
        assert len(told) <= len(rows) * 4
