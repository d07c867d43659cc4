"""The log: appended in the caller's transaction, read behind the horizon, nothing skipped."""

import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from regulars.events import consumers, selectors, services
from regulars.events.domain import (
    Catalogue,
    Deferred,
    Event,
    EventType,
    Fact,
    FactsMalformed,
    Inline,
    Outcome,
    TooManyWaves,
    UnknownEventType,
)
from regulars.web import clock, retention, sql

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUP = EventType(
    name="cup.filled",
    version=1,
    title="A cup was filled",
    schema={"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]},
)
ECHO = EventType(name="cup.echoed", version=1, title="Echo", schema={"type": "object"})


def a_fact(size: Any = 1, **more: Any) -> Fact:
    return Fact(type="cup.filled", occurred_at=NOON, facts={"size": size}, **more)


@pytest.fixture(autouse=True)
def _catalogue() -> Iterator[None]:
    before = services.catalogue()
    install()
    yield
    services.install(before)


def install(inline: Sequence[Inline] = (), deferred: Sequence[Deferred] = ()) -> None:
    services.install(
        Catalogue(
            types={CUP.name: CUP, ECHO.name: ECHO}, inline=tuple(inline), deferred=tuple(deferred)
        )
    )


def append(*facts: Fact) -> Any:
    with transaction.atomic():
        return services.append(facts, at=NOON)


@pytest.mark.django_db
@pytest.mark.capability("A7")
class TestAppend:
    def test_writes_what_happened(self) -> None:
        written = append(a_fact(3, member_id=7)).events

        assert selectors.get_event(event_id=written[0].id) == written[0]
        assert selectors.list_timeline(member_ids=[7]) == list(written)

    def test_refuses_unknown_types_and_malformed_facts(self) -> None:
        with pytest.raises(UnknownEventType):
            append(Fact(type="cup.broken", occurred_at=NOON, facts={}))
        with pytest.raises(FactsMalformed) as refusal:
            append(a_fact("large"))

        assert refusal.value.facts == {"type": "cup.filled", "where": "data.size"}

    def test_writes_a_message_once_however_often_it_is_sent(self) -> None:
        fact = a_fact(source_id=4, message_id="m-1", body_hash=b"x")

        first, second = append(fact, fact), append(fact)

        assert len(first.events) == 1
        assert second.events == ()
        known = selectors.find_keys(source_id=4, message_ids=["m-1", "m-2"])
        assert known == {"m-1": (first.events[0].id, b"x")}

    def test_accepts_the_same_message_id_from_two_sources(self) -> None:
        written = append(
            a_fact(source_id=4, message_id="m-1"), a_fact(source_id=5, message_id="m-1")
        )

        assert len(written.events) == 2

    def test_runs_reactions_in_waves_and_keeps_their_outcomes(self) -> None:
        def echo(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
            services.append(
                [Fact(type="cup.echoed", occurred_at=at, facts={}, cause_id=e.id) for e in events],
                at=at,
            )
            return [Outcome(e.id, "cups", "cups.echoed", {}) for e in events]

        heard: list[int | None] = []

        def listen(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
            heard.extend(event.cause_id for event in events)
            return ()

        install(
            [Inline(frozenset({"cup.filled"}), echo), Inline(frozenset({"cup.echoed"}), listen)]
        )

        done = append(a_fact(), a_fact())

        ids = [event.id for event in done.events]
        assert heard == ids
        assert [done.outcomes[i][0].code for i in ids] == ["cups.echoed"] * 2

    def test_stops_a_circle_of_reactions(self) -> None:
        def circle(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
            services.append([a_fact()], at=at)
            return ()

        install([Inline(frozenset({"cup.filled"}), circle)])

        with pytest.raises(TooManyWaves):
            append(a_fact())


class TestLog:
    def test_belongs_inside_a_transaction(self, committed_db: str) -> None:
        with pytest.raises(RuntimeError):
            services.append([a_fact()], at=NOON)

    def test_is_append_only_for_the_application(self, committed_db: str) -> None:
        append(a_fact())

        for statement in ("UPDATE events_event SET version = 2", "DELETE FROM events_event"):
            with pytest.raises(Exception, match=r"permission denied|append-only"):
                sql.run(statement)

    def test_goes_into_the_month_of_recording(self, committed_db: str) -> None:
        with transaction.atomic():
            services.append([a_fact()], at=clock.now())

        found = sql.row("SELECT tableoid::regclass::text FROM events_event")

        assert found is not None
        assert found[0] == f"events_event_{clock.now():%Y%m}"

    def test_partitions_are_made_ahead_once(self, committed_db: str) -> None:
        later = clock.now() + timedelta(days=200)

        assert services.make_partitions(at=later) > 0
        assert services.make_partitions(at=later) == 0


def collector(name: str = "collector") -> tuple[Deferred, list[int]]:
    seen: list[int] = []

    def react(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
        seen.extend(event.facts["size"] for event in events)
        return ()

    return Deferred(name, frozenset({"cup.filled"}), react), seen


class TestConsumers:
    def test_read_everything_once_in_order(self, committed_db: str) -> None:
        consumer, seen = collector()
        install(deferred=[consumer])
        append(*(a_fact(n) for n in range(450)))

        consumers.drain(at=NOON, wait_seconds=5)
        consumers.drain(at=NOON)

        assert seen == list(range(450))

    def test_never_skip_a_late_commit(self, committed_db: str) -> None:
        consumer, seen = collector()
        install(deferred=[consumer])
        opened, go = threading.Event(), threading.Event()

        def slow() -> None:
            with transaction.atomic():
                services.append([a_fact(1)], at=NOON)
                opened.set()
                go.wait(10)
            connection.close()

        thread = threading.Thread(target=slow)
        thread.start()
        opened.wait(10)
        append(a_fact(2))
        consumers.drain(at=NOON)
        early = list(seen)
        go.set()
        thread.join()
        consumers.drain(at=NOON, wait_seconds=5)

        assert early == []
        assert sorted(seen) == [1, 2]

    @pytest.mark.reliability("RC7")
    def test_bury_a_poisoned_event_and_go_on(self, committed_db: str) -> None:
        healed = threading.Event()
        seen: list[tuple[int | None, int]] = []

        def react(events: Sequence[Event], *, at: datetime) -> Sequence[Outcome]:
            if not healed.is_set() and any(event.facts["size"] == 13 for event in events):
                raise ValueError("poison")
            seen.extend((event.member_id, event.facts["size"]) for event in events)
            return ()

        consumer = Deferred("weak", frozenset({"cup.filled"}), react)
        install(deferred=[consumer])
        append(a_fact(12, member_id=1), a_fact(13, member_id=2), a_fact(14, member_id=2))
        append(a_fact(15, member_id=3))

        at = NOON
        for _ in range(8):
            consumers.drain(at=at, wait_seconds=2)
            at += timedelta(seconds=10)
        letters = selectors.list_dead_letters(kind="event")

        assert seen == [(1, 12), (3, 15)]
        assert [letter.error_code for letter in letters] == [
            "bug.ValueError",
            "events.behind_another",
        ]
        healed.set()
        for letter in letters:
            assert consumers.replay(letter_id=letter.id, consumer=consumer, at=at)
        assert seen[2:] == [(2, 13), (2, 14)]
        assert selectors.count_dead_letters() == 0

    @pytest.mark.reliability("RF8")
    def test_still_move_after_a_restore_counts_transactions_anew(self, committed_db: str) -> None:
        consumer, seen = collector()
        install(deferred=[consumer])
        sql.run(
            "INSERT INTO events_event (id, type, version, occurred_at, recorded_at, epoch, xact,"
            " facts) SELECT 5, 'cup.filled', 1, %s::timestamptz, %s::timestamptz, 1,"
            " '99999999'::xid8, '{\"size\": 5}'",
            [NOON, NOON],
        )
        consumers.drain(at=NOON)
        before = list(seen)

        mended = services.mend_epoch()
        append(a_fact(6))
        consumers.drain(at=NOON, wait_seconds=5)

        assert before == []
        assert mended
        assert not services.mend_epoch()
        assert seen == [5, 6]


@pytest.mark.django_db
class TestDeadLetters:
    def test_keep_the_body_sealed_until_settled(self) -> None:
        letter_id = services.bury(kind="row", error_code="x.y", body=b"13800138000", at=NOON)
        raw = sql.row("SELECT body FROM events_deadletter WHERE id = %s::bigint", [letter_id])

        assert raw is not None
        assert b"138" not in bytes(raw[0])
        assert selectors.open_body(letter_id=letter_id) == b"13800138000"
        assert services.settle(ids=[letter_id], state="dropped", at=NOON) == 1
        assert selectors.open_body(letter_id=letter_id) is None
        assert selectors.get_dead_letter(letter_id=letter_id).state == "dropped"

    @pytest.mark.reliability("RG13")
    def test_go_when_their_retention_is_over(self) -> None:
        def bury(days: int, kind: str = "row") -> int:
            at = NOON - timedelta(days=days)
            return services.bury(kind=kind, error_code="x.y", body=b"1", at=at, names=[b"n"])

        fresh, stale, event, settled, gone = (
            bury(179),
            bury(181),
            bury(400, "event"),
            bury(1),
            bury(9),
        )
        services.settle(ids=[settled], state="replayed", at=NOON - timedelta(days=89))
        services.settle(ids=[gone], state="dropped", at=NOON - timedelta(days=91))
        periods = {"open_days": 180, "settled_days": 90}

        def purge() -> int:
            return sum(retention.end_all(s, at=NOON) for s in services.letter_sweeps(**periods))

        touched = purge()

        assert touched == 2
        assert purge() == 0
        left = {letter.id: letter.state for letter in selectors.list_dead_letters(state=None)}
        assert left == {fresh: "open", stale: "dropped", event: "open", settled: "replayed"}
        kept = sql.rows("SELECT id FROM events_deadletter WHERE body IS NOT NULL OR names <> '{}'")
        assert {letter_id for (letter_id,) in kept} == {fresh, event}
