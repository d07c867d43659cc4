"""Compare passwords, a few at once: one argon2 hash takes 100 MB."""

import threading

from django.contrib.auth.hashers import check_password as is_password_of

from regulars.access import domain

HASHED_AT_ONCE_MAX = 2
_HASHING_WAIT_SECONDS = 10.0

_hashing = threading.BoundedSemaphore(HASHED_AT_ONCE_MAX)


def matches_password(password: str, kept: str) -> bool:
    """Tell whether it is the password that is kept; costs one hash. Raises SignInBusy."""
    if not _hashing.acquire(timeout=_HASHING_WAIT_SECONDS):
        raise domain.SignInBusy
    try:
        return is_password_of(password, kept)
    finally:
        _hashing.release()
