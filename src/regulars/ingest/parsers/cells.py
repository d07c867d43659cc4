"""Read single cells: what people and spreadsheets write where a number, a name or a yes is meant.

Every function takes the text of one cell and answers a value, or raises the refusal that says
what is wrong. An empty cell is an empty answer, never zero.
"""

import re
import unicodedata
from decimal import Decimal
from functools import lru_cache

from regulars.ingest.domain.files import (
    CellTooLong,
    DigitsLost,
    FormulaCell,
    NotAnAmount,
    NotANumber,
    UnknownWord,
)
from regulars.kit.amounts import exponent
from regulars.kit.contacts import is_masked, normalise_email, normalise_phone

BLANKS = frozenset(
    ["-", "--", "---", "—", "——", "－", "/", "\\", "_", "无", "暂无", "空", "(空)", "（空）"]
) | frozenset(["null", "NULL", "None", "none", "N/A", "n/a", "#N/A", "NaN", "nan"])
TEXT_CHARS_MAX = 500
CODE_CHARS_MAX = 128
WORDS_MAX = 100
WORD_CHARS_MAX = 200
INTEGER_MAX = 10**12
WHOLE_DIGITS_MAX = 13
EMAIL_CHARS_MAX = 200
EXACT_DIGITS = 15  # a spreadsheet keeps no more
SHOWN_DECIMALS = 6  # it shows 1.38E+10 or 1.23457E+17; who writes more has written all

_TEXT_FORMULA = re.compile(r'="((?:[^"]|"")*)"')
_FORMULA = re.compile(r"[=＝]\s*[A-Za-z@+(\d\"'-]")
_EXPONENT = re.compile(r"([+-]?)(\d+)(?:\.(\d+))?[eE]\+?(\d{1,3})")
_TRAILING_ZEROS = re.compile(r"([+-]?\d+)\.0+")
_PLAIN_AMOUNT = re.compile(r"-?\d{1,13}(?:\.\d{1,6})?", re.ASCII)
_LEADING_AMOUNT = re.compile(
    r"[-+−]?\s*[¥￥$£€]?\s*[-+−]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?\s*(?:元|圆)?(?=\s*[(（])"
)
_CURRENCY_WORDS = re.compile(r"RMB|CNY|USD|EUR|GBP|HKD|JPY|[¥￥$£€元圆]", re.IGNORECASE)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+")
_SPLIT = re.compile(r"[,，;；、|\n]+")

_GENDERS = {
    **dict.fromkeys(["男", "男性", "男士", "先生", "m", "male", "man", "1", "boy"], "male"),
    **dict.fromkeys(["女", "女性", "女士", "小姐", "f", "female", "woman", "2", "girl"], "female"),
    **dict.fromkeys(["保密", "未知", "不详", "其他", "0", "unknown", "other", "u", "x"], ""),
}
_CURRENCIES = {
    **dict.fromkeys(["人民币", "RMB", "¥", "元", "CNH"], "CNY"),
    "港币": "HKD",
    "HK$": "HKD",
    "美元": "USD",
    "$": "USD",
    "US$": "USD",
    "英镑": "GBP",
    "£": "GBP",
    "欧元": "EUR",
    "€": "EUR",
    "日元": "JPY",
    "新台币": "TWD",
}
_YES = frozenset(["是", "有", "y", "yes", "true", "1", "t", "√", "已", "同意"])
_NO = frozenset(["否", "无", "n", "no", "false", "0", "f", "×", "未", "不同意"])


def clean(text: str) -> str:
    """Take off what spreadsheets put around a value; blanks (- —— N/A) become empty.

    Raises FormulaCell for a formula; `="00138"`, the spreadsheet's way to keep zeros, is text.
    """
    text = text.strip()
    if not text or text in BLANKS:
        return ""
    first = text[0]
    if first in "'’‘`\ufeff":
        return clean(text[1:])
    if first in "=＝":
        if found := _TEXT_FORMULA.fullmatch(text):
            return clean(found[1].replace('""', '"'))
        if _FORMULA.match(text):
            raise FormulaCell
    return text


def read_text(text: str, limit: int = TEXT_CHARS_MAX) -> str:
    """Read words of any language, emoji included; raises CellTooLong."""
    cleaned = clean(text)
    if len(cleaned) > limit:
        raise CellTooLong(limit=limit)
    return cleaned


def read_code(text: str) -> str:
    """Read an identifier: order number, card, SKU, outside id.

    13800000000.0 loses its tail, full-width digits become plain; raises DigitsLost where a
    spreadsheet has rounded the number (1.23457E+17).
    """
    cleaned = clean(text)
    if not cleaned:
        return ""
    if not cleaned.isascii():
        cleaned = unicodedata.normalize("NFKC", cleaned).strip()
    if len(cleaned) > CODE_CHARS_MAX:
        raise CellTooLong(limit=CODE_CHARS_MAX)
    if cleaned.isalnum():
        return cleaned if cleaned.isdigit() or "E" not in cleaned else _whole(cleaned)
    return _whole(cleaned)


