"""The audit chain as arithmetic: whatever is done to it shows at the first place it was done."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.access.domain import (
    GENESIS,
    ChainEnd,
    ChainProblem,
    DetailsNotPlain,
    KeptEntry,
    Link,
    canonical,
    check_details,
    checkpoint_statement,
    seal_all,
    walk,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
START = ChainEnd(0, GENESIS)

pytestmark = [pytest.mark.reliability("RH18"), pytest.mark.capability("G4")]


def an_entry(number: int) -> KeptEntry:
    return KeptEntry(
        id=number * 3,
        at=NOON + timedelta(seconds=number),
        actor_kind="staff",
        actor_id=1,
        on_behalf_id=None,
        action="points.adjusted",
        object_kind="member",
        object_id=str(number),
        result="ok",
        reason_code="goodwill",
        details={"points": number, "stores": ["S1"]},
        network=None,
        note=None,
    )


def a_chain(length: int) -> list[Link]:
    return list(seal_all(START, [an_entry(number) for number in range(1, length + 1)]))


def first_bad(links: list[Link], checkpoints: dict[int, bytes] | None = None) -> object:
    return walk(links, checkpoints=checkpoints or {})[1]


class TestWalk:
    def test_finds_a_whole_chain_whole(self) -> None:
        links = a_chain(9)

        end, bad = walk(links, checkpoints={4: links[3].hash, 9: links[8].hash})

        assert bad is None
        assert end == ChainEnd(9, links[8].hash)

    def test_continues_where_it_ended(self) -> None:
        first = a_chain(4)
        rest = list(seal_all(ChainEnd(4, first[-1].hash), [an_entry(n) for n in range(5, 10)]))

        assert first + rest == a_chain(9)

    @given(
        st.integers(1, 9),
        st.sampled_from(
            [
                {"reason_code": None},
                {"actor_id": 2},
                {"at": NOON},
                {"details": {}},
                {"note": b"x"},
                {"network": "10.0.0.0/24"},
                {"on_behalf_id": 4},
                {"object_id": "0"},
                {"result": "refused"},
                {"action": "points.looked_at"},
            ],
        ),
    )
    def test_names_the_place_that_was_altered(self, seq: int, change: dict[str, object]) -> None:
        links = a_chain(9)
        entry = links[seq - 1].entry
        assert entry is not None
        links[seq - 1] = replace(links[seq - 1], entry=replace(entry, **change))  # type: ignore[arg-type]

        assert first_bad(links) == (seq, ChainProblem.ENTRY_ALTERED)

    @given(st.integers(1, 9))
    def test_names_the_place_whose_entry_is_gone(self, seq: int) -> None:
        links = a_chain(9)
        links[seq - 1] = replace(links[seq - 1], entry=None)

        assert first_bad(links) == (seq, ChainProblem.ENTRY_MISSING)

    @given(st.integers(1, 8))
    def test_names_the_place_whose_seal_is_gone(self, seq: int) -> None:
        links = a_chain(9)
        del links[seq - 1]

        assert first_bad(links) == (seq, ChainProblem.SEAL_MISSING)

    @given(st.integers(1, 8))
    def test_names_the_place_where_two_were_exchanged(self, seq: int) -> None:
        links = a_chain(9)
        one, other = links[seq - 1], links[seq]
        links[seq - 1], links[seq] = (
            replace(one, entry=other.entry),
            replace(other, entry=one.entry),
        )

        assert first_bad(links) == (seq, ChainProblem.ENTRY_ALTERED)

    @given(st.integers(0, 8))
    def test_finds_a_cut_tail_by_a_checkpoint_from_outside(self, kept: int) -> None:
        links = a_chain(9)

        assert first_bad(links[:kept]) is None
        assert first_bad(links[:kept], {9: links[8].hash}) == (kept + 1, ChainProblem.TAIL_CUT)

    def test_finds_a_chain_written_anew_by_a_checkpoint_from_outside(self) -> None:
        true = a_chain(9)
        forged = list(seal_all(START, [replace(an_entry(n), actor_id=66) for n in range(1, 10)]))

        assert first_bad(forged) is None
        assert first_bad(forged, {7: true[6].hash}) == (7, ChainProblem.CHECKPOINT_DIFFERS)


class TestCanonical:
    def test_is_the_same_whatever_the_zone_and_the_order_of_details(self) -> None:
        entry = an_entry(1)
        told_otherwise = replace(
            entry,
            at=entry.at.astimezone(tz=ZoneInfo("Asia/Tokyo")),
            details={"stores": ["S1"], "points": 1},
        )

        assert canonical(entry) == canonical(told_otherwise)

    def test_covers_the_note_as_ciphertext(self) -> None:
        assert b"secret" not in canonical(replace(an_entry(1), note=b"secret"))

    def test_keeps_neighbouring_fields_apart(self) -> None:
        one = replace(an_entry(1), object_kind="ab", object_id="c")
        other = replace(an_entry(1), object_kind="a", object_id="bc")

        assert canonical(one) != canonical(other)


class TestDetails:
    def test_are_codes_numbers_ids_and_lists_of_them(self) -> None:
        plain = {"a": 1, "b": "code", "c": None, "d": True, "e": [1, 2]}

        assert check_details(plain) == plain
        assert check_details(None) == {}

    @pytest.mark.parametrize("value", [{"phone": "1"}, 1.5, object(), [{}]])
    def test_are_nothing_else(self, value: object) -> None:
        with pytest.raises(DetailsNotPlain):
            check_details({"what": value})


def test_a_checkpoint_says_how_far_with_which_hash_and_when() -> None:
    statement = checkpoint_statement(end=ChainEnd(7, b"\xab" * 32), at=NOON).decode()

    assert statement.split("\n")[1:4] == ["7", "ab" * 32, "2026-03-01T12:00:00+00:00"]
