"""Phone numbers and e-mail addresses in the one form in which they can be compared."""

import re
import unicodedata

import phonenumbers

from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message

_CHINESE_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_EMAIL = re.compile(r"[^@\s\"<>(),;:\\]+@[^@\s\"<>(),;:\\]+\.[^@\s\"<>(),;:\\.]+")
_EMAIL_LENGTH_MAX = 254
_PHONE_LENGTH_MAX = 32


class InvalidPhone(Refusal):
    """The text is not a phone number that could ring."""

    kind = Kind.INVALID
    reason = message("This is not a phone number. Write for example 138 0013 8000.")


class InvalidEmail(Refusal):
    """The text is not an e-mail address."""

    kind = Kind.INVALID
    reason = message("This is not an e-mail address. Write for example name@example.com.")


def normalise_phone(text: str, region: str = "CN") -> str:
    """Read a phone number; answer E.164 (+8613800138000). Raises InvalidPhone.

    Ordinary Chinese mobile numbers take a short path; the rest is read with the numbering
    plans of the world, `region` being where a number without country code is at home.
    """
    if region == "CN" and _CHINESE_MOBILE.fullmatch(text):
        return f"+86{text}"
    if len(text) == 14 and text.startswith("+86") and _CHINESE_MOBILE.fullmatch(text, 3):
        return text
    cleaned = unicodedata.normalize("NFKC", text).strip()
    if is_masked(cleaned) or len(cleaned) > _PHONE_LENGTH_MAX:
        raise InvalidPhone
    try:
        number = phonenumbers.parse(cleaned, region)
    except phonenumbers.NumberParseException as error:
        raise InvalidPhone from error
    if not phonenumbers.is_possible_number(number) or not phonenumbers.is_valid_number(number):
        raise InvalidPhone
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normalise_email(text: str) -> str:
    """Read an e-mail address; answer it in lower case, NFKC. Raises InvalidEmail."""
    cleaned = unicodedata.normalize("NFKC", text).strip().lower()
    if len(cleaned) > _EMAIL_LENGTH_MAX or is_masked(cleaned) or not _EMAIL.fullmatch(cleaned):
        raise InvalidEmail
    return cleaned


def is_masked(text: str) -> bool:
    """Tell whether somebody has hidden part of the value: 138****8000 names nobody."""
    return "*" in text or "•" in text or "＊" in text
