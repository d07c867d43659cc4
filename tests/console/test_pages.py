"""The pages through a browser's eyes: what they show, to whom, in both languages."""

from datetime import datetime

import pytest
from django.core.cache import cache
from django.test import Client

from regulars.access import selectors as access
from regulars.access.domain import Actor
from regulars.members import services as members
from regulars.web import clock
from tests.console.shop import NAME, PHONE, Shop, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]


@pytest.fixture(autouse=True)
def _forget_figures() -> None:
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


def text_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.content[:400])
    return answer.content.decode()


class TestHome:
    def test_counts_members_sales_and_points(self, owner: Client) -> None:
        page = text_of(owner, "/console/")

        assert "Members in total" in page
        assert "Net sales" in page
        assert "Points outstanding" in page
        assert "No rejected rows" in page

    def test_can_be_counted_anew(self, owner: Client) -> None:
        assert "data as of" in text_of(owner, "/console/?fresh=1")

    def test_shows_an_analyst_no_health(self, at: datetime, shop: Shop) -> None:
        page = text_of(signed_in(at, role="analyst"), "/console/")

        assert "Net sales" in page
        assert "rejected" not in page

    def test_shows_a_store_manager_no_points_of_the_whole_house(
        self, at: datetime, shop: Shop
    ) -> None:
        page = text_of(signed_in(at, role="store_manager", scope="store:S01"), "/console/")

        assert "Members in total" in page
        assert "Points outstanding" not in page


class TestMemberList:
    def test_shows_masked_members_with_tier_points_and_store(self, owner: Client) -> None:
        page = text_of(owner, "/console/members")

        assert "138****8000" in page
        assert "林**" in page
        assert "静安愚园店" in page
        assert PHONE not in page
        assert NAME not in page

    def test_narrows_by_store_and_tier_in_the_address(self, owner: Client) -> None:
        assert "王*" not in text_of(owner, "/console/members?store=S01")
        assert "林**" not in text_of(owner, "/console/members?tier=diamond")
        assert "Nothing matches" in text_of(owner, "/console/members?tier=diamond")

    def test_shows_only_the_stores_in_scope(self, at: datetime, shop: Shop) -> None:
        page = text_of(signed_in(at, role="analyst", scope="store:S02"), "/console/members")

        assert "王*" in page
        assert "林**" not in page
        assert "静安愚园店" not in page

    def test_turns_pages(self, owner: Client, shop: Shop) -> None:
        page = text_of(owner, "/console/members?size=10")

        assert "Next page" not in page
        assert owner.get("/console/members?after=%7Bnonsense").status_code == 422

    def test_says_what_to_do_when_nobody_is_here(self, at: datetime) -> None:
        page = text_of(signed_in(at), "/console/members")

        assert "Nobody is here yet" in page

    def test_asks_the_database_a_fixed_number_of_times(
        self, owner: Client, shop: Shop, django_assert_max_num_queries: object
    ) -> None:
        text_of(owner, "/console/members")

        with django_assert_max_num_queries(17):  # type: ignore[operator]
            text_of(owner, "/console/members")


