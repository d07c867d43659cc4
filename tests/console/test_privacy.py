"""The privacy desk: requests with due dates, the copy, the letters, the map of personal data."""

import io
import json
import zipfile
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from regulars.access import selectors as audit
from regulars.access.domain import Actor, Scope
from regulars.console import services
from regulars.console.services import packages
from regulars.members import services as members
from regulars.members.domain import PROFILE_FIELDS, MemberErased, MemberNotFound
from regulars.members.domain import requests as desk
from regulars.members.domain.requests import RequestKind, RequestState
from regulars.members.selectors import requests as selectors
from regulars.web import clock, notices, sql
from tests.console.shop import NAME, PHONE, open_shop, signed_in

SHANGHAI = ZoneInfo("Asia/Shanghai")
SYSTEM = Actor.system()


@pytest.fixture
def shop(committed_db, own_var):
    return open_shop(clock.now())


def opened(shop, kind=RequestKind.COPY, *, note="", at=None):
    return members.open_request(
        member_id=shop.lin, kind=kind, channel="store", note=note, scope=Scope.all(),
        actor=SYSTEM, at=at or clock.now(), tz=SHANGHAI,
    )  # fmt: skip


def said(request):
    return {
        "public_id": request.public_id,
        "scope": Scope.all(),
        "actor": SYSTEM,
        "at": clock.now(),
    }


def verified(shop, kind=RequestKind.COPY):
    request = opened(shop, kind)
    return members.check_requester(**said(request), how="document")


@pytest.mark.reliability("RG11")
class TestTheClock:
    @pytest.mark.parametrize(
        ("opened_on", "due_on"),
        [("2026-11-02", "2026-11-23"), ("2026-11-06", "2026-11-27"), ("2026-11-07", "2026-11-27")],
    )
    def test_due_after_fifteen_working_days(self, opened_on, due_on):
        at = datetime.fromisoformat(f"{opened_on}T10:00:00").replace(tzinfo=SHANGHAI)
        due = desk.due_after(at, days=15, tz=SHANGHAI)
        last = (due - timedelta(seconds=1)).astimezone(SHANGHAI)
        assert last.date().isoformat() == due_on

    def test_reminded_once_at_half_and_once_at_four_fifths(self, shop):
        officer = signed_in(shop.at, role="privacy_officer")
        del officer
        request = opened(shop)
        whole = request.due_at - request.opened_at
        told = []
        for share in (0.4, 0.51, 0.6, 0.79, 0.81, 0.9):
            told.append(services.remind_of_requests(at=request.opened_at + whole * share))
        assert told == [0, 1, 0, 0, 1, 0]
        (staff_id,) = sql.row("SELECT max(id) FROM access_staff")
        assert notices.count_unseen(f"staff:{staff_id}") == 2

    def test_many_are_reminded_at_once_each_with_its_own_words(self, shop):
        officer = signed_in(shop.at, role="privacy_officer")
        del officer
        (staff_id,) = sql.row("SELECT max(id) FROM access_staff")
        first = opened(shop)
        whole = first.due_at - first.opened_at
        with CaptureQueriesContext(connection) as one:
            assert services.remind_of_requests(at=first.opened_at + whole * 0.55) == 1
        late = opened(shop, RequestKind.CORRECT)
        members.assign_request(**said(late), staff_id=staff_id)
        fresh = opened(shop, RequestKind.PORT, at=first.opened_at + whole * 0.3)
        at = first.opened_at + whole * 0.85
        with CaptureQueriesContext(connection) as many:
            assert services.remind_of_requests(at=at) == 3

        assert len(many) == len(one)
        told, _ = notices.list_notices(owner=f"staff:{staff_id}")
        newest = {each.facts["mark"]: (each.facts["share"], each.href) for each in told[:3]}
        assert newest == {
            each.mark: (each.used(at), f"/console/privacy/{each.public_id}")
            for each in (first, late, fresh)
        }
        words = {
            each.mark: [step.word for step in selectors.list_steps(request_id=each.id)][-1]
            for each in (first, late, fresh)
        }
        assert words == {first.mark: "80", late.mark: "80", fresh.mark: "50"}

    def test_those_warned_twice_leave_room_for_others(self, shop):
        warned = opened(shop)
        whole = warned.due_at - warned.opened_at
        services.remind_of_requests(at=warned.opened_at + whole * 0.85)
        later = opened(shop, RequestKind.PORT, at=warned.opened_at + whole * 0.4)

        at = later.opened_at + (later.due_at - later.opened_at) * 0.6
        found = selectors.list_unwarned(at=at, limit=1)

        assert [each.id for each in found] == [later.id]

    def test_late_and_closed_late_stay_late(self, shop):
        request = opened(shop)
        assert not request.is_late(request.due_at)
        assert request.is_late(request.due_at + timedelta(seconds=1))
        assert request.used(request.due_at) == 100


