"""The invariants of the ledger as queries; each answers the ids of what breaks it.

The names in brackets are those of the reliability list. Queries are written for a whole ledger
of millions of transfers: every table is read in bulk, hashed, never looked up row by row.
"""

from dataclasses import replace
from typing import Final

from regulars.kit.messages import message
from regulars.ledger.domain import Check, Sweep
from regulars.ledger.selectors.moved import NARROW

_ACCOUNTS = "SELECT count(*) FROM ledger_account WHERE member_id IS NOT NULL"
_TRANSFERS = "SELECT count(*) FROM ledger_transfer"
_LOTS = "SELECT count(*) FROM ledger_lot"
_USES = "SELECT count(*) FROM ledger_lot_use"
_HOLDS = "SELECT count(*) FROM ledger_hold"
_DEBITS = "SELECT count(*) FROM ledger_transfer WHERE debit_id > 0"

_HELD: Final = """
SELECT a.id::text FROM ledger_account AS a LEFT JOIN (
    SELECT account_id, sum(amount) AS total FROM ledger_hold WHERE state = 0 GROUP BY account_id
) AS h ON h.account_id = a.id
WHERE a.member_id IS NOT NULL AND a.held <> COALESCE(h.total, 0)
"""

_CHECKS: Final = (
    Check(
        name="balances",
        says=message("Every balance is the sum of its transfers (RA1)."),
        scanned=_ACCOUNTS,
        bad="",
    ),
    Check(
        name="lots",
        says=message("Every balance with lots is the sum of what its lots hold (RA2)."),
        scanned=_ACCOUNTS,
        bad="",
    ),
    Check(
        name="lot_uses",
        says=message(
            "What a lot holds is what it was granted, less its uses, plus what came back (RA3)."
        ),
        scanned=_LOTS,
        bad="",
    ),
    Check(
        name="debits",
        says=message("Every debit is paid by lots, to the last point (RA4)."),
        scanned=_DEBITS,
        bad="",
    ),
    Check(
        name="held",
        says=message("What is held is the sum of the open holds (RA5)."),
        scanned=_HOLDS,
        bad=_HELD,
    ),
    Check(
        name="pins",
        says=message(
            "Open holds pin what they hold, in lots of their account that still have it (RA5)."
        ),
        scanned="SELECT count(*) FROM ledger_hold_lot",
        bad="""
WITH pins AS (
    SELECT h.id, h.account_id, h.amount AS wanted, p.lot_id, p.amount FROM ledger_hold AS h
    LEFT JOIN ledger_hold_lot AS p ON p.hold_id = h.id WHERE h.state = 0
)
SELECT id::text FROM pins GROUP BY id, wanted HAVING COALESCE(sum(amount), 0) <> wanted
UNION
SELECT 'lot ' || p.lot_id FROM pins AS p LEFT JOIN ledger_lot AS l ON l.id = p.lot_id
WHERE p.lot_id IS NOT NULL
GROUP BY p.lot_id, l.remaining, l.account_id
HAVING l.remaining IS NULL OR sum(p.amount) > l.remaining
    OR bool_or(p.account_id <> l.account_id)
""",
    ),
    Check(
        name="whole",
        says=message("In each programme and currency members and house add up to nothing (RA6)."),
        scanned=_TRANSFERS,
        bad="",
    ),
    Check(
        name="reversals",
        says=message("Nothing is reversed beyond its amount (RA7)."),
        scanned="SELECT count(*) FROM ledger_transfer WHERE reverses IS NOT NULL",
        bad="""
SELECT r.reverses::text FROM (
    SELECT reverses, sum(amount) AS total FROM ledger_transfer WHERE reverses IS NOT NULL
    GROUP BY reverses
) AS r LEFT JOIN ledger_transfer AS t ON t.id = r.reverses
WHERE t.id IS NULL OR r.total > t.amount
""",
    ),
    Check(
        name="holds",
        says=message(
            "A hold is resolved once: a committed one by one transfer of that amount (RA7)."
        ),
        scanned=_HOLDS,
        bad="""
SELECT COALESCE(h.id, t.hold_id)::text FROM ledger_hold AS h FULL JOIN (
    SELECT hold_id, sum(amount) AS total, count(*) AS times FROM ledger_transfer
    WHERE kind = 8 GROUP BY hold_id
) AS t ON t.hold_id = h.id
WHERE h.id IS NULL OR COALESCE(t.times, 0) <> CASE WHEN h.state = 1 THEN 1 ELSE 0 END
    OR COALESCE(t.total, 0) <> h.committed_amount
""",
    ),
    Check(
        name="accounts",
        says=message(
            "Both accounts of a transfer exist, in its currency; RA6 holds programmes apart."
        ),
        scanned=_TRANSFERS,
        bad="",
    ),
    Check(
        name="grants",
        says=message("A lot and the credit that granted it name each other, account and amount."),
        scanned=_LOTS,
        bad="",
    ),
    Check(
        name="restores",
        says=message("What a restore credits is what it gives back to lots."),
        scanned="SELECT count(*) FROM ledger_transfer WHERE kind = 5",
        bad="",
    ),
    Check(
        name="uses",
        says=message("A use belongs to a transfer of the account whose lot it takes from."),
        scanned=_USES,
        bad="",
    ),
    Check(
        name="twice",
        says=message("One event earns once by one rule."),
        scanned=_TRANSFERS,
        bad="""
SELECT format('event %s rule %s', event_id, rule_version_id) FROM ledger_transfer
WHERE kind = 1 AND event_id IS NOT NULL AND rule_version_id IS NOT NULL
GROUP BY event_id, rule_version_id, credit_id HAVING count(*) > 1
""",
    ),
    Check(
        name="emptied",
        says=message("Merged and closed accounts hold nothing."),
        scanned=_ACCOUNTS,
        bad="""
SELECT id::text FROM ledger_account
WHERE (merged_into IS NOT NULL OR closed_at IS NOT NULL) AND (posted <> 0 OR held <> 0)
""",
    ),
    Check(
        name="guards",
        says=message(
            "Transfers and uses are append-only by trigger, and by grant where roles differ."
        ),
        scanned="SELECT 2",
        bad="""
SELECT w.name || ': ' || w.what FROM (
    SELECT c.relname::text AS name, 'trigger missing' AS what FROM pg_class AS c
    WHERE c.oid IN ('ledger_transfer'::regclass, 'ledger_lot_use'::regclass) AND (
        SELECT count(*) FROM pg_trigger AS g WHERE g.tgrelid = c.oid AND g.tgenabled IN ('O', 'A')
            AND g.tgname IN ('append_only', 'append_only_truncate')) < 2
    UNION ALL
    SELECT c.relname::text, 'may be changed' FROM pg_class AS c
    WHERE c.oid IN ('ledger_transfer'::regclass, 'ledger_lot_use'::regclass)
        AND pg_get_userbyid(c.relowner) <> current_user
        AND has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE')
) AS w
""",
    ),
)

