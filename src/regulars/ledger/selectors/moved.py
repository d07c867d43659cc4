"""What moved, set down in tables of the session, and the invariants asked of that alone.

A check of a few accounts looks them up; one of tens of thousands reads in bulk. Which of the two
is cheaper the planner knows only from analysed tables, never from an array of ids.
"""

from collections.abc import Collection
from typing import Final

from regulars.ledger.selectors.locks import bigints
from regulars.web import sql

OF_ACCOUNTS: Final = ("balances", "lots")  # the dearest; they ask of `verify_account` alone
TABLES: Final = ("verify_moved", "verify_account", "verify_member", "verify_lot")

# Read-only transactions may write temporary tables but not make them: made beforehand.
_MAKE: Final = """
CREATE TEMPORARY TABLE IF NOT EXISTS verify_moved (id uuid, seq bigint, kind smallint,
    currency smallint, debit_id bigint, credit_id bigint, amount bigint, reverses uuid,
    hold_id uuid, rule_version_id bigint) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS verify_account (id bigint, member_id bigint)
    ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS verify_member (id bigint) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS verify_lot (id bigint) ON COMMIT DELETE ROWS
"""
_TRANSFER = (
    "id, seq, kind, currency, debit_id, credit_id, amount, reverses, hold_id, rule_version_id"
)
_MOVED_SINCE: Final = (
    f"INSERT INTO pg_temp.verify_moved SELECT {_TRANSFER} FROM ledger_transfer"
    " WHERE seq >= %s::bigint"
)
_OF_MOVED: Final = (
    "INSERT INTO pg_temp.verify_account SELECT a.id, a.member_id FROM ledger_account AS a"
    " WHERE a.member_id IS NOT NULL AND a.id IN (SELECT credit_id FROM pg_temp.verify_moved"
    " UNION SELECT debit_id FROM pg_temp.verify_moved)"
)
_NAMED: Final = (
    "INSERT INTO pg_temp.verify_account SELECT id, member_id FROM ledger_account"
    " WHERE (id = ANY(%s::bigint[]) OR member_id = ANY(%s::bigint[])) AND member_id IS NOT NULL"
    " AND id NOT IN (SELECT id FROM pg_temp.verify_account)"
)
_MOVED_OF_NAMED: Final = (
    f"INSERT INTO pg_temp.verify_moved SELECT {_TRANSFER} FROM ledger_transfer WHERE credit_id > 0"
    " AND credit_id IN (SELECT id FROM pg_temp.verify_account)"
    f" UNION SELECT {_TRANSFER} FROM ledger_transfer WHERE debit_id > 0"
    " AND debit_id IN (SELECT id FROM pg_temp.verify_account)"
    " EXCEPT SELECT * FROM pg_temp.verify_moved"
)
_MEMBERS: Final = (
    "INSERT INTO pg_temp.verify_member SELECT DISTINCT member_id FROM pg_temp.verify_account"
)
_LOTS: Final = (
    "INSERT INTO pg_temp.verify_lot SELECT seq FROM pg_temp.verify_moved WHERE credit_id > 0"
    " UNION SELECT lot_id FROM ledger_lot_use"
    " WHERE transfer_id IN (SELECT id FROM pg_temp.verify_moved)"
)


def make_tables() -> None:
    """Make the session's tables, before a transaction that only reads begins."""
    for statement in _MAKE.split(";"):
        sql.run(statement)


def set_down(
    *,
    since: int | None,
    account_ids: Collection[int] | None,
    member_ids: Collection[int] | None,
) -> list[int]:
    """Fill the tables with what moved since a mark, and with accounts named; answers the accounts.

    Of accounts that are named everything that ever moved is looked at.
    """
    for table in TABLES:
        sql.run(f"DELETE FROM pg_temp.{table}")
    if since is not None:
        _fill("verify_moved", _MOVED_SINCE, [since])
        _fill("verify_account", _OF_MOVED)
    if account_ids is not None or member_ids is not None:
        _fill("verify_account", _NAMED, [bigints(account_ids or ()), bigints(member_ids or ())])
        _fill("verify_moved", _MOVED_OF_NAMED)
    _fill("verify_member", _MEMBERS)
    _fill("verify_lot", _LOTS)
    return [row[0] for row in sql.rows("SELECT id FROM pg_temp.verify_account ORDER BY id")]


def set_down_accounts(account_ids: Collection[int]) -> None:
    """Fill the table of accounts alone, for checks that ask of nothing else."""
    sql.run("DELETE FROM pg_temp.verify_account")
    _fill("verify_account", _NAMED, [bigints(account_ids), bigints(())])


def _fill(table: str, statement: str, values: Collection[object] = ()) -> None:
    sql.run(statement, list(values))
    sql.run(f"ANALYZE pg_temp.{table}")


