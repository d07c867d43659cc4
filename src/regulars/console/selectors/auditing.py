"""Read the audit log for people: names of who acted, notes opened, where an object is shown."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext

from regulars.access import selectors as access
from regulars.access import services as access_services
from regulars.access.domain import KeptEntry, Names
from regulars.console.domain import formatting
from regulars.console.domain.auditing import REASONS
from regulars.members import selectors as members
from regulars.web import crypto
from regulars.web.permissions import PERMISSIONS
from regulars.web.sentences import words_of

_GAP = re.compile(r"\{\w+\}")
_PAGES: Mapping[str, str] = MappingProxyType(
    {
        "member": "console-member",
        "staff": "console-staff-member",
        "key": "console-key",
        "approval": "console-approval",
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the log is asked for."""

    action: str | None = None
    actor: tuple[str, int] | None = None
    about: tuple[str, str] | None = None
    result: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def countable(self) -> dict[str, Any]:
        """Answer the filters without the object."""
        return {
            "action": self.action,
            "actor": self.actor,
            "result": self.result,
            "since": self.since,
            "until": self.until,
        }

    def as_filters(self) -> dict[str, Any]:
        """Answer all filters."""
        return self.countable() | {"about": self.about}


def read_asked(
    *,
    action: str,
    actor: str,
    about: str,
    result: str,
    since: datetime | None,
    until: datetime | None,
) -> Asked:
    """Read filters as they stand in an address; what makes no sense asks for nothing."""
    kind, _, number = actor.partition(":")
    object_kind, colon, object_id = about.partition(":")
    is_known = number.isascii() and number.isdigit() and len(number) < 19
    return Asked(
        action=action or None,
        actor=(kind, int(number)) if is_known else None,
        about=(object_kind.strip(), object_id.strip()) if colon else None,
        result=result or None,
        since=since,
        until=until,
    )


def names_in(found: Sequence[KeptEntry]) -> Names:
    """Name everybody a page of entries mentions, in one query."""
    return access.names_in_use(
        staff_ids=[each.actor_id for each in found if each.actor_kind == "staff"]
        + [each.on_behalf_id for each in found],
        key_ids=[each.actor_id for each in found if each.actor_kind == "key"],
    )


def who(entry: KeptEntry, names: Names) -> str:
    """Say who acted."""
    match entry.actor_kind:
        case "staff":
            return names.staff.get(entry.actor_id, formatting.MISSING)
        case "key":
            name = names.keys.get(entry.actor_id, formatting.MISSING)
            return gettext("API key {name}").format(name=name)
        case "nobody":
            return gettext("Nobody known")
        case _:
            return gettext("Regulars itself")


def reason_words(code: str) -> str:
    """Say a reason: one that was chosen, a permission that was missing, a refusal; else the code.

    What a refusal was about is not kept with it, so its sentence is said with gaps.
    """
    if code in REASONS:
        return gettext(REASONS[code])
    if code in PERMISSIONS:
        return gettext(PERMISSIONS[code])
    return _GAP.sub("…", words_of(code, {}))


def read_note(entry: KeptEntry) -> tuple[str, bool]:
    """Open the note of an entry; tells also whether its key was destroyed."""
    if entry.note is None:
        return "", False
    for key in (_subject_key(entry), None):
        try:
            return access_services.read_note(entry, note_key=key) or "", False
        except crypto.SealBroken:
            continue
    return "", True


def object_href(entry: KeptEntry) -> str:
    """Answer the page of the object an entry is about, or nothing where it has none."""
    name = _PAGES.get(entry.object_kind)
    if name is None:
        return ""
    try:
        return reverse(name, args=[entry.object_id])
    except NoReverseMatch:
        return ""


def is_about_member(entry: KeptEntry) -> bool:
    """Tell whether an entry is about one member, directly, by an approval or by a request."""
    return _subject_of(entry) is not None or entry.object_kind == "privacy_request"


def _subject_of(entry: KeptEntry) -> str | None:
    """Answer the id of the member an entry is about, or whose approval it is about."""
    if entry.object_kind == "approval" and entry.details.get("object_kind") == "member":
        return str(entry.details.get("object_id"))
    return entry.object_id if entry.object_kind == "member" else None


def _subject_key(entry: KeptEntry) -> bytes | None:
    """Find the key of the member an entry is about."""
    object_id = _subject_of(entry)
    if object_id is None:
        return None
    try:
        member_id = members.find_by_public(public_id=UUID(object_id))
    except ValueError:
        return None
    if member_id is None:
        return None
    return members.subject_keys(member_ids=[member_id]).get(member_id)
