"""Write instants as machines read them; the same instant is written in many places of a batch."""

from datetime import MAXYEAR, MINYEAR, UTC, datetime
from functools import lru_cache
from operator import methodcaller
from typing import Final

KEPT_MAX: Final = 8192

# Writes a day or an instant after ISO 8601; equal instants are written alike, whichever offset
# they came with. Made of C functions alone: it runs a dozen times for each order.
text_of = lru_cache(maxsize=KEPT_MAX)(methodcaller("isoformat"))


def in_utc(moment: datetime) -> datetime:
    """Move an instant to UTC; raises ValueError for one that some zone or table cannot hold."""
    try:
        moved = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("beyond the calendar") from error
    if not MINYEAR < moved.year < MAXYEAR:
        raise ValueError("beyond the calendar")
    return moved
