"""Publish: change a programme's settings, put new versions of its rule and ladder in force."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

import orjson
from django.db import transaction

from regulars.kit import amounts, periods
from regulars.ledger.domain import OwedPolicy
from regulars.loyalty import selectors
from regulars.loyalty.domain import (
    DEFAULT_PROGRAMME_ID,
    EarningRule,
    Ladder,
    Programme,
    Tier,
    VersionNotLater,
)
from regulars.web import sql


@transaction.atomic
def configure_programme(
    *,
    zone: str | None = None,
    currency: str | None = None,
    pending_days: int | None = None,
    refund_policy: OwedPolicy | None = None,
) -> Programme:
    """Change settings of the programme; what is not given stays.

    Zone and currency follow the installation until they are set here. Raises UnknownZone,
    UnknownCurrency.
    """
    if zone is not None:
        periods.zone(zone)
    if currency is not None:
        amounts.exponent(currency)
    sql.run(
        "UPDATE loyalty_programme SET zone = COALESCE(%s::text, zone),"
        " currency = COALESCE(%s::text, currency),"
        " pending_days = COALESCE(%s::smallint, pending_days),"
        " refund_policy = COALESCE(%s::text, refund_policy) WHERE id = %s::int",
        [zone, currency, pending_days, refund_policy, DEFAULT_PROGRAMME_ID],
    )
    return selectors.get_programme()


@transaction.atomic
def publish_rule(
    *,
    from_at: datetime,
    rate_bp: dict[str, int],
    growth_bp: dict[str, int],
    multipliers_bp: Sequence[int],
    at: datetime,
) -> EarningRule:
    """Put a new version of the earning rule in force from a date; older orders keep theirs.

    Raises VersionNotLater where a version in force from that date or later exists.
    """
    programme = _locked()
    last = programme.rules[-1]
    if from_at <= last.from_at:
        raise VersionNotLater(version=last.version, from_at=last.from_at.isoformat())
    sql.run(
        "INSERT INTO loyalty_ruleversion (programme_id, rule_id, key, version, from_at,"
        " published_at, rate_bp, growth_bp, multipliers_bp, conditions, name_en, name_zh)"
        " VALUES (%s::int, %s::int, %s::text, %s::int, %s::timestamptz, %s::timestamptz,"
        " %s::jsonb, %s::jsonb, %s::jsonb, '[]'::jsonb, %s::text, %s::text)",
        [
            programme.id,
            last.rule_id,
            last.key,
            last.version + 1,
            from_at,
            at,
            _json(rate_bp),
            _json(growth_bp),
            _json(list(multipliers_bp)),
            last.name_en,
            last.name_zh,
        ],
    )
    return selectors.get_programme().rules[-1]


@transaction.atomic
def publish_ladder(*, from_at: datetime, tiers: Sequence[Tier], at: datetime) -> Ladder:
    """Put a new version of the ladder in force from a date; it applies from the next judgement.

    Raises LadderCrooked, VersionNotLater.
    """
    programme = _locked()
    last = programme.ladders[-1]
    if from_at <= last.from_at:
        raise VersionNotLater(version=last.version, from_at=last.from_at.isoformat())
    ladder = Ladder(0, last.version + 1, from_at, tuple(tiers), last.window_months)
    sql.run(
        "INSERT INTO loyalty_ladderversion (programme_id, version, from_at, published_at,"
        " window_months, review_day, review_hour, tiers) VALUES (%s::int, %s::int,"
        " %s::timestamptz, %s::timestamptz, %s::smallint, %s::smallint, %s::smallint, %s::jsonb)",
        [
            programme.id,
            ladder.version,
            from_at,
            at,
            ladder.window_months,
            last.review_day,
            last.review_hour,
            _json([asdict(tier) for tier in tiers]),
        ],
    )
    return selectors.get_programme().ladders[-1]


def _locked() -> Programme:
    """Let one version after another be published."""
    sql.row(
        "SELECT id FROM loyalty_programme WHERE id = %s::int FOR UPDATE", [DEFAULT_PROGRAMME_ID]
    )
    return selectors.get_programme()


def _json(value: object) -> str:
    return orjson.dumps(value).decode()
