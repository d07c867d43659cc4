"""The audit log and the settings through a browser: filters, the chain's check, versions."""

import re
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation

from regulars.access import selectors as access
from regulars.access import services, tasks
from regulars.access.domain import Actor
from regulars.console.selectors import auditing
from regulars.loyalty import selectors as loyalty
from regulars.web import clock, sql
from tests.console.shop import Shop, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1")]
HOUSE = Actor.system()
PAGES = (
    "/console/audit",
    "/console/settings",
    "/console/settings/policy",
    "/console/settings/programme",
)


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


def text_of(browser: Client, path: str, status: int = 200) -> str:
    answer = browser.get(path)
    assert answer.status_code == status, (path, answer.status_code, answer.content[-900:])
    return answer.content.decode()


def rows_of(text: str) -> str:
    return text.partition("<tbody>")[2].partition("</tbody>")[0]


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text)
    assert found is not None, name
    return found[1]


class TestPages:
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    @pytest.mark.parametrize("path", PAGES)
    def test_are_drawn_in_both_languages(
        self, at: datetime, shop: Shop, path: str, language: str
    ) -> None:
        page = text_of(signed_in(at, language=language), path)

        assert f'lang="{"zh-Hans" if language == "zh-hans" else "en"}"' in page

    @pytest.mark.parametrize("path", PAGES)
    def test_are_closed_to_a_store_manager(self, at: datetime, shop: Shop, path: str) -> None:
        browser = signed_in(at, role="store_manager", scope="store:S01")

        assert browser.get(path).status_code == 403


