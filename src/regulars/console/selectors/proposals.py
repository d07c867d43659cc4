"""Read what a proposal would do, and what was said about it, for the page that decides it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext

from regulars.access import selectors as access
from regulars.access import services as access_services
from regulars.access.domain import (
    APPROVAL_KINDS,
    ROLES,
    STRONG,
    Approval,
    AuditResult,
    KeptEntry,
    Policy,
    Scope,
    changed_policy,
    differences,
)
from regulars.console.domain import formatting
from regulars.console.domain.approving import (
    MODES,
    OBJECTS,
    SETTINGS,
    STEP_ICONS,
    STEPS,
    Change,
    Proposal,
    Step,
)
from regulars.console.domain.exports import REASONS, Wish
from regulars.console.domain.lists import Filter
from regulars.console.domain.wording import ADJUST_REASONS, word
from regulars.console.selectors.exporting import EXPORTABLES
from regulars.kit.errors import Refusal
from regulars.ledger import selectors as ledger
from regulars.members import selectors as members
from regulars.members.domain import FIELDS, MemberQuery
from regulars.web import crypto
from regulars.web.permissions import PERMISSIONS
from regulars.web.sentences import listed


def read_proposal(approval: Approval, *, scope: Scope, at: datetime, zone: ZoneInfo) -> Proposal:
    """Tell what an approval does: the object, and each line from before to after."""
    title = gettext(APPROVAL_KINDS[approval.kind].title)
    label, href = gettext(word(OBJECTS, approval.object_kind)), ""
    if approval.object_kind == "member":
        label, href = _member(approval, scope)
    elif approval.object_kind == "staff":
        label, href = _colleague(approval)
    tell = _TELLINGS.get(approval.kind, _plainly)
    return Proposal(title, label, href, tuple(tell(approval, at, zone)))


def read_steps(approval: Approval) -> list[Step]:
    """Tell an approval's history from the audit log, notes opened."""
    found = access.list_audit(about=("approval", str(approval.public_id)), limit=100)
    entries = list(reversed(found))
    people = access.names_in_use(
        staff_ids={each.actor_id for each in entries if each.actor_kind == "staff"},
        key_ids={each.actor_id for each in entries if each.actor_kind == "key"},
    )
    key = note_key(approval) if any(each.note for each in entries) else None
    return [
        Step(
            label=gettext(word(STEPS, each.action)),
            who=_who(each, people.staff, people.keys),
            at=each.at,
            icon=STEP_ICONS.get(each.action, "circle"),
            tone="" if each.result == AuditResult.OK else "bad",
            note=_note(each, key),
        )
        for each in entries
    ]


def read_deciders(approval: Approval, *, at: datetime) -> list[str]:
    """Name who may decide about an approval by permission and limit; where they reach aside."""
    found = access.list_deciders(
        kind=approval.kind, size=approval.size, policy=access.policy(at), at=at
    )
    others = [staff_id for staff_id in found if staff_id != approval.maker_person_id]
    names = access.names_of(others)
    return [names[staff_id] for staff_id in others if staff_id in names]


def role_title(name: str) -> str:
    """Name a role in the reader's language."""
    return gettext(ROLES[name].title) if name in ROLES else name


def policy_line(name: str) -> str:
    """Name one line of the policy in the reader's language."""
    setting, _, inner = name.partition(".")
    title = gettext(word(SETTINGS, setting))
    if not inner:
        return title
    if setting == "four_eyes":
        return f"{title}: {gettext(APPROVAL_KINDS[inner].title)}"
    if setting == "profile_days":
        return f"{title}: {gettext(FIELDS[inner].title)}"
    return f"{title}: {gettext('API key') if inner == 'key' else role_title(inner)}"


def policy_value(name: str, value: Any) -> str:
    """Write one value of the policy for people."""
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if name.startswith("four_eyes."):
        return gettext(word(MODES, str(value)))
    if name.startswith("profile_days.") and not value:
        return gettext("as long as the membership lasts")
    return formatting.whole(value) if isinstance(value, int) else formatting.MISSING


