"""Every address of the house: the API, the webhooks, the pages."""

import importlib
from importlib.util import find_spec

from django.apps import apps
from django.urls import URLPattern, URLResolver, path
from ninja import NinjaAPI

from regulars.web import health, problems

api = NinjaAPI(title="Regulars", version="1", urls_namespace="api", docs_url=None)
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
if find_spec("regulars.console.pages") and apps.is_installed("regulars.access"):
    _console = importlib.import_module("regulars.console.pages")
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
