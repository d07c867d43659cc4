"""Files that leave the house: who may ask, what stands in them, when they go."""

import csv
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from python_calamine import CalamineWorkbook

from regulars.access import selectors as access_selectors
from regulars.access import services as access
from regulars.access.domain import Actor, Scope
from regulars.console import services
from regulars.console.domain import exports as domain
from regulars.console.selectors import exporting
from regulars.console.services import export_files
from regulars.kit.progress import ProgressState
from regulars.members import services as members
from regulars.web import clock, notices, progress, sql
from regulars.web.permissions import PermissionMissing
from tests.console.shop import NAME, PHONE, open_shop

COLUMNS = ("number", "name", "phone", "points", "spent", "home_store")


@pytest.fixture
def shop(committed_db, own_var):
    return open_shop(clock.now())


@pytest.fixture
def manager(shop):
    return staff("owner")


def staff(role, scope="all"):
    made = access.create_staff(
        email=f"{role}@example.com", name=role, role=role, scope=scope,
        actor=Actor.system(), at=clock.now(),
    )  # fmt: skip
    found = access.find_actor(staff_id=made.id, at=clock.now())
    assert found is not None
    return found


def wish(**wanted):
    return domain.Wish(
        **{
            "what": "members", "filters": {}, "columns": COLUMNS, "form": "csv",
            "is_masked": True, "reason_code": "service", "language": "zh-hans", **wanted,
        }
    )  # fmt: skip


def ask(actor, **wanted):
    asked = services.ask_export(actor=actor, wish=wish(**wanted), at=clock.now())
    assert asked.approval is None
    return asked.work


def made(actor, **wanted):
    export_id = ask(actor, **wanted)
    services.write_export(export_id=export_id, at=clock.now())
    return exporting.get_export(export_id=export_id)


def lines(export):
    with export_files.path_of(export).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


class TestWhatStandsInIt:
    def test_every_member_once_masked_and_marked(self, shop, manager):
        export = made(manager)
        rows = lines(export)
        assert export.rows == len(rows) == 2
        lin = next(row for row in rows if row["姓名"].startswith("林"))
        assert lin["姓名"] == "林**"
        assert lin["手机号"] == "138****8000"
        assert lin["近 12 月消费"].replace(".", "").isdigit()
        assert {row["导出"] for row in rows} == {export.mark}
        assert export.mark in export.file_name

    def test_unmasked_for_those_who_may_reveal(self, shop, manager):
        lin = next(r for r in lines(made(manager, is_masked=False)) if r["姓名"] == NAME)
        assert lin["手机号"] == f"'+86{PHONE}"

    def test_as_a_workbook_of_texts(self, shop, manager):
        export = made(manager, form="xlsx")
        sheet = CalamineWorkbook.from_path(str(export_files.path_of(export))).get_sheet_by_index(0)
        head, *rows = sheet.to_python()
        assert head[-1] == "导出"
        assert len(rows) == 2
        assert all(isinstance(cell, str) for row in rows for cell in row)

    def test_only_the_stores_in_scope(self, shop):
        rows = lines(made(staff("analyst", "store:S02")))
        assert [row["门店" if "门店" in row else "归属门店"] for row in rows] == ["徐汇天平店"]

    def test_a_store_out_of_scope_matches_nobody(self, shop):
        assert lines(made(staff("analyst", "store:S02"), filters={"store": "S01"})) == []

    def test_nothing_in_it_is_a_formula(self, shop, manager):
        members.update_profile(
            member_id=shop.lin, values={"name": "=HYPERLINK(1)"}, at=clock.now(),
            actor=Actor.system(),
        )  # fmt: skip
        names = {row["姓名"] for row in lines(made(manager, is_masked=False))}
        assert "'=HYPERLINK(1)" in names

    def test_the_file_is_nobody_else_s_to_read(self, shop, manager):
        mode = export_files.path_of(made(manager)).stat().st_mode
        assert stat.S_IMODE(mode) == 0o600


class TestOrders:
    COLUMNS = ("number", "state", "member", "store", "net", "refunded")

    def test_every_order_as_the_list_is_filtered(self, shop, manager):
        filters = {"store": "S01", "state": "partially_refunded"}
        rows = lines(made(manager, what="orders", columns=self.COLUMNS, filters=filters))
        assert [(row["订单"], row["净额"]) for row in rows] == [("SO-0005", "200.00")]
        assert len(lines(made(manager, what="orders", columns=self.COLUMNS))) == 10

    def test_only_the_stores_in_scope_and_only_members_who_may_be_seen(self, shop):
        rows = lines(made(staff("analyst", "store:S02"), what="orders", columns=self.COLUMNS))
        assert [row["订单"] for row in rows] == ["SO-9001"]

    def test_a_tier_that_is_gone_is_not_all_members(self, shop, manager):
        with pytest.raises(domain.ExportFilterGone):
            ask(manager, filters={"tier": "copper"})

    @pytest.mark.parametrize("filters", [{"store": "S01"}, {"state": "gone"}])
    def test_a_filter_that_means_nothing_is_not_left_out(self, shop, filters):
        maker = staff("analyst", "store:S02")
        with pytest.raises(domain.ExportFilterGone):
            ask(maker, what="orders", columns=self.COLUMNS, filters=filters)

    def test_a_worksheet_ends(self, shop, manager, monkeypatch):
        monkeypatch.setattr(export_files, "SHEET_ROWS_MAX", 3)
        export_id = ask(manager, what="orders", columns=self.COLUMNS, form="xlsx")
        services.write_export(export_id=export_id, at=clock.now())
        failed = progress.get(progress_id=export_id)
        assert failed.result["code"] == "console.export_too_long"


