"""The ledger across members and the runs of its checks, as pages."""

from datetime import datetime

import pytest
from django.test import Client

from regulars.access.domain import Scope
from regulars.commerce import services as recording
from regulars.ledger import selectors as ledger
from regulars.ledger import services, tasks
from regulars.ledger.domain import MovementQuery, VerifyOrigin
from regulars.web import clock, notices, progress, sql
from tests.console.looking import hidden, questions, sent, text_of
from tests.console.shop import Shop, _order, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


class TestStatement:
    def test_lists_movements_and_sums_that_are_what_the_accounts_hold(self, owner: Client) -> None:
        page = text_of(owner, "/console/ledger")

        assert "林**" in page
        assert "Earned" in page
        assert "the same" in page
        assert "not the same" not in page

    def test_says_when_the_sums_are_not_what_the_accounts_hold(self, owner: Client) -> None:
        sql.run("UPDATE ledger_account SET posted = posted + 5 WHERE id > 0 AND currency = 1 AND kind = 0")  # fmt: skip

        assert "not the same" in text_of(owner, "/console/ledger")

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("?kind=reverse", "Taken back"),
            ("?kind=gift", "Nothing matches"),
            ("?currency=growth", "Sums of Growth value"),
            ("?booked=today", "of the movements that match"),
            ("?booked=yesterday", "Nothing matches"),
            ("?store=S02", "王*"),
            ("?reason=7", "Nothing matches"),
            ("?reason=drop table&kind=x&operator=none", "the same"),
        ],
    )
    def test_filters(self, owner: Client, query: str, shown: str) -> None:
        assert shown in text_of(owner, f"/console/ledger{query}")

    def test_keeps_to_the_stores_in_scope(self, at: datetime, shop: Shop) -> None:
        narrow = signed_in(at, role="store_manager", scope="store:S02")
        mine = ledger.list_movements(
            scope=Scope(store_ids=(shop.store_ids["S02"],)), query=MovementQuery()
        ).movements
        other = ledger.list_movements(
            scope=Scope(store_ids=(shop.store_ids["S01"],)), query=MovementQuery()
        ).movements

        page = text_of(narrow, "/console/ledger")
        assert f"/console/ledger/{mine[0].seq}" in page
        assert f"/console/ledger/{other[0].seq}" not in page
        text_of(narrow, f"/console/ledger/{mine[0].seq}")
        text_of(narrow, f"/console/ledger/{other[0].seq}", status=404)

    def test_one_movement_shows_both_sides(self, owner: Client) -> None:
        (found, *_) = ledger.list_movements(scope=Scope.all(), query=MovementQuery()).movements

        page = text_of(owner, f"/console/ledger/{found.seq}")

        assert "Two sides" in page
        assert "Issued" in page
        text_of(owner, "/console/ledger/1", status=404)

    def test_needs_the_permission_and_reads_in_chinese(self, at: datetime, shop: Shop) -> None:
        text_of(signed_in(at, role="administrator"), "/console/ledger", status=403)
        assert "积分" in text_of(signed_in(at, language="zh-hans"), "/console/ledger")

    def test_asks_as_little_for_many(self, owner: Client, shop: Shop) -> None:
        few = questions(owner, "/console/ledger?size=100")
        orders = [
            _order(shop.source_id, f"M-{n}", shop.store_ids["S01"], shop.lin, shop.at, 10_000)
            for n in range(50)
        ]
        recording.record_orders(orders=orders, at=shop.at)

        assert questions(owner, "/console/ledger?size=100") == few


class TestRuns:
    def test_shows_a_run_with_every_check_in_a_sentence(self, owner: Client, at: datetime) -> None:
        services.prove(origin=VerifyOrigin.COMMAND, at=at)
        (run,) = ledger.list_verify_runs().runs

        assert "Everything adds up" in text_of(owner, "/console/verify")
        page = text_of(owner, f"/console/verify/{run.id}")
        assert next(iter(ledger.list_checks())) in page
        assert "on the command line" in page
        text_of(owner, "/console/verify/999999", status=404)

    def test_shows_what_is_wrong_and_where(self, owner: Client, at: datetime) -> None:
        sql.run("UPDATE ledger_account SET posted = posted + 5 WHERE id > 0 AND currency = 1 AND kind = 0")  # fmt: skip
        services.prove(origin=VerifyOrigin.CLOCK, at=at)
        (run,) = ledger.list_verify_runs().runs

        page = text_of(owner, f"/console/verify/{run.id}")

        assert "Nothing was changed" in page
        assert run.findings[0].bad or any(each.bad for each in run.findings)

    def test_runs_when_asked_and_tells(self, owner: Client) -> None:
        act = hidden(text_of(owner, "/console/verify/now"), "act_id")
        given = {"step": "do", "act_id": act}
        sent(owner, "/console/verify/now", given, status=302)
        sent(owner, "/console/verify/now", given, status=302)
        (job,), _ = progress.list_progress(owner=None, kind="verify")

        tasks.verify_asked(str(job.id))

        done = progress.get(progress_id=job.id)
        assert (done.state, done.result["bad"]) == ("done", 0)
        (told,), _ = notices.list_notices(owner=job.owner)
        assert told.href == f"/console/verify/{done.result['run']}"

    def test_is_for_those_who_reach_the_whole_house(self, at: datetime, shop: Shop) -> None:
        narrow = signed_in(at, role="store_manager", scope="store:S01")

        assert "whole house" in text_of(narrow, "/console/verify", status=403)
        text_of(signed_in(at, role="analyst"), "/console/verify/now", status=403)

    def test_asks_as_little_for_many(self, owner: Client, at: datetime) -> None:
        services.prove(origin=VerifyOrigin.CLOCK, at=at)
        few = questions(owner, "/console/verify")
        sql.run("INSERT INTO ledger_verify_run (kind, origin, started_at, finished_at, watermark, transfers, accounts, checks, bad, milliseconds, findings) SELECT kind, origin, started_at, finished_at, watermark, transfers, accounts, checks, bad, milliseconds, findings FROM ledger_verify_run, generate_series(1, 30)")  # fmt: skip

        assert questions(owner, "/console/verify") == few
