"""Write instants as machines read them; the same instant is written in many places of a batch."""

from datetime import date
from functools import lru_cache

KEPT_MAX = 4096


@lru_cache(maxsize=KEPT_MAX)
def text_of(moment: date) -> str:
    """Write a day or an instant after ISO 8601.

    Equal instants are written alike, whichever offset they came with.
    """
    return moment.isoformat()
