"""Write award rows and growth entries of a batch by COPY, the cheapest way in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import orjson
from msgspec.structs import astuple

from regulars.ledger import services as ledger
from regulars.loyalty.domain import Award, Release
from regulars.web import sql
from regulars.web.binary import Shape

_AWARDS: Final = Shape(
    "loyalty_award",
    {
        "order_id": "bigint", "step": "smallint", "kind": "smallint", "reason": "word",
        "member_id": "bigint", "event_id": "bigint", "rule_version_id": "bigint",
        "multiplier_bp": "int", "net_minor": "bigint", "points": "bigint",
        "points_transfer_id": "uuid?", "growth": "bigint", "growth_transfer_id": "uuid?",
        "reverses_step": "smallint?", "occurred_at": "timestamptz", "usable_from": "timestamptz?",
        "explanation": "jsonb", "origin_member_id": "bigint", "recorded_at": "timestamptz",
    },
)  # fmt: skip
_GROWTH: Final = Shape(
    "loyalty_growthentry",
    {
        "id": "bigint", "member_id": "bigint", "origin_member_id": "bigint",
        "transfer_id": "uuid?", "amount": "bigint", "occurred_at": "timestamptz",
        "settles_at": "timestamptz?",
    },
)  # fmt: skip
_RELEASE: Final = """
WITH a AS (
    UPDATE loyalty_award a SET usable_from = x.usable_from
    FROM unnest(%s::bigint[], %s::timestamptz[]) AS x(order_id, usable_from)
    WHERE a.order_id = x.order_id AND a.usable_from IS NULL AND a.kind <> 0
)
UPDATE loyalty_growthentry g SET settles_at = x.settles_at
FROM unnest(%s::bigint[], %s::uuid[], %s::timestamptz[]) AS x(member_id, transfer_id, settles_at)
WHERE g.member_id = x.member_id AND g.transfer_id = x.transfer_id AND g.settles_at IS NULL
"""


def write_awards(awards: Sequence[Award], *, at: datetime) -> set[int]:
    """Write the rows with their growth entries; answers whose growth has settled by it."""
    sql.copy_rows(_AWARDS, [_award_row(award, at) for award in awards])
    grown = [award for award in awards if award.growth]
    if grown:
        ids = sql.take_ids("loyalty_growthentry_id_seq", len(grown))
        sql.copy_rows(_GROWTH, list(map(_growth_row, ids, grown)))
    return {
        award.member_id
        for award in grown
        if award.usable_from is not None and award.usable_from <= at
    }


def write_releases(releases: Sequence[Release], *, at: datetime) -> set[int]:
    """Give points and growth that waited for completion their date; answers whose has come."""
    dates = [(id_, each.usable_from) for each in releases for id_ in each.points_transfers]
    if dates:
        ledger.release_lots(dates, at=at)
    growth = [
        (member_id, id_, each.usable_from)
        for each in releases
        for member_id, id_ in each.growth_transfers
    ]
    sql.run(
        _RELEASE,
        [
            [each.order_id for each in releases],
            [each.usable_from for each in releases],
            [member_id for member_id, _, _ in growth],
            [id_ for _, id_, _ in growth],
            [settles_at for _, _, settles_at in growth],
        ],
    )
    return {member_id for member_id, _, settles_at in growth if settles_at <= at}


def _award_row(award: Award, at: datetime) -> tuple[object, ...]:
    """Order the fields as they stand in the value, the facts as JSON."""
    *before, facts, origin_member_id = astuple(award)
    return (*before, orjson.dumps(facts).decode(), origin_member_id, at)


def _growth_row(id_: int, award: Award) -> tuple[object, ...]:
    return (
        id_, award.member_id, award.origin_member_id, award.growth_transfer_id, award.growth,
        award.occurred_at, award.usable_from,
    )  # fmt: skip
