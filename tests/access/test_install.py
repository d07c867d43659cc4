"""A fresh installation: nobody can get in but by the one-time link, and the map of data is whole."""

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models

from regulars.access import selectors, tasks
from regulars.access.domain import PERSONAL_COLUMNS, TECHNICAL_COLUMNS, Scope
from regulars.web import clock, sql
from regulars.web.jobs import schedule


@pytest.mark.reliability("RH19")
@pytest.mark.django_db
class TestDefaults:
    def test_there_is_no_account_no_key_no_link(self) -> None:
        assert selectors.list_staff() == []
        assert selectors.list_keys() == []
        assert not selectors.has_owner()
        assert sql.row("SELECT count(*) FROM access_onetimelink") == (0,)

    def test_there_is_one_brand_and_one_region_to_begin_with(self) -> None:
        assert [each.code for each in selectors.list_brands()] == ["default"]
        assert [each.code for each in selectors.list_regions(Scope.all())] == ["default"]

    def test_there_is_no_admin_site_no_debugging_and_one_good_hasher(self) -> None:
        assert settings.DEBUG is False
        assert "django.contrib.admin" not in settings.INSTALLED_APPS
        assert settings.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]

    def test_the_secret_is_of_this_installation(self) -> None:
        assert len(settings.SECRET_KEY) >= 64
        assert not settings.SECRET_KEY.startswith("django-insecure")


@pytest.mark.reliability("RG5")
@pytest.mark.capability("A5")
class TestDataMap:
    def test_names_every_column_that_could_hold_words(self) -> None:
        wordy = (models.TextField, models.CharField, models.BinaryField, models.JSONField)
        there = {
            (model._meta.db_table, field.column)
            for model in apps.get_app_config("access").get_models()
            for field in model._meta.concrete_fields
            if isinstance(field, wordy) or hasattr(field, "base_field")
        } - {("access_trylog", "times")}

        named = {(column.table, column.name) for column in PERSONAL_COLUMNS} | TECHNICAL_COLUMNS

        assert there == named

    def test_names_no_column_twice(self) -> None:
        personal = [(column.table, column.name) for column in PERSONAL_COLUMNS]

        assert len(set(personal)) == len(personal)
        assert not set(personal) & TECHNICAL_COLUMNS


@pytest.mark.django_db
class TestTasks:
    def test_are_on_the_schedule(self) -> None:
        assert {name for name in schedule() if name.startswith("access.")} == {
            "access.seal_audit",
            "access.write_audit_checkpoint",
            "access.expire_approvals",
        }

    def test_run_on_an_empty_house(self) -> None:
        tasks.seal_audit()
        tasks.write_audit_checkpoint()
        tasks.expire_approvals()

        assert selectors.chain_end().seq == 0
        assert clock.now() is not None
