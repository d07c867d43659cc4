"""Turn pages with cursors: where the last page ended, opaque to the caller."""

import base64
import binascii
from typing import Any

import orjson

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

LIMIT_DEFAULT = 50
LIMIT_MAX = 200


class CursorMalformed(Refusal):
    """A cursor is only ever one that we handed out."""

    kind = Kind.INVALID
    reason = message("This cursor is not one of ours. Start again without it.")


def encode(*parts: Any) -> str:
    """Write where a page ended."""
    return base64.urlsafe_b64encode(orjson.dumps(parts, default=str)).decode().rstrip("=")


def decode(text: str, *, parts: int) -> list[Any]:
    """Read a cursor of so many parts; raises CursorMalformed."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError) as error:
        raise CursorMalformed from error
    if not isinstance(found, list) or len(found) != parts:
        raise CursorMalformed
    return found


def clamp(limit: int | None) -> int:
    """Keep a page size between one and the largest page."""
    return LIMIT_DEFAULT if limit is None else max(1, min(limit, LIMIT_MAX))
