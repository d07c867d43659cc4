"""Profile values: read into one form, shown masked, and split into what can be looked up."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from regulars.kit import masking
from regulars.kit.errors import Kind, Refusal
from regulars.kit.messages import message
from regulars.members.domain.fields import FIELDS, Field, FieldClass, Mask

TEXT_LENGTH_MAX = 120
OLDEST_YEAR = 1901  # 1900-01-01 is how spreadsheets say nothing
_DATE = re.compile(r"(\d{4})\D{1,2}(\d{1,2})\D{1,2}(\d{1,2})\D?(?:[ T].*)?")
_MONTH_DAY = re.compile(r"(?:--)?(\d{1,2})\D{1,2}(\d{1,2})\D?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
_GENDERS = MappingProxyType(
    dict.fromkeys(("male", "m", "1", "男", "先生"), "male")
    | dict.fromkeys(("female", "f", "2", "女", "女士"), "female")
)
_NO_GENDER = frozenset({"0", "unknown", "未知", "保密", "other"})
_NOTHING = frozenset({"", "-", "—", "——", "无", "null", "none", "n/a"})


class FieldUnknown(Refusal):
    """The profile has no such field; fields are declared, not made up."""

    kind = Kind.INVALID
    reason = message("There is no profile field {field}.")


class FieldInvalid(Refusal):
    """The value does not fit the declared field."""

    kind = Kind.INVALID
    reason = message("This is not a usable {field}.")


class ProfileChanged(Refusal):
    """Somebody else said these fields anew since they were read."""

    kind = Kind.CONFLICT
    reason = message("Somebody changed these fields meanwhile: {fields}. Look at them again.")


@dataclass(frozen=True, slots=True)
class ProfileValue:
    """A value as stored: which field, the text, and since when it is said."""

    field: str
    value: str
    set_at: datetime
    member_id: int


def clean_value(field: str, value: str) -> str | None:
    """Bring a profile value to its stored form; None means that nothing is said.

    Masked values say nothing. Raises FieldUnknown or FieldInvalid, never repeating the value.
    """
    if field not in FIELDS:
        raise FieldUnknown(field=field)
    text = unicodedata.normalize("NFKC", value).strip()
    if text.lower() in _NOTHING or "*" in text:
        return None
    if len(text) > TEXT_LENGTH_MAX or not text.isprintable():
        raise FieldInvalid(field=field)
    reader = _READERS.get(field)
    return text if reader is None else reader(text)


def clean_profile(values: Mapping[str, str]) -> dict[str, str]:
    """Bring a whole profile to its stored form, leaving out what says nothing."""
    cleaned = {field: clean_value(field, value) for field, value in values.items()}
    return {field: value for field, value in cleaned.items() if value is not None}


def check_seen(
    seen: Mapping[str, datetime | None],
    now: Mapping[str, datetime],
    *,
    fields: Iterable[str],
) -> None:
    """Refuse to overwrite what was said since it was read; raises ProfileChanged."""
    changed = [field for field in fields if seen.get(field) != now.get(field)]
    if changed:
        raise ProfileChanged(fields=", ".join(changed))


def mask_value(field: Field, value: str) -> str:
    """Show as much of a profile value as any reader of members may see."""
    if field.field_class is FieldClass.SENSITIVE:
        return "***"
    match field.mask:
        case Mask.NONE:
            return value
        case Mask.NAME:
            return masking.mask_name(value)
        case Mask.YEAR:
            return f"****{value[4:]}" if len(value) == len("1990-05-01") else value
        case Mask.HIDDEN:
            return "***"


def name_key(name: str) -> str:
    """Fold a full name for exact look-up: width, case and inner spaces do not matter."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def surname_of(name: str) -> str:
    """Answer the surname: 欧阳 of 欧阳娜娜, 林 of 林小满, garcia of Ana Garcia."""
    key = name_key(name)
    if " " in key:
        return key.rsplit(" ", 1)[1]
    return key if key.isascii() else masking.mask_name(key).rstrip("*")


def survivor_profile(values: list[ProfileValue], *, member_id: int) -> dict[str, ProfileValue]:
    """Choose one value per field among a member and those merged into it.

    The member's own word stands before a merged one's; among the merged the latest stands.
    """
    chosen: dict[str, ProfileValue] = {}
    for value in sorted(values, key=lambda v: (v.member_id == member_id, v.set_at, v.member_id)):
        chosen[value.field] = value
    return {field: chosen[field] for field in FIELDS if field in chosen}


def _birthday(text: str) -> str | None:
    found = _DATE.fullmatch(text)
    try:
        if found:
            read = date(int(found[1]), int(found[2]), int(found[3]))
            return None if read.year < OLDEST_YEAR else read.isoformat()
        if short := _MONTH_DAY.fullmatch(text):
            return f"--{date(2000, int(short[1]), int(short[2])).isoformat()[5:]}"
    except ValueError as error:
        raise FieldInvalid(field="birthday") from error
    raise FieldInvalid(field="birthday")


def _gender(text: str) -> str | None:
    folded = text.lower()
    if folded in _NO_GENDER:
        return None
    if folded not in _GENDERS:
        raise FieldInvalid(field="gender")
    return _GENDERS[folded]


def _language(text: str) -> str | None:
    folded = text.lower().replace("_", "-")
    if not _LANGUAGE.fullmatch(folded):
        raise FieldInvalid(field="language")
    return folded


_READERS: Mapping[str, Callable[[str], str | None]] = MappingProxyType(
    {"birthday": _birthday, "gender": _gender, "language": _language}
)
