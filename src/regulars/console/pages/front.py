"""The first page: key figures of a period beside another, what waits, how the house is doing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_POST, require_safe

from regulars.access.domain import Actor, Scope
from regulars.console import services
from regulars.console.domain import charts, formatting
from regulars.console.domain.figures import Kept
from regulars.console.domain.periods import PRESETS, days_of, is_chosen
from regulars.console.domain.stretches import BASES, DEFAULT_PERIOD, compared
from regulars.console.forms.figures import DaysForm
from regulars.console.pages import front_cards, front_health, front_lines
from regulars.console.pages.drawing import actor_of, draw, language_of
from regulars.console.pages.front_cards import Asked
from regulars.console.pages.sections import house_page
from regulars.console.selectors import home, house, tiers
from regulars.console.selectors.counting import WINDOW_DAYS
from regulars.console.selectors.keeping import are_steps_put_away
from regulars.console.selectors.tiers import Rung
from regulars.loyalty import selectors as loyalty
from regulars.web import clock
from regulars.web.pages import page

OWN_DAYS = "days"  # the period whose days stand beside it in the address

SETS_UP = "staff.manage"


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of period or base."""

    code: str
    title: str
    is_chosen: bool


@page("console.use")
@require_safe
def show_home(request: HttpRequest) -> HttpResponse:
    """Show key figures, what waits and the health of the house, within the reader's rights."""
    at, actor, language = clock.met(request), actor_of(request), language_of()
    programme = loyalty.get_programme()
    zone = programme.tz
    form, base = _form(request, at=at, zone=zone), _base(request)
    period = _period(request, form)
    kept = services.get_figures(
        wanted=_wanted(actor), period=period, at=at, zone=zone, is_fresh="fresh" in request.GET
    )
    rungs = tiers.list_rungs(programme, at=at, language=language)
    is_finished = compared(period, at=at, zone=zone).is_finished
    lines = front_lines.lines_of(kept, is_finished=is_finished, zone=zone)
    asked = Asked(period=period, base=base, at=at, zone=zone, kept=kept, lines=lines)
    total, brand = _total(kept), house.get_brand()
    cards = front_cards.cards_of(asked, actor=actor)
    context = {
        "brand": brand,
        "today": formatting.long_day(at, zone=zone, language=language),
        "now": min((each.at for each in kept.values()), default=at),
        "cards": cards,
        "lines": lines,
        "table": _table(lines, cards),
        "days": form,
        "is_chosen": is_chosen(period),
        "own_days": OWN_DAYS,
        "title": asked.title,
        "query": _query(request, period=period, base=base),
        "is_counting": len(kept) < len(_wanted(actor)),
        "periods": [Option(c, gettext(title), c == period) for c, title in PRESETS.items()],
        "bases": [Option(c, gettext(title), c == base) for c, title in BASES.items()],
        "base": base,
        **_chart(kept.get("days"), at=at, zone=zone),
        "waiting": front_health.waiting_of(home.list_waiting(actor=actor, at=at)),
        "health": front_health.health_of(actor, at=at, zone=zone),
        "tiers": _tiers(kept.get("members"), rungs),
        "steps": _steps(actor, rungs, total=total, has_brand=bool(brand), at=at),
        "steps_away": not total and _sets_up(actor) and are_steps_put_away(),
        "may_read_members": actor.may("members.read"),
    }
    status = 422 if form.errors else 200
    return draw(request, "console/home.html", context, zone=zone, status=status)


@page("orders.read")
@require_safe
def download_chart(request: HttpRequest) -> HttpResponse:
    """Hand out the chart of the home page as a picture, with its finding, legend and moment."""
    at, actor = clock.met(request), actor_of(request)
    zone = loyalty.get_programme().tz
    wanted = [("days", actor.scope_for("orders.read"))]
    kept = services.get_figures(
        wanted=wanted, period=DEFAULT_PERIOD, at=at, zone=zone, is_fresh=False
    ).get("days")
    drawn = _chart(kept, at=at, zone=zone)
    if kept is None or not drawn:
        raise charts.NothingToDraw
    with timezone.override(zone):
        context = {**drawn, "brand": house.get_brand(), "now": kept.at}
        picture = render_to_string("console/chart.svg", context)
    name = f"net-sales-{formatting.day(kept.at, zone=zone)}.svg"
    return HttpResponse(
        picture,
        content_type="image/svg+xml; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store, private",
        },
    )


