"""Logs for machines: one JSON object a line on standard error, without personal data.

Every record passes the redaction: values under telling keys are dropped, and what looks like a
phone number, an e-mail address, an identity card, a bank card or a token is cut out of every
text, tracebacks included. The rule is that nobody logs such things; this is the second wall.
"""

import logging
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import orjson
import structlog

REDACTED = "[redacted]"
DENIED_KEYS = frozenset(
    """
    address api_key authorization avatar birthday body card card_number cookie customer_name email
    full_name id_card identity identities mobile name nickname note openid otp params password
    phone postcode profile receiver recipient secret session set_cookie signature token unionid
    value values
    """.split()
)
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("token", re.compile(r"eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?")),
    ("token", re.compile(r"\b(?:rg|mk|sk|pk)_(?:live|test)_[\w-]+")),
    ("token", re.compile(r"\bwhsec_[\w+/=-]+")),
    ("token", re.compile(r"(?i)\b(?:bearer|basic)\s+[\w.~+/=-]{6,}")),
    ("password", re.compile(r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)")),
    ("e-mail", re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+")),
    ("identity card", re.compile(r"(?<!\d)[1-9]\d{5}(?:19|20)\d{2}[01]\d[0-3]\d{4}[\dXx](?!\d)")),
    ("phone", re.compile(r"(?<![\d.])(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![\d.])")),
    ("phone", re.compile(r"(?<![\w])\+\d(?:[ -]?\d){7,14}(?!\d)")),
)
# What PostgreSQL adds to an error: the row or the statement it broke on, values and all. A detail
# of several lines goes on until the traceback does, which is never further than a blank line.
DATABASE_DETAIL = re.compile(
    r"^[ \t|+-]*(?:DETAIL|CONTEXT):.*(?:\n(?![ \t|+-]*(?:HINT:|Traceback )|[ \t|+-]*\n).*)*\n?",
    re.MULTILINE,
)
LONG_NUMBER = re.compile(r"(?<!\d)\d{13,19}(?!\d)")
# What the plumbing itself writes and no person ever typed.
PLAIN_KEYS = frozenset({"timestamp", "level", "logger", "route", "pid"})


def configure(level: str = "INFO", *, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's logging to one redacted JSON stream."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    last: list[Any] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(serializer=_as_json),
    ]
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last)
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("procrastinate", "asyncio", "psycopg.pool", "_granian", "granian.access"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def redact(_: Any, __: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Take personal data out of one record; a structlog processor."""
    return {
        key: value if key in PLAIN_KEYS else _clean(key, value) for key, value in record.items()
    }


def redact_text(text: str) -> str:
    """Cut what looks personal out of a text, and what the database quotes of its rows."""
    text = DATABASE_DETAIL.sub("", text)
    for kind, pattern in PATTERNS:
        text = pattern.sub(f"[{kind}]", text)
    return LONG_NUMBER.sub(_card, text)


def _clean(key: str, value: Any) -> Any:
    if key.lower() in DENIED_KEYS or isinstance(value, bytes | bytearray | memoryview):
        return REDACTED
    if isinstance(value, Mapping):
        return {str(name): _clean(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean("", inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact_text(str(value))


def _card(found: re.Match[str]) -> str:
    """Cut a long number only when its check digit says that it is a bank card."""
    digits = [int(digit) for digit in reversed(found.group())]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[1::2]]
    return "[card]" if (sum(digits[::2]) + sum(doubled)) % 10 == 0 else found.group()


_as_json: Callable[..., str] = lambda value, **_: orjson.dumps(value, default=str).decode()  # noqa: E731
