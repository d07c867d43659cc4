"""Logs name no person."""

import io
import logging
from collections.abc import Iterator

import orjson
import pytest
import structlog

from regulars.web import logs
from regulars.web.logs import redact, redact_text

CANARIES = {
    "phone": "13812345678",
    "phone with blanks": "138 1234 5678",
    "phone abroad": "+447911123456",
    "e-mail": "li.lei+shop@example.com.cn",
    "identity card": "11010519491231002X",
    "bank card": "4111111111111111",
    "token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "api key": "rg_live_a1b2c3d4_Zm9vYmFy",
    "webhook secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "bearer": "Bearer abcdef.123456",
    "address of a database": "postgresql://anna:geheim@db/shop",
}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """A log of its own; the one of the run is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    logs.configure("INFO", stream=stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.mark.reliability("RG12")
class TestRedaction:
    @pytest.mark.parametrize("canary", CANARIES.values(), ids=CANARIES.keys())
    def test_cuts_what_looks_personal_out_of_a_text(self, canary: str) -> None:
        assert "geheim" not in redact_text(f"saw {canary} here")
        assert canary not in redact_text(f"saw {canary} here")

    @pytest.mark.parametrize(
        "plain",
        ["order 20260501123456", "took 0.138 s", "ids 1000001..1001000", "2026-11-21T20:16:53Z"],
    )
    def test_leaves_ordinary_words_and_numbers(self, plain: str) -> None:
        assert redact_text(plain) == plain

    def test_drops_values_under_telling_keys(self) -> None:
        found = redact(
            None, "", {"event": "x", "phone": 1, "Password": "p", "deep": {"email": "e"}}
        )

        assert found["phone"] == found["Password"] == found["deep"]["email"] == logs.REDACTED

    def test_drops_bytes_and_looks_into_lists(self) -> None:
        found = redact(None, "", {"event": b"raw", "seen": ["13812345678"]})

        assert found == {"event": logs.REDACTED, "seen": ["[phone]"]}

    def test_holds_for_every_way_of_logging(self, written: io.StringIO) -> None:
        ours, theirs = structlog.get_logger("regulars.probe"), logging.getLogger("some.library")

        for canary in CANARIES.values():
            ours.info("seen", what=canary, phone=canary)
            theirs.warning("seen %s", canary)
            try:
                int(canary + "x")
            except ValueError:
                ours.exception("broken")
                theirs.exception("broken")

        said = written.getvalue()
        assert not [canary for canary in CANARIES.values() if canary in said]
        assert len(said.splitlines()) == 4 * len(CANARIES)

    def test_drops_the_row_that_the_database_quotes(self, written: io.StringIO) -> None:
        theirs = (
            'duplicate key value violates unique constraint "one_name"\n'
            "DETAIL:  Key (name)=(王小明\n其二) already exists.\n"
            'CONTEXT:  COPY people, line 1: "李雷"'
        )
        ours = structlog.get_logger("regulars.probe")

        def write() -> None:
            raise RuntimeError("not written") from ValueError(theirs)

        try:
            write()
        except RuntimeError:
            ours.exception("bug")
            logging.getLogger("some.library").exception("bug")
        ours.error("refused", why=theirs)

        said = written.getvalue()
        assert not [name for name in ("王小明", "其二", "李雷") if name in said]
        assert said.count("one_name") == 3
        assert said.count("RuntimeError: not written") == 2

    def test_writes_one_json_object_a_line(self, written: io.StringIO) -> None:
        structlog.get_logger("regulars.probe").info("order_seen", order_id=7)

        line = orjson.loads(written.getvalue())

        assert line["event"] == "order_seen"
        assert line["order_id"] == 7
        assert line["level"] == "info"
        assert line["logger"] == "regulars.probe"