class TestAudit:
    @pytest.mark.parametrize(
        ("language", "words"),
        [
            ("en", "Nobody changes their own roles, or switches their own account off."),
            ("zh-hans", "不能变更自己的角色，也不能停用自己的账号。"),
        ],
    )
    def test_says_reasons_in_words(
        self, at: datetime, shop: Shop, language: str, words: str
    ) -> None:
        owner = signed_in(at, language=language)
        me = access.find_staff(email="owner-all@example.com")
        assert me is not None
        owner.post(
            f"/console/staff/{me.public_id}/deactivate", {"step": "do", "act_id": str(uuid4())}
        )
        (entry,) = access.list_audit(action="staff.deactivated")

        listed = rows_of(text_of(owner, "/console/audit?action=staff.deactivated"))
        page = text_of(owner, f"/console/audit/{entry.id}")

        for shown in (listed, page):
            assert words in shown
            assert "access.own_access" in shown

    @pytest.mark.parametrize(
        ("code", "words"),
        [
            ("103", "Correcting a wrong entry"),
            ("find_fault", "Finding out why it was rejected"),
            ("members.read", "See members, masked"),
            ("wrong_password", "The password was wrong"),
            ("access.unknown_role", "There is no role “…”. Choose one of: …."),
            ("from.elsewhere", "from.elsewhere"),
        ],
    )
    def test_knows_the_words_of_a_reason(self, code: str, words: str) -> None:
        with translation.override("en"):
            assert auditing.reason_words(code) == words

    def test_is_narrowed_by_who_what_result_and_object(self, at: datetime, owner: Client) -> None:
        me = access.find_staff(email="owner-all@example.com")
        assert me is not None
        services.revoke_key(
            name=services.create_key(permissions=["points.read"], actor=HOUSE, at=at).key.name,
            actor=HOUSE,
            at=at,
        )
        owner.post(
            f"/console/staff/{me.public_id}/deactivate", {"step": "do", "act_id": str(uuid4())}
        )

        by_action = rows_of(text_of(owner, "/console/audit?action=key.revoked"))
        by_actor = rows_of(text_of(owner, f"/console/audit?actor=staff:{me.id}"))
        by_result = rows_of(text_of(owner, "/console/audit?result=refused"))
        by_object = rows_of(text_of(owner, f"/console/audit?object=staff:{me.public_id}"))
        by_day = rows_of(text_of(owner, "/console/audit?at_to=2020-01-01"))

        assert by_action.count("<tr") == 1
        assert "Regulars itself" in by_action
        assert "Account switched off" in by_actor
        assert "refused" in by_result
        assert "API key" not in by_result
        assert str(me.public_id) in by_object
        assert "<tr" not in by_day

    def test_makes_no_sense_of_nonsense(self, owner: Client) -> None:
        path = "/console/audit?actor=x&action='&result=maybe&object=nothing&at=never&size=7"

        assert "Audit log" in text_of(owner, path)

    def test_shows_one_entry_with_its_place_in_the_chain(self, at: datetime, owner: Client) -> None:
        services.change_policy(
            changes={"idle_minutes": 15}, actor=HOUSE, at=at, note="the board said so"
        )
        services.seal_audit(at + timedelta(minutes=1))
        [entry] = access.list_audit(action="policy.changed")

        page = text_of(owner, f"/console/audit/{entry.id}")
        opened = owner.post(f"/console/audit/{entry.id}/note", {"reason": "act_check"})

        assert "the board said so" not in page
        assert "the board said so" in opened.content.decode()
        assert "idle_minutes_before" in page
        assert "not sealed yet" not in page

    @pytest.mark.reliability("RH18")
    def test_opens_a_note_with_a_reason_and_on_record(self, at: datetime, owner: Client) -> None:
        services.change_policy(
            changes={"idle_minutes": 15}, actor=HOUSE, at=at, note="the board said so"
        )
        [entry] = access.list_audit(action="policy.changed")
        path = f"/console/audit/{entry.id}/note"

        idle = [owner.post(path, {"reason": reason}) for reason in ("", "because")]
        nothing = access.list_audit(action="audit.note_opened")
        opened = owner.post(path, {"reason": "act_check"})

        assert [each.status_code for each in idle] == [422, 422]
        assert nothing == []
        assert "the board said so" in opened.content.decode()
        assert f'content="30;url=/console/audit/{entry.id}"' in opened.content.decode()
        assert re.search(r"陈晨 · \d{4}-\d\d-\d\d \d\d:\d\d", opened.content.decode())
        [told] = access.list_audit(action="audit.note_opened")
        assert (told.object_kind, told.object_id) == ("audit_entry", str(entry.id))
        assert (told.reason_code, told.details) == ("act_check", {"about": "policy"})
        assert (
            owner.post(f"/console/audit/{told.id}/note", {"reason": "act_check"}).status_code == 302
        )

    @pytest.mark.reliability("RH17")
    @pytest.mark.parametrize(("role", "status"), [("administrator", 403), ("privacy_officer", 200)])
    def test_opens_a_note_about_a_member_to_who_may_reveal(
        self, at: datetime, shop: Shop, role: str, status: int
    ) -> None:
        services.audit(
            actor=HOUSE,
            action="points.adjusted",
            object_kind="member",
            object_id=str(shop.lin_public),
            at=at,
            note="她的猫叫团子",
        )
        [entry] = access.list_audit(action="points.adjusted")
        browser = signed_in(at, role=role)
        path = f"/console/audit/{entry.id}"

        page = text_of(browser, path)
        answer = browser.post(f"{path}/note", {"reason": "act_check"})

        assert "团子" not in page
        assert ("/note" in page) == (status == 200)
        assert answer.status_code == status
        assert ("团子" in answer.content.decode()) == (status == 200)
        told = access.list_audit(action="audit.note_opened")
        assert len(told) == (1 if status == 200 else 0)

    def test_an_entry_that_is_not_there(self, owner: Client) -> None:
        assert owner.get("/console/audit/999999999").status_code == 404

    @pytest.mark.reliability("RH18")
    def test_names_the_first_bad_place(self, at: datetime, owner: Client) -> None:
        services.seal_audit(at + timedelta(minutes=1))
        end = access.chain_end().seq
        sql.run(
            "INSERT INTO access_audit_seal (seq, entry_id, hash)"
            " VALUES (%s::bigint, -1, '\\x00'::bytea)",
            [end + 2],
        )

        work = services.ask_chain_check(actor=HOUSE, at=at)
        tasks.check_chain(str(work))

        page = text_of(owner, "/console/audit")
        assert f"The chain is broken at place {end + 1:,}: a seal is gone." in page
        assert [each.result for each in access.list_audit(action="audit.checked")] == ["failed"]

    def test_asks_as_little_for_fifty_entries_as_for_one(
        self, at: datetime, owner: Client, django_assert_max_num_queries: object
    ) -> None:
        for minutes in range(5, 60):
            services.change_policy(changes={"idle_minutes": minutes}, actor=HOUSE, at=at)

        with django_assert_max_num_queries(17):  # type: ignore[operator]
            text_of(owner, "/console/audit?size=50")

    def test_turns_pages(self, at: datetime, owner: Client) -> None:
        for minutes in range(5, 35):
            services.change_policy(changes={"idle_minutes": minutes}, actor=HOUSE, at=at)

        first = text_of(owner, "/console/audit?size=10&action=policy.changed")
        after = re.search(r"after=([\w-]+)", first)
        assert after is not None
        second = text_of(owner, f"/console/audit?size=10&action=policy.changed&after={after[1]}")

        assert rows_of(first) != rows_of(second)
        assert rows_of(second).count("<tr") == 10


