"""Migrations are complete, named by what they change, and import nothing of ours."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parents[2] / "src" / "regulars"
MIGRATIONS = sorted(p for p in ROOT.glob("*/migrations/*.py") if p.name != "__init__.py")


class TestMigrations:
    @pytest.mark.django_db
    def test_nothing_is_missing(self) -> None:
        out = StringIO()

        call_command("makemigrations", check=True, dry_run=True, stdout=out, verbosity=1)

        assert "No changes detected" in out.getvalue()

    def test_are_named_by_what_they_change(self) -> None:
        assert [p.name for p in MIGRATIONS if "auto_" in p.name] == []
        assert [p.name for p in MIGRATIONS if not re.match(r"\d{4}_[a-z0-9_]+\.py$", p.name)] == []

    def test_import_nothing_of_ours(self) -> None:
        ours = re.compile(r"^(from|import) regulars", re.MULTILINE)

        assert [p.name for p in MIGRATIONS if ours.search(p.read_text(encoding="utf-8"))] == []
