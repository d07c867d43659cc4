"""How a list writes its cells: one small function per kind, all text escaped."""

from collections.abc import Callable

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from regulars.console.domain import formatting
from regulars.console.domain.cells import Cell
from regulars.console.templatetags.formats import reader_zone
from regulars.console.templatetags.shell import icon

register = template.Library()


@register.simple_tag
def draw_cell(cell: Cell, href: str = "") -> SafeString:
    """Write one cell; the cell that names its row leads to the page of the row."""
    drawn = _DRAWINGS[cell.kind](cell)
    if href and cell.kind not in {"link", "person"}:
        drawn = format_html('<a class="plain strong" href="{}">{}</a>', href, drawn)
    if cell.note and cell.kind not in {"person", "tag"}:
        return format_html('{}<small class="sub">{}</small>', drawn, cell.note)
    return drawn


def _text(cell: Cell) -> SafeString:
    return format_html("{}", cell.label or formatting.MISSING)


def _code(cell: Cell) -> SafeString:
    return format_html("<code>{}</code>", cell.label) if cell.label else _dash(cell)


def _number(cell: Cell) -> SafeString:
    return format_html("{}", formatting.whole(cell.amount))


def _points(cell: Cell) -> SafeString:
    write = formatting.signed if cell.is_signed else formatting.whole
    negative = cell.amount is not None and cell.amount < 0
    shown = write(cell.amount)
    return format_html('<span class="neg">{}</span>' if negative else "{}", shown)


def _money(cell: Cell) -> SafeString:
    shown = formatting.money(cell.amount, cell.unit)
    negative = cell.amount is not None and cell.amount < 0
    return format_html('<span class="neg">{}</span>' if negative else "{}", shown)


def _moment(cell: Cell) -> SafeString:
    if cell.when is None or not hasattr(cell.when, "hour"):
        return _day(cell)
    shown = formatting.moment(cell.when, zone=reader_zone())  # type: ignore[arg-type]
    return format_html('<time datetime="{}">{}</time>', cell.when.isoformat(), shown)


def _day(cell: Cell) -> SafeString:
    return format_html("{}", formatting.day(cell.when, zone=reader_zone()))


def _status(cell: Cell) -> SafeString:
    tone = "off" if cell.tone == "mute" else cell.tone
    return format_html('<span class="dot is-{}">{}</span>', tone, cell.label)


def _tag(cell: Cell) -> SafeString:
    if not cell.label:
        return _dash(cell)
    tone = f" is-{cell.tone}" if cell.tone else ""
    source = format_html(" <small>{}</small>", cell.note) if cell.note else ""
    return format_html('<span class="tag{}">{}{}</span>', tone, cell.label, source)


def _tier(cell: Cell) -> SafeString:
    return format_html('<span class="tier" data-tier="{}">{}</span>', cell.amount, cell.label)


def _link(cell: Cell) -> SafeString:
    return format_html('<a href="{}">{}</a>', cell.to, cell.label)


def _person(cell: Cell) -> SafeString:
    initial = "" if cell.label[:1].isdigit() else cell.label[:1]
    face = format_html("{}", initial) if initial else icon("user", small=True)
    title = cell.label or cell.note or formatting.MISSING
    note = format_html("<small>{}</small>", cell.note) if cell.note not in {"", title} else ""
    inner = format_html(
        '<span class="avatar" aria-hidden="true">{}</span><span><b>{}</b>{}</span>',
        face,
        title,
        note,
    )
    if not cell.to:
        return format_html('<span class="who">{}</span>', inner)
    return format_html('<a class="who" href="{}">{}</a>', cell.to, inner)


def _progress(cell: Cell) -> SafeString:
    return format_html(
        '<span class="bar" style="--v:{}" aria-hidden="true"></span> <span class="pct">{}</span>',
        max(0, min(100, cell.amount or 0)),
        cell.label,
    )


def _dash(_: Cell) -> SafeString:
    return format_html('<span class="mute">{}</span>', formatting.MISSING)


_DRAWINGS: dict[str, Callable[[Cell], SafeString]] = {
    "text": _text,
    "code": _code,
    "number": _number,
    "points": _points,
    "money": _money,
    "moment": _moment,
    "day": _day,
    "status": _status,
    "tag": _tag,
    "tier": _tier,
    "link": _link,
    "person": _person,
    "progress": _progress,
    "dash": _dash,
}