class TestAnswering:
    def test_nothing_leaves_before_it_is_clear_who_asks(self, shop):
        request = opened(shop)
        with pytest.raises(desk.RequestNotVerified):
            services.make_package(**said(request))
        with pytest.raises(desk.RequestNotVerified):
            members.answer_request(**said(request))

    def test_withdrawing_needs_no_check(self, shop):
        request = opened(shop, RequestKind.WITHDRAW)
        assert members.answer_request(**said(request)).state is RequestState.DONE

    def test_a_copy_must_be_made_before_it_is_answered(self, shop):
        request = verified(shop)
        with pytest.raises(desk.RequestNotDone):
            members.answer_request(**said(request))
        services.make_package(**said(request))
        assert members.answer_request(**said(request)).is_closed

    def test_deleting_is_answered_when_the_person_is_gone(self, shop):
        request = verified(shop, RequestKind.DELETE)
        with pytest.raises(desk.RequestNotDone):
            members.answer_request(**said(request))
        members.erase(member_id=shop.lin, at=clock.now(), actor=SYSTEM, reason_code="request")
        assert members.answer_request(**said(request)).state is RequestState.DONE

    def test_what_is_closed_stays_closed(self, shop):
        request = opened(shop)
        members.refuse_request(**said(request), because="identity")
        for act in (members.answer_request, members.cancel_request, services.make_package):
            with pytest.raises(desk.RequestClosed):
                act(**said(request))

    def test_the_same_request_is_taken_once(self, shop):
        first = opened(shop)
        with pytest.raises(desk.RequestAlreadyOpen):
            opened(shop)
        members.cancel_request(**said(first))
        opened(shop)

    def test_words_come_from_their_lists(self, shop):
        request = opened(shop)
        with pytest.raises(desk.RequestWordUnknown):
            members.check_requester(**said(request), how="a hunch")
        with pytest.raises(desk.RequestWordUnknown):
            members.refuse_request(**said(request), because="no time")

    def test_the_erased_and_the_unseen_cannot_ask(self, shop):
        narrow = Scope(store_ids=(shop.store_ids["S02"],))
        with pytest.raises(MemberNotFound):
            members.open_request(
                member_id=shop.lin, kind=RequestKind.COPY, channel="store", note="",
                scope=narrow, actor=SYSTEM, at=clock.now(), tz=SHANGHAI,
            )  # fmt: skip
        with pytest.raises(desk.RequestNotFound):
            selectors.get_request(public_id=opened(shop).public_id, scope=narrow)
        members.erase(member_id=shop.wang, at=clock.now(), actor=SYSTEM, reason_code="request")
        with pytest.raises(MemberErased):
            members.open_request(
                member_id=shop.wang, kind=RequestKind.COPY, channel="store", note="",
                scope=Scope.all(), actor=SYSTEM, at=clock.now(), tz=SHANGHAI,
            )  # fmt: skip

    def test_every_step_is_kept_and_cannot_be_changed(self, shop):
        request = verified(shop)
        services.make_package(**said(request))
        steps = [step.step.value for step in selectors.list_steps(request_id=request.id)]
        assert steps == ["opened", "verified", "packaged"]
        with pytest.raises(Exception, match="permission denied"):
            sql.run("UPDATE members_privacystep SET word = 'x'")

    def test_the_note_goes_with_the_person(self, shop):
        request = opened(shop, note=f"{NAME} came in with a card")
        assert selectors.read_note(request=request).startswith(NAME)
        sealed = sql.row("SELECT note FROM members_privacyrequest")[0]
        assert NAME.encode() not in bytes(sealed)
        members.erase(member_id=shop.lin, at=clock.now(), actor=SYSTEM, reason_code="request")
        assert selectors.read_note(request=request) == ""


