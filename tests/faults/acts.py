"""What processes do in the fault tests; run as `python -m tests.faults.acts NAME …`.

Each act sets Django up as the product does and goes through the product's own doors.
"""

import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from regulars.cli import environment
from regulars.cli.environment import Purpose
from tests.faults.saying import answer, say

PATIENCE = 60
LATE = 1.0  # a stopped process sleeps on only once it is woken


def listen_to_the_log() -> list[int]:
    """Install a catalogue with one type and one consumer; answers the ids the consumer hears."""
    from regulars.events import services as events
    from regulars.events.domain import Catalogue, Deferred, Event, EventType

    heard: list[int] = []

    def react(batch: Sequence[Event], *, at: datetime) -> Sequence[Any]:
        heard.extend(event.id for event in batch)
        return ()

    kind = EventType("probe.noted", 1, "Noted", {"type": "object"})
    listener = Deferred("probe", frozenset({"probe.noted"}), react)
    events.install(Catalogue(types={kind.name: kind}, deferred=(listener,)))
    return heard


def append(count: str) -> None:
    """Append events of the probe's type, one transaction each."""
    from django.db import transaction

    from regulars.events import services as events
    from regulars.events.domain import Fact
    from regulars.web import clock

    listen_to_the_log()
    at = clock.now()
    for _ in range(int(count)):
        with transaction.atomic():
            events.append([Fact(type="probe.noted", occurred_at=at, facts={})], at=at)
    answer({"appended": int(count)})


def drain() -> None:
    """Let the probe's consumer read what is settled; answers how many events it heard."""
    from regulars.events import consumers, services
    from regulars.web import clock

    heard = listen_to_the_log()
    consumers.drain(at=clock.now(), wait_seconds=5)
    answer({"heard": len(heard), "consumers": len(services.catalogue().deferred)})


def hold_a_row() -> None:
    """Lock a row inside a transaction, wait to be stopped, and try to write when woken."""
    from django.db import DatabaseError, InterfaceError, transaction

    from regulars.web import sql

    try:
        with transaction.atomic():
            sql.rows("SELECT id FROM web_installation WHERE id = 1 FOR UPDATE")
            say("LOCKED")
            time.sleep(PATIENCE)
            sql.run("UPDATE web_installation SET name = 'written late' WHERE id = 1")
    except (DatabaseError, InterfaceError) as trouble:
        answer({"refused": type(trouble).__name__})
        return
    answer({"refused": None})


def write_once(key: str, pause: str) -> None:
    """Do one idempotent write with a job behind it; pauses before or after its commit."""
    from regulars.web import clock, idempotency, later, sql

    def effect() -> idempotency.Done:
        sql.run("INSERT INTO probe (word, note) VALUES (%s::text, 'effect')", [key])
        later.defer("probe.follow", word=key)
        if pause == "before":
            say("PAUSED")
            time.sleep(PATIENCE)
        return idempotency.Done(status=201, result={"word": key})

    done = idempotency.once(
        caller="key:1", route="probe", key=key, body=key.encode(), at=clock.now(), effect=effect
    )
    if pause == "after":
        say("PAUSED")
        time.sleep(PATIENCE)
    answer({"status": done.status, "replayed": done.replayed})


def work(name: str, wait: str = "") -> None:
    """Work on the queue until it is empty; the probe's tasks write who did what."""
    from django.db import transaction

    from regulars.web import jobs, sql

    def note(word: str, what: str) -> None:
        with transaction.atomic():
            sql.run("INSERT INTO probe (word, note) VALUES (%s::text, %s::text)", [word, what])

    @jobs.task("probe.slow")
    def slow(word: str) -> None:
        note(word, f"begun by {name}")
        say("BEGUN")
        if wait:
            time.sleep(LATE)
        note(word, f"done by {name}")

    @jobs.task("probe.follow")
    def follow(word: str) -> None:
        note(word, "followed")

    jobs.run_worker(wait=False)
    answer({"worker": name})


def defer(task: str, word: str) -> None:
    """Put one job on the queue."""
    from regulars.web import later

    answer({"job": later.defer(task, word=word)})


def time_outs() -> None:
    """Answer the time-outs a web process connects with."""
    from regulars.web import sql

    row = sql.row(
        "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'),"
        " current_setting('idle_in_transaction_session_timeout')"
    )
    assert row is not None
    answer(dict(zip(("statement", "lock", "idle"), row, strict=True)))


def reap_for_ever() -> None:
    """Reap in a tight loop until killed."""
    from regulars.web import leases

    say("REAPING")
    while True:
        leases.reap()


def main() -> None:
    name, *arguments = sys.argv[1:]
    environment.set_up_django(Purpose.WORKER if name == "work" else Purpose.WEB)
    acts: dict[str, Callable[..., None]] = {
        "append": append,
        "drain": drain,
        "hold-a-row": hold_a_row,
        "write-once": write_once,
        "work": work,
        "defer": defer,
        "reap-for-ever": reap_for_ever,
        "time-outs": time_outs,
    }
    if name in {"post", "settle"}:
        from tests.faults import posting

        acts |= {"post": posting.post_under_load, "settle": posting.settle}
    acts[name](*arguments)


if __name__ == "__main__":
    main()
