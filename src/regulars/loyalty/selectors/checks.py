"""What `verify` asks of loyalty: awards agree with the ledger, growth with awards, tiers with both.

The same in kind as the ledger's own checks: each query answers the ids of what is wrong.
"""

from typing import Final

from regulars.kit.messages import message
from regulars.ledger.domain import Check

_AWARDS: Final = "SELECT count(*) FROM loyalty_award"
_GROWTH: Final = "SELECT count(*) FROM loyalty_growth"
_BROUGHT: Final = "SELECT count(*) FROM loyalty_growthentry"
_STATUSES: Final = "SELECT count(*) FROM loyalty_tierstatus"

CHECKS: Final = (
    Check(
        name="awards",
        says=message(
            "Every earn under a rule has its award row, and every row that gives its earn."
        ),
        scanned=_AWARDS,
        bad="""
SELECT COALESCE('order ' || a.order_id || ' step ' || a.step, t.id::text) FROM (
    SELECT order_id, step, points AS amount, points_transfer_id AS id FROM loyalty_award
    WHERE points > 0
    UNION ALL
    SELECT order_id, step, growth, growth_transfer_id FROM loyalty_award WHERE growth > 0
) AS a FULL JOIN (
    SELECT id, amount FROM ledger_transfer WHERE kind = 1 AND rule_version_id IS NOT NULL
) AS t ON t.id = a.id
WHERE a.amount IS DISTINCT FROM t.amount
""",
        narrow="""
SELECT m.id::text FROM verify_moved AS m LEFT JOIN (
    SELECT points AS amount, points_transfer_id AS id FROM loyalty_award
    WHERE points > 0 AND member_id IN (SELECT id FROM verify_member)
    UNION ALL
    SELECT growth, growth_transfer_id FROM loyalty_award
    WHERE growth > 0 AND member_id IN (SELECT id FROM verify_member)
) AS a ON a.id = m.id
WHERE m.kind = 1 AND m.rule_version_id IS NOT NULL AND a.amount IS DISTINCT FROM m.amount
""",
    ),
    Check(
        name="awards_back",
        says=message(
            "Every row that takes back is what the ledger took, booked as owed, or let go."
        ),
        scanned="SELECT count(*) FROM loyalty_award WHERE kind = 3",
        bad="""
SELECT format('order %s step %s', a.order_id, a.step) FROM (
    SELECT order_id, step, points AS amount, points_transfer_id AS id FROM loyalty_award
    WHERE points < 0
    UNION ALL
    SELECT order_id, step, growth, growth_transfer_id FROM loyalty_award WHERE growth < 0
) AS a LEFT JOIN (
    SELECT business_id, sum(amount) AS total FROM ledger_transfer
    WHERE reverses IS NOT NULL AND kind IN (4, 9, 14) GROUP BY business_id
) AS t ON t.business_id = a.id
WHERE a.amount <> -COALESCE(t.total, 0)
""",
    ),
    Check(
        name="awards_once",
        says=message(
            "One order is awarded once to a member, and never taken back beyond what it gave."
        ),
        scanned=_AWARDS,
        bad="""
SELECT format('order %s', order_id) FROM loyalty_award
WHERE order_id IN (SELECT order_id FROM loyalty_award WHERE step > 0)
GROUP BY order_id, origin_member_id, member_id
HAVING count(*) FILTER (WHERE kind = 1) > 1 OR sum(points) < 0 OR sum(growth) < 0
""",
        narrow="""
SELECT format('order %s', order_id) FROM loyalty_award
WHERE order_id IN (SELECT order_id FROM loyalty_award
    WHERE step > 0 AND member_id IN (SELECT id FROM verify_member))
GROUP BY order_id, origin_member_id, member_id
HAVING count(*) FILTER (WHERE kind = 1) > 1 OR sum(points) < 0 OR sum(growth) < 0
""",
    ),
    Check(
        name="growth",
        says=message("Growth that was brought over belongs to an opening that stands."),
        scanned=_BROUGHT,
        bad="""
SELECT format('member %s entry %s', g.member_id, g.id) FROM loyalty_growthentry AS g
LEFT JOIN loyalty_opening AS o ON o.id = g.opening_id AND o.member_id = g.member_id
    AND o.currency = 2 AND o.ended_at IS NULL
WHERE o.id IS NULL
""",
    ),
    Check(
        name="growth_balance",
        says=message("The growth of a member's history is the growth on the member's account."),
        scanned=_GROWTH,
        bad="""
SELECT format('member %s', a.member_id) FROM ledger_account AS a
JOIN (SELECT member_id, sum(amount) AS total FROM loyalty_growth GROUP BY member_id) AS g
    ON g.member_id = a.member_id
WHERE a.currency = 2 AND a.kind = 0 AND a.programme_id = 1 AND a.closed_at IS NULL
    AND a.posted <> g.total
""",
        narrow="""
SELECT format('member %s', a.member_id) FROM verify_account AS v
JOIN ledger_account AS a ON a.id = v.id
JOIN (SELECT member_id, sum(amount) AS total FROM loyalty_growth
    WHERE member_id IN (SELECT id FROM verify_member) GROUP BY member_id
) AS g ON g.member_id = a.member_id
WHERE a.currency = 2 AND a.kind = 0 AND a.programme_id = 1 AND a.closed_at IS NULL
    AND a.posted <> g.total
""",
    ),
    Check(
        name="tier_paths",
        says=message("Everybody's tier is where their path ends, and the steps of a path join."),
        scanned=_STATUSES,
        bad="""
WITH steps AS (
    SELECT member_id, programme_id, from_level, to_level,
        lag(to_level, 1, 0::smallint) OVER path AS before,
        row_number() OVER (PARTITION BY member_id, programme_id ORDER BY changed_at DESC, id DESC)
            AS place
    FROM loyalty_tierchange
    WINDOW path AS (PARTITION BY member_id, programme_id ORDER BY changed_at, id)
)
SELECT format('member %s', member_id) FROM steps WHERE from_level <> before
UNION
SELECT format('member %s', s.member_id) FROM loyalty_tierstatus AS s
LEFT JOIN steps AS p
    ON p.member_id = s.member_id AND p.programme_id = s.programme_id AND p.place = 1
WHERE s.level <> COALESCE(p.to_level, 0)
""",
        narrow="""
WITH steps AS (
    SELECT member_id, programme_id, from_level, to_level,
        lag(to_level, 1, 0::smallint) OVER path AS before,
        row_number() OVER (PARTITION BY member_id, programme_id ORDER BY changed_at DESC, id DESC)
            AS place
    FROM loyalty_tierchange WHERE member_id IN (SELECT id FROM verify_member)
    WINDOW path AS (PARTITION BY member_id, programme_id ORDER BY changed_at, id)
)
SELECT format('member %s', member_id) FROM steps WHERE from_level <> before
UNION
SELECT format('member %s', s.member_id) FROM verify_member AS v
JOIN loyalty_tierstatus AS s ON s.member_id = v.id
LEFT JOIN steps AS p
    ON p.member_id = s.member_id AND p.programme_id = s.programme_id AND p.place = 1
WHERE s.level <> COALESCE(p.to_level, 0)
""",
    ),
)