@pytest.mark.reliability("RG4")
class TestTheCopy:
    @pytest.fixture
    def copy(self, shop):
        request = services.make_package(**said(verified(shop)))
        data = services.read_package(request=request, actor=SYSTEM, at=clock.now())
        assert data is not None
        return zipfile.ZipFile(io.BytesIO(data))

    def test_holds_everything_of_the_person_and_nobody_else(self, shop, copy):
        found = json.loads(copy.read("data.json"))["data"]
        profile = {line["name"] for line in found["profile"]}
        assert profile <= {field.name for field in PROFILE_FIELDS}
        assert {line["value"] for line in found["profile"]} >= {NAME, "1990-05-01", "上海"}
        assert {line["value"] for line in found["identities"]} >= {f"+86{PHONE}", "C20230001"}
        assert len(found["orders"]) == 9
        assert {line["value"] for line in found["tags"]} >= {"无糖", "周末常客"} or found["tags"]
        assert found["points"]
        assert found["tiers"]
        assert "王伟" not in copy.read("data.csv").decode("utf-8-sig")

    def test_says_the_same_as_json_and_as_csv(self, copy):
        found = json.loads(copy.read("data.json"))["data"]
        lines = copy.read("data.csv").decode("utf-8-sig").splitlines()
        assert len(lines) - 1 == sum(len(section) for section in found.values())

    def test_comes_with_the_letter_in_both_languages(self, copy):
        assert "副本" in copy.read("letter.zh-hans.txt").decode()
        assert "copy of your data" in copy.read("letter.en.txt").decode()

    def test_lies_sealed_and_goes_after_its_days(self, shop):
        request = services.make_package(**said(verified(shop)))
        (file,) = packages._path(request.public_id).parent.iterdir()
        assert NAME.encode() not in file.read_bytes()
        assert PHONE.encode() not in file.read_bytes()
        over = clock.now() + timedelta(days=7)
        assert services.read_package(request=request, actor=SYSTEM, at=over) is None
        assert services.drop_over_packages(at=over) == 1
        assert not file.exists()

    def test_of_somebody_erased_meanwhile_was_never_made(self, shop, monkeypatch):
        request = verified(shop)

        def gone(**_):
            raise MemberErased(member_id=shop.lin)

        monkeypatch.setattr(packages, "collect", gone)
        with pytest.raises(MemberErased):
            services.make_package(**said(request))

        found = selectors.get_request(public_id=request.public_id, scope=Scope.all())
        assert (found.packaged_at, found.package_until) == (None, None)

    def test_goes_with_the_person(self, shop):
        request = services.make_package(**said(verified(shop)))
        members.erase(member_id=shop.lin, at=clock.now(), actor=SYSTEM, reason_code="request")
        found = selectors.get_request(public_id=request.public_id, scope=Scope.all())
        assert not found.has_package(clock.now())
        assert list(packages._path(request.public_id).parent.iterdir()) == []


