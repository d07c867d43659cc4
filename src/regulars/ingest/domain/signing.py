"""Signed webhooks after Standard Webhooks: HMAC-SHA256 over id, moment and the raw bytes.

Two secrets may live at once, so that one can replace the other without a gap. Every comparison
takes the same time wherever the signatures differ.
"""

import base64
import binascii
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from regulars.ingest.domain.refusals import SignatureInvalid, SignatureStale

SECRET_PREFIX = "whsec_"  # noqa: S105 the public mark in front of a secret, not one
SECRET_BYTES = 32
WINDOW_SECONDS = 300
MESSAGE_ID_LENGTH_MAX = 200
_SIGNATURES_MAX = 10


@dataclass(frozen=True, slots=True)
class Signed:
    """What the three headers of a delivery say."""

    message_id: str
    timestamp: str
    signatures: tuple[bytes, ...]


def read_headers(headers: Mapping[str, str]) -> Signed:
    """Read webhook-id, webhook-timestamp and webhook-signature; raises SignatureInvalid."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "").split(" ")[:_SIGNATURES_MAX]
    signatures = tuple(_decoded(each[3:]) for each in given if each.startswith("v1,"))
    is_plain = message_id.isascii() and message_id.isprintable()
    if not 0 < len(message_id) <= MESSAGE_ID_LENGTH_MAX or not is_plain or not signatures:
        raise SignatureInvalid
    return Signed(message_id, timestamp, signatures)


def check_signature(signed: Signed, *, body: bytes, secrets: Iterable[bytes], at: datetime) -> None:
    """Refuse a delivery that no live secret signed, or that is dated five minutes off.

    Raises SignatureInvalid or SignatureStale.
    """
    expected = [
        sign(secret, message_id=signed.message_id, timestamp=signed.timestamp, body=body)
        for secret in secrets
    ]
    matches = [
        hmac.compare_digest(mine, theirs) for mine in expected for theirs in signed.signatures
    ]
    if not any(matches):
        raise SignatureInvalid
    if not signed.timestamp.isascii() or not signed.timestamp.isdecimal():
        raise SignatureInvalid
    if abs(int(signed.timestamp[:12]) - at.timestamp()) > WINDOW_SECONDS:
        raise SignatureStale(seconds_max=WINDOW_SECONDS)


def sign(secret: bytes, *, message_id: str, timestamp: str, body: bytes) -> bytes:
    """Make the signature of a delivery."""
    return hmac.digest(secret, f"{message_id}.{timestamp}.".encode() + body, sha256)


def write_secret(secret: bytes) -> str:
    """Write a secret the way the other side takes it in: whsec_ and base64."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def write_signature(signature: bytes) -> str:
    """Write a signature the way it stands in the header."""
    return "v1," + base64.b64encode(signature).decode()


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
