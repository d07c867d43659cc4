"""Every endpoint and page declares who may call it; a missing mark fails here."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from regulars.web.permissions import PERMISSIONS, PUBLIC, permission_of

OPEN_ON_PURPOSE = {
    "root", "healthz", "readyz", "metrics", "access-sign-in", "access-sign-out", "access-sign-in-link",
    "access-set-up", "access-sign-in-passkey", "access-second-step", "access-enrol",
    "access-passkey-options", "console-viewing-end", "ingest-webhook", "console-language", "console-theme",
    "console-trend",
}  # fmt: skip


def pages(patterns: list[Any] | None = None) -> Iterator[URLPattern]:
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            if each.namespace != "api":
                yield from pages(each.url_patterns)
        else:
            yield each


class TestPages:
    def test_declare_their_permission(self) -> None:
        bare = [p.name for p in pages() if permission_of(p.callback) is None]

        assert bare == []

    def test_are_open_only_on_purpose(self) -> None:
        opened = {p.name for p in pages() if permission_of(p.callback) == PUBLIC}

        assert opened <= OPEN_ON_PURPOSE


class TestOperations:
    def test_declare_their_permission(self) -> None:
        from regulars.urls import api

        schema = api.get_openapi_schema()

        marks = {
            f"{method} {path}": operation["x-permission"]
            for path, operations in schema["paths"].items()
            for method, operation in operations.items()
        }
        assert marks
        assert {where for where, mark in marks.items() if mark not in PERMISSIONS} == set()


WEIGHTY = {
    "members.reveal", "members.export", "members.erase", "members.merge", "points.adjust", "points.reverse",
    "keys.manage", "staff.manage", "roles.assign", "exports.make", "approvals.decide", "settings.manage",
}  # fmt: skip

LOOKED_AT = {
    "console-exports",
    "console-home-steps",
    "console-keys",
    "console-key",
    "console-member-copy-ready",
    "console-member-merge",
    "console-roles",
    "console-settings",
    "console-staff",
    "console-staff-safety",
    "console-staff-member",
    "console-suggestions",
    "console-suggestions-dismiss",
    "console-suggestions-later",
}  # fmt: skip  lists and masked pages: looking needs the permission, not a fresh proof


# Pages that move the money of many, whatever else their permission opens.
MOVING_MANY = {"console-import-run", "console-import-undo"}


class TestProofs:
    def test_are_asked_for_before_what_matters(self) -> None:
        asked = {p.name: getattr(p.callback, "step_up", False) for p in pages()}
        weighty = {p.name for p in pages() if permission_of(p.callback) in WEIGHTY}

        assert {name for name in weighty if not asked[name]} - LOOKED_AT == set()
        assert {name for name in LOOKED_AT if name not in weighty} == set()
        assert {name for name in MOVING_MANY if not asked[name]} == set()
