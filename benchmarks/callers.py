"""Callers over HTTP: a server of our own, keys, and clients that measure what they wait.

`closed` sends the next request when the last is answered; `open` sends at fixed moments whatever
the answers do, and measures from the moment a request was due, so that a slow server cannot hide.
Clients run in a process of their own: `python -m benchmarks.callers '{…}'`.
"""

import http.client
import json
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.shop import order_bodies

START_SECONDS = 2.0
READY_SECONDS = 90
SPEND_SHARE = 0.3
SPEND_MAX = 5
THREADS = 16
WORKERS, WORKER_THREADS = 2, 4


@dataclass(frozen=True, slots=True)
class Calls:
    """What a client does: `batch` orders per request, or single calls at `rate` each second."""

    port: int
    key: str
    members: int
    seconds: float
    clients: int = 1
    batch: int = 0
    rate: float = 0.0
    spenders: list[str] = field(default_factory=list)
    seed: int = 0


@contextmanager
def serving(environment: dict[str, str]) -> Iterator[int]:
    """Serve the web of a database as in production; answers the port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "regulars.cli", "web", "--port", str(port),
         "--workers", str(WORKERS), "--threads", str(WORKER_THREADS)],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(server, port)
        yield port
    finally:
        server.terminate()
        server.wait()


def make_key(environment: dict[str, str], scopes: str) -> str:
    """Create an API key by the command line."""
    ran = subprocess.run(
        [sys.executable, "-m", "regulars.cli", "keys", "create", "--scopes", scopes, "--json"],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    return str(json.loads(ran.stdout)["key"])


def run_calls(environment: dict[str, str], calls: Calls) -> dict[str, Any]:
    """Let a client call; answers what it counted."""
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.callers"],
        input=json.dumps(asdict(calls)), check=True, stdout=subprocess.PIPE, text=True,
        env=environment, cwd=Path.cwd(),
    )  # fmt: skip
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def quantile(values: list[float], share: float) -> float:
    """Answer a quantile in milliseconds."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000, 1)


def main() -> None:
    """Be the client."""
    calls = Calls(**json.loads(sys.stdin.read()))
    print(json.dumps(_call_at_rate(calls) if calls.rate else _call_batches(calls)))


class _Link:
    """A kept connection that posts and answers status and body."""

    def __init__(self, calls: Calls) -> None:
        self._link = http.client.HTTPConnection("127.0.0.1", calls.port, timeout=60)
        self._key = calls.key
        self._link.connect()
        assert self._link.sock is not None
        self._link.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, path: str, body: bytes, once: str) -> tuple[int, bytes]:
        self._link.request("POST", f"/api/v1{path}", body, {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Idempotency-Key": once,
        })  # fmt: skip
        said = self._link.getresponse()
        return said.status, said.read()


def _call_batches(calls: Calls) -> dict[str, Any]:
    tag = f"h{calls.seed}-{time.time_ns()}"
    stop = time.time() + START_SECONDS + calls.seconds
    counted: list[dict[str, Any]] = []

    def client(number: int) -> None:
        draw = random.Random(f"{tag}/{number}")
        rows = order_bodies(draw, members=calls.members, tag=f"{tag}-{number}", now=_now())
        some = int(calls.seconds * 60)
        bodies = [
            json.dumps({"rows": [next(rows) for _ in range(calls.batch)]}).encode()
            for _ in range(some)
        ]
        link, spans, applied = _Link(calls), [], 0
        ready.wait()
        began = time.time()
        for place, body in enumerate(bodies):
            started = time.perf_counter()
            status, said = link.post("/orders:batch", body, f"{tag}-{number}-{place}")
            spans.append(time.perf_counter() - started)
            if status != http.client.OK:
                raise RuntimeError(f"{status}: {said[:300]!r}")
            applied += said.count(b'"outcome":"applied"')
            if time.time() >= begun[0] + calls.seconds:
                break
        counted.append({"spans": spans, "applied": applied, "from": began, "to": time.time()})

    begun = [stop]
    ready = threading.Barrier(calls.clients, action=lambda: begun.__setitem__(0, time.time()))
    _in_threads(client, calls.clients)
    if len(counted) < calls.clients:
        raise RuntimeError("a client broke")
    spans = [span for each in counted for span in each["spans"]]
    lasted = max(each["to"] for each in counted) - min(each["from"] for each in counted)
    return {
        "per_second": sum(each["applied"] for each in counted) / lasted,
        "p50_ms": quantile(spans, 0.5),
        "p99_ms": quantile(spans, 0.99),
    }


def _single_requests(calls: Calls, tag: str) -> list[tuple[str, str, bytes]]:
    """Make the mix: kind, path and body of each request."""
    draw = random.Random(tag)
    rows = order_bodies(draw, members=calls.members, tag=tag, now=_now())
    requests: list[tuple[str, str, bytes]] = []
    for _ in range(int(calls.rate * calls.seconds)):
        if draw.random() < SPEND_SHARE:
            path = f"/members/{draw.choice(calls.spenders)}/points/spend"
            requests.append(("spend", path, b'{"amount":%d}' % draw.randint(1, SPEND_MAX)))
        else:
            body = json.dumps({"rows": [next(rows)]}).encode()
            requests.append(("order", "/orders:batch", body))
    return requests


def _call_at_rate(calls: Calls) -> dict[str, Any]:
    tag = f"s{calls.seed}-{time.time_ns()}"
    requests = _single_requests(calls, tag)
    spans: dict[str, list[float]] = {"order": [], "spend": []}
    refused: list[int] = []
    waited: list[tuple[float, str, float]] = []
    turn, take = iter(range(len(requests))), threading.Lock()
    begin = time.time() + START_SECONDS

    def client(_: int) -> None:
        link = _Link(calls)
        while True:
            with take:
                place = next(turn, None)
            if place is None:
                return
            kind, path, body = requests[place]
            due = begin + place / calls.rate
            time.sleep(max(0.0, due - time.time()))
            status, said = link.post(path, body, f"{tag}-{place}")
            spans[kind].append(time.time() - due)
            waited.append((round(spans[kind][-1] * 1000, 1), kind, round(due - begin, 1)))
            if status not in {200, 201} or (kind == "order" and b'"applied":1' not in said):
                refused.append(status)

    _in_threads(client, THREADS)
    every = spans["order"] + spans["spend"]
    return {
        "sent": len(every),
        "refused": len(refused),
        "statuses": sorted(set(refused)),
        "max_ms": quantile(every, 1.0),
        "slowest": {"ms, kind, second": sorted(waited, reverse=True)[:8]},
        **{
            f"{kind}_{name}": quantile(some, share)
            for kind, some in (("all", every), *spans.items())
            for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99))
        },
    }


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _in_threads(client: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=client, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    stop = time.time() + READY_SECONDS
    while time.time() < stop:
        if server.poll() is not None:
            raise RuntimeError("the web server ended")
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            link.request("GET", "/readyz")
            if link.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            link.close()
    raise RuntimeError("the web server did not get ready")


if __name__ == "__main__":
    main()
