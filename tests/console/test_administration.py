"""Staff, roles, keys and approvals through a browser: who sees them, what their buttons do."""

import re
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from regulars.access import selectors as access
from regulars.access import services
from regulars.access.domain import ROLES, Actor, Approval, ApprovalState
from regulars.console.domain.roles import WIDTHS
from regulars.ledger import selectors as points
from regulars.ledger import services as ledger
from regulars.web import clock
from tests.console.shop import PHONE, Shop, open_shop, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H1"), pytest.mark.capability("G1")]
HOUSE = Actor.system()


@pytest.fixture(autouse=True)
def _forget_figures() -> None:
    cache.clear()
    services.forget_keys()


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


def actor_named(email: str, at: datetime) -> Actor:
    staff = access.find_staff(email=email)
    assert staff is not None
    found = services.find_actor(staff_id=staff.id, at=at)
    assert found is not None
    return found


def somebody(at: datetime, name: str, *, role: str, scope: str = "all") -> Actor:
    services.create_staff(
        email=f"{name}@example.com", name=name, role=role, scope=scope, actor=HOUSE, at=at
    )
    return actor_named(f"{name}@example.com", at)


def a_proposal(shop: Shop, at: datetime, maker: Actor, amount: int = 60_000) -> Approval:
    made = ledger.correct_points(
        transfer_id=uuid4(),
        member_id=shop.lin,
        amount=amount,
        reason_code=3,
        actor=maker,
        at=at,
        note="the till broke",
    )
    assert isinstance(made, Approval)
    return made


def hidden(text: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]+)"', text)
    assert found is not None, name
    return found[1]


PAGES = (
    "/console/approvals",
    "/console/approvals?show=mine",
    "/console/approvals?show=decided",
    "/console/staff",
    "/console/staff/new",
    "/console/roles",
    "/console/keys",
    "/console/keys/new",
    "/console/roles/new",
)


class TestPages:
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    @pytest.mark.parametrize("path", PAGES)
    def test_are_drawn_in_both_languages(
        self, at: datetime, shop: Shop, path: str, language: str
    ) -> None:
        page = text_of(signed_in(at, language=language), path)

        assert f'lang="{"zh-Hans" if language == "zh-hans" else "en"}"' in page

    @pytest.mark.parametrize("path", PAGES[3:])
    def test_are_closed_to_a_store_manager(self, at: datetime, shop: Shop, path: str) -> None:
        browser = signed_in(at, role="store_manager", scope="store:S01")

        assert browser.get(path).status_code == 403

    @pytest.mark.reliability("RH4")
    def test_a_change_without_the_permission_is_audited(self, at: datetime, shop: Shop) -> None:
        browser = signed_in(at, role="clerk", scope="store:S01")
        me = access.find_staff(email="clerk-store-s01@example.com")
        assert me is not None

        answer = browser.post(
            f"/console/staff/{me.public_id}/grant",
            {"role": "owner", "scope": "all", "step": "do", "act_id": str(uuid4())},
        )

        assert answer.status_code == 403
        [entry] = access.list_audit(action="permission.missing")
        assert (entry.actor_id, entry.result, entry.reason_code) == (
            me.id,
            "refused",
            "staff.manage",
        )


