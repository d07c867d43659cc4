"""API keys: made once, recognised cheaply, refused at once when they end."""

import time
from datetime import datetime, timedelta

import pytest
from django.test import RequestFactory

from regulars.access import selectors, services
from regulars.access.domain import (
    Actor,
    GrantAboveOwn,
    KeyLifeTooLong,
    KeyNotFound,
    Reach,
    Scope,
    Store,
    StoreRow,
    UnknownPermission,
    compose_key,
)
from regulars.access.services import NewKey
from regulars.web import clock, sql
from regulars.web.permissions import PERMISSIONS

HOUSE = Actor.system()
ADDRESS = "203.0.113.9"

pytestmark = [pytest.mark.reliability("RH15"), pytest.mark.capability("G1")]


@pytest.fixture
def at(db: None) -> datetime:
    services.forget_keys()
    return clock.now()


def a_key(at: datetime, *permissions: str, **more: object) -> NewKey:
    return services.create_key(
        permissions=permissions or ["members.read"],
        actor=HOUSE,
        at=at,
        **more,  # type: ignore[arg-type]
    )


def actor_of(text: str, address: str = ADDRESS) -> Actor | None:
    return services.find_actor_of_key(text=text, address=address)


class TestCreateKey:
    def test_keeps_only_the_hash(self, at: datetime) -> None:
        made = a_key(at)

        found = sql.row("SELECT k::text FROM access_apikey k")
        secret = made.text.rpartition("_")[2]
        assert found is not None
        assert secret not in found[0]
        assert secret[:43] not in found[0]
        assert made.text.startswith(f"rg_live_{made.key.name}_")

    def test_gives_what_was_asked_for(self, at: datetime) -> None:
        ids = [each.id for each in _store(at)]

        made = a_key(at, "points.spend", "points.read", store="S1", title="till 1")

        actor = actor_of(made.text)
        assert actor is not None
        assert (actor.kind, actor.id, actor.name) == ("key", made.key.id, "till 1")
        assert actor.permissions == {"points.spend", "points.read"}
        assert actor.scope == Scope(store_ids=(ids[0],))

    def test_for_all_gives_every_permission(self, at: datetime) -> None:
        actor = actor_of(a_key(at, "all").text)

        assert actor is not None
        assert actor.permissions == frozenset(PERMISSIONS)
        assert actor.scope.everything

    def test_refuses_what_is_wrong(self, at: datetime) -> None:
        with pytest.raises(UnknownPermission):
            a_key(at, "members.dance")
        with pytest.raises(KeyLifeTooLong):
            a_key(at, expires_at=at + timedelta(days=400))

    @pytest.mark.reliability("RH4")
    def test_gives_no_more_than_its_maker_holds(self, at: datetime) -> None:
        _store(at)
        reach = Reach(frozenset({"keys.manage", "members.read"}), Scope.all())
        admin = Actor.of_reaches(kind="staff", id=1, name="A", reaches=(reach,))

        services.create_key(permissions=["members.read"], store="S1", actor=admin, at=at)
        with pytest.raises(GrantAboveOwn):
            services.create_key(permissions=["members.erase"], actor=admin, at=at)


class TestRecognising:
    @pytest.mark.parametrize("text", ["", "rg_live_", "Bearer x", "rg_live_aaaaaaaa_b"])
    def test_asks_nothing_for_what_is_no_key(
        self, at: datetime, text: str, django_assert_num_queries: object
    ) -> None:
        with django_assert_num_queries(0):  # type: ignore[operator]
            assert actor_of(text) is None

    def test_refuses_the_right_name_with_another_secret(self, at: datetime) -> None:
        made = a_key(at)

        assert actor_of(compose_key(name=made.key.name, secret=bytes(32))) is None
        assert actor_of(compose_key(name="AAAAAAAA", secret=bytes(32))) is None

    def test_asks_the_database_once_for_a_busy_key(
        self, at: datetime, django_assert_num_queries: object
    ) -> None:
        made = a_key(at)
        assert actor_of(made.text) is not None

        with django_assert_num_queries(0):  # type: ignore[operator]
            assert all(actor_of(made.text) for _ in range(100))

    def test_refuses_a_key_that_is_over(self, at: datetime) -> None:
        made = a_key(at)
        sql.run(
            "UPDATE access_apikey SET created_at = %s, expires_at = %s", [at - timedelta(2), at]
        )

        assert actor_of(made.text) is None

    def test_refuses_an_address_outside_the_networks(self, at: datetime) -> None:
        made = a_key(at, networks=["203.0.113.0/24"])

        assert actor_of(made.text, "203.0.113.9") is not None
        assert actor_of(made.text, "198.51.100.9") is None

    def test_two_live_keys_serve_a_change_of_keys(self, at: datetime) -> None:
        old, new = a_key(at), a_key(at)

        services.revoke_key(name=old.key.name, actor=HOUSE, at=at)
        services.forget_keys()

        assert actor_of(old.text) is None
        assert actor_of(new.text) is not None

    def test_ignores_a_permission_that_exists_no_more(self, at: datetime) -> None:
        made = a_key(at)
        sql.run("UPDATE access_apikey SET permissions = '{members.read,gone.away}'")

        actor = actor_of(made.text)
        assert actor is not None
        assert actor.permissions == {"members.read"}


