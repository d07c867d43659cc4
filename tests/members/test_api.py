"""Members through HTTP, as the till, the console and a web shop would call."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from regulars.access import services as access
from regulars.access.domain import Actor, StoreRow
from regulars.members.domain import Identity, IdentityKind
from regulars.web import clock, sql
from tests.members.people import a_member_row, phone

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


class Api:
    """A caller with an API key."""

    def __init__(self, *permissions: str, store: str | None = None) -> None:
        at = clock.now()
        if store:
            access.record_stores([StoreRow(row=0, code=store, name=store)], at=at)
        made = access.create_key(
            permissions=list(permissions) or ["all"], actor=SYSTEM, at=at, store=store
        )
        self.headers = {"Authorization": f"Bearer {made.text}"}
        self.client = Client()

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        headers = self.headers | {"Idempotency-Key": key or uuid4().hex}
        return self.client.generic(
            method,
            f"/api/v1{path}",
            data=b"" if body is None else __import__("orjson").dumps(body),
            content_type="application/json",
            headers=headers,
        )

    def post(self, path: str, body: Any, *, key: str | None = None) -> Any:
        return self.send("POST", path, body, key=key)

    def get(self, path: str) -> Any:
        return self.send("GET", path)


@pytest.fixture
def api() -> Api:
    return Api()


def enrol(api: Api, number: int = 0, **more: Any) -> str:
    answer = api.post("/members", {"phone": f"138{number:08d}", **more})
    assert answer.status_code in {200, 201}, answer.content
    return str(answer.json()["id"])


@pytest.mark.capability("A7")
class TestEnrol:
    def test_enrols_then_finds(self, api: Api) -> None:
        first = api.post("/members", {"phone": "138 0013 8000", "name": "林小满"})
        second = api.post("/members", {"phone": "13800138000", "email": "lin@example.com"})

        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["id"] == second.json()["id"]
        assert second.json()["outcome"] == "linked"

    def test_the_same_key_enrols_once(self, api: Api) -> None:
        body = {"phone": "13800138000"}

        replies = [api.post("/members", body, key="once").json() for _ in range(2)]
        other = api.post("/members", {"phone": "13800138001"}, key="once")

        assert replies[0] == replies[1]
        assert other.status_code == 409

    def test_the_stored_reply_holds_nothing_personal(self, api: Api) -> None:
        api.post("/members", {"phone": "13800138000", "name": "Canary"}, key="once")

        stored = sql.row("SELECT result::text FROM web_idempotency")

        assert stored is not None
        assert "13800138000" not in stored[0]
        assert "Canary" not in stored[0]

    @pytest.mark.reliability("RH5")
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("joined_at", "2026-01-01T00:00:00"),  # no offset: whose time?
            ("joined_at", "0001-01-01T00:00:00+14:00"),
            ("home_store", "S\0"),
            ("name", "林\0"),
        ],
    )
    def test_refuses_what_no_column_can_hold(self, api: Api, field: str, value: str) -> None:
        answer = api.post("/members", {"phone": "13800138000", field: value})

        assert answer.status_code == 422

    @pytest.mark.reliability("RH5")
    @pytest.mark.parametrize("field", ["status", "id", "number", "survivor_id", "points", "tier"])
    def test_refuses_fields_that_are_not_declared(self, api: Api, field: str) -> None:
        answer = api.post("/members", {"phone": "13800138000", field: "1"})

        assert answer.status_code == 422

    @pytest.mark.parametrize(
        ("body", "code"),
        [
            ({}, "members.nothing_to_recognise"),
            ({"phone": "138****8000"}, "members.identity_masked"),
            ({"phone": "42"}, "members.identity_invalid"),
            ({"phone": "13800138000", "birthday": "soon"}, "members.field_invalid"),
        ],
    )
    def test_says_what_is_wrong(self, api: Api, body: Any, code: str) -> None:
        answer = api.post("/members", body)

        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert "138" not in answer.content.decode()


@pytest.mark.capability("A3")
class TestRead:
    def test_shows_masked(self, api: Api) -> None:
        member = enrol(api, 8000, name="林小满", birthday="1990-05-01", tags=["tea"])

        shown = api.get(f"/members/{member}").json()

        assert shown["profile"] == {"name": "林**", "birthday": "****-05-01"}
        assert shown["identities"][0]["value"] == "138****8000"
        assert shown["tags"][0]["tag"] == "tea"

    def test_looks_up_exactly_and_writes_it_down(self, api: Api) -> None:
        member = enrol(api, 1)

        found = api.post("/members:lookup", {"phone": "13800000001"})
        nobody = api.post("/members:lookup", {"phone": "13800000002"})
        both = api.post("/members:lookup", {"phone": "13800000001", "email": "a@example.com"})

        assert (found.status_code, found.json()["id"]) == (200, member)
        assert (nobody.status_code, both.status_code) == (404, 422)
        entries = sql.rows(
            "SELECT object_id, result, details::text FROM access_audit_entry"
            " WHERE action = 'members.lookup' ORDER BY id"
        )
        assert [row[:2] for row in entries] == [(member, "ok"), ("", "refused")]
        assert "138" not in "".join(row[2] for row in entries)

    def test_searches_and_turns_pages(self, api: Api) -> None:
        members = {enrol(api, number, name="林小满") for number in range(3)}

        first = api.post("/members:search", {"surname": "林", "limit": 2}).json()
        second = api.post(
            "/members:search", {"surname": "林", "limit": 2, "cursor": first["next_cursor"]}
        ).json()

        assert {row["id"] for row in first["items"] + second["items"]} == members
        assert second["next_cursor"] is None

    def test_refuses_a_cursor_of_somebody_else(self, api: Api) -> None:
        assert api.get("/members?cursor=bm9uZQ").status_code == 422
        assert api.get("/members?cursor=WyJ4Il0").status_code == 422

    def test_tells_the_timeline_without_inner_facts(self, api: Api) -> None:
        winner, loser = enrol(api, 1), enrol(api, 2)
        api.post(f"/members/{winner}/merge", {"loser": loser})

        page = api.get(f"/members/{winner}/timeline?limit=2").json()
        rest = api.get(f"/members/{winner}/timeline?cursor={page['next_cursor']}").json()

        types = [event["type"] for event in page["items"] + rest["items"]]
        assert types == ["member.merged", "member.enrolled", "member.enrolled"]
        assert page["items"][0]["facts"] == {}


@pytest.mark.reliability("RH1")
class TestScope:
    def test_a_store_sees_its_own_members_only(self) -> None:
        here, there = Api(store="S01"), Api(store="S02")
        mine, theirs = enrol(here, 1), enrol(there, 2)

        assert [row["id"] for row in here.get("/members").json()["items"]] == [mine]
        assert here.get(f"/members/{mine}").json()["home_store"] == "S01"
        for method, path, body in (
            ("GET", "", None),
            ("GET", "/timeline", None),
            ("PATCH", "", {"name": "x"}),
            ("POST", "/identities", {"kind": "card", "value": "C1"}),
            ("POST", "/identities:remove", {"kind": "phone", "value": "13800000002"}),
            ("POST", "/tags", {"add": [{"tag": "x"}]}),
            ("POST", "/consents", {"consents": [
                {"purpose": "m", "policy_version": "1", "granted": True}]}),
            ("POST", "/merge", {"loser": mine}),
            ("POST", "/unmerge", {"loser": mine}),
            ("POST", "/freeze", {"reason_code": "x"}),
            ("POST", "/unfreeze", {"reason_code": "x"}),
            ("POST", "/reveal", {"reason_code": "x"}),
            ("POST", "/export", {"reason_code": "x"}),
            ("POST", "/erase", {"reason_code": "x"}),
        ):  # fmt: skip
            assert here.send(method, f"/members/{theirs}{path}", body).status_code == 404, path
        assert here.post(f"/members/{mine}/merge", {"loser": theirs}).status_code == 404

    def test_an_exact_look_up_reaches_further(self) -> None:
        here, there = Api(store="S01"), Api(store="S02")
        theirs = enrol(there, 2)

        assert here.post("/members:lookup", {"phone": "13800000002"}).json()["id"] == theirs

    def test_enrolling_again_does_not_reach_a_member_elsewhere(self) -> None:
        here, there = Api(store="S01"), Api(store="S02")
        enrol(there, 2)

        answer = here.post("/members", {"phone": "13800000002", "name": "Mallory"})

        assert answer.json()["code"] == "members.identity_taken"

    def test_every_endpoint_wants_its_permission(self, api: Api) -> None:
        member = enrol(api, 1)
        nobody = Api("stores.read")

        for method, path in (
            ("GET", "/members"),
            ("POST", "/members"),
            ("POST", "/members:lookup"),
            ("POST", "/members:search"),
            ("GET", f"/members/{member}"),
            ("PATCH", f"/members/{member}"),
            ("GET", f"/members/{member}/timeline"),
            *(
                ("POST", f"/members/{member}/{verb}")
                for verb in ("identities", "tags", "consents", "merge", "unmerge", "freeze",
                             "unfreeze", "reveal", "export", "erase")
            ),
            ("GET", "/merge-suggestions"),
        ):  # fmt: skip
            body = {"loser": member, "reason_code": "x", "kind": "card", "value": "1"}
            answer = nobody.send(method, path, None if method == "GET" else body)
            assert answer.status_code in {403, 422}, path
            if answer.status_code == 422:
                assert answer.json()["code"] == "web.malformed"


class TestWrite:
    def test_changes_and_takes_away(self, api: Api) -> None:
        member = enrol(api, 1, name="Ann", city="Wuhan")

        shown = api.send("PATCH", f"/members/{member}", {"name": "Bea", "city": None}).json()

        assert shown["profile"] == {"name": "B***"}

    def test_links_identities(self, api: Api) -> None:
        member, other = enrol(api, 1), enrol(api, 2)
        path = f"/members/{member}/identities"

        answers = [
            api.post(path, {"kind": "card", "value": "C-1"}),
            api.post(path, {"kind": "card", "value": "C-1"}),
            api.post(path, {"kind": "phone", "value": "13800000002"}),
        ]
        suggested = api.get("/merge-suggestions").json()["items"]
        dismissed = api.post("/merge-suggestions:dismiss", {"member": member, "other": other})

        assert [one.status_code for one in answers] == [201, 200, 202]
        assert {suggested[0]["member"], suggested[0]["other"]} == {member, other}
        assert dismissed.status_code == 200
        assert api.get("/merge-suggestions").json()["items"] == []

    def test_removes_an_identity(self, api: Api) -> None:
        member = enrol(api, 1)
        body = {"kind": "phone", "value": "13800000001"}

        answers = [api.post(f"/members/{member}/identities:remove", body) for _ in range(2)]

        assert [one.status_code for one in answers] == [200, 404]

    def test_marks(self, api: Api) -> None:
        member = enrol(api, 1, tags=["old"])
        consent = {"purpose": "marketing", "policy_version": "2026-01", "granted": True}

        api.post(f"/members/{member}/tags", {"add": [{"tag": "new"}], "remove": ["old"]})
        api.post(f"/members/{member}/consents", {"consents": [consent]})

        shown = api.get(f"/members/{member}").json()
        assert [one["tag"] for one in shown["tags"]] == ["new"]
        assert [one["granted"] for one in shown["consents"]] == [True]

    def test_merges_and_unmerges(self, api: Api) -> None:
        winner, loser = enrol(api, 1), enrol(api, 2)

        merged = api.post(f"/members/{winner}/merge", {"loser": loser})
        survivor = api.get(f"/members/{loser}").json()["id"]
        again = api.post(f"/members/{winner}/merge", {"loser": loser})
        undone = api.post(f"/members/{winner}/unmerge", {"loser": loser})

        assert (merged.status_code, survivor) == (200, winner)
        assert (again.status_code, undone.status_code) == (409, 200)
        assert api.get(f"/members/{loser}").json()["id"] == loser

    def test_freezes(self, api: Api) -> None:
        member = enrol(api, 1)

        api.post(f"/members/{member}/freeze", {"reason_code": "fraud"})

        assert api.get(f"/members/{member}").json()["status"] == "frozen"
        assert api.get("/members?status=frozen").json()["items"][0]["id"] == member
        api.post(f"/members/{member}/unfreeze", {"reason_code": "cleared"})
        assert api.get(f"/members/{member}").json()["status"] == "active"

    def test_a_write_names_itself(self, api: Api) -> None:
        answer = api.client.post(
            "/api/v1/members",
            data='{"phone": "13800138000"}',
            content_type="application/json",
            headers=api.headers,
        )

        assert answer.json()["code"] == "web.key_missing"


@pytest.mark.capability("G2")
class TestPrivacy:
    def test_reveals_with_a_reason(self, api: Api) -> None:
        member = enrol(api, 8000, name="林小满")

        shown = api.post(f"/members/{member}/reveal", {"reason_code": "complaint"})
        silent = api.post(f"/members/{member}/reveal", {})

        assert shown.json()["profile"]["name"] == "林小满"
        assert silent.status_code == 422

    def test_nobody_reveals_one_after_another(self, api: Api) -> None:
        member = enrol(api, 1)

        statuses = [
            api.post(f"/members/{member}/reveal", {"reason_code": "x"}).status_code
            for _ in range(22)
        ]

        assert (statuses[0], statuses[-1]) == (200, 429)

    @pytest.mark.reliability("RG10")
    def test_a_value_that_was_moved_does_not_open_and_is_written_down(self, api: Api) -> None:
        member = enrol(api, 1, name="Ann", city="Wuhan")
        sql.run(
            "UPDATE members_profilevalue a SET sealed = b.sealed FROM members_profilevalue b"
            " WHERE a.member_id = b.member_id AND a.field = 'name' AND b.field = 'city'"
        )

        answer = api.get(f"/members/{member}")

        assert answer.json()["code"] == "web.seal_broken"
        assert sql.row(
            "SELECT object_id, result FROM access_audit_entry WHERE action = 'members.seal_broken'"
        ) == (member, "failed")

    @pytest.mark.reliability("RG4")
    def test_exports_both_forms(self, api: Api) -> None:
        member = enrol(api, 8000, name="=1+1")

        whole = api.post(f"/members/{member}/export", {"reason_code": "request"}).json()
        table = api.post(
            f"/members/{member}/export", {"reason_code": "request", "format": "csv"}
        ).content.decode()

        assert whole["data"]["profile"][0]["value"] == "=1+1"
        assert "'=1+1" in table

    @pytest.mark.reliability("RG1")
    def test_erases_for_good(self, api: Api) -> None:
        member = enrol(api, 1, name="Ann")

        erased = api.post(f"/members/{member}/erase", {"reason_code": "request"})
        back = api.post("/members", {"phone": "13800000001"})
        consent = {"purpose": "membership", "policy_version": "2026-02", "granted": True}
        welcome = api.post("/members", {"phone": "13800000001", "consents": [consent]})

        assert erased.json() == {"id": member, "status": "erased"}
        assert back.json()["code"] == "members.identity_erased"
        assert welcome.status_code == 201
        assert welcome.json()["id"] != member
        assert api.get(f"/members/{member}").json()["profile"] == {}

    def test_waits_for_a_second_person_where_the_policy_wants_one(self, api: Api) -> None:
        member = enrol(api, 1, name="Ann")
        access.change_policy(
            changes={"erase_members_max": 0, "four_eyes": {"member.erase": "always"}},
            actor=Actor.system(),
            at=clock.now(),
        )

        answer = api.post(f"/members/{member}/erase", {"reason_code": "request"})

        assert answer.status_code == 202
        assert answer.json()["state"] == "waiting"
        assert api.get(f"/members/{member}").json()["status"] == "active"


def test_the_description_has_an_example_for_every_operation(api: Api) -> None:
    paths = api.get("/openapi.json").json()["paths"]
    mine = {
        (path, method): operation
        for path, operations in paths.items()
        for method, operation in operations.items()
        if "/member" in path or "/merge" in path
    }

    ours = {key: one for key, one in mine.items() if set(one["tags"]) & {"members", "privacy"}}
    assert len(ours) >= 18
    for key, operation in ours.items():
        good = [one for code, one in operation["responses"].items() if str(code).startswith("2")]
        assert any("example" in one["content"]["application/json"] for one in good), key
        assert operation["x-permission"], key


def test_identities_are_told_apart_by_kind() -> None:
    row = a_member_row(phone(1), Identity(IdentityKind.CARD, "13800000001"))

    assert len({one.kind for one in row.identities}) == 2