class TestApprovals:
    def test_wait_for_those_who_may_decide(self, at: datetime, shop: Shop, owner: Client) -> None:
        maker = somebody(at, "maker", role="operations")
        proposed = a_proposal(shop, at, maker)

        inbox = text_of(owner, "/console/approvals")
        page = text_of(owner, f"/console/approvals/{proposed.public_id}")

        assert "Correct points" in inbox
        assert "maker" in inbox
        assert "+60,000" in page
        assert "the till broke" in page
        assert "林**" in page
        assert PHONE not in page
        assert "Approve and do it" in page

    def test_are_done_when_a_second_person_says_yes(
        self, at: datetime, shop: Shop, owner: Client
    ) -> None:
        before = points.get_balance(member_id=shop.lin, at=at).available
        proposed = a_proposal(shop, at, somebody(at, "maker", role="operations"))
        path = f"/console/approvals/{proposed.public_id}"
        page = text_of(owner, path)
        said = {
            "verdict": "approve",
            "note": "seen",
            "seen": hidden(page, "seen"),
            "act_id": hidden(page, "act_id"),
        }

        answers = [owner.post(f"{path}/decide", said) for _ in range(2)]

        assert [each.status_code for each in answers] == [302, 302]
        settled = access.get_approval(public_id=proposed.public_id)
        assert settled.state is ApprovalState.EXECUTED
        assert points.get_balance(member_id=shop.lin, at=clock.now()).available == before + 60_000
        assert "Approved and done" in text_of(owner, path)

    @pytest.mark.reliability("RH6")
    def test_are_not_decided_by_their_maker(self, at: datetime, shop: Shop, owner: Client) -> None:
        somebody(at, "second", role="owner")
        me = actor_named("owner-all@example.com", at)
        proposed = a_proposal(shop, at, me, amount=150_000)
        path = f"/console/approvals/{proposed.public_id}"
        page = text_of(owner, path)

        answer = owner.post(
            f"{path}/decide",
            {
                "verdict": "approve",
                "note": "",
                "seen": proposed.payload_hash.hex(),
                "act_id": str(uuid4()),
            },
        )

        assert "Approve and do it" not in page
        assert "second" in page
        assert answer.status_code == 422
        assert access.get_approval(public_id=proposed.public_id).state is ApprovalState.WAITING
        refused = [e for e in access.list_audit(action="approval.decided") if e.actor_id == me.id]
        assert [each.reason_code for each in refused] == ["access.own_approval"]

    def test_a_rejection_needs_a_word(self, at: datetime, shop: Shop, owner: Client) -> None:
        proposed = a_proposal(shop, at, somebody(at, "maker", role="operations"))
        path = f"/console/approvals/{proposed.public_id}/decide"
        said = {
            "verdict": "reject",
            "seen": proposed.payload_hash.hex(),
            "act_id": str(uuid4()),
        }

        silent = owner.post(path, said | {"note": ""})
        said_why = owner.post(path, said | {"note": "no slip"})

        assert (silent.status_code, said_why.status_code) == (422, 302)
        assert access.get_approval(public_id=proposed.public_id).state is ApprovalState.REJECTED

    def test_are_withdrawn_by_their_maker(self, at: datetime, shop: Shop, owner: Client) -> None:
        somebody(at, "second", role="owner")
        me = actor_named("owner-all@example.com", at)
        proposed = a_proposal(shop, at, me, amount=150_000)

        owner.post(f"/console/approvals/{proposed.public_id}/withdraw")

        assert access.get_approval(public_id=proposed.public_id).state is ApprovalState.WITHDRAWN
        assert "Withdrawn" in text_of(owner, "/console/approvals?show=mine")

    @pytest.mark.reliability("RH1")
    def test_beyond_reach_they_are_not_there(self, at: datetime, shop: Shop) -> None:
        somebody(at, "second", role="owner")
        proposed = a_proposal(shop, at, somebody(at, "maker", role="operations"))
        manager = signed_in(at, role="store_manager", scope="store:S02")

        assert manager.get(f"/console/approvals/{proposed.public_id}").status_code == 404
        listed = text_of(manager, "/console/approvals?show=decided")
        assert str(proposed.public_id) not in listed


