"""Rejected rows as pages: filters, the reason, the body revealed on record, acts on one and many."""

from datetime import datetime

import pytest
from django.test import Client

from regulars.events import selectors as log
from regulars.events import services as events
from regulars.events.selectors import LetterQuery
from regulars.ingest import tasks
from regulars.web import clock, notices, progress, sql
from tests.console.looking import hidden, questions, sent, text_of
from tests.console.shop import Shop, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A7")]
ORDER = (
    '{"external_id":"%s","state":"paid","paid_at":"2026-11-01T02:00:00Z",'
    '"currency":"CNY","amounts":{"goods":"57.00"},"member":{"phone":"13800138000"}}'
)


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


def bury(
    shop: Shop, *, number: str = "SO-7001", code: str = "ingest.row_broke", body: str = ""
) -> int:
    return events.bury(
        kind="row",
        error_code=code,
        at=shop.at,
        body=f"orders 1\n{body or ORDER % number}".encode(),
        error_facts={"error": "KeyError"},
        source_id=shop.source_id,
        member_id=shop.lin,
    )


def state_of(letter_id: int) -> str:
    return log.get_dead_letter(letter_id=letter_id).state


def act(browser: Client, kind: str, data: dict[str, object]) -> tuple[str, int]:
    """Ask for an act, confirm it, and answer what comes back."""
    place = f"/console/dead-letters/{kind}"
    preview = sent(browser, place, data)
    answer = browser.post(place, {**data, "step": "do", "act_id": hidden(preview, "act_id")})
    return answer.content.decode(), answer.status_code


class TestList:
    def test_lists_open_ones_with_the_reason_and_never_what_they_hold(
        self, owner: Client, shop: Shop
    ) -> None:
        bury(shop)

        page = text_of(owner, "/console/dead-letters")

        assert "1 row" in page
        assert "pos" in page
        assert "13800138000" not in page

    @pytest.mark.parametrize(
        ("query", "count"),
        [("?kind=row", 3), ("?kind=webhook", 0), ("?code=ingest.row_broke", 2), ("?source=pos", 3),
         ("?state=dropped", 0), ("?since=today", 3), ("?since=yesterday", 0), ("?kind=x&code=y", 3)],
    )  # fmt: skip
    def test_filters(self, owner: Client, shop: Shop, query: str, count: int) -> None:
        for code in ("ingest.row_broke", "ingest.row_broke", "ingest.order_missing"):
            bury(shop, code=code)

        page = text_of(owner, f"/console/dead-letters{query}")

        assert page.count('name="ids"') == count

    def test_says_when_nothing_was_rejected(self, owner: Client) -> None:
        assert "Nothing was rejected" in text_of(owner, "/console/dead-letters")

    def test_is_for_the_whole_house_and_reads_in_chinese(self, at: datetime, shop: Shop) -> None:
        letter = bury(shop)
        text_of(signed_in(at, role="analyst"), "/console/dead-letters", status=403)
        region = signed_in(at, role="operations", scope="region:default")
        assert "whole house" in text_of(region, f"/console/dead-letters/{letter}", status=403)
        assert "重放" in text_of(signed_in(at, language="zh-hans"), "/console/dead-letters")

    def test_asks_as_little_for_many(self, owner: Client, shop: Shop) -> None:
        bury(shop)
        few = questions(owner, "/console/dead-letters?size=100")
        for n in range(50):
            bury(shop, number=f"X-{n}")

        assert questions(owner, "/console/dead-letters?size=100") == few


class TestOne:
    def test_shows_facts_and_opens_the_body_only_with_a_reason_on_record(
        self, owner: Client, shop: Shop
    ) -> None:
        letter = bury(shop)
        page = text_of(owner, f"/console/dead-letters/{letter}")
        assert "KeyError" in page
        assert "13800138000" not in page

        sent(owner, f"/console/dead-letters/{letter}/reveal", {"reason": "curious"}, status=422)
        shown = sent(owner, f"/console/dead-letters/{letter}/reveal", {"reason": "find_fault"})

        assert "13800138000" in shown
        assert 'http-equiv="refresh" content="30' in shown
        assert sql.row(
            "SELECT reason_code FROM access_audit_entry WHERE action = 'dead_letters.reveal'"
        ) == ("find_fault",)

    def test_a_body_is_not_for_who_may_not_reveal(self, at: datetime, shop: Shop) -> None:
        letter = bury(shop)
        browser = signed_in(at, role="operations")

        assert "Why do you need" not in text_of(browser, f"/console/dead-letters/{letter}")
        sent(
            browser, f"/console/dead-letters/{letter}/reveal", {"reason": "find_fault"}, status=403
        )

    def test_a_body_that_is_markup_is_shown_as_text(self, owner: Client, shop: Shop) -> None:
        letter = bury(shop, body="<script>alert(1)</script>")

        shown = sent(owner, f"/console/dead-letters/{letter}/reveal", {"reason": "find_fault"})

        assert "<script>alert" not in shown

    def test_one_that_is_not_there(self, owner: Client) -> None:
        for number in (1, 2**70):
            text_of(owner, f"/console/dead-letters/{number}", status=404)