class TestRevoking:
    def test_is_felt_here_at_once(
        self, at: datetime, django_capture_on_commit_callbacks: object
    ) -> None:
        made = a_key(at)
        assert actor_of(made.text) is not None

        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            ended = services.revoke_key(name=made.key.name, actor=HOUSE, at=at)

        assert ended.revoked_at == at
        assert actor_of(made.text) is None

    def test_is_felt_in_another_process_within_five_seconds(
        self, at: datetime, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seconds = [1000.0]
        monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
        made = a_key(at)
        assert actor_of(made.text) is not None
        sql.run("UPDATE access_apikey SET revoked_at = %s", [at])  # as another process would

        seconds[0] += 5.0

        assert actor_of(made.text) is None

    def test_keeps_the_first_moment_and_refuses_a_stranger(self, at: datetime) -> None:
        made = a_key(at)
        services.revoke_key(name=made.key.name, actor=HOUSE, at=at)

        again = services.revoke_key(name=made.key.name, actor=HOUSE, at=at + timedelta(hours=1))

        assert again.revoked_at == at
        with pytest.raises(KeyNotFound):
            services.revoke_key(name="unknown1", actor=HOUSE, at=at)

    def test_is_audited(self, at: datetime) -> None:
        made = a_key(at, "points.read")
        services.revoke_key(name=made.key.name, actor=HOUSE, at=at)

        told = selectors.list_audit(about=("key", made.key.name))

        assert [entry.action for entry in told] == ["key.revoked", "key.created"]
        assert told[1].details == {"permissions": ["points.read"], "store": None}


class TestLastUse:
    def test_is_written_at_most_once_a_minute(self, at: datetime) -> None:
        made = a_key(at)
        actor_of(made.text)
        first = selectors.get_key(name=made.key.name).last_used_at
        services.forget_keys()

        actor_of(made.text)

        assert first is not None
        assert selectors.get_key(name=made.key.name).last_used_at == first


class TestAuthenticate:
    @pytest.mark.parametrize("header", ["", "Bearer", "Basic eDp5", "Bearer nonsense"])
    def test_finds_nobody_behind_a_bad_header(self, at: datetime, header: str) -> None:
        request = RequestFactory().get("/api/v1/stores", headers={"Authorization": header})

        assert services.authenticate(request) is None

    @pytest.mark.reliability("RH8")
    @pytest.mark.parametrize(
        ("proxies", "told", "address"),
        [
            (0, "10.0.0.1", "203.0.113.9"),
            (1, "10.0.0.1, 198.51.100.7", "198.51.100.7"),
            (2, "10.0.0.1, 198.51.100.7, 192.0.2.1", "198.51.100.7"),
            (2, "198.51.100.7", "203.0.113.9"),
            (1, "", ""),
        ],
    )
    def test_believes_an_address_only_from_proxies_of_ours(
        self, settings: object, proxies: int, told: str, address: str
    ) -> None:
        settings.TRUSTED_PROXIES = proxies  # type: ignore[attr-defined]
        request = RequestFactory(REMOTE_ADDR=ADDRESS).get("/", headers={"X-Forwarded-For": told})

        assert services.address_of(request) == address

    def test_finds_the_key(self, at: datetime) -> None:
        made = a_key(at)
        header = {"Authorization": f"Bearer {made.text}"}

        actor = services.authenticate(RequestFactory().get("/api/v1/stores", headers=header))

        assert actor is not None
        assert actor.id == made.key.id


def _store(at: datetime) -> list[Store]:
    services.record_stores([StoreRow(0, "S1", "One")], at=at)
    return list(selectors.stores_by_code(["S1"]).values())
