"""Read what was done to one member: the audit log about it, told with names and opened notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from regulars.access import selectors as access
from regulars.access import services as access_services
from regulars.access.domain import KeptEntry, Names
from regulars.console.domain import acts, formatting, wording
from regulars.console.domain.members import ActLine
from regulars.console.domain.stories import Teller
from regulars.console.selectors.auditing import reason_words
from regulars.members import selectors as members
from regulars.members.domain import MergedRecord
from regulars.web import crypto, paging


@dataclass(frozen=True, slots=True)
class ActPage:
    """A page of entries as they were read, and where the next one begins."""

    entries: tuple[KeptEntry, ...]
    keys: Mapping[str, bytes]
    next_cursor: str | None

    @property
    def staff_ids(self) -> tuple[int, ...]:
        """Answer which members of staff acted."""
        return tuple(each.actor_id for each in self.entries if each.actor_kind == "staff")

    @property
    def key_ids(self) -> tuple[int, ...]:
        """Answer which API keys acted."""
        return tuple(each.actor_id for each in self.entries if each.actor_kind == "key")


def read_acts(
    *,
    public_id: UUID,
    member_id: int,
    merged: Sequence[MergedRecord],
    cursor: str | None,
    limit: int,
) -> ActPage:
    """Read what was done to a member and to the records merged into it, newest first."""
    owners = {str(public_id): member_id} | {str(one.public_id): one.loser_id for one in merged}
    found = access.list_audit_about(
        object_kind="member", object_ids=list(owners), before=_before(cursor), limit=limit + 1
    )
    shown = found[:limit]
    noted = [owners[each.object_id] for each in shown if each.note is not None]
    wrapped = members.subject_keys(member_ids=noted) if noted else {}
    keys = {name: wrapped[owner] for name, owner in owners.items() if owner in wrapped}
    more = len(found) > limit
    following = paging.encode(shown[-1].at.isoformat(), shown[-1].id) if more else None
    return ActPage(tuple(shown), keys, following)


def acts_of(page: ActPage, *, names: Names, teller: Teller) -> list[ActLine]:
    """Tell the entries in words."""
    return [_line(entry, page.keys.get(entry.object_id), names, teller) for entry in page.entries]


def _line(entry: KeptEntry, key: bytes | None, names: Names, teller: Teller) -> ActLine:
    act = acts.MEMBER_ACTS.get(entry.action, wording.Worded(entry.action))
    result = acts.RESULTS.get(entry.result)
    title = teller.translate(act.title)
    return ActLine(
        at=entry.at,
        who=_who(entry, names, teller),
        title=f"{title} · {teller.translate(result.title)}" if result else title,
        tone=result.tone if result else act.tone,
        reason=reason_words(entry.reason_code or ""),
        detail=teller.comma.join(_figures(entry, teller)),
        note=_note(entry, key, teller),
        network=entry.network or "",
    )


def _who(entry: KeptEntry, names: Names, teller: Teller) -> str:
    name = names.actor(entry.actor_kind, entry.actor_id)
    if entry.actor_kind == "key":
        return teller.say(acts.A_KEY, name=name or entry.actor_id)
    return name or teller.translate(acts.THE_HOUSE)


def _figures(entry: KeptEntry, teller: Teller) -> list[str]:
    return [
        teller.say(sentence, value=_figure(name, entry.details[name], teller))
        for name, sentence in acts.FIGURES.items()
        if entry.details.get(name) not in (None, "", 0)
    ]


def _figure(name: str, value: object, teller: Teller) -> str:
    """Write one detail: a figure with its sign, codes as words."""
    if isinstance(value, int):
        return formatting.signed(value) if name == "amount" else formatting.whole(value)
    return teller.listed(acts.FIGURE_WORDS.get(name, {}), str(value).split(","))


def _note(entry: KeptEntry, key: bytes | None, teller: Teller) -> str:
    if entry.note is None:
        return ""
    try:
        return access_services.read_note(entry, note_key=key) or ""
    except crypto.SealBroken:
        return teller.translate(acts.NOTE_GONE)


def _before(cursor: str | None) -> tuple[datetime, int] | None:
    if not cursor:
        return None
    at, entry_id = paging.decode(cursor, parts=2)
    try:
        moment = datetime.fromisoformat(str(at))
        number = int(entry_id)
    except (TypeError, ValueError) as error:
        raise paging.CursorMalformed from error
    if moment.tzinfo is None or not 0 < number < 2**63:
        raise paging.CursorMalformed
    return moment, number
