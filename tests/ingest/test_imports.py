"""File imports against PostgreSQL: counts, repeats, rehearsals, undo, errors kept and let go."""

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from django.utils import translation

from regulars.access.domain import Actor, Scope
from regulars.cli.imports import imports
from regulars.ingest import services as ingest
from regulars.ingest.domain import files
from regulars.ingest.domain.batches import (
    BatchNotRevertible,
    BatchState,
    ImportOptions,
    ImportReport,
)
from regulars.ingest.domain.files import FileKind
from regulars.ledger import selectors as ledger
from regulars.ledger import services as posting
from regulars.members import selectors as members
from regulars.members import services as people
from regulars.members.domain import Identity, IdentityKind
from regulars.web import clock, sql
from regulars.web.retention import end_all
from tests.ingest.reading import YOUZAN_CUSTOMERS, YOUZAN_ORDERS, a_csv, a_workbook, row_of
from tests.sizes import size

pytestmark = pytest.mark.django_db
EVERYTHING = Scope.all()


@pytest.fixture(autouse=True)
def _in_english() -> Any:
    with translation.override("en"):
        yield


def import_csv(path: Path, kind: str, **options: Any) -> ImportReport:
    return ingest.import_file(
        path=path, options=ImportOptions(kind=FileKind(kind), **options), at=clock.now()
    )


def rehearse(path: Path, kind: str, **options: Any) -> ImportReport:
    return ingest.rehearse_file(
        path=path, options=ImportOptions(kind=FileKind(kind), **options), at=clock.now()
    )


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    tally = report.tally
    return tally.new, tally.updated, tally.skipped, tally.errors


def error_rows(report: ImportReport) -> list[list[str]]:
    with Path(report.error_file).open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))[1:]


def how_many(table: str) -> int:
    found = sql.row(f"SELECT count(*) FROM {table}")
    assert found is not None
    return int(found[0])


def member_of(phone: str) -> int:
    (found,) = members.find_by_identities(identities=[Identity(IdentityKind.PHONE, phone)])
    assert found is not None
    return found


def points_of(phone: str) -> int:
    balance = ledger.get_balance(member_id=member_of(phone), at=clock.now())
    return balance.available + balance.pending


def a_customer(phone: str, **cells: str) -> list[str]:
    return row_of(YOUZAN_CUSTOMERS, 客户手机号=phone, **cells)


def an_order(
    number: str, phone: str = "13800138000", paid: str = "100.00", **cells: str
) -> list[str]:
    today = clock.now()
    given = {
        "订单号": number, "订单状态": "交易完成", "买家手机号": phone, "商品金额合计": paid, "订单实付金额": paid,
        "订单创建时间": f"{today - timedelta(days=3):%Y-%m-%d %H:%M:%S}",
        "买家付款时间": f"{today - timedelta(days=3):%Y-%m-%d %H:%M:%S}",
        "交易成功时间": f"{today - timedelta(days=2):%Y-%m-%d %H:%M:%S}",
    } | cells  # fmt: skip
    return row_of(YOUZAN_ORDERS, **given)


