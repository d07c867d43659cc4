"""How values are written for people, in either language.

Everything is given: the language, the zone, the moment that counts as now. A missing value is a
dash, never a nought.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.kit.amounts import exponent, format_amount

MISSING = "—"
MINUS = "−"

_WEEKDAYS_ZH = "一二三四五六日"
_WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS_EN = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_STEPS_ZH = ((100_000_000, " 亿"), (10_000, " 万"))
_STEPS_EN = ((1_000_000_000, "B"), (1_000_000, "M"), (1_000, "K"))
_COMPACT_FROM = 10_000


def is_chinese(language: str) -> bool:
    """Tell whether the reader reads Chinese; everything else is written in English."""
    return language.lower().startswith("zh")


def whole(value: int | None) -> str:
    """Write a whole number with separators: 1,234, −56."""
    if value is None:
        return MISSING
    return f"{MINUS if value < 0 else ''}{abs(value):,}"


def signed(value: int | None) -> str:
    """Write a movement with its sign: +68, −500, 0."""
    if value is None:
        return MISSING
    return f"+{value:,}" if value > 0 else whole(value)


def compact(value: int | None, *, language: str) -> str:
    """Write a big number for a card: 128.4 万 or 1.28M; below ten thousand in full."""
    if value is None:
        return MISSING
    size = abs(value)
    if size < _COMPACT_FROM:
        return whole(value)
    figure, unit = _stepped(size, language=language)
    return f"{MINUS if value < 0 else ''}{figure}{unit}"


def money(minor: int | None, currency: str) -> str:
    """Write an amount: ¥1,234.50."""
    return MISSING if minor is None else format_amount(minor, currency)


def money_compact(minor: int | None, currency: str, *, language: str) -> str:
    """Write a big amount for a card: ¥412.6 万; below ten thousand in full."""
    if minor is None:
        return MISSING
    major = abs(minor) // 10 ** exponent(currency)
    if major < _COMPACT_FROM:
        return format_amount(minor, currency)
    sign = format_amount(0, currency).rstrip("0.")
    figure, unit = _stepped(major, language=language)
    return f"{MINUS if minor < 0 else ''}{sign}{figure}{unit}"


def percent(part: int, base: int) -> str:
    """Write a share with one decimal; of nothing there is no share."""
    return MISSING if base == 0 else f"{100 * part / base:.1f}%"


def moment(at: datetime | None, *, zone: ZoneInfo) -> str:
    """Write a moment in a table: 2026-11-21 09:40."""
    return MISSING if at is None else at.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def clock_time(at: datetime | None, *, zone: ZoneInfo) -> str:
    """Write only the time of day: 09:40."""
    return MISSING if at is None else at.astimezone(zone).strftime("%H:%M")


def day(on: date | datetime | None, *, zone: ZoneInfo) -> str:
    """Write a date in a table: 2026-11-21."""
    if on is None:
        return MISSING
    return _local_date(on, zone=zone).isoformat()


def last_day(until: datetime | None, *, zone: ZoneInfo) -> str:
    """Write the last day of something that ends at a moment: midnight ends the day before."""
    return MISSING if until is None else day(until - timedelta(microseconds=1), zone=zone)


def long_day(on: date | datetime | None, *, zone: ZoneInfo, language: str) -> str:
    """Write a date in a sentence: 2026年11月21日, 21 Nov 2026."""
    if on is None:
        return MISSING
    local = _local_date(on, zone=zone)
    if is_chinese(language):
        return f"{local.year}年{local.month}月{local.day}日"
    return f"{local.day} {_MONTHS_EN[local.month - 1]} {local.year}"


def day_heading(on: date, *, today: date, language: str) -> str:
    """Write the heading of a day: 今天 11-21 周六, Today, Sat 21 Nov; another year is named."""
    chinese = is_chinese(language)
    if chinese:
        dated = f"{on:%m-%d} 周{_WEEKDAYS_ZH[on.weekday()]}"
    else:
        dated = f"{_WEEKDAYS_EN[on.weekday()]} {on.day} {_MONTHS_EN[on.month - 1]}"
    if on.year != today.year:
        dated = f"{on.year}-{dated}" if chinese else f"{dated} {on.year}"
    if on == today:
        return f"今天 {dated}" if chinese else f"Today, {dated}"
    if on == today - timedelta(days=1):
        return f"昨天 {dated}" if chinese else f"Yesterday, {dated}"
    return dated


def ago(at: datetime | None, *, now: datetime, zone: ZoneInfo, language: str) -> str:
    """Write how long ago: 4 天前, 4 days ago; beyond a year the date itself."""
    if at is None:
        return MISSING
    days = (now.astimezone(zone).date() - at.astimezone(zone).date()).days
    chinese = is_chinese(language)
    if days < 0 or days > 365:
        return day(at, zone=zone)
    if days == 0:
        return "今天" if chinese else "today"
    if days == 1:
        return "昨天" if chinese else "yesterday"
    return f"{days} 天前" if chinese else f"{days} days ago"


def times(rate_bp: int) -> str:
    """Write a multiplier given in basis points: 12,000 is 1.2."""
    whole_part, rest = divmod(rate_bp, 10_000)
    return f"{whole_part}.{rest:04d}".rstrip("0").rstrip(".")


def _local_date(on: date | datetime, *, zone: ZoneInfo) -> date:
    return on.astimezone(zone).date() if isinstance(on, datetime) else on


def _stepped(size: int, *, language: str) -> tuple[str, str]:
    steps = _STEPS_ZH if is_chinese(language) else _STEPS_EN
    step, unit = next(pair for pair in steps if size >= pair[0])
    hundredths = size * 100 // step
    if hundredths < 1_000:
        figure = f"{hundredths // 100}.{hundredths % 100:02d}"
    else:
        figure = f"{hundredths // 100:,}.{hundredths % 100 // 10}"
    return figure.rstrip("0").rstrip(".") if "." in figure else figure, unit
