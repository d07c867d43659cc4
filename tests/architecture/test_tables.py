"""The tables as Django knows them: keys point inside, constraints have names, nobody hides order."""

from django.apps import apps
from django.db import models

from regulars.events.domain import EventType

OURS = [model for model in apps.get_models() if model.__module__.startswith("regulars.")]


class TestTables:
    def test_foreign_keys_stay_inside_an_app(self) -> None:
        crossing = [
            f"{model.__name__}.{field.name}"
            for model in OURS
            for field in model._meta.get_fields()
            if isinstance(field, models.ForeignKey)
            and field.related_model._meta.app_label != model._meta.app_label
        ]

        assert crossing == []

    def test_constraints_say_the_truth_they_keep(self) -> None:
        names = [c.name for model in OURS for c in model._meta.constraints]

        assert all(name and not name.startswith("auto") for name in names)
        assert len(names) == len(set(names))

    def test_rows_have_no_hidden_order(self) -> None:
        assert [model.__name__ for model in OURS if model._meta.ordering] == []

    def test_columns_take_time_from_callers(self) -> None:
        lazy = [
            f"{model.__name__}.{field.name}"
            for model in OURS
            for field in model._meta.get_fields()
            if getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False)
        ]

        assert lazy == []


class TestEventTypes:
    def test_are_named_noun_and_past_participle_and_say_what_may_leave(self) -> None:
        from regulars.events import services

        for name, kind in services.catalogue().types.items():
            assert isinstance(kind, EventType)
            assert name.count(".") == 1
            assert name == name.lower()
            assert set(kind.public) <= set(kind.schema.get("properties", {})), name
