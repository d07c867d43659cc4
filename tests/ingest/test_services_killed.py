"""Senders keep sending while application, worker and database are killed under them.

Every delivery is repeated until it is answered. What was answered must be there, once.
"""

import base64
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import orjson
import pytest

from regulars.ingest.domain.signing import sign, write_signature
from tests.faults.installation import Installation, eventually, fetch, free_port, made
from tests.sizes import size

SENDERS = 3
DELIVERIES = size(24, 2_000)  # of each sender
ROWS = 5
KILLS = size(2, 20)
SECONDS_BETWEEN_KILLS = 1.5


@pytest.fixture
def house() -> Iterator[Installation]:
    with made() as installation:
        yield installation


class Shop:
    """A shop that sends orders by API and webhook, and does not give up."""

    def __init__(self, house: Installation, port: int) -> None:
        made_key = house.command("keys", "create", "--scopes", "all", "--json")
        made_hook = house.command("sources", "create", "shop", "--kind", "webhook", "--json")
        hook = orjson.loads(made_hook.stdout)
        self.port = port
        self.key = orjson.loads(made_key.stdout)["key"]
        self.hook = f"/hooks/{hook['id']}"
        self.secret = base64.b64decode(hook["secret"].removeprefix("whsec_"))
        self.retries = 0
        self.odd: list[int] = []

    def send_all(self, sender: int) -> None:
        for number in range(DELIVERIES):
            self.send(sender, number)
            if number % 5 == 0:  # one in five is said twice
                self.send(sender, number)

    def send(self, sender: int, number: int) -> None:
        name = f"{sender}-{number}"
        rows = [an_order(f"{name}-{row}", sender * 7 + row) for row in range(ROWS)]
        while not (self.call(name, rows) if number % 2 else self.deliver(name, rows)):
            self.retries += 1
            time.sleep(0.1)

    def call(self, name: str, rows: list[dict[str, object]]) -> bool:
        headers = {"authorization": f"Bearer {self.key}", "idempotency-key": name}
        body = orjson.dumps({"source": "shop", "rows": rows})
        return self.post("/api/v1/orders:batch", body, headers) == 200

    def deliver(self, name: str, rows: list[dict[str, object]]) -> bool:
        body, timestamp = orjson.dumps({"type": "orders", "rows": rows}), str(int(time.time()))
        signed = sign(self.secret, message_id=name, timestamp=timestamp, body=body)
        headers = {
            "webhook-id": name,
            "webhook-timestamp": timestamp,
            "webhook-signature": write_signature(signed),
        }
        return self.post(self.hook, body, headers) == 202

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        address = f"http://127.0.0.1:{self.port}{path}"
        kind = {"content-type": "application/json"}
        request = urllib.request.Request(address, data=body, headers=headers | kind)
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            with error:
                self.odd += [error.code] if error.code not in {502, 503} else []
                return error.code
        except OSError:
            return 0


def an_order(number: str, person: int) -> dict[str, object]:
    return {
        "external_id": number,
        "state": "paid",
        "paid_at": "2026-03-01T11:00:00Z",
        "amounts": {"goods": "10.00"},
        "lines": [{"sku": "tea", "amount": "10.00"}],
        "member": {"phone": f"137{person:08d}"},
    }


@pytest.mark.serial
@pytest.mark.reliability("RC1")
@pytest.mark.reliability("RC2")
def test_nothing_answered_is_lost_or_doubled(house: Installation) -> None:
    port = free_port()
    shop = Shop(house, port)
    senders = [threading.Thread(target=shop.send_all, args=(n,)) for n in range(SENDERS)]

    for sender in senders:
        sender.start()
    for kill in range(KILLS):
        with house.running("regulars.cli", "serve", "--port", str(port)):
            assert eventually(lambda: fetch(port, "/readyz")[0] == 200)
            time.sleep(SECONDS_BETWEEN_KILLS)
            if kill % 2:
                house.kill_database()
        house.server.start()  # leaving the block killed every process of the application
    with house.running("regulars.cli", "serve", "--port", str(port)):
        for sender in senders:
            sender.join(timeout=120)
        waiting = "SELECT count(*) FROM ingest_delivery WHERE state = 'received'"
        applied = eventually(lambda: house.ask(waiting) == 0, seconds=90)

    expected = SENDERS * DELIVERIES * ROWS
    assert applied
    assert not any(sender.is_alive() for sender in senders)
    assert (shop.retries > 0, shop.odd) == (True, [])
    assert house.ask("SELECT count(*) FROM commerce_order") == expected
    assert house.ask("SELECT count(*) FROM events_event WHERE type = 'order.recorded'") == expected
    assert house.ask("SELECT count(*) FROM events_deadletter") == 0
    assert house.command("verify", "--all", "--json").returncode == 0
