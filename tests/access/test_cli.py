"""`regulars staff` and `regulars keys`: one JSON object, no secret twice, refusals as refusals."""

import json
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from regulars.access import selectors, services
from regulars.access.domain import (
    Actor,
    EmailTaken,
    PasswordWeak,
    PolicyOutOfBounds,
    StaffNotFound,
    StoreRow,
    UnknownRole,
)
from regulars.cli import access as cli
from regulars.cli import policy as policy_cli
from regulars.cli import staff_acts
from regulars.web import clock

PASSWORD = "tea and 12 buns"

pytestmark = [pytest.mark.django_db, pytest.mark.capability("H5")]


def ran(group: click.Group, *words: str, typed: str = "") -> Result:
    return CliRunner().invoke(group, words, input=typed)


def answered(group: click.Group, *words: str, typed: str = "") -> Any:
    result = ran(group, *words, "--json", typed=typed)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def a_stored_code() -> str:
    services.record_stores([StoreRow(0, "S1", "One")], at=clock.now())
    return "S1"


class TestStaffCreate:
    def test_takes_the_password_from_standard_input(self) -> None:
        told = answered(
            cli.staff,
            *("create", "--email", "lin@example.com", "--role", "owner", "--password-stdin"),
            typed=f"{PASSWORD}\n",
        )

        made = selectors.find_staff(email="lin@example.com")
        assert made is not None
        assert told["id"] == str(made.public_id)
        assert told["email"] == "l***@example.com"
        assert told["roles"] == [{"role": "owner", "scope": "all"}]
        assert told["sign_in_link"] is None
        at = clock.now()
        assert (
            services.sign_in(
                email="lin@example.com", password=PASSWORD, address="203.0.113.9", at=at
            )
            == made.id
        )

    def test_without_a_password_gives_a_link_that_works_once(self) -> None:
        told = answered(cli.staff, "create", "--email", "lin@example.com", "--role", "owner")

        token = told["sign_in_link"].rpartition("/")[2]
        assert services.use_sign_in_link(token=token, network=None, at=clock.now())

    def test_gives_a_clerk_one_store(self) -> None:
        code = a_stored_code()

        told = answered(
            cli.staff,
            *("create", "--email", "c@example.com", "--role", "clerk"),
            *("--scope", f"store:{code}", "--name", "Clara", "--code", "A1"),
        )

        assert told["roles"] == [{"role": "clerk", "scope": "store:S1"}]
        assert selectors.staff_ids_by_code(["A1"])

    def test_asks_a_clerk_for_a_scope(self) -> None:
        result = ran(cli.staff, "create", "--email", "c@example.com", "--role", "clerk")

        assert result.exit_code == 2
        assert "needs --scope" in result.stderr

    def test_refuses_what_is_wrong(self) -> None:
        weak = ran(
            cli.staff,
            *("create", "--email", "a@x.cn", "--role", "owner", "--password-stdin"),
            typed="short\n",
        )
        strange = ran(cli.staff, "create", "--email", "a@x.cn", "--role", "emperor")
        ran(cli.staff, "create", "--email", "a@x.cn", "--role", "owner")
        twice = ran(cli.staff, "create", "--email", "a@x.cn", "--role", "owner")

        assert isinstance(weak.exception, PasswordWeak)
        assert isinstance(strange.exception, UnknownRole)
        assert isinstance(twice.exception, EmailTaken)

    def test_lists_accounts_with_masked_addresses(self) -> None:
        ran(cli.staff, "create", "--email", "lin@example.com", "--role", "analyst")

        told = answered(cli.staff, "list")
        drawn = ran(cli.staff, "list")

        assert [each["email"] for each in told["staff"]] == ["l***@example.com"]
        assert "analyst (all)" in drawn.stdout
        assert "lin@example.com" not in drawn.stdout


