"""How templates write values: money, points, dates, counts, in the reader's language and zone."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from regulars.console.domain import formatting

register = template.Library()


@register.filter
def whole(value: int | None) -> str:
    """Write a whole number with separators."""
    return formatting.whole(value)


@register.filter
def signed(value: int | None) -> str:
    """Write a movement with its sign."""
    return formatting.signed(value)


@register.filter
def money(minor: int | None, currency: str) -> str:
    """Write an amount given in minor units."""
    return formatting.money(minor, currency)


@register.simple_tag
def compact(value: int | None) -> SafeString:
    """Write a big count for a card; the exact one shows on hover."""
    shown = formatting.compact(value, language=_language())
    return _with_exact(shown, exact=formatting.whole(value))


@register.simple_tag
def compact_money(minor: int | None, currency: str) -> SafeString:
    """Write a big amount for a card; the exact one shows on hover."""
    shown = formatting.money_compact(minor, currency, language=_language())
    return _with_exact(shown, exact=formatting.money(minor, currency))


@register.filter
def moment(at: datetime | None) -> str:
    """Write a moment: 2026-11-21 09:40."""
    return formatting.moment(at, zone=reader_zone())


@register.filter
def clock_time(at: datetime | None) -> str:
    """Write the time of day."""
    return formatting.clock_time(at, zone=reader_zone())


@register.filter
def day(on: date | datetime | None) -> str:
    """Write a date: 2026-11-21."""
    return formatting.day(on, zone=reader_zone())


@register.filter
def last_day(until: datetime | None) -> str:
    """Write the last day on which something still holds."""
    return formatting.last_day(until, zone=reader_zone())


@register.filter
def long_day(on: date | datetime | None) -> str:
    """Write a date for a sentence."""
    return formatting.long_day(on, zone=reader_zone(), language=_language())


@register.simple_tag
def ago(at: datetime | None, now: datetime) -> SafeString:
    """Write how long ago; the exact moment shows on hover."""
    shown = formatting.ago(at, now=now, zone=reader_zone(), language=_language())
    if at is None:
        return format_html("<span>{}</span>", shown)
    exact = formatting.moment(at, zone=reader_zone())
    return format_html('<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, shown)


@register.filter
def month_day(on: date) -> str:
    """Write a day under an axis: 11-21."""
    return f"{on:%m-%d}"


@register.filter
def plain(value: float) -> str:
    """Write a coordinate; never with a comma, whatever the language."""
    return f"{value:g}"


@register.simple_tag
def axis_money(minor: int, currency: str) -> str:
    """Write an amount beside an axis, short."""
    shown = formatting.money_compact(minor, currency, language=_language())
    return shown.removesuffix(".00").removesuffix(".000")


@register.filter
def words(text: str | None) -> str:
    """Say a marked sentence or word in the reader's language."""
    return gettext(text) if text else formatting.MISSING


@register.filter
def or_dash(value: Any) -> Any:
    """Show a dash where nothing is known."""
    return formatting.MISSING if value in (None, "") else value


def _with_exact(shown: str, *, exact: str) -> SafeString:
    figure, _, unit = shown.partition(" ")
    if not unit and shown[-1:].isalpha():
        figure, unit = shown[:-1], shown[-1:]
    unit_part = format_html("<small>{}</small>", unit) if unit else ""
    return format_html('<span title="{}">{}{}</span>', exact, figure, unit_part)


def reader_zone() -> ZoneInfo:
    zone = timezone.get_current_timezone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo("UTC")


def _language() -> str:
    return get_language() or "en"
