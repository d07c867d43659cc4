"""Read orders: one row an order, or one row a line where the order number repeats.

What a file cannot say is said for it, visibly: a sheet without states lists finished sales; a
refund without a date is dated when the order was completed, or by the file, and flagged.
"""

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import cast
from zoneinfo import ZoneInfo

from regulars.ingest.domain.files import (
    CellMissing,
    NegativeAmount,
    NotANumber,
    ReadingRules,
    RefundTooLarge,
    RefundUntold,
    RowProblem,
    TooManyLines,
    UnknownWord,
)
from regulars.ingest.domain.rows import (
    LINES_MAX,
    AmountsRow,
    LineRow,
    OrderRow,
    OrderState,
    RefundRow,
)
from regulars.ingest.parsers.candidates import (
    STORE_CHARS_MAX,
    Candidate,
    RowReader,
    first_problem,
    sources_of,
)
from regulars.ingest.parsers.cells import (
    clean,
    read_amount,
    read_code,
    read_currency,
    read_number,
    read_text,
)
from regulars.ingest.parsers.dates import read_moment
from regulars.ingest.parsers.gathering import Group
from regulars.ingest.parsers.mapping import ColumnMapping
from regulars.ingest.parsers.sheets import header_key
from regulars.ingest.parsers.words import STATE_KEYS
from regulars.kit.amounts import exponent
from regulars.kit.errors import Refusal
from regulars.kit.periods import zone as find_zone

NAME_CHARS_MAX = 200
QUANTITY_MAX = 10**9
UNKNOWN = "?"
WORDS_KEPT_MAX = 1_000
_ZERO = Decimal(0)
_DATES = ("created_at", "paid_at", "completed_at", "closed_at", "updated_at")
_TEXTS = {"store": STORE_CHARS_MAX, "channel": 40, "associate": 200}
_SUMS = ("goods", "shipping", "discount", "points_tender", "paid")
_REFUND_STATES = ("refunded", "partially_refunded")


