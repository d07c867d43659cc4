"""Files handed over in the console: refused if disguised, sealed at rest, run with the CLI's work."""

import gzip
import io
import os
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.utils import translation

from regulars.access.domain import Actor, Scope
from regulars.ingest import selectors, services, tasks
from regulars.ingest.domain.batches import BatchQuery, BatchState
from regulars.ingest.domain.files import (
    ArchiveBroken,
    FileEmpty,
    FileKind,
    FileRefused,
    FileTypeUnknown,
    HeaderMissing,
    MacroFile,
)
from regulars.ingest.domain.uploads import (
    Upload,
    UploadDisguised,
    UploadInfected,
    UploadMissing,
    UploadNameRefused,
    UploadNotReady,
    UploadState,
    UploadTooLarge,
    masked_sample,
)
from regulars.members import selectors as members
from regulars.web import clock, notices, progress, sql
from tests.ingest.reading import a_workbook, csv_text

pytestmark = pytest.mark.django_db
STAFF = Actor("staff", 3, "陈晨", frozenset(), Scope.all())
PHONE = "13800138000"
ROWS = [["手机号", "姓名", "备注"], [PHONE, "林小满", "爱喝茶"], ["13900139001", "王伟", ""]]
PATTERN = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest.fixture(autouse=True)
def _english(own_var: Path) -> Iterator[None]:
    with translation.override("en"):
        yield


def hand_over(
    data: bytes | None = None, *, name: str = "members.csv", kind: str = "members"
) -> Upload:
    held = csv_text(ROWS).encode() if data is None else data
    return services.receive_upload(
        name=name, pieces=[held], kind=FileKind(kind), actor=STAFF, at=clock.now()
    )


def work(ask: Any, **given: Any) -> progress.Progress:
    """Ask for work and do it at once, as the worker would."""
    work_id = ask(**given, actor=STAFF, at=clock.now())
    if "batch" in given:
        tasks.run_batch(given["batch"], str(work_id), STAFF.id, "en")
    else:
        tasks.run_upload(str(given["public_id"]), str(work_id), STAFF.id, "en")
    return progress.get(progress_id=work_id)