@pytest.mark.capability("A4")
@pytest.mark.reliability("RJ1")
class TestCounts:
    @pytest.mark.parametrize(
        ("name", "encoding"),
        [("f.csv", "utf-8-sig"), ("f.csv", "gb18030"), ("f.csv.gz", "utf-8"), ("f.xlsx", "")],
    )
    def test_youzan_customers_of_any_encoding(
        self, tmp_path: Path, name: str, encoding: str
    ) -> None:
        known = [
            a_customer("13800138001", 客户姓名="旧名"),
            a_customer("13800138002", 客户姓名="同名"),
        ]
        import_csv(a_csv(tmp_path, [YOUZAN_CUSTOMERS, *known], name="before.csv"), "members")
        rows = [
            ["2026年客户导出"],
            YOUZAN_CUSTOMERS,
            a_customer("13800138000", 客户姓名="林小茶", 客户生日="1900-01-01", 客户积分="120"),
            a_customer("13800138001", 客户姓名="新名"),
            a_customer("13800138002", 客户姓名="同名"),
            a_customer("13800138003.0", 客户姓名="浮点", 分销员="甲"),
            a_customer("１３８００１３８００４", 客户姓名="全角"),
            a_customer("138****8005", 客户姓名="掩码"),
            a_customer("1.38E+10", 客户姓名="科学"),
            a_customer("13800138000", 客户姓名="林小茶", 客户生日="1900-01-01", 客户积分="120"),
            ["合计", "", "7"],
        ]
        if name.endswith(".xlsx"):
            path = a_workbook(tmp_path, rows, name=name)
        else:
            path = a_csv(tmp_path, rows, name=name, encoding=encoding)

        report = import_csv(path, "members")

        assert counts(report) == (3, 1, 2, 2)
        assert [(row[-3], row[-2]) for row in error_rows(report)] == [
            ("8", "客户手机号"),
            ("9", "客户手机号"),
        ]
        assert "客户积分" in report.balances_left

    def test_one_odd_row_in_a_hundred(self, tmp_path: Path) -> None:
        amount = size(ci=1_000, soak=100_000)
        rows = [
            an_order(f"E{n}", phone=f"1380013{n % 500:04}", paid="12.50") for n in range(amount)
        ]
        broken = {
            10: {"买家手机号": "12345"}, 110: {"买家付款时间": "yesterday"}, 210: {"订单实付金额": "-1"},
            310: {"订单实付金额": "=1+1"}, 410: {"归属店铺": "店" * 300}, 510: {"订单号": ""}, 610: {"订单状态": "不知道"},
        }  # fmt: skip
        for place, cells in broken.items():
            rows[place] = an_order(cells.pop("订单号", f"E{place}"), **cells)
        rows[710] = an_order("E709", paid="99.00")
        rows[810] = list(rows[809])

        report = import_csv(a_csv(tmp_path, [YOUZAN_ORDERS, *rows]), "orders")

        assert counts(report) == (amount - 9, 0, 1, 8)
        assert [int(row[-3]) for row in error_rows(report)] == sorted(
            place + 2 for place in [*broken, 710]
        )
        assert how_many("commerce_order") == amount - 9
        assert all(row[-1] for row in error_rows(report))

    def test_nothing_of_the_file_stays_behind(self, tmp_path: Path) -> None:
        report = import_csv(
            a_csv(tmp_path, [["手机号", "姓名"], ["13800138000", "林小茶"]]), "members"
        )

        assert how_many("ingest_stagedchunk") == 0
        assert sql.row("SELECT wrapped_key FROM ingest_batch") == (None,)
        assert report.error_file == ""

    def test_a_file_that_is_refused_leaves_no_import(self, tmp_path: Path) -> None:
        with pytest.raises(files.HeaderMissing):
            import_csv(a_csv(tmp_path, [["x", "y"], ["1", "2"]]), "members")
        with pytest.raises(files.FileEmpty):
            import_csv(a_csv(tmp_path, [["手机号", "姓名"]], name="empty.csv"), "members")

        assert how_many("ingest_batch") == 0