CHECKS: Final = tuple(replace(check, narrow=NARROW.get(check.name)) for check in _CHECKS)

# Every transfer once, by both of its sides.
_SIDES: Final = """
WITH sides AS MATERIALIZED (
    SELECT account_id, currency, sum(amount) AS total FROM (
        SELECT credit_id AS account_id, currency, amount FROM ledger_transfer
        UNION ALL
        SELECT debit_id, currency, -amount FROM ledger_transfer
    ) AS both_sides GROUP BY account_id, currency
), booked AS MATERIALIZED (
    SELECT a.id, a.programme_id, a.currency, a.member_id, a.posted, COALESCE(s.total, 0) AS total
    FROM ledger_account AS a
    LEFT JOIN sides AS s ON s.account_id = a.id AND s.currency = a.currency
)
SELECT 'balances', id::text FROM booked WHERE member_id IS NOT NULL AND posted <> total
UNION ALL
SELECT 'whole', format('programme %s currency %s', programme_id, currency) FROM booked
GROUP BY programme_id, currency
HAVING sum(CASE WHEN member_id IS NULL THEN total ELSE posted END) <> 0
UNION ALL
SELECT 'accounts', s.account_id::text FROM sides AS s LEFT JOIN ledger_account AS a
    ON a.id = s.account_id AND a.currency = s.currency
WHERE a.id IS NULL
"""
# Every lot once, with its uses and with the transfer that granted it. Of each account the first
# lot that is wrong is told: arrays of all would cost the whole run its memory.
_LOTS_SWEPT: Final = """
WITH used AS MATERIALIZED (
    SELECT u.lot_id, sum(CASE WHEN t.kind = 5 THEN -u.amount ELSE u.amount END) AS amount,
        min(CASE WHEN t.kind = 5 THEN t.credit_id ELSE t.debit_id END) AS lowest,
        max(CASE WHEN t.kind = 5 THEN t.credit_id ELSE t.debit_id END) AS highest,
        bool_or(t.id IS NULL) AS is_orphan
    FROM ledger_lot_use AS u LEFT JOIN (SELECT id, kind, debit_id, credit_id FROM ledger_transfer
        WHERE debit_id > 0 OR kind = 5) AS t ON t.id = u.transfer_id
    GROUP BY u.lot_id
), swept AS MATERIALIZED (
    SELECT l.account_id, sum(l.remaining) AS total,
        min(l.id) FILTER (WHERE l.granted - COALESCE(u.amount, 0) <> l.remaining
            OR l.remaining < 0 OR l.remaining > l.granted) AS uneven,
        min(l.id) FILTER (WHERE u.is_orphan OR u.lowest <> l.account_id
            OR u.highest <> l.account_id) AS misused,
        min(COALESCE(t.seq, l.id)) FILTER (WHERE
            (l.id IS NOT NULL AND (t.id IS NULL OR l.transfer_id <> t.id
                OR l.account_id <> t.credit_id OR l.granted <> t.amount))
            OR (l.id IS NULL AND t.kind <> 5 AND t.currency <> 2 AND o.id IS NULL)) AS ungranted
    FROM ledger_lot AS l LEFT JOIN used AS u ON u.lot_id = l.id
    FULL JOIN (SELECT id, seq, credit_id, amount, kind, currency FROM ledger_transfer
        WHERE credit_id > 0) AS t ON t.seq = l.id
    LEFT JOIN ledger_account AS o ON o.id = t.credit_id AND o.kind = 1
    GROUP BY l.account_id
)
SELECT 'lots', a.id::text FROM ledger_account AS a LEFT JOIN swept AS s ON s.account_id = a.id
WHERE a.member_id IS NOT NULL AND CASE WHEN a.kind = 0 AND a.currency <> 2
    THEN a.posted <> COALESCE(s.total, 0) ELSE s.account_id IS NOT NULL END
UNION ALL
SELECT 'lot_uses', uneven::text FROM swept WHERE uneven IS NOT NULL
UNION ALL
SELECT 'uses', misused::text FROM swept WHERE misused IS NOT NULL
UNION ALL
SELECT 'grants', ungranted::text FROM swept WHERE ungranted IS NOT NULL
"""
# Every debit and every restore once, with what it took from lots or gave back.
_DEBITS_SWEPT: Final = """
WITH used AS MATERIALIZED (
    SELECT transfer_id, sum(amount) AS amount FROM ledger_lot_use GROUP BY transfer_id
)
SELECT 'debits', t.id::text FROM ledger_transfer AS t
JOIN ledger_account AS a ON a.id = t.debit_id AND a.kind = 0
LEFT JOIN used AS u ON u.transfer_id = t.id
WHERE t.debit_id > 0 AND t.currency <> 2 AND t.amount <> COALESCE(u.amount, 0)
UNION ALL
SELECT 'restores', t.id::text FROM ledger_transfer AS t
LEFT JOIN ledger_lot AS l ON l.id = t.seq
LEFT JOIN used AS u ON u.transfer_id = t.id
WHERE t.kind = 5 AND t.currency <> 2
    AND t.amount <> COALESCE(l.granted, 0) + COALESCE(u.amount, 0)
"""

SWEEPS: Final = (
    Sweep(("lots", "lot_uses", "uses", "grants"), _LOTS_SWEPT),
    Sweep(("balances", "whole", "accounts"), _SIDES),
    Sweep(("debits", "restores"), _DEBITS_SWEPT),
)
