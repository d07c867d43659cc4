"""How often one may try to sign in, and what is said when it fails.

Three logs of recent tries: by account and network, by account, by network. The delay between
tries of one account from one network grows and never becomes a lock. An account that is under
attack from everywhere stays open for the networks its owner has signed in from before. Nothing
said outside tells whether an account exists, is locked, or is switched off.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

IDLE_MAX = timedelta(minutes=30)
SESSION_MAX = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)  # how often a session's last use is written down
LINK_LIFE = timedelta(hours=24)
PASSWORD_LENGTH_MIN = 12
PASSWORD_LENGTH_MAX = 128

PAIR_TRIES_FREE = 3
PAIR_MEMORY = timedelta(hours=1)
PAIR_DELAY_FIRST = timedelta(seconds=5)
PAIR_DELAY_MAX = timedelta(minutes=15)
ACCOUNT_TRIES_MAX = 10
NETWORK_TRIES_MAX = 100
WINDOW = timedelta(minutes=15)
NETWORK_KNOWN_FOR = timedelta(days=30)
PASSWORDS_PER_MINUTE_MAX = 60  # of one network, whatever the accounts
TRIES_KEPT_MAX = 128
MEMORY_MAX = NETWORK_KNOWN_FOR  # a log of tries older than this says nothing any more


class SignInRefused(Refusal):
    """Wrong e-mail, wrong password, switched off, or too soon: outside, all the same."""

    kind = Kind.INVALID
    reason = message(
        "E-mail and password do not match, or there were too many tries. "
        "Check both, wait a little, and try again."
    )


class SignInBusy(Refusal):
    """More people are signing in at once than the machine can check."""

    kind = Kind.TRY_LATER
    reason = message("Many people are signing in. Try again in a few seconds.")


class PasswordWeak(Refusal):
    """The password is too short, too long, too common, or is the e-mail address."""

    kind = Kind.INVALID
    reason = message(
        "Choose a password of {shortest} to {longest} characters that is not a common one "
        "and does not contain your e-mail address."
    )


class LinkSpent(Refusal):
    """A one-time link is unknown, used, or too old: outside, all the same."""

    kind = Kind.NOT_FOUND
    reason = message("This link is not valid any more. Ask for a new one.")


class AlreadySetUp(Refusal):
    """The first owner exists; the set-up link has nothing to do."""

    kind = Kind.CONFLICT
    reason = message("This installation has an owner. Sign in, or ask the owner for an account.")


class LinkPurpose(StrEnum):
    """What a one-time link opens."""

    SET_UP = "set_up"
    SIGN_IN = "sign_in"


class RefusedBecause(StrEnum):
    """The true reason, for the audit log only."""

    UNKNOWN_ACCOUNT = "unknown_account"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 a reason, not a secret
    ACCOUNT_INACTIVE = "account_inactive"
    TOO_MANY_TRIES = "too_many_tries"


@dataclass(frozen=True, slots=True)
class TryLog:
    """When somebody tried lately, oldest first, and when it last worked."""

    times: tuple[datetime, ...] = ()
    succeeded_at: datetime | None = None

    def count_within(self, span: timedelta, *, at: datetime) -> int:
        return sum(1 for time in self.times if at - time < span)

    def with_try(self, at: datetime) -> "TryLog":
        return TryLog((*self.times, at)[-TRIES_KEPT_MAX:], self.succeeded_at)

    def without_try(self, at: datetime) -> "TryLog":
        """Take one try back, because it was the owner's."""
        times = list(self.times)
        if at in times:
            times.remove(at)
        return TryLog(tuple(times), self.succeeded_at)

    def is_known_good(self, at: datetime) -> bool:
        return self.succeeded_at is not None and at - self.succeeded_at < NETWORK_KNOWN_FOR


@dataclass(frozen=True, slots=True)
class TryLogs:
    """The three logs that one try is written to."""

    pair: TryLog
    account: TryLog
    network: TryLog

    def may_try(self, at: datetime) -> bool:
        """Tell whether a password is looked at now; a try that is not is not counted either."""
        if at < _pair_opens_at(self.pair, at):
            return False
        if self.network.count_within(WINDOW, at=at) >= NETWORK_TRIES_MAX:
            return False
        if self.pair.is_known_good(at):
            return True
        return self.account.count_within(WINDOW, at=at) < ACCOUNT_TRIES_MAX

    def with_try(self, at: datetime) -> "TryLogs":
        """Write the try into all three, before the password is looked at."""
        return TryLogs(self.pair.with_try(at), self.account.with_try(at), self.network.with_try(at))

    def with_success(self, at: datetime) -> "TryLogs":
        """Forget this owner's slips, keep the marks of others, and know the network."""
        return TryLogs(TryLog((), at), self.account.without_try(at), self.network.without_try(at))


def delay_after(tries: int) -> timedelta:
    """Answer how long to wait after so many tries: none, then 5 s, 10 s, 20 s … 15 min."""
    if tries < PAIR_TRIES_FREE:
        return timedelta(0)
    doublings = min(tries - PAIR_TRIES_FREE, 16)
    return min(PAIR_DELAY_FIRST * (1 << doublings), PAIR_DELAY_MAX)


def network_of(address: str) -> str:
    """Answer the network an address belongs to: /24 for version 4, /56 for version 6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    prefix = 24 if found.version == 4 else 56
    return str(ipaddress.ip_network(f"{found}/{prefix}", strict=False))


def check_password_text(password: str, *, email: str) -> None:
    """Refuse a password that is too short, too long, too plain, or holds the address."""
    local = email.partition("@")[0].lower()
    wrong_length = not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX
    holds_address = len(local) > 3 and local in password.lower()
    is_plain = len(set(password)) < 4 or password.isdecimal()
    if wrong_length or is_plain or holds_address:
        raise weak_password()


def weak_password() -> PasswordWeak:
    """Word the refusal of a password, with the lengths that are allowed."""
    return PasswordWeak(shortest=PASSWORD_LENGTH_MIN, longest=PASSWORD_LENGTH_MAX)


def is_session_over(
    *,
    started_at: datetime,
    seen_at: datetime,
    at: datetime,
    idle: timedelta = IDLE_MAX,
    longest: timedelta = SESSION_MAX,
) -> bool:
    """Tell whether a session ended: idle for half an hour, or twelve hours old."""
    return at - seen_at >= idle or at - started_at >= longest


def _pair_opens_at(log: TryLog, at: datetime) -> datetime:
    recent = [time for time in log.times if at - time < PAIR_MEMORY]
    return recent[-1] + delay_after(len(recent)) if recent else at
