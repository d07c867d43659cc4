"""Prove tiers: judge members again from their whole history and compare with what is written."""

import time
from datetime import datetime

from django.db import connection, transaction

from regulars.ledger.domain import Finding
from regulars.loyalty.domain import judge
from regulars.loyalty.selectors import get_programme, list_growth
from regulars.web import sql

IDS_SHOWN = 20


def verify_tiers(*, sample: int = 1_000, until: datetime | None = None) -> Finding:
    """Recompute the tier of a random sample of members, each as of when it was last judged.

    Who has no status is looked at too: they must not have the growth of a tier. Changes nothing.
    """
    started = time.perf_counter()
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:  # one snapshot, so that what arrives meanwhile cannot look wrong
            sql.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        scanned, wrong = _compare(sample, until)
    return Finding(
        check="tiers",
        scanned=scanned,
        bad=len(wrong),
        ids=tuple(sorted(wrong)[:IDS_SHOWN]),
        milliseconds=round((time.perf_counter() - started) * 1000),
    )


def _compare(sample: int, until: datetime | None) -> tuple[int, list[str]]:
    programme = get_programme()
    chosen = sql.rows(
        "SELECT m.member_id, s.level, COALESCE(s.judged_at, %s::timestamptz, p.settled_until)"
        " FROM (SELECT DISTINCT member_id FROM loyalty_growth) m"
        " LEFT JOIN loyalty_tierstatus s ON s.member_id = m.member_id AND s.programme_id = %s::int"
        " JOIN loyalty_programme p ON p.id = %s::int ORDER BY random() LIMIT %s::int",
        [until, programme.id, programme.id, sample],
    )
    histories = list_growth(member_ids=[row[0] for row in chosen])
    wrong = [
        str(member_id)
        for member_id, level, judged_at in chosen
        if judged_at is not None
        and judge(histories.get(member_id, ()), programme, judged_at).level != (level or 0)
    ]
    return len(chosen), wrong
