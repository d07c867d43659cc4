"""API keys: how one is written, read, and judged.

`rg_live_` + eight characters that name the key + `_` + the secret in base 62 + a checksum. The
prefix lets secret scanners find a leaked key; the checksum lets us refuse a mistyped one
without asking the database. The secret has full entropy, so a fast hash of it is enough.
"""

import hashlib
import ipaddress
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

KEY_PREFIX = "rg_live_"
NAME_LENGTH = 8
SECRET_BYTES = 32
KEY_LIFE_MAX = timedelta(days=365)
KEY_OVERLAP = timedelta(hours=24)  # how long an exchanged key goes on beside the new one
COLLECTED_WITHIN = timedelta(hours=72)
USE_RECORDED_EVERY = timedelta(minutes=1)

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43  # 62 ** 43 > 2 ** 256
_CHECK_LENGTH = 6  # 62 ** 6 > 2 ** 32
_KEY_LENGTH = len(KEY_PREFIX) + NAME_LENGTH + 1 + _SECRET_LENGTH + _CHECK_LENGTH


class KeyMalformed(Refusal):
    """The text is not a key of ours; nobody was asked."""

    kind = Kind.DENIED
    reason = message("This is not an API key of Regulars.")


class KeyNotFound(Refusal):
    """No key has this name."""

    kind = Kind.NOT_FOUND
    reason = message("There is no API key “{name}”.")


class KeyLifeTooLong(Refusal):
    """A key is to live longer than keys may, or is over before it begins."""

    kind = Kind.INVALID
    reason = message("A key lives at most {days} days, and ends in the future.")


class UnknownPermission(Refusal):
    """A permission is asked for that does not exist."""

    kind = Kind.INVALID
    reason = message("There is no permission “{permission}”.")


class NetworkUnreadable(Refusal):
    """An allowed network is written as an address or a CIDR range."""

    kind = Kind.INVALID
    reason = message("“{network}” is not a network. Write for example 203.0.113.0/24.")


class KeyCollected(Refusal):
    """The secret was handed over before, or nobody came for it in time."""

    kind = Kind.CONFLICT
    reason = message("This key was collected before, or waited too long. Propose a new one.")


class KeyOver(Refusal):
    """A key that has ended is not exchanged."""

    kind = Kind.CONFLICT
    reason = message("This key has ended. Make a new one.")


@dataclass(frozen=True, slots=True)
class PresentedKey:
    """A key that someone showed, taken apart."""

    name: str
    secret_hash: bytes


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: everything but the secret."""

    id: int
    name: str
    title: str
    permissions: frozenset[str]
    store_id: int | None
    networks: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_by: int | None = None
    collected_at: datetime | None = None

    def is_live(self, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at

    def is_collectable(self, at: datetime) -> bool:
        """Tell whether the secret is still to be handed over: not yet done, in time, live."""
        in_time = at < self.created_at + COLLECTED_WITHIN
        return self.collected_at is None and in_time and self.is_live(at)

    def is_use_worth_recording(self, at: datetime) -> bool:
        return self.last_used_at is None or at - self.last_used_at >= USE_RECORDED_EVERY


def check_collectable(key: ApiKey, *, at: datetime) -> None:
    """Refuse to hand a secret over twice, too late, or for a key that has ended."""
    if not key.is_collectable(at):
        raise KeyCollected


def compose_key(*, name: str, secret: bytes) -> str:
    """Write a key out of its name and secret; shown once, kept nowhere."""
    if len(name) != NAME_LENGTH or len(secret) != SECRET_BYTES:
        raise ValueError("a key has a name of eight characters and a secret of 32 bytes")
    body = f"{KEY_PREFIX}{name}_{_in_base62(int.from_bytes(secret), _SECRET_LENGTH)}"
    return body + _checksum(body)


def compose_name(value: bytes) -> str:
    """Write random bytes as the eight characters that name a key."""
    return _in_base62(int.from_bytes(value) % 62**NAME_LENGTH, NAME_LENGTH)


def read_key(text: str) -> PresentedKey:
    """Take a presented key apart; raises KeyMalformed before any table is asked."""
    if len(text) != _KEY_LENGTH or not text.startswith(KEY_PREFIX) or not text.isascii():
        raise KeyMalformed
    body, check = text[:-_CHECK_LENGTH], text[-_CHECK_LENGTH:]
    name, _, secret = body.removeprefix(KEY_PREFIX).partition("_")
    if len(name) != NAME_LENGTH or _checksum(body) != check:
        raise KeyMalformed
    return PresentedKey(name=name, secret_hash=hash_secret(secret))


def hash_secret(secret: str) -> bytes:
    """Hash the secret part as it is kept."""
    return hashlib.sha256(secret.encode()).digest()


def life_of(*, at: datetime, expires_at: datetime | None) -> datetime:
    """Answer when a new key ends: a year from now unless sooner; raises KeyLifeTooLong."""
    ends_at = expires_at or at + KEY_LIFE_MAX
    if not at < ends_at <= at + KEY_LIFE_MAX:
        raise KeyLifeTooLong(days=KEY_LIFE_MAX.days)
    return ends_at


def read_networks(texts: Sequence[str]) -> tuple[str, ...]:
    """Read the networks a key may be used from; raises NetworkUnreadable."""
    found: list[str] = []
    for text in texts:
        try:
            found.append(str(ipaddress.ip_network(text.strip(), strict=False)))
        except ValueError as error:
            raise NetworkUnreadable(network=text) from error
    return tuple(found)


def is_from_allowed_network(address: str, networks: Sequence[str]) -> bool:
    """Tell whether the address lies in one of the networks; no list means anywhere."""
    if not networks:
        return True
    try:
        asked = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(asked in ipaddress.ip_network(network) for network in networks)


def _checksum(body: str) -> str:
    return _in_base62(zlib.crc32(body.encode()), _CHECK_LENGTH)


def _in_base62(value: int, length: int) -> str:
    digits = []
    for _ in range(length):
        value, digit = divmod(value, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))
