"""Who may what and where, tried without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.access.domain import (
    ROLES,
    Actor,
    GrantAboveOwn,
    KeyLifeTooLong,
    KeyMalformed,
    NetworkUnreadable,
    PasswordWeak,
    Reach,
    Scope,
    ScopeKind,
    ScopeNotForRole,
    ScopeUnreadable,
    UnknownRole,
    check_may_give,
    check_password_text,
    check_width,
    compose_key,
    compose_name,
    is_from_allowed_network,
    is_session_over,
    life_of,
    network_of,
    read_key,
    read_networks,
    read_scope,
    role_named,
)
from regulars.web.permissions import PERMISSIONS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVERYTHING = frozenset(PERMISSIONS)

scopes = st.one_of(
    st.just(Scope.all()),
    st.builds(
        Scope,
        store_ids=st.sets(st.integers(1, 4)).map(lambda ids: tuple(sorted(ids))),
        associate_id=st.none() | st.integers(1, 3),
    ),
)
members = st.tuples(st.none() | st.integers(1, 5), st.none() | st.integers(1, 4))


def sees(scope: Scope, member: tuple[int | None, int | None]) -> bool:
    return scope.covers_member(home_store_id=member[0], associate_id=member[1])


@pytest.mark.capability("G1")
class TestScope:
    def test_of_nothing_sees_nobody(self) -> None:
        assert Scope().is_empty
        assert not sees(Scope(), (1, 1))
        assert not sees(Scope(), (None, None))

    def test_of_own_sees_members_whose_associate_i_am(self) -> None:
        own = Scope(associate_id=3)

        assert sees(own, (9, 3))
        assert not sees(own, (9, 4))
        assert not sees(own, (9, None))

    def test_hides_rows_of_no_store_from_all_but_everything(self) -> None:
        assert not Scope(store_ids=(1,)).covers_store(None)
        assert Scope.all().covers_store(None)

    @given(scopes, scopes, members)
    def test_joined_sees_what_either_sees(
        self, one: Scope, other: Scope, member: tuple[int | None, int | None]
    ) -> None:
        joined = one | other

        assert sees(joined, member) <= (
            sees(one, member) or sees(other, member) or one.associate_id != other.associate_id
        )
        assert sees(joined, member) >= sees(one, member)

    @given(scopes, scopes, members)
    def test_shared_sees_no_more_than_each(
        self, one: Scope, other: Scope, member: tuple[int | None, int | None]
    ) -> None:
        if sees(one & other, member):
            assert sees(one, member)
            assert sees(other, member)

    @given(scopes, scopes, members)
    def test_that_contains_another_sees_all_it_sees(
        self, wide: Scope, narrow: Scope, member: tuple[int | None, int | None]
    ) -> None:
        if wide.contains(narrow) and sees(narrow, member):
            assert sees(wide, member)

    @given(scopes)
    def test_writes_a_condition_with_as_many_values_as_it_asks_for(self, scope: Scope) -> None:
        text, values = scope.condition("m.home_store_id", "m.associate_id")

        assert text.count("%s") == len(values)
        assert (text == "TRUE") == scope.everything
        assert (text == "FALSE") == scope.is_empty


class TestReadScope:
    @pytest.mark.parametrize(
        ("text", "read"),
        [
            ("all", (ScopeKind.ALL, None)),
            ("own", (ScopeKind.OWN, None)),
            ("store:S01", (ScopeKind.STORE, "S01")),
            ("region: north ", (ScopeKind.REGION, "north")),
        ],
    )
    def test_reads_the_four_widths(self, text: str, read: tuple[ScopeKind, str | None]) -> None:
        assert read_scope(text) == read

    @pytest.mark.parametrize("text", ["", "store", "store:", "all:1", "own:", "city:3", "ALL"])
    def test_refuses_the_rest(self, text: str) -> None:
        with pytest.raises(ScopeUnreadable):
            read_scope(text)


def an_actor(*reaches: Reach) -> Actor:
    return Actor.of_reaches(kind="staff", id=7, name="Lin", reaches=reaches)


class TestActor:
    def test_sees_by_each_permission_only_as_far_as_its_grants_reach(self) -> None:
        reads = Reach(frozenset({"members.read"}), Scope.all())
        manages = Reach(frozenset({"members.read", "points.adjust"}), Scope(store_ids=(1,)))

        actor = an_actor(reads, manages)

        assert actor.scope_for("members.read") == Scope.all()
        assert actor.scope_for("points.adjust") == Scope(store_ids=(1,))
        assert actor.narrowed_to("members.read").scope == Scope.all()
        assert actor.scope == Scope(store_ids=(1,))

    def test_without_grants_may_and_sees_nothing(self) -> None:
        nobody = an_actor()

        assert not nobody.may("members.read")
        assert nobody.scope.is_empty
        assert nobody.scope_for("members.read").is_empty

    def test_of_a_key_keeps_its_own_scope(self) -> None:
        key = Actor("key", 3, "till", frozenset({"members.read"}), Scope(store_ids=(2,)))

        assert key.caller == "key:3"
        assert key.narrowed_to("members.read") is key
        assert key.scope_for("members.read") == Scope(store_ids=(2,))
        assert key.scope_for("points.adjust").is_empty

    def test_of_the_system_may_everything(self) -> None:
        assert Actor.system().may("anything.at_all")


@pytest.mark.capability("G1")
class TestRoles:
    def test_name_only_permissions_that_exist(self) -> None:
        named = frozenset[str]().union(*(role.permissions for role in ROLES.values()))

        assert named <= EVERYTHING

    def test_owner_holds_every_permission(self) -> None:
        assert role_named("owner").permissions_in(EVERYTHING) == EVERYTHING

    @pytest.mark.parametrize("name", sorted(ROLES.keys() - {"owner", "privacy_officer"}))
    def test_only_privacy_officers_unmask_export_and_erase(self, name: str) -> None:
        walled = {"members.reveal", "members.export", "members.erase", "privacy.manage"}

        assert not ROLES[name].permissions & walled

    def test_clerk_finds_exactly_and_never_browses(self) -> None:
        clerk = role_named("clerk")

        assert "members.lookup" in clerk.permissions
        assert "members.read" not in clerk.permissions
        assert ScopeKind.ALL not in clerk.scopes

    def test_administrator_runs_the_house_and_sees_no_member(self) -> None:
        held = role_named("administrator").permissions

        assert {"staff.manage", "keys.manage", "audit.read"} <= held
        assert not {each for each in held if each.startswith(("members.", "points.", "orders."))}

    def test_unknown_ones_are_refused_with_the_names_there_are(self) -> None:
        with pytest.raises(UnknownRole, match="store_manager"):
            role_named("emperor")

    def test_are_given_only_in_widths_that_make_sense(self) -> None:
        check_width(role_named("clerk"), ScopeKind.STORE)

        with pytest.raises(ScopeNotForRole):
            check_width(role_named("clerk"), ScopeKind.ALL)

    def test_nobody_gives_more_than_they_hold(self) -> None:
        manager = an_actor(Reach(frozenset({"staff.manage", "points.read"}), Scope(store_ids=(1,))))

        check_may_give(manager, permissions=frozenset({"points.read"}), scope=Scope(store_ids=(1,)))
        with pytest.raises(GrantAboveOwn):
            check_may_give(
                manager, permissions=frozenset({"points.adjust"}), scope=Scope(store_ids=(1,))
            )
        with pytest.raises(GrantAboveOwn):
            check_may_give(manager, permissions=frozenset({"points.read"}), scope=Scope.all())

    def test_the_system_gives_anything(self) -> None:
        check_may_give(Actor.system(), permissions=EVERYTHING, scope=Scope.all())


@pytest.mark.reliability("RH15")
class TestKeys:
    @given(st.binary(min_size=16, max_size=16), st.binary(min_size=32, max_size=32))
    def test_are_read_back_as_they_were_written(self, seed: bytes, secret: bytes) -> None:
        name = compose_name(seed)

        presented = read_key(compose_key(name=name, secret=secret))

        assert presented.name == name
        assert len(presented.secret_hash) == 32

    @given(st.integers(0, 65), st.sampled_from("abcXYZ019_- "))
    def test_with_one_letter_changed_are_refused_at_once(self, place: int, letter: str) -> None:
        text = compose_key(name="abcdefgh", secret=bytes(range(32)))
        changed = text[:place] + letter + text[place + 1 :]

        if changed != text:
            with pytest.raises(KeyMalformed):
                read_key(changed)

    @pytest.mark.parametrize("text", ["", "rg_live_", "x" * 66, "rg_live_键" + "0" * 57])
    def test_that_are_none_are_refused(self, text: str) -> None:
        with pytest.raises(KeyMalformed):
            read_key(text)

    def test_need_a_name_and_a_secret_of_full_length(self) -> None:
        with pytest.raises(ValueError, match="eight characters"):
            compose_key(name="short", secret=bytes(32))

    def test_live_a_year_unless_sooner(self) -> None:
        assert life_of(at=NOON, expires_at=None) == NOON + timedelta(days=365)
        assert life_of(at=NOON, expires_at=NOON + timedelta(days=1)) == NOON + timedelta(days=1)

    @pytest.mark.parametrize("days", [-1, 0, 366])
    def test_live_no_longer_and_not_in_the_past(self, days: int) -> None:
        with pytest.raises(KeyLifeTooLong):
            life_of(at=NOON, expires_at=NOON + timedelta(days=days))

    def test_are_taken_from_their_networks_only(self) -> None:
        networks = read_networks(["203.0.113.7/24", "2001:db8::/32"])

        assert is_from_allowed_network("203.0.113.200", networks)
        assert is_from_allowed_network("2001:db8::5", networks)
        assert not is_from_allowed_network("203.0.114.1", networks)
        assert not is_from_allowed_network("", networks)
        assert is_from_allowed_network("anything", ())

    def test_refuse_a_network_that_is_none(self) -> None:
        with pytest.raises(NetworkUnreadable):
            read_networks(["the office"])


class TestPasswords:
    @pytest.mark.parametrize(
        "password",
        ["short", "x" * 129, "aaaaaaaaaaaaaaaa", "margaret-in-2026!"],
    )
    def test_are_refused_when_weak(self, password: str) -> None:
        with pytest.raises(PasswordWeak):
            check_password_text(password, email="margaret@example.com")

    def test_of_twelve_different_characters_are_taken(self) -> None:
        check_password_text("tea and buns", email="margaret@example.com")


def ago(minutes: int) -> datetime:
    return NOON - timedelta(minutes=minutes)


class TestSessions:
    @pytest.mark.reliability("RH9")
    @pytest.mark.parametrize(("idle", "age"), [(30, 60), (1, 720)])
    def test_end_after_half_an_hour_idle_or_twelve_hours(self, idle: int, age: int) -> None:
        assert is_session_over(started_at=ago(age), seen_at=ago(idle), at=NOON)

    @pytest.mark.parametrize(("idle", "age"), [(29, 60), (1, 719)])
    def test_go_on_until_then(self, idle: int, age: int) -> None:
        assert not is_session_over(started_at=ago(age), seen_at=ago(idle), at=NOON)


class TestNetworks:
    @pytest.mark.parametrize(
        ("address", "network"),
        [
            ("203.0.113.77", "203.0.113.0/24"),
            ("::ffff:203.0.113.77", "203.0.113.0/24"),
            ("2001:db8:1:2345::9", "2001:db8:1:2300::/56"),
            ("unix socket", "unknown"),
        ],
    )
    def test_are_wide_enough_for_one_household(self, address: str, network: str) -> None:
        assert network_of(address) == network
