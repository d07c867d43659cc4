"""The tabs of a member's record: which there are, whom they open to, what each shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext

from regulars.access.domain import Actor
from regulars.console.domain import stories
from regulars.console.domain.movements import Happening
from regulars.console.domain.stories import Teller
from regulars.console.pages.drawing import chosen_size
from regulars.console.selectors import orders, points, records, tiers, timeline
from regulars.kit.messages import message
from regulars.ledger.domain import OpenLot
from regulars.members.domain import Profile

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
    Tab("profile", message("Identities and profile"), "members.read"),
    Tab("consents", message("Consent"), "members.read"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at one record: who looks, when, at whom, in which words."""

    request: HttpRequest
    actor: Actor
    at: datetime
    profile: Profile
    aliases: tuple[int, ...]
    lots: list[OpenLot]
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

    def href(self, tab: str, **filters: str | None) -> str:
        """Answer the address of a tab."""
        public_id = self.profile.member.public_id
        if tab == "overview":
            return reverse("console-member", args=[public_id])
        said = {name: value for name, value in filters.items() if value}
        return reverse("console-member-tab", args=[public_id, tab], query=said or None)


def overview(reading: Reading) -> Context:
    """Show what happened last, the last movements of points, tier, consent and expiry."""
    context: Context = {
        "consents": records.list_consents(reading.profile),
        "consents_href": reading.href("consents"),
        "history_href": reading.href("growth"),
        "shows_timeline": reading.actor.may("timeline.read"),
    }
    if context["shows_timeline"]:
        page = _happenings(reading, chosen="", limit=OVERVIEW_EVENTS)
        context["days"] = _days(reading, page.happenings)
        context["timeline_href"] = reading.href("timeline")
    if reading.actor.may("points.read"):
        statement = points.list_statement(
            member_id=reading.member_id,
            cursor=None,
            limit=OVERVIEW_ENTRIES,
            at=reading.at,
            teller=reading.teller,
        )
        context["statement"] = statement.rows
        context["points_href"] = reading.href("points")
        context["expiries"] = points.list_expiries(reading.lots, at=reading.at)
    return context


def whole_timeline(reading: Reading) -> Context:
    """Show everything that happened, newest first, by sort."""
    chosen = reading.request.GET.get("type", "")
    page = _happenings(reading, chosen=chosen, limit=reading.size)
    every = [{"code": "", "title": gettext("All"), "href": reading.href("timeline")}]
    return {
        "days": _days(reading, page.happenings),
        "chosen_filter": chosen if chosen in {each.code for each in timeline.FILTERS} else "",
        "filters": every
        + [
            {
                "code": each.code,
                "title": gettext(each.title),
                "href": reading.href("timeline", type=each.code),
            }
            for each in timeline.FILTERS
        ],
        **_pager(reading, "timeline", page.next_cursor, type=chosen),
    }


def bought(reading: Reading) -> Context:
    """Show the orders."""
    page = orders.list_orders(
        member_id=reading.member_id,
        scope=reading.actor.scope_for("members.read"),
        cursor=reading.cursor,
        limit=reading.size,
        teller=reading.teller,
    )
    return {"orders": page.rows, **_pager(reading, "orders", page.next_cursor)}


def earned(reading: Reading) -> Context:
    """Show the lots and the whole statement."""
    page = points.list_statement(
        member_id=reading.member_id,
        cursor=reading.cursor,
        limit=reading.size,
        at=reading.at,
        teller=reading.teller,
    )
    lots = points.list_lots(
        member_id=reading.member_id, lots=reading.lots, at=reading.at, teller=reading.teller
    )
    return {
        "lots": lots,
        "statement": page.rows,
        **_pager(reading, "points", page.next_cursor),
    }


def grown(reading: Reading) -> Context:
    """Show the path through the tiers and the movements of growth."""
    page = points.list_growth(
        member_id=reading.member_id,
        cursor=reading.cursor,
        limit=reading.size,
        teller=reading.teller,
    )
    return {
        "changes": tiers.list_changes(
            member_id=reading.member_id, language=reading.teller.language
        ),
        "growth_lines": page.rows,
        **_pager(reading, "growth", page.next_cursor),
    }


def described(reading: Reading) -> Context:
    """Show what the member is recognised by, and the declared profile."""
    return {
        "identities": records.list_identities(reading.profile),
        "profile": records.list_profile(reading.profile, reading.teller),
    }


def agreed(reading: Reading) -> Context:
    """Show what the member agreed to and withdrew."""
    return {"consents": records.list_consents(reading.profile)}


CONTEXTS: Mapping[str, Callable[[Reading], Context]] = MappingProxyType(
    {
        "overview": overview,
        "timeline": whole_timeline,
        "orders": bought,
        "points": earned,
        "growth": grown,
        "profile": described,
        "consents": agreed,
    }
)


def _happenings(reading: Reading, *, chosen: str, limit: int) -> timeline.TimelinePage:
    return timeline.list_timeline(
        member_ids=reading.aliases,
        chosen=chosen,
        cursor=reading.cursor,
        limit=limit,
        teller=reading.teller,
    )


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
