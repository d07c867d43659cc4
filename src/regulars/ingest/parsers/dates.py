"""Read dates and moments: 2024/1/5, 2024-01-05 10:00, 2024年1月5日, Excel serials, ISO offsets.

A moment without an offset is told in the shop's zone; the answer is always UTC. A day is a day
and has no zone.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from regulars.ingest.domain.files import AbsurdDate, AmbiguousDate, NotADate
from regulars.ingest.parsers.cells import clean

YEAR_MIN = 1970
YEAR_MAX = 2100
BIRTH_YEAR_MIN = 1900

_ISO_LENGTHS = frozenset([10, 16, 19])
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 a spreadsheet's day has no zone
_SERIAL_MIN, _SERIAL_MAX = 1.0, 80_000.0
_UNIX_MIN, _UNIX_MAX = 10**8, 10**10

_CLOCK = (
    r"(?:\s*T?\s*(?P<half>上午|下午|早上|晚上|中午|凌晨)?\s*(?P<hour>\d{1,2})\s*[:时点]\s*"
    r"(?P<minute>\d{1,2})?\s*(?:[:分]\s*(?P<second>\d{1,2})?(?:\.(?P<fraction>\d{1,9}))?)?\s*秒?"
    r"\s*(?P<ampm>[AaPp]\.?[Mm]\.?)?)?\s*(?P<offset>Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?" + _CLOCK
)
_YEAR_LAST = re.compile(r"(?P<one>\d{1,2})[-/.](?P<two>\d{1,2})[-/.](?P<year>\d{4})" + _CLOCK)
_NAMED = re.compile(
    r"(?:(?P<day>\d{1,2})[ -](?P<name>[A-Za-z]{3,9})\.?"
    r"|(?P<name2>[A-Za-z]{3,9})\.? (?P<day2>\d{1,2}),?)"
    r"[ -](?P<year>\d{4})" + _CLOCK
)
_COMPACT = re.compile(
    r"(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})"
    r"(?:(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?)?"
)
_NUMBER = re.compile(r"\d{1,13}(?:\.\d+)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_AFTERNOON = frozenset(["下午", "晚上", "pm"])


def read_moment(text: str, zone: ZoneInfo, date_order: str = "ymd") -> datetime | None:
    """Read an instant in UTC; None for a blank. Raises NotADate, AmbiguousDate, AbsurdDate."""
    text = text.strip()
    if len(text) in _ISO_LENGTHS:
        try:
            local = datetime.fromisoformat(text.replace("/", "-"))
        except ValueError:
            local = None
        if local is not None and local.tzinfo is None:
            return _in_utc(local, zone)
    cleaned = clean(text)
    if not cleaned:
        return None
    return _in_utc(_moment(unicodedata.normalize("NFKC", cleaned), date_order), zone)


def read_day(text: str, date_order: str = "ymd") -> date | None:
    """Read a calendar day; None for a blank. Raises NotADate, AmbiguousDate, AbsurdDate."""
    cleaned = clean(text)
    if not cleaned:
        return None
    found = _moment(unicodedata.normalize("NFKC", cleaned), date_order)
    if not YEAR_MIN <= found.year <= YEAR_MAX:
        raise AbsurdDate(year=found.year)
    return found.date()


def read_birthday(text: str, file_at: datetime, date_order: str = "ymd") -> str:
    """Read a birthday to 1990-05-17 (or 05-17 where the year is unsaid); empty for a blank.

    1900-01-01 is what systems write when they know nothing, so it is empty too.
    """
    cleaned = clean(text)
    if not cleaned or cleaned in ("0000-00-00", "0"):
        return ""
    cleaned = unicodedata.normalize("NFKC", cleaned)
    if found := re.fullmatch(r"(\d{1,2})[-/.月](\d{1,2})日?", cleaned):
        try:
            return date(2000, int(found[1]), int(found[2])).strftime("%m-%d")
        except ValueError as error:
            raise NotADate from error
    day = _moment(cleaned, date_order).date()
    if day <= date(1900, 1, 2):
        return ""
    if day.year < BIRTH_YEAR_MIN or day > file_at.date():
        raise AbsurdDate(year=day.year)
    return day.isoformat()


def _in_utc(moment: datetime, zone: ZoneInfo) -> datetime:
    if not YEAR_MIN <= moment.year <= YEAR_MAX:
        raise AbsurdDate(year=moment.year)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def _moment(text: str, date_order: str) -> datetime:
    try:
        if found := _YEAR_FIRST.fullmatch(text):
            return _built(found, found["month"], found["day"])
        if found := _COMPACT.fullmatch(text):
            return _compact(found)
        if _NUMBER.fullmatch(text):
            return _serial(float(text))
        if found := _YEAR_LAST.fullmatch(text):
            month, day = _ordered(found["one"], found["two"], date_order)
            return _built(found, month, day)
        if found := _NAMED.fullmatch(text):
            name = (found["name"] or found["name2"])[:3].lower()
            month = str(_MONTHS.index(name) + 1)
            return _built(found, month, found["day"] or found["day2"])
    except (ValueError, OverflowError) as error:
        raise NotADate from error
    raise NotADate


def _ordered(one: str, two: str, date_order: str) -> tuple[str, str]:
    match date_order:
        case "mdy":
            return one, two
        case "dmy":
            return two, one
        case _:
            raise AmbiguousDate


def _built(found: re.Match[str], month: str, day: str) -> datetime:
    hour = int(found["hour"] or 0)
    half = (found["half"] or found["ampm"] or "").lower().replace(".", "")
    if half in _AFTERNOON and hour < 12:
        hour += 12
    if half in ("am", "凌晨", "上午") and hour == 12:
        hour = 0
    fraction = int((found["fraction"] or "").ljust(6, "0")[:6])
    clock = time(hour, int(found["minute"] or 0), int(found["second"] or 0), fraction)
    moment = datetime.combine(date(int(found["year"]), int(month), int(day)), clock)
    return moment.replace(tzinfo=_offset(found["offset"])) if found["offset"] else moment


def _offset(text: str) -> ZoneInfo | None:
    return datetime.strptime(text.replace("UTC", "Z").replace("GMT", "Z"), "%z").tzinfo  # type: ignore[return-value]


def _compact(found: re.Match[str]) -> datetime:
    day = date(int(found["year"]), int(found["month"]), int(found["day"]))
    clock = time(int(found["hour"] or 0), int(found["minute"] or 0), int(found["second"] or 0))
    return datetime.combine(day, clock)


def _serial(number: float) -> datetime:
    if _SERIAL_MIN <= number <= _SERIAL_MAX:
        days = number if number >= 60 else number + 1  # 1900 had no 29 February, but Excel's has
        return _EXCEL_EPOCH + timedelta(seconds=round(days * 86_400))
    seconds = number / 1000 if number >= _UNIX_MAX else number
    if _UNIX_MIN <= seconds < _UNIX_MAX:
        return datetime.fromtimestamp(seconds, tz=UTC)
    raise NotADate