def _member(approval: Approval, scope: Scope) -> tuple[str, str]:
    member_id = approval.payload.get("member_id")
    try:
        known = members.get_member(member_id=int(member_id or 0), scope=scope)
    except Refusal:
        return gettext("Member"), ""
    [shown] = members.list_members(scope=scope, query=MemberQuery(number=known.number)).items
    name = f"{shown.name} {shown.phone}".strip() or known.number
    return name, reverse("console-member", args=[known.public_id])


def _colleague(approval: Approval) -> tuple[str, str]:
    staff_id = int(approval.payload["staff_id"])
    name = access.names_of([staff_id]).get(staff_id, "")
    return name, _address("console-staff-member", approval.object_id)


def _tell_adjustment(approval: Approval, at: datetime, zone: ZoneInfo) -> list[Change]:
    payload = approval.payload
    amount, member_id = int(payload["amount"]), int(payload["member_id"])
    home = members.survivors(member_ids=[member_id]).get(member_id, member_id)
    now = ledger.get_balance(member_id=home, at=at).available
    ends = payload.get("expires_at")
    reason = str(approval.reason_code or "")
    lines = [
        Change(
            gettext("Points"),
            formatting.whole(now + amount),
            formatting.whole(now),
            formatting.signed(amount),
        ),
        Change(gettext("Reason"), gettext(word(ADJUST_REASONS, reason))),
    ]
    if ends:
        until = formatting.last_day(datetime.fromisoformat(ends), zone=zone)
        lines.append(Change(gettext("Usable until"), until))
    return lines


def _tell_role(approval: Approval, _at: datetime, zone: ZoneInfo) -> list[Change]:
    payload = approval.payload
    staff = access.get_staff(staff_id=int(payload["staff_id"]))
    held = listed(f"{role_title(each.role)} ({each.scope})" for each in staff.grants)
    role = access.all_roles().get(payload["role"])
    given = role.permissions_in(frozenset(PERMISSIONS)) if role else frozenset[str]()
    strong = listed(gettext(PERMISSIONS[each]) for each in sorted(given & STRONG))
    ends = payload.get("expires_at")
    until = (
        formatting.moment(datetime.fromisoformat(ends), zone=zone) if ends else gettext("no end")
    )
    return [
        Change(gettext("Roles"), role_title(payload["role"]), held or formatting.MISSING),
        Change(gettext("Scope"), str(payload["scope"])),
        Change(gettext("Ends"), until),
        Change(gettext("Strong permissions"), strong or formatting.MISSING),
    ]


def _tell_key(approval: Approval, _at: datetime, zone: ZoneInfo) -> list[Change]:
    payload = approval.payload
    permissions = listed(gettext(PERMISSIONS.get(each, each)) for each in payload["permissions"])
    networks = ", ".join(payload["networks"]) or gettext("anywhere")
    ends = formatting.moment(datetime.fromisoformat(payload["expires_at"]), zone=zone)
    return [
        Change(gettext("Used for"), payload["title"] or formatting.MISSING),
        Change(gettext("Permissions"), permissions, note=str(len(payload["permissions"]))),
        Change(gettext("Store"), payload["store"] or gettext("all stores")),
        Change(gettext("Networks"), networks),
        Change(gettext("Ends"), ends),
    ]


def _tell_policy(approval: Approval, _at: datetime, _zone: ZoneInfo) -> list[Change]:
    before = _policy_before(int(approval.payload["version"]))
    after = changed_policy(before, approval.payload["changes"])
    return [
        Change(policy_line(name), policy_value(name, becomes), policy_value(name, was))
        for name, (was, becomes) in differences(before, after).items()
    ]