class TestStaff:
    def test_shows_what_somebody_may_do_and_why(self, at: datetime, owner: Client) -> None:
        clerk = somebody(at, "clara", role="clerk", scope="store:S01")
        found = access.get_staff(staff_id=clerk.id)

        page = text_of(owner, f"/console/staff/{found.public_id}")

        assert "Spend and hold points" in page
        assert "Store S01" in page

    def test_is_invited_by_a_link_that_is_shown_once(self, at: datetime, owner: Client) -> None:
        said = {
            "email": "new@example.com",
            "name": "新同事",
            "code": "",
            "language": "zh-hans",
            "role": "clerk",
            "scope": "store:S01",
            "act_id": str(uuid4()),
        }

        first = owner.post("/console/staff/new", said).content.decode()
        second = owner.post("/console/staff/new", said).content.decode()

        assert "/sign-in/" in first
        assert "/sign-in/" not in second
        made = access.find_staff(email="new@example.com")
        assert made is not None
        assert [grant.role for grant in made.grants] == ["clerk"]

    @pytest.mark.reliability("RH6")
    def test_a_strong_first_role_waits(self, at: datetime, owner: Client) -> None:
        somebody(at, "second", role="owner")

        owner.post(
            "/console/staff/new",
            {
                "email": "boss@example.com",
                "name": "Boss",
                "language": "en",
                "role": "operations",
                "scope": "all",
                "act_id": str(uuid4()),
            },
        )

        made = access.find_staff(email="boss@example.com")
        assert made is not None
        assert made.grants == ()
        [waiting] = access.list_approvals(at=clock.now(), waiting=True)
        assert (waiting.kind, waiting.object_id) == ("role.grant", str(made.public_id))

    def test_gets_and_loses_a_role(self, at: datetime, owner: Client) -> None:
        clerk = access.get_staff(staff_id=somebody(at, "c", role="clerk", scope="store:S01").id)
        path = f"/console/staff/{clerk.public_id}"
        said = {"role": "clerk", "scope": "store:S02", "until": "", "note": ""}

        preview = owner.post(f"{path}/grant", said | {"step": "preview"}).content.decode()
        owner.post(f"{path}/grant", said | {"step": "do", "act_id": hidden(preview, "act_id")})
        given = access.get_staff(staff_id=clerk.id).grants
        owner.post(
            f"{path}/revoke?role=clerk&scope=store:S01", {"step": "do", "act_id": str(uuid4())}
        )

        assert "Give c the role Clerk" in preview
        assert [grant.scope for grant in given] == ["store:S01", "store:S02"]
        assert [g.scope for g in access.get_staff(staff_id=clerk.id).grants] == ["store:S02"]

    @pytest.mark.parametrize(
        ("act", "action"),
        [
            ("deactivate", "staff.deactivated"),
            ("activate", "staff.activated"),
            ("sessions", "staff.sessions_reset"),
            ("link", "staff.sign_in_link_issued"),
        ],
    )
    def test_is_switched_and_signed_out(
        self, at: datetime, owner: Client, act: str, action: str
    ) -> None:
        clerk = access.get_staff(staff_id=somebody(at, "c", role="clerk", scope="store:S01").id)
        path = f"/console/staff/{clerk.public_id}/{act}"

        asked = text_of(owner, path)
        owner.post(path, {"step": "do", "act_id": str(uuid4())})

        assert "act_id" in asked
        [entry] = access.list_audit(action=action)
        assert entry.object_id == str(clerk.public_id)

    @pytest.mark.reliability("RH4")
    def test_nobody_changes_their_own_account(self, at: datetime, owner: Client) -> None:
        me = access.find_staff(email="owner-all@example.com")
        assert me is not None

        answer = owner.post(
            f"/console/staff/{me.public_id}/deactivate", {"step": "do", "act_id": str(uuid4())}
        )

        assert answer.status_code == 403
        [entry] = access.list_audit(action="staff.deactivated")
        assert (entry.result, entry.reason_code) == ("refused", "access.own_access")


class TestRoles:
    @pytest.mark.parametrize(("language", "comma"), [("en", ", "), ("zh-hans", "、")])
    def test_are_listed_as_the_language_lists(
        self, at: datetime, shop: Shop, language: str, comma: str
    ) -> None:
        owner = signed_in(at, language=language)
        clerk = signed_in(at, role="clerk", scope="store:S01", language=language)
        with translation.override(language):
            clerk_widths = comma.join(gettext(WIDTHS[each]) for each in ("store", "own"))
            auditors = comma.join(
                gettext(ROLES[each].title)
                for each in ("privacy_officer", "administrator", "audit_administrator", "owner")
            )

        assert f"<td>{clerk_widths}</td>" in text_of(owner, "/console/roles")
        assert auditors in clerk.get("/console/audit").content.decode()

    def test_of_the_house_are_made_given_and_retired(self, at: datetime, owner: Client) -> None:
        said = {"name": "贵宾服务台", "permissions": ["members.read"], "scopes": ["store"]}

        preview = owner.post("/console/roles/new", said | {"step": "preview"}).content.decode()
        act = {"step": "do", "act_id": hidden(preview, "act_id")}
        owner.post("/console/roles/new", said | act)
        desk = somebody(at, "desk", role="贵宾服务台", scope="store:S01")
        staff = access.get_staff(staff_id=desk.id)
        matrix, page = (
            text_of(owner, path) for path in ("/console/roles", f"/console/staff/{staff.public_id}")
        )
        listed = text_of(owner, "/console/staff?role=贵宾服务台")
        asked = text_of(owner, "/console/roles/retire?role=贵宾服务台")
        owner.post("/console/roles/retire?role=贵宾服务台", {"step": "do", "act_id": str(uuid4())})

        assert "Make the role “贵宾服务台”" in preview
        assert "贵宾服务台" in matrix
        assert "See members, masked" in page
        assert "desk" in listed
        assert "Retire the role" in asked
        assert access.get_staff(staff_id=desk.id).grants == ()
        assert owner.get("/console/roles/retire?role=owner").status_code == 422

    def test_wrong_ones_are_said_in_the_form(self, owner: Client) -> None:
        said = {"name": "owner", "permissions": ["members.read"], "scopes": ["all"]}

        answer = owner.post("/console/roles/new", said | {"step": "preview"})

        assert answer.status_code == 422
        assert "no other role has" in answer.content.decode()


