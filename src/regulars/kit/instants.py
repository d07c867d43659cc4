"""Write instants as machines read them; the same instant is written in many places of a batch."""

from functools import lru_cache
from operator import methodcaller
from typing import Final

KEPT_MAX: Final = 8192

# Writes a day or an instant after ISO 8601; equal instants are written alike, whichever offset
# they came with. Made of C functions alone: it runs a dozen times for each order.
text_of = lru_cache(maxsize=KEPT_MAX)(methodcaller("isoformat"))
