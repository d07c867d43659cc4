"""The first page: figures of the last month and how the house is doing."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_safe

from regulars.access.domain import Actor
from regulars.console.domain import charts, formatting
from regulars.console.pages.drawing import actor_of, draw, language_of
from regulars.console.selectors import home, house, tiers
from regulars.console.selectors.home import Figures, Health
from regulars.console.selectors.tiers import Rung
from regulars.loyalty import selectors as loyalty
from regulars.web import clock
from regulars.web.pages import page

BEHIND_MANY = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One key figure: its name with the definition, the value, a note."""

    name: str
    definition: str
    value: int | None
    note: str
    currency: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line on how the house is doing."""

    tone: str
    icon: str
    title: str
    detail: str
    command: str = ""


@page("console.use")
@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """Show key figures, tiers and health within the reader's rights."""
    at, actor, language = clock.now(), actor_of(request), language_of()
    programme = loyalty.get_programme()
    zone = programme.tz
    figures = home.get_figures(actor=actor, at=at, zone=zone, fresh="fresh" in request.GET)
    context = {
        "brand": house.get_brand(),
        "today": formatting.long_day(at, zone=zone, language=language),
        "figures": figures,
        "cards": _cards(figures, everywhere=actor.scope_for("members.read").everything),
        **_chart(figures, zone=zone),
        "health": _health(actor, figures, zone=zone),
        "tiers": _tiers(figures, tiers.list_rungs(programme, at=at, language=language)),
        "may_read_members": actor.may("members.read"),
    }
    return draw(request, "console/home.html", context, zone=zone)


def _cards(figures: Figures, *, everywhere: bool) -> list[Card]:
    cards: list[Card] = []
    if figures.members is not None:
        cards += _member_cards(figures, everywhere=everywhere)
    if figures.sales is not None:
        cards += _sales_cards(figures)
    if figures.points is not None:
        cards += _points_cards(figures)
    return cards


def _member_cards(figures: Figures, *, everywhere: bool) -> list[Card]:
    share = formatting.percent(figures.members_new or 0, figures.members or 0)
    return [
        Card(
            name=gettext("Members in total"),
            definition=gettext("Everyone who joined and has not left, merged records once"),
            value=figures.members,
            note=gettext("in all stores") if everywhere else gettext("in the stores you may see"),
            href=reverse("console-members"),
        ),
        Card(
            name=gettext("New in 30 days"),
            definition=gettext("Members who joined in the last 30 days"),
            value=figures.members_new,
            note=gettext("%(share)s of all members") % {"share": share},
        ),
    ]


def _sales_cards(figures: Figures) -> list[Card]:
    sales = figures.sales
    assert sales is not None
    others = figures.other_currencies
    note = gettext("paid, less refunds, without shipping")
    if others:
        note = ngettext(
            "%(count)s more currency is not counted in",
            "%(count)s more currencies are not counted in",
            others,
        ) % {"count": others}
    return [
        Card(
            name=gettext("Active buyers, 30 days"),
            definition=gettext("Members with a valid order paid in the last 30 days"),
            value=sales.buyers,
            note=gettext("bought at least once"),
        ),
        Card(
            name=gettext("Orders, 30 days"),
            definition=gettext("Orders paid in the last 30 days, not closed or wholly refunded"),
            value=sales.orders,
            note=gettext("by payment time"),
        ),
        Card(
            name=gettext("Net sales, 30 days"),
            definition=gettext(
                "Goods paid less goods refunded, of orders paid in the last 30 days"
            ),
            value=sales.net_minor,
            note=note,
            currency=sales.currency,
        ),
    ]


def _points_cards(figures: Figures) -> list[Card]:
    points = figures.points
    assert points is not None
    return [
        Card(
            name=gettext("Points outstanding"),
            definition=gettext("Points that members can use now"),
            value=points.available,
            note=gettext("usable now"),
        ),
        Card(
            name=gettext("Points pending"),
            definition=gettext("Points earned that wait for the return period or for completion"),
            value=points.pending,
            note=gettext("earned, not usable yet"),
        ),
        Card(
            name=gettext("Points owed"),
            definition=gettext("Points a refund could not take back; the next earning repays them"),
            value=points.owed,
            note=gettext("repaid by the next earning"),
        ),
    ]