class TestKeys:
    def test_are_printed_once(self) -> None:
        told = answered(cli.keys, "create", "--scopes", "orders.write,members.write")
        listed = ran(cli.keys, "list", "--json").stdout

        actor = services.find_actor_of_key(text=told["key"], address="")
        assert actor is not None
        assert actor.permissions == {"orders.write", "members.write"}
        assert told["key"] not in listed
        assert told["key"].rpartition("_")[2] not in listed
        assert json.loads(listed)["keys"][0]["name"] == told["name"]

    def test_are_printed_bare_for_people_too(self) -> None:
        result = ran(cli.keys, "create", "--scopes", "all", "--store", a_stored_code())

        text = result.stdout.splitlines()[0]
        actor = services.find_actor_of_key(text=text, address="")
        assert actor is not None
        assert len(actor.scope.store_ids) == 1

    def test_end_when_revoked(self) -> None:
        told = answered(cli.keys, "create", "--scopes", "all", "--days", "7")

        ended = answered(cli.keys, "revoke", told["name"])
        services.forget_keys()

        assert ended["revoked_at"] is not None
        assert services.find_actor_of_key(text=told["key"], address="") is None
        assert "revoked" in ran(cli.keys, "list").stdout

    def test_say_in_the_log_that_the_command_line_made_them(self) -> None:
        told = answered(cli.keys, "create", "--scopes", "points.read")

        (entry,) = selectors.list_audit(about=("key", told["name"]))
        assert (entry.actor_kind, entry.actor_id) == (Actor.system().kind, 0)


class TestResetFactors:
    def test_lets_a_locked_out_owner_in_again(self) -> None:
        from tests.access.browsing import a_staff, with_totp

        at = clock.now()
        made = a_staff(at)
        with_totp(made, at)

        told = answered(cli.staff, "reset-factors", "--email", "LIN@example.com")

        assert told == {"id": str(made.public_id), "factors": 1}
        factors = selectors.get_factors(staff_id=made.id)
        assert (factors.held, factors.recovery_codes_left) == ((), 0)
        (entry,) = selectors.list_audit(action="staff.factors_reset")
        assert (entry.actor_kind, entry.details) == ("system", {"factors": 1})

    def test_of_nobody_is_refused(self) -> None:
        result = ran(cli.staff, "reset-factors", "--email", "nobody@example.com")

        assert result.exit_code != 0


class TestStaffActs:
    def test_change_an_account_as_the_system(self) -> None:
        store = a_stored_code()
        who = ("--email", "lin@example.com")
        answered(cli.staff, "create", *who, "--role", "clerk", "--scope", f"store:{store}")

        given = answered(staff_acts.staff, "grant", *who, "--role", "finance")
        link = answered(staff_acts.staff, "link", *who)
        taken = answered(staff_acts.staff, "revoke", *who, "--role", "finance")
        off = answered(staff_acts.staff, "deactivate", *who)
        on = answered(staff_acts.staff, "activate", *who)

        assert [each["role"] for each in given["roles"]] == ["clerk", "finance"]
        assert link["sign_in_link"].startswith("/sign-in/")
        assert [each["role"] for each in taken["roles"]] == ["clerk"]
        assert (off["active"], on["active"]) == (False, True)
        entries = selectors.list_audit(action="role.granted")
        assert {each.actor_kind for each in entries} == {"system"}

    def test_of_nobody_are_refused(self) -> None:
        result = ran(staff_acts.staff, "link", "--email", "nobody@example.com")

        assert isinstance(result.exception, StaffNotFound)


class TestPolicy:
    def test_is_shown_and_set_without_a_second_person(self) -> None:
        shown = answered(policy_cli.policy, "show")
        changed = answered(
            policy_cli.policy,
            "set",
            "idle_minutes=60",
            "adjust_points_max.clerk=50",
            "four_eyes.export=never",
        )

        assert (shown["version"], shown["idle_minutes"]) == (0, 30)
        assert (changed["version"], changed["idle_minutes"]) == (1, 60)
        assert changed["adjust_points_max.clerk"] == 50
        assert changed["four_eyes.export"] == "never"

    def test_of_nonsense_is_refused(self) -> None:
        assert ran(policy_cli.policy, "set", "idle_minutes").exit_code == 2
        assert isinstance(
            ran(policy_cli.policy, "set", "idle_minutes=soon").exception, PolicyOutOfBounds
        )
