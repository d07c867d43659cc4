"""The key figures of the home page: value, change, definition, and the list behind each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext, ngettext

from regulars.access.domain import Actor
from regulars.console.domain import formatting
from regulars.console.domain.figures import Kept
from regulars.console.domain.periods import PRESETS, days_of, is_chosen
from regulars.console.domain.stretches import BASES, change_bp, compared
from regulars.console.pages.front_lines import Line, Lines


@dataclass(frozen=True, slots=True)
class Asked:
    """What the reader asked for, and the figures that are known for it."""

    period: str
    base: str
    at: datetime
    zone: ZoneInfo
    kept: Mapping[str, Kept]
    lines: Lines

    @property
    def title(self) -> str:
        """Name the period: as the preset is called, or by its days."""
        if not is_chosen(self.period):
            return gettext(PRESETS[self.period])
        days = days_of(self.period, today=self.at.date())
        return f"{days.first} – {days.last}"

    def filter(self, code: str) -> str:
        """Answer the filter of a list by which it shows the days of the period."""
        if not is_chosen(self.period):
            return f"{code}={self.period}"
        days = days_of(self.period, today=self.at.date())
        return f"{code}_from={days.first}&{code}_to={days.last}"

    def number(self, part: str, name: str, base: str = "") -> int | None:
        """Answer one figure of a part, of a base where it has several; None where unknown."""
        known = self.kept.get(part)
        if known is None:
            return None
        figures: object = known.figures
        for key in filter(None, [base, name]):
            figures = figures.get(key) if isinstance(figures, dict) else None
        return figures if isinstance(figures, int) else None

    def pair(self, part: str, name: str) -> tuple[int | None, int | None]:
        """Answer a figure of the period and of what it is compared with."""
        return self.number(part, name, "now"), self.number(part, name, self.base)


@dataclass(frozen=True, slots=True)
class Change:
    """How a figure moved: as written, up or down, against what."""

    shown: str
    direction: str
    base: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One key figure: its name with the definition, the value, the change, a note."""

    name: str
    definition: str
    value: int | None = None
    text: str = ""
    note: str = ""
    change: Change | None = None
    currency: str = ""
    href: str = ""
    line: Line | None = None


def cards_of(asked: Asked, *, actor: Actor) -> list[Card]:
    """Answer six to eight cards, those the reader may see."""
    cards: list[Card] = []
    if actor.may("members.read"):
        cards += _member_cards(asked, everywhere=actor.scope_for("members.read").everything)
    if actor.may("orders.read"):
        cards += _sales_cards(asked)
    if actor.may("points.read") and actor.scope_for("points.read").everything:
        cards += _points_cards(asked)
    return cards


def _member_cards(asked: Asked, *, everywhere: bool) -> list[Card]:
    joined = asked.number("joined", "now"), asked.number("joined", asked.base)
    here = reverse("console-members")
    return [
        Card(
            name=gettext("Members in total"),
            line=asked.lines.get("members"),
            definition=_definition(
                asked,
                "members",
                gettext("Everyone who joined and has not left, merged records once"),
                level=True,
            ),
            value=asked.number("members", "total"),
            note=gettext("in all stores") if everywhere else gettext("in the stores you may see"),
            href=here,
        ),
        Card(
            name=gettext("New members"),
            line=asked.lines.get("joined"),
            definition=_definition(asked, "joined", gettext("Members who joined in the period")),
            value=joined[0],
            href=f"{here}?{asked.filter('joined')}",
            change=_change(asked, *joined),
        ),
    ]


def _sales_cards(asked: Asked) -> list[Card]:
    paid = f"{reverse('console-orders')}?{asked.filter('paid')}"
    return [*_sums(asked, paid), *_shares(asked, f"{paid}&member=yes"), _average(asked, paid)]


def _sums(asked: Asked, paid: str) -> list[Card]:
    buyers, net = asked.pair("sales", "buyers"), asked.pair("sales", "net_minor")
    return [
        Card(
            name=gettext("Buying members"),
            line=asked.lines.get("buyers"),
            definition=_definition(
                asked, "sales", gettext("Members with a valid order paid in the period")
            ),
            value=buyers[0],
            href=f"{paid}&member=yes",
            change=_change(asked, *buyers),
        ),
        Card(
            name=gettext("Net sales"),
            line=asked.lines.get("net"),
            definition=_definition(
                asked,
                "sales",
                gettext("Goods paid less goods refunded, without shipping, of valid orders"),
            ),
            value=net[0],
            currency=_currency(asked),
            note=_others(asked.kept.get("sales")),
            href=paid,
            change=_change(asked, *net),
        ),
    ]


