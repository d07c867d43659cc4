"""The tabs of a member's record: which there are, whom they open to, what each shows.

A tab first reads what it needs, then says which names stand behind the ids it has read; the page
asks for all names at once, and the tab finishes with them. So a page asks a fixed few questions.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from regulars.access.domain import Actor, Names
from regulars.commerce import selectors as commerce
from regulars.console.domain import stories
from regulars.console.domain.lists import ListSpec
from regulars.console.domain.movements import Happening
from regulars.console.domain.stories import Teller
from regulars.console.pages.drawing import chosen_size
from regulars.console.pages.lists import export_href
from regulars.console.pages.member_files import ORDERS, POINTS
from regulars.console.selectors import acts, orders, points, records, tiers, timeline
from regulars.ingest import selectors as ingest
from regulars.kit.messages import message
from regulars.ledger.domain import Balance, Currency, OpenLot
from regulars.loyalty.domain import Programme
from regulars.members import selectors as members
from regulars.members.domain import Profile
from regulars.members.domain.requests import PrivacyRequest
from regulars.members.selectors import requests as desk

OVERVIEW_EVENTS = 8
OVERVIEW_ENTRIES = 6
Context = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab of the record: its address, its title, the permission it takes."""

    code: str
    title: str
    permission: str


TABS = (
    Tab("overview", message("Overview"), "members.read"),
    Tab("timeline", message("Timeline"), "timeline.read"),
    Tab("orders", message("Orders"), "orders.read"),
    Tab("points", message("Points"), "points.read"),
    Tab("growth", message("Growth and tier"), "tiers.read"),
    Tab("tags", message("Tags and groups"), "members.read"),
    Tab("identities", message("Identities and profile"), "members.read"),
    Tab("privacy", message("Privacy and consent"), "members.read"),
    Tab("log", message("Operations log"), "audit.read"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one record: who looks, when, at whom, in which words."""

    request: HttpRequest
    actor: Actor
    at: datetime
    profile: Profile
    balance: Balance
    lots: list[OpenLot]
    programme: Programme
    teller: Teller

    @property
    def member_id(self) -> int:
        """The member who is looked at."""
        return self.profile.member.id

    @property
    def cursor(self) -> str | None:
        """Where the page begins."""
        return self.request.GET.get("after") or None

    @property
    def size(self) -> int:
        """How many rows a page has."""
        return chosen_size(self.request)

    def may(self, permission: str) -> bool:
        """Tell whether the reader holds a permission, and holds it for this member."""
        member = self.profile.member
        return self.actor.scope_for(permission).covers_member(
            home_store_id=member.home_store_id, associate_id=member.associate_id
        )

    def href(self, tab: str, **filters: str | None) -> str:
        """Answer the address of a tab."""
        public_id = self.profile.member.public_id
        if tab == "overview":
            return reverse("console-member", args=[public_id])
        said = {name: value for name, value in filters.items() if value}
        return reverse("console-member-tab", args=[public_id, tab], query=said or None)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a tab has read: how it finishes, and the ids whose names it needs for that."""

    finish: Callable[[Names], Context]
    store_ids: Iterable[int | None] = ()
    operator_ids: Iterable[int | None] = ()
    staff_ids: Iterable[int | None] = ()
    key_ids: Iterable[int | None] = ()


def overview(reading: Reading) -> Sheet:
    """Show what happened last, the last movements of points, tier, consent and expiry."""
    page = movements = None
    if reading.may("timeline.read"):
        page = timeline.read_timeline(
            member_ids=reading.profile.aliases, chosen="", cursor=None, limit=OVERVIEW_EVENTS
        )
    if reading.may("points.read"):
        movements = points.read_movements(
            member_id=reading.member_id,
            programme=reading.programme,
            cursor=None,
            limit=OVERVIEW_ENTRIES,
        )

    def finish(names: Names) -> Context:
        context: Context = {
            "consents_href": reading.href("privacy"),
            "history_href": reading.href("growth") if reading.may("tiers.read") else "",
            "shows_timeline": page is not None,
        }
        if page is not None:
            told = timeline.happenings_of(page, names=names, teller=reading.teller)
            context |= {"days": _days(reading, told), "timeline_href": reading.href("timeline")}
        if movements is not None:
            context |= {
                "statement": points.statement_of(
                    movements, names=names, at=reading.at, teller=reading.teller
                ),
                "points_href": reading.href("points"),
                "expiries": points.list_expiries(reading.lots, at=reading.at),
            }
        return context

    return Sheet(
        finish,
        store_ids=page.store_ids if page else (),
        operator_ids=movements.operator_ids if movements else (),
    )


def whole_timeline(reading: Reading) -> Sheet:
    """Show everything that happened, newest first, by sort."""
    chosen = reading.request.GET.get("type", "")
    chosen = chosen if chosen in {each.code for each in timeline.FILTERS} else ""
    page = timeline.read_timeline(
        member_ids=reading.profile.aliases,
        chosen=chosen,
        cursor=reading.cursor,
        limit=reading.size,
    )
    choices = [("", gettext("All"))]
    choices += [(each.code, gettext(each.title)) for each in timeline.FILTERS]

    def finish(names: Names) -> Context:
        told = timeline.happenings_of(page, names=names, teller=reading.teller)
        return {
            "days": _days(reading, told),
            "chosen_filter": chosen,
            "filters": [
                {"code": code, "title": title, "href": reading.href("timeline", type=code)}
                for code, title in choices
            ],
            **_pager(reading, "timeline", page.next_cursor, type=chosen),
        }

    return Sheet(finish, store_ids=page.store_ids)


def bought(reading: Reading) -> Sheet:
    """Show the orders."""
    page = commerce.list_orders_of(
        member_ids=reading.profile.aliases, cursor=reading.cursor, limit=reading.size
    )

    def finish(names: Names) -> Context:
        rows = orders.rows_of(page.items, stores=names.stores, teller=reading.teller)
        return {
            "orders": rows,
            "export_href": _file_of(reading, ORDERS),
            **_pager(reading, "orders", page.next_cursor),
        }

    return Sheet(finish, store_ids=[order.store_id for order in page.items])


def earned(reading: Reading) -> Sheet:
    """Show the lots and the whole statement, and that both come to the same."""
    movements = points.read_movements(
        member_id=reading.member_id,
        programme=reading.programme,
        cursor=reading.cursor,
        limit=reading.size,
        lots=reading.lots,
    )

    def finish(names: Names) -> Context:
        at, teller = reading.at, reading.teller
        return {
            "lots": points.lots_of(movements, lots=reading.lots, at=at, teller=teller),
            "reconciled": points.reconcile(reading.balance, lots=reading.lots),
            "statement": points.statement_of(movements, names=names, at=at, teller=teller),
            "sum": points.sum_of(movements),
            "export_href": _file_of(reading, POINTS),
            **_pager(reading, "points", movements.next_cursor),
        }

    return Sheet(finish, operator_ids=movements.operator_ids)


def grown(reading: Reading) -> Sheet:
    """Show the path through the tiers and the movements of growth."""
    movements = points.read_movements(
        member_id=reading.member_id,
        programme=reading.programme,
        cursor=reading.cursor,
        limit=reading.size,
        currency=Currency.GROWTH,
    )
    changes = tiers.list_changes(
        member_id=reading.member_id,
        programme=reading.programme,
        language=reading.teller.language,
    )

    def finish(names: Names) -> Context:
        return {
            "changes": changes,
            "growth_lines": points.growth_of(movements, names=names, teller=reading.teller),
            **_pager(reading, "growth", movements.next_cursor),
        }

    return Sheet(finish, operator_ids=movements.operator_ids)


def marked(reading: Reading) -> Sheet:
    """Show the tags with who set them and until when, and the groups."""
    stays = members.list_stays(member_ids=reading.profile.aliases)

    def finish(names: Names) -> Context:
        del names
        return {
            "marks": records.list_tags(reading.profile),
            "stays": records.list_groups(stays, teller=reading.teller),
        }

    return Sheet(finish)


def described(reading: Reading) -> Sheet:
    """Show what the member is recognised by, the declared profile, and what was merged into it."""
    merged = members.list_merged(member_ids=reading.profile.aliases)

    def finish(names: Names) -> Context:
        return {
            "identities": records.list_identities(reading.profile),
            "profile": records.list_profile(reading.profile, reading.teller),
            "merged": records.list_merged(merged, survivor_id=reading.member_id, names=names),
        }

    return Sheet(
        finish,
        staff_ids=[each.actor_id for each in merged if each.actor_kind == "staff"],
        key_ids=[each.actor_id for each in merged if each.actor_kind == "key"],
    )


def agreed(reading: Reading) -> Sheet:
    """Show what the member agreed to and withdrew, with what proves it."""
    proofs = members.list_consents(member_ids=reading.profile.aliases)
    sources = ingest.list_sources(at=reading.at) if any(one.source_id for one in proofs) else []
    asked: list[PrivacyRequest] = []
    if reading.may("privacy.manage"):
        scope = reading.actor.scope_for("privacy.manage")
        asked, _ = desk.list_requests(scope=scope, member_ids=reading.profile.aliases)

    def finish(names: Names) -> Context:
        del names
        named = {each.source.id: each.source.name for each in sources}
        return {
            "proofs": records.list_proofs(proofs, sources=named),
            "requests": records.list_requests(asked, at=reading.at),
            "shows_requests": reading.may("privacy.manage"),
        }

    return Sheet(finish)


def noted(reading: Reading) -> Sheet:
    """Show who looked, revealed and changed, and why."""
    page = acts.read_acts(
        public_id=reading.profile.member.public_id,
        member_id=reading.member_id,
        merged=members.list_merged(member_ids=reading.profile.aliases),
        cursor=reading.cursor,
        limit=reading.size,
    )

    def finish(names: Names) -> Context:
        return {
            "acts": acts.acts_of(page, names=names, teller=reading.teller),
            **_pager(reading, "log", page.next_cursor),
        }

    return Sheet(finish, staff_ids=page.staff_ids, key_ids=page.key_ids)


SHEETS: Mapping[str, Callable[[Reading], Sheet]] = MappingProxyType(
    {
        "overview": overview,
        "timeline": whole_timeline,
        "orders": bought,
        "points": earned,
        "growth": grown,
        "tags": marked,
        "identities": described,
        "privacy": agreed,
        "log": noted,
    }
)


def _file_of(reading: Reading, spec: ListSpec) -> str:
    query = urlencode({"member": reading.profile.member.public_id})
    return export_href(reading.actor, spec.export, query)


def _days(reading: Reading, happenings: tuple[Happening, ...]) -> list[stories.Day]:
    return stories.by_day(
        list(happenings),
        now=reading.at,
        zone=reading.teller.zone,
        language=reading.teller.language,
    )


def _pager(reading: Reading, tab: str, after: str | None, **filters: str) -> Context:
    return {
        "first_href": reading.href(tab, **filters) if reading.cursor else "",
        "next_href": reading.href(tab, **filters, after=after) if after else "",
    }