def workbook(**entries: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    return held.getvalue()


@pytest.mark.reliability("RJ8")
class TestRefused:
    @pytest.mark.parametrize(
        "name",
        ["../../members.csv", "a/b.csv", "a\\b.csv", ".csv", "..csv", "", "a\x00.csv", "a\n.csv",
         "C:members.csv", "x" * 130 + ".csv"],
    )  # fmt: skip
    def test_names_that_are_paths(self, name: str) -> None:
        with pytest.raises(UploadNameRefused):
            hand_over(name=name)

    @pytest.mark.parametrize(
        "data",
        [
            b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
            b"GIF89a,phone\n1,2\n",
            b"\xff\xd8\xff\xe0JFIF",
            b"%PDF-1.7\n1 0 obj",
            b"phone,name\n%PDF-1.7 hidden\n",
            b"<svg onload=alert(1)></svg>",
            b"\xef\xbb\xbf <html><script>x</script>",
            b"phone,name\n<script>fetch('/')</script>,x\n",
            b"#!/bin/sh\nphone,name\n",
            b"\x7fELF\x02\x01",
            csv_text(ROWS).encode() + workbook(a=b"b"),
        ],
    )
    def test_content_that_is_something_else_or_two_things(self, data: bytes) -> None:
        with pytest.raises(UploadDisguised):
            hand_over(data)

    @pytest.mark.parametrize("name", ["pattern.csv", "pattern.csv.gz"])
    def test_the_pattern_of_virus_scanners(self, name: str) -> None:
        data = b"phone,name\n" + b"1,2\n" * 1_000_000 + PATTERN
        with pytest.raises(UploadInfected):
            hand_over(gzip.compress(data) if name.endswith(".gz") else data, name=name)

    def test_the_pattern_inside_a_workbook(self) -> None:
        with pytest.raises(UploadInfected):
            hand_over(workbook(**{"xl/media/x": PATTERN}), name="book.xlsx")

    @pytest.mark.parametrize(
        ("name", "refusal"),
        [("members.exe", FileTypeUnknown), ("book.xlsm", MacroFile), ("picture.svg", FileTypeUnknown)],
    )  # fmt: skip
    def test_sorts_that_are_not_read(self, name: str, refusal: type[FileRefused]) -> None:
        with pytest.raises(refusal):
            hand_over(name=name)

    def test_a_workbook_with_something_before_or_behind_it(self, tmp_path: Path) -> None:
        good = a_workbook(tmp_path, ROWS).read_bytes()

        for data in (b"GIF89a" + good, good + b"<script>", b"phone,name\n"):
            with pytest.raises(UploadDisguised):
                hand_over(data, name="book.xlsx")
        with pytest.raises((ArchiveBroken, UploadDisguised)):
            hand_over(good[:40] + good[-22:], name="book.xlsx")

    def test_entries_that_climb_out(self) -> None:
        with pytest.raises(UploadDisguised):
            hand_over(workbook(**{"../../evil": b"x"}), name="book.xlsx")

    def test_nothing_and_too_much(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with pytest.raises(FileEmpty):
            hand_over(b"")
        monkeypatch.setattr("regulars.ingest.services.uploads.UPLOAD_BYTES_MAX", 10)
        with pytest.raises(UploadTooLarge):
            hand_over()

    def test_leaves_nothing_behind(self, tmp_path: Path) -> None:
        with pytest.raises(UploadDisguised):
            hand_over(b"\x89PNG")

        assert list((tmp_path / "var" / "uploads").iterdir()) == []
        assert sql.row("SELECT count(*) FROM ingest_upload") == (0,)


class TestKept:
    def test_sealed_and_for_nobody_else_to_read(self, tmp_path: Path) -> None:
        hand_over()

        (kept,) = (tmp_path / "var" / "uploads").iterdir()
        assert PHONE.encode() not in kept.read_bytes()
        assert kept.stat().st_mode & 0o077 == 0
        assert kept.parent.stat().st_mode & 0o077 == 0
        assert sql.row("SELECT position(%s::bytea IN sample) FROM ingest_upload", [PHONE.encode()]) == (0,)  # fmt: skip

    def test_opens_whole_and_only_where_it_was_put(self, tmp_path: Path) -> None:
        from regulars.ingest.services.uploads import opened
        from regulars.web.crypto import SealBroken

        data = b"phone,name\n" + b"13800138000,x\n" * 200_000
        upload = hand_over(data)
        with opened(upload) as path:
            assert path.read_bytes() == data
            assert path.name == "members.csv"
        assert not path.exists()

        (kept,) = (tmp_path / "var" / "uploads").iterdir()
        sealed = kept.read_bytes()
        first = 4 + int.from_bytes(sealed[:4], "big")
        for broken in (sealed[:first], sealed[first:], sealed[:-1] + b"\x00"):
            kept.write_bytes(broken)
            with pytest.raises(SealBroken), opened(upload):
                pass

    def test_gone_after_a_day(
        self, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        upload = hand_over()

        assert services.drop_uploads(at=clock.now()) == 0
        with django_capture_on_commit_callbacks(execute=True):
            assert services.drop_uploads(at=clock.now() + timedelta(hours=25)) == 1

        assert list((tmp_path / "var" / "uploads").iterdir()) == []
        with pytest.raises(UploadMissing):
            selectors.get_upload(public_id=upload.public_id)

    def test_what_a_killed_worker_had_open_goes_after_a_day(self, tmp_path: Path) -> None:
        upload = hand_over()
        left = tmp_path / "var" / "uploads" / "tmp0badc0de"
        left.mkdir()
        (left / upload.file_name).write_text(PHONE)

        tasks.drop_uploads()
        assert left.exists()
        yesterday = (clock.now() - timedelta(hours=25)).timestamp()
        os.utime(left, (yesterday, yesterday))
        tasks.drop_uploads()

        assert not left.exists()

    def test_thrown_away_when_asked(
        self, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        upload = hand_over()
        with django_capture_on_commit_callbacks(execute=True):
            services.drop_upload(public_id=upload.public_id, actor=STAFF, at=clock.now())

        assert list((tmp_path / "var" / "uploads").iterdir()) == []

    def test_belongs_to_whoever_brought_it(self) -> None:
        upload = hand_over()

        assert selectors.list_uploads(owner="staff:3") == [upload]
        assert selectors.list_uploads(owner="staff:4") == []
        with pytest.raises(UploadMissing):
            selectors.get_upload(public_id=upload.public_id, owner="staff:4")


class TestMapping:
    def test_matches_columns_by_name_and_keeps_the_first_rows(self) -> None:
        upload = hand_over()

        mapping = services.mapping_of(upload=upload)
        assert mapping.columns == {"phone": "手机号", "name": "姓名"}
        assert mapping.left == ("备注",)
        assert selectors.read_sample(upload=upload)[0][0] == PHONE

    def test_takes_what_a_person_says(self) -> None:
        upload = hand_over()
        said = {"columns": {"name": None, "tags": "备注"}}

        after = services.adjust_upload(
            public_id=upload.public_id,
            options={"said": said, "source": "old shop", "currency": "cny"},
            actor=STAFF,
            at=clock.now(),
        )

        assert services.mapping_of(upload=after).columns == {"phone": "手机号", "tags": "备注"}
        assert after.options["currency"] == "CNY"

    def test_refuses_what_the_kind_cannot_do_without(self) -> None:
        upload = hand_over()

        with pytest.raises(HeaderMissing), transaction.atomic():
            services.adjust_upload(
                public_id=upload.public_id,
                options={"said": {"columns": {"phone": None}}},
                actor=STAFF,
                at=clock.now(),
            )

    def test_shows_cells_masked(self) -> None:
        kind = FileKind.MEMBERS
        assert masked_sample(PHONE, field="phone", kind=kind) == "138****8000"
        assert masked_sample("林小满", field="name", kind=kind) == "林**"
        assert masked_sample("1990-05-01", field="birthday", kind=kind) == "1990-**-**"
        assert masked_sample("上海市静安区", field="", kind=kind) == "上***"
        assert masked_sample("  ", field="phone", kind=kind) == ""
        assert masked_sample("TEA", field="sku", kind=FileKind.PRODUCTS) == "TEA"
        assert masked_sample("Note", field="", kind=FileKind.PRODUCTS) == "Note"


class TestRun:
    def test_rehearses_imports_and_undoes_with_the_services_of_the_command_line(
        self, tmp_path: Path, django_capture_on_commit_callbacks: Any
    ) -> None:
        upload = hand_over()
        rehearsed = work(services.ask_rehearsal, public_id=upload.public_id)
        assert rehearsed.state == "done"
        assert rehearsed.result["new"] == 2
        upload = selectors.get_upload(public_id=upload.public_id)
        assert upload.state is UploadState.REHEARSED
        assert members.find_by_identities(identities=[]) == []

        with django_capture_on_commit_callbacks(execute=True):
            done = work(services.ask_import, public_id=upload.public_id)
        assert (done.result["new"], done.result["errors"]) == (2, 0)
        upload = selectors.get_upload(public_id=upload.public_id)
        assert upload.state is UploadState.IMPORTED
        assert upload.batch is not None
        assert list((tmp_path / "var" / "uploads").iterdir()) == []
        batch = selectors.find_batch(public_id=upload.batch)
        assert (batch.started_by, batch.state) == ("staff:3", BatchState.FINISHED)
        assert selectors.list_batches(query=BatchQuery(started_by="staff:3")).batches[0] == batch

        undone = work(services.ask_undo, batch=upload.batch)
        assert undone.state == "done"
        assert selectors.find_batch(public_id=upload.batch).state is BatchState.REVERTED
        told, _ = notices.list_notices(owner="staff:3")
        assert [each.facts.get("new") for each in told] == [2, 2, 2]

    def test_groups_rows_in_error_by_reason(self) -> None:
        rows = [*ROWS, ["1380013", "短号", ""], ["1380014", "短号", ""], ["138****0000", "藏", ""]]
        upload = hand_over(csv_text(rows).encode())

        result = work(services.ask_rehearsal, public_id=upload.public_id).result

        batch = selectors.find_batch(public_id=result["batch"])
        reasons = selectors.list_problem_reasons(batch_id=batch.id)
        assert result["errors"] == 3
        assert [(each.column, each.rows, each.first_row) for each in reasons] == [
            ("手机号", 2, 4),
            ("手机号", 1, 6),
        ]

    def test_imports_only_what_was_rehearsed(self) -> None:
        upload = hand_over()

        with pytest.raises(UploadNotReady), transaction.atomic():
            services.ask_import(public_id=upload.public_id, actor=STAFF, at=clock.now())

    def test_work_that_was_called_off_leaves_the_file(self) -> None:
        upload = hand_over()
        work_id = services.ask_rehearsal(public_id=upload.public_id, actor=STAFF, at=clock.now())
        with pytest.raises(UploadNotReady), transaction.atomic():
            services.ask_rehearsal(public_id=upload.public_id, actor=STAFF, at=clock.now())
        progress.cancel(progress_id=work_id, owner="staff:3", at=clock.now())

        tasks.run_upload(str(upload.public_id), str(work_id), STAFF.id, "en")

        assert progress.get(progress_id=work_id).state == "cancelled"
        assert selectors.get_upload(public_id=upload.public_id).state is UploadState.MAPPING

    def test_work_that_breaks_is_told_and_the_file_stays(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload = hand_over()
        work_id = services.ask_rehearsal(public_id=upload.public_id, actor=STAFF, at=clock.now())

        def broken(**_: Any) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("regulars.ingest.services.uploads_running.rehearse_file", broken)
        with pytest.raises(ZeroDivisionError):
            tasks.run_upload(str(upload.public_id), str(work_id), STAFF.id, "en")

        assert progress.get(progress_id=work_id).result["code"] == "ingest.work_broke"
        assert selectors.get_upload(public_id=upload.public_id).state is UploadState.MAPPING
