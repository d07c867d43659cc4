"""Tiers, statements and the programme over HTTP. All of it is read; orders are sent to `ingest`."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import get_language, gettext
from ninja import Query, Router, Schema

from regulars.access.domain import Scope
from regulars.ledger.domain import Currency
from regulars.loyalty import selectors
from regulars.loyalty.domain import EarningRule, Ladder, Programme, Tier
from regulars.loyalty.selectors import PathStep, StatementLine
from regulars.members import selectors as members
from regulars.web import clock
from regulars.web.permissions import requires

router = Router(tags=["loyalty"])

CURRENCIES = {"points": Currency.POINTS, "growth": Currency.GROWTH}


class TierOut(Schema):
    """A tier; the name is in the reader's language."""

    code: str
    name: str
    level: int
    growth_min: int


class ProgressOut(Schema):
    """Where a member stands, what is missing to rise, and to stay at the next review."""

    tier: TierOut
    since: datetime | None
    growth: int
    growth_pending: int
    next_tier: TierOut | None
    growth_missing: int
    next_review_at: datetime
    growth_at_review: int
    growth_missing_to_keep: int


class TierStepOut(Schema):
    """One change of tier."""

    changed_at: datetime
    from_tier: str
    to_tier: str
    growth: int
    cause: Literal["growth", "review"]


class TierHistoryOut(Schema):
    """The changes of a member's tier, newest first."""

    items: list[TierStepOut]
    next_cursor: str | None


class RuleRefOut(Schema):
    """The version of a rule that decided."""

    key: str
    name: str
    version: int


class ExplanationOut(Schema):
    """Why a movement came about: a stable key with facts, and the sentence they make."""

    key: str
    facts: dict[str, Any]
    rule: RuleRefOut | None
    text: str


class StatementLineOut(Schema):
    """One movement, signed, with the balance after it."""

    transfer_id: UUID
    kind: str
    amount: int
    balance_after: int
    occurred_at: datetime
    recorded_at: datetime
    usable_from: datetime | None
    expires_at: datetime | None
    reverses: UUID | None
    reason_code: int
    explanation: ExplanationOut


class StatementOut(Schema):
    """A page of a statement, newest first."""

    items: list[StatementLineOut]
    next_cursor: str | None


class RuleOut(RuleRefOut):
    """An earning rule in one version; rates and multipliers in basis points (10,000 is one)."""

    from_at: datetime
    rate_bp: dict[str, int]
    growth_bp: dict[str, int]
    multipliers_bp: dict[str, int]


class LadderOut(Schema):
    """The tiers in one version, lowest first."""

    version: int
    from_at: datetime
    window_months: int
    review_day: int
    review_hour: int
    tiers: list[TierOut]


class ProgrammeOut(Schema):
    """The programme as it is in force now."""

    zone: str
    currency: str
    pending_days: int
    expiry_years_ahead: int
    refund_policy: Literal["owe", "forgive", "block"]
    rule: RuleOut
    ladder: LadderOut


class StatementFilter(Schema):
    """Which movements, and where the page begins."""

    currency: Literal["points", "growth"] = "points"
    cursor: str | None = None
    limit: int | None = None

    model_config = {"extra": "forbid"}


_SILVER = {"code": "silver", "name": "Silver", "level": 1, "growth_min": 500}
_GOLD = {"code": "gold", "name": "Gold", "level": 2, "growth_min": 2_000}
_PROGRESS = {
    "tier": _SILVER,
    "since": "2026-03-08T04:00:00Z",
    "growth": 700,
    "growth_pending": 57,
    "next_tier": _GOLD,
    "growth_missing": 1_300,
    "next_review_at": "2026-12-31T19:00:00Z",
    "growth_at_review": 640,
    "growth_missing_to_keep": 0,
}
_STEP = {
    "changed_at": "2026-03-08T04:00:00Z",
    "from_tier": "base",
    "to_tier": "silver",
    "growth": 520,
    "cause": "growth",
}
_LINE = {
    "transfer_id": "4f1c2d3e-5a6b-8c7d-9e8f-0a1b2c3d4e5f",
    "kind": "earn",
    "amount": 37,
    "balance_after": 412,
    "occurred_at": "2026-11-01T02:00:30Z",
    "recorded_at": "2026-11-01T02:00:31Z",
    "usable_from": "2026-11-08T02:05:00Z",
    "expires_at": "2027-12-31T16:00:00Z",
    "reverses": None,
    "reason_code": 0,
    "explanation": {
        "key": "points.purchase",
        "facts": {"points": 37, "given": 0, "net": "24.90", "product": "24.90 × 1.5"},
        "rule": {"key": "purchase", "name": "Points for purchases", "version": 1},
        "text": "37 points = floor(24.90 × 1.5), Points for purchases v1",
    },
}
_PROGRAMME = {
    "zone": "Asia/Shanghai",
    "currency": "CNY",
    "pending_days": 7,
    "expiry_years_ahead": 1,
    "refund_policy": "owe",
    "rule": {
        "key": "purchase",
        "name": "Points for purchases",
        "version": 1,
        "from_at": "1970-01-01T00:00:00Z",
        "rate_bp": {"*": 10_000},
        "growth_bp": {"*": 10_000},
        "multipliers_bp": {"base": 10_000, "silver": 11_000, "gold": 12_000},
    },
    "ladder": {
        "version": 1,
        "from_at": "1970-01-01T00:00:00Z",
        "window_months": 12,
        "review_day": 1,
        "review_hour": 3,
        "tiers": [
            {"code": "base", "name": "Basic", "level": 0, "growth_min": 0},
            _SILVER,
            _GOLD,
        ],
    },
}


