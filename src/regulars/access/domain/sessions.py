"""Sessions as values: where one was begun, how long it lasts, and looking through other eyes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from regulars.access.domain.scopes import Actor, Reach
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

VIEWING_MAX = timedelta(minutes=30)
SESSIONS_KEPT = timedelta(days=7)

_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)
_BROWSERS = (
    ("MicroMessenger", "WeChat"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)


class SessionNotFound(Refusal):
    """No open session has this id."""

    kind = Kind.NOT_FOUND
    reason = message("There is no such open session.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One open session of an account, as its owner sees it."""

    id: int
    public_id: UUID
    staff_id: int
    device: str
    network: str
    how: str
    started_at: datetime
    seen_at: datetime


def device_of(user_agent: str) -> str:
    """Name browser and system in words of ours; nothing finer is kept, and nothing foreign."""
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    return " · ".join(part for part in (browser, system) if part)


def seen_through(viewer: Actor, other: Actor, *, reading: frozenset[str]) -> Actor:
    """Answer the viewer with what the other may read, as far as the viewer may read it too.

    Nothing that unmasks, exports or changes is among it, whatever both hold.
    """
    reaches = tuple(
        Reach(permissions=shared, scope=theirs.scope & mine.scope)
        for theirs in other.reaches
        for mine in viewer.reaches
        if (shared := theirs.permissions & mine.permissions & reading)
    )
    actor = Actor.of_reaches(kind=viewer.kind, id=viewer.id, name=viewer.name, reaches=reaches)
    return replace(actor, session=viewer.session, viewing_id=other.id, viewing_name=other.name)
