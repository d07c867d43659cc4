"""File imports against PostgreSQL: counts, repeats, rehearsals, undo, errors kept and let go."""

from pathlib import Path

import pytest

from regulars.ingest import services as ingest
from regulars.ingest.domain.batches import BatchState, ImportOptions, ImportReport
from regulars.ingest.domain.files import FileKind
from regulars.web import clock
from tests.ingest.reading import a_csv

pytestmark = pytest.mark.django_db


def import_csv(path: Path, kind: str, **options: object) -> ImportReport:
    return ingest.import_file(
        path=path, options=ImportOptions(kind=FileKind(kind), **options), at=clock.now()
    )


class TestImport:
    def test_members_are_new_once(self, tmp_path: Path) -> None:
        path = a_csv(tmp_path, [["手机号", "姓名"], ["13800138000", "林小茶"], ["138", "坏"]])

        report = import_csv(path, "members")

        assert report.payload()["new"] == 1
        assert report.payload()["errors"] == 1
        assert report.state is BatchState.FINISHED
