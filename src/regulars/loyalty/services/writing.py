"""Write the award rows of a batch by COPY, the cheapest way in, and set dates that were open.

An award row is the growth entry too: the view `loyalty_growth` joins them with the growth that
was brought over.
"""

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
_RELEASE: Final = """
UPDATE loyalty_award a SET usable_from = x.usable_from
FROM unnest(%s::bigint[], %s::timestamptz[]) AS x(order_id, usable_from)
WHERE a.order_id = x.order_id AND a.usable_from IS NULL AND a.kind <> 0
"""


def write_awards(awards: Sequence[Award], *, at: datetime) -> set[int]:
    """Write the rows; answers whose growth has settled by it."""
    sql.copy_rows(_AWARDS, [_row(award, at) for award in awards])
    return {
        award.member_id
        for award in awards
        if award.growth and award.usable_from is not None and award.usable_from <= at
    }


def write_releases(releases: Sequence[Release], *, at: datetime) -> set[int]:
    """Give points and growth that waited for completion their date; answers whose has come."""
    dates = [(id_, each.usable_from) for each in releases for id_ in each.points_transfers]
    if dates:
        ledger.release_lots(dates, at=at)
    sql.run(
        _RELEASE,
        [[each.order_id for each in releases], [each.usable_from for each in releases]],
    )
    due = [each for each in releases if each.usable_from <= at]
    return {member_id for each in due for member_id in each.growing}


def _row(award: Award, at: datetime) -> tuple[object, ...]:
    """Order the fields as they stand in the value, the facts as JSON."""
    *before, facts, origin_member_id = astuple(award)
    return (*before, orjson.dumps(facts), origin_member_id, at)