class OrderParser:
    """Turn groups of rows with one order number into orders and their refunds so far."""

    def __init__(self, reader: RowReader, mapping: ColumnMapping, rules: ReadingRules) -> None:
        self._reader = reader
        self._rules = rules
        self._mapping = mapping
        self._zone: ZoneInfo = find_zone(rules.zone)
        self._places = Decimal(1).scaleb(-exponent(rules.currency))
        self._words: dict[str, str] = {}
        self._shorts: dict[tuple[str, str], str] = {}
        self._states = {**STATE_KEYS, **mapping.states}
        self._is_line_file = mapping.kind.value == "lines"
        self._dates = [name for name in _DATES if reader.has(name)]
        self._texts = [name for name in _TEXTS if reader.has(name)]
        self._sums_said = [name for name in _SUMS if reader.has(name)]

    def parse(self, group: Group) -> Candidate | list[RowProblem]:
        """Answer the order these rows make, or what is wrong with them."""
        reader = self._reader
        if problems := first_problem(reader, group):
            return problems
        try:
            reader.row, reader.cells = group[0][0], group[0][1]
            if self._is_line_file:
                return self._line_file(group)
            return self._order(group)
        except Refusal as refusal:
            return reader.problems(refusal, group)

    def _order(self, group: Group) -> Candidate:
        reader = self._reader
        number = reader.needed(read_code(reader.raw("number")))
        moments = {name: self._moment(name) for name in self._dates}
        state, told = self._state(moments)
        member = reader.member_ref()
        text = {name: self._short(name) for name in self._texts}
        currency = read_currency(reader.raw("currency")) or self._rules.currency
        amounts = self._amounts()
        original = read_code(reader.raw("original")) if reader.has("original") else ""
        lines, total = self._lines(group)
        reader.row, reader.cells = group[0][0], group[0][1]
        given_back = self._given_back(number, amounts, total, original)
        if given_back:
            at = moments.get("completed_at") or moments.get("paid_at") or moments.get("created_at")
            refund = RefundRow(
                order=original or number, external_id=number, amount=given_back, refunded_at=at,
                currency=currency, store=text.get("store"), lines=lines or None,
                member=member,
            )  # fmt: skip
            return Candidate(sources=sources_of(group), refund=refund)
        sums = self._sums(amounts, total)
        refund_so_far = self._refund(number, sums, moments, told, currency)
        order = OrderRow(
            external_id=number,
            currency=currency,
            state=state,
            amounts=sums,
            lines=lines or None,
            member=member,
            store=text.get("store"),
            channel=text.get("channel"),
            associate=text.get("associate"),
            created_at=moments.get("created_at"),
            paid_at=moments.get("paid_at"),
            completed_at=moments.get("completed_at"),
            closed_at=moments.get("closed_at"),
            updated_at=moments.get("updated_at"),
        )
        return Candidate(sources=sources_of(group), order=order, refund=refund_so_far)

    def _line_file(self, group: Group) -> Candidate:
        """Read the lines of orders that are known otherwise; nothing else about them changes."""
        reader = self._reader
        number = reader.needed(read_code(reader.raw("number")))
        lines, _ = self._lines(group)
        order = OrderRow(external_id=number, currency=self._rules.currency, lines=lines)
        return Candidate(sources=sources_of(group), order=order)

    def _moment(self, name: str) -> datetime | None:
        return read_moment(self._reader.raw(name), self._zone, self._mapping.date_order)

    def _state(self, moments: dict[str, datetime | None]) -> tuple[OrderState, str]:
        """Answer our state and, where the word told of a refund, which."""
        reader = self._reader
        state = self._word(reader.raw("state"))
        if state == UNKNOWN:
            raise UnknownWord
        refund = state if state in _REFUND_STATES else ""
        if refund or not state:
            state = self._state_by_dates(moments, is_told=reader.has("state"))
        self._check_dates(moments, state)
        aside = self._word(reader.raw("refund_state"))
        return cast("OrderState", state), refund or (aside if aside in _REFUND_STATES else "")

    def _short(self, name: str) -> str | None:
        """Read one of the texts that repeat from order to order; each is looked at once."""
        text = self._reader.raw(name)
        known = self._shorts.get((name, text))
        if known is None:
            known = read_text(text, _TEXTS[name])
            known = self._rules.stores.get(known, known) if name == "store" else known
            if len(self._shorts) < WORDS_KEPT_MAX:
                self._shorts[name, text] = known
        return known or None

    def _word(self, text: str) -> str:
        """Answer which state a word means; words are few, so each is looked at once."""
        known = self._words.get(text)
        if known is None:
            word = clean(text)
            known = self._states.get(header_key(word), UNKNOWN) if word else ""
            if len(self._words) < WORDS_KEPT_MAX:
                self._words[text] = known
        return known

    def _state_by_dates(self, moments: dict[str, datetime | None], *, is_told: bool) -> str:
        if moments.get("completed_at"):
            return "completed"
        if moments.get("paid_at"):
            return "paid"
        knows_dates = "completed_at" in moments or "paid_at" in moments
        return "created" if knows_dates and not is_told else "completed"

    def _check_dates(self, moments: dict[str, datetime | None], state: str) -> None:
        """Refuse a paid or finished order of no date at all; a missing one is estimated later."""
        if state in ("paid", "completed") and not any(moments.values()):
            self._reader.raw("created_at" if self._reader.has("created_at") else "paid_at")
            raise CellMissing

    def _amounts(self) -> dict[str, str]:
        raw = self._reader.raw
        return {name: text for name in self._sums_said if (text := read_amount(raw(name)))}

    def _given_back(
        self, number: str, amounts: dict[str, str], total: Decimal, original: str
    ) -> str:
        """Answer the amount of a return that stands as a slip of its own; empty for an order."""
        prefix = self._mapping.return_prefix
        is_return = bool(original) or bool(prefix and number.startswith(prefix))
        said = amounts.get("paid") or amounts.get("goods")
        amount = Decimal(said) if said else total
        if is_return or (not said and amount < 0):
            return str(abs(amount)) if amount else ""
        return ""

    def _sums(self, amounts: dict[str, str], total: Decimal) -> AmountsRow:
        for name in ("goods", "shipping", "paid", "points_tender"):
            if amounts.get(name, "").startswith("-"):
                self._reader.raw(name)
                raise NegativeAmount
        if "discount" in amounts:
            amounts["discount"] = amounts["discount"].lstrip("-")
        if "goods" not in amounts:
            amounts["goods"] = self._goods(amounts, total)
        return AmountsRow(**amounts)

    def _goods(self, amounts: dict[str, str], total: Decimal) -> str:
        """Work out the price of the goods from what was paid, or from the lines."""
        paid, shipping = amounts.get("paid"), amounts.get("shipping")
        if paid is None:
            if not self._mapping.has_lines:
                self._reader.raw("paid")
                raise CellMissing
            return str(total)
        off = [Decimal(amounts[name]) for name in ("discount", "points_tender") if name in amounts]
        if not off and not shipping:
            return paid
        return str(max(Decimal(paid) - Decimal(shipping or 0) + sum(off, _ZERO), _ZERO))

    def _refund(
        self,
        number: str,
        sums: AmountsRow,
        moments: dict[str, datetime | None],
        told: str,
        currency: str,
    ) -> RefundRow | None:
        reader = self._reader
        refunded = read_amount(reader.raw("refunded")) if reader.has("refunded") else ""
        amount = Decimal(refunded.lstrip("-")) if refunded else _ZERO
        paid = Decimal(sums.paid) if sums.paid else Decimal(sums.goods)
        if not amount and told == "refunded":
            amount = paid
        if not amount and told == "partially_refunded":
            raise RefundUntold
        if not amount:
            return None
        if amount > paid:
            raise RefundTooLarge
        at = moments.get("completed_at") or moments.get("closed_at") or self._rules.file_at
        return RefundRow(
            order=number, amount=str(amount), cumulative=True, undated=True, refunded_at=at,
            currency=currency,
        )  # fmt: skip

    def _lines(self, group: Group) -> tuple[tuple[LineRow, ...], Decimal]:
        """Read the lines of the group and their sum."""
        if not self._mapping.has_lines:
            return (), _ZERO
        if len(group) > LINES_MAX:
            self._reader.raw("number")
            raise TooManyLines(limit=LINES_MAX)
        lines: list[LineRow] = []
        total = _ZERO
        for row, cells, _ in group:
            self._reader.row, self._reader.cells = row, cells
            line, amount = self._line()
            total += amount
            if line is not None:
                lines.append(line)
        return tuple(lines), total

    def _line(self) -> tuple[LineRow | None, Decimal]:
        reader = self._reader
        name = read_text(reader.raw("line_name"), NAME_CHARS_MAX)
        sku = read_code(reader.raw("sku")) or name[:128]
        said = read_number(reader.raw("quantity"))
        quantity = Decimal(said) if said else Decimal(1)
        if abs(quantity) > QUANTITY_MAX:
            raise NotANumber
        amount = self._line_amount(quantity)
        if not sku:
            reader.raw("sku" if reader.has("sku") else "line_name")
            raise CellMissing
        line = LineRow(sku=sku, amount=str(amount), quantity=quantity, name=name or None)
        return line, amount

    def _line_amount(self, quantity: Decimal) -> Decimal:
        reader = self._reader
        if reader.has("line_amount") and (text := read_amount(reader.raw("line_amount"))):
            amount = Decimal(text)
            if amount < 0 <= quantity:
                raise NegativeAmount
            return -amount if quantity < 0 < amount else amount
        if reader.has("unit_price") and (text := read_amount(reader.raw("unit_price"))):
            price = Decimal(text)
            if price < 0:
                raise NegativeAmount
            return (price * quantity).quantize(self._places, ROUND_HALF_UP)
        if self._mapping.columns.keys() & {"paid", "goods"}:
            said = read_amount(reader.raw("paid")) or read_amount(reader.raw("goods"))
            return Decimal(said) if said else _ZERO
        raise CellMissing
