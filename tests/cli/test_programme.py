"""`regulars programme` from the command line."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from regulars.cli.programme import programme
from regulars.ledger.domain import OwedPolicy
from regulars.loyalty import selectors
from regulars.web import sql

pytestmark = pytest.mark.django_db


def call(*words: str) -> tuple[int, dict[str, Any]]:
    done = CliRunner().invoke(programme, [*words, "--json"])
    return done.exit_code, json.loads(done.stdout) if done.exit_code == 0 else {}


def test_shows_what_is_in_force() -> None:
    code, shown = call("show")

    assert (code, shown["refund_policy"], shown["pending_days"]) == (0, "owe", 7)


@pytest.mark.parametrize("policy", list(OwedPolicy))
def test_changes_what_a_refund_does_with_spent_points(policy: OwedPolicy) -> None:
    code, told = call("configure", "--refund-policy", policy.value)

    assert (code, told["refund_policy"], told["pending_days"]) == (0, policy.value, 7)
    assert selectors.get_programme().refund_policy is policy


def test_changes_are_audited_with_what_was_before() -> None:
    call("configure", "--pending-days", "3", "--zone", "Europe/Berlin", "--currency", "EUR")

    assert call("show")[1] == {
        "refund_policy": "owe",
        "pending_days": 3,
        "zone": "Europe/Berlin",
        "currency": "EUR",
    }
    action, details = sql.row(
        "SELECT action, details::text FROM access_audit_entry ORDER BY id DESC LIMIT 1"
    ) or ("", "{}")
    assert action == "programme.configured"
    assert json.loads(details)["pending_days_before"] == 7
    assert json.loads(details)["pending_days"] == 3


@pytest.mark.parametrize(
    "words", [(), ("--refund-policy", "shrug"), ("--pending-days", "-1")], ids=str
)
def test_says_usage_for_what_it_does_not_know(words: tuple[str, ...]) -> None:
    assert CliRunner().invoke(programme, ["configure", *words]).exit_code == 2


def test_is_drawn_for_people() -> None:
    assert "Asia/Shanghai" in CliRunner().invoke(programme, ["show"]).stdout