def _tell_export(approval: Approval, _at: datetime, _zone: ZoneInfo) -> list[Change]:
    """Tell what would leave the house: of which list, narrowed how, shown how, what for."""
    wish = Wish.from_json(approval.payload)
    kind = EXPORTABLES.get(wish.what)
    titles = {each.code: gettext(each.title) for each in kind.columns} if kind else {}
    return [
        Change(gettext("List"), gettext(kind.title) if kind else wish.what),
        Change(
            gettext("Rows"),
            formatting.whole(approval.size),
            note=gettext("with what they took out alone within a day"),
        ),
        *_narrowed(wish, kind.filters if kind else ()),
        Change(gettext("Columns"), listed(titles.get(c, c) for c in wish.columns)),
        Change(
            gettext("Personal data"),
            gettext("masked") if wish.is_masked else gettext("unmasked"),
        ),
        Change(gettext("What the file is for"), gettext(word(REASONS, wish.reason_code))),
        Change(gettext("Form"), wish.form.upper()),
    ]


def _narrowed(wish: Wish, filters: Sequence[Filter]) -> list[Change]:
    """Tell by what the list is narrowed; what has no title is told as the address has it."""
    known = {key for each in filters for key in each.keys}
    return [
        *(
            Change(gettext(each.title), said)
            for each in filters
            if (said := _filter_value(each, wish.filters))
        ),
        *(Change(key, value) for key, value in wish.filters.items() if key not in known),
    ]


def _filter_value(one: Filter, said: Mapping[str, str]) -> str:
    value = said.get(one.code, "")
    ends = [said.get(f"{one.code}_{end}", "") for end in ("from", "to")]
    if any(ends):
        return " – ".join(end or "…" for end in ends)
    if one.kind == "flag" and value:
        return gettext("yes")
    titles = {
        each.code: each.title if each.is_data else gettext(each.title) for each in one.choices
    }
    return titles.get(value, value)


def _policy_before(version: int) -> Policy:
    found = access.list_policy_versions(before=version + 1, limit=1)
    return found[0].policy if found else Policy()


def _plainly(approval: Approval, _at: datetime, _zone: ZoneInfo) -> list[Change]:
    """Tell a kind that has no words of its own: its size, and its plain values."""
    unit = gettext(APPROVAL_KINDS[approval.kind].unit)
    lines = [Change(gettext("Size"), f"{formatting.whole(approval.size)} {unit}")]
    for name, value in sorted(approval.payload.items()):
        if isinstance(value, str | int) and not isinstance(value, bool):
            lines.append(Change(name, str(value)))
        elif isinstance(value, list):
            lines.append(Change(name, ", ".join(map(str, value))))
    return lines


Telling = Callable[[Approval, datetime, ZoneInfo], Sequence[Change]]
_TELLINGS: Mapping[str, Telling] = MappingProxyType(
    {
        "points.adjust": _tell_adjustment,
        "role.grant": _tell_role,
        "key.create": _tell_key,
        "policy.change": _tell_policy,
        "export": _tell_export,
    }
)


def note_key(approval: Approval) -> bytes | None:
    """Answer the key under which notes about an approval are kept: the member's, if it has one."""
    if approval.object_kind != "member":
        return None
    member_id = int(approval.payload.get("member_id") or 0)
    return members.subject_keys(member_ids=[member_id]).get(member_id)


def _note(entry: KeptEntry, key: bytes | None) -> str:
    """Open a note: the maker's is under the member's key, so that it goes with the member."""
    for tried in (key, None):
        try:
            return access_services.read_note(entry, note_key=tried) or ""
        except crypto.SealBroken:
            continue
    return gettext("The note can no longer be read: its key was destroyed.")


def _who(entry: KeptEntry, staff: Mapping[int, str], keys: Mapping[int, str]) -> str:
    match entry.actor_kind:
        case "staff":
            return staff.get(entry.actor_id, formatting.MISSING)
        case "key":
            name = keys.get(entry.actor_id, formatting.MISSING)
            return gettext("API key {name}").format(name=name)
        case _:
            return gettext("Regulars itself")


def _address(name: str, *args: object) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""
