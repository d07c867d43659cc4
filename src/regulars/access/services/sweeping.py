"""What access keeps for a time only: logs of tries, links, sessions, challenges.

The audit log is no part of it: it is proof, names people by number, and is never shortened.
"""

from typing import Final

from regulars.access.domain import MEMORY_MAX
from regulars.access.domain.sessions import SESSIONS_KEPT
from regulars.kit.messages import message
from regulars.web.retention import Sweep

_SIGNED_IN = message("To show people where they are signed in.")
_END_OF_LINK = message("its use, or the end of its time")
_END = message("the end of its time")

TRIES: Final = Sweep(
    name="sign_in_tries",
    title=message("Tries to sign in"),
    purpose=message("To slow down guessing of passwords."),
    since=message("the last try"),
    table="access_trylog",
    key="key",
    aged_by="changed_at",
    limit=MEMORY_MAX,
)
LINKS: Final = Sweep(
    name="one_time_links",
    title=message("One-time links"),
    purpose=message("To let the person sign in."),
    since=_END_OF_LINK,
    table="access_onetimelink",
    aged_by="LEAST(used_at, expires_at)",
)
SESSIONS: Final = Sweep(
    name="sessions",
    title=message("Sessions of staff"),
    purpose=_SIGNED_IN,
    since=message("the sign-in"),
    table="access_session",
    aged_by="started_at",
    limit=SESSIONS_KEPT,
)
CHALLENGES: Final = Sweep(
    name="challenges",
    title=message("Questions for a second factor"),
    purpose=message("To check the second factor."),
    since=_END,
    table="access_challenge",
    aged_by="expires_at",
)
COOKIES: Final = Sweep(
    name="cookies",
    title=message("Sessions of browsers"),
    purpose=_SIGNED_IN,
    since=_END,
    table="django_session",
    key="session_key",
    aged_by="expire_date",
)
SWEEPS: Final = (TRIES, LINKS, SESSIONS, CHALLENGES, COOKIES)
