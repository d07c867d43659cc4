"""Second factors: one-time codes by the clock, passkeys, recovery codes; how often one may try.

A one-time code is RFC 6238: six digits of HMAC-SHA1 over steps of thirty seconds. A step that was
used is over: whoever looks over a shoulder cannot use the code a second time.
"""

import base64
import hmac
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import quote, urlencode
from uuid import UUID

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

CODE_DIGITS = 6
STEP_SECONDS = 30
STEPS_BESIDE = 1  # a phone's clock may be this many steps before or behind
TOTP_SECRET_BYTES = 20
CHALLENGE_TRIES_MAX = 5
CHALLENGE_LIFE = timedelta(minutes=10)
PROOF_FRESH = timedelta(minutes=15)
RECOVERY_CODES = 10
RECOVERY_CODE_LENGTH = 12  # of 32 characters: 60 random bits
PASSKEYS_MAX = 20
FACTOR_NAME_LENGTH_MAX = 60
# Whoever holds one of these shows a second factor; so do auditors, who see what everybody did.
FACTOR_PERMISSIONS = frozenset(
    {
        "audit.read",
        "keys.manage",
        "members.erase",
        "members.export",
        "members.reveal",
        "privacy.manage",
        "roles.assign",
        "settings.manage",
        "staff.manage",
    }
)

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: nothing that looks like another
_LOOKS_LIKE = str.maketrans({"o": "0", "i": "1", "l": "1"})


class FactorRefused(Refusal):
    """A wrong, used or late code, or too many tries: outside, all the same."""

    kind = Kind.INVALID
    reason = message(
        "That did not work: the code is wrong, was used before, or there were too many tries. "
        "Wait for the next code and try again."
    )


class ChallengeOver(Refusal):
    """Five tries are used up, or ten minutes have passed."""

    kind = Kind.CONFLICT
    reason = message("There were too many tries, or it took too long. Sign in again.")


class ChallengeLate(ChallengeOver):
    """Ten minutes have passed, or the question was answered; there may be another one."""

    reason = message("It took too long. Try again.")


class FactorNotFound(Refusal):
    """The account has no such factor."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such second factor.")


class FactorTaken(Refusal):
    """The account has this kind of factor, or somebody has this passkey."""

    kind = Kind.CONFLICT
    reason = message("This second factor is set up already.")


class FactorNameWrong(Refusal):
    """A passkey's name is empty or too long."""

    kind = Kind.INVALID
    reason = message("Give it a name of 1 to {longest} characters.")


class FactorNeeded(Refusal):
    """The role asks for a second factor, so the last one stays."""

    kind = Kind.CONFLICT
    reason = message("Your role needs a second factor. Set up another one before removing this.")


class OwnAccount(Refusal):
    """What administrators do to others, nobody does to oneself by that way."""

    kind = Kind.CONFLICT
    reason = message("This is your own account. Use the page of your own account.")


class FactorKind(StrEnum):
    """What a second factor is."""

    TOTP = "totp"
    PASSKEY = "passkey"


class ChallengePurpose(StrEnum):
    """What a challenge is answered for."""

    SIGN_IN = "sign_in"
    SECOND_STEP = "second_step"
    STEP_UP = "step_up"
    ENROL = "enrol"


class Proof(StrEnum):
    """How somebody showed who they are."""

    TOTP = "totp"
    PASSKEY = "passkey"
    RECOVERY_CODE = "recovery_code"
    PASSWORD = "password"  # noqa: S105 a way, not a secret


class NextStep(StrEnum):
    """What stands between the first step of a sign-in and the console."""

    NOTHING = "nothing"
    SECOND_STEP = "second_step"
    ENROL = "enrol"


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """One second factor of an account; what proves it stays sealed in the table."""

    public_id: UUID
    kind: FactorKind
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Factors:
    """All second factors of an account, and since when its roles ask for one."""

    held: tuple[Factor, ...]
    recovery_codes_left: int
    due_at: datetime | None

    @property
    def totp(self) -> Factor | None:
        return next((each for each in self.held if each.kind is FactorKind.TOTP), None)

    @property
    def passkeys(self) -> tuple[Factor, ...]:
        return tuple(each for each in self.held if each.kind is FactorKind.PASSKEY)

    @property
    def is_asked_for(self) -> bool:
        return self.due_at is not None

    def is_overdue(self, at: datetime) -> bool:
        return not self.held and self.due_at is not None and at >= self.due_at

    def next_step(self, at: datetime) -> NextStep:
        """Answer what comes after the password."""
        if self.held:
            return NextStep.SECOND_STEP
        return NextStep.ENROL if self.is_overdue(at) else NextStep.NOTHING


def step_of(at: datetime) -> int:
    """Answer the number of the half minute."""
    return int(at.timestamp()) // STEP_SECONDS


def totp_code(secret: bytes, step: int) -> str:
    """Compute the one-time code of a step (RFC 6238 with SHA-1, RFC 4226 truncation)."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    start = digest[-1] & 0x0F
    value = int.from_bytes(digest[start : start + 4]) & 0x7FFF_FFFF
    return f"{value % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def matching_step(secret: bytes, code: str, *, at: datetime, used: int | None) -> int | None:
    """Answer the step this code belongs to, later than the last one used, or None."""
    now = step_of(at)
    found = None
    for step in range(now - STEPS_BESIDE, now + STEPS_BESIDE + 1):
        matches = hmac.compare_digest(totp_code(secret, step).encode(), code.encode())
        if matches and (used is None or step > used):
            found = step
    return found


def totp_address(secret: bytes, *, issuer: str, account: str) -> str:
    """Write the address that an authenticator app reads from the QR code."""
    query = urlencode({"secret": totp_text(secret), "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{account}')}?{query}"


def totp_text(secret: bytes) -> str:
    """Write the secret for those who type it."""
    return base64.b32encode(secret).decode().rstrip("=")


def read_code(text: str) -> str:
    """Read what was typed, whatever the width of its digits: letters lower, no gaps."""
    plain = unicodedata.normalize("NFKC", text[:100]).lower()
    return "".join(each for each in plain if each.isascii() and each.isalnum())


def is_totp_shaped(code: str) -> bool:
    """Tell a one-time code from a recovery code."""
    return len(code) == CODE_DIGITS and code.isdecimal()


def recovery_code(value: bytes) -> str:
    """Write random bytes as a recovery code."""
    number = int.from_bytes(value)
    return "".join(_ALPHABET[number >> (5 * place) & 31] for place in range(RECOVERY_CODE_LENGTH))


def read_recovery_code(code: str) -> str:
    """Answer the code as it is kept: what looks alike counts as the same."""
    return code.translate(_LOOKS_LIKE)


def spaced(code: str) -> str:
    """Write a recovery code in groups of four, for people."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def check_factor_name(name: str) -> str:
    """Answer the name without blanks around it; raises FactorNameWrong."""
    clean = " ".join(name.split())
    if not 0 < len(clean) <= FACTOR_NAME_LENGTH_MAX or not clean.isprintable():
        raise FactorNameWrong(longest=FACTOR_NAME_LENGTH_MAX)
    return clean


def is_counter_sound(*, kept: int, told: int) -> bool:
    """Tell whether a passkey's counter moved on; one that never counts always says 0."""
    return told > kept or (told == 0 and kept == 0)