def _chart(figures: Figures, *, zone: ZoneInfo) -> dict[str, object]:
    """Lay the sales of this window over the one before; the title says the finding."""
    if figures.by_day is None or figures.sales is None:
        return {}
    today = figures.at.astimezone(zone).date()
    chart = charts.line_over_days(figures.by_day, today=today, days=home.WINDOW_DAYS)
    if chart is None:
        return {}
    return {"chart": chart, "currency": figures.sales.currency, "finding": _finding(chart)}


def _finding(chart: charts.Chart) -> str:
    change = chart.change_bp
    if change is None:
        return gettext("Net sales of the last 30 days")
    share = formatting.percent(abs(change), 10_000)
    if change > 0:
        return gettext("Net sales are %(share)s above the 30 days before") % {"share": share}
    if change < 0:
        return gettext("Net sales are %(share)s below the 30 days before") % {"share": share}
    return gettext("Net sales are as in the 30 days before")


def _health(actor: Actor, figures: Figures, *, zone: ZoneInfo) -> list[Line]:
    if not actor.may("operations.read"):
        return []
    health = home.get_health(at=figures.at)
    return [_letters(health), _parked(health), _consumers(health), _sources(health, zone)]


def _letters(health: Health) -> Line:
    if not health.dead_letters:
        return Line(
            "ok", "circle-check", gettext("No rejected rows"), gettext("Everything was applied.")
        )
    title = ngettext("%(count)s rejected row", "%(count)s rejected rows", health.dead_letters) % {
        "count": formatting.whole(health.dead_letters)
    }
    detail = gettext("Look at them with:")
    return Line("bad", "triangle-alert", title, detail, "regulars dead-letters list")


def _parked(health: Health) -> Line:
    if not health.parked:
        return Line(
            "ok",
            "circle-check",
            gettext("No waiting rows"),
            gettext("Every refund found its order."),
        )
    title = ngettext("%(count)s waiting row", "%(count)s waiting rows", health.parked) % {
        "count": formatting.whole(health.parked)
    }
    detail = gettext("Refunds whose order is not here yet; after 7 days they count as rejected.")
    return Line("warn", "clock", title, detail)


def _consumers(health: Health) -> Line:
    if health.stuck:
        title = gettext("A reader of the log is stuck")
        return Line("bad", "triangle-alert", title, ", ".join(health.stuck))
    if health.behind > BEHIND_MANY:
        title = gettext("The log is read with a delay")
        detail = gettext("%(count)s events are waiting.") % {
            "count": formatting.whole(health.behind)
        }
        return Line("warn", "activity", title, detail)
    return Line(
        "ok", "activity", gettext("The log is read to its end"), gettext("No reader is behind.")
    )


def _sources(health: Health, zone: ZoneInfo) -> Line:
    if health.failing:
        title = gettext("The last delivery of a source failed")
        return Line("warn", "database", title, ", ".join(health.failing))
    if health.seen_at is None:
        title = gettext("No source has sent anything yet")
        detail = gettext("Import a file, or connect a shop with:")
        return Line("info", "database", title, detail, "regulars sources create")
    title = ngettext("%(count)s source delivers", "%(count)s sources deliver", health.sources) % {
        "count": health.sources
    }
    heard = formatting.moment(health.seen_at, zone=zone)
    return Line("ok", "database", title, gettext("last heard %(time)s") % {"time": heard})


def _tiers(figures: Figures, rungs: list[Rung]) -> list[dict[str, object]]:
    if not figures.members or figures.by_tier is None:
        return []
    shares = home.tier_shares(rungs, figures.by_tier, figures.members)
    return [
        {
            "name": rung.mark.name,
            "level": rung.mark.level,
            "members": count,
            "share": round(100 * count / figures.members),
            "percent": formatting.percent(count, figures.members),
        }
        for rung, count in shares
    ]


ROUTES: tuple[URLPattern, ...] = (path("console/", show_home, name="console-home"),)