class TestWhoMayAsk:
    @pytest.mark.reliability("RJ6")
    def test_a_clerk_may_not(self, shop):
        with pytest.raises(PermissionMissing):
            ask(staff("clerk", "store:S01"))

    def test_unmasked_needs_the_right_to_reveal(self, shop):
        with pytest.raises(PermissionMissing):
            ask(staff("operations"), is_masked=False)

    @pytest.mark.parametrize(
        ("wanted", "refusal"),
        [
            ({"what": "secrets"}, domain.ExportUnknown),
            ({"reason_code": ""}, domain.ExportReasonMissing),
            ({"columns": ("nothing",)}, domain.ExportColumnsMissing),
            ({"form": "exe"}, domain.ExportUnknown),
        ],
    )
    def test_a_wrong_wish_is_refused(self, shop, manager, wanted, refusal):
        with pytest.raises(refusal):
            ask(manager, **wanted)

    def test_who_lost_the_right_before_it_was_written_gets_nothing(self, shop):
        actor = staff("operations")
        export_id = ask(actor)
        sql.run("DELETE FROM access_grant WHERE staff_id = %s::bigint", [actor.id])
        services.write_export(export_id=export_id, at=clock.now())
        assert progress.get(progress_id=export_id).state is ProgressState.FAILED
        assert list(export_files.folder().iterdir()) == []
        assert notices.count_unseen(actor.caller) == 1

    def test_a_file_is_fetched_by_who_asked_for_it_only(self, shop, manager):
        export = made(manager)
        services.open_export(export_id=export.id, actor=manager, at=clock.now())
        with pytest.raises(domain.ExportNotFound):
            services.open_export(export_id=export.id, actor=staff("operations"), at=clock.now())

    def test_asking_making_and_fetching_are_on_the_record(self, shop, manager):
        export = made(manager, filters={"store": "S01"})
        services.open_export(export_id=export.id, actor=manager, at=clock.now())
        said = sql.rows(
            "SELECT action, reason_code, details->>'rows' FROM access_audit_entry"
            " WHERE object_kind = 'export' ORDER BY id"
        )
        assert said == [
            ("exports.ask", "service", None),
            ("exports.make", "service", "1"),
            ("exports.open", "service", "1"),
        ]

    @pytest.mark.reliability("RJ6")
    def test_a_long_list_needs_a_second_person(self, shop, manager):
        maker = staff("operations")
        shorten(manager, rows=1)
        asked = services.ask_export(actor=maker, wish=wish(), at=clock.now())
        assert (asked.work, exporting.list_exports(staff_id=None)[0]) == (None, [])
        decided = access.approvals.decide(
            approval_id=asked.approval, checker=manager, approve=True, at=clock.now()
        )
        export_id = UUID(decided.outcome["work"])
        services.write_export(export_id=export_id, at=clock.now())
        export = exporting.get_export(export_id=export_id, staff_id=maker.id)
        assert export.rows == 2
        services.open_export(export_id=export_id, actor=maker, at=clock.now())

    @pytest.mark.reliability("RJ6")
    def test_many_short_files_are_one_long_one(self, shop, manager):
        maker = staff("operations")
        shorten(manager, rows=3)
        ask(maker)
        asked = services.ask_export(actor=maker, wish=wish(), at=clock.now())
        assert (asked.work, asked.approval is not None) == (None, True)
        later = clock.now() + timedelta(days=1, minutes=1)
        assert services.ask_export(actor=maker, wish=wish(), at=later).work is not None

    @pytest.mark.reliability("RJ6")
    def test_only_what_narrows_the_list_is_taken_from_its_address(self, shop, manager):
        said = {
            "store": "S02", "tag": "", "sort": "-joined", "size": "100", "after": "x", "view": "7",
            "what": "audit", "actor": "staff:1", "unmasked": "1",
        }  # fmt: skip
        taken = {code: kind.filters_of(said) for code, kind in exporting.EXPORTABLES.items()}
        assert taken["members"] == {"sort": "-joined", "store": "S02"}
        assert taken["orders"] == {"sort": "-joined", "store": "S02"}
        assert taken["audit"] == {"sort": "-joined", "actor": "staff:1"}
        for code, left in taken.items():
            keys = {key for each in exporting.exportable(code).filters for key in each.keys}
            assert left.keys() <= keys | {"sort"}

    def test_the_makers_of_many_proposals_are_read_at_once(
        self, shop, manager, django_assert_num_queries
    ):
        shorten(manager, rows=1)
        *makers, gone = (staff(role) for role in ("operations", "analyst", "privacy_officer"))
        for each in (*makers, gone):
            services.ask_export(actor=each, wish=wish(), at=clock.now())
        access.deactivate_staff(staff_id=gone.id, actor=manager, at=clock.now())
        waiting = access_selectors.list_approvals(at=clock.now(), waiting=True)
        one = [each for each in waiting if each.maker_id == makers[0].id]
        everywhere, nowhere = manager.scope_for("exports.make"), Scope()

        with CaptureQueriesContext(connection) as queries:
            assert services.exports.EXPORTS.within(one, everywhere) == {one[0].id}
        with django_assert_num_queries(len(queries)):
            seen = services.exports.EXPORTS.within(waiting, everywhere)

        assert len(waiting) == 3
        assert seen == {each.id for each in waiting if each.maker_id != gone.id}
        assert services.exports.EXPORTS.within(waiting, nowhere) == frozenset()

    def test_what_breaks_ends_the_work_and_says_so(self, shop, manager, monkeypatch):
        export_id = ask(manager)

        def break_down(*_given, **_named):
            raise ZeroDivisionError

        monkeypatch.setattr(services.exports, "_write_rows", break_down)
        with pytest.raises(ZeroDivisionError):
            services.write_export(export_id=export_id, at=clock.now())
        failed = progress.get(progress_id=export_id)
        assert failed.result["code"] == "console.export_broken"
        assert notices.count_unseen(manager.caller) == 1

    def test_a_short_list_does_not(self, shop, manager):
        maker = staff("operations")
        shorten(manager, rows=2)
        assert ask(maker) is not None


