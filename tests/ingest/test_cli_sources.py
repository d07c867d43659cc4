"""`regulars sources` and `regulars dead-letters` from the command line."""

import json
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from regulars.cli.sources import dead_letters, sources
from regulars.ingest import services
from regulars.web import clock
from tests.ingest.rows import a_refund, a_source, an_order

pytestmark = pytest.mark.django_db


def call(group: Any, *words: str) -> tuple[int, Any]:
    done = CliRunner().invoke(group, [*words, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else done


class TestSources:
    def test_prints_a_webhooks_address_and_secret_once(self) -> None:
        code, made = call(sources, "create", "shop", "--kind", "webhook")

        assert code == 0
        assert made["url"].endswith(f"/hooks/{made['id']}")
        assert made["secret"].startswith("whsec_")
        _, listed = call(sources, "list")
        assert listed["sources"][0]["secrets"] == [f"…{made['secret'][-4:]}"]
        assert made["secret"] not in json.dumps(listed)

    def test_gives_a_new_secret(self) -> None:
        _, made = call(sources, "create", "shop", "--kind", "webhook")

        code, rotated = call(sources, "rotate", "shop")

        assert (code, rotated["secret"] != made["secret"]) == (0, True)

    def test_says_usage_for_an_unknown_kind(self) -> None:
        assert CliRunner().invoke(sources, ["create", "x", "--kind", "pigeon"]).exit_code == 2


class TestDeadLetters:
    @pytest.fixture
    def letter(self) -> None:
        at = clock.now()
        services.apply_refunds([a_refund("T-9")], source=a_source(), at=at - timedelta(days=8))
        services.expire_parked(at=at)

    def test_lists_and_replays(self, letter: None) -> None:
        _, listed = call(dead_letters, "list")
        (waiting,) = listed["dead_letters"]
        services.apply_orders([an_order("T-9")], source=a_source(), at=clock.now())

        code, done = call(dead_letters, "replay", str(waiting["id"]))

        assert (code, done["counts"]) == (0, {"applied": 1})
        assert call(dead_letters, "list")[1] == {"dead_letters": []}

    def test_books_returns_whose_order_never_came(self, letter: None) -> None:
        code, done = call(dead_letters, "book-return", "--all")

        assert (code, done["counts"]) == (0, {"applied": 1})

    def test_wants_ids_or_all(self) -> None:
        assert CliRunner().invoke(dead_letters, ["replay"]).exit_code == 2
