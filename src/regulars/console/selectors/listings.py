"""Lists as files: a list that is declared for its page is read whole, in its own columns."""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from regulars.console.domain.exports import Ask, Exportable, ExportColumn, ExportRow
from regulars.console.domain.listings import Listing, Opened, Reader, value_of
from regulars.loyalty import selectors as loyalty
from regulars.web.paging import LIMIT_MAX


def exportable_of(listing: Listing) -> Exportable:
    """Answer how a declared list leaves the house: what the page shows, masked as it is there."""
    spec = listing.spec
    if spec.export is None:
        raise ValueError(f"{spec.name} has no code to be exported by")

    def count(ask: Ask, at_most: int) -> int:
        return _opened(listing, ask).count(at_most, size=LIMIT_MAX)

    def batches(ask: Ask) -> Iterator[Sequence[ExportRow]]:
        zone, codes = _zone(), [column.code for column in spec.columns]
        for part in _opened(listing, ask).parts(LIMIT_MAX):
            yield [
                ExportRow(
                    member_ids=row.member_ids,
                    values={
                        code: value_of(row.cells[code], zone=zone) if code in row.cells else None
                        for code in codes
                    },
                )
                for row in part.rows
            ]

    return Exportable(
        code=spec.export,
        title=spec.title,
        permission=listing.permission,
        is_whole=listing.is_whole,
        filters=spec.filters,
        columns=tuple(ExportColumn(column.code, column.title) for column in spec.columns),
        count=count,
        batches=batches,
    )


def _opened(listing: Listing, ask: Ask) -> Opened:
    opened = listing.open(Reader(actor=ask.actor, params=ask.filters, at=ask.at, zone=_zone()))
    opened.demand_filters(ask.filters)
    return opened


def _zone() -> ZoneInfo:
    return loyalty.get_programme().tz
