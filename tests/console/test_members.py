"""The member list: every filter, both orders, parts of a long list, acts on many."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access import selectors as access
from regulars.access.domain import Actor, Scope
from regulars.console.selectors import narrowing, selecting
from regulars.ledger.selectors import figures
from regulars.members import selectors as members
from regulars.members import services as members_services
from regulars.members.domain import MemberQuery
from regulars.web import clock
from regulars.web.paging import CursorMalformed
from tests.console.shop import Shop, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
LIN, WANG = "林**", "王*"


@pytest.fixture(autouse=True)
def _forget() -> None:
    cache.clear()


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


@pytest.fixture
def shop(at: datetime) -> Shop:
    return open_shop(at)


@pytest.fixture
def owner(at: datetime, shop: Shop) -> Client:
    return signed_in(at)


def shown(browser: Client, query: str) -> tuple[bool, bool]:
    answer = browser.get(f"/console/members?{query}")
    assert answer.status_code == 200
    rows = answer.content.decode().partition("<tbody>")[2]
    return LIN in rows, WANG in rows


class TestFilters:
    @pytest.mark.parametrize(
        ("query", "lin_and_wang"),
        [
            ("", (True, True)),
            ("store=S01", (True, False)),
            ("store=S99", (True, True)),
            ("joined=last_30", (False, True)),
            ("joined_to=2026-01-01", (True, False)),
            ("last_order=today", (False, False)),
            ("last_order=last_7", (True, True)),
            ("points_from=100", (True, False)),
            ("points_to=99", (False, True)),
            ("expiring=1", (False, False)),
            ("tag=无糖", (True, False)),
            ("tag=nobody", (False, False)),
            ("status=frozen", (False, False)),
            ("status=active", (True, True)),
            ("store=S01&points_from=100&last_order=last_7", (True, False)),
        ],
    )
    def test_narrow_the_list(
        self, owner: Client, query: str, lin_and_wang: tuple[bool, bool]
    ) -> None:
        assert shown(owner, query) == lin_and_wang

    def test_find_the_frozen(self, owner: Client, shop: Shop, at: datetime) -> None:
        members_services.freeze(
            member_id=shop.wang, reason_code="fraud_check", actor=Actor.system(), at=at
        )

        assert shown(owner, "status=frozen") == (False, True)
        assert shown(owner, "status=active") == (True, False)


class TestOrder:
    def test_runs_by_joining_either_way(self, owner: Client) -> None:
        down = owner.get("/console/members").content.decode()
        up = owner.get("/console/members?sort=joined").content.decode()

        assert down.index(WANG) < down.index(LIN)
        assert up.index(LIN) < up.index(WANG)

    @pytest.mark.parametrize("order", ["joined", "-joined", "-id"])
    def test_turns_pages_without_gap_or_double(self, shop: Shop, order: str) -> None:
        query = MemberQuery(order=order)  # type: ignore[arg-type]
        seen: list[int] = []
        cursor = None
        while True:
            page = members.list_members(scope=Scope.all(), query=query, cursor=cursor, limit=1)
            seen += [row.id for row in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break

        assert sorted(seen) == sorted([shop.lin, shop.wang])

    @pytest.mark.parametrize("cursor", ["", "WzFd", "WyJ4IiwxXQ", "WyIyMDI2LTAxLTAxIiwxXQ"])
    def test_refuses_places_that_are_none_of_its_own(self, shop: Shop, cursor: str) -> None:
        query = MemberQuery(order="-joined")
        if not cursor:
            assert members.list_members(scope=Scope.all(), query=query).items
            return
        with pytest.raises(CursorMalformed):
            members.list_members(scope=Scope.all(), query=query, cursor=cursor)


class TestParts:
    def test_goes_on_where_it_stopped_looking(
        self, owner: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(narrowing, "CANDIDATES", 1)

        first = owner.get("/console/members?points_from=100").content.decode()

        assert "Nothing in this part of the list" in first
        further = first.split('rel="next"')[0].rpartition('href="')[2].rstrip('" ')
        assert LIN in owner.get(further.replace("&amp;", "&")).content.decode()


class TestManyAtOnce:
    def choose(self, shop: Shop, **said: str) -> dict[str, object]:
        return {"ids": [str(shop.lin_public), str(shop.wang_public)], "query": ""} | said

    def test_asks_then_shows_then_does_once(self, owner: Client, shop: Shop, at: datetime) -> None:
        asked = owner.post("/console/members/tag", self.choose(shop))
        shown = owner.post(
            "/console/members/tag", self.choose(shop, step="preview", tag="vip")
        ).content.decode()
        act_id = shown.split('name="act_id" value="')[1].split('"', maxsplit=1)[0]
        did = [
            owner.post(
                "/console/members/tag", self.choose(shop, step="do", tag="vip", act_id=act_id)
            )
            for _ in range(2)
        ]

        assert "Show what it does" in asked.content.decode()
        assert "Tag 2 members" in shown
        assert shown.count('name="ids"') == 2
        assert [one.status_code for one in did] == [200, 200]
        assert {tag.tag for tag in members.tags_of(member_id=shop.wang, at=at)} == {"vip"}
        assert len(access.list_audit(action="members.tag")) == 2

    def test_takes_everyone_that_the_filters_match(
        self, owner: Client, shop: Shop, at: datetime
    ) -> None:
        said = {"all": "1", "query": "store=S01", "step": "do", "act_id": str(uuid4())}

        owner.post("/console/members/tag", said | {"tag": "vip", "until": "2030-01-31"})

        held = {tag.tag: tag for tag in members.tags_of(member_id=shop.lin, at=at)}
        assert held["vip"].expires_at is not None
        assert members.tags_of(member_id=shop.wang, at=at) == ()

    def test_reports_who_was_not_within_reach(self, at: datetime, shop: Shop) -> None:
        manager = signed_in(at, role="store_manager", scope="store:S02")

        answer = manager.post(
            "/console/members/tag",
            self.choose(shop, step="do", tag="vip", act_id=str(uuid4())),
        )

        assert answer.status_code == 207
        assert "within your reach" in answer.content.decode()
        assert "vip" not in {tag.tag for tag in members.tags_of(member_id=shop.lin, at=at)}

    def test_takes_a_tag_off(self, owner: Client, shop: Shop, at: datetime) -> None:
        said = self.choose(shop, step="do", tag="无糖", act_id=str(uuid4()))

        page = owner.post("/console/members/untag", said).content.decode()

        assert "无糖" not in {tag.tag for tag in members.tags_of(member_id=shop.lin, at=at)}
        assert "Stood so already" in page

    @pytest.mark.parametrize("said", [{}, {"ids": []}, {"query": "store=S01"}])
    def test_needs_somebody(self, owner: Client, said: dict[str, object]) -> None:
        assert owner.post("/console/members/tag", said).status_code == 422

    def test_has_an_end(self, owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(selecting, "MANY_MAX", 1)

        answer = owner.post("/console/members/tag", {"all": "1", "query": ""})

        assert answer.status_code == 429

    def test_is_not_for_everyone(self, at: datetime, shop: Shop) -> None:
        analyst = signed_in(at, role="analyst")

        assert analyst.post("/console/members/tag", self.choose(shop)).status_code == 403
        assert 'name="ids"' not in analyst.get("/console/members").content.decode()


def test_expiring_points_are_seen_from_the_lots(shop: Shop, at: datetime) -> None:
    soon = figures.expiring_of(member_ids=[shop.lin], at=at, until=at + timedelta(days=2_000))

    assert soon[shop.lin] > 0
