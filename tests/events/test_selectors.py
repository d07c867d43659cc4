"""The explorer's reads: filters, order, effects of an event, dead letters by what they are."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from regulars.events import selectors, services
from regulars.events.domain import Catalogue, Event, EventMissing, EventType, Fact, Inline, Outcome
from regulars.events.selectors import LetterQuery, LogQuery

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CUP = EventType(name="cup.filled", version=1, title="", schema={"type": "object"})
ECHO = EventType(name="cup.echoed", version=1, title="", schema={"type": "object"})


def echo(events: list[Event], *, at: datetime) -> list[Outcome]:
    facts = [Fact(type="cup.echoed", occurred_at=NOON, facts={}, cause_id=e.id) for e in events]
    services.append(facts, at=at)
    return []


@pytest.fixture(autouse=True)
def _catalogue() -> Iterator[None]:
    before = services.catalogue()
    inline = (Inline(frozenset({"cup.filled"}), echo),)
    services.install(Catalogue(types={CUP.name: CUP, ECHO.name: ECHO}, inline=inline))
    yield
    services.install(before)


def fill(*, at: datetime = NOON, **more: Any) -> Event:
    with transaction.atomic():
        fact = Fact(type="cup.filled", occurred_at=NOON, facts={}, **more)
        return services.append([fact], at=at).events[0]


def ids(query: LogQuery, **more: Any) -> list[int]:
    return [event.id for event in selectors.list_log(query=query, **more).events]


class TestListLog:
    def test_filters_by_type_source_batch_member_store_and_time(self) -> None:
        first = fill(source_id=4, batch_id=9, member_id=7, store_id=2)
        later = fill(at=NOON + timedelta(hours=1))

        assert ids(LogQuery(type="cup.filled")) == [later.id, first.id]
        assert ids(LogQuery(type="cup.filled", source_id=4)) == [first.id]
        assert ids(LogQuery(batch_id=9)) == [first.id]
        assert ids(LogQuery(member_ids=(7,))) == [first.id]
        assert ids(LogQuery(store_ids=(2,))) == [first.id]
        assert ids(LogQuery(store_ids=())) == []
        assert ids(LogQuery(type="cup.filled", since=NOON + timedelta(minutes=1))) == [later.id]
        assert ids(LogQuery(type="cup.filled", until=NOON + timedelta(minutes=1))) == [first.id]

    def test_pages_through_without_gaps(self) -> None:
        made = [fill(at=NOON + timedelta(seconds=n // 2)).id for n in range(7)]

        seen: list[int] = []
        cursor = None
        while True:
            page = selectors.list_log(query=LogQuery(type="cup.filled"), cursor=cursor, limit=3)
            seen += [event.id for event in page.events]
            cursor = page.next_cursor
            if cursor is None:
                break

        assert sorted(seen) == sorted(made)
        assert len(seen) == len(set(seen))

    def test_counts_what_it_lists(self) -> None:
        fill()

        assert selectors.count_log(query=LogQuery()).rows == 2
        assert selectors.count_log(query=LogQuery(type="cup.echoed")).is_exact


class TestListEffects:
    def test_answers_what_an_event_caused(self) -> None:
        cause = fill()

        (effect,) = selectors.list_effects(event_id=cause.id)

        assert (effect.type, effect.cause_id) == ("cup.echoed", cause.id)

    def test_refuses_an_event_that_is_not_there(self) -> None:
        with pytest.raises(EventMissing):
            selectors.list_effects(event_id=1)


class TestListLetters:
    def test_filters_and_counts(self) -> None:
        for n, (kind, code) in enumerate([("row", "a.x"), ("row", "a.y"), ("webhook", "a.x")]):
            services.bury(
                kind=kind, error_code=code, at=NOON + timedelta(days=n), source_id=n, body=b"."
            )

        found = selectors.list_letters(query=LetterQuery(error_code="a.x")).letters
        assert [each.kind for each in found] == ["webhook", "row"]
        assert selectors.count_letters(query=LetterQuery(kind="row")) == 2
        assert selectors.count_letters(query=LetterQuery(until=NOON + timedelta(hours=1))) == 1
        assert selectors.count_letters_by(column="error_code") == {"a.x": 2, "a.y": 1}
        first, second = selectors.list_letter_ids(query=LetterQuery(kind="row"))
        assert first < second

    def test_pages(self) -> None:
        for _ in range(3):
            services.bury(kind="row", error_code="a.x", at=NOON)

        page = selectors.list_letters(query=LetterQuery(), limit=2)
        rest = selectors.list_letters(query=LetterQuery(), cursor=page.next_cursor, limit=2)

        assert len(page.letters) == 2
        assert len(rest.letters) == 1
        assert rest.next_cursor is None
