"""Long work: asked for, moved, stopped, ended; and the notices about it."""

from datetime import timedelta

import pytest

from regulars.kit.progress import ProgressState
from regulars.web import clock, notices, progress
from regulars.web.paging import CursorMalformed


def asked(**wanted):
    return progress.begin(**{"kind": "export", "owner": "staff:1", "at": clock.now(), **wanted})


@pytest.mark.django_db
class TestALife:
    def test_work_is_asked_for_begun_moved_and_done(self):
        work = asked(total=400, facts={"what": "members"})
        at = clock.now()
        assert progress.start(work, at=at)
        progress.advance(work, done=300)
        halfway = progress.get(progress_id=work)
        assert (halfway.state, halfway.percent) == (ProgressState.RUNNING, 75)
        assert halfway.time_left(at + timedelta(seconds=30)) == timedelta(seconds=10)
        progress.finish(work, at=at, result={"rows": 400})
        ended = progress.get(progress_id=work)
        assert (ended.percent, ended.is_over, ended.result) == (100, True, {"rows": 400})
        assert ended.facts == {"what": "members"}

    def test_work_that_failed_says_why(self):
        work = asked()
        progress.start(work, at=clock.now())
        progress.fail(work, at=clock.now(), code="web.try_later", facts={"seconds": 3})
        failed = progress.get(progress_id=work)
        assert failed.state is ProgressState.FAILED
        assert failed.result == {"code": "web.try_later", "facts": {"seconds": 3}}

    def test_what_is_over_stays_as_it_ended(self):
        work = asked()
        progress.start(work, at=clock.now())
        progress.finish(work, at=clock.now(), result={"rows": 1})
        progress.fail(work, at=clock.now(), code="x")
        assert progress.get(progress_id=work).state is ProgressState.DONE
        assert not progress.start(work, at=clock.now())


@pytest.mark.django_db
class TestStopping:
    def test_what_has_not_begun_ends_at_once(self):
        work = asked()
        progress.cancel(progress_id=work, owner="staff:1", at=clock.now())
        assert progress.get(progress_id=work).state is ProgressState.CANCELLED
        assert not progress.start(work, at=clock.now())

    def test_running_work_hears_of_it_at_its_next_step(self):
        work = asked()
        progress.start(work, at=clock.now())
        progress.cancel(progress_id=work, owner="staff:1", at=clock.now())
        assert progress.get(progress_id=work).is_stopping
        with pytest.raises(progress.Cancelled):
            progress.advance(work, done=1)

    def test_somebody_else_s_work_is_not_found(self):
        work = asked()
        with pytest.raises(progress.ProgressNotFound):
            progress.cancel(progress_id=work, owner="staff:2", at=clock.now())
        with pytest.raises(progress.ProgressNotFound):
            progress.get(progress_id=work, owner="staff:2")

    def test_those_who_may_stop_everybody_s_work(self):
        work = asked()
        progress.cancel(progress_id=work, owner=None, at=clock.now())
        assert progress.get(progress_id=work).state is ProgressState.CANCELLED


class TestTheReporterBeside:
    def test_moves_the_bar_while_the_work_reads(self, committed_db):
        work = asked()
        progress.start(work, at=clock.now())
        with progress.reporting(work) as reporter:
            reporter.advance(10, total=40)
            assert progress.get(progress_id=work).percent == 25
            progress.cancel(progress_id=work, owner=None, at=clock.now())
            with pytest.raises(progress.Cancelled):
                reporter.advance(20)


@pytest.mark.django_db
class TestPages:
    def test_newest_first_each_once(self):
        works = [asked(kind="import" if n % 2 else "export") for n in range(5)]
        first, cursor = progress.list_progress(owner="staff:1", limit=3)
        rest, end = progress.list_progress(owner="staff:1", limit=3, cursor=cursor)
        assert sorted(one.id for one in [*first, *rest]) == sorted(works)
        assert end is None
        imports, _ = progress.list_progress(owner=None, kind="import")
        assert {one.kind for one in imports} == {"import"}
        assert progress.list_progress(owner="staff:2")[0] == []

    @pytest.mark.parametrize("cursor", ["x", "WyJ4Il0"])
    def test_a_foreign_cursor_is_refused(self, cursor):
        with pytest.raises(CursorMalformed):
            progress.list_progress(owner=None, cursor=cursor)


@pytest.mark.django_db
class TestNotices:
    def test_told_counted_seen(self):
        notices.tell(
            owners=["staff:1", "staff:2"], words="{n} done", at=clock.now(), facts={"n": 3}
        )
        notices.tell(owners=["staff:1"], words="more", at=clock.now(), href="/console/jobs")
        assert notices.count_unseen("staff:1") == 2
        told, _ = notices.list_notices(owner="staff:1")
        assert {one.words for one in told} == {"{n} done", "more"}
        assert notices.mark_seen(owner="staff:1", at=clock.now()) == 2
        assert (notices.count_unseen("staff:1"), notices.count_unseen("staff:2")) == (0, 1)

    def test_pages(self):
        for n in range(5):
            notices.tell(owners=["staff:1"], words=str(n), at=clock.now())
        first, cursor = notices.list_notices(owner="staff:1", limit=3)
        rest, _ = notices.list_notices(owner="staff:1", limit=3, cursor=cursor)
        assert {one.words for one in [*first, *rest]} == {"0", "1", "2", "3", "4"}
