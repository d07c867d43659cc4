"""Tell events as short sentences: an icon, a tone, what happened, and where it leads.

Facts hold codes and figures. The sentence is chosen here, put into the reader's language by the
`Teller` that is given, and filled with values already written for people.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from regulars.console.domain import formatting, wording
from regulars.console.domain.movements import Happening, Link
from regulars.events.domain import Event
from regulars.kit.messages import message

ORDER_SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "created": ("shopping-bag", "", message("Ordered for {goods}")),
    "updated": ("pencil", "", message("Order changed, now {net}")),
    "attributed": ("link", "info", message("Order of {net} linked to this member")),
    "paid": ("shopping-bag", "accent", message("Spent {net}")),
    "completed": ("circle-check", "ok", message("Order of {net} completed")),
    "refunded": ("undo-2", "warn", message("Refunded {refunded}, {net} left")),
    "closed": ("shopping-bag", "", message("Order closed")),
}
SENTENCES: Mapping[str, tuple[str, str, str]] = {
    "member.enrolled": ("user-plus", "accent", message("Joined")),
    "member.updated": ("pencil", "", message("Profile changed")),
    "member.linked": ("link", "info", message("Identity linked")),
    "member.unlinked": ("link", "warn", message("Identity removed")),
    "member.merged": ("git-merge", "info", message("Merged with another record")),
    "member.unmerged": ("git-merge", "warn", message("Merge undone")),
    "member.frozen": ("lock", "bad", message("Frozen")),
    "member.unfrozen": ("lock", "ok", message("Unfrozen")),
    "member.erased": ("lock", "bad", message("Erased")),
    "member.tagged": ("tag", "", message("Tags changed")),
    "consent.recorded": ("shield-check", "info", message("Consent recorded")),
    "merge.suggested": ("git-merge", "warn", message("May be the same person as another member")),
    "tier.reached": ("star", "honey", message("Reached {tier}")),
    "tier.lost": ("star", "warn", message("Fell from {from_tier} to {tier}")),
    "balance.declared": ("file-up", "info", message("Balance brought over")),
    "import.reverted": ("undo-2", "warn", message("Import undone")),
    "points.earned": ("coins", "honey", message("Earned {amount} points")),
    "points.spent": ("coins", "accent", message("Redeemed {amount} points")),
    "points.adjusted": ("coins", "info", message("Points adjusted by {amount}")),
    "points.reversed": ("undo-2", "warn", message("Reversed {amount} points")),
    "points.given": ("gift", "", message("Gave {amount} points to another member")),
    "points.expired": ("clock", "", message("{amount} points expired")),
    "return.booked": ("undo-2", "warn", message("Return of {amount} booked")),
}
_FIELD_WORDS: Mapping[str, str] = {
    "name": message("Name"),
    "nickname": message("Nickname"),
    "gender": message("Gender"),
    "birthday": message("Birthday"),
    "city": message("City"),
    "language": message("Language"),
}
_PIECE = message("1 item")
_PIECES = message("{lines} items")
_AGREED = message("agreed to {purpose}, policy {version}")
_WITHDREW = message("withdrew {purpose}")
_ADDED = message("{count} added")
_REMOVED = message("{count} removed")


Day = tuple[str, list[Happening]]


@dataclass(frozen=True, slots=True)
class Teller:
    """How to speak to one reader: the language, the zone, and the names behind ids and codes."""

    translate: Callable[[str], str]
    language: str
    zone: ZoneInfo
    stores: Mapping[int, str] = field(default_factory=dict)
    tiers: Mapping[str, str] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    def say(self, sentence: str, **facts: object) -> str:
        """Put a marked sentence into the reader's language and fill it."""
        return self.translate(sentence).format(**facts)

    def word(self, words: Mapping[str, str], code: str) -> str:
        """Say the word for a code; an unknown code stands for itself."""
        return self.translate(words[code]) if code in words else code

    @property
    def comma(self) -> str:
        """What stands between the members of a list."""
        return "、" if formatting.is_chinese(self.language) else ", "

    def listed(self, words: Mapping[str, str], codes: list[str]) -> str:
        """Say a list of codes."""
        return self.comma.join(self.word(words, code) for code in codes)


def tell(event: Event, teller: Teller) -> Happening:
    """Tell one event."""
    if event.type == "order.recorded":
        return _tell_order(event, teller)
    icon, tone, sentence = SENTENCES.get(event.type, ("activity", "", ""))
    title = _titled(event, sentence, teller)
    return Happening(
        at=event.occurred_at, icon=icon, tone=tone, title=title, detail=_detail(event, teller)
    )


