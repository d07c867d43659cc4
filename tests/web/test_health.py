"""Liveness, readiness, figures."""

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.test import Client, RequestFactory

from regulars.ledger import tasks
from regulars.web import clock, figures, health, metrics, schema, sql
from regulars.web.health import (
    DatabaseAwayMiddleware,
    DatabaseBehind,
    DatabaseUnsafe,
    KeyringForeign,
)

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H5")]


def away(*_: object) -> None:
    raise OperationalError("the server went away")


class TestHealthz:
    def test_answers_without_the_database(self, client: Client) -> None:
        with connection.execute_wrapper(away):
            assert client.get("/healthz").status_code == 200


class TestReadyz:
    def test_is_ready(self, client: Client) -> None:
        reply = client.get("/readyz")

        assert reply.status_code == 200
        assert reply.json() == {"status": "ready"}

    def test_says_what_is_missing_and_when_to_come_again(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(schema, "list_pending", lambda: ["ledger.0009_more"])

        reply = client.get("/readyz")

        assert reply.status_code == 503
        assert reply.json()["reason"] == "migrations_pending"
        assert int(reply["Retry-After"]) > 0

    @pytest.mark.reliability("RF10")
    def test_says_that_the_database_is_away(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(health.connection, "close", lambda: None)
        with connection.execute_wrapper(away):
            reply = client.get("/readyz")

        assert reply.status_code == 503
        assert reply.json()["reason"] == "database_away"


class TestMetrics:
    def test_count_requests_by_the_pattern_of_their_route(self, client: Client) -> None:
        client.get("/healthz")
        client.get("/nowhere/13800138000")

        said = client.get("/metrics").content.decode()

        assert 'regulars_http_requests_total{method="GET",route="healthz",status="200"}' in said
        assert 'route="unmatched",status="404"' in said
        assert "13800138000" not in said

    def test_tell_of_queue_database_and_process(self, client: Client) -> None:
        said = client.get("/metrics").content.decode()

        for name in (
            "regulars_database_up 1.0",
            "regulars_queue_jobs",
            "regulars_queue_age_seconds",
            "regulars_oldest_transaction_seconds",
            "regulars_dead_letters_open 0.0",
            "regulars_consumers_retrying 0.0",
            "process_resident_memory_bytes",
        ):
            assert name in said

    def test_tell_what_the_last_check_of_the_ledger_found(self, client: Client) -> None:
        before = client.get("/metrics").content.decode()
        tasks.verify_all()
        clean = client.get("/metrics").content.decode()
        figures.note("ledger.violations_recent", 3, at=clock.now())
        broken = client.get("/metrics").content.decode()

        assert "regulars_ledger_violations" not in before
        assert "regulars_ledger_violations 0.0" in clean
        assert "regulars_ledger_check_age_seconds" in clean
        assert "regulars_ledger_violations 3.0" in broken

    def test_say_that_the_database_is_away(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(metrics.connection, "close", lambda: None)
        with connection.execute_wrapper(away):
            said = client.get("/metrics").content.decode()

        assert "regulars_database_up 0.0" in said

    @pytest.mark.parametrize(
        "request_headers",
        [{"REMOTE_ADDR": "192.0.2.7"}, {"HTTP_X_FORWARDED_FOR": "192.0.2.7"}],
        ids=["from outside", "through a proxy"],
    )
    def test_are_for_this_machine_or_a_permission(
        self, client: Client, request_headers: dict[str, str]
    ) -> None:
        reply = client.get("/metrics", **request_headers)

        assert reply.status_code in {401, 403}
        assert b"regulars_" not in reply.content


class TestPages:
    @pytest.mark.reliability("RF10")
    def test_say_503_when_the_database_goes_away_below_them(self, rf: RequestFactory) -> None:
        middleware = DatabaseAwayMiddleware(lambda request: HttpResponse())
        request = rf.get("/console/members")

        away = middleware.process_exception(request, OperationalError("gone"))
        bug = middleware.process_exception(request, ValueError("ours"))

        assert away is not None
        assert away.status_code == 503
        assert int(away["Retry-After"]) > 0
        assert bug is None

    def test_are_watched_over(self) -> None:
        assert "regulars.web.health.DatabaseAwayMiddleware" in settings.MIDDLEWARE
        assert settings.MIDDLEWARE[0] == "regulars.web.metrics.MeterMiddleware"


class TestStart:
    def test_names_every_setting_that_could_lose_money(self) -> None:
        wrong = health.unsafe_settings()

        # The rig of the tests forgets on purpose; its checksums are on.
        assert set(wrong) == {"fsync", "full_page_writes", "synchronous_commit"}

    @pytest.mark.reliability("RF2")
    def test_is_refused_on_an_unsafe_server(self) -> None:
        with pytest.raises(DatabaseUnsafe, match="fsync = off"):
            health.check_start()

    def test_is_refused_when_migrations_are_pending(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "unsafe_settings", dict)
        monkeypatch.setattr(schema, "list_pending", lambda: ["ledger.0009_more"])

        with pytest.raises(DatabaseBehind, match="regulars db migrate"):
            health.check_start()

    def test_is_refused_with_foreign_keys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(health, "unsafe_settings", dict)
        sql.run("""UPDATE web_installation SET settings = '{"keyring": "another"}'""")

        with pytest.raises(KeyringForeign, match="master"):
            health.check_start()
