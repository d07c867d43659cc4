"""Every address of the house: the API, the webhooks, the pages."""

import importlib
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.urls import URLPattern, URLResolver, path
from ninja import NinjaAPI

from regulars.web import health, problems
from regulars.web.permissions import permission_of, public


class DescribedAPI(NinjaAPI):
    """The API with what every operation shares: permission, refusals, the retry token."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> Any:
        """Answer OpenAPI 3.1 with permissions, problem answers and the Idempotency-Key."""
        schema = super().get_openapi_schema(*args, **kwargs)
        permissions = {
            f"{method.lower()} {operation.operation_id or self.get_openapi_operation_id(operation)}": (
                permission_of(operation.view_func)
            )
            for _, router in self._routers
            for view in router.path_operations.values()
            for operation in view.operations
            for method in operation.methods
        }
        for operations in schema["paths"].values():
            for method, operation in operations.items():
                described = permissions.get(f"{method} {operation['operationId']}")
                operation["x-permission"] = described
                operation["responses"].update(PROBLEMS)
        schema["components"].setdefault("securitySchemes", {})["key"] = {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key: rg_live_…",
        }
        schema["components"].setdefault("schemas", {})["Problem"] = PROBLEM
        schema["security"] = [{"key": []}]
        return schema


PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what is the matter, by code and facts.",
    "required": ["type", "title", "status", "code", "facts"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "facts": {"type": "object"},
    },
    "example": {
        "type": f"{problems.DOCS}#ledger.insufficient_points",
        "title": "Asked for 60 points; 40 are available.",
        "status": 409,
        "code": "ledger.insufficient_points",
        "facts": {"asked": 60, "held": 40},
    },
}
PROBLEMS = {
    str(status): {
        "description": words,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
    for status, words in (
        (400, "The request cannot be read"),
        (401, "No valid API key"),
        (403, "The permission is missing"),
        (404, "There is nothing here"),
        (409, "The world says no"),
        (413, "The request is too large"),
        (422, "The request is malformed"),
        (429, "Too many requests"),
        (503, "The database is away"),
    )
}

api = DescribedAPI(title="Regulars", version="1", urls_namespace="api", docs_url=None)
problems.install(api)
for _app in ("access", "members", "commerce", "ingest", "ledger", "loyalty"):
    if apps.is_installed(f"regulars.{_app}") and find_spec(f"regulars.{_app}.api"):
        api.add_router("", importlib.import_module(f"regulars.{_app}.api").router)

urlpatterns: list[URLPattern | URLResolver] = [path("api/v1/", api.urls)]
if apps.is_installed("regulars.access"):
    _pages = importlib.import_module("regulars.access.pages")
    urlpatterns += [
        path("sign-in", _pages.sign_in, name="access-sign-in"),
        path("sign-out", _pages.sign_out, name="access-sign-out"),
        path("sign-in/<str:token>", _pages.sign_in_by_link, name="access-sign-in-link"),
        path("set-up/<str:token>", _pages.set_up, name="access-set-up"),
    ]
if apps.is_installed("regulars.ingest") and find_spec("regulars.ingest.api"):
    _ingest = importlib.import_module("regulars.ingest.api")
    urlpatterns += [path("hooks/<str:source>", _ingest.receive_webhook, name="ingest-webhook")]
urlpatterns += [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
_console: Any = importlib.import_module("regulars.console.pages") if apps.is_installed("regulars.console") else None
if hasattr(_console, "home"):
    urlpatterns += [
        path("", _console.home, name="root"),
        path("console/", _console.home, name="console-home"),
        path("console/members", _console.members, name="console-members"),
        path("console/search", _console.search, name="console-search"),
        path("console/members/<uuid:public_id>", _console.member, name="console-member"),
        path("console/members/<uuid:public_id>/reveal", _console.reveal, name="console-reveal"),
        path(
            "console/members/<uuid:public_id>/<slug:tab>",
            _console.member,
            name="console-member-tab",
        ),
        path("console/orders/<uuid:public_id>", _console.order, name="console-order"),
        path("console/language", _console.choose_language, name="console-language"),
        path("console/theme", _console.choose_theme, name="console-theme"),
    ]
    handler404 = "regulars.console.pages.not_found"
    handler403 = "regulars.console.pages.forbidden"
    handler500 = "regulars.console.pages.broken"