class TestKeys:
    SAID = {
        "title": "till",
        "permissions": ["points.read"],
        "store": "S01",
        "networks": "203.0.113.0/24",
        "days": "30",
        "note": "",
    }

    def test_secret_is_shown_once(self, at: datetime, owner: Client) -> None:
        preview = owner.post("/console/keys/new", self.SAID | {"step": "preview"})
        act_id = hidden(preview.content.decode(), "act_id")
        first, second = (
            owner.post("/console/keys/new", self.SAID | {"step": "do", "act_id": act_id})
            for _ in range(2)
        )

        [key] = access.list_keys()
        assert f"rg_live_{key.name}_" in first.content.decode()
        assert "rg_live_" not in second.content.decode()
        assert "no-store" in first["Cache-Control"]
        assert key.expires_at - key.created_at == timedelta(days=30)
        assert key.networks == ("203.0.113.0/24",)
        assert "rg_live_" in text_of(owner, f"/console/keys/{key.name}")

    @pytest.mark.reliability("RH6")
    def test_waits_for_a_second_person_and_is_fetched_by_its_maker(
        self, at: datetime, owner: Client
    ) -> None:
        second = somebody(at, "second", role="owner")
        owner.post("/console/keys/new", self.SAID | {"step": "do", "act_id": str(uuid4())})
        [waiting] = access.list_approvals(at=clock.now(), waiting=True)
        services.approvals.decide(
            approval_id=waiting.public_id, checker=second, approve=True, at=clock.now()
        )
        [key] = access.list_keys()
        page = text_of(owner, f"/console/approvals/{waiting.public_id}")
        path = f"/console/keys/{key.name}/collect"
        act_id = hidden(text_of(owner, path), "act_id")

        shown = owner.post(path, {"step": "do", "act_id": act_id}).content.decode()

        assert path in page
        assert f"rg_live_{key.name}_" in shown
        assert owner.get(path).status_code == 409

    def test_wrong_input_is_said_at_its_field(self, at: datetime, owner: Client) -> None:
        answer = owner.post("/console/keys/new", self.SAID | {"days": "0", "step": "preview"})

        assert answer.status_code == 422
        assert "Write at least 1." in answer.content.decode()

    def test_is_exchanged_and_revoked(self, at: datetime, owner: Client) -> None:
        made = services.create_key(permissions=["points.read"], title="till", actor=HOUSE, at=at)
        path = f"/console/keys/{made.key.name}"

        new = owner.post(f"{path}/rotate", {"step": "do", "act_id": str(uuid4())})
        gone = owner.post(f"{path}/revoke", {"step": "do", "act_id": str(uuid4())})

        assert "rg_live_" in new.content.decode()
        assert gone.status_code == 302
        assert access.get_key(name=made.key.name).revoked_at is not None
        assert "Revoked" in text_of(owner, "/console/keys?state=revoked")


class TestQueries:
    def test_are_as_many_for_fifty_rows_as_for_one(
        self, at: datetime, shop: Shop, owner: Client, django_assert_max_num_queries: object
    ) -> None:
        maker = somebody(at, "maker", role="operations")
        for amount in range(60_000, 60_050):
            a_proposal(shop, at, maker, amount=amount)
            services.create_key(permissions=["points.read"], actor=HOUSE, at=at)

        for path in ("/console/approvals?size=50", "/console/keys?size=50", "/console/staff"):
            with django_assert_max_num_queries(17):  # type: ignore[operator]
                text_of(owner, path)
