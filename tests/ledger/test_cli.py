"""`regulars verify`: one JSON object, exit code 1 on findings, 2 on a question it cannot take."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from regulars import wiring
from regulars.cli.verify import verify
from regulars.web import sql
from tests.ledger.making import a_spend, an_earn, given

pytestmark = [pytest.mark.django_db, pytest.mark.capability("B1")]


def ran(*words: str) -> Result:
    return CliRunner().invoke(verify, words)


def answered(*words: str) -> Any:
    return json.loads(ran(*words, "--json").stdout)


def test_says_that_everything_adds_up():
    given(an_earn(100), a_spend(60))

    result, told = ran("--all"), answered("--all")

    assert result.exit_code == 0
    assert "Everything adds up." in result.stdout
    assert told["ok"] is True
    assert told["transfers"] == 2


def test_finds_and_says_where():
    given(an_earn(100))
    sql.run("UPDATE ledger_account SET posted = posted + 1 WHERE member_id = 1 AND kind = 0")

    result = ran("--json")

    assert result.exit_code == 1
    told = json.loads(result.stdout)
    [account] = sql.rows("SELECT id FROM ledger_account WHERE member_id = 1 AND kind = 0")
    wrong = {check["check"]: check["ids"] for check in told["checks"] if check["bad"]}
    assert wrong["balances"] == [str(account[0])]


def test_narrows_to_a_member_an_account_or_what_moved_since():
    given(an_earn(100), an_earn(5, member_id=2))
    sql.run("UPDATE ledger_account SET posted = posted + 1 WHERE member_id = 2 AND kind = 0")
    [first] = sql.rows("SELECT id FROM ledger_account WHERE member_id = 1 AND kind = 0")

    assert answered("--member", "1")["ok"] is True
    assert answered("--account", str(first[0]))["ok"] is True
    assert answered("--member", "2")["ok"] is False
    assert answered("--since", "0")["ok"] is False


def test_does_not_take_all_and_some_at_once():
    assert ran("--all", "--since", "5").exit_code == 2


def test_asks_the_checks_of_every_app():
    names = [check.name for check in wiring.checks()]

    assert len(names) == len(set(names))
    assert {check["check"] for check in answered()["checks"]} >= set(names)
