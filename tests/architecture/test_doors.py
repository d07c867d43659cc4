"""Doors hand out values, never table rows."""

import importlib
import inspect
import pkgutil
import typing

import pytest
from django.db import models

import regulars

APPS = ("events", "access", "members", "commerce", "ingest", "ledger", "loyalty")


def door_functions() -> list[typing.Any]:
    found = []
    for app in APPS:
        for door in ("services", "selectors"):
            try:
                module = importlib.import_module(f"regulars.{app}.{door}")
            except ModuleNotFoundError:
                continue
            modules = [module]
            for info in pkgutil.iter_modules(getattr(module, "__path__", [])):
                modules.append(importlib.import_module(f"{module.__name__}.{info.name}"))
            for each in modules:
                found += [
                    value
                    for name, value in vars(each).items()
                    if inspect.isfunction(value)
                    and not name.startswith("_")
                    and value.__module__ == each.__name__
                ]
    return found


def mentions_row(hint: typing.Any) -> bool:
    if inspect.isclass(hint) and issubclass(hint, models.Model):
        return True
    return any(mentions_row(part) for part in typing.get_args(hint))


@pytest.mark.parametrize("function", door_functions(), ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_no_door_returns_a_table_row(function: typing.Any) -> None:
    hint = typing.get_type_hints(function).get("return")

    assert hint is not None, "every door says what it returns"
    assert not mentions_row(hint)


def test_all_apps_are_looked_at() -> None:
    here = {info.name for info in pkgutil.iter_modules(regulars.__path__) if info.ispkg}

    assert here - set(APPS) <= {"kit", "science", "web", "console", "cli", "demo"}