def _shares(asked: Asked, href: str) -> list[Card]:
    net, mine = asked.pair("sales", "net_minor"), asked.pair("sales", "member_net_minor")
    buyers, repeat = asked.pair("sales", "buyers"), asked.pair("sales", "repeat_buyers")
    return [
        Card(
            name=gettext("Members' share of sales"),
            line=asked.lines.get("share"),
            definition=_definition(
                asked, "sales", gettext("Net sales to members divided by all net sales")
            ),
            text=formatting.percent(mine[0] or 0, net[0] or 0),
            href=href,
            change=_points_of_change(asked, (mine[0], net[0]), (mine[1], net[1])),
        ),
        Card(
            name=gettext("Repeat purchase rate"),
            line=asked.lines.get("repeat"),
            definition=_definition(
                asked,
                "sales",
                gettext("Members who bought twice or more in the period divided by buying members"),
            ),
            text=formatting.percent(repeat[0] or 0, buyers[0] or 0),
            href=href,
            change=_points_of_change(asked, (repeat[0], buyers[0]), (repeat[1], buyers[1])),
        ),
    ]


def _average(asked: Asked, href: str) -> Card:
    orders, net = asked.pair("sales", "orders"), asked.pair("sales", "net_minor")
    value = _per(net[0], orders[0])
    return Card(
        name=gettext("Average order value"),
        line=asked.lines.get("average"),
        definition=_definition(
            asked, "sales", gettext("Net sales divided by the number of valid orders")
        ),
        value=value,
        currency=_currency(asked),
        note=_orders(orders[0]),
        href=href,
        change=_change(asked, value, _per(net[1], orders[1])),
    )


def _points_cards(asked: Asked) -> list[Card]:
    expiring = asked.number("points", "expiring")
    return [
        Card(
            name=gettext("Points outstanding"),
            line=asked.lines.get("points"),
            definition=_definition(
                asked,
                "points",
                gettext("Points that members can use now; what the house still owes in points"),
                level=True,
            ),
            value=asked.number("points", "available"),
            note=gettext("%(count)s expire within 30 days") % {"count": formatting.whole(expiring)},
            href=reverse("console-ledger"),
        ),
    ]


def _definition(asked: Asked, part: str, formula: str, *, level: bool = False) -> str:
    """Write formula, window, source and when it was counted."""
    known = asked.kept.get(part)
    window = gettext("as it stands now") if level else asked.title
    source = {
        "members": gettext("member records"),
        "joined": gettext("member records"),
        "sales": gettext("orders by payment time"),
        "points": gettext("points lots"),
    }[part]
    counted = formatting.moment(known.at if known else None, zone=asked.zone)
    return gettext("%(formula)s. Window: %(window)s. Source: %(source)s. Counted: %(counted)s.") % {
        "formula": formula,
        "window": window,
        "source": source,
        "counted": counted,
    }


def _change(asked: Asked, now: int | None, base: int | None) -> Change:
    """Write the change against the base; of nothing there is none."""
    change = change_bp(now, base)
    if change is None:
        return Change(formatting.MISSING, "", _base(asked))
    sign = "+" if change > 0 else formatting.MINUS if change < 0 else ""
    shown = f"{sign}{abs(change) / 100:.1f}%"
    return Change(shown, _direction(change), _base(asked))


def _points_of_change(
    asked: Asked, now: tuple[int | None, int | None], base: tuple[int | None, int | None]
) -> Change:
    """Write the change of a share in percentage points."""
    if not (now[1] and base[1]):
        return Change(formatting.MISSING, "", _base(asked))
    change = round(1000 * ((now[0] or 0) / now[1] - (base[0] or 0) / base[1]))
    sign = "+" if change > 0 else formatting.MINUS if change < 0 else ""
    shown = gettext("%(change)s pp") % {"change": f"{sign}{abs(change) / 10:.1f}"}
    return Change(shown, _direction(change), _base(asked))


def _direction(change: int) -> str:
    return "up" if change > 0 else "down" if change < 0 else ""


def _base(asked: Asked) -> str:
    """Say what it is compared with; an unfinished period says that it is so far."""
    chosen = BASES["year"] if asked.base == "year" else BASES["before"]
    said = gettext(chosen)
    if compared(asked.period, at=asked.at, zone=asked.zone).is_finished:
        return said
    return gettext("%(base)s, to the same time") % {"base": said}


def _currency(asked: Asked) -> str:
    known = asked.kept.get("sales")
    return str(known.figures.get("currency", "CNY")) if known else "CNY"


def _per(total: int | None, count: int | None) -> int | None:
    return None if total is None or not count else round(total / count)


def _orders(count: int | None) -> str:
    return (
        ""
        if count is None
        else ngettext("%(count)s order", "%(count)s orders", count)
        % {"count": formatting.whole(count)}
    )


def _others(known: Kept | None) -> str:
    others = known.figures.get("others") if known else 0
    if not isinstance(others, int) or not others:
        return ""
    return ngettext(
        "%(count)s more currency is not counted in",
        "%(count)s more currencies are not counted in",
        others,
    ) % {"count": others}
