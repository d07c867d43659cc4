"""Read what somebody typed into the search: a phone, a card, a number, four last digits, a name.

Personal data is found by blind index only, so a search is one exact question or several, never a
part of a text. Which questions a text asks is decided here.
"""

import unicodedata
from dataclasses import dataclass

from regulars.kit import contacts
from regulars.kit.messages import message
from regulars.members.domain import Identity, IdentityKind, is_member_number

TEXT_LENGTH_MAX = 120
TAIL_LENGTH = 4
SURNAME_LENGTH_MAX = 2

BY_PHONE = message("By phone number")
BY_EMAIL = message("By e-mail address")
BY_NUMBER = message("By card, member or order number")
BY_TAIL = message("By the last four digits of a phone or card")
BY_NAME = message("By name")
MASKED = message("A masked number or name finds nobody.")
NOTHING = message("Write a phone number, a card, a name or an order number.")


@dataclass(frozen=True, slots=True)
class Search:
    """The questions a text asks, and how to say so."""

    how: str
    identities: tuple[Identity, ...] = ()
    number: str = ""
    order_number: str = ""
    tail: str = ""
    name: str = ""
    surname: str = ""

    @property
    def is_empty(self) -> bool:
        """Tell whether there is nothing to ask."""
        return not (
            self.identities
            or self.number
            or self.order_number
            or self.tail
            or self.name
            or self.surname
        )


def plan_search(text: str) -> Search:
    """Choose the questions to ask for a text."""
    asked = unicodedata.normalize("NFKC", text[:TEXT_LENGTH_MAX]).strip()
    if not asked:
        return Search(NOTHING)
    if contacts.is_masked(asked):
        return Search(MASKED)
    if "@" in asked:
        return Search(BY_EMAIL, identities=(Identity(IdentityKind.EMAIL, asked),))
    if any(sign.isdigit() for sign in asked):
        return _numbers(asked)
    surname = asked if _may_be_surname(asked) else ""
    return Search(BY_NAME, name=asked, surname=surname)


def _numbers(asked: str) -> Search:
    card = Identity(IdentityKind.CARD, asked)
    if len(asked) == TAIL_LENGTH and asked.isdigit():
        return Search(BY_TAIL, tail=asked)
    if _is_phone(asked):
        phone = Identity(IdentityKind.PHONE, asked)
        return Search(BY_PHONE, identities=(phone, card), order_number=asked)
    number = asked if is_member_number(asked) else ""
    return Search(BY_NUMBER, identities=(card,), number=number, order_number=asked)


def _is_phone(text: str) -> bool:
    try:
        contacts.normalise_phone(text)
    except contacts.InvalidPhone:
        return False
    return True


def _may_be_surname(text: str) -> bool:
    return len(text) <= SURNAME_LENGTH_MAX or (text.isascii() and " " not in text)
