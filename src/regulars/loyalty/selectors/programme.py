"""Read the programme with all its published versions, in one query."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson

from regulars.kit.amounts import exponent
from regulars.ledger.domain import OwedPolicy
from regulars.loyalty.domain import (
    DEFAULT_PROGRAMME_ID,
    EarningRule,
    Ladder,
    Programme,
    ProgrammeMissing,
    Tier,
)
from regulars.web import sql

_PROGRAMME = """
SELECT p.id, COALESCE(p.zone, i.zone), COALESCE(p.currency, i.currency), p.pending_days,
    p.expiry_years_ahead, p.refund_policy,
    (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.from_at)::text FROM loyalty_ruleversion r
      WHERE r.programme_id = p.id),
    (SELECT jsonb_agg(to_jsonb(l) ORDER BY l.from_at)::text FROM loyalty_ladderversion l
      WHERE l.programme_id = p.id)
FROM loyalty_programme p CROSS JOIN web_installation i WHERE p.id = %s::int
"""


def find_programme(*, programme_id: int = DEFAULT_PROGRAMME_ID) -> Programme | None:
    """Answer the programme, or None before it was set up."""
    found = sql.row(_PROGRAMME, [programme_id])
    if found is None or found[6] is None or found[7] is None:
        return None
    return _programme(*found)


def get_programme(*, programme_id: int = DEFAULT_PROGRAMME_ID) -> Programme:
    """Answer the programme; raises ProgrammeMissing."""
    programme = find_programme(programme_id=programme_id)
    if programme is None:
        raise ProgrammeMissing
    return programme


def get_settled_until(*, programme_id: int = DEFAULT_PROGRAMME_ID) -> datetime | None:
    """Answer up to when settled growth has been judged."""
    found = sql.row(
        "SELECT settled_until FROM loyalty_programme WHERE id = %s::int", [programme_id]
    )
    return None if found is None else found[0]


def get_reviewed_until(*, programme_id: int = DEFAULT_PROGRAMME_ID) -> datetime | None:
    """Answer the last monthly review that was held to its end."""
    found = sql.row(
        "SELECT reviewed_until FROM loyalty_programme WHERE id = %s::int", [programme_id]
    )
    return None if found is None else found[0]


@lru_cache(maxsize=16)
def _programme(
    id_: int,
    zone: str,
    currency: str,
    pending_days: int,
    expiry_years_ahead: int,
    refund_policy: str,
    rules: str,
    ladders: str,
) -> Programme:
    """Build the value; the same rows give the same object, with what it has computed."""
    exponent(currency)
    return Programme(
        id=id_,
        zone=zone,
        currency=currency,
        pending_days=pending_days,
        expiry_years_ahead=expiry_years_ahead,
        refund_policy=OwedPolicy(refund_policy),
        rules=tuple(_rule(row) for row in orjson.loads(rules)),
        ladders=tuple(_ladder(row) for row in orjson.loads(ladders)),
    )


def _rule(row: dict[str, Any]) -> EarningRule:
    return EarningRule(
        id=row["id"],
        rule_id=row["rule_id"],
        key=row["key"],
        version=row["version"],
        from_at=datetime.fromisoformat(row["from_at"]),
        rate_bp=row["rate_bp"],
        growth_bp=row["growth_bp"],
        multipliers_bp=tuple(row["multipliers_bp"]),
        name_en=row["name_en"],
        name_zh=row["name_zh"],
        conditions=tuple(row["conditions"]),
    )


def _ladder(row: dict[str, Any]) -> Ladder:
    return Ladder(
        id=row["id"],
        version=row["version"],
        from_at=datetime.fromisoformat(row["from_at"]),
        tiers=tuple(Tier(**tier) for tier in row["tiers"]),
        window_months=row["window_months"],
        review_day=row["review_day"],
        review_hour=row["review_hour"],
    )
