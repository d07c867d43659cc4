"""The pages of exports, jobs and notifications."""

from datetime import datetime

import pytest
from django.urls import reverse

from regulars.access.domain import Actor
from regulars.console import services
from regulars.console.selectors import exporting
from regulars.kit.progress import ProgressState
from regulars.web import clock, notices, progress, sql
from tests.console.shop import open_shop, signed_in


@pytest.fixture
def at(committed_db, own_var) -> datetime:
    at = clock.now()
    open_shop(at)
    return at


def caller():
    found = sql.row("SELECT max(id) FROM access_staff")
    return f"staff:{found[0]}"


def ask(browser, query="", **said):
    return browser.post(
        reverse("console-export-new", query={"what": "members", "query": query}),
        {"columns": ["number", "name"], "form": "csv", "reason": "service", **said},
    )


def write_newest():
    (export,), _ = exporting.list_exports(staff_id=None, limit=1)
    services.write_export(export_id=export.id, at=clock.now())
    return export.id


class TestExports:
    @pytest.mark.parametrize(
        ("language", "title"), [("en", "Export: Members"), ("zh-hans", "导出：会员")]
    )
    def test_the_form_says_what_will_be_in_the_file(self, at, language, title):
        page = signed_in(at, language=language).get(
            reverse("console-export-new", query={"what": "members", "query": "store=S02"})
        )
        text = page.content.decode()
        assert title in text
        assert "store=S02" in text
        assert "1 rows" in text or "1 行" in text

    def test_asked_written_fetched(self, at):
        browser = signed_in(at)
        answer = ask(browser, query="store=S02")
        assert answer.status_code == 302
        waiting = browser.get(answer.url)
        assert 'http-equiv="refresh"' in waiting.content.decode()
        export_id = write_newest()
        ready = browser.get(answer.url).content.decode()
        assert 'http-equiv="refresh"' not in ready
        file = browser.get(reverse("console-export-file", args=[export_id]))
        assert file["Content-Disposition"].startswith("attachment")
        assert file["X-Content-Type-Options"] == "nosniff"
        lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
        assert len(lines) == 2
        listed = browser.get(reverse("console-exports")).content.decode()
        assert reverse("console-export-file", args=[export_id]) in listed

    def test_a_wrong_form_says_so_at_the_field(self, at):
        answer = ask(signed_in(at), reason="")
        assert answer.status_code == 422
        assert "aria-invalid" in answer.content.decode()

    def test_unmasked_is_not_offered_to_those_who_may_not_reveal(self, at):
        browser = signed_in(at, role="operations")
        page = browser.get(reverse("console-export-new", query={"what": "members"}))
        assert 'name="unmasked"' not in page.content.decode()
        ask(browser, unmasked="on")
        (export,), _ = exporting.list_exports(staff_id=None, limit=1)
        assert export.is_masked

    def test_a_clerk_sees_none_of_it(self, at):
        browser = signed_in(at, role="clerk", scope="store:S01")
        for name in ("console-exports", "console-export-new"):
            assert browser.get(reverse(name, query={"what": "members"})).status_code == 403

    def test_an_unknown_list_is_refused(self, at):
        page = signed_in(at).get(reverse("console-export-new", query={"what": "<script>"}))
        assert page.status_code == 422
        assert "<script>" not in page.content.decode().split("</head>")[1].split("<main")[1]

    def test_somebody_else_s_file_is_not_found(self, at):
        ask(signed_in(at))
        export_id = write_newest()
        other = signed_in(at, role="operations")
        assert other.get(reverse("console-export-file", args=[export_id])).status_code == 404


class TestJobs:
    def test_one_s_own_work_and_nobody_else_s(self, at):
        browser = signed_in(at, role="analyst")
        mine = progress.begin(kind="verify", owner=caller(), at=at)
        theirs = progress.begin(kind="verify", owner="staff:999", at=at)
        listed = browser.get(reverse("console-jobs")).content.decode()
        assert str(mine) in listed
        assert str(theirs) not in listed
        assert browser.get(reverse("console-job", args=[theirs])).status_code == 404
        stop = reverse("console-job-stop", args=[theirs])
        assert browser.post(stop).status_code == 404

    def test_with_the_right_everybody_s(self, at):
        theirs = progress.begin(kind="import", owner="staff:999", at=at)
        browser = signed_in(at, role="operations")
        assert browser.get(reverse("console-job", args=[theirs])).status_code == 200
        assert browser.post(reverse("console-job-stop", args=[theirs])).status_code == 302
        assert sql.rows("SELECT object_id FROM access_audit_entry WHERE action = 'jobs.stop'") == [
            (str(theirs),)
        ]
        stopped = progress.get(progress_id=theirs)
        assert stopped.cancel_asked_at is not None
        assert stopped.state is ProgressState.CANCELLED

    def test_what_failed_says_why(self, at):
        browser = signed_in(at, language="zh-hans")
        job = progress.begin(kind="export", owner=caller(), at=at)
        progress.start(job, at=at)
        progress.fail(job, at=at, code="console.export_overtaken")
        assert "请重新导出" in browser.get(reverse("console-job", args=[job])).content.decode()

    def test_a_page_costs_as_much_for_many_as_for_one(self, at, django_assert_max_num_queries):
        browser = signed_in(at)
        for _ in range(20):
            progress.begin(kind="verify", owner=Actor.system().caller, at=at)
        with django_assert_max_num_queries(12):
            browser.get(reverse("console-jobs"))


class TestNotices:
    def test_told_and_seen(self, at):
        browser = signed_in(at, language="zh-hans")
        ask(browser)
        write_newest()
        page = browser.get(reverse("console-notifications")).content.decode()
        assert "文件已生成，共 2 行。" in page
        assert notices.count_unseen(caller()) == 1
        browser.post(reverse("console-notifications-seen"))
        assert notices.count_unseen(caller()) == 0