class TestSearch:
    @pytest.mark.parametrize("typed", [PHONE, "138 0013 8000", "C20230001"])
    def test_opens_the_member_of_an_exact_number(
        self, owner: Client, shop: Shop, typed: str
    ) -> None:
        answer = owner.post("/console/search", {"q": typed})

        assert answer["Location"] == f"/console/members/{shop.lin_public}"

    @pytest.mark.parametrize("typed", [NAME, "林", "8000"])
    def test_opens_the_only_member_of_a_name_or_last_four(
        self, owner: Client, shop: Shop, typed: str
    ) -> None:
        answer = owner.post("/console/search", {"q": typed})

        assert answer["Location"] == f"/console/members/{shop.lin_public}"

    def test_opens_an_order_by_its_number(self, owner: Client, shop: Shop) -> None:
        answer = owner.post("/console/search", {"q": shop.order_number})

        assert answer["Location"].startswith("/console/orders/")

    @pytest.mark.parametrize("typed", ["张三", "13700000000", "138****8000", "", "x" * 500])
    def test_says_how_to_search_when_nobody_is_found(self, owner: Client, typed: str) -> None:
        answer = owner.post("/console/search", {"q": typed})

        assert answer.status_code == 200
        assert "Nobody found" in answer.content.decode()

    @pytest.mark.parametrize(
        ("typed", "place"),
        [("member list", "/console/members"), ("STYLE", "/console/style")],
    )
    def test_opens_the_only_page_of_a_title(self, owner: Client, typed: str, place: str) -> None:
        assert owner.post("/console/search", {"q": typed})["Location"] == place

    def test_lists_pages_only_for_who_may_open_them(self, at: datetime, shop: Shop) -> None:
        clerk = signed_in(at, role="clerk", scope="store:S01")

        page = clerk.post("/console/search", {"q": "member list"}).content.decode()

        assert "Nobody found" in page
        assert "/console/members" not in page.partition("<main")[2].partition("state")[0]

    def test_never_takes_the_question_from_the_address(self, owner: Client) -> None:
        assert owner.get(f"/console/search?q={PHONE}").status_code == 405

    def test_notes_the_look_up_without_what_was_typed(self, owner: Client, shop: Shop) -> None:
        owner.post("/console/search", {"q": PHONE})

        entry = access.list_audit(action="members.lookup")[0]
        assert entry.object_id == str(shop.lin_public)
        assert PHONE not in repr(entry)

    def test_shows_a_clerk_of_another_store_who_it_is_and_no_record(
        self, at: datetime, shop: Shop
    ) -> None:
        manager = signed_in(at, role="store_manager", scope="store:S02")

        answer = manager.post("/console/search", {"q": PHONE})

        page = answer.content.decode()
        assert answer.status_code == 200
        assert "138****8000" in page
        assert f"/console/members/{shop.lin_public}" not in page

    def test_keeps_who_may_not_look_up_within_their_stores(self, at: datetime, shop: Shop) -> None:
        analyst = signed_in(at, role="analyst", scope="store:S02")

        page = analyst.post("/console/search", {"q": PHONE}).content.decode()

        assert "Nobody found" in page


class TestRecord:
    @pytest.mark.parametrize(
        ("tab", "words"),
        [
            ("", ["Recent activity", "Points ledger", "Tier progress", "Spent ¥286.50"]),
            ("timeline", ["Spent ¥286.50", "Joined", "Refunded ¥86.50"]),
            ("orders", ["SO-0001", "Partly refunded", "静安愚园店", "¥286.50"]),
            ("points", ["Lots", "Statement", "Taken back", "Points for purchases"]),
            ("growth", ["Tier history", "Silver", "Growth reached the threshold"]),
            ("tags", ["无糖", "imported", "Silver", "is in it"]),
            ("identities", ["138****8000", "WeChat openid", "****-05-01", "Personal", "无糖"]),
            ("privacy", ["Marketing by SMS", "Agreed", "Personalisation", "Withdrawn", "2026-01"]),
            ("log", ["Nobody has done anything here yet"]),
        ],
    )
    def test_shows_each_tab(self, owner: Client, shop: Shop, tab: str, words: list[str]) -> None:
        page = text_of(owner, f"/console/members/{shop.lin_public}{'/' + tab if tab else ''}")

        assert [word for word in words if word not in page] == []
        assert PHONE not in page
        assert NAME not in page

    def test_leads_from_a_movement_to_its_order(self, owner: Client, shop: Shop) -> None:
        page = text_of(owner, f"/console/members/{shop.lin_public}/points")

        assert "/console/orders/" in page
        assert "= floor(286.50" in page

    @pytest.mark.parametrize("kind", ["orders", "points", "record"])
    def test_narrows_the_timeline(self, owner: Client, shop: Shop, kind: str) -> None:
        page = text_of(owner, f"/console/members/{shop.lin_public}/timeline?type={kind}")

        assert ("Joined" in page) == (kind == "record")
        assert ("Spent ¥286.50" in page) == (kind == "orders")

    def test_turns_the_pages_of_a_statement(self, owner: Client, shop: Shop) -> None:
        first = text_of(owner, f"/console/members/{shop.lin_public}/orders?size=10")

        assert "SO-0001" in first

    @pytest.mark.parametrize("tab", ["", "/timeline", "/orders", "/points", "/identities"])
    def test_is_not_there_outside_the_scope(self, at: datetime, shop: Shop, tab: str) -> None:
        stranger = signed_in(at, role="analyst", scope="store:S02")

        answer = stranger.get(f"/console/members/{shop.lin_public}{tab}")

        assert answer.status_code == 404
        assert "There is nothing here" in answer.content.decode()

    def test_has_no_tab_that_nobody_made(self, owner: Client, shop: Shop) -> None:
        assert owner.get(f"/console/members/{shop.lin_public}/secrets").status_code == 404

    def test_hides_tabs_without_the_right(self, at: datetime, shop: Shop) -> None:
        browser = signed_in(at, role="clerk", scope="store:S01")

        answer = browser.get(f"/console/members/{shop.lin_public}")

        assert answer.status_code == 403
        assert "See members, masked" in answer.content.decode()

    @pytest.mark.parametrize(
        "tab",
        [
            "",
            "/timeline",
            "/orders",
            "/points",
            "/growth",
            "/tags",
            "/identities",
            "/privacy",
            "/log",
        ],
    )
    def test_asks_the_database_a_fixed_number_of_times(
        self, owner: Client, shop: Shop, tab: str, django_assert_max_num_queries: object
    ) -> None:
        with django_assert_max_num_queries(17):  # type: ignore[operator]
            text_of(owner, f"/console/members/{shop.lin_public}{tab}")


