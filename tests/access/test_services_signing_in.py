"""Signing in under attack: equal work, equal words, and a delay that grows."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from regulars.access import selectors, services
from regulars.access.domain import (
    Actor,
    AlreadySetUp,
    LinkSpent,
    PasswordWeak,
    Scope,
    SignInRefused,
    Staff,
    StaffNotFound,
    StoreRow,
)
from regulars.access.services import sweeping
from regulars.web import clock, retention, sql
from tests.sizes import size

PASSWORD = "tea and 12 buns"
HOUSE = Actor.system()
HOME, AWAY = "203.0.113.9", "198.51.100.7"


class CountingHasher(Argon2PasswordHasher):
    """Argon2id with small parameters that counts how often it is asked to work."""

    time_cost = 1
    memory_cost = 64
    parallelism = 1
    calls = 0

    def encode(self, password: str, salt: str) -> str:
        CountingHasher.calls += 1
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        CountingHasher.calls += 1
        return super().verify(password, encoded)


@pytest.fixture(autouse=True)
def _quick_hasher(settings: object) -> Iterator[None]:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]  # type: ignore[attr-defined]
    yield
    CountingHasher.calls = 0


@pytest.fixture
def at(db: None) -> datetime:
    return clock.now()


def a_staff(at: datetime, email: str = "lin@example.com") -> Staff:
    return services.create_staff(email=email, role="owner", password=PASSWORD, actor=HOUSE, at=at)


def enter(
    at: datetime, *, email: str = "lin@example.com", password: str = PASSWORD, address: str = HOME
) -> int | None:
    try:
        return services.sign_in(email=email, password=password, address=address, at=at)
    except SignInRefused:
        return None


@pytest.mark.capability("G1")
class TestSignIn:
    def test_lets_in_whoever_knows_both(self, at: datetime) -> None:
        made = a_staff(at)

        assert enter(at, email=" LIN@Example.com ") == made.id
        assert selectors.get_staff(staff_id=made.id).signed_in_at == at

    def test_audits_who_came_from_where(self, at: datetime) -> None:
        made = a_staff(at)
        enter(at, password="not my password")
        enter(at)

        told = selectors.list_audit(action="staff.sign_in")

        assert [(entry.result, entry.reason_code) for entry in told] == [
            ("ok", None),
            ("refused", "wrong_password"),
        ]
        assert {entry.object_id for entry in told} == {str(made.public_id)}
        assert {entry.network for entry in told} == {"203.0.113.0/24"}

    def test_audits_a_stranger_under_a_pseudonym(self, at: datetime) -> None:
        enter(at, email="stranger@example.com")

        (told,) = selectors.list_audit(action="staff.sign_in")
        assert told.reason_code == "unknown_account"
        assert "stranger" not in told.object_id

    def test_keeps_no_address_in_the_log_of_tries(self, at: datetime) -> None:
        enter(at, email="stranger@example.com")

        found = sql.rows("SELECT t::text FROM access_trylog t")
        assert len(found) == 3
        assert not [row for row in found if "stranger" in row[0] or "203.0" in row[0]]


@pytest.mark.reliability("RH7")
class TestEqualWork:
    def test_costs_one_hash_and_says_one_thing_whoever_is_asked_for(self, at: datetime) -> None:
        a_staff(at, "exists@example.com")
        inactive = a_staff(at, "inactive@example.com")
        services.deactivate_staff(staff_id=inactive.id, actor=HOUSE, at=at)
        nobody = services.create_staff(
            email="linkonly@example.com", role="owner", actor=HOUSE, at=at
        )
        assert nobody.signed_in_at is None
        a_staff(at, "locked@example.com")
        for _ in range(5):
            enter(at, email="locked@example.com", password="wrong wrong wrong", address=AWAY)

        outcomes = set()
        for number in range(size(10, 400)):
            moment = at + timedelta(hours=number)
            for who in ("exists", "inactive", "linkonly", "unknown", "not an address", "locked"):
                email = f"{who}@example.com" if " " not in who else who
                asked_at = at if who == "locked" else moment
                address = AWAY if who == "locked" else HOME
                CountingHasher.calls = 0
                with pytest.raises(SignInRefused) as refusal:
                    services.sign_in(
                        email=email, password="wrong wrong wrong", address=address, at=asked_at
                    )
                outcomes.add((CountingHasher.calls, str(refusal.value), refusal.value.code))

        assert outcomes == {(1, str(SignInRefused()), "access.sign_in_refused")}

    def test_the_right_password_does_not_open_a_locked_account(self, at: datetime) -> None:
        a_staff(at)
        for _ in range(4):
            enter(at, password="wrong wrong wrong")

        assert enter(at) is None
        assert enter(at + timedelta(minutes=1)) is not None


@pytest.mark.reliability("RH8")
class TestBruteForce:
    def test_of_one_account_is_looked_at_ten_times_in_a_quarter(self, at: datetime) -> None:
        a_staff(at)

        for number in range(size(200, 10_000)):
            moment = at + timedelta(seconds=number * 899 / size(200, 10_000))
            enter(moment, password=f"guess number {number}")

        looked_at = selectors.list_audit(action="staff.sign_in", limit=1_000)
        assert 7 <= len(looked_at) <= 10

    def test_from_a_thousand_addresses_does_not_lock_the_owner_out(self, at: datetime) -> None:
        made = a_staff(at)
        assert enter(at) == made.id
        for number in range(size(60, 1_000)):
            address = f"10.{number // 250}.{number % 250}.1"
            enter(at + timedelta(seconds=1), password="wrong wrong wrong", address=address)

        looked_at = selectors.list_audit(action="staff.sign_in", limit=1_000)

        assert len([entry for entry in looked_at if entry.result == "refused"]) <= 10
        assert enter(at + timedelta(seconds=2), address=AWAY) is None
        assert enter(at + timedelta(seconds=2), address=HOME) == made.id

    def test_by_spraying_from_one_network_is_looked_at_a_hundred_times(self, at: datetime) -> None:
        for number in range(120):
            enter(at, email=f"someone{number}@example.com", address=AWAY)

        assert len(selectors.list_audit(action="staff.sign_in", limit=1_000)) == 100

    def test_at_the_same_moment_counts_each_try(self, committed_db: str) -> None:
        at = clock.now()
        a_staff(at)
        start = threading.Barrier(12)

        def guess() -> None:
            start.wait()
            enter(at, password="wrong wrong wrong")
            connection.close()

        threads = [threading.Thread(target=guess) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(selectors.list_audit(action="staff.sign_in", limit=100)) == 3

    def test_that_comes_too_soon_leaves_nothing_behind(self, at: datetime) -> None:
        for number in range(100):
            enter(at, email=f"someone{number}@example.com", address=AWAY)
        before = sql.row("SELECT count(*) FROM access_trylog")

        enter(at, email="one.more@example.com", address=AWAY)

        assert sql.row("SELECT count(*) FROM access_trylog") == before

    def test_old_tries_are_forgotten(self, at: datetime) -> None:
        enter(at)

        assert retention.end_all(sweeping.TRIES, at=at + timedelta(days=29)) == 0
        assert retention.end_all(sweeping.TRIES, at=at + timedelta(days=31)) == 3


def a_session(at: datetime, staff: Staff) -> SessionStore:
    session = SessionStore()
    services.start_session(session=session, staff_id=staff.id, at=at)
    return session


def actor_of(session: SessionStore, at: datetime) -> Actor | None:
    return services.find_actor_of_session(session=session, at=at)


@pytest.mark.reliability("RH9")
class TestSessions:
    def test_begin_under_a_new_id_with_nothing_of_before(self, at: datetime) -> None:
        made = a_staff(at)
        session = SessionStore()
        session["planted"] = "by someone else"
        session.create()
        planted = str(session.session_key)

        services.start_session(session=session, staff_id=made.id, at=at)
        session.save()

        assert session.session_key != planted
        assert "planted" not in session
        assert not SessionStore().exists(planted)

    def test_end_when_idle_and_when_old(self, at: datetime) -> None:
        made = a_staff(at)
        idle, busy = a_session(at, made), a_session(at, made)
        moments = [at + timedelta(minutes=29 * n) for n in range(1, 26)]

        assert actor_of(idle, at + timedelta(minutes=29)) is not None
        assert actor_of(idle, at + timedelta(minutes=60)) is None
        alive = [actor_of(busy, moment) is not None for moment in moments]
        assert alive == [moment - at < timedelta(hours=12) for moment in moments]

    @pytest.mark.parametrize("change", ["password", "role", "off", "kill"])
    def test_end_everywhere_when_the_account_changes(self, at: datetime, change: str) -> None:
        a_staff(at, "other@example.com")
        made = a_staff(at)
        session = a_session(at, made)
        assert actor_of(session, at) is not None

        match change:
            case "password":
                services.change_password(
                    staff_id=made.id, password="a different one", actor=HOUSE, at=at
                )
            case "role":
                services.grant_role(
                    staff_id=made.id, role="analyst", scope="all", actor=HOUSE, at=at
                )
            case "off":
                services.deactivate_staff(staff_id=made.id, actor=HOUSE, at=at)
            case _:
                services.end_sessions(staff_id=made.id)

        assert actor_of(session, at) is None
        assert session.is_empty()

    def test_write_their_last_use_once_a_minute(self, at: datetime) -> None:
        made = a_staff(at)
        session = a_session(at, made)

        def seen_at() -> datetime:
            (found,) = selectors.list_sessions(staff_id=made.id, at=at)
            return found.seen_at

        actor_of(session, at + timedelta(seconds=30))
        quiet = seen_at()
        actor_of(session, at + timedelta(seconds=61))

        assert (quiet, seen_at()) == (at, at + timedelta(seconds=61))

    @pytest.mark.parametrize("role", ["owner", "regional_manager"])
    def test_are_judged_with_account_and_roles_in_one_question(
        self, at: datetime, role: str, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        rows = [StoreRow(n, f"S{n}", f"Store {n}", region="north") for n in range(2)]
        services.record_stores(rows, at=at)
        scope = "all" if role == "owner" else "region:north"
        made = services.create_staff(
            email="chen@example.com", name="Chen", role=role, scope=scope, actor=HOUSE, at=at
        )
        session = a_session(at, made)
        session["staff"]  # the browser's session is read before

        with django_assert_num_queries(1):
            found = actor_of(session, at)

        assert found is not None
        assert found.name == "Chen"
        assert found == replace(
            services.find_actor(staff_id=made.id, at=at) or found, session=found.session
        )
        stores = selectors.store_ids_by_code(["S0", "S1"])
        wanted = Scope.all() if role == "owner" else Scope(store_ids=tuple(stores.values()))
        assert found.scope_for("members.read") == wanted

    def test_of_nobody_do_not_begin(self, at: datetime) -> None:
        with pytest.raises(StaffNotFound):
            services.start_session(session=SessionStore(), staff_id=404, at=at)
        assert actor_of(SessionStore(), at) is None

    def test_a_weak_new_password_is_refused(self, at: datetime) -> None:
        made = a_staff(at)

        with pytest.raises(PasswordWeak):
            services.change_password(staff_id=made.id, password="short", actor=HOUSE, at=at)


@pytest.mark.reliability("RH19")
class TestLinks:
    def test_set_up_makes_the_one_owner_once(self, at: datetime) -> None:
        token = services.issue_set_up_link(at=at).rpartition("/")[2]

        made = set_up(token, at)

        assert [grant.role for grant in made.grants] == ["owner"]
        assert selectors.list_brands()[0].name == "Tea"
        with pytest.raises(LinkSpent):
            set_up(token, at, email="thief@example.com")
        with pytest.raises(AlreadySetUp):
            services.issue_set_up_link(at=at)

    def test_a_refused_set_up_leaves_the_link_as_it_was(self, at: datetime) -> None:
        token = services.issue_set_up_link(at=at).rpartition("/")[2]

        with pytest.raises(PasswordWeak):
            set_up(token, at, password="short")
        services.check_set_up_link(token=token, at=at)
        assert set_up(token, at).id

    def test_a_new_set_up_link_ends_the_old_one(self, at: datetime) -> None:
        old = services.issue_set_up_link(at=at).rpartition("/")[2]
        services.issue_set_up_link(at=at)

        with pytest.raises(LinkSpent):
            set_up(old, at)

    def test_a_link_is_over_after_a_day(self, at: datetime) -> None:
        token = services.issue_set_up_link(at=at).rpartition("/")[2]

        with pytest.raises(LinkSpent):
            services.check_set_up_link(token=token, at=at + timedelta(hours=24))
        with pytest.raises(LinkSpent):
            set_up(token, at + timedelta(hours=24))

    def test_only_the_hash_is_kept(self, at: datetime) -> None:
        token = services.issue_set_up_link(at=at).rpartition("/")[2]

        found = sql.row("SELECT l::text FROM access_onetimelink l")
        assert found is not None
        assert token not in found[0]

    def test_a_sign_in_link_works_once_and_not_for_set_up(self, at: datetime) -> None:
        made = a_staff(at)
        token = services.issue_sign_in_link(staff_id=made.id, at=at).rpartition("/")[2]

        with pytest.raises(LinkSpent):
            services.check_set_up_link(token=token, at=at)
        assert services.use_sign_in_link(token=token, network=None, at=at) == made.id
        with pytest.raises(LinkSpent):
            services.use_sign_in_link(token=token, network=None, at=at)

    def test_a_sign_in_link_of_someone_switched_off_is_spent(self, at: datetime) -> None:
        a_staff(at, "other@example.com")
        made = a_staff(at)
        token = services.issue_sign_in_link(staff_id=made.id, at=at).rpartition("/")[2]
        services.deactivate_staff(staff_id=made.id, actor=HOUSE, at=at)

        with pytest.raises(LinkSpent):
            services.use_sign_in_link(token=token, network=None, at=at)

    def test_two_racing_for_one_link_make_one_owner(self, committed_db: str) -> None:
        at = clock.now()
        token = services.issue_set_up_link(at=at).rpartition("/")[2]
        answers: list[str] = []

        def race(email: str) -> None:
            try:
                set_up(token, at, email=email)
                answers.append("made")
            except LinkSpent:
                answers.append("spent")
            connection.close()

        threads = [threading.Thread(target=race, args=[f"o{n}@x.cn"]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert sorted(answers) == ["made", "spent", "spent", "spent"]
        assert len(selectors.list_staff()) == 1

    def test_used_and_old_links_are_forgotten(self, at: datetime) -> None:
        services.issue_set_up_link(at=at)

        assert retention.end_all(sweeping.LINKS, at=at) == 0
        assert retention.end_all(sweeping.LINKS, at=at + timedelta(hours=25)) == 1


def set_up(
    token: str, at: datetime, *, email: str = "owner@x.cn", password: str = PASSWORD
) -> Staff:
    return services.set_up(
        token=token, email=email, password=password, name="Lin", brand="Tea", at=at
    )