NARROW: Final[dict[str, str]] = {
    "balances": """
SELECT a.id::text FROM verify_account AS v JOIN ledger_account AS a ON a.id = v.id LEFT JOIN (
    SELECT account_id, sum(amount) AS total FROM (
        SELECT credit_id AS account_id, amount FROM ledger_transfer
        WHERE credit_id > 0 AND credit_id IN (SELECT id FROM verify_account)
        UNION ALL
        SELECT debit_id, -amount FROM ledger_transfer
        WHERE debit_id > 0 AND debit_id IN (SELECT id FROM verify_account)
    ) AS sides GROUP BY account_id
) AS t ON t.account_id = a.id
WHERE a.posted <> COALESCE(t.total, 0)
""",
    "lots": """
SELECT a.id::text FROM verify_account AS v JOIN ledger_account AS a ON a.id = v.id LEFT JOIN (
    SELECT account_id, sum(remaining) AS total FROM ledger_lot
    WHERE is_open AND account_id IN (SELECT id FROM verify_account) GROUP BY account_id
) AS l ON l.account_id = a.id
WHERE CASE WHEN a.kind = 0 AND a.currency <> 2
    THEN a.posted <> COALESCE(l.total, 0) ELSE l.total IS NOT NULL END
""",
    "lot_uses": """
SELECT l.id::text FROM verify_lot AS v JOIN ledger_lot AS l ON l.id = v.id LEFT JOIN (
    SELECT u.lot_id, sum(CASE WHEN t.id IS NULL THEN u.amount ELSE -u.amount END) AS amount
    FROM ledger_lot_use AS u
    LEFT JOIN ledger_transfer AS t ON t.id = u.transfer_id AND t.kind = 5
    WHERE u.lot_id IN (SELECT id FROM verify_lot) GROUP BY u.lot_id
) AS u ON u.lot_id = l.id
WHERE l.granted - COALESCE(u.amount, 0) <> l.remaining
    OR l.remaining < 0 OR l.remaining > l.granted
""",
    "debits": """
SELECT t.id::text FROM verify_moved AS t
JOIN ledger_account AS a ON a.id = t.debit_id AND a.kind = 0
LEFT JOIN (SELECT transfer_id, sum(amount) AS amount FROM ledger_lot_use
    WHERE transfer_id IN (SELECT id FROM verify_moved) GROUP BY transfer_id
) AS u ON u.transfer_id = t.id
WHERE t.debit_id > 0 AND t.currency <> 2 AND t.amount <> COALESCE(u.amount, 0)
""",
    "held": """
SELECT a.id::text FROM verify_account AS v JOIN ledger_account AS a ON a.id = v.id LEFT JOIN (
    SELECT account_id, sum(amount) AS total FROM ledger_hold
    WHERE state = 0 AND account_id IN (SELECT id FROM verify_account) GROUP BY account_id
) AS h ON h.account_id = a.id
WHERE a.held <> COALESCE(h.total, 0)
""",
    "pins": """
WITH pins AS (
    SELECT h.id, h.account_id, h.amount AS wanted, p.lot_id, p.amount FROM ledger_hold AS h
    LEFT JOIN ledger_hold_lot AS p ON p.hold_id = h.id
    WHERE h.state = 0 AND h.account_id IN (SELECT id FROM verify_account)
)
SELECT id::text FROM pins GROUP BY id, wanted HAVING COALESCE(sum(amount), 0) <> wanted
UNION
SELECT 'lot ' || p.lot_id FROM pins AS p LEFT JOIN ledger_lot AS l ON l.id = p.lot_id
WHERE p.lot_id IS NOT NULL
GROUP BY p.lot_id, l.remaining, l.account_id
HAVING l.remaining IS NULL OR sum(p.amount) > l.remaining
    OR bool_or(p.account_id <> l.account_id)
""",
    "reversals": """
SELECT r.reverses::text FROM (
    SELECT reverses, sum(amount) AS total FROM ledger_transfer
    WHERE reverses IN (SELECT reverses FROM verify_moved WHERE reverses IS NOT NULL)
    GROUP BY reverses
) AS r LEFT JOIN ledger_transfer AS t ON t.id = r.reverses
WHERE t.id IS NULL OR r.total > t.amount
""",
    "holds": """
SELECT m.hold_id::text FROM verify_moved AS m LEFT JOIN ledger_hold AS h ON h.id = m.hold_id
WHERE m.kind = 8 GROUP BY m.hold_id, h.id, h.state, h.committed_amount
HAVING h.state IS DISTINCT FROM 1 OR count(*) <> 1 OR sum(m.amount) <> h.committed_amount
""",
    "accounts": """
SELECT m.id::text FROM verify_moved AS m
LEFT JOIN ledger_account AS d ON d.id = m.debit_id AND d.currency = m.currency
LEFT JOIN ledger_account AS c ON c.id = m.credit_id AND c.currency = m.currency
WHERE d.id IS NULL OR c.id IS NULL
""",
    "grants": """
SELECT m.seq::text FROM verify_moved AS m
JOIN ledger_account AS a ON a.id = m.credit_id
LEFT JOIN ledger_lot AS l ON l.id = m.seq
WHERE m.credit_id > 0 AND CASE WHEN l.id IS NULL
    THEN m.kind <> 5 AND m.currency <> 2 AND a.kind <> 1
    ELSE l.transfer_id <> m.id OR l.account_id <> m.credit_id OR l.granted <> m.amount END
""",
    "restores": """
SELECT m.id::text FROM verify_moved AS m LEFT JOIN ledger_lot AS l ON l.id = m.seq
LEFT JOIN (SELECT transfer_id, sum(amount) AS amount FROM ledger_lot_use
    WHERE transfer_id IN (SELECT id FROM verify_moved WHERE kind = 5) GROUP BY transfer_id
) AS u ON u.transfer_id = m.id
WHERE m.kind = 5 AND m.currency <> 2
    AND m.amount <> COALESCE(l.granted, 0) + COALESCE(u.amount, 0)
""",
    "uses": """
SELECT DISTINCT u.lot_id::text FROM verify_moved AS m
JOIN ledger_lot_use AS u ON u.transfer_id = m.id
LEFT JOIN ledger_lot AS l ON l.id = u.lot_id
WHERE l.account_id IS DISTINCT FROM CASE WHEN m.kind = 5 THEN m.credit_id ELSE m.debit_id END
""",
    "emptied": """
SELECT a.id::text FROM verify_account AS v JOIN ledger_account AS a ON a.id = v.id
WHERE (a.merged_into IS NOT NULL OR a.closed_at IS NOT NULL) AND (a.posted <> 0 OR a.held <> 0)
""",
}