class TestStanding:
    def test_a_merged_record_leads_to_the_one_that_stands_for_both(
        self, owner: Client, shop: Shop
    ) -> None:
        members.merge(winner_id=shop.lin, loser_id=shop.wang, at=shop.at, actor=Actor.system())

        answer = owner.get(f"/console/members/{shop.wang_public}/points")

        assert answer["Location"] == f"/console/members/{shop.lin_public}/points"
        assert "SO-9001" in text_of(owner, f"/console/members/{shop.lin_public}/orders")
        assert "Merged with another record" in text_of(
            owner, f"/console/members/{shop.lin_public}/timeline?type=record"
        )

    def test_an_erased_member_is_nobody_any_more(self, owner: Client, shop: Shop) -> None:
        members.erase(member_id=shop.lin, at=shop.at, actor=Actor.system(), reason_code="request")

        page = text_of(owner, f"/console/members/{shop.lin_public}")

        assert "Erased" in page
        assert "138****8000" not in page
        assert "林" not in page

    def test_a_frozen_member_says_so(self, owner: Client, shop: Shop) -> None:
        members.freeze(
            member_id=shop.lin, reason_code="suspicion", at=shop.at, actor=Actor.system()
        )

        assert "Frozen" in text_of(owner, f"/console/members/{shop.lin_public}")


class TestReveal:
    def test_shows_all_for_a_reason_and_covers_again(self, owner: Client, shop: Shop) -> None:
        path = f"/console/members/{shop.lin_public}/reveal"

        answer = owner.post(path, {"reason": "member_request", "tab": "identities"})

        page = answer.content.decode()
        assert answer.status_code == 200
        assert PHONE in page
        assert NAME in page
        assert 'http-equiv="refresh" content="30;url=' in page
        assert "no-store" in answer["Cache-Control"]
        entry = access.list_audit(action="members.reveal")[0]
        assert (entry.reason_code, entry.object_id) == ("member_request", str(shop.lin_public))

    @pytest.mark.parametrize("reason", ["", "curiosity"])
    def test_wants_a_reason_of_the_list(self, owner: Client, shop: Shop, reason: str) -> None:
        answer = owner.post(f"/console/members/{shop.lin_public}/reveal", {"reason": reason})

        assert answer.status_code == 422
        assert PHONE not in answer.content.decode()

    def test_takes_a_right_of_its_own(self, at: datetime, shop: Shop) -> None:
        analyst = signed_in(at, role="analyst")
        path = f"/console/members/{shop.lin_public}"

        answer = analyst.post(f"{path}/reveal", {"reason": "member_request"})

        assert answer.status_code == 403
        assert "Reveal personal data" not in text_of(analyst, path)


