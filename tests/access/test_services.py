"""Stores, staff and roles, written to a real database."""

import threading
from datetime import datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from regulars.access import selectors, services
from regulars.access.domain import (
    Actor,
    EmailTaken,
    GrantAboveOwn,
    LastOwner,
    PasswordWeak,
    Reach,
    RegionNotFound,
    Scope,
    ScopeNotForRole,
    Staff,
    StaffNotFound,
    StoreNotFound,
    StoreRow,
)
from regulars.kit.contacts import InvalidEmail
from regulars.web import clock, sql

PASSWORD = "tea and 12 buns"
HOUSE = Actor.system()


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


def a_staff(
    at: datetime, *, role: str = "owner", scope: str = "all", email: str = "o@x.cn"
) -> Staff:
    return services.create_staff(email=email, role=role, scope=scope, actor=HOUSE, at=at)


def the_stores(at: datetime) -> dict[str, int]:
    rows = [
        StoreRow(0, "S1", "One", region="north"),
        StoreRow(1, "S2", "Two", region="north"),
        StoreRow(2, "S3", "Three", region="south"),
        StoreRow(3, "WEB", "Shop", kind="web"),
    ]
    services.record_stores(rows, at=at)
    return selectors.store_ids_by_code(["S1", "S2", "S3", "WEB", "nowhere"])


