"""The API against its own description: whatever is sent, it never breaks and says no properly."""

import json
from urllib.parse import urlencode

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from pytest_django import DjangoDbBlocker
from schemathesis.core import NotSet

from regulars.access import services as access
from regulars.access.domain import Actor
from regulars.web import clock
from tests.sizes import size

EXAMPLES = size(6, 150)
PATH = "/api/v1/openapi.json"


@pytest.fixture(scope="module")
def schema(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> schemathesis.BaseSchema:
    with django_db_blocker.unblock():
        return schemathesis.openapi.from_wsgi(PATH, get_wsgi_application())


def operations() -> list[str]:
    from regulars.urls import api

    return [
        f"{method.upper()} {path}"
        for path, described in api.get_openapi_schema()["paths"].items()
        for method in described
    ]


@pytest.fixture
def key(db: None) -> str:
    made = access.create_key(permissions=["all"], actor=Actor.system(), at=clock.now())
    return made.text


def send(case: schemathesis.Case, headers: dict[str, str]) -> HttpResponse:
    """Send a generated case through Django's client, which keeps the test's transaction open."""
    body = b"" if isinstance(case.body, NotSet) else json.dumps(case.body, default=str).encode()
    query = urlencode({k: str(v) for k, v in (case.query or {}).items()}, doseq=True)
    return Client(raise_request_exception=False).generic(
        case.method,
        f"{case.formatted_path}?{query}",
        data=body,
        content_type="application/json",
        headers=headers,
    )


@pytest.mark.capability("H4")
@pytest.mark.reliability("RH5")
@pytest.mark.parametrize("name", operations())
def test_never_breaks(name: str, schema: schemathesis.BaseSchema, key: str) -> None:
    method, _, path = name.partition(" ")
    operation = schema[path][method]

    @given(case=operation.as_strategy(), retry=st.uuids())
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def attempt(case: schemathesis.Case, retry: object) -> None:
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": str(retry)}
        response = send(case, headers)

        assert response.status_code < 500, f"{name}: {response.content[:500]!r}"
        if response.status_code >= 400:
            assert response["content-type"] == "application/problem+json"
            body = response.json()
            assert {"type", "title", "status", "code", "facts"} <= set(body)
            assert body["status"] == response.status_code

    try:
        attempt()
    except Unsatisfiable:
        pytest.skip("nothing can be generated for this operation")


@pytest.mark.django_db
def test_the_description_is_whole(client: object) -> None:
    from regulars.urls import api

    described = api.get_openapi_schema()

    assert described["openapi"].startswith("3.1")
    for path, found in described["paths"].items():
        for method, operation in found.items():
            assert operation.get("summary"), f"{method} {path}"
            assert operation["x-permission"], f"{method} {path}"


def test_every_write_has_a_worked_example() -> None:
    from regulars.urls import api

    described = api.get_openapi_schema()
    shapes = described["components"]["schemas"]
    bare = []
    for path, found in described["paths"].items():
        for method, operation in found.items():
            shown = str(operation.get("requestBody", ""))
            named = [str(shape) for name, shape in shapes.items() if f"/{name}'" in shown]
            if shown and "example" not in shown + "".join(named):
                bare.append(f"{method} {path}")

    assert bare == []