class TestPages:
    def test_a_request_from_beginning_to_end(self, shop):
        browser = signed_in(shop.at, role="privacy_officer")
        taken = browser.post(
            reverse("console-privacy-new"),
            {"member": PHONE, "kind": "copy", "channel": "store", "note": "wants all of it"},
        )
        assert taken.status_code == 302
        page = browser.get(taken.url).content.decode()
        assert "First: who is asking?" in page
        assert "wants all of it" not in page
        public_id = taken.url.rsplit("/", 1)[1]

        def post(name, **fields):
            return browser.post(reverse(f"console-privacy-{name}", args=[public_id]), fields)

        assert "wants all of it" in post("note", reason="member_request").content.decode()
        assert post("package").status_code == 409
        assert post("check", how="phone_code").status_code == 302
        assert post("take").status_code == 302
        assert sql.row(
            "SELECT count(*) FROM access_audit_entry WHERE action = 'privacy.assign'"
        ) == (1,)
        assert post("package").status_code == 302
        copy = browser.get(reverse("console-privacy-copy", args=[public_id]))
        assert copy["Content-Disposition"].startswith("attachment")
        assert post("close", how="answer").status_code == 302
        closed = browser.get(taken.url).content.decode()
        assert "answered" in closed
        letter = browser.get(reverse("console-privacy-letter", args=[public_id, "zh-hans"]))
        assert "个人信息请求" in letter.content.decode()
        listed = browser.get(reverse("console-privacy")).content.decode()
        assert public_id in listed

    @pytest.mark.reliability("RG4")
    def test_what_was_said_is_opened_with_a_reason_and_on_record(self, shop):
        browser = signed_in(shop.at, role="privacy_officer", language="zh-hans")
        request = opened(shop, note=f"{NAME} 带着卡来了")
        empty = opened(shop, RequestKind.CORRECT)
        page = reverse("console-privacy-request", args=[request.public_id])
        place = reverse("console-privacy-note", args=[request.public_id])

        def told():
            return audit.list_audit(action="privacy.note_opened")

        assert NAME not in browser.get(page).content.decode()
        assert [browser.post(place, {"reason": each}).status_code for each in ("", "x")] == [
            422
        ] * 2
        assert told() == []
        shown = browser.post(place, {"reason": "member_request"}).content.decode()
        assert f"{NAME} 带着卡来了" in shown
        assert f'content="30;url={page}"' in shown
        (entry,) = told()
        assert (entry.object_id, entry.reason_code) == (str(request.public_id), "member_request")
        assert NAME not in browser.get(page).content.decode()
        nothing = reverse("console-privacy-note", args=[empty.public_id])
        assert browser.post(nothing, {"reason": "member_request"}).status_code == 302
        members.erase(member_id=shop.lin, at=clock.now(), actor=SYSTEM, reason_code="request")
        assert browser.post(place, {"reason": "member_request"}).status_code == 302
        assert len(told()) == 1

    def test_nobody_is_found_by_a_wrong_number(self, shop):
        answer = signed_in(shop.at).post(
            reverse("console-privacy-new"),
            {"member": "13000000000", "kind": "copy", "channel": "store"},
        )
        assert answer.status_code == 422

    @pytest.mark.parametrize("role", ["clerk", "store_manager"])
    def test_is_not_for_the_counter(self, shop, role):
        browser = signed_in(shop.at, role=role, scope="store:S01")
        public_id = opened(shop).public_id
        for name, args in (
            ("console-privacy", []),
            ("console-privacy-new", []),
            ("console-privacy-request", [public_id]),
            ("console-privacy-copy", [public_id]),
            ("console-fields", []),
        ):
            assert browser.get(reverse(name, args=args)).status_code == 403

    def test_the_list_costs_the_same_for_many(self, shop, django_assert_max_num_queries):
        browser = signed_in(shop.at)
        for kind in RequestKind:
            opened(shop, kind)
        with django_assert_max_num_queries(17):
            page = browser.get(reverse("console-privacy", query={"open": "1"}))
        assert page.status_code == 200

    @pytest.mark.capability("A5")
    @pytest.mark.parametrize("language", ["en", "zh-hans"])
    def test_the_map_names_every_field_with_its_use(self, shop, language):
        page = signed_in(shop.at, language=language).get(reverse("console-fields"))
        text = page.content.decode()
        assert all(f"<code>{field.name}</code>" in text for field in PROFILE_FIELDS)
        assert "members_identity.lookup" in text
