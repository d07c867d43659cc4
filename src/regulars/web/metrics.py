"""Figures for Prometheus: what the web processes count, and what the database says when asked.

The web server runs several processes; they count into files of one folder
(`PROMETHEUS_MULTIPROC_DIR`, set by `regulars web`), so that any of them can answer for all. Routes
are named by their pattern, never by the path, which may hold an id.
"""

import os
import time
from collections.abc import Callable, Iterator

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from regulars.web import sql

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.002, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12)

registry = CollectorRegistry()
requests = Counter(
    "regulars_http_requests",
    "HTTP requests answered.",
    ("method", "route", "status"),
    registry=registry,
)
latency = Histogram(
    "regulars_http_request_seconds",
    "Time from request to answer.",
    ("method", "route"),
    buckets=SECONDS,
    registry=registry,
)

QUEUE_JOBS = """
SELECT count(*) FROM procrastinate_jobs
WHERE status = 'todo' AND (scheduled_at IS NULL OR scheduled_at <= now())
"""
QUEUE_AGE = """
SELECT coalesce(extract(epoch FROM max(now() - greatest(job.scheduled_at, deferred.at))), 0)
FROM procrastinate_jobs job
LEFT JOIN procrastinate_events deferred ON deferred.job_id = job.id AND deferred.type = 'deferred'
WHERE job.status = 'todo' AND (job.scheduled_at IS NULL OR job.scheduled_at <= now())
"""
HEARTBEAT_AGE = "SELECT extract(epoch FROM now() - max(last_heartbeat)) FROM procrastinate_workers"
OLDEST_TRANSACTION = """
SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)
FROM pg_stat_activity
WHERE datname = current_database() AND backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
"""
LEDGER_CHECKS = """
FROM web_installation, jsonb_each(settings -> 'figures') figure(name, noted)
WHERE figure.name IN ('ledger.violations', 'ledger.violations_recent')
"""
LEDGER_VIOLATIONS = f"SELECT max((noted ->> 'value')::bigint) {LEDGER_CHECKS}"
LEDGER_CHECK_AGE = (
    f"SELECT extract(epoch FROM now() - max((noted ->> 'at')::timestamptz)) {LEDGER_CHECKS}"
)
# Name, words, statement that yields one number (or no row, or NULL: then nothing is said).
GAUGES: tuple[tuple[str, str, str], ...] = (
    ("regulars_queue_jobs", "Jobs that are due and wait.", QUEUE_JOBS),
    ("regulars_queue_age_seconds", "How long the oldest due job has waited.", QUEUE_AGE),
    (
        "regulars_failed_jobs",
        "Jobs that failed for good.",
        "SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed'",
    ),
    (
        "regulars_worker_heartbeat_age_seconds",
        "Time since the youngest sign of life of any worker.",
        HEARTBEAT_AGE,
    ),
    (
        "regulars_oldest_transaction_seconds",
        "Age of the oldest open transaction; it holds back vacuum and the log's horizon.",
        OLDEST_TRANSACTION,
    ),
    (
        "regulars_dead_letters_open",
        "Rows, webhooks and events that could not be applied and wait for a person.",
        "SELECT count(*) FROM events_deadletter WHERE state = 'open'",
    ),
    (
        "regulars_consumers_retrying",
        "Followers of the log that failed on an event and try it again.",
        "SELECT count(*) FROM events_cursor WHERE attempts > 0",
    ),
    (
        "regulars_database_bytes",
        "Size of the database.",
        "SELECT pg_database_size(current_database())",
    ),
    (
        "regulars_ledger_violations",
        "Bad rows found by the last checks of the ledger, the nightly one and the recent one.",
        LEDGER_VIOLATIONS,
    ),
    (
        "regulars_ledger_check_age_seconds",
        "Time since the ledger was last checked.",
        LEDGER_CHECK_AGE,
    ),
)


class MeterMiddleware:
    """Count every request and its time under the route's pattern."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = self.get_response(request)
        match = request.resolver_match
        route = match.route or match.view_name if match else "unmatched"
        method = request.method or "-"
        latency.labels(method, route).observe(time.perf_counter() - began)
        requests.labels(method, route, response.status_code).inc()
        return response


class DatabaseCollector(Collector):
    """Ask the database for its figures at the moment of the scrape."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield one gauge per figure; an unreachable database yields `regulars_database_up 0`."""
        up = GaugeMetricFamily("regulars_database_up", "Whether the database answers.")
        try:
            found = list(_read_gauges())
        except DatabaseError:
            connection.close()
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from found


def render() -> bytes:
    """Render all figures in the Prometheus text format."""
    answer = CollectorRegistry()
    if os.environ.get(FOLDER):
        MultiProcessCollector(answer)  # type: ignore[no-untyped-call]
    ProcessCollector(registry=answer)
    PlatformCollector(registry=answer)
    answer.register(DatabaseCollector())
    own = b"" if os.environ.get(FOLDER) else generate_latest(registry)
    return own + generate_latest(answer)


def _read_gauges() -> Iterator[GaugeMetricFamily]:
    for name, words, statement in GAUGES:
        row = sql.row(statement)
        if row is None or row[0] is None:
            continue
        gauge = GaugeMetricFamily(name, words)
        gauge.add_metric([], float(row[0]))
        yield gauge