@pytest.mark.capability("A6")
class TestRecordStores:
    def test_makes_stores_with_the_regions_they_name(self, at: datetime) -> None:
        ids = the_stores(at)

        assert ids.keys() == {"S1", "S2", "S3", "WEB"}
        assert [each.code for each in selectors.list_regions(Scope.all())] == [
            "default",
            "north",
            "south",
        ]
        north = selectors.get_region(code="north")
        assert selectors.store_ids_of_regions([north.id]) == {north.id: (ids["S1"], ids["S2"])}

    def test_said_again_changes_nothing(self, at: datetime) -> None:
        the_stores(at)

        again = services.record_stores([StoreRow(0, "S1", "One", region="north")], at=at)

        assert [(each.outcome, each.change) for each in again] == [("exists", "same")]

    def test_finds_a_region_by_its_name_too(self, at: datetime) -> None:
        the_stores(at)
        sql.run("UPDATE access_region SET name = '北区' WHERE code = 'north'")

        services.record_stores([StoreRow(0, "S3", region="北区")], at=at)

        assert selectors.get_store(code="S3", scope=Scope.all()).region_id == (
            selectors.get_region(code="north").id
        )

    def test_makes_a_brand_with_its_default_region(self, at: datetime) -> None:
        services.record_stores([StoreRow(0, "B1", "Bakery", brand="bread")], at=at)

        brand = next(each for each in selectors.list_brands() if each.code == "bread")
        assert selectors.stores_by_code(["B1"])["B1"].brand_id == brand.id

    def test_answers_each_row_and_writes_the_good_ones(self, at: datetime) -> None:
        rows = [StoreRow(7, "S1", "One"), StoreRow(8, "S9"), StoreRow(9, "S2", "Two", kind="moon")]

        outcomes = services.record_stores(rows, at=at)

        assert [each.row for each in outcomes] == [7, 8, 9]
        assert [each.outcome for each in outcomes] == ["applied", "refused", "refused"]
        assert selectors.store_ids_by_code(["S1", "S9", "S2"]).keys() == {"S1"}

    def test_makes_no_place_for_a_row_that_is_refused(self, at: datetime) -> None:
        services.record_stores([StoreRow(0, "S1", "One", region="x", zone="Nowhere")], at=at)

        assert [each.code for each in selectors.list_regions(Scope.all())] == ["default"]

    def test_takes_a_thousand_in_a_handful_of_queries(
        self, at: datetime, django_assert_max_num_queries: object
    ) -> None:
        rows = [StoreRow(n, f"S{n}", f"Store {n}", region=f"r{n % 9}") for n in range(1_000)]

        with django_assert_max_num_queries(12):  # type: ignore[operator]
            outcomes = services.record_stores(rows, at=at)

        assert {each.outcome for each in outcomes} == {"applied"}

    def test_two_at_once_make_one_store(self, committed_db: str) -> None:
        at = clock.now()
        answers: list[str] = []

        def write() -> None:
            rows = [StoreRow(0, "S1", "One", region="north")]
            answers.append(services.record_stores(rows, at=at)[0].outcome)
            connection.close()

        threads = [threading.Thread(target=write) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(answers) == ["applied", "exists", "exists", "exists"]


@pytest.mark.capability("G1")
@pytest.mark.reliability("RH1")
class TestScopedStores:
    def test_shows_only_stores_in_scope(self, at: datetime) -> None:
        ids = the_stores(at)
        scope = Scope(store_ids=(ids["S1"],))

        assert [each.code for each in selectors.list_stores(scope)] == ["S1"]
        assert [each.code for each in selectors.list_regions(scope)] == ["north"]
        assert selectors.list_stores(Scope(associate_id=1)) == []
        with pytest.raises(StoreNotFound):
            selectors.get_store(code="S2", scope=scope)


@pytest.mark.capability("G1")
class TestCreateStaff:
    def test_keeps_no_address_and_no_name_in_the_clear(self, at: datetime) -> None:
        services.create_staff(
            email="Margaret.Tea@Example.com",
            name="Margaret Oolong",
            role="owner",
            password=PASSWORD,
            actor=HOUSE,
            at=at,
        )

        found = sql.row("SELECT s::text FROM access_staff s")
        assert found is not None
        for word in ("argaret", "example", "Oolong", PASSWORD):
            assert word not in found[0]
            assert word.encode().hex() not in found[0]
        assert "argon2id" in found[0]

    def test_finds_it_again_by_its_address(self, at: datetime) -> None:
        made = a_staff(at, email="margaret@example.com")

        assert selectors.find_staff(email=" MARGARET@example.com ") == made
        assert selectors.find_staff(email="other@example.com") is None
        assert selectors.names_of([made.id]) == {made.id: "margaret"}

    def test_takes_an_address_once(self, at: datetime) -> None:
        a_staff(at, email="margaret@example.com")

        with pytest.raises(EmailTaken):
            a_staff(at, email="Margaret@Example.com")

    @pytest.mark.parametrize(
        ("wrong", "refusal"),
        [
            ({"password": "password1234"}, PasswordWeak),
            ({"password": "1234567890123456"}, PasswordWeak),
            ({"password": "short"}, PasswordWeak),
            ({"email": "nobody"}, InvalidEmail),
            ({"role": "clerk", "scope": "all"}, ScopeNotForRole),
            ({"role": "clerk", "scope": "store:none"}, StoreNotFound),
            ({"role": "regional_manager", "scope": "region:none"}, RegionNotFound),
        ],
    )
    def test_refuses_what_is_wrong(
        self, at: datetime, wrong: dict[str, str], refusal: type[Exception]
    ) -> None:
        asked = {"email": "a@example.com", "role": "owner", "password": PASSWORD} | wrong

        with pytest.raises(refusal):
            services.create_staff(**asked, actor=HOUSE, at=at)
        assert selectors.list_staff() == []

    @pytest.mark.reliability("RH4")
    def test_gives_no_role_above_the_givers_own(self, at: datetime) -> None:
        the_stores(at)
        reach = Reach(frozenset({"staff.manage", "console.use"}), Scope.all())
        admin = Actor.of_reaches(kind="staff", id=1, name="A", reaches=(reach,))

        with pytest.raises(GrantAboveOwn):
            services.create_staff(email="a@example.com", role="owner", actor=admin, at=at)

    def test_finds_associates_by_code(self, at: datetime) -> None:
        made = services.create_staff(
            email="a@example.com", role="owner", code="A17", actor=HOUSE, at=at
        )

        assert selectors.staff_ids_by_code(["A17", "B"]) == {"A17": made.id}


@pytest.mark.capability("G1")
class TestRolesAndScopes:
    def test_region_is_the_stores_it_has_at_the_moment(self, at: datetime) -> None:
        ids = the_stores(at)
        made = a_staff(at, role="regional_manager", scope="region:north")

        before = services.find_actor(staff_id=made.id, at=at)
        services.record_stores([StoreRow(0, "S3", region="north")], at=at)
        after = services.find_actor(staff_id=made.id, at=at)

        assert before is not None
        assert after is not None
        assert before.scope.store_ids == (ids["S1"], ids["S2"])
        assert after.scope.store_ids == (ids["S1"], ids["S2"], ids["S3"])

    def test_own_is_members_whose_associate_one_is(self, at: datetime) -> None:
        made = a_staff(at, role="clerk", scope="own")

        actor = services.find_actor(staff_id=made.id, at=at)

        assert actor is not None
        assert actor.scope == Scope(associate_id=made.id)

    def test_two_roles_do_not_lend_each_other_their_reach(self, at: datetime) -> None:
        ids = the_stores(at)
        made = a_staff(at, role="analyst", scope="all")
        services.grant_role(
            staff_id=made.id, role="store_manager", scope="store:S1", actor=HOUSE, at=at
        )

        actor = services.find_actor(staff_id=made.id, at=at)

        assert actor is not None
        assert actor.scope_for("members.read").everything
        assert actor.scope_for("points.adjust") == Scope(store_ids=(ids["S1"],))

    def test_granted_twice_is_held_once_and_revoked_is_gone(self, at: datetime) -> None:
        made = a_staff(at, role="analyst")
        for _ in range(2):
            services.grant_role(staff_id=made.id, role="finance", scope="all", actor=HOUSE, at=at)
        held = selectors.get_staff(staff_id=made.id)

        left = services.revoke_role(
            staff_id=made.id, role="finance", scope="all", actor=HOUSE, at=at
        )

        assert [grant.role for grant in held.grants] == ["analyst", "finance"]
        assert [grant.role for grant in left.grants] == ["analyst"]

    def test_ends_when_its_time_is_over(self, at: datetime) -> None:
        made = a_staff(at, role="analyst")
        sql.run("UPDATE access_grant SET expires_at = %s::timestamptz", [at])

        actor = services.find_actor(staff_id=made.id, at=at)

        assert actor is not None
        assert not actor.may("members.read")

    def test_the_last_owner_stays(self, at: datetime) -> None:
        made = a_staff(at)

        with pytest.raises(LastOwner):
            services.deactivate_staff(staff_id=made.id, actor=HOUSE, at=at)
        with pytest.raises(LastOwner):
            services.revoke_role(staff_id=made.id, role="owner", scope="all", actor=HOUSE, at=at)
        a_staff(at, email="second@example.com")
        services.deactivate_staff(staff_id=made.id, actor=HOUSE, at=at)

        assert services.find_actor(staff_id=made.id, at=at) is None

    def test_nobody_is_refused(self, at: datetime) -> None:
        with pytest.raises(StaffNotFound):
            services.grant_role(staff_id=404, role="analyst", scope="all", actor=HOUSE, at=at)
        assert services.find_actor(staff_id=404, at=at) is None


class TestConstraints:
    def test_a_grant_names_the_place_its_width_asks_for(self, at: datetime) -> None:
        made = a_staff(at)

        with (
            pytest.raises(DatabaseError, match="grant_scope_names_its_place"),
            transaction.atomic(),
        ):
            sql.run(
                "INSERT INTO access_grant (staff_id, role, scope_kind, granted_at)"
                " VALUES (%s, 'clerk', 'store', %s)",
                [made.id, at],
            )

    def test_a_key_ends_after_it_begins(self, at: datetime) -> None:
        with (
            pytest.raises(DatabaseError, match="apikey_ends_after_it_begins"),
            transaction.atomic(),
        ):
            sql.run(
                "INSERT INTO access_apikey (name, secret_hash, title, permissions, networks,"
                " created_at, expires_at) VALUES ('x', '', '', '{}', '{}', %s, %s)",
                [at, at - timedelta(days=1)],
            )