def _example(value: dict[str, Any]) -> dict[str, Any]:
    return {"responses": {200: {"content": {"application/json": {"example": value}}}}}


@router.get(
    "/members/{member_id}/tier",
    response=ProgressOut,
    summary="Read a member's tier",
    operation_id="get_tier",
    openapi_extra=_example(_PROGRESS),
)
@requires("tiers.read")
def get_tier(request: HttpRequest, member_id: UUID) -> Any:
    """Read a member's tier, the growth that counts, and what is missing to rise and to stay."""
    way = selectors.get_progress(member_id=_member(request, member_id), at=clock.now())
    return {
        "tier": _tier_out(way.tier),
        "since": way.since,
        "growth": way.growth,
        "growth_pending": way.growth_pending,
        "next_tier": None if way.next_tier is None else _tier_out(way.next_tier),
        "growth_missing": way.growth_missing,
        "next_review_at": way.next_review_at,
        "growth_at_review": way.growth_at_review,
        "growth_missing_to_keep": way.growth_missing_to_keep,
    }


@router.get(
    "/members/{member_id}/tier/history",
    response=TierHistoryOut,
    summary="List a member's tier changes",
    operation_id="list_tier_history",
    openapi_extra=_example({"items": [_STEP], "next_cursor": None}),
)
@requires("tiers.read")
def list_tier_history(request: HttpRequest, member_id: UUID) -> Any:
    """List the changes of a member's tier, newest first, as all that is known today tells it."""
    steps = selectors.list_tier_history(member_id=_member(request, member_id))
    return {"items": [_step_out(step) for step in steps], "next_cursor": None}


@router.get(
    "/members/{member_id}/points/statement",
    response=StatementOut,
    summary="Read a member's statement",
    operation_id="list_statement",
    openapi_extra=_example({"items": [_LINE], "next_cursor": None}),
)
@requires("points.read")
def list_statement(request: HttpRequest, member_id: UUID, query: Query[StatementFilter]) -> Any:
    """List a member's movements of points (or growth), newest first, each with its reason."""
    page = selectors.list_statement(
        member_id=_member(request, member_id),
        cursor=query.cursor,
        limit=query.limit,
        currency=CURRENCIES[query.currency],
    )
    return {"items": [_line_out(line) for line in page.lines], "next_cursor": page.next_cursor}


@router.get(
    "/programme",
    response=ProgrammeOut,
    summary="Read the programme",
    operation_id="get_programme",
    openapi_extra=_example(_PROGRAMME),
)
@requires("tiers.read")
def get_programme(request: HttpRequest) -> Any:
    """Read the programme: its settings, the earning rule and the ladder in force now."""
    del request
    return _programme_out(selectors.get_programme(), clock.now())


def _member(request: HttpRequest, public_id: UUID) -> int:
    """Find the survivor behind a public id; raises MemberNotFound, also out of scope."""
    scope = getattr(getattr(request, "actor", None), "scope", None)
    within = scope if isinstance(scope, Scope) else Scope()
    return members.get_by_public(public_id=public_id, scope=within).id


def _language() -> str:
    return get_language() or "en"


def _tier_out(tier: Tier) -> dict[str, Any]:
    return {
        "code": tier.code,
        "name": tier.name(_language()),
        "level": tier.level,
        "growth_min": tier.growth_min,
    }


def _step_out(step: PathStep) -> dict[str, Any]:
    return {
        "changed_at": step.changed_at,
        "from_tier": step.from_tier.code,
        "to_tier": step.to_tier.code,
        "growth": step.growth,
        "cause": step.cause.value,
    }


def _line_out(line: StatementLine) -> dict[str, Any]:
    entry, why = line.entry, line.explanation
    return {
        "transfer_id": entry.transfer_id,
        "kind": entry.kind.name.lower(),
        "amount": entry.amount,
        "balance_after": entry.balance_after,
        "occurred_at": entry.occurred_at,
        "recorded_at": entry.recorded_at,
        "usable_from": entry.usable_from,
        "expires_at": entry.expires_at,
        "reverses": entry.reverses,
        "reason_code": entry.reason_code,
        "explanation": {
            "key": why.key,
            "facts": why.facts,
            "rule": None if why.rule is None else _rule_ref_out(why.rule),
            "text": why.sentence(gettext, _language()),
        },
    }


def _rule_ref_out(rule: EarningRule) -> dict[str, Any]:
    return {"key": rule.key, "name": rule.name(_language()), "version": rule.version}


def _programme_out(programme: Programme, at: datetime) -> dict[str, Any]:
    rule, ladder = programme.rule_at(at), programme.ladder_at(at)
    return {
        "zone": programme.zone,
        "currency": programme.currency,
        "pending_days": programme.pending_days,
        "expiry_years_ahead": programme.expiry_years_ahead,
        "refund_policy": programme.refund_policy.value,
        "rule": {
            **_rule_ref_out(rule),
            "from_at": rule.from_at,
            "rate_bp": rule.rate_bp,
            "growth_bp": rule.growth_bp,
            "multipliers_bp": {tier.code: rule.multiplier_bp(tier.level) for tier in ladder.tiers},
        },
        "ladder": _ladder_out(ladder),
    }


def _ladder_out(ladder: Ladder) -> dict[str, Any]:
    return {
        "version": ladder.version,
        "from_at": ladder.from_at,
        "window_months": ladder.window_months,
        "review_day": ladder.review_day,
        "review_hour": ladder.review_hour,
        "tiers": [_tier_out(tier) for tier in ladder.tiers],
    }
