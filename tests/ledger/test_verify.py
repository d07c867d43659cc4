"""The checker is checked: every planted corruption is found by the check meant for it."""

from uuid import uuid4

import pytest
from django.db import transaction

from regulars.ledger import services as ledger
from regulars.ledger.domain import Check
from regulars.ledger.selectors.moved import NARROW
from regulars.ledger.services import verifying
from regulars.web import sql
from tests.ledger.making import NOON, a_clawback, a_restore, a_spend, an_earn, days, given

pytestmark = [pytest.mark.reliability(f"RA{number}") for number in range(1, 8)]

ACCOUNT = "(SELECT id FROM ledger_account WHERE member_id = 1 AND currency = 1 AND kind = 0)"
LOT = f"(SELECT id FROM ledger_lot WHERE account_id = {ACCOUNT} AND is_open LIMIT 1)"
CORRUPTIONS = {
    "a balance changed by hand": (
        "balances", f"UPDATE ledger_account SET posted = posted + 1 WHERE id = {ACCOUNT}",
    ),
    "a lot emptied by hand": (
        "lots", f"UPDATE ledger_lot SET remaining = remaining - 1 WHERE id = {LOT}",
    ),
    "a lot that grew": (
        "lot_uses", f"UPDATE ledger_lot SET granted = granted + 5 WHERE id = {LOT}",
    ),
    "a use that vanished": (
        "debits", "DELETE FROM ledger_lot_use WHERE ctid = (SELECT min(ctid) FROM ledger_lot_use)",
    ),
    "a use of another size": (
        "debits",
        "UPDATE ledger_lot_use SET amount = amount + 1 WHERE ctid = (SELECT min(ctid) FROM ledger_lot_use)",
    ),
    "a transfer of another size": (
        "grants", "UPDATE ledger_transfer SET amount = amount + 1 WHERE kind = 1 AND member_id = 1",
    ),
    "a transfer that vanished": (
        "grants", "DELETE FROM ledger_transfer WHERE kind = 1 AND member_id = 2",
    ),
    "more held than the holds hold": (
        "held", f"UPDATE ledger_account SET held = held - 1 WHERE id = {ACCOUNT}",
    ),
    "a pin beyond its lot": (
        "pins", "UPDATE ledger_hold_lot SET amount = amount + 100000",
    ),
    "a reversal beyond its original": (
        "reversals", "UPDATE ledger_transfer SET amount = amount + 1000 WHERE kind = 4",
    ),
    "a hold resolved twice": (
        "holds", "UPDATE ledger_hold SET state = 0 WHERE state = 1",
    ),
    "an account of another currency": (
        "accounts", "UPDATE ledger_transfer SET currency = 3 WHERE kind = 2",
    ),
    "a lot in somebody else's account": (
        "grants", f"UPDATE ledger_lot SET account_id = account_id + 1 WHERE id = {LOT}",
    ),
    "one event that earned twice": (
        "twice", "UPDATE ledger_transfer SET event_id = 1, rule_version_id = 1 WHERE kind = 1",
    ),
    "a merged account that still holds something": (
        "emptied", f"UPDATE ledger_account SET merged_into = 5 WHERE id = {ACCOUNT}",
    ),
    "a use of somebody else's lot": (
        "uses",
        """UPDATE ledger_lot_use SET lot_id = (SELECT id FROM ledger_lot WHERE member_id = 2)
            WHERE ctid = (SELECT min(ctid) FROM ledger_lot_use)""",
    ),
    "a restore that gave back too much": (
        "restores", "UPDATE ledger_transfer SET amount = amount + 3 WHERE kind = 5",
    ),
    "points out of nothing": (
        "whole", "UPDATE ledger_account SET posted = posted + 7 WHERE member_id = 2",
    ),
    "a guard taken away": (
        "guards", "ALTER TABLE ledger_transfer DISABLE TRIGGER append_only",
    ),
}  # fmt: skip


