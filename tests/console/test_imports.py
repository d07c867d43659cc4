"""The import wizard from template to undo, its history, and who may see what of it."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from regulars.ingest import selectors as ingest
from regulars.ingest import tasks
from regulars.ingest.domain.batches import BatchQuery, BatchState
from regulars.web import clock, progress, sql
from tests.console.looking import hidden, questions, sent, text_of
from tests.console.shop import Shop, open_shop, signed_in
from tests.ingest.reading import csv_text

pytestmark = [
    pytest.mark.usefixtures("own_var"),
    pytest.mark.django_db,
    pytest.mark.capability("A4"),
]
PHONE = "13700137000"
ROWS = [
    ["手机号", "姓名", "备注"],
    [PHONE, "李雷", "常客"],
    ["13700137001", "韩梅梅", ""],
    ["138****0000", "藏", ""],
    ["=1+1", "公式", ""],
]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


def upload(
    browser: Client, *, name: str = "members.csv", data: bytes | None = None, kind: str = "members"
) -> Any:
    held = csv_text(ROWS).encode() if data is None else data
    return browser.post(
        "/console/imports/new", {"kind": kind, "file": SimpleUploadedFile(name, held)}
    )


def uploaded(browser: Client, **given: Any) -> str:
    answer = upload(browser, **given)
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    return str(answer["Location"])


def work(browser: Client) -> None:
    """Do the newest piece of work, as the worker would."""
    (job, *_), _ = progress.list_progress(owner=None)
    if (
        job.facts["page"] == "console-import"
        and job.kind in {"import_dry_run", "import"}
        and sql.row("SELECT 1 FROM ingest_upload WHERE public_id = %s::uuid", [job.facts["id"]])
    ):
        tasks.run_upload(job.facts["id"], str(job.id), int(job.owner[6:]), "en")
    else:
        tasks.run_batch(job.facts["id"], str(job.id), int(job.owner[6:]), "en")


def rehearsed(browser: Client) -> str:
    place = uploaded(browser)
    mapping = {"source": "old shop", "column-0": "phone", "column-1": "name", "go": "rehearse"}
    sent(browser, f"{place}/map", mapping, status=302)
    work(browser)
    return place


def imported(browser: Client) -> str:
    place = rehearsed(browser)
    act = hidden(text_of(browser, f"{place}/run"), "act_id")
    sent(browser, f"{place}/run", {"step": "do", "act_id": act}, status=302)
    work(browser)
    answer = browser.get(place)
    assert answer.status_code == 302
    return str(answer["Location"])


class TestTemplate:
    def test_names_the_columns_in_the_readers_words(self, at: datetime, shop: Shop) -> None:
        english = signed_in(at).get("/console/imports/template/members")
        chinese = signed_in(at, role="operations", language="zh-hans").get(
            "/console/imports/template/members"
        )

        assert english.content.decode("utf-8-sig").startswith("phone,card")
        assert chinese.content.decode("utf-8-sig").startswith("手机号,会员卡号")
        assert "attachment" in english["Content-Disposition"]
        assert (
            signed_in(at, role="analyst").get("/console/imports/template/members").status_code
            == 403
        )

    def test_of_a_kind_that_is_not_there(self, owner: Client) -> None:
        text_of(owner, "/console/imports/template/coupons", status=404)

    def test_is_understood_when_it_comes_back(self, owner: Client) -> None:
        for kind in ("members", "orders", "lines", "products", "stores", "balances"):
            template = owner.get(f"/console/imports/template/{kind}").content
            rows = template + b"," * template.count(b",") + b"x\n"
            page = text_of(owner, uploaded(owner, data=rows, kind=kind, name=f"{kind}.csv"))
            assert ">not read<" not in page.partition("<tbody>")[2].partition("</tbody>")[0]


@pytest.mark.reliability("RJ8")
class TestUpload:
    def test_says_what_the_kinds_are(self, owner: Client) -> None:
        page = text_of(owner, "/console/imports/new")

        assert "Opening balances" in page
        assert "/console/imports/template/orders" in page

    @pytest.mark.parametrize(
        ("name", "data", "words"),
        [
            ("members.csv", b"\x89PNG\r\n\x1a\n123", "not what the name says"),
            ("members.exe", b"phone\n1\n", "is not a file we read"),
            ("members.xlsm", b"PK\x03\x04", "macros"),
            ("members.csv", b"", "empty"),
            ("members.csv", b"phone,name\n%PDF-1.7", "not what the name says"),
            (
                "members.csv",
                b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
                "virus",
            ),
        ],
    )
    def test_refuses_at_the_field_with_the_remedy(
        self, owner: Client, tmp_path: Path, name: str, data: bytes, words: str
    ) -> None:
        answer = upload(owner, name=name, data=data)

        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert list((tmp_path / "var").glob("uploads/*")) == []

    def test_a_path_for_a_name_never_leaves_its_folder(self, owner: Client, tmp_path: Path) -> None:
        place = uploaded(owner, name="../../evil.csv")

        assert "evil.csv" in text_of(owner, place)
        assert not list(tmp_path.glob("evil.csv"))
        assert upload(owner, name="a:b.csv").status_code == 422

    def test_is_cut_off_at_the_limit(self, owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("regulars.web.uploads.BYTES_MAX", 50)

        answer = upload(owner)

        assert answer.status_code == 422
        assert "200 MB" in answer.content.decode()

    def test_without_a_file_or_a_kind(self, owner: Client) -> None:
        sent(owner, "/console/imports/new", {"kind": "members"}, status=422)
        assert upload(owner, kind="coupons").status_code == 422


class TestColumns:
    def test_shows_the_match_with_masked_samples(self, owner: Client) -> None:
        page = text_of(owner, uploaded(owner))

        assert "2 of 3 columns are read" in page
        assert "137****7000" in page
        assert "李*" in page
        assert PHONE not in page
        assert "李雷" not in page
        assert "first 4 rows" in page

    def test_may_be_adjusted_and_is_kept(self, owner: Client) -> None:
        place = uploaded(owner)
        said = {"source": "old shop", "column-0": "phone", "column-2": "tags", "go": ""}

        sent(owner, f"{place}/map", said, status=302)

        page = text_of(owner, place)
        assert 'value="old shop"' in page
        row = page.partition("备注</th>")[2].partition("</tr>")[0]
        assert 'value="tags" selected' in row

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"column-0": "phone", "column-1": "phone"}, "Only one column"),
            ({"column-1": "name"}, "No column of the file was recognised"),
            ({"column-0": "phone", "currency": "12A"}, "12A"),
            ({"column-0": "phone", "zone": "Mars/Base"}, "Mars/Base"),
            ({"column-0": "phone", "source": ""}, "required"),
        ],
    )
    def test_refuses_what_cannot_be(self, owner: Client, said: dict[str, str], words: str) -> None:
        place = uploaded(owner)

        page = sent(owner, f"{place}/map", {"source": "files", **said}, status=422)

        assert words in page


class TestRun:
    def test_from_dry_run_to_undo(self, owner: Client) -> None:
        place = rehearsed(owner)
        page = text_of(owner, place)
        assert "Result of the dry run" in page
        assert "Rows in error" in page
        assert sql.row("SELECT count(*) FROM members_member") == (2,)

        preview = text_of(owner, f"{place}/run")
        assert "Import 2 of Members" in preview
        sent(owner, f"{place}/run", {"step": "do", "act_id": hidden(preview, "act_id")}, status=302)
        assert 'http-equiv="refresh"' in text_of(owner, place)
        work(owner)
        assert sql.row("SELECT count(*) FROM members_member") == (4,)

        report = str(owner.get(place)["Location"])
        page = text_of(owner, report)
        assert "members.csv" in page
        assert "陈晨" in page
        assert "Undo the import" in page

        undo = text_of(owner, f"{report}/undo")
        assert "Members only this import made" in undo
        sent(owner, f"{report}/undo", {"step": "do", "act_id": hidden(undo, "act_id")}, status=302)
        work(owner)
        assert "Undone" in text_of(owner, report)
        batch = ingest.list_batches(query=BatchQuery(state=BatchState.REVERTED)).batches[0]
        assert batch.state is BatchState.REVERTED

    @pytest.mark.reliability("RJ5")
    def test_the_error_file_has_a_reason_in_each_row_and_no_formula(self, owner: Client) -> None:
        report = imported(owner)

        answer = owner.get(f"{report}/errors")
        text = b"".join(answer.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]

        assert answer["Content-Disposition"].startswith("attachment")
        assert answer["X-Content-Type-Options"] == "nosniff"
        lines = text.splitlines()
        assert lines[0].endswith("Row,Column,Reason")
        assert any(line.startswith("'=1+1") for line in lines)
        assert len(lines) == 3
        assert sql.row(
            "SELECT count(*) FROM access_audit_entry WHERE action = 'import.errors_fetched'"
        ) == (1,)

    def test_the_error_file_goes_when_its_days_are_over(self, owner: Client) -> None:
        report = imported(owner)
        sql.run("UPDATE ingest_batch SET error_file_until = started_at")

        text_of(owner, f"{report}/errors", status=404)

    def test_may_be_stopped_and_thrown_away(self, owner: Client, tmp_path: Path) -> None:
        place = uploaded(owner)
        said = {"source": "files", "column-0": "phone", "go": "rehearse"}
        sent(owner, f"{place}/map", said, status=302)
        assert "Stop it" in text_of(owner, place)

        sent(owner, f"{place}/stop", {}, status=302)
        assert "Start the dry run" in text_of(owner, place)
        sent(owner, f"{place}/drop", {}, status=302)

        text_of(owner, place, status=404)

    def test_a_refused_file_says_why(self, owner: Client) -> None:
        place = uploaded(owner, data="手机号,姓名\n".encode())
        said = {"source": "files", "column-0": "phone", "go": "rehearse"}
        sent(owner, f"{place}/map", said, status=302)
        work(owner)

        assert "holds no rows" in text_of(owner, place)

    def test_an_import_that_was_stopped_goes_on(self, owner: Client) -> None:
        report = imported(owner)
        sql.run("UPDATE ingest_batch SET state = 'applying' WHERE state = 'finished'")

        assert "Go on with the import" in text_of(owner, report)
        sent(owner, f"{report}/resume", {}, status=302)
        work(owner)

        assert "Go on with the import" not in text_of(owner, report)


class TestHistory:
    def test_lists_imports_with_counts_and_who(self, owner: Client) -> None:
        imported(owner)
        uploaded(owner)

        page = text_of(owner, "/console/imports")

        assert "陈晨" in page
        assert "Dry run" in page
        assert "Your files that wait" in page
        assert "Nothing matches" in text_of(owner, "/console/imports?kind=orders")
        assert "members.csv" in text_of(owner, "/console/imports?state=finished&source=old+shop")

    def test_a_file_is_seen_by_whoever_brought_it(
        self, owner: Client, at: datetime, shop: Shop
    ) -> None:
        place = uploaded(owner)

        other = signed_in(at, role="operations")

        text_of(other, place, status=404)
        sent(other, f"{place}/drop", {}, status=404)
        sent(other, f"{place}/stop", {}, status=404)
        sent(other, f"{place}/map", {"source": "x"}, status=404)

    def test_is_for_the_whole_house(self, at: datetime, shop: Shop) -> None:
        text_of(signed_in(at, role="analyst"), "/console/imports", status=403)
        region = signed_in(at, role="operations", scope="region:default")
        for place in ("/console/imports", "/console/imports/new"):
            assert "whole house" in text_of(region, place, status=403)

    def test_reads_in_chinese(self, at: datetime, shop: Shop) -> None:
        browser = signed_in(at, language="zh-hans")

        assert "导入" in text_of(browser, "/console/imports")
        assert "试运行" in text_of(browser, uploaded(browser))

    def test_asks_as_little_for_many(self, owner: Client) -> None:
        report = imported(owner)
        few = questions(owner, "/console/imports?size=100")
        sql.run(
            "INSERT INTO ingest_batch (public_id, kind, source_id, file_name, content_hash,"
            " options_hash, options, headers, mapping, layout, state, rows_total, things_total,"
            " things_done, rows_new, rows_updated, rows_skipped, rows_parked, rows_error,"
            " wrapped_key, error_file, started_at, started_by) SELECT gen_random_uuid(), kind,"
            " source_id, file_name, content_hash, options_hash, options, headers, mapping, layout,"
            " state, rows_total, things_total, things_done, rows_new, rows_updated, rows_skipped,"
            " rows_parked, rows_error, NULL, '', started_at, started_by FROM ingest_batch,"
            " generate_series(1, 30) WHERE state = 'finished'"
        )

        assert questions(owner, "/console/imports?size=100") == few
        questions(owner, report)
        questions(owner, uploaded(owner))