class TestActs:
    def test_replays_the_chosen_and_reports_those_that_failed(
        self, owner: Client, shop: Shop
    ) -> None:
        good, bad = bury(shop), bury(shop, body='{"external_id": 7}')

        page, status = act(owner, "replay", {"ids": [good, bad]})

        assert status == 207
        assert f"Row {bad}" in page
        assert (state_of(good), state_of(bad)) == ("replayed", "open")

    def test_drops_with_a_reason(self, owner: Client, shop: Shop) -> None:
        letter = bury(shop)
        form = sent(owner, "/console/dead-letters/drop", {"ids": [letter]})
        assert "Why" in form or "reason" in form
        sent(owner, "/console/dead-letters/drop", {"ids": [letter], "reason": "bored"}, status=422)

        _, status = act(owner, "drop", {"ids": [letter], "reason": "test_data"})

        assert status == 200
        assert state_of(letter) == "dropped"
        assert sql.row("SELECT body FROM events_deadletter WHERE id = %s::bigint", [letter]) == (None,)  # fmt: skip

    def test_books_a_refund_whose_order_never_came(self, owner: Client, shop: Shop) -> None:
        body = '{"external_id":"R-1","order":"NONE-1","amount":"10.00","currency":"CNY","refunded_at":"2026-11-01T02:00:00Z","member":{"phone":"13800138000"}}'
        letter = events.bury(
            kind="row", error_code="ingest.order_missing", at=shop.at,
            body=b"refunds 1\n" + body.encode(), source_id=shop.source_id,
        )  # fmt: skip

        page, status = act(owner, "book", {"ids": [letter]})

        assert status == 200, page
        assert state_of(letter) == "replayed"
        assert sql.row("SELECT count(*) FROM commerce_refund WHERE order_id IS NULL") == (1,)

    def test_all_that_match_go_as_a_job_with_a_report(self, owner: Client, shop: Shop) -> None:
        good, bad = bury(shop), bury(shop, body='{"external_id": 7}')
        other = bury(shop, code="ingest.other")

        _, status = act(owner, "replay", {"all": "1", "query": "code=ingest.row_broke"})
        assert status == 302
        (job,), _ = progress.list_progress(owner=None, kind="replay")
        tasks.act_on_letters(str(job.id), 1)

        assert (state_of(good), state_of(bad), state_of(other)) == ("replayed", "open", "open")
        assert progress.get(progress_id=job.id).result["done"] == 1
        report = text_of(owner, f"/console/dead-letters/report/{job.id}", status=207)
        assert f"Row {bad}" in report
        (told,), _ = notices.list_notices(owner=job.owner)
        assert told.facts == {"done": 1, "left": 1}
        assert log.count_letters(query=LetterQuery()) == 2

    def test_all_that_match_are_never_more_once_the_filter_means_nothing(
        self, owner: Client, shop: Shop
    ) -> None:
        done, other = bury(shop), bury(shop, code="ingest.other")
        data = {"all": "1", "query": "code=ingest.row_broke", "reason": "test_data"}
        preview = sent(owner, "/console/dead-letters/drop", data)
        events.settle(ids=[done], state="replayed", at=shop.at)

        answer = owner.post(
            "/console/dead-letters/drop",
            {**data, "step": "do", "act_id": hidden(preview, "act_id")},
        )

        assert answer.status_code == 409
        assert progress.list_progress(owner=None, kind="replay")[0] == []
        assert state_of(other) == "open"

    def test_all_of_those_settled_are_not_those_that_wait(self, owner: Client, shop: Shop) -> None:
        dropped, waits = bury(shop), bury(shop)
        events.settle(ids=[dropped], state="dropped", at=shop.at)

        act(owner, "drop", {"all": "1", "query": "state=dropped", "reason": "test_data"})
        (job,), _ = progress.list_progress(owner=None, kind="replay")
        tasks.act_on_letters(str(job.id), 1)

        assert state_of(waits) == "open"

    def test_nothing_chosen_and_no_permission(
        self, at: datetime, owner: Client, shop: Shop
    ) -> None:
        sent(owner, "/console/dead-letters/replay", {}, status=422)
        admin = signed_in(at, role="administrator")
        sent(admin, "/console/dead-letters/replay", {"ids": [bury(shop)]}, status=403)

    def test_one_settled_meanwhile_is_told(self, owner: Client, shop: Shop) -> None:
        letter = bury(shop)
        events.settle(ids=[letter], state="dropped", at=shop.at)

        page, status = act(owner, "replay", {"ids": [letter]})

        assert "settled already" in page or status == 200