class TestStaging:
    def test_a_thing_our_own_rows_do_not_allow_stops_nobody(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("regulars.ingest.parsers.cells.CODE_CHARS_MAX", 1_000)
        path = a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E" * 300), an_order("E1")])

        report = import_csv(path, "orders")

        assert counts(report) == (1, 0, 0, 1)
        assert error_rows(report)[0][-3] == "2"


class TestRepeats:
    def test_the_same_file_twice_changes_nothing(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1"), an_order("E2")])
        first = import_csv(path, "orders")

        again = import_csv(path, "orders")

        assert counts(first) == (2, 0, 0, 0)
        assert counts(again) == (0, 0, 2, 0)
        assert (again.batch, again.seen_before) == (first.batch, True)
        assert points_of("13800138000") == 200

    def test_rows_in_error_are_tried_again(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1"), an_order("E2", phone="12345")])

        assert counts(import_csv(path, "orders")) == (1, 0, 0, 1)
        assert counts(import_csv(path, "orders")) == (0, 0, 1, 1)
        assert how_many("commerce_order") == 1

    def test_the_mended_error_file_goes_in(self, tmp_path: Path) -> None:
        path = a_csv(
            tmp_path,
            [YOUZAN_ORDERS, an_order("E1", phone="+8613800138000"), an_order("E2", phone="12345")],
        )
        report = import_csv(path, "orders")
        errors = Path(report.error_file)
        mended = tmp_path / "mended.csv"
        mended.write_bytes(errors.read_bytes().replace(b"12345", b"+8613800138000"))

        assert counts(import_csv(mended, "orders")) == (1, 0, 0, 0)
        assert points_of("13800138000") == 200

    def test_a_later_export_updates(self, tmp_path: Path) -> None:
        import_csv(
            a_csv(
                tmp_path,
                [YOUZAN_ORDERS, an_order("E1", 订单状态="待发货", 交易成功时间="")],
                name="1.csv",
            ),
            "orders",
        )

        report = import_csv(
            a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1", 订单已退款金额="40.00")], name="2.csv"),
            "orders",
        )

        assert counts(report) == (0, 1, 0, 0)
        assert points_of("13800138000") == 60

    def test_a_mapping_is_remembered_by_its_headers(self, tmp_path: Path) -> None:
        header = ["联系", "称呼"]
        import_csv(
            a_csv(tmp_path, [header, ["13800138000", "林"]], name="1.csv"),
            "members",
            said={"phone": "联系", "name": "称呼"},
        )

        report = import_csv(
            a_csv(tmp_path, [header[::-1], ["王", "13800138001"]], name="2.csv"), "members"
        )

        assert counts(report) == (1, 0, 0, 0)
        assert report.mapping["columns"] == {"phone": "联系", "name": "称呼"}

    def test_stores_are_known_by_name(self, tmp_path: Path) -> None:
        stores = a_csv(
            tmp_path,
            [["门店编码", "门店名称", "区域"], ["NS", "南山店", "华南"]],
            name="stores.csv",
        )
        assert counts(import_csv(stores, "stores")) == (1, 0, 0, 0)

        import_csv(a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1", 归属店铺="南山店")]), "orders")

        assert sql.row(
            "SELECT s.code FROM commerce_order o JOIN access_store s ON s.id = o.store_id"
        ) == ("NS",)

    def test_phones_of_a_foreign_shop_are_at_home_there(self, tmp_path: Path) -> None:
        import_csv(
            a_csv(tmp_path, [["phone", "name"], ["07400 123456", "Ann"]]),
            "members",
            currency="GBP",
            source="uk",
        )

        assert member_of("+447400123456")


@pytest.mark.reliability("RJ3")
class TestRehearsal:
    def test_counts_what_the_real_run_counts_and_keeps_nothing(self, tmp_path: Path) -> None:
        import_csv(a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E0")], name="0.csv"), "orders")
        rows = [an_order(f"E{n}", phone=f"1380013{n % 7:04}") for n in range(450)]
        rows[33] = an_order("E33", phone="12345")
        path = a_csv(tmp_path, [YOUZAN_ORDERS, *rows, an_order("E1", paid="1")])
        before = {
            table: how_many(table) for table in ("commerce_order", "members_member", "events_event")
        }

        rehearsed = rehearse(path, "orders")

        assert {table: how_many(table) for table in before} == before
        assert len(error_rows(rehearsed)) == rehearsed.tally.errors == 2
        assert rehearsed.state is BatchState.REHEARSED
        assert counts(import_csv(path, "orders")) == counts(rehearsed)

    def test_a_rehearsal_cannot_be_undone(self, tmp_path: Path) -> None:
        rehearsed = rehearse(a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1")]), "orders")

        with pytest.raises(BatchNotRevertible):
            ingest.undo_import(batch=rehearsed.batch)


@pytest.mark.reliability("RJ3")
class TestUndo:
    def test_orders_and_points_go_and_so_do_members_nobody_else_knows(self, tmp_path: Path) -> None:
        import_csv(
            a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E0", phone="13800138000")], name="0.csv"),
            "orders",
        )
        rows = [an_order("E1", phone="13800138000"), an_order("E2", phone="13800138001")]
        path = a_csv(tmp_path, [YOUZAN_ORDERS, *rows, an_order("E0", 订单已退款金额="100.00")])
        report = import_csv(path, "orders")
        assert points_of("13800138000") == 100

        undone = ingest.undo_import(batch=report.batch)

        assert undone.state is BatchState.REVERTED
        assert how_many("commerce_order") == 1
        assert points_of("13800138000") == 100
        assert members.find_by_identities(
            identities=[Identity(IdentityKind.PHONE, "13800138001")]
        ) == [None]

    def test_the_file_may_come_again_after_it(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1")])
        first = import_csv(path, "orders")
        ingest.undo_import(batch=first.batch)

        again = import_csv(path, "orders")

        assert again.batch != first.batch
        assert counts(again) == counts(first)
        assert points_of("13800138000") == 100

    def test_is_done_once(self, tmp_path: Path) -> None:
        report = import_csv(a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1")]), "orders")
        ingest.undo_import(batch=report.batch)

        with pytest.raises(BatchNotRevertible):
            ingest.undo_import(batch=report.batch)

    def test_members_who_have_money_from_elsewhere_stay(self, tmp_path: Path) -> None:
        phones = ["13800138000", "13800138001", "13800138002"]
        customers = import_csv(
            a_csv(tmp_path, [YOUZAN_CUSTOMERS, *(a_customer(each) for each in phones)]), "members"
        )
        balances = [
            import_csv(
                a_csv(tmp_path, [["手机号", "积分"], [each, "500"]], name="b.csv"), "balances"
            )
            for each in phones[:2]
        ]
        ingest.undo_import(batch=balances[1].batch)

        ingest.undo_import(batch=customers.batch)

        assert points_of(phones[0]) == 500
        identities = [Identity(IdentityKind.PHONE, each) for each in phones[1:]]
        assert members.find_by_identities(identities=identities) == [None, None]

    def test_members_with_points_from_the_till_stay(self, tmp_path: Path) -> None:
        customers = import_csv(
            a_csv(tmp_path, [YOUZAN_CUSTOMERS, a_customer("13800138000")]), "members"
        )
        posting.earn_points(
            transfer_id=uuid4(), member_id=member_of("13800138000"), amount=7, at=clock.now()
        )

        ingest.undo_import(batch=customers.batch)

        assert points_of("13800138000") == 7

    def test_members_who_were_given_points_stay(self, tmp_path: Path) -> None:
        giver, friend = "13800138000", "13800138001"
        enrolled = import_csv(a_csv(tmp_path, [["手机号"], [giver]], name="g.csv"), "members")
        customers = import_csv(a_csv(tmp_path, [YOUZAN_CUSTOMERS, a_customer(friend)]), "members")
        posting.earn_points(
            transfer_id=uuid4(), member_id=member_of(giver), amount=9, at=clock.now()
        )
        posting.give_points(
            transfer_id=uuid4(),
            member_id=member_of(giver),
            recipient_id=member_of(friend),
            amount=9,
            at=clock.now(),
        )

        ingest.undo_import(batch=customers.batch)
        ingest.undo_import(batch=enrolled.batch)

        assert points_of(friend) == 9
        assert member_of(giver), "who gave had money too"

    def test_balances_come_back(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [["手机号", "积分"], ["13800138000", "500"]])
        report = import_csv(path, "balances")
        member = member_of("13800138000")
        assert points_of("13800138000") == 500

        ingest.undo_import(batch=report.batch)

        balance = ledger.get_balance(member_id=member, at=clock.now())
        assert (balance.available, balance.pending, balance.owed) == (0, 0, 0)


class TestBalances:
    def test_a_customer_file_and_an_order_file_never_count_a_point_twice(
        self, tmp_path: Path
    ) -> None:
        customers = a_csv(
            tmp_path, [YOUZAN_CUSTOMERS, a_customer("13800138000", 客户积分="500")], name="c.csv"
        )
        orders = a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1")], name="o.csv")

        import_csv(customers, "members")
        import_csv(orders, "orders")
        assert points_of("13800138000") == 100
        import_csv(customers, "balances")

        assert points_of("13800138000") == 500

    def test_lots_keep_their_dates(self, tmp_path: Path) -> None:
        rows = [
            ["手机号", "积分", "获得日期", "到期日期"],
            ["13800138000", "100", "2025/1/5", "2099-12-31"],
            ["13800138000", "50", "2025/2/5", ""],
        ]

        report = import_csv(a_csv(tmp_path, rows), "balances", as_of=date(2026, 1, 31))

        assert counts(report) == (1, 0, 0, 0)
        lots = ledger.list_lots(member_id=member_of("13800138000"), at=clock.now())
        assert sorted(lot.remaining for lot in lots) == [50, 100]

    def test_said_twice_they_stand_once(self, tmp_path: Path) -> None:
        for name, points in (("1.csv", "500"), ("2.csv", "500"), ("3.csv", "450")):
            rows = [["手机号", "积分"], ["13800138000", points], ["13800138001", name[0]]]
            import_csv(
                a_csv(tmp_path, rows, name=name),
                "balances",
                as_of=datetime(2026, 1, 31, tzinfo=UTC),
            )

        assert points_of("13800138000") == 450

    def test_no_award_keeps_orders_and_gives_nothing(self, tmp_path: Path) -> None:
        import_csv(a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1")]), "orders", award=False)

        assert how_many("commerce_order") == 1
        assert points_of("13800138000") == 0


class TestErrorsKept:
    def an_import_with_errors(self, tmp_path: Path) -> ImportReport:
        rows = [
            ["手机号", "姓名", "生日"],
            ["13800138000", "林小茶", "1990-01-01"],
            ["13800138000", "林小茶", "2090-01-01"],
            ["13800138009", "=坏", "1990-99-01"],
        ]
        return import_csv(a_csv(tmp_path, rows), "members")

    def test_they_go_when_somebody_in_them_is_erased(self, tmp_path: Path) -> None:
        report = self.an_import_with_errors(tmp_path)
        assert Path(report.error_file).stat().st_mode & 0o077 == 0

        people.erase(
            member_id=member_of("13800138000"),
            at=clock.now(),
            actor=Actor.system("test"),
            reason_code="asked",
        )

        assert how_many("ingest_batcherror") == 0
        assert how_many("ingest_batcherrorname") == 0
        assert sql.row("SELECT error_file, wrapped_key FROM ingest_batch") == ("", None)

    def test_they_stay_when_somebody_else_is_erased(self, tmp_path: Path) -> None:
        report = self.an_import_with_errors(tmp_path)
        import_csv(
            a_csv(tmp_path, [["手机号"], ["13800138777"]], name="o.csv"),
            "members",
            said={"phone": "手机号"},
        )

        people.erase(
            member_id=member_of("13800138777"),
            at=clock.now(),
            actor=Actor.system("test"),
            reason_code="asked",
        )

        assert how_many("ingest_batcherror") == 2
        assert Path(report.error_file).exists()

    def test_they_go_after_thirty_days(self, tmp_path: Path) -> None:
        self.an_import_with_errors(tmp_path)

        assert end_all(ingest.ERROR_FILES, at=clock.now() + timedelta(days=29)) == 0
        assert end_all(ingest.ERROR_FILES, at=clock.now() + timedelta(days=31)) == 1
        assert how_many("ingest_batcherror") == 0

    @pytest.mark.reliability("RG12")
    def test_no_cell_is_kept_in_the_clear(self, tmp_path: Path) -> None:
        self.an_import_with_errors(tmp_path)

        found = sql.rows(
            "SELECT b::text, e.facts::text, encode(e.body, 'escape') FROM ingest_batch b, ingest_batcherror e"
        )

        assert found
        assert not any(word in str(row) for row in found for word in ("林小茶", "1380013", "2090"))

    @pytest.mark.reliability("RJ5")
    def test_no_cell_of_the_error_file_is_a_formula(self, tmp_path: Path) -> None:
        rows = [["手机号", "姓名", "备注"], ["12345", "@SUM(1)", "=cmd|' /C calc'!A0"]]
        report = import_csv(a_csv(tmp_path, rows), "members")

        (row,) = error_rows(report)
        assert row[:3] == ["12345", "'@SUM(1)", "'=cmd|' /C calc'!A0"]
        assert row[-1] == "This is not a phone number. Write for example 138 0013 8000."


class TestCommand:
    def run(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        done = CliRunner().invoke(imports, list(arguments))
        return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else {}

    def test_answers_one_object_and_says_by_its_code_whether_all_went_in(
        self, tmp_path: Path
    ) -> None:
        good = a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1")], name="good.csv")
        bad = a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E2", phone="12345")], name="bad.csv")

        code, said = self.run("orders", str(good), "--json", "--source", "shop")
        bad_code, bad_said = self.run("orders", str(bad), "--json", "--source", "shop")

        assert code == 0
        assert {key: said[key] for key in ("new", "updated", "skipped", "errors", "error_file")} == {
            "new": 1, "updated": 0, "skipped": 0, "errors": 0, "error_file": None,
        }  # fmt: skip
        assert bad_code == 1
        assert Path(bad_said["error_file"]).exists()

    def test_undoes_resumes_and_rehearses(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [YOUZAN_ORDERS, an_order("E1")])

        assert self.run("orders", str(path), "--dry-run", "--json")[1]["new"] == 1
        _, said = self.run("orders", str(path), "--json")
        assert self.run("resume", said["batch"], "--json")[1]["state"] == "finished"
        assert self.run("undo", said["batch"], "--json")[1]["state"] == "reverted"
        assert how_many("commerce_order") == 0

    def test_shows_how_the_columns_were_read(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [YOUZAN_CUSTOMERS, a_customer("13800138000", 客户积分="9")])

        done = CliRunner().invoke(imports, ["members", str(path)])

        assert done.exit_code == 0
        assert "youzan.customers" in done.stdout
        assert "客户积分" in done.stdout

    @pytest.mark.parametrize(
        "arguments", [["orders"], ["orders", "x.csv", "--as-of", "soon"], ["cheese", "x.csv"]]
    )
    def test_wrong_usage_is_two(self, arguments: list[str]) -> None:
        assert CliRunner().invoke(imports, arguments).exit_code == 2