def a_history() -> None:
    """Let a bit of everything happen."""
    earn, spend = an_earn(500, id=uuid4()), a_spend(100)
    given(an_earn(300), earn, spend, an_earn(40, member_id=2))
    given(a_clawback(earn.id, 50), a_restore(spend.id, 10))
    for lasts in (1, 2):
        hold_id = uuid4()
        ledger.hold_points(
            hold_id=hold_id, member_id=1, amount=60, expires_at=NOON + days(lasts), at=NOON
        )
        if lasts == 1:
            ledger.commit_hold(hold_id=hold_id, at=NOON)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_finds(name: str, committed_db: str) -> None:
    check, corruption = CORRUPTIONS[name]
    a_history()
    assert ledger.verify().is_clean

    with transaction.atomic(using="owner"):
        for table in ("ledger_transfer", "ledger_lot_use"):
            sql.run(f"ALTER TABLE {table} DISABLE TRIGGER append_only", using="owner")
        assert sql.run(corruption, using="owner") != 0
        sql.run("SET CONSTRAINTS ALL IMMEDIATE", using="owner")
        if check != "guards":
            for table in ("ledger_transfer", "ledger_lot_use"):
                sql.run(f"ALTER TABLE {table} ENABLE TRIGGER append_only", using="owner")

    verdict = ledger.verify()
    assert not verdict.is_clean
    assert check in {finding.check for finding in verdict.findings if finding.bad}
    if check in NARROW:
        narrow = ledger.verify(member_ids=[1, 2]).findings
        told = {finding.check for finding in narrow if finding.bad}
        assert told & {check, "balances"}, "a run over these members finds it too"


@pytest.mark.django_db
class TestNarrowRuns:
    def test_find_it_in_the_account_and_not_elsewhere(self):
        a_history()
        sql.run("UPDATE ledger_account SET posted = posted + 1 WHERE member_id = 2 AND kind = 0")

        assert not ledger.verify(member_ids=[2]).is_clean
        assert ledger.verify(member_ids=[1]).is_clean
        assert not ledger.verify(since=0).is_clean

    def test_are_clean_where_all_is_well(self):
        a_history()

        verdict = ledger.verify(since=0)

        assert verdict.is_clean
        assert len(verdict.accounts) == 2
        assert {finding.check for finding in verdict.findings} >= {"balances", "lots", "debits"}

    def test_ask_the_checks_of_others_too(self):
        check = Check(
            name="theirs", says="Nothing.", scanned="SELECT 1", bad="SELECT 'x'::text",
            narrow="SELECT id::text FROM verify_member",
        )  # fmt: skip

        full = ledger.verify(extra=[check])
        a_history()
        narrow = ledger.verify(member_ids=[2], extra=[check])

        assert full.findings[-1].ids == ("x",)
        assert narrow.findings[-1].ids == ("2",)

    def test_answer_in_plain_words_for_machines(self):
        said = ledger.verify().as_json()

        assert said["ok"] is True
        assert {"check", "scanned", "bad", "ids", "ms"} == set(said["checks"][0])


def test_a_wide_narrow_run_goes_over_two_connections(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifying, "LANES_FROM", 1)
    a_history()
    assert ledger.verify(since=0).is_clean
    sql.run("UPDATE ledger_account SET held = held - 1 WHERE member_id = 1 AND kind = 0")

    verdict = ledger.verify(since=0)

    assert {finding.check for finding in verdict.findings} == set(NARROW)
    assert [finding.check for finding in verdict.findings if finding.bad] == ["held"]


def test_the_watermark_leaves_out_nothing_that_commits_late(committed_db: str) -> None:
    given(an_earn(10))
    first = ledger.verify()

    given(an_earn(10, member_id=2))
    second = ledger.verify(since=first.watermark)

    assert [account for account in second.accounts if account > 0] != []
    assert len(second.accounts) == 1
    assert ledger.verify(since=second.watermark).accounts == ()
