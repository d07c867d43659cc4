"""Turn pages with cursors: where the last page ended, opaque to the caller."""

import base64
import binascii
from datetime import datetime
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


def decode_number(text: str) -> int:
    """Read a cursor that is a row's number; raises CursorMalformed."""
    (number,) = decode(text, parts=1)
    if type(number) is not int or not 0 <= number < 2**63:
        raise CursorMalformed
    return number


def decode_id(text: str) -> str:
    """Read a cursor that is an id, as text; raises CursorMalformed."""
    (found,) = decode(text, parts=1)
    if not isinstance(found, str) or "\0" in found:
        raise CursorMalformed
    return found


def decode_moment(text: str) -> tuple[datetime, int]:
    """Read a cursor of a moment and a row's number; raises CursorMalformed."""
    said, number = decode(text, parts=2)
    try:
        moment = datetime.fromisoformat(said)
    except (TypeError, ValueError) as error:
        raise CursorMalformed from error
    if moment.tzinfo is None or type(number) is not int or not 0 <= number < 2**63:
        raise CursorMalformed
    return moment, number


def clamp(limit: int | None) -> int:
    """Keep a page size between one and the largest page."""
    return LIMIT_DEFAULT if limit is None else max(1, min(limit, LIMIT_MAX))
