"""Money as integer minor units of a currency, and points as integers of nothing else.

No float ever touches an amount. What people write (¥1,234.50, 1,234.50元, full-width digits)
is read here once; what people read is written here once.
"""

import re
import unicodedata
from functools import lru_cache

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

AMOUNT_MINOR_MAX = 10**13
RATE_BP_ONE = 10_000  # basis points that mean "times one"

_EXPONENTS = {
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0,
    "RWF": 0, "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip
_SIGNS = {"CNY": "¥", "GBP": "£", "EUR": "€", "USD": "$", "JPY": "JP¥", "HKD": "HK$", "TWD": "NT$"}
_DECORATION = re.compile(r"^(RMB|CNY|USD|EUR|GBP|HKD|JPY|[¥￥$£€])|(元|圆|块|RMB|CNY|USD|EUR|GBP)$")
_PLAIN = re.compile(r"-?\d{1,15}(\.\d+)?")
_GROUPED = re.compile(r"-?\d{1,3}(,\d{3})+(\.\d+)?")


class InvalidAmount(Refusal):
    """The text is not an amount of money in this currency."""

    kind = Kind.INVALID
    reason = message("“{text}” is not an amount in {currency}. Write for example 1,234.50.")


class UnknownCurrency(Refusal):
    """A currency is named by three capital letters after ISO 4217."""

    kind = Kind.INVALID
    reason = message("“{currency}” is not a currency code. Write for example CNY.")


@lru_cache(maxsize=256)
def exponent(currency: str) -> int:
    """Count the decimal places of a currency (ISO 4217): 2 for CNY, 0 for JPY, 3 for KWD."""
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha() and currency.isupper()):
        raise UnknownCurrency(currency=currency)
    return _EXPONENTS.get(currency, 2)


def parse_amount(text: str, currency: str) -> int:
    """Read an amount as people write it; answer integer minor units of the currency.

    Raises InvalidAmount for anything else, for more decimals than the currency has (unless
    they are zeros), and for sums beyond any shop.
    """
    places = exponent(currency)
    cleaned = unicodedata.normalize("NFKC", text).strip().replace("−", "-")
    negative = cleaned.startswith("(") and cleaned.endswith(")")
    cleaned = cleaned.strip("()")
    cleaned = _undecorated(cleaned)
    if not (_PLAIN.fullmatch(cleaned) or _GROUPED.fullmatch(cleaned)):
        raise InvalidAmount(text=text, currency=currency)
    whole, _, decimals = cleaned.replace(",", "").partition(".")
    if decimals[places:].strip("0"):
        raise InvalidAmount(text=text, currency=currency)
    minor = int(f"{whole}{decimals[:places].ljust(places, '0')}")
    if abs(minor) > AMOUNT_MINOR_MAX:
        raise InvalidAmount(text=text, currency=currency)
    return -minor if negative else minor


def format_amount(minor: int, currency: str) -> str:
    """Write an amount for people: ¥1,234.50, −¥9.90; an unknown sign becomes the code."""
    places = exponent(currency)
    sign = "−" if minor < 0 else ""
    whole, decimals = divmod(abs(minor), 10**places)
    tail = f".{decimals:0{places}d}" if places else ""
    return f"{sign}{_SIGNS.get(currency, currency + ' ')}{whole:,}{tail}"


def plain_amount(minor: int, currency: str) -> str:
    """Write an amount for machines: 1234.50, no sign of currency, no grouping."""
    places = exponent(currency)
    whole, decimals = divmod(abs(minor), 10**places)
    tail = f".{decimals:0{places}d}" if places else ""
    return f"{'-' if minor < 0 else ''}{whole}{tail}"


def points_for(net_minor: int, rate_bp: int, currency: str) -> int:
    """Turn a net amount into whole points: floor(major units × rate), never below zero.

    `rate_bp` 10,000 is one point for one major unit.
    """
    if net_minor <= 0:
        return 0
    return net_minor * rate_bp // (RATE_BP_ONE * units(currency))


@lru_cache(maxsize=256)
def units(currency: str) -> int:
    """Count the minor units in one major unit: 100 for CNY, 1 for JPY."""
    return int("1" + "0" * exponent(currency))


def _undecorated(text: str) -> str:
    sign = ""
    if text.startswith(("-", "+")):
        sign, text = text[0].replace("+", ""), text[1:].strip()
    previous = None
    while previous != text:
        previous, text = text, _DECORATION.sub("", text).strip()
    if text.startswith("-") and not sign:
        sign, text = "-", text[1:]
    return sign + text
