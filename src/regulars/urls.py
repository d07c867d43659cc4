"""Every address of the house: the API, the webhooks, the pages."""

from typing import Any

from django.urls import URLPattern, URLResolver, path
from django.views.generic import RedirectView
from ninja import NinjaAPI

from regulars.access import pages as access
from regulars.access.api import router as access_router
from regulars.commerce.api import router as commerce_router
from regulars.console import pages as console
from regulars.ingest.api import receive_webhook
from regulars.ingest.api import router as ingest_router
from regulars.ledger.api import router as ledger_router
from regulars.loyalty.api import router as loyalty_router
from regulars.members.api import router as members_router
from regulars.web import health, problems
from regulars.web.pages import install_proof
from regulars.web.permissions import permission_of, public


class DescribedAPI(NinjaAPI):
    """The API with what every operation shares: permission, refusals, the retry token."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> Any:
        """Answer OpenAPI 3.1 with permissions, problem answers and the Idempotency-Key."""
        schema = super().get_openapi_schema(*args, **kwargs)
        permissions = self._permissions()
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

    def _permissions(self) -> dict[str, str | None]:
        """Read the mark of every operation, by method and operation id."""
        operations = [
            operation
            for _, router in self._routers
            for view in router.path_operations.values()
            for operation in view.operations
        ]
        return {
            f"{method.lower()} {each.operation_id or self.get_openapi_operation_id(each)}": (
                permission_of(each.view_func)
            )
            for each in operations
            for method in each.methods
        }


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
install_proof(access.ask_for_proof)
for _router in (
    access_router,
    members_router,
    commerce_router,
    ingest_router,
    ledger_router,
    loyalty_router,
):
    api.add_router("", _router)

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("hooks/<str:source>", receive_webhook, name="ingest-webhook"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    *access.ROUTES,
    path("", public(RedirectView.as_view(pattern_name="console-home")), name="root"),
    *console.ROUTES,
]
handler403 = console.forbidden
handler404 = console.not_found
handler500 = console.broken
