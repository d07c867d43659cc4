"""Make identifiers: ordered by time where they leave the house, derived where they must repeat.

A derived id is the same for the same parts for ever, so a cause said twice makes one effect.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID, SafeUUID

_RANDOM_BYTES: Final = 10
_SAFE: Final = SafeUUID.unknown
_PART_BITS: Final = 16
_UNSTAMPED: Final = ~(0xF << 76 | 0x3 << 62)  # everything but the version and the variant


def time_ordered_uuid(at: datetime) -> UUID:
    """Make a random version 7 UUID (RFC 9562) that sorts by the millisecond of `at`."""
    [made] = time_ordered_uuids(at, 1)
    return made


def time_ordered_uuids(at: datetime, count: int) -> list[UUID]:
    """Make so many of them at once, with one draw of randomness."""
    milliseconds = int(at.timestamp() * 1000) & ((1 << 48) - 1)
    drawn, high = secrets.token_bytes(_RANDOM_BYTES * count), milliseconds << 80
    return [
        _uuid(_stamped(high | int.from_bytes(drawn[start : start + _RANDOM_BYTES]), version=7))
        for start in range(0, len(drawn), _RANDOM_BYTES)
    ]


def uuid_from(*parts: object) -> UUID:
    """Derive a version 8 UUID from the parts; equal parts give equal ids.

    Parts are joined by a separator that ordinary text does not hold, so ("ab", "c") and
    ("a", "bc") differ.
    """
    text = "\x1f".join(map(str, parts)).encode()
    digest = hashlib.blake2b(text, digest_size=16).digest()
    return _uuid(_stamped(int.from_bytes(digest), version=8))


def uuid_space(name: str) -> int:
    """Name a space of UUIDs in which numbers are ids; `uuid_in` makes them."""
    digest = hashlib.blake2b(name.encode(), digest_size=10).digest()
    return _stamped(int.from_bytes(digest), version=8) >> _PART_BITS << _PART_BITS


def uuid_in(space: int, number: int, part: int = 0) -> UUID:
    """Lay a number below 2**48 and a part of it below 2**16 out as a version 8 UUID of a space.

    Rising numbers give rising ids, which lie side by side in an index.
    """
    return _uuid(number << 80 | space | part)


def _uuid(value: int) -> UUID:
    """Make a UUID of a number known to fit: the usual way asks eight questions first."""
    made = object.__new__(UUID)
    object.__setattr__(made, "int", value)
    object.__setattr__(made, "is_safe", _SAFE)
    return made


def _stamped(value: int, *, version: int) -> int:
    return value & _UNSTAMPED | version << 76 | 0x2 << 62