class TestWhenItGoes:
    def test_after_a_day(self, shop, manager):
        export = made(manager)
        later = clock.now() + timedelta(hours=24)
        with pytest.raises(domain.ExportNotFound):
            services.open_export(export_id=export.id, actor=manager, at=later)
        assert services.drop_over_exports(at=later) == 1
        assert list(export_files.folder().iterdir()) == []

    @pytest.mark.reliability("RJ7")
    def test_when_somebody_in_it_is_erased(self, shop, manager):
        export, other = made(manager), made(manager, filters={"store": "S02"})
        erase(shop.lin, manager)
        gone = exporting.get_export(export_id=export.id)
        assert (gone.gone_because, export_files.path_of(export).exists()) == ("erased", False)
        assert exporting.get_export(export_id=other.id).is_there(clock.now())

    @pytest.mark.reliability("RJ7")
    def test_when_somebody_is_erased_while_it_is_written(self, shop, manager, monkeypatch):
        export_id = ask(manager)
        write, times = services.exports._write_rows, []

        def write_then_erase(*given, **named):
            write(*given, **named)
            if not times:
                erase(shop.lin, manager)
            times.append(1)

        monkeypatch.setattr(services.exports, "_write_rows", write_then_erase)
        services.write_export(export_id=export_id, at=clock.now())
        export = exporting.get_export(export_id=export_id)
        assert (len(times), export.rows) == (2, 1)
        assert [row["姓名"] for row in lines(export)] == ["王*"]

    def test_when_it_is_stopped_nothing_is_left(self, shop, manager, monkeypatch):
        export_id = ask(manager)
        advance = progress.Reporter.advance

        def stop_then_advance(self, done, **named):
            beside(lambda: progress.cancel(progress_id=export_id, owner=None, at=clock.now()))
            advance(self, done, **named)

        monkeypatch.setattr(progress.Reporter, "advance", stop_then_advance)
        services.write_export(export_id=export_id, at=clock.now())
        assert progress.get(progress_id=export_id).state is ProgressState.CANCELLED
        assert list(export_files.folder().iterdir()) == []

    def test_written_again_after_a_worker_died(self, shop, manager, monkeypatch):
        export_id = ask(manager)
        keep = services.exports._keep

        def die(*_given, **_named):
            raise KeyboardInterrupt

        monkeypatch.setattr(services.exports, "_keep", die)
        with pytest.raises(KeyboardInterrupt):
            services.write_export(export_id=export_id, at=clock.now())
        monkeypatch.setattr(services.exports, "_keep", keep)
        left = export_files.folder() / f"{export_id}.0badc0de.part"
        left.write_text(NAME)
        services.write_export(export_id=export_id, at=clock.now())
        assert exporting.get_export(export_id=export_id).rows == 2
        assert not left.exists()


class TestCells:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (None, ""),
            (-3, "-3"),
            (domain.Money(-105, "CNY"), "-1.05"),
            (domain.Money(105, "JPY"), "105"),
            ("=1+1", "'=1+1"),
        ],
    )
    def test_values_are_plain(self, value, text):
        from zoneinfo import ZoneInfo

        assert domain.cell_of(value, zone=ZoneInfo("Asia/Shanghai")) == text


def shorten(manager, *, rows):
    """Let a file of more rows need a second person."""
    access.change_policy(changes={"export_rows_max": rows}, actor=manager, at=clock.now())


def beside(act):
    """Do something on another connection, as somebody else would."""

    def acting():
        act()
        connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(acting).result()


def erase(member_id, actor):
    members.erase(member_id=member_id, at=clock.now(), actor=actor, reason_code="request")
