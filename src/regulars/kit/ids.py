"""Make identifiers: ordered by time where they leave the house, derived where they must repeat.

A derived id is the same for the same parts for ever, so a cause said twice makes one effect.
"""

import hashlib
import secrets
from datetime import datetime
from uuid import UUID


def time_ordered_uuid(at: datetime) -> UUID:
    """Make a random version 7 UUID (RFC 9562) that sorts by the millisecond of `at`."""
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    value = (milliseconds << 80) | secrets.randbits(80)
    return UUID(int=_stamped(value, version=7))


def uuid_from(*parts: object) -> UUID:
    """Derive a version 8 UUID from the parts; equal parts give equal ids.

    Parts are joined by a separator that ordinary text does not hold, so ("ab", "c") and
    ("a", "bc") differ.
    """
    text = "\x1f".join(map(str, parts)).encode()
    digest = hashlib.blake2b(text, digest_size=16).digest()
    return UUID(int=_stamped(int.from_bytes(digest), version=8))


def _stamped(value: int, *, version: int) -> int:
    value &= ~(0xF << 76)
    value |= version << 76
    value &= ~(0x3 << 62)
    return value | (0x2 << 62)