def read_phone(text: str, region: str) -> str:
    """Read a phone to E.164. Empty for a blank, the masked text itself for 138****8000."""
    cleaned = clean(text)
    if not cleaned:
        return ""
    if len(cleaned) == 11 and cleaned.isdigit() and cleaned.isascii():
        return normalise_phone(cleaned, region)
    cleaned = unicodedata.normalize("NFKC", cleaned)
    if is_masked(cleaned):
        return cleaned[:32]
    return normalise_phone(_whole(cleaned), region)


def read_email(text: str) -> str:
    """Read an e-mail address in lower case. Empty for a blank, the masked text for z***@q.com."""
    cleaned = clean(text)
    if not cleaned:
        return ""
    if len(cleaned) > EMAIL_CHARS_MAX:
        raise CellTooLong(limit=EMAIL_CHARS_MAX)
    return cleaned if is_masked(cleaned) else normalise_email(cleaned)


def read_currency(text: str) -> str:
    """Read a currency to its code: CNY, 人民币, ￥. Empty for a blank; raises UnknownCurrency."""
    cleaned = unicodedata.normalize("NFKC", clean(text)).upper()
    if not cleaned:
        return ""
    code = _CURRENCIES.get(cleaned, cleaned)
    exponent(code)
    return code


@lru_cache(maxsize=8_192)
def read_amount(text: str) -> str:
    """Read an amount of money to plain decimal text: 1234.50, -9.90. Empty for a blank.

    Understands ￥1,234.50, 1,234.50元, (9.90), −9.90, full-width digits, and the number in front
    of a remark: 69.20(分销商等级折扣：47.80).
    """
    text = text.strip()
    if _PLAIN_AMOUNT.fullmatch(text):
        return text if text[-3:-2] == "." else _padded(text)
    cleaned = clean(text)
    if not cleaned:
        return ""
    return _padded(_amount(unicodedata.normalize("NFKC", cleaned)))


def read_number(text: str) -> str:
    """Read a number that may have decimals, to plain decimal text. Empty for a blank."""
    try:
        return read_amount(text)
    except NotAnAmount as refusal:
        raise NotANumber from refusal


def read_integer(text: str) -> int | None:
    """Read a whole number: 1,200, 1200.00, １２. None for a blank; raises NotANumber."""
    plain = read_number(text)
    if not plain:
        return None
    whole, _, decimals = plain.partition(".")
    if decimals.strip("0"):
        raise NotANumber
    number = int(whole)
    if abs(number) > INTEGER_MAX:
        raise NotANumber
    return number


def read_gender(text: str) -> str:
    """Read male or female in either language; empty for unsaid; raises UnknownWord."""
    cleaned = read_code(text).lower()
    if not cleaned:
        return ""
    if cleaned not in _GENDERS:
        raise UnknownWord
    return _GENDERS[cleaned]


def read_flag(text: str) -> bool | None:
    """Read yes or no in either language; None for unsaid; raises UnknownWord."""
    word = text.strip().lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    if not clean(text):
        return None
    raise UnknownWord


def read_words(text: str) -> tuple[str, ...]:
    """Read a list of words split by , ， ; ； 、 | or line ends, each once, in order."""
    cleaned = read_text(text, limit=4_000)
    if not cleaned:
        return ()
    words = (word.strip() for word in _SPLIT.split(cleaned))
    found = tuple(dict.fromkeys(word for word in words if word and word not in BLANKS))
    if len(found) > WORDS_MAX or any(len(word) > WORD_CHARS_MAX for word in found):
        raise CellTooLong(limit=WORD_CHARS_MAX)
    return found


def _whole(text: str) -> str:
    """Undo what a spreadsheet does to a long number; raises DigitsLost where it cannot."""
    if found := _TRAILING_ZEROS.fullmatch(text):
        return found[1]
    found = _EXPONENT.fullmatch(text)
    if found is None:
        return text
    sign, whole, decimals, power = found[1], found[2], found[3] or "", int(found[4])
    if len(decimals) > power and decimals[power:].strip("0"):
        return text
    is_rounded = len(decimals) < min(power, SHOWN_DECIMALS)
    if is_rounded or len(whole) + power > EXACT_DIGITS:
        raise DigitsLost
    return f"{sign}{whole}{decimals[:power]:0<{power}}"


def _padded(plain: str) -> str:
    """Write at least two decimals, the form that is quickest to read."""
    whole, _, decimals = plain.partition(".")
    return f"{whole}.{decimals:0<2}"


def _amount(text: str) -> str:
    if found := _LEADING_AMOUNT.match(text):
        text = found[0]
    text = text.strip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        negative, text = True, text[1:-1]
    text = _CURRENCY_WORDS.sub("", text).replace("−", "-").replace(" ", "")
    if text[:1] in "+-" and text:
        negative, text = negative or text[0] == "-", text[1:]
    if _EXPONENT.fullmatch(text):
        text = f"{Decimal(text):f}"
    if not _GROUPED.fullmatch(text) or len(text) > 24:
        raise NotAnAmount
    plain = text.replace(",", "")
    if len(plain.partition(".")[0]) > WHOLE_DIGITS_MAX:
        raise NotAnAmount
    plain = f"0{plain}" if plain.startswith(".") else plain
    return f"-{plain}" if negative and plain.strip("0.") else plain