def _form(request: HttpRequest, *, at: datetime, zone: ZoneInfo) -> DaysForm:
    """Answer the form of free days: as sent, or with the days of the period in force."""
    today = at.astimezone(zone).date()
    asked = request.GET.get("period", "")
    if asked == OWN_DAYS:
        return DaysForm(request.GET, today=today)
    days = days_of(asked if asked in PRESETS else DEFAULT_PERIOD, today=today)
    return DaysForm(today=today, initial={"from": days.first, "to": days.last})


def _period(request: HttpRequest, form: DaysForm) -> str:
    """Answer the period in force; where the days make no sense, it is the usual one."""
    asked = request.GET.get("period", "")
    if asked == OWN_DAYS and form.is_valid():
        return form.period
    return asked if asked in PRESETS else DEFAULT_PERIOD


def _query(request: HttpRequest, *, period: str, base: str) -> str:
    """Answer the address of what is shown."""
    if not is_chosen(period):
        return urlencode({"period": period, "vs": base})
    kept = {name: request.GET.get(name, "") for name in ("from", "to")}
    return urlencode({"period": OWN_DAYS, **kept, "vs": base})


def _base(request: HttpRequest) -> str:
    asked = request.GET.get("vs", "")
    return asked if asked in BASES else "before"


def _wanted(actor: Actor) -> list[tuple[str, Scope]]:
    """Answer which parts the reader may see, each with how far."""
    wanted: list[tuple[str, Scope]] = []
    if actor.may("members.read"):
        reach = actor.scope_for("members.read")
        wanted += [("members", reach), ("joined", reach)]
    if actor.may("orders.read"):
        reach = actor.scope_for("orders.read")
        wanted += [("sales", reach), ("days", reach)]
    if actor.may("points.read") and actor.scope_for("points.read").everything:
        wanted.append(("points", Scope.all()))
    return wanted


def _total(kept: Mapping[str, Kept]) -> int | None:
    known = kept.get("members")
    total = known.figures["total"] if known else None
    return total if isinstance(total, int) else None


def _chart(kept: Kept | None, *, at: datetime, zone: ZoneInfo) -> dict[str, object]:
    """Lay the sales of this window over the one before; the title says the finding."""
    net = kept.figures.get("net") if kept else None
    if kept is None or not isinstance(net, dict):
        return {}
    by_day = {date.fromisoformat(day): int(value) for day, value in net.items()}
    today = min(at, kept.at).astimezone(zone).date()
    chart = charts.line_over_days(by_day, today=today, days=WINDOW_DAYS)
    if chart is None:
        return {}
    return {"chart": chart, "currency": kept.figures["currency"], "finding": _finding(chart)}


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


def _table(lines: front_lines.Lines, cards: list[front_cards.Card]) -> list[dict[str, object]]:
    """Lay the lines of the cards beside each other, a row for each step."""
    columns = [card.line.shown for card in cards if card.line is not None]
    return [
        {"step": step, "cells": cells}
        for step, cells in zip(lines.steps, zip(*columns, strict=True), strict=False)
    ]


def _tiers(kept: Kept | None, rungs: list[Rung]) -> list[dict[str, object]]:
    total = _total({"members": kept} if kept else {})
    if kept is None or not total:
        return []
    counts: object = kept.figures["by_tier"]
    assert isinstance(counts, dict)
    here = reverse("console-members")
    return [
        {
            "name": rung.mark.name,
            "level": rung.mark.level,
            "members": count,
            "share": round(100 * count / total),
            "percent": formatting.percent(count, total),
            "href": f"{here}?tier={rung.code}" if rung is not rungs[0] else "",
        }
        for rung, count in home.tier_shares(rungs, counts, total)
    ]


def _steps(
    actor: Actor, rungs: list[Rung], *, total: int | None, has_brand: bool, at: datetime
) -> list[front_health.StepLine]:
    """Offer the first steps to whoever sets an empty house up, until somebody is in it."""
    if total or not _sets_up(actor) or are_steps_put_away():
        return []
    found = home.get_set_up(actor=actor, at=at, rungs=rungs, members_total=total or 0)
    return front_health.steps_of(found, has_brand=has_brand)


def _sets_up(actor: Actor) -> bool:
    return actor.may(SETS_UP) and actor.scope_for(SETS_UP).everything


@house_page(SETS_UP)
@require_POST
def put_steps_away(request: HttpRequest) -> HttpResponse:
    """Put the first steps away for the whole house, or bring them back."""
    is_away = request.POST.get("act") != "show"
    services.put_steps_away(actor=actor_of(request), at=clock.met(request), is_away=is_away)
    return HttpResponseRedirect(reverse("console-home"))


ROUTES: tuple[URLPattern, ...] = (
    path("console/", show_home, name="console-home"),
    path("console/first-steps", put_steps_away, name="console-home-steps"),
    path("console/sales.svg", download_chart, name="console-home-chart"),
)
