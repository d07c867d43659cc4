"""The data map is whole: no personal column, no profile field without its entry."""

import pytest
from django.apps import apps
from django.db import models

from regulars.members.api import bodies
from regulars.members.domain import (
    FIELDS,
    PERSONAL_COLUMNS,
    PROFILE_FIELDS,
    TECHNICAL_TEXT_COLUMNS,
    FieldClass,
    IdentityKind,
    Sighting,
)

HOLDS_ANYTHING = (models.TextField, models.CharField, models.BinaryField, models.JSONField)
SETTINGS = {("members_policy", "match_order"), ("members_policy", "caps")}


def columns() -> list[tuple[str, models.Field]]:
    return [
        (model._meta.db_table, field)
        for model in apps.get_app_config("members").get_models()
        for field in model._meta.concrete_fields
    ]


@pytest.mark.reliability("RG5")
@pytest.mark.capability("A5")
class TestDataMap:
    def test_names_every_column_that_could_hold_something_personal(self) -> None:
        named = {(one.table, one.name) for one in PERSONAL_COLUMNS} | TECHNICAL_TEXT_COLUMNS

        missing = {
            (table, field.column)
            for table, field in columns()
            if isinstance(field, HOLDS_ANYTHING) and (table, field.column) not in named | SETTINGS
        }

        assert missing == set()

    def test_names_no_column_that_is_gone(self) -> None:
        present = {(table, field.column) for table, field in columns()}

        assert {(one.table, one.name) for one in PERSONAL_COLUMNS} <= present
        assert present >= TECHNICAL_TEXT_COLUMNS

    def test_every_field_says_what_for_and_on_what_ground(self) -> None:
        assert all(field.purpose and field.title and field.basis for field in PROFILE_FIELDS)
        assert all(column.purpose for column in PERSONAL_COLUMNS)

    def test_personal_fields_are_sealed(self) -> None:
        assert {field.name for field in PROFILE_FIELDS if not field.is_sealed} == {"language"}
        assert all(
            FIELDS[name].field_class is not FieldClass.NORMAL for name in ("name", "birthday")
        )

    def test_the_api_takes_no_field_that_is_not_declared(self) -> None:
        known = {*FIELDS, *IdentityKind, "external_id"}
        others = {"joined_at", "home_store", "associate", "tags", "consents"}

        assert set(bodies.MemberIn.model_fields) - others <= known
        assert set(bodies.MemberPatch.model_fields) - others == set(FIELDS)
        assert "profile" in Sighting.__struct_fields__