class TestSettings:
    def said(self, page: str, **changes: str) -> dict[str, str]:
        names = re.findall(r'<(?:input|select)[^>]* name="([^"]+)"', page)
        values = {name: value_of(page, name) for name in names if name != "csrfmiddlewaretoken"}
        return {k: v for k, v in values.items() if v is not None} | {"note": "why not"} | changes

    def test_are_changed_as_a_version(self, at: datetime, owner: Client) -> None:
        page = text_of(owner, "/console/settings/policy")
        said = self.said(page, idle_minutes="15", limit_clerk="50") | {"step": "preview"}

        preview = owner.post("/console/settings/policy", said).content.decode()
        act = {"step": "do", "act_id": hidden(preview, "act_id")}
        answer = owner.post("/console/settings/policy", said | act)

        assert "less strict" in preview
        assert answer.status_code == 302
        policy = access.newest_policy()
        assert (policy.version, policy.idle_minutes) == (1, 15)
        assert policy.adjust_points_max["clerk"] == 50
        shown = text_of(owner, "/console/settings")
        assert "version 1" in shown
        assert "30 → 15" in shown

    @pytest.mark.reliability("RH6")
    def test_that_loosen_are_proposed(self, at: datetime, owner: Client) -> None:
        services.create_staff(email="2@example.com", role="owner", actor=HOUSE, at=at)
        page = text_of(owner, "/console/settings/policy")
        said = self.said(page, mode_export="never") | {"step": "do", "act_id": str(uuid4())}

        answer = owner.post("/console/settings/policy", said)

        [waiting] = access.list_approvals(at=clock.now(), waiting=True)
        assert answer["Location"] == f"/console/approvals/{waiting.public_id}"
        assert "Second person: Export" in text_of(owner, answer["Location"])
        assert access.newest_policy().version == 0

    def test_wrong_numbers_are_said_at_their_field(self, owner: Client) -> None:
        page = text_of(owner, "/console/settings/policy")

        answer = owner.post(
            "/console/settings/policy", self.said(page, idle_minutes="1") | {"step": "preview"}
        )

        assert answer.status_code == 422
        assert "Write at least 5." in answer.content.decode()

    def test_of_the_programme_are_changed_and_audited(self, at: datetime, owner: Client) -> None:
        before = loyalty.get_programme()
        said = {
            "pending_days": "10",
            "refund_policy": before.refund_policy.value,
            "zone": before.zone,
            "currency": before.currency,
            "step": "do",
            "act_id": str(uuid4()),
        }

        owner.post("/console/settings/programme", said)

        assert loyalty.get_programme().pending_days == 10
        [entry] = access.list_audit(action="programme.configured")
        assert entry.details == {"pending_days": 10, "pending_days_before": before.pending_days}

    def test_show_no_value_of_the_deployment(
        self, owner: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SECRET_KEY", "very-secret-canary")

        page = text_of(owner, "/console/settings")

        assert "SECRET_KEY" in page
        assert "very-secret-canary" not in page


def value_of(page: str, name: str) -> str | None:
    tag = re.search(
        rf'<(input|select)[^>]* name="{name}"[^>]*>(.*?)(?:</select>|$)', page, re.DOTALL
    )
    assert tag is not None
    if tag[1] == "select":
        chosen = re.search(r'<option value="([^"]*)" selected', tag[2])
        return chosen[1] if chosen else ""
    opening = tag[0].partition(">")[0]
    if 'type="checkbox"' in opening:
        return "on" if "checked" in opening else None
    found = re.search(r'value="([^"]*)"', opening)
    return found[1] if found else ""
