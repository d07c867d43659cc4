"""`regulars demo` and a house that people work in."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from regulars.access import services as access
from regulars.access.domain import StoreRow
from regulars.cli.demo import HouseInUse, demo
from regulars.web import clock, sql

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H7")]


def test_sample_data_is_not_poured_into_a_house_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    access.record_stores([StoreRow(row=1, code="S01", name="One")], at=clock.now())
    monkeypatch.setattr("regulars.cli.environment.var", lambda: tmp_path)

    done = CliRunner().invoke(demo, ["--members", "5"])

    assert isinstance(done.exception, HouseInUse)
    assert not (tmp_path / "demo").exists()
    assert sql.row("SELECT count(*) FROM members_member") == (0,)
