"""Read members, and the balances they bring from elsewhere.

The same export holds both; the two imports read different columns of it, so that a customer file
followed by an order file never counts a point twice.
"""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from regulars.ingest.domain.files import (
    CellMissing,
    NegativeAmount,
    NobodyNamed,
    PhoneMasked,
    ReadingRules,
    RowContradicts,
    RowProblem,
)
from regulars.ingest.domain.rows import BalanceLotRow, BalanceRow, MemberRef, MemberRow
from regulars.ingest.parsers.candidates import Candidate, RowReader, first_problem, sources_of
from regulars.ingest.parsers.cells import (
    read_amount,
    read_gender,
    read_integer,
    read_phone,
    read_text,
    read_words,
)
from regulars.ingest.parsers.dates import read_birthday, read_day, read_moment
from regulars.ingest.parsers.gathering import Group
from regulars.ingest.parsers.mapping import ColumnMapping
from regulars.kit.amounts import parse_amount
from regulars.kit.contacts import is_masked
from regulars.kit.errors import Refusal
from regulars.kit.periods import zone as find_zone

TEXT_CHARS_MAX = 200
BalanceCurrency = Literal["points", "growth", "stored_value"]
_CURRENCIES: tuple[BalanceCurrency, ...] = ("points", "growth", "stored_value")


class MemberParser:
    """Turn rows into members: identities, profile, tags; never a balance."""

    def __init__(self, reader: RowReader, mapping: ColumnMapping, rules: ReadingRules) -> None:
        self._reader = reader
        self._rules = rules
        self._mapping = mapping
        self._zone = find_zone(rules.zone)

    def parse(self, group: Group) -> Candidate | list[RowProblem]:
        """Answer the member the row describes, or what is wrong with it."""
        reader = self._reader
        if problems := first_problem(reader, group):
            return problems
        reader.row, reader.cells = group[0][0], group[0][1]
        try:
            return Candidate(sources=sources_of(group), member=self._member())
        except Refusal as refusal:
            return reader.problems(refusal, group)

    def _member(self) -> MemberRow:
        reader = self._reader
        names = reader.identities()
        if not names:
            raise _nobody(reader)
        return MemberRow(
            **names,  # type: ignore[arg-type]
            name=read_text(reader.raw("name"), TEXT_CHARS_MAX) or None,
            nickname=read_text(reader.raw("nickname"), TEXT_CHARS_MAX) or None,
            birthday=self._birthday() or None,
            gender=read_gender(reader.raw("gender")) or None,
            joined_at=read_moment(reader.raw("joined_at"), self._zone, self._mapping.date_order),
            home_store=reader.store("home_store"),
            associate=read_text(reader.raw("associate"), TEXT_CHARS_MAX) or None,
            tags=read_words(reader.raw("tags")),
        )

    def _birthday(self) -> str:
        text = self._reader.raw("birthday")
        return read_birthday(text, self._rules.file_at, self._mapping.date_order)


class BalanceParser:
    """Turn the rows of one member into opening balances, with lots where the file dates them."""

    def __init__(self, reader: RowReader, mapping: ColumnMapping, rules: ReadingRules) -> None:
        self._reader = reader
        self._rules = rules
        self._mapping = mapping
        self._zone = find_zone(rules.zone)
        self._has_lots = "earned_on" in mapping.columns or "expires_on" in mapping.columns

    def parse(self, group: Group) -> Candidate | list[RowProblem]:
        """Answer the balances these rows declare, or what is wrong with them."""
        reader = self._reader
        if problems := first_problem(reader, group):
            return problems
        try:
            return Candidate(sources=sources_of(group), balances=self._balances(group))
        except Refusal as refusal:
            return reader.problems(refusal, group)

    def _balances(self, group: Group) -> tuple[BalanceRow, ...]:
        reader = self._reader
        said: dict[BalanceCurrency, int] = {}
        lots: list[BalanceLotRow] = []
        member: MemberRef | None = None
        as_of = self._rules.file_at
        for row, cells, _ in group:
            reader.row, reader.cells = row, cells
            member = member or reader.member_ref()
            as_of = self._as_of() or as_of
            self._add(said, lots, self._amounts(), is_first=row == group[0][0])
        if member is None:
            raise _nobody(reader)
        if not said:
            reader.raw(next(name for name in _CURRENCIES if reader.has(name)))
            raise CellMissing
        dated = tuple(lots)
        return tuple(
            BalanceRow(
                member=member,
                currency=currency,
                amount=amount,
                as_of=as_of,
                lots=dated if currency == "points" else (),
            )
            for currency, amount in said.items()
        )

    def _add(
        self,
        said: dict[BalanceCurrency, int],
        lots: list[BalanceLotRow],
        amounts: dict[BalanceCurrency, int],
        *,
        is_first: bool,
    ) -> None:
        """Add a row: points of dated rows sum up as lots, anything else may only be repeated."""
        lot = self._lot(amounts)
        for currency, amount in amounts.items():
            if currency == "points" and lot is not None and not self._reader.has("lot_amount"):
                said[currency] = said.get(currency, 0) + amount
            elif said.setdefault(currency, amount) != amount:
                raise RowContradicts(other_row=self._reader.row, what=currency)
            elif not is_first and lot is None and currency == "points" and self._has_lots:
                said[currency] += amount
        if lot is not None and lot.amount > 0:
            lots.append(lot)

    def _lot(self, amounts: dict[BalanceCurrency, int]) -> BalanceLotRow | None:
        reader = self._reader
        if not self._has_lots:
            return None
        own = read_integer(reader.raw("lot_amount")) if reader.has("lot_amount") else None
        amount = amounts.get("points", 0) if own is None else own
        earned = read_day(reader.raw("earned_on"), self._mapping.date_order)
        expires = read_day(reader.raw("expires_on"), self._mapping.date_order)
        if amount < 0:
            raise NegativeAmount
        return BalanceLotRow(amount=amount, earned_on=earned, expires_on=expires)

    def _amounts(self) -> dict[BalanceCurrency, int]:
        reader = self._reader
        found: dict[BalanceCurrency, int] = {}
        for currency in _CURRENCIES:
            if not reader.has(currency):
                continue
            amount = self._stored_value() if currency == "stored_value" else self._whole(currency)
            if amount is not None:
                if amount < 0:
                    raise NegativeAmount
                found[currency] = amount
        return found

    def _whole(self, currency: str) -> int | None:
        text = read_amount(self._reader.raw(currency))
        return int(Decimal(text)) if text else None

    def _stored_value(self) -> int | None:
        text = read_amount(self._reader.raw("stored_value"))
        return parse_amount(text, self._rules.currency) if text else None

    def _as_of(self) -> datetime | None:
        return read_moment(self._reader.raw("as_of"), self._zone, self._mapping.date_order)


def _nobody(reader: RowReader) -> Refusal:
    phone = read_phone(reader.raw("phone"), reader.rules.region)
    return PhoneMasked() if is_masked(phone) else NobodyNamed()
