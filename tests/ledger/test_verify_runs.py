"""Runs of the checks are put on record: when, over how much, what they found, in every app."""

from datetime import timedelta

import pytest

from regulars import wiring
from regulars.ledger import selectors, tasks
from regulars.ledger import services as ledger
from regulars.ledger.domain import VerifyKind, VerifyOrigin, VerifyRunUnknown
from regulars.ledger.selectors.checks import CHECKS
from regulars.web import clock, sql
from regulars.web.paging import CursorMalformed
from tests.ledger.making import NOON, an_earn, given

pytestmark = pytest.mark.capability("B1")

NIGHTLY, RECENT = tasks.verify_all, tasks.verify_recent


def wrong_tier() -> None:
    """Break what loyalty keeps: a path of tiers that begins nowhere."""
    sql.run(
        "INSERT INTO loyalty_tierchange (member_id, programme_id, changed_at, from_level, to_level,"
        " growth, cause, ladder_id, recorded_at) VALUES (1, 1, %s::timestamptz, 2, 3, 0, 'growth',"
        " 1, %s::timestamptz)",
        [NOON, NOON],
    )


class TestTheClock:
    @pytest.mark.django_db
    def test_asks_every_app_at_night_and_keeps_what_it_found(self) -> None:
        given(an_earn(100))
        wrong_tier()

        NIGHTLY()

        (run,) = selectors.list_verify_runs().runs
        assert (run.kind, run.origin) == (VerifyKind.FULL, VerifyOrigin.CLOCK)
        assert (run.transfers, run.bad, run.is_clean) == (1, 1, False)
        assert [(f.check, f.ids) for f in run.findings] == [("tier_paths", ("member 1",))]
        whole = selectors.get_verify_run(run_id=run.id)
        known = [*CHECKS, *wiring.checks(), *wiring.samples()]
        assert {f.check for f in whole.findings} == {one.name for one in known}
        assert whole.checks == len(known)

    def test_asks_the_other_apps_about_who_moved(self, committed_db: str) -> None:
        given(an_earn(100), an_earn(5, member_id=2))
        RECENT()
        wrong_tier()
        given(an_earn(5, member_id=2))
        RECENT()
        given(an_earn(5))
        RECENT()

        runs = selectors.list_verify_runs().runs

        assert [run.bad for run in runs] == [1, 0, 0]
        assert {run.kind for run in runs} == {VerifyKind.RECENT}
        assert [run.accounts for run in runs] == [1, 1, 2]


@pytest.mark.django_db
class TestRecords:
    def test_are_listed_newest_first_page_by_page(self) -> None:
        for _ in range(3):
            ledger.prove(origin=VerifyOrigin.COMMAND, at=clock.now())

        first = selectors.list_verify_runs(limit=2)
        second = selectors.list_verify_runs(limit=2, cursor=first.next_cursor)

        ids = [run.id for run in (*first.runs, *second.runs)]
        assert ids == sorted(ids, reverse=True)
        assert len(ids) == 3
        assert second.next_cursor is None
        assert {run.findings for run in first.runs} == {()}

    @pytest.mark.parametrize("cursor", ["x", "WyJ4Il0", "Wy0xXQ"])
    def test_know_their_own_cursors_only(self, cursor: str) -> None:
        with pytest.raises(CursorMalformed):
            selectors.list_verify_runs(cursor=cursor)

    def test_unknown_ones_are_refused(self) -> None:
        with pytest.raises(VerifyRunUnknown):
            selectors.get_verify_run(run_id=404)

    def test_go_after_a_week_if_recent_and_clean_and_after_a_year_whatever_they_found(self) -> None:
        def prove(days: int, since: int | None) -> None:
            at = NOON - timedelta(days=days)
            ledger.prove(origin=VerifyOrigin.CLOCK, at=at, since=since)

        prove(500, None)
        prove(8, None)
        prove(8, 0)
        given(an_earn(5))
        sql.run("UPDATE ledger_account SET posted = posted + 1 WHERE member_id = 1 AND kind = 0")
        prove(8, 0)
        prove(0, 0)

        left = [(run.kind.value, run.is_clean) for run in selectors.list_verify_runs().runs]

        assert left == [("recent", False), ("recent", False), ("full", True)]


def test_every_check_says_what_it_means() -> None:
    told = selectors.list_checks()

    assert len(told) == len(CHECKS) + len(wiring.checks()) + len(wiring.samples())
    assert all(says.endswith(".") for says in told.values())
