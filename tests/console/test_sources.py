"""Sources as pages: health and lag, address and secrets, deliveries, making and exchanging."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from regulars.access.domain import Actor
from regulars.ingest import selectors as ingest
from regulars.ingest import services
from regulars.ingest.domain import SourceKind
from regulars.ingest.services import NewSource
from regulars.web import clock, sql
from tests.console.looking import hidden, questions, sent, text_of
from tests.console.shop import Shop, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("A4")]


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


@pytest.fixture
def hook(at: datetime, shop: Shop) -> NewSource:
    made = services.create_source(
        name="youzan", kind=SourceKind.WEBHOOK, at=at, actor=Actor.system()
    )
    for n, (state, code) in enumerate(
        [("applied", ""), ("failed", "ingest.body_malformed"), ("received", "")]
    ):
        deliver(made, at=at - timedelta(hours=n), state=state, code=code, name=f"m-{n}")
    return made


def deliver(made: NewSource, *, at: datetime, state: str, code: str = "", name: str = "m") -> None:
    sql.run(
        "INSERT INTO ingest_delivery (source_id, message_id, body_hash, body, state, rows_done,"
        " counts, error_code, received_at) VALUES (%s::bigint, %s::text, %s::bytea, %s::bytea,"
        " %s::text, 1, '{\"applied\": 1}', %s::text, %s::timestamptz)",
        [made.source.id, name, b"h", b"secret body", state, code, at],
    )


class TestList:
    def test_shows_health_backlog_and_counts(self, owner: Client, hook: NewSource) -> None:
        page = text_of(owner, "/console/sources")

        assert "youzan" in page
        assert "never heard" in page
        assert "pos" in page
        row = page.partition("youzan")[2].partition("</tr>")[0]
        assert '<td class="num">1</td>' in row

    def test_filters(self, owner: Client, hook: NewSource) -> None:
        page = text_of(owner, "/console/sources?kind=webhook")

        assert "youzan" in page
        assert ">pos<" not in page
        assert "Nothing matches" in text_of(owner, "/console/sources?failing=1")

    def test_who_may_look(self, at: datetime, shop: Shop) -> None:
        text_of(signed_in(at, role="analyst"), "/console/sources", status=403)
        region = signed_in(at, role="operations", scope="region:default")
        assert "whole house" in text_of(region, "/console/sources", status=403)
        assert "来源" in text_of(signed_in(at, language="zh-hans"), "/console/sources")

    def test_asks_as_little_for_many(self, owner: Client, hook: NewSource, at: datetime) -> None:
        few = questions(owner, "/console/sources")
        for n in range(20):
            services.create_source(name=f"s{n}", kind=SourceKind.API, at=at, actor=Actor.system())

        assert questions(owner, "/console/sources") == few


class TestOne:
    def test_shows_address_deliveries_and_only_the_tail_of_the_secret(
        self, owner: Client, hook: NewSource
    ) -> None:
        page = text_of(owner, f"/console/sources/{hook.source.public_id}")

        assert f"/hooks/{hook.source.public_id}" in page
        assert hook.secret is not None
        assert hook.secret not in page
        assert f"…{hook.secret[-4:]}" in page
        assert "Failed" in page
        assert "secret body" not in page

    def test_lists_failures(self, owner: Client, hook: NewSource) -> None:
        place = f"/console/sources/{hook.source.public_id}/deliveries"

        page = text_of(owner, f"{place}?state=failed")

        assert "m-1" in page
        assert "m-0" not in page
        assert "m-0" in text_of(owner, place)

    def test_one_that_is_not_there(self, owner: Client) -> None:
        text_of(owner, "/console/sources/01234567-0000-7000-8000-000000000000", status=404)

    def test_asks_as_little_for_many(self, owner: Client, hook: NewSource, at: datetime) -> None:
        place = f"/console/sources/{hook.source.public_id}"
        few, listed = questions(owner, place), questions(owner, f"{place}/deliveries?size=100")
        for n in range(50):
            deliver(hook, at=at, state="applied", name=f"x-{n}")

        assert questions(owner, place) == few
        assert questions(owner, f"{place}/deliveries?size=100") == listed


class TestActs:
    def test_makes_a_webhook_and_shows_the_secret_once(self, owner: Client) -> None:
        said = {
            "name": "weimob",
            "kind": "webhook",
            "zone": "",
            "currency": "cny",
            "completes": "on",
        }
        preview = sent(owner, "/console/sources/new", {**said, "step": "preview"})
        do = {**said, "step": "do", "act_id": hidden(preview, "act_id")}

        first = sent(owner, "/console/sources/new", do)
        again = sent(owner, "/console/sources/new", do)

        source = ingest.get_source(name="weimob")
        assert "whsec_" in first
        assert f"/hooks/{source.public_id}" in first
        assert "whsec_" not in again
        assert "was shown before" in again
        assert "whsec_" not in str(sql.rows("SELECT * FROM web_idempotency"))

    @pytest.mark.parametrize(
        ("said", "words"),
        [
            ({"name": "pos"}, "exists already"),
            ({"zone": "Mars"}, "Mars"),
            ({"name": ""}, "required"),
        ],
    )
    def test_refuses(self, owner: Client, said: dict[str, str], words: str) -> None:
        given = {"name": "weimob", "kind": "api", "zone": "", "currency": "", **said}
        preview = owner.post("/console/sources/new", {**given, "step": "preview"})
        if preview.status_code == 422:
            assert words in preview.content.decode()
            return
        do = {**given, "step": "do", "act_id": hidden(preview.content.decode(), "act_id")}

        assert words in owner.post("/console/sources/new", do).content.decode()

    def test_exchanges_the_secret_with_an_overlap(self, owner: Client, hook: NewSource) -> None:
        place = f"/console/sources/{hook.source.public_id}/rotate"
        preview = sent(owner, place, {"days": "3", "step": "preview"})
        assert "works for 3 more days" in preview

        page = sent(owner, place, {"days": "3", "step": "do", "act_id": hidden(preview, "act_id")})

        assert "whsec_" in page
        assert hook.secret not in page
        secrets = ingest.list_secrets(source=hook.source, at=clock.now())
        assert len(secrets) == 2
        sent(owner, place, {"days": "999", "step": "preview"}, status=422)

    def test_only_a_webhook_has_a_secret(self, owner: Client, shop: Shop) -> None:
        source = ingest.get_source(name="pos")

        text_of(owner, f"/console/sources/{source.public_id}/rotate", status=409)
