"""Roles, keys and the policy: never above one's own, never one's own, strong ones by two."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from regulars.access import selectors, services
from regulars.access.domain import (
    AccountAboveOwn,
    Actor,
    AdministratorAlone,
    Approval,
    ApprovalNeeded,
    ApprovalState,
    AuditorProtected,
    AuditResult,
    FourEyes,
    GrantAboveOwn,
    KeyCollected,
    KeyNotFound,
    KeyOver,
    LinkForbidden,
    OwnAccess,
    OwnApproval,
    Policy,
    PolicyChanged,
    PolicyOutOfBounds,
    PolicyUnknown,
    Role,
    RoleAdministers,
    RoleAsleep,
    RoleEmpty,
    RoleNameUnfit,
    ScopeNotForRole,
    SeparationNotReady,
    SeparationStays,
    StoreRow,
    UnknownPermission,
    UnknownRole,
)
from regulars.web import clock, sql
from regulars.web.permissions import PermissionMissing

HOUSE = Actor.system()

pytestmark = pytest.mark.capability("G1")


@pytest.fixture
def at(db: None) -> datetime:
    services.forget_keys()
    services.record_stores([StoreRow(0, "S1", "One", region="north")], at=clock.now())
    return clock.now()


def somebody(at: datetime, name: str, *, role: str, scope: str = "all") -> Actor:
    staff = services.create_staff(
        email=f"{name}@example.com", role=role, scope=scope, actor=HOUSE, at=at
    )
    return again(staff.id, at)


def again(staff_id: int, at: datetime) -> Actor:
    found = services.find_actor(staff_id=staff_id, at=at)
    assert found is not None
    return found


def refused(action: str) -> list[tuple[int, str | None]]:
    found = selectors.list_audit(action=action)
    return [
        (each.actor_id, each.reason_code) for each in found if each.result == AuditResult.REFUSED
    ]


def yes(approval: Approval, checker: Actor, at: datetime) -> Approval:
    return services.approvals.decide(
        approval_id=approval.public_id, checker=checker, approve=True, at=at
    )


@pytest.mark.reliability("RH4")
class TestEscalation:
    def test_nobody_grants_to_themselves(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")

        with pytest.raises(OwnAccess):
            services.grant_role(staff_id=owner.id, role="finance", scope="all", actor=owner, at=at)

        assert refused("role.granted") == [(owner.id, "access.own_access")]

    def test_a_clerk_gives_nothing(self, at: datetime) -> None:
        clerk = somebody(at, "clerk", role="clerk", scope="store:S1")
        other = somebody(at, "other", role="clerk", scope="store:S1")

        with pytest.raises(GrantAboveOwn):
            services.grant_role(
                staff_id=other.id, role="store_manager", scope="store:S1", actor=clerk, at=at
            )

        assert refused("role.granted") == [(clerk.id, "access.grant_above_own")]

    def test_a_store_manager_does_not_grant_headquarters(self, at: datetime) -> None:
        manager = somebody(at, "manager", role="store_manager", scope="store:S1")
        other = somebody(at, "other", role="clerk", scope="store:S1")

        with pytest.raises(GrantAboveOwn):
            services.grant_role(
                staff_id=other.id, role="operations", scope="all", actor=manager, at=at
            )

        assert refused("role.granted") == [(manager.id, "access.grant_above_own")]

    def test_an_administrator_makes_no_owner(self, at: datetime) -> None:
        admin = somebody(at, "admin", role="administrator")
        other = somebody(at, "other", role="clerk", scope="store:S1")

        with pytest.raises(GrantAboveOwn):
            services.propose_role(staff_id=other.id, role="owner", scope="all", actor=admin, at=at)

        assert refused("role.granted") == [(admin.id, "access.grant_above_own")]

    def test_an_administrator_does_not_touch_an_owner(self, at: datetime) -> None:
        owner, admin = somebody(at, "owner", role="owner"), somebody(at, "a", role="administrator")

        for change in (services.deactivate_staff, services.reset_sessions):
            with pytest.raises(AccountAboveOwn):
                change(staff_id=owner.id, actor=admin, at=at)
        with pytest.raises(AccountAboveOwn):
            services.issue_sign_in_link(staff_id=owner.id, actor=admin, at=at)

        assert refused("staff.deactivated") == [(admin.id, "access.account_above_own")]

    def test_a_key_holds_no_more_than_its_maker(self, at: datetime) -> None:
        admin = somebody(at, "admin", role="administrator")

        with pytest.raises(GrantAboveOwn):
            services.create_key(permissions=["members.reveal"], actor=admin, at=at)
        with pytest.raises(GrantAboveOwn):
            services.propose_key(permissions=["members.reveal"], actor=admin, at=at)

        assert refused("key.created") == [(admin.id, "access.grant_above_own")] * 2

    def test_nobody_becomes_two_people_by_a_link(self, at: datetime) -> None:
        owner, finance = somebody(at, "owner", role="owner"), somebody(at, "f", role="finance")
        services.issue_sign_in_link(staff_id=finance.id, actor=owner, at=at)
        services.note_sign_in(staff_id=finance.id, how="link", network=None, at=at)

        with pytest.raises(LinkForbidden):
            services.issue_sign_in_link(staff_id=finance.id, actor=owner, at=at)


@pytest.mark.reliability("RH6")
class TestRolesByTwo:
    def test_a_strong_role_waits_for_a_second_person(self, at: datetime) -> None:
        owner, second = somebody(at, "owner", role="owner"), somebody(at, "second", role="owner")
        other = services.open_account(email="new@example.com", actor=owner, at=at)

        with pytest.raises(ApprovalNeeded):
            services.grant_role(staff_id=other.id, role="finance", scope="all", actor=owner, at=at)
        proposed = services.propose_role(
            staff_id=other.id, role="finance", scope="all", actor=owner, at=at
        )
        with pytest.raises(OwnApproval):
            yes(proposed, owner, at)
        done = yes(proposed, second, at)

        assert done.state is ApprovalState.EXECUTED
        assert [each.role for each in selectors.get_staff(staff_id=other.id).grants] == ["finance"]
        [entry] = [
            each for each in selectors.list_audit(action="role.granted") if each.on_behalf_id
        ]
        assert (entry.actor_id, entry.on_behalf_id) == (second.id, owner.id)

    def test_a_plain_role_does_not(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")
        somebody(at, "second", role="owner")

        made = services.create_staff(
            email="c@example.com", role="clerk", scope="store:S1", actor=owner, at=at
        )

        assert [each.role for each in made.grants] == ["clerk"]

    def test_nobody_approves_what_they_get(self, at: datetime) -> None:
        owner, second = somebody(at, "owner", role="owner"), somebody(at, "second", role="owner")
        proposed = services.propose_role(
            staff_id=second.id, role="privacy_officer", scope="all", actor=owner, at=at
        )

        failed = yes(proposed, second, at)

        assert failed.outcome is not None
        assert failed.outcome["refusal"] == "access.own_access"

    def test_ends_when_the_grant_says_so(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")
        clerk = somebody(at, "clerk", role="clerk", scope="store:S1")

        services.grant_role(
            staff_id=clerk.id,
            role="analyst",
            scope="all",
            actor=owner,
            at=at,
            expires_at=at + timedelta(days=1),
        )

        assert again(clerk.id, at).may("members.read")
        assert not again(clerk.id, at + timedelta(days=1)).may("members.read")


class TestRolesOfTheHouse:
    def made(self, at: datetime, actor: Actor = HOUSE, **more: object) -> Role:
        asked = {"name": "VIP desk", "permissions": ["members.read"], "scopes": ["all", "store"]}
        return services.make_role(**(asked | more), actor=actor, at=at)  # type: ignore[arg-type]

    def test_are_given_like_any_other(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")
        self.made(at, owner)

        made = somebody(at, "desk", role="VIP desk", scope="store:S1")

        store = selectors.store_ids_by_code(["S1"])["S1"]
        assert made.permissions == {"members.read", "console.use", "stores.read"}
        assert made.scope_for("members.read").store_ids == (store,)
        with pytest.raises(ScopeNotForRole):
            somebody(at, "other", role="VIP desk", scope="own")
        assert [each.object_id for each in selectors.list_audit(action="role.made")] == ["VIP desk"]

    def test_decide_where_they_may(self, at: datetime) -> None:
        given = ["approvals.decide", "keys.manage"]
        with pytest.raises(RoleAdministers):
            self.made(at, permissions=given)
        self.made(at, permissions=["approvals.decide", "exports.make"])
        desk = somebody(at, "desk", role="VIP desk")

        found = selectors.list_deciders(kind="export", size=1, policy=Policy(), at=at)

        assert desk.id in found

    @pytest.mark.reliability("RH4")
    def test_hold_no_more_than_their_maker(self, at: datetime) -> None:
        admin = somebody(at, "admin", role="administrator")

        with pytest.raises(GrantAboveOwn):
            self.made(at, admin, permissions=["members.reveal"])
        with pytest.raises(PermissionMissing):
            self.made(at, somebody(at, "ops", role="operations"))

        assert len(refused("role.made")) == 2

    @pytest.mark.parametrize(
        ("more", "refusal"),
        [
            ({"name": "Owner"}, RoleNameUnfit),
            ({"name": "x"}, RoleNameUnfit),
            ({"name": "a<b>"}, RoleNameUnfit),
            ({"permissions": []}, RoleEmpty),
            ({"scopes": []}, RoleEmpty),
            ({"scopes": ["galaxy"]}, RoleEmpty),
            ({"permissions": ["members.fly"]}, UnknownPermission),
        ],
    )
    def test_make_sense(
        self, at: datetime, more: dict[str, object], refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            self.made(at, **more)

    def test_have_names_of_their_own(self, at: datetime) -> None:
        self.made(at)

        with pytest.raises(RoleNameUnfit):
            self.made(at)

    @pytest.mark.reliability("RH6")
    def test_with_strong_permissions_wait_when_given(self, at: datetime) -> None:
        owner, second = somebody(at, "owner", role="owner"), somebody(at, "second", role="owner")
        self.made(at, owner, permissions=["members.reveal"])
        other = services.open_account(email="new@example.com", actor=owner, at=at)

        with pytest.raises(ApprovalNeeded):
            services.grant_role(staff_id=other.id, role="VIP desk", scope="all", actor=owner, at=at)
        proposed = services.propose_role(
            staff_id=other.id, role="VIP desk", scope="all", actor=owner, at=at
        )

        assert yes(proposed, second, at).state is ApprovalState.EXECUTED
        assert again(other.id, at).may("members.reveal")

    def test_are_taken_from_everybody_when_retired(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")
        self.made(at, owner)
        desk = somebody(at, "desk", role="VIP desk")

        assert services.retire_role(name="VIP desk", actor=owner, at=at) == 1

        assert again(desk.id, at).permissions == frozenset()
        assert selectors.list_custom_roles() == []
        with pytest.raises(UnknownRole):
            services.retire_role(name="VIP desk", actor=owner, at=at)
        with pytest.raises(UnknownRole):
            services.retire_role(name="owner", actor=owner, at=at)


@pytest.mark.reliability("RH6")
class TestKeysByTwo:
    def a_proposal(self, at: datetime, owner: Actor) -> Approval:
        return services.propose_key(
            permissions=["points.read"], title="till", store="S1", actor=owner, at=at
        )

    def test_a_key_waits_for_a_second_person(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")
        somebody(at, "second", role="owner")

        with pytest.raises(ApprovalNeeded):
            services.create_key(permissions=["points.read"], actor=owner, at=at)

        assert selectors.list_keys() == []

    def test_its_secret_is_made_when_its_maker_comes_for_it_once(self, at: datetime) -> None:
        owner, second = somebody(at, "owner", role="owner"), somebody(at, "second", role="owner")
        done = yes(self.a_proposal(at, owner), second, at)
        assert done.outcome is not None
        name = done.outcome["key"]

        with pytest.raises(KeyNotFound):
            services.collect_key(name=name, actor=second, at=at)
        key = services.collect_key(name=name, actor=owner, at=at)
        with pytest.raises(KeyCollected):
            services.collect_key(name=name, actor=owner, at=at)

        actor = services.find_actor_of_key(text=key.text, address="203.0.113.9")
        assert actor is not None
        assert (actor.permissions, actor.made_by) == ({"points.read"}, owner.id)
        kept = sql.rows("SELECT a::text FROM access_approval a")
        assert key.text.rpartition("_")[2] not in str(kept)

    def test_its_secret_is_not_there_for_ever(self, at: datetime) -> None:
        owner, second = somebody(at, "owner", role="owner"), somebody(at, "second", role="owner")
        done = yes(self.a_proposal(at, owner), second, at)
        assert done.outcome is not None

        with pytest.raises(KeyCollected):
            services.collect_key(name=done.outcome["key"], actor=owner, at=at + timedelta(hours=73))

    def test_an_exchanged_key_goes_on_for_a_day(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")
        old = services.create_key(permissions=["points.read"], actor=owner, at=at)
        somebody(at, "second", role="owner")

        new = services.rotate_key(name=old.key.name, actor=owner, at=at)

        assert new.key.permissions == old.key.permissions
        ended = selectors.get_key(name=old.key.name)
        assert ended.expires_at == at + timedelta(hours=24)
        assert new.key.expires_at == at + timedelta(days=365)
        with pytest.raises(KeyOver):
            services.rotate_key(name=old.key.name, actor=owner, at=at + timedelta(hours=24))


class TestPolicy:
    def test_begins_with_what_we_ship(self, at: datetime) -> None:
        found = selectors.policy(at)

        assert found == Policy()
        assert (found.idle_minutes, found.absolute_hours, found.export_rows_max) == (30, 12, 10_000)

    def test_each_change_is_a_version_with_its_lines_audited(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")

        services.change_policy(
            changes={"idle_minutes": 15, "adjust_points_max": {"clerk": 50}}, actor=owner, at=at
        )

        found = selectors.policy(at)
        assert (found.version, found.idle_minutes, found.adjust_points_max["clerk"]) == (1, 15, 50)
        assert found.adjust_points_max["finance"] == 50_000
        assert selectors.policy(at - timedelta(seconds=1)).version == 0
        [entry] = selectors.list_audit(action="policy.changed")
        assert entry.details["idle_minutes_before"] == 30
        assert entry.details["adjust_points_max.clerk"] == 50

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"idle_minutes": 0}, PolicyOutOfBounds),
            ({"idle_minutes": True}, PolicyOutOfBounds),
            ({"colour": 3}, PolicyUnknown),
            ({"four_eyes": {"lunch": "never"}}, PolicyUnknown),
            ({"four_eyes": {"export": "perhaps"}}, PolicyUnknown),
            ({"separated_administrators": 1}, PolicyUnknown),
            ({"adjust_points_max": 5}, PolicyUnknown),
            ({"adjust_points_max": {"emperor": 5}}, PolicyUnknown),
            ({"adjust_points_max": {"clerk": -5}}, PolicyOutOfBounds),
        ],
    )
    def test_refuses_what_makes_no_sense(
        self, at: datetime, changes: dict[str, object], refusal: type[Exception]
    ) -> None:
        with pytest.raises(refusal):
            services.change_policy(changes=changes, actor=HOUSE, at=at)

    def test_needs_its_permission(self, at: datetime) -> None:
        manager = somebody(at, "manager", role="store_manager", scope="store:S1")

        with pytest.raises(PermissionMissing):
            services.change_policy(changes={"idle_minutes": 15}, actor=manager, at=at)

        assert refused("policy.changed") == [(manager.id, "web.permission_missing")]

    @pytest.mark.reliability("RH6")
    def test_what_loosens_it_needs_two(self, at: datetime) -> None:
        owner, second = somebody(at, "owner", role="owner"), somebody(at, "second", role="owner")
        looser = {"four_eyes": {"points.adjust": FourEyes.NEVER.value}}

        with pytest.raises(ApprovalNeeded):
            services.change_policy(changes=looser, actor=owner, at=at)
        services.change_policy(changes={"idle_minutes": 15}, actor=owner, at=at)
        proposed = services.propose_policy(changes=looser, actor=owner, at=at)
        yes(proposed, second, at)

        assert selectors.newest_policy().mode_of("points.adjust") is FourEyes.NEVER

    @pytest.mark.reliability("RH6")
    def test_a_proposal_is_stale_once_the_policy_moved(self, at: datetime) -> None:
        owner, second = somebody(at, "owner", role="owner"), somebody(at, "second", role="owner")
        proposed = services.propose_policy(changes={"idle_minutes": 60}, actor=owner, at=at)
        services.change_policy(changes={"idle_minutes": 15}, actor=owner, at=at)

        failed = yes(proposed, second, at)

        assert failed.outcome is not None
        assert failed.outcome["refusal"] == PolicyChanged.name()

    def test_is_never_edited(self, at: datetime) -> None:
        services.change_policy(changes={"idle_minutes": 15}, actor=HOUSE, at=at)

        with pytest.raises(Exception, match=r"denied|append"), transaction.atomic():
            sql.run("UPDATE access_policy_version SET version = 9")


class TestSeparatedAdministrators:
    def separated(self, at: datetime) -> dict[str, Actor]:
        people = {
            name: somebody(at, name, role=f"{name}_administrator")
            for name in ("system", "security", "audit")
        }
        services.change_policy(changes={"separated_administrators": True}, actor=HOUSE, at=at)
        return people

    def test_needs_three_people(self, at: datetime) -> None:
        owner = somebody(at, "owner", role="owner")

        with pytest.raises(SeparationNotReady):
            services.change_policy(changes={"separated_administrators": True}, actor=owner, at=at)

    def test_puts_owner_and_administrator_to_sleep(self, at: datetime) -> None:
        owner, admin = somebody(at, "owner", role="owner"), somebody(at, "a", role="administrator")

        self.separated(at)

        assert again(owner.id, at).permissions == frozenset()
        assert again(admin.id, at).permissions == frozenset()
        assert selectors.has_owner()

    def test_lets_each_do_one_thing(self, at: datetime) -> None:
        people = self.separated(at)
        may = {name: again(actor.id, at).permissions for name, actor in people.items()}

        assert "settings.manage" in may["system"]
        assert not {"audit.read", "staff.manage", "keys.manage"} & may["system"]
        assert {"staff.manage", "roles.assign"} <= may["security"]
        assert not {"audit.read", "settings.manage", "members.read"} & may["security"]
        assert may["audit"] == {
            "console.use",
            "stores.read",
            "audit.read",
            "exports.make",
            "approvals.read",
        }

    def test_security_gives_roles_it_does_not_hold_but_none_that_sleep(self, at: datetime) -> None:
        security = self.separated(at)["security"]

        made = services.create_staff(
            email="c@example.com", role="clerk", scope="store:S1", actor=security, at=at
        )
        with pytest.raises(RoleAsleep):
            services.grant_role(
                staff_id=made.id, role="administrator", scope="all", actor=security, at=at
            )

        assert refused("role.granted") == [(security.id, "access.role_asleep")]

    def test_nobody_holds_two_of_the_three(self, at: datetime) -> None:
        system = somebody(at, "system", role="system_administrator")

        for role in ("audit_administrator", "clerk"):
            scope = "own" if role == "clerk" else "all"
            with pytest.raises(AdministratorAlone):
                services.grant_role(staff_id=system.id, role=role, scope=scope, actor=HOUSE, at=at)
        with pytest.raises(IntegrityError), transaction.atomic():
            sql.run(
                "INSERT INTO access_grant (staff_id, role, scope_kind, granted_at)"
                " VALUES (%s::bigint, 'audit_administrator', 'all', %s::timestamptz)",
                [system.id, at],
            )

    def test_auditors_are_not_changed_by_whom_they_audit(self, at: datetime) -> None:
        people = self.separated(at)
        security, auditor = people["security"], people["audit"]

        for change in (services.deactivate_staff, services.reset_sessions):
            with pytest.raises(AuditorProtected):
                change(staff_id=auditor.id, actor=security, at=at)
        with pytest.raises(AuditorProtected):
            services.revoke_role(
                staff_id=auditor.id,
                role="audit_administrator",
                scope="all",
                actor=security,
                at=at,
            )
        with pytest.raises(AuditorProtected):
            services.issue_sign_in_link(staff_id=auditor.id, actor=security, at=at)

        services.deactivate_staff(staff_id=auditor.id, actor=HOUSE, at=at)
        assert refused("role.revoked") == [(security.id, "access.auditor_protected")]

    def test_is_ended_from_the_command_line_alone(self, at: datetime) -> None:
        system = again(self.separated(at)["system"].id, at)
        joined = {"separated_administrators": False}

        with pytest.raises(SeparationStays):
            services.change_policy(changes=joined, actor=system, at=at)
        services.change_policy(changes=joined, actor=HOUSE, at=at)

        assert not selectors.newest_policy().separated_administrators