def by_day(
    happenings: list[Happening], *, now: datetime, zone: ZoneInfo, language: str
) -> list[Day]:
    """Gather a timeline, newest first, under the headings of its days."""
    today = now.astimezone(zone).date()
    days: list[tuple[date, list[Happening]]] = []
    for happening in happenings:
        on = happening.at.astimezone(zone).date()
        if not days or days[-1][0] != on:
            days.append((on, []))
        days[-1][1].append(happening)
    return [
        (formatting.day_heading(on, today=today, language=language), entries)
        for on, entries in days
    ]


def _tell_order(event: Event, teller: Teller) -> Happening:
    facts = event.facts
    icon, tone, sentence = ORDER_SENTENCES.get(_change(facts), ORDER_SENTENCES["updated"])
    currency = str(facts["currency"])
    title = teller.say(
        sentence,
        goods=formatting.money(facts["goods_minor"], currency),
        net=formatting.money(facts["net_minor"], currency),
        refunded=formatting.money(facts["refunded_minor"], currency),
    )
    parts = [
        teller.stores.get(event.store_id or 0, ""),
        teller.word(wording.CHANNELS, str(facts.get("channel", ""))),
        _pieces(int(facts.get("lines", 0)), teller),
    ]
    return Happening(
        at=event.occurred_at,
        icon=icon,
        tone=tone,
        title=title,
        detail=" · ".join(part for part in parts if part),
        link=Link(text=str(facts["number"]), order=UUID(str(facts["order"]))),
    )


def _change(facts: Mapping[str, Any]) -> str:
    """Name what changed; an order that came whole is told as money spent, not as a completion."""
    change = str(facts.get("change"))
    return "paid" if change == "completed" and facts.get("is_new") else change


def _pieces(lines: int, teller: Teller) -> str:
    if lines == 1:
        return teller.translate(_PIECE)
    return teller.say(_PIECES, lines=lines) if lines else ""


def _titled(event: Event, sentence: str, teller: Teller) -> str:
    facts = event.facts
    if event.type in {"tier.reached", "tier.lost"}:
        return teller.say(
            sentence,
            tier=teller.tiers.get(str(facts["tier"]), str(facts["tier"])),
            from_tier=teller.tiers.get(str(facts["from_tier"]), str(facts["from_tier"])),
        )
    if event.type == "return.booked":
        return teller.say(
            sentence, amount=formatting.money(facts["amount_minor"], str(facts["currency"]))
        )
    if event.type.startswith("points.") and sentence:
        amount = int(facts["amount"])
        signed = event.type == "points.adjusted"
        return teller.say(
            sentence, amount=formatting.signed(amount) if signed else formatting.whole(amount)
        )
    if sentence:
        return teller.translate(sentence)
    return _declared(event, teller)


def _declared(event: Event, teller: Teller) -> str:
    """Use the title its app declared; facts that are not there leave the type's name."""
    try:
        return teller.say(teller.titles.get(event.type, event.type), **event.facts)
    except (KeyError, IndexError):
        return event.type


def _detail(event: Event, teller: Teller) -> str:
    facts = event.facts
    match event.type:
        case "member.enrolled" | "member.linked" | "member.unlinked":
            kinds = {kind: title for kind, (title, _) in wording.IDENTITY_KINDS.items()}
            return teller.listed(kinds, _texts(facts, "kinds"))
        case "member.updated":
            return teller.listed(_FIELD_WORDS, _texts(facts, "fields"))
        case "member.tagged":
            changes = ((_ADDED, facts["added"]), (_REMOVED, facts["removed"]))
            return teller.comma.join(teller.say(words, count=n) for words, n in changes if n)
        case "consent.recorded":
            purpose = teller.word(wording.PURPOSES, str(facts["purpose"]))
            version = facts.get("policy_version", "")
            sentence = _AGREED if facts.get("granted") else _WITHDREW
            return teller.say(sentence, purpose=purpose, version=version)
        case "balance.declared":
            amount = formatting.whole(int(facts.get("amount", 0)))
            return f"{teller.word(wording.CURRENCIES, str(facts.get('currency', '')))} {amount}"
        case _:
            return teller.stores.get(event.store_id or 0, "")


def _texts(facts: Mapping[str, Any], name: str) -> list[str]:
    found = facts.get(name)
    return [str(each) for each in found] if isinstance(found, list) else []
