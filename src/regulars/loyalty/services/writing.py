"""Write award rows and growth entries of a batch: text lines by COPY, the cheapest way in."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from regulars.kit.instants import text_of
from regulars.ledger import services as ledger
from regulars.loyalty.domain import Award, Release
from regulars.web import sql

_AWARDS: Final = (
    "COPY loyalty_award (order_id, step, kind, reason, member_id, origin_member_id, event_id,"
    " rule_version_id, multiplier_bp, net_minor, points, points_transfer_id, growth,"
    " growth_transfer_id, reverses_step, occurred_at, usable_from, explanation, recorded_at)"
    " FROM STDIN"
)
_GROWTH: Final = (
    "COPY loyalty_growthentry (id, member_id, origin_member_id, transfer_id, amount, occurred_at,"
    " settles_at) FROM STDIN"
)
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
_NULL: Final = "\\N"


def write_awards(awards: Sequence[Award], *, at: datetime) -> set[int]:
    """Write the rows with their growth entries; answers whose growth has settled by it."""
    recorded = at.isoformat()
    sql.copy(_AWARDS, "".join([_award_line(award, recorded) for award in awards]))
    grown = [award for award in awards if award.growth]
    if grown:
        ids = sql.take_ids("loyalty_growthentry_id_seq", len(grown))
        sql.copy(_GROWTH, "".join(map(_growth_line, ids, grown)))
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


def _award_line(award: Award, recorded: str) -> str:
    facts = orjson.dumps(award.facts).decode().replace("\\", "\\\\")
    reverses = award.reverses_step
    return (
        f"{award.order_id}\t{award.step}\t{int(award.kind)}\t{award.reason}\t{award.member_id}\t"
        f"{award.origin_member_id}\t{award.event_id}\t{award.rule_version_id}\t"
        f"{award.multiplier_bp}\t{award.net_minor}\t{award.points}\t"
        f"{_uuid(award.points_transfer_id)}\t{award.growth}\t{_uuid(award.growth_transfer_id)}\t"
        f"{_NULL if reverses is None else reverses}\t{text_of(award.occurred_at)}\t"
        f"{_moment(award.usable_from)}\t{facts}\t{recorded}\n"
    )


def _growth_line(id_: int, award: Award) -> str:
    return (
        f"{id_}\t{award.member_id}\t{award.origin_member_id}\t{_uuid(award.growth_transfer_id)}\t"
        f"{award.growth}\t{text_of(award.occurred_at)}\t{_moment(award.usable_from)}\n"
    )


def _uuid(value: UUID | None) -> str:
    return _NULL if value is None else value.hex


def _moment(value: datetime | None) -> str:
    return _NULL if value is None else text_of(value)
