"""`regulars verify --audit`: the seals of the audit log, in a house that nobody else writes to."""

import pytest

from tests.ledger.test_cli import answered


@pytest.mark.capability("G4")
def test_checks_the_seals_of_the_audit_log(committed_db, own_var):
    told = answered("--audit")

    assert told["ok"] is True
    assert told["audit"]["first_bad_seq"] is None