class TestOrder:
    def test_shows_lines_amounts_refunds_and_what_it_earned(
        self, owner: Client, shop: Shop
    ) -> None:
        where = owner.post("/console/search", {"q": "SO-0005"})["Location"]

        page = text_of(owner, where)

        for word in ("白桃乌龙（大）", "RF-0001", "−¥86.50", "¥200.00", "Points", "Growth value"):
            assert word in page, word

    def test_is_not_there_outside_the_scope(self, at: datetime, owner: Client, shop: Shop) -> None:
        where = owner.post("/console/search", {"q": "SO-0005"})["Location"]

        stranger = signed_in(at, role="analyst", scope="store:S02")

        assert stranger.get(where).status_code == 404


class TestPreferences:
    def test_language_and_theme_come_back_to_the_same_page(self, owner: Client, shop: Shop) -> None:
        here = f"/console/members/{shop.lin_public}/points"

        answer = owner.post("/console/language", {"language": "zh-hans", "next": here})
        owner.post("/console/theme", {"theme": "dark", "next": here})

        page = text_of(owner, here)
        assert answer["Location"] == here
        assert '<html lang="zh-Hans" data-theme="dark"' in page
        assert "积分流水" in page

    @pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example", "/\\evil", ""])
    def test_never_lead_to_another_house(self, db: None, client: Client, there: str) -> None:
        answer = client.post("/console/theme", {"theme": "dark", "next": there})

        assert answer["Location"] == "/console/"


class TestErrors:
    def test_an_unknown_address_says_what_to_do(self, db: None, client: Client) -> None:
        answer = client.get("/console/nowhere", headers={"accept-language": "zh-Hans"})

        assert answer.status_code == 404
        assert "这里没有内容" in answer.content.decode()

    def test_strangers_are_sent_to_sign_in(self, db: None, client: Client) -> None:
        answer = client.get("/console/members?tier=gold")

        assert answer["Location"].startswith("/sign-in?next=%2Fconsole%2Fmembers")

    def test_a_stale_form_says_so(self, at: datetime) -> None:
        browser = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})

        answer = browser.post("/console/theme", {"theme": "dark"})

        assert answer.status_code == 403
        assert "The form is too old" in answer.content.decode()

    def test_a_bug_gives_a_number_and_no_details(
        self, owner: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError("secret detail")

        monkeypatch.setattr("regulars.console.selectors.home.list_waiting", fail)
        owner.raise_request_exception = False

        answer = owner.get("/console/")

        page = answer.content.decode()
        assert answer.status_code == 500
        assert "Something broke on our side" in page
        assert "secret detail" not in page


class TestChinese:
    PATHS = (
        "",
        "/timeline",
        "/orders",
        "/points",
        "/growth",
        "/tags",
        "/identities",
        "/privacy",
        "/log",
    )

    def test_leaves_no_sentence_in_english(self, at: datetime, shop: Shop) -> None:
        browser = signed_in(at, language="zh-hans")
        record = f"/console/members/{shop.lin_public}"

        pages = [text_of(browser, record + tab) for tab in self.PATHS]
        pages += [text_of(browser, path) for path in ("/console/", "/console/members")]

        for page in pages:
            assert english_in(page) == []


def english_in(page: str) -> list[str]:
    """Find runs of two or more English words in what a reader sees."""
    import re

    body = page.split("<body", 1)[1]
    seen = re.sub(r"<(code|kbd)>.*?</\1>|<[^>]+>", "\n", body, flags=re.DOTALL)
    return re.findall(r"[A-Za-z]{3,} [a-z]{2,}[A-Za-z ]*", seen)


def test_a_session_that_ended_is_sent_to_sign_in(at: datetime, shop: Shop) -> None:
    browser = Client(headers={"accept-language": "en"})
    browser.cookies["regulars_session"] = "a-session-that-is-gone"

    assert browser.get("/console/members")["Location"].startswith("/sign-in")
    assert browser.get("/sign-in").status_code == 200
    assert browser.get("/console/nowhere").status_code == 404
