"""Every address of the house: the API, the webhooks, the pages."""

from django.urls import URLPattern, URLResolver, path
from ninja import NinjaAPI

from regulars.web import problems

api = NinjaAPI(title="Regulars", version="1", urls_namespace="api", docs_url=None)
problems.install(api)

urlpatterns: list[URLPattern | URLResolver] = [path("api/v1/", api.urls)]
